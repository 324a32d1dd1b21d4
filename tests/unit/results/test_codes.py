"""A code is a text that is declared once: two of the same are refused, a copy is the object itself, the unknown is strict."""

from __future__ import annotations

import copy
import json
import pickle

import pytest

from fl_estimate.results.codes import (
    DF_NOT_POSITIVE,
    FAMILIES,
    PREVALENCE,
    PREVALENCE_PER_1000,
    SUBPOPULATION,
    TAYLOR,
    TOTAL,
    ZERO_CASES,
    Assumption,
    AssumptionCode,
    MethodName,
    Quantity,
    Reason,
    ReasonCode,
    each_once,
)


def test_a_code_is_its_text() -> None:
    assert ZERO_CASES == "zero_cases"
    assert json.dumps({"code": ZERO_CASES}) == '{"code": "zero_cases"}'
    assert "zero_cases" in {ZERO_CASES: 1}
    assert type(str(ZERO_CASES)) is str


@pytest.mark.parametrize("family", FAMILIES)
def test_the_same_text_is_not_declared_twice_in_a_family(family: type) -> None:
    text = f"declared_by_a_test_of_{family.__name__}"
    made = family(text)
    try:
        with pytest.raises(ValueError, match="declared twice"):
            family(text)
    finally:
        del family._declared[made]


def test_a_copy_and_what_another_process_sends_are_the_declared_object() -> None:
    assert pickle.loads(pickle.dumps(TAYLOR)) is TAYLOR
    assert copy.deepcopy(TOTAL) is TOTAL


def test_what_nobody_declared_has_the_strictest_attributes() -> None:
    quantity, method, reason = Quantity.of("of_tomorrow"), MethodName.of("of_tomorrow"), ReasonCode.of("of_tomorrow")
    assert (quantity.known, quantity.limited, quantity.tells, quantity.listed) == (False, False, "support", False)
    assert not method.of_people_counted
    assert reason.tells_cases
    assert "of_tomorrow" not in Quantity.all()
    assert Quantity.of("prevalence") is PREVALENCE


def test_reading_a_code_declares_nothing() -> None:
    before = ReasonCode.all()
    assert not ReasonCode.read("of_another_version").known
    assert ReasonCode.all() == before


def test_reasons_and_assumptions_hold_declared_codes_also_where_a_text_was_given() -> None:
    text = "zero_cases"
    assert Reason(code=text, row=0).code is ZERO_CASES  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    assert DF_NOT_POSITIVE.at(3, df=0.0) == Reason(code=DF_NOT_POSITIVE, row=3, parameters=(("df", 0.0),))
    assert SUBPOPULATION.assume(where="x > 1") == Assumption(code=SUBPOPULATION, parameters=(("where", "x > 1"),))


def test_a_parameter_that_no_words_would_say_is_refused() -> None:
    with pytest.raises(TypeError, match="has no parameter rows"):
        ZERO_CASES.at(0, rows=3)
    assert AssumptionCode.of("of_tomorrow").assume(rows=3).parameters == (("rows", 3),)


def test_each_assumption_is_kept_once_in_its_order() -> None:
    first, second = SUBPOPULATION.assume(where="a"), SUBPOPULATION.assume(where="b")
    assert each_once([first, second, first]) == (first, second)


def test_shares_are_told_from_numbers_of_people() -> None:
    scenarios = {q for q in Quantity.all() if q.scenario}
    assert {q for q in Quantity.all() if q.unit == "share"} - scenarios == {PREVALENCE, PREVALENCE_PER_1000}
    assert {str(q) for q in scenarios if q.unit == "persons"} == {"scenario_total", "undercoverage_total"}
    assert {str(q) for q in Quantity.all() if q.unit == "persons" and not q.scenario} == {
        "total",
        "persons",
        "population_size",
        "dark_figure",
        "reported_persons",
    }
