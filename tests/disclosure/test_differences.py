"""`fl.diff` tells no figure that either folder withholds, nor lets it be worked out: cells are planted, and all that it prints is searched."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import fl_estimate as fl
from fl_estimate.cli import app
from fl_estimate.study.differences import Differences
from fl_estimate.study.figure_changes import NUMBERS
from fl_estimate.study.run import StudyResult, run_study
from tests.unit.study.made import MAPPING, REGIONS, STUDY, people, write

SMALL = STUDY.partition("[publish]")[0]
NUMBER = re.compile(r"(?<![\w.])\d+(?:[.,]\d+)*(?:e-?\d+)?(?![\w.])")
DIRECTIONS = (("first", "second"), ("second", "first"))
KEYS = ["estimate", "quantity", "outcome", "margin", "region", "sex"]


class Planted(NamedTuple):
    place: Path
    results: dict[str, StudyResult]
    found: dict[tuple[str, str], Differences]


def _more_cases() -> pd.DataFrame:
    """Ten cases more in the West, where there were two: what is withheld in one round is printed in the other."""
    frame = people()
    west = np.flatnonzero(frame["REG"].eq("West") & frame["Q2"].eq(2))[5:200:19]
    frame.loc[west, ["Q1", "Q2", "Q3"]] = 1
    return frame


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Planted:
    place = tmp_path_factory.mktemp("planted")
    results: dict[str, StudyResult] = {}
    mapping = MAPPING.replace('case = "Q1 == 1"', 'case = "Q1 == 1 and age_interview >= 20"')
    for name, frame, rule in (("first", people(), MAPPING), ("second", _more_cases(), mapping)):
        (place / f"of_{name}").mkdir()
        study = write(place / f"of_{name}", study=SMALL, mapping=rule, frame=frame)
        results[name] = run_study(study, out=place / name)
    inputs = [place / "of_first", place / "of_second"]
    found = {(a, b): fl.diff(place / a, place / b, rerun=True, inputs=inputs) for a, b in DIRECTIONS}
    return Planted(place, results, found)


def _full(result: StudyResult) -> pd.DataFrame:
    """Every figure in full, with what became of it in print."""
    assert result.published is not None
    parts: list[pd.DataFrame] = []
    for table in result.published.tables:
        full = result.estimates[table.name].frame.assign(estimate=table.name)
        parts.append(full.assign(publication=table.frame["publication"].to_numpy()))
    return pd.concat(parts, ignore_index=True).reindex(columns=[*KEYS, "publication", "value", "se", "lower", "upper"])


def _keyed(frame: pd.DataFrame) -> dict[tuple[str, ...], dict[str, Any]]:
    rows = frame.astype({key: object for key in KEYS if key in frame}).to_dict("records")
    plain: list[dict[str, Any]] = [{str(name): value for name, value in row.items()} for row in rows]
    return {tuple("" if pd.isna(row.get(k)) else str(row.get(k)) for k in KEYS): row for row in plain}


def _withheld(planted: Planted) -> set[tuple[str, ...]]:
    """Rows that are not printed as a figure in one of the folders."""
    every = [_keyed(_full(result)) for result in planted.results.values()]
    return {key for rows in every for key, row in rows.items() if row["publication"] != "published"}


def test_the_planted_cells_are_there(planted: Planted) -> None:
    """Withheld before, withheld after, both, and upper limits: otherwise the next tests could not fail."""
    seen = {status for found in planted.found.values() for status in found.counts()}
    assert {"changed", "withheld_figure", "figure_withheld", "limit_withheld", "withheld_limit"} <= seen
    assert len(_withheld(planted)) >= 6
    assert all(found.steps is not None and len(found.steps) for found in planted.found.values())


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_a_row_that_either_withholds_has_no_number(direction: tuple[str, str], planted: Planted) -> None:
    found, withheld = planted.found[direction], _withheld(planted)
    figures = found.figures[~found.figures["status"].eq("limit_limit")]
    rows = _keyed(figures)
    assert withheld & set(rows)
    for key in withheld & set(rows):
        assert all(math.isnan(float(rows[key][name])) for name in NUMBERS), key
    assert found.steps is not None
    assert not withheld & set(_keyed(found.steps))


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_no_withheld_figure_stands_in_anything_that_is_written(
    direction: tuple[str, str], planted: Planted, tmp_path: Path
) -> None:
    """In CSV files, pages, terminal, repr: of a withheld cell neither value nor standard error nor limits of either round."""
    found = planted.found[direction]
    found.to_csv(tmp_path / "changes.csv")
    for language in ("en", "fr", "es"):
        found.to_html(tmp_path / f"{language}.html", language)
    folders = [str(planted.place / name) for name in direction]
    told = CliRunner().invoke(app, ["diff", *folders])
    assert told.exit_code == 1
    parts = [
        re.sub(r"(?s)<style>.*?</style>", "", path.read_text(encoding="utf-8")) for path in sorted(tmp_path.iterdir())
    ]
    text = "\n".join(
        [
            *parts,
            told.output,
            repr(found),
            found._repr_html_(),
            found.steps.to_string() if found.steps is not None else "",
        ]
    )
    text = re.sub("(?<=[0-9])[\u202f\u00a0](?=[0-9])", "", text)  # thousands of French and Spanish
    numbers = {_number(each) for each in NUMBER.findall(text)}
    assert len(numbers) > 50
    open_ones = _printed(planted)
    secret = {
        float(row[name])
        for result in planted.results.values()
        for key, row in _keyed(_full(result)).items()
        if key in _withheld(planted) and row["publication"] == "not_published"
        for name in ("value", "se", "lower", "upper")
        if row[name] == row[name] and row[name]
    }
    assert len(secret) >= 8
    for value in secret:
        # a figure of another row that is printed may be called the same
        near = [each for each in numbers if math.isclose(each, value, rel_tol=1e-3) and not _near(each, open_ones)]
        assert not near, value


def _number(text: str) -> float:
    return (
        float(text.replace(",", "."))
        if text.count(",") + text.count(".") == 1
        else float(re.sub(r"[.,]", "", text) or 0)
    )


def _printed(planted: Planted) -> list[float]:
    """What the folders print of rows that are withheld in neither."""
    withheld = _withheld(planted)
    rows = [
        row for result in planted.results.values() for key, row in _keyed(_full(result)).items() if key not in withheld
    ]
    return [float(row[name]) for row in rows for name in ("value", "se", "lower", "upper")]


def _near(value: float, others: list[float]) -> bool:
    return any(math.isclose(value, other, rel_tol=6e-2) for other in others)


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("what", ["figures", "steps"])
def test_no_withheld_region_is_what_the_told_ones_leave_over(
    direction: tuple[str, str], what: str, planted: Planted
) -> None:
    """Of the regions of a table, whose totals add up to the nation's, never all but one are told."""
    frame = getattr(planted.found[direction], what)
    told = frame[frame["before"].notna() & frame["after"].notna()]
    for name in ("prevalence_1", "total_2"):
        regions = set(told[(told["estimate"] == name) & (told["margin"] == "region")]["region"])
        assert len(set(REGIONS) - regions) >= 2, (name, regions)


def test_the_other_way_round_tells_the_same_rows(planted: Planted) -> None:
    """What is told does not depend on which folder comes first."""
    keys = [
        {
            key
            for key, row in _keyed(found.figures).items()
            if row["status"] in ("changed", "same", "interval", "limit_limit")
        }
        for found in planted.found.values()
    ]
    assert keys[0] == keys[1]
