"""What does not fit between the dose, the order, the codes and the authorisation of a session: each told in words, with whose
turn it is. Silence is told as silence, never as a fit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext as _

from stepwell.candidacy import show_date

from .billed import CodeLine, Given, PayersWay, drug_code
from .code_files import drug_codes

_IN_MANY_NAMES = frozenset(
    ("the", "and", "health", "healthcare", "care", "plan", "plans", "insurance", "company", "medical")
)
OFFICE, NURSE, PRESCRIBER = "office", "nurse", "prescriber"


@dataclass(frozen=True)
class Problem:
    """One thing that does not fit or is missing. `id` names it, so that somebody can take it as it is with a reason."""

    id: str
    words: str
    turn: str


@dataclass(frozen=True)
class Authorised:
    """What the authorisation of the order says."""

    number: int
    is_approved: bool
    status: str
    code: str
    benefit: str
    valid_from: date | None
    valid_to: date | None
    units: int | None
    left_before: float | None
    """Units left before this session; None where nobody can say."""
    needed: float | None
    """Units that this session uses; None where nobody can say."""
    payer: str
    """The payer of its policy, as the policy's file names it; empty for a policy without one."""
    is_of_person: bool = True


@dataclass(frozen=True)
class Claim:
    """What the checks of one session rest on."""

    given: Given
    payer_name: str
    payer: PayersWay
    ordered_mg: float | None
    is_signed: bool
    amended: str = ""
    """When the sheet was amended after the signature, in words; empty where it was not."""
    authorised: Authorised | None = None


def problems_of(claim: Claim, lines: list[CodeLine]) -> list[Problem]:
    """All that is missing or does not fit, at once."""
    return [*_of_sheet(claim), *_of_payer(claim, lines), *_of_authorisation(claim, lines)]


def _of_sheet(claim: Claim) -> Iterator[Problem]:
    given = claim.given
    if not claim.is_signed:
        yield Problem("unsigned", _("The sheet is not signed: nothing is handed on before."), NURSE)
    if claim.amended:
        words = _("The sheet was amended after its signature (%s): read what changed before it is billed.")
        yield Problem("amended", words % claim.amended, OFFICE)
    if claim.ordered_mg is None:
        yield Problem("order", _("There is no order of the dose."), PRESCRIBER)
    elif given.mg != claim.ordered_mg:
        words = _("%(given)g mg were given, %(ordered)g mg were ordered: the prescriber says which is right.")
        yield Problem("dose", words % {"given": given.mg, "ordered": claim.ordered_mg}, PRESCRIBER)


def _of_payer(claim: Claim, lines: list[CodeLine]) -> Iterator[Problem]:
    given, payer = claim.given, claim.payer
    if not claim.payer_name:
        yield Problem("payer", _("No payer is entered for this person."), OFFICE)
    if not drug_codes(given.treatment):
        words = _("stepwell holds no billing codes for this treatment: ask the payer.")
        yield Problem("no codes", words, OFFICE)
        return
    if not payer.way:
        words = _("How this payer wants sessions to be billed is not entered: ask, and enter it under Payers.")
        yield Problem("way", words, OFFICE)
        return
    if payer.way == "bundled" and given.supply == "pharmacy":
        words = _("The order says that a pharmacy supplied the drug, but the payer's code includes it: ask the payer.")
        yield Problem("supply", words, OFFICE)
    if not given.supply:
        yield Problem("supply", _("The order does not say who supplied the drug, clinic or pharmacy."), PRESCRIBER)
    if payer.way == "separate":
        if given.minutes.clinician is None and given.minutes.staff is None:
            yield Problem("minutes", _("Nobody has entered who was with the patient, and how long."), NURSE)
        if not given.visit:
            yield Problem(
                "visit", _("The clinician has not chosen the code of the visit, or that there is none."), PRESCRIBER
            )
        if not payer.prolonged:
            words = _("Whether the payer takes a prolonged service, and which, is not entered under Payers.")
            yield Problem("prolonged", words, OFFICE)
    if drug_code(given.treatment, given.mg, given.day, payer.way) is None:
        yield Problem("code", _("No code is known for this dose on this day."), OFFICE)


