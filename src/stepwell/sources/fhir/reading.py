"""One pass over the resources of a source: what every reader of a type of resource shares."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ...knowledge.forms import Knowledge
from .concepts import Concepts
from .rows import Rows
from .shapes import id_of, part

PANELS = {"44249-1": "44261-6"}
"""LOINC codes of a panel by which a publisher codes its total, and the total's own code."""

Reader = Callable[[dict, "Place", "Reading"], str | None]
"""Reads one resource into rows; returns why it says nothing, where it does not."""


@dataclass(frozen=True)
class Place:
    """A resource: its number, its address (`Condition/abc`), its id and where it stands."""

    seq: int
    record: str
    id: str
    where: str


class Reading:
    """The rows and concepts read so far, the items of instruments by LOINC code, and what was noted about single elements."""

    def __init__(self, rows: Rows, knowledge: Knowledge):
        self.rows, self.concepts, self.knowledge = rows, Concepts(knowledge), knowledge
        self.items: dict[str, tuple[str, str]] = {}
        self.panels = dict(PANELS)
        said = []
        for i in knowledge.all_instruments.values():
            for item in i.items:
                codes = [item.codes.get("loinc"), *(other.items.get(item.item) for other in i.also_coded)]
                for code in filter(None, codes):
                    self.items.setdefault(code, (i.id, item.item))
            for code in (*i.loinc[:1], *i.totals_in_loinc[len(i.loinc) :]):
                self.items.setdefault(code, (i.id, ""))
            self.panels |= {o.panel: o.total for o in i.also_coded if o.panel and o.total}
            said += [(i.id, i.answers_in_words.loinc)] if i.answers_in_words else []
            said += [(i.id, other.answers) for other in i.also_coded]
        self.answers = {code for _i, forms in said for code in forms.values()}
        self._points = {(i, code): str(points) for i, forms in said for points, code in forms.items()}
        self.questionnaires: dict[str, dict[str, str]] = {}
        self.responses: list[tuple] = []
        self.notes: dict[tuple[str, str, str], int] = {}

    def points(self, instrument: str | None, concept: int) -> str | None:
        """What LOINC's answer counts in an instrument; None where it is no answer of it."""
        return self._points.get((instrument or "", self.concepts.code(concept)))

    def note(self, table: str, what: str, effect: str) -> None:
        """Counts one more row of which this is said."""
        self.notes[table, what, effect] = self.notes.get((table, what, effect), 0) + 1


def person_of(resource: dict) -> str | None:
    """The id of the patient that a resource is about."""
    return id_of(part(resource, "subject") or part(resource, "patient") or part(resource, "beneficiary"))


def encounter_of(resource: dict) -> str | None:
    """The id of the encounter at which it was recorded."""
    return id_of(part(resource, "encounter") or part(resource, "context"))
