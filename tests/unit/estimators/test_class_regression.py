"""Models of classes: derivatives are exact, the fit is statsmodels', two classes are a logistic regression; what is refused."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import pandas as pd
import pytest

import fl_estimate as fl
from fl_estimate.estimators.survey.models.class_models import CURVES, fit_multinomial, fit_ordinal

DESIGN = fl.Design(weights="w", psu="ea")


def made(size: int = 300, seed: int = 8) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    age, sex = rng.integers(15, 60, size), rng.integers(0, 2, size)
    latent = 0.03 * (age - 35) + 0.7 * sex + rng.logistic(size=size)
    return pd.DataFrame({
        "ea": np.arange(size) // 10, "w": rng.integers(1, 4, size), "age": age, "sex": np.where(sex == 1, "m", "f"),
        "level": np.digitize(latent, [-0.5, 1.0]), "job": rng.choice(["farm", "home", "mine"], size),
    })  # fmt: skip


@pytest.mark.parametrize("link", CURVES)
def test_slopes_of_densities(link: str) -> None:
    curve, x, step = CURVES[link], np.linspace(-2, 2, 9), 1e-6
    np.testing.assert_allclose(
        curve.density(x), (curve.below(x + step) - curve.below(x - step)) / (2 * step), rtol=1e-7
    )
    np.testing.assert_allclose(
        curve.slope(x), (curve.density(x + step) - curve.density(x - step)) / (2 * step), rtol=1e-6, atol=1e-9
    )
    np.testing.assert_allclose(curve.below(curve.at(np.array([0.2, 0.7]))), [0.2, 0.7], rtol=1e-12)


@pytest.mark.parametrize("distr", ["logit", "probit"])
def test_an_ordinal_fit_is_that_of_statsmodels(distr: Any) -> None:
    from statsmodels.miscmodels.ordinal_model import OrderedModel

    people = made()
    many = people.loc[people.index.repeat(people["w"])]
    x = np.column_stack([(many["sex"] == "m").astype(float), many["age"]])
    theirs: Any = OrderedModel(many["level"].to_numpy(), x, distr=distr).fit(
        method="bfgs", disp=0, gtol=1e-8, maxiter=500
    )
    found = fl.regress_ordinal(people, "level ~ sex + age", link=distr, design=DESIGN).to_frame()
    np.testing.assert_allclose(found["value"].iloc[:2], np.asarray(theirs.params)[:2], rtol=1e-4)
    weights = people["w"].to_numpy(dtype=float)
    plain = np.column_stack([(people["sex"] == "m").astype(float), people["age"]])
    fitted = fit_ordinal(plain, people["level"].to_numpy(), weights, distr)
    np.testing.assert_allclose(weights @ fitted.influence, 0.0, atol=1e-10)


def test_a_multinomial_fit_is_that_of_statsmodels() -> None:
    from statsmodels.discrete.discrete_model import MNLogit

    people = made()
    many = people.loc[people.index.repeat(people["w"])]
    x = np.column_stack([np.ones(len(many)), (many["sex"] == "m").astype(float), many["age"]])
    theirs: Any = MNLogit(many["job"].map({"farm": 0, "home": 1, "mine": 2}).to_numpy(), x).fit(disp=0, method="newton")
    found = fl.regress_multinomial(people, "job ~ sex + age", design=DESIGN).to_frame()
    np.testing.assert_allclose(found["value"], np.asarray(theirs.params).T.ravel(), rtol=1e-7)


def test_two_classes_are_a_logistic_regression() -> None:
    rng = np.random.default_rng(1)
    x, w = np.column_stack([np.ones(200), rng.normal(size=200)]), rng.uniform(1, 3, 200)
    y = (rng.uniform(size=200) < 0.3).astype(np.int64)
    multinomial, ordinal = fit_multinomial(x, y, w, 2), fit_ordinal(x[:, 1:], y, w, "logit")
    np.testing.assert_allclose(multinomial.beta[1], ordinal.beta[0], rtol=1e-9)
    np.testing.assert_allclose(multinomial.beta[0], -ordinal.beta[1], rtol=1e-9)
    np.testing.assert_allclose(multinomial.influence[:, 1], ordinal.influence[:, 0], rtol=1e-7, atol=1e-12)


def test_replicates_agree_with_linearisation() -> None:
    people = made()
    jackknife = fl.replicate(people, design=DESIGN, kind="jk1")
    linear = fl.regress_ordinal(people, "level ~ sex + age", design=DESIGN).to_frame()
    repeated = fl.regress_ordinal(people, "level ~ sex + age", design=jackknife).to_frame()
    np.testing.assert_allclose(repeated["se"], linear["se"], rtol=0.05)


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (lambda p: fl.regress_ordinal(p, "job ~ sex", design=DESIGN), "FL-EST-329"),
        (lambda p: fl.regress_ordinal(p, "job ~ sex", order=["farm", "home"], design=DESIGN), "FL-EST-329"),
        (lambda p: fl.regress_multinomial(p, "sex ~ age", design=DESIGN), "FL-EST-329"),
        (lambda p: fl.regress_multinomial(p, "job ~ sex", reference="shop", design=DESIGN), "FL-EST-329"),
        (lambda p: fl.regress_multinomial(p, "np.log(age) ~ sex", design=DESIGN), "FL-EST-329"),
        (lambda p: fl.regress_ordinal(p, "level ~ sex", link=cast("Any", "log"), design=DESIGN), "FL-EST-321"),
        (
            lambda p: fl.regress_multinomial(p.assign(only=(p["job"] == "mine") * 1.0), "job ~ only", design=DESIGN),
            "FL-EST-328",
        ),
    ],
)
def test_what_is_refused(call: Any, code: str) -> None:
    with pytest.raises(fl.FlError, match=rf"{code}\b"):
        call(made())
