"""What a multiplicity estimate takes for granted, as codes; their words are in the catalogues."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from fl_estimate.estimators.hidden.family.multiplicity_reports import HOUSEHOLDS, ReportsAsked
from fl_estimate.estimators.survey.design_words import of_adjustments
from fl_estimate.inputs.sample_design import Design
from fl_estimate.results.codes import (
    DEFF_REFERENCE,
    ZERO_WEIGHTS,
    Assumption,
    AssumptionCode,
    each_once,
)

RULES: dict[str, AssumptionCode] = {
    "households": AssumptionCode("multiplicity_households"),
    "persons": AssumptionCode("multiplicity_persons"),
}
ALL_IS_TOLD = AssumptionCode("multiplicity_all_told")
NO_RELATIVE = AssumptionCode("multiplicity_no_relative")
COLLECTED = AssumptionCode("multiplicity_collected", "column")
FROM_SIZES = AssumptionCode("multiplicity_network_sizes")
OWN_COUNTED = AssumptionCode("multiplicity_own_counted")
OWN_NOT_COUNTED = AssumptionCode("multiplicity_own_not_counted")
HOUSEHOLD_WEIGHTS = AssumptionCode("multiplicity_household_weights", "column")
ELIGIBLE = AssumptionCode("multiplicity_eligible", "condition")
UNASKED_LEFT_OUT = AssumptionCode("multiplicity_unasked_left_out", "relatives", in_full_only=("relatives",))
UNASKED_UNKNOWN = AssumptionCode("multiplicity_unasked_unknown", "relatives", in_full_only=("relatives",))
FILLED: dict[str, AssumptionCode] = {
    "one": AssumptionCode("multiplicity_missing_one", "persons", in_full_only=("persons",)),
    "mean": AssumptionCode("multiplicity_missing_mean", "persons", in_full_only=("persons",)),
}
COVERED = AssumptionCode("multiplicity_covered")
CALIBRATION = AssumptionCode("multiplicity_calibration")
OF_WHO_TOLD = AssumptionCode("multiplicity_of_who_told", "columns")


@dataclass(frozen=True, kw_only=True)
class Taken:
    """What a call took for granted.

    Attributes
    ----------
    asked : ReportsAsked
    missing : str
        What was done where s was missing, of `filled` persons.
    filled : int
    left_out : mapping of str to int
    of_relatives : frozenset of str
        Columns of the relatives.
    shares : bool
    design : Design
        As the people were drawn.
    """

    asked: ReportsAsked
    missing: str
    filled: int
    left_out: Mapping[str, int]
    of_relatives: frozenset[str]
    shares: bool
    design: Design


def assumptions_of(taken: Taken, of_survey: Sequence[Assumption]) -> tuple[Assumption, ...]:
    """The assumptions of the counting rule, then those of the weighted sum that it is."""
    # What rows weigh nothing, and the design effect, are of rows of reports: nothing that was asked.
    kept = [each for each in of_survey if each.code not in (DEFF_REFERENCE, ZERO_WEIGHTS)]
    if taken.design.calibrations:
        kept += [each for each in of_adjustments(taken.design) if each not in kept]
        kept.append(CALIBRATION.assume())
    return each_once([*_of_rule(taken), *kept])


def _of_rule(taken: Taken) -> Iterator[Assumption]:
    asked = taken.asked
    yield RULES[asked.counting].assume()
    yield ALL_IS_TOLD.assume()
    yield COLLECTED.assume(column=asked.multiplicity) if asked.multiplicity else FROM_SIZES.assume()
    yield (OWN_COUNTED if asked.own_counted else OWN_NOT_COUNTED).assume()
    if asked.own_counted and not asked.own and asked.multiplicity:
        yield FROM_SIZES.assume()
    yield NO_RELATIVE.assume()
    if asked.counting == HOUSEHOLDS and asked.weights is not None:
        yield HOUSEHOLD_WEIGHTS.assume(column=asked.weights)
    if asked.eligible is not None:
        yield ELIGIBLE.assume(condition=asked.eligible)
    if taken.left_out.get("unasked"):
        code = UNASKED_LEFT_OUT if asked.eligible is None else UNASKED_UNKNOWN
        yield code.assume(relatives=taken.left_out["unasked"])
    if taken.filled:
        yield FILLED[taken.missing].assume(persons=taken.filled)
    if taken.shares:
        yield COVERED.assume()
    of_who_told = [name for name in asked.groups if name not in taken.of_relatives]
    if of_who_told:
        yield OF_WHO_TOLD.assume(columns=", ".join(of_who_told))
