"""Delimited text (.csv, .tsv, .txt) as a table: encoding, delimiter and decimal sign found where they are not told.

What is found has to fit every line, or the file is refused. A sign that could be a decimal or a thousands sign is
not decided: such a column stays text.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fl_estimate.errors import FileFault, listed, may_be_shown
from fl_estimate.loaders.file_format import FileFormat
from fl_estimate.loaders.file_table import (
    FileTable,
    TextFormat,
    damaged,
    header_faults,
    no_header,
    not_encoded,
    source_of,
)

if TYPE_CHECKING:
    import polars as pl

TABS = ".tsv"
DELIMITERS = ",;\t|"
ENCODINGS = ["cp1250", "cp1251", "cp1253", "cp1254", "cp1256", "cp1257", "mac_roman", "cp850"]
"""Encodings that are tried on a text that is neither Unicode nor western: those in which offices' programs write."""
SAMPLE = 1 << 17
"""Words or characters that are looked at to find an encoding or a delimiter."""

_WHOLE = r"^[+-]?(0|[1-9]\d{0,17})$"
_DECIMAL = r"^[+-]?((0|[1-9]\d*)(\.\d*)?|\.\d+)([eE][+-]?\d+)?$"
_COMMA = _DECIMAL.replace(r"\.", ",")
_THOUSANDS = r"^[+-]?[1-9]\d{0,2}(,\d{3})+$"


def _read(file: Path, written: TextFormat) -> FileTable:
    """Read a delimited text; every column becomes numbers where every cell of it is one.

    Raises
    ------
    FileFault
        FL-FILE-05, FL-FILE-06, FL-FILE-07.
    """
    content = file.read_bytes()
    encoding = written.encoding or _encoding(file, content)
    text = _decoded(file, content, encoding, written)
    if written.header_row:
        text = _from_line(text, written.header_row)
    delimiter = written.delimiter or ("\t" if file.suffix.lower() == TABS else _delimiter(text))
    names = _header(file, text, delimiter)
    frame = _texts(file, text, delimiter, names, written.header_row or 1)
    return FileTable(
        frame=numbers_where_all_are(frame, _decimal(frame, delimiter) if written.decimal is None else written.decimal),
        source=source_of(file, encoding, frame.height),
        guessed=written.encoding is None and not encoding.startswith("utf"),
    )


# --- encoding ---------------------------------------------------------------------------------------------------


def _encoding(file: Path, content: bytes) -> str:
    """Find the encoding: by its mark, UTF-8 where all of it is, western, or what the words outside ASCII look like."""
    from charset_normalizer import from_bytes

    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    try:
        content.decode("utf-8-sig")
        return "utf-8"
    except UnicodeDecodeError:
        pass
    words = b" ".join(_STRANGE.findall(content)[:SAMPLE])
    if _is_western(words):
        return "windows-1252"
    best = from_bytes(words, cp_isolation=ENCODINGS).best()
    if best is None:
        raise not_encoded(file, "UTF-8 nor any other encoding that can be told", [])
    return re.sub(r"^cp(?=125)", "windows-", best.encoding)


_STRANGE = re.compile(rb"(?<![A-Za-z])[A-Za-z]*+[\x80-\xff][A-Za-z\x80-\xff]*")
"""Words with letters outside ASCII: what tells one encoding from another. From the start of a word alone: a text of a million letters is one."""
_WESTERN_LETTERS = frozenset("áéíóúüñçàâãäåæèêëìîïòôõöøùûœýÿßÁÉÍÓÚÜÑÇÀÂÃÄÅÆÈÊËÌÎÏÒÔÕÖØÙÛŒÝ")
_WESTERN_SIGNS = frozenset("ªº°«»¿¡‘’“”–—…€£§·´`\u00a0")


def _is_western(words: bytes) -> bool:
    """Whether all signs outside ASCII are letters of western Europe and its usual signs, if read as windows-1252."""
    try:
        signs = [sign for sign in words.decode("windows-1252") if not sign.isascii()]
    except UnicodeDecodeError:
        return False
    letters = sum(sign in _WESTERN_LETTERS for sign in signs)
    return letters * 2 > len(signs) and all(sign in _WESTERN_LETTERS or sign in _WESTERN_SIGNS for sign in signs)


def _decoded(file: Path, content: bytes, encoding: str, written: TextFormat) -> str:
    # utf-8-sig: the mark that spreadsheet programs put in front is not part of the first name
    codec = "utf-8-sig" if re.fullmatch(r"(?i)utf-?8", encoding) else encoding
    try:
        return content.decode(codec)
    except LookupError:
        raise not_encoded(file, encoding, []) from None
    except UnicodeError:
        raise not_encoded(file, encoding, _columns_not_encoded(content, codec, written)) from None


def _columns_not_encoded(content: bytes, codec: str, written: TextFormat) -> list[str]:
    """Name the columns whose cells cannot be decoded: those in which the sign for it is met."""
    try:
        text = _from_line(content.decode(codec, errors="replace"), written.header_row or 1)
    except UnicodeError:
        return []
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=written.delimiter or _delimiter(text))
    try:
        names = next(lines, list[str]())
        if any("\ufffd" in name for name in names):
            return ["the header"]
        met = {position for line in lines for position, cell in enumerate(line) if "\ufffd" in cell}
    except csv.Error:
        return []
    may = may_be_shown(names)
    return [
        f"column {names[position]!r}" if names[position] in may else f"column {position + 1}"
        for position in sorted(met)
        if position < len(names)
    ]


# --- lines and cells --------------------------------------------------------------------------------------------


