"""Whether rounds count the same thing: what they say differently of it, and bridges from one definition to another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from fl_estimate.arrays import Floats
from fl_estimate.errors import EstimateFault, listed, shown
from fl_estimate.results.codes import (
    DEFINITION_STATED,
    INSTRUMENT_STATED,
    ITEMS_NOT_IN_INSTRUMENT,
    SUBPOPULATION,
    TOTAL,
    UNKNOWN_AS_NO,
    Assumption,
    AssumptionCode,
    Quantity,
    ReasonCode,
)
from fl_estimate.results.estimates import Estimates
from fl_estimate.results.recipe import Period
from fl_estimate.results.rounds import BRIDGE_STATED

ROUNDS_DIFFER = ReasonCode("rounds_differ", "what")
BRIDGED = AssumptionCode("rounds_bridged", "round", "factor", "error")
BRIDGED_IN_WORDS = AssumptionCode("rounds_bridged_in_words", "why")
CARRIERS: Mapping[AssumptionCode, str] = {
    DEFINITION_STATED: "definition",
    INSTRUMENT_STATED: "instrument",
    ITEMS_NOT_IN_INSTRUMENT: "items",
    SUBPOPULATION: "subpopulation",
}
"""Assumptions that tell what was counted and asked, and what a change of it is called."""
BOTH_WAYS: frozenset[AssumptionCode] = frozenset({ITEMS_NOT_IN_INSTRUMENT, SUBPOPULATION})
"""Those of them whose absence says something, too."""
UNKNOWN: Mapping[str, str] = {
    UNKNOWN_AS_NO: "counted as no",
    "unknown_excluded": "left out",
    "unknown_bounds": "bounds",
    "unknown_imputed": "imputed",
}
"""What was done with unknown answers, by the assumption that says it."""
BRIDGEABLE: frozenset[str] = frozenset({
    "framework", "definition", "instrument", "items", "unknown answers", "length of the reference period",
})  # fmt: skip
"""What a factor can bridge: another way of counting the same thing. Other people, or another quantity, are not it."""
Difference = tuple[str, tuple[str, ...]]


def differences(rounds: Sequence[Estimates | None]) -> list[Difference]:
    """What rounds say differently of what they count: what, and the words of each round.

    Where a round says nothing it agrees with all others, except that items an instrument lacks, and a subpopulation, are told by
    their absence as well. A plain number (None) says nothing.
    """
    told = [round_ for round_ in rounds if round_ is not None]
    found: list[Difference] = []
    for what in _told_of(told[0]) if told else ():
        words = tuple("" if round_ is None else _told_of(round_)[what] for round_ in rounds)
        said = {word for word, round_ in zip(words, rounds, strict=True) if round_ is not None}
        stated = said if what in _ABSENCE else said - {""}
        if len(stated) > 1:
            found.append((what, words))
    return found


_ABSENCE = frozenset(CARRIERS[code] for code in BOTH_WAYS)


def _told_of(estimates: Estimates) -> dict[str, str]:
    frame = estimates.frame
    outcomes = ", ".join(dict.fromkeys(str(name) for name in frame["outcome"]))
    quantities = ", ".join(dict.fromkeys(_unit(str(name)) for name in frame["quantity"]))
    arguments = estimates.provenance.arguments
    framework = arguments.get("framework") or dict(arguments.get("direct") or {}).get("framework", "")
    return {
        "outcome": outcomes,
        "quantity": quantities,
        "measure": estimates.measure,
        "population": estimates.population,
        "unit": estimates.wording.unit,
        "country": estimates.wording.country,
        "length of the reference period": Period(estimates.reference_period).length,
        "framework": framework if isinstance(framework, str) else " + ".join(str(one) for one in framework),
        "unknown answers": next((UNKNOWN[str(a.code)] for a in estimates.assumptions if str(a.code) in UNKNOWN), ""),
        **{what: _stated(estimates, code) for code, what in CARRIERS.items()},
    }


def _unit(quantity: str) -> str:
    """Names of one unit are no difference."""
    return str(TOTAL) if Quantity.of(quantity).counts_population else quantity


def _stated(estimates: Estimates, code: str) -> str:
    texts = [", ".join(str(value) for _, value in a.parameters) for a in estimates.assumptions if a.code == code]
    return "; ".join(texts)


def words_of(differing: Sequence[Difference]) -> str:
    """Differences as they stand in an error."""
    return "; ".join(f"{what}: {' / '.join(word or 'not said' for word in words)}" for what, words in differing)


@dataclass(frozen=True, kw_only=True)
class Bridge:
    """Factors that bring rounds to one definition, one a round (1 where none is needed), with their standard errors.

    `why` is a text in place of factors: somebody states that the rounds can be compared as they are.

    `group` numbers the factors: rounds of one group share one factor, and with it its error; −1 where there is none. `reasons` are
    the texts that rounds have in place of a factor, by round: these count as they are, and what differs is no refusal.
    """

    factor: Floats
    se: Floats
    group: tuple[int, ...]
    why: str = ""
    reasons: tuple[str, ...] = ()

    def values(self, value: Floats) -> Floats:
        """Values times factors, on the last axis."""
        return value * self.factor

    def covariance(self, value: Floats, covariance: Floats) -> Floats:
        """Covariance of bridged values, shape (rounds, rounds): f f′ ∘ V, and x x′ s² between rounds of one factor."""
        group = np.array(self.group)
        shared = (group[:, None] == group[None, :]) & (group >= 0)[:, None]
        return covariance * np.outer(self.factor, self.factor) + np.where(
            shared, np.outer(value * self.se, value * self.se), 0.0
        )


def bridge_of(given: Any, labels: Sequence[str]) -> Bridge:
    """Read `bridge=`: a factor and its standard error for each round that needs one, or a text that says why none is needed.

    Equal pairs are one factor. A text may be that of one round: then it covers what a factor could, and no more.

    Raises
    ------
    EstimateFault
        FL-EST-753: a round that there is not, a factor that is not above 0, or no standard error.
    """
    factor, se, group = np.ones(len(labels)), np.zeros(len(labels)), [-1] * len(labels)
    pairs: list[tuple[float, float] | str] = []
    reasons = [""] * len(labels)
    faults: list[str] = []
    why = given.strip() if isinstance(given, str) else ""
    if given is not None and not why and not isinstance(given, Mapping):
        faults.append(f"bridge= as {shown(given)}")
    told = cast("Mapping[Any, Any]", given) if isinstance(given, Mapping) else {}
    for name, pair in told.items():
        numbers = pair.strip() if isinstance(pair, str) else _pair(pair)
        if str(name) not in labels:
            faults.append(f"{shown(name)}: no such round")
        elif not numbers:
            faults.append(f"{shown(name)}: {shown(pair)}")
        else:
            at = list(labels).index(str(name))
            pairs += [numbers] if numbers not in pairs else []
            group[at] = pairs.index(numbers)
            if isinstance(numbers, str):
                reasons[at] = numbers
            else:
                factor[at], se[at] = numbers
    if faults:
        raise EstimateFault(
            "FL-EST-753", "a bridge cannot be used", found="; ".join(faults),
            fix=f'bridge={{"{labels[0]}": (0.82, 0.05)}}: for rounds that there are ({listed(labels)}) what their figures are '
            "multiplied by, above 0, and its standard error, 0 or more",
        )  # fmt: skip
    return Bridge(factor=factor, se=se, group=tuple(group), why=why, reasons=tuple(reasons))


def _pair(given: Any) -> tuple[float, float] | None:
    if not isinstance(given, list | tuple) or len(cast("Sequence[Any]", given)) != 2:
        return None
    numbers = [
        float(one)
        for one in cast("Sequence[Any]", given)
        if isinstance(one, int | float | np.number) and not isinstance(one, bool) and np.isfinite(one)
    ]
    return (numbers[0], numbers[1]) if len(numbers) == 2 and numbers[0] > 0 and numbers[1] >= 0 else None


def require_comparable(
    rounds: Sequence[Estimates | None], labels: Sequence[str], bridge: Bridge, differing: str
) -> list[Difference]:
    """What differs and is only flagged; refuse what is neither flagged nor bridged.

    A bridge covers what it can between the rounds that have one and those that have none, or among those of one factor where these
    agree with each other. It does not make other people, or another quantity, the same.

    Raises
    ------
    EstimateFault
        FL-EST-195.
    """
    found = differences(rounds)
    left = [one for one in found if not _bridged(one, bridge)]
    if left and differing == "refuse" and not bridge.why:
        two = len(rounds) == 2
        raise EstimateFault(
            "FL-EST-195",
            f"the {'two ' if two else ''}rounds do not count the same thing, so that their difference is not a change",
            found=words_of(left),
            fix="estimate the rounds alike; or bring them to one definition by a factor that both ways of counting in one sample "
            f'gave, bridge={{"{labels[0]}": (factor, standard error)}}; or say differing="flag", and print what differs beside the figure',
        )  # fmt: skip
    return left


def _bridged(difference: Difference, bridge: Bridge) -> bool:
    """Whether rounds of one group (those without a bridge are one) say the same, so that factors are all that lies between."""
    what, words = difference
    if what not in BRIDGEABLE:
        return False
    told: dict[int, set[str]] = {}
    for group, word in zip(bridge.group, words, strict=True):
        told.setdefault(group, set()).add(word)
    return len(told) > 1 and all(len(own) == 1 for own in told.values())


def bridge_told(bridge: Bridge, labels: Sequence[str]) -> list[Assumption]:
    """The assumption that says which rounds were bridged, and by what."""
    if bridge.why:
        return [BRIDGED_IN_WORDS.assume(why=bridge.why)]
    stated = [BRIDGE_STATED.assume(reason=reason) for reason in dict.fromkeys(bridge.reasons) if reason]
    return stated + [
        BRIDGED.assume(
            round=labels[t], factor=float(f"{bridge.factor[t]:.4g}"), error=float(f"{bridge.se[t]:.4g}")
        )
        for t, group in enumerate(bridge.group)
        if group >= 0 and not bridge.reasons[t]
    ]  # fmt: skip
