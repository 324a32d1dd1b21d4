"""Columns that an analyst adds to a survey: from expressions, functions of the frame, or columns of the same engine; lazily."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import narwhals as nw
import numpy as np

from fl_estimate.errors import DataFault, listed, missing_columns
from fl_estimate.inputs import partitions
from fl_estimate.inputs.partitions import orders_classes
from fl_estimate.inputs.sample_design import Design
from fl_estimate.inputs.wording import ColumnWords, SurveyWording, Text, text_of
from fl_estimate.schema.expressions import Expression, parse
from fl_estimate.schema.variables import TABLES

KEYS: tuple[str, ...] = tuple(dict.fromkeys(table.key for table in TABLES.values()))
"""Columns by which tables belong together."""
Labels = Mapping[str, Mapping[Any, str | Text]]
Titles = Mapping[str, str | Text]


def assigned(frame: Any, columns: Mapping[str, Any], *, kept: Iterable[str]) -> Any:
    """A frame with these columns, one after the other, so that a later one may use an earlier.

    Parameters
    ----------
    frame : frame
        Of any engine that narwhals knows; a lazy one stays lazy.
    columns : mapping of str to column
        An expression text, an `Expression`, a function of the frame, a number, or a column of the engine (a pandas
        Series with the index of the frame, a polars Series or expression, a DuckDB expression, a narwhals expression).
    kept : iterable of str
        Columns that are not to be written over.

    Raises
    ------
    DataFault
        FL-DATA-09: no column can be made of it; FL-DATA-10: it is not of these rows; FL-DATA-11: the column is not to be
        written over.
    ExpressionFault
        As `schema.expressions.parse`.
    """
    taken = [name for name in columns if name in set(kept)]
    if taken:
        raise DataFault(
            "FL-DATA-11", "columns that the survey rests on are not written over", found=listed(taken),
            fix="give it a name of its own; how the sample was drawn is said with design=",
        )  # fmt: skip
    for name, value in columns.items():
        frame = _with(frame, name, value)
    return frame


def _with(frame: Any, name: str, value: Any) -> Any:
    if callable(value) and not isinstance(value, str | nw.Expr | nw.Series) and not _of_engine(value):
        value = value(frame)
        if isinstance(value, str) or (callable(value) and not isinstance(value, nw.Expr) and not _of_engine(value)):
            raise _no_column(frame, name, value)
    narwhal: Any = partitions.narwhal(frame)
    if isinstance(value, str | Expression):
        read = parse(value) if isinstance(value, str) else value
        return narwhal.with_columns(
            read.value(narwhal.collect_schema(), ordered=orders_classes(narwhal)).alias(name)
        ).to_native()
    if isinstance(value, bool | int | float | np.number | np.bool_):
        return narwhal.with_columns(nw.lit(_plain(value)).alias(name)).to_native()
    if isinstance(value, nw.Expr):
        return narwhal.with_columns(value.alias(name)).to_native()
    own: Any = nw.to_native(value, pass_through=True)
    made = _native(narwhal, frame, name, own)
    if made is None:
        raise _no_column(frame, name, value)
    return made


def _plain(value: Any) -> Any:
    """A number as Python has it."""
    return value.item() if hasattr(value, "item") else value


def _of_engine(value: Any) -> bool:
    """Whether it is an engine's own column or expression: some of them can be called."""
    return type(value).__module__.split(".")[0] in ("pandas", "polars", "duckdb", "_duckdb", "numpy", "pyspark", "dask")


def _native(narwhal: Any, frame: Any, name: str, value: Any) -> Any:
    """The frame with a column of its own engine; None where it is of another."""
    engine, module, kind = narwhal.implementation, type(value).__module__.split(".")[0], type(value).__name__
    if engine.is_pandas() and module in ("pandas", "numpy"):
        if np.ndim(value) != 1:
            return None
        of_rows = len(value) == len(frame) and (
            module != "pandas" or kind != "Series" or value.index.equals(frame.index)
        )
        _require_of_rows(of_rows, frame, name, value)
        return frame.assign(**{name: value})
    if engine.is_polars() and module == "polars" and kind in ("Series", "Expr"):
        if kind == "Series" and isinstance(narwhal, nw.DataFrame):
            _require_of_rows(len(value) == len(frame), frame, name, value)
        return frame.with_columns(**{name: value})
    if engine.is_duckdb() and module in ("duckdb", "_duckdb"):
        import duckdb

        if not isinstance(value, duckdb.Expression):
            return None

        there = [name] if name in narwhal.collect_schema().names() else []
        return frame.select(duckdb.StarExpression(exclude=there), value.alias(name))
    return None


def _require_of_rows(of_rows: bool, frame: Any, name: str, value: Any) -> None:
    if of_rows:
        return
    same = len(value) == len(frame)
    raise DataFault(
        "FL-DATA-10", "the column is not of these rows",
        found=f"{name}: " + ("another index" if same else f"{len(value)} values for {len(frame)} rows"),
        fix="make it from the frame itself: assign(name=lambda people: …)",
    )  # fmt: skip


def _kind(value: object) -> str:
    return f"{type(value).__module__.split('.')[0]}.{type(value).__name__}"


def _no_column(frame: Any, name: str, value: Any) -> DataFault:
    kind, engine = _kind(value), _kind(frame)
    return DataFault(
        "FL-DATA-09", "no column can be made of this",
        found=f"{name}: {kind}, on {engine}",
        fix='an expression text ("age >= 18"), fl.cut(…), a function of the frame, a number, or a column of the same engine',
    )  # fmt: skip


def worded(
    wording: SurveyWording, frame: Any, columns: Iterable[str], labels: Labels | None, titles: Titles | None
) -> SurveyWording:
    """The words of a survey with those of its new columns; what was said of a column that is written over is gone.

    Raises
    ------
    DataFault
        FL-DATA-12: words for a column that is not there.
    """
    labels, titles = labels or {}, titles or {}
    there: Sequence[str] = partitions.narwhal(frame).collect_schema().names()
    absent = [name for name in dict.fromkeys([*labels, *titles]) if name not in there]
    if absent:
        raise missing_columns("FL-DATA-12", absent, there, DataFault)
    gone = set(columns)
    left = replace(wording, columns={name: words for name, words in wording.columns.items() if name not in gone})
    own = {
        name: ColumnWords(
            title=text_of(titles.get(name)),
            values={_code(code): text_of(text) for code, text in labels.get(name, {}).items()},
            ordered=name in labels,
        )
        for name in dict.fromkeys([*labels, *titles])
    }
    return replace(wording, columns=replace(SurveyWording(), columns=own).over(left).columns)


def _code(value: Any) -> str:
    """A code as results name it: 1.0 is 1."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def resting_on(design: Design | None) -> tuple[str, ...]:
    """Columns that a survey rests on: keys, and those of its design."""
    return (*KEYS, *(() if design is None else (*design.columns, *design.phase2_columns)))


def columns_given(given: Mapping[str, Any] | None, more: Mapping[str, Any]) -> dict[str, Any]:
    """Columns by name, whether they came as a mapping or as arguments."""
    return {**(given or {}), **more}
