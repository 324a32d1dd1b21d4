"""Sources are tested for discrepancy and weighted by precision; forms and reports are extended; rounds are compared with care."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import fl_estimate as fl

published = fl.synthesis.published


def row(estimates: fl.Estimates) -> Any:
    return estimates.to_frame().iloc[0]


def three() -> dict[str, fl.Estimates]:
    return {n: published(v, se=s, source=n) for n, v, s in (("a", 20.0, 3.0), ("b", 32.0, 4.0), ("c", 25.0, 5.0))}


def test_cochrans_q_and_the_weights_by_hand() -> None:
    y, w = np.array([20.0, 32, 25]), 1 / np.array([9.0, 16, 25])
    centre = (w * y).sum() / w.sum()
    q = (w * (y - centre) ** 2).sum()
    found = fl.synthesis.discrepancy(three())
    assert (found.statistic, found.df) == pytest.approx((q, 2))
    assert found.p_value == pytest.approx(float(stats.chi2.sf(q, 2)))
    assert found.i2 == pytest.approx(1 - 2 / q)
    assert found.pairs["difference"].tolist() == [-12, -5, 7]
    fixed = fl.synthesis.combine(three(), scale="identity")
    assert (row(fixed)["value"], row(fixed)["se"]) == pytest.approx((centre, np.sqrt(1 / w.sum())))
    tau2 = (q - 2) / (w.sum() - (w**2).sum() / w.sum())
    u = 1 / (1 / w + tau2)
    random = fl.synthesis.combine(three(), method="random", scale="identity")
    # Hartung and Knapp's q, here below 1: the error is that of the weights, with t of two degrees of freedom.
    spread = (u * (y - (u * y).sum() / u.sum()) ** 2).sum() / 2
    wanted = ((u * y).sum() / u.sum(), np.sqrt(max(1, spread) / u.sum()), 2)
    assert (row(random)["value"], row(random)["se"], row(random)["df"]) == pytest.approx(wanted)
    reach = stats.t.ppf(0.975, 1) * np.sqrt(tau2 + wanted[1] ** 2)
    assert random.diagnostics["prediction"][0] == pytest.approx([wanted[0] - reach, wanted[0] + reach])
    assert random.diagnostics["tau"][0] == pytest.approx(np.sqrt(tau2))


def test_on_the_log_by_default() -> None:
    found = fl.synthesis.combine(three())
    y, v = np.log([20.0, 32, 25]), np.array([3 / 20, 4 / 32, 5 / 25]) ** 2
    assert row(found)["value"] == pytest.approx(np.exp((y / v).sum() / (1 / v).sum()))
    assert row(found)["interval_kind"] == "log"
    assert {"sources_independent", "sources_fixed"} <= {a.code for a in found.assumptions}


def test_sources_that_differ_are_flagged() -> None:
    apart = {"a": published(20, se=1, source="a"), "b": published(40, se=1, source="b")}
    assert [r.code for r in fl.synthesis.combine(apart).reasons] == ["sources_differ"]
    near = {"a": published(20, se=1, source="a"), "b": published(21, se=1, source="b")}
    assert fl.synthesis.combine(near).reasons == ()
    assert fl.synthesis.combine(near, method="random").diagnostics["tau"] == [0.0]


def test_sources_that_cannot_be_combined() -> None:
    people = pd.DataFrame({"w": 10.0, "ea": [k // 4 for k in range(40)], "fl": [k % 5 == 0 for k in range(40)]}).astype(
        {"fl": int}
    )
    total = fl.estimate_total(people, "fl", design=fl.Design(weights="w", psu="ea", expands=True))
    call: Any = fl.synthesis.combine
    ok, other = published(20, se=1, source="a"), published(22, se=1, source="b")
    lists = fl.datasets.load("uk_2013_6").about(outcome="forced_labour")
    same = [fl.capture_recapture.loglinear(lists, t).select(quantity="population_size") for t in ("main", "two-way")]
    for sources, settings, code in (
        ([ok], {}, "FL-EST-193"),
        ([ok, 5.0], {}, "FL-EST-193"),
        ([ok, published(20, source="no error")], {}, "FL-EST-193"),
        (same, {}, "FL-EST-193"),
        ([published(-1, se=1, source="a"), other], {"scale": "log"}, "FL-EST-193"),
        ([ok, other], {"method": "bayes"}, "FL-EST-194"),
        ([ok, other], {"scale": "logit"}, "FL-EST-194"),
        ([ok, published(0.1, se=0.1, quantity="prevalence", source="b")], {}, "FL-EST-186"),
        ([ok, total], {}, "FL-EST-186"),
        (
            [published(1, se=1, source="a", measure="stock"), published(1, se=1, source="b", measure="flow")],
            {},
            "FL-EST-25",
        ),
    ):
        with pytest.raises(fl.FlError, match=code):
            call(sources, **settings)
    regions = fl.stack([published(v, se=1, by={"region": r}, source="a") for r, v in (("N", 10.0), ("S", 20.0))])
    with pytest.raises(fl.FlError, match="FL-EST-185"):
        fl.synthesis.discrepancy([regions, regions])
    both = fl.synthesis.combine([regions, fl.synthesis.add([regions])])
    assert both.to_frame()["region"].tolist() == ["N", "S"]


def test_extension_by_cases_and_its_curve() -> None:
    """400 labour and 100 sexual cases: a quarter; CV² = 0.01 + 1/100 + 1/400."""
    base = published(100_000, se=10_000, source="survey")
    cases = pd.DataFrame({"labour": [400], "sexual": [100]})
    one = row(fl.synthesis.extend_by_ratio(base, cases, known="labour", wanted="sexual"))
    assert (one["value"], one["se"]) == pytest.approx((25_000, 25_000 * np.sqrt(0.01 + 0.01 + 0.0025)))
    assert one["outcome"] == "sexual"
    curve = fl.synthesis.extend_by_ratio(
        base, cases, known="labour", wanted="sexual", detection_odds=[0.5, 2.0], outcome="fcse"
    )
    assert curve.to_frame()[["term", "value"]].to_numpy().tolist() == [["0.5", 50_000.0], ["2", 12_500.0]]
    wide = row(fl.synthesis.extend_by_ratio(base, cases, known="labour", wanted="sexual", overdispersion=4))
    assert wide["se"] == pytest.approx(25_000 * np.sqrt(0.01 + 0.05))


def test_extension_by_cells() -> None:
    base = fl.stack([published(v, se=v / 10, by={"region": r}, source="s") for r, v in (("N", 1000.0), ("S", 2000.0))])
    cases = pd.DataFrame({"region": ["S", "N"], "labour": [100, 50], "child": [50, 50]})
    found = fl.synthesis.extend_by_ratio(base, cases, known="labour", wanted="child").to_frame()
    assert found["region"].tolist()[1:] == ["N", "S"]
    assert found["value"].tolist() == pytest.approx([2000, 1000, 1000])
    assert found["se"].iloc[0] == pytest.approx(np.hypot(*found["se"].iloc[1:]))
    for wrong in (
        cases.assign(child=[0, 50]), cases.iloc[:1], pd.concat([cases, cases]), cases.drop(columns="child"), "cases",
    ):  # fmt: skip
        with pytest.raises(fl.FlError, match="FL-EST-192"):
            fl.synthesis.extend_by_ratio(base, wrong, known="labour", wanted="child")
    with pytest.raises(fl.FlError, match="FL-EST-188"):
        fl.synthesis.extend_by_ratio(base, cases, known="labour", wanted="child", detection_odds=0)
    share = published(0.1, se=0.01, quantity="prevalence", source="s")
    with pytest.raises(fl.FlError, match="FL-EST-186"):
        fl.synthesis.extend_by_ratio(share, cases.drop(columns="region").iloc[:1], known="labour", wanted="child")


@pytest.mark.parametrize("ratios", ["cells", "main-effects"])
def test_a_cell_that_the_base_has_twice_is_not_extended(ratios: Any) -> None:
    """Two surveys stacked: which of the two figures the cases extend is not for the library to say, and their sum counts twice."""
    two = fl.stack([published(1000, se=50, source="a"), published(1200, se=60, source="b")])
    cases = pd.DataFrame({"labour": [400], "sexual": [100]})
    with pytest.raises(fl.FlError, match="FL-EST-192") as caught:
        fl.synthesis.extend_by_ratio(two, cases, known="labour", wanted="sexual", ratios=ratios)
    assert "several rows of base: the nation" in str(caught.value)
    regions = fl.stack(
        [published(v, se=50, by={"region": r}, source="s") for v, r in ((900, "N"), (800, "S"), (700, "N"))]
    )
    cases = pd.DataFrame({"region": ["N", "S"], "labour": [400, 200], "sexual": [100, 50]})
    with pytest.raises(fl.FlError, match="FL-EST-192") as caught:
        fl.synthesis.extend_by_ratio(regions, cases, known="labour", wanted="sexual", ratios=ratios)
    assert "several rows of base: N" in str(caught.value)


def test_sparse_cells_borrow_from_those_like_them() -> None:
    """Main effects against statsmodels' GLM, and with one by-column the cells' own ratios and errors."""
    from statsmodels.api import GLM, families

    cells = [(r, s) for r in "NSE" for s in "fm"]
    base = fl.stack([published(1000, se=50, by={"region": r, "sex": s}, source="s") for r, s in cells])
    labour, sexual = np.array([40, 60, 30, 90, 5, 20.0]), np.array([30, 5, 25, 8, 4, 0.0])
    cases = pd.DataFrame(cells, columns=["region", "sex"]).assign(labour=labour, sexual=sexual)
    with pytest.raises(fl.FlError, match="FL-EST-192"):
        fl.synthesis.extend_by_ratio(base, cases, known="labour", wanted="sexual")
    found = fl.synthesis.extend_by_ratio(base, cases, known="labour", wanted="sexual", ratios="main-effects")
    x = np.array([[1, r == "N", r == "S", s == "m"] for r, s in cells], dtype=float)
    fit = GLM(np.column_stack([sexual, labour]), x, family=families.Binomial()).fit(tol=1e-13)
    ratio = np.exp(x @ fit.params)
    assert found.to_frame()["value"].iloc[1:].tolist() == pytest.approx((1000 * ratio).tolist())
    log_se2 = np.diag(x @ fit.cov_params() @ x.T)
    assert found.to_frame()["se"].iloc[1:].tolist() == pytest.approx(
        (1000 * ratio * np.sqrt(0.0025 + log_se2)).tolist()
    )
    by_region = fl.stack([published(1000, se=50, by={"region": r}, source="s") for r in "NS"])
    two = pd.DataFrame({"region": ["N", "S"], "labour": [40, 60], "sexual": [30, 5]})
    own, modelled = (
        fl.synthesis.extend_by_ratio(by_region, two, known="labour", wanted="sexual", ratios=ratios).to_frame()
        for ratios in ("cells", "main-effects")
    )
    assert modelled["value"].tolist() == pytest.approx(own["value"].tolist())
    assert modelled["se"].tolist() == pytest.approx(own["se"].tolist())
    call: Any = fl.synthesis.extend_by_ratio
    for wrong in (two.assign(sexual=[30, 0]), two.assign(sexual=[30, -1])):
        with pytest.raises(fl.FlError, match="FL-EST-192"):
            call(by_region, wrong, known="labour", wanted="sexual", ratios="main-effects")
    with pytest.raises(fl.FlError, match="FL-EST-192"):
        call(by_region, two, known="labour", wanted="sexual", ratios="smooth")
    same = fl.stack([published(1000, se=50, by={"region": r, "land": r}, source="s") for r in "NS"])
    with pytest.raises(fl.FlError, match="FL-EST-192"):
        call(same, two.assign(land=two["region"]), known="labour", wanted="sexual", ratios="main-effects")


def test_the_covariance_of_the_survey_goes_into_the_sum() -> None:
    rng = np.random.default_rng(1)
    n = 400
    data = pd.DataFrame(
        {
            "w": 10.0,
            "ea": np.arange(n) // 10,
            "region": np.where(rng.random(n) < 0.5, "N", "S"),
            "fl": (rng.random(n) < 0.2) * 1,
        }
    )
    base = fl.estimate_total(data, "fl", design=fl.Design(weights="w", psu="ea", expands=True), by="region")
    huge = pd.DataFrame({"region": ["N", "S"], "labour": 1e12, "child": 1e12})
    found = row(fl.synthesis.extend_by_ratio(base, huge, known="labour", wanted="child"))
    # Cases without an error: the sum has the error of the national total of the survey itself.
    assert found["se"] == pytest.approx(row(base)["se"], rel=1e-5)


def test_reported_to_total() -> None:
    reported = published(50_000, se=5_000, source="two teams")
    surveys = [published(90_000, se=9_000, source="a"), published(60_000, se=6_000, source="b")]
    found = row(fl.synthesis.reported_to_total(reported, surveyed=surveys, reported_where_surveyed=[6_000, 4_000]))
    assert found["value"] == pytest.approx(750_000)
    assert found["se"] == pytest.approx(750_000 * np.sqrt(0.01 + (np.hypot(9, 6) / 150) ** 2))
    with pytest.raises(fl.FlError, match="FL-EST-192"):
        fl.synthesis.reported_to_total(reported, surveyed=surveys, reported_where_surveyed=0)


def test_change_with_the_covariance_stated() -> None:
    before, after = published(100, se=6, source="r1"), published(130, se=8, source="r2")
    apart = row(fl.synthesis.change(before, after))
    assert (apart["value"], apart["se"]) == pytest.approx((30, 10))
    tied = row(fl.synthesis.change(before, after, correlation=0.5))
    assert tied["se"] == pytest.approx(np.sqrt(36 + 64 - 48))
    quotient = row(fl.synthesis.change(before, after, scale="ratio"))
    assert (quotient["value"], quotient["se"]) == pytest.approx((1.3, 1.3 * np.hypot(0.06, 8 / 130)))
    percent = row(fl.synthesis.change(before, after, scale="percent"))
    assert (percent["value"], percent["se"]) == pytest.approx((30, 130 * np.hypot(0.06, 8 / 130)))
    assert percent["quantity"] == "change_percent"


@pytest.mark.parametrize(
    ("first", "second", "what"),
    [
        ({"definition": "C29"}, {"definition": "ICLS 2018"}, "definition"),
        ({"instrument": "module 2016"}, {"instrument": "module 2021"}, "instrument"),
        ({"population": "15 and over"}, {"population": "all ages"}, "population"),
        ({"measure": "stock"}, {"measure": "flow"}, "measure"),
        ({"outcome": "forced_labour"}, {"outcome": "trafficking"}, "outcome"),
        ({"reference_period": "2002-2011"}, {"reference_period": "2016"}, "length of the reference period"),
        (
            {"reference_period": "last 5 years, 2016"},
            {"reference_period": "12 months, 2021"},
            "length of the reference period",
        ),
    ],
)
def test_rounds_that_count_different_things(first: dict[str, Any], second: dict[str, Any], what: str) -> None:
    before, after = published(100, se=6, source="a", **first), published(130, se=8, source="b", **second)
    with pytest.raises(fl.FlError, match=f"FL-EST-195.*\n.*{what}"):
        fl.synthesis.change(before, after)
    flagged = fl.synthesis.change(before, after, differing="flag")
    assert [(r.code, r.parameters) for r in flagged.reasons] == [("rounds_differ", (("what", what),))]
    assert row(flagged)["value"] == 30


def test_rounds_of_different_years_of_one_length_are_compared() -> None:
    before, after = (published(v, se=1, source="s", reference_period=p) for v, p in ((1.0, "2016"), (2.0, "2021")))
    assert fl.synthesis.change(before, after).reference_period == "2016 → 2021"


def test_items_that_one_round_did_not_ask_make_a_difference() -> None:
    from dataclasses import replace

    from fl_estimate.results.codes import ITEMS_NOT_IN_INSTRUMENT

    before = published(100, se=6, source="a")
    fewer = ITEMS_NOT_IN_INSTRUMENT.assume(items=["c_docs"])
    after = replace(published(130, se=8, source="b"), assumptions=(fewer,))
    with pytest.raises(fl.FlError, match=r"FL-EST-195.*\n.*items"):
        fl.synthesis.change(before, after)


def test_arguments_of_change() -> None:
    call: Any = fl.synthesis.change
    for arguments, code in (
        ((1, 2, "log-odds"), "FL-EST-195"),
        ((0, 2, "percent"), "FL-EST-188"),
    ):
        with pytest.raises(fl.FlError, match=code):
            call(arguments[0], arguments[1], scale=arguments[2])
    with pytest.raises(fl.FlError, match="FL-EST-195"):
        call(1, 2, differing="ignore")
