"""Trimming: weights kept within limits, what is cut off spread over the others."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import narwhals as nw
import numpy as np

from fl_estimate.design.row_weights import FLAGS, check_weights, fresh, in_a_column, weight_columns
from fl_estimate.design.small_table import Floats
from fl_estimate.design.totals import Frame, as_frame, require_columns, totals
from fl_estimate.design.weights import adjustable, handed_back
from fl_estimate.errors import DesignFault, shown
from fl_estimate.inputs.adjustments import Adjustment
from fl_estimate.inputs.sample_design import Design

PASSES = 10_000


def trim_weights(
    people: Any, *, design: Design | None = None, upper: float, lower: float | None = None, strict: bool = False
) -> tuple[Any, Design]:
    """Keep weights within limits; the sum of all weights stays.

    Use it where a few weights carry an estimate. It trades variance for bias, and the standard error knows only of the
    first. Totals that the weights were calibrated to are not met exactly afterwards.

    Parameters
    ----------
    people, design
        As in `calibrate`.
    upper : float
        Greatest weight.
    lower : float, optional
        Least weight.
    strict : bool, default False
        Trim again what the spreading has pushed over a limit, until nothing is outside.

    Returns
    -------
    people, Design
        As from `calibrate`; the column is called ``<weights>_trimmed``.

    Raises
    ------
    DesignFault
        FL-DESIGN-52: limits that no weights with this sum can keep.

    Notes
    -----
    Weights outside are set to the limit; the sum that this takes away (or adds) is spread in equal amounts over the weights
    that were not trimmed, as R survey's ``trimWeights`` does. Variances take the trimmed weights as they are.

    References
    ----------
    Potter (1990), Proceedings of the Survey Research Methods Section, American Statistical Association, 225-230.

    Examples
    --------
    >>> import fl_estimate as fl, pandas as pd
    >>> people = pd.DataFrame({"w": [1.0, 2, 3, 10, 20], "ea": [1, 1, 2, 2, 3]})
    >>> people, design = fl.trim_weights(people, design=fl.Design(weights="w", psu="ea"), upper=9)
    >>> people["w_trimmed"].tolist()
    [5.0, 6.0, 7.0, 9.0, 9.0]
    """
    resolved = adjustable(people, design)
    frame, base = in_a_column(as_frame(resolved.frame), resolved.design)
    if not upper > 0 or (lower is not None and not 0 <= lower < upper):
        raise DesignFault(
            "FL-DESIGN-52", "the limits of the weights cannot be used", found=f"upper={shown(upper)}, lower={shown(lower)}",
            fix="upper above 0, lower from 0 up to upper",
        )  # fmt: skip
    before = str(base.weights)
    values, rows = weights_met(frame, before)
    made = _trim(values, rows, float(upper), 0.0 if lower is None else float(lower), strict=strict)
    after = fresh(frame, f"{before}_trimmed")
    weight = nw.col(before).cast(nw.Float64)
    trimmed = (
        nw.when(weight >= made.high)
        .then(nw.lit(float(upper)))
        .otherwise(nw.when(weight <= made.low).then(nw.lit(float(lower or 0.0))).otherwise(weight + made.added))
    )
    step = Adjustment(
        kind="trimming",
        before=before,
        after=after,
        parameters=(("upper", upper), ("lower", lower), ("rows", made.rows)),
    )
    design = replace(base, weights=after, adjustments=(*base.adjustments, step))
    return handed_back(
        people, frame.with_columns(nw.when(weight == 0.0).then(nw.lit(0.0)).otherwise(trimmed).alias(after)), design
    )


def weights_met(frame: Frame, column: str) -> tuple[Floats, Floats]:
    """The different weights of a column above 0, ascending, and how many rows have each.

    Raises
    ------
    DesignFault
        FL-DESIGN-13, FL-DESIGN-14: weights that cannot be.
    """
    schema = frame.collect_schema()
    require_columns(schema, [column])
    columns = weight_columns(schema, column)
    flags = {name: columns[name] for name in FLAGS}
    table = totals(frame, keys=(column,), columns=flags, sums={name: (name,) for name in flags})
    check_weights({name: int(table.sums[name].sum()) for name in flags}, column)
    key = table.keys[column]
    values = np.array(key.levels, dtype=float)[key.codes]
    weighing = values > 0
    return values[weighing], table.n[weighing]


@dataclass(frozen=True, kw_only=True)
class _Trimmed:
    """Weights from `high` on are at the upper limit, those up to `low` at the lower; `added` goes to the others."""

    high: float
    low: float
    added: float
    rows: int


def _trim(values: Floats, rows: Floats, upper: float, lower: float, *, strict: bool) -> _Trimmed:
    # What is trimmed are always both ends of the weights that are left, so that two thresholds tell who was.
    first, last, added = 0, len(values), 0.0
    for _ in range(PASSES):
        moved = values + added
        low = first + int((moved[first:last] < lower).sum())
        high = last - int((moved[first:last] > upper).sum())
        if (low, high) == (first, last):
            break
        held = rows[:low].sum() * lower + rows[high:].sum() * upper
        first, last = low, high
        left = rows[first:last].sum()
        if not left:
            raise DesignFault(
                "FL-DESIGN-52",
                "no weights within these limits have the sum that they must keep",
                found=f"a mean weight of {np.average(values, weights=rows):,.6g} between {lower:,.6g} and {upper:,.6g}",
                fix="widen the limits",
            )
        added = float((values * rows).sum() - held - (values[first:last] * rows[first:last]).sum()) / left
        if not strict:
            break
    return _Trimmed(
        high=float(values[last]) if last < len(values) else np.inf,
        low=float(values[first - 1]) if first else -np.inf,
        added=added,
        rows=int(rows[:first].sum() + rows[last:].sum()),
    )
