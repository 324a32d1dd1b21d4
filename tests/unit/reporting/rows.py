"""Rows of every kind under every rule, as they are printed: a record of status, caution and figures.

`python -m tests.unit.reporting.rows` writes the record anew, after a change that is meant and was read.
"""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import fl_estimate as fl
from fl_estimate.results.basis import Support
from fl_estimate.results.codes import ReasonCode
from fl_estimate.results.estimates import Reason
from tests.unit.reporting.made import estimates

RECORD = Path(__file__).with_name("rows.json")
ZERO: dict[str, Any] = {"cases": 0, "value": 0.0, "se": 0.0, "lower": 0.0, "upper": 0.0061, "deff": None}
PERSONS: dict[str, Any] = {"value": 12_345.0, "se": 2_345.0, "lower": 8_765.0, "upper": 17_654.0}
KINDS: dict[str, dict[str, Any]] = {
    "plain": {}, "of 50 people": {"n": 50}, "of 49 people": {"n": 49}, "of nobody": {"n": 0, "cases": 0}, "of 30 people": {"n": 30}, "of 29 people": {"n": 29},
    "of 5 cases": {"cases": 5}, "of 4 cases": {"cases": 4}, "of 1 case": {"cases": 1}, "without a case": ZERO, "of 49 people without a case": ZERO | {"n": 49},
    "of 9 cases": {"cases": 9}, "of few and of no interval": {"cases": 2, "lower": None, "upper": None}, "without an interval": {"lower": None},
    "2 df": {"df": 2}, "1.9 df": {"df": 1.9}, "8 df": {"df": 8}, "7.9 df": {"df": 7.9}, "no df": {"df": None},
    "cv of 30": {"value": 0.01, "se": 0.003}, "cv of 31": {"value": 0.01, "se": 0.0031}, "cv of 60": {"value": 0.01, "se": 0.006, "upper": 0.03}, "cv and df": {"se": 0.005, "df": 7},
    "one in five": {"value": 0.2, "se": 0.011, "lower": 0.178, "upper": 0.224, "cases": 200}, "one in five of few": {"value": 0.2, "se": 0.08, "lower": 0.08, "upper": 0.38, "n": 60},
    "half": {"value": 0.5, "se": 0.07, "lower": 0.36, "upper": 0.64, "n": 70, "cases": 35}, "all": {"value": 1.0, "se": 0.0, "lower": 0.996, "upper": 1.0, "cases": 1000},
    "small": {"value": 0.000123456, "se": 0.0000345, "lower": 0.00007, "upper": 0.00021}, "long digits": {"value": 0.0123456789, "se": 0.00234567, "lower": 0.0087654321, "upper": 0.0176543, "undetermined": 0.0234567, "deff": 1.2345678, "df": 12.3456},
    "just under a tenth": {"value": 0.0996, "se": 0.00996, "lower": 0.0812, "upper": 0.1204}, "no error": {"se": None}, "another level": {"level": 0.9, "cases": 3},
}  # fmt: skip
TOTALS: dict[str, dict[str, Any]] = {
    "total": PERSONS, "total of few": PERSONS | {"cases": 4}, "total without a case": ZERO | {"upper": 4_567.0}, "wide total": PERSONS | {"lower": 1_000.0, "upper": 25_000.0}, "narrow total": PERSONS | {"lower": 5_000.0, "upper": 24_700.0},
    "total of a person": {"value": 0.4, "se": 0.2, "lower": 0.1, "upper": 0.9}, "round total": {"value": 100_000.0, "se": 30_000.0, "lower": 55_000.0, "upper": 180_000.0}, "total in millions": {"value": 123_456_789.0, "se": 2_345_678.0, "lower": 118_000_000.0, "upper": 129_000_000.0},
    "total without an error": PERSONS | {"se": None},
}  # fmt: skip
MODELS: dict[str, dict[str, Any]] = {
    "area": {}, "area of few cases": {"cases": 3}, "area of few people": {"n": 49, "cases": 9}, "area of nobody": {"n": 0, "cases": None}, "area unknown": {"n": None, "cases": None}, "area without an interval": {"lower": None, "upper": None}, "calibrated": {"interval_kind": "calibrated", "cases": 2},
}  # fmt: skip
TABLES: dict[str, fl.Estimates] = {
    "shares": estimates({"n": 9000, "cases": 300, "deff": 1.7}, *({"kind": name, **row} for name, row in KINDS.items()), by=("kind",),
                        reasons=[Reason(code=ReasonCode.of("zero_cases"), row=9), Reason(code=ReasonCode.of("interval_not_defined"), row=13, parameters=(("kind", "log"),))]),
    "per 1,000": estimates(*({"kind": name, **{key: 1000 * value if key in ("value", "se", "lower", "upper") and value is not None else value for key, value in ({"value": 0.01, "se": 0.002, "lower": 0.006, "upper": 0.014} | row).items()}} for name, row in list(KINDS.items())[::3]), by=("kind",), quantity="prevalence per 1,000"),
    "totals": estimates({**PERSONS, "deff": 2.2}, *({"kind": name, **row} for name, row in TOTALS.items()), by=("kind",), quantity="total", interval_kind="log"),
    "means": estimates({"value": 44.25, "se": 0.567, "lower": 43.1, "upper": 45.4, "cases": None}, {"kind": "of 49", "value": 44.25, "se": 0.567, "n": 49, "cases": None}, {"kind": "of few", "value": -0.0567, "se": 0.234, "lower": -0.5, "upper": 0.4, "cases": None, "df": 3}, by=("kind",), quantity="mean"),
    "differences": estimates(*({"kind": name, "value": value, "se": 0.0234, "lower": value - 0.05, "upper": value + 0.05, "cases": None, "term": "x"} for name, value in (("up", 0.0456), ("none", 0.0012), ("down", -0.1234))), by=("kind",), quantity="difference", outcome="hours"),
    "bounds": estimates(*({"kind": name, "bound": bound, "value": value, "upper": value + 0.01, "cases": cases} for name, cases in (("many", 12), ("few", 4)) for bound, value in (("lower", 0.01), ("upper", 0.02))), by=("kind",)),
    "models": estimates(*({"kind": name, **row} for name, row in MODELS.items()), by=("kind",), method="area-binomial", basis="model", interval_kind="equal-tailed"),
    "lists": estimates(*({"kind": name, "value": 1234.5, "se": 234.5, "lower": 876.5, "upper": 1876.5, "cases": None, **row} for name, row in (("many", {"n": 345}), ("few", {"n": 49}), ("no limit", {"n": 345, "upper": None}))), by=("kind",), quantity="population_size", method="chapman", basis="lists"),
    "figures": estimates(*({"kind": name, "value": 0.0456, "se": 0.0123, "lower": 0.02, "upper": 0.07, "n": n, "cases": cases} for name, n, cases in (("known", 345, 12), ("few", 345, 3), ("few people", 30, 9), ("unknown", None, None))), by=("kind",), method="published", basis="figures"),
}  # fmt: skip


