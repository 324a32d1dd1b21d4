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
from fl_estimate.design.totals import Floats, Frame
from fl_estimate.errors import EstimateFault, decoding, shown

BINS = 4096
LEVELS = 3
"""Times that bins are divided, 4096 each: after that only rows with one and the same value are still many in a bin."""
RULES_OF_NEIGHBOURS = ("math", "school", "hf1", "hf2")
"""Rules that look at the value where a share is reached, and at the next: what lies further off may be in bins."""
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
    if rule not in RULES_OF_NEIGHBOURS or replicated:
        raise EstimateFault(
            "FL-EST-773",
            "this quantile needs every value, and the rows are not in memory",
            found=f"{rows:,} rows of {frame.implementation}; rule={shown(rule)}{', an interval of replicates' if replicated else ''}",
            fix='rule="math" with interval="woodruff" is read off sums; or give a frame in memory of the columns that are needed',
        )
    return True


def condensed(frame: Frame, value: str, wanted: Wanted | Floats, read: Callable[[Frame], Distribution]) -> Frame:
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
    """
    low, high = _range(frame, value)
    if not (np.isfinite(low) and np.isfinite(high) and low < high):
        return frame
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
        near = np.unique(np.floor((_near(found, wanted) - low) * scale))
        if level == LEVELS - 1 or found.rows[np.isin(of_value, near)].sum() <= MOST_ROWS:
            break
        scale *= BINS
        # Bins that are not divided again have no number: nothing in them is wanted.
        inside = nw.col(_BIN).is_in(near.tolist())
        binned = binned.with_columns(nw.when(inside).then(bins(scale)).otherwise(nw.lit(-1.0)).alias(_BIN))
        finer = (nw.col(_BIN) + 0.5) / scale + low
        binned = binned.with_columns(nw.when(nw.col(_BIN) >= 0.0).then(finer).otherwise(nw.col(_PLACE)).alias(_PLACE))
    return binned.with_columns(
        nw.when(nw.col(_BIN).is_in(near.tolist())).then(number).otherwise(nw.col(_PLACE)).alias(value)
    )


def _range(frame: Frame, value: str) -> tuple[float, float]:
    made = frame.lazy().select(nw.col(value).alias("low"), nw.col(value).alias("high"))
    with decoding():
        found = made.select(nw.col("low").min(), nw.col("high").max()).collect("pyarrow").to_native().to_pylist()[0]
    return float(found["low"]), float(found["high"])


def _near(found: Distribution, wanted: Wanted | Floats) -> Floats:
    """The values where the shares are reached, with their neighbours."""
    places: list[Floats] = []
    for key, (values, weights) in found.domains.items():
        shares = wanted.get(key, np.zeros(0)) if isinstance(wanted, Mapping) else wanted
        held = weights > 0
        x, shares = values[held], shares[(shares >= 0) & (shares <= 1)]
        if len(x) and len(shares):
            reached = np.cumsum(weights[held]) / weights[held].sum()
            position = np.searchsorted(reached, shares - DUST)
            around = position[:, None] + np.array([-1, 0, 1])
            places.append(x[np.clip(around, 0, len(x) - 1)].ravel())
    return np.concatenate(places) if places else np.zeros(0)
