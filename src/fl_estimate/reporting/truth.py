"""The known truth of a synthetic population, to be printed beside what a sample of it says."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pandas as pd

from fl_estimate.errors import FileFault, PublishFault, bytes_of, is_file
from fl_estimate.results.estimates import margin_columns

PERSONS = "adults"
SAME: dict[tuple[str, str], str] = {("sex", "1"): "male", ("sex", "2"): "female"}
"""Codes of the common schema that a truth file writes in words."""
TOTALS: dict[str, str] = {"persons": "total", "population_size": "total", "dark_figure": "total"}
"""Quantities that a true number of persons answers."""
Key = tuple[str, str, frozenset[tuple[str, str]]]


@dataclass(frozen=True, kw_only=True, eq=False)
class Truth:
    """True values by quantity, outcome and by-values, in natural units."""

    values: Mapping[Key, float]

    def of(self, record: Mapping[str, Any], by: Sequence[str]) -> float | None:
        """The true value of what a row of a table estimates; None where it is not known."""
        margin = margin_columns(record)
        named = {(name, _label(name, record[name])) for name in by if name in margin and not pd.isna(record[name])}
        if len(named) != len(margin):
            return None
        quantity = str(record["quantity"])
        if quantity == "quantile":
            quantity = _quantile(record["term"])
        known = self.values.get((TOTALS.get(quantity, quantity), str(record["outcome"]), frozenset(named)))
        # Those on no list are all whom there are less those observed.
        if quantity != "dark_figure" or known is None:
            return known
        return None if pd.isna(record["n"]) else known - float(record["n"])


@dataclass(frozen=True, kw_only=True, eq=False)
class TruthOfRounds(Truth):
    """True values of each round, by its country and period."""

    rounds: Mapping[tuple[str, str], Truth]

    def of(self, record: Mapping[str, Any], by: Sequence[str]) -> float | None:
        """As of one round."""
        known = self.rounds.get((str(record["country"]), str(record["period"])))
        return None if known is None else known.of(record, by)


def read_truth(path: Path) -> Truth:
    """Read a truth file.

    Parameters
    ----------
    path : Path
        JSON as `datasets` writes it: ``{"national": {"adults": 40000, "forced_labour": 130}, "region": {"Avelle":
        {"adults": 9000, "forced_labour": 21}, …}, …}``. The persons counted stand under `adults`, each outcome's
        cases under its name. True means stand under ``"mean": {"recruitment_cost_share": 1.7}``, quantiles by their
        probability under ``"quantile": {"recruitment_cost_share": {"0.5": 1.6}}``, and shares of fewer than all persons
        under ``"share": {"over_three_months": 0.1}``. What else the file holds is left alone.

    Raises
    ------
    FileFault
        FL-FILE-01 where there is no such file.
    PublishFault
        FL-PUB-11 where it is not such JSON.
    """
    if not is_file(path):
        raise FileFault("FL-FILE-01", "there is no such file", found=path.name, fix="check the path of the truth file")
    try:
        read: dict[str, Any] = json.loads(bytes_of(path))
        values = dict(_counted(read["national"], frozenset()))
        for column, groups in read.items():
            if column != "national" and isinstance(groups, Mapping):
                for label, counts in cast("Mapping[str, Any]", groups).items():
                    if isinstance(counts, Mapping) and PERSONS in counts:
                        named = frozenset({(str(column), _label(str(column), label))})
                        values |= dict(_counted(cast("Mapping[str, Any]", counts), named))
    except (ValueError, KeyError, TypeError, ArithmeticError, RecursionError) as error:
        raise PublishFault(
            "FL-PUB-11",
            "this is not a file of true values",
            found=f"{path.name}: {type(error).__name__}",
            fix='write {"national": {"adults": …, "forced_labour": …}, "region": {"North": {…}}}',
        ) from None
    return Truth(values=values)


def _counted(counts: Mapping[str, Any], by: frozenset[tuple[str, str]]) -> Iterator[tuple[Key, float]]:
    """The total and the prevalence of every outcome that was counted in a group, and the means, quantiles and shares that are told."""
    persons = float(counts[PERSONS])
    for variable, mean in dict(counts.get("mean", {})).items():
        yield ("mean", variable, by), float(mean)
    for variable, known in dict(counts.get("quantile", {})).items():
        yield from (((_quantile(share), variable, by), float(value)) for share, value in dict(known).items())
    for outcome, share in dict(counts.get("share", {})).items():
        yield ("prevalence", outcome, by), float(share)
    for outcome, cases in counts.items():
        if outcome not in (PERSONS, "prevalence", "mean", "quantile", "share"):
            yield ("total", outcome, by), float(cases)
            yield ("prevalence", outcome, by), float(cases) / persons


def _quantile(probability: Any) -> str:
    """The quantity of a quantile, however its probability is written."""
    return f"quantile {float(probability):g}"


def _label(column: str, value: Any) -> str:
    return SAME.get((column, str(value)), str(value))
