"""SurveyTest: the answer of a test, as a frozen value with what it was made of. No arithmetic of tests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from fl_estimate.neutral import visible
from fl_estimate.pages.frames import html_pairs
from fl_estimate.results.estimates import Estimates
from fl_estimate.results.provenance import Provenance


@dataclass(frozen=True, kw_only=True)
class SurveyTest:
    """The result of a test that knows how the sample was drawn.

    Attributes
    ----------
    name : str
        What was tested, in words.
    statistic_name : str
        "F", "X²" or "t".
    statistic : float
    df : tuple of float
        Degrees of freedom: of numerator and denominator (F), one number (X², t), empty where the reference
        distribution has none (a sum of scaled χ²).
    p_value : float
        Missing where the degrees of freedom of the design do not suffice.
    estimate : float
        The difference tested; missing for tests of several.
    se, lower, upper : float
        Of the estimate, limits at `level`; missing for tests of several.
    level : float
    groups : tuple of str
        What was compared: the second less the first; or rows and columns.
    scales : tuple of float
        Rao and Scott's eigenvalues (generalised design effects), where there are any.
    n : int
        Rows counted.
    provenance : Provenance
    rows : Estimates
        The same as rows of a result, for `fl.publish`: the p-value, the statistic and its degrees of freedom, and the estimate where
        there is one. They rest on the smallest group that was compared.

    Examples
    --------
    >>> import fl_estimate as fl, pandas as pd
    >>> people = pd.DataFrame({"ea": [1, 1, 2, 2, 3, 3, 4, 4], "sex": [1, 2, 1, 2, 1, 2, 1, 2], "h": [40, 41, 50, 47, 44, 45, 39, 42.0]})
    >>> test = fl.t_test(people, "h", "sex", design=fl.Design(psu="ea", unweighted=True))
    >>> round(test.estimate, 3), test.df
    (0.5, (2.0,))
    """

    name: str
    statistic_name: str
    statistic: float
    df: tuple[float, ...]
    p_value: float
    estimate: float = float("nan")
    se: float = float("nan")
    lower: float = float("nan")
    upper: float = float("nan")
    level: float = 0.95
    groups: tuple[str, ...] = ()
    scales: tuple[float, ...] = ()
    n: int = 0
    provenance: Provenance = field(default_factory=Provenance, repr=False)
    rows: Estimates = field(repr=False)

    def to_dict(self) -> Mapping[str, Any]:
        """The numbers by name, without what is missing."""
        numbers = {
            "statistic": self.statistic, "p_value": self.p_value, "estimate": self.estimate, "se": self.se,
            "lower": self.lower, "upper": self.upper,
        }  # fmt: skip
        known = {name: value for name, value in numbers.items() if not np.isnan(value)}
        return {"name": self.name, "statistic_name": self.statistic_name, "df": self.df, "n": self.n, **known}

    def __repr__(self) -> str:
        return visible("\n".join([self.name, *(f"  {name:<10} {value}" for name, value in self._lines())]))

    def _repr_html_(self) -> str:
        return html_pairs(self.name, self._lines())

    def _lines(self) -> list[tuple[str, str]]:
        lines = [(self.statistic_name, f"{self.statistic:.4g}")]
        if self.df:
            lines.append(("df", ", ".join(f"{value:.4g}" for value in self.df)))
        lines.append(("p", "missing: too few degrees of freedom" if np.isnan(self.p_value) else _p(self.p_value)))
        if not np.isnan(self.estimate):
            lines.append(("estimate", f"{self.estimate:.4g}"))
        if not np.isnan(self.lower):
            lines.append((f"{100 * self.level:g} %", f"{self.lower:.4g} to {self.upper:.4g}"))
        if self.groups:
            difference = len(self.groups) == 2 and not np.isnan(self.estimate)
            lines.append(
                ("of", (" − " if difference else ", ").join(reversed(self.groups) if difference else self.groups))
            )
        return [*lines, ("n", f"{self.n:,}")]


def _p(value: float) -> str:
    return "< 0.0001" if value < 1e-4 else f"{value:.4f}"
