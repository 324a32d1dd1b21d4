"""Colours of tables, pictures and maps: cividis, which reads the same with every kind of colour vision, and greys.

Colour is never the only carrier: what is withheld is hatched, what is to be used with caution is hollow and marked.
"""

from __future__ import annotations

INK = "#1b2430"
SOFT = "#5b6470"
RULE = "#c9ced6"
FAINT = "#eef1f5"
DEEP = "#00306f"
"""cividis at 0.14: estimates."""
MIDDLE = "#575c6d"
"""cividis at 0.35."""
BRIGHT = "#ead54f"
"""cividis at 0.90: the truth, where it is known."""
SERIES: tuple[str, ...] = (DEEP, "#a69d75", "#575c6d", "#d0bf5c")
"""cividis at 0.14, 0.66, 0.35 and 0.82: results side by side, each with a mark of its own."""
PAPER = "#ffffff"
HATCH = "////"
"""Withheld."""
LIMIT_HATCH = ".."
"""Only an upper limit is printed."""
