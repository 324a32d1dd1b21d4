"""What is printed of tables, reports and appraisals, as a record of its figures and marks: words may be said otherwise, figures not.

`python -m tests.unit.reporting.prints` writes the record anew, after a change that is meant and was read.
"""

from __future__ import annotations

import html as entities
import io
import json
import re
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import pandas as pd
from rich.console import Console

import fl_estimate as fl
from fl_estimate.reporting.document import Document
from fl_estimate.reporting.formats import terminal
from fl_estimate.reporting.particulars import MapChoice, Particulars
from fl_estimate.reporting.renderers import ESTIMATES, make
from fl_estimate.reporting.truth import Truth
from fl_estimate.results.codes import AssumptionCode, ReasonCode
from fl_estimate.results.estimates import Assumption, Reason
from fl_estimate.results.provenance import package_version
from tests.unit.reporting.made import country, estimates
from tests.unit.reporting.pictures import NONE, RELAXED, _bounds, _curve, _lists, _map, _published_lists, _regions

RECORD = Path(__file__).with_name("prints.json")
MARKS = re.compile(r"[\d†‡×≤<>–—…¹²³⁴⁵⁶⁷⁸⁹%]")
TRUTH = Truth(values={("prevalence", "forced_labour", frozenset()): 0.0123, ("total", "forced_labour", frozenset()): 3_000.0,
                      ("prevalence", "forced_labour", frozenset({("region", "North")})): 0.02})  # fmt: skip
TOLD = Particulars(
    title="A study", sources=[("people.csv", "0" * 64, 1234), ("lists.csv", "", 20)], definitions=[("icls2018_adult", "A definition of 2018")],
    truth=TRUTH, failed=[("other", "[FL-EST-01] no rows")], versions={"numpy": "1.2.3"}, fingerprint="f" * 64, map=MapChoice(areas=_map(), by="region", key="region"),
)  # fmt: skip


def figures_of(text: str) -> list[str]:
    """The lines with figures or marks, each word of them one w; of a page without its tags, styles and pictures."""
    if "<html" in text:
        text = re.sub(r"<(style|svg|head)\b.*?</\1>", " ", text, flags=re.DOTALL)
        text = entities.unescape(re.sub(r"<[^>]+>", "\n", text))
    text = text.replace(package_version(), "v")
    lines = (re.sub(r"\s+", " ", re.sub(r"[^\W\d_]+", "w", line)).strip() for line in text.splitlines())
    return [line for line in lines if MARKS.search(line)]


def skeleton(page: str) -> list[str]:
    """The tags of a page with what they carry, a line to each block; of the texts their figures and marks, of pictures nothing."""
    page = re.sub(r"<style\b.*?</style>", "<style>", page, flags=re.DOTALL)
    page = re.sub(r"<svg\b.*?</svg>", "<svg>", page, flags=re.DOTALL)
    lines = [""]
    for token in re.findall(r"<[^>]+>|[^<]+", page):
        if token.startswith("<"):
            token = re.sub(r'(aria-label|content|title)="[^"]*"', r'\1="w"', token)
            if re.match(r"<(tr|p|li|h\d|section|div|figure|dt|main|header|footer|title|meta)\b", token):
                lines.append("")
            lines[-1] += token
        elif token.strip():
            lines[-1] += " ".join(figures_of(entities.unescape(token))) or "w"
    return [re.sub(r"\s+", " ", line).strip() for line in lines if line.strip()]


def screen(document: Document, width: int) -> str:
    """What a terminal of so many columns shows."""
    told = io.StringIO()
    console = Console(file=told, width=width, color_system=None)
    with patch.object(terminal, "terminal_console", lambda: console), redirect_stdout(told):
        make(ESTIMATES, "terminal", document)
    return told.getvalue()


def screens(document: Document) -> dict[str, list[str]]:
    """Terminals of several widths: words as x, so that columns and breaks are seen; of the sentences under the tables a w each word."""
    told: dict[str, list[str]] = {}
    for width in (58, 76, 100, 200):
        lines = [re.sub(r"[^\W\d_]", "x", line).rstrip() for line in screen(document, width).splitlines()]
        told[f"terminal of {width}"] = [line if len(line) <= width else re.sub("x+", "w", line) for line in lines]
    return told


def shown(document: Document) -> dict[str, list[str]]:
    """The whole page and the whole screen."""
    return {"page": skeleton(make(ESTIMATES, "html", document)), **screens(document)}


