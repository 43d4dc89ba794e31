"""The evidence of one person, told in the terminal: the treatments first, then each definition with its lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import RenderableType
from rich.padding import Padding
from rich.text import Text

from stepwell.errors import Problem, QuestionError
from stepwell.result import Result
from stepwell.why import show_date, show_number

_MARK = {"met": ("✓", "green"), "not met": ("✗", "red"), "unknown": ("?", "yellow")}


def tell(result: Result, person: str, definitions: Sequence[str] = ()) -> Iterator[RenderableType]:
    """Renderable lines for one person. `definitions` are ids; none means all that were run.

    Raises `QuestionError` for a person or a definition that the result does not hold.
    """
    known = {d.id: d for d in result.definitions}
    unknown = [d for d in definitions if d not in known]
    if unknown:
        raise QuestionError(
            "The result does not hold this definition.",
            [Problem(d, "was not run", f"one of {', '.join(known)}") for d in unknown],
        )
    person_id = result.person_id(person)
    evidence = result.evidence(person)
    determined = {d["definition"]: d for d in result.rows_of("determination", person_id)}
    trials = {(t["setting"], t["trial_number"]): t for t in result.rows_of("trial", person_id)}
    judged = {(j["definition"], j["branch"], j["trial_number"]): j for j in result.rows_of("judged_trial", person_id)}

    yield Text(f"Person {person}", style="bold")
    setting = result.manifest["step_setting"]
    own = [t for (s, _), t in trials.items() if s == setting]
    yield Text("Treatments" if own else "No antidepressant or added drug in these records.")
    for trial in own:
        yield Padding(Text(_headline(trial, result)), (0, 0, 0, 2))
    for definition in result.definitions:
        if definitions and definition.id not in definitions:
            continue
        found = determined[definition.name]
        mark, colour = _MARK[found["verdict"]]
        when = f" on {show_date(found['met_date'])}" if found["met_date"] else ""
        yield Text(
            f"\n{mark} {definition.title} ({definition.name}, {definition.status}): {found['verdict']}{when}",
            style=f"bold {colour}",
        )
        rows = [r for r in evidence if r["definition"] == definition.name]
        for row in (r for r in rows if r["trial_number"] is None):
            yield _line(row, 2)
        for branch, number in dict.fromkeys(
            (r["branch"], r["trial_number"]) for r in rows if r["trial_number"] is not None
        ):
            trial = trials[result.manifest["setting_of"][definition.name], number]
            counts = judged[definition.name, branch, number]["counts"]
            words = {True: "counts", False: "does not count", None: "unknown whether it counts"}[counts]
            way = f" (way {branch})" if len(definition.branch) > 1 else ""
            yield Padding(Text(f"Trial {number}: {_headline(trial, result)}: {words}{way}", style="bold"), (0, 0, 0, 2))
            for row in rows:
                if (row["branch"], row["trial_number"]) == (branch, number):
                    yield _line(row, 4)
    yield Text("\nstepwell explains what the records show; clinicians decide.")
    yield Text("For someone in danger or crisis, in the US: call or text 988; in an emergency call 911.")


def _headline(trial: dict, result: Result) -> str:
    label = result.knowledge.ingredients[trial["ingredient"]].label
    dose = (
        f", up to {show_number(trial['max_mg_per_day'])} mg/day"
        if trial["max_mg_per_day"] is not None
        else ", dose not known"
    )
    span = f"{show_date(trial['start_date'])} to {show_date(trial['end_date'])}"
    return f"{label}, {span}, {trial['n_days']} days{dose} [{trial['address']}]: {trial['outcome']}"


def _line(row: dict, indent: int) -> RenderableType:
    mark, colour = _MARK[row["verdict"]]
    return Padding(
        Text.assemble((f"{mark} ", colour), (f"{row['criterion']}: ", "bold"), row["sentence"]), (0, 0, 0, indent)
    )
