"""People collapsed to cells through the engine: cases, people and what the design leaves of them. No model here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from fl_estimate.arrays import Floats
from fl_estimate.design.totals import totals
from fl_estimate.errors import EstimateFault, not_one_of
from fl_estimate.estimators.hierarchical.read.direct import text
from fl_estimate.estimators.hierarchical.read.effective import units_that_tell, widened
from fl_estimate.estimators.survey.design_weighted import estimate_prevalence
from fl_estimate.estimators.survey.domain_query import read_people, weight_columns
from fl_estimate.estimators.survey.targets import make_targets
from fl_estimate.inputs.respondents import resolve
from fl_estimate.inputs.sample_design import Design
from fl_estimate.results.estimates import Estimates

Key = tuple[str, ...]

WEIGHTS: tuple[str, ...] = ("widened", "effective", "none")


@dataclass(frozen=True, kw_only=True)
class CellCounts:
    """The cells that people were met in; every array has shape (cells,).

    Attributes
    ----------
    labels : tuple of tuple
        Values of the cell columns as the frame has them; `keys` are the same as text.
    n, cases : array
        People and cases as counted.
    size, positive : array
        Effective people and cases, which go into the likelihood.
    excess : float
        By what the design inflates the variance of the poststratified share beyond unequal weights within cells.
    kish : array
        1 + the squared coefficient of variation of the weights within each cell.
    source : str
        Where `excess` comes from: "design", "national" or "none".
    recipe : Estimates
        The direct estimates by cell.
    """

    labels: tuple[tuple[Any, ...], ...]
    keys: tuple[Key, ...]
    n: Floats
    cases: Floats
    size: Floats
    positive: Floats
    excess: float
    kish: Floats
    source: str
    recipe: Estimates


def count_cells(
    people: Any,
    outcome: str,
    cells: Sequence[str],
    *,
    design: Design | None,
    where: str | None,
    unknown: Literal["no", "exclude"] | None,
    weights: str,
) -> CellCounts:
    """Estimate every cell directly, and turn it into effective counts.

    Notes
    -----
    Cell c has n_c people, weighted share p_c and, from the unequal weights within it, deff_c = 1 + cv². With W_c the cell's
    share of all weights, the design's variance of the poststratified share Σ W_c p_c, strata and clusters and all, is
    W'CW; independent draws with these weights would give Σ W_c² p_c (1 − p_c) deff_c/n_c. Their ratio g is what
    clusters and strata do once cells are held fixed. The effective size is n_c/(deff_c g), never above n_c. With one cell
    the binomial variance of the effective counts is thus that of the direct national estimate. With weights="widened" g is made
    larger as `effective.widened` says, by the nation's primary units with a case.

    Raises
    ------
    EstimateFault
        FL-EST-103: people in no cell; FL-EST-104: a word for `weights` that is not known; and as
        `estimate_prevalence`.
    """
    if weights not in WEIGHTS:
        raise not_one_of("FL-EST-104", "this treatment of weights", weights, WEIGHTS)
    resolved = resolve(people, design)
    plain = weights == "none" or not resolved.design.columns
    used = Design(unweighted=True) if plain else resolved.design
    direct = estimate_prevalence(people, outcome, design=used, by=list(cells), where=where, unknown=unknown)
    frame = direct.frame
    rows = np.flatnonzero((frame["margin"] != "").to_numpy() & (frame["n"] > 0).to_numpy())
    labels = [tuple(frame[name].iloc[row] for name in cells) for row in rows]
    keys = [tuple(text(label) for label in one) for one in labels]
    refuse_nowhere(keys, frame["n"].to_numpy(dtype=float)[rows], cells)
    n, cases, value = (frame[name].to_numpy(dtype=float, na_value=np.nan)[rows] for name in ("n", "cases", "value"))
    kish, share = np.ones(len(rows)), n / n.sum()
    excess, source = 1.0, "none"
    if not plain:
        kish, share = _weights_within(resolved.frame, outcome, used, cells, where, unknown, keys)
        excess, source = _excess(direct, rows, value, share, kish / n)
        if weights == "widened" and source != "none":
            excess = _widened(direct, excess, float(n.sum()))
    size = n / np.maximum(kish * excess, 1.0)
    return CellCounts(
        labels=tuple(labels), keys=tuple(keys), n=n, cases=cases, size=size, positive=size * value, excess=excess,
        kish=kish, source=source, recipe=direct,
    )  # fmt: skip


def _widened(direct: Estimates, excess: float, people: float) -> float:
    """What clusters and strata do, made larger because it is estimated from the units that have a case."""
    nation = direct.support.take([0])
    df = float(units_that_tell(nation, nation.cases)[0])
    return float(widened(excess, df, np.array([people]), nation)[0])


def refuse_nowhere(keys: Sequence[Key], n: Floats, cells: Sequence[str]) -> None:
    """Refuse people whose cell is not known; FL-EST-103."""
    nowhere = np.array([any(not part for part in key) for key in keys])
    if nowhere.any():
        raise EstimateFault(
            "FL-EST-103",
            "some people belong to no cell",
            found=f"{int(n[nowhere].sum()):,} people with {' or '.join(cells)} missing",
            fix='decide where they belong, or leave them out with where="…"',
        )


def _weights_within(
    frame: Any,
    outcome: str,
    design: Design,
    cells: Sequence[str],
    where: str | None,
    unknown: Literal["no", "exclude"] | None,
    keys: Sequence[Key],
) -> tuple[Floats, Floats]:
    """Of every cell: 1 + cv² of the weights of its people, and its share of all weights."""
    people = read_people(frame, design, list(cells))
    targets = make_targets(people.schema, [outcome], where=where, unknown=unknown, weights=design.weights)
    counted = targets.targets[0].counted
    columns = dict(targets.columns)
    columns = {counted: columns[counted]}
    if design.weights is not None:
        columns |= {"w": weight_columns(people.schema, design.weights)["w"]}
    factors = ("w",) if design.weights is not None else ()
    table = totals(
        people.frame,
        keys=tuple(cells),
        columns=columns,
        sums={"n": (counted,), "w": (*factors, counted), "ww": (*factors, *factors, counted)},
    )
    found: Mapping[Key, tuple[float, float]] = {
        tuple(text(_level(table.keys[name], int(row))) for name in cells): (
            float(table.sums["n"][row] * table.sums["ww"][row] / table.sums["w"][row] ** 2),
            float(table.sums["w"][row]),
        )
        for row in np.flatnonzero(table.sums["n"] > 0)
    }
    kish = np.array([found[key][0] for key in keys])
    weight = np.array([found[key][1] for key in keys])
    return np.maximum(kish, 1.0), weight / weight.sum()


def _level(key: Any, row: int) -> Any:
    code = int(key.codes[row])
    return None if code == key.missing else key.levels[code]


def _excess(direct: Estimates, rows: Any, value: Floats, share: Floats, per_person: Floats) -> tuple[float, str]:
    """The variance that the design gives the poststratified share, over that of independent draws with these weights."""
    independent = float((share**2 * value * (1 - value) * per_person).sum())
    if not independent > 0:
        return 1.0, "none"
    if direct.covariance_matrix is not None:
        matrix = np.nan_to_num(direct.covariance_matrix[np.ix_(rows, rows)])
        return float(share @ matrix @ share) / independent, "design"
    nation = direct.national.frame.iloc[0]
    p, variance = float(nation["value"]), float(nation["se"]) ** 2
    # Too many cells for their joint covariance: the nation's own, whose clusters hold differences between cells too.
    return variance / float((share**2 * p * (1 - p) * per_person).sum()), "national"
