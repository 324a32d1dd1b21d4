"""Several methods in one place: ratios by hand, the meta-analysis against quadrature, methods that nothing connects refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import fl_estimate as fl
from tests.unit.reporting.few import DESIGN, few

FIGURES = pd.DataFrame(
    [
        ("North", "survey", 0.20, 0.02), ("North", "network", 0.26, 0.03), ("South", "survey", 0.10, 0.01),
        ("South", "network", 0.12, 0.02), ("South", "lists", 0.08, 0.02),
    ],
    columns=["site", "method", "value", "se"],
)  # fmt: skip


def few_of_compare_methods() -> fl.Estimates:
    one = fl.estimate_prevalence(few(), "fl", design=DESIGN)
    return fl.hidden.compare_methods({"weighted": one, "again": one}, benchmark="weighted")


def test_side_by_side_every_figure_stands_with_its_ratio_to_the_benchmark() -> None:
    """Ratio b/a with CV² = CV_a² + CV_b² and log limits."""
    side = fl.hidden.compare_methods(figures=FIGURES, benchmark="survey").to_frame()
    assert side[["site", "term", "value"]].to_numpy().tolist() == [
        ["North", "survey", 0.2], ["North", "network", 0.26], ["South", "survey", 0.1], ["South", "lists", 0.08], ["South", "network", 0.12],
    ]  # fmt: skip
    rows = fl.hidden.compare_methods(figures=FIGURES, benchmark="survey", rows="bias").to_frame()
    assert rows["quantity"].tolist() == ["quotient"] * 3
    ratio = rows[rows["site"] == "North"].iloc[0]
    cv = np.hypot(0.1, 0.03 / 0.26)
    assert ratio["value"] == pytest.approx(1.3)
    assert ratio["se"] == pytest.approx(1.3 * cv)
    assert ratio["upper"] == pytest.approx(1.3 * np.exp(stats.norm.ppf(0.975) * cv))
    assert (rows["basis"] == "figures").all()
    mixed = fl.hidden.compare_methods(
        figures=FIGURES.sample(frac=1, random_state=1), benchmark="survey", rows="bias"
    ).to_frame()
    pd.testing.assert_frame_equal(mixed, rows)


def test_estimates_keep_their_basis_and_support() -> None:
    found = few_of_compare_methods()
    assert set(found.frame["basis"]) == {"respondents"}
    assert found.support.cases.tolist() == [1.0, 1.0]
    nested = fl.hidden.compare_methods({"A": {"w": fl.estimate_prevalence(few(), "fl", design=DESIGN)},
                                        "B": {"w": fl.estimate_prevalence(few(), "fl", design=DESIGN)}}, benchmark="w")  # fmt: skip
    assert nested.to_frame()["site"].tolist() == ["A", "B"]


@pytest.mark.parametrize(
    ("change", "code", "told"),
    [
        ({"benchmark": "census"}, "FL-EST-581", "census"),
        ({"figures": FIGURES.assign(value=FIGURES["value"] * 100)}, "FL-EST-580", "proportions, not per cent"),
        ({"figures": FIGURES.assign(se=0.0)}, "FL-EST-580", "without a standard error"),
        ({"figures": FIGURES.assign(value=-1.0)}, "FL-EST-580", "not above 0"),
        ({"figures": pd.concat([FIGURES, FIGURES.iloc[:1]])}, "FL-EST-580", "stand there already"),
        ({"figures": FIGURES.iloc[:1]}, "FL-EST-580", "fewer than two"),
        ({"figures": FIGURES.drop(columns="se")}, "FL-EST-580", "se"),
        ({"figures": 3}, "FL-EST-580", "int"),
        ({"figures": None}, "FL-EST-580", "None"),
        ({"estimates": {"a": 1}}, "FL-EST-580", "estimates and figures"),
        ({"model": "other"}, "FL-EST-583", ""),
        ({"rows": "other"}, "FL-EST-583", ""),
        ({"quantity": "mean"}, "FL-EST-583", ""),
        ({"level": 2}, "FL-EST-583", "level"),
        ({"draws": 3}, "FL-EST-583", "draws"),
        ({"bias_scale": 0}, "FL-EST-583", "bias_scale"),
        ({"between_sites": -1}, "FL-EST-583", "between_sites"),
        ({"bias_centre": {"network": 0}}, "FL-EST-583", "bias_centre"),
        ({"model": "bias", "bias_centre": {"survey": 2.0}}, "FL-EST-583", "no bias to estimate"),
        ({"model": "bias", "benchmark": "lists", "figures": FIGURES.iloc[[0, 1, 4]]}, "FL-EST-582", "network"),
    ],
)
def test_what_cannot_be_compared_is_refused(change: dict[str, Any], code: str, told: str) -> None:
    given: dict[str, Any] = {"figures": FIGURES, "benchmark": "survey"}
    with pytest.raises(fl.FlError, match=code) as caught:
        fl.hidden.compare_methods(**given | change)
    assert told in str(caught.value)


def test_estimates_of_several_quantities_are_refused() -> None:
    share = fl.estimate_prevalence(few(), "fl", design=DESIGN)
    total = fl.estimate_total(few(), "fl", design=DESIGN)
    with pytest.raises(fl.FlError, match="FL-EST-580"):
        fl.hidden.compare_methods({"a": share, "b": total}, benchmark="a")


@pytest.mark.slow
def test_the_meta_analysis_is_the_posterior_by_quadrature() -> None:
    """Three methods at one site: p(log b₁, log b₂, α) on a grid; medians and limits within 4 Monte Carlo errors of 4,000 draws."""
    figures = FIGURES[FIGURES["site"] == "South"]
    found = fl.hidden.compare_methods(
        figures=figures, benchmark="survey", model="bias", rows="bias", bias_scale=0.8, seed=1
    )
    alpha = np.linspace(0.04, 0.18, 701)
    log_b = np.linspace(-3.5, 3.5, 1401)
    of_alpha = np.exp(-0.5 * ((0.10 - alpha) / 0.01) ** 2)
    for name, value, se in (("network", 0.12, 0.02), ("lists", 0.08, 0.02)):
        joint = np.exp(-0.5 * ((value - np.exp(log_b)[:, None] * alpha) / se) ** 2 - 0.5 * (log_b[:, None] / 0.8) ** 2)
        other = [(0.12, 0.02), (0.08, 0.02)][name == "network"]
        rest = np.exp(
            -0.5 * ((other[0] - np.exp(log_b)[:, None] * alpha) / other[1]) ** 2 - 0.5 * (log_b[:, None] / 0.8) ** 2
        ).sum(axis=0)
        density = (joint * of_alpha * rest).sum(axis=1)
        cdf = np.cumsum(density) / density.sum()
        row = found.select(term=name)
        draws = np.asarray(found.draws)[:, [str(t) for t in found.to_frame()["term"]].index(name)]
        for wanted in (0.05, 0.5, 0.95):
            at = float(np.interp(wanted, cdf, log_b))
            assert abs((np.log(draws) <= at).mean() - wanted) < 4 * np.sqrt(wanted * (1 - wanted) / 800)
        assert row.lower < row.value < row.upper


@pytest.mark.slow
def test_biases_are_recovered_over_sites() -> None:
    """Eight sites, a method 1.5 times too high: its interval holds 1.5, and sites without the benchmark are corrected."""
    rng = np.random.default_rng(5)
    rows: list[tuple[str, str, float, float]] = []
    truth = rng.uniform(0.1, 0.4, 8)
    for i, alpha in enumerate(truth):
        if i > 1:
            rows.append((f"s{i}", "survey", alpha + 0.01 * rng.standard_normal(), 0.01))
        rows.append((f"s{i}", "network", 1.5 * alpha + 0.015 * rng.standard_normal(), 0.015))
    figures = pd.DataFrame(rows, columns=["site", "method", "value", "se"])
    found = fl.hidden.compare_methods(
        figures=figures, benchmark="survey", model="bias", rows="bias", between_sites=0.2, seed=2
    )
    lower, upper = found.interval
    assert lower < 1.5 < upper
    found = fl.hidden.compare_methods(figures=figures, benchmark="survey", model="bias", between_sites=0.2, seed=2)
    corrected = found.select(term="corrected").to_frame()
    inside = (corrected["lower"].to_numpy() <= truth) & (truth <= corrected["upper"].to_numpy())
    assert inside.sum() >= 6
    people = fl.hidden.compare_methods(
        figures=figures.assign(value=figures["value"] * 1e5, se=figures["se"] * 1e5), benchmark="survey", model="bias",
        rows="bias", quantity="total", seed=2,
    )  # fmt: skip
    assert people.value == pytest.approx(1.5, abs=0.1)
