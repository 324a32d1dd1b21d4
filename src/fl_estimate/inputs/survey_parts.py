"""What a survey consists of: its tables, and what it says of itself. Saving and reading it is in `survey_storage`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fl_estimate.errors import NotAColumn
from fl_estimate.inputs.sample_design import Design
from fl_estimate.inputs.wording import SurveyWording
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
    """The time a survey speaks of: `start` inclusive, `end` exclusive, either may be unknown.

    A period of each person has neither: it is the `months` that end with the day in their column `before`.
    """

    kind: str
    start: dt.date | None = None
    end: dt.date | None = None
    months: int | None = None
    before: str = ""

    def __str__(self) -> str:
        if self.months:
            return (
                f"the {self.months} months before the interview"
                if self.months > 1
                else "the month before the interview"
            )
        if self.start is None or self.end is None:
            return self.kind
        last = self.end - dt.timedelta(days=1)
        return f"{self.start.isoformat()} to {last.isoformat()}"


@dataclass(frozen=True, kw_only=True)
class Labels:
    """What a file says of the columns of a table: of each column, and of the codes of those that were not recoded.

    `valid`: codes that the mapping says are answers although their label says otherwise.
    """

    variables: Mapping[str, str] = field(default_factory=dict[str, str])
    values: Mapping[str, Mapping[float | str, str]] = field(default_factory=dict[str, Mapping[float | str, str]])
    valid: Mapping[str, tuple[float | str, ...]] = field(default_factory=dict[str, tuple[float | str, ...]])


@dataclass(frozen=True, kw_only=True, eq=False)
class SurveyParts(NotAColumn):
    """The parts of a `SurveyData`, which says what each of them is."""

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
    labels: Mapping[str, Labels] = field(default_factory=dict[str, Labels])
    wording: SurveyWording = field(default_factory=SurveyWording)
    totals: Mapping[str, float | Mapping[str, float]] = field(default_factory=dict[str, float | Mapping[str, float]])

    @property
    def source(self) -> Source | None:
        return self.sources.get("people")

    @property
    def tables(self) -> dict[str, Any]:
        """The tables that are filled, by name."""
        return {name: table for name in TABLES if (table := getattr(self, name)) is not None}
