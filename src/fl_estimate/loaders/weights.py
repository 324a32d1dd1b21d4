"""Weights as a whole: sums against known population totals, weights far from all others, weights that are relative."""

from __future__ import annotations

from collections.abc import Mapping as Dictionary
from typing import Any

import narwhals as nw

from fl_estimate.inputs.sample_design import Design
from fl_estimate.schema import rules
from fl_estimate.schema.validate import Fault

Totals = Dictionary[str, float | Dictionary[str, float]]

FAR = 100.0
"""A weight more than so many times the median, or less than its hundredth, is worth a look."""
CLOSE = 0.01
"""Sums of weights within a hundredth of a known total agree with it."""


def weight_findings(rows: rules.CheckedRows, weights: str, totals: Totals) -> rules.Finding:
    """Find what is strange in the weights as a whole; each is a warning.

    Parameters
    ----------
    rows : Rows
        People with the columns of the design.
    weights : str
        A column of numbers.
    totals : mapping
        Known sizes of the population: of all ``people``, or of each code of a column.
    """
    weight = nw.col(weights).cast(nw.Float64)
    counts = (weight > 0) & weight.is_finite()
    own = nw.when(counts).then(weight)
    positive = rows.frame.filter(counts)
    codes = [name for name, known in totals.items() if not isinstance(known, float | int)]
    coded = [name for name in codes if name in positive.collect_schema()]
    # Weights far from the median are counted in the pass that finds it; they are looked up where there are some.
    far = _is_far(weight, own.median()).cast(nw.Float64).sum()
    first = rows.frame.select(
        own.median().alias("median"), own.sum().alias("sum"), counts.cast(nw.Float64).sum().alias("n"), far.alias("far")
    )
    by_code = [positive.group_by(name).agg(weight.sum().alias("sum")) for name in coded]
    whole, *sums = yield [first, *by_code]
    n = int(whole["n"][0] or 0)
    if not n:
        return ()
    median, total = float(whole["median"][0]), float(whole["sum"][0])
    faults: list[Fault] = []
    if count := int(whole["far"][0] or 0):
        check = rules.Check(
            variable=weights,
            rule="weight",
            value_class=f"more than {FAR:g} times the median weight, or less than 1/{FAR:g} of it",
            broken=_is_far(weight, median),
            severity="warning",
        )
        faults += yield from rules.looked_up(rows, [(check, count, rows.frame.filter(check.broken))])
    if n > 1 and abs(total / n - 1) < 1e-3:
        faults.append(
            _warning(weights, "weights sum to the number of rows: they are relative, and totals would be of the sample")
        )
    found = dict(zip(coded, sums, strict=True))
    for name, known in totals.items():
        if isinstance(known, float | int):
            faults += _compared(weights, "all people", total, known)
        else:
            faults += _by_code(found.get(name), weights, name, known)
    return tuple(faults)


def _is_far(weight: nw.Expr, median: nw.Expr | float) -> nw.Expr:
    return ((weight > FAR * median) | ((weight < median / FAR) & (weight > 0))).fill_null(False)


def _by_code(sums: nw.DataFrame[Any] | None, weights: str, column: str, known: Dictionary[str, float]) -> list[Fault]:
    if sums is None:
        return [_warning(column, "totals are given for a column that is not there")]
    met = {_code(code): float(total) for code, total in zip(sums[column].to_list(), sums["sum"].to_list(), strict=True)}
    faults: list[Fault] = []
    for code, total in known.items():
        faults += _compared(weights, f"{column} {code}", met.get(str(code), 0.0), total)
    return faults


def _code(value: object) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _compared(weights: str, of: str, total: float, known: float) -> list[Fault]:
    if abs(total - known) <= CLOSE * abs(known):
        return []
    way = "above" if total > known else "below"
    apart = f"{abs(total / known - 1):.1%} {way}" if known else f"{way}"
    return [_warning(weights, f"sum {total:,.0f} for {of} is {apart} the known total {known:,.0f}")]


def _warning(variable: str, text: str) -> Fault:
    return Fault(
        table="people", variable=variable, rule="population totals", value_class=text, count=0, severity="warning"
    )


def describe_weights(people: Any, design: Design | None) -> str:
    """What the weights of a survey sum to, in a sentence for a person to recognise.

    Parameters
    ----------
    people : frame
    design : Design, optional
    """
    if design is None:
        return "weights: none, for the mapping has no [design]; nothing can be estimated before it says how people were drawn"
    if design.unweighted:
        return "weights: none, every row counts the same (unweighted)"
    if design.weights is None:
        return "weights: from the sampling fractions of the design"
    weight = nw.col(design.weights).cast(nw.Float64)
    rows = nw.from_native(people).lazy().select(
        weight.sum().alias("sum"), (weight > 0).sum().alias("n"), (weight == 0).sum().alias("zero")
    ).collect()  # fmt: skip
    total, n, zero = float(rows["sum"][0]), int(rows["n"][0]), int(rows["zero"][0])
    text = f"weights: {design.weights} sums to {total:,.0f} over {n:,} rows"
    text += f"; rows of weight 0, counted in no figure: {zero:,}" if zero else ""
    if design.population_size is not None:
        return f"{text}; the population is given as {design.population_size:,.0f} ({total / design.population_size:.1%} of it)"
    if design.expands:
        return f"{text}; the mapping says that this is the population"
    return f"{text}; is that the population? Totals need expands = true or population_size in [design]"
