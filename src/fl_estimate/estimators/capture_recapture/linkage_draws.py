"""Links that are only probable: drawn many times, the histories of each draw estimated, and all put into one interval."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd
from scipy import stats
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from fl_estimate.arrays import Floats, Places
from fl_estimate.errors import EstimateFault, FlError, ListsFault, listed, missing_columns
from fl_estimate.estimators.capture_recapture.linkage_codes import LINKAGE_DRAWS, LINKAGE_DRAWS_FAILED, LINKS_DRAWN
from fl_estimate.estimators.capture_recapture.loglinear import loglinear
from fl_estimate.estimators.sampling import known_seed
from fl_estimate.inputs.histories import CaptureHistories
from fl_estimate.results.basis import Support
from fl_estimate.results.codes import INTERVAL_NOT_DEFINED, PERFECT_LINKAGE, Assumption
from fl_estimate.results.estimates import Estimates
from fl_estimate.results.methods import method

FEWEST = 2
UNSTABLE = 0.05
"""Share of draws without an estimate above which the result is marked."""
MOST_WITHOUT = 0.5
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
    on: Places
    left: Places
    right: Places
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

    def _one_by_one(self, generator: np.random.Generator) -> Iterator[Places]:
        """Every pair drawn by itself; persons are what hangs together."""
        for _ in range(self.draws):
            linked = generator.random(len(self.probability)) < self.probability
            links = coo_array((np.ones(int(linked.sum()), dtype=np.int8), (self.left[linked], self.right[linked])),
                              shape=(len(self.on),) * 2)  # fmt: skip
            yield np.asarray(connected_components(links, directed=False)[1], dtype=np.intp)

    def _chain(self, generator: np.random.Generator) -> Iterator[Places]:
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

    def _counted(self, persons: Places) -> pd.DataFrame:
        size = len(self.lists)
        codes = np.zeros(len(self.on), dtype=np.int64)
        for place in range(size):
            codes[persons[self.on == place]] |= 1 << place
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
    of_list = {name: place for place, name in enumerate(names)}
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


def _each_once(ends: Places, probability: Floats) -> tuple[Places, Places, Floats]:
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
    place_of: Places,
    lists: int,
    first: Any,
    second: Any,
    chance: pd.Series[Any],
) -> None:
    """Every fault in one report: how many rows, never which id."""
    numbers = pd.to_numeric(chance, errors="coerce").to_numpy(dtype=float)
    empty = sum(not (place_of == place).any() for place in range(lists))
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


@method(kind=None, basis="lists", family="capture_recapture")
def pool_links(
    linkages: LinkDraws | Sequence[CaptureHistories],
    method: Callable[[CaptureHistories], Estimates] | None = None,
    *,
    level: float = 0.95,
) -> Estimates:
    """Estimate from each of several linkages of the same lists, and put the estimates into one with one interval.

    The interval holds what the method says given the links and what is not known of the links.

    Parameters
    ----------
    linkages : LinkDraws or sequence of CaptureHistories
        Of `draw_links`, or of your own; they are gone over one at a time.
    method : callable, optional
        CaptureHistories in, Estimates with the rows `population_size` and `dark_figure` and their `se` out. By default
        `loglinear` with main effects; ``lambda h: cr.select_stepwise(h, seed=1)`` chooses in each.
    level : float

    Returns
    -------
    Estimates
        Rows `population_size` and `dark_figure`, in persons; `se` holds both variances, `df` is Rubin's; `n` the mean of
        the people observed. Diagnostics: the values of each draw, the share of the variance that is of the links, and
        draws without an estimate.

    Raises
    ------
    EstimateFault
        FL-EST-30 (level), FL-EST-344 (more than half of the linkages have no estimate, or fewer than 2 have one),
        FL-EST-345 (what the method gives cannot be pooled).

    Notes
    -----
    N̄ and f̄ are means, T = W + (1 + 1/m) B of the population sizes, ν = (m − 1)(1 + W/((1 + 1/m) B))². The dark figure
    is log-normal: its limits are f̄/C and f̄ C, C = exp(t_ν √log(1 + T/f̄²)), those of N the mean number observed more.

    References
    ----------
    Rubin (1987), Multiple Imputation for Nonresponse in Surveys, ch. 3.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from fl_estimate import capture_recapture as cr
    >>> records = pd.DataFrame({"unique_id": range(1400), "source_dataset": ["police"] * 600 + ["ngo"] * 800})
    >>> pairs = pd.DataFrame({"unique_id_l": range(240), "unique_id_r": range(600, 840),
    ...                       "match_probability": np.repeat([1.0, 0.5], 120)})
    >>> links = cr.draw_links(records, pairs, lists=["police", "ngo"], draws=20, seed=1)
    >>> pooled = cr.pool_links(links).to_frame()
    >>> 2500 < float(pooled["value"].iloc[0]) < 2900
    True
    """
    if not 0 < level < 1:
        raise EstimateFault(
            "FL-EST-30", "the level is not between 0 and 1", found=repr(level), fix="95 % is level=0.95"
        )
    estimate = method or (lambda histories: loglinear(histories, level=level))
    made: list[Estimates] = []
    refused: dict[str, int] = {}
    for histories in linkages:
        try:
            made.append(_slim(estimate(histories)))
        except FlError as error:
            if error.code == "FL-EST-345":
                raise
            refused[error.code] = refused.get(error.code, 0) + 1
    without = sum(refused.values())
    if len(made) < FEWEST or without > MOST_WITHOUT * (len(made) + without):
        raise EstimateFault(
            "FL-EST-344", "too few of the linkages have an estimate to pool",
            found=f"{len(made)} of {len(made) + without}"
            + "".join(f"; {many} refused with {code}" for code, many in refused.items()),
            fix="give more draws, or a simpler method",
        )  # fmt: skip
    return _pooled(made, refused, level, linkages)


def _slim(made: Estimates) -> Estimates:
    """An estimate without its draws, which would be m times as many; refused where it has not the two rows."""
    frame = made.frame
    if len(frame) != 2 or frame["quantity"].tolist() != ["population_size", "dark_figure"]:
        raise EstimateFault(
            "FL-EST-345", "what the method gives cannot be pooled", found=f"{len(frame)} rows",
            fix="the method gives the rows population_size and dark_figure of one population, as those of cr do",
        )  # fmt: skip
    if frame[["value", "se"]].isna().to_numpy().any():
        raise EstimateFault(
            "FL-EST-345", "what the method gives cannot be pooled", found="a value or standard error is missing",
            fix="take a method with a standard error: an envelope, or a posterior without moments, cannot be pooled",
        )  # fmt: skip
    return replace(made, draws=None)


@dataclass(frozen=True, kw_only=True)
class Rubin:
    """Estimates of several linkages put together: mean, total variance, its degrees of freedom, the share of the links."""

    mean: float
    variance: float
    df: float
    share: float

    @staticmethod
    def of(values: Floats, variances: Floats) -> Rubin:
        """Rubin's rules."""
        m = len(values)
        within, between = float(variances.mean()), (1 + 1 / m) * float(values.var(ddof=1))
        total = within + between
        df = (m - 1) * (total / between) ** 2 if between > 0 else np.inf
        return Rubin(mean=float(values.mean()), variance=total, df=float(df), share=between / total if total else 0.0)


