"""Log-linear models of case lists: how many people are on no list, if the terms chosen are all the dependence there is."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal

import numpy as np
from scipy import optimize, special, stats

from fl_estimate.arrays import Floats
from fl_estimate.errors import EstimateFault, listed, not_one_of, shown
from fl_estimate.estimators.capture_recapture.answers import Limits, population_estimates, require_interval, wald_limits
from fl_estimate.estimators.capture_recapture.closed import differ_too
from fl_estimate.estimators.capture_recapture.existence import Reduced, existence, reduce_model
from fl_estimate.estimators.capture_recapture.fitting import PoissonFit, fit_poisson
from fl_estimate.estimators.capture_recapture.goodness import Goodness, goodness
from fl_estimate.estimators.capture_recapture.list_codes import (
    LOGLINEAR,
    PEOPLE_DIFFER_FITS_TOO,
    PROFILE_UPPER_NOT_FOUND,
    TERMS_MINUS_INFINITY,
)
from fl_estimate.estimators.capture_recapture.terms import Term, Terms, TermsInFile, model_name, read_terms, term_name
from fl_estimate.inputs.histories import CaptureHistories
from fl_estimate.results.codes import (
    CLOSED_POPULATION,
    DEPENDENCE_BETWEEN_LISTS,
    INTERVAL_GIVEN_MODEL,
    LISTS_INDEPENDENT,
    NO_HIGHEST_INTERACTION,
    PERFECT_LINKAGE,
    Assumption,
    ReasonCode,
)
from fl_estimate.results.estimates import Estimates
from fl_estimate.results.methods import method
from fl_estimate.results.roles import LISTS, InFile, Level

Likelihood = Literal["poisson", "multinomial"]
Interval = Literal["profile", "log", "wald"]
FARTHEST = 1e4
"""How many times the estimate an upper profile limit is looked for."""


@method(kind="capture_recapture", chosen=True, basis="lists", family="capture_recapture")
def loglinear(
    histories: Annotated[CaptureHistories, LISTS],
    terms: Annotated[Terms, InFile(TermsInFile)] = "main",
    *,
    likelihood: Likelihood = "poisson",
    interval: Interval | None = None,
    level: Level = 0.95,
) -> Estimates:
    """Estimate the number of people from a log-linear model of given terms.

    Use it when you can say which lists depend on each other and why. The interval supposes that the terms are right;
    it does not know of the choice. A model that cannot be estimated from the lists is refused.

    Parameters
    ----------
    histories : CaptureHistories
    terms : "main", "two-way" or sequence of sets of lists
        Main effects are always in, and with a set all its subsets.
    likelihood : {"poisson", "multinomial"}
        ``poisson`` gives n + exp(α), which is also the conditional multinomial estimate of Sanathanan;
        ``multinomial`` the maximiser of the profile likelihood in N, a little smaller.
    interval : {"profile", "log", "wald"}, optional
        By default ``profile``, and ``log`` where the profile has no upper end. Both carry the chance that decided how many
        people were seen; ``wald``, which the R packages print, takes that number as given and is too short where most
        people were. ``wald`` is of the Poisson likelihood. The value never depends on the interval.
    level : float

    Returns
    -------
    Estimates
        Rows `population_size` and `dark_figure`, in persons; `term` the model ("main", "two-way", or its terms);
        `n` the people observed; the parameters, AIC, BIC, deviance and its p (``fit_p``) among the diagnostics. A model
        that does not describe the lists (p below 0.05) has the reason ``poor_fit``; one with all pairs has
        ``people_differ_fits_too`` where people who differ describe the lists as well, and may be fewer or more.

    Raises
    ------
    EstimateFault
        FL-EST-30 (no such likelihood, interval or level), FL-EST-31 to FL-EST-34, FL-EST-35 (the model has no
        estimate, or more than one).
    ListsFault
        FL-LISTS-01.

    Notes
    -----
    Counts n_ω of history ω are Poisson with log μ_ω = α + Σ_{θ ⊆ ω} α_θ. The dark figure is exp(α), its variance
    exp(2α) Var(α), that of N with exp(α) more. The wald interval is n + exp(α ± z se(α)), the log interval
    n + exp(α ± z √(Var(α) + exp(−α))). The profile likelihood is
    l(N) = log N!/(N − n)! + max_β {(N − n) log p_∅ + Σ n_ω log p_ω}, and its interval {N: 2(l_max − l(N)) ≤ χ²_1}.
    Terms that nobody meets are at −∞ (extended likelihood). BIC takes the people for its n.

    References
    ----------
    Bishop, Fienberg and Holland (1975), Discrete Multivariate Analysis, ch. 6. Cormack and Jupp (1991), Biometrika 78,
    911-916 (variance). Cormack (1992), Biometrics 48, 567-576. Chan, Silverman and Vincent (2021), JASA 116(535), 1297-1306.

    Examples
    --------
    >>> import fl_estimate as fl
    >>> from fl_estimate import capture_recapture as cr
    >>> uk = fl.datasets.load("uk_2013_6")
    >>> [round(float(v), 1) for v in cr.loglinear(uk).to_frame()["value"]]
    [12214.0, 9470.0]
    """
    allowed = _intervals(likelihood, interval, level)
    model = read_terms(histories, terms)
    reduced = require_estimable(histories, model)
    fit = fit_poisson(reduced.matrix, reduced.counts)
    profile = PopulationProfile(reduced=reduced, n=histories.n, start=fit.parameters)
    dark = float(np.exp(fit.parameters[0]))
    if likelihood == "multinomial":
        dark = profile.maximiser(dark)
    chosen, limits, reasons = _limits(allowed, profile, fit, level)
    se = float(np.sqrt(fit.covariance[0, 0])) * float(np.exp(fit.parameters[0]))
    tested = goodness(reduced.matrix, reduced.counts, fit.fitted, reduced.members.sum(axis=1).astype(float))
    made = population_estimates(
        histories,
        call="loglinear",
        method=LOGLINEAR[likelihood],
        term=model_name(histories, model),
        dark=dark,
        se_dark=se,
        se_size=float(np.sqrt(se**2 + np.exp(fit.parameters[0]))),
        limits=limits,
        interval_kind=chosen,
        level=level,
        reasons=reasons,
        assumptions=_assumptions(histories, model, reduced),
        diagnostics=_diagnostics(histories, reduced, fit, tested),
        arguments={"terms": [term_name(histories, t) for t in model if len(t) > 1], "likelihood": likelihood},
    )
    said = [replace(one, row=row) for row in (0, 1) for one in tested.reasons]
    if _has_all_pairs(histories, model) and differ_too(histories, limits, level):
        said += [PEOPLE_DIFFER_FITS_TOO.at(row) for row in (0, 1)]
    return replace(made, reasons=(*made.reasons, *said))


def _has_all_pairs(histories: CaptureHistories, model: tuple[Term, ...]) -> bool:
    pairs = itertools.combinations(range(len(histories.lists)), 2)
    return {frozenset(pair) for pair in pairs} <= {frozenset(term) for term in model}


def require_estimable(histories: CaptureHistories, model: tuple[Term, ...]) -> Reduced:
    """Reduce a model and refuse it where it has no single estimate.

    Raises
    ------
    EstimateFault
        FL-EST-35.
    """
    reduced = reduce_model(histories, model)
    result = existence(histories, reduced)
    if result.code:
        pairs = listed(term_name(histories, term) for term in model if len(term) > 1)
        raise EstimateFault(
            "FL-EST-35",
            f"this model has no estimate to give: {result.status}",
            found=f"terms {pairs or 'main effects only'}",
            fix="use fewer terms, merge lists that are nearly the same, or leave a small list out",
        )
    return reduced


@dataclass(frozen=True, kw_only=True, eq=False)
class PopulationProfile:
    """The multinomial likelihood of N with everything else at its best: the exact one, not Stirling's."""

    reduced: Reduced
    n: float
    start: Floats

    def at(self, dark: float) -> tuple[float, float]:
        """Give l(N) up to a constant and its slope in N, at N = n + dark.

        The unseen history is added to the Poisson fit as a cell of `dark` people: with an intercept the fitted total is
        then N, and the kernel is the multinomial's. The slope is log p_∅ + ψ(N + 1) − ψ(dark + 1): the other
        parameters are at their best and drop out.
        """
        matrix = np.vstack([np.eye(1, self.reduced.matrix.shape[1]), self.reduced.matrix])
        counts = np.concatenate([[dark], self.reduced.counts])
        fit = fit_poisson(matrix, counts, self.start)
        size = self.n + dark
        share = fit.fitted / fit.fitted.sum()
        kernel = float(special.xlogy(counts, share).sum())
        value = kernel + float(special.gammaln(size + 1) - special.gammaln(dark + 1))
        slope = np.log(share[0]) + special.digamma(size + 1) - special.digamma(dark + 1)
        return value, float(slope)

    def maximiser(self, near: float) -> float:
        """The dark figure at which l is largest: where its slope is 0 (0 where it falls from the start)."""

        def slope(u: float) -> float:
            return self.at(float(np.exp(u)))[1]

        if self.at(0.0)[1] <= 0:
            return 0.0
        low, high = np.log(near), np.log(near)
        while slope(low) < 0:
            low -= 0.5
        while slope(high) > 0:
            high += 0.1
        return float(np.exp(_zero(slope, float(low), float(high), 1e-13)))

    def limits(self, level: float, near: float) -> tuple[Limits, tuple[ReasonCode, ...]]:
        """Both limits about the maximum, which lies near a dark figure; none where the likelihood cannot be followed."""
        try:
            limits, reasons = self.interval(level, best=self.maximiser(near))
        except EstimateFault:
            return Limits(np.nan, np.nan), (PROFILE_UPPER_NOT_FOUND,)
        return limits, tuple(reasons)

    def interval(self, level: float, best: float) -> tuple[Limits, list[ReasonCode]]:
        """Both limits of the dark figure, by root-finding; a limit that is not found is missing, with a reason."""
        drop = float(stats.chi2.ppf(level, 1)) / 2
        top = self.at(best)[0]

        def below(u: float) -> float:
            return self.at(float(np.exp(u)))[0] - top + drop

        centre = np.log(max(best, 0.5))
        # At a dark figure of 0 the likelihood may not have dropped yet: then 0 is the lower limit.
        lower = _root(below, centre, -1.0) if best > 0 and self.at(0.0)[0] < top - drop else None
        upper = _root(below, centre, 1.0)
        reasons = [] if upper is not None else [PROFILE_UPPER_NOT_FOUND]
        low = 0.0 if lower is None else float(np.exp(lower))
        return Limits(low, np.nan if upper is None else float(np.exp(upper))), reasons


