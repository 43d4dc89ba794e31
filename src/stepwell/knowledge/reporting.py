"""What a paper about routinely collected health data reports, by subject, with the items of reporting guidelines that ask it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from .cited import Cited, Form

Guideline = Literal["STROBE", "RECORD", "RECORD-PE", "HARPER"]


class ReportingItem(Cited):
    """One item of a reporting guideline, or a table of HARPER's protocol template."""

    guideline: Guideline
    number: str
    """Its number as the guideline writes it."""
    asks: str
    """What it asks, in stepwell's words."""

    @property
    def name(self) -> str:
        """The item in a list: `RECORD 6.1`, or `RECORD-PE 8.a (recalled, not verified)`."""
        recalled = " (recalled, not verified)" if self.seen == "recalled" else ""
        return f"{self.guideline} {self.number}{recalled}"


class ReportingSubject(Form):
    """One entry of `reporting.yaml`: a subject of the methods section."""

    label: str
    items: tuple[ReportingItem, ...] = Field(min_length=1)
