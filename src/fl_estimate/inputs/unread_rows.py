"""Classified people of a lazy frame whose rows nobody has read yet: what has to be counted of them, and what was read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from fl_estimate.inputs.kept_sums import FileRead, KeptSums

MOST_NUMBERS = 8_000_000
"""Numbers in the small tables that are kept of one classification (64 MB); the oldest are let go first."""
TableKey = tuple[Any, ...]


@dataclass(kw_only=True, eq=False, repr=False)
class UnreadRows:
    """Answers are checked, and unknown ones counted, with the first sums that are asked for, in one pass over the rows.

    Attributes
    ----------
    people : frame
        The lazy frame of the classified people.
    frame : narwhals.LazyFrame
        The same with every column that the flags are made of.
    flags : mapping of str to narwhals.Expr
        Columns of 0 and 1 whose sums are to be told.
    judge : callable
        What looks at the sums, by the names of the flags, and refuses cells that are no answers.
    read : callable
        Reads the sums in a pass of their own, for whoever looks at the people before any sum is asked for.
    tables : dict
        Small tables that were read of these people, by what was asked.
    kept : KeptSums, optional
        Of a folder whose sums are kept file by file.
    ahead : dict, optional
        While it is found out what several estimates will ask for: what was asked so far, by key.
    """

    people: Any
    frame: Any
    flags: Mapping[str, Any]
    judge: Callable[[Mapping[str, int]], None]
    read: Callable[[UnreadRows], Mapping[str, int]]
    is_settled: bool = False
    tables: dict[TableKey, Any] = field(default_factory=dict[TableKey, Any])
    kept: KeptSums | None = None
    ahead: dict[TableKey, Any] | None = None

    def settle(self) -> None:
        """Check the answers in a pass of their own, unless that was done.

        Raises
        ------
        IndicatorFault
            FL-IND-06: cells that are no answers.
        """
        if not self.is_settled:
            self.told(self.read(self))

    def rows_are_read(self) -> None:
        """Note that somebody asks for the rows themselves: what is made of them is not made of kept sums."""
        if self.kept is not None:
            self.kept.every_row()

    @property
    def files_read(self) -> tuple[FileRead, ...]:
        """What was read of each file so far; nothing where sums are not kept by file."""
        return () if self.kept is None else self.kept.read

    def told(self, sums: Mapping[str, int]) -> None:
        """Judge the sums of the flags; cells that are no answers are refused every time."""
        self.judge(sums)
        self.is_settled = True

    def keep(self, key: TableKey, table: Any) -> None:
        """Keep a small table, and let the oldest go where there are too many numbers."""
        self.tables[key] = table
        while len(self.tables) > 1 and sum(_numbers(one) for one in self.tables.values()) > MOST_NUMBERS:
            del self.tables[next(iter(self.tables))]


def _numbers(table: Any) -> int:
    return len(table.n) * (len(table.keys) + len(table.sums) + 1)
