"""Proves that a survey written to a folder comes back identical: tables, kinds, missing values, labels, design and report."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pyreadstat
import pytest

import fl_estimate as fl
from fl_estimate.errors import FileFault
from fl_estimate.inputs.survey_data import SurveyData
from fl_estimate.inputs.survey_storage import pandas_of
from fl_estimate.loaders.convert import convert

MAPPING: dict[str, Any] = {
    "id": "test",
    "population": "adults",
    "reference_period": {"kind": "12m", "start": dt.date(2023, 1, 1), "end": dt.date(2024, 1, 1)},
    "totals": {"people": 30.0, "sex": {"1": 20}},
    "people": {"person_id": "PID", "sex": "SEX", "weight_person": "W", "birth_date": "D"},
    "jobs": {
        "from": "people",
        "r_sold": {"column": "Q", "recode": {1: "yes", 2: "no", 8: "dk", "missing": "missing", "null": "not_asked"}},
    },
    "design": {"weights": "weight_person"},
}


@pytest.fixture
def source(tmp_path: Path) -> Path:
    frame: Any = pd.DataFrame(
        {
            "PID": ["a", "b", "c", "d"],
            "SEX": [1.0, 2.0, None, 1.0],
            "W": [1.5, 2.5, 3.5, 7.5],
            "Q": [1.0, 8.0, 99.0, None],
            "D": [dt.date(1990, 1, 2), None, None, None],
            "T": ["Ñ", "", "n/a", "x"],
        }
    )
    pyreadstat.write_sav(
        frame,
        tmp_path / "s.sav",
        missing_ranges={"Q": [{"lo": 90, "hi": 99}], "T": ["n/a"]},
        variable_value_labels={"SEX": {1: "Man", 2: "Woman"}, "Q": {1: "Yes"}},
        column_labels={"SEX": "Sex"},
    )
    return tmp_path / "s.sav"


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, pd.DataFrame):
        pd.testing.assert_frame_equal(one, other)
        return True
    one, other = one.lazy().collect(), other.lazy().collect()
    return one.equals(other) and one.schema == other.schema


def _require_same(one: SurveyData, other: SurveyData) -> None:
    assert list(one.tables) == list(other.tables)
    for name, table in one.tables.items():
        assert type(table) is type(other.tables[name])
        assert _same(table, other.tables[name])
    for name in ("design", "sources", "reference_period", "population", "report", "mapping", "labels", "totals"):
        assert getattr(one, name) == getattr(other, name), name


@pytest.mark.parametrize("engine", ["pandas", "polars"])
def test_a_survey_comes_back_identical(source: Path, tmp_path: Path, engine: Any) -> None:
    data = fl.load(source, mapping=MAPPING, engine=engine)
    assert data.report.warnings
    assert data.people["T@missing"].to_list()[2] == "n/a"
    again = fl.SurveyData.read(data.save(tmp_path / "kept"))
    _require_same(data, again)
    assert again.labels["people"].values["sex"] == {1.0: "Man", 2.0: "Woman"}


def test_a_lazy_survey_comes_back_lazy(source: Path, tmp_path: Path) -> None:
    convert(source, tmp_path / "s.parquet")
    data = fl.load(tmp_path / "s.parquet", mapping=MAPPING, engine="polars")
    again = fl.SurveyData.read(data.save(tmp_path / "kept"))
    assert isinstance(again.people, pl.LazyFrame)
    _require_same(data, again)


def test_another_engine_can_be_asked_for(source: Path, tmp_path: Path) -> None:
    folder = fl.load(source, mapping=MAPPING, engine="polars").save(tmp_path / "kept")
    frames = fl.SurveyData.read(folder, engine="pandas")
    pd.testing.assert_frame_equal(frames.people, fl.load(source, mapping=MAPPING).people)


def test_estimates_from_it_are_the_same(source: Path, tmp_path: Path) -> None:
    data = fl.load(source, mapping=MAPPING)
    again = fl.SurveyData.read(data.save(tmp_path / "kept"))
    one, other = (fl.estimate_mean(each, "weight_person").to_frame() for each in (data, again))
    pd.testing.assert_frame_equal(one, other)


def test_a_folder_of_ours_is_replaced_and_another_is_not(source: Path, tmp_path: Path) -> None:
    data = fl.load(source, mapping=MAPPING)
    data.save(tmp_path / "kept")
    data.save(tmp_path / "kept")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "letter.txt").write_text("x")
    with pytest.raises(FileFault, match="FL-FILE-08"):
        data.save(tmp_path / "other")
    with pytest.raises(FileFault, match="FL-FILE-08"):
        data.save(tmp_path / "none" / "kept")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["kept", "other", "s.sav"]


def test_what_is_no_survey_is_refused(source: Path, tmp_path: Path) -> None:
    with pytest.raises(FileFault, match="FL-FILE-01"):
        fl.SurveyData.read(tmp_path / "none")
    folder = fl.load(source, mapping=MAPPING).save(tmp_path / "kept")
    (folder / "jobs.parquet").unlink()
    with pytest.raises(FileFault, match="FL-FILE-11"):
        fl.SurveyData.read(folder)
    (folder / "survey.json").write_text("{}")
    with pytest.raises(FileFault, match="FL-FILE-11"):
        fl.SurveyData.read(folder)


@pytest.mark.parametrize("told", [True, False])
def test_classes_have_their_order_whether_polars_tells_of_it_or_not(
    told: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Polars 1 gives an Enum to pandas as categories without an order."""
    frame = pl.DataFrame({"age": pl.Series(["young", None, "old"], dtype=pl.Enum(["young", "middle", "old"]))})
    given = pl.DataFrame.to_pandas

    def as_polars_1(every: pl.DataFrame, **options: Any) -> pd.DataFrame:
        made = given(every, **options)
        return made.assign(age=made["age"].cat.as_unordered())

    if not told:
        monkeypatch.setattr(pl.DataFrame, "to_pandas", as_polars_1)
    ages = pandas_of(frame)["age"]
    assert (list(ages.cat.categories), ages.cat.ordered) == (["young", "middle", "old"], True)
    assert ages.cat.codes.tolist() == [0, -1, 2]
