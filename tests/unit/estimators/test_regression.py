"""Regression: the fit is statsmodels', the variance that of every design; cells and rows agree; bad models are refused."""

from __future__ import annotations

import collections
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

import fl_estimate as fl
from tests.reference import r_calls
from tests.reference.test_design_weighted import ENTRIES, PLAIN


def made(n: int = 600, seed: int = 4) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    people = pd.DataFrame(
        {
            "w": rng.uniform(1, 5, n),
            "stratum": np.arange(n) * 6 // n,
            "ea": np.arange(n) * 30 // n,
            "sex": rng.choice(["female", "male"], n),
            "sector": pd.Categorical(rng.choice(["mines", "farms", "shops"], n), ["shops", "mines", "farms", "boats"]),
            "age": rng.integers(18, 60, n),
            "wage": rng.lognormal(5, 0.4, n),
        }
    )
    eta = -1 + 0.8 * (people["sex"] == "male") + 0.02 * (people["age"] - 40) - 0.4 * (people["sector"] == "mines")
    people["y"] = (rng.uniform(size=n) < 1 / (1 + np.exp(-eta))).astype(int)
    people["visits"] = rng.poisson(np.exp(0.3 * eta))
    return people


DESIGN = fl.Design(weights="w", strata="stratum", psu="ea")


def designs() -> list[str]:
    """One entry for each design of the reference values."""
    seen: dict[tuple[str, str], str] = collections.OrderedDict()
    for name in PLAIN:
        entry = ENTRIES[name]
        if entry["call"].startswith("svymean") and "factor(" not in entry["call"]:
            seen.setdefault((entry["design"], str(entry.get("options"))), name)
    return list(seen.values())


@pytest.mark.parametrize("name", designs())
def test_a_model_of_the_mean_alone_is_the_mean_in_every_design(name: str) -> None:
    """FPC at every stage, single units, unequal probabilities, two phases, domains, replicates: as estimate_mean has it."""
    call = r_calls.read(ENTRIES[name])
    outcome = next((o for o in call.outcomes if pd.api.types.is_numeric_dtype(call.frame[o])), None)
    if outcome is None:
        pytest.skip("an outcome of text")
    common: dict[str, Any] = {"design": call.design, "where": call.where, "unknown": "exclude"}
    mean = fl.estimate_mean(call.frame, outcome, **common).to_frame().iloc[0]
    row = fl.regress(call.frame, f"{outcome} ~ 1", family="gaussian", **common).to_frame().iloc[0]
    np.testing.assert_allclose(row["value"], mean["value"], rtol=1e-11)
    np.testing.assert_allclose(row["se"], mean["se"], rtol=1e-9, atol=1e-12 * abs(mean["value"]))
    assert row["df"] == mean["df"]
    assert row["n"] == mean["n"]


@pytest.mark.parametrize("family", ["binomial", "gaussian", "poisson"])
def test_the_fit_is_that_of_statsmodels(family: Any) -> None:
    import statsmodels.api as sm

    people = made()
    outcome = {"binomial": "y", "gaussian": "wage", "poisson": "visits"}[family]
    found = fl.regress(people, f"{outcome} ~ sex + age", family=family, design=DESIGN)
    x = np.column_stack([np.ones(len(people)), people["sex"] == "male", people["age"]]).astype(float)
    kinds: Any = {"binomial": sm.families.Binomial, "gaussian": sm.families.Gaussian, "poisson": sm.families.Poisson}
    theirs = sm.GLM(people[outcome], x, family=kinds[family](), freq_weights=people["w"]).fit(tol=1e-14, maxiter=100)
    np.testing.assert_allclose(found.to_frame()["value"], theirs.params, rtol=1e-9)


