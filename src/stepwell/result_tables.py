"""The tables of one run with its manifest: what explanations and pages read."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Self

import ibis
import ibis.expr.types as ir

from stepwell.errors import Problem, QuestionError
from stepwell.knowledge.definition import Definition
from stepwell.knowledge.forms import Knowledge
from stepwell.knowledge.loader import load
from stepwell.knowledge.staging import Staging
from stepwell.paths import patterns
from stepwell.result_check import DECLARED, check_table, read_manifest

OWN_DEFINITIONS = "definition"
"""The folder of a result that holds the definitions of a user's own, as they were written."""


class ResultTables:
    """The tables of one run. `table(name)` opens any of them lazily."""

    def __init__(self, folder: Path, manifest: dict, knowledge: Knowledge):
        self.folder = folder
        self.manifest = manifest
        self.knowledge = knowledge
        self._con = ibis.duckdb.connect()

    @classmethod
    def open(cls, folder: str | Path, *, knowledge: Knowledge | None = None, is_whole: bool = True) -> Self:
        """Opens a result folder. Raises `QuestionError` when it is none, or is damaged, and where `is_whole` when it was written
        with some tables only: what is missing there must not be taken for what nobody recorded."""
        folder = Path(folder)
        manifest = read_manifest(folder)
        if is_whole and "only" in manifest:
            found = f"the tables {', '.join(manifest['only'])}"
            problem = Problem(str(folder), found, "all tables", "run the records again without --tables")
            raise QuestionError("This result was written with some tables only, and cannot be explained.", [problem])
        return cls(folder, manifest, knowledge or load(sorted((folder / OWN_DEFINITIONS).glob("*"))))

    def _repr_html_(self) -> str:
        """How a notebook shows the result: how many people have each verdict by each definition."""
        n = self.verdicts()
        verdicts = ("met", "not met", "unknown")
        rows = "".join(
            f"<tr><th>{escape(name)}</th>" + "".join(f"<td>{n.get((name, v), 0):,}</td>" for v in verdicts) + "</tr>"
            for name in self.manifest["definitions"]
        )
        head = "".join(f"<th>{v}</th>" for v in ("definition", *verdicts))
        title = f"stepwell result: {self.manifest['rows']['person']:,} people, from {escape(self.manifest['source']['label'])}"
        return f"<table><caption>{title}</caption><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"

    @property
    def tables(self) -> tuple[str, ...]:
        """The names of the tables."""
        return tuple(self.manifest["rows"])

    @property
    def definitions(self) -> tuple[Definition, ...]:
        """The definitions that were run, in order. Raises `QuestionError` when the knowledge has changed since."""
        by_name = {d.name: d for d in self.knowledge.definitions.values()}
        missing = [n for n in self.manifest["definitions"] if n not in by_name]
        if missing:
            raise QuestionError(
                "The result was made with definitions that are not here any more.",
                [
                    Problem(n, "not among the definitions", remedy="run again, or pass the file it came from")
                    for n in missing
                ],
            )
        return tuple(by_name[n] for n in self.manifest["definitions"])

    @property
    def stagings(self) -> tuple[Staging, ...]:
        """The staging models that were used, in order. Raises `QuestionError` when the knowledge has changed since."""
        by_name = {s.name: s for s in self.knowledge.stagings.values()}
        used = self.manifest.get("rule_of", {})
        missing = [name for name in used if name not in by_name]
        if missing:
            problems = [Problem(name, "not among the staging models", remedy="run again") for name in missing]
            raise QuestionError("The result was made with staging models that are not here any more.", problems)
        return tuple(by_name[name] for name in used)

    def table(self, name: str) -> ir.Table:
        """One table, lazily, as an Ibis expression; its columns are described in the data dictionary."""
        if name not in self.manifest["rows"]:
            raise self.no_table(name)
        if not self.manifest["rows"][name]:
            schema = DECLARED[name].schema
            return ibis.memtable(schema.to_pyarrow().empty_table(), schema=schema)
        view = f"result_{name}"
        if view not in self._con.list_tables():
            parts = check_table(self.folder, name, self.manifest["rows"][name])
            self._con.read_parquet(patterns(parts), table_name=view, hive_partitioning=False)
        return self._con.table(view)

    def no_table(self, name: str) -> QuestionError:
        """The error for a table that the result does not hold."""
        found, expected = f"no table {name}", f"one of {', '.join(self.tables)}"
        problem = Problem(str(self.folder), found, expected, "run the records again")
        return QuestionError("The result has no such table.", [problem])

    def verdicts(self) -> dict[tuple[str, str], int]:
        """How many people have each verdict by each definition: by the definition's name and the verdict. None is left out, not
        even where it is few people."""
        rows = self.table("determination")
        counted = rows.group_by("definition", "verdict").agg(n=rows.count()).to_pyarrow().to_pylist()
        return {(row["definition"], row["verdict"]): row["n"] for row in counted}

    def incomplete_of(self, person_id: int) -> list[dict]:
        """Why the absence of a drug from this person's records says nothing: rows of `incomplete_medication`; none where it says
        something."""
        return self.rows_of("incomplete_medication", person_id) if "incomplete_medication" in self.tables else []

    @property
    def drug_rows(self) -> dict | None:
        """The numbers of the source's drug rows, as in `DrugRows`; None where it had none, or the result is of an earlier
        version."""
        return self.manifest.get("coverage", {}).get("drug_rows")

    def person_id(self, person: str) -> int:
        """stepwell's number for a person of the source. Raises `QuestionError` when there is no such person."""
        people = self.table("person")
        found = people.filter(people.source_person_id == person).person_id.to_pyarrow().to_pylist()
        if not found:
            raise QuestionError(
                "There is no such person in this result.",
                [
                    Problem(
                        str(self.folder),
                        f"none of its {self.manifest['rows']['person']} people has the id that was given",
                        "a person's id as the source writes it",
                        "look it up in the column source_person_id of the table person",
                    )
                ],
            )
        return found[0]

    def rows_of(self, name: str, person_id: int) -> list[dict]:
        """One person's rows of a table, in the order of its key."""
        return self.rows_of_people(name, [person_id])

    def rows_of_people(self, name: str, person_ids: Sequence[int]) -> list[dict]:
        """Some people's rows of a table, in the order of its key."""
        rows = self.table(name)
        key = [k for k in DECLARED[name].key if k in rows.columns]
        return rows.filter(rows.person_id.isin(list(person_ids))).order_by(key).to_pyarrow().to_pylist()
