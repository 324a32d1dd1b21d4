"""A Dask frame whose questions are asked of its parts, one by one, as pandas frames: never across them.

Dask lines the parts of two columns up by their index; where the index repeats, as in a folder of Parquet files, values are
handed to other rows and nothing is said (docs/decisions). What looks at one row at a time is right within a part, and is asked
there. What looks at several rows is asked after rows of one group were brought into one part, or refused.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import reduce
from typing import Any, cast
from uuid import uuid4

import narwhals as nw

from fl_estimate.errors import EstimateFault
from fl_estimate.inputs.relation_steps import RelationFrame

Ask = Callable[[Any], Any]
_PLAIN = frozenset({"sum", "min", "max", "len", "count"})
"""Aggregations of a whole column that are put together from those of the parts."""


def narwhal(frame: Any) -> Any:
    """As `narwhals.from_native`; a frame of Dask is a `PartitionedFrame`, a relation of DuckDB a `RelationFrame`.

    Raises
    ------
    TypeError
        This is no frame that narwhals knows.
    """
    if type(frame).__module__.startswith("dask."):
        return _partitioned(frame)
    known: Any = nw.from_native(frame)
    if known.implementation.is_duckdb() and not isinstance(known, RelationFrame):
        return RelationFrame(known._compliant_frame, level="lazy")
    return known


def orders_classes(frame: Any) -> bool:
    """Whether the engine of a narwhals frame has a type of classes in an order."""
    return not frame.implementation.is_spark_like()


def _partitioned(native: Any) -> PartitionedFrame:
    with warnings.catch_warnings():
        # narwhals means to move Dask into a package of its own; it finds that by itself where it is there.
        warnings.filterwarnings("ignore", message="Dask support is moving", category=FutureWarning)
        known: Any = nw.from_native(native)
    return PartitionedFrame(known._compliant_frame, level="lazy")


class PartitionedFrame(nw.LazyFrame[Any]):
    """A lazy frame of Dask; joins and group-bys of plain columns are Dask's own, all else is asked of the parts.

    Raises
    ------
    EstimateFault
        FL-EST-770: an expression that looks at rows of several parts.
    """

    def with_columns(self, *exprs: Any, **named: Any) -> PartitionedFrame:
        return self._by_part("with_columns", _flat(exprs), named)

    def filter(self, *predicates: Any, **constraints: Any) -> PartitionedFrame:
        return self._by_part("filter", _flat(predicates), constraints)

    def select(self, *exprs: Any, **named: Any) -> PartitionedFrame:
        given = _flat(exprs)
        if given and not named and all(_is_plain_sum(expr) for expr in given):
            return super().select(*given)  # pyright: ignore[reportReturnType]
        return self._by_part("select", given, named)

    def drop(self, *columns: Any, strict: bool = True) -> PartitionedFrame:
        return self._each(_Step("drop", tuple(_flat(columns)), {"strict": strict}))

    def rename(self, mapping: dict[str, str]) -> PartitionedFrame:
        return self._each(_Step("rename", (mapping,), {}))

    def parts(self, ask: Ask) -> list[Any]:
        """What is asked of every part, a narwhals frame of pandas, brought here: it must be small.

        Parameters
        ----------
        ask : callable
            Gives any object; it is sent to where the part is.
        """
        from dask import compute, delayed  # pyright: ignore

        asked: Any = delayed(_answer)
        return list(cast("Any", compute(*(asked(part, ask) for part in self.to_native().to_delayed()))))

    def _by_part(self, method: str, exprs: list[Any], named: dict[str, Any]) -> PartitionedFrame:
        frame = self._together([*exprs, *named.values()])
        return frame._each(_Step(method, tuple(exprs), named))

    def _each(self, ask: _Step) -> PartitionedFrame:
        native = self.to_native()
        # Told what comes out, Dask does not try the function on rows that it makes up.
        made = native.map_partitions(_frame_of, ask, meta=_frame_of(native._meta, ask), enforce_metadata=False)
        return _partitioned(made)

    def _together(self, exprs: Sequence[Any]) -> PartitionedFrame:
        """The frame with the rows of each group in one part, where expressions look at the rows of groups."""
        groups: list[set[str]] = [set(group) for expr in exprs for group in _groups(expr)]
        if not groups:
            return self
        # Rows that agree in what all groups share lie in one part: so do those of each of the groups.
        shared = reduce(lambda left, right: left & right, groups)
        if not shared:
            raise _across("all rows together" if not all(groups) else "rows of groups that share no column")
        return _partitioned(self.to_native().shuffle(on=sorted(shared), ignore_index=True))


def _frame_of(part: Any, ask: Ask) -> Any:
    """What is asked of one part, as pandas; its index may repeat, and says nothing."""
    return ask(nw.from_native(part.reset_index(drop=True), eager_only=True)).to_native()


def _answer(part: Any, ask: Ask) -> Any:
    return ask(nw.from_native(part.reset_index(drop=True), eager_only=True))


@dataclass(frozen=True, eq=False)
class _Step:
    """One method of a frame with its arguments, as it is sent to every part."""

    method: str
    given: tuple[Any, ...]
    options: dict[str, Any]
    token: str = field(default_factory=lambda: uuid4().hex)

    def __call__(self, part: Any) -> Any:
        return getattr(part, self.method)(*self.given, **self.options)

    def __dask_tokenize__(self) -> str:
        # Dask would look for a name in the expressions, and finds none that is the same twice.
        return self.token


def _flat(exprs: Iterable[Any]) -> list[Any]:
    found: list[Any] = []
    for expr in exprs:
        found += (
            list(cast("Any", expr)) if isinstance(expr, Iterable) and not isinstance(expr, str | nw.Expr) else [expr]
        )
    return found


def _nodes(expr: Any) -> Sequence[Any]:
    return expr._nodes if isinstance(expr, nw.Expr) else ()  # pyright: ignore[reportPrivateUsage]


def _kind(node: Any) -> str:
    return node.kind.name


_BY_ROW = frozenset({"ALL", "COL", "ELEMENTWISE", "EXCLUDE", "LITERAL", "NTH", "SELECTOR", "WHEN_THEN"})


def _groups(expr: Any) -> Iterator[tuple[str, ...]]:
    """The groups whose rows an expression looks at: () stands for all rows together."""
    if isinstance(expr, nw.Series):
        raise _across("a column of another frame")
    nodes = _nodes(expr)
    for position, node in enumerate(nodes):
        for inner in node.exprs:
            yield from _groups(inner)
        kind = _kind(node)
        if kind == "OVER":
            yield tuple(sorted(node.kwargs["partition_by"]))
        elif kind not in _BY_ROW and not any(_kind(later) == "OVER" for later in nodes[position + 1 :]):
            yield ()


def _is_plain_sum(expr: Any) -> bool:
    nodes = [node for node in _nodes(expr) if node.name != "alias"]
    if not nodes or any(node.exprs for node in nodes) or nodes[-1].name not in _PLAIN:
        return False
    return [_kind(node) for node in nodes] in (["COL", "AGGREGATION"], ["ALL", "AGGREGATION"], ["AGGREGATION"])


def _across(found: str) -> EstimateFault:
    return EstimateFault(
        "FL-EST-770",
        "this step looks at rows of several parts of a Dask frame together",
        found=found,
        fix="give what it would make as a column (weights=…, a number of the unit), or another engine: "
        'fl.load(…, engine="duckdb"), or frame.compute() where the rows fit into memory',
    )
