"""The second member of staff, who confirms with their own password or code that they know what is entered."""

from __future__ import annotations

from django.utils.translation import gettext as _

from stepwell.clinic import events
from stepwell.clinic.access import witness
from stepwell.clinic.access.actors import actor_of_user
from stepwell.clinic.access.models import User
from stepwell.clinic.access.policy import ALLOWED, Action, Actor, Role
from stepwell.clinic.people.models import Person

from .refusals import Refused


def colleagues(actor: Actor) -> list[User]:
    """Who can be the second: everybody else of the clinic who may run a session."""
    roles = [role.value for role in Role if Action.RUN_SESSION in ALLOWED[role]]
    found = User.objects.filter(clinic_id=actor.clinic_id, is_active=True, role__in=roles).exclude(pk=actor.user_id)
    return list(found.order_by("last_name", "first_name", "pk"))


def confirm(actor: Actor, user_id: int | None, secret: str, person: Person) -> User:
    """The second member of staff, whose own password or code of their authenticator app this is. Refuses anybody else."""
    second = next((user for user in colleagues(actor) if user.pk == user_id), None)
    if second is None:
        raise Refused(_("Choose the second member of staff: somebody else who may run a session."))
    try:
        witness.confirm(actor, second, secret)
    except witness.NotConfirmed as told:
        raise Refused(told.message) from None
    detail = {"second of": actor.user_id}
    events.record(actor_of_user(second), Action.RUN_SESSION, person=person, detail=detail)
    return second
