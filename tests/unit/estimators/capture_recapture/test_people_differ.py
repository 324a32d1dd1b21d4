"""All pairs of lists fit what people who differ leave in them: the row says so, and sound lists are left alone."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import fl_estimate as fl
from fl_estimate import capture_recapture as cr
from fl_estimate.errors import EstimateFault
from fl_estimate.estimators.capture_recapture.goodness import people_differ_p

CHANCES = {"A": 0.3, "B": 0.35, "C": 0.4, "D": 0.3}


def differing(odds: float, size: int) -> cr.ListModel:
    """Three in ten have six times the odds of the others on each of four lists."""
    easy, hard = (dict.fromkeys("ABCD", times * odds / (1 + times * odds)) for times in (6.0, 1.0))
    return cr.mixed_model([cr.stated_model(3 * size // 10, easy), cr.stated_model(7 * size // 10, hard)])


def marked(model: cr.ListModel, samples: int, seed: int) -> float:
    """Share of samples of which all pairs say that people who differ fit too."""
    made = [cr.loglinear(h, "two-way") for h in cr.draw_lists(model, samples, seed=seed)]
    return float(np.mean(["people_differ_fits_too" in {reason.code for reason in one.reasons} for one in made]))


@pytest.mark.parametrize(("odds", "size"), [(0.12, 2000), (0.55, 1100)])
def test_all_pairs_say_that_people_who_differ_fit_too(odds: float, size: int) -> None:
    """Four lists that see half and nine in ten; 20 samples (93 and 98 of 100 in the grid's): 3 standard errors are 17 points."""
    assert marked(differing(odds, size), 20, 5) >= 0.76


@pytest.mark.parametrize("pairs", [{}, {("A", "B"): 4.0}, {("A", "B"): 4.0, ("C", "D"): 3.0}])
def test_all_pairs_that_are_right_are_seldom_marked(pairs: dict[tuple[str, str], float]) -> None:
    """Independent lists, one pair, two: at most one sample in twenty, and 3 standard errors of 40."""
    assert marked(cr.stated_model(2000, CHANCES, pairs), 40, 6) <= 0.05 + 3 * 0.0345


def test_other_models_are_not_asked() -> None:
    """A score of pairs looks for people who differ there; only all pairs hide them from it."""
    h = next(iter(cr.draw_lists(differing(0.12, 2000), 1, seed=5)))
    for terms in ("main", [("A", "B")]):
        assert "people_differ_fits_too" not in {reason.code for reason in cr.loglinear(h, terms).reasons}


def test_lists_with_nobody_in_common_are_not_asked() -> None:
    """Where main effects have no estimate there is nothing to compare, and all pairs are refused."""
    members = np.eye(3, dtype=int)
    frame = pd.DataFrame(members, columns=list("ABC")).assign(count=[40, 50, 60])
    with pytest.raises(EstimateFault, match="FL-EST-35"):
        cr.loglinear(fl.CaptureHistories.from_counts(frame, lists=list("ABC")), "two-way")


def test_a_model_that_leaves_nothing_of_pairs_has_no_score() -> None:
    """Three lists and all pairs: as many parameters as cells."""
    times = np.array([1.0, 1, 1, 2, 2, 2, 3])
    counts = np.array([50.0, 60, 70, 20, 25, 30, 10])
    assert people_differ_p(np.eye(7), counts, counts, times) == 1.0


def test_too_few_in_pairs_do_not_speak_for_people_who_differ() -> None:
    """Lists that avoid each other: the score is far below 0, and one-sided p near 1."""
    pairs = {("A", "B"): 0.3, ("A", "C"): 0.3, ("B", "C"): 0.3}
    model = cr.stated_model(4000, {"A": 0.3, "B": 0.35, "C": 0.4}, pairs)
    told = cr.loglinear(next(iter(cr.draw_lists(model, 1, seed=7)))).diagnostics
    assert told["heterogeneity_p"] > 0.95
    assert told["deviance_p"] < 0.001
