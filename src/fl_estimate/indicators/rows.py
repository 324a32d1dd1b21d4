"""Decide the rows of one table: every outcome and criterion as null-free columns, the answers checked on the way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import narwhals as nw

from fl_estimate.errors import IndicatorFault, listed
from fl_estimate.indicators.columns import MARK, ColumnReading, require_phase_names
from fl_estimate.indicators.coverage import Counts, Coverage, coverage, require_questions
from fl_estimate.indicators.deciding import Criterion, criteria
from fl_estimate.indicators.evaluation import Evaluation
from fl_estimate.indicators.items import AGE, Item, Items, known_items
from fl_estimate.indicators.logic import Bit, Value, all_of, any_of, total
from fl_estimate.indicators.references import needs_age, questions, reads

if TYPE_CHECKING:
    from fl_estimate.indicators.framework import Framework
    from fl_estimate.indicators.parts import Outcome

Number = int | nw.Expr
"""A count, or a bit taken as one."""
SELECTED = "selected_for_module"
SIDES: tuple[str, ...] = ("", "_possible", "_in_scope")
"""What the name of an outcome is followed by in its three columns."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DecidedRows:
    """One table with the columns that decide it.

    Attributes
    ----------
    frame : narwhals frame
        The table, with the columns that the expressions below name.
    outcomes : mapping of str to (bit, bit, bit)
        Surely, possibly and in scope, by outcome (and by label of a class); of a count low, high and in scope.
    criteria : mapping of str to (Criterion, Value)
        By ``<framework>:<file>.<criterion>``; false where the framework does not apply to the row.
    coverage : Coverage
    """

    frame: Any
    outcomes: Mapping[str, tuple[Number, Number, Bit]]
    criteria: Mapping[str, tuple[Criterion, Value]]
    coverage: Coverage

    def outcome_columns(self) -> list[nw.Expr]:
        """The three Int64 columns of every outcome.

        Int64, not Int8: sums and products of the user's own must not wrap.
        """
        return [
            as_number(bit).alias(f"{outcome}{side}")
            for outcome, bits in self.outcomes.items()
            for side, bit in zip(SIDES, bits, strict=True)
        ]

    def criterion_columns(self) -> list[nw.Expr]:
        """Two Int64 columns for every criterion: surely, and with ``_possible`` surely or unknown."""
        return [
            as_number(bit).alias(f"{name}{side}")
            for name, (_, value) in self.criteria.items()
            for side, bit in zip(SIDES[:2], (value.surely, value.possibly), strict=True)
        ]


def decide(frame: Any, frameworks: Sequence[Framework], *, age: str) -> DecidedRows:
    """Evaluate frameworks on every row of a narwhals frame.

    Parameters
    ----------
    frame : narwhals frame
        Its columns are items, phases of items and fields.
    frameworks : sequence of Framework
        Outcomes of the same id are joined: any of them.
    age : str
        Column of the age at the episode.

    Raises
    ------
    IndicatorFault
        FL-IND-05 (no age), FL-IND-06 (cells that are no answers), FL-IND-07 (a dimension without any question),
        FL-IND-09 (a phase that an item does not have), FL-IND-13 (text where a number belongs).
    """
    schema, known = dict(frame.collect_schema()), known_to(frameworks)
    require_phase_names(list(schema), known)
    reading = ColumnReading(schema, age=age, known=known, categories=frame.implementation.is_polars())
    for framework in frameworks:
        if needs_age(framework) and age not in schema:
            raise _no_age(framework, age)
        require_questions(framework, reading.has)
    deciding = _Deciding(reading, frameworks)
    outcomes = {stem: deciding.outcome(stem) for stem in stems(frameworks)}
    decided, asked = deciding.criteria(), deciding.asked()
    frame = reading.apply(frame)
    counts = _checked_counts(frame, reading, asked)
    return DecidedRows(
        frame=frame,
        outcomes=outcomes,
        criteria=decided,
        coverage=coverage(frameworks, reading, deciding.evaluation, counts),
    )


def decide_scopes(frame: Any, frameworks: Sequence[Framework], *, age: str) -> tuple[Any, dict[str, Bit]]:
    """Find who is in scope by this table alone: the frame, and a bit for every outcome.

    Raises
    ------
    IndicatorFault
        FL-IND-06 (cells that are no answers), FL-IND-13 (text where a number belongs).
    """
    reading = ColumnReading(dict(frame.collect_schema()), age=age)
    deciding = _Deciding(reading, frameworks)
    found = {stem: reading.keep(deciding.scope(stem)).surely for stem in stems(frameworks)}
    frame = reading.apply(frame)
    if reading.columns:
        _checked_counts(frame, reading, {})
    return frame, found


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


