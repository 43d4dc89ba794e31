"""The command that scores questionnaires from their items."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from .app import Replace, app, err_console


@app.command()
def score(
    instrument: Annotated[
        str,
        typer.Argument(help="An instrument's id, such as phq-9 (see `stepwell knowledge list`).", show_default=False),
    ],
    items: Annotated[
        Path,
        typer.Argument(
            help="A CSV or Parquet file: one row an administration, one column an item (`3`, `q3`, `item 3`, `phq-9 3`).",
            show_default=False,
        ),
    ],
    out: Annotated[
        Path | None, typer.Option(help="A new CSV or Parquet file.", show_default="CSV on the standard output")
    ] = None,
    replace: Replace = False,
    unanswered: Annotated[
        str, typer.Option(help="What stands for no answer, beside an empty cell, with commas: 7,9.", show_default=False)
    ] = "",
    columns: Annotated[
        str, typer.Option(help="The items' columns in the order of the items, with commas.", show_default=False)
    ] = "",
    layout: Annotated[
        str | None,
        typer.Option(help="All of that for a public data set, such as nhanes; it is on the card.", show_default=False),
    ] = None,
    zero_below: Annotated[
        float | None,
        typer.Option(
            help="Read smaller numbers as 0: a SAS reader may turn a 0 into 5.4e-79.", show_default=False, min=0
        ),
    ] = None,
    describe_on: Annotated[
        str | None,
        typer.Option(
            help="Describe the group on another scale too, by a crosswalk; never one person.", show_default=False
        ),
    ] = None,
) -> None:
    """Scores a questionnaire from its items: total, band, findings, what is unknown and why, one row an administration."""
    import pyarrow.csv

    from stepwell.knowledge.score import find_instrument, score_items
    from stepwell.output import check_file, write_table
    from stepwell.text import for_spreadsheets

    if out is not None:
        check_file(out, replace)
    form = find_instrument(instrument)
    scored = score_items(
        form,
        items,
        unanswered=_words(unanswered),
        columns=_words(columns) or None,
        layout=layout,
        zero_below=zero_below,
    )
    described = _describe(form, scored, describe_on) if describe_on is not None else None
    if out is None:
        pyarrow.csv.write_csv(for_spreadsheets(scored), sys.stdout.buffer)
    else:
        write_table(out, scored, replace)
    _say(form, scored)
    if described is not None:
        err_console.print(described, markup=False, highlight=False, soft_wrap=True)


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


def _say(form, scored) -> None:
    """Counts, on the standard error, so that the rows can be piped on."""
    from stepwell.knowledge.loader import load

    def say(words: str) -> None:
        err_console.print(words, markup=False, highlight=False, soft_wrap=True)

    total, band = scored["total"], scored["band"]
    say(f"{form.label}: {scored.num_rows:,} administrations" + _parts(form, total))
    named = [band.label for band in form.bands] + [level.label for level in form.levels]
    counts = Counter(band.to_pylist())
    if named:
        say("  " + ", ".join(f"{label} {counts[label]:,}" for label in named) + f", unknown {counts[None]:,}")
    for finding in form.findings:
        n = Counter(scored[finding.id.replace("-", "_")].to_pylist())
        say(f"  {finding.label}: met {n['met']:,}, not met {n['not met']:,}, unknown {n['unknown']:,}")
    recalled = next(iter(scored["recalled"].to_pylist()), None)
    if recalled:
        say(f"  Recalled, not verified: the rules behind {recalled}. See stepwell knowledge show {form.id}")
    if form.safety is not None:
        n = Counter(scored["safety"].to_pylist())
        items = f"item{'s' * (len(form.safety.items) > 1)} {', '.join(form.safety.items)}"
        say(f"  Thoughts of death or self-harm ({items}): noted on {n['met']:,}, unknown on {n['unknown']:,}")
        if n["met"]:
            say(load().crisis["us"].text)


def _parts(form, total) -> str:
    if form.scoring is None:
        return ""
    return f", {len(total) - total.null_count:,} with a total, {total.null_count:,} unknown"


def _describe(form, scored, on: str) -> str:
    """The group on another scale, in words. Raises `QuestionError` where that cannot be said."""
    from stepwell.knowledge.crosswalk import describe_group

    names = [name for name in ("person_id", "total") if name in scored.column_names]
    group = describe_group(scored.select(names), of=form.id, on=on)
    outside = f"; {group.n_outside:,} outside its table" if group.n_outside else ""
    if group.mean is None:
        return f"  None of them has a counterpart on {on} ({group.crosswalk}{outside})."
    least, most = f"{group.least_mean:.1f}", f"{group.greatest_mean:.1f}"
    return (
        f"  The group on {on}: mean {least if least == most else f'{least} to {most}'}, from {group.mean:.1f} on {form.id} "
        f"({group.crosswalk}{outside}). For describing the group only."
    )
