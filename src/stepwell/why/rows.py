"""Why, line by line: the stored verdicts of one person as rows of `evidence`, each with what was found, what was asked,
who says so, where it was read, and a sentence.

Nothing is decided here. A verdict is read from the tables of the run; this module finds the value that it was judged by
and, where it is unknown, says what would settle it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING

from stepwell.knowledge.cited import Cited
from stepwell.knowledge.definition import Branch, Definition, fields
from stepwell.knowledge.explain import provenance, rule
from stepwell.knowledge.forms import Knowledge
from stepwell.knowledge.incomplete_words import NOT_ALL_DATED, NOT_ALL_KNOWN, NOT_ALL_SUPPLIED, has_undated, of_trials
from stepwell.knowledge.staging import Staging
from stepwell.why.age import show_age
from stepwell.why.found import FINDERS, Asked, added, show_date, show_days, show_number, show_records
from stepwell.why.gaps import gaps_of, say_count_hidden, say_hidden, with_undated_scores

if TYPE_CHECKING:
    from stepwell.result_tables import ResultTables

_BY_ABSENCE = (
    "added",
    "who.age",
    "who.washout",
    "trial.min_duration",
    "trial.min_dose",
    "trial.min_supplies",
    "trial.preceded_by",
    "trial.recent",
    "failure.switched",
    "failure.added_to",
)
"""The criteria that rest on the absence of a drug."""

_WHATEVER_THE_DAY = ("trial.role", "trial.drug", "trial.use")
"""The criteria of a trial that do not rest on its days."""

VERDICTS = {True: "met", False: "not met", None: "unknown"}


def find_evidence(result: ResultTables, person: str) -> list[dict]:
    """One row is one criterion judged for the person or for one of their trials, in the order of the forms."""
    person_id = result.person_id(person)
    names = ("person", "observation_period", "determination", "exposure", "trial", "judged_trial")
    rows = {name: result.rows_of(name, person_id) for name in names}
    rows["code_gap"] = gaps_of(result, person_id)
    rows["incomplete_medication"] = result.incomplete_of(person_id)
    return evidence_of_person(result, rows)


def evidence_of_person(result: ResultTables, rows_of: Mapping[str, list[dict]]) -> list[dict]:
    """The same from the person's rows by table: `person`, `observation_period`, `determination`, `exposure`, `trial`,
    `judged_trial`, `code_gap` and `incomplete_medication`."""
    settings = result.manifest["setting_of"]
    trials = {(t["setting"], t["trial_number"]): t for t in rows_of["trial"]}
    determined = {d["definition"]: d for d in rows_of["determination"]}
    (who,) = rows_of["person"]
    until = max((p["end_date"] for p in rows_of["observation_period"]), default=None)
    has = frozenset(result.manifest["has"])
    rows = []
    for definition in result.definitions:
        own = {number: t for (setting, number), t in trials.items() if setting == settings[definition.name]}
        verdicts = of_branches(rows_of["judged_trial"], result.manifest["rules_of"][definition.name])
        found, gaps = with_age(determined[definition.name], who, until), rows_of["code_gap"]
        lacking = say_lacking(rows_of, definition)
        made = evidence_of(found, own, verdicts, definition, result.knowledge, has, gaps, lacking=lacking)
        rows.extend(_say_lacking(made, lacking))
    return rows


def say_lacking(rows_of: Mapping[str, list[dict]], definition: Definition) -> str:
    """What is not known of the person's drugs, as the definition reads them; empty where everything is."""
    if has_undated(rows_of["incomplete_medication"]):
        return NOT_ALL_DATED
    if of_trials(rows_of["incomplete_medication"]):
        return NOT_ALL_KNOWN
    asks_supplied = definition.trials.medication_evidence.is_ == "supplied"
    return NOT_ALL_SUPPLIED if asks_supplied and any(e["is_supplied"] is None for e in rows_of["exposure"]) else ""


def _say_lacking(rows: Iterable[dict], lacking: str) -> Iterator[dict]:
    """The rows, which say where a criterion is unknown what is not known of the person's drugs."""
    for row in rows:
        rests_on_it = row["criterion"] in _BY_ABSENCE
        if lacking == NOT_ALL_DATED:
            rests_on_it |= row["trial_number"] is not None and row["criterion"] not in _WHATEVER_THE_DAY
        if lacking and rests_on_it and row["verdict"] == "unknown":
            found = f"{row['found']}; {lacking}"
            row = row | {"found": found, "sentence": row["sentence"].replace(row["found"], found, 1)}
        yield row


