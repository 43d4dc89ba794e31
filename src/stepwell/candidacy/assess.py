"""Every form laid beside one person's records on one day. Nothing is concluded: a label says of each indication what is met, a
policy what of it the records can show, and both what is missing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from stepwell.errors import Problem, QuestionError
from stepwell.knowledge.candidacy import Candidacy, Document, Indication, Requirement, Saying
from stepwell.knowledge.candidacy_card import ask_rule
from stepwell.knowledge.definition import Definition
from stepwell.knowledge.fill import closest
from stepwell.knowledge.forms import Knowledge
from stepwell.knowledge.sentences import provenance
from stepwell.result import Result

from .answers import Known, applies_to
from .chart import Chart, read_chart
from .currency import Currency, currency_of
from .line import NEARLY, VERDICTS, Found, Line, all_of, any_of
from .treatments import JUDGES
from .trials import Judged, find_definition, judge, without_further_parts

_ORDER = {"label": 0, "practice": 1, "policy": 2}


@dataclass(frozen=True)
class Weighed:
    """One indication with its lines."""

    indication: Indication
    lines: tuple[Line, ...]

    @property
    def verdict(self) -> bool | None:
        """Whether everything that it asks is met."""
        return all_of(line.found.verdict for line in self.lines)

    @property
    def is_nearly(self) -> bool:
        """Whether all that is not met is nearly met."""
        return _is_nearly(self.lines)

    @property
    def stands(self) -> str:
        """The verdict in words."""
        return NEARLY if self.is_nearly else VERDICTS[self.verdict]


@dataclass(frozen=True)
class Assessment:
    """One form beside one person's records. Where the form does not hold on that day, it has no lines; nor has a copy of a
    policy that is not that day's, unless it was asked for by name."""

    form: Candidacy
    day: date
    is_in_force: bool
    currency: Currency
    indications: tuple[Weighed, ...] = ()
    contraindications: tuple[Line, ...] = ()
    cautions: tuple[Line, ...] = ()
    documents: tuple[Document, ...] = ()
    says: tuple[Saying, ...] = ()
    judged: tuple[Judged, ...] = ()
    """What the definitions say by which trials were judged for it."""

    @property
    def best(self) -> Weighed:
        """The indication that comes closest: met before unknown before nearly met before not met."""
        order = [VERDICTS[True], VERDICTS[None], NEARLY, VERDICTS[False]]
        return min(self.indications, key=lambda w: order.index(w.stands))

    @property
    def against(self) -> tuple[Line, ...]:
        """Contraindications that are recorded."""
        return tuple(line for line in self.contraindications if line.found.verdict is False)

    @property
    def verdict(self) -> bool | None:
        """What the records can show of it: met also where all that is unknown was looked for and not recorded."""
        lines = (*self.best.lines, *self.contraindications)
        return all_of(True if line.found.is_none_recorded else line.found.verdict for line in lines)

    @property
    def stands(self) -> str:
        """The same in words: of a policy for the whole, of a label or a practice for each indication. It is never a yes:
        documents and what nobody recorded are still open."""
        if not self.is_in_force:
            return "not in force on that day" if self.currency.is_current is not False else "not that day's policy"
        if self.form.kind != "policy":
            said = [f"{w.indication.label.lower()}: {w.stands}" for w in self.indications]
            said += ["a contraindication is recorded"] * bool(self.against)
            return "; ".join(said)
        said = {True: "met, as far as records show", False: "not met", None: "unknown"}[self.verdict]
        if self.verdict is False and _is_nearly((*self.best.lines, *self.contraindications)):
            said = NEARLY
        return f"{said}, by a copy that is not that day's policy" if self.currency.is_current is False else said

    @property
    def lines(self) -> Iterator[Line]:
        """All its lines, in the order of the form."""
        for weighed in self.indications:
            yield from weighed.lines
        yield from (*self.contraindications, *self.cautions)

    @property
    def open(self) -> tuple[Line, ...]:
        """The lines that are unknown, each of which something would settle."""
        return tuple(line for line in self.lines if line.found.verdict is None)

    def as_dict(self) -> dict:
        """The assessment as plain values."""
        return {
            "form": self.form.name,
            "title": self.form.title,
            "kind": self.form.kind,
            "payer": self.form.payer,
            "off_label": self.form.off_label,
            "day": self.day.isoformat(),
            "stands": self.stands,
            "is_current": self.currency.is_current,
            "currency": self.currency.words,
            "indications": [
                {
                    "id": w.indication.id,
                    "label": w.indication.label,
                    "stands": w.stands,
                    "lines": [x.as_row() for x in w.lines],
                }
                for w in self.indications
            ],
            "contraindications": [line.as_row() for line in self.contraindications],
            "cautions": [line.as_row() for line in self.cautions],
            "documents": [{"id": d.id, "label": d.label} for d in self.documents],
        }


