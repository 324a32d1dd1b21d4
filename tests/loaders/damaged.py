"""Damaged files for fuzzing: sound ones of every format, and what transport, programs and people do to them."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import hypothesis
import pandas as pd
import polars as pl
import pyreadstat
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fl_estimate.errors import FlError
from fl_estimate.loaders.convert import convert
from fl_estimate.loaders.drafting import draft_mapping
from fl_estimate.loaders.files import endings, format_of, formats, read_table

FRAME: Any = pd.DataFrame(
    {
        "q": [float(k % 9) for k in range(40)],
        "weight": [k + 0.25 for k in range(40)],
        "t": [("Ñandú", "", "b")[k % 3] for k in range(40)],
        "remark": ["x" * 300] * 40,
    }
)
SHORT: Any = FRAME.rename(columns={"weight": "w"})


HANGS = 20.0
"""Seconds of this process, after which a file is said to hang."""
EXAMPLES: dict[str, bytes] = {f"example{form.endings[0]}": form.example for form in formats() if form.example}
"""Sound files that formats bring along."""


def sound_files(folder: Path) -> list[Path]:
    """Write one sound file of each format that can be written here, and those that formats bring along."""
    for name, content in EXAMPLES.items():
        (folder / name).write_bytes(content)
    labels: dict[str, Any] = {"variable_value_labels": {"q": {1: "yes", 2: "no"}}, "column_labels": {"q": "Question"}}
    pyreadstat.write_sav(FRAME, folder / "plain.sav", missing_ranges={"q": [7, 8]}, **labels)
    pyreadstat.write_sav(FRAME, folder / "rows.sav", row_compress=True, **labels)
    pyreadstat.write_sav(FRAME, folder / "zip.zsav", compress=True, **labels)
    pyreadstat.write_dta(FRAME.astype({"q": int}), folder / "stata.dta", **labels)
    pyreadstat.write_dta(FRAME.drop(columns="remark"), folder / "old.dta", version=10)
    pyreadstat.write_xport(SHORT.drop(columns="remark"), folder / "sas.xpt")
    pyreadstat.write_por(SHORT[["q", "w"]].rename(columns=str.upper), folder / "portable.por")
    for name, delimiter in (("comma.csv", ","), ("semicolon.csv", ";"), ("tab.tsv", "\t"), ("text.txt", "|")):
        FRAME.to_csv(folder / name, sep=delimiter, index=False)
    (folder / "western.csv").write_bytes(FRAME.to_csv(index=False, sep=";", decimal=",").encode("windows-1252"))
    (folder / "mark.csv").write_bytes(b"\xef\xbb\xbf" + FRAME.to_csv(index=False).encode())
    pl.from_pandas(FRAME).write_parquet(folder / "columns.parquet")
    with xlsxwriter.Workbook(folder / "book.xlsx") as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, list(FRAME.columns))
        for position, row in enumerate(FRAME.itertuples(index=False), 1):
            sheet.write_row(position, 0, list(row))
    return sorted(folder.iterdir())


@st.composite
def damage(draw: st.DrawFn, content: bytes) -> bytes:
    """Truncate, flip bits, overwrite, cut out, repeat or insert, once to four times."""
    for _ in range(draw(st.integers(1, 4))):
        if not content:
            return content
        at = draw(st.integers(0, len(content) - 1) | st.integers(0, min(400, len(content) - 1)))
        length = draw(st.integers(1, 64))
        kind = draw(st.sampled_from(["cut", "flip", "overwrite", "remove", "repeat", "insert"]))
        head, piece, tail = content[:at], content[at : at + length], content[at + length :]
        match kind:
            case "cut":
                content = head
            case "flip":
                content = head + bytes([content[at] ^ (1 << draw(st.integers(0, 7)))]) + content[at + 1 :]
            case "overwrite":
                content = head + draw(st.sampled_from([b"\0", b"\xff", b'"', b"\n", b"\x80"])) * len(piece) + tail
            case "remove":
                content = head + tail
            case "repeat":
                content = head + piece * 3 + tail
            case _:
                content = head + draw(st.binary(min_size=1, max_size=32)) + content[at:]
    return content


def try_file(path: Path, out: Path) -> str:
    """Read, convert and draft a file; say how it ended. Anything but an error of ours, or an output left over, fails."""
    try:
        read_table(path)
        draft_mapping(path)
    except FlError as fault:
        read_as = fault.code
    else:
        read_as = "read"
    try:
        convert(path, out)
    except FlError as fault:
        ended = fault.code
        assert not out.exists(), "a conversion that failed left an output"
    else:
        ended = "read"
        pl.read_parquet(out)
        out.unlink()
    assert [each.name for each in out.parent.iterdir() if each != path] == [], "something was left over"
    form = format_of(path)
    assert read_as == ended or (form is not None and form.lazy), "only a file that need not be converted is not"
    return read_as


def fuzz(source: Path, folder: Path, examples: int, *, seed: int | None = None) -> Counter[str]:
    """Damage one sound file in `examples` ways, under its own ending and under others; count how each ended."""
    content = source.read_bytes()
    counted: Counter[str] = Counter()

    def attempt(data: bytes, ending: str) -> None:
        path = folder / f"damaged{ending}"
        path.write_bytes(data)
        began = time.process_time()
        try:
            counted[try_file(path, folder / "out.parquet")] += 1
        finally:
            path.unlink()
        # Of the processor's time: on a busy machine a slow file is not a fault. A reader apart has its own limit.
        assert time.process_time() - began < HANGS, "a file that takes longer hangs"

    under = st.just(source.suffix) | st.just(source.suffix) | st.sampled_from(endings())
    checked: Callable[..., None] = given(data=damage(content), ending=under)(attempt)
    if seed is not None:
        checked = hypothesis.seed(seed)(checked)
    settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=seed is None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.large_base_example, HealthCheck.data_too_large],
    )(checked)()
    return counted
