"""Engines that hold tables: what each needs to be there, how it reads a table of Parquet, and how it writes one by itself."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from glob import escape
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

import narwhals as nw

from fl_estimate.errors import EstimateFault, FileFault, FlError
from fl_estimate.inputs.partitions import narwhal

Engine = Literal["pandas", "polars", "duckdb", "dask", "spark"]
ENGINES: tuple[Engine, ...] = ("pandas", "polars", "duckdb", "dask", "spark")
MODULES = {"duckdb": "duckdb", "dask": "dask.dataframe", "spark": "pyspark"}
"""Engines that the default install leaves out, each with what it is imported as; the extra is named as the engine is."""
ROW_GROUPS = 5
"""Row groups of 100,000 rows in one part of a Dask frame."""
ROWS_TOGETHER = 100_000
"""Rows of one row group."""
PART = "part-0.parquet"
_SPARK = {
    # Unasked Spark makes 200 parts of a small table, and days that depend on the machine.
    "spark.sql.shuffle.partitions": "8",
    "spark.sql.session.timeZone": "UTC",
    # Where in Python each column was made, asked for one by one: half the time that a query takes to be written.
    "spark.python.sql.dataFrameDebugging.enabled": "false",
}
_SET_UP = (
    "SPARK_HOME", "SPARK_CONF_DIR", "SPARK_SUBMIT_OPTS", "PYSPARK_SUBMIT_ARGS",
    "JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS",
)  # fmt: skip
"""Variables by which Spark or its Java is set up."""
_STATES = ("No such file", "ermission denied")


def require_engine(engine: str) -> None:
    """Refuse an engine whose package, or whose Java, is not there.

    Raises
    ------
    FileFault
        FL-FILE-35: the package is not installed; FL-FILE-36: Spark finds no Java.
    """
    module = MODULES.get(engine)
    if module is None:
        return
    if find_spec(module.partition(".")[0]) is None or (engine == "dask" and find_spec("dask.dataframe") is None):
        raise FileFault(
            "FL-FILE-35",
            "the package of this engine is not installed",
            found=f"engine={engine!r}, and no {module.partition('.')[0]}",
            fix=f'pip install "fl_estimate[{engine}]"',
        )
    if engine == "spark" and not _has_java():
        raise FileFault(
            "FL-FILE-36",
            "Spark runs on Java, and there is none",
            found="no java on the path, and JAVA_HOME names none",
            fix="install Java 17 or newer (on Debian and Ubuntu: apt install openjdk-17-jre-headless), or set JAVA_HOME",
        )


def _has_java() -> bool:
    home = os.environ.get("JAVA_HOME", "")
    there = bool(home) and any((Path(home) / "bin" / name).is_file() for name in ("java", "java.exe"))
    return there or shutil.which("java") is not None or _session() is not None


def _session() -> Any:
    """The session of Spark that runs already; None where there is none."""
    sql: Any = import_module("pyspark.sql")
    return sql.SparkSession.getActiveSession()


def spark() -> Any:
    """The session of Spark that runs, or a new one of this machine."""
    running = _session()
    if running is not None:
        return running
    sql: Any = import_module("pyspark.sql")
    asked = sql.SparkSession.builder.appName("fl_estimate")
    for key, value in {**_SPARK, **_java()}.items():
        asked = asked.config(key, value)
    return asked.getOrCreate()


def _java() -> dict[str, str]:
    """How Java clears its memory: the collector it takes unasked costs a quarter to a third of all time where rows only pass through.

    Nothing where somebody has set Spark or Java up: a second collector would keep Java from starting, and options of a file would be lost.
    """
    package = find_spec("pyspark")
    file = (
        None if package is None or package.origin is None else Path(package.origin).parent / "conf/spark-defaults.conf"
    )
    is_set_up = any(os.environ.get(name) for name in _SET_UP) or (file is not None and file.is_file())
    return {} if is_set_up else {"spark.driver.extraJavaOptions": "-XX:+UseParallelGC"}


def scanned(paths: Mapping[str, Path], engine: str) -> dict[str, Any]:
    """Tables, each a Parquet file or a folder of such, as frames of an engine that reads them as they are needed."""
    # Relations of two connections cannot be joined.
    connection = import_module("duckdb").connect() if engine == "duckdb" else None
    return {name: _scanned(path, engine, connection) for name, path in paths.items()}


def _scanned(path: Path, engine: str, connection: Any) -> Any:
    # By their names: as a pattern "wave [2]/*.parquet" is another folder. Of DuckDB and Dask names are patterns in any case.
    files = [str(file) for file in sorted(path.glob("*.parquet"))] if path.is_dir() else [str(path)]
    escaped = [escape(file) for file in files]
    if connection is not None:
        return connection.read_parquet(escaped)
    if engine == "dask":
        frames: Any = import_module("dask.dataframe")
        # With numpy's types missing answers would be objects; and it takes half the time and memory.
        return frames.read_parquet(escaped, dtype_backend="pyarrow", split_row_groups=ROW_GROUPS)
    if engine == "spark":
        return spark().read.parquet(path.resolve().as_uri())
    return import_module("polars").scan_parquet(files, glob=False)


def engine_of(frame: Any) -> str:
    """The name of the engine of a frame, as `scanned` takes it; "pyarrow" for a table of it."""
    kind = narwhal(frame).implementation
    if kind.is_pyspark() or kind.is_pyspark_connect():
        return "spark"
    if kind.is_pandas_like():
        return "pandas"
    return kind.name.lower()


@contextmanager
def one_connection() -> Generator[None]:
    """Say what is wrong where tables are of two connections of DuckDB.

    Raises
    ------
    EstimateFault
        FL-EST-772.
    """
    try:
        yield
    except Exception as error:
        if "different connections" not in str(error):
            raise
        raise EstimateFault(
            "FL-EST-772",
            "the tables of a survey are of several connections of DuckDB, which cannot be joined",
            found=f"{type(error).__name__}",
            fix="make them all with one: connection = duckdb.connect(); connection.read_parquet(…) for each table",
        ) from None


def write_rows(frame: Any, target: Path) -> None:
    """Write a frame as Parquet where it lies: one file, or of Dask and Spark a folder of files.

    Rows of a lazy frame stream from its source into the file.
    """
    engine = engine_of(frame)
    if engine == "dask":
        _write_parts(frame, target)
    elif engine == "spark":
        frame.write.parquet(target.resolve().as_uri())
    elif engine == "duckdb":
        frame.write_parquet(str(target), compression="zstd")
    elif engine == "polars" and hasattr(frame, "sink_parquet"):
        frame.sink_parquet(target, row_group_size=ROWS_TOGETHER)
    elif engine == "pandas":
        frame.to_parquet(target, index=False)
    else:
        narwhal(frame).write_parquet(target)


def _write_parts(frame: Any, target: Path) -> None:
    """Write the parts of a Dask frame, all with the types of the whole: in one of them a column may be empty, or have no missing value."""
    arrow: Any = import_module("pyarrow")
    kinds = {field.name: field.type for field in arrow.Schema.from_pandas(frame._meta, preserve_index=False)}
    classes = [name for name, kind in kinds.items() if arrow.types.is_dictionary(kind)]
    if classes:
        # Each part has classes of its own: as text they are the same in all.
        frame = narwhal(frame).with_columns(nw.col(*classes).cast(nw.String)).to_native()
    known = {
        name: arrow.large_string() if name in classes else kind
        for name, kind in kinds.items()
        if name in classes or not arrow.types.is_null(kind)
    }
    frame.to_parquet(str(target), write_index=False, schema=known)


def write_parquet(frame: Any, folder: str | Path) -> Path:
    """Write a frame of any engine as a folder of Parquet files, at once or not at all; the engine writes.

    Raises
    ------
    FileFault
        FL-FILE-37: the folder holds something; FL-FILE-38: it cannot be written.
    """
    many = engine_of(frame) in ("dask", "spark")
    with whole_folder(folder) as part:
        if not many:
            part.mkdir()
        write_rows(frame, part if many else part / PART)
    return Path(folder)


@contextmanager
def whole_folder(folder: str | Path) -> Generator[Path]:
    """A path that becomes the folder where nothing fails, and is gone where something does.

    Raises
    ------
    FileFault
        FL-FILE-37: the folder holds something; FL-FILE-38: it cannot be written.
    """
    target = Path(folder)
    if target.is_file() or (target.is_dir() and any(target.iterdir())):
        raise FileFault(
            "FL-FILE-37",
            "rows are written into a folder that is new or empty",
            found=f"{target.name} holds something",
            fix="name another folder, or remove what is in it",
        )
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".rows-") as scratch:
            part = Path(scratch) / target.name
            yield part
            if target.exists():
                target.rmdir()
            part.replace(target)
    except FlError:
        raise
    except Exception as error:
        if not (isinstance(error, OSError) or any(state in str(error) for state in _STATES)):
            raise
        # The engine's own words may hold a path of this machine, and say nothing more.
        raise FileFault(
            "FL-FILE-38",
            "the rows cannot be written",
            found=f"{target.name}: {getattr(error, 'strerror', None) or type(error).__name__}",
            fix="choose a folder that can be written to",
        ) from None
