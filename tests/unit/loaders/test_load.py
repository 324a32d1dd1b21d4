"""Proves what `fl.load` hands on, what it refuses, and that everything wrong with the records comes in one report."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pytest

import fl_estimate as fl
from fl_estimate.errors import DataFault, FileFault, MappingFault
from fl_estimate.inputs.sample_design import Design
from fl_estimate.inputs.survey_data import ReferencePeriod, SurveyData
from fl_estimate.loaders.load import load

CSV = "PID,H,EA,W,SEX,AGE,flag\na,1,1,1.5,1,30,1\nb,1,2,2.5,2,,0\nc,2,3,1,1,18,1\nd,2,4,1,2,99,\n"
MAPPING: dict[str, Any] = {
    "id": "small",
    "population": "adults",
    "reference_period": {"kind": "12m", "start": dt.date(2025, 1, 1), "end": dt.date(2026, 1, 1)},
    "people": {
        "person_id": "PID",
        "stratum": "H",
        "psu": "EA",
        "weight_person": "W",
        "sex": "SEX",
        "age_interview": "AGE",
    },
    "design": {"weights": "weight_person", "strata": "stratum", "psu": "psu"},
}

LONE = (
    'a stratum with one sampling unit; what to do with it, [design] single_psu says: single_psu = "adjust" '
    '(or "average", "certainty", "collapse")'
)


@pytest.fixture
def survey(tmp_path: Path) -> Path:
    path = tmp_path / "small.csv"
    path.write_text(CSV)
    return path


def test_the_survey_is_handed_on_whole(survey: Path) -> None:
    data = fl.load(survey, mapping=MAPPING)
    assert isinstance(data, SurveyData)
    assert data.design == Design(weights="weight_person", strata="stratum", psu="psu")
    assert data.reference_period == ReferencePeriod(kind="12m", start=dt.date(2025, 1, 1), end=dt.date(2026, 1, 1))
    assert (data.population, data.mapping) == ("adults", "small")
    assert data.source is not None
    assert (data.source.name, data.source.n_rows) == ("small.csv", 4)
    assert data.report.ok
    assert set(data.tables) == {"people"}


def test_pandas_tables_keep_whole_numbers_whole(survey: Path) -> None:
    people = load(survey, mapping=MAPPING).people
    assert isinstance(people, pd.DataFrame)
    assert people.dtypes.astype(str).to_dict() == {
        "person_id": "str",
        "stratum": "Int64",
        "psu": "Int64",
        "weight_person": "float64",
        "sex": "Int64",
        "age_interview": "Int64",
        "flag": "Int64",
    }
    assert people["age_interview"].isna().tolist() == [False, True, False, False]
    assert list(people.index) == [0, 1, 2, 3]


def test_the_engines_hold_the_same_values(survey: Path) -> None:
    by_pandas = load(survey, mapping=MAPPING, engine="pandas").people
    by_polars = load(survey, mapping=MAPPING, engine="polars").people
    assert isinstance(by_polars, pl.DataFrame)
    assert pl.from_pandas(by_pandas).equals(by_polars)


def test_parquet_stays_lazy_in_polars_and_only_there(survey: Path, tmp_path: Path) -> None:
    pl.read_csv(survey).write_parquet(tmp_path / "small.parquet")
    lazy = load(tmp_path / "small.parquet", mapping=MAPPING, engine="polars").people
    assert isinstance(lazy, pl.LazyFrame)
    assert lazy.collect().equals(load(survey, mapping=MAPPING, engine="polars").people)
    assert isinstance(load(tmp_path / "small.parquet", mapping=MAPPING).people, pd.DataFrame)


def test_dates_and_truth_values_reach_pandas_as_such(tmp_path: Path) -> None:
    frame = pl.DataFrame({"day": [dt.date(2020, 1, 1), None], "yes": [True, None]})
    frame.write_parquet(tmp_path / "s.parquet")
    people = load(tmp_path / "s.parquet", mapping={"id": "t", "people": {}}).people
    assert str(people["day"].dtype).startswith("datetime64")
    assert str(people["yes"].dtype) == "boolean"


def test_the_mapping_may_be_a_file(survey: Path, tmp_path: Path) -> None:
    path = tmp_path / "small.toml"
    path.write_text('id = "m"\n[people]\nsex = "SEX"\n')
    assert load(survey, mapping=path).mapping == "m"
    assert load(survey, mapping=str(path)).people["sex"].tolist() == [1, 2, 1, 2]


def test_every_fault_comes_in_one_report(tmp_path: Path) -> None:
    path = tmp_path / "bad.csv"
    path.write_text("PID,H,EA,W,SEX,AGE\na,1,1,-1,1,30\na,1,2,0,7,130\nc,2,3,,1,18\nd,,4,1,2,20\ne,1,,1,2,20\n")
    with pytest.raises(DataFault) as caught:
        load(path, mapping=MAPPING)
    assert caught.value.code == "FL-DATA-01"
    report: Any = caught.value.report
    assert {(fault.variable, fault.value_class, fault.rows) for fault in report.errors} == {
        ("person_id", "more than once", (0, 1)),
        ("weight_person", "negative", (0,)),
        ("weight_person", "missing", (2,)),
        ("sex", "not in the code list", (1,)),
        ("age_interview", "outside 0 to 120", (1,)),
        ("stratum", "missing", (3,)),
        ("psu", "missing", (4,)),
        ("stratum", LONE, (2,)),
    }
    assert "bad.csv breaks the schema" in str(caught.value)
    zeros = [(fault.variable, fault.rows) for fault in report.warnings if fault.value_class.startswith("zero")]
    assert zeros == [("weight_person", (1,))]
    frame = report.to_frame()
    assert frame.loc[frame["value_class"] == "negative", ["row", "record"]].to_numpy().tolist() == [[1, "a"]]


def test_bad_records_are_found_in_a_lazy_file_too(tmp_path: Path) -> None:
    frame = pl.DataFrame({"H": [1, 1, 2], "EA": [1, 2, 3], "W": [1.0, float("nan"), float("inf")], "SEX": [1, 1, 9]})
    frame.write_parquet(tmp_path / "bad.parquet")
    people = {"stratum": "H", "psu": "EA", "weight_person": "W", "sex": "SEX"}
    with pytest.raises(DataFault) as caught:
        load(tmp_path / "bad.parquet", mapping={**MAPPING, "people": people}, engine="polars")
    report: Any = caught.value.report
    assert {(fault.value_class, fault.rows) for fault in report.errors} == {
        ("missing", (1,)),
        ("infinite", (2,)),
        ("not in the code list", (2,)),
        (LONE, (2,)),
    }


@pytest.mark.parametrize("design", [{"single_psu": "certainty"}, {"fpc": "N"}])
def test_a_stratum_with_one_unit_is_no_fault_where_the_design_has_a_rule_or_an_fpc(
    tmp_path: Path, design: dict[str, str]
) -> None:
    path = tmp_path / "s.csv"
    path.write_text("H,EA,W,N\n1,1,1,1\n2,2,1,2\n2,3,1,2\n")
    people = {"stratum": "H", "psu": "EA", "weight_person": "W"}
    data = load(path, mapping={**MAPPING, "people": people, "design": {**MAPPING["design"], **design}})
    assert data.report.ok


def test_weights_that_are_no_numbers_are_a_fault(tmp_path: Path) -> None:
    path = tmp_path / "s.csv"
    path.write_text("W\nheavy\nlight\n")
    with pytest.raises(DataFault, match=r"people\.W, weight: not numbers"):
        load(path, mapping={"id": "t", "people": {}, "design": {"weights": "W"}})


def test_a_file_without_rows_is_a_fault(tmp_path: Path) -> None:
    path = tmp_path / "s.csv"
    path.write_text("a,b\n")
    with pytest.raises(DataFault, match="the table is empty"):
        load(path, mapping={"id": "t", "people": {}})


def test_an_unknown_engine_is_refused(survey: Path) -> None:
    with pytest.raises(DataFault, match=r"FL-DATA-02.*\n.*\n.*polars"):
        load(survey, mapping=MAPPING, engine="polar")  # pyright: ignore[reportArgumentType]


def test_a_file_that_cannot_be_read_is_refused_before_the_mapping_is_applied(tmp_path: Path) -> None:
    with pytest.raises(FileFault, match="FL-FILE-01"):
        load(tmp_path / "none.sav", mapping=MAPPING)


def test_the_encoding_of_the_mapping_is_used(tmp_path: Path) -> None:
    path = tmp_path / "s.csv"
    path.write_bytes("city;w\nCuricó;1,5\n".encode("windows-1252"))
    mapping = {"id": "t", "people": {}, "source": {"encoding": "windows-1252", "delimiter": ";", "decimal": ","}}
    people = load(path, mapping=mapping).people
    assert (people["city"].tolist(), people["w"].tolist()) == (["Curicó"], [1.5])


def test_a_mapping_that_does_not_fit_is_refused_with_all_that_is_wrong(survey: Path) -> None:
    mapping: dict[str, Any] = {
        "id": "t",
        "people": {
            "person_id": "PIDD",
            "sex": "SEX",
            "flag": {"column": "SEX"},
            "derived": {"old": "AGEE > 60", "H": "AGE + 1", "older": "old == 1 and young == 0"},
        },
        "jobs": {"from": "people", "where": "work == 1", "w_hazard": {"column": "Q99", "recode": {"1": "yes"}}},
        "design": {"weights": "weigth", "strata": "H"},
    }
    with pytest.raises(MappingFault) as caught:
        load(survey, mapping=mapping)
    assert caught.value.code == "FL-MAP-04"
    found = str(caught.value)
    for says in (
        "people.person_id: the file has no column 'PIDD'; did you mean 'PID'?",
        "people.flag: the file has another column of this name",
        "people.H: the file has another column of this name",
        "people.derived.old: there is no column 'AGEE'; did you mean 'AGE'?",
        "people.derived.older: there is no column 'young'",
        "jobs.where: there is no column 'work'",
        "jobs.w_hazard: the file has no column 'Q99'; there are: PID, H, EA, W, SEX, AGE, flag",
        "design: people have no column 'weigth'",
    ):
        assert says in found, says


def test_a_table_without_a_file_and_a_file_without_a_table_are_refused(survey: Path) -> None:
    with pytest.raises(MappingFault, match="jobs: no file is given"):
        load(survey, mapping={"id": "t", "people": {}, "jobs": {"person_id": "PID"}})
    with pytest.raises(MappingFault, match=r"households: a file is given, and the mapping has no \[households\]"):
        load({"people": survey, "households": survey}, mapping={"id": "t", "people": {}})


WITH_REPLICATES: dict[str, Any] = {
    **MAPPING,
    "design": {"weights": "weight_person", "replicates": {"columns": "r{n}", "number": 3, "kind": "brr"}},
}


@pytest.mark.parametrize("engine", ["pandas", "polars"])
def test_replicate_weights_of_the_file_make_the_variance(tmp_path: Path, engine: Any) -> None:
    """Shares of flag under the weights (4 of 6.5) and under the replicates: V = mean squared distance from 4/6.5."""
    path = tmp_path / "small.csv"
    rows = ["1,30,1,1,2,1.5", "1,28,0,2.5,0,2.5", "2,18,1,1,2,1", "2,99,0,1,2,1"]
    path.write_text("SEX,AGE,flag,r1,r2,r3\n" + "\n".join(rows) + "\n")
    mapping = {
        "id": "small",
        "people": {"sex": "SEX", "weight_person": "r3"},
        "design": {"weights": "weight_person", "replicates": {"columns": "r{n}", "number": 2, "kind": "brr"}},
    }
    row = fl.estimate_prevalence(fl.load(path, mapping=mapping, engine=engine), "flag").to_frame().iloc[0]
    value = 2.5 / 6
    assert row["method"] == "replicates"
    assert row["value"] == pytest.approx(value)
    assert row["se"] == pytest.approx((((2 / 5.5 - value) ** 2 + (4 / 6 - value) ** 2) / 2) ** 0.5)


def test_missing_replicate_weights_and_columns_are_faults(tmp_path: Path) -> None:
    path = tmp_path / "small.csv"
    lines = CSV.splitlines()
    path.write_text("\n".join([lines[0] + ",r1,r2,r3", lines[1] + ",1,,x", *(line + ",1,1,y" for line in lines[2:])]))
    with pytest.raises(DataFault) as caught:
        load(path, mapping=WITH_REPLICATES)
    report: Any = caught.value.report
    positions = {(fault.variable, fault.value_class) for fault in report.faults}
    assert {("r2", "missing"), ("r3", "not numbers")} <= positions
    with pytest.raises(MappingFault, match="design: people have no column 'r4'"):
        load(path, mapping={**MAPPING, "design": {"weights": "W", "replicates": {"columns": ["r1", "r4"], "scale": 1}}})
