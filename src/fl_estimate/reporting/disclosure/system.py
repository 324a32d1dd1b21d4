"""What is printed, as linear inequalities: the system that a reader can solve for what was withheld. Arrays only."""

# pyright: standard
# scipy has no types: these matrices want stubs of their own before the strict rules can say anything.

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from fl_estimate.arrays import Floats, Positions

Flags = npt.NDArray[np.bool_]
Matrix = Any
"""A scipy CSR matrix: their classes have no types."""

PUBLIC = -1
"""Owner of a row that a reader knows whatever is withheld."""
SLACK = 1e-6
"""What counts as met: HiGHS's own tolerance of feasibility is 1e-7."""
ROUNDS = 60
"""Rounds of tightening; more only make the programmes smaller, never the answer another."""


@dataclass(frozen=True, kw_only=True, eq=False)
class System:
    """Unknowns, what is printed of them, and what must stay open.

    Attributes
    ----------
    lower, upper : array of float, one an unknown
        Known to everybody, finite.
    integer : array of bool
        Unknowns that are counts of respondents; the others are weighted.
    truth : array of float
        The values that the data have; they fit every row.
    matrix, row_lower, row_upper : CSR matrix (rows × unknowns), arrays
        row_lower ≤ matrix · x ≤ row_upper, of the rows that are printed.
    owner : array of int
        The cell with which a row is withheld; `PUBLIC` where it never is.
    targets : CSR matrix (targets × unknowns)
        What must stay open, as sums of unknowns.
    target_cell : array of int
        The cell that a target protects; it binds while that cell is withheld.
    low, high : array of float
        The reader must be left with a value of at most `low` and with one of at least `high`.
    every : array of bool
        Targets of whole numbers where each from low to high must fit, not only the ends.
    withheld : array of bool, one a cell
        What the rule itself withholds.
    cost : array of float, one a cell
        What is lost where a cell is withheld, above 0.
    follows : array of int (pairs × 2)
        (cell, other): where the cell is withheld, the other is as well.
    """

    lower: Floats
    upper: Floats
    integer: Flags
    truth: Floats
    matrix: Matrix
    row_lower: Floats
    row_upper: Floats
    owner: Positions
    targets: Matrix
    target_cell: Positions
    low: Floats
    high: Floats
    every: Flags
    withheld: Flags
    cost: Floats
    follows: Positions

    def active(self, withheld: Flags) -> Flags:
        """Rows that are printed where these cells are withheld."""
        return (self.owner == PUBLIC) | ~withheld[np.maximum(self.owner, 0)] if len(withheld) else self.owner == PUBLIC

    def followed(self, withheld: Flags) -> Flags:
        """These cells and all that are withheld with them."""
        out = withheld.copy()
        while len(self.follows):
            more = out[self.follows[:, 0]] & ~out[self.follows[:, 1]]
            if not more.any():
                break
            out[self.follows[more, 1]] = True
        return out


@dataclass(kw_only=True)
class SystemBuilder:
    """A system that is being put together, unknown by unknown and row by row."""

    lower: list[float] = field(default_factory=list[float])
    upper: list[float] = field(default_factory=list[float])
    integer: list[bool] = field(default_factory=list[bool])
    truth: list[float] = field(default_factory=list[float])
    cost: list[float] = field(default_factory=list[float])
    withheld: list[bool] = field(default_factory=list[bool])
    rows: list[tuple[dict[int, float], float, float, int]] = field(
        default_factory=list[tuple[dict[int, float], float, float, int]]
    )
    wanted: list[tuple[dict[int, float], int, float, float, bool]] = field(
        default_factory=list[tuple[dict[int, float], int, float, float, bool]]
    )
    follows: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])

    def unknown(self, truth: float, lower: float, upper: float, *, integer: bool) -> int:
        """A new unknown; its bounds are widened to the truth where they miss it."""
        self.lower.append(min(lower, truth))
        self.upper.append(max(upper, truth))
        self.integer.append(integer)
        self.truth.append(truth)
        return len(self.truth) - 1

    def cell(self, cost: float, *, withheld: bool = False) -> int:
        """A new cell of a table."""
        self.cost.append(cost)
        self.withheld.append(withheld)
        return len(self.cost) - 1

    def value(self, terms: Mapping[int, float]) -> float:
        """What a sum of unknowns is in the data."""
        return float(sum(weight * self.truth[at] for at, weight in terms.items()))

    def row(self, terms: Mapping[int, float] | Iterable[int], lower: float, upper: float, owner: int = PUBLIC) -> None:
        """What is printed of a sum; the interval is widened to the truth, which a printed figure never contradicts."""
        of = dict(terms) if isinstance(terms, Mapping) else dict.fromkeys(terms, 1.0)
        true = self.value(of)
        self.rows.append((of, min(lower, true), max(upper, true), owner))

    def exact(self, terms: Mapping[int, float] | Iterable[int], owner: int = PUBLIC) -> None:
        """A sum that is printed as it is."""
        of = dict(terms) if isinstance(terms, Mapping) else dict.fromkeys(terms, 1.0)
        self.rows.append((of, self.value(of), self.value(of), owner))

    def target(
        self, terms: Mapping[int, float] | Iterable[int], cell: int, low: float, high: float, *, every: bool = False
    ) -> None:
        """What must stay open of a sum while this cell is withheld."""
        of = dict(terms) if isinstance(terms, Mapping) else dict.fromkeys(terms, 1.0)
        self.wanted.append((of, cell, low, high, every))

    def built(self) -> System:
        """The system."""
        size = len(self.truth)
        return System(
            lower=np.array(self.lower, dtype=float),
            upper=np.array(self.upper, dtype=float),
            integer=np.array(self.integer, dtype=bool),
            truth=np.array(self.truth, dtype=float),
            matrix=_stacked([row[0] for row in self.rows], size),
            row_lower=np.array([row[1] for row in self.rows], dtype=float),
            row_upper=np.array([row[2] for row in self.rows], dtype=float),
            owner=np.array([row[3] for row in self.rows], dtype=np.intp),
            targets=_stacked([one[0] for one in self.wanted], size),
            target_cell=np.array([one[1] for one in self.wanted], dtype=np.intp),
            low=np.array([one[2] for one in self.wanted], dtype=float),
            high=np.array([one[3] for one in self.wanted], dtype=float),
            every=np.array([one[4] for one in self.wanted], dtype=bool),
            withheld=np.array(self.withheld, dtype=bool),
            cost=np.array(self.cost, dtype=float),
            follows=np.array(self.follows, dtype=np.intp).reshape(-1, 2),
        )


