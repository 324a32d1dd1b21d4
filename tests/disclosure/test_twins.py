"""Twins: a case moved between two withheld cells, so that nothing printed changes, leaves every output byte-equal but for hashes."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import fl_estimate as fl
from tests.unit.study.made import MAPPING

CASES = {
    "north": {"N1": 3, "N2": 1, "N3": 12, "N4": 9, "N5": 4},
    "south": {"S1": 11, "S2": 2, "S3": 3, "S4": 10, "S5": 14},
}  # fmt: skip
PER_PSU, PSUS = 10, 30
STUDY = """\
title = "Twins"
[source.people]
file = "people.csv"
mapping = "people.toml"
[[estimate]]
name = "prevalence"
kind = "prevalence"
outcome = "case"
by = [["region"], ["DIS"]]
[[estimate]]
name = "total"
kind = "total"
outcome = "case"
by = [["region"], ["DIS"]]
[[estimate]]
name = "variance"
kind = "variance"
variable = "case"
by = "DIS"
[[estimate]]
name = "districts"
kind = "area"
outcome = "case"
by = "DIS"
[publish]
languages = ["en", "fr", "es"]
"""


def people(cases: dict[str, dict[str, int]]) -> pd.DataFrame:
    """Equal weights, as many PSUs in each district, and no PSU with two cases, so that no margin sees which district has one."""
    rows: list[dict[str, object]] = []
    for region, districts in cases.items():
        for name, count in districts.items():
            for psu in range(PSUS):
                for position in range(PER_PSU):
                    rows.append(
                        {
                            "REG": region,
                            "DIS": name,
                            "EA": f"{name}-{psu:02}",
                            "Q1": 1 if position == 0 and psu < count else 2,
                        }
                    )
    frame = pd.DataFrame(rows)
    return frame.assign(ID=np.arange(len(frame)), STR=1, W=100.0, SEX=1, AGE=30, Q2=2, Q3=2)


def run(folder: Path, cases: dict[str, dict[str, int]]) -> Path:
    folder.mkdir()
    people(cases).to_csv(folder / "people.csv", index=False)
    (folder / "people.toml").write_text(MAPPING, encoding="utf-8")
    (folder / "twins.toml").write_text(STUDY, encoding="utf-8")
    result = fl.run_study(folder / "twins.toml", out=folder / "out")
    assert result.ok, result.failed
    return folder / "out"


def outputs(folder: Path) -> dict[str, bytes]:
    """Every file, without hashes of sources, of files that name them, and of the run, and without the date of the run."""
    found: dict[str, bytes] = {}
    for path in sorted(folder.iterdir()):
        content = re.sub(rb'[0-9a-f]{64}|(?<="date": ")[^"]+', b"same", path.read_bytes())
        found[path.name] = re.sub(rb'"bytes": \d+', b'"bytes": 0', content) if path.name == "manifest.json" else content
    return found


def moved(region: str, here: str, there: str) -> dict[str, dict[str, int]]:
    other = {name: dict(districts) for name, districts in CASES.items()}
    other[region][here] -= 1
    other[region][there] += 1
    return other


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return outputs(run(tmp_path_factory.mktemp("twins") / "first", CASES))


def test_a_case_moved_between_printed_districts_is_seen(tmp_path: Path, first: dict[str, bytes]) -> None:
    """Otherwise the tests below could not fail."""
    assert outputs(run(tmp_path / "other", moved("north", "N3", "N4")))["estimates.csv"] != first["estimates.csv"]


@pytest.mark.parametrize(("region", "here", "there"), [("north", "N1", "N2"), ("south", "S2", "S3")])
def test_twins_print_the_same(tmp_path: Path, first: dict[str, bytes], region: str, here: str, there: str) -> None:
    other = outputs(run(tmp_path / "other", moved(region, here, there)))
    assert other.keys() == first.keys()
    for name, content in first.items():
        assert other[name] == content, name


def test_none_and_one_print_the_same(tmp_path: Path) -> None:
    """A district of no case is not told from one of few."""
    none = {region: {**districts} for region, districts in CASES.items()}
    none["north"] |= {"N1": 4, "N2": 0}
    one = {region: {**districts} for region, districts in none.items()}
    one["north"] |= {"N1": 3, "N2": 1}
    assert outputs(run(tmp_path / "none", none)) == outputs(run(tmp_path / "one", one))
