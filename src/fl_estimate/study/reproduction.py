"""Outcomes of reproducing published figures: ranges from rounding, verdicts, and the table as frame, CSV or page."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from fl_estimate.pages.template import page
from fl_estimate.reporting.writing import write_bytes
from fl_estimate.study.target_binding import Input
from fl_estimate.study.target_reading import Reading
from fl_estimate.words.languages import check_language
from fl_estimate.words.numbers import number, spread
from fl_estimate.words.say import named, say

COLUMNS: tuple[str, ...] = (
    "id", "source", "printed", "computed", "lower", "upper", "agrees", "exact_after_rounding", "verdict",
)  # fmt: skip
VERDICTS: tuple[str, ...] = (
    "differs", "prints_same", "within_rounding", "within_monte_carlo", "unexpected_agreement", "known_difference", "not_computed",
)  # fmt: skip
"""In the order of a summary: what needs a look comes first."""
MOST_CORNERS = 12
"""Inputs with a rounding up to which every combination of up and down is tried; beyond, each moves as it moves the figure."""
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
    chance: float = 0.0
    author: float | None = None

    @property
    def failed(self) -> bool:
        """Whether it should have agreed and does not."""
        return self.expected and not self.agrees

    def source(self, language: str = "en") -> str:
        """Document, place in it, and how far the print itself was seen."""
        place = f", {self.page}" if self.page else ""
        return f"{self.document or say('verdict', 'no_document', language)}{place} [{self.mark(language)}]"

    def mark(self, language: str = "en") -> str:
        """How far the print itself was seen."""
        known = self.status if self.status in ("verified", "secondary") else "unmarked"
        return say("verdict", f"source_{known}", language)

    def verdict_words(self, language: str = "en") -> str:
        said = say("verdict", self.verdict, language)
        if self.reason and self.verdict in ("known_difference", "not_computed"):
            said += f": {self.reason}"
        if self.chance > 0 and self.verdict != "not_computed":
            said += f" ± {written(self.chance, language)}" if self.verdict == "within_monte_carlo" else ""
        if self.author is not None:
            said += f"; {say('verdict', 'read_otherwise', language, value=f'{self.author:.8g}')}"
        return said


@dataclass(frozen=True, kw_only=True)
class Reproduction:
    """Outcomes of all targets asked for; `ok` where every target marked as reproducible agrees."""

    outcomes: tuple[Outcome, ...]

    @property
    def ok(self) -> bool:
        return not any(outcome.failed for outcome in self.outcomes)

    def counts(self) -> dict[str, int]:
        """How many targets have each verdict."""
        verdicts = [outcome.verdict for outcome in self.outcomes]
        return {verdict: verdicts.count(verdict) for verdict in VERDICTS if verdict in verdicts}

    def to_frame(self, language: str = "en") -> pd.DataFrame:
        """One row a target: id, source, printed, computed, lower, upper, agrees, exact_after_rounding, verdict."""
        check_language(language)
        rows = [
            {
                "id": o.id, "source": o.source(language), "printed": o.printed, "computed": o.computed, "lower": o.lower,
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
        return write_bytes(Path(path), frame.to_csv(index=False, lineterminator="\n").encode())

    def to_html(self, path: str | Path, language: str = "en") -> Path:
        """Write a page that stands alone: every figure with its inputs, and what was not reproduced with the reason."""
        check_language(language)
        return write_bytes(Path(path), _page(self, language).encode())


def range_of(reading: Reading, inputs: tuple[Input, ...]) -> Rounded:
    """Compute a figure, and its range as every input moves by half its last printed digit."""
    centre = np.array([each.value for each in inputs])
    half = np.array([each.halfwidth for each in inputs])
    free = np.flatnonzero(half > 0)
    if len(free) <= MOST_CORNERS:
        signs = np.array(list(itertools.product((-1.0, 1.0), repeat=len(free))))
        corners = np.tile(centre[:, None], len(signs))
        corners[free] += half[free, None] * signs.T
    else:
        steps = np.tile(centre[:, None], 2 * len(free))
        steps[free, np.arange(len(free))] += half[free]
        steps[free, len(free) + np.arange(len(free))] -= half[free]
        moved = reading.compute(steps)
        up = np.where(moved[: len(free)] >= moved[len(free) :], 1.0, -1.0)
        corners = np.tile(centre[:, None], 2)
        corners[free] += half[free, None] * np.stack([-up, up], axis=1)
    found = reading.compute(corners)
    points = [centre, corners[:, int(np.argmin(found))], corners[:, int(np.argmax(found))]]
    by_library = reading.by_library
    value, lower, upper = (
        by_library(point) if by_library is not None else float(reading.compute(point[:, None])[0]) for point in points
    )
    if reading.nearest:
        value = float(np.round(value / reading.nearest) * reading.nearest)
    return Rounded(value=value, lower=min(lower, value), upper=max(upper, value))


def not_computed(shared: Mapping[str, Any]) -> Outcome:
    """The outcome of a target that has no figure of ours."""
    return Outcome(**shared)


def judge(
    shared: Mapping[str, Any], ours: Rounded, published: float | list[float] | None, half: float, *, words: str,
    function: str, of_lists: bool, chance: float = 0.0,
) -> Outcome:  # fmt: skip
    """Compare our figure with the printed one.

    A printed interval agrees where both of our limits print as it does; a printed figure where the range from the rounding
    of inputs meets it, or, from case lists, whose counts are exact, where our value prints as it does. `chance` is how far
    apart two runs of a sampler may print.
    """
    exact: bool | None = None
    if isinstance(published, list):
        agrees = all(
            _within(mine, theirs, half) for mine, theirs in zip((ours.lower, ours.upper), published, strict=True)
        )
    elif published is None:
        agrees = False
    else:
        exact = _within(ours.value, published, half)
        slack = TINY * max(abs(published), abs(ours.value))
        meets = ours.lower <= published + half + slack and ours.upper >= published - half - slack
        agrees = _within(ours.value, published, half + chance) if of_lists else meets
    expected = bool(shared["expected"])
    if agrees:
        near = "within_monte_carlo" if of_lists else "within_rounding"
        verdict = ("prints_same" if exact or exact is None else near) if expected else "unexpected_agreement"
    else:
        verdict = "differs" if expected else "known_difference"
    return Outcome(**shared, computed=ours.value, lower=ours.lower, upper=ours.upper, agrees=agrees, exact=exact,
                   verdict=verdict, words=words, function=function, of_lists=of_lists, chance=chance)  # fmt: skip


def monte_carlo(ours: float, theirs: float) -> float:
    """How far apart two runs of a sampler may print: three standard errors of their difference; 0 where ours is not sampled."""
    return 3 * float(np.hypot(ours, theirs)) if ours > 0 else 0.0


def told_otherwise(ours: float, told: Any) -> float | None:
    """The figure that a target's writer noted as computed, where ours is another one."""
    number = isinstance(told, int | float) and not isinstance(told, bool) and np.isfinite(told)
    return float(told) if number and abs(ours - told) > 1e-4 * max(abs(ours), abs(told)) else None


