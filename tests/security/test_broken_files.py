"""Files of records that are broken below the level of rows: one clear error, without a name of a column or a value in it."""

from __future__ import annotations

import gzip

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from stepwell.cli import app

VALUE = "a-patients-name"
PEOPLE = "person_id,year_of_birth\n1,1980\n"
DRUGS = "drug_exposure_id,person_id,drug_concept_id,drug_exposure_start_date\n1,1,739138,2020-01-01\n"


def _parts(place):
    folder = place / "person"
    folder.mkdir()
    pq.write_table(pa.table({"person_id": [1], "year_of_birth": [1980]}), folder / "a.parquet")
    pq.write_table(pa.table({"person_id": ["2"], "year_of_birth": [VALUE]}), folder / "b.parquet")
    pq.write_table(pa.table({"person_id": [3], VALUE: [1980]}), folder / "c.parquet")


def _footer(place):
    pq.write_table(pa.table({"person_id": [1], "year_of_birth": [1980]}), place / "person.parquet")
    content = bytearray((place / "person.parquet").read_bytes())
    length = int.from_bytes(content[-8:-4], "little")
    content[-8 - length : -8] = bytes(n ^ 0x5A for n in content[-8 - length : -8])
    (place / "person.parquet").write_bytes(content)


def _gz(place):
    packed = bytearray(gzip.compress((PEOPLE + f"2,{VALUE}\n" * 10_000).encode()))
    for n in range(20, len(packed) - 8):
        packed[n] ^= 0x5A
    (place / "person.csv.gz").write_bytes(packed)


def _header(place):
    (place / "person.csv").write_text(f"person_id,{VALUE * 10_000},year_of_birth\n1,x,1980\n", "utf-8")


BROKEN = {
    "parts unlike each other": (_parts, "b.parquet: differs from a.parquet in columns 1, 2"),
    "a spoilt footer": (_footer, "person.parquet: the end of the file"),
    "spoilt gzip": (_gz, "person.csv.gz: the file cannot be read"),
    "a field of the header too long": (_header, "person.csv: the first line cannot be read as a header"),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_file_is_one_clear_error(tmp_path, what):
    (tmp_path / "drug_exposure.csv").write_text(DRUGS, "utf-8")
    breaking, said = BROKEN[what]
    breaking(tmp_path)
    done = CliRunner().invoke(app, ["check", str(tmp_path)])
    assert done.exit_code == 11, done.output
    assert said in " ".join(done.output.split())
    assert VALUE not in done.output


def test_an_own_folder_may_be_packed(tmp_path):
    """The lines are counted in what is unpacked."""
    (tmp_path / "person.csv.gz").write_bytes(gzip.compress(b"person_id,birth_date\n1,1980\n\n2,soon\n"))
    (tmp_path / "medication.csv").write_text("person_id,drug,start_date\n1,sertraline,2020-01-01\n", "utf-8")
    done = CliRunner().invoke(app, ["check", str(tmp_path)])
    assert done.exit_code == 11, done.output
    assert "person.csv.gz, line 4: birth_date is no usable date" in " ".join(done.output.split())
