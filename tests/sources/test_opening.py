"""What is no source, or a broken one: one error that lists everything, and no patient's value in it."""

from __future__ import annotations

import gzip

import duckdb
import pytest
from cdm_headers import DRUG, PERSON, SERTRALINE

from stepwell.errors import SourceError

PEOPLE = [PERSON, "1,8532,1980,5,17"]
SECRET = "Zanzibar-4711"


@pytest.fixture
def error(opened):
    """The message of the error that opening a place raises."""

    def read(place) -> str:
        with pytest.raises(SourceError) as raised:
            opened(place)
        assert raised.value.exit_code == 11
        assert SECRET not in str(raised.value)
        return str(raised.value)

    return read


def test_a_place_that_is_not_there(tmp_path, error):
    assert "no such file or folder" in error(tmp_path / "nowhere")


def test_a_folder_that_is_no_cdm_says_what_it_needs(folder, error, tmp_path):
    assert "an empty folder" in error(tmp_path)
    message = error(folder({"holiday.csv": ["a,b"], "notes.md": ["x"]}))
    assert "holiday.csv, notes.md" in message
    assert "person and drug_exposure" in message
    assert "stepwell template" in message


def test_a_missing_table_and_missing_columns_are_said_together(folder, error):
    message = error(folder(person=["persn_id,year_of_birth", "1,1980"], death=["person_id", "1"]))
    assert "no table 'drug_exposure'" in message
    assert "rename 'persn_id' to 'person_id'" in message
    assert "death.csv: no column 'death_date'" in message


def test_a_file_without_a_header_shows_nobody(folder, error):
    message = error(folder(person=[f"{SECRET},8532,1980"], drug_exposure=[DRUG]))
    assert "person.csv: no header line: the first line holds none of the column names" in message


@pytest.mark.parametrize("line", ["p1,sertraline,2024-01-01,2024-01-01,,,,30", f"{SECRET},{SECRET},2024-01-01"])
def test_a_first_line_that_repeats_a_value_is_no_header_either(folder, error, line):
    message = error(folder(person=["person_id", "p1"], medication=[line]))
    assert "medication.csv: no header line" in message
    assert "person_id, drug, start_date" in message
    assert "name of an earlier one" not in message
    assert SECRET not in message


def test_a_name_that_stands_twice_in_a_header_is_still_said(folder, error):
    message = error(folder(person=["person_id,sex,sex", "p1,,"], medication=["person_id,drug,start_date"]))
    assert "person.csv: column 3 has the name of an earlier one" in message


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "the file is empty"),
        (b"PAR1" + b"\0" * 40, "cut off"),
        (b"person_id,year_of_birth\n1,1980\n", "not Parquet"),
    ],
)
def test_parquet_that_is_none(folder, error, tmp_path, content, words):
    folder(drug_exposure=[DRUG])
    (tmp_path / "person.parquet").write_bytes(content)
    assert f"person.parquet: the file is {words}".replace("the file is the file is", "the file is") in error(tmp_path)


def test_every_broken_file_is_named(folder, error, tmp_path):
    (tmp_path / "person.csv").write_bytes(b"")
    (tmp_path / "drug_exposure.parquet").write_bytes(b"PAR1 and no end")
    message = error(tmp_path)
    assert "person.csv" in message
    assert "drug_exposure.parquet" in message


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16"])
def test_another_encoding_says_how_to_convert(folder, error, tmp_path, encoding):
    folder(drug_exposure=[DRUG])
    text = f"{PERSON},person_source_value\n1,8532,1980,5,17,Zoë {SECRET}\n"
    (tmp_path / "person.csv").write_bytes(text.encode(encoding))
    message = error(tmp_path)
    assert "iconv" in message
    assert "person.csv" in message


def test_an_encoding_error_far_down_names_its_line(folder, error, tmp_path):
    folder(person=PEOPLE)
    lines = [f"{n},1,{SERTRALINE},2020-01-01,,,,,,,\n".encode() for n in range(60_000)]
    lines[50_000] = f"50000,1,{SERTRALINE},2020-01-01,,,,,,Zoë {SECRET},\n".encode("latin-1")
    (tmp_path / "drug_exposure.csv").write_bytes(f"{DRUG}\n".encode() + b"".join(lines))
    message = error(tmp_path)
    assert "drug_exposure.csv: the text is not UTF-8 (line 50002)" in message


def test_a_line_with_too_many_fields_is_named(folder, error):
    message = error(folder(person=PEOPLE, drug_exposure=[DRUG, f"1,1,{SERTRALINE},2020-01-01,,,,,,{SECRET},,extra"]))
    assert "drug_exposure.csv, line 2: 12 fields" in message
    assert "11 fields, as in the header" in message


def test_bad_lines_of_several_files_are_said_together(folder, error):
    person = [*PEOPLE, f"2,8507,1980,{SECRET}"]
    message = error(folder(person=person, drug_exposure=[DRUG, f"1,1,{SERTRALINE},2020-01-01,,,,,,{SECRET},,extra"]))
    assert "person.csv, line 3: 4 fields" in message
    assert "drug_exposure.csv, line 2: 12 fields" in message


def test_the_same_table_twice(folder, error):
    message = error(folder({"person.csv": PEOPLE, "PERSON.txt": PEOPLE, "drug_exposure.csv": [DRUG]}))
    assert "more than once: PERSON.txt, person.csv" in message


def test_a_bom_compression_and_semicolons_are_no_obstacle(opened, tmp_path):
    with gzip.open(tmp_path / "person.csv.gz", "wb") as file:
        file.write("﻿".encode() + "\n".join(PEOPLE).replace(",", ";").encode())
    (tmp_path / "drug_exposure.csv").write_text(f"{DRUG}\n1,1,{SERTRALINE},2020-01-01,,,,,,,\n", encoding="utf-8")
    assert opened(tmp_path).rows("medication", "ingredient") == ["sertraline"]


def test_a_database_without_a_cdm(error, tmp_path):
    with duckdb.connect(tmp_path / "shop.duckdb") as con:
        con.execute("CREATE TABLE customers (id INT)")
    assert "1 tables, no CDM" in error(tmp_path / "shop.duckdb")


def test_a_single_file_that_is_no_database(folder, error):
    assert "no DuckDB database" in error(folder(person=PEOPLE) / "person.csv")


def test_nobody_in_the_source(folder, error):
    assert "no rows" in error(folder(person=[PERSON], drug_exposure=[DRUG]))


def test_own_files_and_omop_in_one_folder(folder, error):
    message = error(folder(person=["person_id"], medication=["person_id"], drug_exposure=[DRUG]))
    assert "both drug_exposure and medication" in message


def test_nothing_is_written_into_the_source(folder, opened, tmp_path):
    place = folder(person=PEOPLE, drug_exposure=[DRUG])
    before = sorted(p.name for p in place.iterdir())
    opened(place)
    assert sorted(p.name for p in tmp_path.iterdir()) == before
