"""One query for the sums of products within groups, and what its answer says: engines that give no batches of rows are asked by it.

The truths of a row (in scope, a case, of a missing weight) are 0 or 1 in every product. Where they are few, the engine groups by them as
well, as the bits of one number, and adds up only what is left of the products, weights mostly: a handful of sums in place of one for each
product. The sums of the products are then made from that small table.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from itertools import batched
from operator import add, mul, or_
from typing import Any

import narwhals as nw
import numpy as np

from fl_estimate.design.small_table import Codes, Floats, GroupingKey, Totals, coded
from fl_estimate.errors import EstimateFault, listed

MOST_TRUTHS = 12
"""Truths in one number. In the worst case each doubles the groups; those of three outcomes and of their weights hardly do."""
HALF = 31
"""Bits of a count of rows that shares a whole number of 64 bits with another: fewer than 2^31 rows in any group."""
_PREFIX, _BAD, _PATTERN, _N = "__fl_", "__fl_bad", "__fl_pattern", "__fl_n"
Products = Mapping[Any, tuple[str, ...]]


@dataclass(frozen=True, kw_only=True)
class GroupedQuery:
    """What is asked of an engine: sums of products of columns by group.

    Attributes
    ----------
    keys : tuple of str
    columns : mapping of str to narwhals.Expr
    sums : mapping of name to tuple of str
    counted : mapping of str to narwhals.Expr
        Columns of truths that are counted over all rows; a null is none.
    truths : tuple of str
        Names in `columns` of truths, by which the engine groups as well.
    shares : bool
        Whether two counts share a number; that asks for fewer than 2^31 rows in a group.
    """

    keys: tuple[str, ...]
    columns: Mapping[str, nw.Expr]
    sums: Products
    counted: Mapping[str, nw.Expr] = field(default_factory=dict[str, nw.Expr])
    truths: tuple[str, ...] = ()
    shares: bool = True

    @property
    def _numbers(self) -> dict[str, nw.Expr]:
        return {name: expr for name, expr in self.columns.items() if name not in self.truths}

    @property
    def _left(self) -> dict[tuple[str, ...], str]:
        """What is left of each product without its truths, and the name of its sum; nothing is left where rows are counted."""
        left = (tuple(name for name in product if name not in self.truths) for product in self.sums.values())
        return {product: f"{_PREFIX}s{position}" for position, product in enumerate(dict.fromkeys(left)) if product}

    @property
    def _different(self) -> list[list[nw.Expr]]:
        """The columns that are counted, each once, in the pairs that share a number."""
        # Of several questions that are asked of the same people, the people are one column.
        different = {id(expr): expr for expr in self.counted.values()}
        return [list(pair) for pair in batched(different.values(), 2 if self.shares else 1)]

    @property
    def has_pairs(self) -> bool:
        """Whether any two counts share a number."""
        return any(len(pair) > 1 for pair in self._different)

    def __call__(self, frame: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
        """The groups of a lazy frame, with their sums."""
        schema, numbers = frame.collect_schema(), self._numbers
        # Float64 before anything is multiplied or summed: int32 sums and int8 products wrap without a word on polars
        # and pandas, and DuckDB answers in Decimal.
        factors = [expr.cast(nw.Float64).alias(f"{_PREFIX}f_{name}") for name, expr in numbers.items()]
        factors += [self.columns[name].alias(f"{_PREFIX}f_{name}") for name in self.truths]
        counts = [
            expr.alias(f"{_PREFIX}c{i}_{j}") for i, pair in enumerate(self._different) for j, expr in enumerate(pair)
        ]
        products = [reduce(mul, [_factor(name) for name in left]).alias(sum_) for left, sum_ in self._left.items()]
        # Engines differ on whether a sum skips NaN and whether NaN is null; this flag and `isfinite` on the small table
        # together catch both everywhere.
        nulls = [_factor(name).is_null() for name in self.columns]
        bad = reduce(or_, nulls) if nulls else nw.lit(False)
        if self.truths:
            told = [_factor(name) for name in self.truths] + [bad]
            whole = reduce(add, [_bit(truth, 1 << position) for position, truth in enumerate(told)])
            made, grouped, also = [whole.alias(_PATTERN)], [_PATTERN], list[str]()
        else:
            made, grouped, also = [bad.cast(nw.Float64).alias(_BAD)], list[str](), [_BAD]
        made += [
            reduce(add, [_bit(nw.col(f"{_PREFIX}c{i}_{j}"), 1 << (HALF * j)) for j in range(len(pair))]).alias(
                f"{_PREFIX}c{i}"
            )
            for i, pair in enumerate(self._different)
        ]
        labels = [_label(key, schema).alias(f"{_PREFIX}k{position}") for position, key in enumerate(self.keys)]
        grouped += [f"{_PREFIX}k{position}" for position in range(len(self.keys))]
        if not grouped:
            labels, grouped = [nw.lit(0).alias(f"{_PREFIX}k0")], [f"{_PREFIX}k0"]
        summed = [*self._left.values(), *also, *[f"{_PREFIX}c{i}" for i in range(len(self._different))]]
        return (
            frame.select(*labels, *factors, *counts)
            .with_columns(*products, *made)
            .group_by(*grouped, drop_null_keys=False)
            .agg(*[nw.col(name).sum() for name in summed], nw.len().alias(_N))
        )

    def is_too_long(self, answer: Any) -> bool:
        """Whether a group of an answer has so many rows that counts which share a number may have run into each other."""
        return self.has_pairs and bool((_floats(answer, _N) >= 1 << HALF).any())

    def small(self, answer: Any) -> Totals:
        """Make an answer canonical: labels, one row a group, sorted. Nothing depends on the engine's order.

        Raises
        ------
        EstimateFault
            FL-EST-03.
        """
        n, pattern = _floats(answer, _N), _whole(answer, _PATTERN) if self.truths else None
        summed = {(): n} | {left: _floats(answer, name) for left, name in self._left.items()}
        bits = (
            {name: pattern >> position & 1 for position, name in enumerate(self.truths)} if pattern is not None else {}
        )
        bad = _floats(answer, _BAD) if pattern is None else pattern >> len(self.truths)
        labelled = [coded(answer.column(f"{_PREFIX}k{position}")) for position in range(len(self.keys))]
        order, starts = runs([key.codes for key in labelled], len(n), within=pattern)
        made: dict[tuple[str, ...], Floats] = {}
        for product in dict.fromkeys([(), *self.sums.values()]):
            values = summed[tuple(name for name in product if name not in self.truths)]
            with np.errstate(invalid="ignore"):  # 0 of what is infinite is not a number, and is refused below
                for name in product:
                    values = values * bits[name] if name in bits else values
            made[product] = np.add.reduceat(values[order], starts) if len(starts) else values[:0]
        sums = {name: made[product] for name, product in self.sums.items()}
        check_finite(sums, nulls=bool(bad.any()))
        first = order[starts]
        named = {
            name: GroupingKey(codes=key.codes[first], levels=key.levels)
            for name, key in zip(self.keys, labelled, strict=True)
        }
        return Totals(keys=named, sums=sums, n=made[()], counted=self._counts(answer))

    def _counts(self, answer: Any) -> dict[str, int]:
        found: dict[int, int] = {}
        for i, pair in enumerate(self._different):
            both = _whole(answer, f"{_PREFIX}c{i}")
            for j, expr in enumerate(pair):
                found[id(expr)] = int((both >> (HALF * j) & ((1 << HALF) - 1) if len(pair) > 1 else both).sum())
        return {name: found[id(expr)] for name, expr in self.counted.items()}


def first_rows_query(frame: nw.LazyFrame[Any], keys: Sequence[str], row: str) -> nw.LazyFrame[Any]:
    """The least value of the column `row` in each group."""
    schema, grouped = frame.collect_schema(), [f"{_PREFIX}k{position}" for position in range(len(keys))]
    labels = [_label(key, schema).alias(name) for key, name in zip(keys, grouped, strict=True)]
    made = frame.select(*labels, nw.col(row).alias(f"{_PREFIX}least")).group_by(*grouped, drop_null_keys=False)
    return made.agg(nw.col(f"{_PREFIX}least").min())


def first_rows_of(answer: Any, keys: int) -> Floats:
    """The answer to `first_rows_query`, in the order of the groups of `GroupedQuery.small` with the same keys."""
    least = _floats(answer, f"{_PREFIX}least")
    labelled = [coded(answer.column(f"{_PREFIX}k{position}")) for position in range(keys)]
    order, starts = runs([key.codes for key in labelled], len(least))
    return np.minimum.reduceat(least[order], starts)


def runs(codes: Sequence[Codes], rows: int, *, within: Codes | None = None) -> tuple[Codes, Codes]:
    """The order that sorts rows by all codes, and by `within` those of equal codes; and where each group of equal codes begins in it."""
    sorting = [*([] if within is None else [within]), *codes[::-1]]
    order = np.lexsort(sorting) if sorting else np.arange(rows)
    if not rows:
        return order, order
    changed = np.zeros(rows, dtype=bool)
    changed[0] = True
    for code in codes:
        sorted_code = code[order]
        changed[1:] |= sorted_code[1:] != sorted_code[:-1]
    return order, np.flatnonzero(changed)


def check_finite(sums: Mapping[Any, Floats], *, nulls: bool = False) -> None:
    """Refuse sums that a missing or infinite value reached (FL-EST-03)."""
    # A finite sum has finite terms; one that is not may only have overflowed.
    # Several names may be of one array.
    finite = {id(values): bool(np.isfinite(values.sum()) or np.isfinite(values).all()) for values in sums.values()}
    bad = [name for name, values in sums.items() if not finite[id(values)]]
    if bad or nulls:
        raise EstimateFault(
            "FL-EST-03",
            "a missing or infinite value reached a sum",
            found=f"in the sums {listed(_name_text(name) for name in (bad or sums))}",
            fix="fill or drop these rows first; infinite values must be corrected in the data",
        )


def _name_text(name: Any) -> str:
    return name if isinstance(name, str) else "·".join(str(part) for part in name)


def _label(key: str, schema: Mapping[str, Any]) -> nw.Expr:
    # Categories come back as text on some engines and as codes on others: text everywhere.
    return nw.col(key).cast(nw.String) if isinstance(schema[key], nw.Categorical | nw.Enum) else nw.col(key)


def _factor(name: str) -> nw.Expr:
    return nw.col(f"{_PREFIX}f_{name}")


def _bit(truth: nw.Expr, value: int) -> nw.Expr:
    """A truth as a whole number; what is not known is none."""
    return nw.when(truth).then(nw.lit(value, dtype=nw.Int64)).otherwise(nw.lit(0, dtype=nw.Int64))


def _floats(answer: Any, name: str) -> Floats:
    return np.asarray(answer.column(name).cast("float64").to_numpy(), dtype=float)


def _whole(answer: Any, name: str) -> Codes:
    return np.asarray(answer.column(name).cast("int64").to_numpy(), dtype=np.int64)
