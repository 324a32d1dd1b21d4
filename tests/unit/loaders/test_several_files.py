"""Proves that one mapping takes files joined by keys, relatives in the row of a respondent, and people without rows of their own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import fl_estimate as fl
from fl_estimate.errors import DataFault, MappingFault
from fl_estimate.inputs.survey_data import SurveyData
from fl_estimate.study.run import run_study

ANSWERS = {1: "yes", 2: "no", "null": "not_asked"}
FORCED = {1: "experienced", 2: "no", "null": "not_asked"}
HOUSEHOLDS = "HH1,HH2,HH7,hhweight\n1,1,North,2.0\n1,2,North,3.0\n2,1,South,4.0\n"
WOMEN = "HH1,HH2,LN,WB4,HH7\n1,1,2,30,x\n1,2,1,41,x\n2,1,3,19,x\n"
ROSTER = "HH1,HH2,HL1,HL4\n1,1,1,1\n1,1,2,2\n1,2,1,2\n2,1,3,2\n"
FILES = {"hh.csv": HOUSEHOLDS, "wm.csv": WOMEN, "hl.csv": ROSTER}
PEOPLE = {"person_id": {"join": ["HH1", "HH2", "LN"]}, "age_interview": "WB4"}
JOIN = {"file": "hh.csv", "on": ["HH1", "HH2"]}


def _write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def _load(folder: Path, join: Any, file: str = "wm.csv", **people: Any) -> SurveyData:
    join = join if isinstance(join, list) else [join]
    mapping = {"id": "t", "source": {"join": join}, "people": {**PEOPLE, **people}}
    return fl.load(folder / file, mapping=mapping, engine="polars")


def _rows(frame: Any, *columns: str) -> list[tuple[Any, ...]]:
    return frame.lazy().collect().select(columns).rows()


def test_columns_of_another_file_come_by_key(tmp_path: Path) -> None:
    """HH7 stands in both: that of the women's file stays, and the household's comes under a prefix."""
    _write(tmp_path, FILES)
    survey = _load(tmp_path, [{**JOIN, "columns": ["hhweight"]}, {**JOIN, "prefix": "hh_", "columns": ["HH7"]}])
    assert _rows(survey.people, "person_id", "hhweight", "HH7", "hh_HH7") == [
        ("1-1-2", 2.0, "x", "North"),
        ("1-2-1", 3.0, "x", "North"),
        ("2-1-3", 4.0, "x", "South"),
    ]
    assert set(survey.sources) == {"people", "joined: hh.csv"}
    assert [fault.value_class for fault in survey.report.faults] == []


def test_keys_may_be_called_otherwise(tmp_path: Path) -> None:
    _write(tmp_path, FILES)
    survey = _load(tmp_path, [JOIN, {"file": "hl.csv", "on": {"HH1": "HH1", "HH2": "HH2", "LN": "HL1"}}], sex="HL4")
    assert _rows(survey.people, "sex") == [(2,), (2,), (2,)]
    (fault,) = survey.report.faults
    assert (fault.severity, fault.count) == ("warning", 1)
    assert fault.value_class == "a row of hl.csv without a partner in wm.csv, left out"


def test_rows_without_a_partner_are_told_or_meant(tmp_path: Path) -> None:
    _write(tmp_path, {**FILES, "hh.csv": HOUSEHOLDS.replace("2,1,South", "3,1,South")})
    told = [fault.value_class for fault in _load(tmp_path, JOIN).report.faults if fault.rule == "join"]
    assert told == [
        "a row of wm.csv without a partner in hh.csv",
        "a row of hh.csv without a partner in wm.csv, left out",
    ]
    assert not [f for f in _load(tmp_path, {**JOIN, "optional": True}).report.faults if f.rule == "join"]


def test_a_join_that_meets_nobody_is_an_error(tmp_path: Path) -> None:
    _write(tmp_path, {**FILES, "hh.csv": "HH1,HH2,hhweight\n9,9,1.0\n"})
    with pytest.raises(DataFault, match=r"no row of wm\.csv has a partner in hh.csv"):
        _load(tmp_path, {**JOIN, "optional": True})


@pytest.mark.parametrize(
    ("join", "files", "says"),
    [
        (JOIN, {"hh.csv": HOUSEHOLDS + "1,1,North,9\n"}, "1 values of HH1, HH2 occur more than once in hh.csv"),
        ({**JOIN, "on": ["HH1", "HH9"]}, {}, "wm.csv has no column 'HH9'"),
        ({**JOIN, "on": {"HH1": "HH1", "HH2": "HHNO"}}, {}, "hh.csv has no column 'HHNO'"),
        (JOIN, {"hh.csv": HOUSEHOLDS.replace("1,1,North", "a,1,North")}, "'HH1' holds numbers in wm.csv, and 'HH1' texts"),
        ({**JOIN, "columns": ["HH7"]}, {}, "columns of the same name: HH7; give a prefix"),
        ({**JOIN, "columns": ["weight"]}, {}, "hh.csv has no column 'weight'"),
    ],
)  # fmt: skip
def test_a_join_that_cannot_be_meant_is_refused(join: Any, files: dict[str, str], says: str, tmp_path: Path) -> None:
    _write(tmp_path, {**FILES, **files})
    with pytest.raises(MappingFault, match="FL-MAP-04") as caught:
        _load(tmp_path, join)
    assert says in str(caught.value)


def test_a_missing_key_finds_nobody(tmp_path: Path) -> None:
    _write(tmp_path, {"wm.csv": "HH1,HH2,LN,WB4\n1,1,2,30\n,,1,41\n", "hh.csv": "HH1,HH2,hhweight\n1,1,2.0\n,,3.0\n"})
    survey = _load(tmp_path, JOIN, person_id={"join": ["LN"]})
    assert _rows(survey.people, "hhweight") == [(2.0,), (None,)]


TABLES: dict[str, Any] = {
    "id": "t",
    "source": {"files": {"households": "hh.csv"}},
    "people": {"hh_id": {"join": ["HH1", "HH2"]}, "person_id": {"join": ["HH1", "HH2", "LN"]}, "woman": "HH7"},
    "households": {"hh_id": {"join": ["HH1", "HH2"]}, "region": "HH7", "weight_hh": "hhweight"},
}


def test_the_mapping_names_the_files_of_tables(tmp_path: Path) -> None:
    _write(tmp_path, FILES)
    survey = fl.load(tmp_path / "wm.csv", mapping=TABLES, engine="polars")
    assert _rows(survey.people, "region", "weight_hh") == [("North", 2.0), ("North", 3.0), ("South", 4.0)]
    with pytest.raises(MappingFault, match="households: no file is given; name it under"):
        fl.load(tmp_path / "wm.csv", mapping={**TABLES, "source": {}})
    with pytest.raises(MappingFault, match=r"source\.files\.household: no table .*did you mean 'households'"):
        fl.Mapping.read({**TABLES, "source": {"files": {"household": "hh.csv"}}})


def test_a_study_depends_on_the_files_that_its_mapping_names(tmp_path: Path) -> None:
    """A change of the joined file changes the fingerprint, so that --resume does not leave an old result."""
    _write(tmp_path, FILES)
    mapping = 'id = "t"\n[source.files]\nhouseholds = "hh.csv"\n[people]\nhh_id = { join = ["HH1", "HH2"] }\nage_interview = "WB4"\n'
    mapping += 'woman = "HH7"\n[households]\nhh_id = { join = ["HH1", "HH2"] }\nweight_hh = "hhweight"\n[design]\nweights = "weight_hh"\n'
    (tmp_path / "m.toml").write_text(mapping, encoding="utf-8")
    study = tmp_path / "s.toml"
    study.write_text(
        '[source.women]\nfile = "wm.csv"\nmapping = "m.toml"\n[[estimate]]\nkind = "mean"\nvariable = "age_interview"\n',
        encoding="utf-8",
    )
    first = run_study(study, out=tmp_path / "out")
    assert "hh.csv" in first.manifest["inputs"]
    assert run_study(study, out=tmp_path / "out", resume=True).skipped
    _write(tmp_path, {"hh.csv": HOUSEHOLDS.replace("2.0", "5.0")})
    assert not run_study(study, out=tmp_path / "out", resume=True).skipped


WIDE = "PID,W,AGE,Q1,R1_SEX,R1_Q1,R2_SEX,R2_Q1\na,1,30,2,1,1,2,2\nb,1,40,1,,,,\nc,1,50,,2,1,,\n"
IN_ONE_ROW: dict[str, Any] = {
    "id": "t",
    "people": {"person_id": "PID", "age_interview": "AGE", "weight_person": "W"},
    "relatives": {"from": "people", "repeat": 2, "sex": "R{n}_SEX", "age": {"value": 30}},
    "jobs": [
        {
            "from": "people",
            "where": "missing(Q1) == 0",
            "r_sold": {"column": "Q1", "recode": ANSWERS},
            "c_docs": {"column": "Q1", "recode": FORCED},
        },
        {
            "from": "people",
            "of": "relatives",
            "repeat": 2,
            "r_sold": {"column": "R{n}_Q1", "recode": ANSWERS},
            "c_docs": {"column": "R{n}_Q1", "recode": FORCED},
        },
    ],
    "design": {"weights": "weight_person"},
}


@pytest.mark.parametrize("engine", ["pandas", "polars"])
def test_one_row_carries_the_respondent_and_relatives(tmp_path: Path, engine: Any) -> None:
    survey = fl.load(_write(tmp_path, {"s.csv": WIDE}) / "s.csv", mapping=IN_ONE_ROW, engine=engine)
    jobs: Any = survey.jobs if engine == "polars" else pl.from_pandas(survey.jobs)
    assert jobs.select("job_id", "person_id", "relative_id", "r_sold").rows() == [
        ("1", "a", None, "no"),
        ("1-b-1", None, "1-1", "yes"),
        ("1-b-2", None, "1-2", "no"),
        ("2", "b", None, "yes"),
        ("3-b-1", None, "3-1", "yes"),
    ]
    classes = fl.classify(survey, "icls2018_adult")
    for table, classed in ((classes.people, [0, 1, 0]), (classes.relatives, [1, 0, 1])):
        frame: Any = table if engine == "polars" else pl.from_pandas(table)
        assert frame.lazy().collect()["forced_labour"].to_list() == classed


LONG = "PID,W,RID,REL,Q1,REG\na,2,a1,1,1,N\na,2,a2,2,2,N\nb,3,b1,1,2,S\n"
ONLY_RELATIVES: dict[str, Any] = {
    "id": "t",
    "kind": "family_network",
    "people": {"from": "relatives", "person_id": "PID", "weight_person": "W", "region": "REG"},
    "relatives": {"relative_id": "RID", "reported_by": "PID", "relation": {"column": "REL", "recode": {1: "parent", 2: "child"}}},
    "jobs": {"from": "relatives", "r_sold": {"column": "Q1", "recode": ANSWERS}},
    "design": {"weights": "weight_person"},
}  # fmt: skip


@pytest.mark.parametrize("engine", ["pandas", "polars"])
def test_a_file_in_which_only_relatives_have_rows(tmp_path: Path, engine: Any) -> None:
    survey = fl.load(_write(tmp_path, {"s.csv": LONG}) / "s.csv", mapping=ONLY_RELATIVES, engine=engine)
    tables: dict[str, Any] = {
        name: each if engine == "polars" else pl.from_pandas(each) for name, each in survey.tables.items()
    }
    assert tables["people"].select("person_id", "weight_person", "region").rows() == [("a", 2.0, "N"), ("b", 3.0, "S")]
    assert tables["relatives"].select("relative_id", "reported_by").rows() == [("a1", "a"), ("a2", "a"), ("b1", "b")]
    assert tables["jobs"].select("relative_id", "r_sold").rows() == [("a1", "yes"), ("a2", "no"), ("b1", "no")]


def test_rows_that_say_otherwise_of_the_same_person_are_a_fault(tmp_path: Path) -> None:
    _write(tmp_path, {"s.csv": LONG.replace("a,2,a2", "a,7,a2")})
    with pytest.raises(DataFault, match=r"people\.weight_person, one value a person"):
        fl.load(tmp_path / "s.csv", mapping=ONLY_RELATIVES)


def _without(**parts: Any) -> dict[str, Any]:
    return {**ONLY_RELATIVES, **parts}


BROKEN: list[tuple[Callable[[], dict[str, Any]], str]] = [
    (lambda: _without(jobs={"from": "people"}), 'people have no file of their own, they are from = "relatives"'),
    (lambda: _without(people={"from": "relatives"}, relatives={"relation": "REL"}), "people.person_id: it must be given"),
    (lambda: _without(people={"from": "episodes", "person_id": "PID"}), "there is no [episodes] to take rows from"),
    (lambda: {**IN_ONE_ROW, "jobs": [{"r_sold": "Q1"}, {"from": "people"}]}, "each is taken from the rows of another"),
    (lambda: {**IN_ONE_ROW, "source": {"join": [{"file": "x", "to": "jobs", "on": ["a"]}]}}, "jobs have no file of their own"),
    (lambda: {**IN_ONE_ROW, "source": {"join": [{"file": "x", "on": []}]}}, "the key columns must be given"),
]  # fmt: skip


@pytest.mark.parametrize("position", range(len(BROKEN)))
def test_rows_that_cannot_come_from_there_are_refused(position: int) -> None:
    make, says = BROKEN[position]
    with pytest.raises(MappingFault, match="FL-MAP-03") as caught:
        fl.Mapping.read(make())
    assert says in str(caught.value)


def test_costs_come_from_rows_of_episodes(tmp_path: Path) -> None:
    """A returnee file with one row an episode: people are told apart by their id, costs stand in the episode's row."""
    text = "PID,W,DEP,VISA,TICKET\np,1,2019-01-05,100,50\np,1,2021-03-02,,70\nq,2,2020-02-02,30,\n"
    mapping = {
        "id": "t",
        "kind": "returning_migrant",
        "people": {"from": "episodes", "person_id": "PID", "weight_person": "W"},
        "episodes": {"person_id": "PID", "depart": "DEP"},
        "costs": {
            "from": "episodes", "repeat": ["VISA", "TICKET"], "amount": "{n}", "currency": {"value": "USD"},
            "item": {"value": "visa"},
        },
    }  # fmt: skip
    survey = fl.load(_write(tmp_path, {"s.csv": text}) / "s.csv", mapping=mapping, engine="polars")
    assert _rows(survey.people, "person_id") == [("p",), ("q",)]
    assert _rows(survey.costs, "episode_id", "amount") == [("1", 100.0), ("1", 50.0), ("2", 70.0), ("3", 30.0)]
