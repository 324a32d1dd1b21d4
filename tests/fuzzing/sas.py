"""SAS data sets: the real files of other readers' tests where they are at hand."""

from __future__ import annotations

import os
import random
from functools import cache
from pathlib import Path

from tests.fuzzing.statistical import damaged

VARIABLE = "FL_ESTIMATE_REAL_DATA"


@cache
def real() -> tuple[bytes, ...]:
    """The data sets of other readers' tests."""
    folder = os.environ.get(VARIABLE)
    return () if folder is None else tuple(each.read_bytes() for each in sorted(Path(folder).rglob("*.sas7bdat")))


def make(rng: random.Random) -> bytes:
    """A data set."""
    content = rng.choice(real())
    return content if rng.random() < 0.03 else damaged(".sas7bdat", content, rng)
