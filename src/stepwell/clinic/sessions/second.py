"""The second member of staff, who confirms with their own password or code that they know what is entered."""

from __future__ import annotations

import re

from django.core.cache import cache
from django.utils.translation import gettext as _

from stepwell.clinic import events
from stepwell.clinic.access.actors import actor_of_user
from stepwell.clinic.access.models import User
from stepwell.clinic.access.policy import ALLOWED, Action, Actor, Role
from stepwell.clinic.people.models import Person

from .refusals import Refused

MOST_TRIES, MINUTES_CLOSED = 5, 15
_CODE = re.compile(r"^\d{6,8}$")


def colleagues(actor: Actor) -> list[User]:
    """Who can be the second: everybody else of the clinic who may run a session."""
    roles = [role.value for role in Role if Action.RUN_SESSION in ALLOWED[role]]
    found = User.objects.filter(clinic_id=actor.clinic_id, is_active=True, role__in=roles).exclude(pk=actor.user_id)
    return list(found.order_by("last_name", "first_name", "pk"))


def confirm(actor: Actor, user_id: int | None, secret: str, person: Person) -> User:
    """The second member of staff, whose own password or code of their authenticator app this is. Refuses anybody else, and after
    `MOST_TRIES` wrong ones everything for `MINUTES_CLOSED` minutes."""
    second = next((user for user in colleagues(actor) if user.pk == user_id), None)
    if second is None:
        raise Refused(_("Choose the second member of staff: somebody else who may run a session."))
    key = f"second-name:{second.pk}"
    if cache.get(key, 0) >= MOST_TRIES:
        raise Refused(_("Too many wrong tries. Nothing was saved. Wait %d minutes.") % MINUTES_CLOSED)
    if not _is_theirs(second, secret):
        cache.set(key, cache.get(key, 0) + 1, MINUTES_CLOSED * 60)
        raise Refused(_("That is not the password or the code of %s. Nothing was saved.") % second.full_name)
    cache.delete(key)
    detail = {"second of": actor.user_id}
    events.record(actor_of_user(second), Action.RUN_SESSION, person=person, detail=detail)
    return second


def _is_theirs(user: User, secret: str) -> bool:
    code = secret.replace(" ", "")
    return _is_code(user, code) if _CODE.match(code) else bool(secret) and user.check_password(secret)


def _is_code(user: User, code: str) -> bool:
    from allauth.mfa.models import Authenticator

    found = Authenticator.objects.filter(user=user, type=Authenticator.Type.TOTP).first()
    return found is not None and found.wrap().validate_code(code)
