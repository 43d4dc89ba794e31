"""The forms of the simulator's files: every number with its unit, and a source or a stated choice."""

from __future__ import annotations

from datetime import date

from pydantic import Field

from stepwell.knowledge.cited import Cited, Days, Form, Minutes, MmHg, Percent, Points, Trials
from stepwell.knowledge.definition import Id
from stepwell.knowledge.forms import Reference


class Share(Cited):
    """How many of a hundred."""

    share: Percent

    @property
    def p(self) -> float:
        """The share as a probability."""
        return self.share / 100


class SlipDays(Share):
    """How often a date is off, and by how much at most."""

    most: Days


class SlipPoints(Share):
    """How often a score is off, and by how much at most."""

    most: Points


class Span(Cited):
    """A time between two limits, any whole number of days alike."""

    at_least: Days
    at_most: Days


class Begins(Cited):
    """A calendar span."""

    earliest: date
    latest: date


class OneOfDays(Cited):
    """One of several times, each alike."""

    days: tuple[Days, ...] = Field(min_length=1)


class Supply(Cited):
    """How long a supply lasts, and how many people get such supplies."""

    of: dict[Days, Percent]


class Instruments(Cited):
    """Which instrument people are followed with."""

    of: dict[Id, Percent]


class Severity(Cited):
    """A range of shares, each alike: of an instrument's range, or of a change."""

    at_least: Percent
    at_most: Percent


class AtMostShare(Cited):
    """An upper limit, in percent."""

    at_most: Percent


class Every(Cited):
    """The time from one visit to the next."""

    every: Days


class Twice(Cited):
    """How many have a second one."""

    twice: Percent


class TruthFor(Cited):
    """The definitions whose truth is written, and the one that says which trials are adequate."""

    definitions: tuple[Id, ...] = Field(min_length=1)
    adequate_by: Id


class Concepts(Cited):
    """OMOP concept ids by stepwell's own word for them."""

    of: dict[str, int]


class PeopleForm(Form):
    """Who the people are, beyond what the model says."""

    depressed: Share
    untreated: Share
    other_use: Share
    bipolar: Share
    psychosis: Share
    sleep: Share


class ObservationForm(Form):
    """When they are observed."""

    begins: Begins
    lasts: Span
    before_treatment: Span
    none_before: Share


class OfferForm(Cited):
    """After how many failed trials something is offered, who takes it up, and the mean wait."""

    after: Trials
    uptake: Percent
    wait: Days


class OffersForm(Form):
    """What the simulated health service offers."""

    esketamine: OfferForm
    ketamine: OfferForm
    ect: OfferForm
    tms: OfferForm


class DosesForm(Form):
    """How doses are built up."""

    first_dose: OneOfDays
    above_minimum: Share
    raised: Share
    raised_after: Span


class VisitsForm(Form):
    """When people are seen, besides the days on which something happens."""

    acute: Every
    later: Every
    moved: Span


class MinuteSpan(Cited):
    """A time of the day, or a length of time, each minute alike."""

    at_least: Minutes
    at_most: Minutes


class PressureSpan(Cited):
    """A range of blood pressure."""

    at_least: MmHg
    at_most: MmHg


class PointSpan(Cited):
    """A range of scores."""

    at_least: Points
    at_most: Points


class SessionsForm(Form):
    """What is read around a session."""

    begins: MinuteSpan
    observed: MinuteSpan
    systolic: PressureSpan
    diastolic: PressureSpan
    rise: PressureSpan
    dissociation: PointSpan
    sedation: PointSpan


class ClinicForm(Form):
    """How a clinic measures that gives esketamine or ketamine, where people are scored before doses."""

    before_dose: Share
    day_after: Share
    reached: Severity
    other_scales: Every
    impairment: Severity
    quality: Severity


class FillsForm(Form):
    """How it is dispensed."""

    lasting: Supply


class DiagnosesForm(Form):
    """When a diagnosis is recorded."""

    repeated: Share


class ScoresForm(Form):
    """How people are followed."""

    instruments: Instruments
    baseline: Severity
    near_a_limit: Share
    partial: Share
    worse: AtMostShare


class OtherUseForm(Form):
    """Antidepressants taken for something else."""

    courses: Twice
    lasting: Span


class SleepForm(Form):
    """A sedating antidepressant beside the treatment."""

    begins: Span
    lasting: Span


class Noise(Form):
    """What goes wrong in the records; every knob is off at `0 %`. `fhir_...` changes only records written as FHIR."""

    missing_days_supply: Share
    zero_days_supply: Share
    missing_quantity: Share
    zero_concept: Share
    missing_fill: Share
    duplicate_row: Share
    end_before_start: Share
    early_refill: SlipDays
    late_refill: SlipDays
    missing_stop_reason: Share
    missing_diagnosis: Share
    late_diagnosis: SlipDays
    miscoded_diagnosis: Share
    unscored_visit: Share
    score_error: SlipPoints
    missing_session_drug: Share
    missing_session_code: Share
    missing_session: Share
    missing_reading: Share
    late_observation: SlipDays
    fhir_contained_drug: Share
    fhir_referenced_drug: Share
    fhir_display_only_drug: Share
    fhir_text_sig: Share
    fhir_response_too: Share
    fhir_partial_date: Share
    fhir_entered_in_error: Share
    fhir_odd_unit: Share

    @classmethod
    def is_of_fhir(cls, knob: str) -> bool:
        """Whether a knob changes only records written as FHIR."""
        return knob.startswith("fhir_")

    def off(self) -> Noise:
        """The same with every knob off: the records show the true course and nothing else."""
        return self.but(**dict.fromkeys(type(self).model_fields, 0))

    def times(self, factor: float) -> Noise:
        """The same with the odds of everything so many times as great, so that nothing becomes certain that was not."""

        def share(knob: Share) -> float:
            return 100 * factor * knob.p / (1 - knob.p + factor * knob.p) if knob.p else 0.0

        return self.but(**{name: share(getattr(self, name)) for name in type(self).model_fields})

    def but(self, **share_pct: float) -> Noise:
        """The same with other shares, in percent: `noise.off().but(missing_fill=10)`."""
        known = {name: getattr(self, name) for name in type(self).model_fields}
        changed = {name: known[name].model_copy(update={"share": float(pct)}) for name, pct in share_pct.items()}
        return self.model_copy(update=changed)


class Parameters(Form):
    """Everything in `data/parameters.yaml`."""

    references: dict[str, Reference]
    truth: TruthFor
    people: PeopleForm
    observation: ObservationForm
    offers: OffersForm
    doses: DosesForm
    visits: VisitsForm
    sessions: SessionsForm
    clinic: ClinicForm
    fills: FillsForm
    diagnoses: DiagnosesForm
    scores: ScoresForm
    other_use: OtherUseForm
    sleep_use: SleepForm
    noise: Noise
    concepts: Concepts
    types: Concepts
    of_visits: Concepts
