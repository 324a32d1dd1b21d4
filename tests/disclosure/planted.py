"""Answers that anybody would recognise, planted in frames, files and lists: what a person is called, a passport, a telephone, a birthday."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

import fl_estimate as fl

ROWS = 24
PASSPORT, TELEPHONE, BORN, PERSON, SAID, AMOUNT = (
    "ZX84129", "310 774 01", "1987-03-", "Amina Quispe", "beaten at the Qoxland mine", 441725.25,
)  # fmt: skip
MARKS: tuple[str, ...] = (
    "ZX84129", "310 774", "1987-03", "1987, 3", "Amina", "Quispe", "Qoxland", "441725", "441,725", "90210774", "90,210,774",
)  # fmt: skip
"""What no message may hold, however it was written."""
DESIGN = fl.Design(weights="w", strata="st", psu="ea", expands=True)
LISTS = ["police", "ngo", "hotline"]


@cache
def people() -> pd.DataFrame:
    """A small survey with the answers of people in it, and with columns that can be estimated."""
    at = np.arange(ROWS)
    return pd.DataFrame({
        "w": 90.0 + at % 7, "st": at * 2 // ROWS, "ea": at * 8 // ROWS, "fl": (at % 5 == 1).astype(int), "one": 1.0,
        "sex": np.where(at % 2 == 0, "f", "m"), "region": np.where(at % 3 == 0, "north", "south"), "wage": 100.0 + at % 11,
        "responded": (at % 6 > 0).astype(int), "years": (at % 5 == 1) * 2.0,
        "passport": [f"{PASSPORT}{position:02}" for position in at], "telephone": [f"+57 {TELEPHONE}{position:02}" for position in at],
        "born": pd.to_datetime([f"{BORN}{1 + position % 5:02}" for position in at]), "person": [f"{PERSON} {chr(65 + position)}" for position in at],
        "said": [f"{SAID} {position}" for position in at], "amount": AMOUNT + at, "identity": 90210774 + at,
        "mixed": [AMOUNT if position % 2 else SAID for position in at], "gaps": np.where(at == 3, np.nan, AMOUNT),
    })  # fmt: skip


@cache
def records() -> pd.DataFrame:
    """People on three lists, with who they are."""
    at = np.arange(60)
    frame = pd.DataFrame({name: ((at >> position) % 2 == 0).astype(int) for position, name in enumerate(LISTS)})
    frame = frame[frame.sum(axis=1) > 0].reset_index(drop=True)
    size = len(frame)
    return frame.assign(
        passport=[f"{PASSPORT}{position:02}" for position in range(size)], amount=AMOUNT + np.arange(size), person=PERSON,
        region=np.where(np.arange(size) % 2, "north", "south"), age=20.0 + np.arange(size) % 30,
    )  # fmt: skip


def histories() -> fl.CaptureHistories:
    return fl.CaptureHistories.from_records(records()[LISTS], lists=LISTS)


MISTAKES: dict[str, Callable[[], Any]] = {
    "a column": lambda: people()["said"],
    "a column of numbers": lambda: people()["amount"],
    "a column of days": lambda: people()["born"],
    "a list": lambda: people()["passport"].tolist(),
    "a short list": lambda: people()["person"].tolist()[:3],
    "numbers": lambda: people()["amount"].tolist()[:3],
    "an array": lambda: people()["identity"].to_numpy(),
    "a frame": lambda: people()[["passport", "said"]],
    "a dictionary": lambda: {f"{PERSON} A": AMOUNT, f"{PASSPORT}01": SAID},
    "what somebody said": lambda: f"{SAID} 3",
    "a person": lambda: f"{PERSON} A",
    "a passport": lambda: f"{PASSPORT}07",
    "a birthday": lambda: f"{BORN}11",
    "a telephone": lambda: f"+57 {TELEPHONE}05",
}
"""What is passed by mistake where a name or a setting belongs."""
COLUMNS: tuple[str, ...] = ("passport", "telephone", "born", "person", "said", "amount", "identity", "mixed", "gaps")
"""Names of columns that hold answers, where a name is right and the column is not."""


def marks_in(text: str) -> list[str]:
    return [mark for mark in MARKS if mark in text]


def texts_of(error: BaseException | None) -> Iterator[str]:
    """All that an error says, and those that it came of, where Python would print them."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield f"{type(error).__name__}: {error} | {error!r} | {error.args!r} | {vars(error)!r}"
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def told_by(call: Callable[[], Any]) -> tuple[Any, list[str]]:
    """What a call gave, and every text of errors and warnings that it left."""
    texts: list[str] = []
    result: Any = None
    with warnings.catch_warnings(record=True) as caught, contextlib.suppress(KeyboardInterrupt):
        warnings.simplefilter("always")
        try:
            result = call()
        except Exception as error:
            texts += texts_of(error)
    return result, [*texts, *(str(each.message) for each in caught)]
