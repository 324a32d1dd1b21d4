"""Unequal probabilities without replacement: each approximation is its formula, and where probabilities are equal all agree."""

from __future__ import annotations

from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest

import fl_estimate as fl

P = np.array([0.2, 0.3, 0.25, 0.6, 0.4])
Y = np.array([3.0, 5.0, 4.0, 11.0, 7.0])
N = len(P)


def frame(**more: Any) -> pd.DataFrame:
    return pd.DataFrame({"i": range(N), "p": P, "y": Y, **more})


def variance(pps: Any, people: Any = None, **more: Any) -> float:
    design = fl.Design(psu="i", fpc="p", pps=pps, **more)
    given = frame() if people is None else people
    return float(fl.estimate_total(given, "y", design=design, interval="wald").to_frame()["se"].iloc[0] ** 2)


def joint(shrunk: float = 0.9) -> np.ndarray:
    """Joint probabilities of Poisson sampling, shrunk as those of samples of a fixed size are."""
    pairs = np.outer(P, P) * shrunk
    np.fill_diagonal(pairs, P)
    return pairs


def test_with_replacement_is_hansen_and_hurwitz() -> None:
    """Draws with probability q: V = Σ (y/q − Ŷ)²/(n(n − 1)), Ŷ the mean of y/q; the weight is 1/(nq), and there is no fpc."""
    q = np.array([0.05, 0.1, 0.08, 0.2, 0.12])
    people = frame(w=1 / (N * q))
    found = (
        fl.estimate_total(people, "y", design=fl.Design(weights="w", psu="i", expands=True), interval="wald")
        .to_frame()
        .iloc[0]
    )
    expanded = Y / q
    assert found["value"] == pytest.approx(expanded.mean(), rel=1e-12)
    assert found["se"] ** 2 == pytest.approx(((expanded - expanded.mean()) ** 2).sum() / (N * (N - 1)), rel=1e-12)


def test_a_unit_taken_for_certain_adds_what_varies_within_it() -> None:
    """A district that is in every sample: a stratum of its own, all of it taken; its 4 of 10 villages make the variance."""
    people = pd.DataFrame(
        {
            "h": ["sure"] * 4 + ["rest"] * 6,
            "i": [1] * 4 + [1, 1, 2, 2, 3, 3],
            "j": [1, 2, 3, 4, 1, 2, 1, 2, 1, 2],
            "N": [1] * 4 + [12] * 6,
            "M": [10] * 4 + [5] * 6,
            "y": [3.0, 8, 1, 4, 2, 5, 7, 1, 3, 3],
        }
    )
    design = fl.Design(strata="h", stages=("i", "j"), fpc=("N", "M"))
    found = fl.estimate_total(people, "y", design=design, interval="wald").to_frame().iloc[0]
    sure = (1 - 0.4) * 10**2 / 4 * np.var([3, 8, 1, 4], ddof=1)
    totals = np.array([3.5, 4.0, 3.0]) * 5
    within = sum((1 - 0.4) * 5**2 / 2 * np.var(pair, ddof=1) for pair in ([2, 5], [7, 1], [3, 3]))
    rest = (1 - 3 / 12) * 12**2 / 3 * np.var(totals, ddof=1) + 12 / 3 * within
    assert found["se"] ** 2 == pytest.approx(sure + rest, rel=1e-12)
    assert found["df"] == 4 - 2


def test_brewer() -> None:
    """n/(n − 1) Σ (1 − π)(z − z̄)², by hand."""
    z = Y / P
    assert variance("brewer") == pytest.approx(N / (N - 1) * ((1 - P) * (z - z.mean()) ** 2).sum(), rel=1e-12)


def test_horvitz_and_thompson_and_yates_and_grundy() -> None:
    """Σ Σ (π_ij − π_iπ_j)/π_ij z_i z_j, and −½ Σ Σ of the same times (z_i − z_j)²; by hand, in loops."""
    pairs, z = joint(), Y / P
    ht = yg = 0.0
    for i in range(N):
        for j in range(N):
            share = 1 - P[i] if i == j else 1 - P[i] * P[j] / pairs[i, j]
            ht += share * z[i] * z[j]
            yg -= 0.0 if i == j else 0.5 * share * (z[i] - z[j]) ** 2
    assert variance("yg", joint=pairs) == pytest.approx(yg, rel=1e-12)
    assert variance("ht", joint=pairs) == pytest.approx(ht, rel=1e-12)


