"""Several sources of one figure: do they differ more than chance allows, and what do they say together?"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from scipy import special

from fl_estimate.errors import EstimateFault, listed, not_one_of
from fl_estimate.estimators.synthesis.reading import (
    Floats,
    Given,
    Rows,
    aligned,
    answer,
    require_choice,
    rows_of,
)
from fl_estimate.results.estimates import Assumption, Estimates, Reason

METHODS: tuple[str, ...] = ("fixed", "random")
DIFFERENT = 0.05
"""Sources whose test has a p below this are said to differ."""
Sources = Sequence[Estimates] | Mapping[str, Estimates]


@dataclass(frozen=True, kw_only=True)
class Discrepancy:
    """Whether several sources of one figure differ more than their errors allow.

    Attributes
    ----------
    statistic, df, p_value : float
        Cochran's Q with its χ² degrees of freedom.
    i2 : float
        Share of the spread that is more than chance, (Q − df)/Q, at least 0.
    pairs : pandas.DataFrame
        Each pair: difference, its standard error, z and p (two-sided, not adjusted for the number of pairs).
    scale : str
        "log" or "identity".
    """

    statistic: float
    df: float
    p_value: float
    i2: float
    pairs: pd.DataFrame
    scale: str


def discrepancy(sources: Sources, *, scale: Literal["identity", "log"] = "identity") -> Discrepancy:
    """Test whether sources of one figure differ more than their standard errors allow.

    A large p is no proof that they agree: sources that know little do not differ from anything.

    Parameters
    ----------
    sources : sequence of Estimates or mapping of name to Estimates
        One row each, independent of each other.
    scale : {"identity", "log"}
        Of the comparison. ``log`` compares relative errors: for counts whose error grows with them.

    Returns
    -------
    Discrepancy

    Raises
    ------
    EstimateFault
        FL-EST-193: fewer than two sources, one without an error, or of the same sample; FL-EST-25, FL-EST-183, FL-EST-185,
        FL-EST-186.

    Notes
    -----
    Q = Σ w (y − ȳ)², w = 1/SE², on the scale; χ² with one less than the sources.

    References
    ----------
    Cochran (1954), Biometrics 10, 101-129. Higgins and Thompson (2002), Statistics in Medicine 21, 1539-1558 (I²).

    Examples
    --------
    >>> import fl_estimate as fl
    >>> survey = fl.synthesis.published(20_000, se=3_000, source="survey")
    >>> lists = fl.synthesis.published(32_000, se=4_000, source="lists")
    >>> found = fl.synthesis.discrepancy({"survey": survey, "lists": lists})
    >>> round(found.statistic, 2), round(found.p_value, 4)
    (5.76, 0.0164)
    """
    names, rows = _read(sources, scale, one=True)
    y, v = _on_scale(rows, scale)
    q, df, p = cochran(y[:, 0], v[:, 0])
    pairs: list[dict[str, Any]] = []
    for a, b in itertools.combinations(range(len(names)), 2):
        gap, se = y[a, 0] - y[b, 0], float(np.sqrt(v[a, 0] + v[b, 0]))
        pairs.append({"a": names[a], "b": names[b], "difference": gap, "se": se, "z": gap / se,
                      "p_value": float(2 * special.ndtr(-abs(gap / se)))})  # fmt: skip
    return Discrepancy(statistic=q, df=df, p_value=p, i2=max(0.0, 1 - df / q) if q > 0 else 0.0,
                       pairs=pd.DataFrame(pairs), scale=scale)  # fmt: skip


def combine(
    sources: Sources,
    *,
    method: Literal["fixed", "random"] = "fixed",
    scale: Literal["identity", "log"] = "identity",
    measure: str | None = None,
    population: str | None = None,
    reference_period: str | None = None,
    interval: Literal["log", "wald"] | None = None,
    level: float = 0.95,
) -> Estimates:
    """Weight independent estimates of the same thing by their precision.

    Look at them side by side first (`fl.compare`): where they differ more than chance allows, an average of them is the
    estimate of nothing in particular, and a reason on the row says so.

    Parameters
    ----------
    sources : sequence of Estimates or mapping of name to Estimates
        Of one outcome in one unit, with the same rows (domains), from samples of their own.
    method : {"fixed", "random"}
        ``fixed``: weights 1/SE². ``random``: weights 1/(SE² + τ²), with τ² of DerSimonian and Laird: the sources are then
        taken as scattered around a common figure.
    scale : {"identity", "log"}
        On which they are averaged. Where errors grow with the figure (counts of hidden people), weights of 1/SE² favour the
        lower source; ``log`` weights by relative errors.
    measure, population, reference_period : str, optional
        Say once what all mean, where their descriptions differ.
    interval : {"wald", "log"}, optional
        By default that of the scale.
    level : float

    Returns
    -------
    Estimates
        Method "combined-fixed" or "combined-random". `.diagnostics` holds by row the weights, Q, its p, I² and τ.

    Raises
    ------
    EstimateFault
        FL-EST-25: they speak of different things; FL-EST-193: fewer than two, without an error, or of the same
        sample; FL-EST-194: a method that there is not; FL-EST-183, FL-EST-185 to FL-EST-187.

    References
    ----------
    DerSimonian and Laird (1986), Controlled Clinical Trials 7, 177-188.

    Examples
    --------
    >>> import fl_estimate as fl
    >>> survey = fl.synthesis.published(20_000, se=3_000, source="survey")
    >>> lists = fl.synthesis.published(24_000, se=4_000, source="lists")
    >>> both = fl.synthesis.combine({"survey": survey, "lists": lists})
    >>> both.to_frame()[["value", "se"]].round(0).values.tolist()
    [[21440.0, 2400.0]]
    """
    if method not in METHODS:
        raise not_one_of("FL-EST-194", "this way of combining", str(method), METHODS)
    names, rows = _read(sources, scale)
    chosen: Literal["log", "wald"] = interval or ("log" if scale == "log" else "wald")
    require_choice(chosen, level)
    y, v = _on_scale(rows, scale)
    cells = y.shape[1]
    test = [cochran(y[:, c], v[:, c]) for c in range(cells)]
    tau2 = (
        np.array([_dersimonian_laird(v[:, c], q) for c, (q, _, _) in enumerate(test)])
        if method == "random"
        else np.zeros(cells)
    )
    weights = 1 / (v + tau2)
    weights = weights / weights.sum(axis=0)
    centre = (weights * y).sum(axis=0)
    se = np.sqrt(1 / (1 / (v + tau2)).sum(axis=0))
    value = np.exp(centre) if scale == "log" else centre
    apart = [c for c, (_, _, p) in enumerate(test) if p < DIFFERENT]
    return answer(
        "combine",
        rows,
        value=value,
        se=value * se if scale == "log" else se,
        df=np.full(cells, np.inf),
        interval=chosen,
        level=level,
        method=f"combined-{method}",
        quantity=rows[0].quantity,
        respondents="none",
        measure=measure,
        population=population,
        reference_period=reference_period,
        arguments={"sources": names, "method": method, "scale": scale, "interval": chosen},
        assumptions=[Assumption(code="sources_independent"), Assumption(code=f"sources_{method}")],
        reasons=[Reason(code="sources_differ", row=c, parameters=(("p", round(test[c][2], 4)),)) for c in apart],
        diagnostics={
            "weights": {name: weights[place].tolist() for place, name in enumerate(names)},
            "q": [q for q, _, _ in test], "df": test[0][1], "p_value": [p for _, _, p in test],
            "i2": [max(0.0, 1 - df / q) if q > 0 else 0.0 for q, df, _ in test], "tau": np.sqrt(tau2).tolist(),
        },
    )  # fmt: skip


def _read(sources: Sources, scale: str, *, one: bool = False) -> tuple[list[str], list[Rows]]:
    """Names and aligned rows; sources that cannot stand side by side are refused."""
    if scale not in ("identity", "log"):
        raise not_one_of("FL-EST-194", "this scale", str(scale), ("identity", "log"))
    given: list[Given] = list(sources.values()) if isinstance(sources, Mapping) else list(sources)
    names = (
        [str(n) for n in sources] if isinstance(sources, Mapping) else [f"source {k}" for k in range(1, len(given) + 1)]
    )
    if len(given) < 2 or not all(isinstance(each, Estimates) for each in given):
        raise _unfit(
            "two or more Estimates are needed", f"{len(given)} given", "a number alone has no error to weigh it by"
        )
    rows = aligned([rows_of(each, name) for each, name in zip(given, names, strict=True)], "combine")
    if one and len(rows[0].value) != 1:
        raise EstimateFault("FL-EST-185", "one figure of each source is needed", found=f"{len(rows[0].value)} rows",
                            fix='take one with .national or .select(region="North")')  # fmt: skip
    units = {"total" if r.quantity in ("persons", "population_size") else r.quantity for r in rows}
    outcomes = {str(e.frame["outcome"].iloc[0]) for e in given if isinstance(e, Estimates)} - {""}
    if len(units) > 1 or len(outcomes) > 1:
        raise EstimateFault("FL-EST-186", "the sources are of different units or outcomes", found=listed(sorted(units | outcomes)),
                            fix="turn prevalences into persons with Estimates.persons(population), name outcomes alike")  # fmt: skip
    lone = [name for name, r in zip(names, rows, strict=True) if not (np.isfinite(r.se) & (r.se > 0)).all()]
    if lone:
        raise _unfit(
            "a source has no standard error", listed(lone), "a survey without a case has none: leave it out, and say so"
        )
    _require_apart(names, given)
    if scale == "log" and not all((r.value > 0).all() for r in rows):
        raise _unfit("the log scale needs figures above 0", "a value of 0 or less", 'scale="identity"')
    return names, rows


def _require_apart(names: Sequence[str], given: Sequence[Given]) -> None:
    """Two estimates of one file share their errors: their average would look too sure."""
    seen: dict[str, str] = {}
    for name, each in zip(names, given, strict=True):
        mark = each.provenance.source_sha256 if isinstance(each, Estimates) else ""
        if mark and mark in seen:
            raise _unfit("two sources are estimates of the same file", f"{seen[mark]} and {name}",
                         "combine estimates of different samples; look at these side by side with fl.compare")  # fmt: skip
        if mark:
            seen[mark] = name


def _on_scale(rows: Sequence[Rows], scale: str) -> tuple[Floats, Floats]:
    """Values and variances on the scale, shape (sources, cells)."""
    cells = max(len(r.value) for r in rows)
    value = np.stack([np.broadcast_to(r.value, cells) for r in rows])
    se = np.stack([np.broadcast_to(r.se, cells) for r in rows])
    return (np.log(value), (se / value) ** 2) if scale == "log" else (value, se**2)


def cochran(y: Floats, v: Floats) -> tuple[float, float, float]:
    """Cochran's Q of independent values with these variances, its degrees of freedom and p."""
    w = 1 / v
    q = float((w * (y - (w * y).sum() / w.sum()) ** 2).sum())
    df = float(len(y) - 1)
    return q, df, float(special.chdtrc(df, q))


def _dersimonian_laird(v: Floats, q: float) -> float:
    w = 1 / v
    return max(0.0, (q - (len(v) - 1)) / float(w.sum() - (w**2).sum() / w.sum()))


def _unfit(what: str, found: str, fix: str) -> EstimateFault:
    return EstimateFault("FL-EST-193", what, found=found, fix=fix)