def _root(below: Callable[[float], float], centre: float, direction: float) -> float | None:
    """Where the profile has dropped far enough, on one side; None where it never does within reach."""
    step, near = 0.05, centre
    while abs(near - centre) < np.log(FARTHEST):
        far = near + direction * step
        if below(far) < 0:
            return _zero(below, near, far, 1e-12)
        near, step = far, step * 1.6
    return None


def _zero(function: Callable[[float], float], low: float, high: float, tolerance: float) -> float:
    """Where a function is 0 between two points at which its signs differ."""
    result: Any = optimize.brentq(function, low, high, xtol=tolerance, rtol=tolerance)  # pyright: ignore[reportCallIssue, reportArgumentType]
    return float(result)


def _intervals(likelihood: str, interval: str | None, level: float) -> tuple[str, ...]:
    """Kinds of interval to be tried, in their order."""
    if likelihood not in ("poisson", "multinomial"):
        raise not_one_of("FL-EST-30", "this likelihood", likelihood, ("poisson", "multinomial"))
    allowed = ("profile", "log", *(("wald",) if likelihood == "poisson" else ()))
    require_interval(interval or "profile", allowed, level, f"this interval with likelihood={shown(likelihood)}")
    return ("profile", "log") if interval is None else (interval,)


def _limits(
    kinds: tuple[str, ...], profile: PopulationProfile, fit: PoissonFit, level: float
) -> tuple[str, Limits, tuple[ReasonCode, ...]]:
    """The first kind of interval that has both limits, or the one that was asked for with what it has."""
    dark, spread = float(np.exp(fit.parameters[0])), float(fit.covariance[0, 0])
    reasons: tuple[ReasonCode, ...] = ()
    if kinds[0] == "profile":
        limits, reasons = profile.limits(level, near=dark)
        if not reasons or len(kinds) == 1:
            return "profile", limits, reasons
    kind = kinds[-1]
    # How many people are seen varies too: 1/f on the logarithm of the dark figure (Cormack and Jupp 1991).
    return kind, wald_limits(dark, float(np.sqrt(spread + (1 / dark if kind == "log" else 0.0))), level), ()


