"""Quantiles, by domain: their values exact on every engine, their intervals by Woodruff's inversion or by replicates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from operator import add, and_
from typing import Annotated, Any, Literal

import narwhals as nw
import numpy as np

from fl_estimate.design.domains import By, by_margins
from fl_estimate.design.intervals import no_case_limits, proportion, t_quantile
from fl_estimate.design.margins import any_missing, balanced, has
from fl_estimate.design.quantile_rules import RULES, Rule
from fl_estimate.design.replicates import AVERAGED, Scaling, deviations
from fl_estimate.design.small_table import Floats
from fl_estimate.errors import EstimateFault, not_one_of, numbers_given, shown
from fl_estimate.estimators.survey.domain_query import Measure
from fl_estimate.estimators.survey.domain_table import JOINT_ROWS, DomainMeasures, DomainTable
from fl_estimate.estimators.survey.imputed import IMPUTE
from fl_estimate.estimators.survey.models.imputed_pooling import over_draws
from fl_estimate.estimators.survey.quantile_values import Label, ValueTable, read_values, replicate_quantiles
from fl_estimate.estimators.survey.targets import OutcomeColumns, Targets, as_list, make_targets
from fl_estimate.estimators.survey.weighted_call import (
    Call,
    DfRule,
    VarianceRule,
    call_assumptions,
    df_of,
    only_exclude,
    recipe_of,
    support_of,
)
from fl_estimate.inputs.sample_design import Design
from fl_estimate.results.basis import Support
from fl_estimate.results.build import build
from fl_estimate.results.codes import (
    CENSUS,
    DEFF_REFERENCE,
    DF_NOT_POSITIVE,
    INTERVAL_NOT_DEFINED,
    NO_ROWS,
    QUANTILE,
    REPLICATES,
    TAYLOR,
    AssumptionCode,
    Reason,
    ReasonCode,
)
from fl_estimate.results.estimates import Estimates
from fl_estimate.results.methods import method
from fl_estimate.results.roles import GROUPS, NOT_IN_FILE, PEOPLE, Level, MoreThanZero, Names, Some, Where

QUANTILE_BEYOND_VALUES = ReasonCode("quantile_beyond_values", "kind")
QUANTILE_RULE = AssumptionCode("quantile_rule", "rule")
Interval = Literal["woodruff", "mean", "beta", "xlogit", "arcsine", "wald"]
OF_SHARE: dict[str, str] = {"mean": "wald", "beta": "beta", "xlogit": "xlogit", "arcsine": "arcsine"}
"""The interval of the share at or below the quantile that is turned into limits of the quantile."""


@method(kind="quantile", basis="respondents", family="survey")
def estimate_quantile(
    people: Annotated[Any, PEOPLE],
    variable: Names,
    probabilities: float | Annotated[Sequence[float], Some] = 0.5,
    *,
    design: Annotated[Design | None, NOT_IN_FILE] = None,
    by: Annotated[By, GROUPS] = None,
    where: Where = None,
    unknown: Literal["exclude", "impute"] | None = None,
    variance: VarianceRule | None = None,
    rule: Rule = "math",
    interval: Interval = "woodruff",
    df: DfRule | MoreThanZero = "domain",
    level: Level = 0.95,
) -> Estimates:
    """Estimate quantiles of a quantity, such as the median wage, nationally and by domain.

    Parameters
    ----------
    people, design, by, where, variance, df, level
        As in `estimate_prevalence`.
    variable : str or list of str
        Columns of numbers.
    probabilities : float or list of float
        0.5 is the median; each between 0 and 1.
    unknown : {"exclude"}, optional
        Leave rows with a missing value out (of every variable of the call); without it a missing value is an error.
    rule : {"math", "school", "shah-vaish", "hf1", …, "hf9"}
        Which value is the quantile; ``math`` is the least one that a share p of the people does not exceed, ``hf7``
        interpolates as most programs do. All are in `docs/explanation/quantiles`.
    interval : {"woodruff", "mean", "beta", "xlogit", "arcsine", "wald"}
        Woodruff's: as far about p as the share of people at or below the quantile is uncertain, turned into values by the same
        rule. The next four are R's: an interval of that share itself (``mean``: Wald), which in whole numbers may lie far from
        p. ``wald``, for replicates only: from the quantile under each replicate; not with jackknifes, for which it is wrong.

    Returns
    -------
    Estimates
        `quantity` quantile, `term` the probability; no `deff`. Its `covariance` has the correlations of the shares.

    Raises
    ------
    EstimateFault
        FL-EST-201 (probabilities), FL-EST-202 (rule), FL-EST-203 (``wald`` without replicates), FL-EST-773 (a lazy frame of over a
        million rows and a rule that needs every value); as in `estimate_mean`.

    Notes
    -----
    With F the estimated distribution function: q = F⁻¹(p) by the rule, (p_L, p_U) the interval of F(q), limits
    F⁻¹(p_L) and F⁻¹(p_U), se = (U − L)/(2 t). A limit is missing where p_L or p_U is outside 0 to 1. ``woodruff`` has
    p_L = p − t s(q−), p_U = p + t s(q), with s(q) the standard error of the share of people at or below q and s(q−) of
    those below it: the same but for values that many people have. Where nobody is below q (or above it) the limit is q
    itself, if as many people of whom p is the share would have shown one at this level (Korn and Graubard), and else missing.

    References
    ----------
    Woodruff (1952), Journal of the American Statistical Association 47, 635-646. Francisco and Fuller (1991), Annals of
    Statistics 19, 454-469. Hyndman and Fan (1996), The American Statistician 50, 361-365.

    Examples
    --------
    >>> import fl_estimate as fl, pandas as pd
    >>> people = pd.DataFrame({"w": [1.0, 1, 2, 2, 1, 3], "ea": [1, 1, 2, 2, 3, 3], "wage": [40.0, 44, 50, 60, 70, 90]})
    >>> estimates = fl.estimate_quantile(people, "wage", [0.25, 0.5], design=fl.Design(weights="w", psu="ea"))
    >>> estimates.to_frame()[["term", "value"]].values.tolist()
    [['0.25', 50.0], ['0.5', 60.0]]
    """
    call = Call(
        "estimate_quantile", people, design, by, where, unknown, variance, interval, df, level,
        named=as_list(variable, "variable"),
    )  # fmt: skip
    call.check(("woodruff", *OF_SHARE, "wald"))
    only_exclude(unknown, imputed=True)
    shares = _check(probabilities, rule)
    own = call.people.design.replicates
    if interval == "wald" and own is None:
        raise EstimateFault(
            "FL-EST-203",
            "this interval of a quantile is made of replicates, and the design has none",
            found='interval="wald"',
            fix='interval="woodruff", or make replicates: fl.replicate(people, design=design, kind="rao-wu", replicates=500)',
        )

    def made(one: Call) -> Estimates:
        targets = make_targets(
            one.people.schema, one.outcomes(variable, "variable"), where=where, unknown=one.treatment,
            weights=one.people.design.weights,
        )  # fmt: skip
        blocks = [_one(one, targets, target, shares, rule) for target in targets.targets]
        return _lay_out(one, targets, [block for found in blocks for block in found], rule)

    return over_draws(made, call) if unknown == IMPUTE else made(call)


def _check(probabilities: float | Sequence[float], rule: str) -> Floats:
    given = np.array(numbers_given(probabilities, "probabilities", "FL-EST-201", "0.5 is the median"))
    if not given.size or given.ndim != 1 or not ((given > 0) & (given < 1)).all():
        raise EstimateFault(
            "FL-EST-201", "probabilities of quantiles lie between 0 and 1", found=shown(probabilities), fix="0.5 is the median"
        )  # fmt: skip
    if rule not in RULES:
        raise not_one_of("FL-EST-202", "this rule of quantiles", rule, RULES)
    return given


@dataclass(frozen=True, kw_only=True)
class _Block:
    """A target's quantiles in the domains of a margin; arrays have shape (domains, probabilities)."""

    target: OutcomeColumns
    cells: Sequence[DomainMeasures]
    shares: Floats
    value: Floats
    se: Floats
    lower: Floats
    upper: Floats
    df: Floats
    table: DomainTable
    covariance: Floats | None
    outside: Any
    starts: Sequence[int]


