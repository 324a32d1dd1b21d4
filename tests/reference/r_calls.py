"""Read the R calls of the stored reference values as calls of ours: a small translator, for tests only."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

import fl_estimate as fl

# Σp²/40 over the 4,600 counties of the election table that R survey ships (data set `election`, computed from it).
HR_SUM = 0.10321027266234988
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
    centre: str = "mean"


@cache
def table(name: str) -> pd.DataFrame:
    frame = pd.read_csv(DATA / f"{name}.csv")
    return frame.rename(columns={column: _plain(column) for column in frame.columns})


def read(entry: dict[str, Any]) -> Call:
    """Translate an entry's `design` and `call`."""
    frame, design, where = _design(entry)
    text = entry["call"]
    formulas = re.findall(r"(?:by=|denominator=)?~((?:I|factor)\((?:[^()]|\([^()]*\))*\)|[\w.+]+)", text)
    outcomes = tuple(_outcome(frame, part) for part in _split(formulas[0])) if formulas else ()
    if text.startswith("svymean(~I(") and "as.numeric" not in text:
        # A condition is TRUE and FALSE to R: two outcomes.
        outcomes = tuple(
            (name, known) for _, values in outcomes for name, known in (("no", 1 - values), ("yes", values))
        )
    frame = frame.assign(**dict(outcomes))
    by, denominator, function = (), None, text.split("(")[0]
    if function == "svyby":
        by = tuple(dict.fromkeys(_plain(name) for name in formulas[1].split("+")))
        function = "svyratio" if "svyratio" in text else _found(r",d,([\w.]+)", text)
    if function == "svyratio":
        denominator, values = _outcome(frame, formulas[-1])
        denominator = "denominator" if denominator == "case" else denominator
        frame = frame.assign(**{denominator: values})
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
    if text.startswith("twophase("):
        frame = frame.assign(ph2=(frame["snum"] % 3 != 0).astype(int))
        # "simple" and "approx" are the same numbers in R.
        variance = "full" if "method='full'" in text else "approx"
        second = ("ph2", fl.Design(strata="stype"))
        return frame, fl.Design(fpc="fpc", phase2=second, phase2_variance=variance), where
    if text.startswith("svrepdesign("):
        return *_provided(entry, frame.reset_index(drop=True)), where
    formula = dict(re.findall(r"(id|strata|weights|fpc)=~([\w.+]+)", text))
    names = {key: tuple(_plain(name) for name in value.split("+")) for key, value in formula.items()}
    options = entry.get("options") or {}
    design = fl.Design(
        weights=names["weights"][0] if "weights" in names else None,
        strata=names["strata"][0] if "strata" in names else None,
        stages=() if names["id"] == ("1",) else names["id"],
        fpc=names.get("fpc", ()),
        single_psu=RULES[options.get("survey.lonely.psu", "fail")],
        single_psu_scope="domain" if options.get("survey.adjust.domain.lonely") else "sample",
        # R takes any weights for those of a population, and gives everybody 1 where there are none.
        expands=True if "weights" in names else None,
        unweighted="weights" not in names and "fpc" not in names,
        **_unequal(text),
    )
    if options.get("survey.ultimate.cluster"):
        # The first stage alone, with the weights of all of them.
        design = fl.Design(weights="pw", stages=design.stages[:1], fpc=design.fpc[:1], expands=True)
    if text.startswith("as.svrepdesign("):
        design = fl.replicate(frame, design=design, **_kind(text))
    return frame, design, where


def _unequal(text: str) -> dict[str, Any]:
    if "pps=" not in text:
        return {}
    if "ppsmat" in text:
        joint = pd.read_csv(DATA / f"{_found(r'as.matrix.(election_joint[a-zA-Z]+)', text)}.csv").to_numpy()
        return {"pps": "yg" if 'variance="YG"' in text else "ht", "joint": joint}
    if "pps=HR(" in text:
        return {"pps": "hr", "hr_sum": HR_SUM if "election$p" in text else None}
    return {"pps": _found(r'pps="(\w+)"', text)}


def _kind(text: str) -> dict[str, Any]:
    kind = re.search(r"""type=['"](\w+)""", text)
    fay = re.search(r"fay.rho=([\d.]+)", text)
    return {
        "kind": kind.group(1).lower() if kind else "jk1",
        "centre": "estimate" if "mse=TRUE" in text else "mean",
        **({"fay": float(fay.group(1))} if fay else {}),
    }


@cache
def provided(name: str) -> pd.DataFrame:
    """Replicate weights R made: kept as the different rows of multipliers, and which of them each person has."""
    people = pd.read_csv(DATA / f"{name}_rows.csv")
    patterns = pd.read_csv(DATA / f"{name}_patterns.csv.gz").to_numpy()[people["pattern"].to_numpy()]
    weights = patterns * people["pw"].to_numpy()[:, None]
    return pd.DataFrame({f"rw{position}": column for position, column in enumerate(weights.T)}).assign(pw=people["pw"])


def _provided(entry: dict[str, Any], frame: pd.DataFrame) -> tuple[pd.DataFrame, fl.Design]:
    made = provided(Path(entry["spec"]["repweights_file"]).stem)
    columns = [name for name in made.columns if name != "pw"]
    own = fl.Replicates(columns, kind="other", scale=entry["spec"]["scale"], centre="mean")
    frame = pd.concat([frame.drop(columns="pw", errors="ignore"), made], axis=1)
    return frame, fl.Design(weights="pw", replicates=own, expands=True)


def _split(formula: str) -> list[str]:
    return [formula] if formula.startswith(("I(", "factor(")) else formula.split("+")


def _outcome(frame: pd.DataFrame, text: str) -> tuple[str, pd.Series]:
    if text.startswith("factor("):
        # R's factor of numbers is a text column here, of words: one outcome for each value.
        values = frame[_plain(text[len("factor(") : -1])]
        return "level", ("c" + values.astype("string")).where(values.notna())
    if plus := re.match(r"^I\(([\w.]+)\+1\)$", text):
        return "plus_one", frame[_plain(plus.group(1))] + 1
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
