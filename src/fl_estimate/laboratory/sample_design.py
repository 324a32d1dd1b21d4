"""SampleDesign: how samples are drawn from a frame of everybody, said once; and the drawing itself, on arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd

from fl_estimate.arrays import Floats
from fl_estimate.datasets.sampling import ragged
from fl_estimate.errors import DesignFault, labels_shown, missing_columns, not_one_of, shown
from fl_estimate.inputs.sample_design import Design, SinglePsu

Ints = npt.NDArray[np.int64]
Selection = Literal["pps", "srs"]
WEIGHTS, FPC = "weight", "psus_in_stratum"


@dataclass(frozen=True, kw_only=True)
class SampleDesign:
    """How samples are drawn from a frame of everybody: strata, primary sampling units, households, persons.

    Parameters
    ----------
    strata : str, optional
        Column of the strata; without it the frame is one stratum.
    psu : str, optional
        Column of the primary sampling units (PSUs), each within its stratum; without it persons are drawn directly.
    psus : int or mapping of stratum to int, optional
        PSUs drawn in each stratum.
    selection : {"pps", "srs"}
        PSUs with probability proportional to size (systematic, in a random order, without replacement), or by simple random
        sampling without replacement.
    size : str, optional
        Column with the measure of size of a PSU, one value a PSU, such as its households at the last census; the rows of
        the PSU where left out.
    household : str, optional
        Column of the households, each within its PSU.
    households : int, optional
        Households drawn in each PSU, at random; all where left out.
    persons : int or mapping of stratum to int, optional
        Persons drawn at random: in each household where `household` is named, else in each PSU, else in each stratum. All
        where left out. Only where persons are drawn directly may it differ by stratum.
    weights : str, default "weight"
        What the column of weights is called in the samples.
    fpc : bool, default False
        Hand on how many units each stratum has, so that variances have the finite population correction; where persons
        are drawn directly, or whole PSUs by srs.
    single_psu : str
        As in `fl.Design`.

    Raises
    ------
    DesignFault
        FL-DESIGN-80: numbers to draw that are no whole numbers above 0, or that belong to no stage; FL-DESIGN-04: a
        selection that is not known.

    Notes
    -----
    With n PSUs in a stratum of total size Z, a PSU of size z is expected n z/Z times; one of more than Z/n is drawn for
    certain, and as many times the households (or persons) in it. Weights are the inverses of the chances of selection:
    Z/(n z) × households in the PSU / households drawn × persons in the household / persons drawn.

    Examples
    --------
    >>> from fl_estimate.laboratory.sample_design import SampleDesign
    >>> SampleDesign(strata="province", psu="ea", psus=6, persons=20).selection
    'pps'
    """

    strata: str | None = None
    psu: str | None = None
    psus: int | Mapping[str, int] | None = None
    selection: Selection = "pps"
    size: str | None = None
    household: str | None = None
    households: int | None = None
    persons: int | Mapping[str, int] | None = None
    weights: str = WEIGHTS
    fpc: bool = False
    single_psu: SinglePsu = "error"

    def __post_init__(self) -> None:
        if self.selection not in get_args(Selection):
            raise not_one_of("FL-DESIGN-04", "this selection of PSUs", self.selection, get_args(Selection), DesignFault)
        wrong = [
            f"{name}={shown(value)}"
            for name, value in (("psus", self.psus), ("households", self.households), ("persons", self.persons))
            if not all(_whole(each) for each in (value.values() if isinstance(value, Mapping) else [value]))
        ]
        wrong += [f"{name}= without {of}=" for name, of, amiss in self._orphans() if amiss]
        if wrong:
            raise DesignFault(
                "FL-DESIGN-80", "what is to be drawn at each stage is not clear", found="; ".join(wrong),
                fix="whole numbers above 0: psus= with psu=, households= with household=, persons= at the last stage; "
                "a mapping by stratum with strata=",
            )  # fmt: skip

    def _orphans(self) -> list[tuple[str, str, bool]]:
        by_stratum = isinstance(self.psus, Mapping) or isinstance(self.persons, Mapping)
        return [
            ("psus", "psu", (self.psus is None) != (self.psu is None)),
            ("households", "household", self.households is not None and self.household is None),
            ("household", "psu", self.household is not None and self.psu is None),
            ("size", 'psu= and selection="pps"', self.size is not None and (self.psu is None or self.selection == "srs")),
            ("persons", "psu= or a number of persons", self.psu is None and self.persons is None),
            ("persons", "persons drawn directly, by stratum", isinstance(self.persons, Mapping) and self.psu is not None),
            ("fpc", "persons drawn directly, or whole PSUs by srs", self.fpc and not self._one_stage),
            ("a mapping", "strata", by_stratum and self.strata is None),
        ]  # fmt: skip

    @property
    def _one_stage(self) -> bool:
        """Whether nothing is drawn within what was drawn, so that one correction is all there is."""
        whole = self.households is None and self.persons is None
        return self.psu is None or (whole and self.selection == "srs")

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of the frame that drawing needs."""
        named = (self.strata, self.psu, self.household, self.size)
        return tuple(dict.fromkeys(name for name in named if name is not None))

    @property
    def design(self) -> Design:
        """The design of the samples, as estimators take it."""
        return Design(
            weights=self.weights, strata=self.strata, psu=self.psu, fpc=FPC if self.fpc else None,
            single_psu=self.single_psu, expands=True,
        )  # fmt: skip


