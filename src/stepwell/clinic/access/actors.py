"""Who is behind a request: a member of staff who signed in, or a patient who came by a link."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone

from .policy import Actor, Role

if TYPE_CHECKING:
    from stepwell.clinic.people.models import Person

    from .models import User

PATIENT_MINUTES = 60
"""A patient's session ends after so many minutes without a request."""
_KEY = "patient"


def is_poll(request: HttpRequest) -> bool:
    """Whether a page asked by itself, again and again, and nobody did anything: it keeps nobody signed in. htmx sends the header
    `X-Polled`; a page without JavaScript loads itself with `?again=1`."""
    is_asked_again = "X-Polled" in request.headers or request.GET.get("again") == "1"
    return request.method in ("GET", "HEAD") and is_asked_again


def set_actor(request: HttpRequest) -> None:
    """Sets `request.actor`: None, a member of staff whose second factor is set up, or a patient. `request.own_actor` is the
    member of staff who signed in, with a second factor or without: the pages of their own account are open to them."""
    request.own_actor = actor_of_user(request.user) if request.user.is_authenticated else None
    request.second_factor_missing = (
        request.own_actor is not None and settings.SECOND_FACTOR_REQUIRED and not has_second_factor(request.user)
    )
    request.actor = None if request.second_factor_missing else request.own_actor or patient_of(request)


def has_second_factor(user: User) -> bool:
    """Whether an authenticator app or a passkey is set up."""
    from allauth.mfa.models import Authenticator

    kinds = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)
    return Authenticator.objects.filter(user=user, type__in=kinds).exists()


def actor_of_user(user: User) -> Actor:
    """The actor that a member of staff is."""
    return Actor(Role(user.role), user.clinic_id, user_id=user.pk)


def forget_confirmation(request: HttpRequest) -> None:
    """The next page that asks for the password or second factor again asks anew, even within the minutes in which it would not:
    each signature is confirmed on its own."""
    from allauth.account.authentication import AUTHENTICATION_METHODS_SESSION_KEY as KEY

    kept = [record for record in request.session.get(KEY, []) if not record.get("reauthenticated")]
    request.session[KEY] = kept


def admit_patient(request: HttpRequest, person: Person, link_id: str) -> None:
    """Begins a patient's session in this browser, after the link and the birth date were right. Any other session ends."""
    request.session.flush()
    request.session[_KEY] = {"person": str(person.pk), "clinic": person.clinic_id, "link": str(link_id)}
    request.session["seen"] = timezone.now().timestamp()


def dismiss_patient(request: HttpRequest) -> None:
    """Ends a patient's session."""
    request.session.flush()


def patient_of(request: HttpRequest) -> Actor | None:
    """The patient whose session this is, or None."""
    kept = request.session.get(_KEY)
    if not kept:
        return None
    return Actor(Role.PATIENT, kept["clinic"], person_id=uuid.UUID(kept["person"]), link_id=kept["link"])
