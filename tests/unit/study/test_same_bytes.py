"""The same inputs, packages and seeds give the same bytes; neither the order of rows nor engine or threads move a figure, not even unrounded."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd
import polars as pl
import pytest

import fl_estimate as fl
from fl_estimate.design.exact_sums import on_grid, power_for, with_exact_sums
from fl_estimate.inputs.replicates import Replicates
from fl_estimate.inputs.sample_design import Design
from fl_estimate.inputs.survey_data import SurveyData
from fl_estimate.results.estimates import Estimates
from fl_estimate.study.run import run_study
from tests.unit.study.made import STUDY, people, write

ROOT = Path(__file__).parents[3]
SAMPLES = (
    "data/sample/study.toml", "data/sample/migrants_study.toml", "docs/examples/world.toml", "docs/examples/mics_like/study.toml",
)  # fmt: skip
DIRECT = """
[[estimate]]
kind = "mean"
variable = "age_interview"
by = "region"

[publish]"""


def _run(study: Path, out: Path, *, cwd: Path, seed: str, threads: str) -> dict[str, bytes]:
    """Every file of a run in a process of its own."""
    environment = {
        **os.environ, "PYTHONHASHSEED": seed, "POLARS_MAX_THREADS": threads, "OPENBLAS_NUM_THREADS": threads,
        "OMP_NUM_THREADS": threads, "NUMBA_NUM_THREADS": threads, "SOURCE_DATE_EPOCH": "1700000000",
    }  # fmt: skip
    main = "from fl_estimate.cli import main; main()"
    command = [sys.executable, "-c", main, "run", os.path.relpath(study, cwd), "--out", str(out)]
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return {path.name: path.read_bytes() for path in sorted(out.iterdir())}


def _apart(study: Path, tmp_path: Path) -> tuple[dict[str, bytes], dict[str, bytes]]:
    """The study run twice: other seeds of hashes, working folders, threads and places of the result."""
    (tmp_path / "elsewhere").mkdir()
    one = _run(study, tmp_path / "one", cwd=study.parent, seed="1", threads="1")
    two = _run(study, tmp_path / "a" / "b", cwd=tmp_path / "elsewhere", seed="4242", threads="2")
    return one, two


def test_two_runs_give_the_same_bytes(tmp_path: Path) -> None:
    """A small study, with its map, its truth and reports in two languages."""
    one, two = _apart(write(tmp_path), tmp_path)
    assert {"estimates.csv", "estimates.parquet", "manifest.json", "report.html", "report.fr.html"} <= set(one)
    assert one == two


@pytest.mark.slow
@pytest.mark.parametrize("study", SAMPLES)
def test_a_sample_study_gives_the_same_bytes_wherever_it_lies(study: str, tmp_path: Path) -> None:
    """In a copy of its folder, with other seeds of hashes, another working folder and other threads."""
    for folder in ("data/sample", "docs/examples"):
        shutil.copytree(ROOT / folder, tmp_path / "copy" / folder, ignore=shutil.ignore_patterns("out"))
    here = _run(ROOT / study, tmp_path / "one", cwd=ROOT, seed="1", threads="1")
    there = _run(tmp_path / "copy" / study, tmp_path / "a" / "b", cwd=tmp_path, seed="4242", threads="2")
    assert len(here) >= 4
    assert there == here


def test_the_date_alone_tells_two_runs_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    study = write(tmp_path)
    kept: list[dict[str, bytes]] = []
    for moment, out in (("1700000000", "one"), ("1700000777", "two")):
        monkeypatch.setenv("SOURCE_DATE_EPOCH", moment)
        run_study(study, out=tmp_path / out)
        kept.append({path.name: path.read_bytes() for path in (tmp_path / out).iterdir()})
    first, second = (json.loads(each.pop("manifest.json")) for each in kept)
    assert kept[0] == kept[1]
    assert (first["run"].pop("date"), second["run"].pop("date")) == ("2023-11-14T22:13:20Z", "2023-11-14T22:26:17Z")
    assert first == second


def _fractional(seed: int | None = None) -> pd.DataFrame:
    """People whose weights have all the digits that a number has, in another order where a seed is given."""
    frame = people()
    frame["W"] = np.random.default_rng(7).lognormal(4.6, 0.8, len(frame))
    return frame if seed is None else frame.sample(frac=1.0, random_state=seed)


def _unrounded(folder: Path, frame: pd.DataFrame, engine: str) -> dict[str, pd.DataFrame]:
    folder.mkdir()
    text = STUDY.replace('mapping = "people.toml"', f'mapping = "people.toml"\nengine = "{engine}"')
    result = run_study(write(folder, study=text.replace("\n[publish]", DIRECT), frame=frame), out=folder / "out")
    assert not result.failed
    return {name: made.to_frame(labels=False) for name, made in result.estimates.items()}


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> dict[str, pd.DataFrame]:
    return _unrounded(tmp_path_factory.mktemp("exact") / "first", _fractional(), "polars")


@pytest.mark.parametrize(("engine", "seed"), [("polars", 1), ("polars", 2), ("pandas", None), ("pandas", 3)])
def test_neither_order_nor_engine_moves_a_figure(
    engine: str, seed: int | None, reference: dict[str, pd.DataFrame], tmp_path: Path
) -> None:
    """Not in its last digit, where weights have all the digits that there are."""
    other = _unrounded(tmp_path / "again", _fractional(seed), engine)
    assert list(other) == list(reference) == ["prevalence_1", "total_2", "share", "mean_4"]
    for name, frame in reference.items():
        numbers = frame.select_dtypes("number")
        assert numbers.shape[1] >= 10
        # Weights times 0 or 1 are exact; of weights times ages the sums may differ in the last digit.
        slack = 1e-14 if name == "mean_4" else 0.0
        pd.testing.assert_frame_equal(other[name][list(numbers)], numbers, obj=name, rtol=slack, atol=0.0)


@pytest.mark.parametrize("units", [True, False])
def test_other_engines_give_the_same_digits(units: bool) -> None:
    """Of frames in any library, the rows in another order in each: value, standard error and limits of shares."""
    import duckdb

    design = Design(weights="W", psu="EA" if units else None, strata="STR" if units else None, expands=True)
    found: list[pd.DataFrame] = []
    for position, native in enumerate((
        lambda frame: frame, pl.from_pandas, lambda frame: pl.from_pandas(frame).lazy(),
        lambda frame: pl.from_pandas(frame).to_arrow(), lambda frame: duckdb.from_arrow(pl.from_pandas(frame).to_arrow()),
    )):  # fmt: skip
        frame = _fractional(position).assign(case=lambda each: (each["Q1"] == 1).astype(int))
        survey = with_exact_sums(_survey(native(frame[["W", "EA", "STR", "REG", "case"]]), design))
        made = fl.estimate_prevalence(survey.people, "case", by="REG", design=design)
        found.append(made.to_frame(labels=False)[["value", "se", "lower", "upper", "n", "cases"]])
    # Without units squares of weights are added up over rows, which are not exact.
    slack = 0.0 if units else 1e-14
    for other in found[1:]:
        pd.testing.assert_frame_equal(other, found[0], check_dtype=False, rtol=slack, atol=0.0)
    if not units:
        assert all((other["value"] == found[0]["value"]).all() for other in found)


def test_without_the_grid_the_order_does_move_the_last_digit() -> None:
    """What the tests above would not see if the weights were as they came: sums of these differ by their order."""
    weights = _fractional()["W"].to_numpy()
    shuffled = weights[np.random.default_rng(1).permutation(len(weights))]
    assert np.cumsum(weights)[-1] != np.cumsum(shuffled)[-1]


@pytest.mark.parametrize("engine", ["pandas", "polars", "lazy", "pyarrow", "duckdb"])
def test_the_grid_is_one_on_every_engine(engine: str) -> None:
    import duckdb

    made = pd.DataFrame({"w": np.random.default_rng(3).lognormal(3, 2, 5000), "y": 1})
    frames = {
        "pandas": lambda: made, "polars": lambda: pl.from_pandas(made), "lazy": lambda: pl.from_pandas(made).lazy(),
        "pyarrow": lambda: pl.from_pandas(made).to_arrow(), "duckdb": lambda: duckdb.from_arrow(pl.from_pandas(made).to_arrow()),
    }  # fmt: skip
    power = power_for(float(made["w"].sum()))
    assert power is not None
    frame = nw.from_native(frames[engine]()).lazy().select(on_grid(nw.col("w"), power).alias("w")).collect("pyarrow")
    found = np.sort(frame["w"].to_numpy())
    whole = found * 2.0**power
    assert (whole == np.rint(whole)).all()
    np.testing.assert_array_equal(found, np.sort(np.rint(made["w"].to_numpy() * 2.0**power) / 2.0**power))
    order = np.random.default_rng(4).permutation(len(found))
    assert float(np.cumsum(found)[-1]) == float(np.cumsum(found[order])[-1])


def _survey(frame: Any, design: Design) -> SurveyData:
    return SurveyData(people=frame, design=design)  # pyright: ignore[reportCallIssue]


@pytest.mark.parametrize("units", [False, True])
def test_how_far_weights_move(units: bool) -> None:
    """By 2^-53 of the largest sum at most: of a unit's sum where there are units."""
    frame = _fractional()
    design = Design(weights="W", psu="EA" if units else None, expands=True)
    moved = with_exact_sums(_survey(frame, design)).people["W"].to_numpy()
    largest = frame.groupby("EA")["W"].sum().max() if units else frame["W"].sum()
    difference = np.abs(moved - frame["W"].to_numpy())
    assert 0 < difference.max() <= largest * 1.001 * 2.0**-53
    whole = with_exact_sums(_survey(frame, design), across_units=True).people["W"].to_numpy()
    assert (np.abs(whole - frame["W"].to_numpy()).max() > difference.max()) == units


