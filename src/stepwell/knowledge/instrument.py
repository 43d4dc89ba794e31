"""The forms of instruments and of the crosswalks between them: items, scores, bands, cuts, what a change means, licence."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from .cited import Cited, Form, People, Percent, Points
from .definition import Id, Status


class Band(Form):
    """One severity band of an instrument, inclusive at both ends."""

    label: str
    at_least: Points
    at_most: Points


class Cut(Cited):
    """A cut of an instrument: at or below this total."""

    at_most: Points


class NamedCut(Cited):
    """A cut that somebody used beside the one that the engine uses: who, for what, and at or beyond which total."""

    means: str
    """Such as `remission`, `relapse`."""
    used_by: str
    at_most: Points | None = None
    at_least: Points | None = None

    @model_validator(mode="after")
    def _has_one_limit(self):
        if (self.at_most is None) == (self.at_least is None):
            raise ValueError("a cut has one limit; write either at_most or at_least")
        return self


class Response(Cited):
    """Improvement from baseline that counts as response."""

    at_least: Percent


class Change(Cited):
    """The smallest change that means something, in points, in percent of the baseline, or both, and to whom."""

    points: Points | None = None
    percent: Percent | None = None
    about: Literal["within a person", "between groups"]
    whom: str

    @model_validator(mode="after")
    def _has_an_amount(self):
        if self.points is None and self.percent is None:
            raise ValueError("a change has an amount; write points, percent, or both")
        return self


class Item(Form):
    """One item: its number on the form and the range of its answers. No item texts of restricted instruments."""

    item: str
    at_least: int
    at_most: int
    label: str = ""
    codes: dict[str, str] = Field(default_factory=dict)
    only_after: str | None = None
    """Asked only where this item was answered above its least; else it counts as its own least answer."""
    apart: bool = False
    """Stands on the form, but enters no score; its column may be absent."""


class AnswersInWords(Cited):
    """How records say an answer where they do not write its number, the same for every item."""

    loinc: dict[int, str]
    """LOINC's code of each answer."""
    words: dict[int, str]
    """The words of each answer, in small letters. Only where the licence lets them be reproduced."""


class OtherCoding(Cited):
    """LOINC codes under which another publisher sends the same form."""

    publisher: str
    panel: str | None = None
    total: str | None = None
    items: dict[str, str] = Field(default_factory=dict)
    """The code of each item."""
    answers: dict[int, str]
    """The code of each answer."""


class Scoring(Cited):
    """How a score is made: the sum over groups of the greatest item of each group (a plain sum has one item a group)."""

    groups: tuple[tuple[str, ...], ...]
    missing_at_most: int = Field(ge=0)
    """So many groups may be unanswered; the total is then prorated (mean of the answered x number of groups)."""
    counts_from: int | None = None
    """Each group gives one point from this answer on, and none below it."""
    as_percent: bool = False
    """The sum is given as its place between the least and the greatest possible sum, in percent."""

    def ends(self, items: Iterable[Item]) -> tuple[float, float]:
        """The least and the greatest sum that the answers can make, before it is put in percent."""
        known = {item.item: item for item in items}

        def reached(end: str) -> float:
            answers = [max(getattr(known[name], end) for name in group) for group in self.groups]
            return sum(answers if self.counts_from is None else (answer >= self.counts_from for answer in answers))

        return reached("at_least"), reached("at_most")


class Subscale(Form):
    """A further score from the same items."""

    id: Id
    label: str
    at_least: Points
    at_most: Points
    scoring: Scoring


class Sign(Form):
    """One thing that answers can show: the total, or so many answers, at or beyond a limit."""

    total_at_least: Points | None = None
    total_at_most: Points | None = None
    items: tuple[str, ...] = ()
    """Among these items; empty: among all that are scored."""
    answer_at_least: int | None = None
    answer_at_most: int | None = None
    n_items: int = Field(default=1, ge=1)
    """So many of the items must show it."""

    @model_validator(mode="after")
    def _has_one_limit(self):
        limits = (self.total_at_least, self.total_at_most, self.answer_at_least, self.answer_at_most)
        if sum(limit is not None for limit in limits) != 1:
            raise ValueError(
                "a sign has one limit; write one of total_at_least, total_at_most, answer_at_least, answer_at_most"
            )
        return self


class Finding(Cited):
    """What the answers say beside the total: met when any of its signs is met, or all of them are."""

    id: Id
    label: str
    any_of: tuple[Sign, ...] = ()
    all_of: tuple[Sign, ...] = ()

    @model_validator(mode="after")
    def _has_signs(self):
        if bool(self.any_of) == bool(self.all_of):
            raise ValueError("a finding has signs; write either any_of or all_of")
        return self


class Safety(Cited):
    """The items about death, suicide or self-harm: an answer from `at_least` on is noted on every administration."""

    items: tuple[str, ...] = Field(min_length=1)
    at_least: int


class Layout(Cited):
    """How a public data set writes the answers down."""

    id: Id
    columns: dict[str, str]
    """The column of each item."""
    unanswered: tuple[str, ...] = ()
    """What is written where there is no answer, beside an empty cell."""
    zero_below: float | None = Field(default=None, gt=0)
    """Answers above 0 and below this are 0: some readers of SAS transport files return a 0 as 16 to the power of -65."""


class WorkedExample(Cited):
    """Items and the total they must give; the tests score it. A null item is unanswered; a null total cannot be scored."""

    items: dict[str, int | None]
    total: float | None
    also: dict[str, float | str | None] = Field(default_factory=dict)
    """Other columns of the scored row, such as `band`, and what must stand in them."""


class Licence(Cited):
    """Who owns the instrument and whether stepwell may show its items."""

    item_texts: Literal["free", "withheld"]
    terms: str


