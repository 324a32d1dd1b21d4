"""The two sample studies, run once for all attacks, with one language of report."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import fl_estimate as fl

SAMPLE = Path(__file__).resolve().parents[2] / "data" / "sample"
Nested = Mapping[str, tuple[str, Mapping[str, str]]]


@dataclass(frozen=True)
class Run:
    """A study that was run: its folder, what is published, and the full values that must not be found."""

    folder: Path
    study: Path
    result: Any
    nested: Nested

    @property
    def published(self) -> pd.DataFrame:
        return self.result.published.to_frame()


def study_file(folder: Path, name: str, languages: str = '["en"]') -> Path:
    """A copy of a sample study with its files, in the languages given."""
    here = folder / "sample"
    if not here.exists():
        shutil.copytree(SAMPLE, here)
    text = (SAMPLE / name).read_text(encoding="utf-8")
    (here / name).write_text(re.sub(r"languages = .*", f"languages = {languages}", text), encoding="utf-8")
    return here / name


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("household")
    study = study_file(folder, "study.toml")
    districts = pd.read_csv(SAMPLE / "districts.csv")
    inside = dict(zip(districts["district"], districts["region"], strict=True))
    return Run(folder / "out", study, fl.run_study(study, out=folder / "out"), {"district": ("region", inside)})


@pytest.fixture(scope="session")
def migrants(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("migrants")
    study = study_file(folder, "migrants_study.toml")
    return Run(folder / "out", study, fl.run_study(study, out=folder / "out"), {})


@pytest.fixture(params=["sample", "migrants"])
def run(request: pytest.FixtureRequest) -> Run:
    """Each of the two."""
    return request.getfixturevalue(request.param)
