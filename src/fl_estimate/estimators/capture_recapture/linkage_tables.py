"""What missed and false links make of tables of histories: as expected, undone, and drawn at random. Arrays only."""

from __future__ import annotations

from functools import cache

import numpy as np

from fl_estimate.arrays import Floats, Positions
from fl_estimate.inputs.histories import all_histories


def record_error(missed: float) -> float:
    """Share of records that no other is found for, where two good records of a person are always linked.

    A link is made if both its records are good: 1 − missed = (1 − error)². Records missed twice over at shares e and d
    are missed at 1 − (1 − e)(1 − d), so that errors on top of errors stay of one kind.
    """
    return 1 - float(np.sqrt(1 - missed))


@cache
def _codes(lists: int) -> tuple[Positions, Positions]:
    """Histories as numbers, and the place of each number; a bit a list."""
    bits = 1 << np.arange(lists)
    codes = (all_histories(lists).astype(np.intp) @ bits).astype(np.intp)
    positions = np.full(1 << lists, -1, dtype=np.intp)
    positions[codes] = np.arange(len(codes))
    return codes, positions


def missing(lists: int, error: float) -> Floats:
    """Expected histories made of one person of each: shape (histories, histories), a column a true history.

    Every record of a person stands alone with probability `error`; the others are found to be one person. With the
    error −e/(1 − e) the matrix undoes that of e.
    """
    codes, positions = _codes(lists)
    matrix = np.zeros((len(codes), len(codes)))
    for column, code in enumerate(codes):
        for good, chance in _patterns(int(code), error):
            for part in _parts(int(code), good):
                matrix[positions[part], column] += chance
    return matrix


def _patterns(code: int, error: float) -> list[tuple[int, float]]:
    """Which records of a person are good, and how likely that is."""
    on = [bit for bit in range(code.bit_length()) if code >> bit & 1]
    patterns: list[tuple[int, float]] = []
    for number in range(1 << len(on)):
        good = sum(1 << bit for position, bit in enumerate(on) if number >> position & 1)
        kept = number.bit_count()
        patterns.append((good, (1 - error) ** kept * error ** (len(on) - kept)))
    return patterns


def _parts(code: int, good: int) -> list[int]:
    """The persons that one is taken for: the good records together, each other one alone."""
    alone = [1 << bit for bit in range(code.bit_length()) if (code & ~good) >> bit & 1]
    return [*([good] if good else []), *alone]


def draw_missing(tables: Floats, lists: int, error: float, generator: np.random.Generator) -> Floats:
    """Tables after records were lost at random; shape (B, histories)."""
    codes, positions = _codes(lists)
    made = np.zeros_like(tables)
    for column, code in enumerate(codes):
        people = np.round(tables[:, column]).astype(np.int64)
        patterns = _patterns(int(code), error)
        drawn = generator.multinomial(people, [chance for _, chance in patterns])
        for (good, _), many in zip(patterns, drawn.T, strict=True):
            for part in _parts(int(code), good):
                made[:, positions[part]] += many
    return made


def mislinked(tables: Floats, lists: int, share: float) -> Floats:
    """Tables with, pair by pair of lists, this share of the people on the first and not the second linked with one of it.

    Nobody is given two records of one list: the other person is on none of the same lists. A share below 0 takes such
    links out again, to first order.
    """
    for here, there, joined in _pairs(lists):
        tables = tables.copy()
        sources, targets = tables[:, here], tables[:, there]
        fits = (joined >= 0).astype(float)
        weights = targets[:, None, :] * fits
        total = weights.sum(axis=2, keepdims=True)
        flow = share * sources[:, :, None] * np.divide(weights, total, out=np.zeros_like(weights), where=total > 0)
        _join(tables, here, there, joined, flow)
    return tables


def draw_mislinked(tables: Floats, lists: int, share: float, generator: np.random.Generator) -> Floats:
    """The same, drawn at random; shape (B, histories)."""
    for here, there, joined in _pairs(lists):
        tables = tables.copy()
        for row in tables:
            flow = np.zeros((1, len(here), len(there)))
            left = row[there].astype(np.int64)
            for position, people in enumerate(row[here].astype(np.int64)):
                free = np.where(joined[position] >= 0, left, 0)
                many = min(int(generator.binomial(people, share)), int(free.sum()))
                drawn = generator.multivariate_hypergeometric(free, many) if many else np.zeros_like(free)
                flow[0, position], left = drawn, left - drawn
            _join(row[None], here, there, joined, flow)
    return tables


@cache
def _pairs(lists: int) -> list[tuple[Positions, Positions, Positions]]:
    """For each pair of lists the histories with the first alone, with the second alone, and what two of them make (or −1)."""
    codes, positions = _codes(lists)
    found: list[tuple[Positions, Positions, Positions]] = []
    for first in range(lists):
        for second in range(first + 1, lists):
            a, b = codes >> first & 1, codes >> second & 1
            here, there = np.flatnonzero((a == 1) & (b == 0)), np.flatnonzero((a == 0) & (b == 1))
            both = codes[here][:, None] | codes[there][None, :]
            apart = (codes[here][:, None] & codes[there][None, :]) == 0
            found.append((here, there, np.where(apart, positions[both], -1)))
    return found


def _join(tables: Floats, here: Positions, there: Positions, joined: Positions, flow: Floats) -> None:
    """Take the people linked from where they were, and add those that they make, in place."""
    tables[:, here] -= flow.sum(axis=2)
    tables[:, there] -= flow.sum(axis=1)
    for row, column in zip(*np.nonzero(joined >= 0), strict=True):
        tables[:, joined[row, column]] += flow[:, row, column]
