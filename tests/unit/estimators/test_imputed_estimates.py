"""unknown="impute": one pass over the rows gives what pooling the estimates of every completed data set gives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import stats

import fl_estimate as fl
from fl_estimate.design.intervals import PROPORTION
from fl_estimate.estimators.survey import replicated
from fl_estimate.estimators.survey.imputed_tests import pooled_statistic
from fl_estimate.results.beside_bounds import beside_bounds
from fl_estimate.results.estimates import Estimates
from tests.unit.estimators.drawn_people import DESIGN, Drawn, drawn_people

NUMBERS = ["value", "se", "lower", "upper", "df"]
OF_ANSWERS = ["n", "cases", "undetermined", "psus_with_cases"]
PEOPLE = drawn_people()
SMALL = drawn_people(draws=3)


def pooled(estimate: Callable[[Any], Estimates], drawn: Drawn = PEOPLE) -> Estimates:
    """The long way: every completed data set by itself, then `fl.pool`, whose figures tests of R's hold."""
    return fl.pool([estimate(drawn.completed(position)) for position in range(1, drawn.draws + 1)])


def agree(found: Estimates, expected: Estimates) -> None:
    for name in NUMBERS:
        np.testing.assert_allclose(found.frame[name], expected.frame[name], rtol=1e-10, equal_nan=True, err_msg=name)
    if expected.covariance_matrix is not None:
        np.testing.assert_allclose(found.covariance, expected.covariance, rtol=1e-9, atol=1e-18)


CALLS: dict[str, tuple[Callable[..., Estimates], tuple[Any, ...], dict[str, Any]]] = {
    "prevalence": (fl.estimate_prevalence, (["fl", "debt"],), {"by": ["region", "sex"]}),
    "total": (fl.estimate_total, ("fl",), {"by": "region"}),
    "mean": (fl.estimate_mean, ("fl",), {"by": [["region"], ["sex"]], "where": "age >= 30"}),
    "mean of a quantity among cases": (fl.estimate_mean, ("hours",), {"where": "fl == 1", "by": "sex"}),
    "mean of a quantity by class": (fl.estimate_mean, ("hours",), {"by": "fl"}),
    "ratio": (fl.estimate_ratio, ("debt", "fl"), {"by": "region"}),
    "variance": (fl.estimate_variance, ("fl",), {}),
    "quantile among cases": (fl.estimate_quantile, ("hours", [0.25, 0.5]), {"where": "fl == 1"}),
    "regression": (fl.regress, ("fl ~ sex + age",), {}),
    "regression by domain": (fl.regress, ("fl ~ age",), {"by": "region"}),
}


@pytest.mark.parametrize("name", CALLS)
def test_as_each_completed_data_set_pooled(name: str) -> None:
    function, arguments, more = CALLS[name]
    agree(
        function(SMALL, *arguments, unknown="impute", **more),
        pooled(lambda people: function(people, *arguments, design=DESIGN, **more), SMALL),
    )


def counted() -> Drawn:
    """SMALL with bands of hours, and a number of forms of forced labour that is unknown of some."""
    rng = np.random.default_rng(11)
    people = SMALL.people.assign(band=pd.cut(SMALL.people["hours"], [0, 38, 46, 90], labels=["low", "middle", "high"]))
    surely = (people["fl"] * rng.integers(1, 3, len(people))).to_numpy()
    open_ = (people["fl_possible"] > people["fl"]).to_numpy()
    forms = np.where(open_[:, None], rng.integers(0, 3, (len(people), 3)), surely[:, None]).astype(np.int8)
    people = people.assign(
        forms=surely, forms_possible=np.where(open_, 2, surely), forms_in_scope=people["fl_in_scope"]
    )
    return replace(SMALL, people=people, drawn={**SMALL.drawn, "forms": forms})


