"""The definitions field by field, in few words, so that they can be read across. The full sentences are on the cards."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from stepwell.knowledge.definition import Branch, Definition
from stepwell.knowledge.forms import Knowledge
from stepwell.knowledge.sentences import SEEN, short_name

NOT_ASKED = "–"
_WAYS = "; or: "

_DISTINCT = {"ingredient": "drugs", "class": "classes", "course": "courses"}
_ROLES = {"antidepressant": "antidepressants", "antipsychotic": "antipsychotics", "augmentation": "augmentation agents"}
_BASIS = {"supply": "supply", "prescriptions": "first to last prescription", "eras": "OMOP eras"}


@dataclass(frozen=True)
class Published:
    """What the source itself reports, in words, and how that was seen."""

    said: str
    setting: str
    source: str
    seen: str
    is_recalled: bool


@dataclass(frozen=True)
class Aligned:
    """One definition as a row: what it asks, a cell a column (`ASKED`), and its published results."""

    definition: Definition
    cells: dict[str, str]
    published: tuple[Published, ...]

    @property
    def is_recalled(self) -> bool:
        """Whether anything that it decides by, or a published result of it, is only recalled."""
        return self.definition.rests_on_recall or any(p.is_recalled for p in self.published)


def align(definitions: Iterable[Definition], knowledge: Knowledge) -> tuple[Aligned, ...]:
    """A row per definition, in the order given."""
    return tuple(
        Aligned(d, {name: cell(d) for name, cell in ASKED.items()}, published(d, knowledge)) for d in definitions
    )


def side_by_side(definitions: Sequence[Definition], place: Callable[[Definition], float]) -> list[Definition]:
    """In order of place (the lowest first, ties by name); a form that follows a program stands under the definition that it
    is of."""
    own = {d.id for d in definitions}
    heads = [d for d in definitions if d.as_code is None or d.as_code.of not in own]
    ordered = []
    for head in sorted(heads, key=lambda d: (place(d), d.name)):
        ordered.append(head)
        ordered += sorted((d for d in definitions if d.as_code and d.as_code.of == head.id), key=lambda d: d.name)
    return ordered


def published(definition: Definition, knowledge: Knowledge) -> tuple[Published, ...]:
    """The published results of a definition; of a program's form, those of the definition it is of stand with that one."""
    rows = []
    for result in definition.published:
        share = f"{result.share:g} %" if result.share is not None else ""
        n = f"{result.n:,}" if result.n is not None else ""
        of = f" of {result.of:,}" if result.of is not None else ""
        counted = f"{n}{of}".strip()
        said = f"{share} ({counted})" if share and counted else share or counted
        if result.choice is not None:
            rows.append(Published(said, result.setting, f"choice: {result.choice}", "", is_recalled=False))
            continue
        names = " and ".join(short_name(key.strip(), knowledge.references) for key in result.source.split(";"))
        recalled = result.seen == "recalled"
        rows.append(Published(said, result.setting, f"{names}, {result.locator}", SEEN[result.seen], recalled))
    return tuple(rows)


def _by_branch(say: Callable[[Branch], str]) -> Callable[[Definition], str]:
    """A cell of what each way of meeting the definition says; what all ways say is said once."""
    return lambda d: _WAYS.join(dict.fromkeys(say(branch) for branch in d.branch))


def _number(branch: Branch) -> str:
    words = [f"{branch.count.at_least} {_one(_DISTINCT[branch.count.distinct], branch.count.at_least)}"]
    if branch.taken is not None:
        words.append(f"{branch.taken.at_least} {_one(_DISTINCT[branch.taken.distinct], branch.taken.at_least)} taken")
    return " and ".join(words)


def _one(plural: str, n: int) -> str:
    return plural if n != 1 else {"classes": "class"}.get(plural, plural.removesuffix("s"))


def _duration(branch: Branch) -> str:
    asked, supplies = branch.trial.min_duration, branch.trial.min_supplies
    words = [_time(asked.at_least)] if asked else []
    words += [f"{supplies.at_least} supplies"] if supplies else []
    return " and ".join(words) or NOT_ASKED


def _dose(definition: Definition) -> str:
    standard = definition.trials.dose_standard.is_
    return _by_branch(lambda b: f"{standard}, {_time(b.trial.min_dose.at_least)}" if b.trial.min_dose else NOT_ASKED)(
        definition
    )


