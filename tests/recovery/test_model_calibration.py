"""Poststratified models, misclassification, pooled lists and sources: ranks of the truth are even, and a wrong model's are not."""

from __future__ import annotations

import pytest
from studies.calibration import rank_counts
from studies.calibration_models import MODELS, model_ranks


@pytest.mark.slow
def test_sources_are_calibrated_and_a_wrong_model_is_not() -> None:
    """40 truths: chi-square of ten bins at 1 in 1,000 for the right model; told of nine times the data, far beyond it."""
    right = rank_counts(model_ranks("sources", 40, seed=3))
    wrong = rank_counts(model_ranks("sources", 40, seed=3, wrong=True))
    assert (right["p"] > 0.001).all()
    assert (wrong["p"] < 0.001).any()


@pytest.mark.slow
@pytest.mark.parametrize("model", [name for name in MODELS if name != "sources"])
def test_every_model_is_calibrated(model: str) -> None:
    """As above, with 100 truths and as many for the wrong model; of an instrument, a wrong one is told that it hardly errs."""
    right = rank_counts(model_ranks(model, 100, seed=3))
    wrong = rank_counts(model_ranks(model, 100, seed=3, wrong=True))
    assert (right["p"] > 0.001).all()
    assert (wrong["p"] < 0.001).any()
