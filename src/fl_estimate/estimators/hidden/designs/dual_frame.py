"""Dual-frame estimation: two samples, of two frames that overlap, put together so that nobody is counted twice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal, get_args

import numpy as np

from fl_estimate.arrays import Floats
from fl_estimate.design.intervals import general, no_case_limits, proportion
from fl_estimate.errors import EstimateFault, require_name, shown
from fl_estimate.estimators.hidden.designs.dual_frame_cells import FrameSample, sample_of, two_samples
from fl_estimate.estimators.hidden.designs.dual_frame_weights import (
    N_BOTH,
    Y_BOTH,
    Joined,
    N,
    Y,
    fuller_burmeister,
    hartley,
    optimal_share,
    pseudo_likelihood,
    raked,
    single_frame,
)
from fl_estimate.estimators.hidden.designs.limits import require_choices, satterthwaite
from fl_estimate.inputs.sample_design import Design
from fl_estimate.results.basis import Support
from fl_estimate.results.build import build
from fl_estimate.results.codes import (
    INTERVAL_NOT_DEFINED,
    MEAN,
    PREVALENCE,
    TOTAL,
    ZERO_CASES,
    AssumptionCode,
    MethodName,
    Quantity,
    Reason,
    ReasonCode,
    each_once,
)
from fl_estimate.results.estimates import Estimates
from fl_estimate.results.methods import method
from fl_estimate.results.recipe import joined
from fl_estimate.results.roles import GROUPS, NOT_IN_FILE, PEOPLE, VALUES, Level, Name, Positive, Where, Within

Estimator = Literal["hartley", "fuller-burmeister", "single-frame", "single-frame-raking", "pseudo-maximum-likelihood"]
Share = Annotated[float, Within(ge=0, le=1)]
METHODS: dict[str, MethodName] = {
    name: MethodName(f"dual-frame-{name}", chooses_people=True, named=True) for name in get_args(Estimator)
}
QUANTITIES: dict[str, Quantity] = {"total": TOTAL, "prevalence": PREVALENCE, "mean": MEAN}
SIZED = ("single-frame-raking", "pseudo-maximum-likelihood")
FRAMES_COVER = AssumptionCode("frames_cover_together")
SAMPLES_INDEPENDENT = AssumptionCode("frame_samples_independent")
OVERLAP_TOLD = AssumptionCode("overlap_told_truly")
PROBABILITIES_KNOWN = AssumptionCode("both_probabilities_known")
SIZES_KNOWN = AssumptionCode("frame_sizes_known", "first", "second")
SHARE_FROM_DATA = AssumptionCode("overlap_share_from_data", "share", in_full_only=("share",))
SHARE_GIVEN = AssumptionCode("overlap_share_given", "share")
OVERLAP_SHARE_BY_SIZE = ReasonCode("overlap_share_by_size", tells_cases=True)
PROPORTIONS = ("korn-graubard", "logit", "wilson")


@method(kind="dual_frame", basis="respondents", family="hidden")
def dual_frame(
    people: Annotated[Any, PEOPLE],
    outcome: Name,
    *,
    overlap: Annotated[str, VALUES],
    frame: Annotated[str | None, GROUPS] = None,
    frames: tuple[str, str] = ("A", "B"),
    design: Annotated[Design | tuple[Design, Design] | None, NOT_IN_FILE] = None,
    estimator: Estimator = "hartley",
    overlap_share: Literal["outcome", "size"] | Share = "outcome",
    probabilities: Annotated[tuple[str, str] | None, VALUES] = None,
    frame_sizes: tuple[Positive, Positive] | None = None,
    quantity: Literal["total", "prevalence", "mean"] = "total",
    where: Where = None,
    unknown: Literal["no", "exclude"] | None = None,
    interval: Literal["korn-graubard", "logit", "wilson", "log", "wald"] | None = None,
    level: Level = 0.95,
) -> Estimates:
    """Estimate from two samples of two frames that overlap, such as households and a register of those who returned.

    Use it where no frame holds all, and both together do. Everybody must be asked whether the other frame holds them as well.

    Parameters
    ----------
    people : (sample, sample), or frame, SurveyData, Classification
        The samples of frame A and frame B, each with its design or with that of `design`; or one table of both with the column `frame`.
    outcome : str
        Column of the outcome, as in `estimate_total`.
    overlap : str
        0/1 column of both samples: 1 for who is in the other frame too.
    frame, frames : str, tuple of str
        Of one table: the column that says of which frame a row was drawn, and its two values. Strata and units are those of each frame by itself.
    design : Design, or (Design, Design)
    estimator : {"hartley", "fuller-burmeister", "single-frame", "single-frame-raking", "pseudo-maximum-likelihood"}
        Weigh the overlap of both samples so that the variance is least; with the people of the overlap besides; weigh everybody in the overlap by both
        probabilities (Bankier; Kalton and Anderson), or rake these weights to `frame_sizes` (Skinner); or by the sizes of both frames (Skinner and Rao).
    overlap_share : {"outcome", "size"} or number
        Of sample A in the overlap (θ): least variance of the outcome, or of the number of people in the overlap, or given. A sample that met no case in the overlap has an
        estimated variance of 0, and would get all the weight: there "size" is taken, and a reason says so.
    probabilities : tuple of str, optional
        Columns of the probability in A and in B of everybody in the overlap: for both single-frame estimators.
    frame_sizes : tuple of number, optional
        People in frame A and in frame B, as known: for single-frame-raking and pseudo-maximum-likelihood.
    quantity : {"total", "prevalence", "mean"}
        What is estimated: a number, a share of everybody on either frame, or a mean.
    where, unknown, level
        As in `estimate_total`.
    interval : str, optional
        korn-graubard, logit or wilson of a prevalence, log or wald of anything; by default korn-graubard, log for a total, wald for a mean.

    Returns
    -------
    Estimates
        One row of the union of both frames; `n` and `cases` of both samples.

    Raises
    ------
    EstimateFault
        FL-EST-679: a choice that there is not; FL-EST-682: what the samples are is not said; FL-EST-683: an overlap, a frame or a probability that is not known; FL-EST-684: a prevalence of what is
        not 0/1; FL-EST-685: settings that the estimator needs, or cannot use; and as in `estimate_total`.

    Notes
    -----
    Hartley: Y = y_a + θ y_ab(A) + (1 − θ) y_ab(B) + y_b, θ = (V(y_ab(B)) + C(y_b, y_ab(B)) − C(y_a, y_ab(A)))/(V(y_ab(A)) + V(y_ab(B))). Fuller and Burmeister add
    β₂(n_ab(A) − n_ab(B)). Every estimator is (by linearisation) a sum over A and a sum over B, whose variances are those of the designs; θ and β are
    taken as fixed. A prevalence or mean is Y/N with N by the same estimator (θ of its own where it is optimal), and its variance that of (Y − R N)/N.
    Degrees of freedom by Satterthwaite.

    References
    ----------
    Hartley (1962), Proceedings of the Social Statistics Section, American Statistical Association, 203-206. Fuller and Burmeister (1972), same, 245-249. Bankier (1986), Journal of
    the American Statistical Association 81, 1074-1079. Kalton and Anderson (1986), Journal of the Royal Statistical Society A 149, 65-82. Skinner (1991), Journal of the American
    Statistical Association 86, 779-784. Skinner and Rao (1996), same 91, 349-356. Lohr (2009), Handbook of Statistics 29A, 71-88.

    Examples
    --------
    >>> import fl_estimate as fl, pandas as pd
    >>> households = pd.DataFrame({"w": 100.0, "ea": [1, 1, 2, 2, 3, 3], "fl": [0, 1, 0, 1, 0, 0], "both": [0, 0, 0, 1, 1, 1]})
    >>> register = pd.DataFrame({"w": 50.0, "fl": [1, 0, 1, 0, 0, 1, 0, 0], "both": [1, 1, 1, 0, 0, 0, 1, 1]})
    >>> designs = (fl.Design(weights="w", psu="ea", expands=True), fl.Design(weights="w", expands=True))
    >>> total = fl.hidden.dual_frame((households, register), "fl", overlap="both", design=designs, overlap_share=0.5)
    >>> total.value
    250.0
    """
    require_choices({"estimator": (estimator, get_args(Estimator)), "quantity": (quantity, tuple(QUANTITIES))}, level)
    for name, column in (("outcome", outcome), ("overlap", overlap)):
        require_name(column, name)
    kind = _interval(interval, quantity, level)
    _check(estimator, overlap_share, probabilities, frame_sizes)
    samples = [
        sample_of(
            each, its_design, outcome, overlap=overlap, where=where, unknown=unknown,
            probabilities=probabilities if estimator in ("single-frame", "single-frame-raking") else None,
        )
        for each, its_design in two_samples(people, design, frame, frames)
    ]  # fmt: skip
    pair = _BothFrames(*samples)
    if quantity == "prevalence" and np.isnan(pair.cases):
        raise EstimateFault(
            "FL-EST-684", "a prevalence needs an outcome of 0 and 1", found=f"{outcome!r} holds other numbers", fix='quantity="mean"'
        )  # fmt: skip
    by_size = _by_size(pair, estimator, overlap_share)
    both = _joined(pair, estimator, "size" if by_size else overlap_share, frame_sizes)
    return _laid_out(
        pair, both, estimator=estimator, quantity=quantity, interval=kind, level=level, by_size=by_size, share=overlap_share,
        sizes=frame_sizes, arguments={
            "outcome": outcome, "overlap": overlap, "estimator": estimator, "overlap_share": overlap_share, "quantity": quantity,
            "probabilities": list(probabilities or ()), "frame_sizes": list(frame_sizes or ()), "where": where or "",
            "unknown": unknown or "", "interval": kind, "level": level,
        },
    )  # fmt: skip


@dataclass(frozen=True)
class _BothFrames:
    """The samples of both frames."""

    a: FrameSample
    b: FrameSample

    @property
    def cases(self) -> float:
        return self.a.cases + self.b.cases

    def added(self, name: str) -> float:
        return float(getattr(self.a, name) + getattr(self.b, name))


def _interval(interval: str | None, quantity: str, level: float) -> str:
    usual = {"total": "log", "prevalence": "korn-graubard", "mean": "wald"}[quantity]
    allowed = ("log", "wald", *(PROPORTIONS if quantity == "prevalence" else ()))
    kind = usual if interval is None else interval
    require_choices({"interval": (kind, allowed)}, level)
    return kind


def _check(estimator: str, share: Any, probabilities: Any, sizes: Any) -> None:
    by_probability = estimator in ("single-frame", "single-frame-raking")
    number = isinstance(share, int | float) and not isinstance(share, bool)
    faults = {
        "probabilities= is missing": by_probability and probabilities is None,
        "frame_sizes= is missing": estimator in SIZED and sizes is None,
        "frame_sizes= is no pair of numbers above 0": sizes is not None and not _two_numbers(sizes),
        f"frame_sizes= with estimator={shown(estimator)}": sizes is not None and estimator not in SIZED,
        f"probabilities= with estimator={shown(estimator)}": probabilities is not None and not by_probability,
        f"overlap_share={shown(share)}": share not in ("outcome", "size") and not (number and 0 <= share <= 1),
        f"overlap_share= with estimator={shown(estimator)}": by_probability and share != "outcome",
    }
    found = [name for name, holds in faults.items() if holds]
    if found:
        raise EstimateFault(
            "FL-EST-685", "settings of two frames do not go together", found="; ".join(found),
            fix='single-frame estimators need probabilities=("in A", "in B"); single-frame-raking and pseudo-maximum-likelihood frame_sizes=(N_A, N_B); '
            'overlap_share= is "outcome", "size" or a number from 0 to 1',
        )  # fmt: skip


def _two_numbers(sizes: Any) -> bool:
    if not isinstance(sizes, tuple | list) or len(sizes) != 2:
        return False
    numbers = all(isinstance(each, int | float | np.number) and not isinstance(each, bool) for each in sizes)
    return numbers and all(0 < float(each) < np.inf for each in sizes)


def _by_size(pair: _BothFrames, estimator: str, share: Any) -> bool:
    """Whether a sample met no case in the overlap, so that its variance of 0 says nothing."""
    optimal = estimator in ("hartley", "fuller-burmeister") and share == "outcome"
    met = pair.a.overlap_rows > 0 and pair.b.overlap_rows > 0
    return optimal and met and (pair.a.overlap_cases == 0 or pair.b.overlap_cases == 0)


def _joined(pair: _BothFrames, estimator: str, share: Any, sizes: Any) -> Joined:
    a, b = pair.a, pair.b
    if estimator == "single-frame":
        return single_frame(a.total, b.total)
    if estimator == "single-frame-raking":
        return raked(a.total, b.total, sizes)
    of_size = optimal_share(a.covariance, b.covariance, N, N_BOTH)
    if isinstance(share, str):
        of_outcome = optimal_share(a.covariance, b.covariance, Y, Y_BOTH) if share == "outcome" else of_size
    else:
        of_outcome = of_size = float(share)
    if estimator == "hartley":
        return hartley(a.total, b.total, (of_outcome, of_size))
    if estimator == "fuller-burmeister":
        return fuller_burmeister(
            a.total, b.total, a.covariance, b.covariance, None if share == "outcome" else of_outcome
        )
    if not isinstance(share, str):
        return pseudo_likelihood(a.total, b.total, float(share), sizes)
    return pseudo_likelihood(a.total, b.total, _size_share(pair, of_size, sizes), sizes)


def _size_share(pair: _BothFrames, start: float, sizes: tuple[float, float]) -> float:
    """Skinner and Rao's θ: N_a N_B V(n_ab(B))/(N_a N_B V(n_ab(B)) + N_b N_A V(n_ab(A))), with N_ab as estimated."""
    both = start * pair.a.total[N_BOTH] + (1 - start) * pair.b.total[N_BOTH]
    of_b = max(sizes[0] - both, 0.0) * sizes[1] * pair.b.covariance[N_BOTH, N_BOTH]
    of_a = max(sizes[1] - both, 0.0) * sizes[0] * pair.a.covariance[N_BOTH, N_BOTH]
    return float(of_b / (of_a + of_b)) if of_a + of_b > 0 else 0.5


