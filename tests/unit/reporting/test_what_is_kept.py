"""What a published table keeps of its result: areas by name, how many cells protect others, digits of parameters, whose figure it is."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

import fl_estimate as fl
from fl_estimate.reporting.release import area_of, label_text
from fl_estimate.results.codes import AREA_VARIANCE_SMOOTHED, VARIANCE_AT_BOUNDARY, AssumptionCode
from fl_estimate.results.estimates import Assumption, Reason
from tests.unit.reporting.made import estimates
from tests.unit.reporting.test_disclosure_tables import BOTH, people, prevalence


def test_areas_as_limits_of_models_name_them() -> None:
    frame = estimates({}, {"region": 3.0}, {"region": "N"}).frame
    draft: Any = SimpleNamespace(frame=frame, by=("region",))
    assert [area_of(draft, row) for row in range(3)] == ["", label_text(frame["region"].iloc[1]), "N"]
    assert [label_text(value) for value in (3.0, 3.5, "a", None)] == ["3", "3.5", "a", ""]


def test_how_many_cells_protect_others_is_counted_once() -> None:
    once = fl.publish(prevalence(people({"A1": 9, "A2": 9, "B1": 8, "B2": 11}), by=BOTH))
    assert once.protecting == 0
    closed = fl.publish(prevalence(people(), by=BOTH))
    assert closed.protecting == (closed.to_frame()["publication"] == "not_published").sum() == 1
    again = fl.publish(closed, rule=fl.SuppressionRule(min_cases=6))
    assert again.protecting >= closed.protecting


def test_parameters_of_assumptions_have_the_digits_that_may_be_printed() -> None:
    code = AssumptionCode.of("df_rule")
    made = estimates({}, assumptions=[Assumption(code=code, parameters=(("rule", "domain"), ("share", 0.123456789)))])
    (told,) = fl.publish(made).tables[0].assumptions
    assert told.code == code
    assert dict(told.parameters)["rule"] == "domain"
    assert dict(told.parameters)["share"] == pytest.approx(0.12, abs=0.005)
    assert dict(told.parameters)["share"] != 0.123456789


def test_a_table_keeps_what_its_result_was_of() -> None:
    result = replace(prevalence(people()), measure="proportion", reference_period="2022", population="workers")
    (table,) = fl.publish(result).tables
    assert (table.measure, table.reference_period, table.population) == ("proportion", "2022", "workers")


@pytest.mark.parametrize(
    ("cases", "kept"), [(4, ["variance_at_boundary"]), (5, ["area_variance_smoothed", "variance_at_boundary"])]
)
def test_a_reason_that_tells_of_few_cases_goes_with_them(cases: int, kept: list[str]) -> None:
    """The row of a model is printed in their place; of as many as the rule asks for, nothing is to be hidden."""
    codes = (AREA_VARIANCE_SMOOTHED, VARIANCE_AT_BOUNDARY)
    made = estimates(
        {}, {"region": "N", "cases": cases, "basis": "model"}, reasons=[Reason(code=code, row=1) for code in codes]
    )
    (table,) = fl.publish(made, rule=fl.SuppressionRule(few_cases="model")).tables
    assert table.frame["publication"].tolist() == ["published", "published"]
    assert sorted(reason.code for reason in table.reasons) == kept
