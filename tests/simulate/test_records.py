"""What is written: without noise exactly the course; with noise as untidy as the knobs say; always a valid OMOP CDM."""

from itertools import groupby, pairwise

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from stepwell.simulate.forms import Noise
from stepwell.simulate.parameters import cdm_columns, parameters

CDM_TABLES = sorted({c.table for c in cdm_columns()})


@pytest.mark.parametrize("table", CDM_TABLES)
def test_columns_are_those_of_the_cdm(untidy, table):
    asked = [c for c in cdm_columns() if c.table == table]
    rows = untidy[table]
    assert rows.column_names == [c.column for c in asked]
    kind = {
        "integer": pa.types.is_integer,
        "float": pa.types.is_floating,
        "date": pa.types.is_date,
        "datetime": pa.types.is_timestamp,
        "text": pa.types.is_string,
    }
    for c in asked:
        assert kind[c.type](rows.schema.field(c.column).type), c.column
        if c.required == "yes":
            assert rows[c.column].null_count == 0, c.column


@pytest.mark.parametrize(
    "table", ["person", "observation_period", "drug_exposure", "condition_occurrence", "measurement"]
)
def test_ids_are_counted_and_belong_to_people(untidy, table):
    rows = untidy[table]
    ids = rows[f"{table}_id"].to_pylist()
    assert ids == list(range(1, len(ids) + 1))
    assert set(rows["person_id"].to_pylist()) <= set(untidy["person"]["person_id"].to_pylist())


def test_every_concept_is_in_the_vocabulary(untidy):
    known = set(untidy["concept"]["concept_id"].to_pylist())
    for table in CDM_TABLES:
        for name in untidy[table].column_names:
            if name.endswith("_concept_id") and "type" not in name:
                used = set(untidy[table][name].to_pylist()) - {None}
                assert used <= known, (table, name)


def test_supplies_follow_without_a_gap_or_an_overlap(tidy):
    rows = sorted(
        tidy.rows("drug_exposure"),
        key=lambda r: (r["person_id"], r["drug_concept_id"], r["drug_exposure_start_date"]),
    )
    begins_or_ends = {
        (r["source_person_id"], d) for r in tidy.rows("truth_trial") for d in (r["start_date"], r["end_date"])
    }
    followed = 0
    for (person, _), own in groupby(rows, key=lambda r: (r["person_id"], r["drug_concept_id"])):
        own = list(own)
        for r in own:
            days = (r["drug_exposure_end_date"] - r["drug_exposure_start_date"]).days + 1
            assert r["days_supply"] == days > 0
            assert r["quantity"] % days == 0
        for one, following in pairwise(own):
            apart = (following["drug_exposure_start_date"] - one["drug_exposure_end_date"]).days
            followed += apart == 1
            assert apart == 1 or (
                apart > 1 and one["stop_reason"] and (str(person), one["drug_exposure_end_date"]) in begins_or_ends
            )
    assert followed > len(rows) / 2


def test_true_trials_are_the_supplies(tidy):
    """Each true trial begins with a supply and ends with one, and its reason for ending is recorded there."""
    ingredient = {
        r["descendant_concept_id"]: r["ancestor_concept_id"]
        for r in tidy.rows("concept_ancestor")
        if r["min_levels_of_separation"]
    }
    label = {r["concept_id"]: r["concept_name"] for r in tidy.rows("concept")}
    ends, begins = {}, set()
    for r in tidy.rows("drug_exposure"):
        name = label[ingredient[r["drug_concept_id"]]]
        begins.add((str(r["person_id"]), name, r["drug_exposure_start_date"]))
        ends[str(r["person_id"]), name, r["drug_exposure_end_date"]] = r["stop_reason"]
    recorded = {
        "remission kept": "completed",
        "no response": "no effect",
        "intolerance": "intolerance",
        "lost": "not known",
        "observation ended": None,
    }
    trials = tidy.rows("truth_trial")
    assert len(trials) > 1000
    for t in trials:
        assert (t["source_person_id"], t["ingredient"], t["start_date"]) in begins
        assert ends[t["source_person_id"], t["ingredient"], t["end_date"]] == recorded[t["ended_for"]]


