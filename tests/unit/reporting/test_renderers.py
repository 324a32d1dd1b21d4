"""A format that is registered is a call, a method and a file of a run; each is given the same layout, which holds nothing withheld."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import fl_estimate as fl
from fl_estimate import capture_recapture as cr
from fl_estimate.reporting import document as document_module
from fl_estimate.reporting.document import Document
from fl_estimate.reporting.particulars import Particulars
from fl_estimate.reporting.published import PublishedEstimates
from fl_estimate.reporting.renderers import APPRAISAL, ESTIMATES, formats, renders, unregister
from fl_estimate.reporting.run_folder import names_in_a_run, write_all
from tests.unit.reporting.made import WITHHELD, country
from tests.unit.reporting.test_maps import collection

OF_FILES = sorted(name for name, each in formats().items() if each.endings)


@pytest.fixture(scope="module")
def published() -> PublishedEstimates:
    return fl.publish(country())


@pytest.fixture
def captions() -> Iterator[str]:
    """A format that a user's own code registers: the captions, in a file of a run."""

    @renders("captions", endings=(".txt",), run="captions.txt", in_each_language=True)
    def captions(document: Document, *, ruled: bool = False) -> str:
        """The captions of all tables."""
        return ("\n---\n" if ruled else "\n").join(sheet.caption for sheet in document.layouts)

    yield "captions"
    unregister("captions")


def test_the_folder_is_walked() -> None:
    assert {"csv", "html", "map", "notebook", "parquet", "plot", "terminal", "text"} <= set(formats(ESTIMATES))
    assert set(formats(APPRAISAL)) == {"html"}
    assert all(each.summary.endswith(".") for of in (ESTIMATES, APPRAISAL) for each in formats(of).values())


@pytest.mark.parametrize("name", OF_FILES)
def test_every_format_of_files_writes_one(published: PublishedEstimates, name: str, tmp_path: Path) -> None:
    options = {"geojson": collection()} if name == "map" else {}
    for ending in formats()[name].endings:
        path = published.to(name, tmp_path / f"a{ending}", "fr", **options)
        assert path.stat().st_size > 100
        assert getattr(published, f"to_{name}")(tmp_path / f"b{ending}", **options).is_file()
    assert f"to_{name}" in dir(published)
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_a_format_that_nobody_declared_is_refused(published: PublishedEstimates, tmp_path: Path) -> None:
    with pytest.raises(fl.FlError, match=r"FL-PUB-15[\s\S]*parquet"):
        published.to("parket", tmp_path / "a")
    with pytest.raises(fl.FlError, match=r"FL-PUB-16[\s\S]*html"):
        published.to("terminal", tmp_path / "a")
    with pytest.raises(fl.FlError, match="FL-PUB-07"):
        published.to("csv", tmp_path / "a", "de")
    with pytest.raises(AttributeError, match="to_parket"):
        published.to_parket(tmp_path / "a")  # pyright: ignore[reportAttributeAccessIssue]
    with pytest.raises(AttributeError, match="to_terminal"):
        published.to_terminal(tmp_path / "a")  # pyright: ignore[reportAttributeAccessIssue]
    assert list(tmp_path.iterdir()) == []


def test_methods_are_those_of_the_register(published: PublishedEstimates, tmp_path: Path) -> None:
    assert published.to("html", tmp_path / "a").read_bytes() == published.to_html(tmp_path / "b").read_bytes()
    assert published.to("csv", tmp_path / "a").read_bytes() == published.to_csv(tmp_path / "b").read_bytes()
    read = pd.read_csv(tmp_path / "a")
    shown = published.to_frame()
    assert read["value"].to_numpy() == pytest.approx(shown["value"].to_numpy(dtype=float, na_value=np.nan), nan_ok=True)
    again = pickle.loads(pickle.dumps(published))
    assert copy.deepcopy(published).to_frame().equals(shown)
    assert again.to_frame().equals(shown)


def test_a_format_of_ones_own_is_a_call_a_method_and_a_file_of_a_run(
    published: PublishedEstimates, captions: str, tmp_path: Path
) -> None:
    path = published.to(captions, tmp_path / "a.txt", ruled=True)
    assert path.read_text(encoding="utf-8") == (
        "Forced labour: prevalence, by region and sex\n---\nForced labour: number of persons, by region"
    )
    assert (
        getattr(published, f"to_{captions}")(tmp_path / "b.txt", "es")
        .read_text(encoding="utf-8")
        .startswith("Trabajo forzoso")
    )
    (tmp_path / "run").mkdir()
    written = write_all(published, tmp_path / "run", ["fr", "en"])
    # and any other that is a file of the folder: to add one changes no test
    assert {path.name for path in written} >= {
        "captions.txt", "captions.en.txt", "estimates.csv", "estimates.parquet", "report.html", "report.en.html",
    }  # fmt: skip
    assert len({path.name for path in written}) == len(written)
    assert (tmp_path / "run" / "captions.txt").read_text(encoding="utf-8").startswith("Travail forcé")
    assert {"captions.txt", "captions.??.txt"} <= set(names_in_a_run())


