"""A matplotlib figure that shows itself in a notebook. Imports matplotlib: to be imported where a figure is made."""

# pyright: reportUnknownMemberType=false
# matplotlib annotates its own methods in part: what they are given is checked, what they are is not known in full.

from __future__ import annotations

import io
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from matplotlib.figure import Figure

from fl_estimate.neutral import for_picture
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

    def draw(self, renderer: Any) -> None:
        """Draw the figure; every text goes through `neutral.for_picture`, and none is mathematics, however it came into the figure."""
        with _harmless_texts(renderer):
            super().draw(renderer)

    def _repr_png_(self) -> bytes:
        buffer = io.BytesIO()
        self.savefig(buffer, format="png", dpi=DPI)
        return buffer.getvalue()


@contextmanager
def _harmless_texts(renderer: Any) -> Generator[None]:
    """Have what draws and measures texts for the length of a block take them in their harmless form.

    Labels, ticks, legends and notes are made in many ways by matplotlib; all of them are drawn by these two calls.
    """
    draw, measure = renderer.draw_text, renderer.get_text_width_height_descent

    def drawn(gc: Any, x: Any, y: Any, text: str, *how: Any, **options: Any) -> None:
        draw(gc, x, y, for_picture(text), *how[:2], **{**options, "ismath": False})

    def measured(text: str, properties: Any, *_: Any, **__: Any) -> Any:
        return measure(for_picture(text), properties, False)

    renderer.draw_text, renderer.get_text_width_height_descent = drawn, measured
    try:
        yield
    finally:
        del renderer.draw_text, renderer.get_text_width_height_descent
