"""Stacked results keep their rows, reasons and recipe; what does not belong together is refused."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

import fl_estimate as fl
from fl_estimate import capture_recapture as cr
from fl_estimate.results.codes import DEFINITION_STATED, AssumptionCode, ReasonCode
from fl_estimate.results.estimates import FIXED, Assumption, Reason
from tests.unit.reporting.made import estimates

COUNTS = pd.DataFrame({"police": [1, 0, 1], "ngo": [0, 1, 1], "count": [50, 80, 10]})
LISTS = fl.CaptureHistories.from_counts(COUNTS, lists=["police", "ngo"])
REGIONAL = estimates(
    {}, {"region": "North"}, {"region": "South"}, reasons=[Reason(code=ReasonCode.of("zero_cases"), row=2)],
    assumptions=[Assumption(code=AssumptionCode.of("taylor_linearisation"))],
)  # fmt: skip


def test_reasons_of_a_third_result_stand_at_its_own_rows() -> None:
    """Three rows each: the reason of row 2 is that of rows 2, 5 and 8."""
    assert [reason.row for reason in fl.stack([REGIONAL, REGIONAL, REGIONAL]).reasons] == [2, 5, 8]


def test_rows_are_unchanged_and_in_order() -> None:
    lists = cr.chapman(LISTS, "police", "ngo")
    frame = fl.stack([lists, REGIONAL]).to_frame()
    assert [name for name in frame.columns if name in FIXED] == list(FIXED)
    assert list(frame.columns).index("region") == list(frame.columns).index("value") - 1
    assert frame["value"].tolist() == [*lists.to_frame()["value"], *REGIONAL.to_frame()["value"]]
    assert frame["method"].tolist() == ["chapman", "chapman", "taylor", "taylor", "taylor"]
    assert frame["region"].isna().tolist() == [True, True, True, False, False]
    assert frame.index.tolist() == list(range(5))


def test_names_stand_in_a_column_and_give_each_result_back() -> None:
    both = fl.stack({"survey": REGIONAL, "lists": cr.chapman(LISTS, "police", "ngo")})
    assert both.by == ("source", "region")
    assert len(both.select(source="lists")) == 2
    assert both.select(source="lists", quantity="dark_figure").to_frame()["value"].tolist() == pytest.approx(
        [363.636364]
    )
    assert fl.stack({"a": REGIONAL}, names="family").by == ("family", "region")


def test_reasons_and_assumptions_follow() -> None:
    both = fl.stack([REGIONAL, REGIONAL])
    assert [(reason.code, reason.row) for reason in both.reasons] == [("zero_cases", 2), ("zero_cases", 5)]
    assert [assumption.code for assumption in both.assumptions] == ["taylor_linearisation"]
    assert both.provenance.call == "stack"
    with pytest.raises(fl.FlError, match="FL-EST-20"):
        _ = both.covariance


def test_numbers_here_and_text_there_make_text() -> None:
    numbers = estimates({"region": 1}, {"region": 2})
    frame = fl.stack([numbers, REGIONAL]).to_frame()
    assert frame["region"].dropna().tolist() == ["1", "2", "North", "South"]


def test_what_nobody_says_goes_with_anything() -> None:
    said = replace(REGIONAL, measure="stock", population="adults", reference_period="2023")
    both = fl.stack([said, REGIONAL])
    assert (both.measure, both.population, both.reference_period) == ("stock", "adults", "2023")


@pytest.mark.parametrize(
    ("about", "first", "second"),
    [("measure", "stock", "flow"), ("population", "adults", "children")],
)
def test_different_things_are_refused(about: str, first: str, second: str) -> None:
    results = [replace(REGIONAL, **{about: first}), replace(REGIONAL, **{about: second})]
    with pytest.raises(fl.FlError, match="FL-EST-25") as raised:
        fl.stack(results)
    assert f"{first}; {second}" in str(raised.value)
    assert getattr(fl.stack(results, **{about: "both"}), about) == "both"


def test_different_subpopulations_are_refused() -> None:
    women = replace(
        REGIONAL,
        assumptions=(Assumption(code=AssumptionCode.of("subpopulation"), parameters=(("where", "sex == 2"),)),),
    )
    assert len(fl.stack([women, women])) == 6
    with pytest.raises(fl.FlError, match="FL-EST-25"):
        fl.stack([women, REGIONAL])


def test_nothing_and_names_that_are_taken_are_refused() -> None:
    with pytest.raises(fl.FlError, match="FL-EST-25"):
        fl.stack([])
    for name in ("region", "value"):
        with pytest.raises(fl.FlError, match="FL-EST-05"):
            fl.stack({"a": REGIONAL}, names=name)


def test_a_cell_that_is_withheld_stays_withheld_in_a_stack() -> None:
    """The direct cell of South has three cases: no count of it is printed, by whatever method and under whatever name.

    Neither is the figure of a model that stands on it.
    """
    direct = estimates({}, {"region": "South", "cases": 3, "n": 400})
    model = estimates({"region": "South", "cases": 3, "n": 400}, method="area-binomial", basis="model")
    published = fl.publish({"alone": direct, "together": fl.stack({"direct": direct, "model": model})}).to_frame()
    south = published[published["region"] == "South"].set_index(["estimate", "method"])
    assert south["value"].notna().to_dict() == {
        ("alone", "taylor"): False,
        ("together", "taylor"): False,
        ("together", "area-binomial"): False,
    }
    assert south["cases"].isna().all()
    # The model's rows go with a direct cell of another table too.
    apart = fl.publish({"direct": estimates({"region": "South", "cases": 9, "n": 400, "df": 1.0}),
                        "model": fl.stack({"m": replace_cases(model, 9)})}).to_frame()  # fmt: skip
    assert apart["cases"].isna().all()
    assert apart["value"].isna().all()


def replace_cases(result: fl.Estimates, cases: int) -> fl.Estimates:
    frame = result.to_frame()
    frame["cases"] = pd.array([cases] * len(frame), dtype="Int64")
    return replace(result, frame=frame, support=replace(result.support, cases=[cases] * len(frame)))


def of_round(period: str, value: float, *, country: str = "") -> fl.Estimates:
    made = estimates({"value": value}, {"region": "North", "value": value / 2})
    return made.about(reference_period=period, country=country)


def test_rounds_stand_under_each_other_and_come_back() -> None:
    both = fl.stack([of_round("2021", 0.02), of_round("2023", 0.03)])
    frame = both.to_frame()
    assert frame["period"].tolist() == ["2021", "2021", "2023", "2023"]
    assert frame["value"].tolist() == [0.02, 0.01, 0.03, 0.015]
    assert both.reference_period == ""
    later = both.select(period="2023")
    assert later.reference_period == "2023"
    assert later["North"].value == 0.015
    assert both.pivot("region", "period").to_numpy().tolist() == [[0.01, 0.015]]
    assert both["2021"].national.value == 0.02


def test_names_can_be_those_of_rounds_or_countries() -> None:
    both = fl.stack({"2021": of_round("", 0.02), "2023": of_round("", 0.03)}, names="period")
    assert both.by == ("region",)
    assert both.to_frame()["period"].tolist() == ["2021", "2021", "2023", "2023"]
    countries = fl.stack({"AA": of_round("2021", 0.02), "BB": of_round("2021", 0.03)}, names="country")
    assert countries.select(country="BB").national.value == 0.03
    assert countries.reference_period == "2021"


def test_countries_may_call_their_populations_differently() -> None:
    one = replace(of_round("2021", 0.02, country="AA"), population="adults of A")
    other = replace(of_round("2021", 0.03, country="BB"), population="adults of B")
    assert fl.stack([one, other]).population == ""
    with pytest.raises(fl.FlError, match="FL-EST-25"):
        fl.stack([one.about(country=""), other.about(country="")])


def test_a_round_without_a_time_beside_one_with_it_is_of_the_same_time() -> None:
    """As before: what says nothing is taken to be of the time that the others say."""
    assert fl.stack([of_round("2021", 0.02), of_round("", 0.03)]).reference_period == "2021"
    with pytest.raises(fl.FlError, match="FL-EST-25"):
        fl.stack([of_round("2021", 0.02), of_round("", 0.03), of_round("2023", 0.03)])


def test_one_word_for_all_times_stands_in_every_row() -> None:
    both = fl.stack([of_round("2021", 0.02), of_round("year 2021", 0.03)], reference_period="2021")
    assert set(both.to_frame()["period"]) == {"2021"}


def test_rounds_that_were_not_measured_alike_need_a_bridge() -> None:
    one, other = of_round("2021", 0.02), of_round("2018-2021", 0.03)
    with pytest.raises(fl.FlError, match="FL-EST-730") as caught:
        fl.stack([one, other])
    assert "length of the reference period: 1 years / 4 years" in str(caught.value)
    changed = replace(of_round("2023", 0.03), assumptions=(DEFINITION_STATED.assume(definition="ILO 2018"),))
    before = replace(one, assumptions=(DEFINITION_STATED.assume(definition="ILO 2012"),))
    with pytest.raises(fl.FlError, match="definition: ILO 2012 / ILO 2018"):
        fl.stack([before, changed])
    with pytest.raises(fl.FlError, match="FL-EST-731"):
        fl.stack([before, changed], bridge=" ")
    bridged = fl.stack([before, changed], bridge="both forms were put to 400 people")
    assert dict(bridged.assumptions[-1].parameters) == {"reason": "both forms were put to 400 people"}
