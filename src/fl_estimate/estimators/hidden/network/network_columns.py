"""What scale-up sums over the rows: reports and personal network sizes as null-free columns, for the one query of a call."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from operator import add, or_
from typing import Any

import narwhals as nw

from fl_estimate.arrays import Floats
from fl_estimate.design.margins import balanced
from fl_estimate.estimators.hidden.network.known_groups import KnownGroups
from fl_estimate.estimators.hidden.network.scale_up_domains import DomainSizes
from fl_estimate.estimators.survey.domain_query import Measure
from fl_estimate.estimators.survey.targets import OutcomeColumns, Targets, inside_rows
from fl_estimate.estimators.survey.weighted_call import Call
from fl_estimate.schema.expressions import missing

NETWORK_SIZE = "network_size"
"""What a result calls the number of people whom a respondent knows."""
MET, ASKED, ANSWERED = "__fl_met", "__fl_asked", "__fl_answered"
"""Columns that are made once: people known in all known groups, Σ N_k over those answered, and whether the row counts."""


@dataclass(frozen=True, kw_only=True, eq=False)
class NetworkReports:
    """How the reports of one call are read.

    Attributes
    ----------
    known : KnownGroups
    sizes : float array, shape (known groups,)
        As they are remembered: the sizes themselves, but where recall is corrected.
    unanswered, unknown : str or None
        What missing reports mean, of known groups and of hidden ones.
    top_code : float or None
        The number at which reports are cut.
    left_out : str or None
        A known group that network sizes are not to be made of.
    domains : DomainSizes or None
        Sizes of each domain, where respondents spoke of people of their own.
    """

    known: KnownGroups
    sizes: Floats
    unanswered: str | None
    unknown: str | None
    top_code: float | None
    left_out: str | None = None
    domains: DomainSizes | None = None

    def report(self, schema: Mapping[str, Any], name: str) -> nw.Expr:
        """The reports about a group, 0 where missing."""
        value = nw.col(name).cast(nw.Float64)
        if self.top_code is not None:
            value = nw.when(value > self.top_code).then(nw.lit(float(self.top_code))).otherwise(value)
        return nw.when(~missing(name, schema)).then(value).otherwise(nw.lit(0.0))

    def columns(self, schema: Mapping[str, Any]) -> dict[str, nw.Expr]:
        """What is made of the reports about all known groups once: people known, Σ N_k over groups answered, and whether that counts."""
        names = self.known.names
        absent = [missing(name, schema) for name in names]
        met = balanced(add, [self.report(schema, name) for name in names])
        answered = nw.lit(1.0)
        if self.unanswered == "exclude":
            answered = 1.0 - balanced(or_, absent).cast(nw.Float64)
        of_groups = self._sizes(schema)
        if self.unanswered == "available":
            of_groups = [(1.0 - each.cast(nw.Float64)) * size for each, size in zip(absent, of_groups, strict=True)]
        asked = balanced(add, of_groups)
        if self.domains is not None:
            part = self.domains.of_rows(self.domains.population / self.known.population, schema)
            # Who is in no domain of the table stays in scope: their row tells of them, and is refused.
            met, asked = met * part, nw.when(part > 0.0).then(asked).otherwise(nw.lit(1.0))
        return {MET: met, ASKED: asked, ANSWERED: answered}

    def _sizes(self, schema: Mapping[str, Any]) -> list[nw.Expr]:
        """The size of each known group, in the population that a respondent spoke of."""
        if self.domains is None:
            return [nw.lit(float(size)) for size in self.sizes]
        return [self.domains.of_rows(sizes, schema) for sizes in self.domains.sizes.T]

    def on(self, call: Call) -> Call:
        """The call with these columns beside its people's own, so that no expression is worked out twice."""
        made = copy.copy(call)
        frame = call.people.frame.with_columns(**self.columns(call.people.schema))
        made.people = replace(call.people, given=frame, schema=frame.collect_schema())
        return made

    def leaving_out(self, name: str) -> NetworkReports:
        """The same with network sizes from all known groups but one."""
        return replace(self, left_out=name)

    def degree(self, schema: Mapping[str, Any]) -> nw.Expr:
        """Personal network size, d = N Σ y_k / Σ N_k, of the columns that `on` made; 0 where nothing was answered."""
        met, asked = self._met_and_asked(schema)
        return met * float(self.known.population) / nw.when(asked > 0.0).then(asked).otherwise(nw.lit(1.0))

    def answered(self, schema: Mapping[str, Any]) -> nw.Expr:
        """Whether the network size of a row is known."""
        return (nw.col(ANSWERED) == 1.0) & (self._met_and_asked(schema)[1] > 0.0)

    def _met_and_asked(self, schema: Mapping[str, Any]) -> tuple[nw.Expr, nw.Expr]:
        met, asked = nw.col(MET), nw.col(ASKED)
        if self.left_out is None:
            return met, asked
        size = float(self.sizes[self.known.names.index(self.left_out)])
        own = nw.lit(size)
        if self.unanswered == "available":
            own = (1.0 - missing(self.left_out, schema).cast(nw.Float64)) * size
        return met - self.report(schema, self.left_out), asked - own


