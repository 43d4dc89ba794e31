"""The docs site: `python docs/build_site.py` gathers the pages in build/docs, generated ones too, and builds build/site of them.

Needs the extra `docs`. Nothing is fetched from the network.
"""

from __future__ import annotations

import re
import runpy
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGES, SITE = ROOT / "build/docs", ROOT / "build/site"
_TOP = ("CHANGELOG.md", "CODE_OF_CONDUCT.md", "CONTRIBUTING.md", "DEVELOPING.md", "GLOSSARY.md", "SECURITY.md")
_FROM_KNOWLEDGE = re.compile(r"^<!-- from knowledge: (\w+) -->$", re.MULTILINE)
_SOURCE_LINK = re.compile(r"\[([^\]]*)\]\((?:\.\./)+(?:src|tests|benchmarks|LICENSE)[^)]*\)")


def gather(folder: Path = PAGES, *, run_notebooks: bool = False) -> None:
    """Writes every page of the site into that folder, which is made anew. Notebooks that are not run show no output."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(ROOT / "docs", folder, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    for notebook in folder.rglob("*.ipynb"):
        _convert(notebook, run=run_notebooks)
    for name in _TOP:
        shutil.copy(ROOT / name, folder)
    shutil.copy(ROOT / "README.md", folder / "index.md")
    for name, text in _generated():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, "utf-8")
    for page in folder.rglob("*.md"):
        page.write_text(_as_page(page.read_text("utf-8"), page.relative_to(folder)), "utf-8")


def _generated() -> Iterator[tuple[str, str]]:
    """The pages that are made from the code and from the knowledge files."""
    import typer.cli

    from stepwell.cli import app
    from stepwell.knowledge.book import book
    from stepwell.knowledge.loader import load
    from stepwell.tables.dictionary import dictionary

    context = typer.Context(typer.main.get_command(app), info_name="stepwell")
    yield "reference/cli.md", typer.cli.get_docs_for_click(obj=context.command, ctx=context, name="stepwell")
    yield "reference/python.md", _python()
    yield "knowledge.md", book(load())
    yield "data-dictionary.md", dictionary()
    yield "spec.md", runpy.run_path(str(ROOT / "tests/spec/print_spec.py"))["spec"]()
    decisions = sorted((ROOT / "docs/decisions").glob("*.md"))
    titles = [(path.name, path.read_text("utf-8").splitlines()[0].lstrip("# ")) for path in decisions]
    yield "decisions/index.md", "# Decisions\n\n" + "".join(f"* [{title}]({name})\n" for name, title in titles)


def _convert(notebook: Path, *, run: bool) -> None:
    """Puts a page of Markdown, with its drawings beside it, in the place of a notebook. Raises where a cell fails."""
    import nbformat
    from nbconvert import MarkdownExporter
    from nbconvert.preprocessors import ExecutePreprocessor

    cells = nbformat.read(notebook, as_version=4)
    if run:
        with tempfile.TemporaryDirectory() as work:
            ExecutePreprocessor(timeout=600).preprocess(cells, {"metadata": {"path": work}})
    text, resources = MarkdownExporter().from_notebook_node(cells, {"unique_key": notebook.stem})
    notebook.with_suffix(".md").write_text(text, "utf-8")
    for name, content in resources["outputs"].items():
        (notebook.parent / name).write_bytes(content)
    notebook.unlink()


def _python() -> str:
    """The page of the Python interface: every public name, described by its docstring."""
    import stepwell

    parts = []
    for name in sorted((n for n in stepwell.__all__ if not n.startswith("_")), key=str.lower):
        of = getattr(stepwell, name)
        parts.append(f"## stepwell.{name}\n\n::: {of.__module__}.{of.__qualname__}\n")
    return "# Python\n\n" + "\n".join(parts)


def _as_page(text: str, place: Path) -> str:
    """The page with links as they are in the site, and with the tables that come from the knowledge files."""
    up = "../" * (len(place.parts) - 1)
    text = _FROM_KNOWLEDGE.sub(lambda found: _TABLES[found[1]](), text)
    text = _SOURCE_LINK.sub(r"\1", text)
    text = re.sub(r"\]\((?:\.\./)*README\.md", f"]({up}index.md", text)
    text = re.sub(rf"\]\((?:\.\./)*({'|'.join(map(re.escape, _TOP))})", rf"]({up}\1", text)
    text = text.replace("paper.ipynb)", "paper.md)")
    text = text.replace("](LICENSE)", "](https://www.apache.org/licenses/LICENSE-2.0)")
    text = text.replace("](docs/decisions)", "](decisions/index.md)")
    return text.replace("](docs/", f"]({up}")


def _mechanisms() -> str:
    """Drugs by class and mechanism."""
    from stepwell.knowledge.loader import load

    rows: dict[tuple[str, str], list[str]] = {}
    for drug in load().ingredients.values():
        if drug.role == "antidepressant":
            rows.setdefault((drug.drug_class or "", drug.mechanism or ""), []).append(drug.label)
    lines = ["| class | mechanism | drugs |", "|---|---|---|"]
    lines += [f"| {of} | {how} | {', '.join(sorted(drugs))} |" for (of, how), drugs in sorted(rows.items())]
    return "\n".join(lines)


def _published() -> str:
    """Published trials of esketamine and ketamine with what their main comparison found."""
    from stepwell.knowledge.loader import load

    trials = sorted(load().published.values(), key=lambda trial: (trial.year, trial.label))
    lines = ["| trial | year | people | compared with | main comparison |", "|---|--:|---|---|---|"]
    lines += [f"| {t.label} | {t.year} | {t.people} | {t.compared_with} | {t.primary.is_} |" for t in trials]
    return "\n".join(lines)


_TABLES = {"mechanisms": _mechanisms, "published": _published}


def main() -> int:
    """Gathers the pages and builds the site; a warning, such as a link to nowhere, is a failure."""
    gather(run_notebooks=True)
    builder = shutil.which("zensical", path=str(Path(sys.executable).parent)) or "zensical"
    return subprocess.run([builder, "build", "--clean", "--strict"], cwd=ROOT).returncode


if __name__ == "__main__":
    sys.exit(main())
