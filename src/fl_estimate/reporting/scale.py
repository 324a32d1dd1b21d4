"""The unit in which the figures of a table are written, chosen once for the whole table. No cell is laid out here."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from fl_estimate.reporting.labelling import SAME_UNIT
from fl_estimate.reporting.naming import unit_words
from fl_estimate.reporting.precision import decimals_of
from fl_estimate.results.codes import Quantity
from fl_estimate.words.numbers import number, percent
from fl_estimate.words.say import say

PER_THOUSAND_BELOW = 0.05
"""A prevalence below this is shown per 1,000 persons, from this on in per cent; one unit for a whole table."""
PERSONS: frozenset[str] = frozenset(
    {"total", "persons", "population_size", "dark_figure", "scenario_total", "undercoverage_total"}
)
"""Quantities that count persons."""
MONTHS = "_months"
"""Ends the name of an outcome that is time: its total counts person-months."""
MEDIAN = "0.5"
"""The term of the quantile that has a name."""


@dataclass(frozen=True, kw_only=True)
class Scale:
    """The unit in which a table's values are written: `factor` × natural units, and a code of the unit.

    A figure of a row is written with the digits that it has; `decimals` serve what belongs to no row.
    """

    factor: float
    decimals: int
    unit: str
    quantity: str
    counted: str = "persons"

    def write(self, value: float, language: str, like: Mapping[str, Any] | None = None) -> str:
        """A number in this unit, without the unit's name, with the decimals of a row; empty where it is missing."""
        decimals = self.decimals if like is None else self.positions(like, "value")
        return "" if pd.isna(value) else number(float(value) * self.factor, decimals, language)

    def figure(self, record: Mapping[str, Any], name: str, language: str) -> str:
        """The value, standard error or a limit of a row in this unit, in the digits it has; empty where it is missing."""
        value = record[name]
        return "" if pd.isna(value) else number(float(value) * self.factor, self.positions(record, name), language)

    def with_unit(self, record: Mapping[str, Any], name: str, language: str) -> str:
        """The same with the per cent sign, where the unit is per cent."""
        if self.unit == "prevalence.percent" and not pd.isna(record[name]):
            return percent(float(record[name]), self.positions(record, name), language)
        return self.figure(record, name, language)

    def positions(self, record: Mapping[str, Any], name: str) -> int:
        """Decimals of a number of a row in this unit."""
        return max(0, decimals_of(record)[name] - round(math.log10(self.factor)))

    def head(self, language: str) -> str:
        """The name of the quantity with its unit, as a column head."""
        if self.unit == "total" and self.quantity in SAME_UNIT | {"persons": ""}:
            return unit_words(self.counted, "number", language)
        head = say("head", f"unit.{self.unit}", language)
        return say("quantity", self.quantity, language) if head.startswith("unit.") else head


def scale_of(frame: pd.DataFrame, counted: str = "persons") -> Scale:
    """Choose the unit and decimals of a table by its national rows (else by its largest printed figure)."""
    return replace(_scale(frame), counted=counted)


def _scale(frame: pd.DataFrame) -> Scale:
    quantity = str(frame["quantity"].iloc[0]) if len(frame) else ""
    shown = frame["value"].fillna(frame["upper"]).abs()
    nation = shown[(frame["margin"] == "").to_numpy(dtype=bool)].dropna()
    lead = float((nation if len(nation) else shown).max()) if shown.notna().any() else math.nan
    if Quantity.of(quantity).heading == "prevalence":
        thousand = not lead >= PER_THOUSAND_BELOW
        factor, unit = (1_000.0, "prevalence.thousand") if thousand else (100.0, "prevalence.percent")
        positive = (shown[shown > 0] * factor).min()
        decimals = max(1, _places(lead * factor, 2), _places(float(positive), 1))
        return Scale(factor=factor, decimals=min(decimals, 4), unit=unit, quantity=quantity)
    if quantity in PERSONS:
        months = frame["outcome"].astype(str).str.endswith(MONTHS).all()
        return Scale(factor=1.0, decimals=0, unit="months" if months else "total", quantity=quantity)
    se = frame["se"].where(frame["se"] > 0).min()
    decimals = _places(float(se), 2) if pd.notna(se) else _places(lead, 3)
    shown_as = "median" if only_quantile(frame) == MEDIAN else quantity
    return Scale(factor=1.0, decimals=min(max(0, decimals), 6), unit=quantity, quantity=shown_as)


def only_quantile(frame: pd.DataFrame) -> str:
    """The probability of a table of one quantile; empty where there are several, or none."""
    terms = frame["term"][(frame["quantity"] == "quantile").to_numpy(dtype=bool)].unique()
    return str(terms[0]) if len(terms) == 1 and len(frame["quantity"].unique()) == 1 else ""


def _places(value: float, digits: int) -> int:
    """Decimals that show this many significant digits of a value."""
    if not (math.isfinite(value) and value > 0):
        return 0
    return digits - 1 - math.floor(math.log10(value))
