"""Who may give an answer: for every recipient the nearest rows that answered what it did not. Nothing is drawn or classified."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from fl_estimate.arrays import Bools, Floats, Positions
from fl_estimate.estimators.imputation.kinds import Kinds, Likeness
from fl_estimate.estimators.imputation.scores import (
    MOST_ROWS,
    RIDGE,
    SUM_RIDGE,
    Score,
    discrimination,
    fitted_effects,
)

FEWEST = 5
"""Donors below which a pattern of unknown answers is split; and of how many the nearest a draw chooses."""
AGE_SCALE, AGE_WEIGHT = 20.0, 0.1
PREDICTED, OWN, DIFFERENT = 3.0, 0.1, 0.005
"""What the difference in predicted log odds counts; what an answer in which two differ does, in shares of its own log odds ratio;
and what it does at the least. Answers of their own decide between rows of which the same is predicted: counted in full they would
prefer donors who told of less than the recipient, of whom there are more."""
ENOUGH = 60
"""Donors whose class hangs on the same answers as the recipient's, from which on no others are looked at."""
LOOKED_AT = 4_000
"""Rows whose distance to one recipient is worked out; beyond, only rows that are nearer by their answers."""


@dataclass(frozen=True, kw_only=True, eq=False)
class NearestDonors:
    """The nearest donors of the rows of one pattern, nearest first; -1 where there are no more.

    Attributes
    ----------
    donors : int array, shape (recipients, k)
    chance : array, shape (recipients, k)
        The predicted probability that a donor tells of something in the pattern.
    own : array, shape (recipients,)
        That of the recipient.
    n_complete : int
        Donors that answered the whole pattern.
    discrimination : float
        As of `Score`.
    """

    donors: npt.NDArray[np.intp]
    chance: Floats
    own: Floats
    n_complete: int
    discrimination: float


@dataclass(frozen=True, kw_only=True, eq=False)
class KnownAnswers:
    """What is known of some rows, question by question.

    Attributes
    ----------
    true, unknown : array of bool, shape (rows, items)
    """

    true: Bools
    unknown: Bools


