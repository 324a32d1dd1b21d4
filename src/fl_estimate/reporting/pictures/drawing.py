"""How figures look and leave as files: sizes, style, SVG, PNG and PDF. Nothing is drawn here, and no table is known."""

# pyright: reportUnknownMemberType=false
# matplotlib annotates its own methods in part: what they are given is checked, what they are is not known in full.

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING, Any

from fl_estimate.errors import PublishFault, not_one_of
from fl_estimate.neutral import LONGEST_LABEL
from fl_estimate.pages.frames import html_text
from fl_estimate.reporting.pictures.palette import RULE

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from matplotlib.ticker import FuncFormatter

WIDTH = 8.8
"""Inches."""
ROW = 0.27
TEXT = 9.0
LETTER = 0.066
"""Inches that a letter of the words under an axis takes, on average."""
WIDEST = 0.15
"""Inches that no letter is wider than."""
FORMATS: tuple[str, ...] = (".svg", ".png", ".pdf")
_STYLE: dict[str, Any] = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": TEXT,
    "svg.fonttype": "none",
    # Labels are text, not mathematics: "$100–$200" stays as it is, and "$\\frac$" is no error.
    "text.parse_math": False,
    "text.usetex": False,
    "hatch.linewidth": 0.6,
    "hatch.color": RULE,
}


def svg(figure: Figure, salt: str) -> str:
    """The figure as an SVG document; `salt` keeps the ids of two figures in one page apart.

    Text stays text, so that it can be read aloud and searched. No date, no link to any host.
    """
    buffer = io.StringIO()
    with styled(salt):
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    drawn = buffer.getvalue()
    drawn = drawn[drawn.index("<svg") :]
    return re.sub(r"\s*<metadata>.*?</metadata>", "", drawn, flags=re.DOTALL).strip()


def inline_svg(figure: Figure, salt: str, label: str) -> str:
    """The figure as an SVG element to stand inside a page, with a name for those who cannot see it.

    Inside HTML the namespaces are known: without their declarations no address at all stands in the page.
    """
    drawn = re.sub(r"<[^<>]+>", _without_namespaces, svg(figure, salt))
    drawn = re.sub(r'^<svg\b[^>]*?viewBox="([^"]*)"[^>]*>', r'<svg viewBox="\1" role="img">', drawn, flags=re.DOTALL)
    return drawn.replace('role="img">', f'role="img" aria-label="{html_text(label)}">', 1)


def _without_namespaces(tag: re.Match[str]) -> str:
    """One tag; words of a picture that speak of namespaces stay."""
    return re.sub(r'\s+xmlns(:xlink)?="[^"]*"', "", tag[0]).replace("xlink:href", "href")


def axis_numbers(write: Callable[[float], str]) -> FuncFormatter:
    """Numbers along an axis, written as a language writes them."""
    from matplotlib.ticker import FuncFormatter

    def written(value: float, _: int | None) -> str:
        return write(value)

    return FuncFormatter(written)


def tick_decimals(ticks: Sequence[float]) -> int:
    """With how many decimals the numbers along an axis are written, so that none is rounded: 2.5 is neither 2 nor 3.

    Examples
    --------
    >>> tick_decimals([0, 2.5, 5]), tick_decimals([0, 20, 40]), tick_decimals([0, 0.05])
    (1, 0, 2)
    """
    step = float(ticks[1] - ticks[0]) if len(ticks) > 1 else 1.0
    return next((decimals for decimals in range(7) if abs(step * 10**decimals - round(step * 10**decimals)) < 1e-9), 6)


@dataclass(frozen=True, kw_only=True)
class PagePicture:
    """A picture on a page: its number in words, its title, the drawing as markup."""

    name: str
    title: str
    drawing: str


def drawn(figure: Figure, salt: str, name: str, title: str) -> PagePicture:
    """A figure as it stands on a page; arguments as of `inline_svg`."""
    return PagePicture(name=name, title=title, drawing=inline_svg(figure, salt, title))


def as_file(figure: Figure, name: Path) -> bytes:
    """The content of a file of a figure; FL-PUB-12 where the ending of its name is not .svg, .png or .pdf."""
    ending = name.suffix.lower()
    if ending not in FORMATS:
        raise not_one_of("FL-PUB-12", "this kind of picture", ending or "no ending", FORMATS, PublishFault)
    if ending == ".svg":
        return svg(figure, name.stem).encode()
    buffer = io.BytesIO()
    with styled():
        dated = {"CreationDate": None} if ending == ".pdf" else None
        figure.savefig(buffer, format=ending[1:], dpi=200, metadata=dated)
    return buffer.getvalue()


@contextmanager
def styled(salt: str = "fl_estimate") -> Generator[None]:
    """Our style for the length of a block; the settings of the session come back after it."""
    from matplotlib import rc_context  # pyright: ignore[reportUnknownVariableType]

    settings: dict[Any, Any] = {**_STYLE, "svg.hashsalt": salt}
    with rc_context(settings):  # pyright: ignore[reportUnknownVariableType]
        yield


def within(text: str, inches: float) -> str:
    """A label that stays beside the figures, and does not run over them: what there is no room for is cut off.

    Examples
    --------
    >>> within("Département de l'Ouest", 1.0), within("Ouest", 1.0)
    ('Département…', 'Ouest')
    """
    if len(text) * WIDEST <= inches or (len(text) <= LONGEST_LABEL and _inches(text) <= inches):
        return text
    most = min(len(text), LONGEST_LABEL)
    while most > 1 and _inches(f"{text[:most]}…") > inches:
        most -= 1
    return f"{text[:most].rstrip()}…"


def _inches(text: str) -> float:
    """How wide a line is in the letters of a picture."""
    from matplotlib import font_manager

    fonts: Any = font_manager
    font = fonts.get_font(fonts.findfont("DejaVu Sans"))
    font.set_size(TEXT, 72)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from font", UserWarning)
        font.set_text(text, 0.0)
    return font.get_width_height()[0] / 64 / 72


def wrapped(text: str, width: int) -> str:
    r"""A text in lines of so many letters at most; a word that is longer is broken.

    Examples
    --------
    >>> wrapped("Département de l'Ouest", 14)
    "Département de\nl'Ouest"
    """
    return "\n".join(wrap(text, width, break_on_hyphens=False)) or text
