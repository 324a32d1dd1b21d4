"""Files of statistical packages through pyreadstat: what SPSS, Stata and SAS share. The only place that knows pyreadstat.

Rows come as lists of Python values, a stretch at a time.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fl_estimate.errors import FileFault
from fl_estimate.loaders.file_format import InStretches
from fl_estimate.loaders.file_table import Codebook, TextFormat, damaged, not_encoded
from fl_estimate.loaders.formats.columns import frame_of

if TYPE_CHECKING:
    import polars as pl

ROWS_AT_ONCE = 100_000
"""Rows of a stretch."""


@dataclass(frozen=True, kw_only=True)
class Readers:
    """How pyreadstat reads the files of one package, by ending.

    `functions` are its functions; those of `declaring` can tell values that the file declares missing; `rows_a_byte` are
    the most rows that a byte of a file can hold, where that is not one.
    """

    functions: Mapping[str, str]
    declaring: tuple[str, ...] = ()
    rows_a_byte: Mapping[str, int] = field(default_factory=dict[str, int])


def in_stretches(readers: Readers) -> InStretches:
    """Read a format by pyreadstat alone: what type a column has is known when all of it was read."""
    return InStretches(
        codebook=lambda file, written: codebook(file, written, readers),
        stretches=lambda file, book, cells: stretches(file, book, cells, readers),
        schema=lambda _file, _book: None,
    )


def codebook(file: Path, written: TextFormat, readers: Readers) -> Codebook:
    """Read what a file says of its columns.

    Raises
    ------
    FileFault
        FL-FILE-05, FL-FILE-06.
    """
    _, meta = call(file, written.encoding, readers, metadataonly=True)
    n_rows = meta.number_rows if meta.number_rows is not None and meta.number_rows >= 0 else None
    if n_rows is not None and n_rows > file.stat().st_size * readers.rows_a_byte.get(file.suffix.lower(), 1):
        raise damaged(file, f"it announces {n_rows:,} rows, for which it is too small")
    return Codebook(
        columns=tuple(meta.column_names),
        kinds=dict(meta.readstat_variable_types),
        formats=dict(meta.original_variable_types),
        n_rows=n_rows,
        given_encoding=written.encoding,
        encoding=meta.file_encoding or written.encoding or "UTF-8",
        variable_labels={name: label for name, label in meta.column_names_to_labels.items() if label},
        value_labels={
            name: with_tags(labels, meta.readstat_variable_types.get(name))
            for name, labels in meta.variable_value_labels.items()
        },
        declared_missing={
            name: tuple((each["lo"], each["hi"]) for each in ranges)
            for name, ranges in meta.missing_ranges.items()
            if ranges
        },
    )


def with_tags(labels: dict[float | str, str], kind: str | None) -> dict[float | str, str]:
    """Write the tag of a missing number as in its column: .a, not a."""
    if kind == "string":
        return dict(labels)
    return {f".{code}" if isinstance(code, str) and len(code) == 1 else code: label for code, label in labels.items()}


def stretches(file: Path, book: Codebook, cells: int | None, readers: Readers) -> Iterator[pl.DataFrame]:
    """Read the rows of a file in stretches, at least one (which may be empty).

    Raises
    ------
    FileFault
        FL-FILE-05, FL-FILE-06.
    """
    size = 0 if cells is None else max(1_000, min(ROWS_AT_ONCE, cells // max(1, len(book.columns))))
    done = 0
    while True:
        values, meta = call(file, book.given_encoding, readers, row_offset=done, row_limit=size)
        frame = frame_of(values, book, tagged=set(meta.missing_user_values))
        done += frame.height
        last = not size or frame.height < size or done == book.n_rows
        if last and book.n_rows is not None and done != book.n_rows:
            raise damaged(file, f"it announces {book.n_rows:,} rows and holds {done:,}")
        yield frame
        if last:
            return


def call(
    file: Path, encoding: str | None, readers: Readers, *, locate: bool = True, **what: Any
) -> tuple[dict[str, Any], Any]:
    """Call the function for a file; `locate`: where a text cannot be decoded, find its column."""
    import pyreadstat as untyped

    pyreadstat: Any = untyped
    ending = file.suffix.lower()
    read: Callable[..., tuple[Any, Any]] = getattr(pyreadstat, readers.functions[ending])
    # lists of Python values: a pandas frame from pyreadstat turns nulls of whole-number columns into zeros
    settings: dict[str, Any] = {"output_format": "dict", **what}
    if encoding:
        settings["encoding"] = encoding
    if ending in readers.declaring:
        settings["user_missing"] = True
    try:
        with warnings.catch_warnings():
            # pyreadstat renames a column that occurs twice, and warns; neither SPSS, Stata nor SAS writes such a file
            warnings.filterwarnings("error", message="column .* is duplicated", category=UserWarning)
            values, meta = read(str(file), **settings)
    except UserWarning as twice:
        raise damaged(file, str(twice).partition(",")[0]) from None
    except UnicodeError:
        raise not_encoded(file, encoding, _columns_not_encoded(file, encoding, readers) if locate else []) from None
    except (pyreadstat.ReadstatError, pyreadstat.PyreadstatError) as error:
        if "encoding" in str(error) or "convert" in str(error):
            raise not_encoded(file, encoding, _columns_not_encoded(file, encoding, readers) if locate else []) from None
        raise damaged(file, str(error)) from None
    except (OverflowError, ValueError):
        raise damaged(file, "a date in it is outside the calendar") from None
    except OSError as error:
        raise damaged(file, error.strerror or "it cannot be opened") from None
    except (TypeError, LookupError, AttributeError, AssertionError, SystemError, MemoryError):
        # broken bytes make the reader stumble in its own code
        raise damaged(file, "what it says of its columns makes no sense") from None
    if not all(meta.column_names):
        raise damaged(file, "a column has no name")
    return values, meta


def _columns_not_encoded(file: Path, encoding: str | None, readers: Readers) -> list[str]:
    """Find the columns whose texts cannot be decoded, by reading each text column alone."""
    try:
        _, meta = call(file, encoding, readers, locate=False, metadataonly=True)
    except FileFault:
        return ["a name or label"]
    found: list[str] = []
    for name in (name for name in meta.column_names if meta.readstat_variable_types[name] == "string"):
        try:
            call(file, encoding, readers, locate=False, usecols=[name])
        except FileFault as fault:
            if fault.code == "FL-FILE-06":
                found.append(f"column {name!r}")
    return found
