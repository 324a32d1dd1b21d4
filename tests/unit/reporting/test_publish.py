"""What may not be printed is gone from PublishedEstimates itself: rule by rule, cell by cell, in all quantities at once."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import fl_estimate as fl
from fl_estimate.reporting.few_cases import upper_share
from fl_estimate.reporting.release import BLANKED
from fl_estimate.results.codes import AssumptionCode, ReasonCode
from fl_estimate.results.columns import CONTEXT
from fl_estimate.results.estimates import Assumption, Reason
from tests.unit.reporting.made import WITHHELD, country, estimates


def published(*rows: dict[str, Any], rule: str | fl.SuppressionRule = "fl-default", **more: Any) -> pd.DataFrame:
    return fl.publish(estimates(*rows, **more), rule=rule).to_frame()


WITHHELD_RULE = fl.SuppressionRule(few_cases="withheld")
"""As fl-default was before zero to four cases were treated alike."""
NO_CASE: dict[str, Any] = {"cases": 0, "value": 0.0, "se": 0.0, "lower": 0.0}


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({}, "published"),
        ({"n": 50}, "published"),
        ({"n": 49}, "not_published"),
        ({"n": None}, "not_published"),
        ({"cases": 5}, "published"),
        ({"cases": 4}, "at_most"),
        ({"cases": 1}, "at_most"),
        ({**NO_CASE, "n": 50}, "at_most"),
        ({"cases": 4, "lower": None}, "at_most"),  # its interval is not printed
        ({"cases": 4, "bound": "lower"}, "not_published"),
        ({"cases": 4, "quantity": "variance"}, "not_published"),
        ({"cases": None}, "published"),  # a mean has no cases
        ({"df": 2}, "published"),
        ({"df": 1}, "not_published"),
        ({"df": None}, "not_published"),
        ({"df": float("inf")}, "published"),
        ({"lower": None}, "not_published"),
        ({"upper": None}, "not_published"),
        ({**NO_CASE, "n": 49}, "not_published"),
        ({**NO_CASE, "df": 1}, "not_published"),
    ],
)
def test_fl_default_row_by_row(row: dict[str, Any], expected: str) -> None:
    """The thresholds of design.md: n < 50, df < 2, no interval; zero to four cases alike from n = 50 on."""
    assert published(row)["publication"].tolist() == [expected]


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({}, "published"),
        ({"cases": 4}, "not_published"),
        ({"cases": 1}, "not_published"),
        ({**NO_CASE, "n": 50}, "fewer_than"),
        ({**NO_CASE, "n": 49}, "not_published"),
        ({**NO_CASE, "df": 1}, "not_published"),
    ],
)
def test_few_cases_withheld_row_by_row(row: dict[str, Any], expected: str) -> None:
    """The other treatment: one to four cases are withheld, none is told."""
    assert published(row, rule=WITHHELD_RULE)["publication"].tolist() == [expected]


def test_zero_to_four_cases_are_printed_alike() -> None:
    """Not a byte tells one number of cases from another; the limit is Clopper and Pearson's of 4/1.5 cases in 1000/1.5."""
    rows = [{"region": "N", **NO_CASE}, *({"region": "N", "cases": k, "value": k / 1000} for k in range(1, 5))]
    reasons = [Reason(code=ReasonCode.of("zero_cases"), row=1)]
    every = [fl.publish(estimates({}, row, reasons=reasons if not row["cases"] else ())) for row in rows]
    frames = [one.to_frame() for one in every]
    for frame in frames[1:]:
        pd.testing.assert_frame_equal(frame, frames[0])
    row = frames[0].iloc[1]
    assert row["upper"] == 0.013
    assert upper_share(1000, 4, 1.5, 0.95) == pytest.approx(stats.beta.ppf(0.975, 4 / 1.5 + 1, 1000 / 1.5 - 4 / 1.5))
    assert 0.012 < upper_share(1000, 4, 1.5, 0.95) <= 0.013
    assert (row["lower"], row["n"], row["publication"]) == (0.0, 1000, "at_most")
    assert row[["value", "se", "cases", "undetermined", "df", "deff"]].isna().all()
    assert not any(reason.row == 1 for one in every for reason in one.tables[0].reasons)


