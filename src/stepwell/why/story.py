"""The evidence of one person in the terminal: the treatments, the verdict of each definition in one line, and the definitions
that were asked for with all their lines and rules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from stepwell.asked import ALL
from stepwell.errors import Problem, QuestionError
from stepwell.knowledge.definition import Definition, fields
from stepwell.knowledge.forms import Knowledge
from stepwell.knowledge.incomplete_words import of_trials, say_person_incomplete
from stepwell.knowledge.sentences import provenance, rule
from stepwell.knowledge.staging import Staging
from stepwell.result_tables import ResultTables
from stepwell.why.found import show_date, show_days, show_number
from stepwell.why.rows import of_branches
from stepwell.why.series_story import tell_series
from stepwell.why.staged import show_stage
from stepwell.why.summary import MARK, show_verdict, summarise_stages, summarise_verdicts

_WIDE_ENOUGH = 76
"""Columns of a terminal that hold the longest name of a drug, and an address, beside each other."""
_COUNTS = {True: "counts", False: "does not count", None: "unknown whether it counts"}


def tell(result: ResultTables, person: str, definitions: Sequence[str] = ()) -> Iterator[RenderableType]:
    """Renderable parts for one person: the treatments, the verdicts and stages, then what was asked for, line by line.

    `definitions` are ids of definitions and staging models, or `all`. Without any, what was run beside a single definition, or
    none, is told line by line too.

    Raises `QuestionError` for a person or a definition that the result does not hold.
    """
    known = [*(d.id for d in result.definitions), *(s.id for s in result.stagings)]
    unknown = [d for d in definitions if d not in known and d != ALL]
    if unknown:
        raise QuestionError(
            "The result does not hold this definition.",
            [Problem(d, "was not run", f"one of {', '.join((*known, ALL))}") for d in unknown],
        )
    person_id = result.person_id(person)
    evidence = result.evidence(person)
    determined = {d["definition"]: d for d in result.rows_of("determination", person_id)}
    trials = {(t["setting"], t["trial_number"]): t for t in result.rows_of("trial", person_id)}
    judged = result.rows_of("judged_trial", person_id)

    yield Text(f"Person {person}", style="bold")
    shown = [t for (setting, _), t in trials.items() if setting == result.manifest["step_setting"]]
    incomplete = result.incomplete_of(person_id)
    for sentence in say_person_incomplete(incomplete):
        yield Text(sentence, style="bold yellow")
    none = "No antidepressant or added drug "
    none += "among the drugs that are known of this person." if of_trials(incomplete) else "in these records."
    yield _Treatments(shown, result.knowledge) if shown else Text(none)
    stages = {row["staging"]: row for row in result.rows_of("stage", person_id)}
    is_alone = len(result.definitions) < 2 and not definitions
    is_all = not definitions or ALL in definitions
    if is_all and not is_alone:
        yield Text("\nVerdicts", style="bold")
        yield summarise_verdicts(result, determined, evidence)
        if result.stagings:
            yield Text("\nStages", style="bold")
            yield summarise_stages(result, stages)
        if not definitions:
            yield Text("\nOne of them line by line: --definition ID (repeatable). All: --definition all.", style="dim")
    for definition in result.definitions:
        if not (is_alone or ALL in definitions or definition.id in definitions):
            continue
        found = determined[definition.name]
        mark, colour = MARK[found["verdict"]]
        title = f"\n{mark} {definition.title} ({definition.name}, {definition.standing}): {show_verdict(found)}"
        yield Text(title, style=f"bold {colour}")
        rows = [r for r in evidence if r["definition"] == definition.name]
        setting = result.manifest["setting_of"][definition.name]
        own = {number: t for (s, number), t in trials.items() if s == setting}
        verdicts = of_branches(judged, result.manifest["rules_of"][definition.name])
        yield from tell_evidence(rows, own, verdicts, result.knowledge)
        if definition.as_code is not None:
            yield _beside_its_words(definition, determined, result)
        yield _rules(definition, result)
    told = [s for s in result.stagings if is_alone or ALL in definitions or s.id in definitions]
    yield from _tell_stages(told, result, person_id, evidence, trials, stages)
    if is_all:
        yield from tell_series(result, person)
    yield Text("\nstepwell explains what the records show; clinicians decide.")
    yield Text(result.knowledge.crisis["us"].text)


def _tell_stages(
    stagings: Sequence[Staging],
    result: ResultTables,
    person_id: int,
    evidence: list[dict],
    trials: Mapping,
    stages: Mapping[str, Mapping],
) -> Iterator[RenderableType]:
    """How the person is staged by each of these models; the trials are told once for all models that count alike."""
    if not stagings:
        return
    by_rule: dict[str, list[Staging]] = {}
    for staging in stagings:
        by_rule.setdefault(result.manifest["rule_of"][staging.name], []).append(staging)
        row = stages[staging.name]
        day = f", on {show_date(row['index_date'])}" if row["index_date"] else ""
        title = f"\n{staging.title} ({staging.name}, {staging.standing}): {show_stage(row, staging)}{day}"
        yield Text(title, style=f"bold {'green' if row['is_complete'] else 'yellow'}")
        own = [r for r in evidence if r["definition"] == staging.name and r["trial_number"] is None]
        yield _lines([{**r, "found": f"{r['value']} points: {r['found']}" if r["value"] else r["found"]} for r in own])
    judged = result.rows_of("staged_trial", person_id)
    for shared, stagings in by_rule.items():
        name = stagings[0].name
        rows = [r for r in evidence if r["definition"] == name and r["trial_number"] is not None]
        if not rows:
            continue
        yield Text(f"\nWhich trials of that episode failed, for {', '.join(s.id for s in stagings)}", style="bold")
        setting = result.manifest["setting_of"][name]
        own = {number: t for (s, number), t in trials.items() if s == setting}
        verdicts = [{**j, "branch": 1} for j in judged if j["rule"] == shared]
        yield from tell_evidence(rows, own, verdicts, result.knowledge)


def tell_evidence(
    rows: Sequence[dict], trials: Mapping[int, dict], judged: Sequence[dict], knowledge: Knowledge
) -> Iterator[RenderableType]:
    """The evidence of one person under one definition: the lines about the person, then trial by trial. `trials` by number."""
    counts = {(j["branch"], j["trial_number"]): _COUNTS[j["counts"]] for j in judged}
    several = len({branch for branch, _ in counts}) > 1
    yield _lines([r for r in rows if r["trial_number"] is None])
    for branch, number in dict.fromkeys((r["branch"], r["trial_number"]) for r in rows if r["trial_number"]):
        way = f", way {branch}" if several else ""
        own = [r for r in rows if (r["branch"], r["trial_number"]) == (branch, number)]
        headline = f"  {number}{way}. {_headline(trials[number], knowledge)}: {counts[branch, number]}"
        yield Group(Text(headline, style="bold"), _lines([r for r in own if not _goes_without_saying(r)]))


def _beside_its_words(definition: Definition, determined: Mapping[str, dict], result: ResultTables) -> RenderableType:
    """What the definition says of the person that the form is the code of, and what the code does that the words do not say."""
    said = next((d for d in result.definitions if d.id == definition.as_code.of), None)
    if said is None:
        first = f"The code of {definition.as_code.of}, which was not run beside it."
    else:
        first = f"The code of {said.name}, which in its own words is {show_verdict(determined[said.name])}."
    lines = [first, "What the code does and the words do not say:", *(f"  {one}" for one in definition.as_code.does)]
    return Padding(Text("\n".join(lines)), (0, 0, 0, 2))


class _Treatments:
    """The trials as a table. Names, days and addresses are never cut off: a narrow terminal shows no addresses."""

    def __init__(self, trials: list[dict], knowledge: Knowledge):
        self.trials, self.knowledge = trials, knowledge

    def __rich_console__(self, console, options) -> Iterator[Table]:
        names = ["", "treatment", "first day", "days", "max mg/day", "outcome"]
        names += ["read from"] if options.max_width >= _WIDE_ENOUGH else []
        table = Table(*names, box=None, pad_edge=False)
        for column in table.columns:
            column.no_wrap = column.header != "outcome"
            column.justify = "right" if column.header in ("days", "max mg/day") else "left"
        for t in self.trials:
            dose = "not known" if t["max_mg_per_day"] is None else show_number(t["max_mg_per_day"])
            label = self.knowledge.ingredients[t["ingredient"]].label
            first = show_date(t["start_date"])
            cells = (str(t["trial_number"]), label, first, str(t["n_days"]), dose, t["outcome"], t["address"])
            table.add_row(*cells[: len(names)])
        yield table


def _headline(trial: dict, knowledge: Knowledge) -> str:
    label = knowledge.ingredients[trial["ingredient"]].label
    return f"{label[0].upper()}{label[1:]}, {show_date(trial['start_date'])}, {show_days(trial['n_days'])}"


def _goes_without_saying(row: dict) -> bool:
    """An antidepressant taken as one need not be said of every trial; nor that a rule for unscored trials is silent."""
    if row["criterion"] in ("trial.role", "trial.use", "failure.taken"):
        return row["verdict"] == "met"
    return row["found"].startswith("Scored, so")


def _lines(rows: list[dict]) -> RenderableType:
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 1, 0, 0))
    for column in ("mark", "criterion", "found"):
        table.add_column(column, no_wrap=column != "found")
    for row in rows:
        mark, colour = MARK[row["verdict"]]
        asked = f"  [{_limit(row)}]" if row["comparison"] else ""
        table.add_row(Text(mark, style=colour), row["criterion"], Text.assemble(row["found"], (asked, "dim")))
    return Padding(table, (0, 0, 0, 5))


def _rules(definition: Definition, result: ResultTables) -> RenderableType:
    """What the definition asks, once, with where each rule is from."""
    groups = [("who", definition.who)]
    for branch in definition.branch:
        groups += [("trial", branch.trial), ("failure", branch.failure)]
    asked = [(f"{group}.{name}", field) for group, form in groups for name, field in fields(form)]
    for branch in definition.branch:
        asked += [(name, value) for name, value in fields(branch) if name in ("count", "within", "taken", "added")]
    lines = dict.fromkeys(
        f"{path}: {rule(path, field)} ({provenance(field, result.knowledge).strip('[]')})" for path, field in asked
    )
    return Padding(Text("\n".join(["Asked:", *(f"  {line}" for line in lines)]), style="dim"), (0, 0, 0, 2))


def _limit(row: dict) -> str:
    unit = row["unit"] or ""
    return f"{row['comparison']} {row['limit']} {unit.removesuffix('s') if row['limit'] == '1' else unit}".rstrip()
