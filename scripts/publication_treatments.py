"""Compare three ways to print domains of 0 to 4 cases, by simulation, and write the tables of docs/explanation/disclosure.md.

python scripts/publication_treatments.py [--countries 1500] [--modelled 60]
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import special

import fl_estimate as fl
from fl_estimate.design.intervals import no_case_limits, proportion
from fl_estimate.results.provenance import package_version

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
DOCS = Path(__file__).resolve().parents[1] / "docs" / "explanation"
SEED = 18
BANDS: tuple[tuple[float, float], ...] = ((0.5, 0.5), (1, 2), (2, 5), (5, 10))
SAMPLES: tuple[int, ...] = (100, 250, 500, 1000)
DOMAINS = 12
LEVEL = 0.95
FEW = 5
"""Fewer cases than this are not printed as a figure (fl-default)."""
PROBED: tuple[float, ...] = (8, 9, 10, 10.5, 11, 12, 13, 14, 16, 18, 20, 24, 28, 32)
"""Expected cases of the domain in which an upper limit is tried: the worst is just above what the limit allows."""


@dataclass(frozen=True, kw_only=True)
class Setting:
    """How cases lie: their correlation within PSUs, and whether a PSU of a high weight has more of them."""

    name: str
    icc: float
    informative: bool = False


SETTINGS: tuple[Setting, ...] = (
    Setting(name="scattered", icc=0.0),
    Setting(name="clustered, icc 0.05", icc=0.05),
    Setting(name="clustered, icc 0.15", icc=0.15),
    Setting(name="icc 0.15, informative weights", icc=0.15, informative=True),
)


@dataclass(frozen=True, kw_only=True)
class Countries:
    """Samples of several countries; arrays are (countries, domains), those of a nation (countries,)."""

    n: int
    truth: Floats
    cases: npt.NDArray[np.int64]
    value: Floats
    lower: Floats
    upper: Floats
    zero: float
    deff: Floats

    @property
    def low(self) -> Flags:
        """Domains of 0 to 4 cases."""
        return self.cases < FEW


def psu_sizes(n: int, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """PSUs of 10 to 20 respondents, n in all."""
    sizes = rng.integers(10, 21, max(2, round(n / 15)))
    while (short := n - int(sizes.sum())) != 0:
        at, step = rng.integers(len(sizes)), int(np.sign(short))
        if 10 <= sizes[at] + step <= 20:
            sizes[at] += step
    return sizes


def sampled(
    setting: Setting, n: int, countries: int, rng: np.random.Generator, probe: float | None = None
) -> Countries:
    """Draw countries of twelve domains, three a band of expected cases; `probe` is the expected cases of the first instead."""
    sizes = np.stack([psu_sizes(n, rng) for _ in range(DOMAINS)])
    low, high = (np.array([band[end] for band in BANDS])[np.arange(DOMAINS) % 4] for end in (0, 1))
    expected = rng.uniform(low, high, (countries, DOMAINS))
    if probe is not None:
        expected[:, 0] = probe
    truth = expected / n
    shape = (countries, *sizes.shape)
    weight = np.exp(0.5 * rng.standard_normal(shape)) if setting.informative else np.ones(shape)
    # Shares of PSUs rise with the root of their weight, and give the truth when weighted.
    rise = np.sqrt(weight) * ((sizes * weight).sum(-1) / (sizes * weight**1.5).sum(-1))[..., None]
    mean = np.minimum(truth[..., None] * rise, 0.999)
    share = rng.beta(mean * (1 / setting.icc - 1), (1 - mean) * (1 / setting.icc - 1)) if setting.icc else mean
    return estimated(n, truth, sizes, weight, rng.binomial(np.broadcast_to(sizes, shape), share))


def estimated(
    n: int, truth: Floats, sizes: npt.NDArray[np.int64], weight: Floats, cases: npt.NDArray[np.int64]
) -> Countries:
    """Direct estimates with Korn–Graubard intervals, domains being strata, and the national design effect."""
    psus = sizes.shape[1]
    total = (sizes * weight).sum(-1)
    value = (cases * weight).sum(-1) / total
    scores = weight * (cases - sizes * value[..., None]) / total[..., None]
    se = np.sqrt(psus / (psus - 1) * (scores**2).sum(-1))
    flat = [np.full(value.size, float(each)) for each in (n, psus - 1)]
    lower, upper = proportion("korn-graubard", value.ravel(), se.ravel(), flat[0], flat[1], LEVEL)
    nation = (cases * weight).sum((-1, -2)) / total.sum(-1)
    scores = weight * (cases - sizes * nation[:, None, None]) / total.sum(-1)[:, None, None]
    scores = scores - scores.mean(-1, keepdims=True)
    variance = (psus / (psus - 1) * (scores**2).sum(-1)).sum(-1)
    return Countries(
        n=n, truth=truth, cases=cases.sum(-1), value=value,
        lower=lower.reshape(value.shape), upper=upper.reshape(value.shape),
        zero=float(no_case_limits(np.array([float(n)]), np.array([psus - 1.0]), LEVEL)[0]),
        deff=variance * n * DOMAINS / (nation * (1 - nation)),
    )  # fmt: skip


def at_most(n: float, deff: Floats, *, whole: bool = False) -> Floats:
    """U of 0 to 4 cases: Clopper and Pearson's upper limit of 4/deff cases of n/deff, deff at least 1.

    With `whole`, of all 4 cases of n/deff, to see what it costs.
    """
    effective = n / np.maximum(deff, 1)
    cases = np.full_like(effective, FEW - 1) if whole else (FEW - 1) * effective / n
    rest = np.maximum(effective - cases, 1e-9)
    return np.where(effective > cases, special.betaincinv(cases + 1, rest, (1 + LEVEL) / 2), 1.0)


def modelled(drawn: Countries) -> tuple[Floats, Floats, Floats]:
    """Median and limits of fl.hierarchical.area, the model itself, by the grid, with the national deff of each country."""
    names = [f"D{at:02}" for at in range(DOMAINS)]
    found: list[Floats] = []
    for value, deff in zip(drawn.value, drawn.deff, strict=True):
        direct = pd.DataFrame({"domain": names, "value": value, "n": drawn.n, "deff": max(float(deff), 1.0)})
        made = fl.hierarchical.area(direct, draws=100, seed=SEED).to_frame()
        found.append(made[["value", "lower", "upper"]].to_numpy(dtype=float).T)
    stacked = np.stack(found)
    return stacked[:, 0], stacked[:, 1], stacked[:, 2]


@dataclass(frozen=True, kw_only=True)
class PrintedDomains:
    """What a treatment prints of each domain: whether anything, whether a figure, and the statement's limits."""

    printed: Flags
    figure: Flags
    value: Floats
    lower: Floats
    upper: Floats
    truth: Floats

    def summary(self, band: int) -> tuple[str, str, str, str]:
        """Share told, printed figures over their truth, share of statements that hold it, width over the truth (median)."""
        at = np.arange(DOMAINS) % 4 == band
        told, figure, truth = self.printed[:, at], self.figure[:, at], self.truth[:, at]
        value, lower, upper = self.value[:, at], self.lower[:, at], self.upper[:, at]
        held, width = (lower <= truth) & (truth <= upper), (upper - lower) / truth
        ratio = f"{(value[figure] / truth[figure]).mean():.2f}" if figure.sum() >= 20 else "–"
        return f"{100 * told.mean():.0f} %", ratio, f"{100 * held[told].mean():.1f} %", f"{np.median(width[told]):.1f}"


