"""What a packet for a payer holds, as plain values: the same content gives the same PDF, byte for byte.

Every statement carries the addresses of the records that it rests on; `sources` says what stands at each, and whether the patient
reported it, it was imported, or a clinician confirmed it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Literal

from pydantic import BaseModel, ConfigDict

State = Literal["reported", "imported", "confirmed", "not known"]
"""Who stands behind a line: the patient, another system, a clinician of the clinic."""


_VOCABULARIES = {"ICD10CM": "ICD-10-CM", "ICD9CM": "ICD-9-CM", "ICD10": "ICD-10"}


class Part(BaseModel):
    """The common parent of all parts: nothing is changed in place, and an unknown field is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Patient(Part):
    """Who the packet is about, as the clinic's register has it."""

    name: str
    birth_date: date | None = None
    sex: str = ""
    record_number: str = ""
    height_cm: float | None = None
    weight_kg: float | None = None


class Coverage(Part):
    """By whom the patient is insured."""

    payer: str = ""
    member_id: str = ""


class Sender(Part):
    """The clinic, and who signs."""

    clinic: str
    address: str = ""
    phone: str = ""
    npi: str = ""
    prescriber: str = ""


class Request(Part):
    """What is asked of the payer; None where nobody has written it yet."""

    kind: Literal["first", "again"] = "first"
    """A first authorisation, or one that continues an earlier one."""
    benefit: Literal["medical", "pharmacy", ""] = ""
    code: str = ""
    units: int | None = None
    valid_from: date | None = None
    valid_to: date | None = None
    monitoring_programme_checked: date | None = None
    """When the state's prescription drug monitoring programme was checked."""


class Denial(Part):
    """The payer's refusal, in the payer's words."""

    day: date
    reason: str
    number: str = ""
    appeal_until: date | None = None


class Policy(Part):
    """The form whose criteria are laid beside the records."""

    name: str
    title: str
    payer: str | None
    treatment: str
    off_label: bool
    stands: str
    currency: str | None
    """Whether the copy can be offered as the policy of that day, in a sentence."""
    standing: str
    """How the copy was seen."""
    trials_by: str | None
    """The definition by which trials are counted, in a sentence."""


class Diagnosis(Part):
    """One code of a depressive disorder, with the first and the latest day on which it is recorded."""

    label: str
    vocabulary: str
    code: str
    first: date
    latest: date
    rests_on: tuple[str, ...]

    @property
    def written_code(self) -> str:
        """The code with its vocabulary, as a reader writes it: ICD-10-CM F33.1; where the history has no code, it says so."""
        if self.vocabulary == "stepwell":
            return "no code recorded"
        return f"{_VOCABULARIES.get(self.vocabulary, self.vocabulary)} {self.code}"


class Trial(Part):
    """One antidepressant or added drug: dose, time, what it did, why it was stopped, whether it counts."""

    drug: str
    drug_class: str
    role: str
    first: date
    last: date
    is_end_known: bool
    weeks: float
    dose: str
    outcome: str
    stopped: str
    counts: str
    """By the payer's definition: counts, does not count, unknown whether it counts; or before the present episode."""
    why: tuple[str, ...]
    rests_on: tuple[str, ...]
    state: State
    """The weakest of its lines: one that only the patient reported makes it reported."""


class Criterion(Part):
    """One thing that the payer, or the label, asks, and what the records say to it."""

    asked_by: Literal["payer", "label"]
    """The policy that the packet is for, or the label or practice laid beside it."""
    kind: Literal["indication", "contraindication", "caution"]
    part: str
    """What it belongs to, in words."""
    label: str
    stands: str
    """met, nearly met, not met, none recorded or unknown."""
    found: str
    asked: str
    source: str
    settled_by: str | None
    rests_on: tuple[str, ...]


class Score(Part):
    """One total on one day."""

    day: date
    total: str
    rests_on: tuple[str, ...]


class Scale(Part):
    """The baseline and the latest total of one scale. Both are the same where only one is recorded."""

    label: str
    baseline: Score
    latest: Score
    change: str
    """How the latest compares with the baseline, in words; empty where there is only one."""


