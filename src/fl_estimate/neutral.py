"""Text of others made harmless, one function for each place that it goes to: no writer has rules of its own.

Names of columns, labels, titles, notes and files come from whoever made a file. What is harmless depends on who reads: a terminal
obeys escape sequences, a spreadsheet computes what begins with "=", a page runs markup, and everybody is misled by characters that
turn a line round or cannot be seen.

    a terminal, plain text, messages, logs   `visible`, or `one_line`
    an HTML page                             `for_page`, which `pages` calls for all that a template or a table of a notebook says
    a picture (SVG, PNG, PDF)                `for_picture`, which `reporting.pictures.picture` calls for all that is drawn
    a spreadsheet (CSV, XLSX)                `for_cell`
    XML (DOCX, SDMX-ML)                      `for_xml`; an identifier of SDMX `sdmx_id`
    JSON                                     `json_text`, which loses nothing
    TOML                                     `toml_text`, and `one_line` for comments
    Markdown                                 `for_markdown`
    Parquet, for machines                    `for_records`, which keeps codes as they are

tests/architecture/test_neutral.py finds writers that go around them; tests/injections has the texts that are tried.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any

LONGEST_LABEL = 240
"""Characters of a text in a picture; the rest is cut off, with an ellipsis."""
LONGEST_CELL = 32_767
"""Characters that a cell of a workbook holds."""

_CONTROLS = ((0x00, 0x08), (0x0B, 0x1F), (0x7F, 0x9F))
_TURNS = ((0x061C, 0x061C), (0x200E, 0x200F), (0x2028, 0x202E), (0x2066, 0x2069))
"""Marks that turn a line round, and separators of lines and paragraphs that not everybody takes for such."""
_UNSEEN = (
    (0x00AD, 0x00AD), (0x180E, 0x180E), (0x200B, 0x200B), (0x2060, 0x2065), (0x206A, 0x206F), (0x3164, 0x3164), (0xFEFF, 0xFEFF),
    (0xFFA0, 0xFFA0), (0xFFF9, 0xFFFB), (0xE0000, 0xE007F),
)  # fmt: skip
"""What has no width. The joiners U+200C and U+200D, of which letters are made, and combining marks are none of it."""
_NONE = ((0xD800, 0xDFFF), (0xFFFE, 0xFFFF))
"""What is no character: halves of one, which UTF-8 has not, and those that XML refuses."""


def _escape(code: int) -> str:
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _escapes(*ranges: tuple[int, int]) -> dict[int, str]:
    return {code: _escape(code) for first, last in ranges for code in range(first, last + 1)}


_SENT = _escapes(*_CONTROLS, *_TURNS, *_UNSEEN, *_NONE)
_HALVES = _escapes((0xD800, 0xDFFF))
_JSON = re.compile(f"[<>&{''.join(map(chr, _SENT))}]")
_LINES = str.maketrans({"\n": " ", "\t": " "})


def visible(text: str) -> str:
    r"""Show what would steer a terminal, turn a line round or not be seen, as the escape that Python writes for it.

    Names of columns, labels and cells come from files: a sequence in them could change a window's title, clear the screen or
    hide a line. Line ends and tabs stay, and so does what letters need (joiners, combining marks). A lone surrogate could not be
    printed at all.

    Examples
    --------
    >>> visible("North\x1b[2J"), visible("Côte-d'Ivoire")
    ('North\\x1b[2J', "Côte-d'Ivoire")
    """
    return text.translate(_SENT)


def one_line(text: str) -> str:
    """`visible`, with a blank for line ends and tabs: a name in a comment or a cell cannot begin a line of its own."""
    return visible(text).translate(_LINES)


def for_page(value: Any) -> Any:
    """What a template says: a text is made visible; the template escapes markup. Markup of ours, and what is no text, stays."""
    return visible(value) if isinstance(value, str) and not hasattr(value, "__html__") else value


def for_picture(text: str) -> str:
    """A line of a picture: visible, and no longer than can be read; that it is no mathematics and no markup, its drawer sees to."""
    shown = one_line(text)
    return shown if len(shown) <= LONGEST_LABEL else f"{shown[: LONGEST_LABEL - 1]}…"


_FORMULA = re.compile(r"""(^|[;|\t\r\n])(?!')([\s"'‘’“”]*)(?=[=+\-@＝＋－＠﹢﹣﹦﹫−])""")
"""Where a spreadsheet could take what follows for a formula: at the beginning, and after a sign at which one that is set to French
or Spanish begins a new cell."""
_NUMBER = re.compile(r"[+\-−]?(\d+([.,]\d+)?|\d{1,3}([ \u202f\u00a0.,]\d{3})+([.,]\d+)?)([eE][+-]?\d+)?( ?%)?")


def for_cell(text: str) -> str:
    """A text in a cell of a spreadsheet: on one line, and an apostrophe before what would be computed. Numbers stay numbers.

    Examples
    --------
    >>> for_cell("=1+1"), for_cell("-12.5"), for_cell("Nord-Ouest"), for_cell("North;=1+1")
    ("'=1+1", '-12.5', 'Nord-Ouest', "North;'=1+1")
    """
    if _NUMBER.fullmatch(text):
        return text
    return one_line(_FORMULA.sub(r"\1'\2", text))[:LONGEST_CELL]


_MARKS = str.maketrans({one: f"\\{one}" for one in "\\`*_[]|$#~"} | {"&": "&amp;", "<": "&lt;", ">": "&gt;"})


def for_markdown(text: str) -> str:
    r"""A text within Markdown: its marks and its markup are letters.

    Examples
    --------
    >>> print(for_markdown("<b>a*b"))
    &lt;b&gt;a\*b
    """
    return one_line(text).translate(_MARKS)


def for_xml(text: str) -> str:
    """A text in XML 1.0, before its writer escapes markup: what XML refuses is shown as an escape."""
    return visible(text)


def sdmx_id(text: str) -> str:
    """An identifier of SDMX (`IDType`): letters of ASCII, digits, ``_ @ $ -``; others as the number of the character between two ``$``.

    Two texts have two identifiers.

    Examples
    --------
    >>> sdmx_id("north_1"), sdmx_id("<é>")
    ('north_1', '$3C$$E9$$3E$')
    """
    return re.sub(r"[^A-Za-z0-9_@-]", lambda one: f"${ord(one[0]):X}$", text) or "_"


def for_records(text: str) -> str:
    """A text in a file for machines: as it is, for nothing there is run or drawn; only halves of a character have no bytes."""
    return text.translate(_HALVES)


def json_text(value: Any, *, indent: int | None = None) -> str:
    r"""A value as JSON that may also stand in a page or on a terminal: nothing is lost, for readers of JSON give every character back.

    Examples
    --------
    >>> json_text({"a": "</script>\u202e"})
    '{"a": "\\u003c/script\\u003e\\u202e"}'
    """
    return _JSON.sub(_in_json, json.dumps(value, indent=indent, ensure_ascii=False))


def _in_json(found: re.Match[str]) -> str:
    units = found[0].encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))


def toml_text(text: str) -> str:
    """A text as a quoted string of TOML: readers of TOML give every character back, but for halves of one, which TOML has not."""
    quoted = json.dumps(for_records(text), ensure_ascii=False)
    return "".join(f"\\U{ord(one):08X}" if ord(one) in _SENT else one for one in quoted)


class OutputTarget(Enum):
    """Where an output format goes; each says which texts it makes harmless, so that a format cannot leave it out."""

    TERMINAL = "terminal"
    PAGE = "page"
    PICTURE = "picture"
    SHEET = "sheet"
    XML = "xml"
    MARKDOWN = "markdown"
    JSON = "json"
    RECORDS = "records"


NEUTRAL: Mapping[OutputTarget, Callable[[str], str]] = {
    OutputTarget.TERMINAL: visible, OutputTarget.PAGE: visible, OutputTarget.PICTURE: for_picture, OutputTarget.SHEET: for_cell, OutputTarget.XML: for_xml,
    OutputTarget.JSON: for_records, OutputTarget.RECORDS: for_records, OutputTarget.MARKDOWN: for_markdown,
}  # fmt: skip
"""What a text of a target goes through before a renderer is given it. Pages escape markup beside it, writers of XML and JSON too."""
OF_ENDINGS: Mapping[str, OutputTarget] = {
    ".txt": OutputTarget.TERMINAL, ".md": OutputTarget.MARKDOWN, ".po": OutputTarget.TERMINAL, ".html": OutputTarget.PAGE, ".svg": OutputTarget.PICTURE,
    ".png": OutputTarget.PICTURE, ".pdf": OutputTarget.PICTURE, ".csv": OutputTarget.SHEET, ".tsv": OutputTarget.SHEET, ".xlsx": OutputTarget.SHEET,
    ".ods": OutputTarget.SHEET, ".docx": OutputTarget.XML, ".xml": OutputTarget.XML, ".json": OutputTarget.JSON, ".parquet": OutputTarget.RECORDS,
    ".feather": OutputTarget.RECORDS,
}  # fmt: skip
"""Of the ending of a file; a format with another has to say where it goes."""