def test_weights_that_are_none_are_left_to_whoever_says_so() -> None:
    """Missing, negative, infinite, text, not there: nothing is refused here, and nothing changed."""
    design = Design(weights="w", expands=True)
    for values in ([1.5, -2.5], [1.5, np.inf], ["a", "b"], [1, 2], [0.0, 0.0]):
        frame = pd.DataFrame({"w": values})
        assert with_exact_sums(_survey(frame, design)).people is frame
    assert with_exact_sums(_survey(pd.DataFrame({"v": [1.0]}), design)).people.columns.tolist() == ["v"]
    kept = with_exact_sums(_survey(pd.DataFrame({"w": [0.1, None, 0.3]}), design)).people["w"]
    assert kept.isna().tolist() == [False, True, False]


def test_replicate_weights_are_on_a_grid_of_their_own() -> None:
    rng = np.random.default_rng(5)
    frame = pd.DataFrame(
        {"w": rng.lognormal(4, 1, 300), "r1": rng.lognormal(2, 1, 300), "r2": rng.lognormal(6, 1, 300)}
    )
    design = Design(weights="w", replicates=Replicates(["r1", "r2"], kind="jk1"), expands=True)
    moved = with_exact_sums(_survey(frame, design)).people
    # e^(4+1/2), e^(2+1/2) and e^(6+1/2) times 300: w is within a factor 2^4 of the largest, r1 is not.
    powers = {name: power_for(float(frame[name].sum())) for name in ("w", "r1", "r2")}
    for name, power in {**powers, "w": powers["r2"]}.items():
        assert power is not None
        np.testing.assert_array_equal(moved[name] * 2.0**power, np.rint(frame[name] * 2.0**power))


