"""What tables, columns and intervals are called above and beside the figures: captions, margins, kinds of interval."""

from __future__ import annotations

import pandas as pd

from fl_estimate.inputs.wording import SurveyWording
from fl_estimate.reporting.judging import based_on
from fl_estimate.reporting.labelling import is_unweighted, several_methods, unit_of
from fl_estimate.reporting.naming import column_title, outcome_words, quantity_words, text_in
from fl_estimate.reporting.published_tables import PublishedTable
from fl_estimate.reporting.scale import MEDIAN, only_quantile, scale_of
from fl_estimate.reporting.tests_in_tables import of_tests
from fl_estimate.results.codes import MethodName
from fl_estimate.words.numbers import level_words
from fl_estimate.words.say import joined, opening, say

CREDIBLE: frozenset[str] = frozenset({"equal-tailed", "calibrated"})
"""Kinds of interval that are statements of probability, and are called credible."""
ENVELOPES: frozenset[str] = frozenset({"envelope", "stated-range"})


def caption(table: PublishedTable, language: str, *, margin: str | None = None) -> str:
    """What the table shows: outcome, quantity, by what (all its margins, or the one named), and by which method.

    A design-weighted estimate is what a reader expects of a survey, and is not named; a design for hidden populations is.
    """
    plain = unweighted_words(table, language)
    if (own := text_in(table.wording.title, language)) and margin is None:
        return own + plain
    outcomes = [outcome_words(table.wording, str(code), language) for code in table.frame["outcome"].unique() if code]
    codes = [str(code) for code in table.frame["quantity"].unique()]
    if several_methods(table.frame) or of_tests(table.frame):
        codes = [unit_of(code) for code in codes]
    quantities = [quantity_words(code, table.wording.unit, language) for code in dict.fromkeys(codes)]
    if of_tests(table.frame):
        quantities = [say("head", "test", language)]
    if codes == ["total"] and scale_of(table.frame).unit == "months":
        quantities = [say("head", "unit.months", language)]
    if share := only_quantile(table.frame):
        quantities = [say("quantity", "median", language)] if share == MEDIAN else [f"{quantities[0]} ({share})"]
    outcome = opening(", ".join(outcomes[:3]) + (" …" if len(outcomes) > 3 else ""))
    quantity = ", ".join(lowered(text) for text in quantities)
    margins = [margin] if margin else [name for name in table.frame["margin"].unique() if name]
    by = (
        joined([lowered(column_words(str(name), language, table.wording)) for name in margins], language)
        if margins
        else ""
    )
    if not outcome:
        said = opening(quantity)
    elif not by:
        said = say("head", "caption", language, outcome=outcome, quantity=quantity)
    else:
        said = say("head", "caption_by", language, outcome=outcome, quantity=quantity, by=by)
    how = _how(table.frame, language)
    return (f"{said} – {how}" if how else said) + plain


def _how(frame: pd.DataFrame, language: str) -> str:
    """The method of a whole table in words, where it is not the plain one."""
    if several_methods(frame):
        return say("head", "several_methods", language)
    if not len(frame):
        return ""
    if based_on(frame, "respondents").any() and not MethodName.of(str(frame["method"].iloc[0])).named:
        return ""
    terms = [str(term) for term in frame["term"].unique()]
    model = f" ({say('term', terms[0], language)})" if len(terms) == 1 and terms[0] else ""
    return lowered(say("source", str(frame["method"].iloc[0]), language)) + model


def column_words(margin: str, language: str, wording: SurveyWording) -> str:
    """A margin in words: Region × Sex."""
    return " × ".join(column_title(wording, part, language) for part in margin.split(" × "))


def interval_words(frame: pd.DataFrame, level: float, language: str, *, family: str = "interval") -> str:
    """What the intervals of a table are called: confidence, credible, an envelope, or plainly intervals if of several kinds."""
    named = {str(kind) for kind in frame["interval_kind"] if kind}
    kinds = {kind in CREDIBLE for kind in named}
    code = family if kinds <= {False} else f"{family}.credible" if kinds == {True} else f"{family}.mixed"
    if named & ENVELOPES:
        code = f"{family}.envelope" if named <= ENVELOPES else f"{family}.mixed"
    return say("head", code, language, level=level_words(level, language))


def lowered(text: str) -> str:
    """The same text with a small initial, for the middle of a sentence; abbreviations keep theirs."""
    return text[:1].lower() + text[1:] if text[1:2].islower() else text


def unweighted_words(table: PublishedTable, language: str) -> str:
    """The word for a table in which every respondent counts the same, as it stands behind a caption."""
    return f" – {say('head', 'unweighted', language)}" if is_unweighted(table.assumptions) else ""
