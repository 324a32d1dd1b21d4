"""The models of `survey/models.json` in our terms: their data, designs and formulas. For tests only."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

import fl_estimate as fl
from tests.reference import r_calls

SURVEY = Path(__file__).parent / "survey"
ENTRIES: dict[str, dict[str, Any]] = {
    entry["id"]: entry for entry in json.loads((SURVEY / "models.json").read_text(encoding="utf-8"))["entries"]
}


def of(feature: str) -> list[str]:
    """The ids of a feature."""
    return [name for name, entry in ENTRIES.items() if entry["feature"] == feature]


@cache
def people(data: str) -> pd.DataFrame:
    """The people of an entry, with R's conditions as 0/1 columns."""
    frame = r_calls.table("nhanes" if data == "nhanes_women" else data)
    if data == "apistrat":
        # The columns of one table stand in several files; equal columns say that their rows are the same.
        model, more = r_calls.table("apistrat_model"), r_calls.table("apistrat_more")
        assert model["api00"].equals(frame["api00"])
        assert model["pw"].equals(frame["pw"])
        frame = frame.assign(ell=model["ell"], meals=model["meals"], api99=more["api99"])
    if data == "nhanes":
        frame = frame.assign(sex=frame["RIAGENDR"].map({1: "1 m", 2: "2 f"}))
    for name in ("sch_wide", "awards", "comp_imp"):
        if name in frame:
            frame = frame.assign(**{f"{name}_yes": (frame[name] == "Yes").astype(float)})
    return frame


def design(entry: dict[str, Any]) -> tuple[fl.Design, str | None]:
    """The design, and the subpopulation where R took a subset."""
    _, found, where = r_calls._design(entry)
    return found, where


def family(call: str) -> dict[str, Any]:
    """R's family and link as arguments of ours."""
    for theirs, ours in (
        ("quasibinomial", "binomial"), ("quasipoisson", "quasipoisson"), ("Gamma", "gamma"),
        ("inverse.gaussian", "inverse_gaussian"), ("gaussian", "gaussian"),
    ):  # fmt: skip
        if f"family={theirs}" in call:
            link = call.split("link='")[1].split("'")[0] if "link='" in call else None
            return {"family": ours, **({"link": link} if link else {})}
    raise ValueError(call)
