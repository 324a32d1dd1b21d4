"""Imputed answers in a study: the people of `[impute]`, and the bounds that stand beside every imputed figure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal, get_args, get_origin

from fl_estimate.design.domains import by_margins
from fl_estimate.results.beside_bounds import beside_bounds
from fl_estimate.results.estimates import Estimates
from fl_estimate.results.roles import People
from fl_estimate.study.entries import ClassifyEntry, ImputeEntry
from fl_estimate.study.forms import Entry, PeopleEntry
from fl_estimate.study.rounds import base_of

IMPUTE = "impute"


def imputes(entry: Entry) -> bool:
    """Whether an estimate is to be made of imputed answers."""
    return isinstance(entry, PeopleEntry) and (getattr(entry, "unknown", None) == IMPUTE or _wants(entry) == "needed")


def takes_draws(entry: Entry) -> bool:
    """Whether an estimate is made of imputed answers wherever there are any."""
    return imputes(entry) or _wants(entry) == "if drawn"


def _wants(entry: Entry) -> str:
    return next((role.imputed for _, role in entry.declared.having(People)), "")


def has_bounds(entry: Entry) -> bool:
    """Whether bounds can stand beside what an entry estimates: it counts people in a class."""
    forms = [argument.form for argument in entry.declared.arguments if argument.name == "unknown"]
    return any("bounds" in _choices(form) for form in forms)


def _choices(form: Any) -> tuple[Any, ...]:
    if get_origin(form) is Literal:
        return get_args(form)
    return tuple(choice for inner in get_args(form) for choice in _choices(inner))


def impute_faults(
    classify: ClassifyEntry | None,
    impute: ImputeEntry | None,
    entries: Sequence[Entry],
    positions: Sequence[int],
    source: str,
) -> Iterator[str]:
    """What is wrong between ``[impute]``, ``[classify]`` and the estimates; `source` is that which is classified."""
    asking = [(position, entry) for position, entry in zip(positions, entries, strict=True) if imputes(entry)]
    if impute is None:
        for position, entry in asking:
            key = "unknown" if getattr(entry, "unknown", None) == IMPUTE else "kind"
            yield (
                f"estimate[{position}].{key}: there is no [impute] table; write one ([impute] alone will do), which says how the "
                "unknown answers of [classify] are imputed"
            )
        return
    if classify is None:
        yield "impute: there is no [classify]; what is imputed are the unknown answers to the questions of its framework"
    elif not any(takes_draws(entry) for entry in entries):
        yield 'impute: no estimate has unknown = "impute"; say which are made of imputed answers, or take the table out'
    for position, entry in asking:
        named = getattr(entry, "source", None)
        if classify is not None and named is not None and base_of(named) != base_of(source):
            yield f"estimate[{position}].unknown: the people of {named!r} are not classified, so that nothing of them is imputed"


def imputed(
    survey: Any,
    frameworks: Sequence[Any],
    classify: ClassifyEntry,
    entry: ImputeEntry,
    entries: Iterable[Entry],
    outcomes: Sequence[str] | None,
) -> Any:
    """The people of a survey with draws of their unknown answers, by the domains of the estimates that use them.

    Raises
    ------
    FlError
        Of `fl.impute`.
    """
    from fl_estimate.estimators.imputation.impute import impute

    columns = entry.by if entry.by is not None else _domains(entries)
    return impute(
        survey, frameworks, outcomes=outcomes, by=columns or None, predictors=entry.predictors or None, draws=entry.draws,
        donors=entry.donors, method=entry.method, too_few=entry.too_few, seed=entry.seed, reference_day=classify.reference_day,
        allow_unverified=classify.allow_unverified,
    )  # fmt: skip


def _domains(entries: Iterable[Entry]) -> list[str]:
    """The by-columns of imputed estimates: donors of a domain's own are preferred there."""
    return list(
        dict.fromkeys(
            column
            for entry in entries
            if imputes(entry)
            for margin in by_margins(getattr(entry, "by", None))
            for column in margin
        )
    )


def with_bounds(entry: Entry, made: Estimates, estimate: Callable[[Mapping[str, Any]], Any]) -> Estimates:
    """An imputed estimate as it is published: the bounds of every cell beside it, where there can be any.

    Parameters
    ----------
    entry : Entry
    made : Estimates
    estimate : callable
        Makes the entry again with other values of some arguments.
    """
    if not (imputes(entry) and has_bounds(entry)):
        return made
    return beside_bounds(made, estimate({"unknown": "bounds"}))
