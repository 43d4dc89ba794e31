"""Small sets of records, each of another shape: what is missing, uncertain or odd differs. A command that copes with all of them
copes with every result that `run` can write."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import duckdb
from treated import write_clinic

from stepwell.simulate import simulate
from stepwell.sources.csvform import FILES

DAY = date(2024, 3, 4)
INFUSION_DAYS = (0, 2, 4, 7, 9, 11, 14)
KETAMINE, SERTRALINE, CLINICAL_DRUG = 785649, 739138, 40232458
"""OMOP's ids of two ingredients, and an id that no table here explains."""

Rows = Mapping[str, list[str]]


@dataclass(frozen=True)
class Shape:
    """One set of records. `write` makes it in a new folder and returns the location to read."""

    name: str
    write: Callable[[Path], Path]
    definitions: tuple[str, ...] = ()
    """Those to run; none for those that are run by default."""


def _own(**files: list[str]) -> Callable[[Path], Path]:
    """A folder of stepwell's own CSV files. Each line holds `column=value` pairs."""

    def write(folder: Path) -> Path:
        folder.mkdir()
        for name, lines in files.items():
            columns = [f.name for f in FILES[name]]
            rows = [dict(pair.split("=", 1) for pair in line.split("; ")) for line in lines]
            assert not {c for row in rows for c in row} - set(columns)
            text = [",".join(columns), *(",".join(row.get(c, "") for c in columns) for row in rows)]
            (folder / f"{name}.csv").write_text("\n".join(text) + "\n", "utf-8")
        return folder

    return write


def _omop(**tables: list[str]) -> Callable[[Path], Path]:
    """A folder of OMOP tables as CSV: the first line of each is its header."""

    def write(folder: Path) -> Path:
        folder.mkdir()
        for name, lines in tables.items():
            (folder / f"{name}.csv").write_text("\n".join(lines) + "\n", "utf-8")
        return folder

    return write


def _omop_database(**tables: list[str]) -> Callable[[Path], Path]:
    """The same tables inside a DuckDB file."""

    def write(folder: Path) -> Path:
        _omop(**tables)(folder)
        with duckdb.connect(folder / "site.duckdb") as con:
            for name in tables:
                con.execute(f"CREATE TABLE {name} AS SELECT * FROM read_csv('{folder / name}.csv')")
        return folder / "site.duckdb"

    return write


def _infusions(person: str, *columns: str, drug: str = "ketamine") -> list[str]:
    lines = [f"person_id={person}; drug={drug}; start_date={DAY + timedelta(n)}" for n in INFUSION_DAYS]
    return ["; ".join([line, *columns]) for line in lines]


def _trials(person: str) -> list[str]:
    """Two adequate trials, one after the other, and a third drug."""
    courses = (("sertraline", -300, 60, 100), ("venlafaxine", -230, 60, 150), ("bupropion", -160, 400, 300))
    return [
        f"person_id={person}; drug={drug}; start_date={DAY + timedelta(start)}; days_supply={n}; mg_per_day={mg}"
        for drug, start, n, mg in courses
    ]


def _scores(person: str, *totals: tuple[int, str], instrument: str = "phq-9") -> list[str]:
    return [
        f"person_id={person}; measured_date={DAY + timedelta(n)}; instrument={instrument}; total={total}"
        for n, total in totals
    ]


_OBSERVED = ["person_id=ann; start_date=2019-01-01; end_date=2025-12-31"]
_DIAGNOSED = ["person_id=ann; condition_date=2023-04-01; vocabulary=ICD10CM; code=F33.2"]
_ANN, _BOB = "person_id=ann; birth_date=1970-05-01; sex=female", "person_id=bob; birth_date=1988"
_PERSON = ["person_id,gender_concept_id,year_of_birth", "1,8532,1970", "-257,8507,1981"]
_DRUG = "drug_exposure_id,person_id,drug_concept_id,drug_exposure_start_date,days_supply,quantity,drug_source_value"
_PERIOD = [
    "person_id,observation_period_start_date,observation_period_end_date",
    "1,2019-01-01,2025-12-31",
    "-257,2019-01-01,2025-12-31",
]


def _clinic(folder: Path) -> Path:
    return write_clinic(folder, people=7, infused=2)


def _simulated(folder: Path) -> Path:
    simulate(60, 3, folder)
    return folder


