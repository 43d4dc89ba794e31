"""From a recorded drug to its ingredient, its use and its daily dose."""

from __future__ import annotations

import pytest
from cdm_headers import CITALOPRAM, CONCEPT, DRUG, FLUOXETINE, PERSON, SERTRALINE, STRENGTH

from stepwell.knowledge.loader import load

PEOPLE = [PERSON, "1,8532,1980,5,17"]
MG, MCG, HOUR, ML = 8576, 9655, 8505, 8587
ANCESTOR = "ancestor_concept_id,descendant_concept_id,min_levels_of_separation,max_levels_of_separation"


def product(concept_id: int, name: str, code: str = "x", domain: str = "Drug", vocabulary: str = "RxNorm") -> str:
    return f'{concept_id},"{name}",{domain},{vocabulary},Clinical Drug,S,{code},'


def fill(
    concept_id: int, quantity: object = 30, days: object = 30, value: str = "", source_concept: object = ""
) -> str:
    return f"1,1,{concept_id},2020-01-01,,,,{quantity},{days},{value},{source_concept}"


@pytest.fixture
def medication(folder, opened):
    """Ingredient, mg a day and dose basis of one fill, given the vocabulary rows."""

    def read(fill: str, concept=(), strength=None, ancestor=None):
        tables = {"person": PEOPLE, "drug_exposure": [DRUG, fill]}
        if concept:
            tables["concept"] = [CONCEPT, *concept]
        if strength is not None:
            tables["drug_strength"] = [STRENGTH, *strength]
        if ancestor is not None:
            tables["concept_ancestor"] = [ANCESTOR, *ancestor]
        return opened(folder(**tables))

    return read


@pytest.mark.parametrize(
    ("name", "ingredient"),
    [
        ("citalopram 20 MG Oral Tablet", "citalopram"),
        ("escitalopram 20 MG Oral Tablet", "escitalopram"),
        ("24 HR Venlafaxine Hydrochloride 75 MG Extended Release Oral Capsule", "venlafaxine"),
        ("Desvenlafaxine 50 MG Extended Release Oral Tablet", "desvenlafaxine"),
        ("Levomilnacipran 40 MG Oral Capsule", "levomilnacipran"),
        ("atomoxetine 100 MG Oral Capsule", None),
        ("ibuprofen 200 MG Oral Tablet", None),
    ],
)
def test_names_are_matched_as_whole_words(medication, name, ingredient):
    found = medication(fill(900), [product(900, name)])
    assert found.rows("medication", "ingredient") == ([ingredient] if ingredient else [])


def test_a_name_outside_the_drug_domain_is_no_drug(medication):
    found = medication(fill(900), [product(900, "Allergy to sertraline", domain="Observation")])
    assert found.rows("medication", "ingredient") == []


@pytest.mark.parametrize("table", ["drug_strength", "concept_ancestor"])
def test_vocabulary_tables_go_before_names(medication, table):
    concept = [product(900, "Cipramil 20 MG Oral Tablet")]
    if table == "drug_strength":
        found = medication(fill(900), concept, strength=[f"900,{CITALOPRAM},20,{MG},,,,,,"])
        assert found.rows("medication", "ingredient", "mg_per_day") == [("citalopram", 20.0)]
    else:
        found = medication(fill(900), concept, ancestor=[f"{CITALOPRAM},900,1,1"])
        assert found.rows("medication", "ingredient", "mg_per_day") == [("citalopram", 20.0)]
    assert found.lost(f"found by {table}") == [("kept", 1)]


def test_ingredients_without_an_omop_id_are_found_by_rxnorm_code(medication):
    found = medication(fill(7), [product(7, "Sertraline (another concept)", code="36437")])
    assert found.rows("medication", "ingredient") == ["sertraline"]
    assert found.lost("found by the ingredient's own concept") == [("kept", 1)]


