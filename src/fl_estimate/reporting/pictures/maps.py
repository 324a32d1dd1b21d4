"""Maps of areas shaded by their estimates, from plain GeoJSON. No boundaries are shipped with the package."""

# pyright: reportUnknownMemberType=false
# matplotlib annotates its own methods in part: what they are given is checked, what they are is not known in full.

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from fl_estimate.errors import PublishFault, listed, nearest
from fl_estimate.errors import shown as told
from fl_estimate.reporting.areas import Area, Points
from fl_estimate.reporting.labelling import unit_of
from fl_estimate.reporting.layout import CAUTION, NOTE_MARKS, LaidRow, Layout, labels_of, layout
from fl_estimate.reporting.naming import outcome_words
from fl_estimate.reporting.pictures.drawing import TEXT, WIDTH, axis_numbers, styled, tick_decimals, wrapped
from fl_estimate.reporting.pictures.palette import FAINT, HATCH, INK, LIMIT_HATCH, PAPER, RULE, SOFT
from fl_estimate.reporting.published_tables import PublishedTable, PublishedTables
from fl_estimate.reporting.suppression import LIMIT_SIGNS, LIMITS
from fl_estimate.words.numbers import number
from fl_estimate.words.say import say

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LEGEND = 1.05
"""Inches under the maps."""


def draw_map(
    published: PublishedTables,
    areas: Sequence[Area],
    *,
    by: str | None = None,
    key: str | None = None,
    quantity: str | None = None,
    language: str = "en",
) -> Figure:
    """Shade each area by its printed figure, write the figure in it, hatch the withheld ones.

    Arguments and errors are those of `PublishedEstimates.map`.
    """
    from fl_estimate.reporting.pictures.picture import Picture

    table, column = chosen_table(published, areas, by, key, quantity)
    sheet = layout(table, language)
    panels = _panels(table, sheet, column, language, quantity)
    rows = [row for panel in panels.values() for row in panel.values()]
    _require_on_map(rows, areas, column, key or column)
    low, high, aspect = _extent(areas)
    ratio = float((high[1] - low[1]) * aspect / (high[0] - low[0]))
    # Maps much wider than tall stand under each other.
    across = 1 if len(panels) == 1 or ratio < 0.5 else 2
    down = -(-len(panels) // across)
    with styled():
        each = (WIDTH - 0.4) / across
        tall, head = min(9.0 / across, max(3.0 / down, each * ratio)), 0.3 if len(panels) > 1 else 0.0
        total = down * (tall + head) + LEGEND
        figure = Picture(figsize=(WIDTH, total), facecolor=PAPER)
        shades = _Shades(rows, sheet, language)
        for position, (title, shown) in enumerate(panels.items()):
            left, bottom = 0.02 + 0.96 * (position % across) / across, total - (position // across + 1) * (tall + head)
            axes = figure.add_axes((left, bottom / total, 0.96 / across, tall / total))
            axes.set_aspect(aspect)
            axes.set_axis_off()
            margin = 0.01 * (high - low)
            axes.set_xlim(low[0] - margin[0], high[0] + margin[0])
            axes.set_ylim(low[1] - margin[1], high[1] + margin[1])
            axes.apply_aspect()  # labels are fitted to what is on the sheet
            for area in areas:
                _draw_area(axes, area, shown.get(str(area.properties[key or column])), shades, aspect, across)
            axes.set_title(title, loc="left", fontsize=TEXT + 0.5, fontweight="bold", color=INK, pad=6)
        gaps = any(len(shown) < len(areas) for shown in panels.values())
        _legend(figure, sheet, rows, shades, gaps, language)
    return figure


class _Shades:
    """The scale of colours: cividis, light for low, over the printed figures."""

    def __init__(self, rows: Iterable[LaidRow], sheet: Layout, language: str) -> None:
        from matplotlib import colormaps
        from matplotlib.colors import Normalize

        values = [value for row in rows if not np.isnan(value := figure_of(row))]
        top = max(values, default=1.0) or 1.0
        self.norm = Normalize(0.0, top)
        self.map = colormaps["cividis_r"]
        self.sheet, self.language = sheet, language

    def face(self, row: LaidRow) -> Any:
        return self.map(self.norm(figure_of(row)))

    def ink(self, row: LaidRow) -> str:
        """Dark letters on light areas, light ones on dark (relative luminance of the face)."""
        red, green, blue, _ = self.face(row)
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in (red, green, blue)]
        # Where dark and light letters have the same contrast (WCAG 2), for our ink.
        return INK if 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2] > 0.215 else PAPER