def _told() -> Any:
    reasons = [
        Reason(code=ReasonCode.of("zero_cases"), row=1),
        Reason(code=ReasonCode.of("interval_not_defined"), row=2, parameters=(("kind", "log"),)),
    ]
    assumptions = [Assumption(code=AssumptionCode.of("subpopulation"), parameters=(("where", "age >= 18"),)), Assumption(code=AssumptionCode.of("unweighted")),
                   Assumption(code=AssumptionCode.of("zero_weights"), parameters=(("rows", 1234),))]  # fmt: skip
    made = estimates(
        {},
        {"region": "N", **NONE, "upper": 0.006},
        {"region": "S", "lower": None, "upper": None},
        reasons=reasons,
        assumptions=assumptions,
    )
    return replace(made, population="adults of a country", reference_period="2013", measure="stock")


def _others() -> dict[str, fl.Estimates]:
    return {
        "mean": estimates({"value": 44.0, "se": 0.5, "lower": 43.0, "upper": 45.0, "cases": None}, {"sex": 1, "value": 40.0, "se": 2.0, "cases": None}, by=("sex",), quantity="mean", outcome="hours"),
        "quantile": estimates({"value": 12.5, "se": 0.5, "lower": 11.0, "upper": 14.0, "cases": None, "term": "0.5"}, quantity="quantile", outcome="wage"),
        "months": estimates({"value": 5000.0, "se": 400.0, "lower": 4100.0, "upper": 6100.0}, quantity="total", outcome="fl_months"),
        "lists": estimates({"value": 5000.0, "se": 400.0, "lower": 4100.0, "upper": 6100.0, "n": 300, "cases": None}, quantity="population_size", basis="lists", method="chapman"),
        "model": estimates({"region": "N", "value": 0.2, "se": 0.05}, {"region": "S", "value": 0.1, "n": 0, "cases": None}, method="area-binomial", basis="model", interval_kind="equal-tailed"),
    }  # fmt: skip


def _document(of: Any, language: str = "en", rule: Any = "fl-default", **more: Any) -> Document:
    return Document(
        published=fl.publish(of, rule=rule),
        language=language,
        particulars=Particulars(**more) if more else Particulars(),
    )


def _both(document: Document) -> dict[str, list[str]]:
    return {name: figures_of(make(ESTIMATES, name, document)) for name in ("text", "html")}


def _appraised(given: Any, language: str) -> dict[str, list[str]]:
    return {"html": figures_of(fl.appraisal_page(given, language=language))}


def _by_hand() -> Any:
    shown = fl.publish_appraisal(_lists())
    made = replace(shown.provenance, arguments={**shown.provenance.arguments, "odds_ratios": (0.5, 2.0)})
    return replace(_published_lists(), sensitivity=shown.sensitivity, linkage=shown.linkage, provenance=made)


def _three() -> Any:
    """An appraisal of three lists, its tables put in by hand."""
    given = _by_hand()
    histories = pd.DataFrame(
        [{"police": at >> 2 & 1, "ngo": at >> 1 & 1, "shelter": at & 1, "count": 10.0 * at} for at in range(1, 8)]
    )
    changed = pd.DataFrame(
        {
            "changed": ["police", "ngo", "shelter"],
            "n": [90.0, 80.0, 70.0],
            "value": [900.0, np.nan, 1100.0],
            "lower": [700.0, np.nan, np.nan],
            "upper": [1300.0, np.nan, np.nan],
            "refused": ["", "FL-EST-01", "not_identified"],
        }
    )
    return replace(
        given, histories=histories, several=70.0, population="adults", reference_period="2013",
        leave_one_list=changed.assign(refused=["", "FL-EST-01", ""]), merge_two_lists=changed.iloc[:1],
        leave_one_person=pd.DataFrame({"history": list("abcdefg"), "value": [1000.0 + at for at in range(7)], "change": [90.0, -80.0, 0.0, 12.0, 5.0, 4.0, 3.0]}),
        trajectory=pd.DataFrame({"share": [0.5, 0.75, 1.0], "n": [50.0, 70.0, 100.0], "median": [1.2, 1.06, 1.0], "lower_quartile": [0.9, np.nan, 1.0], "upper_quartile": [1.6, 1.3, 1.0], "without_estimate": [0, 1, 0]}),
        models=pd.DataFrame({"terms": ["main", "two-way", *(f"a:b{at}" for at in range(14))], "bic": range(16), "population_size": [900.0 + at for at in range(16)]}),
        consistency={"independence": pd.DataFrame({"list": ["police", "ngo"], "known": [40.0, 50.0], "value": [42.0, 90.0], "lower": [30.0, 70.0], "upper": [60.0, 120.0], "covers": [True, False]})},
        methods=given.methods.assign(admissible=[True, False, False, True], why_not=["", "does_not_fit", "FL-EST-02", ""]),
    )  # fmt: skip


