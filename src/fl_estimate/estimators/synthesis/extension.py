"""Extension by a ratio: from a form that surveys see to one that they do not, and from reported cases to all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any, Literal, cast

import narwhals as nw
import numpy as np

from fl_estimate.design.intervals import general
from fl_estimate.errors import EstimateFault, listed, missing_columns, not_one_of, numbers_given
from fl_estimate.estimators.synthesis.arithmetic import add
from fl_estimate.estimators.synthesis.reading import (
    PERSONS,
    Floats,
    Given,
    InputRows,
    aligned,
    answer,
    require_choice,
    require_finite,
    require_quantities,
    rows_of,
)
from fl_estimate.results.basis import Basis, Support
from fl_estimate.results.build import build
from fl_estimate.results.codes import TOTAL, AssumptionCode, MethodName
from fl_estimate.results.estimates import Estimates
from fl_estimate.results.methods import method
from fl_estimate.results.provenance import Provenance
from fl_estimate.results.recipe import Recipe
from fl_estimate.results.roles import Earlier, FromFile, Level, Positive, Some

RATIO_EXTENSION = MethodName("ratio-extension")
REPORTED_TO_TOTAL = MethodName("reported-to-total")
DETECTION_ODDS = AssumptionCode("detection_odds", "odds")
CASE_COUNTS_VARY = AssumptionCode("case_counts_vary", "factor")
REPORTING_ALIKE = AssumptionCode("reporting_alike", "ratio")


@method(kind=None, basis=None, family="synthesis")
def extend_by_ratio(
    base: Annotated[Estimates, Earlier()],
    cases: Annotated[Any, FromFile(counts=("known", "wanted"))],
    *,
    known: str,
    wanted: str,
    detection_odds: Positive | Annotated[Sequence[Positive], Some] = 1.0,
    ratios: Literal["cells", "main-effects"] = "cells",
    overdispersion: Positive = 1.0,
    outcome: str = "",
    interval: Literal["log", "wald"] = "log",
    level: Level = 0.95,
) -> Estimates:
    """Estimate a form that household surveys do not see from its ratio to one that they do, among administrative cases.

    The Global Estimates do so for commercial sexual exploitation and for children. All hangs on how much more readily one
    form comes to the notice of those who keep the records than the other: give `detection_odds` a range, and read the curve.

    Parameters
    ----------
    base : Estimates
        Persons in the form that the survey sees: a national row (`.national` of a result by columns), or rows by the
        columns of `cases`.
    cases : frame
        One row a cell: the by-columns of `base` (none for the nation alone), and the two columns of counts of cases.
    known, wanted : str
        Columns of `cases`: the form that `base` counts, and the one that is wanted.
    detection_odds : float or sequence of float, default 1
        How many times as likely a person in the wanted form is to be on record as one in the known form. A sequence
        gives one set of rows a value, `term` saying which: the sensitivity curve.
    ratios : {"cells", "main-effects"}
        Each cell's own ratio; or, where cells are sparse, that of a logistic model with a main effect of each by-column,
        which gives a cell without a case a ratio from the cells like it.
    overdispersion : float, default 1
        Variance of the counts over that of Poisson counts; cases come in by the raid, so it is often above 1.
    outcome : str, optional
        Name of the wanted form in the result.
    interval : {"log", "wald"}
    level : float

    Returns
    -------
    Estimates
        The sum over the cells first (where there are several), then the cells; method "ratio-extension". Errors go together
        with those of the base: `.diagnostics["correlation_with_base"]` (of the sums), for whoever adds the two.

    Raises
    ------
    EstimateFault
        FL-EST-192: cells that do not fit, or without a case of one form; FL-EST-183, FL-EST-186 to FL-EST-188.

    Notes
    -----
    T(wanted) = T(known) × (n_wanted / n_known) / detection_odds, cell by cell. CV² = CV²(survey) + φ (1/n_wanted + 1/n_known),
    φ the overdispersion; cells are independent but for the covariance that `base` carries. With main effects the ratio is
    exp(x'β), its log has variance φ x'(X'WX)⁻¹x, and cells share the errors of β.

    Examples
    --------
    >>> import fl_estimate as fl, pandas as pd
    >>> labour = fl.synthesis.published(100_000, se=10_000, source="a survey")
    >>> cases = pd.DataFrame({"labour": [400], "sexual": [100]})
    >>> curve = fl.synthesis.extend_by_ratio(labour, cases, known="labour", wanted="sexual", detection_odds=[0.5, 1, 2])
    >>> curve.to_frame()[["term", "value"]].values.tolist()
    [['0.5', 50000.0], ['1', 25000.0], ['2', 12500.0]]
    """
    require_choice(interval, level)
    odds = numbers_given(detection_odds, "detection_odds", "FL-EST-188", "a number above 0, or several")
    require_finite(
        {f"detection_odds {position}": x for position, x in enumerate(odds, 1)} | {"overdispersion": overdispersion},
        above=0,
    )
    if base.by and (base.frame["margin"] == "").all():  # the national row of a result by columns
        base = replace(base, by=(), frame=base.frame.drop(columns=list(base.by)))
    by = list(base.by)
    cells = base if not by else _cells(base)
    rows = rows_of(cells, "base")
    require_quantities([rows], PERSONS, "extension by a ratio", "give persons: Estimates.persons(population)")
    if ratios not in ("cells", "main-effects"):
        raise not_one_of("FL-EST-192", "this way to take ratios", ratios, ("cells", "main-effects"))
    n_known, n_wanted = _counts(cases, by, cells, known, wanted, empty=ratios == "main-effects")
    if ratios == "cells":
        quotient, error = n_wanted / n_known, np.diag(1 / n_wanted + 1 / n_known)
    else:
        quotient, error = _main_effects(cells, n_known, n_wanted)
    error = overdispersion * error
    parts = [_extended(rows, cells, quotient / psi, error) for psi in odds]
    support = _support(rows, n_known, n_wanted)
    several = len(odds) > 1
    terms = [f"{psi:g}" if several else "" for psi in odds]
    table = _to_estimates(cells, parts, terms, outcome or wanted, interval, level, rows.basis, support)
    return replace(
        table,
        assumptions=(
            DETECTION_ODDS.assume(odds=", ".join(f"{psi:g}" for psi in odds)),
            CASE_COUNTS_VARY.assume(factor=float(overdispersion)),
            *base.assumptions,
        ),
        diagnostics={"ratio": quotient.tolist(), "known": n_known.tolist(), "wanted": n_wanted.tolist(),
                     "correlation_with_base": parts[0]["correlation"]},
        provenance=Provenance(
            call="synthesis.extend_by_ratio",
            arguments={"known": known, "wanted": wanted, "detection_odds": odds, "ratios": ratios, "overdispersion": overdispersion,
                       "interval": interval, "level": level, "base": base.provenance.call},
            source_name=base.provenance.source_name,
        ),
    )  # fmt: skip


@method(kind=None, basis=None, family="synthesis")
def reported_to_total(
    reported: Given,
    *,
    surveyed: Given | Sequence[Given],
    reported_where_surveyed: Given | Sequence[Given],
    interval: Literal["log", "wald"] = "log",
    level: Level = 0.95,
) -> Estimates:
    """Extend reported cases to all cases by the ratio of the two in countries with a national survey, as the ILO did in 2012.

    Parameters
    ----------
    reported : Estimates or number
        The stock of reported cases that is to be extended.
    surveyed : Estimates, number, or sequence of them
        The stock by national surveys, in the countries that have one: they are added.
    reported_where_surveyed : Estimates, number, or sequence of them
        The reported stock of the same countries.
    interval : {"log", "wald"}
    level : float

    Returns
    -------
    Estimates
        Method "reported-to-total".

    Raises
    ------
    EstimateFault
        FL-EST-25, FL-EST-183, FL-EST-185 to FL-EST-188; FL-EST-192: nothing was reported where surveys were taken.

    Notes
    -----
    T = T_reported R, R = Σ survey stock / Σ reported stock; CV² add. R is taken from few countries and used for all:
    that surveyed countries report like the others is an assumption, which no interval holds.

    Examples
    --------
    >>> import fl_estimate as fl
    >>> total = fl.synthesis.reported_to_total(50_000, surveyed=[90_000, 60_000], reported_where_surveyed=[6_000, 4_000])
    >>> total.value
    750000.0
    """
    require_choice(interval, level)
    base = rows_of(reported, "reported")
    top, bottom = _summed(surveyed, "surveyed"), _summed(reported_where_surveyed, "reported_where_surveyed")
    require_quantities([base, top, bottom], PERSONS, "a ratio of reported cases to all", "give persons")
    if bottom.value[0] <= 0:
        raise EstimateFault("FL-EST-192", "nothing was reported where surveys were taken", found=f"{bottom.value[0]:g} persons",
                            fix="the ratio needs reported cases in the countries surveyed")  # fmt: skip
    base, top, bottom = aligned([base, top, bottom], "reported_to_total")
    factor = top.value / bottom.value
    value = base.value * factor
    with np.errstate(divide="ignore", invalid="ignore"):
        cv2 = (base.se / base.value) ** 2 + (top.se / top.value) ** 2 + (bottom.se / bottom.value) ** 2
    return answer(
        "reported_to_total",
        [base, top, bottom],
        value=value,
        se=value * np.sqrt(cv2),
        df=np.minimum.reduce([r.df * np.ones_like(value) for r in (base, top, bottom)]),
        interval=interval,
        level=level,
        method=REPORTED_TO_TOTAL,
        quantity=TOTAL,
        arguments={"interval": interval},
        assumptions=[REPORTING_ALIKE.assume(ratio=float(factor[0]))],
        diagnostics={"ratio": float(factor[0])},
    )


def _summed(given: Given | Sequence[Given], what: str) -> InputRows:
    if isinstance(given, Estimates | int | float | np.number):
        given = [given]
    typed = [part for part in given if not isinstance(part, Estimates)]
    numbers = numbers_given(typed, what, "FL-EST-183", "give Estimates or a number, or a list of these")
    if len(numbers) == len(given):
        return rows_of(sum(numbers), what)
    return rows_of(add([part.national if isinstance(part, Estimates) else part for part in given]), what)


def _cells(base: Estimates) -> Estimates:
    """The rows of the full crossing of the by-columns."""
    margin = " × ".join(base.by)
    if not (base.frame["margin"] == margin).any():
        raise EstimateFault(
            "FL-EST-192", "the base has no row for the cells", found=f"margins: {listed(base.frame['margin'].unique())}",
            fix=f"estimate it by {margin}",
        )  # fmt: skip
    return base.select(margin=margin)


def _counts(
    cases: Any, by: list[str], cells: Estimates, known: str, wanted: str, *, empty: bool
) -> tuple[Floats, Floats]:
    """Cases of the known and the wanted form, in the order of the cells."""
    try:
        table = nw.from_native(cases).lazy().collect().to_pandas()
    except TypeError as error:
        raise EstimateFault("FL-EST-192", "cases is not a data frame", found=type(cases).__name__) from error
    if absent := [name for name in (*by, known, wanted) if name not in table.columns]:
        raise missing_columns("FL-EST-192", absent, [str(name) for name in table.columns], EstimateFault)
    found: dict[tuple[Any, ...], list[tuple[float, float]]] = {}
    for record in table.to_dict("records"):
        found.setdefault(tuple(record[name] for name in by), []).append((float(record[known]), float(record[wanted])))
    keys = [tuple(record[name] for name in by) for record in cells.frame.to_dict("records")]
    faults = {
        "with several rows of base": sorted({key for key in keys if keys.count(key) > 1}, key=str),
        "without a row of cases": [key for key in keys if key not in found],
        "with several rows of cases": [key for key in keys if len(found.get(key, [])) > 1],
        "without a case of one of the two forms": [
            key
            for key in keys
            if len(found.get(key, [])) == 1 and not (min(found[key][0]) >= 0 if empty else min(found[key][0]) > 0)
        ],
    }
    texts = [
        f"cells {what}: {listed(' × '.join(map(str, key)) or 'the nation' for key in bad)}"
        for what, bad in faults.items()
        if bad
    ]
    if texts:
        raise EstimateFault(
            "FL-EST-192", "cases and base do not fit together", found="; ".join(texts),
            fix="one row a cell with counts above 0; join cells that are too small, in base and cases alike",
        )  # fmt: skip
    pairs = np.array([found[key][0] for key in keys])
    return pairs[:, 0], pairs[:, 1]


def _main_effects(cells: Estimates, n_known: Floats, n_wanted: Floats) -> tuple[Floats, Floats]:
    """Ratios of a logistic model of the form with main effects of the by-columns, and the covariance of their logs."""
    columns = [np.ones(len(n_known))]
    for name in cells.by:
        labels = cells.frame[name].astype(str).to_numpy()
        levels = sorted(set(labels))
        lone = [level for level in levels if min(n_known[labels == level].sum(), n_wanted[labels == level].sum()) == 0]
        if lone:
            raise EstimateFault(
                "FL-EST-192", "cases and base do not fit together", fix="join them with others, in base and cases alike",
                found=f"values of {name!r} without a case of one of the two forms: {listed(lone)}",
            )  # fmt: skip
        columns += [(labels == level).astype(float) for level in levels[1:]]
    x, total = np.column_stack(columns), n_known + n_wanted
    if np.linalg.matrix_rank(x) < x.shape[1]:
        raise EstimateFault("FL-EST-192", "cases and base do not fit together", found="by-columns that say the same",
                            fix="leave one of them out")  # fmt: skip
    beta = np.zeros(x.shape[1])
    for _ in range(100):
        p = 1 / (1 + np.exp(-x @ beta))
        information = (x * (total * p * (1 - p))[:, None]).T @ x
        step = np.linalg.solve(information, x.T @ (n_wanted - total * p))
        beta = beta + step
        if np.abs(step).max() < 1e-10:
            return np.exp(x @ beta), x @ np.linalg.solve(information, x.T)
    raise EstimateFault("FL-EST-192", "the model of the ratios has no estimate", found="it did not converge in 100 steps",
                        fix="join cells that are too small, in base and cases alike")  # fmt: skip


def _extended(rows: InputRows, cells: Estimates, factor: Floats, error: Floats) -> Mapping[str, Any]:
    """Values of the cells and of their sum, with variances."""
    value = rows.value * factor
    survey = np.diag(rows.se**2) if cells.covariance_matrix is None else cells.covariance_matrix
    matrix = survey * np.outer(factor, factor) + np.outer(value, value) * error
    return {
        "value": value,
        "se": np.sqrt(np.diag(matrix)),
        "df": rows.df,
        "total": value.sum(),
        "total_se": np.sqrt(matrix.sum()),
        "correlation": float((survey @ factor).sum() / np.sqrt(survey.sum() * matrix.sum()))
        if survey.sum() > 0
        else 0.0,
    }


def _support(rows: InputRows, n_known: Floats, n_wanted: Floats) -> Support:
    """What the cells rest on: the smallest part of the survey's cell and of the cases on record that extend it."""
    recorded = np.minimum(n_known, n_wanted)
    return replace(rows.support, cases=np.fmin(rows.support.cases, recorded))


def _to_estimates(
    cells: Estimates,
    parts: Sequence[Mapping[str, Any]],
    terms: Sequence[str],
    outcome: str,
    interval: str,
    level: float,
    basis: str,
    support: Support,
) -> Estimates:
    """For each value of the detection odds the sum over the cells, then the cells."""
    whole = bool(cells.by)
    each = Support.joined([support.grouped([range(len(cells))]), support]) if whole else support
    values: dict[str, list[Any]] = {name: [] for name in ("value", "se", "df", "term", "margin", "n", "cases")}
    labels: dict[str, list[Any]] = {name: [] for name in cells.by}
    for part, term in zip(parts, terms, strict=True):
        size = len(part["value"])
        values["value"] += [*([part["total"]] if whole else []), *part["value"]]
        values["se"] += [*([part["total_se"]] if whole else []), *part["se"]]
        values["df"] += [*([float(np.min(part["df"]))] if whole else []), *part["df"]]
        values["term"] += [term] * (size + whole)
        values["margin"] += [*([""] if whole else []), *cells.frame["margin"].tolist()]
        for name in ("n", "cases"):
            counts = cells.frame[name].to_numpy(dtype=float, na_value=np.nan)
            values[name] += [*([counts.sum()] if whole else []), *counts]
        for name in cells.by:
            labels[name] += [None, *cells.frame[name].tolist()]
    value, se, df = (np.array(values[name], dtype=float) for name in ("value", "se", "df"))
    low, high = general(interval, value, np.where(se > 0, se, np.nan), df, level)
    columns: dict[str, Any] = {
        **values, "lower": low, "upper": high, "outcome": outcome, "level": level, "interval_kind": interval,
    }  # fmt: skip
    return build(
        columns,
        labels,
        quantity=TOTAL,
        method=RATIO_EXTENSION,
        basis=cast("Basis", basis),
        recipe=Recipe(measure=cells.measure, population=cells.population, period=cells.recipe.period),
        support=Support.joined([each] * len(parts)),
    )