def figure_of(row: LaidRow) -> float:
    """The printed value of a row in natural units; missing where only a limit is printed: a shade of it would look like much."""
    return float("nan") if row.withheld or row.record["publication"] in LIMITS else float(row.record["value"])


def chosen_table(
    published: PublishedTables, areas: Sequence[Area], by: str | None, key: str | None, quantity: str | None = None
) -> tuple[PublishedTable, str]:
    """The first table (prevalences before others) that is divided by one column of areas, and that column.

    Where a quantity is asked for, the first that has it.
    """
    known = {str(name) for area in areas for name in area.properties}
    wanted = [by] if by is not None else None
    options = [(table, str(margin)) for table in published.tables for margin in table.frame["margin"].unique()]
    fitting = [
        (table, margin)
        for table, margin in options
        if margin in table.by and (margin in wanted if wanted else (margin in known or key is not None))
    ]
    if not fitting:
        there = sorted({margin for _, margin in options if margin})
        raise PublishFault(
            "FL-PUB-09",
            "no estimates can be put on this map",
            found=f"estimates by {listed(there) or 'nothing'}; the map's areas have {listed(sorted(known), most=8)}",
            fix='estimate with by= an area column, and name the property of the map: map(…, by="district", key="name")',
        )
    asked = [
        option for option in fitting if quantity is None or unit_of(quantity) in map(unit_of, quantities_in(*option))
    ]
    return min(asked or fitting, key=lambda option: option[0].frame["quantity"].iloc[0] == "total")


def quantities_in(table: PublishedTable, column: str) -> list[str]:
    """The quantities of a table by one column of areas, the first of each unit."""
    inside = (table.frame["margin"] == column).to_numpy(dtype=bool)
    first: dict[str, str] = {}
    for quantity in dict.fromkeys(str(each) for each in table.frame.loc[inside, "quantity"]):
        first.setdefault(unit_of(quantity), quantity)
    return list(first.values())


def _panels(
    table: PublishedTable, sheet: Layout, column: str, language: str, quantity: str | None
) -> dict[str, dict[str, LaidRow]]:
    """Rows by the name of their area, a panel for each result and outcome of the table: a stack has several.

    Colours are of one unit: that of `quantity`, or the first; FL-PUB-41 where there is no such.
    """
    there = quantities_in(table, column)
    if quantity is not None and unit_of(quantity) not in map(unit_of, there):
        raise PublishFault(
            "FL-PUB-41", "the estimates have no such quantity", found=f"quantity={told(quantity)}; there are: {listed(there)}",
            fix=f"choose one: quantity={there[0]!r}",
        )  # fmt: skip
    # Lists give the number of people, and of those whom nobody knows: the first, unless the other is asked for.
    chosen = unit_of(quantity if quantity is not None else there[0])
    names = labels_of(table, language)
    met = [
        row
        for row in sheet.rows
        if row.record and row.record["margin"] == column and not _missing(row.record[column])
        and row.record["bound"] in ("", "lower")
    ]  # fmt: skip
    units = [unit_of(str(row.record["quantity"])) for row in met]
    outcomes = {str(row.record["outcome"]) for row in met}
    panels: dict[str, dict[str, LaidRow]] = {}
    for row, unit in zip(met, units, strict=True):
        if unit != chosen:
            continue
        outcome = outcome_words(table.wording, str(row.record["outcome"]), language) if len(outcomes) > 1 else ""
        panel = panels.setdefault(", ".join(part for part in (names.source(row.record), outcome) if part), {})
        panel.setdefault(str(row.record[column]), replace(row, label=names.domain(row.record)))
    return {"": next(iter(panels.values()))} if len(panels) == 1 else panels


