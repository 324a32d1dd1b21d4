"""Calibration on numbers of rows that may not be brought here: Newton's method by sums is that of the rows in memory.

The expected figures are those of `fl.calibrate` on the same rows in memory, whose own are held against R survey in test_weights.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow.parquet as pq
import pytest

import fl_estimate as fl
from fl_estimate.design import asking, calibrated_rows, read_once
from fl_estimate.inputs.partitions import narwhal
from tests.engines.survey import DESIGN, ENGINES, EQUAL, LAZY, ROWS, table, write
from tests.engines.test_same_on_every_engine import one_thread

pytestmark = pytest.mark.filterwarnings("ignore:The inplace keyword")
FEW = 60
"""Rows that may be brought, of 600: a tenth."""
TOTALS = {"grown": {0: 3_000.0, 1: 3_200.0}, "income": 210_000.0, "age": 245_000.0}
METHODS: dict[str, dict[str, Any]] = {
    "raking": {},
    "raking within bounds": {"bounds": (0.7, 1.3)},
    "linear": {"method": "linear"},
    "linear within bounds": {"method": "linear", "bounds": (0.7, 1.3)},
    "logit": {"method": "logit", "bounds": (0.4, 2.5)},
    "sinh": {"method": "sinh"},
}


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> Iterator[None]:
    with one_thread():
        yield


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("survey") / "equal", EQUAL)


def often(engine: str) -> Any:
    """An engine of which a question takes a second is asked by `make spark` and with ``-m slow``."""
    return engine if engine == "polars-lazy" else pytest.param(engine, marks=pytest.mark.slow)


@pytest.fixture(params=[often(engine) for engine in LAZY])
def lazy(request: pytest.FixtureRequest, files: Path) -> Any:
    return ENGINES[request.param](files)


@pytest.fixture
def passes(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many groups came back from each pass of a calibration."""
    monkeypatch.setattr(asking, "MOST_ROWS", FEW)
    asked, found = calibrated_rows.totals, list[int]()

    def watched(*given: Any, **named: Any) -> Any:
        made = asked(*given, **named)
        found.append(len(made.n))
        return made

    monkeypatch.setattr(calibrated_rows, "totals", watched)
    return found


def in_memory() -> pl.DataFrame:
    made = pl.from_arrow(table())
    assert isinstance(made, pl.DataFrame)
    return made


def weights(people: Any, column: str) -> np.ndarray:
    rows = narwhal(people).lazy().select("person_id", column).collect("pyarrow").to_native()
    return rows.sort_by("person_id").column(column).to_numpy()


def answers(people: Any, design: fl.Design) -> pd.DataFrame:
    return pd.concat(
        [
            fl.estimate_mean(people, ["large", "tiny"], design=design, by="region").to_frame(),
            fl.estimate_total(people, "flag", design=design).to_frame(),
            fl.estimate_prevalence(people, "region", design=design, unknown="exclude").to_frame(),
        ]
    )


IN_BRIEF = (("duckdb", "raking"), ("duckdb", "logit"), ("dask", "linear within bounds"))


@pytest.mark.parametrize(
    ("engine", "method"),
    [
        (engine, method)
        if (engine, method) in IN_BRIEF or engine == "polars-lazy"
        else pytest.param(engine, method, marks=pytest.mark.slow)
        for engine in LAZY
        for method in METHODS
    ],
)
def test_weights_and_estimates_are_those_of_rows_in_memory(
    engine: str, method: str, files: Path, passes: list[int]
) -> None:
    lazy = ENGINES[engine](files)
    people, design = fl.calibrate(lazy, TOTALS, design=DESIGN, **METHODS[method])
    assert passes == [2] * len(passes)  # the classes of `grown`, never a row
    assert len(passes) == (2 if method == "linear" else pytest.approx(5, abs=2))
    expected, known = fl.calibrate(in_memory(), TOTALS, design=DESIGN, **METHODS[method])
    np.testing.assert_allclose(weights(people, "w_calibrated"), weights(expected, "w_calibrated"), rtol=1e-11)
    if method in ("raking", "logit"):
        pd.testing.assert_frame_equal(answers(people, design), answers(expected, known), rtol=1e-10)


def test_one_calibration_after_another(lazy: Any, passes: list[int]) -> None:
    """What is left of the first in the way of the second is in the residuals: all sums come from one pass."""

    def made(people: Any) -> tuple[Any, fl.Design]:
        once, design = fl.calibrate(people, TOTALS, design=DESIGN)
        second = {"income": 205_000.0, "house": 15_600.0, "grown": {0: 3_050.0, 1: 3_150.0}}
        return fl.calibrate(once, second, design=design, method="linear")

    found, expected = made(lazy), made(in_memory())
    assert passes
    pd.testing.assert_frame_equal(answers(*found), answers(*expected), rtol=1e-9)
    one, other = (fl.regress(p, "flag ~ grown", design=d).to_frame() for p, d in (found, expected))
    pd.testing.assert_frame_equal(one, other, rtol=1e-9)


