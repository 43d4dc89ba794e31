"""Draws what stands in the fields of a filled form, so that every reader and printer shows it.

pikepdf draws one line; it draws several lines only in a font that is embedded, and most forms name Helvetica. Here several
lines are set in Helvetica, each broken by the widths that the font is known to have, and made smaller where they would not fit.
"""

from __future__ import annotations

from pikepdf import Array, Dictionary, Name
from pikepdf.form import DefaultAppearanceStreamGenerator, ExtendedAppearanceStreamGenerator

MULTILINE, COMB = 1 << 12, 1 << 24
SIZES = (10.0, 9.0, 8.0, 7.0, 6.0, 5.0)
_MARGIN, _LEADING = 2.0, 1.15
_NARROW, _WIDE = "fijltI.,:;'|!()[] /-", "mwMW@%"


class Appearances(DefaultAppearanceStreamGenerator):
    """Draws text fields of one line, of several lines and of boxes for single letters."""

    def generate_text(self, field) -> None:
        """Draws the text of a field in each of its boxes."""
        if field.flags & MULTILINE:
            for annotation in self.form.get_annotations_for_field(field):
                self._draw_lines(field, annotation)
        elif field.flags & COMB:
            try:
                ExtendedAppearanceStreamGenerator(self.pdf, self.form).generate_text(field)
            except AttributeError:  # the font is not embedded: pikepdf cannot place its letters one by one
                super().generate_text(field)
        else:
            super().generate_text(field)

    def _draw_lines(self, field, annotation) -> None:
        x0, y0, x1, y1 = (float(v) for v in annotation.obj["/Rect"])
        width, height = abs(x1 - x0), abs(y1 - y0)
        size, lines = fit(field.value_as_string, width, height)
        drawn = [b"/Tx BMC q BT 0 g /Helv %g Tf %g TL %g %g Td" % (size, size * _LEADING, _MARGIN, height - size)]
        drawn += [b"(%s) Tj T*" % _escaped(line) for line in lines]
        stream = self.pdf.make_stream(b"\n".join([*drawn, b"ET Q EMC"]))
        stream["/Type"], stream["/Subtype"] = Name.XObject, Name.Form
        stream["/BBox"] = Array([0, 0, width, height])
        stream["/Resources"] = Dictionary(Font=Dictionary(Helv=self.pdf.Root["/AcroForm"]["/DR"]["/Font"]["/Helv"]))
        annotation.obj["/AP"] = Dictionary(N=stream)


def fit(text: str, width: float, height: float) -> tuple[float, list[str]]:
    """The largest size at which the text fits the box, and its lines; the smallest size where none does."""
    for size in SIZES:
        lines = _lines(text, (width - 2 * _MARGIN) / size)
        if len(lines) * size * _LEADING <= height:
            break
    return size, lines


def is_too_long(text: str, width: float, height: float) -> bool:
    """Whether the text does not fit the box even at the smallest size."""
    size, lines = fit(text, width, height)
    return len(lines) * size * _LEADING > height


def _lines(text: str, room: float) -> list[str]:
    lines = []
    for paragraph in text.splitlines() or [""]:
        line = ""
        for word in paragraph.split():
            longer = f"{line} {word}".strip()
            if line and _width(longer) > room:
                lines.append(line)
                line = word
            else:
                line = longer
        lines.append(line)
    return lines


def _width(text: str) -> float:
    """The width in Helvetica as a multiple of its size; never less than it is."""
    return sum(0.34 if c in _NARROW else 0.95 if c in _WIDE else 0.73 if c.isupper() else 0.6 for c in text)


def _escaped(text: str) -> bytes:
    drawn = text.encode("cp1252", "replace")
    for byte in (b"\\", b"(", b")"):
        drawn = drawn.replace(byte, b"\\" + byte)
    return drawn
