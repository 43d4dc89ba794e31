"""The command line. Every command is a thin line to a function that Python users call too."""

from . import bench, compare, definition, knowledge, pages, quality, records, score, simulated
from .app import app

__all__ = [
    "app",
    "bench",
    "compare",
    "definition",
    "knowledge",
    "main",
    "pages",
    "quality",
    "records",
    "score",
    "simulated",
]


def main() -> None:
    """The entry point."""
    app()
