"""People written down to try a definition on. Nobody's record: a short text for each, in a YAML file.

Ada:
  story: why she is here
  born: 1980-05-01                     a day, a year, or `unknown`; unless given: 1 January 1975
  observed: 2015-01-01 2025-12-31      unless given: these days; `never`: nobody looked
  diagnoses: {2020-01-01: major-depression}            several of one day as a list: [major-depression, bipolar]
  drugs:
    - sertraline 2020-01-01 2020-02-28 100             drug, first day, last day, mg a day
    - sertraline 2020-01-01 59 days 100 mg             the same
    - sertraline 2020-01-01 8 weeks - intolerance      `-`: end or dose not recorded; then the reason for stopping
  scores: [phq-9 2020-01-01 20]
  procedures: {2020-09-01: ect}
  expect: met                          or in full:
  expect:
    verdict: met
    date: 2020-04-30
    <column of determination>: value
    trials: {sertraline: {trial.min_dose: met, counts: not met}}       the first trial of the drug
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from stepwell.errors import Problem, SourceError
from stepwell.knowledge.fill import MARK, closest, name_of
from stepwell.knowledge.forms import Knowledge
from stepwell.knowledge.written import Path_, Written, read_yaml
from stepwell.tables import DETERMINATION, JUDGED_TRIAL, MEDICATION, RECORDS, TRIAL

FIELDS = ("story", "born", "observed", "diagnoses", "drugs", "scores", "procedures", "expect")
VERDICTS = ("met", "not met", "unknown")
_BORN, _OBSERVED = "1975-01-01", "2015-01-01 2025-12-31"
_STOP_REASONS = MEDICATION.by_name["stop_reason"].values
_DRUG = re.compile(
    r"^(?P<drug>\S+) (?P<first>\S+) (?P<end>-|\d{4}-\S+|(?P<n>\d+) (?P<unit>days?|weeks?))"
    r" (?P<dose>-|\d+(\.\d+)?)(?: ?mg(?:/day)?)?(?: (?P<reason>\D.*))?$"
)
_DAYS = {"day": 1, "week": 7}
_DRUG_LINE = "`drug 2020-01-31 6 weeks 100 mg`, the end also as a day, `-` where end or dose is not recorded"


@dataclass(frozen=True)
class WrittenPerson:
    """One person: the record rows without `person_id`, and what is expected, by the names of the result's columns."""

    name: str
    where: str
    records: Mapping[str, list[dict]]
    expected: Mapping[str, object]


def read_people(path: Path, knowledge: Knowledge) -> tuple[WrittenPerson, ...]:
    """Everybody in the file, in its order. Raises SourceError with every problem of it."""
    problems: list[Problem] = []
    written = read_yaml(Path(path), str(path), problems)
    people = [_Reader(written, name, knowledge, problems).person() for name in written.data] if written else []
    if problems:
        n = len(problems)
        raise SourceError(f"{n} problem{'s' * (n > 1)} in the people written down in {path}", problems)
    return tuple(people)


def as_records(people: Iterable[WrittenPerson]) -> dict[str, list[dict]]:
    """The record tables of these people, numbered 1, 2, 3 ... in their order."""
    tables: dict[str, list[dict]] = {table.name: [] for table in RECORDS}
    for number, person in enumerate(people, 1):
        for name, rows in person.records.items():
            tables[name] += [{"person_id": number, **row} for row in rows]
    return tables


