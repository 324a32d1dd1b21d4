"""Single rows of a few columns, in memory: for statistics that are no function of sums within few groups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import narwhals as nw
import numpy as np

from fl_estimate.design.asking import few_rows
from fl_estimate.design.grouped_query import check_finite
from fl_estimate.design.small_table import Floats, GroupingKey, Totals, coded
from fl_estimate.design.totals import Frame, check_keys, totals
from fl_estimate.errors import decoding
from fl_estimate.inputs.partitions import PartitionedFrame

_PREFIX = "__fl_"


def rows(
    frame: Frame,
    *,
    keys: Sequence[str],
    columns: Mapping[str, nw.Expr],
    sums: Mapping[Any, tuple[str, ...]],
    values: Sequence[str] = (),
) -> tuple[Totals, dict[str, Floats]]:
    """The same answer as `totals`, with every row a group of its own, in the frame's order; and columns of numbers.

    Only the columns that are asked for are brought into memory, 8 bytes a value. In `values` a missing one is NaN.

    Raises
    ------
    EstimateFault
        FL-EST-03: a missing or infinite value reached a sum; FL-EST-28: a polars column of Python objects as a key;
        FL-EST-771: a lazy frame of too many rows.
    """
    check_keys(frame, keys)
    schema = frame.collect_schema()
    labels = [
        (nw.col(key).cast(nw.String) if isinstance(schema[key], nw.Categorical | nw.Enum) else nw.col(key)).alias(
            f"{_PREFIX}k{position}"
        )
        for position, key in enumerate(keys)
    ]
    factors = [expr.cast(nw.Float64).alias(f"{_PREFIX}f_{name}") for name, expr in columns.items()]
    plain = [nw.col(name).cast(nw.Float64).alias(f"{_PREFIX}v_{name}") for name in values]
    table = few_rows(frame.select(*labels, *factors, *plain))
    factor = {name: _floats(table, f"{_PREFIX}f_{name}") for name in columns}
    made = {name: _product(product, factor) for name, product in sums.items()}
    check_finite(made)
    found = {key: coded(table.column(f"{_PREFIX}k{position}")) for position, key in enumerate(keys)}
    kept = {name: _floats(table, f"{_PREFIX}v_{name}") for name in values}
    return Totals(keys=found, sums=made, n=np.ones(table.num_rows)), kept


def numbers(key: GroupingKey) -> Floats:
    """The labels of a key as an array of numbers, NaN where missing."""
    return np.array([*key.levels, np.nan], dtype=float)[key.codes]


def distinct(frame: Frame, names: Sequence[str]) -> dict[str, int]:
    """How many different values each column has, the missing one counted."""
    if not names:
        return {}
    if isinstance(frame, PartitionedFrame):
        # Values that several parts have would be counted once for each of them.
        return {name: len(totals(frame, keys=(name,), columns={}, sums={}).n) for name in names}
    counted = frame.select(*[nw.col(name).n_unique().alias(name) for name in names])
    with decoding():
        result = (counted if isinstance(counted, nw.DataFrame) else counted.collect("pyarrow")).to_arrow()
    # Of no rows DuckDB says null.
    return {name: int(result.column(name)[0].as_py() or 0) for name in names}


def _floats(table: Any, name: str) -> Floats:
    return np.asarray(table.column(name).cast("float64").to_numpy(), dtype=float)


def _product(product: tuple[str, ...], values: Mapping[str, Floats]) -> Floats:
    made = values[product[0]]
    for name in product[1:]:
        made = made * values[name]
    return made
