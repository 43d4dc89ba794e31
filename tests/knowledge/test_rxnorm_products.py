"""The bundled part of RxNorm: which drug a product code is of."""

import csv
import os
from pathlib import Path

import pytest

from stepwell.errors import KnowledgeError
from stepwell.knowledge import load
from stepwell.knowledge.loader import DATA, read_folder

K = load()
ROOT = Path(__file__).parents[2]
SHARED = Path(os.environ.get("STEPWELL_DATA", ROOT.parent / "shared" / "data"))
VOCABULARIES = (
    "synthea1k_omop54_omoplite/CONCEPT.csv",
    "synthea27nj_omop54/CONCEPT.csv",
    "synpuf50_omop52/concept.csv",
)
PRODUCTS = {product.rxnorm: product for product in K.rxnorm_products}


def test_every_product_says_its_drug_and_where_it_was_seen():
    assert {p.ingredient for p in K.rxnorm_products if p.rxnorm in ("312941", "403969")} == {
        ("sertraline",), ("fluoxetine", "olanzapine"),
    }  # fmt: skip
    for product in K.rxnorm_products:
        assert product.ingredient
        assert {part.strip() for part in product.source.split(";")} <= set(K.references)


def test_most_generic_us_antidepressants_have_products():
    """Coverage as docs/real-data.md states it."""
    covered = {name for product in K.rxnorm_products for name in product.ingredient}
    antidepressants = {name for name in covered if K.ingredients[name].role == "antidepressant"}
    assert (len(K.rxnorm_products), len(covered), len(antidepressants)) == (327, 51, 31)
    assert sum(product.omop is not None for product in K.rxnorm_products) == 92
    assert not covered & {"esketamine-nasal", "ketamine", "gepirone", "zuranolone"}


def test_products_labelled_for_another_use_are_among_them():
    """Whoever finds a product by its code also learns that it is for smoking cessation, or a weekly capsule."""
    named = {use.rxnorm for use in K.product_uses}
    assert {"1801289", "993954", "313995", "966787"} <= named & PRODUCTS.keys()


@pytest.mark.parametrize("file", VOCABULARIES)
def test_code_concept_and_name_agree_with_a_vocabulary_that_nobody_here_wrote(file):
    path = SHARED / file
    if not path.exists():
        pytest.skip(f"{file} is not here; set STEPWELL_DATA to the folder that holds it")
    with path.open(encoding="utf-8", newline="") as rows:
        concepts = [row for row in csv.DictReader(rows) if row["vocabulary_id"] == "RxNorm"]
    same = [row for row in concepts if row["concept_code"] in PRODUCTS]
    assert same
    for row in same:
        product = PRODUCTS[row["concept_code"]]
        assert product.name.casefold().split() == row["concept_name"].casefold().split() or product.omop is None
        assert product.omop in (None, int(row["concept_id"]))


def test_a_concept_of_two_products_is_refused(tmp_path):
    for entry in DATA.iterdir():
        (tmp_path / entry.name).symlink_to(entry)
    file = tmp_path / "rxnorm_product.csv"
    text = file.read_text(encoding="utf-8")
    file.unlink()
    file.write_text(text + "999999,sertraline 1 MG,sertraline,739207,synthea27nj,row,secondary\n", encoding="utf-8")
    with pytest.raises(KnowledgeError, match="OMOP concept 739207"):
        read_folder(tmp_path)
