"""The letter of necessity and the appeal letter, composed sentence by sentence from evidence.

Each sentence names what it rests on; a fact that is not there gives no sentence. Whether treatment is necessary is for the
clinician to write: no sentence here says it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from stepwell.candidacy import show_date

from .content import Criterion, Letter, Sentence, Trial

NOT_RECORDS = {
    "register": "the clinic's register",
    "policy": "the policy",
    "denial": "the payer's letter",
    "request": "what is asked for",
}
"""What a sentence may rest on beside records."""

_NUMBERS = ("No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten")


def necessity(facts: Mapping) -> Letter:
    """The letter of necessity: who, what is asked, diagnosis, trials, severity, what the policy asks."""
    policy = facts["policy"]
    again = facts["request"].kind == "again"
    subject = f"Prior authorisation of {policy.treatment}" + (", continued" if again else "")
    paragraphs = (
        (*_who(facts), *_request(facts), *_off_label(facts)),
        (*_diagnosis(facts), *_severity(facts)),
        tuple(_trials(facts["trials"])),
        (*_other(facts), *_suicidality(facts)),
        tuple(_criteria(facts)),
    )
    return Letter(kind="necessity", subject=subject, paragraphs=tuple(p for p in paragraphs if p))


def appeal(facts: Mapping) -> Letter:
    """The appeal letter: what was denied and why, and what the records show beside it."""
    policy, denial = facts["policy"], facts["denial"]
    number = f" (number {denial.number})" if denial.number else ""
    opening = [
        Sentence(
            id="appeal.denied",
            composed=f"On {show_date(denial.day)} authorisation of {policy.treatment} was denied{number}.",
            rests_on=("denial",),
        )
    ]
    if denial.reason:
        opening.append(
            Sentence(
                id="appeal.reason",
                composed=f"The reason given is: “{denial.reason.rstrip('.')}”.",
                rests_on=("denial",),
            )
        )
    opening.append(
        Sentence(
            id="appeal.asked",
            composed="We appeal this decision and ask for it to be reviewed with the records named below.",
            rests_on=("denial",),
        )
    )
    paragraphs = (
        (*_who(facts), *_off_label(facts)),
        tuple(opening),
        tuple(_criteria(facts)),
        (*_diagnosis(facts), *_severity(facts)),
        tuple(_trials(facts["trials"])),
        (*_other(facts), *_suicidality(facts)),
    )
    return Letter(
        kind="appeal",
        subject=f"Appeal: {policy.treatment}",
        paragraphs=tuple(p for p in paragraphs if p),
    )


def _who(facts: Mapping) -> Iterator[Sentence]:
    patient, coverage = facts["patient"], facts["coverage"]
    born = f", born {show_date(patient.birth_date)}" if patient.birth_date else ""
    member = f", member number {coverage.member_id}" if coverage.member_id else ""
    yield Sentence(id="who", composed=f"This letter is about {patient.name}{born}{member}.", rests_on=("register",))


def _request(facts: Mapping) -> Iterator[Sentence]:
    request, policy = facts["request"], facts["policy"]
    again = "continued " if request.kind == "again" else ""
    words = f"We ask for {again}authorisation of {policy.treatment}"
    words += f", code {request.code}" if request.code else ""
    if request.units is not None:
        words += f", {request.units} unit{'' if request.units == 1 else 's'}"
    if request.valid_from and request.valid_to:
        words += f", from {show_date(request.valid_from)} to {show_date(request.valid_to)}"
    words += f", under the {request.benefit} benefit" if request.benefit else ""
    yield Sentence(id="request", composed=f"{words}.", rests_on=("request",))


def _off_label(facts: Mapping) -> Iterator[Sentence]:
    policy = facts["policy"]
    if policy.off_label:
        words = f"{policy.treatment[0].upper()}{policy.treatment[1:]} is not approved for depression; this use is off-label."
        yield Sentence(id="off-label", composed=words, rests_on=("policy",))


def _diagnosis(facts: Mapping) -> Iterator[Sentence]:
    for n, one in enumerate(facts["diagnoses"][:1], 1):
        days = f"on {show_date(one.latest)}"
        if one.first != one.latest:
            days = f"from {show_date(one.first)} to {show_date(one.latest)}"
        words = f"{one.label} ({one.written_code}) is recorded {days}."
        yield Sentence(id=f"diagnosis.{n}", composed=words, rests_on=one.rests_on)


def _severity(facts: Mapping) -> Iterator[Sentence]:
    again = facts["request"].kind == "again"
    for scale in facts["scales"]:
        latest, first = scale.latest, scale.baseline
        words = f"{scale.label} was {latest.total} on {show_date(latest.day)}"
        rests_on = latest.rests_on
        if scale.change:
            since = "before treatment" if again else "at baseline"
            words += f"; {since} it was {first.total} on {show_date(first.day)} ({scale.change})"
            rests_on = (*first.rests_on, *latest.rests_on)
        yield Sentence(id=f"scale.{scale.label}", composed=f"{words}.", rests_on=tuple(dict.fromkeys(rests_on)))


def _trials(trials: Iterable[Trial]) -> Iterator[Sentence]:
    for n, one in enumerate(trials, 1):
        known = f"to {show_date(one.last)} ({one.weeks:g} weeks)"
        unknown = f"on, to {show_date(one.last)} or longer (the end is not known)"
        words = (
            f"{one.drug[0].upper()}{one.drug[1:]} ({one.drug_class}), {one.dose}, was taken from "
            f"{show_date(one.first)} {known if one.is_end_known else unknown}: {one.outcome}"
        )
        if one.stopped not in ("reason not recorded", "still taken"):
            words += f"; reason for stopping, {one.stopped}"
        yield Sentence(id=f"trial.{n}", composed=f"{words}.", rests_on=one.rests_on)


def _other(facts: Mapping) -> Iterator[Sentence]:
    for kind in ("undated", "psychotherapy", "other_treatments"):
        for n, one in enumerate(facts[kind], 1):
            yield Sentence(id=f"{kind}.{n}", composed=one.text, rests_on=one.rests_on)


def _suicidality(facts: Mapping) -> Iterator[Sentence]:
    for n, one in enumerate(facts["suicidality"][:1], 1):
        yield Sentence(id=f"suicidality.{n}", composed=one.text, rests_on=one.rests_on)


def _criteria(facts: Mapping) -> Iterator[Sentence]:
    own = [one for one in facts["criteria"] if _is_asked(one)]
    if not own:
        return
    policy = facts["policy"]
    met = [one for one in own if one.stands == "met"]
    number = _NUMBERS[len(met)] if len(met) < len(_NUMBERS) else str(len(met))
    words = f"{number} of the {len(own)} criteria of “{policy.title}” {'is' if len(met) == 1 else 'are'} met by the records."
    yield Sentence(id="criteria", composed=words, rests_on=("policy",))
    for n, one in enumerate(own, 1):
        if one.stands == "met":
            found = one.found[0].upper() + one.found[1:]
            yield Sentence(id=f"criterion.{n}", composed=f"{one.label}: {found}", rests_on=one.rests_on or ("policy",))


def _is_asked(one: Criterion) -> bool:
    """Whether the payer asks for it, rather than the label or a caution."""
    return one.asked_by == "payer" and one.kind != "caution"
