"""The concepts that exported episodes use: standard ones where their ids were seen, and custom ones above 2,000,000,000.

OMOP leaves the ids from 2,000,000,000 on to sites. A custom id is made of the concept's code, so that every export gives the
same concept the same id.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from stepwell.knowledge.forms import Knowledge
from stepwell.version import __version__

VOCABULARY = "stepwell"
FIRST_CUSTOM = 2_100_000_000
"""Custom ids begin here, above the ids that sites usually give."""

_N_CUSTOM = 1 << 24
_CODE_LENGTH = 50
_NAME_LENGTH = 255


@dataclass(frozen=True)
class Standard:
    """A concept of OMOP's own vocabulary."""

    concept_id: int
    name: str
    seen: str


TREATMENT_REGIMEN = Standard(
    32531, "treatment regimen", "OMOP CDM 5.4, field-level table, EPISODE.episode_object_concept_id"
)
_IN_CODE = "secondary: public programs that use this id for this column; not looked up in Athena"
FIELDS = {
    "drug_exposure": Standard(1147094, "drug_exposure.drug_exposure_id", _IN_CODE),
    "procedure_occurrence": Standard(1147082, "procedure_occurrence.procedure_occurrence_id", _IN_CODE),
    "observation": Standard(1147165, "observation.observation_id", _IN_CODE),
}
"""Which table the id of an event is of."""

STANDARD = (TREATMENT_REGIMEN, *FIELDS.values())

_KINDS = {
    "step": "Step of treatment of depression",
    "trial": "Treatment trial",
    "series": "Series of treatment sessions",
}
_TYPE = "derived"


class Concepts:
    """Custom concepts: of the kinds of episodes, and of each treatment that occurs."""

    def __init__(self, knowledge: Knowledge, treatments: Iterable[str]):
        self._rows = [
            ("vocabulary", "stepwell", "Metadata", "Vocabulary"),
            (_TYPE, "Derived by stepwell from other records", "Type Concept", "Type Concept"),
            *((kind, name, "Episode", "Treatment Episode") for kind, name in _KINDS.items()),
        ]
        for treatment in sorted(set(treatments)):
            code, name = f"regimen {treatment}", _label(knowledge, treatment)
            self._rows.append((_short(code, _CODE_LENGTH), _short(name, _NAME_LENGTH), "Regimen", "Regimen"))
        self._ids = _ids(code for code, *_ in self._rows)

    def kind(self, kind: str) -> int:
        """The concept of a kind of episode: `step`, `trial`, `series`."""
        return self._ids[kind]

    def regimen(self, treatment: str) -> int:
        """The concept of a treatment: an ingredient, several joined by ` + `, or a treatment given in sessions."""
        return self._ids[_short(f"regimen {treatment}", _CODE_LENGTH)]

    @property
    def derived(self) -> int:
        """The type concept: these rows were derived."""
        return self._ids[_TYPE]

    def concept_rows(self) -> list[dict]:
        """Rows of CONCEPT."""
        return [
            {
                "concept_id": self._ids[code],
                "concept_name": name,
                "domain_id": domain,
                "vocabulary_id": "Vocabulary" if concept_class == "Vocabulary" else VOCABULARY,
                "concept_class_id": concept_class,
                "standard_concept": None,
                "concept_code": code,
                "valid_start_date": "1970-01-01",
                "valid_end_date": "2099-12-31",
                "invalid_reason": None,
            }
            for code, name, domain, concept_class in self._rows
        ]

    def vocabulary_rows(self) -> list[dict]:
        """The row of VOCABULARY."""
        return [
            {
                "vocabulary_id": VOCABULARY,
                "vocabulary_name": "stepwell: steps, trials and series of treatment of depression",
                "vocabulary_reference": "stepwell export --as omop-episode",
                "vocabulary_version": __version__,
                "vocabulary_concept_id": self._ids["vocabulary"],
            }
        ]


def _label(knowledge: Knowledge, treatment: str) -> str:
    if treatment in knowledge.treatments:
        return knowledge.treatments[treatment].label
    known = knowledge.ingredients
    return " + ".join(known[part].label if part in known else part for part in treatment.split(" + "))


def _short(text: str, length: int) -> str:
    """The text; where it is too long for its column, its beginning and a hash of the whole."""
    digest = hashlib.sha256(text.encode()).hexdigest()[:12]
    return text if len(text) <= length else f"{text[: length - len(digest) - 1]}#{digest}"


def _ids(codes: Iterable[str]) -> dict[str, int]:
    """An id for each code, from its hash. Where two hashes are equal, the later code in the alphabet takes the next free id."""
    ids: dict[str, int] = {}
    taken: set[int] = set()
    for code in sorted(codes):
        offset = int(hashlib.sha256(code.encode()).hexdigest(), 16) % _N_CUSTOM
        while offset in taken:
            offset = (offset + 1) % _N_CUSTOM
        taken.add(offset)
        ids[code] = FIRST_CUSTOM + offset
    return ids