def _of_authorisation(claim: Claim, lines: list[CodeLine]) -> Iterator[Problem]:
    one, given = claim.authorised, claim.given
    if one is None:
        words = _("The order names no authorisation: enter it with the order, or say that the payer needs none.")
        yield Problem("authorisation", words, OFFICE)
        return
    name = _("Authorisation %d") % one.number
    if not one.is_of_person:
        yield Problem("whose", _("%s is another person's.") % name, OFFICE)
    if not one.is_approved:
        words = _("%(name)s is not approved: its status is “%(status)s”.")
        yield Problem("status", words % {"name": name, "status": one.status}, OFFICE)
    yield from _of_days(one, name, given.day)
    yield from _of_code(one, name, given, lines)
    yield from _of_units(one, name)
    if one.benefit and given.supply and one.benefit != given.supply:
        words = _("%(name)s is for the %(benefit)s benefit, the order says supply by the %(supply)s route.")
        yield Problem("benefit", words % {"name": name, "benefit": one.benefit, "supply": given.supply}, OFFICE)
    elif not one.benefit:
        yield Problem(
            "benefit", _("%s does not say whether it is for the medical or the pharmacy benefit.") % name, OFFICE
        )
    if one.payer and claim.payer_name and not _is_same_payer(one.payer, claim.payer_name):
        words = _("%(name)s was asked by the policy of %(policy)s; the person's payer is %(payer)s.")
        told = words % {"name": name, "policy": one.payer, "payer": claim.payer_name}
        yield Problem("other payer", told, OFFICE)


def _of_days(one: Authorised, name: str, day: date) -> Iterator[Problem]:
    if one.valid_from is None or one.valid_to is None:
        yield Problem("days", _("%s does not say from when to when it is valid.") % name, OFFICE)
    elif not one.valid_from <= day <= one.valid_to:
        words = _("The session was on %(day)s; %(name)s is valid from %(first)s to %(last)s.")
        told = {
            "day": show_date(day),
            "name": name,
            "first": show_date(one.valid_from),
            "last": show_date(one.valid_to),
        }
        yield Problem("days", words % told, OFFICE)


def _of_code(one: Authorised, name: str, given: Given, lines: list[CodeLine]) -> Iterator[Problem]:
    if not one.code:
        yield Problem("issued for", _("%s does not say for which code it was issued.") % name, OFFICE)
        return
    wanted = [line.code for line in lines if line.kind in (_("drug"), _("visit with the drug")) and line.units]
    if not wanted or one.code in wanted:
        return
    words = _("%(name)s was issued for %(issued)s; this session has %(wanted)s.") % {
        "name": name,
        "issued": one.code,
        "wanted": _(" or ").join(wanted),
    }
    old = next((code for code in drug_codes(given.treatment) if code.code == one.code), None)
    if old is not None and old.valid_until is not None and given.day > old.valid_until:
        words += " " + _("%(code)s is valid to %(day)s only: ask the payer to reissue the authorisation.") % {
            "code": old.code,
            "day": show_date(old.valid_until),
        }
    yield Problem("issued for", words, OFFICE)


def _of_units(one: Authorised, name: str) -> Iterator[Problem]:
    if one.units is None:
        yield Problem("units", _("%s does not say how many units it has.") % name, OFFICE)
    elif one.left_before is None or one.needed is None:
        words = _("What one unit of %s is was not entered, so that nobody can say how many are left.")
        yield Problem("units", words % name, OFFICE)
    elif one.needed > one.left_before:
        words = _("%(left)g units of %(name)s were left, this session uses %(needed)g: %(short)g too few.")
        told = {
            "left": max(one.left_before, 0),
            "name": name,
            "needed": one.needed,
            "short": one.needed - max(one.left_before, 0),
        }
        yield Problem("units", words % told, OFFICE)


def _is_same_payer(policy: str, payer: str) -> bool:
    """Whether the names share a word that is not in many payers' names."""

    def words(text: str) -> set[str]:
        plain = "".join(c if c.isalnum() else " " for c in text.casefold())
        return {word for word in plain.split() if len(word) > 2} - _IN_MANY_NAMES

    return bool(words(policy) & words(payer))
