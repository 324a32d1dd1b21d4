"""The shape of a capture-recapture answer: the population size and, within it, the dark figure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import special

from fl_estimate.errors import EstimateFault, not_one_of, shown
from fl_estimate.estimators.capture_recapture.linkage_codes import EVERYONE_CAN_BE_LISTED
from fl_estimate.estimators.capture_recapture.list_codes import LISTS_NESTED
from fl_estimate.inputs.histories import CaptureHistories
from fl_estimate.inputs.list_relations import relation_texts
from fl_estimate.results.basis import Support
from fl_estimate.results.build import build
from fl_estimate.results.codes import DARK_FIGURE, POPULATION_SIZE, MethodName, ReasonCode
from fl_estimate.results.estimates import Assumption, Estimates
from fl_estimate.results.provenance import Provenance
from fl_estimate.results.recipe import Period, Recipe


@dataclass(frozen=True)
class Limits:
    """Limits of the dark figure, in persons."""

    lower: float
    upper: float


def require_interval(interval: str, allowed: tuple[str, ...], level: float, where: str = "this interval") -> None:
    """Refuse a kind of interval that a method does not have, and a level that is no probability.

    Raises
    ------
    EstimateFault
        FL-EST-30.
    """
    if interval not in allowed:
        raise not_one_of("FL-EST-30", where, interval, allowed)
    if not 0 < level < 1:
        raise EstimateFault(
            "FL-EST-30", "the level is not between 0 and 1", found=shown(level), fix="95 % is level=0.95"
        )


def normal_quantile(level: float) -> float:
    """Give z of a two-sided interval."""
    return float(special.ndtri((1 + level) / 2))


def log_limits(dark: float, variance: float, level: float) -> Limits:
    """Limits of a log-normal dark figure f: f/C and f C, C = exp(z √log(1 + Var/f²)); missing where f is not positive."""
    if not dark > 0:
        return Limits(np.nan, np.nan)
    spread = float(np.exp(normal_quantile(level) * np.sqrt(np.log1p(variance / dark**2))))
    return Limits(dark / spread, dark * spread)


def wald_limits(dark: float, se_log: float, level: float) -> Limits:
    """Limits symmetric on the log of the dark figure."""
    factor = float(np.exp(normal_quantile(level) * se_log))
    return Limits(dark / factor, dark * factor)


def population_estimates(
    histories: CaptureHistories,
    *,
    call: str,
    method: MethodName,
    term: str,
    dark: float,
    se_dark: float,
    se_size: float,
    limits: Limits,
    interval_kind: str,
    level: float,
    reasons: tuple[ReasonCode, ...] = (),
    assumptions: tuple[Assumption, ...] = (),
    diagnostics: Mapping[str, Any] | None = None,
    arguments: Mapping[str, Any] | None = None,
) -> Estimates:
    """Lay the two rows out: population size n + dark figure, and the dark figure, with limits that go together.

    `term` says which model or lists, so that two results of one method can be told apart. Lists of which one holds another
    are marked on every row, whatever the method.
    """
    n, held = histories.n, relation_texts(histories.nested)
    nested = tuple(LISTS_NESTED.at(row, pairs=held) for row in (0, 1) if held)
    columns: dict[str, Any] = {
        "outcome": histories.outcome,
        "term": term,
        "value": [n + dark, dark],
        "se": [se_size, se_dark],
        "lower": [n + limits.lower, limits.lower],
        "upper": [n + limits.upper, limits.upper],
        "level": level,
        "interval_kind": interval_kind,
        "n": [n, n],
    }
    return build(
        columns,
        quantity=[POPULATION_SIZE, DARK_FIGURE],
        method=method,
        basis="lists",
        recipe=Recipe(
            population=histories.population,
            period=Period(histories.reference_period),
            assumptions=(*assumptions, EVERYONE_CAN_BE_LISTED.assume()),
            provenance=Provenance(
                call=call,
                arguments={"lists": list(histories.lists), "level": level, **(arguments or {})},
                source_name="capture histories",
                source_sha256=histories.content_hash,
            ),
        ),
        reasons=(*(code.at(row) for row in (0, 1) for code in reasons), *nested),
        diagnostics=diagnostics,
        support=Support.of([n, n]),
    )
