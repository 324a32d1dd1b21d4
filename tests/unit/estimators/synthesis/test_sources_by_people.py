"""Surveys are averaged by the people asked: by hand, refused where it cannot be, unbiased and covered where cases cluster."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import special, stats

import fl_estimate as fl
from fl_estimate.design.concentration import variance_of_squares
from fl_estimate.estimators.synthesis import counts

Drawn = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def survey(cases: int, n: int = 1000, units: int = 100, *, together: int = 1) -> fl.Estimates:
    """A survey with so many cases, `together` of them in a unit."""
    unit = np.arange(n) % units
    people = pd.DataFrame(
        {"ea": unit, "fl": ((np.arange(n) // units < together) & (unit < cases // together)).astype(int)}
    )
    return fl.estimate_prevalence(people, "fl", design=fl.Design(psu="ea", unweighted=True))


def row(estimates: fl.Estimates) -> Any:
    return estimates.to_frame().iloc[0]


def test_by_hand() -> None:
    one, two, none = survey(12, together=4), survey(5, n=2000), survey(0, n=3000)
    found = fl.synthesis.combine({"one": one, "two": two, "none": none})
    share = np.array([1, 2, 3]) / 6
    value = share[0] * one.value + share[1] * two.value
    variance = (share[0] * one.se) ** 2 + (share[1] * two.se) ** 2
    df_each = [one.to_frame()["df_effective"].iloc[0], two.to_frame()["df_effective"].iloc[0]]
    df = variance**2 / sum((a * e.se) ** 4 / d for a, e, d in zip(share, (one, two), df_each, strict=False))
    assert value == pytest.approx(17 / 6000)
    assert (row(found)["value"], row(found)["se"], row(found)["df"]) == pytest.approx((value, np.sqrt(variance), df))
    x = value**2 / variance * (stats.norm.ppf(0.975) / stats.t.ppf(0.975, df)) ** 2
    limits = (stats.gamma.ppf(0.025, x) * value / x, stats.gamma.ppf(0.975, x + 1) * value / x)
    assert (row(found)["lower"], row(found)["upper"]) == pytest.approx(limits)
    assert row(found)["interval_kind"] == "garwood"
    assert found.diagnostics["weights"] == {"one": [1 / 6], "two": [1 / 3], "none": [1 / 2]}
    assert "sources_by_people" in {a.code for a in found.assumptions}
    assert ("sources_without_cases", {"sources": 1}) in [(r.code, dict(r.parameters)) for r in found.reasons]
    thousand = fl.synthesis.combine([each.per_thousand() for each in (one, two, none)])
    assert thousand.value == pytest.approx(1000 * value)
    other = fl.synthesis.combine([one, two, none], interval="log")
    assert (other.value, row(other)["interval_kind"]) == (pytest.approx(value), "log")
    reach = np.exp(stats.t.ppf(0.975, df) * np.sqrt(variance) / value)
    assert (other.lower, other.upper) == pytest.approx((value / reach, value * reach))


def test_where_surveys_differ() -> None:
    """Two tenths of a per cent beside four per cent: the deviance of effective counts by hand."""
    few, many = survey(2), survey(40)
    found = fl.synthesis.combine([few, many])
    x = found.value**2 / found.se**2
    events = np.array([2, 40]) / 42 * x
    deviance = 2 * float(special.xlogy(events, events / (x / 2)).sum())
    assert found.diagnostics["q"] == pytest.approx([deviance])
    assert [r.code for r in found.reasons] == ["sources_differ"]


def test_no_case_anywhere_is_as_before() -> None:
    none = fl.synthesis.combine([survey(0), survey(0, n=2000)])
    assert (none.value, none.lower) == (0, 0)
    assert none.upper == pytest.approx(fl.synthesis.combine([survey(0), survey(0, n=2000)], scale="log").upper)


def test_only_of_surveys() -> None:
    some, figure = (
        survey(5),
        fl.synthesis.published(0.004, se=0.001, source="a report", quantity="prevalence", outcome="fl"),
    )
    # A figure without its respondents has nothing but its error to be weighed by.
    assert "sources_by_people" not in {a.code for a in fl.synthesis.combine([some, figure]).assumptions}
    with pytest.raises(fl.FlError, match=r"FL-EST-410[\s\S]*report"):
        fl.synthesis.combine({"survey": some, "report": figure}, scale="counts")
    with pytest.raises(fl.FlError, match=r"FL-EST-410[\s\S]*report"):
        fl.synthesis.combine({"survey": some, "report": figure}, scale="counts", method="random")
    call: Any = fl.synthesis.discrepancy
    with pytest.raises(fl.FlError, match="FL-EST-194"):
        call([some, survey(9)], scale="counts")


def drawn(rng: np.random.Generator, icc: float, sources: int, cases: float, times: int = 400) -> Drawn:
    """Surveys of 100 units of 20: values, errors and effective degrees of freedom by the formulas, and the truth."""
    units, size = 100, 20
    truth = cases / units / size
    odds = (1 - icc) / icc if icc else 0
    rate = rng.beta(truth * odds, (1 - truth) * odds, (times, sources, units)) if icc else truth
    share = rng.binomial(size, rate, (times, sources, units)) / size
    value = share.mean(axis=2)
    away = share - value[..., None]
    squares, fourth = (away**2).sum(axis=2), (away**4).sum(axis=2)
    with np.errstate(invalid="ignore"):
        df = 2 * squares**2 / variance_of_squares(np.full(squares.shape, float(units)), squares, fourth)
    return value, np.sqrt(squares / (units - 1) / units), np.fmin(df, units - 1), np.array(truth)


@pytest.mark.parametrize(("icc", "cases"), [(0.0, 4.0), (0.1, 4.0), (0.34, 10.0)])
def test_four_surveys_cover_without_bias(icc: float, cases: float) -> None:
    """On the log scale 93, 82 and 65 % of 2,000 were covered, and values 9 % too high, 12 and 21 % too low."""
    values, ses, dfs, truth = drawn(np.random.default_rng(11), icc, 4, cases)
    n, inside, means = np.full(4, 2000.0), [], []
    for value, se, df in zip(values, ses, dfs, strict=True):
        if value.any():
            found = counts.by_people(value, se, n, df, 0.95)
            inside.append(found.pooled.lower <= truth <= found.pooled.upper)
            means.append(found.pooled.value)
    assert np.mean(inside) >= 0.93
    # Three Monte Carlo standard errors of the mean of those with a case.
    assert np.mean(means) / truth - 1 == pytest.approx(0, abs=3 * float(np.std(means)) / float(truth) / 20)
