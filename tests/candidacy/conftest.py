"""A small folder of records that is run for real."""

from __future__ import annotations

import pytest

from stepwell.runner import run

RECORDS = {
    "person.csv": "person_id,birth_date,sex\nanna,1980-05-17,female\nnobody,,\n",
    "observation_period.csv": "person_id,start_date,end_date\nanna,2018-01-01,2025-06-30\n",
    "condition.csv": "person_id,condition_date,vocabulary,code\n"
    "anna,2025-01-05,ICD10CM,F33.1\nanna,2025-05-05,ICD10CM,F33.2\nanna,2019-02-03,ICD10CM,I71.4\nanna,2019-02-03,ICD10CM,Z99.9\n",
    "medication.csv": "person_id,drug,start_date,end_date,mg_per_day\n"
    "anna,sertraline,2025-01-10,2025-02-13,100\nanna,venlafaxine,2025-02-20,2025-03-28,150\n"
    "anna,rasagiline,2025-03-20,2025-03-28,1\nanna,linezolid,2025-03-26,2025-03-28,\n"
    "anna,methylene blue,2025-03-28,2025-03-28,\nanna,lorazepam,2025-03-01,2025-03-28,\n",
    "measurement.csv": "person_id,measured_date,instrument,total\n"
    "anna,2025-01-08,phq-9,19\nanna,2025-02-12,phq-9,18\nanna,2025-03-27,phq-9,17\n",
    "answer.csv": "person_id,answered_date,instrument,item,value\n"
    + "".join(f"anna,2025-03-27,c-ssrs-screener,{item},1\n" for item in ("1", "2", "3", "4", "5", "6", "6b"))
    + "anna,2025-03-27,phq-9,9,3\n",
    "procedure.csv": "person_id,procedure_date,vocabulary,code\n",
    "vital.csv": "person_id,measured_date,vital,mmhg\n"
    "anna,2025-03-20,systolic,141\nanna,2025-03-20,diastolic,90\nanna,2025-03-21,diastolic,900\n",
}


@pytest.fixture(scope="session")
def result(tmp_path_factory):
    """Two failed trials of five weeks, of two classes, in one run of the shipped definitions that are run by default."""
    folder = tmp_path_factory.mktemp("candidacy")
    (folder / "records").mkdir()
    for name, text in RECORDS.items():
        (folder / "records" / name).write_text(text, encoding="utf-8")
    return run(folder / "records", folder / "result")
