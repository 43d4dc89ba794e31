"""The words of a sheet: choices of one tap, readings as cards, where a session stands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from .carried import Shown
from .due import Due
from .models import Entry, Session
from .sheet_parts import Check, Reading
from .sheets import Sheet
from .signing import moment_in_words

if TYPE_CHECKING:
    from .sheet_views import Told

DESPITE = (
    gettext_lazy("The prescriber was asked and decided to give it."),
    gettext_lazy("It was given as the protocol asks; the entry is late."),
)
LEAVING = (
    gettext_lazy("The prescriber was asked and decided it."),
    gettext_lazy("It is the patient's own wish, against advice."),
    gettext_lazy("The patient is taken to an emergency department."),
)
SEDATION = (
    (5, gettext_lazy("5 awake")),
    (4, "4"),
    (3, "3"),
    (2, "2"),
    (1, "1"),
    (0, "0"),
)
DISSOCIATION = (
    ("none", gettext_lazy("none")),
    ("mild", gettext_lazy("mild")),
    ("moderate", gettext_lazy("moderate")),
    ("severe", gettext_lazy("severe")),
)
NUMBERS = ("systolic", "diastolic", "pulse", "spo2")


@dataclass(frozen=True)
class CheckRow:
    """A check with what is shown beside it."""

    check: Check
    shown: Shown

    @property
    def seen(self) -> int:
        """The version of the answer that the page shows; 0 without one."""
        return self.check.entry.version if self.check.entry else 0

    @property
    def choices(self) -> list[tuple[str, str, bool]]:
        """Value, word, and whether it is the answer."""
        words = (("yes", _("Yes")), ("no", _("No")), ("not known", _("Not known")))
        return [(value, word, value == self.check.answer) for value, word in words]

    @property
    def carried_word(self) -> str:
        """The answer of the last session, while nobody answered this time."""
        return "" if self.check.answer else {"yes": _("Yes"), "no": _("No")}.get(self.shown.answer, "")


@dataclass(frozen=True)
class ReadingCard:
    """One reading of the protocol, entered or to be entered; or a further one."""

    moment: str
    label: str
    reading: Reading | None
    due: Due | None
    values: Mapping[str, str]
    """What was typed, where it was refused."""
    is_conflict: bool
    """Whether somebody entered this reading meanwhile: it can be saved as a further one."""
    is_not_taken: bool = False

    @property
    def is_folded(self) -> bool:
        """Whether its form is folded: it is not due yet, and nobody has typed in it."""
        return self.due is not None and self.due.state == "waiting" and not any(self.values.values())

    @property
    def asks_how(self) -> bool:
        """Whether it asks for sedation, dissociation and breathing: not before the dose."""
        return self.moment != "before"


def rows_of_checks(checks: Iterable[Check], shown: Mapping[str, Shown]) -> list[CheckRow]:
    """The checks with what is shown beside them."""
    return [CheckRow(check, shown.get(check.id, Shown())) for check in checks]


def reading_cards(sheet: Sheet, due: list[Due], told: Told) -> dict[str, list[ReadingCard]]:
    """The readings of the protocol by part of the page, and a card for a further one."""
    by_key = {one.key: one for one in due}
    typed = told.typed if told.typed.get("what") == "reading" else {}

    def card(moment: str, label: str, reading: Reading | None) -> ReadingCard:
        is_typed = typed.get("moment") == moment
        values = (
            {name: typed.get(name, "") for name in (*NUMBERS, "sedation", "dissociation", "breathing")}
            if is_typed
            else {}
        )
        one = by_key.get(f"reading {moment}")
        is_not_taken = moment in sheet.not_taken
        return ReadingCard(moment, label, reading, one, values, is_typed and told.is_conflict, is_not_taken)

    rules = {
        rule.moment: card(rule.moment, moment_in_words(rule.moment), sheet.reading(rule.moment))
        for rule in sheet.protocol.readings
    }
    further = [card("other", moment_in_words("other"), one) for one in sheet.readings if one.moment not in rules]
    return {
        "before": [rules["before"]],
        "during": [one for moment, one in rules.items() if moment.isdigit()],
        "end": [rules["end"]],
        "further": further,
        "new": [card("other", moment_in_words("other"), None)],
    }


def status_of(sheet: Sheet) -> str:
    """Where a session stands, in a word."""
    if sheet.is_cancelled:
        return _("cancelled")
    if sheet.is_signed:
        return _("signed")
    if sheet.departure is not None:
        return _("to be signed")
    return _("running") if sheet.is_given else _("planned")


def versions_of(session: Session) -> list[tuple[Entry, str]]:
    """Every version of every entry, the latest first, with what it says in words."""
    every = Entry.objects.filter(session=session).select_related("user").order_by("-number")
    return [(entry, _said(entry)) for entry in every]


def _said(entry: Entry) -> str:
    if entry.is_struck:
        return _("struck out")
    content = entry.content
    match entry.kind:
        case "check":
            return f"{content['check']}: {content['answer']}" + (_(" (as last time)") if content.get("carried") else "")
        case "dose":
            devices = ", ".join(device["lot_number"] for device in content["devices"])
            despite = f"; {content['despite']}" if content.get("despite") else ""
            return _("%(mg)s mg, lot %(lot)s") % {"mg": f"{content['mg']:g}", "lot": devices} + despite
        case "reading":
            values = [
                f"{name} {content[name]}" for name in ("systolic", "diastolic", "pulse", "spo2") if content.get(name)
            ]
            return ", ".join([moment_in_words(content["moment"]), *values])
        case "adverse event":
            return content["what"]
        case "departure":
            return "; ".join(part for part in (content.get("reason"), content.get("second_name")) if part)
        case "addendum":
            return content["text"]
        case "planned change":
            return f"{content['day']}, {content['chair']}"
        case "cancelled":
            return f"{content['by']} {content['note']}".strip()
    return ""
