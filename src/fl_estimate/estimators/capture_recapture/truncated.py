"""One register: zero-truncated counts of how often people are in it, with covariates, and Horvitz–Thompson totals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
from scipy import special

from fl_estimate.arrays import Floats
from fl_estimate.design.domains import By, by_margins
from fl_estimate.errors import not_one_of
from fl_estimate.estimators.capture_recapture import covariate_codes as codes
from fl_estimate.estimators.capture_recapture import truncated_kernels as kernels
from fl_estimate.estimators.capture_recapture.answers import require_interval
from fl_estimate.estimators.capture_recapture.covariate_formulas import FormulaColumns, columns_of, read_side
from fl_estimate.estimators.capture_recapture.domain_answers import About, DomainAnswer, domain_estimates
from fl_estimate.estimators.capture_recapture.horvitz_thompson import (
    HiddenWeights,
    ListDomain,
    Sums,
    by_columns,
    domains_of,
    limits_of,
    sums_of,
)
from fl_estimate.estimators.capture_recapture.register_counts import Register, read_register
from fl_estimate.estimators.capture_recapture.truncated_fit import CountFit, Counts, fit_counts
from fl_estimate.results.codes import (
    CLOSED_POPULATION,
    PERFECT_LINKAGE,
    AssumptionCode,
    IntervalKind,
    MethodName,
    ReasonCode,
)
from fl_estimate.results.estimates import Estimates
from fl_estimate.results.methods import method
from fl_estimate.results.roles import FromFile, Key, Level

Distribution = Literal["poisson", "geometric", "negative-binomial"]
Inflation = Literal["no", "after", "before"]
INFLATIONS: tuple[Inflation, ...] = ("no", "after", "before")
UNSTEADY = 0.5
"""Standard error, as a share of the dark figure, above which a reason says so…"""
NOTABLE = 0.1
"""… where it is also this share of all people."""
MISFIT = 0.01
"""p-value of the counts' fit below which a reason says so."""
EXPECTED = 5.0
"""People expected in each class of counts of that test."""


