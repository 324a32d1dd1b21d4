"""PublishedEstimates: only what may be printed. `publish` makes them, once, before any renderer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from fl_estimate.errors import PublishFault, listed
from fl_estimate.inputs.wording import Wording
from fl_estimate.reporting.labelling import unit_of
from fl_estimate.reporting.naming import with_labels
from fl_estimate.reporting.suppression import (
    FL_DEFAULT,
    NOT_PUBLISHED,
    Cell,
    Flags,
    SuppressionRule,
    cells,
    chosen_rule,
    design_weighted,
    doubtful,
    judged,
    small_base,
    transparent,
    withheld,
)
from fl_estimate.reporting.writing import write_bytes
from fl_estimate.results.estimates import HEAD, TAIL, Assumption, Estimates, Reason
from fl_estimate.results.provenance import Provenance

if TYPE_CHECKING:
    from great_tables import GT

ADDED: tuple[str, ...] = ("estimate", "publication", "caution")
"""Columns that publishing adds to those of Estimates: the name first, the other two last."""


@dataclass(frozen=True, kw_only=True, eq=False)
class PublishedTable:
    """One result of one call, as it may be printed.

    Attributes
    ----------
    name : str
        The name under which it was published.
    frame : pandas.DataFrame
        The columns of Estimates, then `publication` (published, fewer_than, not_published) and `caution` (of cv, df and
        sampler, or empty). A row that is not published has no numbers.
    by, measure, population, reference_period, assumptions, provenance, wording
        As in Estimates.
    reasons : tuple of Reason
        Of the rows that are printed only: a reason can tell of a zero.
    """

    name: str
    frame: pd.DataFrame
    by: tuple[str, ...] = ()
    measure: str = ""
    population: str = ""
    reference_period: str = ""
    reasons: tuple[Reason, ...] = ()
    assumptions: tuple[Assumption, ...] = ()
    provenance: Provenance
    wording: Wording = field(default_factory=Wording)

    @property
    def hidden(self) -> Flags:
        """Which rows are not published."""
        return (self.frame["publication"] == NOT_PUBLISHED).to_numpy(dtype=bool)


@dataclass(frozen=True, kw_only=True, eq=False)
class PublishedEstimates:
    """What may be printed of one or more results, published together under one rule.

    Holds no number that may not be printed: what the rule withholds is gone from the object itself, so that no
    table, picture or file can show it. Made by `publish`.

    Attributes
    ----------
    tables : tuple of PublishedTable
        One for each result, in the order given.
    rule : SuppressionRule
        The rule that was applied.
    """

    tables: tuple[PublishedTable, ...]
    rule: SuppressionRule = FL_DEFAULT

    def to_frame(self) -> pd.DataFrame:
        """All tables under each other: `estimate`, the columns of Estimates (by-columns joined), `publication`, `caution`."""
        found: dict[str, list[Any]] = {}
        for table in self.tables:
            for name in table.by:
                found.setdefault(name, []).append(table.frame[name].dtype)
        # A by-column that is of numbers in one table and of text in another is text.
        kinds = {
            name: kinds[0] if len({str(kind) for kind in kinds}) == 1 else "string" for name, kinds in found.items()
        }
        return pd.concat([_laid_out(table, kinds) for table in self.tables], ignore_index=True)

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

    def table(self, language: str = "en") -> GT:
        """A great_tables table of all estimates, in English ("en"), French ("fr") or Spanish ("es")."""
        from fl_estimate.reporting.tables import great_table

        return great_table(self, language)

    def to_html(self, path: str | Path, language: str = "en") -> Path:
        """Write a report that stands alone: headline, tables, pictures, methods. It asks nothing of any host."""
        from fl_estimate.reporting.html import report

        return write_bytes(Path(path), report(self, language=language).encode())

    def to_csv(self, path: str | Path) -> Path:
        """Write all tables as UTF-8 CSV, for machines: decimal point, empty where a number is missing or withheld."""
        return write_bytes(Path(path), self.to_frame().to_csv(index=False, lineterminator="\n").encode())

    def to_parquet(self, path: str | Path) -> Path:
        """Write all tables as one Parquet file."""
        return write_bytes(Path(path), self.to_frame().to_parquet(index=False))

    def plot(self, path: str | Path, language: str = "en") -> Path:
        """Draw every table with its intervals; the ending of the path says how: .svg, .png or .pdf."""
        from fl_estimate.reporting.figures import draw, saved

        return saved(draw(self.tables, language=language), Path(path))

    def map(
        self,
        geojson: str | Path | Mapping[str, Any],
        path: str | Path,
        *,
        by: str | None = None,
        key: str | None = None,
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
        language : {"en", "fr", "es"}

        Raises
        ------
        PublishFault
            FL-PUB-08 not a map of polygons; FL-PUB-09 no estimates by such a column; FL-PUB-10 areas of the table
            that are not on the map.
        """
        from fl_estimate.reporting.figures import saved
        from fl_estimate.reporting.maps import draw_map, read_areas

        return saved(draw_map(self, read_areas(geojson), by=by, key=key, language=language), Path(path))

    def __repr__(self) -> str:
        rows = sum(len(table.frame) for table in self.tables)
        hidden = sum(int(table.hidden.sum()) for table in self.tables)
        return f"PublishedEstimates by rule {self.rule.name}, {rows} rows, {hidden} not published\n{self.to_frame()}"

    def _repr_html_(self) -> str:
        return self.table().as_raw_html()


