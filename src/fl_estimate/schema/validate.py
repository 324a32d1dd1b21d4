"""ValidationReport: every fault of a survey in one place. The rules themselves are in `schema.rules`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from fl_estimate.errors import DataFault, FileFault, listed
from fl_estimate.neutral import visible

if TYPE_CHECKING:
    import pandas as pd

Severity = Literal["error", "warning"]
COLUMNS: tuple[str, ...] = ("table", "row", "record", "variable", "rule", "value_class", "severity")


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One rule broken by one variable, in the rows that `rows` lists (0-based; at most `KEPT`, `count` in all).

    `value_class` says what kind of value was met ("missing", "zero", "not in the code list"), never the answer.
    """

    table: str
    variable: str
    rule: str
    value_class: str
    count: int
    rows: tuple[int, ...] = ()
    records: tuple[str, ...] = field(default=(), repr=False)
    severity: Severity = "error"


KEPT = 1_000
"""Rows listed one by one for each fault; the count is always of all."""


@dataclass(frozen=True)
class ValidationReport:
    """All faults found in a survey, errors first.

    Examples
    --------
    >>> report = ValidationReport((Fault(table="people", variable="sex", rule="code list",
    ...                                  value_class="not in the code list", count=2, rows=(3, 9)),))
    >>> print(report)
    1 error, 0 warnings
      error: people.sex, code list: not in the code list in 2 rows (rows 4, 10)
    """

    faults: tuple[Fault, ...] = field(default=())

    @property
    def errors(self) -> tuple[Fault, ...]:
        return tuple(fault for fault in self.faults if fault.severity == "error")

    @property
    def warnings(self) -> tuple[Fault, ...]:
        return tuple(fault for fault in self.faults if fault.severity == "warning")

    @property
    def ok(self) -> bool:
        """Whether there is no error; warnings may remain."""
        return not self.errors

    def summary(self) -> str:
        return f"{_count(len(self.errors), 'error')}, {_count(len(self.warnings), 'warning')}"

    def __repr__(self) -> str:
        """Ids of persons stand in `to_frame`, where they are asked for."""
        return f"ValidationReport({self.summary()})"

    def __str__(self) -> str:
        return visible("\n".join([self.summary(), *(f"  {line}" for line in self._lines())]))

    def _lines(self) -> Iterable[str]:
        for fault in (*self.errors, *self.warnings):
            where = listed([row + 1 for row in fault.rows]) if fault.rows else ""
            rows = f" in {_count(fault.count, 'row')}" if fault.count else ""
            shown = f" (rows {where})" if where else ""
            yield f"{fault.severity}: {fault.table}.{fault.variable}, {fault.rule}: {fault.value_class}{rows}{shown}"

    def to_frame(self) -> pd.DataFrame:
        """One line a row met (up to 1,000 for each fault), with columns table, row, record, variable, rule, value_class, severity.

        `row` counts from 1, as a person does; it is missing for a fault of a whole column.
        """
        import pandas as pd

        lines: list[tuple[object, ...]] = []
        for fault in (*self.errors, *self.warnings):
            tail = (fault.variable, fault.rule, fault.value_class, fault.severity)
            if not fault.rows:
                lines.append((fault.table, None, None, *tail))
            for position, row in enumerate(fault.rows):
                record = fault.records[position] if position < len(fault.records) else None
                lines.append((fault.table, row + 1, record, *tail))
        frame = pd.DataFrame(lines, columns=list(COLUMNS))
        return frame.astype({"row": "Int64"})

    def to_html(self, path: str | Path) -> Path:
        """Write the report as one page that needs nothing else: what is wrong, how often, and in which rows.

        Raises
        ------
        FileFault
            FL-FILE-08: the page cannot be written.
        """
        from fl_estimate.pages.template import page

        file = Path(path)
        written = page("fl_estimate.schema", "validation.html", language="en", title="Validation report", report=self)
        try:
            file.write_text(written, encoding="utf-8", newline="\n")
        except OSError as error:
            raise FileFault(
                "FL-FILE-08",
                "the report cannot be written",
                found=f"{file.name}: {error.strerror or error}",
                fix="choose a folder that is there and can be written to",
            ) from error
        return file

    @property
    def page_rows(self) -> Iterable[tuple[str, ...]]:
        """Cells of the page: severity, table, variable, rule, kind of value, count, rows, records."""
        for fault in (*self.errors, *self.warnings):
            rows = listed([row + 1 for row in fault.rows], most=20)
            records = listed(fault.records, most=20)
            count = f"{fault.count:,}" if fault.count else ""
            yield fault.severity, fault.table, fault.variable, fault.rule, fault.value_class, count, rows, records

    @property
    def names_records(self) -> bool:
        """Whether the page names ids of persons."""
        return any(fault.records for fault in (*self.errors, *self.warnings))

    def require(self, what: str) -> None:
        """Raise FL-DATA-01 with the whole report where there is an error."""
        if self.ok:
            return
        fault = DataFault(
            "FL-DATA-01",
            f"{what} breaks the schema",
            found=str(self),
            fix="correct the records or the mapping; error.report.to_frame() lists every row",
        )
        fault.report = self
        raise fault


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
