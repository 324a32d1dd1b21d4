"""Calibration on numbers of rows that are elsewhere: Newton's method with one pass over the rows a step.

Where people of equal terms are few groups, `calibration.solve` has them as arrays. Of an income there are as many groups as rows:
then the engine makes F(x'λ) and F'(x'λ) row by row and adds up d F x and d F' x x', by the classes of the other terms.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations_with_replacement
from typing import Any

import narwhals as nw
import numpy as np

from fl_estimate.design.asking import is_long
from fl_estimate.design.calibration import Distance, Reached, Solution, newton
from fl_estimate.design.margins import combination, features, match_levels, missing_values
from fl_estimate.design.row_factors import factor_expression, most_of, slope_expression
from fl_estimate.design.row_weights import FLAGS, check_weights, fresh, weight_columns
from fl_estimate.design.small_table import Floats, Totals
from fl_estimate.design.totals import Frame, totals
from fl_estimate.errors import EstimateFault
from fl_estimate.inputs.adjustments import KnownTotal
from fl_estimate.inputs.sample_design import Design
from fl_estimate.schema.expressions import missing

MOST_PASSES = 60
"""Passes after which a solution is given up: where there is one it takes four to eight."""
STILL = 1e-9
"""What a total may lie beyond its reach by rounding."""


def is_number(term: KnownTotal) -> bool:
    """Whether a term is the sum of a quantity, not a number of people."""
    return term.levels is None


def by_rows(frame: Frame, design: Design, terms: Sequence[KnownTotal], aggregate: str | None) -> bool:
    """Whether these terms have more values than can be brought here: a number of rows that are many and elsewhere.

    Replicates are calibrated one by one, and units that share a factor have means: those stay with groups.
    """
    return aggregate is None and design.replicates is None and any(is_number(term) for term in terms) and is_long(frame)


def numbers_of(terms: Sequence[KnownTotal]) -> tuple[str, ...]:
    """The columns of which sums are known, each once."""
    return tuple(dict.fromkeys(term.columns[0] for term in terms if is_number(term)))


def number_columns(names: Sequence[str], schema: Mapping[str, Any]) -> dict[str, nw.Expr]:
    """Each number as the row column `number_name` says, 0 where it is missing; and its distance from 0."""
    columns: dict[str, nw.Expr] = {}
    for name in names:
        value = nw.when(~missing(name, schema)).then(nw.col(name).cast(nw.Float64)).otherwise(nw.lit(0.0))
        columns |= {number_name(name): value, distance_name(name): value.abs()}
    return columns


def number_name(column: str) -> str:
    """What a number is called in sums."""
    return f"number {_plain(column)}"


def distance_name(column: str) -> str:
    """What the distance of a number from 0 is called in sums."""
    return f"distance {_plain(column)}"


def _plain(column: str) -> str:
    """A name that Spark does not read as a path into a structure."""
    return column if column.replace(" ", "_").isidentifier() else column.encode().hex()


@dataclass(frozen=True, kw_only=True)
class SolvedOnRows:
    """The terms as people have them, λ, and how many people have a factor that is not above 0."""

    terms: tuple[KnownTotal, ...]
    solution: Solution
    not_positive: int


def solve_on_rows(frame: Frame, design: Design, terms: Sequence[KnownTotal], distance: Distance) -> SolvedOnRows:
    """Find λ as `calibration.solve` does, with a pass over the rows before the first step and one for each step.

    Raises
    ------
    DesignFault
        FL-DESIGN-13 (weights), FL-DESIGN-41 to FL-DESIGN-43 (missing values, classes).
    EstimateFault
        FL-EST-03 (a number that is infinite), FL-EST-15 (no rows).
    """
    rows = _CalibratedRows(frame=frame, design=design, terms=tuple(terms), distance=distance)
    first = rows.first()
    known = _matched(terms, first, rows.numbers)
    rows = _CalibratedRows(frame=frame, design=design, terms=known, distance=distance)
    made_up, total = rows.vector(first, ("w",), distances=True), np.array([term.total for term in known])
    size = np.where(made_up > 0, made_up, 1.0)
    lacking = _out_of_reach(total, made_up, rows.vector(first, ("w",)), distance)
    if lacking.any():
        worst = int(np.argmax(lacking))
        away = Solution(slopes=np.zeros(len(known)), converged=False, misfit=float(lacking[worst]), worst=worst)
        return SolvedOnRows(terms=known, solution=away, not_positive=0)

    def at(slopes: Floats) -> Reached:
        if len(rows.not_positive) >= MOST_PASSES:
            # Nowhere: no step leads nearer any more, and that is how the method ends.
            return Reached(made=np.full(len(known), np.nan), gram=lambda: np.zeros((len(known), len(known))))
        table = first if not slopes.any() else rows.asked(slopes / size)
        left, right = (("w",), ("w",)) if not slopes.any() else (("w", "F"), ("w", "D"))
        return Reached(
            made=rows.vector(table, left) / size, gram=lambda: rows.gram(table, right) / size[:, None] / size
        )

    solution = newton(at, total / size, size)
    return SolvedOnRows(
        terms=known, solution=solution, not_positive=rows.not_positive.get(solution.slopes.tobytes(), 0)
    )


def _out_of_reach(total: Floats, made_up: Floats, summed: Floats, distance: Distance) -> Floats:
    """How far each total lies, of its own size, beyond what all its people at their least and greatest factors would make."""
    low, high = distance.bounds or ((-np.inf, np.inf) if distance.method == "linear" else (0.0, np.inf))
    above, below = (made_up + summed) / 2, (made_up - summed) / 2
    with np.errstate(invalid="ignore"):
        least = np.where(above > 0, low * above, 0.0) - np.where(below > 0, high * below, 0.0)
        most = np.where(above > 0, high * above, 0.0) - np.where(below > 0, low * below, 0.0)
    beyond = np.maximum(np.maximum(least - total, total - most), 0.0) / np.maximum(np.abs(total), made_up)
    return np.where(beyond > STILL, beyond, 0.0)


@dataclass(frozen=True, kw_only=True)
class _CalibratedRows:
    """The rows, and the questions asked of them; `not_positive` counts people by λ."""

    frame: Frame
    design: Design
    terms: tuple[KnownTotal, ...]
    distance: Distance
    not_positive: dict[bytes, int] = field(default_factory=dict[bytes, int])

    @property
    def numbers(self) -> tuple[str, ...]:
        return numbers_of(self.terms)

    @property
    def keys(self) -> tuple[str, ...]:
        """Columns of classes: few groups, whose terms are known of every group."""
        return tuple(dict.fromkeys(name for term in self.terms if not is_number(term) for name in term.columns))

    def first(self) -> Totals:
        """Weights, numbers and their products at λ = 0, where every factor and its derivative are 1; and what is missing."""
        schema = self.frame.collect_schema()
        columns = weight_columns(schema, str(self.design.weights)) | number_columns(self.numbers, schema)
        absent = {f"missing {name}": missing(name, schema) for name in self.numbers}
        sums = [(name,) for name in (*FLAGS, *absent)] + self._products(("w",), squares=True)
        sums += [("w", distance_name(name)) for name in self.numbers]
        table = totals(self.frame, keys=self.keys, columns=columns | absent, sums={name: name for name in sums})
        if not table.n.sum():
            raise EstimateFault("FL-EST-15", "there are no people", found="0 rows", fix="check the file or the filter")
        check_weights({name: int(table.sums[name,].sum()) for name in FLAGS}, str(self.design.weights))
        return table

    def asked(self, slopes: Floats) -> Totals:
        """Σ d F x and Σ d F' x x' by class at λ."""
        frame, method, bounds = self.frame, self.distance.method, self.distance.bounds
        schema = frame.collect_schema()
        # Columns of their own: engines that keep no expression's value would make them again at each of their places.
        z, made, free = (fresh(frame, name) for name in ("__fl_z", "__fl_f", "__fl_free"))
        most = most_of(method, bounds)
        frame = frame.with_columns(combination(self.terms, slopes, schema).alias(z))
        if np.isfinite(most):
            frame = frame.with_columns(nw.col(z).clip(-most, most).alias(z))
        unbounded = bounds if method == "logit" else None
        frame = frame.with_columns(factor_expression(nw.col(z), method, unbounded).alias(free))
        cut = unbounded is None and bounds is not None
        factor = nw.col(free).clip(float(bounds[0]), float(bounds[1])) if cut and bounds else nw.col(free)
        frame = frame.with_columns(factor.alias(made))
        columns = {
            "w": weight_columns(schema, str(self.design.weights))["w"],
            "F": nw.col(made),
            "D": slope_expression(nw.col(z), nw.col(made), nw.col(free), method, bounds),
            "not positive": nw.col(made) <= 0.0,
        }
        sums = [("not positive",), *self._products(("w", "F")), *self._products(("w", "D"), squares=True)]
        table = totals(
            frame, keys=self.keys, columns=columns | number_columns(self.numbers, schema), sums={s: s for s in sums}
        )
        self.not_positive[slopes.tobytes()] = int(table.sums["not positive",].sum())
        return table

    def _products(self, of: tuple[str, ...], *, squares: bool = False) -> list[tuple[str, ...]]:
        names = [number_name(name) for name in self.numbers]
        return [
            of,
            *((*of, name) for name in names),
            *((*of, *pair) for pair in combinations_with_replacement(names, 2) if squares),
        ]

    def vector(self, table: Totals, of: tuple[str, ...], *, distances: bool = False) -> Floats:
        """Σ x times the columns `of`; with `distances` of |x|."""
        name = distance_name if distances else number_name
        return np.array([summed(term, table, of, name).sum() for term in self.terms])

    def gram(self, table: Totals, of: tuple[str, ...]) -> Floats:
        """Σ x x' times the columns `of`."""
        p = len(self.terms)
        out = np.empty((p, p))
        for j, one in enumerate(self.terms):
            for k, other in enumerate(self.terms[: j + 1]):
                out[j, k] = out[k, j] = summed_twice(one, other, table, of).sum()
        return out


