"""Estimates of the draws of imputed answers put together by Rubin's rules; what they rest on stays what was answered."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, replace

import numpy as np
import pandas as pd

from fl_estimate.arrays import Floats
from fl_estimate.estimators.survey.imputed import IMPUTE, Imputed, imputation_arguments, shifts_of
from fl_estimate.estimators.survey.rubin import (
    MULTIPLE_IMPUTATION,
    POOLED_WITHOUT_ERROR,
    PooledImputations,
    combine,
    complete_df,
    covariance_of,
    pooled_frame,
    require_same_rows,
)
from fl_estimate.estimators.survey.weighted_call import Call
from fl_estimate.results.codes import (
    CENSUS,
    UNKNOWN_AS_NO,
    Assumption,
    AssumptionCode,
    Reason,
    ReasonCode,
    each_once,
)
from fl_estimate.results.columns import IMPUTED
from fl_estimate.results.estimates import Estimates
from fl_estimate.results.recipe import Recipe

UNKNOWN_IMPUTED = AssumptionCode("unknown_imputed", "m")
IMPUTED_NOT_AT_RANDOM = AssumptionCode("imputed_not_at_random", "refusal", "dont_know", "missing", "not_asked")
IMPUTED_SHARE = ReasonCode("imputed_share", "share", "information")
"""Of the nation: the share of the people in scope whose class was imputed, and the fraction of missing information."""
MISSING_INFORMATION = ReasonCode("missing_information", "information")
"""The same of a figure that is no share of people in scope."""
IMPUTED_LEFT_OPEN = ReasonCode("imputed_left_open", "share", in_full_only=("share",))
"""Of some whose class was open no donor's answers settled it: they count as no in the nation's figure."""
OF_DRAWS: frozenset[str] = frozenset({"zero_cases", "all_cases", "cases_in_few_units", "interval_not_defined"})
"""Reasons of a row as one set of answers has it: what they say is not so, or not known, of the imputed row."""


def over_draws(estimate: Callable[[Call], Estimates], call: Call) -> Estimates:
    """An estimate made of each completed set of answers, and pooled.

    Parameters
    ----------
    estimate : callable
        Of a call whose unknown answers count as no: that of each draw, in which there are none left, and that of the answers as
        given.
    call : Call
        With ``unknown="impute"``.

    Raises
    ------
    EstimateFault
        FL-EST-234 where a draw gives other rows than the answers as given; what `estimate` raises of any draw.
    """
    from fl_estimate.estimators.survey.models.pooled_regression import pooled_regression  # loads what fits regressions

    given = estimate(call)
    each = [estimate(call.of_draw(position)) for position in range(1, call.imputed.draws + 1)]
    pooled = pooled_draws(each, given, call.imputed, kind=call.interval, census=without_error(given))
    return pooled_regression(each, pooled)


def pooled_draws(
    each: Sequence[Estimates], given: Estimates, drawn: Imputed, *, kind: str = "", census: bool = False
) -> Estimates:
    """Estimates of the draws put together by Rubin's rules; what they rest on stays what was answered.

    Parameters
    ----------
    each : sequence of Estimates
        By draw, with the same rows.
    given : Estimates
        The same of the answers as given, unknown ones taken as no: n, cases, the undetermined share, support and cells are its.
    drawn : Imputed
    kind : str
        Of the intervals; as most draws have them where it is left out.
    census : bool
        Whether there is no sampling error, so that the design's degrees of freedom bound nothing.
    """
    parts = list(each)
    require_same_rows([*parts, given])
    frames = [part.frame for part in parts]
    values = np.stack([frame["value"].to_numpy(dtype=float) for frame in frames])
    complete = np.full(len(given), np.inf) if census else complete_df(frames)
    result = combine(values, [covariance_of(part) for part in parts], complete)
    frame = pooled_frame(frames, result, str(frames[0]["quantity"].iloc[0]) if len(frames[0]) else "", kind=kind)
    for name in ("n", "cases", "undetermined", "psus_with_cases"):
        frame[name] = given.frame[name]
    frame["deff"] = _deff(frames, result)
    frame["bound"] = pd.array([IMPUTED] * len(frame), dtype="string")
    frame["method"] = pd.array([str(MULTIPLE_IMPUTATION)] * len(frame), dtype="string")
    recipe = imputed_recipe(given, drawn)
    plain = Estimates(**{each.name: getattr(given, each.name) for each in fields(Estimates)})
    return replace(
        plain,
        frame=frame,
        reasons=(*_reasons(parts, given, frame, result), *_left_open(frame, drawn)),
        assumptions=recipe.assumptions,
        diagnostics={
            "imputations": len(parts), "missing_information": result.information.tolist(),
            "share_imputed": frame["undetermined"].astype(float).tolist(),
        },
        provenance=recipe.provenance,
        draws=None,
        inference=None,
        covariance_matrix=result.covariance,
    )  # fmt: skip


def _deff(frames: Sequence[pd.DataFrame], pooled: PooledImputations) -> Floats:
    """The pooled variance over that of simple random samples of complete answers: what missing answers cost is in it."""
    with np.errstate(divide="ignore", invalid="ignore"):
        simple = [frame["se"].to_numpy(dtype=float) ** 2 / frame["deff"].to_numpy(dtype=float) for frame in frames]
        known = np.isfinite(simple)
        mean = np.where(known, simple, 0.0).sum(axis=0) / known.sum(axis=0)
        return np.where(np.isfinite(mean) & (mean > 0), pooled.se**2 / mean, np.nan)


def imputed_recipe(given: Estimates, drawn: Imputed) -> Recipe:
    """The recipe of the answers as given, with how the unknown ones were imputed."""
    recipe = given.recipe
    arguments = {**recipe.provenance.arguments, "unknown": IMPUTE, "imputation": imputation_arguments(drawn)}
    return replace(
        recipe,
        assumptions=_assumptions(given, drawn),
        provenance=replace(recipe.provenance, arguments=arguments),
    )


def _assumptions(given: Estimates, drawn: Imputed) -> tuple[Assumption, ...]:
    """Those of the answers as given, with how the unknown ones were imputed in the place of what counts them as no."""
    assumptions = [UNKNOWN_IMPUTED.assume(m=drawn.draws)]
    if shifts_of(drawn):
        assumptions.append(
            IMPUTED_NOT_AT_RANDOM.assume(
                **{reason: float(np.exp(drawn.delta.get(reason, 0.0))) for reason in IMPUTED_NOT_AT_RANDOM.parameters}
            )
        )
    out = [
        each for one in given.assumptions for each in (assumptions if one.code == UNKNOWN_AS_NO else [one])
    ]  # a regression does not say that unknown answers are no
    return each_once([*out, *assumptions])


def _reasons(
    parts: Sequence[Estimates], given: Estimates, frame: pd.DataFrame, pooled: PooledImputations
) -> tuple[Reason, ...]:
    """What is so whatever the answers are; a row without a case only where no draw has one."""
    kept = [reason for reason in given.reasons if reason.code not in OF_DRAWS]
    for code in ("zero_cases", "all_cases"):
        rows = [{reason.row for reason in part.reasons if reason.code == code} for part in parts]
        kept += [ReasonCode.of(code).at(row) for row in sorted(set.intersection(*rows))]
    valued = frame["value"].notna().to_numpy()
    lacking = np.flatnonzero(valued & frame["se"].isna().to_numpy())
    kept += [POOLED_WITHOUT_ERROR.at(row) for row in lacking]
    nation = valued & (frame["margin"] == "").to_numpy(dtype=bool) & np.isfinite(pooled.information)
    for row in np.flatnonzero(nation):
        # In per cent.
        share = round(100 * float(frame["undetermined"].iloc[row]), 2)
        information = float(round(100 * float(pooled.information[row])))
        kept.append(
            IMPUTED_SHARE.at(row, share=share, information=information)
            if share > 0
            else MISSING_INFORMATION.at(row, information=information)
        )
    return tuple(kept)


def _left_open(frame: pd.DataFrame, drawn: Imputed) -> list[Reason]:
    """In the nation's rows, that the class of some recipients stayed open in the draws; in per cent of all recipients."""
    shares: Mapping[str, float] = getattr(drawn, "left_open", {})
    reasons: list[Reason] = []
    for row in np.flatnonzero(frame["value"].notna() & (frame["margin"] == "")):
        share = float(shares.get(str(frame["outcome"].iloc[row]), 0.0))
        if share > 0:
            reasons.append(IMPUTED_LEFT_OPEN.at(row, share=float(f"{100 * share:.2g}")))
    return reasons


def without_error(part: Estimates) -> bool:
    """Whether there is no sampling error in any row: every unit was taken."""
    return any(reason.code == CENSUS for reason in part.reasons)
