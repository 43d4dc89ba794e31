"""Lines of a history as record tables: judged as the same history in a CSV folder is, and silent where the person was."""

from __future__ import annotations

import csv
import datetime as dt
from types import SimpleNamespace
from uuid import UUID

import pytest

import stepwell
from stepwell.clinic.history import drugs, forms, partial_dates
from stepwell.clinic.history.records import records_of

TODAY = dt.date(2026, 11, 29)
ADA = SimpleNamespace(id="ada", birth_date=dt.date(1980, 5, 31), sex="female")
DEFINITIONS = ("us-label", "sforzini-2022", "gsrd")


def line(n: int, kind: str, state: str = "reported", **content) -> SimpleNamespace:
    """A line whose content the form accepts."""
    checked, problems = forms.check(kind, content, today=TODAY, born=ADA.birth_date)
    assert problems == {}
    return SimpleNamespace(line=UUID(int=n), version=1, kind=kind, content=checked, state=state, person=ADA)


FIRST = {"drug": "Zoloft", "ingredient": "sertraline", "mg_per_day": 150, "start": "2023-01-10", "stop": "2023-05-20"}
SECOND = {
    "drug": "venlafaxine",
    "ingredient": "venlafaxine",
    "mg_per_day": 225,
    "start": "2023-05-25",
    "stop": "2023-11-01",
}
THIRD = {"drug": "bupropion", "ingredient": "bupropion", "mg_per_day": 300, "start": "2023-11-05", "stop": "2024-03-01"}
DEPRESSION = {"condition": "major-depression", "day": "2023-01-02"}
COMPLETE = {"start": "2020-01-01", "stop": "2026-11-01", "complete": ["condition", "procedure"]}


def history(*medications: dict, **more) -> list[SimpleNamespace]:
    """Trials, a diagnosis, and a clinician's word that all of it is complete."""
    lines = [line(n, "medication", **m) for n, m in enumerate(medications, 1)]
    lines.append(line(90, "condition", **DEPRESSION))
    return [*lines, line(91, "observation", more.get("observed", "confirmed"), **COMPLETE)]


def verdicts(lines) -> dict[str, str]:
    """The verdict of each definition."""
    records, has = records_of(lines)
    judged = stepwell.determine_records(records, DEFINITIONS, has=has)
    return {r["definition"].partition("@")[0]: r["verdict"] for r in judged["determination"].to_pylist()}


def write(path, rows: list[dict]) -> None:
    """One file of stepwell's own folder."""
    columns = list(dict.fromkeys(c for row in rows for c in row))
    with path.open("w", newline="", encoding="utf-8") as file:
        out = csv.DictWriter(file, columns)
        out.writeheader()
        out.writerows(rows)


def test_the_same_history_in_a_csv_folder_gives_the_same_trials_and_verdicts(tmp_path):
    lines = [
        *history(
            FIRST | {"stop_reasons": ["side effects", "cost"]}, SECOND | {"stop_reasons": ["did not help"]}, THIRD
        ),
        line(10, "medication", drug="an old tablet, nobody knows which", start="2022-01-01"),
        line(11, "medication", drug="Xanax", ingredient="alprazolam", start="2024-05-01"),
        line(12, "score", instrument="phq-9", day="2023-01-09", total=20),
        line(13, "score", instrument="phq-9", day="2023-05-01", total=16, items={"9": None, "1": 2}),
        line(14, "score", instrument="gad-7", day="2023-05-01", total=9),
        line(15, "treatment", treatment="ect", start="2025-02-03", n_sessions=1),
        line(16, "vital", day="2025-02-03", systolic=130, diastolic=80),
    ]
    of_ada = {"person_id": "ada"}
    supply = {"kind": "dispensing"}
    write(tmp_path / "person.csv", [{"person_id": "ada", "birth_date": "1980-05-31", "sex": "female"}])
    write(
        tmp_path / "medication.csv",
        [
            {**of_ada, "drug": m["ingredient"], "start_date": m["start"], "end_date": m["stop"],
             "mg_per_day": m["mg_per_day"], "stop_reason": why, **supply}
            for m, why in ((FIRST, "intolerance"), (SECOND, "no effect"), (THIRD, ""))
        ]
        + [
            {**of_ada, "drug": "an old tablet, nobody knows which", "start_date": "2022-01-01", **supply},
            {**of_ada, "drug": "alprazolam", "start_date": "2024-05-01", **supply},
        ],
    )  # fmt: skip
    write(tmp_path / "observation_period.csv", [{**of_ada, "start_date": "2020-01-01", "end_date": "2026-11-01"}])
    coded = {"vocabulary": "stepwell"}
    write(tmp_path / "condition.csv", [{**of_ada, "condition_date": "2023-01-02", "code": "major-depression", **coded}])
    write(tmp_path / "procedure.csv", [{**of_ada, "procedure_date": "2025-02-03", "code": "ect", **coded}])
    write(
        tmp_path / "measurement.csv",
        [
            {**of_ada, "measured_date": day, "instrument": "phq-9", "total": t}
            for day, t in (("2023-01-09", 20), ("2023-05-01", 16))
        ],
    )
    write(
        tmp_path / "answer.csv",
        [
            {**of_ada, "answered_date": "2023-05-01", "instrument": i, "item": item, "value": value}
            for i, item, value in (("phq-9", "9", ""), ("phq-9", "1", 2), ("gad-7", "", 9))
        ],
    )
    write(
        tmp_path / "vital.csv",
        [
            {**of_ada, "measured_date": "2025-02-03", "vital": f"blood-pressure-{v}", "mmhg": n}
            for v, n in (("systolic", 130), ("diastolic", 80))
        ],
    )
    folder = stepwell.read_records(tmp_path)
    records, has = records_of(lines)
    for name, table in folder.tables.items():
        # A share of a whole source says nothing of one person.
        rows = [r for r in table.to_pylist() if r.get("reason") != "unidentified drugs in the source"]
        theirs = sorted(map(_bare, rows), key=str)
        assert sorted(map(_bare, records.get(name, [])), key=str) == theirs, name
    assert has == folder.has
    here = stepwell.determine_records(records, DEFINITIONS, has=has)
    there = stepwell.determine_records(folder.tables, DEFINITIONS, has=folder.has)
    for name in ("determination", "trial", "judged_trial"):
        assert [_bare(r) for r in here[name].to_pylist()] == [_bare(r) for r in there[name].to_pylist()], name


