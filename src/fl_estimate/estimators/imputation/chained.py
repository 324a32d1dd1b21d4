"""Chained equations: every unknown answer drawn from a regression on all others, in turn. scikit-learn fits them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fl_estimate.arrays import Bools, Floats, Positions
from fl_estimate.estimators.imputation.bootstrap import Units
from fl_estimate.estimators.imputation.kinds import Likeness
from fl_estimate.estimators.imputation.pool import DonorBlock
from fl_estimate.estimators.imputation.scores import discrimination
from fl_estimate.tasks import run_tasks

CHAINS = 5
"""Completions of a row for each draw of the regressions: what a delta chooses among."""
CYCLES = 10
MOST_ROWS = 4_000
"""Rows without the circumstance that a regression is fitted to; a sample stands for the rest, weighted up."""
PENALTY = 1.0
"""Inverse of the penalty on squared log odds ratios, scikit-learn's C."""


@dataclass(frozen=True, kw_only=True, eq=False)
class _ChainedQuestion:
    """One question that is to be drawn for some rows.

    Attributes
    ----------
    item : int
    columns : int array
        Its columns: one, or one for each phase.
    at : int array
        Which of the recipients.
    donors : int array
        Rows that answered all of its columns.
    true : array of bool, shape (donors,)
    """

    item: int
    columns: Positions
    at: Positions
    donors: Positions
    true: Bools


