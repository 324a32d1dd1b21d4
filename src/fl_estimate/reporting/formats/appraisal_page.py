"""The page of an appraisal of case lists: what is known, what is assumed, every method, and what moves the number."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from fl_estimate.estimators.capture_recapture.appraisal import Appraisal
from fl_estimate.pages.template import page
from fl_estimate.reporting.appraisals import PublishedAppraisal, publish_appraisal
from fl_estimate.reporting.headline import period
from fl_estimate.reporting.pictures.drawing import PagePicture, drawn
from fl_estimate.reporting.pictures.linkage_figures import plot_linkage
from fl_estimate.reporting.pictures.lists_figures import (
    limits_text,
    plot_methods,
    plot_overlaps,
    plot_sensitivity,
    spanned,
)
from fl_estimate.reporting.renderers import APPRAISAL, renders
from fl_estimate.reporting.suppression import SuppressionRule
from fl_estimate.words.languages import check_language
from fl_estimate.words.numbers import level_words, number, percent, spread
from fl_estimate.words.say import named, opening, say

HERE = "fl_estimate.reporting.formats"
UNLISTABLE = (0.1, 0.2, 0.3, 0.4)
"""Shares of people on whom no list looks, for which the envelope is shown."""
MODELS_SHOWN = 12
"""Models of the search, the best first."""
PEOPLE_SHOWN = 5
"""Histories whose one person moves the estimate most."""


def appraisal_page(
    appraisal: Appraisal | PublishedAppraisal,
    *,
    language: str = "en",
    rule: str | SuppressionRule = "fl-default",
    title: str = "",
) -> str:
    """Write an appraisal of case lists as one HTML page that stands alone.

    Parameters
    ----------
    appraisal : Appraisal or PublishedAppraisal
        Published under `rule` unless it is already.
    language : {"en", "fr", "es", "es-MX", …}
    rule : str or SuppressionRule
    title : str, optional

    Returns
    -------
    str

    Raises
    ------
    PublishFault
        FL-PUB-07 (language), and those of `publish_appraisal`.

    Examples
    --------
    >>> import fl_estimate as fl, pandas as pd
    >>> from fl_estimate import capture_recapture as cr
    >>> counts = pd.DataFrame({"police": [1, 0, 1], "ngo": [0, 1, 1], "count": [50, 80, 10]})
    >>> histories = fl.CaptureHistories.from_counts(counts, lists=["police", "ngo"])
    >>> page = fl.appraisal_page(cr.appraise(histories, seed=1))
    >>> "two lists only" in page
    True
    """
    check_language(language)
    shown = appraisal if isinstance(appraisal, PublishedAppraisal) else publish_appraisal(appraisal, rule=rule)
    return appraisal_html(shown, language=language, title=title)


@renders("html", of=APPRAISAL, endings=(".html",), run="appraisal.{name}.html", in_each_language=True)
def appraisal_html(appraisal: PublishedAppraisal, *, language: str = "en", title: str = "") -> str:
    """A page of an appraisal that stands alone; it asks nothing of any host."""
    told = _Page(appraisal, language)
    return page(HERE, "appraisal.html", language=language, title=title or told.say("title"), page=told, shown=appraisal)


@dataclass(frozen=True, kw_only=True)
class Texts:
    """A table of texts: heads, rows, and which columns hold words (the others hold figures)."""

    heads: Sequence[str]
    rows: Sequence[Sequence[str]]
    text: Sequence[int]


class _Page:
    """What the page of one appraisal says in one language; in which order and form, its template says."""

    def __init__(self, shown: PublishedAppraisal, language: str) -> None:
        self._shown = shown
        self._language = language

    def say(self, code: str, /, **parameters: Any) -> str:
        """A sentence of the page."""
        return say("appraisal", code, self._language, **parameters)

    @property
    def facts(self) -> list[str]:
        time = period(self._shown.reference_period, self._language)
        return [text for text in (self._shown.population, opening(time)) if text]

    @property
    def cards(self) -> Iterator[tuple[str, str, str]]:
        """The figures in large type: people observed, and the envelope (of two lists the stated range) where there is one."""
        yield self.people(self._shown.n), self.say("observed"), ""
        (lower, upper), level = self._shown.envelope, level_words(self._shown.level, self._language)
        if np.isfinite(lower):
            if self._two:
                low, high = self._ratios
                over, called = self.say("over_ratios", low=low, high=high, level=level), self.say("range")
            else:
                counted = int(self._shown.methods["admissible"].sum())
                over, called = self.say("over", methods=counted, level=level), self.say("envelope")
            yield spread(self._rough(lower), self._rough(upper), self._language), called, over

    @property
    def lead(self) -> str:
        n, (lower, upper) = round(self._shown.n), self._shown.envelope
        if not np.isfinite(lower):
            return self.say("lead_two_none" if self._two else "lead_none", n=n)
        ends = {"lower": self._rough(lower), "upper": self._rough(upper)}
        if self._two:
            low, high = self._ratios
            return self.say("lead_two", n=n, low=low, high=high, **ends)
        return self.say("lead", n=n, **ends)

    @property
    def _two(self) -> bool:
        return len(self._shown.lists) == 2

    @property
    def _ratios(self) -> tuple[float, float]:
        """The range of odds ratios that was stated."""
        low, high = self._shown.provenance.arguments["odds_ratios"]
        return float(low), float(high)

    @property
    def known(self) -> str:
        several = self._shown.several
        return "" if np.isnan(several) else self.say("known_text", several=round(several))

    @property
    def warnings(self) -> list[str]:
        return [self.say(f"warned.{code}", **told) for code, told in self._shown.warnings]

    @property
    def hidden(self) -> list[str]:
        """Why counts are missing, where any are."""
        shown = self._shown
        told = self.say("rule_more") if shown.protecting else self.say("rule", least=shown.least)
        return [told, self.say("from_counts")] if shown.hides else []

    def figure(self, number: int, caption: str) -> PagePicture:
        """One of the pictures: of methods, of overlaps, of sensitivity, of linkage."""
        plot = {
            "methods_caption": plot_methods,
            "overlaps_caption": plot_overlaps,
            "sensitivity_caption": plot_sensitivity,
            "linkage_caption": plot_linkage,
        }
        name = say("head", "figure", self._language, number=number)
        figure = plot[caption](self._shown, language=self._language)
        return drawn(figure, f"appraisal-{number}", name, self.say(caption))

    @property
    def methods(self) -> Texts:
        rows = [
            [
                self.say(f"name.{row['method']}"),
                self.say(f"supposed.{row['method']}"),
                self.people(row["value"]),
                self._interval(row),
                self.say("yes")
                if row["admissible"]
                else named(self.say("no"), self._why(str(row["why_not"])), self._language),
            ]
            for row in self._shown.methods.to_dict("records")
        ]
        return self._table(["method", "supposed", "value", "interval", "counted"], rows, text=(0, 1, 4))

    def _why(self, code: str) -> str:
        return self.say("why.refused") if code.startswith("FL-") else self.say(f"why.{code}")

    @property
    def example(self) -> str:
        """The pair that moves the number most, in words."""
        curves = [part.sort_values("ratio") for _, part in self._shown.sensitivity.groupby("interaction", sort=False)]
        most = max(curves, key=lambda part: spanned(part["value"]))
        first, last = most.iloc[0], most.iloc[-1]
        middle = most.loc[most["ratio"] == 1.0, "value"]
        return self.say(
            "sensitivity_text", pair=str(first["interaction"]).replace(":", self.say("and")), low=float(first["ratio"]),
            high=float(last["ratio"]), lower=self.people(first["value"]), upper=self.people(last["value"]),
            value=self.people(middle.iloc[0]) if len(middle) else "",
        )  # fmt: skip

    @property
    def linkage(self) -> Texts:
        """What the figure would be if some links were missed."""
        rows = [
            [percent(r["missed"], 0, self._language), self.people(r["value"]), self._interval(r)]
            for r in self._shown.linkage.to_dict("records")
        ]
        return self._table(["missed", "value", "interval"], rows, text=(0,))

    @property
    def unlistable(self) -> Texts:
        """The envelope with people whom no list can meet: simple arithmetic on what is printed already."""
        lower, upper = self._shown.envelope
        known = bool(np.isfinite([lower, upper]).all())
        rows = [
            [
                percent(share, 0, self._language),
                spread(self._rough(lower / (1 - share)), self._rough(upper / (1 - share)), self._language),
            ]
            for share in UNLISTABLE
            if known
        ]
        return self._table(["unlistable", "envelope"], rows, text=(0,))

    @property
    def changes(self) -> Iterator[tuple[str, Texts]]:
        """The number without a list, with two lists as one, without a person, and with fewer people: (title, table)."""
        if not len(self._shown.leave_one_person):
            return
        for name in ("leave_one_list", "merge_two_lists"):
            frame: pd.DataFrame = getattr(self._shown, name)
            if len(frame):
                rows = [
                    [
                        str(r["changed"]),
                        self.people(r["value"]),
                        self._why(r["refused"]) if r["refused"] else self._interval(r),
                    ]
                    for r in frame.to_dict("records")
                ]
                yield self.say(name), self._table(["changed", "value", "interval"], rows, text=(0,))
        people = self._shown.leave_one_person.head(PEOPLE_SHOWN).to_dict("records")
        rows = [[str(r["history"]), self.people(r["value"]), self._signed(r["change"])] for r in people]
        yield self.say("leave_one_person"), self._table(["history", "value", "change"], rows, text=(0,))
        rows = [
            [
                percent(r["share"], 0, self._language),
                f"{self._times(r['median'])} ({spread(self._times(r['lower_quartile']), self._times(r['upper_quartile']), self._language)})",
            ]
            for r in self._shown.trajectory.to_dict("records")
        ]
        yield self.say("trajectory"), self._table(["share", "times"], rows, text=(0,))

    @property
    def models(self) -> Texts:
        rows = [
            [
                self.say(f"term.{r['terms']}") if r["terms"] in ("main", "two-way") else r["terms"],
                self.people(r["population_size"]),
            ]
            for r in self._shown.models.head(MODELS_SHOWN).to_dict("records")
        ]
        return self._table(["terms", "value"], rows, text=(0,))

    @property
    def consistency(self) -> Texts:
        rows = [
            [
                self.say(f"name.{name}"), str(r["list"]), self.people(r["known"]), self.people(r["value"]),
                self._interval(r), self.say("yes" if r["covers"] else "no"),
            ]
            for name, frame in self._shown.consistency.items()
            for r in frame.to_dict("records")
        ]  # fmt: skip
        return self._table(["method", "list", "known", "value", "interval", "covers"], rows, text=(0, 1, 5))

    @property
    def provenance(self) -> Iterator[tuple[str, str, bool]]:
        """Terms of the last section: (term, text, whether it is code)."""
        given = self._shown.provenance
        yield self.say("source"), ", ".join(self._shown.lists), False
        if given.source_sha256:
            yield self.say("hash"), given.source_sha256, True
        yield self.say("made_by"), f"fl_estimate {given.package_version}, seed {given.arguments.get('seed')}", False

    def _table(self, heads: Sequence[str], rows: Sequence[Sequence[str]], *, text: Sequence[int]) -> Texts:
        return Texts(heads=[self.say(f"head.{code}") for code in heads], rows=rows, text=text)

    def _interval(self, row: Any) -> str:
        if not np.isfinite(row["value"]):
            return ""
        lower, upper = float(row["lower"]), float(row["upper"])
        if not np.isfinite([lower, upper]).all():
            return limits_text(lower, upper, self._language)
        return spread(self.people(lower), self.people(upper), self._language)

    def people(self, value: Any) -> str:
        """A number of people as it is written; empty where it is missing."""
        return "" if pd.isna(value) else number(float(value), 0, self._language)

    def _rough(self, value: float) -> str:
        """Two digits: more would feign a precision that an envelope does not have."""
        step = 10.0 ** max(np.floor(np.log10(max(value, 1.0))) - 1, 0)
        return number(round(value / step) * step, 0, self._language)

    def _times(self, value: float) -> str:
        return "?" if np.isnan(value) else number(value, 1, self._language)

    def _signed(self, value: float) -> str:
        return f"{'+' if value > 0 else '−' if value < 0 else ''}{number(abs(value), 0, self._language)}"
