"""Plans: formulae of textbooks, exact sums over samples, and simulated surveys estimated as they will be."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import fl_estimate as fl


def test_the_number_for_a_coefficient_of_variation() -> None:
    """(1 − p)/(p cv²) by hand, and with the finite population n_0/(1 + (n_0 − 1)/N) (Cochran 1977, ch. 4)."""
    assert fl.plan_sample(0.01, cv=0.2).n == math.ceil(0.99 / (0.01 * 0.04))
    assert fl.plan_sample(0.01, cv=0.2, deff=2).n == math.ceil(2 * 0.99 / (0.01 * 0.04))
    first = 0.5 / (0.5 * 0.05**2)
    assert fl.plan_sample(0.5, cv=0.05, population=3_200).n == math.ceil(first / (1 + (first - 1) / 3_200) - 1e-9)
    assert fl.plan_sample(0.01, n=500, domains=4, response=0.8).n_selected == 2_500


def test_the_expected_width_is_the_sum_over_all_samples() -> None:
    """Simple random sampling: Clopper and Pearson's limits over every number of cases, with scipy's beta quantiles."""
    n, p = 120, 0.04
    k = np.arange(n + 1)
    lower = np.where(k == 0, 0, stats.beta.ppf(0.025, k, n - k + 1))
    upper = np.where(k == n, 1, stats.beta.ppf(0.975, k + 1, n - k))
    mass = stats.binom.pmf(k, n, p)
    plan = fl.plan_sample(p, n=n)
    np.testing.assert_allclose(plan.expected_width, mass @ (upper - lower), rtol=1e-9)
    np.testing.assert_allclose(plan.expected_lower, mass @ lower, rtol=1e-9)
    np.testing.assert_allclose(plan.chance_of_none, (1 - p) ** n, rtol=1e-9)


def test_the_expected_width_is_what_simulated_surveys_publish() -> None:
    """Clusters of ten with intraclass correlation 0.1, drawn and estimated 150 times by fl.estimate_prevalence.

    Within 5 %: the width itself is known to 2 % from so many samples; the rest is that each survey estimates its own
    design effect.
    """
    p, icc, m, clusters = 0.05, 0.1, 10, 100
    rng = np.random.default_rng(11)
    a = p * (1 - icc) / icc
    b = (1 - p) * (1 - icc) / icc
    ea = np.repeat(np.arange(clusters), m)
    widths = list[float]()
    for _ in range(150):
        y = rng.uniform(size=clusters * m) < np.repeat(rng.beta(a, b, clusters), m)
        people = pd.DataFrame({"ea": ea, "y": y.astype(int)})
        row = fl.estimate_prevalence(people, "y", design=fl.Design(psu="ea", unweighted=True)).to_frame().iloc[0]
        widths.append(float(row["upper"] - row["lower"]))
    plan = fl.plan_sample(p, n=clusters * m, cluster_size=m, icc=icc)
    np.testing.assert_allclose(np.mean(widths), plan.expected_width, rtol=0.05)
    assert np.std(widths) / np.sqrt(150) < 0.02 * np.mean(widths)


def test_a_number_for_a_width_is_the_least_that_reaches_it() -> None:
    plan = fl.plan_sample(0.01, width=0.01, cluster_size=8, icc=0.03)
    assert plan.expected_width <= 0.01
    assert plan.at(plan.n - 1).expected_width > 0.01
    assert plan.clusters == math.ceil(plan.n / 8)
    curve = plan.curve()
    assert (curve["expected_width"].diff().dropna() < 0).all()
    assert plan.curve([100, 200])["n"].tolist() == [100, 200]


def test_so_many_cases_with_a_chance() -> None:
    """Simple random sampling: the binomial tail by scipy, at the number planned and one below."""
    n = fl.plan_sample(0.003, cases=(5, 0.9)).n
    assert stats.binom.sf(4, n, 0.003) >= 0.9 > stats.binom.sf(4, n - 1, 0.003)


def test_everybody_interviewed_leaves_nothing_open() -> None:
    plan = fl.plan_sample(0.1, n=200, population=200)
    assert (plan.expected_width, plan.cv, plan.chance_of_none) == (0, 0, 0)


def test_power_is_what_simulated_rounds_find() -> None:
    """20,000 pairs of binomial rounds, Wald's test of the difference: the normal approximation within 0.01."""
    before, after, n, rng = 0.06, 0.04, 2_000, np.random.default_rng(5)
    one, two = rng.binomial(n, before, 20_000) / n, rng.binomial(n, after, 20_000) / n
    found = np.abs(one - two) / np.sqrt((one * (1 - one) + two * (1 - two)) / n) > 1.959964
    plan = fl.plan_change(before, after, n=n)
    np.testing.assert_allclose(plan.power, found.mean(), atol=0.01)
    np.testing.assert_allclose(plan.se, math.sqrt((0.06 * 0.94 + 0.04 * 0.96) / n))


