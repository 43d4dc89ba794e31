"""What every page that stepwell writes has in common: the environment of its template."""

from __future__ import annotations

from jinja2 import BaseLoader, Environment, StrictUndefined
from markupsafe import Markup

from stepwell.text import printable

from .proportion import Proportion


def make_environment(loader: BaseLoader) -> Environment:
    """Templates in which everything is escaped and nothing missing passes unseen, with `share` and `interval` as percentages."""
    environment = Environment(
        loader=loader,
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_printable,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"share": _share, "interval": _interval}
    return environment


def _printable(value: object) -> object:
    if isinstance(value, Markup):
        return Markup(printable(value))
    return printable(value) if isinstance(value, str) else value


def _share(proportion: Proportion | None) -> str:
    return "–" if proportion is None else f"{proportion.value:.1%}"


def _interval(proportion: Proportion | None) -> str:
    if proportion is None or proportion.low is None:
        return "–"
    return f"{100 * proportion.low:.1f} to {100 * proportion.high:.1f}%"
