"""The house stays as DEVELOPING.md describes it: imports run one way, criteria are complete, made documents are current."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import stepwell
from stepwell.knowledge.definition import CRITERIA
from stepwell.rules.criterion_numbers import CRITERIA_OF_A_TRIAL
from stepwell.tables import DETERMINATION, JUDGED_TRIAL

PACKAGE = Path(stepwell.__file__).parent
ROOT = Path(__file__).parents[2]

CLINIC_MAY_IMPORT = {"errors", "tables", "candidacy", "outcomes", "simulate", "data_files"}
"""The public interface only."""


def _room(path: Path) -> str:
    relative = path.relative_to(PACKAGE)
    return relative.parts[0].removesuffix(".py")


def _imported_rooms(path: Path) -> set[str]:
    rooms = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom):
            parts = (node.module or "").split(".")
            if node.level:
                here = ["stepwell", *path.relative_to(PACKAGE).with_suffix("").parts]
                parts = here[: len(here) - node.level] + (node.module.split(".") if node.module else [])
            if parts[0] == "stepwell" and len(parts) > 1:
                rooms.add(parts[1])
        elif isinstance(node, ast.Import):
            rooms |= {a.name.split(".")[1] for a in node.names if a.name.startswith("stepwell.")}
    return rooms


def test_the_clinic_imports_the_public_interface_only():
    for file in (PACKAGE / "clinic").rglob("*.py"):
        assert _imported_rooms(file) <= CLINIC_MAY_IMPORT | {"clinic"}, file


def test_only_the_command_line_imports_the_clinic():
    for file in PACKAGE.rglob("*.py"):
        if _room(file) != "clinic" and file.relative_to(PACKAGE) != Path("cli/clinic.py"):
            assert "clinic" not in _imported_rooms(file), file


def test_the_rules_touch_no_file_clock_or_chance():
    forbidden = {"os", "io", "time", "random", "duckdb", "ibis", "pandas"}
    for file in (PACKAGE / "rules").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module] if isinstance(node, ast.ImportFrom) and node.module else []
            assert not {n.split(".")[0] for n in names} & forbidden, file


def test_every_field_of_the_form_has_a_criterion_a_column_and_words():
    from stepwell.why.found import FINDERS

    of_a_trial = {p for p in CRITERIA if p.startswith(("trial.", "failure."))}
    assert set(CRITERIA_OF_A_TRIAL) == of_a_trial == set(FINDERS)
    assert of_a_trial <= set(JUDGED_TRIAL.by_name)
    of_a_person = set(CRITERIA) - of_a_trial - {"taken", "added"}
    assert of_a_person <= set(DETERMINATION.by_name)


def test_a_criterion_touches_the_places_that_are_said():
    """Counted by one that has no other role. A file more or less is a new place: DEVELOPING.md must say so."""
    said = re.search(r"## A new criterion\n(.*?)\n## ", (ROOT / "DEVELOPING.md").read_text("utf-8"), re.DOTALL).group(1)
    places = re.findall(r"^\d+\. `([\w/]+\.py)`", said, re.MULTILINE)
    named = [f for f in PACKAGE.rglob("*.py") if re.search(r"\b(judge_)?min_supplies\b", f.read_text("utf-8"))]
    assert sorted(places) == sorted(f.relative_to(PACKAGE).as_posix() for f in named)


def test_every_criterion_is_in_the_rules():
    rules = (ROOT / "docs/engine.md").read_text("utf-8")
    assert [p for p in CRITERIA if f"`{p}`" not in rules and p not in ("count", "taken")] == []


def test_everything_that_candidacy_asks_is_in_its_rules():
    from stepwell.knowledge.candidacy import ASKS

    rules = (ROOT / "docs/candidacy.md").read_text("utf-8")
    assert [name for name in ASKS if f"| `{name}` |" not in rules] == []


def test_every_command_is_documented():
    import typer

    from stepwell.cli import app

    group = typer.main.get_command(app)
    listed = (ROOT / "docs/commands.md").read_text("utf-8")
    for name, command in group.commands.items():
        assert command.help, name
        assert f"\nstepwell {name} " in listed, f"docs/commands.md does not name `stepwell {name}`"
        for parameter in command.params:
            assert getattr(parameter, "help", None), f"{name} {parameter.name}"


def test_the_documented_exit_codes_are_those_of_the_errors():
    from stepwell.errors import StepwellError

    page = (ROOT / "docs/commands.md").read_text("utf-8")
    for error in StepwellError.__subclasses__():
        assert re.search(rf"\b{error.exit_code} ", page), error


def test_no_file_has_two_subjects():
    long = {
        str(f.relative_to(ROOT)): n
        for f in PACKAGE.rglob("*.py")
        if (n := len(f.read_text("utf-8").splitlines())) > 350
    }
    assert not long, "a file over about 300 lines has two subjects: find the second name"


def test_clinical_wording_is_sober():
    """No promise is made: nothing that users read speaks of cures or fixes."""
    files = [f for f in PACKAGE.rglob("*") if f.suffix in (".py", ".yaml", ".csv", ".j2", ".html") and f.is_file()]
    files += [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    for file in files:
        for number, line in enumerate(file.read_text("utf-8").splitlines(), 1):
            assert not re.search(r"\b(cure[sd]?|curing|fix|fixes)\b", line, re.IGNORECASE), f"{file}:{number}: {line}"