def _one(call: Call, targets: Targets, target: OutcomeColumns, shares: Floats, rule: str) -> list[_Block]:
    """All quantiles of one variable: their values, then the shares of people at or below them with their variances."""
    own = call.people.design.replicates
    read = read_values(
        call.people, targets, target, rule, shares, replicated=call.interval == "wald" and own is not None
    )
    margins = ((), *by_margins(call.by))
    names = [" × ".join(columns) for columns in margins]
    found: dict[tuple[str, Label], Floats] = {key: known.at(rule, shares) for key, known in read.domains.items()}
    columns, measures, under = dict(targets.columns), list[Measure](), list[Measure]()
    value = targets.columns[target.value].cast(nw.Float64)
    for columns_of, name in zip(margins, names, strict=True):
        domains = [label for margin, label in read.domains if margin == name]
        for position in range(len(shares)):
            limits = {label: float(found[name, label][position]) for label in domains}
            threshold = _threshold(columns_of, limits, call.people.schema)
            below = f"below_{len(measures)}"
            one = nw.when(value <= threshold).then(nw.lit(1.0)).otherwise(nw.lit(0.0))
            columns[below] = one * targets.columns[target.counted].cast(nw.Float64)
            measures.append(Measure(target=target, top=below, bottom=target.counted))
            if call.interval == "woodruff":
                one = nw.when(value < threshold).then(nw.lit(1.0)).otherwise(nw.lit(0.0))
                columns[f"under_{below}"] = one * targets.columns[target.counted].cast(nw.Float64)
                under.append(Measure(target=target, top=f"under_{below}", bottom=target.counted))
    # Degrees of freedom of a domain are of the units that show a value, as in R survey's svyquantile.
    shown = replace(target, scope=target.counted)
    wider = replace(targets, targets=(shown,), columns=columns)
    table = call.tabulate(wider, [replace(measure, target=shown) for measure in (*measures, *under)])
    theta = None
    if call.interval == "wald":
        theta = replicate_quantiles(call.people, targets, target, read, rule, shares)
    return [
        _block(call, table, target, name, [measures[position * len(shares) + i] for i in range(len(shares))], shares, rule, read, found, theta)
        for position, name in enumerate(names)
    ]  # fmt: skip


