"""What an area model starts from: direct estimates by area, covariates and population, read and checked at the door."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import narwhals as nw
import numpy as np
import numpy.typing as npt
import pandas as pd

from fl_estimate.arrays import Floats
from fl_estimate.errors import EstimateFault, listed, missing_columns, shown
from fl_estimate.results.basis import Support
from fl_estimate.results.codes import MEAN, PREVALENCE
from fl_estimate.results.columns import IMPUTED
from fl_estimate.results.estimates import CONTEXT, FIXED, NOT_STATED, Estimates

NUMBERS: tuple[str, ...] = ("value", "se", "n", "cases", "deff", "undetermined")
LIMITS: tuple[str, ...] = ("lower", "upper")
COUNTS: tuple[str, ...] = ("value", "n", "deff")
VALUES: tuple[str, ...] = ("value", "se")


@dataclass(frozen=True, kw_only=True)
class Direct:
    """Direct estimates, one an area; every array has shape (m,), NaN where nothing is known.

    `keys` are the labels as text, by which other frames are matched; `national` holds the same numbers of the nation,
    NaN where there is no such row; `support` is that of the direct cells, for rules of publication; `recipe` is the result that they come from, where they come from one. In a panel, one
    row an area and time, `time` names the second by-column and `times` are its labels; the keys then hold both.
    `smoothed` are the rows whose standard error is another's (`smoothing.filled`); `units_known` is whether degrees of
    freedom came with the numbers, so that it is known how well variances were estimated.
    """

    by: str
    labels: tuple[Any, ...]
    keys: tuple[str, ...]
    numbers: Mapping[str, Floats]
    national: Mapping[str, float]
    quantity: str
    outcome: str
    support: Support
    national_support: Support
    recipe: Estimates | None = None
    time: str = ""
    times: tuple[Any, ...] = ()
    smoothed: tuple[int, ...] = ()
    units_known: bool = False

    @property
    def by_columns(self) -> dict[str, list[Any]]:
        """The by-columns of the result, without the nation."""
        return {self.by: list(self.labels), **({self.time: list(self.times)} if self.time else {})}

    @property
    def margin(self) -> str:
        """What the margin of its rows is called."""
        return " × ".join(self.by_columns)

    def with_areas(self, labels: Mapping[str, Any]) -> Direct:
        """These and the areas of other frames, which have no sample; sorted where these were."""
        more = {key: label for key, label in labels.items() if key not in self.keys}
        if not more:
            return self
        every = [*zip(self.keys, self.labels, strict=True), *more.items()]
        order = list(range(len(every)))
        if list(self.labels) == _sorted(self.labels):
            order = sorted(order, key=lambda position: _rank(every[position][1]))
        padding = {name: np.nan if name != "n" else 0.0 for name in NUMBERS}
        numbers = {
            name: np.concatenate([values, np.full(len(more), padding[name])])[order]
            for name, values in self.numbers.items()
        }
        empty = Support.of(np.zeros(len(more)), 0.0, psus_with_cases=0.0)
        return Direct(
            by=self.by, labels=tuple(every[position][1] for position in order), keys=tuple(every[position][0] for position in order),
            support=Support.joined([self.support, empty]).take(order), national_support=self.national_support,
            numbers=numbers, national=self.national, quantity=self.quantity, outcome=self.outcome, recipe=self.recipe,
            units_known=self.units_known,
        )  # fmt: skip

    def in_order(self, order: npt.NDArray[np.intp]) -> Direct:
        """These in another order."""
        return replace(
            self,
            labels=tuple(self.labels[position] for position in order),
            keys=tuple(self.keys[position] for position in order),
            times=tuple(self.times[position] for position in order) if self.time else (),
            numbers={name: values[order] for name, values in self.numbers.items()},
            support=self.support.take(order),
        )


@dataclass(frozen=True, kw_only=True)
class Keyed:
    """A frame with one row an area (in a panel also: an area and time): labels and columns by the key.

    `areas` are the labels of the areas by their own keys; `paired` says that keys hold times too.
    """

    labels: Mapping[str, Any]
    columns: Mapping[str, Mapping[str, Any]]
    areas: Mapping[str, Any]
    paired: bool = False


def pair(area: Any, time: Any) -> str:
    """The key of an area and time."""
    return f"{text(area)}, {text(time)}"


def read_direct(direct: Any, needed: Sequence[str], others: Sequence[Any], time: str | None = None) -> Direct:
    """Read direct estimates; the national row is kept aside and the row of missing labels left out.

    Parameters
    ----------
    direct : Estimates or frame
    needed : sequence of str
        Columns that there must be: `COUNTS` or `VALUES`.
    others : sequence of frames
        Covariates and population: they tell which column of a plain frame names the areas.
    time : str, optional
        The by-column of times; beside another one, which names the areas, the rows are a panel.

    Raises
    ------
    EstimateFault
        FL-EST-40 to FL-EST-43.
    """
    recipe = direct if isinstance(direct, Estimates) else None
    columns = read_columns(direct.frame if isinstance(direct, Estimates) else direct, "direct")
    by = _by_of(recipe, columns, others, time)
    second = time if time is not None and time != by and time in columns else ""
    absent = [name for name in needed if name not in columns]
    if absent:
        raise missing_columns("FL-EST-42", absent, list(columns), EstimateFault)
    size = len(columns[by])
    if any(text(bound) not in ("", IMPUTED) for bound in columns.get("bound", [])):
        raise EstimateFault(
            "FL-EST-41",
            "an area model takes one direct estimate an area, not two bounds",
            found="rows with bound lower and upper",
            fix='estimate with unknown="no", "exclude" or "impute", one model each',
        )
    margins = [text(margin) for margin in columns["margin"]] if "margin" in columns else [by] * size
    if recipe is None and "margin" in columns:  # a frame of Estimates says by a level who did not state their area
        columns |= {
            name: [None if label == NOT_STATED else label for label in columns[name]] for name in {by, second} if name
        }
    times = columns[second] if second else [0] * size
    outcome, quantity = _only(columns, "outcome"), _only(columns, "quantity")
    rows = [
        row for row in range(size) if margins[row] and not is_missing(columns[by][row]) and not is_missing(times[row])
    ]
    keys = [pair(columns[by][row], times[row]) if second else text(columns[by][row]) for row in rows]
    _refuse_twice(keys, "direct")
    numbers = {name: as_floats(columns[name], name) if name in columns else np.full(size, np.nan) for name in NUMBERS}
    numbers |= {name: as_floats(columns.get(name, [None] * size), name) for name in LIMITS}
    nation = [row for row in range(size) if not margins[row]]
    known = _counted(columns, numbers) if recipe is None else recipe.support
    return Direct(
        by=by,
        labels=tuple(columns[by][row] for row in rows),
        keys=tuple(keys),
        numbers={name: numbers[name][rows] for name in NUMBERS},
        national={name: float(values[nation[0]]) if nation else np.nan for name, values in numbers.items()},
        quantity=quantity or (PREVALENCE if "n" in needed else MEAN),
        outcome=outcome,
        support=known.take(rows),
        national_support=known.take(nation[:1] or [-1]),
        recipe=recipe,
        time=second,
        times=tuple(times[row] for row in rows) if second else (),
        units_known=recipe is not None or "df" in columns,
    )


def _counted(columns: Mapping[str, Sequence[Any]], numbers: Mapping[str, Floats]) -> Support:
    """What a plain frame says of its support; without a column of degrees of freedom people are as if drawn one by one."""
    df = as_floats(columns["df"], "df") if "df" in columns else numbers["n"] - 1
    return Support.of(numbers["n"], numbers["cases"], df=df)


def read_keyed(frame: Any, by: str, argument: str, time: str = "") -> Keyed:
    """Read a frame of one row an area, or where it has the column `time`, of one row an area and time.

    Raises
    ------
    EstimateFault
        FL-EST-40, FL-EST-42, FL-EST-43.
    """
    columns = read_columns(frame, argument)
    if by not in columns:
        raise missing_columns("FL-EST-42", [by], list(columns), EstimateFault)
    paired = bool(time) and time in columns
    rows = [row for row, label in enumerate(columns[by]) if not is_missing(label)]
    keys = [pair(columns[by][row], columns[time][row]) if paired else text(columns[by][row]) for row in rows]
    _refuse_twice(keys, argument)
    return Keyed(
        labels={key: columns[by][row] for key, row in zip(keys, rows, strict=True)},
        columns={
            name: {key: values[row] for key, row in zip(keys, rows, strict=True)}
            for name, values in columns.items()
            if name not in (by, time if paired else by)
        },
        areas={text(columns[by][row]): columns[by][row] for row in rows},
        paired=paired,
    )


def read_columns(frame: Any, argument: str) -> dict[str, list[Any]]:
    """Every column of a small frame as a list.

    Raises
    ------
    EstimateFault
        FL-EST-40.
    """
    try:
        table: Any = nw.from_native(frame).lazy().collect()
    except TypeError as error:
        raise EstimateFault(
            "FL-EST-40",
            f"{argument}= cannot be read",
            found=type(frame).__name__,
            fix="pass the Estimates of estimate_prevalence, or a pandas, polars or pyarrow frame with one row an area",
        ) from error
    return {name: table[name].to_list() for name in table.columns}


def is_missing(value: Any) -> bool:
    """None, NaN, and pandas' missing values."""
    return value is None or value is pd.NA or value != value


