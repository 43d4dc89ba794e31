"""When the records of one kind count as complete enough for an absence to say something."""

from __future__ import annotations

from .cited import Cited, Percent


class Completeness(Cited):
    """One entry of `completeness.yaml`, by record table: above which share of rows that nobody could identify the absence of a
    record is unknown for everybody in the source, also for people without such a row."""

    unidentified_at_most: Percent
