"""The codes that a payer may want for one session, each with why, its source and its units. It decides nothing: where nobody has
said how the payer wants it, every way is listed as a question."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext as _

from .code_files import Codes, Prolonged, Way, codes_for, drug_codes, source_of

NO_PROLONGED = NO_VISIT = "none"
"""What a clinic writes of a payer that takes no prolonged service, and a clinician of a session without a visit to bill."""


@dataclass(frozen=True)
class PayersWay:
    """How the clinic says that a payer wants sessions to be billed. Empty: nobody has said."""

    way: Way | str = ""
    prolonged: str = ""
    said_by: str = ""


@dataclass(frozen=True)
class Minutes:
    """Minutes of the day for one session, as staff entered them; None where nobody entered any."""

    clinician: int | None = None
    staff: int | None = None


@dataclass(frozen=True)
class Given:
    """What the codes of a session rest on."""

    day: date
    treatment: str
    mg: float
    supply: str = ""
    minutes: Minutes = Minutes()
    visit: str = ""
    """The code of the visit that the clinician chose."""
    ndc: str = ""


@dataclass(frozen=True)
class CodeLine:
    """One code. `units` None: not counted here. `is_asked`: it is a question to the payer, nothing that can be handed on yet."""

    code: str
    kind: str
    units: float | None
    why: str
    source: str
    is_asked: bool = False
    ndc: str = ""


def lines_of(given: Given, payer: PayersWay) -> list[CodeLine]:
    """The codes of the session by the payer's way; by every way, as questions, where nobody has said which."""
    file = codes_for(given.treatment)
    if file is None:
        return []
    ways = [payer.way] if payer.way else list(file.ways)
    found = [line for way in ways for line in _of_way(way, given, payer, file)]
    if payer.way:
        return found
    return [CodeLine(**{**vars(line), "is_asked": True}) for line in found]


def rules_of(payer: PayersWay, treatment: str) -> list[tuple[str, str, list[tuple[str, str]]]]:
    """What the files say of the payer's way, or of every way: its title, whose it is, each sentence with its source."""
    file = codes_for(treatment)
    if file is None:
        return []
    ways = [payer.way] if payer.way else list(file.ways)
    return [
        (file.ways[w].title, file.ways[w].whose, [(r.text, _source(file, r.source)) for r in file.ways[w].says])
        for w in ways
    ]


def drug_code(treatment: str, mg: float, day: date, way: str):
    """The code of the drug, or of the visit with the drug, for that dose on that day; None where none is known."""
    for code in drug_codes(treatment):
        is_valid = (code.valid_from or day) <= day <= (code.valid_until or day)
        if way == "bundled":
            fits = code.mg_per_unit is None and mg > (code.mg_above or 0) and mg <= (code.mg_at_most or mg)
        else:
            fits = code.mg_per_unit is not None
        if is_valid and fits:
            return code
    return None


def _of_way(way: str, given: Given, payer: PayersWay, file: Codes) -> Iterator[CodeLine]:
    code = drug_code(given.treatment, given.mg, given.day, way)
    if way == "bundled":
        if code is not None:
            why = _("One visit with %(mg)g mg: the drug and the observation are included; no visit (E/M) beside it.")
            yield CodeLine(code.code, _("visit with the drug"), 1, why % {"mg": given.mg}, source_of(code))
        return
    if given.supply == "pharmacy":
        why = _("The order says that a pharmacy supplied the drug: the pharmacy bills it, the clinic does not.")
        yield CodeLine("–", _("drug"), None, why, _("the order"))
    elif code is not None:
        units = given.mg / code.mg_per_unit
        why = _("%(mg)g mg given, %(each)g mg a unit.") % {"mg": given.mg, "each": code.mg_per_unit}
        yield CodeLine(code.code, _("drug"), units, why, source_of(code), ndc=given.ndc)
    if given.visit == NO_VISIT:
        return
    yield _visit(given, file)
    yield from _prolonged(given, payer, file)


def _visit(given: Given, file: Codes) -> CodeLine:
    minutes = given.minutes.clinician
    reached = [v for v in file.visits if minutes is not None and minutes >= v.at_least]
    why = _("The clinician chooses the level, by decision making or by time.")
    if minutes is None:
        why += " " + _("Nobody has entered the clinician's minutes.")
    else:
        why += " " + _("%d minutes are entered.") % minutes
    for visit in reached:
        why += " " + _("From %(least)d minutes %(code)s can be chosen by time (%(whom)s).") % {
            "least": visit.at_least,
            "code": visit.code,
            "whom": visit.whom,
        }
    sources = "; ".join(dict.fromkeys(_source(file, v.source) for v in reached))
    code = given.visit or _("E/M")
    return CodeLine(code, _("visit"), 1 if given.visit else None, why, sources or _("the clinician"), not given.visit)


def _prolonged(given: Given, payer: PayersWay, file: Codes) -> Iterator[CodeLine]:
    if payer.prolonged == NO_PROLONGED:
        return
    for one in file.prolonged:
        if payer.prolonged and one.code != payer.prolonged:
            continue
        minutes = given.minutes.clinician if one.counts == "clinician" else given.minutes.staff
        units = None
        if minutes is None:
            counted = _("Nobody has entered these minutes.")
        elif one.first_at and given.visit in one.first_at:
            units = one.units(given.visit, minutes)
            counted = _counted(one, given.visit, minutes, units)
        elif one.first_at:
            counted = _(
                "%(minutes)d minutes; units are counted only beside %(visits)s, where that was chosen by time."
            ) % {
                "minutes": minutes,
                "visits": " / ".join(one.first_at),
            }
        else:
            counted = _("%d minutes are entered.") % minutes
        is_asked = not payer.prolonged or units is None
        yield CodeLine(
            one.code, _("prolonged service"), units, f"{counted} {one.says}", _source(file, one.source), is_asked
        )


def _counted(one: Prolonged, visit: str, minutes: int, units: int) -> str:
    words = _("%(minutes)d minutes beside %(visit)s: the first unit at %(first)d, one more each %(each)d, makes %(n)d.")
    return words % {
        "minutes": minutes,
        "visit": visit,
        "first": one.first_at[visit],
        "each": one.each,
        "n": units,
    }


def _source(file: Codes, key: str) -> str:
    source = file.sources[key]
    seen = _("recalled, confirm it before use") if source.seen == "recalled" else _("seen in a copy")
    return f"{source.title} ({source.dated}, {seen})"
