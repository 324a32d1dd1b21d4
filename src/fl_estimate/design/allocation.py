"""Allocation of a sample between strata: Neyman's, with costs, least sizes, strata taken whole, and oversampling."""

from __future__ import annotations

import heapq
import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from fl_estimate.design.small_table import Floats
from fl_estimate.errors import EstimateFault, listed, missing_columns, not_one_of, numbers_given
from fl_estimate.pages.frames import html_table, html_text, text_table

AllocationRule = Literal["optimum", "proportional", "equal", "square-root"]
RULES: tuple[str, ...] = ("optimum", "proportional", "equal", "square-root")


@dataclass(frozen=True, kw_only=True, repr=False)
class Allocation:
    """A sample divided between strata.

    Attributes
    ----------
    frame : pandas.DataFrame
        One row a stratum: its label, `population`, `sd`, `cost`, `n`, `fraction` (n over the population), `weight` (persons
        a respondent stands for), `whole` (everybody is taken), `se` and `cv` of the stratum's own prevalence or mean.
    rule : str
    n : int
    cost : float
    value : float
        The national prevalence or mean that follows from the strata; missing where only standard deviations are given.
    se : float
        Of the national estimate.
    weight_effect : float
        Kish's 1 + cv²(weights): what unequal weights cost estimates that have nothing to do with the strata.
    gain : float
        Variance of proportional allocation of the same n, over that of this one.
    """

    frame: pd.DataFrame
    rule: str
    n: int
    cost: float
    value: float
    se: float
    weight_effect: float
    gain: float

    def to_frame(self) -> pd.DataFrame:
        """A copy of the table of strata."""
        return self.frame.copy()

    def _head(self) -> str:
        return (
            f"Allocation ({self.rule}): n = {self.n:,}, cost {self.cost:,.0f}, se {self.se:.4g}, "
            f"effect of weights {self.weight_effect:.2f}, gain over proportional {self.gain:.2f}"
        )

    def __repr__(self) -> str:
        return f"{self._head()}\n{text_table(self.frame, max_rows=40)}"

    def _repr_html_(self) -> str:
        return f"<p>{html_text(self._head())}</p>{html_table(self.frame)}"


def allocate(
    strata: pd.DataFrame,
    *,
    n: int | None = None,
    budget: float | None = None,
    stratum: str = "stratum",
    population: str = "population",
    prevalence: str | None = None,
    sd: str | None = None,
    cost: str | None = None,
    deff: str | None = None,
    oversample: str | None = None,
    rule: AllocationRule = "optimum",
    minimum: int = 2,
) -> Allocation:
    """Divide a number of interviews, or a budget, between strata.

    Use it where forced labour is thought to be commoner in some strata: the optimum for the national figure samples them
    more. What is thought of the strata need not be exact; near the optimum little is lost.

    Parameters
    ----------
    strata : pandas.DataFrame
        One row a stratum.
    n, budget : optional
        Interviews in all, or money for them. Exactly one.
    stratum, population : str
        Columns of the labels and of the persons in each stratum.
    prevalence, sd : str
        Column of the prevalence thought of (sd = √(p(1 − p))), or of the standard deviation of the quantity. One of both.
    cost : str, optional
        Column of the cost of an interview; 1 each where left out.
    deff : str, optional
        Column of the design effect within each stratum; 1 each where left out.
    oversample : str, optional
        Column of factors by which the importance of a stratum is raised: 2 treats its standard deviation as twice as large.
    rule : {"optimum", "proportional", "equal", "square-root"}
        n_h ∝ N_h S_h √deff_h/√c_h; ∝ N_h; all alike; ∝ √N_h (a compromise between the nation and the strata). Factors of
        `oversample` multiply each.
    minimum : int
        Least interviews in a stratum (the whole of a smaller one); 2 let a variance be estimated.

    Returns
    -------
    Allocation

    Raises
    ------
    EstimateFault
        FL-EST-240 (numbers that cannot be), FL-EST-241 (not one aim), FL-EST-243 (columns are missing or named twice over),
        FL-EST-244 (the minimum alone is more than n or the budget, or n is more than the population), FL-EST-231.

    Notes
    -----
    Variance of the national estimate: Σ W_h² S_h² deff_h (1/n_h − 1/N_h), W = N_h/N. With `n` and equal costs, whole
    numbers that make it least are found exactly (interviews are given one by one where they help most); with costs in
    the same way by variance saved a unit of money, which is exact up to the last interviews. No stratum gets more than N_h.

    References
    ----------
    Neyman (1934), Journal of the Royal Statistical Society 97, 558-625. Wright (2012), The American Statistician 66,
    217-224. Kish (1992), Journal of Official Statistics 8, 183-200.

    Examples
    --------
    >>> import fl_estimate as fl, pandas as pd
    >>> strata = pd.DataFrame({"stratum": ["towns", "plantations"], "population": [900_000, 100_000], "prevalence": [0.002, 0.05]})
    >>> found = fl.allocate(strata, n=2_000, prevalence="prevalence")
    >>> found.to_frame()["n"].tolist(), round(found.gain, 2)
    ([1297, 703], 1.71)
    """
    if rule not in RULES:
        raise not_one_of("FL-EST-231", "this rule of allocation", rule, RULES)
    if (n is None) == (budget is None):
        raise EstimateFault(
            "FL-EST-241", "a plan needs exactly one aim", found="n and budget" if n is not None else "none",
            fix="give n=, or budget=",
        )  # fmt: skip
    if (prevalence is None) == (sd is None):
        raise EstimateFault(
            "FL-EST-243", "an allocation needs to know how people differ within strata",
            found="prevalence and sd" if sd is not None else "neither prevalence= nor sd=",
            fix="name one of both columns",
        )  # fmt: skip
    read = _AllocationStrata.read(strata, stratum, population, prevalence, sd, cost, deff, oversample)
    importance = read.importance(rule)
    least = np.minimum(
        np.full(len(read.size), numbers_given(minimum, "minimum", "FL-EST-244", "2, say")[0]), np.floor(read.size)
    )
    _check_room(read, least, n, budget, minimum)
    counts = _given(read, importance, least, n, budget)
    return _to_allocation(read, counts, rule)


