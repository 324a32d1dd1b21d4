"""Coefficients as ratios: exp of value and limits, the delta method's error, the p-value of the coefficient; what is no ratio is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import fl_estimate as fl
from fl_estimate.results.p_values import p_values
from tests.unit.estimators.test_by_domain import DESIGN, MODELS, people
from tests.unit.reporting import few


def test_odds_ratios_are_those_of_the_coefficients() -> None:
    model = fl.regress(people(), "y ~ sex + x", design=DESIGN)
    told = model.coefficients(exponentiate=True).set_index("term").drop(index="Intercept")
    found = fl.effect_ratios(model).to_frame().set_index("term")
    assert set(found["quantity"]) == {"odds_ratio"}
    assert set(found["interval_kind"]) == {"log"}
    for name in ("value", "se", "lower", "upper"):
        np.testing.assert_allclose(found[name], told[name], rtol=1e-14)
    np.testing.assert_allclose(p_values(found.reset_index()), told["p"], rtol=1e-10)
    plain = fl.regress(people(), "y ~ sex", link="log", design=DESIGN)
    assert set(fl.effect_ratios(plain).to_frame()["quantity"]) == {"prevalence_ratio"}
    assert set(fl.effect_ratios(fl.regress(people(), "y ~ x", family="poisson", design=DESIGN)).frame["quantity"]) == {
        "rate_ratio"
    }


def test_intercepts_and_thresholds_are_no_ratios() -> None:
    ordinal, several = fl.effect_ratios(MODELS["ordinal"]()), fl.effect_ratios(MODELS["multinomial"]())
    assert ordinal.frame["term"].tolist() == ["sex[T.m]", "x"]
    assert several.frame["term"].tolist() == ["b: x", "c: x"]
    assert set(several.frame["quantity"]) == {"relative_risk_ratio"}


def test_of_every_domain() -> None:
    found = fl.effect_ratios(MODELS["regress"](by="region"))
    alone = fl.effect_ratios(MODELS["regress"](where="region == 'N'"))
    north = found.frame[found.frame["region"] == "N"]
    np.testing.assert_allclose(north["value"], alone.frame["value"], rtol=1e-12)
    assert found.frame["region"].isna().sum() == 2


def test_other_links_and_other_estimates_are_refused() -> None:
    with pytest.raises(fl.FlError, match="FL-EST-363"):
        fl.effect_ratios(fl.regress(people(), "x ~ w", family="gaussian", design=DESIGN))
    with pytest.raises(fl.FlError, match="FL-EST-363"):
        fl.effect_ratios(fl.regress(people(), "y ~ x", link="probit", design=DESIGN))
    with pytest.raises(fl.FlError, match="FL-EST-230"):
        fl.effect_ratios(fl.estimate_mean(people(), "x", design=DESIGN))


def test_p_values_are_of_what_has_a_null() -> None:
    rows = pd.DataFrame(
        {
            "quantity": ["mean", "difference", "odds_ratio"],
            "value": [1.0, 0.0, 1.0],
            "se": [1.0] * 3,
            "df": [np.inf] * 3,
        }
    )
    found = p_values(rows)
    assert np.isnan(found[0])
    assert found[1:].tolist() == [1.0, 1.0]
    # With many degrees of freedom 1.96 standard errors are the 5 % point of the normal distribution.
    assert p_values(rows.assign(value=1.959963984540054))[1] == pytest.approx(0.05, abs=1e-12)


def few_of_effect_ratios() -> fl.Estimates:
    return fl.effect_ratios(fl.regress(few.people().query("region in ['A', 'Z']"), "fl ~ C(region)", design=few.DESIGN))
