"""Which conditional log-linear models there are to choose from, and the one of least BIC or AIC among them. No public name."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from fl_estimate.arrays import Floats
from fl_estimate.errors import EstimateFault
from fl_estimate.estimators.capture_recapture.conditional_em import FittedCells, fit_cells
from fl_estimate.estimators.capture_recapture.conditional_model import ConditionalListModel, Formulas, list_model
from fl_estimate.estimators.capture_recapture.covariate_formulas import FormulaColumns, columns_of
from fl_estimate.estimators.capture_recapture.people_cells import Blind, CovariateCells, Records
from fl_estimate.estimators.capture_recapture.terms import Term

OUT, COMMON, BY_LIST = 0, 1, 2
"""A covariate has no effect, one that all lists share, or one for each list."""
ALL = 200
"""Most models of which all are fitted; of more, one step at a time is taken downhill."""
GAIN = 1e-7
"""Less of a criterion than this is no step."""
_OF_LISTS, _COMMON = "\x1fby list", "\x1fcommon"
"""Names in the place of formulas, that no formula has."""


@dataclass(frozen=True, kw_only=True)
class ConditionalModelChoice:
    """One model: its interactions of lists, and how each term of the covariates enters."""

    interactions: frozenset[Term]
    effects: tuple[int, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class Scored:
    """A model with its fit and criterion."""

    choice: ConditionalModelChoice
    model: ConditionalListModel
    fitted: FittedCells
    criterion: float


@dataclass(frozen=True, kw_only=True, eq=False)
class Space:
    """What is chosen among.

    Attributes
    ----------
    records, cells, strata, blind
        As `list_model` and `fit_cells` take them.
    covariates : mapping of str to frozenset of str
        Terms with their factors: a term comes in after the terms of fewer of its factors, and never by more lists.
    dependence : str
    max_order : int
    criterion : {"bic", "aic"}
    """

    records: Records
    cells: CovariateCells
    strata: np.ndarray[tuple[int, ...], np.dtype[np.intp]]
    blind: Blind | None
    covariates: Mapping[str, frozenset[str]]
    formula: str
    dependence: str
    max_order: int
    criterion: str

    @property
    def lists(self) -> int:
        """How many there are."""
        return len(self.records.lists)

    def smallest(self) -> ConditionalModelChoice:
        """No interaction, no covariate."""
        return ConditionalModelChoice(interactions=frozenset(), effects=(OUT,) * len(self.covariates))

    def starts(self) -> tuple[ConditionalModelChoice, ...]:
        """Where a search sets out: without covariates, and with all of them by list."""
        full = replace(self.smallest(), effects=(BY_LIST,) * len(self.covariates))
        return tuple(dict.fromkeys((self.smallest(), full)))

    def neighbours(self, choice: ConditionalModelChoice) -> Iterator[ConditionalModelChoice]:
        """Models with one interaction more or less, or one term of the covariates a step up or down."""
        for term in self._interactions():
            now = choice.interactions
            if term in now:
                if not any(set(term) < set(other) for other in now):
                    yield replace(choice, interactions=now - {term})
            elif all(part in now for part in itertools.combinations(term, len(term) - 1) if len(part) > 1):
                yield replace(choice, interactions=now | {term})
        factors = list(self.covariates.values())
        for position, effect in enumerate(choice.effects):
            for step in (-1, 1):
                moved = (*choice.effects[:position], effect + step, *choice.effects[position + 1 :])
                if OUT <= effect + step <= BY_LIST and _hierarchical(moved, factors):
                    yield replace(choice, effects=moved)

    def _interactions(self) -> list[Term]:
        most = min(self.max_order, self.lists - 1)
        return [term for size in range(2, most + 1) for term in itertools.combinations(range(self.lists), size)]


def _hierarchical(effects: tuple[int, ...], factors: list[frozenset[str]]) -> bool:
    return all(
        effects[one] <= effects[other]
        for one, other in itertools.permutations(range(len(factors)), 2)
        if factors[other] < factors[one]
    )


class Scores:
    """Criteria of models over one file, each model fitted once."""

    def __init__(
        self,
        space: Space,
        cells: CovariateCells,
        models: dict[ConditionalModelChoice, ConditionalListModel],
        columns: FormulaColumns,
    ) -> None:
        self.space, self.cells, self._models, self._columns = space, cells, models, columns
        self.seen: dict[ConditionalModelChoice, Scored | None] = {}

    @classmethod
    def over(cls, space: Space) -> Scores:
        """Of the people that were read."""
        columns = columns_of(f"1 + {space.formula}", space.records.frame.dropna(), space.cells.frame)
        return cls(space, space.cells, {}, columns)

    def again(self, cells: CovariateCells) -> Scores:
        """Of people drawn: the models are laid out already."""
        return Scores(self.space, cells, self._models, self._columns)

    def of(self, choice: ConditionalModelChoice) -> Scored | None:
        """A model's fit; None where it has no estimate."""
        if choice not in self.seen:
            self.seen[choice] = self._fitted(choice)
        return self.seen[choice]

    def _fitted(self, choice: ConditionalModelChoice) -> Scored | None:
        try:
            model = self._model(choice)
            fitted = fit_cells(model.softmax, self.cells, self.space.strata)
        except EstimateFault as fault:
            if fault.code in ("FL-EST-172", "FL-EST-173", "FL-EST-178"):
                return None
            raise
        number = len(fitted.kept) + len(fitted.empty)
        each = float(np.log(self.cells.people.sum())) if self.space.criterion == "bic" else 2.0
        return Scored(choice=choice, model=model, fitted=fitted, criterion=each * number - 2 * fitted.log_likelihood)

    def _model(self, choice: ConditionalModelChoice) -> ConditionalListModel:
        if choice not in self._models:
            space = self.space
            named = dict(zip(space.covariates, choice.effects, strict=True))
            by_list = self._columns.of({"1", *(term for term, effect in named.items() if effect == BY_LIST)})
            common = self._columns.of({term for term, effect in named.items() if effect == COMMON})
            terms = [(position,) for position in range(space.lists)]
            terms += sorted(choice.interactions, key=lambda term: (len(term), term))
            self._models[choice] = list_model(
                space.records, space.cells, tuple(terms),
                Formulas(by_list=_OF_LISTS, common=_COMMON if common.names else "", dependence=space.dependence),
                space.blind, {_OF_LISTS: by_list, _COMMON: common},
            )  # fmt: skip
        return self._models[choice]

    def ranked(self) -> list[Scored]:
        """Models fitted, the least criterion first."""
        found = [one for one in self.seen.values() if one is not None]
        return sorted(found, key=lambda one: (one.criterion, len(one.fitted.kept)))


def every(space: Space) -> list[ConditionalModelChoice] | None:
    """All models there are; None where they are too many to be fitted."""
    found = {space.smallest(): None}
    queue = list(found)
    while queue:
        for one in space.neighbours(queue.pop()):
            if one not in found:
                found[one] = None
                queue.append(one)
        if len(found) > ALL:
            return None
    return list(found)


def downhill(
    scores: Scores, start: ConditionalModelChoice, progress: Callable[[str], None] | None = None
) -> Scored | None:
    """Take the step that gains most until none gains; None where no model on the way has an estimate."""
    best = scores.of(start)
    at = start
    while True:
        near = [one for one in map(scores.of, scores.space.neighbours(at)) if one is not None]
        if progress is not None:
            progress(f"{len(scores.seen)} models fitted")
        if not near:
            return best
        least = min(near, key=lambda one: one.criterion)
        if best is not None and least.criterion >= best.criterion - GAIN:
            return best
        best, at = least, least.choice


def sizes(scored: list[Scored]) -> Floats:
    """What each model says the population is."""
    return np.array([float((one.fitted.model.people * (1 + one.fitted.unseen)).sum()) for one in scored])
