"""Outcomes of reproducing published figures: verdicts, what each tests, and the table as frame, CSV or page."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd

from fl_estimate.pages.frames import csv_text
from fl_estimate.pages.template import page
from fl_estimate.reporting.writing import write_bytes
from fl_estimate.reproduce.figures import Input
from fl_estimate.words.languages import check_language, words_of
from fl_estimate.words.numbers import number, percent, spread
from fl_estimate.words.say import named, say
from fl_estimate.words.spaces import with_spaces

Tests = Literal["estimated", "arithmetic", "identity", ""]
"""What a figure tests: an estimator on data, arithmetic among printed figures, whether a table adds up; nothing."""
COLUMNS: tuple[str, ...] = (
    "id", "tests", "source", "printed", "computed", "lower", "upper", "agrees", "exact_after_rounding", "verdict",
)  # fmt: skip
VERDICTS: tuple[str, ...] = (
    "differs", "prints_same", "within_rounding", "within_monte_carlo", "unexpected_agreement", "known_difference", "not_computed",
)  # fmt: skip
"""In the order of a summary: what needs a look comes first."""
TINY = 1e-9
"""Relative slack of comparisons: 24.85 − 0.05 and 24.8 must not differ by the last bit."""


@dataclass(frozen=True)
class Rounded:
    """A figure with the range that comes of the rounding of its inputs (of case lists: its interval)."""

    value: float
    lower: float
    upper: float


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of one target.

    Attributes
    ----------
    id, description, document, page, status, printed, unit
        The printed figure and where it stands; `status` verified, secondary or empty (not recorded).
    expected : bool
        Whether it is marked as reproducible.
    computed, lower, upper : float
        Ours, NaN where it was not computed.
    agrees : bool
    exact : bool or None
        Whether the central value prints the same; None of intervals, and where nothing was computed.
    verdict : str
        Code: prints_same, within_rounding, within_monte_carlo, differs, known_difference, unexpected_agreement or not_computed.
    tests : str
        Code: estimated (from data), arithmetic (among printed figures), identity (figures are only added), or empty.
    allowed : tuple of pairs
        Between what another run may print the value, or each limit; empty where there are no random numbers.
    reason, note, words, function, strength
        Why it differs; remarks; the formula as it was read; what computed it; how much it tests.
    author : float or None
        What the writer of the target computed, where that is another figure than ours: the formula was read otherwise.
    inputs, tables
        What went in.
    """

    id: str
    description: str
    document: str
    page: str
    status: str
    printed: str
    unit: str
    expected: bool
    reason: str
    note: str
    strength: str
    inputs: tuple[Input, ...]
    tables: tuple[str, ...]
    computed: float = np.nan
    lower: float = np.nan
    upper: float = np.nan
    agrees: bool = False
    exact: bool | None = None
    verdict: str = "not_computed"
    words: str = ""
    function: str = ""
    of_lists: bool = False
    allowed: tuple[tuple[float, float], ...] = ()
    tests: Tests = ""
    author: float | None = None

    @property
    def failed(self) -> bool:
        """Whether it should have agreed and does not."""
        return self.expected and not self.agrees

    def source(self, language: str = "en") -> str:
        """Document, place in it, and how far the print itself was seen."""
        position = f", {self.page}" if self.page else ""
        return f"{self.document or say('verdict', 'no_document', language)}{position} [{self.mark(language)}]"

    def mark(self, language: str = "en") -> str:
        """How far the print itself was seen."""
        known = self.status if self.status in ("verified", "secondary") else "unmarked"
        return say("verdict", f"source_{known}", language)

    def verdict_words(self, language: str = "en") -> str:
        said = say("verdict", self.verdict, language)
        if self.reason and self.verdict in ("known_difference", "not_computed"):
            said += f": {self.reason}"
        if self.verdict == "within_monte_carlo":
            said += f" ({', '.join(_between(low, high, language) for low, high in self.allowed)})"
        if (
            not self.of_lists
            and self.upper > self.lower
            and self.verdict in ("prints_same", "within_rounding", "differs")
        ):
            said += f" ({self._width(language)})"
        if self.author is not None:
            said += f"; {say('verdict', 'read_otherwise', language, value=f'{self.author:.8g}')}"
        return said

    def tests_words(self, language: str = "en") -> str:
        return say("verdict", f"tests_{self.tests or 'nothing'}", language)

    def _width(self, language: str) -> str:
        """How wide the range is, in two digits, and as a share of the figure where that is not nought."""
        wide = self.upper - self.lower
        width = number(wide, max(0, 1 - int(np.floor(np.log10(wide)))), language)
        if not self.computed:
            return say("verdict", "range_of_nought", language, width=width)
        share = wide / abs(self.computed)
        return say(
            "verdict", "range_wide", language, width=width, share=percent(share, 1 if share < 0.1 else 0, language)
        )


