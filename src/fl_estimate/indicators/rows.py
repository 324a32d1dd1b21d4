"""Decide the rows of one table: every outcome and criterion as null-free columns, the answers checked on the way."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import narwhals as nw

from fl_estimate.errors import IndicatorFault
from fl_estimate.indicators.checking import AnswerCheck, Number, PutOff, as_number, chosen_number
from fl_estimate.indicators.clock import DAY, FROM, HIGHEST, LOWEST, MET, ONGOING, TO, Clock, limits
from fl_estimate.indicators.columns import MARK, ColumnReading, require_phase_names
from fl_estimate.indicators.coverage import Counts, Coverage, coverage, require_questions
from fl_estimate.indicators.criteria import FieldWithin, walk
from fl_estimate.indicators.day_numbers import FAR
from fl_estimate.indicators.deciding import Criterion, criteria
from fl_estimate.indicators.evaluation import Evaluation
from fl_estimate.indicators.items import AGE, NO, Item, Items, known_items
from fl_estimate.indicators.logic import TRUE, Bit, Value, all_of, any_of, total
from fl_estimate.indicators.references import needs_age, questions, reads
from fl_estimate.indicators.spells import (
    CLOSES,
    IN_TIME,
    ON_DAY,
    OPENS,
    OVER_PERIOD,
    AgedReading,
    Stretch,
    TimedEvaluation,
    ages_of_stock,
    ages_of_work,
    months_in_overlap,
    stretches_in_overlap,
)
from fl_estimate.inputs.relation_steps import RelationFrame

if TYPE_CHECKING:
    from fl_estimate.indicators.framework import Framework
    from fl_estimate.indicators.parts import FrameworkOutcome

SELECTED = "selected_for_module"
SIDES: tuple[str, ...] = ("", "_possible", "_in_scope")
"""What the name of an outcome is followed by in its three columns."""
STOCK, IN_MONTHS, MONTHS = "_stock", "_months", "months_in_period"
"""Endings of the outcomes on the reference day and of the time in them; the column of a duration that was asked for."""
THERE = f"{MARK}there:"
"""Begins the column that says of a class whether a row is surely one of its people and of the period."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DecidedRows:
    """One table with the columns that decide it.

    Attributes
    ----------
    frame : narwhals frame
        The table, with the columns that the expressions below name.
    outcomes : mapping of str to (bit, bit, bit)
        Surely, possibly and in scope, by outcome (and by label of a class); of a count low, high and in scope.
    stocks : mapping of str to (bit, bit, bit)
        The same on the reference day, by ``<outcome>_stock``.
    criteria : mapping of str to (Criterion, Value)
        By ``<framework>:<file>.<criterion>``; false where the framework does not apply to the row.
    coverage : Coverage
    check : AnswerCheck
        Made already, and its counts in the coverage, unless it was left for later.
    there : mapping of str to bit
        By class: whether a row is surely of its people and of the period. Empty where every row in scope is.
    months : mapping of str to (expression, expression)
        By outcome: months of the spell that count, 0 where it is not surely in the class, and where they are not known.
    stretches : mapping of str to list of stretches
        By outcome of a table with dates, for each framework: the days that count, which the persons' months are made of.
    counts : frozenset of str
        The outcomes that are counts.
    """

    frame: Any
    outcomes: Mapping[str, tuple[Number, Number, Bit]]
    stocks: Mapping[str, tuple[Bit, Bit, Bit]]
    criteria: Mapping[str, tuple[Criterion, Value]]
    coverage: Coverage
    check: AnswerCheck
    there: Mapping[str, Bit] = field(default_factory=dict[str, Bit])
    months: Mapping[str, tuple[nw.Expr, nw.Expr]] = field(default_factory=dict[str, tuple[nw.Expr, nw.Expr]])
    stretches: Mapping[str, list[dict[str, Stretch]]] = field(default_factory=dict[str, list[dict[str, Stretch]]])
    counts: frozenset[str] = frozenset()

    def outcome_columns(self) -> list[nw.Expr]:
        """The three Int64 columns of every outcome, over the period and on the reference day.

        Int64, not Int8: sums and products of the user's own must not wrap.
        """
        by_polars = self.frame.implementation.is_polars() or isinstance(self.frame, RelationFrame)
        chosen = {*self.outcomes, *self.stocks} - self.counts if by_polars else set[str]()
        return [
            (chosen_number(bit) if outcome in chosen else as_number(bit)).alias(f"{outcome}{side}")
            for outcome, bits in (*self.outcomes.items(), *self.stocks.items())
            for side, bit in zip(SIDES, bits, strict=True)
        ]

    def time_columns(self) -> list[nw.Expr]:
        """What is needed on the way to persons: rows that are surely there, months, and unknown months."""
        found = [as_number(bit).alias(f"{THERE}{name}") for name, bit in self.there.items()]
        for name, (months, unknown) in self.months.items():
            found += [months.alias(f"{name}{IN_MONTHS}"), as_number(unknown).alias(f"{MARK}{name}{IN_MONTHS}")]
        for name, stretches in self.stretches.items():
            for position, each in enumerate(stretches):
                for reading, (opens, closes) in each.items():
                    column = stretch_column(f"{name}{IN_MONTHS}", position, reading)
                    found += [opens.alias(f"{column}{OPENS}"), closes.alias(f"{column}{CLOSES}")]
        return found

    def criterion_columns(self) -> list[nw.Expr]:
        """Two Int64 columns for every criterion: surely, and with ``_possible`` surely or unknown."""
        return [
            as_number(bit).alias(f"{name}{side}")
            for name, (_, value) in self.criteria.items()
            for side, bit in zip(SIDES[:2], (value.surely, value.possibly), strict=True)
        ]


