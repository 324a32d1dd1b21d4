"""Sums of the values of one column of text, each an outcome: the column as a key of the one query, not an expression a value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from fl_estimate.arrays import Floats
from fl_estimate.design.small_table import Codes, GroupingKey, Totals

Product = tuple[str, ...]
FEW = 4
"""Values up to which each is asked for as a column of its own."""


@dataclass(frozen=True, kw_only=True)
class LevelColumns:
    """Row columns of outcomes that are the values of one column of text, as what they are of a person with each value.

    Attributes
    ----------
    column : str
        The column of text.
    of_value : mapping of str to str
        Row columns that are 1 of the people in scope with this value.
    of_value_or_missing : mapping of str to str
        Row columns that are 1 of those in scope with this value or without any.
    of_missing, of_known, never : frozenset of str
        Row columns that are 1 of those in scope without any value; with one; of nobody.
    """

    column: str
    of_value: Mapping[str, str]
    of_value_or_missing: Mapping[str, str]
    of_missing: frozenset[str]
    of_known: frozenset[str]
    never: frozenset[str]

    def asked(self, product: Product) -> Product:
        """The product without the columns that follow from the value: those in scope, `r`, take their place."""
        left = tuple(name for name in product if not self._follows(name))
        return left if len(left) == len(product) or "r" in left else (*left, "r")

    def shares(self, product: Product, key: GroupingKey) -> Floats:
        """What the product is, by the code of the value, times what `asked` sums: 1 or 0."""
        found = np.ones(len(key.levels) + 1)
        for name in product:
            if self._follows(name):
                found *= self._by_code(name, key)
        return found

    def _follows(self, name: str) -> bool:
        return (
            name in self.of_value
            or name in self.of_value_or_missing
            or name in self.of_missing
            or name in self.of_known
            or name in self.never
        )

    def _by_code(self, name: str, key: GroupingKey) -> Floats:
        missing = np.append(np.zeros(len(key.levels)), 1.0)
        if name in self.never:
            return np.zeros(len(missing))
        if name in self.of_missing:
            return missing
        if name in self.of_known:
            return 1.0 - missing
        value = self.of_value.get(name, self.of_value_or_missing.get(name))
        own = np.array([*(float(str(level) == value) for level in key.levels), 0.0])
        return own + missing if name in self.of_value_or_missing else own


def without_key(table: Totals, levels: LevelColumns, wanted: Sequence[Product]) -> Totals:
    """The small table without the column of values as a key, with the sums of every value.

    Parameters
    ----------
    table : Totals
        With the column as its last key, and the sums of `levels.asked`.
    levels : LevelColumns
    wanted : sequence of tuple of str
        Products of the sums that are to be there.
    """
    key = table.keys[levels.column]
    kept = [name for name in table.keys if name != levels.column]
    starts = _starts([table.keys[name].codes for name in kept], len(table.n))
    group = np.zeros(len(table.n), dtype=np.int64)
    group[starts[1:]] = 1
    np.cumsum(group, out=group)
    by_value = {
        asked: sparse.csr_array((table.sums[asked], (group, key.codes)), (len(starts), len(key.levels) + 1))
        for asked in dict.fromkeys(levels.asked(product) for product in wanted)
    }
    return Totals(
        keys={name: GroupingKey(codes=table.keys[name].codes[starts], levels=table.keys[name].levels) for name in kept},
        sums={product: by_value[levels.asked(product)] @ levels.shares(product, key) for product in wanted},
        n=np.add.reduceat(table.n, starts) if len(starts) else table.n,
    )


def _starts(codes: Sequence[Codes], groups: int) -> Codes:
    """Where the groups of other keys begin; the table stands in their order."""
    changed = np.zeros(groups, dtype=bool)
    changed[:1] = True
    for code in codes:
        changed[1:] |= code[1:] != code[:-1]
    return np.flatnonzero(changed)


def level_columns(column: str, parts: Sequence[Any], values: Sequence[str]) -> LevelColumns:
    """The row columns of the outcomes (`OutcomeColumns`) that are these values of a column."""
    return LevelColumns(
        column=column,
        of_value={part.value: value for part, value in zip(parts, values, strict=True)},
        of_missing=frozenset(part.unknown for part in parts),
        of_known=frozenset(part.counted for part in parts if part.counted != part.scope),
        never=frozenset(part.not_binary for part in parts),
        of_value_or_missing={
            part.upper: value for part, value in zip(parts, values, strict=True) if part.upper is not None
        },
    )
