"""Link-tracing samples from a stochastic block model whose size is known: to plan a survey, and to test what estimates from one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from fl_estimate.arrays import Floats
from fl_estimate.errors import EstimateFault, shown
from fl_estimate.estimators.hidden.links.link_trace import NAMED, PERSON, Flags, Positions
from fl_estimate.inputs.seeds import known_seed


@dataclass(frozen=True, kw_only=True, eq=False)
class SimulatedLinkTracing:
    """A sample and the truth of the population it was drawn from.

    Attributes
    ----------
    people : pandas.DataFrame
        A row a person in the sample: ``person_id``, ``wave``, ``stratum`` (as recorded), ``initial_1`` and so on,
        ``traced``, ``fl`` (the outcome), and ``outside`` where the last wave was asked too.
    links : pandas.DataFrame
        ``person`` and ``named``.
    size, cases : int
        People in the population, and those with the outcome.
    strata : mapping of str to int
        People in each stratum.
    """

    people: pd.DataFrame
    links: pd.DataFrame
    size: int
    cases: int
    strata: Mapping[str, int]

    @property
    def prevalence(self) -> float:
        """Share of the population with the outcome."""
        return self.cases / self.size


def simulate_link_tracing(
    size: int,
    *,
    strata: Mapping[str, float] | None = None,
    links: float | Sequence[Sequence[float]] = 0.02,
    initial: int | Sequence[int] = 50,
    waves: int = 1,
    outcome: float | Mapping[str, float] = 0.3,
    reported: float = 1.0,
    wrong_strata: float = 0.0,
    drawn: Literal["random", "by links"] = "random",
    last_asked: bool = False,
    seed: int | None = None,
) -> SimulatedLinkTracing:
    """Draw a population with links, and a link-tracing sample from it.

    Parameters
    ----------
    size : int
        People in the population.
    strata : mapping of str to float, optional
        Share of each stratum; they sum to 1. One stratum without it.
    links : float or matrix
        Probability that two people are linked: one for all, or by stratum of the one and of the other, symmetric, in the order
        of `strata`.
    initial : int, or sequence of int
        People drawn at random first; several numbers are samples drawn independently of each other.
    waves : int
        How often links are followed. Everybody is asked for all their links but for the last wave.
    outcome : float or mapping of str to float
        Probability of the outcome, for all or by stratum.
    reported : float
        Share of links that a person names when asked: below 1 what `link_tracing` takes for granted fails.
    wrong_strata : float
        Share of the people in the sample who are recorded in a stratum at random.
    drawn : {"random", "by links"}
        ``by links``: the initial sample favours people in proportion to 1 + their links, as it does where people are met through
        others.
    last_asked : bool
        Whether the last wave is asked too, for links within the sample and for the number of people known outside it.
    seed : int, optional

    Returns
    -------
    SimulatedLinkTracing

    Raises
    ------
    EstimateFault
        FL-EST-585: settings that cannot be.

    Examples
    --------
    >>> import fl_estimate as fl
    >>> drawn = fl.hidden.simulate_link_tracing(500, links=0.01, initial=40, waves=2, seed=1)
    >>> drawn.size, sorted(drawn.people["wave"].unique().tolist())
    (500, [0, 1, 2])
    """
    plan = _LinkPlan.of(size, strata, links, initial, waves, outcome, reported, wrong_strata, drawn)
    rng = np.random.default_rng(known_seed(seed))
    stratum = rng.choice(len(plan.labels), size=size, p=plan.shares)
    case = rng.random(size) < plan.outcome[stratum]
    pairs = _population_links(stratum, plan.links, rng)
    told = _told(pairs, reported, rng)
    samples = _initial_samples(pairs, size, plan.initial, drawn, rng)
    wave = _trace(samples.any(axis=0), told, waves)
    # Links may have come to an end before the last wave: then everybody was asked.
    asked = (wave >= 0) & (wave < waves)
    return _written(plan, stratum, case, told, samples, wave, asked, wrong_strata, bool(last_asked), rng)


@dataclass(frozen=True, kw_only=True)
class _LinkPlan:
    labels: tuple[str, ...]
    shares: Floats
    links: Floats
    outcome: Floats
    initial: tuple[int, ...]

    @staticmethod
    def of(
        size: Any,
        strata: Any,
        links: Any,
        initial: Any,
        waves: Any,
        outcome: Any,
        reported: Any,
        wrong: Any,
        drawn: Any,
    ) -> _LinkPlan:
        labels = tuple(map(str, strata)) if isinstance(strata, Mapping) else ("all",)
        k = len(labels)
        faults: list[str] = []
        shares = _array(list(strata.values()) if isinstance(strata, Mapping) else [1.0])
        if not (strata is None or isinstance(strata, Mapping)) or not (
            k and (shares > 0).all() and np.isclose(shares.sum(), 1)
        ):
            faults.append("strata: a mapping of shares above 0 that sum to 1")
        matrix = _array(links)
        matrix = np.full((k, k), matrix) if matrix.ndim == 0 else matrix
        if matrix.shape != (k, k) or not ((matrix >= 0) & (matrix <= 1)).all() or not np.array_equal(matrix, matrix.T):
            faults.append("links: a probability, or a symmetric matrix of them with a row for each stratum")
        chances = _array([outcome.get(label) for label in labels] if isinstance(outcome, Mapping) else outcome)
        chances = np.full(k, chances) if chances.ndim == 0 else chances
        if chances.shape != (k,) or not ((chances >= 0) & (chances <= 1)).all():
            faults.append("outcome: a probability, or a mapping with one for every stratum")
        counts = np.atleast_1d(_array(initial))
        if not (_whole(size, 2) and counts.ndim == 1 and counts.size and ((counts >= 1) & (counts <= size)).all()):
            faults.append("size, initial: whole numbers, of initial samples from 1 to the size")
        elif not (counts == np.floor(counts)).all():
            faults.append("initial: whole numbers")
        if not _whole(waves, 1):
            faults.append("waves: 1 or more")
        if not all(0 <= float(_array(one).max(initial=-1.0)) <= 1 for one in (reported, wrong)):
            faults.append("reported, wrong_strata: shares from 0 to 1")
        if not (isinstance(drawn, str) and drawn in ("random", "by links")):
            faults.append(f"drawn: random or by links, not {shown(drawn)}")
        if faults:
            raise EstimateFault(
                "FL-EST-585", "no link-tracing sample can be drawn with these settings", found="; ".join(faults),
                fix="give what each line asks for",
            )  # fmt: skip
        return _LinkPlan(
            labels=labels, shares=shares / shares.sum(), links=matrix, outcome=chances,
            initial=tuple(int(one) for one in counts),
        )  # fmt: skip


def _array(given: Any) -> Floats:
    """Numbers as an array; what holds none is one NaN, which is in no range."""
    try:
        made = np.asarray(given, dtype=float)
    except (TypeError, ValueError):
        return np.full(1, np.nan)
    return made if made.size else np.full(1, np.nan)


def _whole(given: Any, least: int) -> bool:
    return isinstance(given, int | np.integer) and not isinstance(given, bool) and int(given) >= least


def _population_links(stratum: Positions, chance: Floats, rng: np.random.Generator) -> Positions:
    """Linked pairs of people, by pair of strata: how many, then which; never a table of all pairs."""
    members = [np.flatnonzero(stratum == a) for a in range(len(chance))]
    found: list[Positions] = []
    for a in range(len(chance)):
        for b in range(a, len(chance)):
            first, second = members[a], members[b]
            every = len(first) * (len(first) - 1) // 2 if a == b else len(first) * len(second)
            chosen = (
                rng.choice(every, size=rng.binomial(every, chance[a, b]), replace=False, shuffle=False) if every else []
            )
            place = np.asarray(chosen, dtype=np.int64)
            if a == b:
                # The place of a pair in the upper triangle, read backwards.
                row = ((1 + np.sqrt(1 + 8 * place.astype(float))) / 2).astype(np.int64)
                row -= row * (row - 1) // 2 > place
                row += (row + 1) * row // 2 <= place
                found.append(np.column_stack([first[row], first[place - row * (row - 1) // 2]]))
            else:
                found.append(np.column_stack([first[place // len(second)], second[place % len(second)]]))
    return np.concatenate(found).astype(np.intp)


def _told(pairs: Positions, reported: float, rng: np.random.Generator) -> Positions:
    """Who would name whom: each side of a link by itself."""
    both = np.concatenate([pairs, pairs[:, ::-1]])
    return both[rng.random(len(both)) < reported] if reported < 1 else both


def _initial_samples(
    pairs: Positions, size: int, initial: tuple[int, ...], drawn: str, rng: np.random.Generator
) -> Flags:
    weight = 1.0 + np.bincount(pairs.ravel(), minlength=size) if drawn == "by links" else np.ones(size)
    samples = np.zeros((len(initial), size), dtype=bool)
    for row, count in enumerate(initial):
        samples[row, rng.choice(size, size=count, replace=False, p=weight / weight.sum())] = True
    return samples


def _trace(start: Flags, told: Positions, waves: int) -> npt.NDArray[np.int64]:
    wave = np.where(start, 0, -1).astype(np.int64)
    for step in range(waves):
        met = np.zeros(len(start), dtype=bool)
        met[told[wave[told[:, 0]] == step, 1]] = True
        wave[met & (wave < 0)] = step + 1
    return wave


def _written(
    plan: _LinkPlan, stratum: Positions, case: Flags, told: Positions, samples: Flags, wave: npt.NDArray[np.int64],
    asked: Flags, wrong: float, last_asked: bool, rng: np.random.Generator,
) -> SimulatedLinkTracing:  # fmt: skip
    inside = np.flatnonzero(wave >= 0)
    # Ids say nothing of the order in which people came.
    ids = np.full(len(wave), -1, dtype=np.int64)
    ids[inside] = rng.permutation(len(inside)) + 1
    recorded = stratum.copy()
    mistaken = inside[rng.random(len(inside)) < wrong]
    recorded[mistaken] = rng.integers(len(plan.labels), size=len(mistaken))
    names = told[(asked | ((wave >= 0) & last_asked))[told[:, 0]]]
    within = names[wave[names[:, 1]] >= 0]
    columns: dict[str, Any] = {
        "person_id": ids[inside], "wave": wave[inside], "stratum": [plan.labels[a] for a in recorded[inside]],
        **{f"initial_{row + 1}": one[inside].astype(int) for row, one in enumerate(samples)},
        "traced": asked[inside].astype(int), "fl": case[inside].astype(int),
    }  # fmt: skip
    if last_asked:
        beyond = names[wave[names[:, 1]] < 0]
        columns["outside"] = np.bincount(beyond[:, 0], minlength=len(wave))[inside]
    people = pd.DataFrame(columns).sort_values("person_id", ignore_index=True)
    links = pd.DataFrame({PERSON: ids[within[:, 0]], NAMED: ids[within[:, 1]]})
    sizes = np.bincount(stratum, minlength=len(plan.labels))
    return SimulatedLinkTracing(
        people=people, links=links, size=len(wave), cases=int(case.sum()),
        strata={label: int(count) for label, count in zip(plan.labels, sizes, strict=True)},
    )  # fmt: skip
