"""Draw a scale-up study from a population whose hidden group is known: to plan one, and to see what breaks an estimator."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from numbers import Real
from typing import Any

import numpy as np
import pandas as pd

from fl_estimate.arrays import Floats
from fl_estimate.errors import EstimateFault, labels_shown
from fl_estimate.estimators.hidden.network.recall import RecallCurve, recall_curve
from fl_estimate.inputs.sample_design import Design
from fl_estimate.inputs.seeds import known_seed

KNOWN_SIZES: dict[str, float] = {
    "teachers": 12_000, "nurses": 4_000, "priests": 1_500, "gave_birth": 30_000, "divorced": 20_000, "in_prison": 3_000,
    "called_rosa": 9_000, "called_jose": 16_000, "moved_abroad": 7_000, "hospital": 25_000,
}  # fmt: skip
"""Shares of the default population of 1,000,000: 0.15 % to 3 %."""
STRATA: tuple[tuple[str, float, float, float, float], ...] = (
    ("rural", 0.6, 0.4, 0.85, 1.3),
    ("urban", 0.4, 0.6, 1.225, 0.7),
)
"""Share of the people, share of the respondents, relative network size, relative chance of knowing somebody hidden."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ScaleUpSample:
    """A drawn scale-up study and the truth behind it.

    Attributes
    ----------
    people : pandas.DataFrame
        Respondents: `stratum`, `ea` (primary sampling unit), `w`, a column for each known group, and `hidden`.
    hidden_people : pandas.DataFrame
        Respondents of the hidden group, met with chances in proportion to their networks: `network_size`, `w` (its inverse),
        and for each known group how many of its members know that they belong to the hidden group.
    known : dict of str to float
        Sizes of the known groups.
    population, hidden_size : float
        Persons; the hidden group is part of the population.
    design, hidden_design : Design
    visibility : float
        Mean number of people who know of a member of the hidden group, in the population.
    """

    people: pd.DataFrame = field(repr=False)
    hidden_people: pd.DataFrame = field(repr=False)
    known: Mapping[str, float]
    population: float
    hidden_size: float
    design: Design
    hidden_design: Design
    visibility: float


def simulate_scale_up(
    *,
    population: float = 1_000_000,
    hidden_size: float = 5_000,
    known: Mapping[str, float] | None = None,
    respondents: int = 1_000,
    psus: int = 50,
    hidden_respondents: int = 200,
    network_size: float = 200.0,
    network_cv: float = 0.7,
    clustering: float = 0.5,
    barrier: float = 0.0,
    degree_ratio: float = 1.0,
    transmission: float = 1.0,
    precision: float = 1.0,
    recall: tuple[float, float] | None = None,
    strata_differ: float = 1.0,
    seed: int | None = None,
) -> ScaleUpSample:
    """Draw the respondents of a scale-up study, and members of the hidden group, from a population with a known truth.

    Use it to plan (how many respondents, which known groups), and to see what an estimator makes of barriers, of members with
    few ties, of ties who do not know, of false reports and of groups that are not remembered.

    Parameters
    ----------
    population, hidden_size : float
        Persons.
    known : mapping of str to float, optional
        Sizes of known groups; ten groups of 0.15 to 3 % of the population where left out.
    respondents, psus : int
        Two strata of half the units each: rural, 60 % of the people and 40 % of the respondents, with smaller networks and more
        ties to the hidden group; urban.
    hidden_respondents : int
        Members of the hidden group who are asked too.
    network_size, network_cv : float
        Mean and coefficient of variation of the network sizes of the population (log-normal).
    clustering : float
        Coefficient of variation between units of the chance that a tie is with a member of the hidden group (gamma).
    barrier : float
        That chance goes with network size to the power −barrier; the ties of the population in all stay the same.
    degree_ratio, transmission, precision : float
        δ, τ and η of `fl.hidden.scale_up`.
    recall : (threshold, exponent), optional
        The curve by which known groups are remembered; the hidden group is remembered by the same.
    strata_differ : float
        How far the strata differ in network sizes and in ties to the hidden group; 0 is not at all.
    seed : int, optional

    Returns
    -------
    ScaleUpSample

    Raises
    ------
    EstimateFault
        FL-EST-603: numbers of which no such study can be made; FL-EST-597: the curve of recall.

    Notes
    -----
    λ_i log-normal by stratum; y_ik ~ Poisson(λ_i r(N_k/N)), y_iH ~ Poisson(λ_i r(p) h_i δ τ/η), p = N_H/N, with h_i made of
    stratum, unit and barrier so that Σ λ h = Σ λ over the population: ties are counted from both ends. Members of the hidden
    group have networks δ λ, met with chance in proportion to them, and v_jk ~ Poisson(τ δ λ_j N_k/N).

    Examples
    --------
    >>> import fl_estimate as fl
    >>> drawn = fl.hidden.simulate_scale_up(respondents=500, seed=3)
    >>> len(drawn.people), drawn.hidden_size, round(drawn.people["w"].sum())
    (500, 5000, 1000000)
    """
    sizes = dict(KNOWN_SIZES if known is None else known) if isinstance(known, Mapping | None) else {}
    _check({k: v for k, v in locals().items() if k not in ("known", "recall", "seed", "sizes")}, sizes)
    curve = recall_curve(recall)
    rng = np.random.default_rng(known_seed(seed))
    people = _respondents(respondents, psus, population, strata_differ)
    spread = np.log1p(network_cv**2)
    relative = np.exp(spread**0.5 * rng.standard_normal(respondents) - spread / 2)
    networks = network_size * people.pop("size").to_numpy() * relative
    for name, size in sizes.items():
        people[name] = rng.poisson(networks * _remembered(size / population, curve))
    chance = _chance(rng, people.pop("tie").to_numpy(), people["ea"].to_numpy(), relative, clustering, barrier, spread)
    share = _remembered(hidden_size / population, curve)
    people["hidden"] = rng.poisson(networks * share * chance * degree_ratio * transmission / precision)
    members = _members(rng, hidden_respondents, degree_ratio * network_size, transmission, spread, sizes, population)
    return ScaleUpSample(
        people=people,
        hidden_people=members,
        known=sizes,
        population=population,
        hidden_size=hidden_size,
        design=Design(weights="w", strata="stratum", psu="ea", expands=True),
        hidden_design=Design(weights="w"),
        visibility=degree_ratio * network_size * transmission,
    )


