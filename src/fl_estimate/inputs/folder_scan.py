"""Parquet files in folders as a lazy frame of an engine, with the same columns and types on each."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import partial
from glob import escape
from importlib import import_module
from itertools import groupby
from pathlib import Path
from typing import Any

import narwhals as nw

from fl_estimate.inputs.engines import spark
from fl_estimate.inputs.folder_columns import Schema, kind_of
from fl_estimate.inputs.hive_names import Values, typed

Run = tuple[Sequence[Path], Sequence[Values], Schema]
"""Files that follow each other and have the same schema: their paths, what their folders say, and the schema."""
_TYPES = {"int": nw.Int64, "float": nw.Float64, "text": nw.String}


def scan(
    root: Path,
    runs: Sequence[Run],
    engine: str,
    *,
    columns: Sequence[str],
    casts: Mapping[str, str],
    partitions: Mapping[str, str],
) -> Any:
    """Files as one lazy frame of the engine.

    Engines read the names of folders in ways of their own ("01" is 1 on three, and text on DuckDB): they are asked for texts, which
    are cast here.
    """
    if engine == "dask":
        return _dask(runs, columns, casts, partitions)
    # Relations of two connections cannot be joined: one for all runs.
    read = partial(_duckdb, import_module("duckdb").connect()) if engine == "duckdb" else _READERS[engine]
    # Polars and DuckDB take folders above the root for columns too, and they would stand in for those of the files.
    # Spark reads %C3%BA as two letters.
    if engine == "spark":
        apart = any("%" in str(path) for paths, _, _ in runs for path in paths)
    else:
        apart = any("=" in part for part in root.resolve().parts)
    named = () if apart else tuple(partitions)
    shaped: list[Any] = []
    for paths, values, schema in _by_values(runs) if apart else runs:
        rows: Any = nw.from_native(read(root, paths, named, schema))
        own = [nw.col(name).cast(_TYPES[kind]) for name, kind in casts.items()]
        said = [
            nw.lit(typed(values[0][name], kind), dtype=_TYPES[kind]).alias(name)
            if apart
            else nw.col(name).cast(_TYPES[kind])
            for name, kind in partitions.items()
        ]
        made = rows.with_columns(*own, *said) if own or said else rows
        shaped.append(made.select(*columns, *partitions))
    joined: Any = shaped[0] if len(shaped) == 1 else nw.concat(shaped, how="vertical")
    return joined.to_native()


def _by_values(runs: Sequence[Run]) -> list[Run]:
    """Runs of files whose folders say the same."""
    made: list[Run] = []
    for paths, values, schema in runs:
        for _, run in groupby(zip(paths, values, strict=True), key=lambda pair: sorted(pair[1].items(), key=str)):
            both = list(run)
            made.append(([path for path, _ in both], [said for _, said in both], schema))
    return made


def _polars(root: Path, paths: Sequence[Path], partitions: Sequence[str], schema: Schema) -> Any:
    import polars as pl

    del root, schema
    texts: Any = dict.fromkeys(partitions, pl.String)
    return pl.scan_parquet(list(paths), glob=False, hive_partitioning=bool(texts), hive_schema=texts or None)


def _duckdb(connection: Any, root: Path, paths: Sequence[Path], partitions: Sequence[str], schema: Schema) -> Any:
    del root, schema
    # Its names of files are patterns. They stand in the query, for two relations with parameters cannot be put together.
    files = ", ".join(_quoted(escape(str(path))) for path in paths)
    types = ", ".join(f"{_quoted(name)}: VARCHAR" for name in partitions)
    hive = f"hive_partitioning = true, hive_types = {{{types}}}" if partitions else "hive_partitioning = false"
    return connection.sql(f"select * from read_parquet([{files}], {hive})")


def _quoted(name: str) -> str:
    return "'" + name.replace("'", "''") + "'"


def _spark(root: Path, paths: Sequence[Path], partitions: Sequence[str], schema: Schema) -> Any:
    del schema
    types: Any = import_module("pyspark.sql.types")
    session = spark()
    own = session.read.parquet(_spark_path(paths[0])).schema
    fields = [field for field in own.fields if field.name not in partitions]
    fields += [types.StructField(name, types.StringType()) for name in partitions]
    reader = session.read.schema(types.StructType(fields))
    reader = reader.option("basePath", _local(root)) if partitions else reader
    return reader.parquet(*(_spark_path(path) for path in paths))


def _local(path: Path) -> str:
    """A path as Spark takes it: no web address, for it would look for a folder called %20."""
    return f"file://{path.resolve().as_posix()}"


def _spark_path(path: Path) -> str:
    """The same of a file, whose name Spark takes for a pattern."""
    return re.sub(r"([*?\[\]{}])", r"\\\1", _local(path))


_READERS = {"polars": _polars, "spark": _spark}


def _dask(runs: Sequence[Run], columns: Sequence[str], casts: Mapping[str, str], partitions: Mapping[str, str]) -> Any:
    """A part for each file: Dask's own reader breaks where the value of a folder is missing, and makes categories of the others."""
    frames: Any = import_module("dask.dataframe")
    parts = [
        (str(path), {name: typed(values[name], kind) for name, kind in partitions.items()})
        for paths, told, _ in runs
        for path, values in zip(paths, told, strict=True)
    ]
    read = partial(_part, columns=tuple(columns), casts=dict(casts), partitions=dict(partitions))
    return frames.from_map(read, parts, meta=read(parts[0]).iloc[:0], enforce_metadata=False)


def _part(
    part: tuple[str, dict[str, Any]],
    *,
    columns: tuple[str, ...],
    casts: Mapping[str, str],
    partitions: Mapping[str, str],
) -> Any:
    """One file as a pandas frame of Arrow types."""
    import pandas as pd

    arrow: Any = import_module("pyarrow")
    files: Any = import_module("pyarrow.parquet")
    path, values = part
    kinds = {"int": arrow.int64(), "float": arrow.float64(), "text": arrow.string()}
    table = files.ParquetFile(path).read(columns=list(columns)).select(list(columns))
    for position, name in enumerate(columns):
        kind = "text" if kind_of(table.schema.field(name).type) == "category" else casts.get(name)
        if kind is not None:
            table = table.set_column(position, name, table.column(name).cast(kinds[kind]))
    for name, kind in partitions.items():
        table = table.append_column(name, arrow.array([values[name]] * table.num_rows, kinds[kind]))
    return table.to_pandas(types_mapper=pd.ArrowDtype)
