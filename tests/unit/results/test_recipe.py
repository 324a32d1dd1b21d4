"""One parser of periods, one way of joining what results say of themselves."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest

import fl_estimate as fl
from fl_estimate.results.codes import SUBPOPULATION, UNWEIGHTED
from fl_estimate.results.provenance import Provenance
from fl_estimate.results.recipe import Period, Recipe, joined


@pytest.mark.parametrize(
    ("text", "first", "last", "years", "months", "length"),
    [
        ("2013", dt.date(2013, 1, 1), dt.date(2013, 12, 31), 1.0, None, "1 years"),
        (" 2010 – 2015 ", dt.date(2010, 1, 1), dt.date(2015, 12, 31), 6.0, None, "6 years"),
        ("2010/2011", dt.date(2010, 1, 1), dt.date(2011, 12, 31), 2.0, None, "2 years"),
        ("2021-03-01 to 2021-05-31", dt.date(2021, 3, 1), dt.date(2021, 5, 31), 92 / 365.25, None, ""),
        ("the 12 months before the interview", None, None, None, 12, "12 months"),
        ("the month before the interview", None, None, None, 1, ""),
        ("lifetime", None, None, None, None, ""),
        ("2021-02-31 to 2021-03-01", None, dt.date(2021, 3, 1), None, None, ""),
        ("0000", None, None, None, None, ""),
        ("", None, None, None, None, ""),
    ],
)
def test_periods(
    text: str, first: dt.date | None, last: dt.date | None, years: float | None, months: int | None, length: str
) -> None:
    period = Period(text)
    assert (period.first, period.last, period.years, period.months, period.length) == (
        first,
        last,
        years,
        months,
        length,
    )
    assert str(period) == text
    assert bool(period) is bool(text)


def test_what_one_part_says_is_said_of_all() -> None:
    recipe = joined([Recipe(measure="stock"), Recipe(period=Period("2023"))], call="sum", arguments={"a": 1})
    assert (recipe.measure, recipe.reference_period, recipe.population) == ("stock", "2023", "")
    assert recipe.provenance.arguments == {"a": 1}


@pytest.mark.parametrize("about", ["measure", "population", "reference_period"])
def test_parts_that_speak_of_different_things_are_refused(about: str) -> None:
    def part(text: str) -> Recipe:
        words: dict[str, Any] = {about: text}
        return Recipe(period=Period(text)) if about == "reference_period" else replace(Recipe(), **words)

    with pytest.raises(fl.FlError, match="FL-EST-25") as raised:
        joined([part("stock"), part("flow")], call="sum", arguments={})
    assert "stock; flow" in str(raised.value)
    word: dict[str, Any] = {about: "both"}
    assert getattr(joined([part("stock"), part("flow")], call="sum", arguments={}, **word), about) == "both"


def test_sources_are_named_and_the_sum_of_bytes_stays_where_the_parts_are_of_one_sample() -> None:
    one = Recipe(provenance=Provenance(source_name="a.csv", source_sha256="1"))
    other = Recipe(provenance=Provenance(source_name="b.csv", source_sha256="2"))
    both = joined([one, other], call="sum", arguments={}).provenance
    assert (both.source_name, both.source_sha256) == ("a.csv, b.csv", "")
    # A sum is no estimate of the file: it may be combined with another figure of it.
    assert joined([one, one], call="sum", arguments={}).provenance.source_sha256 == ""
    assert joined([one, one], call="pool", arguments={}, one_sample=True).provenance.source_sha256 == "1"


def test_assumptions_of_all_parts_each_once() -> None:
    said = SUBPOPULATION.assume(where="x")
    parts = [Recipe(assumptions=(said,)), Recipe(assumptions=(said, UNWEIGHTED.assume()))]
    assert joined(parts, call="sum", arguments={}).assumptions == (said, UNWEIGHTED.assume())
    assert joined(parts, call="sum", arguments={}, assumptions=[said]).assumptions == (said,)


def test_a_further_step_keeps_the_people_the_time_and_the_file() -> None:
    first = Recipe(
        measure="flow", population="all", period=Period("2023"), assumptions=(UNWEIGHTED.assume(),),
        provenance=Provenance(call="estimate_mean", arguments={"by": "region"}, source_name="a.csv", source_sha256="1"),
    )  # fmt: skip
    then = first.then("hierarchical.area", {"draws": 10}, first.without(UNWEIGHTED), direct=True)
    assert (then.measure, then.population, then.reference_period) == ("flow", "all", "2023")
    assert then.assumptions == ()
    assert (then.provenance.call, then.provenance.source_sha256) == ("hierarchical.area", "1")
    assert then.provenance.arguments == {"draws": 10, "direct": {"by": "region"}}
