"""Who may give an answer: for every recipient the nearest rows that answered what it did not. Nothing is drawn or classified."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from fl_estimate.arrays import Bools, Floats, Places
from fl_estimate.estimators.imputation.kinds import Kinds, Likeness
from fl_estimate.estimators.imputation.scores import (
    RIDGE,
    SUM_RIDGE,
    Score,
    discrimination,
    fitted_effects,
    level_effects,
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
class Neighbours:
    """The nearest donors of the rows of one pattern, nearest first; -1 where there are no more.

    Attributes
    ----------
    donors : int array, shape (recipients, k)
    found : int
        Donors that answered the whole pattern.
    discrimination : float
        As of `Score`.
    """

    donors: npt.NDArray[np.intp]
    found: int
    discrimination: float


@dataclass(frozen=True, kw_only=True, eq=False)
class Given:
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
        table = pd.DataFrame({"kind": np.repeat(kinds.of_row, kinds.levels.shape[1]), "level": kinds.levels.ravel()})
        counted = table.groupby(["kind", "level"], sort=True).size()
        self._cell_kind = counted.index.get_level_values(0).to_numpy()
        self._cell_level = counted.index.get_level_values(1).to_numpy()
        self._cell_n = counted.to_numpy(dtype=float)
        self._n_levels = int(kinds.levels.max(initial=-1)) + 1

    def answered(self, group: int, pattern: Bools) -> Places:
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

    def nearest(self, rows: Places, group: int, pattern: Bools, *, k: int, given: Given | None = None) -> Neighbours:
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
        found = np.full((len(rows), k), -1, dtype=np.intp)
        distinct, inverse = np.unique(states[self._kinds.of_row[rows]], axis=0, return_inverse=True)
        ranked: list[tuple[float, int]] = []
        for place, state in enumerate(distinct):
            at = np.flatnonzero(inverse.ravel() == place)
            alike = usable[(states[usable] == state).all(axis=1)]
            enough = self._kinds.sizes[alike].sum() >= ENOUGH
            near = self._near(rows[at], alike if enough else usable, pattern, k, None)
            found[at] = near.donors
            ranked.append((near.discrimination, len(at)))
        known = [each for each in ranked if not np.isnan(each[0])]
        mean = sum(each * size for each, size in known) / sum(size for _, size in known) if known else float("nan")
        return Neighbours(donors=found, found=int(self._kinds.sizes[usable].sum()), discrimination=mean)

    def _near(self, rows: Places, usable: Places, pattern: Bools, k: int, given: Given | None) -> Neighbours:
        kinds, likeness = self._kinds, self._likeness
        found = np.full((len(rows), k), -1, dtype=np.intp)
        used = np.ones(int(likeness.item.max(initial=-1)) + 1, dtype=bool)
        used[likeness.item[pattern]] = False
        score = self._score(usable, pattern, used)
        if not len(usable):
            return Neighbours(donors=found, found=0, discrimination=score.discrimination)
        sizes = kinds.sizes[usable]
        for place, row in enumerate(rows):
            true, unknown = self._own(row) if given is None else (given.true[place], given.unknown[place])
            seen = used & ~unknown
            gap, rough = self._gaps(self._items[usable], true, seen, score)
            order = np.argsort(rough, kind="stable")
            at = order[: 1 + int(np.searchsorted(np.cumsum(np.minimum(sizes[order], LOOKED_AT)), LOOKED_AT))]
            donors, of = self._rows(usable[at], row, k)
            donors, of = donors[donors != row], of[donors != row]
            distance = self._distance(row, donors, gap[at][of], rough[at][of], score)
            # of many that are equally near every recipient has others, lest a few donors give all the answers
            tie = _shuffled(likeness.order[donors], int(likeness.order[row]))
            chosen = np.lexsort((tie, distance.round(9)))[:k]
            found[place, : len(chosen)] = donors[chosen]
        return Neighbours(donors=found, found=int(sizes.sum()), discrimination=score.discrimination)

    def _gaps(self, items: Bools, mine: Bools, seen: Bools, score: Score) -> tuple[Floats, Floats]:
        """By how much the log odds of kinds differ from a recipient's, and how far apart their answers make them."""
        at = np.flatnonzero(seen)
        items, mine = items[:, at], mine[at]
        dimension = self._likeness.dimension[at]
        unlike = items != mine
        own = unlike @ (OWN * np.abs(score.effects[at]) + DIFFERENT)
        gap = items @ score.effects[at] - mine @ score.effects[at]
        for place in np.unique(dimension):
            here = dimension == place
            counts, count = items[:, here].sum(axis=1), int(mine[here].sum())
            gap += score.counts[place] * (counts - count) + score.some[place] * ((counts > 0) - float(count > 0))
            # whoever told of nothing in a dimension is another than who told of something, whatever else makes up for it
            own += np.abs(score.some[place] + score.counts[place]) * ((counts > 0) != (count > 0))
        if self._by_score:
            return gap, PREDICTED * np.abs(gap) + own
        return gap, own + unlike @ np.abs(score.effects[at])

    def told(self, rows: Places, columns: Places, donors: Places) -> Given:
        """What is known of rows once they have the answers of some columns from donors; each row with its one donor."""
        kinds, item = self._kinds, self._likeness.item
        own = kinds.of_row[rows]
        true, unknown = kinds.true[own] & ~kinds.unknown[own], kinds.unknown[own].copy()
        there = donors >= 0
        of = kinds.of_row[np.where(there, donors, 0)]
        true[:, columns] = np.where(there[:, None], kinds.true[np.ix_(of, columns)], true[:, columns])
        unknown[:, columns] &= ~there[:, None]
        known = _by_item(true, item)
        return Given(true=known, unknown=_by_item(unknown, item) & ~known)

    def _own(self, row: int) -> tuple[Bools, Bools]:
        own = self._kinds.of_row[row]
        return self._items[own], self._unknown_items[own]

    def _distance(self, row: int, donors: Places, gap: Floats, rough: Floats, score: Score) -> Floats:
        likeness, levels = self._likeness, self._kinds.levels
        shift = score.levels[levels[donors]].sum(axis=1) - score.levels[levels[row]].sum()
        base = rough + PREDICTED * (np.abs(gap + shift) - np.abs(gap)) if self._by_score else rough
        base = base + (likeness.codes[donors] != likeness.codes[row]) @ likeness.weights
        years = np.abs(likeness.ages[donors] - likeness.ages[row]) / AGE_SCALE
        return base + AGE_WEIGHT * np.minimum(np.nan_to_num(years, nan=1.0), 1.0)

    def _rows(self, chosen: Places, row: int, k: int) -> tuple[Places, Places]:
        """Rows of some kinds, and which of the kinds each is of: of a large kind those of the same cell and a sample of the rest."""
        kinds = self._kinds
        parts: list[Places] = []
        of: list[Places] = []
        for place, kind in enumerate(chosen):
            start, end = kinds.starts[kind], kinds.starts[kind + 1]
            if end - start <= LOOKED_AT:
                rows = kinds.sorted_rows[start:end]
            else:
                rows = self._sampled(kinds.sorted_rows[start:end], row, k)
            parts.append(rows)
            of.append(np.full(len(rows), place))
        return np.concatenate(parts), np.concatenate(of)

    def _sampled(self, rows: Places, row: int, k: int) -> Places:
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

    def _score(self, usable: Places, pattern: Bools, used: Bools) -> Score:
        """Fit what the other answers and covariates say of a pattern."""
        kinds, dimension = self._kinds, self._likeness.dimension
        width, dimensions = len(used), int(dimension.max(initial=-1)) + 1
        none = Score(
            effects=np.zeros(width),
            counts=np.zeros(dimensions),
            some=np.zeros(dimensions),
            levels=np.zeros(self._n_levels),
            discrimination=float("nan"),
        )
        sizes = kinds.sizes[usable].astype(float)
        told = sizes * kinds.true[np.ix_(usable, np.flatnonzero(pattern))].any(axis=1)
        if not told.sum() or told.sum() == sizes.sum():
            return none
        items = (self._items[usable] & used).astype(float)
        counts = np.stack([items[:, dimension == place].sum(axis=1) for place in range(dimensions)], axis=1)
        x = np.column_stack([items, counts, (counts > 0).astype(float)])
        penalty = np.concatenate([np.full(width, RIDGE), np.full(2 * dimensions, SUM_RIDGE)])
        effects, expected = fitted_effects(x, told, sizes, penalty)
        chance, share = np.zeros(len(kinds.group)), np.zeros(len(kinds.group))
        chance[usable], share[usable] = expected, told / sizes
        by = [self._by_level(each) for each in (share, chance)]
        return Score(
            effects=effects[:width],
            counts=effects[width : width + dimensions],
            some=effects[width + dimensions :],
            levels=level_effects(by[0], by[1]),
            discrimination=discrimination(x @ effects, told, sizes),
        )

    def _by_level(self, of_kind: Floats) -> Floats:
        """Sums over the rows of each level of the covariates."""
        weights = self._cell_n * of_kind[self._cell_kind]
        return np.bincount(self._cell_level, weights=weights, minlength=self._n_levels)


