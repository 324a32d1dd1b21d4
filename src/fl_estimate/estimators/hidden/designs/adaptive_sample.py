"""An adaptive cluster sample read from its rows: groups of the initial sample, networks, and what makes them unusable."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import pandas as pd

from fl_estimate.arrays import Floats
from fl_estimate.errors import EstimateFault, require_name, shown
from fl_estimate.estimators.hidden.designs.adaptive_networks import (
    Codes,
    Flags,
    Networks,
    condition_met,
    edges_from_grid,
    edges_from_table,
    flags_of,
    joined,
    labelled,
    numbers_of,
    read_units,
)
from fl_estimate.estimators.hidden.designs.adaptive_probabilities import InitialSample


@dataclass(frozen=True, kw_only=True)
class AdaptiveColumns:
    """The columns and rules of a call, as `adaptive_cluster` has them."""

    variable: str
    initial: str
    population: float | str
    unit: str
    threshold: float | None
    condition: str | None
    network: str | None
    neighbours: Any
    grid: tuple[str, str] | None
    neighbourhood: Literal["rook", "queen"]
    bounds: tuple[float, float, float, float] | None
    denominator: str | None
    strata: str | None
    psu: str | None
    psus: float | str | None
    crossing: Literal["follow", "cut"]
    open_ends: Literal["error", "accept"]

    @property
    def columns(self) -> list[str]:
        """Those to read, each once."""
        named = [self.variable, self.initial, self.unit, self.network, self.denominator, self.strata, self.psu]
        named += [each for each in (self.population, self.psus) if isinstance(each, str)]
        return [name for name in dict.fromkeys([*named, *(self.grid or ())]) if name is not None]


@dataclass(frozen=True, kw_only=True)
class UnitGroups:
    """The groups of the initial sample: strata, or PSUs of two stages; `code` of each row, −1 where nothing was drawn in its group."""

    code: Codes
    sample: InitialSample


@dataclass(frozen=True, kw_only=True)
class AdaptiveSample:
    """Networks and groups with what was counted: `values` of the variable, `below` of the denominator, shape (units,)."""

    networks: Networks
    groups: UnitGroups
    values: Floats
    below: Floats
    psu: str | None

    @property
    def ids(self) -> Codes:
        """Of each network that was met at first, its number."""
        return np.unique(self.networks.network[self.networks.initial])


def read_sample(units: Any, said: AdaptiveColumns) -> AdaptiveSample:
    """Read a sample and refuse one whose probabilities are not known.

    Raises
    ------
    EstimateFault
        FL-EST-670 to FL-EST-676.
    """
    for name in ("variable", "initial", "unit"):
        require_name(getattr(said, name), name)
    for name in ("condition", "network", "denominator", "strata", "psu"):
        require_name(getattr(said, name), name, optional=True)
    _check_ways(said)
    frame = read_units(units, said.columns)
    values = numbers_of(frame, said.variable, "what is counted")
    below = np.ones(len(values)) if said.denominator is None else numbers_of(frame, said.denominator, "the denominator")
    first = flags_of(frame, said.initial, "whether a unit was drawn at first")
    _check_rows(frame, said.unit, first)
    groups = _groups(frame, first, said)
    networks = _networks(frame, values, first, groups, said)
    _require_known(networks, groups, said)
    return AdaptiveSample(networks=networks, groups=groups, values=values, below=below, psu=said.psu)


def _check_ways(said: AdaptiveColumns) -> None:
    told = [name for name in ("network", "neighbours", "grid") if getattr(said, name) is not None]
    asked = [name for name in ("threshold", "condition") if getattr(said, name) is not None]
    if len(told) != 1 or len(asked) != 1:
        raise EstimateFault(
            "FL-EST-672", "it is not said how networks are made",
            found=f"{', '.join(told) or 'none of network, neighbours and grid'}; {', '.join(asked) or 'neither threshold nor condition'}",
            fix="one of network=, neighbours= and grid= says who is a neighbour, and one of threshold= and condition= when these are added",
        )  # fmt: skip


def _check_rows(frame: pd.DataFrame, unit: str, first: Flags) -> None:
    twice, without = int(frame[unit].duplicated().sum()), int(frame[unit].isna().sum())
    faults = {
        f"{twice} rows of a unit that stands before": bool(twice),
        f"{without} rows without a name of the unit": bool(without),
        "no unit of the initial sample": not first.any(),
    }
    found = [name for name, holds in faults.items() if holds]
    if found:
        raise EstimateFault(
            "FL-EST-673", "rows are not units of an adaptive cluster sample", found="; ".join(found),
            fix="one row a unit, with 1 in the column of the initial sample where it was drawn at first",
        )  # fmt: skip


def _groups(frame: pd.DataFrame, first: Flags, said: AdaptiveColumns) -> UnitGroups:
    """The groups in which units were drawn at first, with their sizes in the population."""
    keys = [name for name in (said.strata, said.psu) if name is not None]
    label = pd.Series(0, index=frame.index) if not keys else frame.groupby(keys, sort=True, dropna=False).ngroup()
    codes, at = np.unique(label.to_numpy()[first], return_inverse=True)
    place = np.minimum(np.searchsorted(codes, label.to_numpy()), len(codes) - 1)
    code = np.where(codes[place] == label.to_numpy(), place, -1).astype(np.int64)
    drawn = np.bincount(at, minlength=len(codes)).astype(float)
    units = _greatest(_of_rows(frame, said.population, "the units of the population")[first], at, len(codes))
    stratum = np.arange(len(codes))
    psus_drawn, psus = np.ones(len(codes)), np.ones(len(codes))
    if said.psu is not None:
        stratum = _strata_of(frame, first, at, said.strata, len(codes))
        count = int(stratum.max()) + 1
        psus_drawn = np.bincount(stratum, minlength=count).astype(float)
        number = _of_rows(frame, said.psus, "the PSUs of the population")[first]
        psus = _greatest(number, stratum[at], count)
    few = int((units < drawn).sum()), int((psus < psus_drawn).sum())
    if any(few):
        raise EstimateFault(
            "FL-EST-674", "the population is smaller than the sample that was drawn from it",
            found=f"{few[0]} groups of units, {few[1]} of PSUs",
            fix="population= is the number of units in the whole population, or the column of those of the stratum or PSU",
        )  # fmt: skip
    sample = InitialSample(drawn=drawn, units=units, stratum=stratum, psus_drawn=psus_drawn, psus=psus)
    return UnitGroups(code=code, sample=sample)


def _greatest(values: Floats, at: Codes, count: int) -> Floats:
    found = np.zeros(count)
    np.maximum.at(found, at, values)
    return found


def _strata_of(frame: pd.DataFrame, first: Flags, at: Codes, strata: str | None, count: int) -> Codes:
    """The stratum of each PSU in which units were drawn."""
    parts = np.zeros(len(frame), dtype=np.int64) if strata is None else pd.factorize(frame[strata], sort=True)[0]
    of_group = np.zeros(count, dtype=np.int64)
    of_group[at] = parts[first]
    return np.unique(of_group, return_inverse=True)[1].astype(np.int64)


def _of_rows(frame: pd.DataFrame, given: Any, what: str) -> Floats:
    if isinstance(given, str):
        return numbers_of(frame, given, what)
    number = isinstance(given, int | float | np.number) and not isinstance(given, bool)
    if not number or not 0 < float(given) < np.inf:
        raise EstimateFault(
            "FL-EST-674", f"{what} are no number above 0", found=shown(given), fix="a number, or the name of a column of them"
        )  # fmt: skip
    return np.full(len(frame), float(given))


def _networks(frame: pd.DataFrame, values: Floats, first: Flags, groups: UnitGroups, said: AdaptiveColumns) -> Networks:
    met = condition_met(frame, values, said.threshold, said.condition)
    # Rows of a group in which nothing was drawn are no part of any network that is cut.
    group = groups.code if said.crossing == "cut" else np.zeros(len(frame), dtype=np.int64)
    if said.network is not None:
        network = labelled(frame, said.network, met, group + 1)
        return Networks(frame=frame, initial=first, met=met, network=network)
    names = frame[said.unit].tolist()
    if said.grid is not None:
        x, y = (numbers_of(frame, name, "the place on the grid") for name in said.grid)
        edges, ends = edges_from_grid(x, y, said.neighbourhood, said.bounds)
    else:
        edges, ends = edges_from_table(names, said.neighbours, said.unit)
    made = Networks(frame=frame, initial=first, met=met, network=joined(names, edges, met, group))
    return replace(made, open_ends=int((met & made.used)[ends].sum()))


def _require_known(networks: Networks, groups: UnitGroups, said: AdaptiveColumns) -> None:
    """Refuse networks that were not followed to their end, or reach where no probability is known."""
    used = networks.used
    if networks.open_ends and said.open_ends == "error":
        raise EstimateFault(
            "FL-EST-675", "networks were not followed to their end",
            found=f"{networks.open_ends} neighbours of units that meet the condition are in no row",
            fix="add the rows of these units, also of those without a case; of a grid say its bounds=; or "
            'open_ends="accept", and the result says that it is biased',
        )  # fmt: skip
    pairs = pd.DataFrame({"network": networks.network[used], "group": groups.code[used]}).drop_duplicates()
    crossed = int((pairs["network"].value_counts() > 1).sum())
    outside = int((groups.code[used] < 0).sum())
    if (crossed and groups.sample.two_stage) or outside:
        raise EstimateFault(
            "FL-EST-676", "networks reach into PSUs or strata whose probabilities are not known",
            found=f"{crossed} networks in several of them, {outside} units in some where nothing was drawn",
            fix='crossing="cut" where the field work stopped at the border; else estimate with one stage',
        )  # fmt: skip