def test_the_limit_owes_nothing_to_the_design_effect_of_the_domain() -> None:
    """It is the nation's as printed; without a nation that is printed, the rule's own."""
    row = {"region": "N", "cases": 3, "deff": 9.0}
    nation = {"n": 9000, "cases": 90}
    assert published(nation, row)["upper"].tolist()[1] == 0.013
    assert published({**nation, "cases": 3}, row)["upper"].tolist()[1] == published(row)["upper"].tolist()[0]
    assert published(row)["upper"].tolist()[0] == pytest.approx(upper_share(1000, 4, 3, 0.95), rel=0.1)
    assert published({**nation, "deff": 0.4}, row)["upper"].tolist()[1] == pytest.approx(
        upper_share(1000, 4, 1, 0.95), rel=0.1
    )


def test_a_total_of_few_cases_needs_its_population() -> None:
    """Without the weighted population there is no limit of persons to print."""
    assert published({"cases": 3}, quantity="total")["publication"].tolist() == ["not_published"]
    people = pd.DataFrame(
        {"w": 10.0, "ea": [i // 10 for i in range(400)], "fl": [1, *[0] * 199] * 2, "area": ["A", "B"] * 200}
    )
    total = fl.estimate_total(people, "fl", design=fl.Design(weights="w", psu="ea", expands=True), by="area")
    share = fl.estimate_prevalence(people, "fl", design=fl.Design(weights="w", psu="ea"), by="area")
    frame = fl.publish([total, share]).to_frame()
    assert frame["publication"].tolist() == ["at_most"] * 6
    # 4,000 and twice 2,000 persons; each limit is rounded up by itself.
    assert frame["upper"].tolist()[:3] == pytest.approx((frame["upper"][3:] * [4000, 2000, 2000]).tolist(), rel=0.05)


def test_the_model_in_place_of_few_cases() -> None:
    rule = fl.SuppressionRule(few_cases="model")
    direct = estimates({"region": "N", "cases": 3}, {"region": "S"})
    model = estimates({"region": "N", "cases": 3}, {"region": "S"}, method="area-binomial", basis="model")
    assert fl.publish([direct, model], rule=rule).to_frame()["publication"].tolist() == [
        "not_published", "published", "published", "published",
    ]  # fmt: skip
    assert fl.publish([direct, model]).to_frame()["publication"].tolist()[2:] == ["not_published", "published"]


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({}, ""),
        ({"se": 0.003}, ""),
        ({"se": 0.0031}, "cv"),
        ({"df": 8}, ""),
        ({"df": 7}, "df"),
        ({"se": 0.0031, "df": 7}, "cv df"),
        ({**NO_CASE, "df": 7}, ""),
        ({"se": 0.0031, "df": 7, "cases": 1}, ""),
    ],
)
def test_flags(row: dict[str, Any], expected: str) -> None:
    """CV above 30 % or df below 8 (value 0.01); a withheld row carries no flag, which would tell of it."""
    assert published(row)["caution"].tolist() == [expected]


def test_a_withheld_row_has_no_numbers() -> None:
    row = published({"cases": 3}, rule=WITHHELD_RULE).iloc[0]
    assert row[[*BLANKED, "cases"]].isna().all()
    assert row["interval_kind"] == ""


@pytest.mark.parametrize(("n", "shown"), [(50, True), (49, False), (3, False)])
def test_n_of_a_withheld_row_depends_on_n_alone(n: int, shown: bool) -> None:
    """Were n blanked because of the cases, its absence would tell of them."""
    for cases in (0, 1, 4, n):
        row = published({"n": n, "cases": cases, "df": 1}).iloc[0]
        assert pd.notna(row["n"]) == shown


