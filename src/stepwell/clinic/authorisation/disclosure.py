"""What of a person's records may go to a payer.

Records of treatment for substance use need the patient's separate written consent (42 CFR Part 2), and psychotherapy notes a
separate authorisation. A packet is therefore composed from records without them. It says so wherever they would have been
the answer, whether or not there are any: a blank only where something is hidden would itself disclose it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from stepwell import Result
from stepwell.candidacy import Assessment, Found, Line

SUBSTANCE_USE = "substance-use"
"""The code set of alcohol and drug use disorders, and the name of the consent to disclose them."""

WITHHELD = (
    "Not stated here: records of substance use are disclosed only with the patient's separate written consent "
    "(42 CFR Part 2)"
)
_SETTLED = "The patient's separate written consent, or a statement of the prescriber"
_OPIOIDS = "cns-depressant"
"""The group that holds methadone and buprenorphine, which may be given for opioid use disorder."""


class Disclosed:
    """A result as far as it may be disclosed to a payer: without diagnoses of substance use, unless `consents` names them.

    It answers what a `Result` answers. Raises nothing of its own.
    """

    def __init__(self, result: Result, consents: Iterable[str] = (), knowledge=None):
        self._result = result
        self._is_whole = SUBSTANCE_USE in set(consents)
        self.knowledge = knowledge or result.knowledge

    def __getattr__(self, name: str):
        return getattr(self._result, name)

    def rows_of(self, name: str, person_id: int) -> list[dict]:
        """One person's rows of a table, without what may not be disclosed."""
        rows = self._result.rows_of(name, person_id)
        if self._is_whole or name not in ("condition", "code_gap"):
            return rows
        # A code may stand in two code sets: then it is a row of each.
        hidden = {_code(row) for row in rows if row["codeset"] == SUBSTANCE_USE}
        if name == "code_gap":
            return [row for row in rows if row["codeset"] != SUBSTANCE_USE]
        return [row for row in rows if _code(row) not in hidden]

    def incomplete_of(self, person_id: int) -> list[dict]:
        """Why the absence of a drug says nothing."""
        return self._result.incomplete_of(person_id)

    def withhold(self, assessment: Assessment) -> Assessment:
        """The assessment with every line withheld that asks about substance use."""
        if self._is_whole or not assessment.is_in_force:
            return assessment
        asked = dict(assessment.form.requirements())

        def line(one: Line) -> Line:
            requirement = asked[one.path]
            asks = [ask.asked for ask in (requirement.either or (requirement,))]
            if not any(self._is_about_substance_use(*ask) for ask in asks):
                return one
            return replace(one, found=Found(None, WITHHELD), settled_by=one.settled_by or _SETTLED)

        return replace(
            assessment,
            indications=tuple(replace(w, lines=tuple(map(line, w.lines))) for w in assessment.indications),
            contraindications=tuple(map(line, assessment.contraindications)),
            cautions=tuple(map(line, assessment.cautions)),
        )

    def _is_about_substance_use(self, name: str, ask) -> bool:
        if name in ("recorded", "free_of"):
            return SUBSTANCE_USE in ask.any_of
        if name == "not_taking":
            return _OPIOIDS in ask.interacting
        if name == "resistance":
            never = self.knowledge.definitions[ask.definition].who.never
            return never is not None and SUBSTANCE_USE in never.any_of
        return False


def _code(row: dict) -> tuple:
    return row.get("vocabulary"), row.get("code"), row["codeset"] if row.get("code") is None else None
