"""Several sources of one figure: do they differ more than chance allows, and what do they say together?"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import special

from fl_estimate.errors import EstimateFault, listed, not_one_of
from fl_estimate.estimators.synthesis.counts import (
    TAU_PRIOR,
    Pooled,
    by_people,
    exposure_of_surveys,
    exposure_without_cases,
)
from fl_estimate.estimators.synthesis.counts import deviance_of_counts as deviance
from fl_estimate.estimators.synthesis.counts import fixed as counted_fixed
from fl_estimate.estimators.synthesis.counts import random as counted_random
from fl_estimate.estimators.synthesis.reading import (
    Floats,
    Given,
    InputRows,
    aligned,
    answer,
    require_choice,
    rows_of,
)
from fl_estimate.results.basis import RESPONDENTS
from fl_estimate.results.codes import (
    EQUAL_TAILED,
    POPULATION_SIZE,
    PREVALENCE,
    PREVALENCE_PER_1000,
    TOTAL,
    AssumptionCode,
    IntervalKind,
    MethodName,
    ReasonCode,
)
from fl_estimate.results.estimates import Estimates
from fl_estimate.results.methods import method
from fl_estimate.results.roles import (
    BIAS_STATED,
    EachOf,
    Earlier,
    Finite,
    Key,
    Level,
    NamedFigures,
    OnlyWith,
    SeedOrNone,
    Within,
)

METHODS: tuple[str, ...] = ("fixed", "random", "bayesian")
SCALES: tuple[str, ...] = ("counts", "log", "identity")
NAMES: dict[str, MethodName] = {method: MethodName(f"combined-{method}") for method in ("fixed", "random")}
SOURCES_INDEPENDENT = AssumptionCode("sources_independent")
SPREAD: dict[str, AssumptionCode] = {
    "fixed": AssumptionCode("sources_fixed"),
    "random": AssumptionCode("sources_random"),
}
BY_PEOPLE = AssumptionCode("sources_by_people")
POOLED_EFFECT = AssumptionCode("sources_pooled_effect", "prior")
COUNTED: dict[str, AssumptionCode] = {
    "fixed": AssumptionCode("sources_counted"),
    "random": AssumptionCode("sources_counted_random", "prior"),
}
SOURCES_DIFFER = ReasonCode("sources_differ", "p")
WITHOUT_CASES = ReasonCode("sources_without_cases", "sources")
EXACT_KINDS: dict[str, IntervalKind] = {"fixed": IntervalKind("garwood"), "random": EQUAL_TAILED}
DIFFERENT = 0.05
"""Sources whose test has a p below this are said to differ."""
Sources = Sequence[Estimates] | Mapping[str, Estimates]


@dataclass(frozen=True, kw_only=True)
class Discrepancy:
    """Whether several sources of one figure differ more than their errors allow.

    Attributes
    ----------
    statistic, df, p_value : float
        Cochran's Q with its χ² degrees of freedom.
    i2 : float
        Share of the spread that is more than chance, (Q − df)/Q, at least 0.
    pairs : pandas.DataFrame
        Each pair: difference, its standard error, z and p (two-sided, not adjusted for the number of pairs).
    scale : str
        "log" or "identity".
    """

    statistic: float
    df: float
    p_value: float
    i2: float
    pairs: pd.DataFrame
    scale: str


def discrepancy(sources: Sources, *, scale: Literal["identity", "log"] = "identity") -> Discrepancy:
    """Test whether sources of one figure differ more than their standard errors allow.

    A large p is no proof that they agree: sources that know little do not differ from anything.

    Parameters
    ----------
    sources : sequence of Estimates or mapping of name to Estimates
        One row each, independent of each other.
    scale : {"identity", "log"}
        Of the comparison. ``log`` compares relative errors: for counts whose error grows with them.

    Returns
    -------
    Discrepancy

    Raises
    ------
    EstimateFault
        FL-EST-193: fewer than two sources, one without an error, or of the same sample; FL-EST-25, FL-EST-183, FL-EST-185,
        FL-EST-186.

    Notes
    -----
    Q = Σ w (y − ȳ)², w = 1/SE², on the scale; χ² with one less than the sources.

    References
    ----------
    Cochran (1954), Biometrics 10, 101-129. Higgins and Thompson (2002), Statistics in Medicine 21, 1539-1558 (I²).

    Examples
    --------
    >>> import fl_estimate as fl
    >>> survey = fl.synthesis.published(20_000, se=3_000, source="survey")
    >>> lists = fl.synthesis.published(32_000, se=4_000, source="lists")
    >>> found = fl.synthesis.discrepancy({"survey": survey, "lists": lists})
    >>> round(found.statistic, 2), round(found.p_value, 4)
    (5.76, 0.0164)
    """
    names, rows = _read(sources, scale, one=True)
    y, v = _on_scale(rows, scale)
    q, df, p = cochran(y[:, 0], v[:, 0])
    pairs: list[dict[str, Any]] = []
    for a, b in itertools.combinations(range(len(names)), 2):
        gap, se = y[a, 0] - y[b, 0], float(np.sqrt(v[a, 0] + v[b, 0]))
        pairs.append({"a": names[a], "b": names[b], "difference": gap, "se": se, "z": gap / se,
                      "p_value": float(2 * special.ndtr(-abs(gap / se)))})  # fmt: skip
    return Discrepancy(statistic=q, df=df, p_value=p, i2=max(0.0, 1 - df / q) if q > 0 else 0.0,
                       pairs=pd.DataFrame(pairs), scale=scale)  # fmt: skip


@method(kind="combine", basis=None, family="synthesis")
def combine(
    sources: Annotated[
        Sources | Mapping[str, Any], Key("estimates"), Earlier(form=NamedFigures, national=True, independent=True)
    ],
    *,
    method: Literal["fixed", "random", "bayesian"] = "fixed",
    scale: Annotated[Literal["counts", "identity", "log"] | None, OnlyWith("method", ("fixed", "random"))] = None,
    bias: Annotated[
        Mapping[str, str] | None, OnlyWith("method", ("bayesian",)), EachOf(("estimates",), BIAS_STATED)
    ] = None,
    prior: Annotated[tuple[Finite, Finite] | None, OnlyWith("method", ("bayesian",))] = None,
    draws: Annotated[int | None, Within(ge=100), OnlyWith("method", ("bayesian",))] = None,
    seed: Annotated[SeedOrNone, OnlyWith("method", ("bayesian",))] = None,
    measure: str | None = None,
    population: str | None = None,
    reference_period: str | None = None,
    interval: Annotated[Literal["log", "wald"] | None, OnlyWith("method", ("fixed", "random"))] = None,
    level: Level = 0.95,
) -> Estimates:
    """Average independent estimates of the same thing; surveys that met no case are kept.

    Look at them side by side first (`fl.compare`): where they differ more than chance allows, an average of them is the
    estimate of nothing in particular, and a reason on the row says so.

    Parameters
    ----------
    sources : sequence of Estimates or mapping of name to Estimates
        Of one outcome in one unit, with the same rows (domains), from samples of their own. For ``bayesian`` a mapping, whose
        members may also be a (value, se) or a plain count of people, as in `fl.hierarchical.sources`.
    method : {"fixed", "random", "bayesian"}
        ``fixed``: all speak of one figure. ``random``: they scatter around a common figure; on the scales ``log`` and ``identity`` with weights
        1/(SE² + τ²), τ² of DerSimonian and Laird, and limits of Hartung and Knapp with one degree of freedom less
        than the sources, never narrower than with normal limits. ``bayesian``: the model of `fl.hierarchical.sources`, where each source
        has the bias that you state for it.
    scale : {"counts", "log", "identity"}, optional
        How they are averaged. ``counts``, the default where every source is the prevalence or total of a survey with its
        respondents: ``fixed`` by the people asked, as if the surveys were one; ``random`` as counts among the people asked, with one design
        effect that is pooled over the surveys. Weights of 1/SE² are errors of few cases themselves, and
        favour the lower source where errors grow with the figure; ``log``, the default elsewhere, weights by relative errors. There,
        where a source has no case, all enter as effective counts, 1/CV² cases each, and a survey without a case as the people it
        looked at: leaving it out would make the figure too large.
    bias : mapping of name to str
        For ``bayesian``, of every source: ``"normal(0, 0.2)"``, ``"exactly(0)"``, ``"below(0.3)"`` … on the log scale; of a count
        ``"reported(a, b)"``. There is no default: data cannot tell it.
    prior, draws, seed : (float, float), int, int, optional
        For ``bayesian``: as in `fl.hierarchical.sources`.
    measure, population, reference_period : str, optional
        Say once what all mean, where their descriptions differ.
    interval : {"wald", "log"}, optional
        By default that of the scale, for ``counts`` exact limits of Poisson counts; that of ``bayesian`` is equal-tailed.
    level : float

    Returns
    -------
    Estimates
        Method "combined-fixed" or "combined-random"; `.diagnostics` holds by row the weights, Q, its p, I² and τ, and of
        ``random`` the interval in which another source would be expected (t with k − 2 degrees of freedom, or that of the posterior; none of
        two). Of
        ``bayesian`` one row, method "sources-combined", with its draws; `.diagnostics` holds of each source the weight, its
        conflict with all others (a p), and its bias as stated and as the data leave it.

    Raises
    ------
    EstimateFault
        FL-EST-25: they speak of different things; FL-EST-193: fewer than two, without an error, or of the same
        sample; FL-EST-194: a method that there is not; FL-EST-197: a setting of another method; FL-EST-198: sources without a
        stated bias; FL-EST-410: ``counts`` of what is no survey with its respondents; FL-EST-183, FL-EST-185 to FL-EST-187. Of
        ``bayesian`` also FL-EST-120 to FL-EST-125.

    Notes
    -----
    ``counts``, ``fixed``: weights n_s/Σ n, variance Σ a_s² SE_s², Garwood's limits of the effective cases value²/V, reduced as Korn and
    Graubard do for Satterthwaite's degrees of freedom, in which each survey has its effective ones (`df_effective`). ``random``: counts
    x_s = E_s y_s are Poisson with mean E_s exp(θ + τ z_s), E_s = (cases_s/y_s)/D with D the mean of SE_s² cases_s/y_s² by cases; θ flat,
    τ half-normal(0.5), on a grid: posterior median and equal-tailed limits.
    ``log``, ``identity``: weights 1/SE² on the scale. Hartung and Knapp: SE² × max(1, q), q = Σ w (y − ȳ)²/(k − 1),
    w = 1/(SE² + τ²), and t with k − 1. With a source without a case: x_s = 1/CV² (0 without a case) is Poisson with mean E_s exp(θ), E_s = x_s over the figure, or −log((1 − level)/2)/U
    with U the upper limit of a survey without a case. ``fixed``: Σ x/Σ E with Garwood's limits. ``random``: normal effects of
    sources on log(rate), integrated by quadrature, their standard deviation half-normal(0.5).

    References
    ----------
    DerSimonian and Laird (1986), Controlled Clinical Trials 7, 177-188. Hartung and Knapp (2001), Statistics in Medicine 20,
    3875-3889. Röver, Knapp and Friede (2015), BMC Medical Research Methodology 15, 99 (never narrower). Higgins, Thompson and
    Spiegelhalter (2009), Journal of the Royal Statistical Society A 172, 137-159 (prediction). Röver and others (2021),
    Research Synthesis Methods 12, 448-474 (the prior). Garwood (1936), Biometrika 28, 437-442. Korn and Graubard (1998),
    Survey Methodology 24, 193-201.

    Examples
    --------
    >>> import fl_estimate as fl
    >>> survey = fl.synthesis.published(20_000, se=3_000, source="survey")
    >>> lists = fl.synthesis.published(24_000, se=4_000, source="lists")
    >>> both = fl.synthesis.combine({"survey": survey, "lists": lists})
    >>> both.to_frame()[["value", "se"]].round(0).values.tolist()
    [[21700.0, 2419.0]]
    >>> stated = fl.synthesis.combine({"survey": survey, "lists": lists}, method="bayesian", seed=1,
    ...                               bias={"survey": "below(0.2)", "lists": "normal(0, 0.1)"})
    >>> {name: round(weight[0], 2) for name, weight in stated.diagnostics["weights"].items()}
    {'survey': 0.51, 'lists': 0.49}
    """
    if method not in METHODS:
        raise not_one_of("FL-EST-194", "this way of combining", method, METHODS)
    told = {"bias": bias, "prior": prior, "draws": draws, "seed": seed}
    _require_settings(method, told if method != "bayesian" else {"scale": scale, "interval": interval})
    if method == "bayesian":
        said = {"measure": measure, "population": population, "reference_period": reference_period}
        return _bayesian(sources, bias, said, prior=prior, level=level, draws=draws or 4_000, seed=seed)
    names, rows = _read(sources, scale or "log", zeros=scale != "identity")
    scale = scale or ("log" if _uncounted(names, rows) else "counts")
    if scale == "counts":
        _require_counts(names, rows)
    chosen: Literal["log", "wald"] = interval or ("wald" if scale == "identity" else "log")
    require_choice(chosen, level)
    result = _weighed(rows, method, scale, level)
    apart = [c for c, (_, _, p) in enumerate(result.test) if p < DIFFERENT]
    said = [SPREAD[method].assume()]
    of_tau = {"prior": f"half-normal({TAU_PRIOR:g})"} if method == "random" else {}
    if scale == "counts":
        said.append(POOLED_EFFECT.assume(**of_tau) if method == "random" else BY_PEOPLE.assume())
        if interval is not None:
            result = result.without_own_limits()
    elif result.without.any():
        said.append(COUNTED[method].assume(**of_tau))
    return answer(
        "combine",
        rows,
        value=result.value,
        se=result.se,
        df=result.df,
        interval=chosen,
        level=level,
        limits=(result.lower, result.upper, result.kinds),
        method=NAMES[method],
        quantity=rows[0].quantity,
        respondents="none",
        measure=measure,
        population=population,
        reference_period=reference_period,
        arguments={"sources": names, "method": method, "scale": scale, "interval": chosen},
        assumptions=[SOURCES_INDEPENDENT.assume(), *said],
        reasons=[
            *(SOURCES_DIFFER.at(c, p=round(result.test[c][2], 4)) for c in apart),
            *(WITHOUT_CASES.at(c, sources=int(n)) for c, n in enumerate(result.without) if n),
        ],
        diagnostics={
            "weights": {name: result.weights[position].tolist() for position, name in enumerate(names)},
            "q": [q for q, _, _ in result.test], "df": result.test[0][1], "p_value": [p for _, _, p in result.test],
            "i2": [max(0.0, 1 - df / q) if q > 0 else 0.0 for q, df, _ in result.test], "tau": result.tau.tolist(),
            **({"prediction": result.prediction} if method == "random" else {}),
        },
    )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class _Weighed:
    """The average of each cell; limits of its own only where a source has no case (NaN elsewhere)."""

    value: Floats
    se: Floats
    df: Floats
    lower: Floats
    upper: Floats
    kinds: list[str]
    weights: Floats
    tau: Floats
    test: list[tuple[float, float, float]]
    without: Floats
    prediction: list[list[float] | None]

    def without_own_limits(self) -> _Weighed:
        """The same with limits of the interval that was asked for, but where no source has a case."""
        own = self.value == 0
        return replace(
            self, lower=np.where(own, self.lower, np.nan), upper=np.where(own, self.upper, np.nan),
            kinds=[kind if keep else "" for kind, keep in zip(self.kinds, own, strict=True)],
        )  # fmt: skip


def _uncounted(names: Sequence[str], rows: Sequence[InputRows]) -> list[str]:
    """The sources that are no prevalence or total of a survey whose respondents and cases are known."""
    return [
        name
        for name, r in zip(names, rows, strict=True)
        if not (
            r.basis == RESPONDENTS
            and (r.quantity in (PREVALENCE, PREVALENCE_PER_1000) or r.quantity.counts_population)
            and (r.n > 0).all()
            and np.isfinite(r.cases).all()
        )
    ]


def _require_counts(names: Sequence[str], rows: Sequence[InputRows]) -> None:
    bare = _uncounted(names, rows)
    if bare:
        raise EstimateFault(
            "FL-EST-410", "sources are averaged by the people asked only where each is a survey of its own",
            found=f"no number of people asked, or no cases: {listed(bare)}",
            fix='give prevalences or totals that this library estimated from microdata; else scale="log"',
        )  # fmt: skip


def _weighed(rows: Sequence[InputRows], method: str, scale: str, level: float) -> _Weighed:
    value, se = _side_by_side(rows)
    k, cells = value.shape
    columns = {name: np.full(cells, np.nan) for name in ("value", "se", "lower", "upper", "tau")}
    df, weights, without = np.full(cells, np.inf), np.zeros((k, cells)), (value == 0).sum(axis=0)
    test, kinds, prediction = list[tuple[float, float, float]](), [""] * cells, list[list[float] | None]()
    upper = np.stack([np.broadcast_to(r.upper, cells) for r in rows])
    n = np.stack([np.broadcast_to(r.n, cells) for r in rows])
    cases = np.stack([np.broadcast_to(r.cases, cells) for r in rows])
    own_df = np.stack([np.broadcast_to(np.where(np.isnan(r.df_effective), r.df, r.df_effective), cells) for r in rows])
    for c in range(cells):
        if scale == "counts" and method == "random" and (value[:, c] > 0).any():
            exposure = exposure_of_surveys(value[:, c], se[:, c], n[:, c], cases[:, c])
            pooled = counted_random(value[:, c] * exposure, exposure, level)
            test.append(deviance(value[:, c] * exposure, exposure))
            kinds[c], weights[:, c] = str(EXACT_KINDS["random"]), pooled.weights
            prediction.append(pooled.another)
            own = (pooled.value, pooled.se, pooled.lower, pooled.upper, pooled.tau)
        elif scale == "counts" and (value[:, c] > 0).any():
            made = by_people(value[:, c], se[:, c], n[:, c], own_df[:, c], level)
            test.append(made.test)
            kinds[c], df[c], weights[:, c] = str(EXACT_KINDS["fixed"]), made.df, made.pooled.weights
            pooled = made.pooled
            own = (pooled.value, pooled.se, pooled.lower, pooled.upper, pooled.tau)
        elif without[c] and scale != "identity":
            pooled, said = _counted(
                value[:, c], se[:, c], upper[:, c], np.array([r.level for r in rows]), method, level
            )
            test.append(said)
            kinds[c] = str(EXACT_KINDS[method])
            prediction.append(pooled.another)
            own = (pooled.value, pooled.se, pooled.lower, pooled.upper, pooled.tau)
            weights[:, c] = pooled.weights
        else:
            y, v = (
                (np.log(value[:, c]), (se[:, c] / value[:, c]) ** 2) if scale == "log" else (value[:, c], se[:, c] ** 2)
            )
            test.append(cochran(y, v))
            average = averaged(y, v, _dersimonian_laird(v, test[c][0]) if method == "random" else None)
            weights[:, c], df[c] = average.weights, average.df
            prediction.append(_another(average, k, scale, level) if method == "random" else None)
            centre = float(np.exp(average.value)) if scale == "log" else average.value
            own = (centre, average.se * (centre if scale == "log" else 1.0), np.nan, np.nan, average.tau)
        for name, number in zip(columns, own, strict=True):
            columns[name][c] = number
    return _Weighed(
        **columns, df=df, kinds=kinds, weights=weights, test=test, without=without.astype(float), prediction=prediction
    )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Average:
    """An average on the scale of averaging, with its error, degrees of freedom, weights and τ."""

    value: float
    se: float
    df: float
    weights: Floats
    tau: float


def averaged(y: Floats, v: Floats, tau2: float | None) -> Average:
    """Weight by 1/(v + τ²); with τ² the error of Hartung and Knapp, at least that of the weights; None: all speak of one figure."""
    w = 1 / (v + (tau2 or 0.0))
    value, se = float((w * y).sum() / w.sum()), float(np.sqrt(1 / w.sum()))
    if tau2 is None:
        return Average(value=value, se=se, df=np.inf, weights=w / w.sum(), tau=0.0)
    df = float(len(y) - 1)
    more = max(1.0, float((w * (y - value) ** 2).sum()) / df)
    return Average(value=value, se=se * np.sqrt(more), df=df, weights=w / w.sum(), tau=float(np.sqrt(tau2)))


def _another(average: Average, k: int, scale: str, level: float) -> list[float] | None:
    """Where another source would be expected: ± t of k − 2 times √(τ² + SE²); not of two sources."""
    if k < 3:
        return None
    reach = float(special.stdtrit(k - 2, (1 + level) / 2)) * float(np.sqrt(average.tau**2 + average.se**2))
    ends = [average.value - reach, average.value + reach]
    return [float(np.exp(end)) for end in ends] if scale == "log" else ends


def _counted(
    value: Floats, se: Floats, upper: Floats, levels: Floats, method: str, level: float
) -> tuple[Pooled, tuple[float, float, float]]:
    """The same of effective counts, where a source has no case."""
    none = value == 0
    with np.errstate(divide="ignore", invalid="ignore"):
        events = np.where(none, 0.0, (value / se) ** 2)
        exposure = np.where(none, exposure_without_cases(upper, levels), events / value)
    return (counted_fixed if method == "fixed" else counted_random)(events, exposure, level), deviance(events, exposure)


def _require_settings(method: str, alien: Mapping[str, Any]) -> None:
    """Refuse settings that this method does not have, rather than leave them aside in silence."""
    given = [name for name, value in alien.items() if value is not None]
    if given:
        raise EstimateFault(
            "FL-EST-197", f"a setting is not one of method {method!r}", found=listed(given),
            fix="bias, prior, draws and seed are of method='bayesian'; scale and interval of the others: its figures are on the log "
                "scale and its limits equal-tailed",
        )  # fmt: skip


def _bayesian(
    sources: Any, bias: Mapping[str, str] | None, said: Mapping[str, str | None], *, prior: Any, level: float, draws: int,
    seed: int | None,
) -> Estimates:  # fmt: skip
    """One model of all sources, each with the bias that is stated for it; the combined row alone."""
    from fl_estimate.estimators import hierarchical

    if not isinstance(sources, Mapping) or len(sources) < 2:
        raise _unfit("two or more sources with names are needed", f"{type(sources).__name__} of {len(sources)}",
                     'give {"survey": …, "lists": …}, and their biases by the same names')  # fmt: skip
    stated = bias or {}
    absent, alien = [n for n in sources if n not in stated], [n for n in stated if n not in sources]
    if absent or alien:
        found = [f"no bias of {listed(absent)}"] if absent else []
        found += [f"a bias of {listed(alien)}, which is no source"] if alien else []
        raise EstimateFault(
            "FL-EST-198", "how far each source may be off has to be stated", found="; ".join(found),
            fix='no data can tell it: bias={"survey": "below(0.2)", "lists": "normal(0, 0.1)"}; "exactly(0)" where a source has none',
        )  # fmt: skip
    given = {name: _meant(name, each, said) for name, each in sources.items()}
    _require_apart(list(given), list(given.values()))
    found = hierarchical.sources(given, bias=dict(stated), prior=prior, level=level, draws=draws, seed=seed)
    told = dict(found.diagnostics)
    told["weights"] = {name: [weight] for name, weight in told.pop("weight").items()}
    return replace(found.select(method="sources-combined"), diagnostics=told)


def _meant(name: str, given: Any, stated: Mapping[str, str | None]) -> Any:
    """A source with what the caller says that all of them mean; of case lists the population size alone."""
    if not isinstance(given, Estimates):
        return given
    if (given.frame["quantity"] == POPULATION_SIZE).any():
        given = given.select(quantity=POPULATION_SIZE)
    if len(given) != 1:
        raise EstimateFault("FL-EST-185", f"one figure of {name} is needed", found=f"{len(given)} rows",
                            fix='take one with .national or .select(region="North")')  # fmt: skip
    return replace(given, **{what: word for what, word in stated.items() if word is not None})


def _read(sources: Any, scale: str, *, one: bool = False, zeros: bool = False) -> tuple[list[str], list[InputRows]]:
    """Names and aligned rows; sources that cannot stand side by side are refused."""
    scales = SCALES[1:] if one else SCALES
    if scale not in scales:
        raise not_one_of("FL-EST-194", "this scale", scale, scales)
    given: list[Given] = list(sources.values()) if isinstance(sources, Mapping) else list(sources)
    names = (
        [str(n) for n in sources] if isinstance(sources, Mapping) else [f"source {k}" for k in range(1, len(given) + 1)]
    )
    if len(given) < 2 or not all(isinstance(each, Estimates) for each in given):
        raise _unfit(
            "two or more Estimates are needed", f"{len(given)} given", "a number alone has no error to weigh it by"
        )
    rows = aligned([rows_of(each, name) for each, name in zip(given, names, strict=True)], "combine")
    if one and len(rows[0].value) != 1:
        raise EstimateFault("FL-EST-185", "one figure of each source is needed", found=f"{len(rows[0].value)} rows",
                            fix='take one with .national or .select(region="North")')  # fmt: skip
    units = {TOTAL if r.quantity.counts_population else r.quantity for r in rows}
    outcomes = {str(e.frame["outcome"].iloc[0]) for e in given if isinstance(e, Estimates)} - {""}
    if len(units) > 1 or len(outcomes) > 1:
        raise EstimateFault("FL-EST-186", "the sources are of different units or outcomes", found=listed(sorted(units | outcomes)),
                            fix="turn prevalences into persons with Estimates.persons(population), name outcomes alike")  # fmt: skip
    bare = [_without_cases(r) if zeros else np.zeros(len(r.value), dtype=bool) for r in rows]
    lone = [
        name
        for name, r, zero in zip(names, rows, bare, strict=True)
        if not (zero | (np.isfinite(r.se) & (r.se > 0))).all()
    ]
    if lone:
        raise _unfit(
            "a source has no standard error", listed(lone),
            'a survey without a case is kept by combine(scale="log"), where it has an upper limit; never leave it out',
        )  # fmt: skip
    _require_apart(names, given)
    if scale != "identity" and not all(((r.value > 0) | zero).all() for r, zero in zip(rows, bare, strict=True)):
        raise _unfit("the log scale needs figures above 0", "a value of 0 or less", 'scale="identity"')
    return names, rows


def _require_apart(names: Sequence[str], given: Sequence[Given]) -> None:
    """Two estimates of one file share their errors: their average would look too sure."""
    seen: dict[str, str] = {}
    for name, each in zip(names, given, strict=True):
        mark = each.provenance.source_sha256 if isinstance(each, Estimates) else ""
        if mark and mark in seen:
            raise _unfit("two sources are estimates of the same file", f"{seen[mark]} and {name}",
                         "combine estimates of different samples; look at these side by side with fl.compare")  # fmt: skip
        if mark:
            seen[mark] = name


def _without_cases(rows: InputRows) -> npt.NDArray[np.bool_]:
    """Rows of a survey that met no case and says so by an upper limit."""
    return (rows.value == 0) & ~(rows.se > 0) & np.isfinite(rows.upper) & (rows.upper > 0)


def _on_scale(rows: Sequence[InputRows], scale: str) -> tuple[Floats, Floats]:
    """Values and variances on the scale, shape (sources, cells)."""
    value, se = _side_by_side(rows)
    return (np.log(value), (se / value) ** 2) if scale == "log" else (value, se**2)


def _side_by_side(rows: Sequence[InputRows]) -> tuple[Floats, Floats]:
    """Values and standard errors, shape (sources, cells)."""
    cells = max(len(r.value) for r in rows)
    value, se = ([np.broadcast_to(getattr(r, name), cells) for r in rows] for name in ("value", "se"))
    return np.stack(value), np.stack(se)


def cochran(y: Floats, v: Floats) -> tuple[float, float, float]:
    """Cochran's Q of independent values with these variances, its degrees of freedom and p."""
    w = 1 / v
    q = float((w * (y - (w * y).sum() / w.sum()) ** 2).sum())
    df = float(len(y) - 1)
    return q, df, float(special.chdtrc(df, q))


def _dersimonian_laird(v: Floats, q: float) -> float:
    w = 1 / v
    return max(0.0, (q - (len(v) - 1)) / float(w.sum() - (w**2).sum() / w.sum()))


def _unfit(what: str, found: str, fix: str) -> EstimateFault:
    return EstimateFault("FL-EST-193", what, found=found, fix=fix)
