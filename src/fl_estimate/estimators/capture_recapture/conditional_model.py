"""A conditional log-linear model of lists with covariates, as the softmax of histories that `conditional_fit` maximises."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from fl_estimate.arrays import Floats
from fl_estimate.errors import ListsFault, missing_columns
from fl_estimate.estimators.capture_recapture.conditional_fit import Softmax
from fl_estimate.estimators.capture_recapture.covariate_formulas import FormulaColumns, columns_of, read_side
from fl_estimate.estimators.capture_recapture.people_cells import Blind, CovariateCells, Records, open_histories
from fl_estimate.estimators.capture_recapture.terms import Term
from fl_estimate.inputs.histories import all_histories

Sides = str | Mapping[str, str]
REDUNDANT = 1e-8
"""Share of a column's length that must be left beside the columns before it, for it to say anything of its own."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ConditionalListModel:
    """The softmax of histories, and what its scaled columns were.

    Attributes
    ----------
    softmax : Softmax
        Without counts.
    terms : tuple of tuple of int
        Sets of lists; single lists first.
    scale : array, shape (columns,)
        Largest absolute value of each column before it was scaled.
    dropped : tuple of str
        Coefficients that are none, as the list is blind to all the people they speak of.
    """

    softmax: Softmax
    terms: tuple[Term, ...]
    scale: Floats
    dropped: tuple[str, ...]

    def in_units_of(self, fitted: Softmax, values: Floats) -> Floats:
        """Coefficients, or their standard errors, of the columns as they were given."""
        return values / self.scale[fitted.column_of]


@dataclass(frozen=True, kw_only=True)
class Formulas:
    """What the model says of covariates: by list, in common, of the dependence of lists, and of the response to a first capture."""

    by_list: Sides
    common: str
    dependence: str
    behaviour: str = ""

    def needed(self, lists: tuple[str, ...]) -> tuple[str, ...]:
        """Columns that the formulas need.

        Raises
        ------
        ListsFault
            FL-LISTS-01: a formula for what is no list.
        """
        if isinstance(self.by_list, Mapping) and (absent := [name for name in self.by_list if name not in lists]):
            raise missing_columns("FL-LISTS-01", absent, lists, ListsFault)
        sides = [*(self.of_list(name) for name in lists), self.common, self.dependence, self.behaviour]
        return tuple(dict.fromkeys(name for side in sides if side for name in read_side(side)[1]))

    def of_list(self, name: str) -> str:
        """The formula of one list."""
        return self.by_list if isinstance(self.by_list, str) else self.by_list.get(name, "1")


def list_model(
    records: Records, cells: CovariateCells, terms: tuple[Term, ...], formulas: Formulas, blind: Blind | None,
    evaluated: Mapping[str, FormulaColumns] | None = None,
) -> ConditionalListModel:  # fmt: skip
    """Lay the columns of every coefficient out, and the histories that people of each cell can have.

    Parameters
    ----------
    evaluated : mapping of str to Columns, optional
        Columns that stand for names in the place of formulas.

    Raises
    ------
    EstimateFault
        FL-EST-170, FL-EST-174.
    """
    members = all_histories(len(records.lists))
    pattern, opened = open_histories(cells, records.lists, blind)
    table = _CoefficientTable()
    complete = records.frame.dropna()
    made = dict(evaluated or {})

    def columns(side: str) -> FormulaColumns:
        if side not in made:
            made[side] = columns_of(side, complete, cells.frame)
        return made[side]

    intercepts = False
    for position, term in enumerate(terms):
        side = columns(formulas.of_list(records.lists[term[0]]) if len(term) == 1 else formulas.dependence)
        intercepts |= len(term) == 1 and "Intercept" in side.names
        label = ":".join(records.lists[one] for one in term)
        visible = opened[:, members[:, list(term)].all(axis=1)].any(axis=1)[pattern]
        for name, values in _own_columns(side, visible if blind else None, label, table.dropped):
            table.add(label if name == "Intercept" else f"{label}, {name}", name, values, [position])
    if formulas.common:
        shared = columns(formulas.common)
        shared = shared.without_intercept() if intercepts else shared
        singles = [position for position, term in enumerate(terms) if len(term) == 1]
        for name, values in zip(shared.names, shared.values.T, strict=True):
            table.add(f"all lists, {name}", name, values, singles)
    held = np.stack([members[:, list(term)].all(axis=1) for term in terms], axis=1).astype(float)
    softmax, scale = table.softmax(held, pattern, opened, len(cells.frame))
    return ConditionalListModel(softmax=softmax, terms=terms, scale=scale, dropped=tuple(table.dropped))


