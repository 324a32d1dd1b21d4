"""One file through one mapping: columns renamed, recoded, given the kinds of the schema, and derived.

Everything is a polars expression, so that a Parquet file stays lazy. What a cell cannot be (a code that a recode
does not list, a fraction where a whole number is needed) becomes a mask beside the table, for the one report.
"""

from __future__ import annotations

from collections.abc import Mapping as Dictionary
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import narwhals as nw

from fl_estimate.errors import ExpressionFault
from fl_estimate.loaders.file_table import FEW, KIND, FileTable, code_text
from fl_estimate.loaders.fit import left_over, not_fitting
from fl_estimate.loaders.mapping import ANSWER_KEYS, Code, Mapping, TableRule, VariableRule, is_number
from fl_estimate.schema.expressions import parse
from fl_estimate.schema.rules import Check
from fl_estimate.schema.variables import Table, Variable

if TYPE_CHECKING:
    import polars as pl

ROW = "__row__"
"""Column of row numbers, from 0, while a file is being loaded."""


@dataclass(frozen=True, kw_only=True)
class Filled:
    """A table that a mapping filled, with row numbers and the masks of its checks still beside its columns."""

    table: Table
    frame: pl.LazyFrame
    columns: tuple[str, ...]
    checks: tuple[Check, ...]
    key_is_mapped: bool
    n_rows: int | None

    def in_memory(self) -> Filled:
        """Compute the table once, so that its checks do not compute it again."""
        return replace(self, frame=self.frame.collect().lazy())


@dataclass(frozen=True, kw_only=True)
class _Mask:
    rule: str
    value_class: str
    broken: pl.Expr


@dataclass(frozen=True, kw_only=True)
class _Cell:
    """What becomes of one variable: its value, and what must not be."""

    value: pl.Expr
    masks: list[_Mask] = field(default_factory=list[_Mask])


@dataclass(frozen=True, kw_only=True)
class Wide:
    """The rows of one file with the variables of every table that is taken from them, still side by side."""

    frame: pl.LazyFrame
    names: dict[str, dict[str, str]]
    checks: dict[str, list[Check]]


def widen(mapping: Mapping, file: FileTable, tables: Dictionary[str, tuple[Table, TableRule]]) -> Wide:
    """Write the variables of all tables that one file fills beside its own columns.

    Parameters
    ----------
    mapping : Mapping
    file : FileTable
    tables : dict of str to (Table, TableRule)
        The table that is the file's own first; its variables take the place of columns of the same name.
    """
    import polars as pl

    raw = file.frame.lazy().with_row_index(ROW).with_columns(pl.col(ROW).cast(pl.Int64))
    schema = raw.collect_schema()
    texts = [name for name in file.columns if schema[name] == pl.String]
    raw = raw.with_columns(pl.col(texts).replace("", None))
    names: dict[str, dict[str, str]] = {}
    checks: dict[str, list[Check]] = {}
    columns: list[pl.Expr] = []
    for place, (table_name, (table, rule)) in enumerate(tables.items()):
        names[table_name], checks[table_name] = {}, []
        for name, variable in rule.variables.items():
            cell = _cell(mapping, variable, table.variable(name), schema)
            inner = name if place == 0 else f"{table_name}\0{name}"
            names[table_name][name] = inner
            columns.append(cell.value.alias(inner))
            for mask in cell.masks:
                flag = f"{table_name}\0{name}\0{mask.rule}"
                columns.append(mask.broken.fill_null(False).alias(flag))
                checks[table_name].append(
                    Check(variable=name, rule=mask.rule, value_class=mask.value_class, broken=nw.col(flag))
                )
        if table.key not in rule.variables:
            inner = table.key if place == 0 else f"{table_name}\0{table.key}"
            names[table_name][table.key] = inner
            columns.append((pl.col(ROW) + 1).cast(pl.String).alias(inner))
    return Wide(frame=raw.with_columns(columns), names=names, checks=checks)


