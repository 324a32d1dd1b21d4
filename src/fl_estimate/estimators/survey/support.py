"""What rules and audits know of a design-weighted call beside its rows: support of each cell, and the finest crossing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from fl_estimate.design.domains import By, DomainSums, Margin, by_margins
from fl_estimate.design.sample import SampleStages
from fl_estimate.design.small_table import Codes, Floats, Totals, met_of, numbered
from fl_estimate.estimators.survey.domain_query import is_binary
from fl_estimate.estimators.survey.targets import PERSON, OutcomeColumns, Targets
from fl_estimate.inputs.replicates import Replicates
from fl_estimate.inputs.sample_design import Design
from fl_estimate.results.crossing import Crossing, nested_columns


def cases_of(target: OutcomeColumns, sums: DomainSums, margin: Margin, table: Totals) -> Floats:
    """People in each domain whose value is not 0; of a ratio, of its numerator or denominator, whichever is fewer."""
    result = _persons(target.nonzero, sums, margin, table)
    if target.nonzero_denominator is None:
        return result
    return np.minimum(result, _persons(target.nonzero_denominator, sums, margin, table))


def respondents_of(target: OutcomeColumns, sums: DomainSums, margin: Margin, table: Totals) -> Floats:
    """Persons counted in each domain: rows, or where rows are episodes at least so many persons."""
    return _persons(target.counted, sums, margin, table)


def _persons(name: str, sums: DomainSums, margin: Margin, table: Totals) -> Floats:
    """Of rows that are shares of persons their sum, whole: a person whose episodes lie in several domains is none of any."""
    if (PERSON, name) in table.sums:
        return np.floor(sums((PERSON, name), margin) + 1e-9)
    return sums((name,), margin)


def units_with_cases(
    target: OutcomeColumns, table: Totals, margin: Margin, sample: SampleStages, design: Design
) -> Floats:
    """First-stage units of each domain with a case; people with one, where every row is a unit; NaN where units are not known."""
    if isinstance(design.replicates, Replicates):
        return np.full(len(margin.labels), np.nan)
    met = table.sums[target.nonzero,]
    if sample.rows_are_units:
        return np.bincount(margin.domain, weights=met, minlength=len(margin.labels))
    groups = np.flatnonzero(met > 0)
    pairs = np.unique(sample.stages[0].unit[groups] * len(margin.labels) + margin.domain[groups])
    return np.bincount(pairs % len(margin.labels), minlength=len(margin.labels)).astype(float)


def crossing_of(
    table: Totals, targets: Targets, by: By, shifts: Mapping[str, float], sums: DomainSums
) -> Crossing | None:
    """All by-columns of the call crossed, from the small table that is there already; None where it holds no Σ w y."""
    if not all(("w", target.value) in table.sums for target in targets.targets):
        return None
    columns = tuple(dict.fromkeys(column for margin in by_margins(by) for column in margin))
    cell, labels = _cells(table, columns)
    cells = Margin(name="", columns=columns, domain=cell, labels=tuple(labels))

    def summed(name: Any) -> Floats:
        return sums(name, cells)

    numbers: dict[str, list[Floats]] = {}
    for target in targets.targets:
        weight, value = summed(("w", target.counted)), summed(("w", target.value))
        found = {
            "n": summed((target.counted,)), "cases": summed((target.nonzero,)), "weight": weight,
            "weighted_cases": value + shifts.get(target.value, 0.0) * weight,
            "weight_in_scope": summed(("w", target.scope)), "undetermined": summed(("w", target.unknown)),
            "n_undetermined": summed((target.unknown,)),
        }  # fmt: skip
        for name, values in found.items():
            numbers.setdefault(name, []).append(values)
    there = np.any(numbers["weight_in_scope"], axis=0)
    met = tuple(label for label, inside in zip(labels, there, strict=True) if inside)
    kept = {name: np.stack(values)[:, there] for name, values in numbers.items()}
    return Crossing(
        by=columns,
        labels=met,
        outcomes=tuple(target.outcome for target in targets.targets),
        binary=tuple(is_binary(target, table) for target in targets.targets),
        n=kept["n"],
        cases=kept["cases"],
        weight=kept["weight"],
        weighted_cases=kept["weighted_cases"],
        weight_in_scope=kept["weight_in_scope"],
        undetermined=kept["undetermined"],
        n_undetermined=kept["n_undetermined"],
        nested=nested_columns(columns, met),
    )


def _cells(table: Totals, columns: Sequence[str]) -> tuple[Codes, list[tuple[Any, ...]]]:
    """The cell of every group, and the labels of every cell that is met."""
    keys = [table.keys[column] for column in columns]
    if len(keys) == 1 and met_of(keys[0].codes, len(keys[0].levels) + 1)[:-1].all():
        (key,) = keys
        missing = [(None,)] if (key.codes == key.missing).any() else []
        return key.codes, [*((level,) for level in key.levels), *missing]
    cell, first = np.zeros(len(table.n), dtype=np.int64), np.zeros(1, dtype=np.int64)
    for key in keys:
        cell, first = numbered(cell * (len(key.levels) + 1) + key.codes)
    return cell, [tuple(_label(key, int(key.codes[at])) for key in keys) for at in first]


def _label(key: Any, code: int) -> Any:
    return None if code == key.missing else key.levels[code]
