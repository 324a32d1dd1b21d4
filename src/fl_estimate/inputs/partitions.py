"""A Dask frame whose questions are asked of its parts, one by one, as pandas frames: never across them.

Dask lines the parts of two columns up by their index; where the index repeats, as in a folder of Parquet files, values are
handed to other rows and nothing is said (docs/decisions). What looks at one row at a time is right within a part, and is asked
there. What looks at several rows is asked after rows of one group were brought into one part, or refused.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from typing import Any, cast

import narwhals as nw

from fl_estimate.errors import EstimateFault
from fl_estimate.inputs.relation_steps import RelationFrame
from fl_estimate.inputs.row_steps import RowStep, RowSteps, flat, groups_of, kind_of, nodes_of

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


def with_columns(frame: Any, exprs: Sequence[nw.Expr], in_polars: Sequence[nw.Expr]) -> Any:
    """A narwhals frame with new columns; where polars makes those of another engine's rows, by the second expressions.

    Categories of pandas are made texts before they are compared, which polars need not do.
    """
    if isinstance(frame, PartitionedFrame):
        return frame.with_columns_told(exprs, in_polars)
    return frame.with_columns(*exprs)


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
        return self._by_part("with_columns", flat(exprs), named)

    def with_columns_told(self, exprs: Sequence[nw.Expr], in_polars: Sequence[nw.Expr]) -> PartitionedFrame:
        """New columns, by the second expressions where polars makes them."""
        frame = self._together([*exprs, *in_polars])
        return frame._each(RowStep("with_columns", tuple(exprs), in_polars=tuple(in_polars)))

    def filter(self, *predicates: Any, **constraints: Any) -> PartitionedFrame:
        return self._by_part("filter", flat(predicates), constraints)

    def select(self, *exprs: Any, **named: Any) -> PartitionedFrame:
        given = flat(exprs)
        if given and not named and all(_is_plain_sum(expr) for expr in given):
            return super().select(*given)  # pyright: ignore[reportReturnType]
        return self._by_part("select", given, named)

    def drop(self, *columns: Any, strict: bool = True) -> PartitionedFrame:
        return self._each(RowStep("drop", tuple(flat(columns)), {"strict": strict}))

    def rename(self, mapping: dict[str, str]) -> PartitionedFrame:
        return self._each(RowStep("rename", (mapping,), {}))

    def parts(self, ask: Ask) -> list[Any]:
        """What is asked of every part, brought here: it must be small.

        Row-wise steps since the rows were last of several parts are run by polars, on the columns that they and the
        question need: Dask reads no others. Where polars has no type for one of these, a part comes as a frame of pandas.

        Parameters
        ----------
        ask : callable
            From a lazy narwhals frame to any object; it is sent to where the part is, and asked once of no rows.
        """
        from dask import compute, delayed  # pyright: ignore

        native, steps = remembered(self.to_native())
        schema = _polars_schema(native._meta)
        needed = _needed(steps, schema, ask)
        if needed is None:
            asked: Any = delayed(_answer)
            answers = [asked(part, ask) for part in self.to_native().to_delayed()]
        else:
            asked = delayed(_answer_by_polars)
            answers = [asked(part, steps, schema, ask) for part in native[needed].to_delayed()]
        return list(cast("Any", compute(*answers)))

    def _by_part(self, method: str, exprs: list[Any], named: dict[str, Any]) -> PartitionedFrame:
        frame = self._together([*exprs, *named.values()])
        return frame._each(RowStep(method, tuple(exprs), named))

    def _each(self, ask: RowStep) -> PartitionedFrame:
        native = self.to_native()
        # Told what comes out, Dask does not try the function on rows that it makes up.
        made = native.map_partitions(_frame_of, ask, meta=_frame_of(native._meta, ask), enforce_metadata=False)
        return _partitioned(made)

    def _together(self, exprs: Sequence[Any]) -> PartitionedFrame:
        """The frame with the rows of each group in one part, where expressions look at the rows of groups."""
        if any(isinstance(expr, nw.Series) for expr in exprs):
            raise _across("a column of another frame")
        groups: list[set[str]] = [set(group) for group in groups_of(exprs)]
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
    return ask(nw.from_native(part.reset_index(drop=True), eager_only=True).lazy())


def _answer_by_polars(part: Any, steps: RowSteps, schema: Mapping[str, Any], ask: Ask) -> Any:
    return ask(steps.on_polars(_in_polars(part), schema))


def _in_polars(part: Any) -> Any:
    """The rows of a part in polars, without a copy where they are in Arrow; categories that are no texts become such."""
    import polars as pl

    table = cast("pl.DataFrame", pl.from_pandas(part, rechunk=False))
    classes = [name for name in table.columns if _has_classes(part[name].dtype) and not _is_class(table.schema[name])]
    return table.with_columns(pl.col(classes).cast(pl.String).cast(pl.Categorical)) if classes else table


def _has_classes(dtype: Any) -> bool:
    return dtype.name == "category" or dtype.name.startswith("dictionary")


def _is_class(kind: Any) -> bool:
    import polars as pl

    return kind in (pl.Categorical, pl.Enum)


def remembered(native: Any) -> tuple[Any, RowSteps]:
    """A Dask frame as it was before the row-wise steps that were last asked of its parts, and these steps.

    They are kept in Dask's own expression, so that they are found again whoever held the frame in between.
    """
    expr, steps = native.expr, list[RowStep]()
    while getattr(expr, "func", None) is _frame_of:
        step = expr.args[1]
        steps.insert(0, step)
        expr = expr.frame
    return (type(native)(expr), RowSteps(tuple(steps))) if steps else (native, RowSteps())


def _polars_schema(meta: Any) -> dict[str, Any]:
    """The types that polars has for the columns of a frame of pandas; None for those of which only the rows could tell."""
    import polars as pl

    schema = dict[str, Any]()
    for name in meta.columns:
        try:
            schema[name] = None if meta[name].dtype == object else _in_polars(meta[[name]]).schema[name]
        except (TypeError, ValueError, pl.exceptions.PolarsError):
            schema[name] = None
    return schema


def _needed(steps: RowSteps, schema: dict[str, Any], ask: Ask) -> list[str] | None:
    """The columns that polars needs to answer, told by asking it of no rows; None where it cannot answer."""
    import polars as pl

    untold = [name for name, kind in schema.items() if kind is None]
    try:
        needed = steps.needed({name: kind or pl.Null() for name, kind in schema.items()}, ask)
    except Exception:
        if untold:
            return None
        raise
    return None if set(untold) & set(needed) else needed


def _is_plain_sum(expr: Any) -> bool:
    nodes = [node for node in nodes_of(expr) if node.name != "alias"]
    if not nodes or any(node.exprs for node in nodes) or nodes[-1].name not in _PLAIN:
        return False
    return [kind_of(node) for node in nodes] in (["COL", "AGGREGATION"], ["ALL", "AGGREGATION"], ["AGGREGATION"])


def _across(found: str) -> EstimateFault:
    return EstimateFault(
        "FL-EST-770",
        "this step looks at rows of several parts of a Dask frame together",
        found=found,
        fix="give what it would make as a column (weights=…, a number of the unit), or another engine: "
        'fl.load(…, engine="duckdb"), or frame.compute() where the rows fit into memory',
    )
