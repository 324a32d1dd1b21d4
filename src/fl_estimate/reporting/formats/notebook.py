"""The table of a notebook: all published tables as one great_tables table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from fl_estimate.neutral import one_line
from fl_estimate.pages.frames import harmless
from fl_estimate.reporting.captions import column_words, lowered, unweighted_words
from fl_estimate.reporting.document import Document
from fl_estimate.reporting.layout import OPTIONAL, Layout
from fl_estimate.reporting.naming import outcome_words
from fl_estimate.reporting.pictures.palette import SOFT
from fl_estimate.reporting.published_tables import PublishedTable
from fl_estimate.reporting.renderers import renders
from fl_estimate.reporting.rule_words import few_cases_note
from fl_estimate.words.say import opening, say

if TYPE_CHECKING:
    from great_tables import GT


@renders("notebook")
def notebook(document: Document) -> GT:
    """All tables as one great_tables table, a group of rows for each margin of each."""
    from great_tables import GT, loc, style

    laid, language = document.layouts, document.language
    heads = _joined_heads(laid, language)
    lines = [line for table, sheet in document.sheets for line in _lines(table, sheet, language)]
    body = pd.DataFrame(lines, columns=["table", "group", "label", "withheld", *heads])
    # Two tables may show the same quantity (with bounds and without): each keeps groups of its own.
    owners = body.groupby("group")["table"].transform("nunique") > 1
    body["group"] = body["group"].where(~owners, body["group"] + " (" + body["table"] + ")")
    withheld = body["withheld"].to_numpy(dtype=bool).nonzero()[0].tolist()
    body = harmless(body.drop(columns=["table", "withheld"]).fillna(""), one_line)
    drawn = GT(body, rowname_col="label", groupname_col="group")
    shown: dict[str, Any] = {key: one_line(text) for key, text in heads.items()}
    drawn = drawn.cols_label(shown)
    drawn = drawn.cols_align("right", columns=list(heads))  # pyright: ignore[reportUnknownMemberType]
    if withheld:
        drawn = drawn.tab_style(style.text(style="italic", color=SOFT), loc.body(rows=withheld))
    for note in dict.fromkeys(text for sheet in laid for _, text in sheet.notes):
        drawn = drawn.tab_source_note(one_line(note))
    if said := few_cases_note(document.published, language):
        drawn = drawn.tab_source_note(said)
    return drawn.tab_source_note(document.caution).tab_options(
        table_font_size="14px", row_group_font_weight="600", stub_border_style="none", table_width="100%"
    )


def _lines(table: PublishedTable, sheet: Layout, language: str) -> Iterable[dict[str, Any]]:
    """The rows of one table with the group that each belongs to: outcome, quantity with its unit, margin."""
    quantity = lowered(sheet.scale.head(language))
    for row in sheet.rows:
        if row.heading:
            continue
        outcome = opening(outcome_words(table.wording, str(row.record["outcome"]), language))
        group = say("head", "caption", language, outcome=outcome, quantity=quantity) if outcome else opening(quantity)
        if row.record["margin"]:
            group += f" – {column_words(str(row.record['margin']), language, table.wording)}"
        group += unweighted_words(table, language)
        yield {"table": table.name, "group": group, "label": row.label, "withheld": row.withheld, **row.cells}


def _joined_heads(layouts: Sequence[Layout], language: str) -> dict[str, str]:
    heads: dict[str, str] = {}
    for sheet in layouts:
        heads |= {key: text for key, text in sheet.heads.items() if key not in heads}
    heads["value"] = say("head", "estimate", language)
    order = ["bound", "value", "interval", *OPTIONAL]
    return {key: heads[key] for key in order if key in heads}
