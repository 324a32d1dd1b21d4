"""A Bayesian scale-up model ready for a sampler, as arrays, and what samplers hand back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from numbers import Real
from typing import Any, Literal, cast, get_args

import numpy as np

from fl_estimate.arrays import Bools, Floats
from fl_estimate.errors import EstimateFault, columns_shown, listed, not_one_of, shown
from fl_estimate.estimators.hidden.network.relational_data import RelationalData
from fl_estimate.results.codes import ReasonCode

Model = Literal["random-degree", "barrier", "transmission", "combined", "overdispersed", "correlated"]
MODELS: tuple[str, ...] = get_args(Model)
OVERDISPERSED, CORRELATED = "overdispersed", "correlated"
BARRIERS, TRANSMITTING = ("barrier", "combined"), ("transmission", "combined")
PRIORS: dict[str, dict[str, tuple[float, ...]]] = {
    **{
        name: {"mu": (3.0, 8.0), "sigma": (0.25, 2.0)}
        for name in ("random-degree", "barrier", "transmission", "combined")
    },
    OVERDISPERSED: {"mu": (-20.0, 20.0), "sd_a": (0.0, 10.0), "sd_b": (0.0, 10.0)},
    CORRELATED: {"mu_rho": (0.0, 10.0), "sd_rho": (2.5,), "sd_degree": (2.5,), "sd_bias": (2.5,), "eta": (2.0,)},
}
"""Ends of flat priors, but of the correlated model: normal mean and standard deviation, half-Cauchy scales, LKJ's eta.