@pytest.mark.parametrize(
    ("name", "ingredients"),
    [
        ("Amitriptyline Hydrochloride 25 MG / Perphenazine 4 MG Oral Tablet", [("amitriptyline", 25.0)]),
        ("Fluoxetine 25 MG / Olanzapine 6 MG Oral Capsule", [("fluoxetine", 25.0), ("olanzapine", 6.0)]),
        ("Bupropion 105 MG / Dextromethorphan 45 MG Oral Tablet", [("dextromethorphan-bupropion", 45.0)]),
        ("Bupropion 90 MG / Naltrexone 8 MG Oral Tablet", []),
    ],
)
def test_combinations_count_as_the_knowledge_says(medication, name, ingredients):
    found = medication(fill(900), [product(900, name)])
    assert found.rows("medication", "ingredient", "mg_per_day") == ingredients


def test_a_combination_that_is_no_treatment_is_counted(medication):
    found = medication(fill(900), [product(900, "Bupropion 90 MG / Naltrexone 8 MG Oral Tablet")])
    assert found.lost("combination products") == [("left out", 1)]


def test_a_drug_that_is_set_aside_is_counted(medication):
    found = medication(fill(900), [product(900, "Levothyroxine Sodium 0.1 MG Oral Tablet")])
    assert found.lost("nearly always taken for something else") == [("left out", 1)]
    assert found.rows("medication", "ingredient") == []


@pytest.mark.parametrize(
    ("strength", "quantity", "days", "mg", "basis"),
    [
        (f"20,{MG},,,,,", 60, 30, 40.0, "strength in drug_strength, quantity and days' supply"),
        (f"20000,{MCG},,,,,", 30, 30, 20.0, "strength in drug_strength, quantity and days' supply"),
        (f",,4,{MG},,{ML},", 150, 30, 20.0, "strength in drug_strength, quantity and days' supply"),
        (f",,480,{MG},120,{ML},", 1, 30, None, "unknown: no strength"),
        (f",,75,{MG},24,{HOUR},", 60, 30, 150.0, "strength in drug_strength, quantity and days' supply"),
        (f",,0.25,{MG},,{HOUR},", 30, 30, 6.0, "strength an hour"),
        (f",,0.25,{MG},1,{HOUR},", 0, 0, 6.0, "strength an hour"),
        (f"20,{MG},,,,,", 0, 30, None, "unknown: no quantity"),
        (f"20,{MG},,,,,", "NULL", 30, None, "unknown: no quantity"),
        (f"20,{MG},,,,,", 30, 0, None, "unknown: no days' supply"),
        ("20,9254,,,,,", 30, 30, None, "unknown: no strength"),
    ],
)
def test_daily_dose(medication, strength, quantity, days, mg, basis):
    found = medication(fill(900, quantity, days), strength=[f"900,{FLUOXETINE},{strength},"])
    assert found.rows("medication", "mg_per_day", "dose_basis") == [(mg, basis)]


SELEGILINE = 766209


@pytest.mark.parametrize(
    ("name", "route", "use"),
    [
        ("selegiline hydrochloride 5 MG Oral Tablet", "", "Parkinson's disease"),
        ("selegiline hydrochloride 5 MG Oral Capsule", "transdermal", "Parkinson's disease"),
        ("24 HR selegiline 0.25 MG/HR Transdermal System", "", None),
        ("selegiline 0.25 MG/HR", "", None),
        ("selegiline", "", "not known"),
        ("selegiline", "PO", "Parkinson's disease"),
        ("selegiline", "Transdermal", None),
        ("selegiline", "sc", "not known"),
        ("doxepin hydrochloride 50 MG/ML Topical Cream", "", "itching"),
        ("doxepin 25 MG Oral Capsule", "", None),
    ],
)
def test_form_and_route_decide_the_use(folder, opened, name, route, use):
    """Selegiline is an antidepressant as a patch only; where neither form nor route is recorded its use is unknown."""
    drug = [f"{DRUG},route_source_value", f"{fill(900)},{route}"]
    found = opened(folder(person=PEOPLE, drug_exposure=drug, concept=[CONCEPT, product(900, name)]))
    assert found.rows("medication", "labelled_use") == [use]


