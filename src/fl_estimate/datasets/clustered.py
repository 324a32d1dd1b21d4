"""A population whose outcome lies in clusters: areas, strata and primary sampling units of varying size, with a known ICC."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import special

from fl_estimate.arrays import Floats
from fl_estimate.errors import EstimateFault, shown

Ints = npt.NDArray[np.int64]
OUTCOME = "outcome"


@dataclass(frozen=True, kw_only=True, eq=False)
class ClusteredPopulation:
    """Everybody of a made-up population, and what was measured of it.

    Attributes
    ----------
    frame : pandas.DataFrame
        A row a person: `area`, `stratum`, `psu` (numbers that are unique over the population), `outcome` (0/1).
    areas : pandas.DataFrame
        A row an area: `area`, `population`, `prevalence` (true), `x` (a covariate).
    prevalence : float
        Of the population; a whole number of cases.
    icc : float
        Intraclass correlation of the outcome within PSUs, within areas and strata: the part of its variance that lies between
        PSUs, less what chance puts there (analysis of variance).
    r2 : float
        Squared correlation of the covariate with the logits of the areas' rates; NaN of fewer than three areas.
    """

    frame: pd.DataFrame
    areas: pd.DataFrame
    prevalence: float
    icc: float
    r2: float

    def __repr__(self) -> str:
        psus = self.frame["psu"].nunique()
        return (
            f"ClusteredPopulation of {len(self.frame):,} persons in {psus:,} PSUs and {len(self.areas):,} areas: "
            f"prevalence {self.prevalence:.4%}, ICC {self.icc:.3f}, R² of x {self.r2:.2f}"
        )


def clustered_population(
    *,
    persons: int = 100_000,
    psus: int = 1_000,
    strata: int = 2,
    areas: int = 30,
    prevalence: float = 0.01,
    icc: float = 0.05,
    spread: float = 0.5,
    r2: float = 0.5,
    seed: int,
) -> ClusteredPopulation:
    """Make a population of areas × strata × primary sampling units whose rare outcome lies in clusters.

    Use it to ask what an interval is worth where cases sit together, as forced labour does: `fl.simulate_coverage`.

    Parameters
    ----------
    persons, psus : int
        Persons and PSUs in all. PSUs differ in size (log-normal, coefficient of variation about 0.5), and have two persons or more.
    strata : int
        Strata within each area, such as urban and rural.
    areas : int
    prevalence : float
        Share of persons with the outcome; the population has the whole number of cases next to it.
    icc : float
        Intraclass correlation of the outcome within PSUs of an area and stratum, 0 to 0.9: PSUs' rates are beta-distributed
        around those of their areas with that correlation. What came out is measured and returned. A high one of a rare outcome
        is a few PSUs that hold the cases.
    spread : float
        Standard deviation of the areas' rates on the logit scale.
    r2 : float
        Part of the variance of the logits of the areas' rates that the covariate `x` tells, 0 to 1. The prevalences themselves
        differ from the rates by chance, and more so where cases are clustered.
    seed : int

    Returns
    -------
    ClusteredPopulation

    Raises
    ------
    EstimateFault
        FL-EST-396: numbers of which no such population can be made.

    Notes
    -----
    Area a has rate μ_a = logit⁻¹(m + spread (√R² x_a + √(1 − R²) e_a)), PSU j rate Beta(μ_a φ, (1 − μ_a) φ) with
    φ = (1 − ρ)/ρ; the number of its cases is drawn from them and m chosen so that rates come to the prevalence. Chance then
    adds or takes away single cases, in PSUs by their rates, until the number is right.

    References
    ----------
    Ridout, Demétrio and Firth (1999), Biometrics 55, 137–148: the beta-binomial, and the analysis-of-variance estimator.

    Examples
    --------
    >>> from fl_estimate.datasets.clustered import clustered_population
    >>> made = clustered_population(persons=50_000, psus=500, areas=10, prevalence=0.02, icc=0.1, seed=1)
    >>> int(made.frame["outcome"].sum()), 0.05 < made.icc < 0.15
    (1000, True)
    """
    _check(locals())
    rng = np.random.default_rng(seed)
    cell_of_psu = np.arange(psus) * (areas * strata) // psus
    area_of_psu = cell_of_psu // strata
    size = _sizes(persons, psus, rng)
    x, noise = _explained_and_residual(areas, rng)
    effect = spread * (np.sqrt(r2) * x + np.sqrt(1 - r2) * noise)
    effect_of_psu = effect[area_of_psu]
    rate = _rates(effect_of_psu, size, prevalence, icc, rng)
    cases = _to_number(rng.binomial(size, rate), rate, size, round(prevalence * persons), rng)
    psu = np.repeat(np.arange(psus), size)
    rank = np.arange(persons) - np.repeat(np.cumsum(size) - size, size)
    # Who of a PSU are the cases does not matter to any design here, whose persons are drawn at random within PSUs.
    frame = pd.DataFrame(
        {"area": area_of_psu[psu] + 1, "stratum": cell_of_psu[psu] + 1, "psu": psu + 1, OUTCOME: (rank < cases[psu]).astype(np.int8)}
    )  # fmt: skip
    of_area = frame.groupby("area")[OUTCOME].agg(["size", "mean"])
    table = pd.DataFrame(
        {
            "area": of_area.index,
            "population": of_area["size"].to_numpy(),
            "prevalence": of_area["mean"].to_numpy(),
            "x": x,
        }
    )
    return ClusteredPopulation(
        frame=frame, areas=table, prevalence=float(frame[OUTCOME].mean()), icc=measured_icc(cases, size, cell_of_psu),
        r2=float(np.corrcoef(x, effect)[0, 1] ** 2) if areas > 2 and spread > 0 else float("nan"),
    )  # fmt: skip


def measured_icc(cases: Ints, size: Ints, cell: Ints) -> float:
    """Intraclass correlation within PSUs of a 0/1 outcome, between PSUs of the same cell: analysis of variance, pooled over cells.

    ρ = (B − W)/(B + (m₀ − 1) W), with B and W the mean squares between and within PSUs and m₀ the mean size adjusted for its
    variance; at least −1/(m₀ − 1). NaN where nothing varies.
    """
    cells = int(cell.max()) + 1
    people, yes = np.bincount(cell, size, cells), np.bincount(cell, cases, cells)
    psus = np.bincount(cell, minlength=cells)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = np.where(people > 0, yes / people, 0.0)
        square = np.where(people > 0, np.bincount(cell, size.astype(float) ** 2, cells) / people, 0.0)
    between = float((size * (cases / size - mean[cell]) ** 2).sum())
    within = float((cases * (1 - cases / size)).sum())
    groups = int((psus - 1)[psus > 0].sum())
    m0 = float((people - square)[psus > 0].sum() / groups) if groups else float("nan")
    b, w = between / groups if groups else float("nan"), within / float(size.sum() - len(size))
    total = b + (m0 - 1) * w
    return float((b - w) / total) if total > 0 else float("nan")


def _explained_and_residual(areas: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """What a covariate tells of the areas, and what it does not: of mean 0, variance 1, and without correlation.

    Made so, and not only on average, so that R² is what was asked for with few areas too. Of two areas it cannot be.
    """
    x, noise = rng.standard_normal(areas), rng.standard_normal(areas)
    if areas < 3:
        return x, noise
    x = (x - x.mean()) / x.std()
    noise = noise - noise.mean() - x * (x @ noise) / areas
    return x, noise / noise.std()


def _check(given: dict[str, object]) -> None:
    def number(name: str) -> float:
        value = given[name]
        good = isinstance(value, int | float | np.number) and not isinstance(value, bool)
        return float(value) if good else float("nan")  # pyright: ignore[reportArgumentType]

    cells = number("areas") * number("strata")
    rules = {
        "persons, psus, strata and areas are whole numbers above 0": all(
            number(name) >= 1 and number(name).is_integer() for name in ("persons", "psus", "strata", "areas")
        ),
        "two PSUs or more in each stratum of each area": number("psus") >= 2 * cells,
        "two persons or more in a PSU": number("persons") >= 2 * number("psus"),
        "the prevalence is between 0 and 1": 0 < number("prevalence") < 1,
        "icc is from 0 to 0.9": 0 <= number("icc") <= 0.9,
        "r2 is from 0 to 1": 0 <= number("r2") <= 1,
        "spread is 0 or more": number("spread") >= 0,
        "seed is a whole number": number("seed") >= 0 and number("seed").is_integer(),
    }
    broken = [rule for rule, holds in rules.items() if not holds]
    if broken:
        names = ("persons", "psus", "strata", "areas", "prevalence", "icc", "r2", "spread", "seed")
        raise EstimateFault(
            "FL-EST-396", "no population can be made of these numbers",
            found=", ".join(f"{name}={shown(given[name])}" for name in names), fix="; ".join(broken),
        )  # fmt: skip


def _sizes(persons: int, psus: int, rng: np.random.Generator) -> Ints:
    """Sizes that differ, two persons or more each, persons in all."""
    share = np.exp(0.47 * rng.standard_normal(psus))
    left = persons - 2 * psus
    exact = left * share / share.sum()
    size = np.floor(exact).astype(np.int64)
    size[np.argsort(size - exact)[: left - int(size.sum())]] += 1
    return size + 2


def _rates(effect: Floats, size: Ints, prevalence: float, icc: float, rng: np.random.Generator) -> Floats:
    """Rates of PSUs around those of their areas, whose level gives the prevalence."""
    low, high = special.logit(prevalence) - 20.0, special.logit(prevalence) + 20.0
    for _ in range(100):
        middle = (low + high) / 2
        mean = float((size * special.expit(middle + effect)).sum() / size.sum())
        low, high = (middle, high) if mean < prevalence else (low, middle)
    rate = special.expit((low + high) / 2 + effect)
    if icc == 0:
        return rate
    phi = (1 - icc) / icc
    # The numbers of the beta distribution underflow to 0 / 0 for tiny parameters: such a PSU has nobody.
    return np.nan_to_num(rng.beta(rate * phi, (1 - rate) * phi))


def _to_number(cases: Ints, rate: Floats, size: Ints, wanted: int, rng: np.random.Generator) -> Ints:
    """Add or take away single cases, in PSUs by their rates, until there are as many as wanted."""
    cases = cases.astype(np.int64)
    while (short := wanted - int(cases.sum())) != 0:
        room = (size - cases) * np.maximum(rate, 1e-12) if short > 0 else cases.astype(float)
        count = min(abs(short), int((room > 0).sum()))
        chosen = rng.choice(len(size), size=count, replace=False, p=room / room.sum())
        cases[chosen] += int(np.sign(short))
    return cases
