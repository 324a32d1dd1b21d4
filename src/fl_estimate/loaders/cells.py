"""One variable of a mapping as polars expressions: recoded, joined, dated, and given the kind that the schema says.

What a cell cannot be (a code that a recode does not list, a fraction where a whole number is needed, a text that is
no date) becomes a mask beside the value, for the one report.
"""

from __future__ import annotations

from collections.abc import Mapping as Dictionary
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from fl_estimate.loaders.dates import dated
from fl_estimate.loaders.file_table import FEW, KIND, FileTable, code_text
from fl_estimate.loaders.mapping import Mapping
from fl_estimate.loaders.mapping_parts import ANSWER_KEYS, LABELS, Code, VariableRule, is_number
from fl_estimate.schema.answer_sets import SEPARATOR, SEPARATORS
from fl_estimate.schema.variables import Variable

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, kw_only=True)
class Mask:
    """Where a cell is not what it must be: a Boolean that may be null where there is nothing to judge."""

    rule: str
    value_class: str
    broken: pl.Expr


@dataclass(frozen=True, kw_only=True)
class Cell:
    """What becomes of one variable: its value, what must not be, and columns that come with it."""

    value: pl.Expr
    masks: list[Mask] = field(default_factory=list[Mask])
    beside: dict[str, pl.Expr] = field(default_factory=dict[str, "pl.Expr"])


def cell_of(mapping: Mapping, rule: VariableRule, variable: Variable | None, file: FileTable) -> Cell:
    """Say what becomes of one variable.

    Parameters
    ----------
    mapping : Mapping
    rule : VariableRule
    variable : Variable, optional
        Its place in the schema; None for a name of the user's own.
    file : FileTable
        The file that its source columns stand in.
    """
    import polars as pl

    schema = file.frame.collect_schema()
    if rule.value is not None:
        whole = isinstance(rule.value, int) and not (variable is not None and variable.kind in ("key", "text"))
        value = pl.lit(rule.value, dtype=pl.Int64) if whole else pl.lit(rule.value if whole else _plain(rule.value))
        return _kept(value, pl.Int64() if whole else pl.Float64() if _is_float(rule.value) else pl.String(), variable)
    if rule.join:
        return Cell(value=_joined(rule, schema))
    if variable is not None and variable.kind == "date":
        value, precision, broken = dated(rule, schema)
        masks = [] if broken is None else [Mask(rule="date", value_class=_no_date(rule), broken=broken)]
        return Cell(value=value, masks=masks, beside={f"{variable.name}_precision": precision})
    recode = recode_for(mapping, rule, file)
    if recode is not None:
        return _recoded(rule, recode, variable, schema)
    (column, _), dtype = _value_and_kind(rule, schema), schema[_column(rule)]
    cell = _kept(column, dtype, variable)
    return cell if rule.times is None else Cell(value=cell.value * rule.times, masks=cell.masks)


def _no_date(rule: VariableRule) -> str:
    """What a cell is not, and the key of the mapping that mends it."""
    if rule.format is not None:
        return f"not a date written {rule.format}"
    if rule.year is not None:
        return "not a date"
    return 'not a date as year-month-day; how it is written, format says: format = "%d/%m/%Y"'


def _plain(value: str | int | float) -> str | float:
    return value if isinstance(value, float) else str(value)


def _is_float(value: object) -> bool:
    return isinstance(value, float)


def _kept(column: pl.Expr, dtype: pl.DataType, variable: Variable | None) -> Cell:
    if variable is None or not (dtype.is_numeric() or variable.is_numeric):
        return Cell(value=column)
    return _number(column, dtype, variable)


def _column(rule: VariableRule) -> str:
    return rule.column or ""


def _joined(rule: VariableRule, schema: pl.Schema) -> pl.Expr:
    """Write the parts of a key one after another; missing where one of them is."""
    import polars as pl

    parts: list[pl.Expr] = []
    for name in rule.join:
        if name not in schema and name.isdecimal():
            parts.append(pl.lit(name))
            continue
        column = pl.col(name)
        if schema[name].is_float():
            whole = column.fill_nan(None).cast(pl.Int64, strict=False)
            column = pl.when(whole == column).then(whole.cast(pl.String)).otherwise(column.cast(pl.String))
        parts.append(column.cast(pl.String).str.strip_chars())
    return pl.concat_str(parts, separator="-")


# --- recodes ----------------------------------------------------------------------------------------------------


