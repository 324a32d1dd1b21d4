"""Codes of models of people on lists, or in one register, with covariates; their words are in `words.catalogues`."""

from __future__ import annotations

from fl_estimate.results.codes import AssumptionCode, MethodName, ReasonCode

CONDITIONAL_LOGLINEAR = MethodName("conditional-loglinear")
CONDITIONAL_SELECTED = {
    "bic": MethodName("conditional-loglinear-bic"),
    "aic": MethodName("conditional-loglinear-aic"),
}
DOUBLY_ROBUST_LISTS = MethodName("doubly-robust-lists")
GENERALISED_CHAO = MethodName("generalised-chao")
GENERALISED_ZELTERMAN = MethodName("generalised-zelterman")
TRUNCATED = {
    "poisson": MethodName("zero-truncated-poisson"),
    "geometric": MethodName("zero-truncated-geometric"),
    "negative-binomial": MethodName("zero-truncated-negative-binomial"),
}
ONE_INFLATED = {
    "poisson": MethodName("one-inflated-poisson"),
    "geometric": MethodName("one-inflated-geometric"),
    "negative-binomial": MethodName("one-inflated-negative-binomial"),
}

LISTS_INDEPENDENT_AMONG_ALIKE = AssumptionCode("lists_independent_among_alike", "covariates")
DEPENDENCE_AMONG_ALIKE = AssumptionCode("dependence_among_alike", "terms", "covariates")
NO_HIGHEST_INTERACTION_AMONG_ALIKE = AssumptionCode("no_highest_interaction_among_alike", "lists", "covariates")
CHANCES_ALIKE = AssumptionCode("chances_alike")
LISTS_BLIND = AssumptionCode("lists_blind", "lists")
COVARIATES_MISSING_AT_RANDOM = AssumptionCode("covariates_missing_at_random")
COUNTS_POISSON = AssumptionCode("counts_poisson")
COUNTS_GEOMETRIC = AssumptionCode("counts_geometric")
COUNTS_NEGATIVE_BINOMIAL = AssumptionCode("counts_negative_binomial")
COUNTS_ALIKE_GIVEN = AssumptionCode("counts_alike_given", "covariates")
CONTACTS_INDEPENDENT = AssumptionCode("contacts_independent")
ONES_AFTER_FIRST_CONTACT = AssumptionCode("ones_after_first_contact")
ONES_OF_ANOTHER_KIND = AssumptionCode("ones_of_another_kind")
REGISTER_CAN_HOLD_EVERYBODY = AssumptionCode("register_can_hold_everybody")

PEOPLE_RARELY_OBSERVED = ReasonCode("people_rarely_observed", doubtful="model")
DARK_FIGURE_UNSTEADY = ReasonCode("dark_figure_unsteady", doubtful="model")
COUNTS_NO_OVERDISPERSION = ReasonCode("counts_no_overdispersion")
COUNTS_NO_INFLATION = ReasonCode("counts_no_inflation")
COUNTS_DO_NOT_FIT = ReasonCode("counts_do_not_fit", doubtful="model")
PAIRS_DISAGREE = ReasonCode("pairs_disagree", "p_value", doubtful="model")
