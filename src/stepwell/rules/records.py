"""Record tables (Arrow) -> the rows that the rules read, in the order of the person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stepwell.errors import Problem, SourceError
from stepwell.tables import CODE_GAP, DOSE, INCOMPLETE_MEDICATION, MONITORING
from stepwell.tables.row_type import NA

from .code_gap import ANSWERS, OTHER_CODESET, SCORES
from .criterion_numbers import NONE, STOP_REASONS
from .rows import (
    ANSWER_ROW,
    CODE_GAP_ROW,
    CONDITION_ROW,
    DECLARED_ROW,
    DOSE_ROW,
    MEDICATION_ROW,
    MONITORING_ROW,
    PERIOD_ROW,
    PERSON_ROW,
    PROCEDURE_ROW,
    SCORE_ROW,
    Records,
)
from .sets import Names
from .sorting import MOST_ROWS
from .verdicts import MET, NOT_MET, UNKNOWN

_SHORT = pa.int16()
_, _, UNDATED_DRUGS, _, GIVEN_IN_CARE_ONLY, UNDATED_INTERACTING_DRUGS = INCOMPLETE_MEDICATION.by_name["reason"].values


@dataclass(frozen=True)
class Batch:
    """The records of some people. Addresses are in the order of their text: an address is a number in the rules, and the lesser
    number is the lesser text. `addresses` are those of medication, `session_addresses` those of doses, procedures and declared
    sessions."""

    person_ids: np.ndarray
    records: Records
    addresses: pa.Array
    session_addresses: pa.Array
    arms: tuple[str, ...]
    """The arms of trials that declared sessions name."""


def as_rows(tables: Mapping[str, pa.Table], names: Names) -> Batch:
    """The people of `tables["person"]` and their rows of the record tables, which have the declared columns.

    Rows of drugs, and of instruments, that are not looked for are left out. Raises SourceError for a person with more rows of one
    table than can be numbered.
    """
    person = _in_order_of_the_person(tables["person"])
    ids = _whole(person["person_id"])
    people = _Filler(ids)
    medication = tables["medication"]
    drug = _codes(medication["ingredient"], names.drug)
    if (drug == NONE).any():
        medication, drug = medication.filter(pa.array(drug != NONE)), drug[drug != NONE]
    addresses, address = _in_order_of_text(medication["address"])
    period, condition, procedure, score = (
        tables[name] for name in ("observation_period", "condition", "procedure", "measurement")
    )
    medication_rows = people.rows(
        "medication",
        medication,
        MEDICATION_ROW,
        drug=drug,
        start_day=_days(medication["start_date"]),
        end_day=_days(medication["end_date"]),
        mg_per_day=_amounts(medication["mg_per_day"]),
        labelled_use=_codes(medication["labelled_use"], _uses(medication["labelled_use"])),
        stop_reason=_codes(medication["stop_reason"], STOP_REASONS),
        is_supplied=_verdicts(medication["is_supplied"]),
        address=address,
    )
    period_rows = people.rows(
        "observation_period",
        period,
        PERIOD_ROW,
        start_day=_days(period["start_date"]),
        end_day=_days(period["end_date"]),
    )
    condition_rows = people.rows(
        "condition",
        condition,
        CONDITION_ROW,
        condition_day=_days(condition["condition_date"]),
        codeset=_codes(condition["codeset"], names.codeset),
        record=_records(condition),
    )
    dose, monitoring, answer = (tables[name] for name in ("dose", "monitoring", "answer"))
    billed = (*names.billing_code, *_other_words((dose["code"], procedure["code"]), names.billing_code))
    declared = tables["declared_session"]
    # In the order of their text: of two arms of one day the lesser is the lesser text.
    arms = sorted(pc.unique(declared["arm"]).drop_null().to_pylist())
    session_addresses, address = _in_order_of_text(
        _together(dose["address"], procedure["address"], declared["address"])
    )
    procedure_rows = people.rows(
        "procedure",
        procedure,
        PROCEDURE_ROW,
        procedure_day=_days(procedure["procedure_date"]),
        procedure=_codes(procedure["procedure"], names.codeset),
        code=_codes(procedure["code"], billed, pa.int32()),
        quantity=_amounts(procedure["quantity"]),
        address=address[dose.num_rows : dose.num_rows + procedure.num_rows],
    )
    dose_rows = people.rows(
        "dose",
        dose,
        DOSE_ROW,
        given_day=_days(dose["given_date"]),
        drug=_codes(dose["ingredient"], names.drug),
        kind=_codes(dose["kind"], DOSE.by_name["kind"].values),
        code=_codes(dose["code"], billed, pa.int32()),
        quantity=_amounts(dose["quantity"]),
        mg=_amounts(dose["mg"]),
        route=_codes(dose["route"], DOSE.by_name["route"].values),
        minute=_whole_or_missing(dose["minute"]),
        address=address[: dose.num_rows],
    )
    monitoring_rows = people.rows(
        "monitoring",
        monitoring,
        MONITORING_ROW,
        session_day=_days(monitoring["session_date"]),
        kind=_codes(monitoring["kind"], MONITORING.by_name["kind"].values),
        minutes=_whole_or_missing(monitoring["minutes"]),
        value=_amounts(monitoring["value"]),
    )
    answer_rows = people.rows(
        "answer",
        answer,
        ANSWER_ROW,
        answered_day=_days(answer["answered_date"]),
        instrument=_codes(answer["instrument"], names.any_instrument),
        item_code=_codes(answer["item"], names.item),
        value=_amounts(answer["value"]),
    )
    score_rows = people.rows(
        "measurement",
        score,
        SCORE_ROW,
        measured_day=_days(score["measured_date"]),
        instrument=_codes(score["instrument"], names.instrument),
        total=_amounts(score["total"]),
    )
    gap = tables["code_gap"]
    gap_rows = people.rows(
        "code_gap",
        gap,
        CODE_GAP_ROW,
        record=_codes(gap["record"], CODE_GAP.by_name["record"].values),
        codeset=_codes_of_gaps(gap, names),
        reason=_codes(gap["reason"], CODE_GAP.by_name["reason"].values),
        first_day=_days(gap["first_date"]),
        last_day=_days(gap["last_date"]),
        n_rows=gap["n_rows"].fill_null(0).to_numpy(),
    )
    declared_rows = people.rows(
        "declared_session",
        declared,
        DECLARED_ROW,
        session_day=_days(declared["session_date"]),
        treatment=_codes(declared["treatment"], names.treatment),
        is_comparator=np.where(declared["is_comparator"].to_numpy(), MET, NOT_MET),
        arm=_codes(declared["arm"], arms),
        mg_per_kg=_amounts(declared["mg_per_kg"]),
        address=address[dose.num_rows + procedure.num_rows :],
    )
    lacking = tables["incomplete_medication"]
    lacking = lacking.filter(pc.not_equal(lacking["reason"], UNDATED_INTERACTING_DRUGS))  # no trial is of such a drug
    persons = _filled(
        PERSON_ROW,
        person_id=ids,
        birth_earliest_day=_days(person["birth_earliest_date"]),
        birth_latest_day=_days(person["birth_latest_date"]),
        death_day=_days(person["death_date"]),
        lacks_drugs=_is_among(ids, lacking),
        has_unidentified_drugs=_is_among(ids, lacking.filter(pc.not_equal(lacking["reason"], GIVEN_IN_CARE_ONLY))),
        has_undated_drugs=_is_among(ids, lacking.filter(pc.equal(lacking["reason"], UNDATED_DRUGS))),
        is_given_in_care_only=_is_among(ids, lacking.filter(pc.equal(lacking["reason"], GIVEN_IN_CARE_ONLY))),
    )
    records = Records(
        persons,
        *medication_rows,
        *period_rows,
        *condition_rows,
        *procedure_rows,
        *score_rows,
        *dose_rows,
        *monitoring_rows,
        *answer_rows,
        *gap_rows,
        *declared_rows,
    )
    return Batch(ids, records, addresses, session_addresses, tuple(arms))


class _Filler:
    """Puts rows in the order of the person and says where each person's begin."""

    def __init__(self, ids: np.ndarray):
        self.ids = ids

    def rows(
        self, name: str, table: pa.Table, dtype: np.dtype, **columns: np.ndarray
    ) -> tuple[np.recarray, np.ndarray]:
        person = _whole(table["person_id"])
        if len(person) > 1 and (np.diff(person) < 0).any():
            order = np.argsort(person, kind="stable")
            person, columns = person[order], {name: values[order] for name, values in columns.items()}
        first = np.searchsorted(person, self.ids, "left")
        first = np.append(first, np.searchsorted(person, self.ids[-1], "right") if len(self.ids) else 0)
        most = int(np.diff(first).max(initial=0))
        if most >= MOST_ROWS:
            found, expected = f"{most:,} rows of one person", f"at most {MOST_ROWS - 1:,}"
            problem = Problem(name, found, expected, "look for rows that were sent again and again")
            raise SourceError("A person has more rows than can be judged.", [problem])
        return _filled(dtype, **columns), first.astype(np.int64)


