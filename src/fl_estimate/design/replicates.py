"""Replicate designs: multipliers made for the units of a sample, and the variance of what was estimated by each."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from fl_estimate.design.read_once import totals_once
from fl_estimate.design.resampling import (
    Multipliers,
    balanced_halves,
    jackknife_1,
    jackknife_n,
    rao_wu,
    rescaled,
)
from fl_estimate.design.sample import SampleStages, read_sample, unit_columns
from fl_estimate.design.small_table import Codes, Floats, Totals
from fl_estimate.design.small_table import numbered as numbered_codes
from fl_estimate.design.totals import first_rows, require_columns
from fl_estimate.design.units import numbered, with_rows
from fl_estimate.errors import DesignFault, not_one_of, shown
from fl_estimate.inputs.replicates import CENTRES, Centre, UnitReplicates
from fl_estimate.inputs.respondents import resolve
from fl_estimate.inputs.sample_design import ROW, Design
from fl_estimate.inputs.seeds import known_seed

Kind = Literal["jk1", "jkn", "brr", "fay", "rao-wu", "rescaled"]
KINDS: tuple[str, ...] = get_args(Kind)
RANDOM: tuple[str, ...] = ("rao-wu", "rescaled")
AVERAGED: frozenset[str] = frozenset({"brr", "fay", "rao-wu", "rescaled", "bootstrap", "sdr"})
"""Kinds of which each replicate stands for the whole sample: what is lost is made up by those that are left."""


def replicate(
    people: Any,
    *,
    design: Design | None = None,
    kind: Kind,
    replicates: int | None = None,
    fay: float = 0.5,
    centre: Centre = "mean",
    seed: int | None = None,
) -> Design:
    """Make replicates of a sample: a design whose variances come from estimating again, not from linearisation.

    Use it for statistics without a linearisation, to compare with one, or to hand out replicate weights. The
    multipliers are of sampling units, never of rows: 5,000 units × 200 replicates are 8 MB, whatever the people are.

    Parameters
    ----------
    people : SurveyData, Classification or frame
        The whole sample, one row a person.
    design : Design, optional
        How it was drawn; taken from `people` where that carries one.
    kind : {"jk1", "jkn", "brr", "fay", "rao-wu", "rescaled"}
        Jackknife without and with strata; balanced halves, and Fay's softened ones; bootstrap of Rao and Wu of the
        first-stage units; Preston's bootstrap of the units of every stage that has an fpc. All but ``rescaled`` speak
        of the first stage only.
    replicates : int, optional
        How many, for the two bootstraps; the others follow from the sample.
    fay : float
        Fay's ρ of kind fay, from 0 up to but not 1.
    centre : {"mean", "estimate"}
        Deviations from the mean of the replicates, or from the estimate.
    seed : int, optional
        For the two bootstraps; the same seed makes the same replicates. Results note it, also one that was made here.

    Returns
    -------
    Design
        The same design with `replicates`; estimates made with it use them unless ``variance="taylor"`` is asked for.

    Raises
    ------
    DesignFault
        FL-DESIGN-22 to FL-DESIGN-24, FL-DESIGN-61 (weights already calibrated), and those of reading the sample (FL-DESIGN-06 to FL-DESIGN-12).

    Notes
    -----
    V = scale Σ_r rscale_r (θ_r − c)². The pairs of brr are balanced by the smallest Sylvester–Hadamard matrix of more
    columns than strata; the unit that stands first in the frame is +, as in R survey (the one whose id sorts first, on
    an engine without an order of rows). Degrees of freedom: units less strata, at most R − 1.

    References
    ----------
    Wolter (2007), Introduction to Variance Estimation. Rao, Wu and Yue (1992), Survey Methodology 18(2), 209-217.
    Judkins (1990), Journal of Official Statistics 6(3), 223-239. Preston (2009), Survey Methodology 35(2), 227-234.

    Examples
    --------
    >>> import fl_estimate as fl, pandas as pd
    >>> people = pd.DataFrame({"w": [10.0, 20, 10, 20, 15, 15], "ea": [1, 1, 2, 2, 3, 3], "fl": [0, 1, 0, 0, 1, 0]})
    >>> jackknifed = fl.replicate(people, design=fl.Design(weights="w", psu="ea"), kind="jk1")
    >>> estimates = fl.estimate_prevalence(people, "fl", design=jackknifed)
    >>> round(estimates.value, 4), round(estimates.se, 4)
    (0.3889, 0.2003)
    """
    _check(kind, replicates, fay, centre)
    resolved = resolve(people, design, unread=True)
    first = resolved.design
    if kind != "rescaled":
        first = replace(first, stages=first.stages[:1], fpc=first.fpc[:1])
    if first.pps is not None or first.phase2 is not None:
        raise DesignFault(
            "FL-DESIGN-23",
            "replicates of a sample with unequal probabilities, or of two phases, are not made here",
            found=f"pps={first.pps!r}" if first.pps else "phase2=",
            fix="give the replicate weights of the file, Design(replicates=fl.Replicates(…))",
        )
    if first.calibrations:
        raise DesignFault(
            "FL-DESIGN-61",
            "the weights were calibrated before there were replicates",
            found=f"column {first.weights!r}",
            fix="make the replicates of the sample first, then fl.calibrate: it brings every replicate to the totals",
        )
    frame, units_known = numbered(resolved.frame, first, rows=not first.stages)
    keys = unit_columns(units_known)
    require_columns(frame.collect_schema(), [*keys, *units_known.fpc])
    table = totals_once(
        frame, resolved.unread, keys=tuple(dict.fromkeys([*keys, *units_known.fpc])), columns={}, sums={}
    )
    sample = read_sample(table, units_known)
    appearance = None
    if kind in ("brr", "fay") and (ordered := with_rows(resolved.frame)) is not None:
        least = first_rows(ordered, keys=tuple(dict.fromkeys([*keys, *units_known.fpc])), row=ROW)
        appearance = np.full(len(sample.stages[0].stratum), np.inf)
        np.minimum.at(appearance, sample.stages[0].unit, least)
    used = known_seed(seed) if kind in RANDOM else None
    rng = np.random.default_rng(used)
    made, groups = _make(kind, sample, replicates or 0, fay, centre, rng, appearance)
    unit = sample.stages[-1].unit if kind == "rescaled" else sample.stages[0].unit
    own = UnitReplicates(
        kind=kind,
        keys=keys,
        units=_labels(table, keys, unit, groups),
        multipliers=made.values,
        scale=made.scale,
        rscales=made.rscales,
        centre=centre,
        df=made.df,
        rows_are_units=ROW in keys,
        seed=used,
    )
    return replace(resolved.design, replicates=own)


def _check(kind: str, replicates: int | None, fay: float, centre: str) -> None:
    if kind not in KINDS:
        raise not_one_of("FL-DESIGN-16", "this kind of replicates", kind, KINDS, DesignFault)
    if centre not in CENTRES:
        raise not_one_of("FL-DESIGN-16", "this centre of replicates", centre, CENTRES, DesignFault)
    wanted = kind in RANDOM
    if (replicates is not None) != wanted or (wanted and not (isinstance(replicates, int) and replicates >= 2)):
        raise DesignFault(
            "FL-DESIGN-24",
            "the number of replicates does not fit their kind",
            found=f"kind={shown(kind)}, replicates={shown(replicates)}",
            fix="give replicates=, 2 or more, for rao-wu and rescaled; leave it out for the others",
        )
    if not 0 <= fay < 1:
        raise DesignFault("FL-DESIGN-24", "Fay's factor is not from 0 up to 1", found=shown(fay), fix="fay=0.3, say")


def _make(
    kind: str,
    sample: SampleStages,
    replicates: int,
    fay: float,
    centre: str,
    rng: np.random.Generator,
    appearance: Floats | None,
) -> tuple[Multipliers, int]:
    first = sample.stages[0]
    if kind == "rescaled":
        last = sample.stages[-1].unit
        at = np.unique(last, return_index=True)[1]
        parents = tuple(stage.unit[at] for stage in sample.stages)
        return rescaled(sample, parents, replicates, centre, rng), len(at)
    if kind == "jk1":
        made = jackknife_1(first)
    elif kind == "jkn":
        made = jackknife_n(first, sample.single_psu)
    elif kind == "rao-wu":
        made = rao_wu(first, replicates, centre, rng)
    else:
        made = balanced_halves(first, fay if kind == "fay" else 0.0, appearance)
    return made, len(first.stratum)


def _labels(table: Totals, keys: Sequence[str], unit: Codes, units: int) -> tuple[tuple[Any, ...], ...]:
    first = numbered_codes(unit)[1][:units]
    columns = [_spelled(table, name)[first] for name in keys]
    return tuple(zip(*columns, strict=True))


def _spelled(table: Totals, name: str) -> npt.NDArray[Any]:
    key = table.keys[name]
    levels = np.empty(len(key.levels) + 1, dtype=object)
    levels[:-1] = key.levels
    return levels[key.codes]


def multiplier_rows(table: Totals, own: UnitReplicates) -> Codes:
    """For each group of the small table, the row of its unit among the multipliers.

    Raises
    ------
    DesignFault
        FL-DESIGN-25: units that the replicates were not made of.
    """
    position = {unit: row for row, unit in enumerate(own.units)}
    codes = np.zeros(len(table.n), dtype=np.int64)
    for name in own.keys:
        codes = numbered_codes(codes * (len(table.keys[name].levels) + 1) + table.keys[name].codes)[0]
    number, first = numbered_codes(codes)
    columns = [_spelled(table, name)[first] for name in own.keys]
    rows = np.array([position.get(unit, -1) for unit in zip(*columns, strict=True)], dtype=np.int64)[number]
    unknown = int((rows < 0).sum())
    if unknown:
        raise DesignFault(
            "FL-DESIGN-25",
            "the replicates were made of other sampling units",
            found=f"{unknown:,} groups of units are not among the {len(own.units):,} units of the replicates",
            fix="call fl.replicate on the same people as the estimate; say a subpopulation in where=",
        )
    return rows


@dataclass(frozen=True, kw_only=True)
class Scaling:
    """How the squares of replicates are added up; see `Replicates`.

    `averaged`: the sum is a mean over replicates, each of which stands for the whole sample (half-samples, bootstraps), so
    that it is divided by those that have a value. A jackknife's replicate stands for its own unit.
    """

    scale: float
    rscales: Floats
    centre: str
    averaged: bool = False


def deviations(theta: Floats, value: Floats, scaling: Scaling) -> Floats:
    """Deviations of replicates from their centre, times the root of their factors: V is the sum of squares.

    Parameters
    ----------
    theta : array, shape (R, columns)
        NaN where a replicate has no value; it is left out, and of kinds that average over replicates the others stand for it.
    value : array, shape (columns,)
        The estimates.
    scaling : Scaling
    """
    counted = scaling.rscales > 0
    if scaling.centre == "mean":
        with warnings.catch_warnings():
            # A column without any replicate: its variance is missing, and the caller says why.
            warnings.simplefilter("ignore", RuntimeWarning)
            centre = np.nanmean(np.where(np.isfinite(theta), theta, np.nan)[counted], axis=0)
    else:
        centre = value
    known = np.isfinite(theta)
    away = np.where(known, theta - centre, 0.0)
    none = ~known.any(axis=0)
    if scaling.averaged:
        kept = (known & counted[:, None]).sum(axis=0)
        away = away * np.sqrt(counted.sum() / np.maximum(kept, 1))
    return np.where(none, np.nan, away * np.sqrt(scaling.scale * scaling.rscales)[:, None])
