"""Everything out, any day: a CSV folder that `stepwell run` reads, each person's history as it stands, and whether a run of the
folder gives the verdicts that the clinic shows."""

from __future__ import annotations

import csv
import json
import os
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TextIO

import stepwell
from stepwell.clinic import events
from stepwell.clinic.access.models import Clinic, User
from stepwell.clinic.events.models import Event
from stepwell.clinic.history.lines import current, in_use, versions
from stepwell.clinic.pages.spreadsheet import no_formula
from stepwell.clinic.people.models import Person
from stepwell.clinic.sessions import sheets
from stepwell.clinic.sessions.records import person_records
from stepwell.errors import Problem, QuestionError

from .csv_rows import csv_rows
from .fhir_rows import fhir_resources
from .fhir_sessions import adverse_events, audit_events, questionnaire_responses, session_procedures
from .session_rows import ADVERSE_EVENTS, READINGS, SESSIONS, adverse_event_rows, reading_rows, session_rows
from .tables import write_csv, write_tables

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
_SHEETS = {"sessions": SESSIONS, "readings": READINGS, "adverse_events": ADVERSE_EVENTS}
_README = """\
Records of {clinic}, exported by stepwell {version}.

csv/               one folder for `stepwell run csv --out RESULT`; person_id is the clinic's id of a person
fhir/              the same as FHIR R4 resources (NDJSON), for other systems and for `stepwell run fhir --out RESULT`; diagnoses
                   that were entered by name have no code, and nothing says that a history is complete: more is unknown
fhir-other/        further FHIR resources, which a run could not identify and would take as hidden records: a Procedure for each
                   visit, answers to the clinic's own questions, and the event log (AuditEvent)
people.csv         names, birth dates and how to reach them; whoever was merged names the record they were merged into
staff.csv          who `user_id` and `user 7` in the other files are; no passwords
history.jsonl      every version of every line of every history, one per line, rejected and struck ones too
sessions.csv, readings.csv, adverse_events.csv
                   what the session sheets say, with times in the clinic's zone
tables/            every other table, one file each: orders, entries of sheets, stock, alerts and what was done about them,
                   questionnaires and messages, forms sent to monitoring programs, claims, authorisations, events
verdicts.csv       each person by the clinic's definitions: by the clinic, by a run of csv/ (folder), by a run of fhir/

{differ} of {n} verdicts of csv/ differ. Where they do, the folder says less than the clinic knows: a day of which only the year
is known is written as 9999-12-31, a day that nobody knows; where many drugs or codes could not be identified, a run takes
silence as unknown for everybody; and where every drug of somebody was given in the clinic, a run takes what they take at home as
unknown, also where a clinician confirmed that the history is complete.

Not in it: {notes}what staff wrote about answers about suicide and about goals, payers' PDF files, passwords, links and keys. A
backup holds everything. Keep this folder where patients' records may be kept.
"""
_NOTES = "therapists' notes (export them with --therapy-notes, where the patient agreed), "


