"""What a design takes for granted of the way the sample was drawn, and what was done to its weights, as assumptions."""

from __future__ import annotations

from fl_estimate.inputs.sample_design import Design
from fl_estimate.results.codes import Assumption, AssumptionCode

SIMPLE_RANDOM_SAMPLE = AssumptionCode("simple_random_sample")
TWO_PHASES = AssumptionCode("two_phases")
TWO_PHASES_APART = AssumptionCode("two_phases_apart")
UNEQUAL_PROBABILITIES = AssumptionCode("unequal_probabilities", "rule")
FINITE_POPULATION_CORRECTION = AssumptionCode("finite_population_correction", "stages")
WITH_REPLACEMENT_FIRST_STAGE = AssumptionCode("with_replacement_first_stage")
LATER_STAGES_IGNORED = AssumptionCode("later_stages_ignored", "stages")
ADJUSTMENTS: dict[str, AssumptionCode] = {
    "calibration": AssumptionCode("weights_calibrated", "method", "margins"),
    "trimming": AssumptionCode("weights_trimmed", "upper", "lower", "rows"),
    "class": AssumptionCode("non_response_by_class", "columns", "response_rate"),
    "propensity": AssumptionCode("non_response_by_propensity", "columns", "response_rate"),
}


def of_adjustments(design: Design) -> list[Assumption]:
    """What was done to the weights, step by step."""
    return [ADJUSTMENTS[step.kind].assume(**dict(step.parameters)) for step in design.adjustments]


def of_sampling(design: Design) -> list[Assumption]:
    """What linearisation takes for granted of the way the sample was drawn."""
    assumptions: list[Assumption] = []
    if design.strata is None and not design.stages:
        assumptions.append(SIMPLE_RANDOM_SAMPLE.assume())
    if design.phase2 is not None:
        assumptions.append((TWO_PHASES if design.phase2_variance == "full" else TWO_PHASES_APART).assume())
    if design.pps is not None:
        assumptions.append(UNEQUAL_PROBABILITIES.assume(rule=design.pps))
    elif design.fpc:
        assumptions.append(FINITE_POPULATION_CORRECTION.assume(stages=len(design.fpc)))
    else:
        assumptions.append(WITH_REPLACEMENT_FIRST_STAGE.assume())
    if len(design.stages) > max(1, len(design.fpc)):
        assumptions.append(LATER_STAGES_IGNORED.assume(stages=len(design.stages) - max(1, len(design.fpc))))
    return assumptions
