"""Adjustments: what was done to the weights of a design, step by step, as values. No data and no arithmetic live here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

import numpy as np

from fl_estimate.arrays import Floats

Method = Literal["raking", "linear", "logit", "sinh"]
METHODS: tuple[str, ...] = get_args(Method)


@dataclass(frozen=True, kw_only=True)
class KnownTotal:
    """One known total of the population.

    Attributes
    ----------
    columns : tuple of str
        Columns that divide the people; empty for all people; of a quantity, the quantity alone.
    levels : tuple or None
        Labels that the people have in these columns; None for the sum of a quantity.
    total : float
        How many they are in the population, or what they sum to.
    """

    columns: tuple[str, ...]
    levels: tuple[Any, ...] | None
    total: float

    @property
    def margin(self) -> str:
        """The margin as it is called in tables: empty for everybody, else ``sex`` or ``sex × age``."""
        return " × ".join(self.columns)

    @property
    def label(self) -> str:
        """The class within its margin; empty for a quantity and for everybody."""
        return " × ".join(str(level) for level in self.levels or ())


@dataclass(frozen=True, kw_only=True)
class Adjustment:
    """One step from one column of weights to another.

    Attributes
    ----------
    kind : {"calibration", "trimming", "class", "propensity"}
        The last two are adjustments for non-response.
    before, after : str
        Columns of weights.
    parameters : tuple of (str, value)
        What was asked for, as tables say it.
    """

    kind: str
    before: str
    after: str
    parameters: tuple[tuple[str, Any], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Calibration(Adjustment):
    """Weights brought to known totals: after = before × F(x'λ), x the terms of a person.

    Attributes
    ----------
    method : {"raking", "linear", "logit", "sinh"}
    bounds : tuple of float, or None
        Least and greatest factor.
    terms : tuple of Term
    slopes : array, shape (terms,)
        λ.
    aggregate : str or None
        Column of the units in which everybody has the same factor; x is then its mean over the unit.
    replicate_slopes : array, shape (R, terms), or None
        λ of each replicate of the design; NaN where a replicate cannot be calibrated.
    """

    method: Method
    bounds: tuple[float, float] | None
    terms: tuple[KnownTotal, ...] = field(repr=False)
    slopes: Floats = field(repr=False, compare=False)
    aggregate: str | None = None
    replicate_slopes: Floats | None = field(default=None, repr=False, compare=False)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that tell the terms of a person."""
        named = dict.fromkeys(name for term in self.terms for name in term.columns)
        return (*named, *([self.aggregate] if self.aggregate else []))


def adjustment_to_json(step: Adjustment) -> dict[str, Any]:
    """A step as JSON has it."""
    kept: dict[str, Any] = {"kind": step.kind, "before": step.before, "after": step.after}
    kept["parameters"] = [[name, value] for name, value in step.parameters]
    if isinstance(step, Calibration):
        kept |= {"method": step.method, "bounds": step.bounds, "aggregate": step.aggregate}
        kept["slopes"] = step.slopes.tolist()
        slopes = step.replicate_slopes
        kept["replicate_slopes"] = None if slopes is None else slopes.tolist()
        kept["terms"] = [[list(t.columns), None if t.levels is None else list(t.levels), t.total] for t in step.terms]
    return kept


def adjustment_from_json(kept: Mapping[str, Any]) -> Adjustment:
    """Read back what `adjustment_to_json` gave."""
    common: dict[str, Any] = {name: kept[name] for name in ("kind", "before", "after")}
    common["parameters"] = tuple((name, value) for name, value in kept["parameters"])
    if "terms" not in kept:
        return Adjustment(**common)
    terms = tuple(
        KnownTotal(columns=tuple(columns), levels=None if levels is None else tuple(levels), total=total)
        for columns, levels, total in kept["terms"]
    )
    bounds, slopes = kept["bounds"], kept.get("replicate_slopes")
    return Calibration(
        **common,
        method=kept["method"],
        bounds=None if bounds is None else (bounds[0], bounds[1]),
        terms=terms,
        slopes=np.array(kept["slopes"], dtype=float),
        aggregate=kept["aggregate"],
        replicate_slopes=None if slopes is None else np.array(slopes, dtype=float),
    )
