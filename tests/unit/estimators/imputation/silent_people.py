"""Made-up people who keep silent on some questions, with what they would have said. The chances stand here; nothing is real."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

import fl_estimate as fl
from fl_estimate.indicators.items import known_items

DESIGN = fl.Design(weights="w", strata="stratum", psu="psu")
INVOLUNTARY = ("w_low_no_wage", "w_overtime_forced", "w_diff_job", "w_hazard_nonconsent")
COERCION = ("c_docs", "c_locked", "c_wages_withheld", "c_violence")


@dataclass(frozen=True, kw_only=True)
class Silent:
    """A sample as it would have been, and as it is."""

    whole: pd.DataFrame
    heard: pd.DataFrame


def sample(seed: int, n: int = 2_000) -> Silent:
    """People in units of 20, in 8 strata and 4 regions; answers are missing at random given circumstances and region."""
    rng = np.random.default_rng(seed)
    stratum, psu = np.repeat(np.arange(8), n // 8), np.repeat(np.arange(n // 20), 20)
    region, shock = stratum // 2, rng.normal(size=n // 20)[psu] / 2
    involuntary = rng.random(n) < 1 / (1 + np.exp(1.6 - shock - 0.3 * region))
    table: dict[str, object] = {
        "person_id": [f"p{position}" for position in range(n)],
        "age": rng.integers(18, 70, n),
        "sex": rng.integers(1, 3, n),
        "region": region,
        "stratum": stratum,
        "psu": psu,
        "w": rng.uniform(0.5, 2, n),
    }
    met = np.stack([involuntary & (rng.random(n) < 0.45) for _ in INVOLUNTARY], axis=1)
    table |= {name: np.where(met[:, position], "yes", "no") for position, name in enumerate(INVOLUNTARY)}
    coerced = rng.random(n) < 1 / (1 + np.exp(3 - met.sum(axis=1) - 0.2 * region - shock))
    table |= {name: np.where(coerced & (rng.random(n) < 0.5), "experienced", "no") for name in COERCION}
    whole = pd.DataFrame(table)
    heard = whole.copy()
    block = rng.random(n) < 0.08 + 0.10 * met.any(axis=1) + 0.04 * region / 3
    for name in (*INVOLUNTARY, *COERCION):
        lost = rng.random(n) < 0.03
        heard.loc[lost | (block & (name in COERCION)), name] = rng.choice(["ref", "dk"])
    return Silent(whole=whole, heard=heard)


def any_answers(framework: fl.Framework, seed: int, n: int = 150, *, each: int = 1) -> pd.DataFrame:
    """Answers at random to every question there is, most of them harmless, some unknown, of people of the framework's ages.

    `each` keeps every so-manieth item alone, and no more of their phases than one.
    """
    rng = np.random.default_rng(seed)
    known = known_items().with_own(framework.own_items)
    ages, unknown = ((5, 18), 0.05) if "child" in framework.id else ((18, 60), 0.01 * each)
    table: dict[str, object] = {"age": rng.integers(*ages, n).astype(float), "w": rng.uniform(1, 2, n)}
    for item in list(known.items.values())[::each]:
        phases = item.phases if each == 1 else item.phases[:1]
        names = [f"{item.id}@{phase}" for phase in phases] if item.asks_phase else [item.id]
        table |= {name: _answers(rng, n, unknown, item.harmless, [*item.true_answers, "no"]) for name in names}
    for field in known.fields.values():
        if field.codes is not None and field.column not in table:
            table[field.column] = _answers(rng, n, unknown, "no", list(field.codes))
        elif field.column != "age" and field.column not in table:
            table[field.column] = np.where(rng.random(n) < 0.05, np.nan, rng.integers(0, 60, n))
    return pd.DataFrame(table)


def _answers(rng: np.random.Generator, n: int, unknown: float, harmless: str, codes: list[str]) -> list[str]:
    told = np.where(rng.random(n) < 0.05, rng.choice(codes, n), harmless)
    return np.where(rng.random(n) < unknown, rng.choice(["dk", "ref", "missing", "not_asked"], n), told).tolist()
