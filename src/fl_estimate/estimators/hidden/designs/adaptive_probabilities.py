"""Horvitz–Thompson under adaptive cluster sampling: how probably the initial sample meets a network, or two, and the variance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fl_estimate.arrays import Floats
from fl_estimate.estimators.hidden.designs.adaptive_networks import Codes


@dataclass(frozen=True, kw_only=True)
class InitialSample:
    """How the initial sample was drawn, by groups: strata, or primary sampling units where there are two stages.

    Attributes
    ----------
    drawn, units : float array, shape (groups,)
        Units drawn at first in each group, and units of the population in it.
    stratum : int array, shape (groups,)
        Of the first stage; each group its own where there is one stage.
    psus_drawn, psus : float array, shape (strata,)
        Primary sampling units drawn of each stratum, and those that it has; both 1 where there is one stage.
    """

    drawn: Floats
    units: Floats
    stratum: Codes
    psus_drawn: Floats
    psus: Floats

    @property
    def two_stage(self) -> bool:
        return bool((self.psus > 1).any())

    @property
    def unit_probability(self) -> Floats:
        """Of a unit of each group, to be drawn at first."""
        return self.drawn / self.units * (self.psus_drawn / self.psus)[self.stratum]


def missed_by_size(drawn: float, units: float, most: int) -> Floats:
    """How probably a simple random sample of `drawn` of `units` misses s given ones, s = 0 … most: C(N − s, n)/C(N, n)."""
    s = np.arange(most)
    with np.errstate(divide="ignore", invalid="ignore"):
        each = np.clip((units - drawn - s) / (units - s), 0.0, 1.0)
    # Where fewer than n units are left, none can be missed.
    return np.concatenate([[1.0], np.cumprod(np.where(units - drawn - s > 0, each, 0.0))])


@dataclass(frozen=True, kw_only=True)
class _Kinds:
    """Networks of one kind (the same units in every group) have the same probabilities: sizes, shape (kinds, groups)."""

    sizes: Floats
    of: Codes
    alpha: Floats
    pairs: Floats


def inclusion(sizes: Floats, sample: InitialSample) -> tuple[Floats, _Kinds]:
    """The probability that each network is met, and those of pairs by kinds.

    Parameters
    ----------
    sizes : float array, shape (networks, groups)
        Units of each network in each group; with two stages in one group only.
    sample : InitialSample

    Notes
    -----
    One stage: α = 1 − Π_h q_h(m_h), α_jk = 1 − Π q(m_j) − Π q(m_k) + Π q(m_j + m_k), q_h(s) = C(N_h − s, n_h)/C(N_h, n_h). Two
    stages, f of the M units of a stratum drawn: α = (f/M) c with c = 1 − q(m) in the network's unit; of two networks in one unit
    (f/M)(1 − q_j − q_k + q_jk), in two units f(f − 1)/(M(M − 1)) c_j c_k, and in two strata α_j α_k.
    """
    kinds, of = np.unique(sizes, axis=0, return_inverse=True)
    of = of.ravel().astype(np.int64)
    missed = np.ones(len(kinds))
    both = np.ones((len(kinds), len(kinds)))
    for group in range(kinds.shape[1]):
        m = kinds[:, group].astype(int)
        q = missed_by_size(sample.drawn[group], sample.units[group], 2 * int(m.max(initial=0)))
        missed *= q[m]
        both *= q[m[:, None] + m[None, :]]
    met = 1 - missed
    pairs = 1 - missed[:, None] - missed[None, :] + both
    if not sample.two_stage:
        return met[of], _Kinds(sizes=kinds, of=of, alpha=met, pairs=pairs)
    home = kinds.argmax(axis=1)
    stratum = sample.stratum[home]
    first = (sample.psus_drawn / sample.psus)[stratum]
    alpha = first * met
    with np.errstate(divide="ignore", invalid="ignore"):
        two = (sample.psus_drawn - 1) / (sample.psus - 1)
    two = np.where(sample.psus > 1, two, 1.0)[stratum]
    apart = first[:, None] * two[:, None] * np.outer(met, met)
    pairs = np.where(
        home[:, None] == home[None, :],
        first[:, None] * pairs,
        np.where(stratum[:, None] == stratum[None, :], apart, np.outer(alpha, alpha)),
    )
    return alpha[of], _Kinds(sizes=kinds, of=of, alpha=alpha, pairs=pairs)


def horvitz_thompson(totals: Floats, alpha: Floats, kinds: _Kinds) -> tuple[Floats, Floats]:
    """Totals and their covariance, from the networks that were met.

    Parameters
    ----------
    totals : float array, shape (networks, variables)
        Of each network that was met.
    alpha : float array, shape (networks,)
    kinds : _Kinds

    Returns
    -------
    value : float array, shape (variables,)
    covariance : float array, shape (variables, variables)

    Notes
    -----
    T = Σ y_k/α_k; V = Σ_j Σ_k y_j y_k (1/(α_j α_k) − 1/α_jk), with α_kk = α_k. Pairs that cannot both be met add nothing.
    """
    value = (totals / alpha[:, None]).sum(axis=0)
    number = len(kinds.alpha)
    sums = np.zeros((number, totals.shape[1]))
    np.add.at(sums, kinds.of, totals)
    with np.errstate(divide="ignore"):
        factor = np.where(kinds.pairs > 0, 1 / np.outer(kinds.alpha, kinds.alpha) - 1 / kinds.pairs, 0.0)
    own = 1 / alpha**2 - 1 / alpha - np.diag(factor)[kinds.of]
    return value, sums.T @ factor @ sums + (totals * own[:, None]).T @ totals
