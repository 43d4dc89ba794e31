"""The command that measures how fast stepwell is, and how much memory it takes."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from stepwell.errors import Problem, QuestionError

from .app import AsJson, app, out_console, print_json, progress

_BENCHMARKS = Path(__file__).parents[3] / "benchmarks"


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
    """Measures stepwell beside a floor, the same question in pandas and Polars, and others: time and memory, as ratios. Needs a
    checkout of stepwell's repository: the rivals are not installed."""
    _find_benchmarks()
    from stepwell_bench.benchmark import BY_DEFAULT, PARTS, run_bench, tables_of
    from stepwell_bench.tables import check_places, tables, write_into

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


def _find_benchmarks() -> None:
    """Lets the benchmark of the checkout be imported. Raises `QuestionError` where stepwell does not run from one."""
    if find_spec("stepwell_bench") is not None:
        return
    if not (_BENCHMARKS / "stepwell_bench").is_dir():
        found = "stepwell is installed without its benchmark"
        remedy = "clone the repository, install it with `pip install -e '.[bench]'`, and run the command again"
        raise QuestionError("Nothing was measured.", [Problem("bench", found, "a checkout of the repository", remedy)])
    sys.path.append(str(_BENCHMARKS))


def _sizes(written: str | None) -> list[int]:
    try:
        return [int(size.replace("_", "")) for size in (written or "").split(",") if size.strip()]
    except ValueError:
        raise typer.BadParameter("numbers of people, separated by commas", param_hint="--growth") from None
