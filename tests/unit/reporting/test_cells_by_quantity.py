"""Walked over every quantity: which cells a row has, in which unit they are written, and that no cell says what another says."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd
import pytest

import fl_estimate as fl
from fl_estimate.reporting.layout import EMPTY_MARK, Layout, layout
from fl_estimate.reporting.pictures.figures import in_full
from fl_estimate.reporting.scale import scale_of
from fl_estimate.results.codes import P_VALUE, Quantity
from tests.unit.reporting.made import estimates

EVERY = [quantity for quantity in Quantity.all() if quantity != P_VALUE]


def sheet(*rows: dict[str, Any], **usual: Any) -> Layout:
    return layout(in_full(estimates(*rows, **usual)))


@pytest.mark.parametrize("quantity", EVERY, ids=str)
def test_a_difference_has_no_coefficient_of_variation(quantity: Quantity) -> None:
    """Of what may be none (a difference, a coefficient) the p-value says what a CV says of others: 0.002/0.01 is 20 per cent."""
    cells = sheet({}, quantity=str(quantity)).rows[0].cells
    assert cells["cv"] == ("20.0%" if quantity.null is None else EMPTY_MARK)


@pytest.mark.parametrize("quantity", EVERY, ids=str)
def test_values_are_written_in_the_unit_of_their_head(quantity: Quantity) -> None:
    """In natural units behind each cell; the cells are those times the factor of the scale."""
    made = sheet({"value": 0.2, "se": 0.02, "lower": 0.16, "upper": 0.24}, quantity=str(quantity))
    (row,) = made.rows
    assert {name: row.values[name] for name in ("value", "se", "lower", "upper")} == {
        "value": 0.2,
        "se": 0.02,
        "lower": 0.16,
        "upper": 0.24,
    }
    assert float(row.cells["value"]) == pytest.approx(0.2 * made.scale.factor, abs=0.51)
    # the shares of people, whatever step or scenario they are of; a rate of spells and the like have units of their own
    shares = str(quantity).endswith("prevalence") or str(quantity) == "step_change"
    assert made.scale.factor == (100.0 if shares else 1.0)
    assert made.heads["value"] == made.scale.head("en") != ""


def test_cells_that_are_not_known_are_empty_and_have_no_number_behind_them() -> None:
    none = {"se": None, "lower": None, "upper": None, "n": None, "cases": None, "undetermined": None, "deff": None}
    (row,) = sheet(none).rows
    assert {name: row.cells[name] for name in ("interval", "cv", "n", "cases", "undetermined", "deff", "effective_n")} == {
        "interval": EMPTY_MARK, "cv": EMPTY_MARK, "n": "", "cases": "", "undetermined": "", "deff": "", "effective_n": "",
    }  # fmt: skip
    assert not {"se", "lower", "upper", "n", "cases", "deff", "cv", "effective_n", "truth"} & set(row.values)
    (full,) = sheet({}).rows
    assert full.values["cv"] == pytest.approx(0.2)
    assert full.values["effective_n"] == pytest.approx(1000 / 1.5)
    assert (full.cells["deff"], full.cells["effective_n"], full.cells["undetermined"]) == ("1.50", "667", "2.0%")


@pytest.mark.parametrize(
    ("quantity", "values", "factor", "decimals", "unit"),
    [
        # Below 5 per cent per 1,000, from there in per cent, by the nation; two digits of it, one of the least figure.
        ("prevalence", [0.0499], 1000, 1, "prevalence.thousand"), ("prevalence", [0.05], 100, 1, "prevalence.percent"), ("prevalence", [0.0004], 1000, 2, "prevalence.thousand"),
        ("prevalence", [0.3, 0.00004], 100, 3, "prevalence.percent"), ("prevalence", [0.3, 1e-9], 100, 4, "prevalence.percent"), ("prevalence", [0.0], 1000, 1, "prevalence.thousand"),
        ("total", [12345.0], 1, 0, "total"), ("population_size", [0.5], 1, 0, "total"), ("persons", [3.0], 1, 0, "total"),
        ("mean", [44.0], 1, 4, "mean"), ("ratio", [0.3], 1, 4, "ratio"),
    ],
)  # fmt: skip
def test_one_unit_for_a_whole_table(
    quantity: str, values: list[float], factor: float, decimals: int, unit: str
) -> None:
    rows = [{"value": value, **({"region": f"r{at}"} if at else {})} for at, value in enumerate(values)]
    found = scale_of(estimates(*rows, quantity=quantity).frame)
    assert (found.factor, found.decimals, found.unit, found.counted) == (factor, decimals, unit, "persons")


def test_the_unit_where_nothing_or_no_error_is_known() -> None:
    """Of months a total is months; without an error three digits of the value; of one median its name, of two none."""
    assert scale_of(estimates({}, quantity="total", outcome="fl_months").frame).unit == "months"
    assert (
        scale_of(estimates({}, {"outcome": "fl", "region": "N"}, quantity="total", outcome="fl_months").frame).unit
        == "total"
    )
    assert scale_of(estimates({"value": 12.5, "se": None}, quantity="mean").frame).decimals == 1
    assert scale_of(estimates({"value": 1250.0, "se": None}, quantity="mean").frame).decimals == 0
    assert scale_of(estimates({"value": 1e-9, "se": 1e-9}, quantity="mean").frame).decimals == 6
    assert scale_of(estimates({"value": None, "upper": 0.2}).frame).unit == "prevalence.percent"
    assert scale_of(estimates({"value": None, "upper": None}).frame).unit == "prevalence.thousand"
    quantile = {"quantity": "quantile", "term": "0.5"}
    assert scale_of(estimates(quantile).frame).quantity == "median"
    assert scale_of(estimates(quantile, quantile | {"region": "N"}).frame).quantity == "median"
    assert scale_of(estimates(quantile, quantile | {"term": "0.9", "region": "N"}).frame).quantity == "quantile"
    assert scale_of(estimates(quantile, {"quantity": "mean", "region": "N"}).frame).quantity == "quantile"
    assert scale_of(pd.DataFrame(estimates({}).frame.iloc[:0])).quantity == ""


def test_a_limit_that_begins_at_nothing_is_no_interval() -> None:
    """The words for "at most U" say all of it; of a model, whose limit begins above nothing, both ends are told."""
    (table,) = fl.publish(estimates({}, {"region": "N", "cases": 3})).tables
    assert table.frame["publication"].tolist() == ["published", "at_most"]
    assert layout(table).rows[-1].cells["interval"] == EMPTY_MARK
    above = replace(table, frame=table.frame.assign(lower=[0.006, 0.002]))
    assert layout(above).rows[-1].cells["interval"] not in ("", EMPTY_MARK)
