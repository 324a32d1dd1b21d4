"""`fl.load` into every engine, patterns of files, what is said where an engine is not there, and rows that the engine writes."""

from __future__ import annotations

import dataclasses
import importlib.util
import shutil
import stat
from pathlib import Path
from typing import Any

import dask.dataframe as dd
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import fl_estimate as fl
from fl_estimate.inputs import engines
from fl_estimate.study.config import read_study
from fl_estimate.study.inputs import read_inputs
from tests.engines.survey import DESIGN, ENGINES, SPARK, UNEQUAL, table, write
from tests.engines.test_same_on_every_engine import one_thread
from tests.unit.study.made import assert_same_rows

pytestmark = pytest.mark.filterwarnings("ignore:The inplace keyword")
MAPPING: dict[str, Any] = {
    "id": "engines",
    "people": {"person_id": "person_id", "age_interview": "age"},
    "design": {"weights": "w", "strata": "stratum", "psu": "psu", "expands": True},
}
SAMPLE = Path(__file__).resolve().parents[2] / "data" / "sample"
LOADED = ("pandas", "polars", "duckdb", "dask", *(["spark"] if SPARK else []))
MODULE = {"pandas": "pandas", "polars": "polars", "duckdb": "_duckdb", "dask": "dask", "spark": "pyspark"}


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> Any:
    with one_thread():
        yield


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("loaded") / "files", UNEQUAL)


def load(path: Path, **more: Any) -> fl.SurveyData:
    return fl.load(path, mapping=MAPPING, **more)


