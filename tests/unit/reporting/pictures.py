"""Pictures as a record: what stands where in each, colours by their names in the palette and without words, so that wording does not matter.

`python -m tests.unit.reporting.pictures` draws every picture anew, writes the record and, with a folder, the pictures to look at.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.colors import to_hex, to_rgba

import fl_estimate as fl
from fl_estimate import capture_recapture as cr
from fl_estimate.reporting.areas import read_areas
from fl_estimate.reporting.pictures import compare, palette
from fl_estimate.reporting.pictures.figures import draw
from fl_estimate.reporting.pictures.maps import draw_map
from fl_estimate.reporting.truth import Truth
from tests.unit.reporting.made import WITHHELD, country, estimates

RECORD = Path(__file__).with_name("pictures.json")
TRUTH = Truth(
    values={
        ("prevalence", "forced_labour", frozenset()): 0.0123,
        ("prevalence", "forced_labour", frozenset({("region", "North")})): 0.02,
    }
)
RELAXED = fl.SuppressionRule(few_cases="withheld")
NONE: dict[str, Any] = {"cases": 0, "value": 0.0, "se": 0.0, "lower": 0.0}


def record(figure: Any) -> dict[str, Any]:
    """Sizes, places, marks, dashes and numbers of all that is drawn."""
    figure.canvas.draw()
    return {
        "size": figure.get_size_inches().round(3).tolist(),
        "axes": [_axes(axes) for axes in figure.axes],
        "texts": [_text(t) for t in figure.texts],
        "layout": type(figure.get_layout_engine()).__name__,
        "legends": [_legend(each, figure.transFigure) for each in figure.legends],
    }


def _axes(axes: Any) -> dict[str, Any]:
    legend = axes.get_legend()
    return {
        "place": _numbers(axes.get_position().bounds),
        "limits": _numbers([*axes.get_xlim(), *axes.get_ylim()]),
        "scales": [axes.get_xscale(), axes.get_yscale()],
        "titles": [_said(axes.get_title(loc="left")), _said(axes.get_xlabel()), _said(axes.get_ylabel())],
        "ticks": [_tick_labels(axes.xaxis), _tick_labels(axes.yaxis)],
        "lines": [_line(line) for line in axes.lines],
        "patches": [_patch(patch) for patch in axes.patches],
        "collections": [_collection(each) for each in axes.collections],
        "texts": [_text(text) for text in axes.texts],
        "legend": [] if legend is None else _legend(legend, axes.transAxes),
        "sizes": [each.get_size() for labels in (axes.get_xticklabels(), axes.get_yticklabels()) for each in labels[:1]],
        "shown": [spine.get_visible() for spine in axes.spines.values()],
        "frame": [axes.axison, axes.get_axisbelow(), *(paint(spine.get_edgecolor()) for spine in axes.spines.values())],
        "marks": [mark for axis in (axes.xaxis, axes.yaxis) for mark in _ticks(axis)],
        "heads": [[each.get_size(), each.get_weight(), paint(each.get_color()), *_numbers(each.get_position())] for each in (axes._left_title, axes.xaxis.label, axes.yaxis.label)],
    }  # fmt: skip


NAMED = {
    to_hex(value): name for name, value in vars(palette).items() if isinstance(value, str) and value.startswith("#")
}


def paint(colour: Any) -> str:
    """What a colour is called, and how dense it is where it is not; none of them of what is not painted."""
    red, green, blue, dense = to_rgba(colour)
    named = NAMED.get(to_hex((red, green, blue)), to_hex((red, green, blue)))
    return "none" if not dense else named if dense == 1 else f"{named} {dense:.2f}"


def _tick_labels(axis: Any) -> list[str]:
    """What is read at the ticks that are drawn: beyond the ends of an axis versions of matplotlib have more or fewer."""
    low, high = sorted(axis.get_view_interval())
    edge = 1e-9 * (high - low)
    axis.get_majorticklabels()  # brings the labels up to date
    drawn = [tick for tick in axis.get_major_ticks() if low - edge <= tick.get_loc() <= high + edge]
    labels = [tick.label1 for tick in drawn] + [tick.label2 for tick in drawn]
    return [_said(label.get_text()) for label in labels if label.get_visible()]


def _ticks(axis: Any) -> list[Any]:
    """Of the first tick: its length and colours, whether a line of the grid is drawn at it, and which; nothing where there is no tick."""
    return [
        [
            tick.tick1line.get_visible(), tick.tick1line.get_markersize(), paint(tick.tick1line.get_color()), tick.label1.get_visible(),
            paint(tick.label1.get_color()), tick.gridline.get_visible(), paint(tick.gridline.get_color()), tick.gridline.get_linewidth(),
        ]
        for tick in (axis.get_major_ticks()[:1] + axis.get_minor_ticks()[:1])
    ]  # fmt: skip


def _line(line: Any) -> dict[str, Any]:
    return {"x": _numbers(line.get_xdata()), "y": _numbers(line.get_ydata()), "marker": str(line.get_marker()), "style": str(line.get_linestyle()),
            "hollow": line.get_markerfacecolor() == "#ffffff", "order": line.get_zorder(), "clipped": line.get_clip_on(),
            "drawn": [line.get_linewidth(), line.get_markersize(), line.get_markeredgewidth(), *_numbers(_dashes(line))], "painted": [paint(line.get_color()), paint(line.get_markerfacecolor())]}  # fmt: skip


def _dashes(line: Any) -> list[float]:
    """Where the pen is down and up: what tells lines apart in print."""
    start, dashes = line._unscaled_dash_pattern
    return [float(start or 0), *(dashes or ())]


def _legend(legend: Any, frame: Any) -> list[Any]:
    """Its entries, and the corner that it hangs at, in shares of what it belongs to."""
    corner = frame.inverted().transform(legend.get_bbox_to_anchor().get_points())
    texts = legend.get_texts()
    return [
        [_said(text.get_text()) for text in texts],
        texts[0].get_size(),
        paint(texts[0].get_color()),
        legend.get_frame_on(),
        legend.borderaxespad,
        [[type(each).__name__, paint(_of_handle(each))] for each in legend.legend_handles],
        str(legend._loc),
        legend._ncols,
        *_numbers(corner),
    ]


def _of_handle(each: Any) -> Any:
    return each.get_facecolor() if hasattr(each, "get_facecolor") else each.get_color()


def _patch(patch: Any) -> dict[str, Any]:
    ends = patch.get_path().transformed(patch.get_patch_transform()).get_extents().extents
    return {"ends": _numbers(ends), "hatch": patch.get_hatch(), "order": patch.get_zorder(),
            "painted": [paint(patch.get_facecolor()), paint(patch.get_edgecolor()), patch.get_linewidth()]}  # fmt: skip


def _collection(each: Any) -> dict[str, Any]:
    paths = [path.get_extents().extents for path in each.get_paths()[:40]]
    return {
        "ends": _numbers(np.ravel(paths)),
        "at": _numbers(np.ravel(np.asarray(each.get_offsets(), dtype=float))),
        "order": each.get_zorder(),
        "sizes": _numbers(each.get_sizes()) if hasattr(each, "get_sizes") else [],
        "painted": [
            [paint(colour) for colour in colours[:3]] for colours in (each.get_facecolor(), each.get_edgecolor())
        ],
    }


def _text(text: Any) -> dict[str, Any]:
    at = [
        float(value) if isinstance(value, int | float | np.number) else 0.0
        for value in (text.xyann if hasattr(text, "xyann") else text.get_position())
    ]
    to = [float(value) if isinstance(value, int | float | np.number) else 0.0 for value in getattr(text, "xy", ())]
    return {
        "said": _said(text.get_text()),
        "at": _numbers(at),
        "to": _numbers(to),
        "sides": [text.get_ha(), text.get_va()],
        "size": text.get_size(),
        "look": [text.get_weight(), text.get_rotation(), text.get_style(), paint(text.get_color()), _spacing(text)],
        "on": None if (ground := text.get_bbox_patch()) is None else ground.get_boxstyle().pad,
    }


def _spacing(text: Any) -> Any:
    """How far lines of a text are apart; what nobody chose is called 1.2 before matplotlib 3.11, and normal since."""
    return "normal" if text._linespacing == 1.2 else text._linespacing


def _said(text: str) -> str:
    """Figures and marks of a text; each word is one w."""
    return re.sub(r"[^\W\d_]+", "w", text)


def _numbers(values: Any) -> list[float | None]:
    plain = np.ravel(np.asarray(values, dtype=float))
    return [None if np.isnan(value) else float(f"{value:.5g}") for value in plain]


# What is drawn


def _bounds() -> fl.Estimates:
    return estimates(
        {"bound": "lower"},
        {"bound": "upper", "value": 0.02, "upper": 0.03},
        {"region": "N", "bound": "lower", "cases": 2},
        {"region": "N", "bound": "upper"},
    )


def _regions(**more: Any) -> fl.Estimates:
    rows = [
        {"region": position, "value": value, "lower": value * 0.6, "upper": value * 1.5, **more}
        for position, value in (("North", 0.012), ("South", 0.02), ("East", 0.03), ("West", 0.04))
    ]
    return estimates({}, *rows)


def _square(x: float, y: float, size: float = 1.0) -> list[list[float]]:
    return [[x, y], [x + size, y], [x + size, y + size], [x, y + size], [x, y]]


def _map(key: str = "region", names: tuple[str, ...] = ("North", "South", "East", "West"), lift: float = 0.0) -> Any:
    features = [
        {
            "type": "Feature",
            "properties": {key: name},
            "geometry": {"type": "Polygon", "coordinates": [_square(2.0 * (at % 2), lift + 2.0 * (at // 2), 2.0)]},
        }
        for at, name in enumerate(names)
    ]
    hole = {
        "type": "MultiPolygon",
        "coordinates": [[_square(4, lift, 4), _square(5, lift + 1, 2)], [_square(9, lift + 3, 1)]],
    }
    features.append({"type": "Feature", "properties": {key: "Island"}, "geometry": hole})
    return read_areas({"type": "FeatureCollection", "features": features})


def _columns(count: int, high: float, name: str = "") -> Any:
    """Areas in a row, each of four across together and so high."""
    names = [name.format(at) for at in range(1, count + 1)] if name else ["North", "South", "East", "West"]
    wide = 4.0 / count
    rings = [
        [[at * wide, 0], [(at + 1) * wide, 0], [(at + 1) * wide, high], [at * wide, high], [at * wide, 0]]
        for at in range(count)
    ]
    features = [
        {"type": "Feature", "properties": {"region": each}, "geometry": {"type": "Polygon", "coordinates": [ring]}}
        for each, ring in zip(names, rings, strict=True)
    ]
    return read_areas({"type": "FeatureCollection", "features": features})


@cache
def _lists() -> cr.Appraisal:
    rows = pd.DataFrame({"police": [1, 0, 1], "ngo": [0, 1, 1], "count": [120, 95, 14]})
    return cr.appraise(fl.CaptureHistories.from_counts(rows, lists=["police", "ngo"]), seed=1)


@cache
def _published_lists() -> Any:
    """What an appraisal prints, with figures put in by hand: the picture does not ask where they come from."""
    shown = fl.publish_appraisal(_lists())
    first = shown.methods.iloc[0].to_dict()
    rows = [
        {"value": 1000.0, "lower": 800.0, "upper": 1400.0, "admissible": True}, {"value": 1200.0, "lower": 700.0, "upper": 9000.0, "admissible": False},
        {"value": 900.0, "lower": np.nan, "upper": np.nan, "admissible": True}, {"value": np.nan, "lower": np.nan, "upper": np.nan, "admissible": True},
    ]  # fmt: skip
    ratio = np.array([0.5, 1.0, 2.0])
    pairs = [
        pd.DataFrame({"interaction": f"pair {name}", "ratio": ratio, "value": 1000.0 + step * (ratio - 1)})
        for name, step in zip("abcdef", (50, 400, 100, 300, 200, 20), strict=True)
    ]
    linkage = pd.DataFrame(
        {
            "missed": [0.0, 0.1] * 2,
            "false_links": [0.0, 0.0, 0.02, 0.02],
            "value": [900.0, 800, 1000, 950],
            "lower": [800.0, 700, 900, 850],
            "upper": [1000.0, 900, 1200, np.nan],
        }
    )
    return replace(
        shown,
        methods=pd.DataFrame([{**first, **row} for row in rows]),
        sensitivity=pd.concat(pairs, ignore_index=True),
        linkage=linkage,
        envelope=(700.0, 1400.0),
    )


def _histories(most: int = 3) -> fl.CaptureHistories:
    rows = pd.DataFrame(
        [
            {"a": at >> 2 & 1, "b": at >> 1 & 1, "c": at & 1, "count": 7 * at * (at % 4 != 3) + at}
            for at in range(1, 2**most)
        ]
    )
    return fl.CaptureHistories.from_counts(rows, lists=["a", "b", "c"])


PEOPLE = pd.DataFrame(
    {
        "w": np.repeat([10.0, 20.0, 30.0, 40.0, 50.0], 20),
        "came": np.tile([1, 1, 1, 0], 25),
        "half": np.arange(100) // 50,
    }
)


def _far() -> pd.DataFrame:
    return PEOPLE.assign(w=np.r_[PEOPLE["w"].to_numpy()[:-1], 9_000.0])


def _adjusted() -> Any:
    kept, design = fl.adjust_nonresponse(PEOPLE, "came", design=fl.Design(weights="w"), by="half")
    return fl.plot_weights(kept, design=design)


def _shrunk() -> Any:
    direct = _regions(method="taylor")
    values = {"North": 0.014, "South": 0.02, "East": 0.027, "West": 0.033}
    model = estimates(*({"region": name, "value": value, "lower": value * 0.7, "upper": value * 1.3} for name, value in values.items()),
                      {"region": "Coast", "value": 0.02, "n": 0, "cases": None}, method="area-binomial", interval_kind="equal-tailed", basis="model")  # fmt: skip
    return fl.plot_shrinkage(direct, model)


def _counts() -> Any:
    stays = pd.DataFrame({"count": [1, 2, 3, 4, 5], "people": [430, 160, 80, 18, 5]})
    return fl.plot_counts(cr.count_profile(stays, frequency="people"))


def _back(**sizes: float) -> fl.Estimates:
    """Groups of known size and what is made of them; of one that nobody knows anybody of there is neither estimate nor interval."""
    known = {"teachers": 12_000.0, "priests": 1_500.0, "at_sea": 90_000.0, "gave_birth": 30_000.0}
    rows = [
        {"outcome": name, "value": size * 1.2, "lower": size * 0.9, "upper": size * 1.6, "cases": None}
        for name, size in (known | sizes).items()
    ]
    made = estimates(
        *(
            row | ({"value": 0.0, "se": None, "lower": None, "upper": None} if row["value"] == 0 else {})
            for row in rows
        ),
        quantity="total",
    )
    return replace(made, diagnostics={"known_sizes": known | {name: size or 2_500.0 for name, size in sizes.items()}})


def _curve(*lines: tuple[str, float], odds: Any = (0, 0.25, 1, 2, np.inf), **more: Any) -> fl.Estimates:
    """Scenario curves by hand: of each line its name and its value at odds of 1."""
    terms = {0: "none_hide_a_case", np.inf: "all_hide_a_case"}
    rows = [
        {
            "region": name,
            "term": terms.get(each, f"×{each:g}"),
            "value": value,
            "lower": value - 0.004,
            "upper": value + 0.006,
        }
        for name, middle in lines
        for each, value in zip(odds, middle + 0.004 * np.arange(-2, len(odds) - 2), strict=True)
    ]
    made: dict[str, Any] = {"quantity": "scenario_prevalence", "method": "delta-adjusted"}
    return estimates(
        *([{**row, "region": None} for row in rows] if len(lines) == 1 else rows),
        by=() if len(lines) == 1 else ("region",),
        **made | more,
    )


def _undercovered(**more: Any) -> fl.Estimates:
    rows = [
        {"term": f"×{each:g}", "value": 1000 + 500 * each, "lower": 800 + 400 * each, "upper": 1300.0 + 700 * each}
        for each in (0, 0.5, 1, 2.25, 10)
    ]
    return estimates(*rows, by=(), quantity="undercoverage_total", method="undercoverage", **more)


def _in_axes() -> Any:
    from matplotlib.figure import Figure

    axes = Figure(figsize=(9, 4), layout="constrained").subplots(2, 1)[1]
    return fl.plot(_regions(), ax=axes, language="es")


def _full_methods(**more: Any) -> Any:
    """More lists than fit a line, and more histories than are drawn; figures by hand, one of them hidden, one not whole."""
    names = [f"list of office number {at} of a long name" if at == 2 else f"office {at}" for at in range(6)]
    rows = [
        {name: at >> position & 1 for position, name in enumerate(names)} | {"count": 3.0 + 7 * at % 40}
        for at in range(1, 40)
    ]
    frame = pd.DataFrame(rows)
    frame.loc[[4, 9], "count"] = [np.nan, 12.5]
    return replace(_published_lists(), histories=frame, least=5, **more)


def _linkage(*rates: tuple[float, float]) -> Any:
    rows = [
        {
            "missed": missed,
            "false_links": wrong,
            "value": 1000 - 900 * missed - 4000 * wrong,
            "lower": 900 - 900 * missed,
            "upper": 1200 - 900 * missed,
        }
        for wrong in dict.fromkeys(wrong for _, wrong in rates)
        for missed in dict.fromkeys(missed for missed, _ in rates)
    ]
    return fl.plot_linkage(replace(_published_lists(), linkage=pd.DataFrame(rows)), language="es")


def _stays(people: list[int]) -> Any:
    return cr.count_profile(pd.DataFrame({"count": range(1, len(people) + 1), "people": people}), frequency="people")


def _known(**values: float) -> Truth:
    return Truth(
        values={
            ("prevalence", "forced_labour", frozenset({("region", name)} if name != "all" else set())): value
            for name, value in values.items()
        }
    )


def _recruited(**more: Any) -> pd.DataFrame:
    return fl.hidden.simulate_successive_sampling(**{"population": 500, "n": 60, "seeds": 4, "seed": 1} | more).people


def _held(results: Any, truth: Truth, language: str = "en") -> Any:
    """Results beside a truth that was read."""
    named, tables = compare._tables(results)
    return compare._draw(compare._picture(tables, named, truth, language), language, "")


CASES: dict[str, Callable[[], Any]] = {
    "published": lambda: fl.plot(fl.publish(country())),
    "published, withheld zeros": lambda: fl.plot(fl.publish(country(), rule=RELAXED)),
    "in full": lambda: fl.plot(country()["prevalence_1"]),
    "several, French": lambda: fl.plot(list(country().values()), language="fr"),
    "bounds": lambda: draw(fl.publish(_bounds(), rule=RELAXED).tables),
    "cautions and truth": lambda: draw(fl.publish(estimates({"df": 7}, {"region": "North"})).tables, truth=TRUTH),
    "limits out of the axis": lambda: draw(fl.publish(estimates({}, {"region": "N", **NONE, "upper": 0.5}), rule=RELAXED).tables),
    "a mean": lambda: fl.plot(estimates({"value": 44.0, "se": 0.5, "lower": 43.0, "upper": 45.0, "cases": None}, {"region": "N", "value": 46.0, "se": 2.0, "lower": 40.0, "upper": 52.0, "cases": None}, quantity="mean")),
    "below zero": lambda: fl.plot(estimates({"value": -2.0, "se": 0.5, "lower": -3.0, "upper": 1.0, "cases": None}, quantity="difference")),
    "without limits": lambda: fl.plot(estimates({"lower": None, "upper": None})),
    "percent": lambda: fl.plot(estimates({"value": 0.2, "se": 0.02, "lower": 0.16, "upper": 0.24}, {"sex": 1, "value": 0.1}, {"sex": 2, "value": 0.3}, by=("sex",)), language="es"),
    "two results of the nation": lambda: fl.compare({"one": estimates({}), "other": estimates({"value": 0.02, "upper": 0.03})}),
    "results by region": lambda: fl.compare({"direct": _regions(), "model": _regions(method="area-binomial"), "more": _regions(n=400)}),
    "results with withheld ones": lambda: fl.compare(fl.publish({"a": estimates({}, {"region": "North"}, {"region": "West", **WITHHELD}), "b": _regions()})),
    "results without cases": lambda: fl.compare({"survey": estimates({}, {"region": "East", **NONE, "upper": 0.012}), "other": estimates({"region": "East"})}),
    "results of the nation, one withheld": lambda: fl.compare(fl.publish({"a": estimates({"n": 20}), "b": estimates({}), "c": estimates({**NONE, "upper": 0.006}), "d": estimates({"df": 7})})),
    "results with bounds": lambda: fl.compare({"survey": estimates({"bound": "lower"}, {"bound": "upper", "value": 0.02}, by=())}),
    "results tested, Spanish": lambda: fl.compare({"a": _regions(), "b": _regions(method="area-binomial")}, test=True, language="es"),
    "limits out of the axis, compared": lambda: fl.compare({"a": estimates({}, {"region": "N", **NONE, "upper": 0.5}), "b": estimates({"region": "N", "caution": "cv"})}),
    "results beyond the axis": lambda: fl.compare(fl.publish({"a": estimates({}, {"region": "N", **NONE, "upper": 0.5}), "b": _regions()}, rule=RELAXED)),
    "results of the nation, one without a case": lambda: fl.compare(fl.publish({"a": estimates({**NONE, "upper": 0.006}), "b": estimates({"outcome": "other"})}, rule=RELAXED)),
    "a map": lambda: draw_map(fl.publish(country()), _map()),
    "a map, French, far north": lambda: draw_map(fl.publish(country()), _map(lift=60.0), language="fr"),
    "a map in full": lambda: fl.plot_map(_regions(), {"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {"region": n}, "geometry": {"type": "Polygon", "coordinates": [_square(at, 0)]}} for at, n in enumerate(("North", "South", "East", "West"))]}),
    "a map of one value": lambda: draw_map(fl.publish(estimates(*({"region": n} for n in ("North", "South", "East", "West")))), _map()),
    "two maps": lambda: draw_map(fl.publish(fl.stack({"survey": _regions(), "model": _regions(n=900)})), _map()),
    "maps side by side": lambda: draw_map(fl.publish(fl.stack({"survey": _regions(), "model": _regions(n=900), "panel": _regions(n=400)})), _columns(4, 3.0)),
    "a map of narrow areas": lambda: draw_map(fl.publish(estimates(*({"region": f"Northumberland{at}", "value": 0.01 * at} for at in range(1, 9)))), _columns(8, 6.0, "Northumberland{}")),
    "overlaps": lambda: fl.plot_overlaps(_histories()),
    "overlaps of few": lambda: fl.plot_overlaps(fl.publish_appraisal(_lists())),
    "methods": lambda: fl.plot_methods(_published_lists()),
    "sensitivity": lambda: fl.plot_sensitivity(_published_lists()),
    "sensitivity, long names": lambda: fl.plot_sensitivity(replace(_published_lists(), sensitivity=_published_lists().sensitivity.assign(interaction=lambda f: f["interaction"] + " of one long name: and of another"))),
    "linkage": lambda: fl.plot_linkage(_published_lists()),
    "linkage of one rate": lambda: fl.plot_linkage(replace(_published_lists(), linkage=_published_lists().linkage.iloc[:2])),
    "linkage of small rates": lambda: fl.plot_linkage(replace(_published_lists(), linkage=_published_lists().linkage.assign(missed=[0.0, 0.02] * 2)), language="fr"),
    "weights": lambda: fl.plot_weights(PEOPLE, design=fl.Design(weights="w"), responded="came"),
    "weights far out": lambda: fl.plot_weights(_far(), design=fl.Design(weights="w"), language="fr"),
    "weights before and after": _adjusted,
    "equal weights": lambda: fl.plot_weights(PEOPLE.assign(w=3.0), design=fl.Design(weights="w"), responded="came"),
    "shrinkage": _shrunk,
    "counts": _counts,
    "plans": lambda: fl.plot_plan(*[fl.plan_sample(0.01, n=2_000, deff=deff) for deff in (1.0, 2.0)]),
    "a curve": lambda: fl.plot(_curve(("all", 0.02))),
    "curves, French": lambda: fl.plot(_curve(("North", 0.02), ("South-West and the isles", 0.021), ("East", 0.08)), language="fr"),
    "a curve without ends": lambda: fl.plot(_curve(("North", 0.3), ("South", 0.35), odds=(0.5, 1, 4, 8))),
    "a curve of one end": lambda: fl.plot(_curve(("all", 1_000.0), odds=(1, 8, np.inf), quantity="scenario_total", lower=None)),
    "undercoverage, Spanish": lambda: fl.plot(_undercovered(), language="es"),
    "in axes of one's own": _in_axes,
    "two panels": lambda: draw(fl.publish({"a": _regions(), "b": estimates({"value": 44.0, "se": 0.5, "lower": 43.0, "upper": 45.0, "cases": None}, {"region": "a little region of a name of forty-four letters", "value": 46.0, "se": 2.0, "lower": 40.0, "upper": 52.0, "cases": None}, quantity="mean", outcome="hours")}, rule=RELAXED).tables, truth=TRUTH, language="fr"),
    "identified": lambda: fl.plot(estimates({"bound": "lower", "value": None, "se": None}, {"bound": "upper", "value": 0.03, "upper": 0.04}, {"bound": "identified", "value": None, "se": None, "lower": 0.004, "upper": 0.045}, {"region": "N", "bound": "lower", "df": 7}, {"region": "N", "bound": "upper"})),
    "bounds for caution": lambda: draw(fl.publish(estimates({"bound": "lower", "df": 7}, {"bound": "upper", "df": 7, "value": 0.02, "upper": 0.03}, {"region": "N", "bound": "lower", "df": 7}, {"region": "N", "bound": "upper", "df": 7}), rule=RELAXED).tables),
    "truth beyond the axis": lambda: draw(fl.publish(estimates({}, {"region": "North"}, {"region": "South"})).tables, truth=_known(all=0.0123, North=0.5, South=0.006)),
    "shares near one": lambda: fl.plot(estimates({"value": 0.97, "se": 0.002, "lower": 0.965, "upper": 0.975}, {"region": "N", "value": 0.95, "se": 0.004, "lower": 0.94, "upper": 0.96}), language="fr"),
    "small differences": lambda: fl.plot(estimates({"value": 0.00021, "se": 0.00004, "lower": 0.00014, "upper": 0.00031, "cases": None}, {"region": "N", "value": -0.0001, "lower": -0.0004, "upper": 0.0001, "se": 0.0001, "cases": None}, quantity="difference")),
    "results beside a truth": lambda: _held({"direct": _regions(), "model": _regions(method="area-binomial")}, _known(all=0.011, North=0.013, West=0.05)),
    "results of the nation beside a truth": lambda: _held({"a": estimates({}), "b": estimates({"value": 0.02, "upper": 0.03})}, _known(all=0.04), "fr"),
    "results of two margins": lambda: fl.compare([estimates({}, {"region": "N", "value": 0.02, "upper": 0.03}, {"sex": "1", "value": 0.015}, by=("region", "sex")), estimates({"df": 7}, {"sex": "1"}, by=("region", "sex"), method="jackknife"), *(estimates({}, by=("region", "sex"), method=name) for name in ("bootstrap", "brr", "area-binomial"))]),
    "results of lists": lambda: fl.compare({"lists": estimates({"value": 5000.0, "lower": 4000.0, "upper": 6500.0}, {"value": 900.0, "quantity": "dark_figure"}, quantity="population_size", basis="lists", method="chapman"), "survey": estimates({"value": 4200.0, "se": 300.0, "lower": 3500.0, "upper": 5100.0}, quantity="total")}, language="es"),
    "results tested, one of the nation": lambda: fl.compare({"a": estimates({"value": 0.011}), "b": estimates({"value": 0.021, "lower": 0.018, "upper": 0.026})}, test=True),
    "a map with gaps and cautions": lambda: draw_map(fl.publish(estimates({"region": "North", "df": 7, "value": 0.3, "upper": 0.4}, {"region": "South", "value": 0.02}, {"region": "East", **NONE, "upper": 0.02}, {"region": "West", **WITHHELD}), rule=RELAXED), _map(), language="es"),
    "a map of persons": lambda: fl.plot_map(country()["total_2"], {"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {"region": n}, "geometry": {"type": "Polygon", "coordinates": [_square(900.0 + 3 * at, at % 2, 2.0)]}} for at, n in enumerate(("North", "South", "East", "West"))]}),
    "maps of two outcomes": lambda: draw_map(fl.publish(estimates(*({"region": n, "outcome": o, "value": 0.01 + 0.01 * at} for at, n in enumerate(("North", "South", "East", "West")) for o in ("forced_labour", "hours")))), _map()),
    "a map of high areas": lambda: draw_map(fl.publish(_regions()), _columns(4, 40.0)),
    "a map of flat areas": lambda: draw_map(fl.publish(fl.stack({"survey": _regions(), "model": _regions(n=900)})), _columns(4, 0.7), language="fr"),
    "overlaps of many": lambda: fl.plot_overlaps(_full_methods(protecting=True)),
    "overlaps with few": lambda: fl.plot_overlaps(_full_methods(protecting=False), language="fr"),
    "methods, French": lambda: fl.plot_methods(replace(_published_lists(), methods=_published_lists().methods.assign(lower=[np.nan, 700.0, 600.0, np.nan], upper=[1500.0, np.nan, 950.0, np.nan]), envelope=(np.nan, np.nan)), language="fr"),
    "linkage of five rates": lambda: _linkage(*((missed, wrong) for missed in (0.0, 0.1, 0.3) for wrong in (0.0, 0.01, 0.02, 0.03, 0.031))),
    "linkage of rates to three per cent": lambda: _linkage((0.0, 0.0), (0.015, 0.0), (0.03, 0.0)),
    "counts of many, French": lambda: fl.plot_counts(_stays([900, 300, 90, 30, 12, 7, 4, 2, 1, 1, *([0] * 9), 1, 0, 1]), language="fr"),
    "counts of two": lambda: fl.plot_counts(_stays([40, 9])),
    "shrinkage below zero, Spanish": lambda: fl.plot_shrinkage(estimates(*({"region": f"R{at}", "value": at - 2.0, "lower": at - 3.0, "upper": at - 1.0, "n": 100 * at} for at in range(6)), quantity="mean"), estimates(*({"region": f"R{at}", "value": 0.7 * at - 1.0, "lower": 0.7 * at - 1.5, "upper": 0.7 * at - 0.4, "n": 100 * at} for at in range(7)), quantity="mean", method="area-normal", basis="model", interval_kind="equal-tailed"), language="es"),
    "light weights": lambda: fl.plot_weights(PEOPLE.assign(w=PEOPLE["w"] / 400, came=lambda f: (f["w"] > 0.05).astype(int)), design=fl.Design(weights="w"), responded="came", language="es"),
    "recruitment": lambda: fl.plot_recruitment(_recruited(n=240, population=1_000)),
    "recruitment with ids and classes, Spanish": lambda: fl.plot_recruitment(_recruited(), ids=True, outcome="outcome", language="es"),
    "convergence, French": lambda: fl.plot_convergence(_recruited(), "outcome", time="interview", language="fr"),
    "a plan, French": lambda: fl.plot_plan(fl.plan_sample(0.05, n=500), language="fr"),
    "back-estimates": lambda: fl.plot_back_estimates(_back()),
    "back-estimates within a decade, French": lambda: fl.plot_back_estimates(_back(priests=0.0, at_sea=30_000.0), language="fr"),
}  # fmt: skip


def main(folder: str = "") -> None:
    """Write the record, and the pictures to a folder."""
    told = {name: record(make()) for name, make in CASES.items()}
    lines = ",\n".join(
        f"{json.dumps(name)}: {json.dumps(each, ensure_ascii=False, separators=(',', ':'))}"
        for name, each in told.items()
    )
    RECORD.write_text(f"{{\n{lines}\n}}\n", encoding="utf-8")
    for name, make in CASES.items() if folder else ():
        make().savefig(Path(folder) / f"{name.replace(' ', '_').replace(',', '')}.png", dpi=70)


if __name__ == "__main__":
    main(*sys.argv[1:])