def export(out: Path, *, therapy_notes: bool = False) -> dict[str, int]:
    """Writes a new folder. Returns how many people, lines, verdicts and differing verdicts there are."""
    if out.exists():
        problem = Problem(str(out), "it is there already", "a new folder", "name another folder")
        raise QuestionError("Nothing was exported.", [problem])
    out.mkdir(mode=0o700, parents=True)
    people = list(Person.objects.filter(merged_into=None).select_related("clinic").order_by("created_at", "id"))
    made = _Made()
    with _new(out / "history.jsonl") as history:
        for person in people:
            made.add(person, history)
    _write_resources(out / "fhir", made.fhir)
    made.other["AuditEvent"] = audit_events(Event.objects.order_by("number").iterator())
    _write_resources(out / "fhir-other", made.other)
    (out / "csv").mkdir()
    for name in _FILES:
        _write(out / "csv" / f"{name}.csv", made.rows[name], always=name in ("person", "medication"))
    for name, columns in _SHEETS.items():
        write_csv(out / f"{name}.csv", columns, made.rows[f"{name}.csv"])
    _write(out / "people.csv", [_contact(p) for p in Person.objects.order_by("created_at", "id")], always=True)
    _write(out / "staff.csv", [_of_staff(user) for user in User.objects.order_by("pk")], always=True)
    write_tables(out / "tables", therapy_notes=therapy_notes)
    there, in_fhir = ((_folder_verdicts(out / name, people) if people else {}) for name in ("csv", "fhir"))
    compared = [
        {
            "person_id": p,
            "definition": d,
            "clinic": verdict,
            "folder": there.get((p, d), ""),
            "fhir": in_fhir.get((p, d), ""),
        }
        for (p, d), verdict in made.verdicts.items()
    ]
    _write(out / "verdicts.csv", compared, always=True)
    n_differ = sum(one["clinic"] != one["folder"] for one in compared)
    clinic = " and ".join(Clinic.objects.values_list("name", flat=True))
    notes = "" if therapy_notes else _NOTES
    told = _README.format(clinic=clinic, version=stepwell.__version__, differ=n_differ, n=len(compared), notes=notes)
    (out / "README.txt").write_text(told, "utf-8")
    detail = {"by": "command line", "people": len(people), "lines": made.n_lines, "therapy_notes": therapy_notes}
    events.record(None, "export", detail=detail)
    return {"people": len(people), "lines": made.n_lines, "verdicts": len(compared), "differ": n_differ}


class _Made:
    """What the files hold, gathered person by person."""

    def __init__(self):
        self.rows: dict[str, list[dict]] = defaultdict(list)
        self.fhir: dict[str, list[dict]] = defaultdict(list)
        self.other: dict[str, Iterable[dict]] = defaultdict(list)
        self.verdicts: dict[tuple[str, str], str] = {}
        self.n_lines = 0

    def add(self, person: Person, history: TextIO) -> None:
        """Adds a person, and writes every version of their lines."""
        key, lines, of_sessions = str(person.pk), current(person), sheets.of_person(person)
        for line in lines:
            for version in versions(line):
                history.write(json.dumps(_line(version), ensure_ascii=False, sort_keys=True) + "\n")
                self.n_lines += 1
        records, has = person_records(person, in_use(lines), of_sessions)
        for file, found in csv_rows(key, records).items():
            self.rows[file] += found
        for resource in (*fhir_resources(key, records, person.clinic.zone), *adverse_events(key, of_sessions)):
            self.fhir[resource["resourceType"]].append(resource)
        for is_known, resource in questionnaire_responses(key, in_use(lines)):
            (self.fhir if is_known else self.other)[resource["resourceType"]].append(resource)
        self.other["Procedure"] += session_procedures(key, of_sessions)
        self.rows["sessions.csv"] += session_rows(key, of_sessions)
        self.rows["readings.csv"] += reading_rows(key, of_sessions)
        self.rows["adverse_events.csv"] += adverse_event_rows(key, of_sessions)
        self.verdicts |= {(key, d): v for d, v in _verdicts(records, has, person.clinic).items()}


def _write_resources(folder: Path, of_kind: Mapping[str, Iterable[dict]]) -> None:
    folder.mkdir()
    for kind, resources in of_kind.items():
        with _new(folder / f"{kind}.ndjson") as out:
            out.writelines(json.dumps(resource, ensure_ascii=False) + "\n" for resource in resources)


def _new(file: Path) -> TextIO:
    """A new text file that only its owner reads."""
    return os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8")


def _of_staff(user: User) -> dict:
    name = no_formula(user.full_name)
    return {"user_id": user.pk, "name": name, "role": user.role, "is_active": user.is_active}


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
    values = {name: no_formula(str(getattr(person, name))) for name in names}
    return {"person_id": person.pk, **values, "merged_into": person.merged_into_id or ""}


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
