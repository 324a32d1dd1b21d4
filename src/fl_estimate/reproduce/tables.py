"""Tables that targets read: a column of printed figures with their rows and groups, and case lists."""

from __future__ import annotations

import io
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd

from fl_estimate import datasets
from fl_estimate.errors import FlError, columns_shown, is_file, listed, may_be_shown, nearest
from fl_estimate.inputs.histories import CaptureHistories
from fl_estimate.reproduce.figures import Input, read_printed
from fl_estimate.reproduce.formulas import FormulaError
from fl_estimate.schema.expressions import parse


@dataclass(frozen=True)
class WrittenTable:
    """A table twice: with numbers, for conditions, and as it is written, for the digits."""

    name: str
    numbers: pd.DataFrame
    texts: pd.DataFrame


def read_table(name: str, folder: Path | None) -> WrittenTable:
    """A CSV file beside the target or in a folder ``tables`` there, else a bundled data set of that name.

    Raises
    ------
    FormulaError
    """
    content = _content(name, folder)
    if content is None:
        raise FormulaError(f"{name!r} is neither a CSV file beside the target nor a bundled data set")
    return _as_table(name, content)


def _as_table(name: str, content: bytes) -> WrittenTable:
    try:
        numbers = pd.read_csv(io.BytesIO(content))
        texts = pd.read_csv(io.BytesIO(content), dtype=str, keep_default_na=False)
    except (ValueError, UnicodeDecodeError) as error:
        raise FormulaError(f"{name!r} cannot be read as CSV in UTF-8: {type(error).__name__}") from None
    return WrittenTable(name, numbers, texts)


def read_column(
    table: WrittenTable,
    column: str,
    *,
    label: str,
    symbol: str,
    where: str,
    groups: str,
    halfwidth: float | None,
    **said: str,
) -> Input:
    """A column as an input, of the rows that a condition is true of.

    Raises
    ------
    FormulaError
        A column that is not there, a cell that is no number, no row left.
    """
    for each in (column, groups):
        if each and each not in table.texts.columns:
            close = nearest(each, may_be_shown(table.texts.columns))
            known = (
                f"did you mean {close!r}?" if close else f"it has {columns_shown(list(table.texts.columns), most=5)}"
            )
            raise FormulaError(f"{table.name!r} has no column {each!r}; {known}")
    kept = _kept(table, where)
    if not kept.any():
        raise FormulaError(f"where: it is true of no row of {table.name!r}")
    values, halves, wrong = [], [], []
    for row in np.flatnonzero(kept):
        try:
            printed = read_printed(str(table.texts[column].iloc[row]))
            values.append(printed.value)
            halves.append(printed.half if halfwidth is None else halfwidth)
        except ValueError:
            wrong.append(int(row) + 2)
    if wrong:
        raise FormulaError(
            f"column {column!r} of {table.name!r} has no number in {listed([f'line {line}' for line in wrong])}; leave such rows out with "
            f"where, or take them from elsewhere: they are not taken as nought"
        )
    chosen = _groups(table, groups, kept) if groups else ()
    return Input(label=label or f"{column}, {table.name}", values=np.array(values), halfwidths=np.array(halves), symbol=symbol,
                 rows=(table.name, where), groups=chosen, table=f"{table.name}" + (f", {where}" if where else ""), **said)  # fmt: skip


def _groups(table: WrittenTable, column: str, kept: Any) -> tuple[str, ...]:
    texts = table.texts[column].str.strip()
    blank = [f"line {row + 2}" for row in np.flatnonzero(kept & (texts == "").to_numpy())]
    if blank:
        raise FormulaError(
            f"groups: column {column!r} of {table.name!r} is empty in {listed(blank)}; leave such rows out with where"
        )
    return tuple(texts[kept])


def read_lists(name: str, folder: Path | None) -> CaptureHistories:
    """Case lists: a file with a 0/1 column a list and ``count``, or a bundled data set.

    Raises
    ------
    FormulaError
    FlError
        Of `CaptureHistories.from_counts`.
    """
    path = _beside(name, folder)
    if path is not None:
        frame = _as_table(name, path.read_bytes()).numbers
        return CaptureHistories.from_counts(frame, lists=[str(each) for each in frame.columns if each != "count"])
    stem = Path(name).stem
    result: Any = datasets.load(stem) if stem in datasets.names() else None
    if not isinstance(result, CaptureHistories):
        raise FormulaError(f"{name!r} is neither a file beside the target nor a bundled table of case lists")
    return result


def _kept(table: WrittenTable, where: str) -> Any:
    if not where:
        return np.ones(len(table.texts), dtype=bool)
    frame = nw.from_native(table.numbers)
    try:
        true, _ = parse(where).truth(frame.collect_schema())
    except FlError as fault:
        raise FormulaError(f"where: [{fault.code}] {fault.what}: {fault.found}") from None
    return frame.select(true.alias("kept")).get_column("kept").to_numpy().astype(bool)


def _beside(name: str, folder: Path | None) -> Path | None:
    positions = [] if folder is None else [folder / name, folder / "tables" / name, folder.parent / "tables" / name]
    return next((path for path in positions if is_file(path)), None)


def _content(name: str, folder: Path | None) -> bytes | None:
    path = _beside(name, folder)
    if path is not None:
        return path.read_bytes()
    for room in ("published", "tables"):
        bundled = resources.files("fl_estimate.datasets") / room / f"{Path(name).stem}.csv"
        if bundled.is_file():
            return bundled.read_bytes()
    return None
