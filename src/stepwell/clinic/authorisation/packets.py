"""Makes packets: composes one as of today, keeps it, and makes the next version from a clinician's words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

from django.utils import timezone

from stepwell.clinic import events
from stepwell.clinic.access.policy import Action, Actor

from . import evidence
from .compose import compose
from .content import Coverage, Denial, PacketContent, Patient, Request, Sender, carry_over, edit
from .models import Authorisation, Packet
from .policies import knowledge_of
from .status import DENIED, Status

BY_DEFAULT = "us-label"
"""By which definition trials are shown where a policy counts none itself."""


def today_of(clinic) -> date:
    """Today in the clinic's time zone."""
    return timezone.now().astimezone(clinic.zone).date()


def compose_for(one: Authorisation) -> tuple[PacketContent, list[str]]:
    """The content of a packet as of today, and the addresses of the lines that it was read from. Raises `QuestionError`."""
    person, clinic = one.person.survivor(), one.clinic
    knowledge = knowledge_of(clinic.pk)
    form = knowledge.candidacies.get(one.policy)
    definitions = list(form.definitions) if form is not None and form.definitions else [BY_DEFAULT]
    found = evidence.evidence_of(person, knowledge, definitions)
    content = compose(
        found.result,
        found.key,
        one.policy,
        patient=Patient(
            name=f"{person.given_name} {person.family_name}",
            birth_date=person.birth_date,
            sex=person.sex,
            record_number=person.record_number,
            height_cm=one.height_cm,
            weight_kg=one.weight_kg,
        ),
        coverage=Coverage(payer=person.payer, member_id=person.member_id),
        sender=Sender(
            clinic=clinic.name,
            address=clinic.address,
            phone=clinic.phone,
            npi=clinic.npi,
            prescriber=one.prescriber,
        ),
        request=Request(
            kind=one.kind,
            benefit=one.benefit,
            code=one.code,
            units=one.units,
            valid_from=one.valid_from,
            valid_to=one.valid_to,
            monitoring_programme_checked=one.monitoring_checked,
        ),
        denial=_denial(one),
        states=found.states,
        said=found.said,
        consents=found.consents,
        day=today_of(clinic),
        knowledge=knowledge,
    )
    return content, found.lines


def make(one: Authorisation, actor: Actor) -> Packet:
    """A new packet as of today. A clinician's own sentences go over where what they replaced is still composed the same."""
    content, lines = compose_for(one)
    last = one.packets.last()
    if last is not None:
        content = carry_over(read(last), content)
    return _keep(one, content, lines, actor)


def change(packet: Packet, texts: Mapping[str, str], added: Iterable[str], actor: Actor) -> Packet:
    """The next packet, with a clinician's words. The packet that was changed stays as it was."""
    return _keep(packet.authorisation, edit(read(packet), texts, added), packet.lines, actor)


def read(packet: Packet) -> PacketContent:
    """The content as it was kept."""
    return PacketContent.model_validate_json(packet.content)


def _keep(one: Authorisation, content: PacketContent, lines: list[str], actor: Actor) -> Packet:
    last = one.packets.last()
    packet = Packet.objects.create(
        authorisation=one,
        number=last.number + 1 if last else 1,
        content=content.model_dump_json(),
        digest=content.digest,
        lines=lines,
        actor=actor.name,
    )
    detail = {"authorisation": str(one.pk), "packet": packet.number, "digest": packet.digest}
    events.record(actor, Action.WRITE_AUTHORISATION, person=one.person, detail=detail)
    return packet


def _denial(one: Authorisation) -> Denial | None:
    if one.status not in (*DENIED, Status.APPEAL_SENT) or one.denied_on is None:
        return None
    return Denial(
        day=one.denied_on,
        reason=one.denial_reason,
        number=one.denial_number,
        appeal_until=one.appeal_until,
    )
