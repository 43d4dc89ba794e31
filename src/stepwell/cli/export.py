"""The command that writes a result for other systems."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from .app import ResultArg, app, out_console


class ExportForm(StrEnum):
    """What to write."""

    omop_episode = "omop-episode"
    fhir = "fhir"


@app.command()
def export(
    result: ResultArg,
    form: Annotated[
        ExportForm,
        typer.Option(
            "--as",
            help="omop-episode: treatment trials, steps and series as rows of OMOP's EPISODE and EPISODE_EVENT. "
            "fhir: determinations as FHIR R4 Observations with Provenance.",
            show_default=False,
        ),
    ],
    out: Annotated[Path, typer.Option(help="A new folder for the files.", show_default=False)],
    person: Annotated[
        list[str] | None,
        typer.Option(help="Only this person, by the source's id (repeatable).", show_default="everybody"),
    ] = None,
    first_id: Annotated[
        int,
        typer.Option(
            help="OMOP only: the first episode_id. Choose one above those in your table EPISODE.",
            min=1,
            max=2_000_000_000,
        ),
    ] = 1,
) -> None:
    """Writes a result for other systems: OMOP EPISODE tables, or FHIR. The files are as confidential as the records."""
    from stepwell.export import export_fhir, export_omop_episode
    from stepwell.result import Result

    opened = Result.open(result)
    if form is ExportForm.fhir:
        made = export_fhir(opened, out, person or ())
        for what, n in sorted(made["determinations"].items()):
            out_console.print(f"{what}: {n:,}", highlight=False)
        counted = f"{made['rows']['Observation']:,} Observations, each with its Provenance"
    else:
        made = export_omop_episode(opened, out, person or (), first_id)
        episodes = ", ".join(f"{n:,} {_PLURAL[kind]}" for kind, n in made["episodes"].items()) or "no episodes"
        counted = f"{episodes}; {made['rows']['episode_event']:,} links to source rows"
        for table, n in made["source_rows_left_out"].items():
            words = f"Left out: {n:,} source rows of {table}: stepwell knows no concept for links to this table."
            out_console.print(words, style="yellow", highlight=False)
    out_console.print(counted, highlight=False)
    out_console.print(f"Files: [bold]{escape(str(out))}[/bold]  what is in them: docs/export.md", highlight=False)


_PLURAL = {"series": "series", "step": "steps", "trial": "trials"}
