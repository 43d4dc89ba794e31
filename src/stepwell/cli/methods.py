"""The command that writes what a paper's methods section needs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from .app import ResultArg, app, out_console


@app.command()
def methods(
    result: ResultArg,
    out: Annotated[Path, typer.Option(help="A new folder for the files.", show_default=False)],
    definition: Annotated[
        list[str] | None,
        typer.Option(help="Describe this definition only (repeatable).", show_default="all that were run"),
    ] = None,
    suppress_below: Annotated[int, typer.Option(help="Counts below this are not shown (0 shows all).", min=0)] = 5,
) -> None:
    """Writes what a paper needs: methods section, table of choices (RECORD-PE, HARPER), attrition diagram, references."""
    from stepwell.methods import write_methods
    from stepwell.methods.choices import TO_BE_STATED
    from stepwell.methods.folder import FILES
    from stepwell.result import Result

    choices = write_methods(Result.open(result), out, definitions=definition or (), suppress_below=suppress_below)
    for name, what in FILES.items():
        out_console.print(f"{name:<18} {what}", highlight=False)
    n = sum(choice.stated.startswith(TO_BE_STATED) for choice in choices)
    out_console.print(
        f"\n{len(choices)} rows in the table of choices; {n} are left for the authors to state."
        f"\nFolder: [bold]{escape(str(out))}[/bold]",
        highlight=False,
    )
