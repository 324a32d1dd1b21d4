"""The values that quantiles are read off: distinct values by domain with their weights, and with those of every replicate."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import batched
from typing import Any

import narwhals as nw
import numpy as np
from scipy import sparse

from fl_estimate.design.asking import count_rows
from fl_estimate.design.calibrated import read_steps, replicate_factors, weight_names
from fl_estimate.design.domains import by_margins, margins_of
from fl_estimate.design.quantile_rules import DISCRETE, quantiles
from fl_estimate.design.replicates import multiplier_rows
from fl_estimate.design.row_factors import replicate_columns
from fl_estimate.design.row_weights import weight_columns
from fl_estimate.design.sample import read_sample, unit_columns
from fl_estimate.design.small_table import Codes, Floats, Totals
from fl_estimate.design.totals import Frame, totals, totals_in_blocks
from fl_estimate.design.two_phase import second_phase
from fl_estimate.design.units import with_rows
from fl_estimate.estimators.survey.condensed_values import (
    ORDER,
    Distribution,
    RowsApart,
    are_many,
    condensed,
    heaviest_row,
    needs_values,
)
from fl_estimate.estimators.survey.domain_query import SampledPeople, steps_of
from fl_estimate.estimators.survey.targets import OutcomeColumns, Targets
from fl_estimate.inputs.replicates import Replicates, UnitReplicates
from fl_estimate.inputs.sample_design import ROW

VALUE = "__fl_value"
BLOCK = 32
"""Replicates whose weights are made at once."""
Label = tuple[Any, ...]


@dataclass(frozen=True, kw_only=True)
class Values:
    """The values of one target in one domain, ascending, with their weights and the number of rows that have them.

    `groups` are rows of the table, and `place` says to which of the values each of them belongs. `people` is how many rows there
    are in all, where some values stand for many rows that are not told apart.
    """

    values: Floats
    weights: Floats
    rows: Floats
    groups: Codes
    position: Codes
    people: float | None = None

    def at(self, rule: str, shares: Floats) -> Floats:
        """The quantiles of these values."""
        return quantiles(rule, self.values, self.weights, shares, self.rows, self.people)


@dataclass(frozen=True, kw_only=True)
class ValueTable:
    """The values of a target in every domain of every margin, by the margin's name and the domain's label."""

    table: Totals
    weight: Floats
    domains: Mapping[tuple[str, Label], Values]
    again: Callable[[Mapping[Any, Floats]], ValueTable] | None = None

    def about(self, shares: Mapping[tuple[str, Label], Floats]) -> ValueTable:
        """The same with the exact values about other shares, by domain; of values that are all here it is itself."""
        return self if self.again is None else self.again(shares)


def read_values(
    people: SampledPeople, targets: Targets, target: OutcomeColumns, rule: str, shares: Floats, *, replicated: bool
) -> ValueTable:
    """Ask for the values of a target with their weights: one query, or a few where rows are many and not in memory.

    Parameters
    ----------
    people, targets, target
        As of a call.
    rule : str
        Rules that look at the rows of a value one by one take them in the order of the frame, where its engine has one (as
        R survey does), else by their weights.
    shares : array
        Whose quantiles are wanted: of many rows other values come in bins.
    replicated : bool
        Whether the table shall show the units that replicates are made of.

    Raises
    ------
    EstimateFault
        FL-EST-773: the rule, or the interval, needs all values of many rows that are not in memory.
    """
    if not are_many(people.frame, rule, replicated=replicated):
        frame, order = _with_values(people, targets, target, rows=rule not in DISCRETE)
        return _asked(people, targets, target, frame, order, rule, replicated=replicated)
    frame, order = _with_values(people, targets, target, rows=rule not in DISCRETE)
    apart = _rows_apart(people, frame, rule, order) if rule not in DISCRETE else None

    def read(binned: Frame, order: str = "") -> ValueTable:
        return _asked(people, targets, target, binned, order, rule, replicated=False)

    def distribution(binned: Frame) -> Distribution:
        found = read(binned)
        domains = {name: (known.values, known.weights) for name, known in found.domains.items()}
        return Distribution(domains=domains, values=_numbers(found.table, VALUE), rows=found.table.n)

    def about(wanted: Mapping[Any, Floats] | Floats) -> ValueTable:
        made = condensed(frame, VALUE, wanted, distribution, apart)
        return replace(read(made, "" if apart is None else ORDER), again=about)

    return about(shares)


def _rows_apart(people: SampledPeople, frame: Frame, rule: str, order: str) -> RowsApart:
    """How rows of one value are told apart, as where all of them are in memory."""
    design = people.design
    if (design.weights is None and design.weights_known) or design.phase2 is not None:
        raise needs_values(frame, rule, count_rows(frame), ", weights that come from the fpc or of two phases")
    heaviest = 1.0 if design.weights is None else heaviest_row(frame, design.weights)
    return RowsApart(rule=rule, order=order, heaviest=heaviest)


def _asked(
    people: SampledPeople,
    targets: Targets,
    target: OutcomeColumns,
    frame: Frame,
    order: str,
    rule: str,
    *,
    replicated: bool,
) -> ValueTable:
    """The values of a frame by domain, one query."""
    design = people.design
    apart = rule not in DISCRETE
    columns: dict[str, nw.Expr] = {"d": targets.columns[target.counted]}
    sums: dict[Any, tuple[str, ...]] = {("d",): ("d",), ("w", "d"): ("d",)}
    if design.weights is not None:
        columns |= {"w": weight_columns(people.schema, design.weights)["w"]}
        sums |= {("w", "d"): ("w", "d")}
    keys: list[str] = []
    known = design.weights is not None or not design.weights_known
    own = design.replicates
    if not known or design.phase2 is not None:
        keys += [*unit_columns(design), *design.fpc, *design.phase2_columns]
    if replicated and isinstance(own, UnitReplicates):
        names = weight_names(steps_of(design))
        columns |= {name: nw.col(column).cast(nw.Float64) for name, column in names.items()}
        sums |= {(name,): (name,) for name in names}
        keys += [*own.keys, *(name for step in steps_of(design) for name in step.columns)]
    keys += [name for margin in by_margins(people.by) for name in margin]
    keys += [VALUE, *([order] if order else [])]
    table = totals(frame, keys=tuple(dict.fromkeys(keys)), columns=columns, sums=sums)
    if not known or design.phase2 is not None:
        sample = read_sample(table, design)
        if sample.weight is not None:
            table = Totals(
                keys=table.keys, sums=dict(table.sums) | {("w", "d"): table.sums["w", "d"] * sample.weight}, n=table.n
            )
        if design.phase2 is not None:
            table = second_phase(table, design, sample)[0]
    return ValueTable(
        table=table, weight=table.sums["w", "d"], domains=_by_domain(people, table, apart=apart, order=order)
    )


def _with_values(people: SampledPeople, targets: Targets, target: OutcomeColumns, *, rows: bool) -> tuple[Frame, str]:
    """The frame with the values as a column that can be a key; and the column that orders rows of a value, where wanted."""
    frame, order = people.frame, ""
    if rows:
        counted = frame if ROW in people.schema else with_rows(frame.to_native())
        frame, order = (frame, "") if counted is None else (counted, ROW)
        order = order or people.design.weights or ""
    return frame.with_columns(targets.columns[target.value].cast(nw.Float64).alias(VALUE)), order


def _by_domain(people: SampledPeople, table: Totals, *, apart: bool, order: str) -> dict[tuple[str, Label], Values]:
    value = _numbers(table, VALUE)
    counted = table.sums["d",] > 0
    each = table.sums["w", "d"] / np.where(counted, table.sums["d",], 1.0)
    position = _numbers(table, order) if order in (ROW, ORDER) else each
    together = _numbers(table, ORDER) < 0 if order == ORDER else np.zeros(len(value), dtype=bool)
    result: dict[tuple[str, Label], Values] = {}
    for margin in margins_of(table, people.by, people.categories):
        sorted_ = np.lexsort((position, value, margin.domain))
        sorted_ = sorted_[counted[sorted_]]
        bounds = np.searchsorted(margin.domain[sorted_], np.arange(len(margin.labels) + 1))
        for domain, label in enumerate(margin.labels):
            groups = sorted_[bounds[domain] : bounds[domain + 1]]
            known = _merged(value, table, groups, apart=apart)
            if together[groups].any():
                # A bin far from every quantile is one row of its whole weight.
                rows = np.where(together[groups], 1.0, known.rows)
                known = replace(known, rows=rows, people=float(known.rows.sum()))
            result[margin.name, label] = known
    return result


def _numbers(table: Totals, name: str) -> Floats:
    key = table.keys[name]
    return np.array([float(level) for level in key.levels] + [np.nan])[key.codes]


def _merged(value: Floats, table: Totals, groups: Codes, *, apart: bool) -> Values:
    """The groups of a domain as values; those of the same value put together unless its rows are told apart."""
    x, weight, rows = value[groups], table.sums["w", "d"][groups], table.sums["d",][groups]
    if apart or not len(groups):
        return Values(values=x, weights=weight, rows=rows, groups=groups, position=np.arange(len(groups)))
    position = np.cumsum(np.concatenate([[False], x[1:] != x[:-1]]))
    return Values(
        values=x[np.unique(position, return_index=True)[1]],
        weights=np.bincount(position, weights=weight),
        rows=np.bincount(position, weights=rows),
        groups=groups,
        position=position,
    )


def replicate_quantiles(
    people: SampledPeople, targets: Targets, target: OutcomeColumns, read: ValueTable, rule: str, shares: Floats
) -> dict[tuple[str, Label], Floats]:
    """The quantiles of every domain under every replicate, each of shape (R, shares)."""
    parts: dict[tuple[str, Label], list[Floats]] = {name: [] for name in read.domains}
    for weights in _replicate_weights(people, targets, target, read, rule):
        for name, known in read.domains.items():
            parts[name] += [_one_block(known, weights[known.groups], rule, shares)]
    return {name: np.concatenate(found) for name, found in parts.items()}


def _one_block(known: Values, weights: Floats, rule: str, shares: Floats) -> Floats:
    if len(known.values) < len(known.groups):
        shape = (len(known.values), len(known.groups))
        weights = sparse.csr_array((np.ones(shape[1]), (known.position, np.arange(shape[1]))), shape) @ weights
    return np.stack([quantiles(rule, known.values, column, shares, known.rows) for column in weights.T])


def _replicate_weights(
    people: SampledPeople, targets: Targets, target: OutcomeColumns, read: ValueTable, rule: str
) -> Iterator[Floats]:
    """The weights of every group under a block of replicates at a time, groups × block."""
    design = people.design
    own = design.replicates
    if isinstance(own, UnitReplicates):
        rows, steps = multiplier_rows(read.table, own), read_steps(read.table, steps_of(design))
        for block in batched(range(own.multipliers.shape[1]), BLOCK):
            part = slice(block[0], block[-1] + 1)
            yield read.weight[:, None] * own.multipliers[rows, part] * replicate_factors(steps, part)
    elif isinstance(own, Replicates):
        frame, _ = _with_values(people, targets, target, rows=rule not in DISCRETE)
        columns = replicate_columns(people.schema, design) | {"d": targets.columns[target.counted]}
        names = [name for name in columns if name != "d"]
        table = totals_in_blocks(frame, tuple(read.table.keys), columns, {name: (name, "d") for name in names})
        yield np.stack([table.sums[name] for name in names], axis=1)