def _assumptions(histories: CaptureHistories, model: tuple[Term, ...], reduced: Reduced) -> tuple[Assumption, ...]:
    pairs = [term_name(histories, term) for term in model if len(term) > 1]
    assumptions: list[Assumption] = [NO_HIGHEST_INTERACTION.assume(lists=len(histories.lists))]
    assumptions.append(DEPENDENCE_BETWEEN_LISTS.assume(terms=pairs) if pairs else LISTS_INDEPENDENT.assume())
    assumptions += [CLOSED_POPULATION.assume(), PERFECT_LINKAGE.assume()]
    if reduced.absent:
        assumptions.append(TERMS_MINUS_INFINITY.assume(terms=[term_name(histories, term) for term in reduced.absent]))
    assumptions.append(INTERVAL_GIVEN_MODEL.assume())
    return tuple(assumptions)


def _diagnostics(histories: CaptureHistories, reduced: Reduced, fit: PoissonFit, tested: Goodness) -> dict[str, Any]:
    names = ["intercept", *(term_name(histories, term) for term in reduced.terms)]
    # A term at −∞ was estimated too: it counts.
    count = len(names) + len(reduced.absent)
    errors = np.sqrt(np.diag(fit.covariance))
    return {
        "parameters": dict(zip(names, fit.parameters.tolist(), strict=True)),
        "parameter_se": dict(zip(names, errors.tolist(), strict=True)),
        "minus_infinity": [term_name(histories, term) for term in reduced.absent],
        "deviance": fit.deviance,
        **tested.diagnostics,
        "log_likelihood": fit.log_likelihood,
        "aic": 2 * count - 2 * fit.log_likelihood,
        "bic": count * float(np.log(histories.n)) - 2 * fit.log_likelihood,
    }
