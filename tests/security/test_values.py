"""What no record can mean is never a fact about a person, wherever a command shows it."""

from __future__ import annotations

from typer.testing import CliRunner

from stepwell.cli import app
from stepwell.runner import run


def test_births_that_give_no_age_are_unknown_and_counted(tmp_path):
    """Somebody born in 2250 or in 1850 is neither too young nor too old on a day of 2020."""
    records = tmp_path / "records"
    records.mkdir()
    births = {"1": "2250", "2": "1850-01-01", "3": "9999", "4": "1980"}
    people = [f"{person},{born}" for person, born in births.items()]
    drugs = [f"{person},sertraline,2020-01-01,60,100" for person in births]
    for name, lines in (
        ("person", ["person_id,birth_date", *people]),
        ("medication", ["person_id,drug,start_date,days_supply,mg_per_day", *drugs]),
        ("condition", ["person_id,condition_date,vocabulary,code", *(f"{p},2019-12-01,ICD10CM,F33.1" for p in births)]),
    ):
        (records / f"{name}.csv").write_text("\n".join(lines) + "\n", "utf-8")
    result = run(records, tmp_path / "result", definitions=["cepeda-2018"], stagings=["thase-rush"])
    rows = result.table("determination").order_by("person_id").to_pyarrow().to_pylist()
    assert [(r["age_years"], r["who.age"]) for r in rows] == [(None, None), (None, None), (None, None), (39, True)]
    lines = result.table("attrition").to_pyarrow().to_pylist()
    counted = {line["what"]: line["n_people"] for line in lines if "birth" in line["what"]}
    assert sorted(counted.values()) == [1, 2]
    said = CliRunner().invoke(app, ["why", str(result.folder), "1"])
    assert said.exit_code == 0, said.output
    assert "gives no age that a person has" in " ".join(said.output.split())
    assert "Aged -" not in said.output
