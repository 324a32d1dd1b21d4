"""Multipliers of sampling units for replicates: jackknife, balanced halves, bootstrap. Arrays in, arrays out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fl_estimate.design.sample import CENSUS, SampleStages, Stage
from fl_estimate.design.small_table import Codes, Floats
from fl_estimate.errors import DesignFault


@dataclass(frozen=True, kw_only=True)
class Multipliers:
    """A multiplier for each unit and replicate, and how the squares are added up.

    Attributes
    ----------
    values : array, shape (units, R)
    scale : float
    rscales : array, shape (R,)
    df : float
    """

    values: Floats
    scale: float
    rscales: Floats
    df: float


def jackknife_1(stage: Stage) -> Multipliers:
    """Delete one unit at a time, without strata: n/(n − 1) for the rest; scale (1 − f)(n − 1)/n.

    Raises
    ------
    DesignFault
        FL-DESIGN-22: the sample is stratified, or has a single unit.
    """
    n = len(stage.stratum)
    if len(stage.size) > 1 or n < 2:
        raise _not_fit(
            "jk1", f"{len(stage.size)} strata, {n} units", 'kind="jkn" deletes a unit of a stratum at a time'
        )
    values = np.full((n, n), n / (n - 1))
    np.fill_diagonal(values, 0.0)
    scale = float(1 - stage.fraction[0]) * (n - 1) / n
    return Multipliers(values=values, scale=scale, rscales=np.ones(n), df=n - 1.0)


def jackknife_n(stage: Stage, single_psu: str) -> Multipliers:
    """Delete one unit at a time within strata: n_h/(n_h − 1) for the rest of the stratum, 1 elsewhere.

    Replicates have factors (1 − f_h)(n_h − 1)/n_h. Strata taken whole make none. A lone unit makes one under
    ``single_psu="adjust"`` (the other strata × H/(H − 1), factor (H − 1)/H) and none under the other rules;
    ``average`` blows the sum up by units over replicates.
    """
    n, strata = stage.size, len(stage.size)
    whole = 1 - stage.fraction < CENSUS
    deleted = np.flatnonzero((~whole & (n > 1))[stage.stratum])
    h = stage.stratum[deleted]
    values = np.ones((len(n[stage.stratum]), len(deleted)))
    same = stage.stratum[:, None] == h[None, :]
    values = np.where(same, (n / np.maximum(n - 1, 1))[h][None, :], values)
    values[deleted, np.arange(len(deleted))] = 0.0
    rscales = (1 - stage.fraction[h]) * (n[h] - 1) / n[h]
    # Strata without a replicate add nothing to the variance, and nothing to its degrees of freedom.
    df, scale = float(len(deleted) - len(np.unique(h))), 1.0
    lone = np.flatnonzero(stage.single[stage.stratum])
    if len(lone) and single_psu == "adjust":
        extra = np.full((len(values), len(lone)), strata / (strata - 1))
        extra[lone, np.arange(len(lone))] = 0.0
        values = np.concatenate([values, extra], axis=1)
        rscales = np.concatenate([rscales, np.full(len(lone), (strata - 1) / strata)])
        # One replicate more, one dimension more: the rank of the replicate weights less 1.
        df += len(lone)
    elif len(lone) and single_psu == "average":
        scale = len(stage.stratum) / max(len(deleted), 1)
    return Multipliers(values=values, scale=scale, rscales=rscales, df=df)


def balanced_halves(stage: Stage, fay: float, appearance: Floats | None = None) -> Multipliers:
    """Half-samples balanced by a Sylvester–Hadamard matrix: 2 − ρ for one half of every stratum, ρ for the other.

    The first ⌊n_h/2⌋ units of a stratum are one half and the rest the other, in the order of `appearance` (one number
    a unit; sorted order without it). Column h + 1 of the smallest matrix serves the h-th stratum, strata of more than two units counted first (as R survey does; the
    variance of a total does not depend on it); scale 1/(R (1 − ρ)²).

    Raises
    ------
    DesignFault
        FL-DESIGN-22: a stratum with a single unit.
    """
    if (stage.size < 2).any():
        raise _not_fit("brr", "a stratum with a single unit", 'merge strata first: Design(single_psu="collapse")')
    strata = len(stage.size)
    order = 1 << strata.bit_length()
    position = np.empty(strata, dtype=np.int64)
    position[np.lexsort((np.arange(strata), stage.size == 2))] = np.arange(strata)
    row, column = np.arange(order)[:, None], 1 + position[None, :]
    sign = np.where(np.bitwise_count(row & column) % 2 == 0, 1.0, -1.0)
    first = _rank_within(stage.stratum, appearance) < (stage.size // 2)[stage.stratum]
    plus = sign[:, stage.stratum].T * np.where(first, 1.0, -1.0)[:, None]
    return Multipliers(
        values=1 + (1 - fay) * plus, scale=1 / (order * (1 - fay) ** 2), rscales=np.ones(order), df=float(strata)
    )


def rao_wu(stage: Stage, replicates: int, centre: str, rng: np.random.Generator) -> Multipliers:
    """Bootstrap of Rao and Wu with n_h − 1 draws a stratum: 1 − a + a n_h/(n_h − 1) × times drawn, a = √(1 − f_h).

    Strata taken whole, and lone units, keep the multiplier 1.
    """
    values = np.ones((len(stage.stratum), replicates))
    for code, n in enumerate(stage.size.astype(int)):
        units = np.flatnonzero(stage.stratum == code)
        rest = 1 - stage.fraction[code]
        if n < 2 or rest < CENSUS:
            continue
        times = rng.multinomial(n - 1, np.full(n, 1 / n), size=replicates).T
        values[units] = 1 + np.sqrt(rest) * (times * n / (n - 1) - 1)
    return _bootstrap(values, stage, centre)


def rescaled(
    sample: SampleStages, parents: tuple[Codes, ...], replicates: int, centre: str, rng: np.random.Generator
) -> Multipliers:
    """Multistage rescaled bootstrap of Preston (2009): half of the units at every stage, without replacement.

    Parameters
    ----------
    sample : Sample
        Stages, first stage first; their last units are the rows of the result.
    parents : tuple of int array, shape (last units,)
        For each stage, the unit of that stage that holds each last unit.
    replicates : int
    centre : {"estimate", "mean"}
    rng : numpy.random.Generator

    Notes
    -----
    With m = ⌊n/2⌋ of n units kept, δ the indicator of being kept, and a_s the product over the stages before of
    √(n/m) δ: multiplier = 1 + Σ_s a_s λ_s (n_s/m_s δ_s − 1), λ_s = √(F_s m_s (1 − f_s)/(n_s − m_s)), with F_s the
    product of the sampling fractions of the stages before. Preston (2009), Survey Methodology 35(2), 227-234.
    """
    values = np.ones((len(parents[0]), replicates))
    chain = np.ones_like(values)
    for stage, unit in zip(sample.stages, parents, strict=True):
        kept = _halves(stage, replicates, rng)
        n = stage.size
        m = np.floor(n / 2)
        rest = np.where(1 - stage.fraction < CENSUS, 0.0, 1 - stage.fraction)
        with np.errstate(divide="ignore", invalid="ignore"):
            reach = np.where(m > 0, np.sqrt(stage.multiplier * m * rest / (n - m)), 0.0)
            blow = np.where(m > 0, n / m, 1.0)
        h = stage.stratum[unit]
        drawn = blow[h][:, None] * kept[unit]
        values += chain * reach[h][:, None] * (drawn - 1)
        chain = chain * np.sqrt(blow[h])[:, None] * kept[unit]
    return _bootstrap(values, sample.stages[0], centre)


def _halves(stage: Stage, replicates: int, rng: np.random.Generator) -> npt.NDArray[np.bool_]:
    """Which units are kept: ⌊n_h/2⌋ of each stratum at random; a lone unit stays."""
    kept = np.ones((len(stage.stratum), replicates), dtype=bool)
    for code, n in enumerate(stage.size.astype(int)):
        if n > 1:
            units = np.flatnonzero(stage.stratum == code)
            kept[units] = rng.random((n, replicates)).argsort(axis=0).argsort(axis=0) < n // 2
    return kept


def _bootstrap(values: Floats, stage: Stage, centre: str) -> Multipliers:
    replicates = values.shape[1]
    scale = 1 / (replicates if centre == "estimate" else replicates - 1)
    df = float(min(len(stage.stratum) - len(stage.size), replicates - 1))
    return Multipliers(values=values, scale=scale, rscales=np.ones(replicates), df=df)


def _rank_within(stratum: Codes, by: Floats | None) -> Codes:
    """The place of each unit within its stratum; units are numbered by stratum and id already."""
    order = np.argsort(stratum, kind="stable") if by is None else np.lexsort((by, stratum))
    starts = np.searchsorted(stratum[order], np.arange(int(stratum.max()) + 1))
    rank = np.empty(len(stratum), dtype=np.int64)
    rank[order] = np.arange(len(stratum)) - starts[stratum[order]]
    return rank


def _not_fit(kind: str, found: str, fix: str) -> DesignFault:
    return DesignFault("FL-DESIGN-22", f"replicates of kind {kind} do not fit this design", found=found, fix=fix)
