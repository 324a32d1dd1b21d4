"""Results that are made of rounds, laid out as Estimates: whose people stand behind them, of what time, and what they take for granted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from fl_estimate.arrays import Floats
from fl_estimate.estimators.synthesis.comparable import ROUNDS_DIFFER, bridge_told
from fl_estimate.estimators.synthesis.reading import smallest_part
from fl_estimate.estimators.synthesis.rounds_given import GivenRounds
from fl_estimate.results.basis import Support, weakest
from fl_estimate.results.build import build
from fl_estimate.results.codes import (
    DEFF_REFERENCE,
    Assumption,
    AssumptionCode,
    MethodName,
    Quantity,
    ReasonCode,
    each_once,
)
from fl_estimate.results.estimates import Estimates
from fl_estimate.results.recipe import joined
from fl_estimate.words.periods import THEN

ROUNDS_IN_ONE_CALL = AssumptionCode("rounds_in_one_call")
ROUNDS_INDEPENDENT = AssumptionCode("rounds_independent")
ERRORS_OF_ROUNDS = AssumptionCode("errors_of_rounds_correlated", "least", "most")
ROUNDS_WITHOUT_CASES = ReasonCode("rounds_without_cases", "rounds", tells_cases=True)
ROUNDS_LEFT_OUT = ReasonCode("rounds_left_out", "rounds")
TOO_FEW_ROUNDS = ReasonCode("too_few_rounds", "rounds")
MADE_OF = "rounds_of"
"""The argument by which an audit finds what a row is made of: {column: values}, "" for results of their own."""


@dataclass(frozen=True, kw_only=True)
class MadeRow:
    """One row: its cell, the rounds that it is made of, its numbers."""

    cell: int
    of: tuple[int, ...]
    quantity: Quantity
    value: float
    se: float = np.nan
    lower: float = np.nan
    upper: float = np.nan
    df: float = np.nan
    kind: str = ""
    term: str = ""
    reasons: tuple[tuple[ReasonCode, Mapping[str, Any]], ...] = ()


def lay_out_rounds(
    rounds: GivenRounds,
    made: Sequence[MadeRow],
    *,
    call: str,
    method: MethodName,
    level: float,
    arguments: Mapping[str, Any],
    assumptions: Sequence[Assumption] = (),
    diagnostics: Mapping[str, Any] | None = None,
) -> Estimates:
    """The rows as a result: n and cases added up over their rounds, judged by the smallest of these."""
    labels = [_labels(rounds, row) for row in made]
    by = tuple(dict.fromkeys(name for one in rounds.results() for name in one.by))
    frame: dict[str, Any] = {
        name: [getattr(row, attribute) for row in made]
        for name, attribute in (("value", "value"), ("se", "se"), ("lower", "lower"), ("upper", "upper"), ("df", "df"))
    }
    frame |= {
        "outcome": [told["outcome"] for told in labels],
        "margin": [told["margin"] for told in labels],
        "term": [": ".join(part for part in (str(told["term"]), row.term) if part) for told, row in zip(labels, made, strict=True)],
        "interval_kind": [row.kind if np.isfinite(row.lower) else "" for row in made],
        "level": level, "n": [_people(rounds, row, "n") for row in made], "cases": [_people(rounds, row, "cases") for row in made],
    }  # fmt: skip
    reasons = [code.at(at, **told) for at, row in enumerate(made) for code, told in row.reasons]
    what = [name for name, _ in rounds.differing]
    reasons += [ROUNDS_DIFFER.at(at, what=", ".join(what)) for at in range(len(made)) if what]
    return build(
        frame,
        {name: [told["by"].get(name) for told in labels] for name in by},
        quantity=[row.quantity for row in made],
        method=method,
        basis=[weakest(rounds.inputs[t].basis for t in row.of) if row.of else _weakest(rounds) for row in made],
        recipe=_recipe(rounds, call, arguments, assumptions),
        reasons=reasons,
        diagnostics=diagnostics,
        support=Support.joined([_support(rounds, row) for row in made]),
    )


def _labels(rounds: GivenRounds, row: MadeRow) -> dict[str, Any]:
    """What tells the cell: from the first round that has it."""
    t = int(np.flatnonzero(rounds.rows[row.cell] >= 0)[0])
    estimates = rounds.inputs[t].estimates
    record: dict[Any, Any] = estimates.frame.iloc[int(rounds.rows[row.cell, t])].to_dict() if estimates else {}
    by = {name: _plain(record.get(name)) for name in (estimates.by if estimates else ())}
    return {
        "outcome": record.get("outcome", ""),
        "margin": record.get("margin", ""),
        "term": record.get("term", ""),
        "by": by,
    }


def _plain(value: Any) -> Any:
    return None if value is None or value != value or str(value) == "<NA>" else value


def _people(rounds: GivenRounds, row: MadeRow, name: str) -> float:
    counts = [float(getattr(rounds.inputs[t], name)[rounds.rows[row.cell, t]]) for t in row.of]
    known = [count for count in counts if np.isfinite(count)]
    return sum(known) if known and len(known) == len(counts) else np.nan


def _support(rounds: GivenRounds, row: MadeRow) -> Support:
    if not row.of:
        return Support.unknown(1)
    of = [rounds.inputs[t] for t in row.of]
    parts = [
        replace(one, support=one.support.take([int(rounds.rows[row.cell, t])]))
        for t, one in zip(row.of, of, strict=True)
    ]
    return smallest_part(parts, 1)


def _weakest(rounds: GivenRounds) -> str:
    return weakest(one.basis for one in rounds.inputs)


def _recipe(rounds: GivenRounds, call: str, arguments: Mapping[str, Any], assumptions: Sequence[Assumption]) -> Any:
    results = rounds.results()
    carried = [a for one in results for a in one.assumptions if a.code != DEFF_REFERENCE]
    told = {
        **arguments,
        MADE_OF: {rounds.column: list(rounds.labels)},
        "periods": [one.reference_period for one in results] if not rounds.column else [],
        "of": str(rounds.inputs[0].quantity),
        "times": [None if np.isnan(time) else float(time) for time in rounds.times],
        "bridge": {
            label: rounds.bridge.reasons[t] or [float(rounds.bridge.factor[t]), float(rounds.bridge.se[t])]
            for t, label in enumerate(rounds.labels) if rounds.bridge.group[t] >= 0
        },
        "inputs": list(dict.fromkeys(one.provenance.call for one in results)),
    }  # fmt: skip
    frameworks = list(dict.fromkeys(str(one.provenance.arguments.get("framework", "")) for one in results))
    if len(frameworks) == 1 and frameworks[0]:
        told["framework"] = results[0].provenance.arguments["framework"]
    return joined(
        [one.recipe for one in results],
        call=f"synthesis.{call}",
        arguments=told,
        assumptions=each_once([*assumptions, *_between(rounds), *bridge_told(rounds.bridge, rounds.labels), *carried]),
        measure=_words(results, "measure"),
        population=_words(results, "population"),
        reference_period=_period(rounds),
        one_sample=rounds.joint,
    )


def _between(rounds: GivenRounds) -> list[Assumption]:
    """How the errors of rounds go together."""
    if rounds.joint:
        return [ROUNDS_IN_ONE_CALL.assume()]
    r = correlations(rounds)
    pairs = r[:, *np.triu_indices(r.shape[1], 1)]
    if not np.nansum(np.abs(pairs)) > 0:
        return [ROUNDS_INDEPENDENT.assume()]
    return [ERRORS_OF_ROUNDS.assume(least=round(float(np.nanmin(pairs)), 3), most=round(float(np.nanmax(pairs)), 3))]


def correlations(rounds: GivenRounds) -> Floats:
    """Correlation of errors by cell, shape (C, T, T); NaN where a round has no error."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return rounds.covariance / (rounds.se[:, :, None] * rounds.se[:, None, :])


def _words(results: Sequence[Estimates], about: str) -> str:
    return " / ".join(dict.fromkeys(str(getattr(one, about)) for one in results if getattr(one, about)))


def _period(rounds: GivenRounds) -> str:
    """From the first round to the last, where each says its own time; of one call its own."""
    words = list(dict.fromkeys(one.reference_period for one in rounds.results()))
    if len(words) == 1:
        return words[0]
    return THEN.join((words[0], words[-1])) if all(words) else ""


def left_out(rounds: GivenRounds, cell: int, used: Sequence[int]) -> list[tuple[ReasonCode, Mapping[str, Any]]]:
    """Reasons of a cell: rounds that it could not take, and rounds without a case."""
    gone = [label for t, label in enumerate(rounds.labels) if t not in used]
    none = [rounds.labels[t] for t in used if rounds.zero[cell, t]]
    found: list[tuple[ReasonCode, Mapping[str, Any]]] = [(ROUNDS_LEFT_OUT, {"rounds": gone})] if gone else []
    return [*found, *([(ROUNDS_WITHOUT_CASES, {"rounds": none})] if none else [])]
