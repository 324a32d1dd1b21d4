"""What synthesis takes: finished Estimates and plain numbers, read row by row and checked before anything is added."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
import pandas as pd

from fl_estimate.arrays import Floats
from fl_estimate.design.intervals import GENERAL, general
from fl_estimate.errors import EstimateFault, labels_shown, listed, not_one_of, shown
from fl_estimate.results.basis import ARRAYS, FIGURES, Support, weakest
from fl_estimate.results.build import build
from fl_estimate.results.codes import (
    INTERVAL_NOT_DEFINED,
    SUBPOPULATION,
    Assumption,
    AssumptionCode,
    MethodName,
    Quantity,
    Reason,
    ReasonCode,
    each_once,
)
from fl_estimate.results.estimates import Estimates
from fl_estimate.results.recipe import joined

Given = Estimates | float
PERSONS: frozenset[str] = frozenset(quantity for quantity in Quantity.all() if quantity.counts_population)
"""Quantities that count people: they add up."""
TAKEN_AS_KNOWN = AssumptionCode("taken_as_known")
ERROR_NOT_KNOWN = ReasonCode("error_not_known")


@dataclass(frozen=True, kw_only=True)
class InputRows:
    """The rows of one input: values, standard errors (NaN where unknown) and degrees of freedom, shape (rows,).

    `upper` are the upper limits at `level`, from which a survey without a case tells how much it looked at; `df_effective`
    the degrees of freedom of the variances themselves, NaN where they are not known.
    `basis` and `support` say on what they rest; a plain number is a figure of which no more is known.
    """

    value: Floats
    se: Floats
    df: Floats
    keys: tuple[tuple[Any, ...], ...]
    n: Floats
    cases: Floats
    basis: str
    support: Support
    estimates: Estimates | None = None
    upper: Floats = field(default_factory=lambda: np.full(1, np.nan))
    level: float = np.nan
    df_effective: Floats = field(default_factory=lambda: np.full(1, np.nan))

    @property
    def quantity(self) -> Quantity:
        """What the rows measure; a plain number goes with anything, and its quantity is empty."""
        return Quantity.of("" if self.estimates is None else str(self.estimates.frame["quantity"].iloc[0]))


def rows_of(given: Given, what: str) -> InputRows:
    """Read Estimates, or a number that is taken as known without error.

    Raises
    ------
    EstimateFault
        FL-EST-183: neither of the two, no row, bounds, a missing value, or several quantities.
    """
    if isinstance(given, bool) or not isinstance(given, Estimates | int | float | np.number):
        raise _unusable(what, type(given).__name__, "give Estimates or a number")
    if not isinstance(given, Estimates):
        if not np.isfinite(float(given)):
            raise _unusable(what, repr(given), "give a finite number")
        return InputRows(value=np.array([float(given)]), se=np.zeros(1), df=np.array([np.inf]), keys=((),),
                    n=np.array([np.nan]), cases=np.array([np.nan]), basis="figures", support=Support.unknown(1))  # fmt: skip
    frame = given.frame
    if len(frame) == 0:
        raise _unusable(what, "no row", "select rows that there are")
    if (frame["bound"] != "").any():
        raise _unusable(
            what, "rows with bound lower and upper", 'estimate with unknown="no" or "exclude", one result each'
        )
    if frame["quantity"].nunique() > 1 or frame["outcome"].nunique() > 1:
        several = frame[["quantity", "outcome"]].drop_duplicates().to_numpy().tolist()
        raise _unusable(
            what, listed(" of ".join(pair) for pair in several), "take one with .select(quantity=…, outcome=…)"
        )
    value = frame["value"].to_numpy(dtype=float)
    if not np.isfinite(value).all():
        raise _unusable(what, f"{int((~np.isfinite(value)).sum())} rows without a value", "leave these rows out")
    df = frame["df"].to_numpy(dtype=float)
    return InputRows(
        value=value,
        se=frame["se"].to_numpy(dtype=float),
        df=np.where(np.isnan(df), np.inf, df),
        keys=keys_of(given),
        n=frame["n"].to_numpy(dtype=float, na_value=np.nan),
        cases=frame["cases"].to_numpy(dtype=float, na_value=np.nan),
        basis=weakest(frame["basis"]),
        support=_of_surveys(given),
        estimates=given,
        upper=frame["upper"].to_numpy(dtype=float),
        level=float(frame["level"].iloc[0]),
        df_effective=frame["df_effective"].to_numpy(dtype=float),
    )


def _of_surveys(given: Estimates) -> Support:
    """The support of the rows; a figure that somebody published has no smallest part that could be found from it."""
    public = (given.frame["basis"] == FIGURES).to_numpy(dtype=bool)
    own = given.support
    return Support(**{
        name: np.where(public & np.isnan(getattr(own, name)), np.inf, getattr(own, name)) for name in ARRAYS
    })  # fmt: skip


def keys_of(estimates: Estimates) -> tuple[tuple[Any, ...], ...]:
    """What tells the rows of a result apart: margin, by-columns and term, as (name, value) where there is a value."""
    names = ["margin", *estimates.by, "term"]
    found: list[tuple[Any, ...]] = []
    for record in estimates.frame[names].to_dict("records"):
        found.append(tuple((n, v) for n, v in record.items() if n == "margin" or not (pd.isna(v) or v == "")))
    return tuple(found)


def one_of(given: Given, what: str) -> InputRows:
    """Read an input that must be one figure.

    Raises
    ------
    EstimateFault
        FL-EST-183, FL-EST-185: several rows.
    """
    rows = rows_of(given, what)
    if len(rows.value) != 1:
        raise EstimateFault(
            "FL-EST-185", f"{what}: one figure is needed", found=f"{len(rows.value)} rows",
            fix='take one with .national or .select(region="North")',
        )  # fmt: skip
    return rows


def aligned(inputs: Sequence[InputRows], what: str) -> list[InputRows]:
    """The inputs with their rows in the order of the first that has several; one figure goes with every row.

    Raises
    ------
    EstimateFault
        FL-EST-185: the results have different rows.
    """
    longest = next((rows for rows in inputs if len(rows.value) > 1), inputs[0])
    found: list[InputRows] = []
    for rows in inputs:
        if len(rows.value) == 1 or rows.keys == longest.keys:
            found.append(rows)
            continue
        if sorted(map(str, rows.keys)) != sorted(map(str, longest.keys)):
            absent = [str(key) for key in longest.keys if key not in rows.keys] or ["more rows"]
            raise EstimateFault(
                "FL-EST-185", f"{what}: the results do not have the same rows", found=listed(absent),
                fix="estimate all of them by the same columns, or select the rows that they share",
            )  # fmt: skip
        positions = np.array([rows.keys.index(key) for key in longest.keys])
        taken = {
            name: getattr(rows, name)[positions]
            for name in ("value", "se", "df", "n", "cases", "upper", "df_effective")
        }
        found.append(replace(rows, keys=longest.keys, support=rows.support.take(positions), **taken))
    return found


def beside(rows: InputRows, *, other_people: bool = False) -> InputRows:
    """An input that only scales another: its subpopulation and measure are not those of the result.

    With `other_people` it may speak of a wider population too: a part is divided by the whole.
    """
    if rows.estimates is None:
        return rows
    kept = tuple(a for a in rows.estimates.assumptions if a.code != SUBPOPULATION)
    people = "" if other_people else rows.estimates.population
    told = replace(rows.estimates, measure="", population=people, assumptions=kept)
    return replace(rows, estimates=told)


def require_quantities(inputs: Sequence[InputRows], allowed: frozenset[str], what: str, fix: str) -> None:
    """Refuse inputs of another quantity.

    Raises
    ------
    EstimateFault
        FL-EST-186.
    """
    wrong = [rows.quantity for rows in inputs if rows.estimates is not None and rows.quantity not in allowed]
    if wrong:
        raise EstimateFault(
            "FL-EST-186", f"{what} is not for this quantity", found=listed(dict.fromkeys(wrong)), fix=fix
        )


def require_choice(interval: str, level: float) -> None:
    """Refuse a kind of interval or a level that there is not.

    Raises
    ------
    EstimateFault
        FL-EST-187.
    """
    if interval not in GENERAL:
        raise not_one_of("FL-EST-187", "this interval", interval, GENERAL)
    if not 0 < level < 1:
        raise EstimateFault(
            "FL-EST-187", "the level is not between 0 and 1", found=shown(level), fix="95 % is level=0.95"
        )


def require_finite(
    given: dict[str, Any], *, above: float | None = None, within: tuple[float, float] | None = None
) -> None:
    """Refuse settings that are no numbers, or out of range.

    Raises
    ------
    EstimateFault
        FL-EST-188.
    """
    wrong: list[str] = []
    for name, value in given.items():
        number = isinstance(value, int | float | np.number) and not isinstance(value, bool) and bool(np.isfinite(value))
        inside = number and (above is None or value > above) and (within is None or within[0] <= value <= within[1])
        if not inside:
            wrong.append(f"{name}={shown(value)}")
    if wrong:
        rule = (
            f"above {above:g}" if above is not None else f"from {within[0]:g} to {within[1]:g}" if within else "finite"
        )
        raise EstimateFault("FL-EST-188", "a setting is out of range", found=", ".join(wrong), fix=f"a number {rule}")


def answer(
    call: str,
    inputs: Sequence[InputRows],
    *,
    value: Floats,
    se: Floats,
    df: Floats,
    interval: str,
    level: float,
    method: MethodName,
    quantity: Quantity,
    arguments: dict[str, Any],
    measure: str | None = None,
    population: str | None = None,
    reference_period: str | None = None,
    assumptions: Sequence[Assumption] = (),
    reasons: Sequence[Reason] = (),
    diagnostics: dict[str, Any] | None = None,
    covariance: Floats | None = None,
    respondents: Literal["first", "sum", "none"] = "first",
    limits: tuple[Floats, Floats, Sequence[str]] | None = None,
) -> Estimates:
    """Lay a result out on the rows of the first input that has several (or by-columns).

    `respondents` says what n and cases become of those of the inputs: those of the first that has them, their sum where
    parts are added, or none where several samples speak of one figure. What a rule of publication judges is the support: the
    smallest part of all inputs. `limits`, lower and upper with their kinds, take the place of those of `interval` where they
    are finite.
    """
    results = [rows.estimates for rows in inputs if rows.estimates is not None]
    shape = max(results, key=lambda r: (len(r), bool(r.by)), default=None)
    error = np.where(se > 0, se, np.nan)
    low, high = general(interval, value, error, df, level)
    kinds = [interval] * len(value)
    if limits is not None:
        own = np.isfinite(limits[0])
        low, high = np.where(own, limits[0], low), np.where(own, limits[1], high)
        kinds = [kind or interval for kind in limits[2]]
        error = np.where(own & (value == 0), 0.0, error)
    said = [*reasons, *reasons_without_limits(error, low, interval)]
    columns: dict[str, Any] = {
        "value": value, "se": error, "lower": low, "upper": high, "df": df, "level": level,
        "interval_kind": [kind if np.isfinite(x) else "" for kind, x in zip(kinds, low, strict=True)],
    }  # fmt: skip
    if respondents != "none":
        columns |= {name: _respondents(inputs, name, len(value), respondents) for name in ("n", "cases")}
    by: dict[str, Any] = {}
    if shape is not None:
        columns |= {name: shape.frame[name].tolist() for name in ("outcome", "margin", "term")}
        by = {name: [None if pd.isna(v) else v for v in shape.frame[name].tolist()] for name in shape.by}
    carried = [a for result in results for a in result.assumptions]
    known = [TAKEN_AS_KNOWN.assume()] if any(rows.estimates is None for rows in inputs) else []
    recipe = joined(
        [result.recipe for result in results],
        call=f"synthesis.{call}",
        arguments={**arguments, "level": level, "inputs": [_provenance_value(rows) for rows in inputs]},
        assumptions=each_once([*assumptions, *known, *carried]),
        measure=measure,
        population=population,
        reference_period=reference_period,
    )
    return build(
        columns,
        by,
        quantity=quantity,
        method=method,
        basis=weakest(rows.basis for rows in inputs),
        # The words of the tables that it was made of are theirs.
        recipe=replace(recipe, wording=recipe.wording.of_origin),
        reasons=said,
        diagnostics=diagnostics,
        covariance=covariance,
        support=smallest_part(inputs, len(value)),
    )


def smallest_part(inputs: Sequence[InputRows], size: int) -> Support:
    """What rows made of these inputs rest on: the smallest part, row by row, over one row or as many as there are."""
    parts = [rows.support if len(rows.support) == size else rows.support.take([0] * size) for rows in inputs]
    return Support.least_known(parts, [rows.basis for rows in inputs])


def _respondents(inputs: Sequence[InputRows], name: str, size: int, rule: str) -> Floats:
    """Give n or cases of the inputs that have them, row by row."""
    counts = [np.broadcast_to(getattr(rows, name), size) for rows in inputs]
    known = np.stack(counts)
    there = np.isfinite(known)
    first = np.take_along_axis(known, there.argmax(axis=0)[None, :], axis=0)[0]
    found = np.where(there, known, 0).sum(axis=0) if rule == "sum" else first
    return np.where(there.any(axis=0), found, np.nan)


def _provenance_value(rows: InputRows) -> Any:
    """An input as the provenance holds it: a number, or the call that made it."""
    return float(rows.value[0]) if rows.estimates is None else rows.estimates.provenance.call


def reasons_without_limits(error: Floats, low: Floats, interval: str) -> list[Reason]:
    """Why rows have no limits: no error is known, or this kind of interval has no value there."""
    reasons: list[Reason] = []
    for row in range(len(error)):
        if np.isnan(error[row]):
            reasons.append(ERROR_NOT_KNOWN.at(row))
        elif np.isnan(low[row]):
            reasons.append(INTERVAL_NOT_DEFINED.at(row, kind=interval))
    return reasons


def _unusable(what: str, found: str, fix: str) -> EstimateFault:
    return EstimateFault("FL-EST-183", f"{labels_shown([what])} cannot be used", found=found, fix=fix)
