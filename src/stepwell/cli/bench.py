"""The command that measures how fast stepwell is, and how much memory it takes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from .app import AsJson, app, out_console, print_json, progress


@app.command()
def bench(
    people: Annotated[int, typer.Option(help="How many simulated people stand side by side.", min=1)] = 1_000_000,
    pairs: Annotated[int, typer.Option(help="How many rounds; in each, everything runs once.", min=1)] = 3,
    only: Annotated[
        str | None,
        typer.Option(
            help="Parts, separated by commas: floor, eras, polars, pandas, one-person; and, only when named, cardinal "
            "(installs cardinal_pythonlib in an environment of its own) and growth; or all.",
            show_default="all but cardinal and growth",
        ),
    ] = None,
    growth: Annotated[
        str | None,
        typer.Option(help="Numbers of people, separated by commas: one run of each size.", show_default="none"),
    ] = None,
    memory: Annotated[
        str | None,
        typer.Option(
            help="How much memory DuckDB may use in stepwell's runs, such as 800MB.",
            show_default="most of the machine's",
        ),
    ] = None,
    folder: Annotated[Path, typer.Option(help="Where records and results lie; records in it are used again.")] = Path(
        "stepwell-bench"
    ),
    write: Annotated[
        Path | None,
        typer.Option(help="A Markdown document with marked places for the tables.", show_default="print them"),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Measures stepwell beside a floor, the same question in pandas and Polars, and others: time and memory, as ratios."""
    from stepwell.bench.benchmark import BY_DEFAULT, PARTS, run_bench, tables_of
    from stepwell.bench.tables import check_places, tables, write_into

    parts = {None: BY_DEFAULT, "all": PARTS}.get(only) or [name.strip() for name in str(only).split(",")]
    sizes = _sizes(growth)
    if write is not None:
        check_places(write, tables_of(parts, sizes))
    with progress() as report_progress:
        found = run_bench(
            folder,
            people=people,
            pairs=pairs,
            only=parts,
            growth=sizes,
            memory=memory,
            progress=report_progress,
        )
    made = tables(found)
    if write is not None:
        write_into(write, made)
        out_console.print(f"Written into [bold]{escape(str(write))}[/bold]: {', '.join(made)}", highlight=False)
    if as_json:
        print_json("bench", found)
    elif write is None:
        for table in made.values():
            print(table, end="\n\n")


def _sizes(written: str | None) -> list[int]:
    try:
        return [int(size.replace("_", "")) for size in (written or "").split(",") if size.strip()]
    except ValueError:
        raise typer.BadParameter("numbers of people, separated by commas", param_hint="--growth") from None
