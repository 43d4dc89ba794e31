"""Text from records shows nothing but itself: on a terminal, in a page, in a chart, in a spreadsheet."""

from __future__ import annotations

import io
import json
import re

import altair as alt
import pyarrow as pa
import pytest
from jinja2 import DictLoader
from typer.testing import CliRunner

from stepwell.cli import app
from stepwell.cli.app import PrintableConsole
from stepwell.errors import KnowledgeError
from stepwell.knowledge.loader import load, load_own
from stepwell.own import write_new
from stepwell.report.drawing import render
from stepwell.report.paper import make_environment
from stepwell.text import for_spreadsheets, json_text, printable

EVIL = ("\x01", "\x00", "\x1b[2J", "\x7f", "\x9b31m", "\u202e", "\ufffe", "\ud800", "\x0b")
ALLOWED = "tab\t line\n é ́ 日本 \U0001f600 \u200f"


def test_a_chart_with_control_characters_is_drawn_and_ends_no_process():
    rows = [{"x": f"jo{evil}y", "y": n} for n, evil in enumerate(EVIL)]
    chart = alt.Chart(alt.Data(values=rows), title="title\x01").mark_bar().encode(x="x:N", y="y:Q")
    drawn = render(chart, "name", "title\x01", "description\x1b")
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f]", drawn.svg)
    assert "jo\ufffdy" in drawn.svg
    drawn.svg.encode()


def test_a_page_holds_only_characters_that_html_allows():
    page = make_environment(DictLoader({"page": "{{ text }}|{{ text | safe }}"})).get_template("page")
    for evil in EVIL:
        text = page.render(text=f"a{evil}<b>{ALLOWED}")
        assert evil not in text
        assert text.startswith("a\ufffd")
        assert "&lt;b&gt;" in text
    assert printable(ALLOWED) == ALLOWED


def test_text_on_the_terminal_moves_no_cursor():
    for evil in EVIL[:-2]:
        file = io.StringIO()
        console = PrintableConsole(file=file, force_terminal=True, color_system=None)
        console.print(f"id {evil}x", markup=False, highlight=False)
        assert evil not in file.getvalue()
    file = io.StringIO()
    # Of a kind that has styles, whatever terminal the tests run on.
    PrintableConsole(file=file, force_terminal=True, color_system="standard", _environ={}).print("[bold]styled[/bold]")
    assert "\x1b[1m" in file.getvalue()  # its own styles stay


def test_json_is_safe_on_a_terminal_and_loses_nothing():
    value = {"id": "".join(EVIL) + ALLOWED}
    text = json_text(value)
    assert json.loads(text) == value
    assert not any(evil in text for evil in EVIL)


def test_no_cell_of_a_table_is_run_as_a_formula():
    cells = ["=1+1", "+x", "-x", "@sum(a)", " =1", "-5", "+4.5e3", "-0.5", "plain", "a=b", "x\x1b[31m", None]
    written = for_spreadsheets(pa.table({"text": cells, "number": list(range(len(cells)))})).to_pydict()
    quoted = [f"'{cell}" for cell in cells[:5]]
    assert written["text"] == [*quoted, *cells[5:10], "x\ufffd[31m", None]
    assert written["number"] == list(range(len(cells)))


@pytest.mark.parametrize("place", ["{out}", None])
def test_score_neutralises_formulas(tmp_path, place):
    items = tmp_path / "items.csv"
    header = ",".join(map(str, range(1, 10)))
    items.write_text(f"person_id,{header}\n=cmd|' /C calc'!A0,{','.join('1' * 9)}\n", "utf-8")
    out = tmp_path / "out.csv"
    done = CliRunner().invoke(app, ["score", "phq-9", str(items), *(["--out", str(out)] if place else [])])
    assert done.exit_code == 0, done.output
    assert "\"'=cmd" in (out.read_text("utf-8") if place else done.stdout)


def test_a_definition_with_a_control_character_is_refused(tmp_path):
    path, _ = write_new(tmp_path / "mine.yaml", load(), "us-label")
    text = path.read_text("utf-8")
    path.write_text(re.sub(r"^title:.*(\n  .*)*", r'title: "Mine \\x01 own"', text, flags=re.MULTILINE), "utf-8")
    with pytest.raises(KnowledgeError) as caught:
        load_own(path)
    (problem,) = caught.value.problems
    assert "control character" in problem.found
    assert "\x01" not in str(caught.value)
