"""Two phases: weights and variance are those of the formula in loops and of R survey, clusters too; every refusal says why."""

from __future__ import annotations

from dataclasses import replace
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


def clustered() -> pd.DataFrame:
    """Thirty clusters of eight persons in three strata; persons, or clusters, are drawn again."""
    i = np.arange(1, 241)
    frame = pd.DataFrame({"g": np.array(list("abc"))[(i - 1) // 80], "cl": (i - 1) // 8, "r": (i * 11) % 3})
    return frame.assign(
        h=np.where((i * 7) % 5 < 3, "x", "y"),
        even=frame["cl"] % 2,
        y=((i * 37) % 101) / 7 + 3 * ((frame["cl"] * 5) % 7),
        N=frame["g"].map({"a": 200, "b": 500, "c": 160}),
        M=frame["g"].map({"a": 20, "b": 50, "c": 16}),
        again=((i * 13) % 10 < np.where((i * 7) % 5 < 3, 7, 4)).astype(int),
        both=(frame["cl"] % 3 != 0).astype(int),
    )


PERSONS = fl.Design(strata="g", fpc="N", phase2=("again", fl.Design(strata="h")))
CLUSTERS = fl.Design(strata="g", psu="cl", fpc="M", phase2=("again", fl.Design(strata="h")))
TWICE = fl.Design(strata="g", psu="cl", fpc="M", phase2=("both", fl.Design(strata="even", psu="cl")))
# R 4.5.0, survey 4.4.2: twophase(id=list(~1,~1) / (~cl,~i) / (~cl,~cl), strata=list(~g,~h) / (~g,~even), fpc=list(~N or ~M,
# NULL), subset=~I(again==1) / (both==1), method="full"): svytotal(~y), svymean(~y, subset(d, r==1)), degf.
R_FULL = {
    "persons": (PERSONS, 14234.0535714286, 713.568401014214, 15.7578237527825, 1.21109383240243, 142),
    "clusters": (CLUSTERS, 11387.2428571429, 612.83649590936, 15.7578237527825, 1.47434952653531, 142),
    "clusters twice": (TWICE, 11157.8142857143, 1144.72778774465, 15.9709914563878, 2.07046269514673, 18),
}


@pytest.mark.parametrize("engine", ["pandas", "polars"])
@pytest.mark.parametrize("name", R_FULL)
def test_units_and_persons_in_either_phase_as_in_r(name: str, engine: str) -> None:
    design, total, total_se, mean, mean_se, df = R_FULL[name]
    people: Any = clustered() if engine == "pandas" else pl.from_pandas(clustered())
    found = fl.estimate_total(people, "y", design=design, df="design", interval="wald").to_frame().iloc[0]
    inside = fl.estimate_mean(people, "y", design=design, where="r == 1").to_frame().iloc[0]
    expected = [total, total_se, df, mean, mean_se]
    # Same algebra; R prints fifteen digits.
    np.testing.assert_allclose([*found[["value", "se", "df"]], *inside[["value", "se"]]], expected, rtol=1e-11)


def test_covariance_of_domains_is_that_of_their_difference() -> None:
    """The variance of a sum of two domains' totals is in their covariance matrix."""
    frame = clustered().assign(two=lambda f: f["r"] < 2)
    for design in (PERSONS, CLUSTERS, TWICE):
        by = fl.estimate_total(frame, "y", design=design, by="r", interval="wald")
        joint = fl.estimate_total(frame, "y", design=design, where="two", interval="wald").to_frame()["se"].iloc[0]
        covariance = by.covariance
        assert covariance is not None
        assert covariance[1:3, 1:3].sum() == pytest.approx(joint**2, rel=1e-10)
        np.testing.assert_allclose(np.sqrt(np.diag(covariance)), by.to_frame()["se"], rtol=1e-12)


def test_the_second_phase_of_a_large_sample_needs_no_matrix_of_pairs() -> None:
    """Sixty thousand persons drawn again: a matrix of all pairs would take 29 GB."""
    rng = np.random.default_rng(2)
    n = 100_000
    frame = pl.DataFrame(
        {"h": rng.integers(0, 3, n), "y": rng.normal(size=n), "again": (rng.random(n) < 0.6).astype(int)}
    )
    found = (
        fl.estimate_mean(frame, "y", design=fl.Design(phase2=("again", fl.Design(strata="h")), unweighted=True))
        .to_frame()
        .iloc[0]
    )
    # Strata that say nothing of y, with weights about equal: as a simple random sample of those drawn again.
    assert found["se"] == pytest.approx(len(frame.filter(pl.col("again") == 1)) ** -0.5, rel=0.02)


def test_each_phase_by_itself_as_in_r() -> None:
    """phase2_variance="approx" as method="approx" and "simple": survey 4.4.2, svytotal(~y) in strata, svymean(~y) without."""
    strata = replace(PERSONS, phase2_variance="approx")
    one = fl.Design(phase2=("again", fl.Design(strata="h")), phase2_variance="approx", unweighted=True)
    total = fl.estimate_total(clustered(), "y", design=strata, interval="wald").to_frame().iloc[0]
    mean = fl.estimate_mean(clustered(), "y", design=one, where="r == 1").to_frame().iloc[0]
    assert total["se"] == pytest.approx(708.953306816218, rel=1e-11)
    said = [assumption.code for assumption in fl.estimate_mean(clustered(), "y", design=one).assumptions]
    assert "two_phases_apart" in said
    assert mean["se"] == pytest.approx(1.10771576471892, rel=1e-11)


def test_census_and_single_units_of_the_first_phase() -> None:
    """A first phase of everyone leaves the variance of the second alone; single units follow their rule."""
    frame = sample().assign(y=np.arange(18.0), N=[8.0 if g == "a" else 10.0 for g in sample()["g"]])
    found = fl.estimate_total(frame, "y", design=DESIGN, interval="wald").to_frame()["se"].iloc[0]
    again = frame[frame["again"] == 1].assign(there=6)
    alone = fl.estimate_total(again, "y", design=fl.Design(strata="h", fpc="there"), interval="wald").to_frame()
    assert found == pytest.approx(alone["se"].iloc[0], rel=1e-12)
    lone = sample().assign(g=["c", *sample()["g"][1:]], N=40, y=1.0)
    with pytest.raises(fl.FlError, match="FL-DESIGN-12"):
        fl.estimate_mean(lone, "y", design=DESIGN)
    assert np.isfinite(fl.estimate_mean(lone, "y", design=replace(DESIGN, single_psu="remove")).to_frame()["se"]).all()


@pytest.mark.parametrize(
    "arguments",
    [
        {"stages": ("g", "N")},
        {"single_psu": "adjust"},
        {"pps": "brewer", "fpc": "N"},
        {"psu": "g", "phase2_variance": "approx"},
        {"replicates": fl.Replicates(["y", "N"], kind="brr")},
        {"phase2": ("again", fl.Design(weights="N"))},
    ],
)
def test_other_forms_are_refused(arguments: dict[str, Any]) -> None:
    with pytest.raises(fl.FlError, match="FL-DESIGN-28"):
        fl.Design(**{"phase2": ("again", fl.Design(strata="h")), **arguments})


@pytest.mark.parametrize("again", [2, 0, [1] + [0] * 5 + [1] * 12])
def test_second_phases_that_cannot_be(again: Any) -> None:
    with pytest.raises(fl.FlError, match="FL-DESIGN-29"):
        fl.estimate_mean(sample().assign(y=1.0, again=again), "y", design=DESIGN)


def test_a_unit_drawn_in_part_or_in_two_strata_is_refused() -> None:
    """And an unknown way of computing the variance; and replicates of two phases."""
    for column, strata in (("again", "even"), ("both", "h")):
        design = replace(TWICE, phase2=(column, fl.Design(strata=strata, psu="cl")))
        with pytest.raises(fl.FlError, match="FL-DESIGN-29"):
            fl.estimate_mean(clustered(), "y", design=design)
    with pytest.raises(fl.FlError, match="FL-DESIGN-04"):
        fl.Design(phase2=("again", fl.Design()), phase2_variance="simple", unweighted=True)  # pyright: ignore[reportArgumentType]
    with pytest.raises(fl.FlError, match="FL-DESIGN-23"):
        fl.replicate(sample(), design=DESIGN, kind="jkn")
