"""Orders of a prescriber: written, changed and ended, each as a version. Nothing is changed in place."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone
from django.utils.translation import gettext as _

from stepwell.clinic import events
from stepwell.clinic.access.policy import Action, Actor
from stepwell.clinic.authorisation.models import Authorisation
from stepwell.clinic.people.models import Person

from . import protocol_files, sheets
from .models import END_REASONS, Order
from .protocol import DoseRule, Protocol
from .protocol_files import ProtocolFile
from .refusals import Conflict, Refused


def current(person: Person) -> list[Order]:
    """The latest version of each order of the person and of everybody merged into them; active ones first, then the newest."""
    newer = Order.objects.filter(order=OuterRef("order"), version__gt=OuterRef("version"))
    found = Order.objects.filter(~Exists(newer), person_id__in=person.ids()).select_related("user", "authorisation")
    return sorted(found, key=lambda order: (order.state != "active", -order.at.timestamp()))


def active(person: Person) -> list[Order]:
    """The orders by which a session can be planned."""
    return [order for order in current(person) if order.state == "active"]


def versions(order: Order) -> list[Order]:
    """Every version, the first one first: who decided what, when and why."""
    return list(Order.objects.filter(order=order.order).select_related("user", "authorisation").order_by("version"))


def latest(order: Order) -> Order:
    """The version that holds now."""
    return Order.objects.filter(order=order.order).order_by("-version").first()


def doses_for(person: Person, protocol: Protocol) -> tuple[DoseRule, ...]:
    """The doses that the protocol has for this person's next session, by age and by whether it is the first one."""
    is_first = not any(sheet.protocol.treatment == protocol.treatment for sheet in sheets.given(person))
    today = timezone.localdate(timezone=person.clinic.zone)
    return protocol.doses_for(person.birth_date, today, is_first)


def write(
    person: Person,
    *,
    protocol: str,
    phase: str,
    dose_mg: float,
    actor: Actor,
    supply: str = "",
    authorisation: Authorisation | None = None,
    reevaluate_on: date | None = None,
    reason: str = "",
) -> Order:
    """A new order. Refuses a protocol whose recalled values nobody confirmed, a dose that it has not, and a second active order
    of the same treatment."""
    file = protocol_files.available().get(protocol)
    if file is None:
        raise Refused(_("There is no such protocol file any more. Choose another one."))
    treatment = file.protocol.treatment
    with transaction.atomic():
        Person.objects.select_for_update(of=("self",), no_key=True).get(pk=person.pk)
        wrong = list(_wrong(person, file, phase, dose_mg, authorisation, reevaluate_on))
        if any(order.treatment == treatment for order in active(person)):
            wrong.append(_("There is an active order of %s already. Change it, or end it first.") % treatment)
        if wrong:
            raise Refused(wrong)
        protocol_files.keep(file)
        order = Order.objects.create(
            person=person,
            clinic=person.clinic,
            protocol=protocol,
            protocol_digest=file.digest,
            phase=phase,
            treatment=treatment,
            route=file.protocol.route,
            dose_mg=dose_mg,
            supply=supply,
            authorisation=authorisation,
            reevaluate_on=reevaluate_on,
            reason=reason.strip(),
            user_id=actor.user_id,
            actor=actor.name,
            at=timezone.now(),
        )
        _record(actor, order)
    return order


def change(
    order: Order,
    *,
    phase: str,
    dose_mg: float,
    reason: str,
    actor: Actor,
    supply: str = "",
    authorisation: Authorisation | None = None,
    reevaluate_on: date | None = None,
) -> Order:
    """The next version: another phase, dose, authorisation or day of re-evaluation, with a reason. It takes the protocol's file
    as it is now."""
    file = protocol_files.available().get(order.protocol)
    if file is None:
        raise Refused(_("There is no such protocol file any more. End this order and write another one."))
    wrong = list(_wrong(order.person, file, phase, dose_mg, authorisation, reevaluate_on, before=order))
    if not reason.strip():
        wrong.append(_("Say why the order changes."))
    if wrong:
        raise Refused(wrong)
    protocol_files.keep(file)
    changes = {
        "phase": phase,
        "dose_mg": dose_mg,
        "supply": supply,
        "authorisation": authorisation,
        "reevaluate_on": reevaluate_on,
    }
    return _next(order, actor, reason, protocol_digest=file.digest, **changes)


def end(order: Order, *, ended_for: str, reason: str, actor: Actor) -> Order:
    """The last version: the order is ended, for one of `END_REASONS`. No dose is given by it any more."""
    if ended_for not in dict(END_REASONS):
        raise Refused(_("Choose why the treatment ends."))
    if ended_for == "other" and not reason.strip():
        raise Refused(_("Write why the treatment ends."))
    return _next(order, actor, reason, state="ended", ended_for=ended_for)


def _next(order: Order, actor: Actor, reason: str, **changes) -> Order:
    same = (
        "person_id",
        "clinic_id",
        "order",
        "protocol",
        "protocol_digest",
        "phase",
        "treatment",
        "route",
        "dose_mg",
        "supply",
        "authorisation_id",
        "reevaluate_on",
    )
    if "authorisation" in changes:
        same = tuple(name for name in same if name != "authorisation_id")
    values = {name: getattr(order, name) for name in same} | changes
    told = _("Somebody changed this order since the page was shown. Nothing was saved. This is how it stands now.")
    held = latest(order)
    if held.version != order.version or held.state != "active":
        raise Conflict(told)
    try:
        with transaction.atomic():
            made = Order.objects.create(
                **values,
                version=order.version + 1,
                reason=reason.strip()[:400],
                user_id=actor.user_id,
                actor=actor.name,
                at=timezone.now(),
            )
            _record(actor, made)
    except IntegrityError:
        raise Conflict(told) from None
    return made


def _wrong(
    person: Person, file: ProtocolFile, phase: str, dose_mg: float, authorisation, reevaluate_on, before=None
) -> Iterator[str]:
    protocol = file.protocol
    if not protocol_files.is_confirmed(file, person.clinic_id):
        yield _(
            "Some values of this protocol are only recalled. A prescriber confirms them on the page Protocols first."
        )
    if protocol.phase(phase) is None:
        yield _("Choose a phase of the protocol.")
    rules = doses_for(person, protocol)
    if not any(rule.has(dose_mg) for rule in rules):
        has = ", ".join(in_words(rule) for rule in rules) or _("none for this age")
        yield _("The protocol has no dose of %(mg)s mg for the next session. It has: %(has)s.") % {
            "mg": f"{dose_mg:g}",
            "has": has,
        }
    if authorisation is not None and authorisation.person_id not in person.ids():
        yield _("The authorisation is of another person. Choose one of this person.")
    is_new = before is None or reevaluate_on != before.reevaluate_on
    if is_new and reevaluate_on is not None and reevaluate_on < timezone.localdate(timezone=person.clinic.zone):
        yield _("The day of re-evaluation lies in the past.")


def in_words(rule: DoseRule) -> str:
    """`56 or 84 mg`, `1 to 100 mg`."""
    if rule.any_of:
        return _(" or ").join(f"{mg:g}" for mg in rule.any_of) + " mg"
    return _("%(low)s to %(high)s mg") % {"low": f"{rule.at_least or 0:g}", "high": f"{rule.at_most:g}"}


def _record(actor: Actor, order: Order) -> None:
    detail = {"order": str(order.order), "version": order.version, "state": order.state}
    events.record(actor, Action.WRITE_ORDER, person=order.person, detail=detail)
