"""A suppressed value stands in no file that is written: every byte of every output is searched, in every form of the number."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

import fl_estimate as fl
from fl_estimate.reporting.renderers import formats
from fl_estimate.words.languages import LANGUAGES
from fl_estimate.words.numbers import number
from tests.unit.reporting.made import WITHHELD, country
from tests.unit.reporting.test_maps import collection

POPULATION = 250_000.0
NUMBERS = [WITHHELD[name] * factor for name in ("value", "se", "lower", "upper") for factor in (1.0, POPULATION)]


def forms(value: float) -> Iterator[bytes]:
    """A number as text, as any language writes it per unit, per cent and per 1,000, and as the eight bytes of a double."""
    yield struct.pack("<d", value)
    yield struct.pack(">d", value)
    for factor in (1.0, 100.0, 1_000.0):
        yield repr(value * factor).encode()[:8]
        for decimals in range(1, 7):
            written = number(value * factor, decimals)
            if sum(character.isdigit() for character in written) >= 4:
                yield from (number(value * factor, decimals, language).encode() for language in LANGUAGES)


GEOMETRY = re.compile(
    rb"(?<=\s)(?:d|points|transform|viewBox|width|height|x|y|x1|y1|x2|y2|cx|cy|r|rx|ry)=\"[-+0-9.,eE\sa-zA-Z()%]*\""
)
"""Where a drawing puts its lines, in points of the page: digits of these are no figure, and other versions of matplotlib have others."""


def said(path: Path) -> bytes:
    """All bytes of a file but for the places of a drawing: its texts, titles, names and data stay."""
    content = path.read_bytes()
    return GEOMETRY.sub(b"", content) if path.suffix in (".svg", ".html") else content


def test_the_search_finds_what_is_printed(tmp_path: Path) -> None:
    """Otherwise the test below could not fail."""
    path = fl.publish(country()).to_csv(tmp_path / "e.csv")
    assert any(form in path.read_bytes() for form in forms(0.0156))
    assert b"15.6" in said(fl.publish(country()).to_html(tmp_path / "r.html"))


def test_the_places_of_a_drawing_are_no_figures_and_all_else_is_searched(tmp_path: Path) -> None:
    path = tmp_path / "p.svg"
    kept = '<g id="a4.561" data-d="4.562" data-x="4.563" aria-label="4.564"><title>4.565</title><desc>d 4.566</desc><!-- 4.567 --></g>'
    drawn = '<path d="M 4.568 1.5e3 L 2 3"/><text x="4.568" transform="rotate(-90 4.568 2)" y="1">x=4.569</text>'
    path.write_text(f'<svg viewBox="0 0 4.568 9" width="4.568pt">{kept}{drawn}</svg>', encoding="utf-8")
    assert b"4.568" not in said(path)
    assert all(f"4.56{digit}".encode() in said(path) for digit in (1, 2, 3, 4, 5, 6, 7, 9))
    picture = fl.publish(country()).to("plot", tmp_path / "q.svg")
    assert b"15.6" in said(picture)
    assert len(re.findall(rb"<text\b", said(picture))) == len(re.findall(rb"<text\b", picture.read_bytes())) > 10


def test_no_written_file_holds_a_withheld_number(tmp_path: Path) -> None:
    published = fl.publish(country())
    written: list[Path] = []
    for language in LANGUAGES:
        # every format that there is, and those that come: what is shown and not written is the table of notebooks
        for name, each in formats().items():
            options = {"geojson": collection()} if name == "map" else {}
            for ending in each.endings:
                written.append(published.to(name, tmp_path / f"{name}.{language}{ending}", language, **options))
        (tmp_path / f"t.{language}.html").write_text(published.table(language).as_raw_html(), encoding="utf-8")
        written.append(tmp_path / f"t.{language}.html")
    assert {"csv.en.csv", "html.fr.html", "map.es.svg", "parquet.en.parquet", "plot.fr.pdf", "text.es.txt"} <= {
        path.name for path in written
    }
    for path in written:
        content = said(path)
        for value in NUMBERS:
            for form in forms(value):
                assert form not in content, (path.name, form)


def test_files_for_machines(tmp_path: Path) -> None:
    published = fl.publish(country())
    csv = pd.read_csv(published.to_csv(tmp_path / "e.csv"))
    parquet = pd.read_parquet(published.to_parquet(tmp_path / "e.parquet"))
    assert csv.columns.tolist() == parquet.columns.tolist() == published.to_frame().columns.tolist()
    assert csv["value"].tolist() == pytest.approx(parquet["value"].tolist(), rel=1e-15, nan_ok=True)
    pd.testing.assert_frame_equal(parquet, published.to_frame())
    west = csv[csv["region"] == "West"]
    assert west["publication"].tolist() == ["not_published"] * 2
    assert west[["value", "se", "lower", "upper", "cases", "df", "deff"]].isna().all().all()


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(fl.FlError, match="FL-FILE-08"):
        fl.publish(country()).to_csv(tmp_path / "none" / "e.csv")
