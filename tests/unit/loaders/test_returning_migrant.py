"""Episodes as units: each with its person's weight and its own class; the last one of everybody; nobody who was drawn is lost."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import fl_estimate as fl
from fl_estimate.errors import DataFault

PEOPLE = "PID,EA,W,AGE,FLOW,TIMES\n1,1,10,40,20,2\n2,1,20,30,20,1\n3,2,30,25,30,1\n4,2,5,50,5,1\n"
EPISODES = (
    "EID,PID,OUT,BACK,TO,THEN,pay,c_docs@work\n"
    "11,1,2015-01-01,2016-01-01,XA,16,yes,experienced\n"
    "12,1,2018-01-01,2019-01-01,XB,38,no,no\n"
    "21,2,2019-05-01,2020-01-01,XA,29,yes,experienced\n"
    "31,3,,2020-01-01,XB,24,no,no\n"
    "32,3,2012-01-01,2013-01-01,XA,22,yes,experienced\n"
)
MAPPING: dict[str, Any] = {
    "id": "m",
    "population": "returned migrants",
    "people": {"person_id": "PID", "weight_person": "W", "age_interview": "AGE", "psu": "EA"},
    "episodes": {
        "episode_id": "EID", "person_id": "PID", "depart": "OUT", "return": "BACK", "destination": "TO",
        "origin": {"value": "XX"}, "age_at_start": "THEN", "w_low_no_wage": "pay",
    },
    "design": {"weights": "weight_person", "psu": "psu"},
}  # fmt: skip


def loaded(folder: Path, mapping: dict[str, Any] = MAPPING, *, engine: Any = "pandas", **more: str) -> fl.SurveyData:
    paths: dict[str, str | Path] = {}
    for name, text in {"people": PEOPLE, "episodes": EPISODES, **more}.items():
        path = folder / f"{name}.csv"
        path.write_text(text)
        paths[name] = path
    return fl.load(paths, mapping=mapping, engine=engine)


@pytest.mark.parametrize("engine", ["pandas", "polars"])
def test_a_row_an_episode_with_what_is_known_of_its_person(tmp_path: Path, engine: str) -> None:
    episodes = fl.by_episode(loaded(tmp_path, engine=engine))
    people = episodes.people if engine == "pandas" else episodes.people.to_pandas()
    assert people["person_id"].tolist() == ["11", "12", "21", "31", "32", "without episode: 4"]
    assert people["respondent_id"].tolist() == ["1", "1", "2", "3", "3", "4"]
    assert people["weight_person"].tolist() == [10, 10, 20, 30, 30, 5]
    assert people["corridor"].tolist()[:2] == ["XX-XA", "XX-XB"]
    assert people["age_interview"].tolist() == [16, 38, 29, 24, 22, 50]
    assert people["age_now"].tolist() == [40, 40, 30, 25, 25, 50]
    assert people["selected_for_module"].tolist() == ["yes"] * 5 + ["no"]
    assert people["months_abroad"].tolist()[0] == pytest.approx(12, abs=0.01)
    assert episodes.population == "episodes of work abroad of returned migrants"
    assert not [name for name in people if name.startswith(("w_", "c_"))]


def test_an_episode_is_judged_by_the_age_then(tmp_path: Path) -> None:
    """Who was 16 when it began is out of the adults' scope in that episode, and in it in the next."""
    classified = fl.classify(fl.by_episode(loaded(tmp_path))).people
    rows = classified[["forced_labour", "forced_labour_in_scope"]].to_numpy().tolist()
    assert rows == [[0, 0], [0, 1], [1, 1], [0, 1], [1, 1], [0, 0]]


def test_the_last_episode_is_one_a_person_and_undated_ones_come_first(tmp_path: Path) -> None:
    data = loaded(tmp_path)
    last = fl.by_episode(data, "last")
    assert last.people["person_id"].tolist() == ["12", "21", "32", "without episode: 4"]
    assert len(last.people) == len(data.people)
    assert last.people["weight_person"].sum() == data.people["weight_person"].sum()
    by = fl.estimate_prevalence(fl.classify(last), "forced_labour", by="destination", df=1).to_frame()
    told = (
        by[["destination", "n", "cases", "value"]]
        .astype(object)
        .where(by["destination"].notna(), "all")
        .to_numpy()
        .tolist()
    )
    assert told[1:3] == [["XA", 2, 2, 1.0], ["XB", 1, 0, 0.0]]
    assert by["value"].iloc[0] == pytest.approx((20 + 30) / (10 + 20 + 30))


