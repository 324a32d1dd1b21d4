"""A respondent-driven survey that is loaded has its chains checked, by ids and by coupons, and keeps them when it is classified."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import fl_estimate as fl
from fl_estimate.errors import DataFault
from fl_estimate.schema.validate import ValidationReport

BY_ID: dict[str, Any] = {
    "id": "rds",
    "kind": "respondent_driven",
    "design": {"unweighted": True},
    "people": {
        "person_id": "ID",
        "recruiter_id": {"column": "BY", "missing": ["seed"]},
        "network_size": "KNOWS",
        "coupons_issued": "GIVEN",
        "age_interview": "AGE",
    },
}
BY_COUPON: dict[str, Any] = {
    "id": "rds",
    "kind": "respondent_driven",
    "design": {"unweighted": True},
    "people": {
        "person_id": "ID",
        "coupon_received": "IN",
        "coupon_given_1": "OUT1",
        "coupon_given_2": "OUT2",
        "network_size": "KNOWS",
    },
}


def loaded(folder: Path, text: str, mapping: dict[str, Any]) -> fl.SurveyData:
    file = folder / "rds.csv"
    file.write_text(text)
    return fl.load(file, mapping=mapping)


def test_a_survey_is_loaded_and_its_chains_are_read(tmp_path: Path) -> None:
    data = loaded(tmp_path, "ID,BY,KNOWS,GIVEN,AGE\n1,seed,5,2,30\n2,1,4,2,31\n3,1,0,2,40\n4,2,1,2,22\n", BY_ID)
    assert [(f.variable, f.value_class, f.rows) for f in data.report.warnings] == [("network_size", "zero", (2,))]
    chains = fl.hidden.Recruitment.read(data)
    assert (chains.recruiters.tolist(), chains.waves.tolist()) == ([-1, 0, 0, 1], [0, 1, 1, 2])
    assert fl.validate(data).ok


def test_classified_people_keep_their_chains() -> None:
    answers = pd.DataFrame(
        {
            "person_id": [f"p{row}" for row in range(10)],
            "recruiter_id": [None, None, *(f"p{row}" for row in range(8))],
            "network_size": [4] * 10,
            "age": [30] * 10,
            "w_low_no_wage": ["yes", "no"] * 5,
            "c_docs": ["yes"] * 4 + ["dk"] * 2 + ["no"] * 4,
        }
    )
    people = fl.classify(answers, short_instrument=True)
    estimates = fl.hidden.rds_ii(people, "forced_labour", seed=1, replicates=50)
    row = estimates.frame.iloc[0]
    assert (row["n"], row["cases"], row["value"]) == (10, 2, 0.2)
    assert round(row["undetermined"], 10) == 0.1
    bounds = fl.hidden.rds_ii(people, "forced_labour", seed=1, replicates=50, unknown="bounds")
    assert [round(value, 10) for value in bounds.frame["value"].iloc[:2]] == [0.2, 0.3]


def test_every_fault_of_chains_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataFault) as caught:
        loaded(
            tmp_path, "ID,BY,KNOWS,GIVEN,AGE\n1,2,5,0,30\n2,1,4,2,31\n3,9,3,2,40\n4,seed,,2,22\n5,4,-1,1,20\n", BY_ID
        )
    report = caught.value.report
    assert isinstance(report, ValidationReport)
    assert {(f.variable, f.value_class, f.rows) for f in report.errors} == {
        ("recruiter_id", "in a circle of recruiters", (0, 1)),
        ("recruiter_id", "not in people", (2,)),
        ("coupons_issued", "fewer than the respondents recruited", (0,)),
        ("network_size", "below 0", (4,)),
    }
    assert {(f.variable, f.value_class) for f in report.warnings} == {("network_size", "missing")}


def test_coupons_become_recruiters(tmp_path: Path) -> None:
    data = loaded(tmp_path, "ID,IN,OUT1,OUT2,KNOWS\na,,11,12,9\nb,11,21,22,8\nc,12,31,32,7\nd,21,41,42,6\n", BY_COUPON)
    assert fl.hidden.Recruitment.read(data).recruiters.tolist() == [-1, 0, 0, 1]


def test_coupons_that_two_brought_or_nobody_was_given_are_faults(tmp_path: Path) -> None:
    with pytest.raises(DataFault) as caught:
        loaded(tmp_path, "ID,IN,OUT1,OUT2,KNOWS\na,,11,12,9\nb,11,21,12,8\nc,11,31,32,7\nd,99,41,42,6\n", BY_COUPON)
    report = caught.value.report
    assert isinstance(report, ValidationReport)
    assert {(f.variable, f.value_class, f.rows) for f in report.errors} == {
        ("coupon_received", "brought by two respondents", (1, 2)),
        ("coupon_received", "a coupon that nobody was given", (3,)),
        ("coupon_given_1", "given to two respondents", (0, 1)),
    }
