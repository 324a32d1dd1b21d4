"""Which criteria decided, person by person: a table made from the rows of a classification."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING, Any

import narwhals as nw
import pandas as pd

from fl_estimate.indicators.deciding import Criterion

if TYPE_CHECKING:
    from fl_estimate.indicators.classify import Classification

PERSON = "person_id"
ROW = "row"
"""Where people have no id: the place of a person in the frame, counted from 0."""
TAIL: tuple[str, ...] = ("outcome", "decided", "framework", "criterion", "label", "kind", "dimension", "value")


def reasons(classification: Classification, language: str) -> pd.DataFrame:
    """The criteria that decided, for everybody whose class is positive or undetermined; see `Classification.reasons`."""
    rows, key = _possible_rows(classification)
    parts: list[pd.DataFrame] = []
    for outcome in _overall(classification):
        of_outcome = rows[rows[f"{outcome}_possible"] == 1]
        best = of_outcome.groupby(key)[outcome].transform("max") if key else of_outcome[outcome]
        decisive = of_outcome[of_outcome[outcome] == best]
        having = {framework.id for framework in classification.frameworks if framework.outcome(outcome) is not None}
        for name, criterion in classification.criteria.items():
            if name.partition(":")[0] in having:
                parts.append(_criterion(decisive, outcome, name, criterion, key, language))
    columns = [*([key] if key else []), *TAIL]
    if not parts:
        return pd.DataFrame(columns=columns)
    table = pd.concat(parts)[columns]
    return (table.sort_values(key, kind="stable") if key else table).reset_index(drop=True)


def multiple_responses(classification: Classification, language: str) -> pd.DataFrame:
    """How many of the people in a class each criterion is true of; see `Classification.reasons`."""
    told = reasons(classification, language)
    true = told[(told["decided"] == "positive") & (told["value"] == "true")]
    weights = _weights(classification, true.columns[0])
    group = ["outcome", "framework", "kind", "dimension", "criterion", "label"]
    once = true.drop_duplicates([true.columns[0], *group])
    held = once.assign(weight=once[true.columns[0]].map(weights["weight"]).astype(float))
    table = held.groupby(group, sort=False)["weight"].agg(["size", "sum"]).reset_index()
    totals = {name: float(weights.loc[weights[name] == 1, "weight"].sum()) for name in _overall(classification)}
    table["share"] = table["sum"].astype(float) / table["outcome"].map(totals).astype(float)
    order = ["outcome", "framework", "kind", "dimension"]
    table = table.rename(columns={"size": "n"}).sort_values(
        [*order, "share"], ascending=[True] * len(order) + [False], kind="stable", ignore_index=True
    )
    return table[[*group, "n", "share"]]


def _weights(classification: Classification, key: str) -> pd.DataFrame:
    """Weight and classes of the people, by their id or place."""
    design, outcomes = classification.design, _overall(classification)
    named = design.weights if design is not None and design.weights is not None else None
    people: Any = nw.from_native(classification.people)
    chosen = people.select(*([key] if key == PERSON else []), *([named] if named else []), *outcomes)
    table = (chosen.collect() if isinstance(chosen, nw.LazyFrame) else chosen).to_pandas()
    table = table.set_index(key) if key == PERSON else table.reset_index(drop=True)
    return table.assign(weight=table[named].fillna(0.0) if named else 1.0)


def _overall(classification: Classification) -> list[str]:
    """The outcomes that say in the class or not."""
    found = (
        entry.id for one in classification.frameworks for entry in one.outcomes if entry.type in ("binary", "classes")
    )
    return list(dict.fromkeys(found))


def _possible_rows(classification: Classification) -> tuple[pd.DataFrame, str]:
    """The rows that are in a class for sure or possibly, in memory, with the column that names the person."""
    rows: Any = nw.from_native(classification.rows)
    names = rows.collect_schema().names()
    key = PERSON if PERSON in names else ""
    if not key and isinstance(rows, nw.DataFrame):
        key = ROW
        rows = rows.with_row_index(ROW)
    possible = reduce(
        lambda left, right: left | right, [nw.col(f"{outcome}_possible") == 1 for outcome in _overall(classification)]
    )
    found = rows.filter(possible)
    return (found.collect() if isinstance(found, nw.LazyFrame) else found).to_pandas(), key


def _criterion(
    rows: pd.DataFrame, outcome: str, name: str, criterion: Criterion, key: str, language: str
) -> pd.DataFrame:
    """The rows in which one criterion is true, or unknown where the class is undetermined."""
    positive = rows[outcome] == 1
    true = rows[name] == 1
    unknown = (rows[f"{name}_possible"] == 1) & ~true & ~positive
    chosen = true | unknown
    own = name.partition(":")[0] == criterion.framework.id
    return pd.DataFrame(
        {
            **({key: rows[key][chosen]} if key else {}),
            "outcome": outcome,
            "decided": positive[chosen].map({True: "positive", False: "undetermined"}),
            "framework": name.partition(":")[0],
            "criterion": criterion.id if own else f"{criterion.framework.id}.{criterion.id}",
            "label": criterion.label.of(language),
            "kind": criterion.kind,
            "dimension": criterion.dimension,
            "value": true[chosen].map({True: "true", False: "unknown"}),
        }
    )
