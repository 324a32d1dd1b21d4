"""What a rule says of every row: by its basis and the support it rests on, before anything is blanked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from fl_estimate.design.intervals import proportion
from fl_estimate.reporting.suppression import FEWER_THAN, PUBLISHED, SuppressionRule
from fl_estimate.results.basis import FIGURES, LISTS, MODEL, RESPONDENTS, Support
from fl_estimate.results.codes import SUBPOPULATION, Assumption, MethodName, Quantity, Reason
from fl_estimate.results.columns import margin_columns
from fl_estimate.results.crossing import outcome_of_cells

Flags = npt.NDArray[np.bool_]
Cell = tuple[Any, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class Judged:
    """What a rule says of the rows of one result, each an array of shape (rows,).

    Attributes
    ----------
    hard : flags
        Not published, whatever the cases.
    low : flags
        Fewer cases than the rule asks for, in a domain that is large enough: an upper limit, where one can be printed.
    zero : flags
        Printed as "fewer than" their own upper limit: no case, where that may be told.
    limited : flags
        Rows for which an upper limit of few cases has a meaning.
    """

    hard: Flags
    low: Flags
    zero: Flags
    limited: Flags


def quantities(frame: pd.DataFrame) -> list[Quantity]:
    """What the value of every row is; a quantity that nobody declared has the strictest attributes."""
    return [Quantity.of(str(name)) for name in frame["quantity"]]


def based_on(frame: pd.DataFrame, *bases: str) -> Flags:
    """Rows that rest on one of these."""
    return frame["basis"].isin(list(bases)).to_numpy(dtype=bool)


def scenarios(frame: pd.DataFrame) -> Flags:
    """Rows of a cell under a scenario, which are judged with the cell and are none themselves."""
    return np.array([quantity.scenario for quantity in quantities(frame)], dtype=bool)


def own_support(frame: pd.DataFrame, support: Support) -> Flags:
    """Rows that are their own smallest part: what stands in n and cases is what rules judge. A scenario never is."""
    n, cases = floats(frame["n"]), floats(frame["cases"])
    return (n == support.respondents) & ((cases == support.cases) | np.isnan(cases)) & ~scenarios(frame)


def judge(frame: pd.DataFrame, support: Support, rule: SuppressionRule) -> Judged:
    """What the rule says of every row; a basis that nobody knows is judged as respondents.

    Parameters
    ----------
    frame : pandas.DataFrame
        The columns of Estimates, with full values.
    support : Support
    rule : SuppressionRule
    """
    lists, figures, model = (based_on(frame, basis) for basis in (LISTS, FIGURES, MODEL))
    people = ~(lists | figures | model)
    n, cases = support.respondents, support.cases
    # What is not known of respondents or lists cannot be judged, so that it does not pass; of figures it is nobody's answer.
    small = np.where(figures | model, (n < rule.min_n) & (n > 0), ~(n >= rule.min_n))
    few = np.where(figures | model, (cases < rule.min_cases) & ~(n == 0), ~(cases >= rule.min_cases))
    few = few & ~lists & bool(rule.min_cases)
    own = own_support(frame, support)
    none = people & own & (cases == 0) & (floats(frame["value"]) == 0)
    binary = frame["cases"].notna().to_numpy(dtype=bool)
    no_interval = frame["lower"].isna().to_numpy() | frame["upper"].isna().to_numpy()
    no_interval &= ~np.array([quantity.without_interval for quantity in quantities(frame)], dtype=bool)
    told = np.zeros(len(frame), dtype=bool)
    if rule.few_cases == "withheld" or not rule.min_cases:
        # A domain without a case is told apart; its upper bound, which counts the undetermined, is a figure like any other.
        told = people & own & binary & (cases == 0)
        few = few & ~told
    hard = small | (people & (~(support.df >= rule.min_df) | (no_interval & ~few)))
    hard |= people & ~few & (_too_wide(frame, support, rule) | _concentrated(frame, support, rule))
    hard |= few & (np.isnan(cases) | ~own | (rule.few_cases == "withheld") | figures)
    limited = people & own & binary & np.array([quantity.limited for quantity in quantities(frame)], dtype=bool)
    limited &= np.array([MethodName.of(str(name)).of_people_counted for name in frame["method"]], dtype=bool)
    limited &= (frame["bound"] == "").to_numpy(dtype=bool) & (frame["term"] == "").to_numpy(dtype=bool)
    already = (frame["publication"] == FEWER_THAN).to_numpy(dtype=bool) if "publication" in frame else False
    zero = np.asarray(already | (told & none), dtype=bool) & ~hard
    # A row of a model is never withheld for its own sake: for what it rests on, where that is known to be small.
    hard = np.where(model, small | few, hard)
    return Judged(hard=hard, low=few & ~hard & people, zero=zero, limited=limited)


def cells(frame: pd.DataFrame, by: Sequence[str], assumptions: Sequence[Assumption]) -> list[Cell]:
    """What each row speaks of, whatever its quantity, bound or method: outcome, term, subpopulation, by-values.

    The order in which by-columns were crossed does not matter, so that the total of a cell is found with its
    prevalence wherever both are published.
    """
    where = tuple(str(value) for a in assumptions if a.code == SUBPOPULATION for _, value in a.parameters)
    keys: list[Cell] = []
    for record in frame.to_dict("records"):
        margin = tuple(sorted(margin_columns(record)))
        # A by-column outside the margin names the result that a row was stacked from: the cell is the same without it.
        known = {(name, str(record[name])) for name in by if name in margin and not pd.isna(record[name])}
        # The term of a scenario says which it is: the cell is the same in all of them.
        term = "" if Quantity.of(str(record["quantity"])).scenario else str(record["term"])
        outcome = outcome_of_cells(str(record["outcome"]), str(record.get("method", "")))
        keys.append((outcome, term, where, margin, frozenset(known)))
    return keys


def doubtful(reasons: Sequence[Reason]) -> frozenset[tuple[int, str]]:
    """Rows of a sampler that did not do well, or of a model that does not hold, each with which it is."""
    return frozenset((reason.row, reason.code.doubtful) for reason in reasons if reason.code.doubtful)


def cautions(
    frame: pd.DataFrame,
    rule: SuppressionRule,
    doubted: frozenset[tuple[int, str]],
    support: Support | None = None,
) -> list[str]:
    """For each row why it is to be used with caution, of "cv", "df", "sampler" and "model", with spaces between; or ""."""
    with np.errstate(divide="ignore", invalid="ignore"):
        cv = floats(frame["se"]) / np.abs(floats(frame["value"]))
    # How large a difference is beside its error says whether there is one, not how well it is known.
    high = (cv > rule.caution_cv) & np.array([quantity.null is None for quantity in quantities(frame)], dtype=bool)
    df = floats(frame["df"]) if support is None else np.fmin(floats(frame["df"]), support.df_effective)
    loose = based_on(frame, RESPONDENTS) & (df < rule.caution_df)
    return [
        " ".join(
            code
            for code, holds in (
                ("cv", wide),
                ("df", few),
                *((code, (row, code) in doubted) for code in ("sampler", "model")),
            )
            if holds
        )
        for row, (wide, few) in enumerate(zip(high, loose, strict=True))
    ]


def published_support(frame: pd.DataFrame, own: Sequence[bool]) -> Support:
    """What is still known of the support of rows that were published before: of a row that was its own, what it prints.

    A mean prints no cases, and passed a rule with as many as that asked for.
    """
    known = np.array(own, dtype=bool)
    n = np.where(known, floats(frame["n"]), np.nan)
    cases = floats(frame["cases"])
    cases = np.where(known & np.isnan(cases) & (frame["publication"] == PUBLISHED).to_numpy(dtype=bool), np.inf, cases)
    df = floats(frame["df"])
    return Support.of(n, np.where(known, cases, np.nan), df=df)


def floats(column: pd.Series[Any]) -> npt.NDArray[np.float64]:
    """A column of numbers, NaN where one is missing."""
    return column.to_numpy(dtype=float, na_value=np.nan)


def _concentrated(frame: pd.DataFrame, support: Support, rule: SuppressionRule) -> Flags:
    """Rows of cases in too few units, or whose variance rests on too few; without a case neither has a meaning."""
    met, binary = support.cases > 0, frame["cases"].notna().to_numpy(dtype=bool)
    few = np.zeros(len(frame), dtype=bool)
    if rule.min_df_effective:
        few |= ~(support.df_effective >= rule.min_df_effective)
    if rule.min_psus_with_cases:
        few |= binary & ~(support.psus_with_cases >= rule.min_psus_with_cases)
    return few & (met | ~binary)


def _too_wide(frame: pd.DataFrame, support: Support, rule: SuppressionRule) -> Flags:
    """Rows whose interval, or effective number of respondents, says too little; without a case only the latter counts.

    Limits on the width of Korn and Graubard's interval were set for degrees of freedom by units less strata.
    """
    each = quantities(frame)
    share = np.array([quantity.unit == "share" for quantity in each], dtype=bool)
    scale = np.array([quantity.per for quantity in each], dtype=float)
    value, se, n = floats(frame["value"]) / scale, floats(frame["se"]) / scale, floats(frame["n"])
    df, edge = np.fmax(floats(frame["df"]), support.df), (value <= 0) | (value >= 1)
    wide = np.zeros(len(frame), dtype=bool)
    for level in frame["level"].unique():
        of = share & (frame["level"] == level).to_numpy()
        lower, upper = proportion("korn-graubard", value[of], se[of], n[of], df[of], float(level))
        width, relative = upper - lower, (upper - lower) / np.where(value[of] > 0, value[of], np.nan)
        loose = (width >= rule.max_width) | (relative > rule.max_relative_width)
        wide[of] = ~edge[of] & loose & ~(width <= rule.sure_width)
    with np.errstate(divide="ignore", invalid="ignore"):
        effective = np.where(edge, n, np.minimum(n, value * (1 - value) / se**2))
        relative = (floats(frame["upper"]) - floats(frame["lower"])) / np.abs(floats(frame["value"]))
    # An unknown quantity may be a number of persons.
    counted = np.array([quantity.counts_respondents or not quantity.known for quantity in each], dtype=bool)
    wide |= share & (effective < rule.min_effective_n)
    return wide | (counted & (floats(frame["value"]) != 0) & (relative > rule.max_relative_width_totals))