def test_every_dose_can_be_worked_out(tidy, formulary):
    strength = {r["drug_concept_id"]: r["amount_value"] for r in tidy.rows("drug_strength")}
    name = {r["concept_id"]: r["concept_name"] for r in tidy.rows("concept")}
    allowed = {(d.ingredient, mg) for d in formulary.drugs for mg in d.mg_per_day}
    for r in tidy.rows("drug_exposure"):
        mg = strength[r["drug_concept_id"]] * r["quantity"] / r["days_supply"]
        assert (name[r["drug_concept_id"]].rsplit(" ", 2)[0], mg) in allowed


def test_scores_are_whole_and_one_a_day_of_one_instrument(tidy, formulary):
    top = {
        formulary.knowledge.instruments[i].label: r[1]
        for i, r in zip(formulary.instruments, formulary.score_range, strict=True)
    }
    rows, instrument = tidy.rows("measurement"), {}
    days = {(r["person_id"], r["measurement_date"]) for r in rows}
    assert len(days) == len(rows)
    for r in rows:
        assert instrument.setdefault(r["person_id"], r["measurement_source_value"]) == r["measurement_source_value"]
        assert 0 <= r["value_as_number"] <= top[r["measurement_source_value"]]
        assert r["value_as_number"] == int(r["value_as_number"])
    assert len(set(instrument.values())) == len(top)


def test_about_thirty_supplies_for_each_person_with_depression(many, formulary):
    """A million people shall give about thirty million supplies."""
    from stepwell.simulate.record import make_records

    fills = make_records(many, None, formulary, None).fills
    per_person = len(fills) / len(many.person)
    assert 25 < per_person < 36


def test_everything_lies_within_observation(tidy):
    period = {
        r["person_id"]: (r["observation_period_start_date"], r["observation_period_end_date"])
        for r in tidy.rows("observation_period")
    }
    for table, columns in {
        "drug_exposure": ("drug_exposure_start_date", "drug_exposure_end_date"),
        "condition_occurrence": ("condition_start_date",),
        "measurement": ("measurement_date",),
        "death": ("death_date",),
    }.items():
        rows = tidy.rows(table)
        assert rows
        for r in rows:
            first, last = period[r["person_id"]]
            assert all(first <= r[c] <= last for c in columns)


def test_all_knobs_off_is_no_noise(simulated, tidy):
    off = simulated(noise=parameters().noise.off())
    for table in CDM_TABLES:
        assert off[table].equals(tidy[table]), table


def share(rows, condition) -> float:
    return sum(map(condition, rows)) / len(rows)


FILL_KNOBS = {
    "missing_days_supply": lambda r: r["days_supply"] is None,
    "zero_days_supply": lambda r: r["days_supply"] == 0,
    "missing_quantity": lambda r: r["quantity"] is None,
    "zero_concept": lambda r: r["drug_concept_id"] == 0,
    "end_before_start": lambda r: r["drug_exposure_end_date"] < r["drug_exposure_start_date"],
}


@pytest.mark.parametrize("knob", FILL_KNOBS)
def test_a_knob_spoils_as_many_supplies_as_it_says(simulated, tidy, knob):
    rows = simulated(noise=parameters().noise.off().but(**{knob: 20})).rows("drug_exposure")
    assert len(rows) == len(tidy["drug_exposure"])
    assert abs(share(rows, FILL_KNOBS[knob]) - 0.2) < 4 * (0.2 * 0.8 / len(rows)) ** 0.5
    others = [k for k in FILL_KNOBS if k != knob]
    assert not any(share(rows, FILL_KNOBS[other]) for other in others)


@pytest.mark.parametrize(
    ("knob", "table", "ratio"),
    [
        ("missing_fill", "drug_exposure", 0.8),
        ("duplicate_row", "drug_exposure", 1.2),
        ("missing_diagnosis", "condition_occurrence", 0.8),
        ("unscored_visit", "measurement", 0.8),
    ],
)
def test_a_knob_loses_or_repeats_as_many_rows_as_it_says(simulated, tidy, knob, table, ratio):
    n = len(tidy[table])
    found = len(simulated(noise=parameters().noise.off().but(**{knob: 20}))[table])
    assert abs(found / n - ratio) < 4 * (0.2 * 0.8 / n) ** 0.5