def _from_line(text: str, line: int) -> str:
    return "".join(text.splitlines(keepends=True)[line - 1 :]) if line > 1 else text


def _delimiter(text: str) -> str:
    """Find the sign that cuts most of the first lines into the same number of cells, and the most cells."""
    scores = {sign: _cells_a_line(text, sign) for sign in DELIMITERS}
    best = max(DELIMITERS, key=lambda sign: scores[sign])
    return best if scores[best][1] > 1 else ","


def _cells_a_line(text: str, delimiter: str) -> tuple[float, int]:
    """Say which share of the first lines has the most usual number of cells, if that is more than one, and the number."""
    try:
        lines = [line for line in csv.reader(io.StringIO(text[:SAMPLE], newline=""), delimiter=delimiter) if line][:100]
    except csv.Error:
        return (0.0, 0)
    counts = Counter(map(len, lines[:-1] if len(text) > SAMPLE and len(lines) > 1 else lines))
    if not counts:
        return (0.0, 0)
    cells, often = max(counts.items(), key=lambda each: (each[1], each[0]))
    return (round(often / counts.total(), 1), cells) if cells > 1 else (0.0, cells)


def _header(file: Path, text: str, delimiter: str) -> list[str]:
    if "\0" in text:
        raise no_header(file, "characters that are no text", fix="export the file again as text")
    if text.count('"') % 2 == 1:
        raise no_header(file, "a quotation mark that is not closed", fix="quotation marks come in pairs")
    # strict: an unclosed or misplaced quotation mark is told by the reader of the lines
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        names = [name.strip() for name in next(lines, list[str]())]
        faults = header_faults(names)
        if faults:
            raise no_header(file, "; ".join(faults), fix=_header_hint(lines, names))
    except csv.Error:
        raise damaged(file, "it is no delimited text with a header and lines") from None
    return names


def _header_hint(lines: Any, names: list[str]) -> str:
    """Where a later line could be the header (titles stand above it), say which."""
    for number, line in zip(range(2, 30), lines, strict=False):
        if len(line) >= max(2, len(names)) and not header_faults([cell.strip() for cell in line]):
            return f"if titles stand above the header: [source] header_row = {number} (or where the names are)"
    return ""


def _texts(file: Path, text: str, delimiter: str, names: list[str], first: int) -> pl.DataFrame:
    """Read every cell as text; a line with another number of cells than the header is an error."""
    import polars as pl

    pa: Any = import_module("pyarrow")  # it has no types
    arrow_csv: Any = import_module("pyarrow.csv")
    odd: list[int] = []

    def keep_number(row: Any) -> str:
        odd.append(row.number + first - 1)
        return "skip"

    try:
        table = arrow_csv.read_csv(
            io.BytesIO(text.encode()),
            # one thread, so that lines have numbers; our own names, for those of the file may be padded
            read_options=arrow_csv.ReadOptions(use_threads=False, column_names=names, skip_rows_after_names=1),
            parse_options=arrow_csv.ParseOptions(
                delimiter=delimiter, newlines_in_values=True, invalid_row_handler=keep_number
            ),
            # "NA" is Namibia and "01" a region: only an empty cell is missing, and types are decided afterwards
            convert_options=arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(names, "string"),
                null_values=[""],
                strings_can_be_null=True,
                quoted_strings_can_be_null=True,
            ),
        )
    except (pa.ArrowInvalid, UnicodeEncodeError):
        raise damaged(file, "it is no delimited text with a header and lines") from None
    if odd:
        raise FileFault(
            "FL-FILE-07",
            "lines do not have as many cells as the header",
            found=f"{file.name}: {len(odd):,} lines ({listed(odd)}) do not have {len(names)} cells",
            fix="check the delimiter ([source] delimiter in the mapping), titles above the header "
            "([source] header_row), and cells that hold the delimiter without quotes",
        )
    return pl.DataFrame(table)


# --- numbers ----------------------------------------------------------------------------------------------------


def _decimal(frame: pl.DataFrame, delimiter: str) -> str:
    """Find the decimal sign: a comma where a column of numbers has one that cannot be a thousands sign."""
    if delimiter == ",":
        return "."
    for texts in frame:
        cells = texts.str.strip_chars().drop_nulls()
        commas = cells.filter(cells.str.contains(",", literal=True))
        if len(commas) and cells.str.contains(_COMMA).all() and not commas.str.contains(_THOUSANDS).all():
            return ","
    return "."


def numbers_where_all_are(frame: pl.DataFrame, decimal: str) -> pl.DataFrame:
    """Turn columns of texts into numbers where every cell is one; "01" stays a text, for its zero is part of the code."""
    return frame.select(_typed(texts, decimal) for texts in frame)


def _typed(texts: pl.Series, decimal: str) -> pl.Series:
    import polars as pl

    cells = texts.str.strip_chars().replace("", None)
    if decimal != ".":
        # a point would then be a thousands sign: such a column is left as text
        cells = cells.set(cells.str.contains(".", literal=True), "").str.replace(decimal, ".", literal=True)
    filled = cells.is_not_null().sum()
    if filled == 0:
        return texts
    if cells.str.contains(_WHOLE).sum() == filled:
        return cells.cast(pl.Int64).alias(texts.name)
    if cells.str.contains(_DECIMAL).sum() == filled:
        return cells.cast(pl.Float64).alias(texts.name)
    return texts


FORMAT = FileFormat(
    name="delimited text",
    endings=(".csv", TABS, ".txt"),
    read=_read,
    heeds=("encoding", "delimiter", "decimal", "header_row"),
)
