"""From what was noted of every sample to the figures of a report: by domain, and by class of domains. Arrays only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from fl_estimate.arrays import Floats
from fl_estimate.laboratory.block import ABSENT, FLAGGED, LIMITS, WITHHELD, Domain, Part, SampleBlock, made_by
from fl_estimate.results.codes import PERSONS, PREVALENCE, PREVALENCE_PER_1000, TOTAL

Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]
KEYS = ("estimator", "quantity", "outcome", "term", "bound")
BANDS: tuple[tuple[str, float], ...] = (("under 1", 0), ("1–4", 1), ("5–9", 5), ("10–19", 10), ("20 and more", 20))
"""Expected cases of a domain, each band from its number up to the next."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Runs:
    """One part (an estimator's figure of an outcome) over all samples: arrays of shape (rows,), a row a sample × domain.

    `sample` numbers the samples, `domain` the domains, and `unit` the domains of each population.
    """

    sample: Ints
    domain: Ints
    unit: Ints
    value: Floats
    se: Floats
    lower: Floats
    upper: Floats
    truth: Floats
    cases: Floats
    withheld: Bools
    flagged: Bools
    warned: Bools
    code: npt.NDArray[np.object_]
    bounded: bool

    @property
    def given(self) -> Bools:
        """Rows with an interval; one that is open on a side has one."""
        return ~(np.isnan(self.lower) & np.isnan(self.upper))

    @property
    def below(self) -> Bools:
        """The interval lies below the truth."""
        return self.given & (self.upper < self.truth)

    @property
    def above(self) -> Bools:
        return self.given & (self.lower > self.truth)

    @property
    def covered(self) -> Bools:
        return self.given & ~self.below & ~self.above

    def take(self, rows: Any) -> Runs:
        """Some of the rows."""
        arrays = {name: value[rows] for name, value in vars(self).items() if isinstance(value, np.ndarray)}
        return Runs(**arrays, bounded=self.bounded)


def gather(blocks: Sequence[SampleBlock], *, several: bool) -> Iterator[tuple[Part, list[Domain], Runs]]:
    """Every part with its domains, over all blocks; a sample that an estimator refused has rows without an interval."""
    domains = list(dict.fromkeys(domain for block in blocks for domain in block.domains))
    number = {domain: at for at, domain in enumerate(domains)}
    parts = list(dict.fromkeys(part for block in blocks for part in block.parts))
    named = {part[0] for part in parts}
    lost = dict.fromkeys(
        name for block in blocks for name in block.refused if not any(made_by(each, name) for each in named)
    )
    outcomes = blocks[0].outcomes
    parts += [(name, "", outcome, "", "") for name in lost for outcome in outcomes]
    for part in parts:
        rows = [_of_block(block, part, number, len(domains), several=several) for block in blocks]
        arrays = {name: np.concatenate([each[name] for each in rows]) for name in rows[0]}
        _fill_truth(
            arrays,
            np.concatenate(
                [np.full(len(each["truth"]), part not in b.parts) for b, each in zip(blocks, rows, strict=True)]
            ),
        )
        bounded = part[1] in (PREVALENCE, PREVALENCE_PER_1000, TOTAL, PERSONS)
        runs = Runs(**arrays, bounded=bounded)
        yield part, domains, runs.take(~np.isnan(runs.truth)) if part[1] else runs


def _fill_truth(arrays: dict[str, Any], lost: Bools) -> None:
    """Give the rows of blocks that were refused as a whole the truth of their domain in other blocks: they are samples as well."""
    truth, domain = arrays["truth"], arrays["domain"]
    known = ~np.isnan(truth)
    sums, counts = (
        np.bincount(domain[known], truth[known], domain.max() + 1),
        np.bincount(domain[known], minlength=domain.max() + 1),
    )
    with np.errstate(invalid="ignore"):
        truth[lost] = (sums / counts)[domain[lost]]