def _require_on_map(shown: Sequence[LaidRow], areas: Sequence[Area], column: str, key: str) -> None:
    """Every row must have its area on the map."""
    rows = dict.fromkeys(str(row.record[column]) for row in shown)
    names = [str(area.properties[key]) for area in areas if key in area.properties]
    absent = [name for name in rows if name not in set(names)]
    if absent or len(names) < len(areas):
        hints = [f"{name!r}: nearest is {close!r}" for name in absent if (close := nearest(name, names))]
        raise PublishFault(
            "FL-PUB-10",
            "areas of the table are not on the map",
            found=f"{len(absent)} of {len(rows)} by {column!r}, property {told(key)}: {listed(absent)}",
            fix="; ".join(hints[:5]) or f"areas of the map: {listed(names) or f'none has the property {told(key)}'}",
        )


def _draw_area(axes: Axes, area: Area, row: LaidRow | None, shades: _Shades, aspect: float, across: int = 1) -> None:
    """One area: shaded, dotted where a limit is printed, hatched where withheld, white where nothing was estimated."""
    from matplotlib.patches import PathPatch

    printed = row if row is not None and not row.withheld else None
    valued = printed if printed is not None and not np.isnan(figure_of(printed)) else None
    face = shades.face(valued) if valued is not None else (FAINT if row is not None else PAPER)
    for polygon in area.polygons:
        outline = _path(polygon)
        if row is not None and valued is None:
            hatch = HATCH if row.withheld else LIMIT_HATCH
            axes.add_patch(PathPatch(outline, facecolor=face, edgecolor=RULE, hatch=hatch, linewidth=0))
        else:
            axes.add_patch(PathPatch(outline, facecolor=face, linewidth=0))
        axes.add_patch(PathPatch(outline, facecolor="none", edgecolor=SOFT, linewidth=0.7, zorder=2))
    if row is None:
        return
    ink = shades.ink(valued) if valued is not None else SOFT
    near: dict[str, Any] = {"textcoords": "offset points", "ha": "center", "color": ink, "zorder": 3}
    if valued is None:
        near["bbox"] = {"facecolor": FAINT, "edgecolor": "none", "pad": 0.8}
    position = label_point(area.polygons, aspect)
    size = TEXT if across == 1 else TEXT - 1.5
    figure = "" if printed is None else _figure(printed, shades)
    room = _room(axes, area, position, size)
    name, turned = fitted(row.label, *room)
    if turned:  # one line up the area: the name, and the figure after it, together in the middle
        long = len(name) * _LETTER * (size - 2)
        start = -(long + 4 + len(figure) * _LETTER * size) / 2
        axes.annotate(name, position, xytext=(0, start), va="bottom", rotation=90, fontsize=size - 2, **near)
        bold: dict[str, Any] = {"fontsize": size, "fontweight": "bold", "rotation": 90, "va": "bottom"}
        axes.annotate(figure, position, xytext=(0, start + long + 4), **bold, **near)
        return
    up = 2 if printed is not None else -3
    axes.annotate(name, position, xytext=(0, up), va="bottom", fontsize=size - 2, linespacing=1.0, **near)
    if figure:
        axes.annotate(figure, position, xytext=(0, 1), va="top", fontsize=size, fontweight="bold", **near)


_LETTER = 0.6
"""How wide a letter is, of its height."""


