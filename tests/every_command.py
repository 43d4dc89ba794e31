"""Calls every command that takes a result on a result, and says everything that is wrong with the answers."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

from typer.testing import CliRunner

from stepwell.cli import app
from stepwell.errors import QuestionError
from stepwell.report.verdicts import treated_people
from stepwell.result import Result
from stepwell.serve.pages import Pages
from stepwell.tables import RECORDS

N_PEOPLE = 3
"""So many people of a result, in the order of their ids, are asked about one by one."""

TRIED: dict[str, tuple[str, ...]] = {
    "why": (
        "{result} {person}",
        "{result} {person} --json",
        "{result} {person} --definition all",
        "{result} {person} --definition {definition} --definition {other}",
        "{result} {person} --definition {definition} --json",
    ),
    "candidacy": (
        "{result} {person}",
        "{result} {person} --json",
        "{result} {person} --html {page} --replace",
        "{result} {person} --policy {policy} --definition {definition} --at 2024-03-05",
    ),
    "person": ("{result} {person} --html {page} --replace",),
    "report": ("{result} --out {page}", "{result} --out {page} --suppress-below 0 --person {anybody} --replace"),
    "programme": ("{result} --html {page}", "{result} --html {page} --suppress-below 0 --replace"),
    "export": (
        "{result} --as omop-episode --out {folder}",
        "{result} --as omop-episode --first-id 9 --out {folder}",
        "{result} --as fhir --person {person} --out {folder}",
    ),
    "review sample": (
        "{result} --definition {definition} --sample 4 --among everybody --out {folder}",
        "{result} --definition {definition} --take met=1 --question Resistant? --reviewers 1 --seed 3 --out {folder}",
    ),
    "methods": (
        "{result} --out {folder}",
        "{result} --out {folder} --definition {definition} --suppress-below 0",
    ),
    "quality": ("{result}", "{result} --json", "{result} --measure {measure} --out {table} --replace"),
    "compare": (
        "{result} --out {page}",
        "{result} --out {page} --persistence --replace",
        "{result} --out {page} --between {definition} {other}",
        "{result} --json --persistence --suppress-below 0",
        "{records} --vary {definition} --out {page}",
        "{records} --vary {definition} --json",
    ),
}
"""The arguments with which each command is tried. `{person}` stands for each of a few people in turn."""


SERVES = "open"
"""The command that goes on until it is stopped: its pages are tried without it."""

ON_RECORDS: dict[str, tuple[str, ...]] = {"check": ("{records}", "{records} --json")}
"""The same for commands that take records; `run` has made the result."""


def once(line: str) -> bool:
    """All calls but those that run the records again for every single change of a definition."""
    return "--vary" not in line


def varied(line: str) -> bool:
    """Those calls."""
    return "--vary" in line


def first(line: str) -> bool:
    """One call of each command."""
    return line in {lines[0] for lines in (TRIED | ON_RECORDS).values()}


def try_commands(result: Result, records: object, place: Path, wanted: Callable[[str], bool]) -> None:
    """Calls all commands on a result; everything that is wrong with the answers is said at once."""
    faults = []
    for words, line, arguments in _calls(result, records, place):
        if wanted(line) and (fault := _fault(result, place, words, line, arguments)):
            faults.append(f"stepwell {words} {line}  {arguments}\n    {fault}")
    assert not faults, "\n\n".join(faults)


def try_pages(result: Result) -> None:
    """Asks for every page that `stepwell open` serves of a result."""
    pages = Pages(result, "/home/")
    people = sorted(_ids(result))[:N_PEOPLE]
    of_people = [f"person/{person}" for person in people]
    of_people += [f"candidacy/{person}" for person in people if _has_dates(result, person)]
    of_definitions = [f"definition/{d.id}" for d in result.definitions[:2]]
    compared = ["compare"] if len(result.definitions) > 1 else []
    for path in ("", "report", "programme", *compared, *of_people, *of_definitions):
        status, html = pages.answer(path, {})
        assert status == 200, f"{path}: {html}"
        assert not (fault := _stray_words(html)), f"{path}: {fault}"


def _ids(result: Result) -> list[str]:
    """The source's ids of all people."""
    return result.table("person").source_person_id.to_pyarrow().to_pylist()


