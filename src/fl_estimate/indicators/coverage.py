"""Coverage: which questions of a framework the instrument had, and what that leaves of the definition."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fl_estimate.errors import IndicatorFault, ShortInstrumentWarning, listed
from fl_estimate.indicators.criteria import AnyOf, DimensionIs
from fl_estimate.indicators.deciding import criteria
from fl_estimate.indicators.evaluation import Evaluation
from fl_estimate.indicators.items import AGE, known_items
from fl_estimate.indicators.references import needs_age, qualified, questions, reads
from fl_estimate.neutral import visible

if TYPE_CHECKING:
    import pandas as pd

    from fl_estimate.indicators.columns import ColumnReading
    from fl_estimate.indicators.framework import Framework

Counts = Mapping[tuple[str, str], tuple[int, int]]
QUALIFIER = "qualifier"
COLUMNS: tuple[str, ...] = ("framework", "kind", "id", "phase", "column", "in_instrument", "rows", "unknown")


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverageLine:
    """One question (or dimension) of a framework, and whether the instrument had it.

    Attributes
    ----------
    framework, id : str
        Id of the framework and of the item, field or dimension.
    kind : {"item", "field", "dimension", "qualifier", "ratio"}
        A dimension is listed only where it can no longer become positive with the items left; a qualifier where the
        instrument did not ask whether what a criterion describes was known and agreed (`id` is the criterion, which
        then counts whatever was agreed); of a ratio `unknown` counts the people of whom it is undefined.
    phase, column : str
        The phase of the column, and its name; empty where there is none.
    in_instrument : bool
        What the instrument lacks is outside the operational definition: it counts as false.
    rows, unknown : int
        Rows in scope of the framework, and those of them in which the answer is unknown (for the age: of all rows
        of persons selected for the module).
    """

    framework: str
    kind: str
    id: str
    phase: str = ""
    column: str = ""
    in_instrument: bool
    rows: int = 0
    unknown: int = 0


@dataclass(frozen=True, slots=True)
class Coverage:
    """Every question of the frameworks of a classification, and whether the instrument had it.

    Attributes
    ----------
    lines : tuple of CoverageLine
    time : tuple of str
        How time and age were read: time_from_dates (spells were compared with the period), time_from_question (no dates:
        that a row is of the period is taken from the wording of the questions), stock_from_question (what goes on was
        asked, without dates), age_in_overlap (the age on the days of overlap), age_in_period (work has no dates: the age on
        the days of the period), age_at_interview (the age at the interview stands for it). Empty where a frame was classified, whose column `age` is the age in the period.
    """

    lines: tuple[CoverageLine, ...] = ()
    time: tuple[str, ...] = ()

    @property
    def absent(self) -> tuple[str, ...]:
        """Ids of the items, fields, phases (``c_docs@leave``) and dimensions that the definition lost, each once."""
        gone = (line for line in self.lines if not line.in_instrument and line.kind != QUALIFIER)
        return tuple(dict.fromkeys(f"{line.id}@{line.phase}" if line.phase else line.id for line in gone))

    @property
    def unqualified(self) -> tuple[str, ...]:
        """The criteria that count whatever was known and agreed, as the instrument did not ask."""
        return tuple(dict.fromkeys(line.id for line in self.lines if line.kind == QUALIFIER))

    def to_frame(self) -> pd.DataFrame:
        """One line a question: framework, kind, id, phase, column, in_instrument, rows, unknown."""
        import pandas as pd

        rows = [tuple(getattr(line, name) for name in COLUMNS) for line in self.lines]
        return pd.DataFrame(rows, columns=list(COLUMNS))

    def __repr__(self) -> str:
        lines = [line for line in self.lines if line.kind != QUALIFIER]
        asked = sum(line.in_instrument for line in lines)
        open_ways = f"; not asked whether agreed: {listed(self.unqualified)}" if self.unqualified else ""
        time = f"; {', '.join(self.time)}" if self.time else ""
        without = listed(self.absent) or "none"
        return visible(
            f"Coverage({asked} of {len(lines)} questions in the instrument; without: {without}{open_ways}{time})"
        )


def coverage(
    frameworks: Sequence[Framework],
    reading: ColumnReading,
    evaluation: Evaluation,
    counts: Counts,
) -> Coverage:
    """Say for every question of the frameworks whether the instrument had it.

    Parameters
    ----------
    frameworks : sequence of Framework
    reading, evaluation
        The table as it was read, and the values found.
    counts : mapping of (str, str) to (int, int)
        By framework and column: rows in scope, and those of them in which the answer is unknown.
    """
    lines: list[CoverageLine] = []
    for framework in frameworks:
        for name in [*([AGE] if needs_age(framework) else []), *questions(framework)]:
            lines += _lines(framework.id, name, reading, counts)
        for dimension in framework.dimensions:
            # what the instrument lacks is a constant false, and constants are folded: only then is nothing left
            if evaluation.dimension(framework, dimension.id).possibly is False:
                lines.append(
                    CoverageLine(framework=framework.id, kind="dimension", id=dimension.id, in_instrument=False)
                )
        names = (name for outcome in framework.outcomes for name in qualified(framework, outcome, reading.has))
        lines += [
            CoverageLine(framework=framework.id, kind=QUALIFIER, id=name, in_instrument=False)
            for name in dict.fromkeys(names)
        ]
    return Coverage(tuple(lines))


def require_questions(framework: Framework, has: Callable[[str], bool]) -> None:
    """Refuse a framework of which a dimension, or an outcome, is left without any question.

    Raises
    ------
    IndicatorFault
        FL-IND-07.
    """
    parts = [(f"dimension {entry.id}", reads(framework, DimensionIs(entry.id))) for entry in framework.dimensions]
    parts += [(f"outcome {outcome.id}", reads(framework, AnyOf(outcome.rules))) for outcome in framework.outcomes]
    for part, names in parts:
        if not any(has(name) for name in names):
            raise IndicatorFault(
                "FL-IND-07",
                f"the {part} of {framework.id} is left without any question",
                found=f"none of its columns: {listed([_column(name) for name in names])}",
                fix="map at least one of its questions to these column names, or use another framework",
            )


FEW = 4
"""An instrument with fewer than one in so many of the questions of a framework is short."""
ENOUGH_TO_JUDGE = 12
"""Frameworks with fewer items than this are short themselves."""


def warn_if_short(coverage: Coverage, frameworks: Sequence[Framework]) -> None:
    """Warn of an instrument that has few of a framework's questions, with what it cannot see.

    Warns
    -----
    ShortInstrumentWarning
        FL-IND-22.
    """
    for framework in frameworks:
        asked: dict[str, bool] = {}
        for line in coverage.lines:
            if line.framework == framework.id and line.kind == "item":
                asked[line.id] = asked.get(line.id, False) or line.in_instrument
        held = sum(asked.values())
        if len(asked) < ENOUGH_TO_JUDGE or held * FEW >= len(asked):
            continue
        unseen = [
            criterion.label.en
            for criterion in criteria(framework)
            if criterion.framework is framework
            and (names := [name for name in reads(framework, criterion.node) if name in asked])
            and not any(asked[name] for name in names)
        ]
        what = f"the instrument has {held} of the {len(asked)} questions of {framework.id}: what the others show is not seen"
        seen = f"\n  not seen: {listed(unseen, most=30)}" if unseen else ""
        warnings.warn(
            f"[FL-IND-22] {what}{seen}\n  to avoid: map more questions, or say short_instrument=True",
            ShortInstrumentWarning,
            stacklevel=3,
        )


def _lines(framework: str, name: str, reading: ColumnReading, counts: Counts) -> Iterator[CoverageLine]:
    kind = "item" if name in reading.known.items else "field"
    for phase, column in reading.columns_of(name).items():
        rows, unknown = counts.get((framework, column), (0, 0))
        yield CoverageLine(
            framework=framework,
            kind=kind,
            id=name,
            phase=phase,
            column=column,
            in_instrument=bool(column),
            rows=rows,
            unknown=unknown,
        )


def _column(name: str) -> str:
    fields = known_items().fields
    return fields[name].column if name in fields else name
