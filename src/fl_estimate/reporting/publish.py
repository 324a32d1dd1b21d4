"""PublishedEstimates: only what may be printed. `publish` makes them, once, before any renderer."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from fl_estimate.errors import PublishFault, listed
from fl_estimate.inputs.wording import Wording
from fl_estimate.reporting.disclosure_local import Tell
from fl_estimate.reporting.disclosure_series import Nested
from fl_estimate.reporting.judging import Flags, own_support, published_support
from fl_estimate.reporting.labelling import unit_of
from fl_estimate.reporting.naming import with_labels
from fl_estimate.reporting.precision import WITHOUT_ERROR, few_digits
from fl_estimate.reporting.release import Draft, released
from fl_estimate.reporting.releases import Release, known_tables
from fl_estimate.reporting.suppression import FL_DEFAULT, NOT_PUBLISHED, SuppressionRule, chosen_rule
from fl_estimate.reporting.writing import write_bytes
from fl_estimate.results.basis import LISTS, MODEL
from fl_estimate.results.codes import AssumptionCode
from fl_estimate.results.columns import ANALYST, HEAD, PUBLISHED_TAIL, SCALED
from fl_estimate.results.estimates import Assumption, Estimates, Reason
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
        The columns of Estimates, rounded; then `publication` (published, at_most, fewer_than, not_published) and `caution` (of
        cv, df and sampler, or empty). A row that is not published has no numbers, one of few cases its upper limit alone.
    by, measure, population, reference_period, assumptions, provenance, wording
        As in Estimates.
    reasons : tuple of Reason
        Of the rows that are printed as figures only: a reason can tell of a zero.
    own : tuple of bool
        Which rows are their own smallest part: what they print is what another rule may judge.
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
    own: tuple[bool, ...] = ()
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
    protecting : int
        Rows that are withheld to protect others: the rule would print them.
    audit_complete : bool
        Whether the audit came to its end within `rule.audit_seconds`; where not, whatever is tied to a cell that it had not got
        to is withheld, which may be everything.
    """

    tables: tuple[PublishedTable, ...]
    rule: SuppressionRule = FL_DEFAULT
    protecting: int = 0
    audit_complete: bool = True

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
        """Write all tables as one Parquet file; by-columns whose codes are texts with an order of their own are ordered dictionaries."""
        frame = self.to_frame()
        for name, order in self._orders().items():
            met = set(frame[name].dropna())
            if met and met <= set(order):
                frame[name] = pd.Categorical(frame[name], [code for code in order if code in met], ordered=True)
        return write_bytes(Path(path), frame.to_parquet(index=False))

    def _orders(self) -> dict[str, tuple[str, ...]]:
        """Of by-columns the order of codes that was meant, where all tables that have the column mean the same."""
        found: dict[str, set[tuple[str, ...]]] = {}
        for table in self.tables:
            for name in table.by:
                found.setdefault(name, set()).add(table.wording.order(name))
        return {name: order for name, orders in found.items() if len(orders) == 1 for order in orders if order}

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
    nested: Nested | None = None,
    previous: Sequence[str | Path | Release | PublishedEstimates] = (),
    progress: Tell | None = None,
) -> PublishedEstimates:
    """Withhold what may not be printed, and give what may, in the digits that it may be printed in.

    Give everything that will be published together in one call: a cell that is withheld in one table is withheld
    in all, whatever the quantity (a total, divided by a known population, gives its prevalence away), and further cells are
    withheld where a reader could work one out from the others.

    Parameters
    ----------
    estimates : Estimates, a sequence or a mapping of them by name, or PublishedEstimates
        Published again, PublishedEstimates stay the same. Under another rule that withholds more of them, one margin of one
        outcome is left: how the others hang together is not known any more. Publish the Estimates under the stricter rule instead.
    rule : str or SuppressionRule
        "fl-default", "fl-rare", "nchs", the path of a rule's TOML file, or a rule. By fl-default a figure that rests on
        respondents is not published when n < 50 or df < 2, or when it has no interval, and is flagged when CV > 30 % or df < 8;
        a domain of 0 to 4 cases is printed as "at most U", the same U for each of these. What is judged is the smallest part
        that a figure is made of. Figures from case lists of fewer than 50 people are not published; those of models are not
        where the direct figure of the cell is not. What is left is flagged by its CV, and where a sampler did not do well.
    nested : mapping, optional
        Geographies that lie in each other and stand side by side in no call, as {inner column: {value: outer value}}:
        ``{"district": {"A": "Region 1"}}``, or with the outer column named, ``{"district": {"region": {"A": "Region 1"}}}``. What a call has side by side is found in its data.
    previous : sequence of folders, Release or PublishedEstimates, optional
        What was released before of the same people: result folders of `fl-estimate run`, or what `publish` returned. It is
        known to everybody, so that this release withholds whatever would give a cell away beside it; also who is in one of
        two subpopulations only (``age >= 18``, and earlier ``age >= 25``) is a cell under the rule. Tables of another
        reference period are of other people and are left out.
    progress : callable, optional
        Called with a line of text now and then where the audit is long.

    Returns
    -------
    PublishedEstimates
        Every figure rounded to two significant digits of its standard error, three of its own where it has none.

    Raises
    ------
    PublishFault
        FL-PUB-01 unknown rule; FL-PUB-02 nothing to publish; FL-PUB-03 a by-column named as a column that publishing
        adds; FL-PUB-04 a result of `stack` with figures of different units; FL-PUB-31 a file that is no rule;
        FL-PUB-40 an earlier release that is none.

    Notes
    -----
    Complementary suppression: readers are taken to know the rule, all that is printed, and which cells are withheld; what they
    can work out of these is found by linear programming, and a cell is protected where whole numbers from at most one case to
    at least `min_cases` fit everything printed (docs/explanation/disclosure).

    Examples
    --------
    >>> import fl_estimate as fl, pandas as pd
    >>> people = pd.DataFrame({"w": 100.0, "ea": [i // 10 for i in range(200)], "fl": [1, *[0] * 49] * 4})
    >>> few = fl.estimate_prevalence(people, "fl", design=fl.Design(weights="w", psu="ea"))
    >>> fl.publish(few).to_frame()[["value", "upper", "n", "publication"]].values.tolist()
    [[nan, 0.089, 200, 'at_most']]
    """
    chosen = chosen_rule(rule)
    if isinstance(estimates, PublishedEstimates) and estimates.rule == chosen and not previous:
        return estimates
    drafts = _drafts(estimates)
    known = known_tables(previous, [table.reference_period for table, _ in drafts])
    found = released([draft for _, draft in drafts], chosen, nested, known, progress)
    tables = tuple(
        replace(table, frame=frame, reasons=reasons, assumptions=_told(table.assumptions))
        for (table, _), frame, reasons in zip(drafts, found.frames, found.reasons, strict=True)
    )
    tables = _unhashed(tables)
    before = estimates.protecting if isinstance(estimates, PublishedEstimates) else 0
    return PublishedEstimates(
        tables=tables, rule=chosen, protecting=before + found.protecting, audit_complete=not found.late
    )


