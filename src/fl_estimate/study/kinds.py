"""What each kind of ``[[estimate]]`` calls: the one place where a study file meets the estimators."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from fl_estimate.design.domains import by_margins
from fl_estimate.errors import EstimateFault
from fl_estimate.estimators import capture_recapture
from fl_estimate.estimators.design_weighted import (
    estimate_mean,
    estimate_prevalence,
    estimate_ratio,
    estimate_total,
    estimate_variance,
)
from fl_estimate.estimators.quantiles import estimate_quantile
from fl_estimate.inputs.histories import CaptureHistories
from fl_estimate.reporting.labelling import unit_of
from fl_estimate.results.estimates import Estimates
from fl_estimate.results.stack import stack
from fl_estimate.study.beside import NO_TABLES
from fl_estimate.study.config import (
    AreaEntry,
    MisclassificationEntry,
    SensitivityEntry,
    SourcesEntry,
    StackEntry,
    Study,
    UnitEntry,
)
from fl_estimate.study.inputs import StudyInputs
from fl_estimate.study.list_entries import METHOD_KEYS, CaptureRecaptureEntry
from fl_estimate.study.synthesis_entries import SynthesisEntry
from fl_estimate.study.synthesis_kinds import made_before, synthesise

_DIRECT: dict[str, tuple[Any, tuple[str, ...]]] = {
    "prevalence": (estimate_prevalence, ("outcome",)),
    "total": (estimate_total, ("outcome",)),
    "mean": (estimate_mean, ("variable",)),
    "ratio": (estimate_ratio, ("numerator", "denominator")),
    "variance": (estimate_variance, ("variable",)),
    "quantile": (estimate_quantile, ("variable", "probabilities")),
}
_SETTINGS: tuple[str, ...] = ("by", "where", "unknown", "variance", "interval", "df", "level")
COUNTED: frozenset[str] = frozenset({"total", "persons", "population_size"})
"""Quantities that a stack lays out as they are."""


def make_estimate(entry: Any, study: Study, inputs: StudyInputs, before: Mapping[str, Estimates]) -> Estimates:
    """Make one estimate of a study; `before` holds those made already.

    Raises
    ------
    EstimateFault
        Of the estimator; FL-EST-26 for a stack of what could not be made, FL-EST-27 of different units.
    """
    if isinstance(entry, StackEntry):
        return _stack(entry, before, inputs.populations.get(entry.name))
    if isinstance(entry, SynthesisEntry):
        return synthesise(entry, before, inputs.figures.get(entry.name, NO_TABLES))
    if isinstance(entry, CaptureRecaptureEntry):
        return from_lists(entry, inputs.histories[entry.name])
    if isinstance(entry, MisclassificationEntry):
        return _of_instrument(entry, before)
    if isinstance(entry, SourcesEntry):
        return _of_sources(entry, before, inputs.populations.get(entry.name))
    people = inputs.people[study.source_of(entry.source)]
    if isinstance(entry, UnitEntry):
        return _by_cells(entry, people, inputs)
    if isinstance(entry, AreaEntry):
        return _by_area(entry, people, inputs)
    return _direct(entry, people)


def check_direct(entry: Any, people: Any) -> None:
    """Make an estimate of people for the nation alone: shows faults of weights, strata, conditions, unknown answers.

    By groups whose populations are stated it is made in full: their weights are compared with them.
    """
    if isinstance(entry, AreaEntry | UnitEntry):
        variance = entry.variance if isinstance(entry, AreaEntry) else None
        estimate_prevalence(people, entry.outcome, where=entry.where, unknown=entry.unknown, variance=variance)
    else:
        stated = {name for name, _ in people.design.populations} if people.design is not None else set()
        _direct(
            entry,
            people,
            national=not stated & {name for margin in by_margins(getattr(entry, "by", None)) for name in margin},
        )


def _readings(entry: SensitivityEntry, people: Any, *, national: bool) -> Estimates:
    """An outcome, the other readings of its definition, and those who rest on one fact, as one table."""
    names = dict.fromkeys(name for framework in people.frameworks for name in framework.readings(entry.outcome))
    settings = {name: getattr(entry, name) for name in ("where", "unknown", "variance", "df", "level")}
    function = estimate_total if entry.measure == "total" else estimate_prevalence
    held = [name for name in names if name in people.outcomes]
    return function(people, held, by=None if national else entry.by, **settings)


def _direct(entry: Any, people: Any, *, national: bool = False) -> Estimates:
    if isinstance(entry, SensitivityEntry):
        return _readings(entry, people, national=national)
    function, leading = _DIRECT[entry.kind]
    settings = {name: getattr(entry, name) for name in _SETTINGS if not (national and name == "by")}
    settings |= {"rule": entry.rule} if entry.kind == "quantile" else {}
    return function(people, *(getattr(entry, name) for name in leading), **settings)


def _by_area(entry: AreaEntry, people: Any, inputs: StudyInputs) -> Estimates:
    """A direct estimate of every area, then the model over them."""
    from fl_estimate.estimators import hierarchical

    by = entry.by if entry.time in (None, entry.by) else [entry.by, entry.time]
    direct = estimate_prevalence(
        people, entry.outcome, by=by, where=entry.where, unknown=entry.unknown, variance=entry.variance
    )
    beside = inputs.tables[entry.name]
    prior = entry.prior.model_dump(exclude_none=True) if entry.prior is not None else None
    return hierarchical.area(
        direct,
        covariates=beside.covariates,
        population=beside.population,
        likelihood=entry.likelihood,
        link=entry.link,
        spatial=entry.spatial,
        neighbours=beside.neighbours,
        temporal=entry.temporal,
        time=entry.time,
        deff=entry.deff,
        benchmark=entry.benchmark,
        sampler=entry.sampler,
        prior=hierarchical.Prior(**prior) if prior else None,
        level=entry.level,
        draws=entry.draws,
        seed=entry.seed,
        on_failure=entry.on_failure,
    )


def _by_cells(entry: UnitEntry, people: Any, inputs: StudyInputs) -> Estimates:
    """A poststratified model over the population's cells."""
    from fl_estimate.estimators import hierarchical

    beside = inputs.tables[entry.name]
    prior = entry.prior.model_dump(exclude_none=True) if entry.prior is not None else None
    return hierarchical.unit(
        people,
        entry.outcome,
        cells=entry.cells,
        population=beside.population,
        covariates=beside.covariates,
        varying=entry.varying,
        by=entry.by,
        where=entry.where,
        unknown=entry.unknown,
        weights=entry.weights,
        sampler=entry.sampler,
        prior=hierarchical.Prior(**prior) if prior else None,
        level=entry.level,
        draws=entry.draws,
        seed=entry.seed,
    )


