"""Persons drawn within their household: the weight that follows from how many could have been drawn, and how many were."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import narwhals as nw

from fl_estimate.errors import ExpressionFault
from fl_estimate.loaders.fit import not_fitting
from fl_estimate.loaders.mapping_parts import SelectionRule
from fl_estimate.loaders.tables import Filled, faults_where
from fl_estimate.schema.expressions import parse
from fl_estimate.schema.validate import Fault, Severity

if TYPE_CHECKING:
    import polars as pl

_ELIGIBLE, _DRAWN = "__eligible__", "__drawn__"


def with_selection(people: Filled, selections: Sequence[SelectionRule]) -> tuple[Filled, tuple[Fault, ...]]:
    """Write the weight of everybody, group by group (adults, children).

    Parameters
    ----------
    people : Filled
        With the columns of their households.
    selections : sequence of SelectionRule

    Returns
    -------
    people : Filled
        With the weight: of those drawn ``of`` times eligible over drawn in the household and group, of others ``of``.
    faults : tuple of Fault
        Errors: somebody drawn who was not eligible, or by two groups. A warning: a household with eligible persons of
        whom none was drawn; those it stands for are then missing from the weights.

    Raises
    ------
    MappingFault
        FL-MAP-04: a column that the rules name is not there.
    """
    if not selections:
        return people, ()
    import polars as pl

    names = set(people.frame.collect_schema().names())
    wanted = {"hh_id", *(rule.of for rule in selections)}
    absent = [f"selection: people have no column {name!r}" for name in sorted(wanted - names)]
    if absent:
        raise not_fitting(absent)
    frame = people.frame
    weight, faults = pl.col(selections[0].of).cast(pl.Float64), list[Fault]()
    told, chosen = pl.lit(False), pl.lit(False)

    def found(broken_rule: str, broken: pl.Expr, severity: Severity = "error") -> None:
        faults.extend(faults_where(people, frame, rule.weight, "selection", broken_rule, broken, severity))

    rule = selections[0]
    found("without a household, so that nobody can be counted in it", pl.col("hh_id").is_null())
    for position, rule in enumerate(selections, 1):
        eligible, drawn = f"{_ELIGIBLE}{position}", f"{_DRAWN}{position}"
        frame = _with_truth(frame, f"selection[{position}].eligible", rule.eligible, eligible)
        frame = _with_truth(frame, f"selection[{position}].drawn", rule.drawn, drawn)
        mine = pl.col(eligible) & pl.col(drawn)
        could, were = pl.col(eligible).sum().over("hh_id"), mine.sum().over("hh_id")
        weight = pl.when(mine).then(pl.col(rule.of) * could / were).otherwise(weight)
        found("drawn in two groups", mine & chosen)
        first = pl.col(eligible) & (pl.col(eligible).cum_sum().over("hh_id") == 1)
        found("nobody drawn of the eligible persons of the household", first & (were == 0), "warning")
        told, chosen = told | pl.col(drawn), chosen | mine
    rule = selections[0]
    found("drawn and not eligible", told & ~chosen)
    columns = [name for name in people.columns if name != rule.weight]
    frame = frame.with_columns(weight.alias(rule.weight))
    return replace(people, frame=frame, columns=(*columns, rule.weight)), tuple(faults)


def _with_truth(frame: pl.LazyFrame, where: str, text: str, column: str) -> pl.LazyFrame:
    """Write where an expression is surely true."""
    narwhal = nw.from_native(frame)
    try:
        is_true, _ = parse(text).truth(narwhal.collect_schema())
    except ExpressionFault as error:
        raise not_fitting([f"{where}: {error.what} ({error.found})"]) from None
    return narwhal.with_columns(is_true.alias(column)).to_native()
