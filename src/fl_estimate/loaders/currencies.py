"""Amounts of money in one currency: fees paid at home and wages earned abroad cannot be added or divided as they are."""

from __future__ import annotations

from collections.abc import Mapping as Dictionary
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from fl_estimate.loaders.mapping_parts import RatesRule
from fl_estimate.loaders.tables import Filled, faults_where
from fl_estimate.schema.validate import Fault

if TYPE_CHECKING:
    import polars as pl

ORIGINAL = "_original"
"""Ending of the columns that keep amounts and currencies as they were told."""
_DEPART, _REFERENCE, _RATE = "__depart__", "__reference__", "__rate__"


@dataclass(frozen=True, kw_only=True)
class _Money:
    """Amounts of a table, the column of their currency, and that of the day whose rate counts."""

    table: str
    amounts: tuple[str, ...]
    currency: str
    date: str


MONEY: tuple[_Money, ...] = (
    _Money(table="costs", amounts=("amount",), currency="currency", date="date"),
    _Money(table="episodes", amounts=("first_month_earnings",), currency="earnings_currency", date="depart"),
    _Money(
        table="episodes", amounts=("borrowed_amount", "debt_outstanding"), currency="borrowed_currency", date="depart"
    ),
    _Money(
        table="jobs", amounts=("pay_amount", "pay_month", "minimum_wage_ref"), currency="pay_currency", date="start"
    ),
)
"""What is converted. A cost without a date is converted at the day its episode began (SDG 10.7.1: at the date paid)."""


def in_one_currency(
    filled: Dictionary[str, Filled], rates: RatesRule | None
) -> tuple[dict[str, Filled], tuple[Fault, ...]]:
    """Convert every amount, or check that none would be taken together with one in another currency.

    Parameters
    ----------
    filled : dict of str to Filled
    rates : RatesRule, optional
        Where there are none, nothing is converted.

    Returns
    -------
    tables : dict of str to Filled
        With rates: amounts and currencies in the one currency, and beside them what was told (``amount_original``).
        An amount of unknown currency is an unknown amount.
    faults : tuple of Fault
        Errors: a currency that has no rate on its day; without rates, a cost in another currency than the earnings of
        its episode. Warnings: amounts without a currency; a currency that is not mapped; several currencies in a column
        and no rates.
    """
    tables, faults = dict(filled), list[Fault]()
    for money in MONEY:
        table = tables.get(money.table)
        if table is None:
            continue
        kinds = table.frame.collect_schema()
        there = [name for name in money.amounts if name in table.columns and kinds[name].is_numeric()]
        if there and rates is not None and money.currency not in table.columns:
            faults.append(_left(money, there))
        if not there or money.currency not in table.columns:
            continue
        if rates is None:
            faults += _several(table, money, there)
            continue
        dated = _with_day(table, money, tables)
        tables[money.table], found = _converted(dated, money, there, rates)
        faults += found
    if rates is None:
        faults += _mixed(tables)
    return tables, tuple(faults)


def _with_day(table: Filled, money: _Money, tables: Dictionary[str, Filled]) -> Filled:
    """Write the day whose rate counts beside each row; of costs without one, the day that the episode began."""
    import polars as pl

    frame = table.frame
    episodes = tables.get("episodes")
    if money.table == "costs" and episodes is not None and "depart" in episodes.columns:
        began = episodes.frame.unique("episode_id", keep="any").select("episode_id", pl.col("depart").alias(_DEPART))
        frame = frame.join(began, on="episode_id", how="left", maintain_order="left")
    else:
        frame = frame.with_columns(pl.lit(None, dtype=pl.Date).alias(_DEPART))
    dated = money.date in table.columns and frame.collect_schema()[money.date] == pl.Date
    own = pl.col(money.date) if dated else pl.lit(None, dtype=pl.Date)
    return replace(table, frame=frame.with_columns(pl.coalesce(own, pl.col(_DEPART)).alias(_DEPART)))