def _remembered(share: float, curve: RecallCurve | None) -> float:
    return share if curve is None else float(curve.remembered(share))


def _respondents(respondents: int, psus: int, population: float, differ: float) -> pd.DataFrame:
    """Respondents in units of two strata, with weights and what their stratum makes of networks and ties."""
    counts = [round(respondents * STRATA[0][2])]
    counts.append(respondents - counts[0])
    units = [psus // 2, psus - psus // 2]
    parts: list[pd.DataFrame] = []
    # Ties to the hidden group in all are the same whatever the strata make of them.
    strata = [
        (n, share, asked, 1 + differ * (size - 1), 1 + differ * (tie - 1)) for n, share, asked, size, tie in STRATA
    ]
    ties = sum(share * size * tie for _, share, _, size, tie in strata)
    for (name, share, _, size, tie), count, own in zip(strata, counts, units, strict=True):
        parts.append(pd.DataFrame({
            "stratum": name, "ea": [f"{name}{unit}" for unit in np.arange(count) % own], "w": population * share / count,
            "size": size, "tie": tie / ties,
        }))  # fmt: skip
    return pd.concat(parts, ignore_index=True)


def _chance(
    rng: np.random.Generator, tie: Floats, unit: Any, relative: Floats, clustering: float, barrier: float, spread: float
) -> Floats:
    """h_i: how likely a tie of i is with a member of the hidden group, against the average tie."""
    codes, units = pd.factorize(unit)
    effects = np.ones(len(units))
    if clustering > 0:
        shape = 1 / clustering**2
        effects = rng.gamma(shape, 1 / shape, len(units))
    # E z^(1 − b) of a log-normal z of mean 1: what the barrier would take from the ties of the population.
    power = 1 - barrier
    return tie * effects[codes] * relative**-barrier / np.exp(spread * (power**2 - power) / 2)


def _members(
    rng: np.random.Generator,
    size: int,
    mean: float,
    transmission: float,
    spread: float,
    known: Mapping[str, float],
    population: float,
) -> pd.DataFrame:
    """Members of the hidden group, met in proportion to their networks."""
    networks = mean * np.exp(spread**0.5 * rng.standard_normal(size) + spread / 2)
    frame = pd.DataFrame({"network_size": networks, "w": 1 / networks})
    for name, group in known.items():
        frame[name] = rng.poisson(networks * transmission * group / population)
    return frame


def _check(given: Mapping[str, Any], sizes: Mapping[str, Any]) -> None:
    """FL-EST-603, with all that is wrong."""

    def number(value: Any) -> bool:
        return isinstance(value, Real) and not isinstance(value, bool) and bool(np.isfinite(float(value)))

    wrong = [name for name, value in given.items() if not number(value)]
    wrong += [
        f"known {labels_shown([name])}" for name, size in sizes.items() if not number(size) or not 0 < size < 1e12
    ]
    if not wrong:
        limits = {
            "population": (1, np.inf), "hidden_size": (0, given["population"]), "respondents": (4, 1e8), "psus": (4, given["respondents"] / 2),
            "hidden_respondents": (0, 1e8), "network_size": (1e-9, given["population"]), "network_cv": (0, 10), "clustering": (0, 10),
            "barrier": (-2, 2), "degree_ratio": (1e-9, 100), "transmission": (1e-9, 1), "precision": (1e-9, 1), "strata_differ": (0, 3),
        }  # fmt: skip
        wrong += [name for name, (low, high) in limits.items() if not low <= given[name] <= high]
        wrong += [f"known {labels_shown([name])}" for name, size in sizes.items() if size >= given["population"]]
        wrong += [] if sizes else ["known"]
        wrong += [name for name in ("respondents", "psus", "hidden_respondents") if given[name] % 1]
    if wrong:
        raise EstimateFault(
            "FL-EST-603", "no scale-up study can be drawn with these numbers", found=", ".join(wrong),
            fix="persons above 0 and groups below the population; two units a stratum with two respondents each; transmission "
            "and precision above 0 and at most 1",
        )  # fmt: skip