def _unhashed(tables: Sequence[PublishedTable]) -> tuple[PublishedTable, ...]:
    """Tables without hashes of case lists, which would confirm a guess at counts that are hidden; which are of the same lists stays."""
    of_lists = [(table.frame["basis"] == LISTS).any() for table in tables]
    marks = [table.provenance.source_sha256 for table, lists in zip(tables, of_lists, strict=True) if lists]
    named = {mark: f"lists {place}" for place, mark in enumerate(dict.fromkeys(mark for mark in marks if mark), 1)}
    return tuple(
        replace(
            table,
            provenance=replace(
                table.provenance, arguments=_without(table.provenance.arguments),
                source_sha256=named.get(table.provenance.source_sha256, table.provenance.source_sha256),
            ),
        )
        if lists
        else table
        for table, lists in zip(tables, of_lists, strict=True)
    )  # fmt: skip


def _without(arguments: Any) -> Any:
    """Arguments of a call without anything that looks like a hash."""
    if isinstance(arguments, Mapping):
        return {name: _without(value) for name, value in arguments.items()}
    if isinstance(arguments, list | tuple):
        return [_without(value) for value in arguments]
    return "" if isinstance(arguments, str) and re.fullmatch(r"[0-9a-f]{64}", arguments) else arguments


def _drafts(given: Any) -> list[tuple[PublishedTable, Draft]]:
    """What was given as tables with names, nothing withheld yet. Diagnostics, draws and covariances stay behind."""
    if isinstance(given, PublishedEstimates):
        return [(table, _again(table)) for table in given.tables]
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
    instead = [pair for result in results if (pair := _of_released_fit(result)) is not None]
    return [
        (table := _as_released(draft_of(name, result), instead), _draft(table, result))
        for name, result in zip(names, results, strict=True)
    ]


