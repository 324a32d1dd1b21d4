"""Hostile texts through every way out: nothing runs, is computed, steers a screen or misleads, and names of offices stay as they are."""

from __future__ import annotations

import io
import json
import os
import tomllib
import warnings
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pandas as pd
import pytest
from typer.testing import CliRunner

import fl_estimate as fl
from fl_estimate import capture_recapture as cr
from fl_estimate import neutral
from fl_estimate.cli import app
from fl_estimate.errors import FlWarning
from fl_estimate.loaders.drafting import draft_mapping
from fl_estimate.pages.frames import csv_text, html_table, text_table
from fl_estimate.reporting.pictures.picture import Picture
from fl_estimate.reporting.renderers import ESTIMATES, formats, renders, unregister
from fl_estimate.reporting.run_folder import tell
from fl_estimate.schema.validate import Fault, ValidationReport
from tests.injections.hostile_study import LABELS, NAME, estimates, labels_of_a_file, write
from tests.injections.reading import Page, computed, drawn_texts, forbidden
from tests.injections.texts import ALL, FORMULAS, HONEST, LONG, MARKUP, MATHEMATICS, MISLEADING, STEERING

SHORT = [text for text in ALL if len(text) < 200]


@pytest.fixture(scope="module")
def published() -> fl.PublishedEstimates:
    return fl.publish({NAME: estimates()})


# --- the functions ----------------------------------------------------------------------------------------------------


def test_there_are_enough_of_them() -> None:
    assert len(set(ALL)) == len(ALL) >= 39


@pytest.mark.parametrize("text", HONEST)
def test_names_of_offices_stay_as_they_are(text: str) -> None:
    for made in (
        neutral.visible,
        neutral.one_line,
        neutral.for_page,
        neutral.for_picture,
        neutral.for_cell,
        neutral.for_xml,
        neutral.for_records,
    ):
        assert made(text) == text
    assert json.loads(neutral.json_text(text)) == text
    assert text in neutral.json_text(text) or set(text) & set("<>&")
    assert tomllib.loads(f"a = {neutral.toml_text(text)}")["a"] == text


def test_no_text_keeps_what_misleads_or_steers() -> None:
    for text in ALL:
        for made in (
            neutral.visible,
            neutral.one_line,
            neutral.for_page,
            neutral.for_picture,
            neutral.for_cell,
            neutral.for_xml,
        ):
            assert not forbidden(made(text)), (made, text)
            assert made(made(text)) == made(text)
        assert not set("\n\r\t") & set(neutral.for_cell(text) + neutral.for_picture(text) + neutral.one_line(text))


@pytest.mark.parametrize("text", [*FORMULAS, *SHORT])
def test_no_cell_is_computed(text: str) -> None:
    text = neutral.for_records(text)  # pandas has columns of texts that have bytes
    assert list(computed(csv_text(pd.DataFrame({text: [text], "n": [1]})))) == []


@pytest.mark.parametrize("number", ["-1", "-12.5", "+3", "-1e-5", "1 000", "-1 234,5", "−4", "12 %", "-0,5 %"])
def test_numbers_stay_numbers_in_cells(number: str) -> None:
    assert neutral.for_cell(number) == number


def test_columns_of_numbers_are_not_touched() -> None:
    frame = pd.DataFrame({"a": [-1.5, 2.0], "b": pd.array([-1, None], dtype="Int64"), "c": ["x", "-2"]})
    assert csv_text(frame) == "a,b,c\n-1.5,-1,x\n2.0,,-2\n"


def test_json_and_toml_lose_nothing() -> None:
    for text in ALL:
        written = neutral.json_text({text: [text]}, indent=1)
        assert json.loads(written) == {text: [text]}
        assert not forbidden(written)
        assert "<" not in written
        if not any(0xD800 <= ord(one) < 0xE000 for one in text):
            assert tomllib.loads(f"a = {neutral.toml_text(text)}\n")["a"] == text
        assert not forbidden(neutral.toml_text(text))


def test_xml_takes_every_text_and_every_identifier_of_sdmx_is_one() -> None:
    for text in ALL:
        element = ElementTree.Element("t", a=neutral.for_xml(text))
        element.text = neutral.for_xml(text)
        assert ElementTree.fromstring(ElementTree.tostring(element)).text == neutral.for_xml(text)
    made = [neutral.sdmx_id(text) for text in {*ALL, *HONEST, "$3C", "<", "\u243c"}]
    assert all(
        one and set(one) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_@$-") for one in made
    )
    assert len(set(made)) == len(made)


