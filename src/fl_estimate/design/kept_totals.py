"""Small tables added up file by file, each kept for the next time: what is added to a folder costs its own rows."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from typing import Any

import narwhals as nw
import numpy as np

from fl_estimate.design.small_table import GroupingKey, Totals, added
from fl_estimate.design.totals import totals
from fl_estimate.inputs.kept_sums import FileRead, FileRows, KeptSums

Sums = Mapping[Any, tuple[str, ...]]


def totals_by_file(
    kept: KeptSums, request: str, *, keys: tuple[str, ...], columns: Mapping[str, nw.Expr], sums: Sums
) -> Totals:
    """As `totals`, of all files of a folder; only rows are read of which no sums are kept.

    Parameters
    ----------
    kept : KeptSums
    request : str
        What is asked, spelled out.
    keys, columns, sums
        As in `totals`.

    Raises
    ------
    EstimateFault
        FL-EST-03: a missing or infinite value reached a sum.
    FileFault
        FL-FILE-48, FL-FILE-55.
    """
    tables, read = list[Totals](), list[FileRead]()
    for file in kept.files:
        name = kept.place(file, request)
        content = kept.find(name)
        table = None if content is None else unpacked(content, keys, tuple(sums))
        if table is not None:
            read.append(FileRead(file=file.name, rows=0, how="kept sums"))
        else:
            table = _of_rows(file, keys, columns, sums)
            why = "damaged sums" if content is not None else _why(kept, file)
            # A table of nearly as many groups as rows is the rows themselves, which are not kept.
            if len(table.n) * 2 > file.n_rows and file.n_rows:
                why = "too many groups"
            else:
                kept.keep(name, packed(table))
            read.append(FileRead(file=file.name, rows=file.n_rows, how="rows", why=why))
        tables.append(table)
    kept.finish(read)
    return added(tables)


def _of_rows(file: FileRows, keys: tuple[str, ...], columns: Mapping[str, nw.Expr], sums: Sums) -> Totals:
    file.require_unchanged()
    frame, flags = file.rows_of()
    table = totals(frame, keys=keys, columns=columns, sums=sums, counted=flags)
    file.require_unchanged()
    return table


def _why(kept: KeptSums, file: FileRows) -> str:
    known = kept.before().get(file.name)
    return "new" if known is None else "changed" if known != file.sha256 else "not asked before"


def packed(table: Totals) -> bytes:
    """A small table as bytes: numbers, and labels as JSON."""
    told = {"keys": {name: list(key.levels) for name, key in table.keys.items()}, "counted": dict(table.counted)}
    arrays: dict[str, Any] = {f"k{position}": key.codes for position, key in enumerate(table.keys.values())}
    arrays |= {f"s{position}": values for position, values in enumerate(table.sums.values())}
    content = io.BytesIO()
    np.savez_compressed(content, told=np.frombuffer(json.dumps(told).encode(), dtype=np.uint8), n=table.n, **arrays)
    return content.getvalue()


def unpacked(content: bytes, keys: tuple[str, ...], sums: tuple[Any, ...]) -> Totals | None:
    """The small table of these bytes; None where they are damaged."""
    if not content:
        return None
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            told = json.loads(arrays["told"].tobytes())
            named = {
                name: GroupingKey(codes=arrays[f"k{position}"], levels=tuple(told["keys"][name]))
                for position, name in enumerate(keys)
            }
            found = {name: arrays[f"s{position}"] for position, name in enumerate(sums)}
            return Totals(keys=named, sums=found, n=arrays["n"], counted=told["counted"])
    except (OSError, ValueError, KeyError, EOFError):
        return None