def _long() -> fl.Estimates:
    """A margin of more rows than a terminal shows, and one of just as many."""
    regions = [{"region": f"R{at}", "value": 0.01 + 0.001 * at, "upper": 0.05} for at in range(21)]
    sexes = [{"sex": f"S{at}"} for at in range(20)]
    return estimates({"df": 7}, *regions, *sexes, by=("region", "sex"))


def _full(language: str) -> Document:
    return Document(published=fl.publish(country()), language=language, particulars=TOLD)


CASES: dict[str, Callable[[], dict[str, list[str]]]] = {
    **{f"country, {language}": lambda language=language: _both(_full(language)) for language in ("en", "fr", "es")},
    "withheld zeros": lambda: _both(_document(country(), rule=RELAXED)),
    "another rule": lambda: _both(_document(country(), rule=fl.SuppressionRule(min_effective_n=30, sure_width=0.05, max_width=0.3, max_relative_width=1.3, min_cases=3))),
    "one digit": lambda: _both(_document(country(), rule=fl.SuppressionRule(digits=1))),
    "bounds": lambda: _both(_document(_bounds(), rule=RELAXED)),
    "bounds, French": lambda: _both(_document(_bounds(), "fr")),
    "reasons and assumptions": lambda: _both(_document(_told())),
    "reasons and assumptions, Spanish": lambda: _both(_document(_told(), "es", rule=RELAXED)),
    "other quantities": lambda: _both(_document(_others())),
    "other quantities, French": lambda: _both(_document(_others(), "fr")),
    "stacked": lambda: _both(_document(fl.stack({"survey": _regions(), "model": _regions(method="area-binomial")}))),
    "nothing to print": lambda: _both(_document(estimates({"n": 20}, {"region": "N", "df": 1}))),
    "cautions": lambda: _both(_document(estimates({"df": 7}, {"region": "N", "se": 0.005}, {"region": "S", "se": 0.005, "df": 7}))),
    "per cent": lambda: _both(_document(estimates({"value": 0.2, "se": 0.02, "lower": 0.16, "upper": 0.24}, {"sex": 1, "value": 0.1}, by=("sex",)), "es", truth=TRUTH)),
    **{f"an appraisal, {language}": lambda language=language: _appraised(_by_hand(), language) for language in ("en", "fr")},
    "an appraisal of two lists": lambda: _appraised(_lists(), "es"),
    **{f"whole country, {language}": lambda language=language: shown(_full(language)) for language in ("en", "fr")},
    "whole, bounds": lambda: shown(_document(_bounds(), "es", rule=RELAXED)),
    "whole, reasons and assumptions": lambda: shown(_document(_told())),
    "whole, other quantities": lambda: shown(_document(_others())),
    "whole, a long table": lambda: shown(_document(_long(), "fr")),
    "whole, stacked": lambda: shown(_document(fl.stack({"survey": _regions(), "model": _regions(method="area-binomial")}), "es")),
    "whole, withheld": lambda: shown(_document({"a": country()["prevalence_1"], "b": estimates({"n": 20}, {"region": "N", "df": 1}, outcome="hours")}, rule=fl.SuppressionRule(few_cases="withheld", min_cases=0, max_width=0.3, audit_seconds=7))),
    "whole, a curve": lambda: shown(_document(_curve(("North", 0.02), ("South", 0.03)), "fr")),
    **{f"a whole appraisal, {language}": lambda language=language: {"page": skeleton(fl.appraisal_page(_three(), language=language, title="Lists"))} for language in ("en", "fr")},
    "a whole appraisal, hidden counts": lambda: {"page": skeleton(fl.appraisal_page(replace(_three(), hides=True, protecting=2, envelope=(np.nan, np.nan), several=np.nan), language="es"))},
    "a whole appraisal of two lists": lambda: {"page": skeleton(fl.appraisal_page(_lists()))},
}  # fmt: skip


def main() -> None:
    """Write the record."""
    told = {name: make() for name, make in CASES.items()}
    RECORD.write_text(json.dumps(told, ensure_ascii=False, indent=0) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
