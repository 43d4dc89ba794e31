"""axe-core finds nothing on any page that stepwell writes or serves, on a telephone and on a screen, by day and by night.

The browser is the system's Chromium (`STEPWELL_CHROMIUM`, else the one on the path), axe-core that of axe-playwright-python.
Without either these tests skip. Run them with `python -m pytest -m browser`.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from treated import write_clinic

from stepwell.runner import run

axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")
playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

CHROMIUM = os.environ.get("STEPWELL_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = [pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on this machine")]

ROOT = Path(__file__).parents[2]
VIEWS = {"telephone": (390, "light"), "screen": (1440, "light"), "screen at night": (1440, "dark")}
WRITTEN = (
    "report", "person", "person without sessions", "programme", "candidacy", "compare", "what-if", "calibrate",
    "review", "review of one", "open", "open searched", "open: definition", "open: report", "open: person",
    "open: candidacy", "open: programme", "open: compare", "open: not found",
)  # fmt: skip


@pytest.fixture(scope="module")
def pages(tmp_path_factory) -> dict[str, Path]:
    """Every page as a file, by what it is. Each is made as its command makes it."""
    from stepwell.calibrate import find_fit, write_fit
    from stepwell.candidacy import assess
    from stepwell.candidacy.page import write_candidacy
    from stepwell.compare import compare, find_between, find_first_weeks, write_comparison
    from stepwell.report import write_report
    from stepwell.report.person import write_person
    from stepwell.report.programme_page import write_programme
    from stepwell.review import draw_sample, write_review
    from stepwell.serve.pages import Pages
    from stepwell.whatif import ask, what_if, write_answer

    place = tmp_path_factory.mktemp("pages")
    write_clinic(place / "records", people=24, infused=3)
    result = run(place / "records", place / "result", definitions=["us-label", "sforzini-2022", "cepeda-2018"])
    people = result.table("person").source_person_id.to_pyarrow().to_pylist()
    made = {
        "report": write_report(result, place / "report.html", suppress_below=0, people=people[:2]),
        "person": write_person(result, "e002", place / "person.html"),
        "person without sessions": write_person(result, people[-1], place / "other.html"),
        "programme": write_programme(result, place / "programme.html", suppress_below=0),
    }
    chart, assessments = assess(result, "e002", ())
    made["candidacy"] = write_candidacy(result, chart, assessments, place / "candidacy.html")
    comparison = compare(result, suppress_below=0)
    between = find_between(result, comparison, "us-label", "sforzini-2022", suppress_below=0)
    weeks = find_first_weeks(result, suppress_below=0)
    made["compare"] = write_comparison(
        result, comparison, place / "compare.html", betweens=(between,), first_weeks=weeks, suppress_below=0
    )
    answer = what_if(ask("esketamine", "2,3", people=50, draws=2, years=1, utilities="kolovos", costs="uk"))
    made["what-if"] = write_answer(answer, place / "what-if.html")
    made["calibrate"] = write_fit(find_fit(100, 1), place / "calibrate.html")
    drawn = draw_sample(result, "us-label", 4, among="everybody")
    write_review(result, drawn, place / "review")
    made["review"] = place / "review/reviewers/index.html"
    made["review of one"] = sorted((place / "review/reviewers").glob("*1.html"))[0]
    served = Pages(result, "/home/")
    for name, path, query in (
        ("open", "", {}),
        ("open searched", "", {"q": ["e0"]}),
        ("open: definition", "definition/us-label", {}),
        ("open: report", "report", {}),
        ("open: person", "person/e002", {}),
        ("open: candidacy", "candidacy/e002", {}),
        ("open: programme", "programme", {}),
        ("open: compare", "compare", {}),
        ("open: not found", "person/nobody", {}),
    ):
        _, html = served.answer(path, query)
        made[name] = place / f"{name.replace(':', '').replace(' ', '-')}.html"
        made[name].write_text(html, "utf-8")
    return made


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as started:
        one = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield one
        one.close()


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("name", WRITTEN)
def test_axe_finds_nothing(name, view, pages, browser):
    width, scheme = VIEWS[view]
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page.goto(pages[name].as_uri())
    found = axe.Axe().run(page).response["violations"]
    page.close()
    said = [f"{v['id']}: {v['help']}\n    " + "\n    ".join(n["html"][:200] for n in v["nodes"][:3]) for v in found]
    assert not said, "\n".join(said)


def test_every_page_is_looked_at(pages):
    assert set(pages) == set(WRITTEN)


def test_axe_finds_what_is_wrong(browser):
    """An image without a text, and code that scrolls out of reach: the tests above would find them."""
    page = browser.new_page(viewport={"width": 390, "height": 900})
    block = f'<pre><code style="display:block;overflow:auto">{"long " * 99}</code></pre>'
    page.set_content(f'<html><body><img src="x">{block}</body></html>')
    found = {v["id"] for v in axe.Axe().run(page).response["violations"]}
    page.close()
    assert {"image-alt", "scrollable-region-focusable"} <= found


def test_code_that_scrolls_in_the_docs_is_in_reach_of_the_keyboard(browser):
    """What docs/assets/keyboard.js does: the site's theme leaves a long line of code to the mouse."""
    page = browser.new_page(viewport={"width": 390, "height": 900})
    blocks = f'<pre><code style="display:block;overflow:auto">{"long " * 99}</code></pre><pre><code>short</code></pre>'
    page.set_content(
        f'<html lang="en"><head><title>x</title></head><body><main><h1>x</h1>{blocks}</main></body></html>'
    )
    before = {v["id"] for v in axe.Axe().run(page).response["violations"]}
    page.add_script_tag(path=ROOT / "docs/assets/keyboard.js")
    after = {v["id"] for v in axe.Axe().run(page).response["violations"]}
    page.keyboard.press("Tab")
    reached = page.evaluate("document.activeElement.textContent.slice(0, 4)")
    n_reachable = page.locator("[tabindex]").count()
    page.close()
    assert "scrollable-region-focusable" in before
    assert not after
    assert (reached, n_reachable) == ("long", 1)
