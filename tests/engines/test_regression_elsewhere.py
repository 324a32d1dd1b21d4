"""Regression on numbers of rows that may not be brought here: sums of pieces give what the rows in memory give.

The expected figures are those of `fl.regress` on the same rows in memory, whose own are held against R survey and statsmodels in
tests/unit/estimators.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd
import polars as pl
import pytest

import fl_estimate as fl
from fl_estimate.design import asking, streamed
from fl_estimate.estimators.survey.models import rows_elsewhere
from tests.engines.survey import DESIGN, ENGINES, EQUAL, LAZY, ROWS, table, write
from tests.engines.test_calibrated_rows import TOTALS, in_memory, often
from tests.engines.test_same_on_every_engine import one_thread

pytestmark = pytest.mark.filterwarnings("ignore:The inplace keyword")


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> Iterator[None]:
    with one_thread():
        yield


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("survey") / "equal", EQUAL)


@pytest.fixture(params=[often(engine) for engine in LAZY])
def lazy(request: pytest.FixtureRequest, files: Path) -> Any:
    return ENGINES[request.param](files)


@pytest.fixture
def passes(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Looks at the rows in pieces, each with how many pieces there were; pieces and slices are short."""
    monkeypatch.setattr(asking, "MOST_ROWS", 60)
    monkeypatch.setattr(streamed, "BATCH", 170)
    monkeypatch.setattr("fl_estimate.design.row_pieces.BATCH", 170)
    monkeypatch.setattr(rows_elsewhere, "SLICE", 70)
    looked, found = rows_elsewhere.pieces, list[int]()

    def watched(*given: Any) -> Any:
        made = list(looked(*given))
        found.append(len(made))
        return iter(made)

    monkeypatch.setattr(rows_elsewhere, "pieces", watched)
    return found


MODELS: dict[str, tuple[str, dict[str, Any]]] = {
    "logistic": ("flag ~ income + region", {}),
    "linear": ("large ~ income + age + category", {"family": "gaussian"}),
    "rates": ("tiny ~ income + grown", {"family": "poisson", "exposure": "w"}),
    "functions, classes of numbers, interactions": ("flag ~ np.log(income)*grown + C(code) + I(age**2)", {}),
    "an amount": ("income ~ age + large", {"family": "gamma"}),
    "probit": ("flag ~ income", {"link": "probit"}),
    "counts with an alpha": ("house ~ income", {"family": "negative_binomial", "alpha": 0.5}),
    "no intercept": ("income ~ 0 + region + age:region", {"family": "gaussian"}),
    "some of the people": ("flag ~ income", {"where": "age >= 30"}),
    "domains": ("flag ~ income", {"by": "grown"}),
    "rows as units": ("flag ~ income + grown", {"design": fl.Design(weights="w", strata="stratum")}),
    "stages with fpc": ("flag ~ income", {"design": fl.Design(weights="w", strata="stratum", stages=("psu", "house"), fpc=("psus", "houses"))}),
    "no weights": ("flag ~ income", {"design": fl.Design(psu="psu", unweighted=True)}),
    "a class of an answer": ("I(region == 'north') ~ income", {}),
    "every unit a stratum of one": ("flag ~ income", {"design": fl.Design(weights="w", strata="person_id", psu="psu", single_psu="certainty")}),
}  # fmt: skip


FEW = ("logistic", "linear", "functions, classes of numbers, interactions", "rows as units")
IN_BRIEF = (("duckdb", "logistic"), ("dask", "functions, classes of numbers, interactions"))
ASKED = [
    (engine, name)
    if engine == "polars-lazy" or (engine, name) in IN_BRIEF
    else pytest.param(engine, name, marks=pytest.mark.slow)
    for engine in LAZY
    for name in (MODELS if engine == "polars-lazy" else FEW)
]


