"""Spells of forced labour clipped to a window: who was in it, for how many years of it, and who still is."""

from __future__ import annotations

from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd

from fl_estimate.errors import EstimateFault, missing_columns
from fl_estimate.estimators.synthesis.reading import require_finite


def spells(
    episodes: Any,
    *,
    person: str,
    start: str,
    end: str,
    ongoing: str | None = None,
    window_end: float | str,
    window_years: float,
) -> pd.DataFrame:
    """Clip spells to a window at both ends, and add them up by person.

    What a respondent has lived through *so far* cannot be averaged into a duration that fits a stock; clipped to the
    window, spell by spell, it can.

    Parameters
    ----------
    episodes : frame
        One row a spell.
    person, start, end : str
        Columns: who; when the spell began and ended, in years (2017.25) or as dates.
    ongoing : str, optional
        0/1: the spell was still going on at `window_end`; its `end` is not looked at. Without this column every spell
        has an end.
    window_end : float or ISO date
        When the window ends: the day of the interview, or of the survey.
    window_years : float

    Returns
    -------
    pandas.DataFrame
        One row a person with a spell: `ever` (0/1, any time inside the window), `years_in_window` (spells that overlap
        count once), `current` (0/1, in a spell when the window ends). Join it to the people; who has no row has 0.

    Raises
    ------
    EstimateFault
        FL-EST-189: columns that are not there, spells without a date, or that end before they begin; FL-EST-188.

    Examples
    --------
    >>> import fl_estimate as fl, pandas as pd
    >>> episodes = pd.DataFrame({"id": [1, 1, 2], "from": [2010.0, 2016.0, 2015.5], "to": [2014.0, 2016.5, None],
    ...                          "still": [0, 0, 1]})
    >>> fl.synthesis.spells(episodes, person="id", start="from", end="to", ongoing="still", window_end=2018.0,
    ...                     window_years=5).values.tolist()
    [[1.0, 1.0, 1.5, 0.0], [2.0, 1.0, 2.5, 1.0]]
    """
    require_finite({"window_years": window_years}, above=0)
    names = [person, start, end, *([ongoing] if ongoing else [])]
    try:
        lazy = nw.from_native(episodes).lazy()
    except TypeError as error:
        raise EstimateFault("FL-EST-189", "this is not a data frame", found=type(episodes).__name__) from error
    schema = lazy.collect_schema()
    if absent := [name for name in names if name not in schema]:
        raise missing_columns("FL-EST-189", absent, list(schema), EstimateFault)
    table = lazy.select(names).collect().to_pandas()
    last = _years(pd.Series([window_end]))[0]
    begun = _years(table[start])
    still = np.zeros(len(table), dtype=bool) if ongoing is None else table[ongoing].to_numpy() == 1
    ended = np.where(still, last, _years(table[end]))
    _check(begun, ended, still, table[person].isna().to_numpy(), last)
    first = last - window_years
    clipped = pd.DataFrame(
        {"person": table[person].to_numpy(), "low": np.maximum(begun, first), "high": np.minimum(ended, last),
         "current": still | ((begun <= last) & (ended > last))}
    )  # fmt: skip
    rows: list[dict[str, Any]] = []
    for who, own in clipped.groupby("person", sort=True):
        years, inside = _union(own["low"].to_numpy(dtype=float), own["high"].to_numpy(dtype=float))
        rows.append({person: who, "ever": int(inside), "years_in_window": years, "current": int(own["current"].any())})
    return pd.DataFrame(rows, columns=[person, "ever", "years_in_window", "current"])


def _union(low: np.ndarray, high: np.ndarray) -> tuple[float, bool]:
    """Years covered by intervals that may overlap, and whether any lies in the window."""
    years, reached, inside = 0.0, -np.inf, False
    for position in np.argsort(low, kind="stable"):
        if high[position] < low[position]:  # wholly outside the window
            continue
        inside = True
        years += max(0.0, float(high[position] - max(low[position], reached)))
        reached = max(reached, float(high[position]))
    return years, inside


def _years(column: pd.Series[Any]) -> np.ndarray:
    """Dates as years with decimals; numbers as they are; NaN where there is none."""
    if pd.api.types.is_numeric_dtype(column):
        return column.to_numpy(dtype=float, na_value=np.nan)
    dates = pd.to_datetime(column, errors="coerce")
    length = np.where(dates.dt.is_leap_year, 366, 365)
    return (dates.dt.year + (dates.dt.day_of_year - 1) / length).to_numpy(dtype=float, na_value=np.nan)


def _check(begun: np.ndarray, ended: np.ndarray, still: np.ndarray, nobody: np.ndarray, last: float) -> None:
    faults = {
        "without a person": nobody,
        "without a date of beginning": np.isnan(begun),
        "without an end, and not said to go on": np.isnan(ended) & ~still,
        "that end before they begin": ended < begun,
    }
    found = [f"{int(rows.sum())} spells {what}" for what, rows in faults.items() if rows.any()]
    if np.isnan(last):
        found.append("a window_end that is no date")
    if found:
        raise EstimateFault(
            "FL-EST-189", "the spells cannot be clipped to a window", found="; ".join(found),
            fix="give each spell a beginning and an end, or ongoing=; what is not known must be decided first",
        )  # fmt: skip
