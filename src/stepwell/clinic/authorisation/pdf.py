"""The packet as a PDF: tagged (PDF/UA-1), and the same bytes for the same content.

Typst sets the page. All text is handed over as data, so that nothing a person typed can become Typst code.
"""

from __future__ import annotations

import json
from importlib.resources import files

import typst

from .content import PacketContent
from .in_words import in_words

_MISSING = "could not be displayed with font"


def render(content: PacketContent) -> bytes:
    """The packet as PDF."""
    view = in_words(content)
    source = files(__package__).joinpath("packet.typ").read_bytes()
    # A letter that no font holds would leave a hole: it is written by its number. Each round finds at least one more.
    while True:
        try:
            return typst.compile(
                source,
                format="pdf",
                sys_inputs={"packet": json.dumps(view, ensure_ascii=False)},
                pdf_standards=["ua-1"],
            )
        except typst.TypstError as error:
            unknown = _not_in_a_font(str(error))
            if not unknown:
                raise
            view = _written_by_number(view, unknown)


def _not_in_a_font(message: str) -> set[str]:
    """The characters of the message's quoted text that no font holds; none where the error is another."""
    if _MISSING not in message:
        return set()
    text = message.split('the text `"', 1)[1].rsplit('"`', 1)[0]
    return {c for c in text if not c.isascii()}


def _written_by_number(value, unknown: set[str]):
    if isinstance(value, str):
        return "".join(f"(U+{ord(c):04X})" if c in unknown else c for c in value)
    if isinstance(value, dict):
        return {key: _written_by_number(v, unknown) for key, v in value.items()}
    if isinstance(value, list | tuple):
        return [_written_by_number(v, unknown) for v in value]
    return value