class _Reader:
    """Reads one person, and notes every problem with its line."""

    def __init__(self, written: Written, name: str, knowledge: Knowledge, problems: list[Problem]):
        self.written = written
        self.name = name
        self.knowledge = knowledge
        self.problems = problems
        data = written.data[name]
        if not isinstance(data, dict):
            self._problem((), f"{name!r} is no person", "`field: value` lines", f"write under it {', '.join(FIELDS)}")
        self.data = data if isinstance(data, dict) else {"expect": VERDICTS[0]}

    def person(self) -> WrittenPerson:
        for field in self.data:
            if field not in FIELDS:
                meant = closest(field, FIELDS)
                remedy = f"did you mean `{meant}`?" if meant else "delete it, or write one of these"
                self._problem((field,), f"`{field}` is nothing that is written of a person", ", ".join(FIELDS), remedy)
        codesets = self.knowledge.codesets.values()
        diagnoses = [c.id for c in codesets if "condition" in c.records]
        procedures = [c.id for c in codesets if "procedure" in c.records]
        records = {
            "person": [self._birth()],
            "observation_period": list(self._observed()),
            "condition": [
                {"condition_date": day, "codeset": word, "vocabulary": "stepwell", "code": word, "address": where}
                for day, word, where in self._dated("diagnoses", diagnoses)
            ],
            "medication": list(self._lines("drugs", self._drug)),
            "measurement": list(self._lines("scores", self._score)),
            "procedure": [
                {"procedure_date": day, "procedure": word, "vocabulary": "stepwell", "code": word, "address": where}
                for day, word, where in self._dated("procedures", procedures)
            ],
        }
        return WrittenPerson(self.name, self._at(()), records, self._expected())

    def _at(self, path: Path_) -> str:
        return self.written.at((self.name, *path))

    def _problem(self, path: Path_, found: str, expected: str, remedy: str) -> None:
        self.problems.append(Problem(self._at(path), found, expected, remedy))

    def _day(self, text: object, path: Path_) -> date | None:
        try:
            return date.fromisoformat(str(text))
        except ValueError:
            what = f"`{name_of(path)}` has no day of the calendar where one belongs"
            self._problem(path, what, "a day such as 2020-01-31", "write year, month and day with hyphens between")
            return None

    def _known(self, word: str, known: Iterable[str], what: str, path: Path_) -> bool:
        known = sorted(known)
        if word in known:
            return True
        meant = closest(word.lower(), known)
        remedy = f"did you mean `{meant}`?" if meant else "write one of these; `stepwell knowledge list` tells more"
        shown = ", ".join(known) if len(known) < 20 else "its generic name in small letters"
        self._problem(path, f"{word!r} is no {what} that stepwell knows", shown, remedy)
        return False

    def _birth(self) -> dict:
        said = self.data.get("born", _BORN)
        if said == "unknown":
            first = last = None
        elif re.fullmatch(r"\d{4}", str(said)):
            first, last = date(int(said), 1, 1), date(int(said), 12, 31)
        else:
            first = last = self._day(said, ("born",))
        where = {"source_person_id": self.name, "address": self._at(())}
        return {"birth_earliest_date": first, "birth_latest_date": last, **where}

    def _observed(self) -> Iterator[dict]:
        said = self.data.get("observed", _OBSERVED)
        days = str(said).split()
        if said == "never":
            return
        if len(days) != 2:
            expected = "first and last day, such as 2015-01-01 2025-12-31, or never"
            self._problem(("observed",), "`observed` holds no two days", expected, "write both days")
            return
        first, last = (self._day(day, ("observed",)) for day in days)
        if first and last and first > last:
            self._problem(("observed",), "`observed` ends before it begins", "first day, last day", "swap the two")
        yield {"start_date": first, "end_date": last, "address": self._at(("observed",))}

    def _dated(self, field: str, known: list[str]) -> Iterator[tuple[date, str, str]]:
        said = self.data.get(field) or {}
        if not isinstance(said, dict):
            self._problem((field,), f"`{field}` holds no days", "{2020-01-31: name}", "write a day, a colon, the name")
            return
        for day, words in said.items():
            path = (field, day)
            on = self._day(day, path)
            for word in words if isinstance(words, list) else [words]:
                if self._known(str(word), known, f"code set of {field}", path) and on:
                    yield on, word, self._at(path)

    def _lines(self, field: str, read: Callable[[str, Path_], dict | None]) -> Iterator[dict]:
        said = self.data.get(field) or []
        if not isinstance(said, list):
            self._problem((field,), f"`{field}` is no list", "a list", "begin each line with a dash and a space")
            return
        for position, line in enumerate(said):
            path = (field, position)
            row = read(" ".join(str(line).split()), path)
            if row is not None:
                yield {**row, "address": self._at(path)}

    def _drug(self, line: str, path: Path_) -> dict | None:
        said = _DRUG.match(line)
        if said is None:
            self._problem(path, "this line is no drug with its days and dose", _DRUG_LINE, "write it so")
            return None
        drugs = [drug.ingredient for drug in self.knowledge.ingredients.values() if drug.role != "set-aside"]
        is_known, first, last = self._known(said["drug"], drugs, "drug", path), self._day(said["first"], path), None
        if said["n"] and first:
            days = int(said["n"]) * _DAYS[said["unit"].removesuffix("s")]
            last = first + timedelta(days - 1)
        elif said["end"] != "-" and not said["n"]:
            last = self._day(said["end"], path)
        if first and last and last < first:
            self._problem(path, "the last day is before the first", _DRUG_LINE, "check both days")
        reason = said["reason"]
        is_reason = reason is None or self._known(reason, _STOP_REASONS, "reason for stopping", path)
        if not (is_known and is_reason and first):
            return None
        return {
            "ingredient": said["drug"],
            "start_date": first,
            "end_date": last,
            "end_basis": "recorded end" if last else None,
            "mg_per_day": None if said["dose"] == "-" else float(said["dose"]),
            "dose_basis": "recorded dose",
            "stop_reason": reason,
            "is_supplied": True,
        }

    def _score(self, line: str, path: Path_) -> dict | None:
        parts = line.split(" ")
        if len(parts) != 3 or not re.fullmatch(r"\d+(\.\d+)?", parts[2]):
            found = "this line is no score with its day and points"
            self._problem(path, found, "questionnaire, day and points, such as `phq-9 2020-01-31 17`", "write it so")
            return None
        name, day, total = parts
        is_known, on = self._known(name, self.knowledge.instruments, "questionnaire", path), self._day(day, path)
        if is_known:
            form = self.knowledge.instruments[name]
            if not form.at_least <= float(total) <= form.at_most:
                found = f"{total} points are not on the scale of {form.label}"
                self._problem(path, found, f"{form.at_least:g} to {form.at_most:g} points", "check the score")
        return {"instrument": name, "measured_date": on, "total": float(total)} if is_known and on else None

    def _expected(self) -> dict[str, object]:
        said = self.data.get("expect")
        said = {"verdict": said} if isinstance(said, str) or said is None else said
        if not isinstance(said, dict):
            self._problem(("expect",), "`expect` is no verdict", ", ".join(VERDICTS), "write one of them")
            return {}
        verdict = said.get("verdict")
        if verdict not in VERDICTS:
            empty = verdict is None or MARK in str(verdict)
            found = "says nothing yet of the verdict that you expect" if empty else f"is {verdict!r}"
            self._problem(("expect",), f"`expect` of {self.name} {found}", ", ".join(VERDICTS), "write one of them")
        known = ["verdict", "date", "trials", *DETERMINATION.by_name]
        expected = {name: self._value(value) for name, value in said.items() if name != "trials"}
        for name in said:
            self._known(name, known, "column of determination", ("expect", name))
        trials = said.get("trials", {})
        for drug, columns in trials.items() if isinstance(trials, dict) else ():
            for name in columns if isinstance(columns, dict) else ():
                path = ("expect", "trials", drug, name)
                self._known(name, {*TRIAL.by_name, *JUDGED_TRIAL.by_name}, "column of a trial", path)
                expected[f"{drug}: {name}"] = self._value(columns[name])
            taken = [str(line).split(" ")[0] for line in self.data.get("drugs") or ()]
            if closest(drug, taken) is None:  # a misspelt one is told where it is taken
                found = f"{self.name} takes no {drug}"
                self._problem(("expect", "trials", drug), found, "a drug under `drugs`", "check the name")
        return expected

    def _value(self, value: object) -> object:
        if isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", value):
            return date.fromisoformat(value)
        return value
