"""Models of classes answer term tests, predictions and marginal effects; a classified outcome counts people in scope, the unknown as told."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import fl_estimate as fl
from fl_estimate.estimators.survey.models.class_models import ClassFamily
from tests.unit.estimators.test_by_domain import DESIGN, people

CALLS: dict[str, Any] = {
    "ordinal": lambda formula, **more: fl.regress_ordinal(people(), f"level ~ {formula}", design=DESIGN, **more),
    "multinomial": lambda formula, **more: fl.regress_multinomial(people(), f"job ~ {formula}", design=DESIGN, **more),
}
FAMILIES = [
    ClassFamily(name="ordinal", link=link, classes=("1", "2", "3", "4"))
    for link in ("logit", "probit", "loglog", "cloglog")
]
FAMILIES.append(ClassFamily(name="multinomial", link="logit", classes=("a", "b", "c", "d")))


@pytest.mark.parametrize("family", FAMILIES, ids=lambda each: f"{each.name}-{each.link}")
def test_slopes_of_shares_are_their_derivatives(family: ClassFamily) -> None:
    draw = np.random.default_rng(1)
    x, weight = draw.normal(size=(7, 2)), draw.uniform(1, 2, 7)
    theta = np.array([0.3, -0.2, -1.0, 0.1, 0.9]) if family.name == "ordinal" else draw.normal(size=6)
    np.testing.assert_allclose(family.shares(theta, x).sum(axis=1), 1.0, rtol=1e-12)
    step = 1e-6
    numeric = np.stack([
        weight @ (family.shares(theta + step * e, x) - family.shares(theta - step * e, x)) / (2 * step) for e in np.eye(len(theta))
    ], axis=1)  # fmt: skip
    np.testing.assert_allclose(family.slopes(theta, x, weight), numeric, atol=1e-8)


@pytest.mark.parametrize("name", CALLS)
def test_term_tests(name: str) -> None:
    model = CALLS[name]("sex + x")
    wald = fl.term_test(model, "sex")
    rows = [position for position, term in enumerate(model.frame["term"]) if "sex" in term]
    v = model.covariance[np.ix_(rows, rows)]
    beta = model.frame["value"].to_numpy(dtype=float)[rows]
    assert wald.statistic == pytest.approx(beta @ np.linalg.solve(v, beta) / len(rows), rel=1e-12)
    assert wald.df == (len(rows), model.frame["df"].iloc[0])
    ratio = fl.term_test(model, "sex", method="lrt")
    assert ratio.df == wald.df
    assert len(ratio.scales) == len(rows)
    assert 0 < ratio.p_value < 1


def test_the_ratio_of_an_ordinal_model_is_that_of_the_likelihoods() -> None:
    """With weights of 1: twice the difference in log-likelihood of statsmodels' OrderedModel."""
    from statsmodels.miscmodels.ordinal_model import OrderedModel

    frame = people()
    llf = [
        OrderedModel(frame["level"], frame[columns], distr="logit").fit(method="bfgs", disp=0, gtol=1e-9).llf
        for columns in (["x", "w"], ["x"])
    ]
    model = fl.regress_ordinal(frame, "level ~ x + w", design=fl.Design(psu="ea", unweighted=True))
    assert fl.term_test(model, "w", method="lrt").statistic == pytest.approx(2 * (llf[0] - llf[1]), rel=1e-5)


def test_the_ratio_is_that_of_the_likelihoods() -> None:
    """With weights of 1: twice the difference in log-likelihood of statsmodels' MNLogit."""
    import statsmodels.api as sm

    frame = people()
    code, x = frame["job"].map({"a": 0, "b": 1, "c": 2}), frame["x"].to_numpy()
    whole = sm.MNLogit(code, np.column_stack([np.ones(len(x)), x])).fit(disp=0, tol=1e-12, maxiter=200)
    alone = sm.MNLogit(code, np.ones((len(x), 1))).fit(disp=0, tol=1e-12, maxiter=200)
    design = fl.Design(psu="ea", unweighted=True)
    model = fl.regress_multinomial(frame, "job ~ x", design=design)
    assert fl.term_test(model, "x", method="lrt").statistic == pytest.approx(2 * (whole.llf - alone.llf), rel=1e-8)
    shares = fl.predict(model, {"x": [0.5]}).frame
    np.testing.assert_allclose(shares["value"], whole.predict([[1, 0.5]])[0], rtol=1e-8)
    effects = fl.marginal_effects(model, covariance_of="coefficients").frame
    np.testing.assert_allclose(effects["value"], whole.get_margeff().margeff[0], atol=1e-8)


@pytest.mark.parametrize("name", CALLS)
def test_predictions(name: str) -> None:
    model = CALLS[name]("sex + x")
    found = fl.predict(model, {"sex": ["f", "m"], "x": 0.4})
    frame = found.frame
    shares = frame["value"].to_numpy(dtype=float).reshape(2, -1)
    np.testing.assert_allclose(shares.sum(axis=1), 1.0, rtol=1e-12)
    assert frame["outcome"].iloc[:3].tolist() == [
        f"{'level' if name == 'ordinal' else 'job'}={c}" for c in ("123" if name == "ordinal" else "abc")
    ]
    # All shares together are 1 whatever the coefficients: their covariance adds up to 0.
    np.testing.assert_allclose(found.covariance[:3, :3].sum(axis=1), 0.0, atol=1e-15)
    assert (
        (frame["lower"] > 0)
        & (frame["upper"] < 1)
        & (frame["lower"] < frame["value"])
        & (frame["value"] < frame["upper"])
    ).all()
    with pytest.raises(fl.FlError, match="FL-EST-231"):
        fl.predict(model, {"sex": "f", "x": 0}, scale="link")
    with pytest.raises(fl.FlError, match="FL-EST-362"):
        fl.marginal_means(model, "sex")