def test_a_name_is_declared_once() -> None:
    with pytest.raises(ValueError, match="declared twice"):
        renders("csv")(str)
    with pytest.raises(ValueError, match="cannot be the name"):
        renders("sdmx-csv")(str)


def test_what_a_run_writes_and_its_names(published: PublishedEstimates, tmp_path: Path) -> None:
    counts = pd.DataFrame({"police": [1, 0, 1], "ngo": [0, 1, 1], "count": [50, 80, 10]})
    found = cr.appraise(fl.CaptureHistories.from_counts(counts, lists=["police", "ngo"]), seed=1)
    written = write_all(
        published, tmp_path, ["en", "es"], particulars=Particulars(title="A"), titles={"es": "B"},
        appraisals={"two lists": fl.publish_appraisal(found)},
    )  # fmt: skip
    assert {path.name for path in written} == {path.name for path in tmp_path.iterdir()}
    assert {path.name for path in written} >= {
        "appraisal.two_lists.es.html", "appraisal.two_lists.html", "estimates.csv", "estimates.parquet", "report.es.html",
        "report.html",
    }  # fmt: skip
    assert all(any(path.match(pattern) for pattern in names_in_a_run()) for path in written)
    first, other = ((tmp_path / name).read_text(encoding="utf-8") for name in ("report.html", "report.es.html"))
    assert "<title>A</title>" in first
    assert 'href="appraisal.two_lists.html"' in first
    assert "<title>B</title>" in other
    assert 'href="appraisal.two_lists.es.html"' in other
    assert set(names_in_a_run()) >= {
        "appraisal.*.html", "estimates.csv", "estimates.parquet", "report.??.html", "report.html",
    }  # fmt: skip


def test_tables_are_laid_out_once_for_all_formats(
    published: PublishedEstimates, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    laid: list[str] = []
    layout = document_module.layout

    def counted(table: object, language: str, truth: object) -> object:
        laid.append(language)
        return layout(table, language, truth)  # pyright: ignore[reportArgumentType]

    monkeypatch.setattr(document_module, "layout", counted)
    write_all(published, tmp_path, ["en", "fr"])
    assert laid == ["en", "en", "fr", "fr"]


def test_values_are_those_behind_the_cells_and_none_of_withheld_rows(published: PublishedEstimates) -> None:
    document = Document(published=published)
    sheet = document.layouts[0]
    nation = next(row for row in sheet.rows if row.nation)
    assert nation.values["value"] == 0.0114
    assert nation.values["cv"] == pytest.approx(0.0018 / 0.0114)
    assert nation.values["effective_n"] == pytest.approx(3189 / 1.5)
    assert nation.cells["value"] == "11.4"
    withheld = [row for row in sheet.rows if row.withheld]
    assert [row.label for row in withheld] == ["West"]
    assert set(withheld[0].values) <= {"n"}
    assert next(row for row in sheet.rows if row.heading).values == {}
    assert sheet.flagged
    assert any(note == document.caution for _, note in document.notes(published.tables[0], sheet))


@pytest.mark.parametrize("language", ["en", "fr", "es"])
def test_plain_text_has_every_cell_and_nothing_withheld(
    published: PublishedEstimates, language: str, tmp_path: Path
) -> None:
    text = published.to("text", tmp_path / "t.txt", language).read_text(encoding="utf-8")
    document = Document(published=published, language=language)
    lines = iter(text.splitlines())
    for table, sheet in document.sheets:
        for row in sheet.rows:
            line = next(line for line in lines if line.strip().startswith(row.label))
            for name in ("value", "interval"):
                assert row.cells.get(name, "") in line
        for _, note in document.notes(table, sheet):
            assert note in text
    assert " ".join(document.headline.sentences) in text
    for hidden in WITHHELD.values():
        assert str(hidden) not in text or hidden in (3, 773, 1.0)


def test_the_terminal_prints_the_note_of_a_mark_that_it_prints(capsys: pytest.CaptureFixture[str]) -> None:
    lists = fl.datasets.load("country_lists")
    formats()["terminal"].make(Document(published=fl.publish(cr.loglinear(lists))))
    said = capsys.readouterr().out
    assert "†¹" in said
    assert "¹ The model does not describe the lists (goodness of fit: p at most 0.0" in said


def test_a_function_that_is_registered_stays_what_it_is() -> None:
    def plain(document: Document) -> str:
        """Says nothing."""
        return document.language

    try:
        assert renders("of_this_test")(plain) is plain
    finally:
        unregister("of_this_test")