def treatments(setting: Setting, countries: int, models: int, rng: np.random.Generator) -> list[list[str]]:
    """One line a band: what each treatment tells, over samples of all sizes."""
    told: dict[str, list[PrintedDomains]] = {"withheld": [], "at most": [], "model": []}
    for n in SAMPLES:
        drawn = sampled(setting, n, countries, rng)
        zero, low = drawn.cases == 0, drawn.low
        limit = np.broadcast_to(at_most(n, drawn.deff)[:, None], low.shape)
        every = np.ones_like(low)
        told["withheld"].append(
            PrintedDomains(
                printed=zero | ~low, figure=~low, value=drawn.value, lower=np.where(low, 0, drawn.lower),
                upper=np.where(low, drawn.zero, drawn.upper), truth=drawn.truth,
            )
        )  # fmt: skip
        told["at most"].append(
            PrintedDomains(
                printed=every, figure=~low, value=drawn.value, lower=np.where(low, 0, drawn.lower),
                upper=np.where(low, limit, drawn.upper), truth=drawn.truth,
            )
        )  # fmt: skip
        few = sampled(setting, n, models, rng)
        value, lower, upper = modelled(few)
        every = np.ones_like(few.low)
        told["model"].append(
            PrintedDomains(printed=every, figure=every, value=value, lower=lower, upper=upper, truth=few.truth)
        )
    lines: list[list[str]] = []
    for at, band in enumerate(BANDS):
        share, figure, held, width = zip(*(joined(each).summary(at) for each in told.values()), strict=True)
        lines.append([setting.name, words(band), share[0], figure[0], figure[2], *held, *width])
    return lines