@pytest.mark.parametrize("name", CALLS)
def test_marginal_effects_are_differences_of_averages(name: str) -> None:
    """By hand: everybody of each sex in turn, the shares of each averaged with the weights."""
    model, frame = CALLS[name]("sex + x"), people()
    kept = model.model
    found = fl.marginal_effects(model, "sex").frame
    means = []
    for sex in (0.0, 1.0):
        x = np.column_stack([np.full(len(frame), sex), frame["x"]])
        x = np.column_stack([np.ones(len(frame)), x]) if name == "multinomial" else x
        means.append(np.average(kept.family.shares(kept.beta, x), axis=0, weights=frame["w"]))
    np.testing.assert_allclose(found["value"], means[1] - means[0], atol=1e-12)
    every = fl.marginal_effects(model).frame
    assert every.groupby("term")["value"].sum().abs().max() < 1e-10
    assert set(every["term"]) == {"sex: m − f", "x"}


@pytest.mark.parametrize("name", [*CALLS, "regress"])
def test_a_saved_model_predicts_and_has_effects(name: str, tmp_path: Path) -> None:
    model = fl.regress(people(), "y ~ C(stratum) + x + sex:x", design=DESIGN) if name == "regress" else CALLS[name]("C(region) + x", where="region != 'W'")  # fmt: skip
    at = {"x": [0.1, 0.2], "stratum": 2, "sex": "m"} if name == "regress" else {"x": [0.1, 0.2], "region": "N"}
    for again in (fl.Regression.read(model.save(tmp_path / "m.parquet")), pickle.loads(pickle.dumps(model))):
        pd.testing.assert_frame_equal(fl.predict(again, at).to_frame(), fl.predict(model, at).to_frame(), rtol=1e-12)
        for kind in ("joint", "separate", "coefficients"):
            own = fl.marginal_effects(model, "x", covariance_of=kind).to_frame()
            pd.testing.assert_frame_equal(
                fl.marginal_effects(again, "x", covariance_of=kind).to_frame(), own, rtol=1e-6
            )
        assert fl.term_test(again, "x", method="lrt").p_value == pytest.approx(
            fl.term_test(model, "x", method="lrt").p_value, rel=1e-6
        )


def test_a_saved_model_of_knots_asks_for_its_people(tmp_path: Path) -> None:
    """Knots and means are values of people: no file has them."""
    model = fl.regress(people(), "y ~ bs(x, df=4)", design=DESIGN)
    assert fl.predict(model, {"x": [0.1]}).frame["value"].notna().all()
    with pytest.raises(fl.FlError, match="FL-EST-230"):
        fl.predict(fl.Regression.read(model.save(tmp_path / "m.parquet")), {"x": [0.1]})


def classified() -> pd.DataFrame:
    """Forms of an outcome: some people out of scope, of some the form is unknown."""
    frame = people()
    form = frame["job"].where(frame.index % 11 != 0)
    return frame.assign(
        form=form, form_in_scope=(frame["region"] != "E").astype(float), form_possible=form.isna().astype(float)
    )


def test_a_classified_outcome_counts_those_in_scope() -> None:
    frame = classified()
    inside = (frame["form_in_scope"] == 1).to_numpy()
    left_out = fl.regress_multinomial(frame, "form ~ x", reference="a", unknown="exclude", design=DESIGN)
    by_hand = fl.regress_multinomial(
        frame.drop(columns=["form_in_scope", "form_possible"]), "form ~ x", reference="a", unknown="exclude",
        where="region != 'E' or missing(region)", design=DESIGN,
    )  # fmt: skip
    np.testing.assert_allclose(left_out.frame["value"], by_hand.frame["value"], rtol=1e-10)
    as_no = fl.regress_multinomial(frame, "form ~ x", reference="a", design=DESIGN)
    filled = fl.regress_multinomial(
        frame.assign(form=frame["form"].fillna("a"))[inside].drop(columns=["form_in_scope", "form_possible"]),
        "form ~ x", reference="a", design=DESIGN,
    )  # fmt: skip
    np.testing.assert_allclose(as_no.frame["value"], filled.frame["value"], rtol=1e-10)
    assert as_no.frame["undetermined"].iloc[0] == pytest.approx(
        np.average(frame["form"].isna()[inside], weights=frame["w"][inside]), rel=1e-12
    )
    assert "unknown_as_no" in {each.code for each in as_no.assumptions}


def test_an_unknown_class_is_no_class_until_somebody_says_which() -> None:
    with pytest.raises(fl.FlError, match="FL-EST-07"):
        fl.regress_multinomial(classified(), "form ~ x", design=DESIGN)
    with pytest.raises(fl.FlError, match="FL-EST-361"):
        fl.regress_multinomial(classified(), "form ~ x", unknown="no", design=DESIGN)
    ordered = fl.regress_ordinal(classified(), "form ~ x", order=["a", "b", "c"], unknown="no", design=DESIGN)
    assert ordered.frame["n"].iloc[0] == (classified()["form_in_scope"] == 1).sum()
