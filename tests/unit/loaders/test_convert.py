"""Proves that a converted file holds what pyreadstat gives and the kinds of missing, in stretches, and appears whole or not at all."""

from __future__ import annotations

import dataclasses
import datetime as dt
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pyarrow.parquet as pq
import pyreadstat
import pytest

from fl_estimate.errors import FileFault
from fl_estimate.loaders import convert as module
from fl_estimate.loaders import files, reading_apart
from fl_estimate.loaders.convert import convert
from fl_estimate.loaders.file_table import TextFormat
from fl_estimate.loaders.formats import by_pyreadstat, parquet
from fl_estimate.loaders.load import load


@pytest.fixture
def survey(tmp_path: Path) -> Path:
    n = 4_500
    late = [None] * 3_000 + [dt.datetime(2020, 1, 1)] * (n - 3_000)  # a time that is not met in the first stretches
    frame: Any = pd.DataFrame(
        {
            "q": [float(k % 9) for k in range(n)],
            "t": [f"é{k}" for k in range(n)],
            "none": [float("nan")] * n,
            "time": pd.Series(late, dtype="datetime64[us]"),
        }
    )
    pyreadstat.write_sav(frame, tmp_path / "s.sav", missing_ranges={"q": [7, 8]})
    return tmp_path / "s.sav"


@pytest.fixture
def small_stretches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(reading_apart.SWITCH, "0")  # what is patched here is not there
    monkeypatch.setattr(module, "CELLS_AT_ONCE", 1)  # the least stretch of what is read by the cell: 1,000 rows
    monkeypatch.setattr(by_pyreadstat, "ROWS_AT_ONCE", 1_000)
    monkeypatch.setattr(parquet, "ROW_GROUP", 2_000)


@pytest.mark.usefixtures("small_stretches")
def test_values_are_those_of_pyreadstat_and_kinds_stand_beside_them(survey: Path, tmp_path: Path) -> None:
    seen: list[tuple[int, int | None]] = []
    source = convert(survey, tmp_path / "s.parquet", progress=lambda done, total: seen.append((done, total)))
    got = pl.read_parquet(tmp_path / "s.parquet")
    plain: Any = pyreadstat.read_sav(survey, output_format="polars")[0]
    assert got.columns == ["q", "q@missing", "t", "none", "time"]
    assert got.select("q", "t", "time").equals(plain.select("q", "t", "time"))
    assert got["none"].null_count() == 4_500
    assert got["q@missing"].drop_nulls().unique().sort().to_list() == ["7", "8"]
    assert (source.name, source.n_rows) == ("s.sav", 4_500)
    assert seen == [(1_000, 4_500), (2_000, 4_500), (3_000, 4_500), (4_000, 4_500), (4_500, 4_500)]


@pytest.mark.usefixtures("small_stretches")
def test_row_groups_are_of_even_size(survey: Path, tmp_path: Path) -> None:
    convert(survey, tmp_path / "s.parquet")
    meta = pq.read_metadata(tmp_path / "s.parquet")
    assert [meta.row_group(k).num_rows for k in range(meta.num_row_groups)] == [2_000, 2_000, 500]


@pytest.mark.usefixtures("small_stretches")
def test_tags_that_are_met_late_are_kept(tmp_path: Path) -> None:
    values: list[Any] = [1] * 2_500
    values[2_200] = "a"
    frame: Any = pd.DataFrame({"x": pd.Series(values, dtype=object), "i": range(2_500)})
    pyreadstat.write_dta(frame, tmp_path / "s.dta", missing_user_values={"x": ["a"]})
    convert(tmp_path / "s.dta", tmp_path / "s.parquet")
    got = pl.read_parquet(tmp_path / "s.parquet")
    assert got["x@missing"].to_list() == [".a" if k == 2_200 else None for k in range(2_500)]
    assert got["x"].null_count() == 1
    assert got["i"].to_list() == list(range(2_500))


def test_a_converted_file_loads_as_the_file_itself(survey: Path, tmp_path: Path) -> None:
    convert(survey, tmp_path / "s.parquet")
    recode = {**{str(k): "no" for k in range(7)}, "7": "dk", "missing": "ref"}
    mapping = {"id": "t", "people": {}, "jobs": {"from": "people", "w_hazard": {"column": "q", "recode": recode}}}
    ours, theirs = (load(tmp_path / name, mapping=mapping, engine="polars") for name in ("s.parquet", "s.sav"))
    assert ours.jobs.collect().equals(theirs.jobs)
    assert ours.jobs.collect()["w_hazard"].unique().sort().to_list() == ["dk", "no", "ref"]
    assert ours.people.collect().with_columns(pl.col("q").cast(pl.Int64)).equals(theirs.people)


def test_delimited_text_is_converted(tmp_path: Path) -> None:
    (tmp_path / "s.csv").write_bytes("a;b\n1,5;ó\n".encode("windows-1252"))
    written = TextFormat(delimiter=";", decimal=",", encoding="windows-1252")
    calls: list[tuple[int, int | None]] = []
    convert(tmp_path / "s.csv", tmp_path / "o.parquet", written=written, progress=lambda *counts: calls.append(counts))
    assert pl.read_parquet(tmp_path / "o.parquet").to_dict(as_series=False) == {"a": [1.5], "b": ["ó"]}
    assert calls == [(1, 1)]


def test_a_file_without_rows_is_converted(tmp_path: Path) -> None:
    frame: Any = pd.DataFrame({"x": pd.Series([], dtype=float), "t": pd.Series([], dtype=str)})
    pyreadstat.write_sav(frame, tmp_path / "s.sav")
    convert(tmp_path / "s.sav", tmp_path / "o.parquet")
    assert pl.read_parquet(tmp_path / "o.parquet").shape == (0, 2)


def test_a_damaged_file_leaves_the_old_target_and_nothing_else(survey: Path, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    target = folder / "s.parquet"
    convert(survey, target)
    before = target.read_bytes()
    content = survey.read_bytes()
    survey.write_bytes(content[: int(len(content) * 0.7)])
    with pytest.raises(FileFault) as caught:
        convert(survey, target)
    assert caught.value.code == "FL-FILE-05"
    assert target.read_bytes() == before
    assert [each.name for each in folder.iterdir()] == ["s.parquet"]


@pytest.mark.usefixtures("small_stretches")
def test_a_file_with_fewer_rows_than_it_announces_is_refused(
    survey: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = files.codebook_of
    monkeypatch.setattr(module, "codebook_of", lambda *given: dataclasses.replace(read(*given), n_rows=5_000))
    with pytest.raises(FileFault, match="announces 5,000 rows and holds 4,500"):
        convert(survey, tmp_path / "s.parquet")


def test_places_that_a_conversion_cannot_go_are_refused(survey: Path, tmp_path: Path) -> None:
    (tmp_path / "folder.parquet").mkdir()
    for target in ("s.csv", "none/s.parquet", "folder.parquet"):
        with pytest.raises(FileFault) as caught:
            convert(survey, tmp_path / target)
        assert caught.value.code == "FL-FILE-08"
    pl.DataFrame({"a": [1]}).write_parquet(tmp_path / "a.parquet")
    with pytest.raises(FileFault, match="FL-FILE-08"):
        convert(tmp_path / "a.parquet", tmp_path / "b.parquet")


def test_a_folder_that_cannot_be_written_to_is_refused(
    survey: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_args: Any, **_names: Any) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(module.tempfile, "TemporaryDirectory", refuse)
    with pytest.raises(FileFault, match="the folder cannot be written to"):
        convert(survey, tmp_path / "s.parquet")
