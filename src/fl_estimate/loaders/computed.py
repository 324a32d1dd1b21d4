"""Variables that follow from others of the same row: pay a month, months in the period, domestic work, corridors.

They are computed where their parts are there and the mapping does not give them itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from fl_estimate.inputs.survey_data import ReferencePeriod
from fl_estimate.loaders.tables import Filled

if TYPE_CHECKING:
    import polars as pl

DAYS_A_MONTH = 365.25 / 12
WEEKS_A_MONTH = 52 / 12
"""As statistical offices count: 52 weeks a year."""
_MONTHS = {"fortnight": WEEKS_A_MONTH / 2, "week": WEEKS_A_MONTH, "month": 1.0, "quarter": 1 / 3, "year": 1 / 12}
_DOMESTIC_INDUSTRY = ("97", "970", "9700")
"""ISIC Rev.4 division 97. Section T alone is not enough: its division 98 is what households make for their own use."""
_SECTION = "T"
_DOMESTIC_OCCUPATION = ("5152", "9111")


Makers = dict[str, Callable[[set[str]], "pl.Expr | None"]]
"""Of each variable what it is computed by, from the names that are there; None where a part is not."""


def with_computed(table: Filled, period: ReferencePeriod | None) -> Filled:
    """Add the computed variables of a table whose parts are there; who answered for themselves had no proxy."""
    if table.table.name == "people" and {"person_id", "proxy_for"} <= set(table.columns):
        return replace(table, frame=table.frame.with_columns(_proxy()))
    of_jobs: Makers = {
        "pay_month": _pay_month,
        "months_in_period": lambda names: _months_in_period(names, period),
        "is_domestic": _is_domestic,
    }
    of_episodes: Makers = {"corridor": _corridor, "months_abroad": _months_abroad}
    makers = {"jobs": of_jobs, "episodes": of_episodes}.get(table.table.name, {})
    there = set(table.columns)
    new = {name: value for name, make in makers.items() if name not in there and (value := make(there)) is not None}
    frame = table.frame.with_columns(value.alias(name) for name, value in new.items())
    return replace(table, frame=frame, columns=(*table.columns, *new))


def _proxy() -> pl.Expr:
    """Offices often write the line of whoever answered: where it is that of the person, nobody stood in."""
    import polars as pl

    return pl.when(pl.col("proxy_for") != pl.col("person_id")).then(pl.col("proxy_for")).alias("proxy_for")


def _pay_month(there: set[str]) -> pl.Expr | None:
    """Pay times the periods in a month: hours and days from the usual hours and days a week."""
    import polars as pl

    if not {"pay_amount", "pay_period"} <= there:
        return None
    times = pl.col("pay_period").replace_strict(_MONTHS, default=None, return_dtype=pl.Float64)
    for period, usual in (("hour", "hours_usual"), ("day", "days_usual")):
        if usual in there:
            times = pl.when(pl.col("pay_period") == period).then(pl.col(usual) * WEEKS_A_MONTH).otherwise(times)
    return pl.col("pay_amount") * times


def _months_in_period(there: set[str], period: ReferencePeriod | None) -> pl.Expr | None:
    """Months of the work that lie in the reference period; missing where its end is not known."""
    import polars as pl

    if period is None or period.start is None or period.end is None or not {"start", "end"} & there:
        return None
    if "start" not in there or not {"end", "ongoing"} & there:
        return None
    last = pl.lit(period.end)
    end = pl.col("end") if "end" in there else pl.lit(None, dtype=pl.Date)
    if "ongoing" in there:
        end = pl.when(pl.col("ongoing") == "yes").then(last).otherwise(end)
    end = pl.when(end.is_not_null()).then(pl.min_horizontal(end, last))
    start = pl.when(pl.col("start").is_not_null()).then(pl.max_horizontal("start", pl.lit(period.start)))
    return ((end - start).dt.total_days() / DAYS_A_MONTH).clip(lower_bound=0)


def _is_domestic(there: set[str]) -> pl.Expr | None:
    """Work for a household: ISIC division 97; where the industry is not known so far, ISCO-08 5152 or 9111.

    5152 are domestic housekeepers, 9111 domestic cleaners and helpers. Where nothing but section T is known and no
    occupation, the answer is not known: missing.
    """
    import polars as pl

    if not {"isic4", "isco08"} & there:
        return None
    empty = pl.lit(None, dtype=pl.String)
    industry, occupation = (pl.col(n).cast(pl.String) if n in there else empty for n in ("isic4", "isco08"))
    industry = pl.when(industry != _SECTION).then(industry)
    by_industry, by_occupation = industry.is_in(_DOMESTIC_INDUSTRY), occupation.is_in(_DOMESTIC_OCCUPATION)
    domestic = pl.coalesce(by_industry, by_occupation)
    return pl.when(domestic).then(pl.lit("yes")).when(domestic.is_not_null()).then(pl.lit("no"))


def _corridor(there: set[str]) -> pl.Expr | None:
    """From where to where, as XX-XA; missing where one of them is."""
    import polars as pl

    if not {"origin", "destination"} <= there:
        return None
    return pl.concat_str(pl.col("origin"), pl.col("destination"), separator="-")


def _months_abroad(there: set[str]) -> pl.Expr | None:
    """Months between leaving and returning; missing for those who have not returned."""
    import polars as pl

    if not {"depart", "return"} <= there:
        return None
    months = (pl.col("return") - pl.col("depart")).dt.total_days() / DAYS_A_MONTH
    return pl.when(months >= 0).then(months)  # a return before the departure is a fault of its own