def test_of_several_episodes_of_one_day_the_later_row_is_taken(tmp_path: Path) -> None:
    text = "EID,PID,OUT,BACK,TO,THEN,pay,c_docs@work\n1,1,2018-01-01,,XA,30,no,no\n2,1,2018-01-01,,XB,30,no,no\n"
    assert fl.by_episode(loaded(tmp_path, episodes=text), "last").people["person_id"].tolist()[0] == "2"


def test_without_units_of_its_own_a_design_takes_the_person(tmp_path: Path) -> None:
    """Two episodes of one person are no two draws: the standard error is that of persons."""
    plain = {**MAPPING, "design": {"weights": "weight_person"}}
    episodes = fl.by_episode(loaded(tmp_path, plain))
    assert episodes.design is not None
    assert episodes.design.stages == ("respondent_id",)
    with_psu = fl.by_episode(loaded(tmp_path))
    assert with_psu.design is not None
    assert with_psu.design.stages == ("psu",)


def test_border_flow_weights_become_weights_of_persons_in_the_mapping(tmp_path: Path) -> None:
    people = {key: value for key, value in MAPPING["people"].items() if key != "weight_person"}
    derived = {**people, "flow": "FLOW", "times": "TIMES", "derived": {"weight_person": "flow / times"}}
    data = loaded(tmp_path, {**MAPPING, "people": derived})
    assert data.people["weight_person"].tolist() == [10.0, 20.0, 30.0, 5.0]


def test_questions_on_jobs_follow_the_episode_that_led_to_them(tmp_path: Path) -> None:
    episodes = "EID,PID,OUT,J\n11,1,2015-01-01,a\n12,1,2018-01-01,b\n21,2,2019-05-01,c\n"
    jobs = "JID,PID,sector,w_low_no_wage,c_docs@work\na,1,F,yes,experienced\nb,1,T,no,no\nc,2,F,no,no\nz,2,A,yes,experienced\n"
    mapping = {
        **MAPPING,
        "episodes": {"episode_id": "EID", "person_id": "PID", "depart": "OUT", "job_id": "J"},
        "jobs": {"job_id": "JID", "person_id": "PID", "isic4": "sector"},
    }
    data = loaded(tmp_path, mapping, episodes=episodes, jobs=jobs)
    people = fl.classify(fl.by_episode(data)).people
    assert people[["person_id", "isic4", "forced_labour"]].head(3).to_numpy().tolist() == [
        ["11", "F", 1],
        ["12", "T", 0],
        ["21", "F", 0],
    ]
    assert fl.classify(fl.by_episode(data, "last")).people["forced_labour"].tolist() == [0, 0, 0, 0]
    assert fl.classify(data).people["forced_labour"].tolist() == [1, 1, 0, 0]
    lost = {**mapping, "episodes": {"episode_id": "EID", "person_id": "PID", "depart": "OUT"}}
    with pytest.raises(DataFault, match="FL-DATA-08"):
        fl.by_episode(loaded(tmp_path, lost, episodes=episodes, jobs=jobs))


def test_an_episode_about_which_nothing_was_asked_is_out_of_scope(tmp_path: Path) -> None:
    """The module is often put about the last episode only: the earlier ones are not "no", they are not asked."""
    episodes = "EID,PID,OUT,J\n11,1,2015-01-01,\n12,1,2018-01-01,b\n21,2,2019-05-01,c\n"
    jobs = "JID,PID,sector,w_low_no_wage,c_docs@work\nb,1,T,yes,experienced\nc,2,F,no,no\n"
    mapping = {
        **MAPPING,
        "episodes": {"episode_id": "EID", "person_id": "PID", "depart": "OUT", "job_id": "J"},
        "jobs": {"job_id": "JID", "person_id": "PID", "isic4": "sector"},
    }
    people = fl.classify(fl.by_episode(loaded(tmp_path, mapping, episodes=episodes, jobs=jobs))).people
    told = people[["person_id", "forced_labour", "forced_labour_in_scope"]].head(3).to_numpy().tolist()
    assert told == [["11", 0, 0], ["12", 1, 1], ["21", 0, 1]]


