"""Effective degrees of freedom see in how many units the information sits: unbiased by enumeration, equal on every engine."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
import polars as pl
import pytest

import fl_estimate as fl
from fl_estimate.design import variance
from fl_estimate.design.concentration import variance_of_squares
from fl_estimate.errors import EstimateFault
from fl_estimate.estimators.survey.weighted_call import Call
from fl_estimate.reporting.suppression import SuppressionRule


def people(cases: dict[int, int], *, units: int = 40, size: int = 10, strata: int = 1) -> pd.DataFrame:
    """Units of equal size and weight; `cases` says how many of a unit's people are cases."""
    unit = np.repeat(np.arange(units), size)
    within = np.tile(np.arange(size), units)
    met = np.array([cases.get(int(position), 0) for position in unit])
    return pd.DataFrame({
        "w": 2.0, "ea": unit, "st": unit * strata // units, "half": np.where(unit < units // 2, "a", "b"),
        "fl": (within < met).astype(int), "hours": 40.0 + within % 3 + unit % 2,
    })  # fmt: skip


DESIGN = fl.Design(weights="w", psu="ea", expands=True)


@pytest.mark.parametrize("values", [(0.0, 0.0, 1.0, 3.0), (1.0, 2.0, 4.0, 8.0)])
def test_variance_of_squares_is_unbiased(values: tuple[float, ...]) -> None:
    # Over all 4⁴ samples with replacement the mean of the estimate is the variance of Σ d², whatever the distribution.
    d = np.array(list(itertools.product(values, repeat=4)))
    away = d - d.mean(axis=1, keepdims=True)
    squares, fourth = (away**2).sum(axis=1), (away**4).sum(axis=1)
    found = variance_of_squares(np.full(len(d), 4.0), squares, fourth)
    assert found.mean() == pytest.approx(squares.var(), rel=1e-12)


@pytest.mark.parametrize("k", [1, 2, 5])
def test_equal_units_with_cases_count_twice(k: int) -> None:
    # k units of 3 cases among n: with q = k/n, d is binary and 2V²/v̂ follows from its k-statistics; it tends to 2k as n grows.
    estimates = fl.estimate_total(people(dict.fromkeys(range(k), 3)), "fl", design=DESIGN)
    n, d = 40, np.array([1.0] * k + [0.0] * (40 - k))
    d = d - d.mean()
    k2, m4 = (d**2).sum() / (n - 1), (d**4).sum()
    k4 = n * ((n + 1) * m4 - 3 * (n - 1) * (d**2).sum() ** 2 / n) / ((n - 1) * (n - 2) * (n - 3))
    wanted = 2 * k2**2 * n * (n + 1) / (2 * n * k2**2 + (n - 1) * k4)
    row = estimates.to_frame().iloc[0]
    assert row["df_effective"] == pytest.approx(wanted, rel=1e-10)
    assert 2 * k - 0.01 <= row["df_effective"] <= 3 * k
    assert row["psus_with_cases"] == k
    assert fl.estimate_total(people({0: 1}), "fl", design=DESIGN, df="domain").to_frame()["df"].tolist() == [39]


def test_strata_of_two_units_and_none_concentrated() -> None:
    # Twenty strata of two, one case in one unit of each: all contribute alike, and nothing is concentrated.
    spread = people(dict.fromkeys(range(0, 40, 2), 1), strata=20)
    design = fl.Design(weights="w", psu="ea", strata="st", expands=True)
    assert fl.estimate_total(spread, "fl", design=design).to_frame()["df_effective"].tolist() == [20]
    # In two of the strata only: V = 2v of H = 20 with a row, Σ(V_h − V̄)² H/(H − 1) = 2v²(1 − 2/20)·20/19.
    few = fl.estimate_total(people({0: 1, 2: 1}, strata=20), "fl", design=design).to_frame()
    assert few["df_effective"].iloc[0] == pytest.approx(2 * 4 / (2 * 0.9 * 20 / 19), rel=1e-12)
    # One stratum of two units: as if normal, 2V²/(2V²/3) = 3, cut at units less strata.
    one = fl.estimate_total(people({0: 1}, units=2), "fl", design=DESIGN).to_frame()
    assert one["df_effective"].tolist() == [1]


