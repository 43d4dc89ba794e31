"""People made from a definition's form: one who just meets each of its ways, and for every limit one who just misses it.

What is expected of them follows from how they were made, in this file, and from nothing that judges: a trial is made exactly
as long as the form asks, or a day shorter; the next drug begins on the last day that the form allows, or a day later.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from itertools import pairwise

from stepwell.knowledge.definition import Branch, Definition
from stepwell.knowledge.forms import Knowledge

FIRST = date(2020, 1, 1)
SEEN = (date(2005, 1, 1), date(2035, 12, 31))
ANTIDEPRESSANTS = ("sertraline", "venlafaxine", "mirtazapine", "bupropion", "vortioxetine")
"""Each of a class of its own."""
OF_ONE_CLASS = ("sertraline", "fluoxetine", "escitalopram", "paroxetine", "fluvoxamine")
SAME_CLASS = {"sertraline": "fluoxetine", "venlafaxine": "duloxetine", "mirtazapine": "mirtazapine"}
OF_ROLE = {"antipsychotic": ("aripiprazole", "quetiapine", "olanzapine"), "augmentation": ("lithium", "buspirone")}
ADDED = ("lithium", "aripiprazole", "buspirone")
BESIDE = ("citalopram", 10.0)
"""An antidepressant below its minimum dose, which itself counts for nothing."""
FOR_SLEEP = ("trazodone", 50.0)
BASELINE = 60.0
INSTRUMENT = "madrs"


@dataclass(frozen=True)
class Course:
    """One drug from its first day, for so many days, with what became of it."""

    drug: str
    start: date
    n_days: int
    dose: float | None
    scores: tuple[float, float] | None = None
    stop_reason: str | None = None
    n_supplies: int = 1

    @property
    def end(self) -> date:
        return self.start + timedelta(self.n_days - 1)


@dataclass(frozen=True)
class Person:
    """What is on record of one person. `counting` are the courses that are to count, in order."""

    counting: tuple[Course, ...]
    others: tuple[Course, ...] = ()
    diagnoses: tuple[tuple[date, str], ...] = ()
    procedures: tuple[tuple[date, str], ...] = ()
    born: date = date(1980, 6, 15)
    seen: tuple[date, date] | None = SEEN
    by_prescriptions: bool = False

    def records(self, person_id: int) -> dict[str, list[dict]]:
        """The rows of the record tables."""
        medication, measurement = [], []
        for c in (*self.counting, *self.others):
            days = self._supplies(c)
            for start, end in days:
                reason = c.stop_reason if start == days[-1][0] else None
                row = {"ingredient": c.drug, "start_date": start, "end_date": end}
                medication.append({**row, "mg_per_day": c.dose, "stop_reason": reason})
            for day, total in zip((c.start, c.end), c.scores or (), strict=False):
                measurement.append({"instrument": INSTRUMENT, "measured_date": day, "total": total})
        tables = {
            "person": [{"birth_earliest_date": self.born, "birth_latest_date": self.born}],
            "observation_period": [{"start_date": self.seen[0], "end_date": self.seen[1]}] if self.seen else [],
            "condition": [{"condition_date": day, "codeset": codeset} for day, codeset in self.diagnoses],
            "medication": medication,
            "measurement": measurement,
            "procedure": [{"procedure_date": day, "procedure": codeset} for day, codeset in self.procedures],
        }
        return {name: [{"person_id": person_id, **row} for row in rows] for name, rows in tables.items()}

    def _supplies(self, c: Course) -> list[tuple[date, date | None]]:
        if self.by_prescriptions:  # from the first prescription to the last, the last one not counted
            return [(c.start, None), (c.start + timedelta(c.n_days), None)] if c.n_days else [(c.start, None)]
        starts = [c.start + timedelta(i) for i in range(c.n_supplies)]
        return [(s, n - timedelta(1)) for s, n in pairwise(starts)] + [(starts[-1], c.end)]


@dataclass(frozen=True)
class Case:
    """One person, what they are to show, and what is to be concluded. `trial` is a criterion of the course with that drug."""

    name: str
    person: Person
    verdict: str
    day: date | None = None
    criterion: tuple[str, str] | None = None
    drug: str | None = None


@dataclass
class Maker:
    """Makes the people of one way (branch) of meeting a definition."""

    definition: Definition
    number: int
    knowledge: Knowledge
    branch: Branch = field(init=False)
    way: str = ""

    def __post_init__(self):
        self.branch = self.definition.branch[self.number - 1]
        ways = [name for name in type(self.branch.failure).model_fields if getattr(self.branch.failure, name)]
        self.way = self.way or ways[0]
        self.scored = self.way in ("improvement", "not_remitted")

    # ---- one who just meets it

    def base(self) -> Person:
        """Somebody who meets the way exactly: every length, dose, score and pause is at its limit."""
        b, who = self.branch, self.definition.who
        counting = self._courses(b.count.at_least)
        last = counting[-1]
        others: tuple[Course, ...] = ()
        spare = [d for d in self._drugs() if d not in {c.drug for c in counting}]
        if self.way == "switched":
            within = b.failure.switched.within
            start = self._end(last) + timedelta(within)
            others += (Course(spare[0], start, 1, self._dose(spare[0])),)
        elif b.taken and b.taken.at_least > len(counting):
            others += (Course(spare[0], self._end(last) + timedelta(20), 1, self._dose(spare[0])),)
        if self.way == "added_to":
            others += (self._addition(last, 1 + self.definition.trials.cross_taper.at_most),)
        if b.added:
            start = self._end(last) + timedelta(40)
            others += (Course(BESIDE[0], start, 200, BESIDE[1]),)
            others += tuple(
                Course(ADDED[i], start + timedelta(i), b.added.for_, 300.0) for i in range(b.added.at_least)
            )
        if b.trial.preceded_by:
            before = FIRST - timedelta(b.trial.preceded_by.within)
            others += (Course("sertraline", before - timedelta(59), 60, 50.0),)
        diagnoses = ()
        if who.diagnosis:
            days = range(who.diagnosis.at_least)
            diagnoses = tuple((FIRST - timedelta(i), who.diagnosis.any_of[0]) for i in days)
        made = Person(counting, others, diagnoses, by_prescriptions=self._by_prescriptions)
        return self._with_procedure(made)

    def day(self, person: Person) -> date:
        """The day on which somebody made like `base` meets it, by `dated`, `taken`, `added` and the procedure."""
        if person.procedures:
            return person.procedures[0][0]
        days = sorted(self._counted(c, person) for c in person.counting)
        reached = [days[self.branch.count.at_least - 1]]
        begun = sorted({c.start for c in (*person.counting, *person.others) if c.drug in self._drugs()})
        if self.branch.taken:
            reached.append(begun[self.branch.taken.at_least - 1])
        if self.branch.added:
            reached.append(sorted(c.start for c in person.others if c.drug in ADDED)[self.branch.added.at_least - 1])
        return max(reached)

    @property
    def _by_prescriptions(self) -> bool:
        return self.definition.trials.basis.is_ == "prescriptions"

    def _end(self, c: Course) -> date:
        return c.start + timedelta(c.n_days) if self._by_prescriptions else c.end

    def _counted(self, c: Course, person: Person) -> date:
        if self.branch.dated.at == "trial start":
            return c.start
        following = [
            o.start
            for o in (*person.counting, *person.others)
            if o.start > c.start and o.drug != c.drug and (self.way == "added_to" or o.start > self._end(c))
        ]
        if self.branch.dated.at == "trial end" or not following:
            return self._end(c)
        return min(following)

    def _drugs(self) -> tuple[str, ...]:
        b, drugs = self.branch, self.knowledge.ingredients
        if b.trial.drug:
            of_class = b.trial.drug.of_class
            return (*b.trial.drug.any_of, *(d for d in drugs if drugs[d].drug_class in of_class), "venlafaxine")
        role = b.trial.role.roles[0]
        if any(
            w is not b and w.failure.switched and w.failure.switched.to == "another class"
            for w in self.definition.branch
        ):
            return OF_ONE_CLASS  # or the other way would be met first
        return OF_ROLE.get(role, ANTIDEPRESSANTS)

    def _courses(self, n: int) -> tuple[Course, ...]:
        pause = 20 if self.scored else 1
        start, made = FIRST, []
        for drug in self._drugs()[:n]:
            made.append(self._course(drug, start))
            start = self._end(made[-1]) + timedelta(pause)
        if self.way == "added_to":  # the others are left for the next; the last is added to
            made[-1] = replace(made[-1], n_days=max(90, made[-1].n_days))
        return tuple(made)

    def _course(self, drug: str, start: date) -> Course:
        t, how = self.branch.trial, self.definition.trials
        asked = [limit.at_least for limit in (t.min_duration, t.min_dose) if limit]
        length = max([10, *asked, *([how.endpoint.after_start + 1] if self.scored else [])])
        reason = "other" if self.branch.failure.intolerant else None
        supplies = t.min_supplies.at_least if t.min_supplies else 1
        return Course(drug, start, length, self._dose(drug), self._scores(), reason, supplies)

    def _dose(self, drug: str, below: float = 0) -> float | None:
        standard = self.definition.trials.dose_standard.is_
        minima = [m for m in self.knowledge.dose_minima if m.ingredient == drug and m.standard == standard]
        return minima[0].min_mg_per_day - below if minima else None

    def _scores(self, missed: str | None = None) -> tuple[float, float] | None:
        """Baseline and endpoint just inside the limits, or just outside the one named."""
        if not self.scored:
            return None
        still = self.branch.trial.still_ill
        if still and missed != "improvement":
            least = still.limits[INSTRUMENT]
            return 1.2 * least, least - (missed == "still_ill")
        if self.way == "not_remitted":
            cut = self.knowledge.instruments[INSTRUMENT].remission.at_most
            return BASELINE, cut if missed else cut + 1
        asked = self.branch.failure.improvement
        at_limit = BASELINE * (1 - asked.limit / 100)
        if asked.below is None:
            return BASELINE, at_limit - 0.5 if missed else at_limit
        return BASELINE, at_limit if missed else at_limit + 0.5

    def _addition(self, to: Course, n_days: int) -> Course:
        return Course("lithium", to.start + timedelta(40), n_days, 600.0)

    def _with_procedure(self, person: Person) -> Person:
        within = self.branch.within
        if not within.before:
            return person
        first = min(self._counted(c, person) for c in person.counting)
        return replace(person, procedures=((first + timedelta(within.days - 1), within.before[0]),))

    # ---- and those who just miss it

    def cases(self) -> Iterator[Case]:
        """The one who meets it, and those who miss one limit each."""
        base = self.base()
        met = self.day(base)
        label = f"way {self.number}, {self.way}"
        yield Case(f"{label}: just met", base, "met", met)
        for make in (self._of_trial, self._of_failure, self._of_count, self._of_stretch, self._of_who):
            for case in make(base, met):
                yield replace(case, name=f"{label}: {case.name}")

    def _last(self, base: Person, **change: object) -> Person:
        return replace(base, counting=(*base.counting[:-1], replace(base.counting[-1], **change)))

    def _of_trial(self, base: Person, met: date) -> Iterator[Case]:
        t, last = self.branch.trial, base.counting[-1]

        def missed(name: str, person: Person, drug: str = last.drug) -> Case:
            return Case(f"{name} just missed", person, "not met", None, (f"trial.{name}", "not met"), drug)

        if t.min_duration:
            short = {"n_days": t.min_duration.at_least - 1, "scores": None}
            if self.way == "added_to":
                yield missed("min_duration", replace(self._last(base, **short), others=()))
            else:
                person = self._last(base, **short)
                yield missed("min_duration", self._follow(person, base))
        if t.min_dose:
            yield missed("min_dose", self._last(base, dose=self._dose(last.drug, below=1)))
        if t.min_supplies:
            yield missed("min_supplies", self._last(base, n_supplies=t.min_supplies.at_least - 1))
        if t.drug:
            other = "paroxetine" if last.drug not in ("paroxetine",) and not t.drug.of_class else "duloxetine"
            if t.role.roles == ("antipsychotic",):
                other = "cariprazine"
            yield missed("drug", self._last(base, drug=other), other)
        if t.preceded_by:
            others = tuple(
                replace(c, start=c.start - timedelta(1)) if c.drug == "sertraline" else c for c in base.others
            )
            yield missed("preceded_by", replace(base, others=others))
        if t.still_ill:
            yield missed("still_ill", self._last(base, scores=self._scores("still_ill")))
        if (
            t.use.is_ == "antidepressant dose"
            and t.role.roles[0] == "antidepressant"
            and self.branch.count.at_least > 1
        ):
            yield missed("use", self._last(base, drug=FOR_SLEEP[0], dose=FOR_SLEEP[1]), FOR_SLEEP[0])

    def _follow(self, person: Person, base: Person) -> Person:
        """The same with the next drug as soon after the shortened course as it was after the whole one."""
        moved = self._end(base.counting[-1]) - self._end(person.counting[-1])
        others = tuple(
            replace(c, start=c.start - moved) if c.start > person.counting[-1].start else c for c in base.others
        )
        return replace(person, others=others)

    def _of_failure(self, base: Person, met: date) -> Iterator[Case]:
        f, last = self.branch.failure, base.counting[-1]
        path = f"failure.{self.way}"
        # Without a score it stays open whether the treatment helped, where the form asks for scores as well.
        left_open = "unknown" if f.improvement or f.not_remitted else "not met"
        if self.scored:
            scores = self._scores("improvement")
            # A further drug that must only have been taken is unscored: it may have failed as well.
            verdict = "unknown" if self.branch.taken else "not met"
            yield Case(
                f"{self.way} just missed", self._last(base, scores=scores), verdict, None, (path, "not met"), last.drug
            )
        if self.way == "switched":
            others = tuple(replace(c, start=c.start + timedelta(1)) if c.n_days == 1 else c for c in base.others)
            yield Case(
                "the next drug a day too late",
                replace(base, others=others),
                left_open,
                None,
                (path, "not met"),
                last.drug,
            )
        if self.way == "added_to":
            short = self._addition(last, self.definition.trials.cross_taper.at_most)
            others = tuple(short if c.drug == "lithium" and c.start == short.start else c for c in base.others)
            yield Case(
                "added for a day too short", replace(base, others=others), left_open, None, (path, "not met"), last.drug
            )

    def _of_count(self, base: Person, met: date) -> Iterator[Case]:
        b = self.branch
        fewer = replace(base, counting=base.counting[:-1])
        if len(fewer.counting) and self.way not in ("switched", "added_to"):
            yield Case("one trial too few", fewer, "not met", None, ("count", "not met"))
            yield Case(
                "one trial too few, never observed", replace(fewer, seen=None), "unknown", None, ("count", "unknown")
            )
        elif not b.within.after:
            nobody = replace(base, counting=(), others=(), seen=None, procedures=())
            yield Case("no trial, never observed", nobody, "unknown", None, ("count", "unknown"))
        if b.taken and b.taken.at_least > b.count.at_least:
            only = {c.drug for c in base.counting}
            others = tuple(
                replace(c, drug=base.counting[0].drug) if c.drug not in only and c.drug != BESIDE[0] else c
                for c in base.others
            )
            yield Case("one drug too few taken", replace(base, others=others), "not met", None, ("count", "not met"))
        if b.count.distinct in ("ingredient", "class") and len(base.counting) > 1 and self.scored:
            first = base.counting[0].drug
            drug = first if b.count.distinct == "ingredient" else SAME_CLASS[first]
            again = self._last(base, drug=drug, dose=self._dose(drug))
            yield Case(f"the same {b.count.distinct} twice", again, "not met", None, ("count", "not met"))
        if b.added:

            def short(c: Course) -> Course:
                return replace(c, n_days=b.added.for_ - 1) if c.drug == ADDED[b.added.at_least - 1] else c

            person = replace(base, others=tuple(map(short, base.others)))
            yield Case("an addition a day too short", person, "not met", None, ("count", "not met"))

    def _of_stretch(self, base: Person, met: date) -> Iterator[Case]:
        within = self.branch.within
        if within.is_ and len(base.counting) > 1 and self.scored and not self.branch.added and not self.branch.taken:
            pause = timedelta(self.definition.trials.episode_gap.at_most + 30)
            last = base.counting[-1]
            later = self._last(base, start=last.start + pause)
            expected = "met" if within.is_ == "ever" else "not met"
            yield Case("half a year apart", later, expected, self.day(later) if within.is_ == "ever" else None)
        if within.before:
            day, codeset = base.procedures[0]
            late = replace(base, procedures=((day + timedelta(1), codeset),))
            yield Case("the procedure a day too late", late, "not met", None, ("count", "not met"))
        if within.after == "first diagnosis":
            days = [self._counted(c, base) for c in base.counting]
            for name, early, expected in (("on the last day", 1, "met"), ("a day too late", 0, "not met")):
                first = max(days) - timedelta(within.days - early)
                person = replace(base, diagnoses=((first, self.definition.who.diagnosis.any_of[0]),))
                yield Case(f"{name} after the first diagnosis", person, expected, met if early else None)

    def _of_who(self, base: Person, met: date) -> Iterator[Case]:
        who = self.definition.who

        def case(name: str, person: Person, path: str, verdict: str) -> Case:
            return Case(name, person, verdict, met if verdict == "met" else None, (path, verdict))

        if who.age and who.age.at_least is not None:
            on_the_day = _years_before(met, who.age.at_least)
            yield case("old enough on the day", replace(base, born=on_the_day), "who.age", "met")
            yield case("a day too young", replace(base, born=on_the_day + timedelta(1)), "who.age", "not met")
        if who.age and who.age.at_most is not None:
            too_old = _years_before(met, who.age.at_most + 1)
            yield case("a year older the next day", replace(base, born=too_old + timedelta(1)), "who.age", "met")
            yield case("too old on the day", replace(base, born=too_old), "who.age", "not met")
        if who.diagnosis and not self.branch.within.after:
            yield case("a diagnosis too few", replace(base, diagnoses=base.diagnoses[1:]), "who.diagnosis", "not met")
            if who.diagnosis.when == "before":
                person = replace(base, diagnoses=((met + timedelta(1), who.diagnosis.any_of[0]),))
                yield case("diagnosed the day after", person, "who.diagnosis", "not met")
            if who.diagnosis.within:
                for days, verdict in ((0, "met"), (1, "not met")):
                    day = met - timedelta(who.diagnosis.within + days)
                    person = replace(base, diagnoses=((day, who.diagnosis.any_of[0]),))
                    yield case(f"diagnosed {days} days too early", person, "who.diagnosis", verdict)
        if who.never:
            for days in (0, 1):
                verdict = "not met" if days == 0 or who.never.when == "ever" else "met"
                more = (*base.diagnoses, (met + timedelta(days), who.never.any_of[0]))
                yield case(f"excluded {days} days after", replace(base, diagnoses=more), "who.never", verdict)
        if who.washout:
            first = min(c.start for c in (*base.counting, *base.others))
            for days, verdict in ((0, "met"), (1, "not met")):
                since = first - timedelta(who.washout.at_least - days)
                yield case(
                    f"observed {days} days too short", replace(base, seen=(since, SEEN[1])), "who.washout", verdict
                )


def people(definition: Definition, knowledge: Knowledge) -> list[Case]:
    """The people of a definition, for each of its ways and each way to fail that can be made by itself."""
    cases: list[Case] = []
    for number, branch in enumerate(definition.branch, 1):
        ways = [
            w for w in ("improvement", "not_remitted", "switched", "added_to", "taken") if getattr(branch.failure, w)
        ]
        if branch.added:  # what is added would be a failure of its own
            ways = ways[:1]
        for way in ways:
            cases += Maker(definition, number, knowledge, way=way).cases()
    return cases


def _years_before(day: date, years: int) -> date:
    return day.replace(year=day.year - years)
