"""Ranges from rounding, verdicts, and what a reader is shown of a figure that was computed again: by hand, one by one."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fl_estimate.errors import FlError
from fl_estimate.reproduce.computing import MOST_CORNERS, range_of
from fl_estimate.reproduce.figures import Input, figure
from fl_estimate.reproduce.formulas import FormulaError, read_formula
from fl_estimate.reproduce.reproduction import (
    COLUMNS,
    Outcome,
    Reproduction,
    Rounded,
    heads,
    judge,
    lines,
    monte_carlo,
    noted_difference,
    summary,
    written,
)

SHARED: dict[str, Any] = {
    "id": "a-figure", "description": "", "document": "A report", "page": "p. 3", "status": "verified", "printed": "24.8",
    "unit": "million", "expected": True, "reason": "", "note": "", "strength": "", "inputs": (), "tables": (), "tests": "arithmetic",
}  # fmt: skip


def given(value: float, halfwidth: float = 0.0) -> Input:
    return figure("x", value, halfwidth)


def judged(ours: Rounded, published: Any, half: float = 0.05, **settings: Any) -> Outcome:
    shared = {**SHARED, "expected": settings.pop("expected", True)} if "expected" in settings else SHARED
    values = [] if published is None else published if isinstance(published, list) else [published]
    return judge(shared, ours, values, half, words="a + b", function="synthesis.add", **settings)


@pytest.mark.parametrize("many", [2, MOST_CORNERS, MOST_CORNERS + 1, 2 * MOST_CORNERS])
def test_every_input_moves_by_half_its_last_digit(many: int) -> None:
    """Of a − b − b … by hand: the first up and all others down is the most, the reverse the least; a part without rounding stays."""
    into = (given(100.0, 0.5), *(given(1.0, 0.05) for _ in range(many - 1)), given(7.0))
    found = range_of(lambda x: x[0] - x[1:-1].sum(axis=0) + x[-1], into)
    middle, most = 100 - (many - 1) + 7, 0.5 + 0.05 * (many - 1)
    assert (found.value, found.lower, found.upper) == pytest.approx((middle, middle - most, middle + most), abs=1e-9)


def test_figures_without_rounding_have_no_range() -> None:
    assert range_of(lambda x: x[0] * x[1], (given(3.0), given(4.0))) == Rounded(12.0, 12.0, 12.0)


def test_each_combination_is_tried_where_the_way_of_a_figure_turns() -> None:
    """(a − 1)² at a = 1 ± 0.5 is 0 in the middle and 0.25 at both ends; a · b at 0 ± 1 each is −1 to 1, though neither moves it alone."""
    assert range_of(lambda x: (x[0] - 1) ** 2, (given(1.0, 0.5),)) == Rounded(0.0, 0.0, 0.25)
    assert range_of(lambda x: x[0] * x[1], (given(0.0, 1.0), given(0.0, 1.0))) == Rounded(0.0, -1.0, 1.0)


def test_what_the_rounding_allows_must_be_a_number() -> None:
    with pytest.raises(FormulaError, match="no number"):
        range_of(lambda x: read_formula("log(a)")({"a": x[0]}), (given(0.5, 0.5),))


@pytest.mark.parametrize(
    ("ours", "published", "settings", "verdict", "agrees", "exact"),
    [
        (Rounded(24.84, 24.0, 26.0), 24.8, {}, "prints_same", True, True),
        (Rounded(24.85, 24.85, 24.85), 24.8, {}, "prints_same", True, True),  # on the edge
        (Rounded(25.0, 24.84, 26.0), 24.8, {}, "within_rounding", True, False),
        (Rounded(24.0, 23.0, 24.76), 24.8, {}, "within_rounding", True, False),
        (Rounded(25.0, 24.86, 26.0), 24.8, {}, "differs", False, False),
        (Rounded(24.0, 23.0, 24.74), 24.8, {}, "differs", False, False),
        (Rounded(25.0, 24.86, 26.0), 24.8, {"expected": False}, "known_difference", False, False),
        (Rounded(24.8, 24.8, 24.8), 24.8, {"expected": False}, "unexpected_agreement", True, True),
        # Of case lists the range is the interval, and says nothing of whether the value prints the same.
        (Rounded(25.0, 20.0, 30.0), 24.8, {"of_lists": True}, "differs", False, False),
        (Rounded(25.0, 20.0, 30.0), 24.8, {"of_lists": True, "allowed": ((24.84, 25.2),)}, "within_monte_carlo", True, False),
        (Rounded(25.0, 20.0, 30.0), 24.8, {"of_lists": True, "allowed": ((24.86, 25.2),)}, "differs", False, False),
        (Rounded(24.8, 20.0, 30.0), 24.8, {"of_lists": True, "allowed": ((24.7, 24.9),)}, "prints_same", True, True),
        # An interval agrees where both limits do.
        (Rounded(25.0, 20.04, 30.04), [20.0, 30.0], {}, "prints_same", True, None),
        (Rounded(25.0, 20.04, 30.1), [20.0, 30.0], {}, "differs", False, None),
        (Rounded(25.0, 19.9, 30.04), [20.0, 30.0], {}, "differs", False, None),
        (Rounded(25.0, 20.04, 30.3), [20.0, 30.0], {"of_lists": True, "allowed": ((-np.inf, 20.2), (30.04, 31))}, "within_monte_carlo", True, None),
        (Rounded(25.0, 20.2, 30.3), [20.0, 30.0], {"of_lists": True, "allowed": ((20.06, 20.3), (30.04, 31))}, "differs", False, None),
        (Rounded(25.0, 20.2, 30.3), [20.0, 30.0], {"of_lists": True, "allowed": ((19.0, 21.0), (30.06, 31))}, "differs", False, None),
        (Rounded(25.0, 20.0, 30.0), None, {}, "differs", False, None),
        (Rounded(25.0, 20.0, 30.0), None, {"expected": False}, "known_difference", False, None),
    ],
)  # fmt: skip
def test_verdicts(
    ours: Rounded, published: Any, settings: dict[str, Any], verdict: str, agrees: bool, exact: bool | None
) -> None:
    found = judged(ours, published, **settings)
    assert (found.verdict, found.agrees, found.exact) == (verdict, agrees, exact)
    assert (found.computed, found.lower, found.upper) == (ours.value, ours.lower, ours.upper)
    assert (found.words, found.function, found.id) == ("a + b", "synthesis.add", "a-figure")
    assert found.failed == (verdict == "differs")


def test_two_runs_of_a_sampler() -> None:
    """Three standard errors of a difference: 3 √(3² + 4²); one that is not sampled prints the same each time."""
    assert monte_carlo(3.0, 4.0) == 15.0
    assert monte_carlo(0.3, 0.4) == pytest.approx(1.5)
    assert monte_carlo(0.0, 4.0) == 0.0


@pytest.mark.parametrize(
    ("ours", "told", "expected"),
    [(100.0, 101.0, 101.0), (100.0, 100.009, None), (100.0, 100.02, 100.02), (100.0, 100, None), (1.0, True, None),
     (100.0, "101", None), (100.0, None, None), (100.0, float("nan"), None), (0.0, 0, None), (-100.0, 100, 100.0)],
)  # fmt: skip
def test_a_figure_that_its_writer_computed_otherwise(ours: float, told: Any, expected: float | None) -> None:
    assert noted_difference(ours, told) == expected


@pytest.mark.parametrize(
    ("value", "text"),
    [(float("nan"), ""), (float("inf"), ""), (1234.5678, "1,235"), (1000.0, "1,000"), (999.96, "1,000.0"), (123.456, "123.5"), (100.0, "100.0"),
     (99.9, "99.90"), (12.345678, "12.35"), (10.0, "10.00"), (9.8765, "9.877"), (-1234.5, "−1,234"), (-12.3456, "−12.35"), (0.0, "0.000")],
)  # fmt: skip
def test_figures_have_the_digits_that_their_size_calls_for(value: float, text: str) -> None:
    assert written(value).replace("-", "−") == text


def test_what_the_terminal_shows_of_a_target() -> None:
    agreed = judged(Rounded(24.84, 24.0, 26.0), 24.8)
    sampled = judged(Rounded(25.0, 20.0, 30.0), 24.8, of_lists=True, allowed=((24.6, 25.4),))
    absent = Outcome(**{**SHARED, "status": "", "reason": "no such list"})
    assert lines(Reproduction(outcomes=(agreed,))) == [
        ["a-figure", agreed.tests_words(), "24.8 million", "24.84", "24.00–26.00", agreed.verdict_words()]
    ]
    assert sampled.verdict_words() == "within the chance of two runs (24.60–25.40)"
    ends = replace(sampled, allowed=((-np.inf, 754.0), (1204.6, np.inf), (-np.inf, np.inf)))
    assert ends.verdict_words().replace("\u00a0", " ").endswith("(≤ 754.0, ≥ 1,205, –)")
    # One that differs is not told a slack that it is not within, and one that was not computed has no figure.
    assert "25.40" not in replace(sampled, verdict="differs").verdict_words()
    assert lines(Reproduction(outcomes=(absent,)))[0][2:5] == [f"24.8 million [{absent.mark()}]", "", ""]
    assert absent.verdict_words().endswith(": no such list")
    assert "no such list" not in replace(agreed, reason="no such list").verdict_words()
    assert "25.5" in replace(agreed, author=25.5).verdict_words()
    marks = {replace(agreed, status=status).mark() for status in ("verified", "secondary", "")}
    assert len(marks) == 3
    assert replace(agreed, status="anything").mark() == absent.mark()
    assert agreed.source() == f"A report, p. 3 [{agreed.mark()}]"
    assert replace(agreed, page="").source() == f"A report [{agreed.mark()}]"
    assert replace(agreed, document="").source().partition(",")[0] not in ("", "A report")
    long = replace(agreed, printed="1" * 41, unit="")
    assert lines(Reproduction(outcomes=(long,)))[0][2] == "1" * 39 + "…"
    assert lines(Reproduction(outcomes=(replace(long, printed="1" * 40),)))[0][2] == "1" * 40


def test_a_summary_counts_what_needs_a_look_first() -> None:
    agreed, differs = judged(Rounded(24.8, 24.8, 24.8), 24.8), judged(Rounded(30.0, 30.0, 30.0), 24.8)
    every = Reproduction(outcomes=(agreed, differs, agreed))
    assert every.counts() == {"differs": 1, "prints_same": 2}
    assert list(every.counts()) == ["differs", "prints_same"]
    assert not every.ok
    assert Reproduction(outcomes=(agreed,)).ok
    assert [part.rsplit(": ", 1)[1] for part in summary(every).split("; ")] == ["1", "2"]
    assert summary(every, "fr").count("\u202f; ") == 1


def test_a_table_of_targets(tmp_path: Path) -> None:
    absent = Outcome(**SHARED)
    every = Reproduction(
        outcomes=(judged(Rounded(24.84, 24.0, 26.0), 24.8), judged(Rounded(30, 30, 30), [1.0, 2.0]), absent)
    )
    frame = every.to_frame()
    assert list(frame.columns) == list(COLUMNS)
    assert np.isnan(frame["computed"][2])
    with every.to_csv(tmp_path / "targets.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    shown = [(row["computed"], row["lower"], row["upper"], row["agrees"], row["exact_after_rounding"]) for row in rows]
    assert shown == [("24.84", "24", "26", "true", "true"), ("30", "30", "30", "false", ""), ("", "", "", "false", "")]
    assert {row["source"] for row in rows} == {absent.source()}
    assert [row["verdict"] for row in rows] == [each.verdict_words() for each in every.outcomes]
    assert list(Reproduction(outcomes=()).to_frame().columns) == list(COLUMNS)


def test_a_page_of_targets(tmp_path: Path) -> None:
    parts = (
        replace(
            given(17.3, 0.05), label="forced labour", symbol="a", document="A report", page="p. 4", table="Table 2"
        ),
        replace(given(6.3), label="sexual", document="Another", unit="million"),
    )
    shown = {
        **SHARED,
        "inputs": parts,
        "tables": ("lists.csv",),
        "note": "a remark",
        "strength": "strong",
        "description": "Everybody",
    }
    outcome = judge(
        shown, Rounded(23.6, 23.55, 23.65), [23.6], 0.05, words="a plus b", function="synthesis.add", of_lists=False
    )
    page = Reproduction(outcomes=(outcome,)).to_html(tmp_path / "page.html").read_text(encoding="utf-8")
    for text in ("forced labour", "a = 17.3 ± 0.05 — A report, p. 4, Table 2", "6.3 million — Another", "a remark", "strong", "a plus b", "synthesis.add",
                 "23.55–23.65", "24.8 million", outcome.source()):  # fmt: skip
        assert text in page, text
    assert "arithmetic among printed figures" in page
    assert "lists.csv" not in page  # tables are told of figures from case lists
    of_lists = replace(outcome, of_lists=True, note="")
    page = Reproduction(outcomes=(of_lists,)).to_html(tmp_path / "page.html").read_text(encoding="utf-8")
    assert "lists.csv" in page
    assert "a remark" not in page


def test_those_estimated_from_data_come_first_and_are_counted_apart() -> None:
    kinds = ("", "identity", "estimated", "arithmetic", "estimated")
    made = Reproduction.of(
        replace(judged(Rounded(24.8, 24.8, 24.8), 24.8), tests=kind, id=str(at)) for at, kind in enumerate(kinds)
    )
    assert [each.id for each in made.outcomes] == ["2", "4", "3", "1", "0"]
    assert made.counts_by_tests() == {
        "estimated": {"prints_same": 2}, "arithmetic": {"prints_same": 1}, "identity": {"prints_same": 1}, "": {"prints_same": 1},
    }  # fmt: skip
    first, *rest = summary(made).splitlines()
    assert first == "prints the same: 5"
    assert [line.strip().partition(" – ")[0] for line in rest] == [
        "estimated from data", "arithmetic among printed figures", "identity", "not tested"
    ]  # fmt: skip
    assert len(summary(Reproduction.of(made.outcomes[:2])).splitlines()) == 1


def test_the_width_of_the_range_is_said_in_each_language() -> None:
    """24.0 to 26.0 is 2 wide, 8.1 % of 24.84; of nothing it is no share."""
    found = judged(Rounded(24.84, 24.0, 26.0), 24.8)
    assert "range 2.0 wide, 8.1% of the figure" in found.verdict_words()
    for language, share in (("fr", "8,1\u202f%"), ("es", "8,1\u202f%")):
        assert share in found.verdict_words(language).replace("\u00a0", "\u202f")
    assert "wide" not in judged(Rounded(24.8, 24.8, 24.8), 24.8).verdict_words()
    assert "wide" not in judged(Rounded(24.8, 20.0, 30.0), 24.8, of_lists=True).verdict_words()
    assert judged(Rounded(0.0, -1.0, 1.0), 0.0).verdict_words() == "prints the same (range 2.0 wide)"
    assert "range 0.0000012 wide" in judged(Rounded(24.8, 24.8, 24.8000012), 24.8).verdict_words()


def test_heads_of_the_table_in_a_language_that_there_is() -> None:
    for language in ("en", "fr", "es"):
        found = heads(language)
        assert len(found) == len(set(found)) == 6
    assert heads("en") != heads("fr") != heads("es")
    with pytest.raises(FlError):
        heads("de")


def test_what_was_not_computed_has_no_slack_of_a_sampler() -> None:
    absent = Outcome(**{**SHARED, "verdict": "not_computed"})
    assert "±" not in absent.verdict_words()
    assert (absent.agrees, absent.exact, absent.of_lists, absent.author) == (False, None, False, None)
    assert np.isnan([absent.computed, absent.lower, absent.upper]).all()