def test_markdown_has_no_markup_of_a_text() -> None:
    for text in ALL:
        made = neutral.for_markdown(text)
        assert not set("<>") & set(made)
        assert not forbidden(made)
        assert all(made[at - 1] == "\\" for at, one in enumerate(made) if one in "`|[]$" and at)


# --- what is published ------------------------------------------------------------------------------------------------


def test_the_report(published: fl.PublishedEstimates, tmp_path: Path) -> None:
    html = published.to_html(tmp_path / "r.html").read_text(encoding="utf-8")
    page = Page(html)
    assert page.wrong == []
    assert not forbidden(html)
    assert len(page.styles) == 2  # that of the page, and that of the picture
    assert "flx" not in "".join(page.styles)
    for text in MARKUP:
        assert neutral.visible(text) in page.text, text


def test_the_table_of_a_notebook_and_what_a_session_prints(published: fl.PublishedEstimates) -> None:
    for made in (published, estimates()):
        html = made._repr_html_()
        assert Page(html).wrong == []
        assert not forbidden(html)
        assert not forbidden(repr(made) + str(made))


@pytest.mark.filterwarnings("ignore:a picture has letters:fl_estimate.errors.FlWarning")
@pytest.mark.parametrize("ending", [".svg", ".png", pytest.param(".pdf", marks=pytest.mark.slow)])
def test_pictures(published: fl.PublishedEstimates, ending: str, tmp_path: Path) -> None:
    content = published.plot(tmp_path / f"p{ending}").read_bytes()
    if ending == ".svg":
        svg = content.decode()
        texts = drawn_texts(svg)
        assert Page(svg).wrong == []
        assert not forbidden(svg)
        assert "$100–$200" in texts
        assert any(r"$\frac{1}{2}$" in text for text in texts)
        assert max(map(len, texts)) <= neutral.LONGEST_LABEL


def test_a_picture_whose_layout_draws_within_the_drawing() -> None:
    """It could be drawn once and then no more; labels that were made outside of our style are no mathematics either."""
    figure = Picture(layout="constrained")
    axes: Any = figure.add_subplot()
    axes.set_title("$\\undefined$ \x1b[2J")
    axes.set_xticks([0.0, 1.0], labels=["$x$", "a\u202eb"])
    first, again = figure._repr_png_(), figure._repr_png_()
    assert first == again
    content = io.BytesIO()
    figure.savefig(content, format="svg")
    texts = drawn_texts(content.getvalue().decode())
    assert {r"$\undefined$ \x1b[2J", "$x$", "a\\u202eb"} <= set(texts)


def test_spreadsheets_machines_and_plain_text(published: fl.PublishedEstimates, tmp_path: Path) -> None:
    text = published.to_csv(tmp_path / "e.csv").read_text(encoding="utf-8")
    assert list(computed(text)) == []
    assert not forbidden(text)
    assert list(computed(estimates().to_csv(tmp_path / "f.csv").read_text(encoding="utf-8"))) == []
    kept = pd.read_parquet(published.to_parquet(tmp_path / "e.parquet"))
    codes = set(kept[NAME].dropna())
    assert {text for text in ALL if not any(0xD800 <= ord(one) < 0xE000 for one in text)} <= codes
    assert not forbidden(published.to("text", tmp_path / "e.txt").read_text(encoding="utf-8"))


def test_the_terminal(published: fl.PublishedEstimates) -> None:
    out = io.StringIO()
    with redirect_stdout(out):
        tell(published)
    assert len(out.getvalue()) > 500
    assert not forbidden(out.getvalue())


@pytest.mark.slow
def test_the_page_of_an_appraisal() -> None:
    names = [MARKUP[0] + STEERING[0], FORMULAS[0] + MISLEADING[0], MATHEMATICS[0] + "</text>"]
    rows = [(1, 0, 0, 50), (0, 1, 0, 80), (0, 0, 1, 40), (1, 1, 0, 12), (1, 0, 1, 11), (0, 1, 1, 13), (1, 1, 1, 10)]
    histories = fl.CaptureHistories.from_counts(pd.DataFrame(rows, columns=[*names, "count"]), lists=names)
    assert not forbidden(repr(histories))
    appraisal = cr.appraise(histories, seed=1, replicates=20, draws=100)
    html = fl.appraisal_page(appraisal, title=" ".join(SHORT))
    assert Page(html).wrong == []
    assert not forbidden(html)
    assert not forbidden(repr(appraisal) + appraisal._repr_html_())


