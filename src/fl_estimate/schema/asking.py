"""Questions put to the rows of a survey together: all that can be asked at one time is one pass over a file.

A check is a generator: it gives the frames whose small results it needs, gets these results, and returns what it found. Polars reads a
file once for all frames that are asked for at one time, and hands each batch to every one of them.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any

import narwhals as nw

from fl_estimate.errors import decoding

Frame = nw.DataFrame[Any] | nw.LazyFrame[Any]
type Asking[T] = Generator[list[Frame], list[nw.DataFrame[Any]], T]
"""Frames out, their rows in, something found at the end."""


def nothing_asked() -> Asking[None]:
    """A place among others."""
    yield from ()


def asked_together[T](askings: Sequence[Asking[T]]) -> Asking[list[T]]:
    """What each of several found, their frames asked for together, round after round."""
    found: dict[int, T] = {}
    asked: dict[int, list[Frame]] = {}

    def go_on(number: int, rows: list[nw.DataFrame[Any]] | None) -> None:
        try:
            asked[number] = next(askings[number]) if rows is None else askings[number].send(rows)
        except StopIteration as end:
            found[number] = end.value

    for number in range(len(askings)):
        go_on(number, None)
    while asked:
        waiting, asked = asked, {}
        rows = iter((yield [frame for frames in waiting.values() for frame in frames]))
        for number, frames in waiting.items():
            go_on(number, [next(rows) for _ in frames])
    return [found[number] for number in range(len(askings))]


def answered[T](askings: Sequence[Asking[T]], *, beside: Sequence[Any] = ()) -> list[T]:
    """What each of several found; the frames that they ask for together are collected together.

    Parameters
    ----------
    askings : sequence of generator
    beside : sequence of polars.LazyFrame
        Sinks that write in the first round what it reads.

    Raises
    ------
    FileFault
        FL-FILE-05 and others of `decoding`: a file that is read lazily turns out to be damaged.
    """
    asking, rows = asked_together(askings), None
    while True:
        try:
            with decoding():
                frames = next(asking) if rows is None else asking.send(rows)
        except StopIteration as end:
            if beside:
                collected_together([], beside=beside)
            return end.value
        rows, beside = collected_together(frames, beside=beside), ()


def collected(frame: Frame) -> nw.DataFrame[Any]:
    """Bring a small result to memory; polars streams it."""
    return collected_together([frame])[0]


def collected_together(frames: Sequence[Frame], *, beside: Sequence[Any] = ()) -> list[nw.DataFrame[Any]]:
    """The rows of several frames; of polars their common source is read once, for the sinks `beside` as well."""
    import polars as pl

    together = [frame.to_native() for frame in frames if _is_lazy_polars(frame)]
    with decoding():
        if len(together) + len(beside) > 1:
            made = iter(pl.collect_all([*together, *beside], engine="streaming"))
        else:
            made = iter([each.collect(engine="streaming") for each in (*together, *beside)])
        return [
            nw.from_native(next(made), eager_only=True) if _is_lazy_polars(frame) else _alone(frame) for frame in frames
        ]


def _is_lazy_polars(frame: Frame) -> bool:
    return isinstance(frame, nw.LazyFrame) and frame.implementation.is_polars()


def _alone(frame: Frame) -> nw.DataFrame[Any]:
    return frame if isinstance(frame, nw.DataFrame) else frame.collect()
