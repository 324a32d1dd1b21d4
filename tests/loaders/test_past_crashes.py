"""What brought the process down, hung it or ended in a traceback once, each made again here: it is read, or refused by a code.

Others stand with their subject: stray bytes in .sav and stray cells in `unit/loaders/test_reading_apart`, Parquet pages in
`unit/loaders/test_damaged_parquet`, study files in `unit/study/test_limits_of_files`, escapes in `cli/test_terminal`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pytest

import fl_estimate as fl
from fl_estimate.errors import FileFault
from fl_estimate.laboratory.report import CoverageReport
from fl_estimate.loaders.files import read_table
from fl_estimate.loaders.formats.delimited import _encoding  # pyright: ignore[reportPrivateUsage]
from fl_estimate.loaders.formats.worksheet_extent import require_dense
from fl_estimate.reporting.areas import read_areas
from fl_estimate.reporting.truth import read_truth
from tests.fuzzing.workbooks import HEAD, LOL, MAIN, members, number_cell, packed, row, text_cell

HEADER = row([text_cell("age"), text_cell("sex")], None)
ROWS = HEADER + row([number_cell("30"), text_cell("m")], None) + row([number_cell("40"), text_cell("f")], None)


def book(folder: Path, parts: dict[str, bytes]) -> Path:
    path = folder / "book.xlsx"
    path.write_bytes(packed(parts))
    return path


def test_cells_that_do_not_say_where_they_are_stand_one_behind_the_other(tmp_path: Path) -> None:
    frame = read_table(book(tmp_path, members(ROWS))).frame.lazy().collect()
    assert frame.to_dict(as_series=False) == {"age": [30, 40], "sex": ["m", "f"]}


STRAY = {
    "in the last row": (ROWS + row([number_cell("1")], 1_048_576), "A1048576"),
    "in the last cell": (ROWS + row([number_cell("1", "XFD1048576")], None), "XFD1048576"),
    "behind a stray cell": (ROWS + row([number_cell("1", "XFC1048576"), number_cell("2")], 1_048_576), "XFD1048576"),
    "of 200 columns": (
        row([text_cell(f"v{at}") for at in range(200)], None) + row(["<c/>"] * 199 + [number_cell("1")], 1_048_576),
        "GR1048576",
    ),
}


@pytest.mark.parametrize("case", STRAY)
def test_a_stray_cell_without_a_position_is_found_and_no_room_is_made_for_it(case: str, tmp_path: Path) -> None:
    cells, position = STRAY[case]
    with pytest.raises(FileFault, match="FL-FILE-24") as met:
        require_dense(book(tmp_path, members(cells)), None)
    assert position in met.value.found


ENTITIES = f'{HEAD}<!DOCTYPE x [<!ENTITY l0 "lol">{LOL}]>'
BOMBS = {
    "entities of shared strings": {"strings": f'{ENTITIES}<sst xmlns="{MAIN}"><si><t>&l9;</t></si></sst>'},
    "entities of the workbook": {"workbook": f'{ENTITIES}<workbook xmlns="{MAIN}"><sheets>&l9;</sheets></workbook>'},
    "elements in each other": {"strings": f'{HEAD}<sst xmlns="{MAIN}">{"<si>" * 100_000}</sst>'},
}


@pytest.mark.parametrize("case", BOMBS)
def test_bombs_of_xml_are_refused_or_passed_over(case: str, tmp_path: Path) -> None:
    """A billion texts of three letters, or a depth that a parser could follow into the ground."""
    cells = HEADER + row([number_cell("0", None, "s"), number_cell("1")], None)
    try:
        frame = read_table(book(tmp_path, members(cells, **BOMBS[case]))).frame.lazy().collect()
    except FileFault as fault:
        told = fault.code
    else:
        told = f"{frame.shape}"
    assert told in ("FL-FILE-05", "FL-FILE-07", "(1, 2)")


PEOPLE = pd.DataFrame({
    "y": np.arange(300) % 2, "age": np.arange(300) % 60, "t": [f"v{at % 200}" for at in range(300)], "psu": np.arange(300) % 30,
})  # fmt: skip
ENGINES: dict[str, Any] = {
    "pandas": lambda: PEOPLE,
    "polars": lambda: pl.from_pandas(PEOPLE).lazy(),
    "duckdb": lambda: duckdb.from_df(PEOPLE),
}
DESIGN = fl.Design(unweighted=True, psu="psu")


@pytest.mark.parametrize("engine", ENGINES)
def test_a_condition_of_800_parts_is_asked_of_any_engine(engine: str) -> None:
    """Of the ages 0 to 59 all but 59; the text is within the limit of 10,000 characters."""
    where = " or ".join(f"age=={at % 59}" for at in range(800))
    made = fl.estimate_prevalence(ENGINES[engine](), "y", design=DESIGN, where=where)
    assert made.to_frame()["n"].tolist() == [295]


@pytest.mark.parametrize(
    "engine",
    [
        "pandas",
        "polars",
        "duckdb",
    ],
)
def test_a_text_of_200_values_is_counted_by_any_engine(engine: str) -> None:
    """100 values are those of two people, 100 those of one."""
    made = fl.estimate_prevalence(ENGINES[engine](), "t", design=DESIGN).to_frame()
    assert len(made) == 200
    assert made["value"].sum() == pytest.approx(1)
    assert sorted(made["cases"]) == [1] * 100 + [2] * 100


def parquet_with(path: Path, old: bytes, new: bytes) -> Path:
    """A file of one column of truths, with something else in the place of some of its bytes."""
    pl.DataFrame({"answered": [True, False, None]}).write_parquet(path, compression="uncompressed", statistics=False)
    raw = path.read_bytes()
    assert old in raw
    path.write_bytes(raw.replace(old, new))
    return path


def test_a_page_that_says_that_it_has_minus_one_value_is_refused(tmp_path: Path) -> None:
    """Polars made room for as many bits as 2^64 - 1, which ends the process. In the header of the page 3 is written as 06, -1 as 01."""
    file = parquet_with(tmp_path / "page.parquet", b"\x2c\x15\x06", b"\x2c\x15\x01")
    with pytest.raises(FileFault, match="FL-FILE-05"):
        read_table(file)


def test_names_of_columns_that_are_no_texts_are_refused(tmp_path: Path) -> None:
    file = parquet_with(tmp_path / "names.parquet", b"answered", b"answ\xfered")
    with pytest.raises(FileFault, match="FL-FILE-05"):
        read_table(file)


@pytest.mark.parametrize("number", [10**400, -(10**400)])
def test_numbers_that_no_computer_has_are_refused_in_what_was_saved(number: int, tmp_path: Path) -> None:
    """JSON has whole numbers of any length."""
    saved = sorted((Path(__file__).parents[1] / "reference" / "saved_files").glob("20*/coverage.json"))[-1]
    told = json.loads(saved.read_bytes())
    told["table"]["rows"][0][told["table"]["columns"].index("coverage")] = number
    file = tmp_path / "coverage.json"
    file.write_text(json.dumps(told), encoding="utf-8")
    with pytest.raises(FileFault, match="FL-FILE-22"):
        CoverageReport.read(file)
    truth = tmp_path / "truth.json"
    truth.write_text(json.dumps({"national": {"adults": number, "forced_labour": 1.5}}), encoding="utf-8")
    with pytest.raises(fl.FlError, match="FL-PUB-11"):
        read_truth(truth)


@pytest.mark.parametrize("ring", [[[0], [1], [2], [3]], [[], [], [], []], [[10**400, 0]] * 4])
def test_points_that_are_no_points_are_no_map(ring: list[Any], tmp_path: Path) -> None:
    feature = {"properties": {}, "geometry": {"type": "Polygon", "coordinates": [ring]}}
    file = tmp_path / "map.geojson"
    file.write_text(json.dumps({"features": [feature]}), encoding="utf-8")
    with pytest.raises(fl.FlError, match="FL-PUB-08"):
        read_areas(file)


def test_a_word_of_millions_of_letters_is_looked_at_once(tmp_path: Path) -> None:
    """In a text that is not UTF-8 it was looked at once for each of its letters: 8 * 10^12 steps, in the process itself."""
    content = b"name;remark\nPe\xf1a;" + b"x" * 4_000_000 + b"\n"
    assert _encoding(tmp_path / "letters.csv", content) == "windows-1252"