class Note(Cited):
    """Something to be said beside the numbers."""

    text: str


class Instrument(Form):
    """One questionnaire or rating scale, or another measure with items."""

    id: Id
    status: Status
    label: str
    about: str = "symptoms of depression"
    use: Literal["outcome", "monitoring"] = "outcome"
    """`monitoring`: read around a dose, for safety. It is never shown as what a treatment did."""
    rank: Annotated[int, Field(ge=1)] | None = None
    """Which instrument the engine asks first when a trial has several with baseline and endpoint: the lowest rank. Without a
    rank the engine never judges a treatment by it."""
    rank_choice: str
    """Why this rank, or why none."""
    rater: Literal["self", "clinician"]
    recall: str | None = None
    direction: Literal["higher is worse", "higher is better", "neither"] = "higher is worse"
    answers: str | None = None
    """What the numbers of the answers mean, in stepwell's words."""
    answers_in_words: AnswersInWords | None = None
    also_coded: tuple[OtherCoding, ...] = ()
    at_least: Points | None = None
    at_most: Points | None = None
    items: tuple[Item, ...]
    scoring: Scoring | None = None
    no_total: Note | None = None
    """Why there is no total, where there is none."""
    profile: tuple[str, ...] = ()
    """Items whose answers are written side by side, as the EQ-5D does."""
    subscales: tuple[Subscale, ...] = ()
    bands: tuple[Band, ...] = ()
    bands_from: Cited | None = None
    levels: tuple[Finding, ...] = ()
    """In place of bands: the first that is met; unknown where an earlier one is unknown."""
    findings: tuple[Finding, ...] = ()
    remission: Cut | None = None
    response: Response | None = None
    cuts: tuple[NamedCut, ...] = ()
    meaningful_change: tuple[Change, ...] = ()
    safety: Safety | None = None
    licence: Licence
    notes: tuple[Note, ...] = ()
    layouts: tuple[Layout, ...] = ()
    loinc: tuple[str, ...] = ()
    """LOINC codes of the total."""
    snomed: tuple[str, ...] = ()
    omop: tuple[int, ...] = ()
    """OMOP concept ids of the total."""
    names: tuple[str, ...] = ()
    """Names under which local records may carry it, lower case: `phq-9`, `phq9 total`."""
    codes_from: Cited | None = None
    worked_examples: tuple[WorkedExample, ...] = ()

    @property
    def totals_in_loinc(self) -> tuple[str, ...]:
        """The LOINC codes of the total, those of other publishers last."""
        return (*self.loinc, *(other.total for other in self.also_coded if other.total))

    def judging(self) -> tuple[Cited, ...]:
        """What a run can use of it: how totals are made, told apart and judged, and under which codes they are found."""
        used = (self.scoring, self.bands_from, self.remission, self.response, self.licence, self.codes_from)
        used += (self.answers_in_words, *self.also_coded)
        return tuple(part for part in used if part is not None)

    @model_validator(mode="after")
    def _is_whole(self):
        if (self.scoring is None) == (self.no_total is None):
            raise ValueError("an instrument has a total or says why not; write either scoring or no_total")
        if self.scoring is not None and (self.at_least is None or self.at_most is None):
            raise ValueError("a total has a range; write at_least and at_most")
        if self.rank is not None and (self.scoring is None or self.remission is None or self.response is None):
            raise ValueError(
                "response is judged by a ranked instrument; write scoring, remission and response, or no rank"
            )
        if self.bands and self.bands_from is None:
            raise ValueError("bands need a source; write bands_from")
        if self.answers_in_words is not None:
            of_every_item = [set(range(i.at_least, i.at_most + 1)) for i in self.items]
            for said in (self.answers_in_words.loinc, self.answers_in_words.words):
                if any(set(said) != numbers for numbers in of_every_item):
                    raise ValueError("answers_in_words must hold each answer of every item; write them all, or none")
        if self.bands and self.levels:
            raise ValueError("an instrument has bands or levels; write only one of them")
        return self


_STRETCH = re.compile(r"^(\d+(?:\.\d+)?)(?:-(\d+(?:\.\d+)?))?$")


def _stretch(value: object) -> tuple[float, float]:
    match = _STRETCH.match(str(value).strip()) if isinstance(value, str | int | float) else None
    if match is None:
        raise ValueError(f'{value!r} is no stretch of points; write "16-17", or "16" for one point')
    least, most = float(match[1]), float(match[2] or match[1])
    if most < least:
        raise ValueError(f'{value!r} ends before it begins; write the lesser number first, as in "16-17"')
    return least, most


Stretch = Annotated[tuple[float, float], BeforeValidator(_stretch)]
"""A stretch of points, inclusive at both ends, written "16-17"."""


class CrosswalkScale(Form):
    """One scale of a crosswalk: an instrument of the knowledge files, or one that only the crosswalk knows."""

    scale: Id
    label: str
    at_least: Points
    at_most: Points


class Crosswalk(Cited):
    """Totals of several scales that go with each other. For describing groups; never for one person's course."""

    id: Id
    status: Status
    label: str
    summary: str
    people: People | None = None
    """How many people it was made from."""
    scales: tuple[CrosswalkScale, ...] = Field(min_length=2)
    rows: tuple[tuple[Stretch, ...], ...] = ()
    """Each row holds the stretches of points that go with each other, one for each scale in order."""
    not_seen: Note | None = None
    """Why there are no rows, where there are none."""
    notes: tuple[Note, ...] = ()

    @model_validator(mode="after")
    def _has_rows_or_says_why_not(self):
        if bool(self.rows) == (self.not_seen is not None):
            raise ValueError("a crosswalk has rows or says why not; write either rows or not_seen")
        return self
