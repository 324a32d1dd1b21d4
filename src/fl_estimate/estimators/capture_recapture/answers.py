"""The shape of a capture-recapture answer: the population size and, within it, the dark figure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fl_estimate.inputs.histories import CaptureHistories
from fl_estimate.results.estimates import Assumption, Estimates, Reason, make_frame
from fl_estimate.results.provenance import Provenance


@dataclass(frozen=True)
class Limits:
    """Limits of the dark figure, in persons."""

    lower: float
    upper: float


def population_estimates(
    histories: CaptureHistories,
    *,
    call: str,
    method: str,
    term: str,
    dark: float,
    se_dark: float,
    se_size: float,
    limits: Limits,
    interval_kind: str,
    level: float,
    reasons: tuple[str, ...] = (),
    assumptions: tuple[tuple[str, dict[str, Any]], ...] = (),
    diagnostics: Mapping[str, Any] | None = None,
    arguments: Mapping[str, Any] | None = None,
) -> Estimates:
    """Lay the two rows out: population size n + dark figure, and the dark figure, with limits that go together.

    `term` says which model or lists, so that two results of one method can be told apart.
    """
    n = histories.n
    columns: dict[str, Any] = {
        "quantity": ["population_size", "dark_figure"],
        "term": [term, term],
        "value": [n + dark, dark],
        "se": [se_size, se_dark],
        "lower": [n + limits.lower, limits.lower],
        "upper": [n + limits.upper, limits.upper],
        "level": [level, level],
        "interval_kind": [interval_kind, interval_kind],
        "n": [n, n],
        "method": [method, method],
    }
    return Estimates(
        frame=make_frame(columns, {}, 2),
        reasons=tuple(Reason(code=code, row=row) for row in (0, 1) for code in reasons),
        assumptions=tuple(Assumption(code=code, parameters=tuple(values.items())) for code, values in assumptions),
        diagnostics=dict(diagnostics or {}),
        provenance=Provenance(
            call=call,
            arguments={"lists": list(histories.lists), "level": level, **(arguments or {})},
            source_name="capture histories",
            source_sha256=histories.content_hash,
        ),
    )
