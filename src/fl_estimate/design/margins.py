"""Margins: known totals of the population as terms, and the terms of people, as arrays of a small table and as expressions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from operator import add, and_, or_
from typing import Any

import narwhals as nw
import numpy as np

from fl_estimate.design.small_table import Floats, Totals, label
from fl_estimate.design.totals import require_columns
from fl_estimate.errors import DesignFault, labels_shown, listed, shown
from fl_estimate.inputs.adjustments import KnownTotal
from fl_estimate.schema.expressions import missing

Margins = Mapping[Any, Any]
SUMS_AGREE = 1e-6
"""Margins whose sums differ by more than a millionth speak of different populations."""


def read_margins(margins: Any, schema: Mapping[str, Any]) -> tuple[KnownTotal, ...]:
    """Read `margins=` into terms.

    Raises
    ------
    DesignFault
        FL-DESIGN-40 (not margins), FL-DESIGN-44 (margins that speak of populations of different sizes), FL-DESIGN-48 (a
        total that cannot be).
    EstimateFault
        FL-EST-02: columns that are not there.
    """
    given = margins if isinstance(margins, Mapping) else _from_frame(margins)
    terms: list[KnownTotal] = []
    for name, totals in given.items():
        columns = name if isinstance(name, tuple) else () if name in ("", None) else (name,)
        if not all(isinstance(column, str) for column in columns):
            raise not_margins(f"a margin named by {shown(name)}")
        if isinstance(totals, Mapping):
            terms += [_class(columns, levels, total) for levels, total in totals.items()]
        else:
            if len(columns) > 1:
                raise not_margins(f"{labels_shown(columns)} without classes")
            terms.append(KnownTotal(columns=columns, levels=None if columns else (), total=_total(totals, columns)))
    if not terms:
        raise not_margins("none")
    require_columns(schema, [column for term in terms for column in term.columns])
    _check_kinds(terms, schema)
    _check_sums(terms)
    return tuple(terms)


def not_margins(found: str) -> DesignFault:
    """FL-DESIGN-40."""
    return DesignFault(
        "FL-DESIGN-40",
        "margins= does not say known totals of the population",
        found=found,
        fix='{"sex": {"F": 5120, "M": 4980}, "income": 3914069}; ("sex", "age") crosses columns, "" is everybody; or a '
        "frame with the columns margin, level, total",
    )


def _from_frame(frame: Any) -> Margins:
    try:
        rows = nw.from_native(frame, eager_only=True)
    except TypeError as error:
        raise not_margins(type(frame).__name__) from error
    absent = [name for name in ("margin", "level", "total") if name not in rows.columns]
    if absent:
        raise not_margins(f"a frame without {listed(absent)}")
    result: dict[Any, Any] = {}
    for row in rows.iter_rows(named=True):
        text, level = str(row["margin"]), label(row["level"])
        name: Any = tuple(text.split(" × ")) if " × " in text else text
        if level is None:
            result[name] = row["total"]
        else:
            of = tuple(str(level).split(" × ")) if isinstance(name, tuple) else level
            result.setdefault(name, {})[of] = row["total"]
    return result


def _class(columns: tuple[str, ...], levels: Any, total: Any) -> KnownTotal:
    each = levels if isinstance(levels, tuple) else (levels,)
    known = tuple(label(level) for level in each)
    if not columns or len(known) != len(columns) or None in known:
        raise not_margins(f"{shown(levels)} as a class of the margin {labels_shown(columns) or 'of everybody'}")
    return KnownTotal(columns=columns, levels=known, total=_total(total, columns))


def _total(value: Any, columns: Sequence[str]) -> float:
    try:
        total = float(value)
    except (TypeError, ValueError):
        total = np.nan
    if not np.isfinite(total):
        raise DesignFault(
            "FL-DESIGN-48",
            "a known total is not a number",
            found=f"margin {labels_shown(columns) or 'of everybody'}: {type(value).__name__}",
            fix="give numbers of people (above 0), or the sum of a quantity",
        )
    return total


def _check_kinds(terms: Sequence[KnownTotal], schema: Mapping[str, Any]) -> None:
    for term in terms:
        for column in term.columns:
            dtype = schema[column]
            number = dtype.is_numeric() or isinstance(dtype, nw.Boolean)
            text = isinstance(dtype, nw.String | nw.Categorical | nw.Enum | nw.Object)
            if not number and (term.levels is None or not text):
                raise DesignFault(
                    "FL-DESIGN-40",
                    "a column cannot serve as this margin",
                    found=f"{column!r} is {dtype}",
                    fix="classes are told by text, numbers or yes/no; the sum of a quantity needs numbers",
                )
        if term.levels is not None and not term.total > 0:
            raise DesignFault(
                "FL-DESIGN-48",
                "a known number of people is not above 0",
                found=f"margin {term.margin or 'of everybody'}, class {term.label}",
                fix="leave classes out that nobody belongs to, in the totals and in the people",
            )


def _check_sums(terms: Sequence[KnownTotal]) -> None:
    sums: dict[str, float] = {}
    for term in terms:
        if term.levels is not None:
            sums[term.margin] = sums.get(term.margin, 0.0) + term.total
    if sums and max(sums.values()) - min(sums.values()) > SUMS_AGREE * max(sums.values()):
        text = listed((f"{name or 'everybody'} {total:,.6g}" for name, total in sums.items()), most=10)
        raise DesignFault(
            "FL-DESIGN-44",
            "the margins speak of populations of different sizes",
            found=text,
            fix="bring them to one population first: multiply each margin by N over its own sum",
        )


def match_levels(terms: Sequence[KnownTotal], table: Totals, *, partial: bool = False) -> tuple[KnownTotal, ...]:
    """The terms with the labels as the people's columns spell them; with `partial`, without classes that nobody has.

    Raises
    ------
    DesignFault
        FL-DESIGN-41 (missing values), FL-DESIGN-42 (people of a class without a total), FL-DESIGN-43 (a class that has a
        total and no people).
    """
    for term in terms:
        for column in term.columns:
            if (table.keys[column].codes == table.keys[column].missing).any():
                rows = int(table.n[table.keys[column].codes == table.keys[column].missing].sum())
                raise missing_values(column, rows)
    spelled = [_spelled(term, table) for term in terms]
    held = [term.levels is None or bool(indicator(term, table).any()) for term in spelled]
    empty = [f"{t.margin}: {t.label}" for t, has in zip(spelled, held, strict=True) if not has]
    if empty and not partial:
        raise DesignFault(
            "FL-DESIGN-43",
            "classes have a known total and nobody in the sample",
            found=listed(empty, most=10),
            fix="merge each with a class beside it, in the totals and in the people",
        )
    kept = tuple(term for term, has in zip(spelled, held, strict=True) if has)
    for margin in dict.fromkeys(term.columns for term in kept if term.levels):
        inside = np.any([indicator(term, table) > 0 for term in kept if term.columns == margin and term.levels], axis=0)
        if not inside.all():
            raise DesignFault(
                "FL-DESIGN-42",
                "people are in a class of which no total is known",
                found=f"margin {' × '.join(margin)}: {int(table.n[~inside].sum()):,} rows",
                fix="give the total of every class that somebody in the sample has",
            )
    return kept


def missing_values(column: str, rows: int) -> DesignFault:
    """FL-DESIGN-41."""
    return DesignFault(
        "FL-DESIGN-41",
        "a column of the margins has missing values",
        found=f"{column!r}: {rows:,} rows",
        fix="impute it, or give those people a class of their own that has a total",
    )


def _spelled(term: KnownTotal, table: Totals) -> KnownTotal:
    if not term.levels:
        return term
    levels: list[Any] = []
    for column, level in zip(term.columns, term.levels, strict=True):
        known = table.keys[column].levels
        as_text = {str(value): value for value in known}
        levels.append(level if level in known else as_text.get(str(level), level))
    return KnownTotal(columns=term.columns, levels=tuple(levels), total=term.total)


def indicator(term: KnownTotal, table: Totals) -> Floats:
    """The term of the people of each group: 1 or 0, or their quantity."""
    if term.levels is None:
        key = table.keys[term.columns[0]]
        return np.array([float(level) for level in key.levels] + [np.nan])[key.codes]
    inside = np.ones(len(table.n))
    for column, level in zip(term.columns, term.levels, strict=True):
        key = table.keys[column]
        of = np.array([float(level == known) for known in key.levels] + [0.0])
        inside = inside * of[key.codes]
    return inside


def features(terms: Sequence[KnownTotal], table: Totals) -> Floats:
    """The terms of every group, shape (groups, terms)."""
    return np.stack([indicator(term, table) for term in terms], axis=1)


def combination(terms: Sequence[KnownTotal], slopes: Floats, schema: Mapping[str, Any]) -> nw.Expr:
    """Σ_j λ_j x_j as an expression of the columns of people, for any engine."""
    parts = [_value(term, float(slope), schema) for term, slope in zip(terms, slopes, strict=True)]
    return balanced(add, parts)


def balanced(join: Callable[[nw.Expr, nw.Expr], nw.Expr], parts: Sequence[nw.Expr]) -> nw.Expr:
    """Join expressions as a tree of little depth: engines limit how deep an expression may be."""
    level = list(parts)
    while len(level) > 1:
        level = [reduce(join, level[start : start + 2]) for start in range(0, len(level), 2)]
    return level[0]


def _value(term: KnownTotal, slope: float, schema: Mapping[str, Any]) -> nw.Expr:
    if term.levels is None:
        return nw.col(term.columns[0]).cast(nw.Float64) * slope
    if not term.columns:
        first = next(iter(schema))
        everybody = nw.col(first).is_null() | ~nw.col(first).is_null()
        return nw.when(everybody).then(nw.lit(slope)).otherwise(nw.lit(slope))
    inside = reduce(and_, [has(c, v, schema) for c, v in zip(term.columns, term.levels, strict=True)])
    return nw.when(inside).then(nw.lit(slope)).otherwise(nw.lit(0.0))


def has(column: str, level: Any, schema: Mapping[str, Any]) -> nw.Expr:
    """Null-free: whether a column has a label, spelled as in the small table."""
    dtype, values = schema[column], nw.col(column)
    if dtype.is_numeric():
        equal = values.cast(nw.Float64) == nw.lit(float(level))
    elif isinstance(dtype, nw.Boolean):
        equal = values == nw.lit(bool(level))
    else:
        equal = values.cast(nw.String) == nw.lit(str(level))
    return ~missing(column, schema) & equal.fill_null(False)


def any_missing(columns: Sequence[str], schema: Mapping[str, Any]) -> nw.Expr:
    """Null-free: whether one of the columns is missing."""
    return reduce(or_, [missing(column, schema) for column in columns])
