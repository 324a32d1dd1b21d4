"""The one place that compiles loops by numba. To be imported where a chain is run: numba takes half a second to load."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba  # pyright: ignore[reportMissingTypeStubs]


def compiled[F: Callable[..., Any]](function: F) -> F:
    """The function in machine code, kept on disk for the next process where there is a place to write to."""
    numba_: Any = numba
    try:
        return numba_.njit(cache=True, nogil=True)(function)
    except RuntimeError:
        # numba finds no folder for its cache: an installation that is read-only, a user without a home.
        return numba_.njit(nogil=True)(function)