def summed(term: KnownTotal, table: Totals, of: tuple[str, ...], name: Any = number_name) -> Floats:
    """Σ x times the columns `of`, by group: of a class its people's own sums, of a number those of its products."""
    if is_number(term):
        return table.sums[(*of, name(term.columns[0]))]
    return table.sums[of] * features([term], table)[:, 0]


def summed_twice(one: KnownTotal, other: KnownTotal, table: Totals, of: tuple[str, ...]) -> Floats:
    """Σ x y times the columns `of`, by group; products of two numbers are named in the order in which they were asked."""
    if not is_number(one):
        return summed(other, table, of) * features([one], table)[:, 0]
    if not is_number(other):
        return summed(one, table, of) * features([other], table)[:, 0]
    names = number_name(one.columns[0]), number_name(other.columns[0])
    return table.sums[(*of, *names)] if (*of, *names) in table.sums else table.sums[(*of, *names[::-1])]


def _matched(terms: Sequence[KnownTotal], table: Totals, numbers: Sequence[str]) -> tuple[KnownTotal, ...]:
    """The terms as the people spell them, in the order given."""
    for name in numbers:
        rows = int(table.sums[f"missing {name}",].sum())
        if rows:
            raise missing_values(name, rows)
    classes = iter(match_levels([term for term in terms if not is_number(term)], table))
    return tuple(term if is_number(term) else next(classes) for term in terms)
