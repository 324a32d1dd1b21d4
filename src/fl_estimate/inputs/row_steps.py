"""Steps that look at one row at a time, remembered as they were asked for, and run by polars wherever the rows come by.

An engine that hands its rows over in pieces needs to read only the columns that the steps use; and where each of several
engines would compute a class in its own way, one does it for all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, cast
from uuid import uuid4

import narwhals as nw

_BY_ROW = frozenset({"ALL", "COL", "ELEMENTWISE", "EXCLUDE", "LITERAL", "NTH", "SELECTOR", "WHEN_THEN"})
ROW_METHODS = frozenset({"with_columns", "select", "filter", "drop", "rename"})
"""Methods of a frame of narwhals that say of each row what becomes of it, where their expressions look at single rows."""


@dataclass(frozen=True, eq=False, repr=False)
class RowStep:
    """One method of a frame with its arguments, asked of any frame of narwhals by calling it.

    Parameters
    ----------
    method : {"with_columns", "select", "filter", "drop", "rename"}
    given : tuple
    options : dict
    in_polars : tuple, optional
        What is given to a frame of polars instead: the same columns in the words that are cheapest there.
    """

    method: str
    given: tuple[Any, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict[str, Any])
    in_polars: tuple[Any, ...] | None = None
    token: str = field(default_factory=lambda: uuid4().hex)

    def __call__(self, frame: Any) -> Any:
        told = self.given if self.in_polars is None or not frame.implementation.is_polars() else self.in_polars
        return getattr(frame, self.method)(*told, **self.options)

    def __dask_tokenize__(self) -> str:
        # Dask would look for a name in the expressions, and finds none that is the same twice.
        return self.token

    @property
    def is_row_wise(self) -> bool:
        """Whether it looks at each row by itself, so that rows may come in pieces of any length."""
        if self.method not in ROW_METHODS:
            return False
        exprs = [*flat(self.given), *self.options.values()]
        return not any(isinstance(expr, nw.Series) for expr in exprs) and not any(True for _ in groups_of(exprs))


@dataclass(frozen=True, eq=False, repr=False)
class RowSteps:
    """Row-wise steps, the first one first.

    Parameters
    ----------
    steps : tuple of RowStep
    """

    steps: tuple[RowStep, ...] = ()

    def then(self, *steps: RowStep) -> RowSteps:
        """The same steps, and these after them."""
        return RowSteps((*self.steps, *steps))

    def on(self, frame: Any) -> Any:
        """A frame of narwhals after these steps; a lazy one of polars runs them together, each expression once."""
        for step in self.steps:
            frame = step(frame)
        return frame

    def on_polars(self, table: Any, schema: Mapping[str, Any]) -> nw.LazyFrame[Any]:
        """The lazy frame after these steps, of a table of polars that holds the needed columns, if not all.

        Parameters
        ----------
        table : polars.DataFrame
        schema : mapping of str to polars data type
            Of the first frame: columns that are not needed may be named in a step (renamed, dropped).
        """
        import polars as pl

        absent = [pl.lit(None, kind).alias(name) for name, kind in schema.items() if name not in table.columns]
        whole = table.lazy().with_columns(absent).select(list(schema)) if absent else table.lazy()
        return self.on(nw.from_native(whole))

    def needed(self, schema: Mapping[str, Any], ask: Callable[[Any], Any] | None = None) -> list[str]:
        """Columns of the first frame without which the last could not be asked, in their order.

        Polars says so itself: what it would ask of a source that can leave columns out. There is one column at least,
        as there is no other way to tell how many rows there are.

        Parameters
        ----------
        schema : mapping of str to polars data type
            Of the first frame.
        ask : callable
            What is asked of the last frame, a lazy one; all its columns unless told otherwise.
        """
        found: list[str] = []

        def nobody(columns: list[str]) -> Iterator[Any]:
            found.extend(columns)
            return iter(())

        last = self.on(in_pieces(schema, nobody))
        _ = last.collect() if ask is None else ask(last)
        return [name for name in schema if name in set(found)] or list(schema)[:1]


def in_pieces(schema: Mapping[str, Any], read: Callable[[list[str]], Iterable[Any]]) -> nw.LazyFrame[Any]:
    """A lazy frame of polars whose rows come in pieces, from anywhere, when it is collected.

    Parameters
    ----------
    schema : mapping of str to polars data type
        Columns that the source has.
    read : callable
        Given the columns that are needed, in their order, gives frames of polars with these; called once a collection.
    """
    import polars as pl
    from polars.io.plugins import register_io_source

    def source(columns: list[str] | None, predicate: Any, rows: int | None, _: int | None) -> Iterator[Any]:
        wanted = list(schema) if columns is None else columns
        used = {*wanted, *(() if predicate is None else predicate.meta.root_names())}
        left = rows
        for piece in chain(read([name for name in schema if name in used]), [pl.DataFrame(schema=schema)]):
            kept = (piece if predicate is None else piece.filter(predicate)).select(wanted)
            kept = kept if left is None else kept.head(left)
            left = None if left is None else left - len(kept)
            yield kept

    return nw.from_native(register_io_source(source, schema=dict(schema)))


def flat(exprs: Iterable[Any]) -> list[Any]:
    """Expressions given one by one or in lists, as one list."""
    found: list[Any] = []
    for expr in exprs:
        found += (
            list(cast("Any", expr))
            if isinstance(expr, Iterable) and not isinstance(expr, str | nw.Expr | nw.Series)
            else [expr]
        )
    return found


def nodes_of(expr: Any) -> Sequence[Any]:
    """What an expression of narwhals is made of; nothing for a name or a value."""
    return expr._nodes if isinstance(expr, nw.Expr) else ()  # pyright: ignore[reportPrivateUsage]


def kind_of(node: Any) -> str:
    """The kind of one node of an expression, as narwhals names it."""
    return node.kind.name


def groups_of(exprs: Iterable[Any]) -> Iterator[tuple[str, ...]]:
    """The groups of rows that expressions look at together; () stands for all rows, and nothing comes of row-wise ones."""
    for expr in exprs:
        nodes = nodes_of(expr)
        for position, node in enumerate(nodes):
            yield from groups_of(node.exprs)
            kind = kind_of(node)
            if kind == "OVER":
                yield tuple(sorted(node.kwargs["partition_by"]))
            elif kind not in _BY_ROW and not any(kind_of(later) == "OVER" for later in nodes[position + 1 :]):
                yield ()
