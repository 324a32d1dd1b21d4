"""Which rows a label asks for, and what a reader has in place of codes: tables of few rows, each answer seen at a glance."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

import fl_estimate as fl
from fl_estimate.inputs.wording import ColumnWords, SurveyWording
from fl_estimate.results.basis import Support
from fl_estimate.results.columns import make_frame, nullable
from fl_estimate.results.domains import NOT_STATED, a_label, labelled, with_labels
from fl_estimate.results.estimates import Estimates


def held(
    by: dict[str, list[Any]], margins: list[str], wording: SurveyWording | None = None, **columns: Any
) -> Estimates:
    """Rows 0, 1, 2 …, so that a value says which row it is."""
    rows = len(margins)
    told = {"quantity": ["mean"] * rows, "margin": margins, "value": np.arange(rows, dtype=float), **columns}
    frame = make_frame(told, by, rows, basis="figures")
    return Estimates(frame=frame, by=tuple(by), support=Support.unknown(rows), wording=wording or SurveyWording())


def rows_of(estimates: Estimates, key: Any) -> list[int]:
    return [int(value) for value in estimates[key].frame["value"]]


def words(**columns: dict[str, Any]) -> SurveyWording:
    return SurveyWording(
        columns={name: ColumnWords(values={c: {"": t} if isinstance(t, str) else t for c, t in given.items()}, ordered=True)
                 for name, given in columns.items()}
    )  # fmt: skip


CROSSED = held(
    {"region": [None, "N", "S", "N", "N", None], "sex": [None, None, None, 1, 2, 2]},
    ["", "region", "region", "region × sex", "region × sex", "region × sex"],
    words(sex={"1": "Men", "2": "Women"}),
)


@pytest.mark.parametrize(
    ("key", "rows"),
    [("N", [1]), ("S", [2]), (("N", 1), [3]), (("N", "1"), [3]), (("N", "Men"), [3]), (("N", 2.0), [4]), ((fl.NOT_STATED, 2), [5]),
     (("not stated", "Women"), [5])],
)  # fmt: skip
def test_domains_are_had_by_labels_codes_and_tuples(key: Any, rows: list[int]) -> None:
    assert rows_of(CROSSED, key) == rows
    assert key in CROSSED


@pytest.mark.parametrize(
    "key", [("Men", "N"), "Men", 1, ("N",) * 3, ("S", 1), fl.NOT_STATED, "", (), "nobody", None, ["N"], ("N", None)]
)
def test_labels_that_no_row_has(key: Any) -> None:
    with pytest.raises(fl.FlError, match="FL-EST-297") as raised:
        CROSSED[key]
    assert key not in CROSSED
    for text in (
        "region: 'N', 'S', 'not stated'; sex: 'Men', 'Women'",
        "region × sex (a tuple, in this order)",
        "the nation is .national",
        "quantity: 'mean'",
    ):
        assert text in str(raised.value)
    assert "outcome" not in str(raised.value)  # a column without texts names nothing


def test_a_number_is_no_text_where_both_are_there() -> None:
    """The text "1" and the label that reads "1" are tried after the code that is it."""
    both = held({"code": [1, 2], "name": [None, None]}, ["code", "code"], words(code={"1": "2", "2": "1"}))
    assert rows_of(both, 1) == [0]
    assert rows_of(both, "1") == [0]
    assert rows_of(held({"name": ["1", "2"]}, ["name", "name"]), 1) == [0]
    assert rows_of(held({"name": ["1", "2"]}, ["name", "name"]), "2") == [1]


def test_stacked_results_are_had_by_name_and_by_name_and_label() -> None:
    stacked = held({"survey": ["a", "a", "b", "b"], "region": [None, "N", None, "N"]}, ["", "region", "", "region"])
    assert rows_of(stacked, ("a", "N")) == [1]
    assert rows_of(stacked, ("b", "N")) == [3]
    assert rows_of(stacked, "N") == [1, 3]
    assert rows_of(stacked, "a") == [0, 1]
    named = held({"survey": ["a", "b"]}, ["", ""])
    assert rows_of(named, "b") == [1]


def test_labels_of_two_columns() -> None:
    two = held({"region": ["N", None], "urban": [None, "N"]}, ["region", "urban"])
    with pytest.raises(fl.FlError, match="FL-EST-299") as raised:
        two["N"]
    assert "estimates.select(region=…)" in str(raised.value)
    assert "'N' in region, urban" in str(raised.value)


def test_rows_without_domains_are_had_by_what_they_are() -> None:
    told = held({}, ["", "", ""], term=["age", "sex", ""], outcome=["fl", "fl", "x"], quantity=["mean", "coefficient", "coefficient"],
                bound=["", "lower", "lower"])  # fmt: skip
    assert rows_of(told, "age") == [0]
    assert rows_of(told, "fl") == [0, 1]
    assert rows_of(told, "coefficient") == [1, 2]
    assert rows_of(told, "lower") == [1, 2]
    with pytest.raises(fl.FlError, match="FL-EST-297"):
        told["fl", "age"]
    with pytest.raises(fl.FlError, match="FL-EST-297"):
        told[""]
    # A domain of that name comes first, and a term before an outcome.
    assert rows_of(held({"by": ["fl", None]}, ["by", ""], outcome=["x", "fl"]), "fl") == [0]
    assert rows_of(held({}, ["", ""], term=["fl", ""], outcome=["x", "fl"]), "fl") == [0]


def test_a_label_is_given_as_an_example() -> None:
    assert a_label(CROSSED.frame, CROSSED.by, CROSSED.wording) == "'N'"
    terms = held({}, ["", ""], term=["age", "sex"])
    assert a_label(terms.frame, (), SurveyWording()) == "'age'"
    outcomes = held({"by": [None, None]}, ["", ""], term=["age", "age"], outcome=["x", "y"])
    assert a_label(outcomes.frame, ("by",), SurveyWording()) == "'x'"
    alike = held({}, ["", ""], term=["age", "age"])
    assert a_label(alike.frame, (), SurveyWording()) == "'label'"


def test_levels_are_in_the_order_of_the_source_and_then_of_the_rows() -> None:
    by: dict[str, list[Any]] = {"code": [3, 1, 9, 2, 8, None, None]}
    margins = ["code"] * 6 + [""]
    meant = words(code={"1": "one", "2": "two", "3": "three"})
    given = held(by, margins, meant)
    column = labelled(given.frame, meant, "code")
    assert column.cat.categories.tolist() == ["one", "two", "three", "9", "8", NOT_STATED]
    assert column.cat.ordered
    assert column.tolist()[:6] == ["three", "one", "9", "two", "8", NOT_STATED]
    assert pd.isna(column.iloc[6])  # a row that the column does not divide
    assert column.name == "code"
    codes = labelled(given.frame, meant, "code", codes=True)
    assert codes.cat.categories.tolist() == [1, 2, 3, 9, 8, NOT_STATED]
    table = with_labels(given.frame, given.by, meant, codes=True)
    assert table["code"].tolist()[:5] == [3, 1, 9, 2, 8]
    assert given.to_frame(labels=False)["code"].tolist()[:5] == [3, 1, 9, 2, 8]
    assert given.to_frame(labels=True)["code"].tolist()[0] == "three"


def test_labels_in_several_languages() -> None:
    told = words(sex={"1": {"en": "Men", "fr": "Hommes"}, "2": {"": "F", "fr": "Femmes"}, "3": {"es": "Otro"}})
    frame = held({"sex": [1, 2, 3]}, ["sex"] * 3, told).frame
    assert labelled(frame, told, "sex").tolist() == ["Men", "F", "Otro"]
    assert labelled(frame, told, "sex", language="fr").tolist() == ["Hommes", "Femmes", "Otro"]
    assert (
        held({"sex": [1, 2, 3]}, ["sex"] * 3, told).to_frame(labels=True, language="fr")["sex"].tolist()[0] == "Hommes"
    )
    one = held({"sex": [1, 2, 3]}, ["sex"] * 3, told)
    assert rows_of(one, "Hommes") == rows_of(one, "Men") == [0]
    across = one.pivot("sex", language="fr").index.tolist()
    assert across == ["Hommes", "Femmes", "Otro"]


def test_two_codes_with_one_label_and_an_answer_that_reads_like_the_level() -> None:
    same = words(sex={"1": "x", "2": "x"})
    assert labelled(held({"sex": [1, 2]}, ["sex"] * 2, same).frame, same, "sex").tolist() == [1, 2]
    said = words(sex={"1": "not stated", "2": "Women"})
    both = labelled(held({"sex": [1, 2, None]}, ["sex"] * 3, said).frame, said, "sex")
    assert both.tolist() == ["not stated (answer)", "Women", "not stated"]
    # A whole number that came as a float has the label of the whole number.
    floats = words(age={"1": "young"})
    assert labelled(held({"age": [1.0, 2.5]}, ["age"] * 2, floats).frame, floats, "age").tolist() == ["young", "2.5"]


def test_not_stated_is_shown_as_itself() -> None:
    assert repr(NOT_STATED) == "NOT_STATED"
    assert str(NOT_STATED) == "not stated"


# Tables across


def test_a_table_across_has_the_rows_of_its_margin_alone() -> None:
    full = held(
        {"region": [None, "N", "S", "N", "S", "N", "S"], "sex": [None, None, None, 1, 1, 2, 2]},
        ["", "region", "region", *["region × sex"] * 4],
    )
    across = full.pivot("region", "sex")
    assert across.to_numpy().tolist() == [[3.0, 5.0], [4.0, 6.0]]
    assert full.pivot("sex", "region").to_numpy().tolist() == [[3.0, 4.0], [5.0, 6.0]]
    assert full.pivot("region")["value"].tolist() == [1.0, 2.0]
    assert list(full.pivot("region", values=["value", "se"]).columns) == ["value", "se"]
    assert full.pivot("region", "sex", ["value", "se"]).shape == (2, 4)
    # Where no by-column is named it is the nation's.
    assert full.pivot("quantity")["value"].tolist() == [0.0]
    alone = held({"region": ["N", "S"]}, ["region", "region"], term=["a", "b"])
    assert alone.pivot("term")["value"].tolist() == [0.0, 1.0]


def test_a_table_across_of_names_of_results() -> None:
    stacked = held({"survey": ["a", "a", "b", "b"], "region": [None, "N", None, "N"]}, ["", "region", "", "region"])
    assert stacked.pivot("survey")["value"].tolist() == [0.0, 2.0]
    assert stacked.pivot("region", "survey").to_numpy().tolist() == [[1.0, 3.0]]


def test_what_does_not_make_a_table_across() -> None:
    two = held({"region": ["N", "N", None]}, ["region", "region", ""], term=["a", "b", "a"])
    with pytest.raises(fl.FlError, match="FL-EST-300") as raised:
        two.pivot("region")
    assert "1 more rows than places; margins: 'region', ''" in str(raised.value)
    assert "pick rows first by term" in str(raised.value)
    with pytest.raises(fl.FlError, match="FL-EST-300") as raised:
        CROSSED.pivot("sex")
    assert "no row; margins: '', 'region', 'region × sex'" in str(raised.value)
    assert "name the columns of a margin" in str(raised.value)
    with pytest.raises(fl.FlError, match="FL-EST-21"):
        two.pivot("regoin")
    with pytest.raises(fl.FlError, match="FL-EST-21"):
        two.pivot("region", values=["value", "valeu"])


# Rows that are picked by what they are


def test_rows_are_selected_by_values_and_by_what_is_missing() -> None:
    assert CROSSED.select(region="N", sex=1).frame["value"].tolist() == [3.0]
    assert CROSSED.select(sex=2).frame["value"].tolist() == [4.0, 5.0]
    # None: what the column does not divide; the last row is of people who did not state it.
    assert CROSSED.select(region=None).frame["value"].tolist() == [0.0]
    assert CROSSED.select(region=NOT_STATED).frame["value"].tolist() == [5.0]
    assert len(CROSSED.select(quantity="mean")) == 6
    with pytest.raises(fl.FlError, match="FL-EST-22") as raised:
        CROSSED.select(region="X", sex=1)
    assert "region='X', sex=1" in str(raised.value)
    assert "region: N, S; sex: 1, 2" in str(raised.value)
    with pytest.raises(fl.FlError, match="FL-EST-21"):
        CROSSED.select(value=1.0)


def test_only_one_row_has_a_number() -> None:
    with pytest.raises(fl.FlError, match="FL-EST-298") as raised:
        _ = CROSSED.value
    assert "6 rows" in str(raised.value)
    assert "estimates.national.value is the nation's" in str(raised.value)
    assert "estimates['N'].value" in str(raised.value)
    with pytest.raises(fl.FlError, match="FL-EST-298") as raised:
        _ = CROSSED.select(region="N").se
    assert "national" not in str(raised.value)
    two_nations = held({}, ["", ""], term=["age", "sex"])
    with pytest.raises(fl.FlError, match="FL-EST-298") as raised:
        _ = two_nations.interval
    assert "national" not in str(raised.value)
    assert CROSSED.national.value == 0.0
    assert np.isnan(CROSSED.national.se)


@pytest.mark.parametrize(
    ("values", "kind"),
    [([1, 2, None], "Int64"), ([1, 2.5], "Float64"), ([1.0, None], "Float64"), ([True, None, False], "boolean"), ([True, 2], "Int64"),
     (["a", None, 1], "string"), ([None, None], "string"), ([], "string"), ([np.int32(1), np.float32(2.5)], "Float64"), (["1"], "string")],
)  # fmt: skip
def test_labels_have_the_type_of_what_they_are(values: list[Any], kind: str) -> None:
    made = nullable(values)
    assert str(made.dtype) == kind
    assert [pd.isna(value) for value in made] == [value is None for value in values]
    if kind == "string":
        assert [value for value in made if not pd.isna(value)] == [str(value) for value in values if value is not None]


def test_a_scale_and_a_population() -> None:
    shares = held({"region": [None, "N"]}, ["", "region"], quantity=["prevalence"] * 2, value=[0.1, 0.2], se=[0.01, 0.02], lower=[0.05, 0.1],
                  upper=[0.2, 0.3])  # fmt: skip
    per = shares.per_thousand().frame
    assert per[["value", "se", "lower", "upper"]].to_numpy().tolist() == [[100, 10, 50, 200], [200, 20, 100, 300]]
    assert per["quantity"].tolist() == ["prevalence per 1,000"] * 2
    assert shares.persons(500).frame["value"].tolist() == [50.0]
    frame = pd.DataFrame({"region": ["N", None], "population": [100, 1000]})
    assert shares.persons(frame).frame["value"].tolist() == [100.0, 20.0]
    assert shares.persons(frame).frame["quantity"].tolist() == ["persons"] * 2
    with pytest.raises(fl.FlError, match="FL-EST-23"):
        shares.persons(500).per_thousand()
    for wrong in (0, -1, float("nan"), float("inf")):
        with pytest.raises(fl.FlError, match="FL-EST-24"):
            shares.persons(wrong)
    with pytest.raises(fl.FlError, match="FL-EST-24"):
        shares.persons(frame.iloc[:1])
    with pytest.raises(fl.FlError, match="FL-EST-24"):
        shares.persons(frame.rename(columns={"population": "people"}))
    matrix = replace(shares, covariance_matrix=np.array([[1.0, 2.0], [2.0, 9.0]]))
    assert matrix.persons(frame).covariance.tolist() == [[1e6, 2e5], [2e5, 9e4]]
    assert matrix["N"].covariance.tolist() == [[9.0]]
