"""`sources`: a survey, case lists, a hotline … of the same people in one model, each with a bias that is stated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any

import numpy as np

from fl_estimate.arrays import Floats
from fl_estimate.errors import EstimateFault, labels_shown, listed, shown
from fl_estimate.estimators.hierarchical.model.asked import check_numbers, tails_of
from fl_estimate.estimators.hierarchical.model.posterior import grid_quantiles, resample
from fl_estimate.estimators.hierarchical.model.sources_bias import BiasedSource, bias_figures, read_source
from fl_estimate.estimators.sampling import known_seed
from fl_estimate.results.basis import Support, weakest
from fl_estimate.results.build import build
from fl_estimate.results.codes import (
    EQUAL_TAILED,
    LOG,
    POPULATION_SIZE,
    AssumptionCode,
    IntervalKind,
    MethodName,
    ReasonCode,
)
from fl_estimate.results.estimates import Estimates
from fl_estimate.results.inference import Inference
from fl_estimate.results.methods import method
from fl_estimate.results.provenance import Provenance
from fl_estimate.results.recipe import joined
from fl_estimate.results.roles import BIAS_STATED, NOT_IN_FILE, Draws, EachOf, Finite, Level, MoreThanZero, SeedOrNone

SOURCES_COMBINED = MethodName("sources-combined")
SOURCE_GIVEN = MethodName("source-given")
SOURCE_CONFLICT = ReasonCode("source_conflict", "p")
SOURCES_CONFLICT = ReasonCode("sources_conflict", "sources")
SOURCE_BIAS = AssumptionCode("source_bias", "source", "bias")
BIASES_INDEPENDENT = AssumptionCode("errors_and_biases_independent")
PRIOR_NUMBER = AssumptionCode("prior_number", "prior")
GRID = 20_001
BIASES = 16_384
"""Ranks behind the summaries of the biases."""
CONFLICT = 0.05
"""A source whose figure is less likely than this, given all others, is said to be in conflict with them."""


@method(kind=None, basis=None, family="hierarchical")
def sources(
    estimates: Annotated[Mapping[str, Any], NOT_IN_FILE],
    *,
    bias: Annotated[Mapping[str, str], EachOf(("estimates", "counts"), BIAS_STATED)],
    prior: tuple[Finite, MoreThanZero] | None = None,
    level: Level = 0.95,
    draws: Draws = 4_000,
    seed: SeedOrNone = None,
) -> Estimates:
    """Combine sources of the same number of people in one model, each with the bias that you state for it.

    Use it where a survey, case lists and a count of those who came forward speak of the same people, and you can say from
    outside the data how far each may be off. Do not use it to make sources agree: data cannot tell the biases, and an answer
    is as good as what is stated.

    Parameters
    ----------
    estimates : mapping of name to Estimates, (value, se), or number
        Estimates with one row of persons (`population_size`, persons, total); a value with its standard error; or a plain
        count of people.
    bias : mapping of name to str
        For every source, on the log scale, source = number × exp(bias): ``"normal(m, s)"``; ``"exactly(0)"`` where it has
        none; ``"below(s)"``, minus a half-normal, where it can only be too low; ``"above(s)"``; for a count
        ``"reported(a, b)"``: each person is in it with a chance ~ beta(a, b). There is no default.
    prior : (m, s), optional
        Normal density of the log of the number; flat by default.
    level : float
    draws : int
        Of the number, and beside it of what each source would count without sampling error.
    seed : int, optional

    Returns
    -------
    Estimates
        The combined number, then every source as it was given (`term` is its name). `.diagnostics` holds each source's
        weight, its conflict with the others, and its bias as stated and as the data leave it.

    Raises
    ------
    EstimateFault
        FL-EST-120 to FL-EST-125.

    Notes
    -----
    log y_s ~ N(log N + d_s, e_s²) with d_s as stated; e_s is half the width of the log interval over the normal quantile,
    or se/value. d_s is integrated out (normal, skew-normal or beta-binomial), and log N on a grid. Weight of a source: 1 − V/V₋ₛ, V the posterior
    variance of log N and V₋ₛ that without the source (its share of the precision where all is normal). Conflict: twice
    the smaller tail of the source's figure under the posterior of the others.

    References
    ----------
    Turner, Spiegelhalter, Smith and Thompson (2009), Journal of the Royal Statistical Society A 172(1), 21-47, for stated
    biases; Presanis, Ohlssen, Spiegelhalter and De Angelis (2013), Statistical Science 28(3), 376-397, for conflict.

    Examples
    --------
    >>> import fl_estimate as fl
    >>> estimates = fl.hierarchical.sources(
    ...     {"survey": (12_000, 2_500), "lists": (15_000, 2_000), "hotline": 900},
    ...     bias={"survey": "below(0.3)", "lists": "normal(0, 0.3)", "hotline": "reported(2, 30)"}, seed=1)
    >>> estimates.to_frame()["term"].tolist()
    ['', 'survey', 'lists', 'hotline']
    >>> {name: round(weight, 2) for name, weight in estimates.diagnostics["weight"].items()}
    {'survey': 0.54, 'lists': 0.39, 'hotline': 0.08}
    """
    check_numbers(level, draws, seed)
    _check_given(estimates, bias, prior)
    _check_alike(estimates)
    every = [read_source(name, given, bias[name], level) for name, given in estimates.items()]
    grid = _grid(every, prior)
    logs = np.array([source.log_likelihood(grid) for source in every])
    before = np.zeros(len(grid)) if prior is None else -0.5 * ((grid - prior[0]) / prior[1]) ** 2
    full = _LogDensity(grid, before + logs.sum(axis=0))
    without = [
        _LogDensity(grid, before + np.delete(logs, position, axis=0).sum(axis=0)) for position in range(len(every))
    ]
    proper = prior is not None or len(every) > 1
    used = known_seed(seed)
    told = _source_diagnostics(every, full, without, tails_of(level), proper=proper)
    return _answer(
        estimates, every, full, told, level=level, draws=draws, seed=used, given={"prior": prior, "seed": seed}
    )


def _check_given(estimates: Any, bias: Any, prior: Any) -> None:
    if not isinstance(estimates, Mapping) or not estimates:
        raise EstimateFault(
            "FL-EST-120", "there are no sources", found=type(estimates).__name__,
            fix='give {"survey": …, "lists": …} and their biases',
        )  # fmt: skip
    stated = set(bias) if isinstance(bias, Mapping) else set[str]()
    absent, alien = [name for name in estimates if name not in stated], sorted(stated - set(estimates))
    if absent or alien:
        said = [f"no bias for {labels_shown(absent)}"] if absent else []
        said += [f"a bias for {labels_shown(alien)}, which is no source"] if alien else []
        raise EstimateFault(
            "FL-EST-121", "the bias of every source must be stated", found="; ".join(said),
            fix='data cannot tell it: give bias={"survey": "normal(0, 0.2)", …}, or "exactly(0)" where a source has none',
        )  # fmt: skip
    if prior is not None and not (len(prior) == 2 and np.isfinite(prior).all() and prior[1] > 0):
        raise EstimateFault(
            "FL-EST-125", "the prior of the number cannot be read", found=shown(prior),
            fix="give (m, s) of the natural logarithm of persons, s above 0",
        )  # fmt: skip


def _check_alike(estimates: Mapping[str, Any]) -> None:
    """Refuse sources that say they speak of other things, people or times."""
    given = {name: part for name, part in estimates.items() if isinstance(part, Estimates)}
    wrong: list[str] = []
    for what in ("outcome", "population", "reference_period", "measure"):
        said = {
            name: str(part.frame["outcome"].iloc[0]) if what == "outcome" else getattr(part, what)
            for name, part in given.items()
        }
        if len({text for text in said.values() if text}) > 1:
            wrong.append(f"{what}: {', '.join(f'{name} {text!r}' for name, text in said.items() if text)}")
    if wrong:
        raise EstimateFault(
            "FL-EST-124", "the sources do not speak of the same people", found="; ".join(wrong),
            fix="combine estimates of one outcome, population, period and measure; histories.about(…) says what lists are of",
        )  # fmt: skip


@dataclass(frozen=True)
class _LogDensity:
    """A density of log numbers on a grid, from its logarithm."""

    grid: Floats
    log: Floats

    @property
    def share(self) -> Floats:
        raised = np.exp(self.log - self.log.max())
        return raised / raised.sum()

    @property
    def mean(self) -> float:
        return float(self.share @ self.grid)

    @property
    def variance(self) -> float:
        return float(self.share @ (self.grid - self.mean) ** 2)

    def quantiles(self, probabilities: tuple[float, ...]) -> Floats:
        return grid_quantiles(self.grid[None, :], np.exp(self.log - self.log.max())[None, :], probabilities)[:, 0]


def _grid(every: Sequence[BiasedSource], prior: tuple[float, float] | None) -> Floats:
    """Points that cover what every source, and all but each of them, leave possible."""
    ends = [source.reach for source in every]
    if prior is not None:
        ends.append((prior[0] - 9 * prior[1], prior[0] + 9 * prior[1]))
    low, high = min(end[0] for end in ends), max(end[1] for end in ends)
    # Nobody is less than the people counted.
    floor = [np.log(source.value) for source in every if source.kind == "reported"]
    return np.linspace(max([low, *floor]), max(high, max([low, *floor]) + 1.0), GRID)


def _source_diagnostics(
    every: Sequence[BiasedSource],
    full: _LogDensity,
    without: Sequence[_LogDensity],
    tails: tuple[float, float, float],
    *,
    proper: bool,
) -> dict[str, dict[str, Any]]:
    """Of every source: weight, conflict, and bias before and after."""
    t = np.interp((np.arange(BIASES) + 0.5) / BIASES, np.cumsum(full.share), full.grid)
    # Ranks that have nothing to do with those of t: a golden-ratio sequence.
    even = np.asarray(np.clip((np.arange(BIASES) * 0.6180339887498949) % 1.0, 1e-9, 1 - 1e-9), dtype=float)
    told: dict[str, dict[str, Any]] = {}
    for source, others in zip(every, without, strict=True):
        below = float(others.share @ source.below(full.grid)) if proper else np.nan
        before = source.prior_quantiles(tails)
        after = bias_figures(source.draw_bias(t, even), tails)
        told[source.name] = {
            "weight": max(1 - full.variance / others.variance, 0.0) if proper else 1.0,
            "conflict": 2 * min(below, 1 - below),
            "without": {name: float(np.exp(v)) for name, v in zip(("lower", "value", "upper"), others.quantiles(tails), strict=True)}
            if proper
            else {},
            "bias_stated": dict(zip(("lower", "median", "upper"), before.tolist(), strict=True)),
            "bias_after": after,
        }  # fmt: skip
    return told


def _answer(
    estimates: Mapping[str, Any],
    every: Sequence[BiasedSource],
    full: _LogDensity,
    diagnostics: Mapping[str, Mapping[str, Any]],
    *,
    level: float,
    draws: int,
    seed: int,
    given: Mapping[str, Any],
) -> Estimates:
    lower, median, upper = np.exp(full.quantiles(tails_of(level)))
    persons = np.exp(full.grid)
    mean = float(full.share @ persons)
    rng = np.random.default_rng(seed)
    step = full.grid[1] - full.grid[0]
    t = full.grid[resample(full.share, draws, rng)] + step * (rng.random(draws) - 0.5)
    bias = [source.draw_bias(t, rng.random(draws)) for source in every]
    counted = [_expected(source, t, part) for source, part in zip(every, bias, strict=True)]
    parts = [part for part in estimates.values() if isinstance(part, Estimates)]
    outcome = next((str(part.frame["outcome"].iloc[0]) for part in parts if part.frame["outcome"].iloc[0]), "")
    nan = np.nan
    columns: dict[str, Any] = {
        "outcome": outcome, "term": ["", *(s.name for s in every)],
        "value": [median, *(s.value for s in every)], "se": [np.sqrt(full.share @ (persons - mean) ** 2), *(
            s.value * s.error if s.error else nan for s in every)],
        "lower": [lower, *(s.lower for s in every)], "upper": [upper, *(s.upper for s in every)],
        "level": level, "interval_kind": [EQUAL_TAILED, *(_kind(estimates[s.name], s) for s in every)],
    }  # fmt: skip
    against = [source.name for source in every if diagnostics[source.name]["conflict"] < CONFLICT]
    reasons = [
        SOURCE_CONFLICT.at(1 + position, p=float(diagnostics[source.name]["conflict"]))
        for position, source in enumerate(every)
        if source.name in against
    ]
    reasons += [SOURCES_CONFLICT.at(0, sources=listed(against))] if against else []
    assumptions = [SOURCE_BIAS.assume(source=source.name, bias=str(source)) for source in every]
    assumptions += [BIASES_INDEPENDENT.assume()] if len(every) > 1 else []
    prior = given["prior"]
    flat = "flat on the log scale"
    assumptions += [PRIOR_NUMBER.assume(prior=flat if prior is None else f"log-normal({prior[0]:g}, {prior[1]:g})")]
    arguments = {
        "bias": {source.name: str(source) for source in every}, "prior": prior, "level": level, "draws": draws,
        "seed": given["seed"],
        "sources": {
            name: {"call": part.provenance.call, "sha256": part.provenance.source_sha256}
            if isinstance(part, Estimates) else repr(part)
            for name, part in estimates.items()
        },
    }  # fmt: skip
    # Words of tables and files are those of each source, not of what they come to.
    plain = [replace(part.recipe, wording=part.recipe.wording.of_origin, provenance=Provenance()) for part in parts]
    bases, support = _rests_on([estimates[source.name] for source in every])
    return build(
        columns,
        quantity=POPULATION_SIZE,
        method=[SOURCES_COMBINED, *[SOURCE_GIVEN] * len(every)],
        basis=bases,
        recipe=joined(plain, call="hierarchical.sources", arguments=arguments, assumptions=assumptions),
        reasons=reasons,
        diagnostics={
            "sampler": "grid", "seed": seed, "posterior_mean": mean,
            **{what: {name: part[what] for name, part in diagnostics.items()} for what in ("weight", "conflict", "without", "bias_stated", "bias_after")},
        },
        draws=np.column_stack([np.exp(t), *counted]),
        inference=Inference(
            parameters={"bias": np.column_stack(bias)}, along={"bias": ("biased", tuple(source.name for source in every))}
        ),
        support=support,
    )  # fmt: skip


def _rests_on(given: Sequence[Any]) -> tuple[list[str], Support]:
    """Basis and support of the row of all sources, then of each: what is typed in is a figure, of which no more is known."""
    bases, parts = list[str](), list[Support]()
    for each in given:
        whole = isinstance(each, Estimates)
        row = 0
        if isinstance(each, Estimates):
            counts = (each.frame["quantity"] == POPULATION_SIZE).to_numpy(dtype=bool)
            row = int(counts.argmax()) if counts.any() else 0
        bases.append(str(each.frame["basis"].iloc[row]) if whole else "figures")
        parts.append(each.support.take([row]) if whole else Support.unknown(1))
    # A weighted mean is undone by whoever knows the other sources: it rests on what the weakest of them rests on.
    whole_row = Support.least_known(parts, bases)
    return [weakest(bases), *bases], Support.joined([whole_row, *parts])


def _expected(source: BiasedSource, t: Floats, bias: Floats) -> Floats:
    """What a source would count without sampling error."""
    return np.exp(t) * (bias if source.kind == "reported" else np.exp(bias))


def _kind(given: Any, source: BiasedSource) -> str:
    if isinstance(given, Estimates):
        rows = given.frame[given.frame["value"] == source.value]
        return IntervalKind.of(str(rows["interval_kind"].iloc[0]))
    return LOG if source.error else ""
