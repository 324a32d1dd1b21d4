"""The weight of a row as an expression: from its column, or from the sampling fractions; and what weights cannot be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import narwhals as nw

from fl_estimate.design.read_columns import NEVER, is_positive
from fl_estimate.design.totals import Frame
from fl_estimate.errors import DesignFault, listed
from fl_estimate.inputs.sample_design import Design
from fl_estimate.schema.expressions import missing

FLAGS: tuple[str, ...] = ("w_missing", "w_zero", "w_negative")


def weight_columns(schema: Mapping[str, Any], name: str) -> dict[str, nw.Expr]:
    """The weight, 1 where it is missing, and flags of weights that cannot be; FL-DESIGN-14 where they are no numbers."""
    if not (schema[name].is_numeric()):
        raise DesignFault("FL-DESIGN-14", "the weights are not numbers", found=f"{name!r} is {schema[name]}")
    if is_positive(schema, name):
        return {"w": nw.col(name).cast(nw.Float64), **dict.fromkeys(FLAGS, NEVER)}
    absent = missing(name, schema)
    weight = nw.when(~absent).then(nw.col(name).cast(nw.Float64)).otherwise(nw.lit(1.0))
    flag = {"w_missing": absent, "w_zero": weight == 0.0, "w_negative": weight < 0.0}
    return {"w": weight, **flag}


def check_weights(counts: Mapping[str, int], column: str) -> None:
    """FL-DESIGN-13 where weights are missing or negative, by the counts of `FLAGS`.

    A weight of 0 is no fault: so offices mark who is in the file and not among the respondents.
    """
    wrong = [f"{counts[flag]:,} {flag[2:]}" for flag in FLAGS if flag != "w_zero" and counts.get(flag)]
    if wrong:
        raise DesignFault(
            "FL-DESIGN-13",
            "every weight must be a number, and none below 0",
            found=f"column {column!r}: {listed(wrong)}",
            fix="correct the weights, or give 0 to those who are no respondents (not found, not eligible)",
        )


def fresh(frame: Frame, name: str) -> str:
    """A column name that the frame does not have: `name`, or with the first free number behind it."""
    taken = set(frame.collect_schema())
    numbered = (f"{name}_{position}" for position in range(2, len(taken) + 3))
    return name if name not in taken else next(other for other in numbered if other not in taken)


def in_a_column(frame: Frame, design: Design) -> tuple[Frame, Design]:
    """The frame with a column of sampling weights, and the design that names it; as they came where there is one.

    Without weights and sampling fractions everybody counts 1; with fractions of all stages the weight is the product of
    their inverses, and of N/n where an fpc counts units.
    """
    if design.weights is not None:
        return frame, design
    name = fresh(frame, "weight")
    schema = frame.collect_schema()
    first = next(iter(schema))
    weight = nw.when(nw.col(first).is_null() | ~nw.col(first).is_null()).then(nw.lit(1.0)).otherwise(nw.lit(1.0))
    made: list[str] = []
    if design.weights_known:
        parents = [design.strata] if design.strata is not None else []
        for position, column in enumerate(design.fpc):
            unit = design.stages[position] if position < len(design.stages) else None
            frame, drawn = _drawn(frame, unit, parents, made)
            weight = weight * _inverse_fraction(column, drawn)
            parents = [*parents, *([unit] if unit is not None else [])]
    known = replace(
        design,
        weights=name,
        unweighted=False,
        expands=design.weights_known if design.expands is None else design.expands,
    )
    frame = frame.with_columns(weight.alias(name))
    return (frame.drop(*made) if made else frame), known


def _drawn(frame: Frame, unit: str | None, parents: list[str], made: list[str]) -> tuple[Frame, nw.Expr]:
    """How many units were drawn within the units above, as an expression; columns that it needs are noted in `made`."""
    drawn = nw.len() if unit is None else nw.col(unit).n_unique()
    if unit is not None and frame.implementation.is_spark_like():
        # Spark counts no different values over a window: each row tells its share of its unit instead.
        share = fresh(frame, "__fl_share")
        frame = frame.with_columns((1.0 / nw.len().over(*parents, unit)).alias(share))
        made.append(share)
        total = nw.col(share).sum()
        return frame, ((total.over(*parents) if parents else total) + 0.5).floor()
    return frame, drawn.over(*parents) if parents else drawn


def _inverse_fraction(column: str, drawn: nw.Expr) -> nw.Expr:
    """N/n where the column counts units, 1/f where it holds fractions."""
    value = nw.col(column).cast(nw.Float64)
    return nw.when(value > 1).then(value / drawn).otherwise(1.0 / value)
