"""The command line. Every command is a thin line to a function that Python users call too."""

from . import (
    bench,
    calibrate,
    candidacy,
    clinic,
    compare,
    definition,
    export,
    fhir,
    knowledge,
    methods,
    pages,
    quality,
    records,
    review,
    score,
    serve,
    simulated,
    whatif,
)
from .app import app
from .net import STOPPED, listen_for_interrupts, was_stopped

__all__ = [
    "app",
    "bench",
    "calibrate",
    "candidacy",
    "clinic",
    "compare",
    "definition",
    "export",
    "fhir",
    "knowledge",
    "main",
    "methods",
    "pages",
    "quality",
    "records",
    "review",
    "score",
    "serve",
    "simulated",
    "whatif",
]


def main() -> None:
    """The entry point."""
    listen_for_interrupts()
    try:
        app()
    except (SystemExit, KeyboardInterrupt):
        if was_stopped():
            # Python ends by a signal where the interrupt met code that was text, as libraries write it; this makes it forget.
            exec("")
            raise SystemExit(STOPPED) from None
        raise
