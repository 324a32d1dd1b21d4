"""The code on the docs page about case lists averages histories over uncertain links as it says, and its counts load."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import fl_estimate as fl

PAGE = Path(__file__).resolve().parents[2] / "docs" / "how_to" / "case_lists.md"


@pytest.fixture(scope="module")
def expected_counts() -> Any:
    blocks = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    (code,) = [block for block in blocks if "def expected_counts" in block]
    names: dict[str, Any] = {}
    exec(compile(code, str(PAGE), "exec"), names)
    return names["expected_counts"]


RECORDS = pd.DataFrame({"unique_id": [1, 2, 3, 4], "source_dataset": ["a", "a", "b", "b"]})


def test_certain_links_give_whole_counts(expected_counts: Any, tmp_path: Path) -> None:
    pairs = pd.DataFrame({"unique_id_l": [1, 3], "unique_id_r": [3, 4], "match_probability": [1.0, 0.0]})
    counts = expected_counts(RECORDS, pairs, ["a", "b"], draws=5)
    path = tmp_path / "counts.csv"
    counts.to_csv(path, index=False)
    histories = fl.load_lists(path, lists=["a", "b"], count="count")
    assert histories.to_frame().to_numpy().tolist() == [[1, 0, 1], [0, 1, 1], [1, 1, 1]]


def test_uncertain_links_give_fractions(expected_counts: Any, tmp_path: Path) -> None:
    """One pair with probability 0.6: on both 0.6, on a alone 1.4, on b alone 1.4; three standard errors of 4,000 draws."""
    pairs = pd.DataFrame({"unique_id_l": [1], "unique_id_r": [3], "match_probability": [0.6]})
    counts = expected_counts(RECORDS, pairs, ["a", "b"], draws=4_000)
    path = tmp_path / "counts.csv"
    counts.to_csv(path, index=False)
    histories = fl.load_lists(path, lists=["a", "b"], count="count")
    assert histories.counts == pytest.approx([1.4, 1.4, 0.6], abs=3 * np.sqrt(0.24 / 4_000))
    assert histories.counts.sum() == pytest.approx(3.4, abs=3 * np.sqrt(0.24 / 4_000))
