"""Seeds of random numbers: the one given, or a new one that is noted with the result."""

from __future__ import annotations

from numbers import Integral
from typing import Any

import numpy as np

from fl_estimate.errors import EstimateFault, shown


def known_seed(seed: int | None) -> int:
    """The seed given, or a new one: it is noted with the result, so that every figure can be made again.

    Raises
    ------
    EstimateFault
        FL-EST-702: no whole number from 0 on.
    """
    given: Any = seed
    if given is None:
        return int(np.random.SeedSequence().generate_state(1)[0])
    if isinstance(given, bool) or not isinstance(given, Integral) or int(given) < 0:
        raise EstimateFault(
            "FL-EST-702", "seed= is no whole number from 0 on", found=shown(given), fix="seed=1, or leave it out: the seed is noted",
        )  # fmt: skip
    return int(given)
