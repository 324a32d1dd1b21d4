"""Service multiplier: M/p by hand with the error of the design, several services weighed, and what cannot be refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import optimize, stats

import fl_estimate as fl
from fl_estimate.estimators.hidden.service_multiplier import combined
from tests.unit.reporting.few import DESIGN, few


def few_of_service_multiplier() -> fl.Estimates:
    return fl.hidden.service_multiplier(fl.estimate_prevalence(few(), "fl", design=DESIGN), 120)


def people() -> pd.DataFrame:
    rng, rows = np.random.default_rng(1), np.arange(240)
    return pd.DataFrame({
        "w": 1.0 + rows % 3, "ea": rows // 12, "region": np.where(rows % 2, "north", "south"),
        **{name: (rng.random(240) < chance).astype(int) for name, chance in (("shelter", 0.2), ("hotline", 0.3), ("clinic", 0.4))},
    })  # fmt: skip


CLUSTERED = fl.Design(weights="w", psu="ea")


def share(column: str = "shelter", **more: Any) -> fl.Estimates:
    return fl.estimate_prevalence(people(), column, design=CLUSTERED, **more)


def test_size_and_error_are_those_of_the_weighted_share() -> None:
    """N = M/p, se = N se(p)/p, log limits with t of the survey's degrees of freedom: the formula by hand."""
    p, made = share(), fl.hidden.service_multiplier(share(), 300)
    assert made.value == pytest.approx(300 / p.value, rel=1e-12)
    assert made.se == pytest.approx(made.value * p.se / p.value, rel=1e-12)
    df = float(p.frame["df"].iloc[0])
    reach = np.exp(stats.t.ppf(0.975, df) * p.se / p.value)
    assert made.interval == pytest.approx((made.value / reach, made.value * reach), rel=1e-9)
    plain = fl.estimate_prevalence(people(), "shelter", design=fl.Design(unweighted=True))
    assert abs(p.value - plain.value) > 1e-6  # the weights matter here
    assert made.frame["basis"].tolist() == ["respondents"]
    assert made.support.cases.tolist() == p.support.cases.tolist()


def test_a_count_with_an_error_adds_it_and_correlation_takes_off() -> None:
    p = share()
    count = fl.synthesis.published(300, se=30, source="a register")
    for rho in (0.0, 0.5):
        made = fl.hidden.service_multiplier(p, count, correlation=rho)
        first, second = 0.1, p.se / p.value
        wanted = np.sqrt(first**2 + second**2 - 2 * rho * first * second)
        assert made.se / made.value == pytest.approx(wanted, rel=1e-9)


def test_domains_give_a_size_each() -> None:
    made = fl.hidden.service_multiplier(share(by="region").select(region="north"), 100)
    assert made.value == pytest.approx(100 / share(by="region")["north"].value)
    rows = fl.hidden.service_multiplier(share(by="region"), 100)
    assert len(rows) == 3


def test_services_are_combined_by_paule_and_mandel() -> None:
    """τ² solves Q(τ²) = k − 1; without correlation Q is the usual one. Solved here by another search."""
    logs, cv = np.log([500.0, 900.0, 1_500.0]), np.array([0.1, 0.15, 0.2])
    made = combined(logs, cv, 0.0)

    def q(tau2: float) -> float:
        w = 1 / (cv**2 + tau2)
        return float((w * (logs - (w * logs).sum() / w.sum()) ** 2).sum())

    solved: Any = optimize.minimize_scalar(
        lambda t: (q(t) - 2) ** 2, bounds=(0, 5), method="bounded", options={"xatol": 1e-12}
    )
    tau2 = float(solved.x)
    w = 1 / (cv**2 + tau2)
    assert made["tau"] == pytest.approx(np.sqrt(tau2), rel=1e-4)
    assert made["log"] == pytest.approx((w * logs).sum() / w.sum(), rel=1e-5)
    assert made["se"] == pytest.approx(w.sum() ** -0.5, rel=1e-4)
    assert made["q"] == pytest.approx(q(0.0), rel=1e-9)


