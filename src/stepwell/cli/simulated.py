"""Commands about simulated people."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from .app import AsJson, Replace, Seed, app, out_console, print_json, progress


@app.command()
def simulate(
    people: Annotated[
        int,
        typer.Option(
            help="How many people: 1 to 50,000,000, so that ids stay within OMOP's 32 bits. One takes about 0.5 KB of disk as "
            "Parquet, 5 KB as CSV."
        ),
    ],
    out: Annotated[Path, typer.Option(help="A new folder for the records and the truth.", show_default=False)],
    seed: Seed = 1,
    form: Annotated[
        str,
        typer.Option(
            "--format",
            help="omop-parquet, omop-csv or omop-duckdb (parquet, csv, duckdb for short), fhir, or csv-folder: stepwell's own.",
        ),
    ] = "omop-parquet",
    noise: Annotated[str, typer.Option(help="How untidy the records are: realistic or off.")] = "realistic",
    scored: Annotated[
        str,
        typer.Option(
            help="When people are scored: at visits, or (doses) also before doses of esketamine and ketamine, as such clinics do."
        ),
    ] = "visits",
    offer: Annotated[
        list[str] | None,
        typer.Option(
            help="A treatment offered, after so many failed trials: esketamine=2. Several may be given; none for nothing.",
            show_default="as parameters.yaml says",
        ),
    ] = None,
) -> None:
    """Writes simulated records as OMOP, FHIR or stepwell's own CSV, with the truth beside them in a folder of its own."""
    from stepwell.simulate import model_parameters, unverified
    from stepwell.simulate import simulate as simulate_people

    with progress() as report_progress:
        simulate_people(
            people,
            seed,
            out,
            format=form,
            noise=noise,
            scored=scored,
            policy=_policy(offer),
            progress=lambda d, t: report_progress("simulating", d, t),
        )
    out_console.print(f"Records: [bold]{escape(str(out))}[/bold]  truth: {escape(str(out / 'truth'))}", highlight=False)
    how = Counter(u.how for u in unverified(model_parameters()))
    out_console.print(
        f"Nobody in them exists. Of the model's numbers {how['assumed']} are assumed and {how['recalled']} only recalled; "
        "simulation.json names them.",
        highlight=False,
    )


def _policy(offers: list[str] | None):
    """The policy of `--offer`, with uptake and wait as usual; None where nothing is said."""
    from dataclasses import replace

    from stepwell.errors import Problem, QuestionError
    from stepwell.simulate import Policy, Treatment, usual_policy

    if offers is None:
        return None
    usual = {offer.treatment.name.lower(): offer for offer in usual_policy().offers}
    problems, chosen = [], []
    for said in offers if offers != ["none"] else ():
        name, _, after = said.partition("=")
        if name not in usual or not after.isdigit():
            known = ", ".join(t.name.lower() for t in Treatment)
            problems.append(
                Problem("--offer", f"is {said!r}", f"one of {known}, =, and a number", "such as esketamine=2")
            )
        else:
            chosen.append(replace(usual[name], after=int(after)))
    if problems:
        raise QuestionError("Nothing was simulated", problems)
    return Policy(offers=tuple(chosen))


@app.command()
def validate(
    people: Annotated[int, typer.Option(help="How many people to simulate at each noise level.", min=100)] = 2000,
    seed: Seed = 1,
    knobs: Annotated[
        bool, typer.Option("--knobs", help="Also run with each kind of noise alone (takes about five times as long).")
    ] = False,
    html: Annotated[Path | None, typer.Option(help="Write a page with charts there, too.", show_default="none")] = None,
    replace: Replace = False,
    as_json: AsJson = False,
) -> None:
    """Scores the engine against simulated people whose truth is known, at several levels of noise."""
    from stepwell.output import check_file, in_folder
    from stepwell.validation.agreement import validate as validate_engine
    from stepwell.validation.validation_page import explained, tables, write_validation

    if html is not None:
        html = check_file(in_folder(html, "validation.html"), replace)
    with progress() as report_progress:
        found = validate_engine(people, seed, knobs=knobs, progress=report_progress)
    page = None if html is None else write_validation(found, html, replace_existing=replace)
    if as_json:
        print_json("validate", asdict(found))
        return
    for table in tables(found):
        out_console.print(table)
    out_console.print(explained(found), highlight=False)
    if page is not None:
        out_console.print(f"Page: [bold]{escape(str(page.resolve()))}[/bold]", highlight=False)
