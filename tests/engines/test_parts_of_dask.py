"""What a part of a Dask frame is asked: of the columns that are needed, by polars where polars has their types, all at once."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import dask.dataframe as dd
import narwhals as nw
import pandas as pd
import pytest

import fl_estimate as fl
from fl_estimate.inputs import partitions
from fl_estimate.inputs.partitions import narwhal, remembered
from tests.engines.survey import DESIGN, UNEQUAL, table, write
from tests.engines.test_same_on_every_engine import one_thread

pytestmark = pytest.mark.filterwarnings("ignore:The inplace keyword")


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> Iterator[Any]:
    with one_thread():
        yield


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("survey") / "unequal", UNEQUAL)


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The columns of each part that polars was given."""
    found: list[list[str]] = []
    whole = partitions._in_polars  # pyright: ignore[reportPrivateUsage]

    def watched(part: Any) -> Any:
        if len(part):
            found.append(list(part.columns))
        return whole(part)

    monkeypatch.setattr(partitions, "_in_polars", watched)
    return found


def prevalence(people: Any, **options: Any) -> pd.DataFrame:
    classified = fl.classify(people, outcomes="forced_labour", short_instrument=True)
    return fl.estimate_prevalence(classified, "forced_labour", design=DESIGN, **options).to_frame()


@pytest.mark.parametrize("options", [{}, {"dtype_backend": "pyarrow"}], ids=["numpy", "arrow"])
def test_a_study_reads_the_columns_it_needs_once(files: Path, read: list[list[str]], options: dict[str, Any]) -> None:
    """Classes, the check of the answers and the estimate are one pass over seven of 26 columns."""
    found = prevalence(dd.read_parquet(str(files), **options), by="region")
    assert len(read) == len(UNEQUAL) - 1
    # The other columns of answers stand for no item.
    needed = {"age", "w", "stratum", "psu", "region", "w_low_no_wage", "c_docs"}
    assert [set(columns) for columns in read] == [needed] * len(read)
    pd.testing.assert_frame_equal(found, prevalence(table(), by="region"), rtol=1e-12)


def test_steps_are_remembered_by_dask_itself(files: Path) -> None:
    root = dd.read_parquet(str(files))
    made = narwhal(root).with_columns(nw.col("age") + 1).filter(nw.col("age") > 30).select("age", "psu")
    native, steps = remembered(made.to_native())
    assert [step.method for step in steps.steps] == ["with_columns", "filter", "select"]
    assert native.expr._name == root.expr._name
    own = made.to_native().assign(psu=1)
    native, steps = remembered(own)
    assert native is own
    assert steps.steps == ()


def test_columns_of_python_objects_are_left_to_pandas(read: list[list[str]]) -> None:
    """Decimals are objects in pandas of numpy: a question that needs them is asked of pandas, any other of polars."""
    frame = table().to_pandas()
    config: Any = import_module("dask").config
    with config.set({"dataframe.convert-string": False}):
        people = narwhal(dd.from_map(lambda start: frame.iloc[start : start + 200], [0, 200, 400], meta=frame.iloc[:0]))
    lengths = people.parts(lambda part: len(part.select("psu").collect()))
    assert lengths == [200, 200, 200]
    assert read == [["psu"]] * 3
    kinds = people.parts(lambda part: part.select("psu", "money").collect().implementation.name)
    assert kinds == ["PANDAS"] * 3
    assert len(read) == 3


def test_categories_of_numbers_and_of_each_part_its_own() -> None:
    rows = table().to_pandas()
    rows["code"] = rows["code"].astype("category")  # of floats, of which some are missing
    rows["age"] = rows["age"].astype(int)
    parts = [rows.iloc[start : start + 200].copy() for start in (0, 200, 400)]
    for part in parts:
        part["region"] = part["region"].astype("category")
        part["w_low_no_wage"] = part["w_low_no_wage"].astype("category")
    parts[1]["w_low_no_wage"] = parts[1]["w_low_no_wage"].cat.reorder_categories(["yes", "no", "missing", "dk"])
    meta = parts[0].iloc[:0]
    people = dd.from_map(lambda place: parts[place], [0, 1, 2], meta=meta).drop(columns=["money", "perhaps"])
    pd.testing.assert_frame_equal(prevalence(people, by="region"), prevalence(table(), by="region"), rtol=1e-12)
    found = prevalence(people, by="code")
    known = prevalence(table(), by="code")
    # A category is told as text, "1.0" here, on pandas as on Dask.
    assert found["code"].dropna().tolist() == ["1.0", "2.0", "3.0", "not stated"]
    pd.testing.assert_frame_equal(found.drop(columns="code"), known.drop(columns="code"), rtol=1e-12)


def test_answers_that_are_none_are_counted_in_the_parts(files: Path) -> None:
    people = dd.read_parquet(str(files)).assign(c_docs="perhaps")
    with pytest.raises(fl.FlError, match=r"FL-IND-06(?s:.*)c_docs in 600 rows"):
        prevalence(people)