OF_CLASSES: dict[str, tuple[Any, str, dict[str, Any]]] = {
    "ordinal, of an imputed covariate": (fl.regress_ordinal, "band ~ fl + age", {}),
    "ordinal, an imputed outcome": (fl.regress_ordinal, "forms ~ sex", {"order": [0, 1, 2]}),
    "ordinal by domain": (fl.regress_ordinal, "band ~ fl", {"by": "region"}),
    "multinomial, of an imputed covariate": (fl.regress_multinomial, "band ~ fl + age", {"reference": "middle"}),
    "multinomial, an imputed outcome": (fl.regress_multinomial, "forms ~ sex", {"reference": 0}),
}


@pytest.mark.parametrize("name", OF_CLASSES)
def test_models_of_classes_are_pooled_as_each_completed_data_set(name: str) -> None:
    function, formula, more = OF_CLASSES[name]
    drawn = counted()
    found = function(drawn, formula, unknown="impute", **more)
    expected = pooled(lambda people: function(people, formula, design=DESIGN, **more), drawn)
    agree(found, expected)
    assert isinstance(found, fl.Regression)
    assert set(found.frame["bound"]) == {"imputed"}


def test_a_model_of_classes_that_was_pooled_is_tested_and_published() -> None:
    model = fl.regress_ordinal(counted(), "band ~ fl + sex", unknown="impute")
    tested = fl.term_test(model, "fl")
    one = model.select(term="fl")
    # One coefficient: the F statistic is the square of its t.
    assert tested.statistic == pytest.approx((one.value / one.se) ** 2)
    assert "unknown_imputed" in [each.code for each in model.assumptions]
    (table,) = fl.publish(model).tables
    assert table.frame["value"].notna().any()


@pytest.mark.parametrize(
    "design",
    [
        fl.Design(weights="w", expands=True),
        fl.Design(weights="w", psu="ea", strata="stratum", fpc="share", expands=True),
        fl.Design(psu="ea", unweighted=True),
    ],
    ids=["rows are units", "fpc", "unweighted"],
)
def test_designs(design: fl.Design) -> None:
    drawn = replace(PEOPLE, people=PEOPLE.people.assign(share=0.2), design=design)
    agree(
        fl.estimate_prevalence(drawn, "fl", by="region", unknown="impute"),
        pooled(lambda people: fl.estimate_prevalence(people, "fl", design=design, by="region"), drawn),
    )


@pytest.mark.parametrize("kind", ["jkn", "rao-wu"])
def test_replicates(kind: Any) -> None:
    design = fl.replicate(PEOPLE.people, design=DESIGN, kind=kind, replicates=30 if kind == "rao-wu" else None, seed=1)
    drawn = replace(PEOPLE, design=design)
    agree(
        fl.estimate_prevalence(drawn, "fl", by="region", unknown="impute"),
        pooled(lambda people: fl.estimate_prevalence(people, "fl", design=design, by="region"), drawn),
    )


def test_replicate_weights_of_the_file() -> None:
    rng = np.random.default_rng(1)
    weights = {f"r{k}": PEOPLE.people["w"] * rng.integers(0, 3, len(PEOPLE.people)) for k in range(12)}
    design = fl.Design(weights="w", replicates=fl.Replicates(list(weights), kind="jk1"), expands=True)
    drawn = replace(PEOPLE, people=PEOPLE.people.assign(**weights), design=design)
    agree(
        fl.estimate_prevalence(drawn, "fl", unknown="impute"),
        pooled(lambda people: fl.estimate_prevalence(people, "fl", design=design), drawn),
    )


def test_replicate_weights_of_the_file_are_read_once_for_all_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(1)
    weights = {f"r{k}": PEOPLE.people["w"] * rng.integers(0, 3, len(PEOPLE.people)) for k in range(12)}
    design = fl.Design(weights="w", replicates=fl.Replicates(list(weights), kind="jk1"), expands=True)
    drawn = replace(PEOPLE, people=PEOPLE.people.assign(**weights), design=design)
    read: list[int] = []
    real = replicated.totals_in_blocks

    def counted(frame: Any, keys: Any, columns: Any, sums: Any) -> Any:
        read.append(len(sums))
        return real(frame, keys, columns, sums)

    monkeypatch.setattr(replicated, "totals_in_blocks", counted)
    found = fl.estimate_prevalence(drawn, "fl", by="region", unknown="impute")
    # 12 replicates of 10 columns: who counts, the outcome as given, and that of 8 draws; then the ranks, once.
    assert read[0] == 12 * 10
    assert len(read) == 2
    agree(found, pooled(lambda people: fl.estimate_prevalence(people, "fl", design=design, by="region"), drawn))


