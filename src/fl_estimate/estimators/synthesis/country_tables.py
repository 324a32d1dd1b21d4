"""Tables of countries: what was surveyed, how many live there, and to which region each belongs, read and checked together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd

from fl_estimate.errors import EstimateFault, listed, missing_columns
from fl_estimate.estimators.synthesis.reading import Floats, rows_of
from fl_estimate.results.basis import Support
from fl_estimate.results.codes import PREVALENCE, Quantity
from fl_estimate.results.estimates import Estimates
from fl_estimate.results.recipe import shared_text

UNITS: dict[str, float] = {quantity: quantity.per for quantity in Quantity.all() if quantity.unit == "share"}


@dataclass(frozen=True, kw_only=True)
class Surveys:
    """What was surveyed: prevalence and standard error by country, and what the figures say of themselves.

    `bases` and `support` say on what they rest, in the order of the countries.
    """

    by: str
    value: Mapping[Any, float]
    se: Mapping[Any, float]
    df: Mapping[Any, float]
    totals: bool
    outcome: str
    about: Mapping[str, str]
    bases: tuple[str, ...]
    support: Support
    source: str = ""


def read_surveys(given: Any, population: Any, stated: Mapping[str, str | None]) -> Surveys:
    """The surveyed countries of whatever was given."""
    if isinstance(given, Mapping):
        return _from_mapping(given, population, stated)
    if isinstance(given, Estimates):
        if len(given.by) != 1:
            raise _misfit("the estimates are not by one column, the country", listed(given.by) or "no by-column",
                          'estimate with by="country", or give a mapping of country to Estimates')  # fmt: skip
        (by,) = given.by
        cells = given.select(margin=by)
        kept, labels = rows_of(cells, "estimates"), cells.frame[by]
        there = labels.notna().to_numpy(dtype=bool)
        outcome = str(cells.frame["outcome"].iloc[0])
        result = _by_country(
            by, labels[there].tolist(), kept.value[there], kept.se[there], kept.df[there], kept.quantity, outcome, [given], stated
        )  # fmt: skip
        bases = tuple(cells.frame["basis"][there])
        return replace(result, bases=bases, support=kept.support.take(np.flatnonzero(there)))
    by = _shared_column(given, population)
    table = _table(given, [by, "value", "se"], "estimates")
    # A column of numbers called population is how many live there, not of whom the figure speaks.
    columns = [
        name
        for name in ("measure", "population", "reference_period")
        if name in table and not pd.api.types.is_numeric_dtype(table[name])
    ]
    words = {name: stated.get(name) for name in stated}
    for name in columns:
        result = sorted({str(x) for x in table[name] if x is not None and x == x and str(x)})
        if len(result) > 1 and words[name] is None:
            raise EstimateFault("FL-EST-25", f"the results speak of different things: {name.replace('_', ' ')}",
                                found="; ".join(result), fix="aggregate what belongs together, or say what all of them mean")  # fmt: skip
        words[name] = words[name] or (result[0] if result else "")
    size = len(table)
    return _by_country(by, table[by].tolist(), table["value"].to_numpy(dtype=float), table["se"].to_numpy(dtype=float),
                       np.full(size, np.inf), PREVALENCE, str(table["outcome"].iloc[0]) if "outcome" in table else "forced_labour",
                       [], {k: v or "" for k, v in words.items()})  # fmt: skip


def _from_mapping(given: Mapping[Any, Estimates], population: Any, stated: Mapping[str, str | None]) -> Surveys:
    if not given:
        raise _misfit("there is no survey", "an empty mapping", "give at least one country")
    rows = {country: rows_of(result.national, f"estimates[{country!r}]") for country, result in given.items()}
    several = [str(country) for country, own in rows.items() if len(own.value) != 1]
    quantities = sorted({own.quantity for own in rows.values()})
    outcomes = sorted({str(result.frame["outcome"].iloc[0]) for result in given.values()})
    if several or len(quantities) > 1 or len(outcomes) > 1:
        raise _misfit("each country gives one national figure of one quantity and outcome",
                      listed(several) or ", ".join(quantities + outcomes), "select them first")  # fmt: skip
    joined = {name: np.array([float(getattr(own, name)[0]) for own in rows.values()]) for name in ("value", "se", "df")}
    by = other_column(population, "population")
    found = _by_country(by, list(given), joined["value"], joined["se"], joined["df"], quantities[0], outcomes[0],
                        list(given.values()), stated)  # fmt: skip
    every = Support.joined([own.support for own in rows.values()])
    return replace(found, bases=tuple(own.basis for own in rows.values()), support=every)


def _by_country(
    by: str, labels: list[Any], value: Floats, se: Floats, df: Floats, quantity: str, outcome: str,
    results: list[Estimates], stated: Mapping[str, str | None],
) -> Surveys:  # fmt: skip
    twice = [str(label) for label in dict.fromkeys(labels) if labels.count(label) > 1]
    wrong = [
        str(label) for label, v, s in zip(labels, value, se, strict=True) if not (np.isfinite(v) and v >= 0 and s >= 0)
    ]
    if twice or wrong or not labels:
        raise _misfit("a country needs one figure of 0 or more, with its standard error", listed(twice or wrong) or "no country",
                      "one row a country, value a proportion, se its standard error")  # fmt: skip
    totals = quantity not in UNITS
    unit = UNITS.get(quantity, 1.0)
    told = {name: shared_text(results, name, word) if results else word or "" for name, word in stated.items()}
    return Surveys(
        by=by,
        value=dict(zip(labels, (value / unit).tolist(), strict=True)),
        se=dict(zip(labels, (se / unit).tolist(), strict=True)),
        df=dict(zip(labels, df.tolist(), strict=True)),
        totals=totals,
        outcome=outcome,
        about=told,
        bases=("figures",) * len(labels),
        support=Support.unknown(len(labels)),
        source=", ".join(dict.fromkeys(r.provenance.source_name for r in results if r.provenance.source_name)),
    )


def require_complete(surveys: Surveys, persons: Mapping[Any, Any], regions: Mapping[Any, Any]) -> None:
    """Every country has a population and a region; all that is wrong is told at once."""
    known = set(persons) & set(regions)
    faults = {
        "without a population": [c for c in {**regions, **surveys.value} if c not in persons],
        "without a region": [c for c in {**persons, **surveys.value} if c not in regions],
        "whose population is not above 0": [c for c in persons if not (isinstance(persons[c], int | float) and persons[c] > 0)],
        "whose region is empty": [c for c in known if regions[c] is None or regions[c] != regions[c] or regions[c] == ""],
    }  # fmt: skip
    found = [f"{what}: {listed(map(str, names))}" for what, names in faults.items() if names]
    if found:
        raise _misfit("the tables of countries do not fit together", "; ".join(found),
                      "spell each country alike in all three tables, and give every one a population and a region")  # fmt: skip


def _table(given: Any, needed: list[str], what: str) -> pd.DataFrame:
    try:
        frame = nw.from_native(given).lazy().collect().to_pandas()
    except TypeError as error:
        raise _misfit(f"{what} is not a data frame", type(given).__name__, "give a pandas or polars frame") from error
    if absent := [name for name in needed if name not in frame.columns]:
        raise missing_columns("FL-EST-190", absent, [str(name) for name in frame.columns], EstimateFault)
    return frame


def by_country(given: Any, by: str, column: str) -> dict[Any, Any]:
    """One column of a frame by country, each country once."""
    frame = _table(given, [by, column], column)
    labels = frame[by].tolist()
    if twice := [str(label) for label in dict.fromkeys(labels) if labels.count(label) > 1]:
        raise _misfit(f"a country stands twice in the table of {column}", listed(twice), "one row a country")
    return dict(zip(labels, frame[column].tolist(), strict=True))


def other_column(given: Any, than: str) -> str:
    """The one column of a frame that is not `than`."""
    others = [str(name) for name in _table(given, [than], "the table").columns if name != than]
    if len(others) != 1:
        raise _misfit(
            f"a table needs {than!r} and one more column", listed(others) or "no other column", "leave the others out"
        )
    return others[0]


def _shared_column(given: Any, population: Any) -> str:
    mine = {str(name) for name in _table(given, ["value", "se"], "estimates").columns}
    shared = [
        str(name) for name in _table(population, ["population"], "population").columns if name in mine - {"population"}
    ]
    if len(shared) != 1:
        raise _misfit("the column of the countries cannot be told", listed(shared) or "no column in both tables",
                      "call it alike in estimates, population and groups")  # fmt: skip
    return shared[0]


def _misfit(what: str, found: str, fix: str) -> EstimateFault:
    return EstimateFault("FL-EST-190", what, found=found, fix=fix)
