"""Maximum likelihood of zero-truncated counts with covariates: Newton's method, and what has no maximum. Arrays only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import linalg

from fl_estimate.arrays import Floats
from fl_estimate.errors import EstimateFault, listed
from fl_estimate.estimators.capture_recapture.truncated_kernels import STEP, DistributionName, inflated

STEPS = 200
SETTLED = 1e-13
SMALLEST, LARGEST = -9.0, 14.0
"""Log of the sizes of the negative binomial between which a maximum is looked for."""
NEARLY_NONE = -14.0
"""Logit of a share of inflation at which it is none."""
WILD = 1e3
"""Standard error of a coefficient, of a column scaled to at most 1, above which it has no finite estimate."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Counts:
    """Counts of people alike.

    Attributes
    ----------
    columns : array, shape (rows, columns)
        Of the log mean; scaled to at most 1.
    counts : array, shape (rows,)
        1 or more.
    people : array, shape (rows,)
    names : tuple of str
    """

    columns: Floats
    counts: Floats
    people: Floats
    names: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class CountFit:
    """The maximum.

    Attributes
    ----------
    distribution : str
    coefficients : array, shape (columns,)
    log_size, logit : float
        Of the negative binomial's size and the share inflated; NaN where there is none.
    covariance : array
        Of [log_size], [logit], coefficients, whichever there are, in this order.
    log_likelihood : float
    limits : tuple of str
        What is at its limit: "size" (a Poisson distribution), "inflation" (none).
    """

    distribution: DistributionName
    coefficients: Floats
    log_size: float
    logit: float
    covariance: Floats
    log_likelihood: float
    limits: tuple[str, ...] = ()

    @property
    def extra(self) -> int:
        """How many parameters stand before the coefficients."""
        return int(not np.isnan(self.log_size)) + int(not np.isnan(self.logit))


def fit_counts(data: Counts, distribution: DistributionName, *, inflation: bool) -> CountFit:
    """Find the maximum of the likelihood of counts given that they are not zero.

    A negative binomial whose size grows without end is a Poisson distribution, and a share inflated that falls to 0 is
    none: the fit is that of the simpler model, and `limits` says so.

    Raises
    ------
    EstimateFault
        FL-EST-172, FL-EST-173 (coefficients); FL-EST-176: no maximum short of infinitely many people.
    """
    _require_spread(data, inflation)
    _require_identified(data)
    if inflation:
        plain = fit_counts(data, distribution, inflation=False) if _plain_exists(data) else None
        result = _best(data, distribution, inflation=True)
        if result is None or result.logit < NEARLY_NONE or (
            plain is not None and result.log_likelihood <= plain.log_likelihood + 1e-9
        ):  # fmt: skip
            if plain is None:
                raise _no_maximum("the share of people with one contact for other reasons runs to 0")
            return _limited(plain, "inflation")
        return result
    result = _best(data, distribution, inflation=False)
    if result is None:
        raise _no_maximum("the size of the negative binomial runs to 0, or the means do")
    return result


def _best(data: Counts, distribution: DistributionName, *, inflation: bool) -> CountFit | None:
    """The highest of the maxima that Newton's method finds from several starts; None where they run to the edge."""
    shapes = [np.nan] if distribution != "negative-binomial" else [-2.0, 0.5, 3.0]
    logits = [-2.0, 0.0, 1.0] if inflation else [np.nan]
    found = [
        one for shape in shapes for logit in logits
        if (one := _newton(data, distribution, shape, logit)) is not None
    ]  # fmt: skip
    best = max(found, key=lambda one: one.log_likelihood, default=None)
    if distribution != "negative-binomial":
        return best
    limit = _best(data, "poisson", inflation=inflation)
    if best is None or (limit is not None and best.log_likelihood <= limit.log_likelihood + 1e-7):
        return None if limit is None or _falls_towards_poisson(data, limit) else _limited(limit, "size")
    return best


