"""What brought the process down, hung it or ended in a traceback once, each made again here: it is read, or refused by a code.

Others stand with their subject: stray bytes in .sav and stray cells in `unit/loaders/test_reading_apart`, Parquet pages in
`unit/loaders/test_damaged_parquet`, study files in `unit/study/test_limits_of_files`, escapes in `cli/test_terminal`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pytest

import fl_estimate as fl
from fl_estimate.errors import FileFault
from fl_estimate.loaders.files import read_table
from fl_estimate.loaders.formats.worksheet_extent import require_dense
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


@pytest.mark.parametrize("engine", ENGINES)
def test_a_text_of_200_values_is_counted_by_any_engine(engine: str) -> None:
    """100 values are those of two people, 100 those of one."""
    made = fl.estimate_prevalence(ENGINES[engine](), "t", design=DESIGN).to_frame()
    assert len(made) == 200
    assert made["value"].sum() == pytest.approx(1)
    assert sorted(made["cases"]) == [1] * 100 + [2] * 100
