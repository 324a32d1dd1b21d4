"""Reports drawn from a Bayesian scale-up model with known sizes: to plan a survey, and to try a model on the truth of another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from fl_estimate.arrays import Floats
from fl_estimate.errors import EstimateFault, not_one_of, shown
from fl_estimate.estimators.hidden.network.scale_up_problem import (
    BARRIERS,
    CORRELATED,
    MODELS,
    OVERDISPERSED,
    TRANSMITTING,
    Model,
)
from fl_estimate.inputs.sample_design import Design
from fl_estimate.inputs.seeds import known_seed

if TYPE_CHECKING:
    import pandas as pd

KNOWN_SIZES: tuple[float, ...] = (
    1_200, 1_800, 2_500, 3_200, 4_000, 5_000, 6_300, 8_000, 10_000, 12_500, 16_000, 20_000,
)  # fmt: skip
TOWN_SHARE, TOWN_NETWORKS, TOWN_HIDDEN = 0.2, 1.6, 2.0
"""Of the population in towns: their share, their networks and the share of hidden people in these, over those of others."""


@dataclass(frozen=True, kw_only=True, eq=False)
class SimulatedReports:
    """Reports drawn from a scale-up model, and the truth.

    Attributes
    ----------
    people : pandas.DataFrame
        A column for each known group (``group_1`` …), ``hidden``, and the weight ``w``.
    known : dict of str to float
        Sizes of the known groups, in persons.
    population : float
    hidden_size : float
        The truth, in persons.
    design : Design
        With weights where some were drawn more often than others.
    network_sizes : float array, shape (respondents,)
    """

    people: pd.DataFrame = field(repr=False)
    known: dict[str, float]
    population: float
    hidden_size: float
    design: Design
    network_sizes: Floats = field(repr=False)


def simulate_scale_up_model(
    *,
    model: Model = "random-degree",
    respondents: int = 500,
    known_sizes: Sequence[float] = KNOWN_SIZES,
    hidden_size: float = 5_000.0,
    population: float = 1_000_000.0,
    mean_log_degree: float = 5.0,
    sd_log_degree: float = 0.6,
    barrier: float = 0.01,
    transmission: float = 0.8,
    overdispersion: float = 2.0,
    sd_bias: float = 1.0,
    bias_correlation: float = 0.3,
    oversampled: float = 1.0,
    seed: int | None = None,
) -> SimulatedReports:
    """Draw reports of how many people each respondent knows from one of the models of `scale_up_model`.

    Use it to see how many respondents and known groups a model needs, and what one model makes of reports that another drew.

    Parameters
    ----------
    model : str
        As in `scale_up_model`.
    respondents : int
    known_sizes : sequence of float
        In persons.
    hidden_size, population : float
        In persons.
    mean_log_degree, sd_log_degree : float
        Of log network sizes.
    barrier : float
        ρ of every group, of "barrier" and "combined": shares in networks have variance ρ m(1 − m).
    transmission : float
        Share of those who know a member of the hidden group who know that this is one, of "transmission" and "combined".
    overdispersion : float
        ω of every group, above 1: reports have ω times the variance of a Poisson count.
    sd_bias, bias_correlation : float
        Of "correlated": standard deviation of the biases, whose mean is 1, and the correlation of their logarithms between groups.
    oversampled : float
        A fifth of the population lives in towns, where networks are 1.6 times as large and hold twice the share of hidden people;
        they are drawn so many times as often, and have weights. At 1 there are no towns.
    seed : int, optional

    Returns
    -------
    SimulatedReports

    Raises
    ------
    EstimateFault
        FL-EST-620: the model; FL-EST-627: numbers that cannot be.

    Examples
    --------
    >>> import fl_estimate as fl
    >>> drawn = fl.hidden.simulate_scale_up_model(model="overdispersed", respondents=4, known_sizes=(2_000, 30_000), seed=1)
    >>> drawn.people.columns.tolist(), drawn.known
    (['group_1', 'group_2', 'hidden', 'w'], {'group_1': 2000.0, 'group_2': 30000.0})
    """
    import pandas as pd

    if model not in MODELS:
        raise not_one_of("FL-EST-620", "this scale-up model", model, MODELS)
    _require(population=(population, 2, 1e15))
    if not isinstance(known_sizes, Sequence | np.ndarray):
        raise _wrong([f"known_sizes={shown(known_sizes)}"])
    _require(
        respondents=(respondents, 1, 1e8), hidden_size=(hidden_size, 1, population),
        mean_log_degree=(mean_log_degree, -5, 12), sd_log_degree=(sd_log_degree, 0, 5), barrier=(barrier, 1e-6, 0.999),
        transmission=(transmission, 1e-6, 1), overdispersion=(overdispersion, 1.001, 1e6), sd_bias=(sd_bias, 0, 100),
        bias_correlation=(bias_correlation, 0, 0.99), oversampled=(oversampled, 0.01, 100),
        **{f"known_sizes[{at}]": (size, 1, population) for at, size in enumerate(known_sizes)},
    )  # fmt: skip
    if not len(known_sizes):
        raise _wrong(["known_sizes is empty"])
    generator = np.random.default_rng(known_seed(seed))
    n = int(respondents)
    town, weight = _towns(n, oversampled, generator)
    degree = np.floor(
        np.exp(generator.normal(mean_log_degree, sd_log_degree, n)) * np.where(town, TOWN_NETWORKS, 1) + 0.5
    )
    share = np.array([*known_sizes, hidden_size], dtype=float) / population
    shares = np.broadcast_to(share, (n, len(share))).copy()
    if oversampled != 1:
        shares[:, -1] *= _hidden_in_networks(town)
    settings = {
        "barrier": barrier, "transmission": transmission, "overdispersion": overdispersion, "sd_bias": sd_bias,
        "bias_correlation": bias_correlation,
    }  # fmt: skip
    reports = _reports(model, degree, shares, settings, generator)
    names = [f"group_{at}" for at in range(1, len(known_sizes) + 1)]
    people = pd.DataFrame(reports, columns=[*names, "hidden"]).assign(w=weight)
    design = Design(weights="w", expands=False) if oversampled != 1 else Design(unweighted=True)
    return SimulatedReports(
        people=people, known={name: float(size) for name, size in zip(names, known_sizes, strict=True)},
        population=float(population), hidden_size=float(hidden_size), design=design, network_sizes=degree,
    )  # fmt: skip


def _towns(n: int, oversampled: float, generator: np.random.Generator) -> tuple[Any, Floats]:
    """Who lives in a town, and weights of mean 1."""
    if oversampled == 1:
        return np.zeros(n, dtype=bool), np.ones(n)
    drawn = TOWN_SHARE * oversampled / (TOWN_SHARE * oversampled + 1 - TOWN_SHARE)
    town = generator.random(n) < drawn
    weight = np.where(town, TOWN_SHARE / drawn, (1 - TOWN_SHARE) / (1 - drawn))
    return town, weight / weight.mean()


def _hidden_in_networks(town: Any) -> Floats:
    """The hidden share in a network over that in the population: over all ties of the population it is 1 on average."""
    ties = TOWN_SHARE * TOWN_NETWORKS
    elsewhere = (ties + 1 - TOWN_SHARE) / (ties * TOWN_HIDDEN + 1 - TOWN_SHARE)
    return np.where(town, TOWN_HIDDEN, 1.0) * elsewhere


def _reports(
    model: str, degree: Floats, shares: Floats, settings: Mapping[str, float], generator: np.random.Generator
) -> Any:
    mean = degree[:, None] * shares
    if model == OVERDISPERSED:
        excess = settings["overdispersion"] - 1
        return generator.poisson(generator.gamma(np.maximum(mean, 1e-12) / excess, excess))
    if model == CORRELATED:
        groups = shares.shape[1]
        spread = float(np.sqrt(np.log1p(settings["sd_bias"] ** 2)))
        common = np.sqrt(settings["bias_correlation"]) * generator.standard_normal((len(degree), 1))
        own = np.sqrt(1 - settings["bias_correlation"]) * generator.standard_normal((len(degree), groups))
        return generator.poisson(mean * np.exp(spread * (common + own) - 0.5 * spread**2))
    share = shares
    if model in BARRIERS:
        size = 1 / settings["barrier"] - 1
        share = generator.beta(shares * size, (1 - shares) * size)
    if model in TRANSMITTING:
        share = np.concatenate([share[:, :-1], share[:, -1:] * settings["transmission"]], axis=1)
    return generator.binomial(degree[:, None].astype(np.int64), np.clip(share, 0, 1))


def _require(**numbers: tuple[Any, float, float]) -> None:
    wrong = [
        f"{name}={shown(value)}"
        for name, (value, low, high) in numbers.items()
        if isinstance(value, bool) or not isinstance(value, int | float | np.number) or not low <= value <= high
    ]
    if wrong:
        raise _wrong(wrong)


def _wrong(found: Sequence[str]) -> EstimateFault:
    return EstimateFault(
        "FL-EST-627", "reports cannot be drawn from these numbers", found=", ".join(found[:5]),
        fix="sizes in persons, above 0 and below the population; ρ and τ from 0 to 1; overdispersion above 1",
    )  # fmt: skip
