"""Public estimators that a target may name: which there are, how they are called, and what chance their figures have."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from fl_estimate import capture_recapture as cr
from fl_estimate import synthesis
from fl_estimate.errors import ExpressionFault, StudyFault
from fl_estimate.estimators.capture_recapture import bootstrap as resampling
from fl_estimate.inputs.histories import CaptureHistories
from fl_estimate.reproduce.formulas import FormulaError, read_formula, rows_of, to_nearest
from fl_estimate.reproduce.functions import (
    _another_run,  # pyright: ignore[reportPrivateUsage]
    _posterior,  # pyright: ignore[reportPrivateUsage]
    faults,
    find,
    full_name,
    functions,
    on_figures,
    on_lists,
)
from fl_estimate.schema.expressions import parse

LISTS = CaptureHistories.from_counts(
    pd.DataFrame({"A": [1, 0, 0, 1, 1, 0, 1], "B": [0, 1, 0, 1, 0, 1, 1], "C": [0, 0, 1, 0, 1, 1, 1], "count": [60, 70, 50, 20, 15, 18, 6]}), lists=["A", "B", "C"]
)  # fmt: skip


def test_the_functions_are_public_estimators() -> None:
    lists, figures = functions("lists"), functions("figures")
    assert {name for name in lists if name != "observed"} <= set(cr.__all__)
    assert set(figures) <= set(synthesis.__all__)
    assert {"chapman", "chao", "select_bic", "latent_class", "observed"} <= set(lists)
    assert {"stock_from_flow", "add", "ratio", "change"} <= set(figures)
    # Rows of people and results that are no estimates are none.
    assert not {"appraise", "doubly_robust", "pairwise", "zero_truncated", "stock_from_person_time"} & {
        *lists,
        *figures,
    }
    assert [full_name(name, "lists") for name in ("chao", "observed")] == [
        "capture_recapture.chao",
        "CaptureHistories.n",
    ]


def test_a_function_is_found_by_its_name() -> None:
    assert find("capture_recapture.chao", "lists") == find("cr.chao", "lists") == find("chao", "lists") == "chao"
    for name, kind, said in (
        ("chapmann", "lists", "did you mean 'chapman'?"),
        ("chao", "figures", "of printed figures"),
        ("print", "lists", "one of: "),
    ):
        with pytest.raises(FormulaError, match=r"no public estimator") as raised:
            find(name, kind)  # pyright: ignore[reportArgumentType]
        assert said in str(raised.value)


@pytest.mark.parametrize(
    ("name", "arguments", "said"),
    [
        ("chao", {"kind": "classic"}, []), ("chao", {"knd": 1}, ["arguments: chao does not take 'knd'; did you mean 'kind'?"]),
        ("observed", {"level": 0.9}, ["arguments: observed does not take 'level'; it takes none"]),
        ("chao", {"histories": 1}, ["arguments: chao does not take 'histories'; it takes kind, level"]),
        ("average_decomposable", {"grid": {"times": 30, "points": 0}}, None), ("average_decomposable", {"grid": [1, 2]}, []),
    ],
)  # fmt: skip
def test_arguments_that_a_function_takes(name: str, arguments: dict[str, Any], said: list[str] | None) -> None:
    found = list(faults(name, "lists", arguments))
    if said is None:
        assert len(found) == 1
        assert "write grid = { times = 30, points = 1000 }" in found[0]
    else:
        assert found == said


def test_a_function_of_figures_needs_its_arguments() -> None:
    assert list(faults("stock_from_flow", "figures", {"flow": "n"})) == [
        "arguments: stock_from_flow needs duration_years, kind, window_years"
    ]
    # 120 and 30: 120 / 30 = 4, and by list 120 + 30.
    assert on_figures("ratio", {"numerator": "a", "denominator": "b"})({"a": 120.0, "b": 30.0}) == pytest.approx(4)
    assert on_figures("add", {"figures": ["a", "b"]})({"a": 120.0, "b": 30.0}) == pytest.approx(150)


@pytest.mark.parametrize(
    ("name", "arguments", "expected"),
    [
        ("observed", {}, lambda: float(LISTS.n)), ("chapman", {"a": "B", "b": "C", "interval": "wald"}, lambda: cr.chapman(LISTS, "B", "C", interval="wald")),
        ("loglinear", {"terms": "two-way", "interval": "wald"}, lambda: cr.loglinear(LISTS, terms="two-way", interval="wald")),
        ("closed", {"model": "Mth-poisson", "interval": "wald"}, lambda: cr.closed(LISTS, model="Mth-poisson", interval="wald")),
        ("select_bic", {"interval": "wald", "max_order": 2}, lambda: cr.select_bic(LISTS, interval="wald", max_order=2)),
        ("average_decomposable", {}, lambda: cr.average_decomposable(LISTS, seed=1)),
        # A seed that nobody gave is 1, so that a figure is the same each time.
        ("select_bic", {"interval": "percentile", "replicates": 50}, lambda: cr.select_bic(LISTS, interval="percentile", replicates=50, seed=1)),
    ],
)  # fmt: skip
def test_functions_of_case_lists_are_those_of_the_library(name: str, arguments: dict[str, Any], expected: Any) -> None:
    found, meant = on_lists(name, LISTS, arguments), expected()
    if isinstance(meant, float):
        assert (found.value, found.lower, found.upper) == (meant, meant, meant)
        return
    row = meant.frame.iloc[0]
    value = meant.diagnostics.get("posterior_median", row["value"])
    assert (found.value, found.lower, found.upper) == pytest.approx((value, row["lower"], row["upper"]))


def test_two_lists_are_named_where_there_are_more() -> None:
    with pytest.raises(FormulaError, match="chapman takes a, b, each one of the lists: A, B, C"):
        on_lists("chapman", LISTS, {})
    two = LISTS.merge("B", "C", into="BC")
    assert (
        on_lists("chapman", two, {"interval": "wald"}).value
        == cr.chapman(two, "A", "BC", interval="wald").frame["value"].iloc[0]
    )


def test_as_many_draws_are_made_as_the_print_states() -> None:
    told = {"interval": "percentile-fixed-n", "max_order": 2}
    stated = on_lists("select_bic", LISTS, told, 60)
    assert stated == on_lists("select_bic", LISTS, {**told, "replicates": 60})
    assert stated != on_lists("select_bic", LISTS, {**told, "replicates": 80}, 60)
    assert on_lists("chao", LISTS, {}, 60) == on_lists("chao", LISTS, {})
    assert on_lists("chao", LISTS, {}).another_run == ()


def test_the_error_of_a_sampled_median() -> None:
    """√(π/2) times that of a mean, se/√ESS, or what the medians of the chains say where that is more; no figure without agreement."""

    def sampled(medians: list[float], *, agree: bool = True, **more: Any) -> Any:
        frame = pd.DataFrame({"value": [11.0], "se": [8.0], "lower": [5.0], "upper": [20.0]})
        reasons = () if agree else (SimpleNamespace(code="sampler_rhat"),)
        told = {"posterior_median": 10.0, "ess_bulk": 400.0, "median_by_chain": medians, "rhat": 1.3, **more}
        return SimpleNamespace(frame=frame, diagnostics=told, reasons=reasons)

    by_draws = math.sqrt(math.pi / 2) * 8 / 20
    found = _posterior(sampled([10.0, 10.0, 10.1, 9.9]))
    assert (found.value, found.lower, found.upper, found.monte_carlo) == (10.0, 5.0, 20.0, pytest.approx(by_draws))
    assert found.another_run == ()
    assert _posterior(sampled([10.0])).monte_carlo == pytest.approx(by_draws)
    # Medians 4, 8, 12, 16: their standard deviation is √(80/3), of the mean of four half of that.
    assert _posterior(sampled([4.0, 8.0, 12.0, 16.0])).monte_carlo == pytest.approx(math.sqrt(80 / 3) / 2)
    # Limits with Monte Carlo errors 0.1 and 0.2: another run has them within 3 √2 of these.
    far = 3 * math.sqrt(2)
    runs = _posterior(sampled([10.0], monte_carlo_se_of_limits=[0.1, 0.2])).another_run
    assert np.ravel(runs) == pytest.approx([5 - far / 10, 5 + far / 10, 20 - far / 5, 20 + far / 5])
    with pytest.raises(StudyFault, match=r"R-hat 1\.30") as raised:
        _posterior(sampled([10.0], agree=False))
    assert raised.value.code == "FL-STUDY-32"


def _limits(sizes: Any, size: float, kind: str) -> dict[str, Any]:
    people = np.array([50.0, 30.0, 20.0])
    draws = resampling.BootstrapDraws(
        dark=sizes - 100, size=sizes, less_one=np.array([size - 1, size + 2, size]), people=people
    )
    return {**resampling.bootstrap(draws, size, 0.0, kind=kind, level=0.95).diagnostics, "kind": kind}


@pytest.mark.parametrize("kind", ["percentile-fixed-n", "bca-fixed-n"])
@pytest.mark.parametrize("heaps", [False, True])
def test_limits_of_another_run_lie_between_those_told(kind: str, heaps: bool) -> None:
    """100 pairs of 400 log-normal draws, smooth or rounded into few heaps: the limits of one run lie between what the other allows."""
    rng = np.random.default_rng(7)
    met = 0
    for _ in range(100):
        first, second = (np.exp(rng.normal(7, 0.3, 400)) for _ in range(2))
        if heaps:
            first, second = (np.exp(np.round(np.log(each) / 0.3) * 0.3) for each in (first, second))
        size = 1000.0
        between = _another_run(_limits(first, size, kind))
        told = _limits(second, size, kind)
        limits = told["bca" if kind.startswith("bca") else "percentile"]
        met += all(low <= limit <= high for limit, (low, high) in zip(limits, between, strict=True))
    assert met >= 99


def test_a_limit_that_may_lie_beyond_all_draws_has_no_end() -> None:
    """Of 40 draws the level 0.025 is one draw: another run may have it below all of these, the middle cannot."""
    sizes = np.arange(1000.0, 1040.0)
    (low, high), (third, fourth) = _another_run(_limits(sizes, 1020.0, "percentile-fixed-n"))
    assert (low, fourth) == (-np.inf, np.inf)
    assert 1000 < high < 1020 < third < 1039
    assert _another_run({}) == ()


# --- formulas ----------------------------------------------------------------------------------------------------

A, B, C = 6.0, 3.0, 2.0


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a + b - c", A + B - C), ("a - b - c", A - B - C), ("a / b / c", A / B / C), ("a - b * c", A - B * C), ("(a - b) * c", (A - B) * C),
        ("a ** c", A**C), ("c ** b ** c", C ** (B**C)), ("-a ** c", -(A**C)), ("a * -b", A * -B), ("power(a, c)", A**C), ("a ** (1/4)", A**0.25),
        ("1e3 * a", 6000), ("1.5E-1 * a", 0.9), ("sqrt(a)", math.sqrt(A)), ("abs(b - a)", A - B), ("exp(c)", math.exp(C)), ("log(a)", math.log(A)),
        ("round(a / 4, 1)", 2), ("round(a, 4)", 8), ("round(-a, 4)", -8), ("logit(a/10)", math.log(0.6 / 0.4)), ("expit(c)", 1 / (1 + math.exp(-C))),
        ("min(a, b, c)", C), ("max(b, a, c)", A), ("mean(a, b)", 4.5), ("sum(a, b, c)", 11), ("2 * 3 * a", 36), ('column("a") + 1', 7),
    ],
)  # fmt: skip
def test_what_a_formula_says(text: str, expected: float) -> None:
    values: Any = {"a": np.array([A]), "b": np.array([B]), "c": np.array([C])}
    found = float(np.ravel(read_formula(text)(values))[0])
    assert found == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("text", ["a/(b - b)", "sqrt(b - a)", "log(b - b)", "logit(a)", "(b - a) ** 0.5"])
def test_what_has_no_value_gives_none_and_no_warning(text: str) -> None:
    assert not np.isfinite(read_formula(text)({"a": np.array([A]), "b": np.array([B])})).any()


def test_columns_go_over_their_rows() -> None:
    """Two rows at three points."""
    rows: Any = {"a": np.array([[1.0, 2.0, 3.0], [5.0, 4.0, 9.0]])}
    for name, expected in {"sum": [6, 6, 12], "mean": [3, 3, 6], "min": [1, 2, 3], "max": [5, 4, 9]}.items():
        assert read_formula(f"{name}(a)")(rows).tolist() == expected
    both: Any = {**rows, "b": np.array([10.0, 20.0, 30.0])}
    assert read_formula("sum(a * b) / b")(both).tolist() == [6, 6, 12]


@pytest.mark.parametrize(
    ("text", "rows"), [("sum(a)", None), ("a / x", 1), ("sum(a * x)", None), ("-a", 1), ("sum(a) / sum(b)", None), ("round(a, 10)", 1), ("x", None)]
)  # fmt: skip
def test_rows_of_a_formula(text: str, rows: int | None) -> None:
    assert rows_of(read_formula(text).tree, {"a": 1, "b": 2}) == rows


@pytest.mark.parametrize(
    ("text", "identity"),
    [("a + b", True), ("a - b - c", True), ("sum(a)", True), ("sum(a, b) - c", True), ("100 - a", True), ("-a + b", True), ("round(sum(a), 10)", True),
     ("a * b", False), ("a / b", False), ("mean(a)", False), ("sum(a * b)", False), ("100 * a + b", False), ("a ** 2", False)],
)  # fmt: skip
def test_what_is_only_added_is_an_identity(text: str, identity: bool) -> None:
    assert read_formula(text).is_identity is identity


@pytest.mark.parametrize("text", ["sum(a) > 1", "a ** 2 > 1", "log(a) > 0", "round(a, 1) == 1", "2 * 3 < a"])
def test_conditions_on_columns_have_no_functions_of_numbers(text: str) -> None:
    """What formulas of targets may use besides is no part of ``where`` and of what mappings derive."""
    with pytest.raises(ExpressionFault, match="FL-EXPR-02"):
        parse(text)


def test_halves_are_rounded_as_in_print() -> None:
    """2.5 to 3, −2.5 to −3, 0.15 to 0.2 though it is a little less in binary; 13,500 to the nearest thousand is 14,000."""
    assert to_nearest(np.array([2.5, -2.5, 2.4]), 1).tolist() == [3, -3, 2]
    assert to_nearest(0.15, 0.1) == pytest.approx(0.2)
    assert to_nearest(13_500, 1000) == 14_000
