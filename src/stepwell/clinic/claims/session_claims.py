"""The claim of each session: its codes, what does not fit, whose turn it is, whether it was handed over as it is now."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from stepwell.candidacy import show_date
from stepwell.clinic.authorisation.models import Authorisation
from stepwell.clinic.authorisation.policies import knowledge_of
from stepwell.clinic.authorisation.status import APPROVED, Status
from stepwell.clinic.authorisation.units import UseOfUnits, uses_of
from stepwell.clinic.sessions.sheets import Sheet

from . import statements
from .billed import CodeLine, Given, PayersWay, lines_of
from .checks import Authorised, Claim, Problem, problems_of
from .code_files import codes_for
from .models import Handover, PayerRule, ProductCode, Statement

COLUMNS = (
    *("session", "day", "record_number", "family_name", "given_name", "birth_date", "payer", "member_id"),
    *("code", "units", "ndc", "dose_mg", "lots", "minutes_clinician", "minutes_staff", "supply"),
    *("approval_number", "authorised_code", "why", "source", "taken_as_it_is"),
)
"""Of a row for the biller, in this order."""
_EXPLAINS = ("why", "source", "taken_as_it_is")
"""Columns that explain: another word in them is no other claim."""


@dataclass(frozen=True)
class SessionClaim:
    """Everything about billing one session."""

    sheet: Sheet
    claim: Claim
    lines: tuple[CodeLine, ...]
    problems: tuple[Problem, ...]
    """Those that nobody took as they are."""
    accepted: tuple[tuple[Problem, Statement], ...]
    statements: tuple[Statement, ...]
    handover: Handover | None

    @property
    def rows(self) -> list[dict]:
        """The rows for the biller: one for each code that has units and is no question."""
        return [_row(self, line) for line in self.lines if line.units and not line.is_asked]

    @property
    def digest(self) -> str:
        """Of the rows."""
        return digest_of(self.rows)

    @property
    def state(self) -> str:
        """no codes, lacks, ready, nothing, handed over, differs."""
        if codes_for(self.claim.given.treatment) is None:
            return "no codes"
        if self.handover is not None:
            return "differs" if self.problems or self.handover.digest != self.digest else "handed over"
        if self.problems:
            return "lacks"
        return "ready" if self.rows else "nothing"

    @property
    def can_be_handed_over(self) -> bool:
        """Whether it is ready, or was handed over and differs without anything missing."""
        return self.state in ("ready", "differs") and not self.problems and bool(self.rows)

    @property
    def word(self) -> str:
        """The state as a word for people."""
        return {
            "no codes": _("no codes held"),
            "lacks": _("something is missing"),
            "ready": _("ready"),
            "nothing": _("nothing for the clinic to bill"),
            "handed over": _("handed over"),
            "differs": _("handed over, differs now"),
        }[self.state]

    @property
    def icon(self) -> str:
        """The state as a sign, beside its word."""
        return {"no codes": "–", "lacks": "⚠", "ready": "○", "nothing": "–", "handed over": "✓", "differs": "≠"}[
            self.state
        ]

    @property
    def turns(self) -> list[str]:
        """Whose turn it is."""
        return sorted({problem.turn for problem in self.problems})

    @property
    def differences(self) -> list[str]:
        """Where the rows say something else than those handed over."""
        if self.handover is None:
            return []
        then, now = ({row["code"]: row for row in _claimed(rows)} for rows in (self.handover.rows, self.rows))
        found = [_("%s is not billed any more") % code for code in then if code not in now]
        found += [_("%s is new") % code for code in now if code not in then]
        for code, row in now.items():
            old = then.get(code, row)
            changed = [f"{name}: {old.get(name, '')} → {row[name]}" for name in row if old.get(name, "") != row[name]]
            if changed:
                found.append(f"{code}: " + "; ".join(changed))
        return found


def digest_of(rows: list[dict]) -> str:
    """The digest of what rows for the biller claim."""
    return hashlib.sha256(json.dumps(_claimed(rows), sort_keys=True).encode()).hexdigest()


def _claimed(rows: list[dict]) -> list[dict]:
    return [{name: value for name, value in row.items() if name not in _EXPLAINS} for row in rows]


def key_of(payer: str) -> str:
    """The name by which a payer's rule is found."""
    return " ".join(payer.casefold().split())