def _room(axes: Axes, area: Area, position: tuple[float, float], size: float) -> tuple[int, int]:
    """Letters of a name that fit across and up an area, through the point of its label."""
    points = axes.transData.transform([position, (position[0] + 1.0, position[1]), (position[0], position[1] + 1.0)])
    dpi = axes.figure.dpi
    across, up = (float(np.abs(points[n] - points[0]).max()) * 72 / dpi for n in (1, 2))
    outline = max(area.polygons, key=lambda rings: abs(_signed_area(rings[0])))[0]
    letter = _LETTER * (size - 2)
    return int(_width(outline, position, 0) * across / letter), int(_width(outline, position, 1) * up / letter)


def _width(outline: Points, position: tuple[float, float], along: int) -> float:
    """How wide an outline is at a point, along one direction."""
    other = 1 - along
    start, end = outline, np.roll(outline, -1, axis=0)
    crossed = (start[:, other] > position[other]) != (end[:, other] > position[other])
    start, end = start[crossed], end[crossed]
    if len(start) < 2:
        return 0.0
    share = (position[other] - start[:, other]) / (end[:, other] - start[:, other])
    met = start[:, along] + share * (end[:, along] - start[:, along])
    left, right = met[met <= position[along]], met[met > position[along]]
    return float(right.min() - left.max()) if len(left) and len(right) else 0.0


def fitted(name: str, across: int, up: int) -> tuple[str, bool]:
    r"""A name as it stands in an area of so many letters across and up, in up to three lines; and whether it is turned.

    Examples
    --------
    >>> fitted("North", 10, 10), fitted("Upper West", 6, 20), fitted("North", 3, 14), fitted("Northumberland", 3, 5)
    (('North', False), ('Upper\nWest', False), ('North', True), ('No…', False))
    """
    words = wrapped(name, max(across, 1))
    whole = max(map(len, name.split())) <= across
    if whole and words.count("\n") < 3:
        return words, False
    if across >= 2 and len(name) + 9 <= up and up > across:
        return name, True
    kept = max(across - 1, 1)
    return (name if len(name) <= across else name[:kept].rstrip() + "…"), False


def _figure(row: LaidRow, shades: _Shades) -> str:
    """The figure as written in the table; an upper limit with its sign."""
    status = str(row.record["publication"])
    if status not in LIMITS:
        return row.cells["value"].rstrip(NOTE_MARKS)  # notes stand under tables, not under maps
    return f"{LIMIT_SIGNS[status]} {shades.sheet.scale.figure(row.record, 'upper', shades.language)}"


def label_point(polygons: Sequence[Sequence[Points]], aspect: float = 1.0, grid: int = 24) -> tuple[float, float]:
    """A point well inside the largest polygon: of a grid of points inside, the one farthest from every edge."""
    largest = max(polygons, key=lambda rings: abs(_signed_area(rings[0])))
    outline = largest[0]
    low, high = outline.min(axis=0), outline.max(axis=0)
    steps = (np.arange(grid) + 0.5) / grid
    across, along = low[0] + steps * (high[0] - low[0]), low[1] + steps * (high[1] - low[1])
    points: Points = np.column_stack([np.tile(across, grid), np.repeat(along, grid)])
    inside = points[_inside(largest, points)]
    if not len(inside):
        return float(outline[:, 0].mean()), float(outline[:, 1].mean())
    # Text is wider than high: distances across count for less.
    stretch = np.array([0.6, aspect])
    distance = np.min([_distance(inside * stretch, ring * stretch) for ring in largest], axis=0)
    # In a strip many points are as far from its edges: the middle one of them.
    far = inside[distance >= 0.98 * distance.max()]
    best = far[int(np.argmin(((far - far.mean(axis=0)) ** 2).sum(axis=1)))]
    return float(best[0]), float(best[1])


def _distance(points: Points, ring: Points) -> Points:
    """Distance of points from a closed ring."""
    start, end = ring, np.roll(ring, -1, axis=0)
    along = end - start
    length = np.maximum((along**2).sum(axis=1), 1e-300)
    share = np.clip(((points[:, None] - start) * along).sum(axis=2) / length, 0, 1)
    nearest_points = start + share[:, :, None] * along
    return np.sqrt(((points[:, None] - nearest_points) ** 2).sum(axis=2)).min(axis=1)


