"""What was measured, as Markdown tables, and into which place of a document they belong."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from statistics import median

from stepwell.errors import Problem, QuestionError
from stepwell.output import write_text

from .measure import Measured, Spread, ratios

_WHAT = {
    "stepwell": "stepwell, whole run",
    "floor": "the floor",
    "eras": "OHDSI's drug eras, DuckDB",
    "polars": "the same question, Polars",
    "pandas": "the same question, pandas",
}


def tables(found: Mapping) -> dict[str, str]:
    """The tables of `run_bench`'s answer, each under the command that makes it, by the name of their place in a document."""
    makers: dict[str, Callable] = {
        "beside": _beside,
        "cardinal": _cardinal,
        "one_person": _one_person,
        "growth": _growth,
    }
    machine = _machine(found["machine"])
    return {name: f"{make(found[name])}\n\n{machine}" for name, make in makers.items() if name in found}


def write_into(document: Path, made: Mapping[str, str]) -> None:
    """Puts each table between its marks, the lines `<!-- bench NAME -->` and `<!-- end -->`.

    Raises `QuestionError` where the document has no such marks, and then writes nothing.
    """
    text = check_places(document, made)
    for name, table in made.items():
        text = _place(name).sub(lambda m, t=table: f"{m[1]}{t}\n{m[2]}", text)
    write_text(document, text, replace=True)


def check_places(document: Path, names: Iterable[str]) -> str:
    """The text of a document that has a place for each of these tables. Raises `QuestionError` where it has not."""
    try:
        text = document.read_text("utf-8")
        with document.open("a", encoding="utf-8"):
            pass
    except OSError as error:
        problem = Problem(str(document), error.strerror or "not writable", "a Markdown document to write into")
        raise QuestionError("The tables cannot be written.", [problem]) from None
    marks = "<!-- bench {} --> and <!-- end --> on lines of their own"
    problems = [
        Problem(str(document), f"no place for the table {name}", marks.format(name), "add the two lines")
        for name in sorted(names)
        if not _place(name).search(text)
    ]
    if problems:
        raise QuestionError("The tables cannot be written.", problems)
    return text


def _place(name: str) -> re.Pattern:
    return re.compile(rf"(<!-- bench {name} -->\n).*?(<!-- end -->)", re.DOTALL)


def _beside(found: Mapping) -> str:
    runs = {name: [Measured(**m) for m in taken] for name, taken in found["runs"].items()}
    ours = runs["stepwell"]
    kinds = (lambda m: m.wall_s, lambda m: m.cpu_s, lambda m: m.peak_bytes)
    lines = [
        _command(found, only=[name for name in runs if name != "stepwell"]),
        f"{found['people']:,} simulated people, {found['drug_exposures']:,} drug exposures, {found['definition']}; "
        "medians, and the range of the ratios over the rounds.\n",
        "| | wall | CPU | peak memory | stepwell ÷ it: wall | CPU | memory |\n|---|--:|--:|--:|--:|--:|--:|",
    ]
    for name, taken in runs.items():
        wall, cpu, peak = (median(kind(m) for m in taken) for kind in kinds)
        cells = [_WHAT[name], _seconds(wall), _seconds(cpu), _gigabytes(peak)]
        cells += ["", "", ""] if name == "stepwell" else [_times(ratios(ours, taken, kind)) for kind in kinds]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _cardinal(found: Mapping) -> str:
    theirs = [1e6 * s / found["sample"] for s in found["function_s"]]
    ours = [1e6 * s / found["people"] for s in found["stepwell_s"]]
    times = Spread.of([a / b for a, b in zip(theirs, ours, strict=True)])
    lines = [
        _command(found, only=["cardinal"]),
        "Per person, medians:\n",
        "| | people | wall per person |\n|---|--:|--:|",
        f"| stepwell, whole run ({found['definition']}) | {found['people']:,} | {median(ours):,.0f} µs |",
        f"| the function alone | {found['sample']:,} | {median(theirs):,.0f} µs |",
        f"| the function ÷ stepwell | | {_times(times)} |",
        "\nWhom they name, of the same people:\n",
        "| rule | met, by stepwell | named by the function | both | in common |\n|---|--:|--:|--:|--:|",
    ]
    for row in found["answers"]:
        share = "" if row["in_common"] is None else f"{100 * row['in_common']:.0f} %"
        lines.append(f"| {row['rule']} | {row['n_met']} | {row['n_named']} | {row['n_both']} | {share} |")
    return "\n".join(lines)


def _one_person(found: Mapping) -> str:
    lines = [
        _command(found, only=["one-person"]),
        "| judged by | first person | then, median | medians of the processes | all |\n|---|--:|--:|--:|--:|",
    ]
    for name, taken in found["by"].items():
        called = name if taken["definitions"] == 1 else f"{name} ({taken['definitions']})"
        medians = Spread.of([median(process) for process in taken["warm_ms"]])
        whole = Spread.of([ms for process in taken["warm_ms"] for ms in process])
        lines.append(
            f"| {called} | {median(taken['first_ms']):,.0f} ms | {whole.median:.0f} ms | "
            f"{medians.low:.0f} to {medians.high:.0f} ms | {whole.low:.0f} to {whole.high:.0f} ms |"
        )
    return "\n".join(lines)


def _growth(found: list[Mapping]) -> str:
    sizes = ",".join(str(size["people"]) for size in found)
    lines = [
        f"`stepwell bench --only growth --growth {sizes}{_memory(found[0])}`\n",
        "| people | wall | CPU | wall per person | peak memory |\n|--:|--:|--:|--:|--:|",
    ]
    for size in found:
        per_person = 1e6 * size["wall_s"] / size["people"]
        lines.append(
            f"| {size['people']:,} | {_seconds(size['wall_s'])} | {_seconds(size['cpu_s'])} | {per_person:,.0f} µs | "
            f"{_gigabytes(size['peak_bytes'])} |"
        )
    return "\n".join(lines)


def _command(found: Mapping, only: list[str]) -> str:
    people = f"--people {found['people']} " if "people" in found else ""
    return f"`stepwell bench {people}--pairs {found['pairs']} --only {','.join(only)}{_memory(found)}`\n"


def _memory(found: Mapping) -> str:
    return f" --memory {found['memory']}" if found.get("memory") else ""


def _machine(found: Mapping) -> str:
    told = ", ".join(f"{name} {found[name]}" for name in found if name not in ("system", "cores", "memory_bytes"))
    return f"{found['system']}, {found['cores']} cores, {found['memory_bytes'] / 2**30:.0f} GiB; {told}."


def _times(spread: Spread) -> str:
    return f"{spread.median:.2f} ({spread.low:.2f} to {spread.high:.2f})"


def _seconds(s: float) -> str:
    return f"{s:,.2f} s" if s < 10 else f"{s:,.1f} s"


def _gigabytes(n: float) -> str:
    return f"{n / 1e9:,.2f} GB"
