"""The answers of the synthetic country give its true classes when all are known, and bracket them as they are heard."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from importlib.resources import files
from typing import Any

import numpy as np
import pandas as pd
import pytest

from fl_estimate.datasets.answers import classify_codes
from fl_estimate.datasets.country import Population, Survey
from fl_estimate.datasets.questionnaire import COLUMNS, ITEMS, STATE_FIELDS

# A second reading of icls2018_adult, one row at a time, in words and with Python's own min and max: it shares nothing
# with the arithmetic of datasets.answers but the framework's file, which says what counts under which dimension.
FALSE, UNKNOWN, TRUE = 0, 1, 2
BINARY = {1: "yes", 2: "no", 7: "missing", 8: "dk", 9: "ref"}
COERCION = {1: "experienced", 2: "threatened", 3: "witnessed", 4: "no", 7: "missing", 8: "dk", 9: "ref"}
GROUND = {1: "E1", 2: "E2", 3: "E3", 4: "E4", 5: "E5", 6: "none", 7: "missing", 8: "dk", 9: "ref"}
PURPOSE = {1: "a", 2: "b", 3: "c", 4: "d", 5: "e", 6: "none", 7: "missing", 8: "dk", 9: "ref"}
STATE_WORDS = (BINARY, BINARY, GROUND, BINARY, PURPOSE)

Answers = dict[str, str]


def framework_items() -> dict[str, set[str]]:
    """The items that count for each dimension as they stand, from the framework's own file; a debt at recruitment too.

    The questionnaire does not ask whether the work was accepted freely, so that nothing limits the debt.
    """
    path = files("fl_estimate.indicators") / "frameworks" / "icls2018_adult.toml"
    found: dict[str, set[str]] = {}
    for indicator in tomllib.loads(path.read_text(encoding="utf-8"))["indicators"]:
        found.setdefault(indicator["dimension"], set()).update(indicator.get("items_any_of", []))
    found["involuntary_work"].add("r_debt_linked")
    return found


COUNTED = framework_items()
QUALIFIED = {"w_low_no_wage": "r_dec_wages", "w_living_degrading": "r_dec_conditions"}
"""Very low or no wages and degrading living conditions count "when undertaken under deception or uninformed"."""


def meaning(answer: str, true: Iterable[str]) -> int:
    if answer in {"dk", "ref", "missing", "not_asked"}:
        return UNKNOWN
    return TRUE if answer in true else FALSE


def classify_row(answers: Answers) -> int:
    """TRUE in forced labour, UNKNOWN undetermined, FALSE not, under icls2018_adult for an adult with this work."""
    positive = {"yes", "experienced", "threatened", "witnessed"}
    involuntary, coerced = (
        max(meaning(answer, positive) for field, answer in answers.items() if field.split("@")[0] in COUNTED[dimension])
        for dimension in ("involuntary_work", "coercion")
    )
    for circumstance, deceived in QUALIFIED.items():
        counts = min(meaning(answers[circumstance], positive), meaning(answers[deceived], positive))
        involuntary = max(involuntary, counts)
    excepted = min(
        meaning(answers["state_exception"], {"E1", "E2", "E3", "E4", "E5"}),
        meaning(answers["state_exception_conditions_met"], {"yes"}),
    )
    by_state = min(
        meaning(answers["state_imposed_by_state"], {"yes"}),
        meaning(answers["state_penalty"], {"yes"}),
        max(TRUE - excepted, meaning(answers["state_c105"], {"a", "b", "c", "d", "e"})),
    )
    return max(min(involuntary, coerced), by_state)


def words(items: Iterable[Any], state: Iterable[Any]) -> Answers:
    """Put the codes of one row into words; a blank is a no where a filter question was asked, else not asked."""
    answers: Answers = {}
    for column, code in zip(COLUMNS, items, strict=True):
        item = ITEMS[column.item]
        known = COERCION if item.dimension == "coercion" else BINARY
        answers[column.field] = known.get(code, "no" if item.filter else "not_asked")
    for (_, field, _), code, known in zip(STATE_FIELDS, state, STATE_WORDS, strict=True):
        answers[field] = known.get(code, "not_asked")
    return answers


def test_the_row_by_row_reading_knows_three_values():
    """Worked by hand from shared rules: any_of the phases, both dimensions in one work, Kleene's tables."""
    nothing = words([2 if ITEMS[c.item].dimension != "coercion" else 4 for c in COLUMNS], [2, -1, -1, -1, -1])
    assert classify_row(nothing) == FALSE
    agreed = nothing | {"w_low_no_wage": "yes"}
    assert classify_row(agreed | {"c_docs@leave": "threatened"}) == FALSE
    assert classify_row(agreed | {"r_dec_wages": "dk", "c_docs@leave": "threatened"}) == UNKNOWN
    one = agreed | {"r_dec_wages": "yes"}
    assert classify_row(one) == FALSE
    assert classify_row(one | {"c_docs@leave": "threatened"}) == TRUE
    assert classify_row(one | {"c_docs@leave": "ref"}) == UNKNOWN
    assert classify_row(nothing | {"r_dec_wages": "yes", "c_docs@leave": "experienced"}) == FALSE
    imposed = {"state_imposed_by_state": "yes", "state_penalty": "yes", "state_exception": "E3"}
    assert classify_row(nothing | imposed | {"state_exception_conditions_met": "no", "state_c105": "none"}) == TRUE
    assert classify_row(nothing | imposed | {"state_exception_conditions_met": "yes", "state_c105": "none"}) == FALSE
    assert classify_row(nothing | imposed | {"state_exception_conditions_met": "yes", "state_c105": "b"}) == TRUE
    assert classify_row(nothing | imposed | {"state_exception_conditions_met": "dk", "state_c105": "none"}) == UNKNOWN


