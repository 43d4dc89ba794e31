"""How a definition does against the reviewers: from the key and the forms of a review to measures and agreement."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np

from stepwell.report.proportion import Proportion, Z, wilson

from .forms import ANSWERS, CANNOT_SAY, Form, form_files, read_forms, read_settled
from .key import read_key
from .measures import MEASURES, UNDECIDED, Cells, Estimate, estimate
from .sample import Sample


@dataclass(frozen=True)
class Agreement:
    """How far two reviewers agree on the charts that both read."""

    first: str
    second: str
    same: Proportion
    kappa: Proportion | None
    """Cohen's kappa over the three answers, with its interval. None where chance alone would make both agree on everybody; no
    interval where its asymptotic error is 0."""


@dataclass(frozen=True)
class Scored:
    """A review with its results. Nothing in it is withheld: `write_scored` does that."""

    sample: Sample
    forms: tuple[Form, ...]
    untouched: tuple[str, ...]
    """Forms that nobody has filled in."""
    references: dict[int, str]
    """What the reviewers say of each chart together: met, not met or undecided."""
    settled: dict[int, str]
    """What a further reviewer said of charts on which they disagree."""
    cells: Cells
    estimates: tuple[Estimate, ...]
    agreements: tuple[Agreement, ...]

    @property
    def disagreed(self) -> tuple[int, ...]:
        """The charts on which the reviewers do not say the same."""
        return _disagreed(self.forms)


def score_review(folder: str | Path, forms: Sequence[Path] = (), settled: Path | None = None) -> Scored:
    """Reads a review and its forms, by default those in its folder `reviewers`, and says how the definition does.

    What the reviewers say of a person together is what all of them say. Where they differ it is what the form `settled` says,
    and without it the person is undecided, as is one of whom they cannot say.

    Raises `QuestionError` with every problem of the key or of the forms.
    """
    folder = Path(folder)
    sample = read_key(folder)
    numbers = [chart.number for chart in sample.charts]
    read, untouched = read_forms([Path(f) for f in forms] or form_files(folder), sample.id, numbers)
    by_third = read_settled(Path(settled), sample.id, _disagreed(read)) if settled else {}
    references = {n: _reference(read, n, by_third) for n in numbers}
    cells = Counter((chart.stratum, references[chart.number]) for chart in sample.charts)
    estimates = tuple(estimate(measure, sample.strata, cells) for measure in MEASURES)
    agreements = tuple(agree(a, b) for a, b in combinations(read, 2))
    return Scored(sample, read, untouched, references, by_third, cells, estimates, agreements)


def _disagreed(forms: Sequence[Form]) -> tuple[int, ...]:
    return tuple(n for n in sorted(forms[0].verdicts) if len({form.verdicts[n] for form in forms}) > 1)


def _reference(forms: Sequence[Form], number: int, settled: dict[int, str]) -> str:
    said = {form.verdicts[number] for form in forms}
    verdict = said.pop() if len(said) == 1 else settled.get(number, CANNOT_SAY)
    return UNDECIDED if verdict == CANNOT_SAY else verdict


def agree(first: Form, second: Form) -> Agreement:
    """Agreement on all charts, in all three answers: `cannot say` is an answer. Kappa and its standard error by statsmodels."""
    place = {answer: i for i, answer in enumerate(ANSWERS)}
    counts = np.zeros((len(ANSWERS), len(ANSWERS)))
    for number, verdict in first.verdicts.items():
        counts[place[verdict], place[second.verdicts[number]]] += 1
    n, same = int(counts.sum()), int(np.trace(counts))
    return Agreement(first.name, second.name, wilson(same, n), _kappa(counts, n))


def _kappa(counts: np.ndarray, n: int) -> Proportion | None:
    if (
        counts.sum(axis=0) * counts.sum(axis=1)
    ).sum() == n * n:  # both say the same of everybody: chance explains all of it
        return None
    from statsmodels.stats.inter_rater import (
        cohens_kappa,  # here: it takes a second, and a review may have one reviewer
    )

    with np.errstate(invalid="ignore", divide="ignore"):  # its test of no agreement, where one reviewer never varies
        found = cohens_kappa(counts)
    half = Z * found.std_kappa
    if half == 0:  # complete agreement, or a reviewer who never varies: the asymptotic error is 0 and says nothing
        return Proportion(float(found.kappa), n)
    return Proportion(float(found.kappa), n, float(max(-1, found.kappa - half)), float(min(1, found.kappa + half)))
