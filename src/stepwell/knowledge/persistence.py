"""The form of a question about the first weeks of treatment: at which times it is asked who has begun, changed or stopped."""

from __future__ import annotations

from pydantic import Field

from .cited import Cited, Days, Form
from .criteria import AtLeastDays, Id


class Times(Cited):
    """How long after a diagnosis, or after the first day of a treatment, it is asked what has become of it."""

    at: tuple[Days, ...] = Field(min_length=1)


class Persistence(Form):
    """One file of `persistence/`: when to look, and who is new."""

    id: Id
    label: str
    times: Times
    new: AtLeastDays
    """Observed for so long before the first diagnosis, and without an antidepressant in that time."""
