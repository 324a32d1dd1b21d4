"""SurveyData: one survey as trusted tables, with its design and where it came from. Made by `fl.load` only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from fl_estimate.errors import DataFault, not_one_of
from fl_estimate.inputs import assigning
from fl_estimate.inputs.survey_parts import TABLES, Labels, ReferencePeriod, Source, SurveyParts
from fl_estimate.inputs.survey_storage import read_parts, save
from fl_estimate.inputs.written_rows import WrittenRows
from fl_estimate.neutral import visible

__all__ = ["TABLES", "Labels", "ReferencePeriod", "Source", "SurveyData"]


@dataclass(frozen=True, kw_only=True, eq=False)
class SurveyData(WrittenRows, SurveyParts):
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

    def assign(
        self,
        columns: Mapping[str, Any] | None = None,
        /,
        *,
        table: str = "people",
        labels: assigning.Labels | None = None,
        titles: assigning.Titles | None = None,
        **more: Any,
    ) -> SurveyData:
        """Add columns to a table; design, period, population, report and words are kept, and a lazy table stays lazy.

        Parameters
        ----------
        columns : mapping of str to column, optional
            For names that are no names of arguments; others are given as ``name=column``. A column is an expression text
            (``"age >= 18"``), `fl.cut`, a function of the frame, a number, or a column of the frame's own engine. One after
            the other: a later one may use an earlier.
        table : str, default "people"
            One of the tables that the survey has.
        labels : mapping, optional
            ``{"sector": {1: "Farms", 2: "Homes"}}``: words of codes, in the order in which tables have them; a word may be a
            mapping by language.
        titles : mapping, optional
            ``{"sector": "Sector of work"}``.

        Returns
        -------
        SurveyData

        Raises
        ------
        DataFault
            FL-DATA-09 (no column can be made of it), FL-DATA-10 (a column of other rows), FL-DATA-11 (a column of the design,
            or a key), FL-DATA-12 (words for a column that is not there), FL-DATA-13 (no such table).
        ExpressionFault
            FL-EXPR-01 to FL-EXPR-07, of a text.

        Examples
        --------
        >>> import fl_estimate as fl, pandas as pd
        >>> from fl_estimate.inputs.survey_data import SurveyData
        >>> data = SurveyData(people=pd.DataFrame({"age": [17, 30]}), population="Residents")
        >>> more = data.assign(grown="age >= 18", group=fl.cut("age", [15, 25], ["young", "older"]))
        >>> more.people.values.tolist(), more.population
        ([[17, 0.0, 'young'], [30, 1.0, 'older']], 'Residents')
        """
        if table not in self.tables:
            raise not_one_of("FL-DATA-13", "this table of the survey", table, list(self.tables), DataFault)
        given = assigning.columns_given(columns, more)
        frame = assigning.assigned(self.tables[table], given, kept=assigning.resting_on(self.design))
        wording = assigning.worded(self.wording, frame, given, labels, titles)
        told: Any = {table: frame, "wording": wording, "labels": _without(self.labels, table, given)}
        return replace(self, **told)

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
        return save(self, Path(path))

    @staticmethod
    def read(path: str | Path, *, engine: str | None = None) -> SurveyData:
        """Read back what `save` wrote.

        Parameters
        ----------
        path : str or Path
        engine : {"pandas", "polars", "duckdb", "dask", "spark"}, optional
            What the tables are; None takes what they were. All but pandas are lazy.

        Raises
        ------
        FileFault
            FL-FILE-01 (no such folder), FL-FILE-11 (not a survey that `save` wrote), FL-FILE-25 (a newer version wrote it),
            FL-FILE-35 and FL-FILE-36 (the engine is not there).
        """
        return SurveyData(**read_parts(Path(path), engine))

    def __repr__(self) -> str:
        rows = ", ".join(f"{name} {self.sources[name].n_rows:,} rows" for name in self.tables if name in self.sources)
        return visible(
            f"SurveyData({self.mapping or 'no mapping'}: {rows or 'no rows counted'}; {self.report.summary()})"
        )


def _without(labels: Mapping[str, Labels], table: str, columns: Mapping[str, Any]) -> Mapping[str, Labels]:
    """What the file says of columns, but of those that were written over."""
    if table not in labels:
        return labels
    said = labels[table]
    parts = {
        name: {k: v for k, v in getattr(said, name).items() if k not in columns}
        for name in ("variables", "values", "valid")
    }
    return {**labels, table: Labels(**parts)}