def _stacked(rows: Sequence[Mapping[int, float]], size: int) -> Matrix:
    lengths = np.array([0, *(len(row) for row in rows)], dtype=np.intp)
    columns = np.array([at for row in rows for at in row], dtype=np.intp)
    values = np.array([value for row in rows for value in row.values()], dtype=float)
    return sparse.csr_matrix((values, columns, np.cumsum(lengths)), shape=(len(rows), size))


@dataclass(frozen=True, kw_only=True, eq=False)
class ResidualSystem:
    """What a reader is left with: bounds already tightened, rows that still say something, parts that do not touch.

    Attributes
    ----------
    lower, upper : array of float, one an unknown
        Every value that fits lies between them; not every value between them fits.
    matrix, row_lower, row_upper
        Rows that still bind, of unknowns that are not settled.
    loose : array of bool, one an unknown
        Unknowns that are not settled.
    part : array of int, one an unknown
        Unknowns of different parts say nothing of each other.
    """

    lower: Floats
    upper: Floats
    matrix: Matrix
    row_lower: Floats
    row_upper: Floats
    loose: Flags
    part: Positions


def residual(system: System, withheld: Flags) -> ResidualSystem:
    """Tighten the bounds by what is printed, drop what says nothing more, and split what does not touch."""
    active = np.flatnonzero(system.active(withheld))
    matrix = system.matrix[active]
    low, high = system.row_lower[active], system.row_upper[active]
    lower, upper = tightened(system.lower, system.upper, system.integer, matrix, low, high)
    least, most = activity(matrix, lower, upper)
    binding = (least < low - SLACK) | (most > high + SLACK)
    matrix, low, high = matrix[binding], low[binding], high[binding]
    width = upper - lower
    loose = width > SLACK
    known = matrix @ np.where(loose, 0.0, lower)
    spread = abs(matrix) @ np.where(loose, 0.0, width)
    matrix = sparse.csr_matrix(matrix @ sparse.diags_array(loose.astype(float)))
    matrix.eliminate_zeros()
    return ResidualSystem(
        lower=lower,
        upper=upper,
        matrix=matrix,
        row_lower=low - known - spread,
        row_upper=high - known + spread,
        loose=loose,
        part=parts(matrix),
    )


def tightened(
    lower: Floats, upper: Floats, integer: Flags, matrix: Matrix, row_lower: Floats, row_upper: Floats
) -> tuple[Floats, Floats]:
    """Bounds of each unknown that follow row by row (interval arithmetic, repeated until nothing moves)."""
    lower, upper = lower.copy(), upper.copy()
    triples = matrix.tocoo()
    row, at, by = triples.row, triples.col, triples.data
    up = by > 0
    for _ in range(ROUNDS):
        before = float((upper - lower).sum())
        smallest = np.where(up, by * lower[at], by * upper[at])
        largest = np.where(up, by * upper[at], by * lower[at])
        least = np.bincount(row, weights=smallest, minlength=matrix.shape[0])
        most = np.bincount(row, weights=largest, minlength=matrix.shape[0])
        # What the others of the row leave to this one.
        ceiling, floor = row_upper[row] - (least[row] - smallest), row_lower[row] - (most[row] - largest)
        np.minimum.at(upper, at, np.where(up, ceiling, floor) / by)
        np.maximum.at(lower, at, np.where(up, floor, ceiling) / by)
        upper[integer] = np.floor(upper[integer] + SLACK)
        lower[integer] = np.ceil(lower[integer] - SLACK)
        upper = np.maximum(upper, lower)
        if before - float((upper - lower).sum()) <= 1e-4 * max(before, 1.0) * SLACK:
            break
    return lower, upper


def activity(matrix: Matrix, lower: Floats, upper: Floats) -> tuple[Floats, Floats]:
    """The least and the most that each row's sum can be within the bounds."""
    positive, negative = matrix.maximum(0), matrix.minimum(0)
    return positive @ lower + negative @ upper, positive @ upper + negative @ lower


def parts(matrix: Matrix) -> Positions:
    """A number for each unknown, the same where rows tie them together."""
    rows, size = matrix.shape
    if not rows or not size:
        return np.arange(size)
    graph = sparse.block_array([[None, matrix], [matrix.T, None]])
    return sparse.csgraph.connected_components(graph, directed=False)[1][rows:]