def test_services_that_differ_are_said_to() -> None:
    shares = {"shelter": share(), "hotline": share("hotline"), "clinic": share("clinic")}
    agree = {name: 1_000 * one.value for name, one in shares.items()}
    same = fl.hidden.service_multiplier(shares, agree)
    assert same.to_frame()["value"].to_numpy() == pytest.approx(np.full(4, 1_000.0), rel=1e-9)
    assert same.diagnostics["tau"] == 0
    assert same.reasons == ()
    other = fl.hidden.service_multiplier(shares, {**agree, "clinic": agree["clinic"] * 4}, correlation=0.3)
    assert other.diagnostics["largest_over_smallest"] == pytest.approx(4)
    assert other.diagnostics["p"] < 0.01
    assert [str(one.code) for one in other.reasons if one.row == 0] == ["sources_differ"]
    frame = other.to_frame()
    assert frame["service"].dropna().tolist() == ["shelter", "hotline", "clinic"]
    # One degree of freedom less than services, and between the smallest and the largest.
    assert frame["df"].tolist()[0] == 2
    assert frame["value"][1:].min() < frame["value"][0] < frame["value"][1:].max()


def test_order_and_names_of_services_do_not_matter() -> None:
    shares, counts = {"a": share(), "b": share("hotline")}, {"a": 200, "b": 400}
    one = fl.hidden.service_multiplier(shares, counts)
    two = fl.hidden.service_multiplier(dict(reversed(shares.items())), counts)
    assert one.to_frame()["value"][0] == pytest.approx(two.to_frame()["value"][0], rel=1e-12)


def test_a_share_that_is_hardly_known_is_said() -> None:
    rare = people().assign(shelter=lambda f: (f.index < 3).astype(int))
    made = fl.hidden.service_multiplier(fl.estimate_prevalence(rare, "shelter", design=CLUSTERED), 10)
    assert [str(one.code) for one in made.reasons] == ["share_imprecise"]


@pytest.mark.parametrize(
    ("given", "count", "code"),
    [
        (lambda: 0.2, 100, "FL-EST-578"),
        (lambda: fl.estimate_prevalence(people().assign(shelter=0), "shelter", design=CLUSTERED), 100, "FL-EST-578"),
        (share, 0.5, "FL-EST-578"),
        (share, {"a": 10}, "FL-EST-578"),
        (lambda: {"a": share()}, {"a": 10}, "FL-EST-578"),
        (lambda: {"a": share(), "b": share("hotline")}, {"a": 10}, "FL-EST-578"),
        (lambda: {"a": share(), "b": share("hotline")}, {"a": 10, "c": 20}, "FL-EST-578"),
        (lambda: fl.estimate_mean(people(), "w", design=CLUSTERED), 100, "FL-EST-186"),
        (
            lambda: share(by="region"),
            fl.synthesis.published(0.5, se=0.1, source="x", quantity="prevalence"),
            "FL-EST-186",
        ),
    ],
)
def test_shares_and_counts_that_do_not_go_together_are_refused(given: Any, count: Any, code: str) -> None:
    with pytest.raises(fl.FlError, match=code):
        fl.hidden.service_multiplier(given(), count)


def test_the_interval_covers_and_the_value_is_nearly_unbiased() -> None:
    """A hundred samples of 300 from 2,000 people, a quarter of whom were served: coverage of 95 % within 4 Monte Carlo errors."""
    rng = np.random.default_rng(3)
    served = np.arange(2_000) < 500
    inside, values = 0, np.empty(100)
    for row in range(100):
        chosen = pd.DataFrame({"s": served[rng.choice(2_000, 300, replace=False)].astype(int), "f": 2_000})
        made = fl.hidden.service_multiplier(fl.estimate_prevalence(chosen, "s", design=fl.Design(fpc="f")), 500)
        inside += made.lower <= 2_000 <= made.upper
        values[row] = made.value
    assert inside >= 95 - 4 * 2.2
    # E(1/p) is larger than 1/E(p) by CV²; the mean is within 3 standard errors of that.
    cv = np.std(values) / np.mean(values)
    assert abs(values.mean() / 2_000 - 1 - cv**2) < 3 * cv / 10
