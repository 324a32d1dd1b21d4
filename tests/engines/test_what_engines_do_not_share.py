"""Where engines have ways of their own: parts of Dask, connections of DuckDB, folders of months, rows that may not be brought."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import dask.dataframe as dd
import duckdb
import narwhals as nw
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import fl_estimate as fl
from fl_estimate.design import asking, grouped_query
from fl_estimate.design.small_table import Totals
from fl_estimate.estimators.survey import condensed_values, quantile_values
from fl_estimate.inputs.partitions import PartitionedFrame, narwhal
from fl_estimate.inputs.survey_data import SurveyData
from tests.engines.survey import DESIGN, ENGINES, EQUAL, LAZY, ROWS, SPARK, UNEQUAL, table, write
from tests.engines.test_same_on_every_engine import one_thread

pytestmark = pytest.mark.filterwarnings("ignore:The inplace keyword")


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> Any:
    with one_thread():
        yield


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("survey") / "equal", EQUAL)


@pytest.fixture(params=LAZY)
def lazy(request: pytest.FixtureRequest, files: Path) -> Any:
    return ENGINES[request.param](files)


def prevalence(people: Any) -> pd.DataFrame:
    classified = fl.classify(people, short_instrument=True)
    return fl.estimate_prevalence(classified, "forced_labour", design=DESIGN, by=["region", "grown"]).to_frame()


@pytest.fixture(scope="module")
def expected() -> pd.DataFrame:
    return prevalence(pl.from_arrow(table()))


def test_rows_are_not_brought_here(lazy: Any, expected: pd.DataFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing that an engine hands over is as long as the file, and no part of Dask either; the answer is the same."""
    brought: list[int] = []
    collect, parts = nw.LazyFrame.collect, PartitionedFrame.parts

    def watched(frame: Any, *arguments: Any, **options: Any) -> Any:
        result = collect(frame, *arguments, **options)
        # Within a part of Dask it is a frame of polars or pandas that is "collected", where the part lies.
        if frame.implementation is narwhal(lazy).implementation:
            brought.append(len(result))
        return result

    def watched_parts(frame: PartitionedFrame, ask: Callable[[Any], Any]) -> list[Any]:
        found = parts(frame, ask)
        brought.extend(len(one.n if isinstance(one, Totals) else one) for one in found)
        return found

    monkeypatch.setattr(nw.LazyFrame, "collect", watched)
    monkeypatch.setattr(PartitionedFrame, "parts", watched_parts)
    pd.testing.assert_frame_equal(prevalence(lazy), expected, rtol=1e-9)
    groups = 3 * 4 * 4 * 2  # strata, PSUs, regions and the missing one, grown
    # Spark groups by what is true of a row as well: not in scope, no case, not known, a case.
    patterns = 4 if narwhal(lazy).implementation.is_pyspark() else 1
    assert brought or not isinstance(narwhal(lazy), PartitionedFrame)
    assert max(brought, default=0) <= groups * patterns < ROWS * patterns / 6


