"""Mapped tables for an engine that is not polars: streamed into Parquet once, and read there by the engine."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fl_estimate.inputs.engines import PART, ROWS_TOGETHER, scanned, whole_folder, write_parquet
from fl_estimate.inputs.survey_data import SurveyData

if TYPE_CHECKING:
    import polars as pl


class EngineTables:
    """Mapped tables on their way into an engine: those of lazy files are written in the pass that checks their rows.

    A context: what was written is kept where it ends well, and gone where the rows break the schema.

    Parameters
    ----------
    engine : {"duckdb", "dask", "spark"}
    folder : str or Path, optional
        A subfolder for each table is written here; None: in a folder that is removed when Python ends.

    Raises
    ------
    FileFault
        FL-FILE-37: the folder holds something; FL-FILE-38: it cannot be written.
    """

    def __init__(self, engine: str, folder: str | Path | None) -> None:
        self.engine = engine
        self.home = _own_folder() if folder is None else Path(folder)
        self._writing = ExitStack()
        self._written: dict[str, Path] = {}

    def __enter__(self) -> EngineTables:
        return self

    def __exit__(self, *error: Any) -> bool | None:
        return self._writing.__exit__(*error)

    def sinks(self, tables: Mapping[str, pl.LazyFrame]) -> list[pl.LazyFrame]:
        """What writes the tables, when it is collected."""
        made: list[Any] = []
        for name, table in tables.items():
            part = self._writing.enter_context(whole_folder(self.home / name))
            part.mkdir()
            self._written[name] = self.home / name
            made.append(table.sink_parquet(part / PART, row_group_size=ROWS_TOGETHER, lazy=True))
        return made

    def read(self, data: SurveyData) -> SurveyData:
        """The survey with its tables in the engine; those that no sink wrote are written now."""
        self._writing.close()
        written = {
            name: self._written[name] if name in self._written else write_parquet(table, self.home / name)
            for name, table in data.tables.items()
        }
        tables: dict[str, Any] = scanned(written, self.engine)
        return replace(data, **tables)


def _own_folder() -> Path:
    """A folder that only this user can look into, for as long as the process lasts."""
    made = Path(tempfile.mkdtemp(prefix="fl_estimate-tables-"))
    atexit.register(shutil.rmtree, made, ignore_errors=True)
    return made
