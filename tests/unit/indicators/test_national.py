"""A national file adds to the framework it extends, completes a draft, and is refused where it would edit a rule."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

import fl_estimate as fl
from fl_estimate.errors import IndicatorFault

SAMPLE = Path(__file__).parents[3] / "data" / "sample" / "national_framework.toml"
HEAD = """
id = "mine"
extends = "{base}"
date = "2026-01-01"
title = {{ en = "Mine" }}
"""
# Made up for this test: nothing here comes from the PRIF document, which was not read.
COMPLETED = """
[parameters]
min_strong = 1
min_medium = 2

[[indicators]]
id = "S1"
label = { en = "Documents kept" }
dimension = "freedom_of_movement"
kind = "sign"
strength = "strong"
items_any_of = ["c_docs"]
document = "none"
verified = "recalled"

[[indicators]]
id = "M1"
label = { en = "Low pay" }
dimension = "employment_practices_and_penalties"
kind = "sign"
strength = "medium"
items_any_of = ["w_low_no_wage"]
document = "none"
verified = "recalled"

[[indicators]]
id = "M2"
label = { en = "Bad lodging" }
dimension = "degrading_conditions"
kind = "sign"
strength = "medium"
items_any_of = ["w_living_degrading"]
document = "none"
verified = "recalled"
"""


def _file(folder: Path, base: str, text: str = "") -> Path:
    path = folder / "mine.toml"
    path.write_text(HEAD.format(base=base) + text, encoding="utf-8")
    return path


def test_the_sample_adds_one_criterion_and_one_question() -> None:
    base, national = fl.Framework.read("icls2018_adult"), fl.Framework.read(SAMPLE)
    assert (national.id, national.extends, national.date) == ("icls2018_adult_sample", "icls2018_adult", "2026-01-01")
    assert [entry.id for entry in national.indicators] == [*(entry.id for entry in base.indicators), "NAT1"]
    assert [item.id for item in national.own_items] == ["c_eviction"]
    assert national.outcomes == base.outcomes


def test_the_added_criterion_counts_in_explain_and_in_columns() -> None:
    answers = {"w_other_employer": "yes", "c_eviction": "threatened@leave"}
    told = fl.explain(answers, SAMPLE, age=30, default="no")
    assert told.label == "FL"
    assert [entry.id for entry in told.criteria if entry.value == "true"] == ["IW7", "NAT1"]
    table = pd.DataFrame(
        {
            "age": [30, 30, 30, 12],
            "w_low_no_wage": "yes",
            "c_docs": ["no", "no", "no", "no"],
            "c_eviction@leave": ["threatened", "dk", "no", "threatened"],
        }
    )
    people = fl.classify(table, SAMPLE).people
    assert people[["forced_labour", "forced_labour_possible", "forced_labour_in_scope"]].to_numpy().tolist() == [
        [1, 1, 1], [0, 1, 1], [0, 0, 1], [0, 0, 0],
    ]  # fmt: skip
    assert fl.classify(table, "icls2018_adult").people["forced_labour_possible"].tolist() == [0, 0, 0, 0]


def test_the_package_does_not_know_the_question() -> None:
    with pytest.raises(IndicatorFault) as caught:
        fl.explain({"c_eviction": "threatened"}, "icls2018_adult", age=30)
    assert caught.value.code == "FL-IND-11"


def test_an_optional_indicator_is_switched_on(tmp_path: Path) -> None:
    path = _file(tmp_path, "icls2018_adult", 'switch_on = ["COX"]\n')
    answers = {"r_consent_free": "no", "c_lie": "experienced"}
    assert fl.explain(answers, "icls2018_adult", age=30, default="no").label == "not_FL"
    assert fl.explain(answers, path, age=30, default="no").label == "FL"
    # a questionnaire without the question of consent says nothing of consent
    table = pd.DataFrame({"age": [30], "w_low_no_wage": ["no"], "c_lie": ["experienced"]})
    assert fl.classify(table, path).people["forced_labour_possible"].tolist() == [0]


@pytest.mark.parametrize(
    ("numbers", "age", "hours", "label"),
    [
        # the defaults: 14 hours are no light work from 12 to 14, more than 43 are too long from 15
        ("", 11, 1, "child_labour"),
        ("", 12, 13, "not_child_labour"),
        ("", 14, 14, "child_labour"),
        ("", 15, 43, "not_child_labour"),
        # a minimum age of 16: the fifteen-year-old is below it; of 14: the fourteen-year-old is not
        ("minimum_age = 16", 15, 14, "child_labour"),
        ("minimum_age = 14", 14, 14, "not_child_labour"),
        ("minimum_age = 14", 13, 14, "child_labour"),
        # light work from 13; none at all: any hour below the minimum age
        ("light_work_from = 13", 12, 1, "child_labour"),
        ("light_work_from = 15", 14, 1, "child_labour"),
        ("light_work_hours = 20", 14, 19, "not_child_labour"),
        ("long_hours = 40", 16, 41, "child_labour"),
    ],
)
def test_minimum_age_and_light_work_are_national_switches(
    tmp_path: Path, numbers: str, age: int, hours: float, label: str
) -> None:
    path = _file(tmp_path, "child_labour_link", f"[parameters]\n{numbers}\n")
    assert fl.explain({"hours_week": hours}, path, age=age, default="no").label == label


def test_a_draft_is_completed_by_numbers_and_indicators(tmp_path: Path) -> None:
    with pytest.raises(IndicatorFault) as caught:
        fl.explain({}, "prif", age=30, allow_unverified=True)
    assert caught.value.code == "FL-IND-04"
    path = _file(tmp_path, "prif", COMPLETED)
    with pytest.raises(IndicatorFault, match="is a draft"):
        fl.explain({}, path, age=30)

    def label(**answers: str) -> str:
        return fl.explain(answers, path, age=30, default="no", allow_unverified=True).label

    # one strong, or two medium: the numbers of the file above
    assert label(c_docs="experienced") == "yes"
    assert label(w_low_no_wage="yes") == "no"
    assert label(w_low_no_wage="yes", w_living_degrading="yes") == "yes"
    assert label(w_low_no_wage="yes", w_living_degrading="dk") == "undetermined"


FAULTS = {
    "a rule": ("icls2018_adult", "in_scope = { all_of = [] }\n", "in_scope: a file that extends icls2018_adult cannot"),
    "an outcome": ("icls2018_adult", "[[outcomes]]\nid = 'forced_labour'\n", "the rule of 'forced_labour' cannot be"),
    "switch": ("icls2018_adult", "switch_on = ['IWY']\n", "switch_on[0]: no optional indicator is called 'IWY'"),
    "parameter": ("prif", "[parameters]\nmin_weak = 2\n", "parameters.min_weak: prif has no such parameter"),
    "no number": ("prif", "[parameters]\nmin_strong = 0\n", "parameters.min_strong: a whole number of at least 1"),
    "codes": ("htcds", "", "extends: htcds holds codes and no rule"),
}
ITEM = """
[[items]]
id = "{name}"
kind = "coercion"
phases = ["work"]
answers = "{answers}"
question = {{ en = "?" }}
"""


@pytest.mark.parametrize("fault", FAULTS)
def test_what_a_national_file_may_not_do(tmp_path: Path, fault: str) -> None:
    base, text, words = FAULTS[fault]
    with pytest.raises(IndicatorFault) as caught:
        fl.Framework.read(_file(tmp_path, base, text))
    assert caught.value.code == "FL-IND-03"
    assert words in caught.value.found


@pytest.mark.parametrize(
    ("item", "words"),
    [
        (ITEM.format(name="c_docs", answers="coercion"), "the package has an item c_docs"),
        (ITEM.format(name="c_mine", answers="coerced"), "answers is one of"),
        ('[[items]]\nid = "c_mine"\n', "an item has the keys"),
        (ITEM.format(name="c_mine", answers="binary").replace('["work"]', '["work", "leave"]'), "has one phase"),
    ],
)
def test_questions_of_ones_own_are_whole_and_new(tmp_path: Path, item: str, words: str) -> None:
    with pytest.raises(IndicatorFault) as caught:
        fl.Framework.read(_file(tmp_path, "icls2018_adult", item))
    assert words in caught.value.found


def test_an_id_and_a_framework_to_extend_are_needed(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('extends = "icls2018_adult"\n', encoding="utf-8")
    with pytest.raises(IndicatorFault, match="id: a national file has an id of its own"):
        fl.Framework.read(path)
    with pytest.raises(IndicatorFault, match="did you mean 'icls2018_adult'") as caught:
        fl.Framework.read(_file(tmp_path, "icls2018_adul"))
    assert caught.value.code == "FL-IND-01"


def test_two_files_with_different_questions_of_one_id_are_refused(tmp_path: Path) -> None:
    own = _file(tmp_path, "icls2018_child", ITEM.format(name="c_eviction", answers="witness"))
    table = pd.DataFrame({"age": [30], "w_low_no_wage": ["yes"], "c_docs": ["no"], "child_wfcl": ["none"]})
    with pytest.raises(IndicatorFault) as caught:
        fl.classify(table, [SAMPLE, own])
    assert caught.value.code == "FL-IND-17"
