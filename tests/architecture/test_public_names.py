"""The public names are those written here and no others, every one can be imported, and type checkers see the same."""

from __future__ import annotations

import ast
import importlib
from pathlib import Path

import pytest

import fl_estimate as fl

# A name added or taken away is a decision: it is written down here as well.
NAMES = (
    "Allocation", "BatchResult", "CaptureHistories", "ChangePlan", "Classification", "CoverageReport", "Design", "Differences", "Estimates",
    "Explanation", "FlError",
    "FlWarning", "Folder", "Framework", "FrameworkComparison", "Imputation", "Mapping", "NOT_STATED", "PublishedAppraisal", "PublishedEstimates",
    "Regression", "Replicates", "SampleDesign", "SamplePlan", "StudyOutcome", "StudyResult", "SuppressionRule", "SurveyData", "SurveyTest",
    "ValidationReport", "WeightSummary", "adjust_nonresponse", "adjustment_steps", "allocate", "appraisal_page", "by_episode",
    "calibrate", "capture_recapture", "classify", "codebook", "compare", "compare_frameworks", "compare_proxies", "contrast", "cut", "datasets",
    "delta_curve", "diff", "draft_mapping", "effect_ratios", "estimate_mean", "estimate_prevalence", "estimate_quantile", "estimate_ratio",
    "estimate_total",
    "estimate_variance", "explain", "explain_respondent", "frameworks", "hidden", "hierarchical", "impute", "independence_test", "join_rounds", "load",
    "load_lists", "marginal_effects", "marginal_means", "monitoring_sentences", "multiple_tests", "plan_change", "plan_sample", "plot", "plot_back_estimates",
    "plot_convergence", "plot_counts", "plot_linkage", "plot_map", "plot_methods", "plot_overlaps", "plot_plan", "plot_recruitment",
    "plot_sensitivity", "plot_shrinkage",
    "plot_weights", "pool", "post_stratify", "predict", "publish", "publish_appraisal", "rank_test", "regress",
    "regress_multinomial", "regress_ordinal", "replicate", "run_batch", "run_study", "simulate_coverage", "stack", "standardise", "synthesis", "t_test",
    "term_test", "tipping_point",
    "trim_weights", "undercoverage_curve", "validate", "weight_summary",
)  # fmt: skip


def test_the_names_are_these() -> None:
    assert sorted(fl.__all__) == sorted(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_the_name_can_be_imported_and_is_documented(name: str) -> None:
    assert (getattr(importlib.import_module("fl_estimate"), name).__doc__ or "").strip()


def test_dir_lists_the_names() -> None:
    assert set(NAMES) <= set(dir(fl))


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'prevalance'"):
        _ = fl.prevalance  # pyright: ignore[reportAttributeAccessIssue]


def test_type_checkers_see_the_names_that_are_loaded() -> None:
    """The block under TYPE_CHECKING in __init__.py and the table behind __getattr__ say the same."""
    assert fl.__file__ is not None
    tree = ast.parse(Path(fl.__file__).read_text(encoding="utf-8"))
    seen = {
        alias.asname
        for block in tree.body
        if isinstance(block, ast.If)
        for statement in block.body
        if isinstance(statement, ast.ImportFrom)
        for alias in statement.names
    }
    assert seen == set(fl.__all__)