@dataclass(frozen=True, kw_only=True)
class _AllocationStrata:
    labels: pd.Series[Any]
    name: str
    size: Floats
    sd: Floats
    prevalence: Floats | None
    cost: Floats
    deff: Floats
    factor: Floats

    @staticmethod
    def read(
        frame: pd.DataFrame,
        stratum: str,
        population: str,
        prevalence: str | None,
        sd: str | None,
        cost: str | None,
        deff: str | None,
        oversample: str | None,
    ) -> _AllocationStrata:
        named = [stratum, population, prevalence, sd, cost, deff, oversample]
        absent = [name for name in named if name is not None and name not in frame.columns]
        if absent:
            raise missing_columns("FL-EST-243", absent, [str(name) for name in frame.columns], EstimateFault)

        def column(name: str | None) -> Floats:
            if name is None:
                return np.ones(len(frame))
            return pd.to_numeric(frame[name], errors="coerce").to_numpy(dtype=float)

        size, factor, deffs, costs = column(population), column(oversample), column(deff), column(cost)
        shares = column(prevalence) if prevalence is not None else None
        sds = column(sd) if shares is None else np.sqrt(np.clip(shares * (1 - shares), 0, None))
        faults = {
            f"{population} from 1 on": bool((size >= 1).all()),
            f"{prevalence} from 0 to 1": shares is None or bool(((shares >= 0) & (shares <= 1)).all()),
            f"{sd} from 0 on": bool((sds >= 0).all()),
            "some standard deviation above 0": bool((sds > 0).any()),
            "costs, design effects and factors above 0": bool(((costs > 0) & (deffs > 0) & (factor > 0)).all()),
            "each stratum once": not frame[stratum].duplicated().any(),
        }
        broken = [rule for rule, holds in faults.items() if not holds]
        if broken or not len(frame):
            raise EstimateFault(
                "FL-EST-240",
                "a plan cannot be made of these numbers",
                found=f"not true: {listed(broken) or 'a stratum'}",
            )
        return _AllocationStrata(
            labels=frame[stratum].reset_index(drop=True), name=stratum, size=size, sd=sds, prevalence=shares, cost=costs,
            deff=deffs, factor=factor,
        )  # fmt: skip

    def importance(self, rule: str) -> Floats:
        """What n_h √c_h is to be proportional to."""
        own = {
            "optimum": self.size * self.sd * np.sqrt(self.deff),
            "proportional": self.size * np.sqrt(self.cost),
            "equal": np.sqrt(self.cost),
            "square-root": np.sqrt(self.size * self.cost),
        }
        return own[rule] * self.factor

    def variance(self, counts: Floats) -> float:
        share = self.size / self.size.sum()
        with np.errstate(divide="ignore"):
            own = self.sd**2 * self.deff * (1 / counts - 1 / self.size)
        return float((share**2 * np.where(self.sd > 0, np.maximum(own, 0.0), 0.0)).sum())


