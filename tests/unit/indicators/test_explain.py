"""One respondent is classified as the worked cases say, the criteria are named with their source, and mistakes refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import fl_estimate as fl
from fl_estimate.errors import IndicatorFault
from fl_estimate.indicators.items import known_items
from fl_estimate.indicators.wording import alternatives

STATE = {
    "imposed_by_state": "yes",
    "penalty": "yes",
    "exception": "E3",
    "exception_conditions_met": "yes",
    "c105": "none",
}


def _label(answers: dict[str, Any], **given: Any) -> str:
    return fl.explain(answers, "icls2018_adult", **({"age": 30, "default": "no"} | given)).label


@pytest.mark.parametrize(
    ("answers", "given", "label"),
    [
        # the six worked cases of the README of the frameworks, section 10, as far as they speak of the ICLS
        ({"w_other_employer": "yes", "c_rights": "threatened@work"}, {}, "FL"),
        ({"w_other_employer": "yes", "c_rights": "ref"}, {}, "undetermined"),
        ({"r_dec_family": "yes"}, {"act": "yes", "other_purpose": "dk"}, "not_FL"),
        (
            {"l_training_lock": "yes", "c_locked": "experienced@work"},
            {"state": {"imposed_by_state": "dk", "penalty": "yes", "exception": "none", "c105": "none"}},
            "FL",
        ),
        ({"l_training_lock": "yes", "c_rights": "experienced"}, {}, "FL"),
        # not selected by age
        ({"w_other_employer": "yes", "c_rights": "threatened@work"}, {"age": 17}, "not_applicable"),
        ({"w_other_employer": "yes", "c_rights": "threatened@work"}, {"age": "dk"}, "not_applicable"),
    ],
)
def test_worked_cases(answers: dict[str, Any], given: dict[str, Any], label: str) -> None:
    assert _label(answers, **given) == label


def test_the_default_answers_everything_else() -> None:
    involuntary = {"w_other_employer": "yes"}
    assert _label(involuntary, default="no") == "not_FL"
    assert _label(involuntary, default="missing") == "undetermined"
    assert _label({**involuntary, "c_docs": "no"}, default="missing") == "undetermined"
    # a list, and a phase that is not mentioned takes the default
    assert _label({**involuntary, "c_docs": ["no@work", "witnessed@leave"]}, default="missing") == "FL"
    assert _label({**involuntary, "c_docs": "no@work"}, default="dk") == "undetermined"


def test_without_a_state_block_its_fields_are_false() -> None:
    assert _label({}, state=None) == "not_FL"
    assert _label({}, state={}, default="missing") == "undetermined"
    assert fl.explain({}, "state_imposed", age=30, default="missing").label == "not_FL"
    assert fl.explain({}, "state_imposed", age=30, default="missing", state={}).label == "undetermined"


@pytest.mark.parametrize(
    ("change", "label"),
    [
        ({}, "not_FL"),  # an exception that is met
        ({"exception_conditions_met": "no"}, "FL"),
        ({"exception_conditions_met": "dk"}, "undetermined"),
        ({"c105": "d"}, "FL"),  # a purpose of C105 defeats the exception
        ({"c105": "d", "penalty": "no"}, "not_FL"),  # but without a penalty nothing is exacted
        ({"exception": "none"}, "FL"),
        ({"imposed_by_state": "ref", "c105": "a"}, "undetermined"),
    ],
)
def test_state_imposed_work(change: dict[str, str], label: str) -> None:
    assert fl.explain({}, "state_imposed", age=30, default="no", state=STATE | change).label == label
    assert _label({}, state=STATE | change) == label


def test_dimensions_and_count() -> None:
    told = fl.explain({"w_other_employer": "yes", "c_docs": "dk"}, "icls2018_adult", age=30, default="no")
    assert told.dimensions == {"involuntary_work": "positive", "coercion": "undetermined"}
    assert told.count == (1, 2)
    assert told.outcomes == {
        "forced_labour": "undetermined",
        "forced_labour_wide": "undetermined",
        "forced_labour_narrow": "undetermined",
        "forced_labour_one_fact": "no",
        "forced_labour_one_fact_debt": "no",
        "forced_labour_one_fact_leaving": "no",
    }
    child = fl.explain({"w_low_no_wage": "yes"}, "icls2018_adult", age=12)
    assert (child.in_scope, child.dimensions, child.count) == (False, {}, (0, 0))


def test_criteria_are_named_with_what_speaks_for_them_and_where_they_stand() -> None:
    answers = {"w_low_no_wage": "yes", "r_dec_wages": "yes", "c_docs": "dk"}
    told = fl.explain(answers, "icls2018_adult", age=30, default="no", state=STATE)
    by_id = {criterion.id: criterion for criterion in told.criteria}
    assert (by_id["IW5"].value, by_id["IW5"].items) == ("true", ("w_low_no_wage", "r_dec_wages"))
    assert (by_id["CO5"].value, by_id["CO5"].items) == ("unknown", ("c_docs",))
    assert (by_id["CO1"].value, by_id["CO1"].items) == ("false", ())
    assert by_id["EXCEPTION_MET"].value == "true"
    assert by_id["EXCEPTION_MET"].items == ("state.exception", "state.exception_conditions_met")
    assert (by_id["EXCEPTION_MET"].document, by_id["EXCEPTION_MET"].paragraph) == ("ILO C29 (1930)", "Art. 2(2)")
    # 24 of the adult file and the 4 tests of the state file; without a state block those are not told
    assert len(told.criteria) == 28
    assert len(fl.explain({}, "icls2018_adult", age=30).criteria) == 24


@pytest.mark.parametrize(
    ("language", "first", "words"),
    [
        ("en", "Forced labour: Undetermined (undetermined)", "IW7  Work for other employers than agreed [1]"),
        (
            "fr",
            "Travail forcé\u00a0: Indéterminé (undetermined)",
            "IW7  Travail pour d’autres employeurs que ceux convenus",
        ),
        (
            "es",
            "Trabajo forzoso: Indeterminado (undetermined)",
            "IW7  Trabajo para empleadores distintos de los acordados",
        ),
    ],
)
def test_it_is_told_in_three_languages(language: str, first: str, words: str) -> None:
    told = fl.explain({"w_other_employer": "yes", "c_docs": "dk"}, "icls2018_adult", age=30, default="no")
    lines = told.text(language).splitlines()
    assert lines[0] == first
    assert any(words in line for line in lines)
    assert any(line.startswith("  [1] ICLS/20/2018/Guidelines") for line in lines)
    if language == "en":
        assert str(told) == told.text("en")


def test_out_of_scope_is_told_in_words() -> None:
    text = str(fl.explain({}, "icls2018_adult", age="missing"))
    assert "Not applicable (out of scope) (not_applicable)" in text
    assert "Age in the reference period: unknown, out of scope" in text
    with pytest.raises(IndicatorFault, match="FL-IND-14"):
        fl.explain({}, "icls2018_adult", age=30).text("de")
    assert repr(fl.explain({}, "icls2018_adult", age=30, default="no")) == "Explanation(icls2018_adult: not_FL)"


@pytest.mark.parametrize(
    ("answers", "given", "words"),
    [
        ({"c_doc": "no"}, {}, "c_doc: no item or number is called so"),
        ({"c_docs": "stolen"}, {}, "c_docs: its answer is not known"),
        ({"c_docs": "experienced@leaving"}, {}, "c_docs: the phase after @"),
        ({"c_phone": "experienced@recruitment"}, {}, "c_phone: the phase after @"),
        ({"w_low_no_wage": "yes@work"}, {}, "w_low_no_wage: this item has one fixed phase"),
        ({"w_low_no_wage": True}, {}, "w_low_no_wage: an answer is a text in quotes"),
        ({"age": 30}, {}, "age: no item or number"),
        ({"act": "yes"}, {}, "act: no item or number"),
        ({"hours_week": -1}, {}, "hours_week: a number of at least 0"),
        ({"hours_week": ["3"]}, {}, "hours_week: a number is needed"),
        ({}, {"age": -1}, "age: a number of at least 0"),
        ({}, {"age": "thirty"}, "age: a number of at least 0"),
        ({}, {"default": "yes"}, "default: it is not one"),
        ({}, {"state": {"penalties": "yes"}}, "state.penalties: no field is called so"),
        ({}, {"state": {"exception": "E9"}}, "state.exception: its code is not known"),
        ({}, {"child": {"works_for": "boss"}}, "child.works_for: its code is not known"),
        ({}, {"act": "maybe"}, "act: its code is not known"),
    ],
)
def test_mistakes_are_refused_without_repeating_the_answer(
    answers: dict[str, Any], given: dict[str, Any], words: str
) -> None:
    with pytest.raises(IndicatorFault) as caught:
        _label(answers, **given)
    assert caught.value.code == "FL-IND-11"
    assert words in str(caught.value)
    assert not any(secret in str(caught.value) for secret in ("stolen", "leaving", "E9", "boss", "maybe", "thirty"))


def test_hours_are_given_with_the_answers() -> None:
    assert _label({"hours_week": 40, "chores_hours_week": "dk"}) == "not_FL"


def test_a_draft_needs_to_be_allowed_and_completed(tmp_path: Path) -> None:
    draft = tmp_path / "draft.toml"
    head = 'id = "draft"\nkind = "framework"\nstatus = "draft"\ndate = "2026"\nverification = "recalled"\n'
    head += 'verification_note = "no rule was found"\ntitle = { en = "Draft" }\nin_scope = { all_of = [] }\n'
    outcome = '[[outcomes]]\nid = "x"\ntype = "binary"\nlabel = { en = "X" }\nverified = "recalled"\npositive = []\n'
    values = "".join(
        f'[[outcomes.values]]\nid = "{word}"\nis = "{word}"\nlabel = {{ en = "-" }}\n'
        for word in ("true", "false", "unknown")
    )
    draft.write_text(head + outcome + values, encoding="utf-8")
    with pytest.raises(IndicatorFault, match="no rule was found") as caught:
        fl.explain({}, draft, age=30)
    assert caught.value.code == "FL-IND-04"
    with pytest.raises(IndicatorFault, match="outcomes without a rule"):
        fl.explain({}, draft, age=30, allow_unverified=True)
    draft.write_text(head + outcome + 'expression = { item = "c_docs" }\n' + values, encoding="utf-8")
    told = fl.explain({"c_docs": "experienced"}, draft, age=30, allow_unverified=True)
    assert told.label == "true"


def test_what_it_would_take_to_change_the_class() -> None:
    # involuntary by another employer, no penalty: any one means of coercion is missing; these are all that count
    told = fl.explain({"w_other_employer": "yes"}, "icls2018_adult", age=30, default="no")
    ways = told.changes()["FL"]
    coercion = {name for name in known_items().items if name.startswith("c_")} - {"c_act_peers", "c_lie"}
    others = {"w_limited_movement", "w_debt_inflated", "w_drugs"}
    assert all(len(way) == 1 for way in ways)
    assert {name for way in ways for name in way} == coercion | others
    for way in ways:
        assert fl.explain({"w_other_employer": "yes"} | way, "icls2018_adult", age=30, default="no").label == "FL"
    both = fl.explain({"w_other_employer": "yes", "c_docs": "experienced@work"}, "icls2018_adult", age=30, default="no")
    # one fact away: the penalty or the involuntary circumstance
    assert both.changes() == {"not_FL": ({"w_other_employer": "no"}, {"c_docs": "no"})}
    assert fl.explain({}, "icls2018_adult", age=12).changes() == {}


def test_low_pay_that_was_known_has_the_deception_among_the_answers_that_would_lead_elsewhere() -> None:
    answers = {"w_low_no_wage": "yes", "c_docs": "experienced@work"}
    told = fl.explain(answers, "icls2018_adult", age=30, default="no")
    assert told.label == "not_FL"
    ways = told.changes()["FL"]
    assert {"r_dec_wages": "yes"} in ways
    assert {"r_consent_free": "no"} in ways
    for way in ways:
        assert fl.explain(answers | way, "icls2018_adult", age=30, default="no").label == "FL"


def test_unknown_answers_that_leave_the_class_open_are_named() -> None:
    answers = {"w_other_employer": "yes", "c_docs": "dk", "c_debt": "ref", "r_sold": "dk"}
    told = fl.explain(answers, "icls2018_adult", age=30, default="no")
    # the sale is unknown too, but involuntariness is decided by the other employer
    assert told.open_questions() == ("c_debt", "c_docs")
    # what is unknown now comes first
    assert told.changes()["FL"][:2] == ({"c_debt": "experienced"}, {"c_docs": "experienced"})
    # two answers either way: both means, or the other employer and the sale
    assert told.changes()["not_FL"] == (
        {"c_debt": "no", "c_docs": "no"},
        {"r_sold": "no", "w_other_employer": "no"},
    )


def test_changes_respect_phases_and_strengths() -> None:
    # 2012: a strong involuntariness and any penalty in one phase
    told = fl.explain({"l_no_freedom_resign": "yes"}, "htshtc2012_adult", age=30, default="no")
    (ways,) = told.changes().values()
    assert len(ways) > 10
    for way in ways:
        ((question, answer),) = way.items()
        item, _, phase = question.partition("@")
        assert phase == "leave"
        answers = {"l_no_freedom_resign": "yes", item: f"{answer}@leave"}
        assert fl.explain(answers, "htshtc2012_adult", age=30, default="no").label == "FL"
    question, answer = next((q, a) for way in ways for q, a in way.items() if q.startswith("c_docs"))
    answers = {"l_no_freedom_resign": "yes", "c_docs": f"{answer}@recruitment"}
    assert fl.explain(answers, "htshtc2012_adult", age=30, default="no").label == "not_FL"


def test_the_labels_of_a_class_each_have_their_way() -> None:
    told = fl.explain({}, "gems", age=30, default="no", state={"imposed_by_state": "no"})
    changes = told.changes()
    assert told.label == "none"
    assert set(changes) == {"state_imposed", "fcse", "private_exploitation"}
    assert changes["state_imposed"] == ({"state.imposed_by_state": "yes", "state.penalty": "yes"},)
    assert all("w_sex_industry" in way or "r_forced_sexual" in way for way in changes["fcse"])
    # being forced into sexual acts is both: involuntary, and commercial sex; a penalty is missing
    assert any(set(way) == {"r_forced_sexual", "c_violence"} for way in changes["fcse"])
    assert all(len(way) == 2 for way in changes["private_exploitation"])


def test_a_rule_with_more_ways_than_can_be_read_says_so() -> None:
    told = fl.explain({}, "delphi2009_adult_labour", age=30, default="no")
    assert max(len(ways) for ways in told.changes().values()) == 200
    assert "(among other ways):" in told.text("en")


def test_the_ways_are_told_as_choices_in_the_words_of_the_questions() -> None:
    answers = {"w_hazard": "yes", "r_dec_wages": "dk", "c_docs": "experienced@leave"}
    told = fl.explain(answers, "icls2018_adult", age=30, default="no")
    text = told.text("en")
    assert "w_" not in text.replace("w_o", "")
    assert "one of these 24 answers" in text or "one of these 23 answers" in text
    # what the framework does not read is told, with the answer
    assert told.unused == {"w_hazard": "yes"}
    assert "Answers that this framework does not use:\n  Was the work dangerous for your health or safety? Yes" in text
    assert "Réponses que ce cadre n’utilise pas\u00a0:" in told.text("fr")
    assert "Respuestas que este marco no utiliza:" in told.text("es")


def test_choices_are_one_of_each_group_and_ways_apart_stay_apart() -> None:
    product_of_two = [
        {"a": "yes", "x": "yes"},
        {"a": "yes", "y": "no"},
        {"b": "yes", "x": "yes"},
        {"b": "yes", "y": "no"},
    ]
    ((first, second),) = alternatives(product_of_two)
    assert [first, second] == [[("a", "yes"), ("b", "yes")], [("x", "yes"), ("y", "no")]]  # as they are met
    assert alternatives([{"a": "yes"}]) == [[[("a", "yes")]]]
    apart = alternatives([{"a": "no", "b": "no"}, {"c": "no", "d": "no"}])
    assert len(apart) == 2


def test_a_ratio_and_a_count_are_told_as_numbers() -> None:
    costs = {"people.migrant_employee_abroad": "yes", "costs.paid_by_worker": "yes", "costs.amount": 900}
    months = fl.explain({**costs, "episodes.first_month_earnings": 300}, "sdg_10_7_1", age=30)
    assert months.label == "3"
    assert fl.explain({**costs, "episodes.first_month_earnings": 0}, "sdg_10_7_1", age=30).label == "undefined"
    assert fl.explain({}, "sdg_10_7_1", age=30, default="no").label == "not_applicable"
    eleven = fl.explain({"c_docs": "experienced@work"}, "ilo11_2012", age=30)
    assert (eleven.label, eleven.count) == ("1-11", (1, 11))


# The six worked cases of the page that tells how the facts are to be read, each by hand there.
WORKED: list[tuple[dict[str, Any], dict[str, str]]] = [
    (
        {"answers": {"w_other_employer": "yes", "c_rights": "threatened@work"}},
        {"icls2018_adult": "FL", "htshtc2012_adult": "not_FL", "palermo": "no", "gems": "private_exploitation"},
    ),
    (
        {"answers": {"w_other_employer": "yes", "c_rights": "ref"}},
        {"icls2018_adult": "undetermined", "gems": "undetermined", "ilo11_2012": "0-1"},
    ),
    (
        {
            "answers": {
                "r_dec_employer": "yes",
                "r_dec_travel": "yes",
                "w_hazard": "yes",
                "w_wage_manip": "dk",
                "w_law_violations": "yes",
            }
        },
        {"delphi2009_adult_labour": "undetermined"},
    ),
    (
        {"answers": {"r_dec_family": "yes"}, "act": "yes", "other_purpose": "dk"},
        {"palermo": "undetermined", "icls2018_adult": "not_FL", "ilo11_2012": "1"},
    ),
    (
        {
            "answers": {"l_training_lock": "yes", "c_locked": "experienced@work"},
            "state": {
                "imposed_by_state": "dk",
                "penalty": "yes",
                "exception": "none",
                "exception_conditions_met": "no",
                "c105": "none",
            },
        },
        {"icls2018_adult": "FL", "gems": "undetermined_form"},
    ),
    ({"answers": {"l_training_lock": "yes", "c_rights": "experienced"}}, {"icls2018_adult": "FL"}),
]


@pytest.mark.parametrize(("case", "labels"), WORKED)
def test_the_worked_cases(case: dict[str, Any], labels: dict[str, str]) -> None:
    found = {name: fl.explain(framework=name, age=30, default="no", **case).label for name in labels}
    assert found == labels


def test_a_penalty_whose_phase_was_not_asked_leaves_the_phase_open() -> None:
    told = fl.explain({"l_training_lock": "yes", "c_rights": "experienced"}, "htshtc2012_adult", age=30, default="no")
    assert told.dimensions["impossibility_of_leaving"] == "undetermined"


def test_every_language_tells_the_new_lines() -> None:
    told = fl.explain({"w_other_employer": "yes", "c_docs": "dk"}, "icls2018_adult", age=30, default="no")
    assert "The fewest answers that would lead to another class" in told.text("en")
    assert "réponses inconnues" in told.text("fr").lower()
    assert "menor número de respuestas" in told.text("es")
