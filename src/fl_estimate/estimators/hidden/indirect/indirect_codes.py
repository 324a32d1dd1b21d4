"""Codes of indirect questions: by what a figure was made, what it takes for granted, and why a row is as it is."""

from __future__ import annotations

from collections.abc import Mapping

from fl_estimate.results.codes import AssumptionCode, MethodName, ReasonCode

LIST_METHODS: Mapping[str, MethodName] = {
    name: MethodName(f"list-{name}", sums_unknown=True, named=True)
    for name in ("difference", "combined", "linear", "nls", "ml")
}
RANDOMISED_METHODS: Mapping[str, MethodName] = {
    name: MethodName(f"rr-{name}", sums_unknown=True, named=True)
    for name in ("warner", "forced", "unrelated", "kuk", "mangat", "disguised", "crosswise", "triangular")
}
CROSSWISE_CORRECTED = MethodName("crosswise-corrected", sums_unknown=True, named=True)

LIST_RANDOM_ARMS = AssumptionCode("list_random_arms", "treatment", "items")
LIST_NO_DESIGN_EFFECT = AssumptionCode("list_no_design_effect")
LIST_NO_LIARS = AssumptionCode("list_no_liars")
LIST_CEILING = AssumptionCode("list_ceiling_liars")
LIST_FLOOR = AssumptionCode("list_floor_liars")
LIST_DIRECT = AssumptionCode("list_direct_monotone", "direct")
LIST_BINOMIAL = AssumptionCode("list_binomial")
LIST_BETA_BINOMIAL = AssumptionCode("list_beta_binomial")
LIST_CONSTRAINED = AssumptionCode("list_constrained")
INDIRECT_LOGISTIC = AssumptionCode("indirect_logistic", "covariates")
INDIRECT_LINEAR = AssumptionCode("indirect_linear", "covariates")
INDIRECT_PREDICTED = AssumptionCode("indirect_predicted")
INDIRECT_SUPPORT = AssumptionCode("indirect_support")
DEVICE_KNOWN = AssumptionCode("rr_device_known", "base", "slope")
DEVICE_FOLLOWED = AssumptionCode("rr_device_followed")
CROSSWISE_ANCHOR = AssumptionCode("crosswise_anchor", "anchor", "share")
MECHANISM_ADDED = AssumptionCode("rr_mechanism_added")
TEST_LIST_EFFECT = AssumptionCode("test_list_effect", "items")
TEST_LIST_PLACEBO = AssumptionCode("test_list_placebo", "direct")
TEST_LIST_ASSIGNMENT = AssumptionCode("test_list_assignment", "direct")

OUTSIDE_UNIT = ReasonCode("indirect_outside_range", doubtful="model")
ARM_EMPTY = ReasonCode("list_arm_empty")
TOP_NOT_MET = ReasonCode("list_top_not_met", "items")
INATTENTIVE_ALL = ReasonCode("crosswise_not_identified", doubtful="model")
