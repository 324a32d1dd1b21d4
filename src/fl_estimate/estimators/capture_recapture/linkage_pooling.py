"""Estimates from several linkages of the same lists, put into one with one interval."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal, cast

import numpy as np
import pandas as pd
from scipy import stats

from fl_estimate.arrays import Floats
from fl_estimate.errors import EstimateFault, FlError, not_one_of
from fl_estimate.estimators.capture_recapture.linkage_codes import LINKAGE_DRAWS, LINKAGE_DRAWS_FAILED, LINKS_DRAWN
from fl_estimate.estimators.capture_recapture.linkage_draws import FEWEST, LinkDraws
from fl_estimate.estimators.capture_recapture.loglinear import loglinear
from fl_estimate.estimators.capture_recapture.selection import select_bic, select_stepwise
from fl_estimate.inputs.histories import CaptureHistories
from fl_estimate.results.basis import Support
from fl_estimate.results.codes import INTERVAL_NOT_DEFINED, PERFECT_LINKAGE, Assumption
from fl_estimate.results.estimates import Estimates
from fl_estimate.results.methods import method
from fl_estimate.results.roles import LISTS, Apart, InFile, Kept, Key, Level

Named = Literal["independence", "two_way", "stepwise", "bic"]
UNSTABLE = 0.05
"""Share of draws without an estimate above which the result is marked."""
MOST_WITHOUT = 0.5


def _alone(column: str) -> Sequence[str]:
    return (column,)


def _no_draws(given: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """In a study file: the column of draws, and no strata."""
    if given.get("draw") is None:
        yield (
            "draw",
            'the file has several linkages under each other; name the column that tells them apart: draw = "draw"',
        )
    if given.get("strata") is not None:
        yield "strata", "pool_links takes the lists of one population; give each stratum a file of its own"


@method(kind="pool_links", basis="lists", family="capture_recapture", faults=_no_draws)
def pool_links(
    linkages: Annotated[LinkDraws | Sequence[CaptureHistories] | CaptureHistories, LISTS],
    method: Annotated[Callable[[CaptureHistories], Estimates] | Named | None, InFile(Named), Key("estimator")] = None,
    *,
    draw: Annotated[str | None, Kept(_alone), Apart()] = None,
    level: Level = 0.95,
) -> Estimates:
    """Estimate from each of several linkages of the same lists, and put the estimates into one with one interval.

    The interval holds what the method says given the links and what is not known of the links.

    Parameters
    ----------
    linkages : LinkDraws, sequence of CaptureHistories, or CaptureHistories
        Of `draw_links`, or of your own; they are gone over one at a time. Histories of one file hold all draws, told apart by
        `draw`.
    method : callable or {"independence", "two_way", "stepwise", "bic"}, optional
        CaptureHistories in, Estimates with the rows `population_size` and `dark_figure` and their `se` out; or by name:
        `loglinear` with main effects (the default) or all pairs, `select_stepwise` or `select_bic` in each draw.
    draw : str, optional
        Column that was kept beside the lists and says of which draw a row is, as `LinkDraws.to_frame` writes it.
    level : float

    Returns
    -------
    Estimates
        Rows `population_size` and `dark_figure`, in persons; `se` holds both variances, `df` is Rubin's; `n` the mean of
        the people observed. Diagnostics: the values of each draw, the share of the variance that is of the links, and
        draws without an estimate.

    Raises
    ------
    EstimateFault
        FL-EST-30 (level, no method of this name), FL-EST-430 (histories of one file without `draw`, or `draw` with others), FL-EST-431 (one draw in the file), FL-EST-344 (more than half of the linkages have no estimate, or fewer than 2 have one),
        FL-EST-345 (what the method gives cannot be pooled).
    ListsFault
        FL-LISTS-01, FL-LISTS-09 (the column of draws).

    Notes
    -----
    N̄ and f̄ are means, T = W + (1 + 1/m) B of the population sizes, ν = (m − 1)(1 + W/((1 + 1/m) B))². The dark figure
    is log-normal: its limits are f̄/C and f̄ C, C = exp(t_ν √log(1 + T/f̄²)), those of N the mean number observed more.

    References
    ----------
    Rubin (1987), Multiple Imputation for Nonresponse in Surveys, ch. 3.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from fl_estimate import capture_recapture as cr
    >>> records = pd.DataFrame({"unique_id": range(1400), "source_dataset": ["police"] * 600 + ["ngo"] * 800})
    >>> pairs = pd.DataFrame({"unique_id_l": range(240), "unique_id_r": range(600, 840),
    ...                       "match_probability": np.repeat([1.0, 0.5], 120)})
    >>> links = cr.draw_links(records, pairs, lists=["police", "ngo"], draws=20, seed=1)
    >>> pooled = cr.pool_links(links).to_frame()
    >>> 2500 < float(pooled["value"].iloc[0]) < 2900
    True
    """
    if not 0 < level < 1:
        raise EstimateFault(
            "FL-EST-30", "the level is not between 0 and 1", found=repr(level), fix="95 % is level=0.95"
        )
    estimate = _estimator(method, level)
    made: list[Estimates] = []
    refused: dict[str, int] = {}
    for histories in _each(linkages, draw):
        try:
            made.append(_slim(estimate(histories)))
        except FlError as error:
            if error.code == "FL-EST-345":
                raise
            refused[error.code] = refused.get(error.code, 0) + 1
    without = sum(refused.values())
    if len(made) < FEWEST or without > MOST_WITHOUT * (len(made) + without):
        raise EstimateFault(
            "FL-EST-344", "too few of the linkages have an estimate to pool",
            found=f"{len(made)} of {len(made) + without}"
            + "".join(f"; {many} refused with {code}" for code, many in refused.items()),
            fix="give more draws, or a simpler method",
        )  # fmt: skip
    return _pooled(made, refused, level, linkages)


def _estimator(
    method: Callable[[CaptureHistories], Estimates] | str | None, level: float
) -> Callable[[CaptureHistories], Estimates]:
    """What estimates from each draw."""
    if callable(method):
        return method
    settings: dict[str, Any] = {"seed": 1, "level": level}
    known: dict[str, Callable[[CaptureHistories], Estimates]] = {
        "independence": lambda histories: loglinear(histories, level=level),
        "two_way": lambda histories: loglinear(histories, "two-way", level=level),
        "stepwise": lambda histories: select_stepwise(histories, **settings),
        "bic": lambda histories: select_bic(histories, **settings),
    }
    name: object = "independence" if method is None else method
    if not isinstance(name, str) or name not in known:
        raise not_one_of("FL-EST-30", "this method", name, tuple(known))
    return known[name]


def _each(
    linkages: LinkDraws | Sequence[CaptureHistories] | CaptureHistories, draw: str | None
) -> Iterable[CaptureHistories]:
    """The histories of each draw."""
    one = isinstance(linkages, CaptureHistories)
    if one == (draw is None):
        raise EstimateFault(
            "FL-EST-430", "histories of one file are taken apart by the column of their draws, and only they",
            found="one CaptureHistories without draw=" if one else "draw= and several linkages",
            fix='read the file with fl.load_lists(…, covariates=["draw"]), and say draw="draw"; else leave draw= out',
        )  # fmt: skip
    if not isinstance(linkages, CaptureHistories) or draw is None:
        return cast("Iterable[CaptureHistories]", linkages)
    parts = linkages.split(draw)
    if len(parts) < FEWEST:
        raise EstimateFault(
            "FL-EST-431", "one draw of the links does not tell how much they matter", found=f"{len(parts)} value in the column",
            fix="give at least 2; 20 are usual",
        )  # fmt: skip
    return parts.values()


def _slim(made: Estimates) -> Estimates:
    """An estimate without its draws, which would be m times as many; refused where it has not the two rows."""
    frame = made.frame
    if len(frame) != 2 or frame["quantity"].tolist() != ["population_size", "dark_figure"]:
        raise EstimateFault(
            "FL-EST-345", "what the method gives cannot be pooled", found=f"{len(frame)} rows",
            fix="the method gives the rows population_size and dark_figure of one population, as those of cr do",
        )  # fmt: skip
    if frame[["value", "se"]].isna().to_numpy().any():
        raise EstimateFault(
            "FL-EST-345", "what the method gives cannot be pooled", found="a value or standard error is missing",
            fix="take a method with a standard error: an envelope, or a posterior without moments, cannot be pooled",
        )  # fmt: skip
    return replace(made, draws=None)


@dataclass(frozen=True, kw_only=True)
class Rubin:
    """Estimates of several linkages put together: mean, total variance, its degrees of freedom, the share of the links."""

    mean: float
    variance: float
    df: float
    share: float

    @staticmethod
    def of(values: Floats, variances: Floats) -> Rubin:
        """Rubin's rules."""
        m = len(values)
        within, between = float(variances.mean()), (1 + 1 / m) * float(values.var(ddof=1))
        total = within + between
        df = (m - 1) * (total / between) ** 2 if between > 0 else np.inf
        return Rubin(mean=float(values.mean()), variance=total, df=float(df), share=between / total if total else 0.0)