def test_zero_cases_are_an_upper_limit_and_no_estimate() -> None:
    row = published({**NO_CASE, "upper": 0.0042}, rule=WITHHELD_RULE).iloc[0]
    assert row[["value", "se", "deff"]].isna().all()
    assert (row["upper"], row["cases"], row["n"]) == (0.0042, 0, 1000)


def test_the_upper_bound_of_a_cell_without_sure_cases_is_printed() -> None:
    frame = published(
        {"cases": 0, "value": 0.0, "se": 0.0, "lower": 0.0, "bound": "lower"},
        {"cases": 0, "value": 0.01, "bound": "upper"},
        rule=WITHHELD_RULE,
    )
    assert frame["publication"].tolist() == ["fewer_than", "published"]


def test_bounds_of_a_cell_are_withheld_together() -> None:
    frame = published({"bound": "lower", "cases": 3}, {"bound": "upper", "cases": 30})
    assert frame["publication"].tolist() == ["not_published"] * 2
    assert frame["value"].isna().all()


def test_every_quantity_of_a_cell_is_withheld_with_it() -> None:
    """A total with a known population gives the prevalence away, whichever of the two is withheld."""
    nation = {"n": 9000, "cases": 90}
    totals = estimates({"region": "N"}, nation, quantity="total", value=100.0, se=20.0, lower=60.0, upper=140.0)
    names = {"a": estimates({"region": "N", "df": 1}, nation), "b": totals}
    for order in (["a", "b"], ["b", "a"]):
        frame = fl.publish([names[name] for name in order]).to_frame()
        assert frame.loc[frame["margin"] == "region", "publication"].isin(["at_most", "not_published"]).all()
        assert frame.loc[frame["margin"] == "region", "value"].isna().all()
        assert set(frame.loc[frame["margin"] == "", "publication"]) == {"published"}


def test_a_cell_is_the_same_cell_in_whatever_order_it_is_crossed() -> None:
    first = estimates({"region": "N", "sex": 1, "cases": 3}, by=("region", "sex"))
    second = estimates({"sex": 1, "region": "N", "margin": "sex × region"}, by=("sex", "region"), quantity="total")
    assert fl.publish([first, second], rule=WITHHELD_RULE).to_frame()["publication"].tolist() == ["not_published"] * 2


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
    assert frame["publication"].tolist() == ["at_most", "published"]


def test_a_subpopulation_is_another_cell() -> None:
    women = [Assumption(code=AssumptionCode.of("subpopulation"), parameters=(("where", "sex == 2"),))]
    both = [estimates({"cases": 3}, assumptions=women), estimates({})]
    assert fl.publish(both).to_frame()["publication"].tolist() == ["at_most", "published"]


def test_models_are_judged_by_their_cv_and_go_with_the_direct_figure() -> None:
    direct = estimates({"region": "N", "cases": 3, "n": 700})
    model = estimates(
        {"region": "N", "cases": 30, "n": 900, "df": None},
        {"region": "S", "cases": 3, "n": 900, "df": None, "se": 0.004},
        {"region": "E", "cases": 30, "n": 900, "df": None},
        {"region": "W", "cases": 30, "n": 900, "df": None, "se": 0.004},
        method="area",
        basis="model",
    )
    frame = fl.publish([direct, model]).to_frame()
    # N goes with the direct figure of the cell, S for the three cases that it rests on itself.
    assert frame["publication"].tolist() == ["at_most", "not_published", "not_published", "published", "published"]
    assert frame["caution"].tolist() == ["", "", "", "", "cv"]
    # S is of few cases, and no audit knows a model's rows: the nation less all others would be its count.
    assert frame["cases"].isna().all()
    assert frame["value"].isna().tolist() == [True, True, True, False, False]


