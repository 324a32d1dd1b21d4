"""fl_estimate: how many people are in forced labour, from survey microdata, with its uncertainty.

The public names are loaded when first used (PEP 562), so that importing the package stays light.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fl_estimate import datasets as datasets
    from fl_estimate.design.allocation import Allocation as Allocation
    from fl_estimate.design.allocation import allocate as allocate
    from fl_estimate.design.joined_rounds import join_rounds as join_rounds
    from fl_estimate.design.non_response import adjust_nonresponse as adjust_nonresponse
    from fl_estimate.design.planning import ChangePlan as ChangePlan
    from fl_estimate.design.planning import SamplePlan as SamplePlan
    from fl_estimate.design.planning import plan_change as plan_change
    from fl_estimate.design.planning import plan_sample as plan_sample
    from fl_estimate.design.replicates import replicate as replicate
    from fl_estimate.design.trimming import trim_weights as trim_weights
    from fl_estimate.design.weight_summary import WeightSummary as WeightSummary
    from fl_estimate.design.weight_summary import weight_summary as weight_summary
    from fl_estimate.design.weights import calibrate as calibrate
    from fl_estimate.design.weights import post_stratify as post_stratify
    from fl_estimate.errors import FlError as FlError
    from fl_estimate.errors import FlWarning as FlWarning
    from fl_estimate.estimators import capture_recapture as capture_recapture
    from fl_estimate.estimators import hidden as hidden
    from fl_estimate.estimators import hierarchical as hierarchical
    from fl_estimate.estimators import synthesis as synthesis
    from fl_estimate.estimators.imputation.imputation import Imputation as Imputation
    from fl_estimate.estimators.imputation.impute import impute as impute
    from fl_estimate.estimators.sensitivity.adjustment_steps import adjustment_steps as adjustment_steps
    from fl_estimate.estimators.sensitivity.delta_curve import delta_curve as delta_curve
    from fl_estimate.estimators.sensitivity.proxies import compare_proxies as compare_proxies
    from fl_estimate.estimators.sensitivity.tipping_point import tipping_point as tipping_point
    from fl_estimate.estimators.sensitivity.undercoverage import undercoverage_curve as undercoverage_curve
    from fl_estimate.estimators.survey.comparisons import multiple_tests as multiple_tests
    from fl_estimate.estimators.survey.contrasts import contrast as contrast
    from fl_estimate.estimators.survey.contrasts import standardise as standardise
    from fl_estimate.estimators.survey.design_weighted import estimate_mean as estimate_mean
    from fl_estimate.estimators.survey.design_weighted import estimate_prevalence as estimate_prevalence
    from fl_estimate.estimators.survey.design_weighted import estimate_ratio as estimate_ratio
    from fl_estimate.estimators.survey.design_weighted import estimate_total as estimate_total
    from fl_estimate.estimators.survey.design_weighted import estimate_variance as estimate_variance
    from fl_estimate.estimators.survey.framework_sensitivity import FrameworkComparison as FrameworkComparison
    from fl_estimate.estimators.survey.framework_sensitivity import compare_frameworks as compare_frameworks
    from fl_estimate.estimators.survey.models.class_regression import regress_multinomial as regress_multinomial
    from fl_estimate.estimators.survey.models.class_regression import regress_ordinal as regress_ordinal
    from fl_estimate.estimators.survey.models.effect_ratios import effect_ratios as effect_ratios
    from fl_estimate.estimators.survey.models.model_effects import marginal_effects as marginal_effects
    from fl_estimate.estimators.survey.models.model_effects import predict as predict
    from fl_estimate.estimators.survey.models.model_terms import marginal_means as marginal_means
    from fl_estimate.estimators.survey.models.model_terms import term_test as term_test
    from fl_estimate.estimators.survey.models.regression import regress as regress
    from fl_estimate.estimators.survey.models.regression_result import Regression as Regression
    from fl_estimate.estimators.survey.pooling import pool as pool
    from fl_estimate.estimators.survey.quantiles import estimate_quantile as estimate_quantile
    from fl_estimate.estimators.survey.survey_tests import independence_test as independence_test
    from fl_estimate.estimators.survey.survey_tests import rank_test as rank_test
    from fl_estimate.estimators.survey.survey_tests import t_test as t_test
    from fl_estimate.indicators.classify import Classification as Classification
    from fl_estimate.indicators.classify import classify as classify
    from fl_estimate.indicators.explain import Explanation as Explanation
    from fl_estimate.indicators.explain import explain as explain
    from fl_estimate.indicators.framework import Framework as Framework
    from fl_estimate.indicators.framework import frameworks as frameworks
    from fl_estimate.inputs.folder import Folder as Folder
    from fl_estimate.inputs.histories import CaptureHistories as CaptureHistories
    from fl_estimate.inputs.replicates import Replicates as Replicates
    from fl_estimate.inputs.sample_design import Design as Design
    from fl_estimate.inputs.survey_data import SurveyData as SurveyData
    from fl_estimate.laboratory.coverage import simulate_coverage as simulate_coverage
    from fl_estimate.laboratory.report import CoverageReport as CoverageReport
    from fl_estimate.laboratory.sample_design import SampleDesign as SampleDesign
    from fl_estimate.loaders.checking import validate as validate
    from fl_estimate.loaders.drafting import draft_mapping as draft_mapping
    from fl_estimate.loaders.lists import load_lists as load_lists
    from fl_estimate.loaders.load import load as load
    from fl_estimate.loaders.mapping import Mapping as Mapping
    from fl_estimate.loaders.returning_migrant import by_episode as by_episode
    from fl_estimate.reporting.appraisals import PublishedAppraisal as PublishedAppraisal
    from fl_estimate.reporting.appraisals import publish_appraisal as publish_appraisal
    from fl_estimate.reporting.formats.appraisal_page import appraisal_page as appraisal_page
    from fl_estimate.reporting.monitoring import monitoring_sentences as monitoring_sentences
    from fl_estimate.reporting.pictures.back_estimates_figure import plot_back_estimates as plot_back_estimates
    from fl_estimate.reporting.pictures.compare import compare as compare
    from fl_estimate.reporting.pictures.count_figures import plot_counts as plot_counts
    from fl_estimate.reporting.pictures.figures import plot as plot
    from fl_estimate.reporting.pictures.linkage_figures import plot_linkage as plot_linkage
    from fl_estimate.reporting.pictures.lists_figures import plot_methods as plot_methods
    from fl_estimate.reporting.pictures.lists_figures import plot_overlaps as plot_overlaps
    from fl_estimate.reporting.pictures.lists_figures import plot_sensitivity as plot_sensitivity
    from fl_estimate.reporting.pictures.map_in_full import plot_map as plot_map
    from fl_estimate.reporting.pictures.planning import plot_plan as plot_plan
    from fl_estimate.reporting.pictures.recruitment_convergence import plot_convergence as plot_convergence
    from fl_estimate.reporting.pictures.recruitment_tree import plot_recruitment as plot_recruitment
    from fl_estimate.reporting.pictures.shrinkage import plot_shrinkage as plot_shrinkage
    from fl_estimate.reporting.pictures.weights_figures import plot_weights as plot_weights
    from fl_estimate.reporting.publish import publish as publish
    from fl_estimate.reporting.published import PublishedEstimates as PublishedEstimates
    from fl_estimate.reporting.suppression import SuppressionRule as SuppressionRule
    from fl_estimate.results.domains import NOT_STATED as NOT_STATED
    from fl_estimate.results.estimates import Estimates as Estimates
    from fl_estimate.results.stack import stack as stack
    from fl_estimate.results.survey_test import SurveyTest as SurveyTest
    from fl_estimate.schema.codebook import codebook as codebook
    from fl_estimate.schema.expressions import cut as cut
    from fl_estimate.schema.validate import ValidationReport as ValidationReport
    from fl_estimate.study.batch.outcome import BatchResult as BatchResult
    from fl_estimate.study.batch.outcome import StudyOutcome as StudyOutcome
    from fl_estimate.study.batch.run import run_batch as run_batch
    from fl_estimate.study.diff import diff as diff
    from fl_estimate.study.differences import Differences as Differences
    from fl_estimate.study.respondent import explain_respondent as explain_respondent
    from fl_estimate.study.run import StudyResult as StudyResult
    from fl_estimate.study.run import run_study as run_study

    __version__: str

_WHERE: dict[str, str] = {
    "Allocation": "design.allocation",
    "BatchResult": "study.batch.outcome",
    "CaptureHistories": "inputs.histories",
    "ChangePlan": "design.planning",
    "Classification": "indicators.classify",
    "CoverageReport": "laboratory.report",
    "Design": "inputs.sample_design",
    "Differences": "study.differences",
    "Estimates": "results.estimates",
    "Explanation": "indicators.explain",
    "FlError": "errors",
    "FlWarning": "errors",
    "Folder": "inputs.folder",
    "Framework": "indicators.framework",
    "FrameworkComparison": "estimators.survey.framework_sensitivity",
    "Imputation": "estimators.imputation.imputation",
    "Mapping": "loaders.mapping",
    "NOT_STATED": "results.domains",
    "PublishedAppraisal": "reporting.appraisals",
    "PublishedEstimates": "reporting.published",
    "Regression": "estimators.survey.models.regression_result",
    "Replicates": "inputs.replicates",
    "SampleDesign": "laboratory.sample_design",
    "SamplePlan": "design.planning",
    "StudyOutcome": "study.batch.outcome",
    "StudyResult": "study.run",
    "SuppressionRule": "reporting.suppression",
    "SurveyData": "inputs.survey_data",
    "SurveyTest": "results.survey_test",
    "ValidationReport": "schema.validate",
    "WeightSummary": "design.weight_summary",
    "adjust_nonresponse": "design.non_response",
    "adjustment_steps": "estimators.sensitivity.adjustment_steps",
    "allocate": "design.allocation",
    "appraisal_page": "reporting.formats.appraisal_page",
    "by_episode": "loaders.returning_migrant",
    "calibrate": "design.weights",
    "classify": "indicators.classify",
    "codebook": "schema.codebook",
    "compare": "reporting.pictures.compare",
    "compare_frameworks": "estimators.survey.framework_sensitivity",
    "compare_proxies": "estimators.sensitivity.proxies",
    "contrast": "estimators.survey.contrasts",
    "cut": "schema.expressions",
    "delta_curve": "estimators.sensitivity.delta_curve",
    "diff": "study.diff",
    "draft_mapping": "loaders.drafting",
    "effect_ratios": "estimators.survey.models.effect_ratios",
    "estimate_mean": "estimators.survey.design_weighted",
    "estimate_prevalence": "estimators.survey.design_weighted",
    "estimate_quantile": "estimators.survey.quantiles",
    "estimate_ratio": "estimators.survey.design_weighted",
    "estimate_total": "estimators.survey.design_weighted",
    "estimate_variance": "estimators.survey.design_weighted",
    "explain": "indicators.explain",
    "explain_respondent": "study.respondent",
    "frameworks": "indicators.framework",
    "impute": "estimators.imputation.impute",
    "independence_test": "estimators.survey.survey_tests",
    "join_rounds": "design.joined_rounds",
    "load": "loaders.load",
    "load_lists": "loaders.lists",
    "marginal_effects": "estimators.survey.models.model_effects",
    "marginal_means": "estimators.survey.models.model_terms",
    "monitoring_sentences": "reporting.monitoring",
    "multiple_tests": "estimators.survey.comparisons",
    "predict": "estimators.survey.models.model_effects",
    "plan_change": "design.planning",
    "plan_sample": "design.planning",
    "plot": "reporting.pictures.figures",
    "plot_back_estimates": "reporting.pictures.back_estimates_figure",
    "plot_convergence": "reporting.pictures.recruitment_convergence",
    "plot_counts": "reporting.pictures.count_figures",
    "plot_map": "reporting.pictures.map_in_full",
    "plot_methods": "reporting.pictures.lists_figures",
    "plot_overlaps": "reporting.pictures.lists_figures",
    "plot_plan": "reporting.pictures.planning",
    "plot_recruitment": "reporting.pictures.recruitment_tree",
    "plot_linkage": "reporting.pictures.linkage_figures",
    "plot_sensitivity": "reporting.pictures.lists_figures",
    "plot_shrinkage": "reporting.pictures.shrinkage",
    "plot_weights": "reporting.pictures.weights_figures",
    "pool": "estimators.survey.pooling",
    "post_stratify": "design.weights",
    "publish": "reporting.publish",
    "publish_appraisal": "reporting.appraisals",
    "rank_test": "estimators.survey.survey_tests",
    "regress": "estimators.survey.models.regression",
    "regress_multinomial": "estimators.survey.models.class_regression",
    "regress_ordinal": "estimators.survey.models.class_regression",
    "replicate": "design.replicates",
    "run_batch": "study.batch.run",
    "run_study": "study.run",
    "simulate_coverage": "laboratory.coverage",
    "stack": "results.stack",
    "standardise": "estimators.survey.contrasts",
    "t_test": "estimators.survey.survey_tests",
    "term_test": "estimators.survey.models.model_terms",
    "tipping_point": "estimators.sensitivity.tipping_point",
    "trim_weights": "design.trimming",
    "undercoverage_curve": "estimators.sensitivity.undercoverage",
    "validate": "loaders.checking",
    "weight_summary": "design.weight_summary",
}
_PACKAGES: dict[str, str] = {
    "capture_recapture": "estimators.capture_recapture",
    "datasets": "datasets",
    "hidden": "estimators.hidden",
    "hierarchical": "estimators.hierarchical",
    "synthesis": "estimators.synthesis",
}

__all__ = sorted([*_WHERE, *_PACKAGES])  # pyright: ignore[reportUnsupportedDunderAll] (the block above tells it)


# Hidden from type checkers, for which every misspelt name would be there.
if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        if name in _WHERE:
            return getattr(import_module(f"fl_estimate.{_WHERE[name]}"), name)
        if name in _PACKAGES:
            return import_module(f"fl_estimate.{_PACKAGES[name]}")
        if name == "__version__":
            return import_module("fl_estimate.version").package_version()
        if not name.startswith("_") and name in (renamed := import_module("fl_estimate.deprecation").NAMES):
            renamed[name].warn(stacklevel=2)
            return __getattr__(renamed[name].new)
        raise AttributeError(f"module 'fl_estimate' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
