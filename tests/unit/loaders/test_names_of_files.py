"""Files are read whatever they are called, brackets and stars among it, and never another; what is no file, or has no name that is a text, is said."""

from __future__ import annotations

import hashlib
import os
import socket
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from typing import Any

import polars as pl
import pyreadstat
import pytest

import fl_estimate as fl
from fl_estimate.errors import FileFault
from fl_estimate.inputs.engines import scanned, write_parquet
from fl_estimate.loaders.convert import convert
from fl_estimate.loaders.files import read_table
from fl_estimate.loaders.several_files import matched, sha256_at
from fl_estimate.study.surroundings import Stamps

pa: Any = import_module("pyarrow")
pq: Any = import_module("pyarrow.parquet")


@pytest.mark.parametrize("name", ["people[1].parquet", "people?.parquet", "people*.parquet", "people {1}.parquet"])
def test_a_name_with_signs_of_a_pattern_is_the_name_of_one_file(name: str, tmp_path: Path) -> None:
    """Downloads are called people[1] where there is a people; as a pattern that is people1."""
    pl.DataFrame({"age": [30, 40, 50]}).write_parquet(tmp_path / "people1.parquet")
    pl.DataFrame({"age": [20]}).write_parquet(tmp_path / name)
    table = read_table(tmp_path / name)
    assert table.frame.lazy().collect()["age"].to_list() == [20]
    assert table.source.n_rows == 1


def test_a_folder_with_signs_of_a_pattern_is_converted_into(tmp_path: Path) -> None:
    folder = tmp_path / "wave [2]"
    folder.mkdir()
    people: Any = pl.DataFrame({"age": [30.0, 40.0]}).to_pandas()
    pyreadstat.write_xport(people, folder / "people.xpt")
    convert(folder / "people.xpt", folder / "people.parquet")
    assert read_table(folder / "people.parquet").frame.lazy().collect()["age"].to_list() == [30, 40]


@pytest.mark.filterwarnings("ignore:The inplace keyword")  # of Dask
@pytest.mark.parametrize("engine", ["polars", "duckdb", "dask"])
def test_tables_of_engines_lie_in_folders_of_any_name(engine: str, tmp_path: Path) -> None:
    people = pl.DataFrame({"y": [0, 1] * 30, "zone": ["n", "s"] * 30})
    write_parquet(people.with_columns(y=pl.lit(1)), tmp_path / "wave 2")
    folder = write_parquet(people, tmp_path / "wave [2]")
    frame = scanned({"people": folder}, engine)["people"]
    made = fl.estimate_prevalence(frame, "y", design=fl.Design(unweighted=True))
    assert made.value == pytest.approx(0.5)


@pytest.mark.parametrize("ending", [".parquet", ".xlsx"])
def test_a_name_that_is_no_text_is_refused_where_its_reader_takes_only_texts(ending: str, tmp_path: Path) -> None:
    people = pl.DataFrame({"age": [30, 40]})
    sound = tmp_path / f"sound{ending}"
    people.write_parquet(sound) if ending == ".parquet" else people.to_pandas().to_excel(sound, index=False)
    strange = Path(os.fsdecode(os.fsencode(tmp_path) + b"/enqu\xeate" + ending.encode()))
    strange.write_bytes(sound.read_bytes())
    with pytest.raises(FileFault, match="FL-FILE-52") as met:
        read_table(strange)
    assert str(met.value).isprintable() or "\\udcea" in str(met.value)


@pytest.mark.parametrize("ending", [".csv", ".parquet", ".sav", ".xlsx"])
@pytest.mark.parametrize("kind", ["pipe", "device", "socket"])
def test_what_is_there_and_is_no_file_is_said_to_be_none(
    kind: str, ending: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without waiting for a pipe that nobody writes to, or reading a device that never ends."""
    path = tmp_path / f"people{ending}"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "device":
        path.symlink_to("/dev/zero")
    else:
        with socket.socket(socket.AF_UNIX) as made:
            monkeypatch.chdir(tmp_path)  # names of sockets are short
            made.bind(path.name)
    with pytest.raises(FileFault, match="FL-FILE-53") as met:
        read_table(path)
    assert kind in met.value.found


def test_numbers_of_more_digits_than_there_are_are_refused_before_they_are_read(tmp_path: Path) -> None:
    file = tmp_path / "people.parquet"
    pq.write_table(pa.table({"wage": pa.array([Decimal("1.5")], pa.decimal256(50, 3)), "age": [30]}), file)
    with pytest.raises(FileFault, match="FL-FILE-54") as met:
        read_table(file)
    assert "wage" in met.value.found


@pytest.mark.parametrize("within", ["list", "struct"])
def test_numbers_of_more_digits_within_lists_and_structs_are_refused_too(within: str, tmp_path: Path) -> None:
    long = pa.decimal256(50, 3)
    kind, value = (
        (pa.list_(long), [Decimal("1.5")]) if within == "list" else (pa.struct([("x", long)]), {"x": Decimal("1.5")})
    )
    file = tmp_path / "people.parquet"
    pq.write_table(pa.table({"wage": pa.array([value], kind), "age": [30]}), file)
    with pytest.raises(FileFault, match="FL-FILE-54") as met:
        read_table(file)
    assert "wage" in met.value.found


@pytest.mark.parametrize("pattern", ["*.parquet", "part=*/*.parquet", "**/*.parquet"])
def test_a_pattern_in_a_folder_with_signs_of_a_pattern_matches_there(pattern: str, tmp_path: Path) -> None:
    """As a whole, "wave [1]/*.parquet" was a pattern of the folder "wave 1"."""
    for name, ages in {"wave 1": [30, 40], "wave [1]": [20]}.items():
        for folder in (tmp_path / name, tmp_path / name / "part=0"):
            folder.mkdir()
            pl.DataFrame({"age": ages}).write_parquet(folder / "people.parquet")
    assert {file.relative_to(tmp_path).parts[0] for file in matched(tmp_path / "wave [1]" / pattern)} == {"wave [1]"}
    own = [hashlib.sha256(file.read_bytes()).hexdigest() for file in matched(tmp_path / "wave [1]" / pattern)]
    assert sha256_at(tmp_path / "wave [1]" / pattern) == hashlib.sha256("\n".join(own).encode()).hexdigest()


@pytest.mark.parametrize("written", ["", "*.parquet"])
def test_files_of_a_folder_are_hashed_and_watched_by_a_study(written: str, tmp_path: Path) -> None:
    """A study whose file is a folder was told that there is no such file; in a folder "wave [1]" a pattern was not watched."""
    folder = tmp_path / "wave [1]"
    folder.mkdir()
    pl.DataFrame({"age": [20]}).write_parquet(folder / "people.parquet")
    before, hashed = Stamps.of([("people", folder / written)]), sha256_at(folder / written)
    assert before.changed() == []
    assert hashed is not None
    pl.DataFrame({"age": [20, 30]}).write_parquet(folder / "people.parquet")
    assert before.changed() == ["people (changed)"]
    assert sha256_at(folder / written) != hashed
