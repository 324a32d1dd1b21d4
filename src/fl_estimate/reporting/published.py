"""PublishedEstimates: what may be printed, with a door to every registered output format. `publish` makes them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from fl_estimate.errors import PublishFault, listed
from fl_estimate.neutral import one_line, visible
from fl_estimate.pages.frames import harmless
from fl_estimate.reporting.document import Document
from fl_estimate.reporting.published_tables import PublishedTables, joined
from fl_estimate.reporting.renderers import ESTIMATES, formats, make, write

if TYPE_CHECKING:
    from great_tables import GT

METHOD = "to_"
"""Begins the method that each format of files is."""


@dataclass(frozen=True, kw_only=True, eq=False)
class PublishedEstimates(PublishedTables):
    """What may be printed of one or more results, published together under one rule.

    Holds no number that may not be printed: what the rule withholds is gone from the object itself, so that no
    table, picture or file can show it. Made by `publish`.

    Attributes
    ----------
    tables : tuple of PublishedTable
        One for each result, in the order given.
    rule : SuppressionRule
        The rule that was applied.
    protecting : int
        Rows that are withheld to protect others: the rule would print them.
    audit_complete : bool
        Whether the audit came to its end within `rule.audit_seconds`; where not, whatever is tied to a cell that it had not got
        to is withheld, which may be everything.

    Notes
    -----
    Every registered format of files is a method too: ``to_<name>(path)``.
    """

    def to_frame(self) -> pd.DataFrame:
        """All tables under each other: `estimate`, the columns of Estimates (by-columns joined), `publication`, `caution`."""
        return joined(self.tables)

    def select(self, *names: str) -> PublishedEstimates:
        """The tables of these names, as PublishedEstimates; FL-PUB-02 where there is none of a name."""
        known = {table.name: table for table in self.tables}
        absent = [name for name in names if name not in known]
        if absent or not names:
            raise PublishFault(
                "FL-PUB-02", "no estimates of this name are published", found=listed(absent) or "no name",
                fix=f"names there are: {listed(known, most=20)}",
            )  # fmt: skip
        return replace(self, tables=tuple(known[name] for name in names))

    def to(self, format: str, path: str | Path, language: str = "en", **options: Any) -> Path:
        """Write a file in a registered format.

        Parameters
        ----------
        format : str
            The name of the format: "html", "csv", "parquet", "text", "plot", or any that was added. What there is says the error
            on a name that there is not.
        path : path
        language : {"en", "fr", "es", "es-MX", …}
            Of the words; formats for machines have none.
        **options
            Of the format.

        Returns
        -------
        Path

        Raises
        ------
        PublishFault
            FL-PUB-07 a language without words; FL-PUB-15 an unknown format; FL-PUB-16 a format that is shown, not written.
        FileFault
            FL-FILE-08 the file cannot be written.

        Examples
        --------
        >>> import fl_estimate as fl, pandas as pd, tempfile, pathlib
        >>> people = pd.DataFrame({"w": 100.0, "ea": [i // 10 for i in range(200)], "fl": [1, *[0] * 9] * 20})
        >>> published = fl.publish(fl.estimate_prevalence(people, "fl", design=fl.Design(weights="w", psu="ea")))
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     print(published.to("text", pathlib.Path(folder) / "t.txt", "fr").read_text(encoding="utf-8").split()[0])
        Fl
        """
        return write(ESTIMATES, format, Document(published=self, language=language), Path(path), **options)

    def table(self, language: str = "en") -> GT:
        """A great_tables table of all estimates, in English ("en"), French ("fr") or Spanish ("es")."""
        return make(ESTIMATES, "notebook", Document(published=self, language=language))

    def to_html(self, path: str | Path, language: str = "en") -> Path:
        """Write a report that stands alone: headline, tables, pictures, methods. It asks nothing of any host."""
        return self.to("html", path, language)

    def to_csv(self, path: str | Path) -> Path:
        """Write all tables as UTF-8 CSV, for machines: decimal point, empty where a number is missing or withheld."""
        return self.to("csv", path)

    def to_parquet(self, path: str | Path) -> Path:
        """Write all tables as one Parquet file; by-columns whose codes are texts with an order of their own are ordered dictionaries."""
        return self.to("parquet", path)

    def plot(self, path: str | Path, language: str = "en") -> Path:
        """Draw every table with its intervals; the ending of the path says how: .svg, .png or .pdf."""
        return self.to("plot", path, language)

    def map(
        self,
        geojson: str | Path | Mapping[str, Any],
        path: str | Path,
        *,
        by: str | None = None,
        key: str | None = None,
        quantity: str | None = None,
        language: str = "en",
    ) -> Path:
        """Draw the first estimates by one area column as a map.

        Parameters
        ----------
        geojson : path or mapping
            Polygons with a property that holds the values of the by-column.
        path : path
            The ending says how: .svg, .png or .pdf.
        by : str, optional
            The area column; by default the only column that a table is divided by alone and the map has as a property.
        key : str, optional
            The property that names the area; by default the one called as the by-column.
        quantity : str, optional
            Which to draw where there are several: ``total`` beside ``prevalence``, ``dark_figure``; by default the first.
        language : {"en", "fr", "es", "es-MX", …}

        Raises
        ------
        PublishFault
            FL-PUB-08 not a map of polygons; FL-PUB-09 no estimates by such a column; FL-PUB-10 areas of the table
            that are not on the map; FL-PUB-41 no such quantity.
        """
        return self.to("map", path, language, geojson=geojson, by=by, key=key, quantity=quantity)

    # Hidden from type checkers, for which every misspelt name would be a method.
    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Callable[..., Path]:
            if name.startswith(METHOD) and (found := formats().get(name.removeprefix(METHOD))) and found.endings:
                return partial(self.to, found.name)
            raise AttributeError(f"PublishedEstimates has no {name!r}", name=name, obj=self)

        def __dir__(self) -> list[str]:
            return sorted(
                {*super().__dir__(), *(f"{METHOD}{each.name}" for each in formats().values() if each.endings)}
            )

    def __repr__(self) -> str:
        rows = sum(len(table.frame) for table in self.tables)
        hidden = sum(int(table.hidden.sum()) for table in self.tables)
        return f"PublishedEstimates by rule {one_line(self.rule.name)}, {rows} rows, {hidden} not published\n{harmless(self.to_frame(), one_line)}"

    def _repr_html_(self) -> str:
        return visible(self.table().as_raw_html())