def test_rows_that_are_units_of_unequal_weight() -> None:
    """As with a unit for every row; where weights are equal the variance is known from the share, and there is nothing to learn."""
    frame = people({0: 3, 1: 1, 7: 4, 30: 2}, strata=2)
    frame = frame.assign(row=np.arange(len(frame)), w=1.0 + np.arange(len(frame)) % 7, part=np.arange(len(frame)) % 3)
    rows, named = (fl.Design(weights="w", psu=psu, strata="st", expands=True) for psu in (None, "row"))
    frames = (frame, pl.from_pandas(frame).lazy())
    for estimate in (fl.estimate_prevalence, fl.estimate_total):
        wanted = estimate(frame, "fl", design=named, by="part").to_frame()["df_effective"]
        assert wanted.iloc[0] < 20
        for each in frames:
            found = estimate(each, "fl", design=rows, by="part").to_frame()["df_effective"]
            np.testing.assert_allclose(found, wanted, rtol=1e-9)
    bounds = fl.estimate_prevalence(
        frame.assign(fl=frame["fl"].where(frame["part"] > 0)), "fl", design=rows, unknown="bounds"
    )
    assert bounds.to_frame()["df_effective"].notna().tolist() == [True, True, False]
    assert fl.estimate_mean(frame, "hours", design=rows).to_frame()["df_effective"].isna().all()
    alone = fl.estimate_prevalence(frame, "fl", design=fl.Design(strata="st", unweighted=True))
    assert alone.to_frame()["df_effective"].isna().all()
    many = frame.assign(**{f"o{k}": frame["fl"] for k in range(20)})
    few = fl.estimate_prevalence(many, [f"o{k}" for k in range(20)], design=rows).to_frame()
    assert few["df_effective"].isna().all()


def test_every_statistic_domain_and_engine() -> None:
    frame = people({0: 3, 1: 1, 7: 4, 30: 2})
    frames = (frame, pl.from_pandas(frame).lazy())
    for estimate, column in ((fl.estimate_prevalence, "fl"), (fl.estimate_total, "fl"), (fl.estimate_mean, "hours")):
        first, other = (estimate(one, column, design=DESIGN, by="half").to_frame() for one in frames)
        np.testing.assert_allclose(first["df_effective"], other["df_effective"], rtol=1e-12)
        assert (first["df_effective"] <= first["df"]).all()
    shown = fl.estimate_prevalence(frame, "fl", design=DESIGN, by="half").to_frame()
    # 3, 1 and 4 of 8 cases: between the 2·(8²/26) of their squares and twice three units.
    assert 4 < shown["df_effective"].iloc[1] < 6
    assert fl.estimate_ratio(frame, "hours", "fl", design=DESIGN).to_frame()["df_effective"].notna().all()


