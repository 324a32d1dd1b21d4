"""Formulas as people write them beside a figure mean what they should, in the units of their inputs; what is unclear is refused."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from fl_estimate.study.target_binding import Input, affinity
from fl_estimate.study.target_formula import FormulaError, parse
from fl_estimate.study.target_lists import read_list_method
from fl_estimate.study.target_reading import Reading, read_method
from fl_estimate.study.target_units import Unit, read_unit, unit_in_label

WOMEN = [("commercial sexual, women, million", 4.9), ("other sectors, women, million", 6.0), ("world, million", 27.6)]
PROFIT = [("total profits, US$bn", 236.0), ("forced labour, private, million", 17.3), ("sexual, million", 6.3)]
COTTON = [("forced 2019, persons", 102_000.0), ("share forced 2018, percent", 7.0), ("pickers 2018, million", 2.5)]
TEAMS = [("first team", 60.0), ("second team", 90.0), ("both", 10.0)]


def inputs(given: list[tuple[str, float]], symbols: tuple[str, ...] = ()) -> tuple[Input, ...]:
    names = symbols or ("",) * len(given)
    return tuple(
        Input(
            label=label,
            value=value,
            halfwidth=0,
            unit=unit_in_label(label) or Unit("count", 1.0),
            unit_said=unit_in_label(label) is not None,
            symbol=symbol,
        )
        for (label, value), symbol in zip(given, names, strict=True)
    )


def figure(method: str, given: list[tuple[str, float]], unit: str, **settings: object) -> tuple[float, Reading]:
    into = inputs(given)
    told = read_unit(unit)
    assert told is not None
    reading = read_method(method, into, told, **settings)  # pyright: ignore[reportArgumentType]
    point = np.array([each.value for each in into])
    value = float(reading.compute(point[:, None])[0])
    if reading.by_library is not None:  # the library's function and the arithmetic are two ways to one figure
        assert reading.by_library(point) == pytest.approx(value, rel=1e-12)
    return value, reading


@pytest.mark.parametrize(
    ("method", "given", "unit", "expected", "function"),
    [
        # Expected values are the arithmetic of the last column of the formula, written out by hand.
        ("sum of parts", [("a, million", 4.5), ("b, million", 14.2)], "million", 18.7, "synthesis.add"),
        ("sum of rates with one denominator", [("a, per 1,000", 2.8), ("b, per 1,000", 4.8)], "per 1,000", 7.6, "synthesis.add"),
        ("100*part/total", WOMEN, "percent", 100 * 10.9 / 27.6, "synthesis.ratio"),
        ("100*(a+b)/c", WOMEN, "percent", 100 * 10.9 / 27.6, "synthesis.ratio"),
        ("a/b", [("trafficked, thousand", 2450), ("world, million", 12.3)], "percent", 100 * 2.45 / 12.3, "synthesis.ratio"),
        ("profit/victims", PROFIT, "US$", 236e9 / 23.6e6, "synthesis.ratio"),
        ("236bn / (17.3+6.3)m", PROFIT, "US$", 236e9 / 23.6e6, "synthesis.ratio"),
        ("1000*profit/victims", PROFIT, "US$", 10_000, "synthesis.ratio"),
        ("share x pickers", [("share of pickers, percent", 5.9), ("pickers, million", 1.75)], "persons", 103_250, "Estimates.persons"),
        ("rate/1000 * population, to the nearest 1,000", [("rate, per 1,000", 8.2), ("population", 1.7e6)], "persons", 13_940, "arithmetic"),
        ("victims / resident population * 100,000", [("victims a year", 6250), ("resident population, million", 16.9)], "per 100,000",
         6250 / 16.9e6 * 1e5, "synthesis.ratio"),
        ("100*(1-s20/s19)", [("share 2019, percent", 5.9), ("share 2020, percent", 4.0)], "percent", 100 * (1 - 4 / 5.9), "synthesis.change"),
        ("100*(b/a-1)", [("2022, million", 49.6), ("2025, million", 65.3)], "percent", 100 * (65.3 / 49.6 - 1), "synthesis.change"),
        ("100*(after - before)/before", [("before, US$bn", 150.2), ("after, US$bn", 236)], "percent", 100 * 85.8 / 150.2, "synthesis.change"),
        ("100*(1 - n19/(s18*p18))", COTTON, "percent", 100 * (1 - 102_000 / 175_000), "synthesis.change"),
        ("102,000 / (0.07 * 2.5m) - 1", COTTON, "percent", 100 * (102_000 / 175_000 - 1), "synthesis.change"),
        ("6250 / mean(1,256; 1,150)", [("estimated", 6250), ("2014", 1256), ("2015", 1150)], "ratio", 6250 / 1203, "synthesis.ratio"),
        ("0.14 * 13/0.54", [("share, percent", 14), ("number, million", 13), ("second share, percent", 54)], "million", 0.14 * 13 / 0.54, "synthesis.ratio"),
        ("P_r = count_r/rate_r ; world rate = sum count / sum P_r",
         [("A, million", 11.7), ("B, million", 3.7), ("A, per 1,000", 3.3), ("B, per 1,000", 4.0)], "per 1,000",
         15.4 / (11.7 / 3.3 + 3.7 / 4.0), "synthesis.rate_from_totals"),
        ("weighted mean: sum(share*rate)/sum(share)", [("A share, percent", 40), ("B share, percent", 60), ("A, per 1,000", 2), ("B, per 1,000", 4)],
         "per 1,000", 3.2, "synthesis.ratio"),
        ("p = expit((logit L + logit U)/2)", [("lower limit, percent", 12.1), ("upper limit, percent", 22.2)], "percent",
         100 / (1 + math.exp(-(math.log(0.121 / 0.879) + math.log(0.222 / 0.778)) / 2)), "synthesis.published"),
        ("N = (n1+1)(n2+1)/(m+1) - 1", TEAMS, "persons", 61 * 91 / 11 - 1, "capture_recapture.chapman"),
        ("n1*n2/m", TEAMS, "persons", 540, "capture_recapture.petersen"),
        ("1 - free", [("share free, percent", 96)], "percent", 4, "arithmetic"),
        ("100 - free", [("share free, percent", 96)], "percent", 4, "arithmetic"),
        ("-19.5 + 0.52 Gov + 0.33 Needs", [("governance, score", 50), ("basic needs, score", 40)], "points", -19.5 + 26 + 13.2, "synthesis.add"),
        ("total minus state-imposed", [("world total, million", 20.9), ("state-imposed, million", 2.2)], "million", 18.7, "arithmetic"),
        ("difference", [("world, million", 20.9), ("state-imposed, million", 2.2)], "million", 18.7, "arithmetic"),
        ("sum", [("World", 17.3), ("Rest", 6.3)], "million", 23.6, "synthesis.add"),
        ("sum", [("in work", 17.3), ("elsewhere", 6.3)], "percent", 23.6, "synthesis.add"),
        ("100*points/78", [("points", 45)], "percent", 100 * 45 / 78, "arithmetic"),
        ("27.6 + 22.0", [("forced labour", 27.6), ("forced marriage", 22.0)], "million", 49.6, "synthesis.add"),
        ("(5.9-5.4)/(5.9-4.4)", [("adults, per 1,000", 5.9), ("all, per 1,000", 5.4), ("children, per 1,000", 4.4)], "percent", 100 / 3, "synthesis.ratio"),
        ("Σ_r count_r / Σ_r population_r", [("A, million", 1), ("B, million", 2), ("A population, million", 100), ("B population, million", 200)],
         "per 1,000", 10, "synthesis.ratio"),
        ("sum_r N_r", [("A, million", 1), ("B, million", 2)], "million", 3, "synthesis.add"),
        ("(b/a)^(1/4) - 1", [("2016, million", 1.0), ("2020, million", 2.0)], "percent", 100 * (2**0.25 - 1), "arithmetic"),
        ("share", [("women in private work, million", 4.9), ("women elsewhere, million", 6.0), ("world, million", 27.6)], "percent", 100 * 10.9 / 27.6, "synthesis.ratio"),
        ("sum", [("children, Ghana", 708_400), ("children, Cote d'Ivoire, persons", 891_500)], "million", 1.5999, "synthesis.add"),
        ("S = N_T * d / T", [("persons in the last 5 years", 61_252), ("mean years inside", 2.6)], "persons", 61_252 * 2.6 / 5, "arithmetic"),
        ("part/total, percent", [("women, million", 11.4), ("world, million", 20.9)], "percent", 100 * 11.4 / 20.9, "synthesis.ratio"),
        ("100 * part / total (rounded)", [("women, million", 11.4), ("world, million", 20.9)], "percent", 100 * 11.4 / 20.9, "synthesis.ratio"),
        ("FL + FM", [("forced labour, per 1,000", 2.9), ("forced marriage, per 1,000", 2.1)], "per 1,000", 5.0, "synthesis.add"),
        ("0.55 * 20.9", [("women, percent", 55), ("world, million", 20.9)], "million", 11.495, "Estimates.persons"),
        ("100 - 93", [("voluntary, percent", 93)], "percent", 7, "arithmetic"),
        ("a/1000", [("trafficked, thousand", 2450)], "million", 2.45, "arithmetic"),
        ("share * total / 100", [("women, percent", 55), ("world, million", 20.9)], "million", 11.495, "arithmetic"),
        ("(U-L)/2", [("lower limit, percent", 12.1), ("upper limit, percent", 22.2)], "percent", 5.05, "arithmetic"),
        ("x/n with x = 101, n = 596", [("in forced labour", 101), ("interviewed", 596)], "percent", 100 * 101 / 596, "synthesis.ratio"),
    ],
)  # fmt: skip
def test_formulas(method: str, given: list[tuple[str, float]], unit: str, expected: float, function: str) -> None:
    value, reading = figure(method, given, unit)
    assert value == pytest.approx(expected, rel=1e-12)
    assert reading.function == function


def test_a_number_of_the_second_year_is_not_taken_for_the_first_by_its_place() -> None:
    value, _ = figure("100*(1-s20/s19)", [("share 2020, percent", 4.0), ("share 2019, percent", 5.9)], "percent")
    assert value == pytest.approx(100 * (1 - 4 / 5.9))


def test_symbols_say_what_labels_do_not() -> None:
    into = inputs([("one", 3.0), ("another", 4.0), ("a third", 5.0)], ("p", "q", "p"))
    reading = read_method("q/p", into, Unit("ratio", 1.0))
    assert float(reading.compute(np.array([[3.0], [4.0], [5.0]]))[0]) == 0.5
    assert not reading.guessed


def test_a_stock_takes_its_window_from_the_words_or_the_key() -> None:
    nepal = [
        ("persons ever in forced labour in the last 5 years", 61_252.0),
        ("mean years in forced labour within the five", 2.6),
    ]
    assert figure("S = N_T * d_window / T", nepal, "persons", kind="in-window")[0] == pytest.approx(61_252 * 2.6 / 5)
    months = [("persons ever", 1000.0), ("mean completed spell, months", 18.0)]
    found, _ = figure("S = N D/(T + D)", months, "persons", kind="completed", window_years=10)
    assert found == pytest.approx(1000 * 1.5 / 11.5)
    with pytest.raises(FormulaError, match="window_years"):
        figure("S = N D/(T + D)", months, "persons", kind="completed")
    with pytest.raises(FormulaError, match="which input is the duration"):
        figure("S", [("a", 1.0), ("b", 2.0)], "persons", kind="in-window", window_years=5)
    with pytest.raises(FormulaError, match="a flow and a duration"):
        figure("S", [("a", 1.0)], "persons", kind="in-window", window_years=5)


@pytest.mark.parametrize(
    ("method", "given", "said"),
    [
        ("a/b", [("x", 1.0)], "no input is left for 'b'"),
        ("5 / 3", [("x", 1.0)], "does not use the input"),
        ("a/b", [("x", 1.0), ("y", 2.0), ("z", 3.0)], "which go together"),
        ("a / (b", [("x", 1.0), ("y", 2.0)], "a bracket is not closed"),
        ("a ? b", [("x", 1.0), ("y", 2.0)], "is not understood"),
        ("a /", [("x", 1.0)], "ends where a figure is expected"),
        ("a * / b", [("x", 1.0), ("y", 2.0)], "'/' stands where a figure is expected"),
        ("a b) c", [("x", 1.0)], "stands where a sign is expected"),
        ("", [("x", 1.0)], "is empty"),
        ("a = ", [("x", 1.0)], "is empty"),
    ],
)
def test_what_is_unclear_is_refused(method: str, given: list[tuple[str, float]], said: str) -> None:
    with pytest.raises(FormulaError, match=said):
        figure(method, given, "ratio")


def test_sizes_and_thousands() -> None:
    assert parse("1,256 + 12,345,678").free == ()
    assert (
        unit_in_label("forced labour, per 1,000") == unit_in_label("forced labour (per 1,000)") == Unit("share", 0.001)
    )
    assert unit_in_label("share forced 2020, percent, read as 100 minus free") == Unit("share", 0.01)
    assert unit_in_label("world, in million") == unit_in_label("world (millions)") == Unit("count", 1e6)
    assert read_unit("percent of adults") == Unit("share", 0.01)
    assert unit_in_label("trafficked, million (table in thousands)") == Unit("count", 1e6)
    assert read_unit("US$ per victim") == Unit("money", 1.0)
    assert read_unit("months") == Unit("years", 1 / 12)
    assert read_unit("apples") is None


@pytest.mark.parametrize(
    ("method", "words"),
    [
        ("Bales-Hesketh-Silverman: stepwise", "select_aic_p()"),
        ("stepwise, p < 0.005", "select_stepwise(interval='wald', tails='poisson', threshold=0.005)"),
        ("least BIC of order 3, downhill", "select_bic(interval='wald', max_order=3, search='downhill')"),
        ("main effects only", "loglinear(terms='main', interval='wald')"),
        ("Mth-Chao", "chao(kind='bias-corrected')"),
        ("Chapman", "chapman(interval='wald')"),
        ("observed cases", "people on any list"),
    ],
)
def test_methods_for_lists(method: str, words: str) -> None:
    assert read_list_method(method).words == words


def test_a_method_for_lists_that_there_is_not() -> None:
    with pytest.raises(FormulaError, match="no method for case lists"):
        read_list_method("by looking closely")
    with pytest.raises(FormulaError, match="did you mean 'chapman'"):
        read_list_method("", "cr.chapmann")


@pytest.mark.parametrize(
    ("name", "fits", "less"),
    [
        *[(each, "lower limit", "upper limit") for each in ("l", "low", "lower", "p_low")],
        *[(each, "upper limit", "lower limit") for each in ("u", "up", "upper", "high", "p_high")],
        *[(each, f"{label} of regions", "part of regions") for each in ("total", "whole", "all", "world")
          for label in ("total", "world", "all", "whole")],
        *[(each, "figure of regions", "total of regions") for each in ("part", "parts")],
        ("n2016", "victims in 2016", "victims in 2018"), ("n_16", "victims in 2016", "victims in 2018"),
        ("n_98", "victims in 1998", "victims in 2018"),
        ("victims", "victims counted", "workers counted"), ("victims", "victims of a survey", "survey of victims"),
    ],
)  # fmt: skip
def test_a_name_of_a_formula_fits_the_label_that_says_it(name: str, fits: str, less: str) -> None:
    """`low` is bound to the lower limit, `total` to the total, a year to the input of that year: never the other way about."""
    meant, other = (Input(label=label, value=1.0, halfwidth=0.5, unit=Unit("count", 1.0)) for label in (fits, less))
    assert affinity(name, meant) > affinity(name, other)


@pytest.mark.parametrize(
    ("name", "dimension"), [("rate", "share"), ("cases", "count"), ("cost", "money"), ("duration", "years")]
)
def test_a_name_of_a_formula_fits_the_unit_that_it_is_of(name: str, dimension: Any) -> None:
    dimensions: tuple[Any, ...] = ("share", "count", "money", "years")
    score = {
        each: affinity(name, Input(label="x", value=1.0, halfwidth=0.5, unit=Unit(each, 1.0))) for each in dimensions
    }
    assert all(score[dimension] > score[each] for each in dimensions if each != dimension)
