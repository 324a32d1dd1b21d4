"""Amounts are brought into one currency at the rates of their day; without rates, costs that cannot be added are faults."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import fl_estimate as fl
from fl_estimate.errors import DataFault, MappingFault
from fl_estimate.schema.validate import ValidationReport

PEOPLE = "PID,EMP\n1,yes\n2,yes\n3,yes\n"
EPISODES = "EID,PID,OUT,EARN,CUR\n10,1,2020-03-05,400,USD\n20,2,2021-06-01,300,EUR\n30,3,2020-05-01,,USD\n"
COSTS = (
    "EID,ITEM,AMT,CUR,DAY,WHO\n10,visa,100,USD,2019-12-01,yes\n10,passport,800,XTS,,yes\n10,medical,50,USD,,no\n"
    "20,visa,60,USD,2021-05-01,yes\n20,loan_interest,999,XTS,,yes\n30,visa,10,USD,,yes\n"
)
RATES: dict[str, Any] = {"to": "XTS", "USD": {"2019": 38.0, "2020": 40.0, "2021": 41.0, "2020-03": 42.0}, "EUR": 50}
MAPPING: dict[str, Any] = {
    "id": "m",
    "kind": "returning_migrant",
    "people": {"person_id": "PID", "migrant_employee_abroad": "EMP"},
    "episodes": {
        "episode_id": "EID", "person_id": "PID", "depart": "OUT", "first_month_earnings": "EARN",
        "earnings_currency": "CUR",
    },
    "costs": {
        "episode_id": "EID", "item": "ITEM", "amount": "AMT", "currency": "CUR", "date": "DAY", "paid_by_worker": "WHO",
    },
}  # fmt: skip


def loaded(
    folder: Path, mapping: dict[str, Any], *, people: str = PEOPLE, episodes: str = EPISODES, costs: str = COSTS,
    engine: Any = "pandas",
) -> fl.SurveyData:  # fmt: skip
    paths: dict[str, str | Path] = {}
    for name, text in {"people": people, "episodes": episodes, "costs": costs}.items():
        path = folder / f"{name}.csv"
        path.write_text(text)
        paths[name] = path
    return fl.load(paths, mapping=mapping, engine=engine)


def report(folder: Path, mapping: dict[str, Any], **texts: Any) -> ValidationReport:
    with pytest.raises(DataFault, match="FL-DATA-01") as caught:
        loaded(folder, mapping, **texts)
    assert isinstance(caught.value.report, ValidationReport)
    return caught.value.report


@pytest.mark.parametrize("engine", ["pandas", "polars"])
def test_the_rate_of_the_month_goes_before_that_of_the_year_and_a_cost_without_a_date_takes_the_departure(
    tmp_path: Path, engine: str
) -> None:
    data = loaded(tmp_path, {**MAPPING, "rates": RATES}, engine=engine)
    assert list(data.costs["amount"]) == [100 * 38, 800, 50 * 42, 60 * 41, 999, 10 * 40]
    assert list(data.costs["amount_original"]) == [100, 800, 50, 60, 999, 10]
    assert list(data.costs["currency_original"]) == ["USD", "XTS", "USD", "USD", "XTS", "USD"]
    assert set(data.costs["currency"]) == set(data.episodes["earnings_currency"]) == {"XTS"}
    assert list(data.episodes["first_month_earnings"])[:2] == [400 * 42, 300 * 50]
    assert data.report.ok


def test_the_recruitment_cost_is_worked_out_by_hand(tmp_path: Path) -> None:
    """Person 1: (3,800 + 800) / 16,800; the medical test was paid by another. Person 2: 2,460 / 15,000, the interest left out."""
    data = loaded(tmp_path, {**MAPPING, "rates": RATES})
    share = fl.classify(data, "sdg_10_7_1").people["recruitment_cost_share"]
    assert share.tolist()[:2] == pytest.approx([4600 / 16800, 2460 / 15000])
    assert share.isna().tolist() == [False, False, True]


def test_without_rates_a_cost_in_another_currency_than_the_earnings_is_an_error(tmp_path: Path) -> None:
    found = report(tmp_path, MAPPING)
    assert [(f.table, f.variable, f.rule, f.rows) for f in found.errors] == [
        ("costs", "currency", "currency", (1, 3, 4))
    ]
    assert {f.table for f in found.warnings} == {"costs", "episodes"}
    assert "sums and means of the amounts have no meaning" in str(found)


def test_one_currency_needs_no_rates(tmp_path: Path) -> None:
    texts = {"episodes": EPISODES.replace("EUR", "USD"), "costs": COSTS.replace("XTS", "USD")}
    data = loaded(tmp_path, MAPPING, **texts)
    assert data.report.faults == ()
    assert "amount_original" not in data.costs
    assert fl.validate(data).ok


def test_a_currency_without_a_rate_on_its_day_and_an_amount_without_a_currency(tmp_path: Path) -> None:
    costs = (
        COSTS.replace("10,visa,100,USD,2019-12-01", "10,visa,100,USD,2009-12-01")
        .replace("60,USD", "60,")
        .replace("999,XTS", "999,CHF")
    )
    found = report(tmp_path, {**MAPPING, "rates": RATES}, costs=costs)
    assert [(f.value_class, f.rows) for f in found.errors] == [("no rate on its day", (0, 4))]
    assert [(f.value_class, f.rows) for f in found.warnings] == [("an amount without one", (3,))]
    fine = COSTS.replace("60,USD", "60,")
    data = loaded(tmp_path, {**MAPPING, "rates": RATES}, costs=fine)
    assert data.costs["amount"].isna().tolist() == [False, False, False, True, False, False]
    assert fl.classify(data, "sdg_10_7_1").people["recruitment_cost_share"].isna().tolist() == [False, True, True]


def test_amounts_whose_currency_is_not_mapped_stay_with_a_warning(tmp_path: Path) -> None:
    episodes = {**MAPPING["episodes"], "borrowed_amount": "LOAN"}
    text = EPISODES.replace("CUR\n", "CUR,LOAN\n").replace("USD\n", "USD,70\n").replace("EUR\n", "EUR,80\n")
    data = loaded(tmp_path, {**MAPPING, "rates": RATES, "episodes": episodes}, episodes=text)
    assert list(data.episodes["borrowed_amount"]) == [70, 80, 70]
    (warning,) = data.report.warnings
    assert (warning.variable, warning.value_class) == (
        "borrowed_currency",
        "not mapped: borrowed_amount left as told, in a currency of their own",
    )


def test_costs_alone_must_agree_with_each_other(tmp_path: Path) -> None:
    mapping = {**MAPPING, "episodes": {"episode_id": "EID", "person_id": "PID", "mine": "CUR"}}
    found = report(tmp_path, mapping)
    assert [f.rows for f in found.errors] == [(1, 4)]


@pytest.mark.parametrize(
    ("rates", "said"),
    [
        ({"USD": 40}, "rates.to: it must be given"),
        ({"to": "XTS", "USD": -1}, "rates.rate.USD"),
        ({"to": "XTS", "XTS": 1}, "a currency is worth one of itself"),
        ({"to": "XTS", "DOLLAR": 40}, "is no code of ISO 4217"),
        ({"to": "XTS", "USD": {"2019-13": 40}}, "a year such as 2019"),
    ],
)
def test_broken_rates_are_faults_of_the_mapping(rates: dict[str, Any], said: str) -> None:
    with pytest.raises(MappingFault, match="FL-MAP-03") as caught:
        fl.Mapping.read({**MAPPING, "rates": rates})
    assert said in str(caught.value)


def test_all_faults_of_a_migrants_survey_come_in_one_report(tmp_path: Path) -> None:
    """Duplicate keys, orphan episodes and costs, return before departure, mixed currencies, a code that is none: together."""
    people = "PID,EMP\n1,yes\n2,yes\n2,perhaps\n"
    episodes = "EID,PID,OUT,BACK,EARN,CUR\n10,1,2020-03-05,2020-01-01,400,USD\n10,2,2020-03-05,2021-01-01,400,USD\n20,9,2020-01-01,2021-01-01,-4,USD\n"
    costs = COSTS.replace("30,visa", "99,visa")
    mapping = {**MAPPING, "episodes": {**MAPPING["episodes"], "return": "BACK"}}
    found = report(tmp_path, mapping, people=people, episodes=episodes, costs=costs)
    told = {(f.table, f.variable, f.rule, f.rows) for f in found.errors}
    assert told == {
        ("people", "person_id", "unique key", (1, 2)),
        ("people", "migrant_employee_abroad", "code list", (2,)),
        ("episodes", "episode_id", "unique key", (0, 1)),
        ("episodes", "person_id", "key of people", (2,)),
        ("episodes", "return", "not before depart", (0,)),
        ("episodes", "first_month_earnings", "limits", (2,)),
        ("costs", "episode_id", "key of episodes", (5,)),
        ("costs", "currency", "currency", (1, 4)),
    }