def test_on_a_lazy_frame() -> None:
    class Lazily(Drawn):
        def with_draws(self, outcomes: Any) -> Any:
            return pl.from_pandas(PEOPLE.with_draws(outcomes)).lazy()

    frame: Any = pl.from_pandas(PEOPLE.people).lazy()
    lazy = Lazily(people=frame, drawn=PEOPLE.drawn, draws=PEOPLE.draws)
    agree(
        fl.estimate_prevalence(lazy, "fl", by="region", unknown="impute"),
        fl.estimate_prevalence(PEOPLE, "fl", by="region", unknown="impute"),
    )


def test_the_degrees_of_freedom_of_barnard_and_rubin() -> None:
    """By hand, with units less strata as those of complete data."""
    each = [fl.estimate_prevalence(PEOPLE.completed(k), "fl", design=DESIGN, df="domain") for k in range(1, 9)]
    found = fl.estimate_prevalence(PEOPLE, "fl", unknown="impute", df="domain")
    within, m = np.mean([one.se**2 for one in each]), len(each)
    between = np.var([one.value for one in each], ddof=1)
    total = within + (1 + 1 / m) * between
    gamma = (1 + 1 / m) * between / total
    complete = each[0].frame["df"].iloc[0]
    observed = (complete + 1) / (complete + 3) * complete * (1 - gamma)
    df = 1 / (gamma**2 / (m - 1) + 1 / observed)
    assert complete == PEOPLE.people.loc[PEOPLE.people["fl_in_scope"] == 1, "ea"].nunique() - 4
    np.testing.assert_allclose([found.se, found.frame["df"].iloc[0]], [np.sqrt(total), df], rtol=1e-12)


def test_what_it_rests_on_is_what_was_answered() -> None:
    found = fl.estimate_prevalence(PEOPLE, "fl", by="region", unknown="impute")
    given = fl.estimate_prevalence(PEOPLE, "fl", by="region")
    pd.testing.assert_frame_equal(found.frame[OF_ANSWERS], given.frame[OF_ANSWERS])
    for name in ("respondents", "cases", "psus_with_cases", "df"):
        np.testing.assert_array_equal(getattr(found.support, name), getattr(given.support, name))
    assert set(found.frame["bound"]) == {"imputed"}
    assert (found.frame["value"] > given.frame["value"]).all()


def test_the_recipe_says_how_it_was_imputed() -> None:
    shifted = replace(PEOPLE, delta={"refusal": float(np.log(2)), "missing": 0.0})
    found = fl.estimate_prevalence(shifted, "fl", unknown="impute")
    told = {str(each.code): dict(each.parameters) for each in found.assumptions}
    assert told["unknown_imputed"] == {"m": 8}
    assert told["imputed_not_at_random"] == pytest.approx(
        {"refusal": 2.0, "dont_know": 1.0, "missing": 1.0, "not_asked": 1.0}
    )
    assert "unknown_as_no" not in told
    assert found.provenance.arguments["unknown"] == "impute"
    imputation = found.provenance.arguments["imputation"]
    assert (imputation["draws"], imputation["seed"], list(imputation["delta"])) == (8, 1, ["refusal"])
    at_random = {each.code for each in fl.estimate_prevalence(PEOPLE, "fl", unknown="impute").assumptions}
    assert "imputed_not_at_random" not in at_random


