"""Three-valued logic (Kleene) on pairs (surely, possibly). Nothing here knows of items, frameworks or frames.

True is (1, 1), unknown (0, 1), false (0, 0). Each side is a plain ``bool`` (one respondent, a constant) or a narwhals
expression that gives a null-free Boolean column (a whole table): the same functions serve both. Everything is folded
with ``|``, ``&``, ``~`` and ``+``, never with ``*_horizontal``, which mixes rows up on Dask.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import reduce

import narwhals as nw

Bit = bool | nw.Expr


@dataclass(frozen=True, slots=True)
class Value:
    """One three-valued value.

    Attributes
    ----------
    surely : bool or narwhals.Expr
        True where the value is true whatever the unknown answers are.
    possibly : bool or narwhals.Expr
        True where the value is true or unknown.
    depth : int
        How many passes over the table must have run before the columns that the expressions name exist.
    """

    surely: Bit
    possibly: Bit
    depth: int = 0

    @property
    def word(self) -> str:
        """``"true"``, ``"unknown"`` or ``"false"``, for a value of one respondent.

        Raises
        ------
        TypeError
            The value stands for a column.
        """
        if not isinstance(self.surely, bool) or not isinstance(self.possibly, bool):
            raise TypeError("this value stands for a whole column; only the value of one respondent has a word")
        if self.surely:
            return "true"
        return "unknown" if self.possibly else "false"


TRUE = Value(True, True)
UNKNOWN = Value(False, True)
FALSE = Value(False, False)


def all_of(values: Iterable[Value]) -> Value:
    """Take the minimum of each side; true when there is none."""
    return reduce(_both, values, TRUE)


def any_of(values: Iterable[Value]) -> Value:
    """Take the maximum of each side; false when there is none."""
    return reduce(_either, values, FALSE)


def negate(value: Value) -> Value:
    """Turn (s, p) into (1 - p, 1 - s)."""
    return Value(opposite_bit(value.possibly), opposite_bit(value.surely), value.depth)


def at_least(n: int, values: Iterable[Value]) -> Value:
    """Give (number of surely >= n, number of possibly >= n)."""
    listed = list(values)
    if n == 1:
        return any_of(listed)
    depth = max((value.depth for value in listed), default=0)
    return Value(
        _count_reaches(n, [value.surely for value in listed]),
        _count_reaches(n, [value.possibly for value in listed]),
        depth,
    )


def certain(value: Value) -> Value:
    """Count only what is surely true: unknown becomes false."""
    return Value(value.surely, value.surely, value.depth)


def at_most_unknown(value: Value) -> Value:
    """Count what is true as unknown: the answer is known, that it belongs here is not."""
    return all_of([value, UNKNOWN])


def _both(left: Value, right: Value) -> Value:
    depth = max(left.depth, right.depth)
    return Value(both_bits(left.surely, right.surely), both_bits(left.possibly, right.possibly), depth)


def _either(left: Value, right: Value) -> Value:
    depth = max(left.depth, right.depth)
    return Value(either_bit(left.surely, right.surely), either_bit(left.possibly, right.possibly), depth)


def both_bits(left: Bit, right: Bit) -> Bit:
    """Whether both are set."""
    if isinstance(left, bool):
        return right if left else False
    if isinstance(right, bool):
        return left if right else False
    return left & right


def either_bit(left: Bit, right: Bit) -> Bit:
    """Whether one of them is set."""
    if isinstance(left, bool):
        return True if left else right
    if isinstance(right, bool):
        return True if right else left
    return left | right


def opposite_bit(bit: Bit) -> Bit:
    """Whether it is not set."""
    return not bit if isinstance(bit, bool) else ~bit


def total(bits: Sequence[Bit]) -> int | nw.Expr:
    """How many bits are set; constants are counted apart, so that only columns are summed."""
    constants = sum(bit for bit in bits if isinstance(bit, bool))
    # Int64 before the sum: polars and pandas wrap Int8 sums without a word
    columns = [bit.cast(nw.Int64) for bit in bits if not isinstance(bit, bool)]
    return reduce(lambda added, bit: added + bit, columns) + constants if columns else constants


def _count_reaches(n: int, bits: list[Bit]) -> Bit:
    """Whether at least n bits are set."""
    wanted = n - sum(bit for bit in bits if isinstance(bit, bool))
    columns = [bit for bit in bits if not isinstance(bit, bool)]
    if wanted <= 0:
        return True
    if wanted > len(columns):
        return False
    return total(columns) >= wanted
