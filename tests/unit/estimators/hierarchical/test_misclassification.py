"""Misclassification: zero is admitted, priors of the instrument are pooled and fitted, a perfect instrument changes nothing, faults."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import special, stats

import fl_estimate as fl
from fl_estimate.errors import EstimateFault
from fl_estimate.estimators.hierarchical.model.misclassification_accuracy import read_accuracy

from .made import POPULATION, counts, direct

Prior = fl.hierarchical.Prior


def corrected(cases: Any = 12, n: Any = 1_500, **given: Any) -> fl.Estimates:
    settings: dict[str, Any] = {"sensitivity": (45, 5), "specificity": (995, 5), "draws": 500, "seed": 1}
    return fl.hierarchical.misclassification(cases, n, **settings | given)


def posterior(estimates: fl.Estimates) -> pd.DataFrame:
    frame = estimates.to_frame()
    return frame[frame["method"] == "misclassification"].reset_index(drop=True)


def test_a_nearly_perfect_instrument_leaves_the_beta_posterior() -> None:
    """Sensitivity and specificity of 1 within 1e-6: Beta(1 + y, 1 + n − y), whose quantiles scipy has."""
    found = corrected(30, 400, sensitivity=(1e7, 1.0), specificity=(1e8, 1.0))
    row = posterior(found).iloc[0]
    exact: Any = stats.beta(31, 371)
    for column, tail in (("lower", 0.025), ("value", 0.5), ("upper", 0.975)):
        assert row[column] == pytest.approx(exact.ppf(tail), rel=1e-3)
    assert row["se"] == pytest.approx(exact.std(), rel=1e-3)
    assert found.reasons == ()


def test_more_people_do_not_help_beyond_the_specificity() -> None:
    """A hundred times the survey with the same share narrows the interval by less than half, where it would by nine tenths."""
    width = [float((row := posterior(corrected(12 * k, 1_500 * k)).iloc[0])["upper"] - row["lower"]) for k in (1, 100)]
    assert 0.5 * width[0] < width[1] < width[0]


@pytest.mark.parametrize(("cases", "n"), [(0, 10), (10, 10), (0, 1_000_000), (400, 1_000_000), (1, 1)])
def test_extreme_counts_have_an_answer(cases: int, n: int) -> None:
    row = posterior(corrected(cases, n, interval="highest")).iloc[0]
    assert 0 <= row["lower"] <= row["value"] <= row["upper"] <= 1
    assert row["se"] > 0


def test_an_interval_of_highest_density_reaches_zero() -> None:
    found = corrected(3, 1_200, sensitivity=(18, 4), specificity=(990, 10), interval="highest")
    row = posterior(found).iloc[0]
    assert row["lower"] == 0
    assert row["interval_kind"] == "highest-density"
    assert [(r.row, r.code) for r in found.reasons] == [(0, "zero_not_excluded"), (1, "rogan_gladen_negative")]
    tailed = posterior(corrected(3, 1_200, sensitivity=(18, 4), specificity=(990, 10))).iloc[0]
    assert row["upper"] - row["lower"] < tailed["upper"] - tailed["lower"]


def test_a_specificity_that_the_data_rule_out_is_said() -> None:
    """2 of 20,000 where at least one in a hundred should be a false case."""
    found = corrected(2, 20_000, specificity=(990, 10))
    assert "specificity_conflict" in [reason.code for reason in found.reasons]


def test_rogan_and_gladen_by_hand() -> None:
    row = corrected().to_frame().iloc[1]
    q, se, sp = 12 / 1_500, 0.9, 0.995
    value = (q + sp - 1) / (se + sp - 1)
    variance = q * (1 - q) / 1_500 + value**2 * 0.9 * 0.1 / 51 + (1 - value) ** 2 * 0.995 * 0.005 / 1_001
    assert row["value"] == pytest.approx(value, rel=1e-12)
    assert row["se"] == pytest.approx(np.sqrt(variance) / (se + sp - 1), rel=1e-12)


def test_estimates_enter_with_their_effective_counts() -> None:
    national = direct().national
    row = national.frame.iloc[0]
    size = float(row["n"]) / max(float(row["deff"]), 1.0)
    same = posterior(corrected(float(row["value"]) * size, size)).iloc[0]
    found = posterior(corrected(national, None)).iloc[0]
    assert found["value"] == pytest.approx(same["value"], rel=1e-12)
    assert found["n"] == row["n"]
    assert found["outcome"] == "fl"


def test_validation_counts_and_experts() -> None:
    """K of n with a uniform density before it is Beta(1 + k, 1 + n − k); pools by their definition."""
    one = read_accuracy({"positive": 45, "n": 50}, "sensitivity", "linear")
    assert (one.a[0], one.b[0]) == (46, 6)
    experts = [(90, 10), (40, 2)]
    linear, log = (read_accuracy(experts, "specificity", pool) for pool in ("linear", "log"))
    assert linear.mean == pytest.approx((0.9 + 40 / 42) / 2)
    assert (log.a[0], log.b[0]) == (65, 6)
    # Disagreement stays in the mixture and is averaged away in the product.
    assert linear.variance > log.variance
    x = np.array([0.85, 0.95])
    both: Any = [stats.beta.pdf(x, *pair) for pair in experts]
    np.testing.assert_allclose(np.exp(linear.log_density(x)), np.mean(both, axis=0), rtol=1e-12)
    ratio = np.exp(log.log_density(x)) / np.sqrt(both[0] * both[1])
    assert ratio[0] == pytest.approx(ratio[1])


def test_an_expert_s_quantiles_are_met() -> None:
    a, b = fl.hierarchical.expert_beta({0.05: 0.90, 0.95: 0.99})
    np.testing.assert_allclose(special.betaincinv(a, b, [0.05, 0.95]), [0.90, 0.99], rtol=1e-6)
    found = posterior(corrected(sensitivity={"quantiles": {0.05: 0.8, 0.95: 0.95}})).iloc[0]
    assert found["value"] == pytest.approx(posterior(corrected()).iloc[0]["value"], rel=0.05)


def test_regions_share_one_instrument() -> None:
    found = corrected(counts(), None, population=POPULATION)
    frame = posterior(found)
    assert frame["margin"].tolist() == ["", *["district"] * 12]
    draws = np.asarray(found.draws)[:, (found.frame["method"] == "misclassification").to_numpy()]
    persons = POPULATION["population"].to_numpy()
    np.testing.assert_allclose(draws[:, 1:] @ persons / persons.sum(), draws[:, 0], rtol=1e-10)
    # Without a sample, or a case, there still is an answer, and its uncertainty is the larger.
    assert frame["se"].iloc[-1] > frame["se"].iloc[1]
    assert found.diagnostics["importance_pareto_k"] < 0.7
    assert "one_instrument" in [assumption.code for assumption in found.assumptions]


def test_regions_with_a_perfect_instrument_are_those_of_the_area_model() -> None:
    """Other code, the same posterior, within four standard errors of quantiles from as many draws as the points are worth."""
    prior = Prior(intercept="normal(-5, 1.5)", sigma="half-normal(1)")
    theirs = fl.hierarchical.area(counts(), prior=prior, seed=1, interval="equal-tailed").to_frame()
    found = corrected(counts(), None, sensitivity=(1e6, 1), specificity=(1e8, 1), prior=prior)
    ours, ess = posterior(found), found.diagnostics["importance_ess"]
    for column, height in (("value", 1.25), ("lower", 2.67), ("upper", 2.67)):
        assert (np.abs(ours[column] - theirs[column]) < 4 * height * theirs["se"] / np.sqrt(ess)).all(), column


def test_a_direct_figure_that_may_not_be_printed_is_not_printed_as_rogan_and_gladen_s() -> None:
    """It could be worked out from theirs: districts of up to four cases lose that row, and the posterior's, which stands on it."""
    frame = fl.publish([corrected(counts(), None)]).tables[0].frame
    crude = frame[frame["method"] == "rogan-gladen"]
    few = {
        name for name, cases in zip(counts()["district"], counts()["cases"], strict=True) if cases < 5 and name != "L"
    }  # nobody was asked in L
    assert few
    assert crude.loc[crude["district"].isin(few), ["value", "se", "lower", "cases"]].isna().all().all()
    assert set(frame.loc[frame["publication"] == "published", "district"]) == set(counts()["district"]) - few
    posterior = frame[frame["method"] == "misclassification"]
    assert posterior.loc[posterior["district"].isin(few), "value"].isna().all()
    assert posterior.loc[~posterior["district"].isin(few), "value"].notna().all()