def _of_block(
    block: SampleBlock, part: Part, number: dict[Domain, int], count: int, *, several: bool
) -> dict[str, Any]:
    shape = (block.samples, len(block.domains))
    domain = np.array([number[each] for each in block.domains])
    outcome = block.outcomes.index(part[2]) if part[2] in block.outcomes else -1
    group = block.number if several else 0
    common = {
        "sample": np.repeat(np.arange(block.samples), shape[1]) + block.number * 1_000_000,
        "domain": np.tile(domain, shape[0]),
        "unit": np.tile(domain + group * count, shape[0]),
        "cases": block.cases[outcome].ravel() if outcome >= 0 else np.full(shape, np.nan).ravel(),
    }
    if part not in block.parts:
        codes = next((each for name, each in block.refused.items() if made_by(part[0], name)), [ABSENT] * block.samples)
        empty = {name: np.full(shape, np.nan).ravel() for name in (*LIMITS, "truth")}
        return {
            **common, **empty, "withheld": np.ones(shape, dtype=bool).ravel(), "flagged": np.zeros(shape, dtype=bool).ravel(),
            "warned": np.zeros(shape, dtype=bool).ravel(),
            "code": np.repeat(np.array(codes, dtype=object), shape[1]),
        }  # fmt: skip
    at = block.parts.index(part)
    names = np.array([*block.codes, ""], dtype=object)
    standing = block.standing[at].ravel()
    return {
        **common,
        **{name: block.figures[name][at].ravel() for name in LIMITS},
        "truth": np.tile(block.truth[at], shape[0]),
        "withheld": standing == WITHHELD,
        "flagged": standing == FLAGGED,
        "warned": block.warned[at].ravel(),
        "code": names[block.code[at].ravel()],
    }


def domain_row(runs: Runs, level: float) -> dict[str, Any]:
    """The figures of one domain over the samples."""
    given = runs.given
    known = ~np.isnan(runs.value)
    off = (runs.value - runs.truth)[known]
    truth = float(runs.truth.mean()) if len(runs.truth) else np.nan
    mean_se = _mean(runs.se[~np.isnan(runs.se)])
    sd = float(off.std(ddof=1)) if len(off) > 1 else np.nan
    width = (runs.upper - runs.lower)[given]
    least = shortest(runs.take(given), level)
    bias = _mean(off)
    return {
        "samples": len(given),
        "truth": truth,
        "expected_cases": _mean(runs.cases),
        **shares(runs),
        "mean": _mean(runs.value[known]),
        "bias": bias,
        "relative_bias": _ratio(bias, truth),
        "sd": sd,
        "mean_se": mean_se,
        "se_bias": _ratio(mean_se, sd) - 1,
        "rmse": float(np.sqrt(np.mean(off**2))) if len(off) else np.nan,
        "mean_width": _mean(width),
        "median_width": float(np.median(width)) if len(width) else np.nan,
        "shortest_width": least,
        "width_ratio": _ratio(_mean(width), least),
    }


def shares(runs: Runs) -> dict[str, Any]:
    """Coverage and what goes with it, as shares; coverage is of the samples that have an interval."""
    given, covered = runs.given, runs.covered
    told = int(given.sum())
    coverage = _ratio(float(covered.sum()), told)
    printed = given & ~runs.withheld
    lost = Counter(runs.code[~given].tolist())
    return {
        "coverage": coverage,
        "coverage_error": _error(runs, covered, given, coverage),
        "interval_below": _ratio(float(runs.below.sum()), told),
        "interval_above": _ratio(float(runs.above.sum()), told),
        "refused": 1 - told / len(given) if len(given) else np.nan,
        "refusals": ", ".join(f"{code} ({count:,})" for code, count in lost.most_common(3)),
        "flagged": _mean(runs.flagged.astype(float)),
        "withheld": _mean(runs.withheld.astype(float)),
        "warned": _ratio(float((given & runs.warned).sum()), told),
        "warned_of_misses": _ratio(float((given & ~covered & runs.warned).sum()), float((given & ~covered).sum())),
        "coverage_published": _ratio(float((covered & printed).sum()), float(printed.sum())),
    }