def own_table(wide: Wide, file: FileTable, table: Table, rule: TableRule) -> Filled:
    """Take the table out of a wide frame whose file is its own; what the mapping leaves keeps its name."""
    frame = derive(wide.frame, table.name, rule)
    if rule.where is not None:
        frame = _filtered(frame, table.name, rule.where)
    variables = list(wide.names[table.name])
    variables.sort(key=lambda name: name != table.key)
    kept = [name for name in left_over(rule, file.columns) if name not in variables]
    return Filled(
        table=table,
        frame=frame,
        columns=(*variables, *kept, *rule.derived),
        checks=tuple(wide.checks[table.name]),
        key_is_mapped=table.key in rule.variables,
        n_rows=file.source.n_rows,
    )


def taken_table(wide: Wide, people: Filled, table: Table, rule: TableRule) -> Filled:
    """Take a table out of the rows of people: those where its condition holds, one row a person."""
    frame = people.frame
    if rule.where is not None:
        frame = _filtered(frame, table.name, rule.where)
    own = dict(wide.names[table.name])
    owner = next((name for name in ("person_id", "reported_by") if name in table.variables), "")
    if owner not in own:
        own[owner] = "person_id"
    hidden = [name for name in frame.collect_schema().names() if name in own and own[name] != name]
    frame = frame.select(
        *(name for name in frame.collect_schema().names() if name not in hidden and name not in own.values()),
        *(_col(inner).alias(name) for name, inner in own.items()),
    )
    frame = derive(frame, table.name, rule)
    columns = sorted(own, key=lambda name: (name != table.key, name != owner))
    return Filled(
        table=table,
        frame=frame,
        columns=(*columns, *rule.derived),
        checks=tuple(wide.checks[table.name]),
        key_is_mapped=table.key in rule.variables,
        n_rows=None,
    )


def _col(name: str) -> pl.Expr:
    import polars as pl

    return pl.col(name)


def derive(frame: pl.LazyFrame, table: str, rule: TableRule) -> pl.LazyFrame:
    """Add the derived columns one after another, so that each may use those before it."""
    for name, text in rule.derived.items():
        narwhal = nw.from_native(frame)
        try:
            value = parse(text).value(narwhal.collect_schema())
        except ExpressionFault as error:
            raise not_fitting([f"{table}.derived.{name}: {error.what} ({error.found})"]) from None
        frame = narwhal.with_columns(value.alias(name)).to_native()
    return frame


def _filtered(frame: pl.LazyFrame, table: str, text: str) -> pl.LazyFrame:
    narwhal = nw.from_native(frame)
    try:
        is_true, _ = parse(text).truth(narwhal.collect_schema())
    except ExpressionFault as error:
        raise not_fitting([f"{table}.where: {error.what} ({error.found})"]) from None
    return narwhal.filter(is_true).to_native()


# --- one variable -----------------------------------------------------------------------------------------------


def _cell(mapping: Mapping, rule: VariableRule, variable: Variable | None, schema: pl.Schema) -> _Cell:
    recode = mapping.recode_of(rule)
    if recode is not None:
        return _recoded(rule, recode, variable, schema)
    (column, _), dtype = _value_and_kind(rule, schema), schema[rule.column]
    if variable is None or not (dtype.is_numeric() or variable.is_numeric):
        return _Cell(value=column)
    return _number(column, dtype, variable)


def _number(column: pl.Expr, dtype: pl.DataType, variable: Variable) -> _Cell:
    """Give a number the kind of its variable; text is read as a number where the variable must be one."""
    import polars as pl

    masks: list[_Mask] = []
    if dtype == pl.String:
        number = column.str.strip_chars().cast(pl.Float64, strict=False)
        masks.append(
            _Mask(
                rule="number",
                value_class="not a number",
                broken=column.is_not_null() & ~number.is_finite().fill_null(False),
            )
        )
        number = pl.when(number.is_finite()).then(number)
    elif dtype.is_numeric():
        number = column
    else:
        return _Cell(value=column)
    if not variable.is_whole:
        return _Cell(value=number.cast(pl.Float64), masks=masks) if variable.is_numeric else _Cell(value=column)
    if not dtype.is_integer():
        number = number.cast(pl.Float64)
        whole = number.is_finite() & (number.round() == number) & (number.abs() <= 2.0**53)
        masks.append(_Mask(rule="whole number", value_class="not a whole number", broken=~whole))
        number = pl.when(whole).then(number)
    whole_number = number.cast(pl.Int64, strict=False)
    return _Cell(value=whole_number.cast(pl.String) if variable.kind == "key" else whole_number, masks=masks)


