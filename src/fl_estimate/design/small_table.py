"""The small table: sums by group, with group labels that are spelled the same on every engine."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from fl_estimate.arrays import Floats

Codes = npt.NDArray[np.int64]

CACHED = 65_536
"""Rows worked on at once in numpy: what is made of them stays in the processor's cache, and no page is asked for."""

NARROW = 4
"""Codes up to this many times their number have a place each where they are numbered; more are sorted."""


@dataclass(frozen=True, kw_only=True)
class GroupingKey:
    """One grouping column of the small table: a code per group into `levels`; the last code is the missing one."""

    codes: Codes
    levels: tuple[Any, ...]

    @property
    def missing(self) -> int:
        """The code of groups whose key is missing."""
        return len(self.levels)


@dataclass(frozen=True, kw_only=True)
class Totals:
    """The small table: one row per group, sorted by its keys.

    Attributes
    ----------
    keys : mapping of str to Key
        Labels with one spelling on every engine: NaN and null are missing, 3.0 is 3, -0.0 is 0.
    sums : mapping of name to array, shape (groups,)
    n : array, shape (groups,)
        Rows per group.
    counted : mapping of str to int
        Sums over all groups of columns that were asked for so.
    """

    keys: Mapping[str, GroupingKey]
    sums: Mapping[Any, Floats]
    n: Floats
    counted: Mapping[str, int] = field(default_factory=dict[str, int])


def numbered(codes: Codes) -> tuple[Codes, Codes]:
    """Number different codes in their order: the number of each, and where each number is first met."""
    changed = codes[1:] != codes[:-1]
    if (codes[1:] >= codes[:-1]).all():
        # Codes of the first keys of a small table stand in order already: nothing has to be sorted.
        number = np.zeros(len(codes), dtype=np.int64)
        np.cumsum(changed, out=number[1:])
        return number, np.append(np.zeros(min(len(codes), 1), dtype=np.int64), np.flatnonzero(changed) + 1)
    if codes.min() >= 0 and codes.max() < NARROW * len(codes):
        return _looked_up(codes)
    _, first, number = np.unique(codes, return_index=True, return_inverse=True)
    return number.astype(np.int64), first


def _looked_up(codes: Codes) -> tuple[Codes, Codes]:
    """The same without sorting, of codes that are few enough for a place each."""
    met = met_of(codes, int(codes.max()) + 1)
    number = codes if met.all() else (np.cumsum(met) - 1)[codes]
    first = np.empty(int(np.count_nonzero(met)), dtype=np.int64)
    # Of several rows with one number the last that is written remains: here the first.
    first[number[::-1]] = np.arange(len(codes) - 1, -1, -1)
    return number, first


def met_of(codes: Codes, width: int) -> npt.NDArray[np.bool_]:
    """Which of `width` codes are met at all."""
    met = np.zeros(width, dtype=bool)
    met[codes] = True
    return met


def cached_blocks(rows: int) -> Iterator[slice]:
    """Slices of `rows` rows, each short enough to be worked on in the processor's cache."""
    return (slice(start, start + CACHED) for start in range(0, rows, CACHED))


def coded(column: Any) -> GroupingKey:
    """Code a column of labels in the sorted order of its labels, the missing last."""
    import pyarrow as pa

    chunked = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if pa.types.is_floating(chunked.type):
        return _coded_numbers(np.asarray(chunked.to_numpy(zero_copy_only=False), dtype=float))
    encoded = chunked if pa.types.is_dictionary(chunked.type) else chunked.dictionary_encode()
    raw = [label(value) for value in encoded.dictionary.to_pylist()]
    indices = np.asarray(encoded.indices.cast("int64").fill_null(-1).to_numpy(zero_copy_only=False))
    if encoded is chunked:
        # A column of categories may declare some that nobody has.
        met = np.bincount(indices + 1, minlength=len(raw) + 1)[1:] > 0
        raw = [value if has else None for value, has in zip(raw, met, strict=True)]
    levels = in_order({value for value in raw if value is not None})
    position = {value: code for code, value in enumerate(levels)}
    recode = np.array([position[value] if value is not None else len(levels) for value in raw] or [0], dtype=np.int64)
    codes = np.where(indices >= 0, recode[indices], len(levels))
    return GroupingKey(codes=codes, levels=tuple(levels))


def _coded_numbers(values: Floats) -> GroupingKey:
    """The same for fractional numbers, of which there can be as many as rows."""
    absent = np.isnan(values)
    found, inverse = np.unique(np.where(absent, 0.0, values + 0.0), return_inverse=True)
    if absent.any():
        # What stood in for the missing is no label unless somebody has it.
        met = np.bincount(inverse[~absent], minlength=len(found)) > 0
        found, inverse = found[met], (np.cumsum(met) - 1)[inverse]
    codes = np.where(absent, len(found), inverse).astype(np.int64)
    return GroupingKey(codes=codes, levels=tuple(label(value) for value in found.tolist()))


def label(value: Any) -> Any:
    """One spelling per label: NaN is missing, 3.0 is 3, -0.0 is 0."""
    if value is None or value != value:
        return None
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, bool | int | float | str):
        return value
    return str(value)


def in_order(levels: Iterable[Any]) -> list[Any]:
    """Labels as tables have them: numbers as numbers, then texts."""
    return sorted(levels, key=_rank)


def _rank(value: Any) -> tuple[str, Any]:
    """Sort numbers as numbers and text as text; a column that mixes both keeps them apart."""
    return ("number", value) if isinstance(value, int | float) else ("text", value)


def added(tables: Sequence[Totals]) -> Totals:
    """The sums of several small tables with the same keys: one row a group, sorted."""
    first = tables[0]
    named = {name: _joined([table.keys[name] for table in tables]) for name in first.keys}
    values = [np.concatenate([table.n for table in tables])]
    values += [np.concatenate([table.sums[name] for table in tables]) for name in first.sums]
    codes = [key.codes for key in named.values()]
    order = np.lexsort(codes[::-1]) if codes else np.arange(len(values[0]))
    changed = [code[order][1:] != code[order][:-1] for code in codes]
    new = np.logical_or.reduce(changed) if changed else np.zeros(max(len(order) - 1, 0), dtype=bool)
    starts = np.flatnonzero(np.append(True, new)) if len(order) else np.zeros(0, dtype=np.int64)
    n, *summed = [np.add.reduceat(value[order], starts) if len(order) else value for value in values]
    return Totals(
        keys={name: GroupingKey(codes=key.codes[order][starts], levels=key.levels) for name, key in named.items()},
        sums=dict(zip(first.sums, summed, strict=True)),
        n=n,
        counted={name: sum(table.counted[name] for table in tables) for name in first.counted},
    )


def _joined(keys: Sequence[GroupingKey]) -> GroupingKey:
    """Codes of several tables as codes into the labels of all."""
    levels = in_order({level for key in keys for level in key.levels})
    position = {level: code for code, level in enumerate(levels)}
    places: list[Codes] = [
        np.array([*(position[level] for level in key.levels), len(levels)], dtype=np.int64)[key.codes] for key in keys
    ]
    return GroupingKey(codes=np.concatenate(places), levels=tuple(levels))
