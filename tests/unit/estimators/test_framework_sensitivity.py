"""Several frameworks on the same people: cross-table, kappa, drivers and the part of each question's non-response, by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pytest

import fl_estimate as fl
from fl_estimate.errors import IndicatorFault

RULE = """
id = "{name}"
kind = "framework"
status = "final"
date = "2026-01-01"
verification = "recalled"
title = {{ en = "{name}" }}

[[outcomes]]
id = "{name}_class"
type = "binary"
label = {{ en = "Class" }}
verified = "recalled"
positive = ["in"]
expression = {{ at_least = {{ n = 1, kind = "sign" }} }}
values = [
  {{ id = "in", is = "true", label = {{ en = "In" }} }},
  {{ id = "out", is = "false", label = {{ en = "Out" }} }},
  {{ id = "unsure", is = "unknown", label = {{ en = "Unsure" }} }},
]
"""
SIGN = """
[[indicators]]
id = "{name}"
label = {{ en = "{name}" }}
kind = "sign"
items_any_of = ["{item}"]
document = "none"
verified = "recalled"
"""
# Wide counts documents or pay, narrow documents only. By hand, with weights in brackets (20 in all):
#   wide:   in 1, 2, 5 (7), undetermined 4, 6 (9), not in 3 (4)
#   narrow: in 1 (2), undetermined 4, 5 (3), not in 2, 3, 6 (15)
PEOPLE = pd.DataFrame(
    {
        "w": [2.0, 3, 4, 1, 2, 8],
        "c_docs": ["experienced", "no", "no", "dk", "dk", "no"],
        "w_low_no_wage": ["no", "yes", "no", "no", "yes", "dk"],
    }
)
DESIGN = fl.Design(weights="w")


@pytest.fixture
def names(tmp_path: Path) -> list[str]:
    wide, narrow = tmp_path / "wide.toml", tmp_path / "narrow.toml"
    docs, pay = SIGN.format(name="DOCS", item="c_docs"), SIGN.format(name="PAY", item="w_low_no_wage")
    wide.write_text(RULE.format(name="wide") + docs + pay, encoding="utf-8")
    narrow.write_text(RULE.format(name="narrow") + docs, encoding="utf-8")
    return [str(wide), str(narrow)]


@pytest.fixture(params=["pandas", "polars"])
def compared(request: Any, names: list[str]) -> Any:
    data = PEOPLE if request.param == "pandas" else pl.from_pandas(PEOPLE).lazy()
    return fl.compare_frameworks(data, names, design=DESIGN)


def test_the_cross_table_holds_the_weights(compared: Any) -> None:
    table = compared.cross_table(*compared.labels)
    assert table.to_numpy().tolist() == [[2, 2, 3, 0], [0, 1, 8, 0], [0, 0, 4, 0], [0, 0, 0, 0]]


def test_agreement_and_kappa_by_hand(compared: Any) -> None:
    (row,) = compared.agreement.to_dict("records")
    assert row["n"] == 6
    shares = [row[name] for name in ("both", "only_first", "only_second", "neither", "undetermined", "agreement")]
    assert shares == pytest.approx([0.10, 0.25, 0.0, 0.65, 0.55, 0.35])
    # pe = (7·2 + 9·3 + 4·15)/400 = 0.2525, kappa = (0.35 − 0.2525)/(1 − 0.2525)
    assert row["kappa"] == pytest.approx(0.0975 / 0.7475)


def test_pay_drives_the_difference(compared: Any) -> None:
    # only person 2 is surely in one class and surely not in the other
    assert compared.drivers[["in_class_by", "criterion", "n", "share", "share_in_both"]].to_numpy().tolist() == [
        [compared.labels[0], "PAY", 1, 1.0, 0.0]
    ]


def test_each_questions_non_response(compared: Any) -> None:
    table = compared.non_response.set_index(["framework", "question"])
    wide, narrow = compared.labels
    expected = {
        # pay is unknown of person 6 (8), documents of 4 (1) and 5 (2, who is in by the pay anyway)
        (wide, "w_low_no_wage"): [1, 0.35, 0.80, 0.40, 0.40, 0.40],
        (wide, "c_docs"): [2, 0.35, 0.80, 0.05, 0.05, 0.05],
        (narrow, "c_docs"): [2, 0.10, 0.25, 0.15, 0.15, 0.15],
    }
    assert set(table.index) == set(expected)
    for key, values in expected.items():
        assert table.loc[key].tolist() == pytest.approx(values)


def test_three_treatments_stand_side_by_side(compared: Any) -> None:
    table = compared.prevalence[compared.prevalence["framework"] == "wide"]
    assert table["unknown"].tolist() == ["no", "bounds", "bounds", "bounds", "exclude"]
    assert table["bound"].tolist() == ["", "lower", "upper", "identified", ""]
    assert table["value"].dropna().tolist() == pytest.approx([7 / 20, 7 / 20, 16 / 20, 7 / 11])


def test_a_definition_of_two_files_and_a_named_outcome() -> None:
    answers = {"w_low_no_wage": "yes", "c_docs": ["experienced", "no", "no"], "child_wfcl": ["none", "none", "cse"]}
    others = dict.fromkeys(["r_debt_linked", "l_no_freedom_resign"], "no")
    people = pd.DataFrame({"age": [30, 30, 10], **answers, **others})
    both = ["icls2018_adult", "icls2018_child"]
    compared = fl.compare_frameworks(people, [both, "htshtc2012_adult:forced_labour_without_strength"])
    assert compared.labels == ("icls2018_adult + icls2018_child", "htshtc2012_adult:forced_labour_without_strength")
    assert compared.people[compared.labels[0]].tolist() == [1, 0, 1]
    assert compared.people[f"{compared.labels[1]}_in_scope"].tolist() == [1, 1, 0]
    assert repr(compared).endswith("3 people)")


@pytest.mark.parametrize(
    "asked",
    [
        ["icls2018_adult"],
        ["icls2018_adult", "icls2018_adult"],
        ["icls2018_adult", "ilo11_2012"],
        ["icls2018_adult", "icls2018_child:forced_labor"],
        ["icls2018_adult", ["icls2018_child", "state_imposed"]],
    ],
)
def test_what_cannot_be_compared_is_refused(asked: list[Any]) -> None:
    people = pd.DataFrame({"age": [30], "w_low_no_wage": ["yes"], "c_docs": ["no"]})
    with pytest.raises(IndicatorFault) as caught:
        fl.compare_frameworks(people, asked)
    assert caught.value.code == "FL-IND-18"


def test_a_framework_that_was_not_compared(compared: Any) -> None:
    with pytest.raises(IndicatorFault, match="was not compared"):
        compared.cross_table("gems", compared.labels[0])
