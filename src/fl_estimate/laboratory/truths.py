"""What is true of a population: its domains, and the figures that estimators are after, counted on everybody."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import narwhals as nw
import numpy as np
import numpy.typing as npt
import pandas as pd

from fl_estimate.arrays import Floats
from fl_estimate.design.domains import By, by_margins
from fl_estimate.errors import EstimateFault, labels_shown, missing_columns, shown
from fl_estimate.laboratory.sample_design import label_text
from fl_estimate.results import codes
from fl_estimate.results.columns import margin_columns
from fl_estimate.schema.expressions import parse

Domain = tuple[str, ...]
"""The margin, then the labels of its columns; the nation is ``("",)``."""
Truth = Mapping[str, str] | Callable[[pd.DataFrame], pd.DataFrame]
"""Columns that hold what is true of outcomes, or a function that says what is true of a population."""


@dataclass(frozen=True, kw_only=True, eq=False)
class TruePopulation:
    """Everybody, with the domains of each person and figures that are worked out once.

    Attributes
    ----------
    frame : pandas.DataFrame
        One row a person.
    inside : array of bool
        Who is in the subpopulation that figures are of.
    domains : tuple of Domain
        The nation first.
    rows : tuple of array
        The rows of each domain within `inside`.
    """

    frame: pd.DataFrame
    by: By
    inside: npt.NDArray[np.bool_]
    domains: tuple[Domain, ...]
    rows: tuple[npt.NDArray[np.intp], ...]
    truth: Truth | None = None
    _known: dict[tuple[str, str, str], Floats] = field(default_factory=dict[tuple[str, str, str], Floats])
    _stated: list[Mapping[tuple[str, ...], float]] = field(default_factory=list[Mapping[tuple[str, ...], float]])

    def figure(self, quantity: str, outcome: str, term: str) -> Floats:
        """What is true in each domain; NaN in one of nobody.

        Raises
        ------
        EstimateFault
            FL-EST-384: nobody has said what is true of this quantity; FL-EST-383: an outcome is not known of everybody.
        """
        key = (quantity, outcome, term)
        if key not in self._known:
            self._known[key] = self._stated_of(key) if callable(self.truth) else self._counted(*key)
        return self._known[key]

    def _counted(self, quantity: str, outcome: str, term: str) -> Floats:
        figure = _FIGURES.get(quantity)
        if figure is None:
            raise EstimateFault(
                "FL-EST-384", "what is true of a quantity is not known", found=shown(quantity),
                fix=f"truth= a function of the frame that says it; counted without are {', '.join(_FIGURES)}",
            )  # fmt: skip
        above, _, below = outcome.partition("/") if quantity == codes.RATIO else (outcome, "", "")
        values = self.values(above)
        if below:
            other = self.values(below)
            return np.array([_share(values[rows].sum(), other[rows].sum()) for rows in self.rows])
        known = ~np.isnan(values)
        return np.array([figure(values[rows[known[rows]]], term) for rows in self.rows])

    def values(self, outcome: str) -> Floats:
        """An outcome of everybody, NaN for who is out of its scope.

        Raises
        ------
        EstimateFault
            FL-EST-382: no such column; FL-EST-383: not known of everybody in its scope.
        """
        named = self.truth.get(outcome, outcome) if isinstance(self.truth, Mapping) else outcome
        column, _, level = named.partition("=")
        if column not in self.frame.columns:
            raise missing_columns("FL-EST-382", [named], [str(name) for name in self.frame.columns], EstimateFault)
        series, numeric = self.frame[column], pd.api.types.is_numeric_dtype(self.frame[column])
        if level or not numeric:
            values = (series.astype("string") == (level or "1")).to_numpy(dtype=float, na_value=np.nan)
        else:
            values = series.to_numpy(dtype=float, na_value=np.nan)
        scope = self._scope(outcome)
        if bool(np.isnan(values[scope]).any()):
            raise EstimateFault(
                "FL-EST-383", "an outcome is not known of everybody, so that there is no truth to compare with",
                found=f"{np.isnan(values[scope]).sum():,} missing in {shown(named)}",
                fix='name the column that holds what is true: truth={"outcome": "its_true_column"}',
            )  # fmt: skip
        return np.where(scope, values, np.nan)

    def _scope(self, outcome: str) -> npt.NDArray[np.bool_]:
        column = f"{outcome}_in_scope"
        if column not in self.frame.columns:
            return self.inside
        return self.inside & (self.frame[column] == 1).to_numpy(dtype=bool, na_value=False)

    def _stated_of(self, key: tuple[str, str, str]) -> Floats:
        """What the caller's function says, by domain; columns that it leaves out hold for all rows."""
        if not self._stated:
            self._stated.append(_read_truth(self.truth, self.frame, self.by))
        stated = self._stated[0]
        found = [next((stated[k] for k in _readings(key, domain) if k in stated), np.nan) for domain in self.domains]
        if np.isnan(found).all():
            raise EstimateFault(
                "FL-EST-384", "what is true of a quantity is not known", found=f"truth= says nothing of {shown(key[0])} of {shown(key[1])}",
                fix="a row for each domain, with the by-columns and `truth`; `outcome`, `quantity`, `term` where they differ",
            )  # fmt: skip
        return np.array(found, dtype=float)


def _share(above: float, below: float) -> float:
    return float(above / below) if below else np.nan


def _quantile(values: Floats, term: str) -> float:
    return float(np.quantile(values, float(term), method="inverted_cdf")) if len(values) else np.nan


def _mean(values: Floats, _: str) -> float:
    return float(values.mean()) if len(values) else np.nan