class DonorSearch:
    """The kinds of one survey, and the nearest rows among them."""

    def __init__(
        self,
        likeness: Likeness,
        kinds: Kinds,
        *,
        by_score: bool,
        states: Callable[[int, Bools], npt.NDArray[np.int8]] | None = None,
    ) -> None:
        self._likeness, self._kinds, self._by_score, self._states = likeness, kinds, by_score, states
        self._items = _by_item(kinds.true & ~kinds.unknown, likeness.item)
        self._unknown_items = _by_item(kinds.unknown, likeness.item) & ~self._items
        self._level_ridge = level_ridge(kinds.levels, likeness.ridge)

    def answered(self, group: int, pattern: Bools) -> Positions:
        """The kinds that answered a whole pattern."""
        return np.flatnonzero(self._givers(group) & ~(self._kinds.unknown & pattern).any(axis=1))

    def count(self, group: int, pattern: Bools) -> int:
        """How many rows answered a whole pattern."""
        return int(self._kinds.sizes[self.answered(group, pattern)].sum())

    def answers(self, group: int) -> Bools:
        """Which columns somebody of a group answered."""
        return (~self._kinds.unknown[self._givers(group)]).any(axis=0)

    def _givers(self, group: int) -> Bools:
        """The kinds of a group whose answers others may have."""
        return (self._kinds.group == group) & self._kinds.gives

    def nearest(
        self, rows: Positions, group: int, pattern: Bools, *, k: int, given: KnownAnswers | None = None
    ) -> NearestDonors:
        """Find the donors of rows with one pattern of unknown answers.

        Parameters
        ----------
        rows : int array
            Recipients, of one group.
        group : int
        pattern : array of bool, shape (columns,)
            Answers to be drawn.
        k : int
        given : Given, optional
            What else is known of each of the rows, answers drawn before among it.
        """
        if self._states is None or given is not None:
            return self._near(rows, self.answered(group, pattern), pattern, k, given)
        states = self._states(group, pattern)
        usable = self.answered(group, pattern)
        found, chance, own = np.full((len(rows), k), -1, dtype=np.intp), np.zeros((len(rows), k)), np.zeros(len(rows))
        distinct, inverse = np.unique(states[self._kinds.of_row[rows]], axis=0, return_inverse=True)
        ranked: list[tuple[float, int]] = []
        for position, state in enumerate(distinct):
            at = np.flatnonzero(inverse.ravel() == position)
            alike = usable[(states[usable] == state).all(axis=1)]
            enough = self._kinds.sizes[alike].sum() >= ENOUGH
            near = self._near(rows[at], alike if enough else usable, pattern, k, None)
            found[at], chance[at], own[at] = near.donors, near.chance, near.own
            ranked.append((near.discrimination, len(at)))
        known = [each for each in ranked if not np.isnan(each[0])]
        mean = sum(each * size for each, size in known) / sum(size for _, size in known) if known else float("nan")
        size = int(self._kinds.sizes[usable].sum())
        return NearestDonors(donors=found, chance=chance, own=own, n_complete=size, discrimination=mean)

    def _near(
        self, rows: Positions, usable: Positions, pattern: Bools, k: int, given: KnownAnswers | None
    ) -> NearestDonors:
        kinds, likeness = self._kinds, self._likeness
        found, chance, mine = np.full((len(rows), k), -1, dtype=np.intp), np.zeros((len(rows), k)), np.zeros(len(rows))
        used = np.ones(int(likeness.item.max(initial=-1)) + 1, dtype=bool)
        used[likeness.item[pattern]] = False
        score = self._score(usable, pattern, used)
        if not len(usable):
            return NearestDonors(
                donors=found, chance=chance, own=mine, n_complete=0, discrimination=score.discrimination
            )
        sizes = kinds.sizes[usable]
        for position, row in enumerate(rows):
            true, unknown = self._own(row) if given is None else (given.true[position], given.unknown[position])
            seen = used & ~unknown
            gap, rough = self._gaps(self._items[usable], true, seen, score)
            order = np.argsort(rough, kind="stable")
            at = order[: 1 + int(np.searchsorted(np.cumsum(np.minimum(sizes[order], LOOKED_AT)), LOOKED_AT))]
            donors, of = self._rows(usable[at], row, k)
            donors, of = donors[donors != row], of[donors != row]
            shift = score.levels[kinds.levels[donors]].sum(axis=1) - score.levels[kinds.levels[row]].sum()
            distance = self._distance(row, donors, gap[at][of], shift, rough[at][of])
            # of many that are equally near every recipient has others, lest a few donors give all the answers
            tie = _shuffled(likeness.order[donors], int(likeness.order[row]))
            chosen = np.lexsort((tie, distance.round(9)))[:k]
            found[position, : len(chosen)] = donors[chosen]
            if self._by_score:
                odds = self._log_odds(row, true & seen, score)
                mine[position], chance[position, : len(chosen)] = (
                    _chance(odds),
                    _chance(odds + (gap[at][of] + shift)[chosen]),
                )
        return NearestDonors(
            donors=found, chance=chance, own=mine, n_complete=int(sizes.sum()), discrimination=score.discrimination
        )

    def _log_odds(self, row: int, items: Bools, score: Score) -> float:
        """What is predicted of a recipient, by what it told of."""
        dimension = self._likeness.dimension
        counts = np.bincount(dimension[items], minlength=len(score.counts))
        told = items @ score.effects + counts @ score.counts + (counts > 0) @ score.some
        return float(score.intercept + told + score.levels[self._kinds.levels[row]].sum())

    def _gaps(self, items: Bools, mine: Bools, seen: Bools, score: Score) -> tuple[Floats, Floats]:
        """By how much the log odds of kinds differ from a recipient's, and how far apart their answers make them."""
        at = np.flatnonzero(seen)
        items, mine = items[:, at], mine[at]
        dimension = self._likeness.dimension[at]
        unlike = items != mine
        own = unlike @ (OWN * np.abs(score.effects[at]) + DIFFERENT)
        gap = items @ score.effects[at] - mine @ score.effects[at]
        for position in np.unique(dimension):
            here = dimension == position
            counts, count = items[:, here].sum(axis=1), int(mine[here].sum())
            gap += score.counts[position] * (counts - count) + score.some[position] * ((counts > 0) - float(count > 0))
            # whoever told of nothing in a dimension is another than who told of something, whatever else makes up for it
            own += np.abs(score.some[position] + score.counts[position]) * ((counts > 0) != (count > 0))
        if self._by_score:
            return gap, PREDICTED * np.abs(gap) + own
        return gap, own + unlike @ np.abs(score.effects[at])

    def known_answers(self, rows: Positions, columns: Positions, donors: Positions) -> KnownAnswers:
        """What is known of rows once they have the answers of some columns from donors; each row with its one donor."""
        kinds, item = self._kinds, self._likeness.item
        own = kinds.of_row[rows]
        true, unknown = kinds.true[own] & ~kinds.unknown[own], kinds.unknown[own].copy()
        there = donors >= 0
        of = kinds.of_row[np.where(there, donors, 0)]
        true[:, columns] = np.where(there[:, None], kinds.true[np.ix_(of, columns)], true[:, columns])
        unknown[:, columns] &= ~there[:, None]
        known = _by_item(true, item)
        return KnownAnswers(true=known, unknown=_by_item(unknown, item) & ~known)

    def _own(self, row: int) -> tuple[Bools, Bools]:
        own = self._kinds.of_row[row]
        return self._items[own], self._unknown_items[own]

    def _distance(self, row: int, donors: Positions, gap: Floats, shift: Floats, rough: Floats) -> Floats:
        likeness = self._likeness
        base = rough + PREDICTED * (np.abs(gap + shift) - np.abs(gap)) if self._by_score else rough
        base = base + (likeness.codes[donors] != likeness.codes[row]) @ likeness.weights
        years = np.abs(likeness.ages[donors] - likeness.ages[row]) / AGE_SCALE
        return base + AGE_WEIGHT * np.minimum(np.nan_to_num(years, nan=1.0), 1.0)

    def _rows(self, chosen: Positions, row: int, k: int) -> tuple[Positions, Positions]:
        """Rows of some kinds, and which of the kinds each is of: of a large kind those of the same cell and a sample of the rest."""
        kinds = self._kinds
        sizes = kinds.sizes[chosen]
        if sizes.max(initial=0) <= LOOKED_AT:
            at = np.repeat(kinds.starts[chosen], sizes) + _within(sizes)
            return kinds.sorted_rows[at], np.repeat(np.arange(len(chosen)), sizes)
        parts: list[Positions] = []
        of: list[Positions] = []
        for position, kind in enumerate(chosen):
            start, end = kinds.starts[kind], kinds.starts[kind + 1]
            if end - start <= LOOKED_AT:
                rows = kinds.sorted_rows[start:end]
            else:
                rows = self._sampled(kinds.sorted_rows[start:end], row, k)
            parts.append(rows)
            of.append(np.full(len(rows), position))
        return np.concatenate(parts), np.concatenate(of)

    def _sampled(self, rows: Positions, row: int, k: int) -> Positions:
        """Of many rows, sorted by covariates, those of the recipient's own cell and every so-manieth of all."""
        codes = self._likeness.codes
        start = _shuffled(self._likeness.order[[row]], 0)[0] / 2**64
        spread = _every(rows, start)
        low, high = 0, len(rows)
        for column in range(codes.shape[1]):
            part, value = codes[rows[low:high], column], codes[row, column]
            first, last = np.searchsorted(part, value, side="left"), np.searchsorted(part, value, side="right")
            if last - first < k:
                break
            low, high = low + int(first), low + int(last)
        own = rows[low:high]
        if len(own) > LOOKED_AT // 2:
            own = _every(own, start)
        return np.unique(np.concatenate([own, spread]))

    def _score(self, usable: Positions, pattern: Bools, used: Bools) -> Score:
        """Fit what the other answers and covariates say of a pattern."""
        kinds, dimension = self._kinds, self._likeness.dimension
        width, dimensions, levels = len(used), int(dimension.max(initial=-1)) + 1, len(self._level_ridge)
        sums = width + dimensions
        told = kinds.true[np.ix_(usable, np.flatnonzero(pattern))].any(axis=1)
        if not told.any() or told.all():
            nothing = np.zeros(dimensions)
            return Score(
                effects=np.zeros(width), counts=nothing, some=nothing, levels=np.zeros(levels), intercept=0.0,
                discrimination=float("nan"),
            )  # fmt: skip
        rows, of, counts = self._fitted_rows(usable, told)
        items = (self._items[usable] & used).astype(float)
        many = np.stack([items[:, dimension == position].sum(axis=1) for position in range(dimensions)], axis=1)
        x = np.column_stack([items, many, (many > 0).astype(float)])[of]
        penalty = np.concatenate([np.full(width, RIDGE), np.full(2 * dimensions, SUM_RIDGE)])
        tells = told[of] * counts
        fit = fitted_effects(x, tells, counts, penalty, kinds.levels[rows], self._level_ridge)
        return Score(
            effects=fit.of[:width],
            counts=fit.of[width:sums],
            some=fit.of[sums:],
            levels=fit.levels,
            intercept=fit.intercept,
            discrimination=discrimination(fit.linear, tells, counts),
        )

    def _fitted_rows(self, usable: Positions, telling: Bools) -> tuple[Positions, Positions, Floats]:
        """Rows that a regression is fitted to, which of the kinds each is of, and how many rows each stands for."""
        many = self._kinds.sizes[usable].sum() > MOST_ROWS
        sides = [
            self._some_rows(usable, np.flatnonzero(side), MOST_ROWS // 2 if many else 0) for side in (telling, ~telling)
        ]
        rows, of, weight = (np.concatenate(each) for each in zip(*sides, strict=True))
        return rows, of, weight

    def _some_rows(self, usable: Positions, at: Positions, most: int) -> tuple[Positions, Positions, Floats]:
        """Of some kinds every row, or every so-manieth, so that there are no more than `most`."""
        kinds, sizes = self._kinds, self._kinds.sizes[usable[at]]
        ends = np.cumsum(sizes)
        total = int(sizes.sum())
        taken = np.arange(0, total, max(1, -(-total // most) if most else 1))
        of = np.searchsorted(ends, taken, side="right")
        rows = kinds.sorted_rows[kinds.starts[usable[at]][of] + taken - (ends - sizes)[of]]
        return rows, at[of], np.full(len(taken), total / max(len(taken), 1))


def level_ridge(levels: npt.NDArray[np.int64], ridge: Floats) -> Floats:
    """The prior precision of every level of every covariate."""
    result = np.ones(int(levels.max(initial=-1)) + 1)
    for position, precision in enumerate(ridge):
        result[np.unique(levels[:, position])] = precision
    return result


def _within(sizes: Positions) -> Positions:
    """0, 1, 2, … within each of several runs."""
    return np.arange(int(sizes.sum())) - np.repeat(np.cumsum(sizes) - sizes, sizes)


def _chance(odds: Any) -> Any:
    return 1 / (1 + np.exp(-odds))


def _every(rows: Positions, start: float) -> Positions:
    """Every so-manieth of many rows, from a start between 0 and 1."""
    step = len(rows) / (LOOKED_AT // 2)
    return rows[((np.arange(LOOKED_AT // 2) + start) * step).astype(np.intp)]


def _shuffled(order: Positions, of: int) -> npt.NDArray[np.uint64]:
    """Numbers in an order of their own for each recipient. The mixing of splitmix64 (Steele, Lea and Flood 2014)."""
    mixed = (order.astype(np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    mixed ^= np.uint64((of + 1) * 0xBF58476D1CE4E5B9 % 2**64)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))


def _by_item(columns: Bools, item: Positions) -> Bools:
    """Whether any column of each question is set."""
    result = np.zeros((len(columns), int(item.max(initial=-1)) + 1), dtype=bool)
    for position, question in enumerate(item):
        result[:, question] |= columns[:, position]
    return result


def covariate_codes(columns: Sequence[pd.Series]) -> npt.NDArray[np.int32]:
    """Columns as numbers in the order of their labels, one column each; what is missing is a value of its own."""
    coded = [
        pd.factorize(column.astype(object).where(column.notna(), "").astype(str), sort=True)[0] for column in columns
    ]
    return np.stack(coded, axis=1).astype(np.int32)