def stretch_column(months: str, position: int, reading: str) -> str:
    """Begins the columns of the first and last day that count, by the framework's place and the reading of its dates."""
    return f"{MARK}{months}:{position}:{reading}"


def decide(
    frame: Any, frameworks: Sequence[Framework], *, age: str, clock: Clock | None = None, later: bool = False
) -> DecidedRows:
    """Evaluate frameworks on every row of a narwhals frame.

    Parameters
    ----------
    frame : narwhals frame
        Its columns are items, phases of items and fields.
    frameworks : sequence of Framework
        Outcomes of the same id are joined: any of them.
    age : str
        Column of the age in the period; with a clock that of the age at the interview, or of the date of birth.
    clock : Clock, optional
        Of a table with dated spells, whose days `spells.spell_days` has added.
    later : bool, default False
        Leave the check of the answers to the caller: `check` of what comes back.

    Raises
    ------
    IndicatorFault
        FL-IND-05 (no age), FL-IND-06 (cells that are no answers), FL-IND-07 (a dimension without any question),
        FL-IND-09 (a phase that an item does not have), FL-IND-13 (text where a number belongs).
    """
    schema, known = dict(frame.collect_schema()), known_to(frameworks)
    require_phase_names(list(schema), known)
    engine = frame.implementation
    by_polars = engine.is_polars()
    by_number = by_polars or isinstance(frame, RelationFrame)
    once = engine.is_spark_like()
    reading = ColumnReading(schema, age=age, known=known, categories=by_polars, numbered=by_number, texts_once=once)
    for framework in frameworks:
        if needs_age(framework) and age not in schema:
            raise _no_age(framework, age)
        require_questions(framework, reading.has)
    deciding = _Deciding(reading, frameworks, schema, clock)
    outcomes = {stem: deciding.outcome(stem) for stem in stems(frameworks)}
    stocks = {f"{name}{STOCK}": deciding.stock(name) for name in overall(frameworks)} if deciding.has_stock else {}
    there = {name: deciding.there(name) for name in class_ids(frameworks)} if clock is not None else {}
    months = {name: result for name in overall(frameworks) if (result := deciding.months(name)) is not None}
    stretches = {name: deciding.stretches(name) for name in months} if clock is not None and clock.dated else {}
    decided, asked = deciding.criteria(), deciding.asked()
    frame = reading.apply(frame)
    check = AnswerCheck.of(reading, asked)
    counts: Counts = {} if later else _checked(check, frame)
    return DecidedRows(
        frame=frame,
        outcomes=outcomes,
        stocks=stocks,
        criteria=decided,
        coverage=coverage(frameworks, reading, deciding.evaluation, counts),
        check=check,
        there=there,
        months=months,
        stretches=stretches,
        counts=frozenset(stem for stem in outcomes if deciding.is_count(stem)),
    )


