"""Chao's and Zelterman's estimates with covariates, from people who are in one register once and twice."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import numpy as np

from fl_estimate.arrays import Floats
from fl_estimate.design.domains import By, by_margins
from fl_estimate.errors import EstimateFault
from fl_estimate.estimators.capture_recapture import covariate_codes as codes
from fl_estimate.estimators.capture_recapture.answers import require_interval
from fl_estimate.estimators.capture_recapture.conditional_fit import Softmax, SoftmaxFit, maximise
from fl_estimate.estimators.capture_recapture.covariate_formulas import read_side
from fl_estimate.estimators.capture_recapture.horvitz_thompson import HiddenWeights, by_columns, domains_of, sums_of
from fl_estimate.estimators.capture_recapture.register_counts import Register, read_register
from fl_estimate.estimators.capture_recapture.truncated import answer_of_counts, scaled_columns
from fl_estimate.results.estimates import Estimates
from fl_estimate.results.methods import method
from fl_estimate.results.roles import FromFile, Key, Level


@method(kind="capture_recapture", chosen=True, basis="lists", family="capture_recapture")
def generalised_chao(
    records: Annotated[Any, FromFile(keyed=("count", "frequency")), Key("file")],
    *,
    count: str = "count",
    frequency: str | None = None,
    covariates: str = "1",
    by: By = None,
    interval: Literal["log", "wald"] = "log",
    level: Level = 0.95,
) -> Estimates:
    """Bound the number of people of one register from below by Chao's estimate, with covariates.

    Use it beside `zero_truncated`: it asks of the counts only that each person's contacts come independently, at a rate
    that may differ from person to person. Covariates that explain part of these differences raise the bound. Where many
    people have one contact for other reasons (one-inflation) it is no bound: it lies too high.

    Parameters
    ----------
    records : frame
        A row a person, with how often the person is in the register; or a row a count, with `frequency`.
    count : str
        Column of whole numbers, 1 or more.
    frequency : str, optional
        Column of how many people a row stands for.
    covariates : str
        Right-hand side of a formula: ``"sex + age"``; ``"1"``: Chao's estimate of 1987.
    by : str, sequence of str, or sequence of sequences, optional
        Domains, as everywhere.
    interval : {"log", "wald"}
    level : float

    Returns
    -------
    Estimates
        Rows `population_size` and `dark_figure` of the nation and of each domain, in persons, with their joint covariance.

    Raises
    ------
    EstimateFault
        FL-EST-30, FL-EST-04, FL-EST-05, FL-EST-170, FL-EST-171, FL-EST-172, FL-EST-173, FL-EST-175; FL-EST-179: nobody is
        in the register exactly once, or exactly twice.
    ListsFault
        FL-LISTS-01, FL-LISTS-03.

    Notes
    -----
    Among people seen once or twice, P(twice) = (λ/2)/(1 + λ/2), a logistic regression with λ = 2 exp(x'β).
    N = n + Σ_{y ≤ 2} h_i, h = 1/(λ + λ²/2); Var = Σ_{y ≤ 2} h(1 + h) + g'Vg. Without covariates this is
    n + f₁²/(2 f₂) and its variance f₂ (r⁴/4 + r³ + r²/2), r = f₁/f₂.

    References
    ----------
    Chao (1987), Biometrics 43, 783-791. Böhning, Vidal-Diez, Lerdsuwansri, Viwatwongkasem and Arnold (2013), Biometrics
    69, 1033-1042.

    Examples
    --------
    >>> import pandas as pd
    >>> from fl_estimate import capture_recapture as cr
    >>> stays = pd.DataFrame({"count": [1, 2, 3, 4, 5], "people": [430, 160, 80, 18, 5]})
    >>> round(float(cr.generalised_chao(stays, frequency="people")["population_size"].value))
    1271
    """
    return _answer("generalised_chao", records, count, frequency, covariates, by, interval, level)


@method(kind="capture_recapture", chosen=True, basis="lists", family="capture_recapture")
def generalised_zelterman(
    records: Annotated[Any, FromFile(keyed=("count", "frequency")), Key("file")],
    *,
    count: str = "count",
    frequency: str | None = None,
    covariates: str = "1",
    by: By = None,
    interval: Literal["log", "wald"] = "log",
    level: Level = 0.95,
) -> Estimates:
    """Estimate the number of people of one register from the rate of those in it once or twice: Zelterman's, with covariates.

    It leans on people who are seen rarely, who are the likest to those not seen. It has more bias than Chao's where rates
    differ, and is drawn upwards without limit by people who have one contact for other reasons.

    Parameters
    ----------
    records, count, frequency, by, interval, level
        As in `generalised_chao`.
    covariates : str
        Right-hand side of a formula: ``"sex + age"``; ``"1"``: Zelterman's estimate of 1988.

    Returns
    -------
    Estimates
        As of `generalised_chao`.

    Raises
    ------
    EstimateFault
        As `generalised_chao`.
    ListsFault
        FL-LISTS-01, FL-LISTS-03.

    Notes
    -----
    λ_i = 2 exp(x'β) from the logistic regression of `generalised_chao`; N = Σ 1/(1 − exp(−λ_i)) over all people seen;
    Var = Σ p₀/(1 − p₀)² + g'Vg.

    References
    ----------
    Zelterman (1988), Journal of Statistical Planning and Inference 18, 225-237. Böhning and van der Heijden (2009), Annals
    of Applied Statistics 3, 595-610.

    Examples
    --------
    >>> import pandas as pd
    >>> from fl_estimate import capture_recapture as cr
    >>> stays = pd.DataFrame({"count": [1, 2, 3, 4, 5], "people": [430, 160, 80, 18, 5]})
    >>> round(float(cr.generalised_zelterman(stays, frequency="people")["population_size"].value))
    1320
    """
    return _answer("generalised_zelterman", records, count, frequency, covariates, by, interval, level)


def _answer(
    call: Literal["generalised_chao", "generalised_zelterman"], records: Any, count: str, frequency: str | None,
    covariates: str, by: By, interval: str, level: float,
) -> Estimates:  # fmt: skip
    require_interval(interval, ("log", "wald"), level)
    read = read_register(records, count, frequency, [*read_side(covariates)[1], *by_columns(by)])
    _require_ones_and_twos(read)
    columns, scale = scaled_columns(read, covariates)
    fit = maximise(_logistic(read, columns.values, columns.names))
    log_rate = np.log(2.0) + columns.values @ fit.coefficients
    weights = (
        _chao(read, columns.values, log_rate, fit)
        if call == "generalised_chao"
        else _zelterman(read, columns.values, log_rate, fit)
    )
    domains = domains_of(read.frame, by)
    errors = np.sqrt(np.diag(fit.covariance))
    return answer_of_counts(
        read, domains, sums_of(weights, domains), by=by, covariates=covariates, interval=interval, level=level,
        method=codes.GENERALISED_CHAO if call == "generalised_chao" else codes.GENERALISED_ZELTERMAN, call=call, reasons=[],
        assumptions=(codes.CONTACTS_INDEPENDENT,),
        diagnostics={
            "coefficients": {
                name: [float(value / unit), float(error / unit)]
                for name, value, error, unit in zip(columns.names, fit.coefficients, errors, scale, strict=True)
            },
            "once": read.times(1), "twice": read.times(2),
        },
        arguments={
            "count": count, "frequency": frequency, "covariates": covariates,
            "by": [list(margin) for margin in by_margins(by)], "interval": interval,
        },
    )  # fmt: skip


def _require_ones_and_twos(read: Register) -> None:
    if read.times(1) == 0 or read.times(2) == 0:
        raise EstimateFault(
            "FL-EST-179", "nobody is in the register exactly once, or exactly twice, so that there is no rate",
            found=f"{read.times(1):,.0f} people once, {read.times(2):,.0f} twice",
            fix="a distribution for all counts (zero_truncated) may still have an estimate",
        )  # fmt: skip


def _logistic(read: Register, columns: Floats, names: tuple[str, ...]) -> Softmax:
    """Twice against once, among people in the register once or twice; the others have no weight."""
    people = np.where(read.counts <= 2, read.people, 0.0)
    coefficients = columns.shape[1]
    return Softmax(
        columns=columns, members=np.array([[0.0], [1.0]]), column_of=np.arange(coefficients),
        loads=np.ones((coefficients, 1)), open=np.ones((1, 2), dtype=bool),
        pattern=np.zeros(len(people), dtype=np.intp), people=people,
        sums=np.where(read.counts == 2, people, 0.0)[:, None], names=names,
    )  # fmt: skip


def _chao(read: Register, columns: Floats, log_rate: Floats, fit: SoftmaxFit) -> HiddenWeights:
    rate = np.exp(log_rate)
    unseen = 1 / (rate + rate**2 / 2)
    return HiddenWeights(
        people=read.people, unseen=unseen, slope=columns * (-(unseen**2) * (rate + rate**2))[:, None],
        covariance=fit.covariance, counted=np.where(read.counts <= 2, read.people, 0.0),
    )  # fmt: skip


def _zelterman(read: Register, columns: Floats, log_rate: Floats, fit: SoftmaxFit) -> HiddenWeights:
    rate = np.exp(log_rate)
    unseen = 1 / np.expm1(rate)
    return HiddenWeights(
        people=read.people, unseen=unseen, slope=columns * (-unseen * (1 + unseen) * rate)[:, None],
        covariance=fit.covariance,
    )  # fmt: skip