def test_the_nation_says_its_share_imputed_and_its_missing_information() -> None:
    found = fl.estimate_prevalence(PEOPLE, "fl", by="region", unknown="impute")
    reason = next(each for each in found.reasons if each.code == "imputed_share")
    share, information = dict(reason.parameters).values()
    assert reason.row == 0
    assert share == pytest.approx(100 * found.frame["undetermined"].iloc[0], abs=0.005)
    assert information == round(100 * found.diagnostics["missing_information"][0])
    assert found.diagnostics["share_imputed"] == found.frame["undetermined"].tolist()


def test_without_unknown_answers_it_is_the_plain_estimate() -> None:
    drawn = drawn_people(unknown=0.0)
    found, plain = (fl.estimate_prevalence(drawn, "fl", by="region", unknown=each) for each in ("impute", None))
    for name in ("value", "se"):
        np.testing.assert_allclose(found.frame[name], plain.frame[name], rtol=1e-12)
    assert found.diagnostics["missing_information"] == pytest.approx([0.0, 0.0, 0.0], abs=1e-12)
    # Barnard and Rubin's df of complete data: (ν + 1)/(ν + 3) ν.
    df = plain.frame["df"].to_numpy()
    np.testing.assert_allclose(found.frame["df"], (df + 1) / (df + 3) * df)


@pytest.mark.parametrize("kind", PROPORTION)
def test_intervals_are_of_the_kind_asked_for(kind: Any) -> None:
    found = fl.estimate_prevalence(PEOPLE, "fl", by="region", interval=kind, unknown="impute")
    assert set(found.frame["interval_kind"]) == {kind}
    assert (found.frame["lower"] < found.frame["value"]).all()
    assert (found.frame["value"] < found.frame["upper"]).all()


def test_a_total_has_logarithmic_limits() -> None:
    found = fl.estimate_total(PEOPLE, "fl", unknown="impute")
    t = stats.t.ppf(0.975, found.frame["df"].iloc[0])
    np.testing.assert_allclose(
        found.interval, found.value * np.exp(np.array([-1, 1]) * t * found.se / found.value), rtol=1e-10
    )


def nobody() -> Drawn:
    """Nobody is a case in any draw, in the North; one of the South is, in every second draw alone."""
    people = PEOPLE.people.assign(
        fl=0, fl_possible=lambda f: ((f["region"] == "South") & (f.index % 50 == 7)).astype(int)
    )
    draws = np.zeros((len(people), 6), dtype=np.int8)
    open_ = np.flatnonzero((people["fl_possible"] == 1) & (people["fl_in_scope"] == 1))
    draws[open_[0], ::2] = 1
    return Drawn(people=people, drawn={"fl": draws}, draws=6)


def test_zero_cases_in_all_draws_and_in_some() -> None:
    drawn = nobody()
    found = fl.estimate_prevalence(drawn, "fl", by="region", unknown="impute")
    none = fl.estimate_prevalence(drawn, "fl", by="region")
    north, south = found.select(region="North"), found.select(region="South")
    assert (north.value, north.se, north.interval) == (0.0, 0.0, none.select(region="North").interval)
    assert {each.code for each in found.reasons if each.row == 1} == {"zero_cases"}
    assert south.value > 0
    assert south.se > 0
    assert south.frame["cases"].iloc[0] == 0
    assert not [each for each in found.reasons if each.row == 2 and each.code == "zero_cases"]


def test_a_census_has_the_error_of_the_imputation_alone() -> None:
    design = fl.Design(weights="w", fpc="one", psu="ea", expands=True)
    drawn = replace(PEOPLE, people=PEOPLE.people.assign(one=1.0), design=design)
    found = fl.estimate_prevalence(drawn, "fl", unknown="impute")
    values = [fl.estimate_prevalence(drawn.completed(k), "fl", design=design).value for k in range(1, 9)]
    np.testing.assert_allclose(found.se, np.sqrt((1 + 1 / 8) * np.var(values, ddof=1)), rtol=1e-9)
    assert found.frame["df"].iloc[0] == 7
    assert found.interval[0] < found.value < found.interval[1]


