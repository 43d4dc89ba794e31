"""The docs site: every page has a place in it, every link leads somewhere, and it builds without a warning."""

import json
import re
import runpy
import subprocess
import sys
import tomllib
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_CODE = re.compile(r"^```.*?^```|`[^`\n]*`", re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def pages(tmp_path_factory) -> Path:
    """The folder with all pages of the site."""
    folder = tmp_path_factory.mktemp("site") / "pages"
    runpy.run_path(str(ROOT / "docs/build_site.py"))["gather"](folder)
    return folder


def test_every_page_is_in_the_contents_and_every_entry_is_a_page(pages):
    named = set(_entries(tomllib.loads((ROOT / "zensical.toml").read_text("utf-8"))["project"]["nav"]))
    there = {str(page.relative_to(pages)) for page in pages.rglob("*.md")}
    assert named == {page for page in there if not page.startswith("decisions/0")}


def _entries(nav):
    for entry in nav:
        for target in entry.values():
            yield from [target] if isinstance(target, str) else _entries(target)


def test_every_link_leads_to_a_page(pages):
    broken = []
    for page in pages.rglob("*.md"):
        for link in _LINK.findall(_CODE.sub("", page.read_text("utf-8"))):
            target, _, _anchor = link.partition("#")
            if (
                target
                and "://" not in target
                and not target.startswith("mailto:")
                and not (page.parent / target).is_file()
            ):
                broken.append(f"{page.relative_to(pages)}: {link}")
    assert not broken, "\n".join(broken)


def test_a_page_with_tables_from_the_knowledge_files_holds_them(pages):
    text = (pages / "explanation/treatments.md").read_text("utf-8")
    assert "| SSRI | SERT inhibitor | fluoxetine |" in text
    assert "| TRANSFORM-2 | 2019 |" in text
    assert "<!-- from knowledge" not in text


def test_the_pages_made_from_the_code_are_there(pages):
    assert "\n### determination\n" in (pages / "data-dictionary.md").read_text("utf-8")
    assert "us-label@1" in (pages / "knowledge.md").read_text("utf-8")
    assert "`stepwell run`" in (pages / "reference/cli.md").read_text("utf-8")
    assert len((pages / "spec.md").read_text("utf-8").splitlines()) > 1000


def test_a_notebook_is_kept_without_its_output():
    for notebook in (ROOT / "docs").rglob("*.ipynb"):
        cells = json.loads(notebook.read_text("utf-8"))["cells"]
        assert not any(cell.get("outputs") or cell.get("execution_count") for cell in cells), notebook


@pytest.mark.long
@pytest.mark.skipif(find_spec("zensical") is None, reason="zensical, which builds the docs site, is not installed")
def test_the_site_builds_and_asks_nothing_of_other_servers():
    done = subprocess.run([sys.executable, ROOT / "docs/build_site.py"], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
    site = ROOT / "build/site"
    assert (site / "tutorial/paper.html").read_text("utf-8").count("<img") >= 3, "the drawings of the notebook"
    assert "determine_bundle" in (site / "reference/python.html").read_text("utf-8")
    for page in site.rglob("*.html"):
        fetched = re.findall(r'<(?:script|link|img)[^>]*(?:src|href)="(https?://[^"]*)"', page.read_text("utf-8"))
        assert not fetched, page
