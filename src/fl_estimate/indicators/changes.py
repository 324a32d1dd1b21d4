"""What it would take to change a class: for one respondent, the fewest answers that would lead to another label, all of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations, islice, product
from typing import TYPE_CHECKING

from fl_estimate.indicators.classes import label_of
from fl_estimate.indicators.criteria import (
    AllOf,
    AnyOf,
    AtLeast,
    CriterionIs,
    Define,
    DimensionIs,
    FieldIn,
    FieldWithin,
    ItemIs,
    Negation,
    Node,
    NotAsked,
    OutcomeIs,
    SamePhase,
)
from fl_estimate.indicators.evaluation import AnswerSource, Evaluation, NodeContext, counted, indicator_place, inside
from fl_estimate.indicators.items import AGE, NO, Items, known_items
from fl_estimate.indicators.logic import FALSE, TRUE, UNKNOWN, Value, any_of

if TYPE_CHECKING:
    from fl_estimate.indicators.framework import Framework
    from fl_estimate.indicators.parts import FrameworkOutcome, Indicator

Step = tuple[ItemIs | FieldIn | FieldWithin, bool]
"""One question, and whether its test has to come out true or false."""
Route = frozenset[Step]
"""Answers that are enough."""
Routes = tuple[Route, ...]
"""All routes of the fewest answers; none where no answers are enough."""
HERE: Routes = (frozenset(),)
NOWHERE: Routes = ()
FOLLOWED = 2000
"""Routes that are followed while the rule is read: enough that what two conditions share is not overlooked."""
MOST: dict[str, int] = {"binary": 1000, "classes": 200}
"""Routes that are told, by the type of the outcome: a rule that counts many criteria has more ways than can be read."""


def routes(
    reading: AnswerSource, framework: Framework, outcome: FrameworkOutcome, known: Items
) -> dict[str, tuple[dict[str, str], ...]]:
    """For every label that the respondent does not have: all smallest sets of answers that would lead to it.

    Each is tried: the rule is evaluated again under the answers, and a set that does not lead there is left out.

    Returns
    -------
    dict of str to tuple of dict of str to str
        label → sets of answers, each: question (``<item>``, ``<item>@<phase>``, or a field) → the answer it takes. Sets
        of questions that are unknown now come first.
    """
    search = _ChangeSearch(reading, framework, FOLLOWED)
    result: dict[str, tuple[dict[str, str], ...]] = {}
    for label, ways in _targets(search, framework, outcome).items():
        trying = (way for way in sorted(ways, key=search.otherwise) if way)
        found_ways = (way for way in trying if _leads(reading, way, framework, outcome, label))
        leading = list(islice(found_ways, MOST[outcome.type]))
        if leading:
            result[label] = tuple(dict(sorted(_answer(step, known) for step in way)) for way in leading)
    return result


def open_questions(reading: AnswerSource, framework: Framework, outcome: FrameworkOutcome) -> tuple[str, ...]:
    """The unknown answers that keep the outcome undetermined: those inside parts of the rule that are unknown."""
    search = _ChangeSearch(reading, framework, 1)
    position = NodeContext(framework)
    found = (name for rule in outcome.rules for name in search.unknown(rule, position))
    return tuple(dict.fromkeys(found))


def _targets(search: _ChangeSearch, framework: Framework, outcome: FrameworkOutcome) -> dict[str, Routes]:
    position = NodeContext(framework)
    if outcome.type == "classes":
        return search.labels(outcome, position)
    ends = {value.id: value.stands_for for value in outcome.values if value.stands_for in ("true", "false")}
    rule = outcome.expression
    return {} if rule is None else {label: search.routes(rule, position, end == "true") for label, end in ends.items()}


def _leads(reading: AnswerSource, route: Route, framework: Framework, outcome: FrameworkOutcome, label: str) -> bool:
    evaluation = Evaluation(_Supposed(reading, route))
    if outcome.type == "classes":
        return evaluation.outcome(framework, f"{outcome.id}={label}") == TRUE
    wanted = TRUE if next(value.stands_for for value in outcome.values if value.id == label) == "true" else FALSE
    return evaluation.outcome(framework, outcome.id) == wanted


class _ChangeSearch:
    """The cheapest ways to make nodes true or false, as answers to questions."""

    def __init__(self, reading: AnswerSource, framework: Framework, most: int) -> None:
        self._reading = reading
        self._framework = framework
        self._most = most
        self._evaluation = Evaluation(reading)

    def routes(self, node: Node, position: NodeContext, wanted: bool) -> Routes:
        """The fewest answers that make a node true (or false); nothing to answer where it is so already."""
        if self._evaluation.value(node, position) == (TRUE if wanted else FALSE):
            return HERE
        match node:
            case AllOf(nodes) | AnyOf(nodes):
                parts = [self.routes(inner, position, wanted) for inner in nodes]
                return self._all(parts) if wanted == isinstance(node, AllOf) else self._fewest(parts)
            case Negation(inner):
                return self.routes(inner, position, not wanted)
            case SamePhase(nodes):
                phases = [
                    NodeContext(position.framework, position.dimension, phase)
                    for phase in ("recruitment", "work", "leave")
                ]
                each = [self.routes(AllOf(nodes), within, wanted) for within in phases]
                return self._fewest(each) if wanted else self._all(each)
            case AtLeast(n):
                return self._count(n, counted(node, position), position, wanted)
            case ItemIs(item, phase):
                step = (ItemIs(item, phase or position.phase), wanted)
                return (frozenset({step}),) if self._reading.has(item) else NOWHERE
            case NotAsked():
                return NOWHERE
            case FieldIn(field) | FieldWithin(field):
                changeable = field != AGE and self._reading.has(field)
                return (frozenset({(node, wanted)}),) if changeable else NOWHERE
            case _:
                return self._referred(node, position, wanted)

    def labels(self, outcome: FrameworkOutcome, position: NodeContext) -> dict[str, Routes]:
        """For every label of a class: the fewest answers that settle all it depends on so that this label comes out."""
        ways = [{end: self.routes(atom, position, end) for end in (True, False)} for atom in outcome.atoms]
        found: dict[str, list[Routes]] = {value.id: [] for value in outcome.classes}
        for ends in product((True, False), repeat=len(ways)):
            label = label_of(outcome, dict(zip(outcome.atoms, ends, strict=True)))
            if label:
                found[label].append(self._all([way[end] for way, end in zip(ways, ends, strict=True)]))
        return {label: self._fewest(several) for label, several in found.items()}

    def otherwise(self, route: Route) -> int:
        """How many of the answers of a route are known to be otherwise now."""
        position = NodeContext(self._framework)
        return sum(self._evaluation.value(test, position) != UNKNOWN for test, _ in route)

    def unknown(self, node: Node, position: NodeContext) -> Iterable[str]:
        """The unknown questions below an unknown node."""
        if self._evaluation.value(node, position) != UNKNOWN:
            return ()
        match node:
            case AllOf(nodes) | AnyOf(nodes):
                return [name for inner in nodes for name in self.unknown(inner, position)]
            case Negation(inner):
                return self.unknown(inner, position)
            case SamePhase(nodes):
                phases = [
                    NodeContext(position.framework, position.dimension, phase)
                    for phase in ("recruitment", "work", "leave")
                ]
                return [name for within in phases for name in self.unknown(AllOf(nodes), within)]
            case AtLeast():
                return [name for indicator in counted(node, position) for name in self._unknown_in(indicator, position)]
            case ItemIs(item, phase):
                at = phase or position.phase
                return (f"{item}@{at}" if at else item,)
            case FieldIn(field) | FieldWithin(field):
                return (field,)
            case NotAsked():
                return ()
            case CriterionIs(name):
                indicator = position.framework.indicator(name)
                return () if indicator is None else self._unknown_in(indicator, position)
            case Define() | DimensionIs():
                return self.unknown(*inside(node, position))
            case OutcomeIs(name, file):
                other = position.framework.file(file)
                outcome = other.outcome_of(name)
                rules = outcome.rules if outcome is not None else ()
                return [found for rule in rules for found in self.unknown(rule, NodeContext(other))]

    def _unknown_in(self, indicator: Indicator, position: NodeContext) -> Iterable[str]:
        within = indicator_place(indicator, position)
        return () if within is None else self.unknown(indicator.node, within)

    def _count(self, n: int, indicators: Sequence[Indicator], position: NodeContext, wanted: bool) -> Routes:
        """Make n of the indicators true, or leave fewer than n that may be true: the cheapest ones."""
        values = [self._evaluation.counts(indicator, position) for indicator in indicators]
        ends = TRUE if wanted else FALSE
        so_already = sum(value == ends for value in values)
        needed = (n if wanted else len(values) - n + 1) - so_already
        ways = [
            self._indicator(indicator, position, wanted)
            for indicator, value in zip(indicators, values, strict=True)
            if value != ends
        ]
        return self._cheapest([way for way in ways if way], needed)

    def _indicator(self, indicator: Indicator, position: NodeContext, wanted: bool) -> Routes:
        within = indicator_place(indicator, position)
        if within is None:
            return NOWHERE if wanted else HERE
        return self.routes(indicator.node, within, wanted)

    def _referred(
        self, node: CriterionIs | Define | DimensionIs | OutcomeIs, position: NodeContext, wanted: bool
    ) -> Routes:
        match node:
            case OutcomeIs(name, file):
                return self._outcome(position.framework.file(file), name, wanted)
            case CriterionIs(name):
                indicator = position.framework.indicator(name)
                return NOWHERE if indicator is None else self._indicator(indicator, position, wanted)
            case _:
                return self.routes(*inside(node, position), wanted)

    def _outcome(self, framework: Framework, stem: str, wanted: bool) -> Routes:
        outcome = framework.outcome_of(stem)
        if outcome is None or self._evaluation.scope(framework) != TRUE:
            return NOWHERE if wanted else HERE
        position = NodeContext(framework)
        if outcome.type != "classes":
            return NOWHERE if outcome.expression is None else self.routes(outcome.expression, position, wanted)
        label = stem.removeprefix(outcome.id).removeprefix("=")
        accepted = {label} if label else set(outcome.positive)
        return self._fewest(
            [way for name, way in self.labels(outcome, position).items() if (name in accepted) == wanted]
        )

    def _fewest(self, parts: Sequence[Routes]) -> Routes:
        """All routes of the fewest answers among families."""
        open_ways = [part for part in parts if part]
        least = min(map(_size, open_ways), default=0)
        every = (route for part in open_ways if _size(part) == least for route in part)
        return tuple(islice(dict.fromkeys(every), self._most))

    def _all(self, parts: Sequence[Routes]) -> Routes:
        """The routes of all the families together, one of each; none where one of them has none."""
        together: Routes = HERE
        for part in parts:
            joined = dict.fromkeys(one | other for one, other in islice(product(together, part), self._most))
            least = min(map(len, joined), default=0)
            together = tuple(route for route in joined if len(route) == least)
        return together

    def _cheapest(self, ways: Sequence[Routes], needed: int) -> Routes:
        """The routes through as many of the families as are needed: all of the cheapest choices."""
        if needed <= 0:
            return HERE
        if len(ways) < needed:
            return NOWHERE
        dearest = sorted(map(_size, ways))[needed - 1]
        sure = [way for way in ways if _size(way) < dearest]
        equal = [way for way in ways if _size(way) == dearest]
        choices = combinations(equal, needed - len(sure))
        return self._fewest([self._all([*sure, *chosen]) for chosen in islice(choices, self._most)])


class _Supposed:
    """A reading in which some questions are answered differently."""

    def __init__(self, reading: AnswerSource, route: Route) -> None:
        self._reading = reading
        self._items = {(test.item, test.phase): end for test, end in route if isinstance(test, ItemIs)}
        self._tests: Mapping[object, bool] = {test: end for test, end in route if not isinstance(test, ItemIs)}

    def item(self, item: str, phase: str | None, /) -> Value:
        """As supposed: an answer for all phases, or for one."""
        whole, part = self._items.get((item, None)), self._items.get((item, phase))
        if part is not None or whole is False:
            return TRUE if part else FALSE
        phased = {at for name, at in self._items if name == item and at is not None}
        if phase is None and phased:
            every = ("recruitment", "work", "leave")
            return any_of(self.item(item, at) for at in every)
        return self._reading.item(item, phase)

    def codes(self, field: str, codes: tuple[str, ...], /) -> Value:
        """As supposed, for this test of the field; another test of a field supposed to hold other codes is false."""
        several = known_items().fields[field].several
        for test, end in self._tests.items():
            if not isinstance(test, FieldIn) or test.field != field or not (end or test.codes == codes):
                continue
            if end and test.codes[0] in codes:
                return TRUE
            if not several or test.codes == codes:  # a set may hold other codes beside the one supposed
                return FALSE
        return self._reading.codes(field, codes)

    def within(self, test: FieldWithin, /) -> Value:
        """As supposed, for this test of the number."""
        end = self._tests.get(test)
        return self._reading.within(test) if end is None else TRUE if end else FALSE

    def has(self, name: str, /) -> bool:
        """As it was."""
        return self._reading.has(name)

    def keep(self, value: Value, /) -> Value:
        """A value of one respondent needs no storing."""
        return value


def _answer(step: Step, known: Items) -> tuple[str, str]:
    """A step as a question and the answer that it takes."""
    test, end = step
    match test:
        case ItemIs(item, phase):
            name = f"{item}@{phase}" if phase and known.items[item].asks_phase else item
            return name, known.items[item].true_answers[0] if end else NO
        case FieldIn(field, codes):
            other = [code for code in known.fields[field].allowed if code not in codes]
            return field, codes[0] if end else next((code for code in ("none", NO) if code in other), other[0])
        case FieldWithin(field, least, most, above, below):
            limits = [("≥", least), ("≤", most), (">", above), ("<", below)]
            text = " ".join(f"{sign} {limit:g}" for sign, limit in limits if limit is not None)
            return field, text if end else f"not {text}"


def _size(routes: Routes) -> int:
    """How many answers the routes of a family take; all take as many."""
    return len(routes[0])