@pytest.mark.parametrize("single_psu", ["error", "adjust"])
def test_places_for_every_unit_and_domain_or_for_those_that_are_met(
    single_psu: Literal["error", "adjust"], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Domains that miss whole strata, one unit alone in its stratum, people out of scope: two ways to the same moments.
    rng = np.random.default_rng(2)
    frame = people({0: 3, 1: 1, 7: 4, 30: 2}, strata=8).assign(w=rng.uniform(1, 9, 400), age=rng.integers(10, 80, 400))
    frame["part"] = frame["st"] % 3 + 3 * (frame["ea"] % 2)
    if single_psu == "adjust":
        frame.loc[frame["ea"] == 39, "st"] = 8
    design = fl.Design(weights="w", strata="st", psu="ea", single_psu=single_psu)
    for where in (None, "age >= 18"):
        made: list[pd.DataFrame] = []
        for dense in (4_000_000, 0):
            monkeypatch.setattr(variance, "DENSE", dense)
            made.append(fl.estimate_prevalence(frame, "fl", design=design, by="part", where=where).to_frame())
        pd.testing.assert_frame_equal(made[0], made[1], rtol=1e-12, check_exact=False)
        assert made[0]["df_effective"].notna().any()


def test_two_phases_and_unequal_probabilities_have_some() -> None:
    frame = people({0: 3, 1: 1, 7: 4, 30: 2}).assign(again=lambda f: (f.index % 3 != 0).astype(int), N=4000.0, pi=0.25)
    strata = frame.assign(g=frame["ea"] // 10, h=frame.index % 2)
    two = fl.Design(strata="g", fpc="N", phase2=("again", fl.Design(strata="h")), expands=True)
    pps = fl.Design(weights="w", psu="ea", fpc="pi", pps="brewer", expands=True)
    for data, design in ((strata, two), (frame, pps)):
        row = fl.estimate_total(data, "fl", design=design).to_frame().iloc[0]
        assert 1 < row["df_effective"] <= row["df"]


def test_replicates_have_those_of_the_units() -> None:
    frame = people({0: 3, 1: 1, 7: 4, 30: 2})
    wanted = fl.estimate_total(frame, "fl", design=DESIGN).to_frame()["df_effective"].iloc[0]
    made = fl.replicate(frame, design=DESIGN, kind="jk1")
    assert fl.estimate_total(frame, "fl", design=made).to_frame()["df_effective"].iloc[0] == pytest.approx(wanted)
    columns = {f"r{u}": frame["w"] * np.where(frame["ea"] == u, 0, 40 / 39) for u in range(40)}
    filed = frame.assign(**columns)
    jackknife = fl.Design(weights="w", replicates=fl.Replicates(list(columns), kind="jk1"), expands=True)
    row = fl.estimate_total(filed, "fl", design=jackknife).to_frame().iloc[0]
    assert row["df_effective"] == pytest.approx(wanted, rel=1e-9)
    boot = fl.Design(weights="w", replicates=fl.Replicates(list(columns), kind="bootstrap"), expands=True)
    assert fl.estimate_total(filed, "fl", design=boot).to_frame()["df_effective"].isna().all()


def test_interval_that_uses_them() -> None:
    frame = people({0: 6, 1: 3, 7: 4})
    plain = fl.estimate_prevalence(frame, "fl", design=DESIGN, df="domain")
    own = fl.estimate_prevalence(frame, "fl", design=DESIGN, df="effective")
    row = own.to_frame().iloc[0]
    assert row["df"] == row["df_effective"] == plain.to_frame()["df_effective"].iloc[0]
    assert own.interval[1] > plain.interval[1]
    assert own.interval == pytest.approx(
        fl.estimate_prevalence(frame, "fl", design=DESIGN, df=float(row["df"])).interval
    )
    # No case: no variance of its own, and units less strata are all there is.
    none = fl.estimate_prevalence(people({}), "fl", design=DESIGN, df="effective").to_frame().iloc[0]
    assert none["df"] == 39
    assert np.isnan(none["df_effective"])
    # Every row a unit of the same weight: nothing can be concentrated.
    rows = fl.estimate_prevalence(frame, "fl", design=fl.Design(weights="w"), df="effective").to_frame().iloc[0]
    assert rows["df"] == 399
    assert np.isnan(rows["df_effective"])
    with pytest.raises(EstimateFault, match="FL-EST-18"):
        fl.estimate_quantile(frame, "hours", design=DESIGN, df="effective")  # type: ignore[arg-type]


def test_caution_where_the_default_falls_short() -> None:
    crowded = fl.estimate_prevalence(people({0: 6, 1: 3, 7: 4}), "fl", design=DESIGN, df="domain")
    (reason,) = [reason for reason in crowded.reasons if reason.code == "cases_in_few_units"]
    assert dict(reason.parameters)["units"] == 3
    scattered = fl.estimate_prevalence(people(dict.fromkeys(range(12), 1)), "fl", design=DESIGN, df="domain")
    assert not scattered.reasons
    asked = fl.estimate_prevalence(people({0: 6, 1: 3, 7: 4}), "fl", design=DESIGN, df="effective")
    assert not asked.reasons


def test_rules_of_publication_can_ask_for_them(tmp_path: Path) -> None:
    estimates = fl.estimate_prevalence(people({0: 6, 1: 3, 7: 4}), "fl", design=DESIGN, by="half")
    printed = fl.publish(estimates).tables[0].frame
    # The nation's 13 cases in 3 units are flagged; no column tells in how many units they are.
    assert "df" in printed["caution"].iloc[0].split()
    assert not {"psus_with_cases", "df_effective"} & set(printed.columns)
    for rule in (SuppressionRule(min_psus_with_cases=4), SuppressionRule(min_df_effective=8)):
        published = fl.publish(estimates, rule=rule)
        frame = published.tables[0].frame
        assert frame["publication"].tolist()[:2] == ["not_published", "not_published"]
        # What is withheld carries no caution or reason, and a domain without a case is printed as any of few cases.
        assert not published.tables[0].reasons
        assert frame["publication"].iloc[2] == "at_most"
        published.to_html(tmp_path / "page.html")
        page = (tmp_path / "page.html").read_text(encoding="utf-8")
        assert "4 primary units" in page or "8 effective" in page
    three = fl.publish(estimates, rule=SuppressionRule(min_psus_with_cases=3))
    assert three.tables[0].frame["publication"].iloc[0] == "published"


@pytest.mark.slow
def test_coverage_with_unequal_weights() -> None:
    # Rows are units, weights have a coefficient of variation of 1; 500 samples: three standard errors of 95 % are 2.9 points.
    rng, p = np.random.default_rng(6), 0.007
    covered = np.zeros((500, 2))
    for sample in range(len(covered)):
        weight = np.exp(np.sqrt(np.log(2)) * rng.standard_normal(1000))
        frame = pd.DataFrame({"w": weight, "fl": rng.binomial(1, p, 1000)})
        for position, rule in enumerate(("domain", "effective")):
            low, high = fl.estimate_prevalence(frame, "fl", design=fl.Design(weights="w"), df=rule).interval  # type: ignore[arg-type]
            covered[sample, position] = low <= p <= high
    assert covered[:, 1].mean() >= 0.921
    assert covered[:, 1].mean() > covered[:, 0].mean() + 0.02


@pytest.mark.slow
@pytest.mark.parametrize(("icc", "expected"), [(0.1, 15), (0.2, 15), (0.34, 15), (0.34, 40)])
def test_coverage_of_clustered_outcomes(icc: float, expected: float) -> None:
    # 133 units of 20 people, beta-binomial; 300 samples: three standard errors of a coverage of 95 % are 3.8 points.
    rng, p = np.random.default_rng(5), expected / 2660
    covered = np.zeros((300, 2))
    for sample in range(len(covered)):
        chance = np.repeat(rng.beta(p * (1 - icc) / icc, (1 - p) * (1 - icc) / icc, size=133), 20)
        frame = pd.DataFrame({"ea": np.repeat(np.arange(133), 20), "fl": rng.binomial(1, np.nan_to_num(chance))})
        design = fl.Design(psu="ea", unweighted=True)
        for position, rule in enumerate(("domain", "effective")):
            low, high = fl.estimate_prevalence(frame, "fl", design=design, df=rule).interval  # type: ignore[arg-type]
            covered[sample, position] = low <= p <= high
    assert covered[:, 1].mean() >= 0.912
    assert covered[:, 1].mean() > covered[:, 0].mean()


def test_call_knows_which_rules_it_has() -> None:
    call = Call("x", people({0: 1}), DESIGN, None, None, None, None, "wald", "effective", 0.95)
    with pytest.raises(EstimateFault, match="FL-EST-18"):
        call.check(("wald",))
