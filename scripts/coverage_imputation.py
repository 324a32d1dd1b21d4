"""Impute samples of the synthetic country and of the returned migrants, and write the table of docs/explanation/imputation.md.

python scripts/coverage_imputation.py [--samples 1000] [--minutes 20] [--folder out/coverage_imputation]

Goes on where it was stopped: every sample is kept in the folder as one line.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
from studies.recovery_imputation import (
    replicate_imputation,
    sample_of_country,
    sample_of_migrants,
    seed_of,
    truth_of_country,
    truth_of_migrants,
)

from fl_estimate.datasets.answers import AT_RANDOM, BY_CLASS, Silence
from fl_estimate.datasets.population import SEED, make_population
from fl_estimate.datasets.returned_migrants import make_migrants
from fl_estimate.results.provenance import package_version

TARGET = Path(__file__).resolve().parents[1] / "docs" / "explanation" / "imputation_table.md"
FIRST, DRAWS, EXPECTED = 25, 20, 10
TURNS: Mapping[str, tuple[str, ...]] = {
    "country": ("at random", "at random", "by class"),
    "migrants": ("at random", "by class"),
}
"""In which order the mechanisms take their turns, so that a run that is stopped has some of each."""
SILENCES: Mapping[str, Silence] = {"at random": AT_RANDOM, "by class": BY_CLASS}


@dataclass(frozen=True, kw_only=True)
class Survey:
    """One of the two surveys: how a sample is drawn, and what is true."""

    sample: Callable[[int, Silence], pl.DataFrame]
    truth: Mapping[str, float]
    by: str
    words: str


def surveys() -> dict[str, Survey]:
    population = make_population(SEED)
    migrants = make_migrants(population)
    return {
        "country": Survey(
            sample=lambda seed, silence: sample_of_country(population, seed, silence), truth=truth_of_country(population),
            by="region", words="synthetic country",
        ),
        "migrants": Survey(
            sample=lambda seed, silence: sample_of_migrants(population, migrants, seed, silence),
            truth=truth_of_migrants(migrants), by="destination", words="survey of returned migrants",
        ),
    }  # fmt: skip


def one_sample(name: str, of: Survey, replicate: int) -> dict[str, Any]:
    turns = TURNS[name]
    mechanism = turns[replicate % len(turns)]
    silence, seed = SILENCES[mechanism], seed_of(FIRST, replicate)
    deltas = (silence.delta,) if mechanism == "by class" else ()
    rows = replicate_imputation(of.sample(seed, silence), of.truth, by=of.by, seed=seed, draws=DRAWS, deltas=deltas)
    return {"first": FIRST, "survey": name, "mechanism": mechanism, "replicate": replicate, "rows": rows}


def run(folder: Path, samples: int, minutes: float) -> None:
    """Draw what is not there yet, the two surveys in turn, until the time is over."""
    folder.mkdir(parents=True, exist_ok=True)
    kept, stop = folder / "samples.jsonl", time.monotonic() + 60 * minutes
    done = {(line["survey"], line["replicate"]) for line in _lines(kept)}
    every = surveys()
    with kept.open("a", encoding="utf-8") as file:
        for replicate in range(samples):
            for name, of in every.items():
                if (name, replicate) in done or time.monotonic() > stop:
                    continue
                file.write(json.dumps(one_sample(name, of, replicate)) + "\n")
                file.flush()


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    """The samples that are kept, of this first seed: older ones were imputed by other rules."""
    if path.is_file():
        every = (json.loads(line) for line in path.read_text(encoding="utf-8").splitlines())
        yield from (line for line in every if line.get("first") == FIRST)


def read(folder: Path) -> pd.DataFrame:
    """Every sample that is kept, a row a domain and way of estimating."""
    rows = [
        {"survey": line["survey"], "mechanism": line["mechanism"], "replicate": line["replicate"], **row}
        for line in _lines(folder / "samples.jsonl")
        for row in line["rows"]
    ]
    frame = pd.DataFrame(rows)
    frame["covered"] = (frame["lower"] <= frame["truth"]) & (frame["truth"] <= frame["upper"])
    frame["width"] = frame["upper"] - frame["lower"]
    return frame


def share(values: pd.Series) -> str:
    """A share of samples with its Monte Carlo error."""
    p = float(values.mean())
    return f"{p:.1%} ± {np.sqrt(p * (1 - p) / len(values)):.1%}"


def difference(one: pd.DataFrame, known: pd.DataFrame) -> str:
    """How far estimates lie from those of the same samples with every answer known, of their mean, with the Monte Carlo error."""
    both = one.merge(known, on=["replicate", "domain"], suffixes=("", "_known"))
    away, size = both["value"] - both["value_known"], both["value_known"].mean()
    return f"{away.mean() / size:+.1%} ± {away.std(ddof=1) / np.sqrt(len(away)) / size:.1%}"


def at_random_lines(frame: pd.DataFrame, words: str) -> Iterator[str]:
    """A row for all people, and one for each domain with enough expected cases."""
    known = frame[frame["answers"] == "known"]
    cases = known.groupby("domain")["cases"].mean()
    for domain in [name for name in cases.index if cases[name] >= EXPECTED]:
        of = {str(name): part for name, part in frame[frame["domain"] == domain].groupby("answers")}
        imputed, bounds = of["imputed"], of["bounds"]
        yield (
            f"| {words} | {domain or 'all'} | {len(imputed)} | {cases[domain]:.0f} | {imputed['undetermined'].mean():.1%} "
            f"| {imputed['information'].mean():.0%} | {difference(imputed, of['known'])} | {share(of['known']['covered'])} "
            f"| {share(imputed['covered'])} | {share(bounds['covered'])} "
            f"| {imputed['width'].mean() / of['known']['width'].mean():.2f} "
            f"| {imputed['width'].mean() / bounds['width'].mean():.2f} |"
        )


def by_class_lines(frame: pd.DataFrame, words: str) -> Iterator[str]:
    """What the estimate is at delta = 0, and at the delta that is true."""
    of = {str(name): part for name, part in frame[frame["domain"] == ""].groupby("answers")}
    for answers, part in of.items():
        if answers == "known":
            continue
        value = "–" if answers == "bounds" else difference(part, of["known"])
        said = {"imputed": "imputed, delta 0", "bounds": "bounds"}.get(str(answers), f"imputed, {answers} (true)")
        yield f"| {words} | {said} | {len(part)} | {value} | {share(part['covered'])} | {1e3 * part['width'].mean():.2f} |"


def text_of(frame: pd.DataFrame) -> str:
    every = {"country": "synthetic country", "migrants": "returned migrants"}
    part = {key: frame[(frame["survey"] == key[0]) & (frame["mechanism"] == key[1])]
            for key in [(name, m) for m in SILENCES for name in every]}  # fmt: skip
    return "\n".join(
        [
            f"First seed {FIRST}, {DRAWS} draws, fl_estimate {package_version()}; 95 % intervals of Korn and Graubard. Where there "
            "are errors they are Monte Carlo standard errors.",
            "",
            "Refusal at random given what was answered: of people who told of involuntary work one in five refuses all questions on "
            "coercion, whether in forced labour or not. Domains with at least "
            f"{EXPECTED} expected cases.",
            "",
            "| survey | domain | samples | expected cases | undetermined | missing information | imputed less complete answers | "
            "complete answers cover | imputed covers | bounds' interval covers | width against complete | width against bounds |",
            "|---|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|",
            *(line for name, words in every.items() for line in at_random_lines(part[name, "at random"], words)),
            "",
            "Refusal by class: of people who told of involuntary work one in ten refuses, of those in forced labour one in four (true "
            f"delta {BY_CLASS.delta:.2f}, odds × {np.exp(BY_CLASS.delta):.1f}). Everybody, width per 1,000.",
            "",
            "| survey | estimate | samples | less complete answers | covers | mean width |",
            "|---|---|---:|---:|---:|---:|",
            *(line for name, words in every.items() for line in by_class_lines(part[name, "by class"], words)),
            "",
        ]
    )


def main() -> None:
    """Run, print, and write the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--samples", type=int, default=1_000)
    parser.add_argument("--minutes", type=float, default=20.0)
    parser.add_argument("--folder", type=Path, default=Path("out/coverage_imputation"))
    options = parser.parse_args()
    run(options.folder, options.samples, options.minutes)
    text = text_of(read(options.folder))
    TARGET.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
