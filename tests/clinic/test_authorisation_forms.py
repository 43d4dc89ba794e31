"""A payer's PDF form: fields are read, filled and drawn; scripts are gone; what cannot be filled is told."""

from __future__ import annotations

import io
import shutil
import subprocess

import pikepdf
import pytest
from packet_records import packet_of, run_records
from payer_form import payer_form
from pikepdf import Name

from stepwell.clinic.authorisation.forms import VALUES, FormError, fill, read_fields, values_of


@pytest.fixture(scope="module")
def packet():
    return packet_of(run_records())


MAPPING = {
    "name": "patient.name",
    "code": "request.code",
    "why": "trial.2.outcome",
    "medical": "benefit.medical",
    "sex": "patient.sex",
}


def test_the_fields_are_read_with_what_the_form_calls_them():
    found = {field.name: field for field in read_fields(payer_form())}
    assert list(found) == ["name", "code", "why", "medical", "sex"]
    assert (found["name"].label, found["name"].kind) == ("Name of the patient", "text")
    assert (found["medical"].kind, found["sex"].kind, found["sex"].options) == ("tick", "choice", ("female", "male"))


def test_a_form_is_filled_and_drawn(packet, tmp_path):
    filled = fill(payer_form(), MAPPING, packet)
    assert filled == fill(payer_form(), MAPPING, packet), "the same bytes"
    with pikepdf.open(io.BytesIO(filled.pdf)) as pdf:
        by_name = {str(f["/T"]): f for f in pdf.Root.AcroForm.Fields}
        assert str(by_name["name"]["/V"]) == "Anna Example"
        assert by_name["medical"]["/V"] == by_name["medical"]["/AS"] == Name.Yes
        assert str(by_name["sex"]["/V"]) == "female"
        assert all("/AP" in by_name[name] for name in ("name", "why", "sex"))
    assert filled.problems == ("Field “code” takes 4 characters, and the text has 5; it is left empty.",)
    if shutil.which("pdftotext") is None:
        pytest.skip("pdftotext (poppler-utils) is not installed")
    (tmp_path / "form.pdf").write_bytes(filled.pdf)
    text = subprocess.run(["pdftotext", tmp_path / "form.pdf", "-"], capture_output=True, check=True).stdout.decode()
    assert "Anna Example" in text
    assert "5.3 % better" in " ".join(text.split())


def test_no_script_and_no_launch_is_left(packet):
    filled = fill(payer_form(), MAPPING, packet).pdf
    for word in (b"JavaScript", b"/JS", b"Launch", b"/AA", b"app.alert", b"calc.exe"):
        assert word in payer_form() or word == b"/AA"
        assert word not in filled


def test_what_does_not_fit_the_form_is_told(packet):
    wrong = {"name": "benefit.medical", "medical": "patient.name", "gone": "day", "sex": "letter", "why": "nonsense"}
    told = fill(payer_form(), wrong, packet).problems
    assert len(told) == 5
    assert all("“" in problem for problem in told)
    other = packet.model_copy(update={"patient": packet.patient.model_copy(update={"name": "Жанна"})})
    assert "may not show" in fill(payer_form(), {"name": "patient.name"}, other).problems[0]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"not a pdf", "no PDF"),
        (payer_form(password="secret"), "encrypted"),
        (payer_form(password=""), "encrypted"),
        (payer_form(xfa=True), "XFA"),
        (payer_form(fields=False), "no fields"),
        (b"%PDF-1.7" + b" " * (20 * 1024 * 1024), "larger than 20 MB"),
    ],
)
def test_a_file_that_cannot_be_filled_is_refused_in_plain_words(packet, data, said):
    for use in (read_fields, lambda data: fill(data, {}, packet)):
        with pytest.raises(FormError, match=said):
            use(data)


def test_every_value_can_be_read_from_a_full_packet_and_from_a_bare_one(packet):
    bare = packet.model_copy(
        update=dict.fromkeys(("trials", "scales", "diagnoses", "psychotherapy", "suicidality"), ())
    )
    assert set(values_of(packet)) == set(values_of(bare)) == set(VALUES)
    assert values_of(packet)["trial.2.weeks"] == "5"
    assert values_of(bare)["trial.2.weeks"] == ""
