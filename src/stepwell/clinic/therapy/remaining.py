"""How the patient is beside their goals: the scale since its first total, hopelessness, and what is left item by item."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict

import stepwell
from stepwell.clinic.history import lines as history
from stepwell.clinic.history.models import Line
from stepwell.clinic.history.partial_dates import first_day, is_day
from stepwell.clinic.people.models import Person

from .models import GoalReview


class _Item(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    instrument: str
    item: str
    about: str
    source: str = ""
    locator: str = ""
    seen: str = ""
    choice: str = ""


class Hopelessness(BaseModel):
    """The dated file."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    id: str
    date: date
    items: tuple[_Item, ...]
    own_words: tuple[str, ...]
    own_choice: str


@cache
def hopelessness() -> Hopelessness:
    """Which items ask about it."""
    text = Path(__file__).with_name("hopelessness.yaml").read_text("utf-8")
    return Hopelessness.model_validate(yaml.safe_load(text))


@dataclass(frozen=True)
class Sign:
    """One answer: `value` None is asked and not answered."""

    label: str
    value: float | None
    most: float
    before: float | None
    """The answer of the first questionnaire with answers by item."""
    words: str


@dataclass(frozen=True)
class Scale:
    """One scale: its first and last total, how much better that is, and what is left by its last answers item by item."""

    label: str
    first: float | None
    first_day: date | None
    last: float | None
    last_day: date | None
    better_pct: float | None
    left: tuple[Sign, ...]
    left_day: date | None
    n_unknown: int
    """How many items of the last questionnaire nobody knows the answer of."""

    @property
    def worse_pct(self) -> float | None:
        """How much worse, in per cent; None where it is better or not known."""
        return -self.better_pct if self.better_pct is not None and self.better_pct < 0 else None


@dataclass(frozen=True)
class Goal:
    """One goal in the patient's words, with what they said of it since."""

    line: Line
    text: str
    enough_pct: float | None
    reviews: tuple[GoalReview, ...]


def _scores(person: Person) -> dict[str, list[tuple[date, dict]]]:
    """The scores with a day of the scales of symptoms where more is worse, by instrument, in order of time."""
    known = stepwell.load_knowledge().all_instruments
    found: dict[str, list[tuple[date, str, dict]]] = {}
    for line in history.in_use(history.current(person)):
        said = line.content
        form = known.get(said.get("instrument", "")) if line.kind == "score" else None
        if form is None or not is_day(said.get("day")) or form.use != "outcome" or form.scoring is None:
            continue
        if form.direction == "higher is worse" and len(form.items) > 1:
            found.setdefault(form.id, []).append((first_day(said["day"]), str(line.line), said))
    return {
        name: [(day, said) for day, _line, said in sorted(rows, key=lambda r: r[:2])] for name, rows in found.items()
    }


def scales(person: Person) -> list[Scale]:
    """Every scale of which there is a score, the one with the latest score first."""
    found = [_scale(name, rows) for name, rows in _scores(person).items()]
    return sorted(found, key=lambda s: (-max(d for d in (s.last_day, s.left_day) if d).toordinal(), s.label))


def _scale(name: str, rows: list[tuple[date, dict]]) -> Scale:
    form = stepwell.load_knowledge().all_instruments[name]
    totals = [(day, said["total"]) for day, said in rows if said.get("total") is not None]
    whole = [(day, said["items"]) for day, said in rows if len(said.get("items", {})) > 1]
    first, last = (totals[0], totals[-1]) if totals else ((None, None), (None, None))
    floor = float(form.at_least)
    better = None
    if len(totals) > 1 and first[1] > floor:
        better = 100 * (first[1] - last[1]) / (first[1] - floor)
    signs, day, n_unknown = (), None, 0
    if whole:
        day, items = whole[-1]
        before = whole[0][1] if len(whole) > 1 else {}
        every = [_sign(form, item, items.get(item.item), before.get(item.item)) for item in form.items]
        n_unknown = sum(sign.value is None for sign in every)
        signs = tuple(sorted((s for s in every if s.value), key=lambda s: (-s.value / s.most, s.label)))
    elif not totals:
        day = rows[-1][0]
    return Scale(form.label, first[1], first[0], last[1], last[0], better, signs, day, n_unknown)


def _sign(form, item, value: float | None, before: float | None) -> Sign:
    in_words = form.answers_in_words.words if form.answers_in_words else {}
    words = "" if value is None else in_words.get(int(value), "")
    return Sign(item.label, value, float(item.at_most), before, words)


def hopeless(person: Person) -> list[tuple[str, date, Sign]]:
    """The last answer to each item about hopelessness, with the scale and the day."""
    known = stepwell.load_knowledge().all_instruments
    asking = {(one.instrument, one.item): one.about for one in hopelessness().items}
    found: dict[str, tuple[str, date, Sign]] = {}
    for name, rows in _scores(person).items():
        for day, said in rows:
            for item in known[name].items:
                about = asking.get((name, item.item))
                if about and item.item in said.get("items", {}):
                    sign = _sign(known[name], item, said["items"][item.item], None)
                    label = f"{known[name].label}, item {item.item} ({about})"
                    found[f"{name} {item.item}"] = (label, day, sign)
    return [*found.values(), *_own(person)]


def _own(person: Person) -> list[tuple[str, date, Sign]]:
    """The last answer to each question of the clinic's own about it."""
    found: dict[str, tuple[str, date, Sign]] = {}
    for line in sorted(history.in_use(history.current(person)), key=lambda one: one.content.get("day", "")):
        if line.kind != "score" or not is_day(line.content.get("day")):
            continue
        for record in line.content.get("records", ()):
            row = record["row"]
            about = row.get("item") or ""
            if record["table"] == "answer" and not row.get("instrument") and _is_about(about):
                sign = Sign(about, row["value"], row.get("at_most") or 0.0, None, "")
                found[about] = (about, first_day(line.content["day"]), sign)
    return list(found.values())


def _is_about(text: str) -> bool:
    return any(word in text.lower() for word in hopelessness().own_words)


def goals(person: Person) -> list[Goal]:
    """The person's goals, with what was said of each."""
    reviews: dict = {}
    for one in GoalReview.objects.filter(person_id__in=person.ids()).select_related("user"):
        reviews.setdefault(one.goal, []).append(one)
    return [
        Goal(line, line.content.get("text", ""), line.content.get("enough_pct"), tuple(reviews.get(line.line, ())))
        for line in history.in_use(history.current(person))
        if line.kind == "goal"
    ]
