"""Rules between the variables of a row: what is asked only if another answer says so, and what cannot both be true.

Each is an expression (`schema.expressions`) that is true where the rule is broken. It is checked where a table has
all the columns that it names; an unknown answer breaks no rule.
"""

from __future__ import annotations

from dataclasses import dataclass

import narwhals as nw

from fl_estimate.errors import ExpressionFault
from fl_estimate.schema.evaluation import Schema
from fl_estimate.schema.expressions import parse
from fl_estimate.schema.rules import Check
from fl_estimate.schema.validate import Severity


@dataclass(frozen=True, kw_only=True)
class Condition:
    """A rule between variables of one table, and the expression that is true where it is broken."""

    table: str
    variable: str
    rule: str
    broken: str
    severity: Severity = "error"

    @property
    def names(self) -> frozenset[str]:
        """The columns that it needs."""
        return parse(self.broken).names


def _asked_only_if(table: str, filter_broken: str, condition: str, *variables: str) -> tuple[Condition, ...]:
    return tuple(
        Condition(
            table=table,
            variable=name,
            rule=f"asked only if {condition}",
            broken=f"({filter_broken}) and not missing({name})",
            severity="warning",
        )
        for name in variables
    )


CONDITIONS: tuple[Condition, ...] = (
    *_asked_only_if("jobs", "ongoing == 'yes'", "the work has ended", "end"),
    *_asked_only_if("jobs", "missing(pay_amount)", "there is an amount", "pay_period"),
    *_asked_only_if(
        "episodes",
        "borrowed_amount == 0",
        "money was borrowed",
        *("lender", "interest_pct_month", "collateral", "months_to_repay"),
    ),
    *_asked_only_if("relatives", "in_household == 'no'", "the relative lives in the household", "duplicates_person"),
    # a date known to the month or the year stands as its first day, which may be before a day of the same month or year
    Condition(
        table="jobs",
        variable="end",
        rule="not before start",
        broken="end < start and (end_precision == 'day' or end_precision == start_precision)",
    ),
    Condition(
        table="episodes",
        variable="return",
        rule="not before depart",
        broken="column(\"return\") < depart and (return_precision == 'day' or return_precision == depart_precision)",
    ),
    Condition(
        table="episodes",
        variable="debt_outstanding",
        rule="not more than was borrowed, with interest tenfold",
        broken="borrowed_amount > 0 and debt_outstanding > 10 * borrowed_amount",
        severity="warning",
    ),
    Condition(
        table="people",
        variable="hours_week",
        rule="work and chores fit into a week",
        broken="hours_week + chores_hours_week > 168",
        severity="warning",
    ),
    Condition(
        table="jobs", variable="months_in_period", rule="not longer than a lifetime", broken="months_in_period > 1200"
    ),
)
"""The rules of the common schema between variables of a row."""


def condition_checks(table: str, schema: Schema) -> list[Check]:
    """The rules between variables that a table can be checked for.

    Parameters
    ----------
    table : str
    schema : mapping of str to dtype
        Its columns.
    """
    checks: list[Check] = []
    for each in CONDITIONS:
        if each.table != table or not each.names <= set(schema):
            continue
        try:
            broken = broken_where(each.broken, schema)
        except ExpressionFault:  # a column of the wrong kind: the report says that already
            continue
        checks.append(
            Check(
                variable=each.variable,
                rule=each.rule,
                value_class="the answers do not go together",
                broken=broken,
                severity=each.severity,
            )
        )
    return checks


def broken_where(text: str, schema: Schema) -> nw.Expr:
    """Say where an expression is surely true, as a Boolean without nulls."""
    is_true, _ = parse(text).truth(schema)
    return is_true
