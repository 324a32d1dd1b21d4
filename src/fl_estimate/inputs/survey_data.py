"""SurveyData: one survey as trusted tables, with its design and where it came from. Made by `fl.load` only."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fl_estimate.inputs.sample_design import Design
from fl_estimate.schema.validate import ValidationReport

TABLES: tuple[str, ...] = ("households", "people", "jobs", "episodes", "costs", "relatives")


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where a table came from: file name (never a path), content hash, encoding, and how long it was."""

    name: str
    sha256: str
    encoding: str
    n_rows: int


@dataclass(frozen=True, kw_only=True)
class ReferencePeriod:
    """The time a survey speaks of: `start` inclusive, `end` exclusive, either may be unknown."""

    kind: str
    start: dt.date | None = None
    end: dt.date | None = None

    def __str__(self) -> str:
        if self.start is None or self.end is None:
            return self.kind
        last = self.end - dt.timedelta(days=1)
        return f"{self.start.isoformat()} to {last.isoformat()}"


@dataclass(frozen=True, kw_only=True)
class SurveyData:
    """One survey in the common schema.

    Attributes
    ----------
    people : frame
        One row a person, of the engine that was asked for; columns of the household are copied onto it.
    households, jobs, episodes, costs, relatives : frame or None
        The other tables, where the mapping fills them.
    design : Design or None
        How the sample was drawn, in the names of the columns of `people`.
    source : Source or None
        File name, sha256, encoding and number of rows of the file that filled `people`.
    sources : mapping of str to Source
        The same for every table.
    reference_period : ReferencePeriod or None
    population : str
        Whom the survey speaks of, in words.
    report : ValidationReport
        What the validation found.
    mapping : str
        Id of the mapping that was used.
    """

    people: Any
    households: Any = None
    jobs: Any = None
    episodes: Any = None
    costs: Any = None
    relatives: Any = None
    design: Design | None = None
    sources: Mapping[str, Source] = field(default_factory=dict[str, Source])
    reference_period: ReferencePeriod | None = None
    population: str = ""
    report: ValidationReport = field(default_factory=ValidationReport)
    mapping: str = ""

    @property
    def source(self) -> Source | None:
        return self.sources.get("people")

    @property
    def tables(self) -> dict[str, Any]:
        """The tables that are filled, by name."""
        return {name: table for name in TABLES if (table := getattr(self, name)) is not None}

    def __repr__(self) -> str:
        rows = ", ".join(f"{name} {self.sources[name].n_rows:,} rows" for name in self.tables if name in self.sources)
        return f"SurveyData({self.mapping or 'no mapping'}: {rows or 'no rows counted'}; {self.report.summary()})"
