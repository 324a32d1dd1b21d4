"""From people and targets to a table of domains: one query, then values, variances and counts as arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement
from typing import Any

import narwhals as nw
import numpy as np

from fl_estimate.design.domains import By, Margin, by_margins, check_size, margins_of
from fl_estimate.design.sample import Sample, read_sample, unit_columns
from fl_estimate.design.totals import Codes, Floats, Totals, as_lazy, require_columns, totals
from fl_estimate.design.variance import Statistic, taylor
from fl_estimate.errors import DesignFault, EstimateFault, listed
from fl_estimate.estimators.targets import Target, Targets
from fl_estimate.inputs.sample_design import Design
from fl_estimate.schema.expressions import missing

JOINT_ROWS = 1_000
"""Rows up to which the covariance between all rows is given (8 MB)."""

Product = tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class People:
    """The frame of one call, read lazily, with its design and the columns wanted of it."""

    frame: nw.LazyFrame[Any]
    schema: Mapping[str, Any]
    design: Design
    by: By
    categories: Mapping[str, Sequence[str]]


@dataclass(frozen=True, kw_only=True)
class Measure:
    """One quantity of one target: a total of `top`, or the ratio of `top` to `bottom`, as names of row columns."""

    target: Target
    top: str
    bottom: str | None
    bound: str = ""


@dataclass(frozen=True, kw_only=True)
class Cells:
    """A measure in every domain of a margin; every array has shape (domains,)."""

    measure: Measure
    margin: Margin
    value: Floats
    variance: Floats
    srs_variance: Floats
    weight: Floats
    n: Floats
    in_scope: Floats
    cases: Floats
    binary: bool
    undetermined: Floats
    df: Floats


@dataclass(frozen=True, kw_only=True)
class DomainTable:
    """All cells of a call, their joint covariance in the same order, and the sample they came from."""

    cells: tuple[Cells, ...]
    covariance: Floats | None
    sample: Sample
    design_df: float


def read_people(frame: Any, design: Design, by: By) -> People:
    """Look at the frame's columns; no row is read.

    Raises
    ------
    EstimateFault
        FL-EST-01, FL-EST-02, FL-EST-04.
    """
    lazy = as_lazy(frame)
    schema = lazy.collect_schema()
    columns = [name for margin in by_margins(by) for name in margin]
    require_columns(schema, [*design.columns, *columns])
    return People(frame=lazy, schema=schema, design=design, by=by, categories=_categories(frame, schema, columns))


def _categories(frame: Any, schema: Mapping[str, Any], columns: Sequence[str]) -> dict[str, Sequence[str]]:
    """Declared categories of by-columns: those of an Enum, and of a pandas categorical."""
    found: dict[str, Sequence[str]] = {}
    for name in columns:
        dtype = schema[name]
        if isinstance(dtype, nw.Enum):
            found[name] = tuple(dtype.categories)
        elif isinstance(dtype, nw.Categorical):
            native = nw.from_native(frame, eager_only=False)
            if native.implementation.is_pandas():
                # An Arrow dictionary is no pandas categorical: it declares nothing beyond what it holds.
                declared = getattr(native.to_native()[name].dtype, "categories", ())
                found[name] = tuple(str(value) for value in declared)
    return found


def tabulate(people: People, targets: Targets, measures: Sequence[Measure]) -> DomainTable:
    """Estimate every measure in every domain.

    Raises
    ------
    EstimateFault
        FL-EST-03, FL-EST-06, FL-EST-07 (a missing outcome nobody decided on), FL-EST-09 (where= not 0/1),
        FL-EST-15 (no rows).
    DesignFault
        FL-DESIGN-07 to FL-DESIGN-13.
    """
    shifts: dict[str, float] = {}
    table, sample = _read(people, targets, measures, shifts)
    result = _table(people, targets, measures, table, sample, shifts)
    if result is not None:
        return result
    # Rows are units and a variable's spread is tiny beside its mean: centre it and read the rows once more.
    shifts = {
        name: float(table.sums["w", name].sum() / table.sums["w", counted].sum())
        for name, counted in _numeric(measures, table).items()
    }
    table, sample = _read(people, targets, measures, shifts)
    result = _table(people, targets, measures, table, sample, shifts, final=True)
    if result is None:
        raise AssertionError("the second reading is final")
    return result


def _numeric(measures: Sequence[Measure], table: Totals) -> dict[str, str]:
    """Row columns that are not 0/1, each with the 0/1 column of the rows it counts in."""
    return {
        name: m.target.counted
        for m in measures
        for name in (m.top, m.bottom)
        if name not in (None, m.target.counted) and not _is_binary(m.target, table)
    }


def _is_binary(target: Target, table: Totals) -> bool:
    return target.denominator is None and not table.sums[target.not_binary,].any()


def _read(
    people: People, targets: Targets, measures: Sequence[Measure], shifts: Mapping[str, float]
) -> tuple[Totals, Sample]:
    """Send the one query and read the sample off it."""
    design = people.design
    columns = dict(targets.columns)
    for measure in measures:
        for name in {measure.top, measure.bottom} & shifts.keys():
            columns[name] = targets.columns[name] - columns[measure.target.counted] * shifts[name]
    if design.weights is not None:
        columns |= _weight_columns(people.schema, design.weights)
    products = _products(targets, measures, rows_are_units=not design.stages)
    weighted = design.weights is not None
    sums = {product: _canonical(product, targets, weighted=weighted) for product in products}
    flags = [name for name in ("w_missing", "w_zero", "w_negative", "where_not_binary") if name in columns]
    sums |= {(name,): (name,) for name in flags}
    keys = dict.fromkeys([*unit_columns(design), *design.fpc, *(n for m in by_margins(people.by) for n in m)])
    table = totals(people.frame, keys=tuple(keys), columns=columns, sums={p: p for p in dict.fromkeys(sums.values())})
    table = Totals(keys=table.keys, sums={name: table.sums[p] for name, p in sums.items()}, n=table.n)
    if not len(table.n):
        raise EstimateFault("FL-EST-15", "there are no people", found="0 rows", fix="check the file or the filter")
    _check_flags(table, design, flags)
    sample = read_sample(table, design)
    if sample.weight is not None:
        scaled = {p: values * sample.weight ** p.count("w") for p, values in table.sums.items()}
        table = Totals(keys=table.keys, sums=scaled, n=table.n)
    return table, sample


def _canonical(product: Product, targets: Targets, *, weighted: bool) -> Product:
    """The same sum with fewer factors: a value is 0 outside its own 0/1 column, and 1 × 1 is 1."""
    left = [factor for factor in product if factor != "w"]
    for target in targets.targets:
        inner = {target.value, target.upper, target.denominator, target.unknown, target.not_binary} & set(left)
        outer = {"r", target.scope, target.counted}
        if inner:
            left = [factor for factor in left if factor not in outer]
        elif target.counted in left:
            left = [factor for factor in left if factor not in outer - {target.counted}] or [target.counted]
    ones = {"r", *(name for target in targets.targets for name in (target.scope, target.counted, *target.zero_one))}
    short = [factor for place, factor in enumerate(left) if factor not in ones or factor not in left[:place]]
    return (*(["w"] * product.count("w") if weighted else []), *short)


def _weight_columns(schema: Mapping[str, Any], name: str) -> dict[str, nw.Expr]:
    if not (schema[name].is_numeric()):
        raise DesignFault("FL-DESIGN-14", "the weights are not numbers", found=f"{name!r} is {schema[name]}")
    absent = missing(name, schema)
    weight = nw.when(~absent).then(nw.col(name).cast(nw.Float64)).otherwise(nw.lit(1.0))
    flag = {"w_missing": absent, "w_zero": weight == 0.0, "w_negative": weight < 0.0}
    return {"w": weight, **{k: nw.when(c).then(nw.lit(1.0)).otherwise(nw.lit(0.0)) for k, c in flag.items()}}


def _check_flags(table: Totals, design: Design, flags: Sequence[str]) -> None:
    counts = {name: int(table.sums[name,].sum()) for name in flags}
    if counts.get("where_not_binary"):
        raise EstimateFault(
            "FL-EST-09",
            "the where= column holds other values than 0, 1 and missing",
            found=f"{counts['where_not_binary']:,} rows",
            fix='write the condition out, such as where="age >= 18"',
        )
    wrong = [f"{n:,} {kind[2:]}" for kind, n in counts.items() if kind.startswith("w_") and n]
    if wrong:
        raise DesignFault(
            "FL-DESIGN-13",
            "every weight must be a positive number",
            found=f"column {design.weights!r}: {listed(wrong)}",
            fix="correct the weights, or leave out of the file those who are not part of the sample",
        )


def _products(targets: Targets, measures: Sequence[Measure], *, rows_are_units: bool) -> tuple[Product, ...]:
    """Every sum the estimates need, each once."""
    wanted: list[Product] = [("r",)]
    for target in targets.targets:
        wanted += [(target.scope,), (target.counted,), (target.value,), (target.unknown,), (target.not_binary,)]
        wanted += [("w", target.scope), ("w", target.unknown)]
    for measure in measures:
        used = [measure.top, *([measure.bottom] if measure.bottom else []), measure.target.counted]
        wanted += [("w", name) for name in used]
        wanted += [("w", *pair) for pair in combinations_with_replacement(sorted(set(used)), 2)]
        wanted += [(measure.top,)]
    if rows_are_units:
        wanted += [("w", "w", *pair) for pair in combinations_with_replacement(_basis(measures), 2)]
    return tuple(dict.fromkeys(wanted))


def _basis(measures: Sequence[Measure]) -> list[str]:
    names = {name for m in measures for name in (m.top, m.bottom, m.target.counted) if name}
    return sorted(names)


def _table(
    people: People,
    targets: Targets,
    measures: Sequence[Measure],
    table: Totals,
    sample: Sample,
    shifts: Mapping[str, float],
    *,
    final: bool = False,
) -> DomainTable | None:
    """Values and variances from the small table; None where the variables must be centred first."""
    _check_unknown(targets, table)
    margins = margins_of(table, people.by, people.categories)
    check_size(margins)
    margins = _without_empty_missing(margins, targets, table)
    basis = _basis(measures)
    weighted = np.stack([table.sums["w", name] for name in basis], axis=1)
    moments = _moments(table, basis) if sample.rows_are_units else None
    drafts = [_draft(measure, margin, table, basis, shifts) for measure in measures for margin in margins]
    statistics = [
        Statistic(domain=d.margin.domain, coefficients=d.coefficients, met=table.sums[d.measure.target.scope,] > 0)
        for d in drafts
    ]
    rows = sum(len(d.value) for d in drafts)
    result = taylor(
        sample, statistics, weighted, moments, single_psu=people.design.single_psu, joint=rows <= JOINT_ROWS
    )
    if not final:
        flat = np.concatenate([np.full(len(d.value), _is_binary(d.measure.target, table)) for d in drafts])
        if (result.lossy & ~flat).any():
            return None
    cells, start = list[Cells](), 0
    for draft in drafts:
        width = len(draft.value)
        cells.append(_cells(draft, table, sample, basis, shifts, result.diagonal[start : start + width]))
        start += width
    units = table.n.sum() if sample.rows_are_units else len(sample.stages[0].stratum)
    return DomainTable(
        cells=tuple(cells),
        covariance=result.covariance,
        sample=sample,
        design_df=float(units - len(sample.stages[0].size)),
    )


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


@dataclass(frozen=True, kw_only=True)
class _Draft:
    measure: Measure
    margin: Margin
    value: Floats
    coefficients: Floats
    top: Floats
    bottom: Floats | None


def _draft(
    measure: Measure, margin: Margin, table: Totals, basis: Sequence[str], shifts: Mapping[str, float]
) -> _Draft:
    """Value and linearisation: u = top for a total; (top − θ bottom)/Σ w·bottom for a ratio."""
    top_vector = _vector(measure.top, measure, basis, shifts)
    sums = np.stack([_by_domain(table.sums["w", name], margin) for name in basis], axis=1)
    top = sums @ top_vector
    if measure.bottom is None:
        known = _by_domain(table.sums[measure.target.counted,], margin) > 0
        coefficients = np.repeat(top_vector[None, :], len(top), axis=0)
        return _Draft(
            measure=measure, margin=margin, value=np.where(known, top, np.nan), coefficients=coefficients, top=top,
            bottom=None,
        )  # fmt: skip
    bottom_vector = _vector(measure.bottom, measure, basis, shifts)
    bottom = sums @ bottom_vector
    with np.errstate(divide="ignore", invalid="ignore"):
        value = np.where(bottom != 0, top / bottom, np.nan)
        coefficients = (top_vector[None, :] - value[:, None] * bottom_vector[None, :]) / bottom[:, None]
    coefficients = np.where(np.isfinite(coefficients), coefficients, 0.0)
    return _Draft(measure=measure, margin=margin, value=value, coefficients=coefficients, top=top, bottom=bottom)


def _vector(name: str, measure: Measure, basis: Sequence[str], shifts: Mapping[str, float]) -> Floats:
    """A row column as a combination of the columns that were summed: y = (y − s·d) + s·d."""
    vector = np.zeros(len(basis))
    vector[basis.index(name)] += 1
    if name in shifts:
        vector[basis.index(measure.target.counted)] += shifts[name]
    return vector


def _by_domain(values: Floats, margin: Margin) -> Floats:
    return np.bincount(margin.domain, weights=values, minlength=len(margin.labels))


def _cells(
    draft: _Draft, table: Totals, sample: Sample, basis: Sequence[str], shifts: Mapping[str, float], variance: Floats
) -> Cells:
    measure, margin, target = draft.measure, draft.margin, draft.measure.target
    n = _by_domain(table.sums[target.counted,], margin)
    weight = _by_domain(table.sums["w", target.counted], margin)
    scope_weight = _by_domain(table.sums["w", target.scope], margin)
    with np.errstate(divide="ignore", invalid="ignore"):
        undetermined = _by_domain(table.sums["w", target.unknown], margin) / scope_weight
    return Cells(
        measure=measure,
        margin=margin,
        value=draft.value,
        variance=np.where(np.isnan(draft.value), np.nan, variance),
        srs_variance=_srs_variance(draft, table, basis, shifts, n, weight),
        weight=weight,
        n=n,
        in_scope=_by_domain(table.sums[target.scope,], margin),
        # Counts are of the column as it is: a shifted one is not 0/1 any more, and then there are no cases.
        cases=_by_domain(table.sums[target.value,], margin),
        binary=_is_binary(target, table),
        undetermined=undetermined,
        df=_domain_df(table.sums[target.scope,], margin, sample),
    )


def _srs_variance(
    draft: _Draft, table: Totals, basis: Sequence[str], shifts: Mapping[str, float], n: Floats, weight: Floats
) -> Floats:
    """Variance under simple random sampling with replacement of n rows (R survey's deff = "replace").

    S²/n, with S² = Σw(e − ē)²/Σw · n/(n − 1) the weighted variance of what the statistic is a mean of.
    """
    measure = draft.measure
    counted = basis.index(measure.target.counted)
    used = sorted({measure.top, *([measure.bottom] if measure.bottom else []), measure.target.counted})
    at = [basis.index(name) for name in used]
    square = np.zeros((len(n), len(used), len(used)))
    for j, one in enumerate(used):
        for k, other in enumerate(used):
            square[:, j, k] = _by_domain(table.sums["w", *sorted((one, other))], draft.margin)
    e = np.repeat(_vector(measure.top, measure, basis, shifts)[None, :], len(n), axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        if measure.bottom is None:
            e[:, counted] -= draft.top / weight
        else:
            e -= draft.value[:, None] * _vector(measure.bottom, measure, basis, shifts)
        e = e[:, at]
        spread = np.einsum("dj,djk,dk->d", e, square, e) / weight * n / (n - 1) / n
        size = weight if draft.bottom is None else weight / draft.bottom
        return spread * size**2


def _domain_df(scope: Floats, margin: Margin, sample: Sample) -> Floats:
    """Units less strata, both counted among those with a row in the domain."""
    stage, width = sample.stages[0], len(margin.labels)
    met = scope > 0
    stratum = stage.stratum[stage.unit][met]
    strata = _distinct(stratum, margin.domain[met], width)
    if sample.rows_are_units:
        return _by_domain(scope, margin) - strata
    return _distinct(stage.unit[met], margin.domain[met], width) - strata


def _distinct(codes: Codes, domain: Codes, width: int) -> Floats:
    pairs = np.unique(codes * width + domain)
    return np.bincount(pairs % width, minlength=width).astype(float)
