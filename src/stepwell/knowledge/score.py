"""The scores of questionnaires and rating scales from their items: totals, bands, findings, and what cannot be known.

    scored = score_items("phq-9", "items.csv", unanswered=("7", "9"))

One row of the result is one administration. Nothing here guesses: an item that is not answered leaves a total prorated or
unknown by the instrument's own rule, and every verdict is one of met, not met and unknown.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pyarrow as pa

from ..errors import Problem, QuestionError
from .answers import read_answers
from .fill import closest
from .instrument import Finding, Instrument, Scoring, Sign
from .loader import load

Answers = Mapping[str, np.ndarray]
"""The answers by item, NaN where there is none."""

_VERDICTS = np.array(["not met", "unknown", "met"], dtype=object)


def score_items(
    instrument: str | Instrument,
    items: object,
    *,
    unanswered: Iterable[str | float] = (),
    layout: str | None = None,
    columns: Sequence[str] | Mapping[str, str] | None = None,
    zero_below: float | None = None,
) -> pa.Table:
    """One row is one administration: the columns that are no items as they came, then `instrument`, `total` (points),
    `is_prorated`, `band`, `n_answered`, `n_items`, `unknown_because`, one column for each further score, finding and profile,
    `safety`, and `recalled`.

    Needs: `items`, the answers with a column for each item: a CSV or Parquet file, an Arrow table (or anything that turns into
    one), or a list of rows. A column is an item's when it is called by the item's number (`3`, `q3`, `item 3`, `phq-9 3`) or
    its LOINC code; else say which is which with `columns` (names in the order of the items, or item: name). An empty cell is
    an unanswered item; `unanswered` names what else means that, `layout` takes all of this from a data set the knowledge
    files describe, and `zero_below` reads tiny numbers that a SAS reader made of zeros as 0.
    `safety` is met when an item about death or self-harm has an answer from the instrument's limit on, unknown when none
    has and one is unanswered. `recalled` names the columns that rest on values nobody has verified.
    Unknown when: too many items are unanswered; `unknown_because` says how many, and how many may be.
    Raises SourceError with every problem of the answers, QuestionError where the question itself is wrong.
    """
    form = instrument if isinstance(instrument, Instrument) else find_instrument(instrument)
    carried, answers = read_answers(
        form, items, unanswered=unanswered, layout=layout, columns=columns, zero_below=zero_below
    )
    scored = score_answers(form, answers)
    return pa.table({**carried, **scored})


def find_instrument(name: str) -> Instrument:
    """The packaged instrument of that id. Raises QuestionError where there is none."""
    known = load().all_instruments
    if name not in known:
        meant = closest(name, known)
        remedy = f"did you mean `{meant}`?" if meant else "see `stepwell knowledge list`"
        problem = Problem("instrument", f"no instrument {name!r}", f"one of {', '.join(sorted(known))}", remedy)
        raise QuestionError(f"there is no instrument {name!r}", [problem])
    return known[name]


def score(instrument: str | Instrument, items: Mapping[str, int | None]) -> float | None:
    """The total of one administration in points, or None where too many items are unanswered to know it.

        stepwell.score("phq-2", {"1": 2, "2": 3})  # 5.0

    `instrument` is an id or a form. `score_items` scores many, with bands and findings.

    Rule: the greatest answer of each group of items, summed over the groups; a plain sum has one item a group. A group is
    answered when any of its items is. Up to `missing_at_most` unanswered groups are prorated: the mean of the answered ones
    times the number of groups. `items` are the answers by item; an item left out, or None, is unanswered.
    Raises QuestionError for an instrument that is not known, an item the instrument does not have or an answer outside its range.
    """
    instrument = instrument if isinstance(instrument, Instrument) else find_instrument(instrument)
    known = {item.item: item for item in instrument.items}
    problems = []
    for name, answer in items.items():
        if name not in known:
            problems.append(Problem(instrument.id, f"has no item {name!r}", f"one of {', '.join(known)}"))
        elif answer is not None and not known[name].at_least <= answer <= known[name].at_most:
            expected = f"{known[name].at_least} to {known[name].at_most}, or nothing where it was not answered"
            problems.append(Problem(instrument.id, f"item {name!r} has an answer outside its range", expected))
    if problems:
        raise QuestionError(f"these are no answers to the {instrument.label}", problems)
    answers = {name: np.array([np.nan if items.get(name) is None else items[name]], dtype=float) for name in known}
    return score_answers(instrument, answers)["total"][0].as_py()


def score_answers(instrument: Instrument, answers: Answers) -> dict[str, pa.Array]:
    """The columns of the scored rows, by name, from checked answers of equal length."""
    asked = [item.item for item in instrument.items if not item.apart]
    given = np.sum([~np.isnan(answers[name]) for name in asked], axis=0)
    answers = _with_skipped(instrument, answers)
    n = len(given)
    total, missing = (
        _total(instrument, instrument.scoring, answers) if instrument.scoring else (np.full(n, np.nan), None)
    )
    band, reasons = _band(instrument, answers, total), _reasons(instrument, total, missing, given)
    profile = _profile(instrument, answers)
    if instrument.scoring is None:
        reasons = _undecided(instrument, band, profile, given, len(asked))
    further = {
        s.id: pa.array(_total(instrument, s.scoring, answers)[0], from_pandas=True) for s in instrument.subscales
    }
    further |= {f.id: pa.array(_VERDICTS[_judge(f, instrument, answers, total)]) for f in instrument.findings}
    prorated = np.full(n, False) if missing is None else missing > 0
    return {
        "instrument": pa.array([instrument.id] * n, "string"),
        "total": pa.array(total, "float64", from_pandas=True),
        "is_prorated": pa.array(prorated, "bool", mask=np.isnan(total)),
        "band": pa.array(band, "string"),
        "n_answered": pa.array(given, "int32"),
        "n_items": pa.array(np.full(n, len(asked)), "int32"),
        "unknown_because": pa.array(reasons, "string"),
        **{name.replace("-", "_"): column for name, column in further.items()},
        **({"profile": pa.array(profile, "string")} if instrument.profile else {}),
        "safety": _safety(instrument, answers, n),
        "recalled": pa.array([_recalled(instrument)] * n, "string"),
    }


def _with_skipped(instrument: Instrument, answers: Answers) -> Answers:
    """An item asked only after another counts as its least answer where that other one was answered with its least."""
    least = {item.item: item.at_least for item in instrument.items}
    filled = dict(answers)
    for item in instrument.items:
        if item.only_after is not None:
            skipped = np.isnan(filled[item.item]) & (filled[item.only_after] == least[item.only_after])
            filled[item.item] = np.where(skipped, item.at_least, filled[item.item])
    return filled


def _total(instrument: Instrument, scoring: Scoring, answers: Answers) -> tuple[np.ndarray, np.ndarray]:
    """The total of every row, NaN where it cannot be known, and how many groups are unanswered."""
    groups = [np.fmax.reduce([answers[name] for name in group]) for group in scoring.groups]
    if scoring.counts_from is not None:
        groups = [np.where(np.isnan(g), np.nan, g >= scoring.counts_from) for g in groups]
    values = np.array(groups)
    missing = np.isnan(values).sum(axis=0)
    answered = len(groups) - missing
    known = (answered > 0) & (missing <= scoring.missing_at_most)
    total = np.nansum(values, axis=0) * len(groups) / np.where(answered > 0, answered, 1)
    if scoring.as_percent:
        least, greatest = scoring.ends(instrument.items)
        total = 100 * (total - least) / (greatest - least)
    return np.where(known, total, np.nan), missing


def _band(instrument: Instrument, answers: Answers, total: np.ndarray) -> np.ndarray:
    """The label of the band or level; None where it is unknown. A prorated total between two bands is in the lower one."""
    label = np.full(len(total), None, dtype=object)
    for band in sorted(instrument.bands, key=lambda b: b.at_least):
        label[total >= band.at_least] = band.label
    is_open = np.full(len(total), bool(instrument.levels))
    for level in instrument.levels:
        verdict = _judge(level, instrument, answers, total)
        label[is_open & (verdict == 2)] = level.label
        is_open &= verdict == 0
    return label


def _judge(finding: Finding, instrument: Instrument, answers: Answers, total: np.ndarray) -> np.ndarray:
    """0 not met, 1 unknown, 2 met, for every row: any of the signs, or all of them."""
    signs = [_sign(sign, instrument, answers, total) for sign in finding.any_of or finding.all_of]
    return np.max(signs, axis=0) if finding.any_of else np.min(signs, axis=0)


def _sign(sign: Sign, instrument: Instrument, answers: Answers, total: np.ndarray) -> np.ndarray:
    of_total = sign.total_at_least is not None or sign.total_at_most is not None
    least = sign.total_at_least if of_total else sign.answer_at_least
    most = sign.total_at_most if of_total else sign.answer_at_most
    names = sign.items or [item.item for item in instrument.items if not item.apart]
    values = total[None, :] if of_total else np.array([answers[name] for name in names])
    shown = (values >= least if least is not None else values <= most).sum(axis=0)
    open_ = np.isnan(values).sum(axis=0)
    return np.select([shown >= sign.n_items, shown + open_ >= sign.n_items], [2, 1], 0)


def _profile(instrument: Instrument, answers: Answers) -> np.ndarray | None:
    if not instrument.profile:
        return None
    values = np.array([answers[name] for name in instrument.profile])
    whole = ~np.isnan(values).any(axis=0)
    written = ["".join(f"{answer:.0f}" for answer in row) for row in values.T]
    return np.where(whole, np.array(written, dtype=object), None)


def _reasons(
    instrument: Instrument, total: np.ndarray, missing: np.ndarray | None, given: np.ndarray
) -> np.ndarray | None:
    if missing is None:
        return None
    n, allowed = len(instrument.scoring.groups), instrument.scoring.missing_at_most
    plain = all(len(group) == 1 for group in instrument.scoring.groups)
    unit = "items" if plain else "groups of items"
    words = [f"{k} of {n} {unit} unanswered; at most {allowed} may be" for k in range(n + 1)]
    reasons = np.where(given == 0, "nothing answered", np.array(words, dtype=object)[missing])
    return np.where(np.isnan(total), reasons, None)


def _undecided(
    instrument: Instrument, band: np.ndarray, profile: np.ndarray | None, given: np.ndarray, n: int
) -> np.ndarray:
    """Why an instrument without a total says nothing on a row."""
    unknown = given < n
    if instrument.levels:
        unknown = np.equal(band, None)
    elif profile is not None:
        unknown = np.equal(profile, None)
    words = np.array(
        [f"{n - k} of {n} items unanswered" if k else "nothing answered" for k in range(n + 1)], dtype=object
    )
    return np.where(unknown, words[given], None)


def _safety(instrument: Instrument, answers: Answers, n: int) -> pa.Array:
    if instrument.safety is None:
        return pa.nulls(n, "string")
    sign = Sign(items=instrument.safety.items, answer_at_least=instrument.safety.at_least)
    return pa.array(_VERDICTS[_sign(sign, instrument, answers, np.full(n, np.nan))], "string")


def _recalled(instrument: Instrument) -> str | None:
    """The columns that rest on a value that is only recalled, for everybody to see."""
    cited = [("total", instrument.scoring), ("band", instrument.bands_from), ("safety", instrument.safety)]
    cited += [("band", level) for level in instrument.levels]
    cited += [(s.id.replace("-", "_"), s.scoring) for s in instrument.subscales]
    cited += [(f.id.replace("-", "_"), f) for f in instrument.findings]
    names = [name for name, form in cited if form is not None and form.seen == "recalled"]
    return ", ".join(dict.fromkeys(names)) or None
