"""One set of questions has the same answers on every engine as on polars in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pytest

import fl_estimate as fl
from tests.engines.survey import DESIGN, ENGINES, STAGES, UNEQUAL, table, write

# Dask's own reader uses what pandas means to give up.
pytestmark = pytest.mark.filterwarnings("ignore:The inplace keyword")
Ask = Callable[[Any, Any], Any]
REGIONS = {"north": 1_500.0, "south": 1_400.0, "islands": 900.0}
QUESTIONS: dict[str, Ask] = {
    # the truth table of four codes and null is in the outcome's three columns
    "classes by region": lambda people, _: fl.estimate_prevalence(people, "forced_labour", design=DESIGN, by="region"),
    "bounds": lambda people, _: fl.estimate_prevalence(people, "forced_labour", design=DESIGN, unknown="bounds"),
    "crossed and separate domains": lambda people, _: fl.estimate_total(
        people, "forced_labour", design=DESIGN, by=[["region", "grown"], ["category"], ["code"]], where="age >= 18"
    ),
    "keys of floats": lambda people, _: fl.estimate_mean(people, "income", design=DESIGN, by="zero"),
    "keys of large whole numbers": lambda people, _: fl.estimate_mean(people, "income", design=DESIGN, by="huge"),
    "tiny and large numbers": lambda people, _: fl.estimate_total(people, ["tiny", "large", "flag"], design=DESIGN),
    "weights in decimals": lambda people, _: fl.estimate_mean(
        people, "income", design=fl.Design(weights="money", strata="stratum", psu="psu"), by="region"
    ),
    "missing and not a number": lambda people, _: fl.estimate_mean(
        people, ["unknown", "absent"], design=DESIGN, unknown="exclude"
    ),
    "a Boolean with nulls": lambda people, _: fl.estimate_prevalence(people, "perhaps", design=DESIGN, unknown="exclude"),
    "ratio": lambda people, _: fl.estimate_ratio(people, "income", "large", design=DESIGN, by="region"),
    "stages with fpc": lambda people, _: fl.estimate_mean(people, "income", design=STAGES, by="region"),
    "rows as units": lambda people, _: fl.estimate_mean(people, "income", design=fl.Design(weights="w"), by="category"),
    "nobody inside": lambda people, _: fl.estimate_prevalence(people, "flag", design=DESIGN, by="region", where="age > 200"),
    "quantiles": lambda people, _: fl.estimate_quantile(people, "income", [0.1, 0.5, 0.9], design=DESIGN, by="region"),
    "quantiles between values": lambda people, _: fl.estimate_quantile(
        people, "income", [0.25, 0.5], design=DESIGN, by="region", rule="hf7"
    ),
    "regression": lambda people, _: fl.regress(people, "flag ~ region + grown", design=DESIGN, unknown="exclude"),
    "regression on a number": lambda people, _: fl.regress(
        people, "income ~ age + region", design=DESIGN, family="gaussian", unknown="exclude"
    ),
    "test of independence": lambda people, _: fl.independence_test(people, "region", "grown", design=DESIGN, unknown="exclude"),
    "test of means": lambda people, _: fl.t_test(people, "income", "grown", design=DESIGN),
    "replicates": lambda people, _: fl.estimate_prevalence(
        people, "forced_labour", by="region",
        design=fl.replicate(people, design=DESIGN, kind="rao-wu", replicates=40, seed=5),
    ),
    # pandas tells categories in the order in which they were declared, the others by name
    "text as outcomes": lambda people, _: (
        fl.estimate_prevalence(people, "category", design=DESIGN, unknown="exclude").to_frame()
        .sort_values("outcome", ignore_index=True)
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("survey") / "unequal", UNEQUAL)


@pytest.fixture(scope="module")
def expected() -> dict[str, Any]:
    people = fl.classify(pl.from_arrow(table()), short_instrument=True)
    return {name: ask(people, people.people) for name, ask in QUESTIONS.items()}


SLOW = ("dask-arrow", "spark")
"""Dask with Arrow's types is asked the first question in every run of the tests, by the other file, and all in the slow ones."""
ASKED = [pytest.param(name, marks=pytest.mark.slow) if name in SLOW else name for name in ENGINES]


@pytest.fixture(scope="module", params=ASKED)
def people(request: pytest.FixtureRequest, files: Path) -> Iterator[Any]:
    with one_thread():
        classified = fl.classify(ENGINES[request.param](files), short_instrument=True)
        if hasattr(classified.people, "persist"):  # Dask would classify again for every question
            classified = replace(classified, people=classified.people.persist())
        yield classified


def one_thread() -> Any:
    """Dask without threads: small data are not worth them."""
    config: Any = import_module("dask").config
    return config.set(scheduler="synchronous")


OBJECTS = {
    ("weights in decimals", "pandas"): "FL-DESIGN-14",
    ("weights in decimals", "pandas-nullable"): "FL-DESIGN-14",
    ("a Boolean with nulls", "pandas"): "FL-EST-08",
}
"""What pandas of numpy keeps as Python objects, of which nobody knows the type: refused, and never read as something else."""


@pytest.mark.parametrize("question", QUESTIONS)
def test_same_answer(question: str, people: Any, expected: dict[str, Any], request: pytest.FixtureRequest) -> None:
    refusal = OBJECTS.get((question, request.node.callspec.params["people"]))
    if refusal is not None:
        with pytest.raises(fl.FlError, match=refusal):
            QUESTIONS[question](people, people.people)
        return
    same(QUESTIONS[question](people, people.people), expected[question])


def same(found: Any, expected: Any) -> None:
    pd.testing.assert_frame_equal(shown(found), shown(expected), rtol=1e-9, atol=1e-12)


def shown(result: Any) -> pd.DataFrame:
    """The rows of a result, or the figures of a test."""
    if isinstance(result, fl.SurveyTest):
        return pd.DataFrame({name: [getattr(result, name)] for name in ("statistic", "p_value", "df", "estimate")})
    return result if isinstance(result, pd.DataFrame) else result.to_frame()