def with_age(determined: dict, who: Mapping, until: date | None = None) -> dict:
    """The row of `determination` with `age_shown`: the age in words on the index day; without one, on the last day observed."""
    return determined | {"age_shown": _show_age(who, determined, until)}


def _show_age(who: Mapping, found: Mapping, until: date | None) -> str:
    earliest, latest = who["birth_earliest_date"], who["birth_latest_date"]
    if earliest is None or latest is None:
        return "Age not known"
    day = found["index_date"] or until
    if day is None:
        born = f"in {earliest.year}" if earliest.year == latest.year else f"{earliest.year} to {latest.year}"
        return f"Born {born}; there is no day on which to count the age"
    shown = show_age(earliest, latest, day)
    if shown is None:
        return "Age not known: the recorded birth gives no age that a person has"
    age, *from_year = shown.split(", ")
    words = ", ".join([f"Aged {age} on {show_date(day)}", *from_year])
    return (
        words if found["index_date"] else f"{words}, the last day observed; there is no index day on which to count it"
    )


def of_branches(judged: Iterable[Mapping], rules: Sequence[str]) -> list[dict]:
    """The rows of `judged_trial` of a definition whose branches have these rules, each with its `branch`: trial by trial.
    A rule that two branches share gives two rows."""
    judged = list(judged)
    rows = [{**row, "branch": number} for number, rule in enumerate(rules, 1) for row in judged if row["rule"] == rule]
    return sorted(rows, key=lambda row: (row["person_id"], row["trial_number"], row["branch"]))


def evidence_of(
    determined: dict,
    trials: Mapping[int, dict],
    judged: Iterable[dict],
    definition: Definition,
    knowledge: Knowledge,
    has: frozenset[str],
    gaps: Sequence[Mapping] = (),
    *,
    lacking: str = "",
) -> Iterator[dict]:
    """The same for one person under one definition, wherever the rows are: the person's `determination` (`with_age`), the `trial`
    rows by their number, the `judged_trial` rows (`of_branches`), the rows of `code_gap`; what is `lacking` (`say_lacking`)."""
    maker = _Maker(knowledge, definition, determined["person_id"])
    yield from maker.of_person(determined, has=has, gaps=gaps, lacking=lacking)
    of_trials = evidence_of_trials(trials, judged, definition, knowledge, determined["person_id"])
    yield from with_undated_scores(of_trials, gaps)


def evidence_of_trials(
    trials: Mapping[int, dict],
    judged: Iterable[dict],
    definition: Definition | Staging,
    knowledge: Knowledge,
    person_id: int,
) -> Iterator[dict]:
    """The criteria of one person's trials under one definition or staging model."""
    maker = _Maker(knowledge, definition, person_id)
    for verdicts in judged:
        yield from maker.of_trial(trials[verdicts["trial_number"]], verdicts)