@pytest.mark.parametrize(
    ("code", "cases", "n", "given"),
    [
        ("FL-EST-110", 1, 10, {"sensitivity": 0.9}),
        ("FL-EST-110", 1, 10, {"specificity": (0, 5)}),
        ("FL-EST-110", 1, 10, {"specificity": []}),
        ("FL-EST-110", 1, 10, {"sensitivity": {"positive": 60, "n": 50}}),
        ("FL-EST-110", 1, 10, {"sensitivity": {"quantiles": {0.5: 0.9}}}),
        ("FL-EST-111", 1, 10, {"sensitivity": (5, 45), "specificity": (5, 45)}),
        ("FL-EST-112", 11, 10, {}),
        ("FL-EST-112", 1, None, {}),
        ("FL-EST-113", 1, 10, {"pool": "median"}),
        ("FL-EST-114", 1, 10, {"interval": "wald"}),
        ("FL-EST-115", 1, 10, {"prior": (0, 1)}),
        ("FL-EST-115", 1, 10, {"prior": Prior()}),
        ("FL-EST-50", 1, 10, {"level": 95}),
    ],
)
def test_faults(code: str, cases: Any, n: Any, given: dict[str, Any]) -> None:
    with pytest.raises(EstimateFault) as caught:
        corrected(cases, n, **given)
    assert caught.value.code == code


def test_faults_of_regions() -> None:
    for n, given, code in (
        (100, {}, "FL-EST-112"),
        (None, {"prior": (1, 1)}, "FL-EST-115"),
        (None, {"prior": Prior(sigma="flat")}, "FL-EST-115"),
    ):
        with pytest.raises(EstimateFault) as caught:
            corrected(counts(), n, **given)
        assert caught.value.code == code
