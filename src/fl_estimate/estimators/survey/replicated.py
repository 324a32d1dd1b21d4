"""Variances from replicates: every measure estimated again under each replicate, from sums of the small table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from itertools import batched
from operator import add
from typing import Any

import narwhals as nw
import numpy as np
from scipy import sparse

from fl_estimate.design.calibrated import rank, read_steps, replicate_factors
from fl_estimate.design.concentration import effective_df, variance_of_squares
from fl_estimate.design.domains import Margin, by_margins, margins_of
from fl_estimate.design.replicates import AVERAGED, Scaling, deviations, multiplier_rows
from fl_estimate.design.row_factors import replicate_columns
from fl_estimate.design.row_weights import weight_columns
from fl_estimate.design.sample import SampleStages
from fl_estimate.design.small_table import Codes, Floats, Totals
from fl_estimate.design.totals import totals, totals_in_blocks
from fl_estimate.estimators.survey.domain_query import SampledPeople
from fl_estimate.estimators.survey.linearised import Answer, Basis, LinearisedMeasure, evaluate, statistics_of
from fl_estimate.estimators.survey.targets import Targets
from fl_estimate.inputs.replicates import Replicates, UnitReplicates

BLOCK = 32
"""Replicates whose weights are made at once, groups × replicates."""
PATTERNS = 20_000
"""Different rows of replicate weights that are told apart when their rank is looked for; more are put together."""
RANK_TOLERANCE = 1e-5
"""A direction in which the replicate weights vary this much less than in the first is none (R survey's tolerance)."""
_PATTERN = "__fl_pattern"


def by_replicates(
    people: SampledPeople,
    targets: Targets,
    read: tuple[Totals, SampleStages],
    basis: Basis,
    drafts: Sequence[LinearisedMeasure],
    *,
    joint: bool,
    ranks: bool,
    ahead: FileSums | None = None,
) -> Answer:
    """Variances (and covariance where `joint`) of all drafts by the replicates of the design.

    `ahead` are sums of a file's replicate weights that were read with those of other drafts.

    Notes
    -----
    Multipliers of units: Σ_i m_ir S_i of the unit totals S, one sparse product a margin. Columns of the file: the
    sums of every replicate within domains, read in blocks. Rows × R is never made.
    """
    own, (table, sample) = people.design.replicates, read
    own_df: Floats | None = None
    if isinstance(own, UnitReplicates):
        sums = _unit_sums(table, people, own, basis, drafts)
        scaling = Scaling(scale=own.scale, rscales=own.rscales, centre=own.centre, averaged=own.kind in AVERAGED)
        df, design_df = None, least_df(own.df, table, people)
        weighted = np.stack([table.sums["w", name] for name in basis.names], axis=1)
        own_df = effective_df(sample, statistics_of(drafts, table), weighted)
    elif isinstance(own, Replicates):
        if ahead is None:
            ahead = read_file_sums(people, _shifted(targets, basis, drafts), basis.names)
        sums = _column_sums(ahead, basis, drafts)
        scaling = Scaling(
            scale=own.scale, rscales=np.array(own.rscales), centre=own.centre, averaged=own.kind in AVERAGED
        )
        df, design_df = ahead.df(people, targets, drafts) if ranks and own.df is None else _stated(own, drafts)
    else:
        raise AssertionError("this design has no replicates")
    theta = np.concatenate(
        [evaluate(d.measure, sums[d.margin.name], basis, d.n) for d in drafts], axis=1
    )  # fmt: skip
    value = np.concatenate([d.value for d in drafts])
    away = deviations(theta, value, scaling)
    variance = (away**2).sum(axis=0)
    if isinstance(own, Replicates):
        own_df = _effective_of_jackknife(own, away)
    covariance = away.T @ away if joint else None
    with np.errstate(divide="ignore", invalid="ignore"):
        odds = deviations(np.log(theta / (1 - theta)), np.log(value / (1 - value)), scaling)
    return Answer(
        variance=variance,
        covariance=covariance,
        lossy=np.zeros(len(value), dtype=bool),
        df=df,
        df_effective=own_df,
        design_df=design_df,
        logit_se=np.sqrt((odds**2).sum(axis=0)),
        lost=(~np.isfinite(theta)).sum(axis=0).astype(float),
        replicates=len(theta),
    )


def _effective_of_jackknife(own: Replicates, away: Floats) -> Floats | None:
    """Degrees of freedom of variances whose replicates leave out one unit each; of other kinds nothing is known.

    As `effective_df` where the strata are those of the factors: the replicates of a factor are taken as one stratum.
    """
    if own.kind not in ("jk1", "jkn"):
        return None
    spread = np.zeros(away.shape[1])
    for factor in sorted(set(own.rscales)):
        part = away[np.array(own.rscales) == factor]
        spread += variance_of_squares(np.full(1, float(len(part))), (part**2).sum(axis=0), (part**4).sum(axis=0))
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = (away**2).sum(axis=0)
        return np.where(variance > 0, np.where(spread > 0, 2 * variance**2 / spread, np.inf), np.nan)


def _unit_sums(
    table: Totals, people: SampledPeople, own: UnitReplicates, basis: Basis, drafts: Sequence[LinearisedMeasure]
) -> dict[str, Floats]:
    """For each margin the sums under every replicate: R × domains × columns."""
    rows = multiplier_rows(table, own)
    if people.design.calibrations:
        return _calibrated_sums(table, people, own, rows, basis, drafts)
    out: dict[str, Floats] = {}
    for margin in _margins(drafts):
        shape = (len(margin.labels), len(own.units))
        parts = [
            sparse.csr_array((table.sums["w", name], (margin.domain, rows)), shape) @ own.multipliers
            for name in basis.names
        ]
        out[margin.name] = np.stack(parts, axis=-1).transpose(1, 0, 2)
    return out


def _calibrated_sums(
    table: Totals,
    people: SampledPeople,
    own: UnitReplicates,
    rows: Codes,
    basis: Basis,
    drafts: Sequence[LinearisedMeasure],
) -> dict[str, Floats]:
    """The same where every replicate was calibrated: its factors differ between the groups of a unit."""
    steps = read_steps(table, people.design.calibrations)
    groups = np.arange(len(rows))
    to = {
        m.name: sparse.csr_array((np.ones(len(rows)), (m.domain, groups)), (len(m.labels), len(rows)))
        for m in _margins(drafts)
    }
    parts: dict[str, list[Floats]] = {name: [] for name in to}
    for block in batched(range(own.multipliers.shape[1]), BLOCK):
        part = slice(block[0], block[-1] + 1)
        weight = own.multipliers[rows, part] * replicate_factors(steps, part)
        for name, matrix in to.items():
            sums = [matrix @ (table.sums["w", column][:, None] * weight) for column in basis.names]
            parts[name].append(np.stack(sums, axis=-1).transpose(1, 0, 2))
    return {name: np.concatenate(found) for name, found in parts.items()}


def least_df(df: float, table: Totals, people: SampledPeople) -> float:
    """Degrees of freedom of replicates of units; weights that meet p totals vary in n − p directions at the most."""
    if not people.design.calibrations:
        return df
    return min(df, float(table.n.sum()) - rank(read_steps(table, people.design.calibrations)))


def _margins(drafts: Sequence[LinearisedMeasure]) -> list[Margin]:
    return list({d.margin.name: d.margin for d in drafts}.values())


@dataclass(frozen=True, kw_only=True, eq=False)
class FileSums:
    """Sums of the people of a file under each of its replicate weights, by the domains of the small table.

    Attributes
    ----------
    of : mapping of str to array, shape (replicates, groups)
        By row column.
    ranks : dict
        Degrees of freedom that were found, by the margins and scopes that they are of: they are the same of every draw.
    """

    of: Mapping[str, Floats]
    ranks: dict[tuple[Any, ...], tuple[Floats, float]] = field(
        default_factory=dict[tuple[Any, ...], tuple[Floats, float]]
    )

    def df(self, people: SampledPeople, targets: Targets, drafts: Sequence[LinearisedMeasure]) -> tuple[Floats, float]:
        """Degrees of freedom by the rank of the replicate weights."""
        key = tuple((d.margin.name, d.measure.target.scope, len(d.value)) for d in drafts)
        if key not in self.ranks:
            self.ranks[key] = _rank_df(people, targets, drafts)
        return self.ranks[key]


def read_file_sums(people: SampledPeople, columns: Mapping[str, nw.Expr], names: Sequence[str]) -> FileSums:
    """Read the file once with its replicate weights, in blocks of columns: all row columns of all draws together.

    Parameters
    ----------
    people : People
        With replicate weights in their design.
    columns : mapping
        Row columns.
    names : sequence of str
        Those that are summed.
    """
    own: Any = people.design.replicates
    keys = tuple(dict.fromkeys(name for margin in by_margins(people.by) for name in margin))
    every = {**columns, **replicate_columns(people.schema, people.design)}
    wanted = {
        (position, name): (f"k{position}", name)
        for position in range(len(own.columns))
        for name in dict.fromkeys(names)
    }
    sums = totals_in_blocks(people.frame, keys, every, wanted).sums
    return FileSums(
        of={
            name: np.stack([sums[position, name] for position in range(len(own.columns))])
            for name in dict.fromkeys(names)
        }
    )


def _column_sums(read: FileSums, basis: Basis, drafts: Sequence[LinearisedMeasure]) -> dict[str, Floats]:
    """For each margin the sums under every replicate: R × domains × columns."""
    out: dict[str, Floats] = {}
    for margin in _margins(drafts):
        to = sparse.csr_array(
            (np.ones(len(margin.domain)), (margin.domain, np.arange(len(margin.domain)))),
            (len(margin.labels), len(margin.domain)),
        )
        out[margin.name] = np.stack([(to @ read.of[name].T).T for name in basis.names], axis=-1)
    return out


def _shifted(targets: Targets, basis: Basis, drafts: Sequence[LinearisedMeasure]) -> dict[str, nw.Expr]:
    columns = dict(targets.columns)
    for measure in {id(d.measure): d.measure for d in drafts}.values():
        for name in measure.columns:
            if name in basis.shifts:
                counted = columns[measure.target.counted].cast(nw.Float64)
                columns[name] = targets.columns[name] - counted * basis.shifts[name]
        if measure.square is not None:
            number = columns[measure.top].cast(nw.Float64)
            columns[measure.square] = number * number
    return columns


def _stated(own: Replicates, drafts: Sequence[LinearisedMeasure]) -> tuple[Floats, float]:
    df = np.nan if own.df is None else own.df
    return np.full(sum(len(d.value) for d in drafts), df), df


def _rank_df(people: SampledPeople, targets: Targets, drafts: Sequence[LinearisedMeasure]) -> tuple[Floats, float]:
    """Degrees of freedom of replicate weights: their rank less 1, among the rows of each domain and of all."""
    by = tuple(dict.fromkeys(name for margin in by_margins(people.by) for name in margin))
    weights = replicate_columns(people.schema, people.design)
    keyed = people.frame.with_columns(_pattern(weights, people).alias(_PATTERN))
    result = len(totals(keyed, keys=(_PATTERN,), columns={}, sums={}).n)
    if result > PATTERNS:
        # More patterns than replicates many times over: putting some together leaves the rank as it is.
        keyed = keyed.with_columns((nw.col(_PATTERN) % PATTERNS).alias(_PATTERN))
    scopes = tuple(dict.fromkeys(d.measure.target.scope for d in drafts))
    columns = {**weights, **{name: targets.columns[name] for name in scopes}}
    products: dict[Any, tuple[str, ...]] = {name: (name,) for name in columns}
    table = totals_in_blocks(keyed, (_PATTERN, *by), columns, products)
    matrix = np.stack([table.sums[name] for name in weights], axis=1)
    size = np.abs(matrix).max(axis=1, keepdims=True)
    matrix = matrix / np.where(size > 0, size, 1.0)
    margins = {margin.name: margin for margin in margins_of(table, people.by, people.categories)}
    parts: list[Floats] = []
    known: dict[tuple[str, str], Floats] = {}
    for d in drafts:
        key = (d.margin.name, d.measure.target.scope)
        if key not in known:
            known[key] = _ranks(matrix, margins[d.margin.name], table.sums[d.measure.target.scope] > 0, len(d.value))
        parts.append(known[key] - 1)
    return np.concatenate(parts), float(_rank(matrix) - 1)


def _pattern(weights: Mapping[str, nw.Expr], people: SampledPeople) -> nw.Expr:
    """A number that is the same for rows whose replicate weights stand in the same ratios to their sampling weight."""
    rng = np.random.default_rng(0)
    mixed = reduce(add, [weight * nw.lit(float(rng.uniform(0.5, 1.5))) for weight in weights.values()])
    sampling = weight_columns(people.schema, str(people.design.weights))["w"]
    # Who weighs nothing has no ratio: one pattern of zeros, which adds nothing to the rank.
    sampling = nw.when(sampling == 0.0).then(nw.lit(1.0)).otherwise(sampling)
    return (mixed / sampling * 1e6).round(0).cast(nw.Int64)


def _ranks(matrix: Floats, margin: Margin, met: Any, domains: int) -> Floats:
    return np.array([_rank(matrix[(margin.domain == position) & met]) for position in range(domains)], dtype=float)


def _rank(matrix: Floats) -> int:
    """Rank by the eigenvalues of the smaller of X'X and XX'."""
    if not matrix.size:
        return 0
    gram = matrix.T @ matrix if len(matrix) > matrix.shape[1] else matrix @ matrix.T
    values = np.linalg.eigvalsh(gram)
    return int((values > values[-1] * RANK_TOLERANCE**2).sum())
