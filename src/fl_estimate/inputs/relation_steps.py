"""Relations of DuckDB that remember by which row-wise steps they were made here, so that polars can take these over.

DuckDB reads the columns, and polars makes the steps on the rows as they come: two dozen row-wise expressions cost DuckDB
several times what polars takes for them, and what comes out of them is then the same on both.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from threading import Lock
from typing import Any, cast
from weakref import WeakKeyDictionary

import narwhals as nw

from fl_estimate.inputs.row_steps import RowStep, RowSteps, flat, in_pieces

PIECE = 131_072
"""Rows that DuckDB hands over at once: fewer than polars then puts together, as more of them cost DuckDB more each."""
_ALIKE = (nw.Boolean, nw.String, nw.Float32, nw.Float64, nw.Date, nw.Int8, nw.Int16, nw.Int32, nw.Int64, nw.UInt8, nw.UInt16, nw.UInt32)  # fmt: skip
"""Types that are the same in DuckDB and in polars; relations of which others are needed are left to DuckDB."""
_made: WeakKeyDictionary[Any, tuple[Any, RowSteps]] = WeakKeyDictionary()
"""By relation: the relation that it was made from, and the steps."""


class RelationFrame(nw.LazyFrame[Any]):
    """A lazy frame of DuckDB whose relations remember their row-wise steps; all else begins anew."""

    def with_columns(self, *exprs: Any, **named: Any) -> RelationFrame:
        given = flat(exprs)
        return self._after(RowStep("with_columns", (given,), named), super().with_columns(given, **named))

    def select(self, *exprs: Any, **named: Any) -> RelationFrame:
        given = flat(exprs)
        return self._after(RowStep("select", (given,), named), super().select(given, **named))

    def filter(self, *predicates: Any, **constraints: Any) -> RelationFrame:
        given = flat(predicates)
        return self._after(RowStep("filter", (given,), constraints), super().filter(given, **constraints))

    def drop(self, *columns: Any, strict: bool = True) -> RelationFrame:
        given = flat(columns)
        return self._after(RowStep("drop", (given,), {"strict": strict}), super().drop(given, strict=strict))

    def rename(self, mapping: dict[str, str]) -> RelationFrame:
        return self._after(RowStep("rename", (mapping,)), super().rename(mapping))

    def with_places(self, columns: Mapping[str, tuple[str, Sequence[str]]]) -> RelationFrame:
        """New columns, made by DuckDB where it reads, of the place of a text among some: from 1, null for any other text.

        A function of one column is asked of each different text of a block, where it is stored by its different texts; a
        chain of comparisons of each row.

        Parameters
        ----------
        columns : mapping of str to (str, sequence of str)
            By name: the column of texts or of an ENUM, and the texts; a null is told by the place after the last.
        """
        if not columns:
            return self
        places = (
            f"list_position([{', '.join(map(_quoted_text, texts))}, NULL], {_quoted(text)}::VARCHAR)::UTINYINT AS {_quoted(name)}"
            for name, (text, texts) in columns.items()
        )
        made: Any = nw.from_native(self.to_native().project(f"*, {', '.join(places)}"))
        return RelationFrame(made._compliant_frame, level="lazy")

    def in_polars(self) -> RelationReading | None:
        """The same rows as a lazy frame of polars that makes the steps; None where the types differ too much.

        Columns that nobody needs are not read. DuckDB with several threads keeps the order of the rows only as far as it
        does in `to_arrow_reader`.
        """
        import polars as pl

        relation, steps = _steps_of(self.to_native())
        kinds = nw.from_native(relation).collect_schema()
        alike = nw.Schema({name: kind for name, kind in kinds.items() if isinstance(kind, _ALIKE)}).to_polars()
        # Columns of other types may be dropped and renamed; where one is needed DuckDB goes on alone.
        schema = {name: alike.get(name, pl.Boolean()) for name in kinds}
        try:
            reading = RelationReading(relation)
            reading.frame = steps.on(in_pieces(schema, reading.pieces))
            reading.frame.collect_schema()
            needed = steps.needed(schema) if len(alike) < len(schema) else []
        except (nw.exceptions.NarwhalsError, pl.exceptions.PolarsError, TypeError):
            return None
        return reading if alike.keys() >= set(needed) else None

    def _after(self, step: RowStep, made: Any) -> RelationFrame:
        # The same relation as before would be made from itself.
        if step.is_row_wise and made.to_native() is not self.to_native():
            relation, steps = _steps_of(self.to_native())
            _made[made.to_native()] = relation, steps.then(step)
        return made


def _steps_of(relation: Any) -> tuple[Any, RowSteps]:
    return _made.get(relation, (relation, RowSteps()))


class RelationReading:
    """Rows of a relation on their way to polars, which reads ahead in a thread of its own.

    Attributes
    ----------
    frame : narwhals.LazyFrame
        To be collected once.
    """

    frame: nw.LazyFrame[Any]

    def __init__(self, relation: Any) -> None:
        self._relation, self._reader = relation, cast("Any", None)
        self._lock, self._closed = Lock(), False

    def pieces(self, columns: Sequence[str]) -> Iterator[Any]:
        """Some columns of the relation, a frame of polars after the other, until `close`."""
        import polars as pl

        while (piece := self._next(columns)) is not None:
            yield cast("pl.DataFrame", pl.from_arrow(piece))  # pyright: ignore[reportUnknownMemberType]

    def close(self) -> None:
        """Let go of the connection, on which the next question may be asked; waits for the piece that is being read."""
        with self._lock:
            self._closed = True
            if self._reader is not None:
                self._reader.close()

    def _next(self, columns: Sequence[str]) -> Any:
        with self._lock:
            if self._closed:
                return None
            if self._reader is None:
                self._reader = self._relation.project(", ".join(map(_quoted, columns))).to_arrow_reader(PIECE)
            return next(self._reader, None)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _quoted_text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