@pytest.mark.parametrize("engine", LOADED)
def test_loaded_saved_and_read_back(engine: Any, files: Path, tmp_path: Path) -> None:
    data = load(files / "*.parquet", engine=engine, folder=None if engine in ("pandas", "polars") else tmp_path / "own")
    assert type(data.people).__module__.split(".")[0].removeprefix("_") == MODULE[engine].removeprefix("_")
    assert data.source is not None
    assert (data.source.n_rows, data.source.name) == (600, "*.parquet")
    expected = fl.estimate_mean(pl.from_arrow(table()), "income", design=DESIGN, by="region").to_frame()
    saved = fl.SurveyData.read(data.save(tmp_path / "saved"))
    assert type(saved.people).__module__ == type(data.people).__module__
    for each in (data, saved, fl.SurveyData.read(tmp_path / "saved", engine="polars")):
        found = fl.estimate_mean(each, "income", by="region").to_frame()
        columns = ["value", "se", "n", "lower", "upper"]
        pd.testing.assert_frame_equal(found[columns], expected[columns], rtol=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize("engine", LOADED[2:])
def test_a_survey_of_dated_spells(engine: Any, tmp_path: Path) -> None:
    """The sample survey in four files: jobs with dates, joined to persons, months of overlapping spells counted once."""
    whole = pq.read_table(SAMPLE / "household.parquet")
    folder = write(tmp_path / "files", (0, 9_000, 20_000, 20_500, whole.num_rows), whole)

    def asked(data: fl.SurveyData) -> tuple[pd.DataFrame, pd.DataFrame]:
        people = fl.classify(data, "icls2018_adult")
        months = fl.estimate_mean(people, "forced_labour_months", where="forced_labour == 1", unknown="exclude")
        return fl.estimate_prevalence(
            people, ["forced_labour", "forced_labour_stock"], by="region"
        ).to_frame(), months.to_frame()

    mapping = SAMPLE / "household.toml"
    expected = asked(fl.load(SAMPLE / "household.parquet", mapping=mapping, engine="polars"))
    for found, same in zip(asked(fl.load(folder / "*.parquet", mapping=mapping, engine=engine)), expected, strict=True):
        assert_same_rows(found, same, rtol=1e-9)


def test_a_table_that_is_gone_is_no_survey(files: Path, tmp_path: Path) -> None:
    saved = load(files / "*.parquet", engine="duckdb", folder=tmp_path / "own").save(tmp_path / "saved")
    (saved / "people.parquet").unlink()
    with pytest.raises(fl.FlError, match="FL-FILE-11"):
        fl.SurveyData.read(saved)


def test_a_folder_of_its_own_is_nobody_elses(files: Path) -> None:
    """Without folder= the mapped rows lie where only their owner can look, and are taken away when Python ends."""
    import atexit

    called: list[Any] = []
    real, atexit.register = atexit.register, lambda function, *given, **named: called.append((function, given, named))
    try:
        load(files / "*.parquet", engine="duckdb")
    finally:
        atexit.register = real
    ((function, (home,), named),) = called
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    assert function is shutil.rmtree
    function(home, **named)
    assert not home.exists()


def test_the_hash_is_of_all_files_in_their_order(tmp_path: Path) -> None:
    one = load(write(tmp_path / "one", UNEQUAL) / "*.parquet", engine="polars")
    same = load(write(tmp_path / "same", UNEQUAL) / "*.parquet", engine="polars")
    other = load(write(tmp_path / "other", UNEQUAL, table().slice(1)) / "*.parquet", engine="polars")
    assert one.source == same.source != other.source


def test_patterns_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(fl.FlError, match=r"FL-FILE-39(?s:.*)\*\.parquet"):
        load(tmp_path / "*.parquet")
    (tmp_path / "a.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(fl.FlError, match=r"FL-FILE-40(?s:.*)\.csv"):
        load(tmp_path / "*.csv")
    with pytest.raises(fl.FlError, match="FL-FILE-02"):
        load(tmp_path)


def test_files_that_are_not_one_table(tmp_path: Path) -> None:
    rows = table().select(["person_id", "age", "w", "stratum", "psu"])
    pq.write_table(rows, tmp_path / "1.parquet")
    pq.write_table(rows.append_column("late", pa.array([1] * rows.num_rows)), tmp_path / "2.parquet")
    pq.write_table(rows.drop_columns(["w"]), tmp_path / "3.parquet")
    pq.write_table(rows.set_column(1, "age", rows["age"].cast(pa.string())), tmp_path / "4.parquet")
    with pytest.raises(fl.FlError, match="FL-FILE-41") as raised:
        load(tmp_path / "*.parquet")
    found = str(raised.value)
    assert "2.parquet (more: late)" in found
    assert "3.parquet (without: w)" in found
    assert "4.parquet (another type: age)" in found


def test_codes_with_other_labels_are_not_one_table(tmp_path: Path) -> None:
    from fl_estimate.loaders.formats.labels_in_parquet import written_labels

    rows = table().select(["person_id", "age", "w", "stratum", "psu", "grown"])
    meanings: list[dict[float | str, str]] = [{1.0: "yes"}, {1.0: "no"}]
    for name, words in zip("12", meanings, strict=True):
        told = written_labels({}, {"grown": words}, {})
        pq.write_table(rows.replace_schema_metadata(told), tmp_path / f"{name}.parquet")
    with pytest.raises(fl.FlError, match=r"FL-FILE-41(?s:.*)other labels of codes: grown"):
        load(tmp_path / "*.parquet")


@pytest.mark.parametrize("engine", ["duckdb", "dask", "spark"])
def test_an_engine_that_is_not_installed(engine: Any, files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "find_spec", lambda _: None)
    with pytest.raises(fl.FlError, match=rf'FL-FILE-35(?s:.*)pip install "fl_estimate\[{engine}\]"'):
        load(files / "*.parquet", engine=engine)


def test_spark_without_java(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = importlib.util.find_spec("json")
    monkeypatch.setattr(engines, "find_spec", lambda _: found)
    monkeypatch.setattr(engines, "_session", lambda: None)
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("JAVA_HOME", raising=False)
    with pytest.raises(fl.FlError, match=r"FL-FILE-36(?s:.*)Java 17"):
        load(files / "*.parquet", engine="spark")


@pytest.mark.parametrize("engine", [name for name in ENGINES if name != "dask-arrow"])
def test_rows_are_written_by_their_engine(engine: str, files: Path, tmp_path: Path) -> None:
    classified = fl.classify(ENGINES[engine](files), short_instrument=True)
    weighted, _ = fl.post_stratify(classified, "grown", {0: 3000.0, 1: 3200.0}, design=DESIGN)
    folder = weighted.write_parquet(tmp_path / "deep" / "rows")
    assert folder == tmp_path / "deep" / "rows"
    written = pl.read_parquet(folder / "*.parquet").sort("person_id")
    expected, _ = fl.post_stratify(
        fl.classify(pl.from_arrow(table()), short_instrument=True), "grown", {0: 3000.0, 1: 3200.0}, design=DESIGN
    )
    assert written.height == 600
    for name in ("forced_labour", "forced_labour_possible", "forced_labour_in_scope"):
        assert written[name].to_list() == expected.people[name].to_list()
    (weight,) = set(expected.people.columns) - set(classified_columns(files))
    assert written[weight].to_numpy() == pytest.approx(expected.people[weight].to_numpy(), rel=1e-12)
    assert written[weight].sum() == pytest.approx(6200.0)
    assert list(tmp_path.rglob(".rows-*")) == []
    with pytest.raises(fl.FlError, match="FL-FILE-37"):
        weighted.write_parquet(folder)


def classified_columns(files: Path) -> list[str]:
    return fl.classify(pl.scan_parquet(files / "*.parquet"), short_instrument=True).people.collect_schema().names()


def test_a_survey_writes_its_people(files: Path, tmp_path: Path) -> None:
    data = load(files / "*.parquet", engine="polars")
    written = pl.read_parquet(data.write_parquet(tmp_path / "people") / "*.parquet")
    assert written.columns == data.people.collect_schema().names()
    assert written.height == 600


def test_where_nothing_can_be_written(files: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    data = load(files / "*.parquet", engine="polars")
    for frame in (data, dataclasses.replace(data, people=dd.read_parquet(str(files)))):
        with pytest.raises(fl.FlError, match="FL-FILE-38"):
            frame.write_parquet(tmp_path / "file" / "rows")


def test_a_study_names_its_engine(files: Path, tmp_path: Path) -> None:
    mapping = """id = "engines"
kind = "household"
population = "Everybody"
[people]
person_id = "person_id"
age_interview = "age"
[design]
weights = "w"
strata = "stratum"
psu = "psu"
expands = true
"""
    study = """[source.people]
file = "files/*.parquet"
mapping = "mapping.toml"
engine = "{engine}"
[[estimate]]
kind = "mean"
variable = "income"
by = "region"
"""
    shutil.copytree(files, tmp_path / "files")
    (tmp_path / "mapping.toml").write_text(mapping, encoding="utf-8")
    found: dict[str, pd.DataFrame] = {}
    for engine in ("polars", "duckdb"):
        path = tmp_path / f"{engine}.toml"
        path.write_text(study.format(engine=engine), encoding="utf-8")
        people = read_inputs(read_study(path), lambda _: None).people["people"]
        assert type(people.people).__module__.removeprefix("_").startswith(engine)
        found[engine] = fl.estimate_mean(people, "income", by="region").to_frame()
    pd.testing.assert_frame_equal(found["duckdb"], found["polars"], rtol=1e-9)
