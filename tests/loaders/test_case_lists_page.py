"""The code on the docs page about case lists draws links, estimates from each draw and pools them, as it says."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import fl_estimate as fl
from fl_estimate import capture_recapture as cr

PAGE = Path(__file__).resolve().parents[2] / "docs" / "how_to" / "case_lists.md"


def test_the_function_on_the_page_pools_draws_of_links() -> None:
    """Three lists whose links are certain but for half the pairs of two: the pooled number lies between both extremes."""
    blocks = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    (code,) = [block for block in blocks if "draw_links" in block]
    names: dict[str, Any] = {"cr": cr}
    exec(compile(code, str(PAGE), "exec"), names)
    lists = np.repeat(["police", "ngo", "hospital"], [300, 400, 200])
    records = pd.DataFrame({"unique_id": np.arange(900), "source_dataset": lists})
    left = np.concatenate([np.arange(100), np.arange(100, 160), np.arange(300, 340)])
    right = np.concatenate([np.arange(300, 400), np.arange(700, 760), np.arange(760, 800)])
    chance = np.concatenate([np.where(np.arange(100) < 50, 1.0, 0.5), np.ones(100)])
    pairs = pd.DataFrame({"unique_id_l": left, "unique_id_r": right, "match_probability": chance})
    found = names["linked"](records, pairs)
    ends = []
    for sure in (0.4, 0.6):
        certain = pairs.assign(match_probability=(chance > sure) * 1.0)
        one = next(iter(cr.draw_links(records, certain, lists=["police", "ngo", "hospital"], draws=2, seed=1)))
        ends.append(float(cr.loglinear(one).to_frame()["value"].iloc[0]))
    value = float(found.to_frame()["value"].iloc[0])
    assert ends[0] < value < ends[1]
    assert isinstance(found, fl.Estimates)
    assert found.diagnostics["draws"] == 20
