"""Folders called country=…/month=…: the same columns and types on every engine, later files checked against the first."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import fl_estimate as fl
from fl_estimate.inputs.engines import Engine
from fl_estimate.inputs.partitions import narwhal
from tests.engines.survey import SPARK
from tests.engines.test_same_on_every_engine import one_thread

pytestmark = pytest.mark.filterwarnings("ignore:The inplace keyword")
ENGINES: list[Any] = ["polars", "duckdb", "dask"]
if SPARK:
    ENGINES.append("spark")
DESIGN = fl.Design(weights="weight", strata="stratum", psu="psu")
MISSING = "__HIVE_DEFAULT_PARTITION__"
COUNTRIES = ("Côte d'Ivoire", "Per%C3%BA%20x", "50%25", MISSING)


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> Any:
    with one_thread():
        yield


def rows(seed: int, n: int = 240, **changed: Any) -> pa.Table:
    rng = np.random.default_rng(seed)
    columns: dict[str, Any] = {
        "age": rng.integers(10, 70, n),
        "stratum": rng.integers(0, 3, n),
        "psu": rng.integers(0, 4, n),
        "weight": rng.uniform(1, 9, n),
        "w_low_no_wage": np.array(["no", "yes", "dk"])[rng.integers(0, 3, n)],
        "c_docs": np.array(["no", "yes"])[rng.integers(0, 2, n)],
    }
    return pa.table({name: column for name, column in {**columns, **changed}.items() if column is not None})


def put(root: Path, folder: str, table: pa.Table, name: str = "part.parquet") -> Path:
    (root / folder).mkdir(parents=True, exist_ok=True)
    pq.write_table(table, root / folder / name)
    return root / folder / name


def estimated(people: Any, *by: str) -> pd.DataFrame:
    classified = fl.classify(people, outcomes="forced_labour", short_instrument=True)
    return fl.estimate_prevalence(classified, "forced_labour", design=DESIGN, by=list(by)).to_frame()


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("years")
    for seed, country in enumerate(COUNTRIES):
        for month in ("01", "12"):
            put(home, f"country={country}/month={month}", rows(seed))
    (home / "_temporary").mkdir()
    (home / "_temporary" / "half.parquet").write_bytes(b"half")
    return home


@pytest.mark.parametrize("engine", ENGINES)
def test_folders_are_columns_of_the_same_type_on_every_engine(root: Path, engine: Engine) -> None:
    folder = fl.Folder(root, engine=engine)
    schema = narwhal(folder.frame).collect_schema()
    assert (schema["country"], schema["month"]) == (nw.String, nw.Int64)
    found = estimated(folder, "country", "month")
    # 01 is 1; names of folders are written as web addresses are; a missing country is one of its own.
    assert set(found["country"].dropna()) == {"Côte d'Ivoire", "Perú x", "50%", "not stated"}
    assert {1, 12} <= set(found["month"].tolist())
    expected = estimated(fl.Folder(root), "country", "month")
    pd.testing.assert_frame_equal(found, expected, rtol=1e-12)


@pytest.mark.parametrize("engine", ENGINES)
def test_folders_say_what_a_column_of_the_rows_would(root: Path, engine: Engine) -> None:
    """The same table with the names of the folders as columns, plain and of categories, gives the same figures."""
    parts: list[pa.Table] = []
    for seed, country in enumerate(("Côte d'Ivoire", "Perú x", "50%", None)):
        for month in (1, 12):
            own = rows(seed)
            own = own.append_column("country", pa.array([country] * len(own), pa.string()))
            parts.append(own.append_column("month", pa.array([month] * len(own), pa.int64())))
    plain = pa.concat_tables(parts).to_pandas()
    found = estimated(fl.Folder(root, engine=engine), "country", "month")
    for expected in (plain, plain.assign(country=plain["country"].astype("category"))):
        other = estimated(expected, "country", "month")
        assert found[["country", "month"]].astype(str).equals(other[["country", "month"]].astype(str))
        np.testing.assert_allclose(found[["value", "se"]], other[["value", "se"]], rtol=1e-12)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_folder_that_lies_in_another_with_an_equals_sign(tmp_path: Path, engine: Engine) -> None:
    """Folders above the root are no columns, and do not stand in for those of the files."""
    home = tmp_path / "psu=9" / "people"
    for month in ("01", "x y"):
        put(home, f"month={month}", rows(1))
    folder = fl.Folder(home, engine=engine)
    assert folder.partitions == {"month": "text"}
    pd.testing.assert_frame_equal(
        estimated(folder, "month"), estimated(_moved(home, tmp_path / "plain"), "month"), rtol=1e-12
    )


def _moved(home: Path, target: Path) -> fl.Folder:
    target.parent.mkdir(exist_ok=True)
    home.rename(target)
    return fl.Folder(target)


@pytest.mark.parametrize("engine", ENGINES)
def test_types_that_may_differ_are_cast_and_said(tmp_path: Path, engine: Engine) -> None:
    whole = pa.array(np.arange(1, 241) % 7 + 1, pa.int32())
    answers = rows(2)["c_docs"].combine_chunks()
    put(tmp_path, "month=1", rows(1))
    put(
        tmp_path,
        "month=2",
        rows(2, weight=whole, c_docs=answers.dictionary_encode(), psu=rows(2)["psu"].cast(pa.int8())),
    )
    folder = fl.Folder(tmp_path, engine=engine)
    assert folder.casts == {"weight": "float", "c_docs": "text", "psu": "int"}
    found = estimated(folder, "month")
    together = pa.concat_tables(
        [
            rows(month, month=[month] * 240, **({"weight": whole.cast(pa.float64())} if month == 2 else {}))
            for month in (1, 2)
        ]
    )
    np.testing.assert_allclose(found["value"], estimated(together, "month")["value"], rtol=1e-12)


def test_later_files_that_do_not_fit_are_refused_all_at_once(tmp_path: Path) -> None:
    put(tmp_path, "month=1", rows(1))
    put(tmp_path, "month=2", rows(1, extra=[1] * 240))
    put(tmp_path, "month=3", rows(1, age=np.full(240, 30.5)))
    put(tmp_path, "month=4", rows(1, c_docs=None))
    with pytest.raises(
        fl.FlError,
        match=r"(?s)FL-FILE-45.*month=2/.*more: extra.*month=3/.*another type: age.*month=4/.*without: c_docs",
    ):
        fl.Folder(tmp_path)


def test_columns_that_are_named_are_all_that_is_read(tmp_path: Path) -> None:
    put(tmp_path, "month=1", rows(1))
    put(tmp_path, "month=2", rows(1, extra=[1] * 240))
    folder = fl.Folder(tmp_path, columns=["age", "weight"])
    assert narwhal(folder.frame).collect_schema().names() == ["age", "weight", "month"]
    with pytest.raises(fl.FlError, match="FL-FILE-45"):
        fl.Folder(tmp_path, columns=["age", "weigth"])


def test_folders_that_do_not_say_the_same_columns(tmp_path: Path) -> None:
    put(tmp_path, "month=1", rows(1))
    put(tmp_path, "year=2", rows(1))
    with pytest.raises(fl.FlError, match=r"(?s)FL-FILE-46.*the first file has month.*year=2"):
        fl.Folder(tmp_path)


def test_a_column_of_the_file_that_is_not_what_its_folder_says(tmp_path: Path) -> None:
    put(tmp_path, "month=01", rows(1, month=[1] * 240))
    assert fl.Folder(tmp_path).partitions == {"month": "int"}
    put(tmp_path, "month=02", rows(1, month=[3] * 240))
    with pytest.raises(fl.FlError, match=r"(?s)FL-FILE-46.*month in month=02/part.parquet"):
        fl.Folder(tmp_path)


def test_no_file_and_a_damaged_file(tmp_path: Path) -> None:
    with pytest.raises(fl.FlError, match="FL-FILE-39"):
        fl.Folder(tmp_path)
    put(tmp_path, "month=1", rows(1)).write_bytes(b"PAR1 and no more")
    with pytest.raises(fl.FlError, match=r"(?s)FL-FILE-05.*month=1/part.parquet"):
        fl.Folder(tmp_path)
    with pytest.raises(fl.FlError, match="FL-DATA-02"):
        fl.Folder(tmp_path, engine="pandas")


@pytest.mark.parametrize("engine", ["polars", "duckdb"])
def test_a_folder_is_loaded_by_its_name(tmp_path: Path, engine: Engine) -> None:
    """`fl.load` of a folder has the columns of `Folder`, types and all."""
    for country in ("Côte d'Ivoire", MISSING):
        put(tmp_path, f"country={country}/month=01", rows(3))
    data = fl.load(tmp_path, mapping={"id": "months", "people": {"age_interview": "age"}}, engine=engine)
    schema = narwhal(data.people).collect_schema()
    assert (schema["country"], schema["month"]) == (nw.String, nw.Int64)
    found = fl.estimate_mean(data, "age_interview", design=DESIGN, by=["country", "month"]).to_frame()
    np.testing.assert_allclose(found["value"], np.average(rows(3)["age"], weights=rows(3)["weight"]), rtol=1e-12)
