"""What files hold, read as those read them who obey: cells that a spreadsheet computes, elements that a page runs."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from xml.etree import ElementTree

from tests.injections.texts import FORBIDDEN

TRIGGERS = tuple("=+-@＝＋－＠\t\r\n")
NUMBER = re.compile(r"[+\-−]?[\d.,\u202f\u00a0 ]+([eE][+-]?\d+)?( ?%)?")
RUNS = frozenset(
    {
        "script",
        "img",
        "link",
        "iframe",
        "object",
        "embed",
        "form",
        "base",
        "math",
        "foreignobject",
        "image",
        "video",
        "audio",
        "input",
    }
)
INERT = ("#", "appraisal.")
"""What a link may begin with."""


def forbidden(text: str) -> set[str]:
    return set(text) & FORBIDDEN


def computed(text: str) -> Iterator[str]:
    """Cells that a spreadsheet would compute: with commas between cells, and as one set to French reads the lines."""
    for delimiter in (",", ";", "\t", "|"):
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
            for cell in row:
                plain = cell.lstrip(' \u00a0"')
                if (
                    plain.startswith(TRIGGERS)
                    and not NUMBER.fullmatch(cell)
                    and (delimiter == "," or not cell.startswith("-"))
                ):
                    yield f"{delimiter!r}: {cell[:60]!r}"


class Page(HTMLParser):
    """Elements and attributes that would run or ask, and the text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.wrong: list[str] = []
        self.text = ""
        self.styles: list[str] = []
        self._style = False
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._style = tag == "style"
        if tag in RUNS:
            self.wrong.append(tag)
        for name, value in attrs:
            if name.startswith("on") or (name in ("href", "src", "xlink:href") and not str(value).startswith(INERT)):
                self.wrong.append(f"{tag} {name}={value}")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self._style = False

    def handle_endtag(self, tag: str) -> None:
        self._style = self._style and tag != "style"

    def handle_data(self, data: str) -> None:
        if self._style:
            self.styles.append(data)
        else:
            self.text += data


def drawn_texts(svg: str) -> list[str]:
    """The texts of a picture; an XML reader that refuses nothing else would raise here."""
    return [element.text or "" for element in ElementTree.fromstring(svg).iter() if element.tag.endswith("}text")]