def _filled(dtype: np.dtype, **columns: np.ndarray) -> np.recarray:
    assert set(columns) == set(dtype.names)
    rows = np.recarray(len(next(iter(columns.values()))), dtype)
    for name, values in columns.items():
        rows[name] = values
    return rows


def _in_order_of_the_person(table: pa.Table) -> pa.Table:
    return table.sort_by("person_id")


def _whole(column: pa.ChunkedArray) -> np.ndarray:
    return column.to_numpy()


def _days(column: pa.ChunkedArray) -> np.ndarray:
    return column.cast(pa.int32()).fill_null(NA).to_numpy()


def _amounts(column: pa.ChunkedArray) -> np.ndarray:
    return column.fill_null(np.nan).to_numpy()


def _verdicts(column: pa.ChunkedArray) -> np.ndarray:
    return pc.if_else(column, MET, NOT_MET).fill_null(UNKNOWN).cast(pa.int8()).to_numpy()


def _whole_or_missing(column: pa.ChunkedArray) -> np.ndarray:
    return column.fill_null(NA).to_numpy()


def _codes(column: pa.ChunkedArray, words: Sequence[str], kind: pa.DataType = _SHORT, other: int = NONE) -> np.ndarray:
    """The place of each word in `words`; `other` for any other word, and NONE where there is none."""
    places = pc.index_in(column, pa.array(words, pa.string()))
    if other != NONE:
        places = pc.if_else(pc.is_null(column), pa.scalar(NONE, pa.int32()), pc.fill_null(places, other))
    return places.fill_null(NONE).cast(kind).to_numpy()