@dataclass(frozen=True, kw_only=True)
class Reproduction:
    """Outcomes of all targets asked for; `ok` where every target marked as reproducible agrees."""

    outcomes: tuple[Outcome, ...]

    @classmethod
    def of(cls, outcomes: Iterable[Outcome]) -> Reproduction:
        """Those estimated from data first, then arithmetic, then identities, last what was not computed; else in their order."""
        order = get_args(Tests)
        return cls(outcomes=tuple(sorted(outcomes, key=lambda each: order.index(each.tests))))

    @property
    def ok(self) -> bool:
        return not any(outcome.failed for outcome in self.outcomes)

    def counts(self) -> dict[str, int]:
        """How many printed values have each verdict."""
        return _counts(self.outcomes)

    def counts_by_tests(self) -> dict[Tests, dict[str, int]]:
        """The same by what they test."""
        kinds: tuple[Tests, ...] = get_args(Tests)
        found: dict[Tests, dict[str, int]] = {
            kind: _counts([each for each in self.outcomes if each.tests == kind]) for kind in kinds
        }
        return {kind: counts for kind, counts in found.items() if counts}

    def to_frame(self, language: str = "en") -> pd.DataFrame:
        """One row a printed value, in the columns `COLUMNS`."""
        check_language(language)
        rows = [
            {
                "id": o.id, "tests": o.tests_words(language), "source": o.source(language), "printed": o.printed, "computed": o.computed, "lower": o.lower,
                "upper": o.upper, "agrees": o.agrees, "exact_after_rounding": o.exact, "verdict": o.verdict_words(language),
            }
            for o in self.outcomes
        ]  # fmt: skip
        return pd.DataFrame(rows, columns=list(COLUMNS))

    def to_csv(self, path: str | Path) -> Path:
        """Write the table as UTF-8 CSV: agrees and exact_after_rounding true or false, empty where there is no figure."""
        frame = self.to_frame()
        for name in ("agrees", "exact_after_rounding"):
            frame[name] = [("" if value is None else str(bool(value)).lower()) for value in frame[name]]
        for name in ("computed", "lower", "upper"):
            frame[name] = [f"{value:.12g}" if np.isfinite(value) else "" for value in frame[name]]
        return write_bytes(Path(path), csv_text(frame).encode())

    def to_html(self, path: str | Path, language: str = "en") -> Path:
        """Write a page that stands alone: every figure with its inputs, and what was not reproduced with the reason."""
        check_language(language)
        return write_bytes(Path(path), _page(self, language).encode())


def not_computed(shared: Mapping[str, Any]) -> Outcome:
    """The outcome of a target that has no figure of ours."""
    return Outcome(**shared)


def judge(
    shared: Mapping[str, Any],
    ours: Rounded,
    published: Sequence[float],
    half: float,
    *,
    words: str,
    function: str,
    of_lists: bool = False,
    allowed: tuple[tuple[float, float], ...] = (),
) -> Outcome:
    """Compare our figure with the printed one, or our limits with two printed ones.

    A printed interval agrees where both of our limits print as it does; a printed figure where the range from the rounding
    of inputs meets it, or, from case lists, whose counts are exact, where our value prints as it does. `allowed` is between what
    another run of a sampler or a bootstrap may print the value, or each limit.
    """
    mine = [ours.lower, ours.upper] if len(published) == 2 else [ours.value] * len(published)
    same = bool(published) and all(_within(a, b, half) for a, b in zip(mine, published, strict=True))
    near = same
    if len(published) == 1 and not of_lists:
        tiny = TINY * max(abs(published[0]), abs(ours.value))
        near = ours.lower <= published[0] + half + tiny and ours.upper >= published[0] - half - tiny
    elif published and len(allowed) == len(published):
        near = same or all(low - half <= b <= high + half for b, (low, high) in zip(published, allowed, strict=True))
    verdict = _verdict(same=same, near=near, expected=bool(shared["expected"]), of_lists=of_lists)
    return Outcome(
        **shared,
        computed=ours.value,
        lower=ours.lower,
        upper=ours.upper,
        agrees=near,
        exact=same if len(published) == 1 else None,
        verdict=verdict,
        words=words,
        function=function,
        of_lists=of_lists,
        allowed=allowed,
    )


def _verdict(*, same: bool, near: bool, expected: bool, of_lists: bool) -> str:
    if not near:
        return "differs" if expected else "known_difference"
    if not expected:
        return "unexpected_agreement"
    return "prints_same" if same else "within_monte_carlo" if of_lists else "within_rounding"


def as_printed(values: Sequence[float]) -> str:
    """A printed figure, or two limits, where no text of the print is given."""
    return " to ".join(f"{each:.15g}" for each in values)


def _counts(outcomes: Iterable[Outcome]) -> dict[str, int]:
    verdicts = [outcome.verdict for outcome in outcomes]
    return {verdict: verdicts.count(verdict) for verdict in VERDICTS if verdict in verdicts}