def _whole(number: object) -> bool:
    whole = isinstance(number, int | np.integer) and not isinstance(number, bool)
    return number is None or (whole and int(number) > 0)  # pyright: ignore[reportArgumentType]


@dataclass(frozen=True, kw_only=True, eq=False)
class Drawer:
    """A frame made ready for drawing: its rows in the order of strata, PSUs and households, and where each begins.

    `order` are the rows; `unit` and `home` the first places of PSUs and of households in it, with their end; `stratum` and
    `size` are of PSUs, and `first_home` is the first household of each PSU. Persons drawn directly are households and PSUs of
    their own.
    """

    frame: pd.DataFrame
    how: SampleDesign
    order: Ints
    home: Ints
    first_home: Ints
    first_unit: Ints
    size: Floats
    wanted: Ints

    def draw(self, rng: np.random.Generator) -> tuple[pd.DataFrame, Design]:
        """Draw one sample: its rows, with the weights, and its design."""
        rows, weight, unit = self.rows(rng)
        more = {self.how.weights: weight}
        if self.how.fpc:
            strata = np.searchsorted(self.first_unit, unit, side="right") - 1
            more[FPC] = np.diff(self.first_unit)[strata].astype(float)
        return self.frame.take(rows).assign(**more).reset_index(drop=True), self.how.design

    def rows(self, rng: np.random.Generator) -> tuple[Ints, Floats, Ints]:
        """Draw one sample: its rows of the frame, their weights, and the PSU of each."""
        unit, expected, hits = self._units(rng)
        homes = self.first_home[unit + 1] - self.first_home[unit]
        which, home = ragged(self.first_home[unit], self.first_home[unit + 1])
        weight = np.ones(len(unit)) / expected
        if self.how.households is not None:
            most = hits * self.how.households
            kept = _at_random(which, most, rng)
            which, home = which[kept], home[kept]
            # Drawn twice is twice the households, so that each hit stands for its share.
            weight = hits * weight * homes / np.minimum(homes, most)
        elif self.how.household is not None:
            weight = hits * weight
        people = self.home[home + 1] - self.home[home]
        position, person = ragged(self.home[home], self.home[home + 1])
        each = weight[which]
        if self.how.psu is not None and self.how.persons is not None:
            most = np.full(len(home), self.how.persons) * (1 if self.how.household else hits[which])
            kept = _at_random(position, most, rng)
            position, person = position[kept], person[kept]
            each = each * people / np.minimum(people, most) * (1 if self.how.household else hits[which])
        elif self.how.household is None:
            each = each * hits[which]
        return self.order[person], each[position], unit[which][position]

    def _units(self, rng: np.random.Generator) -> tuple[Ints, Floats, Ints]:
        """The PSUs drawn, how many times each was expected, and how many times it came."""
        units: list[Ints] = []
        expected: list[Floats] = []
        hits: list[Ints] = []
        for start, stop, number in zip(self.first_unit[:-1], self.first_unit[1:], self.wanted, strict=True):
            if self.how.selection == "srs" or self.how.psu is None:
                chosen = np.sort(rng.choice(int(stop - start), size=int(number), replace=False)) + start
                units.append(chosen)
                expected.append(np.full(len(chosen), number / (stop - start)))
                hits.append(np.ones(len(chosen), dtype=np.int64))
                continue
            shuffled = rng.permutation(np.arange(start, stop))
            chance = number * self.size[shuffled] / self.size[shuffled].sum()
            reached = np.cumsum(chance)
            reached[-1] = number
            picks = np.searchsorted(reached, rng.random() + np.arange(number), side="right")
            positions, times = np.unique(picks, return_counts=True)
            units.append(shuffled[positions])
            expected.append(chance[positions])
            hits.append(times)
        return np.concatenate(units), np.concatenate(expected), np.concatenate(hits)