@pytest.mark.parametrize("replicated", [False, True])
def test_cells_and_rows_give_the_same(replicated: bool) -> None:
    """np.exp(wage) makes no cells; a column of numbers that nobody needs, with a coefficient of nearly nothing, does not either."""
    people = made().assign(many=lambda frame: np.arange(len(frame)) * 1.0)
    design = fl.replicate(people, design=DESIGN, kind="jkn") if replicated else DESIGN
    cells = fl.regress(people, "y ~ sex * sector + age", design=design)
    assert cells.model is not None
    assert cells.model.session is not None
    assert len(cells.model.session.people().data.patterns) < len(people)
    rows = fl.regress(people, "y ~ sex * sector + age + I(0 * many + age ** 2)", design=design)
    squared = fl.regress(people, "y ~ sex * sector + age + I(age ** 2)", design=design)
    assert rows.model is not None
    assert rows.model.session is not None
    assert len(rows.model.session.people().data.patterns) == len(people)
    np.testing.assert_allclose(rows.to_frame()["value"], squared.to_frame()["value"], rtol=1e-8)
    np.testing.assert_allclose(rows.covariance, squared.covariance, rtol=1e-7)


def test_engines_agree() -> None:
    people = made()
    reference = fl.regress(people, "y ~ sex + wage", design=DESIGN, where="age >= 30").to_frame()
    for frame in (pl.from_pandas(people), pl.from_pandas(people).lazy()):
        other = fl.regress(frame, "y ~ sex + wage", design=DESIGN, where="age >= 30").to_frame()
        np.testing.assert_allclose(other["value"], reference["value"], rtol=1e-10)
        np.testing.assert_allclose(other["se"], reference["se"], rtol=1e-10)


def test_columns_that_depend_on_all_rows_are_not_made_from_cells() -> None:
    people = made()
    centred = people.assign(age=people["age"] - people["age"].mean())
    found = fl.regress(people, "y ~ center(age)", design=DESIGN).to_frame()
    np.testing.assert_allclose(found["value"], fl.regress(centred, "y ~ age", design=DESIGN).to_frame()["value"])


def test_a_subpopulation_keeps_the_design_and_filtering_does_not() -> None:
    people = made().assign(inside=lambda frame: (frame["ea"] % 5 > 0).astype(int))
    inside = fl.regress(people, "wage ~ sex", family="gaussian", design=DESIGN, where="inside").to_frame()
    filtered = fl.regress(people[people["inside"] == 1], "wage ~ sex", family="gaussian", design=DESIGN).to_frame()
    np.testing.assert_allclose(inside["value"], filtered["value"])
    assert (np.abs(inside["se"] / filtered["se"] - 1) > 0.01).all()
    assert inside["df"].iloc[0] == filtered["df"].iloc[0]


def test_missing_values_must_be_decided() -> None:
    people = made()
    people.loc[::7, "wage"] = np.nan
    with pytest.raises(fl.FlError, match="FL-EST-07"):
        fl.regress(people, "y ~ wage", design=DESIGN)
    left = fl.regress(people, "y ~ wage", design=DESIGN, unknown="exclude")
    assert left.to_frame()["n"].iloc[0] == people["wage"].notna().sum()
    where = fl.regress(people, "y ~ wage", design=DESIGN, where="wage > 0")
    np.testing.assert_allclose(left.to_frame()["se"], where.to_frame()["se"])
    people["y"] = people["y"].astype(float).where(people["age"] > 20)
    assert fl.regress(people, "y ~ sex", design=DESIGN, unknown="no").to_frame()["n"].iloc[0] == len(people)
    with pytest.raises(fl.FlError, match="FL-EST-07"):
        fl.regress(people, "y ~ wage", design=DESIGN, unknown="no")
    with pytest.raises(fl.FlError, match="FL-EST-13"):
        fl.regress(people, "y ~ sex", design=DESIGN, unknown="bounds")  # pyright: ignore[reportArgumentType]


def test_a_classified_outcome_speaks_of_those_in_scope_and_counts_the_unknown_as_no() -> None:
    people = made()
    people["fl_in_scope"] = (people["age"] >= 25).astype(int)
    people["fl"] = people["y"] * people["fl_in_scope"]
    people["fl_possible"] = ((people["y"] == 1) | (people["ea"] % 4 == 0)).astype(int) * people["fl_in_scope"]
    found = fl.regress(people, "fl ~ sex", design=DESIGN)
    plain = fl.regress(people, "y ~ sex", design=DESIGN, where="age >= 25").to_frame()
    np.testing.assert_allclose(found.to_frame()["value"], plain["value"])
    np.testing.assert_allclose(found.to_frame()["se"], plain["se"])
    share = fl.estimate_prevalence(people, "fl", design=DESIGN).to_frame()["undetermined"].iloc[0]
    np.testing.assert_allclose(found.to_frame()["undetermined"], share)


