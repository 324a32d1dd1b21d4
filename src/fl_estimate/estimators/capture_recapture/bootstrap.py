"""Bootstrap of an estimate from lists with everything that led to it, the choice of model too: percentile and BCa limits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from scipy import special

from fl_estimate.arrays import Floats
from fl_estimate.errors import EstimateFault, shown
from fl_estimate.estimators.capture_recapture.answers import Limits
from fl_estimate.estimators.capture_recapture.list_codes import BOOTSTRAP_LIMIT_IS_EXTREME_DRAW
from fl_estimate.estimators.sampling import known_seed
from fl_estimate.results.codes import BOOTSTRAP_DRAWS_FAILED, ReasonCode
from fl_estimate.tasks import run_tasks

Kind = Literal["bca", "percentile", "bca-fixed-n", "percentile-fixed-n"]
KINDS = ("bca", "percentile", "bca-fixed-n", "percentile-fixed-n")
FIXED = "-fixed-n"
"""End of the kinds that draw as many people as were seen, as SparseMSE and MultipleSystemsEstimation do."""
FAILED = 0.05
"""Share of resamples without an estimate above which the interval is marked."""
TAIL_DRAWS = 5
"""Draws beyond a limit, below which it is marked: it then moves with the number of draws and the seed."""
ANOTHER_RUN = 3.0
"""Standard errors within which another run is looked for."""
FEWEST = 20
PART = 200
"""Resamples between two signs of progress."""
Tell = Callable[[str], None]


@dataclass(frozen=True, kw_only=True, eq=False)
class BootstrapDraws:
    """What the whole procedure gives on resamples, and on the data less one person.

    Attributes
    ----------
    dark : array, shape (replicates,)
        Dark figures with the people of the resample's own n; NaN where a resample has no estimate.
    size : array, shape (replicates,)
        n + dark.
    less_one : array, shape (histories that occurred,)
        Population size with one person of a history taken out.
    people : array, shape (histories that occurred,)
    seed : int
        Of the resamples, also where none was given.
    """

    dark: Floats
    size: Floats
    less_one: Floats
    people: Floats
    seed: int | None = None


@dataclass(frozen=True, kw_only=True)
class Bootstrapped:
    """Limits of the dark figure, the draws' standard deviation, reasons and what is told beside them."""

    limits: Limits
    se: float
    reasons: tuple[ReasonCode, ...]
    diagnostics: dict[str, Any]


def require_replicates(replicates: int) -> None:
    """Refuse so few resamples that no tail can be seen.

    Raises
    ------
    EstimateFault
        FL-EST-91.
    """
    if int(replicates) != replicates or replicates < FEWEST:
        raise EstimateFault(
            "FL-EST-91", "too few resamples for an interval", found=shown(replicates),
            fix=f"give at least {FEWEST}; 1,000 is usual, and BCa limits want more",
        )  # fmt: skip


def resample(counts: Floats, replicates: int, seed: int) -> Floats:
    """Draw tables of n people from the histories that occurred, shape (replicates, histories)."""
    generator = np.random.default_rng(seed)
    total = round(float(counts.sum()))
    return generator.multinomial(total, counts / counts.sum(), size=replicates).astype(float)


def resample_all(counts: Floats, dark: float, replicates: int, seed: int) -> Floats:
    """Draw tables of all n + dark people, those unseen too: how many are seen then varies as it does in life.

    The histories that occurred keep their shares; shape (replicates, histories). Part of a person is one with that chance.
    """
    generator = np.random.default_rng(seed)
    size = float(counts.sum()) + dark
    whole = np.floor(size) + (generator.random(replicates) < size - np.floor(size))
    chances = np.append(counts, dark) / size
    return generator.multinomial(whole.astype(int), chances)[:, :-1].astype(float)


def without_one(counts: Floats) -> Floats:
    """The table less one person, once for each history that occurred; shape (histories that occurred, histories)."""
    occurred = np.flatnonzero(counts > 0)
    tables = np.tile(counts, (len(occurred), 1))
    tables[np.arange(len(occurred)), occurred] = np.maximum(counts[occurred] - 1, 0.0)
    return tables


def draw(
    counts: Floats,
    procedure: Callable[[Floats], Floats],
    *,
    replicates: int,
    seed: int | None,
    unseen: float | None = None,
    tell: Tell | None = None,
) -> BootstrapDraws:
    """Run a procedure (tables in, dark figures out) on resamples and on the table less one person.

    With `unseen`, the dark figure estimated, all people are drawn; without it as many as were seen. `tell` is told how many
    resamples are done.
    """
    used = known_seed(seed)
    fewer = without_one(counts)
    tables = resample(counts, replicates, used) if unseen is None else resample_all(counts, unseen, replicates, used)
    dark = _in_parts(procedure, np.vstack([tables, fewer]), replicates, tell)
    first, last = dark[:replicates], dark[replicates:]
    return BootstrapDraws(
        dark=first,
        size=first + tables.sum(axis=1),
        less_one=last + fewer.sum(axis=1),
        people=counts[counts > 0],
        seed=used,
    )


def _in_parts(procedure: Callable[[Floats], Floats], tables: Floats, replicates: int, tell: Tell | None) -> Floats:
    """All tables were drawn before: a part has no randomness of its own."""

    def done(parts: int) -> None:
        if tell is not None and (parts - 1) * PART < replicates:
            tell(f"{min(parts * PART, replicates):,} of {replicates:,} resamples")

    parts = ((tables[at : at + PART],) for at in range(0, len(tables), PART))
    return np.concatenate(run_tasks(procedure, parts, what="block of resamples", done=done))