def test_contrasts_and_standardised_rates_take_the_pooled_covariance() -> None:
    found = fl.estimate_prevalence(PEOPLE, "fl", by=["region", "sex"], unknown="impute")
    expected = pooled(lambda people: fl.estimate_prevalence(people, "fl", design=DESIGN, by=["region", "sex"]))
    for made in (
        lambda e: fl.contrast(e, {"region": ("North", "South")}),
        lambda e: fl.standardise(e, {"sex": {"f": 1, "m": 1}}),
    ):
        np.testing.assert_allclose(
            made(found).frame[["value", "se"]], made(expected).frame[["value", "se"]], rtol=1e-10
        )


def test_a_t_test_by_rubin() -> None:
    each = [fl.t_test(SMALL.completed(k), "hours", "fl", design=DESIGN) for k in range(1, 4)]
    found = fl.t_test(SMALL, "hours", "fl", unknown="impute")
    mean, within = np.mean([one.estimate for one in each]), np.mean([one.se**2 for one in each])
    total = within + (1 + 1 / 3) * np.var([one.estimate for one in each], ddof=1)
    np.testing.assert_allclose([found.estimate, found.se, found.statistic], [mean, total**0.5, mean / total**0.5])
    assert found.p_value == pytest.approx(2 * stats.t.sf(abs(found.statistic), found.df[0]))
    assert (found.rows.support.cases <= fl.t_test(SMALL, "hours", "fl").rows.support.cases).all()
    one = fl.t_test(SMALL, "hours", value=40, where="fl == 1", unknown="impute")
    assert one.statistic == pytest.approx((one.estimate - 40) / one.se)


@pytest.mark.parametrize("statistic", ["F", "Chisq", "adjWald", "saddlepoint"])
def test_independence(statistic: Any) -> None:
    """With one degree of freedom the pooled statistic is near the square of the pooled difference over its error."""
    found = fl.independence_test(SMALL, "fl", "sex", statistic=statistic, unknown="impute")
    difference = fl.contrast(
        fl.estimate_prevalence(SMALL, "fl", by="sex", unknown="impute", where="fl_in_scope"), {"sex": ("f", "m")}
    )
    assert found.df[0] == 1
    assert found.statistic == pytest.approx((difference.value / difference.se) ** 2, abs=0.15)
    whole = drawn_people(draws=2, unknown=0.0)
    plain = fl.independence_test(whole, "fl", "sex", statistic=statistic)
    same = fl.independence_test(whole, "fl", "sex", statistic=statistic, unknown="impute")
    scale = 1.0 if len(plain.df) == 2 else float(np.mean(plain.scales))
    assert same.statistic == pytest.approx(plain.statistic / scale)


def test_the_pooled_statistic_by_hand() -> None:
    d, k, m = np.array([4.0, 9.0, 1.0]), 2.0, 3
    r = (1 + 1 / m) * 1.0  # the variance of 2, 3, 1
    f = (14 / 3 / k - (m + 1) / (m - 1) * r) / (1 + r)
    denominator = k ** (-3 / m) * (m - 1) * (1 + 1 / r) ** 2
    found = pooled_statistic(d, k, 30.0)
    assert found == pytest.approx((max(f, 0.0), denominator, stats.f.sf(max(f, 0.0), k, denominator)))
    assert pooled_statistic(np.array([4.0, 4.0]), 1.0, np.inf)[2] == pytest.approx(stats.chi2.sf(4, 1))


