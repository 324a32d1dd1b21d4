"""Simulate case lists with errors of linkage, and people whom no list meets, and write docs/explanation/case_lists_linkage_table.md.

python scripts/coverage_linkage.py [--tables 500] [--models 100] [--worlds 40]
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import fl_estimate as fl
from fl_estimate import capture_recapture as cr
from fl_estimate.arrays import Floats
from fl_estimate.estimators.capture_recapture import linkage_tables
from fl_estimate.inputs.histories import all_histories
from fl_estimate.results.provenance import package_version

TARGET = Path(__file__).resolve().parents[1] / "docs" / "explanation" / "case_lists_linkage_table.md"
SEED, PEOPLE, REPLICATES = 23, 2_000, 200
NAMES = ("police", "ngo", "hotline", "hospital")
SETTINGS: tuple[tuple[tuple[float, ...], float, float], ...] = (
    ((0.4, 0.4), 0.2, 0.0), ((0.4, 0.4), 0.2, 0.02), ((0.3, 0.2, 0.4), 0.2, 0.0), ((0.3, 0.2, 0.4, 0.1), 0.2, 0.02),
)  # fmt: skip
"""Chances of the lists, share of the links missed, and of the others linked falsely."""
Row = tuple[float, float, float]


def tables(chances: tuple[float, ...], people: int, times: int, generator: np.random.Generator) -> Floats:
    """Tables of histories of independent lists."""
    cells = np.prod(np.where(all_histories(len(chances)), chances, 1 - np.array(chances)), axis=1)
    return generator.multinomial(people, np.append(cells, 1 - cells.sum()), size=times)[:, :-1].astype(float)


def histories(table: Floats) -> fl.CaptureHistories:
    """A table as capture histories."""
    lists = (len(table) + 1).bit_length() - 1
    frame = pd.DataFrame(all_histories(lists), columns=list(NAMES[:lists])).assign(count=table)
    return fl.CaptureHistories.from_counts(frame, lists=NAMES[:lists])


def row_of(call: Callable[[], fl.Estimates]) -> Row | None:
    """Value and limits of the population size; nothing where the method refuses."""
    try:
        row = call().frame.iloc[0]
    except fl.FlError:
        return None
    return float(row["value"]), float(row["lower"]), float(row["upper"])


def shown(rows: list[Row | None]) -> str:
    """Mean, and how many of the intervals hold the number with the simulation's error, as two cells."""
    given = [row for row in rows if row is not None]
    held = [row[1] <= PEOPLE <= row[2] for row in given]
    # Agresti and Coull (1998): an error of none and of all too.
    near = (sum(held) + 2) / (len(held) + 4)
    error = float(np.sqrt(near * (1 - near) / (len(held) + 4)))
    refused = f", {len(rows) - len(given)} refused" if len(given) < len(rows) else ""
    return f"{np.mean([row[0] for row in given]):,.0f} | {100 * np.mean(held):.1f} ± {100 * error:.1f} % of {len(held):,}{refused}"


def rates(times: int, models: int) -> Iterator[str]:
    """Links missed and made falsely, at rates that are known."""
    yield "| lists (chance to be on each) | missed | false | without: mean | without: interval holds N | with: mean | with: interval holds N |"
    yield "|---|---:|---:|---:|---:|---:|---:|"
    for chances, missed, false in SETTINGS:
        generator = np.random.default_rng(SEED)
        lists, many = len(chances), times if len(chances) == 2 else models
        drawn = tables(chances, PEOPLE, many, generator)
        drawn = linkage_tables.draw_missing(drawn, lists, linkage_tables.record_error(missed), generator)
        drawn = linkage_tables.draw_mislinked(drawn, lists, false, generator) if false else drawn
        seen = [histories(table) for table in drawn]
        asked: dict[str, Any] = {"missed": missed, "false_links": false}
        if lists == 2:
            plain = [row_of(partial(cr.linkage_corrected, h, *NAMES[:2], missed=0)) for h in seen]
            put_right = [row_of(partial(cr.linkage_corrected, h, *NAMES[:2], **asked)) for h in seen]
        else:
            plain = [row_of(partial(cr.loglinear, h)) for h in seen]
            asked |= {"replicates": REPLICATES, "seed": 1}
            put_right = [row_of(partial(cr.linkage_loglinear, h, **asked)) for h in seen]
        on = ", ".join(f"{100 * chance:.0f}" for chance in chances)
        yield f"| {lists} ({on} %) | {100 * missed:.0f} % | {100 * false:.0f} % | {shown(plain)} | {shown(put_right)} |"


