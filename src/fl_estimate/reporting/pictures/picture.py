"""A matplotlib figure that shows itself in a notebook. Imports matplotlib: to be imported where a figure is made."""

# pyright: reportUnknownMemberType=false
# matplotlib annotates its own methods in part: what they are given is checked, what they are is not known in full.

from __future__ import annotations

import io
from typing import Any

from matplotlib.figure import Figure

from fl_estimate.reporting.pictures.drawing import styled

DPI = 130
"""Of the picture in a notebook."""


class Picture(Figure):
    """A figure without pyplot, so that nothing global is opened; a notebook shows it as the last line of a cell."""

    def savefig(self, *arguments: Any, **options: Any) -> None:
        """Write the figure in our style, whatever the session's is: what is drawn late, ticks above all, is text as well."""
        from matplotlib import rcParams

        with styled(str(rcParams["svg.hashsalt"] or "fl_estimate")):
            super().savefig(*arguments, **options)

    def _repr_png_(self) -> bytes:
        buffer = io.BytesIO()
        self.savefig(buffer, format="png", dpi=DPI)
        return buffer.getvalue()