@method(kind="capture_recapture", chosen=True, basis="lists", family="capture_recapture")
def zero_truncated(
    records: Annotated[Any, FromFile(keyed=("count", "frequency")), Key("file")],
    *,
    count: str = "count",
    frequency: str | None = None,
    covariates: str = "1",
    distribution: Distribution = "poisson",
    one_inflated: Inflation = "no",
    by: By = None,
    interval: Literal["log", "wald"] = "log",
    level: Level = 0.95,
) -> Estimates:
    """Estimate the number of people from how often those in one register are in it: a zero-truncated regression of counts.

    Use it where there is one register only (arrests, stays in a shelter, calls) and each person may come again. Contacts
    must not change the chance of further ones; where the first contact ends it for many, see `one_inflated`. People who
    could never be in the register are not counted.

    Parameters
    ----------
    records : frame
        A row a person, with how often the person is in the register; or a row a count (and covariates), with `frequency`.
    count : str
        Column of whole numbers, 1 or more.
    frequency : str, optional
        Column of how many people a row stands for.
    covariates : str
        Right-hand side of a formula of the log mean: ``"sex + age"``; ``"1"`` for none.
    distribution : {"poisson", "geometric", "negative-binomial"}
        Of the counts of people alike. ``negative-binomial`` has the variance μ + μ²/k, and needs many people and counts.
    one_inflated : {"no", "after", "before"}
        Whether some people have a count of 1 for other reasons than the distribution. ``after``: they were observed as all
        others, and then could not be again; N = Σ 1/(1 − p₀). ``before``: they are people of another kind, none of whom is
        missing; only those with two contacts or more speak of the people not seen.
    by : str, sequence of str, or sequence of sequences, optional
        Domains, as everywhere.
    interval : {"log", "wald"}
        ``log`` takes the dark figure as log-normal; ``wald`` is N ± z se, not below the people observed.
    level : float

    Returns
    -------
    Estimates
        Rows `population_size` and `dark_figure` of the nation and of each domain, in persons, with their joint covariance.
        `diagnostics` has `coefficients` (value and standard error), `aic`, `bic`, a `chi_square` of the counts with its
        `df` and `p_value`, and both parts of the standard error.

    Raises
    ------
    EstimateFault
        FL-EST-30 (a word or level that there is not), FL-EST-04, FL-EST-05 (by), FL-EST-170 (formula), FL-EST-171 (a
        covariate is missing), FL-EST-172, FL-EST-173 (coefficients without an estimate), FL-EST-175 (counts), FL-EST-176
        (no maximum short of infinitely many people: all counts are one, or the negative binomial's size runs to 0).
    ListsFault
        FL-LISTS-01, FL-LISTS-03.

    Notes
    -----
    Likelihood Π P(y_i)/(1 − p₀(x_i)), log μ = x'β; p₀ = e^{−μ} (Poisson), 1/(1 + μ) (geometric), (k/(k + μ))^k (negative
    binomial). N = Σ 1/(1 − p₀(x_i)), Var N = Σ p₀/(1 − p₀)² + g'Vg, g = dN/dβ, V from the observed information. One-inflated:
    P(1) = ω + (1 − ω) f(1), P(y) = (1 − ω) f(y) with f zero-truncated; ``before``: N = n + Σ_{y ≥ 2} p₀/(1 − p₀ − p₁).
    Where the negative binomial is best without limit of its size, or no share is inflated, the simpler model is given and
    a reason says so.

    References
    ----------
    van der Heijden, Bustami, Cruyff, Engbersen and van Houwelingen (2003), Statistical Modelling 3, 305-322. Cruyff and van
    der Heijden (2008), Biometrical Journal 50, 1035-1050 (negative binomial). Godwin and Böhning (2017), Journal of the
    Royal Statistical Society C 66, 425-448; Böhning and Friedl (2021), Statistical Methods and Applications 30, 1197-1217
    (one-inflation).

    Examples
    --------
    >>> import pandas as pd
    >>> from fl_estimate import capture_recapture as cr
    >>> stays = pd.DataFrame({"count": [1, 2, 3, 4, 5], "people": [430, 160, 80, 18, 5]})
    >>> size = cr.zero_truncated(stays, frequency="people")["population_size"]
    >>> round(size.value), round(size.lower), round(size.upper)
    (1110, 1038, 1196)
    """
    require_interval(interval, ("log", "wald"), level)
    if distribution not in kernels.NAMES:
        raise not_one_of("FL-EST-30", "this distribution", str(distribution), kernels.NAMES)
    if one_inflated not in INFLATIONS:
        raise not_one_of("FL-EST-30", "this kind of one-inflation", str(one_inflated), INFLATIONS)
    read = read_register(records, count, frequency, [*read_side(covariates)[1], *by_columns(by)])
    columns, data = _columns(read, covariates)
    fit = fit_counts(data, distribution, inflation=one_inflated != "no")
    weights, agreement = _weights(data, fit, one_inflated), _fit_of(data, fit)
    arguments = {
        "count": count, "frequency": frequency, "covariates": covariates, "distribution": distribution,
        "one_inflated": one_inflated, "by": [list(margin) for margin in by_margins(by)], "interval": interval,
    }  # fmt: skip
    domains = domains_of(read.frame, by)
    sums = sums_of(weights, domains)
    return answer_of_counts(
        read, domains, sums, by=by, covariates=covariates, interval=interval, level=level,
        method=(codes.TRUNCATED if one_inflated == "no" else codes.ONE_INFLATED)[distribution],
        call="zero_truncated", assumptions=_assumptions(distribution, one_inflated),
        reasons=_reasons(fit, agreement), diagnostics=_diagnostics(columns, data, fit, agreement), arguments=arguments,
    )  # fmt: skip


