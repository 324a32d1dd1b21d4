"""HiGHS writes a line of its own to standard output now and then, past every option of scipy's: it is kept from there."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Generator
from contextlib import contextmanager, suppress

OUT = 1
"""The file descriptor of standard output, which C code writes to."""


@contextmanager
def silence() -> Generator[None]:
    """Let nothing that C code writes reach standard output meanwhile; where there is none, do nothing."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
        kept = os.dup(OUT)
    except (OSError, ValueError):
        yield
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, OUT)
    try:
        yield
    finally:
        # C's own buffer would be written later, when standard output is back.
        with suppress(OSError, AttributeError, TypeError):
            ctypes.CDLL(None).fflush(None)
        os.dup2(kept, OUT)
        os.close(kept)
        os.close(nowhere)
