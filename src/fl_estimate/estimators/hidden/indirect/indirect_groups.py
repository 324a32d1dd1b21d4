"""Indirect questions: the people read once as groups, domain by domain, and rows of a prevalence laid out. No estimator.

An estimator gives, of weights and of the groups of a domain, a value and its influence; the covariance of all rows is that of the
ordinary machinery of `estimators/survey/models/model_variance.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import numpy as np

from fl_estimate.arrays import Bools, Floats
from fl_estimate.design.domains import by_margins, margins_of
from fl_estimate.design.intervals import general
from fl_estimate.estimators.hidden.indirect.indirect_codes import INDIRECT_SUPPORT, OUTSIDE_UNIT
from fl_estimate.estimators.survey.models.kept_model import MODEL_REPLICATES_LOST, model_assumptions
from fl_estimate.estimators.survey.models.model_data import ModelData, read_model
from fl_estimate.estimators.survey.models.model_support import group_support
from fl_estimate.estimators.survey.models.model_variance import Covariance, covariance, degrees_of_freedom
from fl_estimate.estimators.survey.weighted_call import INTERVAL_OUTSIDE_RANGE, Call, recipe_of
from fl_estimate.results.basis import Support
from fl_estimate.results.build import build
from fl_estimate.results.codes import (
    COEFFICIENT,
    DF_NOT_POSITIVE,
    INTERVAL_NOT_DEFINED,
    NO_ROWS,
    PREVALENCE,
    WALD,
    Assumption,
    IntervalKind,
    MethodName,
    Reason,
    ReasonCode,
)
from fl_estimate.results.estimates import Estimates

BLOCK = 20_000_000
"""Numbers of groups × rows above which variances are made row by row, without a covariance (160 MB)."""
NO_ERROR = 1e-12
"""Standard errors of a share that are rounding alone."""
WORST = 0.25
"""p(1 − p) at its largest: what a direct answer is worth at least."""


@dataclass(frozen=True, kw_only=True, eq=False)
class GroupDomain:
    """The nation, or a domain of a margin, among the groups that count.

    Attributes
    ----------
    margin : str
    labels : mapping
        By-values by column; a missing one is None.
    member : bool array, shape (groups,)
    undetermined : float
        Weighted share, of those in scope, who lack an answer.
    """

    margin: str
    labels: Mapping[str, Any]
    member: Bools
    undetermined: float


@dataclass(frozen=True, kw_only=True, eq=False)
class IndirectValue:
    """What an estimator says of a domain.

    Attributes
    ----------
    value : float
        NaN where there is none; `reasons` say why.
    influence : float array, shape (groups,)
        Of a person of each group, without its weight.
    srs : float
        Its variance in a simple random sample with replacement of as many; NaN where that has no meaning.
    noise : float array, shape (groups,)
        Slope of the value in the answer of each person: what a randomising device adds where a sample is a large part of its
        population. Empty where nothing is added.
    least : float
        Respondents of its smallest part: those of an arm.
    cases : float
        People of that part whose answer is not 0, or not 1 where those are fewer; nobody's own status is seen.
    reasons : tuple of ReasonCode and parameters
    """

    value: float
    influence: Floats
    srs: float = float("nan")
    noise: Floats = field(default_factory=lambda: np.zeros(0))
    least: float = float("nan")
    cases: float = float("nan")
    psus: float = float("nan")
    reasons: tuple[tuple[ReasonCode, Mapping[str, Any]], ...] = ()


class IndirectEstimator(Protocol):
    """A value, and its influence, of the groups of a domain under weights."""

    def __call__(self, weight: Floats, member: Bools) -> IndirectValue: ...


def read_groups(
    call: Call, variables: Sequence[str], *, outcome: str = "", each_row: bool = False, domains: bool = True
) -> tuple[ModelData, list[GroupDomain]]:
    """The people who count as groups of equal answers, units and by-values; and the domains, the nation first.

    Parameters
    ----------
    call : Call
    variables : sequence of str
        Every column that is read, `outcome` among them.
    outcome : str
        The one that may be classified; an unknown one is no there.
    each_row : bool
        Keep every row apart.
    domains : bool
        Whether groups are kept apart by the by-columns of the call; without it there is the nation alone.
    """
    by = list(dict.fromkeys(column for margin in by_margins(call.by) for column in margin)) if domains else []
    data = read_model(call, outcome, tuple(dict.fromkeys(variables)), each_row=each_row, apart=by)
    data = replace(
        data, patterns=data.patterns.iloc[data.pattern].reset_index(drop=True), pattern=np.arange(len(data.at))
    )
    return data, list(_domains(call, data)) if domains else []


def _domains(call: Call, data: ModelData) -> Sequence[GroupDomain]:
    found: list[GroupDomain] = []
    table = data.table
    for margin in margins_of(table, call.by, call.people.categories):
        size = len(margin.labels)
        scope, unknown, people = (
            np.bincount(margin.domain, weights=table.sums[key], minlength=size)
            for key in (("w", "s"), ("w", "u"), ("s",))
        )
        own = margin.domain[data.at]
        for position, label in enumerate(margin.labels):
            if margin.columns and all(value is None for value in label) and not people[position]:
                continue
            found.append(
                GroupDomain(
                    margin=margin.name,
                    labels=dict(zip(margin.columns, label, strict=True)),
                    member=own == position,
                    undetermined=float(unknown[position] / scope[position]) if scope[position] > 0 else float("nan"),
                )
            )
    return found


def inside_of(data: ModelData, member: Bools) -> ModelData:
    """The groups of a domain alone; the sample stays that of all."""
    at = np.flatnonzero(member)
    return replace(
        data,
        patterns=data.patterns.iloc[at].reset_index(drop=True),
        pattern=np.arange(len(at)),
        weight=data.weight[at],
        square=data.square[at],
        n=data.n[at],
        at=data.at[at],
        replicate_weights=None if data.replicate_weights is None else data.replicate_weights[at],
    )


def support_within(data: ModelData, member: Bools, answer: Floats) -> tuple[float, float, float]:
    """People of some groups, those whose answer is not 0, and the primary units that these stand in."""
    if not member.any():
        return 0.0, 0.0, 0.0
    part = inside_of(data, member)
    made = group_support(part, answer[member], np.zeros(len(part.at), dtype=np.int64), 1, float("nan"))
    return float(made.respondents[0]), float(made.cases[0]), float(made.psus_with_cases[0])


def rows_of_domains(
    data: ModelData, domains: Sequence[GroupDomain], estimator: IndirectEstimator
) -> tuple[list[IndirectValue], Floats | None, Floats, Covariance]:
    """The values of all domains, their joint covariance where it is small enough, their variances, and what replicates gave."""
    values = [estimator(data.weight, domain.member) for domain in domains]
    blocks = _blocks(len(domains), len(data.at))
    matrices: list[Floats] = []
    lost = replicates = 0
    for part in blocks:
        some = [values[position] for position in part]
        members = [domains[position].member for position in part]
        known = [position for position, each in enumerate(some) if np.isfinite(each.value)]
        matrix = np.full((len(part), len(part)), np.nan)
        if known:
            spread = covariance(
                data,
                np.stack([some[position].influence for position in known], axis=1),
                lambda weight, members=members, known=known: np.array(
                    [estimator(weight, members[position]).value for position in known]
                ),
                np.array([some[position].value for position in known]),
            )
            lost, replicates = max(lost, spread.lost), spread.replicates
            matrix[np.ix_(known, known)] = spread.matrix + _noise(data, [some[position] for position in known])
        matrices.append(matrix)
    variance = np.concatenate([np.diag(matrix) for matrix in matrices])
    whole = matrices[0] if len(blocks) == 1 else None
    return values, whole, variance, Covariance(matrix=np.diag(variance), replicates=replicates, lost=lost)


def _blocks(rows: int, groups: int) -> list[range]:
    width = max(1, BLOCK // max(groups, 1))
    return [range(start, min(start + width, rows)) for start in range(0, rows, width)]


def _noise(data: ModelData, values: Sequence[IndirectValue]) -> Floats:
    """Σ w² f slope slope′ of what the device adds where the fpc takes it off; f is the part of the population that was drawn."""
    if not all(len(each.noise) for each in values) or data.call.people.design.replicates is not None:
        return np.zeros((len(values), len(values)))
    slopes = np.stack([each.noise for each in values], axis=1)
    return slopes.T @ (slopes * drawn_squares(data)[:, None])


def drawn_squares(data: ModelData) -> Floats:
    """Σ w² × the product of the sampling fractions of all stages, by group; 0 where the last stage has none."""
    fraction = np.ones(len(data.at))
    for stage in data.sample.stages:
        if stage.pps is not None:
            # A unit drawn with probability π weighs 1/π: Σ w² π = Σ w.
            return data.weight.copy()
        fraction = fraction * stage.fraction[stage.stratum[stage.unit[data.at]]]
    return data.square * fraction


def worth(least: Floats, variance: Floats) -> Floats:
    """How many direct answers would say as much, at most those of the smallest part: 0.25/Var."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.fmin(least, np.where(variance > 0, WORST / variance, np.nan))


