"""Codes of the answers of case lists that several modules of the room say, or that others ask for."""

from __future__ import annotations

from collections.abc import Mapping

from fl_estimate.results.codes import AssumptionCode, IntervalKind, MethodName, ReasonCode

PETERSEN = MethodName("petersen")
CHAPMAN = MethodName("chapman")
CHAO = MethodName("chao")
ZELTERMAN = MethodName("zelterman")
CLOSED = MethodName("closed")
CLOSED_CORRECTED = MethodName("closed-bias-corrected")
SENSITIVITY = MethodName("sensitivity")
AVERAGE_DECOMPOSABLE = MethodName("average-decomposable")
LATENT_CLASS = MethodName("latent-class")
THRESHOLD = MethodName("threshold")
ByLikelihood = Mapping[str, MethodName]
"""The name of a method for each likelihood."""
LOGLINEAR: ByLikelihood = {
    "poisson": MethodName("loglinear-poisson"),
    "multinomial": MethodName("loglinear-multinomial"),
}
STEPWISE: ByLikelihood = {"poisson": MethodName("stepwise-poisson"), "multinomial": MethodName("stepwise-multinomial")}
AIC_P: ByLikelihood = {"poisson": MethodName("aic-p-poisson"), "multinomial": MethodName("aic-p-multinomial")}
BIC: ByLikelihood = {"poisson": MethodName("bic-poisson"), "multinomial": MethodName("bic-multinomial")}
DOUBLY_ROBUST: dict[str, MethodName] = {kind: MethodName(kind) for kind in ("doubly-robust", "plug-in")}
APPRAISAL = MethodName("appraisal")

TRANSFORMED_LOGIT = IntervalKind("transformed-logit")
BCA_FIXED_N = IntervalKind("bca-fixed-n")
PERCENTILE_AND_MODEL = IntervalKind("percentile-and-model")
PERCENTILE_FIXED_N = IntervalKind("percentile-fixed-n")
STATED_RANGE = IntervalKind("stated-range")

ENVELOPE_WITHOUT_VALUE = ReasonCode("envelope_without_value")
ODDS_RATIOS_NOT_STATED = ReasonCode("odds_ratios_not_stated")
RANGE_OF_ODDS_RATIOS = ReasonCode("range_of_odds_ratios")
POOR_FIT = ReasonCode("poor_fit", "p", doubtful="model")
PEOPLE_DIFFER_FITS_BETTER = ReasonCode("people_differ_fits_better", doubtful="model")
PEOPLE_DIFFER_FITS_TOO = ReasonCode("people_differ_fits_too", doubtful="model")
# Which lists hold each other, or do not overlap, tells histories that hold nobody.
LISTS_NESTED = ReasonCode("lists_nested", "pairs", in_full_only=("pairs",))
SELECTION_BLOCKED = ReasonCode("selection_blocked", "pairs", in_full_only=("pairs",))
NO_OVERLAP = ReasonCode("no_overlap")
INTERVAL_BELOW_OBSERVED = ReasonCode("interval_below_observed")
PROFILE_UPPER_NOT_FOUND = ReasonCode("profile_upper_not_found")
BOOTSTRAP_LIMIT_IS_EXTREME_DRAW = ReasonCode("bootstrap_limit_is_extreme_draw")
SATURATED_GRAPH_WEIGHT = ReasonCode("saturated_graph_weight", "share")
POSTERIOR_MOMENTS_UNSETTLED = ReasonCode("posterior_moments_unsettled")
CHANCES_AT_MARGIN = ReasonCode("chances_at_margin")
LEARNER_NOT_CONVERGED = ReasonCode("learner_not_converged")
EVERYBODY_OBSERVED = ReasonCode("everybody_observed")

LISTS_INDEPENDENT_GIVEN = AssumptionCode("lists_independent_given", "covariates")
LISTS_ALIKE = AssumptionCode("lists_alike")
BEHAVIOUR_AFTER_CAPTURE = AssumptionCode("behaviour_after_capture")
HETEROGENEITY_FORM = AssumptionCode("heterogeneity_form", "form")
INTERACTION_STATED = AssumptionCode("interaction_stated", "terms")
TERMS_MINUS_INFINITY = AssumptionCode("terms_minus_infinity", "terms", in_full_only=("terms",))
DECOMPOSABLE_DEPENDENCE = AssumptionCode("decomposable_dependence")
LATENT_CLASSES = AssumptionCode("latent_classes", "classes")
PRIOR_POPULATION_GIVEN = AssumptionCode("prior_population_given")
PRIOR_DIRICHLET = AssumptionCode("prior_dirichlet", "delta")
PRIOR_CLASSES = AssumptionCode("prior_classes", "shape", "rate")
PRIOR_INTERACTIONS = AssumptionCode("prior_interactions")
PRIOR_INTERACTIONS_FLAT = AssumptionCode("prior_interactions_flat")
