"""The files in data/sample hold what the generator makes: the same values, whatever the bytes."""

from __future__ import annotations

import importlib.util
import json
import sys
import tomllib
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pyreadstat
import pytest

import fl_estimate as fl
from fl_estimate.datasets.country_mapping import household_mapping
from fl_estimate.datasets.migrants_mapping import migrants_mapping
from fl_estimate.datasets.migrants_survey import FILES
from fl_estimate.datasets.office_files import VARIABLES

ROOT = Path(__file__).resolve().parents[3]
FOLDER = ROOT / "data" / "sample"


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_sample", ROOT / "scripts" / "make_sample.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up by name
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def made(script: ModuleType) -> Any:
    """Everything in data/sample, made again."""
    return script.make()


def same(stored: pd.DataFrame, made: pd.DataFrame) -> None:
    """Names, order and values; numbers as 64-bit floats, an empty text is a missing one."""
    assert list(stored.columns) == list(made.columns)
    assert len(stored) == len(made)
    for name in made.columns:
        if pd.api.types.is_numeric_dtype(made[name]):
            left, right = (frame[name].astype("float64").to_numpy() for frame in (stored, made))
            np.testing.assert_allclose(left, right, rtol=1e-9, err_msg=name)  # decimal text and back
        else:
            assert stored[name].fillna("").tolist() == made[name].fillna("").tolist(), name


def test_parquet(made: Any):
    same(pd.read_parquet(FOLDER / "household.parquet"), made.household)


def test_sav_with_labels_and_user_missing_codes(made: Any):
    read: Any = pyreadstat.read_sav(FOLDER / "household.sav", user_missing=True)
    frame, meta = read
    same(frame, made.household)
    assert meta.column_names_to_labels["Q412C"] == "Identity or travel documents kept, on wanting to leave"
    assert meta.variable_value_labels["Q412C"][3] == "Done to co-workers before me"
    declared = {variable.name: sorted(variable.missing) for variable in VARIABLES if variable.missing}
    found = {name: sorted(part["lo"] for part in parts) for name, parts in meta.missing_ranges.items()}
    assert found == declared


@pytest.mark.parametrize("name", ["lists", "list_records", "districts"])
def test_csv(made: Any, name: str):
    expected = {"lists": made.lists.counts, "list_records": made.lists.records, "districts": made.districts}[name]
    same(pd.read_csv(FOLDER / f"{name}.csv", dtype={"id": str}), expected)


@pytest.mark.parametrize("name", ["regions", "districts"])
def test_geojson(made: Any, name: str):
    stored = json.loads((FOLDER / f"{name}.geojson").read_text(encoding="utf-8"))
    assert stored == made.maps[name]


def test_truth(made: Any):
    stored = json.loads((FOLDER / "truth.json").read_text(encoding="utf-8"))
    assert stored == made.truth


@pytest.mark.parametrize("name", ["people", "episodes", "costs"])
def test_dta_with_labels(made: Any, name: str):
    file = "migrants.dta" if name == "people" else f"migrants_{name}.dta"
    read: Any = pyreadstat.read_dta(FOLDER / file)
    frame, meta = read
    same(frame, made.migrants[name])
    assert meta.column_names_to_labels == {variable.name: variable.label for variable in FILES[name]}
    kept = {
        variable: {int(code): label for code, label in labels.items()}
        for variable, labels in meta.variable_value_labels.items()
    }
    assert kept == {variable.name: variable.values for variable in FILES[name] if variable.values}


def test_migrants_truth_and_mapping(made: Any):
    assert json.loads((FOLDER / "migrants_truth.json").read_text(encoding="utf-8")) == made.migrants_truth
    stored = fl.Mapping.read(FOLDER / "migrants.toml")
    assert stored == fl.Mapping.read(migrants_mapping())


def test_mapping():
    stored = tomllib.loads((FOLDER / "household.toml").read_text(encoding="utf-8"))
    assert stored == household_mapping()


def test_sav_and_parquet_load_alike():
    """Declared missing codes in the one, plain codes in the other: the mapping makes the same answers of both."""
    sav, parquet = (
        fl.load(FOLDER / f"household.{ending}", mapping=FOLDER / "household.toml") for ending in ("sav", "parquet")
    )
    assert sav.report.ok
    pd.testing.assert_frame_equal(sav.jobs, parquet.jobs)
    mapped = [name for name in sav.people.columns if name.islower()]
    pd.testing.assert_frame_equal(sav.people[mapped], parquet.people[mapped])


def test_the_readme_tells_the_numbers_of_the_files(made: Any):
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    people, nation = made.population.people, made.truth["national"]
    told = [
        *(len(people.age), nation["adults"], nation["forced_labour"], len(made.population.areas.stratum)),
        *(len(made.household), made.household["HHID"].nunique(), made.household["CLUSTER"].nunique()),
        *(made.truth["survey"]["respondents"], made.lists.listed),
        *(len(frame) for frame in made.migrants.values()),
        *(made.migrants_truth["national"]["adults"], made.migrants_truth["national"]["forced_labour"]),
    ]
    assert [number for number in told if f"{number:,}" not in text] == []
    assert f"{len(VARIABLES)} variables" in text
    empty = int((made.migrants["people"]["RESULT"] == 2).sum())
    assert f"{empty} areas without one" in text


def test_written_files_are_those_of_the_folder(made: Any, script: ModuleType, tmp_path: Path):
    """The script writes every file but those that people write, and the folder stays below six megabytes."""
    written = {path.name: path.stat().st_size for path in script.write(made, tmp_path)}
    there = {path.name: path.stat().st_size for path in FOLDER.iterdir()}
    assert set(there) - set(written) == {"README.md", "study.toml", "migrants_study.toml", "national_framework.toml"}
    assert set(written) <= set(there)
    assert sum(there.values()) < 6_000_000