def test_declared_classes_that_nobody_has_are_left_out_and_said() -> None:
    found = fl.regress(made(), "y ~ sector", design=DESIGN)
    assert found.to_frame()["term"].tolist() == ["Intercept", "sector[T.mines]", "sector[T.farms]"]
    told = [one for one in found.assumptions if one.code == "model_levels_left_out"]
    assert dict(told[0].parameters) == {"variable": "sector", "values": ["boats"]}


@pytest.mark.parametrize(
    ("formula", "family", "code"),
    [
        ("y ~ (sex", "binomial", "FL-EST-220"),
        ("~ sex", "binomial", "FL-EST-220"),
        ("y + visits ~ sex", "binomial", "FL-EST-220"),
        ("y ~ sex | age", "binomial", "FL-EST-220"),
        ("y ~ 0", "gaussian", "FL-EST-220"),
        ("y ~ nothing(age)", "binomial", "FL-EST-220"),
        ("visits ~ sex", "binomial", "FL-EST-221"),
        ("never ~ sex", "binomial", "FL-EST-221"),
        ("sex ~ age", "gaussian", "FL-EST-221"),
        ("below ~ age", "poisson", "FL-EST-221"),
        ("y ~ age + I(2 * age)", "binomial", "FL-EST-222"),
        ("y ~ separated", "binomial", "FL-EST-223"),
        ("y ~ sex", "tweedie", "FL-EST-224"),
        ("y ~ one", "binomial", "FL-EST-225"),
        ("y ~ day", "binomial", "FL-EST-226"),
        ("y ~ name", "binomial", "FL-EST-227"),
        ("y ~ np.log(visits)", "binomial", "FL-EST-228"),
        ("y ~ sex * holes", "binomial", "FL-EST-237"),
        ("y ~ seks", "binomial", "FL-EST-02"),
    ],
)
def test_models_that_cannot_be_fitted(formula: str, family: Any, code: str) -> None:
    people = made()
    people["never"], people["one"] = 0, "same"
    people["below"] = -people["age"]
    people["separated"] = np.where(people["y"] == 1, "a", np.where(people["age"] % 2 == 0, "b", "a"))
    people["day"] = pd.Timestamp("2026-01-01")
    people["name"] = [f"n{position}" for position in range(len(people))]
    people["holes"] = np.where(people["sex"] == "male", "x", np.where(people["ea"] % 2 == 0, "x", "z"))
    with pytest.raises(fl.FlError, match=rf"{code}\b"):
        fl.regress(people, formula, family=family, design=DESIGN)


def test_nobody_is_left() -> None:
    with pytest.raises(fl.FlError, match="FL-EST-236"):
        fl.regress(made(), "y ~ sex", design=DESIGN, where="age > 100")


def test_replicates_without_an_estimate_are_left_out_and_said() -> None:
    """The two cases of a rare outcome stand in one unit: the replicate without it has none, and separates."""
    people = made()
    people["rare"] = ((people["ea"] == 3) & (people.groupby("ea").cumcount() < 2)).astype(int)
    design = fl.replicate(people, design=DESIGN, kind="jkn")
    found = fl.regress(people, "rare ~ 1", design=design)
    assert [reason.code for reason in found.reasons] == ["model_replicates_lost"]
    halves = fl.replicate(people[people["ea"] < 2], design=fl.Design(weights="w", psu="ea"), kind="jk1")
    few = people[people["ea"] < 2]
    with pytest.raises(fl.FlError, match="FL-EST-238"):
        fl.regress(few, "wage ~ C(ea)", family="gaussian", design=halves)


