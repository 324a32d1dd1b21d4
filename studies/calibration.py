"""Simulation-based calibration of area models: truth drawn from the model itself, and its rank among the posterior's draws."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import pandas as pd
from scipy import special

from fl_estimate.arrays import Floats
from fl_estimate.estimators.hierarchical import Prior, area

AREAS, DRAWS, BINS = 12, 99, 10
YEARS = 3
"""Of the panel, whose twelve rows are four areas."""
MODELS: tuple[str, ...] = (
    "binomial",
    "beta-binomial",
    "rare counts",
    "clustered counts",
    "bym2 counts",
    "rw1 counts",
    "ar1 counts",
    "sar counts",
    "normal",
    "sar normal",
    "rw1 normal",
    "ar1 normal",
    "panel normal",
)
QUANTITIES: tuple[str, ...] = ("area", "mean", "spread")
PRIOR = Prior(
    sigma="half-normal(1)", intercept="normal(-4, 1)", slopes="normal(0, 0.5)", kappa="log-normal(4, 1)",
)  # fmt: skip
RARE = Prior(sigma="rayleigh(1)", intercept="normal(-5.5, 0.75)", slopes="normal(0, 0.5)")
"""The default prior of sigma, where 0.1 to 2 % are cases and a third of the areas have none."""
# Two rings of neighbours, of seven and of four, and an island.
EDGES: tuple[tuple[int, int], ...] = (
    *((k, (k + 1) % 7) for k in range(7)),
    *((7 + k, 7 + (k + 1) % 4) for k in range(4)),
)


def calibration_ranks(
    model: str, replicates: int, *, seed: int, wrong: bool = False, sampler: Literal["grid", "nuts"] = "grid"
) -> pd.DataFrame:
    """Draw truth and data from a model, fit it, and rank the truth among the draws.

    Parameters
    ----------
    model : str
        One of `MODELS`.
    replicates : int
    seed : int
        Replicate r has a seed of its own made from (seed, r).
    wrong : bool
        Tell the model of half the standard error (four times the people): the ranks must show it.
    sampler : {"grid", "nuts"}
        As in `area`: numerical integration, or Markov chains, which take a second or two a truth once they are compiled.

    Returns
    -------
    pandas.DataFrame
        `replicate`, `quantity` (one area in turn, the mean over areas, their spread) and `rank`, 0 to 99.

    References
    ----------
    Talts, Betancourt, Simpson, Vehtari and Gelman (2018), arXiv:1804.06788.

    Examples
    --------
    >>> from studies.calibration import calibration_ranks
    >>> calibration_ranks("normal", 2, seed=1)["quantity"].tolist()
    ['area', 'mean', 'spread', 'area', 'mean', 'spread']
    """
    rows: list[tuple[int, str, int]] = []
    for replicate in range(replicates):
        rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(replicate,)))
        truth, draws = _one(model, rng, wrong, sampler)
        figures = {
            "area": (truth[replicate % AREAS], draws[:, replicate % AREAS]),
            "mean": (truth.mean(), draws.mean(axis=1)),
            "spread": (truth.std(), draws.std(axis=1)),
        }
        rows += [(replicate, name, int((values < figure).sum())) for name, (figure, values) in figures.items()]
    return pd.DataFrame(rows, columns=["replicate", "quantity", "rank"])


def rank_counts(ranks: pd.DataFrame) -> pd.DataFrame:
    """How many ranks fall into each of the bins, a row a quantity, with the chi-square test of evenness."""
    from scipy import stats

    rows: list[dict[str, Any]] = []
    for quantity, part in ranks.groupby("quantity", sort=False):
        counts = np.bincount(part["rank"].to_numpy() * BINS // (DRAWS + 1), minlength=BINS)
        test: Any = stats.chisquare(counts)
        rows.append({"quantity": quantity, "counts": counts.tolist(), "chi2": test.statistic, "p": test.pvalue})
    return pd.DataFrame(rows)


def _one(model: str, rng: np.random.Generator, wrong: bool, sampler: Literal["grid", "nuts"]) -> tuple[Floats, Floats]:
    """Truth and draws of one replicate, on the natural scale."""
    x = np.linspace(-1.5, 1.5, AREAS)
    names = np.arange(2001, 2001 + AREAS)
    settings: dict[str, Any] = {"covariates": pd.DataFrame({"d": names, "x": x})}
    rare = model in ("rare counts", "clustered counts")
    centre = (rng.normal(-5.5, 0.75) if rare else rng.normal(-4, 1)) + rng.normal(0, 0.5) * x
    told = 0.5 if wrong else 1.0
    if model == "beta-binomial":
        kappa, mu = np.exp(rng.normal(4, 1)), special.expit(centre)
        table, truth = _counts(names, rng.beta(mu * kappa, (1 - mu) * kappa), rng, told)
        settings["likelihood"] = "beta-binomial"
    else:
        eta = centre + (_panel(rng) if model == "panel normal" else _sigma(model, rng) * _effects(model, rng))
        if model == "clustered counts":
            table, truth = _clustered(names, special.expit(eta), rng, told)
            settings["likelihood"] = "clustered"
        elif model == "binomial" or model.endswith("counts"):
            table, truth = _counts(names, special.expit(eta), rng, told)
        else:
            se = rng.uniform(0.3, 1.5, AREAS)
            table, truth = pd.DataFrame({"d": names, "value": eta + se * rng.normal(size=AREAS), "se": told * se}), eta
            settings["likelihood"] = "normal"
    word = model.split()[0]
    if word in ("bym2", "sar"):
        edges = pd.DataFrame(names[np.array(EDGES)], columns=["d", "neighbour"])
        settings |= {"spatial": word, "neighbours": edges}
    elif word in ("rw1", "ar1"):
        settings |= {"temporal": word, "time": "d"}
    elif word == "panel":
        years = {"d": names // YEARS, "year": names % YEARS}
        table, settings["covariates"] = table.assign(**years), settings["covariates"].assign(**years)
        settings |= {"temporal": "ar1", "time": "year"}
    # The design effect is known here: as in a survey of people drawn one by one.
    estimates = area(
        table, prior=RARE if rare else PRIOR, deff="own", draws=DRAWS, seed=int(rng.integers(2**31)), sampler=sampler, **settings
    )  # fmt: skip
    return truth, np.asarray(estimates.draws, dtype=float)


def _sigma(model: str, rng: np.random.Generator) -> float:
    """How far areas differ, from its prior."""
    return float(rng.rayleigh(1) if model in ("rare counts", "clustered counts") else abs(rng.normal()))


def _counts(names: Any, p: Floats, rng: np.random.Generator, told: float) -> tuple[pd.DataFrame, Floats]:
    """One area in six has no sample; people are drawn independently, so that the design effect is 1."""
    n = np.where(np.arange(AREAS) % 6 == 5, 0, rng.integers(50, 900, AREAS))
    value = np.where(n > 0, rng.binomial(n, p) / np.maximum(n, 1), np.nan)
    return pd.DataFrame({"d": names, "value": value, "n": n / told**2, "deff": 1.0}), p


def _clustered(names: Any, p: Floats, rng: np.random.Generator, told: float) -> tuple[pd.DataFrame, Floats]:
    """The same with cases that come together: design effects from 1.2 to 6, known, each area's own."""
    n = np.where(np.arange(AREAS) % 6 == 5, 0, rng.integers(50, 900, AREAS))
    deff = rng.uniform(1.2, 6.0, AREAS)
    kappa = (np.maximum(n, 50) - deff) / (deff - 1)
    share = rng.beta(np.maximum(p * kappa, 1e-300), np.maximum((1 - p) * kappa, 1e-300))
    value = np.where(n > 0, rng.binomial(n, share) / np.maximum(n, 1), np.nan)
    return pd.DataFrame({"d": names, "value": value, "n": n, "deff": 1 + (deff - 1) * told**2}), p