def _error(runs: Runs, covered: Bools, given: Bools, coverage: float) -> float:
    """Monte Carlo standard error of a coverage: between samples, whose domains are not independent of each other.

    It is at least that of as many independent intervals with (covered + 1)/(intervals + 2) for their coverage: where all cover,
    the error is not nothing.
    """
    total = float(given.sum())
    if not total:
        return np.nan
    share = (covered.sum() + 1) / (total + 2)
    floor = float(np.sqrt(share * (1 - share) / total))
    _, at = np.unique(runs.sample, return_inverse=True)
    count = int(at.max()) + 1
    if count < 2:
        return floor
    residual = np.bincount(at, weights=covered.astype(float) - coverage * given, minlength=count)
    between = float(np.sqrt(count / (count - 1) * (residual**2).sum()) / total)
    return max(floor, between)


def shortest(runs: Runs, level: float) -> float:
    """Mean width of the shortest intervals of this shape that would have covered as often as the level says.

    Every interval keeps its value; its two arms, from the value to either limit, are stretched or shrunk by one factor each, the
    same in all samples. A sample is covered where the factor of the arm that points to the truth reaches it. Of all pairs of
    factors that leave out the share 1 − level, with whatever part of it on either side, the shortest is taken. Limits of a
    share or a number stay at 0 or more. NaN where a truth cannot be reached, or limits or values are missing.
    """
    arms = [runs.value - runs.lower, runs.upper - runs.value]
    far = [runs.value - runs.truth, runs.truth - runs.value]
    rows = len(runs.value)
    if not rows or any(np.isnan(arm).any() for arm in arms):
        return np.nan
    spare = int(np.floor((1 - level) * rows + 1e-9))
    needed: list[Floats] = []
    for arm, reach in zip(arms, far, strict=True):
        with np.errstate(divide="ignore", invalid="ignore"):
            factor = np.where(reach <= 0, 0.0, np.where(arm > 0, reach / arm, np.inf))
        needed.append(np.append(np.sort(factor[reach > 0])[::-1], 0.0))
    best = np.inf
    for left in range(spare + 1):
        factors = [each[min(drop, len(each) - 1)] for each, drop in zip(needed, (left, spare - left), strict=True)]
        if not np.isfinite(factors).all():
            continue
        low = factors[0] * arms[0]
        low = np.minimum(low, runs.value) if runs.bounded else low
        best = min(best, float((low + factors[1] * arms[1]).mean()))
    return best if np.isfinite(best) else np.nan


def classes_of(runs: Runs, domains: Sequence[Domain]) -> Iterator[tuple[str, str, Bools]]:
    """Kinds of classes, the classes, and the rows of each; the nation by itself, domains by what is expected of them."""
    nation = np.array([domain == ("",) for domain in domains])[runs.domain]
    yield "nation", "nation", nation
    inside = ~nation
    if not inside.any():
        return
    yield "domains", "all", inside
    units, at = np.unique(runs.unit, return_inverse=True)
    counted = np.bincount(at, minlength=len(units))
    expected = (np.bincount(at, weights=runs.cases, minlength=len(units)) / counted)[at]
    for kind, cases in (("expected cases", expected), ("cases in the sample", runs.cases)):
        for (name, low), high in zip(BANDS, [*(low for _, low in BANDS[1:]), np.inf], strict=True):
            called = {"under 1": "0"}.get(name, name) if kind == "cases in the sample" else name
            yield kind, called, inside & (cases >= low) & (cases < high)
    truth = np.bincount(at, weights=runs.truth, minlength=len(units)) / counted
    yield from _tenths(runs, domains, inside, at, truth)


