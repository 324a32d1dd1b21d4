"""Every bundled figure: what it is computed by, its range at every corner of the rounding of its inputs, and its print."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from fl_estimate.reproduce.computing import outcomes
from fl_estimate.reproduce.functions import functions
from fl_estimate.reproduce.reproduction import as_printed
from fl_estimate.reproduce.targets import Target, bundled_targets

FORMULAS: dict[str, Target] = {t.entry.id: t for t in bundled_targets() if t.formulas}
FIGURES: dict[str, Target] = {t.entry.id: t for t in bundled_targets() if t.function and t.histories is None}
LISTS: dict[str, Target] = {t.entry.id: t for t in bundled_targets() if t.histories is not None}
REST: dict[str, Target] = {t.entry.id: t for t in bundled_targets() if not (t.formulas or t.function)}


def test_each_is_of_one_kind_and_none_is_read_from_a_note() -> None:
    assert (len(FORMULAS), len(FIGURES)) == (22, 1)
    assert len(FORMULAS) + len(FIGURES) + len(LISTS) + len(REST) == len(bundled_targets()) == 85
    assert [t.entry.id for t in bundled_targets() if t.from_note or t.trouble] == []


@pytest.mark.parametrize("name", FORMULAS)
def test_the_range_is_that_of_the_corners_and_meets_the_print(name: str) -> None:
    """The least and the most of the formula as Python computes it, as each input is half its last digit more or less."""
    target = FORMULAS[name]
    (outcome,) = outcomes(target)
    (formula,) = target.formulas.values()
    ends: list[float] = []
    names = {
        "expit": lambda x: 1 / (1 + np.exp(-x)),
        "logit": lambda p: np.log(p / (1 - p)),
        "mean": lambda *x: sum(x) / len(x),
    }
    for signs in itertools.product((-1.0, 0.0, 1.0), repeat=min(len(target.inputs), 6)):
        moved = dict.fromkeys((each.symbol for each in target.inputs), 0.0)
        free = [each.symbol for each in target.inputs if each.halfwidths[0] > 0]
        moved |= dict(zip(free, signs, strict=False))
        values = {each.symbol: each.value + moved[each.symbol] * each.halfwidths[0] for each in target.inputs}
        ends.append(float(eval(formula.text, {"__builtins__": {}, **names}, values)))
    assert (outcome.lower, outcome.upper) == pytest.approx((min(ends), max(ends)), rel=1e-9)
    assert outcome.lower <= outcome.computed <= outcome.upper
    (printed,), half = target.entry.values, target.entry.half
    assert outcome.exact == (abs(outcome.computed - printed.value) <= half + 1e-9 * printed.value)
    assert outcome.agrees
    assert outcome.verdict == ("prints_same" if outcome.exact else "within_rounding")
    assert (outcome.function, outcome.words) == ("arithmetic", formula.text)


@pytest.mark.parametrize("name", FORMULAS)
def test_every_input_counts_and_has_a_symbol_of_its_own(name: str) -> None:
    target = FORMULAS[name]
    (formula,) = target.formulas.values()
    values = {each.symbol: each.values for each in target.inputs}
    assert values.keys() == formula.symbols
    assert len(values) == len(target.inputs)
    before = float(formula(values)[0])
    for symbol, value in values.items():
        assert abs(float(formula({**values, symbol: 1.01 * value})[0]) / before - 1) > 1e-5, symbol


@pytest.mark.parametrize("name", LISTS)
def test_a_figure_of_case_lists_names_a_public_estimator_and_has_its_lists(name: str) -> None:
    target = LISTS[name]
    assert target.function in functions("lists")
    assert target.histories is not None
    assert target.histories.n > 0


@pytest.mark.parametrize("name", REST)
def test_a_figure_that_cannot_be_computed_says_why(name: str) -> None:
    (outcome,) = outcomes(REST[name])
    assert (outcome.verdict, outcome.expected, outcome.failed, outcome.tests) == ("not_computed", False, False, "")
    assert outcome.reason
    assert outcome.printed
    assert np.isnan([outcome.computed, outcome.lower, outcome.upper]).all()


def test_a_print_is_written_as_it_was() -> None:
    assert [as_printed(value) for value in ([], [12.5], [1_234_567.0], [0.1], [1.0, 2.5])] == [
        "", "12.5", "1234567", "0.1", "1 to 2.5",
    ]  # fmt: skip
