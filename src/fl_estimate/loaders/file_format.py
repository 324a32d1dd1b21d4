"""What a file format is: its endings, how it is read, what it keeps, and what has to be said of its files.

Each file of `loaders/formats` declares one as `FORMAT`; `loaders.files` finds them there, and all that reads, checks,
converts, drafts, fuzzes or lists files asks it. No other file knows an ending by name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from fl_estimate.loaders.file_table import Codebook, FileTable, Range, TextFormat

if TYPE_CHECKING:
    import polars as pl

Labels = Mapping[float | str, str]

Whole = Callable[[Path, TextFormat], FileTable]
"""Reads a whole file."""


@dataclass(frozen=True, kw_only=True)
class InStretches:
    """How the files of a format are read a stretch of rows at a time, so that a file of any size is converted.

    Attributes
    ----------
    codebook : callable
        What a file says of its columns, without its rows.
    stretches : callable
        Its rows, from its path, its codebook and the most cells of a stretch (None: as many as are fast). At least one
        frame, which may be empty; columns of declared missing codes come along as ``<name>@missing``.
    schema : callable
        The types of all columns, where they are known before a row is read; None where they are not.
    """

    codebook: Callable[[Path, TextFormat], Codebook]
    stretches: Callable[[Path, Codebook, int | None], Iterator[pl.DataFrame]]
    schema: Callable[[Path, Codebook], dict[str, pl.DataType] | None]


@dataclass(frozen=True, kw_only=True)
class FileDescription:
    """What a file says of its columns, to be written beside its rows."""

    variable_labels: Mapping[str, str] = field(default_factory=dict[str, str])
    value_labels: Mapping[str, Labels] = field(default_factory=dict[str, Labels])
    declared_missing: Mapping[str, tuple[Range, ...]] = field(default_factory=dict[str, tuple[Range, ...]])


Write = Callable[[Iterator["pl.DataFrame"], Mapping[str, "pl.DataType"], Path, FileDescription], None]
"""Writes frames, all brought to one schema, under each other into a file, with what was said of their columns."""


@dataclass(frozen=True, kw_only=True)
class Option:
    """Something that has to be said of the files of one format alone: a key of ``[source]`` in a mapping.

    Attributes
    ----------
    name : str
        The key, and the name in `TextFormat.more`.
    kind : type
        As pydantic takes it: ``Annotated[int, Field(ge=1)]``.
    says : str
        What it says, in a few words, for the page of file formats.
    """

    name: str
    kind: Any
    says: str


@dataclass(frozen=True, kw_only=True)
class FileFormat:
    """A format that survey files come in.

    Attributes
    ----------
    name : str
        As people call it: "SPSS".
    endings : tuple of str
        In small letters, with the point; no two formats share one.
    read : callable or InStretches
        How a file is read: whole, or a stretch at a time.
    lazy : bool
        Whether its frame is lazy: rows are read when they are asked for, and the file need not be converted.
    labels : {"in the file", "in a catalogue", "from a conversion", "none"}
        Where labels of columns and codes come from.
    declaring : tuple of str
        Endings of the files that can declare codes to be missing.
    heeds : tuple of str
        Which fields of `TextFormat` it looks at.
    options : tuple of Option
        What else may be said of its files.
    magic : tuple of bytes
        How the content of its files starts, where that tells it from others: a file with another ending is then told by it.
    companions : dict of str to str
        Endings of files that belong to those of this format and hold no rows, with what to do instead of reading them.
    write : callable, optional
        How a table is written to it: a format that files can be converted to.
    apart : bool
        Whether its parser is code that broken bytes can bring down with the process: its files are then read by another.
    example : bytes
        A small sound file with a row or more, for the fuzz; where the tests cannot write one.
    """

    name: str
    endings: tuple[str, ...]
    read: Whole | InStretches
    lazy: bool = False
    labels: Literal["in the file", "in a catalogue", "from a conversion", "none"] = "none"
    declaring: tuple[str, ...] = ()
    heeds: tuple[str, ...] = ()
    options: tuple[Option, ...] = ()
    magic: tuple[bytes, ...] = ()
    companions: Mapping[str, str] = field(default_factory=dict[str, str])
    write: Write | None = None
    apart: bool = False
    example: bytes = b""

    @property
    def in_stretches(self) -> InStretches | None:
        """How its files are read in stretches, if they can be."""
        return self.read if isinstance(self.read, InStretches) else None