def _laid_out(
    pair: _BothFrames, both: Joined, *, estimator: str, quantity: str, interval: str, level: float, by_size: bool, share: Any, sizes: Any,
    arguments: dict[str, Any],
) -> Estimates:  # fmt: skip
    ratio = both.outcome / both.people if both.people > 0 else np.nan
    value = both.outcome if quantity == "total" else ratio
    away = np.array([1.0, 0.0]) if quantity == "total" else np.array([1.0, -ratio]) / both.people
    variances = [
        np.array([max(float((away @ of) @ sample.covariance @ (away @ of)), 0.0)])
        for of, sample in ((both.of_a, pair.a), (both.of_b, pair.b))
    ]
    se = np.sqrt(np.sum(variances, axis=0))
    df = satterthwaite(variances, [np.array([pair.a.df]), np.array([pair.b.df])])
    n = np.array([pair.added("n")])
    none = pair.added("support_cases") == 0
    lower, upper, kind = _limits(
        interval, quantity, np.array([value]), se, n, df, level, both.people, none=none and not np.isnan(pair.cases)
    )
    reasons: list[Reason] = [ZERO_CASES.at(0)] if none else []
    reasons += [OVERLAP_SHARE_BY_SIZE.at(0)] if by_size else []
    reasons += [INTERVAL_NOT_DEFINED.at(0, kind=interval)] if np.isnan(lower[0]) else []
    recipe = joined(
        [pair.a.result.recipe, pair.b.result.recipe], call="hidden.dual_frame", arguments=arguments,
        assumptions=each_once([
            FRAMES_COVER.assume(), SAMPLES_INDEPENDENT.assume(), OVERLAP_TOLD.assume(),
            *_of_estimator(both, estimator, share, sizes),
            *pair.a.result.assumptions, *pair.b.result.assumptions,
        ]),
    )  # fmt: skip
    return build(
        {
            "outcome": str(arguments["outcome"]), "value": [value], "se": se, "lower": lower, "upper": upper, "level": level,
            "interval_kind": [kind], "n": n, "cases": [pair.cases], "psus_with_cases": [pair.added("psus_with_cases")], "df": df,
            "undetermined": [_undetermined(pair)],
        },
        quantity=QUANTITIES[quantity], method=METHODS[estimator], basis="respondents", recipe=recipe, reasons=reasons,
        support=Support.of(
            n, [pair.added("support_cases")], psus_with_cases=[pair.added("psus_with_cases")], df=df,
            df_effective=satterthwaite(variances, [np.array([np.fmin(each.df_effective, each.df)]) for each in (pair.a, pair.b)]),
        ),
        diagnostics={
            "overlap_share": both.share, "people": both.people, "overlap_people_a": float(pair.a.total[N_BOTH]),
            "overlap_people_b": float(pair.b.total[N_BOTH]), "overlap_outcome_a": float(pair.a.total[Y_BOTH]),
            "overlap_outcome_b": float(pair.b.total[Y_BOTH]),
        },
    )  # fmt: skip


