"""The attrition diagram as SVG: people left at each step, who was left out, and the verdicts by definition."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from html import escape

from stepwell.report.drawing import DARK, FONT, INK, MIDDLE, MUTED, PAPER, Drawing
from stepwell.text import printable

from .attrition import Attrition, sentences

_WIDTH, _LEFT, _SIDE_LEFT = 760, 20, 440
_MAIN_WIDTH, _SIDE_WIDTH = 360, 300
_LINE, _PADDING, _GAP = 18, 12, 34
_CHARACTERS = {_MAIN_WIDTH: 50, _SIDE_WIDTH: 41}
"""How many characters of 13 pixels fit into a line of a box of that width."""
_COLUMNS = (("met", 480), ("not met", 590), ("unknown", 720))
"""The right ends of the columns of verdicts."""


@dataclass
class _Page:
    parts: list[str]
    y: float = 10


def draw_attrition(found: Attrition) -> Drawing:
    """The diagram. In print it stands alone: colours are fixed, and nothing depends on a page's style."""
    page = _Page([])
    for number, step in enumerate(found.steps):
        main = _wrapped(f"{step.people_are} (n\u00a0=\u00a0{step.people})", _MAIN_WIDTH)
        side = (
            _wrapped(f"{step.left_out_are} (n\u00a0=\u00a0{step.left_out})", _SIDE_WIDTH) if step.left_out_are else []
        )
        if side:
            y = page.y + _height(side) / 2 + _PADDING / 2
            middle = _LEFT + _MAIN_WIDTH / 2
            page.parts.append(_line(middle, y, _SIDE_LEFT, y))
            _box(page.parts, _SIDE_LEFT, page.y + _PADDING / 2, _SIDE_WIDTH, side, MIDDLE)
            top = page.y
            page.y += _height(side) + _PADDING
            page.parts.append(_line(middle, top, middle, page.y))
        _box(page.parts, _LEFT, page.y, _MAIN_WIDTH, main, DARK)
        page.y += _height(main)
        if number + 1 < len(found.steps) or found.shares:
            middle = _LEFT + _MAIN_WIDTH / 2
            page.parts.append(_line(middle, page.y, middle, page.y + _GAP / 2))
            page.y += _GAP / 2
    if found.shares:
        _verdicts(page, found)
    title, said = "Attrition", " ".join(sentences(found))
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-labelledby="attrition-title attrition-description" '
        f'viewBox="0 0 {_WIDTH} {page.y + 10:g}" width="{_WIDTH}" height="{page.y + 10:g}" font-family="{FONT}" font-size="13">'
        f'<title id="attrition-title">{title}</title>'
        f'<desc id="attrition-description">{escape(printable(said))}</desc>'
        f'<rect width="{_WIDTH}" height="{page.y + 10:g}" fill="{PAPER}"/>'
    )
    return Drawing("attrition", title, head + "".join(page.parts) + "</svg>\n")


def _verdicts(page: _Page, found: Attrition) -> None:
    """A table of verdicts in one box: a line for each definition."""
    height = (len(found.shares) + 1) * (_LINE + 4) + 2 * _PADDING
    width = _WIDTH - 2 * _LEFT
    page.parts.append(_rectangle(_LEFT, page.y, width, height, DARK))
    y = page.y + _PADDING + _LINE - 4
    page.parts.append(_text(_LEFT + _PADDING, y, "by definition", MUTED))
    page.parts += [_text(x, y, name, MUTED, "end") for name, x in _COLUMNS]
    for share in found.shares:
        y += _LINE + 4
        page.parts.append(_text(_LEFT + _PADDING, y, share.definition))
        page.parts += [_text(x, y, str(share.counts[name]), INK, "end") for name, x in _COLUMNS]
    page.y += height


def _wrapped(text: str, width: int) -> list[str]:
    return textwrap.wrap(printable(text), _CHARACTERS[width], break_on_hyphens=False)


def _height(lines: list[str]) -> float:
    return len(lines) * _LINE + 2 * _PADDING - 4


def _box(parts: list[str], x: float, y: float, width: float, lines: list[str], colour: str) -> None:
    parts.append(_rectangle(x, y, width, _height(lines), colour))
    parts += [_text(x + _PADDING, y + _PADDING + _LINE * (n + 1) - 6, line) for n, line in enumerate(lines)]


def _rectangle(x: float, y: float, width: float, height: float, colour: str) -> str:
    return f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" fill="{PAPER}" stroke="{colour}"/>'


def _line(x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line x1="{x1:g}" y1="{y1:g}" x2="{x2:g}" y2="{y2:g}" stroke="{MUTED}"/>'


def _text(x: float, y: float, text: str, colour: str = INK, anchor: str = "start") -> str:
    return f'<text x="{x:g}" y="{y:g}" fill="{colour}" text-anchor="{anchor}">{escape(printable(text))}</text>'
