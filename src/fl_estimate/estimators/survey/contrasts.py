"""Contrasts of estimates (differences, ratios, odds) and standardised estimates, with the covariance of their parts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Annotated, Any, Literal

import numpy as np
import pandas as pd

from fl_estimate.arrays import Floats
from fl_estimate.design.intervals import general
from fl_estimate.errors import EstimateFault, labels_shown, listed, not_one_of, numbers_given, shown
from fl_estimate.results.basis import weakest
from fl_estimate.results.build import build
from fl_estimate.results.codes import (
    DEFF_REFERENCE,
    DF_NOT_POSITIVE,
    DIFFERENCE,
    LOG_ODDS_RATIO,
    LOG_RATIO,
    QUOTIENT,
    STANDARDISED,
    WALD,
    WHOLE,
    AssumptionCode,
    MethodName,
    Quantity,
    ReasonCode,
)
from fl_estimate.results.estimates import Estimates
from fl_estimate.results.methods import method
from fl_estimate.results.roles import ColumnsOfEarlier, Earlier, InFile, Within

Scale = Literal["difference", "ratio", "log-ratio", "log-odds"]
QUANTITIES: dict[str, Quantity] = {
    "difference": DIFFERENCE,
    "ratio": QUOTIENT,
    "log-ratio": LOG_RATIO,
    "log-odds": LOG_ODDS_RATIO,
}
PART_MISSING = ReasonCode("part_missing")
CONTRAST_NOT_DEFINED = ReasonCode("contrast_not_defined")
COVARIANCE_UNKNOWN = ReasonCode("covariance_unknown")
CONTRAST_OF_ESTIMATES = AssumptionCode("contrast_of_estimates", "column", "compared")
TELLING: tuple[str, ...] = ("quantity", "outcome", "term", "bound", "method")
"""Fixed columns that tell rows apart beside the by-columns."""
Chosen = Mapping[str, Any]
Compared = str | int | float
PAIRWISE = "pairwise"


class _Overall:
    """Stands for all values of a column together."""

    def __str__(self) -> str:
        return WHOLE

    __repr__ = __str__


OVERALL = _Overall()


@method(kind="contrast", basis=None, family="survey")
def contrast(
    estimates: Annotated[Estimates, Earlier()],
    between: Annotated[
        Chosen, InFile(dict[str, str | list[Compared] | list[list[Compared]]]), ColumnsOfEarlier("estimates")
    ],
    *,
    scale: Scale = "difference",
    weights: Annotated[Sequence[float] | None, Within(items=(2, None))] = None,
) -> Estimates:
    """Compare domains, outcomes or rounds: differences, ratios, log-ratios, log-odds ratios, with joint covariance.

    Use it instead of looking whether intervals overlap. For the change between two rounds of a survey, estimate both in one
    call, with the round as a by-column: enumeration areas that are in both rounds then make the covariance.

    Parameters
    ----------
    estimates : Estimates
        With the covariance between their rows: of a design-weighted call of up to 1,000 rows.
    between : mapping
        One column and what of it is compared: ``{"region": ("North", "South")}`` is North against South in every domain of the
        other by-columns. A list of such pairs gives a row for each, ``{"region": [("North", "South"), ("North", "East")]}``.
        A by-column, or `outcome`, `term`, `quantity`. ``{"region": "pairwise"}`` is every pair of its values,
        ``{"region": "overall"}`` each value against the row of all of them, such as the nation.
    scale : {"difference", "ratio", "log-ratio", "log-odds"}
        a − b; a/b; log a − log b; log(a/(1 − a)) − log(b/(1 − b)).
    weights : sequence of float, optional
        Factors of as many values as are named, instead of 1 and −1; not with ``ratio``.

    Returns
    -------
    Estimates
        `quantity` difference, quotient, log_ratio or log_odds_ratio, `term` what is compared (before it the term of the
        parts, where they have one). `n` and `cases` are those of all
        parts together, `df` the least; rules of publication judge `support`, the smallest part. Intervals are Wald's on the
        scale asked for.

    Raises
    ------
    EstimateFault
        FL-EST-20 (no covariance), FL-EST-205 to FL-EST-207.

    Notes
    -----
    Variance c'Vc, with c the derivatives of the contrast by the estimates.

    Examples
    --------
    >>> import fl_estimate as fl, pandas as pd
    >>> people = pd.DataFrame({
    ...     "w": [10.0, 20, 10, 20, 15, 15], "ea": [1, 1, 2, 2, 3, 3], "fl": [0, 1, 0, 0, 1, 0],
    ...     "sex": ["F", "M", "F", "M", "F", "M"]})
    >>> by_sex = fl.estimate_prevalence(people, "fl", design=fl.Design(weights="w", psu="ea"), by="sex")
    >>> difference = fl.contrast(by_sex, {"sex": ("F", "M")})["F − M"]
    >>> round(difference.value, 4), round(difference.se, 4)
    (0.0649, 0.6046)
    """
    if scale not in QUANTITIES:
        raise not_one_of("FL-EST-205", "this scale of contrasts", scale, tuple(QUANTITIES))
    column, sets = _between(estimates, between)
    factors = [_factors(names, weights, scale) for names in sets]
    parts = _cells(estimates, column, whole=any(OVERALL in names for names in sets))
    combined = [
        _combine(estimates, cell, names, of, scale) for cell in parts for names, of in zip(sets, factors, strict=True)
    ]
    made = [row for row in combined if row is not None]
    if not made:
        raise EstimateFault(
            "FL-EST-207",
            "no rows of the estimates can be compared",
            found=f"{column}: {listed(dict.fromkeys(str(name) for names in sets for name in names))}",
            fix=f"estimate by={column!r} (or outcomes together) in one call, and name values that it has: "
            f"{listed(estimates.frame[column].dropna().unique(), most=12)}",
        )
    return _lay_out(estimates, made, column, QUANTITIES[scale], {"between": _sets_text(column, sets), "scale": scale})


@method(kind=None, basis=None, family="survey")
def standardise(estimates: Estimates, shares: Mapping[str, Mapping[Any, float]]) -> Estimates:
    """Direct standardisation: what estimates would be if all domains had the same composition, by age say.

    Parameters
    ----------
    estimates : Estimates
        Of the domains crossed with the column, ``by=["region", "age"]``, with the covariance between rows.
    shares : mapping
        ``{"age": {"15-24": 900, "25-54": 2100, "55+": 800}}``: the standard population; only proportions matter.

    Returns
    -------
    Estimates
        The same quantity by the remaining columns; missing with a reason where a class of a domain has no estimate.

    Raises
    ------
    EstimateFault
        FL-EST-20 (no covariance), FL-EST-206, FL-EST-207, FL-EST-208 (shares that cannot be).

    Notes
    -----
    Σ_a π_a θ_a, variance π'Vπ.

    References
    ----------
    Korn and Graubard (1999), Analysis of Health Surveys, ch. 3.7.

    Examples
    --------
    >>> import fl_estimate as fl, pandas as pd
    >>> people = pd.DataFrame({
    ...     "ea": [1, 1, 2, 2, 3, 3], "fl": [0, 1, 0, 0, 1, 0], "age": ["young", "old", "young", "old", "young", "old"]})
    >>> by_age = fl.estimate_prevalence(people, "fl", design=fl.Design(psu="ea", unweighted=True), by="age")
    >>> round(fl.standardise(by_age, {"age": {"young": 3, "old": 1}}).value, 4)
    0.3333
    """
    column, known = _one_column(estimates, shares)
    if not isinstance(known, Mapping) or not known or not all(_positive(share) for share in known.values()):
        raise EstimateFault(
            "FL-EST-208", "the standard population cannot be used", found=shown(column),
            fix='{"age": {"15-24": 900, "25-54": 2100}}: a number above 0 for every class',
        )  # fmt: skip
    names, total = tuple(known), sum(float(share) for share in known.values())
    factors = np.array([float(known[name]) / total for name in names])
    parts = _cells(estimates, column)
    made = [
        row
        for cell in parts
        if (row := _combine(estimates, cell, names, factors, "difference", partial=True)) is not None
    ]
    if not made:
        raise EstimateFault(
            "FL-EST-207", "no rows of the estimates can be compared", found=f"{column}: {listed(names)}",
            fix=f"estimate by=[…, {column!r}] crossed, in one call",
        )  # fmt: skip
    settings = {"standardised_by": column, "shares": {str(name): float(known[name]) for name in names}}
    return _lay_out(estimates, made, column, None, settings)


@dataclass(frozen=True, kw_only=True)
class _Combined:
    """One row to be: the rows it is made of, its value and derivatives, and the row that tells what it is."""

    rows: tuple[int, ...]
    value: float
    slopes: Floats
    model: int
    term: str
    reason: ReasonCode | None = None
    whole: bool = False


def _positive(share: Any) -> bool:
    return isinstance(share, int | float) and float(share) > 0


def _one_column(estimates: Estimates, given: Mapping[str, Any]) -> tuple[str, Any]:
    columns = (*estimates.by, "outcome", "term", "quantity")
    if not isinstance(given, Mapping) or len(given) != 1 or next(iter(given)) not in columns:
        raise EstimateFault(
            "FL-EST-206",
            "a contrast is between values of one column of the estimates",
            found=labels_shown(given) if isinstance(given, Mapping) else type(given).__name__,
            fix=f'{{"region": ("North", "South")}}; columns there are: {listed(columns, most=12)}',
        )
    return next(iter(given.items()))


def _between(estimates: Estimates, between: Chosen) -> tuple[str, list[tuple[Any, ...]]]:
    column, values = _one_column(estimates, between)
    if isinstance(values, str):
        return column, _named_sets(estimates, column, values)
    several = isinstance(values, list) and all(isinstance(each, tuple | list) for each in values)
    sets = [tuple(each) for each in values] if several else [tuple(values)]
    if not sets or any(len(names) < 2 or len(set(names)) < len(names) for names in sets):
        raise EstimateFault(
            "FL-EST-206", "a contrast needs two different values at least", found=f"{column}: {shown(values)}",
            fix=f'{{"{column}": (first, second)}}',
        )  # fmt: skip
    return column, sets


def _named_sets(estimates: Estimates, column: str, name: str) -> list[tuple[Any, ...]]:
    """Every pair of the values of a column, or each against all of them together."""
    if name not in (PAIRWISE, "overall"):
        raise not_one_of("FL-EST-206", "this set of contrasts", name, (PAIRWISE, "overall"))
    if name == "overall" and column not in estimates.by:
        raise EstimateFault(
            "FL-EST-206", "only values of a by-column have a row of all of them", found=repr(column),
            fix=f"by-columns there are: {listed(estimates.by) or 'none'}",
        )  # fmt: skip
    values = [value for value in estimates.frame[column].dropna().unique() if value != ""]
    sets: list[tuple[Any, ...]] = (
        list(combinations(values, 2)) if name == PAIRWISE else [(value, OVERALL) for value in values]
    )
    if not sets:
        raise EstimateFault(
            "FL-EST-207", "no rows of the estimates can be compared", found=f"{column}: {len(values)} values",
            fix=f"estimate by={column!r} in one call",
        )  # fmt: skip
    return sets


def _factors(names: tuple[Any, ...], weights: Sequence[float] | None, scale: str) -> Floats:
    given = np.array(
        [1.0, -1.0] if weights is None else numbers_given(weights, "weights", "FL-EST-205", "(1, -0.5, -0.5), say")
    )
    if len(given) != len(names) or not np.isfinite(given).all() or (scale == "ratio" and weights is not None):
        raise EstimateFault(
            "FL-EST-205",
            "the factors of a contrast do not fit what it compares",
            found=f"{len(names)} values, weights={shown(weights)}, scale={shown(scale)}",
            fix='a weight for each value, such as (1, -0.5, -0.5); two values without weights; none with scale="ratio"',
        )
    return given


def _cells(estimates: Estimates, column: str, *, whole: bool = False) -> list[dict[Any, int]]:
    """Rows that differ in nothing but the column: for each such set the row of each value, in the order of the table.

    With `whole` the row of all values is among them, at `OVERALL`.
    """
    frame = estimates.frame
    others = [name for name in (*TELLING, "margin", *estimates.by) if name != column]
    found: dict[tuple[Any, ...], dict[Any, int]] = {}
    for row, record in enumerate(frame.to_dict("records")):
        value = record[column]
        margin = [part for part in str(record["margin"]).split(" × ") if part and part != column]
        record = {**record, "margin": " × ".join(margin)}
        if whole and column in estimates.by and column not in str(frame["margin"].iloc[row]).split(" × "):
            found.setdefault(_key(record, others), {})[OVERALL] = row
            continue
        if value is pd.NA or (column in estimates.by and column not in str(frame["margin"].iloc[row]).split(" × ")):
            continue
        found.setdefault(_key(record, others), {})[value] = row
    return [cell for cell in found.values() if set(cell) != {OVERALL}]


def _key(record: Mapping[Any, Any], others: Sequence[str]) -> tuple[Any, ...]:
    return tuple(None if record[name] is pd.NA else record[name] for name in others)


def _combine(
    estimates: Estimates,
    cell: Mapping[Any, int],
    names: Sequence[Any],
    factors: Floats,
    scale: str,
    *,
    partial: bool = False,
) -> _Combined | None:
    rows = [_row_of(cell, name) for name in names]
    known = [row for row in rows if row is not None]
    if not known or (len(known) < len(rows) and not partial):
        return None
    term = "" if partial else _term(names, factors, scale)
    if len(known) < len(rows):
        return _Combined(
            rows=tuple(known),
            value=np.nan,
            slopes=np.zeros(len(known)),
            model=known[0],
            term=term,
            reason=PART_MISSING,
        )
    values = estimates.frame["value"].to_numpy(dtype=float)[known]
    value, slopes = _apply(values, factors, scale)
    reason = None if np.isfinite(value) else PART_MISSING if np.isnan(values).any() else CONTRAST_NOT_DEFINED
    return _Combined(
        rows=tuple(known), value=value, slopes=slopes, model=known[0], term=term, reason=reason, whole=OVERALL in names
    )


def _row_of(cell: Mapping[Any, int], name: Any) -> int | None:
    if name in cell:
        return cell[name]
    return next((row for value, row in cell.items() if str(value) == str(name)), None)


def _apply(values: Floats, factors: Floats, scale: str) -> tuple[float, Floats]:
    """The contrast and its derivatives; NaN where a logarithm or a quotient has none."""
    with np.errstate(divide="ignore", invalid="ignore"):
        if scale == "ratio":
            value = values[0] / values[1]
            slopes = np.array([1 / values[1], -value / values[1]])
        elif scale == "log-ratio":
            value, slopes = float(factors @ np.log(values)), factors / values
        elif scale == "log-odds":
            value = float(factors @ np.log(values / (1 - values)))
            slopes = factors / (values * (1 - values))
        else:
            value, slopes = float(factors @ values), factors
    return (float(value), slopes) if np.isfinite(value) else (np.nan, np.full(len(values), np.nan))


def _term(names: Sequence[Any], factors: Floats, scale: str) -> str:
    if scale == "ratio":
        return f"{names[0]} / {names[1]}"
    parts: list[str] = []
    for name, factor in zip(names, factors, strict=True):
        size = "" if abs(factor) == 1 else f"{abs(factor):g}·"
        sign = "− " if factor < 0 else "+ " if parts else ""
        parts.append(f"{sign}{size}{name}")
    return " ".join(parts)


def _sets_text(column: str, sets: Sequence[tuple[Any, ...]]) -> dict[str, list[list[str]]]:
    return {column: [[str(name) for name in names] for names in sets]}


def _lay_out(
    estimates: Estimates, made: Sequence[_Combined], column: str, quantity: Quantity | None, settings: Mapping[str, Any]
) -> Estimates:
    frame = estimates.frame
    by = tuple(name for name in estimates.by if name != column)
    slopes = np.zeros((len(made), len(frame)))
    for position, row in enumerate(made):
        slopes[position, list(row.rows)] = row.slopes
    whole = estimates.covariance
    used = sorted({row for each in made for row in each.rows})
    # Rows without a variance stay out of sums that do not speak of them.
    part = np.where(np.isnan(whole[np.ix_(used, used)]), 0.0, whole[np.ix_(used, used)])
    covariance = slopes[:, used] @ part @ slopes[:, used].T
    unknown = np.array([np.isnan(frame["se"].to_numpy(dtype=float)[list(row.rows)]).any() for row in made])
    # What two parts have in common is not 0 because nobody knows it.
    apart = np.array([bool(np.isnan(whole[np.ix_(row.rows, row.rows)]).any()) for row in made]) & ~unknown
    unknown |= apart
    covariance[unknown, :] = covariance[:, unknown] = np.nan
    variance = np.diag(covariance)
    value = np.array([row.value for row in made])
    se = np.where(np.isnan(value), np.nan, np.sqrt(np.maximum(variance, 0.0)))
    df = np.array([_least(frame, row, "df") for row in made])
    level = frame["level"].to_numpy(dtype=float)[[row.model for row in made]]
    limits = [general("wald", value[[i]], se[[i]], df[[i]], float(level[i])) for i in range(len(made))]
    lower, upper = (np.concatenate([pair[side] for pair in limits]) for side in (0, 1))
    models = frame.iloc[[row.model for row in made]]
    columns: dict[str, Any] = {
        "outcome": ["" if column == "outcome" else text for text in models["outcome"]],
        "term": [_joined("" if column == "term" else old, row.term) for old, row in zip(models["term"], made, strict=True)],
        "margin": [" × ".join(n for n in str(m).split(" × ") if n and n != column) for m in models["margin"]],
        "value": value, "se": se, "lower": lower, "upper": upper, "level": level, "df": df,
        "interval_kind": [WALD if np.isfinite(limit) else "" for limit in lower],
        "bound": list(models["bound"]),
        "n": [_people(frame, row, "n", apart=column in estimates.by) for row in made],
        "cases": [_people(frame, row, "cases", apart=column in estimates.by) for row in made],
    }  # fmt: skip
    labels = {name: [None if value is pd.NA else value for value in models[name]] for name in by}
    bases = frame["basis"].to_numpy(dtype=object)
    reasons = [row.reason.at(position) for position, row in enumerate(made) if row.reason is not None]
    reasons += [
        DF_NOT_POSITIVE.at(position, df=float(df[position]))
        for position, row in enumerate(made)
        if row.reason is None and not df[position] > 0
    ]
    reasons += [
        COVARIANCE_UNKNOWN.at(position) for position, row in enumerate(made) if apart[position] and row.reason is None
    ]
    compared = list(dict.fromkeys(row.term for row in made))
    assumption = STANDARDISED.assume(column=column)
    assumption = assumption if quantity is None else CONTRAST_OF_ESTIMATES.assume(column=column, compared=compared)
    recipe = estimates.recipe
    return build(
        columns,
        labels,
        quantity=[quantity or Quantity.of(q) for q in models["quantity"]],
        method=[MethodName.of(name) for name in models["method"]],
        basis=[weakest(bases[list(row.rows)]) for row in made],
        recipe=recipe.then(
            f"{estimates.provenance.call}, {'standardise' if quantity is None else 'contrast'}",
            {**estimates.provenance.arguments, **settings},
            [*recipe.without(DEFF_REFERENCE), assumption],
        ),
        reasons=reasons,
        # How well the parts were made says how well this is.
        diagnostics=estimates.diagnostics,
        covariance=covariance,
        support=estimates.support.grouped([row.rows for row in made]),
    )


def _joined(old: Any, new: str) -> str:
    return ": ".join(part for part in (str(old), new) if part)


def _people(frame: pd.DataFrame, row: _Combined, name: str, *, apart: bool) -> float:
    """People or cases of all parts: added up where the parts are apart; of parts of the same people n, where it is one."""
    values = [frame[name].iloc[position] for position in row.rows]
    if len(values) == 2 and row.whole:
        # One part lies in the other.
        return np.nan if any(pd.isna(value) for value in values) else float(max(values))
    if any(pd.isna(value) for value in values) or (not apart and (name == "cases" or len(set(values)) > 1)):
        return np.nan
    return float(sum(values)) if apart else float(values[0])


def _least(frame: pd.DataFrame, row: _Combined, name: str) -> float:
    """The least of the parts, missing where one is: of degrees of freedom."""
    values = [frame[name].iloc[position] for position in row.rows]
    return np.nan if any(pd.isna(value) for value in values) else float(min(values))