def _per_thousand(values: Floats, term: str) -> float:
    return 1_000 * _mean(values, term)


def _sum(values: Floats, _: str) -> float:
    return float(values.sum())


def _variance(values: Floats, _: str) -> float:
    return float(values.var(ddof=1)) if len(values) > 1 else np.nan


_FIGURES: Mapping[str, Callable[[Floats, str], float]] = {
    codes.PREVALENCE: _mean,
    codes.PREVALENCE_PER_1000: _per_thousand,
    codes.MEAN: _mean,
    codes.TOTAL: _sum,
    codes.PERSONS: _sum,
    codes.VARIANCE: _variance,
    codes.QUANTILE: _quantile,
    codes.RATIO: _mean,
}
"""How figures are counted on everybody; a ratio is of two columns, "a/b"."""


def _readings(key: tuple[str, str, str], domain: Domain) -> list[tuple[str, ...]]:
    """The keys under which a function of truth may have said a figure, the most particular first."""
    quantity, outcome, term = key
    return [
        (*domain, q, o, t) for q in dict.fromkeys((quantity, "")) for o in dict.fromkeys((outcome, "")) for t in dict.fromkeys((term, ""))
    ]  # fmt: skip


def _read_truth(truth: Any, frame: pd.DataFrame, by: By) -> dict[tuple[str, ...], float]:
    told = truth(frame)
    margins = by_margins(by)
    columns = list(dict.fromkeys(name for margin in margins for name in margin))
    if not isinstance(told, pd.DataFrame) or "truth" not in told.columns:
        raise EstimateFault(
            "FL-EST-384", "truth= does not give a frame with a column `truth`", found=shown(told),
            fix="a row for each domain: the by-columns (missing for the nation) and `truth`",
        )  # fmt: skip
    result: dict[tuple[str, ...], float] = {}
    for record in told.to_dict("records"):
        known = [name for name in columns if name in record and not pd.isna(record[name])]
        margin = " × ".join(known)
        more = [
            label_text(record[name]) if name in record and not pd.isna(record[name]) else ""
            for name in ("quantity", "outcome", "term")
        ]
        result[(margin, *(label_text(record[name]) for name in known), *more)] = float(record["truth"])
    return result


def make_population(frame: Any, by: By, where: str | None, truth: Truth | None) -> TruePopulation:
    """Everybody as a pandas frame, with the domains there are.

    Raises
    ------
    EstimateFault
        FL-EST-381: no frame, or one without rows; FL-EST-382: a by-column that is not there; FL-EST-385: nobody in `where`,
        or a by-column of which nobody has a value.
    """
    held = getattr(frame, "frame", frame)
    held = held if isinstance(held, pd.DataFrame) else _as_pandas(held)
    if not len(held):
        raise EstimateFault(
            "FL-EST-381", "the population has nobody in it", found="0 rows", fix="check the file or the filter"
        )
    held = held.reset_index(drop=True)
    margins = [list(margin) for margin in by_margins(by)]
    columns = dict.fromkeys(name for margin in margins for name in margin)
    absent = [name for name in columns if name not in held.columns]
    if absent:
        raise missing_columns("FL-EST-382", absent, [str(name) for name in held.columns], EstimateFault)
    inside = inside_of(held, where)
    empty = [name for name in columns if bool(held.loc[inside, name].isna().all())]
    if not inside.any() or empty:
        raise EstimateFault(
            "FL-EST-385", "there is nobody in a domain that figures are asked for",
            found=f"nobody has a value of {labels_shown(empty)}" if inside.any() else f"nobody is in where={shown(where)}",
            fix="check the condition, and the columns that domains are made of",
        )  # fmt: skip
    domains: list[Domain] = [("",)]
    rows: list[npt.NDArray[np.intp]] = [np.flatnonzero(inside)]
    for margin in margins:
        if not margin:
            continue
        for label, positions in held.loc[inside].groupby(margin, observed=True, sort=True).indices.items():
            labels = label if isinstance(label, tuple) else (label,)
            domains.append((" × ".join(margin), *map(label_text, labels)))
            rows.append(rows[0][positions])
    return TruePopulation(frame=held, by=by, inside=inside, domains=tuple(domains), rows=tuple(rows), truth=truth)


def _as_pandas(frame: Any) -> pd.DataFrame:
    people = getattr(frame, "people", frame)
    try:
        native: Any = nw.from_native(people)
    except TypeError:
        raise EstimateFault(
            "FL-EST-381", "the population is no frame of people", found=shown(people),
            fix="a frame with one row a person, or a function seed -> frame",
        ) from None  # fmt: skip
    return (native.collect() if isinstance(native, nw.LazyFrame) else native).to_pandas()


def inside_of(frame: pd.DataFrame, where: str | None) -> npt.NDArray[np.bool_]:
    """Who is in a subpopulation: a 0/1 column, or a condition; who is unknown is outside."""
    if where is None:
        return np.ones(len(frame), dtype=bool)
    if where in frame.columns:
        return (frame[where] == 1).to_numpy(dtype=bool, na_value=False)
    people = nw.from_native(frame)
    found = people.select(parse(where).value(people.schema).alias("where")).to_native()["where"]
    return (found == 1).to_numpy(dtype=bool, na_value=False)


def domains_of(frame: pd.DataFrame, by: Sequence[str]) -> list[Domain]:
    """The domain of every row of a result."""
    found: list[Domain] = []
    records = frame[["margin", *by]].to_dict("records")
    for record in records:
        columns = margin_columns(record)
        absent = any(pd.isna(record[name]) for name in columns)
        found.append((str(record["margin"]), *(() if absent else (label_text(record[name]) for name in columns))))
    return found