def answer_of_counts(
    read: Register, domains: list[ListDomain], sums: Sums, *, by: By, covariates: str, interval: str, level: float,
    method: MethodName, call: str, assumptions: tuple[AssumptionCode, ...], reasons: list[ReasonCode], diagnostics: dict[str, Any],
    arguments: dict[str, Any],
) -> Estimates:  # fmt: skip
    """Lay the answer of one register out: what its methods have in common."""
    errors = np.sqrt(np.diag(sums.covariance))
    told: dict[ReasonCode, list[int]] = {code: list(range(len(domains))) for code in reasons}
    unsteady = (errors > UNSTEADY * sums.dark) & (errors > NOTABLE * (sums.seen + sums.dark))
    if unsteady.any():
        told[codes.DARK_FIGURE_UNSTEADY] = np.flatnonzero(unsteady).tolist()
    named = read_side(covariates)[1]
    held = [codes.COUNTS_ALIKE_GIVEN.assume(covariates=", ".join(named))] if named else []
    return domain_estimates(
        DomainAnswer(
            by=by_columns(by), domains=domains, seen=sums.seen, dark=sums.dark, covariance=sums.covariance,
            limits=[
                limits_of(float(f), float(v), interval, level)
                for f, v in zip(sums.dark, np.diag(sums.covariance), strict=True)
            ],
            method=method, term=covariates if named else "", interval_kind=IntervalKind.of(interval), call=call, level=level,
            about=About(sha256=read.sha256),
            assumptions=[
                *(code.assume() for code in assumptions), *held, codes.REGISTER_CAN_HOLD_EVERYBODY.assume(),
                CLOSED_POPULATION.assume(), PERFECT_LINKAGE.assume(),
            ],
            reasons=told,
            diagnostics={
                **diagnostics, "se_sampling_part": float(np.sqrt(sums.sampling[0, 0])),
                "se_model_part": float(np.sqrt(sums.model[0, 0])),
            },
            arguments=arguments,
        )
    )  # fmt: skip


def scaled_columns(read: Register, covariates: str) -> tuple[FormulaColumns, Floats]:
    """The columns of the formula scaled to at most 1, and by what."""
    made = columns_of(covariates, read.frame, read.frame)
    scale = np.abs(made.values).max(axis=0, initial=0.0)
    scale = np.where(scale > 0, scale, 1.0)
    return FormulaColumns(values=made.values / scale, names=made.names), scale


def _columns(read: Register, covariates: str) -> tuple[tuple[FormulaColumns, Floats], Counts]:
    columns, scale = scaled_columns(read, covariates)
    data = Counts(columns=columns.values, counts=read.counts, people=read.people, names=columns.names)
    return (columns, scale), data


def _weights(data: Counts, fit: CountFit, one_inflated: Inflation) -> HiddenWeights:
    log_mean = data.columns @ fit.coefficients
    size = np.full_like(log_mean, 0.0 if np.isnan(fit.log_size) else fit.log_size)
    # Without inflation at its limit there is none, and everybody speaks of the people not seen.
    before = one_inflated == "before" and "inflation" not in fit.limits

    def unseen(mean: Any, shape: Any) -> Any:
        nobody = kernels.zero(fit.distribution, mean, shape)
        somebody = kernels.seen(fit.distribution, mean, shape)
        return nobody / (somebody - kernels.one(fit.distribution, mean, shape) if before else somebody)

    by_mean = np.imag(unseen(log_mean + 1j * kernels.STEP, size)) / kernels.STEP
    slope = np.zeros((len(log_mean), fit.extra + data.columns.shape[1]))
    slope[:, fit.extra :] = data.columns * by_mean[:, None]
    if not np.isnan(fit.log_size):
        slope[:, 0] = np.imag(unseen(log_mean, size + 1j * kernels.STEP)) / kernels.STEP
    return HiddenWeights(
        people=data.people, unseen=np.real(unseen(log_mean, size)), slope=slope, covariance=fit.covariance,
        counted=np.where(data.counts >= 2, data.people, 0.0) if before else None,
    )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class _Agreement:
    """Pearson's comparison of the counts with those expected."""

    statistic: float
    df: int
    p_value: float


