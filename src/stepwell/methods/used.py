"""What a run used of the knowledge files: code sets, drugs, doses, instruments, and the sources of all of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from stepwell.knowledge.check import parts, sources
from stepwell.knowledge.cited import Cited, Form
from stepwell.knowledge.definition import DEPRESSION, Definition, PublishedResult, fields
from stepwell.knowledge.forms import Codeset, DoseMinimum, Ingredient, RoleRule
from stepwell.knowledge.instrument import Instrument
from stepwell.result import Result


def used_codesets(result: Result, definitions: Sequence[Definition]) -> list[Codeset]:
    """The code sets that the definitions ask, and those whose diagnoses keep an episode going; in the order of their ids."""
    named = set(DEPRESSION)
    for definition in definitions:
        for asked in (definition.who.diagnosis, definition.who.never):
            named |= set(asked.any_of) if asked else set()
        for branch in definition.branch:
            named |= set(branch.trial.diagnosed.any_of) if branch.trial.diagnosed else set()
            named |= set(branch.within.before)
    return [result.knowledge.codesets[name] for name in sorted(named)]


def found_drugs(result: Result) -> list[Ingredient]:
    """The drugs that stepwell looks for and that these records hold."""
    found = {name for table in ("exposure", "dose") for name in _distinct(result, table, "ingredient")}
    return [drug for name, drug in result.knowledge.ingredients.items() if name in found]


def used_minima(result: Result, definition: Definition) -> list[DoseMinimum]:
    """The minimum doses by which trials of the drugs found are judged; none where the definition asks for no dose."""
    if not any(branch.trial.min_dose for branch in definition.branch):
        return []
    found = {drug.ingredient for drug in found_drugs(result)}
    standard = definition.trials.dose_standard.is_
    return [m for m in result.knowledge.dose_minima if m.standard == standard and m.ingredient in found]


def used_low_doses(result: Result, definition: Definition) -> list[RoleRule]:
    """The doses up to which a drug found is not taken as an antidepressant; none where the definition takes any dose."""
    if all(branch.trial.use.is_ == "any" for branch in definition.branch):
        return []
    found = {drug.ingredient for drug in found_drugs(result)}
    return [rule for rule in result.knowledge.role_rules if rule.ingredient in found]


def asks_scores(definition: Definition) -> bool:
    """Whether a score can make or unmake a trial's failure."""
    for branch in definition.branch:
        failure = branch.failure
        if branch.trial.still_ill or failure.improvement or failure.not_remitted:
            return True
        if any(form and form.when == "unscored" for form in (failure.switched, failure.added_to)):
            return True
    return False


def used_building(definition: Definition) -> Iterator[tuple[str, Cited]]:
    """How trials are built, field by field, without what decides nothing: doses or scores that are not asked."""
    idle = set() if asks_scores(definition) else {"baseline", "endpoint"}
    if not any(branch.trial.min_dose for branch in definition.branch):
        idle.add("dose_standard")
    for name, form in fields(definition.trials):
        if name not in idle:
            yield name, form


def used_instruments(result: Result, definitions: Sequence[Definition]) -> list[Instrument]:
    """The instruments with totals in these records; none where no definition and no staging model asks for a score."""
    asks = bool(result.stagings) or any(asks_scores(definition) for definition in definitions)
    measured = result.table("measurement")
    found = set(measured.filter(measured.total.notnull()).instrument.to_pyarrow().unique().to_pylist())
    return [form for name, form in result.knowledge.instruments.items() if asks and name in found]


def deciding(definition: Definition) -> Iterator[Cited]:
    """Every statement of a definition that its verdicts rest on; not the results that were published with it."""
    idle = {id(form) for _, form in fields(definition.trials)} - {id(form) for _, form in used_building(definition)}
    for _, form in parts(definition):
        if isinstance(form, Cited) and not isinstance(form, PublishedResult) and id(form) not in idle:
            yield form


def used_sources(result: Result, definitions: Sequence[Definition]) -> list[str]:
    """The keys of the sources of everything that the run used, in the order of the bibliography's keys."""
    known = result.knowledge
    forms: list[Form] = [form for definition in definitions for form in deciding(definition)]
    for codeset in used_codesets(result, definitions):
        forms += [codeset, *codeset.codes, *codeset.excluded]
    forms += found_drugs(result)
    for definition in definitions:
        forms += [*used_minima(result, definition), *used_low_doses(result, definition)]
    for instrument in used_instruments(result, definitions):
        forms += _inside(instrument.judging())
    forms += _inside(result.stagings)
    if known.drug_records is not None:
        forms += _inside([known.drug_records])
    for name, kind, table in (
        ("treatment", known.treatments, "session"),
        ("regimen", {form.name: form for form in known.regimens.values()}, "judged_series"),
    ):
        forms += _inside(kind[word] for word in _distinct(result, table, name) if word in kind)
    return sorted({source for form in forms for source in sources(form)})


def _distinct(result: Result, table: str, column: str) -> list[str]:
    """The values of a column; none where the result has no such table."""
    if table not in result.tables:
        return []
    return result.table(table).select(column).distinct().to_pyarrow()[column].to_pylist()


def _inside(forms: Iterable[Form]) -> list[Form]:
    return [part for form in forms for _, part in parts(form)]
