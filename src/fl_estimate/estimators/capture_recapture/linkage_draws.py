"""Links that are only probable, drawn many times: the histories of each draw. What is estimated from them is in `linkage_pooling`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from fl_estimate.arrays import Floats, Positions
from fl_estimate.errors import ListsFault, listed, missing_columns
from fl_estimate.estimators.sampling import known_seed
from fl_estimate.inputs.histories import CaptureHistories

FEWEST = 2
WARM_UP, SETTLING, BETWEEN = 80, 20, 10
"""Sweeps of the chain before the first draw, of these before odds are scaled, and sweeps between draws."""
MOST_SCALED = float(np.log(20))
"""Of the logarithm of the odds: probabilities that contradict each other more are not followed."""
SUREST = 1 - 1e-12


@dataclass(frozen=True, kw_only=True, eq=False)
class LinkDraws:
    """Draws of who is whom: going over it gives the capture histories of each draw in turn, always the same ones.

    Made by `draw_links`. It holds the pairs and the list of each record, no identifier and no draw: m draws need the
    memory of one.

    Attributes
    ----------
    lists : tuple of str
    on : int array, shape (records,)
        The list of each record.
    left, right : int array, shape (pairs,)
        Records of each pair.
    probability : float array, shape (pairs,)
    draws, seed : int
    deduplicated : bool
    outcome, population, reference_period : str
        Handed on to the histories.
    """

    lists: tuple[str, ...]
    on: Positions
    left: Positions
    right: Positions
    probability: Floats
    draws: int
    seed: int
    deduplicated: bool = True
    outcome: str = ""
    population: str = ""
    reference_period: str = ""

    def about(self, *, outcome: str = "", population: str = "", reference_period: str = "") -> LinkDraws:
        """Say what the people on the lists are, as `CaptureHistories.about` does."""
        return replace(self, outcome=outcome, population=population, reference_period=reference_period)

    def __len__(self) -> int:
        return self.draws

    def __iter__(self) -> Iterator[CaptureHistories]:
        generator = np.random.default_rng(self.seed)
        for persons in self._chain(generator) if self.deduplicated else self._one_by_one(generator):
            made = CaptureHistories.from_counts(self._counted(persons), lists=self.lists, count="_people")
            yield made.about(outcome=self.outcome, population=self.population, reference_period=self.reference_period)

    def to_frame(self, draw: str = "draw") -> pd.DataFrame:
        """The histories of all draws with their counts, and the number of the draw: a file of them needs no identifier.

        Parameters
        ----------
        draw : str
            What the column of the draw is called; no list may be called so.

        Returns
        -------
        pandas.DataFrame
            A row a history and draw: a column of 0 and 1 for each list, `count`, and the draw, from 1.

        Examples
        --------
        >>> import pandas as pd
        >>> from fl_estimate import capture_recapture as cr
        >>> records = pd.DataFrame({"unique_id": [1, 2, 3], "source_dataset": ["police", "ngo", "ngo"]})
        >>> pairs = pd.DataFrame({"unique_id_l": [1], "unique_id_r": [2], "match_probability": [1.0]})
        >>> cr.draw_links(records, pairs, lists=["police", "ngo"], draws=2, seed=1).to_frame().values.tolist()
        [[0, 1, 1, 1], [1, 1, 1, 1], [0, 1, 1, 2], [1, 1, 1, 2]]
        """
        if draw in (*self.lists, "count"):
            raise ListsFault(
                "FL-LISTS-02", "a list, or the count, is called as the column of draws", found=repr(draw),
                fix="give the column of draws another name",
            )  # fmt: skip
        parts = [one.to_frame().astype(int).assign(**{draw: number}) for number, one in enumerate(self, start=1)]
        return pd.concat(parts, ignore_index=True)

    def _one_by_one(self, generator: np.random.Generator) -> Iterator[Positions]:
        """Every pair drawn by itself; persons are what hangs together."""
        for _ in range(self.draws):
            linked = generator.random(len(self.probability)) < self.probability
            links = coo_array((np.ones(int(linked.sum()), dtype=np.int8), (self.left[linked], self.right[linked])),
                              shape=(len(self.on),) * 2)  # fmt: skip
            yield np.asarray(connected_components(links, directed=False)[1], dtype=np.intp)

    def _chain(self, generator: np.random.Generator) -> Iterator[Positions]:
        """Persons with at most one record of each list, by Gibbs sweeps over the records."""
        from fl_estimate.estimators.capture_recapture.linkage_gibbs import sweep

        records = len(self.on)
        start, end = np.concatenate([self.left, self.right]), np.concatenate([self.right, self.left])
        order = np.argsort(start, kind="stable")
        starts = np.searchsorted(start[order], np.arange(records + 1))
        chance = np.clip(np.tile(self.probability, 2)[order], 0.0, SUREST)
        others, odds = end[order], chance / (1 - chance)
        person, mask = np.arange(records), (1 << self.on).astype(np.int64)
        free = np.zeros(records + 1, dtype=np.int64)
        expected, scale = float(self.probability.sum()), 0.0
        # What a link more takes on the logarithm of the odds, were the pairs drawn by themselves.
        steep = max(float((self.probability * (1 - self.probability)).sum()), 0.25)
        for step in range(WARM_UP):
            sweep(person, mask, free, self.on, starts, others, odds * np.exp(scale), generator.random(records))
            linked = float((person[self.left] == person[self.right]).sum())
            if step >= SETTLING:
                move = np.clip((expected - linked) / steep, -1.0, 1.0) * 4 / (4 + step - SETTLING)
                scale = float(np.clip(scale + move, -MOST_SCALED, MOST_SCALED))
        odds = odds * np.exp(scale)
        for _ in range(self.draws):
            for _ in range(BETWEEN):
                sweep(person, mask, free, self.on, starts, others, odds, generator.random(records))
            yield person

    def _counted(self, persons: Positions) -> pd.DataFrame:
        size = len(self.lists)
        codes = np.zeros(len(self.on), dtype=np.int64)
        for position in range(size):
            codes[persons[self.on == position]] |= 1 << position
        found, people = np.unique(codes[codes > 0], return_counts=True)
        members = (found[:, None] >> np.arange(size)) & 1
        return pd.DataFrame(members, columns=list(self.lists)).assign(_people=people.astype(float))

    def __repr__(self) -> str:
        return f"LinkDraws({self.draws} draws, {len(self.on):,} records on {len(self.lists)} lists, {len(self.left):,} pairs)"


def draw_links(
    records: Any,
    pairs: Any,
    *,
    lists: Sequence[str],
    draws: int = 20,
    record_id: str = "unique_id",
    record_list: str = "source_dataset",
    left: str = "unique_id_l",
    right: str = "unique_id_r",
    probability: str = "match_probability",
    deduplicated: bool = True,
    seed: int | None = None,
) -> LinkDraws:
    """Draw who is whom from the probabilities of pairs of records, as splink gives them.

    To take the pairs above a threshold as certain hides what is not known. Each draw links every pair with its
    probability; estimate from each, and put the estimates together with `pool_links`. The columns are named as splink
    names them by default.

    Parameters
    ----------
    records : frame
        A row a record: its id, unique over all lists, and its list. Any frame that narwhals knows.
    pairs : frame
        A row a pair of records that may be one person, with its probability. Pairs that are not named are not linked:
        let the linkage give those of small probability too.
    lists : sequence of str
        Values of `record_list`; records of other lists, and their pairs, are left aside.
    draws : int, default 20
    record_id, record_list, left, right, probability : str
        Names of columns.
    deduplicated : bool, default True
        Whether each list holds a person once. Then links within a list are not made, and no person gets two records of a
        list.
    seed : int, optional
        Where it is not given, one is made and kept.

    Returns
    -------
    LinkDraws
        Going over it gives `draws` CaptureHistories, one at a time.

    Raises
    ------
    ListsFault
        FL-LISTS-01 (a column is not there), FL-LISTS-02 (fewer than two lists), FL-LISTS-03 (not a frame), FL-LISTS-20
        (records or pairs cannot be used: every fault in one report, without an id), FL-LISTS-21 (fewer than 2 draws).

    Notes
    -----
    For deduplicated lists a chain of Gibbs sweeps over the records, the persons told apart at first: each record chooses
    anew to stand alone, with weight 1, or to be one of the persons that have no record of its list, each with the odds
    p/(1 − p) of the surest pair that it makes with them. Of two lists this draws matchings in proportion to the product
    of the odds of their links. All odds are multiplied by one number, found in the 80 sweeps before the first draw, so
    that as many pairs are linked as their probabilities sum to (by 20 or 1/20 at most): pairs that exclude each other
    would else lose links, and make the estimate too large. 10 sweeps lie between draws. Otherwise every pair is drawn by
    itself, and persons are the connected components.

    References
    ----------
    Binette and Steorts (2022), Science Advances 8(12), eabi8021 (linkage and its uncertainty).

    Examples
    --------
    >>> import pandas as pd
    >>> from fl_estimate import capture_recapture as cr
    >>> records = pd.DataFrame({"unique_id": [1, 2, 3, 4], "source_dataset": ["police", "police", "ngo", "ngo"]})
    >>> pairs = pd.DataFrame({"unique_id_l": [1, 2], "unique_id_r": [3, 4], "match_probability": [1.0, 0.5]})
    >>> links = cr.draw_links(records, pairs, lists=["police", "ngo"], draws=10, seed=1)
    >>> links
    LinkDraws(10 draws, 4 records on 2 lists, 2 pairs)
    >>> sorted({histories.n for histories in links})
    [2.0, 3.0]
    """
    names = tuple(lists)
    if len(names) < 2 or len(set(names)) != len(names):
        raise ListsFault(
            "FL-LISTS-02", "at least two lists with different names are needed", found=listed(names) or "none"
        )
    if int(draws) != draws or draws < FEWEST:
        raise ListsFault(
            "FL-LISTS-21", "one draw of the links does not tell how much they matter", found=f"draws={draws!r}",
            fix="give at least 2; 20 are usual",
        )  # fmt: skip
    ids, on = _columns(records, (record_id, record_list))
    first, second, chance = _columns(pairs, (left, right, probability))
    of_list = {name: position for position, name in enumerate(names)}
    place_of = on.astype("string").map(of_list).fillna(-1).to_numpy(dtype=np.intp)
    keep = place_of >= 0
    index = pd.Index(ids)
    _require_sound(index, on, place_of, len(names), first, second, chance)
    one, other = (index.get_indexer(pd.Index(side)) for side in (first, second))
    where = np.cumsum(keep) - 1
    apart = place_of[one] != place_of[other]
    used = keep[one] & keep[other] & (one != other) & (apart | (not deduplicated))
    ends = np.stack([where[one[used]], where[other[used]]]).astype(np.intp)
    left_at, right_at, surest = _each_once(ends, chance.to_numpy(dtype=float)[used])
    return LinkDraws(
        lists=names,
        on=place_of[keep],
        left=left_at,
        right=right_at,
        probability=surest,
        draws=int(draws),
        seed=known_seed(seed),
        deduplicated=deduplicated,
    )


def _each_once(ends: Positions, probability: Floats) -> tuple[Positions, Positions, Floats]:
    """Pairs that can be links, each once whatever its order; one that is named twice with the larger probability."""
    named = pd.DataFrame({"left": ends.min(axis=0), "right": ends.max(axis=0), "p": probability})
    named = named[named["p"] > 0].groupby(["left", "right"], as_index=False, sort=True)["p"].max()
    return (
        named["left"].to_numpy(dtype=np.intp),
        named["right"].to_numpy(dtype=np.intp),
        named["p"].to_numpy(dtype=float),
    )


def _columns(frame: Any, names: Sequence[str]) -> list[Any]:
    try:
        wrapped = nw.from_native(frame).lazy()
    except TypeError as error:
        raise ListsFault("FL-LISTS-03", "this is not a data frame", found=type(frame).__name__) from error
    present = list(wrapped.collect_schema())
    absent = [name for name in names if name not in present]
    if absent:
        raise missing_columns("FL-LISTS-01", absent, present, ListsFault)
    table = wrapped.select(*names).collect()
    return [table[name].to_pandas() for name in names]


def _require_sound(
    index: pd.Index[Any],
    on: pd.Series[Any],
    place_of: Positions,
    lists: int,
    first: Any,
    second: Any,
    chance: pd.Series[Any],
) -> None:
    """Every fault in one report: how many rows, never which id."""
    numbers = pd.to_numeric(chance, errors="coerce").to_numpy(dtype=float)
    empty = sum(not (place_of == position).any() for position in range(lists))
    gone = np.asarray(index.isna(), dtype=bool)
    faults = {
        "records without an id": int(gone.sum()),
        "records whose id stands twice": int(index[~gone].duplicated().sum()),
        "records without a list": int(on.isna().sum()),
        "lists without a record": empty,
        "pairs with an id that no record has": sum(
            int((index.get_indexer_for(pd.Index(side)) < 0).sum()) if index.is_unique else 0 for side in (first, second)
        ),
        "pairs whose probability is not a number from 0 to 1": int((~((numbers >= 0) & (numbers <= 1))).sum()),
    }
    found = [f"{what}: {many}" for what, many in faults.items() if many]
    if found:
        raise ListsFault(
            "FL-LISTS-20", "these records and pairs cannot be linked", found="; ".join(found),
            fix="ids are unique over all lists; every pair names two records and the probability that they are one person",
        )  # fmt: skip
