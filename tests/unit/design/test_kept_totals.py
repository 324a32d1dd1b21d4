"""Sums kept file by file: a month that is added costs its own rows, and the figures are those of one pass over all."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

import fl_estimate as fl
from fl_estimate.design import kept_totals, streamed
from fl_estimate.errors import KeptSumsWarning
from tests.engines.test_folders import DESIGN, put, rows

pytestmark = pytest.mark.filterwarnings("ignore:The inplace keyword")
BY = ["country", "month"]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for month in (1, 2, 3):
        put(tmp_path / "data", f"country=Côte d'Ivoire/month={month:02}", rows(month))
    put(tmp_path / "data", "country=__HIVE_DEFAULT_PARTITION__/month=01", rows(9, n=300))
    return tmp_path / "data"


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many rows each batch held that came from an engine."""
    met: list[int] = []
    batches = streamed.read_batches

    def counted(frame: Any) -> Any:
        for batch in batches(frame):
            met.append(len(batch))
            yield batch

    monkeypatch.setattr(streamed, "read_batches", counted)
    return met


def classified(root: Path, **settings: Any) -> fl.Classification:
    folder = fl.Folder(root, **{"cache": root.parent / "kept", **settings})
    return fl.classify(folder, outcomes="forced_labour", short_instrument=True)


def estimated(people: fl.Classification) -> Any:
    return fl.estimate_prevalence(people, "forced_labour", design=DESIGN, by=BY).to_frame()


def same(found: Any, root: Path) -> None:
    expected = estimated(classified(root, cache=None))
    assert found[BY].astype(str).equals(expected[BY].astype(str))
    np.testing.assert_allclose(
        found[["value", "se", "lower", "upper"]], expected[["value", "se", "lower", "upper"]], rtol=1e-12
    )
    assert found["n"].tolist() == expected["n"].tolist()


@pytest.mark.parametrize("engine", ["polars", "duckdb"])
def test_a_month_that_is_added_costs_its_own_rows(root: Path, read: list[int], engine: str) -> None:
    first = classified(root, engine=engine)
    estimated(first)
    assert sum(read) == 3 * 240 + 300
    assert {file.why for file in first.files_read} == {"new"}
    read.clear()
    put(root, "country=Chile/month=4", rows(4, n=200))
    people = classified(root, engine=engine)
    found = estimated(people)
    assert sum(read) == 200
    assert [(file.rows, file.how) for file in people.files_read] == [(200, "rows")] + [(0, "kept sums")] * 4
    same(found, root)
    # Answers were counted with the sums, and are kept with them.
    assert people.coverage.lines == classified(root, cache=None).coverage.lines


def test_replicates_and_totals_are_made_of_kept_sums_too(root: Path, read: list[int]) -> None:
    def made(people: fl.Classification) -> list[float]:
        estimated(people)
        total = fl.estimate_total(people, "forced_labour", design=replace(DESIGN, expands=True)).to_frame()["value"]
        design = fl.replicate(people, design=DESIGN, kind="rao-wu", replicates=20, seed=1)
        by_replicates = fl.estimate_prevalence(people, "forced_labour", design=design).to_frame()["se"]
        return [*by_replicates, *total]

    expected = made(classified(root, cache=None))
    made(classified(root))
    read.clear()
    np.testing.assert_allclose(made(classified(root)), expected, rtol=1e-12)
    assert read == []


def test_a_changed_file_is_read_again_and_said(root: Path) -> None:
    estimated(classified(root))
    put(root, "country=Côte d'Ivoire/month=02", rows(77))
    people = classified(root)
    with pytest.warns(KeptSumsWarning, match=r"FL-FILE-47.*changed: country=Côte d'Ivoire/month=02/part.parquet"):
        found = estimated(people)
    assert [file.why for file in people.files_read if file.rows] == ["changed"]
    same(found, root)
    estimated(classified(root))  # said once


def test_a_file_that_is_gone_is_said_and_not_counted(root: Path) -> None:
    estimated(classified(root))
    (root / "country=Côte d'Ivoire" / "month=02" / "part.parquet").unlink()
    with pytest.warns(KeptSumsWarning, match=r"FL-FILE-47.*gone: country=Côte d'Ivoire/month=02"):
        found = estimated(classified(root))
    same(found, root)


def test_changes_that_are_meant_are_not_warned_of(root: Path) -> None:
    estimated(classified(root))
    (root / "country=Côte d'Ivoire" / "month=02" / "part.parquet").unlink()
    same(estimated(classified(root, allow_changes=True)), root)


def test_a_file_in_another_folder_is_of_that_folder(root: Path) -> None:
    """The content is what it was, and the month is another."""
    estimated(classified(root))
    (root / "country=Côte d'Ivoire" / "month=02").rename(root / "country=Côte d'Ivoire" / "month=05")
    same(estimated(classified(root, allow_changes=True)), root)


