"""Variances and covariances equal a plain row-by-row implementation on random designs of one to three stages; invariances hold."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
import numpy as np
import pandas as pd
from hypothesis import example, given, settings

import fl_estimate as fl


def people(rng: np.random.Generator, *, strata: int) -> pd.DataFrame:
    """Random people in strata, units of up to three stages, with counts of units as fpc and unequal weights."""
    rows: list[dict[str, Any]] = []
    for h in range(strata):
        units = int(rng.integers(2, 5))
        for i in range(units):
            seconds = int(rng.integers(2, 4))
            for j in range(seconds):
                persons = int(rng.integers(2, 5))
                for _ in range(persons):
                    rows.append(
                        {
                            "h": f"s{h}", "i": i, "j": j, "k": len(rows),
                            "N1": units + 3 + h, "N2": seconds + 2, "N3": persons + 1,
                            "w": float(rng.uniform(1, 9)), "region": int(rng.integers(0, 3)), "sex": int(rng.integers(1, 3)),
                            "y": float(rng.normal(10, 3)), "x": float(rng.uniform(1, 2)), "c": int(rng.random() < 0.3),
                        }
                    )  # fmt: skip
    return pd.DataFrame(rows)


def plain_variance(
    frame: pd.DataFrame, u: np.ndarray, ids: list[str], fpc: list[str], strata: str | None
) -> np.ndarray:
    """V(u) by recursion over the rows (methods of Särndal, Swensson & Wretman 1992, ch. 4): slow, and nothing shared with ours."""
    total = np.zeros((u.shape[1], u.shape[1]))
    groups = frame.groupby(strata).groups.values() if strata else [frame.index]
    for rows in groups:
        inside = frame.loc[rows]
        units = list(inside.groupby(ids[0]).groups.values())
        n = len(units)
        f = n / inside[fpc[0]].iloc[0] if fpc else 0.0
        z = np.array([u[frame.index.get_indexer(unit)].sum(axis=0) for unit in units])
        if n > 1:
            d = z - z.mean(axis=0)
            total += (1 - f) * n / (n - 1) * d.T @ d
        if len(fpc) > 1:
            for unit in units:
                part = frame.loc[unit]
                total += f * plain_variance(part, u[frame.index.get_indexer(unit)], ids[1:], fpc[1:], None)
    return total


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), stages=st.integers(0, 3), with_fpc=st.booleans())
def test_joint_covariance_of_nation_and_domains(seed: int, stages: int, with_fpc: bool) -> None:
    frame = people(np.random.default_rng(seed), strata=3)
    ids = ["i", "j", "k"][:stages] or ["k"]
    fpc = ["N1", "N2", "N3"][:stages] if with_fpc and stages else []
    design = fl.Design(weights="w", strata="h", stages=tuple(ids[:stages]), fpc=tuple(fpc), expands=True)
    estimates = fl.estimate_mean(frame, ["y", "x"], design=design, by=[["region"], ["sex"]])
    result, u = estimates.to_frame(), []
    for row in result.to_dict("records"):
        inside = np.ones(len(frame), dtype=bool)
        for name in ("region", "sex"):
            if row["margin"] == name:
                inside &= (frame[name] == row[name]).to_numpy()
        w, values = frame["w"].to_numpy() * inside, frame[row["outcome"]].to_numpy()
        mean = (w * values).sum() / w.sum()
        np.testing.assert_allclose(row["value"], mean, rtol=1e-12)
        u.append(w * (values - mean) / w.sum())
    # Without an fpc, or without stages, the first stage is all there is.
    expected = plain_variance(frame, np.array(u).T, ids if stages else ["k"], fpc, "h")
    np.testing.assert_allclose(estimates.covariance, expected, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(result["se"], np.sqrt(np.diag(expected)), rtol=1e-9)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), factor=st.floats(0.01, 1000))
def test_what_must_not_matter(seed: int, factor: float) -> None:
    """Scaled weights, shuffled rows and renamed strata leave a prevalence as it is; a total is prevalence × people."""
    rng = np.random.default_rng(seed)
    frame = people(rng, strata=3)
    design = fl.Design(weights="w", strata="h", psu="i", expands=True)
    first = fl.estimate_prevalence(frame, "c", design=design, by="region").to_frame()
    changed = frame.assign(w=frame["w"] * factor, h="x" + frame["h"]).sample(frac=1, random_state=seed)
    second = fl.estimate_prevalence(changed, "c", design=design, by="region").to_frame()
    for name in ("value", "se", "lower", "upper", "n", "cases", "df", "deff"):
        np.testing.assert_allclose(second[name].astype(float), first[name].astype(float), rtol=1e-9, atol=1e-15)
    totals = fl.estimate_total(frame.assign(one=1), ["c", "one"], design=design, by="region").to_frame()
    count = totals[totals["outcome"] == "c"]["value"].to_numpy()
    everyone = totals[totals["outcome"] == "one"]["value"].to_numpy()
    np.testing.assert_allclose(count, first["value"] * everyone, rtol=1e-12)


@settings(max_examples=20, deadline=None)
@example(seed=4639)  # one row in the domain: the standard error is 0, not what a fused multiplication leaves
@given(seed=st.integers(0, 10_000))
def test_where_keeps_the_design_of_the_whole_sample(seed: int) -> None:
    """where= is a by-domain; filtering rows first gives another standard error as soon as a unit falls out."""
    rng = np.random.default_rng(seed)
    frame = people(rng, strata=2)
    frame["few"] = ((frame["i"] == 0) & (frame["sex"] == 1)).astype(int)
    if not frame["few"].any():
        return
    design = fl.Design(weights="w", strata="h", psu="i", expands=True)
    inside = fl.estimate_mean(frame, "y", design=design, where="few").to_frame().iloc[0]
    domain = fl.estimate_mean(frame, "y", design=design, by="few").select(few=1).to_frame().iloc[0]
    written = fl.estimate_mean(frame, "y", design=design, where="i == 0 and sex == 1").to_frame().iloc[0]
    for name in ("value", "se", "df", "n"):
        np.testing.assert_allclose([inside[name], written[name]], [domain[name]] * 2, rtol=1e-12)