def _falls_towards_poisson(data: Counts, limit: CountFit) -> bool:
    """Whether a finite size fits better than the Poisson limit, so that the maximum was missed rather than at that edge."""
    values = np.concatenate([[LARGEST - 4], _values(limit)])
    value = _likelihood(data, "negative-binomial", values, LARGEST - 4, limit.logit)
    return value > limit.log_likelihood + 1e-6


def _limited(fit: CountFit, what: str) -> CountFit:
    return CountFit(
        distribution=fit.distribution, coefficients=fit.coefficients, log_size=fit.log_size, logit=fit.logit,
        covariance=fit.covariance, log_likelihood=fit.log_likelihood, limits=(*fit.limits, what),
    )  # fmt: skip


def _values(fit: CountFit) -> Floats:
    head = [value for value in (fit.log_size, fit.logit) if not np.isnan(value)]
    return np.concatenate([head, fit.coefficients])


def _newton(data: Counts, distribution: DistributionName, shape: float, logit: float) -> CountFit | None:
    """Newton's method with a curvature that always points uphill; None where it runs to an edge."""
    head = [value for value in (shape, logit) if not np.isnan(value)]
    values = np.concatenate([head, _start(data)])
    likelihood, score, curvature = _derivatives(data, distribution, values, shape, logit)
    for _ in range(STEPS):
        step = _uphill(score, curvature)
        if float(np.abs(score @ step)) <= SETTLED * (1 + abs(likelihood)):
            break
        step = step * min(1.0, 3.0 / max(float(np.abs(step).max()), 1e-300))
        length = 1.0
        while length > 1e-9:
            trial = values + length * step
            reached = _likelihood(data, distribution, trial, shape, logit)
            if np.isfinite(reached) and reached >= likelihood - 1e-13 * abs(likelihood):
                break
            length /= 2
        else:
            break
        values = trial
        likelihood, score, curvature = _derivatives(data, distribution, values, shape, logit)
        if _at_edge(values, shape, logit):
            return None
    return _checked(data, distribution, values, likelihood, curvature, shape, logit)


def _checked(
    data: Counts, distribution: DistributionName, values: Floats, likelihood: float, curvature: Floats, shape: float,
    logit: float,
) -> CountFit | None:  # fmt: skip
    """The fit, where it is a maximum; coefficients without a finite estimate are refused."""
    extra = len(values) - data.columns.shape[1]
    flattest = np.linalg.eigvalsh(-curvature)[0]
    spread = np.sqrt(np.maximum(np.diag(np.linalg.pinv(-curvature)), 0.0))
    wild = [name for name, error in zip(data.names, spread[extra:], strict=True) if error > WILD]
    if flattest <= 1e-9 or wild:
        if extra:
            return None
        raise EstimateFault(
            "FL-EST-173", "coefficients have no finite estimate: everybody of some class has a count of one",
            found=listed(wild or data.names, most=8), fix="join classes, or leave the covariate out",
        )  # fmt: skip
    return CountFit(
        distribution=distribution, coefficients=values[extra:],
        log_size=np.nan if np.isnan(shape) else float(values[0]),
        logit=np.nan if np.isnan(logit) else float(values[extra - 1]),
        covariance=np.asarray(linalg.inv(-curvature)), log_likelihood=likelihood,
    )  # fmt: skip


def _at_edge(values: Floats, shape: float, logit: float) -> bool:
    edge = not np.isnan(shape) and not SMALLEST < values[0] < LARGEST
    return edge or (not np.isnan(logit) and abs(values[int(not np.isnan(shape))]) > 40)


def _start(data: Counts) -> Floats:
    """Coefficients that give everybody the mean of the counts, as near as the columns come to a constant."""
    mean = max(float(data.people @ data.counts / data.people.sum()) - 1, 0.05) * 1.5
    result: Floats = np.linalg.lstsq(data.columns, np.full(len(data.counts), np.log(mean)), rcond=None)[0]
    return result