def _every(rows: Places, start: float) -> Places:
    """Every so-manieth of many rows, from a start between 0 and 1."""
    step = len(rows) / (LOOKED_AT // 2)
    return rows[((np.arange(LOOKED_AT // 2) + start) * step).astype(np.intp)]


def _shuffled(order: Places, of: int) -> npt.NDArray[np.uint64]:
    """Numbers in an order of their own for each recipient. The mixing of splitmix64 (Steele, Lea and Flood 2014)."""
    mixed = (order.astype(np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    mixed ^= np.uint64((of + 1) * 0xBF58476D1CE4E5B9 % 2**64)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))


def _by_item(columns: Bools, item: Places) -> Bools:
    """Whether any column of each question is set."""
    found = np.zeros((len(columns), int(item.max(initial=-1)) + 1), dtype=bool)
    for place, question in enumerate(item):
        found[:, question] |= columns[:, place]
    return found


def covariate_codes(columns: Sequence[pd.Series]) -> npt.NDArray[np.int32]:
    """Columns as numbers in the order of their labels, one column each; what is missing is a value of its own."""
    coded = [
        pd.factorize(column.astype(object).where(column.notna(), "").astype(str), sort=True)[0] for column in columns
    ]
    return np.stack(coded, axis=1).astype(np.int32)
