"""Lists that hold each other, are the same, or are empty: read off a table of histories. Nothing is refused here."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from fl_estimate.arrays import Floats
from fl_estimate.schema.validate import Fault

Member = npt.NDArray[np.int8]
FEWEST = 10
"""People of a list below which all of them are on another by chance often enough."""


def nested(lists: Sequence[str], members: Member, counts: Floats) -> tuple[tuple[str, str], ...]:
    """Pairs (inner, outer): everybody on the inner list, of `FEWEST` people or more, is on the outer one too.

    The same list twice gives both orders.
    """
    both = members.T @ (members * counts[:, None])
    totals = np.diag(both)
    positions = range(len(lists))
    return tuple(
        (lists[a], lists[b])
        for a in positions
        for b in positions
        if a != b and totals[a] >= FEWEST and both[a, b] == totals[a]
    )


def alike(pairs: Sequence[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Pairs of lists that hold the same people, each once."""
    held = set(pairs)
    return tuple(pair for pair in pairs if pair[::-1] in held and pair < pair[::-1])


def relation_texts(pairs: Sequence[tuple[str, str]]) -> list[str]:
    """``A ⊂ B``, and ``A = B`` for lists of the same people, each pair once.

    Examples
    --------
    >>> relation_texts([("A", "C"), ("B", "C"), ("C", "B")])
    ['A ⊂ C', 'B = C']
    """
    same = set(alike(pairs))
    both = same | {pair[::-1] for pair in same}
    return [f"{a} = {b}" if (a, b) in same else f"{a} ⊂ {b}" for a, b in pairs if (a, b) in same or (a, b) not in both]


def warnings_of(lists: Sequence[str], members: Member, counts: Floats) -> tuple[Fault, ...]:
    """What the door says of lists that hold each other, are the same, or have nobody on them."""
    pairs = nested(lists, members, counts)
    same = set(alike(pairs))
    both = same | {pair[::-1] for pair in same}
    found = [_warning(f"{a}, {b}", "different lists", "the same people on both") for a, b in sorted(same)]
    found += [
        _warning(inner, "a list of its own", f"everybody on it is on {outer} too")
        for inner, outer in pairs
        if (inner, outer) not in both
    ]
    totals = counts @ members
    found += [
        _warning(name, "somebody on it", "nobody") for name, total in zip(lists, totals, strict=True) if total == 0
    ]
    return tuple(found)


def _warning(variable: str, rule: str, value_class: str) -> Fault:
    return Fault(table="lists", variable=variable, rule=rule, value_class=value_class, count=0, severity="warning")
