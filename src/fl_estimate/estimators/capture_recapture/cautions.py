"""What must be said loudly beside an estimate from case lists: codes with parameters, read off the lists and the answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from fl_estimate.estimators.capture_recapture.consistency import InternalConsistency
from fl_estimate.estimators.sampling import RHAT_GOOD
from fl_estimate.inputs import list_relations
from fl_estimate.inputs.histories import CaptureHistories
from fl_estimate.results.recipe import Period

FEW_OVERLAPS, SMALL_SHARE = 30, 0.05
FAR, APART, FAILED = 10.0, 1.5, 0.05
LONG_YEARS = 1.0
LEVELLED = 0.1
ONE_PERSON = 0.02
MISSED = 0.05
"""Size of the test of known lists, over all lists and methods tried."""


@dataclass(frozen=True, kw_only=True)
class Warned:
    """A warning: its code, and what its sentence needs."""

    code: str
    parameters: tuple[tuple[str, Any], ...] = ()


def warned(
    histories: CaptureHistories,
    methods: pd.DataFrame,
    diagnostics: Mapping[str, Mapping[str, Any]],
    consistency: Mapping[str, InternalConsistency],
    parts: Mapping[str, pd.DataFrame],
) -> tuple[Warned, ...]:
    """Everything to be warned of, what the lists are first, then what the methods made of them."""
    return (
        *_of_lists(histories),
        *_of_methods(histories, methods, diagnostics),
        *_of_changes(parts, consistency),
    )


def _of_lists(histories: CaptureHistories) -> Iterator[Warned]:
    if len(histories.lists) < 3:
        yield Warned(code="two_lists_only")
    held = list_relations.relation_texts(histories.nested)
    if held:
        yield Warned(code="lists_nested", parameters=(("pairs", ", ".join(held)),))
    if histories.empty_lists:
        yield Warned(code="lists_empty", parameters=(("lists", ", ".join(histories.empty_lists)),))
    several = float(histories.frequencies[1:].sum())
    if several < FEW_OVERLAPS or several < SMALL_SHARE * histories.n:
        yield Warned(
            code="few_on_two_lists", parameters=(("people", several), ("share", round(100 * several / histories.n, 1)))
        )
    pairs = histories.pairs_without_overlap
    if pairs:
        yield Warned(code="pairs_without_overlap", parameters=(("pairs", len(pairs)), ("names", _names(pairs))))
    counts = histories.counts
    if len(counts) >= 4 and (np.isclose(counts % 5, 0).all()):
        yield Warned(code="counts_look_rounded")
    if (counts != np.round(counts)).any():
        yield Warned(code="counts_fractional")
    years = Period(histories.reference_period).years
    if years is not None and years > LONG_YEARS + 0.01:
        yield Warned(code="period_long", parameters=(("years", round(years, 1)),))


def _of_methods(
    histories: CaptureHistories, methods: pd.DataFrame, diagnostics: Mapping[str, Mapping[str, Any]]
) -> Iterator[Warned]:
    counted = methods[methods["admissible"]]
    if not len(counted) and len(histories.lists) > 2:
        yield Warned(code="no_admissible_method")
    blocked = diagnostics.get("stepwise", {}).get("blocked_pairs", [])
    if blocked:
        yield Warned(code="selection_blocked", parameters=(("pairs", ", ".join(blocked)),))
    values = counted["value"].to_numpy(dtype=float)
    if len(values) > 1 and values.max() > APART * values.min():
        yield Warned(code="methods_disagree", parameters=(("times", round(float(values.max() / values.min()), 1)),))
    if len(values) and values.max() > FAR * histories.n:
        yield Warned(code="mostly_unseen", parameters=(("times", round(float(values.max() / histories.n), 1)),))
    rhat = {name: float(told["rhat"]) for name, told in diagnostics.items() if "rhat" in told}
    if rhat and max(rhat.values()) > RHAT_GOOD:
        yield Warned(code="chains_disagree", parameters=(("rhat", round(max(rhat.values()), 2)),))
    unsettled = methods[methods["why_not"] == "chains_disagree"]
    if len(values) and len(unsettled):
        lower, upper = float(unsettled["lower"].min()), float(unsettled["upper"].max())
        if lower < counted["lower"].min() or upper > counted["upper"].max():
            yield Warned(code="envelope_may_be_narrow", parameters=(("lower", round(lower)), ("upper", round(upper))))
    failed = [float(t["replicates_failed"]) / t["replicates"] for t in diagnostics.values() if "replicates_failed" in t]
    if failed and max(failed) > FAILED:
        yield Warned(code="bootstrap_fails", parameters=(("share", round(100 * max(failed), 1)),))
    if not diagnostics.get("decomposable", {}).get("grid_settled", True):
        yield Warned(code="grid_end_matters")
    bound = methods.loc[methods["method"] == "lower_bound", "lower"].to_numpy(dtype=float)
    if len(values) and len(bound) and bound[0] > counted["upper"].min():
        yield Warned(code="bound_above_methods")
    refused = methods.loc[methods["why_not"].str.startswith("FL-"), "method"].tolist()
    if refused:
        yield Warned(code="methods_without_answer", parameters=(("methods", len(refused)),))


def _of_changes(parts: Mapping[str, pd.DataFrame], consistency: Mapping[str, InternalConsistency]) -> Iterator[Warned]:
    models = parts["models"]["population_size"].to_numpy(dtype=float)
    if len(models) > 1 and models.max() > APART * models.min():
        span = (("models", len(models)), ("lower", round(models.min())), ("upper", round(models.max())))
        yield Warned(code="models_fit_alike", parameters=span)
    missed = [name for name, found in consistency.items() if found.smallest_p * len(consistency) < MISSED]
    if missed:
        low = all((consistency[name].done.nsmallest(1, "p")["log_error"] < 0).all() for name in missed)
        yield Warned(
            code="known_lists_missed_low" if low else "known_lists_missed", parameters=(("methods", len(missed)),)
        )
    path = parts["trajectory"]["median"].to_numpy(dtype=float)
    if np.isfinite(path).any() and not abs(path[-1] / path[-2] - 1) < LEVELLED:
        yield Warned(code="not_levelled_off")
    one = parts["leave_one_person"]
    whole = float((one["value"] - one["change"]).iloc[0])
    largest = float(one["change"].abs().max())
    if largest > ONE_PERSON * whole:
        yield Warned(code="one_person_matters", parameters=(("people", round(largest)),))


def _names(pairs: tuple[tuple[str, str], ...]) -> str:
    shown = [f"{a}:{b}" for a, b in pairs[:8]]
    return ", ".join(shown) + (" …" if len(pairs) > len(shown) else "")
