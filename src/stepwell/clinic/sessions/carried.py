"""What the sheet shows from elsewhere, to be confirmed: the answers of the last session, the interacting drugs of the history."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from django.utils.translation import gettext as _

import stepwell
from stepwell.clinic.history import drugs, lines, partial_dates
from stepwell.clinic.history.models import Line
from stepwell.clinic.people.models import Person

from . import sheets
from .sheets import Sheet


@dataclass(frozen=True)
class Shown:
    """What is shown beside a check that nobody answered yet."""

    answer: str = ""
    """Of the last session; it counts only once somebody confirms it."""
    medicines: tuple[str, ...] = ()
    """Drugs of the history that interact and are not known to have been stopped."""


def shown_beside(sheet: Sheet) -> dict[str, Shown]:
    """By check id."""
    before = [
        one for one in sheets.given(sheet.person) if one.doses[0].at < sheet.planned_at and one.session != sheet.session
    ]
    last = before[-1] if before else None
    taken = interacting(sheet) if any(check.rule.interacting for check in sheet.checks) else {}
    return {
        check.id: Shown(_carried(last, check), tuple(taken.get(check.rule.interacting, ()))) for check in sheet.checks
    }


def _carried(last: Sheet | None, check) -> str:
    if last is None or not check.rule.carries:
        return ""
    found = last.check(check.id)
    return found.answer if found is not None and found.answer in ("yes", "no") else ""


def interacting(sheet: Sheet) -> dict[str, list[str]]:
    """The interacting drugs of the person's history that are not known to have been stopped before the day, by group."""
    groups = stepwell.load_knowledge().interacting
    found: dict[str, list[str]] = defaultdict(list)
    for line in _taken(sheet.person):
        group = groups.get(line.content.get("ingredient", ""))
        if group is not None and not _is_over(line, sheet):
            found[group.group].append(_in_words(line))
    return found


def _taken(person: Person) -> list[Line]:
    every = lines.in_use(lines.current(person))
    return [line for line in every if line.kind in ("medication", "medicine") and line.content.get("had") != "no"]


def _is_over(line: Line, sheet: Sheet) -> bool:
    stop = line.content.get("stop")
    return stop is not None and partial_dates.last_day(stop) < sheet.day


def _in_words(line: Line) -> str:
    name = drugs.label_of(line.content["ingredient"])
    is_known = line.content.get("had", "yes") == "yes"
    words = [name, line.get_state_display() if is_known else _("not known whether taken")]
    if line.content.get("stop") is None and line.content.get("taken_on") is None:
        words.append(_("no end recorded"))
    return ", ".join(str(word) for word in words)