def joined(parts: list[PrintedDomains]) -> PrintedDomains:
    return PrintedDomains(
        **{name: np.concatenate([getattr(part, name) for part in parts]) for name in PrintedDomains.__annotations__}
    )


def words(band: tuple[float, float]) -> str:
    return f"{band[0]:g}" if band[0] == band[1] else f"{band[0]:g}–{band[1]:g}"


def worst(setting: Setting, n: int, countries: int, rng: np.random.Generator) -> list[str]:
    """How often the statement "at most U" is printed and false, at the share where that is most frequent."""
    limits: dict[str, float] = {"one": 0.0, "nation": 0.0, "whole": 0.0}
    widths: dict[str, float] = {}
    deff = 0.0
    for probe in (each for each in PROBED if each <= n / 3):
        drawn = sampled(setting, n, countries, rng, probe)
        deff = float(drawn.deff.mean())
        tried = {
            "one": at_most(n, np.ones(countries)), "nation": at_most(n, drawn.deff),
            "whole": at_most(n, drawn.deff, whole=True),
        }  # fmt: skip
        truth, cases = drawn.truth[:, 0], drawn.cases[:, 0]
        for name, limit in tried.items():
            limits[name] = max(limits[name], float(((cases < FEW) & (truth > limit)).mean()))
            widths[name] = n * float(np.median(limit))
    return [
        setting.name, f"{n:,}", f"{deff:.1f}",
        *(f"{100 * limits[name]:.1f} % ({widths[name]:.1f})" for name in ("one", "nation", "whole")),
    ]  # fmt: skip


def zeros(setting: Setting, countries: int, rng: np.random.Generator) -> list[str]:
    """How often the truth lies above what is printed today of a domain without a case, the worst share."""
    shown: list[str] = [setting.name]
    for n in SAMPLES:
        high = 0.0
        for probe in (2.0, 3.0, 3.5, 3.75, 4.0, 4.5, 5.0, 6.0, 7.0):
            drawn = sampled(setting, n, countries, rng, probe)
            high = max(high, float(((drawn.cases[:, 0] == 0) & (drawn.truth[:, 0] > drawn.zero)).mean()))
        shown.append(f"{100 * high:.1f} %")
    return shown


def table(head: list[str], lines: list[list[str]]) -> str:
    rows = [head, ["---"] * len(head), *lines]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--countries", type=int, default=1500, help="samples a size, of the direct treatments")
    parser.add_argument("--modelled", type=int, default=60, help="samples a size, of the area model")
    given = parser.parse_args()
    rng = np.random.default_rng(SEED)
    names = ("withheld", "at most U", "model")
    head = [
        "cases lie", "expected cases", "told where withheld", "direct figure / truth", "model's figure / truth",
        *(f"{name}: true" for name in names), *(f"{name}: width / truth" for name in names),
    ]  # fmt: skip
    compared = table(
        head, [line for each in SETTINGS for line in treatments(each, given.countries, given.modelled, rng)]
    )
    limits = table(
        ["cases lie", "n", "national deff", "deff 1", "national deff, 4/deff cases", "national deff, 4 cases"],
        [worst(each, n, given.countries, rng) for each in SETTINGS for n in SAMPLES],
    )
    none = table(
        ["cases lie", *(f"n = {n:,}" for n in SAMPLES)], [zeros(each, given.countries, rng) for each in SETTINGS]
    )
    made = (
        f"Made by `make publication-treatments`: {given.countries:,} countries of {DOMAINS} domains a sample size "
        f"({', '.join(f'{n:,}' for n in SAMPLES)} respondents a domain), {given.modelled} of the model; "
        f"fl_estimate {package_version()}, seed {SEED}."
    )
    for name, text in (("treatments", compared), ("limits", limits), ("zeros", none)):
        (DOCS / f"disclosure_{name}_table.md").write_text(f"{text}\n\n{made}\n", encoding="utf-8")
        print(f"docs/explanation/disclosure_{name}_table.md\n{text}\n")


if __name__ == "__main__":
    main()
