"""A matplotlib figure that shows itself in a notebook. Imports matplotlib: to be imported where a figure is made."""

# pyright: reportUnknownMemberType=false
# matplotlib annotates its own methods in part: what they are given is checked, what they are is not known in full.

from __future__ import annotations

import io
import warnings
from collections.abc import Generator
from contextlib import contextmanager
from functools import cache
from typing import Any

from matplotlib.figure import Figure

from fl_estimate.errors import FlWarning
from fl_estimate.neutral import for_picture
from fl_estimate.reporting.pictures.drawing import styled

DPI = 130
"""Of the picture in a notebook."""
FONTS: tuple[str, ...] = (
    "Noto Sans", "Noto Sans Ethiopic", "Abyssinica SIL", "Nyala", "Ebrima", "Kefa", "Noto Sans Arabic", "Noto Sans Devanagari",
    "Noto Sans Bengali", "Nirmala UI", "Noto Sans Khmer", "Noto Sans Myanmar", "Noto Sans Thai", "Leelawadee UI", "Noto Sans Sinhala",
    "Noto Sans Tamil", "Noto Sans CJK SC", "Microsoft YaHei", "PingFang SC", "Arial Unicode MS",
)  # fmt: skip
"""Fonts that offices' machines have, for letters that ours, DejaVu Sans, has not."""
_CALLS = ("draw_text", "get_text_width_height_descent")
_MISSING = (
    "a picture has letters that no font of this machine has: boxes are drawn for them; install a font that has them (Noto Sans), or take "
    "the report or a picture of .svg, where whoever reads it has the letters"
)


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
    """Have what draws and measures texts for the length of a block take them in their harmless form, in letters that there are.

    Labels, ticks, legends and notes are made in many ways by matplotlib; all of them are drawn by these two calls.
    """
    draw, measure = renderer.draw_text, renderer.get_text_width_height_descent
    own: dict[str, Any] = {name: vars(renderer)[name] for name in _CALLS if name in vars(renderer)}
    # In an SVG text stays text: whoever shows it has the letters, and its bytes are the same on every machine.
    letters = _Letters() if "svg" not in type(getattr(renderer, "_renderer", renderer)).__module__ else None

    def drawn(gc: Any, x: Any, y: Any, text: str, properties: Any, *how: Any, **options: Any) -> None:
        shown = for_picture(text)
        font = letters.font(shown, properties) if letters else properties
        draw(gc, x, y, shown, font, *how[:1], **{**options, "ismath": False})

    def measured(text: str, properties: Any, *_: Any, **__: Any) -> Any:
        shown = for_picture(text)
        return measure(shown, letters.font(shown, properties) if letters else properties, False)

    renderer.draw_text, renderer.get_text_width_height_descent = drawn, measured
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Glyph .* missing from font", UserWarning)
            yield
    finally:
        for name in _CALLS:
            vars(renderer).pop(name, None)
        vars(renderer).update(own)  # a layout may draw within a drawing
    if letters and letters.missing:
        warnings.warn(FlWarning(_MISSING), stacklevel=4)


class _Letters:
    """Fonts for texts with letters that ours has not, from those that are installed."""

    def __init__(self) -> None:
        self.missing = False

    def font(self, text: str, properties: Any) -> Any:
        """The font as it was asked for, with others behind it where a letter is missing."""
        if text.isascii() or _has(text, properties):
            return properties
        wider = properties.copy()
        wider.set_family([*properties.get_family(), *_installed()])
        self.missing = self.missing or not all(_any_has(one, properties) for one in set(text) if not one.isspace())
        return wider


def _has(text: str, properties: Any) -> bool:
    from matplotlib import font_manager

    fonts: Any = font_manager
    font = fonts.get_font(fonts.findfont(properties))
    return all(one.isspace() or font.get_char_index(ord(one)) for one in text)


def _any_has(one: str, properties: Any) -> bool:
    from matplotlib.font_manager import FontProperties

    return _has(one, properties) or any(_has(one, FontProperties(family=[name])) for name in _installed())


@cache
def _installed() -> tuple[str, ...]:
    from matplotlib.font_manager import fontManager

    there = {entry.name for entry in fontManager.ttflist}
    return tuple(name for name in FONTS if name in there)
