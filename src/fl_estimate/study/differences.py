"""What changed between two result folders, as a value: for the terminal, as CSV and as a page in the language asked for."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from fl_estimate.neutral import one_line
from fl_estimate.pages.frames import csv_text, html_table
from fl_estimate.pages.template import page
from fl_estimate.reporting.writing import write_bytes
from fl_estimate.study.figure_changes import LABELS, SAME, TOLD_APART, UNTOLD, summary
from fl_estimate.study.input_changes import table_rows
from fl_estimate.words.languages import check_language, words_of
from fl_estimate.words.numbers import MINUS, number, spread
from fl_estimate.words.periods import period as period_in
from fl_estimate.words.say import named, say
from fl_estimate.words.spaces import with_spaces

QUIET: tuple[str, ...] = (SAME, UNTOLD)
"""Rows of which nothing is to be told but how many there are."""
STEP: tuple[str, ...] = ("step", "before", "after", "change")
NOT_AT_HAND = " (not at hand)"
"""After inputs of a step that could not be brought to the other side, as the frame and the CSV file have it."""
FAMILY = "change"


@dataclass(frozen=True, kw_only=True, eq=False)
class Differences:
    """What changed between two result folders, and what differs in what they were made of. Made by `fl.diff`.

    Attributes
    ----------
    before, after : str
        Names of the folders.
    figures : pandas.DataFrame
        A row for every row of either folder: labels, `status`, and of figures that both print what they were and are, the `change` in
        their unit, in per cent and in standard errors. A row that either folder withholds, or that one of them has not, has no numbers.
    inputs : pandas.DataFrame
        `what`, `name`, `before`, `after` of every input that differs; empty where none does.
    texts : mapping of str to list of str
        The lines that differ of mappings, frameworks and the study, where both folders keep them.
    steps : pandas.DataFrame or None
        With ``rerun=True``: for each figure that changed the steps from one to the other, one input at a time. The `change` of
        the steps of a figure add up to that of the figure.
    """

    before: str
    after: str
    figures: pd.DataFrame
    inputs: pd.DataFrame
    texts: Mapping[str, Sequence[str]] = field(default_factory=dict[str, list[str]])
    steps: pd.DataFrame | None = None

    @property
    def same(self) -> bool:
        """Whether every published figure, interval and status is as it was."""
        return bool(self.figures["status"].isin(QUIET).all())

    @property
    def changed(self) -> pd.DataFrame:
        """The rows of `figures` of which something is to be told."""
        return self.figures[~self.figures["status"].isin(QUIET)].reset_index(drop=True)

    def counts(self) -> dict[str, int]:
        """How many rows have each status."""
        return summary(self.figures)

    def to_frame(self) -> pd.DataFrame:
        """`figures`."""
        return self.figures.copy()

    def to_csv(self, path: str | Path) -> Path:
        """Write `figures` as UTF-8 CSV, empty where there is no number.

        Where there are such, ``<stem>.inputs.csv`` and ``<stem>.steps.csv`` are written beside it.
        """
        written = write_bytes(Path(path), _csv(self.figures))
        for name, frame in (("inputs", self.inputs), ("steps", self.steps)):
            if frame is not None and len(frame):
                write_bytes(written.with_name(f"{written.stem}.{name}.csv"), _csv(frame))
        return written

    def to_html(self, path: str | Path, language: str = "en") -> Path:
        """Write a page that stands alone, in English ("en"), French ("fr") or Spanish ("es")."""
        check_language(language)
        return write_bytes(Path(path), _page(self, language).encode())

    def __repr__(self) -> str:
        counted = ", ".join(f"{count} {status}" for status, count in self.counts().items())
        return f"Differences of {one_line(self.before)} and {one_line(self.after)}: {counted or 'no rows'}; {len(self.inputs)} inputs differ"

    def _repr_html_(self) -> str:
        return html_table(self.changed)


def counted(given: Differences, language: str = "en") -> str:
    """How many rows have each status, in one line."""
    between = with_spaces("1; ", words_of(language))[1:]
    return between.join(
        named(_say(f"status.{status}", language), number(count, 0, language), language)
        for status, count in given.counts().items()
    )


def figure_heads(language: str = "en") -> list[str]:
    """Heads of the table of figures."""
    names = ("figure", "status", "before", "after", "change", "percent", "errors")
    return [_say(f"head_{name}", language) for name in names]


def figure_lines(given: Differences, language: str = "en") -> list[list[str]]:
    """One line for each row of which something is to be told."""
    return [_figure_line(record, language) for record in given.changed.to_dict("records")]


def input_heads(language: str = "en") -> list[str]:
    """Heads of the table of inputs."""
    return [_say(f"head_{name}", language) for name in ("what", "name", "before", "after")]


def input_lines(given: Differences, language: str = "en") -> list[list[str]]:
    """One line for each input that differs."""
    return [[_say(f"input.{what}", language), *rest] for what, *rest in table_rows(given.inputs)]


def step_heads(language: str = "en") -> list[str]:
    """Heads of the table of steps."""
    return [_say(f"head_{name}", language) for name in ("figure", "step", "before", "after", "change")]


def step_lines(given: Differences, language: str = "en") -> list[list[str]]:
    """One line for each step of each figure, the figure named once."""
    lines: list[list[str]] = []
    last = ""
    for record in [] if given.steps is None else given.steps.to_dict("records"):
        name = _name(record, language)
        decimals = _decimals(record["before"], record["after"], math.nan)
        numbers = [number(record["before"], decimals, language), number(record["after"], decimals, language)]
        step = _step(str(record["step"]), language)
        lines.append([name if name != last else "", step, *numbers, _signed(record["change"], decimals, language)])
        last = name
    return lines


def tables(given: Differences, language: str = "en") -> list[tuple[str, list[str], list[list[str]]]]:
    """What the terminal shows: a title, heads and lines each; the title says it where there are none."""
    figures, inputs = figure_lines(given, language), input_lines(given, language)
    shown = [
        (_say("figures" if figures else "no_figures", language), figure_heads(language), figures),
        (_say("inputs" if inputs else "no_inputs", language), input_heads(language), inputs),
    ]
    if given.steps is not None and len(given.steps):
        title = f"{_say('steps', language)}. {_say('steps_rule', language)}"
        shown.insert(1, (title, step_heads(language), step_lines(given, language)))
    return shown


def _figure_line(record: Mapping[Any, Any], language: str) -> list[str]:
    """A figure with its interval before and after; of upper limits the limits alone."""
    errors = [record["se_before"], record["se_after"]]
    decimals = _decimals(record["before"], record["after"], *errors)
    sides = [_side(record, side, decimals, language) for side in ("before", "after")]
    moved = [
        _signed(record["change"], decimals, language),
        _signed(record["percent"], 1, language),
        _signed(record["standard_errors"], 2, language),
    ]
    return [_name(record, language), _say(f"status.{record['status']}", language), *sides, *moved]


def _side(record: Mapping[Any, Any], side: str, decimals: int, language: str) -> str:
    value, lower, upper = (float(record[name]) for name in (side, f"lower_{side}", f"upper_{side}"))
    if not math.isfinite(value) and not math.isfinite(lower):
        return f"≤\u00a0{number(upper, _decimals(upper, upper, math.nan), language)}" if math.isfinite(upper) else ""
    both = math.isfinite(lower) and math.isfinite(upper)
    ends = f"({spread(number(lower, decimals, language), number(upper, decimals, language), language)})" if both else ""
    return " ".join(part for part in (number(value, decimals, language), ends) if part)


def _name(record: Mapping[Any, Any], language: str) -> str:
    """A row in a few words: its table, what is measured of what, and where."""
    outcome, bound = str(record["outcome"]), str(record["bound"])
    what = [say("quantity", str(record["quantity"]), language), say("outcome", outcome, language) if outcome else ""]
    by = [
        (period_in(value, language) if name == "period" else value) if name in TOLD_APART else f"{name} {value}"
        for name, value in record.items() if name not in _FIXED and isinstance(value, str) and value
    ]  # fmt: skip
    parts = [*what, str(record["term"]), say("head", f"bound.{bound}", language) if bound else "", *by]
    return named(str(record["estimate"]), ", ".join(part for part in parts if part), language)


_FIXED = frozenset({"estimate", *LABELS, "bound", "status", *STEP})


def _step(step: str, language: str) -> str:
    """The inputs that a step changed, in words."""
    absent = step.endswith(NOT_AT_HAND)
    pieces = " + ".join(_say(f"input.{each}", language) for each in step.removesuffix(NOT_AT_HAND).split(" + "))
    return say(FAMILY, "not_at_hand", language, pieces=pieces) if absent else pieces


def _signed(value: float, decimals: int, language: str) -> str:
    if not math.isfinite(value):
        return ""
    written = number(value, decimals, language)
    return written if written.startswith(MINUS) or not value else f"+{written}"


def _decimals(before: float, after: float, *errors: float) -> int:
    """As many as the figures were printed with: the fewest by which they can be told apart from what they were rounded to."""
    known = [abs(each) for each in (before, after, *errors) if math.isfinite(each) and each]
    return max((_own(each) for each in known), default=0)


def _own(value: float) -> int:
    """Decimals of a number that was rounded once, without the digits of binary fractions."""
    text = f"{value:.10g}"
    whole, _, power = text.partition("e")
    return min(max(0, len(whole.partition(".")[2]) - int(power or 0)), 12)


def _csv(frame: pd.DataFrame) -> bytes:
    written = frame.copy()
    for name in written.select_dtypes("float"):
        written[name] = [f"{value:.10g}" if math.isfinite(value) else "" for value in written[name]]
    return csv_text(written).encode()


def _page(given: Differences, language: str) -> str:
    stepped = given.steps is not None and len(given.steps) > 0
    return page(
        "fl_estimate.study",
        "differences.html",
        language=language,
        title=_say("title", language),
        facts=[
            say(FAMILY, "folders", language, before=given.before, after=given.after), counted(given, language)
        ],
        rule=_say("rule", language),
        figures=(_say("figures", language), figure_heads(language), figure_lines(given, language), _say("no_figures", language)),
        inputs=(_say("inputs", language), input_heads(language), input_lines(given, language), _say("no_inputs", language)),
        texts=[(say(FAMILY, "texts", language, name=name), "\n".join(lines)) for name, lines in given.texts.items()],
        steps=(_say("steps", language), _say("steps_rule", language), step_heads(language), step_lines(given, language)) if stepped else None,
    )  # fmt: skip


def _say(code: str, language: str) -> str:
    return say(FAMILY, code, language)