def test_a_negative_variance_is_no_standard_error() -> None:
    """With π_ij = π_iπ_j/2 every product of two units counts −1: the estimator of Horvitz and Thompson falls below 0."""
    design = fl.Design(psu="i", fpc="p", pps="ht", joint=joint(0.5))
    found = fl.estimate_total(frame(), "y", design=design, interval="wald")
    assert found.to_frame()[["se", "lower", "upper"]].isna().all(axis=None)
    assert [reason.code for reason in found.reasons] == ["variance_negative"]


@pytest.mark.parametrize("pps", ["brewer", "overton", "hr"])
def test_equal_probabilities_are_simple_random_sampling(pps: Any) -> None:
    """π = n/N for all: (1 − f) n/(n − 1) Σ (z − z̄)², up to the sums of z that Horvitz and Thompson's form leaves."""
    people = frame().assign(p=0.25, y=Y - Y.mean())
    srs = fl.estimate_total(people, "y", design=fl.Design(psu="i", fpc="p"), interval="wald").to_frame()["se"].iloc[0]
    assert variance(pps, people) == pytest.approx(srs**2, rel=1e-10)


def test_rows_are_units_where_none_are_named() -> None:
    design = fl.Design(fpc="p", pps="brewer")
    found = fl.estimate_total(frame(), "y", design=design, interval="wald").to_frame()
    assert found["se"].iloc[0] ** 2 == pytest.approx(variance("brewer"), rel=1e-14)
    assert found["df"].iloc[0] == N - 1
    with pytest.raises(fl.FlError, match="FL-DESIGN-26"):
        fl.estimate_total(duckdb.connect().from_df(frame()), "y", design=design)


def test_a_second_stage_adds_its_share() -> None:
    """V = V_1 + Σ_i π_i V_2i, with V_2i the variance within unit i of the expanded values (methods: two-stage)."""
    people = pd.DataFrame({"i": np.repeat(range(N), 2), "k": np.tile([0, 1], N), "p": np.repeat(P, 2), "M": 4})
    people["y"] = np.arange(2.0 * N)
    design = fl.Design(stages=("i", "k"), fpc=("p", "M"), pps="brewer")
    found = fl.estimate_total(people, "y", design=design, interval="wald").to_frame()["se"].iloc[0] ** 2
    u = people["y"] / people["p"] / 0.5
    z = u.groupby(people["i"]).sum().to_numpy()
    first = N / (N - 1) * ((1 - P) * (z - z.mean()) ** 2).sum()
    within = u.groupby(people["i"]).agg(lambda v: 0.5 * 2 * ((v - v.mean()) ** 2).sum()).to_numpy()
    assert found == pytest.approx(first + (P * within).sum(), rel=1e-12)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"pps": "madow", "fpc": "p"}, "FL-DESIGN-04"),
        ({"pps": "brewer"}, "FL-DESIGN-18"),
        ({"pps": "yg", "fpc": "p"}, "FL-DESIGN-18"),
        ({"pps": "hr", "fpc": "p", "joint": np.ones((2, 2))}, "FL-DESIGN-18"),
        ({"pps": "brewer", "fpc": "p", "hr_sum": 0.1}, "FL-DESIGN-18"),
        ({"pps": "brewer", "fpc": "p", "single_psu": "adjust"}, "FL-DESIGN-18"),
        ({"pps": "ht", "fpc": "p", "joint": np.ones((2, 3))}, "FL-DESIGN-19"),
        ({"pps": "ht", "fpc": "p", "joint": np.array([[0.5, 0.1], [0.2, 0.5]])}, "FL-DESIGN-19"),
        ({"single_psu_scope": "nation"}, "FL-DESIGN-04"),
    ],
)
def test_designs_that_cannot_be(arguments: dict[str, Any], code: str) -> None:
    with pytest.raises(fl.FlError, match=code):
        fl.Design(psu="i", **arguments)


def test_joint_probabilities_of_other_units() -> None:
    with pytest.raises(fl.FlError, match="FL-DESIGN-20"):
        variance("yg", joint=joint()[:4, :4])
    with pytest.raises(fl.FlError, match="FL-DESIGN-20"):
        variance("yg", joint=np.full((N, N), 0.2))


def test_counts_are_no_probabilities() -> None:
    with pytest.raises(fl.FlError, match="FL-DESIGN-21"):
        variance("brewer", frame().assign(p=3.0))
    with pytest.raises(fl.FlError, match="FL-DESIGN-09"):
        variance("brewer", frame().assign(i=[0, 0, 1, 2, 3]))
