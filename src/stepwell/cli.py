"""The command line. Every command is a thin line to a function that Python users call too."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
import typer.core
from rich.console import Console
from rich.markdown import Markdown
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from stepwell import __version__
from stepwell.errors import StepwellError


class _Commands(typer.core.TyperGroup):
    """Turns every expected failure into one clear message and a documented exit code."""

    def invoke(self, ctx):
        try:
            return super().invoke(ctx)
        except StepwellError as error:
            err_console.print(f"[bold red]{escape(error.title)}[/bold red]")
            for problem in error.problems:
                err_console.print(f"- {problem}", markup=False, highlight=False, soft_wrap=True)
            raise typer.Exit(error.exit_code) from None
        except KeyboardInterrupt:
            err_console.print("Stopped. Nothing half-written is left.")
            raise typer.Exit(130) from None


out_console = Console()
err_console = Console(stderr=True)

app = typer.Typer(
    cls=_Commands,
    help="Reads health records and says who has treatment-resistant depression (TRD), by which published definition and why, "
    "line by line. It explains; clinicians decide.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    epilog="Exit codes: 0 done, 10 a knowledge file or definition is wrong, 11 the records cannot be read, 12 the question "
    "cannot be answered as asked, 13 stepwell's own fault, 130 stopped by you.",
)
knowledge_app = typer.Typer(
    help="What stepwell knows and where it has it from: definitions, drugs and doses, instruments."
)
app.add_typer(knowledge_app, name="knowledge")

SourceArg = Annotated[
    Path,
    typer.Argument(
        help="The records: a folder with an OMOP CDM (CSV or Parquet), a DuckDB file that holds one, or a folder of stepwell's "
        "own CSV files (see `stepwell template`).",
        show_default=False,
    ),
]
ResultArg = Annotated[Path, typer.Argument(help="A folder that `stepwell run --out` wrote.", show_default=False)]
DefinitionFiles = Annotated[
    list[Path] | None,
    typer.Option(
        "--definition-file",
        help="A definition of your own (YAML), beside the packaged ones. Repeatable.",
        show_default=False,
    ),
]
Seed = Annotated[int, typer.Option(help="The same seed gives the same people.")]


@app.command()
def demo(
    out: Annotated[Path, typer.Option(help="A new folder for records, result and report.")] = Path("stepwell-demo"),
    people: Annotated[int, typer.Option(help="How many people to simulate.", min=50)] = 2000,
    seed: Seed = 1,
) -> None:
    """Simulates a small clinic population, runs everything on it, writes a report and says where it is."""
    from stepwell.report import write_report
    from stepwell.runner import run as run_source
    from stepwell.simulate import simulate as simulate_people

    with _progress() as report_progress:
        simulate_people(people, seed, out / "records", progress=lambda d, t: report_progress("simulating", d, t))
        result = run_source(out / "records", out / "result", progress=report_progress)
    page = write_report(result)
    _summarise(result)
    out_console.print(
        f"\nThe records are simulated: nobody in them exists.\nReport: [bold]{escape(str(page.resolve()))}[/bold]"
    )
    example = _example_person(result)
    if example:
        out_console.print(
            f"One person, line by line: stepwell why {escape(str(out / 'result'))} {example}", highlight=False
        )


@app.command()
def check(
    source: SourceArg, as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")] = False
) -> None:
    """Says what is in this data, and what can and cannot be answered from it. Writes nothing."""
    import ibis

    from stepwell.knowledge.load import load
    from stepwell.sources import open_source
    from stepwell.sources.coverage import find_coverage

    knowledge = load()
    con = ibis.duckdb.connect()
    opened = open_source(source, con, knowledge)
    coverage = find_coverage(opened, con, knowledge)
    if as_json:
        print(json.dumps(coverage.as_dict(), indent=2, sort_keys=True, ensure_ascii=False))
        return
    out_console.print(Markdown(coverage.as_markdown(opened, knowledge)))


@app.command()
def run(
    source: SourceArg,
    out: Annotated[Path, typer.Option(help="A new folder for the result.", show_default=False)],
    definition: Annotated[
        list[str] | None,
        typer.Option(
            help="Id of a definition (repeatable; default: all that the data can answer).", show_default=False
        ),
    ] = None,
    definition_file: DefinitionFiles = None,
    replace: Annotated[bool, typer.Option("--replace", help="Replace an earlier result of the same name.")] = False,
    memory: Annotated[
        str | None,
        typer.Option(help="How much memory the engine may use, such as 2GB.", show_default="most of the machine's"),
    ] = None,
    threads: Annotated[
        int | None, typer.Option(help="How many processor cores to use.", show_default="all", min=1)
    ] = None,
) -> None:
    """Judges everybody in the records by every definition asked, and writes the tables that say who, when and why."""
    from stepwell.runner import run as run_source

    with _progress() as report_progress:
        result = run_source(
            source,
            out,
            definitions=definition or (),
            definition_files=definition_file or (),
            replace_existing=replace,
            memory=memory,
            threads=threads,
            progress=report_progress,
        )
    _summarise(result)
    out_console.print(
        f"\nResult: [bold]{escape(str(out))}[/bold]  next: stepwell report {escape(str(out))}", highlight=False
    )


@app.command()
def why(
    result: ResultArg,
    person: Annotated[str, typer.Argument(help="The person's id, as the source writes it.", show_default=False)],
    definition: Annotated[
        list[str] | None, typer.Option(help="Only this definition (repeatable).", show_default=False)
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the evidence rows as JSON.")] = False,
) -> None:
    """One person, line by line: every trial, every criterion, met, not met or unknown, with its source."""
    from stepwell.result import Result
    from stepwell.why.story import tell

    opened = Result.open(result)
    if as_json:
        rows = [r for r in opened.evidence(person) if not definition or r["definition"].split("@")[0] in definition]
        print(json.dumps(rows, indent=2, ensure_ascii=False, default=str))
        return
    for line in tell(opened, person, definition or ()):
        out_console.print(line)


@app.command()
def report(
    result: ResultArg,
    out: Annotated[
        Path | None, typer.Option(help="The HTML file.", show_default="report.html in the result folder")
    ] = None,
    suppress_below: Annotated[int, typer.Option(help="Counts below this are not shown (0 shows all).", min=0)] = 5,
    person: Annotated[
        list[str] | None,
        typer.Option(help="Show this person's timeline (repeatable; default: a few chosen ones, unnamed)."),
    ] = None,
) -> None:
    """Writes one self-contained HTML page about a result."""
    from stepwell.report import write_report
    from stepwell.result import Result

    page = write_report(Result.open(result), out, suppress_below=suppress_below, people=person or ())
    out_console.print(f"Report: [bold]{escape(str(page))}[/bold]", highlight=False)


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

    with _progress() as report_progress:
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

    with _progress() as report_progress:
        rows = find_agreement(people, seed, progress=report_progress)
    out_console.print(agreement_table(rows))


@app.command()
def template(out: Annotated[Path, typer.Argument(help="A new folder.", show_default=False)]) -> None:
    """Writes empty CSV files that explain themselves, for records that are in no database."""
    from stepwell.sources import write_template

    write_template(out)
    out_console.print(
        f"Fill in the files in [bold]{escape(str(out))}[/bold], then: stepwell check {escape(str(out))}",
        highlight=False,
    )


@knowledge_app.command("list")
def knowledge_list() -> None:
    """Lists the definitions, dose standards, instruments, code sets and published ladders."""
    from stepwell.knowledge.explain import listing
    from stepwell.knowledge.load import load

    out_console.print(listing(load()), markup=False, highlight=False, soft_wrap=True)


@knowledge_app.command("show")
def knowledge_show(
    entry: Annotated[
        str, typer.Argument(metavar="ID", help="An id from `stepwell knowledge list`.", show_default=False)
    ],
    definition_file: DefinitionFiles = None,
) -> None:
    """Shows one card: every value with its source and how that was seen."""
    from stepwell.knowledge.explain import show
    from stepwell.knowledge.load import load

    out_console.print(Markdown(show(entry, load(tuple(definition_file or ())))))


@app.callback(invoke_without_command=True)
def _version(
    version: Annotated[bool, typer.Option("--version", help="Print the version.", is_eager=True)] = False,
) -> None:
    if version:
        print(__version__)
        raise typer.Exit


def main() -> None:
    """The entry point."""
    app()


@contextmanager
def _progress() -> Iterator:
    """A progress bar on stderr; what it shows is what has been done."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=err_console, transient=True) as bar:
        tasks: dict[str, int] = {}

        def show(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bar.add_task(what, total=total)
            bar.update(tasks[what], completed=done, total=total)

        yield show


def _summarise(result) -> None:
    """How many people meet each definition, in one table."""
    from rich.table import Table

    rows = result.table("determination")
    counts = rows.group_by("definition", "verdict").agg(n=rows.count()).to_pyarrow().to_pylist()
    table = Table("definition", "met", "not met", "unknown", title=f"{result.manifest['rows']['person']:,} people")
    for column in table.columns[1:]:
        column.justify = "right"
    for name in result.manifest["definitions"]:
        n = {c["verdict"]: c["n"] for c in counts if c["definition"] == name}
        table.add_row(name, *(f"{n.get(v, 0):,}" for v in ("met", "not met", "unknown")))
    out_console.print(table)
    for name, missing in result.manifest["not_answerable"].items():
        if missing:
            out_console.print(f"{name}: not answerable from this data: {'; '.join(missing)}", style="dim")


def _example_person(result) -> str | None:
    rows = result.table("determination")
    met = rows.filter(rows.verdict == "met").person_id.min().execute()
    people = result.table("person")
    if met is None or met != met:
        return None
    return people.filter(people.person_id == int(met)).source_person_id.to_pyarrow().to_pylist()[0]