def decide_scopes(
    frame: Any,
    frameworks: Sequence[Framework],
    *,
    age: str,
    clock: Clock | None = None,
    later: list[PutOff] | None = None,
) -> tuple[Any, dict[str, Bit]]:
    """Find who is in scope by this table alone: the frame, and a bit for every outcome, on the reference day too.

    With a clock somebody is in scope who may be of the framework's ages on some day of the period (on the reference day).
    The check of the answers is put off where there is a list for it (`later`).

    Raises
    ------
    IndicatorFault
        FL-IND-06 (cells that are no answers), FL-IND-13 (text where a number belongs).
    """
    schema = dict(frame.collect_schema())
    reading = ColumnReading(schema, age=age)
    if clock is None:
        deciding = _Deciding(reading, frameworks, {}, None)
        found = {stem: reading.keep(deciding.scope(stem)).surely for stem in stems(frameworks)}
        found |= {f"{name}{STOCK}": found[name] for name in overall(frameworks)}
    else:
        over, on = (
            TimedEvaluation(AgedReading(reading, ages, clock.ages)) for ages in (OVER_PERIOD, ages_of_stock(clock))
        )
        deciding = _Deciding(reading, frameworks, {}, None)
        found = {stem: reading.keep(deciding.scope(stem, over)).possibly for stem in stems(frameworks)}
        told = _day_may_count() if clock.dated else True
        for name in overall(frameworks):
            scope = all_of([deciding.scope(name, on), Value(told, told)])
            found[f"{name}{STOCK}"] = reading.keep(scope).possibly
    frame = reading.apply(frame)
    if reading.columns:
        check = AnswerCheck.of(reading, {})
        if later is None:
            _checked(check, frame)
        else:
            later.append(PutOff(check=check, frame=frame))
    return frame, found


def _checked(check: AnswerCheck, frame: Any) -> Counts:
    sums = check.read(frame)
    check.judge(sums)
    return check.counts(sums)


def _day_may_count() -> nw.Expr:
    """Whether the interview may have come after the reference day, and the day may lie in the person's period."""
    lowest, highest = nw.col(f"{DAY}{LOWEST}"), nw.col(f"{DAY}{HIGHEST}")
    before = (lowest <= nw.col(f"{MET}{HIGHEST}")) | (lowest == nw.col(f"{TO}{LOWEST}"))
    return before & (highest >= nw.col(f"{FROM}{LOWEST}")) & (lowest <= nw.col(f"{TO}{HIGHEST}"))


def stems(frameworks: Sequence[Framework]) -> tuple[str, ...]:
    """The names of the outcomes that have three columns, each once; a class has one more for every label."""
    found = (
        stem
        for framework in frameworks
        for outcome in framework.outcomes
        if outcome.type != "ratio"
        for stem in outcome.stems
    )
    return tuple(dict.fromkeys(found))


def overall(frameworks: Sequence[Framework]) -> list[str]:
    """The outcomes that say in the class or not, each once."""
    found = (entry.id for one in frameworks for entry in one.outcomes if entry.type in ("binary", "classes"))
    return list(dict.fromkeys(found))


def class_ids(frameworks: Sequence[Framework]) -> list[str]:
    """The outcomes that have labels, each once."""
    found = (entry.id for one in frameworks for entry in one.outcomes if entry.type == "classes")
    return list(dict.fromkeys(found))


def known_to(frameworks: Sequence[Framework]) -> Items:
    """The questions of the package, and those of the frameworks' own.

    Raises
    ------
    IndicatorFault
        FL-IND-17: two of the files mean different questions by the same id.
    """
    own: dict[str, Item] = {}
    for framework in frameworks:
        for item in framework.own_items:
            if own.setdefault(item.id, item) != item:
                raise IndicatorFault(
                    "FL-IND-17",
                    "two framework files have different questions of the same id",
                    found=item.id,
                    fix="rename one of them, or classify by one file at a time",
                )
    return known_items().with_own(own.values())


