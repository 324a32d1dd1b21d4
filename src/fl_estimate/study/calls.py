"""What an entry calls: the function of its method, with the arguments that its keys stand for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, cast, get_args

from pydantic import BaseModel

from fl_estimate.design.domains import by_margins
from fl_estimate.errors import EstimateFault
from fl_estimate.estimators.synthesis.from_figures import national_figure
from fl_estimate.estimators.synthesis.rounds_given import labels_of
from fl_estimate.inputs.histories import CaptureHistories
from fl_estimate.results.estimates import Estimates
from fl_estimate.results.methods import Argument
from fl_estimate.results.roles import (
    Earlier,
    FromFile,
    Lists,
    Neighbours,
    Pair,
    People,
    Persons,
    Progress,
    Seed,
    Strata,
)
from fl_estimate.results.rounds import is_bridged
from fl_estimate.results.stack import stack
from fl_estimate.study.config import Study
from fl_estimate.study.forms import Entry, ListsEntry, PeopleEntry
from fl_estimate.study.inputs import StudyInputs
from fl_estimate.study.plan import earlier, is_for
from fl_estimate.study.rounds import bridges_of, round_of
from fl_estimate.tasks import run_tasks


def make_estimate(
    entry: Entry,
    study: Study,
    inputs: StudyInputs,
    before: Mapping[str, Estimates],
    tell: Callable[[str], None],
    instead: Mapping[str, Any] | None = None,
) -> Any:
    """Make one estimate of a study; `before` holds those made already, `tell` is told how far long ones are.

    `instead` are arguments that take the place of what the keys say.

    Returns
    -------
    Estimates
        Or what else the method gives, such as an Appraisal.

    Raises
    ------
    EstimateFault
        Of the estimator; FL-EST-26 where an estimate that it names could not be made.
    """
    _require_made([name for _, _, name in earlier(entry)], before)
    given = (
        _given(entry, inputs.tables.get(entry.name, {}), before)
        | _bridge(entry, study, before)
        | _with(entry, Progress, tell)
        | dict(instead or {})
    )
    function = entry.declared.function
    if isinstance(entry, PeopleEntry):
        return function(**_with(entry, People, inputs.of(entry, study.source_of(entry.source))), **given)
    if not isinstance(entry, ListsEntry):
        return function(**given)
    histories = inputs.histories[entry.name]
    splits = entry.declared.first(Strata)
    if splits is not None:
        return function(**_with(entry, Lists, histories), **given, **{splits.name: entry.strata})
    if entry.strata is None:
        return function(**_with(entry, Lists, histories), **given)
    return _by_strata(entry, histories, given, entry.strata)


def try_out(
    entry: Entry,
    people: Any,
    tables: Mapping[str, Any] | None = None,
    before: Mapping[str, Estimates] | None = None,
) -> Any:
    """Make an estimate of people for the nation alone: shows faults of weights, strata, conditions, unknown answers.

    `tables` are the files of the entry that were read. By groups whose populations are stated it is made in full: their
    weights are compared with them. An entry that names estimates which are not among `before` is not made: None.
    """
    made = before or {}
    if any(name not in made for _, _, name in earlier(entry)):
        return None
    method = entry.declared
    given = _given(entry, tables or {}, made)
    stated = {name for name, _ in people.design.populations} if people.design is not None else set[str]()
    by = {name for margin in by_margins(given.get("by")) for name in margin}
    if method.tried_by is not None:
        given = {name: given[name] for name in method.tried_with if name in given}
    elif not stated & by:
        given.pop("by", None)
    function = method.function if method.tried_by is None else method.tried_by
    return function(**_with(entry, People, people), **given)


def _with(entry: Entry, role: type[People] | type[Lists] | type[Progress], value: Any) -> dict[str, Any]:
    """What no key holds, under the name that the function has for it; nothing where it takes none."""
    argument = entry.declared.first(role)
    return {} if argument is None else {argument.name: value}


def _by_strata(entry: ListsEntry, histories: CaptureHistories, given: Mapping[str, Any], column: str) -> Estimates:
    """Estimates of strata under each other, each a domain of the column that they were split by.

    Strata are independent tasks, which run where `joblib.parallel_config` says; each has the seed of the entry, as it would alone.
    """
    parts = {str(value): part for value, part in histories.split(column).items()}
    told = {name: HeardCalls(value) if name in _progress(entry) else value for name, value in given.items()}
    tasks = ((entry.declared.function, _with(entry, Lists, part) | told) for part in parts.values())
    made: list[Estimates] = run_tasks(_of_stratum, tasks, what="stratum", outer=True)
    laid = stack(dict(zip(parts, made, strict=True)), names=column)
    return replace(laid, frame=laid.frame.assign(margin=column))


def _of_stratum(function: Callable[..., Estimates], given: Mapping[str, Any]) -> Estimates:
    return function(**given)


def _progress(entry: Entry) -> set[str]:
    argument = entry.declared.first(Progress)
    return set() if argument is None else {argument.name}


class HeardCalls:
    """Who is told of progress, in the process that he listens in; sent to another, nobody is."""

    def __init__(self, tell: Callable[[str], object]) -> None:
        self._tell = tell

    def __call__(self, text: str) -> None:
        """Tell it."""
        self._tell(text)

    def __reduce__(self) -> tuple[object, ...]:
        return HeardCalls, (str,)


def _require_made(names: Sequence[str], before: Mapping[str, Estimates]) -> None:
    absent = [name for name in names if name not in before]
    if absent:
        raise EstimateFault(
            "FL-EST-26",
            "an estimate that is to be laid beside others could not be made",
            found=", ".join(absent),
            fix="see what is said of it; take it out to have the others",
        )


# --- arguments --------------------------------------------------------------------------------------------------


def _given(entry: Entry, tables: Mapping[str, Any], before: Mapping[str, Estimates]) -> dict[str, Any]:
    """The arguments that the keys of an entry stand for; what has no meaning here, or was left out, has its default."""
    result: dict[str, Any] = {}
    for argument in entry.declared.arguments:
        if not argument.keys or not is_for(entry, argument):
            continue
        value = _value(entry, argument, tables, before)
        if value is not None or argument.default is None:
            result[argument.name] = value
    return result


def _bridge(entry: Entry, study: Study, before: Mapping[str, Estimates]) -> dict[str, Any]:
    """What bridges the rounds that an entry compares, as their ``[[round]]`` state it; nothing where the entry says it itself.

    Raises
    ------
    EstimateFault
        FL-EST-732: the factor of a round is not one of these figures.
    """
    bridges = bridges_of(study.config.round)
    takes = any(argument.name == "bridge" for argument in entry.declared.arguments)
    if not bridges or not takes or getattr(entry, "bridge", None) is not None:
        return {}
    found: dict[str, Any] = {}
    for label, name in _rounds_compared(entry).items():
        bridge = bridges.get(round_of(name))
        if bridge is None or name not in before:
            continue
        if bridge.factor is not None and not is_bridged(before[name]):
            raise EstimateFault(
                "FL-EST-732", "the factor that bridges a round is one of prevalences and numbers", found=f"{name}: {bridge.reason}",
                fix='state in the entry what bridges these figures: bridge = "both forms give the same mean", or a factor and its standard error',
            )  # fmt: skip
        found[label] = bridge.factor if bridge.factor is not None else bridge.reason
    return {"bridge": found} if found else {}


def _rounds_compared(entry: Entry) -> dict[str, str]:
    """The estimates that an entry compares, by what its function calls each."""
    found: dict[str, str] = {}
    for argument, role in entry.declared.having(Earlier):
        value: Any = getattr(entry, argument.keys[0]) if argument.keys else None
        if isinstance(value, list):
            names = cast("list[str]", value)
            found |= dict(zip(labels_of(names), names, strict=True))
        elif isinstance(value, Mapping):
            named = cast("Mapping[str, str]", value)
            found |= dict(zip(labels_of(list(named)), named.values(), strict=True))
        elif isinstance(value, str) and not role.rounds:  # before, after; of one result by a column it is not known
            found[argument.keys[0]] = value
    return found


def _value(entry: Entry, argument: Argument, tables: Mapping[str, Any], before: Mapping[str, Estimates]) -> Any:
    key = argument.keys[0]
    value: Any = getattr(entry, key)
    for role in argument.roles:
        match role:
            case Pair():
                each = tuple(getattr(entry, key) for key in role.keys)
                return None if set(each) == {None} else each
            case Earlier():
                return _figures(role, value, before)
            case FromFile() | Neighbours() | Persons():
                return tables.get(key)
            case Seed():
                return 1 if value is None else value  # a study gives the same bytes each time
            case _:
                continue
    return _as_argument(value, argument)


def _figures(
    role: Earlier, value: str | list[str] | dict[str, str] | float | None, before: Mapping[str, Estimates]
) -> Estimates | dict[str, Estimates] | float | None:
    """Estimates made before, by name or by what a table calls them; a number is one."""
    if isinstance(value, str):
        return before[value]
    if value is None or isinstance(value, int | float):
        return value
    named = {name: name for name in value} if isinstance(value, list) else value
    return {of: national_figure(before[name]) if role.national else before[name] for of, name in named.items()}


def _as_argument(value: Any, argument: Argument) -> Any:
    """A value of a file as the function takes it: a table of a class as that class, a list that is a tuple as one."""
    kinds = [argument.form, *get_args(argument.form)]
    if isinstance(value, BaseModel):
        given = value.model_dump(exclude_none=True)
        made = next(each for each in kinds if isinstance(each, type) and each.__name__ == type(value).__name__)
        return made(**given) if given else None
    tuples = any(getattr(each, "__origin__", None) is tuple for each in kinds)
    return tuple(cast("list[Any]", value)) if tuples and isinstance(value, list) else value
