"""Published rows become text with one unit a table, enough decimals, heads that name the unit, and notes for what is marked."""

from __future__ import annotations

from typing import Any

import pytest

import fl_estimate as fl
from fl_estimate.reporting.tables import Layout, layout
from fl_estimate.reporting.truth import Truth
from fl_estimate.results.codes import AssumptionCode, ReasonCode
from fl_estimate.results.estimates import Assumption, Reason
from tests.unit.reporting.made import country, estimates


def laid(*rows: dict[str, Any], language: str = "en", truth: Truth | None = None, **more: Any) -> Layout:
    (table,) = fl.publish(estimates(*rows, **more)).tables
    return layout(table, language, truth)


@pytest.mark.parametrize(
    ("value", "unit", "written"),
    [
        (0.0499, "Prevalence per 1,000", "49.9"),
        (0.05, "Prevalence, %", "5.00"),
        (0.0025, "Prevalence per 1,000", "2.50"),
        (0.00025, "Prevalence per 1,000", "0.250"),
        (0.000004, "Prevalence per 1,000", "0.00400"),
        (0.6, "Prevalence, %", "60.0"),
    ],
)
def test_unit_and_decimals_follow_the_national_figure(value: float, unit: str, written: str) -> None:
    """Below 5 %: per 1,000, from 5 % on per cent; with two digits of the standard error, here a tenth of the value."""
    sheet = laid({"value": value, "lower": value / 2, "upper": value * 1.5, "se": value / 10})
    assert (sheet.heads["value"], sheet.rows[0].cells["value"]) == (unit, written)


def test_one_unit_for_a_whole_table() -> None:
    sheet = laid({"value": 0.03}, {"region": "N", "value": 0.09})
    assert [row.cells["value"] for row in sheet.rows if not row.heading] == ["30.0", "90.0"]


def test_where_the_nation_is_withheld_the_largest_figure_decides() -> None:
    sheet = laid({"df": 1, "n": 9000, "cases": 400}, {"region": "N", "value": 0.09, "se": 0.01})
    assert sheet.heads["value"] == "Prevalence, %"


def test_a_table_without_any_figure_can_be_laid_out() -> None:
    sheet = laid({"df": 1})
    assert sheet.rows[0].cells["value"] == "not published"


@pytest.mark.parametrize(
    ("quantity", "row", "written"),
    [
        ("total", {"value": 12_345.6}, "12,346"),
        ("mean", {"value": 44.123, "se": 0.25}, "44.12"),
        ("ratio", {"value": 0.0823, "se": 0.0021, "lower": 0.078, "upper": 0.087}, "0.0823"),
        ("ratio", {"value": 2.0, "se": 0.0, "lower": 2.0, "upper": 2.0}, "2.00"),
    ],
)
def test_other_quantities(quantity: str, row: dict[str, Any], written: str) -> None:
    """Persons are whole; means and ratios show two digits of their standard error."""
    sheet = laid({"cases": None, **row}, quantity=quantity)
    assert sheet.rows[0].cells["value"] == written


def test_a_withheld_row_has_words_and_no_numbers_but_n() -> None:
    row = laid({"cases": 3, "n": 812, "df": 1}).rows[0]
    assert row.withheld
    assert row.cells["value"] == "not published"
    assert row.cells["n"] == "812"
    assert not any(character.isdigit() for key, text in row.cells.items() if key != "n" for character in text)


def test_zero_cases_are_written_as_an_upper_limit() -> None:
    zero = {"cases": 0, "value": 0.0, "se": 0.0, "lower": 0.0, "upper": 0.0061}
    for rule, expected in (
        (fl.SuppressionRule(few_cases="withheld"), ["fewer than 6.1", "moins de 6,1", "menos de 6,1"]),
        # Clopper and Pearson's limit of 4/3 cases in 1000/3, 18.3 per 1,000, rounded up: the nation has no deff of its own.
        (fl.SuppressionRule(), ["at most 19", "au plus 19", "a lo sumo 19"]),
    ):
        (table,) = fl.publish(estimates(zero), rule=rule).tables
        said = [layout(table, language).rows[0].cells["value"] for language in ("en", "fr", "es")]
        assert said == expected


def test_columns_without_anything_are_left_out() -> None:
    assert "cases" not in laid({"cases": None}, quantity="mean").heads
    assert "undetermined" not in laid({"undetermined": None}).heads
    assert "bound" not in laid({}).heads
    assert "undetermined" not in laid({"undetermined": 0.0}).heads
    assert (
        "undetermined"
        in laid({"undetermined": 0.0}, assumptions=[Assumption(code=AssumptionCode.of("unknown_as_no"))]).heads
    )


def test_bounds_have_a_column_of_their_own() -> None:
    sheet = laid({"bound": "lower"}, {"bound": "upper"})
    assert [row.cells["bound"] for row in sheet.rows] == ["none", "all"]


def test_headings_and_labels() -> None:
    sheet = laid(
        {}, {"region": "N", "sex": 1}, {"region": "N", "sex": 2}, {"margin": "region × sex"}, by=("region", "sex")
    )
    assert [(row.label, row.heading) for row in sheet.rows] == [
        ("Whole country", False),
        ("Region × Sex", True),
        ("N, Men", False),
        ("N, Women", False),
        ("Not stated", False),
    ]


def test_several_outcomes_have_headings() -> None:
    sheet = laid({}, {"outcome": "trafficking"})
    assert [row.label for row in sheet.rows if row.heading] == ["Forced labour", "Trafficking in persons"]


