"""Hospice and palliative care: written as a diagnosis, a procedure, an observation or a visit, and found in each."""

from __future__ import annotations

import pytest
from cdm_headers import CONDITION, DRUG, OBSERVATION, PERSON

PEOPLE = [PERSON, *(f"{n},0,1950,," for n in range(1, 7))]
PROCEDURE = (
    "procedure_occurrence_id,person_id,procedure_concept_id,procedure_date,procedure_source_value,"
    "procedure_source_concept_id"
)
VISIT = "visit_occurrence_id,person_id,visit_concept_id,visit_start_date,visit_end_date,"


@pytest.mark.parametrize("discharge", ["discharged_to_concept_id", "discharge_to_concept_id"], ids=["CDM 5.4", "5.3"])
def test_care_is_found_in_every_table_that_may_hold_it(folder, opened, discharge):
    found = opened(
        folder(
            person=PEOPLE,
            drug_exposure=[DRUG],
            condition_occurrence=[CONDITION, "1,1,0,2020-01-01,Z51.5,0", "2,1,0,2020-01-01,F33.1,0"],
            procedure_occurrence=[PROCEDURE, "1,2,0,2020-01-02,G0182,0", "2,2,0,2020-01-02,90870,0"],
            observation=[
                OBSERVATION,
                "1,3,0,2020-01-03,,,T2042,0",
                "2,3,0,2020-01-03,,,90870,0",
                "3,4,4014023,2020-01-04,,,,0",
            ],
            visit_occurrence=[
                VISIT + discharge,
                "1,5,8546,2020-01-05,2020-02-05,0",
                "2,6,9201,2020-01-06,2020-01-16,8546",
                "3,6,9202,2020-03-06,2020-03-06,0",
            ],
        )
    )
    assert found.rows("condition", "person_id", "codeset") == [(1, "palliative-care"), (1, "major-depression")]
    assert sorted(map(str_date, found.rows("procedure", "person_id", "procedure", "procedure_date", "address"))) == [
        (2, "ect", "2020-01-02", "procedure_occurrence/2"),
        (2, "hospice", "2020-01-02", "procedure_occurrence/1"),
        (3, "hospice", "2020-01-03", "observation/1"),
        (4, "palliative-care", "2020-01-04", "observation/3"),
        (5, "hospice", "2020-01-05", "visit_occurrence/1"),
        (6, "hospice", "2020-01-16", "visit_occurrence/2"),
    ]
    assert {"condition", "procedure"} <= found.source.has


def test_visits_alone_show_care_but_not_that_there_was_none(folder, opened):
    """Without a table of procedures nobody can say that there was no care; care that a visit shows counts all the same."""
    visits = [VISIT, "1,5,8546,2020-01-05,2020-02-05,"]
    found = opened(folder(person=PEOPLE, drug_exposure=[DRUG], visit_occurrence=visits))
    assert found.rows("procedure", "person_id", "procedure") == [(5, "hospice")]
    assert "procedure" not in found.source.has


def test_care_in_an_own_folder(folder, opened):
    """Under diagnoses or under procedures, by its code or by the name of the code set."""
    found = opened(
        folder(
            person=["person_id,birth_date", "a,1950", "b,1950"],
            medication=["person_id,drug,start_date", "a,sertraline,2020-01-01"],
            condition=[
                "person_id,condition_date,vocabulary,code",
                "a,2020-01-01,ICD10CM,Z51.5",
                "b,2020-01-01,stepwell,hospice",
            ],
            procedure=[
                "person_id,procedure_date,vocabulary,code",
                "a,2020-01-02,HCPCS,Q5003",
                "b,2020-01-02,stepwell,palliative-care",
            ],
        )
    )
    assert found.rows("condition", "person_id", "codeset") == [(1, "palliative-care"), (2, "hospice")]
    assert found.rows("procedure", "person_id", "procedure") == [(1, "hospice"), (2, "palliative-care")]


def str_date(row: tuple) -> tuple:
    return tuple(str(v) if hasattr(v, "year") else v for v in row)