def _checked_counts(frame: Any, reading: ColumnReading, wanted: Mapping[tuple[str, str], Value]) -> Counts:
    """Check the cells, and count rows and unknown answers by framework and column, all in one pass.

    Raises
    ------
    IndicatorFault
        FL-IND-06: cells that are no answers: the columns and how many rows, never the cells.
    """
    flags: dict[str, Bit] = {
        f"strange{place}": column.is_strange for place, column in enumerate(reading.columns.values())
    }
    for place, ((_, name), mask) in enumerate(wanted.items()):
        unknown = reading.columns[name].is_unknown
        flags[f"rows{place}"] = mask.surely
        flags[f"unknown{place}"] = all_of([mask, Value(unknown, unknown)]).surely
    # flags become columns first: engines agree on sums of columns, not on sums of expressions
    # (polars counts the bits of a Boolean column as they are, which is a good deal faster)
    number = _as_flag if frame.implementation.is_polars() else as_number
    columns = [number(flag).alias(f"{MARK}{name}") for name, flag in flags.items()]
    sums = {name: int(total or 0) for name, total in _only_row(frame.select(*columns).select(nw.all().sum())).items()}
    strange = {name: sums[f"{MARK}strange{place}"] for place, name in enumerate(reading.columns)}
    faults = [f"{name} in {count:,} rows" for name, count in strange.items() if count]
    if faults:
        raise IndicatorFault(
            "FL-IND-06",
            "columns hold values that are no answers to their question",
            found=listed(faults, most=10),
            fix="map them to the codes of the item; nulls and dk, ref, missing, not_asked are unknown",
        )
    return {key: (sums[f"{MARK}rows{place}"], sums[f"{MARK}unknown{place}"]) for place, key in enumerate(wanted)}


def as_number(bit: Number) -> nw.Expr:
    """A bit (or a count) as an Int64 column."""
    return nw.lit(int(bit), dtype=nw.Int64) if isinstance(bit, int) else bit.cast(nw.Int64)


def _as_flag(bit: Number) -> nw.Expr:
    return nw.lit(bool(bit)) if isinstance(bit, int) else bit


class _Deciding:
    """The values of some frameworks under one reading of a table."""

    def __init__(self, reading: ColumnReading, frameworks: Sequence[Framework]) -> None:
        self._reading = reading
        self._frameworks = frameworks
        self.evaluation = Evaluation(reading)
        self._selected = reading.unless_no(SELECTED)

    def scope(self, stem: str) -> Value:
        """Selected for the module, and in scope of one of the frameworks that have the outcome."""
        return all_of([self._selected, any_of(self.evaluation.scope(entry) for entry, _ in self._having(stem))])

    def outcome(self, stem: str) -> tuple[Number, Number, Bit]:
        """Surely, possibly and in scope of an outcome, under whichever of the frameworks applies."""
        scope = self._reading.keep(self.scope(stem)).surely
        having = self._having(stem)
        if any(outcome.type == "count" for _, outcome in having):
            return *self._count(having), scope
        joined = any_of(self.evaluation.outcome(entry, stem) for entry, _ in having)
        value = self._reading.keep(all_of([self._selected, joined]))
        return value.surely, value.possibly, scope

    def _count(self, having: list[tuple[Framework, Outcome]]) -> tuple[Number, Number]:
        """How many indicators are true, and how many are true or unknown."""
        values = [
            self._reading.keep(all_of([self._selected, value]))
            for entry, outcome in having
            for value in self.evaluation.count_of(entry, outcome)
        ]
        return total([value.surely for value in values]), total([value.possibly for value in values])

    def criteria(self) -> dict[str, tuple[Criterion, Value]]:
        """Every criterion that the instrument asks about, false where its framework does not apply."""
        found: dict[str, tuple[Criterion, Value]] = {}
        for framework in self._frameworks:
            applies = all_of([self._selected, self.evaluation.scope(framework)])
            for criterion in criteria(framework):
                if any(self._reading.has(name) for name in reads(criterion.framework, criterion.node)):
                    name = f"{framework.id}:{criterion.framework.id}.{criterion.id}"
                    value = all_of([applies, criterion.value(self.evaluation)])
                    found[name] = (criterion, self._reading.keep(value))
        return found

    def asked(self) -> dict[tuple[str, str], Value]:
        """The columns of every framework, and the rows it asks them of: those in scope, and for the age everybody."""
        found: dict[tuple[str, str], Value] = {}
        for framework in self._frameworks:
            applies = self._reading.keep(all_of([self._selected, self.evaluation.scope(framework)]))
            for name in [AGE, *questions(framework)]:
                for column in filter(None, self._reading.columns_of(name).values()):
                    found[framework.id, column] = self._selected if name == AGE else applies
        return {key: rows for key, rows in found.items() if key[1] in self._reading.columns}

    def _having(self, stem: str) -> list[tuple[Framework, Outcome]]:
        found = ((framework, framework.outcome_of(stem)) for framework in self._frameworks)
        return [(framework, outcome) for framework, outcome in found if outcome is not None]


def _no_age(framework: Framework, age: str) -> IndicatorFault:
    return IndicatorFault(
        "FL-IND-05",
        f"{framework.id} needs the age at the episode",
        found=f"no column {age}",
        fix=f"add a column {age} with completed years, nulls where it is unknown",
    )


def _only_row(frame: Any) -> dict[str, Any]:
    collected = frame.collect() if isinstance(frame, nw.LazyFrame) else frame
    return next(iter(collected.iter_rows(named=True)))