class Chains:
    """Recipients whose unknown answers are drawn in turn, several chains for each draw of the regressions.

    Parameters
    ----------
    likeness : Likeness
    rows : int array, shape (recipients,)
    wanted : array of bool, shape (recipients, columns)
    unit : int array, shape (rows of the survey,)
        First-stage units, and `units` how often each counts in a draw.
    weights : array, shape (rows of the survey,)
    """

    def __init__(
        self, likeness: Likeness, rows: Positions, wanted: Bools, unit: Positions, units: Units, weights: Floats
    ) -> None:
        self._likeness, self._rows, self._unit, self._units = likeness, rows, unit, units
        self._weights = weights
        count = int(likeness.item.max(initial=-1)) + 1
        answered = likeness.true & (likeness.why <= 0)
        self._items = np.zeros((len(likeness.order), count), dtype=bool)
        for column, item in enumerate(likeness.item):
            self._items[:, item] |= answered[:, column]
        self._covariates = _dummies(likeness.codes)
        self.questions = list(self._questions(wanted, count))

    def blocks(self, draws: int, seed: int) -> tuple[DonorBlock, ...]:
        """The rows that every candidate takes each answer from: `CHAINS` candidates a draw."""
        k = draws * CHAINS
        donors = [np.full((len(question.at), k), -1, dtype=np.intp) for question in self.questions]
        scores: list[list[float]] = [[] for _ in self.questions]
        drawn = run_tasks(self._drawn, ((draw, seed) for draw in range(draws)), what="draw of answers")
        for draw, answers in enumerate(drawn):
            part = slice(draw * CHAINS, (draw + 1) * CHAINS)
            for position, (taken, found) in enumerate(answers):
                donors[position][:, part] = taken
                scores[position].append(found)
        return tuple(
            DonorBlock(
                at=question.at,
                columns=question.columns,
                donors=donors[position],
                n_complete=len(question.donors),
                discrimination=float(np.mean(scores[position])),
            )
            for position, question in enumerate(self.questions)
        )

    def _questions(self, wanted: Bools, count: int) -> Iterator[_ChainedQuestion]:
        """Every question to be drawn, by the group of rows that answers it; the one that fewest lack first."""
        likeness, found = self._likeness, list[_ChainedQuestion]()
        for item in range(count):
            columns = np.flatnonzero(likeness.item == item)
            lacking = wanted[:, columns].any(axis=1)
            left = lacking.copy()
            answered = (likeness.why[:, columns] <= 0).all(axis=1) & likeness.gives
            for back in range(int(likeness.group.max(initial=0)) + 1):
                groups = likeness.group[self._rows] - back
                for group in np.unique(groups[left & (groups >= likeness.youngest[self._rows])]):
                    donors = np.flatnonzero(answered & (likeness.group == group))
                    if not len(donors):
                        continue
                    at = np.flatnonzero(left & (groups == group))
                    left[at] = False
                    donors = donors[np.argsort(likeness.order[donors], kind="stable")]
                    true = self._items[donors, item]
                    found.append(_ChainedQuestion(item=item, columns=columns, at=at, donors=donors, true=true))
        return iter(sorted(found, key=lambda question: len(question.at)))

    def _drawn(self, draw: int, seed: int) -> list[tuple[npt.NDArray[np.intp], float]]:
        """One draw of the regressions, and the chains of every recipient under it: which row each answer is taken from."""
        rng = np.random.default_rng([seed, draw, 2])
        counts = self._units.counts(seed, draw)[self._unit]
        models = [self._fitted(question, counts, rng) for question in self.questions]
        known = np.repeat(self._items[self._rows], CHAINS, axis=0)
        beside = np.repeat(self._covariates[self._rows], CHAINS, axis=0)
        for question, (_, _, share, _) in zip(self.questions, models, strict=True):
            at = _chains(question.at)
            known[at, question.item] = rng.random(len(at)) < share
        for _ in range(CYCLES):
            for question, (effects, intercept, _, _) in zip(self.questions, models, strict=True):
                at = _chains(question.at)
                others = known[at].copy()
                others[:, question.item] = False
                linear = intercept + np.column_stack([others, beside[at]]) @ effects
                known[at, question.item] = rng.random(len(at)) < 1 / (1 + np.exp(-linear))
        return [
            (self._taken(question, known, counts, rng), model[3])
            for question, model in zip(self.questions, models, strict=True)
        ]

    def _taken(
        self, question: _ChainedQuestion, known: Bools, counts: Floats, rng: np.random.Generator
    ) -> npt.NDArray[np.intp]:
        """Rows with the answers that were drawn, of those that the bootstrap kept where it kept any."""
        wanted = known[_chains(question.at), question.item]
        taken = np.empty(len(wanted), dtype=np.intp)
        for value in (False, True):
            those = question.donors[question.true == value]
            if not len(those):
                taken[wanted == value] = -1
                continue
            mass = (self._weights * counts)[those]
            mass = mass if mass.sum() > 0 else np.ones(len(those))
            size = int((wanted == value).sum())
            taken[wanted == value] = those[rng.choice(len(those), size=size, p=mass / mass.sum())]
        return taken.reshape(len(question.at), CHAINS)

    def _fitted(
        self, question: _ChainedQuestion, counts: Floats, rng: np.random.Generator
    ) -> tuple[Floats, float, float, float]:
        """Effects, intercept, share and discrimination of one answer, among rows that gave it."""
        from sklearn.linear_model import LogisticRegression

        mass = (self._weights * counts)[question.donors]
        there = np.flatnonzero(mass > 0)
        true, mass = question.true[there], mass[there]
        width = self._items.shape[1] + self._covariates.shape[1]
        share = float((mass * true).sum() / mass.sum()) if mass.sum() > 0 else 0.0
        if not 0 < share < 1:
            return np.zeros(width), 40.0 if share else -40.0, share, float("nan")
        kept, scale = _sampled(true, rng)
        rows = question.donors[there[kept]]
        items = self._items[rows].copy()
        items[:, question.item] = False
        x = np.column_stack([items, self._covariates[rows]]).astype(float)
        weights = mass[kept] * np.where(true[kept], 1.0, scale)
        fit = LogisticRegression(C=PENALTY, max_iter=300).fit(x, true[kept], sample_weight=weights / mass.mean())
        effects = np.asarray(fit.coef_[0], dtype=float)
        ranked = discrimination(x @ effects, weights * true[kept], weights)
        return effects, float(fit.intercept_[0]), share, ranked


def _sampled(true: Bools, rng: np.random.Generator) -> tuple[Positions, float]:
    """All rows where it is true, and of the others at most so many, with what each of these stands for."""
    rest = np.flatnonzero(~true)
    if len(rest) <= MOST_ROWS:
        return np.arange(len(true)), 1.0
    chosen = np.sort(rng.choice(rest, size=MOST_ROWS, replace=False))
    return np.concatenate([np.flatnonzero(true), chosen]), len(rest) / MOST_ROWS


def _chains(at: Positions) -> Positions:
    """The chains of some recipients, one after the other."""
    return (at[:, None] * CHAINS + np.arange(CHAINS)).ravel()


def _dummies(codes: npt.NDArray[np.int32]) -> Bools:
    """Covariates as 0/1 columns, one a level; those of many levels, such as occupations, by their most frequent ones."""
    columns: list[Bools] = []
    for column in codes.T:
        levels, counts = np.unique(column, return_counts=True)
        frequent = levels[np.argsort(-counts, kind="stable")][:MOST_LEVELS]
        columns += [column == level for level in np.sort(frequent)]
    return np.stack(columns, axis=1) if columns else np.zeros((len(codes), 0), dtype=bool)


MOST_LEVELS = 12