class _Deciding:
    """The values of some frameworks under one reading of a table."""

    def __init__(
        self,
        reading: ColumnReading,
        frameworks: Sequence[Framework],
        schema: Mapping[str, nw.dtypes.DType],
        clock: Clock | None,
    ) -> None:
        self._reading = reading
        self._frameworks = frameworks
        self._clock = clock
        dated = clock is not None and clock.dated
        self._months = MONTHS if not dated and MONTHS in schema and schema[MONTHS].is_numeric() else ""
        self._selected = reading.unless_no(SELECTED)
        self.has_stock = dated or ONGOING in schema
        self.evaluation: Evaluation
        self._then: Evaluation
        if clock is None:
            self.evaluation = self._then = Evaluation(reading)
        else:
            self.evaluation, self._then = (
                TimedEvaluation(AgedReading(reading, ages, clock.ages))
                for ages in (ages_of_work(clock), ages_of_stock(clock))
            )
        if clock is None or not clock.dated:
            self._in_time, self._on_day = self._in_asked_months(), self._ongoing() if self.has_stock else TRUE
        else:
            self._in_time, self._on_day = (
                Value(nw.col(name), nw.col(f"{name}_possible")) for name in (IN_TIME, ON_DAY)
            )

    def _in_asked_months(self) -> Value:
        """No month in the period is no work in it; without such a question the rows are of the period."""
        if not self._months:
            return TRUE
        some = ~(nw.col(self._months).cast(nw.Float64).fill_null(1.0) == 0)
        return Value(some, some)

    def _ongoing(self) -> Value:
        """Whether the work goes on, as the question says."""
        status = nw.col(ONGOING).cast(nw.String).fill_null("missing")
        return Value(status == "yes", status != NO)

    def scope(self, stem: str, evaluation: Evaluation | None = None) -> Value:
        """Selected for the module, and in scope of one of the frameworks that have the outcome."""
        within = evaluation or self.evaluation
        return all_of([self._selected, any_of(within.scope(entry) for entry, _ in self._having(stem))])

    def outcome(self, stem: str) -> tuple[Number, Number, Bit]:
        """Surely, possibly and in scope of an outcome in the period, under whichever of the frameworks applies."""
        scope = self._reading.keep(self.scope(stem)).possibly
        having = self._having(stem)
        if self.is_count(stem):
            return *self._count(having), scope
        joined = any_of(self.evaluation.outcome(entry, stem) for entry, _ in having)
        value = self._reading.keep(all_of([self._selected, joined, self._in_time]))
        return value.surely, value.possibly, scope

    def is_count(self, stem: str) -> bool:
        """Whether an outcome is a number of indicators."""
        return any(outcome.type == "count" for _, outcome in self._having(stem))

    def stock(self, name: str) -> tuple[Bit, Bit, Bit]:
        """The same on the reference day."""
        scope = self._reading.keep(self.scope(name, self._then)).possibly
        joined = any_of(self._then.outcome(entry, name) for entry, _ in self._having(name))
        value = self._reading.keep(all_of([self._selected, joined, self._on_day]))
        return value.surely, value.possibly, scope

    def there(self, name: str) -> Bit:
        """Whether a row is surely of the people of an outcome, and of the period."""
        return self._reading.keep(all_of([self.scope(name), self._in_time])).surely

    def months(self, name: str) -> tuple[nw.Expr, nw.Expr] | None:
        """Months that count, 0 where not surely in the class, and whether they are unknown; None where nothing says them.

        Of frameworks that share the outcome each counts the days at its own ages.
        """
        if not self._months and (self._clock is None or not self._clock.dated):
            return None
        months, unknown = nw.lit(0.0), nw.lit(False)
        for entry, bit in self._surely(name):
            told, known = self._stated_months(entry)
            months = months + nw.when(bit & known).then(told).otherwise(nw.lit(0.0))
            unknown = unknown | (bit & ~known)
        return months, unknown

    def stretches(self, name: str) -> list[dict[str, Stretch]]:
        """The days that count, by framework: none of a row that is not surely in the class."""
        found: list[dict[str, Stretch]] = []
        for entry, bit in self._surely(name):
            told = stretches_in_overlap(_ages_of(entry))
            found.append(
                {
                    reading: (
                        nw.when(bit).then(opens).otherwise(nw.lit(FAR)),
                        nw.when(bit).then(closes).otherwise(nw.lit(-FAR)),
                    )
                    for reading, (opens, closes) in told.items()
                }
            )
        return found

    def _surely(self, name: str) -> Iterator[tuple[Framework, nw.Expr]]:
        """The frameworks that have an outcome, each with whether a row is surely in its class and in time."""
        for entry, _ in self._having(name):
            sure = all_of([self._selected, self.evaluation.outcome(entry, name), self._in_time])
            bit = self._reading.keep(sure).surely
            if not isinstance(bit, bool):
                yield entry, bit
            elif bit:
                yield entry, nw.lit(True)

    def _stated_months(self, framework: Framework) -> tuple[nw.Expr, nw.Expr]:
        if self._months:
            asked = nw.col(self._months).cast(nw.Float64)
            return asked.fill_null(0.0), ~asked.is_null()
        return months_in_overlap(stretches_in_overlap(_ages_of(framework)))

    def _count(self, having: list[tuple[Framework, FrameworkOutcome]]) -> tuple[Number, Number]:
        """How many indicators are true, and how many are true or unknown."""
        values = [
            self._reading.keep(all_of([self._selected, value, self._in_time]))
            for entry, outcome in having
            for value in self.evaluation.count_of(entry, outcome)
        ]
        return total([value.surely for value in values]), total([value.possibly for value in values])

    def criteria(self) -> dict[str, tuple[Criterion, Value]]:
        """Every criterion that the instrument asks about, false where its framework does not apply."""
        result: dict[str, tuple[Criterion, Value]] = {}
        for framework in self._frameworks:
            applies = self._applies(framework)
            for criterion in criteria(framework):
                if any(self._reading.has(name) for name in reads(criterion.framework, criterion.node)):
                    name = f"{framework.id}:{criterion.framework.id}.{criterion.id}"
                    value = all_of([applies, criterion.value(self.evaluation)])
                    result[name] = (criterion, self._reading.keep(value))
        return result

    def asked(self) -> dict[tuple[str, str], Value]:
        """The columns of every framework, and the rows it asks them of: those in scope, and for the age everybody."""
        found: dict[tuple[str, str], Value] = {}
        for framework in self._frameworks:
            applies = self._reading.keep(self._applies(framework))
            for name in [AGE, *questions(framework)]:
                for column in filter(None, self._reading.columns_of(name).values()):
                    found[framework.id, column] = self._selected if name == AGE else applies
        return {key: rows for key, rows in found.items() if key[1] in self._reading.columns}

    def _applies(self, framework: Framework) -> Value:
        """Whether a framework may speak of the person of a row."""
        scope = self.evaluation.scope(framework)
        return all_of([self._selected, Value(scope.possibly, scope.possibly, scope.depth)])

    def _having(self, stem: str) -> list[tuple[Framework, FrameworkOutcome]]:
        found = ((framework, framework.outcome_of(stem)) for framework in self._frameworks)
        return [(framework, outcome) for framework, outcome in found if outcome is not None]


def _ages_of(framework: Framework) -> tuple[int | None, int | None]:
    """The age from which the people of a framework are its own, and the first age at which they no longer are."""
    tests = [node for node in walk(framework.in_scope) if isinstance(node, FieldWithin) and node.field == AGE]
    return limits(tests[0]) if len(tests) == 1 else (None, None)


def _no_age(framework: Framework, age: str) -> IndicatorFault:
    return IndicatorFault(
        "FL-IND-05",
        f"{framework.id} needs the age in the period",
        found=f"no column {age}",
        fix=f"add a column {age} with completed years, nulls where it is unknown",
    )
