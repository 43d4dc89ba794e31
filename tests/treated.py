"""A made-up clinic that gives esketamine and ketamine: an own folder of records, untidy as records are. Nobody in it exists."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from random import Random

from stepwell.sources.csvform import FILES

START = date(2023, 1, 9)


class _Clinic:
    def __init__(self, seed: int):
        self.rng = Random(seed)
        self.rows: dict[str, list[str]] = {name: [] for name in FILES}

    def add(self, table: str, **cells) -> None:
        names = [f.name for f in FILES[table]]
        assert not set(cells) - set(names), set(cells) - set(names)
        self.rows[table].append(",".join("" if cells.get(n) is None else str(cells[n]) for n in names))

    def person(self, name: str, born: int, sex: str = "female") -> None:
        self.add("person", person_id=name, birth_date=born, sex=sex)
        self.add("observation_period", person_id=name, start_date="2020-01-01", end_date="2025-06-30")
        self.add("condition", person_id=name, condition_date="2021-03-01", vocabulary="ICD10CM", code="F33.2")

    def drug(self, name: str, drug: str, start: date, days: int, mg: float, reason: str | None = None) -> None:
        for first in range(0, days, 30):
            last = first + 30 >= days
            self.add(
                "medication", person_id=name, drug=drug, start_date=start + timedelta(first),
                days_supply=min(30, days - first), mg_per_day=mg, stop_reason=reason if last else None,
            )  # fmt: skip

    def score(self, name: str, instrument: str, on: date, total: float) -> None:
        self.add("measurement", person_id=name, measured_date=on, instrument=instrument, total=total)

    def answer(self, name: str, on: date, instrument: str = "", item: str = "", value=None, scale=("", "", "")) -> None:
        low, high, better = scale
        self.add(
            "answer", person_id=name, answered_date=on, instrument=instrument, item=item, value=value, at_least=low,
            at_most=high, better=better,
        )  # fmt: skip

    def session(
        self, name: str, on: date, mg: float, *, monitored=True, drug="esketamine", route="nasal", reason=None
    ) -> None:
        self.add(
            "medication", person_id=name, drug=drug, start_date=on, kind="administration", mg=mg, route=route, time="09:30",
            stop_reason=reason,
        )  # fmt: skip
        if not monitored:
            return
        high = self.rng.randrange(112, 138)
        readings = [("systolic", -10, high), ("diastolic", -10, high - 45), ("systolic", 40, high + 12)]
        readings += [("diastolic", 40, high - 38), ("systolic", 115, high + 2), ("diastolic", 115, high - 44)]
        readings += [("moaa-s", 40, 4), ("moaa-s", 110, 5), ("cadss", 40, self.rng.randrange(2, 20)), ("cadss", 110, 1)]
        readings += [("observed", None, 120 + self.rng.randrange(25)), ("form sent", None, self.rng.randrange(1, 6))]
        for kind, minutes, value in readings:
            self.add("monitoring", person_id=name, session_date=on, kind=kind, minutes=minutes, value=value)

    def write(self, place: Path) -> Path:
        place.mkdir(parents=True, exist_ok=True)
        for name, form in FILES.items():
            header = ",".join(f.name for f in form)
            (place / f"{name}.csv").write_text("\n".join([header, *self.rows[name]]) + "\n", encoding="utf-8")
        return place


def _days_of_induction(start: date, weeks: int = 4) -> list[date]:
    return [start + timedelta(7 * w + d) for w in range(weeks) for d in (0, 3)]


def _treated(c: _Clinic, name: str, number: int) -> None:
    """One person: two antidepressants in turn, then a series of sessions that helps, or not, or for a while."""
    rng = c.rng
    start = START + timedelta(7 * rng.randrange(40))
    c.person(name, 1955 + rng.randrange(40), rng.choice(("female", "male")))
    c.drug(name, "sertraline", start - timedelta(400), 120, 100, rng.choice((None, "no effect")))
    c.drug(name, "venlafaxine", start - timedelta(270), 150, 150, rng.choice((None, "no effect", "intolerance")))
    c.drug(name, "duloxetine", start - timedelta(60), 150 if number % 4 == 1 else 620, 60)
    if rng.random() < 0.5:
        c.drug(name, "quetiapine", start - timedelta(120), 150, 150)
    fate = ("holds", "lost", "never", "stops", "holds", "lost")[number % 6]
    low, high = {"holds": (0.1, 0.3), "lost": (0.15, 0.35), "never": (0.75, 0.95), "stops": (0.6, 0.9)}[fate]
    before, share = rng.randrange(28, 42), rng.uniform(low, high)
    c.score(name, "madrs", start - timedelta(rng.randrange(0, 9)), before)
    days = _days_of_induction(start)[: 4 if fate == "stops" else 8]
    if fate != "stops":
        days += [start + timedelta(28 + 7 * w) for w in range(4)]
        days += [start + timedelta(56 + 14 * w) for w in range(rng.randrange(2, 9))]
    mg = 56
    for n, day in enumerate(days):
        mg = 56 if n == 0 else max(mg, rng.choice((56, 84, 84)))
        missed = n > 3 and rng.random() < 0.04
        if not missed:
            why = rng.choice(("intolerance", "no effect", None)) if fate == "stops" and day == days[-1] else None
            c.session(name, day, mg, monitored=rng.random() < 0.9, reason=why)
    for offset in (1, 7, 14, 25, 52, 80, 110, 150, 180, 260, 360):
        if rng.random() < 0.15 and offset != 25:
            continue
        reached = share + (1 - share) * max(0.0, 1 - offset / 25)
        if fate == "lost" and offset > 60 + 10 * (number % 5):
            reached = 0.85
        c.score(name, "madrs", start + timedelta(offset), round(before * min(1.0, reached * rng.uniform(0.9, 1.1))))
    thoughts = 3 if number % 3 == 0 else 1
    for offset in (-3, 7, 25, 80, 150):
        late = (offset > 20) * (fate in ("holds", "lost"))
        worse = (offset > 20) * (fate == "never")
        value = max(0, thoughts - 2 * late + worse) if rng.random() < 0.85 else None
        c.answer(name, start + timedelta(offset), "madrs", "10", value)
        c.answer(
            name,
            start + timedelta(offset),
            "q-les-q-sf",
            "",
            round(35 + (1 - share) * 25 * (offset > 0) * rng.random()),
        )
        c.answer(
            name,
            start + timedelta(offset),
            "wsas",
            "",
            min(40, round(30 - (1 - share) * 14 * (offset > 0) * rng.random())),
        )
    for day, value in ((days[0], 9), (days[1], 4)):
        c.answer(name, day, "cadss", "", value)
    if number % 4 == 0:
        on = start - timedelta(2)
        c.add("condition", person_id=name, condition_date=on, vocabulary="ICD10CM", code="R45.851")
    for offset in (-3, 25, 80):
        c.answer(
            name,
            start + timedelta(offset),
            "",
            "joy",
            min(10, rng.randrange(1, 4) + 3 * (offset > 0)),
            (0, 10, "higher"),
        )
        c.answer(name, start + timedelta(offset), "", "insight", rng.randrange(2, 9), (0, 10, ""))
    if number % 2 == 0:
        for day in days[1:9:2]:
            on, at = day + timedelta(rng.choice((0, 1, 2, 5))), rng.choice((None, "14:00"))
            c.add("procedure", person_id=name, procedure_date=on, vocabulary="stepwell", code="psychotherapy", time=at)


def _infused(c: _Clinic, name: str) -> None:
    """Six infusions of racemic ketamine in three weeks."""
    start = START + timedelta(7 * c.rng.randrange(60))
    c.person(name, 1970)
    c.add("condition", person_id=name, condition_date=start - timedelta(30), vocabulary="ICD10CM", code="F33.2")
    c.drug(name, "sertraline", start - timedelta(300), 120, 150, "no effect")
    c.drug(name, "bupropion", start - timedelta(170), 150, 300)
    c.score(name, "phq-9", start - timedelta(2), 21)
    for day in _days_of_induction(start, 3):
        c.session(name, day, 36, monitored=False, drug="ketamine", route="intravenous")
    for offset, total in ((1, 14), (7, 11), (20, 7), (60, 9), (90, 16)):
        c.score(name, "phq-9", start + timedelta(offset), total)


def write_clinic(place: Path, *, people: int = 30, infused: int = 4, seed: int = 1) -> Path:
    """The folder: `people` given the spray (e000, e001 ...), `infused` given infusions (k000 ...), one never treated."""
    c = _Clinic(seed)
    for n in range(people):
        _treated(c, f"e{n:03d}", n)
    for n in range(infused):
        _infused(c, f"k{n:03d}")
    c.person("n000", 1980)
    # A diagnosis where the answers say no, or nobody asked, and one where they say it too.
    for name in ("e000", "e001", *(f"k{n:03d}" for n in range(min(infused, 1)))):
        c.add("condition", person_id=name, condition_date="2023-06-01", vocabulary="ICD10CM", code="R45.851")
    return c.write(place)