def recode_for(mapping: Mapping, rule: VariableRule, file: FileTable) -> dict[str, Code] | None:
    """Give the recode of a variable with the codes of this file: where it names labels, the codes that have them."""
    labels = file.value_labels.get(_column(rule), {})
    if rule.recode == LABELS:
        return {code_text(code): label for code, label in labels.items()}
    recode = mapping.recode_of(rule)
    if recode is None:
        return None
    codes: dict[str, list[str]] = {}
    for code, label in labels.items():
        codes.setdefault(_alike(label), []).append(code_text(code))
    known = {code_text(code) for code in labels}
    written: dict[str, Code] = {}
    for key, to in recode.items():
        named = codes.get(_alike(key), []) if key not in known and not is_number(key) else []
        written.update(dict.fromkeys(named or [key], to))
    return written


def strange_labels(mapping: Mapping, rule: VariableRule, file: FileTable) -> list[str]:
    """The keys of a variable's own recode that are no codes of a column of numbers, and no labels of it."""
    if rule.column is None or not isinstance(rule.recode, dict):
        return []
    if not file.frame.collect_schema()[rule.column].is_numeric():
        return []
    recode = recode_for(mapping, rule, file) or {}
    return [key for key in recode if not (is_number(key) or key in ANSWER_KEYS or key.startswith("."))]


def _alike(label: str) -> str:
    return " ".join(label.casefold().split())


def _number(column: pl.Expr, dtype: pl.DataType, variable: Variable) -> Cell:
    """Give a number the kind of its variable; text is read as a number where the variable must be one."""
    import polars as pl

    masks: list[Mask] = []
    if dtype == pl.String:
        number = column.str.strip_chars().cast(pl.Float64, strict=False)
        masks.append(
            Mask(
                rule="number",
                value_class="not a number",
                broken=column.is_not_null() & ~number.is_finite().fill_null(False),
            )
        )
        number = pl.when(number.is_finite()).then(number)
    elif dtype.is_numeric():
        number = column
    else:
        return Cell(value=column)
    if not variable.is_whole:
        return Cell(value=number.cast(pl.Float64), masks=masks) if variable.is_numeric else Cell(value=column)
    if not dtype.is_integer():
        number = number.cast(pl.Float64)
        whole = number.is_finite() & (number.round() == number) & (number.abs() <= 2.0**53)
        masks.append(Mask(rule="whole number", value_class="not a whole number", broken=~whole))
        number = pl.when(whole).then(number)
    whole_number = number.cast(pl.Int64, strict=False)
    return Cell(value=whole_number.cast(pl.String) if variable.kind == "key" else whole_number, masks=masks)


def _recoded(rule: VariableRule, recode: Dictionary[str, Code], variable: Variable | None, schema: pl.Schema) -> Cell:
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
    if rule.several and variable is not None and variable.several:
        return Cell(value=_set_of(cell, recode, rule))
    if rule.several:
        words = " " + cell.cast(pl.String).str.replace_all(SEPARATORS, " ") + " "
        value = lit(rule.otherwise)
        for key, code in reversed([each for each in recode.items() if each[0] not in ANSWER_KEYS]):
            value = pl.when(words.str.contains(f" {key.strip()} ", literal=True)).then(lit(code)).otherwise(value)
        empty = cell.cast(pl.String).str.strip_chars().replace("", None).is_null()
        value = pl.when(empty).then(lit(recode.get("null"))).otherwise(value)
        return Cell(value=value if numeric else value.cast(pl.String))
    if schema[_column(rule)].is_numeric():
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
        return Cell(value=value)
    strange = cell.is_not_null() & ~cell.is_in(list(codes))
    return Cell(
        value=value, masks=[Mask(rule="recode", value_class="a code that the recode does not list", broken=strange)]
    )


def _set_of(cell: pl.Expr, recode: Dictionary[str, Code], rule: VariableRule) -> pl.Expr:
    """Write every code of the recode that is in a cell, each once; ``else`` where none is, ``null`` where it is empty."""
    import polars as pl

    text = cell.cast(pl.String).str.strip_chars().replace("", None)
    words = " " + text.str.replace_all(SEPARATORS, " ") + " "
    keys: dict[str, list[str]] = {}
    for key, code in recode.items():
        if key not in ANSWER_KEYS:
            keys.setdefault(str(code), []).append(key.strip())
    parts = [
        pl.when(pl.any_horizontal(words.str.contains(f" {key} ", literal=True) for key in those)).then(pl.lit(code))
        for code, those in keys.items()
    ]
    joined = pl.concat_str(parts, separator=SEPARATOR, ignore_nulls=True).replace("", None)
    otherwise = None if rule.otherwise is None else str(rule.otherwise)
    blank = recode.get("null")
    return (
        pl.when(text.is_null())
        .then(pl.lit(None if blank is None else str(blank), dtype=pl.String))
        .otherwise(joined.fill_null(pl.lit(otherwise, dtype=pl.String)))
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

    column, dtype = pl.col(_column(rule)), schema[_column(rule)]
    kind = pl.col(_column(rule) + KIND) if _column(rule) + KIND in schema else None
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
