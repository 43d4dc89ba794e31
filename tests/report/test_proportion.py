"""What is written out here, so that reports need not import statsmodels, gives statsmodels' numbers."""

from __future__ import annotations

import subprocess
import sys
from itertools import product
from math import log

import numpy as np
import pytest
from statsmodels.duration.survfunc import SurvfuncRight
from statsmodels.stats.inter_rater import cohens_kappa
from statsmodels.stats.proportion import proportion_confint

from stepwell.report.proportion import LEVEL, ProductLimit, Z, wilson
from stepwell.report.verdicts import cohen_kappa


def test_wilson_is_that_of_statsmodels():
    """0 of n and n of n among them, and parts of people, as a published percentage gives."""
    grid = [(n * of / 20, of) for of in (1, 2, 3, 7, 20, 137, 10_000, 3_000_000) for n in range(21)]
    for n, of in grid:
        found = wilson(n, of)
        assert (found.low, found.high) == pytest.approx(proportion_confint(n, of, 1 - LEVEL, "wilson"), abs=1e-12)
        assert 0 <= found.low <= found.value <= found.high <= 1
    assert wilson(0, 0) is None


def test_kappa_is_that_of_statsmodels():
    """But of nobody, for whom statsmodels stops."""
    assert cohen_kappa(0, 0, 0, 0) is None
    for both, first, second, neither in list(product(range(5), repeat=4))[1:]:
        found = cohen_kappa(both, first, second, neither)
        with np.errstate(invalid="ignore", divide="ignore"):
            theirs = cohens_kappa([[both, first], [second, neither]], return_results=False)
        assert found == pytest.approx(theirs) if found is not None else np.isnan(theirs)


@pytest.mark.parametrize("chance_of_event", [0.2, 0.6, 1.0])
def test_the_product_limit_is_that_of_statsmodels(chance_of_event):
    """Tied days among them, and a last day on which nobody is left."""
    rng = np.random.default_rng(5)
    day, is_event = rng.integers(0, 30, 60), rng.random(60) < chance_of_event
    theirs = SurvfuncRight(day, is_event.astype(int))
    ours = ProductLimit()
    for at, survivors, error in zip(theirs.surv_times, theirs.surv_prob, theirs.surv_prob_se, strict=True):
        at_risk = int((day >= at).sum())
        ours.go_on(is_event[day == at].sum() / at_risk, at_risk)
        found = ours.share(at_risk)
        assert found.value == pytest.approx(1 - survivors)
        if 0 < survivors < 1:
            assert ours.survivors * ours.greenwood_sum**0.5 == pytest.approx(error)
            half = Z * error / (survivors * abs(log(survivors)))
            assert (found.low, found.high) == pytest.approx(
                (1 - survivors ** np.exp(-half), 1 - survivors ** np.exp(half))
            )
        else:
            assert (found.low, found.high) == (None, None)


def test_neither_the_command_line_nor_a_run_nor_the_report_imports_what_it_does_not_use():
    """Importing statsmodels takes a second, filelock a part of one."""
    code = (
        "import sys, stepwell.cli, stepwell.runner, stepwell.report, stepwell.compare, stepwell.review\n"
        "slow = ('statsmodels', 'scipy.stats', 'scipy.optimize', 'filelock')\n"
        "print(*(name for name in slow if name in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "\n"
