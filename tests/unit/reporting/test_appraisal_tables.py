"""Tables of the page of an appraisal, cell by cell: which figures stand in them, how they are written, which columns are words."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import pytest

import fl_estimate as fl
from fl_estimate import capture_recapture as cr
from fl_estimate.reporting.appraisals import PublishedAppraisal, in_full
from fl_estimate.reporting.formats.appraisal_page import MODELS_SHOWN, PEOPLE_SHOWN, Texts, _Page


@cache
def shown() -> PublishedAppraisal:
    """Four lists, nothing withheld."""
    counts = {
        "a": 90,
        "b": 80,
        "c": 70,
        "d": 60,
        "ab": 25,
        "ac": 20,
        "ad": 18,
        "bc": 22,
        "bd": 15,
        "cd": 12,
        "abc": 9,
        "abd": 7,
        "acd": 6,
        "bcd": 8,
        "abcd": 5,
    }
    rows = pd.DataFrame([{name: int(name in key) for name in "abcd"} | {"count": k} for key, k in counts.items()])
    return in_full(
        cr.appraise(fl.CaptureHistories.from_counts(rows, lists=list("abcd")), replicates=20, draws=100, seed=1)
    )


def tables(page: _Page) -> dict[str, Texts]:
    named = {name: getattr(page, name) for name in ("methods", "linkage", "unlistable", "models", "consistency")}
    return named | {f"changes {position}": texts for position, (_, texts) in enumerate(page.changes)}


def figures(text: str) -> list[float]:
    return [float(each) for each in re.findall(r"\d+(?:\.\d+)?", text.replace(",", ""))]


@pytest.mark.parametrize("language", ["en", "fr", "es"])
def test_columns_of_words_are_those_without_figures(language: str) -> None:
    """And the first of each table, which says what a row is of; each has a head, and every row a cell under it."""
    every = tables(_Page(shown(), language))
    assert len(every) == 9
    for name, each in every.items():
        assert each.rows, name
        assert {len(row) for row in each.rows} == {len(each.heads)}, name
        assert len(set(each.heads)) == len(each.heads)
        assert all(each.heads)
        words = {0} | {at for at in range(len(each.heads)) if not any(re.search(r"\d", row[at]) for row in each.rows)}
        assert set(each.text) == words, name


def test_rows_are_those_of_the_appraisal() -> None:
    page = _Page(shown(), "en")
    methods = page.methods.rows
    assert [row[2] for row in methods] == [page.people(value) for value in shown().methods["value"]]
    assert [row[4] == "yes" for row in methods] == shown().methods["admissible"].tolist()
    for row, (lower, upper, value) in zip(
        methods, shown().methods[["lower", "upper", "value"]].to_numpy(), strict=True
    ):
        assert row[3] == ("" if np.isnan(value) else f"{page.people(lower) or '?'}–{page.people(upper) or '?'}")
    linkage = page.linkage.rows
    assert [figures(row[0])[0] / 100 for row in linkage] == pytest.approx(shown().linkage["missed"].tolist())
    assert [row[1] for row in linkage] == [page.people(value) for value in shown().linkage["value"]]
    assert [row[1] for row in page.models.rows] == [page.people(value) for value in shown().models["population_size"]][
        :MODELS_SHOWN
    ]
    known = pd.concat(shown().consistency.values())
    assert [tuple(row[1:4]) for row in page.consistency.rows] == [
        (str(r["list"]), page.people(r["known"]), page.people(r["value"])) for r in known.to_dict("records")
    ]
    assert [row[5] for row in page.consistency.rows] == ["yes" if covers else "no" for covers in known["covers"]]


def test_changes_are_told_with_their_sign() -> None:
    page = _Page(shown(), "en")
    titles = [title for title, _ in page.changes]
    assert titles == [
        page.say(name) for name in ("leave_one_list", "merge_two_lists", "leave_one_person", "trajectory")
    ]
    lists, merged, people, fewer = (texts for _, texts in page.changes)
    assert [row[0] for row in lists.rows] == shown().leave_one_list["changed"].tolist()
    assert [row[1] for row in merged.rows] == [page.people(value) for value in shown().merge_two_lists["value"]]
    first = shown().leave_one_person.head(PEOPLE_SHOWN)
    assert len(people.rows) == len(first)
    assert [row[2] for row in people.rows] == [page._signed(change) for change in first["change"]]
    assert [page._signed(change) for change in (12.0, -3.2, 0.0)] == ["+12", "−3", "0"]
    for row, record in zip(fewer.rows, shown().trajectory.to_dict("records"), strict=True):
        assert figures(row[0])[0] == pytest.approx(100 * record["share"])
        assert figures(row[1]) == pytest.approx(
            [record[name] for name in ("median", "lower_quartile", "upper_quartile")], abs=0.051
        )
    assert [page._times(value) for value in (1.25, float("nan"))] == ["1.2", "?"]
    # Of an appraisal that hides what these would tell there is nothing.
    assert list(_Page(replace(shown(), leave_one_person=shown().leave_one_person.iloc[:0]), "en").changes) == []
    # A method that refused says why in place of an interval.
    refused = shown().leave_one_list.assign(refused="FL-EST-99")
    assert next(iter(_Page(replace(shown(), leave_one_list=refused), "en").changes))[1].rows[0][2] == page.say(
        "why.refused"
    )


def test_people_whom_no_list_can_meet() -> None:
    """The envelope divided by the share whom lists can meet, in two digits."""
    page = _Page(replace(shown(), envelope=(1234.0, 1996.0)), "en")
    assert page.unlistable.rows == [
        ["10%", "1,400–2,200"],
        ["20%", "1,500–2,500"],
        ["30%", "1,800–2,900"],
        ["40%", "2,100–3,300"],
    ]
    for ends in ((np.nan, 1996.0), (1234.0, np.nan), (np.nan, np.nan)):
        assert _Page(replace(shown(), envelope=ends), "en").unlistable.rows == []
    assert [page._rough(value) for value in (7.4, 96.0, 1_249.0, 1_251.0, 987_654.0, 0.4)] == [
        "7",
        "96",
        "1,200",
        "1,300",
        "990,000",
        "0",
    ]


def test_a_page_is_of_lists_with_a_hash_where_one_may_be_printed() -> None:
    given = shown()
    told = list(_Page(given, "en").provenance)
    assert told[0] == (_Page(given, "en").say("source"), "a, b, c, d", False)
    assert told[-1][1].startswith("fl_estimate ")
    assert told[-1][1].endswith("seed 1")
    marked = replace(given, provenance=replace(given.provenance, source_sha256="f" * 64))
    bare = replace(given, provenance=replace(given.provenance, source_sha256=""))
    assert [(text, code) for _, text, code in _Page(marked, "en").provenance if code] == [("f" * 64, True)]
    assert not [text for _, text, code in _Page(bare, "en").provenance if code]