def _of_instrument(entry: MisclassificationEntry, before: Mapping[str, Estimates]) -> Estimates:
    """A prevalence made before, with what is known of the instrument."""
    from fl_estimate.estimators import hierarchical

    made_before([entry.estimate], before)
    return hierarchical.misclassification(
        before[entry.estimate],
        sensitivity=entry.sensitivity,
        specificity=entry.specificity,
        pool=entry.pool,
        interval=entry.interval,
        level=entry.level,
        draws=entry.draws,
        seed=entry.seed,
    )


def _of_sources(entry: SourcesEntry, before: Mapping[str, Estimates], persons: float | None) -> Estimates:
    """National figures of estimates made before, and counts, in one model."""
    from fl_estimate.estimators import hierarchical

    made_before(list(entry.estimates.values()), before)
    given: dict[str, Any] = {}
    for source, name in entry.estimates.items():
        national = before[name].national
        if (national.frame["method"] == "misclassification").any():
            national = national.select(method="misclassification")
        shares = bool((national.frame["quantity"] == "prevalence").all())
        given[source] = national.persons(persons) if shares and persons is not None else national
    return hierarchical.sources(
        {**given, **entry.counts}, bias=entry.bias, level=entry.level, draws=entry.draws, seed=entry.seed
    )


def from_lists(entry: CaptureRecaptureEntry, histories: CaptureHistories) -> Any:
    """A method of capture-recapture on the lists of an entry, with the keys that were given: Estimates, or an Appraisal."""
    takes = METHOD_KEYS[entry.method]
    given = {name: getattr(entry, name) for name in takes if getattr(entry, name) is not None}
    if "seed" in takes:
        given.setdefault("seed", 1)  # a study gives the same bytes each time
    if entry.method == "doubly_robust":
        lists = (given.pop("a"), given.pop("b"))
        return capture_recapture.doubly_robust(histories, lists=lists, by=entry.strata, level=entry.level, **given)
    function: Any = getattr(capture_recapture, entry.method)
    if entry.strata is None:
        return function(histories, level=entry.level, **given)
    parts = histories.split(entry.strata)
    return _strata({value: function(part, level=entry.level, **given) for value, part in parts.items()}, entry.strata)


def _strata(parts: Mapping[Any, Estimates], column: str) -> Estimates:
    """Estimates of strata under each other, each a domain of the column that they were split by."""
    laid = stack({str(value): part for value, part in parts.items()}, names=column)
    return replace(laid, frame=laid.to_frame().assign(margin=column))


def _stack(entry: StackEntry, before: Mapping[str, Estimates], persons: float | None) -> Estimates:
    """National figures of several estimates, as persons where the population is given."""
    made_before(entry.estimates, before)
    kept: list[Estimates] = []
    for name in entry.estimates:
        national = before[name].national
        for quantity in dict.fromkeys(national.frame["quantity"]):
            part = national.select(quantity=quantity)
            if quantity == "prevalence" and persons is not None:
                kept.append(part.persons(persons))
            elif quantity in COUNTED or (quantity != "dark_figure" and persons is None):
                kept.append(part)
    units = dict.fromkeys(unit_of(str(quantity)) for part in kept for quantity in part.frame["quantity"])
    if len(units) != 1:
        raise EstimateFault(
            "FL-EST-27",
            "estimates in different units cannot stand in one table",
            found=", ".join(units) or "no national figure",
            fix="give population = …, which turns prevalences into persons, or leave out what does not belong",
        )
    return stack(kept)