@pytest.mark.parametrize(("engine", "name"), ASKED)
def test_models_are_those_of_rows_in_memory(engine: str, name: str, files: Path, passes: list[int]) -> None:
    (formula, options), lazy = MODELS[name], ENGINES[engine](files)
    asked = {"design": DESIGN, "unknown": "exclude", **options}
    found = fl.regress(lazy, formula, **asked)
    assert passes
    assert min(passes) >= 2
    assert len(passes) <= 10 * (3 if "by" in options else 1)
    taken = len(passes)
    expected = fl.regress(in_memory(), formula, **asked)
    assert len(passes) == taken
    pd.testing.assert_frame_equal(found.to_frame(), expected.to_frame(), rtol=1e-9)
    assert _equal(found.support, expected.support)
    if "by" not in options:
        assert dict(found.diagnostics) == pytest.approx(dict(expected.diagnostics), rel=1e-10)
        one, other = np.asarray(found.covariance_matrix), np.asarray(expected.covariance_matrix)
        size = np.sqrt(np.diag(other))
        assert (np.abs(one - other) <= 1e-9 * np.outer(size, size)).all()
        assert found.assumptions == expected.assumptions


def _equal(one: Any, other: Any) -> bool:
    return all(
        np.allclose(
            np.asarray(getattr(one, name), dtype=float), np.asarray(getattr(other, name), dtype=float), equal_nan=True
        )
        for name in ("respondents", "cases", "psus_with_cases", "df")
    )


def test_passes_of_a_linear_and_a_logistic_model(passes: list[int], files: Path) -> None:
    """Values, sizes, the start, the step that is none any more, and the last look: of a linear model 5, of a logistic one 7 here."""
    people = pl.scan_parquet(files / "*.parquet")
    fl.regress(people, "large ~ income", design=DESIGN, family="gaussian")
    assert len(passes) == 5
    passes.clear()
    fl.regress(people, "flag ~ income", design=DESIGN)
    assert len(passes) == 7


def test_calibrated_weights(lazy: Any, passes: list[int]) -> None:
    """Residuals of the totals of a number are taken off the influences."""

    def made(people: Any, margins: Any) -> pd.DataFrame:
        weighted, design = fl.calibrate(people, margins, design=DESIGN)
        return fl.regress(weighted, "flag ~ tiny + income + grown", design=design).to_frame()

    for margins in (TOTALS, {"grown": TOTALS["grown"]}):
        passes.clear()
        found = made(lazy, margins)
        assert passes
        pd.testing.assert_frame_equal(found, made(in_memory(), margins), rtol=1e-8)


def test_what_is_asked_of_the_model_afterwards(lazy: Any, passes: list[int], tmp_path: Path) -> None:
    found, expected = (
        fl.regress(p, "flag ~ income + region", design=DESIGN, unknown="exclude") for p in (lazy, in_memory())
    )
    assert passes
    one, other = (fl.term_test(model, "region") for model in (found, expected))
    assert (one.statistic, one.p_value, *one.df) == pytest.approx((other.statistic, other.p_value, *other.df), rel=1e-8)
    described = pd.DataFrame({"income": [10.0, 40.0], "region": ["north", "south"]})
    one, other = (fl.predict(model, described).to_frame() for model in (found, expected))
    pd.testing.assert_frame_equal(one, other, rtol=1e-8)
    for ask in (
        lambda: fl.term_test(found, "region", method="lrt"),
        lambda: fl.marginal_means(found, "region"),
        lambda: fl.marginal_effects(found),
    ):
        with pytest.raises(fl.FlError, match="FL-EST-786") as caught:
            ask()
        assert "frame in memory" in caught.value.fix
    found.save(tmp_path / "model")
    again = fl.Regression.read(tmp_path / "model")
    pd.testing.assert_frame_equal(again.to_frame(), found.to_frame())


REFUSED: dict[str, tuple[str, str, dict[str, Any]]] = {
    "a mean over everybody": ("FL-EST-784", "flag ~ center(income)", {}),
    "knots": ("FL-EST-784", "flag ~ bs(income, df=4)", {}),
    "classes of many values": ("FL-EST-784", "flag ~ C(income)", {}),
    "an alpha to be estimated": ("FL-EST-784", "house ~ income", {"family": "negative_binomial"}),
    "separation": ("FL-EST-223", "grown ~ income + apart", {}),
    "collinear": ("FL-EST-222", "flag ~ income + double", {}),
    "a column of nobody": ("FL-EST-237", "flag ~ income + nothing", {}),
    "a logarithm of 0": ("FL-EST-228", "flag ~ income + np.log(grown)", {}),
    "not such an outcome": ("FL-EST-221", "tiny ~ income", {}),
    "one outcome": ("FL-EST-221", "nothing ~ income", {}),
    "missing values": ("FL-EST-07", "flag ~ income + unknown", {"unknown": None}),
    "everything missing": ("FL-EST-236", "flag ~ income + empty", {}),
    "nobody": ("FL-EST-236", "flag ~ income", {"where": "age > 200"}),
    "no such column": ("FL-EST-02", "flag ~ incomes", {}),
    "text of many values": ("FL-EST-227", "flag ~ income + person_id", {}),
    "an exposure of 0": ("FL-EST-324", "tiny ~ income", {"family": "poisson", "exposure": "grown"}),
    "one unit": ("FL-DESIGN-1", "flag ~ income", {"design": fl.Design(weights="w", psu="one", single_psu="error")}),
    "one class": ("FL-EST-225", "flag ~ income + single", {}),
}  # fmt: skip


