"""Areas at several times: every area at every time in one order, and frames of areas spread over the times."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from fl_estimate.errors import EstimateFault, listed, not_one_of, shown
from fl_estimate.estimators.hierarchical.read.direct import NUMBERS, Direct, Keyed, pair, text
from fl_estimate.results.basis import Support


def whole_numbers(labels: Sequence[Any]) -> list[int]:
    """Times as whole numbers; empty where one of them is not."""
    numbers = [
        int(label) for label in labels if isinstance(label, int | float | np.number) and float(label).is_integer()
    ]
    return numbers if len(numbers) == len(labels) else []


def check_panel(method: str, temporal: str | None, time: str | None, benchmark: str | None) -> None:
    """Refuse arguments of an EBLUP of areas and times that do not go together.

    Raises
    ------
    EstimateFault
        FL-EST-75: an unknown word; FL-EST-76.
    """
    if temporal not in (None, "ar1"):
        raise not_one_of("FL-EST-75", "this temporal model of an EBLUP", temporal, ("ar1",))
    wrong = [f"temporal={shown(temporal)} without time="] if temporal is not None and time is None else []
    if time is not None and (method not in ("reml", "ml") or benchmark is not None):
        wrong.append(f"time={shown(time)} with method={shown(method)} and benchmark={shown(benchmark)}")
    if wrong:
        raise EstimateFault(
            "FL-EST-76",
            "these arguments do not go together",
            found="; ".join(wrong),
            fix='time= needs method="reml" or "ml" and no benchmark=; temporal="ar1" needs time=, the column of years',
        )


def complete(direct: Direct, frames: Sequence[Keyed | None]) -> Direct:
    """Every area at every time from the first to the last, area by area; what has no row comes without sample.

    Areas that only another frame knows are taken in.

    Raises
    ------
    EstimateFault
        FL-EST-77: times that are not whole numbers, or are only one.
    """
    numbers = whole_numbers(direct.times)
    if not numbers or min(numbers) == max(numbers):
        raise EstimateFault(
            "FL-EST-77",
            "a model in time needs times that are whole numbers such as years, two of them at least",
            found=f"{direct.time!r}: {listed(dict.fromkeys(map(text, direct.times))) or 'no rows'}",
            fix="give direct estimates by area and year, and time= the column of years",
        )
    areas = {text(label): label for label in direct.labels}
    for frame in frames:
        areas |= {} if frame is None else {key: label for key, label in frame.areas.items() if key not in areas}
    every = range(min(numbers), max(numbers) + 1)
    position = {
        pair(label, int(time)): row for row, (label, time) in enumerate(zip(direct.labels, direct.times, strict=True))
    }
    cells = [(label, time) for label in areas.values() for time in every]
    rows = np.array([position.get(pair(label, time), -1) for label, time in cells])
    return replace(
        direct,
        labels=tuple(label for label, _ in cells),
        times=tuple(time for _, time in cells),
        keys=tuple(pair(label, time) for label, time in cells),
        numbers={
            name: np.where(rows >= 0, direct.numbers[name][rows], 0.0 if name == "n" else np.nan) for name in NUMBERS
        },
        support=Support.joined([direct.support, Support.of(np.zeros(1), 0.0, psus_with_cases=0.0)]).take(
            np.where(rows >= 0, rows, len(direct.support))
        ),
    )


def spread(frame: Keyed | None, direct: Direct) -> Keyed | None:
    """A frame of areas as one of areas and times: what is said of an area holds at every time."""
    if frame is None or frame.paired or not direct.time:
        return frame
    keys = [
        (key, text(label)) for key, label in zip(direct.keys, direct.labels, strict=True) if text(label) in frame.labels
    ]
    return replace(
        frame,
        labels={key: frame.labels[area] for key, area in keys},
        columns={name: {key: values[area] for key, area in keys} for name, values in frame.columns.items()},
        paired=True,
    )


def areas_and_times(direct: Direct) -> tuple[list[str], int]:
    """Keys of the areas of a complete panel, and how many times there are."""
    areas = list(dict.fromkeys(map(text, direct.labels)))
    return areas, len(direct.keys) // len(areas)
