"""The drawn sample as a tree of units, read off the small table: strata, units, sampling fractions, at every stage."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from fl_estimate.design.grouped_form import GroupedForm
from fl_estimate.design.pps import PpsForm, pps_form
from fl_estimate.design.small_table import Codes, Floats, GroupingKey, Totals, numbered
from fl_estimate.design.totals import no_missing
from fl_estimate.errors import DesignFault, listed
from fl_estimate.inputs.sample_design import Design

CENSUS = 1e-7
"""A stratum with 1 − f below this is taken whole: no variance (R survey's rule; methods/survey.md §1)."""


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One stage of sampling.

    Attributes
    ----------
    unit : int array, shape (groups,)
        The unit of each group of the small table. Where rows are the units it is the stratum.
    stratum : int array, shape (units,)
        The stratum of each unit: the design's at the first stage, the unit of the stage before afterwards.
    size : array, shape (strata,)
        Units drawn, n_h.
    fraction : array, shape (strata,)
        Sampling fraction f_h; 0 where drawn with replacement or unknown.
    multiplier : array, shape (strata,)
        Product of the sampling fractions of the stages before.
    labels : tuple of str
        Names of the strata, for messages.
    pps : PpsForm or None
        Where units were drawn with unequal probabilities without replacement; `fraction` is then the least of a stratum.
    form : GroupedForm or None
        Where two phases make the variance; `unit`, `stratum`, `size` and `fraction` are then those of the second.
    """

    unit: Codes
    stratum: Codes
    size: Floats
    fraction: Floats
    multiplier: Floats
    labels: tuple[str, ...]
    pps: PpsForm | None = None
    form: GroupedForm | None = None

    @property
    def single(self) -> npt.NDArray[np.bool_]:
        """Strata in which one unit was drawn, but not the whole stratum."""
        return (self.size == 1) & (1 - self.fraction >= CENSUS)


@dataclass(frozen=True, kw_only=True)
class SampleStages:
    """The stages that the variance needs, and the weight of each group where the fpc gives it.

    `rows_are_units`: there are no stages; every row is a unit of its stratum, and variances come from second moments.
    """

    stages: tuple[Stage, ...]
    rows_are_units: bool
    weight: Floats | None
    single_strata: int
    single_psu: str = "error"
    df: float | None = None

    @property
    def census(self) -> bool:
        """Whether every unit of the population was taken, at every stage."""
        return all((1 - stage.fraction < CENSUS).all() for stage in self.stages)


def unit_columns(design: Design) -> tuple[str, ...]:
    """The columns that tell units apart, down to the deepest stage that has an fpc (the first where none has)."""
    depth = max(1, len(design.fpc))
    return tuple(name for name in (design.strata, *design.stages[:depth]) if name is not None)


def read_sample(table: Totals, design: Design) -> SampleStages:
    """Read the tree of units off the small table, and apply the rule for single units that merges strata.

    Raises
    ------
    DesignFault
        FL-DESIGN-07 missing ids; FL-DESIGN-08 fpc not positive, or counts and fractions mixed; FL-DESIGN-09 fpc
        differs within a stratum; FL-DESIGN-10 more units drawn than there are; FL-DESIGN-11 ids not unique over
        strata; FL-DESIGN-12 strata with a single unit.
    """
    groups = len(table.n)
    stratum = _stratum_codes(table, design)
    rows_are_units = not design.stages
    depth = max(1, len(design.fpc))
    parents, multiplier, stages = stratum, np.ones(groups), list[Stage]()
    labels = _stratum_labels(table, design)
    for position in range(depth):
        if rows_are_units:
            unit, unit_stratum = parents, np.arange(len(labels))
            size = np.bincount(parents, weights=table.n, minlength=len(labels))
        else:
            unit, first = _units(parents, _ids(table, design.stages[position]))
            unit_stratum = parents[first]
            size = np.bincount(unit_stratum, minlength=len(labels)).astype(float)
        # With unequal probabilities the fpc is of the unit, not of its stratum.
        unequal = design.pps is not None and position == 0
        fraction = _fractions(table, design, position, unit if unequal else parents, size, labels)
        # Nothing is drawn before the first stage.
        before, form = _first(multiplier, parents) if position else np.ones(len(labels)), None
        if unequal:
            form = pps_form(design, _probability(fraction, design))
        if position + 1 < depth:
            multiplier = multiplier * fraction[unit if unequal else parents]
        if unequal:
            fraction = _least(fraction, unit_stratum, len(labels))
        stages.append(
            Stage(
                unit=unit,
                stratum=unit_stratum,
                size=size,
                fraction=fraction,
                multiplier=before,
                labels=labels,
                pps=form,
            )
        )
        if not rows_are_units and position + 1 < depth:
            labels = tuple(f"unit {code + 1} of stage {position + 1}" for code in range(len(unit_stratum)))
            parents = unit
    _check_nesting(table, design)
    weight = _weight(stages, rows_are_units, design)
    single = int(sum(stage.single.sum() for stage in stages))
    if single and design.single_psu == "error":
        raise _single(stages, design)
    if design.single_psu == "collapse":
        stages[0] = collapse(stages[0], rows_are_units=rows_are_units)
    return SampleStages(
        stages=tuple(stages), rows_are_units=rows_are_units, weight=weight, single_strata=single,
        single_psu=design.single_psu,
    )  # fmt: skip


def merged_strata(single: npt.NDArray[np.bool_]) -> tuple[Codes, Codes]:
    """Which strata are left, and which of them each becomes part of, where those of a single unit are merged with the next.

    Parameters
    ----------
    single : array of bool, shape (strata,)
        In the order of their labels; the last is merged with the one before.
    """
    strata = len(single)
    target = np.arange(strata)
    for code in np.flatnonzero(single) if strata > 1 else ():
        if target[code] == code:
            neighbour = code + 1 if code + 1 < strata else code - 1
            target[target == target[code]] = target[neighbour]
    kept, merged = np.unique(target, return_inverse=True)
    return kept, merged


def collapse(stage: Stage, *, rows_are_units: bool) -> Stage:
    """Merge each stratum of a single unit with the stratum that follows (the last with the one before)."""
    if len(stage.size) < 2 or not stage.single.any():
        return stage
    kept, merged = merged_strata(stage.single)
    size = np.bincount(merged, weights=stage.size)
    # The merged fraction is of all units drawn among all units there are; unknown (0) where any part is unknown.
    with np.errstate(divide="ignore"):
        population = np.bincount(merged, weights=np.where(stage.fraction > 0, stage.size / stage.fraction, np.inf))
    return replace(
        stage,
        unit=merged[stage.unit] if rows_are_units else stage.unit,
        stratum=np.arange(len(kept)) if rows_are_units else merged[stage.stratum],
        size=size,
        fraction=size / population,
        multiplier=_first(stage.multiplier, merged),
        labels=tuple(stage.labels[code] for code in kept),
    )


def _stratum_codes(table: Totals, design: Design) -> Codes:
    if design.strata is None:
        return np.zeros(len(table.n), dtype=np.int64)
    key = table.keys[design.strata]
    no_missing(key, design.strata, "strata")
    return key.codes


def _stratum_labels(table: Totals, design: Design) -> tuple[str, ...]:
    if design.strata is None:
        return ("the whole sample",)
    return tuple(str(level) for level in table.keys[design.strata].levels)


def _ids(table: Totals, column: str) -> GroupingKey:
    key = table.keys[column]
    no_missing(key, column, "sampling units")
    return key


def _units(parents: Codes, key: GroupingKey) -> tuple[Codes, Codes]:
    """Number the units within their stratum: a unit is always (stratum, id); and where each is first met."""
    return numbered(parents * (len(key.levels) + 1) + key.codes)


def _first[T: np.generic](values: npt.NDArray[T], unit: Codes) -> npt.NDArray[T]:
    """The value of the first group of each unit."""
    return values[numbered(unit)[1]]


def _fractions(
    table: Totals, design: Design, position: int, parents: Codes, size: Floats, labels: tuple[str, ...]
) -> Floats:
    """Sampling fractions by stratum from the fpc column of this stage; 0 where there is none."""
    if position >= len(design.fpc):
        return np.zeros(len(labels))
    column = design.fpc[position]
    key = table.keys[column]
    no_missing(key, column, "finite population correction")
    levels = np.array([level if isinstance(level, int | float) else np.nan for level in key.levels], dtype=float)
    if not np.isfinite(levels).all() or (levels <= 0).any() or ((levels < 1).any() and (levels > 1).any()):
        raise DesignFault(
            "FL-DESIGN-08",
            "an fpc column holds neither fractions nor counts",
            found=f"{column!r}: values that are not positive numbers, or both below and above 1",
            fix="give population counts of units (all at least 1), or sampling fractions (all at most 1)",
        )
    values, of = levels[key.codes], int(parents.max(initial=-1)) + 1
    lowest = np.full(of, np.inf)
    highest = np.full(of, -np.inf)
    np.minimum.at(lowest, parents, values)
    np.maximum.at(highest, parents, values)
    if (lowest != highest).any():
        at = np.flatnonzero(lowest != highest)
        raise DesignFault(
            "FL-DESIGN-09",
            f"the fpc of stage {position + 1} differs within a stratum of that stage",
            found=f"column {column!r}, strata {listed(labels[code] for code in at)}"
            if of == len(labels)
            else f"column {column!r}, {len(at)} units",
            fix="the fpc of a stage is one number for each stratum (first stage) or each unit of the stage before",
        )
    if (levels <= 1).all() or of != len(size):
        return lowest
    short = size > lowest * (1 + 1e-9)
    if short.any():
        raise DesignFault(
            "FL-DESIGN-10",
            "more units were drawn than the fpc says there are",
            found=f"column {column!r}, strata {listed(labels[code] for code in np.flatnonzero(short))}",
            fix="check whether the fpc counts units of this stage, or whether it should be a fraction",
        )
    return size / lowest


def _probability(fraction: Floats, design: Design) -> Floats:
    if (fraction > 1).any():
        raise DesignFault(
            "FL-DESIGN-21",
            "pps= needs the inclusion probability of every first-stage unit",
            found=f"column {design.fpc[0]!r} holds numbers above 1",
            fix="give probabilities, above 0 and at most 1, in the first fpc column",
        )
    return fraction


def _least(values: Floats, stratum: Codes, strata: int) -> Floats:
    least = np.ones(strata)
    np.minimum.at(least, stratum, values)
    return least


def _weight(stages: list[Stage], rows_are_units: bool, design: Design) -> Floats | None:
    """The weight of each group where no column holds it: the product of 1 / f over all stages."""
    if design.weights is not None or not design.weights_known:
        return None
    weight = np.ones(len(stages[0].unit))
    for stage in stages:
        stratum = stage.unit if rows_are_units else stage.stratum[stage.unit]
        weight = weight / (stage.fraction[stratum] if stage.pps is None else stage.pps.probability[stage.unit])
    return weight


def _check_nesting(table: Totals, design: Design) -> None:
    if design.nested or design.strata is None or not design.stages:
        return
    key = table.keys[design.stages[0]]
    pairs = np.unique(np.stack([key.codes, table.keys[design.strata].codes]), axis=1)[0]
    ids, times = np.unique(pairs, return_counts=True)
    if (times > 1).any():
        raise DesignFault(
            "FL-DESIGN-11",
            "nested=False says that unit ids are unique over strata, and they are not",
            found=f"column {design.stages[0]!r}: {int((times > 1).sum())} of {len(ids)} ids stand in several strata",
            fix="nested=True takes a unit as (stratum, id); or correct the ids",
        )


def _single(stages: list[Stage], design: Design) -> DesignFault:
    position, stage = next((position, stage) for position, stage in enumerate(stages) if stage.single.any())
    names = [stage.labels[code] for code in np.flatnonzero(stage.single)]
    what = "these strata have a single primary sampling unit" if design.stages else "these strata have a single row"
    if position:
        what = f"{len(names)} units of stage {position} have a single unit of stage {position + 1}"
    return DesignFault(
        "FL-DESIGN-12",
        what,
        found=listed(names) if not position else f"stage {position + 1}, column {design.stages[position]!r}",
        fix='merge them with a neighbour (single_psu="collapse"), or choose Design(single_psu="adjust"), "average", "certainty", '
        'in a mapping [design] single_psu = "adjust"',
    )