def _failure(branch: Branch) -> str:
    failure, words = branch.failure, []
    if failure.improvement is not None:
        sign = "<" if failure.improvement.below is not None else "≤"
        words.append(f"{sign} {failure.improvement.limit:g} % better")
    if failure.not_remitted is not None:
        words.append("not in remission")
    if failure.intolerant is not None:
        words.append("intolerant")
    for asked, said in ((failure.switched, "switched"), (failure.added_to, "added to")):
        if asked is not None:
            within = f" ≤ {_time(asked.within)}" if said == "switched" else ""
            to = " to another class" if getattr(asked, "to", "") == "another class" else ""
            unscored = " if unscored" if asked.when == "unscored" else ""
            words.append(f"{said}{to}{within}{unscored}")
    if failure.taken is not None:
        words.append("taken is enough")
    return " or ".join(words)


def _window(branch: Branch) -> str:
    within = branch.within
    if within.is_ is not None:
        return {"episode": "one episode", "ever": "ever"}[within.is_]
    tied = f" from {within.after}" if within.after else f" up to {' or '.join(within.before)}" if within.before else ""
    return f"{_time(within.days)}{tied}"


def _add_ons(branch: Branch) -> str:
    others = [_ROLES[role] for role in branch.trial.role.roles if role != "antidepressant"]
    words = [f"{' and '.join(others)} count"] if others else []
    if branch.added is not None:
        words.append(f"{branch.added.at_least} added for {_time(branch.added.for_)}")
    if branch.failure.added_to is not None:
        words.append("an addition is a failure")
    return ", ".join(words) or "do not count"


def _also(branch: Branch) -> str:
    """What else is asked of a trial, for the few definitions that do."""
    trial = branch.trial
    words = []
    if trial.drug is not None:
        words.append("named drugs only")
    if trial.preceded_by is not None:
        within = trial.preceded_by.within
        words.append(f"beside an antidepressant{f' or ≤ {_time(within)} after one' if within else ''}")
    if trial.recent is not None:
        words.append(f"{trial.recent.at_least} drugs in {_time(trial.recent.within)}")
    if trial.diagnosed is not None:
        words.append(f"a diagnosis ≤ {_time(trial.diagnosed.within)} before")
    if trial.still_ill is not None:
        words.append("score still high at the end")
    if trial.use.is_ == "any":
        words.append("low doses count too")
    return ", ".join(words) or NOT_ASKED


def _diagnosis(definition: Definition) -> str:
    asked = definition.who.diagnosis
    if asked is None:
        return NOT_ASKED
    often = f" × {asked.at_least}" if asked.at_least > 1 else ""
    when = f", {_time(asked.within)} before" if asked.within else ", before" if asked.when == "before" else ""
    return f"{' or '.join(asked.any_of)}{often}{when}"


def _never(definition: Definition) -> str:
    asked = definition.who.never
    return NOT_ASKED if asked is None else f"{', '.join(asked.any_of)}{', before' * (asked.when == 'before')}"


def _age(definition: Definition) -> str:
    asked = definition.who.age
    if asked is None:
        return NOT_ASKED
    if asked.at_most is None:
        return f"{asked.at_least}+"
    return f"≤ {asked.at_most}" if asked.at_least is None else f"{asked.at_least} to {asked.at_most}"


def _time(days: int) -> str:
    """Weeks where that is a whole number of a few, else days."""
    weeks, rest = divmod(days, 7)
    return f"{weeks} wk" if weeks and not rest else f"{days} d"


ASKED: dict[str, Callable[[Definition], str]] = {
    "number": _by_branch(_number),
    "duration": _by_branch(_duration),
    "dose": _dose,
    "failure": _by_branch(_failure),
    "window": _by_branch(_window),
    "add-ons": _by_branch(_add_ons),
    "also": _by_branch(_also),
    "diagnosis": _diagnosis,
    "exclusions": _never,
    "age": _age,
    "new user": lambda d: _time(d.who.washout.at_least) if d.who.washout else NOT_ASKED,
    "course": lambda d: _BASIS[d.trials.basis.is_],
    "gap": lambda d: f"≤ {_time(d.trials.max_gap.at_most)}",
    "episode gap": lambda d: f"> {_time(d.trials.episode_gap.at_most)}",
}
"""The columns in which definitions are laid side by side, each with what a definition says in it."""
