"""The folder over all studies of a batch: one row a study, what failed, the published figures side by side, and a page of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from fl_estimate.pages.frames import csv_text
from fl_estimate.pages.template import page
from fl_estimate.reporting.writing import write_bytes
from fl_estimate.saved import SavedForm
from fl_estimate.study.batch.outcome import GOOD, BatchResult, StudyOutcome
from fl_estimate.study.batch.plan import SUMMARY
from fl_estimate.study.batch.tables import BatchTable, headlines, printed, trends, world
from fl_estimate.study.folder import replacing, write_manifest
from fl_estimate.version import package_version
from fl_estimate.words.say import say

HERE = "fl_estimate.study.batch"
FORM = SavedForm(kind="batch result", number=1, again="run the batch again")
_HEADLINE = ("estimate", "quantity", "outcome", "period", "value", "lower", "upper", "publication")


@dataclass(frozen=True, kw_only=True)
class _BatchSheet:
    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...] = ()
    text: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True)
class _BatchPage:
    facts: tuple[str, ...]
    lead: str
    sections: tuple[tuple[str, str, tuple[_BatchSheet, ...]], ...]


def status_table(result: BatchResult, figures: pd.DataFrame) -> pd.DataFrame:
    """One row a study, with its leading figure as it is published."""
    leading = headlines(figures)
    frame = result.to_frame().drop(columns="folder")
    frame.insert(1, "folder", [each.folder.name for each in result.outcomes])
    for name in _HEADLINE:
        values = [leading.get(study, {}).get(name) for study in frame["study"]]
        frame[f"headline_{name}"] = pd.array(
            values, dtype="Float64" if name in ("value", "lower", "upper") else "string"
        )
    return frame


def write_summary(
    result: BatchResult, figures: pd.DataFrame, *, name: str, language: str, unread: tuple[str, ...]
) -> Path:
    """Write the folder over all studies, in the place of that of the last batch."""
    folder = result.folder / SUMMARY
    table, troubles = status_table(result, figures), result.troubles()
    with replacing(folder) as part:
        for file, frame in (("studies.csv", table), ("troubles.csv", troubles), ("figures.csv", figures)):
            write_bytes(part / file, csv_text(frame).encode())
        if len(result.derived):
            write_bytes(part / "derived.csv", csv_text(result.derived).encode())
        told = _told(result, figures, table, unread, language)
        text = page(HERE, "batch.html", language=language, title=say("batch", "title", language, name=name), told=told)
        write_bytes(part / "batch.html", text.encode())
        status = "done" if result.ok else "failed"
        write_manifest(part, {**FORM.stamp(), "version": package_version(), "status": status, "name": name})
    return folder


def _told(result: BatchResult, figures: pd.DataFrame, table: pd.DataFrame, unread: tuple[str, ...], language: str) -> _BatchPage:  # fmt: skip
    good = sum(each.status in GOOD for each in result.outcomes)
    facts = [say("batch", "done", language, count=good)]
    if good < len(result.outcomes):
        facts.append(say("batch", "not_done", language, count=len(result.outcomes) - good))
    lead = f"{say('batch', 'judged', language)} {_verdict(result, unread, language)}"
    return _BatchPage(facts=tuple(facts), lead=lead, sections=tuple(_sections(result, figures, table, language)))


def _verdict(result: BatchResult, unread: tuple[str, ...], language: str) -> str:
    if not result.audited:
        return say("batch", "audit_not_made", language)
    verdict = "audit_found" if len(result.derived) else "audit_nothing"
    said = say("batch", verdict, language, count=len(result.derived))
    return f"{said} {say('batch', 'audit_without', language, names=list(unread))}" if unread else said


def _sections(
    result: BatchResult, figures: pd.DataFrame, table: pd.DataFrame, language: str
) -> Iterator[tuple[str, str, tuple[_BatchSheet, ...]]]:
    if len(result.derived):
        rows = tuple(tuple(str(cell) for cell in row) for row in result.derived.to_numpy().tolist())
        heads = tuple(map(str, result.derived.columns))
        yield say("batch", "derived", language), "", (_BatchSheet(title="", heads=heads, rows=rows, text=tuple(range(len(heads)))),)  # fmt: skip
    if laid := tuple(_sheet(each, language) for each in world(figures, language)):
        yield say("batch", "world", language), say("batch", "world_note", language), laid
    if laid := tuple(_sheet(each, language) for each in trends(figures, language)):
        yield say("batch", "trend", language), say("batch", "trend_note", language), laid
    yield say("batch", "studies", language), "", (_studies(table, figures, language),)
    if any(each.troubles for each in result.outcomes):
        yield say("batch", "troubles", language), "", (_troubles(result.troubles(), language),)


def _sheet(table: BatchTable, language: str) -> _BatchSheet:
    notes = [say("batch", "caution_note", language)] if any("†" in cell for row in table.rows for cell in row) else []
    notes += [say("batch", "other_definition", language)] if table.other_definitions else []
    text = (1, len(table.heads) - 2, len(table.heads) - 1) if not table.trend else ()
    return _BatchSheet(title=table.title, heads=table.heads, rows=table.rows, notes=tuple(notes), text=text)


def _studies(table: pd.DataFrame, figures: pd.DataFrame, language: str) -> _BatchSheet:
    heads = tuple(say("batch", code, language) for code in ("study", "status", "seconds", "memory", "headline"))
    rows = tuple(
        (
            str(row["study"]), say("batch", f"status.{row['status']}", language), f"{row['seconds']:.1f}",
            "" if pd.isna(row["peak_mb"]) else str(row["peak_mb"]), _headline(row, figures, language),
        )
        for row in table.to_dict("records")
    )  # fmt: skip
    return _BatchSheet(title="", heads=heads, rows=rows, text=(1, 4))


def _headline(row: Mapping[Any, Any], figures: pd.DataFrame, language: str) -> str:
    """The leading figure as the report of the study prints it."""
    if pd.isna(row["headline_publication"]):
        return ""
    wanted = (row["study"], row["headline_estimate"], row["headline_quantity"])
    rows = zip(figures["study"], figures["estimate"], figures["quantity"], strict=True)
    position = list(rows).index(wanted)
    return printed(figures.iloc[position : position + 1], language)


def _troubles(frame: pd.DataFrame, language: str) -> _BatchSheet:
    heads = tuple(say("batch", code, language) for code in ("code", "study", "estimate", "what", "fix"))
    rows = tuple(tuple(map(str, row)) for row in frame.to_numpy().tolist())
    return _BatchSheet(title="", heads=heads, rows=rows, text=tuple(range(5)))


def outcome_lines(outcomes: tuple[StudyOutcome, ...]) -> list[list[str]]:
    """Rows for the terminal: code, study, what, how to mend it, of everything that went wrong."""
    return [
        [one.code, f"{each.study}: {one.estimate}" if one.estimate else each.study, one.what + (f"\nfound: {one.found.strip()}" if one.found else ""), one.fix]
        for each in outcomes
        for one in each.troubles
    ]  # fmt: skip
