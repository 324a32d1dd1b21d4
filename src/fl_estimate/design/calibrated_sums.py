"""Calibrations read off sums: what variances need of them where the terms have as many values as there are rows.

`calibrated` knows x and the factor g of every group, as the small table is keyed by the columns of x. Here it is keyed by the columns
of classes only, and what is summed over x and g is asked of the engine: Σ w x, Σ d x x', and Σ u x/g of every influence u.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement
from typing import Any

import narwhals as nw
import numpy as np

from fl_estimate.design.asking import is_long
from fl_estimate.design.calibrated import STILL_MET, Influence, not_met, weight_names
from fl_estimate.design.calibrated_rows import (
    distance_name,
    is_number,
    number_columns,
    number_name,
    numbers_of,
)
from fl_estimate.design.margins import features
from fl_estimate.design.row_factors import row_factor
from fl_estimate.design.small_table import Floats, Totals
from fl_estimate.design.totals import Frame
from fl_estimate.inputs.adjustments import Calibration, KnownTotal
from fl_estimate.inputs.sample_design import Design

Extra = tuple[str, ...]


def read_as_sums(frame: Frame, design: Design, steps: Sequence[Calibration]) -> bool:
    """Whether the terms of calibrations have too many values to be keys; replicates and units that share a factor need them so."""
    numbers = any(is_number(term) for step in steps for term in step.terms)
    return numbers and design.replicates is None and all(step.aggregate is None for step in steps) and is_long(frame)


def class_columns(step: Calibration) -> tuple[str, ...]:
    """The columns of a step's classes."""
    return tuple(dict.fromkeys(name for term in step.terms if not is_number(term) for name in term.columns))


def step_columns(steps: Sequence[Calibration], schema: Mapping[str, Any]) -> dict[str, nw.Expr]:
    """1/g of every step and the numbers of all, as row columns."""
    columns = {_inverse(position): row_factor(step, step.slopes, schema) ** -1.0 for position, step in enumerate(steps)}
    return columns | number_columns([name for step in steps for name in numbers_of(step.terms)], schema)


def step_sums(steps: Sequence[Calibration], influences: Sequence[Extra]) -> list[Extra]:
    """Products of columns that `SummedStep` looks for; `influences` are the products that influences are made of."""
    wanted: list[Extra] = []
    for position, step in enumerate(steps):
        own = _names(step)
        after, inverse = f"after{position}", _inverse(position)
        wanted += [(after,), *((after, name) for name in own)]
        wanted += [(after, distance_name(name)) for name in numbers_of(step.terms)]
        wanted += [(after, inverse, *some) for some in _crossed(own, own)]
        for later in range(position + 1, len(steps)):
            wanted += [(f"after{later}", inverse, *some) for some in _crossed(own, _names(steps[later]))]
        wanted += [(*product, inverse, *some) for product in influences for some in [(), *((n,) for n in own)]]
    return list(dict.fromkeys(wanted))


def _inverse(position: int) -> str:
    return f"inverse{position}"


def _names(step: Calibration) -> list[str]:
    return [number_name(name) for name in numbers_of(step.terms)]


def _crossed(one: Sequence[str], other: Sequence[str]) -> list[Extra]:
    """Nothing, each of both, and each of one with each of the other, in the order of `_in_order`."""
    several = [*one, *(name for name in other if name not in one)]
    pairs = combinations_with_replacement(sorted(several), 2)
    return [(), *((name,) for name in several), *pairs]


@dataclass(frozen=True, kw_only=True)
class SummedStep:
    """A calibration of which the small table has sums; the same questions can be asked of it as of a `calibrated.Step`.

    Attributes
    ----------
    calibration : Calibration
    position : int
        Of the step among those of the design.
    table : Totals
    """

    calibration: Calibration
    position: int
    table: Totals

    @property
    def features(self) -> Floats:
        """Σ w x by group, shape (groups, terms)."""
        return np.stack([self.times(term, self._after)(()) for term in self.calibration.terms], axis=1)

    @property
    def gram(self) -> Floats:
        """Σ d x x', shape (terms, terms)."""
        return self.cross(self)

    def cross(self, later: SummedStep) -> Floats:
        """Σ w x y'/g: w and y of a later step or of this, x and g of this."""
        inside = self._divided(later._after)
        rows = [
            [self.times(one, later.times(other, inside))(()).sum() for other in later.calibration.terms]
            for one in self.calibration.terms
        ]
        return np.array(rows)

    def right(self, influence: Influence) -> list[Floats]:
        """Σ u x/g by group, of each term."""
        divided = self._divided(influence)
        return [self.times(term, divided)(()) for term in self.calibration.terms]

    def times(self, term: KnownTotal, of: Influence) -> Influence:
        """What `of` sums, times the term."""
        if is_number(term):
            name = number_name(term.columns[0])
            return lambda extra: of((*extra, name))
        inside = features([term], self.table)[:, 0]
        return lambda extra: of(extra) * inside

    def _after(self, extra: Extra) -> Floats:
        return sum_of(self.table, (f"after{self.position}",), extra)

    def _divided(self, of: Influence) -> Influence:
        return lambda extra: of((_inverse(self.position), *extra))


def sum_of(table: Totals, product: Extra, extra: Extra) -> Floats:
    """The sum of a product times further columns, in the order in which `step_sums` names them."""
    inverse = tuple(name for name in extra if name.startswith("inverse"))
    return table.sums[(*product, *inverse, *sorted(name for name in extra if name not in inverse))]


def shows_sums(table: Totals) -> bool:
    """Whether a small table has the sums of `step_sums`."""
    return ("after0", _inverse(0)) in table.sums


def read_summed_steps(table: Totals, steps: Sequence[Calibration]) -> tuple[SummedStep, ...]:
    """Read calibrations off a small table that has the sums of `step_sums`.

    Raises
    ------
    DesignFault
        FL-DESIGN-58: the people do not meet the totals any more.
    """
    found: list[SummedStep] = []
    for position, (calibration, after) in enumerate(zip(steps, weight_names(steps), strict=True)):
        step = SummedStep(calibration=calibration, position=position, table=table)
        made = step.features
        for column, term in enumerate(calibration.terms):
            size = made[:, column] if not is_number(term) else table.sums[after, distance_name(term.columns[0])]
            if not abs(made[:, column].sum() - term.total) <= STILL_MET * max(abs(term.total), size.sum()):
                raise not_met(table, calibration)
        found.append(step)
    return tuple(found)