def _within(mine: float, theirs: float, half: float) -> bool:
    return bool(abs(mine - theirs) <= half + TINY * max(abs(mine), abs(theirs)))


def written(value: float, language: str = "en") -> str:
    """A figure for reading: no more digits than its size calls for."""
    if not np.isfinite(value):
        return ""
    decimals = 0 if abs(value) >= 1000 else 1 if abs(value) >= 100 else 2 if abs(value) >= 10 else 3
    return number(value, decimals, language)


def heads(language: str = "en") -> list[str]:
    """Heads of the table on the terminal."""
    check_language(language)
    return [say("verdict", f"head_{name}", language) for name in ("figure", "printed", "computed", "range", "verdict")]


def lines(given: Reproduction, language: str = "en") -> list[list[str]]:
    """One line a target, for the terminal."""
    return [
        [o.id, _beside(o, language), written(o.computed, language),
         _ranged(o, language), o.verdict_words(language)]
        for o in given.outcomes
    ]  # fmt: skip


def summary(given: Reproduction, language: str = "en") -> str:
    """How many targets have each verdict, in one line."""
    counts = [
        named(say("verdict", verdict, language), str(count), language) for verdict, count in given.counts().items()
    ]
    return "; ".join(counts)


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
        "fl_estimate.study",
        "reproduction.html",
        language=language,
        title=say("verdict", "title", language),
        facts=[summary(given, language)],
        rule=say("verdict", "rule", language),
        heads=heads(language),
        inputs=say("verdict", "inputs", language),
        targets=[(outcome, _row(outcome, language), list(_details(outcome, language))) for outcome in given.outcomes],
    )


def _row(o: Outcome, language: str) -> Sequence[Sequence[str]]:
    """The cells of a target after its name, each of one or two lines."""
    return (
        (f"{o.printed} {o.unit}", o.source(language)),
        (written(o.computed, language),),
        (_ranged(o, language),),
        (o.verdict_words(language),),
    )


def _details(o: Outcome, language: str) -> Iterator[tuple[str, str]]:
    """One target: where it is printed, what went in, and how it was read."""
    yield say("verdict", "head_source", language), o.source(language)
    for given in o.inputs:
        half = f" ± {given.halfwidth:g}" if given.halfwidth else ""
        where = ", ".join(part for part in (given.document, given.page, given.table) if part)
        yield given.label, f"{given.value:.15g}{half} — {where}"
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
