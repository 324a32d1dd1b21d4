"""What Bayesian scale-up results say of themselves: methods, assumptions, reasons. Their words stand in the catalogues."""

from __future__ import annotations

from fl_estimate.estimators.hidden.network.scale_up_problem import MODELS
from fl_estimate.results.codes import AssumptionCode, MethodName, ReasonCode

METHODS: dict[str, MethodName] = {name: MethodName(f"scale-up-{name}", sums_unknown=True) for name in MODELS}

RANDOM_DEGREES = AssumptionCode("scale_up_random_degrees")
BARRIERS = AssumptionCode("scale_up_barriers")
OVERDISPERSION = AssumptionCode("scale_up_overdispersion")
CORRELATED_BIASES = AssumptionCode("scale_up_correlated_biases")
TRANSMISSION_PRIOR = AssumptionCode("scale_up_transmission_prior", "group", "a", "b")
TRANSMISSION_KNOWN = AssumptionCode("scale_up_transmission_known", "group", "value")
SCALED_BY = AssumptionCode("scale_up_scaled_by", "rule", "groups")
SIZE_PRIOR = AssumptionCode("scale_up_size_prior", "population")
PRIOR = AssumptionCode("scale_up_prior", "name", "prior")
WEIGHTS_IGNORED = AssumptionCode("scale_up_weights_ignored")
WEIGHTS_AS_POWERS = AssumptionCode("scale_up_weights_as_powers", "effective", "n")
MISSING_AT_RANDOM = AssumptionCode("scale_up_missing_reports_ignorable")

CLUSTERS_IGNORED = ReasonCode("scale_up_clusters_ignored", doubtful="model")
SPREAD_NOT_DRAWN = ReasonCode("scale_up_spread_not_drawn", "groups", "of", doubtful="model")
KNOWN_NOT_FOUND = ReasonCode("scale_up_known_not_found", "groups", "of", doubtful="model")
PRIOR_END_MATTERS = ReasonCode("scale_up_prior_end_matters", "name", doubtful="model")
NOBODY_KNOWN = ReasonCode("scale_up_nobody_known", tells_cases=True, doubtful="model")