def _tenths(
    runs: Runs, domains: Sequence[Domain], inside: Bools, at: Ints, truth: Floats
) -> Iterator[tuple[str, str, Bools]]:
    """The tenth of domains with the lowest and with the highest truths, of each population and margin."""
    margin = np.array([domain[0] for domain in domains], dtype=object)
    first = np.full(len(truth), -1)
    first[at] = np.arange(len(at))
    keys = pd.DataFrame({"population": runs.unit[first] // len(domains), "margin": margin[runs.domain[first]]})
    rank = pd.Series(truth).groupby([keys["population"], keys["margin"]]).rank(method="first").to_numpy()
    size = pd.Series(truth).groupby([keys["population"], keys["margin"]]).transform("size").to_numpy()
    tenth = np.maximum(1, np.round(size / 10))
    if (size >= 3).any():
        yield "truth", "lowest tenth", inside & ((rank <= tenth) & (size >= 3))[at]
        yield "truth", "highest tenth", inside & ((rank > size - tenth) & (size >= 3))[at]


def class_row(runs: Runs, rows: pd.DataFrame) -> dict[str, Any]:
    """The figures of a class of domains: shares over all its intervals, and means over its domains."""
    known = ~np.isnan(runs.value)
    off, truth = (runs.value - runs.truth)[known], runs.truth[known]
    width = (runs.upper - runs.lower)[runs.given]
    least = float(rows["coverage"].min()) if len(rows) else np.nan
    return {
        "domains": len(np.unique(runs.domain)),
        "intervals": int(runs.given.sum()),
        **shares(runs),
        "least_coverage": least,
        "relative_bias": _ratio(float(off.sum()), float(truth.sum())),
        "se_bias": _ratio(_mean(rows["mean_se"]), _mean(rows["sd"])) - 1 if len(rows) else np.nan,
        "rmse": float(np.sqrt(np.mean(off**2))) if len(off) else np.nan,
        "mean_width": _mean(width),
        "median_width": float(np.median(width)) if len(width) else np.nan,
        "width_ratio": _ratio(_mean(rows["mean_width"]), _mean(rows["shortest_width"])) if len(rows) else np.nan,
    }


def _mean(values: Any) -> float:
    known = np.asarray(values, dtype=float)
    return float(known.mean()) if len(known) and not np.isnan(known).all() else np.nan


def _ratio(above: float, below: float) -> float:
    return float(above / below) if below else np.nan


def tables(blocks: Sequence[SampleBlock], *, several: bool, level: float) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The rows by domain, and those by class of domains."""
    by_domain: list[dict[str, Any]] = []
    by_class: list[dict[str, Any]] = []
    for part, domains, runs in gather(blocks, several=several):
        head = dict(zip(KEYS, part, strict=True))
        order = np.argsort(runs.domain, kind="stable")
        ends = np.searchsorted(runs.domain[order], np.arange(len(domains) + 1))
        made: dict[int, dict[str, Any]] = {}
        for at, domain in enumerate(domains):
            rows = order[ends[at] : ends[at + 1]]
            if len(rows):
                position = {"margin": domain[0], "domain": " × ".join(domain[1:])}
                made[at] = {**head, **position, **domain_row(runs.take(rows), level)}
        by_domain += made.values()
        figures = pd.DataFrame(made.values(), index=pd.Index(made))
        for kind, name, rows in classes_of(runs, domains):
            if rows.any():
                # What was met in the sample differs between samples: a domain as a whole is in no such class.
                whole = kind != "cases in the sample" and not (several and kind in ("expected cases", "truth"))
                within = figures.loc[np.unique(runs.domain[rows])] if whole else figures.iloc[:0]
                by_class.append({**head, "kind": kind, "class": name, **class_row(runs.take(rows), within)})
    return pd.DataFrame(by_domain), pd.DataFrame(by_class)
