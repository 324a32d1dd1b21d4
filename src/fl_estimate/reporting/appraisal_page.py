"""The page of an appraisal of case lists: what is known, what is assumed, every method, and what moves the number."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from importlib.resources import files
from typing import Any

import numpy as np
import pandas as pd

from fl_estimate.estimators.capture_recapture.appraisal import Appraisal
from fl_estimate.reporting.appraisals import PublishedAppraisal, publish_appraisal
from fl_estimate.reporting.figures import inline_svg
from fl_estimate.reporting.linkage_figures import plot_linkage
from fl_estimate.reporting.lists_figures import plot_methods, plot_overlaps, plot_sensitivity
from fl_estimate.reporting.suppression import SuppressionRule
from fl_estimate.reporting.words import check_language, level_words, number, percent, say, spread

UNLISTABLE = (0.1, 0.2, 0.3, 0.4)
"""Shares of people on whom no list looks, for which the envelope is shown."""
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
    language : {"en", "fr", "es"}
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
    page = _Page(shown, language)
    style = (files("fl_estimate.reporting") / "report.css").read_text(encoding="utf-8")
    head = title or page.say("title")
    return (
        f'<!DOCTYPE html>\n<html lang="{language}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(head)}</title>\n<style>\n{style}</style>\n</head>\n<body>\n<main>\n"
        + "\n".join(page.body(head))
        + "\n</main>\n</body>\n</html>\n"
    )


class _Page:
    """The parts of the page of one appraisal in one language."""

    def __init__(self, shown: PublishedAppraisal, language: str) -> None:
        self._shown = shown
        self._language = language
        self._figures = 0

    def say(self, code: str, **parameters: Any) -> str:
        """A sentence of the page."""
        return say("appraisal", code, self._language, **parameters)

    def body(self, title: str) -> Iterator[str]:
        """From the title to the provenance."""
        shown = self._shown
        facts = "".join(f"<span>{escape(text)}</span>" for text in (shown.population, shown.reference_period) if text)
        yield f'<header>\n<h1>{escape(title)}</h1>\n<p class="facts">{facts}</p>\n</header>'
        yield from self._lead()
        yield from self._known()
        if shown.warnings:
            yield f"<h2>{escape(self.say('warnings'))}</h2>"
            lines = "".join(f"<li>{escape(self.say(f'warned.{code}', **p))}</li>" for code, p in shown.warnings)
            yield f"<ul>{lines}</ul>"
        yield f"<h2>{escape(self.say('methods'))}</h2>"
        yield self._figure(plot_methods(shown, language=self._language), "methods_caption")
        yield self._methods()
        yield f"<h2>{escape(self.say('overlaps'))}</h2>"
        yield self._figure(plot_overlaps(shown, language=self._language), "overlaps_caption")
        if shown.hides:
            told = self.say("rule_more") if shown.protecting else self.say("rule", least=shown.least)
            yield f'<p class="notes">{escape(told)}</p>'
            yield f'<p class="notes">{escape(self.say("from_counts"))}</p>'
        if len(shown.sensitivity):
            yield f"<h2>{escape(self.say('sensitivity'))}</h2>"
            yield self._figure(plot_sensitivity(shown, language=self._language), "sensitivity_caption")
            yield f"<p>{escape(self._example())}</p>"
        if len(shown.linkage):
            yield from self._linkage()
        yield from self._unlistable()
        if len(shown.leave_one_person):
            yield from self._changes()
        yield from self._models()
        yield from self._consistency()
        yield from self._provenance()

    def _lead(self) -> Iterator[str]:
        lower, upper = self._shown.envelope
        n, two = self._people(self._shown.n), len(self._shown.lists) == 2
        level = level_words(self._shown.level, self._language)
        cards = [(n, self.say("observed"), "")]
        text = self.say("lead_two_none" if two else "lead_none", n=n)
        if np.isfinite(lower):
            ends = {"lower": self._rough(lower), "upper": self._rough(upper)}
            if two:
                low, high = (float(ratio) for ratio in self._shown.provenance.arguments["odds_ratios"])
                over, called = self.say("over_ratios", low=low, high=high, level=level), self.say("range")
                text = self.say("lead_two", n=n, low=low, high=high, **ends)
            else:
                counted = int(self._shown.methods["admissible"].sum())
                over, called = self.say("over", methods=counted, level=level), self.say("envelope")
                text = self.say("lead", n=n, **ends)
            cards.append((spread(ends["lower"], ends["upper"], self._language), called, over))
        shown = "".join(
            f'<div class="card"><b>{escape(a)}</b><span>{escape(b)}</span><span>{escape(c)}</span></div>'
            for a, b, c in cards
        )
        yield f'<div class="lead"><div class="cards">{shown}</div><p>{escape(text)}</p></div>'

    def _known(self) -> Iterator[str]:
        several = self._shown.several
        if not np.isnan(several):
            text = self.say("known_text", several=self._people(several))
            yield f"<h2>{escape(self.say('known'))}</h2><p>{escape(text)}</p>"
        yield f"<h2>{escape(self.say('assumed'))}</h2><p>{escape(self.say('assumed_text'))} {escape(self.say('assumed_listed'))}</p>"

    def _methods(self) -> str:
        rows = [
            [
                self.say(f"name.{row['method']}"),
                self.say(f"supposed.{row['method']}"),
                self._people(row["value"]),
                self._interval(row),
                self.say("yes") if row["admissible"] else f"{self.say('no')}: {self._why(str(row['why_not']))}",
            ]
            for row in self._shown.methods.to_dict("records")
        ]
        return self._table(["method", "supposed", "value", "interval", "counted"], rows, text=(0, 1, 4))

    def _why(self, code: str) -> str:
        return self.say("why.refused") if code.startswith("FL-") else self.say(f"why.{code}")

    def _example(self) -> str:
        """The pair that moves the number most, in words."""
        curves = [part.sort_values("ratio") for _, part in self._shown.sensitivity.groupby("interaction", sort=False)]
        most = max(curves, key=lambda part: float(np.ptp(part["value"].to_numpy(dtype=float))))
        first, last = most.iloc[0], most.iloc[-1]
        middle = most.loc[most["ratio"] == 1.0, "value"]
        return self.say(
            "sensitivity_text", pair=str(first["interaction"]).replace(":", self.say("and")), low=float(first["ratio"]),
            high=float(last["ratio"]), lower=self._people(first["value"]), upper=self._people(last["value"]),
            value=self._people(middle.iloc[0]) if len(middle) else "",
        )  # fmt: skip

    def _linkage(self) -> Iterator[str]:
        """What the figure would be if some links were missed."""
        yield f"<h2>{escape(self.say('linkage'))}</h2><p>{escape(self.say('linkage_text'))}</p>"
        yield self._figure(plot_linkage(self._shown, language=self._language), "linkage_caption")
        rows = [
            [percent(r["missed"], 0, self._language), self._people(r["value"]), self._interval(r)]
            for r in self._shown.linkage.to_dict("records")
        ]
        yield self._table(["missed", "value", "interval"], rows, text=(0,))

    def _unlistable(self) -> Iterator[str]:
        """The envelope with people whom no list can meet: simple arithmetic on what is printed already."""
        lower, upper = self._shown.envelope
        if not np.isfinite([lower, upper]).all():
            return
        yield f"<h2>{escape(self.say('unlistable'))}</h2><p>{escape(self.say('unlistable_text'))}</p>"
        rows = [
            [percent(share, 0, self._language),
             spread(self._rough(lower / (1 - share)), self._rough(upper / (1 - share)), self._language)]
            for share in UNLISTABLE
        ]  # fmt: skip
        yield self._table(["unlistable", "envelope"], rows, text=(0,))

    def _changes(self) -> Iterator[str]:
        shown = self._shown
        yield f"<h2>{escape(self.say('changes'))}</h2><p>{escape(self.say('changes_text'))}</p>"
        for name in ("leave_one_list", "merge_two_lists"):
            frame: pd.DataFrame = getattr(shown, name)
            if len(frame):
                rows = [
                    [
                        str(r["changed"]),
                        self._people(r["value"]),
                        self._why(r["refused"]) if r["refused"] else self._interval(r),
                    ]
                    for r in frame.to_dict("records")
                ]
                yield f"<h3>{escape(self.say(name))}</h3>"
                yield self._table(["changed", "value", "interval"], rows, text=(0,))
        people = shown.leave_one_person.head(PEOPLE_SHOWN)
        yield f"<h3>{escape(self.say('leave_one_person'))}</h3>"
        rows = [
            [str(r["history"]), self._people(r["value"]), self._signed(r["change"])] for r in people.to_dict("records")
        ]
        yield self._table(["history", "value", "change"], rows, text=(0,))
        yield f"<h3>{escape(self.say('trajectory'))}</h3>"
        rows = [
            [
                percent(r["share"], 0, self._language),
                f"{self._times(r['median'])} ({spread(self._times(r['lower_quartile']), self._times(r['upper_quartile']), self._language)})",
            ]
            for r in shown.trajectory.to_dict("records")
        ]
        yield self._table(["share", "times"], rows, text=(0,))

    def _models(self) -> Iterator[str]:
        models = self._shown.models
        if len(models) > 1:
            yield f"<h2>{escape(self.say('models'))}</h2><p>{escape(self.say('models_text'))}</p>"
            rows = [[self.say(f"term.{r['terms']}") if r["terms"] in ("main", "two-way") else r["terms"],
                     self._people(r["population_size"])] for r in models.head(12).to_dict("records")]  # fmt: skip
            yield self._table(["terms", "value"], rows, text=(0,))

    def _consistency(self) -> Iterator[str]:
        if not any(len(frame) for frame in self._shown.consistency.values()):
            return
        yield f"<h2>{escape(self.say('consistency'))}</h2><p>{escape(self.say('consistency_text'))}</p>"
        rows = [
            [
                self.say(f"name.{name}"), str(r["list"]), self._people(r["known"]), self._people(r["value"]),
                self._interval(r), self.say("yes" if r["covers"] else "no"),
            ]
            for name, frame in self._shown.consistency.items()
            for r in frame.to_dict("records")
        ]  # fmt: skip
        yield self._table(["method", "list", "known", "value", "interval", "covers"], rows, text=(0, 1, 5))

    def _provenance(self) -> Iterator[str]:
        given = self._shown.provenance
        entries = [
            (self.say("source"), escape(", ".join(self._shown.lists))),
            *([(self.say("hash"), f"<code>{escape(given.source_sha256)}</code>")] if given.source_sha256 else []),
            (self.say("made_by"), f"fl_estimate {escape(given.package_version)}, seed {given.arguments.get('seed')}"),
        ]
        yield (
            f"<h2>{escape(self.say('provenance'))}</h2><dl>"
            + "".join(f"<dt>{escape(name)}</dt><dd>{text}</dd>" for name, text in entries)
            + "</dl>"
        )

    def _figure(self, figure: Any, caption: str) -> str:
        self._figures += 1
        name, text = say("head", "figure", self._language, number=self._figures), self.say(caption)
        drawing = inline_svg(figure, f"appraisal-{self._figures}", text)
        return f"<figure>\n<figcaption><span>{escape(name)}</span>{escape(text)}</figcaption>\n{drawing}\n</figure>"

    def _table(self, heads: Sequence[str], rows: Sequence[Sequence[str]], *, text: Sequence[int]) -> str:
        def kind(place: int) -> str:
            return ' class="text"' if place in text else ""

        top = "".join(
            f'<th scope="col"{kind(at)}>{escape(self.say(f"head.{code}"))}</th>' for at, code in enumerate(heads)
        )
        body = "\n".join(
            "<tr>" + "".join(f"<td{kind(at)}>{escape(cell)}</td>" for at, cell in enumerate(row)) + "</tr>"
            for row in rows
        )
        return f'<div class="scroll"><table><thead><tr>{top}</tr></thead><tbody>\n{body}\n</tbody></table></div>'

    def _interval(self, row: Any) -> str:
        lower, upper = (self._people(row[name]) or "?" for name in ("lower", "upper"))
        return spread(lower, upper, self._language) if np.isfinite(row["value"]) else ""

    def _people(self, value: Any) -> str:
        return "" if pd.isna(value) else number(float(value), 0, self._language)

    def _rough(self, value: float) -> str:
        """Two digits: more would feign a precision that an envelope does not have."""
        step = 10.0 ** max(np.floor(np.log10(max(value, 1.0))) - 1, 0)
        return number(round(value / step) * step, 0, self._language)

    def _times(self, value: float) -> str:
        return "?" if np.isnan(value) else number(value, 1, self._language)

    def _signed(self, value: float) -> str:
        return f"{'+' if value > 0 else '−' if value < 0 else ''}{number(abs(value), 0, self._language)}"
