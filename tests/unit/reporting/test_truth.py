"""A truth file is read into values by quantity, outcome and group; a broken one is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import fl_estimate as fl
from fl_estimate.reporting.truth import read_truth

SPREAD = {"quantile": {"cost": {"0.5": 1.25, "0.90": 4.0}}, "share": {"dear": 0.1}}
COUNTS = {
    "seed": 1,
    "national": {"adults": 1000, "forced_labour": 8, "prevalence": 0.008, "mean": {"cost": 1.5}, **SPREAD},
    "region": {"North": {"adults": 400, "forced_labour": 6}},
    "sex": {"male": {"adults": 500, "forced_labour": 5}},
    "lists": {"seed": 1, "listed": 4},
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "truth.json"
    file.write_text(json.dumps(COUNTS), encoding="utf-8")
    return file


def test_values(path: Path) -> None:
    truth = read_truth(path)
    nation = {"quantity": "prevalence", "outcome": "forced_labour", "margin": ""}
    north = {**nation, "margin": "region", "region": "North"}
    assert truth.of(nation, ()) == 0.008
    assert truth.of(north, ("region",)) == 6 / 400
    assert truth.of({**north, "quantity": "total"}, ("region",)) == 6
    assert truth.of({**north, "region": "South"}, ("region",)) is None
    assert truth.of({**north, "region": None}, ("region",)) is None
    assert truth.of({**nation, "outcome": "trafficking"}, ()) is None
    assert truth.of({**nation, "quantity": "mean", "outcome": "cost"}, ()) == 1.5
    assert truth.of({**nation, "outcome": "mean"}, ()) is None


def test_codes_of_the_schema_are_found_under_their_words(path: Path) -> None:
    men = {"quantity": "total", "outcome": "forced_labour", "margin": "sex", "sex": 1}
    assert read_truth(path).of(men, ("sex",)) == 5


@pytest.mark.parametrize(
    "text", ["{", "[]", "{}", '{"national": {"forced_labour": 3}}', '{"national": {"adults": 0, "x": 1}}']
)
def test_other_files_are_refused(text: str, tmp_path: Path) -> None:
    file = tmp_path / "truth.json"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(fl.FlError, match="FL-PUB-11"):
        read_truth(file)


def test_no_such_file(tmp_path: Path) -> None:
    with pytest.raises(fl.FlError, match="FL-FILE-01"):
        read_truth(tmp_path / "none.json")


def test_whoever_counts_the_persons(path: Path) -> None:
    truth = read_truth(path)
    nation = {"outcome": "forced_labour", "margin": "", "n": 3}
    for quantity, expected in (("persons", 8), ("population_size", 8), ("dark_figure", 5)):
        assert truth.of({**nation, "quantity": quantity}, ()) == expected, quantity
    # A by-column that names the result a row was stacked from does not narrow it.
    assert truth.of({**nation, "quantity": "total", "source": "lists"}, ("source",)) == 8


def test_quantiles_and_shares_of_fewer_than_all(path: Path) -> None:
    truth = read_truth(path)
    row = {"outcome": "cost", "margin": "", "quantity": "quantile"}
    assert truth.of({**row, "term": "0.5"}, ()) == 1.25
    assert truth.of({**row, "term": "0.9"}, ()) == 4.0
    assert truth.of({**row, "term": "0.25"}, ()) is None
    assert truth.of({**row, "outcome": "dear", "quantity": "prevalence", "term": ""}, ()) == 0.1
    assert truth.of({**row, "outcome": "dear", "quantity": "total", "term": ""}, ()) is None