def test_what_cannot_be_taken_by_episode(tmp_path: Path) -> None:
    with pytest.raises(DataFault, match="FL-DATA-05"):
        fl.by_episode(fl.SurveyData(people=pd.DataFrame({"person_id": ["1"]})))
    data = loaded(tmp_path)
    with pytest.raises(DataFault, match="FL-DATA-06"):
        fl.by_episode(data, "latest")  # type: ignore[arg-type]
    undated = {**MAPPING, "episodes": {"episode_id": "EID", "person_id": "PID", "w_low_no_wage": "pay"}}
    with pytest.raises(DataFault, match="FL-DATA-07"):
        fl.by_episode(loaded(tmp_path, undated), "last")


def test_episodes_of_relatives_are_told_by_somebody_else_and_left_out(tmp_path: Path) -> None:
    relatives = "RID,PID\nr1,1\n"
    episodes = "EID,PID,RID,OUT,pay,c_docs@work\n1,1,,2018-01-01,no,no\n2,,r1,2019-01-01,yes,experienced\n"
    mapping = {
        **MAPPING,
        "relatives": {"relative_id": "RID", "reported_by": "PID"},
        "episodes": {
            "episode_id": "EID",
            "person_id": "PID",
            "relative_id": "RID",
            "depart": "OUT",
            "w_low_no_wage": "pay",
        },
    }
    found = fl.by_episode(loaded(tmp_path, mapping, episodes=episodes, relatives=relatives))
    assert found.people["episode_id"].dropna().tolist() == ["1"]
    assert found.relatives is None


WIDE = (
    "PID,AGE,OUT,TO,EARN,EMP,C_visa,K_visa,C_passport,K_passport,C_medical,K_medical,pay,docs\n"
    "1,30,2020-03-01,XA,400,1,100,USD,800,XTS,,,2,4\n"
    "2,40,2021-03-01,XB,300,1,,,,,60,USD,1,1\n"
    "3,50,,,,2,,,,,,,,\n"
)


def test_one_row_a_migrant_with_the_costs_side_by_side(tmp_path: Path) -> None:
    """As the short module is often kept: one episode a person, a column a cost and its currency.

    By hand: person 1 paid 100 dollars and 800 at home (20 dollars), over 400; person 2 paid 60 dollars, over 300.
    """
    path = tmp_path / "wide.csv"
    path.write_text(WIDE)
    mapping: dict[str, Any] = {
        "id": "wide",
        "people": {
            "person_id": "PID", "age_interview": "AGE",
            "migrant_employee_abroad": {"column": "EMP", "recode": {"1": "yes", "2": "no"}},
        },
        "episodes": {
            "from": "people", "where": "not missing(OUT)", "depart": "OUT", "destination": "TO",
            "first_month_earnings": "EARN", "earnings_currency": {"value": "USD"},
            "w_low_no_wage": {"column": "pay", "recode": {"1": "yes", "2": "no"}},
            "c_docs": {"column": "docs", "recode": {"1": "experienced", "4": "no"}},
        },
        "costs": {
            "from": "people", "repeat": ["visa", "passport", "medical"], "item": {"value": "{n}"},
            "amount": "C_{n}", "currency": "K_{n}", "paid_by_worker": {"value": "yes"},
        },
        "rates": {"to": "USD", "XTS": 0.025},
    }  # fmt: skip
    data = fl.load(path, mapping=mapping)
    assert data.costs["item"].tolist() == ["visa", "passport", "medical"]
    people = fl.classify(fl.by_episode(data, "last"), ["icls2018_adult", "sdg_10_7_1"]).people
    assert people["recruitment_cost_share"].astype(float).tolist()[:2] == pytest.approx([120 / 400, 60 / 300])
    assert people["forced_labour"].tolist() == [0, 1, 0]
    assert people["forced_labour_in_scope"].tolist() == [1, 1, 0]
