"""The answers of an intake as contents of lines. An answer that was not given, or was "I don't know", says nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import date

import stepwell

from .answering import WEEKS
from .drugs import UNIDENTIFIED
from .questionnaire import Answers, Page, Part, Questionnaire

Contents = Iterator[tuple[str, dict]]
_NO_NAME = "a medicine, name not known"


def contents_of(questionnaire: Questionnaire, answers: Answers, days: Mapping[tuple[str, int], date]) -> Contents:
    """The kind and the content of each line that the answers make. `days` has the day of each answer, by its key."""
    said: dict[tuple[str, int], dict[str, dict]] = defaultdict(dict)
    parts = {part.id: part for part in questionnaire.parts}
    for page in questionnaire.pages(answers):
        if page.key in answers:
            said[page.part.id, page.turn][page.question.id] = answers[page.key]
    for (name, turn), given in said.items():
        # A questionnaire that is filled in over several days is of the day of its last answer.
        day = max(days[f"{name}.{question}", turn] for question in given)
        yield from _of_part(parts[name], turn, given, day, questionnaire)


def _of_part(part: Part, turn: int, given: dict[str, dict], day: date, questionnaire: Questionnaire) -> Contents:
    if part.id == "consent":
        agreed = _value(given, "agreed")
        yield "consent", {"document": questionnaire.name, "agreed": agreed == "yes"}
    elif part.repeats == "drug":
        yield from _trial(given, day)
        yield from _gate(part, turn, given)
    elif part.repeats == "medicine":
        yield from _medicine(given, day)
        yield from _gate(part, turn, given)
    elif part.treatment:
        content = _plain(given, ("start", "stop", "n_sessions", "improvement"))
        yield "treatment", {"treatment": part.treatment, "had": _had(given), **content}
    elif part.condition:
        yield "condition", {"condition": part.condition, "had": _had(given), **_plain(given, ("day",))}
    elif part.instrument:
        yield from _score(part, given, day)
    elif part.id == "goals":
        yield from _goal(given)
    else:
        yield from _own(part, given, day)


def _value(given: dict[str, dict], name: str):
    answer = given.get(name)
    return None if answer is None or answer.get("unknown") else answer["value"]


def _plain(given: dict[str, dict], names: tuple[str, ...]) -> dict:
    """These answers as they are, and the names of those that were "I don't know"."""
    found = {name: _value(given, name) for name in names if _value(given, name) is not None}
    unknown = [name for name in names if given.get(name, {}).get("unknown")]
    return found | ({"unknown": unknown} if unknown else {})


def _had(given: dict[str, dict]) -> str:
    return _value(given, "had") or "don't know"


def _trial(given: dict[str, dict], day: date) -> Contents:
    if "drug" not in given:
        return
    drug = _value(given, "drug") or {"drug": _NO_NAME, "ingredient": UNIDENTIFIED}
    content = _plain(given, ("purpose", "start", "stop", "improvement", "improvement_pct", "stop_reasons"))
    if (dose := _value(given, "dose")) is not None:
        content["mg_per_day"] = dose
    if (length := _value(given, "length")) is not None:
        content["weeks"] = length["n"] * WEEKS[length["unit"]]
    if _value(given, "now") == "yes":
        content["taken_on"] = day.isoformat()
    if content.get("start") and content.get("stop") and content["stop"] < content["start"][: len(content["stop"])]:
        content["note"] = f"The patient says that it ended before it began: {content.pop('stop')}."
    yield "medication", drug | content


def _medicine(given: dict[str, dict], day: date) -> Contents:
    if "drug" in given:
        drug = _value(given, "drug") or {"drug": _NO_NAME, "ingredient": UNIDENTIFIED}
        yield "medicine", drug | {"taken_on": day.isoformat()}


def _gate(part: Part, turn: int, given: dict[str, dict]) -> Contents:
    """A medicine of which nobody can say whether there was one, where the first question of the part was answered so."""
    if turn == 0 and given.get("any", {}).get("unknown"):
        yield "medicine", {"drug": part.title, "had": "don't know"}


def _score(part: Part, given: dict[str, dict], day: date) -> Contents:
    items = {item: given[item] for item in part.items if item in given}
    if not items:
        return
    answers = {item: None if a.get("unknown") else float(a["value"]) for item, a in items.items()}
    content = {"instrument": part.instrument, "day": day.isoformat(), "items": answers}
    if len(items) == len(part.items):
        total = stepwell.score_items(part.instrument, [answers]).column("total").to_pylist()[0]
        content |= {} if total is None else {"total": total}
    if "safety" in given:
        words = {
            "yes": "yes, or not sure",
            "plan": "not today, but has thought about how",
            "no": "no",
            None: "prefers not to answer",
        }[_value(given, "safety")]
        content["note"] = f"May act on these thoughts today, says the patient: {words}."
    yield "score", content


def _own(part: Part, given: dict[str, dict], day: date) -> Contents:
    """The answers to the clinic's own questions, as records: what each is about, its ends, and which way is better."""
    rows = []
    for question in part.questions:
        if question.better and question.id in given:
            said, ends = _value(given, question.id), [float(choice) for choice in question.choices]
            row = {
                "answered_date": day.isoformat(),
                "instrument": None,
                "item": question.item,
                "better": question.better,
            }
            row |= {"value": None if said is None else float(said), "at_least": min(ends), "at_most": max(ends)}
            rows.append({"table": "answer", "row": row})
    if rows:
        told = [_value(given, q.id) for q in part.questions if q.kind == "text" and _value(given, q.id)]
        yield "score", {"day": day.isoformat(), "records": rows, **({"note": " ".join(told)} if told else {})}


def _goal(given: dict[str, dict]) -> Contents:
    content = {}
    if text := _value(given, "text"):
        content["text"] = text
    if _value(given, "enough_75") == "yes":
        content["enough_pct"] = 75.0
    if (enough := _value(given, "enough_pct")) is not None:
        content["enough_pct"] = enough
    if content:
        yield "goal", content


def summary(questionnaire: Questionnaire, answers: Answers) -> list[tuple[Part, list[Page]]]:
    """The parts with their answered pages, to be read before sending."""
    parts: dict[str, tuple[Part, list[Page]]] = {}
    for page in questionnaire.pages(answers):
        if page.key in answers:
            parts.setdefault(page.part.id, (page.part, []))[1].append(page)
    return list(parts.values())
