"""What every page that stepwell writes has in common: the environment of its template, and how it comes onto the disk."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from jinja2 import BaseLoader, Environment, StrictUndefined

from stepwell.errors import Problem, QuestionError

from .proportion import Proportion


def make_environment(loader: BaseLoader) -> Environment:
    """Templates in which everything is escaped and nothing missing passes unseen, with `share` and `interval` as percentages."""
    environment = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {"share": _share, "interval": _interval}
    return environment


def write_page(out: Path, html: str) -> None:
    """All of it or nothing: a reader never meets half a page. Raises `QuestionError` for a place that cannot be written."""
    try:
        handle, name = tempfile.mkstemp(dir=out.parent, prefix=f".{out.stem}-", suffix=".html")
        try:
            with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
                file.write(html)
            os.chmod(name, 0o644)
            os.replace(name, out)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        problem = Problem(str(out), error.strerror or "cannot be written", "a place that can be written")
        raise QuestionError("The page cannot be written.", [problem]) from None


def _share(proportion: Proportion | None) -> str:
    return "–" if proportion is None else f"{proportion.value:.1%}"


def _interval(proportion: Proportion | None) -> str:
    if proportion is None or proportion.low is None:
        return "–"
    return f"{100 * proportion.low:.1f} to {100 * proportion.high:.1f}%"