@pytest.mark.usefixtures("passes")
def test_an_estimate_is_one_pass_and_brings_no_rows(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    people, design = fl.calibrate(pl.scan_parquet(files / "*.parquet"), TOTALS, design=DESIGN)
    asked, groups = read_once.totals, list[int]()

    def watched(*given: Any, **named: Any) -> Any:
        made = asked(*given, **named)
        groups.append(len(made.n))
        return made

    monkeypatch.setattr(read_once, "totals", watched)
    fl.estimate_mean(people, "large", design=design)
    assert groups == [24]  # 3 strata of 4 units, and the two classes


@pytest.mark.usefixtures("passes")
def test_written_weights(lazy: Any, tmp_path: Path) -> None:
    """The weights are an expression of the rows, which the engine writes."""
    classified = fl.classify(lazy, short_instrument=True)
    weighted, design = fl.calibrate(classified, TOTALS, design=DESIGN)
    weighted.write_parquet(str(tmp_path / "weighted"))
    rows = pq.read_table(tmp_path / "weighted")
    expected, _ = fl.calibrate(in_memory(), TOTALS, design=DESIGN)
    found = rows.column(design.weights).to_numpy()
    np.testing.assert_allclose(np.sort(found), np.sort(weights(expected, "w_calibrated")), rtol=1e-11)
    eager = fl.calibrate(fl.classify(in_memory(), short_instrument=True), TOTALS, design=DESIGN)
    one, other = (
        fl.estimate_prevalence(people, "forced_labour", design=known, by="region").to_frame()
        for people, known in ((weighted, design), eager)
    )
    pd.testing.assert_frame_equal(one, other, rtol=1e-9)


def faulty(rows: pl.DataFrame, tmp_path: Path, engine: str) -> Any:
    folder = tmp_path / engine
    folder.mkdir()
    rows.write_parquet(folder / "0.parquet")
    return ENGINES[engine](folder)


REFUSED: dict[str, tuple[str, Any, Any, dict[str, Any]]] = {
    "a missing number": ("FL-DESIGN-41", lambda rows: rows, {"absent": 3e5}, {}),
    "a number of nobody": ("FL-DESIGN-41", lambda rows: rows.with_columns(income=pl.lit(None, pl.Float64)), TOTALS, {}),
    "a class of nobody": ("FL-DESIGN-43", lambda rows: rows, {**TOTALS, "grown": {0: 3e3, 1: 3e3, 2: 200.0}}, {}),
    "a total out of reach": ("FL-DESIGN-46", lambda rows: rows, {"grown": TOTALS["grown"], "income": -5.0}, {}),
    "a total beyond every number": ("FL-DESIGN-46", lambda rows: rows, {"": 6_200.0, "age": 6_200.0 * 71}, {}),
    "a total that overflows": ("FL-DESIGN-46", lambda rows: rows, {"": 6_200.0, "income": 1e300}, {}),
    "too narrow bounds": ("FL-DESIGN-46", lambda rows: rows, TOTALS, {"bounds": (0.99, 1.01)}),
    "weights below 0": ("FL-DESIGN-47", lambda rows: rows, {**TOTALS, "income": 9e5}, {"method": "linear"}),
    "an infinite number": ("FL-EST-03", lambda rows: rows.with_columns(income=pl.lit(np.inf)), TOTALS, {}),
    "negative weights": ("FL-DESIGN-13", lambda rows: rows.with_columns(w=-pl.col("w")), TOTALS, {}),
}


@pytest.mark.parametrize("engine", [often(engine) for engine in ("polars-lazy", "duckdb", "dask")])
@pytest.mark.parametrize("fault", REFUSED)
def test_refused_as_in_memory(
    fault: str, engine: str, tmp_path: Path, passes: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    code, changed, margins, options = REFUSED[fault]
    monkeypatch.setattr(calibrated_rows, "MOST_PASSES", 12)
    with pytest.raises(fl.FlError, match=code) as caught:
        fl.calibrate(faulty(changed(in_memory()), tmp_path, engine), margins, design=DESIGN, **options)
    assert caught.value.fix
    sought = fault in ("too narrow bounds", "a total beyond every number", "a total that overflows")
    assert len(passes) <= (13 if sought else 3)
    if code != "FL-EST-03":
        with pytest.raises(fl.FlError, match=code):
            fl.calibrate(changed(in_memory()), margins, design=DESIGN, **options)


def test_other_people_do_not_meet_the_totals(passes: list[int], files: Path) -> None:
    people, design = fl.calibrate(pl.scan_parquet(files / "*.parquet"), TOTALS, design=DESIGN)
    assert passes
    with pytest.raises(fl.FlError, match="FL-DESIGN-58"):
        fl.estimate_mean(people.filter(pl.col("age") > 30), "large", design=design)


@pytest.mark.usefixtures("passes")
def test_collinear_totals(files: Path) -> None:
    """A number that follows from others is met with them: the step is the one of least norm, as in memory."""
    twice = {**TOTALS, "double": 2 * TOTALS["income"]}
    lazy = pl.scan_parquet(files / "*.parquet").with_columns(double=2 * pl.col("income"))
    people, design = fl.calibrate(lazy, twice, design=DESIGN)
    expected, known = fl.calibrate(in_memory().with_columns(double=2 * pl.col("income")), twice, design=DESIGN)
    np.testing.assert_allclose(weights(people, "w_calibrated"), weights(expected, "w_calibrated"), rtol=1e-10)
    pd.testing.assert_frame_equal(answers(people, design), answers(expected, known), rtol=1e-8)


def test_replicates_and_units_that_share_a_factor_need_every_value(lazy: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "MOST_ROWS", 400)
    replicated = fl.replicate(lazy, design=DESIGN, kind="rao-wu", replicates=4, seed=1)
    asked: list[dict[str, Any]] = [{"design": replicated}, {"design": DESIGN, "aggregate": "person_id"}]
    for options in asked:
        with pytest.raises(fl.FlError, match=r"FL-EST-774(?s:.*)income(?s:.*)\d{3} groups"):
            fl.calibrate(lazy, {"income": 250_000.0}, **options)
    assert ROWS > 400
