"""A link-tracing sample as a value: who was drawn first, who was asked for their links, who is linked with whom. All checks are here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import narwhals as nw
import numpy as np
import numpy.typing as npt

from fl_estimate.arrays import Floats
from fl_estimate.design.totals import as_frame
from fl_estimate.errors import EstimateFault, listed, missing_columns, names_given, require_name
from fl_estimate.inputs.recruitment_columns import no_value
from fl_estimate.inputs.respondents import Respondents

Flags = npt.NDArray[np.bool_]
Positions = npt.NDArray[np.intp]
PERSON, NAMED = "person", "named"
"""Columns of a table of links: who names, and who is named."""
LARGEST_WHOLE = 2**31
"""Above any number of waves or people; larger ones are codes or mistakes."""


@dataclass(frozen=True, kw_only=True)
class LinkCounts:
    """What the stochastic block model needs of a sample: numbers by stratum, and by pair of strata.

    Attributes
    ----------
    people, traced : int array, shape (strata,)
        People in the sample, and those whose links are all known.
    pairs, links : float array, shape (strata, strata)
        Pairs of people whose link is known to be there or not, and those linked; symmetric, a pair counted once.
    initial : tuple of int
        Size of each initial sample.
    """

    people: npt.NDArray[np.int64]
    traced: npt.NDArray[np.int64]
    pairs: Floats
    links: Floats
    initial: tuple[int, ...]

    @property
    def n(self) -> int:
        """People in the sample."""
        return int(self.people.sum())

    @property
    def met_again(self) -> int:
        """Links and draws beyond those that brought somebody in: from these alone the data tell the size."""
        cells = np.triu_indices(len(self.people))
        return int(self.links[cells].sum()) + sum(self.initial) - self.n


@dataclass(frozen=True, kw_only=True, eq=False)
class LinkTrace:
    """A link-tracing sample that was checked.

    Attributes
    ----------
    initial : bool array, shape (samples, people)
        Who was drawn into each initial sample.
    wave : int array, shape (people,)
        0 for those drawn, 1 for those whom they led to, and so on.
    traced : bool array, shape (people,)
        Whose links were all asked for and followed.
    stratum : int array, shape (people,)
    strata : tuple of str
        Labels; one empty text where there are no strata.
    links : int array, shape (links, 2)
        Positions of two people who are linked, each pair once; known where one of them was traced, and of all where
        `outside` is known.
    outside : int array, shape (people,), or None
        How many people outside the sample each is linked with, where everybody was asked.
    named_by_both : float
        Of linked people who were both traced, the share who named each other; NaN where there are none. Well below 1 it
        says that links go unreported, unless each link was written down once.
    unused_links : int
        Links of two people who were not traced, which the sample does not know of everybody.
    unused_names : int
        Names, given by people who were not traced, of people who are not in the sample.

    Examples
    --------
    >>> import fl_estimate as fl, pandas as pd
    >>> people = pd.DataFrame({"person_id": [1, 2, 3, 4], "wave": [0, 0, 1, 1]})
    >>> links = pd.DataFrame({"person": [1, 1, 2, 3], "named": [3, 4, 4, 1]})
    >>> trace = fl.hidden.LinkTrace.of(people, links)
    >>> trace.counts.initial, trace.counts.links.tolist(), trace.counts.met_again
    ((2,), [[3.0]], 1)
    """

    initial: Flags
    wave: npt.NDArray[np.int64]
    traced: Flags
    stratum: Positions
    strata: tuple[str, ...]
    links: Positions
    outside: npt.NDArray[np.int64] | None = None
    named_by_both: float = np.nan
    unused_links: int = 0
    unused_names: int = 0

    def __repr__(self) -> str:
        return f"LinkTrace({len(self.wave)} people, {len(self.links)} links, {int(self.wave.max()) + 1} waves)"

    def __len__(self) -> int:
        return len(self.wave)

    @staticmethod
    def of(
        people: Any,
        links: Any,
        *,
        person: str = "person_id",
        wave: str = "wave",
        strata: str | None = None,
        initial: str | Sequence[str] | None = None,
        traced: str | None = None,
        outside: str | None = None,
    ) -> LinkTrace:
        """Read people and links, and check that the one follows from the other.

        Parameters
        ----------
        people : Classification, SurveyData or frame
            A row a person in the sample.
        links : frame
            Columns ``person`` and ``named``: who said to know whom. Order does not matter, nor whether a link stands in one
            row or in two.
        person, wave, strata, initial, traced, outside
            As in `link_tracing`.

        Raises
        ------
        EstimateFault
            FL-EST-02 (columns that are not there), FL-EST-11 (no name), FL-EST-570 (what is wrong with people and links, all at
            once).
        """
        for name, value in (("person", person), ("wave", wave)):
            require_name(value, name)
        for name, value in (("strata", strata), ("traced", traced), ("outside", outside)):
            require_name(value, name, optional=True)
        drawn = () if initial is None else names_given(initial, "initial")
        wanted = [person, wave, *(name for name in (strata, traced, outside, *drawn) if name is not None)]
        columns = columns_of(people, wanted)
        reading = _Reading(faults=[])
        return reading.trace(columns, _edges(links), person, wave, strata, drawn, traced, outside)

    @cached_property
    def counts(self) -> LinkCounts:
        """Numbers by stratum and pair of strata, of pairs whose link is known to be there or not."""
        return _count(self)


def in_memory(people: Any, wanted: Sequence[str | None], also: Sequence[str] = ()) -> Any:
    """These columns of people, and of others those there are, read once: an engine that reads twice may give rows in another order.

    Raises
    ------
    EstimateFault
        FL-EST-02.
    """
    frame = people.people if isinstance(people, Respondents) else people
    lazy = as_frame(frame).lazy()
    schema = lazy.collect_schema()
    names = [name for name in dict.fromkeys(wanted) if name is not None]
    absent = [name for name in names if name not in schema]
    if absent:
        raise missing_columns("FL-EST-02", absent, list(schema), EstimateFault)
    return lazy.select([*names, *(name for name in also if name in schema and name not in names)]).collect()


def columns_of(people: Any, wanted: Sequence[str]) -> dict[str, npt.NDArray[Any]]:
    """Columns of people as arrays of objects, missing values as None.

    Raises
    ------
    EstimateFault
        FL-EST-02.
    """
    table = in_memory(people, wanted)
    return {name: _objects(table[name].to_list()) for name in dict.fromkeys(wanted)}


def _objects(values: Sequence[Any]) -> npt.NDArray[Any]:
    made = np.empty(len(values), dtype=object)
    # NaN and pandas' own missing value are None; a whole number is the same id as text, as a float and as an integer.
    made[:] = [None if no_value(each) else each for each in values]
    return made


def _edges(links: Any) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    try:
        lazy = nw.from_native(links).lazy()
    except TypeError:
        raise EstimateFault(
            "FL-EST-570", "the links are no table", found=type(links).__name__,
            fix=f"a frame with the columns {PERSON} and {NAMED}: who names, and who is named",
        ) from None  # fmt: skip
    schema = lazy.collect_schema()
    absent = [name for name in (PERSON, NAMED) if name not in schema]
    if absent:
        raise missing_columns("FL-EST-02", absent, list(schema), EstimateFault)
    table = lazy.select([PERSON, NAMED]).collect()
    return _objects(table[PERSON].to_list()), _objects(table[NAMED].to_list())


def _id(value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip() or None


@dataclass
class _Reading:
    """Reads arrays, and collects what is wrong with them: a message holds rows and columns, never an id."""

    faults: list[str]

    def trace(
        self, columns: dict[str, npt.NDArray[Any]], edges: tuple[npt.NDArray[Any], npt.NDArray[Any]], person: str,
        wave: str, strata: str | None, drawn: tuple[str, ...], traced: str | None, outside: str | None,
    ) -> LinkTrace:  # fmt: skip
        index = self._index(columns[person], person)
        waves = self._whole(columns[wave], wave)
        labels, stratum = self._strata(columns.get(strata or ""), strata, len(waves))
        samples = np.array([self._zero_one(columns[name], name) for name in drawn], dtype=bool)
        others = None if outside is None else self._whole(columns[outside], outside)
        asked = None if traced is None else self._zero_one(columns[traced], traced)
        self._raise()
        if asked is None:
            asked = waves < waves.max()
        samples = (waves == 0)[None, :] if not drawn else samples
        self._check_drawn(samples, waves, asked)
        named = self._links(edges, index, asked)
        self._raise()
        links, both, unused = _pairs(named.pairs, asked, keep=others is not None)
        self._check_waves(links, waves, samples.any(axis=0), asked)
        if others is not None and (others[asked] > 0).any():
            self._fault(f"{int((others[asked] > 0).sum())} people were traced and know people outside the sample")
        self._raise()
        return LinkTrace(
            initial=samples, wave=waves, traced=asked, stratum=stratum, strata=labels, links=links, outside=others,
            named_by_both=both, unused_links=unused, unused_names=named.unused,
        )  # fmt: skip

    def _fault(self, text: str) -> None:
        self.faults.append(text)

    def _raise(self) -> None:
        if not self.faults:
            return
        raise EstimateFault(
            "FL-EST-570",
            "people and links do not make a link-tracing sample",
            found="; ".join(self.faults[:8]) + (f"; and {len(self.faults) - 8} more" if len(self.faults) > 8 else ""),
            fix="a row a person with an id, a wave from 0 (drawn at random) upwards and a stratum; and all links of the people "
            "who were traced, to people in the sample: traced= names a 0/1 column where these are not all waves but the last",
        )

    def _rows(self, wrong: Flags) -> str:
        return f"{int(wrong.sum())} rows ({listed((np.flatnonzero(wrong)[:6] + 1).tolist())})"

    def _index(self, ids: npt.NDArray[Any], name: str) -> dict[str, int]:
        keys = [_id(value) for value in ids]
        if not keys:
            self._fault("nobody is in the sample")
        missing = np.array([key is None for key in keys], dtype=bool)
        if missing.any():
            self._fault(f"{name}: no id in {self._rows(missing)}")
        index: dict[str, int] = {}
        twice = np.zeros(len(keys), dtype=bool)
        for position, key in enumerate(keys):
            if key is not None and index.setdefault(key, position) != position:
                twice[position] = True
        if twice.any():
            self._fault(f"{name}: an id that stands above already in {self._rows(twice)}")
        return index

    def _whole(self, values: npt.NDArray[Any], name: str) -> npt.NDArray[np.int64]:
        numbers = np.array([_number(value) for value in values], dtype=float)
        wrong = ~(np.isfinite(numbers) & (numbers == np.floor(numbers)) & (numbers >= 0) & (numbers < LARGEST_WHOLE))
        if wrong.any():
            self._fault(f"{name}: no whole number from 0 upwards in {self._rows(wrong)}")
        return np.where(wrong, 0, numbers).astype(np.int64)

    def _zero_one(self, values: npt.NDArray[Any], name: str) -> Flags:
        numbers = np.array([_number(value) for value in values], dtype=float)
        wrong = ~((numbers == 0) | (numbers == 1))
        if wrong.any():
            self._fault(f"{name}: neither 0 nor 1 in {self._rows(wrong)}")
        return numbers == 1

    def _strata(
        self, values: npt.NDArray[Any] | None, name: str | None, size: int
    ) -> tuple[tuple[str, ...], Positions]:
        if values is None:
            return ("",), np.zeros(size, dtype=np.intp)
        texts = [_id(value) for value in values]
        missing = np.array([text is None for text in texts], dtype=bool)
        if missing.any():
            self._fault(f"{name}: no stratum in {self._rows(missing)}")
        labels = tuple(sorted({text for text in texts if text is not None}))
        place = {label: position for position, label in enumerate(labels)}
        return labels, np.array([place.get(text or "", 0) for text in texts], dtype=np.intp)

    def _check_drawn(self, samples: Flags, waves: npt.NDArray[np.int64], traced: Flags) -> None:
        first = waves == 0
        if not first.any():
            self._fault("nobody is in wave 0: the initial sample")
        apart = samples.any(axis=0) != first
        if apart.any():
            self._fault(f"the initial samples are not wave 0 in {self._rows(apart)}")
        if not samples.any(axis=1).all():
            self._fault("an initial sample has nobody")
        if not traced.any():
            self._fault("nobody was traced: with one wave alone no link was followed")

    def _links(self, edges: tuple[npt.NDArray[Any], npt.NDArray[Any]], index: dict[str, int], traced: Flags) -> _Named:
        ends = [np.array([index.get(_id(value) or "", -1) for value in column], dtype=np.intp) for column in edges]
        absent = [np.array([_id(value) is None for value in column], dtype=bool) for column in edges]
        by, of = ends
        if (absent[0] | absent[1]).any():
            self._fault(f"links: no id in {self._rows(absent[0] | absent[1])}")
        itself = (by == of) & (by >= 0)
        if itself.any():
            self._fault(f"links: somebody named themselves in {self._rows(itself)}")
        unknown = (by < 0) & ~absent[0]
        if unknown.any():
            self._fault(f"links: who names is not among the people in {self._rows(unknown)}")
        outsider = (of < 0) & ~absent[1] & (by >= 0)
        followed = outsider & traced[np.where(by >= 0, by, 0)]
        if followed.any():
            self._fault(f"links: a traced person named somebody who is not among the people in {self._rows(followed)}")
        inside = (by >= 0) & (of >= 0) & (by != of)
        return _Named(pairs=np.column_stack([by[inside], of[inside]]), unused=int((outsider & ~followed).sum()))

    def _check_waves(self, links: Positions, waves: npt.NDArray[np.int64], drawn: Flags, traced: Flags) -> None:
        reached = steps_from(drawn, links, traced)
        never = reached < 0
        if never.any():
            self._fault(f"no link leads from the initial sample to the people in {self._rows(never)}")
        other = ~never & (reached != waves)
        if other.any():
            self._fault(f"the wave does not follow from the links in {self._rows(other)}")


@dataclass(frozen=True)
class _Named:
    pairs: Positions
    unused: int


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return np.nan


def _pairs(named: Positions, traced: Flags, *, keep: bool) -> tuple[Positions, float, int]:
    """Each linked pair once; the share of pairs of traced people who named each other; pairs that are left out."""
    if not len(named):
        return np.zeros((0, 2), dtype=np.intp), np.nan, 0
    directed = np.unique(named, axis=0)
    pairs, times = np.unique(np.sort(directed, axis=1), axis=0, return_counts=True)
    known = traced[pairs[:, 0]] | traced[pairs[:, 1]]
    of_both = traced[pairs[:, 0]] & traced[pairs[:, 1]]
    both = float((times[of_both] == 2).mean()) if of_both.any() else np.nan
    kept = np.ones(len(pairs), dtype=bool) if keep else known
    return pairs[kept].astype(np.intp), both, int((~kept).sum())


def steps_from(start: Flags, links: Positions, traced: Flags) -> npt.NDArray[np.int64]:
    """Steps from the people of `start` along links of those who were traced; −1 where no link leads."""
    steps = np.where(start, 0, -1).astype(np.int64)
    both = np.concatenate([links, links[:, ::-1]]) if len(links) else links
    both = both[traced[both[:, 0]]] if len(both) else both
    step, front = 0, start
    while front.any():
        step += 1
        met = np.zeros(len(start), dtype=bool)
        if len(both):
            met[both[front[both[:, 0]], 1]] = True
        front = met & (steps < 0)
        steps[front] = step
    return steps


def _count(trace: LinkTrace) -> LinkCounts:
    k = len(trace.strata)
    stratum = trace.stratum
    people = np.bincount(stratum, minlength=k)
    traced = np.bincount(stratum[trace.traced], minlength=k)
    # A pair is known where one of the two was traced; of all in the sample where everybody said whom they know.
    dark = np.zeros(k) if trace.outside is not None else (people - traced).astype(float)
    pairs = np.outer(people, people).astype(float) - np.outer(dark, dark)
    np.fill_diagonal(pairs, people * (people - 1) / 2 - dark * (dark - 1) / 2)
    links = np.zeros((k, k))
    if len(trace.links):
        np.add.at(links, (stratum[trace.links[:, 0]], stratum[trace.links[:, 1]]), 1.0)
    links = np.where(np.eye(k, dtype=bool), links, links + links.T)
    return LinkCounts(
        people=people.astype(np.int64), traced=traced.astype(np.int64), pairs=pairs, links=links,
        initial=tuple(int(one.sum()) for one in trace.initial),
    )  # fmt: skip