def text(value: Any) -> str:
    """A label as text, the same on every engine: 3.0 is 3; missing is empty."""
    if is_missing(value):
        return ""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def as_floats(values: Sequence[Any], name: str) -> Floats:
    """Numbers with NaN where missing.

    Raises
    ------
    EstimateFault
        FL-EST-44: a column that does not hold numbers.
    """
    try:
        return np.array([np.nan if is_missing(value) else float(value) for value in values], dtype=float)
    except (TypeError, ValueError) as error:
        raise EstimateFault(
            "FL-EST-44", "a column does not hold numbers", found=shown(name), fix="make numbers of it first"
        ) from error


def _of_areas(names: list[str]) -> list[str]:
    """By-columns without those that say of what a row speaks, where there are others; of these the country is an area."""
    plain = [name for name in names if name not in CONTEXT]
    return plain or [name for name in names if name == "country"] or names


def _by_of(recipe: Estimates | None, columns: Mapping[str, Any], others: Sequence[Any], time: str | None = None) -> str:
    """Find the column that names the areas; that of the times only where there is no other."""
    if recipe is not None:
        candidates = list(recipe.by)
    else:
        candidates = _of_areas([name for name in columns if name not in FIXED])
        shared = [set(read_columns(frame, "covariates or population")) for frame in others if frame is not None]
        if len(candidates) > 1 and shared:
            candidates = [name for name in candidates if all(name in other for other in shared)]
    if time is not None and len(candidates) > 1:
        candidates = [name for name in candidates if name != time]
    if len(candidates) != 1:
        raise EstimateFault(
            "FL-EST-40",
            "direct= does not say which one column names the areas",
            found=listed(candidates) or "no such column",
            fix="give estimates with one by-column, such as by='district', or a frame with the area's column and no "
            "other beside value, se, n, cases, deff",
        )
    return candidates[0]


def _only(columns: Mapping[str, Sequence[Any]], name: str) -> str:
    """The one text in a column; estimates of several outcomes are as many models.

    Raises
    ------
    EstimateFault
        FL-EST-40.
    """
    result = sorted({text(value) for value in columns.get(name, [])})
    if len(result) > 1:
        raise EstimateFault(
            "FL-EST-40",
            f"direct= holds more than one {name}",
            found=listed(result),
            fix="fit one model for each",
        )
    return result[0] if result else ""


def _refuse_twice(keys: Sequence[str], argument: str) -> None:
    twice = sorted({key for key in keys if keys.count(key) > 1}) if len(set(keys)) < len(keys) else []
    if twice:
        raise EstimateFault(
            "FL-EST-43",
            f"an area has more than one row in {argument}=",
            found=listed(twice),
            fix="give one row an area; pass one margin of an estimate, by='district'",
        )


def _rank(label: Any) -> tuple[bool, Any]:
    return (isinstance(label, str), label)


def _sorted(labels: Sequence[Any]) -> list[Any]:
    return sorted(labels, key=_rank)
