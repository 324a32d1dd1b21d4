"""Regressions and tests of every domain are those of ``where=`` of it; a domain without an estimate says why and stops no other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import fl_estimate as fl
from tests.unit.reporting import few

DESIGN = fl.Design(weights="w", strata="stratum", psu="ea")
REGIONS = ["E", "N", "S"]


def people() -> pd.DataFrame:
    """Three regions, whose sampling units they share, and a fourth in which nobody is a case."""
    draw = np.random.default_rng(3)
    n = 900
    frame = pd.DataFrame({
        "w": draw.uniform(1, 4, n), "ea": np.repeat(np.arange(60), 15), "stratum": np.repeat(np.arange(6), 150),
        "region": draw.choice(REGIONS, n), "sex": draw.choice(["f", "m"], n), "x": draw.normal(size=n),
        "job": draw.choice(["a", "b", "c"], n), "level": draw.integers(1, 4, n),
    })  # fmt: skip
    frame["y"] = (draw.uniform(size=n) < 1 / (1 + np.exp(1 - frame["x"] - (frame["region"] == "N")))).astype(int)
    frame.loc[frame.index % 23 == 0, ["region", "y"]] = ["W", 0]
    frame.loc[frame.index % 91 == 1, "region"] = None
    return frame


MODELS: dict[str, Any] = {
    "regress": lambda **more: fl.regress(people(), "y ~ sex + x", design=DESIGN, **more),
    "ordinal": lambda **more: fl.regress_ordinal(people(), "level ~ sex + x", design=DESIGN, **more),
    "multinomial": lambda **more: fl.regress_multinomial(people(), "job ~ x", design=DESIGN, **more),
}
TESTS: dict[str, Any] = {
    "independence": lambda **more: fl.independence_test(people(), "y", "sex", design=DESIGN, **more),
    "t": lambda **more: fl.t_test(people(), "x", "sex", design=DESIGN, **more),
    "ranks": lambda **more: fl.rank_test(people(), "x", "job", design=DESIGN, **more),
}


@pytest.mark.parametrize("name", MODELS)
def test_a_regression_of_every_domain_is_that_of_where(name: str) -> None:
    every = MODELS[name](by="region")
    frame = every.to_frame()
    assert list(frame["region"].dropna().unique()) == ["E", "N", "S", "W"]
    pd.testing.assert_frame_equal(every.of().to_frame(), MODELS[name]().to_frame())
    for region in REGIONS:
        alone, of = MODELS[name](where=f"region == '{region}'"), every.of(region=region)
        pd.testing.assert_frame_equal(of.to_frame(), alone.to_frame(), rtol=1e-12)
        np.testing.assert_allclose(of.covariance, alone.covariance, rtol=1e-12)
        np.testing.assert_array_equal(of.support.cases, alone.support.cases)
        assert fl.term_test(of, "x").p_value == pytest.approx(fl.term_test(alone, "x").p_value, rel=1e-12)
        assert {each.code: dict(each.parameters) for each in of.assumptions}["subpopulation"] == {
            "where": f"region == '{region}'"
        }


@pytest.mark.parametrize("name", TESTS)
def test_a_test_of_every_domain_is_that_of_where(name: str) -> None:
    frame = TESTS[name](by="region").to_frame(labels=False)
    p = frame[frame["quantity"] == "p_value"].set_index(frame.loc[frame["quantity"] == "p_value", "region"].fillna(""))
    assert p.loc["", "value"] == pytest.approx(TESTS[name]().p_value, rel=1e-12)
    for region in REGIONS:
        alone = TESTS[name](where=f"region == '{region}'")
        assert p.loc[region, "value"] == pytest.approx(alone.p_value, rel=1e-12)
        assert p.loc[region, "df"] == pytest.approx(alone.df[-1], rel=1e-12)
        assert p.loc[region, "n"] == alone.n


def test_a_domain_without_an_estimate_says_why() -> None:
    found = fl.regress(people(), "y ~ sex + x", by="region", design=DESIGN)
    west = found.frame.index[found.frame["region"] == "W"].tolist()
    assert len(west) == 1
    assert found.frame.loc[west, "value"].isna().all()
    assert [reason.code for reason in found.reasons if reason.row in west] == ["model_outcome_constant"]
    # Nothing is known of it, and that nobody is a case there would be told: it is not published.
    published = fl.publish(found, rule=fl.SuppressionRule(name="lax", min_n=1, min_cases=1)).tables[0]
    assert published.frame.loc[west, "publication"].tolist() == ["not_published"]
    assert not [reason for reason in published.reasons if reason.row in west]
    with pytest.raises(fl.FlError, match="FL-EST-360") as caught:
        found.of(region="W")
    assert "region=N" in str(caught.value)


def test_nobody_and_collinear_columns_are_told_apart() -> None:
    frame = people().assign(twice=lambda f: np.where(f["region"] == "N", f["x"], f["x"] ** 2))
    found = fl.regress(frame, "x ~ twice + w", family="gaussian", by="region", design=DESIGN)
    assert found.of(region="S").to_frame()["value"].notna().all()
    frame["twice"] = np.where(frame["region"] == "N", frame["w"], frame["twice"])
    again = fl.regress(frame, "x ~ twice + w", family="gaussian", by="region", design=DESIGN)
    assert {reason.code for reason in again.reasons} == {"model_collinear"}
    empty = frame.assign(x=lambda f: f["x"].where(f["region"] != "N"))
    codes = {
        r.code
        for r in fl.regress(empty, "x ~ w", family="gaussian", by="region", unknown="exclude", design=DESIGN).reasons
    }
    assert codes == {"model_nobody_counted"}


def test_the_covariance_between_domains_is_missing_and_a_contrast_says_so() -> None:
    found = fl.regress(people(), "x ~ w", family="gaussian", by="sex", design=DESIGN)
    own = found.frame["sex"].astype(object).where(found.frame["sex"].notna(), "").to_numpy()
    same = own[:, None] == own[None, :]
    assert np.isfinite(found.covariance[same]).all()
    assert np.isnan(found.covariance[~same]).all()
    difference = fl.contrast(found, {"sex": ("f", "m")})
    assert difference.frame["value"].notna().all()
    assert difference.frame["se"].isna().all()
    assert {reason.code for reason in difference.reasons} == {"covariance_unknown"}
    assert fl.contrast(found, {"term": ("Intercept", "w")}).frame["se"].notna().all()


def test_crossed_and_separate_margins() -> None:
    found = fl.t_test(people(), "x", by=[["sex"], ["region", "sex"]], value=0.1, design=DESIGN).to_frame()
    assert found["margin"].unique().tolist() == ["", "sex", "region × sex"]
    crossed = fl.regress(people(), "x ~ w", family="gaussian", by=["region", "sex"], design=DESIGN)
    alone = fl.regress(people(), "x ~ w", family="gaussian", where="region == 'N' and sex == 'f'", design=DESIGN)
    np.testing.assert_allclose(crossed.of(region="N", sex="f").frame["se"], alone.frame["se"], rtol=1e-12)


def test_a_regression_of_every_domain_is_saved_and_read(tmp_path: Path) -> None:
    found = fl.regress(people(), "x ~ w + sex", family="gaussian", by="region", design=DESIGN)
    again = fl.Regression.read(found.save(tmp_path / "models.parquet"))
    pd.testing.assert_frame_equal(again.to_frame(), found.to_frame())
    assert fl.term_test(again.of(region="N"), "sex").p_value == fl.term_test(found.of(region="N"), "sex").p_value
    with pytest.raises(fl.FlError, match="FL-EST-230") as caught:
        fl.term_test(again, "sex")
    assert 'model.of(region="North")' in str(caught.value)
    assert list(found.coefficients().columns)[:2] == ["region", "term"]


def few_of_t_test() -> fl.Estimates:
    return fl.t_test(few.few(), "years", design=few.DESIGN).rows


def few_of_rank_test() -> fl.Estimates:
    return fl.rank_test(few.few(), "years", "sex", design=few.DESIGN).rows


def few_of_independence_test() -> fl.Estimates:
    return fl.independence_test(few.people(), "fl", "region", design=few.DESIGN).rows


def few_of_term_test() -> fl.Estimates:
    return fl.term_test(fl.regress(few.people(), "fl ~ C(region)", design=few.DESIGN), "C(region)").rows
