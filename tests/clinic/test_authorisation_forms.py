"""A payer's PDF form: fields are read, filled and drawn; scripts are gone; what cannot be filled is told."""

from __future__ import annotations

import io
import shutil
import subprocess

import pikepdf
import pytest
from packet_records import packet_of, run_records
from pikepdf import Array, Dictionary, Name, String

from stepwell.clinic.authorisation.forms import VALUES, FormError, fill, read_fields, values_of


@pytest.fixture(scope="module")
def packet():
    return packet_of(run_records())


def form(*, fields: bool = True, xfa: bool = False, password: str | None = None) -> bytes:
    """A form of one page: a name, a short code, a box of several lines, a tick and a choice; and scripts in five places."""
    pdf = pikepdf.new()
    page = pdf.add_blank_page(page_size=(612, 792))
    script = Dictionary(S=Name.JavaScript, JS=String("app.alert('x')"))

    def field(name, y, **more):
        made = {"Type": Name.Annot, "Subtype": Name.Widget, "T": String(name), "Rect": Array([72, y, 400, y + 20])}
        return pdf.make_indirect(Dictionary({f"/{k}": v for k, v in {**made, "P": page.obj, **more}.items()}))

    off, on = (pdf.make_stream(b"", Type=Name.XObject, Subtype=Name.Form, BBox=[0, 0, 9, 9]) for _ in range(2))
    made = [
        field(
            "name",
            700,
            FT=Name.Tx,
            TU=String("Name of the patient"),
            DA=String("/Helv 0 Tf 0 g"),
            AA=Dictionary(K=script),
        ),
        field("code", 660, FT=Name.Tx, MaxLen=4),
        field("why", 560, FT=Name.Tx, Ff=4096, A=Dictionary(S=Name.Launch, F=String("calc.exe"))),
        field("medical", 520, FT=Name.Btn, AS=Name.Off, V=Name.Off, AP=Dictionary(N=Dictionary(Off=off, Yes=on))),
        field("sex", 480, FT=Name.Ch, Ff=131072, Opt=Array([String("female"), String("male")])),
    ]
    page.Annots = Array(made if fields else [])
    pdf.Root.AcroForm = Dictionary(Fields=Array(made if fields else []), **({"XFA": String("x")} if xfa else {}))
    pdf.Root.OpenAction = script
    pdf.Root.Names = Dictionary(JavaScript=Dictionary(Names=Array([String("a"), script])))
    page.AA = Dictionary(O=script)
    out = io.BytesIO()
    pdf.save(out, **({"encryption": pikepdf.Encryption(owner="o", user=password)} if password is not None else {}))
    return out.getvalue()


MAPPING = {
    "name": "patient.name",
    "code": "request.code",
    "why": "trial.2.outcome",
    "medical": "benefit.medical",
    "sex": "patient.sex",
}


def test_the_fields_are_read_with_what_the_form_calls_them():
    found = {field.name: field for field in read_fields(form())}
    assert list(found) == ["name", "code", "why", "medical", "sex"]
    assert (found["name"].label, found["name"].kind) == ("Name of the patient", "text")
    assert (found["medical"].kind, found["sex"].kind, found["sex"].options) == ("tick", "choice", ("female", "male"))


def test_a_form_is_filled_and_drawn(packet, tmp_path):
    filled = fill(form(), MAPPING, packet)
    assert filled == fill(form(), MAPPING, packet), "the same bytes"
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
    filled = fill(form(), MAPPING, packet).pdf
    for word in (b"JavaScript", b"/JS", b"Launch", b"/AA", b"app.alert", b"calc.exe"):
        assert word in form() or word == b"/AA"
        assert word not in filled


def test_what_does_not_fit_the_form_is_told(packet):
    wrong = {"name": "benefit.medical", "medical": "patient.name", "gone": "day", "sex": "letter", "why": "nonsense"}
    told = fill(form(), wrong, packet).problems
    assert len(told) == 5
    assert all("“" in problem for problem in told)
    other = packet.model_copy(update={"patient": packet.patient.model_copy(update={"name": "Жанна"})})
    assert "may not show" in fill(form(), {"name": "patient.name"}, other).problems[0]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"not a pdf", "no PDF"),
        (form(password="secret"), "encrypted"),
        (form(password=""), "encrypted"),
        (form(xfa=True), "XFA"),
        (form(fields=False), "no fields"),
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