def publish(
    estimates: Estimates | PublishedEstimates | Sequence[Estimates] | Mapping[str, Estimates],
    *,
    rule: str | SuppressionRule = "fl-default",
) -> PublishedEstimates:
    """Withhold what may not be printed, and give what may.

    Give everything that will be published together in one call: a cell that is withheld in one table is withheld
    in all, whatever the quantity (a total, divided by a known population, gives its prevalence away).

    Parameters
    ----------
    estimates : Estimates, a sequence or a mapping of them by name, or PublishedEstimates
        Published again, PublishedEstimates stay the same, or lose more under a stricter rule.
    rule : str or SuppressionRule
        "fl-default": a design-weighted figure is not published when n < 50, 0 < cases < 5 or df < 2, or when it
        has no interval; flagged when CV > 30 % or df < 8; zero cases are printed as "fewer than U", the upper limit,
        when n ≥ 50. Rows from models and capture–recapture are flagged by their CV, and where a sampler did not do
        well; their n and cases are blanked where they are too small, or where the direct figure of the cell is not published.

    Returns
    -------
    PublishedEstimates

    Raises
    ------
    PublishFault
        FL-PUB-01 unknown rule; FL-PUB-02 nothing to publish; FL-PUB-03 a by-column named as a column that publishing
        adds; FL-PUB-04 a result of `stack` with figures of different units.

    Notes
    -----
    This is primary suppression. Complementary (secondary) suppression is not done: where one region is withheld and
    the nation and all other regions are printed, the region can be found by subtraction. Check before release, or
    publish fewer margins.

    Examples
    --------
    >>> import fl_estimate as fl, pandas as pd
    >>> people = pd.DataFrame({"w": 100.0, "ea": [i // 10 for i in range(200)], "fl": [1, *[0] * 49] * 4})
    >>> few = fl.estimate_prevalence(people, "fl", design=fl.Design(weights="w", psu="ea"))
    >>> fl.publish(few).to_frame()[["value", "n", "publication"]].values.tolist()
    [[nan, 200, 'not_published']]
    """
    chosen = chosen_rule(rule)
    drafts = _drafts(estimates)
    keys = [cells(draft.frame, draft.by, draft.assumptions) for draft in drafts]
    closed: set[Cell] = set()
    for draft, key in zip(drafts, keys, strict=True):
        closed.update(key[row] for row in np.flatnonzero(withheld(draft.frame, chosen)))
    tables = tuple(_printed(draft, key, closed, chosen) for draft, key in zip(drafts, keys, strict=True))
    return PublishedEstimates(tables=tables, rule=chosen)


def _printed(draft: PublishedTable, key: Sequence[Cell], closed: set[Cell], rule: SuppressionRule) -> PublishedTable:
    """One table with the closed cells blanked: all its bounds and quantities of such a cell together."""
    direct = design_weighted(draft.frame) | transparent(draft.frame)
    shut = np.array([cell in closed for cell in key], dtype=bool)
    hidden = direct & shut
    shadow = ~direct & (shut | small_base(draft.frame, rule))
    return replace(
        draft,
        frame=judged(draft.frame, hidden, shadow, rule, doubtful(draft.reasons)),
        reasons=tuple(reason for reason in draft.reasons if not hidden[reason.row]),
    )


def _drafts(given: Any) -> list[PublishedTable]:
    """What was given as tables with names, nothing withheld yet. Diagnostics, draws and covariances stay behind."""
    if isinstance(given, PublishedEstimates):
        return list(given.tables)
    if isinstance(given, Estimates):
        given = [given]
    named = given if isinstance(given, Mapping) else None
    results: list[Any] = list(named.values()) if named is not None else list(given)
    if not results or not all(isinstance(result, Estimates) for result in results):
        raise PublishFault(
            "FL-PUB-02", "there is nothing to publish",
            found=listed(type(result).__name__ for result in results) or "an empty list",
            fix="give one or more Estimates, as the estimators return them",
        )  # fmt: skip
    names = list(named) if named is not None else [_default_name(result, at) for at, result in enumerate(results, 1)]
    return [draft_of(name, result) for name, result in zip(names, results, strict=True)]


def _default_name(result: Estimates, position: int) -> str:
    quantity = str(result.frame["quantity"].iloc[0]) if len(result) else "estimate"
    return f"{quantity.replace(' ', '_')}_{position}"


def draft_of(name: str, result: Estimates) -> PublishedTable:
    """A result as a table with a name, before anything is withheld: for `publish`, and for the analyst's own pictures."""
    taken = [column for column in result.by if column in ADDED]
    if taken:
        raise PublishFault(
            "FL-PUB-03", "a by-column carries the name of a column that publishing adds", found=listed(taken),
            fix="rename it before estimating",
        )  # fmt: skip
    units = sorted({unit_of(str(quantity)) for quantity in result.frame["quantity"]} - {"dark_figure"})
    if len(units) > 1:
        raise PublishFault(
            "FL-PUB-04", "figures of different units stand in one result", found=", ".join(units),
            fix="publish them under names of their own: publish({\"share\": …, \"number\": …})",
        )  # fmt: skip
    return PublishedTable(
        name=name,
        frame=result.to_frame(),
        by=result.by,
        measure=result.measure,
        population=result.population,
        reference_period=result.reference_period,
        reasons=result.reasons,
        assumptions=result.assumptions,
        provenance=result.provenance,
        wording=result.wording,
    )


def _laid_out(table: PublishedTable, by: Mapping[str, Any]) -> pd.DataFrame:
    """One table with the by-columns of all, each of the type given."""
    frame = table.frame.copy()
    frame["estimate"] = pd.array([table.name] * len(frame), dtype="string")
    for name, kind in by.items():
        values = frame[name] if name in frame else pd.Series(pd.NA, index=frame.index, dtype="object")
        frame[name] = values.astype(kind)
    return with_labels(frame[["estimate", *HEAD, *by, *TAIL, "publication", "caution"]], table.wording)
