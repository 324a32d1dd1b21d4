"""A model or a test in every domain: the same call with the design of the whole sample, its rows laid under each other.

A domain in which there is no estimate has one row with the reason, and stops no other.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from operator import and_
from typing import Any

import narwhals as nw
import numpy as np

from fl_estimate.arrays import Floats
from fl_estimate.design.domains import by_margins, margins_of
from fl_estimate.design.totals import totals
from fl_estimate.errors import DesignFault, EstimateFault, FlError
from fl_estimate.estimators.survey.models.kept_model import MODEL_LEVELS_LEFT_OUT
from fl_estimate.estimators.survey.targets import inside_rows
from fl_estimate.estimators.survey.weighted_call import Call
from fl_estimate.results.basis import Support
from fl_estimate.results.build import build
from fl_estimate.results.codes import (
    SUBPOPULATION,
    AssumptionCode,
    IntervalKind,
    MethodName,
    Quantity,
    Reason,
    ReasonCode,
    each_once,
)
from fl_estimate.results.columns import FIXED
from fl_estimate.results.estimates import Estimates
from fl_estimate.results.recipe import Recipe
from fl_estimate.schema.expressions import missing
from fl_estimate.tasks import run_tasks

DOMAINS_APART = AssumptionCode("domains_apart")
OUTCOME_CONSTANT = ReasonCode("model_outcome_constant", tells_cases=True)
SEPARATED = ReasonCode("model_separated", tells_cases=True)
COLLINEAR = ReasonCode("model_collinear")
NOBODY_COUNTED = ReasonCode("model_nobody_counted")
NO_ESTIMATE = ReasonCode("model_no_estimate", "code")
WHY: Mapping[str, ReasonCode] = {
    "FL-EST-221": OUTCOME_CONSTANT, "FL-EST-232": OUTCOME_CONSTANT, "FL-EST-329": OUTCOME_CONSTANT,
    "FL-EST-223": SEPARATED, "FL-EST-323": SEPARATED, "FL-EST-328": SEPARATED,
    "FL-EST-222": COLLINEAR, "FL-EST-225": COLLINEAR, "FL-EST-237": COLLINEAR, "FL-EST-236": NOBODY_COUNTED,
}  # fmt: skip
"""What each fault of a model is as the reason of a domain."""
_WITHIN = "__fl_within"


@dataclass(frozen=True, kw_only=True)
class ModelDomain:
    """The nation, or the people with these values.

    Attributes
    ----------
    margin : str
        ``region``, ``region × sex``; empty for the nation.
    labels : mapping
        By-values by column.
    """

    margin: str = ""
    labels: Mapping[str, Any]

    def condition_text(self, where: str | None) -> str:
        """The condition that holds in it, in words."""
        parts = [f"{name} == {value!r}" for name, value in self.labels.items()]
        return " and ".join([*([where] if where else []), *parts])


def domains_of(call: Call) -> list[ModelDomain]:
    """The nation, then every domain of every margin; people whose by-value is missing are in none of these."""
    columns = list(dict.fromkeys(name for margin in by_margins(call.by) for name in margin))
    if not columns:
        return [ModelDomain(labels={})]
    table = totals(call.people.frame, keys=tuple(columns), columns={}, sums={})
    return [
        ModelDomain(margin=margin.name, labels=dict(zip(margin.columns, labels, strict=True)))
        for margin in margins_of(table, call.by, call.people.categories)
        for labels in margin.labels
        if None not in labels
    ]


def inside(call: Call, domain: ModelDomain) -> Call:
    """The same call of the people of a domain, who are a subpopulation: the design stays that of all."""
    if not domain.labels:
        return call
    people = call.people
    scope = inside_rows(people.schema, call.where, people.design.weights)
    member = reduce(and_, [_has(people.schema, name, value) for name, value in domain.labels.items()])
    made = copy.copy(call)
    made.where = _WITHIN
    made.people = replace(
        people,
        given=people.frame.with_columns((scope & member).cast(nw.Float64).alias(_WITHIN)),
        schema={**people.schema, _WITHIN: nw.Float64()},
    )
    return made


def _has(schema: Mapping[str, Any], name: str, value: Any) -> nw.Expr:
    """Null-free: whether a column has a value."""
    column = nw.col(name)
    same = column.cast(nw.String) == value if isinstance(value, str) else column.cast(nw.Float64) == float(value)
    return nw.when(~missing(name, schema)).then(same).otherwise(nw.lit(value=False))


Made = tuple[ModelDomain, Estimates | FlError]


def in_every_domain(call: Call, make: Callable[[Call], Estimates], *, shared: bool = False) -> list[Made]:
    """What a call gives for the nation, and for every domain; of a domain without an estimate the fault.

    Domains are independent tasks, which run where `joblib.parallel_config` says: without one, one after another.

    Parameters
    ----------
    call : Call
    make : callable
    shared : bool, default False
        Whether what is made holds on to the people in this process.

    Raises
    ------
    FlError
        Of the nation: what is wrong with the call is wrong in every domain.
    """
    nation, *domains = domains_of(call)
    first: Made = (nation, make(call))
    # A relation of an engine can be read by who holds its connection, and by nobody else.
    held = isinstance(call.people.given, nw.LazyFrame) and not call.people.given.implementation.is_polars()
    tasks = ((call, make, domain) for domain in domains)
    return [first, *run_tasks(_made, tasks, what="domain", jobs=1 if held else None, shared=shared)]


def _made(call: Call, make: Callable[[Call], Estimates], domain: ModelDomain) -> Made:
    try:
        made = make(inside(call, domain))
    except (EstimateFault, DesignFault) as fault:
        return domain, fault
    told = tuple(_domain_assumptions(made.recipe, domain.condition_text(call.where)))
    return domain, replace(made, assumptions=told)


def _domain_assumptions(recipe: Recipe, where: str) -> Iterator[Any]:
    """The assumptions with the condition of a domain as people write it."""
    for each in recipe.assumptions:
        yield SUBPOPULATION.assume(where=where) if each.code == SUBPOPULATION else each


def stack_domains(call: Call, results: Sequence[Made]) -> Estimates:
    """The rows of all domains under each other, with by-columns.

    The covariance between two domains is missing: they may share sampling units, so that it is not 0.
    """
    first = results[0][1]
    if not isinstance(first, Estimates):
        raise AssertionError("the nation has an estimate, or its fault was raised")
    parts = [made if isinstance(made, Estimates) else _without(first, made) for _, made in results]
    sizes = [len(part) for part in parts]
    columns = list(dict.fromkeys(name for margin in by_margins(call.by) for name in margin))
    of = [domain for (domain, _), size in zip(results, sizes, strict=True) for _ in range(size)]
    starts = np.concatenate([[0], np.cumsum(sizes)])
    frames = [part.frame for part in parts]
    laid = {
        name: [value for frame in frames for value in frame[name]]
        for name in FIXED
        if name not in ("basis", "quantity", "method", "margin", "interval_kind")
    }
    kinds = [str(kind) for frame in frames for kind in frame["interval_kind"]]
    return build(
        {**laid, "margin": [domain.margin for domain in of], "interval_kind": [IntervalKind.of(kind) if kind else "" for kind in kinds]},
        {name: [domain.labels.get(name) for domain in of] for name in columns},
        quantity=[Quantity.of(str(name)) for frame in frames for name in frame["quantity"]],
        method=[MethodName.of(str(name)) for frame in frames for name in frame["method"]],
        basis="respondents",
        recipe=_recipe(call, first, [part for _, part in results if isinstance(part, Estimates)]),
        reasons=[replace(r, row=r.row + int(start)) for part, start in zip(parts, starts, strict=False) for r in part.reasons],
        diagnostics=first.diagnostics,
        covariance=_blocks(parts, starts),
        support=Support.joined([part.support for part in parts]),
    )  # fmt: skip


def _recipe(call: Call, first: Estimates, parts: Sequence[Estimates]) -> Recipe:
    left_out = [each for part in parts for each in part.assumptions if each.code == MODEL_LEVELS_LEFT_OUT]
    recipe = first.recipe
    told = dict(recipe.provenance.arguments) | {"by": [list(margin) for margin in by_margins(call.by)]}
    return replace(
        recipe,
        assumptions=each_once([*recipe.assumptions, *left_out, DOMAINS_APART.assume()]),
        provenance=replace(recipe.provenance, arguments=told),
        wording=recipe.wording.over(call.resolved.wording.only(name for m in by_margins(call.by) for name in m)),
    )


def _blocks(parts: Sequence[Estimates], starts: Floats) -> Floats:
    matrix = np.full((int(starts[-1]), int(starts[-1])), np.nan)
    for part, start in zip(parts, starts, strict=False):
        own = slice(int(start), int(start) + len(part))
        if part.covariance_matrix is not None:
            matrix[own, own] = part.covariance_matrix
    return matrix


def _without(first: Estimates, fault: FlError) -> Estimates:
    """The one row of a domain without an estimate."""
    row, terms = first.frame.iloc[0], first.frame["term"].unique()
    code = WHY.get(fault.code, NO_ESTIMATE)
    reason: Reason = code.at(0, code=fault.code) if code is NO_ESTIMATE else code.at(0)
    return build(
        {
            "outcome": str(row["outcome"]),
            "term": str(terms[0]) if len(terms) == 1 else "",
            "level": float(row["level"]),
        },
        quantity=Quantity.of(str(row["quantity"])),
        method=MethodName.of(str(row["method"])),
        basis="respondents",
        recipe=first.recipe,
        reasons=[reason],
        covariance=np.full((1, 1), np.nan),
        support=Support.unknown(1),
    )
