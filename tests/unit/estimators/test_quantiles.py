"""Quantiles by every rule as numpy has them, limits that hold the truth, and what cannot be asked is refused."""

from __future__ import annotations

from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pytest

import fl_estimate as fl
from fl_estimate.design.quantile_rules import RULES, quantiles

DESIGN = fl.Design(weights="w", strata="stratum", psu="ea")
NUMPY: dict[str, Any] = {
    "math": "inverted_cdf", "hf1": "inverted_cdf", "school": "averaged_inverted_cdf", "hf2": "averaged_inverted_cdf",
    "hf4": "interpolated_inverted_cdf", "hf5": "hazen", "hf6": "weibull", "hf7": "linear", "hf8": "median_unbiased",
    "hf9": "normal_unbiased",
}  # fmt: skip
SHARES = np.array([0.03, 0.1, 0.25, 0.4, 0.5, 0.75, 0.9, 0.99])


def people(n: int = 400) -> pd.DataFrame:
    rng = np.random.default_rng(8)
    frame = pd.DataFrame({"stratum": np.repeat(["a", "b"], n // 2), "ea": np.repeat(np.arange(20), n // 20)})
    frame = frame.assign(
        w=rng.uniform(5, 30, n),
        region=rng.choice(["N", "S", "E"], n),
        sex=rng.integers(1, 3, n),
        wage=rng.gamma(3, 20, n).round(1),
    )
    return frame


@pytest.mark.parametrize("rule", sorted(NUMPY))
def test_equal_weights_give_the_types_of_hyndman_and_fan(rule: str) -> None:
    """Numpy 2.5, numpy.quantile(method=…), with ties."""
    for n in (1, 2, 7, 40):
        x = np.sort(np.random.default_rng(n).integers(0, 30, n)).astype(float)
        given: Any = (x, np.full(n, 3.7))
        if rule in ("math", "hf1", "school", "hf2"):
            values, counts = np.unique(x, return_counts=True)
            given = (values, counts * 3.7)
        ours = quantiles(rule, given[0], given[1], SHARES)
        np.testing.assert_allclose(ours, np.quantile(x, SHARES, method=NUMPY[rule]), rtol=1e-12)


@pytest.mark.parametrize("rule", RULES)
def test_whole_weights_are_rows_written_out(rule: str) -> None:
    """The least value that a share of the people do not exceed: the discrete rules cannot tell weights from rows."""
    x, w = np.array([1.0, 2, 4, 7, 9]), np.array([3, 1, 4, 1, 5])
    rows = np.sort(np.repeat(x, w))
    if rule in ("math", "hf1", "school", "hf2"):
        expected = np.quantile(rows, SHARES, method=NUMPY[rule])
        np.testing.assert_array_equal(quantiles(rule, x, w.astype(float), SHARES), expected)
    found = quantiles(rule, x, w.astype(float), np.array([0.0, 1.0, -0.1, 1.1, np.nan]))
    assert found[0] == 1
    assert found[1] == 9
    assert np.isnan(found[2:]).all()
    assert (np.diff(quantiles(rule, x, w.astype(float), np.linspace(0, 1, 101))) >= 0).all()


def test_a_share_reached_but_for_rounding_is_reached() -> None:
    """0.1 + 0.2 is not 0.3 to a computer: the order in which weights are added must not move the quantile."""
    x = np.arange(10.0)
    for w in (np.full(10, 0.1), np.full(10, 30.97), np.full(10, 1 / 3)):
        assert quantiles("math", x, w, np.array([0.3])).item() == 2
        assert quantiles("school", x, w, np.array([0.3])).item() == 2.5
        assert quantiles("hf3", x, w, np.array([0.3, 0.4])).tolist() == [3, 3]


@pytest.mark.parametrize("rule", RULES)
def test_engines_agree_where_no_value_is_met_twice(rule: Any) -> None:
    frame = people().assign(wage=np.random.default_rng(4).gamma(3, 20, 400))
    call: dict[str, Any] = {"design": DESIGN, "by": [["region"], ["region", "sex"]], "rule": rule}
    first = fl.estimate_quantile(frame, "wage", [0.25, 0.5], **call).to_frame()
    for other in (pl.from_pandas(frame).lazy(), duckdb.connect().from_df(frame)):
        again = fl.estimate_quantile(other, "wage", [0.25, 0.5], **call).to_frame()
        for name in ("value", "se", "lower", "upper"):
            np.testing.assert_allclose(first[name], again[name], rtol=1e-12)


def test_discrete_rules_take_rows_in_any_order() -> None:
    frame = people()
    for rule in ("math", "school", "hf3", "shah-vaish"):
        first = fl.estimate_quantile(frame, "wage", [0.1, 0.5], design=DESIGN, by="region", rule=rule).to_frame()
        shuffled = frame.sample(frac=1, random_state=3)
        again = fl.estimate_quantile(shuffled, "wage", [0.1, 0.5], design=DESIGN, by="region", rule=rule).to_frame()
        if rule != "shah-vaish":
            np.testing.assert_allclose(first["value"], again["value"], rtol=1e-12)
        else:
            np.testing.assert_allclose(first["value"], again["value"], rtol=0.02)


def test_woodruff_is_laid_about_p() -> None:
    frame = people()
    frame["days"] = np.clip(np.round(frame["wage"] / 40), 0, 7)
    row = fl.estimate_quantile(frame, "days", 0.5, design=DESIGN).to_frame().iloc[0]
    shares = {
        name: fl.estimate_mean(frame.assign(one=one * 1.0), "one", design=DESIGN).to_frame().iloc[0]["se"]
        for name, one in (("below", frame["days"] < row["value"]), ("at", frame["days"] <= row["value"]))
    }
    ordered = frame.sort_values("days")
    reached = ordered["w"].cumsum() / ordered["w"].sum()
    t = 2.10092204  # of 18 degrees of freedom
    low = ordered.loc[reached >= 0.5 - t * shares["below"], "days"].iloc[0]
    high = ordered.loc[reached >= 0.5 + t * shares["at"], "days"].iloc[0]
    assert (row["lower"], row["upper"]) == (low, high)
    assert row["interval_kind"] == "woodruff"


@pytest.mark.slow
@pytest.mark.parametrize("share", [0.1, 0.9])
def test_quantiles_of_whole_numbers_are_covered(share: float) -> None:
    # Days worked a week, binomial(7, 0.7), 12 units of 10 people, correlated ranks; 100 samples, three standard errors 6.5 points.
    from scipy import stats

    truth, covered, by_share = stats.binom.ppf(share, 7, 0.7), 0, 0
    for seed in range(100):
        rng = np.random.default_rng(seed)
        rank = stats.norm.cdf(np.repeat(rng.normal(0, 0.1**0.5, 12), 10) + rng.normal(0, 0.9**0.5, 120))
        frame = pd.DataFrame({"ea": np.repeat(np.arange(12), 10), "days": stats.binom.ppf(rank, 7, 0.7)})
        design = fl.Design(psu="ea", unweighted=True)
        for kind in ("woodruff", "mean"):
            row = fl.estimate_quantile(frame, "days", share, design=design, interval=kind).to_frame().iloc[0]
            inside = not (row["lower"] > truth or row["upper"] < truth)
            covered, by_share = covered + (kind == "woodruff" and inside), by_share + (kind == "mean" and inside)
    assert covered / 100 >= 0.885
    if share == 0.9:
        assert by_share / 100 < 0.885


def test_woodruff_about_the_share_by_hand() -> None:
    frame = people()
    row = fl.estimate_quantile(frame, "wage", 0.5, design=DESIGN, interval="mean").to_frame().iloc[0]
    below = fl.estimate_mean(
        frame.assign(below=(frame["wage"] <= row["value"]) * 1.0), "below", design=DESIGN
    ).to_frame()
    ordered = frame.sort_values("wage")
    share = ordered["w"].cumsum() / ordered["w"].sum()
    low = ordered.loc[share >= below["lower"].iloc[0], "wage"].iloc[0]
    high = ordered.loc[share >= below["upper"].iloc[0], "wage"].iloc[0]
    assert (row["lower"], row["upper"]) == (low, high)
    assert row["se"] == pytest.approx((high - low) / (2 * 2.10092204), rel=1e-7)  # t of 18 degrees of freedom
    assert row["term"] == "0.5"


def test_domains_are_those_of_rows_filtered_but_the_design_is_whole() -> None:
    frame = people()
    by = fl.estimate_quantile(frame, "wage", 0.5, design=DESIGN, by=["region", "sex"]).to_frame()
    cell = by[(by["region"] == "N").fillna(False) & (by["sex"] == 2).fillna(False)].iloc[0]
    where = (
        fl.estimate_quantile(frame, "wage", 0.5, design=DESIGN, where="region == 'N' and sex == 2").to_frame().iloc[0]
    )
    for name in ("value", "se", "lower", "upper", "n", "df"):
        assert cell[name] == where[name]
    inside = frame[(frame["region"] == "N") & (frame["sex"] == 2)].sort_values("wage")
    share = inside["w"].cumsum() / inside["w"].sum()
    assert cell["value"] == inside.loc[share >= 0.5, "wage"].iloc[0]


def test_missing_values_and_missing_domains() -> None:
    frame = people()
    frame.loc[::7, "wage"] = np.nan
    frame.loc[::9, "region"] = None
    with pytest.raises(fl.FlError, match="FL-EST-07"):
        fl.estimate_quantile(frame, "wage", design=DESIGN)
    found = fl.estimate_quantile(frame, "wage", design=DESIGN, by="region", unknown="exclude").to_frame()
    assert found["n"].iloc[0] == frame["wage"].notna().sum()
    last = found.iloc[-1]
    assert last["n"] == (frame["wage"].notna() & frame["region"].isna()).sum()
    inside = frame[frame["wage"].notna() & frame["region"].isna()].sort_values("wage")
    assert last["value"] == inside.loc[inside["w"].cumsum() / inside["w"].sum() >= 0.5, "wage"].iloc[0]


def test_empty_domains_and_single_values() -> None:
    frame = people().assign(region=lambda f: pd.Categorical(f["region"], categories=["N", "S", "E", "W"]))
    frame.loc[frame["region"] == "E", "wage"] = 50.0
    found = fl.estimate_quantile(frame, "wage", [0.5, 0.99], design=DESIGN, by="region")
    table = found.to_frame()
    west = table[(table["region"] == "W").fillna(False)]
    assert west["value"].isna().all()
    assert west["n"].eq(0).all()
    assert {r.code for r in found.reasons if r.row in west.index} == {"no_rows"}
    east = table[(table["region"] == "E").fillna(False)]
    assert east[["value", "lower"]].eq(50).all(axis=None)
    # Of so many people half would have shown a larger value, if half had one; a hundredth would not.
    assert east["upper"].iloc[0] == 50
    assert np.isnan(east["upper"].iloc[1])
    assert east["se"].iloc[0] == 0
    assert {r.code for r in found.reasons if r.row == east.index[1]} == {"quantile_beyond_values"}


def test_a_limit_beyond_all_values_is_missing_and_says_so() -> None:
    frame = people().head(20).assign(stratum="a", ea=np.arange(20))
    found = fl.estimate_quantile(frame, "wage", [0.02, 0.97], design=DESIGN)
    codes = {r.code for r in found.reasons}
    assert codes == {"quantile_beyond_values"}
    assert found.to_frame()["se"].isna().any()
    beta = fl.estimate_quantile(frame, "wage", 0.97, design=DESIGN, interval="beta").to_frame()
    assert beta["lower"].notna().all()


def test_replicates_and_linearisation_are_near_each_other() -> None:
    frame = people(4000).assign(ea=np.arange(4000) // 40)
    made = fl.replicate(frame, design=DESIGN, kind="rao-wu", replicates=300, seed=1)
    taylor = fl.estimate_quantile(frame, "wage", [0.25, 0.5], design=DESIGN).to_frame()
    wald = fl.estimate_quantile(frame, "wage", [0.25, 0.5], design=made, interval="wald").to_frame()
    inverted = fl.estimate_quantile(frame, "wage", [0.25, 0.5], design=made).to_frame()
    np.testing.assert_allclose(wald["se"], taylor["se"], rtol=0.25)
    np.testing.assert_allclose(inverted["se"], taylor["se"], rtol=0.25)
    assert wald["interval_kind"].eq("wald").all()


def test_calibrated_weights_and_their_replicates() -> None:
    frame = people(2000).assign(ea=np.arange(2000) // 20)
    totals = {"sex": {1: 17_000, 2: 18_000}}
    found, design = fl.calibrate(frame, totals, design=DESIGN)
    first = fl.estimate_quantile(found, "wage", design=design).to_frame().iloc[0]
    made = fl.replicate(frame, design=DESIGN, kind="rao-wu", replicates=200, seed=1)
    found, design = fl.calibrate(frame, totals, design=made)
    for kind in ("woodruff", "wald"):
        other = fl.estimate_quantile(found, "wage", design=design, interval=kind).to_frame().iloc[0]
        assert other["value"] == first["value"]
        assert other["se"] == pytest.approx(first["se"], rel=0.35)


def test_the_gap_between_medians_has_a_standard_error() -> None:
    frame = people()
    by_sex = fl.estimate_quantile(frame, "wage", design=DESIGN, by="sex")
    gap = fl.contrast(by_sex, {"sex": (1, 2)}).to_frame().iloc[0]
    rows = by_sex.to_frame()[lambda f: f["margin"] == "sex"]
    assert gap["value"] == rows["value"].iloc[0] - rows["value"].iloc[1]
    # both sexes live in the same areas: the errors are not far from independent ones
    assert gap["se"] == pytest.approx(np.hypot(*rows["se"]), rel=0.4)


@pytest.mark.parametrize(
    ("code", "arguments"),
    [
        ("FL-EST-201", {"probabilities": 1.2}),
        ("FL-EST-201", {"probabilities": []}),
        ("FL-EST-202", {"rule": "hf10"}),
        ("FL-EST-203", {"interval": "wald"}),
        ("FL-EST-16", {"interval": "logit"}),
        ("FL-EST-13", {"unknown": "bounds"}),
        ("FL-EST-08", {"variable": "when"}),
    ],
)
def test_refused(code: str, arguments: dict[str, Any]) -> None:
    given: dict[str, Any] = {"variable": "wage", "design": DESIGN, **arguments}
    frame = people().assign(when=pd.Timestamp("2026-01-01"))
    with pytest.raises(fl.FlError, match=code):
        fl.estimate_quantile(frame, given.pop("variable"), **given)
