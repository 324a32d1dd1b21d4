"""The rule of publication in words, with its own thresholds: marks of caution, few cases, the width of intervals."""

from __future__ import annotations

import math

from fl_estimate.reporting.naming import unit_words
from fl_estimate.reporting.published_tables import PublishedTable, PublishedTables
from fl_estimate.reporting.suppression import AT_MOST, SuppressionRule
from fl_estimate.words.numbers import number, percent
from fl_estimate.words.say import say

NOTED: frozenset[str] = frozenset({"sampler", "model"})
"""Causes of caution that are no threshold of the rule: a note says each."""


def rule_caution(published: PublishedTables, language: str) -> str:
    """What the mark of caution means, with the rule's own thresholds."""
    rule = published.rule
    noted = any(word in NOTED for table in published.tables for text in table.frame["caution"] for word in text.split())
    said = "rule_caution_noted" if noted else "rule_caution"
    return say("sentence", said, language, cv=percent(rule.caution_cv, 0, language), df=rule.caution_df)


def few_cases_note(published: PublishedTables, language: str, table: PublishedTable | None = None) -> str:
    """How few cases are treated and what that does to the figures beside them; empty where no row is so treated."""
    tables = published.tables if table is None else (table,)
    if not any((one.frame["publication"] == AT_MOST).any() for one in tables):
        return ""
    return say("sentence", "few_cases", language, most=published.rule.min_cases - 1)


def width_sentences(rule: SuppressionRule, language: str, unit: str = "persons") -> list[str]:
    """What the rule asks of the width of intervals, where it does."""
    said: list[str] = []
    if rule.min_effective_n:
        sample = unit_words(unit, "sample", language, rule.min_effective_n)
        said.append(say("sentence", "rule_effective_n", language, n=rule.min_effective_n, sample=sample))
    if rule.min_psus_with_cases:
        said.append(say("sentence", "rule_psus", language, n=rule.min_psus_with_cases))
    if rule.min_df_effective:
        said.append(say("sentence", "rule_df_effective", language, df=rule.min_df_effective))
    if math.isfinite(rule.max_relative_width):
        most = number(rule.max_relative_width, 1, language)
        said.append(say("sentence", "rule_width", language, most=most))
    if rule.sure_width:
        said.append(say("sentence", "rule_sure_width", language, width=percent(rule.sure_width, 0, language)))
    return said