def test_rows_of_a_sampler_that_did_not_do_well_are_flagged() -> None:
    model = estimates(
        {},
        {"region": "A"},
        method="area-binomial",
        basis="model",
        reasons=[Reason(code=ReasonCode.of("sampler_rhat"), row=1)],
    )
    published = fl.publish(model)
    assert published.to_frame()["caution"].tolist() == ["", "sampler"]
    assert fl.publish(published).to_frame()["caution"].tolist() == ["", "sampler"]
    assert "†" in published.table().as_raw_html().split("</tbody>")[0]


def test_a_model_of_lists_that_does_not_fit_is_flagged(tmp_path: Path) -> None:
    """Three lists of which two go together, taken as independent: the figure has the mark, and the notes say why."""
    on = [(1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 1, 0), (1, 0, 1), (0, 1, 1), (1, 1, 1)]
    counts = pd.DataFrame(on, columns=["A", "B", "C"]).assign(count=[200, 150, 300, 180, 60, 50, 40])
    histories = fl.CaptureHistories.from_counts(counts, lists=["A", "B", "C"])
    made = fl.capture_recapture.loglinear(histories)
    assert {reason.code for reason in made.reasons} == {"poor_fit"}
    published = fl.publish({"it": made})
    assert published.to_frame()["caution"].tolist() == ["model", "model"]
    page = published.to("html", tmp_path / "page.html").read_text(encoding="utf-8")
    assert "†" in page
    assert "does not describe the lists" in page
    assert "model or sampler that did not do well" in page


def test_reasons_of_withheld_rows_are_gone() -> None:
    made = estimates(
        {"region": "N", "cases": 0, "n": 40},
        {},
        reasons=[Reason(code=ReasonCode.of("zero_cases"), row=0), Reason(code=ReasonCode.of("census"), row=1)],
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
    assert frame.columns.tolist()[:11] == [
        "estimate",
        *CONTEXT,
        "quantity",
        "outcome",
        "term",
        "margin",
        "region",
        "sex",
    ]
    assert frame.columns.tolist()[-4:] == ["method", "basis", "publication", "caution"]
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
    with pytest.raises(fl.FlError, match="FL-PUB-03"):
        fl.publish(estimates({"p": "x"}, by=("p",)))
    with pytest.raises(fl.FlError, match="FL-PUB-06"):
        fl.SuppressionRule(min_n=-1)
    with pytest.raises(fl.FlError, match="FL-PUB-06"):
        fl.SuppressionRule(min_df=float("nan"))


def test_repr_tells_how_much_is_withheld() -> None:
    every = fl.publish(country())
    assert repr(every).startswith("PublishedEstimates by rule fl-default, 12 rows, 3 not published")
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
    ({"n": 40, **NO_CASE}, "fewer_than"),
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


def test_a_model_is_printed_of_an_area_in_which_nobody_was_asked() -> None:
    """Eight districts of 300 respondents and 10 cases each, and one without any: nobody is hidden there."""
    areas = list("ABCDEFGHI")
    people = pd.DataFrame({
        "area": pd.Categorical([area for area in areas[:-1] for _ in range(300)], categories=areas),
        "ea": [f"{area}{i // 15}" for area in areas[:-1] for i in range(300)],
        "w": 100.0,
        "fl": [int(i % 30 == 0) for _ in areas[:-1] for i in range(300)],
    })  # fmt: skip
    direct = fl.estimate_prevalence(people, "fl", by="area", design=fl.Design(weights="w", psu="ea"))
    model = fl.hierarchical.area(direct, deff="national", seed=1)
    frame: Any = fl.publish({"direct": direct, "model": model}).to_frame().set_index(["estimate", "area"])
    assert frame.loc[("direct", "I"), "publication"] == "not_published"
    assert frame.loc[("model", "I"), "publication"] == "published"
    assert frame.loc[("model", "I"), "upper"] > frame.loc[("model", "A"), "upper"]
