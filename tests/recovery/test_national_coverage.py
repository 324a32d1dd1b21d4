"""Over replicated samples of the synthetic country the national 95 % interval covers the truth; surely and possibly enclose it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from studies.recovery import replicate_country, summarise


def check(runs: pd.DataFrame, at_least: float) -> None:
    table = {row["answers"]: row for row in summarise(runs).to_dict("records")}
    known = table["known"]
    assert known["coverage"] >= at_least
    # Unbiased: the mean over samples is within three of its own standard errors.
    assert abs(known["mean"] - known["truth"]) < 3 * known["spread"] / np.sqrt(known["samples"])
    assert table["surely"]["mean"] < known["truth"] < table["possibly"]["mean"]


def test_sixty_samples() -> None:
    """60 samples: 0.93 less three Monte Carlo standard errors of a coverage of 0.95."""
    check(replicate_country(60, seed=11), 0.93 - 3 * np.sqrt(0.95 * 0.05 / 60))


@pytest.mark.slow
def test_part_of_a_run_is_the_same_alone_and_on_other_processes() -> None:
    together, alone = replicate_country(4, seed=5, processes=2), replicate_country(2, seed=5)
    pd.testing.assert_frame_equal(together[together["replicate"] < 2].reset_index(drop=True), alone)


@pytest.mark.slow
def test_a_thousand_samples() -> None:
    check(replicate_country(1_000, seed=2018, processes=2), 0.93)
