"""Surveys of random regions and districts with few cases, for attacks: people, design, and what to publish of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from hypothesis import strategies as st

import fl_estimate as fl

DESIGN = fl.Design(weights="w", psu="ea", expands=True)


@dataclass(frozen=True)
class Survey:
    """People, and the region of each district."""

    people: pd.DataFrame
    inside: dict[str, str]

    @property
    def nested(self) -> dict[str, tuple[str, dict[str, str]]]:
        return {"district": ("region", self.inside)}

    @property
    def true_cases(self) -> dict[str, int]:
        """Cases of each district."""
        return {str(name): int(count) for name, count in self.people.groupby("district")["fl"].sum().items()}

    def prevalence(self, **more: Any) -> fl.Estimates:
        return fl.estimate_prevalence(self.people, "fl", design=DESIGN, by=[["region"], ["district"]], **more)

    def total(self, **more: Any) -> fl.Estimates:
        return fl.estimate_total(self.people, "fl", design=DESIGN, by=[["region"], ["district"]], **more)


def survey(cases: list[list[int]], n: list[list[int]], *, spread: float = 0.4, seed: int = 1) -> Survey:
    """A survey with these cases and people of each district of each region; weights log-normal about 100."""
    rng = np.random.default_rng(seed)
    frames: list[pd.DataFrame] = []
    inside: dict[str, str] = {}
    for at, (few, many) in enumerate(zip(cases, n, strict=True)):
        for position, (k, size) in enumerate(zip(few, many, strict=True)):
            name = f"D{at}{position}"
            inside[name] = f"R{at}"
            case = np.zeros(size, dtype=int)
            case[rng.choice(size, min(k, size), replace=False)] = 1
            frames.append(
                pd.DataFrame({
                    "w": np.round(100 * np.exp(spread * rng.standard_normal(size)), 3), "region": f"R{at}", "district": name,
                    "ea": [f"{name}-{i % max(3, size // 12)}" for i in range(size)], "fl": case,
                    "sex": rng.choice(["men", "women"], size), "age": rng.integers(18, 65, size),
                })
            )  # fmt: skip
    people = pd.concat(frames, ignore_index=True)
    people["one"], people["not_fl"] = 1, 1 - people["fl"]
    return Survey(people, inside)


@st.composite
def surveys(draw: st.DrawFn) -> Survey:
    """Two or three regions of two to four districts; some of few people, most of few cases."""
    shape = draw(st.lists(st.integers(2, 4), min_size=2, max_size=3))
    cases = [[draw(st.sampled_from([0, 1, 2, 3, 4, 5, 6, 9, 14])) for _ in range(size)] for size in shape]
    n = [[draw(st.sampled_from([30, 60, 90, 150, 240])) for _ in range(size)] for size in shape]
    return survey(cases, n, spread=draw(st.sampled_from([0.0, 0.3, 0.6])), seed=draw(st.integers(0, 10_000)))
