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
from fl_estimate.indicators.items import AGE
from fl_estimate.indicators.logic import Bit, Value, all_of, any_of
from fl_estimate.indicators.references import needs_age, questions, reads

if TYPE_CHECKING:
    from fl_estimate.indicators.framework import Framework

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
        Surely, possibly and in scope, by outcome.
    criteria : mapping of str to (Criterion, Value)
        By ``<framework>:<file>.<criterion>``; false where the framework does not apply to the row.
    coverage : Coverage
    """

    frame: Any
    outcomes: Mapping[str, tuple[Bit, Bit, Bit]]
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
    schema = dict(frame.collect_schema())
    require_phase_names(list(schema))
    reading = ColumnReading(schema, age=age)
    for framework in frameworks:
        if needs_age(framework) and age not in schema:
            raise _no_age(framework, age)
        require_questions(framework, reading.has)
    deciding = _Deciding(reading, frameworks)
    outcomes = {outcome: deciding.outcome(outcome) for outcome in outcome_ids(frameworks)}
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
    found = {outcome: reading.keep(deciding.scope(outcome)).surely for outcome in outcome_ids(frameworks)}
    frame = reading.apply(frame)
    if reading.columns:
        _checked_counts(frame, reading, {})
    return frame, found


def outcome_ids(frameworks: Sequence[Framework]) -> tuple[str, ...]:
    """The outcomes of the frameworks, each once."""
    return tuple(dict.fromkeys(outcome.id for framework in frameworks for outcome in framework.outcomes))


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
    columns = [as_number(flag).alias(f"{MARK}{name}") for name, flag in flags.items()]
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


def as_number(bit: Bit) -> nw.Expr:
    """A bit as an Int64 column of 0 and 1."""
    return nw.lit(int(bit), dtype=nw.Int64) if isinstance(bit, bool) else bit.cast(nw.Int64)


class _Deciding:
    """The values of some frameworks under one reading of a table."""

    def __init__(self, reading: ColumnReading, frameworks: Sequence[Framework]) -> None:
        self._reading = reading
        self._frameworks = frameworks
        self.evaluation = Evaluation(reading)
        self._selected = reading.unless_no(SELECTED)

    def scope(self, outcome: str) -> Value:
        """Selected for the module, and in scope of one of the frameworks that have the outcome."""
        return all_of([self._selected, any_of(self.evaluation.scope(entry) for entry in self._having(outcome))])

    def outcome(self, outcome: str) -> tuple[Bit, Bit, Bit]:
        """Surely, possibly and in scope of an outcome, under whichever of the frameworks applies."""
        joined = any_of(self.evaluation.outcome(entry, outcome) for entry in self._having(outcome))
        value = self._reading.keep(all_of([self._selected, joined]))
        return value.surely, value.possibly, self._reading.keep(self.scope(outcome)).surely

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

    def _having(self, outcome: str) -> list[Framework]:
        return [framework for framework in self._frameworks if framework.outcome(outcome) is not None]


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
