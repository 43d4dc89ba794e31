"""Commands about simulated people."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from .app import Seed, app, out_console, progress


@app.command()
def simulate(
    people: Annotated[int, typer.Option(help="How many people.", min=1)],
    out: Annotated[Path, typer.Option(help="A new folder for the records and the truth.", show_default=False)],
    seed: Seed = 1,
    form: Annotated[str, typer.Option("--format", help="csv or parquet.")] = "parquet",
    noise: Annotated[str, typer.Option(help="How untidy the records are: realistic or off.")] = "realistic",
) -> None:
    """Writes simulated records as an OMOP folder, with the truth beside them in a folder of its own."""
    from stepwell.simulate import simulate as simulate_people

    with progress() as report_progress:
        simulate_people(
            people, seed, out, format=form, noise=noise, progress=lambda d, t: report_progress("simulating", d, t)
        )
    out_console.print(f"Records: [bold]{escape(str(out))}[/bold]  truth: {escape(str(out / 'truth'))}", highlight=False)


@app.command()
def validate(
    people: Annotated[int, typer.Option(help="How many people to simulate at each noise level.", min=100)] = 5000,
    seed: Seed = 1,
) -> None:
    """Scores the engine against simulated people whose truth is known, at no noise and at realistic noise."""
    from stepwell.bench.agreement import agreement_table, find_agreement

    with progress() as report_progress:
        rows = find_agreement(people, seed, progress=report_progress)
    out_console.print(agreement_table(rows))
