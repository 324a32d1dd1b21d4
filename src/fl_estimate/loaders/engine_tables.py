"""Mapped tables for an engine that is not polars: streamed into Parquet once, and read there by the engine."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from fl_estimate.inputs.engines import scanned, write_parquet
from fl_estimate.inputs.survey_data import SurveyData


def in_engine(data: SurveyData, engine: str, folder: str | Path | None) -> SurveyData:
    """The survey with its tables in the engine.

    Parameters
    ----------
    data : SurveyData
        Of polars, lazy where its files are.
    engine : {"duckdb", "dask", "spark"}
    folder : str or Path, optional
        A subfolder for each table is written here; None: in a folder that is removed when Python ends.

    Raises
    ------
    FileFault
        FL-FILE-37: the folder holds something; FL-FILE-38: it cannot be written.
    """
    home = _own_folder() if folder is None else Path(folder)
    written = {name: write_parquet(table, home / name) for name, table in data.tables.items()}
    tables: dict[str, Any] = scanned(written, engine)
    return replace(data, **tables)


def _own_folder() -> Path:
    """A folder that only this user can look into, for as long as the process lasts."""
    made = Path(tempfile.mkdtemp(prefix="fl_estimate-tables-"))
    atexit.register(shutil.rmtree, made, ignore_errors=True)
    return made
