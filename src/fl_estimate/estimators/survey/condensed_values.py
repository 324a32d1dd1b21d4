"""Values of rows that are not in memory, exact about the quantiles that are wanted and put into bins elsewhere.

A bin is a stretch between the least and the greatest value. Where a quantile may lie, its bins are divided again until few rows are left
in them, and those keep their own values; the others stand for the rest of the distribution function, in its order. A few passes over the
rows, each one group-by; the quantile is the one that all values would give.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import narwhals as nw
import numpy as np

from fl_estimate.design.asking import MOST_ROWS, count_rows
from fl_estimate.design.quantile_rules import DUST
from fl_estimate.design.small_table import Floats
from fl_estimate.design.totals import Frame
from fl_estimate.errors import EstimateFault, decoding, shown

BINS = 4096
LEVELS = 3
"""Times that bins are divided, 4096 each: after that only rows with one and the same value are still many in a bin."""
RULES_OF_NEIGHBOURS = ("math", "school", "hf1", "hf2")
"""Rules that look at the value where a share is reached, and at the next: what lies further off may be in bins."""
RULES_OF_ROWS = ("shah-vaish", "hf4", "hf5", "hf6", "hf7", "hf8", "hf9")
"""Rules that look at the rows about a share one by one, and at the last of all."""
REACH = 3.0
"""How many of the heaviest rows a rule of rows may lie beside the share of the weights."""
ORDER = "__fl_order"
"""The column that tells rows apart whose values are known; -1 of all others."""
_NUMBER, _BIN, _PLACE = "__fl_number", "__fl_bin", "__fl_place"
Wanted = Mapping[Any, Floats]


@dataclass(frozen=True, kw_only=True)
class Distribution:
    """A distribution function as it came back: by domain the values ascending and their weights; and rows by value."""

    domains: Mapping[Any, tuple[Floats, Floats]]
    values: Floats
    rows: Floats


def are_many(frame: Frame, rule: str, *, replicated: bool) -> bool:
    """Whether the different values of a frame may be too many to be brought here.

    Raises
    ------
    EstimateFault
        FL-EST-773: they are, and the rule, or an interval of replicates, needs all of them.
    """
    if not isinstance(frame, nw.LazyFrame):
        return False
    rows = count_rows(frame)
    if rows <= MOST_ROWS:
        return False
    if rule not in (*RULES_OF_NEIGHBOURS, *RULES_OF_ROWS) or replicated:
        raise needs_values(frame, rule, rows, ", an interval of replicates" if replicated else "")
    return True


def needs_values(frame: Frame, rule: str, rows: float, beside: str) -> EstimateFault:
    """FL-EST-773."""
    return EstimateFault(
        "FL-EST-773",
        "this quantile needs every value, and the rows are not in memory",
        found=f"{rows:,.0f} rows of {frame.implementation}; rule={shown(rule)}{beside}",
        fix='rule="math" with interval="woodruff" is read off sums; or give a frame in memory of the columns that are needed',
    )


@dataclass(frozen=True, kw_only=True)
class RowsApart:
    """What a rule of rows needs beside the values: the column that orders rows of one value, and the heaviest row's weight."""

    rule: str
    order: str
    heaviest: float


