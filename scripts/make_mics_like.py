"""Make the files of docs/examples/mics_like: a household and a woman file in the layout of a MICS survey, with invented people.

    python scripts/make_mics_like.py

Names and labels of the columns are those of the standard files of the Multiple Indicator Cluster Surveys; the questions WK1
to WK8 are a module on work as an office would add it. Every answer is drawn at random: nobody is described.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "examples" / "mics_like"
SEED = 20
CLUSTERS, WOMEN = 10, 20
"""In each of the six strata (three regions, urban and rural), and in each cluster."""
YES_NO = {1: "YES", 2: "NO"}
ANSWERS = {**YES_NO, 8: "DK", 9: "NO RESPONSE"}
REGIONS = {1: "North", 2: "Centre", 3: "South"}
WEALTH = {1: "Poorest", 2: "Second", 3: "Middle", 4: "Fourth", 5: "Richest"}
LEVELS = {0: "Pre-primary or none", 1: "Primary", 2: "Lower secondary", 3: "Upper secondary", 4: "Higher"}

HOUSEHOLD_LABELS = {
    "HH1": "Cluster number",
    "HH2": "Household number",
    "HH6": "Area",
    "HH7": "Region",
    "HH48": "Number of household members",
    "HC15": "Any household member own land that can be used for agriculture",
    "WS1": "Main source of drinking water",
    "hhweight": "Household sample weight",
    "PSU": "Primary sampling unit",
    "stratum": "Stratum",
}
WOMAN_LABELS = {
    "HH1": "Cluster number",
    "HH2": "Household number",
    "LN": "Line number",
    "WM6D": "Day of interview",
    "WM6M": "Month of interview",
    "WM6Y": "Year of interview",
    "WM17": "Result of woman's interview",
    "WB4": "Age of woman",
    "WDOB": "Date of birth of woman (CMC)",
    "welevel": "Education",
    "DV1A": "If she goes out without telling husband: wife beating justified",
    "WK1": "Worked for an employer in the last 12 months",
    "WK2": "Age when this work began",
    "WK3": "Were you free to leave your employer at any time?",
    "WK4": "Did the employer keep your passport or identity papers?",
    "WK5": "Were your wages withheld?",
    "WK6": "Did anyone threaten you with violence?",
    "WK7": "Did you have to work overtime against your will?",
    "WK8": "Was the work different from what you had been promised?",
    "HH6": "Area",
    "HH7": "Region",
    "windex5": "Wealth index quintile",
    "wmweight": "Women's sample weight",
    "PSU": "Primary sampling unit",
    "stratum": "Stratum",
}
CODES: dict[str, dict[int, str]] = {
    "HH6": {1: "Urban", 2: "Rural"},
    "HH7": REGIONS,
    "HC15": YES_NO,
    "WS1": {11: "PIPED WATER", 21: "TUBE WELL", 81: "SURFACE WATER"},
    "WM17": {1: "COMPLETED", 2: "NOT AT HOME", 3: "REFUSED"},
    "welevel": LEVELS,
    "DV1A": ANSWERS,
    "WK1": YES_NO,
    **{f"WK{n}": ANSWERS for n in range(3, 9)},
    "windex5": WEALTH,
}


def frames() -> tuple[pd.DataFrame, pd.DataFrame]:
    """The household file and the woman file."""
    rng = np.random.default_rng(SEED)
    strata = [(region, area) for region in REGIONS for area in (1, 2)]
    clusters = [(position, *strata[position // CLUSTERS]) for position in range(CLUSTERS * len(strata))]
    women = pd.DataFrame(
        [(position + 1, n + 1, region, area) for position, region, area in clusters for n in range(WOMEN)],
        columns=["HH1", "HH2", "HH7", "HH6"],
    )
    n = len(women)
    women["LN"] = rng.integers(1, 5, n)
    women["WM6D"], women["WM6M"], women["WM6Y"] = rng.integers(1, 29, n), rng.integers(3, 6, n), 2023
    women["WM17"] = 1
    women["WB4"] = rng.integers(15, 50, n)
    women["WDOB"] = (2023 - 1900) * 12 + women["WM6M"] - 12 * women["WB4"] - rng.integers(0, 12, n)
    women["welevel"] = rng.choice(list(LEVELS), n, p=[0.15, 0.3, 0.25, 0.2, 0.1])
    women["DV1A"] = rng.choice([1, 2, 8], n, p=[0.2, 0.77, 0.03])
    women["windex5"] = rng.integers(1, 6, n)
    women = pd.concat([women, _work(women, rng)], axis=1)
    women["PSU"] = women["HH1"]
    women["stratum"] = (women["HH7"] - 1) * 2 + women["HH6"]
    raw = rng.uniform(0.6, 1.6, len(clusters))
    women["wmweight"] = np.round(raw[women["HH1"] - 1] / raw.mean(), 6)
    households = women[["HH1", "HH2", "HH6", "HH7", "PSU", "stratum"]].copy()
    households["HH48"] = rng.integers(1, 9, n)
    households["HC15"] = rng.choice([1, 2], n, p=[0.4, 0.6])
    households["WS1"] = rng.choice([11, 21, 81], n)
    households["hhweight"] = women["wmweight"]
    _without_interview(women)
    return households[list(HOUSEHOLD_LABELS)], women[list(WOMAN_LABELS)]


def _without_interview(women: pd.DataFrame) -> None:
    """One woman in twenty-five was not met or refused: as in the files of MICS she has a row, a weight of 0 and no answers."""
    rng = np.random.default_rng(SEED + 1)
    absent = rng.random(len(women)) < 0.04
    women.loc[absent, "WM17"] = rng.choice([2, 3], absent.sum(), p=[0.7, 0.3])
    women["wmweight"] = np.round(women["wmweight"].where(~absent, 0.0) / women.loc[~absent, "wmweight"].mean(), 6)
    women.loc[absent, ["WB4", "WDOB", "welevel", "DV1A", *(f"WK{n}" for n in range(1, 9))]] = np.nan


def _work(women: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """The answers of the module: one woman in sixteen of those who worked could not leave and was coerced."""
    n = len(women)
    worked = rng.random(n) < 0.6
    forced = rng.random(n) < np.where(women["HH7"] == 1, 0.1, 0.05)
    made: dict[str, Any] = {"WK1": np.where(worked, 1, 2)}
    made["WK2"] = np.maximum(women["WB4"].to_numpy() - rng.integers(0, 6, n), 12)
    rates = {"WK4": (0.7, 0.02), "WK5": (0.6, 0.04), "WK6": (0.3, 0.01), "WK7": (0.6, 0.08), "WK8": (0.5, 0.06)}
    # WK3 asks the reverse: yes is that she was free to leave
    made["WK3"] = np.where(rng.random(n) < np.where(forced, 0.9, 0.03), 2, 1)
    for name, (of_forced, of_others) in rates.items():
        made[name] = np.where(rng.random(n) < np.where(forced, of_forced, of_others), 1, 2)
    for name in ("WK3", *rates):
        silent = rng.random(n)
        made[name] = np.where(silent < 0.01, 8, np.where(silent < 0.015, 9, made[name]))
    answers = pd.DataFrame(made).astype(float)
    answers.loc[~worked, [name for name in made if name != "WK1"]] = np.nan
    return answers


def main() -> None:
    """Write both files."""
    import pyreadstat

    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, frame, labels in zip(("hh", "wm"), frames(), (HOUSEHOLD_LABELS, WOMAN_LABELS), strict=True):
        whole: Any = frame.astype(float)
        codes: Any = {column: CODES[column] for column in labels if column in CODES}
        pyreadstat.write_sav(
            whole,
            FOLDER / f"{name}.sav",
            column_labels=list(labels.values()),
            variable_value_labels=codes,
            row_compress=True,
        )


if __name__ == "__main__":
    main()
