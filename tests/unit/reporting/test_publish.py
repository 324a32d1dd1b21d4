"""What may not be printed is gone from PublishedEstimates itself: rule by rule, cell by cell, in all quantities at once."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pandas as pd
import pytest

import fl_estimate as fl
from fl_estimate.reporting.suppression import BLANKED
from fl_estimate.results.estimates import Assumption, Reason
from tests.unit.reporting.made import WITHHELD, country, estimates


def published(*rows: dict[str, Any], rule: str | fl.SuppressionRule = "fl-default", **more: Any) -> pd.DataFrame:
    return fl.publish(estimates(*rows, **more), rule=rule).to_frame()


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({}, "published"),
        ({"n": 50}, "published"),
        ({"n": 49}, "not_published"),
        ({"n": None}, "not_published"),
        ({"cases": 5}, "published"),
        ({"cases": 4}, "not_published"),
        ({"cases": 1}, "not_published"),
        ({"cases": None}, "published"),  # a mean has no cases
        ({"df": 2}, "published"),
        ({"df": 1}, "not_published"),
        ({"df": None}, "not_published"),
        ({"df": float("inf")}, "published"),
        ({"lower": None}, "not_published"),
        ({"upper": None}, "not_published"),
        ({"cases": 0, "value": 0.0, "se": 0.0, "lower": 0.0, "n": 50}, "fewer_than"),
        ({"cases": 0, "value": 0.0, "se": 0.0, "lower": 0.0, "n": 49}, "not_published"),
        ({"cases": 0, "value": 0.0, "se": 0.0, "lower": 0.0, "df": 1}, "not_published"),
    ],
)
def test_fl_default_row_by_row(row: dict[str, Any], expected: str) -> None:
    """The thresholds of design.md: n < 50, 0 < cases < 5, df < 2, no interval; zero cases from n = 50 on."""
    assert published(row)["publication"].tolist() == [expected]


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({}, ""),
        ({"se": 0.003}, ""),
        ({"se": 0.0031}, "cv"),
        ({"df": 8}, ""),
        ({"df": 7}, "df"),
        ({"se": 0.0031, "df": 7}, "cv df"),
        ({"cases": 0, "value": 0.0, "se": 0.0, "lower": 0.0, "df": 7}, "df"),
        ({"se": 0.0031, "df": 7, "cases": 1}, ""),
    ],
)
def test_flags(row: dict[str, Any], expected: str) -> None:
    """CV above 30 % or df below 8 (value 0.01); a withheld row carries no flag, which would tell of it."""
    assert published(row)["caution"].tolist() == [expected]


def test_a_withheld_row_has_no_numbers() -> None:
    row = published({"cases": 3}).iloc[0]
    assert row[[*BLANKED, "cases"]].isna().all()
    assert row["interval_kind"] == ""


@pytest.mark.parametrize(("n", "shown"), [(50, True), (49, False), (3, False)])
def test_n_of_a_withheld_row_depends_on_n_alone(n: int, shown: bool) -> None:
    """Were n blanked because of the cases, its absence would tell of them."""
    for cases in (0, 1, 4, n):
        row = published({"n": n, "cases": cases, "df": 1}).iloc[0]
        assert pd.notna(row["n"]) == shown


def test_zero_cases_are_an_upper_limit_and_no_estimate() -> None:
    row = published({"cases": 0, "value": 0.0, "se": 0.0, "lower": 0.0, "upper": 0.0042}).iloc[0]
    assert row[["value", "se", "deff"]].isna().all()
    assert (row["upper"], row["cases"], row["n"]) == (0.0042, 0, 1000)


def test_the_upper_bound_of_a_cell_without_sure_cases_is_printed() -> None:
    frame = published(
        {"cases": 0, "value": 0.0, "se": 0.0, "lower": 0.0, "bound": "lower"},
        {"cases": 0, "value": 0.01, "bound": "upper"},
    )
    assert frame["publication"].tolist() == ["fewer_than", "published"]


def test_bounds_of_a_cell_are_withheld_together() -> None:
    frame = published({"bound": "lower", "cases": 3}, {"bound": "upper", "cases": 30})
    assert frame["publication"].tolist() == ["not_published"] * 2
    assert frame["value"].isna().all()


def test_every_quantity_of_a_cell_is_withheld_with_it() -> None:
    """A total with a known population gives the prevalence away, whichever of the two is withheld."""
    names = {"a": estimates({"region": "N", "cases": 3}, {}), "b": estimates({"region": "N"}, {}, quantity="total")}
    for order in (["a", "b"], ["b", "a"]):
        frame = fl.publish([names[name] for name in order]).to_frame()
        assert set(frame.loc[frame["margin"] == "region", "publication"]) == {"not_published"}
        assert set(frame.loc[frame["margin"] == "", "publication"]) == {"published"}


def test_a_cell_is_the_same_cell_in_whatever_order_it_is_crossed() -> None:
    first = estimates({"region": "N", "sex": 1, "cases": 3}, by=("region", "sex"))
    second = estimates({"sex": 1, "region": "N", "margin": "sex × region"}, by=("sex", "region"), quantity="total")
    assert fl.publish([first, second]).to_frame()["publication"].tolist() == ["not_published"] * 2


@pytest.mark.parametrize(
    "other",
    [
        {"region": "S"},
        {"outcome": "trafficking", "region": "N"},
        {"region": None, "margin": "region"},
        {"sex": "N", "by": ("sex",)},
    ],
)
def test_another_cell_is_not_withheld(other: dict[str, Any]) -> None:
    by = other.pop("by", ("region",))
    frame = fl.publish([estimates({"region": "N", "cases": 3}), estimates(other, by=by, quantity="total")]).to_frame()
    assert frame["publication"].tolist() == ["not_published", "published"]


def test_a_subpopulation_is_another_cell() -> None:
    women = [Assumption(code="subpopulation", parameters=(("where", "sex == 2"),))]
    both = [estimates({"cases": 3}, assumptions=women), estimates({})]
    assert fl.publish(both).to_frame()["publication"].tolist() == ["not_published", "published"]


def test_models_are_judged_by_their_cv_and_lose_small_counts() -> None:
    direct = estimates({"region": "N", "cases": 3, "n": 700})
    model = estimates(
        {"region": "N", "cases": 30, "n": 900, "df": None},
        {"region": "S", "cases": 3, "n": 900, "df": None, "se": 0.004},
        {"region": "E", "cases": 30, "n": 900, "df": None},
        method="area",
    )
    frame = fl.publish([direct, model]).to_frame()
    assert frame["publication"].tolist() == ["not_published", "published", "published", "published"]
    assert frame["caution"].tolist() == ["", "", "cv", ""]
    assert frame["n"].isna().tolist() == [False, True, True, False]
    assert frame["cases"].isna().tolist() == [True, True, True, False]
    assert frame["value"].isna().tolist() == [True, False, False, False]


def test_rows_of_a_sampler_that_did_not_do_well_are_flagged() -> None:
    model = estimates({}, {"region": "A"}, method="area-binomial", reasons=[Reason(code="sampler_rhat", row=1)])
    published = fl.publish(model)
    assert published.to_frame()["caution"].tolist() == ["", "sampler"]
    assert fl.publish(published).to_frame()["caution"].tolist() == ["", "sampler"]
    assert "†" in published.table().as_raw_html().split("</tbody>")[0]


def test_reasons_of_withheld_rows_are_gone() -> None:
    made = estimates(
        {"region": "N", "cases": 0, "n": 40},
        {},
        reasons=[Reason(code="zero_cases", row=0), Reason(code="census", row=1)],
    )
    (table,) = fl.publish(made).tables
    assert [reason.code for reason in table.reasons] == ["census"]


def test_nothing_withheld_is_left_anywhere_in_the_object() -> None:
    made = country()
    whole = pickle.dumps(fl.publish(made))
    printed = made["prevalence_1"].to_frame()["upper"].iloc[1]
    assert np.float64(printed).tobytes() in whole  # otherwise the search could not find anything
    for name in ("value", "se", "lower", "upper"):
        for factor in (1.0, 250_000.0):
            assert np.float64(WITHHELD[name] * factor).tobytes() not in whole, name


def test_the_estimates_given_are_left_as_they_were() -> None:
    made = country()["prevalence_1"]
    before = made.to_frame()
    fl.publish(made)
    pd.testing.assert_frame_equal(made.to_frame(), before)


def test_publishing_twice_is_publishing_once() -> None:
    once = fl.publish(country())
    twice = fl.publish(once)
    pd.testing.assert_frame_equal(twice.to_frame(), once.to_frame())
    assert [table.reasons for table in twice.tables] == [table.reasons for table in once.tables]


def test_a_stricter_rule_withholds_more_of_what_is_published() -> None:
    once = fl.publish(country())
    strict = fl.publish(once, rule=fl.SuppressionRule(min_n=900)).to_frame()
    assert (strict["publication"] == "not_published").sum() > (once.to_frame()["publication"] == "not_published").sum()
    assert strict.loc[strict["publication"] == "not_published", "upper"].isna().all()


def test_a_rule_of_ones_own() -> None:
    own = fl.SuppressionRule(min_n=10, min_cases=2, caution_cv=0.1)
    frame = published({"n": 12, "cases": 2}, rule=own)
    assert (frame["publication"].iloc[0], frame["caution"].iloc[0]) == ("published", "cv")


def test_columns_and_names() -> None:
    made = country()
    frame = fl.publish(made).to_frame()
    assert frame.columns.tolist()[:7] == ["estimate", "quantity", "outcome", "term", "margin", "region", "sex"]
    assert frame.columns.tolist()[-3:] == ["method", "publication", "caution"]
    assert frame["estimate"].unique().tolist() == ["prevalence_1", "total_2"]
    assert fl.publish(list(made.values())).to_frame()["estimate"].unique().tolist() == ["prevalence_1", "total_2"]


def test_by_columns_of_different_types_stand_under_one_head() -> None:
    frame = fl.publish([estimates({"sex": 1}, by=("sex",)), estimates({"sex": "male"}, by=("sex",))]).to_frame()
    assert frame["sex"].tolist() == ["1", "male"]


def test_select() -> None:
    every = fl.publish(country())
    assert [table.name for table in every.select("total_2").tables] == ["total_2"]
    with pytest.raises(fl.FlError, match="FL-PUB-02"):
        every.select("total_3")


def test_what_cannot_be_published() -> None:
    with pytest.raises(fl.FlError, match=r"FL-PUB-01.*\n.*fl-defalt.*\n.*did you mean 'fl-default'"):
        fl.publish(estimates({}), rule="fl-defalt")
    with pytest.raises(fl.FlError, match="FL-PUB-02"):
        fl.publish([])
    wrong: Any = [pd.DataFrame()]
    with pytest.raises(fl.FlError, match="FL-PUB-02"):
        fl.publish(wrong)
    with pytest.raises(fl.FlError, match="FL-PUB-03"):
        fl.publish(estimates({"caution": "x"}, by=("caution",)))
    with pytest.raises(fl.FlError, match="FL-PUB-06"):
        fl.SuppressionRule(min_n=-1)
    with pytest.raises(fl.FlError, match="FL-PUB-06"):
        fl.SuppressionRule(min_df=float("nan"))


def test_repr_tells_how_much_is_withheld() -> None:
    every = fl.publish(country())
    assert repr(every).startswith("PublishedEstimates by rule fl-default, 12 rows, 2 not published")
    assert "0.1234" not in repr(every)
    assert "<table" in every._repr_html_()


NCHS: list[tuple[dict[str, Any], str]] = [
    ({}, "published"),  # 0.01 ± 0.004: no wider than 0.05
    ({"n": 29}, "not_published"),
    # 60 respondents of a design effect of 3: worth 20.
    ({"n": 60, "value": 0.5, "se": np.sqrt(0.25 / 20)}, "not_published"),
    # p 0.5, worth 40: Clopper and Pearson's width is 0.32, above 0.30.
    ({"n": 40, "value": 0.5, "se": np.sqrt(0.25 / 40), "df": 39}, "not_published"),
    # p 0.5, worth 100: width 0.2, 0.4 times the value.
    ({"n": 100, "value": 0.5, "se": np.sqrt(0.25 / 100), "df": 99}, "published"),
    # 3 of 100: width 0.08, 2.7 times the value.
    ({"n": 100, "value": 0.03, "se": np.sqrt(0.03 * 0.97 / 100), "df": 99, "cases": 3}, "not_published"),
    ({"n": 40, "cases": 0, "value": 0.0, "se": 0.0, "lower": 0.0}, "fewer_than"),
    ({"quantity": "total", "value": 100.0, "se": 40.0, "lower": 40.0, "upper": 200.0}, "published"),  # exactly 1.60
    ({"quantity": "total", "value": 100.0, "se": 40.0, "lower": 39.0, "upper": 200.0}, "not_published"),
]


@pytest.mark.parametrize(("row", "expected"), NCHS)
def test_nchs_row_by_row(row: dict[str, Any], expected: str) -> None:
    """Parker et al. (2017): effective n of 30, width of 0.05 and 0.30, relative width of 1.30 (1.60 of counts)."""
    assert published(row, rule="nchs")["publication"].tolist() == [expected]


def test_nchs_judges_rates_per_thousand_as_the_prevalences_they_are() -> None:
    row = {
        "quantity": "prevalence per 1,000",
        "value": 30.0,
        "se": 1000 * np.sqrt(0.03 * 0.97 / 100),
        "n": 100,
        "df": 99,
    }
    assert published(row, rule="nchs")["publication"].tolist() == ["not_published"]


def test_fl_rare_withholds_what_nchs_lets_pass() -> None:
    """3 per thousand of 2,000, six cases: an interval of 0.0011 to 0.0065, 1.8 times the value, yet far below 0.05."""
    row = {
        "value": 0.003,
        "se": np.sqrt(0.003 * 0.997 / 2000),
        "n": 2000,
        "cases": 6,
        "df": 60,
        "lower": 0.0011,
        "upper": 0.0065,
    }
    rules = {rule: published(row, rule=rule)["publication"].iloc[0] for rule in ("nchs", "fl-default", "fl-rare")}
    assert rules == {"nchs": "published", "fl-default": "published", "fl-rare": "not_published"}
    more = {**row, "n": 8000, "cases": 24, "se": np.sqrt(0.003 * 0.997 / 8000)}
    assert published(more, rule="fl-rare")["publication"].tolist() == ["published"]


def test_replicates_are_judged_as_linearised_rows_are() -> None:
    assert published({"method": "replicates", "n": 49})["publication"].tolist() == ["not_published"]
