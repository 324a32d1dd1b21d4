"""Models that are not fitted in a resample could not have won: results are those of the full search, and progress is told."""

from __future__ import annotations

import numpy as np
import pytest

import fl_estimate as fl
from fl_estimate import capture_recapture as cr
from fl_estimate.estimators.capture_recapture import bootstrap
from fl_estimate.estimators.capture_recapture.batch import Fitter, lattice
from fl_estimate.estimators.capture_recapture.existence import full_counts
from fl_estimate.estimators.capture_recapture.model_space import best_of, rank_by_bic
from fl_estimate.estimators.capture_recapture.rivals import best_of_rivals, can_win


@pytest.mark.parametrize("fixed_n", [True, False])
@pytest.mark.parametrize(
    ("name", "order"), [("kosovo", 3), ("uk_2013_5", 2), ("netherlands_5", 2), ("australia", 3), ("artificial_3", 2)]
)
def test_the_best_of_those_that_can_win_is_the_best_of_all(name: str, order: int, fixed_n: bool) -> None:
    """For each number of models compared, with and without an estimate; to rounding."""
    lists = fl.datasets.load(name)
    space = lattice(len(lists.lists), order)
    fitter, counts = Fitter(lattice=space), full_counts(lists, space.members)
    ranked = rank_by_bic(fitter, counts)
    kept = ranked.models[:40]
    drawn = (
        bootstrap.resample(counts, 60, 1) if fixed_n else bootstrap.resample_all(counts, float(ranked.dark[0]), 60, 1)
    )
    tables = np.vstack([drawn, bootstrap.without_one(counts)])
    whole, found = best_of(Fitter(lattice=space), tables, kept), best_of_rivals(fitter, counts, tables, kept)
    np.testing.assert_array_equal(np.isnan(found), np.isnan(whole))
    np.testing.assert_allclose(found, whole, rtol=1e-9)


def test_bounds_hold_the_likelihood_and_few_models_are_fitted() -> None:
    lists = fl.datasets.load("uk_2013_5")
    space = lattice(5, 2)
    fitter, counts = Fitter(lattice=space), full_counts(lists, space.members)
    kept = rank_by_bic(fitter, counts).models[:100]
    fits = fitter.fit(np.broadcast_to(counts, (100, len(counts))), kept)
    tables = bootstrap.resample(counts, 50, 1)
    possible, starts = can_win(fitter, tables, kept, fits.parameters, fits.fitted)
    assert starts.shape == (50, 100, 16)
    # Measured: 2 to 3 in a hundred.
    assert possible.mean() < 0.1
    assert possible[:, 0].all()


def test_resamples_and_appraisals_say_how_far_they_are() -> None:
    said: list[str] = []
    lists = fl.datasets.load("kosovo")
    cr.select_bic(lists, replicates=250, seed=1, progress=said.append)
    assert said == ["200 of 250 resamples", "250 of 250 resamples"]
    said.clear()
    cr.select_stepwise(lists, replicates=50, seed=1, progress=said.append)
    assert said == ["50 of 50 resamples"]
    said.clear()
    cr.appraise(lists, replicates=20, draws=100, seed=1, progress=said.append)
    assert said[0] == "appraise: independence"
    assert "appraise: bic" in said
