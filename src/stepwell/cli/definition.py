"""Commands about a definition of one's own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markdown import Markdown
from rich.markup import escape

from .app import AsJson, app, out_console, print_json

definition_app = typer.Typer(
    help="A definition of your own: a form to fill in, what is wrong with it, what it says, whom it means.",
    no_args_is_help=True,
)
app.add_typer(definition_app, name="definition")
FileArg = Annotated[Path, typer.Argument(metavar="FILE", help="The definition's file (YAML).", show_default=False)]


@definition_app.command("new")
def new(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A new file, such as my-rule.yaml.", show_default=False)],
    start: Annotated[
        str | None,
        typer.Option("--from", metavar="ID", help="Begin with a packaged definition.", show_default="an empty form"),
    ] = None,
) -> None:
    """Writes a form that explains itself, and a file of people to try it on."""
    from stepwell.knowledge.loader import load
    from stepwell.own import write_new

    form, people = write_new(file, load(), start)
    _say(f"Written: {form} (the definition) and {people} (people to try it on).")
    _say(f"Open {form} in a text editor, fill it in, then: stepwell definition check {form}")


@definition_app.command("check")
def check(file: FileArg, as_json: AsJson = False) -> None:
    """Says everything that is wrong with it: the line, what was found there, what to write."""
    definition, _ = _read(file)
    if as_json:
        said = {"definition": definition.name, "title": definition.title, "standing": definition.standing}
        print_json("definition check", said)
        return
    _say(f"Nothing is wrong with {file}.")
    _say(f"It is {definition.name}: {definition.title}")
    _say(f"What it says, in sentences: stepwell definition explain {file}")


@definition_app.command("explain")
def explain(file: FileArg, as_json: AsJson = False) -> None:
    """Says it in sentences, with the source of every value."""
    from stepwell.knowledge.explain import card

    definition, knowledge = _read(file)
    if as_json:
        print_json("definition explain", definition.model_dump(mode="json", by_alias=True, exclude_none=True))
        return
    out_console.print(Markdown(card(definition, knowledge)))


@definition_app.command("test")
def try_out(
    file: FileArg,
    people: Annotated[
        Path | None,
        typer.Argument(
            metavar="PEOPLE", help="People written down (YAML).", show_default="FILE-people.yaml, beside FILE"
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Judges people that you write down; says whose verdict is another than you expected, and why. Exit code 1 when any is."""
    from stepwell.own import people_file, read_people, try_people
    from stepwell.own.telling import plain_tried, tell_tried

    definition, knowledge = _read(file)
    tried = try_people(read_people(people or people_file(file), knowledge), definition, knowledge)
    if as_json:
        print_json("definition test", plain_tried(tried))
    else:
        for line in tell_tried(tried, knowledge):
            out_console.print(line, highlight=False)
    if any(one.differences for one in tried):
        raise typer.Exit(1)


def _read(file: Path):
    """The definition in the file, and everything that is known beside it."""
    from stepwell.knowledge.loader import load_own

    return load_own(file)


def _say(line: str) -> None:
    out_console.print(escape(line), highlight=False, soft_wrap=True)
