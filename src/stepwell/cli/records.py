"""Commands from records to a report: demo, check, run, why, report, template."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markdown import Markdown
from rich.markup import escape

from .app import (
    AsJson,
    DefinitionFiles,
    EngineOption,
    PersonArg,
    PersonCommand,
    Replace,
    ResultArg,
    ResultOrFileArg,
    Seed,
    SourceArg,
    app,
    out_console,
    print_json,
    progress,
)


@app.command()
def demo(
    out: Annotated[Path, typer.Option(help="A new folder for records, result and report.")] = Path("stepwell-demo"),
    people: Annotated[int, typer.Option(help="How many people to simulate.", min=50)] = 4000,
    seed: Seed = 1,
) -> None:
    """Simulates a small clinic population, runs everything on it, writes two pages and says where they are."""
    from stepwell.report import write_report
    from stepwell.report.programme_page import write_programme
    from stepwell.runner import run as run_source
    from stepwell.simulate import simulate as simulate_people

    with progress() as report_progress:
        simulate_people(
            people, seed, out / "records", scored="doses", progress=lambda d, t: report_progress("simulating", d, t)
        )
        result = run_source(out / "records", out / "result", progress=report_progress)
    page = write_report(result)
    programme = write_programme(result, page.with_name("programme.html"))
    _summarise(result)
    out_console.print(
        f"\nThe records are simulated: nobody in them exists.\nReport: [bold]{escape(str(page.resolve()))}[/bold]"
        f"\nTreatments given in sessions: [bold]{escape(str(programme.resolve()))}[/bold]"
    )
    example = _example_person(result)
    if example:
        out_console.print(
            f"One person, line by line: stepwell why {escape(str(out / 'result'))} {example}", highlight=False
        )


@app.command()
def check(
    source: SourceArg,
    as_json: AsJson = False,
    engine: EngineOption = None,
) -> None:
    """Says what is in this data, and what can and cannot be answered from it. Writes nothing."""
    from stepwell.engines import connect
    from stepwell.knowledge.loader import load
    from stepwell.sources import open_source
    from stepwell.sources.coverage import find_coverage

    knowledge = load()
    with connect(source, engine=engine) as place:
        if place.engine.kind == "spark":
            from stepwell.spark_workers import check_workers

            check_workers(place.engine)
        opened = open_source(place.location, place.engine.tables, knowledge, place.vocabulary)
        coverage = find_coverage(opened, knowledge)
    if as_json:
        print_json("check", coverage.as_dict())
        return
    out_console.print(Markdown(coverage.as_markdown(opened, knowledge)))


@app.command()
def run(
    source: SourceArg,
    out: Annotated[Path, typer.Option(help="A new folder for the result.", show_default=False)],
    definition: Annotated[
        list[str] | None,
        typer.Option(
            help="Id of a definition (repeatable), or `all`; default: six that differ in kind, and your own.",
            show_default=False,
        ),
    ] = None,
    definition_file: DefinitionFiles = None,
    staging: Annotated[
        list[str] | None,
        typer.Option(
            help="Id of a staging model (repeatable), or `all`; default: those that rest on nothing recalled.",
            show_default=False,
        ),
    ] = None,
    tables: Annotated[
        str | None,
        typer.Option(
            help="Write these tables only, such as determination,trial; for reading, since no command can explain such a result.",
            show_default="all",
        ),
    ] = None,
    replace: Annotated[
        bool,
        typer.Option(
            "--replace", help="Replace an earlier result of the same name; never a folder that holds anything else."
        ),
    ] = False,
    engine: EngineOption = None,
    memory: Annotated[
        str | None,
        typer.Option(help="How much memory DuckDB may use, such as 2GB.", show_default="most of the machine's"),
    ] = None,
    threads: Annotated[
        int | None,
        typer.Option(help="How many processor cores DuckDB may use.", show_default="all", min=1, max=1024),
    ] = None,
) -> None:
    """Judges everybody in the records by every definition asked, and writes the tables that say who, when and why."""
    from stepwell.runner import run as run_source

    with progress() as report_progress:
        result = run_source(
            source,
            out,
            definitions=definition or (),
            definition_files=definition_file or (),
            stagings=staging or (),
            tables=[name.strip() for name in (tables or "").split(",") if name.strip()],
            replace_existing=replace,
            engine=engine,
            memory=memory,
            threads=threads,
            progress=report_progress,
        )
    _summarise(result)
    then = f"  next: stepwell report {escape(str(out))}" if tables is None else ""
    out_console.print(f"\nResult: [bold]{escape(str(out))}[/bold]{then}", highlight=False)


@app.command(cls=PersonCommand)
def why(
    result: ResultOrFileArg,
    person: PersonArg,
    definition: Annotated[
        list[str] | None,
        typer.Option(
            help="A definition or staging model to tell line by line (repeatable), or `all`; default: each in one line.",
            show_default=False,
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """One person, line by line: every trial, every criterion, met, not met or unknown, with its source."""
    from stepwell.asked import ALL
    from stepwell.result import Result
    from stepwell.runner import run as run_source
    from stepwell.why.story import tell

    opened = run_source(result, definitions=definition or ()) if result.is_file() else Result.open(result)
    if as_json:
        is_all = not definition or ALL in definition
        rows = [r for r in opened.evidence(person) if is_all or r["definition"].split("@")[0] in definition]
        rows += opened.series_evidence(person) if is_all else []
        print_json("why", rows)
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
    replace: Replace = False,
) -> None:
    """Writes one self-contained HTML page about a result."""
    from stepwell.report import write_report
    from stepwell.result import Result

    opened = Result.open(result)
    page = write_report(opened, out, suppress_below=suppress_below, people=person or (), replace_existing=replace)
    out_console.print(f"Report: [bold]{escape(str(page))}[/bold]", highlight=False)


@app.command()
def template(out: Annotated[Path, typer.Argument(help="A new folder.", show_default=False)]) -> None:
    """Writes empty CSV files that explain themselves, for records that are in no database."""
    from stepwell.sources import write_template

    write_template(out)
    out_console.print(
        f"Fill in the files in [bold]{escape(str(out))}[/bold], then: stepwell check {escape(str(out))}",
        highlight=False,
    )


def _summarise(result) -> None:
    """Prints how many people meet each definition, and which definitions these records cannot answer."""
    from rich.table import Table

    from stepwell.knowledge.incomplete_words import say_source_incomplete

    for sentence in say_source_incomplete(result.drug_rows):
        out_console.print(sentence, style="bold yellow", highlight=False)
    counts = result.verdicts()
    n_people = result.manifest["rows"]["person"]
    title = "1 person" if n_people == 1 else f"{n_people:,} people"
    table = Table("definition", "met", "not met", "unknown", title=title)
    for column in table.columns[1:]:
        column.justify = "right"
    for name in result.manifest["definitions"]:
        table.add_row(name, *(f"{counts.get((name, v), 0):,}" for v in ("met", "not met", "unknown")))
    if result.manifest["definitions"]:
        out_console.print(table)
    else:
        out_console.print(
            f"{table.title}. No definition of treatment-resistant depression can be answered from these records. The result "
            "holds everything else: exposures, trials, scores, sessions, series and what followed them.",
        )
    unanswered: dict[str, list[str]] = {}
    for name, missing in result.manifest["not_answerable"].items():
        unanswered.setdefault("; ".join(missing), []).append(name)
    for missing, names in unanswered.items():
        out_console.print(f"Not answerable from this data, because {missing}: {', '.join(names)}", style="dim")


def _example_person(result) -> str | None:
    rows = result.table("determination")
    met = rows.filter(rows.verdict == "met").person_id.min().execute()
    people = result.table("person")
    if met is None or met != met:
        return None
    return people.filter(people.person_id == int(met)).source_person_id.to_pyarrow().to_pylist()[0]