def _threshold(columns: tuple[str, ...], limits: Mapping[Label, float], schema: Mapping[str, Any]) -> nw.Expr:
    """The quantile of the domain that a row is in."""
    known = {label: limit for label, limit in limits.items() if np.isfinite(limit)}
    parts: list[nw.Expr] = []
    for label, limit in known.items():
        if not columns:
            return nw.lit(limit)
        none = all(part is None for part in label)
        inside = (
            any_missing(columns, schema)
            if none
            else reduce(and_, [has(c, v, schema) for c, v in zip(columns, label, strict=True)])
        )
        parts.append(nw.when(inside).then(nw.lit(limit)).otherwise(nw.lit(0.0)))
    return balanced(add, parts) if parts else nw.lit(0.0)


def _block(
    call: Call,
    table: DomainTable,
    target: OutcomeColumns,
    margin: str,
    measures: Sequence[Measure],
    shares: Floats,
    rule: str,
    read: ValueTable,
    values: Mapping[tuple[str, Label], Floats],
    theta: Mapping[tuple[str, Label], Floats] | None,
) -> _Block:
    offsets = np.cumsum([0, *(len(cells.value) for cells in table.cells)])
    at = [
        next(i for i, cells in enumerate(table.cells) if cells.margin.name == margin and cells.measure.top == m.top)
        for m in measures
    ]
    cells = [table.cells[position] for position in at]
    labels = cells[0].margin.labels
    empty = np.full(len(shares), np.nan)
    value = np.stack([values.get((margin, label), empty) for label in labels])
    df = df_of(cells[0], table, call.df)
    t = t_quantile(call.level, df)
    if theta is not None:
        se = _replicate_se(call, value, [theta.get((margin, label)) for label in labels])
        lower, upper = value - t[:, None] * se, value + t[:, None] * se
        outside = np.zeros(value.shape, dtype=bool)
    else:
        known = {(c.margin.name, c.measure.top): c for c in table.cells}
        under = [known.get((margin, f"under_{m.top}")) for m in measures]
        ends = [
            _about_p(call, cell, below, df, share) if below is not None else _about_share(call, cell, df)
            for cell, below, share in zip(cells, under, shares, strict=True)
        ]
        lower, upper, outside = _inverted(ends, labels, margin, read, rule)
        # A limit that is not known leaves the standard error unknown too.
        se = (upper - lower) / (2 * t[:, None])
    return _Block(
        target=target, cells=cells, shares=shares, value=value, se=se, lower=lower, upper=upper, df=df, table=table,
        covariance=table.covariance, outside=outside, starts=[int(offsets[position]) for position in at],
    )  # fmt: skip