def _made_of_parts(table: fl.Estimates) -> fl.Estimates:
    """Rows that rest on less than they print: half the people, a third of the cases, few units."""
    frame = table.frame
    n, cases = (frame[name].to_numpy(float, na_value=np.nan) for name in ("n", "cases"))
    support = Support.of(
        n // 2,
        cases // 3,
        df=frame["df"],
        df_effective=np.arange(len(frame)) % 12,
        psus_with_cases=np.arange(len(frame)) % 7,
    )
    return replace(table, support=support)  # fmt: skip


TABLES["made of parts"] = _made_of_parts(TABLES["shares"])
TABLES["its own units"] = replace(
    TABLES["shares"],
    support=Support.of(*(TABLES["shares"].frame[name].to_numpy(float, na_value=np.nan) for name in ("n", "cases")), df=TABLES["shares"].frame["df"], df_effective=np.arange(len(KINDS) + 1) % 12, psus_with_cases=np.arange(len(KINDS) + 1) % 7),
)  # fmt: skip
TABLES["models with limits"] = replace(
    TABLES["models"],
    diagnostics={
        "limits_of_few": {"area of few cases": (0.00123, 0.0234), "calibrated": (0.0, 0.0151), "area": (0.002, 0.03)},
        "released": {"area of few cases": (1.5, 1.25, 1.1, 1.2), "area": (2.0, 1.5, 1.0, 3.0)},
        "released_assumptions": [("area_covariates", [("covariates", "x")])],
    },
)  # fmt: skip


def _regions(*cases: int, **more: Any) -> fl.Estimates:
    rows = [
        {"region": name, "cases": k, "value": k / 1000, "se": 0.002, "lower": k / 2000, "upper": k / 500}
        for name, k in zip("ABCD", cases, strict=False)
    ]
    return estimates({"n": 4000, "cases": sum(cases), "value": sum(cases) / 4000}, *rows, **more)


def _model(**more: Any) -> fl.Estimates:
    return estimates(
        *({"region": name, "value": 0.02, "cases": None} for name in "ABCDE"),
        method="area-binomial",
        basis="model",
        interval_kind="equal-tailed",
        **more,
    )


