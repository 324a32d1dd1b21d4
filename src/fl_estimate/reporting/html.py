"""The report: one HTML page that stands alone. Everything it says is computed from what is published; nothing is typed.

No script, no picture, font or style from any host: the page can be archived, mailed and printed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING

from fl_estimate.reporting.figures import draw, inline_svg
from fl_estimate.reporting.headline import headline, period, population_words
from fl_estimate.reporting.labelling import is_unweighted, several_methods
from fl_estimate.reporting.naming import assumption_words, common_unit, outcome_words, unit_words
from fl_estimate.reporting.tables import (
    MARKS,
    LaidRow,
    Layout,
    caption,
    few_cases_note,
    layout,
    rule_caution,
    width_sentences,
)
from fl_estimate.reporting.truth import Truth
from fl_estimate.reporting.words import check_language, joined, level_words, opening, say

if TYPE_CHECKING:
    from fl_estimate.reporting.maps import Area
    from fl_estimate.reporting.publish import PublishedEstimates, PublishedTable


@dataclass(frozen=True, kw_only=True)
class MapChoice:
    """A map to draw: areas, the by-column they are of, and the property that names them."""

    areas: tuple[Area, ...]
    by: str | None = None
    key: str | None = None


@dataclass(frozen=True, kw_only=True)
class Particulars:
    """What a report says beside the estimates.

    Attributes
    ----------
    title : str
        Of the page; by default made from the first outcome.
    sources : sequence of (file name, sha256, rows)
    definitions : sequence of (framework id, title)
    truth : Truth, optional
        Of a synthetic population, to stand beside the estimates.
    map : MapChoice, optional
    pages : sequence of (name, file)
        Pages that stand beside the report, of appraisals of case lists.
    failed : sequence of (name, message)
        Estimates that could not be made.
    versions : mapping of package to version
    fingerprint : str
        Of the run.
    """

    title: str = ""
    sources: Sequence[tuple[str, str, int]] = ()
    definitions: Sequence[tuple[str, str]] = ()
    truth: Truth | None = None
    map: MapChoice | None = None
    pages: Sequence[tuple[str, str]] = ()
    failed: Sequence[tuple[str, str]] = ()
    versions: Mapping[str, str] = field(default_factory=dict[str, str])
    fingerprint: str = ""


def report(published: PublishedEstimates, *, language: str = "en", particulars: Particulars | None = None) -> str:
    """Write the report of what is published as one HTML page.

    Parameters
    ----------
    published : PublishedEstimates
    language : {"en", "fr", "es"}
    particulars : Particulars, optional
        Title, sources, definition, truth, map; without them the provenance of the estimates is used.

    Raises
    ------
    PublishFault
        FL-PUB-07: a language without words; FL-PUB-09, FL-PUB-10: the map does not fit the estimates.
    """
    check_language(language)
    given = particulars or Particulars()
    laid = [layout(table, language, given.truth) for table in published.tables]
    title = given.title or _title(published, language)
    body = [
        _header(published, title, language),
        *_lead(published, given.truth, language),
        _heading("estimates", language),
        *_sheets(published, laid, given, language),
        *_pages(given, language),
        *_failed(given, language),
        _heading("methods", language),
        *_methods(published, laid, given, language),
        _heading("publication", language),
        *_publication(published, language),
        _heading("provenance", language),
        _provenance(published, given, language),
    ]
    style = (files("fl_estimate.reporting") / "report.css").read_text(encoding="utf-8")
    return (
        f'<!DOCTYPE html>\n<html lang="{language}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>\n{style}</style>\n</head>\n<body>\n<main>\n"
        + "\n".join(part for part in body if part)
        + "\n</main>\n</body>\n</html>\n"
    )


def _title(published: PublishedEstimates, language: str) -> str:
    outcomes = [str(table.frame["outcome"].iloc[0]) for table in published.tables if len(table.frame)]
    words = [
        outcome_words(table.wording, str(table.frame["outcome"].iloc[0]), language)
        for table in published.tables
        if len(table.frame)
    ]
    if not outcomes or words[0] == outcomes[0]:
        return say("section", "title_plain", language)
    return say("section", "title", language, outcome=opening(words[0]))


def _header(published: PublishedEstimates, title: str, language: str) -> str:
    """Title, and whom and what time the figures speak of."""
    facts: list[str] = []
    for name in ("population", "reference_period", "measure"):
        said = list(dict.fromkeys(str(getattr(table, name)) for table in published.tables if getattr(table, name)))
        if name == "population":
            said = list(
                dict.fromkeys(population_words(table, language) for table in published.tables if table.population)
            )
        if name == "measure":
            said = [say("measure", code, language) for code in said]
        if name == "reference_period":
            said = [period(text, language) for text in said]
        facts += [f"<span>{escape(opening(text))}</span>" for text in said]
    line = f'<p class="facts">{"".join(facts)}</p>' if facts else ""
    return f"<header>\n<h1>{escape(title)}</h1>\n{line}\n</header>"


def _lead(published: PublishedEstimates, truth: Truth | None, language: str) -> Iterator[str]:
    """The national figure in large type and in words."""
    said = headline(published, language, truth)
    if not said.sentences:
        return
    cards = "".join(
        f'<div class="card"><b>{escape(figure)}</b><span>{escape(unit)}</span><span>{escape(span)}</span></div>'
        for figure, unit, span in said.cards
    )
    yield '<div class="lead">'
    if cards:
        yield f'<div class="cards">{cards}</div>'
    yield f"<p>{escape(' '.join(said.sentences))}</p>"
    yield "</div>"


def _heading(code: str, language: str) -> str:
    return f"<h2>{escape(say('section', code, language))}</h2>"


def _sheets(published: PublishedEstimates, laid: Sequence[Layout], given: Particulars, language: str) -> Iterator[str]:
    """A table for each result; a picture where there is more than the nation; the map at the end."""
    pictures = 0
    for place, (table, sheet) in enumerate(zip(published.tables, laid, strict=True), 1):
        yield f'<section class="sheet" id="table-{place}">\n{_table(sheet, place, language)}\n{_notes(sheet, table, published, language)}'
        yield "</section>"
        if _worth_drawing(table, published):
            pictures += 1
            name = say("head", "figure", language, number=pictures)
            drawing = inline_svg(
                draw([table], language=language, truth=given.truth), f"figure-{pictures}", sheet.caption
            )
            yield _figure(drawing, name, sheet.caption)
    if given.map is not None:
        from fl_estimate.reporting.maps import chosen_table, draw_map

        table, column = chosen_table(published, given.map.areas, given.map.by, given.map.key)
        title = caption(table, language, margin=column)
        figure = draw_map(published, given.map.areas, by=column, key=given.map.key, language=language)
        yield _figure(inline_svg(figure, "map-1", title), say("head", "map", language, number=1), title)


def _worth_drawing(table: PublishedTable, published: PublishedEstimates) -> bool:
    """Totals by area picture the size of areas, so they are drawn only where there is nothing else to draw."""
    if several_methods(table.frame):
        return True

    def several(other: PublishedTable) -> bool:
        return other.frame["margin"].nunique() > 1

    totals = set(table.frame["quantity"]) <= {"total", "persons"}
    others = any(several(t) and not set(t.frame["quantity"]) <= {"total", "persons"} for t in published.tables)
    return several(table) and not (totals and others)


def _figure(drawing: str, name: str, title: str) -> str:
    return f"<figure>\n<figcaption><span>{escape(name)}</span>{escape(title)}</figcaption>\n{drawing}\n</figure>"


def _table(sheet: Layout, place: int, language: str) -> str:
    head = "".join(f'<th scope="col">{escape(text)}</th>' for text in sheet.heads.values())
    rows = "\n".join(_row(row, list(sheet.heads)) for row in sheet.rows)
    name = escape(say("head", "table", language, number=place))
    return (
        f'<div class="scroll"><table>\n<caption><span>{name}</span>{escape(sheet.caption)}</caption>\n'
        f'<thead><tr><th scope="col"></th>{head}</tr></thead>\n<tbody>\n{rows}\n</tbody>\n</table></div>'
    )


def _row(row: LaidRow, keys: Sequence[str]) -> str:
    if row.heading:
        return f'<tr class="heading"><th scope="rowgroup" colspan="{len(keys) + 1}">{escape(row.label)}</th></tr>'
    kind = f"{'nation' if row.nation else 'domain'}{' withheld' if row.withheld else ''}"
    cells: list[str] = []
    for key in keys:
        if row.withheld and key in ("interval", "cv"):
            continue
        span = 1 + sum(name in keys for name in ("interval", "cv"))
        if row.withheld and key == "value":
            cells.append(f'<td class="words" colspan="{span}">{escape(row.cells[key])}</td>')
        else:
            main = ' class="main"' if key == "value" else ""
            cells.append(f"<td{main}>{_hung(row.cells.get(key, ''))}</td>")
    return f'<tr class="{kind}"><th scope="row">{escape(row.label)}</th>{"".join(cells)}</tr>'


def _hung(text: str) -> str:
    """A cell whose marks hang out to the right, so that digits stay under digits."""
    figure = text.rstrip(MARKS)
    marks = text[len(figure) :].strip()
    return f'{escape(figure)}<span class="mark">{escape(marks)}</span>' if marks else escape(figure)


def _notes(sheet: Layout, table: PublishedTable, published: PublishedEstimates, language: str) -> str:
    """What the marks and heads of a table mean; only those that stand in it."""
    notes = [f"<sup>{mark}</sup> {escape(text)}" if mark else escape(text) for mark, text in sheet.notes]
    if any("†" in row.cells.get("value", "") for row in sheet.rows):
        notes.append(escape(rule_caution(published, language)))
    if said := few_cases_note(published, language, table):
        notes.append(escape(said))
    if "undetermined" in sheet.heads:
        plain = ".unweighted" if is_unweighted(table.assumptions) else ""
        notes.append(escape(say("sentence", f"undetermined_head{plain}", language)))
    return "".join(f'<p class="notes">{note}</p>' for note in notes)


def _pages(given: Particulars, language: str) -> Iterator[str]:
    """Where the pages beside this one are."""
    for name, file in given.pages:
        yield f'<p><a href="{escape(file)}">{escape(say("head", "page", language, name=name))}</a></p>'


def _failed(given: Particulars, language: str) -> Iterator[str]:
    if given.failed:
        yield _heading("failed", language)
        lines = "".join(f"<li><b>{escape(name)}</b>: {escape(message)}</li>" for name, message in given.failed)
        yield f"<ul>{lines}</ul>"


def _methods(published: PublishedEstimates, laid: Sequence[Layout], given: Particulars, language: str) -> Iterator[str]:
    """How each table was made, then what was assumed: read off the results."""
    for identity, title in given.definitions:
        yield f"<p>{escape(say('sentence', 'definition', language, title=title, id=identity))}</p>"
    heads = [say("section", code, language) for code in ("estimate", "method", "interval")]
    yield '<div class="scroll"><table class="plain"><thead><tr>'
    yield "".join(f'<th scope="col">{escape(text)}</th>' for text in heads) + "</tr></thead><tbody>"
    for place, (table, sheet) in enumerate(zip(published.tables, laid, strict=True), 1):
        kinds = [say("interval", kind, language) for kind in table.frame["interval_kind"].unique() if kind]
        methods = [say("method", method, language) for method in table.frame["method"].unique() if method]
        interval = f"{opening(joined(kinds, language))}, {level_words(sheet.level, language)}" if kinds else "–"
        name = f"{say('head', 'table', language, number=place)} {sheet.caption}"
        cells = (name, opening(", ".join(methods)), interval)
        yield "<tr>" + "".join(f"<td>{escape(text)}</td>" for text in cells) + "</tr>"
    yield "</tbody></table></div>"
    assumed = _assumed(published, language)
    every = sum(not several_methods(table.frame) for table in published.tables)
    lines = [f"<li>{escape(text)}{_where(at, every, language)}</li>" for text, at in assumed]
    for place, table in enumerate(published.tables, 1):
        if several_methods(table.frame):
            name = say("head", "table", language, number=place).rstrip(".")
            lines.append(f"<li>{escape(say('sentence', 'assumed_by_each', language, table=name))}</li>")
    yield f"<ul>{''.join(lines)}</ul>" if lines else ""


def _assumed(published: PublishedEstimates, language: str) -> list[tuple[str, list[int]]]:
    """Every assumption in words, with the tables it holds for.

    Of a table of several methods each assumption is that of some rows only: it is told where no other table tells it.
    """
    said: dict[str, list[int]] = {}
    numbered = list(enumerate(published.tables, 1))
    for place, table in sorted(numbered, key=lambda pair: several_methods(pair[1].frame)):
        for assumption in table.assumptions:
            text = assumption_words(table.wording, assumption, language)
            if several_methods(table.frame) and text in said:
                continue
            if place not in said.setdefault(text, []):
                said[text].append(place)
    return list(said.items())


def _where(tables: Sequence[int], every: int, language: str) -> str:
    if len(tables) == every:
        return ""
    names = joined([say("head", "table", language, number=place).rstrip(".") for place in tables], language)
    return f" <small>({escape(names)})</small>"


def _publication(published: PublishedEstimates, language: str) -> Iterator[str]:
    """The rule in words with its own thresholds, and how many figures it withheld."""
    rule = published.rule
    most = max(1, rule.min_cases - 1)
    few = {"at_most": "rule_at_most", "model": "rule_model", "withheld": "rule"}[rule.few_cases]
    first = few if rule.min_cases > 1 else "rule_without_cases"
    unit = common_unit(table.wording for table in published.tables)
    sample = unit_words(unit, "sample", language)
    sentences = [
        say("sentence", first, language, n=rule.min_n, most=most, df=rule.min_df, sample=sample),
        *width_sentences(rule, language, unit),
        say("sentence", "rule_parts", language),
    ]
    if rule.few_cases == "withheld" or rule.min_cases < 1:
        sentences.append(say("sentence", "rule_zero", language, n=rule.min_n, sample=sample))
    rows = sum(len(table.frame) for table in published.tables)
    hidden = sum(int(table.hidden.sum()) for table in published.tables)
    yield f"<p>{escape(' '.join(sentences))}</p>"
    yield f"<p>{escape(rule_caution(published, language))}</p>"
    if hidden:
        counted = say("sentence", "withheld", language, hidden=hidden, rows=rows)
        protecting = "protecting" if published.protecting else "protecting_none"
        said = say("sentence", protecting, language, rows=published.protecting)
        if not published.audit_complete:
            said += " " + say("sentence", "audit_late", language, seconds=f"{rule.audit_seconds:g}")
        yield f"<p>{escape(counted)} {escape(said)}</p>"


def _provenance(published: PublishedEstimates, given: Particulars, language: str) -> str:
    """Files with their hashes, software, the fingerprint of the run."""
    entries: list[tuple[str, str]] = []
    for name, sha256, rows in given.sources or _sources(published):
        counted = f", {escape(say('sentence', 'rows', language, rows=rows))}" if rows else ""
        entries.append((say("section", "source", language), f"{escape(name)}{counted}"))
        # Case lists have none: it would confirm a guess at the counts that are hidden.
        if len(sha256) == 64:
            entries.append((say("section", "sha256", language), f"<code>{escape(sha256)}</code>"))
    versions = given.versions or {"fl_estimate": published.tables[0].provenance.package_version}
    shown = ", ".join(f"{name}\u00a0{version}" for name, version in versions.items())
    entries.append((say("section", "versions", language), escape(shown)))
    if given.fingerprint:
        entries.append((say("section", "fingerprint", language), f"<code>{escape(given.fingerprint)}</code>"))
    return "<dl>" + "".join(f"<dt>{escape(term)}</dt><dd>{text}</dd>" for term, text in entries) + "</dl>"


def _sources(published: PublishedEstimates) -> Iterable[tuple[str, str, int]]:
    found = {(table.provenance.source_name, table.provenance.source_sha256): None for table in published.tables}
    return [(name, sha256, 0) for name, sha256 in found if name]
