"""Weights as whole multiples of a power of two: their sums come out the same in any order, on any engine, with any threads."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import narwhals as nw

from fl_estimate.design.totals import Frame, as_frame
from fl_estimate.inputs.replicates import Replicates
from fl_estimate.inputs.sample_design import Design
from fl_estimate.schema.asking import Asking, answered

BITS = 53
"""Digits of a Float64: whole numbers below 2^53 are added without rounding."""
ROOM = 1 + 2.0**-10
"""The sum that chooses the power is itself added in some order; weights that sum to a power of two must not lie at the edge."""


NEAR = 4
"""Weights whose sums are within a factor 2^4 of each other are brought to one grid: those of a survey and of its replicates."""
FINE = 10
"""Weights of less than 2^10 steps of the grid are left as they are: rounding them would be seen, or make them nought."""


def with_exact_sums(people: Any, *, across_units: bool = False, powers: Mapping[str, int] | None = None) -> Any:
    """The people with weights whose sums do not depend on the order of rows: those of the design, and of its replicates.

    Parameters
    ----------
    people : SurveyData or Classification
        As it came where it has no weights, or such as are no weights: whoever uses them says what is wrong.
    across_units : bool, default False
        Whether sums over several primary sampling units are asked of the engine too, as calibration and quantiles do.
    powers : mapping of str to int, optional
        What `powers_asked` found of the same weights; without it their rows are read.

    Returns
    -------
    SurveyData or Classification
        Every weight moved by at most 2^-53 times the largest sum, those of the survey by less than a thousandth of themselves: where one
        is smaller than that allows, all stay as they came.

    Notes
    -----
    Weights are brought to the nearest multiple of 2^-k, with the largest k for which Σw·2^k < 2^53 in every sum that an engine is asked
    for: those of primary units, from which numpy computes all else in the order of their names; of the column, where there are
    no units, where replicate weights of the file are added up over all of them, or by `across_units`. Such sums of w, and of
    w times 0 or 1, are exact. The rounding is done by adding and taking away 2^(52-k), which every engine does alike; their functions
    that round differ at halves.
    """
    design: Design | None = people.design
    names = _columns(design)
    if design is None or not names:
        return people
    frame = as_frame(people.people)
    if powers is None:
        (powers,) = answered([powers_asked(frame, design, across_units=across_units)])
    if not powers:
        return people
    prepared = [on_grid(nw.col(name), power).alias(name) for name, power in powers.items()]
    return replace(people, people=frame.with_columns(*prepared).to_native())


def powers_asked(frame: Frame, design: Design | None, *, across_units: bool = False) -> Asking[Mapping[str, int]]:
    """The power of two of each column of weights, as `with_exact_sums` needs them, asked together with others."""
    names = _columns(design)
    if design is None or not names:
        return {}
    apart = design.stages and not across_units and not isinstance(design.replicates, Replicates)
    units = [name for name in (design.strata, *design.stages[:1]) if name is not None] if apart else []
    return (yield from _powers(frame, names, units))


def on_grid(weight: nw.Expr, power: int) -> nw.Expr:
    """A weight of at least 0 as the nearest multiple of 2^-power, halves to the even one."""
    carry = math.ldexp(1.0, BITS - 1 - power)
    return (weight.cast(nw.Float64) + carry) - carry


def power_for(total: float) -> int | None:
    """The largest k for which total·2^k < 2^53, with some room; None where a total is none of weights.

    Examples
    --------
    >>> power_for(1000.0), power_for(float("nan"))
    (43, None)
    """
    if not (math.isfinite(total) and total > 0):
        return None
    power = BITS - math.frexp(total * ROOM)[1]
    return power if abs(power) < 900 else None


def _columns(design: Design | None) -> tuple[str, ...]:
    if design is None:
        return ()
    own = design.replicates.columns if isinstance(design.replicates, Replicates) else ()
    return tuple(dict.fromkeys([*([design.weights] if design.weights is not None else []), *own]))


def _powers(frame: Frame, names: tuple[str, ...], units: list[str]) -> Asking[Mapping[str, int]]:
    """The power of each column of fractions, all at least 0; whole numbers are exact as they are."""
    schema = frame.collect_schema()
    asked = [name for name in names if name in schema and schema[name].is_float()]
    if not asked or any(unit not in schema or isinstance(schema[unit], nw.Object) for unit in units):
        return {}
    # Columns of their own first: pandas is asked for plain sums of plain columns within groups.
    weights = {name: f"__fl_{name}" for name in asked}
    lazy = frame.lazy().with_columns(*[nw.col(name).cast(nw.Float64).alias(own) for name, own in weights.items()])
    first = nw.col(weights[asked[0]])  # those of the survey: replicates are not looked at, there are hundreds
    lazy = lazy.with_columns(nw.when(first > 0).then(first).alias("__fl_above"))
    sums = [nw.col(own).sum().alias(f"__fl_sum_{name}") for name, own in weights.items()]
    least = [nw.col(own).min().alias(f"__fl_least_{name}") for name, own in weights.items()]
    asked_for = (*sums, *least, nw.col("__fl_above").min().alias("__fl_tiny"))
    by_unit = lazy.group_by(*units, drop_null_keys=False).agg(*asked_for) if units else lazy.select(*asked_for)
    query = by_unit.select(
        *[nw.col(f"__fl_sum_{name}").max() for name in asked],
        *[nw.col(f"__fl_least_{name}").min() for name in asked],
        nw.col("__fl_tiny").min(),
    )
    (rows,) = yield [query]
    row = rows.rows(named=True)[0]
    found = {
        name: power_for(float(row[f"__fl_sum_{name}"] or 0)) for name in asked if (row[f"__fl_least_{name}"] or 0) >= 0
    }
    powers = {name: power for name, power in found.items() if power is not None}
    # A replicate that leaves the weights of a domain as they are has to give its very estimate: their difference is 0, no last digit.
    least_power = min(powers.values(), default=0)
    alike = {name: least_power if power - least_power <= NEAR else power for name, power in powers.items()}
    too_small = asked[0] in alike and float(row["__fl_tiny"] or math.inf) < math.ldexp(1.0, FINE - alike[asked[0]])
    return {} if too_small else alike
