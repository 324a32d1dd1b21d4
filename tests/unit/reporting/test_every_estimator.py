"""Every public estimator goes through `publish` with 12 respondents and one case: nothing that is printed gives them away.

The tables below name every public function. A new one is in none of them, and the last tests fail until it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest

import fl_estimate as fl
from fl_estimate import capture_recapture as cr

FEW = "Z"
"""The region of 12 respondents and one case; A to D have 300 each, and 30 to 60 cases."""
DESIGN = fl.Design(weights="w", psu="ea", expands=True)
LISTS = ["police", "ngo", "hotline"]


@cache
def people() -> pd.DataFrame:
    """Five regions, one of them with 12 people of whom one is a case."""
    parts: list[pd.DataFrame] = []
    for place, (region, n, cases) in enumerate(
        (("A", 300, 30), ("B", 300, 40), ("C", 300, 50), ("D", 300, 60), (FEW, 12, 1))
    ):
        rows = np.arange(n)
        case = (rows % (n // cases) == 3).astype(int) if region != FEW else (rows == 3).astype(int)
        parts.append(
            pd.DataFrame({
                "region": region, "w": 90.0 + rows % 7, "ea": [f"{region}{row // (n // 6)}" for row in rows], "fl": case,
                "sex": np.where(rows // 2 % 2 == 0, "f", "m"), "one": 1.0, "years": case * 3.0, "wage": 100.0 + rows % 13 + place,
                "forced": np.where(case == 1, "yes", "no"),
            })
        )  # fmt: skip
    return pd.concat(parts, ignore_index=True)


def few() -> pd.DataFrame:
    frame = people()
    return frame.loc[frame["region"] == FEW].reset_index(drop=True)


def total(**more: Any) -> fl.Estimates:
    return fl.estimate_total(few(), "fl", design=DESIGN, **more)


def by(column: Any = "region") -> fl.Estimates:
    return fl.estimate_prevalence(people(), "fl", design=DESIGN, by=column)


def persons() -> pd.DataFrame:
    return pd.DataFrame({"region": [*"ABCD", FEW], "population": [30_000, 30_000, 30_000, 30_000, 1_200]})


@cache
def lists(n: int = 12) -> fl.CaptureHistories:
    """Case lists of n people."""
    shares = np.array([3, 3, 2, 1, 1, 1, 1]) * (n // 12)
    histories = [(1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 1, 0), (1, 0, 1), (0, 1, 1), (1, 1, 1)]
    counts = pd.DataFrame([dict(zip(LISTS, on, strict=True)) for on in histories]).assign(count=shares)
    return fl.CaptureHistories.from_counts(counts, lists=LISTS, count="count")


def listed() -> pd.DataFrame:
    """People on lists in two regions, of whom 12 are in one."""
    return pd.concat([lists(240).people().assign(region="A"), lists().people().assign(region=FEW)], ignore_index=True)


def register() -> pd.DataFrame:
    """Twelve people of one register."""
    return pd.DataFrame({"count": [1, 2, 3], "people": [7, 3, 2]})


def imputed() -> list[fl.Estimates]:
    return [fl.estimate_prevalence(few().assign(fl=lambda f, s=s: f["fl"].to_numpy()[::s]), "fl", design=DESIGN) for s in (1, -1)]  # fmt: skip


def episodes() -> fl.Estimates:
    """Six episodes of work abroad that one person told: six cases among the sixty, and one person."""
    survey = fl.datasets.load("country_migrants")
    found = fl.by_episode(survey)
    frame = found.people if isinstance(found.people, pd.DataFrame) else found.people.collect().to_pandas()
    share = frame["respondent_share"].to_numpy(dtype=float)
    busy = frame.loc[share == share.min(), "respondent_id"].iloc[0]
    own = frame[frame["respondent_id"] == busy]
    many = pd.concat([own] * 20, ignore_index=True).assign(
        respondent_share=1 / (20 * len(own)), fl=1.0, ea=lambda f: np.arange(len(f)) % 4
    )
    return fl.estimate_prevalence(many, "fl", design=fl.Design(psu="ea", unweighted=True))


Rows = Callable[[pd.DataFrame], Any]
ALL: Rows = lambda frame: np.ones(len(frame), dtype=bool)  # noqa: E731
OF_FEW: Rows = lambda frame: (frame["region"] == FEW).fillna(False).to_numpy(dtype=bool)  # noqa: E731
TERM_OF_FEW: Rows = lambda frame: frame["term"].str.contains(FEW).to_numpy(dtype=bool)  # noqa: E731

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
    "by_episode": (episodes, ALL),
    "hierarchical.area": (lambda: fl.hierarchical.area(by(), population=persons(), draws=200, seed=1), OF_FEW),
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

NO_ESTIMATES = {
    "t_test", "rank_test", "independence_test", "term_test", "compare_frameworks", "weight_summary", "plan_sample", "plan_change",
    "allocate", "replicate", "calibrate", "post_stratify", "trim_weights", "adjust_nonresponse", "classify", "explain",
    "explain_respondent", "frameworks", "codebook", "load", "load_lists", "draft_mapping", "validate", "publish",
    "publish_appraisal", "appraisal_page", "run_study", "plot", "compare", "plot_counts", "plot_methods", "plot_overlaps", "plot_plan",
    "plot_sensitivity", "plot_shrinkage", "hierarchical.expert_beta", "hierarchical.icar_scaling", "hierarchical.leave_one_out",
    "hierarchical.predictive_check", "hierarchical.sensitivity", "hierarchical.smooth_variances", "capture_recapture.check", "capture_recapture.count_profile",
    "capture_recapture.draw_lists", "capture_recapture.fitted_model", "capture_recapture.internal_consistency",
    "capture_recapture.mixed_model", "capture_recapture.simulate", "capture_recapture.stated_model", "synthesis.discrepancy",
    "synthesis.spells",
}  # fmt: skip
"""Functions that give no Estimates: `publish` refuses what they give, and what they draw or write is theirs to test."""

NUMBERS = ["value", "se", "lower", "upper", "undetermined", "deff", "df", "cases"]


@cache
def made(name: str) -> fl.Estimates:
    """What an estimator gives, made once for both tests."""
    return ESTIMATORS[name][0]()


@pytest.mark.parametrize("name", ESTIMATORS)
def test_twelve_respondents_and_one_case_are_not_given_away(name: str) -> None:
    estimates, rests = made(name), ESTIMATORS[name][1]
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


@pytest.mark.parametrize("name", ESTIMATORS)
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


def _public() -> set[str]:
    spaces: Mapping[str, Any] = {
        "": fl,
        "hierarchical.": fl.hierarchical,
        "capture_recapture.": cr,
        "synthesis.": fl.synthesis,
    }
    return {
        prefix + name
        for prefix, module in spaces.items()
        for name in module.__all__
        if callable(getattr(module, name)) and not isinstance(getattr(module, name), type)
    }


def test_no_public_function_is_forgotten() -> None:
    walked = {name.split(" ")[0] for name in ESTIMATORS if not name.startswith("Estimates.")}
    assert walked | TYPED | NO_ESTIMATES == _public()


def test_tests_and_frames_are_refused() -> None:
    tests: list[Any] = [
        fl.t_test(people(), "wage", "sex", design=DESIGN),
        fl.hierarchical.smooth_variances(by()),
        people(),
    ]
    for given in tests:
        with pytest.raises(fl.FlError, match="FL-PUB-02"):
            fl.publish([given])
