"""A variance that is 0 in exact arithmetic comes out 0, whichever way its sums were added, and hides none beside it."""

from __future__ import annotations

import math

import pandas as pd
import pytest

import fl_estimate as fl

WEIGHTS = (17 / 6, 0.1, 19.8, 1e6 / 7, 1 / 3)


@pytest.mark.parametrize("rows", [3, 6, 1000])
@pytest.mark.parametrize("weight", WEIGHTS)
def test_strata_of_equal_weights_have_no_variance_of_their_sizes(rows: int, weight: float) -> None:
    people = pd.concat(
        [pd.DataFrame({"stratum": name, "w": weight * k, "yes": float(k == 1)}, index=range(rows)) for name, k in (("a", 1), ("b", 2))]
    )  # fmt: skip
    design = fl.Design(strata="stratum", weights="w", expands=True)
    found = fl.estimate_total(people, "yes", design=design).to_frame().iloc[0]
    assert math.isclose(found["value"], rows * weight, rel_tol=1e-12)
    assert found["se"] == 0
    assert found["df_effective"] != 0  # no degrees of freedom of rounding


def test_a_stratum_without_variance_hides_none_of_another() -> None:
    """10⁴ equal weights of 10⁵ beside ten rows of weight 1, half of them yes: 10/9 · 10 · ½ · ½ = 25/9 is 10⁻¹⁴ of the terms."""
    large = pd.DataFrame({"stratum": "a", "w": 1e5 / 3, "yes": 1.0}, index=range(10_000))
    small = pd.DataFrame({"stratum": "b", "w": 1.0, "yes": [1.0, 0.0] * 5})
    design = fl.Design(strata="stratum", weights="w", expands=True)
    found = fl.estimate_total(pd.concat([large, small]), "yes", design=design).to_frame().iloc[0]
    assert math.isclose(found["se"], math.sqrt(25 / 9), rel_tol=1e-12)


def test_weights_that_differ_in_their_sixth_digit_have_a_variance() -> None:
    """Four rows of 1 ± 10⁻⁶: Σz² − (Σz)²/4 = 4·10⁻¹², times 4/3."""
    people = pd.DataFrame({"stratum": "a", "w": [1 - 1e-6, 1 + 1e-6] * 2, "yes": 1.0})
    found = (
        fl.estimate_total(people, "yes", design=fl.Design(strata="stratum", weights="w", expands=True))
        .to_frame()
        .iloc[0]
    )
    # Of a difference at 10⁻¹² of its terms four digits are left of sixteen.
    assert math.isclose(found["se"], math.sqrt(16 / 3) * 1e-6, rel_tol=1e-3)
