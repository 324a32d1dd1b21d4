"""Puzzles as a record: what readers of tables that are published together can put into equations, and what must stay open of it.

`python -m tests.unit.reporting.systems` writes the record anew, after a change that is meant and was read. Each row of a system
is text: its terms (factor·unknown), the interval, and the cell with which it is withheld, `-` where it is public.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import pandas as pd

import fl_estimate as fl
from fl_estimate.reporting.disclosure import audit as disclosure
from fl_estimate.reporting.disclosure.audit import closed_off
from fl_estimate.reporting.disclosure.choice import SuppressionChoice, attainable, choose
from fl_estimate.reporting.disclosure.local import WIDTHS, _PointSearch
from fl_estimate.reporting.disclosure.solver import audit, exposed
from fl_estimate.reporting.disclosure.system import PUBLIC, System, residual
from fl_estimate.reporting.disclosure.tables import Translation, translate
from tests.disclosure.test_scenarios import people as of_regions
from tests.disclosure.test_subpopulations_one_by_one import people as flagged
from tests.unit.reporting.made import estimates
from tests.unit.reporting.test_disclosure_engine import INVESTMENT, two_way
from tests.unit.reporting.test_disclosure_tables import people
from tests.unit.reporting.test_imputed_published import by as of_drawn
from tests.unit.reporting.test_imputed_published import planted

RECORD = Path(__file__).with_name("systems.json")
ANSWERS = Path(__file__).with_name("answers.json")
DESIGN = fl.Design(weights="w", psu="ea", expands=True)
BOTH = [["region"], ["district"]]


@contextmanager
def _caught(found: list[System]) -> Iterator[None]:
    """Systems are kept, and nothing more is withheld than the rule withholds."""

    def kept(*given: Any, **more: Any) -> Translation:
        made = translate(*given, **more)
        found.append(made.system)
        return made

    def choose(system: System, **_: Any) -> SuppressionChoice:
        none = np.zeros(len(system.low), dtype=bool)
        return SuppressionChoice(withheld=system.followed(system.withheld), optimal=True, open=True, exposed=none)

    with patch.object(disclosure, "translate", kept), patch.object(disclosure, "choose", choose):
        yield


def systems(results: Any, **more: Any) -> list[System]:
    """The systems of what is published together."""
    found: list[System] = []
    with _caught(found):
        fl.publish(results, **more)
    return found


def _number(value: float) -> str:
    return f"{float(value):.6g}"


def _sums(matrix: Any) -> Iterator[str]:
    for row in range(matrix.shape[0]):
        at = slice(matrix.indptr[row], matrix.indptr[row + 1])
        yield " + ".join(f"{_number(by)}·{to}" for to, by in zip(matrix.indices[at], matrix.data[at], strict=True))


def record(system: System) -> dict[str, list[str]]:
    """A system as text."""
    owners = ["-" if owner == PUBLIC else str(owner) for owner in system.owner]
    ends = (system.lower, system.upper, system.truth, system.integer)
    rows = zip(_sums(system.matrix), system.row_lower, system.row_upper, owners, strict=True)
    targets = zip(_sums(system.targets), system.low, system.high, system.target_cell, system.every, strict=True)
    return {
        "unknowns": [f"{_number(low)} to {_number(high)}, is {_number(true)}{', whole' * bool(whole)}" for low, high, true, whole in zip(*ends, strict=True)],
        "rows": [f"{terms} in {_number(low)} to {_number(high)} ({owner})" for terms, low, high, owner in rows],
        "open": [f"{terms} from {_number(low)} to {_number(high)} of {cell}{', each' * bool(every)}" for terms, low, high, cell, every in targets],
        "cells": [f"{_number(cost)}{', withheld' * bool(shut)}" for cost, shut in zip(system.cost, system.withheld, strict=True)],
        "follows": [f"{first} takes {other}" for first, other in system.follows.tolist()],
    }  # fmt: skip


# What is published together


@cache
def _people() -> pd.DataFrame:
    return people()


def _of(outcome: Any = "fl", by: Any = None, data: pd.DataFrame | None = None, **more: Any) -> fl.Estimates:
    return fl.estimate_prevalence(_people() if data is None else data, outcome, design=DESIGN, by=by, **more)


def _total(outcome: str = "fl", by: Any = None, **more: Any) -> fl.Estimates:
    return fl.estimate_total(_people(), outcome, design=DESIGN, by=by, **more)


@cache
def _read() -> pd.DataFrame:
    """Readings of one question: the wide one has three people more in A, and nobody more in B; and their other columns."""
    found = _people().copy()
    position = found.groupby("district").cumcount()
    wider = found["fl"].eq(1) | ((found["region"] == "A") & (found["district"] == "A2") & position.isin([60, 61, 62]))
    return found.assign(
        forced_labour=found["fl"],
        forced_labour_wide=wider.astype(int),
        debt=(found["fl"].eq(1) & found["sex"].eq(1)).astype(int),
        threat=(found["fl"].eq(1) & found["sex"].eq(2)).astype(int),
    )


def _plain(size: int = 300) -> pd.DataFrame:
    return flagged([60, 50, 40, 30, 3], size).assign(w=1.0)


def _flag(where: str | None = None, by: Any = None, **more: Any) -> fl.Estimates:
    return fl.estimate_prevalence(
        _plain(), "y", design=fl.Design(psu="ea", unweighted=True), where=where, by=by, **more
    )


def _few_made() -> fl.Estimates:
    """Rows without finest cells: regions of 400, one with three cases, and sexes in one region."""
    return estimates(
        {"n": 1200, "cases": 33, "value": 0.0275},
        {"region": "A", "n": 400, "cases": 20, "value": 0.05, "lower": 0.03, "upper": 0.08},
        {"region": "B", "n": 400, "cases": 10, "value": 0.025, "lower": 0.012, "upper": 0.04},
        {"region": "C", "n": 400, "cases": 3, "value": 0.0075, "lower": 0.002, "upper": 0.02},
        {"region": "A", "sex": "1", "n": 200, "cases": 12, "value": 0.06},
        {"region": "A", "sex": "2", "n": 200, "cases": 8, "value": 0.04},
        {"region": "B", "sex": "1", "n": 180, "cases": 6, "value": 0.033},
        by=("region", "sex"),
    )


def _earlier(by: Any, **more: Any) -> Any:
    return fl.publish([_of(by=by), _total(by=by)], **more)


STRICT = fl.SuppressionRule(few_cases="withheld", min_cases=10, min_n=130, digits=1)

CASES: dict[str, Callable[[], list[System]]] = {
    # Sums over geography, and what statuses tell
    "districts in regions": lambda: systems(_of(by=BOTH)),
    "districts in regions, another rule": lambda: systems([_of(by=BOTH), _total(by="region")], rule=STRICT),
    "districts and regions apart": lambda: systems([_of(by="region"), _of(by="district")], nested={"district": {name: name[0] for name in ("A1", "A2", "A3", "B1", "B2", "B3")}}),
    "districts and regions apart, named": lambda: systems([_of(by="region"), _of(by="district")], nested={"district": {"region": {"A1": "A", "B1": "B"}}}),
    "crossed": lambda: systems(_of(by=["region", "sex"], data=_people().assign(sex=lambda f: f["sex"].where(f.index % 50 > 0)))),
    "two surveys": lambda: systems([_of(by="district"), _of(by="district", data=_people().iloc[:-7]), fl.estimate_mean(_people(), "pay", design=DESIGN)]),
    "no case in a district": lambda: systems(_of(by="district", data=people({"A1": 3, "A2": 9, "B1": 0}))),
    "one weight": lambda: systems([_of(by="region", data=people({"A1": 3, "B1": 11}).assign(w=2.0)), _of("not_fl", data=people({"A1": 3, "B1": 11}).assign(w=2.0))]),
    # The same cell in another dress
    "totals, ratios, variances": lambda: systems([_of(by="district"), _total(by="district"), fl.estimate_ratio(_people(), "fl", "one", design=DESIGN, by="region"), fl.estimate_variance(_people(), "fl", design=DESIGN, by="district")]),
    "complement, the same, values of a text": lambda: systems([_of(by="district"), _of("not_fl", by="region"), _of("same", by="region"), _of("form", by="region")]),
    "a quantity of two values": lambda: systems([_of(by="district"), fl.estimate_mean(_people(), "pay", design=DESIGN, by="region"), fl.estimate_quantile(_people(), "pay", 0.5, design=DESIGN, by="region")]),
    "sum of two": lambda: systems([_of(name, by="district", data=_read()) for name in ("fl", "debt", "threat")]),
    "readings": lambda: systems([_of(name, by="region", data=_read()) for name in ("forced_labour", "forced_labour_wide")]),
    "readings, nothing tells": lambda: systems([_of(name, by="region", data=_read()) for name in ("forced_labour", "forced_labour_wide")], rule=fl.SuppressionRule(few_cases="withheld")),
    # Models, contrasts, scenarios
    "models": lambda: systems([_of(by="district"), fl.regress(_people(), "fl ~ sex + C(region)", design=DESIGN), fl.t_test(_people(), "pay", by="region", design=DESIGN), fl.independence_test(_people(), "fl", "sex", design=DESIGN).rows]),
    "models of regions": lambda: systems([_of(by="region"), fl.regress(_people(), "fl ~ sex", design=DESIGN, by="district")]),
    "contrasts": lambda: systems([_of(by="district"), fl.contrast(_of(by=BOTH), {"district": ("A2", "A1")}), fl.contrast(_of(by="region"), {"region": ("A", "B")})]),
    "delta": lambda: systems([of_regions_prevalence(), fl.delta_curve(of_regions(), "fl", by="region", odds=[2]), fl.delta_curve(of_regions(), "fl", by="region", odds=[2], quantity="total")]),
    "undercoverage": lambda: systems(fl.undercoverage_curve(of_regions_prevalence(), 0.1, relative_prevalence=[0, 2])),
    "imputed": lambda: systems({"imputed": of_drawn(planted(), "impute"), "bounds": of_drawn(planted(), "bounds"), "totals": fl.estimate_total(planted(), "fl", by="region", unknown="impute"), "bounds of totals": fl.estimate_total(planted(), "fl", by="region", unknown="bounds")}),
    # Rows that stand for themselves
    "rows alone": lambda: systems(_few_made()),
    "stacked": lambda: systems([fl.stack({"one": _of(by="region"), "other": _of(by="region")}), _few_made()]),
    # Subpopulations
    "subpopulations": lambda: systems([_of(), _of(where="sex == 1"), _of(where="sex == 2"), _of(where="age < 17"), _of(where="age < 18 and sex == 1")]),
    "subpopulations by region": lambda: systems([_of(by="region", where=where) for where in (None, "age < 63", "age >= 18")]),
    "regions one by one": lambda: systems([_flag(), *(_flag(f"region == '{name}'") for name in "ABCD")]),
    "flags one by one": lambda: systems([_flag(), *(_flag(f"in_{name} == 1") for name in "ABCD")]),
    "a table and a condition": lambda: systems([_flag(by="region"), _flag("region == 'A'"), _flag("region in ['A', 'B']", by="sex")]),
    "rows of tables and conditions": lambda: systems([_flag(by="region"), _flag("sex == 'f'"), _flag("zone == '1' and sex == 'f'"), _flag("region == 'A' and sex == 'f'", by="sex")]),
    # What was released before
    "after districts": lambda: systems([_of(by="region"), _of(by="region", where="age < 60")], previous=[_earlier("district")]),
    "after regions": lambda: systems([_of(by=BOTH)], previous=[_earlier("region")]),
    "after crossed cells": lambda: systems([_of(by="region"), _total(by="sex")], previous=[_earlier(["region", "sex"])]),
    "after a subpopulation": lambda: systems([_of(by="region")], previous=[fl.publish(_of(by="region", where="age < 63"))]),
    "after imputed figures": lambda: systems({"bounds": of_drawn(planted(), "bounds")}, previous=[fl.publish({"imputed": of_drawn(planted(), "impute", None), "bounds": of_drawn(planted(), "bounds", None)})]),
}  # fmt: skip


def of_regions_prevalence() -> fl.Estimates:
    """Prevalences of the people of whom scenarios are made."""
    return fl.estimate_prevalence(of_regions(), "fl", by="region")


@cache
def made(name: str) -> list[System]:
    """The systems of a case."""
    return CASES[name]()


# What readers work out, and where the search looks


def answers(system: System) -> dict[str, Any]:
    """What does not depend on which of several answers a solver gives: bounds, ends of intervals, the least cost, who is exposed."""
    shut = system.followed(system.withheld)
    left = residual(system, shut)
    best = choose(system)
    aims = attainable(system)
    nothing = np.zeros_like(system.withheld)
    search = _PointSearch.of(aims, system.withheld, math.inf, None)
    return {
        "left": [f"{_number(low)} to {_number(high)}{', settled' * (not loose)}, part {part}" for low, high, loose, part in zip(left.lower, left.upper, left.loose, _named(left.part), strict=True)],
        "rows left": [f"{terms} in {_number(low)} to {_number(high)}" for terms, low, high in zip(_sums(left.matrix), left.row_lower, left.row_upper, strict=True)],
        "all printed": [f"{_number(low)} to {_number(high)}" for low, high in zip(residual(system, nothing).lower, residual(system, nothing).upper, strict=True)],
        "worked out": [f"target {one.target} of {one.cell}: {_number(one.lower)} to {_number(one.upper)}, is {_number(one.truth)}{', open' * one.protected}" for one in audit(system)],
        "attainable": [f"{_number(low)} to {_number(high)}" for low, high in zip(aims.low, aims.high, strict=True)],
        "exposed": np.flatnonzero(exposed(aims, shut)).tolist(),
        "choice": (f"the least cost is {_number(system.cost[best.withheld].sum())}" if best.optimal else "found by looking nearby") + ", open" * best.open,
        "closed off": np.flatnonzero(closed_off(system, shut, exposed(aims, shut))).tolist(),
        "between": np.flatnonzero(search.inner).tolist(),
        "near": [[len(search._near(need, width)), int(search._near(need, width).sum())] for need in range(len(search.needs.target)) for width in WIDTHS],
        "shown by the data": np.flatnonzero(search.shown_by >= 0).tolist(),
    }  # fmt: skip


def _named(part: Any) -> list[int]:
    """Parts by the order in which they come."""
    names = {value: position for position, value in enumerate(dict.fromkeys(part.tolist()))}
    return [names[value] for value in part.tolist()]


def _wide() -> System:
    """Counts of which no two are alike, in two rows of sixty-six; those of fewer than eight are withheld."""
    counts = np.random.default_rng(3).permutation(np.arange(1, 133)).reshape(2, 66)
    few = [(int(row), int(column)) for row, column in zip(*np.nonzero(counts < 8), strict=True)]
    return two_way(counts, few, 1, 9, most=400)


ANSWERED: dict[str, Callable[[], System]] = {
    **{name: lambda name=name: made(name)[0] for name in (
        "districts in regions", "districts in regions, another rule", "no case in a district", "totals, ratios, variances", "complement, the same, values of a text",
        "a quantity of two values", "readings", "models", "delta", "imputed", "rows alone", "subpopulations", "flags one by one", "a table and a condition", "after regions",
    )},
    "a table of three by three": lambda: two_way(INVESTMENT, [(1, 2)], 18, 26),
    "two cells of one table": lambda: two_way(INVESTMENT, [(1, 2), (0, 0)], 5, 40, most=60),
    "a wide table": _wide,
}  # fmt: skip


def main() -> None:
    """Write the records."""
    told = {name: [record(system) for system in made(name)] for name in CASES}
    RECORD.write_text(json.dumps(told, ensure_ascii=False, indent=0) + "\n", encoding="utf-8")
    found = {name: answers(make()) for name, make in ANSWERED.items()}
    ANSWERS.write_text(json.dumps(found, ensure_ascii=False, indent=0) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
