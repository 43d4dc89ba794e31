"""cardinal_pythonlib's `two_antidepressant_episodes` beside stepwell: its environment, its input, and what it answers.

It asks for one drug mentioned twice at least four weeks apart and then another one likewise (no dose, no gap, no score, no
diagnosis), and runs on pandas before 2 only.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import duckdb

from stepwell.errors import Problem, QuestionError
from stepwell.folder import remove_own
from stepwell.knowledge.forms import Knowledge
from stepwell.paths import pattern
from stepwell.runner import run

from .question import DEFINITION

PEOPLE = 500
"""Its time per person grows with the number of people, since it looks through all rows for each: a sample flatters it."""

_PACKAGES = ("pandas==1.5.3", "numpy<2", "cardinal_pythonlib==2.2.1")
_PYTHONS = ("3.11", "3.10", "3.9", "3.8")
"""Those for which pandas 1.5.3 was built."""


def environment(folder: Path) -> Path:
    """The Python of an environment that has the function; made in the folder, from the package index, unless it is there.

    Raises `QuestionError` where no fitting Python is found or the packages cannot be installed.
    """
    home = folder / "cardinal-environment"
    python = home / "bin" / "python"
    if python.exists() and _runs([python, "-c", "import cardinal_pythonlib, pandas"]):
        return python
    shutil.rmtree(home, ignore_errors=True)
    base = _find_python()
    try:
        subprocess.run([base, "-m", "venv", home], check=True, capture_output=True, text=True)
        install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *_PACKAGES]
        subprocess.run(install, check=True, capture_output=True, text=True)
    except subprocess.CalledProcessError as error:
        shutil.rmtree(home, ignore_errors=True)
        words = next((line for line in reversed(error.stderr.splitlines()) if line.strip()), "")
        problem = Problem(str(home), words, f"pip can install {' '.join(_PACKAGES)}", "leave `cardinal` out of --only")
        raise QuestionError("The environment for cardinal_pythonlib could not be made.", [problem]) from None
    return python


def _find_python() -> str:
    running = f"{sys.version_info.major}.{sys.version_info.minor}"
    candidates = [sys.executable] if running in _PYTHONS else []
    candidates += [f"python{version}" for version in _PYTHONS]
    for candidate in candidates:
        # A name on the path may be a stand-in that only says that the version is not installed.
        if shutil.which(candidate) and _runs([candidate, "-c", "import ensurepip, venv"]):
            return candidate
    versions = f"Python {_PYTHONS[-1]} to {_PYTHONS[0]}"
    problem = Problem(
        "cardinal_pythonlib",
        f"no {versions} on this machine",
        versions,
        "install one, or leave `cardinal` out of --only",
    )
    raise QuestionError("cardinal_pythonlib needs pandas 1.5, and that an older Python.", [problem])


def _runs(command: list) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def write_mentions(records: Path, knowledge: Knowledge, out: Path) -> None:
    """Writes who was given which antidepressant on which day, as the function wants it (CSV)."""
    concepts = {c: i.ingredient for i in knowledge.ingredients.values() if i.role == "antidepressant" for c in i.omop}
    con = duckdb.connect()
    con.execute("CREATE TABLE antidepressant (concept_id BIGINT, ingredient VARCHAR)")
    for concept, ingredient in concepts.items():
        con.execute(f"INSERT INTO antidepressant VALUES ({int(concept)}, '{ingredient}')")
    exposures, strengths = (
        con.read_parquet(pattern(records / f"{name}.parquet"), hive_partitioning=False)
        for name in ("drug_exposure", "drug_strength")
    )
    con.register("exposure", exposures)
    con.register("strength", strengths)
    query = """
        SELECT DISTINCT e.person_id AS patient_id, a.ingredient AS drug, e.drug_exposure_start_date AS date
        FROM exposure AS e
        JOIN strength AS s USING (drug_concept_id)
        JOIN antidepressant AS a ON a.concept_id = s.ingredient_concept_id
        ORDER BY ALL
    """
    con.sql(query).write_csv(str(out))


def compare_answers(records: Path, named: set[str], folder: Path) -> list[dict]:
    """One row is one rule of stepwell's on the same people: how many meet it (`n_met`), and how many of them the function
    names too (`n_both`), of the `n_named` that it names; `in_common` is the share of those whom either names. Nearest first.

    The rules are the definitions, and the least that all rules with two drugs share: two antidepressants, each taken for as
    long as a trial must last in `DEFINITION`, in any order.
    """
    result = run(records, folder / "result-of-the-sample", replace_existing=True)
    person = result.table("person").select("person_id", "source_person_id")
    determined = result.table("determination").join(person, "person_id")
    met: dict[str, set[str]] = {name: set() for name in result.manifest["definitions"]}
    for row in (
        determined.filter(determined.verdict == "met").select("definition", "source_person_id").to_pyarrow().to_pylist()
    ):
        met[row["definition"]].add(row["source_person_id"])
    (form,) = (d for d in result.definitions if d.id == DEFINITION)
    shortest = form.branch[0].trial.min_duration.at_least
    trial = result.table("trial").join(person, "person_id")
    trial = trial.filter(
        trial.setting == result.manifest["setting_of"][form.name],
        trial.role == "antidepressant",
        trial.n_days >= shortest,
    )
    each = trial.group_by("source_person_id").agg(n=trial.ingredient.nunique())
    two = each.filter(each.n >= 2).source_person_id.to_pyarrow().to_pylist()
    met[f"two antidepressants, {shortest} days each"] = set(two)
    remove_own(result.folder)
    table = [
        {
            "rule": rule,
            "n_met": len(who),
            "n_named": len(named),
            "n_both": len(who & named),
            "in_common": len(who & named) / len(who | named) if who | named else None,
        }
        for rule, who in met.items()
    ]
    return sorted(table, key=lambda row: (-(row["in_common"] or 0), row["rule"]))