def _check_room(read: _AllocationStrata, least: Floats, n: int | None, budget: float | None, minimum: int) -> None:
    most = np.floor(read.size).sum()
    faults = {
        f"minimum= {minimum} is not a whole number from 1 on": minimum < 1 or int(minimum) != minimum,
        f"the least interviews, {least.sum():,.0f}, are more than n = {n}": n is not None and least.sum() > n,
        f"the least interviews cost {least @ read.cost:,.0f}": budget is not None and least @ read.cost > budget,
        f"n = {n} is more than the {most:,.0f} persons there are": n is not None and n > most,
    }
    found = [fault for fault, holds in faults.items() if holds]
    if found:
        raise EstimateFault(
            "FL-EST-244", "the sample cannot be divided so", found=listed(found),
            fix="change n or the budget, lower minimum=, or merge small strata",
        )  # fmt: skip


def _given(read: _AllocationStrata, importance: Floats, least: Floats, n: int | None, budget: float | None) -> Floats:
    """Interviews given one by one to the stratum where they save most; all but the last few at once.

    The objective Σ a_h²/n_h, a = importance, is convex in each n_h: the gain of the next interview is a²/(n(n + 1)).
    """
    most, cost = np.floor(read.size), (np.ones(len(least)) if n is not None else read.cost)
    left = float(n if n is not None else budget or 0.0)
    # For a number of interviews n_h ∝ importance/√c as for a budget, with each interview counting one.
    a = importance if budget is not None else importance / np.sqrt(read.cost)
    counts = np.clip(np.floor(_continuous(a, cost, least, most, left)) - 2, least, most)
    left -= float(counts @ cost)
    heap = [(-_saving(a[h], counts[h], cost[h]), h) for h in range(len(a)) if counts[h] < most[h]]
    heapq.heapify(heap)
    while heap and left >= cost.min() - 1e-9:
        _, h = heapq.heappop(heap)
        if cost[h] > left + 1e-9:
            continue
        counts[h] += 1
        left -= cost[h]
        if counts[h] < most[h]:
            heapq.heappush(heap, (-_saving(a[h], counts[h], cost[h]), h))
    return counts


def _saving(a: float, count: float, cost: float) -> float:
    return a * a / (count * (count + 1)) / cost if count > 0 else math.inf


def _continuous(a: Floats, cost: Floats, least: Floats, most: Floats, total: float) -> Floats:
    """n_h = t a_h/√c_h within its bounds, with t such that the cost is the total, by halving."""
    slope = a / np.sqrt(cost)
    low, high = 0.0, float((most / np.where(slope > 0, slope, 1.0)).max()) + 1.0
    for _ in range(200):
        middle = (low + high) / 2
        spent = float(np.clip(middle * slope, least, most) @ cost)
        low, high = (middle, high) if spent <= total else (low, middle)
    return np.clip(low * slope, least, most)


def _to_allocation(read: _AllocationStrata, counts: Floats, rule: str) -> Allocation:
    whole = counts >= np.floor(read.size)
    weight = read.size / counts
    own = read.sd * np.sqrt(read.deff * np.maximum(1 / counts - 1 / read.size, 0.0))
    columns: dict[str, Any] = {read.name: read.labels, "population": read.size}
    if read.prevalence is not None:
        columns["prevalence"] = read.prevalence
    columns |= {"sd": read.sd, "cost": read.cost, "n": counts.astype(int), "fraction": counts / read.size}
    columns |= {"weight": weight, "whole": whole, "se": own}
    if read.prevalence is not None:
        columns["cv"] = own / np.where(read.prevalence > 0, read.prevalence, np.nan)
    proportional = np.maximum(counts.sum() * read.size / read.size.sum(), 1e-9)
    variance = read.variance(counts)
    share = read.size / read.size.sum()
    return Allocation(
        frame=pd.DataFrame(columns),
        rule=rule,
        n=int(counts.sum()),
        cost=float(counts @ read.cost),
        value=math.nan if read.prevalence is None else float(share @ read.prevalence),
        se=math.sqrt(variance),
        weight_effect=float(counts.sum() * (counts @ weight**2) / (counts @ weight) ** 2),
        gain=read.variance(proportional) / variance if variance > 0 else math.nan,
    )