def _of_released_fit(result: Estimates) -> tuple[list[str], tuple[Assumption, ...]] | None:
    """The assumptions of an area model, and those of the fit whose rows are printed: its own tell how many areas lack a case."""
    told = result.diagnostics.get("released_assumptions")
    if not told:
        return None
    printed = tuple(
        Assumption(code=AssumptionCode.of(code), parameters=tuple((name, value) for name, value in pairs))
        for code, pairs in told
    )
    return [repr(own) for own in result.assumptions], printed


def _as_released(table: PublishedTable, instead: Sequence[tuple[list[str], tuple[Assumption, ...]]]) -> PublishedTable:
    """With the assumptions of the fits whose rows are printed, also where results are stacked under each other."""
    found = list(table.assumptions)
    for own, printed in instead:
        if set(own) <= {repr(one) for one in found}:
            others = [one for one in found if repr(one) not in own]
            found = [*printed, *(one for one in others if one not in printed)]
    return replace(table, assumptions=tuple(found))


def _told(assumptions: tuple[Assumption, ...]) -> tuple[Assumption, ...]:
    """Assumptions with the digits that may be printed of their parameters: a ratio in one is a figure like any other."""
    return tuple(
        a if a.code == "subpopulation" else replace(a, parameters=few_digits(a.parameters, WITHOUT_ERROR))
        for a in assumptions
    )


def _draft(table: PublishedTable, result: Estimates) -> Draft:
    return Draft(
        name=table.name, frame=_same_whatever(table.frame, result.diagnostics.get("released", {})), by=table.by,
        assumptions=table.assumptions, reasons=table.reasons,
        support=result.support, direct=np.array(table.own, dtype=bool) | (result.cells is not None), crossing=result.cells,
        arguments=result.provenance.arguments, limits=result.diagnostics.get("limits_of_few", {}),
    )  # fmt: skip


def _same_whatever(frame: pd.DataFrame, times: Mapping[str, Sequence[float]]) -> pd.DataFrame:
    """Rows of an area model as they come out whatever the areas of few cases are, so that they tell nothing of these."""
    if not times:
        return frame
    out = frame.copy()
    for row, record in zip(frame.index, frame.to_dict("records"), strict=True):
        found = times.get(str(record.get(str(record["margin"]), "")))
        if found is not None and record["basis"] == MODEL:
            for name, by in zip(SCALED, found, strict=True):
                out.loc[row, name] = record[name] * by
    return out


def _again(table: PublishedTable) -> Draft:
    """A table that was published before, to be judged by another rule on what it prints."""
    return Draft(
        name=table.name, frame=table.frame, by=table.by, assumptions=table.assumptions, reasons=table.reasons,
        support=published_support(table.frame, table.own), direct=np.array(table.own, dtype=bool), crossing=None,
        arguments=table.provenance.arguments,
    )  # fmt: skip


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
        # What is the analyst's alone never comes near a rule that might let it pass.
        frame=result.to_frame().drop(columns=list(ANALYST), errors="ignore"),
        by=result.by,
        measure=result.measure,
        population=result.population,
        reference_period=result.reference_period,
        reasons=result.reasons,
        assumptions=result.assumptions,
        provenance=result.provenance,
        own=tuple(own_support(result.frame, result.support).tolist()),
        wording=result.wording,
    )


def _laid_out(table: PublishedTable, by: Mapping[str, Any]) -> pd.DataFrame:
    """One table with the by-columns of all, each of the type given."""
    frame = table.frame.copy()
    frame["estimate"] = pd.array([table.name] * len(frame), dtype="string")
    for name, kind in by.items():
        values = frame[name] if name in frame else pd.Series(pd.NA, index=frame.index, dtype="object")
        frame[name] = values.astype(kind)
    return with_labels(frame[["estimate", *HEAD, *by, *PUBLISHED_TAIL, "publication", "caution"]], table.wording)