def _codes_of_gaps(gap: pa.Table, names: Names) -> np.ndarray:
    """The code set, or of scores the instrument. An answer without a day may be to any question."""
    codesets = _codes(gap["codeset"], names.codeset, other=OTHER_CODESET)
    instruments = _codes(gap["codeset"], names.instrument, other=OTHER_CODESET)
    record = _codes(gap["record"], CODE_GAP.by_name["record"].values)
    return np.select([record == SCORES, record == ANSWERS], [instruments, NONE], codesets).astype(codesets.dtype)


def _is_among(ids: np.ndarray, table: pa.Table) -> np.ndarray:
    return np.isin(ids, _whole(table["person_id"]))


def _other_words(columns: Sequence[pa.ChunkedArray], words: Sequence[str]) -> list[str]:
    """The different words of the columns that are not among `words`."""
    return [w for w in pc.unique(_together(*columns)).drop_null().to_pylist() if w not in words]


def _together(*columns: pa.ChunkedArray) -> pa.ChunkedArray:
    return pa.chunked_array([chunk for column in columns for chunk in column.chunks], columns[0].type)


def _uses(column: pa.ChunkedArray) -> list[str]:
    """The different labelled uses, a form that is not recorded first of all (`FORM_NOT_KNOWN`)."""
    return ["not known", *(use for use in pc.unique(column).drop_null().to_pylist() if use != "not known")]


def _in_order_of_text(column: pa.ChunkedArray) -> tuple[pa.Array, np.ndarray]:
    """The texts in their order, and the place of each row's."""
    order = pc.sort_indices(column)
    place = np.empty(len(column), np.int64)
    place[order.to_numpy()] = np.arange(len(column))
    place[column.is_null().to_numpy()] = NONE
    return column.take(order).combine_chunks(), place


def _records(condition: pa.Table) -> np.ndarray:
    """Equal numbers for rows of one vocabulary, code and address (the sets of one record are rows of their own), on each day."""
    parts = [
        condition[name].cast(pa.string()).fill_null("") for name in ("condition_date", "vocabulary", "code", "address")
    ]
    whole = pc.binary_join_element_wise(*parts, "\x00")
    return pc.index_in(whole, pc.unique(whole)).cast(pa.int64()).to_numpy()
