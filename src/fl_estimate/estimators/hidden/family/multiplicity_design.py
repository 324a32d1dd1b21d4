"""The sample design of reports: the weight of whoever tells, units that stay whole, and weights of the wrong unit refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from fl_estimate.errors import EstimateFault
from fl_estimate.estimators.hidden.family.multiplicity_reports import (
    HOUSEHOLDS,
    OWN,
    UNIT,
    WEIGHT_OF_HOUSEHOLD,
    WEIGHT_OF_PERSON,
    ReportsAsked,
    columns_of,
)
from fl_estimate.estimators.survey.design_weighted import estimate_total
from fl_estimate.inputs.adjustments import Calibration
from fl_estimate.inputs.replicates import Replicates, UnitReplicates
from fl_estimate.inputs.respondents import Resolved
from fl_estimate.inputs.sample_design import Design
from fl_estimate.inputs.survey_data import ReferencePeriod, Source
from fl_estimate.inputs.wording import SurveyWording

if TYPE_CHECKING:
    import polars as pl

WEIGHT = "__weight"


@dataclass(frozen=True, kw_only=True)
class ToldOf:
    """Reports in the place of people, with what the survey says of itself."""

    people: Any
    resolved: Resolved
    design: Design | None = None
    source: Source | None = None
    reference_period: ReferencePeriod | None = None
    population: str = ""
    wording: SurveyWording = field(default_factory=SurveyWording)

    @staticmethod
    def of(resolved: Resolved, frame: Any) -> ToldOf:
        """The same survey with these rows; what is counted are persons, whatever a row of the people is."""
        return ToldOf(
            people=frame, resolved=resolved, source=resolved.source, reference_period=resolved.reference_period,
            population=resolved.population, wording=replace(resolved.wording, unit="persons"),
        )  # fmt: skip

    def notes(self, outcomes: Any) -> tuple[tuple[str, Mapping[str, Any]], ...]:
        """What the classes say belongs under every table."""
        return self.resolved.notes(outcomes)

    def measure(self, outcomes: Any) -> str:
        """Whether the outcomes are of a day or of a period."""
        return self.resolved.measure(outcomes)


def weights_of_households(resolved: Resolved, given: str | None) -> str | None:
    """The column of the weights of households: as given, the one that the schema calls so, or the weights of the design.

    Raises
    ------
    EstimateFault
        FL-EST-510: those of the design are weights of persons.
    """
    weights = resolved.design.weights
    if given is not None or weights is None:
        return given
    if WEIGHT_OF_HOUSEHOLD in columns_of(resolved.frame):
        return WEIGHT_OF_HOUSEHOLD
    if weights == WEIGHT_OF_PERSON:
        raise _of_wrong_unit("households", f"weights= {weights!r}, and no column {WEIGHT_OF_HOUSEHOLD!r}")
    return weights


def require_usable(resolved: Resolved, asked: ReportsAsked, *, total: bool) -> None:
    """Refuse designs by which reports cannot be weighted, and weights that are not those of who reports.

    Raises
    ------
    EstimateFault
        FL-EST-510, FL-EST-511; for totals FL-EST-10, FL-EST-200, FL-EST-260, FL-EST-261, FL-EST-263, as in `estimate_total`.
    """
    design = resolved.design
    if asked.counting != HOUSEHOLDS and design.weights == WEIGHT_OF_HOUSEHOLD:
        raise _of_wrong_unit("persons", f"weights= {design.weights!r}")
    said = ["two phases"] if design.phase2 is not None else []
    made = design.replicates
    if isinstance(made, UnitReplicates) and made.rows_are_units:
        said.append("replicates whose units are the rows")
    if isinstance(made, Replicates) and asked.weights not in (None, design.weights):
        said.append("replicate weights of persons, where households report")
    if said:
        raise EstimateFault(
            "FL-EST-511", "reports of households or persons cannot be weighted by this design", found="; ".join(said),
            fix='variance="taylor" leaves replicates aside: give design= without them; or name the units, Design(psu=…)',
        )  # fmt: skip
    if total:
        # Whether weights give totals is asked of the people as they were drawn: rows of reports are more than these.
        column = design.weights or (*design.fpc, UNIT)[0]
        estimate_total(resolved.frame, column, design=replace(design, replicates=None), unknown="exclude")


def reports_design(design: Design, weights: str | None) -> Design:
    """The design with rows of reports in the place of people: the rows of one unit stay together.

    What known totals explain is not taken off: a row of a relative has none of the columns that were calibrated.
    """
    return replace(
        design,
        weights=weights,
        stages=design.stages or (UNIT,),
        psu=design.psu or UNIT,
        expands=True if weights is not None else design.expands,
        population_size=None,
        populations=(),
        adjustments=tuple(step for step in design.adjustments if not isinstance(step, Calibration)),
    )


def with_weights(frame: pl.DataFrame, design: Design, asked: ReportsAsked) -> pl.DataFrame:
    """Put the weight of each row beside it: of a relative that of the unit that told; of oneself that of the person.

    Raises
    ------
    EstimateFault
        FL-EST-507: the weights of the households differ within a household.
    """
    import polars as pl

    if design.weights is None:
        return frame
    if asked.weights is None:
        return frame.with_columns(pl.col(design.weights).alias(WEIGHT))
    _require_one_weight(frame, asked.weights)
    return frame.with_columns(pl.when(OWN).then(design.weights).otherwise(asked.weights).alias(WEIGHT))


def _require_one_weight(frame: pl.DataFrame, weights: str) -> None:
    """Whoever of a household tells of relatives, the household has one weight."""
    import polars as pl

    weighing = frame.filter(pl.col(weights) > 0).group_by(UNIT)
    spread = weighing.agg((pl.col(weights).max() > pl.col(weights).min() * (1 + 1e-9)).alias("two"))
    several = int(spread["two"].sum() or 0)
    if several:
        raise EstimateFault(
            "FL-EST-507", "the weights of households differ between members of one household",
            found=f"{weights!r} in {several:,} households",
            fix='name the column of their weights, household_weights="…"; weights of persons belong to counting="persons"',
        )  # fmt: skip


def _of_wrong_unit(counting: str, found: str) -> EstimateFault:
    return EstimateFault(
        "FL-EST-510", f"{counting} report, and the weights are not theirs", found=found,
        fix="weights and multiplicities must count the same unit, else the figure is wrong by the number of adults in a household: "
        + ('household_weights="…" names those of households' if counting == "households" else "give the weights of respondents")
        + ', or count by the other rule, counting="' + ("persons" if counting == "households" else "households") + '"',
    )  # fmt: skip
