"""Formulas as they are written in documents, their units, and which input each name means: by hand, one spelling at a time."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from fl_estimate import capture_recapture as cr
from fl_estimate.errors import StudyFault
from fl_estimate.inputs.histories import CaptureHistories
from fl_estimate.study.target_binding import Input, bind, is_power_of_ten
from fl_estimate.study.target_formula import FUNCTIONS, FormulaError, evaluate, parse
from fl_estimate.study.target_lists import _posterior, read_list_method  # pyright: ignore[reportPrivateUsage]
from fl_estimate.study.target_reading import read_method
from fl_estimate.study.target_shapes import change_of
from fl_estimate.study.target_units import Unit, read_unit, unit_in_label
from tests.unit.study.test_target_formula import figure

A, B, C = 6.0, 3.0, 2.0
ABC: Any = {"a": np.array([A]), "b": np.array([B]), "c": np.array([C])}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a + b - c", A + B - C), ("a - b - c", A - B - C), ("a / b / c", A / B / C), ("a / b * c", A / B * C), ("a - b * c", A - B * C),
        ("(a - b) * c", (A - B) * C), ("[a - b] × c", (A - B) * C), ("a ÷ b", A / B), ("a · b", A * B), ("a − b", A - B), ("a – b", A - B),
        ("a^c", A**C), ("a**c", A**C), ("c^b^c", C ** (B**C)), ("-a^c", -(A**C)), ("-a + b", -A + B), ("a * -b", A * -B), ("+a", A),
        ("a + +b", A + B), ("a^-c", A**-C), ("2 a", 2 * A), ("2(a + b)", 2 * (A + B)), ("(a)(b)", A * B), ("a x b", A * B), ("a X (b)", A * B),
        ("5 of 10", 50.0), ("1,000 a", 1000 * A), ("1e3 * a", 1000 * A), ("1.5E-1 a", 0.15 * A), ("12.5% * a", 0.125 * A), ("(5)% * a", 0.05 * A),
        ("2bn / a", 2e9 / A), ("2 million / a", 2e6 / A), ("3k + a", 3000 + A), ("sqrt(a)", math.sqrt(A)), ("abs(b - a)", A - B),
        ("exp(c)", math.exp(C)), ("ln a", math.log(A)), ("log(a)", math.log(A)), ("log10(a)", math.log10(A)), ("round(a / 4)", 2.0),
        ("logit(a/10)", math.log(0.6 / 0.4)), ("expit(c)", 1 / (1 + math.exp(-C))), ("min(a, b, c)", C), ("max(b; a; c)", A),
        ("mean(a, b)", 4.5), ("average of the (a; b)", 4.5), ("sum(a, b, c)", A + B + C), ("sum of all (a; c)", A + C), ("sum over each (a; b)", A + B),
        ("d = a + b; d / c", (A + B) / C), ("d = a; e = d * d; e", A * A), ("result = a/b.", A / B), ("a/b ≈ 2", None), ("rate = a/b = 2", A / B), ("a/b; ", A / B), ("d = a; d/b;", A / B),
    ],
)  # fmt: skip
def test_what_a_formula_says(text: str, expected: float | None) -> None:
    if expected is None:  # what stands before a sign of equality is a name, which a/b is not read as
        assert parse(text).free == ()
        return
    assert float(np.ravel(evaluate(parse(text), ABC, {}))[0]) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    "text", ["a/(b - b)", "(b - b)/(b - b)", "sqrt(b - a)", "log(b - b)", "logit(a)", "(b - a)^0.5"]
)
def test_what_has_no_value_gives_none_and_no_warning(text: str) -> None:
    assert not np.isfinite(evaluate(parse(text), ABC, {})).any()


def test_every_function_of_a_formula_is_said_above() -> None:
    assert set(FUNCTIONS) == {
        *("sum", "mean", "average", "min", "max", "logit", "expit", "log", "ln", "log10", "round", "exp", "sqrt", "abs")
    }


def test_functions_of_parts_go_over_the_parts() -> None:
    """Two parts at three points: a row a part, so that sum, mean, min and max give one figure a point."""
    parts: Any = {"a": np.array([[1.0, 2.0, 3.0], [5.0, 4.0, 9.0]])}
    for name, expected in {"sum": [6, 6, 12], "mean": [3, 3, 6], "min": [1, 2, 3], "max": [5, 4, 9]}.items():
        assert evaluate(parse(f"{name}(a)"), parts, {}).tolist() == expected


@pytest.mark.parametrize(
    ("text", "free"),
    [
        ("a/b", ("a", "b")), ("b/a + b", ("b", "a")), ("d = a; d/b", ("a", "b")), ("registered victims / adults", ("registered victims", "adults")),
        ("sum_r n_r / sum_r m_r", ("n", "m")), ("Σ_r n_r", ("n_r",)), ("n_r / m_r", ("n_r", "m_r")), ("sum(n_r) + n", ("n",)),
        ("sum(count of the victims)", None), ("logit L", ("L",)),
    ],
)  # fmt: skip
def test_names_of_a_formula(text: str, free: tuple[str, ...] | None) -> None:
    if free is None:
        assert parse(text).free
    else:
        assert parse(text).free == free


@pytest.mark.parametrize(
    ("text", "nearest"),
    [("a * b, to the nearest 1,000", 1000.0), ("a * b rounded to nearest 5", 5.0), ("a * b", None)],
)
def test_a_formula_says_what_it_is_rounded_to(text: str, nearest: float | None) -> None:
    assert parse(text).nearest == nearest
    assert parse(text).free == ("a", "b")


@pytest.mark.parametrize(
    ("text", "said"),
    [("", "it is empty"), ("a; ; b", "a part of it is empty"), ("a ? b", "'\\?' is not understood"), ("(a", "bracket"), ("a)", "'\\)' stands"),
     ("sum(a", "bracket"), ("a +", "ends where a figure"), ("* a", "'\\*' stands where a figure")],
)  # fmt: skip
def test_what_is_no_formula(text: str, said: str) -> None:
    with pytest.raises(FormulaError, match=said):
        parse(text)


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        *[(text, Unit("share", 0.01)) for text in ("percent", "per cent", "%", "pct", "percentage points", "Percent of adults", "percent (rounded)")],
        *[(text, Unit("years", 1.0)) for text in ("year", "years", "yr", "years out of the five")],
        *[(text, Unit("years", 1 / 12)) for text in ("month", "months")],
        *[(text, Unit("ratio", 1.0)) for text in ("ratio", "times", "multiple", "factor", "points", "score", "index")],
        *[(text, Unit("share", 1.0)) for text in ("proportion", "share")],
        ("US$", Unit("money", 1.0)), ("US$bn", Unit("money", 1e9)), ("usd million a year", Unit("money", 1e6)), ("€ thousand", Unit("money", 1e3)),
        ("£ per victim", Unit("money", 1.0)), ("million", Unit("count", 1e6)), ("millions of people", Unit("count", 1e6)), ("k", Unit("count", 1e3)),
        ("hundreds", Unit("count", 1e2)), ("thousand adults aged 15+", Unit("count", 1e3)), ("billion", Unit("count", 1e9)),
        ("per 1,000", Unit("share", 1e-3)), ("victims per 100 000 adults", Unit("share", 1e-5)), ("per thousand", Unit("share", 1e-3)),
        ("per hundred", Unit("share", 1e-2)), ("per million", Unit("share", 1e-6)),
        *[(text, Unit("count", 1.0)) for text in ("persons", "women aged 15", "cases", "households", "number", " Victims. ")],
        ("apples", None), ("by sector", None), ("", None), ("a million", None),
    ],
)  # fmt: skip
def test_units(text: str, unit: Unit | None) -> None:
    assert read_unit(text) == unit


@pytest.mark.parametrize(
    ("label", "unit"),
    [
        ("share of pickers, percent", Unit("share", 0.01)), ("victims (thousand), 2020", Unit("count", 1e3)),
        ("rate, sexual (see notes), per 1,000", Unit("share", 1e-3)), ("share, percent (thousand)", Unit("share", 0.01)),
        ("victims, million, thousand", Unit("count", 1e3)), ("trafficked (million) (thousand)", Unit("count", 1e3)),
        ("victims per 1000 adults", Unit("share", 1e-3)), ("victims per 100,000", Unit("share", 1e-5)), ("mean number of years inside", Unit("years", 1.0)),
        ("years inside", Unit("years", 1.0)), ("average years", Unit("years", 1.0)), ("median number of years", Unit("years", 1.0)),
        ("five years inside", None), ("percent of adults", Unit("share", 0.01)), ("adults in per cent", Unit("share", 0.01)), ("adults 12%", Unit("share", 0.01)),
        ("12% of adults", None), ("world million", Unit("count", 1e6)), ("world thousands ", Unit("count", 1e3)), ("fishers interviewed", None), ("1,000 fishers", None),
    ],
)  # fmt: skip
def test_units_that_labels_say(label: str, unit: Unit | None) -> None:
    assert unit_in_label(label) == unit


@pytest.mark.parametrize(
    ("number", "is_one"),
    [(1, True), (10, True), (1000.0, True), (100.4, False), (0.1, False), (20, False), (101, False)],
)
def test_powers_of_ten_are_sizes_no_figures(number: float, is_one: bool) -> None:
    assert is_power_of_ten(number) is is_one


@pytest.mark.parametrize(
    ("text", "sign"), [("b/a - 1", 1.0), ("1 - b/a", -1.0), ("(b - a)/a", 1.0), ("(a - b)/a", -1.0), ("(a - b)/c", None),
                       ("b/a - 2", None), ("2 - b/a", None), ("b/a + 1", None), ("(a + b)/a", None)]
)  # fmt: skip
def test_shapes_of_a_change(text: str, sign: float | None) -> None:
    found = change_of(parse(text).result)
    assert (found and found[0]) == sign
    if found is not None:
        assert [each.text for each in found[1:]] == ["a", "b"]  # pyright: ignore[reportAttributeAccessIssue]


def test_a_fall_is_computed_by_the_library_with_its_sign() -> None:
    for method, expected in (("100*(before - after)/before", 20.0), ("100*(after - before)/before", -20.0)):
        value, reading = figure(method, [("before, US$bn", 50.0), ("after, US$bn", 40.0)], "percent")
        assert value == pytest.approx(expected)
        assert reading.function == "synthesis.change"


# Which input a name means


def given(
    *labels: str, unit: Unit | None = None, symbols: tuple[str, ...] = (), values: tuple[float, ...] = ()
) -> tuple[Input, ...]:
    return tuple(
        Input(label=label, value=values[place] if values else float(place + 2), halfwidth=0.0, unit=unit or Unit("count", 1.0),
              symbol=symbols[place] if symbols else "")
        for place, label in enumerate(labels)
    )  # fmt: skip


def test_letters_in_a_row_go_with_inputs_in_order() -> None:
    assert bind(parse("c/(a + b)"), given("x", "y", "z")).names == {"a": (0,), "b": (1,), "c": (2,)}
    assert bind(parse("c/(a + b)"), given("x", "y", "z")).guessed


def test_beyond_what_can_be_tried_the_order_decides() -> None:
    many = [f"part {chr(ord('k') + place)}{place}" for place in range(12)]
    names = [f"name{chr(ord('a') + place)}" for place in range(12)]
    found = bind(parse(" + ".join(names)), given(*many)).names
    assert found == {name: (place,) for place, name in enumerate(names)}
    assert bind(parse("total"), given(*many)).names == {"total": tuple(range(12))}
    with pytest.raises(FormulaError, match="more inputs than names; give each input the symbol"):
        bind(parse("one/another"), given(*many))


def test_several_inputs_of_different_units_are_not_added_up() -> None:
    mixed = (*given("x", "y"), *given("z", unit=Unit("share", 0.01)), *given("w", unit=Unit("money", 1.0)))
    with pytest.raises(FormulaError, match="in different units"):
        bind(parse("total"), mixed)
    with pytest.raises(FormulaError, match="does not show which go together"):
        bind(parse("one/another"), given("x", "y", "z"))


def test_a_symbol_comes_before_everything_else() -> None:
    found = bind(parse("a/b"), given("b", "a", symbols=("a", "b")))
    assert found.names == {"a": (0,), "b": (1,)}
    assert not found.guessed
    shared = bind(parse("p/q"), given("one", "two", "three", symbols=("p", "q", "p")))
    assert shared.names == {"p": (0, 2), "q": (1,)}
    with pytest.raises(FormulaError, match="does not use the input 'three'"):
        bind(parse("p/q"), given("one", "two", "three", symbols=("p", "q", "r")))
    with pytest.raises(FormulaError, match="no input is left for 'r'"):
        bind(parse("p/q/r"), given("one", "two", symbols=("p", "q")))


def test_numbers_of_a_formula_are_inputs_of_that_value() -> None:
    found = bind(parse("17.3 + 6.3"), given("private", "sexual", values=(17.3, 6.3)))
    assert sorted(found.numbers.values()) == [0, 1]
    assert not found.guessed
    # As printed or in natural units: 17.3 million is written 17,300,000 too.
    whole = bind(parse("17,300,000 / 78"), given("private", "seats", unit=Unit("count", 1e6), values=(17.3, 78.0)))
    assert sorted(whole.numbers.values()) == [0, 1]
    # The same value twice is two inputs, and a power of ten is a size.
    assert sorted(bind(parse("5 + 5"), given("x", "y", values=(5.0, 5.0))).numbers.values()) == [0, 1]
    assert list(bind(parse("100 * 5"), given("x", values=(5.0,))).numbers.values()) == [0]
    with pytest.raises(FormulaError, match="does not use the input 'y'"):
        bind(parse("100 * 5"), given("x", "y", values=(5.0, 100.0)))


def test_parts_go_together_by_their_labels() -> None:
    """Rates that are printed in another order than the counts: A with A, B with B."""
    rates = tuple(
        Input(label=label, value=value, halfwidth=0.0, unit=Unit("share", 1e-3))
        for label, value in (("B, per 1,000", 4.0), ("A, per 1,000", 2.0))
    )
    counts = given("A, million", "B, million", unit=Unit("count", 1e6))
    found = bind(parse("sum(share*rate)/sum(share)"), (*counts, *rates))
    assert found.names == {"share": (0, 1), "rate": (3, 2)}
    assert found.over_parts == {"share", "rate"}
    # Where labels are not the same ones they stay in the order given.
    other = (*given("A, million", "B, million", unit=Unit("count", 1e6)), *given("C", "D", unit=Unit("share", 1e-3)))
    assert bind(parse("sum(count/rate)"), other).names == {"count": (0, 1), "rate": (2, 3)}
    with_equal = given("x1", "x2", "y1", "y2")
    assert bind(parse("sum(n/m)"), with_equal).names == {"n": (0, 1), "m": (2, 3)}


# Methods of case lists

LISTS = CaptureHistories.from_counts(
    pd.DataFrame({"A": [1, 0, 0, 1, 1, 0, 1], "B": [0, 1, 0, 1, 0, 1, 1], "C": [0, 0, 1, 0, 1, 1, 1], "count": [60, 70, 50, 20, 15, 18, 6]}), lists=["A", "B", "C"]
)  # fmt: skip


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        ("observed", lambda: float(LISTS.n)), ("people on any list", lambda: float(LISTS.n)),
        ("Chapman", lambda: cr.chapman(LISTS, "A", "B", interval="wald")), ("Lincoln-Petersen", lambda: cr.petersen(LISTS, "A", "B", interval="wald")),
        ("Chapman merging B+C", lambda: cr.chapman(LISTS.merge("B", "C", into="BC"), "A", "BC", interval="wald")),
        ("main effects", lambda: cr.loglinear(LISTS, terms="main", interval="wald")),
        ("all pairs", lambda: cr.loglinear(LISTS, terms="two-way", interval="wald")),
        ("Zelterman", lambda: cr.zelterman(LISTS)), ("Chao", lambda: cr.chao(LISTS, kind="bias-corrected")),
        ("Mt", lambda: cr.closed(LISTS, model="Mt", interval="wald")), ("M0", lambda: cr.closed(LISTS, model="M0", interval="wald")),
        ("Mh-Chao", None),
        ("Mth Poisson", lambda: cr.closed(LISTS, model="Mth-poisson", interval="wald")),
        ("BIC of order 2", lambda: cr.select_bic(LISTS, interval="wald", max_order=2)),
        ("DGA", lambda: cr.average_decomposable(LISTS, seed=1)),
    ],
)  # fmt: skip
def test_methods_of_case_lists_are_the_functions(method: str, expected: Any) -> None:
    if expected is None:  # Chao's own words come first
        assert read_list_method(method).function == "capture_recapture.chao"
        return
    found, meant = read_list_method(method).compute(LISTS), expected()
    if isinstance(meant, float):
        assert (found.value, found.lower, found.upper) == (meant, meant, meant)
        return
    row = meant.frame.iloc[0]
    value = meant.diagnostics.get("posterior_median", row["value"])
    assert (found.value, found.lower, found.upper) == (value, row["lower"], row["upper"])
    assert found.monte_carlo == 0.0


def test_a_grid_is_that_many_dark_figures_up_to_so_many_times_the_people_observed() -> None:
    reading = read_list_method("", "average_decomposable", {"grid": {"times": 3, "points": 50}})
    whole = np.unique(np.round(np.linspace(1, 3 * LISTS.n, 50))).tolist()
    meant = cr.average_decomposable(LISTS, seed=1, grid=whole)
    assert reading.compute(LISTS).value == meant.diagnostics["posterior_median"]
    for wrong in (
        {"times": 3},
        {"times": 3, "points": 0},
        {"times": 0.5, "points": 10},
        {"times": 3, "points": 10, "more": 1},
    ):
        with pytest.raises(FormulaError, match="grid"):
            read_list_method("", "average_decomposable", {"grid": wrong})
    with pytest.raises(FormulaError, match="does not take 'gird'; did you mean 'grid'"):
        read_list_method("", "cr.average_decomposable", {"gird": 1})


def test_the_error_of_a_sampled_median() -> None:
    """√(π/2) times that of a mean, se/√ESS, or what the medians of the chains say where that is more; no figure without agreement."""

    def sampled(medians: list[float], *, agree: bool = True) -> Any:
        frame = pd.DataFrame({"value": [11.0], "se": [8.0], "lower": [5.0], "upper": [20.0]})
        reasons = () if agree else (SimpleNamespace(code="sampler_rhat"),)
        told = {"posterior_median": 10.0, "ess_bulk": 400.0, "median_by_chain": medians, "rhat": 1.3}
        return SimpleNamespace(frame=frame, diagnostics=told, reasons=reasons)

    by_draws = math.sqrt(math.pi / 2) * 8 / 20
    found = _posterior(sampled([10.0, 10.0, 10.1, 9.9]))
    assert (found.value, found.lower, found.upper, found.monte_carlo) == (10.0, 5.0, 20.0, pytest.approx(by_draws))
    assert _posterior(sampled([10.0])).monte_carlo == pytest.approx(by_draws)
    # Medians 4, 8, 12, 16: their standard deviation is √(80/3), of the mean of four half of that.
    assert _posterior(sampled([4.0, 8.0, 12.0, 16.0])).monte_carlo == pytest.approx(math.sqrt(80 / 3) / 2)
    assert _posterior(sampled([4.0, 8.0])).monte_carlo == pytest.approx(
        math.sqrt(8) / math.sqrt(2)
    )  # 2: between the two
    with pytest.raises(StudyFault, match=r"R-hat 1\.30") as raised:
        _posterior(sampled([10.0], agree=False))
    assert raised.value.code == "FL-STUDY-32"


# Units of a formula


@pytest.mark.parametrize(
    ("method", "parts", "unit", "expected"),
    [
        # 100 in per cent is per cent already; a rate per 1,000 is divided by 1,000 as printed; else natural units.
        ("100*part/total", (("part, million", 3.0), ("total, million", 12.0)), "percent", 25.0),
        ("part/total", (("part, million", 3.0), ("total, million", 12.0)), "percent", 25.0),
        ("part/total*100", (("part, thousand", 3.0), ("total, million", 12.0)), "percent", 0.025),
        ("1000*part/total", (("part, thousand", 3.0), ("total, million", 12.0)), "per 1,000", 0.25),
        ("rate/1000 * population", (("rate, per 1,000", 4.0), ("population, million", 2.0)), "thousand", 8.0),
        ("rate * population", (("rate, per 1,000", 4.0), ("population, million", 2.0)), "thousand", 8.0),
        ("share/100 * pickers", (("share, percent", 5.0), ("pickers, million", 2.0)), "persons", 100_000.0),
        ("100 - free", (("free, percent", 96.0),), "percent", 4.0),
        ("10*part/total", (("part, million", 3.0), ("total, thousand", 12.0)), "ratio", 2.5),
        ("1000*profit/victims", (("profit, US$bn", 5.0), ("victims, million", 2.0)), "US$", 2500.0),
        # Inputs that say no unit have that of the result.
        ("a + b", (("x", 3.0), ("y", 4.0)), "million", 7.0), ("a + b", (("x", 3.0), ("y", 4.0)), "percent", 7.0),
        ("a/b", (("x", 3.0), ("y", 4.0)), "percent", 75.0),
    ],
)  # fmt: skip
def test_sizes_and_units_of_a_formula(method: str, parts: Any, unit: str, expected: float) -> None:
    assert figure(method, list(parts), unit)[0] == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    ("method", "parts", "unit", "expected"),
    [
        ("state-imposed / total", (("state-imposed, million", 2.0), ("total, million", 8.0)), "percent", 25.0),
        ("State-Imposed / total", (("state-imposed, million", 2.0), ("total, million", 8.0)), "percent", 25.0),
        ("share: a/b", (("x", 1.0), ("y", 4.0)), "percent", 25.0), ("a/b, where a are victims", (("x", 1.0), ("y", 4.0)), "percent", 25.0),
        ("a/b using the table", (("x", 1.0), ("y", 4.0)), "percent", 25.0), ("a/b, as printed", (("x", 1.0), ("y", 4.0)), "percent", 25.0),
        ("a/b (of all adults)", (("x", 1.0), ("y", 4.0)), "percent", 25.0),
    ],
)  # fmt: skip
def test_words_around_a_formula(method: str, parts: Any, unit: str, expected: float) -> None:
    assert figure(method, list(parts), unit)[0] == pytest.approx(expected, rel=1e-12)


def test_a_reading_says_what_each_name_stands_for() -> None:
    _, reading = figure("100*part/total", [("women", 3.0), ("girls", 2.0), ("world total", 20.0)], "percent")
    assert reading.words == "part: women + girls; total: world total"
    _, reading = figure("17.3 + 6.3", [("private", 17.3), ("sexual", 6.3)], "million")
    assert reading.words == "17.3: private; 6.3: sexual"
    assert not reading.guessed
    assert reading.nearest is None
    _, reading = figure("a * b, to the nearest 1,000", [("x", 17.3), ("y", 6.3)], "persons")
    assert reading.nearest == 1000.0
    assert reading.guessed


@pytest.mark.parametrize(
    ("label", "window"),
    [("persons in the last 5 years", 5.0), ("persons, five-year window", 5.0), ("persons in 2.5 years", 2.5), ("persons within ten years", 10.0)],
)  # fmt: skip
def test_windows_in_words(label: str, window: float) -> None:
    parts = [(label, 1000.0), ("mean years inside", 2.0)]
    value, reading = figure("S", parts, "persons", kind="in-window")
    assert value == pytest.approx(1000 * 2 / window)
    assert reading.words == f"flow: {label}; in-window duration: mean years inside; window: {window:g} years"
    assert reading.guessed
    # The key comes before the words, and the order of the inputs does not matter.
    value, reading = figure("S", parts[::-1], "persons", kind="in-window", window_years=8)
    assert value == pytest.approx(1000 * 2 / 8)
    assert not reading.guessed
    # A T in the formula is the window.
    assert figure("N * d / T", parts, "persons")[0] == pytest.approx(1000 * 2 / window)
    assert figure("N * d / T", parts, "persons", window_years=8)[0] == pytest.approx(250)


def test_the_window_may_be_said_in_the_description() -> None:
    into = given("persons ever", "mean years inside", values=(1000.0, 2.0))
    reading = read_method("S", into, Unit("count", 1.0), kind="in-window", hints=["stock, over the last 4 years"])
    assert float(reading.compute(np.array([[1000.0], [2.0]]))[0]) == pytest.approx(500)


@pytest.mark.parametrize(
    ("word", "years"),
    list(
        zip(
            ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "twelve"],
            (*range(1, 11), 12),
            strict=True,
        )
    ),
)
def test_years_in_words(word: str, years: int) -> None:
    parts = [(f"persons in the last {word} years", 1200.0), ("mean years inside", 0.5)]
    assert figure("S", parts, "persons", kind="in-window")[0] == pytest.approx(600 / years)


@pytest.mark.parametrize(
    ("name", "expected"), [("sum", 9.0), ("mean", 3.0), ("average", 3.0), ("min", 1.0), ("max", 6.0)]
)
def test_a_name_under_a_function_of_parts_stands_for_all_of_them(name: str, expected: float) -> None:
    value, reading = figure(f"{name}(n)", [("north", 2.0), ("south", 6.0), ("east", 1.0)], "persons")
    assert value == pytest.approx(expected)
    assert reading.words == "n: north + south + east"