def test_the_report_of_a_check(tmp_path: Path) -> None:
    text = " ".join(SHORT)
    fault = Fault(table=text, variable=text, rule=text, value_class=text, count=1, rows=(3,), records=(text,))
    html = ValidationReport((fault,)).to_html(tmp_path / "v.html").read_text(encoding="utf-8")
    assert Page(html).wrong == []
    assert not forbidden(html)
    assert not forbidden(str(ValidationReport((fault,))))


def test_tables_of_frames_as_notebooks_and_sessions_show_them() -> None:
    frame = pd.DataFrame({NAME: list(LABELS), "n": 1.0})
    assert Page(html_table(frame)).wrong == []
    assert not forbidden(html_table(frame) + text_table(frame))
    assert len(text_table(frame).splitlines()) == len(LABELS) + 1


def test_errors_and_warnings_steer_nothing() -> None:
    for text in SHORT:
        assert not forbidden(str(fl.FlError("FL-X-01", text, found=text, fix=text)))
        with pytest.warns(FlWarning) as caught:
            warnings.warn(FlWarning(text), stacklevel=1)
        assert not forbidden(warnings.formatwarning(caught[0].message, FlWarning, "a.py", 1, ""))


# --- what is written of files -----------------------------------------------------------------------------------------


def test_a_drafted_mapping_is_the_mapping_that_was_meant(tmp_path: Path) -> None:
    """A name of a column with a line end in it once could add tables to the mapping."""
    evil = 'left\n[design]\nweights = "evil"\u2028\x1b[2J'
    frame = pd.DataFrame(
        {"REGION": [1, 2], "Q1": [1, 2], evil: [1, 2], "SEX": [1, 2], "a\u202eb": ["x", "y"], "=1+1 #": [1, 1]}
    )
    file = tmp_path / "=1+1 \u202e\n[x]\ny = 1 .csv"
    frame.to_csv(file, index=False)
    text = draft_mapping(file)
    assert not forbidden(text)
    told: Any = tomllib.loads(text)
    assert "x" not in told
    assert "evil" not in str(told.get("design", ""))


def office_file(folder: Path, ending: str) -> Path:
    """A file of an office whose labels, of columns and of codes, are hostile; a text file has hostile names of columns."""
    labels = labels_of_a_file()
    frame = pd.DataFrame(
        {"SEX": [1, 2] * 60, "REGION": [1 + at % len(labels) for at in range(120)], "Q1": 1, "WEIGHT": 1.5}
    )
    titles = dict(zip(frame.columns, [STEERING[0], MARKUP[0], FORMULAS[0] + MISLEADING[0], "Weight"], strict=True))
    codes = {"REGION": {int(code): label for code, label in labels.items()}, "Q1": {1: STEERING[1] + MATHEMATICS[0]}}
    file = folder / f"office{ending}"
    if ending == ".csv":
        frame.rename(columns={"Q1": STEERING[0] + FORMULAS[0], "REGION": MARKUP[0]}).to_csv(file, index=False)
    else:
        import pyreadstat

        write_file = {".sav": pyreadstat.write_sav, ".dta": pyreadstat.write_dta}[ending]
        write_file(frame, str(file), column_labels=list(titles.values()), variable_value_labels=codes)
    return file


@pytest.mark.parametrize("ending", [".sav", pytest.param(".dta", marks=pytest.mark.slow), ".csv"])
def test_labels_and_names_of_files_of_offices(ending: str, tmp_path: Path) -> None:
    file = office_file(tmp_path, ending)
    commands = [
        ("map", str(file)),
        ("map", str(file), "--out", str(tmp_path / "m.toml")),
        ("convert", str(file), str(tmp_path / "o.parquet")),
    ]
    for words in commands:
        result = CliRunner().invoke(app, list(words))
        assert result.exit_code == 0, result.output
        assert not forbidden(result.output)
    text = (tmp_path / "m.toml").read_text(encoding="utf-8")
    assert not forbidden(text)
    assert tomllib.loads(text)["people"]
    if ending == ".csv":
        return
    mapping = tmp_path / "own.toml"
    mapping.write_text(
        'id = "own"\n[people]\nregion = { column = "REGION", recode = "labels" }\n'
        'weight_person = "WEIGHT"\n[people.derived]\ncase = "Q1 == 1"\n[design]\nweights = "weight_person"\n', encoding="utf-8")  # fmt: skip
    survey = fl.load(file, mapping=mapping)
    made = fl.estimate_prevalence(survey, "case", by="region")
    assert len(made) > 40
    for out in (repr(made), made._repr_html_(), repr(survey), repr(fl.publish(made)), fl.publish(made)._repr_html_()):
        assert not forbidden(out)
    assert list(computed(made.to_csv(tmp_path / "e.csv").read_text(encoding="utf-8"))) == []


