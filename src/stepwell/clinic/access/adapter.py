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