def _about_share(call: Call, cell: DomainMeasures, df: Floats) -> tuple[Floats, Floats]:
    """An interval of the share at or below the quantile."""
    se = np.sqrt(np.maximum(cell.variance, 0.0))
    low, high = proportion(OF_SHARE[call.interval], cell.value, se, cell.n, df, call.level)
    certain = (se == 0) & (cell.value >= 1) & ~np.isnan(t_quantile(call.level, df))
    return np.where(certain, 1.0, low), np.where(certain, 1.0, high)


def _about_p(
    call: Call, cell: DomainMeasures, under: DomainMeasures, df: Floats, share: float
) -> tuple[Floats, Floats]:
    """As far about p as the share of those below the quantile, and of those at or below it, are uncertain."""
    t, reach = t_quantile(call.level, df), no_case_limits(cell.n, df, call.level)
    below, above = (np.sqrt(np.maximum(each.variance, 0.0)) for each in (under, cell))
    # Nobody below, or above, has no error: the limit is the quantile itself where so many would have shown some, else unknown.
    low = np.where(
        under.value > 0, share - t * below, np.where(reach < share, share, np.where(np.isnan(reach), reach, -1.0))
    )
    high = np.where(
        cell.value < 1, share + t * above, np.where(1 - reach > share, share, np.where(np.isnan(reach), reach, 2.0))
    )
    return low, high


def _inverted(
    ends: Sequence[tuple[Floats, Floats]], labels: Sequence[Label], margin: str, read: ValueTable, rule: str
) -> tuple[Floats, Floats, Any]:
    """Within: the ends of an interval of shares, read off the distribution function."""
    lower, upper = np.full((len(labels), len(ends)), np.nan), np.full((len(labels), len(ends)), np.nan)
    outside = np.zeros(lower.shape, dtype=bool)
    each = np.stack([end for pair in ends for end in pair], axis=1)
    read = read.about({(margin, label): each[domain] for domain, label in enumerate(labels)})
    for position, (low, high) in enumerate(ends):
        outside[:, position] = (low < 0) | (high > 1)
        for domain, label in enumerate(labels):
            known = read.domains.get((margin, label))
            if known is not None and len(known.values):
                both = known.at(rule, np.array([low[domain], high[domain]]))
                lower[domain, position], upper[domain, position] = both
    return lower, upper, outside


def _replicate_se(call: Call, value: Floats, theta: Sequence[Floats | None]) -> Floats:
    own: Any = call.people.design.replicates
    scaling = Scaling(
        scale=own.scale, rscales=np.asarray(own.rscales, dtype=float), centre=own.centre, averaged=own.kind in AVERAGED
    )
    out = np.full(value.shape, np.nan)
    for domain, known in enumerate(theta):
        if known is not None and np.isfinite(value[domain]).any():
            out[domain] = np.sqrt((deviations(known, value[domain], scaling) ** 2).sum(axis=0))
    return out


