"""Rounds and countries in one table: what they say differently of how they were measured, and the bridge that somebody stated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fl_estimate.errors import EstimateFault
from fl_estimate.results.codes import (
    DEFINITION_STATED,
    INSTRUMENT_STATED,
    ITEMS_NOT_IN_INSTRUMENT,
    PREVALENCE,
    PREVALENCE_PER_1000,
    Assumption,
    AssumptionCode,
    Quantity,
)
from fl_estimate.results.estimates import Estimates
from fl_estimate.results.recipe import Period

BRIDGE_STATED = AssumptionCode("bridge_stated", "reason")
"""Rounds that were not measured alike stand in one table, for a reason that the author gives."""
AS_MEASURED = AssumptionCode("round_as_measured", "round", "factor", "error")
"""A round whose figures are bridged by a factor stands in tables as it was measured."""
TOLD: Mapping[str, AssumptionCode] = {
    "definition": DEFINITION_STATED, "instrument": INSTRUMENT_STATED, "items that were not asked": ITEMS_NOT_IN_INSTRUMENT,
}  # fmt: skip
"""What a result says of how its cases were found, by the assumption that says it."""


def require_alike(results: Sequence[Estimates], bridge: str | None) -> tuple[Assumption, ...]:
    """Refuse rounds that were not measured alike, unless somebody says what bridges them; the assumption that says it.

    Parameters
    ----------
    results : sequence of Estimates
        Of several rounds or countries.
    bridge : str, optional
        Why they can stand beside each other.

    Raises
    ------
    EstimateFault
        FL-EST-730: their definitions, instruments, items or the lengths of their reference periods differ; FL-EST-731: a bridge that says
        nothing.
    """
    if bridge is not None and not bridge.strip():
        raise EstimateFault("FL-EST-731", "the bridge between rounds says nothing", found="an empty text",
                            fix='say why they can be compared: bridge="both forms were put to 400 people in 2023"')  # fmt: skip
    differing = differences(results)
    if differing and bridge is None:
        raise EstimateFault(
            "FL-EST-730", "the rounds were not measured alike", found="; ".join(differing),
            fix='leave the round out, or say with bridge="…" why the figures can stand beside each other; it is printed under them',
        )  # fmt: skip
    return (BRIDGE_STATED.assume(reason=bridge.strip()),) if bridge is not None else ()


def is_bridged(result: Estimates) -> bool:
    """Whether the factor that bridges a round is one of these figures: prevalences and numbers, but no means or shares of cases."""
    quantities = [Quantity.of(str(name)) for name in result.frame["quantity"].unique()]
    return all(each in (PREVALENCE, PREVALENCE_PER_1000) or each.counts_population for each in quantities)


def differences(results: Sequence[Estimates]) -> list[str]:
    """What results say differently of how they were measured, in words; empty where they say the same, or nothing."""
    said: dict[str, dict[str, None]] = {}
    for result in results:
        for what, words in _told(result).items():
            said.setdefault(what, {})[words] = None
    return [
        f"{what}: {' / '.join(word or 'all were asked' for word in words)}"
        for what, words in said.items()
        if len(words if what == "items that were not asked" else [word for word in words if word]) > 1
    ]


def _told(result: Estimates) -> dict[str, str]:
    told = {
        what: "; ".join(
            ", ".join(str(value) for _, value in a.parameters) for a in result.assumptions if str(a.code) == str(code)
        )
        for what, code in TOLD.items()
    }
    length = Period(result.reference_period).years
    told["length of the reference period"] = Period(result.reference_period).length or (
        f"{length:.1f} years" if length is not None else ""
    )
    return {**told, "framework": _text(result.provenance.arguments.get("framework", ""))}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else " + ".join(str(one) for one in value)