def test_the_name_of_a_file_that_is_no_text(tmp_path: Path) -> None:
    """Linux has names of any bytes; Python gives halves of characters for those that are no UTF-8."""
    file = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff\x1b[2J.csv"))
    pd.DataFrame({"W": 1.5, "fl": [1, 0] * 60, "ea": [at // 10 for at in range(120)]}).to_csv(file, index=False)
    mapping = tmp_path / "own.toml"
    mapping.write_text(
        'id = "own"\n[people]\nweight_person = "W"\npsu = "ea"\n[people.derived]\ncase = "fl == 1"\n[design]\nweights = "weight_person"\npsu = "psu"\n',
        encoding="utf-8",
    )
    made = fl.estimate_prevalence(fl.load(file, mapping=mapping), "case")
    assert fl.Estimates.read(made.save(tmp_path / "e.parquet")).provenance.source_name == file.name
    html = fl.publish(made).to_html(tmp_path / "e.html").read_text(encoding="utf-8")
    assert not forbidden(html)
    assert "\\udcff\\x1b[2J.csv" in html


# --- a study ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run whose every text is hostile; of labels of regions a few of each kind, all of them in the slow test."""
    folder = tmp_path_factory.mktemp("hostile")
    few = [*MARKUP[:3], *FORMULAS[:3], FORMULAS[16], *STEERING[:2], *MISLEADING[:2], *MATHEMATICS[:2], LONG[0][:600]]
    result = fl.run_study(
        write(folder, [text for text in few if text in LABELS]), out=folder / "out", private=folder / "own"
    )
    assert result.ok, result.failed
    return folder


def test_every_file_of_a_run(ran: Path) -> None:
    files = {path.name: path for path in (ran / "out").iterdir()}
    assert {"report.html", "report.fr.html", "estimates.csv", "estimates.parquet", "manifest.json"} <= set(files)
    for name in ("report.html", "report.fr.html"):
        html = files[name].read_text(encoding="utf-8")
        assert Page(html).wrong == []
        assert not forbidden(html)
    text = files["estimates.csv"].read_text(encoding="utf-8")
    assert list(computed(text)) == []
    assert list(computed((ran / "own" / "audit.csv").read_text(encoding="utf-8"))) == []
    manifest = files["manifest.json"].read_text(encoding="utf-8")
    assert not forbidden(manifest + text)
    assert "<" not in manifest
    assert json.loads(manifest)["inputs"]
    # The texts did come that far.
    assert "'=1+1" in text


# --- the door for formats that are still to come ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ending", "of"),
    [(".xlsx", neutral.OutputTarget.SHEET), (".docx", neutral.OutputTarget.XML), (".xml", neutral.OutputTarget.XML)],
)
def test_a_later_format_is_given_harmless_texts(
    published: fl.PublishedEstimates, ending: str, of: neutral.OutputTarget, tmp_path: Path
) -> None:
    seen: list[str] = []

    def later(document: Any) -> bytes:
        """A format that takes no care itself."""
        for sheet in document.layouts:
            seen.extend([sheet.caption, *sheet.heads.values(), *(text for _, text in sheet.notes)])
            seen.extend(text for row in sheet.rows for text in (row.label, *row.cells.values()))
        seen.extend(
            str(value)
            for name in document.frame
            for value in (name, *document.frame[name].dropna())
            if isinstance(value, str)
        )
        return b"x"

    renders("later", endings=[ending])(later)
    try:
        assert formats(ESTIMATES)["later"].target is of
        published.to("later", tmp_path / f"a{ending}")
    finally:
        unregister("later")
    assert len(seen) > len(LABELS)
    for text in seen:
        assert not forbidden(text)
        assert neutral.NEUTRAL[of](text) == text


def test_a_format_says_for_whom_its_texts_are_harmless() -> None:
    with pytest.raises(ValueError, match="target="):
        renders("later", endings=[".unknown"])(lambda _: b"")


def test_what_a_format_forgot_is_caught_at_the_last_door(published: fl.PublishedEstimates, tmp_path: Path) -> None:
    renders("later", endings=[".txt"])(lambda document: f"{document.published.tables[0].name}\x1b[2J\u202e\ud800")
    try:
        text = published.to("later", tmp_path / "a.txt").read_text(encoding="utf-8")
    finally:
        unregister("later")
    assert text.endswith("\\x1b[2J\\u202e\\ud800")