def assess(
    result: Result, person: str, forms: Sequence[str] = (), *, definition: str | None = None, day: date | None = None
) -> tuple[Chart, tuple[Assessment, ...]]:
    """Lays forms beside a person's records on a day: labels and practices first, then policies.

    `forms` are ids; none means all in use, where a policy that is superseded or too old on that day is named and not laid
    beside the records. `definition` is asked for resistance in the place of the one that a label or a
    practice names. Without `day`, the last day that is observed or recorded. Raises `QuestionError` for a person, form or
    definition that is not there, and for a day before the first record.
    """
    chosen = find_forms(forms, result.knowledge)
    other = None if definition is None else find_definition(definition, result.knowledge)
    chart = read_chart(result, person, day)
    chosen = [_with_definition(form, other) for form in chosen]
    age = result.knowledge.policy_age
    current = {form.id: currency_of(form, chart.day, age) for form in chosen}
    laid = [form for form in chosen if _holds(form, chart.day) and (forms or current[form.id].is_current is not False)]
    judged = judge(chart, _definitions(laid, result.knowledge))
    return chart, tuple(_assess(form, chart, judged, current[form.id], form in laid) for form in chosen)


def find_forms(ids: Sequence[str], knowledge: Knowledge) -> list[Candidacy]:
    """The forms of those ids, once each; none means all in use. Raises `QuestionError` with what there is."""
    known = knowledge.candidacies
    problems = []
    for name in ids:
        if name not in known:
            meant = closest(name, known)
            remedy = f"did you mean `{meant}`?" if meant else "see `stepwell knowledge list`"
            problems.append(
                Problem(name, "no such label, practice or policy", f"one of {', '.join(sorted(known))}", remedy)
            )
    if problems:
        raise QuestionError("There is no such policy.", problems)
    chosen = [known[name] for name in dict.fromkeys(ids)] or [f for f in known.values() if f.status != "retired"]
    return sorted(chosen, key=lambda form: (_ORDER[form.kind], form.id))


def _with_definition(form: Candidacy, definition: Definition | None) -> Candidacy:
    """The form asking for resistance by that definition instead of its own."""
    if definition is None:
        return form

    def other(one: Requirement) -> Requirement:
        if one.resistance is None:
            return one
        return one.model_copy(update={"resistance": one.resistance.model_copy(update={"definition": definition.id})})

    indications = tuple(i.model_copy(update={"asks": tuple(other(one) for one in i.asks)}) for i in form.indications)
    return form.model_copy(update={"indications": indications})


def _definitions(forms: Iterable[Candidacy], knowledge: Knowledge) -> Iterator[Definition]:
    """The definitions by which trials have to be judged for these forms, and the house's own for the trials of the chart."""
    names = [name for form in forms for name in form.definitions]
    for name in names or [next(d.id for d in knowledge.definitions.values() if d.by_default)]:
        yield find_definition(name, knowledge)
    for form in forms:
        for _, requirement in form.requirements():
            asks = (requirement, *requirement.either)
            yield from (
                without_further_parts(knowledge.definitions[a.failed_trials.definition])
                for a in asks
                if a.failed_trials
            )


def _assess(form: Candidacy, chart: Chart, judged: dict[str, Judged], currency: Currency, is_laid: bool) -> Assessment:
    if not is_laid:
        return Assessment(form, chart.day, is_in_force=False, currency=currency)
    own = [judged[name] for name in form.definitions]
    known = Known(chart, judged, own[0] if own else next(iter(judged.values())))

    def lines(prefix: str, asks: Iterable[Requirement]) -> tuple[Line, ...]:
        held = (one for one in asks if one.holds_on(chart.day))
        return tuple(_line(form, f"{prefix}.{one.id}", one, known) for one in held if _applies(one, known))

    return Assessment(
        form=form,
        day=chart.day,
        is_in_force=True,
        currency=currency,
        indications=tuple(Weighed(i, lines(i.id, i.asks)) for i in form.indications if i.holds_on(chart.day)),
        contraindications=lines("contraindications", form.contraindications),
        cautions=lines("cautions", form.cautions),
        documents=tuple(d for d in form.documents if d.holds_on(chart.day)),
        says=tuple(s for s in form.says if s.holds_on(chart.day)),
        judged=tuple(own),
    )


def _holds(form: Candidacy, day: date) -> bool:
    return form.in_force.holds_on(day) and any(one.holds_on(day) for one in form.indications)


def _applies(one: Requirement, known: Known) -> bool:
    return bool(one.either) or applies_to(known, one.asked[1])


def _line(form: Candidacy, path: str, one: Requirement, known: Known) -> Line:
    answers = [(other.label, _answer(known, other)) for other in one.either]
    found = any_of(answers) if answers else _answer(known, one)
    asks = [other.asked[1] for other in one.either] if one.either else [one.asked[1]]
    return Line(
        form=form.name,
        path=path,
        label=one.label,
        asked=ask_rule(one),
        found=found,
        source=f"{one.source}, {one.locator}" if one.source else None,
        seen=one.seen,
        choice=one.choice,
        provenance=_from(one, known.knowledge),
        settled_by=one.settled_by,
        definition=next((a.definition for a in asks if hasattr(a, "definition")), None),
    )


def _from(one: Requirement, knowledge: Knowledge) -> str:
    said = provenance(one, knowledge).strip("[]")
    return f"stepwell's {said}" if one.choice else said


def _answer(known: Known, ask) -> Found:
    name, what = ask.asked
    return JUDGES[name](known, what)


def _is_nearly(lines: Iterable[Line]) -> bool:
    missed = [line for line in lines if line.found.verdict is False]
    return bool(missed) and all(line.found.is_nearly for line in missed)
