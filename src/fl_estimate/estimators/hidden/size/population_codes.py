"""Codes of population sizes by successive sampling: the method, what is supposed, and what speaks against a figure."""

from __future__ import annotations

from fl_estimate.results.codes import AssumptionCode, MethodName, ReasonCode

SS_PSE = MethodName("ss-pse")
SS_PSE_CASES = MethodName("ss-pse-cases", chooses_people=True)

SUCCESSIVE_SAMPLING = AssumptionCode("ss_draws_by_degree")
ORDER_WITHIN_WAVES = AssumptionCode("ss_order_within_waves")
ORDER_BY_ROWS = AssumptionCode("ss_order_by_rows")
PRIOR_SIZE: dict[str, AssumptionCode] = {
    "median": AssumptionCode("ss_prior_median", "size", "maximum"),
    "mean": AssumptionCode("ss_prior_mean", "size", "maximum"),
    "mode": AssumptionCode("ss_prior_mode", "size", "maximum"),
    "quartiles": AssumptionCode("ss_prior_quartiles", "lower", "upper", "maximum"),
    "flat": AssumptionCode("ss_prior_flat", "maximum"),
}
DEGREE_DISTRIBUTION: dict[str, AssumptionCode] = {
    "com-poisson": AssumptionCode("ss_degrees_com_poisson", "mean", "sd", "largest", in_full_only=("mean", "sd", "largest")),
    "negative-binomial": AssumptionCode(
        "ss_degrees_negative_binomial", "mean", "sd", "largest", in_full_only=("mean", "sd", "largest")
    ),
}  # fmt: skip
SHARE_GIVEN_SIZE = AssumptionCode("ss_share_given_size")

FOLLOWS_PRIOR = ReasonCode("ss_follows_prior", "overlap", doubtful="model")
AT_MAXIMUM = ReasonCode("ss_at_maximum", "maximum", doubtful="model")
PRIOR_SENSITIVE = ReasonCode("ss_prior_sensitive", "first", "last", "lower", "upper", doubtful="model")
