"""Questions that were rightly not asked: found from the answers, so that a filter is kept where the mapping says none."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from fl_estimate.arrays import Bools
from fl_estimate.estimators.imputation.working import REASONS, SETTLED, AnswerCodes, Working

NOT_ASKED = 1 + REASONS.index("not_asked")
LEAST_ROWS = 5
"""Rows that an answer must have before it is taken for a filter."""
MOSTLY = 0.5
"""The share of the other rows in which a question must have been answered for the rest to be a filter's doing."""


def settled_skips(working: Working) -> Working:
    """Mark as settled what was not asked for an answer given before it.

    An answer to another question is a filter of a question where nobody who gave it was asked, and most of those who gave
    another answer were. Nobody says what the mapping calls it: ``no_where`` of a mapping is better, and writes no.

    Parameters
    ----------
    working : Working

    Returns
    -------
    Working
        With SETTLED as the reason of these cells. They are as good as answered for a donor, and never drawn.
    """
    answers = list(working.answers)
    for position, column in enumerate(answers):
        unasked = column.why == NOT_ASKED
        if not unasked.any() or unasked.all():
            continue
        settled = np.zeros(len(unasked), dtype=bool)
        for other in working.answers:
            if other.name != column.name and other.numbers is None:
                settled |= _ruled_out(other, column.why, unasked)
        if settled.any():
            answers[position] = replace(column, why=np.where(settled, np.int8(SETTLED), column.why).astype(np.int8))
    return replace(working, answers=tuple(answers))


def _ruled_out(other: AnswerCodes, why: np.ndarray, unasked: Bools) -> Bools:
    """The rows in which the answer to another question kept this one from being asked."""
    size = len(other.labels)
    given = other.why == 0
    rows = np.bincount(other.codes[given], minlength=size)
    skipped = np.bincount(other.codes[given & unasked], minlength=size)
    filters = (rows >= LEAST_ROWS) & (rows == skipped)
    if not filters.any():
        return np.zeros(len(unasked), dtype=bool)
    rest = given & ~filters[other.codes]
    if not rest.any() or (why[rest] == 0).mean() < MOSTLY:
        return np.zeros(len(unasked), dtype=bool)
    return given & filters[other.codes] & unasked