def _pooled(made: Sequence[Estimates], refused: Mapping[str, int], level: float, linkages: Any) -> Estimates:
    first = made[0]
    values, errors, people = (
        np.array([one.frame[name].to_numpy(dtype=float) for one in made]) for name in ("value", "se", "n")
    )
    size, dark = (Rubin.of(values[:, row], errors[:, row] ** 2) for row in (0, 1))
    n = size.mean - dark.mean
    t = float(stats.t.ppf((1 + level) / 2, size.df))
    spread = float(np.exp(t * np.sqrt(np.log1p(size.variance / dark.mean**2)))) if dark.mean > 0 else np.nan
    frame = first.frame.copy()
    frame["value"], frame["se"] = [size.mean, dark.mean], [np.sqrt(size.variance), np.sqrt(dark.variance)]
    frame["lower"] = [n + dark.mean / spread, dark.mean / spread]
    frame["upper"] = [n + dark.mean * spread, dark.mean * spread]
    frame["df"], frame["level"], frame["interval_kind"] = [size.df, dark.df], level, "log"
    frame["n"] = pd.array([round(float(people[:, 0].mean()))] * 2, dtype="Int64")
    frame["method"] = str(LINKAGE_DRAWS)
    terms = list(dict.fromkeys(str(one.frame["term"].iloc[0]) for one in made))
    frame["term"] = terms[0] if len(terms) == 1 else ""
    without = sum(refused.values())
    codes = [LINKAGE_DRAWS_FAILED] if without > UNSTABLE * (len(made) + without) else []
    codes += [] if dark.mean > 0 else [INTERVAL_NOT_DEFINED]
    said = [a for a in _assumed(made) if a.code != PERFECT_LINKAGE]
    arguments = {"draws": len(made) + without, "level": level, "of": first.provenance.to_dict()}
    if isinstance(linkages, LinkDraws):
        arguments |= {"seed": linkages.seed, "lists": list(linkages.lists)}
    return replace(
        first,
        frame=frame,
        reasons=tuple(code.at(row) for row in (0, 1) for code in codes),
        assumptions=(*said, LINKS_DRAWN.held(draws=len(made))),
        diagnostics={
            "draws": len(made),
            "draws_without_estimate": dict(refused),
            "share_of_links": size.share,
            "values": values[:, 0].tolist(),
            "observed": (values[:, 0] - values[:, 1]).tolist(),
            "terms": terms,
        },
        provenance=replace(first.provenance, call="pool_links", arguments=arguments, source_sha256=""),
        draws=None,
        support=Support.least([one.support for one in made]),
    )


def _assumed(made: Sequence[Estimates]) -> list[Assumption]:
    """The assumptions of any draw, each once."""
    seen: dict[str, Assumption] = {}
    for one in made:
        for assumption in one.assumptions:
            seen.setdefault(repr((assumption.code, assumption.parameters)), assumption)
    return list(seen.values())
