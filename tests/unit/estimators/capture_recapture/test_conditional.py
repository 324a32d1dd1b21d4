"""Lists with covariates: truths are found by domain, missing covariates and blind lists are taken into account, and bad calls refused."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import optimize

import fl_estimate as fl
from fl_estimate import capture_recapture as cr
from fl_estimate.estimators.capture_recapture.conditional_fit import maximise, moments
from fl_estimate.estimators.capture_recapture.conditional_model import Formulas, list_model
from fl_estimate.estimators.capture_recapture.people_cells import cells_of, read_records
from fl_estimate.estimators.capture_recapture.terms import read_terms

LISTS = ["police", "shelter", "border", "helpline"]


def people(size: int, seed: int, *, dependent: bool = True, blind: bool = True) -> tuple[pd.DataFrame, pd.DataFrame]:
    """People on four lists by year, sex and form; police and shelter refer, border begins in 2021. Observed, and all."""
    chance = np.random.default_rng(seed)
    year = chance.choice([2020, 2021, 2022], size=size)
    sex = chance.choice(["female", "male"], size=size, p=[0.7, 0.3])
    form = np.where(chance.random(size) < np.where(sex == "female", 0.7, 0.2), "sexual", "labour")
    logit = (
        np.array([-0.9, -1.2, -1.6, -1.3])
        + np.array([-0.3, -0.8, 0.2, -0.2]) * (sex == "male")[:, None]
        + np.array([-0.5, -0.3, 0.3, 0.1]) * (form == "labour")[:, None]
    )
    histories = np.array(list(itertools.product((0, 1), repeat=4)))
    exponent = logit @ histories.T + 0.9 * dependent * (histories[:, 0] * histories[:, 1])
    if blind:
        exponent = np.where((year == 2020)[:, None] & (histories[:, 2] == 1), -np.inf, exponent)
    share = np.exp(exponent)
    share /= share.sum(axis=1, keepdims=True)
    drawn = (share.cumsum(axis=1) < chance.random((size, 1))).sum(axis=1)
    every = pd.DataFrame(histories[drawn], columns=LISTS).assign(year=year, sex=sex, form=form)
    return every[every[LISTS].any(axis=1)].reset_index(drop=True), every


CALL: dict[str, Any] = {
    "lists": LISTS, "covariates": "C(year) + sex + form", "terms": [("police", "shelter")],
    "blind": {"border": {"year": [2020]}},
}  # fmt: skip


def sizes(found: fl.Estimates) -> pd.DataFrame:
    return found.select(quantity="population_size").to_frame()


def test_totals_of_every_domain_are_found_and_add_up() -> None:
    seen, every = people(8_000, 1)
    found = cr.conditional_loglinear(seen, by=[["year"], ["sex", "form"]], **CALL)
    frame = sizes(found)
    nation, years = frame.iloc[0], frame[frame["margin"] == "year"]
    crossed = frame[frame["margin"] == "sex × form"]
    assert abs(nation["value"] - 8_000) < 3 * nation["se"]
    truth = every.groupby("year").size().loc[years["year"].tolist()].to_numpy()
    # Three of thirty would be outside 2.1 standard errors by chance; none may be outside 3.5.
    assert (np.abs(years["value"] - truth) < 3.5 * years["se"]).all()
    for part in (years, crossed):
        np.testing.assert_allclose(part["value"].sum(), nation["value"], rtol=1e-12)
        assert part["n"].sum() == nation["n"] == len(seen)
    rows = np.flatnonzero((found.to_frame()["margin"] == "year") & (found.to_frame()["quantity"] == "population_size"))
    np.testing.assert_allclose(found.covariance[np.ix_(rows, rows)].sum(), nation["se"] ** 2, rtol=1e-9)
    assert found.by == ("year", "sex", "form")
    assert {"lists_blind", "dependence_among_alike", "chances_alike"} <= {a.code for a in found.assumptions}


def test_without_covariates_it_is_the_log_linear_model() -> None:
    seen, _ = people(3_000, 2, blind=False)
    terms = [("police", "shelter"), ("border", "helpline")]
    ours = cr.conditional_loglinear(seen, lists=LISTS, terms=terms).to_frame().iloc[0]
    histories = fl.CaptureHistories.from_records(seen, lists=LISTS)
    theirs = cr.loglinear(histories, terms).to_frame().iloc[0]
    np.testing.assert_allclose(ours["value"], theirs["value"], rtol=1e-8)
    # Of the Poisson model: e^{2α} Var α + e^α. Conditional on n the same to rounding, as the totals are.
    np.testing.assert_allclose(ours["se"] ** 2, theirs["se"] ** 2, rtol=1e-6)


def test_people_are_taken_to_be_alike_in_what_the_model_has_only() -> None:
    """Columns of by= and blind= that are in no formula are none of its covariates."""
    seen, _ = people(1_000, 12)
    call: dict[str, Any] = CALL | {"covariates": "sex", "by": "form"}
    found = cr.conditional_loglinear(seen, **call)
    told = {str(a.code): dict(a.parameters) for a in found.assumptions}
    assert told["dependence_among_alike"]["covariates"] == "sex"


def test_a_pair_that_nobody_is_on_together_is_minus_infinity() -> None:
    seen, _ = people(2_000, 3, dependent=False, blind=False)
    seen = seen[~((seen["border"] == 1) & (seen["helpline"] == 1))]
    found = cr.conditional_loglinear(seen, lists=LISTS, terms=[("border", "helpline")])
    histories = fl.CaptureHistories.from_records(seen, lists=LISTS)
    theirs = cr.loglinear(histories, [("border", "helpline")]).to_frame().iloc[0]
    np.testing.assert_allclose(found.to_frame()["value"].iloc[0], theirs["value"], rtol=1e-8)
    assert found.diagnostics["coefficients"]["border:helpline"][0] == -np.inf


def test_strata_by_themselves_are_a_model_with_everything_by_stratum() -> None:
    """Year crossed with everything is one model a year: sums and variances of separate fits."""
    seen, _ = people(4_000, 4, blind=False)
    pairs = [("police", "shelter")]
    joint = cr.conditional_loglinear(
        seen, lists=LISTS, covariates="C(year)", terms=pairs, dependence="C(year)", by="year"
    )
    for _, row in sizes(joint)[1:].iterrows():
        alone = cr.conditional_loglinear(seen[seen["year"] == row["year"]], lists=LISTS, terms=pairs).to_frame().iloc[0]
        np.testing.assert_allclose([row["value"], row["se"]], [alone["value"], alone["se"]], rtol=1e-7)


def test_score_and_information_are_the_derivatives() -> None:
    seen, _ = people(500, 5)
    records = read_records(seen, LISTS, ["year", "sex", "form"])
    cells = cells_of(records)
    histories = fl.CaptureHistories.from_records(seen, lists=LISTS)
    formulas = Formulas(by_list="sex", common="form", dependence="sex")
    made = list_model(records, cells, read_terms(histories, [("police", "shelter")]), formulas, CALL["blind"])
    held = made.softmax.members[cells.history]
    people_of = np.bincount(cells.cell[:, 0], weights=cells.people, minlength=len(cells.frame))
    sums = np.stack(
        [np.bincount(cells.cell[:, 0], weights=cells.people * h, minlength=len(people_of)) for h in held.T], axis=1
    )
    model = made.softmax.counted(people_of, sums)
    at = np.random.default_rng(1).normal(size=len(model.names)) * 0.3
    now = moments(model, at)
    slope: Any = optimize.approx_fprime(at, lambda b: moments(model, b).log_likelihood, 1e-6)
    np.testing.assert_allclose(now.score, slope, rtol=1e-4, atol=1e-3)
    for position in range(len(at)):
        step = np.eye(len(at))[position] * 1e-5
        turn = (moments(model, at + step).score - moments(model, at - step).score) / 2e-5
        np.testing.assert_allclose(-now.information[position], turn, rtol=1e-5, atol=1e-4)
    assert np.abs(maximise(model).moments.score).max() < 1e-5


def masked(seen: pd.DataFrame) -> pd.DataFrame:
    """The helpline does not ask for the form: who is on it alone lacks it."""
    alone = (seen["helpline"] == 1) & (seen[["police", "shelter", "border"]].sum(axis=1) == 0)
    return seen.assign(form=seen["form"].where(~alone, None))


def test_missing_covariates_are_summed_over() -> None:
    """EM finds the maximum of the likelihood of what was observed, maximised here directly over a small model."""
    seen, _ = people(1_500, 6, dependent=False, blind=False)
    lists = ["police", "shelter", "helpline"]
    seen = masked(seen.assign(border=0))
    seen = seen[seen[lists].any(axis=1)].reset_index(drop=True)
    found = cr.conditional_loglinear(seen, lists=lists, covariates="form", replicates=50, seed=1)

    on, form = seen[lists].to_numpy(), seen["form"]
    histories = np.array([h for h in itertools.product((0, 1), repeat=3) if any(h)])
    position = np.array([np.flatnonzero((histories == row).all(axis=1))[0] for row in on])

    def loss(values: Any) -> float:
        base, effect, share = values[:3], values[3:6], 1 / (1 + np.exp(-values[6]))
        total = 0.0
        parts = []
        for sexual, weight in ((0, 1 - share), (1, share)):
            mass = np.exp(histories @ (base + effect * sexual))
            parts.append(weight * (mass / mass.sum())[position])
        known = form.notna().to_numpy()
        sexual = (form == "sexual").to_numpy()
        total += np.log(np.where(known, np.where(sexual, parts[1], parts[0]), parts[0] + parts[1])).sum()
        return -float(total)

    best = optimize.minimize(loss, np.zeros(7), method="BFGS", options={"gtol": 1e-6})
    coefficients = found.diagnostics["coefficients"]
    ours = [coefficients[name][0] for name in lists] + [coefficients[f"{name}, form[T.sexual]"][0] for name in lists]
    np.testing.assert_allclose(ours, best.x[:6], atol=2e-4)
    np.testing.assert_allclose(found.diagnostics["log_likelihood"], -best.fun, atol=1e-5)
    assert found.diagnostics["people_with_missing_covariates"] == int(form.isna().sum()) > 0
    assert set(found.to_frame()["interval_kind"]) == {"percentile"}
    assert "covariates_missing_at_random" in {a.code for a in found.assumptions}


def test_the_bootstrap_agrees_with_the_formula_and_is_drawn_again_from_its_seed() -> None:
    seen, _ = people(3_000, 7)
    settings: dict[str, Any] = CALL | {"by": "year"}
    formula = sizes(cr.conditional_loglinear(seen, **settings))
    drawn = cr.conditional_loglinear(seen, interval="percentile", replicates=150, seed=5, **settings)
    # 150 draws: a standard error of a standard error of 6 %; three of them.
    np.testing.assert_allclose(sizes(drawn)["se"], formula["se"], rtol=0.2)
    np.testing.assert_allclose(sizes(drawn)["value"], formula["value"], rtol=1e-12)
    again = cr.conditional_loglinear(seen, interval="percentile", replicates=150, seed=5, **settings)
    pd.testing.assert_frame_equal(drawn.to_frame(), again.to_frame())


def test_rows_in_any_order_and_any_frame_give_the_same() -> None:
    seen, _ = people(1_000, 8)
    seen = seen.assign(age=np.random.default_rng(1).normal(size=len(seen)))
    settings: dict[str, Any] = CALL | {"common": "age"}
    first = cr.conditional_loglinear(seen, **settings).to_frame()
    turned = cr.conditional_loglinear(pl.from_pandas(seen.sample(frac=1, random_state=1)), **settings).to_frame()
    pd.testing.assert_frame_equal(first, turned, rtol=1e-9)


def test_histories_with_their_records_go_in(tmp_path: Any) -> None:
    seen, _ = people(1_000, 9)
    seen.to_csv(tmp_path / "people.csv", index=False)
    histories = fl.load_lists(tmp_path / "people.csv", lists=LISTS, covariates=["year", "sex", "form"])
    histories = histories.about(outcome="trafficking", reference_period="2020-2022")
    settings: dict[str, Any] = {name: value for name, value in CALL.items() if name != "lists"}
    found = cr.conditional_loglinear(histories, by="sex", **settings)
    assert set(found.to_frame()["outcome"]) == {"trafficking"}
    assert found.reference_period == "2020-2022"
    plain = cr.conditional_loglinear(seen, by="sex", **CALL)
    np.testing.assert_allclose(found.to_frame()["value"], plain.to_frame()["value"], rtol=1e-9)


def test_people_who_are_hardly_ever_observed_are_told_of() -> None:
    chance = np.random.default_rng(10)
    hard = chance.random(60_000) < 0.5
    on = chance.random((60_000, 3)) < np.where(hard, 0.004, 0.4)[:, None]
    frame = pd.DataFrame(on.astype(int), columns=LISTS[:3]).assign(hard=np.where(hard, "yes", "no"))[on.any(axis=1)]
    found = cr.conditional_loglinear(frame, lists=LISTS[:3], common="hard", by="hard")
    rows = {reason.row for reason in found.reasons if reason.code == "people_rarely_observed"}
    shown = found.to_frame()
    assert rows == set(np.flatnonzero((shown["hard"] != "no").fillna(True).to_numpy(dtype=bool)))


def small(**columns: Any) -> pd.DataFrame:
    return people(600, 11)[0].assign(**columns)


@pytest.mark.parametrize(
    ("code", "change", "columns"),
    [
        ("FL-EST-170", {"covariates": "sex +"}, {}),
        ("FL-EST-170", {"covariates": "y ~ sex"}, {}),
        ("FL-EST-170", {"covariates": "np.log(nought)"}, {"nought": 0.0}),
        ("FL-EST-171", {"by": "age"}, {"age": [None, *np.linspace(0, 1, len(small()) - 1)]}),
        ("FL-EST-171", {"common": "empty"}, {"empty": None}),
        ("FL-EST-171", {"common": "gap", "interval": "log"}, {"gap": [None, *"ab" * 300][: len(small())]}),
        ("FL-EST-172", {"common": "twice", "covariates": "sex"}, {"twice": (small()["sex"] == "male") * 2.0}),
        ("FL-EST-172", {"dependence": "sex + twice"}, {"twice": (small()["sex"] == "male") * 2.0}),
        ("FL-EST-173", {"covariates": "alone"}, {"alone": small()["police"].astype(str)}),
        ("FL-EST-174", {"blind": {"border": {"year": [1999]}}}, {}),
        ("FL-LISTS-01", {"blind": {"border": {"years": [2020]}}}, {}),
        ("FL-EST-174", {"blind": {"border": {"year": [2021]}}}, {}),
        ("FL-EST-174", {"blind": {name: {"year": [2020]} for name in LISTS}}, {}),
        ("FL-EST-177", {"interval": "percentile", "replicates": 10}, {}),
        ("FL-EST-30", {"interval": "bca"}, {}),
        ("FL-EST-32", {"terms": [LISTS]}, {}),
        ("FL-EST-04", {"by": [["year"], "sex"]}, {}),
        ("FL-LISTS-01", {"covariates": "height"}, {}),
        ("FL-LISTS-01", {"covariates": {"ngo": "sex"}}, {}),
        ("FL-LISTS-01", {"blind": {"ngo": {"year": [2020]}}}, {}),
        ("FL-LISTS-02", {"lists": None}, {}),
        ("FL-LISTS-02", {"covariates": "police"}, {}),
        ("FL-LISTS-05", {}, dict.fromkeys(LISTS, 0)),
        ("FL-LISTS-06", {}, {"border": 2}),
    ],
)  # fmt: skip
def test_calls_that_cannot_be_are_refused(code: str, change: dict[str, Any], columns: dict[str, Any]) -> None:
    with pytest.raises(fl.FlError, match=code):
        cr.conditional_loglinear(small(**columns), **(CALL | change))


def test_a_bootstrap_that_mostly_fails_has_no_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    from fl_estimate.errors import EstimateFault
    from fl_estimate.estimators.capture_recapture import conditional_answers

    def fails(*_: Any) -> Any:
        raise EstimateFault("FL-EST-173", "none")

    monkeypatch.setattr(conditional_answers, "fit_cells", fails)
    with pytest.raises(fl.FlError, match=r"FL-EST-177.*more than half"):
        cr.conditional_loglinear(small(), interval="percentile", replicates=50, seed=1, **CALL)


def test_em_that_does_not_settle_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    from fl_estimate.estimators.capture_recapture import conditional_em

    monkeypatch.setattr(conditional_em, "STEPS", 1)
    with pytest.raises(fl.FlError, match="FL-EST-178"):
        cr.conditional_loglinear(masked(small()), replicates=50, seed=1, **CALL)