@pytest.mark.parametrize("damage", ["cut", "bit", "empty", "other"])
def test_damaged_sums_are_read_again(root: Path, damage: str) -> None:
    estimated(classified(root))
    kept = sorted((root.parent / "kept").glob("*.sums"))
    content = kept[0].read_bytes()
    flipped = content[:-9] + bytes([content[-9] ^ 1]) + content[-8:]
    kept[0].write_bytes({"cut": content[:-40], "bit": flipped, "empty": b"", "other": kept[1].read_bytes()}[damage])
    (root.parent / "kept" / "files.json").write_bytes(b"no index")
    people = classified(root)
    same(estimated(people), root)
    assert [file.why for file in people.files_read if file.rows] == ["damaged sums"]
    assert kept[0].read_bytes() == content


def test_other_questions_and_frameworks_have_sums_of_their_own(root: Path) -> None:
    estimated(classified(root))
    people = classified(root)
    found = fl.estimate_prevalence(people, "forced_labour", design=DESIGN, by="psu").to_frame()
    assert {file.why for file in people.files_read} == {"not asked before"}
    other = fl.classify(
        fl.Folder(root, cache=root.parent / "kept"), outcomes="forced_labour_wide", short_instrument=True
    )
    fl.estimate_prevalence(other, "forced_labour_wide", design=DESIGN, by=BY)
    assert all(file.how == "rows" for file in other.files_read)
    expected = fl.estimate_prevalence(classified(root, cache=None), "forced_labour", design=DESIGN, by="psu").to_frame()
    np.testing.assert_allclose(found["value"], expected["value"], rtol=1e-12)


def test_what_is_no_sum_reads_every_row_and_says_so(root: Path) -> None:
    estimated(classified(root))
    people = classified(root)
    found = fl.estimate_quantile(people, "age", design=DESIGN).to_frame()["value"]
    assert (
        found.tolist()
        == fl.estimate_quantile(classified(root, cache=None), "age", design=DESIGN).to_frame()["value"].tolist()
    )
    assert {(file.how, file.why) for file in people.files_read} == {("rows", "no sum")}
    people = classified(root)
    weighted, design = fl.post_stratify(people, "psu", dict.fromkeys(range(4), 1000.0), design=DESIGN)
    assert {(file.how, file.why) for file in people.files_read} == {("rows", "no sum")}
    assert fl.estimate_prevalence(weighted, "forced_labour", design=design).value == pytest.approx(
        _calibrated(classified(root, cache=None)), rel=1e-12
    )


def _calibrated(people: fl.Classification) -> float:
    weighted, design = fl.post_stratify(people, "psu", dict.fromkeys(range(4), 1000.0), design=DESIGN)
    return fl.estimate_prevalence(weighted, "forced_labour", design=design).value


def test_answers_that_are_none_are_refused_whatever_is_kept(root: Path) -> None:
    estimated(classified(root))
    put(root, "country=Chile/month=4", rows(4, c_docs=["perhaps"] * 240))
    for _ in range(2):
        with pytest.raises(fl.FlError, match="FL-IND-06"):
            estimated(classified(root))


def test_what_is_kept_is_private_and_holds_no_rows(root: Path) -> None:
    table = pq.ParquetFile(root / "country=Côte d'Ivoire/month=01/part.parquet").read().to_pandas()
    estimated(classified(root))
    kept = root.parent / "kept"
    if os.name == "posix":
        assert kept.stat().st_mode & 0o777 == 0o700
        assert {file.stat().st_mode & 0o777 for file in kept.iterdir()} == {0o600}
    assert "NOT FOR RELEASE" in (kept / "NOT_FOR_RELEASE.txt").read_text()
    for file in kept.glob("*.sums"):
        found = kept_totals.unpacked(file.read_bytes().partition(b"\n")[2], (), ())
        assert found is not None
        assert len(found.n) <= 12  # strata by units: no row of its own
    # A table of a group a row would be the rows themselves.
    people = classified(root)
    fl.estimate_prevalence(people, "forced_labour", design=fl.Design(weights="weight", psu="weight"))
    assert {file.why for file in people.files_read} == {"too many groups"}
    assert not any(str(table["weight"][0])[:12].encode() in file.read_bytes() for file in kept.iterdir())


def test_a_folder_of_other_files_is_not_used(root: Path) -> None:
    other = root.parent / "mine"
    other.mkdir()
    (other / "letter.txt").write_text("dear")
    with pytest.raises(fl.FlError, match=r"(?s)FL-FILE-48.*mine: it holds other files"):
        classified(root, cache=other)
    with pytest.raises(fl.FlError, match="FL-FILE-48"):
        classified(root, cache=other / "letter.txt")


def test_a_file_that_changes_while_it_is_read(root: Path) -> None:
    people = classified(root)
    put(root, "country=Côte d'Ivoire/month=02", rows(77, n=100))
    with pytest.raises(fl.FlError, match=r"(?s)FL-FILE-55.*month=02/part.parquet"):
        estimated(people)
    names = [json.loads(file.read_bytes().partition(b"\n")[2]) for file in (root.parent / "kept").glob("files.json")]
    assert names == []
