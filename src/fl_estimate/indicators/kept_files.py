"""Classified people of a folder whose sums are kept: each file as rows of its own, classified when they have to be read."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from fl_estimate.indicators.checking import CheckedLater
from fl_estimate.inputs.folder import Folder, FolderFile
from fl_estimate.inputs.kept_sums import FileRows, KeptSums

if TYPE_CHECKING:
    from fl_estimate.indicators.framework import Framework


def keep_sums(
    made: CheckedLater, folder: Folder, frameworks: Sequence[Framework], classified: Callable[[Any], CheckedLater]
) -> None:
    """Have the sums of classified people kept by file, where the folder says where.

    Parameters
    ----------
    made : Classification
        Of all files.
    folder : Folder
    frameworks : sequence of Framework
    classified : callable
        Classifies the rows of one file as those of all were.
    """
    unread = made.unread_rows
    if unread is None or folder.cache is None:
        return
    kept = KeptSums(
        home=folder.cache,
        told_by=_digest(
            [
                [each.model_dump_json(warnings=False) for each in frameworks],
                list(folder.columns),
                folder.partitions,
                folder.casts,
                folder.engine,
            ]
        ),
        root=_digest(str(folder.path.resolve())),
        files=tuple(_rows(folder, file, classified) for file in folder.files),
        allow_changes=folder.allow_changes,
    )
    kept.open()
    unread.kept = kept


def _rows(folder: Folder, file: FolderFile, classified: Callable[[Any], CheckedLater]) -> FileRows:
    def rows_of() -> tuple[Any, Mapping[str, Any]]:
        unread = classified(folder.frame_of([file])).unread_rows
        if unread is None:
            raise AssertionError("rows of a folder are not in memory")
        return unread.frame, unread.flags

    # Types of columns belong to it: a file is read otherwise where another one is not of its types.
    told = [file.sha256, sorted(file.values.items()), [[name, str(kind)] for name, kind in file.schema.items()]]
    return FileRows(
        name=file.name,
        identity=_digest(told),
        sha256=file.sha256,
        n_rows=file.n_rows,
        rows_of=rows_of,
        require_unchanged=file.require_unchanged,
    )


def _digest(told: Any) -> str:
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()