def _fit_of(data: Counts, fit: CountFit) -> _Agreement:
    most = int(data.counts.max())
    log_mean = data.columns @ fit.coefficients
    size = 0.0 if np.isnan(fit.log_size) else fit.log_size
    logit = -np.inf if np.isnan(fit.logit) else fit.logit
    expected, seen = [], []
    left = n = float(data.people.sum())
    for count in range(1, min(most, 200)):
        with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
            chance = kernels.inflated(fit.distribution, np.full_like(log_mean, count), log_mean, size, logit)[0]
        here = float(data.people @ np.exp(chance))
        if left - here < EXPECTED or here < EXPECTED:
            break
        expected.append(here)
        seen.append(float(data.people[data.counts == count].sum()))
        left -= here
    expected, seen = np.array([*expected, left]), np.array([*seen, n - sum(seen)])
    # Slopes are learnt from who has which count, hardly from how many have it: taking them off would reject too often.
    df = len(expected) - 1 - fit.extra - 1
    statistic = float(((seen - expected) ** 2 / np.maximum(expected, 1e-300)).sum())
    return _Agreement(
        statistic=statistic, df=df, p_value=float(special.chdtrc(df, statistic)) if df > 0 else float("nan")
    )


def _reasons(fit: CountFit, agreement: _Agreement) -> list[ReasonCode]:
    """Reasons of all rows."""
    reasons: list[ReasonCode] = []
    if "size" in fit.limits:
        reasons.append(codes.COUNTS_NO_OVERDISPERSION)
    if "inflation" in fit.limits:
        reasons.append(codes.COUNTS_NO_INFLATION)
    if agreement.p_value < MISFIT:
        reasons.append(codes.COUNTS_DO_NOT_FIT)
    return reasons


def _assumptions(distribution: Distribution, one_inflated: Inflation) -> tuple[AssumptionCode, ...]:
    """Assumptions about the counts."""
    of_counts = {
        "poisson": codes.COUNTS_POISSON,
        "geometric": codes.COUNTS_GEOMETRIC,
        "negative-binomial": codes.COUNTS_NEGATIVE_BINOMIAL,
    }
    of_ones = {"no": (), "after": (codes.ONES_AFTER_FIRST_CONTACT,), "before": (codes.ONES_OF_ANOTHER_KIND,)}
    return (of_counts[distribution], *of_ones[one_inflated])


def _diagnostics(
    columns: tuple[FormulaColumns, Floats], data: Counts, fit: CountFit, agreement: _Agreement
) -> dict[str, Any]:
    made, scale = columns
    errors = np.sqrt(np.diag(fit.covariance))
    number = fit.extra + len(fit.coefficients)
    coefficients = {
        name: [float(value / by), float(error / by)]
        for name, value, error, by in zip(made.names, fit.coefficients, errors[fit.extra :], scale, strict=True)
    }
    head = [name for name, value in (("log size", fit.log_size), ("logit inflated", fit.logit)) if not np.isnan(value)]
    values = [value for value in (fit.log_size, fit.logit) if not np.isnan(value)]
    coefficients |= {
        name: [value, float(errors[at])] for at, (name, value) in enumerate(zip(head, values, strict=True))
    }
    people = float(data.people.sum())
    return {
        "coefficients": coefficients,
        "log_likelihood": fit.log_likelihood,
        "aic": 2 * number - 2 * fit.log_likelihood,
        "bic": float(np.log(people)) * number - 2 * fit.log_likelihood,
        "parameters": number,
        "chi_square": agreement.statistic,
        "df": agreement.df,
        "p_value": agreement.p_value,
    }
