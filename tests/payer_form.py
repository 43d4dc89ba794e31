"""A payer's PDF form for the tests, with scripts in it."""

from __future__ import annotations

import io

import pikepdf
from pikepdf import Array, Dictionary, Name, String


def payer_form(*, fields: bool = True, xfa: bool = False, password: str | None = None) -> bytes:
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
    kept = {"deterministic_id": True}
    if password is not None:
        kept = {"encryption": pikepdf.Encryption(owner="o", user=password)}
    pdf.save(out, **kept)
    return out.getvalue()
