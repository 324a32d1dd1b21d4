"""Twelve respondents and one case, and all that is estimated of them: data for tests that no figure gives them away."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

import fl_estimate as fl

FEW = "Z"
"""The region of 12 respondents and one case; A to D have 300 each, and 30 to 60 cases."""
DESIGN = fl.Design(weights="w", psu="ea", expands=True)
LISTS = ["police", "ngo", "hotline"]


@cache
def people() -> pd.DataFrame:
    """Five regions, one of them with 12 people of whom one is a case."""
    parts: list[pd.DataFrame] = []
    for position, (region, n, cases) in enumerate(
        (("A", 300, 30), ("B", 300, 40), ("C", 300, 50), ("D", 300, 60), (FEW, 12, 1))
    ):
        rows = np.arange(n)
        case = (rows % (n // cases) == 3).astype(int) if region != FEW else (rows == 3).astype(int)
        parts.append(
            pd.DataFrame({
                "region": region, "w": 90.0 + rows % 7, "ea": [f"{region}{row // (n // 6)}" for row in rows], "fl": case,
                "sex": np.where(rows // 2 % 2 == 0, "f", "m"), "one": 1.0, "years": case * 3.0, "wage": 100.0 + rows % 13 + position,
                "forced": np.where(case == 1, "yes", "no"),
            })
        )  # fmt: skip
    return pd.concat(parts, ignore_index=True)


def few() -> pd.DataFrame:
    frame = people()
    return frame.loc[frame["region"] == FEW].reset_index(drop=True)


def total(**more: Any) -> fl.Estimates:
    return fl.estimate_total(few(), "fl", design=DESIGN, **more)


def by(column: Any = "region") -> fl.Estimates:
    return fl.estimate_prevalence(people(), "fl", design=DESIGN, by=column)


def persons() -> pd.DataFrame:
    return pd.DataFrame({"region": [*"ABCD", FEW], "population": [30_000, 30_000, 30_000, 30_000, 1_200]})


@cache
def lists(n: int = 12) -> fl.CaptureHistories:
    """Case lists of n people."""
    shares = np.array([3, 3, 2, 1, 1, 1, 1]) * (n // 12)
    histories = [(1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 1, 0), (1, 0, 1), (0, 1, 1), (1, 1, 1)]
    counts = pd.DataFrame([dict(zip(LISTS, on, strict=True)) for on in histories]).assign(count=shares)
    return fl.CaptureHistories.from_counts(counts, lists=LISTS, count="count")


def listed() -> pd.DataFrame:
    """People on lists in two regions, of whom 12 are in one."""
    return pd.concat([lists(240).people().assign(region="A"), lists().people().assign(region=FEW)], ignore_index=True)


def register() -> pd.DataFrame:
    """Twelve people of one register."""
    return pd.DataFrame({"count": [1, 2, 3], "people": [7, 3, 2]})


def imputed() -> list[fl.Estimates]:
    return [fl.estimate_prevalence(few().assign(fl=lambda f, s=s: f["fl"].to_numpy()[::s]), "fl", design=DESIGN) for s in (1, -1)]  # fmt: skip


def episodes() -> fl.Estimates:
    """Six episodes of work abroad that one person told: six cases among the sixty, and one person."""
    survey = fl.datasets.load("country_migrants")
    found = fl.by_episode(survey)
    frame = found.people if isinstance(found.people, pd.DataFrame) else found.people.collect().to_pandas()
    share = frame["respondent_share"].to_numpy(dtype=float)
    busy = frame.loc[share == share.min(), "respondent_id"].iloc[0]
    own = frame[frame["respondent_id"] == busy]
    many = pd.concat([own] * 20, ignore_index=True).assign(
        respondent_share=1 / (20 * len(own)), fl=1.0, ea=lambda f: np.arange(len(f)) % 4
    )
    return fl.estimate_prevalence(many, "fl", design=fl.Design(psu="ea", unweighted=True))


Rows = Callable[[pd.DataFrame], Any]
ALL: Rows = lambda frame: np.ones(len(frame), dtype=bool)  # noqa: E731
OF_FEW: Rows = lambda frame: (frame["region"] == FEW).fillna(False).to_numpy(dtype=bool)  # noqa: E731
TERM_OF_FEW: Rows = lambda frame: frame["term"].str.contains(FEW).to_numpy(dtype=bool)  # noqa: E731
