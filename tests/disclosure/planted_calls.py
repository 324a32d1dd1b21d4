"""Calls that go well of what samples, selects, simulates, draws and publishes: `test_no_answer_leaves` gives their arguments what does not belong there."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

import fl_estimate as fl
from fl_estimate import capture_recapture as cr
from tests.disclosure.planted import AMOUNT, DESIGN, LISTS, PASSPORT, histories, people, records
from tests.unit.estimators.sensitivity.open_people import open_people

POPULATION = pd.DataFrame({"region": ["north", "south"], "population": [1_000.0, 2_000.0]})
SQUARE: list[list[list[int]]] = [[[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]]]
MAP: dict[str, Any] = {
    "type": "FeatureCollection",
    "features": [
        {"type": "Feature", "properties": {"region": name}, "geometry": {"type": "Polygon", "coordinates": SQUARE}}
        for name in ("north", "south")
    ],
}


def by() -> fl.Estimates:
    return fl.estimate_prevalence(people(), "fl", design=DESIGN, by="region")


@cache
def appraisal() -> fl.capture_recapture.Appraisal:
    return cr.appraise(histories(), replicates=20, draws=100, seed=1)


@cache
def model() -> fl.Regression:
    return fl.regress(people(), "wage ~ sex + amount", family="gaussian", design=DESIGN)


@cache
def areas() -> fl.Estimates:
    return fl.hierarchical.area(direct(), draws=100, seed=1)


@cache
def direct() -> fl.Estimates:
    return by().select(margin="region")


@cache
def lists_model() -> Any:
    return cr.stated_model(100, dict.fromkeys(LISTS, 0.4))


def thirds() -> pd.DataFrame:
    return people().assign(third=[position % 3 for position in range(len(people()))])


def register() -> pd.DataFrame:
    """One row a person, with who they are and how often they were met."""
    count = records()[LISTS].sum(axis=1)
    return records().assign(count=count)


def entries() -> pd.DataFrame:
    """What linkage reads: one row a record of a list."""
    rows = records().iloc[:12]
    return rows.assign(unique_id=[f"{PASSPORT}{n:02}" for n in range(12)], source_dataset=["police", "ngo"] * 6)


def pairs() -> pd.DataFrame:
    return pd.DataFrame({
        "unique_id_l": [f"{PASSPORT}00", f"{PASSPORT}02"], "unique_id_r": [f"{PASSPORT}01", f"{PASSPORT}03"],
        "match_probability": [1.0, 0.5],
    })  # fmt: skip


@cache
def links() -> Any:
    return cr.draw_links(entries(), pairs(), lists=["police", "ngo"], draws=3, seed=1)


def profile() -> Any:
    return cr.count_profile(register())


def strata() -> dict[str, fl.CaptureHistories]:
    return {"north": histories(), "south": histories()}


@cache
def unknown() -> Any:
    """The same people, some of whom did not answer, with draws of what they would have said."""
    open_ = (people().index % 4 == 0) & (people()["fl"] == 0)
    frame = people().assign(fl_possible=lambda f: f["fl"] | open_, fl_in_scope=1)
    return open_people(frame, share=[0.3] * int(open_.sum()), reasons=["refusal"] * int(open_.sum()), draws=2)


P: dict[str, Callable[[], Any]] = {"people": people, "design": lambda: DESIGN}
H: dict[str, Callable[[], Any]] = {"histories": histories}
RESULT = str(Path(__file__).parents[1] / "reference" / "saved_files" / "2026-11-29_1312_9eff574" / "result")

CALLS: dict[str, tuple[Callable[..., Any], dict[str, Any]]] = {
    "diff": (fl.diff, {"before": RESULT, "after": RESULT}),
    "appraisal_page": (fl.appraisal_page, {"appraisal": appraisal}),
    "publish_appraisal": (fl.publish_appraisal, {"appraisal": appraisal}),
    "plot_methods": (fl.plot_methods, {"appraisal": appraisal}),
    "plot_sensitivity": (fl.plot_sensitivity, {"appraisal": appraisal}),
    "plot_overlaps": (fl.plot_overlaps, {"lists": histories}),
    "plot_back_estimates": (
        fl.plot_back_estimates,
        {"estimates": lambda: fl.hidden.back_estimates(people().assign(a=1, b=2), known={"a": 9.0, "b": 5.0}, population=50.0, design=DESIGN)},
    ),
    "plot_counts": (fl.plot_counts, {"profile": profile}),
    "plot_linkage": (fl.plot_linkage, {"curve": lambda: cr.linkage_curve(histories(), missed=[0, 0.1], replicates=20, seed=1)}),
    "plot_map": (fl.plot_map, {"estimates": by, "geojson": MAP, "by": "region", "key": "region"}),
    "plot_weights": (fl.plot_weights, {**P, "responded": "responded"}),
    "undercoverage_curve": (fl.undercoverage_curve, {"estimates": by, "outside": 0.1, "relative_prevalence": [0, 2]}),
    "compare_proxies": (fl.compare_proxies, {**P, "outcome": "fl", "proxy": "responded", "standardise_by": "sex", "where": "one"}),
    "adjustment_steps": (fl.adjustment_steps, {**P, "outcome": "fl", "where": "one"}),
    "delta_curve": (fl.delta_curve, {"people": unknown, "outcome": "fl", "odds": [2], "by": "region", "where": "one"}),
    "tipping_point": (fl.tipping_point, {"curve": lambda: fl.delta_curve(unknown(), "fl", odds=[2]), "times": 1.5}),
    "cut": (fl.cut, {"of": "amount", "breaks": [AMOUNT], "labels": ["less", "more"]}),
    "marginal_effects": (fl.marginal_effects, {"model": model, "variables": "amount"}),
    "predict": (fl.predict, {"model": model, "at": {"sex": ["f", "m"], "amount": [1.0, 2.0]}}),
    "multiple_tests": (
        fl.multiple_tests, {"estimates": lambda: fl.contrast(by(), {"region": ("north", "south")})},
    ),
    "regress_ordinal": (fl.regress_ordinal, {**P, "people": thirds, "formula": "third ~ wage", "order": [0, 1, 2], "where": "one"}),
    "regress_multinomial": (fl.regress_multinomial, {**P, "people": thirds, "formula": "third ~ wage", "reference": 0, "where": "one"}),
    "by_episode": (fl.by_episode, {"data": lambda: fl.datasets.load("country_migrants"), "which": "all"}),
    "validate": (fl.validate, {"data": lambda: fl.SurveyData(people=people().drop(columns="mixed"), design=DESIGN)}),
    "explain_respondent": (
        fl.explain_respondent,
        {"data": lambda: fl.SurveyData(people=people().assign(age=30.0, w_low_no_wage="yes"), design=DESIGN), "row": 1, "framework": "icls2018_adult"},
    ),
    "capture_recapture.appraise": (cr.appraise, {**H, "odds_ratios": [0.5, 2.0], "replicates": 20, "draws": 100, "seed": 1}),
    "capture_recapture.average_decomposable": (cr.average_decomposable, {**H, "draws": 100, "seed": 1}),
    "capture_recapture.average_hierarchical": (cr.average_hierarchical, {**H, "draws": 100, "seed": 1}),
    "capture_recapture.latent_class": (cr.latent_class, {**H, "classes": 2, "draws": 100, "burn_in": 2, "thin": 1, "chains": 4, "seed": 1}),
    "capture_recapture.select_aic_p": (cr.select_aic_p, {**H, "replicates": 20, "seed": 1}),
    "capture_recapture.select_bic": (cr.select_bic, {**H, "replicates": 20, "seed": 1}),
    "capture_recapture.select_stepwise": (cr.select_stepwise, {**H, "replicates": 20, "seed": 1}),
    "capture_recapture.threshold": (cr.threshold, {**H, "draws": 100, "seed": 1}),
    "capture_recapture.internal_consistency": (cr.internal_consistency, {**H, "minimum": 5}),
    "capture_recapture.stated_model": (
        cr.stated_model, {"size": 100, "chances": dict.fromkeys(LISTS, 0.4), "interactions": {("police", "ngo"): 2.0}},
    ),
    "capture_recapture.mixed_model": (cr.mixed_model, {"models": lambda: [lists_model(), lists_model()]}),
    "capture_recapture.draw_lists": (cr.draw_lists, {"model": lists_model, "datasets": 1, "seed": 1}),
    "capture_recapture.simulate": (cr.simulate, {"model": lists_model, "method": lambda: cr.loglinear, "datasets": 2, "seed": 1}),
    "capture_recapture.conditional_loglinear": (
        cr.conditional_loglinear,
        {"records": records, "lists": LISTS, "covariates": "age", "by": "region", "interval": "wald", "replicates": 50, "seed": 1},
    ),
    "capture_recapture.count_profile": (cr.count_profile, {"records": register, "count": "count"}),
    "capture_recapture.generalised_chao": (cr.generalised_chao, {"records": register, "count": "count", "covariates": "age", "by": "region"}),
    "capture_recapture.generalised_zelterman": (cr.generalised_zelterman, {"records": register, "count": "count", "covariates": "age", "by": "region"}),
    "capture_recapture.zero_truncated": (cr.zero_truncated, {"records": register, "count": "count", "covariates": "age", "by": "region"}),
    "capture_recapture.add_unlistable": (cr.add_unlistable, {"estimates": lambda: cr.petersen(histories(), "police", "ngo"), "share": (0.1, 0.2)}),
    "capture_recapture.draw_links": (cr.draw_links, {"records": entries, "pairs": pairs, "lists": ["police", "ngo"], "draws": 2, "seed": 1}),
    "capture_recapture.pool_links": (cr.pool_links, {"linkages": links, "method": lambda: cr.loglinear}),
    "capture_recapture.linkage_corrected": (cr.linkage_corrected, {**H, "a": "police", "b": "ngo", "missed": 0.1}),
    "capture_recapture.linkage_curve": (cr.linkage_curve, {**H, "terms": "main", "missed": [0.0, 0.1], "replicates": 20, "seed": 1}),
    "capture_recapture.linkage_loglinear": (cr.linkage_loglinear, {**H, "terms": "main", "missed": 0.1, "replicates": 20, "seed": 1}),
    "capture_recapture.pairwise": (cr.pairwise, {"overlaps": lambda: histories().overlaps(), "terms": "main", "people": 52.0}),
    "capture_recapture.pairwise_bounds": (cr.pairwise_bounds, {"overlaps": lambda: histories().overlaps()}),
    "hierarchical.capture_recapture": (
        fl.hierarchical.capture_recapture, {"strata": strata, "terms": "main", "by": "region", "draws": 100, "seed": 1},
    ),
    "hierarchical.leave_one_out": (fl.hierarchical.leave_one_out, {"estimates": areas, "direct": direct}),
    "hierarchical.predictive_check": (fl.hierarchical.predictive_check, {"estimates": areas, "direct": direct, "seed": 1}),
    "hierarchical.sensitivity": (fl.hierarchical.sensitivity, {"estimates": areas, "direct": direct, "scales": [1.0]}),
}  # fmt: skip
"""A call of each of these public functions that goes well, with as little work as it can be asked for."""
