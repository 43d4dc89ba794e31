"""The application that every command registers with, and what the commands share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
import typer.core
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from stepwell.text import json_text, printable
from stepwell.version import __version__

from .net import net


class PersonCommand(typer.core.TyperCommand):
    """A command about one person, whose id may be a negative number: `stepwell why RESULT -257`."""

    def parse_args(self, ctx, args):
        """Parses the arguments. A word that begins with a dash and a digit is an argument: no option is called so."""
        return super().parse_args(ctx, self._arguments_last(args))

    def _arguments_last(self, args: list[str]) -> list[str]:
        """The options with their values, then `--` and the arguments; unchanged without a negative number among these."""
        n_values = {name: p.nargs for p in self.params for name in p.opts if not getattr(p, "is_flag", False)}
        options, arguments, rest = [], [], list(args)
        while rest:
            word = rest.pop(0)
            if word == "--":
                arguments += rest
                break
            if word.startswith("-") and not _is_negative(word):
                n = n_values.get(word, 0)
                options += [word, *rest[:n]]
                rest = rest[n:]
            else:
                arguments.append(word)
        return [*options, "--", *arguments] if any(map(_is_negative, arguments)) else args


def _is_negative(word: str) -> bool:
    return word.startswith("-") and word[1:2].isdigit()


GROUPS = {
    "Run": ("demo", "check", "run", "fhir", "template", "export"),
    "Understand": (
        "why",
        "report",
        "person",
        "programme",
        "open",
        "candidacy",
        "compare",
        "quality",
        "review",
        "methods",
    ),
    "Define": ("definition", "knowledge", "score"),
    "In the clinic": ("clinic",),
    "Simulate": ("simulate", "validate", "what-if", "calibrate", "bench"),
}
"""The commands as `stepwell --help` lists them, by what a user wants to do."""


class _Commands(typer.core.TyperGroup):
    """Lists the commands by group and runs each within the net."""

    def list_commands(self, ctx):
        """The names of the commands in the order of `GROUPS`; a command that is in no group comes last."""
        names = list(self.commands)
        for group, members in GROUPS.items():
            for name in set(members).intersection(names):
                self.commands[name].rich_help_panel = group
        grouped = [name for members in GROUPS.values() for name in members]
        return sorted(names, key=lambda name: grouped.index(name) if name in grouped else len(grouped))

    def invoke(self, ctx):
        with net(err_console):
            return super().invoke(ctx)


class PrintableConsole(Console):
    """A console on which records cannot move the cursor, change colours or hide text: Rich lets escape sequences in text pass."""

    def render(self, renderable, options=None):
        """The segments to print, with nothing in their text that a terminal would obey."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else segment._replace(text=printable(segment.text))


out_console = PrintableConsole()
err_console = PrintableConsole(stderr=True)

app = typer.Typer(
    cls=_Commands,
    help="Reads health records and says who has treatment-resistant depression (TRD), by which published definition and why, "
    "line by line. It explains; clinicians decide.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    epilog="Exit codes: 0 done, 10 a knowledge file or definition is wrong, 11 the records cannot be read, 12 the question "
    "cannot be answered as asked, 13 stepwell's own fault, 130 stopped by you, 1 where `definition test` found a difference.",
)
SourceArg = Annotated[
    str,
    typer.Argument(
        help="The records: a folder with an OMOP CDM (CSV or Parquet), a DuckDB file that holds one, FHIR R4 (NDJSON files, "
        "a bundle, a folder of bundles), a folder of stepwell's own CSV files (see `stepwell template`), or a CDM in a "
        "database: postgresql://user@host/database?schema=cdm, spark://host:7077/schema, spark:///schema.",
        show_default=False,
    ),
]
EngineOption = Annotated[
    str | None,
    typer.Option(
        "--engine",
        help="Where the work is done: duckdb, postgres or spark. The records say so themselves, but for a folder that Spark is "
        "to read (--engine spark).",
        show_default="duckdb for files, the database itself for a database",
    ),
]
ResultArg = Annotated[Path, typer.Argument(help="A folder that `stepwell run --out` wrote.", show_default=False)]
ResultOrFileArg = Annotated[
    Path,
    typer.Argument(
        help="A folder that `stepwell run --out` wrote, or a file of records (a FHIR bundle, a DuckDB file), which is run first.",
        show_default=False,
    ),
]
PersonArg = Annotated[
    str,
    typer.Argument(
        help="The person's id, as the source writes it. Write -- before an id that begins with a dash and a letter.",
        show_default=False,
    ),
]
DefinitionFiles = Annotated[
    list[Path] | None,
    typer.Option(
        "--definition-file",
        help="A definition of your own (YAML), beside the packaged ones. Repeatable.",
        show_default=False,
    ),
]
Replace = Annotated[
    bool,
    typer.Option(
        "--replace", help="Replace a file that is there already. A page of stepwell's own is replaced without it."
    ),
]
AsJson = Annotated[
    bool,
    typer.Option("--json", help="Print one JSON document for programs, in the shape that docs/commands.md describes."),
]
Seed = Annotated[int, typer.Option(help="The same seed gives the same people.")]


@app.callback(invoke_without_command=True)
def _version(
    version: Annotated[bool, typer.Option("--version", help="Print the version.", is_eager=True)] = False,
) -> None:
    if version:
        print(__version__)
        raise typer.Exit


def print_json(command: str, answer: object) -> None:
    """Prints the one JSON document of a command: the version, the command's words and its answer."""
    print(json_text({"stepwell": __version__, "command": command, "answer": answer}, default=str))


@contextmanager
def progress() -> Iterator:
    """A progress bar on stderr; what it shows is what has been done."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=err_console, transient=True) as bar:
        tasks: dict[str, int] = {}

        def show(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bar.add_task(what, total=total)
            bar.update(tasks[what], completed=done, total=total)

        yield show
