"""Everything out, any day: a CSV folder that `stepwell run` reads, each person's history as it stands, and whether a run of the
folder gives the verdicts that the clinic shows."""

from __future__ import annotations

import csv
import json
import os
from collections import defaultdict
from pathlib import Path

import stepwell
from stepwell.clinic import events
from stepwell.clinic.access.models import Clinic
from stepwell.clinic.history.lines import current, in_use, versions
from stepwell.clinic.history.records import records_of
from stepwell.clinic.people.models import Person
from stepwell.errors import Problem, QuestionError

from .csv_rows import csv_rows
from .fhir_rows import fhir_resources

_FILES = (
    "person",
    "observation_period",
    "condition",
    "medication",
    "measurement",
    "procedure",
    "vital",
    "monitoring",
    "answer",
)
_README = """\
Records of {clinic}, exported by stepwell {version}.

csv/            one folder for `stepwell run csv --out RESULT`; person_id is the clinic's id of a person
fhir/           the same as FHIR R4 resources (NDJSON), for other systems and for `stepwell run fhir --out RESULT`; diagnoses
                that were entered by name have no code, and nothing says that a history is complete: more is unknown
people.csv      names, birth dates and how to reach them; whoever was merged names the record they were merged into
history.jsonl   every version of every line of every history, one per line, rejected and struck ones too
verdicts.csv    each person by the clinic's definitions: by the clinic, by a run of csv/ (folder), by a run of fhir/

{differ} of {n} verdicts of csv/ differ. Where they do, the folder says less than the clinic knows: a day of which only the year
is known is written as 9999-12-31, a day that nobody knows; and where many drugs or codes could not be identified, a run takes
silence as unknown for everybody. Therapy notes are not exported. Keep this folder where patients' records may be kept.
"""


def export(out: Path) -> dict[str, int]:
    """Writes a new folder. Returns how many people, lines, verdicts and differing verdicts there are."""
    if out.exists():
        problem = Problem(str(out), "it is there already", "a new folder", "name another folder")
        raise QuestionError("Nothing was exported.", [problem])
    out.mkdir(mode=0o700, parents=True)
    people = list(Person.objects.filter(merged_into=None).select_related("clinic").order_by("created_at", "id"))
    rows: dict[str, list[dict]] = defaultdict(list)
    shown: dict[tuple[str, str], str] = {}
    n_lines = 0
    fhir: dict[str, list[dict]] = defaultdict(list)
    with (out / "history.jsonl").open("w", encoding="utf-8") as history:
        for person in people:
            lines = current(person)
            for line in lines:
                for version in versions(line):
                    history.write(json.dumps(_line(version), ensure_ascii=False, sort_keys=True) + "\n")
                    n_lines += 1
            records, has = records_of(in_use(lines), person)
            for file, found in csv_rows(str(person.pk), records).items():
                rows[file] += found
            for resource in fhir_resources(str(person.pk), records):
                fhir[resource["resourceType"]].append(resource)
            shown |= {(str(person.pk), d): v for d, v in _verdicts(records, has, person.clinic).items()}
    (out / "fhir").mkdir()
    for kind, resources in fhir.items():
        text = "".join(json.dumps(resource, ensure_ascii=False) + "\n" for resource in resources)
        (out / "fhir" / f"{kind}.ndjson").write_text(text, "utf-8")
    (out / "csv").mkdir()
    for name in _FILES:
        _write(out / "csv" / f"{name}.csv", rows[name], always=name in ("person", "medication"))
    _write(out / "people.csv", [_contact(p) for p in Person.objects.order_by("created_at", "id")], always=True)
    there, in_fhir = ((_folder_verdicts(out / name, people) if people else {}) for name in ("csv", "fhir"))
    compared = [
        {
            "person_id": p,
            "definition": d,
            "clinic": verdict,
            "folder": there.get((p, d), ""),
            "fhir": in_fhir.get((p, d), ""),
        }
        for (p, d), verdict in shown.items()
    ]
    _write(out / "verdicts.csv", compared, always=True)
    n_differ = sum(one["clinic"] != one["folder"] for one in compared)
    clinic = " and ".join(Clinic.objects.values_list("name", flat=True))
    told = _README.format(clinic=clinic, version=stepwell.__version__, differ=n_differ, n=len(compared))
    (out / "README.txt").write_text(told, "utf-8")
    events.record(None, "export", detail={"by": "command line", "people": len(people), "lines": n_lines})
    return {"people": len(people), "lines": n_lines, "verdicts": len(compared), "differ": n_differ}


def _line(line) -> dict:
    return {
        "person_id": str(line.person_id),
        "line": str(line.line),
        "version": line.version,
        "kind": line.kind,
        "state": line.state,
        "origin": line.origin,
        "source": line.source,
        "by": line.user.full_name if line.user_id else "patient",
        "at": line.at.isoformat(),
        "reason": line.reason,
        "content": line.content,
    }


def _contact(person: Person) -> dict:
    names = ("record_number", "given_name", "family_name", "birth_date", "sex", "phone", "email", "payer", "member_id")
    values = {name: _no_formula(str(getattr(person, name))) for name in names}
    return {"person_id": person.pk, **values, "merged_into": person.merged_into_id or ""}


def _no_formula(text: str) -> str:
    """The text, with a quote before what a spreadsheet would calculate."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def _verdicts(records: dict, has: set[str], clinic: Clinic) -> dict[str, str]:
    if not clinic.definitions:
        return {}
    judged = stepwell.determine_records(records, clinic.definitions, has=has)
    return {row["definition"]: row["verdict"] for row in judged["determination"].to_pylist()}


def _folder_verdicts(folder: Path, people: list[Person]) -> dict[tuple[str, str], str]:
    definitions = sorted({d for person in people for d in person.clinic.definitions})
    if not definitions:
        return {}
    read = stepwell.read_records(folder)
    ids = {row["person_id"]: row["source_person_id"] for row in read.tables["person"].to_pylist()}
    judged = stepwell.determine_records(read.tables, definitions, has=read.has)
    return {(ids[r["person_id"]], r["definition"]): r["verdict"] for r in judged["determination"].to_pylist()}


def _write(file: Path, rows: list[dict], *, always: bool) -> None:
    if not rows and not always:
        return
    columns = list(dict.fromkeys(column for row in rows for column in row)) or ["person_id"]
    if file.name == "medication.csv" and not rows:
        columns = ["person_id", "drug", "start_date"]
    if file.name == "person.csv" and not rows:
        columns = ["person_id", "birth_date"]
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", newline="", encoding="utf-8") as out:
        writer = csv.DictWriter(out, columns)
        writer.writeheader()
        writer.writerows(rows)
