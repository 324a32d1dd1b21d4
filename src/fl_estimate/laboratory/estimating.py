"""What is tried: registered methods by name with their arguments, or callables; those that differ by interval share one pass."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from typing import Any, get_args

import pandas as pd

from fl_estimate.design.domains import By
from fl_estimate.design.intervals import PROPORTION
from fl_estimate.errors import EstimateFault, FlError, FlWarning, not_one_of, shown
from fl_estimate.estimators.survey.domain_query import Measure
from fl_estimate.estimators.survey.domain_table import DomainTable
from fl_estimate.estimators.survey.targets import Targets, make_targets
from fl_estimate.estimators.survey.weighted_call import Call, OwnDfRule, bounds_of, lay_out, lay_out_again
from fl_estimate.inputs.sample_design import Design
from fl_estimate.inputs.survey_data import SurveyData
from fl_estimate.results.codes import PREVALENCE
from fl_estimate.results.estimates import Estimates
from fl_estimate.results.methods import Method, every_method
from fl_estimate.results.roles import ColumnOf, People

Answer = Estimates | str
"""What an estimator gave, or the code of the error that it gave instead."""
SHARED = {"interval", "df", "level"}
"""Arguments of a prevalence that leave its sums over people as they are."""


@dataclass(frozen=True, kw_only=True)
class Estimator:
    """One of those that are tried: a registered method with its arguments, or a callable."""

    name: str
    method: Method | None = None
    arguments: Mapping[str, Any]
    call: Callable[[SurveyData], Any] | None = None

    @property
    def shares(self) -> tuple[object, ...] | None:
        """What those have in common that can be estimated in one pass; None for what stands alone."""
        if self.method is None or self.method.name != "estimate_prevalence":
            return None
        return tuple(sorted((name, repr(value)) for name, value in self.arguments.items() if name not in SHARED))


def read_estimators(
    estimators: Any, *, outcome: Sequence[str], by: By, where: str | None, level: float
) -> tuple[Estimator, ...]:
    """Estimators as they may be given, each with a name.

    Raises
    ------
    EstimateFault
        FL-EST-386: none, or something that is no estimator; FL-EST-387: no method of people of this name; FL-EST-388: an
        argument that the method does not take, or that is the same for all.
    """
    given = estimators if isinstance(estimators, Mapping) else _named(estimators)
    if not given:
        raise EstimateFault(
            "FL-EST-386", "there is no estimator to try", found=shown(estimators),
            fix='a mapping of names to methods: {"as published": "prevalence", "wilson": ("prevalence", {"interval": "wilson"})}',
        )  # fmt: skip
    common = {"by": by, "where": where, "level": level}
    return tuple(_read(str(name), each, list(outcome), common) for name, each in given.items())


def _named(estimators: Any) -> dict[str, Any]:
    """Names for estimators that were given without: that of the method or function."""
    several = list(estimators) if isinstance(estimators, list) else [estimators]
    result: dict[str, Any] = {}
    for each in several:
        named = each if isinstance(each, str) else getattr(each, "__name__", "")
        if not isinstance(named, str) or not named or named in result:
            raise EstimateFault(
                "FL-EST-386", "an estimator has no name of its own", found=shown(each), fix='give a mapping: {"name": estimator}'
            )  # fmt: skip
        result[named] = each
    return result


def _read(name: str, given: Any, outcome: list[str], common: Mapping[str, Any]) -> Estimator:
    if callable(given):
        return Estimator(name=name, arguments={}, call=given)
    pair = (given, {}) if isinstance(given, str) else given
    if not (isinstance(pair, tuple) and len(pair) == 2 and isinstance(pair[0], str) and isinstance(pair[1], Mapping)):
        raise EstimateFault(
            "FL-EST-386", f"{shown(name)} is no estimator", found=f"a {type(given).__name__}",
            fix='the name of a method, ("name", {its arguments}), or a function of the people that gives Estimates',
        )  # fmt: skip
    method = _method(pair[0])
    known = {each.name for each in method.arguments}
    people = {"people", "design"}
    values = next((a.name for a in method.arguments if (role := a.role(ColumnOf)) is not None and role.values), None)
    settings = dict(pair[1])
    alien = sorted((set(settings) - known) | (set(settings) & (people | set(common) - {"level"})))
    if alien:
        raise EstimateFault(
            "FL-EST-388", f"{method.name} cannot be tried with an argument", found=", ".join(map(shown, alien)),
            fix=f"people, design, by and where are those of the laboratory; left to choose: {', '.join(sorted(known - people - set(common)))}",
        )  # fmt: skip
    ready = {key: value for key, value in common.items() if key in known and value is not None}
    if values is not None and values not in settings:
        ready[values] = outcome if len(outcome) > 1 else outcome[0]
    return Estimator(name=name, method=method, arguments={**ready, **settings})


def _method(name: str) -> Method:
    found = {
        key: each for each in every_method() if each.first(People) is not None for key in (each.kind, each.name) if key
    }
    if name not in found:
        raise not_one_of("FL-EST-387", "this method of people", name, sorted(map(str, found)))
    return found[name]


def estimate_all(estimators: Sequence[Estimator], sample: pd.DataFrame, design: Design) -> Iterator[tuple[str, Answer]]:
    """Try every estimator on one sample; an error is told by its code and stops nothing."""
    people = SurveyData(people=sample, design=design)
    done: set[str] = set()
    for each in estimators:
        if each.name in done:
            continue
        alike = [other for other in estimators if each.shares is not None and other.shares == each.shares]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FlWarning)
            found = _together(alike, people) if len(alike) > 1 else _alone(each, people)
        done |= {other.name for other in alike or [each]}
        yield from found


def _alone(each: Estimator, people: SurveyData) -> list[tuple[str, Answer]]:
    try:
        answer = _called(each, people)
    except Exception as error:  # whatever a method stops at is what is counted
        return [(each.name, code_of(error))]
    if isinstance(answer, Estimates):
        return [(each.name, answer)]
    if isinstance(answer, Mapping):
        return [
            (f"{each.name}: {key}", value if isinstance(value, Estimates | str) else "no_estimates")
            for key, value in answer.items()
        ]
    return [(each.name, "no_estimates")]


def _called(each: Estimator, people: SurveyData) -> Any:
    if each.method is None:
        return each.call(people) if each.call is not None else None
    return each.method.function(people, **each.arguments)


def code_of(error: Exception) -> str:
    """The code of an error, or its kind where it has none. Never its text, which another library wrote."""
    return error.code if isinstance(error, FlError) else type(error).__name__


def _together(alike: Sequence[Estimator], people: SurveyData) -> list[tuple[str, Answer]]:
    """Prevalences that differ by interval, degrees of freedom or level: the sums over people are taken once."""
    arguments = dict(alike[0].arguments)
    unknown: Any = arguments.get("unknown")
    try:
        first = Call(
            "estimate_prevalence", people, None, arguments.get("by"), arguments.get("where"), unknown,
            arguments.get("variance"), "korn-graubard", "effective", 0.95,
        )  # fmt: skip
        names = first.outcomes(arguments["outcome"], "outcome")
        targets = make_targets(
            first.people.schema, names, where=first.where, unknown=unknown, weights=first.people.design.weights
        )  # fmt: skip
        measures = [
            Measure(target=t, top=top, bottom=t.counted, bound=bound) for t in targets.targets for top, bound in bounds_of(t)
        ]  # fmt: skip
        table = first.tabulate(targets, measures)
        if not all(cells.binary for cells in table.cells):
            return [pair for each in alike for pair in _alone(each, people)]
    except Exception as error:
        return [(each.name, code_of(error)) for each in alike]
    found: list[tuple[str, Answer]] = []
    made: Estimates | None = None
    for each in alike:
        answer = _varied(each, first, made, targets, table)
        made = answer if made is None and isinstance(answer, Estimates) else made
        found.append((each.name, answer))
    return found


def _varied(each: Estimator, first: Call, made: Estimates | None, targets: Targets, table: DomainTable) -> Answer:
    """One of several that share a table, with its own interval; the same figures as alone, which a test compares."""
    call = copy(first)
    call.interval, call.df = each.arguments.get("interval", "korn-graubard"), each.arguments.get("df", "effective")
    call.level = each.arguments.get("level", 0.95)
    try:
        call.check(PROPORTION, get_args(OwnDfRule))
        if made is None:
            return lay_out(call, targets, table, quantity=PREVALENCE)
        return lay_out_again(made, call, table)
    except Exception as error:
        return code_of(error)
