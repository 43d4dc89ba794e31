"""Counts, charts and the page: what a result looks like to a reader. Nothing here decides anything."""

from .page import write_report
from .summarise import summarise

__all__ = ["summarise", "write_report"]