def _bare(row: dict) -> dict:
    """The row without what names its source: the address, the spelling of a code's vocabulary, how many lines were counted."""
    return {k: v for k, v in row.items() if k not in ("address", "n_of")}


def test_a_documented_history_is_met_and_a_documented_short_one_is_not():
    assert verdicts(history(FIRST, SECOND, THIRD))["us-label"] == "met"
    assert verdicts(history(FIRST)) == dict.fromkeys(DEFINITIONS, "not met")


SILENT = {
    "nobody confirmed that it is complete": lambda: history(FIRST, observed="reported"),
    "an imported period that nobody confirmed": lambda: history(FIRST, observed="imported"),
    "no first day": lambda: history({k: v for k, v in FIRST.items() if k != "start"}),
    "a month as first day": lambda: history(FIRST | {"start": "2023-01"}),
    "a year as first day": lambda: history(FIRST | {"start": "2023"}),
    "no dates at all": lambda: history({k: v for k, v in FIRST.items() if k not in ("start", "stop")}),
    "another drug that nobody knows": lambda: [*history(FIRST), line(20, "medication", drug="the blue one")],
    "another drug, and nobody knows when": lambda: [
        *history(FIRST),
        line(20, "medication", drug="Paxil", ingredient="paroxetine"),
    ],
    "another medicine, and nobody knows whether it was taken": lambda: [
        *history(FIRST),
        line(20, "medicine", drug="a water tablet", had="don't know"),
    ],
}


@pytest.mark.parametrize("what", SILENT)
def test_where_the_history_is_silent_no_verdict_is_not_met(what):
    assert set(verdicts(SILENT[what]()).values()) <= {"unknown"}


OF_TWO = {
    "no last day": {k: v for k, v in SECOND.items() if k != "stop"},
    "a month as last day": SECOND | {"start": "2023-06-20", "stop": "2023-07"},
    "no dose": {k: v for k, v in SECOND.items() if k != "mg_per_day"},
    "taken for something else, says the patient": SECOND | {"purpose": "something else"},
    "still taken": {k: v for k, v in SECOND.items() if k != "stop"} | {"taken_on": "2023-06-02"},
    "only how long": {k: v for k, v in SECOND.items() if k not in ("start", "stop")} | {"weeks": 20},
}


@pytest.mark.parametrize("what", OF_TWO)
def test_what_is_missing_of_a_trial_makes_the_verdict_unknown(what):
    assert verdicts(history(FIRST, OF_TWO[what]))["us-label"] == "unknown"


