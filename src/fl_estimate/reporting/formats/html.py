"""The report: one HTML page that stands alone. Everything it says is computed from what is published; nothing is typed.

No script, no picture, font or style from any host: the page can be archived, mailed and printed. What it says is gathered here,
how it is laid out stands in `report.html`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from fl_estimate.inputs.wording import Text, in_language
from fl_estimate.pages.template import page
from fl_estimate.reporting.captions import caption
from fl_estimate.reporting.document import Document
from fl_estimate.reporting.headline import last_round, period, population_words
from fl_estimate.reporting.labelling import round_words, several_methods, varying
from fl_estimate.reporting.layout import LaidRow, Layout, split_marks
from fl_estimate.reporting.naming import assumption_words, common_unit, outcome_words, unit_words
from fl_estimate.reporting.particulars import Particulars
from fl_estimate.reporting.pictures.curve_figures import is_curve
from fl_estimate.reporting.pictures.drawing import PagePicture, drawn
from fl_estimate.reporting.pictures.figures import forest
from fl_estimate.reporting.pictures.maps import chosen_table, draw_map
from fl_estimate.reporting.published_tables import PublishedTable, PublishedTables
from fl_estimate.reporting.renderers import renders
from fl_estimate.reporting.rule_words import width_sentences
from fl_estimate.reporting.tests_in_tables import of_tests
from fl_estimate.words.languages import SOURCE, words_of
from fl_estimate.words.numbers import level_words
from fl_estimate.words.say import error_words, joined, named, opening, say
from fl_estimate.words.spaces import with_spaces

HERE = "fl_estimate.reporting.formats"
JOINED = ("interval", "cv")
"""Columns that a withheld row has no cells of: its words run over them."""


@dataclass(frozen=True, kw_only=True)
class _PageCell:
    text: str
    marks: str = ""
    kind: str = ""
    span: int = 1


@dataclass(frozen=True, kw_only=True)
class _Sheet:
    """A table of the page with what stands under it."""

    position: int
    name: str
    layout: Layout
    rows: Sequence[tuple[LaidRow, str, Sequence[_PageCell]]]
    notes: Sequence[tuple[str, str]]
    figure: PagePicture | None


@renders("html", endings=(".html",), run="report.html", in_each_language=True)
def html(document: Document) -> str:
    """A report that stands alone: headline, tables, pictures, methods; it asks nothing of any host."""
    language, given = document.language, document.particulars
    return page(
        HERE,
        "report.html",
        language=language,
        say=say,
        title=given.title or _title(document),
        facts=list(_facts(document)),
        headline=document.headline,
        sheets=list(_sheets(document)),
        map=_map(document),
        pages=[(file, say("head", "page", language, name=name)) for name, file in given.pages],
        failed=[(named(name, "", language).rstrip(" "), error_words(text, language)) for name, text in given.failed],
        methods=_Methods(document),
        publication=list(_publication(document)),
        provenance=list(_provenance(document)),
    )


def report(published: PublishedTables, *, language: str = "en", particulars: Particulars | None = None) -> str:
    """Write the report of what is published as one HTML page.

    Parameters
    ----------
    published : PublishedEstimates
    language : {"en", "fr", "es", "es-MX", …}
    particulars : Particulars, optional
        Title, sources, definition, truth, map; without them the provenance of the estimates is used.

    Raises
    ------
    PublishFault
        FL-PUB-07: a language without words; FL-PUB-09, FL-PUB-10: the map does not fit the estimates.
    """
    return html(Document(published=published, language=language, particulars=particulars or Particulars()))


def _title(document: Document) -> str:
    language = document.language
    named = [(table, str(table.frame["outcome"].iloc[0])) for table in document.published.tables if len(table.frame)]
    words = [outcome_words(table.wording, outcome, language) for table, outcome in named]
    if not named or words[0] == named[0][1]:
        return say("section", "title_plain", language)
    return say("section", "title", language, outcome=opening(words[0]))


def _facts(document: Document) -> Iterator[str]:
    """Whom and what time the figures speak of."""
    language, tables = document.language, document.published.tables
    said = {
        "population": [population_words(table, language) for table in tables if table.population],
        "reference_period": [_times(table, language) for table in tables],
        "measure": [say("measure", table.measure, language) for table in tables if table.measure],
    }
    for texts in said.values():
        yield from (opening(text) for text in dict.fromkeys(texts) if text)


def _times(table: PublishedTable, language: str) -> str:
    """The time of a table; of several rounds those of all, with their countries where there are several."""
    if table.reference_period and not varying(table.frame, table.by):
        return period(table.reference_period, language)
    names = varying(table.frame, table.by)
    rounds = table.frame[list(names)].drop_duplicates().to_dict("records") if names else []
    said = (round_words({str(k): v for k, v in each.items()}, names, language).strip() for each in rounds)
    return ", ".join(text for text in said if text)  # rows of a stack may be of no stated time


def _sheets(document: Document) -> Iterator[_Sheet]:
    """A table for each result, with a picture where there is more than the nation."""
    pictures = 0
    for position, (table, sheet) in enumerate(document.sheets, 1):
        figure = None
        if is_curve(sheet) or _worth_drawing(table, document.published):
            pictures += 1
            name = say("head", "figure", document.language, number=pictures)
            figure = drawn(forest([sheet], document.language), f"figure-{pictures}", name, sheet.caption)
        yield _Sheet(
            position=position,
            name=say("head", "table", document.language, number=position),
            layout=sheet,
            rows=[(row, _kind(row), list(_cells(row, list(sheet.heads)))) for row in sheet.rows],
            notes=document.notes(table, sheet),
            figure=figure,
        )


def _map(document: Document) -> PagePicture | None:
    given, language = document.particulars.map, document.language
    if given is None:
        return None
    # Of several rounds the last is drawn, of several countries none: their areas are not on one map.
    tables = tuple(last for each in document.published.tables if (last := last_round(each)) is not None)
    if not tables:
        return None
    published = replace(document.published, tables=tables)
    table, column = chosen_table(published, given.areas, given.by, given.key)
    title = caption(table, language, margin=column)
    # Of a table in several units the first is drawn; all of them stand in the table.
    figure = draw_map(published, given.areas, by=column, key=given.key, language=language)
    return drawn(figure, "map-1", say("head", "map", language, number=1), title)


def _worth_drawing(table: PublishedTable, published: PublishedTables) -> bool:
    """Totals by area picture the size of areas, so they are drawn only where there is nothing else to draw."""
    if of_tests(table.frame):
        return False
    if several_methods(table.frame) or varying(table.frame, table.by):
        return True

    def several(other: PublishedTable) -> bool:
        return other.frame["margin"].nunique() > 1

    totals = set(table.frame["quantity"]) <= {"total", "persons"}
    others = any(several(t) and not set(t.frame["quantity"]) <= {"total", "persons"} for t in published.tables)
    return several(table) and not (totals and others)


def _kind(row: LaidRow) -> str:
    if row.heading:
        return "heading"
    return f"{'nation' if row.nation else 'domain'}{' withheld' if row.withheld else ''}"


def _cells(row: LaidRow, keys: Sequence[str]) -> Iterator[_PageCell]:
    """The cells of a row; marks stand apart, so that they hang out and digits stay under digits."""
    if row.heading:
        return
    for key in keys:
        if row.withheld and key == "value":
            yield _PageCell(text=row.cells[key], kind="words", span=1 + sum(name in keys for name in JOINED))
        elif not (row.withheld and key in JOINED):
            figure, marks = split_marks(row.cells.get(key, ""))
            yield _PageCell(
                text=figure if marks else row.cells.get(key, ""), marks=marks, kind="main" if key == "value" else ""
            )


class _Methods:
    """How each table was made, then what was assumed: read off the results."""

    def __init__(self, document: Document) -> None:
        self._document, self._language = document, document.language

    @property
    def definitions(self) -> list[str]:
        given = [(name, self._title(title)) for name, title in self._document.particulars.definitions]
        return [say("sentence", "definition", self._language, title=title, id=identity) for identity, title in given]

    def _title(self, title: str | Text) -> str:
        """The title of a framework in the language, in English where it has none."""
        if isinstance(title, str):
            return title
        return with_spaces(in_language(title, self._language) or title.get(SOURCE, ""), words_of(self._language))

    @property
    def heads(self) -> list[str]:
        return [say("section", code, self._language) for code in ("estimate", "method", "interval")]

    @property
    def rows(self) -> Iterator[tuple[str, str, str]]:
        for position, (table, sheet) in enumerate(self._document.sheets, 1):
            kinds = [say("interval", kind, self._language) for kind in table.frame["interval_kind"].unique() if kind]
            methods = [say("method", method, self._language) for method in table.frame["method"].unique() if method]
            level = level_words(sheet.level, self._language)
            interval = f"{opening(joined(kinds, self._language))}, {level}" if kinds else "–"
            name = f"{say('head', 'table', self._language, number=position)} {sheet.caption}"
            yield name, opening(", ".join(methods)), interval

    @property
    def assumed(self) -> Iterator[tuple[str, str]]:
        """Every assumption, and in which tables where it is not that of all."""
        numbered = list(enumerate(self._document.published.tables, 1))
        every = sum(not several_methods(table.frame) for _, table in numbered)
        for text, positions in _assumed(numbered, self._language):
            names = [self._table(position) for position in positions]
            yield text, "" if len(positions) == every else f"({joined(names, self._language)})"
        for position, table in numbered:
            if several_methods(table.frame):
                yield say("sentence", "assumed_by_each", self._language, number=position), ""

    def _table(self, position: int) -> str:
        return say("head", "table", self._language, number=position).rstrip(".")


def _assumed(numbered: Sequence[tuple[int, PublishedTable]], language: str) -> Iterable[tuple[str, list[int]]]:
    """Every assumption in words, with the tables it holds for.

    Of a table of several methods each assumption is that of some rows only: it is told where no other table tells it.
    """
    said: dict[str, list[int]] = {}
    for position, table in sorted(numbered, key=lambda pair: several_methods(pair[1].frame)):
        for assumption in table.assumptions:
            text = assumption_words(table.wording, assumption, language)
            if several_methods(table.frame) and text in said:
                continue
            if position not in said.setdefault(text, []):
                said[text].append(position)
    return said.items()


def _publication(document: Document) -> Iterator[str]:
    """The rule in words with its own thresholds, and how many figures it withheld."""
    published, language = document.published, document.language
    rule = published.rule
    most = max(1, rule.min_cases - 1)
    few = {"at_most": "rule_at_most", "model": "rule_model", "withheld": "rule"}[rule.few_cases]
    first = few if rule.min_cases > 1 else "rule_without_cases"
    unit = common_unit(table.wording for table in published.tables)
    sample = unit_words(unit, "sample", language, rule.min_n)
    sentences = [
        say("sentence", first, language, n=rule.min_n, most=most, df=rule.min_df, sample=sample),
        *width_sentences(rule, language, unit),
        say("sentence", "rule_parts", language),
    ]
    if rule.few_cases == "withheld" or rule.min_cases < 1:
        sentences.append(say("sentence", "rule_zero", language, n=rule.min_n, sample=sample))
    yield " ".join(sentences)
    yield document.caution
    rows = sum(len(table.frame) for table in published.tables)
    if hidden := sum(int(table.hidden.sum()) for table in published.tables):
        protecting = "protecting" if published.protecting else "protecting_none"
        texts = [
            say("sentence", "withheld", language, hidden=hidden, rows=rows),
            say("sentence", protecting, language, rows=published.protecting),
        ]
        if not published.audit_complete:
            texts.append(say("sentence", "audit_late", language, seconds=rule.audit_seconds))
        yield " ".join(texts)


def _provenance(document: Document) -> Iterator[tuple[str, str, bool]]:
    """Files with their hashes, software, the fingerprint of the run: (term, text, whether it is code)."""
    given, language, tables = document.particulars, document.language, document.published.tables
    result = dict.fromkeys((table.provenance.source_name, table.provenance.source_sha256, 0) for table in tables)
    for name, sha256, rows in given.sources or [source for source in result if source[0]]:
        counted = f", {say('sentence', 'rows', language, rows=rows)}" if rows else ""
        yield say("section", "source", language), f"{name}{counted}", False
        # Case lists have none: it would confirm a guess at the counts that are hidden.
        if len(sha256) == 64:
            yield say("section", "sha256", language), sha256, True
    versions = given.versions or {"fl_estimate": tables[0].provenance.package_version}
    shown = ", ".join(f"{name}\u00a0{version}" for name, version in versions.items())
    yield say("section", "versions", language), shown, False
    if given.fingerprint:
        yield say("section", "fingerprint", language), given.fingerprint, True
