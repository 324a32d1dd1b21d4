"""Draws of a class under a delta: the draws with answers missing at random, some of them turned. Arrays; nothing is estimated."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq  # pyright: ignore[reportMissingTypeStubs, reportUnknownVariableType]

from fl_estimate.arrays import Bools, Floats, Positions

REASONS: tuple[str, ...] = ("refusal", "dont_know", "missing", "not_asked")
PRIOR = 5.0
"""How many donors' worth the mean probability counts in that of each recipient, so that none is exactly 0 or 1.

As many as a draw chooses among. In samples that are silent at random the true class rises by 0.76 (0.07) with the share of 30 donors in
the survey of migrants and by 0.86 (0.04) in the synthetic country (6 and 2 samples); with a share that five donors draw towards the mean
by 0.89 and 1.00."""
LEAST = 1e-9
REACH = 5.0
"""Log odds within which the mean of the draws is sought."""
STREAM = 3
"""Tells these random numbers from those by which donors were drawn."""
Classes = npt.NDArray[np.int8]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Open:
    """The recipients of one outcome: people whose class is open.

    Attributes
    ----------
    drawn : int8 array, shape (recipients, draws)
        Their classes with answers missing at random.
    probability : array, shape (recipients,)
        Of being a case, with answers missing at random.
    reasons : array, shape (recipients, reasons)
        The share of each of REASONS among their unknown answers.
    random : array, shape (recipients, draws)
        Uniform numbers, the same under every delta and in every order of the rows.
    """

    drawn: Classes
    probability: Floats
    reasons: Floats
    random: Floats

    def concerned(self, names: Sequence[str]) -> Bools:
        """Who has an unknown answer for one of these reasons."""
        return self.reasons[:, [REASONS.index(name) for name in names]].sum(axis=1) > 0

    def under(self, odds: float, names: Sequence[str]) -> Classes:
        """The classes with the odds of a case multiplied, of answers unknown for these reasons.

        Notes
        -----
        With π the probability and P = dπ/(dπ + 1 − π), d = odds^(share of the reasons): a draw that is no case becomes one with
        probability (P − π)/(1 − π), one that is a case is none any more with probability 1 − P/π, by numbers that are the same for
        every d. So d = 1 leaves the draws as they are, and more odds turn draws into cases only.
        """
        shares = self.reasons[:, [REASONS.index(name) for name in names]].sum(axis=1)
        if odds in (0.0, math.inf):
            return np.where((shares > 0)[:, None], np.int8(odds > 0), self.drawn).astype(np.int8)
        times, pi = odds**shares, self.probability
        wanted = times * pi / (times * pi + 1 - pi)
        up, down = np.maximum(wanted - pi, 0) / (1 - pi), 1 - np.minimum(wanted / pi, 1)
        turned = np.where(self.drawn == 1, self.random >= down[:, None], self.random < up[:, None])
        return turned.astype(np.int8)


def open_of(imputation: Any, outcome: str) -> Open:
    """Read the recipients of one outcome from what `fl.impute` gave."""
    drawn = np.asarray(imputation.drawn[outcome], dtype=np.int8)
    of_row = imputation.persons.of_row
    size = len(drawn)
    rank = np.full(size, len(of_row), dtype=np.intp)
    np.minimum.at(rank, of_row, imputation.pool.random)
    uniform = np.random.default_rng([imputation.seed, STREAM]).random(drawn.shape)
    return Open(
        drawn=drawn,
        probability=_probability(imputation, outcome, of_row, drawn),
        reasons=_mean_of(imputation.pool.reasons, of_row, size),
        random=uniform[np.argsort(np.argsort(rank, kind="stable"))],
    )


def _probability(imputation: Any, outcome: str, of_row: Positions, drawn: Classes) -> Floats:
    """The weighted share of a recipient's candidates that make it a case, drawn towards the mean by `PRIOR` donors.

    Of several open rows of a person one is enough. The odds of all are multiplied so that they are right in the mean of the draws.
    """
    pool = imputation.pool
    classes = pool.classes[outcome]
    usable = np.where((pool.weight > 0) & (classes >= 0), pool.weight, 0.0)
    count, whole = (usable > 0).sum(axis=1), usable.sum(axis=1)
    share = np.divide((usable * (classes == 1)).sum(axis=1), whole, out=np.zeros(len(whole)), where=whole > 0)
    # Where no candidate makes anybody a case the draws say the same, and half a case among all keeps the odds defined.
    mean = max(float(share.mean()) if len(share) else 0.0, 0.5 / (1.0 + drawn.size))
    none = np.ones(len(drawn))
    np.multiply.at(none, of_row, 1 - np.clip((count * share + PRIOR * mean) / (count + PRIOR), LEAST, 1 - LEAST))
    return _right_in_the_mean(np.clip(1 - none, LEAST, 1 - LEAST), float(drawn.mean()) if drawn.size else 0.0)


def _right_in_the_mean(probability: Floats, mean: float) -> Floats:
    """The probabilities with their odds multiplied by one number, so that their mean is this; as they are where none does it."""

    def shifted(log: float) -> Floats:
        return probability * np.exp(log) / (probability * np.exp(log) + 1 - probability)

    ends = (-REACH, REACH)
    if not len(probability) or not shifted(ends[0]).mean() < mean < shifted(ends[1]).mean():
        return probability
    result = brentq(lambda log: float(shifted(log).mean()) - mean, *ends)
    return np.clip(shifted(float(result)), LEAST, 1 - LEAST)  # pyright: ignore[reportArgumentType]


def _mean_of(values: Floats, of_row: Positions, size: int) -> Floats:
    sums, rows = np.zeros((size, values.shape[1])), np.bincount(of_row, minlength=size)
    np.add.at(sums, of_row, values)
    return sums / np.maximum(rows, 1)[:, None]


def redrawn(imputation: Any, drawn: Mapping[str, Classes], *, draws: int | None = None) -> Any:
    """The same people with other draws of some outcomes, without a new search for donors."""
    made = copy(imputation)
    # What was drawn is kept in the object once it was asked for: the copy is given its own.
    vars(made)["drawn"] = {**imputation.drawn, **drawn} if draws is None else dict(drawn)
    if draws is not None:
        vars(made)["draws"] = draws
    return made