@pytest.mark.parametrize("knob", ["early_refill", "late_refill"])
def test_refills_move_within_their_days_and_first_supplies_stay(simulated, tidy, knob):
    moved = simulated(noise=parameters().noise.off().but(**{knob: 50}))
    before, after = (t["drug_exposure"]["drug_exposure_start_date"].cast("int32") for t in (tidy, moved))
    shift = pc.subtract(after, before)
    most = getattr(parameters().noise, knob).most
    low, high = (-most, 0) if knob == "early_refill" else (0, most)
    assert (pc.min(shift).as_py(), pc.max(shift).as_py()) == (low, high)
    assert 0.35 < share(shift.to_pylist(), bool) < 0.5


def test_score_errors_stay_within_points_and_range(simulated, tidy):
    knob = parameters().noise.off().but(score_error=50)
    one, two = (t["measurement"]["value_as_number"] for t in (tidy, simulated(noise=knob)))
    error = pc.subtract(two, one)
    most = parameters().noise.score_error.most
    assert (pc.min(error).as_py(), pc.max(error).as_py()) == (-most, most)
    assert 0.4 < share(error.to_pylist(), bool) < 0.55


def test_diagnoses_come_late_or_under_another_code(simulated, tidy):
    late = simulated(noise=parameters().noise.off().but(late_diagnosis=50))["condition_occurrence"]
    shift = pc.subtract(
        late["condition_start_date"].cast("int32"), tidy["condition_occurrence"]["condition_start_date"].cast("int32")
    )
    assert (pc.min(shift).as_py(), pc.max(shift).as_py()) == (0, parameters().noise.late_diagnosis.most)
    assert abs(share(shift.to_pylist(), bool) - 0.5) < 0.05
    miscoded = simulated(noise=parameters().noise.off().but(miscoded_diagnosis=50))
    codes = [r["condition_source_value"] for r in miscoded.rows("condition_occurrence")]
    true = [r["condition_source_value"] for r in tidy.rows("condition_occurrence")]
    depression = [c for c, t in zip(codes, true, strict=True) if t in ("F32.1", "F33.1")]
    assert abs(depression.count("F32.A") / len(depression) - 0.5) < 0.05
    assert all(c == t for c, t in zip(codes, true, strict=True) if t not in ("F32.1", "F33.1"))


def test_those_who_join_late_lose_what_was_before(simulated, tidy):
    late = simulated(noise=parameters().noise.off().but(late_observation=50))
    before = {r["person_id"]: r["observation_period_start_date"] for r in tidy.rows("observation_period")}
    after = {r["person_id"]: r["observation_period_start_date"] for r in late.rows("observation_period")}
    assert 0.4 < share(before, lambda p: after[p] > before[p]) < 0.6
    assert all(r["drug_exposure_start_date"] >= after[r["person_id"]] for r in late.rows("drug_exposure"))
    assert len(late["drug_exposure"]) < len(tidy["drug_exposure"])
    assert late["truth_person"].equals(tidy["truth_person"])


def test_reasons_for_stopping_go_missing(simulated, tidy):
    silent = simulated(noise=parameters().noise.off().but(missing_stop_reason=100))
    assert silent["drug_exposure"]["stop_reason"].null_count == len(silent["drug_exposure"])
    assert tidy["drug_exposure"]["stop_reason"].null_count < len(tidy["drug_exposure"])


def test_every_knob_is_tried_here():
    tried = {*FILL_KNOBS, "missing_fill", "duplicate_row", "missing_diagnosis", "unscored_visit", "early_refill"}
    tried |= {"late_refill", "score_error", "late_diagnosis", "miscoded_diagnosis", "late_observation"}
    assert tried | {"missing_stop_reason"} == set(Noise.model_fields)
