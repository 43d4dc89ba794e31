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
    "table",
    [
        "person",
        "observation_period",
        "visit_occurrence",
        "drug_exposure",
        "condition_occurrence",
        "procedure_occurrence",
        "measurement",
    ],
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


def supplies(folder) -> list[dict]:
    """Rows of drugs that were dispensed; the others are doses charted at a session."""
    return [r for r in folder.rows("drug_exposure") if r["drug_type_concept_id"] == parameters().types.of["fill"]]


def doses(folder) -> list[dict]:
    return [r for r in folder.rows("drug_exposure") if r["drug_type_concept_id"] != parameters().types.of["fill"]]


def n_readings(folder) -> int:
    """Readings around sessions: of scores, only the day is known."""
    return sum(r["measurement_datetime"] is not None for r in folder.rows("measurement"))


def test_supplies_follow_without_a_gap_or_an_overlap(tidy):
    rows = sorted(
        supplies(tidy),
        key=lambda r: (r["person_id"], r["drug_concept_id"], r["drug_exposure_start_date"]),
    )
    followed = 0
    for _, own in groupby(rows, key=lambda r: (r["person_id"], r["drug_concept_id"])):
        own = list(own)
        for r in own:
            days = (r["drug_exposure_end_date"] - r["drug_exposure_start_date"]).days + 1
            assert r["days_supply"] == days > 0
            assert r["quantity"] % days == 0
        for one, following in pairwise(own):
            apart = (following["drug_exposure_start_date"] - one["drug_exposure_end_date"]).days
            followed += apart == 1
            assert apart == 1 or (apart > 1 and one["stop_reason"])
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
    for r in supplies(tidy):
        name = label[ingredient[r["drug_concept_id"]]]
        begins.add((str(r["person_id"]), name, r["drug_exposure_start_date"]))
        ends[str(r["person_id"]), name, r["drug_exposure_end_date"]] = r["stop_reason"]
    recorded = {
        "remission kept": "completed",
        "no response": "no effect",
        "intolerance": "intolerance",
        "lost": "not known",
        "given up": "not known",
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
    for r in supplies(tidy):
        mg = strength[r["drug_concept_id"]] * r["quantity"] / r["days_supply"]
        assert (name[r["drug_concept_id"]].rsplit(" ", 2)[0], mg) in allowed


def test_scores_are_whole_and_one_a_day_of_one_instrument(tidy, formulary):
    top = {
        formulary.knowledge.instruments[i].label: r[1]
        for i, r in zip(formulary.instruments, formulary.score_range, strict=True)
    }
    rows, instrument = [r for r in tidy.rows("measurement") if r["measurement_source_value"] in top], {}
    days = {(r["person_id"], r["measurement_date"]) for r in rows}
    assert len(days) == len(rows)
    for r in rows:
        assert instrument.setdefault(r["person_id"], r["measurement_source_value"]) == r["measurement_source_value"]
        assert 0 <= r["value_as_number"] <= top[r["measurement_source_value"]]
        assert r["value_as_number"] == int(r["value_as_number"])
    assert len(set(instrument.values())) == len(top)


def test_about_thirty_supplies_for_each_person(tidy):
    """A million people shall give about thirty million rows to read."""
    assert 20 < len(supplies(tidy)) / len(tidy["person"]) < 40


def test_a_session_is_charted_billed_and_read_around(tidy):
    true = tidy.rows("truth_session")
    given = {(r["source_person_id"], r["session_date"]): r["mg"] for r in true if r["mg"]}
    charted = {(str(r["person_id"]), r["drug_exposure_start_date"]): r for r in doses(tidy)}
    assert len(given) == len(charted) > 100
    assert given.keys() == charted.keys()
    strength = {r["drug_concept_id"]: r["amount_value"] for r in tidy.rows("drug_strength")}
    billed = {(str(r["person_id"]), r["procedure_date"]): r for r in tidy.rows("procedure_occurrence")}
    assert len(billed) == len([r for r in true if r["treatment"] != "ketamine"])
    code = {"ect": {"90870"}, "tms": {"90867", "90868"}, "esketamine": {"G2082", "G2083"}}
    for r in true:
        key = r["source_person_id"], r["session_date"]
        if r["mg"]:
            dose = charted[key]
            assert dose["quantity"] * strength.get(dose["drug_concept_id"], 1) == r["mg"]
            assert dose["route_source_value"] == {"esketamine": "nasal", "ketamine": "intravenous"}[r["treatment"]]
            assert (dose["dose_unit_source_value"] == "mg") is (r["treatment"] == "ketamine")
        if r["treatment"] in code:
            assert billed[key]["procedure_source_value"] in code[r["treatment"]]
        if r["treatment"] == "esketamine":
            assert (billed[key]["procedure_source_value"] == "G2083") is (r["mg"] > 56)
    around = [r for r in tidy.rows("measurement") if r["measurement_datetime"]]
    assert len(around) == 10 * len(charted)
    for r in around:
        dose = charted[str(r["person_id"]), r["measurement_date"]]
        assert -5 <= (r["measurement_datetime"] - dose["drug_exposure_start_datetime"]).total_seconds() / 60 <= 150


def test_every_record_of_care_belongs_to_a_visit(untidy):
    visits = {
        r["visit_occurrence_id"]: (r["person_id"], r["visit_start_date"]) for r in untidy.rows("visit_occurrence")
    }
    assert len(set(visits.values())) == len(visits)
    for table, day in (
        ("condition_occurrence", "condition_start_date"),
        ("measurement", "measurement_date"),
        ("procedure_occurrence", "procedure_date"),
    ):
        rows = untidy.rows(table)
        assert rows
        assert all(visits[r["visit_occurrence_id"]] == (r["person_id"], r[day]) for r in rows)


def test_everything_lies_within_observation(tidy):
    period = {
        r["person_id"]: (r["observation_period_start_date"], r["observation_period_end_date"])
        for r in tidy.rows("observation_period")
    }
    for table, columns in {
        "drug_exposure": ("drug_exposure_start_date", "drug_exposure_end_date"),
        "condition_occurrence": ("condition_start_date",),
        "measurement": ("measurement_date",),
        "procedure_occurrence": ("procedure_date",),
        "visit_occurrence": ("visit_start_date",),
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
    rows = supplies(simulated(noise=parameters().noise.off().but(**{knob: 20})))
    assert len(rows) == len(supplies(tidy))
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
    def counted(folder) -> int:
        if table == "drug_exposure":
            return len(supplies(folder))
        return (
            sum(r["measurement_datetime"] is None for r in folder.rows(table))
            if table == "measurement"
            else len(folder[table])
        )

    n = counted(tidy)
    found = counted(simulated(noise=parameters().noise.off().but(**{knob: 20})))
    assert abs(found / n - ratio) < 4 * (0.2 * 0.8 / n) ** 0.5


@pytest.mark.parametrize("knob", ["early_refill", "late_refill"])
def test_refills_move_within_their_days_and_first_supplies_stay(simulated, tidy, knob):
    moved = simulated(noise=parameters().noise.off().but(**{knob: 50}))
    before, after = (pa.array([r["drug_exposure_start_date"] for r in supplies(t)]) for t in (tidy, moved))
    shift = pc.subtract(after.cast("int32"), before.cast("int32"))
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
    of_scores = [
        e for e, r in zip(error.to_pylist(), tidy.rows("measurement"), strict=True) if not r["measurement_datetime"]
    ]
    assert 0.3 < share(of_scores, bool) < 0.55


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


@pytest.mark.parametrize("knob", ["missing_session", "missing_session_drug", "missing_session_code", "missing_reading"])
def test_sessions_go_missing_in_parts_and_never_wholly_by_halves(simulated, tidy, knob):
    off = parameters().noise.off()
    n = [
        len(doses(tidy)),
        len(tidy["procedure_occurrence"]),
        sum(bool(r["measurement_datetime"]) for r in tidy.rows("measurement")),
    ]
    other = simulated(noise=off.but(**{knob: 40}))
    m = [
        len(doses(other)),
        len(other["procedure_occurrence"]),
        sum(bool(r["measurement_datetime"]) for r in other.rows("measurement")),
    ]
    lost = [1 - after / before for before, after in zip(n, m, strict=True)]
    falls = {
        "missing_session": (True, True, True),
        "missing_session_drug": (True, False, False),
        "missing_session_code": (False, True, False),
        "missing_reading": (False, False, True),
    }[knob]
    assert [share > 0.05 for share in lost] == list(falls)
    assert all(share == 0 for share, falls_ in zip(lost, falls, strict=True) if not falls_)


def test_a_session_of_which_one_record_is_missing_still_has_the_other(simulated, tidy):
    off = parameters().noise.off()
    halves = simulated(noise=off.but(missing_session_drug=50, missing_session_code=100))
    days = {(r["person_id"], r["drug_exposure_start_date"]) for r in doses(halves)}
    days |= {(r["person_id"], r["procedure_date"]) for r in halves.rows("procedure_occurrence")}
    assert days == {(int(r["source_person_id"]), r["session_date"]) for r in tidy.rows("truth_session")}


def test_every_knob_is_tried_here():
    tried = {*FILL_KNOBS, "missing_fill", "duplicate_row", "missing_diagnosis", "unscored_visit", "early_refill"}
    tried |= {"late_refill", "score_error", "late_diagnosis", "miscoded_diagnosis", "late_observation"}
    tried |= {"missing_session", "missing_session_drug", "missing_session_code", "missing_reading"}
    # Those of FHIR are tried in tests/sources/fhir/test_noise.py.
    assert tried | {"missing_stop_reason"} == {n for n in Noise.model_fields if not Noise.is_of_fhir(n)}