def hidden_targets(call: Call, reports: NetworkReports, hidden: Sequence[str], *, ratios: bool) -> Made:
    """The rows' columns of hidden groups, and the measure of each: Σ w y/Σ w d, or with `ratios` the mean of y/d where d > 0."""
    schema = call.people.schema
    inside = inside_rows(schema, call.where, call.people.design.weights) & reports.answered(schema)
    degree, columns = reports.degree(schema), {"r": inside}
    counted = inside & (degree > 0.0) if ratios else inside
    # As fl.estimate_ratio of several numerators: all hidden groups speak of the same respondents.
    silent = balanced(or_, [missing(name, schema) for name in hidden])
    if reports.unknown == "exclude":
        counted = counted & ~silent
    made: list[OutcomeColumns] = []
    for position, name in enumerate(hidden):
        value = reports.report(schema, name)
        share = value / nw.when(degree > 0.0).then(degree).otherwise(nw.lit(1.0)) if ratios else value
        own = _columns(columns, position, counted, inside & missing(name, schema), share, None if ratios else degree)
        made.append(_target(name, position, reports.unknown or "", ratios=ratios, zero_one=own))
    measures = [
        Measure(target=target, top=target.value, bottom=target.denominator or target.counted) for target in made
    ]
    return Targets(targets=tuple(made), columns=columns), measures


def ties_of_targets(call: Call, reports: NetworkReports, hidden: Sequence[str]) -> Made:
    """The same rows' columns, and of each hidden group the mean network size of those who count."""
    targets, measures = hidden_targets(call, reports, hidden, ratios=False)
    ties = [replace(measure, top=str(measure.bottom), bottom=measure.target.counted) for measure in measures]
    return targets, ties


def count_targets(call: Call, reports: NetworkReports, groups: Sequence[str]) -> Made:
    """The columns of how many people of each group a respondent knows, and their means."""
    schema = call.people.schema
    inside = inside_rows(schema, call.where, call.people.design.weights)
    columns: dict[str, nw.Expr] = {"r": inside}
    made: list[OutcomeColumns] = []
    for position, name in enumerate(groups):
        absent = missing(name, schema)
        counted = inside & ~absent if reports.unknown == "exclude" else inside
        own = _columns(columns, position, counted, inside & absent, reports.report(schema, name), None)
        made.append(_target(name, position, reports.unknown or "", ratios=True, zero_one=own))
    return Targets(targets=tuple(made), columns=columns), [
        Measure(target=target, top=target.value, bottom=target.counted) for target in made
    ]


def degree_targets(call: Call, reports: NetworkReports) -> Made:
    """The columns of the personal network size, and its mean."""
    schema = call.people.schema
    inside = inside_rows(schema, call.where, call.people.design.weights)
    columns: dict[str, nw.Expr] = {"r": inside}
    answered = reports.answered(schema)
    own = _columns(columns, 0, inside & answered, inside & ~answered, reports.degree(schema), None)
    left_out = "exclude" if reports.unanswered in ("exclude", "available") else ""
    target = _target(NETWORK_SIZE, 0, left_out, ratios=True, zero_one=own)
    return Targets(targets=(target,), columns=columns), [
        Measure(target=target, top=target.value, bottom=target.counted)
    ]


Made = tuple[Targets, list[Measure]]
MakeTargets = Callable[[Call], Made]


def _columns(
    columns: dict[str, nw.Expr],
    position: int,
    counted: nw.Expr,
    unknown: nw.Expr,
    value: nw.Expr,
    degree: nw.Expr | None,
) -> tuple[str, ...]:
    """Add the columns of one outcome; the names of those that can only be 0 or 1."""
    number = counted.cast(nw.Float64)
    columns[f"d{position}"] = counted
    columns[f"u{position}"] = unknown
    columns[f"y{position}"] = value * number
    # Reports are numbers of people: never judged as answers of yes and no, also where all happen to be 0 or 1.
    columns[f"b{position}"] = counted
    columns[f"c{position}"] = counted & (value > 0.0)
    if degree is not None:
        columns[f"x{position}"] = degree * number
        columns[f"e{position}"] = counted & (degree > 0.0)
    return f"u{position}", f"b{position}", f"c{position}", f"e{position}"


def _target(name: str, position: int, treatment: str, *, ratios: bool, zero_one: tuple[str, ...]) -> OutcomeColumns:
    return OutcomeColumns(
        outcome=name,
        scope="r",
        counted=f"d{position}",
        value=f"y{position}",
        upper=None,
        denominator=None if ratios else f"x{position}",
        square=f"q{position}",
        unknown=f"u{position}",
        not_binary=f"b{position}",
        nonzero=f"c{position}",
        nonzero_denominator=None if ratios else f"e{position}",
        treatment=treatment,
        zero_one=zero_one,
    )
