"""Design-weighted estimates of imputed answers: the outcomes of all draws summed in one pass over the rows, then pooled."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import narwhals as nw

from fl_estimate.design.domains import by_margins
from fl_estimate.estimators.survey.domain_query import Measure
from fl_estimate.estimators.survey.domain_table import DomainTable, tabulate_draws
from fl_estimate.estimators.survey.imputed import IMPUTE
from fl_estimate.estimators.survey.models.imputed_pooling import over_draws, pooled_draws
from fl_estimate.estimators.survey.targets import OutcomeColumns, Targets, names_in
from fl_estimate.estimators.survey.weighted_call import Call, lay_out
from fl_estimate.results.codes import Quantity
from fl_estimate.results.estimates import Estimates

Made = tuple[Targets, Sequence[Measure]]


def estimated(
    call: Call,
    make: Callable[[Call], Made],
    *,
    quantity: Quantity,
    check: Callable[[DomainTable], None] | None = None,
) -> Estimates:
    """A design-weighted estimate; of imputed answers that of every draw, pooled.

    Parameters
    ----------
    call : Call
    make : callable
        The targets and measures of a call.
    quantity : Quantity
    check : callable, optional
        Refuses a table of outcomes that are no 0/1.
    """

    def single(one: Call) -> Estimates:
        targets, measures = make(one)
        table = one.tabulate(targets, measures)
        if check is not None:
            check(table)
        return lay_out(one, targets, table, quantity=quantity)

    if call.unknown != IMPUTE:
        return single(call)
    targets, measures = make(call)
    if in_one_pass(call, targets) and all(measure.square is None for measure in measures):
        return estimate_of_draws(call, targets, measures, quantity=quantity)
    return over_draws(single, call)


def in_one_pass(call: Call, targets: Targets) -> bool:
    """Whether only outcomes differ between the draws: neither groups nor the condition are made of imputed answers."""
    by = [column for margin in by_margins(call.by) for column in margin]
    drawn = set(call.drawn)
    of_people = not drawn & {*by, *names_in(call.where, list(call.people.schema))}
    return of_people and all(target.outcome in drawn for target in targets.targets)


def estimate_of_draws(call: Call, targets: Targets, measures: Sequence[Measure], *, quantity: Quantity) -> Estimates:
    """The pooled estimates of 0/1 outcomes, all draws of which come from one query.

    Parameters
    ----------
    call : Call
        With ``unknown="impute"``.
    targets, measures
        Of the answers as given, unknown ones taken as no.
    quantity : Quantity
    """
    draws = range(1, call.imputed.draws + 1)
    sets = [(targets, measures), *(_of_draw(targets, measures, draw) for draw in draws)]
    tables = tabulate_draws(call.people, sets, ranks=isinstance(call.df, str))
    given, *each = [lay_out(call, of, table, quantity=quantity) for (of, _), table in zip(sets, tables, strict=True)]
    return pooled_draws(each, given, call.imputed, kind=call.interval, census=tables[0].sample.census)


def _of_draw(targets: Targets, measures: Sequence[Measure], draw: int) -> tuple[Targets, list[Measure]]:
    """The same with the outcomes of one draw: who counts, who is unknown and who is a case of what was answered stay."""
    columns = dict(targets.columns)
    made: dict[str, OutcomeColumns] = {}
    for target in targets.targets:
        name = f"{target.value}@{draw}"
        columns[name] = columns[target.counted] & (nw.col(f"{target.outcome}@{draw}") == 1)
        made[target.value] = replace(
            target, value=name, square=f"{target.square}@{draw}", zero_one=(*target.zero_one, name)
        )
    drawn = [
        replace(measure, target=made[measure.target.value], top=made[measure.target.value].value, draw=draw)
        for measure in measures
    ]
    return Targets(targets=tuple(made.values()), columns=columns), drawn
