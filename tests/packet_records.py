"""A small folder of records of one person for the tests of prior authorisation, and what a clinic knows of her beside it."""

from __future__ import annotations

import atexit
from datetime import date
from functools import cache
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp

from stepwell import Result, run
from stepwell.clinic.authorisation.compose import compose
from stepwell.clinic.authorisation.content import Coverage, PacketContent, Patient, Request, Sender

DOCS = Path(__file__).parents[1] / "docs"
DAY = date(2025, 3, 28)

RECORDS = {
    "person.csv": "person_id,birth_date,sex\nanna,1980-05-17,female\n",
    "observation_period.csv": "person_id,start_date,end_date\nanna,2018-01-01,2025-06-30\n",
    "condition.csv": "person_id,condition_date,vocabulary,code\n"
    "anna,2025-01-05,ICD10CM,F33.1\nanna,2025-02-10,ICD10CM,F33.1\nanna,2019-02-03,ICD10CM,I71.4\n"
    "anna,2025-02-10,ICD10CM,F10.20\n",
    "medication.csv": "person_id,drug,start_date,end_date,mg_per_day\n"
    "anna,bupropion,2019-03-01,2019-06-01,150\n"
    "anna,sertraline,2025-01-10,2025-02-13,100\nanna,venlafaxine,2025-02-20,2025-03-28,150\n"
    "anna,methadone,2025-03-01,2025-03-28,\n",
    "measurement.csv": "person_id,measured_date,instrument,total\n"
    "anna,2025-01-08,phq-9,19\nanna,2025-02-12,phq-9,18\nanna,2025-03-27,phq-9,17\n",
    "answer.csv": "person_id,answered_date,instrument,item,value\nanna,2025-03-27,phq-9,9,3\nanna,2025-03-27,phq-9,1,2\n",
    "procedure.csv": "person_id,procedure_date,vocabulary,code\n"
    "anna,2025-01-20,SNOMED,75516001\nanna,2025-02-20,SNOMED,75516001\nanna,2024-11-02,CPT4,90870\n",
    "vital.csv": "person_id,measured_date,vital,mmhg\nanna,2025-03-20,systolic,141\nanna,2025-03-20,diastolic,90\n",
}


def example_policy() -> str:
    """The policy of a clinic's own that the docs show."""
    text = (DOCS / "prior-authorisation.md").read_text(encoding="utf-8")
    return text.split("```yaml\n", 1)[1].split("```", 1)[0]


@cache
def run_records() -> Result:
    """The result of one run over the records, which all tests share."""
    folder = Path(mkdtemp(prefix="stepwell-packet-"))
    atexit.register(rmtree, folder, ignore_errors=True)
    (folder / "records").mkdir()
    for name, text in RECORDS.items():
        (folder / "records" / name).write_text(text, encoding="utf-8")
    return run(folder / "records", folder / "result", definitions=["payer-cigna"])


def packet_of(result: Result, policy: str = "cigna", **given) -> PacketContent:
    """A packet of the person, with what a clinic knows of her."""
    known = {
        "patient": Patient(name="Anna Example", birth_date=date(1980, 5, 17), sex="female", record_number="A-17"),
        "coverage": Coverage(payer="Cigna", member_id="M-4711"),
        "sender": Sender(clinic="Example Clinic", address="1 Main Street", phone="555 0100", prescriber="Dr Example"),
        "request": Request(
            benefit="medical",
            code="J0013",
            units=1288,
            valid_from=date(2026, 1, 5),
            valid_to=date(2026, 7, 4),
        ),
    }
    return compose(result, "anna", policy, **({"day": DAY} | known | given))
