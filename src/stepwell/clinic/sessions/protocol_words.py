"""A protocol in words: each value with where it is from and how it was seen."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.translation import gettext as _

from stepwell.data_files import Cited

from .orders import in_words
from .protocol import Check, Device, DoseRule, FormNeeded, Observed, Phase, Pressure, ReadingRule
from .protocol_files import ProtocolFile


@dataclass(frozen=True)
class Row:
    """One value for people."""

    part: str
    words: str
    source: str
    seen: str
    """How it was seen; empty: a choice."""

    @property
    def is_recalled(self) -> bool:
        """Whether nobody has read where it is from."""
        return self.seen == "recalled"


def rows(file: ProtocolFile) -> list[Row]:
    """Every value of the protocol."""
    return [Row(part, words, _source(one, file), one.seen or "") for part, words, one in _values(file)]


def _values(file: ProtocolFile) -> Iterator[tuple[str, str, Cited]]:
    for _of, one in file.protocol.cited():
        part, words = _in_words(one, one in file.protocol.discharge)
        yield part, words, one


def _in_words(one: Cited, is_discharge: bool) -> tuple[str, str]:
    match one:
        case Phase():
            return _("Phase"), _("%(label)s: sessions a week %(n)s") % {"label": one.label, "n": one.sessions_a_week}
        case DoseRule():
            words = f"{in_words(one)}, {_when(one)}{_ages(one)}"
            usual = _("; usual %s mg/kg") % f"{one.usual_by_weight:g}" if one.usual_by_weight else ""
            return _("Dose"), words + usual
        case Device():
            return _("Device"), _("%(mg)s mg each, %(n)d minutes apart") % {"mg": f"{one.mg:g}", "n": one.minutes_apart}
        case Check():
            asked = _("; expected: %s") % one.expected if one.expected else ""
            return _("Criterion for leaving") if is_discharge else _("Check before the dose"), one.ask + asked
        case Pressure():
            limits = {"high": f"{one.systolic_at_most:g}", "low": f"{one.diastolic_at_most:g}"}
            return _("Blood pressure before"), _("up to %(high)s/%(low)s mmHg") % limits + _ages(one)
        case ReadingRule():
            last = _(", counted from %d minutes on") % one.first if one.first else ""
            last += _(", overdue after %d minutes") % one.last if one.last else ""
            words = _("%s minutes after the first dose") % one.moment if one.minutes is not None else one.moment
            return _("Reading"), words + last
        case Observed():
            return _("Earliest end"), _("%d minutes after the first dose") % one.at_least
        case FormNeeded():
            return _("Form"), _("%(form)s within %(n)d days") % {"form": one.form, "n": one.within_days}
    raise TypeError(type(one))


def _when(one: DoseRule) -> str:
    return {
        "first session": _("first session"),
        "later sessions": _("later sessions"),
        "every session": _("every session"),
    }[one.when]


def _ages(one: DoseRule | Pressure) -> str:
    if one.age_at_least is not None:
        return _(", from %d years") % one.age_at_least
    return _(", below %d years") % one.age_below if one.age_below is not None else ""


def _source(one: Cited, file: ProtocolFile) -> str:
    if one.choice:
        return one.choice
    names = [name.strip() for name in (one.source or "").split(";") if name.strip()]
    titles = [getattr(file.references[name], "short", None) or file.references[name].title for name in names]
    return f"{'; '.join(titles)}: {one.locator}"