def _calls(result: Result, records: object, place: Path) -> Iterator[tuple[str, str, list[str]]]:
    """The command, its arguments as they stand in `TRIED`, and filled in."""
    people = sorted(_ids(result))[:N_PEOPLE]
    ran = [d.id for d in result.definitions]
    filled = {
        "records": records,
        "result": result.folder,
        "definition": ran[0] if ran else "us-label",
        "other": ran[-1] if len(ran) > 1 else "li-2019",
        "policy": next(iter(result.knowledge.candidacies)),
        "measure": next(iter(result.knowledge.quality)),
        "page": place / "page.html",
        "table": place / "table.csv",
        "folder": place / "exported",
        "anybody": people[0],
    }
    for words, lines in (TRIED | ON_RECORDS).items():
        for line in lines:
            for person in people if "{person}" in line else [""]:
                yield words, line, [word.format(person=person, **filled) for word in line.split()]


def _fault(result: Result, place: Path, words: str, line: str, arguments: list[str]) -> str | None:
    """What is wrong with the answer; None where nothing is."""
    for made in ("page.html", "table.csv"):
        (place / made).unlink(missing_ok=True)
    shutil.rmtree(place / "exported", ignore_errors=True)
    done = CliRunner().invoke(app, [*words.split(), *arguments], env={"COLUMNS": "160"})
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        return f"{type(done.exception).__name__}: {done.exception}"
    if done.exit_code == QuestionError.exit_code and (reason := _refusal(result, words, line, arguments)):
        return None if reason in done.output else f"refused without {reason!r}: {done.output}"
    if done.exit_code != 0:
        return f"exit code {done.exit_code}: {done.output}"
    if words == "methods":
        texts = [file.read_text("utf-8") for file in sorted((place / "exported").iterdir())]
        # BibTeX keeps capitals, and names of bodies, in two pairs of braces.
        return next(filter(None, (_stray_words(text.replace(" = {{", "")) for text in texts)), None)
    if "{page}" in line:
        return _stray_words((place / "page.html").read_text("utf-8"))
    if "--json" in line:
        told = json.loads(done.stdout)
        wrong = set(told) != {"stepwell", "command", "answer"} or told["command"] != words
        return f"not the shape of docs/commands.md: {sorted(told)}" if wrong else None
    return _stray_words(done.output)


def _refusal(result: Result, words: str, line: str, arguments: list[str]) -> str | None:
    """The words with which a call may be refused; None where it has to be answered."""
    n = len(result.definitions)
    if words == "compare":
        refused = "The data cannot answer" if "--vary" in line else "There is nothing to compare"
        return refused if n < (1 if "--vary" in line else 2) else None
    if words == "export" and "omop" in line:
        rows = result.rows_of("person", result.person_id(_ids(result)[0]))
        return None if rows[0]["address"].startswith("person/") else "were not read from OMOP's table person"
    if words == "review sample" and n and (refused := _review_refusal(result, line)):
        return refused
    if words == "candidacy" and not _has_dates(result, arguments[1]):
        return "this person has no dated record"
    return "was not run" if n < line.count("--definition {") else None


def _review_refusal(result: Result, line: str) -> str | None:
    """Why no sample can be drawn of the first definition's people."""
    judged = result.table("determination")
    met = judged.filter(judged.definition == result.definitions[0].name, judged.verdict == "met").select("person_id")
    if "--among everybody" in line:
        return None
    treated = treated_people(result.table("episode"))
    if not treated.count().to_pyarrow().as_py():
        return "There is nobody to review."
    return None if met.semi_join(treated, "person_id").count().to_pyarrow().as_py() else "The sample cannot be drawn."


def _has_dates(result: Result, person: str) -> bool:
    """Whether anything of the person beside birth and death is recorded with its day."""
    person_id = result.person_id(person)
    kept = [t.name for t in RECORDS if t.name in result.tables and t.name != "person"]
    rows = [row for name in (*kept, "exposure") for row in result.rows_of(name, person_id)]
    return any(isinstance(value, date) for row in rows for value in row.values())


def _stray_words(text: str) -> str | None:
    """What a program writes where it had nothing to say."""
    seen = re.sub(r"<style.*?</style>|<script.*?</script>|<[^>]+>", " ", text, flags=re.DOTALL)
    found = re.search(
        r".{0,60}(\bnan\b|\bNaN\b|\bNone\b(?! of| recorded|\. Looked for)|\bNaT\b|\bUndefined\b|\{\{|\bCount\().{0,40}",
        seen,
    )
    return found and f"stray words: {found[0]!r}"
