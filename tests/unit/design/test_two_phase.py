"""Two phases: weights and variance are those of the formula written out in loops; every refusal says why."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

import fl_estimate as fl


def sample(**changes: Any) -> pd.DataFrame:
    """Eighteen persons in two strata of a first phase, eleven of them drawn again within three other strata."""
    rng = np.random.default_rng(11)
    frame = pd.DataFrame(
        {
            "g": ["a"] * 8 + ["b"] * 10,
            "N": [40] * 8 + [25] * 10,
            "h": rng.permutation(np.repeat(["x", "y", "z"], 6)),
            "y": rng.normal(0, 3, 18),
            "sex": np.tile([1, 2], 9),
        }
    ).sort_values("h", ignore_index=True)
    again = [1, 1, 1, 0, 0, 0, 1, 1, 1, 1, 0, 0, 1, 1, 1, 1, 0, 0]
    frame = frame.assign(again=again)
    return frame.assign(y=frame["y"].where(frame["again"] == 1), **changes)


DESIGN = fl.Design(strata="g", fpc="N", phase2=("again", fl.Design(strata="h")))


def by_hand(frame: pd.DataFrame, influence: Any) -> float:
    """Särndal, Swensson and Wretman (1992), eq. 9.3.7, with the joint probabilities of simple random sampling."""
    n1, n2 = frame["h"].value_counts(), frame.loc[frame["again"] == 1, "h"].value_counts()
    drawn, size = frame["g"].value_counts(), frame.groupby("g")["N"].first()
    inside, total = frame[frame["again"] == 1], 0.0
    for k, one in inside.iterrows():
        for m, other in inside.iterrows():
            f, rest = (drawn / size)[one["g"]], (drawn / size)[other["g"]]
            n, big = drawn[one["g"]], size[one["g"]]
            p1 = f if k == m else (n * (n - 1) / (big * (big - 1)) if one["g"] == other["g"] else f * rest)
            a, b = n2[one["h"]], n1[one["h"]]
            c = (n2 / n1)[other["h"]]
            p2 = a / b if k == m else (a * (a - 1) / (b * (b - 1)) if one["h"] == other["h"] else a / b * c)
            z, w = influence(one) / f, influence(other) / rest
            total += (1 - f * rest / p1) / p2 * z * w + (1 - a / b * c / p2) * z * w / (a / b * c)
    return total


@pytest.mark.parametrize("engine", ["pandas", "polars"])
def test_total_and_domain_against_the_formula(engine: str) -> None:
    frame = sample()
    people: Any = frame if engine == "pandas" else pl.from_pandas(frame).lazy()
    found = fl.estimate_total(people, "y", design=DESIGN, by="sex", interval="wald").to_frame()
    assert found["se"].iloc[0] ** 2 == pytest.approx(by_hand(frame, lambda row: row["y"]), rel=1e-10)
    women = by_hand(frame, lambda row: row["y"] * (row["sex"] == 2))
    assert found["se"].iloc[2] ** 2 == pytest.approx(women, rel=1e-10)
    assert found["n"].iloc[0] == 11
    assert found["df"].iloc[0] == 11 - 3


def test_weights_of_the_second_phase() -> None:
    """Six of each stratum, three or four drawn again: N_g/n_g × 6/3 or 6/4."""
    frame = sample()
    expected = frame["N"] / frame.groupby("g")["N"].transform("size") * frame["h"].map({"x": 2, "y": 1.5, "z": 1.5})
    total = fl.estimate_total(frame.assign(one=1.0), "one", design=DESIGN).to_frame()["value"].iloc[0]
    assert total == pytest.approx(expected[frame["again"] == 1].sum(), rel=1e-12)


def test_everyone_drawn_again_is_one_phase() -> None:
    frame = sample(again=1).assign(y=np.arange(18.0))
    two = fl.estimate_mean(frame, "y", design=DESIGN).to_frame()
    one = fl.estimate_mean(frame, "y", design=fl.Design(strata="g", fpc="N")).to_frame()
    np.testing.assert_allclose(two[["value", "se", "deff"]], one[["value", "se", "deff"]], rtol=1e-12)


@pytest.mark.parametrize(
    "arguments",
    [
        {"psu": "g"},
        {"replicates": fl.Replicates(["y", "N"], kind="brr")},
        {"phase2": ("again", fl.Design(weights="N"))},
    ],
)
def test_other_units_than_persons_are_refused(arguments: dict[str, Any]) -> None:
    with pytest.raises(fl.FlError, match="FL-DESIGN-28"):
        fl.Design(**{"phase2": ("again", fl.Design(strata="h")), **arguments})


@pytest.mark.parametrize("again", [2, 0, [1] + [0] * 5 + [1] * 12])
def test_second_phases_that_cannot_be(again: Any) -> None:
    with pytest.raises(fl.FlError, match="FL-DESIGN-29"):
        fl.estimate_mean(sample().assign(y=1.0, again=again), "y", design=DESIGN)
    with pytest.raises(fl.FlError, match="FL-DESIGN-23"):
        fl.replicate(sample(), DESIGN, kind="jkn")
