"""What allauth may do here: staff are added by the administrator, nobody signs up."""

from __future__ import annotations

from allauth.account.adapter import DefaultAccountAdapter


class Adapter(DefaultAccountAdapter):
    """Closes sign-up and sends no mail."""

    def is_open_for_signup(self, request) -> bool:
        """Nobody signs up."""
        return False

    def send_mail(self, template_prefix, email, context) -> None:
        """No mail is sent: the clinic has no mail server, and a message could tell of a patient."""


def name_of_attempt(request, credentials: dict | None) -> str:
    """The name under which failed attempts are counted: the one that was tried, in lower case as it is looked up."""
    return ((credentials or {}).get("username") or request.POST.get("login") or "").strip().lower()