def _uphill(score: Floats, curvature: Floats) -> Floats:
    values, vectors = np.linalg.eigh(-curvature)
    bounded = np.maximum(np.abs(values), 1e-10 * max(float(np.abs(values).max()), 1e-300))
    return vectors @ ((vectors.T @ score) / bounded)


def _parts(data: Counts, values: Any, shape: float, logit: float) -> tuple[Any, Any, Any]:
    """Log means, the log size and the logit, as arrays of one shape."""
    extra = int(not np.isnan(shape)) + int(not np.isnan(logit))
    log_mean = data.columns @ values[extra:]
    size = np.full_like(log_mean, 0.0 if np.isnan(shape) else values[0])
    inflation = np.full_like(log_mean, -np.inf if np.isnan(logit) else values[extra - 1])
    return log_mean, size, inflation


def _likelihood(data: Counts, distribution: DistributionName, values: Floats, shape: float, logit: float) -> float:
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        told = inflated(distribution, data.counts, *_parts(data, values, shape, logit))[0]
    return float(data.people @ told)


def _derivatives(
    data: Counts, distribution: DistributionName, values: Floats, shape: float, logit: float
) -> tuple[float, Floats, Floats]:
    """Log-likelihood, score and second derivatives by [log k], [logit ω], β."""
    log_mean, size, inflation = _parts(data, values, shape, logit)
    wanted = [position for position, there in ((1, not np.isnan(shape)), (2, not np.isnan(logit)), (0, True)) if there]
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        told = inflated(distribution, data.counts, log_mean, size, inflation)
        bent: dict[int, Any] = {}
        for position in wanted:
            moved = [part + (1j * STEP if position == at else 0) for at, part in enumerate((log_mean, size, inflation))]
            bent[position] = [np.imag(one) / STEP for one in inflated(distribution, data.counts, *moved)[1:]]
    bases = {0: data.columns, 1: np.ones((len(log_mean), 1)), 2: np.ones((len(log_mean), 1))}
    first = [bases[position].T @ (data.people * told[1 + position]) for position in wanted]
    second = [
        [bases[a].T @ (bases[b] * (data.people * bent[a][b])[:, None]) for b in wanted] for a in wanted
    ]  # fmt: skip
    return float(data.people @ told[0]), np.concatenate(first), np.block(second)


def _plain_exists(data: Counts) -> bool:
    return bool(data.counts.max() > 1)


def _require_spread(data: Counts, inflation: bool) -> None:
    most = float(data.counts.max())
    if most < 2:
        raise _no_maximum("nobody has a count above 1")
    if inflation and most < 3:
        raise _no_maximum("nobody has a count above 2, and ones may be there for other reasons")


def _require_identified(data: Counts) -> None:
    scaled = data.columns * np.sqrt(data.people)[:, None]
    lengths = np.linalg.norm(scaled, axis=0)
    if not len(lengths) or (lengths == 0).any():
        raise _not_identified([name for name, one in zip(data.names, lengths, strict=True) if one == 0])
    values, vectors = np.linalg.eigh((scaled / lengths).T @ (scaled / lengths))
    if values[0] < 1e-9:
        direction = np.abs(vectors[:, 0])
        raise _not_identified([data.names[at] for at in np.flatnonzero(direction > 0.05 * direction.max())])


def _not_identified(names: list[str]) -> EstimateFault:
    return EstimateFault(
        "FL-EST-172", "the records cannot tell these coefficients from each other, or from none at all",
        found=listed(names, most=8) or "no column", fix="leave out one of two columns that say the same",
    )  # fmt: skip


def _no_maximum(found: str) -> EstimateFault:
    return EstimateFault(
        "FL-EST-176",
        "the likelihood has no maximum short of infinitely many people: these counts give no estimate",
        found=found,
        fix="a simpler distribution (Poisson, geometric), fewer covariates, or Chao's lower bound (generalised_chao)",
    )
