"""Codes of respondent-driven sampling: names of methods, assumptions, and reasons of rows."""

from __future__ import annotations

from fl_estimate.results.codes import AssumptionCode, MethodName, ReasonCode

RDS_I = MethodName("rds-i", of_people_counted=True, chooses_people=True, named=True)
RDS_II = MethodName("rds-ii", of_people_counted=True, chooses_people=True, named=True)
GILE_SS = MethodName("gile-ss", of_people_counted=True, chooses_people=True, named=True)

RANDOM_RECRUITMENT = AssumptionCode("rds_random_recruitment")
DEGREES_REPORTED = AssumptionCode("rds_degrees_reported")
NETWORK_CONNECTED = AssumptionCode("rds_network_connected")
WITH_REPLACEMENT = AssumptionCode("rds_with_replacement")
POPULATION_GIVEN = AssumptionCode("rds_population_given", "population")
GROUPS_ALIKE_WITHIN = AssumptionCode("rds_groups_alike_within")
RECIPROCAL_SMOOTHED = AssumptionCode("rds_reciprocal_smoothed")
SEEDS_LEFT_OUT = AssumptionCode("rds_seeds_left_out", "seeds")
DEGREE_LEFT_OUT = AssumptionCode("rds_degree_left_out", "rows")
DEGREE_MEDIAN = AssumptionCode("rds_degree_median", "rows")
DEGREE_LARGEST = AssumptionCode("rds_degree_largest", "rows")
TREE_BOOTSTRAP = AssumptionCode("rds_tree_bootstrap")
SALGANIK_BOOTSTRAP = AssumptionCode("rds_salganik_bootstrap")
SALGANIK_BY_DEGREE = AssumptionCode("rds_salganik_by_degree")
GILE_BOOTSTRAP = AssumptionCode("rds_gile_bootstrap")
DESIGN_EFFECT_STATED = AssumptionCode("rds_design_effect", "deff")

SINGLE_TREE = ReasonCode("rds_single_tree")
GROUPS_APART = ReasonCode("rds_groups_apart", doubtful="model")
NOT_CENTRED = ReasonCode("rds_not_centred", doubtful="model")
LARGE_FRACTION = ReasonCode("rds_large_fraction", "percent")
WITHOUT_CASES = ReasonCode("rds_without_cases", "deff", tells_cases=True)
