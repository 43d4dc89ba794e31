"""The results of a review as tables for a paper, with small counts withheld, and the list of charts to settle."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from stepwell.output import check_file, new_parents, write_text
from stepwell.report.disclosure import WITHHELD, Cells, Count
from stepwell.report.proportion import LEVEL, Proportion
from stepwell.text import for_spreadsheets

from .forms import COLUMNS, empty_form, lines_of
from .measures import UNDECIDED, Estimate, Measure
from .sample import MET, NOT_MET, UNKNOWN
from .score import Scored

REFERENCES = (MET, NOT_MET, UNDECIDED)
_AMONG = {
    "treated": "people with a depression diagnosis and an antidepressant",
    "everybody": "everybody in the records",
}
_TABLE, _ACCURACY, _STRATA, _TO_SETTLE = "table.md", "accuracy.csv", "strata.csv", "disagreements.csv"


@dataclass(frozen=True)
class Line:
    """One measure as it may be shown. What is withheld is None."""

    measure: Measure
    among_decided: Proportion | None
    least: float | None
    most: float | None
    is_withheld: bool


@dataclass(frozen=True)
class Shown:
    """The results as they may be shown."""

    scored: Scored
    counts: dict[tuple[str, str], Count]
    """`people` and `charts` by stratum; charts by stratum and what the reviewers say. An empty name stands for all."""
    lines: tuple[Line, ...]

    @property
    def is_withheld(self) -> bool:
        """Whether anything is."""
        return any(count.n is None for count in self.counts.values())


def show(scored: Scored, suppress_below: int = 5) -> Shown:
    """Withholds counts from 1 to `suppress_below` - 1 and what would give them away, and every measure that rests on one."""
    strata = scored.sample.strata
    cells = Cells()
    cells.add(("people", ""), sum(s.people for s in strata))
    cells.add(("charts", ""), sum(s.sampled for s in strata), keep=True)
    for reference in REFERENCES:
        cells.add(("", reference), sum(scored.cells.get((s.name, reference), 0) for s in strata))
    for s in strata:
        cells.add(("people", s.name), s.people, keep=True)
        cells.add(("charts", s.name), s.sampled, keep=True)
        for reference in REFERENCES:
            cells.add((s.name, reference), scored.cells.get((s.name, reference), 0))
        cells.add_sum(("charts", s.name), [(s.name, reference) for reference in REFERENCES])
        if s.sampled == s.people:  # read whole: one number gives the other
            cells.add_sum(("people", s.name), [("charts", s.name)])
    for what in ("people", "charts"):
        cells.add_sum((what, ""), [(what, s.name) for s in strata])
    for reference in REFERENCES:
        cells.add_sum(("", reference), [(s.name, reference) for s in strata])
    cells.add_sum(("charts", ""), [("", reference) for reference in REFERENCES])
    counts = cells.protect(suppress_below)
    return Shown(scored, counts, tuple(_line(e, scored, counts) for e in scored.estimates))


def _line(estimate: Estimate, scored: Scored, counts: dict) -> Line:
    def hidden(used) -> bool:
        """Whether a count in use, or the weight of its stratum, is withheld."""
        return any(
            used(s.verdict, r) and None in (counts[s.name, r].n, counts["people", s.name].n)
            for s in scored.sample.strata
            for r in REFERENCES
            if counts[s.name, r].n != 0
        )

    measure = estimate.measure
    hides_decided = hidden(lambda v, r: any(measure.counts(v, r)))
    hides_bounds = hidden(lambda v, r: any(any(ways) for ways in measure.open_counts(v, r)))
    return Line(
        measure,
        None if hides_decided else estimate.among_decided,
        None if hides_bounds else estimate.least,
        None if hides_bounds else estimate.most,
        hides_decided or hides_bounds,
    )


def write_scored(scored: Scored, out: str | Path, *, suppress_below: int = 5, replace_existing: bool = False) -> Shown:
    """Writes into the folder `out`: `table.md`, `accuracy.csv` and `strata.csv` for the paper, and `disagreements.csv`, a form
    for whoever settles them, about single people. Raises `QuestionError` where it cannot be written."""
    shown, out = show(scored, suppress_below), Path(out)
    files = {
        _TABLE: table(shown, suppress_below),
        _ACCURACY: _csv(_ACCURACY_COLUMNS, [_row(line) for line in shown.lines]),
        _STRATA: _csv(_STRATA_COLUMNS, _strata_rows(shown)),
    }
    if scored.disagreed:
        files[_TO_SETTLE] = _to_settle(scored)
    with new_parents(out / _TABLE):
        for name in files:
            check_file(out / name, replace_existing)
        for name, text in files.items():
            write_text(out / name, text, replace_existing)
    return shown


def table(shown: Shown, suppress_below: int) -> str:
    """Both tables in Markdown, with what a reader needs to know of them."""
    scored, sample = shown.scored, shown.scored.sample
    n_forms = f"{len(scored.forms)} {'reviewer' if len(scored.forms) == 1 else 'reviewers'}"
    names = ", ".join(form.name for form in scored.forms)
    parts = [
        f"# {sample.definition} against chart review\n",
        f"{shown.counts['charts', ''].text} charts of {_AMONG[sample.among]}: a random sample, stratified by the definition's "
        f"verdict, read by {n_forms} ({names}) who did not see it. They were asked: “{sample.question}”\n",
        _markdown(
            ("Definition", "People", "Charts read", *(f"Reviewers: {r}" for r in REFERENCES)),
            [(r["stratum"], r["people"], r["charts"], *(r[ref] for ref in REFERENCES)) for r in _strata_rows(shown)],
        ),
        _markdown(
            (
                "Measure",
                "Estimate",
                f"{LEVEL:.0%} interval",
                "Charts",
                "All open cases against it",
                "All open cases for it",
            ),
            [_cells(line) for line in shown.lines],
        ),
        *_agreement_lines(scored),
        *_notes(shown, suppress_below),
    ]
    return "\n".join(parts)


def _cells(line: Line) -> tuple[str, ...]:
    p, nothing = line.among_decided, WITHHELD if line.is_withheld else "–"
    estimate = ("–" if not line.is_withheld else WITHHELD, nothing, nothing)
    if p is not None:
        estimate = (f"{p.value:.1%}", f"{100 * p.low:.1f} to {100 * p.high:.1f} %", str(p.of))
    bounds = tuple(nothing if b is None else f"{b:.1%}" for b in (line.least, line.most))
    name = (
        line.measure.name if line.measure.name == line.measure.short else f"{line.measure.name} ({line.measure.short})"
    )
    return (name.capitalize() if name == line.measure.short else name[0].upper() + name[1:], *estimate, *bounds)


def _agreement_lines(scored: Scored) -> list[str]:
    if len(scored.forms) == 1:
        return ["One reviewer read the charts: agreement between reviewers is not known.\n"]
    said = []
    for a in scored.agreements:
        kappa = "not defined: both gave one and the same answer to every chart"
        if a.kappa is not None:
            kappa = f"{a.kappa.value:.2f}"
            kappa += "" if a.kappa.low is None else f" ({LEVEL:.0%} interval {a.kappa.low:.2f} to {a.kappa.high:.2f})"
        same = f"{a.same.value:.1%} of {a.same.of} charts ({100 * a.same.low:.1f} to {100 * a.same.high:.1f} %)"
        said.append(f"Reviewers {a.first} and {a.second}: the same answer on {same}; Cohen's kappa {kappa}.\n")
    return said


def _notes(shown: Shown, suppress_below: int) -> list[str]:
    scored = shown.scored
    n_open = sum(scored.cells.get((s.name, UNDECIDED), 0) for s in scored.sample.strata)
    notes = [
        "Estimates are among people of whom both the definition and the reviewers say met or not met. Each chart is weighted by "
        "the inverse of the probability of being drawn. The last two columns count every open case against the definition, then "
        f"for it: *{UNDECIDED}* of the reviewers and, in sensitivity and specificity, *{UNKNOWN}* of the definition, which is "
        f"never counted as *{NOT_MET}* silently. A predictive value is about people of whom the definition decides.\n",
        "Intervals: Wilson's for a share of one stratum; for the others the Wilson intervals of the strata combined by the "
        "method of variance estimates recovery (MOVER). Kappa: asymptotic. Agreement and kappa are of the charts that were read, "
        "in which the strata do not have the shares of the population.\n",
    ]
    if any(s.verdict == NOT_MET for s in scored.sample.strata):
        notes.append("Enough drugs: as many different antidepressants as the definition needs trials.\n")
    if len(scored.forms) > 1:
        settled = f"{len(scored.settled)} of them settled by a further reviewer" if scored.settled else "none settled"
        where = " (those count as undecided)" if len(scored.settled) < len(scored.disagreed) else ""
        notes.append(f"The reviewers differ on {len(scored.disagreed)} charts, {settled}{where}.\n")
    if n_open:
        notes.append("Undecided: the reviewers could not say, or differ and nobody settled it.\n")
    if scored.sample.outside:
        count = scored.sample.outside
        said = f"{count:,}" if count >= suppress_below else f"Fewer than {suppress_below}"
        notes.append(f"{said} people of these records are outside the population that was drawn from.\n")
    if shown.is_withheld:
        notes.append(
            f"Counts from 1 to {suppress_below - 1} are withheld, with what would give them away and every measure that rests on "
            "one. `--suppress-below 0` shows them; ask first whoever answers for the records whether they may be published.\n"
        )
    return notes


_ACCURACY_COLUMNS = ("measure", "estimate", "low", "high", "charts", "least", "most", "withheld")
_STRATA_COLUMNS = ("stratum", "people", "charts", *REFERENCES)


def _row(line: Line) -> dict:
    p = line.among_decided
    numbers = {} if p is None else {"estimate": p.value, "low": p.low, "high": p.high, "charts": p.of}
    numbers |= {"least": line.least, "most": line.most}
    rounded = {k: round(v, 6) if isinstance(v, float) else v for k, v in numbers.items()}
    return {"measure": line.measure.name, **rounded, "withheld": "yes" if line.is_withheld else "no"}


def _strata_rows(shown: Shown) -> list[dict]:
    named = [(s.label, s.name) for s in shown.scored.sample.strata]
    return [
        {"stratum": label, "people": shown.counts["people", name].text, "charts": shown.counts["charts", name].text}
        | {reference: shown.counts[name, reference].text for reference in REFERENCES}
        for label, name in (*named, ("all", ""))
    ]


def _to_settle(scored: Scored) -> str:
    extra = [f"{what} {form.name}" for form in scored.forms for what in ("verdict", "confidence", "reason")]
    rows = pa.Table.from_pylist(list(lines_of(scored.forms, scored.disagreed)))
    rows = for_spreadsheets(rows).to_pylist()
    return empty_form(scored.sample.id, scored.disagreed, (*COLUMNS, *extra), rows)


def _csv(columns: Sequence[str], rows: Sequence[dict]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] + ["---:"] * (len(head) - 1), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"
