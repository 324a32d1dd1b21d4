"""A small survey as an office would hand it over: a CSV file, its mapping and a study, written to a folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

MAPPING = """\
id = "small"
title = "A small survey"
population = "adults of a small country"

[reference_period]
kind = "12m"
start = 2023-01-01
end = 2024-01-01

[people]
person_id = "ID"
region = "REG"
stratum = "STR"
psu = "EA"
weight_person = "W"
sex = "SEX"
age_interview = "AGE"

[people.derived]
case = "Q1 == 1"

[jobs]
from = "people"
person_id = "ID"
age_at_start = "AGE"
w_low_no_wage = { column = "Q2", recode = "answers" }
c_docs = { column = "Q3", recode = "coercion" }

[recodes]
answers = { "1" = "yes", "2" = "no", "8" = "dk", "null" = "missing" }
coercion = { "1" = "experienced", "2" = "no", "8" = "dk", "null" = "missing" }

[design]
weights = "weight_person"
strata = "stratum"
psu = "psu"
expands = true
"""
STUDY = """\
title = "A small study"

[source.people]
file = "people.csv"
mapping = "people.toml"

[classify]
framework = "icls2018_adult"
short_instrument = true

[[estimate]]
kind = "prevalence"
outcome = "forced_labour"
by = [["region"], ["sex"]]

[[estimate]]
kind = "total"
outcome = "forced_labour"
by = "region"

[[estimate]]
kind = "ratio"
name = "share"
numerator = "case"
denominator = "one"

[publish]
languages = ["en", "fr"]

[truth]
file = "truth.json"

[map]
geojson = "regions.geojson"
"""
REGIONS = ("North", "South", "East", "West")
CASES = {"North": 13, "South": 9, "East": 0, "West": 2}
"""Cases in each region: two are printed, one has none, one is withheld."""
AREAS, IN_AREA = 10, 20


def people() -> pd.DataFrame:
    """800 people in 4 regions (strata) of 10 areas; whoever is in forced labour has a 1 at Q2 and Q3."""
    rows = len(REGIONS) * AREAS * IN_AREA
    at = np.arange(rows)
    region = np.repeat(REGIONS, AREAS * IN_AREA)
    # Cases stand 7 apart, so that they fall into different areas.
    within = at % (AREAS * IN_AREA)
    case = np.array([within[i] % 7 == 0 and within[i] // 7 < CASES[region[i]] for i in range(rows)])
    answer = np.where(case, 1, 2)
    return pd.DataFrame(
        {
            "ID": at + 1,
            "REG": region,
            "STR": np.repeat(range(1, 5), AREAS * IN_AREA),
            "EA": at // IN_AREA + 1,
            "W": 100.0 + at % 13,
            "SEX": at % 2 + 1,
            "AGE": 18 + at % 50,
            "Q1": answer,
            "Q2": np.where(at % 40 == 39, 8, answer),
            "Q3": np.where(at % 40 == 39, 8, answer),
            "one": 1,
        }
    )


def write(folder: Path, *, study: str = STUDY, mapping: str = MAPPING, frame: pd.DataFrame | None = None) -> Path:
    """Write everything to a folder and give the path of the study."""
    (people() if frame is None else frame).to_csv(folder / "people.csv", index=False)
    (folder / "people.toml").write_text(mapping, encoding="utf-8")
    (folder / "truth.json").write_text(
        json.dumps({"national": {"adults": 90_000, "forced_labour": 2_700}}), encoding="utf-8"
    )
    features = [
        {
            "type": "Feature",
            "properties": {"region": name},
            "geometry": {"type": "Polygon", "coordinates": [[[x, 0], [x + 1, 0], [x + 1, 1], [x, 1], [x, 0]]]},
        }
        for x, name in enumerate(REGIONS)
    ]
    collection: dict[str, Any] = {"type": "FeatureCollection", "features": features}
    (folder / "regions.geojson").write_text(json.dumps(collection), encoding="utf-8")
    path = folder / "small.toml"
    path.write_text(study, encoding="utf-8")
    return path


def assert_same_rows(left: pd.DataFrame, right: pd.DataFrame, **how: Any) -> None:
    """The rows of a study and those of the call in Python: which calls its source by the file, where the study gives it a name."""
    pd.testing.assert_frame_equal(without_source(left), without_source(right), **how)


def without_source(frame: pd.DataFrame) -> pd.DataFrame:
    """Rows that do not say which source they are of."""
    return frame.assign(source="") if "source" in frame else frame
