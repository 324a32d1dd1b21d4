"""The networks of an adaptive cluster sample: which units were met, what joins them, and whether they were followed to their end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import narwhals as nw
import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse
from scipy.sparse import csgraph

from fl_estimate.arrays import Floats
from fl_estimate.design.totals import as_frame, require_columns
from fl_estimate.errors import EstimateFault, missing_columns
from fl_estimate.schema.expressions import parse

Codes = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
NEIGHBOUR = "neighbour"


@dataclass(frozen=True, kw_only=True)
class Networks:
    """The units of a sample with the network of each.

    Attributes
    ----------
    frame : pandas.DataFrame
        One row a unit.
    initial : flags, shape (units,)
        Drawn at first.
    met : flags, shape (units,)
        Those that meet the condition.
    network : int array, shape (units,)
        Numbered from 0. A unit that does not meet the condition is a network of its own.
    open_ends : int
        Neighbours of units in networks that were met at first which are in no row: the network was not followed there.
    """

    frame: pd.DataFrame
    initial: Flags
    met: Flags
    network: Codes
    open_ends: int = 0

    @property
    def used(self) -> Flags:
        """Units whose network an initial unit is in: others were met on the way, and count for nothing."""
        hit = np.zeros(int(self.network.max(initial=-1)) + 1, dtype=bool)
        hit[self.network[self.initial]] = True
        return hit[self.network]


def read_units(units: Any, columns: Sequence[str]) -> pd.DataFrame:
    """The columns of a table of units, in memory.

    Raises
    ------
    EstimateFault
        FL-EST-01, FL-EST-02.
    """
    frame = as_frame(units)
    require_columns(frame.collect_schema(), columns)
    return frame.lazy().collect(backend="pandas").to_pandas().reset_index(drop=True)


def condition_met(frame: pd.DataFrame, values: Floats, threshold: float | None, condition: str | None) -> Flags:
    """Which units meet the condition that adds their neighbours."""
    if condition is None:
        return values >= (0.0 if threshold is None else float(threshold))
    expression = parse(condition)
    wide = nw.from_native(frame)
    require_columns(wide.schema, sorted(expression.names))
    true, false = expression.truth(wide.schema)
    told = wide.select(true.alias("yes"), false.alias("no")).to_native()
    yes = told["yes"].to_numpy(dtype=bool)
    unknown = int((~yes & ~told["no"].to_numpy(dtype=bool)).sum())
    if unknown:
        raise EstimateFault(
            "FL-EST-671", "whether a unit meets the condition is not known", found=f"{unknown} units",
            fix="a condition is judged in the field: give every unit of the sample the columns that it reads",
        )  # fmt: skip
    return yes


def numbers_of(frame: pd.DataFrame, column: str, what: str) -> Floats:
    """A column of finite numbers.

    Raises
    ------
    EstimateFault
        FL-EST-670: missing, or no numbers.
    """
    values = pd.to_numeric(frame[column], errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    wrong = int((~np.isfinite(values)).sum())
    if wrong:
        raise EstimateFault(
            "FL-EST-670", f"{what} is not known of every unit", found=f"column {column!r}: {wrong} of {len(values)} units",
            fix="a unit of the sample that was not observed cannot be counted as 0: observe it, or say what it is",
        )  # fmt: skip
    return values


def flags_of(frame: pd.DataFrame, column: str, what: str) -> Flags:
    """A column of 0 and 1.

    Raises
    ------
    EstimateFault
        FL-EST-670.
    """
    values = numbers_of(frame, column, what)
    if not np.isin(values, (0.0, 1.0)).all():
        raise EstimateFault(
            "FL-EST-670", f"{what} is a column of 0 and 1", found=f"column {column!r} holds other numbers",
            fix="1 where it is so, 0 where it is not",
        )  # fmt: skip
    return values == 1.0


def labelled(frame: pd.DataFrame, column: str, met: Flags, group: Codes) -> Codes:
    """Networks by the labels of the field work; a unit without one is a network of its own."""
    label = pd.factorize(frame[column])[0].astype(np.int64)
    alone = (label < 0) | ~met
    # A network that crosses groups is one in each of them.
    pair = np.where(alone, -1 - np.arange(len(label)), label * (int(group.max(initial=0)) + 1) + group)
    return np.unique(pair, return_inverse=True)[1].astype(np.int64)


def joined(units: Sequence[Any], edges: tuple[Codes, Codes], met: Flags, group: Codes) -> Codes:
    """Networks: units that meet the condition and are joined by neighbours that do, within a group."""
    first, second = edges
    kept = met[first] & met[second] & (group[first] == group[second])
    size = len(units)
    graph = sparse.coo_array((np.ones(int(kept.sum())), (first[kept], second[kept])), shape=(size, size))
    return csgraph.connected_components(graph, directed=False)[1].astype(np.int64)


def edges_from_table(units: Sequence[Any], neighbours: Any, unit: str) -> tuple[tuple[Codes, Codes], Codes]:
    """Pairs of rows that are neighbours; and, for each neighbour that is in no row, the row it is a neighbour of.

    `neighbours` is a table of the column of units and `neighbour`, an edge once or in both directions, or a mapping of a unit
    to its neighbours.
    """
    if isinstance(neighbours, Mapping):
        pairs = [(one, other) for one, others in neighbours.items() for other in others]
        one, other = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    else:
        frame = as_frame(neighbours)
        schema = frame.collect_schema()
        absent = [name for name in (unit, NEIGHBOUR) if name not in schema]
        if absent:
            raise missing_columns("FL-EST-672", absent, list(schema), EstimateFault)
        table = frame.lazy().collect(backend="pandas").to_pandas()
        one, other = table[unit].tolist(), table[NEIGHBOUR].tolist()
    known: dict[str, int] = {str(label): position for position, label in enumerate(units)}
    first = np.array([known.get(str(label), -1) for label in one], dtype=np.int64)
    second = np.array([known.get(str(label), -1) for label in other], dtype=np.int64)
    inside = (first >= 0) & (second >= 0)
    ends = np.concatenate([first[(first >= 0) & (second < 0)], second[(second >= 0) & (first < 0)]])
    return (first[inside], second[inside]), ends


def edges_from_grid(
    x: Floats, y: Floats, neighbourhood: Literal["rook", "queen"], bounds: Sequence[float] | None
) -> tuple[tuple[Codes, Codes], Codes]:
    """The same of the cells of a grid, by whole-numbered columns and rows; `bounds` are the first and last of both."""
    cells = {(int(a), int(b)): row for row, (a, b) in enumerate(zip(x, y, strict=True))}
    steps = [(-1, 0), (1, 0), (0, -1), (0, 1)]
    if neighbourhood == "queen":
        steps += [(-1, -1), (-1, 1), (1, -1), (1, 1)]
    first, second, ends = list[int](), list[int](), list[int]()
    for (a, b), row in cells.items():
        for right, up in steps:
            other = (a + right, b + up)
            if other in cells:
                first.append(row)
                second.append(cells[other])
            elif bounds is None or (bounds[0] <= other[0] <= bounds[2] and bounds[1] <= other[1] <= bounds[3]):
                ends.append(row)
    return (np.array(first, dtype=np.int64), np.array(second, dtype=np.int64)), np.array(ends, dtype=np.int64)
