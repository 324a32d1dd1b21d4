"""Weights brought to known totals: calibration and post-stratification. Trimming is in `trimming`, non-response beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, is_dataclass, replace
from itertools import batched
from typing import Any

import narwhals as nw
import numpy as np
from scipy import sparse

from fl_estimate.design.asking import require_few_groups
from fl_estimate.design.calibrated import Step, read_steps, replicate_factors, unit_means, weight_names
from fl_estimate.design.calibrated_rows import by_rows, solve_on_rows
from fl_estimate.design.calibration import Distance, Solution, solve
from fl_estimate.design.grouped_query import check_finite
from fl_estimate.design.margins import combination, features, match_levels, read_margins
from fl_estimate.design.replicates import multiplier_rows
from fl_estimate.design.row_factors import factor_expression, replicate_columns
from fl_estimate.design.row_weights import FLAGS, check_weights, fresh, in_a_column, weight_columns
from fl_estimate.design.small_table import Codes, Floats, Totals
from fl_estimate.design.totals import Frame, as_frame, require_columns, totals, totals_in_blocks
from fl_estimate.design.units import with_rows
from fl_estimate.errors import DesignFault, EstimateFault, labels_shown, names_given, not_one_of, shown
from fl_estimate.inputs.adjustments import METHODS, Calibration, KnownTotal, Method
from fl_estimate.inputs.replicates import Replicates, UnitReplicates
from fl_estimate.inputs.respondents import Resolved, Respondents, resolve
from fl_estimate.inputs.sample_design import Design


def calibrate(
    people: Any,
    margins: Any,
    *,
    design: Design | None = None,
    method: Method = "raking",
    bounds: tuple[float, float] | None = None,
    aggregate: str | None = None,
) -> tuple[Any, Design]:
    """Bring weights to known totals of the population: raking to margins, or regression (GREG) on totals.

    Use it where a census or a register knows how many people there are by sex, age, region, and the sample came out
    otherwise. Variances of what is estimated afterwards are those of residuals: what the totals explain is certain.
    Adjust for non-response first; do not drop rows afterwards (say a subpopulation in `where`).

    Parameters
    ----------
    people : SurveyData, Classification or frame
        The whole sample, one row a person.
    margins : mapping or frame
        Known totals by column: ``{"sex": {"F": 5120, "M": 4980}}`` numbers of people of each class, ``{"income": 3914069}``
        the sum of a quantity, ``{("sex", "age"): {("F", "15-24"): 900, …}}`` classes crossed, ``{"": 10100}`` everybody. Or a frame with the columns `margin`, `level`, `total`: ``sex``, ``F``, 5120; ``sex × age``,
        ``F × 15-24``, 900; the level of a quantity missing.
    design : Design, optional
        How the sample was drawn; taken from `people` where that carries one.
    method : {"raking", "linear", "logit", "sinh"}
        Raking keeps weights above 0; linear is the regression estimator; logit stays within `bounds` and needs them.
    bounds : tuple of float, optional
        Least and greatest factor, around 1: ``(0.5, 2)``.
    aggregate : str, optional
        A column of units, such as the household, in which everybody is to have the same factor.

    Returns
    -------
    people
        As they came, with one more column of weights; a SurveyData or Classification with the new design.
    Design
        Names the new column, and knows the totals.

    Raises
    ------
    DesignFault
        FL-DESIGN-40 to FL-DESIGN-51; FL-DESIGN-06, FL-DESIGN-13, FL-DESIGN-14.
    EstimateFault
        FL-EST-03: a quantity that is infinite; FL-EST-774: replicates, or `aggregate`, of more values than memory takes.

    Notes
    -----
    w_k = d_k F(x_k'λ) with Σ w x = T, solved on the table of the different x; of quantities of more than a million rows that are not
    in memory by sums over the rows, a pass for each of Newton's steps. Replicates of the design are calibrated
    each to the same totals; of a file's columns of replicate weights nothing is written, their factors are applied when
    they are read.

    References
    ----------
    Deville and Särndal (1992), Journal of the American Statistical Association 87, 376-382. Deville, Särndal and Sautory
    (1993), same journal 88, 1013-1020.

    Examples
    --------
    >>> import fl_estimate as fl, pandas as pd
    >>> people = pd.DataFrame({"w": [10.0, 20, 10, 20], "ea": [1, 1, 2, 2], "sex": ["F", "M", "M", "F"]})
    >>> people, design = fl.calibrate(people, {"sex": {"F": 36, "M": 24}}, design=fl.Design(weights="w", psu="ea"))
    >>> design.weights, people["w_calibrated"].round(6).tolist()
    ('w_calibrated', [12.0, 16.0, 8.0, 24.0])
    """
    no_design(margins, "margins")
    _check_method(method, bounds)
    resolved = adjustable(people, design)
    frame, base = in_a_column(as_frame(resolved.frame), resolved.design)
    terms = read_margins({} if margins is None else margins, frame.collect_schema())
    return _calibrated(people, frame, base, terms, method, bounds, aggregate, name="calibrated", partial=False)


def post_stratify(
    people: Any,
    by: str | Sequence[str],
    totals: Any,
    *,
    design: Design | None = None,
    partial: bool = False,
) -> tuple[Any, Design]:
    """Bring weights to known numbers of people in every class of one column, or of several crossed.

    Parameters
    ----------
    people, design
        As in `calibrate`; `design` is given by name.
    by : str or list of str
        The columns that make the post-strata.
    totals : mapping or frame
        People of each class: ``{"F": 5120, "M": 4980}``, ``{("F", "15-24"): 900, …}``; or a frame with the columns of `by` and
        one of numbers.
    partial : bool, default False
        Leave out classes that nobody in the sample has, instead of refusing; the weights then sum to less.

    Returns
    -------
    people, Design
        As from `calibrate`.

    Raises
    ------
    DesignFault
        As `calibrate`.

    Notes
    -----
    w_k = d_k N_c/Σ_c d: the one calibration to these totals, whatever its method.

    References
    ----------
    Särndal, Swensson and Wretman (1992), Model Assisted Survey Sampling, ch. 7.6.

    Examples
    --------
    >>> import fl_estimate as fl, pandas as pd
    >>> people = pd.DataFrame({"w": [10.0, 20, 10, 20], "ea": [1, 1, 2, 2], "sex": ["F", "M", "M", "F"]})
    >>> people, design = fl.post_stratify(people, "sex", {"F": 36, "M": 24}, design=fl.Design(weights="w", psu="ea"))
    >>> people["w_post_stratified"].round(6).tolist()
    [12.0, 16.0, 8.0, 24.0]
    """
    no_design(by, "by")
    columns = names_given(by, "by")
    resolved = adjustable(people, design)
    frame, base = in_a_column(as_frame(resolved.frame), resolved.design)
    terms = read_margins({columns: _by_class(columns, totals)}, frame.collect_schema())
    return _calibrated(people, frame, base, terms, "linear", None, None, name="post_stratified", partial=partial)


def _by_class(columns: tuple[str, ...], given: Any) -> Any:
    """Totals by class, from a mapping or from a frame with the columns and one more."""
    if given is None or isinstance(given, Mapping):
        return dict(given or {})
    rows = nw.from_native(given, eager_only=True)
    require_columns(rows.schema, columns)
    rest = [name for name in rows.columns if name not in columns]
    if len(rest) != 1:
        raise DesignFault(
            "FL-DESIGN-40",
            "totals= does not say known numbers of people",
            found=f"columns beside {labels_shown(columns)}: {labels_shown(rest) or 'none'}",
            fix="a frame with the columns of by= and one of numbers",
        )
    return {tuple(row[name] for name in columns): row[rest[0]] for row in rows.iter_rows(named=True)}


def _check_method(method: str, bounds: Any) -> None:
    if method not in METHODS:
        raise not_one_of("FL-DESIGN-45", "this method of calibration", method, METHODS, DesignFault)
    wrong = bounds is not None and not (len(bounds) == 2 and bounds[0] < 1 < bounds[1] and bounds[0] >= 0)
    if wrong or (method == "logit" and (bounds is None or not np.isfinite(bounds[1]))):
        raise DesignFault(
            "FL-DESIGN-45",
            "the bounds of the factors cannot be used",
            found=f"method={shown(method)}, bounds={shown(bounds)}",
            fix="a least factor from 0 up to 1 and a greatest above 1: bounds=(0.5, 2); logit needs both, finite",
        )


def no_design(given: object, argument: str) -> None:
    """Refuse a design told by its place, where another argument stands; FL-DESIGN-74."""
    if isinstance(given, Design):
        raise DesignFault(
            "FL-DESIGN-74", "a design is given by name", found=f"a Design where {argument}= stands",
            fix="write design=… : a design's place was the second once, and is none now",
        )  # fmt: skip


def adjustable(people: Any, design: Design | None) -> Resolved:
    """The people and their design, where its weights can be adjusted; FL-DESIGN-51 otherwise."""
    resolved = resolve(people, design)
    if resolved.design.phase2 is not None:
        raise DesignFault(
            "FL-DESIGN-51",
            "the weights of two phases are not adjusted here",
            found="Design(phase2=…)",
            fix="adjust the weights of the first phase before the second was drawn",
        )
    return resolved


def handed_back(people: Any, frame: Frame, design: Design) -> tuple[Any, Design]:
    """The people with the new frame, as they came: a frame, or a survey that carries its design."""
    native = frame.to_native()
    if isinstance(people, Respondents) and is_dataclass(people) and not isinstance(people, type):
        return replace(people, people=native, design=design), design  # pyright: ignore[reportCallIssue]
    return native, design


@dataclass(frozen=True, kw_only=True)
class _Read:
    """The small table of a calibration: groups of people with the same terms, with their weights (also of replicates)."""

    x: Floats
    weight: Floats
    replicates: Floats | None


def _calibrated(
    people: Any,
    frame: Frame,
    base: Design,
    terms: Sequence[KnownTotal],
    method: Method,
    bounds: tuple[float, float] | None,
    aggregate: str | None,
    *,
    name: str,
    partial: bool,
) -> tuple[Any, Design]:
    schema = frame.collect_schema()
    require_columns(schema, [str(base.weights), *([aggregate] if aggregate else [])])
    own = base.replicates
    if aggregate is not None and isinstance(own, Replicates):
        raise DesignFault(
            "FL-DESIGN-50",
            "replicate weights of a file are not calibrated by units",
            found=f"aggregate={shown(aggregate)} beside Replicates(…)",
            fix="leave aggregate= out, or the replicates: Design(replicates=None) has Taylor variances",
        )
    distance = Distance(method=method, bounds=bounds)
    if by_rows(frame, base, terms, aggregate):
        terms, result, slopes = *_solved_on_rows(frame, base, terms, distance), None
    else:
        terms, result, slopes = _solved(frame, base, terms, distance, aggregate, partial=partial)
    before = str(base.weights)
    after = fresh(frame, f"{before}_{name}")
    step = Calibration(
        kind="calibration",
        before=before,
        after=after,
        method=method,
        bounds=bounds,
        terms=tuple(terms),
        slopes=result.slopes,
        aggregate=aggregate,
        replicate_slopes=slopes,
        parameters=(("method", method), ("margins", list(dict.fromkeys(t.margin for t in terms if t.columns)))),
    )
    made = _written(frame, step, before)
    # Whatever the weights were before: now they sum to the population that the totals speak of, where these count it.
    counted = any(term.levels is not None or not term.columns for term in terms)
    design = replace(
        base, weights=after, expands=True if counted else base.expands, adjustments=(*base.adjustments, step)
    )
    return handed_back(people, made, design)


def _solved(
    frame: Frame,
    base: Design,
    terms: Sequence[KnownTotal],
    distance: Distance,
    aggregate: str | None,
    *,
    partial: bool,
) -> tuple[tuple[KnownTotal, ...], Solution, Floats | None]:
    """The terms as people have them, λ, and λ of each replicate of the design, on the table of the different terms."""
    table = _table(frame, base, terms, aggregate)
    terms = match_levels(terms, table, partial=partial)
    read = _read(frame, table, base, terms, aggregate)
    check_finite({term.margin: x for term, x in zip(terms, read.x.T, strict=True) if term.levels is None})
    known = np.array([term.total for term in terms])
    result = solve(read.x, read.weight, known, distance)
    _check_solution(result, terms, distance.method, distance.bounds)
    factor = distance.factor(read.x @ result.slopes)
    if (factor <= 0).any():
        raise _not_positive(distance.method, f"factors down to {factor.min():.3g}")
    slopes = None
    if read.replicates is not None:
        each = [solve(read.x, weight, known, distance) for weight in read.replicates.T]
        slopes = np.stack([s.slopes if s.converged else np.full(len(terms), np.nan) for s in each])
        _check_replicates(slopes, base.replicates, distance.method)
    return tuple(terms), result, slopes


def _solved_on_rows(
    frame: Frame, base: Design, terms: Sequence[KnownTotal], distance: Distance
) -> tuple[tuple[KnownTotal, ...], Solution]:
    """The same of terms with as many values as there are rows, which stay where they are."""
    solved = solve_on_rows(frame, base, terms, distance)
    _check_solution(solved.solution, solved.terms, distance.method, distance.bounds)
    if solved.not_positive:
        raise _not_positive(distance.method, f"factors of {solved.not_positive:,} people")
    return solved.terms, solved.solution


def _not_positive(method: str, found: str) -> DesignFault:
    return DesignFault(
        "FL-DESIGN-47",
        "calibration makes weights negative or zero",
        found=f"method={shown(method)}: {found}",
        fix='method="raking" keeps every weight above 0; or give bounds=(0.3, 3), say',
    )


def _check_solution(
    solution: Solution, terms: Sequence[KnownTotal], method: str, bounds: tuple[float, float] | None
) -> None:
    if solution.converged:
        return
    term = terms[solution.worst]
    raise DesignFault(
        "FL-DESIGN-46",
        "no weights of this kind meet the known totals",
        found=f"method={shown(method)}, bounds={shown(bounds)}; furthest off, by {solution.misfit:.2g} of its total: "
        f"margin {term.margin or 'of everybody'}{f', class {term.label}' if term.label else ''}",
        fix="widen the bounds, merge classes of few people, or look whether totals and sample speak of the same people",
    )


def _check_replicates(slopes: Floats, own: Replicates | UnitReplicates | None, method: str) -> None:
    """Replicates of units that cannot be calibrated are left out and counted; columns of a file have all to be."""
    failed = int(np.isnan(slopes).any(axis=1).sum())
    if failed == len(slopes) or (failed and isinstance(own, Replicates)):
        raise DesignFault(
            "FL-DESIGN-46",
            "replicates cannot be calibrated to the known totals",
            found=f"method={shown(method)}: {failed:,} of {len(slopes):,} replicates",
            fix="merge classes that a few units hold; bounds and method as for the sample",
        )


def _written(frame: Frame, step: Calibration, before: str) -> Frame:
    """The frame with the column of calibrated weights."""
    weight = nw.col(before).cast(nw.Float64)
    # A column of its own: engines that keep no expression's value would make it again at each of its places.
    z, size = fresh(frame, "__fl_z"), fresh(frame, "__fl_w")
    made = frame.with_columns(combination(step.terms, step.slopes, frame.collect_schema()).alias(z))
    if step.aggregate is not None:
        unit = step.aggregate
        made = made.with_columns((weight * nw.col(z)).alias(z), weight.alias(size)).with_columns(
            nw.col(z).sum().over(unit).alias(z), nw.col(size).sum().over(unit).alias(size)
        )
        made = made.with_columns((nw.col(z) / nw.col(size)).alias(z)).drop(size)
    factor = factor_expression(nw.col(z), step.method, step.bounds)
    return made.with_columns((weight * factor).alias(step.after)).drop(z)


def _table(frame: Frame, base: Design, terms: Sequence[KnownTotal], aggregate: str | None) -> Totals:
    """Sums of weights by the columns of the terms, and by the units of replicates where there are such."""
    schema = frame.collect_schema()
    columns = weight_columns(schema, str(base.weights))
    keys = [name for term in terms for name in term.columns]
    keys += [aggregate] if aggregate else []
    read = frame
    if isinstance(base.replicates, UnitReplicates):
        names = weight_names(base.calibrations)
        columns |= {name: nw.col(column).cast(nw.Float64) for name, column in names.items()}
        keys += [name for step in base.calibrations for name in step.columns] + list(base.replicates.keys)
        if base.replicates.rows_are_units and not base.stages:
            counted = with_rows(frame.to_native())
            if counted is None:
                raise _unnumbered(frame)
            read = counted
    sums: dict[Any, tuple[str, ...]] = {(name,): (name,) for name in columns}
    if aggregate or any(term.levels is None and term.columns for term in terms):
        require_few_groups(read, list(dict.fromkeys(keys)))
    table = totals(read, keys=tuple(dict.fromkeys(keys)), columns=columns, sums=sums)
    if not len(table.n):
        raise EstimateFault("FL-EST-15", "there are no people", found="0 rows", fix="check the file or the filter")
    check_weights({name: int(table.sums[name,].sum()) for name in FLAGS}, str(base.weights))
    return table


def _unnumbered(frame: Frame) -> DesignFault:
    return DesignFault(
        "FL-DESIGN-26",
        "rows are the sampling units here, and this engine does not number them",
        found=str(frame.implementation),
        fix="name the column that tells the rows apart: Design(psu=…)",
    )


def _read(frame: Frame, table: Totals, base: Design, terms: Sequence[KnownTotal], aggregate: str | None) -> _Read:
    """People with the same terms put together, with their weights and those of replicates."""
    x, weight = features(terms, table), table.sums["w",]
    if aggregate is not None:
        codes = table.keys[aggregate].codes
        if (codes == table.keys[aggregate].missing).any():
            raise DesignFault(
                "FL-DESIGN-49", "the column of the units that share a factor has missing values",
                found=shown(aggregate), fix="every person needs a unit: complete the column",
            )  # fmt: skip
        x = unit_means(x, weight, codes)
    distinct, cell = _distinct(x)
    size = np.bincount(cell, weights=weight)
    own = base.replicates
    if isinstance(own, UnitReplicates):
        return _Read(x=distinct, weight=size, replicates=_unit_weights(table, base, own, cell, len(distinct)))
    if isinstance(own, Replicates):
        return _Read(x=distinct, weight=size, replicates=_column_weights(frame, base, own, terms, distinct))
    return _Read(x=distinct, weight=size, replicates=None)


def _distinct(x: Floats) -> tuple[Floats, Codes]:
    """The different rows of a matrix, and which of them each row is; coded column by column, as sorting rows is slow."""
    code = np.zeros(len(x), dtype=np.int64)
    for column in x.T:
        values, position = np.unique(column, return_inverse=True)
        code = np.unique(code * len(values) + position, return_inverse=True)[1]
    first = np.unique(code, return_index=True)[1]
    return x[first], code.astype(np.int64)


def _unit_weights(table: Totals, base: Design, own: UnitReplicates, cell: Codes, cells: int) -> Floats:
    rows = multiplier_rows(table, own)
    steps: tuple[Step, ...] = read_steps(table, base.calibrations)
    parts: list[Floats] = []
    for block in batched(range(own.multipliers.shape[1]), 32):
        part = slice(block[0], block[-1] + 1)
        weights = own.multipliers[rows, part] * table.sums["w",][:, None] * replicate_factors(steps, part)
        to = sparse.csr_array((np.ones(len(cell)), (cell, np.arange(len(cell)))), (cells, len(cell)))
        parts.append(to @ weights)
    return np.concatenate(parts, axis=1)


def _column_weights(
    frame: Frame, base: Design, own: Replicates, terms: Sequence[KnownTotal], distinct: Floats
) -> Floats:
    """Sums of every replicate's weights by the terms; read in blocks, so that rows × R is never made."""
    schema = frame.collect_schema()
    require_columns(schema, own.columns)
    keys = tuple(dict.fromkeys(name for term in terms for name in term.columns))
    columns = replicate_columns(schema, base)
    table = totals_in_blocks(frame, keys, columns, {name: (name,) for name in columns})
    x, code = _distinct(features(terms, table))
    order = {row.tobytes(): position for position, row in enumerate(distinct)}
    at = np.array([order[row.tobytes()] for row in x])[code]
    return np.stack([np.bincount(at, weights=table.sums[name], minlength=len(distinct)) for name in columns], axis=1)