class Statement(Part):
    """One sentence of the packet's body, with the records it rests on."""

    text: str
    rests_on: tuple[str, ...] = ()


class Sentence(Part):
    """One sentence of a letter: composed from evidence, or the clinician's own."""

    id: str
    composed: str
    """What stepwell composed; empty where a clinician added the sentence."""
    rests_on: tuple[str, ...] = ()
    own: str | None = None
    """What a clinician wrote in its place; an empty text leaves the sentence out."""

    @property
    def text(self) -> str:
        """The sentence as it is printed."""
        return self.composed if self.own is None else self.own

    @property
    def is_own(self) -> bool:
        """Whether the words are a clinician's."""
        return self.own is not None


class Letter(Part):
    """The paragraphs of one letter."""

    kind: Literal["necessity", "appeal"]
    subject: str
    paragraphs: tuple[tuple[Sentence, ...], ...]

    @property
    def sentences(self) -> tuple[Sentence, ...]:
        """All sentences in order."""
        return tuple(one for paragraph in self.paragraphs for one in paragraph)


class Source(Part):
    """What stands at one address."""

    address: str
    what: str
    state: State


class PacketContent(Part):
    """Everything that a packet prints, in its order."""

    day: date
    """The day as of which the records were read, and the date of the letter."""
    patient: Patient
    coverage: Coverage
    sender: Sender
    request: Request
    policy: Policy
    letter: Letter
    denial: Denial | None
    diagnoses: tuple[Diagnosis, ...]
    trials: tuple[Trial, ...]
    criteria: tuple[Criterion, ...]
    scales: tuple[Scale, ...]
    undated: tuple[Statement, ...]
    """Drugs of which nobody knows the days."""
    psychotherapy: tuple[Statement, ...]
    suicidality: tuple[Statement, ...]
    other_treatments: tuple[Statement, ...]
    missing: tuple[str, ...]
    documents: tuple[str, ...]
    sources: tuple[Source, ...]
    consents: tuple[str, ...]
    """What the patient agreed in writing to disclose beyond what a packet holds."""
    crisis: str
    knowledge: str
    """The digest of the knowledge files."""
    version: str
    """Of stepwell."""

    @property
    def digest(self) -> str:
        """The SHA-256 of the content."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()


def edit(content: PacketContent, texts: Mapping[str, str], added: Iterable[str] = ()) -> PacketContent:
    """The content with a clinician's words for some sentences, by the sentence's id; `added` are sentences put at the end of the
    letter. A text equal to the composed one gives the composed one back. Raises `KeyError` for an id that is not there."""
    known = {one.id for one in content.letter.sentences}
    unknown = sorted(set(texts) - known)
    if unknown:
        raise KeyError(f"no sentence {', '.join(unknown)}")
    paragraphs = tuple(tuple(_edited(one, texts) for one in p) for p in content.letter.paragraphs)
    new = [" ".join(text.split()) for text in added]
    taken = sum(1 for one in known if one.startswith("own-"))
    own = tuple(
        Sentence(id=f"own-{taken + n}", composed="", own=text) for n, text in enumerate((t for t in new if t), 1)
    )
    letter = content.letter.model_copy(update={"paragraphs": (*paragraphs, own) if own else paragraphs})
    return content.model_copy(update={"letter": letter})


def _edited(sentence: Sentence, texts: Mapping[str, str]) -> Sentence:
    if sentence.id not in texts:
        return sentence
    text = " ".join(texts[sentence.id].split())
    return sentence.model_copy(update={"own": None if text == sentence.composed else text})


def carry_over(old: PacketContent, new: PacketContent) -> PacketContent:
    """The new content with the clinician's words of the old one, where what was composed in their place is still the same, and
    with the sentences that they added."""
    composed = {one.id: one.composed for one in new.letter.sentences}
    own = [one for one in old.letter.sentences if one.own is not None]
    texts = {one.id: one.own for one in own if one.composed and composed.get(one.id) == one.composed}
    return edit(new, texts, [one.own for one in own if not one.composed])
