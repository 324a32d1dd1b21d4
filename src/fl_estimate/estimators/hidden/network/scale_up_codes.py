"""What scale-up results say of themselves: methods, assumptions, reasons. Their words stand in the catalogues."""

from __future__ import annotations

from fl_estimate.results.codes import AssumptionCode, MethodName

METHODS: dict[str, MethodName] = {
    "ratio-of-sums": MethodName("scale-up-ratio-of-sums", chooses_people=True, named=True),
    "mean-of-ratios": MethodName("scale-up-mean-of-ratios", chooses_people=True, named=True),
}
GENERALISED = MethodName("scale-up-generalised", chooses_people=True, named=True)
BACK_ESTIMATE = MethodName("scale-up-back-estimate", chooses_people=True, named=True)

KNOWN_GROUPS = AssumptionCode("scale_up_known_groups", "groups", "population")
ABOUT_POPULATION = AssumptionCode("scale_up_about_population")
ABOUT_DOMAIN = AssumptionCode("scale_up_about_domain", "column")
NO_BARRIER = AssumptionCode("scale_up_no_barrier")
UNCORRECTED: dict[str, AssumptionCode] = {
    "degree_ratio": AssumptionCode("scale_up_degree_ratio_one"),
    "transmission": AssumptionCode("scale_up_transmission_complete"),
    "precision": AssumptionCode("scale_up_no_false_reports"),
}
CORRECTED: dict[str, AssumptionCode] = {
    "degree_ratio": AssumptionCode("scale_up_degree_ratio", "groups", "value", "cv"),
    "transmission": AssumptionCode("scale_up_transmission", "groups", "value", "cv"),
    "precision": AssumptionCode("scale_up_precision", "groups", "value", "cv"),
}
CORRECTION_ESTIMATED = AssumptionCode("scale_up_correction_estimated", "name")
RECALL = AssumptionCode("scale_up_recall_curve", "threshold", "exponent")
TOP_CODED = AssumptionCode("scale_up_top_coded", "most")
UNANSWERED: dict[str, AssumptionCode] = {
    "exclude": AssumptionCode("scale_up_unanswered_excluded"),
    "zero": AssumptionCode("scale_up_unanswered_zero"),
    "available": AssumptionCode("scale_up_unanswered_available"),
}
NO_NETWORK = AssumptionCode("scale_up_no_network_left_out", "share")
BINOMIAL_ERROR = AssumptionCode("scale_up_binomial_error")
VISIBILITY = AssumptionCode("scale_up_visibility", "groups")
VISIBILITY_STATED = AssumptionCode("scale_up_visibility_stated")
SAMPLES_INDEPENDENT = AssumptionCode("scale_up_samples_independent")
FRAME_POPULATION = AssumptionCode("scale_up_frame_population", "population")
