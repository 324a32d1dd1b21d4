"""Which overlaps of case lists may be printed, and which figures of an appraisal beside them, so that no small one can be worked out."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pandas as pd

from fl_estimate.arrays import Floats
from fl_estimate.errors import FlError
from fl_estimate.estimators.capture_recapture.loglinear import loglinear
from fl_estimate.estimators.capture_recapture.selection import select_stepwise
from fl_estimate.inputs.histories import CaptureHistories, all_histories

Flags = npt.NDArray[np.bool_]
LISTED = 31
"""Histories up to which all are listed, the hidden ones too; of more lists the hidden ones are left out."""
TRIES = 30
"""Tables with other hidden counts that a figure is computed for again."""
DIGITS = 2
"""Significant digits of figures beside hidden overlaps."""


def printable(histories: CaptureHistories, least: int) -> tuple[pd.DataFrame, Floats, Flags]:
    """Every history that can be observed, with its count where it may be printed.

    Parameters
    ----------
    histories : CaptureHistories
    least : int
        Fewer people than this, none among them, are hidden alike.

    Returns
    -------
    frame : pandas.DataFrame
        A column a list, and `count`, missing where it is hidden.
    counts : array, shape (histories,)
        All of them in full, zeros too.
    hidden : flags, shape (histories,)

    Notes
    -----
    Readers know how many people were observed, so they know the sum S of what is hidden. Of m hidden histories of at most
    least − 1 people each, one can be none only if S ≤ (m − 1)(least − 1), and least − 1 only if S is no less; where that does
    not hold, the next smallest overlap is hidden as well, in the same way, so that nobody can tell which.
    """
    members = all_histories(len(histories.lists))
    found = {tuple(row): float(count) for row, count in zip(histories.members.tolist(), histories.counts, strict=True)}
    counts = np.array([found.get(tuple(row), 0.0) for row in members.tolist()])
    hidden = counts < least
    order = np.argsort(counts, kind="stable")
    while hidden.any() and not hidden.all() and not _open(counts, hidden, least):
        hidden[next(position for position in order if not hidden[position])] = True
    frame = pd.DataFrame(members, columns=list(histories.lists))
    frame["count"] = np.where(hidden, np.nan, counts)
    if len(members) > LISTED:
        frame = frame[~hidden].reset_index(drop=True)
    return frame, counts, hidden


def _open(counts: Floats, hidden: Flags, least: int) -> bool:
    few = hidden & (counts < least)
    rest, many = float(counts[hidden].sum()), int(hidden.sum())
    if few.sum() < many:
        # One of them was hidden for the others' sake, and nobody knows which.
        return many > 1 and rest >= least - 1
    return many > 1 and least - 1 <= rest <= (many - 1) * (least - 1) + 1


def steady(histories: CaptureHistories, counts: Floats, hidden: Flags) -> frozenset[str]:
    """Methods of an appraisal whose figure, as it is printed, is the same whatever the hidden overlaps are.

    Checked on up to `TRIES` tables in which people are moved from one hidden history to another; of what a Bayesian method
    or a bootstrap gives it is not checked.
    """
    kept = {"independence", "two_way", "stepwise"}
    own = _figures(histories)
    for other in itertools.islice(_moved(histories, counts, hidden), TRIES):
        result = _figures(other)
        kept = {name for name in kept if result.get(name) == own.get(name)}
        if not kept:
            break
    return frozenset(kept)


def _moved(histories: CaptureHistories, counts: Floats, hidden: Flags) -> Iterator[CaptureHistories]:
    """Tables with as many people, some of them in another hidden history."""
    members = all_histories(len(histories.lists))
    positions = sorted(np.flatnonzero(hidden), key=lambda position: -counts[position])
    for here, there in itertools.permutations(positions, 2):
        if counts[here] > 0:
            moved = counts.copy()
            moved[there] += moved[here]
            moved[here] = 0
            frame = pd.DataFrame(members, columns=list(histories.lists)).assign(count=moved)
            yield CaptureHistories.from_counts(frame[frame["count"] > 0], lists=list(histories.lists))


def _figures(histories: CaptureHistories) -> dict[str, tuple[float | str, ...]]:
    """What quick methods print."""
    result: dict[str, tuple[float | str, ...]] = {}
    for name in ("independence", "two_way", "stepwise"):
        try:
            if name == "stepwise":
                made = select_stepwise(histories, interval="wald")
            else:
                made = loglinear(histories, "main" if name == "independence" else "two-way")
            row = made.frame.iloc[0]
            ends = () if name == "stepwise" else (float(row["lower"]), float(row["upper"]))
            result[name] = tuple(rough(value) for value in (float(row["value"]), *ends))
        except FlError as error:
            result[name] = (error.code,)
    return result


def rough(value: float) -> float:
    """A number to two significant digits.

    Examples
    --------
    >>> rough(4388.0), rough(91.3)
    (4400.0, 91.0)
    """
    if not np.isfinite(value) or value == 0:
        return value
    return float(f"{value:.{DIGITS - 1}e}")
