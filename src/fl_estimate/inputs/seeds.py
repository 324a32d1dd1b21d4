"""Seeds of random numbers: the one given, or a new one that is noted with the result."""

from __future__ import annotations

import numpy as np


def known_seed(seed: int | None) -> int:
    """The seed given, or a new one: it is noted with the result, so that every figure can be made again."""
    return int(np.random.SeedSequence().generate_state(1)[0]) if seed is None else int(seed)