def _converted(table: Filled, money: _Money, amounts: list[str], rates: RatesRule) -> tuple[Filled, tuple[Fault, ...]]:
    import polars as pl

    currency = pl.col(money.currency).cast(pl.String)
    frame = table.frame.with_columns(_rate(currency, rates).alias(_RATE))
    filled = pl.any_horizontal(pl.col(name).is_not_null() for name in amounts)
    unrated = filled & currency.is_not_null() & pl.col(_RATE).is_null()
    no_currency = filled & currency.is_null()
    faults = [
        *faults_where(table, frame, money.currency, "currency", "no rate on its day", unrated),
        *faults_where(table, frame, money.currency, "currency", "an amount without one", no_currency, "warning"),
    ]
    kept = [pl.col(name).alias(f"{name}{ORIGINAL}") for name in (*amounts, money.currency)]
    frame = frame.with_columns(*kept).with_columns(
        *(pl.col(name) * pl.col(_RATE) for name in amounts),
        pl.when(currency.is_not_null()).then(pl.lit(rates.to)).alias(money.currency),
    )
    columns = (*table.columns, *(f"{name}{ORIGINAL}" for name in (*amounts, money.currency)))
    return replace(table, frame=frame.drop(_RATE, _DEPART), columns=columns), tuple(faults)


def _rate(currency: pl.Expr, rates: RatesRule) -> pl.Expr:
    """The rate of the month, else of the year, else the one rate of the currency."""
    import polars as pl

    always: dict[str, float] = {rates.to: 1.0}
    dated: dict[str, float] = {}
    for name, rate in rates.rate.items():
        if isinstance(rate, dict):
            dated |= {f"{name} {when}": value for when, value in rate.items()}
        else:
            always[name] = rate
    steps: list[pl.Expr] = []
    if dated:
        day = pl.col(_DEPART)
        steps = [
            pl.concat_str(currency, day.dt.strftime(form), separator=" ").replace_strict(
                dated, default=None, return_dtype=pl.Float64
            )
            for form in ("%Y-%m", "%Y")
        ]
    return pl.coalesce(*steps, currency.replace_strict(always, default=None, return_dtype=pl.Float64))


def _left(money: _Money, amounts: list[str]) -> Fault:
    """With rates: a warning where nothing says which currency amounts are in, so that they stay as they are."""
    return Fault(
        table=money.table,
        variable=money.currency,
        rule="currency",
        value_class=f"not mapped: {', '.join(amounts)} left as told, in a currency of their own",
        count=0,
        severity="warning",
    )


def _several(table: Filled, money: _Money, amounts: list[str]) -> list[Fault]:
    """Without rates: a warning where a column of amounts is in more than one currency."""
    import polars as pl

    filled = pl.any_horizontal(pl.col(name).is_not_null() for name in amounts)
    kinds = table.frame.filter(filled).select(pl.col(money.currency).drop_nulls().n_unique()).collect().item()
    if kinds < 2:
        return []
    text = "several currencies and no [rates]: sums and means of the amounts have no meaning"
    return [
        Fault(
            table=money.table,
            variable=money.currency,
            rule="currency",
            value_class=text,
            count=0,
            severity="warning",
        )
    ]


def _mixed(tables: Dictionary[str, Filled]) -> list[Fault]:
    """Without rates: costs in another currency than the earnings of their episode, or than its other costs."""
    import polars as pl

    costs, episodes = tables.get("costs"), tables.get("episodes")
    if costs is None or not {"amount", "currency", "episode_id"} <= set(costs.columns):
        return []
    frame = costs.frame
    if episodes is not None and {"earnings_currency", "episode_id"} <= set(episodes.columns):
        earned = episodes.frame.unique("episode_id", keep="any")
        earned = earned.select("episode_id", pl.col("earnings_currency").cast(pl.String).alias(_REFERENCE))
        frame = frame.join(earned, on="episode_id", how="left", maintain_order="left")
    else:
        frame = frame.with_columns(pl.lit(None, dtype=pl.String).alias(_REFERENCE))
    currency = pl.col("currency").cast(pl.String)
    first = currency.drop_nulls().first().over("episode_id")
    other = pl.col("amount").is_not_null() & (currency != pl.coalesce(pl.col(_REFERENCE), first))
    text = "not that of the episode's earnings or other costs, and no [rates]"
    return list(faults_where(costs, frame, "currency", "currency", text, other))
