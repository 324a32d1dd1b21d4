"""`fl.validate`: the checks of a survey that is already loaded; and what strict and lenient make of a fault."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal, get_args

import narwhals as nw

from fl_estimate.errors import DataFault, not_one_of
from fl_estimate.inputs.survey_data import SurveyData
from fl_estimate.inputs.survey_storage import polars_of
from fl_estimate.loaders.currencies import in_one_currency
from fl_estimate.loaders.family_network import relative_faults
from fl_estimate.loaders.household import survey_faults
from fl_estimate.loaders.recruitment_chains import recruitment_faults
from fl_estimate.loaders.tables import ROW, Filled
from fl_estimate.schema import rules
from fl_estimate.schema.validate import Fault, ValidationReport
from fl_estimate.schema.variables import TABLES

if TYPE_CHECKING:
    import polars as pl

Mode = Literal["normal", "strict", "lenient"]
MODES: tuple[str, ...] = get_args(Mode)
CELL_RULES: frozenset[str] = frozenset({"code list", "limits", "recode", "number", "whole number", "date"})
"""Rules that a single cell breaks: its answer can be left out, and the rest of the record be used."""


def validate(data: SurveyData, *, mode: Mode = "normal") -> ValidationReport:
    """Check a survey against the common schema: cells, keys within and between tables, filters, design and weights.

    Use it after changing tables by hand, or on what `SurveyData.read` gave. `fl.load` has done it already; what it
    found in the codes of the file stands in ``data.report``.

    Parameters
    ----------
    data : SurveyData
    mode : {"normal", "strict", "lenient"}
        "strict": warnings are errors. "lenient": a cell that breaks a rule is a warning; keys, weights and the
        design still make errors.

    Returns
    -------
    ValidationReport
        All faults at once: table, row, record, variable, rule and kind of value, never the answer itself. As a
        frame (`to_frame`), text (`str`) or page (`to_html`).

    Raises
    ------
    DataFault
        FL-DATA-03: unknown mode.

    Examples
    --------
    >>> import pandas as pd
    >>> import fl_estimate as fl
    >>> people = pd.DataFrame({"person_id": ["1", "2"], "sex": [1, 7]})
    >>> print(fl.validate(fl.SurveyData(people=people)))
    1 error, 0 warnings
      error: people.sex, code list: not in the code list in 1 row (rows 2)
    """
    require_mode(mode)
    filled = {name: _filled(name, table) for name, table in data.tables.items()}
    faults = survey_faults(filled, data.design, filled["people"], frozenset(), data.totals)
    _, of_money = in_one_currency(filled, None)
    return ValidationReport(judged((*faults, *of_money, *relative_faults(filled), *recruitment_faults(filled)), mode))


def require_mode(mode: str) -> None:
    """Refuse a word that is no mode."""
    if mode not in MODES:
        raise not_one_of("FL-DATA-03", "this mode", mode, MODES, DataFault)


def judged(faults: tuple[Fault, ...], mode: Mode) -> tuple[Fault, ...]:
    """Give each fault the severity that it has in a mode."""
    if mode == "strict":
        return tuple(replace(fault, severity="error") for fault in faults)
    if mode == "lenient":
        return tuple(
            replace(fault, severity="warning") if fault.rule in CELL_RULES and fault.rows else fault for fault in faults
        )
    return faults


def without_bad_cells(table: Filled) -> Filled:
    """Leave out the answers that single-cell rules do not allow: missing, or the code for it where there is one."""
    frame: nw.LazyFrame[Any] = nw.from_native(table.frame)
    schema = {name: dtype for name, dtype in frame.collect_schema().items() if name in table.columns}
    broken = [check for check in rules.value_checks(table.table, schema) if check.rule in CELL_RULES]
    for check in broken:
        variable = table.table.variable(check.variable)
        coded = variable is not None and variable.codes is not None and "missing" in variable.codes
        left = nw.when(~check.broken).then(nw.col(check.variable))
        left = left.otherwise(nw.lit("missing")) if coded else left
        frame = frame.with_columns(left.alias(check.variable))
    return replace(table, frame=frame.to_native())


def _filled(name: str, table: Any) -> Filled:
    """Give a table with row numbers; a pandas frame is copied."""
    import polars as pl

    frame = table if isinstance(table, pl.DataFrame | pl.LazyFrame) else polars_of(table)
    columns = tuple(frame.collect_schema().names())
    rows = frame.lazy().with_row_index(ROW).with_columns(pl.col(ROW).cast(pl.Int64))
    return Filled(
        table=TABLES[name],
        frame=rows,
        columns=columns,
        checks=(),
        key_is_mapped=TABLES[name].key in columns,
        n_rows=_height(frame),
    )


def _height(frame: pl.DataFrame | pl.LazyFrame) -> int | None:
    import polars as pl

    return frame.height if isinstance(frame, pl.DataFrame) else None