def test_two_strengths_in_one_product_are_no_strength(medication):
    rows = [f"900,{FLUOXETINE},{mg},{MG},,,,,,," for mg in (10, 20)]
    found = medication(fill(900), strength=[r[:-1] for r in rows])
    assert found.rows("medication", "mg_per_day", "dose_basis") == [(None, "unknown: no strength")]


@pytest.mark.parametrize(
    ("name", "mg"),
    [
        ("Fluoxetine 20 MG Oral Capsule", 20.0),
        ("fluoxetine 4 MG/ML Oral Solution", 4.0),
        ("120 ML fluoxetine 4 MG/ML Oral Solution", None),
        ("Fluoxetine 0.25 MG/ACTUAT Nasal Spray", None),
        ("Fluoxetine Oral Capsule", None),
        ("{7 (Fluoxetine 10 MG Oral Tablet) / 7 (Fluoxetine 20 MG Oral Tablet) } Pack", None),
    ],
)
def test_strength_read_from_a_name(medication, name, mg):
    found = medication(fill(900), [product(900, name)])
    assert found.rows("medication", "mg_per_day") == [mg]


def test_a_strength_without_a_unit_is_read_from_the_name_instead(folder, opened):
    strength = ["drug_concept_id,ingredient_concept_id,amount_value", f"900,{FLUOXETINE},20"]
    named = {"concept": [CONCEPT, product(900, "Fluoxetine 20 MG Oral Capsule")]}
    found = opened(folder(person=PEOPLE, drug_exposure=[DRUG, fill(900)], drug_strength=strength, **named))
    assert found.rows("medication", "mg_per_day", "dose_basis") == [
        (20.0, "strength in the name, quantity and days' supply")
    ]
    assert found.lost("no unit columns") == [("kept", 0)]


def test_the_weekly_capsule_is_no_daily_90_mg(medication):
    weekly = next(
        p for p in pytest.importorskip("stepwell.knowledge.loader").load().product_uses if p.days_per_unit == 7
    )
    name = "fluoxetine 90 MG Delayed Release Oral Capsule"
    for quantity, days in ((4, 28), (4, 0), (30, 30)):
        found = medication(fill(900, quantity, days), [product(900, name, code=weekly.rxnorm)])
        assert found.rows("medication", "mg_per_day", "dose_basis") == [(weekly.mg_per_unit / 7, "the product's label")]


def test_a_product_labelled_for_another_use_says_so(medication):
    codes = {p.rxnorm: p.labelled_use for p in pytest.importorskip("stepwell.knowledge.loader").load().product_uses}
    name = "12 HR bupropion hydrochloride 150 MG Extended Release Oral Tablet"
    found = medication(fill(900), [product(900, name, code="1801289")])
    assert found.rows("medication", "ingredient", "labelled_use") == [("bupropion", codes["1801289"])]
    assert found.rows("medication", "labelled_use") == ["smoking cessation"]
    found = medication(
        fill(901), [product(900, name, "1801289"), product(901, f"{name} [X]")], ancestor=["900,901,1,1"]
    )
    assert found.rows("medication", "labelled_use") == ["smoking cessation"]


def test_a_concept_that_is_repeated_is_one_product(medication):
    """Before, a product of `product_use.csv` whose row of `concept` stands twice gave two rows of medication."""
    name = "12 HR bupropion hydrochloride 150 MG Extended Release Oral Tablet"
    found = medication(fill(900), [product(900, name, "1801289"), product(900, name, "1801289"), product(900, "A")])
    assert found.rows("medication", "ingredient", "labelled_use") == [("bupropion", "smoking cessation")]