def _legend(figure: Figure, sheet: Layout, rows: Sequence[LaidRow], shades: _Shades, gaps: bool, language: str) -> None:
    """A bar of colours with its unit; what hatching, dots, the mark of caution and empty areas mean."""
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize
    from matplotlib.patches import Patch
    from matplotlib.ticker import MaxNLocator

    height = figure.get_figheight()
    axes = figure.add_axes((0.04, 0.45 / height, 0.36, 0.13 / height))
    top = float(shades.norm.vmax or 1.0) * sheet.scale.factor
    bar = figure.colorbar(ScalarMappable(Normalize(0, top), shades.map), cax=axes, orientation="horizontal")
    outline: Any = bar.outline
    outline.set_visible(False)
    locator = MaxNLocator(nbins=5)
    decimals = tick_decimals(locator.tick_values(0, top))
    bar.locator = locator
    bar.formatter = axis_numbers(lambda value: number(value, decimals, language))
    bar.update_ticks()
    axes.tick_params(labelsize=TEXT - 1, colors=SOFT, length=2)
    axes.set_title(sheet.scale.head(language), fontsize=TEXT - 0.5, color=SOFT, loc="left", pad=4)
    handles: list[Any] = []
    if any(row.record["publication"] in LIMITS for row in rows):
        handles.append(
            Patch(facecolor=FAINT, edgecolor=RULE, hatch=LIMIT_HATCH * 2, label=say("head", "legend.limit", language))
        )
    if any(row.withheld for row in rows):
        handles.append(
            Patch(facecolor=FAINT, edgecolor=RULE, hatch=HATCH, label=say("flag", "not_published", language))
        )
    if gaps:
        handles.append(Patch(facecolor=PAPER, edgecolor=SOFT, label=say("head", "no_estimate", language)))
    if any(row.record["caution"] and not row.withheld for row in rows):
        handles.append(Patch(facecolor="none", label=f"{CAUTION} {say('flag', 'use_with_caution', language)}"))
    if handles:
        figure.legend(handles=handles, loc="lower left", bbox_to_anchor=(0.46, 0.05 / height), frameon=False, ncols=1,
                      fontsize=TEXT - 0.5, labelcolor=SOFT)  # fmt: skip


def _path(rings: Sequence[Points]) -> Any:
    """A polygon to fill: holes run against the outline, whichever way the file writes them, and so stay open."""
    from matplotlib.path import Path as Outline

    turned = [
        ring if (_signed_area(ring) > 0) == (position == 0) else ring[::-1] for position, ring in enumerate(rings)
    ]
    return Outline.make_compound_path(*(Outline(np.vstack([ring, ring[:1]]), closed=True) for ring in turned))


def _inside(rings: Sequence[Points], points: Points) -> npt.NDArray[np.bool_]:
    """Points inside the outline and outside every hole."""
    outline, *holes = (_path([ring]).contains_points(points) for ring in rings)
    return outline & ~np.any(holes, axis=0) if holes else outline


def _signed_area(ring: Points) -> float:
    x, y = ring[:, 0], ring[:, 1]
    return float((x * np.roll(y, -1) - np.roll(x, -1) * y).sum() / 2)


def _extent(areas: Sequence[Area]) -> tuple[Points, Points, float]:
    """Lower left, upper right, and how much longer a degree of latitude is than one of longitude there."""
    points = np.vstack([ring for area in areas for rings in area.polygons for ring in rings])
    low, high = points.min(axis=0), points.max(axis=0)
    degrees = (np.abs(points[:, 0]) <= 180).all() and (np.abs(points[:, 1]) <= 85).all()
    return low, high, 1 / float(np.cos(np.radians((low[1] + high[1]) / 2))) if degrees else 1.0


def _missing(value: Any) -> bool:
    return value is None or value != value or str(value) == "<NA>"
