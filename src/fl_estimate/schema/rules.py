"""The rules a loaded survey must keep, as masks over whole columns, and the search for rows that break them.

Every rule becomes a Boolean column without nulls. All rules of a table are counted in one pass over its rows, on
any engine and lazily; rows are looked up only for the rules that are broken, and `KEPT` at most. Answers are never
part of a fault: it names the variable, the rule, the kind of value and the rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import narwhals as nw

from fl_estimate.schema.answer_sets import only
from fl_estimate.schema.asking import Asking, Frame, answered, collected
from fl_estimate.schema.classifications import allowed
from fl_estimate.schema.evaluation import Schema, missing
from fl_estimate.schema.validate import KEPT, Fault, Severity
from fl_estimate.schema.variables import Table, Variable

type Finding = Asking[tuple[Fault, ...]]
"""The search for the faults of a rule, which asks for its frames together with others: `asking.answered`."""
TEXTS = (nw.String, nw.Categorical, nw.Enum)


@dataclass(frozen=True, kw_only=True)
class Check:
    """One rule on the rows of one table; `broken` is a Boolean column without nulls."""

    variable: str
    rule: str
    value_class: str
    broken: nw.Expr
    severity: Severity = "error"


@dataclass(frozen=True, kw_only=True)
class CheckedRows:
    """A table to be checked: its frame, the column with its row numbers (from 0) and the one that names a record."""

    table: str
    frame: Frame
    row: str
    record: str | None = None


def find(rows: CheckedRows, checks: Sequence[Check]) -> tuple[Fault, ...]:
    """Count what each check finds in one pass, then look up the rows of those that found something."""
    return answered([finding(rows, checks)])[0]


def finding(rows: CheckedRows, checks: Sequence[Check]) -> Finding:
    """As `find`, asked together with others."""
    if not checks:
        return ()
    sums = {f"{position}": check.broken.cast(nw.Float64).sum() for position, check in enumerate(checks)}
    (counts,) = yield [rows.frame.select(**sums)]
    counted = [(check, int(counts[f"{position}"][0] or 0)) for position, check in enumerate(checks)]
    broken = [(check, count, rows.frame.filter(check.broken)) for check, count in counted if count]
    return (yield from looked_up(rows, broken))


def told(faults: Sequence[Fault]) -> Finding:
    """Faults that are known already, among others that are asked for."""
    yield from ()
    return tuple(faults)


def looked_up(rows: CheckedRows, broken: Sequence[tuple[Check, int, Frame]]) -> Finding:
    """The faults of checks that found something: how many rows, and the first of them."""
    if not broken:
        return ()
    names = [rows.row, *([rows.record] if rows.record else [])]
    kept = yield [frame.select(*names).head(KEPT) for _, _, frame in broken]
    return tuple(
        _fault(rows, check, count, some.sort(rows.row)) for (check, count, _), some in zip(broken, kept, strict=True)
    )


def _fault(rows: CheckedRows, check: Check, count: int, kept: nw.DataFrame[Any]) -> Fault:
    return Fault(
        table=rows.table,
        variable=check.variable,
        rule=check.rule,
        value_class=check.value_class,
        count=count,
        rows=tuple(int(row) for row in kept[rows.row]),
        records=tuple(str(record) for record in kept[rows.record]) if rows.record else (),
        severity=check.severity,
    )


# --- rules of the common schema ---------------------------------------------------------------------------------


def column_faults(table: Table, schema: Schema, n_rows: int | None) -> tuple[Fault, ...]:
    """Say which columns a table must have and has not, which hold the wrong kind of value, and whether it is empty."""
    faults: list[Fault] = []

    def whole_column(variable: str, rule: str, value_class: str) -> None:
        faults.append(Fault(table=table.name, variable=variable, rule=rule, value_class=value_class, count=0))

    if n_rows == 0:
        whole_column(table.key, "rows", "the table is empty")
    if table.key not in schema:
        whole_column(table.key, "required column", "the column is not there")
    if table.owners and not any(owner in schema for owner in table.owners):
        whole_column(" or ".join(table.owners), "required column", "the column is not there")
    for variable in known(table, schema):
        dtype = schema[variable.name]
        if variable.is_numeric and not dtype.is_numeric():
            whole_column(variable.name, "type", "not numbers")
        elif variable.codes and not variable.is_numeric and not is_text(dtype):
            whole_column(variable.name, "type", "numbers or dates where codes of the list are expected")
        elif variable.kind == "key" and not is_text(dtype):
            whole_column(variable.name, "type", "not text")
    return tuple(faults)


def known(table: Table, schema: Schema) -> list[Variable]:
    """The columns of a frame that are variables of the schema."""
    return [variable for name in schema if (variable := table.variable(name)) is not None]


def is_text(dtype: nw.dtypes.DType) -> bool:
    """Whether a column holds text, as such or as categories."""
    return any(dtype == kind for kind in TEXTS)


def value_checks(table: Table, schema: Schema) -> list[Check]:
    """The rules on single values: code lists, limits, keys that may not be missing."""
    checks: list[Check] = []
    for variable in known(table, schema):
        dtype = schema[variable.name]
        if variable.is_numeric and dtype.is_numeric():
            checks += _number_checks(variable, schema)
        elif variable.codes and not variable.is_numeric and is_text(dtype):
            cell = nw.col(variable.name).cast(nw.String).fill_null(str(variable.codes[0]))
            listed = [str(code) for code in variable.codes]
            on_list = cell.str.contains(only(listed)) if variable.several else cell.is_in(listed)
            checks.append(_off_list(variable, ~on_list))
        elif variable.classification:
            checks.append(_unclassified(variable))
    if table.key in schema:
        checks.append(_gone(table.key, "key", schema))
    owners = [owner for owner in table.owners if owner in schema]
    if len(owners) == 1:
        checks.append(_gone(owners[0], "key", schema))
    elif owners:
        first, second = (missing(owner, schema) for owner in owners)
        checks.append(
            Check(
                variable=" or ".join(owners),
                rule="exactly one",
                value_class="both or neither",
                broken=(first & second) | (~first & ~second),
            )
        )
    return checks


def _number_checks(variable: Variable, schema: Schema) -> list[Check]:
    gone = missing(variable.name, schema)
    number = nw.col(variable.name).cast(nw.Float64).fill_null(0.0)
    checks: list[Check] = []
    if variable.codes is not None:
        checks.append(_off_list(variable, ~number.is_in([float(code) for code in variable.codes]) & ~gone))
    if variable.limits is not None:
        low, high = variable.limits
        inside = (number >= low) & (number <= high)
        said = f"below {low:g}" if high == float("inf") else f"outside {low:g} to {high:g}"
        checks.append(Check(variable=variable.name, rule="limits", value_class=said, broken=~inside & ~gone))
    if variable.kind == "weight":
        checks += weight_checks(variable.name, schema)
    return checks


def _unclassified(variable: Variable) -> Check:
    cell = nw.col(variable.name).cast(nw.String)
    return Check(
        variable=variable.name,
        rule="classification",
        value_class=f"not in {variable.classification}",
        broken=~cell.is_in(list(allowed(variable.classification))) & ~cell.is_null(),
        severity="warning",
    )


def _off_list(variable: Variable, broken: nw.Expr) -> Check:
    return Check(variable=variable.name, rule="code list", value_class="not in the code list", broken=broken)


def _gone(name: str, rule: str, schema: Schema) -> Check:
    return Check(variable=name, rule=rule, value_class="missing", broken=missing(name, schema))


# --- rules of the design ----------------------------------------------------------------------------------------


def weight_checks(name: str, schema: Schema) -> list[Check]:
    """A weight is a number, never missing, negative or infinite; a weight of 0 is of no respondent, and is told."""
    gone = missing(name, schema)
    weight = nw.col(name).cast(nw.Float64).fill_null(1.0)
    endless = ~gone & ~weight.is_finite()
    return [
        _gone(name, "weight", schema),
        Check(
            variable=name,
            rule="weight",
            value_class="zero: no respondent, counted in no figure",
            broken=(weight == 0.0) & ~gone,
            severity="warning",
        ),
        Check(variable=name, rule="weight", value_class="negative", broken=(weight < 0.0) & ~gone & ~endless),
        Check(variable=name, rule="weight", value_class="infinite", broken=endless),
    ]


def design_checks(
    *,
    weights: str | None,
    strata: str | None,
    stages: Iterable[str],
    fpc: Iterable[str],
    replicates: Iterable[str] = (),
    schema: Schema,
) -> tuple[list[Check], tuple[Fault, ...]]:
    """The rules on the columns of a sample design: weights, ids of strata and units, fpc, and replicate weights.

    Returns
    -------
    checks : list of Check
    faults : tuple of Fault
        Design columns that hold no numbers where they must.
    """
    checks: list[Check] = []
    faults: list[Fault] = []
    for name, rule in [*([(weights, "weight")] if weights else []), *((name, "fpc") for name in fpc)]:
        if not schema[name].is_numeric():
            faults.append(Fault(table="people", variable=name, rule=rule, value_class="not numbers", count=0))
        elif rule == "weight":
            checks += weight_checks(name, schema)
        else:
            size = nw.col(name).cast(nw.Float64).fill_null(0.0)
            gone = missing(name, schema)
            checks += [
                _gone(name, rule, schema),
                Check(variable=name, rule=rule, value_class="zero or negative", broken=~(size > 0.0) & ~gone),
            ]
    for name in replicates:
        if not schema[name].is_numeric():
            faults.append(
                Fault(table="people", variable=name, rule="replicate weight", value_class="not numbers", count=0)
            )
        else:
            checks.append(_gone(name, "replicate weight", schema))
    checks += [
        _gone(name, "stratum" if name == strata else "sampling unit", schema) for name in (strata, *stages) if name
    ]
    return checks, tuple(faults)


def single_unit_strata(rows: CheckedRows, strata: str, psu: str | None) -> tuple[Fault, ...]:
    """The faults of `single_units_found`, asked alone."""
    return answered([single_units_found(rows, strata, psu)])[0]


def single_units_found(rows: CheckedRows, strata: str, psu: str | None) -> Finding:
    """Find strata in which one primary sampling unit (without `psu`: one row) was drawn.

    Not for designs with an fpc: a stratum that was taken whole may have one unit, and the estimators know which.
    """
    known_ids = ~nw.col(strata).is_null()
    frame = rows.frame.filter(known_ids if psu is None else known_ids & ~nw.col(psu).is_null())
    units = frame.select(strata) if psu is None else frame.select(strata, psu).unique([strata, psu])
    single = units.group_by(strata).agg(nw.len().alias(_SIZE)).filter(nw.col(_SIZE) == 1)
    check = Check(
        variable=strata,
        rule="two sampling units a stratum",
        value_class='a stratum with one sampling unit; what to do with it, [design] single_psu says: single_psu = "adjust" '
        '(or "average", "certainty", "collapse")',
        broken=nw.lit(True),
    )
    return (yield from _joined(rows, check, single.select(strata), [strata]))


_SIZE = "__size__"


# --- keys -------------------------------------------------------------------------------------------------------


def duplicates(rows: CheckedRows, key: str) -> tuple[Fault, ...]:
    """The faults of `duplicates_found`, asked alone."""
    return answered([duplicates_found(rows, key)])[0]


def duplicates_found(rows: CheckedRows, key: str) -> Finding:
    """Find rows whose key occurs more than once."""
    filled = rows.frame.filter(~nw.col(key).is_null())
    twice = filled.group_by(key).agg(nw.len().alias(_SIZE)).filter(nw.col(_SIZE) > 1)
    check = Check(variable=key, rule="unique key", value_class="more than once", broken=nw.lit(True))
    return (yield from _joined(rows, check, twice.select(key), [key]))


def unmatched(
    rows: CheckedRows, key: str, others: Frame, other_key: str, *, other_table: str, severity: Severity = "error"
) -> tuple[Fault, ...]:
    """Find rows whose key names no row of another table; missing keys are another rule's matter.

    Asked apart from others: the rows of one side wait for all of the other, and with them those of whoever shares their pass.
    """
    check = Check(
        variable=key,
        rule=f"key of {other_table}",
        value_class=f"not in {other_table}",
        broken=nw.lit(True),
        severity=severity,
    )
    filled = rows.frame.filter(~nw.col(key).is_null())
    alone = filled.join(_side_by_side(others.select(other_key), filled), left_on=key, right_on=other_key, how="anti")
    count = int(collected(alone.select(nw.len()))["len"][0])
    return answered([looked_up(rows, [(check, count, alone)])])[0] if count else ()


def _joined(rows: CheckedRows, check: Check, found: Any, on: list[str]) -> Finding:
    (several,) = yield [found]
    if len(several) == 0:
        return ()
    broken: Any = rows.frame.join(found, on=on, how="semi")
    (counted,) = yield [broken.select(nw.len())]
    return (yield from looked_up(rows, [(check, int(counted["len"][0]), broken)]))


def _side_by_side(right: Frame, left: Frame) -> Any:
    """Make a frame joinable with another: both lazy, or both in memory."""
    if isinstance(left, nw.LazyFrame) and isinstance(right, nw.DataFrame):
        return right.lazy()
    if isinstance(left, nw.DataFrame) and isinstance(right, nw.LazyFrame):
        return collected(right)
    return right