def _at_random(position: Ints, most: Ints, rng: np.random.Generator) -> Ints:
    """Choose in each place as many rows as it may have, at random, in the order of the rows; `place` is sorted."""
    # One key, the place and a chance below 1, sorts faster than two.
    order = np.argsort(position + rng.random(len(position)))
    rank = np.arange(len(position)) - np.searchsorted(position, position, side="left")
    return np.sort(order[rank < most[position]])


def prepare(frame: pd.DataFrame, how: SampleDesign) -> Drawer:
    """Make a frame ready for drawing.

    Raises
    ------
    DesignFault
        FL-DESIGN-81: a column that is not there; FL-DESIGN-82: strata, PSUs or households that are not known; FL-DESIGN-83:
        more PSUs (or persons) asked for than there are; FL-DESIGN-84: sizes that are no positive numbers, or several in one
        PSU; FL-DESIGN-85: a number for strata that are not there, or none for one that is; FL-DESIGN-86: a column that the
        samples would overwrite.
    """
    _check_columns(frame, how)
    strata, labels = _codes(frame, how.strata)
    unit = _within(strata, frame, how.psu)
    home = _within(unit, frame, how.household) if how.household else unit
    direct = how.psu is None
    order = np.lexsort((home, unit, strata)).astype(np.int64)
    strata, unit, home = strata[order], unit[order], home[order]
    rows = np.arange(len(order))
    first = {
        "unit": rows if direct else _starts(strata, unit),
        "home": rows if direct else _starts(strata, unit, home),
    }
    ends = {name: np.append(positions, len(order)) for name, positions in first.items()}
    of_unit = strata[first["unit"]]
    first_unit = np.searchsorted(of_unit, np.arange(len(labels) + 1))
    wanted = _wanted(how.psus if not direct else how.persons, labels, how)
    _check_enough(wanted, np.diff(first_unit), labels, how)
    return Drawer(
        frame=frame, how=how, order=order, home=ends["home"],
        first_home=np.searchsorted(first["home"], ends["unit"]), first_unit=first_unit,
        size=_sizes(frame, how, order, ends["unit"]), wanted=wanted,
    )  # fmt: skip