def test_only_days_on_which_a_drug_was_certainly_taken_are_supplied():
    records, _has = records_of([line(1, "medication", **FIRST | {"start": "2023-01", "stop": "2023-05"})])
    spans = [(r["start_date"], r["end_date"]) for r in records["medication"]]
    assert spans == [(dt.date(2023, 1, 31), dt.date(2023, 4, 30)), (dt.date(2023, 5, 1), None)]
    assert records["incomplete_medication"][0]["reason"] == "drugs without a day"
    assert partial_dates.certain_days("2023-05", "2023-05", None, None) is None
    assert partial_dates.certain_days("2023-05-01", None, None, 2) == (dt.date(2023, 5, 1), dt.date(2023, 5, 14), True)
    assert partial_dates.certain_days(None, "2023-05-14", None, 2) == (dt.date(2023, 5, 1), dt.date(2023, 5, 14), True)


def test_the_form_of_a_drug_says_what_it_was_for():
    use = {}
    for n, more in enumerate(({}, {"route": "oral"}, {"route": "transdermal"}), 1):
        patch = {"drug": "Emsam", "ingredient": "selegiline-transdermal", "start": "2024-05-01", **more}
        records, _has = records_of([line(n, "medication", **patch)])
        use[more.get("route")] = records["medication"][0]["labelled_use"]
    assert use == {None: None, "oral": "Parkinson's disease", "transdermal": None}


def candidacy_lines(lines) -> dict[str, str]:
    """The verdict of each thing that the US label of esketamine asks."""
    from stepwell.candidacy import assess

    records, has = records_of(lines)
    result = stepwell.explain_records(records, ["us-label"], has=has)
    _chart, (label,) = assess(result, "ada", ["esketamine-us"])
    return {one.path: "none recorded" if one.found.is_none_recorded else one.stands for one in label.lines}


def test_a_condition_is_asked_and_never_excluded_by_silence():
    aneurysm, unsure = {"condition": "aneurysm"}, {"condition": "aneurysm", "had": "don't know"}
    path = "contraindications.aneurysm"
    told = {
        "no": candidacy_lines([*history(FIRST), line(5, "condition", **aneurysm, had="no")]),
        "don't know": candidacy_lines([*history(FIRST), line(5, "condition", **unsure)]),
        "some year": candidacy_lines([*history(FIRST), line(5, "condition", **aneurysm, day="2019")]),
        "a day": candidacy_lines([*history(FIRST), line(5, "condition", **aneurysm, day="2019-03-04")]),
        "unnamed": candidacy_lines([*history(FIRST), line(5, "condition", name="something with my head")]),
    }
    assert {said: lines[path] for said, lines in told.items()} == {
        "no": "none recorded",
        "don't know": "unknown",
        "some year": "unknown",
        "a day": "not met",
        "unnamed": "unknown",
    }


def test_diagnoses_that_no_clinician_called_complete_are_unknown_and_not_none_recorded():
    of_drugs = line(91, "observation", "confirmed", start="2020-01-01", stop="2026-11-01")
    lines = [*history(FIRST)[:-1], of_drugs]
    assert candidacy_lines(lines)["contraindications.aneurysm"] == "unknown"


def test_a_sedative_taken_now_is_told_and_one_that_may_be_taken_is_unknown():
    path = "cautions.depressants"
    last = history(FIRST)[-1]
    taken = line(6, "medicine", drug="Xanax", ingredient="alprazolam", taken_on="2026-11-01")
    unsure = line(6, "medicine", drug="Xanax", ingredient="alprazolam", had="don't know")
    assert candidacy_lines([*history(FIRST), taken])[path] == "not met"
    assert candidacy_lines([*history(FIRST), unsure])[path] == "unknown"
    assert last.kind == "observation"


def test_sessions_without_days_are_not_none():
    for content in ({"start": "2024"}, {"had": "don't know"}, {"start": "2024-02-01", "stop": "2024-04"}):
        records, _has = records_of([line(1, "treatment", treatment="tms", **content)])
        assert records["code_gap"][0]["codeset"] == "tms"
    records, _has = records_of([line(1, "treatment", treatment="ketamine", start="2024", n_sessions=6)])
    assert records["incomplete_medication"][0]["reason"] == "drugs without a day"
    records, _has = records_of([line(1, "treatment", treatment="tms", had="no")])
    assert "code_gap" not in records
    assert "procedure" not in records


def test_rejected_and_struck_lines_are_left_out():
    for state in ("rejected", "struck"):
        lines = [line(1, "medication", state, **FIRST)]
        records, has = records_of(lines, ADA)
        assert set(records) == has == {"person"}