TOGETHER: dict[str, dict[str, fl.Estimates]] = {
    "a withheld region": {"direct": _regions(20, 3, 15, 9), "total": _regions(20, 3, 15, 9, quantity="total", interval_kind="log"), "model": _model(), "nameless": _model(outcome="")},
    "nothing withheld": {"direct": _regions(20, 13, 15, 9), "model": _model(), "nameless": _model(outcome="")},
    "a region of numbers": {"direct": estimates({"n": 4000, "cases": 40}, *({"area": at, "cases": 3 + 9 * at} for at in (0.0, 1.0, 2.0)), by=("area",)), "nameless": estimates(*({"area": at, "value": 0.02, "cases": None} for at in ("0", "1", "7")), by=("area",), outcome="", method="area-binomial", basis="model", interval_kind="equal-tailed")},
    "models of domains": {"one": estimates({}, *({"region": name, "term": "x", "n": n} for name, n in zip("ABC", (500, 49, 700), strict=True)), quantity="coefficient", outcome="y"), "other": estimates({"term": "x"}, {"region": "A", "term": "x"}, quantity="odds_ratio", outcome="z")},
    "stacked scenarios": {"curve": estimates({"term": "×1"}, *({"region": name, "term": f"×{odds}", "cases": k} for name, k in zip("AB", (20, 3), strict=True) for odds in (1, 2)), quantity="scenario_prevalence", method="delta-adjusted")},
    "lists beside a survey": {"survey": _regions(20, 3, 15, 9), "lists": TABLES["lists"], "figures": TABLES["figures"]},
    "a mean beside it": {"direct": _regions(20, 3, 15, 9), "mean": estimates({"cases": None}, *({"region": name, "cases": None, "value": 40.0} for name in "ABCD"), quantity="mean", outcome="hours")},
}  # fmt: skip
"""What is published together: a cell that is withheld in one table goes in all."""
RULES: dict[str, Any] = {
    "default": "fl-default",
    "nchs": "nchs",
    "rare": "fl-rare",
    "withheld": fl.SuppressionRule(few_cases="withheld"),
    "model": fl.SuppressionRule(few_cases="model"),
    "ten cases, one digit": fl.SuppressionRule(min_cases=10, min_n=30, digits=1, assumed_deff=1.2, caution_cv=0.5, caution_df=2),
    "units": fl.SuppressionRule(min_df_effective=6, min_psus_with_cases=3),
    "widths": fl.SuppressionRule(max_width=0.02, sure_width=0.004, max_relative_width=1.0, max_relative_width_totals=0.8, min_effective_n=60),
    "nothing asked": fl.SuppressionRule(min_n=0, min_cases=0, min_df=0),
}  # fmt: skip
WITH_OTHERS = ("default", "withheld", "model")
COLUMNS = (
    "publication",
    "caution",
    "n",
    "cases",
    "value",
    "se",
    "lower",
    "upper",
    "undetermined",
    "df",
    "deff",
    "interval_kind",
    "p",
)


def _said(value: Any) -> str:
    if value is None or value is pd.NA or (isinstance(value, float) and math.isnan(value)):
        return "·"
    return f"{value:.9g}" if isinstance(value, float) else str(value)


def printed(name: str) -> list[str]:
    """What is printed of all tables, each by itself under a rule, then under some of them of what is published together."""
    rule = RULES[name]
    lines: list[str] = []
    for called, made in TABLES.items():
        lines += _lines(fl.publish({called: made}, rule=rule))
    for called, tables in TOGETHER.items() if name in WITH_OTHERS else ():
        published = fl.publish(tables, rule=rule)
        lines += [f"{called}, {published.protecting} to protect others", *_lines(published)]
    return lines


def _lines(published: fl.PublishedEstimates) -> list[str]:
    """A line a row, then what is told of rows and tables."""
    lines: list[str] = []
    for table in published.tables:
        for record in table.frame.to_dict("records"):
            told = " ".join(_said(record.get(column)) or "-" for column in COLUMNS)
            domain = " ".join(_said(record[name]) for name in table.by)
            lines.append(f"{table.name}, {domain}: {told}")
        lines += [
            f"{table.name}, of row {reason.row}: {reason.code} {dict(reason.parameters)}" for reason in table.reasons
        ]
        lines += [f"{table.name}, taken for granted: {each.code} {dict(each.parameters)}" for each in table.assumptions]
    return lines


def main() -> None:
    """Write the record."""
    told = {name: printed(name) for name in RULES}
    RECORD.write_text(json.dumps(told, ensure_ascii=False, indent=0) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