def test_true_answers_give_the_true_class(country: Population):
    jobs = country.jobs
    other = np.flatnonzero(jobs.route == 0)
    told = (jobs.answers[other] != np.median(jobs.answers, axis=0)).any(axis=1)
    rows = np.concatenate([np.flatnonzero(jobs.route > 0), other[told][::20], other[jobs.state[other, 0] == 1][::4]])
    assert len(rows) > 8_000
    found = [classify_row(words(jobs.answers[row], jobs.state[row])) for row in rows]
    np.testing.assert_array_equal(np.array(found), np.where(jobs.route[rows] > 0, TRUE, FALSE))


def test_heard_answers_classify_as_row_by_row(surveyed: Survey, office: pd.DataFrame):
    """Read from the office's file, so that the file, too, holds what was classified."""
    working = office[office["Q201"].notna()]
    names = [column.name for column in COLUMNS], [name for name, _, _ in STATE_FIELDS]
    items, state = (working[list(part)].fillna(-1).to_numpy(dtype=int) for part in names)
    found = np.array([classify_row(words(*row)) for row in zip(items, state, strict=True)])
    order = np.argsort(surveyed.sample.respondent[surveyed.working])
    surely, possibly = classify_codes(surveyed.heard)
    np.testing.assert_array_equal(found == TRUE, surely[order])
    np.testing.assert_array_equal(found >= UNKNOWN, possibly[order])


def test_nobody_is_surely_what_he_is_not(country: Population, surveyed: Survey):
    """Answers are true or not given, so surely <= truth <= possibly for every person."""
    surely, possibly = classify_codes(surveyed.heard)
    job = country.people.job[surveyed.sample.respondent[surveyed.working]]
    truly = country.jobs.route[job] > 0
    assert not (surely & ~truly).any()
    assert not (truly & ~possibly).any()
    assert surely.sum() < truly.sum() < possibly.sum()


@pytest.mark.parametrize(("filter_name", "number"), [("debt", "Q205"), ("lodging", "Q206")])
def test_filtered_questions_are_blank_exactly_where_the_filter_says_no(
    office: pd.DataFrame, filter_name: str, number: str
):
    working = office[office["Q201"].notna()]
    for column in COLUMNS:
        if ITEMS[column.item].filter == filter_name:
            assert (working[column.name].isna() == (working[number] == 2)).all()


def test_sensitive_questions_are_not_put_to_proxies_and_nothing_else_is_left_out(office: pd.DataFrame):
    working = office[office["Q201"].notna()]
    by_proxy = working["PROXY"].notna()
    assert by_proxy.sum() > 500
    for column in COLUMNS:
        item = ITEMS[column.item]
        if item.sensitive:
            assert (working[column.name].isna() == by_proxy).all()
        elif not item.filter:
            assert working[column.name].notna().all()


def test_those_in_forced_labour_and_proxies_answer_less(country: Population, surveyed: Survey):
    """More item non-response for both: the gap between surely and truth is no accident of chance."""
    unknown = np.isin(surveyed.heard.items, [7, 8, 9]).mean(axis=1)
    job = country.people.job[surveyed.sample.respondent[surveyed.working]]
    forced = country.jobs.route[job] > 0
    proxy = surveyed.sample.proxy[surveyed.working] >= 0
    assert unknown[forced].mean() > 5 * unknown[~forced].mean()
    assert unknown[proxy & ~forced].mean() > 1.3 * unknown[~proxy & ~forced].mean()


def test_every_code_of_no_answer_occurs(office: pd.DataFrame):
    columns = [column.name for column in COLUMNS]
    met = set(pd.concat([office[column] for column in columns]).dropna())
    assert met == {1, 2, 3, 4, 7, 8, 9}
