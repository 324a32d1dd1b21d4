"""The same argument is taken in the same way everywhere, and a column where its name belongs is refused with a code."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, cast

import pandas as pd
import polars as pl
import pytest

import fl_estimate as fl

SAME: dict[str, Any] = {
    "design": None, "where": None, "unknown": None, "variance": None, "level": 0.95, "likelihood": None, "seed": None,
    "allow_unverified": False, "short_instrument": False, "correlation": 0.0, "nested": None, "neighbours": None,
}  # fmt: skip
"""Arguments that have one default wherever they are optional, and can be given by name everywhere."""
OTHERWISE = {
    ("seed", "hierarchical.predictive_check"): 0,  # a check is repeated with the same draws unless one asks for others
    ("likelihood", "capture_recapture.loglinear"): "poisson", ("likelihood", "capture_recapture.select_bic"): "poisson",
    ("likelihood", "capture_recapture.select_stepwise"): "poisson", ("likelihood", "capture_recapture.select_aic_p"): "multinomial",
    ("variance", "capture_recapture.linkage_corrected"): "linkage",  # whether the chance of the links is part of it
    ("likelihood", "hierarchical.unit"): "binomial",
    # Of rounds of one file a 0 that somebody states is told from one that nobody thought of.
    **{("correlation", f"synthesis.{name}"): None for name in ("trend", "trend_test", "changes", "average_rounds")},
}  # fmt: skip
KEYWORD_ONLY = (
    "where",
    "unknown",
    "variance",
    "level",
    "df",
    "interval",
    "seed",
    "measure",
    "reference_period",
    "draws",
)
"""Settings: never told by their place."""


def functions() -> dict[str, Callable[..., Any]]:
    found = {name: getattr(fl, name) for name in fl.__all__ if inspect.isfunction(getattr(fl, name))}
    for package in ("capture_recapture", "hierarchical", "hidden", "synthesis"):
        module = getattr(fl, package)
        found |= {
            f"{package}.{n}": getattr(module, n) for n in module.__all__ if inspect.isfunction(getattr(module, n))
        }
    return found


def test_an_argument_has_one_default_and_settings_are_given_by_name() -> None:
    wrong: list[str] = []
    for name, function in functions().items():
        for argument, parameter in inspect.signature(function).parameters.items():
            required = parameter.default is inspect.Parameter.empty
            expected = OTHERWISE.get((argument, name), SAME.get(argument))
            if argument in SAME and not required and parameter.default != expected:
                wrong.append(f"{name}: {argument}={parameter.default!r}")
            if argument in SAME and parameter.kind is inspect.Parameter.POSITIONAL_ONLY:
                wrong.append(f"{name}: {argument} cannot be given by name")
            if argument in KEYWORD_ONLY and parameter.kind is not inspect.Parameter.KEYWORD_ONLY:
                wrong.append(f"{name}: {argument} can be told by its place")
    assert not wrong, wrong


def test_people_stand_first_and_a_design_is_given_by_name() -> None:
    for name, function in functions().items():
        arguments = list(inspect.signature(function).parameters)
        if "people" in arguments and name != "capture_recapture.pairwise":  # there it is how many there are
            assert arguments[0] == "people", name
        if "design" in arguments and name != "simulate_coverage":  # there it is how samples are drawn
            kind = inspect.signature(function).parameters["design"].kind
            assert kind is inspect.Parameter.KEYWORD_ONLY, name


PEOPLE = pd.DataFrame(
    {"w": [10.0, 20, 10, 20], "ea": [1, 1, 2, 2], "fl": [0, 1, 0, 0], "sex": list("fmfm"), "age": [20.0, 31, 45, 28]}
)
DESIGN = fl.Design(weights="w", psu="ea")


@pytest.mark.parametrize(
    ("argument", "value", "code"),
    [
        ("where", PEOPLE["age"] >= 18, "FL-EST-11"), ("where", [True, False, True, True], "FL-EST-11"), ("where", 1, "FL-EST-11"),
        ("where", pl.Series([1, 0, 1, 1]), "FL-EST-11"), ("by", PEOPLE["sex"], "FL-EST-04"), ("by", PEOPLE[["sex"]], "FL-EST-04"),
        ("by", pl.Series(["f", "m", "f", "m"]), "FL-EST-04"), ("by", [PEOPLE["sex"]], "FL-EST-04"), ("by", 3, "FL-EST-04"),
        ("outcome", PEOPLE["fl"], "FL-EST-11"), ("outcome", PEOPLE, "FL-EST-11"), ("outcome", [0, 1, 0, 0], "FL-EST-11"),
        ("outcome", None, "FL-EST-11"), ("outcome", PEOPLE["fl"].to_numpy(), "FL-EST-11"),
    ],
    ids=str,
)  # fmt: skip
def test_a_column_where_its_name_belongs_is_refused(argument: str, value: Any, code: str) -> None:
    given: dict[str, Any] = {"outcome": "fl", argument: value}
    with pytest.raises(fl.FlError, match=code) as caught:
        fl.estimate_prevalence(PEOPLE, design=DESIGN, **given)
    assert "name" in str(caught.value.fix) or "by=" in str(caught.value.fix)


def test_a_design_told_by_its_place_is_refused() -> None:
    """Where nothing else can stand at its place, Python says so; where something can, a code does."""
    calibrate, post_stratify, adjust = [
        cast("Callable[..., Any]", f) for f in (fl.calibrate, fl.post_stratify, fl.adjust_nonresponse)
    ]
    for call in (
        lambda: calibrate(PEOPLE, DESIGN), lambda: post_stratify(PEOPLE, DESIGN, {"f": 1.0, "m": 1.0}),
        lambda: adjust(PEOPLE, DESIGN, by="sex"),
    ):  # fmt: skip
        with pytest.raises(fl.FlError, match="FL-DESIGN-74"):
            call()
    for function in (
        fl.calibrate,
        fl.post_stratify,
        fl.trim_weights,
        fl.weight_summary,
        fl.adjust_nonresponse,
        fl.replicate,
    ):
        with pytest.raises(TypeError, match="positional"):
            cast("Callable[..., Any]", function)(PEOPLE, DESIGN, "sex", {"f": 1.0, "m": 1.0}, "more")


def test_other_doors_refuse_columns_too() -> None:
    calls: list[tuple[str, Callable[[], Any]]] = [
        ("FL-DESIGN-73", lambda: fl.Design(weights=PEOPLE["w"])),  # pyright: ignore[reportArgumentType]
        ("FL-DESIGN-73", lambda: fl.Design(weights="w", stages=PEOPLE["ea"])),  # pyright: ignore[reportArgumentType]
        ("FL-EST-11", lambda: fl.regress(PEOPLE, PEOPLE["fl"], design=DESIGN)),  # pyright: ignore[reportArgumentType]
        ("FL-EST-11", lambda: fl.regress(PEOPLE, "fl ~ sex", where=PEOPLE["fl"], design=DESIGN)),  # pyright: ignore[reportArgumentType]
        ("FL-EST-11", lambda: fl.adjust_nonresponse(PEOPLE, PEOPLE["fl"], design=DESIGN, by="sex")),  # pyright: ignore[reportArgumentType]
        ("FL-EST-11", lambda: fl.post_stratify(PEOPLE, PEOPLE["sex"], {"f": 1, "m": 1}, design=DESIGN)),  # pyright: ignore[reportArgumentType]
        ("FL-EST-11", lambda: fl.t_test(PEOPLE, "age", "sex", where=PEOPLE["fl"], design=DESIGN)),  # pyright: ignore[reportArgumentType]
    ]
    for code, call in calls:
        with pytest.raises(fl.FlError, match=code):
            call()