def lay_prevalence(
    call: Call,
    data: ModelData,
    domains: Sequence[GroupDomain],
    made: tuple[Sequence[IndirectValue], Floats | None, Floats, Covariance],
    *,
    outcome: str,
    method: MethodName,
    assumptions: Sequence[Assumption],
    arguments: Mapping[str, Any],
    limits: Any,
    diagnostics: Mapping[str, Any] | None = None,
) -> Estimates:
    """Rows of a prevalence that nobody's answer shows, one a domain."""
    values, matrix, variance, spread = made
    value = np.array([each.value for each in values])
    se = np.sqrt(np.maximum(variance, 0.0))
    n = np.array([float(data.n[domain.member].sum()) for domain in domains])
    df = np.array([_df(call, data, domain) for domain in domains])
    lower, upper, kind = limits(value, se, n, np.where(df > 0, df, np.nan))
    least = np.array([each.least for each in values])
    cases = np.array([each.cases for each in values])
    srs = np.array([each.srs for each in values])
    with np.errstate(divide="ignore", invalid="ignore"):
        deff = np.where(srs > 0, variance / srs, np.nan)
    by = list(dict.fromkeys(column for margin in by_margins(call.by) for column in margin))
    return build(
        {
            "outcome": outcome, "margin": [domain.margin for domain in domains], "value": value, "se": se, "lower": lower,
            "upper": upper, "level": call.level, "interval_kind": kind, "n": n, "df": df, "deff": deff,
            "undetermined": [domain.undetermined for domain in domains],
        },
        {name: [domain.labels.get(name) for domain in domains] for name in by},
        quantity=PREVALENCE,
        method=method,
        basis="respondents",
        recipe=recipe_of(
            call,
            [*by, outcome],
            {**arguments, "by": [list(margin) for margin in by_margins(call.by)], **call.settings()},
            model_assumptions(data, spread, [outcome], [*assumptions, INDIRECT_SUPPORT.assume()]),
        ),
        support=Support.of(
            worth(least, variance), cases, psus_with_cases=np.array([each.psus for each in values]), df=df
        ),
        reasons=_reasons(values, n, df, lower, upper, spread),
        diagnostics=diagnostics,
        covariance=matrix,
    )  # fmt: skip


