"""From people and targets to a table of domains: one query, then values, variances and counts as arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fl_estimate.design.calibrated import CalibrationResidual, Influence, KnownStep, read_steps, residual
from fl_estimate.design.calibrated_sums import read_summed_steps, shows_sums, sum_of
from fl_estimate.design.concentration import effective_df
from fl_estimate.design.domains import DomainSums, Margin, by_margins, margins_of, require_few_cells
from fl_estimate.design.sample import SampleStages, Stage
from fl_estimate.design.small_table import Codes, Floats, Totals, cached_blocks, met_of
from fl_estimate.design.variance import Statistic, taylor
from fl_estimate.errors import EstimateFault
from fl_estimate.estimators.survey.domain_query import (
    Measure,
    SampledPeople,
    basis_of,
    is_binary,
    of_counted,
    read_totals,
)
from fl_estimate.estimators.survey.linearised import Answer, Basis, LinearisedMeasure, draft, statistics_of
from fl_estimate.estimators.survey.replicated import FileSums, by_replicates, read_file_sums
from fl_estimate.estimators.survey.support import cases_of, crossing_of, respondents_of, units_with_cases
from fl_estimate.estimators.survey.targets import Targets
from fl_estimate.inputs.replicates import Replicates
from fl_estimate.inputs.sample_design import Design
from fl_estimate.results.crossing import Crossing

EQUAL = 1e-9
"""Squared coefficient of variation of the weights below which they are equal."""
FEW_PAIRS = 4_000_000
"""Units × domains up to which each pair has a place (4 MB)."""
JOINT_ROWS = 1_000
"""Rows up to which the covariance between all rows is given (8 MB)."""


@dataclass(frozen=True, kw_only=True)
class DomainMeasures:
    """A measure in every domain of a margin; every array has shape (domains,).

    `cases` are Σ y, `not_zero` the persons whose value is not 0: the same of an outcome of 0 and 1. `respondents` are the
    persons among the `n` rows counted, which rows of episodes are not. `df_effective` are the degrees of freedom of the
    variance itself, not yet cut at `df`; NaN where there are none.
    """

    measure: Measure
    margin: Margin
    value: Floats
    variance: Floats
    srs_variance: Floats
    weight: Floats
    n: Floats
    in_scope: Floats
    cases: Floats
    respondents: Floats
    not_zero: Floats
    psus_with_cases: Floats
    binary: bool
    undetermined: Floats
    n_undetermined: Floats
    df: Floats
    df_effective: Floats
    logit_se: Floats | None = None
    lost: Floats | None = None


@dataclass(frozen=True, kw_only=True)
class DomainTable:
    """All cells of a call, their joint covariance in the same order, and the sample they came from.

    With replicates, `replicates` is their number, `logit_se` of cells the standard error of the log-odds over them,
    and `lost` how many of them gave no value in a domain. `weightless` is how many rows have a weight of 0.
    """

    cells: tuple[DomainMeasures, ...]
    covariance: Floats | None
    sample: SampleStages
    design_df: float
    replicates: int = 0
    crossing: Crossing | None = None
    weightless: int = 0

    def gap_se(self, one: int, other: int) -> Floats:
        """The standard error of the distance between two cells, by domain; infinite where nobody knows their covariance."""
        if self.covariance is None:
            return np.full(len(self.cells[one].value), np.inf)
        offsets = np.cumsum([0, *(len(cells.value) for cells in self.cells)])
        low, high = (slice(offsets[position], offsets[position + 1]) for position in (one, other))
        squares = np.diag(self.covariance)
        return np.sqrt(np.maximum(squares[low] + squares[high] - 2 * np.diag(self.covariance[low, high]), 0.0))

    def covariance_of(self, positions: Sequence[int], blank: npt.NDArray[np.bool_]) -> Floats | None:
        """The joint covariance in the order of rows; rows without a value have none."""
        if self.covariance is None:
            return None
        result = self.covariance[np.ix_(positions, positions)]
        result[blank, :], result[:, blank] = np.nan, np.nan
        return result


def tabulate(
    people: SampledPeople, targets: Targets, measures: Sequence[Measure], *, ranks: bool = True
) -> DomainTable:
    """Estimate every measure in every domain; variances from the replicates where the design of `people` has them.

    Parameters
    ----------
    people : People
    targets : Targets
    measures : sequence of Measure
    ranks : bool
        Whether degrees of freedom are wanted of replicate weights that came with the file (they cost a query).

    Raises
    ------
    EstimateFault
        FL-EST-03, FL-EST-06, FL-EST-07 (a missing outcome nobody decided on), FL-EST-09 (where= not 0/1),
        FL-EST-15 (no rows).
    DesignFault
        FL-DESIGN-07 to FL-DESIGN-14, FL-DESIGN-25.
    """
    shifts: dict[str, float] = {}
    read = read_totals(people, targets, measures, shifts)
    result = _table(people, targets, measures, read, shifts, ranks=ranks)
    if result is None:
        # A variable's spread is tiny beside its mean, and squares are summed: centre it and read the rows once more.
        table = read[0]
        shifts = {
            name: float(table.sums["w", name].sum() / table.sums["w", counted].sum())
            for name, counted in _numeric(measures, table).items()
        }
        result = _table(
            people, targets, measures, read_totals(people, targets, measures, shifts), shifts, ranks=ranks, final=True
        )
    if result is None:
        raise AssertionError("the second reading is final")
    return result


def tabulate_draws(
    people: SampledPeople, drawn: Sequence[tuple[Targets, Sequence[Measure]]], *, ranks: bool = True
) -> tuple[DomainTable, ...]:
    """The same of several sets of 0/1 outcomes (those of each draw of imputed answers), whose sums come from one query.

    Parameters
    ----------
    people : People
    drawn : sequence of (Targets, sequence of Measure)
        Names of columns differ between the sets wherever the columns do.
    ranks : bool

    Raises
    ------
    EstimateFault, DesignFault
        As `tabulate`.
    """
    every = Targets(
        targets=tuple(target for targets, _ in drawn for target in targets.targets),
        columns={name: column for targets, _ in drawn for name, column in targets.columns.items()},
    )
    measures = [measure for _, own in drawn for measure in own]
    read = read_totals(people, every, measures, {})
    # Replicate weights of a file too are read once for all sets.
    of_file = isinstance(people.design.replicates, Replicates)
    ahead = read_file_sums(people, every.columns, basis_of(measures)) if of_file else None
    tables: list[DomainTable] = []
    for targets, measures in drawn:
        made = _table(people, targets, measures, read, {}, ranks=ranks, final=True, ahead=ahead)
        if made is None:
            raise AssertionError("outcomes of 0 and 1 are read once")
        tables.append(made)
    return tuple(tables)


def _numeric(measures: Sequence[Measure], table: Totals) -> dict[str, str]:
    """Row columns that are not 0/1, each with the 0/1 column of the rows it counts in."""
    return {
        name: m.target.counted
        for m in measures
        for name in (m.top, m.bottom)
        if name not in (None, m.target.counted) and not is_binary(m.target, table)
    }


def _table(
    people: SampledPeople,
    targets: Targets,
    measures: Sequence[Measure],
    read: tuple[Totals, SampleStages],
    shifts: Mapping[str, float],
    *,
    ranks: bool,
    final: bool = False,
    ahead: FileSums | None = None,
) -> DomainTable | None:
    """Values and variances from the small table; None where the variables must be centred first."""
    table, sample = read
    _check_unknown(targets, table)
    margins = margins_of(table, people.by, people.categories)
    require_few_cells(sum(len(margin.labels) for margin in margins), by_margins(people.by), len(measures))
    margins = _without_empty_missing(margins, targets, table)
    basis = Basis(names=tuple(basis_of(measures)), shifts=shifts)
    sums = DomainSums(table)
    drafts = [draft(measure, margin, sums, basis) for measure in measures for margin in margins]
    joint = sum(len(d.value) for d in drafts) <= JOINT_ROWS
    answer = (
        _by_taylor(people.design, table, sample, basis, drafts, joint=joint)
        if people.design.replicates is None
        else by_replicates(people, targets, read, basis, drafts, joint=joint, ranks=ranks, ahead=ahead)
    )
    flat = np.concatenate([np.full(len(d.value), is_binary(d.measure.target, table)) for d in drafts])
    crowded = np.concatenate([d.crowded for d in drafts])
    if not final and ((answer.lossy | crowded) & ~flat).any():
        return None
    cells = [
        _cells(d, sums, table, (sample, people.design), basis, answer, start)
        for d, start in zip(drafts, _starts(drafts), strict=True)
    ]
    known = answer.design_df
    return DomainTable(
        cells=tuple(cells),
        covariance=answer.covariance,
        sample=sample,
        design_df=_design_df(table, sample) if known is None else known,
        replicates=answer.replicates,
        crossing=crossing_of(table, targets, people.by, shifts, sums),
        weightless=int(_weightless(table).sum()),
    )


def _weightless(table: Totals) -> Floats:
    """How many rows of each group have a weight of 0."""
    return table.sums.get(("w_zero",), np.zeros(len(table.n)))


def _design_df(table: Totals, sample: SampleStages) -> float:
    """Units less strata of the whole sample, both counted among those with a row that weighs anything, as R counts them."""
    stage, rows = sample.stages[0], table.n
    if (weightless := _weightless(table)).any():
        rows = rows - weightless
    weighing = rows > 0
    unit = met_of(stage.unit if weighing.all() else stage.unit[weighing], len(stage.stratum))
    units = rows.sum() if sample.rows_are_units else np.count_nonzero(unit)
    return float(units - len(np.unique(stage.stratum[unit])))


def _starts(drafts: Sequence[LinearisedMeasure]) -> list[int]:
    return np.cumsum([0, *(len(d.value) for d in drafts)])[:-1].tolist()


def _by_taylor(
    design: Design,
    table: Totals,
    sample: SampleStages,
    basis: Basis,
    drafts: Sequence[LinearisedMeasure],
    *,
    joint: bool,
) -> Answer:
    weighted = np.stack([table.sums["w", name] for name in basis.names], axis=1)
    moments = _moments(table, basis.names) if sample.rows_are_units else None
    statistics = statistics_of(drafts, table)
    calibrated = _calibrated(design, table, drafts, statistics, basis)
    result = taylor(
        sample, statistics, weighted, moments, single_psu=design.single_psu, joint=joint,
        in_domain=design.single_psu_scope == "domain", calibrated=calibrated,
    )  # fmt: skip
    own = effective_df(
        sample, statistics, weighted, calibrated, _powers(table, basis, drafts, sample), result.distances
    )  # fmt: skip
    return Answer(
        variance=result.diagonal, covariance=result.covariance, lossy=result.lossy, design_df=sample.df,
        df_effective=np.where(result.diagonal == 0, np.nan, own),
    )  # fmt: skip


def _powers(
    table: Totals, basis: Basis, drafts: Sequence[LinearisedMeasure], sample: SampleStages
) -> list[Floats | None]:
    """Σ z to Σ z⁴ over the rows of each group, where rows are units and the influence z has two values times the weight."""
    return [_of_draft(table, basis, each) if sample.rows_are_units else None for each in drafts]


def _of_draft(table: Totals, basis: Basis, found: LinearisedMeasure) -> Floats | None:
    measure, counted = found.measure, found.measure.target.counted
    absent = ("w", "w", "w", "w", measure.top) not in table.sums
    if absent or not of_counted(measure) or not is_binary(measure.target, table):
        return None
    own = found.coefficients[found.margin.domain]
    of_no = own[:, basis.names.index(counted)] * (measure.top != counted)
    of_yes = own[:, basis.names.index(measure.top)] + of_no
    out = np.empty((4, len(table.n)))
    for power in range(1, 5):
        # Of 0/1 columns every power is the column itself; of the second the sum is that of the moments.
        yes, every = (
            table.sums[(*["w"] * power, *[name] * (2 if power == 2 else 1))] for name in (measure.top, counted)
        )
        out[power - 1] = of_yes**power * yes + of_no**power * (every - yes)
    domain, size = found.margin.domain, len(found.value)
    n, w, w2 = (
        np.bincount(domain, weights=table.sums[key], minlength=size)
        for key in ((counted,), ("w", counted), ("w", "w", counted, counted))
    )
    # Of equal weights the variance follows from the share: there is nothing that could be concentrated.
    out[:, (n * w2 - w**2 <= EQUAL * w**2)[domain]] = np.nan
    return out


def _calibrated(
    design: Design,
    table: Totals,
    drafts: Sequence[LinearisedMeasure],
    statistics: Sequence[Statistic],
    basis: Basis,
) -> CalibrationResidual | None:
    """What known totals explain of the influences, where the weights were calibrated: of each measure the calibrations it had."""
    if not design.calibrations:
        return None
    summed = shows_sums(table)
    steps: Sequence[KnownStep] = (
        read_summed_steps(table, design.calibrations) if summed else read_steps(table, design.calibrations)
    )
    had = [len(steps) if d.measure.calibrations is None else d.measure.calibrations for d in drafts]
    weighted: dict[tuple[str, ...], Floats] = {}
    parts = [
        residual(
            steps[:count],
            [
                (one.domain, _influence(table, basis, weighted, one, share=float(count == mine)), len(one.coefficients))
                for one, mine in zip(statistics, had, strict=True)
            ],
        )
        for count in sorted({*had} - {0})
    ]
    if len(parts) == 1:
        return parts[0]
    if not parts:
        return None
    return CalibrationResidual(
        features=np.concatenate([part.features for part in parts], axis=1),
        coefficients=np.concatenate([part.coefficients for part in parts], axis=0),
    )


def _influence(
    table: Totals, basis: Basis, known: dict[tuple[str, ...], Floats], of: Statistic, *, share: float
) -> Influence:
    """Σ of influences of each group; times further columns where the table has such sums. Those that were read are `known`."""

    def influence(extra: tuple[str, ...]) -> Floats:
        if extra not in known:
            known[extra] = np.stack([sum_of(table, ("w", name), extra) for name in basis.names], axis=1)
        return np.einsum("gj,gj->g", of.coefficients[of.domain], known[extra]) * share

    return influence


def _check_unknown(targets: Targets, table: Totals) -> None:
    for target in targets.targets:
        unknown = int(table.sums[target.unknown,].sum())
        if unknown and not target.treatment:
            raise EstimateFault(
                "FL-EST-07",
                f"{target.outcome!r} is missing in some rows, and nobody has said what that means",
                found=f"{unknown:,} rows",
                fix='unknown="exclude" leaves them out, unknown="no" counts them as no, unknown="bounds" gives both ends',
            )


def _without_empty_missing(margins: Sequence[Margin], targets: Targets, table: Totals) -> tuple[Margin, ...]:
    """Drop the row of missing by-values where nobody in scope is in it."""
    kept: list[Margin] = []
    scope = sum(table.sums[target.scope,] for target in targets.targets)
    for margin in margins:
        last = len(margin.labels) - 1
        has_missing = bool(margin.columns) and margin.labels[last] == (None,) * len(margin.columns)
        empty = has_missing and not np.asarray(scope)[margin.domain == last].any()
        # The groups stay (their units are part of the design); their domain has weight 0 and its row is not shown.
        kept.append(margin if not empty else _hidden(margin))
    return tuple(kept)


def _hidden(margin: Margin) -> Margin:
    # Nobody in these groups is in scope, so every sum of theirs is 0: adding them to a domain that is shown adds 0.
    last = len(margin.labels) - 1
    domain = np.where(margin.domain == last, 0, margin.domain)
    labels = margin.labels[:-1]
    return Margin(name=margin.name, columns=margin.columns, domain=domain, labels=labels) if labels else margin


def _moments(table: Totals, basis: Sequence[str]) -> Floats:
    out = np.empty((len(table.n), len(basis), len(basis)))
    for j, one in enumerate(basis):
        for k, other in enumerate(basis):
            out[:, j, k] = table.sums["w", "w", *sorted((one, other))]
    return out


def _cells(
    found: LinearisedMeasure,
    sums: DomainSums,
    table: Totals,
    drawn: tuple[SampleStages, Design],
    basis: Basis,
    answer: Answer,
    start: int,
) -> DomainMeasures:
    measure, margin, target = found.measure, found.margin, found.measure.target
    sample, design = drawn
    own = slice(start, start + len(found.value))
    n = sums((target.counted,), margin)
    weight = sums(("w", target.counted), margin)
    scope_weight = sums(("w", target.scope), margin)
    with np.errstate(divide="ignore", invalid="ignore"):
        undetermined = sums(("w", target.unknown), margin) / scope_weight
    spread = measure.square is not None
    return DomainMeasures(
        measure=measure,
        margin=margin,
        value=found.value,
        variance=np.where(np.isnan(found.value), np.nan, answer.variance[own]),
        srs_variance=np.full(len(n), np.nan) if spread else _srs_variance(found, sums, basis, n, weight),
        weight=weight,
        n=n,
        in_scope=sums((target.scope,), margin),
        # Counts are of the column as it is: a shifted one is not 0/1 any more, and then there are no cases.
        cases=sums((target.value,), margin),
        respondents=respondents_of(target, sums, margin, table),
        not_zero=cases_of(target, sums, margin, table),
        psus_with_cases=units_with_cases(target, table, margin, sample, design),
        binary=is_binary(target, table) and not spread,
        undetermined=undetermined,
        n_undetermined=sums((target.unknown,), margin),
        df=np.minimum(_domain_df(table.sums[target.scope,], margin, sample), _most(answer))
        if answer.df is None
        else answer.df[own],
        df_effective=np.full(len(n), np.nan) if answer.df_effective is None else answer.df_effective[own],
        logit_se=None if answer.logit_se is None else answer.logit_se[own],
        lost=None if answer.lost is None else answer.lost[own],
    )


def _most(answer: Answer) -> float:
    """Degrees of freedom that no domain exceeds: those of the replicates, which can be fewer than units less strata."""
    return np.inf if answer.design_df is None else answer.design_df


def _srs_variance(draft: LinearisedMeasure, sums: DomainSums, basis: Basis, n: Floats, weight: Floats) -> Floats:
    """Variance under simple random sampling with replacement of n rows (R survey's deff = "replace").

    S²/n, with S² = Σw(e − ē)²/Σw · n/(n − 1) the weighted variance of what the statistic is a mean of.
    """
    measure = draft.measure
    counted = basis.names.index(measure.target.counted)
    used = sorted({measure.top, *([measure.bottom] if measure.bottom else []), measure.target.counted})
    at = [basis.names.index(name) for name in used]
    square = np.zeros((len(n), len(used), len(used)))
    for j, one in enumerate(used):
        for k, other in enumerate(used):
            square[:, j, k] = sums(("w", *sorted((one, other))), draft.margin)
    e = np.repeat(basis.vector(measure.top, measure)[None, :], len(n), axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        if measure.bottom is None:
            e[:, counted] -= draft.top / weight
        else:
            e -= draft.value[:, None] * basis.vector(measure.bottom, measure)
        e = e[:, at]
        spread = np.einsum("dj,djk,dk->d", e, square, e) / weight * n / (n - 1) / n
        size = weight if draft.bottom is None else weight / draft.bottom
        return spread * size**2


def _domain_df(scope: Floats, margin: Margin, sample: SampleStages) -> Floats:
    """Units less strata, both counted among those with a row in the domain."""
    stage, width = sample.stages[0], len(margin.labels)
    if not sample.rows_are_units and len(stage.stratum) * width <= FEW_PAIRS:
        return _units_less_strata(stage, margin, scope)
    strata = _distinct(stage.unit, margin.domain, scope, width, of=stage.stratum)
    if sample.rows_are_units:
        return np.bincount(margin.domain, weights=scope, minlength=width) - strata
    return _distinct(stage.unit, margin.domain, scope, width) - strata


def _units_less_strata(stage: Stage, margin: Margin, scope: Floats) -> Floats:
    """The same with a place for every unit and domain."""
    width = len(margin.labels)
    everybody = width == 1 and (scope > 0).all()
    unit = np.full((len(stage.stratum), width), everybody)
    for part in cached_blocks(0 if everybody else len(stage.unit)):
        place, counted = stage.unit[part] * width + margin.domain[part], scope[part] > 0
        unit.reshape(-1)[place if counted.all() else place[counted]] = True
    stratum = np.zeros((len(stage.size), width), dtype=bool)
    # Units of one stratum are neighbours nearly always; where they are not, parts of a stratum are put together.
    starts = np.flatnonzero(np.diff(stage.stratum, prepend=-1))
    np.logical_or.at(stratum, stage.stratum[starts], np.logical_or.reduceat(unit, starts, axis=0))
    return (np.count_nonzero(unit, axis=0) - np.count_nonzero(stratum, axis=0)).astype(float)


def _distinct(unit: Codes, domain: Codes, scope: Floats, width: int, of: Codes | None = None) -> Floats:
    """How many different units (or codes `of` units) each domain has among the groups with a row in scope."""
    most = int((unit if of is None else of).max(initial=-1)) + 1
    pairs: list[Codes] = []
    small = most * width <= 4 * len(unit) + 1_000_000
    met = np.zeros(most * width if small else 0, dtype=bool)
    for part in cached_blocks(len(unit)):
        code = unit[part] if of is None else of[unit[part]]
        pair, counted = code * width + domain[part], scope[part] > 0
        if not counted.all():
            pair = pair[counted]
        if small:
            met[pair] = True
        else:
            pairs.append(np.unique(pair))
    if small:
        return met.reshape(most, width).sum(axis=0).astype(float)
    return np.bincount(np.unique(np.concatenate(pairs)) % width, minlength=width).astype(float)
