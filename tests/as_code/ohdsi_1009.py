"""Cohort 1009 of the OHDSI Phenotype Library once more, as plain loops over the records of one person.

Written from `inst/cohorts/1009.json` and its SQL, and from the script by which the OMOP CDM derives drug eras (a supply without
an end lasts to the next day; a supply that begins at most 30 days after the latest end goes on with the era), never from
stepwell's engine. stepwell's code sets stand for the cohort's concept sets.

Observation periods that overlap or adjoin are one, as the CDM asks. `dose_eras` is the table on which the cohort's third way in
rests; stepwell's records hold none, nor do most databases.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

from as_code.answer import Answer, day

YEAR, PERSISTENCE = 365, 30
DEPRESSION = {"major-depression", "depression-other"}
EXCLUDED = {"bipolar", "dementia", "psychosis"}
ESKETAMINE = {"esketamine-nasal"}
ANTIPSYCHOTICS = {
    "aripiprazole", "clozapine", "olanzapine", "paliperidone", "quetiapine", "risperidone", "ziprasidone",
}  # fmt: skip
ANTIDEPRESSANTS = {
    "agomelatine", "amineptine", "amitriptyline", "amoxapine", "bupropion", "butriptyline", "citalopram", "clomipramine",
    "desipramine", "desvenlafaxine", "dibenzepin", "dosulepin", "doxepin", "duloxetine", "escitalopram", "fluoxetine",
    "fluvoxamine", "imipramine", "iprindole", "isocarboxazid", "lofepramine", "maprotiline", "melitracen", "mianserin",
    "milnacipran", "mirtazapine", "nefazodone", "nialamide", "nortriptyline", "opipramol", "paroxetine", "phenelzine",
    "protriptyline", "quinupramine", "reboxetine", "selegiline-transdermal", "sertraline", "st-johns-wort", "tianeptine",
    "tranylcypromine", "trazodone", "trimipramine", "venlafaxine", "vilazodone", "vortioxetine",
}  # fmt: skip
"""45 of the 48: oxitriptan, tryptophan and viloxazine are set aside by the house, so no source holds them."""


class Era(NamedTuple):
    """One ingredient, from its first supply to the latest end of those that go on with it."""

    ingredient: str
    start: int
    end: int


def answer(records: dict[str, list[dict]], dose_eras: Iterable[Era] = ()) -> Answer:
    """Whether the person enters the cohort, and on which day."""
    periods = joined_periods(records["observation_period"])
    eras = drug_eras(records["medication"])
    diagnoses = [(day(row["condition_date"]), row["codeset"]) for row in records["condition"]]
    events = []
    for era in eras:
        for period in periods:
            if period[0] <= era.start <= period[1] and enters(era, eras, list(dose_eras), period):
                events.append((era.start, period))
    for on, period in sorted(events):
        depressed = [d for d, s in diagnoses if s in DEPRESSION and period[0] <= d and on - YEAR <= d <= on]
        if not depressed:
            continue
        # The first event with a diagnosis is the only one looked at: whoever is excluded then never enters.
        excluded = [d for d, codeset in diagnoses if codeset in EXCLUDED and period[0] <= d <= on]
        return Answer(False) if excluded else Answer(True, date.fromordinal(on))
    return Answer(False)


def enters(era: Era, eras: list[Era], dose_eras: list[Era], period: tuple[int, int]) -> bool:
    """Whether the start of an era is an event, by any of the three ways."""
    on = era.start
    if era.ingredient in ANTIPSYCHOTICS:
        return len(recent(eras, on, on, period)) >= 1
    if era.ingredient in ANTIDEPRESSANTS:
        return len(recent(eras, on, on, period)) >= 3 and len(recent(eras, on, on - 1, period)) >= 2
    if era.ingredient in ESKETAMINE:
        return len(recent(dose_eras, on, on - 1, period)) >= 2
    return False


def recent(eras: list[Era], on: int, begun_by: int, period: tuple[int, int]) -> set[str]:
    """The different antidepressants of eras begun by that day and not over more than a year before `on`, which begin and end
    inside the observation period."""
    found = set()
    for other in eras:
        if other.ingredient not in ANTIDEPRESSANTS:
            continue
        if other.start <= begun_by and other.end >= on - YEAR and period[0] <= other.start and other.end <= period[1]:
            found.add(other.ingredient)
    return found


def drug_eras(medication: list[dict]) -> list[Era]:
    """The eras of every ingredient, as the CDM's script derives them."""
    eras = []
    for ingredient in {row["ingredient"] for row in medication}:
        spans = []
        for row in medication:
            if row["ingredient"] == ingredient:
                start = day(row["start_date"])
                spans.append((start, start + 1 if row["end_date"] is None else day(row["end_date"])))
        begun, ended = None, None
        for start, end in sorted(spans):
            if begun is not None and start > ended + PERSISTENCE:
                eras.append(Era(ingredient, begun, ended))
                begun = None
            if begun is None:
                begun, ended = start, end
            ended = max(ended, end)
        eras.append(Era(ingredient, begun, ended))
    return eras


def joined_periods(rows: list[dict]) -> list[tuple[int, int]]:
    periods: list[list[int]] = []
    for start, end in sorted((day(row["start_date"]), day(row["end_date"])) for row in rows):
        if periods and start <= periods[-1][1] + 1:
            periods[-1][1] = max(periods[-1][1], end)
        else:
            periods.append([start, end])
    return [(start, end) for start, end in periods]
