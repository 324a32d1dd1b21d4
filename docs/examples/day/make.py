"""Write day.csv: a made-up survey of two rounds, one row a person who was drawn. Every figure of the page comes from that file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

STRATA, EAS, PERSONS = 4, 12, 15


def survey() -> pd.DataFrame:
    """Two rounds in the same enumeration areas, other persons in each; five imputations of missing hours."""
    rng = np.random.default_rng(20)
    rows = pd.MultiIndex.from_product(
        [(1, 2), range(1, STRATA + 1), range(1, EAS + 1), range(PERSONS)], names=["round", "stratum", "area", "person"]
    ).to_frame(index=False)
    n = len(rows)
    rows["ea"] = rows["stratum"] * 100 + rows["area"]
    rows["weight"] = rows["stratum"].map({1: 40.0, 2: 60.0, 3: 90.0, 4: 150.0}) + rows["area"] % 5
    rows["sex"] = rng.choice(["f", "m"], n, p=[0.48, 0.52])
    rows["sector"] = rng.choice(["farms", "homes", "sites"], n, p=[0.4, 0.25, 0.35])
    effect = rng.normal(0, 0.5, 1_000)[rows["ea"]]
    log_odds = -2.2 + 0.8 * (rows["sector"] == "homes") + 0.4 * (rows["sex"] == "f") - 0.4 * (rows["round"] == 2)
    forced = rng.random(n) < 1 / (1 + np.exp(-(log_odds + effect)))
    rows["answered"] = (rng.random(n) < np.where(rows["sector"] == "homes", 0.75, 0.88)).astype(int)
    hours = np.round(rng.normal(46, 8, n) + 9 * forced).clip(10, 90)
    missing = rng.random(n) < 0.12
    answered = rows["answered"] == 1
    rows["fl"] = np.where(answered, forced.astype(float), np.nan)
    rows["hours"] = np.where(answered & ~missing, hours, np.nan)
    for number in range(1, 6):
        # Hot deck: the hours of somebody of the same round, sector and status.
        imputed = rows["hours"].copy()
        for _, cell in rows[answered].groupby(["round", "sector", "fl"]):
            donors = cell["hours"].dropna().to_numpy()
            gaps = cell.index[cell["hours"].isna()]
            imputed.loc[gaps] = rng.choice(donors, len(gaps))
        rows[f"hours_{number}"] = imputed
    return rows.drop(columns=["area", "person"])


if __name__ == "__main__":
    survey().to_csv(Path(__file__).with_name("day.csv"), index=False, float_format="%g")
