"""Families and links that R has no weighted model of, borders of means, offsets and exposures; and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import fl_estimate as fl
from fl_estimate.estimators.survey.models.model_families import KINDS, family_of

DESIGN = fl.Design(weights="w", psu="ea")


def counted(seed: int = 3, size: int = 400) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    sex, months = rng.integers(0, 2, size), rng.integers(1, 13, size)
    mean = np.exp(-1 + 0.6 * sex) * months
    return pd.DataFrame(
        {
            "ea": np.arange(size) // 10,
            "w": rng.integers(1, 4, size),
            "sex": np.where(sex == 1, "male", "female"),
            "age": rng.integers(15, 60, size),
            "months": months,
            "spells": rng.poisson(mean * rng.gamma(2.0, 0.5, size)),
            "y": (rng.uniform(size=size) < 0.2 + 0.2 * sex).astype(int),
            "debt": rng.gamma(3.0, 100.0, size),
        }
    )


def test_negative_binomial_is_that_of_statsmodels() -> None:
    """Statsmodels' joint maximum of coefficients and alpha has no weights: people are repeated."""
    from statsmodels.discrete.discrete_model import NegativeBinomial

    people = counted()
    found = fl.regress(people, "spells ~ sex", family="negative_binomial", exposure="months", design=DESIGN)
    many = people.loc[people.index.repeat(people["w"])]
    x = np.column_stack([np.ones(len(many)), many["sex"] == "male"]).astype(float)
    theirs: Any = NegativeBinomial(many["spells"], x, exposure=many["months"]).fit(method="newton", disp=0, maxiter=100)
    params = np.asarray(theirs.params)
    np.testing.assert_allclose(found.to_frame()["value"], params[:2], rtol=1e-6)
    np.testing.assert_allclose(found.diagnostics["alpha"], params[2], rtol=1e-6)
    given = fl.regress(
        people,
        "spells ~ sex",
        family="negative_binomial",
        exposure="months",
        alpha=found.diagnostics["alpha"],
        design=DESIGN,
    )
    np.testing.assert_allclose(given.to_frame()["value"], found.to_frame()["value"], rtol=1e-9)
    np.testing.assert_allclose(given.covariance, found.covariance, rtol=1e-8)


def test_alpha_is_estimated_under_every_replicate() -> None:
    people = counted()
    jackknife = fl.replicate(people, design=DESIGN, kind="jk1")
    formula: Any = {"formula": "spells ~ sex", "family": "negative_binomial", "exposure": "months"}
    repeated = fl.regress(people, design=jackknife, **formula).to_frame()
    linear = fl.regress(people, design=DESIGN, **formula).to_frame()
    np.testing.assert_allclose(repeated["se"], linear["se"], rtol=0.03)


@pytest.mark.parametrize(("name", "link"), [(name, link) for name, kind in KINDS.items() for link in kind.links])
def test_slopes_and_information_are_derivatives(name: Any, link: Any) -> None:
    family = family_of(name, link, 0.7 if name == "negative_binomial" else np.nan)
    low, high = family.bounds
    eta = np.linspace(max(low, -1.5) + 0.2, min(high, 1.5) - 0.2, 7)
    y = np.full(7, 1.0)
    step = 1e-6
    np.testing.assert_allclose(
        family.slope(eta), (family.mean(eta + step) - family.mean(eta - step)) / (2 * step), rtol=1e-6
    )
    scored = (family.score(y, eta + step) - family.score(y, eta - step)) / (2 * step)
    np.testing.assert_allclose(family.observed(y, eta), -scored, rtol=1e-5, atol=1e-8)
    assert (family.expected(eta) > 0).all()
    if family.canonical:
        np.testing.assert_allclose(family.observed(y, eta), family.expected(eta))


