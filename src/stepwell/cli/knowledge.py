"""Commands about what stepwell knows."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.markdown import Markdown

from .app import AsJson, DefinitionFiles, app, out_console, print_json

knowledge_app = typer.Typer(
    help="What stepwell knows and where it has it from: definitions, drugs and doses, instruments."
)
app.add_typer(knowledge_app, name="knowledge")


@knowledge_app.command("list")
def knowledge_list(as_json: AsJson = False) -> None:
    """Lists the definitions, dose standards, instruments, code sets and published ladders."""
    from stepwell.knowledge.explain import entries, listing
    from stepwell.knowledge.loader import load

    if as_json:
        print_json("knowledge list", [entry._asdict() for entry in entries(load())])
        return
    out_console.print(listing(load()), markup=False, highlight=False, soft_wrap=True)


@knowledge_app.command("show")
def knowledge_show(
    entry: Annotated[
        str, typer.Argument(metavar="ID", help="An id from `stepwell knowledge list`.", show_default=False)
    ],
    definition_file: DefinitionFiles = None,
    as_json: AsJson = False,
) -> None:
    """Shows one card: every value with its source and how that was seen."""
    from stepwell.knowledge.explain import show
    from stepwell.knowledge.loader import load
    from stepwell.knowledge.plain import plain_card

    knowledge = load(tuple(definition_file or ()))
    if as_json:
        print_json("knowledge show", plain_card(entry, knowledge))
        return
    out_console.print(Markdown(show(entry, knowledge)))
