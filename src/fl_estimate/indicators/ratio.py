"""Outcomes that are a number: a sum over cost lines divided by a number of the episode (SDG 10.7.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fl_estimate.indicators.answers import AnswerReading
    from fl_estimate.indicators.parts import Outcome


def share_of_one(outcome: Outcome, reading: AnswerReading) -> float | None:
    """The ratio of one respondent whose costs are given as one line; None where it is undefined."""
    top, bottom = outcome.numerator, outcome.denominator
    if top is None or bottom is None:
        return None
    paid = reading.codes(top.of, top.codes).word
    amount, divisor = reading.number(top.sum), reading.number(bottom.field)
    if paid == "unknown" or divisor is None or divisor <= 0 or (paid == "true" and amount is None):
        return None
    return (amount or 0.0) / divisor if paid == "true" else 0.0
