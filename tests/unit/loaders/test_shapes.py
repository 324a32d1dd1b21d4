"""Proves what a mapping makes of rows: several from one, joined keys, constants, dates, filters, labels, computed variables."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pyreadstat
import pytest

from fl_estimate.errors import DataFault, MappingFault
from fl_estimate.inputs.survey_data import SurveyData
from fl_estimate.loaders.load import load
from fl_estimate.loaders.mapping import Mapping

ANSWERS = {1: "yes", 2: "no", 8: "dk", "null": "not_asked"}


def _loaded(folder: Path, text: str, **parts: Any) -> SurveyData:
    path = folder / "survey.csv"
    path.write_text(text, encoding="utf-8")
    return load(path, mapping={"id": "test", "people": {}, **parts}, engine="polars")


def _table(frame: Any, *columns: str) -> list[tuple[Any, ...]]:
    return frame.lazy().collect().select(columns).rows()


WIDE = "PID,J1OCC,J1FIRED,J2OCC,J2FIRED\na,5,1,9,2\nb,,,7,8\nc,,,,\n"


def test_several_rows_come_from_one(tmp_path: Path) -> None:
    jobs = {"from": "people", "repeat": 2, "isco08": "J{n}OCC", "r_sold": {"column": "J{n}FIRED", "recode": ANSWERS}}
    data = _loaded(tmp_path, WIDE, people={"person_id": "PID"}, jobs=jobs)
    assert _table(data.jobs, "job_id", "person_id", "isco08", "r_sold") == [
        ("1-1", "a", 5, "yes"),
        ("1-2", "a", 9, "no"),
        ("2-2", "b", 7, "dk"),
    ]


def test_where_decides_in_place_of_the_cells(tmp_path: Path) -> None:
    jobs = {"from": "people", "repeat": 2, "where": "J{n}OCC > 6", "isco08": "J{n}OCC"}
    data = _loaded(tmp_path, WIDE, people={"person_id": "PID"}, jobs=jobs)
    assert _table(data.jobs, "person_id", "isco08") == [("a", 9), ("b", 7)]


def test_slots_may_be_texts_and_have_two_digits(tmp_path: Path) -> None:
    text = "PID,visa,agency,V01\n1,100,,3\n2,,50,\n"
    costs = {
        "from": "people",
        "repeat": ["visa", "agency"],
        "episode_id": {"join": ["PID"]},
        "item": {"value": "{n}"},
        "amount": "{n}",
        "currency": {"value": "USD"},
    }
    episodes = {"from": "people", "episode_id": "PID", "person_id": "PID"}
    relatives = {"from": "people", "repeat": 1, "age": "V{n:02}"}
    with pytest.raises(DataFault, match=r"costs.item, code list"):
        _loaded(tmp_path, text, people={"person_id": "PID"}, costs=costs, episodes=episodes)
    costs["item"] = {"value": "visa"}
    data = _loaded(tmp_path, text, people={"person_id": "PID"}, costs=costs, episodes=episodes, relatives=relatives)
    assert _table(data.costs, "episode_id", "item", "amount", "currency") == [
        ("1", "visa", 100.0, "USD"),
        ("2", "visa", 50.0, "USD"),
    ]
    assert _table(data.relatives, "relative_id", "reported_by", "age") == [("1-1", "1", 3)]


OF_EPISODES: dict[str, Any] = {
    "people": {"person_id": "PID"},
    "episodes": {"from": "people", "repeat": 2, "destination": "D{n}", "first_month_earnings": "E{n}", "earnings_currency": {"value": "USD"}},
    "costs": {
        "from": "people", "of": "episodes", "repeat": ["visa", "medical"], "item": {"value": "{n}"}, "amount": "C{e:02}_{n}",
        "currency": {"value": "USD"}, "paid_by_worker": {"value": "yes"},
    },
}  # fmt: skip


def test_costs_of_several_episodes_in_one_row(tmp_path: Path) -> None:
    """By hand: visa and medical of the first episode of a, medical of the second; one visa of b, whose second cell is empty."""
    text = (
        "PID,D1,E1,D2,E2,C01_visa,C01_medical,C02_visa,C02_medical\n"
        "a,XA,100,XB,200,50,15,,40\nb,XA,80,,,30,,,\nc,,,,,,,,\n"
    )
    data = _loaded(tmp_path, text, **OF_EPISODES)
    assert _table(data.episodes, "episode_id", "person_id", "destination") == [
        ("1-1", "a", "XA"), ("1-2", "a", "XB"), ("2-1", "b", "XA"),
    ]  # fmt: skip
    assert _table(data.costs, "episode_id", "item", "amount") == [
        ("1-1", "visa", 50.0), ("1-1", "medical", 15.0), ("1-2", "medical", 40.0), ("2-1", "visa", 30.0),
    ]  # fmt: skip


def test_a_single_cost_of_each_episode(tmp_path: Path) -> None:
    costs = {
        "from": "people",
        "of": "episodes",
        "item": {"value": "visa"},
        "amount": "V{e}",
        "currency": {"value": "USD"},
    }
    data = _loaded(tmp_path, "PID,D1,E1,D2,E2,V1,V2\na,XA,100,XB,200,5,6\n", **{**OF_EPISODES, "costs": costs})
    assert _table(data.costs, "episode_id", "amount") == [("1-1", 5.0), ("1-2", 6.0)]


def test_a_cost_of_an_episode_that_is_empty_is_an_error(tmp_path: Path) -> None:
    text = "PID,D1,E1,D2,E2,C01_visa,C01_medical,C02_visa,C02_medical\na,XA,100,,,50,15,7,8\nb,XA,9,XB,9,1,1,1,1\n"
    with pytest.raises(DataFault, match=r"costs\.episode_id"):
        _loaded(tmp_path, text, **OF_EPISODES)


def test_a_slot_that_nobody_filled_is_no_fault(tmp_path: Path) -> None:
    """An empty column is read as text; rows of the other slots keep their numbers and their checks."""
    text = "PID,D1,E1,C_visa,C_medical\na,XA,100,,15\nb,XB,80,,-4\n"
    costs = {**OF_EPISODES["costs"], "amount": "C_{n}"}
    del costs["of"]
    episodes = {
        name: rule.replace("{n}", "1") if isinstance(rule, str) else rule
        for name, rule in OF_EPISODES["episodes"].items()
    }
    del episodes["repeat"]
    with pytest.raises(DataFault, match=r"costs.amount(.|\n)*rows 2"):
        _loaded(tmp_path, text, **{**OF_EPISODES, "costs": costs, "episodes": episodes})
    data = _loaded(tmp_path, text.replace("-4", "4"), **{**OF_EPISODES, "costs": costs, "episodes": episodes})
    assert _table(data.costs, "item", "amount") == [("medical", 15.0), ("medical", 4.0)]


def test_jobs_of_relatives_belong_to_the_relatives_of_the_same_slot(tmp_path: Path) -> None:
    text = "PID,R1SEX,R1DEBT,R2SEX,R2DEBT\na,1,1,2,2\nb,2,8,,\n"
    data = _loaded(
        tmp_path,
        text,
        people={"person_id": "PID"},
        relatives={"from": "people", "repeat": 2, "sex": "R{n}SEX"},
        jobs={
            "from": "people",
            "of": "relatives",
            "repeat": 2,
            "r_debt_linked": {"column": "R{n}DEBT", "recode": {1: "yes", 2: "no", 8: "dk"}},
        },
    )
    assert _table(data.relatives, "relative_id", "reported_by", "sex") == [
        ("1-1", "a", 1),
        ("1-2", "a", 2),
        ("2-1", "b", 2),
    ]
    assert _table(data.jobs, "relative_id", "r_debt_linked") == [("1-1", "yes"), ("1-2", "no"), ("2-1", "dk")]


BOTH = "PID,JOB,Q1,Q2\na,1,1,2\nb,2,2,1\n"


def test_items_of_recruitment_and_work_come_onto_the_row_of_the_job(tmp_path: Path) -> None:
    rule = {"recode": {1: "yes", 2: "no"}}
    jobs = {"from": "people", "job_id": "JOB", "w_hazard": {"column": "Q1", **rule}}
    episodes = {"from": "people", "where": "PID == 'a'", "job_id": "JOB", "r_sold": {"column": "Q2", **rule}}
    data = _loaded(tmp_path, BOTH, people={"person_id": "PID"}, jobs=jobs, episodes=episodes)
    assert _table(data.jobs, "job_id", "w_hazard", "r_sold") == [("1", "yes", "no"), ("2", "no", "not_asked")]
    assert "r_sold" not in data.episodes.columns
    del episodes["job_id"]
    with pytest.raises(MappingFault, match=r"episodes.job_id: jobs and episodes carry items"):
        _loaded(tmp_path, BOTH, people={"person_id": "PID"}, jobs=jobs, episodes=episodes)
    twice = {"from": "people", "job_id": "JOB", "w_hazard": {"column": "Q2", **rule}}
    with pytest.raises(MappingFault, match="jobs and episodes both carry it"):
        _loaded(tmp_path, BOTH, people={"person_id": "PID"}, jobs=jobs, episodes=twice)


def test_a_job_of_two_episodes_is_a_fault(tmp_path: Path) -> None:
    episodes = {"from": "people", "job_id": {"value": "1"}, "person_id": "PID"}
    jobs = {"from": "people", "where": "PID == 'a'", "job_id": "JOB"}
    with pytest.raises(DataFault, match=r"episodes.job_id, unique key: more than once in 2 rows"):
        _loaded(tmp_path, BOTH, people={"person_id": "PID"}, jobs=jobs, episodes=episodes)


def test_faults_of_a_repeated_table_name_the_row_of_the_file(tmp_path: Path) -> None:
    jobs = {"from": "people", "repeat": 2, "isco08": "J{n}OCC", "r_sold": {"column": "J{n}FIRED", "recode": {1: "yes"}}}
    with pytest.raises(DataFault) as caught:
        _loaded(tmp_path, WIDE, jobs=jobs)
    assert "jobs.r_sold, recode: a code that the recode does not list in 2 rows (rows 1, 2)" in str(caught.value)


def test_keys_are_joined_from_several_columns(tmp_path: Path) -> None:
    with pytest.raises(DataFault, match=r"people.person_id, key: missing in 1 row \(rows 2\)"):
        _loaded(tmp_path, "EA,HH,LINE\n1,2,1.0\n3,,1\n", people={"person_id": {"join": ["EA", "HH", "LINE"]}})
    good = _loaded(tmp_path, "EA,HH,LINE\n1,2,1.0\n1,2,2\n", people={"person_id": {"join": ["EA", "HH", "LINE"]}})
    assert _table(good.people, "person_id", "EA", "LINE") == [("1-2-1", 1, 1.0), ("1-2-2", 1, 2.0)]
    own = _loaded(tmp_path, "EA,person_id\n1,2\n", people={"person_id": {"join": ["EA", "person_id"]}})
    assert own.people["person_id"].to_list() == ["1-2"]


def test_a_constant_stands_in_every_row(tmp_path: Path) -> None:
    people = {"country_residence": {"value": "CL"}, "sex": {"value": 2}, "hours_week": {"value": 1.5}}
    assert _table(_loaded(tmp_path, "a\n1\n2\n", people=people).people, *people) == [("CL", 2, 1.5)] * 2


def test_a_number_is_multiplied(tmp_path: Path) -> None:
    jobs = {"from": "people", "pay_amount": {"column": "THOUSANDS", "times": 1000}}
    assert _loaded(tmp_path, "THOUSANDS\n1.5\n2\n", jobs=jobs).jobs["pay_amount"].to_list() == [1500.0, 2000.0]


DATES: list[tuple[str, dict[str, Any], list[Any], list[Any]]] = [
    ("2019-03-05", {}, [dt.date(2019, 3, 5)], ["day"]),
    ("2019-03", {}, [dt.date(2019, 3, 1)], ["month"]),
    ("2019", {}, [dt.date(2019, 1, 1)], ["year"]),
    ("05/03/2019", {"format": "%d/%m/%Y"}, [dt.date(2019, 3, 5)], ["day"]),
    ("03/2019", {"format": "%m/%Y"}, [dt.date(2019, 3, 1)], ["month"]),
    ("1431", {"format": "cmc"}, [dt.date(2019, 3, 1)], ["month"]),  # (2019 - 1900) * 12 + 3
    ("20190305", {"format": "%Y%m%d"}, [dt.date(2019, 3, 5)], ["day"]),
    ("9999", {"missing": [9999]}, [None], [None]),
]


@pytest.mark.parametrize(("text", "how", "days", "known"), DATES)
def test_dates_are_read_with_their_precision(
    tmp_path: Path, text: str, how: dict[str, Any], days: list[Any], known: list[Any]
) -> None:
    data = _loaded(tmp_path, f"D,x\n{text},1\n,2\n", people={"birth_date": {"column": "D", **how}})
    assert data.people["birth_date"].to_list() == [*days, None]
    assert data.people["birth_date_precision"].to_list() == [*known, None]


def test_a_date_is_put_together_from_its_parts(tmp_path: Path) -> None:
    rule = {"year": "Y", "month": "M", "day": "D"}
    data = _loaded(tmp_path, "Y,M,D\n2019,3,5\n2019,3,98\n2019,98,1\n,3,5\n", people={"birth_date": rule})
    assert _table(data.people, "birth_date", "birth_date_precision") == [
        (dt.date(2019, 3, 5), "day"),
        (dt.date(2019, 3, 1), "month"),
        (dt.date(2019, 1, 1), "year"),
        (None, None),
    ]


def test_columns_of_dates_stay_dates(tmp_path: Path) -> None:
    frame: Any = pd.DataFrame({"D": [dt.date(2019, 3, 5), None]})
    pyreadstat.write_sav(frame, tmp_path / "s.sav")
    people = load(tmp_path / "s.sav", mapping={"id": "t", "people": {"birth_date": "D"}}, engine="polars").people
    assert _table(people, "birth_date", "birth_date_precision") == [(dt.date(2019, 3, 5), "day"), (None, None)]


def test_what_is_no_date_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(
        DataFault, match=r"people.birth_date, date: not a date as year-month-day.* in 1 row \(rows 2\)"
    ) as caught:
        _loaded(tmp_path, "D\n2019-03-05\nlast spring\n", people={"birth_date": "D"})
    assert 'format = "%d/%m/%Y"' in str(caught.value)
    rule = {"column": "D", "format": "%d/%m/%Y"}
    with pytest.raises(DataFault, match=r"date: not a date written %d/%m/%Y in 1 row"):
        _loaded(tmp_path, "D\n05/03/2019\n2019-03-05\n", people={"birth_date": rule})


FILTERED = "DEBT,Q1,Q2\n2,,\n1,,1\n2,1,2\n8,,1\n"


def test_a_question_that_was_not_put_is_no_only_where_the_filter_says_so(tmp_path: Path) -> None:
    jobs = {
        "from": "people",
        "r_debt_linked": {"column": "Q1", "recode": ANSWERS, "no_where": "DEBT == 2"},
        "l_indefinite_debt": {"column": "Q2", "recode": ANSWERS, "no_where": "DEBT == 2"},
    }
    data = _loaded(tmp_path, FILTERED, jobs=jobs)
    assert data.jobs["r_debt_linked"].to_list() == ["no", "not_asked", "yes", "not_asked"]
    assert data.jobs["l_indefinite_debt"].to_list() == ["no", "yes", "no", "yes"]
    (warning,) = data.report.warnings
    assert (warning.variable, warning.value_class) == ("r_debt_linked", "answered where the filter says no")
    assert warning.rows == (2,)


def test_several_answers_in_one_cell_are_taken_apart(tmp_path: Path) -> None:
    rule = {"column": "Q", "several": True, "recode": {"a": "experienced", "b": "experienced", "null": "missing"}}
    jobs = {"from": "people", "c_docs": {**rule, "else": "no"}}
    data = _loaded(tmp_path, "Q,x\na c,1\nc,1\nab;b,1\n,1\nabc,1\n", jobs=jobs)
    assert data.jobs["c_docs"].to_list() == ["experienced", "no", "experienced", "missing", "no"]


def test_several_answers_become_a_set_where_the_variable_holds_one(tmp_path: Path) -> None:
    recode = {"1": "third_party", "2": "parents", "3": "parents", "8": "dk", "null": "missing"}
    rule = {"column": "Q", "several": True, "recode": recode, "else": "none"}
    jobs = {"from": "people", "child_coercion_by": rule}
    data = _loaded(tmp_path, 'Q,x\n2 1,1\n"3,2",1\n1|8,1\n,1\n7,1\n1,1\n', jobs=jobs)
    # all codes of the recode, each once, in its order; a code that is none of them leaves what is written under else
    assert data.jobs["child_coercion_by"].to_list() == [
        "third_party;parents", "parents", "third_party;dk", "missing", "none", "third_party",
    ]  # fmt: skip


def test_a_set_is_checked_code_by_code(tmp_path: Path) -> None:
    jobs = {"from": "people", "child_wfcl": "Q", "child_parents_in_fl": "P"}
    good = _loaded(tmp_path, "Q,P\nslavery;forced,yes\ncse illicit,no\nnone,dk\n,\n", jobs=jobs)
    assert good.report.errors == ()
    with pytest.raises(DataFault) as caught:
        _loaded(tmp_path, "Q,P\nslavery;slave,yes\nforced,yes;no\n", jobs=jobs)
    report: Any = caught.value.report
    told = {(fault.variable, fault.value_class, fault.rows) for fault in report.errors}
    assert told == {
        ("child_wfcl", "not in the code list", (0,)),
        ("child_parents_in_fl", "not in the code list", (1,)),
    }


@pytest.mark.parametrize(
    ("industry", "occupation", "domestic"),
    [
        ("97", "", "yes"),
        ("9700", "9111", "yes"),
        # what households make for their own use is no domestic work, whoever does it
        ("98", "6310", "no"),
        ("9820", "7531", "no"),
        ("56", "9412", "no"),
        # the industry decides where it is known; a cleaner of an agency is in another one
        ("81", "9111", "no"),
        ("", "9111", "yes"),
        ("", "5152", "yes"),
        ("", "9112", "no"),
        # section T holds 97 and 98
        ("T", "", None),
        ("T", "5152", "yes"),
        ("T", "6310", "no"),
        ("", "", None),
    ],
)
def test_domestic_work_is_division_97(tmp_path: Path, industry: str, occupation: str, domestic: str | None) -> None:
    jobs = {"from": "people", "isic4": "I", "isco08": "O"}
    text = f'I,O,x\n"{industry}","{occupation}",1\n"56x","y",1\n'.replace('""', "")
    data = _loaded(tmp_path, text, jobs=jobs)
    assert data.jobs["is_domestic"].to_list()[0] == domestic


@pytest.fixture
def labelled(tmp_path: Path) -> Path:
    frame: Any = pd.DataFrame({"SEXO": [1.0, 2.0, 9.0], "REG": [13.0, 5.0, 13.0], "T": ["u", "r", "u"]})
    codes: Any = {
        "SEXO": {1: "Hombre", 2: " MUJER", 9: "No responde"},
        "REG": {13: "Metropolitana", 5: "Valparaíso"},
        "T": {"u": "Urbano", "r": "Rural"},
    }
    pyreadstat.write_sav(
        frame,
        tmp_path / "s.sav",
        variable_value_labels=codes,
        column_labels={"SEXO": "Sexo", "REG": "Región", "T": "Zona"},
    )
    return tmp_path / "s.sav"


def test_a_recode_may_name_labels_or_write_them(labelled: Path) -> None:
    people = {
        "sex": {"column": "SEXO", "recode": {"hombre": 1, "Mujer": 2, "9": 3}},
        "region": {"column": "REG", "recode": "labels"},
        "urban": {"column": "T", "recode": {"Urbano": "urban", "r": "rural"}},
    }
    data = load(labelled, mapping={"id": "t", "people": people}, engine="polars")
    assert _table(data.people, "sex", "region", "urban") == [
        (1, "Metropolitana", "urban"),
        (2, "Valparaíso", "rural"),
        (3, "Metropolitana", "urban"),
    ]
    assert data.labels["people"].variables == {"sex": "Sexo", "region": "Región", "urban": "Zona"}
    assert data.labels["people"].values == {}


def test_labels_of_codes_that_stay_are_kept(labelled: Path) -> None:
    data = load(labelled, mapping={"id": "t", "people": {"region": "REG"}}, engine="polars")
    assert data.labels["people"].values["region"] == {13.0: "Metropolitana", 5.0: "Valparaíso"}
    assert data.labels["people"].values["T"] == {"u": "Urbano", "r": "Rural"}


def test_a_label_that_is_not_there_is_refused(labelled: Path) -> None:
    people = {"sex": {"column": "SEXO", "recode": {"Hombre": 1, "Muger": 2}}}
    with pytest.raises(MappingFault, match="'Muger', which is no code and no label; labels are: Hombre"):
        load(labelled, mapping={"id": "t", "people": people})


def test_pay_a_month_months_in_the_period_and_domestic_work_are_computed(tmp_path: Path) -> None:
    text = "P,PER,H,S,E,ISIC\n10,hour,40,2023-01-01,,97\n100,week,40,2022-06-01,2023-03-02,01\n50,day,40,2024-05-01,,\n"
    recode = {"hour": "hour", "week": "week", "day": "day"}
    data = _loaded(
        tmp_path,
        text,
        reference_period={"kind": "12m", "start": dt.date(2023, 1, 1), "end": dt.date(2024, 1, 1)},
        jobs={
            "from": "people",
            "pay_amount": "P",
            "pay_period": {"column": "PER", "recode": recode},
            "hours_usual": "H",
            "start": "S",
            "end": "E",
            "ongoing": {"value": "yes"},
            "isic4": "ISIC",
        },
    )
    assert data.jobs["pay_month"].to_list() == pytest.approx([10 * 40 * 52 / 12, 100 * 52 / 12, None])
    assert data.jobs["months_in_period"].to_list() == pytest.approx([365 / (365.25 / 12)] * 2 + [0.0])
    assert data.jobs["is_domestic"].to_list() == ["yes", "no", None]


BROKEN: list[tuple[str, dict[str, Any], str]] = [
    ("jobs", {"from": "people", "isco08": "J{n}"}, "jobs: {n} needs repeat"),
    ("jobs", {"repeat": 2, "isco08": "J{n}"}, "jobs.repeat: rows are repeated from another table"),
    ("jobs", {"from": "people", "repeat": 2, "isco08": "J"}, "jobs.repeat: {n} must stand"),
    ("jobs", {"from": "people", "repeat": ["a", "a"], "isco08": "J{n}"}, "jobs.repeat: texts, each another"),
    ("relatives", {"from": "people", "of": "relatives", "sex": "S"}, "relatives.of: only jobs and episodes"),
    ("costs", {"from": "people", "of": "episodes", "repeat": 2, "amount": "A{n}"}, "costs.of: only costs"),
    ("costs", {"from": "people", "repeat": 2, "amount": "A{e}{n}"}, 'costs: {e} needs of = "episodes"'),
    ("people", {"sex": {"column": "S", "value": 1}}, "people.sex: one of column, value, join and year"),
    ("people", {"sex": {"own": True}}, "people.sex: one of column, value, join and year"),
    ("people", {"birth_date": {"year": "Y", "day": "D"}}, "a day needs its month"),
    ("people", {"sex": {"column": "S", "format": "%Y"}}, "format are for dates"),
    ("people", {"birth_date": {"column": "S", "recode": {"1": "x"}}}, "only a column of codes can be recoded"),
    ("people", {"sex": {"column": "S", "times": 2}}, "times is for amounts"),
    ("people", {"sex": {"value": 7}}, "the value is not in the code list"),
    ("people", {"sex": {"column": "S", "no_where": "a == 1"}}, "no_where is for answers that can be no"),
    (
        "jobs",
        {"from": "people", "r_sold": {"column": "S", "no_where": "a ="}},
        "no_where: the expression cannot be read",
    ),
    ("jobs", {"from": "people", "c_docs": {"column": "S", "several": True}}, "several codes need a recode"),
]


@pytest.mark.parametrize(("table", "rule", "says"), BROKEN)
def test_a_rule_that_cannot_be_meant_is_refused(table: str, rule: dict[str, Any], says: str) -> None:
    with pytest.raises(MappingFault) as caught:
        Mapping.read({"id": "t", "people": {}, table: rule})
    assert says in caught.value.found


def test_a_column_of_a_slot_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(MappingFault, match=r"jobs.isco08: the file has no column 'J3OCC'; did you mean 'J2OCC'\?"):
        _loaded(tmp_path, WIDE, jobs={"from": "people", "repeat": 3, "isco08": "J{n}OCC"})


def test_the_bundled_form_of_cases_reads_an_export_of_it(tmp_path: Path) -> None:
    """Column names and codes: Toolkit/Survey/htcds_xlsform of the standard."""
    path = tmp_path / "cases.csv"
    path.write_text(
        "prs_Birthdate,prs_Gender,prs_Citizenship,vic_Methods_of_Control,vic_TypeOfExploitation,vic_ForcedLabourIndustry\n"
        "1990-05-01,Feminine,NE,DebtBondage  WithholdsDocuments,ForcedLabour,T_ActivitiesOfHouseholdsAsEmployers\n"
        ",Masculine,,,SexualExploitation,\n"
        ",NonConforming,,,,\n",
        encoding="utf-8",
    )
    data = load(path, mapping="htcds", engine="polars")
    assert data.people["sex"].to_list() == [2, 1, 3]
    assert _table(
        data.jobs, "person_id", "isic4", "c_debt", "c_docs", "c_violence", "w_sex_industry", "is_domestic"
    ) == [
        # section T alone does not tell work for a household from what a household makes for itself
        ("1", "T", "experienced", "experienced", "missing", "missing", None),
        ("2", None, "missing", "missing", "missing", "yes", None),
    ]


def test_the_template_of_items_has_every_item_and_fits_a_file_that_has_them(tmp_path: Path) -> None:
    from fl_estimate.indicators.items import known_items

    mapping = Mapping.read("survey_items")
    assert {name.partition("@")[0] for name in mapping.tables["jobs"].variables} >= set(known_items().items)
    columns = {name for rule in mapping.tables.values() for each in rule.variables.values() for name in each.columns}
    frame = {name: [1, 1] for name in sorted(columns)} | {"PID": [1, 2], "ICSE18A": [41, 41], "PSU": [1, 2]}
    pl.DataFrame(frame).write_parquet(tmp_path / "s.parquet")
    assert load(tmp_path / "s.parquet", mapping="survey_items", engine="polars").jobs.collect().height == 2
