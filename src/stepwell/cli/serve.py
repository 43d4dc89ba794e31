"""Command that shows a result in the browser: open."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.markup import escape

from .app import ResultArg, app, out_console


@app.command("open")
def open_result(
    result: ResultArg,
    port: Annotated[int, typer.Option(help="The port to serve at.", show_default="one that is free", min=0)] = 0,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open the browser.")] = True,
) -> None:
    """Shows a result in the browser: find people and definitions, open their pages. On this machine only; Ctrl-C ends it."""
    import webbrowser

    from stepwell.result import Result
    from stepwell.serve import serve

    def say(address: str) -> None:
        out_console.print(f"[bold]{escape(address)}[/bold]", highlight=False, soft_wrap=True)
        out_console.print(
            "The pages name people and show dates. Whoever has this address on this machine can read them. Ctrl-C ends it."
        )
        if browser:
            webbrowser.open(address)

    serve(Result.open(result), port=port, then=say)