def test_the_sources_own_entry_is_read_where_the_concept_says_nothing(medication):
    concept = [product(77, "Sertraline 50 MG Oral Tablet", vocabulary="NDC")]
    lines = (
        fill(0, source_concept=77),
        fill(0, value="SERTRALINE 50 MG TAB"),
        fill(4711, value="SERTRALINE 50 MG TAB"),
        fill(4711, source_concept=77, value="4711"),
    )
    for line in lines:
        found = medication(line, concept)
        assert found.rows("medication", "ingredient", "mg_per_day") == [("sertraline", 50.0)], line
        assert found.lost("found by the source's own entry") == [("kept", 1)]
        assert found.source.drug_rows.n_unidentified == 0
    for line in lines[1:3]:
        assert medication(line).rows("medication", "ingredient") == ["sertraline"], "without a concept table"


def test_a_product_that_stepwell_knows_needs_no_vocabulary_table(medication):
    known = next(p for p in load().rxnorm_products if p.omop and p.ingredient == ("nortriptyline",))
    found = medication(fill(known.omop))
    mg = float(known.name.split(" MG")[0].split()[-1])
    assert found.rows("medication", "ingredient", "mg_per_day") == [("nortriptyline", mg)]
    assert found.lost("which stepwell knows") == [("kept", 1)]


@pytest.mark.parametrize(
    ("line", "concept", "strength", "ancestor", "kind"),
    [
        (fill(0, value="4711"), [product(77, "x")], None, None, "unidentified"),
        (fill(0), (), None, None, "unidentified"),
        (fill(4711), (), None, None, "unidentified"),
        (fill(4711), [product(77, "ibuprofen 200 MG Oral Tablet")], None, None, "unidentified"),
        (fill(4711), [product(4711, "Zoloft", vocabulary="Local")], None, None, "unidentified"),
        (fill(4711), [product(4711, "J3490 Unclassified drugs", vocabulary="HCPCS")], None, None, "unidentified"),
        (fill(4711), [product(4711, "ibuprofen 200 MG Oral Tablet")], None, None, "other"),
        (fill(4711), [product(4711, "A device", domain="Device", vocabulary="Local")], None, None, "other"),
        (fill(4711), (), [f"4711,99,200,{MG},,,,,,"], None, "other"),
        (fill(4711), (), None, ["99,4711,1,1"], "other"),
        (fill(4711), (), None, ["4711,4711,0,0"], "unidentified"),
        (fill(0, value="LINEZOLID 600 MG TAB"), (), None, None, "other"),
        (fill(0, source_concept=77), [product(77, "ibuprofen 200 MG Oral Tablet")], None, None, "other"),
    ],
)
def test_a_drug_is_identified_or_not(medication, line, concept, strength, ancestor, kind):
    found = medication(line, concept, strength, ancestor)
    rows = found.source.drug_rows
    assert (rows.n_looked_for, rows.n_other, rows.n_unidentified) == (0, kind == "other", kind == "unidentified")
    assert ("incomplete_medication" in found.source.has) == (kind == "unidentified")
    gaps = found.con.to_pyarrow(found.source.tables["incomplete_medication"]).to_pylist()
    assert [(g["reason"], g["n_rows"], g["n_of"]) for g in sorted(gaps, key=lambda g: g["reason"])] == (
        [("unidentified drugs", 1, 1), ("unidentified drugs in the source", 1, 1)] if kind == "unidentified" else []
    )
    assert found.lost("nobody could identify") == ([("left out", 1)] if kind == "unidentified" else [])


def test_rows_without_a_concept_are_counted_among_the_unidentified(folder, opened):
    drugs = [DRUG, fill(0), fill(4711), fill(4712, value="x")]
    drugs = [f"{n}{line[1:]}" if n else line for n, line in enumerate(drugs)]
    found = opened(folder(person=PEOPLE, drug_exposure=drugs))
    assert found.lost("nobody could identify") == [("left out", 3)]
    assert found.lost("among these, rows without a drug concept") == [("left out", 1)]


def test_what_remains_adds_up(medication):
    found = medication(fill(SERTRALINE))
    assert [loss.n_remaining for loss in found.source.losses if loss.effect == "left out"] == []
    assert found.rows("medication", "ingredient") == ["sertraline"]
