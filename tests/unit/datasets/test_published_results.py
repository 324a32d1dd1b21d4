"""Published results come with source, licence and how far each print was seen; bundled targets use figures that stand in them."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

import fl_estimate as fl
from fl_estimate.reproduce.targets import bundled_targets

RESULTS = (
    "gems2017", "gems2022", "gems2022_sectors", "ilo2005", "ilo2012", "ilo_profits", "national_surveys", "nepal2018",
    "press_figures", "unodc_detected_netherlands", "uzbekistan_cotton",
)  # fmt: skip
TABLES = {
    "gems2017_results.csv": "gems2017", "gems2022_results.csv": "gems2022", "ilo2005_results.csv": "ilo2005",
    "ilo2012_results.csv": "ilo2012", "ilo_profits.csv": "ilo_profits", "nepal_nlfs2018_forced_labour.csv": "nepal2018",
    "survey_and_press_figures.csv": "press_figures", "unodc_glotip_detected_victims.csv": "unodc_detected_netherlands",
    "uzbekistan_cotton_tpm.csv": "uzbekistan_cotton",
}  # fmt: skip
"""As the targets call the tables that their inputs were read from."""
SIZES = {"million": 1e6, "thousand": 1e3, "per 1,000": 1e-3, "US$bn": 1e9, "percent": 1e-2, "persons": 1, "ratio": 1, "US$": 1, "years": 1,
         "interviews": 1}  # fmt: skip
"""The units of the tables, and how many natural units one is."""


@pytest.mark.parametrize("name", RESULTS)
def test_each_row_says_how_far_it_was_seen(name: str) -> None:
    frame, origin = fl.datasets.load(name), fl.datasets.source(name)
    assert set(frame["source_status"]) <= {"verified", "secondary", "unverified"}
    assert len(frame) > 1
    assert origin.licence.startswith("facts")
    assert len(origin.source) > 40
    if name != "national_surveys":
        assert list(frame.columns) == ["breakdown", "category", "value", "unit", "printed", "source", "source_status"]
        assert (frame["source"] != "").all()
        assert set(frame["unit"]) <= SIZES.keys()


def test_figures_from_memory_are_marked() -> None:
    """The table's own column: 3 of its 12 rows were seen (ituc-csi.org 2644, pravda.ru 62722)."""
    frame = fl.datasets.load("ilo2005")
    assert frame["source_status"].value_counts().to_dict() == {"unverified": 9, "secondary": 3}
    seen = frame[frame["source_status"] == "secondary"]["category"].tolist()
    assert seen == ["World", "Sub-Saharan Africa", "Trafficked (subset)"]


def test_some_figures_as_printed() -> None:
    """ILO 2012, executive summary: 20.9 million; GEMS 2022: 27.6 million; Kathmandu Post: 61,252, 2.6, 31,338."""
    ilo, gems, nepal = (fl.datasets.load(name) for name in ("ilo2012", "gems2022", "nepal2018"))
    assert ilo.query("category == 'World' and unit == 'million'")["value"].tolist() == [20.9]
    assert gems.query("category == 'World' and unit == 'million'")["value"].tolist() == [27.6]
    assert nepal["value"].tolist()[:3] == [61_252, 2.6, 31_338]


def test_inputs_of_targets_stand_in_the_tables() -> None:
    """All but one: 4 per cent is 100 less "more than 96", as its label says."""
    absent: list[tuple[str, str]] = []
    checked = 0
    for target in bundled_targets():
        for given in target.inputs:
            frame: pd.DataFrame = fl.datasets.load(TABLES[given.table])
            natural = frame["value"].to_numpy(dtype=float) * frame["unit"].map(SIZES).to_numpy(dtype=float)
            said = next(
                (size for unit, size in SIZES.items() if re.sub(r" \(.*?\)", "", given.label).endswith(unit)), 1
            )
            checked += 1
            if not np.isclose(
                natural, given.value * (SIZES["percent"] if "percent" in given.label else said), rtol=1e-9
            ).any():
                absent.append((target.entry.id, given.label))
    assert checked > 60
    assert absent == [
        ("uzbekistan2020-share-change", 'share forced 2020, percent, read as 100 minus "more than 96" free')
    ]
