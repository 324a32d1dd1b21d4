"""One chain over who is whom on lists that hold a person once: plain loops over arrays, compiled by numba when first run.

To be imported where links are drawn: numba takes half a second to load.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from fl_estimate.estimators.machine_code import compiled


@compiled
def sweep(person: Any, mask: Any, free: Any, on: Any, starts: Any, others: Any, odds: Any, chances: Any) -> int:
    """Go once through all records; each chooses anew among the persons of the records it may be linked with, and none.

    A person counts with the odds of the surest pair that the record makes with it, standing alone with 1; one with a
    record of the same list does not count.

    Parameters
    ----------
    person : int array, shape (records,)
        The person of each record, changed in place; numbers below `records`.
    mask : int array, shape (records,)
        The lists of each person, a bit a list; 0 for numbers not in use.
    free : int array, shape (records + 1,)
        Numbers not in use, a stack; the last entry is how many.
    on : int array, shape (records,)
        The list of each record.
    starts, others, odds : arrays
        The records that record r may be linked with are others[starts[r]:starts[r + 1]].
    chances : float array, shape (records,)
        Uniform numbers, one a record.

    Returns
    -------
    int
        Records that changed their person.
    """
    moved = 0
    records = len(person)
    most = 1
    for r in range(records):
        most = max(most, starts[r + 1] - starts[r])
    names = np.empty(most, dtype=np.int64)
    weights = np.empty(most, dtype=np.float64)
    for r in range(records):
        begin, end = starts[r], starts[r + 1]
        if begin == end:
            continue
        before, bit = person[r], 1 << on[r]
        mask[before] &= ~bit
        alone = mask[before] == 0
        known = 0
        total = 1.0
        for k in range(begin, end):
            there = person[others[k]]
            if mask[there] & bit:
                continue
            position = 0
            while position < known and names[position] != there:
                position += 1
            if position == known:
                names[position], weights[position] = there, odds[k]
                known += 1
            elif odds[k] > weights[position]:
                weights[position] = odds[k]
        for position in range(known):
            total += weights[position]
        at = chances[r] * total - 1.0
        chosen = -1
        if at >= 0.0:
            position = 0
            while position < known - 1 and at >= weights[position]:
                at -= weights[position]
                position += 1
            chosen = names[position] if known else -1
        if chosen < 0:
            if alone:
                chosen = before
            else:
                free[records] -= 1
                chosen = free[free[records]]
        elif alone:
            free[free[records]] = before
            free[records] += 1
        mask[chosen] |= bit
        if chosen != before:
            moved += 1
            person[r] = chosen
    return moved