WRONG = {
    "a day that does not exist": ("medication", {"drug": "x", "start": "2023-02-30"}, "start", "calendar"),
    "a day in the future": ("medication", {"drug": "x", "start": "2027-01-01"}, "start", "future"),
    "a day before birth": ("medication", {"drug": "x", "start": "1979-01-01"}, "start", "birth"),
    "words for a day": ("medication", {"drug": "x", "start": "last spring"}, "start", "date"),
    "stopped before it began": ("medication", {"drug": "x", "start": "2023-05", "stop": "2023-04"}, "stop", "before"),
    "stopped and still taken": (
        "medication",
        {"drug": "x", "stop": "2023-04", "taken_on": "2023-05-01"},
        "stop",
        "still be taken",
    ),
    "a dose of nothing": ("medication", {"drug": "x", "mg_per_day": 0}, "mg_per_day", "too small"),
    "an impossible dose": ("medication", {"drug": "x", "mg_per_day": 1e6}, "mg_per_day", "too large"),
    "no number": ("medication", {"drug": "x", "mg_per_day": "two"}, "mg_per_day", "no number"),
    "an ingredient of no list": ("medication", {"drug": "x", "ingredient": "nostrum"}, "ingredient", "list"),
    "no drug": ("medication", {"drug": "  "}, "drug", "needed"),
    "a total above the scale": ("score", {"instrument": "phq-9", "total": 28}, "total", "27"),
    "an impossible pressure": ("vital", {"systolic": 900}, "systolic", "possible"),
    "a column that the form has not": ("goal", {"text": "x", "verdict": "met"}, "verdict", "cannot be read"),
}


@pytest.mark.parametrize("what", WRONG)
def test_an_impossible_value_is_told_at_its_field_without_repeating_it(what):
    kind, data, field, words = WRONG[what]
    content, problems = forms.check(kind, data, today=TODAY, born=ADA.birth_date)
    assert content is None
    assert words in problems[field]
    assert str(data.get(field)).strip() not in problems[field] or field not in data or not str(data[field]).strip()


def test_all_problems_of_a_line_are_told_at_once():
    _none, problems = forms.check("medication", {"drug": "", "start": "2023-13", "mg_per_day": "x"}, today=TODAY)
    assert set(problems) == {"drug", "start", "mg_per_day"}


def test_a_drug_is_found_by_generic_and_brand_name_and_misspelt():
    assert [d.words for d in drugs.search("zolo")] == ["sertraline (Zoloft)"]
    assert drugs.search("sertralin")[0].ingredient == "sertraline"
    assert drugs.search("efexor")[0].ingredient == "venlafaxine"
    assert drugs.search("zo") == []
    assert drugs.search("<script>alert(1)</script>") == []
    assert (drugs.identify("PROZAC"), drugs.identify("nostrum")) == ("fluoxetine", drugs.UNIDENTIFIED)


def test_a_medicine_that_only_interacts_opens_no_trial():
    """The day on which somebody began a tranquilliser is seldom known, and says nothing about antidepressants."""
    told = {"drug": "Xanax", "ingredient": "alprazolam"}
    lines = history(FIRST, SECOND)
    path, groups = "cautions.depressants", "cautions.maoi"
    for days in ({"taken_on": "2026-11-01"}, {"start": "2019", "stop": "2020-03-01"}, {}, {"had": "don't know"}):
        more = [*lines, line(6, "medicine", **told, **days)]
        records, _ = records_of(more)
        (row,) = records["incomplete_medication"]
        assert (row["reason"], row["ingredient"]) == ("interacting drugs without a day", "alprazolam"), days
        assert verdicts(more) == verdicts(lines), days
        said = candidacy_lines(more)
        assert said[path] == ("not met" if "taken_on" in days else "unknown"), days
        assert said.get(groups) == candidacy_lines(lines).get(groups), days
    records, _ = records_of([*lines, line(6, "medicine", **told, start="2019-01-01", stop="2020-03-01")])
    assert "incomplete_medication" not in records
    assert records["concomitant"]


def test_an_imported_drug_without_a_day_can_be_given_one(tmp_path):
    """The line names the drug, so that a clinician adds its days; until then it says that nobody knows them."""
    import stepwell
    from stepwell.clinic.history.importing import contents_of_records

    (tmp_path / "person.csv").write_text("person_id,birth_date\n1,1980\n")
    rows = "1,sertraline,9999-12-31,\n1,alprazolam,9999-12-31,\n1,citalopram,2020-01-01,2020-04-01\n"
    (tmp_path / "medication.csv").write_text(f"person_id,drug,start_date,end_date\n{rows}")
    read = stepwell.read_records(tmp_path)
    contents = [c for c in contents_of_records(read.tables, read.has, 1) if c[0] in ("medication", "medicine")]
    said = {content.get("ingredient"): (kind, content.get("start")) for kind, content in contents}
    assert said["sertraline"] == ("medication", None)
    assert said["alprazolam"] == ("medicine", None)
    assert said["citalopram"] == ("medication", "2020-01-01")
