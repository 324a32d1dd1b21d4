"""The published figures of a batch side by side: countries under each other, rounds beside each other. Nothing but what folders print."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pandas as pd

from fl_estimate.errors import FlError
from fl_estimate.inputs.wording import SurveyWording
from fl_estimate.reporting.disclosure.release_audit import COLUMNS as OF_AUDIT
from fl_estimate.reporting.disclosure.release_audit import derived
from fl_estimate.reporting.naming import outcome_words
from fl_estimate.reporting.releases import MANIFEST, Release, read_release
from fl_estimate.reporting.scale import Scale, scale_of
from fl_estimate.reporting.suppression import LIMITS, NOT_PUBLISHED
from fl_estimate.results.columns import CONTEXT
from fl_estimate.words import periods
from fl_estimate.words.numbers import spread
from fl_estimate.words.say import say

LEADING: tuple[str, ...] = ("prevalence", "total", "persons", "population_size", "mean", "ratio")
"""Quantities of a nation that are laid side by side; the first that a study has is its headline."""
COLUMNS: tuple[str, ...] = (
    "study", "estimate", *CONTEXT, "definition", "quantity", "outcome", "outcome_label", "value", "se", "lower", "upper", "level", "undetermined", "n", "cases",
    "method", "basis", "publication", "caution",
)  # fmt: skip
OTHER = "‡"
"""Marks a figure of another definition than the last of its line."""


@dataclass(frozen=True, kw_only=True)
class BatchTable:
    """One table of the page: a figure of several studies.

    Attributes
    ----------
    title : str
    heads : tuple of str
    rows : tuple of tuple of str
    trend : bool
        Whether columns are periods.
    other_definitions : bool
        Whether a cell bears the mark of another definition.
    """

    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    trend: bool = False
    other_definitions: bool = False


@dataclass(frozen=True, kw_only=True)
class Folders:
    """The result folders of a batch as read back.

    Attributes
    ----------
    releases : mapping of study to Release
    definitions : mapping of study to str
        Ids of the frameworks that people were classified by.
    unread : tuple of str
        Studies whose folder cannot be read.
    """

    releases: Mapping[str, Release]
    definitions: Mapping[str, str] = field(default_factory=dict[str, str])
    unread: tuple[str, ...] = ()

    def countries(self, study: str) -> frozenset[str]:
        """Those that the tables of a study speak of; the empty name where one does not say."""
        return frozenset(str(code or "") for table in self.releases[study].tables for code in _column(table.frame, "country").unique())  # fmt: skip


def read_folders(places: Mapping[str, Path]) -> Folders:
    """Read the result folders of studies, as anybody may who has them."""
    releases: dict[str, Release] = {}
    definitions: dict[str, str] = {}
    unread: list[str] = []
    for name, folder in places.items():
        try:
            releases[name] = replace(read_release(folder), name=name)
            manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
            definitions[name] = " ".join(str(each["id"]) for each in manifest.get("definitions", []))
        except (FlError, OSError, ValueError, KeyError, TypeError):
            unread.append(name)
    return Folders(releases=releases, definitions=definitions, unread=tuple(unread))


def figures(folders: Folders) -> pd.DataFrame:
    """The national figures that the folders print, one row each, as they print them.

    Returns
    -------
    pandas.DataFrame
        `study`, `estimate`, and columns of published estimates; `definition` is that of the study.
    """
    parts = [
        _national(table.frame).assign(study=study, estimate=table.name, definition=folders.definitions.get(study, ""))
        for study, release in folders.releases.items()
        for table in release.tables
    ]
    parts = [part for part in parts if len(part)]
    if not parts:
        return pd.DataFrame(columns=list(COLUMNS))
    return pd.concat([part.reindex(columns=list(COLUMNS)) for part in parts], ignore_index=True)


def headlines(frame: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """The leading published figure of each study."""
    found: dict[str, dict[str, Any]] = {}
    for study, part in frame.groupby("study", sort=False):
        order = part.assign(at=[LEADING.index(str(each)) for each in part["quantity"]]).sort_values("at", kind="stable")
        found[str(study)] = {str(key): value for key, value in order.iloc[0].to_dict().items()}
    return found


def world(frame: pd.DataFrame, language: str) -> Iterator[BatchTable]:
    """A table for each figure: every study that has it on a line of its own, countries in order, the last period of each."""
    for part in _groups(frame):
        scale = _scale(part)
        last = part.assign(country=_column(part, "country"), period=_column(part, "period")).sort_values(
            "period", kind="stable"
        )
        last = last.groupby(["country", "study"] if _unnamed(last) else ["country"], sort=True).tail(1).sort_values(["country", "study"])  # fmt: skip
        rows = [
            (
                _where(row), _period(str(row["period"]), language), _figure(row, scale, language), _interval(row, scale, language),
                "" if row["publication"] == NOT_PUBLISHED else _caution(str(row["caution"] or ""), language), str(row["definition"]),
            )
            for row in last.to_dict("records")
        ]  # fmt: skip
        heads = ("country", "period", "figure", "interval", "caution_head", "definition")
        yield BatchTable(title=_title(part, scale, language), heads=_heads(heads, language), rows=tuple(rows))


def trends(frame: pd.DataFrame, language: str) -> Iterator[BatchTable]:
    """A table for each figure that a country has of several periods: a line for each country, a column for each period."""
    for part in _groups(frame):
        known = part[(_column(part, "period") != "") & (_column(part, "country") != "")]
        rounds = known.groupby("country")["period"].nunique()
        known = known[known["country"].isin(rounds[rounds > 1].index)]
        if not len(known):
            continue
        scale = _scale(known)
        columns = sorted(known["period"].unique())
        lines = [_line(str(country), rows, columns, scale, language) for country, rows in known.groupby("country", sort=True)]  # fmt: skip
        heads = (say("batch", "country", language), *(_period(str(each), language) for each in columns))
        yield BatchTable(
            title=_title(known, scale, language), heads=heads, rows=tuple(lines), trend=True,
            other_definitions=any(OTHER in cell for line in lines for cell in line),
        )  # fmt: skip


def audited(folders: Folders) -> pd.DataFrame:
    """What readers can work out of the folders together: those of one country at a time, with those that name none.

    Figures of different countries are of different people. A folder that says no country may be of any.
    """
    countries = {study: folders.countries(study) for study in folders.releases}
    named = sorted({code for codes in countries.values() for code in codes if code})
    sets = [[study for study, codes in countries.items() if code in codes or "" in codes] for code in named]
    sets = sets or [list(folders.releases)]
    found = [derived([folders.releases[study] for study in studies]) for studies in sets if studies]
    rows = [each for each in found if len(each)]
    return (
        pd.concat(rows, ignore_index=True).drop_duplicates(ignore_index=True)
        if rows
        else pd.DataFrame(columns=list(OF_AUDIT))
    )


def printed(part: pd.DataFrame, language: str) -> str:
    """One figure with its name and interval, in a line."""
    scale, row = _scale(part), part.iloc[0].to_dict()
    return f"{scale.head(language)}: {_figure(row, scale, language)} {_bracketed(row, scale, language)}".strip()


# --- parts ------------------------------------------------------------------------------------------------------


def _national(frame: pd.DataFrame) -> pd.DataFrame:
    """The rows of the whole country that are figures by themselves: no bound beside another, no term of a model."""
    whole = (_column(frame, "margin") == "") & (_column(frame, "bound") == "") & (_column(frame, "term") == "")
    return frame[whole & _column(frame, "quantity").isin(LEADING)]


def _column(frame: pd.DataFrame, name: str) -> pd.Series:
    """A column of texts; of an older folder, which does not have it, of nothing."""
    return frame[name].astype("string").fillna("") if name in frame else pd.Series("", index=frame.index, dtype="string")  # fmt: skip


def _groups(frame: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """The rows that are one figure: of one estimate, quantity, outcome and unit."""
    if not len(frame):
        return
    keys = [_column(frame, name) for name in ("estimate", "quantity", "outcome", "unit")]
    for _, part in frame.groupby(keys, sort=False):
        yield part


def _scale(part: pd.DataFrame) -> Scale:
    plain = part.assign(margin="", term="")
    return scale_of(plain, str(_column(part, "unit").iloc[0]) or "persons")


def _unnamed(part: pd.DataFrame) -> bool:
    """Whether lines have to be told apart by study: no country, or several studies of one country and period."""
    return bool((part["country"] == "").any() or part.duplicated(["country", "period"]).any())


def _line(country: str, rows: pd.DataFrame, columns: Sequence[Any], scale: Scale, language: str) -> tuple[str, ...]:
    records = rows.sort_values("period", kind="stable").to_dict("records")
    last = records[-1]["definition"]
    cells: list[str] = []
    for period in columns:
        told = [
            f"{_figure(row, scale, language)}{OTHER if row['definition'] != last else ''} {_bracketed(row, scale, language)}".strip()
            for row in records
            if row["period"] == period
        ]
        cells.append("; ".join(told))
    return (country, *cells)


def _where(row: Mapping[Any, Any]) -> str:
    country = str(row["country"])
    return f"{country} ({row['study']})" if country else str(row["study"])


def _figure(row: Mapping[Any, Any], scale: Scale, language: str) -> str:
    """A figure as its own report prints it, or the words in its place."""
    status = str(row["publication"])
    if status == NOT_PUBLISHED:
        return say("flag", NOT_PUBLISHED, language)
    if status in LIMITS:
        return say("flag", status, language, upper=scale.figure(row, "upper", language))
    return f"{scale.figure(row, 'value', language)}{' †' if row['caution'] else ''}"


def _interval(row: Mapping[Any, Any], scale: Scale, language: str) -> str:
    if row["publication"] == NOT_PUBLISHED or row["publication"] in LIMITS:
        return ""
    lower, upper = (scale.figure(row, name, language) for name in ("lower", "upper"))
    return spread(lower, upper, language) if lower and upper else ""


def _bracketed(row: Mapping[Any, Any], scale: Scale, language: str) -> str:
    interval = _interval(row, scale, language)
    return f"({interval})" if interval else ""


def _caution(codes: str, language: str) -> str:
    return say("batch", "caution", language) if codes else ""


def _period(text: str, language: str) -> str:
    return periods.period(text, language) or text


def _title(part: pd.DataFrame, scale: Scale, language: str) -> str:
    row = part.iloc[0]
    outcome = _column(part, "outcome_label").iloc[0] or outcome_words(SurveyWording(), str(row["outcome"]), language)
    return f"{outcome}: {scale.head(language)} ({row['estimate']})"


def _heads(codes: Iterable[str], language: str) -> tuple[str, ...]:
    return tuple(say("batch", code, language) for code in codes)
