"""What is in a source, and which questions it can and cannot answer."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from ..knowledge.definition import Branch, Definition, needs_score
from ..knowledge.forms import Knowledge
from ..knowledge.incomplete_words import say_source_incomplete, shares
from .doses import session_ingredients
from .found import CodesetFound, CodingFound, IngredientFound, InstrumentFound, TableFound
from .source import CodedRows, DrugRows, Loss, Source

_NOUNS = {
    "person": "people",
    "observation_period": "observation periods",
    "condition": "diagnoses of a code set",
    "medication": "prescriptions, fills and administrations of drugs looked for",
    "concomitant": "rows of drugs that interact with esketamine or ketamine",
    "measurement": "scores",
    "procedure": "procedures",
    "vital": "vital signs",
    "dose": "doses of drugs given in sessions",
    "declared_session": "sessions declared by the source, and sessions of what they were compared with",
    "monitoring": "readings around sessions",
    "answer": "answers to single items and totals of other scales",
    "incomplete_medication": "reasons why the absence of a drug says nothing",
}
_NO_SCORE = (
    "No usable score: improvement, response and remission stay unknown for every treatment. That a treatment failed can only "
    "be inferred, from a switch, an addition or a recorded reason for stopping."
)


@dataclass(frozen=True)
class Coverage:
    """What a source holds, counted. `n_with_birth` and `n_observed` are people."""

    tables: tuple[TableFound, ...]
    n_with_birth: int
    n_observed: int
    ingredients: tuple[IngredientFound, ...]
    instruments: tuple[InstrumentFound, ...]
    codesets: tuple[CodesetFound, ...]
    codings: tuple[CodingFound, ...] = ()
    drug_rows: DrugRows | None = None

    def missing_for(self, definition: Definition) -> list[str]:
        """Why this data cannot answer the definition, in plain words; empty when it can.

        A definition can be answered when the records could show that somebody meets it. That nobody does, because no
        antidepressant or no diagnosis occurs in tables that are there, is an answer.
        """
        missing = []
        if not self._has("medication"):
            missing.append("there are no drug records: nobody's treatment is known")
        n_supplied, _n_ordered, n_not_said = self._evidence()
        if definition.trials.medication_evidence.is_ == "supplied" and n_not_said and not n_supplied:
            missing.append(
                "no drug record says that the drug was supplied, and the definition reads only those that do"
            )
        who = definition.who
        if (who.diagnosis or who.never) and not self._has("condition"):
            asked = "asks for" if who.diagnosis else "excludes"
            missing.append(f"there are no diagnoses, and the definition {asked} some")
        if who.age and not self.n_with_birth:
            missing.append("nobody's year of birth is known, and the definition asks for an age")
        if self._has("medication"):
            of_branch = [self._missing_for_branch(b) for b in definition.branch]
            if all(of_branch):
                missing += dict.fromkeys(reason for reasons in of_branch for reason in reasons)
        return missing

    def unmet_because(self, definition: Definition) -> list[str]:
        """Why nobody here can be found to meet a definition that can be asked, in plain words; empty when somebody may."""
        found = {i.role for i in self.ingredients}
        roles = [branch.trial.role.roles for branch in definition.branch]
        reasons = []
        if found.isdisjoint(role for of_branch in roles for role in of_branch):
            wanted = " or ".join(dict.fromkeys(role for of_branch in roles for role in of_branch))
            reasons.append(f"no {wanted} was found")
        diagnosis = definition.who.diagnosis
        if diagnosis and {c.codeset for c in self.codesets}.isdisjoint(diagnosis.any_of):
            reasons.append("none of the diagnoses it asks for was found")
        return reasons

    def as_dict(self) -> dict:
        """The counts as plain values, for `run.json` and `--json`."""
        return asdict(self)

    def as_markdown(self, source: Source, knowledge: Knowledge) -> str:
        """What `stepwell check` prints."""
        return "\n".join(
            [
                f"# {source.label}",
                "",
                *self._incomplete_text(),
                *self._tables_text(),
                *self._drugs_text(knowledge),
                *self._scores_text(knowledge),
                *self._codes_text(),
                *self._questions_text(knowledge),
                *_losses_text(source.losses),
            ]
        )

    def _has(self, table: str) -> bool:
        return any(t.table == table and t.is_there for t in self.tables)

    def _evidence(self) -> tuple[int, int, int]:
        """How many rows say that the drug was supplied, are orders that were never dispensed, and say neither."""
        supplied, ordered = sum(i.n_supplied for i in self.ingredients), sum(i.n_ordered for i in self.ingredients)
        return supplied, ordered, sum(i.n_rows for i in self.ingredients) - supplied - ordered

    def _evidence_text(self, knowledge: Knowledge) -> list[str]:
        """What the rows say of whether the drug was supplied, and which definitions ask that."""
        n_supplied, n_ordered, n_not_said = self._evidence()
        names = [d.name for d in knowledge.definitions.values() if d.trials.medication_evidence.is_ == "supplied"]
        said = (
            f"{n_supplied:,} of these rows say that the drug was supplied; {n_ordered:,} are prescriptions that were never "
            f"dispensed; {n_not_said:,} do not say whether it was supplied. Definitions make trials of all of them, but for "
            f"those with `medication_evidence: supplied`, which read the {n_supplied:,} alone"
        )
        return [f"{said} ({', '.join(names) or 'here none'}).", ""]

    def _missing_for_branch(self, branch: Branch) -> list[str]:
        missing = []
        if needs_score(branch) and not any(i.n_usable for i in self.instruments):
            given = sum(i.n_rows for i in self.instruments)
            why = f"none of the {given} recorded scores has a usable value" if given else "no score is recorded"
            missing.append(f"{why}: whether a treatment failed cannot be judged by improvement")
        if branch.within.before and not self._has("procedure"):
            missing.append("there are no procedures, and the definition counts the treatments before one")
        of_role = [i for i in self.ingredients if i.role in branch.trial.role.roles]
        if branch.trial.min_dose and of_role and not any(i.n_with_dose for i in of_role):
            n = sum(i.n_rows for i in of_role)
            missing.append(
                f"the dose is unknown in all {n} drug records of that kind, and the definition asks for a minimum"
            )
        return missing

    def _incomplete_text(self) -> list[str]:
        said = say_source_incomplete(None if self.drug_rows is None else asdict(self.drug_rows))
        return [line for sentence in said for line in (f"**{sentence}**", "")]

    def _tables_text(self) -> list[str]:
        lines = ["## Records", "", "| | rows | people |", "|---|--:|--:|"]
        for t in self.tables:
            counts = f"{t.n_rows:,} | {t.n_people:,}" if t.is_there else "not in this source | "
            lines.append(f"| {_NOUNS[t.table]} | {counts} |")
        people = next(t.n_rows for t in self.tables if t.table == "person")
        whom = "1 person" if people == 1 else f"{people:,} people"
        known = f"{self.n_observed:,} of {whom}; year of birth known: {self.n_with_birth:,}"
        return [*lines, "", f"With an observation period: {known}.", ""]

    def _drugs_text(self, knowledge: Knowledge) -> list[str]:
        counted = [] if self.drug_rows is None else ["", shares(asdict(self.drug_rows))]
        if not self.ingredients:
            none = "No antidepressant and no other drug that is looked for."
            if self.drug_rows is not None and self.drug_rows.n_unidentified:
                none = (
                    "Among the drugs that could be identified: no antidepressant and no other drug that is looked for."
                )
            return ["## Drugs", "", none, *counted, ""]
        lines = [
            "## Drugs",
            "",
            "| drug | role | rows | people | dose known | end known |",
            "|---|---|--:|--:|--:|--:|",
        ]
        for i in self.ingredients:
            n_with_dose = i.n_with_dose if i.n_with_session_dose is None else i.n_with_session_dose
            dose, end = (f"{100 * n / i.n_rows:.0f} %" for n in (n_with_dose, i.n_with_end))
            dose += "" if i.n_with_session_dose is None else " (session)"
            lines.append(f"| {i.label} | {i.role} | {i.n_rows:,} | {i.n_people:,} | {dose} | {end} |")
        total = sum(i.n_rows for i in self.ingredients if i.role == "antidepressant")
        return [*lines, "", f"{total:,} antidepressant rows.", *counted, "", *self._evidence_text(knowledge)]

    def _scores_text(self, knowledge: Knowledge) -> list[str]:
        if not self.instruments:
            looked = ", ".join(i.label for i in knowledge.instruments.values())
            return ["## Scores", "", f"None. Looked for: {looked}.", "", _NO_SCORE, ""]
        lines = ["## Scores", "", "| instrument | rows | usable | people |", "|---|--:|--:|--:|"]
        lines += [f"| {i.label} | {i.n_rows:,} | {i.n_usable:,} | {i.n_people:,} |" for i in self.instruments]
        return [*lines, "", *([] if any(i.n_usable for i in self.instruments) else [_NO_SCORE, ""])]

    def _codes_text(self) -> list[str]:
        lines = ["## Diagnoses and procedures", ""]
        if self.codesets:
            lines += ["| code set | rows | people |", "|---|--:|--:|"]
            lines += [f"| {c.label} | {c.n_rows:,} | {c.n_people:,} |" for c in self.codesets]
        else:
            lines.append("None of the code sets occurs.")
        return [*lines, "", *self._codings_text()]

    def _codings_text(self) -> list[str]:
        """One line per record table: by which vocabulary and place its rows are coded, in per cent."""
        lines = []
        for table, noun in (("condition", "diagnosis rows"), ("procedure", "procedure rows")):
            found = [c for c in self.codings if c.table == table]
            total = sum(c.n_rows for c in found)
            if not total:
                continue
            shares = [f"{c.vocabulary} {_share(c.n_rows, total)} (by the {c.way})" for c in found if c.vocabulary]
            none = sum(c.n_rows for c in found if c.vocabulary is None)
            lines += [f"Of {total:,} {noun}: {', '.join([*shares, f'unidentified {_share(none, total)}'])}.", ""]
        return lines

    def _questions_text(self, knowledge: Knowledge) -> list[str]:
        """The definitions by what these records can say to them, and the treatments given in sessions."""
        answers: dict[str, list[str]] = {}
        for d in knowledge.definitions.values():
            if missing := self.missing_for(d):
                answer = f"**Cannot be answered**, because {'; '.join(missing)}"
            elif self.drug_rows is not None and self.drug_rows.is_incomplete_for_all:
                answer = self._open_answer(d)
            elif reasons := self.unmet_because(d):
                answer = f"**Can be asked, but nobody can be found to meet it**, because {'; '.join(reasons)}"
            else:
                answer = "**Can be answered**"
            answers.setdefault(answer, []).append(f"- **{d.name}** ({d.title})")
        lines = ["## What can be answered", ""]
        for answer, names in sorted(answers.items()):
            lines += [f"{answer}:", "", *names, ""]
        given = [i.label for i in self.ingredients if i.n_with_session_dose is not None]
        kinds = {name for t in knowledge.treatments.values() for name in t.procedures}
        given += [c.label for c in self.codesets if c.codeset in kinds]
        if given:
            lines += [f"Sessions, series and what followed them need no definition. Found: {', '.join(given)}.", ""]
        return lines

    def _open_answer(self, definition: Definition) -> str:
        """How far a definition can be answered where the absence of a drug says nothing for anybody."""
        why = "because too many drug rows are of drugs that nobody could identify"
        if self.drug_rows.not_fetched:
            why = "because the server did not give all records of drugs"
        if reasons := self.unmet_because(definition):
            return (
                f"**Cannot be answered, and nobody is “not met” for want of a drug**, {why}, and {'; '.join(reasons)}"
            )
        return f"**Is answered with “met” or “unknown”, never “not met” for want of a drug**, {why}"


def find_coverage(source: Source, knowledge: Knowledge) -> Coverage:
    """What the record tables of a source hold."""
    counts = source.counts
    tables = [TableFound(name, name in source.has, *n) for name, n in counts.tables.items() if name in _NOUNS]
    codes = []
    for found in (counts.condition, counts.procedure):
        for key, numbers in found.items():
            known = knowledge.codesets[key]
            codes.append(CodesetFound(key, known.label, known.kind, *numbers))
    of_sessions = session_ingredients(knowledge) if "dose" in source.has else []
    roles = {"antidepressant": 0}
    ingredients = [
        IngredientFound(
            key,
            knowledge.ingredients[key].label,
            knowledge.ingredients[key].role,
            *numbers,
            n_with_session_dose=counts.doses.get(key, (0,))[0] if key in of_sessions else None,
        )
        for key, numbers in counts.medication.items()
    ]
    instruments = [
        InstrumentFound(key, knowledge.instruments[key].label, n_rows, n_usable, n_people)
        for key, (n_rows, n_people, n_usable) in counts.measurement.items()
    ]
    return Coverage(
        tables=tuple(tables),
        n_with_birth=counts.birth[""][0],
        n_observed=next(f.n_people for f in tables if f.table == "observation_period"),
        ingredients=tuple(sorted(ingredients, key=lambda i: (roles.get(i.role, 1), i.role, -i.n_rows, i.ingredient))),
        instruments=tuple(sorted(instruments, key=lambda i: i.instrument)),
        codesets=tuple(sorted(codes, key=lambda c: (c.kind, c.codeset))),
        codings=tuple(
            CodingFound(c.table, c.vocabulary, c.way, c.n_rows) for c in source.losses if isinstance(c, CodedRows)
        ),
        drug_rows=source.drug_rows,
    )


def _losses_text(losses: tuple[Loss, ...]) -> list[str]:
    if not losses:
        return []
    lines = ["## What was left out, read as unknown or kept with a caution", ""]
    for loss in losses:
        people = f", {_counted(loss.n_people, 'person', 'people')}" if loss.n_people else ""
        count = f" ({_counted(loss.n_rows, 'row', 'rows')}{people})" if loss.n_rows else ""
        lines.append(f"- {loss.table}: {loss.what}: {loss.effect}{count}.")
    return [*lines, ""]


def _share(n: int, total: int) -> str:
    """Per cent with one decimal; what is not nothing is never shown as 0."""
    shown = f"{100 * n / total:.1f} %"
    return "less than 0.1 %" if n and shown == "0.0 %" else shown


def _counted(n: int, one: str, many: str) -> str:
    return f"{n:,} {one if n == 1 else many}"
