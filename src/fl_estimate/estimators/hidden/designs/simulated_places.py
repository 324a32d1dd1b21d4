"""Samples of designs that go where people are: adaptive clusters on a grid, and events of venues."""

from __future__ import annotations

import numpy as np
import pandas as pd

from fl_estimate.estimators.hidden.designs.adaptive_networks import Codes, Flags
from fl_estimate.estimators.hidden.designs.design_draw import DesignDraw, require_settings
from fl_estimate.inputs.seeds import known_seed


def simulate_adaptive_cluster(
    *,
    columns: int = 20,
    rows: int = 20,
    clusters: int = 5,
    persons_in_cluster: float = 40.0,
    spread: float = 0.9,
    initial: int = 40,
    threshold: float = 1.0,
    strata: int = 1,
    stop_after: int | None = None,
    detection: float = 1.0,
    seed: int | None = None,
) -> DesignDraw:
    """Draw an adaptive cluster sample of cells of a grid in which persons live in a few clusters.

    Use it to see how many cells a survey would have to visit, and what becomes of its figures where networks are not followed to their end.

    Parameters
    ----------
    columns, rows : int
        Of the grid; a cell is a unit.
    clusters : int
        Where persons live: their centres are anywhere.
    persons_in_cluster : float
        Mean, of a geometric distribution.
    spread : float
        Standard deviation of the place of a person around the centre, in cells.
    initial : int
        Cells drawn at first; in strata as many of each.
    threshold : float
        Persons in a cell from which its neighbours are added.
    strata : int
        Vertical parts of the grid, of (nearly) equal width.
    stop_after : int, optional
        Rounds of adding after which the field work stops, though networks go on: the assumption fails.
    detection : float
        Probability that a person who lives in a visited cell is found: below 1 the assumption fails.
    seed : int, optional

    Returns
    -------
    DesignDraw
        `truth` has total and mean of a cell; `population` the cells with all their persons.

    Raises
    ------
    EstimateFault
        FL-EST-695.

    Examples
    --------
    >>> import fl_estimate as fl
    >>> drawn = fl.hidden.simulate_adaptive_cluster(seed=3)
    >>> total = fl.hidden.adaptive_cluster(**drawn.arguments)
    >>> drawn.truth["total"], len(drawn.arguments["units"])
    (178.0, 82)
    """
    counts = {"columns": columns, "rows": rows, "clusters": clusters, "initial": initial, "strata": strata}
    require_settings(
        {"detection": detection},
        {**counts, **({} if stop_after is None else {"stop_after": stop_after})},
        {"persons_in_cluster": persons_in_cluster, "spread": spread, "threshold": threshold},
    )
    draw = np.random.default_rng(known_seed(seed))
    persons = _clustered(draw, columns, rows, clusters, persons_in_cluster, spread)
    stratum = np.minimum(np.arange(columns) * strata // columns, strata - 1)[None, :] * np.ones((rows, 1), dtype=int)
    first = np.zeros(rows * columns, dtype=bool)
    for part in range(strata):
        cells = np.flatnonzero(stratum.ravel() == part)
        first[draw.choice(cells, size=min(max(initial // strata, 1), len(cells)), replace=False)] = True
    seen = draw.binomial(persons, detection) if detection < 1 else persons
    visited = _visited(first.reshape(rows, columns), seen >= threshold, stop_after)
    y, x = np.divmod(np.arange(rows * columns), columns)
    frame = pd.DataFrame({
        "unit": np.arange(rows * columns), "x": x, "y": y, "stratum": stratum.ravel(), "initial": first.astype(int), "persons": seen.ravel(),
    })  # fmt: skip
    frame["stratum_units"] = frame.groupby("stratum")["unit"].transform("size")
    more = {"strata": "stratum", "population": "stratum_units"} if strata > 1 else {"population": rows * columns}
    truth = {"total": float(persons.sum()), "mean": float(persons.mean())}
    return DesignDraw(
        arguments={
            "units": frame[visited.ravel()].reset_index(drop=True), "variable": "persons", "initial": "initial", "threshold": threshold,
            "grid": ("x", "y"), "bounds": (0, 0, columns - 1, rows - 1), "open_ends": "error" if stop_after is None else "accept", **more,
        },
        truth=truth,
        population={"cells": frame.assign(persons=persons.ravel())},
    )  # fmt: skip


def _clustered(draw: np.random.Generator, columns: int, rows: int, clusters: int, mean: float, spread: float) -> Codes:
    """Persons of each cell, shape (rows, columns); there is always one."""
    number = draw.geometric(1 / max(mean, 1.0), size=clusters)
    centre = draw.random((clusters, 2)) * [columns, rows]
    place = np.repeat(centre, number, axis=0) + draw.normal(0.0, spread, (int(number.sum()), 2))
    x = np.clip(np.floor(place[:, 0]), 0, columns - 1).astype(int)
    y = np.clip(np.floor(place[:, 1]), 0, rows - 1).astype(int)
    cells = np.zeros((rows, columns), dtype=np.int64)
    np.add.at(cells, (y, x), 1)
    return cells


def _visited(first: Flags, met: Flags, stop_after: int | None) -> Flags:
    """Cells drawn at first, and neighbours (by a side) of visited cells that meet the condition."""
    visited = first.copy()
    steps = 0
    while stop_after is None or steps < stop_after:
        reach = visited & met
        around = visited.copy()
        around[1:] |= reach[:-1]
        around[:-1] |= reach[1:]
        around[:, 1:] |= reach[:, :-1]
        around[:, :-1] |= reach[:, 1:]
        if (around == visited).all():
            break
        visited, steps = around, steps + 1
    return visited


def simulate_time_location(
    *,
    population: int = 2_000,
    venues: int = 30,
    times: int = 10,
    events: int = 40,
    interviews: int = 15,
    prevalence: float = 0.15,
    visits: float = 3.0,
    visits_of_cases: float = 6.0,
    off_frame: float = 0.0,
    visits_told: float = 1.0,
    seed: int | None = None,
) -> DesignDraw:
    """Draw a time-location sample: events of venues in two strata, those who are there counted, and some of them interviewed.

    Parameters
    ----------
    population : int
        Who go to one event or more in the period of the frame.
    venues, times : int
        Of the frame: an event is a venue at a time. Half of the venues are of each of two kinds.
    events : int
        Events drawn, without replacement, half of each kind of venue.
    interviews : int
        Most people interviewed at an event, at random among those there.
    prevalence : float
        Probability of the outcome.
    visits, visits_of_cases : float
        Mean events that a person goes to, 1 and a Poisson number: of others, and of those with the outcome. Where both are the same, weights without visits are right too.
    off_frame : float
        Probability that a person with the outcome goes only where the frame has no venue: above 0 the assumption fails.
    visits_told : float
        Share of their further visits that those with the outcome tell: below 1 the assumption fails.
    seed : int, optional

    Returns
    -------
    DesignDraw
        `truth` has prevalence and total of all people, also those off the frame.

    Raises
    ------
    EstimateFault
        FL-EST-695.

    Examples
    --------
    >>> import fl_estimate as fl
    >>> drawn = fl.hidden.simulate_time_location(seed=1)
    >>> both = fl.hidden.time_location(**drawn.arguments)
    >>> bool(abs(both.frame["value"][0] - drawn.truth["prevalence"]) < abs(both.frame["value"][1] - drawn.truth["prevalence"]))
    True
    """
    require_settings(
        {"prevalence": prevalence, "off_frame": off_frame, "visits_told": visits_told},
        {"population": population, "venues": venues, "times": times, "events": events, "interviews": interviews},
        {"visits": visits, "visits_of_cases": visits_of_cases},
    )
    draw = np.random.default_rng(known_seed(seed))
    case = draw.random(population) < prevalence
    size = venues * times
    goes = np.minimum(1 + draw.poisson(np.maximum(np.where(case, visits_of_cases, visits) - 1, 0)), size).astype(
        np.int64
    )
    kind = (np.arange(size) // times % 2).astype(np.int64)
    there = ~(case & (draw.random(population) < off_frame))
    # Cases prefer venues of the second kind, so that the strata matter.
    person, event = _attendance(draw, goes, case, kind, there)
    taken = np.concatenate([
        draw.choice(np.flatnonzero(kind == part), size=min(max(events // 2, 1), int((kind == part).sum())), replace=False) for part in (0, 1)
    ])  # fmt: skip
    told = np.where(case, 1 + np.round((goes - 1) * visits_told), goes)
    parts: list[pd.DataFrame] = []
    for each in np.sort(taken):
        here = person[event == each]
        if not len(here):
            continue
        met = draw.permutation(here)[:interviews]
        weight = (kind == kind[each]).sum() / (kind[taken] == kind[each]).sum()
        parts.append(pd.DataFrame({
            "event": each, "kind": kind[each], "event_weight": float(weight), "counted": len(here), "visits": told[met], "outcome": case[met].astype(int),
        }))  # fmt: skip
    frame = pd.concat(parts, ignore_index=True)
    return DesignDraw(
        arguments={
            "people": frame, "outcome": "outcome", "event": "event", "visits": "visits", "event_weight": "event_weight", "counted": "counted",
            "strata": "kind",
        },
        truth={"prevalence": float(case.mean()), "total": float(case.sum())},
        population={"people": population, "on_frame": int(there.sum())},
    )  # fmt: skip


def _attendance(draw: np.random.Generator, goes: Codes, case: Flags, kind: Codes, there: Flags) -> tuple[Codes, Codes]:
    """Person and event of each visit; nobody is at an event twice."""
    size = len(kind)
    chance = np.where(kind == 1, 1.0, 0.7)
    keys = draw.random((len(goes), size)) ** (1 / np.where(case[:, None] & (kind == 0)[None, :], 0.5, chance[None, :]))
    order = np.argsort(-keys, axis=1)
    keep = (np.arange(size)[None, :] < goes[:, None]) & there[:, None]
    person = np.broadcast_to(np.arange(len(goes))[:, None], keep.shape)
    return person[keep].astype(np.int64), order[keep].astype(np.int64)
