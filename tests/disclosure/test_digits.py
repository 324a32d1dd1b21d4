"""Attack (vii): the microdata without the outcome, and a printed total: which respondents are the cases?"""

from __future__ import annotations

import itertools

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

import fl_estimate as fl
from tests.disclosure.attacker import half_step

SIZE, CASES = 60, 5
"""One domain of 60 respondents with five cases: C(60, 5) = 5,461,512 sets of respondents."""


def domain(seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    case = np.zeros(SIZE, dtype=int)
    case[rng.choice(SIZE, CASES, replace=False)] = 1
    weights = np.round(100 * np.exp(0.4 * rng.standard_normal(SIZE)), 4)
    return pd.DataFrame({"w": weights, "ea": [i % 12 for i in range(SIZE)], "fl": case})


def sets_that_fit(weights: npt.NDArray[np.float64], low: float, high: float) -> int:
    """Of how many sets of five weights the sum lies between: pairs and triples, sorted, each set found ten times."""
    pairs = np.array(list(itertools.combinations(range(len(weights)), 2)))
    sums = weights[pairs].sum(axis=1)
    order = np.argsort(sums)
    pairs, sums = pairs[order], sums[order]
    found = 0
    for triple in itertools.combinations(range(len(weights)), 3):
        rest = weights[list(triple)].sum()
        start, end = np.searchsorted(sums, [low - rest, high - rest])
        if end > start:
            near = pairs[start:end]
            found += int((~np.isin(near, triple).any(axis=1)).sum())
    return found // 10


@pytest.mark.parametrize("seed", [1, 2])
def test_a_total_of_five_cases_fits_thousands_of_sets(seed: int) -> None:
    people = domain(seed)
    frame = fl.publish(
        fl.estimate_total(people, "fl", design=fl.Design(weights="w", psu="ea", expands=True))
    ).to_frame()
    row = frame.iloc[0]
    assert row["publication"] == "published"
    half = half_step(float(row["value"]), float(row["se"]))
    # As printed, or as the sharpest of limits and error tell it.
    assert sets_that_fit(people["w"].to_numpy(dtype=float), row["value"] - half, row["value"] + half) >= 10_000


@pytest.mark.parametrize("seed", [1, 2])
def test_no_column_has_more_digits_than_its_error_carries(seed: int) -> None:
    """At most two digits of the standard error in value and limits, two in the error itself."""
    people = domain(seed)
    design = fl.Design(weights="w", psu="ea", expands=True)
    given = [fl.estimate_total(people, "fl", design=design), fl.estimate_prevalence(people, "fl", design=design)]
    for row in fl.publish(given).to_frame().to_dict("records"):
        step = 10.0 ** (np.floor(np.log10(row["se"])) - 1)
        for name in ("value", "lower", "upper", "se"):
            assert abs(row[name] / step - round(row[name] / step)) < 1e-6, (name, row[name], row["se"])
        for name in ("deff", "undetermined"):
            if np.isfinite(row[name]) and row[name]:
                assert float(f"{row[name]:.3g}") == row[name], (name, row[name])