def _changed(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.with_columns(
        apart=pl.col("grown") * 5 + pl.col("age") / 1e4, double=2 * pl.col("income") + 1, nothing=pl.lit(0.0), one=pl.lit(1),
        empty=pl.lit(None, pl.Float64), single=pl.lit("all"),
    )  # fmt: skip


DASK = ("knots", "an exposure of 0", "everything missing")


@pytest.mark.parametrize(
    ("engine", "fault"),
    [
        *(("polars-lazy", fault) for fault in REFUSED),
        *(pytest.param("dask", fault, marks=pytest.mark.slow) for fault in DASK),
    ],
)
@pytest.mark.usefixtures("passes")
def test_refused_as_in_memory(fault: str, engine: str, tmp_path: Path) -> None:
    code, formula, options = REFUSED[fault]
    rows = _changed(in_memory())
    (tmp_path / "rows").mkdir()
    for number in range(2):
        rows.slice(number * 300, 300).write_parquet(tmp_path / "rows" / f"{number}.parquet")
    asked = {"design": DESIGN, "unknown": "exclude", **options}
    with pytest.raises(fl.FlError, match=code) as caught:
        fl.regress(ENGINES[engine](tmp_path / "rows"), formula, **asked)
    assert caught.value.fix or code == "FL-EST-02"
    if code != "FL-EST-784":
        with pytest.raises(fl.FlError, match=code):
            fl.regress(rows, formula, **asked)


@pytest.mark.usefixtures("passes")
def test_designs_whose_variances_need_rows(files: Path) -> None:
    people = pl.scan_parquet(files / "*.parquet")
    replicated = fl.replicate(people, design=DESIGN, kind="rao-wu", replicates=4, seed=1)
    fpc = fl.Design(strata="stratum", psu="psu", fpc="psus")
    for design in (replicated, fpc):
        with pytest.raises(fl.FlError, match="FL-EST-785") as caught:
            fl.regress(people, "flag ~ income", design=design)
        assert 'variance="taylor"' in caught.value.fix
    found = fl.regress(people, "flag ~ income", design=replicated, variance="taylor").to_frame()
    expected = fl.regress(in_memory(), "flag ~ income", design=DESIGN).to_frame()
    pd.testing.assert_frame_equal(found[["value", "se"]], expected[["value", "se"]], rtol=1e-9)
    assert ROWS == len(table())


@pytest.mark.usefixtures("passes")
@pytest.mark.parametrize(
    ("question", "change", "said"),
    [
        ("_End", lambda rows: rows.with_columns((nw.col("__fl_k1") + 100).alias("__fl_k1")), "12 groups"),
        ("_End", lambda rows: rows.filter(nw.col("__fl_x1") > 1.0), r"\d+ rows; 600 were counted"),
        ("_Begin", lambda rows: rows.with_columns(nw.lit("elsewhere").alias("__fl_x2")), "classes that nobody had"),
    ],
)
def test_rows_that_change_while_they_are_read(
    question: str, change: Any, said: str, files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Units, rows and classes of one look that another did not meet; what the class is is not said."""
    looked = rows_elsewhere.pieces

    def other(given: Any, asked: Any) -> Any:
        return looked(change(given) if type(asked).__name__ == question else given, asked)

    monkeypatch.setattr(rows_elsewhere, "pieces", other)
    people = pl.scan_parquet(files / "*.parquet").with_columns(pl.col("region").fill_null("none"))
    with pytest.raises(fl.FlError, match=f"FL-EST-787(?s:.*){said}") as caught:
        fl.regress(people, "flag ~ income + region", design=DESIGN)
    assert "elsewhere" not in str(caught.value)
