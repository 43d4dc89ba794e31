"""The commands of a chart review: draw charts for clinicians to read, and compare what they say with a definition."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.markdown import Markdown
from rich.markup import escape

from .app import AsJson, Replace, ResultArg, Seed, app, err_console, out_console, print_json, progress

review_app = typer.Typer(
    help="Chart review: what clinicians say of a blinded sample of people, and how a definition does against them.",
    no_args_is_help=True,
)
app.add_typer(review_app, name="review")


class Population(StrEnum):
    """Of whom the sample is drawn."""

    treated = "treated"
    everybody = "everybody"


@review_app.command("sample")
def sample(
    result: ResultArg,
    definition: Annotated[str, typer.Option(help="The definition to validate, by its id.", show_default=False)],
    out: Annotated[Path, typer.Option(help="A new folder for pages, forms and key.", show_default=False)],
    size: Annotated[int, typer.Option("--sample", help="How many people are read.", min=1)] = 50,
    take: Annotated[
        list[str] | None,
        typer.Option(
            metavar="STRATUM=N",
            help="How many people of one stratum (repeatable): met, unknown, not-met-enough-drugs (not met, although the person "
            "took as many different antidepressants as the definition needs trials), not-met-fewer-drugs.",
            show_default="equal parts; a small stratum is read whole",
        ),
    ] = None,
    among: Annotated[
        Population, typer.Option(help="treated: people with a depression diagnosis and an antidepressant.")
    ] = Population.treated,
    question: Annotated[
        str | None,
        typer.Option(
            help="What reviewers are asked. Name no definition.", show_default="whether the person had TRD at any time"
        ),
    ] = None,
    reviewers: Annotated[int, typer.Option(help="How many forms to write.", min=1, max=26)] = 2,
    seed: Seed = 1,
) -> None:
    """Draws people by the definition's verdict; writes a page for each without any verdict, reviewers' forms, and a key."""
    from stepwell.result import Result
    from stepwell.review import QUESTION, draw_sample, write_review

    opened = Result.open(result)
    drawn = draw_sample(
        opened, definition, size, seed=seed, take=_numbers(take or ()), among=among.value, question=question or QUESTION
    )
    with progress() as report_progress:
        write_review(opened, drawn, out, reviewers=reviewers, progress=report_progress)
    for stratum in drawn.strata:
        out_console.print(
            f"{stratum.label}: {stratum.sampled} of {stratum.people:,} {'person' if stratum.people == 1 else 'people'}",
            markup=False,
            highlight=False,
            soft_wrap=True,
        )
    lines = (
        f"For the reviewers: [bold]{escape(str(out / 'reviewers'))}[/bold]  begin with index.html",
        f"Keep from them:    [bold]{escape(str(out / 'key'))}[/bold]  it says who is who, and what the definition says",
        "Both are as confidential as the records. When the forms are filled in:",
        f"stepwell review score {escape(str(out))}",
    )
    for line in lines:
        out_console.print(line, highlight=False, soft_wrap=True)


@review_app.command("score")
def score(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="The folder of the review.", show_default=False)],
    form: Annotated[
        list[Path] | None,
        typer.Option(help="A reviewer's form (repeatable).", show_default="FOLDER/reviewers/review_*.csv"),
    ] = None,
    settled: Annotated[
        Path | None,
        typer.Option(
            help="A form that settles charts on which reviewers disagree: disagreements.csv, filled in.",
            show_default=False,
        ),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Where the tables go.", show_default="FOLDER/score")] = None,
    suppress_below: Annotated[int, typer.Option(help="Counts below this are not shown (0 shows all).", min=0)] = 5,
    replace: Replace = False,
    as_json: AsJson = False,
) -> None:
    """Compares the definition with the reviewers: PPV, NPV, sensitivity, specificity, kappa; writes tables for a paper."""
    from stepwell.review import score_review, write_scored
    from stepwell.review.plain import plain_scored
    from stepwell.review.table import show, table

    out = out or folder / "score"
    scored = score_review(folder, form or (), settled)
    shown = write_scored(scored, out, suppress_below=suppress_below, replace_existing=replace)
    for name in scored.untouched:
        err_console.print(f"{name} is not filled in: left out.", style="yellow", markup=False, highlight=False)
    if as_json:
        print_json("review score", plain_scored(shown))
        return
    out_console.print(Markdown(table(show(scored, 0), 0)))
    out_console.print(f"\nTables for a paper: [bold]{escape(str(out))}[/bold]", highlight=False, soft_wrap=True)
    if shown.is_withheld:
        hidden = f"counts from 1 to {suppress_below - 1}"
        words = f"This screen shows every count, for your team. The tables withhold {hidden} and what rests on them."
        out_console.print(words, markup=False, highlight=False)


def _numbers(take) -> dict[str, int]:
    """`met=20` as a stratum and a number. Raises `QuestionError` for what is neither."""
    from stepwell.errors import Problem, QuestionError

    parts = [word.partition("=") for word in take]
    wrong = [word for word, (_, _, n) in zip(take, parts, strict=True) if not (n.isascii() and n.isdigit())]
    wrong += [f"{name}=…" for name in {p[0] for p in parts} if [p[0] for p in parts].count(name) > 1]
    if wrong:
        expected = "a stratum once, and a number: met=20"
        raise QuestionError(
            "The sample cannot be drawn.", [Problem(f"--take {w}", "not understood", expected) for w in wrong]
        )
    return {name: int(n) for name, _, n in parts}
