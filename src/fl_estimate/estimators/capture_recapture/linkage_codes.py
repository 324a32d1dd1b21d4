"""Codes that estimates from linked lists share: what is supposed of the links, and what went wrong with them."""

from fl_estimate.results.codes import AssumptionCode, MethodName, ReasonCode

LINKAGE_CORRECTED = MethodName("linkage-corrected")
LINKAGE_LOGLINEAR = MethodName("linkage-loglinear")
LINKAGE_DRAWS = MethodName("linkage-draws")
LINKAGE_RATES_STATED = AssumptionCode("linkage_rates_stated", "missed", "false_links")
RECORDS_FAIL_ALONE = AssumptionCode("records_fail_alone")
LINKS_DRAWN = AssumptionCode("links_drawn", "draws")
EVERYONE_CAN_BE_LISTED = AssumptionCode("everyone_can_be_listed")
SHARE_UNLISTABLE_STATED = AssumptionCode("share_unlistable_stated", "least", "most")
LINKAGE_DRAWS_FAILED = ReasonCode("linkage_draws_failed")