def test_bootstrap_replicates_that_are_left_stand_for_those_without_an_estimate() -> None:
    """The mean square over the replicates with a case, about their mean; of 60 drawn the bootstrap divides by 59."""
    people = made()
    people["rare"] = ((people["ea"] == 3) & (people.groupby("ea").cumcount() < 2)).astype(int)
    design = fl.replicate(people, design=DESIGN, kind="rao-wu", replicates=60, seed=3)
    made_of: Any = design.replicates
    unit = {(str(stratum), str(ea)): position for position, (stratum, ea) in enumerate(made_of.units)}
    rows = [unit[str(stratum), str(ea)] for stratum, ea in zip(people["stratum"], people["ea"], strict=True)]
    weights = people["w"].to_numpy()[:, None] * made_of.multipliers[rows]
    share = (weights * people["rare"].to_numpy()[:, None]).sum(axis=0) / weights.sum(axis=0)
    log_odds = np.log(share[share > 0] / (1 - share[share > 0]))
    found = fl.regress(people, "rare ~ 1", design=design)
    assert 0 < len(log_odds) < 60
    assert found.frame["se"][0] == pytest.approx(log_odds.std() * np.sqrt(60 / 59), rel=1e-6)


def test_too_few_units_for_limits() -> None:
    people = made().assign(stratum=0, ea=lambda frame: frame["ea"] // 10)
    found = fl.regress(people, "y ~ sex + age", design=DESIGN)
    assert found.to_frame()["lower"].isna().all()
    assert {reason.code for reason in found.reasons} == {"df_not_positive"}
    test = fl.term_test(found, "age")
    assert np.isnan(test.p_value)
    assert "too few degrees of freedom" in repr(test)


def test_one_sex_alone_has_no_zero_variance_surprise() -> None:
    """A coefficient of a class that lives in one unit has a standard error of the other unit's zero total, not nothing."""
    people = made().assign(alone=lambda frame: (frame["ea"] == 7).astype(float))
    found = fl.regress(people, "wage ~ alone", family="gaussian", design=DESIGN).to_frame()
    assert (found["se"] > 0).all()


def test_terms() -> None:
    found = fl.regress(made(), "y ~ sex * sector + age", design=DESIGN)
    assert fl.term_test(found, "sector:sex").df[0] == 2
    both = fl.term_test(found, ["age", "sector"])
    assert both.df[0] == 3
    one = fl.term_test(found, "age")
    t = found.coefficients().set_index("term").loc["age"]
    np.testing.assert_allclose((one.statistic, one.p_value), (t["t"] ** 2, t["p"]))
    with pytest.raises(fl.FlError, match="FL-EST-229"):
        fl.term_test(found, "ages")
    with pytest.raises(fl.FlError, match="FL-EST-231"):
        fl.term_test(found, "age", method="score")  # pyright: ignore[reportArgumentType]
    with pytest.raises(fl.FlError, match="FL-EST-231"):
        fl.term_test(found, "age", tail_method="guess")  # pyright: ignore[reportArgumentType]
    with pytest.raises(fl.FlError, match="FL-EST-230"):
        fl.term_test(fl.estimate_prevalence(made(), "y", design=DESIGN), "age")


def test_under_equal_weights_and_no_clusters_the_ratio_is_the_usual_one() -> None:
    """With rows as units and a model that holds, the scales λ are near 1 and the ratio test near the naive one."""
    people = made(4_000)
    found = fl.regress(people, "y ~ sex + age + sector", design=fl.Design(unweighted=True))
    test = fl.term_test(found, "sector", method="lrt")
    np.testing.assert_allclose(test.scales, 1.0, atol=0.1)
    np.testing.assert_allclose(test.p_value, fl.term_test(found, "sector").p_value, atol=0.02)


def test_marginal_means_of_a_saturated_model_are_standardised_prevalences() -> None:
    """By hand: Σ over ages of the prevalence of a sex and age × the share of the age."""
    people = made().assign(old=lambda frame: (frame["age"] > 40).astype(int))
    found = fl.marginal_means(fl.regress(people, "y ~ sex * old", design=DESIGN), "sex")
    sums = people.assign(wy=people["w"] * people["y"]).groupby(["sex", "old"])[["wy", "w"]].sum()
    cell = sums["wy"] / sums["w"]
    share = people.groupby("old")["w"].sum() / people["w"].sum()
    expected = [sum(cell[sex, old] * share[old] for old in (0, 1)) for sex in ("female", "male")]
    np.testing.assert_allclose(found.to_frame()["value"], expected, rtol=1e-9)
    with pytest.raises(fl.FlError, match="FL-EST-239"):
        fl.marginal_means(fl.regress(people, "y ~ age", design=DESIGN), "age")
    with pytest.raises(fl.FlError, match="FL-EST-231"):
        fl.marginal_means(fl.regress(people, "y ~ sex", design=DESIGN), "sex", covariance_of="none")  # pyright: ignore[reportArgumentType]


def test_the_joint_variance_of_marginal_means_is_that_of_repeating_them() -> None:
    people = made(1_200)
    joint = fl.marginal_means(fl.regress(people, "y ~ age + sex", design=DESIGN), "sex")
    again = fl.replicate(people, design=DESIGN, kind="jkn")
    repeated = fl.marginal_means(fl.regress(people, "y ~ age + sex", design=again), "sex")
    np.testing.assert_allclose(joint.covariance, repeated.covariance, rtol=0.05)


def test_results_are_kept_and_travel(tmp_path: Path) -> None:
    found = fl.regress(made(), "y ~ sex", design=DESIGN)
    back = fl.Estimates.read(found.save(tmp_path / "model.parquet"))
    pd.testing.assert_frame_equal(back.to_frame(), found.to_frame())
    np.testing.assert_array_equal(back.covariance, found.covariance)
    assert pickle.loads(pickle.dumps(found)).to_frame().equals(found.to_frame())
    ratios = found.coefficients(exponentiate=True)
    np.testing.assert_allclose(np.log(ratios["value"]), found.to_frame()["value"])
    assert repr(found).startswith("Regression, binomial, y ~ sex, 2 rows")


@pytest.mark.parametrize("replicated", [False, True])
def test_a_model_without_its_people_still_answers(tmp_path: Path, replicated: bool) -> None:
    """What was saved, and what was pickled, give every term's tests and the means of every column of classes, to the digit."""
    people = made(300)
    design = fl.replicate(people, design=DESIGN, kind="jkn") if replicated else DESIGN
    model = fl.regress(people, "y ~ sex + C(stratum) + age", design=design)
    path = model.save(tmp_path / "model.parquet")
    for other in (fl.Regression.read(path), pickle.loads(pickle.dumps(model))):
        for term in ("sex", "C(stratum)", "age"):
            for way in ("wald", "lrt"):
                mine, theirs = (fl.term_test(one, term, method=way) for one in (other, model))
                assert repr(mine.to_dict()) == repr(theirs.to_dict())
                assert (mine.scales, mine.provenance.to_dict()) == (theirs.scales, theirs.provenance.to_dict())
        both = [fl.term_test(one, ["sex", "age"]).p_value for one in (other, model)]
        assert both[0] == both[1]
        for by in ("sex", "stratum"):
            for kind in ("joint", "separate"):
                mine, theirs = (fl.marginal_means(one, by, covariance_of=kind) for one in (other, model))
                pd.testing.assert_frame_equal(mine.to_frame(), theirs.to_frame())
                np.testing.assert_array_equal(mine.covariance, theirs.covariance)
                assert mine.assumptions == theirs.assumptions
                assert mine.provenance.to_dict() == theirs.provenance.to_dict()
        for asked in (
            lambda other=other: fl.term_test(other, ["sex", "age"], method="lrt"),
            lambda other=other: fl.marginal_means(other, "sector"),
        ):
            with pytest.raises(fl.FlError, match=r"FL-EST-230.*needs the people"):
                asked()
    with pytest.raises(fl.FlError, match="FL-FILE-09"):
        fl.Regression.read(fl.estimate_prevalence(people, "y", design=DESIGN).save(tmp_path / "prevalence.parquet"))


def test_a_model_holds_no_rows_and_says_when_its_people_have_changed() -> None:
    people = made(300).assign(wage=lambda frame: frame["wage"].round(6))
    model = fl.regress(people, "y ~ sex + wage", design=DESIGN)
    assert model.model is not None
    held = [value for value in vars(model.model).values() if isinstance(value, np.ndarray)]
    assert all(value.size <= 9 for value in held)
    told = repr(model) + repr(model.model) + str(pickle.dumps(model)) + str(model.model.to_dict())
    assert not [wage for wage in people["wage"] if str(wage) in told]
    people["wage"] = people["wage"].to_numpy()[::-1].copy()
    with pytest.raises(fl.FlError, match=r"FL-EST-230.*changed"):
        fl.term_test(model, "sex", method="lrt")


def test_conditions_and_quoted_names() -> None:
    people = made().assign(**{"the wage": lambda frame: frame["wage"]})
    plain = fl.regress(people, "y ~ np.log(wage)", design=DESIGN).to_frame()
    quoted = fl.regress(people, "I(y == 1) ~ np.log(`the wage`)", design=DESIGN).to_frame()
    np.testing.assert_allclose(quoted["value"], plain["value"])
    splines = fl.regress(people, "`y` ~ bs(wage, df=4)", design=DESIGN).to_frame()
    assert len(splines) == 5


CALIBRATED: list[Any] = [
    (stages, kind) for stages in ({"strata": "st", "psu": "ea"}, {}) for kind in (None, "jk1" if not stages else "jkn")
]


@pytest.mark.parametrize(("stages", "kind"), CALIBRATED)
def test_calibrated_weights_give_the_errors_of_residuals(stages: dict[str, Any], kind: Any) -> None:
    """An intercept alone is the mean, whose errors under calibration are R survey's (tests/reference/test_weights.py)."""
    rng = np.random.default_rng(20261125)
    n = 240
    frame = pd.DataFrame(
        {"ea": np.repeat(np.arange(24), 10), "st": np.repeat(np.arange(4), 60), "sex": rng.integers(0, 2, n)}
    )
    frame["w"], frame["x"] = rng.uniform(5, 15, n), rng.normal(size=n)
    frame["y"] = (rng.uniform(size=n) < 1 / (1 + np.exp(-frame.x - 2 * frame.sex + 1))).astype(int)
    design = fl.Design(weights="w", **stages)
    if kind is not None:
        design = fl.replicate(frame, design=design, kind=kind)
    before = fl.regress(frame, "y ~ 1", family="gaussian", design=design).to_frame().iloc[0]
    people, design = fl.calibrate(frame, {"sex": {"0": 1200.0, "1": 1300.0}}, design=design)
    one = fl.regress(people, "y ~ 1", family="gaussian", design=design).to_frame().iloc[0]
    mean = fl.estimate_mean(people, "y", design=design).to_frame().iloc[0]
    assert one["se"] == pytest.approx(mean["se"], rel=1e-9)
    assert one["se"] < 0.95 * before["se"]
    # The total of what was calibrated to is known: its mean has no error.
    known = fl.regress(people, "sex ~ 1", family="gaussian", design=design).to_frame().iloc[0]
    assert known["value"] == pytest.approx(1300 / 2500)
    assert known["se"] < 1e-9
    # A centred column keeps rows apart, classes are counted in cells: both have the same slope and error.
    cells, rows = (fl.regress(people, f"y ~ {x}", design=design).to_frame() for x in ("sex", "center(sex)"))
    assert cells["se"].iloc[1] == pytest.approx(rows["se"].iloc[1])


def test_replicates_come_before_calibration() -> None:
    frame = pd.DataFrame({"ea": [1, 1, 2, 2, 3, 3], "w": [1.0, 2, 3, 4, 5, 6], "sex": [0, 1] * 3})
    people, design = fl.calibrate(frame, {"sex": {"0": 20.0, "1": 30.0}}, design=fl.Design(weights="w", psu="ea"))
    with pytest.raises(fl.FlError, match="FL-DESIGN-61"):
        fl.replicate(people, design=design, kind="jk1")
