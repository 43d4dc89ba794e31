"""How every chart is turned into an SVG: one look, the same bytes every time, colours that print in grey and follow the page.

The colours differ in lightness, so that a chart survives a grey printer. In the SVG each is a CSS variable with itself as
the fallback: alone the picture is the light one, on a page that defines the variables it follows the page.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from html import escape

import altair as alt
import vl_convert

from stepwell.text import printable, printable_in

INK, MUTED, RULE = "#1d2733", "#5b6876", "#cfd6dd"
DARK, MIDDLE, LIGHT = "#1f4468", "#8aa9c4", "#dde5ec"
BESIDE, SHADE, PAPER = "#a85b14", "#eceff2", "#fefefe"
"""`BESIDE` is for published numbers laid beside a population's own."""

_VARIABLES = {
    INK: "ink",
    MUTED: "muted",
    RULE: "rule",
    DARK: "dark",
    MIDDLE: "middle",
    LIGHT: "light",
    BESIDE: "beside",
    SHADE: "shade",
    PAPER: "paper",
}
FONT = "Helvetica, Arial, sans-serif"


@dataclass(frozen=True)
class Drawing:
    """A chart: its SVG, with a title and a description for those who cannot see it."""

    name: str
    title: str
    svg: str


def render(chart: alt.TopLevelMixin, name: str, title: str, description: str) -> Drawing:
    """A chart as a `Drawing`. `name` makes its ids its own, so that many fit on one page."""
    title, description = printable(title), printable(description)
    # The renderer aborts the whole process on a control character.
    spec = printable_in(chart.configure(**_LOOK).to_dict(validate=False))
    svg = vl_convert.vegalite_to_svg(json.dumps(spec, sort_keys=True))
    for colour, variable in _VARIABLES.items():
        svg = svg.replace(colour, f"var(--chart-{variable},{colour})")
    svg = re.sub(r'\bid="([^"]+)"', rf'id="{name}-\1"', svg)
    svg = re.sub(r"url\(#([^)]+)\)", rf"url(#{name}-\1)", svg)
    # The drawing is one image with a description: its parts have no roles of their own.
    svg = re.sub(r' (?:role="graphics-[^"]*"|aria-roledescription="[^"]*"|aria-label="[^"]*")', "", svg)
    # The outline of words lies under them, so that a line that crosses them stops beside them.
    svg = re.sub(r'(<text [^>]*?)stroke="', r'\1paint-order="stroke" stroke="', svg)
    width, height = (float(n) for n in re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', svg).groups())
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-labelledby="{name}-title {name}-description" '
        f'viewBox="0 0 {width:g} {height:g}" style="width:{width:g}px">'
        f'<title id="{name}-title">{escape(title)}</title>'
        f'<desc id="{name}-description">{escape(description)}</desc>'
    )
    return Drawing(name, title, head + svg[svg.index(">") + 1 :])


_LOOK = {
    "aria": False,
    "background": "transparent",
    "font": FONT,
    "padding": 2,
    "view": alt.ViewConfig(stroke=None),
    "axis": alt.AxisConfig(
        labelColor=INK,
        labelFontSize=12,
        titleColor=MUTED,
        titleFontSize=12,
        titleFontWeight="normal",
        gridColor=RULE,
        domainColor=MUTED,
        tickColor=MUTED,
        labelLimit=400,
    ),
    "legend": alt.LegendConfig(
        labelColor=INK,
        labelFontSize=12,
        labelLimit=400,
        titleColor=MUTED,
        titleFontSize=12,
        titleFontWeight="normal",
        symbolSize=110,
    ),
    "text": alt.MarkConfig(color=INK, fontSize=12),
}
