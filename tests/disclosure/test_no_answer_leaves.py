"""No answer of a person leaves in an error, a warning, a repr, a pickle or a file that holds results: planted ones are looked for everywhere."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import fl_estimate as fl
from fl_estimate import capture_recapture as cr
from fl_estimate.results.methods import every_method
from tests.disclosure.planted import COLUMNS, DESIGN, LISTS, MISTAKES, histories, marks_in, people, records, told_by
from tests.disclosure.planted_calls import CALLS as FURTHER
from tests.disclosure.planted_hidden import HIDDEN

POPULATION = pd.DataFrame({"region": ["north", "south"], "population": [1_000.0, 2_000.0]})


def by() -> fl.Estimates:
    return fl.estimate_prevalence(people(), "fl", design=DESIGN, by="region")


def total() -> fl.Estimates:
    return fl.estimate_total(people(), "fl", design=DESIGN)


def rounds() -> dict[str, fl.Estimates]:
    return {year: total() for year in ("2015", "2018", "2021")}


def model() -> fl.Regression:
    return fl.regress(people(), "wage ~ sex + amount", family="gaussian", design=DESIGN)


P: dict[str, Callable[[], Any]] = {"people": people, "design": lambda: DESIGN}
CALLS: dict[str, tuple[Callable[..., Any], dict[str, Any]]] = {
    "estimate_mean": (fl.estimate_mean, {**P, "variable": "wage", "by": "region", "where": "fl"}),
    "estimate_prevalence": (fl.estimate_prevalence, {**P, "outcome": "fl", "by": "region", "where": "one"}),
    "estimate_quantile": (fl.estimate_quantile, {**P, "variable": "wage", "probabilities": 0.5}),
    "estimate_ratio": (fl.estimate_ratio, {**P, "numerator": "fl", "denominator": "one"}),
    "estimate_total": (fl.estimate_total, {**P, "outcome": "fl"}),
    "estimate_variance": (fl.estimate_variance, {**P, "variable": "wage"}),
    "regress": (fl.regress, {**P, "formula": "fl ~ sex", "where": "one", "by": "region"}),
    "effect_ratios": (fl.effect_ratios, {"model": lambda: fl.regress(people(), "fl ~ sex", design=DESIGN)}),
    "t_test": (fl.t_test, {**P, "variable": "wage", "group": "sex", "by": "region"}),
    "rank_test": (fl.rank_test, {**P, "variable": "wage", "group": "sex"}),
    "independence_test": (fl.independence_test, {**P, "row": "sex", "column": "region"}),
    "term_test": (fl.term_test, {"model": model, "term": "sex"}),
    "marginal_means": (fl.marginal_means, {"model": model, "by": "sex"}),
    "contrast": (fl.contrast, {"estimates": by, "between": {"region": ("north", "south")}}),
    "standardise": (fl.standardise, {"estimates": by, "shares": {"region": {"north": 1, "south": 2}}}),
    "pool": (fl.pool, {"estimates": lambda: [total(), total()]}),
    "stack": (fl.stack, {"estimates": lambda: {"a": total(), "b": total()}}),
    "publish": (fl.publish, {"estimates": total}),
    "adjust_nonresponse": (fl.adjust_nonresponse, {**P, "responded": "responded", "by": "region"}),
    "calibrate": (fl.calibrate, {**P, "margins": {"sex": {"f": 1_000, "m": 1_200}}}),
    "post_stratify": (fl.post_stratify, {**P, "by": "sex", "totals": {"f": 1_000, "m": 1_200}}),
    "trim_weights": (fl.trim_weights, {**P, "upper": 95.0}),
    "weight_summary": (fl.weight_summary, {**P}),
    "replicate": (fl.replicate, {**P, "kind": "jkn"}),
    "allocate": (
        fl.allocate,
        {"strata": lambda: pd.DataFrame({"stratum": ["a", "b"], "population": [100, 200], "prevalence": [0.1, 0.2]}), "n": 50, "prevalence": "prevalence"},
    ),
    "plan_sample": (fl.plan_sample, {"prevalence": 0.02, "n": 1_000}),
    "plan_change": (fl.plan_change, {"before": 0.02, "after": 0.01, "n": 1_000}),
    "impute": (
        fl.impute,
        {"data": lambda: people().assign(age=30.0, w_diff_job="yes", c_docs=["no", "ref", "experienced"] * 8), "design": lambda: DESIGN, "framework": "icls2018_adult", "by": "region"},
    ),
    "classify": (fl.classify, {"data": lambda: people().assign(age=30.0, w_low_no_wage="yes", c_docs="no"), "framework": "icls2018_adult"}),
    "compare_frameworks": (
        fl.compare_frameworks,
        {"data": lambda: people().assign(age=30.0, w_low_no_wage="yes", c_docs="no"), "frameworks": ["icls2018_adult", "htshtc2012_adult"], "design": lambda: DESIGN},
    ),
    "explain": (fl.explain, {"answers": {"w_low_no_wage": "yes"}, "framework": "icls2018_adult", "age": 30}),
    "codebook": (fl.codebook, {"language": "en"}),
    "compare": (fl.compare, {"estimates": lambda: {"a": total(), "b": total()}}),
    "plot": (fl.plot, {"estimates": by}),
    "plot_shrinkage": (fl.plot_shrinkage, {"direct": by, "model": by}),
    "capture_recapture.petersen": (cr.petersen, {"histories": histories, "a": "police", "b": "ngo"}),
    "capture_recapture.chapman": (cr.chapman, {"histories": histories, "a": "police", "b": "ngo"}),
    "capture_recapture.chao": (cr.chao, {"histories": histories}),
    "capture_recapture.zelterman": (cr.zelterman, {"histories": histories}),
    "capture_recapture.closed": (cr.closed, {"histories": histories, "model": "Mt"}),
    "capture_recapture.loglinear": (cr.loglinear, {"histories": histories, "terms": "main"}),
    "capture_recapture.check": (cr.check, {"histories": histories, "terms": "main"}),
    "capture_recapture.sensitivity": (cr.sensitivity, {"histories": histories}),
    "capture_recapture.fitted_model": (cr.fitted_model, {"histories": histories}),
    "capture_recapture.doubly_robust": (
        cr.doubly_robust, {"records": records, "lists": ("police", "ngo"), "covariates": ["age"], "by": "region", "folds": 2, "seed": 1},
    ),
    "from_records": (fl.CaptureHistories.from_records, {"frame": records, "lists": LISTS, "by": "region"}),
    "from_counts": (fl.CaptureHistories.from_counts, {"frame": lambda: records().assign(count=1), "lists": LISTS, "count": "count"}),
    "hierarchical.eblup": (fl.hierarchical.eblup, {"direct": lambda: by().select(margin="region"), "covariates": POPULATION, "link": "identity"}),
    "hierarchical.area": (fl.hierarchical.area, {"direct": lambda: by().select(margin="region"), "covariates": POPULATION, "draws": 100, "seed": 1}),
    "hierarchical.unit": (
        fl.hierarchical.unit,
        {**P, "outcome": "fl", "cells": ["region"], "population": POPULATION, "by": "region", "draws": 100, "seed": 1},
    ),
    "hierarchical.unit_eblup": (
        fl.hierarchical.unit_eblup, {"people": people, "variable": "wage", "area": "region", "population": POPULATION},
    ),
    "hierarchical.misclassification": (
        fl.hierarchical.misclassification, {"cases": total, "sensitivity": (45, 5), "specificity": (95, 5), "draws": 100, "seed": 1},
    ),
    "hierarchical.sources": (
        fl.hierarchical.sources,
        {"estimates": lambda: {"a": total(), "b": (300.0, 30.0)}, "bias": {"a": "exactly(0)", "b": "normal(0, 0.2)"}, "draws": 100, "seed": 1},
    ),
    "hierarchical.smooth_variances": (fl.hierarchical.smooth_variances, {"direct": by}),
    "hierarchical.icar_scaling": (fl.hierarchical.icar_scaling, {"neighbours": {"north": ["south"], "south": ["north"]}}),
    "hierarchical.expert_beta": (fl.hierarchical.expert_beta, {"quantiles": {0.05: 0.5, 0.5: 0.7}}),
    "synthesis.add": (fl.synthesis.add, {"figures": lambda: [total(), 100.0]}),
    "synthesis.aggregate": (
        fl.synthesis.aggregate,
        {"estimates": lambda: by().select(margin="region"), "population": POPULATION, "groups": pd.DataFrame({"region": ["north", "south"], "part": ["a", "a"]}), "between": 0.001},
    ),
    "synthesis.change": (fl.synthesis.change, {"before": total, "after": total}),
    "synthesis.trend": (fl.synthesis.trend, {"rounds": rounds}),
    "synthesis.trend_test": (fl.synthesis.trend_test, {"rounds": rounds}),
    "synthesis.changes": (fl.synthesis.changes, {"rounds": rounds}),
    "synthesis.average_rounds": (fl.synthesis.average_rounds, {"rounds": rounds, "weights": [1.0, 2.0, 3.0]}),
    "monitoring_sentences": (fl.monitoring_sentences, {"published": lambda: fl.publish({**rounds(), "change": fl.synthesis.changes(rounds())})}),
    "join_rounds": (fl.join_rounds, {"people": lambda: {"2018": people(), "2021": people()}, "overlap": "psu", "design": lambda: DESIGN}),
    "synthesis.combine": (fl.synthesis.combine, {"sources": lambda: [total(), fl.synthesis.published(300, se=20, source="a report", outcome="fl")]}),
    "synthesis.discrepancy": (fl.synthesis.discrepancy, {"sources": lambda: [total(), fl.synthesis.published(300, se=20, source="a report", outcome="fl")]}),
    "synthesis.extend_by_ratio": (
        fl.synthesis.extend_by_ratio,
        {"base": total, "cases": pd.DataFrame({"labour": [400], "sexual": [100]}), "known": "labour", "wanted": "sexual"},
    ),
    "synthesis.published": (fl.synthesis.published, {"value": 300.0, "source": "a report"}),
    "synthesis.rate_from_totals": (fl.synthesis.rate_from_totals, {"totals": total, "population": [1_200]}),
    "synthesis.ratio": (fl.synthesis.ratio, {"numerator": total, "denominator": 1_000}),
    "synthesis.reported_to_total": (fl.synthesis.reported_to_total, {"reported": 50, "surveyed": total, "reported_where_surveyed": 6}),
    "synthesis.spells": (
        fl.synthesis.spells,
        {"episodes": lambda: people().assign(start=1.0, end=2.0), "person": "ea", "start": "start", "end": "end", "window_end": 5.0, "window_years": 5.0},
    ),
    "synthesis.stock_from_flow": (fl.synthesis.stock_from_flow, {"flow": total, "duration_years": 2.0, "kind": "in-window", "window_years": 5}),
    "synthesis.stock_from_person_time": (fl.synthesis.stock_from_person_time, {**P, "years": "years", "window_years": 5}),
    "simulate_coverage": (
        fl.simulate_coverage,
        {"population": people, "design": fl.SampleDesign(strata="st", psu="ea", psus=2, weights="drawn"), "outcome": "fl", "by": "region", "samples": 1, "seed": 1},
    ),
    "SampleDesign": (fl.SampleDesign, {"strata": "st", "psu": "ea", "psus": 2}),
    "Design": (fl.Design, {"weights": "w", "strata": "st", "psu": "ea"}),
    "Replicates": (fl.Replicates, {"columns": ["w"]}),
}  # fmt: skip
"""A call of each public function that goes well: every argument of it is then given something that does not belong there."""
CALLS |= FURTHER | HIDDEN
OTHERWISE = {
    "load", "load_lists", "draft_mapping",  # read files: test_no_answer_leaves_files
    "run_study", "run_batch",  # run studies: test_no_answer_leaves_studies
    "plot_plan",  # takes plans by their place: test_plans_are_told_by_their_place
    "frameworks",  # takes nothing
    "capture_recapture.select_conditional",  # fits many models: conditional_loglinear is walked
}  # fmt: skip
SLOW = {"draws", "seed", "sampler", "chains", "replicates", "progress"}
"""Settings that are numbers, and would run a sampler."""

WRITTEN = {"where", "eligible", "formula", "responded", "truth", "geojson", "common", "dependence"}
"""Expressions, formulas and paths: what stands in one is what the analyst wrote, and an error points at the place."""
FORMULAS = {"capture_recapture.conditional_loglinear", "capture_recapture.zero_truncated", "capture_recapture.generalised_chao", "capture_recapture.generalised_zelterman"}  # fmt: skip
"""Functions whose `covariates` are a formula."""


def written(name: str, argument: str) -> bool:
    return (
        argument in WRITTEN or (name == "cut" and argument == "of") or (name in FORMULAS and argument == "covariates")
    )


TEXTS = ("what somebody said", "a person", "a passport", "a birthday", "a telephone")


def arguments(given: dict[str, Any]) -> dict[str, Any]:
    return {name: value() if callable(value) else value for name, value in given.items()}


def public_functions() -> set[str]:
    found = {name for name in fl.__all__ if inspect.isfunction(getattr(fl, name))}
    for package in ("capture_recapture", "hierarchical", "hidden", "synthesis"):
        module = getattr(fl, package)
        found |= {f"{package}.{name}" for name in module.__all__ if inspect.isfunction(getattr(module, name))}
    return found


def test_every_public_function_is_looked_at() -> None:
    assert public_functions() - CALLS.keys() == OTHERWISE
    names = {
        method.name if method.family == "survey" else f"{method.family}.{method.name}" for method in every_method()
    }
    assert names & public_functions() <= CALLS.keys() | OTHERWISE


def mistakes_of(name: str, argument: str, good: Any) -> dict[str, Any]:
    """What an argument is given by mistake: every kind of column, and texts and columns of answers that take turns."""
    turn = sum(map(ord, name + argument))
    kinds = list(MISTAKES)
    chosen = [*[kind for kind in kinds if kind not in TEXTS][turn % 2 :: 2], "a column", "a short list"]
    if not written(name, argument):
        chosen += [TEXTS[turn % len(TEXTS)]]
    wrong = {kind: MISTAKES[kind]() for kind in dict.fromkeys(chosen)}
    # Classes of a text are each a figure of their own, and 24 quantiles by Woodruff's limits take seconds.
    if isinstance(good, str) and not written(name, argument) and name != "estimate_quantile":
        wrong |= {f"the column {column}": column for column in COLUMNS[turn % 4 :: 4]}
    return wrong


@pytest.mark.parametrize("name", CALLS)
def test_no_error_tells_what_was_passed_by_mistake(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # a text given for a folder is one
    function, given = CALLS[name]
    good = arguments(given)
    found: list[str] = []
    for argument in inspect.signature(function).parameters:
        if argument in SLOW:
            continue
        for kind, value in mistakes_of(name, argument, good.get(argument)).items():
            _, texts = told_by(lambda value=value, argument=argument: function(**{**good, argument: value}))
            # A text that was typed where a number belongs is what Python itself answers with.
            texts = [text for text in texts if kind not in TEXTS or "Fault: " in text.split("|")[0]]
            found += [f"{argument}={kind}: {text[:300]}" for text in texts if marks_in(text)]
    assert not found, "\n".join(found[:8])


def test_plans_are_told_by_their_place() -> None:
    for kind, mistake in MISTAKES.items():
        _, texts = told_by(lambda mistake=mistake: fl.plot_plan(mistake()))
        assert texts, kind
        assert not [text for text in texts if marks_in(text)], kind
