"""What a design-weighted estimate sums over the rows: outcome, scope, unknown answers, as null-free columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any, Literal

import narwhals as nw

from fl_estimate.design.read_columns import ALWAYS, NEVER, both, but_not, extent, is_positive, is_zero_or_one
from fl_estimate.design.totals import require_columns
from fl_estimate.errors import CONDITION, EstimateFault, names_given, not_one_of, require_name
from fl_estimate.estimators.survey.level_sums import FEW, LevelColumns, level_columns
from fl_estimate.inputs.respondents import SHARE_OF_PERSON
from fl_estimate.schema.expressions import missing, parse

Unknown = Literal["no", "exclude", "bounds", "impute"]
PERSON = "s"
"""The row column of the share of a person that a row is, where rows are not persons."""
UNKNOWN: tuple[str, ...] = ("no", "exclude", "bounds")
Schema = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Level:
    """One value of a text column, as an outcome: the answer is 1 where the column has it. `name` is that of the outcome."""

    column: str
    value: str
    name: str = ""

    def __str__(self) -> str:
        return self.name or f"{self.column}={self.value}"


Outcome = str | Level


@dataclass(frozen=True, kw_only=True)
class OutcomeColumns:
    """One outcome, as names of row-wise columns that are all null-free numbers or truths (1 where true).

    Attributes
    ----------
    outcome : str
        How the result calls it.
    scope : str
        1 for rows in the population and in `where`.
    counted : str
        1 for rows in the denominator: `scope`, less the unknown where they are excluded.
    value : str
        The outcome, 0 outside `counted` and where unknown.
    upper : str or None
        The outcome with the unknown counted as yes; for bounds only.
    denominator : str or None
        Of a ratio.
    square : str
        Name of the square of `value`, for variances.
    unknown : str
        1 for rows in scope whose answer is unknown.
    not_binary : str
        1 for rows counted whose value is neither 0 nor 1.
    nonzero : str
        1 for rows counted whose value is not 0: the cases, whatever the outcome is.
    nonzero_denominator : str or None
        The same of the denominator of a ratio.
    treatment : str
        What is done with unknown answers; empty where nobody has said.
    zero_one : tuple of str
        Columns that can only be 0 or 1, so that their squares need no sum of their own.
    """

    outcome: str
    scope: str
    counted: str
    value: str
    upper: str | None
    denominator: str | None
    square: str
    unknown: str
    not_binary: str
    nonzero: str
    nonzero_denominator: str | None
    treatment: str
    zero_one: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Targets:
    """All outcomes of a call with the columns they are made of: truths and numbers, none of them null.

    `levels` says of many values of one column of text what they are, so that the column is read as a key instead.
    """

    targets: tuple[OutcomeColumns, ...]
    columns: Mapping[str, nw.Expr]
    levels: LevelColumns | None = None


def as_list(names: str | Sequence[str], argument: str) -> tuple[str, ...]:
    """One name or several, each once."""
    return tuple(dict.fromkeys(names_given(names, argument)))


def make_targets(
    schema: Schema,
    outcomes: Sequence[Outcome],
    *,
    denominator: str | None = None,
    where: str | None = None,
    unknown: Unknown | None = None,
    weights: str | None = None,
) -> Targets:
    """Make the columns that the outcomes need, in the names of the frame's own columns.

    Rows whose weight in the column `weights` is 0 are outside: they are no respondents.

    Raises
    ------
    EstimateFault
        FL-EST-02 missing columns; FL-EST-08 a column that is not numeric; FL-EST-12 an unknown treatment;
        FL-EST-13 bounds asked for where they have no meaning.
    """
    if unknown is not None and unknown not in UNKNOWN:
        raise not_one_of("FL-EST-12", "this treatment of unknown answers", unknown, UNKNOWN)
    named = [outcome.column if isinstance(outcome, Level) else outcome for outcome in outcomes]
    require_columns(schema, [*named, *([denominator] if denominator else [])])
    inside = inside_rows(schema, where, weights)
    columns: dict[str, nw.Expr] = {"r": inside}
    if SHARE_OF_PERSON in schema:
        columns[PERSON] = _values(schema, SHARE_OF_PERSON)
    if where is not None and where in schema:
        value = _values(schema, where)
        columns["where_not_binary"] = ~((value == 0.0) | (value == 1.0))
    parts = [_parts(schema, outcome, denominator, inside) for outcome in outcomes]
    # R's na.rm for several variables: one set of people for all of them, so that their covariance is of the same rows.
    # (Of the values of one column the unknown are the same people: said once, as engines limit how deep an expression is.)
    by_column = {str(getattr(outcome, "column", outcome)): part for outcome, part in zip(outcomes, parts, strict=True)}
    any_unknown = reduce(_either, [both(part.in_scope, part.unknown) for part in by_column.values()])
    targets = [
        _target(schema, columns, position, part, denominator, any_unknown, unknown)
        for position, part in enumerate(parts)
    ]
    return Targets(targets=tuple(targets), columns=columns, levels=_levels_of(outcomes, targets))


def _levels_of(outcomes: Sequence[Outcome], targets: Sequence[OutcomeColumns]) -> LevelColumns | None:
    """What the outcomes are where they are more than a few values of one column of text."""
    found = [outcome for outcome in outcomes if isinstance(outcome, Level)]
    if len(found) < len(outcomes) or len(found) <= FEW or len({level.column for level in found}) > 1:
        return None
    return level_columns(found[0].column, targets, [level.value for level in found])


@dataclass(frozen=True, kw_only=True)
class _Parts:
    """An outcome as expressions: rows in scope, rows of unknown answer (in scope or not), the value (truth or number)."""

    outcome: str
    classified: bool
    in_scope: nw.Expr
    unknown: nw.Expr
    value: nw.Expr
    truth: bool


def is_text(schema: Schema, name: str) -> bool:
    """Whether a column holds values that stand for classes, not numbers."""
    return isinstance(schema.get(name), nw.String | nw.Categorical | nw.Enum)


def _parts(schema: Schema, outcome: Outcome, denominator: str | None, inside: nw.Expr) -> _Parts:
    if isinstance(outcome, Level):
        absent = missing(outcome.column, schema)
        text = nw.col(outcome.column).cast(nw.String)
        has = ~absent & (text == nw.lit(outcome.value)).fill_null(False)
        return _Parts(outcome=str(outcome), classified=False, in_scope=inside, unknown=absent, value=has, truth=True)
    if denominator is None and f"{outcome}_possible" in schema and f"{outcome}_in_scope" in schema:
        in_scope = inside & _is_one(schema, f"{outcome}_in_scope")
        surely = _is_one(schema, outcome)
        perhaps = _is_one(schema, f"{outcome}_possible") & ~surely
        return _Parts(outcome=outcome, classified=True, in_scope=in_scope, unknown=perhaps, value=surely, truth=True)
    absent = _absent(schema, outcome)
    if denominator is not None:
        absent = _either(absent, _absent(schema, denominator))
    elif is_zero_or_one(schema, outcome):
        yes = nw.col(outcome) == 1
        return _Parts(outcome=outcome, classified=False, in_scope=inside, unknown=absent, value=yes, truth=True)
    value = _values(schema, outcome)
    return _Parts(outcome=outcome, classified=False, in_scope=inside, unknown=absent, value=value, truth=False)


def _target(
    schema: Schema,
    columns: dict[str, nw.Expr],
    position: int,
    part: _Parts,
    denominator: str | None,
    any_unknown: nw.Expr,
    unknown: Unknown | None,
) -> OutcomeColumns:
    treatment = unknown or ("no" if part.classified else "")
    in_scope, value = part.in_scope, part.value
    names = {key: f"{key}{position}" for key in ("d", "y", "p", "x", "u", "b", "c", "e")}
    scope = "r"
    if part.classified:
        scope = f"r{position}"
        columns[scope] = in_scope
    counted, known = scope, but_not(in_scope, part.unknown)
    if treatment == "exclude":
        counted, known = names["d"], but_not(in_scope, any_unknown)
        columns[counted] = known
    columns[names["u"]] = both(in_scope, part.unknown)
    if part.truth:
        columns[names["y"]] = both(value, known)
        columns[names["b"]] = NEVER
    else:
        columns[names["y"]] = value * as_number(known)
        columns[names["b"]] = known & ~((value == 0.0) | (value == 1.0))
        columns[names["c"]] = known & (value != 0.0)
    if treatment == "bounds":
        columns[names["p"]] = as_number(columns[names["y"]]) + as_number(columns[names["u"]])
    if denominator is not None:
        columns[names["x"]] = _values(schema, denominator) * as_number(known)
        columns[names["e"]] = known & (_values(schema, denominator) != 0.0)
    return OutcomeColumns(
        outcome=part.outcome if denominator is None else f"{part.outcome}/{denominator}",
        scope=scope,
        counted=counted,
        value=names["y"],
        upper=names["p"] if treatment == "bounds" else None,
        denominator=names["x"] if denominator is not None else None,
        square=f"q{position}",
        unknown=names["u"],
        not_binary=names["b"],
        nonzero=names["y"] if part.truth else names["c"],
        nonzero_denominator=names["e"] if denominator is not None else None,
        treatment=treatment,
        zero_one=(names["u"], names["b"], *([names["y"], names["p"]] if part.truth else [names["c"], names["e"]])),
    )


def inside_rows(schema: Schema, where: str | None, weights: str | None = None) -> nw.Expr:
    """True for rows of the subpopulation; an unknown condition is outside, and so is a weight of 0."""
    weighing = nw.lit(True) if weights is None else _weighs(schema, weights)
    if where is None:
        return weighing
    require_name(where, "where", fix=CONDITION)
    if where in schema:
        return both(weighing, _is_one(schema, where))
    expression = parse(where)
    require_columns(schema, sorted(expression.names))
    return both(weighing, expression.truth(schema)[0])


def names_in(where: str | None, columns: Sequence[str]) -> list[str]:
    """The columns that a condition names."""
    if where is None:
        return []
    return [where] if where in columns else sorted(parse(where).names)


def _weighs(schema: Schema, weights: str) -> nw.Expr:
    """Null-free: whether a weight is other than 0. A missing one is refused elsewhere, whatever is said here."""
    if not schema[weights].is_numeric():
        return nw.lit(True)  # FL-DESIGN-14 follows
    if is_positive(schema, weights):
        return ALWAYS
    return nw.when(~missing(weights, schema)).then(nw.col(weights).cast(nw.Float64)).otherwise(nw.lit(1.0)) != 0.0


def as_number(values: nw.Expr) -> nw.Expr:
    """Truths as 1 and 0; numbers as they are."""
    return values.cast(nw.Float64)


def _either(one: nw.Expr, other: nw.Expr) -> nw.Expr:
    """Rows of which one is true or the other."""
    if one is NEVER:
        return other
    return one if other is NEVER else one | other


def _absent(schema: Schema, name: str) -> nw.Expr:
    """Null-free: whether a value is missing; said once where it is in no row."""
    return missing(name, schema) if extent(schema, name) is None else NEVER


def _values(schema: Schema, name: str) -> nw.Expr:
    """The numbers of a column, 0 where missing."""
    _require_numeric(schema, name)
    if not schema[name].is_float():
        return nw.col(name).cast(nw.Float64).fill_null(0.0)
    return nw.when(~missing(name, schema)).then(nw.col(name).cast(nw.Float64)).otherwise(nw.lit(0.0))


def _is_one(schema: Schema, name: str) -> nw.Expr:
    """Null-free: whether a 0/1 column is 1."""
    if schema[name].is_integer():
        return (nw.col(name) == 1).fill_null(False)
    return _values(schema, name) == 1.0


def _require_numeric(schema: Schema, name: str) -> None:
    dtype = schema[name]
    if dtype.is_numeric() or isinstance(dtype, nw.Boolean):
        return
    fix = "make a 0/1 column of it first, such as a derived column of the mapping"
    if isinstance(dtype, nw.Object):
        fix = "on pandas: astype('boolean') or astype(float) first; object columns hold anything"
    raise EstimateFault("FL-EST-08", "this column does not hold numbers", found=f"{name!r} is {dtype}", fix=fix)