def claims_of(sheets: Iterable[Sheet]) -> list[SessionClaim]:
    """The claim of each session of one clinic in which a dose was given, in the order of the sheets."""
    given = [sheet for sheet in sheets if sheet.is_given]
    if not given:
        return []
    clinic = given[0].session.clinic_id
    sessions = [sheet.session for sheet in given]
    said = statements.of_sessions(sessions)
    rules = {(one.key, one.treatment): one for one in PayerRule.objects.filter(clinic_id=clinic).order_by("version")}
    codes = {
        (one.treatment, one.mg): one.ndc for one in ProductCode.objects.filter(clinic_id=clinic).order_by("version")
    }
    asked = {sheet.order.authorisation_id: sheet.order.authorisation for sheet in given if sheet.order.authorisation_id}
    known = {pk: _Known(one, use, one.status) for pk, one, use in _uses(asked)}
    handed = {one.session_id: one for one in Handover.objects.filter(session__in=sessions).order_by("number")}
    payers = {name: form.payer or "" for name, form in knowledge_of(clinic).candidacies.items()}
    return [_claim(sheet, said[sheet.session.pk], rules, codes, known, payers, handed) for sheet in given]


class _Known(NamedTuple):
    """What is looked up once for all sessions of an authorisation."""

    one: Authorisation
    use: UseOfUnits
    status: Status


def _uses(asked: dict) -> Iterator[tuple]:
    uses = uses_of(asked.values())
    return ((pk, one, uses[pk]) for pk, one in asked.items())


def _claim(sheet: Sheet, said: list, rules: dict, codes: dict, known: dict, payers: dict, handed: dict) -> SessionClaim:
    person = sheet.person.survivor()
    treatment = sheet.order.treatment
    rule = rules.get((key_of(person.payer), treatment)) if person.payer else None
    payer = PayersWay(rule.way, rule.prolonged, rule.said_by) if rule else PayersWay()
    given = Given(
        day=sheet.day,
        treatment=treatment,
        mg=sheet.mg,
        supply=sheet.order.supply,
        minutes=statements.minutes_in(said),
        visit=statements.visit_in(said),
        ndc=codes.get((treatment, sheet.mg), ""),
    )
    claim = Claim(
        given=given,
        payer_name=person.payer,
        payer=payer,
        ordered_mg=sheet.order.dose_mg,
        is_signed=sheet.is_signed,
        amended=_amended(sheet),
        authorised=_authorised(sheet, known, payers),
    )
    lines = lines_of(given, payer)
    problems = [(problem, statements.accepted_in(said, problem)) for problem in problems_of(claim, lines)]
    return SessionClaim(
        sheet=sheet,
        claim=claim,
        lines=tuple(lines),
        problems=tuple(problem for problem, by in problems if by is None),
        accepted=tuple((problem, by) for problem, by in problems if by is not None),
        statements=tuple(said),
        handover=handed.get(sheet.session.pk),
    )


def _amended(sheet: Sheet) -> str:
    if not sheet.addenda:
        return ""
    last = sheet.addenda[-1].at.astimezone(sheet.zone)
    n, day = len(sheet.addenda), show_date(last.date())
    return ngettext("an addendum on %(day)s", "%(n)d addenda, the last on %(day)s", n) % {"n": n, "day": day}


def _authorised(sheet: Sheet, known: dict, payers: dict) -> Authorised | None:
    if sheet.order.authorisation_id is None:
        return None
    one, use, status = known[sheet.order.authorisation_id]
    session = sheet.session.pk
    return Authorised(
        number=one.number,
        is_approved=status in APPROVED,
        status=status.value,
        code=one.code,
        benefit=one.benefit,
        valid_from=one.valid_from,
        valid_to=one.valid_to,
        units=one.units,
        left_before=use.before(session),
        needed=use.of(session),
        payer=payers.get(one.policy, ""),
        is_of_person=one.person.survivor() == sheet.person.survivor(),
    )


def _row(claim: SessionClaim, line: CodeLine) -> dict:
    sheet, given = claim.sheet, claim.claim.given
    person, one = sheet.person.survivor(), sheet.order.authorisation
    lots = dict.fromkeys(device.lot_number for dose in sheet.doses for device in dose.devices)

    def number(value) -> str:
        return "" if value is None else f"{value:g}"

    row = {
        "session": str(sheet.session.pk),
        "day": sheet.day.isoformat(),
        "record_number": person.record_number,
        "family_name": person.family_name,
        "given_name": person.given_name,
        "birth_date": person.birth_date.isoformat(),
        "payer": person.payer,
        "member_id": person.member_id,
        "code": line.code,
        "units": number(line.units),
        "ndc": line.ndc,
        "dose_mg": number(given.mg),
        "lots": ", ".join(lots),
        "minutes_clinician": number(given.minutes.clinician),
        "minutes_staff": number(given.minutes.staff),
        "supply": given.supply,
        "approval_number": one.approval_number if one else "",
        "authorised_code": one.code if one else "",
        "why": line.why,
        "source": line.source,
        "taken_as_it_is": "; ".join(f"{problem.words} ({by.content['reason']})" for problem, by in claim.accepted),
    }
    return {name: row[name] for name in COLUMNS}