def _panel(rng: np.random.Generator) -> Floats:
    """Effects of areas and autoregressive effects of their times, each with a sigma of its own."""
    areas, rho = AREAS // YEARS, rng.uniform()
    lag = np.abs(np.subtract.outer(np.arange(YEARS), np.arange(YEARS)))
    times = rng.normal(size=(areas, YEARS)) @ np.linalg.cholesky(rho**lag).T
    own = np.repeat(abs(rng.normal()) * rng.normal(size=areas), YEARS)
    return own + abs(rng.normal()) * times.ravel()


def _effects(model: str, rng: np.random.Generator) -> Floats:
    """Effects of standard deviation 1, made apart from the code that is tested: from dense covariance matrices."""
    noise, word, h = rng.normal(size=AREAS), model.split()[0], rng.uniform()
    w = np.zeros((AREAS, AREAS))
    for a, b in EDGES:
        w[a, b] = w[b, a] = 1.0
    if word == "bym2":
        return np.sqrt(h) * _field(w, rng) + np.sqrt(1 - h) * noise
    if word == "sar":
        return np.linalg.solve(np.eye(AREAS) - h * w / np.maximum(w.sum(axis=1, keepdims=True), 1), noise)
    if word == "rw1":
        return _field(np.diag(np.ones(AREAS - 1), 1) + np.diag(np.ones(AREAS - 1), -1), rng)
    if word == "ar1":
        lag = np.abs(np.subtract.outer(np.arange(AREAS), np.arange(AREAS)))
        return np.linalg.cholesky(h**lag) @ noise
    return noise


def _field(w: Floats, rng: np.random.Generator) -> Floats:
    """An ICAR field: by components, geometric mean of the variances 1; an island has variance 1."""
    out, left = np.empty(len(w)), set(range(len(w)))
    while left:
        part, grown = set[int](), {min(left)}
        while grown - part:
            part |= grown
            grown = {int(k) for node in part for k in np.flatnonzero(w[node])} | part
        nodes = sorted(part)
        left -= part
        laplacian = np.diag(w[np.ix_(nodes, nodes)].sum(axis=1)) - w[np.ix_(nodes, nodes)]
        covariance = np.linalg.pinv(laplacian, rcond=1e-10, hermitian=True) if len(nodes) > 1 else np.eye(1)
        covariance /= np.exp(np.log(np.diag(covariance)).mean())
        out[nodes] = rng.multivariate_normal(np.zeros(len(nodes)), covariance, method="svd")
    return out