def _lay_out(call: Call, targets: Targets, blocks: Sequence[_Block], rule: str) -> Estimates:
    columns = {name: list[Any]() for name in ("outcome", "term", "margin", "value", "se", "lower", "upper")}
    columns |= {name: list[Any]() for name in ("interval_kind", "n", "df")}
    by = tuple(dict.fromkeys(column for margin in by_margins(call.by) for column in margin))
    labels = {name: list[Any]() for name in by}
    reasons: list[Reason] = []
    for block in blocks:
        margin = block.cells[0].margin
        for domain, label in enumerate(margin.labels):
            known = dict(zip(margin.columns, label, strict=True))
            for position, share in enumerate(block.shares):
                reasons += _row_reasons(block, domain, position, call.interval, row=len(columns["value"]))
                columns["outcome"].append(block.target.outcome)
                columns["term"].append(f"{share:g}")
                columns["margin"].append(margin.name)
                for name in ("value", "se", "lower", "upper"):
                    columns[name].append(getattr(block, name)[domain, position])
                columns["interval_kind"].append(
                    call.interval if np.isfinite(block.lower[domain, position] + block.upper[domain, position]) else ""
                )
                columns["n"].append(block.cells[0].n[domain])
                columns["df"].append(block.df[domain])
                for name in by:
                    labels[name].append(known.get(name))
    rows = len(columns["value"])
    table = blocks[0].table
    arguments = {**call.arguments(targets), "rule": rule, "probabilities": blocks[0].shares.tolist()}
    kept = [a for a in call_assumptions(call, targets, table) if a.code != DEFF_REFERENCE]
    return build(
        {**columns, "level": call.level},
        labels,
        quantity=QUANTILE,
        method=REPLICATES if table.replicates else TAYLOR,
        basis="respondents",
        recipe=recipe_of(
            call,
            [*by, *(str(name) for name in columns["outcome"])],
            arguments,
            [*kept, QUANTILE_RULE.assume(rule=rule)],
        ),
        reasons=reasons,
        covariance=_covariance(blocks, rows),
        support=_support(call, blocks),
    )


def _support(call: Call, blocks: Sequence[_Block]) -> Support:
    """What the rows rest on: a quantile on the people of its domain."""
    parts = [
        support_of([block.cells[0]], call.df, block.table).take(np.repeat(np.arange(len(block.df)), len(block.shares)))
        for block in blocks
    ]
    return Support.joined(parts)


def _row_reasons(block: _Block, domain: int, position: int, kind: str, *, row: int) -> list[Reason]:
    reasons: list[Reason] = []
    if not block.cells[0].n[domain] > 0:
        reasons.append(NO_ROWS.at(row))
    elif not block.df[domain] > 0:
        reasons.append(DF_NOT_POSITIVE.at(row, df=float(block.df[domain])))
    elif block.outside[domain, position]:
        reasons.append(QUANTILE_BEYOND_VALUES.at(row, kind=kind))
    elif np.isnan(block.lower[domain, position]):
        reasons.append(INTERVAL_NOT_DEFINED.at(row, kind=kind))
    if block.table.sample.census:
        reasons.append(CENSUS.at(row))
    return reasons


def _covariance(blocks: Sequence[_Block], rows: int) -> Floats | None:
    """Correlations of the shares at or below the quantiles, times the standard errors of the quantiles.

    To first order q̂ − q = −(F̂(q) − p)/f, so that quantiles are correlated as their shares are. Of several variables the shares
    come of several tables, and no covariance is given.
    """
    if rows > JOINT_ROWS or len({block.target.outcome for block in blocks}) > 1:
        return None
    whole = blocks[0].covariance
    if whole is None:
        return None
    positions = [
        start + domain for block in blocks for domain in range(len(block.value)) for start in block.starts
    ]  # fmt: skip
    se = np.concatenate([block.se.ravel() for block in blocks])
    shares = whole[np.ix_(positions, positions)]
    spread = np.sqrt(np.diag(shares))
    with np.errstate(divide="ignore", invalid="ignore"):
        correlation = np.where(np.outer(spread, spread) > 0, shares / np.outer(spread, spread), 0.0)
    np.fill_diagonal(correlation, 1.0)
    return correlation * np.outer(se, se)
