"""Estimates on disk: one Parquet file with the recipe in its metadata. For the analyst; nothing is suppressed here.

It knows tables and JSON, not `Estimates`, which knows it.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from fl_estimate.arrays import Floats
from fl_estimate.errors import FileFault, FlError, is_file
from fl_estimate.results.columns import HEAD
from fl_estimate.saved import SavedForm, too_old

KEY = b"fl_estimate"
FORM = SavedForm(kind="estimates", number=2, again="estimate again and save")
"""1: what 0.1.0 wrote, without `basis`, `support` and wording. 2: with them; those before 0.2.0 do not say their form."""


def save(frame: pd.DataFrame, record: Mapping[str, Any], path: Path) -> Path:
    """Write a table, and what is told of it, to `path` at once or not at all."""
    pa, pq = _arrow()
    table = pa.Table.from_pandas(frame, preserve_index=False)
    whole = {**FORM.stamp(), **record}
    metadata: dict[bytes, bytes] = {**(table.schema.metadata or {}), KEY: json.dumps(whole, default=_plain).encode()}
    return _whole(path, lambda part: pq.write_table(table.replace_schema_metadata(metadata), part))


def write(content: bytes, path: Path) -> Path:
    """Write bytes to `path` at once or not at all."""
    return _whole(path, lambda part: part.write_bytes(content))


def _whole(path: Path, made: Callable[[Path], object]) -> Path:
    """Have a file made under another name, and give it its own when it is whole."""
    part = path.with_name(f".{path.name}.part")
    try:
        made(part)
        part.replace(path)
    except OSError as error:
        raise FileFault(
            "FL-FILE-08", "the estimates cannot be written", found=f"{path.name}: {error.strerror or error}",
            fix="choose a folder that exists and can be written to",
        ) from error  # fmt: skip
    finally:
        part.unlink(missing_ok=True)
    return path


def read(path: Path) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Read what `save` wrote, in the form of today: the table, and what is told of it.

    Of a file of form 1 nothing is told of `support`, `wording` and `cells`, and `saved_by` names the version that wrote it.

    Raises
    ------
    FileFault
        FL-FILE-01: no such file; FL-FILE-09: not a file that `Estimates.save` wrote; FL-FILE-25: a newer version wrote it.
    """
    _, pq = _arrow()
    if not is_file(path):
        raise FileFault("FL-FILE-01", "there is no such file", found=str(path), fix="check the path")
    with reading(path):
        table = pq.read_table(path)
        told = json.loads(table.schema.metadata[KEY])
        version = str(told["provenance"]["package_version"])
        number = FORM.number_of(told, path.name, unnumbered=2 if "support" in told else 1, version=version)
        frame: pd.DataFrame = table.to_pandas()
        if number is None or not {*HEAD, *told["by"]} <= set(frame.columns):
            raise not_ours(path)
        return (frame, told) if number > 1 else _of_form_1(frame, told, version)


@contextmanager
def reading(path: Path) -> Generator[None]:
    """Read a file in which anything may have been changed: whatever fails says that it is none of ours, and nothing of what is in it.

    Raises
    ------
    FileFault
        FL-FILE-09.
    """
    try:
        yield
    except FileFault:
        raise
    # pyarrow, JSON, base64, zlib, and our own classes on values that they cannot have.
    except (
        FlError,
        ValueError,
        TypeError,
        LookupError,
        AttributeError,
        ArithmeticError,
        OSError,
        RuntimeError,
        zlib.error,
    ):
        raise not_ours(path) from None


def _of_form_1(frame: pd.DataFrame, record: Mapping[str, Any], version: str) -> tuple[pd.DataFrame, dict[str, Any]]:
    """A table of 0.1.0 with the columns of today. It does not say on what its rows rest, so that they have the strictest basis."""
    basis = pd.array(["respondents"] * len(frame), dtype="string")
    return frame.assign(basis=basis), {"wording": {}, "cells": None, **record, "support": None, "saved_by": version}


def without_model(path: Path, record: Mapping[str, Any]) -> FileFault:
    """Build the error for a regression whose file holds its coefficients alone, as those of 0.1.0 did."""
    form = SavedForm(kind="regression", number=1, again="fit it again with fl.regress and save")
    return too_old(
        form, path.name, version=str(record["provenance"].get("package_version", "")),
        lacks="it holds coefficients, which fl.Estimates.read reads, and no model",
    )  # fmt: skip


def _arrow() -> tuple[Any, Any]:
    """Load pyarrow when it is needed; it has no type stubs, so its modules are Any here."""
    return import_module("pyarrow"), import_module("pyarrow.parquet")


def not_ours(path: Path) -> FileFault:
    """Build the error for a file that is none of estimates."""
    return FileFault(
        "FL-FILE-09", "this is not a file of estimates", found=path.name, fix="give a file that Estimates.save wrote"
    )


def packed(matrix: Floats | None) -> dict[str, Any] | None:
    """A covariance as JSON has it."""
    if matrix is None:
        return None
    raw = np.ascontiguousarray(matrix, dtype="<f8").tobytes()
    return {"rows": matrix.shape[0], "zlib": base64.b64encode(zlib.compress(raw)).decode()}


def unpacked(record: Mapping[str, Any] | None) -> Floats | None:
    """What `packed` gave."""
    if record is None:
        return None
    raw = zlib.decompress(base64.b64decode(record["zlib"]))
    return np.frombuffer(raw, dtype="<f8").reshape(record["rows"], record["rows"]).copy()


def _plain(value: Any) -> Any:
    """Numpy scalars and tuples as JSON has them."""
    item: object = getattr(value, "item", None)  # numpy's scalars
    if callable(item):
        return item()
    raise TypeError(f"{type(value).__name__} cannot be written")
