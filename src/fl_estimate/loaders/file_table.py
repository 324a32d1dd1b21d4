"""What every reader of files shares: the table that comes out, how a file is written, and the errors of bad files."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fl_estimate.errors import FileFault, listed
from fl_estimate.inputs.survey_data import Source

if TYPE_CHECKING:
    import polars as pl

KIND = "@missing"
"""Ending of the column that holds the code of each declared missing value."""
FEW = 30
"""Codes up to which a chain of comparisons is taken: `replace_strict` is a join, and slower for few."""

Range = tuple[float | str, float | str]


@dataclass(frozen=True)
class TextFormat:
    """How a file is written, as far as it does not say it itself.

    Attributes
    ----------
    encoding : str, optional
        Of texts in the file. Found out where it is not given.
    delimiter, decimal : str, optional
        Of a delimited text. Found out where they are not given.
    header_row : int, optional
        Line of a delimited text, or row of a worksheet, that holds the column names; counted from 1.
    sheet : str, optional
        Worksheet of a workbook. The first one where it is not given.
    catalogue : str, optional
        File of SAS formats (.sas7bcat), in the folder of the data.
    more : dict
        What single formats have to be told besides, by the names of their options.
    """

    encoding: str | None = None
    delimiter: str | None = None
    decimal: str | None = None
    header_row: int | None = None
    sheet: str | None = None
    catalogue: str | None = None
    more: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, kw_only=True)
class FileTable:
    """One file: its rows as a polars frame (lazy where its format is) and what it says of its columns.

    `guessed` says that its encoding was found out and may be another.
    """

    frame: pl.DataFrame | pl.LazyFrame
    source: Source
    guessed: bool = False
    variable_labels: dict[str, str] = field(default_factory=dict[str, str])
    value_labels: dict[str, dict[float | str, str]] = field(default_factory=dict[str, dict[float | str, str]])
    declared_missing: dict[str, tuple[Range, ...]] = field(default_factory=dict[str, tuple[Range, ...]])

    @property
    def columns(self) -> list[str]:
        """The columns of the file itself, without those that hold the codes of missing values."""
        names = self.frame.collect_schema().names()
        there = set(names)
        return [name for name in names if not (name.endswith(KIND) and name.removesuffix(KIND) in there)]


@dataclass(frozen=True, kw_only=True)
class Codebook:
    """What a file says of itself, without its rows: for formats that are read in stretches.

    Attributes
    ----------
    columns : tuple of str
    n_rows : int, optional
        None where the file does not say it.
    encoding : str
    given_encoding : str, optional
        The encoding that was given, not found.
    kinds, formats : dict of str to str
        How the file stores each column, and shows it, in words of its format.
    variable_labels, value_labels, declared_missing : dict
        As in `FileTable`.
    """

    columns: tuple[str, ...]
    n_rows: int | None
    encoding: str = "UTF-8"
    given_encoding: str | None = None
    kinds: dict[str, str] = field(default_factory=dict[str, str])
    formats: dict[str, str] = field(default_factory=dict[str, str])
    variable_labels: dict[str, str] = field(default_factory=dict[str, str])
    value_labels: dict[str, dict[float | str, str]] = field(default_factory=dict[str, dict[float | str, str]])
    declared_missing: dict[str, tuple[Range, ...]] = field(default_factory=dict[str, tuple[Range, ...]])


def code_text(code: float | str) -> str:
    """Write a code as people do: 8, not 8.0."""
    return str(int(code)) if isinstance(code, float) and code.is_integer() else str(code)


def source_of(file: Path, encoding: str, n_rows: int) -> Source:
    """Say where a table came from."""
    with file.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
    return Source(name=file.name, sha256=digest, encoding=encoding, n_rows=n_rows)


def damaged(file: Path, why: str) -> FileFault:
    """Build the error of a file that does not hold what it should."""
    return FileFault(
        "FL-FILE-05",
        "the file cannot be read: it is damaged, or not what its ending says",
        found=f"{file.name}: {why[:1].lower()}{why[1:]}",
        fix="copy or export the file again, and give it the ending of its format",
    )


def require_name(file: Path) -> None:
    """Refuse a name whose bytes are no text, for readers that take only texts.

    Raises
    ------
    FileFault
        FL-FILE-52
    """
    try:
        str(file).encode()
    except UnicodeEncodeError:
        raise FileFault(
            "FL-FILE-52",
            "the name of the file, or of a folder that it is in, is no text in UTF-8",
            found=file.name,
            fix="give it another name",
        ) from None


def not_encoded(file: Path, encoding: str | None, positions: list[str]) -> FileFault:
    """Build the error of texts that are not in the encoding that was assumed; `positions` are the columns they are in."""
    where = f", in {listed(positions)}" if positions else ""
    named = encoding or "the encoding that it states"
    return FileFault(
        "FL-FILE-06",
        "a text in the file is not in the encoding that was assumed",
        found=f"{file.name}: not {named}{where}",
        fix='say which it is in the mapping, such as [source] encoding = "windows-1252"',
    )


def no_header(file: Path, why: str, *, fix: str = "") -> FileFault:
    """Build the error of a delimited text or worksheet whose header cannot be used."""
    return FileFault(
        "FL-FILE-07",
        "the file has no usable header",
        found=f"{file.name}: {why}",
        fix=fix or "one line gives every column a name of its own; [source] header_row says which line it is",
    )


def header_faults(names: list[str]) -> list[str]:
    """Say what is wrong with column names: none, a blank one, one that occurs twice.

    They are said by place: where the file has no header, the names are the answers of the first person.
    """
    twice = [str(position) for position, name in enumerate(names, 1) if name and names.count(name) > 1]
    faults: list[str] = []
    if not names or "" in names:
        faults.append("a column without a name")
    if twice:
        faults.append(f"names that occur twice, of columns {listed(twice)}")
    return faults
