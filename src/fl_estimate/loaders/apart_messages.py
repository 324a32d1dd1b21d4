"""What goes between a process and the one that reads its files: lines of JSON, and frames as Arrow.

No pickle: what comes back was made beside bytes that may be hostile.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from fl_estimate.errors import FileFault, FlError
from fl_estimate.inputs.survey_data import Source
from fl_estimate.loaders.file_table import Codebook, FileTable, Range, TextFormat

if TYPE_CHECKING:
    import polars as pl

LONGEST_LINE = 512 * 2**20
"""Bytes of one line of JSON: labels of all columns are in one."""
SLICE = 50_000
"""Rows of a frame that are handed over at once."""


def send(to: IO[bytes], message: Mapping[str, Any], frame: pl.DataFrame | None = None) -> None:
    """Write one message: what is said, and a frame where there is one."""
    packed = b""
    if frame is not None:
        content = io.BytesIO()
        frame.write_ipc_stream(content)
        packed = content.getvalue()
    to.write(json.dumps({**message, "bytes": len(packed), "framed": frame is not None}).encode() + b"\n")
    to.write(packed)
    to.flush()


def receive(of: IO[bytes]) -> tuple[dict[str, Any], pl.DataFrame | None] | None:
    """Read one message; None where the other side has gone."""
    line = of.readline(LONGEST_LINE)
    if not line.endswith(b"\n"):
        return None
    said: dict[str, Any] = json.loads(line)
    if not said.pop("framed"):
        return said, None
    size = int(said.pop("bytes"))
    packed = of.read(size)
    if len(packed) < size:
        return None
    import polars as pl

    return said, pl.read_ipc_stream(io.BytesIO(packed))


def fault_message(fault: FlError) -> dict[str, Any]:
    """An error as it is sent."""
    return {"code": fault.code, "what": fault.what, "found": fault.found, "fix": fault.fix}


def fault_of(message: Mapping[str, str]) -> FileFault:
    """The error that was sent."""
    return FileFault(message["code"], message["what"], found=message["found"], fix=message["fix"])


def codebook_message(book: Codebook) -> dict[str, Any]:
    """A codebook as it is sent: codes may be numbers, which keys of JSON are not."""
    return {**asdict(book), "value_labels": _pairs(book.value_labels)}


def codebook_of(message: Mapping[str, Any]) -> Codebook:
    """The codebook that was sent."""
    own: dict[str, Any] = {
        **message,
        "columns": tuple(message["columns"]),
        "value_labels": _labels(message["value_labels"]),
        "declared_missing": _ranges(message["declared_missing"]),
    }
    return Codebook(**own)


def table_message(table: FileTable) -> dict[str, Any]:
    """What a file says beside its rows, as it is sent."""
    return {
        "source": asdict(table.source),
        "guessed": table.guessed,
        "variable_labels": table.variable_labels,
        "value_labels": _pairs(table.value_labels),
        "declared_missing": table.declared_missing,
    }


def table_of(message: Mapping[str, Any], frame: pl.DataFrame) -> FileTable:
    """The table that was sent."""
    return FileTable(
        frame=frame,
        source=Source(**message["source"]),
        guessed=bool(message["guessed"]),
        variable_labels=dict(message["variable_labels"]),
        value_labels=_labels(message["value_labels"]),
        declared_missing=_ranges(message["declared_missing"]),
    )


def request_message(what: str, file: Path, written: TextFormat, **more: Any) -> dict[str, Any]:
    """A request as it is sent."""
    told = {**vars(written), "more": dict(written.more)}
    return {"what": what, "file": str(file), "written": told, **more}


def _pairs(labels: Mapping[str, Mapping[float | str, str]]) -> dict[str, list[list[Any]]]:
    return {name: [[code, label] for code, label in of.items()] for name, of in labels.items()}


def _labels(message: Mapping[str, list[list[Any]]]) -> dict[str, dict[float | str, str]]:
    return {name: {code: str(label) for code, label in of} for name, of in message.items()}


def _ranges(message: Mapping[str, list[list[Any]]]) -> dict[str, tuple[Range, ...]]:
    return {name: tuple((low, high) for low, high in of) for name, of in message.items()}