def bootstrap(draws: BootstrapDraws, size: float, n: float, *, kind: str, level: float) -> Bootstrapped:
    """Limits from the draws.

    Raises
    ------
    EstimateFault
        FL-EST-92: hardly any resample has an estimate.

    Notes
    -----
    z₀ = Φ⁻¹(share of draws below N̂), a = Σ n_ω d_ω³/(6 (Σ n_ω d_ω²)^{3/2}) with d_ω the mean of the values less one
    person minus that of ω; level q moves to Φ(z₀ + (z₀ + z_q)/(1 − a(z₀ + z_q))) (Efron 1987). Quantiles of type 8.
    """
    sizes = draws.size[np.isfinite(draws.size)]
    failed = len(draws.size) - len(sizes)
    if len(sizes) < FEWEST:
        raise EstimateFault(
            "FL-EST-92",
            "hardly any resample of these lists has an estimate, so there is no interval",
            found=f"{failed} of {len(draws.size)} without",
            fix='the lists are too sparse for this choice of model; interval="wald" gives that of the model chosen',
        )
    bias, acceleration = _bias(sizes, size), _acceleration(draws)
    plain = np.array([(1 - level) / 2, (1 + level) / 2])
    moved = _moved(plain, bias, acceleration)
    asked = moved if kind.removesuffix(FIXED) == "bca" else plain
    values = quantiles(sizes, np.concatenate([asked, moved, plain]))
    edge = np.minimum(asked, 1 - asked) * len(sizes)
    reasons = [BOOTSTRAP_LIMIT_IS_EXTREME_DRAW] if (edge < TAIL_DRAWS).any() else []
    reasons += [BOOTSTRAP_DRAWS_FAILED] if failed > FAILED * len(draws.size) else []
    return Bootstrapped(
        # A resample may hold fewer people than were seen; the population cannot.
        limits=Limits(max(float(values[0]) - n, 0.0), float(values[1]) - n),
        se=float(sizes.std(ddof=1)),
        reasons=tuple(reasons),
        diagnostics={
            "replicates": len(draws.size),
            "replicates_failed": failed,
            "z0": bias,
            "acceleration": acceleration,
            "levels_of_limits": asked.tolist(),
            "bca": values[2:4].tolist(),
            "percentile": values[4:].tolist(),
            "median_of_draws": float(np.median(sizes)),
            "monte_carlo_se_of_limits": _monte_carlo(sizes, asked),
            **_another_run(sizes, plain, None if asked is plain else (bias, acceleration)),
        },
    )


def quantiles(values: Floats, levels: Floats) -> Floats:
    """Median-unbiased quantiles (type 8 of Hyndman and Fan)."""
    return np.quantile(values, levels, method="median_unbiased")


def _bias(sizes: Floats, size: float) -> float:
    below = float((sizes < size).mean())
    # With all draws on one side there is no bias to tell; half a draw keeps it finite.
    half = 0.5 / len(sizes)
    return float(special.ndtri(min(max(below, half), 1 - half)))


def _acceleration(draws: BootstrapDraws) -> float:
    known = np.isfinite(draws.less_one)
    people, values = draws.people[known], draws.less_one[known]
    mean = float(people @ values / people.sum()) if known.any() else 0.0
    distance = mean - values
    spread = float(people @ distance**2)
    return float(people @ distance**3) / (6 * spread**1.5) if spread > 0 else 0.0


def _moved(levels: Floats, bias: float, acceleration: float) -> Floats:
    shifted = bias + special.ndtri(levels)
    return np.asarray(special.ndtr(bias + shifted / (1 - acceleration * shifted)))


def _monte_carlo(sizes: Floats, levels: Floats) -> list[float]:
    """Half the distance between the quantiles one binomial standard error to each side of a level."""
    error = np.sqrt(levels * (1 - levels) / len(sizes))
    sides = quantiles(sizes, np.clip(np.concatenate([levels - error, levels + error]), 0, 1))
    return ((sides[2:] - sides[:2]) / 2).tolist()


def _another_run(sizes: Floats, levels: Floats, bca: tuple[float, float] | None) -> dict[str, list[float]]:
    """Between which of these draws each limit of another run with as many draws lies: low and high of the lower, then of the upper.

    On the scale of levels, where draws that lie in heaps, or few of them, mislead no density: z₀ of both runs, √(2p(1 − p)/B)/φ(z₀)
    with p = Φ(z₀), moves the level, and beyond it the share of draws has a binomial standard error. A level of 0 or 1 means that
    another run may lie beyond all draws of this one.
    """
    draws = len(sizes)
    moved = np.stack([levels, levels])
    if bca is not None:
        bias, acceleration = bca
        p = float(special.ndtr(bias))
        error = np.sqrt(2 * p * (1 - p) / draws) * np.sqrt(2 * np.pi) * np.exp(bias**2 / 2)
        moved = np.sort([_moved(levels, bias + side * ANOTHER_RUN * error, acceleration) for side in (-1, 1)], axis=0)
    slack = ANOTHER_RUN * np.sqrt(2 * np.maximum(moved * (1 - moved), 1 / draws) / draws) + 1 / draws
    between = np.clip(moved + slack * np.array([[-1], [1]]), 0, 1).T.ravel()
    return {"limits_of_another_run": quantiles(sizes, between).tolist(), "levels_of_another_run": between.tolist()}
