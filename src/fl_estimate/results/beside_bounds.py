"""Imputed figures beside the bounds of the same cells, in one table: a reader sees what was assumed, and between what it lies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from fl_estimate.errors import EstimateFault
from fl_estimate.results.basis import Support
from fl_estimate.results.codes import each_once
from fl_estimate.results.columns import HEAD
from fl_estimate.results.estimates import Estimates


def beside_bounds(imputed: Estimates, bounds: Estimates) -> Estimates:
    """Lay the imputed row of every cell before its bounds.

    Parameters
    ----------
    imputed, bounds : Estimates
        Of one call with ``unknown="impute"`` and one with ``unknown="bounds"``, else the same.

    Returns
    -------
    Estimates
        Four rows a cell (`bound` imputed, lower, upper, identified). The covariance between an imputed row and a bound is missing.

    Raises
    ------
    EstimateFault
        FL-EST-464: they are not of the same cells.

    Examples
    --------
    >>> import fl_estimate as fl, pandas as pd
    >>> from fl_estimate.results.beside_bounds import beside_bounds
    >>> people = pd.DataFrame({"ea": [1, 1, 2, 2, 3, 3], "fl": [0, 1, 0, 0, 1, None]})
    >>> bounds = fl.estimate_prevalence(people, "fl", unknown="bounds", design=fl.Design(psu="ea", unweighted=True))
    >>> imputed = bounds.select(bound="lower")  # stands for what unknown="impute" gives
    >>> beside_bounds(imputed, bounds).to_frame()["bound"].tolist()
    ['lower', 'lower', 'upper', 'identified']
    """
    cells, size = len(imputed), len(bounds)
    positions = [list(range(first, first + size // cells)) for first in range(0, size, size // cells)] if cells else []
    keys = [*HEAD, *imputed.by]
    firsts = [part[0] for part in positions]
    same = imputed.by == bounds.by and len(positions) == cells
    if not same or not _text(imputed.frame[keys]).equals(_text(bounds.frame[keys].iloc[firsts])):
        raise EstimateFault(
            "FL-EST-464", "bounds and imputed figures are not of the same cells", found=f"{cells} and {size} rows",
            fix='make the same call with unknown="impute" and unknown="bounds"',
        )  # fmt: skip
    order = [at for cell, part in enumerate(positions) for at in (cell, *(cells + position for position in part))]
    frame = pd.concat([imputed.frame, bounds.frame], ignore_index=True).iloc[order].reset_index(drop=True)
    told = [*imputed.reasons, *(replace(reason, row=reason.row + cells) for reason in bounds.reasons)]
    new = {at: row for row, at in enumerate(order)}
    reasons = tuple(replace(reason, row=new[reason.row]) for reason in told)
    return replace(
        imputed,
        frame=frame,
        reasons=tuple(sorted(reasons, key=lambda reason: reason.row)),
        assumptions=each_once([*imputed.assumptions, *bounds.assumptions]),
        diagnostics=_spread(imputed, order),
        covariance_matrix=_covariance(imputed, bounds, order),
        support=Support.joined([imputed.support, bounds.support]).take(order),
    )


def _text(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.astype("string").fillna("").reset_index(drop=True)


def _spread(imputed: Estimates, order: Sequence[int]) -> dict[str, Any]:
    """What is known of imputed rows, missing of bounds."""
    told = dict(imputed.diagnostics)
    for name in ("missing_information", "share_imputed"):
        if name in told:
            told[name] = [told[name][at] if at < len(imputed) else None for at in order]
    return told


def _covariance(imputed: Estimates, bounds: Estimates, order: Sequence[int]) -> Any:
    if imputed.covariance_matrix is None or bounds.covariance_matrix is None:
        return None
    cells, size = len(imputed), len(imputed) + len(bounds)
    whole = np.full((size, size), np.nan)
    whole[:cells, :cells], whole[cells:, cells:] = imputed.covariance_matrix, bounds.covariance_matrix
    return whole[np.ix_(order, order)]