def test_a_replicate_that_leaves_a_domain_alone_gives_its_very_estimate() -> None:
    """Of a larger sum than the weights themselves, so that a grid of its own would be coarser: then the standard error were not 0."""
    rng = np.random.default_rng(7)
    weight = rng.lognormal(4, 1, 400)
    untouched = np.arange(400) < 200
    frame = pd.DataFrame(
        {"w": weight, "r1": np.where(untouched, weight, 2 * weight), "r2": np.where(untouched, weight, 0.0)}
    )
    assert power_for(float(frame["r1"].sum())) != power_for(float(frame["w"].sum()))
    design = Design(weights="w", replicates=Replicates(["r1", "r2"], kind="brr"), expands=True)
    moved = with_exact_sums(_survey(frame, design)).people
    for name in ("r1", "r2"):
        np.testing.assert_array_equal(moved[name][untouched], moved["w"][untouched])


def test_weights_too_small_for_the_grid_are_left_as_they_are() -> None:
    """A weight of 1e-13 beside a sum of 2,000 lies below one step of its grid, 2^-42: it must not become nought."""
    frame = pd.DataFrame({"w": [1000.1, 1000.2, 1e-13]})
    assert with_exact_sums(_survey(frame, Design(weights="w", expands=True))).people is frame
    frame = pd.DataFrame({"w": [1000.1, 1000.2, 0.0]})
    assert with_exact_sums(_survey(frame, Design(weights="w", expands=True))).people["w"].iloc[2] == 0.0


def test_a_calibrated_study_is_exact_too(tmp_path: Path) -> None:
    """Weights are brought to the grid before and after: the totals of calibration sum over units."""
    margins = '\n[calibrate]\nmargins = { sex = { "1" = 45000, "2" = 46000 } }\n'
    found: list[Estimates] = []
    for name, frame, engine in (("a", _fractional(), "polars"), ("b", _fractional(9), "pandas")):
        (tmp_path / name).mkdir()
        text = STUDY.replace('mapping = "people.toml"', f'mapping = "people.toml"\nengine = "{engine}"')
        study = write(tmp_path / name, study=text.replace("\n[publish]", f"{margins}\n[publish]"), frame=frame)
        found.append(run_study(study, out=tmp_path / name / "out").estimates["total_2"])
    one, two = (each.to_frame(labels=False).select_dtypes("number") for each in found)
    pd.testing.assert_frame_equal(one, two, check_exact=True)