def test_a_statistic_of_single_rows_is_refused_where_there_are_many(lazy: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ranks need every row by itself; a regression on a number does not (test_regression_elsewhere)."""
    monkeypatch.setattr(asking, "MOST_ROWS", ROWS - 1)
    with pytest.raises(fl.FlError, match=r"FL-EST-771(?s:.*)600 rows(?s:.*)fl\.cut"):
        fl.rank_test(lazy, "income", "grown", design=DESIGN)


def test_calibration_on_a_number_of_many_values(lazy: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Classes, and a number beside them, of more rows than may be brought."""
    monkeypatch.setattr(asking, "MOST_ROWS", 400)
    people, design = fl.calibrate(lazy, {"grown": {0: 3000.0, 1: 3200.0}, "age": 250_000.0}, design=DESIGN)
    expected, known = fl.calibrate(
        pl.from_arrow(table()), {"grown": {0: 3000.0, 1: 3200.0}, "age": 250_000.0}, design=DESIGN
    )
    found = fl.estimate_mean(people, "income", design=design, unknown="exclude", variance=None).to_frame()
    same = fl.estimate_mean(expected, "income", design=known, unknown="exclude", variance=None).to_frame()
    pd.testing.assert_frame_equal(found, same, rtol=1e-9)


@pytest.mark.parametrize("bins", [4, 64])
@pytest.mark.parametrize("engine", ["polars-lazy", "duckdb", "dask", *(["spark"] if SPARK else [])])
def test_quantiles_by_bins_are_those_of_all_values(
    engine: str, bins: int, files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With few bins and room for 60 rows, what comes back is short, and values, standard errors and limits are the exact ones."""

    def asked(people: Any) -> pd.DataFrame:
        return fl.estimate_quantile(
            people, ["income", "tiny"], [0.05, 0.5, 0.93], design=DESIGN, by="region"
        ).to_frame()

    expected, lengths = asked(pl.from_arrow(table())), list[int]()
    read = quantile_values._asked  # pyright: ignore[reportPrivateUsage]

    def watched(*given: Any, **named: Any) -> Any:
        lengths.append(len((found := read(*given, **named)).table.n))
        return found

    monkeypatch.setattr(quantile_values, "_asked", watched)
    for module in (asking, condensed_values):
        monkeypatch.setattr(module, "MOST_ROWS", 60)
    monkeypatch.setattr(condensed_values, "BINS", bins)
    pd.testing.assert_frame_equal(asked(ENGINES[engine](files)), expected, rtol=1e-12)
    assert len(lengths) > 4
    assert max(lengths) < ROWS


@pytest.mark.skipif(not SPARK, reason="Spark is asked by make spark")
def test_spark_is_asked_again_where_counts_need_more_than_64_bits(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its sums of whole numbers fail there, and do not wrap around: with 62 bits a count two rows are too many."""

    def classes() -> Any:
        return fl.classify(ENGINES["spark"](files), outcomes="forced_labour", short_instrument=True)

    first = classes()
    expected = fl.estimate_prevalence(first, "forced_labour", design=DESIGN, by="region").to_frame()
    monkeypatch.setattr(grouped_query, "HALF", 62)
    again = classes()
    found = fl.estimate_prevalence(again, "forced_labour", design=DESIGN, by="region").to_frame()
    pd.testing.assert_frame_equal(found, expected)
    assert again.coverage == first.coverage


@pytest.fixture(scope="module")
def incomes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """6,000 people, of whom some have one value and different weights."""
    rng, rows = np.random.default_rng(73), 6_000
    made = pa.table(
        {
            "income": np.round(rng.lognormal(3, 1, rows), 1),
            "w": rng.integers(16, 400, rows) / 16,
            "stratum": rng.integers(0, 3, rows),
            "psu": rng.integers(0, 8, rows),
            "region": np.array(["north", "south"])[rng.integers(0, 2, rows)],
        }
    )
    return write(tmp_path_factory.mktemp("incomes") / "files", (0, 1_500, 1_501, 4_000, rows), made)


@pytest.mark.parametrize("rule", ["hf4", "hf5", "hf6", "hf7", "hf8", "hf9", "shah-vaish"])
@pytest.mark.parametrize("engine", ["polars-lazy", "duckdb", *(["dask", "spark"] if SPARK else [])])
def test_quantiles_of_rules_of_rows_by_bins(
    engine: str, rule: Any, incomes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows near the share come one by one, in the order that the engine has for rows of one value; all others in bins."""
    people, lengths = ENGINES[engine](incomes), list[int]()

    def asked() -> pd.DataFrame:
        found = [
            fl.estimate_quantile(people, "income", [0.03, 0.5, 0.93], design=design, rule=rule, by="region").to_frame()
            for design in (DESIGN, fl.Design(psu="psu", unweighted=True))
        ]
        return pd.concat(found)

    expected = asked()
    read = quantile_values._asked  # pyright: ignore[reportPrivateUsage]

    def watched(*given: Any, **named: Any) -> Any:
        lengths.append(len((found := read(*given, **named)).table.n))
        return found

    monkeypatch.setattr(quantile_values, "_asked", watched)
    for module in (asking, condensed_values):
        monkeypatch.setattr(module, "MOST_ROWS", 1_500)
    monkeypatch.setattr(condensed_values, "BINS", 200)
    pd.testing.assert_frame_equal(asked(), expected, rtol=1e-12)
    assert len(lengths) >= 8
    assert max(lengths) < 2_500


def test_quantiles_that_need_every_value(lazy: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rank of a value among all, replicates, and more rows of one value than may be brought."""
    replicated = fl.replicate(lazy, design=DESIGN, kind="rao-wu", replicates=4, seed=1)
    for module in (asking, condensed_values):
        monkeypatch.setattr(module, "MOST_ROWS", ROWS - 1)
    refused = r'FL-EST-773(?s:.*)600 rows(?s:.*)rule="math"'
    with pytest.raises(fl.FlError, match=refused):
        fl.estimate_quantile(lazy, "income", 0.5, design=DESIGN, rule="hf3")
    with pytest.raises(fl.FlError, match=refused):
        fl.estimate_quantile(lazy, "income", 0.5, design=replicated, interval="wald")
    for module in (asking, condensed_values):
        monkeypatch.setattr(module, "MOST_ROWS", 60)
    with pytest.raises(fl.FlError, match=r"FL-EST-773(?s:.*)\d+ rows(?s:.*)one value"):
        fl.estimate_quantile(lazy, "grown", 0.5, design=DESIGN, rule="hf7")


@pytest.mark.parametrize("bounds", [EQUAL, UNEQUAL], ids=["equal", "unequal"])
@pytest.mark.parametrize("options", [{}, {"dtype_backend": "pyarrow"}], ids=["numpy", "arrow"])
def test_parts_of_dask_however_they_are_cut(
    tmp_path: Path, bounds: tuple[int, ...], options: dict[str, Any], expected: pd.DataFrame
) -> None:
    folder = write(tmp_path / "files", bounds)
    people = dd.read_parquet(str(folder), **options)
    assert people.npartitions == len(bounds) - 1
    pd.testing.assert_frame_equal(prevalence(people), expected, rtol=1e-9)


def test_dask_of_a_frame_in_memory_with_labels_that_repeat(expected: pd.DataFrame) -> None:
    frame = table().to_pandas(types_mapper=pd.ArrowDtype)
    frame.index = np.arange(ROWS) % 7
    pd.testing.assert_frame_equal(prevalence(dd.from_pandas(frame, npartitions=5, sort=False)), expected, rtol=1e-9)


def test_rows_in_another_order(expected: pd.DataFrame) -> None:
    order = np.random.default_rng(3).permutation(ROWS)
    rows = table().take(order)
    for people in (pl.DataFrame(pl.from_arrow(rows)).lazy(), duckdb.connect().from_arrow(rows), rows.to_pandas(), rows):
        pd.testing.assert_frame_equal(prevalence(people), expected, rtol=1e-9)


def test_nobody_at_all(tmp_path: Path) -> None:
    folder = write(tmp_path / "none", (0, 0, 0), table())
    for name, read in ENGINES.items():
        people = fl.classify(read(folder), short_instrument=True)
        with pytest.raises(fl.FlError, match="FL-EST-15"):
            fl.estimate_prevalence(people, "forced_labour", design=DESIGN)
        assert name


@pytest.mark.parametrize("value", [None, float("nan"), float("inf")])
def test_weights_that_are_none_are_refused(value: float | None, tmp_path: Path) -> None:
    weights = [value, *table().column("w").to_pylist()[1:]]
    rows = table().set_column(table().schema.get_field_index("w"), "w", pa.array(weights, pa.float64()))
    folder = write(tmp_path / "files", UNEQUAL, rows)
    code = "FL-EST-03" if value == float("inf") else "FL-DESIGN-13"
    for read in ENGINES.values():
        with pytest.raises(fl.FlError, match=code):
            fl.estimate_mean(read(folder), "income", design=DESIGN)


def test_what_looks_across_parts_of_dask_is_refused(files: Path) -> None:
    people = narwhal(dd.read_parquet(str(files)))
    for expr in (
        nw.col("w") / nw.col("w").sum(),
        nw.len(),
        nw.col("w").rank(),
        nw.col("w").sum().over("psu") + nw.len(),
        nw.from_native(pl.Series("w", [1.0] * ROWS), series_only=True),
    ):
        with pytest.raises(fl.FlError, match="FL-EST-770"):
            people.with_columns(expr.alias("new"))
    with pytest.raises(fl.FlError, match="FL-EST-770"):
        people.select(nw.col("psu").n_unique())
    with pytest.raises(fl.FlError, match="FL-EST-770"):
        people.filter(nw.col("w") > nw.col("w").mean())


def test_rows_of_a_group_are_brought_into_one_part_of_dask(files: Path) -> None:
    people = narwhal(dd.read_parquet(str(files)))
    sums = [nw.col("w").sum().over("psu"), nw.len().over("stratum", "psu"), nw.sum_horizontal("tiny", "age")]
    asked = people.select("person_id", *(expr.alias(f"v{place}") for place, expr in enumerate(sums)))
    found = asked.collect("polars").to_native().sort("person_id")
    own = nw.from_native(pl.DataFrame(pl.from_arrow(table())))
    expected = own.select("person_id", *(expr.alias(f"v{place}") for place, expr in enumerate(sums))).to_native()
    for place in range(len(sums)):
        np.testing.assert_allclose(found[f"v{place}"].to_numpy(), expected[f"v{place}"].to_numpy(), rtol=1e-12)


def test_two_connections_of_duckdb() -> None:
    jobs = table().select(["person_id", "w_low_no_wage", "c_docs"])
    people = table().select(["person_id", "age"]).rename_columns(["person_id", "age_interview"])
    one, other = duckdb.connect(), duckdb.connect()
    with pytest.raises(fl.FlError, match=r"FL-EST-772(?s:.*)one"):
        fl.classify(SurveyData(people=one.from_arrow(people), jobs=other.from_arrow(jobs)), short_instrument=True)
    both = SurveyData(people=one.from_arrow(people), jobs=one.from_arrow(jobs))
    assert "forced_labour" in fl.classify(both, short_instrument=True).people.columns


def test_folders_of_months(tmp_path: Path) -> None:
    """A folder called month=01 is the month 1 on every engine, and stands beside the columns of the file."""
    rows = pa.table({"pid": [1, 2, 3], "age": [20, 30, 40]})
    for month in ("01", "02", "12"):
        (tmp_path / f"month={month}").mkdir()
        pq.write_table(rows, tmp_path / f"month={month}" / "rows.parquet")
    mapping = {"id": "months", "people": {"age_interview": "age"}}
    for engine in ("pandas", "polars", "duckdb", "dask"):
        data = fl.load(tmp_path / "*" / "*.parquet", mapping=mapping, engine=engine)  # pyright: ignore
        found = fl.estimate_mean(data, "age_interview", design=fl.Design(unweighted=True), by="month").to_frame()
        assert found["month"].tolist()[1:] == [1, 2, 12], engine
        assert found["n"].tolist() == [9, 3, 3, 3]