def _check_columns(frame: pd.DataFrame, how: SampleDesign) -> None:
    absent = [name for name in how.columns if name not in frame.columns]
    if absent:
        raise missing_columns("FL-DESIGN-81", absent, [str(name) for name in frame.columns], DesignFault)
    unknown = [name for name in how.columns if bool(frame[name].isna().any())]
    if unknown:
        raise DesignFault(
            "FL-DESIGN-82", "it is not known of everybody where they would be drawn", found=f"missing in {labels_shown(unknown)}",
            fix="fill the column, or leave those rows out of the frame",
        )  # fmt: skip
    taken = [name for name in (how.weights, *([FPC] if how.fpc else [])) if name in frame.columns]
    if taken:
        raise DesignFault(
            "FL-DESIGN-86", "the frame has a column that the samples would overwrite", found=labels_shown(taken),
            fix='call the weights of the samples otherwise, SampleDesign(weights="…"), or rename the column',
        )  # fmt: skip


def _codes(frame: pd.DataFrame, column: str | None) -> tuple[Ints, list[str]]:
    if column is None:
        return np.zeros(len(frame), dtype=np.int64), [""]
    codes, found = pd.factorize(frame[column], sort=True)
    return codes.astype(np.int64), [label_text(value) for value in found]


def label_text(value: Any) -> str:
    """A label as a text: whole numbers without a point."""
    return str(int(value)) if isinstance(value, float | np.floating) and float(value).is_integer() else str(value)


def _within(outer: Ints, frame: pd.DataFrame, column: str | None) -> Ints:
    return outer if column is None else pd.factorize(frame[column])[0].astype(np.int64)


def _starts(*keys: Ints) -> Ints:
    """Where a new combination begins, in rows that are sorted."""
    changed = np.zeros(len(keys[0]), dtype=bool)
    changed[:1] = True
    for key in keys:
        changed[1:] |= key[1:] != key[:-1]
    return np.flatnonzero(changed)


def _wanted(numbers: int | Mapping[str, int] | None, labels: list[str], how: SampleDesign) -> Ints:
    if not isinstance(numbers, Mapping):
        return np.full(len(labels), 0 if numbers is None else numbers, dtype=np.int64)
    known = {label_text(name): number for name, number in numbers.items()}
    absent, alien = [name for name in labels if name not in known], [name for name in known if name not in labels]
    if absent or alien:
        told = [f"no number for {labels_shown(absent)}"] * bool(absent) + [f"no stratum {labels_shown(alien)}"] * bool(
            alien
        )
        raise DesignFault(
            "FL-DESIGN-85", f"the numbers to draw are not those of the strata of {shown(how.strata)}", found="; ".join(told),
            fix="a number for every stratum of the frame, and for no other",
        )  # fmt: skip
    return np.array([known[name] for name in labels], dtype=np.int64)


def _check_enough(wanted: Ints, there: Ints, labels: list[str], how: SampleDesign) -> None:
    short = [
        f"{label or 'all'} ({have:,} of {want:,})"
        for label, want, have in zip(labels, wanted, there, strict=True)
        if want > have
    ]
    if short:
        what = "persons" if how.psu is None else "PSUs"
        raise DesignFault(
            "FL-DESIGN-83", f"more {what} are to be drawn than there are", found=labels_shown(short),
            fix="draw fewer, give a number for each stratum, or merge strata",
        )  # fmt: skip


def _sizes(frame: pd.DataFrame, how: SampleDesign, order: Ints, ends: Ints) -> Floats:
    if how.size is None:
        return np.diff(ends).astype(float)
    every = pd.to_numeric(frame[how.size], errors="coerce").to_numpy(dtype=float)[order]
    sizes = every[ends[:-1]]
    good = np.isfinite(every) & (every > 0) & (every == np.repeat(sizes, np.diff(ends)))
    if not good.all():
        raise DesignFault(
            "FL-DESIGN-84", "the measure of size of a PSU is not one positive number", found=f"{(~good).sum():,} rows of {shown(how.size)}",
            fix="one number above 0 for each PSU, the same in all of its rows; or leave size= out to take its rows",
        )  # fmt: skip
    return sizes
