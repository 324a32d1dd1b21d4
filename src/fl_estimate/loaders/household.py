"""The tables of a household survey side by side: households joined onto people, and the checks of all tables."""

from __future__ import annotations

from collections.abc import Mapping as Dictionary
from dataclasses import replace
from typing import TYPE_CHECKING

import narwhals as nw

from fl_estimate.inputs.replicates import Replicates
from fl_estimate.inputs.sample_design import Design
from fl_estimate.loaders.tables import ROW, Filled
from fl_estimate.loaders.weights import Totals, weight_findings
from fl_estimate.schema import rules
from fl_estimate.schema.asking import answered
from fl_estimate.schema.conditions import condition_checks
from fl_estimate.schema.validate import Fault

if TYPE_CHECKING:
    import polars as pl


def with_households(people: Filled, households: Filled) -> Filled:
    """Copy the columns of each person's household onto people; a column that people have already stays theirs."""
    new = [name for name in households.columns if name not in people.columns]
    # one row a household, so that a household that occurs twice (a fault of its own) does not double its people
    once = households.frame.unique("hh_id", keep="any").select("hh_id", *new)
    frame = people.frame.drop(new, strict=False).join(once, on="hh_id", how="left", maintain_order="left")
    return replace(people, frame=frame, columns=(*people.columns, *new))


def survey_faults(
    filled: Dictionary[str, Filled],
    design: Design | None,
    joined: Filled,
    taken: frozenset[str],
    totals: Totals | None = None,
) -> tuple[Fault, ...]:
    """Find every fault of a survey: single cells, keys within and between tables, and the design.

    Parameters
    ----------
    filled : dict of str to Filled
        Every table as its file and mapping gave it.
    design : Design, optional
    joined : Filled
        People with the columns of their households.
    taken : frozenset of str
        Tables taken from the rows of people, whose link to people needs no check.
    totals : mapping, optional
        Known sizes of the population, which the weights should sum to.
    """
    return tuple(fault for found in answered(survey_findings(filled, design, joined, taken, totals)) for fault in found)


def survey_findings(
    filled: Dictionary[str, Filled],
    design: Design | None,
    joined: Filled,
    taken: frozenset[str],
    totals: Totals | None = None,
) -> list[rules.Finding]:
    """The parts of `survey_faults`, to be asked together: one pass over a file, but for keys between tables and rows to be looked up."""
    parts: list[rules.Finding] = []
    for name, table in filled.items():
        whole = joined if name == "people" else table
        parts += _of_table(table, whole, design if name == "people" else None, totals or {})
    for name, table in filled.items():
        for key, other in table.table.links:
            if key in table.columns and other in filled and not (name in taken and other == "people"):
                others = filled[other]
                parts.append(rules.told(rules.unmatched(
                    _rows(table), key, _frame(others), others.table.key, other_table=other
                )))  # fmt: skip
    episodes = filled.get("episodes")
    if episodes is not None and "job_id" in episodes.columns:
        parts.append(rules.duplicates_found(_rows(episodes), "job_id"))
    if "households" in filled:
        parts.append(rules.told(rules.unmatched(
            _rows(filled["households"]), "hh_id", _frame(filled["people"]), "hh_id", other_table="people", severity="warning",
        )))  # fmt: skip
    return parts


def _of_table(table: Filled, whole: Filled, design: Design | None, totals: Totals) -> list[rules.Finding]:
    schema = {name: dtype for name, dtype in _frame(table).collect_schema().items() if name in table.columns}
    parts = [rules.told(rules.column_faults(table.table, schema, table.n_rows))]
    checks = [*table.checks, *rules.value_checks(table.table, schema), *condition_checks(table.table.name, schema)]
    if design is not None:
        on_design, of_columns = rules.design_checks(
            weights=design.weights,
            strata=design.strata,
            stages=design.stages,
            fpc=design.fpc,
            replicates=design.replicates.columns if isinstance(design.replicates, Replicates) else (),
            schema=_frame(whole).collect_schema(),
        )
        checks += on_design
        parts.append(rules.told(of_columns))
        numeric = design.weights is not None and not any(fault.variable == design.weights for fault in of_columns)
        if design.weights is not None and numeric:
            parts.append(weight_findings(_rows(whole), design.weights, totals))
    once = {(check.variable, check.rule, check.value_class): check for check in checks}
    parts.append(rules.finding(_rows(whole), list(once.values())))
    if table.key_is_mapped:
        parts.append(rules.duplicates_found(_rows(table), table.table.key))
    if design is not None and design.single_psu == "error" and design.strata and not design.fpc:
        parts.append(rules.single_units_found(_rows(whole), design.strata, design.psu))
    return parts


def _rows(table: Filled) -> rules.CheckedRows:
    record = table.table.key if table.key_is_mapped else None
    return rules.CheckedRows(table=table.table.name, frame=_frame(table), row=ROW, record=record)


def _frame(table: Filled) -> nw.LazyFrame[pl.LazyFrame]:
    return nw.from_native(table.frame)
