"""What imputation was made of: answered against drawn, donors that are few or used too often, answers that nothing predicts.

The analyst's alone: these are small counts of respondents, and nothing here goes into a published table.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from fl_estimate.arrays import Bools, Floats, Positions
from fl_estimate.errors import EstimateFault, listed
from fl_estimate.estimators.imputation.working import is_true

if TYPE_CHECKING:
    from fl_estimate.estimators.imputation.building import Recipients
    from fl_estimate.estimators.imputation.pool import DonorBlock, Pool
    from fl_estimate.estimators.imputation.working import Working

COLUMNS: tuple[str, ...] = (
    *("item", "answered", "drawn", "share_drawn", "answered_true", "drawn_true", "donors", "donors_used"),
    *("most_used", "discrimination", "remarks"),
)
FEW_DONORS = 20
"""Donors below which a remark is made."""
OFTEN = 0.1
"""A share of all draws of an item that come from one respondent, above which a remark is made."""
NOT_PREDICTED = 0.6
"""A discrimination below which the other answers say next to nothing of an item: 0.5 is none at all."""
MOSTLY = 0.5
"""A share of an item that would be drawn, above which there is nothing to draw from."""


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Made:
    """What an imputation was made of.

    Attributes
    ----------
    working : Working
    pool : Pool
    chosen : int array, shape (rows of the pool, draws)
    weights : array, shape (rows of answers,)
    inside : array of bool, shape (rows of answers,)
        Whether the person is in scope.
    """

    working: Working
    pool: Pool
    chosen: npt.NDArray[np.int16]
    weights: Floats
    inside: Bools


def diagnostics(made: Made) -> pd.DataFrame:
    """One line for each column of answers that was drawn; see `Imputation.diagnostics`."""
    rows = [_line(made, position) for position in _drawn_columns(made.pool)]
    return pd.DataFrame(rows, columns=list(COLUMNS)).sort_values("item", ignore_index=True)


def _drawn_columns(pool: Pool) -> list[int]:
    return sorted({int(column) for block in pool.blocks for column in block.columns})


def _line(made: Made, position: int) -> dict[str, Any]:
    working, pool, weights = made.working, made.pool, made.weights
    column = working.answers[position]
    told = is_true(column)
    answered = (column.why == 0) & made.inside
    blocks = [block for block in pool.blocks if position in block.columns]
    taken, of = zip(*(_taken(made, block) for block in blocks), strict=True)
    donors, own = np.concatenate(taken), np.concatenate(of)
    there = donors >= 0
    mass = np.broadcast_to(weights[own][:, None], donors.shape)[there]
    used, times = np.unique(donors[there], return_counts=True)
    drawn_weight = weights[own].sum()
    line: dict[str, Any] = {
        "item": column.name,
        "answered": int(answered.sum()),
        "drawn": len(own),
        "share_drawn": _ratio(drawn_weight, drawn_weight + weights[answered].sum()),
        "answered_true": _ratio(weights[answered & told].sum(), weights[answered].sum()),
        "drawn_true": _ratio((mass * told[donors[there]]).sum(), mass.sum()),
        "donors": min(block.n_complete for block in blocks),
        "donors_used": len(used),
        "most_used": _ratio(float(times.max(initial=0)), float(times.sum())),
        "discrimination": _mean([block.discrimination for block in blocks], [len(block.at) for block in blocks]),
    }
    return {**line, "remarks": ", ".join(_remarks(line))}


def _taken(made: Made, block: DonorBlock) -> tuple[Positions, Positions]:
    """The donors of a block in every draw, and the rows that took from them."""
    chosen = made.chosen[block.at].astype(np.intp)
    return np.take_along_axis(block.donors, chosen, axis=1), made.pool.rows[block.at]


def _remarks(line: Mapping[str, Any]) -> Iterator[str]:
    if line["donors"] < FEW_DONORS:
        yield "few_donors"
    if line["most_used"] > OFTEN and line["drawn"] > 1:
        yield "donor_used_often"
    if not line["discrimination"] >= NOT_PREDICTED:
        yield "nothing_predicts_it"
    if line["share_drawn"] > MOSTLY / 2:
        yield "much_drawn"


def _ratio(top: float, bottom: float) -> float:
    return float(top / bottom) if bottom > 0 else float("nan")


def _mean(values: list[float], weights: list[int]) -> float:
    known = [(value, weight) for value, weight in zip(values, weights, strict=True) if not np.isnan(value)]
    return float(np.average([v for v, _ in known], weights=[w for _, w in known])) if known else float("nan")


def require_donors(recipients: Recipients, pool: Pool, in_scope: Bools, weights: Floats, fewest: int) -> None:
    """Refuse an imputation that would be made of nothing.

    Raises
    ------
    EstimateFault
        FL-EST-445: answers that too few respondents gave to be drawn from; FL-EST-446: answers more than half of which
        would be drawn.
    """
    working = recipients.source.working
    wanted, rows = recipients.wanted, recipients.rows
    lacking = _lacking(recipients, pool, fewest)
    if lacking.any():
        raise EstimateFault(
            "FL-EST-445",
            f"fewer than {fewest} respondents gave answers that others could be given",
            found=f"for {listed([working.columns[position] for position in np.flatnonzero(lacking)], most=8)}",
            fix="leave out a question that (nearly) nobody answered, so that the framework goes without it; or keep these people "
            'undetermined: too_few="leave"',
        )
    mostly: list[str] = []
    for position in np.flatnonzero(wanted.any(axis=0)):
        drawn = weights[rows[wanted[:, position]]].sum()
        answered = weights[(working.answers[position].why == 0) & in_scope].sum()
        if drawn > MOSTLY * (drawn + answered):
            mostly.append(working.columns[position])
    if mostly:
        raise EstimateFault(
            "FL-EST-446",
            "more than half of the answers to a question would be drawn: the figure would be made of nothing",
            found=listed(mostly, most=8),
            fix='leave the question out, show bounds instead of an estimate, or say that it is meant: too_few="leave"',
        )


def _lacking(recipients: Recipients, pool: Pool, fewest: int) -> Bools:
    """The columns that some row should be given and cannot, or of which too few donors are there."""
    has = recipients.wanted.any(axis=1)
    wanted = recipients.wanted[has].copy()
    thin = np.zeros(wanted.shape[1], dtype=bool)
    for block in pool.blocks:
        wanted[np.ix_(block.at, block.columns)] = False
        thin[block.columns] |= block.n_complete < fewest
    return wanted.any(axis=0) | thin
