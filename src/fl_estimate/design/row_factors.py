"""Factors of calibration as expressions of the columns of people: of the sample, and of replicate weights of a file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import narwhals as nw
import numpy as np

from fl_estimate.design.margins import combination
from fl_estimate.design.row_weights import weight_columns
from fl_estimate.errors import DesignFault
from fl_estimate.inputs.adjustments import Calibration
from fl_estimate.inputs.replicates import Floats, Replicates
from fl_estimate.inputs.sample_design import Design


def factor_expression(z: nw.Expr, method: str, bounds: tuple[float, float] | None) -> nw.Expr:
    """F(z) row by row: what `calibration.Distance.factor` is on arrays, with z written as few times as can be.

    Engines that keep no expression's value make z again at each of its places.
    """
    if method == "logit":
        low, high = bounds or (0.0, 1.0)
        a = (high - low) / ((1 - low) * (high - 1))
        return ((z * -a).exp() * ((high - 1) / (1 - low)) + 1.0) ** -1.0 * (high - low) + low
    if method == "linear":
        free = z + 1.0
    elif method == "raking":
        free = z.exp()
    else:
        s = (z * 2.0 + (z * z * 4.0 + 1.0).sqrt()).log()
        free = (s + (s * s + 4.0).sqrt()) / 2.0
    return free if bounds is None else free.clip(float(bounds[0]), float(bounds[1]))


def slope_expression(
    z: nw.Expr, factor: nw.Expr, free: nw.Expr, method: str, bounds: tuple[float, float] | None
) -> nw.Expr:
    """F'(z) row by row, from z, from F(z), and from F(z) before it is cut at the bounds: 0 where it is cut."""
    if method == "logit":
        low, high = bounds or (0.0, 1.0)
        return (factor - low) * (factor * -1.0 + high) * (1 / ((1 - low) * (high - 1)))
    if method == "linear":
        slope = z * 0.0 + 1.0
    elif method == "raking":
        slope = factor
    else:
        s = (z * 2.0 + (z * z * 4.0 + 1.0).sqrt()).log()
        slope = (s / (s * s + 4.0).sqrt() + 1.0) / (z * z * 4.0 + 1.0).sqrt()
    if bounds is None:
        return slope
    inside = (free > float(bounds[0])) & (free < float(bounds[1]))
    return nw.when(inside).then(slope).otherwise(nw.lit(0.0))


def most_of(method: str, bounds: tuple[float, float] | None) -> float:
    """How far from 0 z may be for engines to have F(z) as a number; cut there, F is at its bound or out of all reason."""
    if method == "logit":
        low, high = bounds or (0.0, 1.0)
        return 600 * (1 - low) * (high - 1) / (high - low)
    return 300.0 if method == "raking" else 1e6 if method == "sinh" else np.inf


def replicate_columns(schema: Mapping[str, Any], design: Design) -> dict[str, nw.Expr]:
    """Replicate weights of the file as row columns k0, k1, …, with what calibrations made of them.

    Raises
    ------
    DesignFault
        FL-DESIGN-14: columns that do not hold numbers.
    """
    own = design.replicates
    if not isinstance(own, Replicates):
        raise AssertionError("this design has no columns of replicate weights")
    wrong = [name for name in own.columns if not schema[name].is_numeric()]
    if wrong:
        raise DesignFault("FL-DESIGN-14", "the weights are not numbers", found=f"{wrong[0]!r} is {schema[wrong[0]]}")
    first = design.adjustments[0].before if design.adjustments else ""
    weight = weight_columns(schema, first or str(design.weights))["w"]
    columns = {
        f"k{position}": nw.col(name).cast(nw.Float64) if own.combined else nw.col(name).cast(nw.Float64) * weight
        for position, name in enumerate(own.columns)
    }
    for step in design.adjustments:
        if isinstance(step, Calibration):
            if step.replicate_slopes is None:
                raise AssertionError("replicates are calibrated with the sample")
            factors = [row_factor(step, slopes, schema) for slopes in step.replicate_slopes]
        else:
            factors = [nw.col(step.after).cast(nw.Float64) / nw.col(step.before).cast(nw.Float64)] * len(columns)
        columns = {name: column * factor for (name, column), factor in zip(columns.items(), factors, strict=True)}
    return columns


def row_factor(step: Calibration, slopes: Floats, schema: Mapping[str, Any]) -> nw.Expr:
    """The factor of a calibration, row by row."""
    return factor_expression(combination(step.terms, slopes, schema), step.method, step.bounds)
