"""How often people are in one register: the counts, what distributions would have them be, and their ratios."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from fl_estimate.arrays import Floats
from fl_estimate.errors import EstimateFault, not_one_of
from fl_estimate.estimators.capture_recapture import truncated_kernels as kernels
from fl_estimate.estimators.capture_recapture.answers import normal_quantile, require_interval
from fl_estimate.estimators.capture_recapture.register_counts import Register, read_register
from fl_estimate.estimators.capture_recapture.truncated_fit import CountFit, Counts, fit_counts
from fl_estimate.pages.frames import text_table


@dataclass(frozen=True, kw_only=True, eq=False)
class CountProfile:
    """Counts of one register, for a table and a picture; in full, for the analyst.

    Attributes
    ----------
    table : pandas.DataFrame
        One row a count from 1 to the highest: `count`, `people`, one column for each distribution fitted (people expected),
        `ratio` = (y + 1) f_{y+1}/f_y with `lower` and `upper`, missing where f_y or f_{y+1} is 0.
    expected_ratios : pandas.DataFrame
        The same ratio under each distribution, one column each: level for the Poisson, rising where rates differ.
    level : float
    n : int
    left_out : tuple of str
        Distributions that these counts give no estimate of.
    """

    table: pd.DataFrame
    expected_ratios: pd.DataFrame
    level: float
    n: int
    left_out: tuple[str, ...]

    def to_frame(self) -> pd.DataFrame:
        """A copy of the table."""
        return self.table.copy()

    @property
    def distributions(self) -> tuple[str, ...]:
        """Those fitted."""
        return tuple(str(name) for name in self.expected_ratios if name != "count")

    def __repr__(self) -> str:
        return f"CountProfile, {self.n:,} people\n{text_table(self.table.round(3), max_rows=30)}"


def count_profile(
    records: Any,
    *,
    count: str = "count",
    frequency: str | None = None,
    distributions: Sequence[str] = kernels.NAMES,
    level: float = 0.95,
) -> CountProfile:
    """Lay the counts of one register beside what distributions expect, with the ratios of neighbouring counts.

    Look at it before choosing a distribution for `zero_truncated`. The ratio (y + 1) f_{y+1}/f_y is level if all people
    come at one rate (Poisson), a line that rises if rates differ (geometric, negative binomial); a first ratio that lies
    far below the line of the others tells of people with one contact for other reasons (one-inflation).
    `fl.plot_counts` draws it.

    Parameters
    ----------
    records : frame
        A row a person, with how often the person is in the register; or a row a count, with `frequency`.
    count : str
        Column of whole numbers, 1 or more.
    frequency : str, optional
        Column of how many people a row stands for.
    distributions : sequence of {"poisson", "geometric", "negative-binomial"}
        Fitted without covariates.
    level : float
        Of the limits of the ratios.

    Returns
    -------
    CountProfile

    Raises
    ------
    EstimateFault
        FL-EST-30 (distribution, level), FL-EST-175 (counts).
    ListsFault
        FL-LISTS-01, FL-LISTS-03.

    Notes
    -----
    Var log(f_{y+1}/f_y) = 1/f_y + 1/f_{y+1}; limits are symmetric on the logarithmic scale.

    References
    ----------
    Böhning, Baksh, Lerdsuwansri and Gallagher (2013), Journal of Computational and Graphical Statistics 22, 135-155.

    Examples
    --------
    >>> import pandas as pd
    >>> from fl_estimate import capture_recapture as cr
    >>> stays = pd.DataFrame({"count": [1, 2, 3, 4, 5], "people": [430, 160, 80, 18, 5]})
    >>> cr.count_profile(stays, frequency="people").to_frame()["ratio"].round(2).tolist()
    [0.74, 1.5, 0.9, 1.39, nan]
    """
    require_interval("wald", ("wald",), level)
    for name in distributions:
        if name not in kernels.NAMES:
            raise not_one_of("FL-EST-30", "this distribution", str(name), kernels.NAMES)
    read = read_register(records, count, frequency, [])
    counts = np.arange(1, int(read.counts.max()) + 1)
    people = np.bincount(read.counts.astype(int), weights=read.people, minlength=len(counts) + 1)[1:]
    table = pd.DataFrame({"count": counts, "people": people.astype(np.int64)})
    ratios = pd.DataFrame({"count": counts})
    left_out: list[str] = []
    for name in kernels.NAMES:
        if name not in distributions:
            continue
        fit = _fit(read, name)
        if fit is None:
            left_out.append(name)
            continue
        # One count more than was seen: the ratio of the highest needs its neighbour.
        chances = _chances(fit, name, len(counts) + 1)
        table[name] = read.n * chances[:-1]
        ratios[name] = (counts + 1) * chances[1:] / chances[:-1]
    return CountProfile(
        table=pd.concat([table, _ratios(counts, people, level)], axis=1), expected_ratios=ratios, level=level,
        n=round(read.n), left_out=tuple(left_out),
    )  # fmt: skip


def _fit(read: Register, name: kernels.DistributionName) -> CountFit | None:
    data = Counts(columns=np.ones((len(read.counts), 1)), counts=read.counts, people=read.people, names=("Intercept",))
    try:
        return fit_counts(data, name, inflation=False)
    except EstimateFault:
        return None


def _chances(fit: CountFit, name: kernels.DistributionName, most: int) -> Floats:
    """Chances of 1, 2, …, given that it is not 0; a size without limit is the Poisson distribution."""
    counts = np.arange(1, most + 1, dtype=float)
    shape = "poisson" if "size" in fit.limits else name
    mean = np.full(most, fit.coefficients[0])
    return np.exp(kernels.log_chance(shape, counts, mean, 0.0 if np.isnan(fit.log_size) else fit.log_size))


def _ratios(counts: npt.NDArray[np.int64], people: Floats, level: float) -> pd.DataFrame:
    here, ahead = people, np.append(people[1:], 0.0)
    both = (here > 0) & (ahead > 0)
    ratio = np.divide((counts + 1) * ahead, here, out=np.full(len(counts), np.nan), where=both)
    error = np.sqrt(np.divide(1.0, here, out=np.full(len(here), np.nan), where=both)
                    + np.divide(1.0, ahead, out=np.full(len(here), np.nan), where=both))  # fmt: skip
    reach = np.exp(normal_quantile(level) * error)
    return pd.DataFrame({"ratio": ratio, "lower": ratio / reach, "upper": ratio * reach})