def _undetermined(pair: _BothFrames) -> float:
    """The larger share of the two samples: that of the union is not known apart from the outcome."""
    shares = [float(each.result.frame["undetermined"].iloc[0]) for each in (pair.a, pair.b)]
    return float(np.nanmax(shares)) if not np.isnan(shares).all() else np.nan


def _limits(
    interval: str, quantity: str, value: Floats, se: Floats, n: Floats, df: Floats, level: float, people: float, *, none: bool
) -> tuple[Floats, Floats, str]:  # fmt: skip
    if none:
        reach = no_case_limits(n, df, level)
        return np.zeros(1), reach * (people if quantity == "total" else 1.0), "korn-graubard"
    if interval in PROPORTIONS:
        lower, upper = proportion(interval, value, se, n, df, level)
    else:
        lower, upper = general(interval, value, np.where(se > 0, se, np.nan), df, level)
    return lower, upper, interval if np.isfinite(lower[0]) else ""


def _of_estimator(both: Joined, estimator: str, share: Any, sizes: Any) -> list[Any]:
    said: list[Any] = []
    if estimator in ("single-frame", "single-frame-raking"):
        said.append(PROBABILITIES_KNOWN.assume())
    if estimator in SIZED:
        said.append(SIZES_KNOWN.assume(first=float(sizes[0]), second=float(sizes[1])))
    if isinstance(share, str) and not np.isnan(both.share):
        said.append(SHARE_FROM_DATA.assume(share=round(both.share, 4)))
    if not isinstance(share, str):
        said.append(SHARE_GIVEN.assume(share=float(share)))
    return said
