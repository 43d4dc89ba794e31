"""Observations and answered questionnaires as rows of `measurement`."""

from __future__ import annotations

import re

from .concepts import MEASUREMENT, SYSTEMS
from .reading import Place, Reading, person_of
from .shapes import ShapeError, day, part, parts, word, words_of

_NO_OBSERVATION = ("cancelled", "unknown", "registered")
_ORDINAL = ("ordinalValue", "itemWeight")
_LOINC = re.compile(r"(?:^|/)(\d{1,5}-\d)$")
_LOINC_SYSTEM = "http://loinc.org"


def read_observation(r: dict, at: Place, reading: Reading) -> str | None:
    """A measurement: its value, and those of its components."""
    if r.get("status") in _NO_OBSERVATION:
        return f"observations with the status {r['status']}"
    when = day(
        word(r, "effectiveDateTime"),
        word(part(r, "effectivePeriod"), "start"),
        word(r, "effectiveInstant"),
        word(r, "issued"),
    )
    components = [c for c in parts(r, "component") if part(c, "code")]
    has_value = any(name.startswith("value") for name in r)
    # A panel without a value of its own is named so that its members can be found: it was not given without an answer.
    if has_value or not (components or parts(r, "hasMember")):
        _add(reading, at, r, person_of(r), part(r, "code"), when, form=None)
    for component in components:
        _add(reading, at, component, person_of(r), part(component, "code"), when, form=None)
    return None


def _add(
    reading: Reading, at: Place, of: dict, person: str | None, code: dict, when: str | None, form: str | None
) -> None:
    number, concept, text = value_of(of, reading)
    codes = {c: None for coding in parts(code, "coding") if (c := _loinc(coding)) is not None}
    if number is not None or text is not None:
        codes = {reading.panels.get(c, c): None for c in codes}
        code = _with_total(code, reading.panels)
    instrument, item = next((reading.items[c] for c in codes if c in reading.items), (None, None))
    points = number if concept is None else reading.points(instrument, concept)
    for standard, source in reading.concepts.pairs(MEASUREMENT, code):
        reading.rows.add(
            "measurement",
            at.seq,
            person,
            standard,
            source,
            None if source is not None else words_of(code),
            when and when[:10],
            when,
            number,
            concept,
            text,
            instrument,
            item,
            points,
            form,
        )
        instrument, item = None, None  # further codes of the same row


def _loinc(coding: dict) -> str | None:
    return word(coding, "code") if SYSTEMS.get(word(coding, "system") or "") == "LOINC" else None


def _with_total(code: dict, totals: dict[str, str]) -> dict:
    """The code of a total in the place of its panel's."""
    panels = [c for c in parts(code, "coding") if _loinc(c) in totals]
    if not panels:
        return code
    return {"coding": [{"system": _LOINC_SYSTEM, "code": totals[word(panels[0], "code")]}]}


def value_of(of: dict, reading: Reading) -> tuple[str | None, int | None, str | None]:
    """The value of an observation, a component or an answer: a number, the concept of a coded answer, words."""
    quantity = part(of, "valueQuantity")
    if quantity:
        return None if word(quantity, "comparator") else word(quantity, "value"), None, None
    for name in ("valueInteger", "valueDecimal"):
        if name in of:
            return word(of, name), None, None
    if "valueString" in of:
        return None, None, word(of, "valueString")
    concept = part(of, "valueCodeableConcept")
    coding = part(of, "valueCoding")
    codings = parts(concept, "coding") if concept else [coding] if coding else []
    # What LOINC's own answers count is known; the points that a publisher writes beside them may be anything.
    known = [code for c in codings if (code := word(c, "code")) in reading.answers and _may_be_loinc(c)]
    if known:
        return None, reading.concepts.id(MEASUREMENT, "LOINC", known[0]), None
    weights = {_weight(c) for c in codings} - {None}
    if len(weights) == 1:
        return weights.pop(), None, None
    shown = words_of(concept) if concept else coding and word(coding, "display")
    return None, None, shown or None


def _may_be_loinc(coding: dict) -> bool:
    """Whether a coding may be one of LOINC's answers: publishers leave its system out."""
    return SYSTEMS.get(word(coding, "system") or _LOINC_SYSTEM) == "LOINC"


def _weight(coding: dict) -> str | None:
    """The points that an answer says it counts."""
    for extension in parts(coding, "extension"):
        if (word(extension, "url") or "").rpartition("/")[2] in _ORDINAL:
            return word(extension, "valueDecimal") or word(extension, "valueInteger")
    return None


def read_questionnaire(r: dict, at: Place, reading: Reading) -> None:
    """Which question stands under which link, by its LOINC code."""
    links: dict[str, str] = {}
    _collect_links(r, links)
    for name in (word(r, "url"), at.id):
        if name:
            reading.questionnaires[name] = links


def _collect_links(of: dict, links: dict[str, str]) -> None:
    for item in parts(of, "item"):
        code = next((c for coding in parts(item, "code") if (c := _loinc(coding))), None)
        if code and (link := word(item, "linkId")):
            links[link] = code
        _collect_links(item, links)


def read_response(r: dict, at: Place, reading: Reading) -> None:
    """An answered questionnaire: its rows are made at the end (`settle_responses`), when its questions are known."""
    for contained in parts(r, "contained"):
        if contained.get("resourceType") == "Questionnaire" and (id_ := word(contained, "id")):
            reading.questionnaires.setdefault(f"{at.record}#{id_}", {})
            _collect_links(contained, reading.questionnaires[f"{at.record}#{id_}"])
    answers: list[tuple[str, dict]] = []
    _collect_answers(r, answers)
    questionnaire = (word(r, "questionnaire") or "").split("|")[0]
    when = word(r, "authored")
    reading.responses.append((at, questionnaire, person_of(r), when, answers))


def _collect_answers(of: dict, answers: list) -> None:
    for item in parts(of, "item"):
        link, given = word(item, "linkId"), parts(item, "answer")
        for answer in given or [{}]:
            if link and (given or not parts(item, "item")):
                answers.append((link, answer))
            _collect_answers(answer, answers)
        _collect_answers(item, answers)


def settle_responses(reading: Reading) -> None:
    """The rows of every answer whose question is known: by the questionnaire's own codes, else by a LOINC code at the end of its
    link. An answer of another shape than R4 gives it is a question that was asked, and nobody knows how it was answered."""
    for at, questionnaire, person, when, answers in reading.responses:
        named = (f"{at.record}{questionnaire}", questionnaire, questionnaire.rpartition("/")[2])
        links = next((reading.questionnaires[n] for n in named if n in reading.questionnaires), {})
        n_unknown = 0
        for link, answer in answers:
            found = _LOINC.search(link)
            code = links.get(link) or (found[1] if found else None)
            if code is None:
                n_unknown += 1
                continue
            concept = {"coding": [{"system": _LOINC_SYSTEM, "code": code}]}
            try:
                _add(reading, at, answer, person, concept, when, form=at.record)
            except ShapeError:
                reading.note("answer", "answers of another shape than FHIR R4 gives them", "read as unknown")
                _add(reading, at, {}, person, concept, when, form=at.record)
        if n_unknown == len(answers):
            # Whether it asked about depression or suicide nobody can say: a row that nobody can identify.
            _add(reading, at, {}, person, {}, when, form=None)
            what = "answered questionnaires of which no question could be identified"
            reading.note("answer", what, "read as unknown")