def _recoded(rule: VariableRule, recode: Dictionary[str, Code], variable: Variable | None, schema: pl.Schema) -> _Cell:
    import polars as pl

    numeric = variable.is_numeric if variable is not None else all(isinstance(code, int) for code in recode.values())
    written = [*recode.values(), *([rule.otherwise] if rule.otherwise is not None else [])]
    # codes as Enum while they are chosen: texts would be copied at every step
    to = pl.Int64() if numeric else pl.Enum(list(dict.fromkeys(str(code) for code in written)))

    def out(code: Code | None) -> Code | None:
        return None if code is None else int(float(code)) if numeric else str(code)

    def lit(code: Code | None) -> pl.Expr:
        return pl.lit(out(code), dtype=to)

    cell, kind = _value_and_kind(rule, schema)
    if schema[rule.column].is_numeric():
        cell = cell.cast(pl.Float64)
        codes: dict[Any, Any] = {float(key): out(code) for key, code in recode.items() if is_number(key)}
    else:
        cell = cell.cast(pl.String).str.strip_chars().replace("", None)
        codes = {key: out(code) for key, code in recode.items() if key != "null"}
    unlisted = pl.when(cell.is_null()).then(lit(recode.get("null"))).otherwise(lit(rule.otherwise))
    value = _chosen(cell, codes, default=unlisted, dtype=to)
    if kind is not None:
        named = {_kind_text(key): out(code) for key, code in recode.items() if key not in ANSWER_KEYS}
        declared = _chosen(kind, named, default=lit(recode.get("missing")), dtype=to)
        value = pl.when(kind.is_null()).then(value).otherwise(declared)
    value = value if numeric else value.cast(pl.String)
    if rule.otherwise is not None:
        return _Cell(value=value)
    strange = cell.is_not_null() & ~cell.is_in(list(codes))
    return _Cell(
        value=value, masks=[_Mask(rule="recode", value_class="a code that the recode does not list", broken=strange)]
    )


def _chosen(cell: pl.Expr, codes: Dictionary[Any, Any], *, default: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """Look a cell up among codes."""
    import polars as pl

    if len(codes) > FEW:
        return cell.replace_strict(list(codes), list(codes.values()), default=default, return_dtype=dtype)
    chosen = default
    for code, value in codes.items():
        chosen = pl.when(cell == code).then(pl.lit(value, dtype=dtype)).otherwise(chosen)
    return chosen


def _kind_text(key: str) -> str:
    return code_text(float(key)) if is_number(key) else key


def _value_and_kind(rule: VariableRule, schema: pl.Schema) -> tuple[pl.Expr, pl.Expr | None]:
    """Give a source column without its missing values, and the codes of those that are declared missing.

    Declared is what the file declares, and what the mapping adds with ``missing = [...]``.
    """
    import polars as pl

    column, dtype = _col(rule.column), schema[rule.column]
    kind = _col(rule.column + KIND) if rule.column + KIND in schema else None
    if dtype.is_float():
        column = column.fill_nan(None)
    if rule.missing:
        texts = not dtype.is_numeric()
        column = column.cast(pl.String) if texts else column
        codes = [str(code) if texts else float(code) for code in rule.missing if texts or is_number(str(code))]
        texts_of = {code: code_text(code) for code in codes}
        named = _chosen(column, texts_of, default=pl.lit(None, dtype=pl.String), dtype=pl.String())
        column = pl.when(named.is_null()).then(column)
        kind = named if kind is None else pl.coalesce(kind, named)
    return column, kind
