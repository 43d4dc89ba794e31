"""The form of `drug_records.yaml`: when the absence of a drug, or of a fill, from the records says something."""

from __future__ import annotations

from .cited import Cited, Days, Form, Percent


class UnidentifiedShare(Cited):
    """The greatest share of unidentified rows, of all drug rows of a source, with which the absence of a drug still says
    something."""

    at_most: Percent


class Dispensed(Cited):
    """For how many days an order that states no end may be dispensed. So long before and after it a fill shows that fills of the
    person are recorded at its time."""

    within: Days


class DrugRecords(Form):
    """`drug_records.yaml`."""

    unidentified: UnidentifiedShare
    dispensed: Dispensed