def _pooled(made: Sequence[Estimates], refused: Mapping[str, int], level: float, linkages: Any) -> Estimates:
    first = made[0]
    values, errors, people = (
        np.array([one.frame[name].to_numpy(dtype=float) for one in made]) for name in ("value", "se", "n")
    )
    size, dark = (Rubin.of(values[:, row], errors[:, row] ** 2) for row in (0, 1))
    n = size.mean - dark.mean
    t = float(stats.t.ppf((1 + level) / 2, size.df))
    spread = float(np.exp(t * np.sqrt(np.log1p(size.variance / dark.mean**2)))) if dark.mean > 0 else np.nan
    frame = first.frame.copy()
    frame["value"], frame["se"] = [size.mean, dark.mean], [np.sqrt(size.variance), np.sqrt(dark.variance)]
    frame["lower"] = [n + dark.mean / spread, dark.mean / spread]
    frame["upper"] = [n + dark.mean * spread, dark.mean * spread]
    frame["df"], frame["level"], frame["interval_kind"] = [size.df, dark.df], level, "log"
    frame["n"] = pd.array([round(float(people[:, 0].mean()))] * 2, dtype="Int64")
    frame["method"] = str(LINKAGE_DRAWS)
    terms = list(dict.fromkeys(str(one.frame["term"].iloc[0]) for one in made))
    frame["term"] = terms[0] if len(terms) == 1 else ""
    without = sum(refused.values())
    codes = [LINKAGE_DRAWS_FAILED] if without > UNSTABLE * (len(made) + without) else []
    codes += [] if dark.mean > 0 else [INTERVAL_NOT_DEFINED]
    assumptions = [a for a in _assumed(made) if a.code != PERFECT_LINKAGE]
    arguments = {"draws": len(made) + without, "level": level, "of": first.provenance.to_dict()}
    if isinstance(linkages, LinkDraws):
        arguments |= {"seed": linkages.seed, "lists": list(linkages.lists)}
    elif isinstance(linkages, CaptureHistories):
        arguments |= {"lists": list(linkages.lists)}
    return replace(
        first,
        frame=frame,
        reasons=tuple(code.at(row) for row in (0, 1) for code in codes),
        assumptions=(*assumptions, LINKS_DRAWN.assume(draws=len(made))),
        diagnostics={
            "draws": len(made),
            "draws_without_estimate": dict(refused),
            "share_of_links": size.share,
            "values": values[:, 0].tolist(),
            "observed": (values[:, 0] - values[:, 1]).tolist(),
            "terms": terms,
        },
        provenance=replace(first.provenance, call="pool_links", arguments=arguments, source_sha256=""),
        draws=None,
        support=Support.least([one.support for one in made]),
    )


def _assumed(made: Sequence[Estimates]) -> list[Assumption]:
    """The assumptions of any draw, each once."""
    seen: dict[str, Assumption] = {}
    for one in made:
        for assumption in one.assumptions:
            seen.setdefault(repr((assumption.code, assumption.parameters)), assumption)
    return list(seen.values())
