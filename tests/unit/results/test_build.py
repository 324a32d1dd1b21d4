"""The builder lays every column out in its type, and refuses what no rule of publication could judge."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import fl_estimate as fl
from fl_estimate.results.basis import Support
from fl_estimate.results.build import build
from fl_estimate.results.codes import MEAN, PREVALENCE, REPLICATES, TAYLOR, WALD, ZERO_CASES, MethodName, Quantity
from fl_estimate.results.columns import CONTEXT, FIXED, HEAD, TAIL, completed
from fl_estimate.results.recipe import Period, Recipe


def built(columns: dict[str, Any] | None = None, by: dict[str, Any] | None = None, **settings: Any) -> fl.Estimates:
    usual: dict[str, Any] = {"quantity": MEAN, "method": TAYLOR, "basis": "figures", "recipe": Recipe()}
    return build({"value": [1.0, 2.0]} if columns is None else columns, by, **{**usual, **settings})


def test_every_column_stands_in_its_place_and_type() -> None:
    columns = {
        "outcome": "forced_labour", "term": ["a", "b"], "margin": ["", "region"], "value": np.array([0.1, 0.2]), "se": 0.01,
        "lower": [0.0, np.nan], "upper": [0.2, np.nan], "level": 0.95, "interval_kind": [WALD, ""], "bound": ["", ""],
        "undetermined": [0.0, 0.1], "n": [10.0, 4.6], "cases": [1, None], "psus_with_cases": [1.0, np.nan], "df": 3,
        "df_effective": np.nan, "deff": [1.1, 1.2],
    }  # fmt: skip
    made = built(columns, {"region": [None, 3]}, quantity=PREVALENCE, method=[TAYLOR, REPLICATES])
    frame = made.to_frame(labels=False)
    assert list(frame.columns) == [*CONTEXT, *HEAD, "region", *TAIL]
    assert frame.index.equals(pd.RangeIndex(2))
    texts = {*CONTEXT, "quantity", "outcome", "term", "margin", "interval_kind", "bound", "method", "basis"}
    counts = {"n", "cases", "psus_with_cases", "region"}
    for name in frame:
        assert str(frame[name].dtype) == ("string" if name in texts else "Int64" if name in counts else "float64"), name
    assert frame["n"].tolist() == [10, 5]
    assert frame["cases"].isna().tolist() == [False, True]
    assert frame["method"].tolist() == ["taylor", "replicates"]
    assert frame["se"].tolist() == [0.01, 0.01]


@pytest.mark.parametrize(
    ("labels", "dtype"),
    [
        ([None, True], "boolean"),
        ([None, 2], "Int64"),
        ([1, 2.5], "Float64"),
        (["x", None], "string"),
        (["x", 2], "string"),
        ([None, None], "string"),
    ],
)
def test_labels_of_by_columns_are_nullable(labels: list[Any], dtype: str) -> None:
    made = built(by={"region": labels})
    assert str(made.to_frame(labels=False)["region"].dtype) == dtype
    assert made.by == ("region",)


def test_what_is_left_out_is_missing_and_texts_are_empty() -> None:
    row = built({"value": 2.0}).to_frame().iloc[0]
    assert all(row[name] == "" for name in ("outcome", "term", "margin", "interval_kind", "bound"))
    numbers = [
        "se",
        "lower",
        "upper",
        "level",
        "undetermined",
        "n",
        "cases",
        "psus_with_cases",
        "df",
        "df_effective",
        "deff",
    ]
    assert all(pd.isna(row[name]) for name in numbers)


def test_a_result_without_rows() -> None:
    made = built({"value": []}, {"region": []})
    assert len(made) == 0
    assert list(made.to_frame().columns) == [*CONTEXT, *HEAD, "region", *TAIL]


@pytest.mark.parametrize("basis", [None, [], ["lists"], ["lists", "lists", "lists"]])
def test_rows_without_a_basis_are_refused(basis: Any) -> None:
    with pytest.raises(fl.FlError, match="FL-EST-291"):
        built(basis=basis)


@pytest.mark.parametrize("basis", ["", "guess", ["lists", ""], ["lists", None]])
def test_a_basis_that_there_is_not_is_refused(basis: Any) -> None:
    with pytest.raises(fl.FlError, match="FL-EST-290"):
        built(basis=basis)


def test_the_basis_is_no_column_that_could_be_given_by_the_way() -> None:
    with pytest.raises(fl.FlError, match="FL-EST-295"):
        built({"value": [1.0], "basis": ["lists"]})


@pytest.mark.parametrize(
    "parts",
    [
        {"columns": {"value": [1.0, 2.0], "se": [1.0]}},
        {"columns": {"value": [1.0, 2.0], "sd": [1.0, 1.0]}},
        {"by": {"region": ["a"]}},
        {"by": {"region": ["a", "b", "c"]}},
        {"method": [TAYLOR]},
        {"reasons": [ZERO_CASES.at(2)]},
        {"draws": np.zeros((10, 3))},
        {"covariance": np.zeros((1, 2))},
    ],
)
def test_parts_of_other_rows_are_refused(parts: dict[str, Any]) -> None:
    with pytest.raises(fl.FlError, match="FL-EST-295"):
        built(**parts)


def test_a_support_of_other_rows_is_refused() -> None:
    with pytest.raises(fl.FlError, match="FL-EST-291"):
        built(support=Support.of([1.0, 2.0, 3.0]))


@pytest.mark.parametrize("name", FIXED)
def test_a_by_column_with_the_name_of_a_fixed_column_is_refused(name: str) -> None:
    with pytest.raises(fl.FlError, match="FL-EST-05"):
        built(by={name: ["a", "b"]})


@pytest.mark.parametrize(
    "wrong",
    [
        {"quantity": "of_nobody"},
        {"method": ["taylor", "of_nobody"]},
        {"columns": {"value": [1.0, 2.0], "interval_kind": ["wald", "of_nobody"]}},
    ],
)
def test_a_text_that_nobody_declared_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(fl.FlError, match="FL-EST-296") as raised:
        built(**wrong)
    assert "of_nobody" in str(raised.value)


def test_a_quantity_of_the_users_own_is_laid_out_and_known_to_be_no_declared_one() -> None:
    made = built(quantity=Quantity.of("remittances"), method=MethodName.of("taylor"))
    assert made.to_frame()["quantity"].tolist() == ["remittances", "remittances"]


def test_the_recipe_stands_in_the_result_and_comes_back() -> None:
    recipe = Recipe(measure="stock", population="people", period=Period("2023"))
    made = built(recipe=recipe, diagnostics={"a": 1.0})
    assert (made.measure, made.population, made.reference_period, made.diagnostics) == (
        "stock",
        "people",
        "2023",
        {"a": 1.0},
    )
    assert made.recipe == recipe


def test_a_table_of_an_earlier_version_gets_the_columns_that_came_since() -> None:
    made = built({"value": [1.0, 2.0], "n": [3, 4]}, {"region": ["a", "b"]})
    old = made.to_frame().drop(columns=["psus_with_cases", "df_effective"])
    pd.testing.assert_frame_equal(completed(old, ("region",)), made.to_frame())
