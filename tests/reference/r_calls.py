"""Read the R calls of the stored reference values as calls of ours: a small translator, for tests only."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

import fl_estimate as fl

DATA = Path(__file__).parent / "survey" / "data"
RULES: dict[str, Any] = {
    "fail": "error",
    "remove": "remove",
    "certainty": "certainty",
    "adjust": "adjust",
    "average": "average",
}


@dataclass(frozen=True)
class Call:
    """One R call in our terms: the frame with the outcome as a 0/1 column where R wrote I(…)."""

    frame: pd.DataFrame
    design: fl.Design
    where: str | None
    outcomes: tuple[str, ...]
    by: tuple[str, ...]
    denominator: str | None
    function: str
    method: str | None
    level: float
    df: float | None
    deff: str | None


@cache
def table(name: str) -> pd.DataFrame:
    frame = pd.read_csv(DATA / f"{name}.csv")
    return frame.rename(columns={column: _plain(column) for column in frame.columns})


def read(entry: dict[str, Any]) -> Call:
    """Translate an entry's `design` and `call`."""
    frame, design, where = _design(entry)
    text = entry["call"]
    formulas = re.findall(r"(?:by=|denominator=)?~(I\((?:[^()]|\([^()]*\))*\)|[\w.+]+)", text)
    outcomes = tuple(_outcome(frame, part) for part in _split(formulas[0])) if formulas else ()
    frame = frame.assign(**dict(outcomes))
    by, denominator, function = (), None, text.split("(")[0]
    if function == "svyby":
        by = tuple(dict.fromkeys(_plain(name) for name in formulas[1].split("+")))
        function = "svyratio" if "svyratio" in text else _found(r",d,([\w.]+)", text)
    if function == "svyratio":
        denominator = _plain(formulas[-1])
    level = re.search(r"level=([\d.]+)", text)
    return Call(
        frame=frame,
        design=design,
        where=where,
        outcomes=tuple(name for name, _ in outcomes),
        by=by,
        denominator=denominator,
        function=function,
        method=(re.search(r"method='(\w+)'", text) or [None, None])[1],
        level=float(level.group(1)) if level else float((entry.get("result") or {}).get("ci_level", 0.95)),
        df=float("inf") if "df=Inf" in text else None,
        deff="replace" if "deff='replace'" in text else "true" if "deff=TRUE" in text else None,
    )


def _found(pattern: str, text: str) -> str:
    match = re.search(pattern, text)
    if match is None:
        raise ValueError(f"{pattern} is not in {text}")
    return match.group(1)


def _design(entry: dict[str, Any]) -> tuple[pd.DataFrame, fl.Design, str | None]:
    text, frame, where = entry["design"], table(entry["data"]), None
    if text.startswith("subset("):
        where = _found(r"\),([^,]*)\)$", text).replace("'", '"')
    if "stratum_c=ifelse" in text:
        frame = frame.assign(stratum_c=frame["stratum"].replace("S08", "S07"))
    if 'subset(synth_a,stratum!="S08")' in text:
        frame = frame[frame["stratum"] != "S08"]
    if "subset(crowd,cluster!=2)" in text:
        frame = frame[frame["cluster"] != 2]
    formula = dict(re.findall(r"(id|strata|weights|fpc)=~([\w.+]+)", text))
    names = {key: tuple(_plain(name) for name in value.split("+")) for key, value in formula.items()}
    options = entry.get("options") or {}
    design = fl.Design(
        weights=names["weights"][0] if "weights" in names else None,
        strata=names["strata"][0] if "strata" in names else None,
        stages=() if names["id"] == ("1",) else names["id"],
        fpc=names.get("fpc", ()),
        single_psu=RULES[options.get("survey.lonely.psu", "fail")],
    )
    return frame, design, where


def _split(formula: str) -> list[str]:
    return [formula] if formula.startswith("I(") else formula.split("+")


def _outcome(frame: pd.DataFrame, text: str) -> tuple[str, pd.Series]:
    if not text.startswith("I("):
        return _plain(text), frame[_plain(text)]
    condition = text[2:-1]
    if condition.startswith("as.numeric("):
        condition = condition[len("as.numeric(") : -1]
    # R's & is three-valued: FALSE & NA is FALSE.
    value, unknown = pd.Series(True, index=frame.index), pd.Series(False, index=frame.index)
    for part in condition.split(" & "):
        column, sign, constant = re.findall(r"^([\w.]+)\s*(==|<|>)\s*(.+)$", part)[0]
        values = frame[_plain(column)]
        other = constant.strip("'") if constant.startswith("'") else float(constant)
        true = {"==": values.eq, "<": values.lt, ">": values.gt}[sign](other)
        value, unknown = value & (true | values.isna()), unknown | values.isna()
    return "case", value.astype(float).where(~(unknown & value))


def _plain(name: str) -> str:
    return name.replace(".", "_")
