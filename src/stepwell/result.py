"""A result is never just rows: tables with the manifest that says what was run on what, and what was left out and why.

A result folder holds one folder of Parquet files per table, `run.json` (what was run on what; the same for the same input),
`timing.json` (how long it took and when) and, in `definition`, the definitions of a user's own. It is as confidential as the
records that it was made from.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from stepwell.result_tables import OWN_DEFINITIONS, ResultTables


class Result(ResultTables):
    """The tables of one run. `table(name)` opens any of them lazily; `.to_pyarrow()`, `.to_pandas()`, `.to_polars()` read it.
    `evidence` and `series_evidence` explain them."""

    def verdicts_of(self, person: str) -> list[dict]:
        """One row for each definition, in the order of the run: `definition` (its name), `title`, `verdict`, `met_date` and
        `decided_by`, the findings that led to the verdict or, where it is unknown, what is missing."""
        from stepwell.why.summary import decisive

        determined = {row["definition"]: row for row in self.rows_of("determination", self.person_id(person))}
        evidence = self.evidence(person)
        rows = []
        for definition in self.definitions:
            found = determined[definition.name]
            own = [row for row in evidence if row["definition"] == definition.name]
            rows.append(
                {
                    "definition": definition.name,
                    "title": definition.title,
                    "verdict": found["verdict"],
                    "met_date": found["met_date"],
                    "decided_by": decisive(found["verdict"], own),
                }
            )
        return rows

    def stages_of(self, person: str) -> list[dict]:
        """One row for each staging model: `staging` (its name), `title`, `stage` in words, `is_complete`."""
        from stepwell.why.staged import show_stage

        staged = self.rows_of("stage", self.person_id(person)) if self.stagings else []
        rows = {row["staging"]: row for row in staged}
        return [
            {
                "staging": model.name,
                "title": model.title,
                "stage": show_stage(rows[model.name], model),
                "is_complete": rows[model.name]["is_complete"],
            }
            for model in self.stagings
        ]

    def evidence(self, person: str) -> list[dict]:
        """Every criterion judged for one person, and every item by which they are staged, as rows of the declared table
        `evidence`."""
        from stepwell.why import find_evidence, find_stage_evidence

        return [*find_evidence(self, person), *find_stage_evidence(self, person)]

    def series_evidence(self, person: str) -> list[dict]:
        """Every criterion judged for one person's treatments given in sessions, as rows of the declared table
        `series_evidence`."""
        from stepwell.why import find_series_evidence

        return find_series_evidence(self, person)


def evidence(result: Result | str | Path, person: str) -> list[dict]:
    """Why one person meets a definition and not another: every criterion judged for them or for one of their trials, as rows.

        rows = stepwell.evidence("result", "12345")
        [(row["criterion"], row["found"]) for row in rows if row["verdict"] == "unknown"]

    `result` is a `Result` or its folder, `person` the id as the source writes it. The columns are those of the declared table
    `evidence`: definition, trial, criterion, verdict (met, not met, unknown), what was found, what was asked, the source of the
    rule, and the row of the records. Raises `QuestionError` where the folder is no result, or nobody has that id.
    """
    opened = result if isinstance(result, Result) else Result.open(result)
    return opened.evidence(person)


def keep_definitions(folder: Path, files: Iterable[Path]) -> None:
    """Keeps the files of a user's own definitions with the result, so that it explains itself wherever it goes."""
    for number, file in enumerate(files, 1):
        (folder / OWN_DEFINITIONS).mkdir(exist_ok=True)
        shutil.copyfile(file, folder / OWN_DEFINITIONS / f"{number}-{Path(file).name}")


def write_manifest(folder: Path, manifest: dict, *, seconds: float) -> None:
    """Writes `run.json`, the same bytes for the same run, and `timing.json`, which differs every time."""
    timing = {"finished": datetime.now(UTC).isoformat(timespec="seconds"), "seconds": round(seconds, 3)}
    for name, content in (("run.json", manifest), ("timing.json", timing)):
        text = json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False)
        (folder / name).write_text(text + "\n", "utf-8")
