"""SurveyData: one survey as trusted tables, with its design and where it came from. Made by `fl.load` only."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fl_estimate.inputs.sample_design import Design
from fl_estimate.inputs.wording import Wording
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
    labels : mapping of str to Labels
        Labels of the columns of each table, and of codes that were not recoded.
    wording : Wording
        What tables call units, columns and codes: from the labels of the file, and what the mapping says.
    totals : mapping
        Known sizes of the population, as the mapping gave them.
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
    labels: Mapping[str, Labels] = field(default_factory=dict[str, Labels])
    wording: Wording = field(default_factory=Wording)
    totals: Mapping[str, float | Mapping[str, float]] = field(default_factory=dict[str, float | Mapping[str, float]])

    @property
    def source(self) -> Source | None:
        return self.sources.get("people")

    @property
    def tables(self) -> dict[str, Any]:
        """The tables that are filled, by name."""
        return {name: table for name in TABLES if (table := getattr(self, name)) is not None}

    def save(self, path: str | Path) -> Path:
        """Write everything to a folder: a Parquet file for each table, and survey.json with the rest.

        It holds respondents' answers. The folder is replaced if `save` wrote it; any other that is not empty is
        refused.

        Raises
        ------
        FileFault
            FL-FILE-08: the folder cannot be written.

        Examples
        --------
        >>> import fl_estimate as fl
        >>> data = fl.load("survey.sav", mapping="survey.toml")  # doctest: +SKIP
        >>> data.save("survey")  # doctest: +SKIP
        """
        from fl_estimate.inputs.survey_storage import save

        return save(self, Path(path))

    @staticmethod
    def read(path: str | Path, *, engine: str | None = None) -> SurveyData:
        """Read back what `save` wrote.

        Parameters
        ----------
        path : str or Path
        engine : {"pandas", "polars"}, optional
            What the tables are; None takes what they were. With "polars" they are lazy.

        Raises
        ------
        FileFault
            FL-FILE-01 (no such folder), FL-FILE-11 (not a survey that `save` wrote).
        """
        from fl_estimate.inputs.survey_storage import read

        return read(Path(path), engine)

    def __repr__(self) -> str:
        rows = ", ".join(f"{name} {self.sources[name].n_rows:,} rows" for name in self.tables if name in self.sources)
        return f"SurveyData({self.mapping or 'no mapping'}: {rows or 'no rows counted'}; {self.report.summary()})"