def test_the_number_for_a_power() -> None:
    """(z_0.975 + z_0.8)² (p_1 q_1 + p_2 q_2)/(p_1 − p_2)², one side 1.645 (Fleiss, without pooling)."""
    z = stats.norm.ppf(0.975) + stats.norm.ppf(0.8)
    assert fl.plan_change(0.02, 0.01, power=0.8).n == math.ceil(z**2 * (0.02 * 0.98 + 0.01 * 0.99) / 0.01**2)
    one = stats.norm.ppf(0.95) + stats.norm.ppf(0.8)
    assert fl.plan_change(0.02, 0.01, power=0.8, sides=1).n == math.ceil(one**2 * (0.02 * 0.98 + 0.01 * 0.99) / 0.01**2)
    halved = fl.plan_change(0.02, 0.01, power=0.8, overlap=1.0, correlation=0.5)
    assert halved.n < 0.6 * fl.plan_change(0.02, 0.01, power=0.8).n
    plan = fl.plan_change(0.02, 0.015, n=2_316)
    np.testing.assert_allclose(fl.plan_change(0.02, 0.02 - plan.smallest, n=2_316).power, 0.8, rtol=1e-9)
    assert math.isnan(fl.plan_change(0.002, 0.001, n=50).smallest)


def test_few_units_cost_power() -> None:
    wide = fl.plan_change(0.2, 0.1, n=200, cluster_size=50, icc=0.0)
    assert wide.df == 3
    np.testing.assert_allclose(wide.se, math.sqrt((0.16 + 0.09) / 200))
    t = 0.1 / wide.se
    edge = stats.t.ppf(0.975, 3)
    np.testing.assert_allclose(wide.power, stats.t.cdf(t - edge, 3) + stats.t.cdf(-t - edge, 3))
    assert fl.plan_change(0.2, 0.1, n=50, cluster_size=50).power == 0


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"prevalence": 0.0, "n": 10}, "FL-EST-240"),
        ({"prevalence": 0.1, "n": 1}, "FL-EST-240"),
        ({"prevalence": 0.1, "n": 100, "icc": 0.1}, "FL-EST-240"),
        ({"prevalence": 0.1, "n": 100, "response": 0}, "FL-EST-240"),
        ({"prevalence": 0.1, "n": 100, "domains": 0}, "FL-EST-240"),
        ({"prevalence": 0.1, "n": 100, "level": 95}, "FL-EST-240"),
        ({"prevalence": 0.1, "width": 2}, "FL-EST-240"),
        ({"prevalence": 0.1, "cases": (0, 0.5)}, "FL-EST-240"),
        ({"prevalence": 0.1}, "FL-EST-241"),
        ({"prevalence": 0.1, "n": 10, "cv": 0.1}, "FL-EST-241"),
        ({"prevalence": 1e-7, "cv": 0.01}, "FL-EST-242"),
        ({"prevalence": 0.1, "n": 10, "interval": "exact"}, "FL-EST-16"),
    ],
)
def test_numbers_that_cannot_be(arguments: dict[str, Any], code: str) -> None:
    with pytest.raises(fl.FlError, match=rf"{code}\b"):
        fl.plan_sample(**arguments)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"before": 0.1, "after": 0.1, "n": 10}, "FL-EST-240"),
        ({"before": 0.1, "after": 1.2, "n": 10}, "FL-EST-240"),
        ({"before": 0.1, "after": 0.2, "n": 10, "overlap": 2}, "FL-EST-240"),
        ({"before": 0.1, "after": 0.2}, "FL-EST-241"),
        ({"before": 0.1, "after": 0.2, "n": 10, "power": 0.8}, "FL-EST-241"),
        ({"before": 1e-9, "after": 2e-9, "power": 0.8}, "FL-EST-242"),
    ],
)
def test_changes_that_cannot_be_planned(arguments: dict[str, Any], code: str) -> None:
    with pytest.raises(fl.FlError, match=rf"{code}\b"):
        fl.plan_change(**arguments)


def test_plans_show_themselves() -> None:
    plan = fl.plan_sample(0.01, n=1_000, cluster_size=10, icc=0.05)
    assert "expected_width" in repr(plan)
    assert "<th>expected_width</th>" in plan._repr_html_()
    assert plan.to_frame().shape[0] == 1
    change = fl.plan_change(0.02, 0.01, n=1_000)
    assert "power" in repr(change)
    assert "<table>" in change._repr_html_()
    assert change.to_frame()["n"].tolist() == [1_000]
