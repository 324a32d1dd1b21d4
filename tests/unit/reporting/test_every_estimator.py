"""Every method that is declared goes through `publish` with 12 respondents and one case: nothing that is printed gives them away.

The registry names the methods. The table below has an example of each; a new method has its own in its test file.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import fl_estimate as fl
from fl_estimate import capture_recapture as cr
from fl_estimate.estimators.hierarchical.from_figures import sources_of_figures
from fl_estimate.estimators.hierarchical.from_people import area_of_people
from fl_estimate.estimators.survey.readings import estimate_readings
from fl_estimate.estimators.synthesis import from_figures as figures
from fl_estimate.results.methods import Method, every_method
from tests.unit.reporting.few import (
    ALL,
    DESIGN,
    FEW,
    LISTS,
    OF_FEW,
    TERM_OF_FEW,
    Rows,
    by,
    episodes,
    few,
    imputed,
    listed,
    lists,
    people,
    persons,
    register,
    total,
)  # fmt: skip


def readings() -> fl.Estimates:
    """An outcome and its narrow reading, of twelve people of whom one is a case."""
    names = ["forced_labour", "forced_labour_narrow"]
    found = fl.classify(fl.datasets.load("country_household"), outcomes=names)
    frame = found.people if isinstance(found.people, pd.DataFrame) else found.people.collect().to_pandas()
    inside = frame[frame["forced_labour_in_scope"] == 1]
    case = inside["forced_labour_narrow"] == 1
    twelve = pd.concat(
        [inside[case].head(1), inside[(inside["forced_labour_possible"] == 0)].head(11)], ignore_index=True
    )
    return estimate_readings(replace(found, people=twelve, design=fl.Design(unweighted=True)))


def one_of_three() -> pd.DataFrame:
    """Three classes of people, one of which a single respondent has."""
    frame = people()
    few_case = (
        ((frame["fl"] == 1) & (frame["region"] == FEW)).cumsum().eq(1) & (frame["fl"] == 1) & (frame["region"] == FEW)
    )
    return frame.assign(y=np.where(few_case, 2, (frame["sex"] == "f").astype(int)))


ESTIMATORS: dict[str, tuple[Callable[[], fl.Estimates], Rows]] = {
    "estimate_prevalence": (lambda: fl.estimate_prevalence(few(), "fl", design=DESIGN, unknown="bounds"), ALL),
    "estimate_prevalence by": (by, OF_FEW),
    "estimate_prevalence of text": (lambda: fl.estimate_prevalence(few(), "forced", design=DESIGN), ALL),
    "estimate_total": (total, ALL),
    "estimate_mean": (lambda: fl.estimate_mean(few(), "years", design=DESIGN), ALL),
    "estimate_mean of many with one that is not 0": (
        lambda: fl.estimate_mean(people().assign(years=lambda f: f["years"] * (f["region"] == FEW)), "years", design=DESIGN), ALL,
    ),
    "estimate_ratio": (lambda: fl.estimate_ratio(few(), "fl", "one", design=DESIGN), ALL),
    "estimate_ratio to one case": (
        lambda: fl.estimate_ratio(people().assign(last=lambda f: f["fl"] * (f["region"] == FEW)), "wage", "last", design=DESIGN), ALL,
    ),
    "estimate_variance": (lambda: fl.estimate_variance(few(), "fl", design=DESIGN), ALL),
    "estimate_quantile": (lambda: fl.estimate_quantile(few(), "years", [0.5, 0.95], design=DESIGN), ALL),
    "contrast": (lambda: fl.contrast(by(), {"region": ("A", FEW)}), ALL),
    "standardise": (lambda: fl.standardise(by([["region"], ["region", "sex"]]), {"sex": {"f": 1, "m": 1}}), OF_FEW),
    "standardise over regions": (lambda: fl.standardise(by(), {"region": {"A": 5, FEW: 1}}), ALL),
    "pool": (lambda: fl.pool(imputed()), ALL),
    "stack": (lambda: fl.stack({"a": total(), "b": total()}), ALL),
    "regress": (lambda: fl.regress(people(), "fl ~ C(region)", design=DESIGN), TERM_OF_FEW),
    "regress crossed": (lambda: fl.regress(people(), "wage ~ C(region) + C(sex):C(region)", family="gaussian", design=DESIGN), TERM_OF_FEW),
    "marginal_means": (lambda: fl.marginal_means(fl.regress(people(), "fl ~ C(region)", design=DESIGN), "region"), OF_FEW),
    "marginal_effects": (lambda: fl.marginal_effects(fl.regress(people(), "fl ~ C(region)", design=DESIGN)), TERM_OF_FEW),
    "predict": (lambda: fl.predict(fl.regress(people(), "fl ~ C(region)", design=DESIGN), {"region": ["A", FEW]}), OF_FEW),
    "regress_ordinal": (lambda: fl.regress_ordinal(one_of_three(), "y ~ wage", design=DESIGN), ALL),
    "regress_multinomial": (lambda: fl.regress_multinomial(one_of_three(), "y ~ wage", design=DESIGN), ALL),
    "by_episode": (episodes, ALL),
    "estimate_readings": (readings, ALL),
    "hierarchical.area": (lambda: fl.hierarchical.area(by(), population=persons(), draws=200, seed=1), OF_FEW),
    "hierarchical.area_of_people": (
        lambda: area_of_people(people(), "fl", by="region", design=DESIGN, draws=200, seed=1), OF_FEW,
    ),
    "hierarchical.sources_of_figures": (
        lambda: sources_of_figures({"survey": total()}, counts={"lists": 300.0}, bias={"survey": "exactly(0)", "lists": "normal(0, 0.2)"}, draws=200, seed=1),
        lambda frame: (frame["term"] != "lists").to_numpy(dtype=bool),
    ),
    "synthesis.add_figures": (lambda: figures.add_figures({"a": total(), "b": total()}, correlation=1.0), ALL),
    "synthesis.aggregate_figures": (
        lambda: figures.aggregate_figures(
            by().select(margin="region"), population=persons(), by="region", between=0.001,
            groups=pd.DataFrame({"region": [*"ABCD", FEW], "part": ["north", "north", "north", "north", FEW]}),
        ),
        lambda frame: (frame["part"].fillna(FEW) == FEW).to_numpy(dtype=bool),
    ),
    "synthesis.change_of_figures": (lambda: figures.change_of_figures(fl.synthesis.published(200, se=20, source="a report", outcome="fl"), total()), ALL),
    "synthesis.extend_figures": (
        lambda: figures.extend_figures(total(), pd.DataFrame({"labour": [400], "sexual": [100]}), known="labour", wanted="sexual"), ALL,
    ),
    "synthesis.stack_figures": (lambda: figures.stack_figures({"a": total(), "b": total()}), ALL),
    "hierarchical.eblup": (
        lambda: fl.hierarchical.eblup(by().select(margin="region"), link="identity"), OF_FEW,
    ),
    "hierarchical.unit": (
        lambda: fl.hierarchical.unit(people(), "fl", cells=["region"], population=persons(), by="region", design=DESIGN, draws=200, seed=1),
        OF_FEW,
    ),
    "hierarchical.unit_eblup": (
        lambda: fl.hierarchical.unit_eblup(people(), "years", area="region", population=persons()), OF_FEW,
    ),
    "hierarchical.misclassification": (
        lambda: fl.hierarchical.misclassification(1, 12, sensitivity=(45, 5), specificity=(95, 5), draws=200, seed=1), ALL,
    ),
    "hierarchical.misclassification of an estimate": (
        lambda: fl.hierarchical.misclassification(by(), sensitivity=(45, 5), specificity=(95, 5), draws=200, seed=1), OF_FEW,
    ),
    "hierarchical.sources": (
        lambda: fl.hierarchical.sources({"survey": total(), "lists": (300.0, 30.0)}, bias={"survey": "exactly(0)", "lists": "normal(0, 0.2)"}, draws=200, seed=1),
        lambda frame: (frame["term"] != "lists").to_numpy(dtype=bool),
    ),
    "hierarchical.capture_recapture": (
        lambda: fl.hierarchical.capture_recapture({"A": lists(240), "B": lists(120), FEW: lists()}, terms="main", by="region", draws=200, seed=1),
        OF_FEW,
    ),
    "capture_recapture.appraise": (lambda: cr.appraise(lists(), replicates=20, draws=100, seed=1).headline, ALL),
    "capture_recapture.average_decomposable": (lambda: cr.average_decomposable(lists(), draws=100, seed=1), ALL),
    "capture_recapture.chao": (lambda: cr.chao(lists()), ALL),
    "capture_recapture.chapman": (lambda: cr.chapman(lists(), "police", "ngo"), ALL),
    "capture_recapture.closed": (lambda: cr.closed(lists()), ALL),
    "capture_recapture.conditional_loglinear": (lambda: cr.conditional_loglinear(lists()), ALL),
    "capture_recapture.conditional_loglinear by": (
        lambda: cr.conditional_loglinear(listed(), lists=LISTS, covariates="region", by="region"), OF_FEW,
    ),
    "capture_recapture.doubly_robust": (lambda: cr.doubly_robust(lists(36), lists=("police", "ngo"), folds=2, seed=1), ALL),
    "capture_recapture.generalised_chao": (lambda: cr.generalised_chao(register(), frequency="people"), ALL),
    "capture_recapture.generalised_zelterman": (lambda: cr.generalised_zelterman(register(), frequency="people"), ALL),
    "capture_recapture.latent_class": (lambda: cr.latent_class(lists(), classes=2, draws=100, burn_in=20, thin=1, seed=1), ALL),
    "capture_recapture.loglinear": (lambda: cr.loglinear(lists()), ALL),
    "capture_recapture.petersen": (lambda: cr.petersen(lists(), "police", "ngo"), ALL),
    "capture_recapture.select_aic_p": (lambda: cr.select_aic_p(lists()), ALL),
    "capture_recapture.select_bic": (lambda: cr.select_bic(lists()), ALL),
    "capture_recapture.select_conditional": (
        lambda: cr.select_conditional(listed(), lists=LISTS, covariates="region", by="region", interval="log"), OF_FEW,
    ),
    "capture_recapture.select_stepwise": (lambda: cr.select_stepwise(lists()), ALL),
    "capture_recapture.sensitivity": (lambda: cr.sensitivity(lists()), ALL),
    "capture_recapture.threshold": (lambda: cr.threshold(lists(), draws=100, seed=1), ALL),
    "capture_recapture.zero_truncated": (lambda: cr.zero_truncated(register(), frequency="people"), ALL),
    "capture_recapture.zelterman": (lambda: cr.zelterman(lists()), ALL),
    "synthesis.add": (lambda: fl.synthesis.add([total(), 100.0]), ALL),
    "synthesis.aggregate": (
        lambda: fl.synthesis.aggregate(
            by().select(margin="region"), persons(),
            pd.DataFrame({"region": [*"ABCD", FEW], "part": ["north", "north", "north", "north", FEW]}), between=0.001,
        ),
        lambda frame: (frame["part"].fillna(FEW) == FEW).to_numpy(dtype=bool),
    ),
    "synthesis.change": (lambda: fl.synthesis.change(200.0, total()), ALL),
    "synthesis.combine": (lambda: fl.synthesis.combine([total(), fl.synthesis.published(300, se=20, source="a report", outcome="fl")]), ALL),
    "synthesis.combine bayesian": (
        lambda: fl.synthesis.combine({"survey": total(), "lists": (300.0, 30.0)}, method="bayesian", bias={"survey": "exactly(0)", "lists": "normal(0, 0.2)"}, draws=200, seed=1), ALL,
    ),
    "synthesis.extend_by_ratio": (
        lambda: fl.synthesis.extend_by_ratio(total(), pd.DataFrame({"labour": [400], "sexual": [100]}), known="labour", wanted="sexual", detection_odds=1), ALL,
    ),
    "synthesis.extend_by_ratio of few on record": (
        lambda: fl.synthesis.extend_by_ratio(fl.synthesis.published(100_000, se=10_000, source="a survey"), pd.DataFrame({"labour": [400], "sexual": [1]}), known="labour", wanted="sexual", detection_odds=1), ALL,
    ),
    "synthesis.rate_from_totals": (lambda: fl.synthesis.rate_from_totals(total(), population=[1_200]), ALL),
    "synthesis.ratio": (lambda: fl.synthesis.ratio(total(), 1_000), ALL),
    "synthesis.reported_to_total": (lambda: fl.synthesis.reported_to_total(50, surveyed=total(), reported_where_surveyed=6), ALL),
    "synthesis.stock_from_flow": (lambda: fl.synthesis.stock_from_flow(total(), 2.0, kind="in-window", window_years=5), ALL),
    "synthesis.stock_from_person_time": (
        lambda: fl.synthesis.stock_from_person_time(few(), "years", window_years=5, design=DESIGN), ALL,
    ),
    "Estimates.persons": (lambda: fl.estimate_prevalence(few(), "fl", design=DESIGN).persons(1_200), ALL),
    "Estimates.per_thousand": (lambda: fl.estimate_prevalence(few(), "fl", design=DESIGN).per_thousand(), ALL),
}  # fmt: skip

TYPED = {"synthesis.published"}
"""Figures that somebody else has published: no respondent stands behind them here."""

PREFIX = "few_of_"
TESTS = Path(__file__).parents[2]


def name_of(method: Method) -> str:
    """What the tables above call a method: as users do."""
    return method.name if method.family == "survey" else f"{method.family}.{method.name}"


def found_examples() -> dict[str, tuple[Callable[[], fl.Estimates], Rows]]:
    """Examples beside the tests of a method: ``few_of_<name>``, whose rows all rest on the twelve."""
    found: dict[str, tuple[Callable[[], fl.Estimates], Rows]] = {}
    for file in sorted(TESTS.rglob("test_*.py")):
        if f"def {PREFIX}" in file.read_text(encoding="utf-8") and file != Path(__file__):
            module = import_module(".".join(file.relative_to(TESTS.parent).with_suffix("").parts))
            found |= {name: (value, ALL) for name, value in vars(module).items() if name.startswith(PREFIX)}
    return found


EXAMPLES = ESTIMATORS | found_examples()


def example_of(method: Method) -> str | None:
    """The example of a method, by its name."""
    names = (name_of(method), f"{PREFIX}{method.name}")
    return next((name for name in names if name in EXAMPLES), None)


NUMBERS = ["value", "se", "lower", "upper", "undetermined", "deff", "df", "cases"]


@cache
def made(name: str) -> fl.Estimates:
    """What an estimator gives, made once for both tests."""
    return EXAMPLES[name][0]()


@pytest.mark.parametrize("name", EXAMPLES)
def test_twelve_respondents_and_one_case_are_not_given_away(name: str) -> None:
    estimates, rests = made(name), EXAMPLES[name][1]
    published = fl.publish({"it": estimates}).to_frame()
    rows = rests(published)
    assert rows.any(), "the test looks at no row"
    shown = published.loc[rows]
    assert (shown["publication"] == "not_published").all(), shown[["quantity", "publication"]]
    assert shown[NUMBERS].isna().all().all(), shown[NUMBERS]
    # How many people there are in all may be said.
    assert (shown["n"].isna() | (shown["n"] == len(people()))).all()
    assert (shown["caution"] == "").all()
    assert not {reason.row for reason in fl.publish(estimates).tables[0].reasons} & set(np.flatnonzero(rows).tolist())


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_row_has_a_basis_and_a_support_of_its_own(name: str) -> None:
    estimates = made(name)
    assert set(estimates.frame["basis"]) <= {"respondents", "lists", "model", "figures"}
    assert len(estimates.support) == len(estimates)
    known = np.isfinite(estimates.support.respondents) | (estimates.frame["basis"] == "figures").to_numpy(dtype=bool)
    assert known.all(), estimates.frame.loc[~known, ["quantity", "term", "margin"]]


def test_figures_that_are_typed_in_are_printed() -> None:
    assert fl.publish(fl.synthesis.published(300, se=20, source="a report")).to_frame()["publication"].tolist() == [
        "published"
    ]


@pytest.mark.parametrize("method", every_method(), ids=name_of)
def test_every_method_has_an_example_and_rests_on_what_it_declares(method: Method) -> None:
    """A method that is declared and stands in no table fails here until it does, or has a ``few_of_`` beside its own tests."""
    if name_of(method) in TYPED:
        return
    example = example_of(method)
    assert example is not None, f"give {name_of(method)} an example: few_of_{method.name}, in its test file"
    if method.basis is not None:
        assert set(made(example).frame["basis"]) == {method.basis}


def test_tests_and_frames_are_refused() -> None:
    tests: list[Any] = [
        fl.t_test(people(), "wage", "sex", design=DESIGN),
        fl.hierarchical.smooth_variances(by()),
        people(),
    ]
    for given in tests:
        with pytest.raises(fl.FlError, match="FL-PUB-02"):
            fl.publish([given])
