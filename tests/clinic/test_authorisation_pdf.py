"""The packet as a PDF: tagged, the same bytes for the same content, and text that is only text."""

from __future__ import annotations

import io
import shutil
import subprocess
import time

import pikepdf
import pytest
from packet_records import packet_of, run_records

from stepwell.clinic.authorisation.content import Patient, edit
from stepwell.clinic.authorisation.pdf import render

HOSTILE = '#let x = read("/etc/passwd") $ [ ] * _ ` \\ " <b> @x // /* #{'


@pytest.fixture(scope="module")
def packet():
    return packet_of(run_records())


def text_of(pdf: bytes, tmp_path) -> str:
    if shutil.which("pdftotext") is None:
        pytest.skip("pdftotext (poppler-utils) is not installed")
    (tmp_path / "packet.pdf").write_bytes(pdf)
    told = subprocess.run(["pdftotext", "-layout", tmp_path / "packet.pdf", "-"], capture_output=True, check=True)
    return told.stdout.decode()


def test_the_same_content_gives_the_same_bytes_and_another_day_others(packet):
    first = render(packet)
    assert first == render(packet.model_validate_json(packet.model_dump_json())), "also from what was kept of it"
    assert first != render(edit(packet, {"who": "Mine."}))


def test_it_is_tagged_and_says_its_language_title_and_date(packet):
    with pikepdf.open(io.BytesIO(render(packet))) as pdf:
        assert pdf.Root.MarkInfo.Marked
        assert "/StructTreeRoot" in pdf.Root
        assert str(pdf.Root.Lang).startswith("en")
        meta = pdf.open_metadata()
        assert meta["pdfuaid:part"] == "1"
        assert meta["dc:title"] == "Prior authorisation packet: esketamine (nasal)"
        assert "20250328" in str(pdf.docinfo["/CreationDate"])


def test_what_a_person_typed_is_text_and_never_typst(packet, tmp_path):
    named = packet.model_copy(update={"patient": Patient(name=HOSTILE)})
    text = " ".join(text_of(render(edit(named, {"who": HOSTILE}, added=[HOSTILE])), tmp_path).split())
    assert text.count("".join(HOSTILE)) >= 3


def test_a_letter_that_no_font_holds_is_written_by_its_number(packet, tmp_path):
    text = text_of(render(edit(packet, {"who": "Name: \U00012000 Ж é"})), tmp_path)
    assert "(U+12000) Ж é" in text


def test_sixty_trials_take_less_than_a_second(packet):
    many = packet.model_copy(update={"trials": tuple(packet.trials[1] for _ in range(60))})
    render(packet)
    start = time.perf_counter()
    render(many)
    assert time.perf_counter() - start < 1


def test_the_pages_hold_the_parts_and_what_is_the_clinicians_own(packet, tmp_path):
    text = text_of(render(edit(packet, {"trial.1": "Bupropion did not help."})), tmp_path)
    for part in (
        "The payer’s criteria",
        "Antidepressants and added drugs",
        "Scales",
        "Suicidality",
        "Missing",
        "Sources",
    ):
        assert part.replace("’", "'") in text.replace("’", "'")
    assert "Bupropion did not help.†" in text
    assert "The clinician’s own words" in text
    assert "988" in text
    assert "42 CFR Part 2" in text
