"""Sign-in, sign-out, refused sign-in and changes of the own account go to the event log."""

from __future__ import annotations

from allauth.account.signals import password_changed
from allauth.mfa.signals import authenticator_added, authenticator_removed, authenticator_reset
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.dispatch import receiver

from stepwell.clinic import events

from .actors import actor_of_user
from .session_ends import end_other_sessions


@receiver(user_logged_in)
def _signed_in(sender, request, user, **_) -> None:
    events.record(actor_of_user(user), "signed in")


@receiver(user_logged_out)
def _signed_out(sender, request, user, **_) -> None:
    if user is not None:
        events.record(actor_of_user(user), "signed out")


@receiver(user_login_failed)
def _failed(sender, credentials, request=None, **_) -> None:
    # What was typed as the name may be a password: only an existing name is told.
    from .models import User

    user = User.objects.filter(username=credentials.get("username") or "").first()
    events.record(actor_of_user(user) if user else None, "sign-in refused")


@receiver(password_changed)
def _password_changed(sender, request, user, **_) -> None:
    events.record(actor_of_user(user), "password changed")


def _factor(action: str, **found) -> None:
    events.record(actor_of_user(found["user"]), action, detail={"kind": found["authenticator"].type})


@receiver(authenticator_added)
def _factor_added(sender, request, user, **found) -> None:
    end_other_sessions(user, request)
    _factor("second factor added", user=user, **found)


@receiver(authenticator_removed)
def _factor_removed(sender, request, user, **found) -> None:
    end_other_sessions(user, request)
    _factor("second factor removed", user=user, **found)


@receiver(authenticator_reset)
def _factor_reset(sender, **found) -> None:
    _factor("recovery codes made", **found)
