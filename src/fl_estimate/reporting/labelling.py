"""What a row of a published table is called: its domain, and where a table holds results of several methods, whose it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from fl_estimate.inputs.wording import SurveyWording
from fl_estimate.reporting.naming import known_value, outcome_words, quantity_words, term_words, value_words
from fl_estimate.results.codes import (
    P_VALUE,
    STEP_CHANGE,
    STEP_PREVALENCE,
    TOTAL,
    UNWEIGHTED,
    Assumption,
    MethodName,
    Quantity,
)
from fl_estimate.results.columns import IMPUTED, margin_columns
from fl_estimate.results.recipe import Period
from fl_estimate.words import periods
from fl_estimate.words.places import country
from fl_estimate.words.say import opening, say

DESIGNED: frozenset[str] = frozenset(method for method in MethodName.all() if method.of_people_counted)
"""Methods of surveys, whose rows may be unweighted."""
SAME_UNIT: dict[str, str] = {str(q): q.heading for q in Quantity.all() if q.heading != q}
"""Quantities that are the same thing under another name: a total of persons, whoever counted them."""
ROUND: tuple[str, ...] = ("country", "period")
"""Columns that tell the rounds of a table apart."""
Row = Mapping[str, Any]


def unit_of(quantity: str) -> str:
    """The quantity that a table of several methods is headed by."""
    return Quantity.of(quantity).heading


def is_unweighted(assumptions: Sequence[Assumption]) -> bool:
    """Whether a result says that every respondent counts the same."""
    return any(assumption.code == UNWEIGHTED for assumption in assumptions)


def several_methods(frame: pd.DataFrame) -> bool:
    """Whether results of several methods stand in one table, so that rows must say whose they are."""
    # An imputed row stands among the bounds of its cell: what is done with the undetermined tells it from them.
    return frame["method"][(frame["bound"] != IMPUTED).to_numpy(dtype=bool)].nunique() > 1


def _of_effect(quantity: str) -> bool:
    """Whether a quantity is an effect, a difference or a part of a test: what its term says is what it is of."""
    result = Quantity.of(quantity)
    return result.null is not None or result.heading == P_VALUE


def compared_column(assumptions: Sequence[Assumption]) -> str:
    """The column of which a contrast compares values; empty where a result is none."""
    said = [dict(each.parameters) for each in assumptions if each.code == "contrast_of_estimates"]
    return str(said[-1].get("column", "")) if said else ""


def varying(frame: pd.DataFrame, by: Sequence[str]) -> tuple[str, ...]:
    """The columns of country and period that tell rows of a table apart; none where all are of one round."""
    return tuple(name for name in ROUND if name in frame and name not in by and frame[name].nunique() > 1)


def time_words(text: str, language: str) -> str:
    """A time as rows are called by it: a calendar year by its number, else as sentences say it."""
    read = Period(text)
    if read.first is not None and read.last is not None and (read.first.month, read.first.day) == (1, 1):
        whole = (read.last.month, read.last.day) == (12, 31)
        if whole and read.first.year == read.last.year:
            return str(read.first.year)
        if whole:
            return f"{read.first.year}–{read.last.year}"
    return periods.period(text, language) or text


def round_words(record: Row, names: Sequence[str], language: str) -> str:
    """The round of a row, by the columns that tell rounds apart."""
    said = {"country": country, "period": time_words}
    return " ".join(said[name](str(record[name]), language) for name in names if record[name])


class RowLabels:
    """Names the rows of one table in one language.

    Parameters
    ----------
    frame : pandas.DataFrame
        The table: columns of Estimates.
    by : sequence of str
        Its by-columns.
    language : {"en", "fr", "es", "es-MX", …}
    wording : Wording, optional
        Of the survey: titles, labels of codes, what is counted.
    unweighted : bool
        Whether the survey of the table counts every respondent the same.
    compared : str
        The column of which a contrast compares values.
    """

    def __init__(
        self, frame: pd.DataFrame, by: Sequence[str], language: str, wording: SurveyWording | None = None,
        *, unweighted: bool = False, compared: str = "",
    ) -> None:  # fmt: skip
        self._language = language
        self._wording = wording or SurveyWording()
        self._unweighted, self._compared = unweighted, compared
        # Of effects and tests the term says of what a row is, though there be one row.
        self.effects = bool(compared) or all(_of_effect(str(quantity)) for quantity in frame["quantity"].unique())
        # So it does of the steps of an adjustment.
        self._steps = set(frame["quantity"].astype(str)) <= {str(STEP_PREVALENCE), str(STEP_CHANGE)}
        self._nation_only = bool((frame["margin"] == "").all())
        self._by = by
        self._values = {
            name: value_words(self._wording, name, frame[name].dropna().unique().tolist(), language) for name in by
        }
        self._methods = several_methods(frame)
        self._terms = frame["term"].nunique() > 1
        self._rounds = varying(frame, by)
        # Numbers of persons of two kinds by one method, all people and the cases among them, are told apart too.
        kinds = set(frame["quantity"].astype(str))
        self._of_one_unit = (
            not self._methods and str(TOTAL) in kinds and len({unit_of(kind) for kind in kinds}) < len(kinds)
        )
        self._quantities = self._of_one_unit or frame["quantity"].map(unit_of).nunique() > 1

    def of(self, record: Row) -> str:
        """The label of one row."""
        source = self.source(record)
        domain = self.domain(record) if record["margin"] or not (source or self._quantities) else ""
        quantity = self._quantity(record) if self._quantities else ""
        when = round_words(record, self._rounds, self._language) if self._rounds else ""
        label = ", ".join(part for part in (domain, source, quantity, when) if part)
        term = str(record["term"])
        # A term that all rows share says nothing that tells them apart.
        if not term or not (self._terms or self.effects):
            return label
        words = term_words(self._wording, term, self._language, self._compared)
        alone = (self.effects or self._steps) and self._nation_only and not source
        return opening(words) if alone else f"{label} ({words})"

    def _quantity(self, record: Row) -> str:
        """What a row is a number of, where rows differ in that: beside the size of a population a total is called by its outcome."""
        if self._of_one_unit and record["quantity"] == TOTAL and record["outcome"]:
            return outcome_words(self._wording, str(record["outcome"]), self._language)
        return quantity_words(str(record["quantity"]), self._wording.unit, self._language)

    def domain(self, record: Row) -> str:
        """Whom a row speaks of: the nation, a domain, or those whose domain is not stated."""
        if not record["margin"]:
            return say("head", "nation", self._language)
        margin = margin_columns(record)
        parts = [self._values[name].get(record[name], str(record[name])) for name in self._by
                 if name in margin and not pd.isna(record[name])]  # fmt: skip
        return ", ".join(parts) or say("head", "missing", self._language)

    def source(self, record: Row) -> str:
        """Which result a row belongs to: by the names it was stacked with, else by its method; empty where there is one."""
        margin = margin_columns(record)
        names = [
            known_value(name, str(record[name]), self._language) or str(record[name])
            for name in self._by
            if name not in margin and not pd.isna(record[name])
        ]
        if names:
            return ", ".join(names)
        if not self._methods:
            return ""
        plain = self._unweighted and str(record["method"]) in DESIGNED
        return say("source", "unweighted" if plain else str(record["method"]), self._language)
