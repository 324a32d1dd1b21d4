"""A withheld value of four digits or more stands in no file of a run, whatever the file is packed in."""

from __future__ import annotations

import base64
import io
import json
import re
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

import fl_estimate as fl
from fl_estimate.words.numbers import number
from tests.disclosure.conftest import Run, study_file

LEAST = 4
"""Digits from which a number that is found is no chance."""


def forms(value: float) -> Iterator[str]:
    """A number as any output may write it: per unit, per cent, per 1,000, in the languages of the report, to 4 to 8 digits."""
    if not np.isfinite(value) or value == 0:
        return
    for factor in (1.0, 100.0, 1_000.0):
        scaled = value * factor
        text = repr(scaled)
        if sum(c.isdigit() for c in text.lstrip("0.")) >= LEAST + 2:
            yield text[:9]
        for decimals in range(7):
            for language in ("en", "fr", "es"):
                written = number(scaled, decimals, language)
                digits = re.sub(r"[^0-9]", "", written).lstrip("0")
                if len(digits) > LEAST:
                    yield written


def unpacked(path: Path) -> bytes:
    """Everything a file holds, compressed and encoded parts too."""
    content = path.read_bytes()
    parts = [content]
    if path.suffix == ".parquet":
        table = pq.read_table(path)
        parts += [json.dumps({str(k): str(v) for k, v in (table.schema.metadata or {}).items()}).encode()]
        for name in table.column_names:
            for value in table.column(name).to_pylist():
                parts.append(repr(value).encode() + b"|")
                if isinstance(value, float):
                    parts.append(struct.pack("<d", value))
    for text in re.findall(rb"base64,([A-Za-z0-9+/=]+)", content):
        raw = base64.b64decode(text)
        parts.append(raw)
        for start in (at.start() for at in re.finditer(rb"x\x9c", raw)):
            try:
                parts.append(zlib.decompressobj().decompress(raw[start:]))
            except zlib.error:
                continue
    return b"".join(parts)


def withheld(run: Run) -> set[float]:
    """Full values of rows that are not printed as figures, and in no other row."""
    values: set[float] = set()
    shown: set[float] = set()
    for table in run.result.published.tables:
        full = run.result.estimates[table.name].to_frame()
        for name in ("value", "se", "lower", "upper", "undetermined", "deff"):
            gone = full[name].notna() & table.frame[name].isna()
            values |= set(full.loc[gone, name].astype(float))
            shown |= set(table.frame[name].dropna().astype(float))
    return {value for value in values if value not in shown and value not in (0.0, 1.0)}


def leaks(run: Run) -> list[tuple[str, str]]:
    wanted = {form.encode() for value in withheld(run) for form in forms(value)}
    doubles = {struct.pack("<d", value) for value in withheld(run)}
    found: list[tuple[str, str]] = []
    for path in sorted(run.folder.iterdir()):
        content = unpacked(path)
        whole = set(re.findall(rb"[0-9][0-9., \xc2\xa0\xe2\x80\xaf]*[0-9]", content))
        texts = b" ".join(whole)
        found += [(path.name, form.decode()) for form in wanted if form in whole or (len(form) >= 9 and form in texts)]
        found += [(path.name, "double") for one in doubles if one in content]
    return found


def test_the_search_would_find_a_value(tmp_path: Path) -> None:
    values = [0.0123456789, 4_321.987]
    frame = pd.DataFrame({"value": values})
    frame.to_parquet(tmp_path / "a.parquet")
    for value in values:
        assert struct.pack("<d", value) in unpacked(tmp_path / "a.parquet")
        assert any(form.encode() in unpacked(tmp_path / "a.parquet") for form in forms(value))
    assert "12.346" in set(forms(values[0]))
    assert "12,346" in set(forms(values[0]))
    packed = base64.b64encode(zlib.compress(b"12.3457")).decode()
    (tmp_path / "b.svg").write_text(f'<image href="data:image/png;base64,{packed}"/>', encoding="utf-8")
    assert b"12.3457" in unpacked(tmp_path / "b.svg")
    assert io.BytesIO(unpacked(tmp_path / "b.svg")).read(4) == b"<ima"


def test_no_file_of_a_run_holds_a_withheld_value(run: Run) -> None:
    assert len(withheld(run)) >= 5
    assert leaks(run) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", ["study.toml", "migrants_study.toml"])
def test_no_file_holds_one_in_any_language(tmp_path: Path, name: str) -> None:
    study = study_file(tmp_path, name, languages='["en", "fr", "es"]')
    result = fl.run_study(study, out=tmp_path / "out")
    assert leaks(Run(tmp_path / "out", study, result, {})) == []
