"""Over replicated samples of returned migrants the 95 % intervals of forced labour abroad and of recruitment cost cover the truth."""

from __future__ import annotations

import numpy as np
import pytest
from studies.recovery import summarise
from studies.recovery_migrants import replicate_migrants


@pytest.mark.parametrize(
    ("replicates", "slow"), [pytest.param(16, False), pytest.param(1_000, True, marks=pytest.mark.slow)]
)
def test_intervals_cover(replicates: int, slow: bool) -> None:
    """0.93 less three Monte Carlo standard errors of a coverage of 0.95; the mean within three of its own standard errors."""
    runs = replicate_migrants(replicates, seed=2018, processes=2 if slow else 1)
    table = {row["answers"]: row for row in summarise(runs[runs["destination"] == ""]).to_dict("records")}
    for answers in ("known", "persons", "cost_known", "cost", "median", "over"):
        row = table[answers]
        assert row["coverage"] >= 0.93 - 3 * np.sqrt(0.95 * 0.05 / replicates)
        assert abs(row["mean"] - row["truth"]) < 3 * row["spread"] / np.sqrt(replicates)
    assert table["surely"]["mean"] < table["known"]["mean"] < table["possibly"]["mean"]