def _shapes() -> Iterator[Shape]:
    charted = ("kind=administration", "mg=40", "route=intravenous")
    yield Shape("a clinic that gives esketamine and ketamine", _clinic)
    yield Shape("simulated people", _simulated)
    yield Shape(
        "only possible sessions: no procedures",
        _own(
            person=[_ANN],
            observation_period=_OBSERVED,
            condition=_DIAGNOSED,
            medication=_infusions("ann", *charted),
        ),
    )
    yield Shape(
        "only possible sessions: nobody says that the drug was given",
        _own(
            person=[_ANN],
            observation_period=_OBSERVED,
            condition=_DIAGNOSED,
            medication=_infusions("ann", "mg=40"),
            procedure=[f"person_id=ann; procedure_date={DAY}; vocabulary=stepwell; code=psychotherapy"],
        ),
    )
    yield Shape(
        "a clinic without diagnoses",
        _own(
            person=[_ANN, _BOB],
            observation_period=_OBSERVED,
            medication=_infusions("ann", "kind=administration", "mg=56", "route=nasal", drug="esketamine"),
            measurement=_scores("ann", (-3, "31"), (1, "20"), (20, "9"), instrument="madrs"),
            procedure=[f"person_id=ann; procedure_date={DAY}; vocabulary=HCPCS; code=G2082"],
        ),
    )
    yield Shape(
        "one person, two trials, no scores",
        _own(person=[_ANN], observation_period=_OBSERVED, condition=_DIAGNOSED, medication=_trials("ann")),
    )
    yield Shape(
        "scores without a value",
        _own(
            person=[_ANN],
            observation_period=_OBSERVED,
            condition=_DIAGNOSED,
            medication=_trials("ann"),
            measurement=_scores("ann", (-200, ""), (-100, "")),
        ),
    )
    yield Shape(
        "no drugs",
        _own(person=[_ANN, _BOB], observation_period=_OBSERVED, condition=_DIAGNOSED, medication=[]),
    )
    yield Shape("nothing but a person", _own(person=["person_id=ann"], medication=[]))
    yield Shape(
        "a drug and nothing else, age and observation unknown",
        _own(person=["person_id=ann"], medication=["person_id=ann; drug=sertraline; start_date=2024-01-01"]),
    )
    yield Shape(
        "people who are never observed",
        _own(person=[_ANN, _BOB], condition=_DIAGNOSED, medication=_trials("ann")),
    )
    yield Shape(
        "nobody meets anything",
        _own(
            person=[_ANN, _BOB],
            observation_period=_OBSERVED,
            condition=_DIAGNOSED,
            medication=["person_id=ann; drug=sertraline; start_date=2024-01-01; days_supply=30; mg_per_day=100"],
            measurement=_scores("ann", (0, "17"), (40, "3")),
            procedure=[],
        ),
    )
    yield Shape(
        "drugs that are not looked for",
        _own(
            person=[_ANN],
            observation_period=_OBSERVED,
            condition=_DIAGNOSED,
            medication=["person_id=ann; drug=paracetamol; start_date=2024-01-01"],
        ),
    )
    yield Shape(
        "one session",
        _own(
            person=[_ANN],
            observation_period=_OBSERVED,
            condition=_DIAGNOSED,
            medication=[*_trials("ann"), *_infusions("ann", *charted)[:1]],
            procedure=[f"person_id=ann; procedure_date={DAY}; vocabulary=stepwell; code=ect"],
            answer=[f"person_id=ann; answered_date={DAY}; instrument=phq-9; item=9; value=3"],
        ),
    )
    yield Shape(
        "doses without a number, after death",
        _own(
            person=["person_id=ann; death_date=2024-03-06"],
            condition=_DIAGNOSED,
            medication=_infusions("ann", "kind=administration"),
            procedure=[f"person_id=ann; procedure_date={DAY + timedelta(9)}; vocabulary=stepwell; code=tms"],
        ),
    )
    yield Shape(
        "answers about suicide and nothing else",
        _own(
            person=["person_id=ann", "person_id=bob"],
            medication=[],
            answer=[
                "person_id=ann; answered_date=2024-01-02; instrument=phq-9; item=9; value=3",
                "person_id=bob; answered_date=2024-01-02; instrument=madrs; item=10",
                "person_id=bob; answered_date=2024-01-02; item=joy; value=3; at_least=0; at_most=10",
            ],
        ),
    )
    yield Shape(
        "magnetic stimulation and shocks without any drug",
        _own(
            person=[_ANN],
            observation_period=_OBSERVED,
            condition=_DIAGNOSED,
            medication=[],
            procedure=[
                f"person_id=ann; procedure_date={DAY + timedelta(n)}; vocabulary=stepwell; code={code}"
                for code, days in (("tms", range(30)), ("ect", range(60, 80, 2)))
                for n in days
            ],
        ),
    )
    yield Shape(
        "ids that look like options and markup",
        _own(
            person=[f"person_id={name}" for name in ("-257", "<b>", "[bold]x")],
            medication=["person_id=-257; drug=sertraline; start_date=2024-01-01; days_supply=60; mg_per_day=100"],
            condition=["person_id=<b>; condition_date=2023-04-01; vocabulary=ICD10CM; code=F33.2"],
        ),
    )
    yield Shape(
        "all definitions",
        _own(
            person=[_ANN, _BOB],
            observation_period=_OBSERVED,
            condition=_DIAGNOSED,
            medication=_trials("ann"),
            measurement=_scores("ann", (-310, "19"), (-240, "18"), (-165, "17"), (-100, "4")),
            procedure=[],
        ),
        definitions=("all",),
    )
    ketamine = [_DRUG, f"1,1,{KETAMINE},2024-03-04,,1,ketamine", f"2,-257,{SERTRALINE},2024-01-04,90,90,sertraline"]
    yield Shape(
        "a CDM without vocabulary tables and with ketamine",
        _omop(person=_PERSON, observation_period=_PERIOD, drug_exposure=ketamine),
    )
    yield Shape(
        "a database without vocabulary tables and with ketamine",
        _omop_database(person=_PERSON, observation_period=_PERIOD, drug_exposure=ketamine),
    )
    condition = [
        "condition_occurrence_id,person_id,condition_concept_id,condition_start_date,condition_source_value",
        "1,1,0,2023-04-01,F33.2",
    ]
    yield Shape(
        "drugs that nobody can identify",
        _omop(
            person=_PERSON,
            observation_period=_PERIOD,
            condition_occurrence=condition,
            drug_exposure=[_DRUG, *(f"{n},1,{CLINICAL_DRUG + n},2024-0{n}-01,30,30,X{n}" for n in range(1, 9))],
        ),
    )


SHAPES = {shape.name: shape for shape in _shapes()}
