"""What becomes of the number when a list is left out, two are merged, one person is taken away, or fewer people are seen."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np
import pandas as pd

from fl_estimate.arrays import Floats
from fl_estimate.errors import FlError
from fl_estimate.estimators.capture_recapture.batch import Fitter, lattice
from fl_estimate.estimators.capture_recapture.bootstrap import without_one
from fl_estimate.estimators.capture_recapture.existence import full_counts
from fl_estimate.estimators.capture_recapture.selection import select_stepwise
from fl_estimate.estimators.capture_recapture.stepwise import stepwise
from fl_estimate.inputs.histories import CaptureHistories

THRESHOLD = 0.02
SHARES = (0.2, 0.35, 0.5, 0.65, 0.8, 1.0)
PER_SHARE = 40


def leave_one_list(histories: CaptureHistories) -> pd.DataFrame:
    """The stepwise estimate without each list in turn: `changed`, `value`, `lower`, `upper`, `refused`."""
    if len(histories.lists) < 3:
        return _table([])
    return _table([(f"− {name}", histories.omit(name)) for name in histories.lists])


def merge_two_lists(histories: CaptureHistories) -> pd.DataFrame:
    """The stepwise estimate with each pair of lists taken as one."""
    if len(histories.lists) < 3:
        return _table([])
    pairs = itertools.combinations(histories.lists, 2)
    return _table([(f"{a} + {b}", histories.merge(a, b, into=f"{a}+{b}")) for a, b in pairs])


def leave_one_person(histories: CaptureHistories) -> pd.DataFrame:
    """The stepwise estimate with one person of each history taken away: `history`, `value`, largest change first."""
    fitter, counts = _fitter_and_counts(histories)
    tables = without_one(counts)
    dark = stepwise(fitter, np.vstack([counts, tables]), THRESHOLD).dark
    names = [":".join(histories.lists[p] for p in np.flatnonzero(row)) for row in histories.members]
    whole = float(dark[0]) + counts.sum()
    frame = pd.DataFrame({"history": names, "value": dark[1:] + tables.sum(axis=1)})
    frame["change"] = frame["value"] - whole
    return frame.sort_values("change", key=lambda c: -c.abs(), kind="stable", ignore_index=True)


def trajectory(histories: CaptureHistories, seed: int) -> pd.DataFrame:
    """People in all for each one observed, by the stepwise model, on growing parts of the people observed.

    Columns `share`, `n`, and median and quartiles of `PER_SHARE` parts. An estimate that has not levelled off as people are added is not to be trusted (Binette and Steorts 2022).
    """
    fitter, counts = _fitter_and_counts(histories)
    whole = np.round(counts).astype(int)
    generator = np.random.default_rng(seed)
    rows: list[dict[str, float]] = []
    for share in SHARES:
        people = max(1, round(share * int(whole.sum())))
        times = 1 if share == 1 else PER_SHARE
        tables = generator.multivariate_hypergeometric(whole, people, size=times).astype(float)
        times_observed = stepwise(fitter, tables, THRESHOLD).dark / people + 1
        known = times_observed[np.isfinite(times_observed)]
        low, middle, high = np.quantile(known, [0.25, 0.5, 0.75]) if len(known) else (np.nan,) * 3
        rows.append(
            {"share": share, "n": float(people), "lower_quartile": low, "median": middle, "upper_quartile": high,
             "without_estimate": float(times - len(known))}
        )  # fmt: skip
    return pd.DataFrame(rows)


def _fitter_and_counts(histories: CaptureHistories) -> tuple[Fitter, Floats]:
    space = lattice(len(histories.lists), 2)
    return Fitter(lattice=space), full_counts(histories, space.members)


def _table(changed: list[tuple[str, CaptureHistories]]) -> pd.DataFrame:
    columns = ["changed", "n", "value", "lower", "upper", "refused"]
    return pd.DataFrame(list(_rows(changed)), columns=columns)


def _rows(changed: list[tuple[str, CaptureHistories]]) -> Iterator[dict[str, object]]:
    for name, histories in changed:
        row: dict[str, object] = {"changed": name, "n": histories.n, "value": np.nan, "lower": np.nan, "upper": np.nan}
        try:
            found = select_stepwise(histories, threshold=THRESHOLD, interval="log").frame.iloc[0]
        except FlError as error:
            yield row | {"refused": error.code}
        else:
            yield row | {column: float(found[column]) for column in ("value", "lower", "upper")} | {"refused": ""}