def monte_carlo(ours: float, theirs: float) -> float:
    """How far apart two runs of a sampler may print: three standard errors of their difference; 0 where ours is not sampled."""
    return 3 * float(np.hypot(ours, theirs)) if ours > 0 else 0.0


def noted_difference(ours: float, noted: Any) -> float | None:
    """The figure that a target's writer noted as computed, where ours is another one."""
    number = isinstance(noted, int | float) and not isinstance(noted, bool) and np.isfinite(noted)
    return float(noted) if number and abs(ours - noted) > 1e-4 * max(abs(ours), abs(noted)) else None


def _within(mine: float, theirs: float, half: float) -> bool:
    return bool(abs(mine - theirs) <= half + TINY * max(abs(mine), abs(theirs)))


def written(value: float, language: str = "en") -> str:
    """A figure for reading: no more digits than its size calls for."""
    if not np.isfinite(value):
        return ""
    decimals = 0 if abs(value) >= 1000 else 1 if abs(value) >= 100 else 2 if abs(value) >= 10 else 3
    return number(value, decimals, language)


def _between(low: float, high: float, language: str) -> str:
    """A range that may have no end on one side."""
    if np.isfinite(low) and np.isfinite(high):
        return spread(written(low, language), written(high, language), language)
    return (
        f"≤\u00a0{written(high, language)}"
        if np.isfinite(high)
        else f"≥\u00a0{written(low, language)}"
        if np.isfinite(low)
        else "–"
    )


def heads(language: str = "en") -> list[str]:
    """Heads of the table on the terminal."""
    check_language(language)
    return [
        say("verdict", f"head_{name}", language)
        for name in ("figure", "tests", "printed", "computed", "range", "verdict")
    ]


def lines(given: Reproduction, language: str = "en") -> list[list[str]]:
    """One line a printed value, for the terminal."""
    return [
        [o.id, o.tests_words(language), _beside(o, language), written(o.computed, language),
         _ranged(o, language), o.verdict_words(language)]
        for o in given.outcomes
    ]  # fmt: skip


def summary(given: Reproduction, language: str = "en") -> str:
    """How many printed values have each verdict: in one line, and a line for each thing tested where there are several."""
    parts = given.counts_by_tests()
    lines = [_summed(given.counts(), language)]
    if len(parts) > 1:
        lines += [
            f"  {say('verdict', f'tests_{tests or "nothing"}', language)} – {_summed(counts, language)}"
            for tests, counts in parts.items()
        ]
    return "\n".join(lines)


def _summed(counts: Mapping[str, int], language: str) -> str:
    between = with_spaces("1; ", words_of(language))[1:]
    return between.join(
        named(say("verdict", verdict, language), str(count), language) for verdict, count in counts.items()
    )


def _beside(o: Outcome, language: str) -> str:
    """The printed figure, and beside it that its print was not seen, where that is so."""
    mark = "" if o.status == "verified" else f"[{o.mark(language)}]"
    return " ".join(part for part in (_clipped(o.printed), o.unit, mark) if part)


def _clipped(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:39]}…"


def _ranged(o: Outcome, language: str) -> str:
    return spread(written(o.lower, language), written(o.upper, language), language) if np.isfinite(o.lower) else ""


def _page(given: Reproduction, language: str) -> str:
    """The page: a table of all targets, then each with its inputs and its reading."""
    return page(
        "fl_estimate.reproduce",
        "reproduction.html",
        language=language,
        title=say("verdict", "title", language),
        facts=summary(given, language).split("\n"),
        rule=say("verdict", "rule", language),
        heads=heads(language),
        inputs=say("verdict", "inputs", language),
        targets=[(outcome, _row(outcome, language), list(_details(outcome, language))) for outcome in given.outcomes],
    )


def _row(o: Outcome, language: str) -> Sequence[Sequence[str]]:
    """The cells of a target after its name, each of one or two lines."""
    return (
        (o.tests_words(language),),
        (f"{o.printed} {o.unit}", o.source(language)),
        (written(o.computed, language),),
        (_ranged(o, language),),
        (o.verdict_words(language),),
    )


def _details(o: Outcome, language: str) -> Iterator[tuple[str, str]]:
    """One target: where it is printed, what went in, and how it was read."""
    yield say("verdict", "head_source", language), o.source(language)
    yield say("verdict", "head_tests", language), o.tests_words(language)
    for given in o.inputs:
        where = ", ".join(part for part in (given.document, given.page, given.table) if part)
        named = f"{given.symbol} = " if given.symbol and given.rows is None else ""
        yield given.label, f"{named}{given.value_text} — {where}"
    pairs = (
        ("tables", ", ".join(o.tables) if o.of_lists else ""),
        ("function", o.function),
        ("reading", o.words),
        ("note", o.note),
        ("strength", o.strength),
    )
    for name, text in pairs:
        if text:
            yield say("verdict", f"head_{name}", language), text