Maltiel, Raftery, McCormick and Baraff (2015); Zheng, Salganik and Gelman (2006), flat within ends that data never meet;
Laga, Bao and Niu (2023).
"""
LOCATIONS = ("mu",)
"""Priors whose ends may be below 0."""
Flags = tuple[tuple[ReasonCode, tuple[tuple[str, Any], ...]], ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class ScaleUpProblem:
    """What a sampler needs.

    Attributes
    ----------
    model : str
    names : tuple of str
        Groups, the known ones first.
    reports : int array, shape (respondents, groups)
        0 where there is none.
    told : bool array, shape (respondents, groups)
        Whether the report is there.
    weights : float array, shape (respondents,)
        Powers of the respondents' densities.
    sizes : float array, shape (groups,)
        In persons; NaN where hidden.
    population : float
    tau_first, tau_second, fixed_tau : float array, shape (hidden groups,)
        Beta prior of the transmission; where `fixed_tau` is above 0 it is that.
    priors : mapping of str to tuple
    """

    model: str
    names: tuple[str, ...]
    reports: Any = field(repr=False)
    told: Bools = field(repr=False)
    weights: Floats = field(repr=False)
    sizes: Floats
    population: float
    tau_first: Floats
    tau_second: Floats
    fixed_tau: Floats
    priors: Mapping[str, tuple[float, ...]]

    @property
    def hidden(self) -> Bools:
        """Which groups are hidden."""
        return np.isnan(self.sizes)

    @property
    def barrier(self) -> bool:
        """Whether shares differ from respondent to respondent."""
        return self.model in BARRIERS

    @property
    def transmits(self) -> bool:
        """Whether a transmission is unknown."""
        return bool((self.fixed_tau <= 0).any())

    @property
    def bounds(self) -> Floats:
        """Ends of the flat priors, one after the other."""
        return np.array([end for ends in self.priors.values() for end in ends], dtype=float)

    @property
    def met(self) -> Floats:
        """Weighted reports by group."""
        return self.weights @ np.where(self.told, self.reports, 0)

    @property
    def log_shares(self) -> Floats:
        """Log shares of the population: known, and of hidden groups the ratio of sums, half a person where nobody is met."""
        known = ~self.hidden
        ties = self.weights @ (self.told * self.start_degrees[:, None])
        share = np.maximum(self.met, 0.5) / np.maximum(ties, 1.0)
        share = np.clip(share, 1.5 / self.population, 0.5)
        return np.log(np.where(known, self.sizes / self.population, share))

    @property
    def start_degrees(self) -> Floats:
        """Network sizes by the known groups that were answered about, one person added."""
        known = ~self.hidden
        told = self.told[:, known]
        met = np.where(told, self.reports[:, known], 0).sum(axis=1)
        size = told @ self.sizes[known]
        typical = self.population / self.sizes[known].sum()
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(size > 0, self.population * (met + 0.5) / np.where(size > 0, size, 1.0), typical)


@dataclass(frozen=True, kw_only=True, eq=False)
class ScaleUpChains:
    """Draws of a scale-up model, chains first.

    Attributes
    ----------
    log_share : float array, shape (chains, draws, groups)
        Log shares of the population. Of a model that takes them as random effects: up to a constant that the rule of scaling
        finds. Of one that knows the sizes: of a known group what its reports say, given network sizes and all else.
    log_degree : float array, shape (chains, kept, respondents)
        Of every so many draws; up to the same constant.
    mean_degree : float array, shape (chains, draws)
        Weighted mean of e^log_degree of each draw.
    parameters : mapping of str to float array
        First axes chains and draws; a third is that of the groups.
    correlation : float array or None, shape (chains, draws, groups, groups)
    diagnostics : mapping
    flags : tuple
        What a sampler of its own says that falls short, and with which parameters.
    stats : mapping
    """

    log_share: Floats
    log_degree: Floats
    mean_degree: Floats
    parameters: Mapping[str, Floats]
    correlation: Floats | None = None
    diagnostics: Mapping[str, Any] = field(default_factory=dict[str, Any])
    flags: Flags = ()
    stats: Mapping[str, Floats] = field(default_factory=dict[str, Floats])

    @property
    def every(self) -> int:
        """Of how many draws one has its degrees kept."""
        return self.log_share.shape[1] // self.log_degree.shape[1]


DEGREES_KEPT = 100
"""Draws of a chain whose degrees are kept: enough for predictive checks, and not draws times respondents."""


def kept_every(draws: int) -> int:
    """Of how many draws of a chain one has its degrees kept."""
    return max(1, draws // DEGREES_KEPT)


def problem_of(
    data: RelationalData, model: str, transmission: Any, priors: Mapping[str, Any] | None, weights: Floats
) -> ScaleUpProblem:
    """Reports and settings as arrays.

    Raises
    ------
    EstimateFault
        FL-EST-620: a model that there is not; FL-EST-621: the transmission; FL-EST-622: a prior.
    """
    if model not in MODELS:
        raise not_one_of("FL-EST-620", "this scale-up model", model, MODELS)
    first, second, fixed = _transmission(data.hidden, model, transmission)
    # In an order of their own, so that the same respondents give the same chains in whatever order they are given.
    order = np.lexsort((weights, *np.where(np.isnan(data.reports), -1, data.reports).T))
    told = ~np.isnan(data.reports[order])
    return ScaleUpProblem(
        model=model,
        names=data.groups,
        reports=np.where(told, data.reports[order], 0).astype(np.int64),
        told=told,
        weights=weights[order],
        sizes=np.append(data.known.sizes, np.full(len(data.hidden), np.nan)),
        population=data.population,
        tau_first=first,
        tau_second=second,
        fixed_tau=fixed,
        priors=_priors(model, priors),
    )


def _transmission(hidden: tuple[str, ...], model: str, given: Any) -> tuple[Floats, Floats, Floats]:
    """Beta parameters of each hidden group, or its fixed value; 1 in models that have none."""
    ones = np.ones(len(hidden))
    if model not in TRANSMITTING:
        if given is not None:
            raise EstimateFault(
                "FL-EST-621", "this model has no transmission", found=f"model={model!r} with transmission=",
                fix='model="transmission", or "combined" with barriers as well',
            )  # fmt: skip
        return ones, ones, ones
    by_group = _by_group(given, hidden)
    pairs: list[tuple[float, float, float]] = []
    wrong: list[str] = []
    for name in hidden:
        pair = _beta(by_group.get(name))
        if pair is None:
            wrong.append(name)
        pairs.append(pair or (1.0, 1.0, 1.0))
    alien = [str(name) for name in by_group if name not in hidden]
    if wrong or alien:
        raise EstimateFault(
            "FL-EST-621", "the transmission of a hidden group is not stated, or cannot be",
            found="; ".join(filter(None, (listed(wrong), f"not hidden: {columns_shown(alien, known=hidden)}" if alien else ""))),
            fix="transmission=(a, b): a Beta prior of the share of those who know a member who know that this is one, such as "
            "(40, 10) from 40 of 50 in a study of the group; a number from 0 to 1 where it is known; or a mapping from groups",
        )  # fmt: skip
    first, second, fixed = (np.array(column, dtype=float) for column in zip(*pairs, strict=True))
    return first, second, fixed


def _by_group(given: Any, hidden: tuple[str, ...]) -> dict[str, Any]:
    if isinstance(given, Mapping) and not {str(key) for key in cast("Mapping[Any, Any]", given)} <= {"positive", "n"}:
        return {str(key): value for key, value in cast("Mapping[Any, Any]", given).items()}
    return dict.fromkeys(hidden, given)


def _beta(value: Any) -> tuple[float, float, float] | None:
    """(a, b, 0) of a prior, (1, 1, t) of a number, None of anything else."""
    if _number(value):
        return (1.0, 1.0, float(value)) if 0 < value <= 1 else None
    if isinstance(value, Mapping) and set(cast("Mapping[Any, Any]", value)) == {"positive", "n"}:
        positive, n = value["positive"], value["n"]
        whole = _number(positive) and _number(n) and 0 <= positive <= n
        return (1.0 + float(positive), 1.0 + float(n - positive), 0.0) if whole else None
    if isinstance(value, tuple | list) and len(cast("list[Any]", value)) == 2:
        first, second = cast("list[Any]", value)
        if _number(first) and _number(second) and first > 0 and second > 0:
            return float(first), float(second), 0.0
    return None


def _priors(model: str, given: Mapping[str, Any] | None) -> dict[str, tuple[float, ...]]:
    """The priors of the model, those of the caller in their place."""
    standard = dict(PRIORS[model])
    if given is not None and not isinstance(cast("Any", given), Mapping):
        raise _wrong_prior("no mapping", standard)
    for name, value in (given or {}).items():
        if name not in standard:
            raise _wrong_prior(f"no prior is called {shown(name)}", standard)
        numbers: Any = value if isinstance(value, tuple | list) else (value,)
        wanted = len(standard[name])
        if len(numbers) != wanted or not all(_number(each) for each in numbers):
            raise _wrong_prior(f"{name} is not {wanted} number{'s' if wanted > 1 else ''}", standard)
        made = tuple(float(each) for each in numbers)
        if model != CORRELATED and not (made[0] < made[1] and (name in LOCATIONS or made[0] >= 0)):
            raise _wrong_prior(f"{name} is not a lower and a higher end", standard)
        if model == CORRELATED and made[-1] <= 0:
            raise _wrong_prior(f"{name} has no scale above 0", standard)
        standard[name] = made
    return standard


def _wrong_prior(found: str, standard: Mapping[str, tuple[float, ...]]) -> EstimateFault:
    known = "; ".join(f"{name}={', '.join(f'{each:g}' for each in values)}" for name, values in standard.items())
    return EstimateFault("FL-EST-622", "this prior cannot be", found=found, fix=f"priors of this model: {known}")


def _number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool) and bool(np.isfinite(float(value)))
