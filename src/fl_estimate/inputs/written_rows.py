"""People written where they lie: what a survey and a classification of it have in common."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fl_estimate.inputs.engines import write_parquet


class WrittenRows:
    """Something with `people` that can be written as Parquet."""

    people: Any

    def write_parquet(self, folder: str | Path) -> Path:
        """Write the people with all columns that stand beside them, classes and calibrated weights among them, into a folder of Parquet files; the engine that holds them writes.

        It holds respondents' answers. Rows of a lazy frame stream into the files: they are never all in memory, and of Dask and
        Spark never in this process.

        Parameters
        ----------
        folder : str or Path
            New or empty. Polars, pandas, pyarrow and DuckDB write one file into it, Dask and Spark one for each part.

        Returns
        -------
        Path
            The folder.

        Raises
        ------
        FileFault
            FL-FILE-37: the folder holds something; FL-FILE-38: it cannot be written.

        Examples
        --------
        >>> import fl_estimate as fl, pandas as pd, tempfile
        >>> answers = pd.DataFrame({"age": [30, 30], "w_low_no_wage": ["yes", "yes"], "c_docs": ["no", "yes"]})
        >>> people = fl.classify(answers, short_instrument=True)
        >>> with tempfile.TemporaryDirectory() as home:
        ...     folder = people.write_parquet(f"{home}/classified")
        ...     pd.read_parquet(folder)["forced_labour"].tolist()
        [0, 1]

        >>> data = fl.load("folder/*.parquet", mapping="survey.toml", engine="duckdb")  # doctest: +SKIP
        >>> weighted, design = fl.calibrate(data, {"sex": {1: 4e6, 2: 4.1e6}})  # doctest: +SKIP
        >>> weighted.write_parquet("weighted")  # doctest: +SKIP
        """
        return write_parquet(self.people, folder)
