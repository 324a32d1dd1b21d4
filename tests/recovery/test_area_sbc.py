"""Every area model is calibrated: truth drawn from it ranks evenly among its draws, and a model told half the errors is found out."""

from __future__ import annotations

import pytest
from studies.calibration import MODELS, calibration_ranks, rank_counts


@pytest.mark.slow
@pytest.mark.parametrize("model", MODELS)
def test_ranks_are_even(model: str) -> None:
    """120 truths, chi-square on ten bins; three quantities of each model at 1 in 10,000 each."""
    found = rank_counts(calibration_ranks(model, 120, seed=7))
    assert (found["p"] > 1e-4).all()


@pytest.mark.slow
@pytest.mark.parametrize("model", ["normal", "binomial", "rw1 counts", "panel normal"])
def test_a_wrong_model_is_found_out(model: str) -> None:
    """Otherwise the test above could not fail."""
    found = rank_counts(calibration_ranks(model, 120, seed=7, wrong=True)).set_index("quantity")["p"].to_dict()
    assert found["spread"] < 1e-4