def condensed(
    frame: Frame,
    value: str,
    wanted: Wanted | Floats,
    read: Callable[[Frame], Distribution],
    apart: RowsApart | None = None,
) -> Frame:
    """The frame with its values in bins, but for those near the wanted shares.

    Parameters
    ----------
    frame : narwhals.LazyFrame
    value : str
        Column of the values, null-free.
    wanted : mapping of domain to array, or array
        Shares of the distribution function, by domain or the same in all.
    read : callable
        Gives the distribution function of the column of values of a frame.
    apart : RowsApart, optional
        Of rules that look at rows one by one: those near the wanted shares are told apart by the column `ORDER`.

    Raises
    ------
    EstimateFault
        FL-EST-773: too many rows are near the wanted shares, as they have one and the same value.
    """
    low, high = _range(frame, value)
    if not (np.isfinite(low) and np.isfinite(high) and low < high):
        # One value: whatever the rule, it is the quantile, and all rows stand for it.
        return frame if apart is None else frame.with_columns(nw.lit(-1.0).alias(ORDER))
    scale = BINS / (high - low)
    number = nw.col(_NUMBER)

    def bins(scale: float) -> nw.Expr:
        return ((number - low) * scale).floor()

    binned = frame.with_columns(nw.col(value).alias(_NUMBER)).with_columns(bins(scale).alias(_BIN))
    binned = binned.with_columns(((nw.col(_BIN) + 0.5) / scale + low).alias(_PLACE))
    near = np.zeros(0)
    for level in range(LEVELS):
        found = read(binned.with_columns(nw.col(_PLACE).alias(value)))
        of_value = np.floor((found.values - low) * scale)
        near = np.unique(np.floor((_near(found, wanted, apart) - low) * scale))
        rows = found.rows[np.isin(of_value, near)].sum()
        if level == LEVELS - 1 or rows <= MOST_ROWS:
            if apart is not None and rows > MOST_ROWS:
                raise needs_values(frame, apart.rule, rows, " that have one value, or nearly")
            break
        scale *= BINS
        # Bins that are not divided again have no number: nothing in them is wanted.
        inside = nw.col(_BIN).is_in(near.tolist())
        binned = binned.with_columns(nw.when(inside).then(bins(scale)).otherwise(nw.lit(-1.0)).alias(_BIN))
        finer = (nw.col(_BIN) + 0.5) / scale + low
        binned = binned.with_columns(nw.when(nw.col(_BIN) >= 0.0).then(finer).otherwise(nw.col(_PLACE)).alias(_PLACE))
    known = nw.col(_BIN).is_in(near.tolist())
    if apart is not None:
        own = nw.col(apart.order).cast(nw.Float64) if apart.order else nw.lit(0.0)
        binned = binned.with_columns(nw.when(known).then(own).otherwise(nw.lit(-1.0)).alias(ORDER))
    return binned.with_columns(nw.when(known).then(number).otherwise(nw.col(_PLACE)).alias(value))


def heaviest_row(frame: Frame, weight: str) -> float:
    """The greatest of the weights."""
    return _range(frame.with_columns(nw.col(weight).cast(nw.Float64).alias(_NUMBER)), _NUMBER)[1]


def _range(frame: Frame, value: str) -> tuple[float, float]:
    made = frame.lazy().select(nw.col(value).alias("low"), nw.col(value).alias("high"))
    with decoding():
        found = made.select(nw.col("low").min(), nw.col("high").max()).collect("pyarrow").to_native().to_pylist()[0]
    return float(found["low"]), float(found["high"])


def _near(found: Distribution, wanted: Wanted | Floats, apart: RowsApart | None) -> Floats:
    """The values where the shares are reached, with their neighbours; of rules of rows as far as a few rows weigh, and the last."""
    places: list[Floats] = []
    for key, (values, weights) in found.domains.items():
        shares = wanted.get(key, np.zeros(0)) if isinstance(wanted, Mapping) else wanted
        held = weights > 0
        x, shares = values[held], shares[(shares >= 0) & (shares <= 1)]
        if len(x) and len(shares):
            reached = np.cumsum(weights[held]) / weights[held].sum()
            reach = 0.0 if apart is None else REACH * apart.heaviest / weights[held].sum()
            first = np.searchsorted(reached, shares - reach - DUST) - 1
            last = np.searchsorted(reached, shares + reach - DUST) + 1
            around = np.unique([at for start, stop in zip(first, last, strict=True) for at in range(start, stop + 1)])
            places.append(x[np.unique(np.clip(around, 0, len(x) - 1))])
            if apart is not None:
                places.append(x[-1:])
    return np.concatenate(places) if places else np.zeros(0)