class _Maker:
    """Makes the rows of one person under one definition."""

    def __init__(self, knowledge: Knowledge, definition: Definition | Staging, person_id: int):
        self.knowledge = knowledge
        self.definition = definition
        self.person_id = person_id

    def of_person(self, found: dict, has: frozenset[str], gaps: Sequence[Mapping], lacking: str) -> Iterator[dict]:
        """The criteria of the person: age, diagnoses, and how many trials count."""
        who = self.definition.who
        doubt = say_count_hidden(gaps, self.definition)
        if who.age is not None:
            value, words = found["age_years"], found["age_shown"] + doubt * (found["who.age"] is None)
            limit = who.age.at_most if who.age.at_least is None else who.age.at_least
            yield self._row("who.age", who.age, found["who.age"], words, value, "years", limit, found=found)
        for path, asked, column in (
            ("who.diagnosis", who.diagnosis, "n_diagnoses"),
            ("who.never", who.never, "n_excluding"),
        ):
            if asked is not None:
                sets = ", ".join(self.knowledge.codesets[c].label for c in asked.any_of)
                missing = "" if "condition" in has else "; this source holds no diagnoses"
                if found[path] is None:
                    missing += say_hidden(gaps, "condition", asked.any_of)
                    missing += "" if doubt in missing else doubt
                unit = getattr(asked, "counted", "days")
                number = show_days(found[column]) if unit == "days" else show_records(found[column])
                words, value = f"{number} with a diagnosis of {sets}{missing}", found[column]
                if found[path] is None and asked.when == "before" and found["index_date"] is None:
                    # Nothing was counted, and 0 would say that no such diagnosis is on record.
                    words, value = f"No index day up to which a diagnosis of {sets} is looked for{missing}", None
                limit = asked.at_least if path == "who.diagnosis" else 0
                yield self._row(path, asked, found[path], words, value, unit, limit, found=found)
        if who.washout is not None:
            days = found["n_days_washout"]
            words = (
                "The first antidepressant is not inside an observed time"
                if days is None
                else (f"{show_days(days)} observed without a break before the first antidepressant")
            )
            limit = who.washout.at_least
            yield self._row("who.washout", who.washout, found["who.washout"], words, days, "days", limit, found=found)
        # Where it is not met, the numbers are those of the branch that came closest: it asks for as many.
        ways = self.definition.branch
        closest = next(b for b in ways if b.count.at_least == found["n_needed"])
        branch = ways[found["branch"] - 1] if found["branch"] else closest
        different = {"ingredient": "different drugs", "class": "different classes", "course": "courses"}
        words = f"{found['n_counted']} of {found['n_needed']} {different[branch.count.distinct]} count"
        if found["n_possible"] > found["n_counted"]:
            words += f"; {found['n_possible']} would, if everything unknown did"
        if found["count"] is None and (doubt or found["n_possible"] < found["n_needed"]):
            words += doubt or _why_open(ways, has, lacking)
        if found["count"] is False and found["n_possible"] >= found["n_needed"]:
            words += _what_else(branch)
        yield self._row(
            "count", branch.count, found["count"], words, found["n_counted"], "trials", found["n_needed"], found=found
        )

    def of_trial(self, trial: dict, verdicts: dict) -> Iterator[dict]:
        """The criteria of one trial under one branch. A trial of another role is not what the branch is about: no rows."""
        branch = self.definition.branch[verdicts["branch"] - 1]
        if branch.added is not None and trial["role"] != "antidepressant":
            asked = Asked(trial, branch.added, self.definition.trials, self.knowledge)
            yield self._row(
                "added", branch.added, verdicts["added"], *added(asked), trial=trial, branch=verdicts["branch"]
            )
        if not verdicts["trial.role"]:
            return
        for group, form in (("trial", branch.trial), ("failure", branch.failure)):
            for name, asked in fields(form):
                path = f"{group}.{name}"
                known = Asked({**verdicts, **trial}, asked, self.definition.trials, self.knowledge)
                words, value, unit, limit = FINDERS[path](known)
                yield self._row(
                    path, asked, verdicts[path], words, value, unit, limit, trial=trial, branch=verdicts["branch"]
                )

    def _row(
        self,
        path: str,
        asked: Cited,
        verdict: bool | None,
        words: str,
        value: object,
        unit: str | None,
        limit: object,
        *,
        found: dict | None = None,
        trial: dict | None = None,
        branch: int | None = None,
    ) -> dict:
        day = show_date(found["index_date"]) if found and found["index_date"] else "the index day"
        words = words.replace("{value}", str(value)).replace("{day}", day)
        ways = ("at_least", "at_most", "limits", "below", "within")
        comparison = next((c.replace("_", " ") for c in ways if getattr(asked, c, None) is not None), None)
        return {
            "definition": self.definition.name,
            "person_id": self.person_id,
            "branch": branch,
            "trial_number": trial["trial_number"] if trial else None,
            "criterion": path,
            "verdict": VERDICTS[verdict],
            "value": None if value is None else show_number(value),
            "unit": unit,
            "limit": None if limit is None else show_number(limit),
            "comparison": None
            if limit is None
            else {"within": "at most", "limits": "at least"}.get(comparison, comparison),
            "source": f"{asked.source}, {asked.locator}" if asked.source else None,
            "seen": asked.seen,
            "choice": asked.choice,
            "address": trial["address"] if trial else None,
            "found": words,
            "sentence": f"{words}. Asked: {rule(path, asked)} ({provenance(asked, self.knowledge).strip('[]')})",
        }


def _why_open(ways: tuple[Branch, ...], has: frozenset[str], lacking: str) -> str:
    """Why too few trials do not settle it."""
    if "procedure" not in has and any(branch.within.before for branch in ways):
        return "; this source holds no procedures to count up to"
    if "condition" not in has and any(branch.within.after == "first diagnosis" for branch in ways):
        return "; this source holds no diagnoses to count from"
    if lacking:
        return f"; {lacking}, so more may have been taken"
    return "; the person was never observed, so more may be missing from the record"


def _what_else(branch: Branch) -> str:
    """What was asked beside the number of trials, and was not there."""
    asked = [f"{branch.taken.at_least} different drugs taken"] if branch.taken else []
    asked += [f"{branch.added.at_least} added for {show_days(branch.added.for_)}"] if branch.added else []
    return f"; but not {' and '.join(asked)} in the same stretch" if asked else ""
