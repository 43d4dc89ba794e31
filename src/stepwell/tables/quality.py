"""The table of quality measures, which is made from a result when it is asked for and not kept in it."""

from __future__ import annotations

from .declare import Column, Table

_VERDICT = ("met", "not met", "unknown")

QUALITY = Table(
    "quality",
    "one person under one quality measure",
    ("measure", "person_id"),
    (
        Column("measure", "string", "Measure with version."),
        Column("person_id", "int64", "The person, numbered on reading."),
        Column("included", "string", "Whether the person is in the measure.", values=_VERDICT),
        Column("start_date", "date", "The day on which the person enters it.", null="not in it, or unknown"),
        Column("start_total", "float64", "The score of that day.", unit="points", null="not begun by a score"),
        Column(
            "end_date", "date", "Day of the deciding score, or the last day looked at.", null="no score in the window"
        ),
        Column("end_total", "float64", "The deciding score.", unit="points", null="none, or not asked"),
        Column("n_days_covered", "int32", "Days with an antidepressant at hand.", unit="days", null="not asked"),
        Column("reached", "string", "Whether what is asked was reached.", null="not in it", values=_VERDICT),
        Column("found", "string", "What was found, in words."),
        Column("sentence", "string", "That, what was asked, and who says so."),
    ),
)