def test_two_quantities_in_one_table_are_told_apart() -> None:
    rows = ({"quantity": "population_size", "value": 5000.4}, {"quantity": "dark_figure", "value": 3000.0})
    sheet = laid(*rows, outcome="", method="chapman", basis="lists", cases=None, df=None)
    assert sheet.caption == "Population size, dark figure (on no list) – two case lists, Chapman"
    assert sheet.heads["n"] == "Persons observed"
    assert [(row.label, row.cells["value"]) for row in sheet.rows] == [
        ("Population size", "5,000"),
        ("Dark figure (on no list)", "3,000"),
    ]


def test_captions() -> None:
    sheet = laid({}, {"region": "N"}, {"sex": 1}, by=("region", "sex"), language="fr")
    assert sheet.caption == "Travail forcé\u00a0: taux de prévalence, par région et sexe"
    assert laid({}, outcome="unemployed").caption == "Unemployed: prevalence"


@pytest.mark.parametrize(
    ("terms", "language", "caption", "head"),
    [
        (["0.5"], "en", "Wage: median", "Median"),
        (["0.5"], "fr", "Wage\u00a0: médiane", "Médiane"),
        (["0.9"], "en", "Wage: quantile (0.9)", "Quantile"),
        (["0.25", "0.5"], "en", "Wage: quantile", "Quantile"),
    ],
)
def test_a_quantile_is_named_by_its_probability(terms: list[str], language: str, caption: str, head: str) -> None:
    rows = [{"quantity": "quantile", "term": term, "value": 2.0, "se": 0.1, "cases": None} for term in terms]
    (table,) = fl.publish(estimates(*rows, outcome="wage")).tables
    laid = layout(table, language)
    assert laid.caption == caption
    assert head in laid.heads.values()


def test_reasons_become_numbered_notes() -> None:
    kind = (("kind", "wald"),)
    reasons = [
        Reason(code=ReasonCode.of("interval_outside_range"), row=0, parameters=kind),
        Reason(code=ReasonCode.of("census"), row=1),
    ]
    sheet = laid({}, {"region": "N"}, reasons=[*reasons, Reason(code=ReasonCode.of("census"), row=0)])
    assert [mark for mark, _ in sheet.notes] == ["1", "2"]
    assert [row.cells["value"] for row in sheet.rows if not row.heading] == ["10.0¹²", "10.0²"]


def test_zero_cases_need_no_note_where_the_words_say_it() -> None:
    zero = {"cases": 0, "value": 0.0, "se": 0.0, "lower": 0.0}
    assert laid(zero, reasons=[Reason(code=ReasonCode.of("zero_cases"), row=0)]).notes == ()


TRUTH = Truth(values={("prevalence", "forced_labour", frozenset()): 0.0123})


def test_truth_stands_beside_what_is_published() -> None:
    assert laid({}, truth=TRUTH).rows[0].cells["truth"] == "12.3"
    assert "truth" not in laid({"df": 1}, truth=TRUTH).rows[0].cells


def test_truth_of_the_whole_is_no_truth_of_a_part() -> None:
    women = [Assumption(code=AssumptionCode.of("subpopulation"), parameters=(("where", "sex == 2"),))]
    assert "truth" not in laid({}, truth=TRUTH, assumptions=women).heads


def test_great_table_in_three_languages() -> None:
    published = fl.publish(country())
    for language, words in (("en", "not published"), ("fr", "non publié"), ("es", "no publicado")):
        html = published.table(language).as_raw_html()
        assert words in html
        assert "0.1234" not in html
        assert "123.4" not in html


def test_two_tables_of_the_same_quantity_keep_their_own_groups() -> None:
    html = fl.publish({"first": estimates({}), "second": estimates({"value": 0.02})}).table().as_raw_html()
    assert "(first)" in html
    assert "(second)" in html


def test_rows_of_several_methods_say_whose_they_are() -> None:
    survey = estimates({}, quantity="total", value=4_800.0, lower=3_900.0, upper=5_900.0, se=500.0, interval_kind="log")
    model = estimates({}, quantity="persons", value=4_700.0, lower=3_900.0, upper=5_700.0, se=450.0,
                      method="area-binomial", interval_kind="equal-tailed")  # fmt: skip
    lists = estimates({"term": "main"}, {"term": "a:b, b:c"}, quantity="population_size", outcome="", value=3_800.0,
                      lower=3_500.0, upper=4_200.0, se=150.0, method="loglinear-poisson", interval_kind="wald")  # fmt: skip
    (table,) = fl.publish(fl.stack([survey, model, lists])).tables
    sheet = layout(table)
    assert [row.label for row in sheet.rows] == [
        "Survey, design-weighted",
        "Survey by area, hierarchical model",
        "Case lists, log-linear (lists independent)",
        "Case lists, log-linear (a:b, b:c)",
    ]
    assert not any(row.nation for row in sheet.rows)
    assert sheet.heads["interval"] == "95% interval"
    assert sheet.caption == "Forced labour: number of persons – several methods side by side"
    (alone,) = fl.publish(model).tables
    assert layout(alone).heads["interval"] == "95% credible interval"
    (named,) = fl.publish(fl.stack({"one": survey, "other": lists})).tables
    assert [row.label for row in layout(named, "fr").rows] == [
        "one",
        "other (listes indépendantes)",
        "other (a:b, b:c)",
    ]


def test_domains_of_several_methods_say_whose_they_are() -> None:
    direct, model = estimates({"region": "North"}), estimates({"region": "North"}, method="area-binomial")
    (table,) = fl.publish(fl.stack([direct, model])).tables
    assert [row.label for row in layout(table).rows if not row.heading] == [
        "North, Survey, design-weighted",
        "North, Survey by area, hierarchical model",
    ]
