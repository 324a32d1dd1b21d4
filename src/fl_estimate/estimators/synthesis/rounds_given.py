"""Rounds of a figure as estimators of change take them: read, put in order of time, laid side by side with their covariance."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from fl_estimate.arrays import Floats
from fl_estimate.errors import EstimateFault, labels_shown, listed, missing_columns, shown
from fl_estimate.estimators.synthesis.comparable import Bridge, Difference, bridge_of, require_comparable
from fl_estimate.estimators.synthesis.reading import InputRows, rows_of
from fl_estimate.results.basis import RESPONDENTS
from fl_estimate.results.codes import DARK_FIGURE, POPULATION_SIZE
from fl_estimate.results.columns import margin_columns
from fl_estimate.results.domains import in_domain
from fl_estimate.results.estimates import Estimates
from fl_estimate.results.recipe import Period

Given = Mapping[str, Estimates] | Sequence[Estimates] | Estimates
"""Rounds: by name, in a list, or one result with a by-column of them."""
Between = float | Sequence[Sequence[float]] | None
"""One number for every pair of rounds, or one for each pair."""
PERIOD = "period"
Times = Sequence[float] | Mapping[str, float] | None


@dataclass(frozen=True, kw_only=True, eq=False)
class GivenRounds:
    """T rounds of C cells (the nation, domains), in order of time.

    Attributes
    ----------
    labels : tuple of str
    times : float array, shape (T,)
        In years; NaN where they are not needed and not known.
    inputs : tuple of InputRows
    rows : int array, shape (C, T)
        The row of each cell in each round; −1 where a round has none.
    value, se, df : float array, shape (C, T)
        Bridged; of a round without a case the standard error of a round with one.
    covariance : float array, shape (C, T, T)
        Of the errors of a cell in two rounds.
    zero : bool array, shape (C, T)
        Rounds without a case.
    joint : bool
        Whether the covariance is that of one call.
    column : str
        The by-column of the rounds, "" where each is a result of its own.
    bridge : Bridge
    differing : list
        What the rounds say differently of what they count, where that is flagged.
    """

    labels: tuple[str, ...]
    times: Floats
    inputs: tuple[InputRows, ...]
    rows: npt.NDArray[np.intp]
    value: Floats
    se: Floats
    df: Floats
    covariance: Floats
    zero: npt.NDArray[np.bool_]
    joint: bool
    column: str
    bridge: Bridge
    differing: list[Difference]

    @property
    def usable(self) -> npt.NDArray[np.bool_]:
        """Which rounds of a cell have a value and an error, shape (C, T)."""
        return np.isfinite(self.value) & np.isfinite(self.se)

    def results(self) -> list[Estimates]:
        """The result of each round."""
        return [rows.estimates for rows in self.inputs if rows.estimates is not None]


def read_rounds(
    given: Given,
    what: str,
    *,
    column: str | None,
    at: Times,
    correlation: Between,
    overlap: Between,
    bridge: Any,
    differing: str,
    least: int,
    timed: bool = True,
) -> GivenRounds:
    """Read rounds, refuse what cannot be compared, and lay them side by side.

    Parameters
    ----------
    given : mapping, sequence or Estimates
    what : str
        The function, for messages.
    column, at, correlation, overlap, bridge, differing
        As the functions have them.
    least : int
        How many rounds there have to be.
    timed : bool
        Whether the times have to be known.

    Raises
    ------
    EstimateFault
        FL-EST-750 to FL-EST-755, FL-EST-183, FL-EST-185, FL-EST-195.
    """
    results, labels, parts, of = _apart(given, what, column)
    results = [_of_all(one) for one in results] if parts is None else results
    if len(results) < least:
        raise EstimateFault(
            "FL-EST-750", f"{what} needs {'three' if least == 3 else 'two'} rounds at least", found=f"{len(results)}",
            fix="of two rounds fl.synthesis.change gives the change" if least == 3 else "give the rounds that are to be compared",
        )  # fmt: skip
    times = _times(results, labels, at, named=bool(of), needed=timed)
    order = np.argsort(times, kind="stable")
    labels = tuple(labels[i] for i in order)
    inputs = tuple(rows_of(results[i], f"{what}: {labels_shown([str(label)])}", missing=True) for i, label in zip(order, labels, strict=True))  # fmt: skip
    factors = bridge_of(bridge, labels)
    left = require_comparable([one.estimates for one in inputs], labels, factors, differing)
    joint = parts is not None
    whole = cast("Estimates", given).covariance if joint else None
    between = _correlations(correlation, overlap, [results[i] for i in order], labels, joint=joint)
    return _side_by_side(
        inputs, labels, times[order], between, whole, [parts[i] for i in order] if parts else [], factors, left, of
    )


def _apart(
    given: Given, what: str, column: str | None
) -> tuple[list[Estimates], tuple[str, ...], list[npt.NDArray[np.intp]] | None, str]:
    """The result of each round and its name; of one call with covariance also the places of its rows; the column of the rounds."""
    if isinstance(given, Estimates):
        return _by_column(given, what, column)
    values: list[Any] = list(given.values()) if isinstance(given, Mapping) else list(given)
    wrong = [type(one).__name__ for one in values if not isinstance(one, Estimates)]
    if wrong or column is not None:
        raise EstimateFault(
            "FL-EST-751", f"{what}: these are no rounds",
            found=listed(dict.fromkeys(wrong)) or f"column={shown(column)} beside several results",
            fix='give Estimates: {"2021": first, "2024": second}; or one result and its column of rounds: by_year, column="year"',
        )  # fmt: skip
    periods = [one.reference_period for one in values]
    distinct = all(periods) and len(set(periods)) == len(periods)
    own = (
        labels_of(list(given))
        if isinstance(given, Mapping)
        else (periods if distinct else [str(i + 1) for i in range(len(values))])
    )
    return values, tuple(own), None, ""


def _of_all(result: Estimates) -> Estimates:
    """Of case lists the population size, not the dark figure within it."""
    quantities = set(result.frame["quantity"])
    return result.select(quantity=POPULATION_SIZE) if quantities == {POPULATION_SIZE, DARK_FIGURE} else result


def labels_of(names: Sequence[Any]) -> list[str]:
    """Names of rounds; of "prevalence@2021", an estimate that a study makes for every round, the round."""
    short = [str(name).rpartition("@")[2] for name in names]
    return short if len(set(short)) == len(short) else [str(name) for name in names]


def _by_column(
    given: Estimates, what: str, column: str | None
) -> tuple[list[Estimates], tuple[str, ...], list[npt.NDArray[np.intp]] | None, str]:
    # Stacked rounds have their time in a column that is no by-column.
    told = [name for name in (PERIOD,) if name in given.frame and given.frame[name].nunique() > 1]
    only = (*given.by, *(name for name in told if name not in given.by))
    chosen = column if column is not None else (only[0] if len(only) == 1 else "")
    if not chosen:
        raise EstimateFault(
            "FL-EST-751", f"{what}: it is not said which column has the rounds",
            found=f"columns: {listed(only) or 'none'}", fix='column="year", say; or give a result for each round',
        )  # fmt: skip
    if chosen not in only:
        raise missing_columns("FL-EST-21", [chosen], only, EstimateFault)
    values = [value for value in given.frame[chosen].dropna().unique() if value != ""]
    inside = [in_domain(given.frame, given.wording, chosen, value) for value in values]
    found = [_without(given.select(**{chosen: value}), chosen) for value in values]
    places = [np.flatnonzero(rows) for rows in inside] if given.covariance_matrix is not None else None
    return found, tuple(str(value) for value in values), places, chosen


def _without(round_: Estimates, column: str) -> Estimates:
    """The rows of a round as if it had been estimated alone."""
    margins = [" × ".join(name for name in margin_columns(record) if name != column)
               for record in round_.frame.to_dict("records")]  # fmt: skip
    frame = round_.frame.assign(margin=margins).astype({"margin": "string"})
    frame = frame.drop(columns=column) if column in round_.by else frame
    return replace(round_, frame=frame, by=tuple(name for name in round_.by if name != column))


def _times(results: Sequence[Estimates], labels: Sequence[str], at: Times, *, named: bool, needed: bool) -> Floats:
    """The times of rounds; where they are not needed and not known NaN, which leaves the rounds in the order given."""
    try:
        return times_of(results, labels, at, named=named)
    except EstimateFault:
        if needed or at is not None:
            raise
        return np.full(len(labels), np.nan)


def times_of(results: Sequence[Estimates], labels: Sequence[str], at: Times, *, named: bool = False) -> Floats:
    """When each round was, in years: as given, else the middle of its reference period, else its name where that is a year.

    Raises
    ------
    EstimateFault
        FL-EST-752: it is not known, or two rounds are of one time.
    """
    if at is not None:
        return _given_times(at, labels)
    periods = [] if named else [middle(Period(one.reference_period)) for one in results]
    years = [_named_time(label) for label in labels]
    known = next((each for each in (periods, years) if each and all(one is not None for one in each)), None)
    if known is None or len(set(known)) < len(known):
        raise EstimateFault(
            "FL-EST-752", "it is not known when the rounds were" if known is None else "two rounds are of one time",
            found=listed([f"{label}: {one.reference_period or 'no reference period'}" for label, one in zip(labels, results, strict=True)]),
            fix=f"say it in years: at={{{labels[0]!r}: 2018.5, …}}",
        )  # fmt: skip
    return np.array(known, dtype=float)


def _given_times(at: Any, labels: Sequence[str]) -> Floats:
    values = [at.get(label) for label in labels] if isinstance(at, Mapping) else list(at)
    alien = [str(name) for name in at if str(name) not in labels] if isinstance(at, Mapping) else []
    numbers = [one for one in values if isinstance(one, int | float | np.number) and np.isfinite(one)]
    if alien or len(values) != len(labels) or len(numbers) != len(labels) or len(set(numbers)) < len(numbers):
        raise EstimateFault(
            "FL-EST-752", "the times of the rounds cannot be used", found=f"rounds {listed(labels)}; at={shown(at)}",
            fix=f"a different number of years for each round: at={{{labels[0]!r}: 2018.5, …}}",
        )  # fmt: skip
    return np.array(numbers, dtype=float)


def middle(period: Period) -> float | None:
    """The middle of a period in years (2021.5 of "2021"); None where its days are not known."""
    if period.first is None or period.last is None:
        return None
    return (_year(period.first) + _year(period.last + dt.timedelta(days=1))) / 2


def _year(day: dt.date) -> float:
    start, end = dt.date(day.year, 1, 1), dt.date(day.year + 1, 1, 1) if day.year < dt.MAXYEAR else day
    return day.year + (day - start).days / max((end - start).days, 1)


def _named_time(label: str) -> float | None:
    found = middle(Period(label))
    if found is not None:
        return found
    try:
        number = float(label)
    except ValueError:
        return None
    # A code 1, 2, 3 is no year: the slope would be in rounds and called one in years.
    return number if 1800 <= number <= 2200 else None


def _correlations(
    correlation: Between, overlap: Between, results: Sequence[Estimates], labels: Sequence[str], *, joint: bool
) -> Floats:
    """Correlation of the errors of each pair of rounds, shape (T, T)."""
    if joint and (correlation is not None or overlap is not None):
        raise EstimateFault(
            "FL-EST-754", "the covariance between these rounds is known already", found="rows of one call, which carry it",
            fix="leave correlation= and overlap= out",
        )  # fmt: skip
    if overlap is not None and correlation is None:
        raise EstimateFault(
            "FL-EST-754", "an overlap needs the correlation of the answers of those who were asked twice",
            found=f"overlap={shown(overlap)}", fix="correlation=0.6, say; from the respondents of both rounds",
        )  # fmt: skip
    hashes = [one.provenance.source_sha256 for one in results if one.provenance.source_sha256]
    if correlation is None and not joint and len(set(hashes)) < len(hashes):
        raise EstimateFault(
            "FL-EST-755", "two rounds are of one file, and it is not said whether they share respondents or sampling units",
            found=listed(labels), fix="estimate them in one call, by a column of rounds, whose covariance is then known; or say "
            "correlation=0 where they are independent samples",
        )  # fmt: skip
    made = _matrix(0.0 if correlation is None else correlation, len(labels), "correlation", -1.0)
    if overlap is not None:
        made = made * _matrix(overlap, len(labels), "overlap", 0.0)
    if np.linalg.eigvalsh(made).min() < -1e-9:
        raise EstimateFault(
            "FL-EST-754", "no errors can be correlated like this", found=f"correlation={shown(correlation)}",
            fix="correlations of several rounds bind each other: with 0.9 and 0.9 the third pair is at least 0.62",
        )  # fmt: skip
    return made


def _matrix(given: Any, size: int, name: str, least: float) -> Floats:
    try:
        made: Floats = np.array(given, dtype=float)
    except (TypeError, ValueError):
        made = np.array(np.nan)
    whole: Floats = np.full((size, size), float(made)) if made.ndim == 0 else made
    if whole.shape == (size, size):
        whole = np.where(np.eye(size, dtype=bool), 1.0, whole)
    if whole.shape != (size, size) or not ((whole >= least) & (whole <= 1)).all() or not np.allclose(whole, whole.T):
        raise EstimateFault(
            "FL-EST-754", f"{name}= cannot be used", found=shown(given),
            fix=f"a number from {least:g} to 1, or for {size} rounds a symmetric table of {size} rows and columns of such, in order of time",
        )  # fmt: skip
    return whole


def _side_by_side(
    inputs: tuple[InputRows, ...],
    labels: tuple[str, ...],
    times: Floats,
    between: Floats,
    whole: Floats | None,
    places: Sequence[npt.NDArray[np.intp]],
    bridge: Bridge,
    differing: list[Difference],
    column: str,
) -> GivenRounds:
    keys = list(dict.fromkeys(str(key) for rows in inputs for key in rows.keys))
    at = [{str(key): row for row, key in enumerate(rows.keys)} for rows in inputs]
    rows = np.array([[own.get(key, -1) for own in at] for key in keys], dtype=np.intp).reshape(len(keys), len(inputs))
    if not ((rows >= 0).sum(axis=1) > 1).any():
        raise EstimateFault(
            "FL-EST-185", "the rounds have no row in common", found=listed(keys),
            fix="estimate all of them by the same columns",
        )  # fmt: skip

    def laid(name: str) -> Floats:
        parts = [np.where(rows[:, t] < 0, np.nan, getattr(one, name)[rows[:, t]]) for t, one in enumerate(inputs)]
        return np.stack(parts, axis=1)

    value, se, upper = laid("value"), laid("se"), laid("upper")
    zero, se = without_cases(inputs, value, se, upper)
    covariance = between[None, :, :] * se[:, :, None] * se[:, None, :]
    if whole is not None:
        covariance = _of_call(covariance, whole, rows, places, zero)
    covariance = np.stack([bridge.covariance(value[i], covariance[i]) for i in range(len(keys))])
    return GivenRounds(
        labels=labels, times=times, inputs=inputs, rows=rows, value=bridge.values(value),
        se=np.sqrt(np.diagonal(covariance, axis1=1, axis2=2)), df=laid("df"), covariance=covariance, zero=zero,
        joint=whole is not None, column=column,
        bridge=bridge, differing=differing,
    )  # fmt: skip


def without_cases(
    inputs: Sequence[InputRows], value: Floats, se: Floats, upper: Floats
) -> tuple[npt.NDArray[np.bool_], Floats]:
    """Rounds without a case, and standard errors with theirs: that of one effective case in as many people.

    Of a survey the limit U = 1 − (α/2)^{1/n*} tells the effective people n* = log(α/2)/log(1 − U); in persons U is N̂ times that, and
    −U/log(α/2) is N̂/n* but for terms of U², in shares 1/n*.
    """
    survey = np.array([one.basis == RESPONDENTS for one in inputs], dtype=bool)
    tail = -np.log([(1 - one.level) / 2 if 0 < one.level < 1 else np.nan for one in inputs])
    zero = (value == 0) & ~(se > 0) & survey[None, :] & (upper > 0)
    return zero, np.where(zero, upper / tail[None, :], se)


def _of_call(
    covariance: Floats, whole: Floats, rows: npt.NDArray[np.intp], places: Sequence[npt.NDArray[np.intp]],
    zero: npt.NDArray[np.bool_],
) -> Floats:  # fmt: skip
    """The covariance of one call; a round without a case has an error of its own there, and none in common."""
    own = np.where(np.eye(covariance.shape[1], dtype=bool)[None], covariance, 0.0)
    for cell, of in enumerate(rows):
        there = np.flatnonzero((of >= 0) & ~zero[cell])
        at = np.array([places[int(t)][of[t]] for t in there], dtype=np.intp)
        own[cell][np.ix_(there, there)] = whole[np.ix_(at, at)]
    return own
