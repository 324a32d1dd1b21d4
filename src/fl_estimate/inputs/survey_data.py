"""SurveyData: one survey as trusted tables, with its design and where it came from. Made by `fl.load` only."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from fl_estimate.inputs.survey_parts import TABLES, Labels, ReferencePeriod, Source, SurveyParts
from fl_estimate.inputs.survey_storage import read_parts, save

__all__ = ["TABLES", "Labels", "ReferencePeriod", "Source", "SurveyData"]


@dataclass(frozen=True, kw_only=True, eq=False)
class SurveyData(SurveyParts):
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
        engine : {"pandas", "polars"}, optional
            What the tables are; None takes what they were. With "polars" they are lazy.

        Raises
        ------
        FileFault
            FL-FILE-01 (no such folder), FL-FILE-11 (not a survey that `save` wrote).
        """
        return SurveyData(**read_parts(Path(path), engine))

    def __repr__(self) -> str:
        rows = ", ".join(f"{name} {self.sources[name].n_rows:,} rows" for name in self.tables if name in self.sources)
        return f"SurveyData({self.mapping or 'no mapping'}: {rows or 'no rows counted'}; {self.report.summary()})"
