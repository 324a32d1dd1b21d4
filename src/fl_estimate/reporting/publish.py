"""PublishedEstimates: only what may be printed. `publish` makes them, once, before any renderer."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd

from fl_estimate.errors import PublishFault, listed
from fl_estimate.reporting.disclosure.local import Tell
from fl_estimate.reporting.disclosure.series import Nested
from fl_estimate.reporting.imputed_alone import require_bounds
from fl_estimate.reporting.judging import own_support, published_support, scenarios
from fl_estimate.reporting.labelling import unit_of
from fl_estimate.reporting.precision import WITHOUT_ERROR, few_digits
from fl_estimate.reporting.published import PublishedEstimates
from fl_estimate.reporting.published_tables import ADDED, PublishedTable
from fl_estimate.reporting.release import UnpublishedResult, released
from fl_estimate.reporting.releases import Release, as_release, known_tables
from fl_estimate.reporting.rounds import withheld_before
from fl_estimate.reporting.suppression import SuppressionRule, chosen_rule
from fl_estimate.results.basis import LISTS, MODEL
from fl_estimate.results.codes import AssumptionCode
from fl_estimate.results.columns import ANALYST, SCALED
from fl_estimate.results.estimates import Assumption, Estimates
from fl_estimate.results.p_values import p_values


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
        where the direct figure of the cell is not. What is left is flagged by its CV, and where a sampler did not do well or a model
        does not hold.
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
        FL-PUB-40 an earlier release that is none; FL-PUB-47 an imputed figure of a class without its bounds;
        FL-PUB-48 with bounds of another design, population, period, file or unit.

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
    require_bounds([table for table, _ in drafts])
    earlier = [as_release(each) for each in previous]
    known = known_tables(earlier, [table.reference_period for table, _ in drafts])
    every = [table for release in earlier for table in release.tables]
    judged = [replace(draft, withheld_before=withheld_before(draft, every)) for _, draft in drafts]
    result = released(judged, chosen, nested, known, progress)
    tables = tuple(
        replace(table, frame=frame, reasons=reasons, assumptions=_published_assumptions(table.assumptions))
        for (table, _), frame, reasons in zip(drafts, result.frames, result.reasons, strict=True)
    )
    tables = _unhashed(tables)
    before = estimates.protecting if isinstance(estimates, PublishedEstimates) else 0
    return PublishedEstimates(
        tables=tables, rule=chosen, protecting=before + result.protecting, audit_complete=not result.late
    )


def _unhashed(tables: Sequence[PublishedTable]) -> tuple[PublishedTable, ...]:
    """Tables without hashes of case lists, which would confirm a guess at counts that are hidden; which are of the same lists stays."""
    of_lists = [(table.frame["basis"] == LISTS).any() for table in tables]
    marks = [table.provenance.source_sha256 for table, lists in zip(tables, of_lists, strict=True) if lists]
    named = {
        mark: f"lists {position}" for position, mark in enumerate(dict.fromkeys(mark for mark in marks if mark), 1)
    }
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
        return {name: _without(value) for name, value in cast("Mapping[Any, Any]", arguments).items()}
    if isinstance(arguments, list | tuple):
        return [_without(value) for value in cast("Sequence[Any]", arguments)]
    return "" if isinstance(arguments, str) and re.fullmatch(r"[0-9a-f]{64}", arguments) else arguments


def _drafts(
    given: Estimates | PublishedEstimates | Sequence[Any] | Mapping[str, Any],
) -> list[tuple[PublishedTable, UnpublishedResult]]:
    """What was given as tables with names, nothing withheld yet. Diagnostics, draws and covariances stay behind."""
    if isinstance(given, PublishedEstimates):
        return [(table, _again(table, given.rule)) for table in given.tables]
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


def _published_assumptions(assumptions: tuple[Assumption, ...]) -> tuple[Assumption, ...]:
    """Assumptions with the digits that may be printed of their parameters: a ratio in one is a figure like any other."""
    return tuple(
        a
        if a.code == "subpopulation"
        else replace(a, parameters=few_digits(a.code.to_publish(a.parameters), WITHOUT_ERROR))
        for a in assumptions
    )


def _draft(table: PublishedTable, result: Estimates) -> UnpublishedResult:
    return UnpublishedResult(
        name=table.name, frame=_same_whatever(table.frame, result.diagnostics.get("released", {})), by=table.by,
        assumptions=table.assumptions, reasons=table.reasons,
        support=result.support, crossing=result.cells,
        direct=(np.array(table.own, dtype=bool) | (result.cells is not None)) & ~scenarios(result.frame),
        arguments=result.provenance.arguments, limits=result.diagnostics.get("limits_of_few", {}),
        reference_period=table.reference_period, file=table.provenance.source_sha256,
    )  # fmt: skip


def _same_whatever(frame: pd.DataFrame, times: Mapping[str, Sequence[float]]) -> pd.DataFrame:
    """Rows of an area model as they come out whatever the areas of few cases are, so that they tell nothing of these."""
    if not times:
        return frame
    out = frame.copy()
    for row, record in zip(frame.index, frame.to_dict("records"), strict=True):
        result = times.get(str(record.get(str(record["margin"]), "")))
        if result is not None and record["basis"] == MODEL:
            for name, by in zip(SCALED, result, strict=True):
                out.loc[row, name] = record[name] * by
    return out


def _again(table: PublishedTable, before: SuppressionRule) -> UnpublishedResult:
    """A table that was published before, by this rule, to be judged by another on what it prints."""
    support = published_support(table.frame, table.own)
    # Of undetermined people it prints no number: there were as many as the rule asked for, or nobody knows.
    support = replace(support, undetermined=np.full(len(support), before.min_cases or np.nan))
    return UnpublishedResult(
        name=table.name, frame=table.frame, by=table.by, assumptions=table.assumptions, reasons=table.reasons,
        support=support, direct=np.array(table.own, dtype=bool), crossing=None,
        arguments=table.provenance.arguments, reference_period=table.reference_period, file=table.provenance.source_sha256,
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
        frame=_with_p(result.frame.drop(columns=list(ANALYST), errors="ignore")),
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


def _with_p(frame: pd.DataFrame) -> pd.DataFrame:
    """A table of differences, coefficients or effects with their p-values, from full values: rounded ones give others."""
    p = p_values(frame)
    return frame if "p" in frame or not np.isfinite(p).any() else frame.assign(p=p)