class _CoefficientTable:
    """Coefficients as they come, columns of the same values once."""

    def __init__(self) -> None:
        self.columns: list[Floats] = []
        self.positions_of: dict[str, list[int]] = {}
        self.names: list[str] = []
        self.column_of: list[int] = []
        self.positions: list[list[int]] = []
        self.dropped: list[str] = []

    def add(self, name: str, column: str, values: Floats, positions: list[int]) -> None:
        """One coefficient: its column, and the terms that it counts for."""
        known = self.positions_of.setdefault(column, [])
        at = next((one for one in known if np.array_equal(self.columns[one], values)), len(self.columns))
        if at == len(self.columns):
            self.columns.append(values)
            known.append(at)
        self.names.append(name)
        self.column_of.append(at)
        self.positions.append(positions)

    def softmax(
        self, members: Floats, pattern: npt.NDArray[np.intp], opened: npt.NDArray[np.bool_], rows: int
    ) -> tuple[Softmax, Floats]:
        """The model without counts, and the scale of its columns."""
        columns = np.stack(self.columns, axis=1) if self.columns else np.zeros((rows, 0))
        scale = np.abs(columns).max(axis=0, initial=0.0) if rows else np.ones(columns.shape[1])
        scale = np.where(scale > 0, scale, 1.0)
        loads = np.zeros((len(self.names), members.shape[1]))
        for coefficient, positions in enumerate(self.positions):
            loads[coefficient, positions] = 1.0
        made = Softmax(
            columns=columns / scale, members=members, column_of=np.array(self.column_of, dtype=np.intp), loads=loads,
            open=opened, pattern=pattern, people=np.zeros(rows), sums=np.zeros((rows, members.shape[1])),
            names=tuple(self.names),
        )  # fmt: skip
        return made, scale


def _own_columns(
    side: FormulaColumns, visible: npt.NDArray[np.bool_] | None, label: str, dropped: list[str]
) -> list[tuple[str, Floats]]:
    """The columns of a term; without those that say nothing of their own of the people whom its lists can see."""
    every = list(zip(side.names, side.values.T, strict=True))
    if visible is None or visible.all():
        return every
    kept: list[tuple[str, Floats]] = []
    basis = np.zeros((int(visible.sum()), 0))
    for name, values in every:
        part = values[visible]
        rest = part - basis @ (basis.T @ part)
        rest -= basis @ (basis.T @ rest)
        length = float(np.linalg.norm(rest))
        if length <= REDUNDANT * max(float(np.linalg.norm(part)), 1.0):
            dropped.append(label if name == "Intercept" else f"{label}, {name}")
            continue
        basis = np.column_stack([basis, rest / length])
        kept.append((name, values))
    return kept


def without_empty(model: Softmax, by_history: Floats) -> tuple[Softmax, npt.NDArray[np.intp], tuple[int, ...]]:
    """Give dependences of lists that nobody is on together the value that they have then, −∞: such histories do not occur.

    Returns
    -------
    model : Softmax
    kept : int array
        Coefficients of the model given that are left.
    empty : tuple of int
        Places of the terms whose value is −∞.
    """
    sizes = model.members.T @ by_history
    single = np.flatnonzero(model.members.sum(axis=0) == model.members.sum(axis=0).max())
    empty = tuple(int(t) for t in np.flatnonzero(sizes == 0) if t not in single)
    if not empty:
        return model, np.arange(len(model.names)), ()
    gone = model.members[:, list(empty)].any(axis=1)
    alive = np.setdiff1d(np.arange(model.members.shape[1]), empty)
    kept = np.flatnonzero(model.loads[:, alive].any(axis=1))
    left = replace(
        model, open=model.open & ~gone, loads=model.loads[kept], column_of=model.column_of[kept],
        names=tuple(model.names[position] for position in kept),
    )  # fmt: skip
    return left, kept, empty
