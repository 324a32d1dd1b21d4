"""Internal consistency: the people of one list, whose number is known, estimated from the other lists."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import special

from fl_estimate.errors import EstimateFault, FlError
from fl_estimate.estimators.capture_recapture.selection import select_stepwise
from fl_estimate.inputs.histories import CaptureHistories
from fl_estimate.pages.frames import text_table
from fl_estimate.results.estimates import Estimates

FEWEST = 30
"""People of a list whom the other lists must know, as in Binette and Steorts (2022)."""


@dataclass(frozen=True, kw_only=True, eq=False)
class InternalConsistency:
    """How well a method finds the size of each list again.

    Attributes
    ----------
    table : pandas.DataFrame
        A row a list: `list`, `known` (its people), `observed` (those of them on another list), `value`, `lower`,
        `upper`, `log_error` (of value against known), `covers`, and `refused` (the code of the error, or
        "too few observed", else empty).
    """

    table: pd.DataFrame

    @property
    def done(self) -> pd.DataFrame:
        """The lists that an estimate was made for."""
        return self.table[self.table["refused"] == ""]

    def summary(self) -> pd.Series:
        """Lists estimated, their mean log error, root mean square, coverage, and how many lie below and above what is known."""
        done = self.done
        error = done["log_error"].to_numpy(dtype=float)
        some = len(done) > 0
        return pd.Series(
            {
                "lists": float(len(done)),
                "mean_log_error": float(error.mean()) if some else np.nan,
                "rms_log_error": float(np.sqrt((error**2).mean())) if some else np.nan,
                "coverage": float(done["covers"].mean()) if some else np.nan,
                "too_low": float((error < 0).sum()),
                "too_high": float((error > 0).sum()),
            }
        )

    @property
    def smallest_p(self) -> float:
        """The p of the list that is missed worst, times the lists tried (Bonferroni); NaN where none was."""
        p = self.done["p"].to_numpy(dtype=float)
        known = p[np.isfinite(p)]
        return float(min(1.0, known.min() * len(known))) if len(known) else np.nan

    @property
    def one_sided(self) -> bool:
        """Whether two lists or more were estimated, all of them on the same side."""
        result = self.summary()
        return bool(result["lists"] >= 2 and result["lists"] in (result["too_low"], result["too_high"]))

    def __repr__(self) -> str:
        return f"InternalConsistency\n{text_table(self.table)}"


def internal_consistency(
    histories: CaptureHistories,
    method: Callable[[CaptureHistories], Estimates] | None = None,
    *,
    minimum: int = FEWEST,
) -> InternalConsistency:
    """Try a method on populations whose size is known: the people of each list in turn.

    Those of a list who are also on others are the people observed; those on this list alone are its dark figure, which
    the list itself tells. A method that misses here on one side, list after list, will do so for the whole population.

    Parameters
    ----------
    histories : CaptureHistories
        At least 3 lists.
    method : callable, optional
        CaptureHistories in, Estimates with `population_size` in the first row out. By default `select_stepwise` with the
        profile interval of the model chosen.
    minimum : int, default 30
        Lists of whom fewer people are on another list are left out.

    Returns
    -------
    InternalConsistency

    Raises
    ------
    EstimateFault
        FL-EST-153: fewer than 3 lists.

    References
    ----------
    Binette and Steorts (2022), Journal of the Royal Statistical Society A 185(2), 640-676. Hook and Regal (2000),
    American Journal of Epidemiology 152(8), 771-779.

    Examples
    --------
    >>> import fl_estimate as fl
    >>> from fl_estimate import capture_recapture as cr
    >>> cr.internal_consistency(fl.datasets.load("kosovo"), cr.loglinear).table[["list", "known"]].values.tolist()
    [['EXH', 1910.0], ['ABA', 1528.0], ['OSCE', 1786.0], ['HRW', 685.0]]
    """
    if len(histories.lists) < 3:
        raise EstimateFault(
            "FL-EST-153", "internal consistency takes one list away and estimates from the others", found="2 lists",
            fix="it needs at least 3 lists",
        )  # fmt: skip
    chosen = method or _stepwise
    return InternalConsistency(table=pd.DataFrame([_one(histories, name, chosen, minimum) for name in histories.lists]))


def _stepwise(histories: CaptureHistories) -> Estimates:
    return select_stepwise(histories, interval="profile")


def _one(
    histories: CaptureHistories, name: str, method: Callable[[CaptureHistories], Estimates], minimum: int
) -> dict[str, object]:
    """One list: its people as a population, the other lists as the lists."""
    position = histories.lists.index(name)
    others = [other for other in histories.lists if other != name]
    on = histories.members[:, position] == 1
    frame = pd.DataFrame(np.delete(histories.members[on], position, axis=1), columns=others)
    frame["count"] = histories.counts[on]
    seen = frame[frame[others].any(axis=1)]
    known, observed = float(frame["count"].sum()), float(seen["count"].sum())
    empty: dict[str, object] = {
        "list": name, "known": known, "observed": observed, "value": np.nan, "lower": np.nan, "upper": np.nan,
        "log_error": np.nan, "covers": False, "p": np.nan, "refused": "",
    }  # fmt: skip
    if observed < minimum or observed == 0:
        return empty | {"refused": "too few observed"}
    met = [other for other in others if (seen[other] * seen["count"]).sum() > 0]
    try:
        part = CaptureHistories.from_counts(seen, lists=met)
        row = method(part).frame.iloc[0]
    except FlError as error:
        return empty | {"refused": error.code}
    value, lower, upper = (float(row[column]) for column in ("value", "lower", "upper"))
    return empty | {
        "value": value,
        "lower": lower,
        "upper": upper,
        "log_error": float(np.log(value / known)),
        "covers": bool(lower <= known <= upper),
        "p": _p(*(max(size - observed, 0.0) for size in (known, value, lower, upper)), level=float(row["level"])),
    }


def _p(known: float, value: float, lower: float, upper: float, *, level: float) -> float:
    """Two-sided p of the known dark figure, taken as log-normal on either side of the estimate as its limit says.

    At a limit it is 1 − level. A dark figure below one person counts as one: none cannot be told from few.
    """
    limit = lower if known < value else upper
    if not np.isfinite(limit):
        return 1.0
    far = abs(np.log(max(known, 1.0) / max(value, 1.0)))
    end = abs(np.log(max(limit, 1.0) / max(value, 1.0)))
    if end == 0:
        return 1.0 if far == 0 else 0.0
    return float(2 * special.ndtr(-special.ndtri((1 + level) / 2) * far / end))
