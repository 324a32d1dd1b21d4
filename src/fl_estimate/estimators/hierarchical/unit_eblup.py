"""`unit_eblup`: Battese, Harter and Fuller's model by (restricted) maximum likelihood, beside the Bayesian `unit`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from scipy import special

from fl_estimate.arrays import Floats
from fl_estimate.errors import EstimateFault, not_one_of
from fl_estimate.estimators.hierarchical.engines.unit_normal import CellSums, person_means, sum_cells
from fl_estimate.estimators.hierarchical.model.asked import check_numbers
from fl_estimate.estimators.hierarchical.read.unit_design import PopulationCells, lay_cells
from fl_estimate.inputs.sample_design import Design
from fl_estimate.results.basis import Support
from fl_estimate.results.build import build
from fl_estimate.results.codes import (
    AREA_COVARIATES,
    AREA_EFFECTS_EXCHANGEABLE,
    AREA_WITHOUT_SAMPLE,
    CELLS_POPULATION_KNOWN,
    MEAN,
    UNIT_COUNTS_AS_DRAWN,
    VARIANCE_AT_BOUNDARY,
    WALD,
    MethodName,
)
from fl_estimate.results.columns import check_by_columns
from fl_estimate.results.estimates import Estimates
from fl_estimate.results.methods import method
from fl_estimate.results.roles import Level

METHODS: tuple[str, ...] = ("reml", "ml")
NAMES: dict[str, MethodName] = {method: MethodName(f"unit-eblup-{method}") for method in METHODS}
TARGETS: tuple[str, ...] = ("finite", "superpopulation")


@method(kind=None, basis="model", family="hierarchical")
def unit_eblup(
    people: Any,
    variable: str,
    *,
    area: str,
    population: Any,
    covariates: Sequence[str] = (),
    method: Literal["reml", "ml"] = "reml",
    target: Literal["finite", "superpopulation"] = "finite",
    where: str | None = None,
    unknown: Literal["exclude"] | None = None,
    level: Level = 0.95,
) -> Estimates:
    """Predict the means of areas from people, by Battese, Harter and Fuller's empirical best linear unbiased predictor.

    Use it to compare with published figures; `unit` with the normal likelihood carries the uncertainty of the spreads too.
    Weights and clusters are not used: the sample is taken as drawn at random within areas.

    Parameters
    ----------
    people : SurveyData or frame
    variable : str
    area : str
        The column of areas.
    population : frame
        That column, `population` in persons (or segments), and the mean of every covariate.
    covariates : list of str
        Columns of `people`.
    method : {"reml", "ml"}
    target : {"finite", "superpopulation"}
        The mean of the people there are, sampled ones known; or the mean that the model supposes.
    where, unknown
        As in `estimate_mean`.
    level : float

    Returns
    -------
    Estimates
        One row an area, those without sample too. `se` is missing where the variance between areas is estimated as 0.
        Diagnostics hold the coefficients, both variances and the log likelihood.

    Raises
    ------
    EstimateFault
        FL-EST-101, FL-EST-102, FL-EST-107, FL-EST-109.

    Notes
    -----
    y_ij = x_ij'b + v_i + e_ij; g_i = s_v²/(s_v² + s_e²/n_i). Superpopulation: X_i'b + g_i(ȳ_i − x̄_i'b). Finite, f_i = n_i/N_i:
    f_i ȳ_i + (X_i − f_i x̄_i)'b + (1 − f_i) g_i (ȳ_i − x̄_i'b). Mean squared error g1 + g2 + 2 g3 (Prasad and Rao), times
    (1 − f_i)² and with (N_i − n_i) s_e²/N_i² added for a finite population; for ML without its correction for bias.

    References
    ----------
    Battese, Harter and Fuller (1988), Journal of the American Statistical Association 83, 28-36. Prasad and Rao (1990),
    Journal of the American Statistical Association 85, 163-171.

    Examples
    --------
    >>> import fl_estimate as fl, pandas as pd
    >>> people = pd.DataFrame({"area": ["A"] * 3 + ["B"] * 3 + ["C"] * 3, "wage": [9.0, 10, 12, 14, 15, 13, 9, 8, 10]})
    >>> population = pd.DataFrame({"area": ["A", "B", "C", "D"], "population": [90, 80, 70, 60]})
    >>> estimates = fl.hierarchical.unit_eblup(people, "wage", area="area", population=population)
    >>> estimates.to_frame()["value"].round(2).tolist()
    [10.39, 13.8, 9.15, 11.11]
    """
    for what, word, known in (("this method", method, METHODS), ("this target", target, TARGETS)):
        if word not in known:
            raise not_one_of("FL-EST-107", what, word, known)
    check_numbers(level, 1, None)
    check_by_columns([area])
    names = tuple(covariates)
    sums = sum_cells(
        people, variable, (area,), names, design=Design(unweighted=True), where=where, unknown=unknown, weights="none"
    )
    cells = lay_cells(population, (area,), sums.keys, names)
    _refuse_small(cells, sums, target)
    means = person_means(population, cells.keys, (area,), names)
    fit = _fit(sums, method)
    return _estimates(variable, area, cells, sums, means, fit, names, method=method, target=target, level=level)


def _refuse_small(cells: PopulationCells, sums: CellSums, target: str) -> None:
    n, p = sums.n, sums.gram.shape[1] - 1
    if n.sum() <= p + 1 or len(n) < 2 or n.sum() <= len(n):
        raise EstimateFault(
            "FL-EST-109", "there are too few people or areas to tell spread within areas from that between them",
            found=f"{n.sum():.0f} people in {len(n)} areas, {p} coefficients", fix="leave covariates out, or use unit()",
        )  # fmt: skip
    over = cells.persons[cells.sampled] < n
    if target == "finite" and over.any():
        raise EstimateFault(
            "FL-EST-109", "an area has fewer people in the population than in the sample", found=f"{int(over.sum())} areas",
            fix='correct population=, or ask for target="superpopulation"',
        )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class _UnitFit:
    """Coefficients of (1, covariates less their means) with covariance, both variances, and the log likelihood."""

    beta: Floats
    covariance: Floats
    between: float
    within: float
    log_likelihood: float
    information: Floats


def _fit(sums: CellSums, method: str) -> _UnitFit:
    """Maximise the profile likelihood in the ratio of the variances, 0 included."""
    from scipy import optimize

    def negative(log_ratio: float) -> float:
        return -_profile(sums, float(np.exp(log_ratio)), method)[0]

    result: Any = optimize.minimize_scalar(negative, bounds=(-14.0, 10.0), method="bounded", options={"xatol": 1e-11})
    ratio = float(np.exp(result.x))
    if _profile(sums, 0.0, method)[0] >= -result.fun:
        ratio = 0.0
    log_likelihood, beta, within, inverse = _profile(sums, ratio, method)
    between = ratio * within
    n = sums.n
    total = within + n * between
    # Expected information of (between, within), as for maximum likelihood.
    information = 0.5 * np.array(
        [
            [(n**2 / total**2).sum(), (n / total**2).sum()],
            [(n / total**2).sum(), ((n - 1) / within**2 + 1 / total**2).sum()],
        ]
    )
    return _UnitFit(
        beta=beta, covariance=inverse * within, between=between, within=within, log_likelihood=float(log_likelihood),
        information=np.asarray(information, dtype=float),
    )  # fmt: skip


def _profile(sums: CellSums, ratio: float, method: str) -> tuple[float, Floats, float, Floats]:
    """Log likelihood at a ratio of the variances, with coefficients, variance within, and (X'V⁻¹X)⁻¹ for variance 1."""
    n = sums.n
    size, p = float(n.sum()), sums.gram.shape[1] - 1
    first = sums.gram[:, 0, :]
    # V⁻¹ = I − g/n 11' within an area.
    shrink = ratio / (1 + n * ratio)
    inner = sums.gram.sum(axis=0) - (first * shrink[:, None]).T @ first
    inverse = np.linalg.inv(inner[:p, :p])
    beta = inverse @ inner[:p, p]
    rest = float(inner[p, p] - inner[p, :p] @ beta)
    freedom = size - p if method == "reml" else size
    within = rest / freedom
    log_size = float(np.log1p(n * ratio).sum())
    out = -0.5 * (freedom * (np.log(2 * np.pi * within) + 1) + log_size)
    if method == "reml":
        out += -0.5 * float(np.linalg.slogdet(inner[:p, :p])[1])
    return out, beta, within, inverse


def _estimates(
    variable: str,
    area: str,
    cells: PopulationCells,
    sums: CellSums,
    means: Floats,
    fit: _UnitFit,
    names: tuple[str, ...],
    *,
    method: str,
    target: str,
    level: float,
) -> Estimates:
    rows = len(cells.keys)
    n, not_zero, average = np.zeros(rows), np.zeros(rows), np.zeros((rows, sums.gram.shape[1]))
    n[cells.sampled], not_zero[cells.sampled] = sums.n, sums.not_zero
    average[cells.sampled] = sums.gram[:, 0, :] / sums.n[:, None]
    own, y = average[:, :-1], average[:, -1]
    whole = np.column_stack([np.ones(rows), means - sums.shift[:-1]])
    gamma = np.divide(fit.between * n, fit.within + n * fit.between)
    residual = np.where(n > 0, y - own @ fit.beta, 0.0)
    value = whole @ fit.beta + gamma * residual
    rest, share = whole, np.zeros(rows)
    if target == "finite":
        share = np.divide(n, cells.persons, out=np.zeros(rows), where=cells.persons > 0)
        rest = np.where(
            (share < 1)[:, None], (whole - share[:, None] * own) / np.maximum(1 - share, 1e-12)[:, None], whole
        )
        value = share * y + (1 - share) * (rest @ fit.beta + gamma * residual)
    mse = (1 - share) ** 2 * _mean_squared_error(fit, n, own, rest, gamma)
    if target == "finite":
        mse += np.divide((1 - share) * fit.within, cells.persons, out=np.zeros(rows), where=cells.persons > 0)
    se = np.full(rows, np.nan) if fit.between == 0 else np.sqrt(mse)
    value = value + sums.shift[-1]
    z = float(special.ndtri((1 + level) / 2))
    columns: dict[str, Any] = {
        "outcome": variable, "margin": area, "value": value, "se": se, "lower": value - z * se, "upper": value + z * se,
        "level": level, "interval_kind": WALD, "n": n,
    }  # fmt: skip
    beta = fit.beta.copy()
    beta[0] += sums.shift[-1] - beta[1:] @ sums.shift[:-1]
    reasons = [AREA_WITHOUT_SAMPLE.at(row) for row in np.flatnonzero(n == 0)]
    if fit.between == 0:
        reasons += [VARIANCE_AT_BOUNDARY.at(row) for row in range(rows)]
    assumptions = [AREA_EFFECTS_EXCHANGEABLE.assume(link="identity")]
    assumptions += [AREA_COVARIATES.assume(covariates=", ".join(names))] if names else []
    assumptions += [UNIT_COUNTS_AS_DRAWN.assume(), CELLS_POPULATION_KNOWN.assume()]
    arguments = {
        "variable": variable, "area": area, "covariates": list(names), "method": method, "target": target, "level": level,
    }  # fmt: skip
    return build(
        columns,
        {area: list(cells.labels[area])},
        quantity=MEAN,
        method=NAMES[method],
        basis="model",
        recipe=sums.recipe.recipe.then("hierarchical.unit_eblup", arguments, assumptions, direct=True),
        reasons=reasons,
        diagnostics={
            "coefficients": dict(zip(("intercept", *names), beta.tolist(), strict=True)), "variance_between": fit.between,
            "variance_within": fit.within, "log_likelihood": fit.log_likelihood, "boundary": fit.between == 0,
        },
        support=Support.of(n, not_zero),
    )  # fmt: skip


def _mean_squared_error(fit: _UnitFit, n: Floats, own: Floats, whole: Floats, gamma: Floats) -> Floats:
    """g1 + g2 + 2 g3 of every area; without a sample s_v² + x'Cov(b)x."""
    if fit.between == 0:
        return np.zeros(len(n))
    away = whole - gamma[:, None] * own
    g1 = (1 - gamma) * fit.between
    g2 = np.einsum("ij,jk,ik->i", away, fit.covariance, away)
    spread = np.linalg.inv(fit.information)
    within, between = fit.within, fit.between
    inner = within**2 * spread[0, 0] + between**2 * spread[1, 1] - 2 * within * between * spread[0, 1]
    g3 = np.divide(inner * n, (n * between + within) ** 3)
    return g1 + g2 + 2 * g3