def lay_coefficients(
    call: Call,
    data: ModelData,
    spread: Covariance,
    *,
    outcome: str,
    terms: Sequence[str],
    value: Floats,
    df: float,
    support: Support,
    method: MethodName,
    assumptions: Sequence[Assumption],
    arguments: Mapping[str, Any],
    reasons: Sequence[tuple[ReasonCode, Mapping[str, Any]]] = (),
    diagnostics: Mapping[str, Any] | None = None,
) -> Estimates:
    """Rows of coefficients of a model of indirect answers, one a term."""
    se = np.sqrt(np.maximum(np.diag(spread.matrix), 0.0))
    size = len(terms)
    flat = ~(se > NO_ERROR * np.maximum(np.abs(value), 1.0))
    lower, upper = general(
        "wald", value, np.where(flat, np.nan, se), np.full(size, df if df > 0 else np.nan), call.level
    )
    said = [code.at(row, **told) for row in range(size) for code, told in reasons]
    said += [DF_NOT_POSITIVE.at(row, df=df) for row in range(size) if not df > 0]
    said += [INTERVAL_NOT_DEFINED.at(int(row), kind=WALD) for row in np.flatnonzero(flat) if df > 0]
    if spread.lost:
        said += [MODEL_REPLICATES_LOST.at(row, replicates=spread.lost, of=spread.replicates) for row in range(size)]
    return build(
        {
            "outcome": outcome, "term": list(terms), "value": value, "se": se, "lower": lower, "upper": upper,
            "level": call.level, "interval_kind": [WALD if np.isfinite(limit) else "" for limit in lower],
            "undetermined": data.undetermined, "n": data.rows, "df": df,
        },
        quantity=COEFFICIENT,
        method=method,
        basis="respondents",
        recipe=recipe_of(
            call,
            [outcome, *map(str, data.patterns.columns)],
            {**arguments, **call.settings()},
            model_assumptions(data, spread, [outcome], assumptions),
        ),
        support=support,
        reasons=said,
        diagnostics=diagnostics,
        covariance=spread.matrix,
    )  # fmt: skip


def wald_limits(call: Call) -> Any:
    """Limits value ± t se, whatever lies outside 0 and 1 kept; none where all answers are alike and show no error."""

    def limits(value: Floats, se: Floats, n: Floats, df: Floats) -> tuple[Floats, Floats, list[IntervalKind | str]]:
        del n
        lower, upper = general("wald", value, np.where(se > NO_ERROR, se, np.nan), df, call.level)
        return lower, upper, [WALD if np.isfinite(limit) else "" for limit in lower]

    return limits


def _df(call: Call, data: ModelData, domain: GroupDomain) -> float:
    if not domain.member.any():
        return float("nan")
    part = data if not domain.labels else inside_of(data, domain.member)
    return degrees_of_freedom(part, rule=call.df if isinstance(call.df, str) else float(call.df))


def _reasons(
    values: Sequence[IndirectValue], n: Floats, df: Floats, lower: Floats, upper: Floats, spread: Covariance
) -> list[Reason]:
    found: list[Reason] = []
    for row, each in enumerate(values):
        if not n[row] > 0:
            found.append(NO_ROWS.at(row))
            continue
        found += [code.at(row, **told) for code, told in each.reasons]
        if not np.isfinite(each.value):
            continue
        if not df[row] > 0:
            found.append(DF_NOT_POSITIVE.at(row, df=float(df[row])))
        elif np.isnan(lower[row]):
            found.append(INTERVAL_NOT_DEFINED.at(row, kind=WALD))
        if not 0 <= each.value <= 1:
            found.append(OUTSIDE_UNIT.at(row))
        elif lower[row] < 0 or upper[row] > 1:
            found.append(INTERVAL_OUTSIDE_RANGE.at(row, kind=WALD))
        if spread.lost:
            found.append(MODEL_REPLICATES_LOST.at(row, replicates=spread.lost, of=spread.replicates))
    return found