def test_links_of_a_share_of_one_group_agree_about_its_means() -> None:
    people = counted()
    means = fl.estimate_mean(people, "y", by="sex", design=DESIGN).to_frame().set_index("sex")["value"]
    low, high = means["female"], means["male"]
    expected: dict[Any, float] = {"log": np.log(high / low), "identity": high - low}
    for link in expected:
        model = fl.regress(people, "y ~ sex", link=link, design=DESIGN).to_frame()
        np.testing.assert_allclose(model["value"].iloc[1], expected[link], rtol=1e-9)
    ratio = fl.contrast(
        fl.estimate_mean(people, "y", by="sex", design=DESIGN), {"sex": ("male", "female")}, scale="log-ratio"
    )
    log = fl.regress(people, "y ~ sex", link="log", design=DESIGN).to_frame()
    np.testing.assert_allclose(log["se"].iloc[1], ratio.to_frame()["se"].iloc[0], rtol=1e-9)


def test_an_exposure_is_the_offset_of_its_logarithm() -> None:
    people = counted()
    exposed = fl.regress(people, "spells ~ sex", family="poisson", exposure="months", design=DESIGN)
    offset = fl.regress(people, "spells ~ sex", family="poisson", offset="np.log(months)", design=DESIGN)
    both = fl.regress(people, "spells ~ sex", family="poisson", exposure="months", offset="0*age", design=DESIGN)
    for other in (offset, both):
        np.testing.assert_allclose(exposed.to_frame()["value"], other.to_frame()["value"], rtol=1e-10)
    rate = fl.estimate_ratio(people, "spells", "months", by="sex", design=DESIGN).to_frame().set_index("sex")["value"]
    np.testing.assert_allclose(np.exp(exposed.to_frame()["value"].iloc[0]), rate["female"], rtol=1e-9)
    said = [str(one.code) for one in exposed.assumptions]
    assert "model_offset" in said


def test_a_share_needs_no_zeros_and_ones() -> None:
    people = counted().assign(share=lambda frame: frame["months"] / 12)
    model = fl.regress(people, "share ~ sex", family="quasibinomial", design=DESIGN).to_frame()
    means = fl.estimate_mean(people, "share", by="sex", design=DESIGN).to_frame().set_index("sex")["value"]
    logits = np.log(means / (1 - means))
    np.testing.assert_allclose(model["value"].iloc[0], logits["female"], rtol=1e-9)


@pytest.mark.parametrize(
    ("formula", "more", "code"),
    [
        ("y ~ sex", {"link": "inverse"}, "FL-EST-321"),
        ("debt ~ sex", {"family": "gamma", "link": "logit"}, "FL-EST-321"),
        ("y ~ sex", {"alpha": 2.0}, "FL-EST-322"),
        ("spells ~ sex", {"family": "negative_binomial", "alpha": -1.0}, "FL-EST-322"),
        ("sure ~ age", {"link": "identity"}, "FL-EST-323"),
        ("y ~ sex", {"exposure": "months"}, "FL-EST-324"),
        ("spells ~ sex", {"family": "poisson", "exposure": "none"}, "FL-EST-324"),
        ("spells ~ sex", {"family": "poisson", "exposure": "sex"}, "FL-EST-324"),
        ("spells ~ sex", {"family": "poisson", "offset": "np.log(none)"}, "FL-EST-324"),
        ("spells ~ sex", {"family": "poisson", "offset": "log("}, "FL-EST-324"),
        ("spells ~ sex", {"family": "poisson", "offset": "nothing"}, "FL-EST-02"),
        ("spells ~ sex", {"family": "poisson", "offset": pd.Series([1.0])}, "FL-EST-324"),
        ("spells ~ sex", {"family": "gamma"}, "FL-EST-221"),
        ("months ~ sex", {"family": "quasibinomial"}, "FL-EST-221"),
    ],
)
def test_what_is_refused(formula: str, more: dict[str, Any], code: str) -> None:
    people = counted().assign(none=0.0, sure=lambda frame: (frame["age"] > 15).astype(int))
    with pytest.raises(fl.FlError, match=rf"{code}\b"):
        fl.regress(people, formula, design=DESIGN, **more)
