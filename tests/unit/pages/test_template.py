"""What comes from data stays text on every page, in elements and in attributes; pages ask nothing of any host."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import jinja2
import pandas as pd
import pytest
from tests.unit.reporting.made import estimates

import fl_estimate as fl
from fl_estimate import capture_recapture as cr
from fl_estimate.inputs.wording import ColumnWords, SurveyWording
from fl_estimate.pages.template import page
from fl_estimate.reporting.formats.html import report
from fl_estimate.reporting.particulars import Particulars
from fl_estimate.reproduce import Outcome, Reproduction
from fl_estimate.reproduce.figures import figure
from fl_estimate.schema.validate import Fault, ValidationReport

SOURCE = Path(fl.__file__).parent
BAD = (
    "<script>alert(1)</script>",
    'x" onload="alert(1)',
    "x' onload='alert(1)",
    "</style></title><img src=x>",
    "{{ 7 * 7 }}",
)
ALL = "".join(BAD)
INERT = ("#", "appraisal.")
"""What a link may begin with."""


class Page(HTMLParser):
    """Tags and attributes that a page may not have, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.wrong: list[str] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("script", "img", "link", "iframe", "object"):
            self.wrong.append(tag)
        for name, value in attrs:
            if name.startswith("on") or (name in ("href", "src") and not str(value).startswith(INERT)):
                self.wrong.append(f"{tag} {name}={value}")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    def handle_data(self, data: str) -> None:
        self.text += data


def of_report(_: Path) -> str:
    words = SurveyWording(
        columns={ALL: ColumnWords(title={"": ALL}, values={"a": {"": ALL}})}, title={"*": ALL}, note={"*": ALL},
        population={"*": ALL},
    )  # fmt: skip
    made = replace(
        estimates({}, {ALL: "a"}, {ALL: ALL}, by=(ALL,), outcome=ALL),
        wording=words,
        population=ALL,
        reference_period=ALL,
    )
    told = Particulars(
        title=ALL, sources=[(ALL, ALL, 1)], failed=[(ALL, ALL)], definitions=[(ALL, ALL)], versions={ALL: ALL},
        fingerprint=ALL, pages=[(ALL, "appraisal." + ALL)],
    )  # fmt: skip
    return report(fl.publish({ALL: made}), particulars=told)


def of_appraisal(_: Path) -> str:
    counts = pd.DataFrame({ALL: [1, 0, 1], "b": [0, 1, 1], "count": [50, 80, 10]})
    histories = replace(fl.CaptureHistories.from_counts(counts, lists=[ALL, "b"]), population=ALL, reference_period=ALL)
    return fl.appraisal_page(cr.appraise(histories, seed=1), title=ALL)


def of_validation(tmp_path: Path) -> str:
    fault = Fault(table=ALL, variable=ALL, rule=ALL, value_class=ALL, count=1, rows=(3,), records=(ALL,))
    return ValidationReport((fault,)).to_html(tmp_path / "v.html").read_text(encoding="utf-8")


def of_reproduction(tmp_path: Path) -> str:
    given = figure(ALL, 1.0, 0.5, symbol=ALL, unit=ALL, document=ALL, page=ALL, table=ALL)
    outcome = Outcome(
        id=ALL, description=ALL, document=ALL, page=ALL, status="verified", printed=ALL, unit=ALL, expected=True, reason="",
        note=ALL, strength=ALL, inputs=(given,), tables=(ALL,), words=ALL, function=ALL, of_lists=True,
    )  # fmt: skip
    return Reproduction(outcomes=(outcome,)).to_html(tmp_path / "r.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("made", [of_report, of_appraisal, of_validation, of_reproduction])
def test_text_from_data_stays_text(made: Callable[[Path], str], tmp_path: Path) -> None:
    html = made(tmp_path)
    found = Page(html)
    assert found.wrong == []
    for bad in BAD:
        assert bad in found.text, bad
    assert "</style></title>" not in html
    assert html.startswith("<!DOCTYPE html>\n<html lang=")
    assert "://" not in html


def test_the_table_of_a_notebook_holds_text_only() -> None:
    words = SurveyWording(note={"*": ALL}, columns={ALL: ColumnWords(title={"": ALL})})
    made = replace(estimates({}, {ALL: ALL}, by=(ALL,), outcome=ALL), wording=words)
    found = Page(fl.publish({ALL: made})._repr_html_())
    assert found.wrong == []
    assert BAD[0] in found.text


def test_what_is_not_escaped_is_ours() -> None:
    """Our style, and pictures that we drew: nothing else of a template is taken as it is."""
    templates = sorted(SOURCE.rglob("*.html"))
    assert len(templates) >= 6
    marked = [
        (path.name, text)
        for path in templates
        for text in re.findall(r"\{\{([^}]*\|\s*safe[^}]*)\}\}", path.read_text())
    ]
    assert sorted((name, text.strip()) for name, text in marked) == [
        ("base.html", "style | safe"), ("parts.html", "figure.drawing | safe"),
    ]  # fmt: skip
    for path in templates:
        text = path.read_text(encoding="utf-8")
        assert "autoescape false" not in text
        assert "<script" not in text
        # An attribute without quotes would need another kind of escaping.
        assert not re.search(r"=\{\{", text), path.name


def test_a_name_that_a_template_misses_is_an_error() -> None:
    with pytest.raises(jinja2.UndefinedError, match="title"):
        page("fl_estimate.pages", "base.html", language="en")


def test_every_page_extends_the_one_base() -> None:
    own = [path for path in SOURCE.rglob("*.html") if path.parent.name != "pages"]
    assert len(own) >= 4
    for path in own:
        assert path.read_text(encoding="utf-8").startswith('{% extends "fl_estimate.pages/base.html" %}'), path.name
    code = "".join(path.read_text(encoding="utf-8") for path in SOURCE.rglob("*.py"))
    assert "<!DOCTYPE" not in code