def world(generator: np.random.Generator, chances: tuple[float, ...]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Records of the people, and candidate pairs whose probabilities are right: scores of two normal distributions."""
    on = generator.random((PEOPLE, len(chances))) < np.array(chances)
    records = pd.concat(
        [pd.DataFrame({"person": np.flatnonzero(on[:, k]), "source_dataset": NAMES[k]}) for k in range(len(chances))],
        ignore_index=True,
    )
    records["unique_id"] = [f"r{k}" for k in range(len(records))]
    pairs: list[pd.DataFrame] = []
    for k in range(len(chances)):
        for other in range(k + 1, len(chances)):
            left, right = (records[records["source_dataset"] == NAMES[position]] for position in (k, other))
            same = left.merge(right, on="person")
            pairs.append(pd.DataFrame({"l": same["unique_id_x"], "r": same["unique_id_y"], "same": 1}))
            size = 2 * len(same)
            drawn = [generator.choice(side["unique_id"].to_numpy(), size) for side in (left, right)]
            pairs.append(pd.DataFrame({"l": drawn[0], "r": drawn[1], "same": 0}))
    named = pd.concat(pairs, ignore_index=True).rename(columns={"l": "unique_id_l", "r": "unique_id_r"})
    share = named["same"].mean()
    score = generator.normal(np.where(named["same"] == 1, 1.6, -1.6), 1.0)
    named["match_probability"] = 1 / (1 + (1 - share) / share * np.exp(-3.2 * score))
    return records.drop(columns="person"), named.drop(columns="same")


def probabilities(worlds: int) -> Iterator[str]:
    """Links that are known by their probability only."""
    yield "| lists | pairs above 0.9 as certain: mean | interval holds N | 20 draws pooled: mean | interval holds N |"
    yield "|---|---:|---:|---:|---:|"
    for chances, many in (((0.3, 0.4), worlds), ((0.3, 0.4, 0.3), worlds // 2)):
        generator = np.random.default_rng(SEED)
        sure: list[Row | None] = []
        pooled: list[Row | None] = []
        for seed in range(many):
            records, pairs = world(generator, chances)
            asked: dict[str, Any] = {"lists": NAMES[: len(chances)], "seed": seed}
            pooled.append(row_of(lambda a=asked, r=records, p=pairs: cr.pool_links(cr.draw_links(r, p, draws=20, **a))))
            certain = pairs.assign(match_probability=(pairs["match_probability"] > 0.9) * 1.0)
            one = next(iter(cr.draw_links(records, certain, draws=2, **asked)))
            sure.append(row_of(partial(cr.loglinear, one)))
        on = ", ".join(f"{100 * chance:.0f}" for chance in chances)
        yield f"| {len(chances)} ({on} %) | {shown(sure)} | {shown(pooled)} |"


def unlistable(times: int) -> Iterator[str]:
    """600 of 2,000 people out of every list's reach."""
    before: list[Row | None] = []
    after: list[Row | None] = []
    for table in tables((0.4, 0.3, 0.35), PEOPLE - 600, times, np.random.default_rng(SEED)):
        found = cr.loglinear(histories(table))
        before.append(row_of(lambda e=found: e))
        after.append(row_of(lambda e=found: cr.add_unlistable(e, (0.2, 0.4))))
    yield "| 600 of 2,000 out of reach of three lists | mean | interval holds N |"
    yield "|---|---:|---:|"
    yield f"| as estimated | {shown(before)} |"
    yield f"| with a share of 20 to 40 % added | {shown(after)} |"


def main() -> None:
    """Run, print, and write the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--tables", type=int, default=500)
    parser.add_argument("--models", type=int, default=100)
    parser.add_argument("--worlds", type=int, default=40)
    options = parser.parse_args()
    warnings.simplefilter("error")
    start = time.perf_counter()
    lines = [
        f"{PEOPLE:,} people, seed {SEED}, fl_estimate {package_version()}; nominal 95 %, ± one standard error of the simulation. "
        f"Bootstraps of {REPLICATES} resamples.",
        "",
    ]
    for part in (rates(options.tables, options.models), probabilities(options.worlds), unlistable(options.tables)):
        for line in part:
            print(line, flush=True)
            lines.append(line)
        lines.append("")
    TARGET.write_text("\n".join(lines), encoding="utf-8")
    print(f"{time.perf_counter() - start:.0f} s; written to {TARGET.relative_to(TARGET.parents[2])}")


if __name__ == "__main__":
    main()