def test_tests_by_domain() -> None:
    rows = fl.t_test(SMALL, "hours", "fl", by="region", unknown="impute")
    alone = fl.t_test(SMALL, "hours", "fl", where="region == 'North'", unknown="impute")
    north = rows.select(region="North", quantity="tested_estimate")
    assert (north.value, north.se) == pytest.approx((alone.estimate, alone.se))
    assert fl.rank_test(SMALL, "hours", "fl", unknown="impute").se > 0


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (lambda: fl.estimate_prevalence(PEOPLE.people, "fl", design=DESIGN, unknown="impute"), "FL-EST-460"),
        (lambda: fl.regress(PEOPLE.people, "fl ~ sex", design=DESIGN, unknown="impute"), "FL-EST-460"),
        (lambda: fl.estimate_mean(PEOPLE, "hours", unknown="impute"), "FL-EST-461"),
        (lambda: fl.estimate_prevalence(replace(PEOPLE, drawn={"fl": PEOPLE.drawn["fl"]}), ["fl", "debt"], unknown="impute"), "FL-EST-461"),
        (lambda: fl.t_test(PEOPLE, "hours", "sex", where="fl == 1", by="region", unknown="impute"), "FL-EST-462"),
        (lambda: fl.estimate_prevalence(replace(PEOPLE, draws=1), "fl", unknown="impute"), "FL-EST-463"),
        (lambda: fl.regress_multinomial(PEOPLE.people, "sex ~ age", design=DESIGN, unknown="impute"), "FL-EST-460"),
        (lambda: fl.regress_ordinal(PEOPLE, "band ~ age", unknown="impute"), "FL-EST-461"),
        (lambda: fl.estimate_prevalence(PEOPLE, "fl", unknown="imputed"), "FL-EST-12"),  # pyright: ignore[reportArgumentType]
    ],
)  # fmt: skip
def test_faults(call: Callable[[], Any], code: str) -> None:
    with pytest.raises(fl.FlError, match=code):
        call()


def test_the_fault_says_to_impute_first() -> None:
    with pytest.raises(fl.FlError, match=r"fl\.impute\("):
        fl.estimate_total(PEOPLE.people, "fl", design=DESIGN, unknown="impute")


def test_beside_the_bounds() -> None:
    imputed = fl.estimate_prevalence(PEOPLE, "fl", by="region", unknown="impute")
    bounds = fl.estimate_prevalence(PEOPLE, "fl", by="region", unknown="bounds")
    both = beside_bounds(imputed, bounds)
    frame = both.frame
    assert frame["bound"].tolist() == ["imputed", "lower", "upper", "identified"] * 3
    assert frame["region"].astype("string").fillna("").tolist() == [""] * 4 + ["North"] * 4 + ["South"] * 4
    values = frame["value"].to_numpy().reshape(3, 4)
    assert (values[:, 1] <= values[:, 0]).all()
    assert (values[:, 0] <= values[:, 2]).all()
    np.testing.assert_array_equal(both.support.cases, frame["cases"])
    assert both.covariance[0, 4] == imputed.covariance[0, 1]
    assert np.isnan(both.covariance[0, 1])
    assert [each.row for each in both.reasons if each.code == "imputed_share"] == [0]
    with pytest.raises(fl.FlError, match="FL-EST-464"):
        beside_bounds(imputed, fl.estimate_prevalence(PEOPLE, "fl", by="sex", unknown="bounds"))


def test_a_first_draw_without_a_case_does_not_take_the_test_away() -> None:
    """No answer is a case for sure, and the first draw has none: the statistic is that of the pooled difference."""
    rows = np.arange(400)
    open_ = rows % 4 == 0
    people = pd.DataFrame(
        {"fl": 0, "fl_possible": open_.astype(int), "fl_in_scope": 1, "w": 1.0, "group": rows % 8 < 4}
    )
    made = np.where(open_[:, None], np.random.default_rng(1).random((400, 10)) < 0.3, 0).astype(np.int8)
    made[:, 0] = 0
    drawn = Drawn(people=people.astype({"group": int}), drawn={"fl": made}, draws=10, design=fl.Design(weights="w"))
    found: Any = fl.t_test(drawn, "fl", "group", unknown="impute")
    assert found.statistic == pytest.approx(found.estimate / found.se, rel=1e-12)
    assert found.p_value == pytest.approx(2 * stats.t.sf(abs(found.statistic), found.df[0]), rel=1e-12)
