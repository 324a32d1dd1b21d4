"""Pictures as files: every table with its intervals, and a map. What they look like is in `figures` and `maps`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fl_estimate.reporting.areas import read_areas
from fl_estimate.reporting.document import Document
from fl_estimate.reporting.pictures.drawing import FORMATS, as_file
from fl_estimate.reporting.pictures.figures import forest
from fl_estimate.reporting.pictures.maps import draw_map
from fl_estimate.reporting.renderers import renders


@renders("plot", endings=FORMATS)
def plot(document: Document, *, file: Path) -> bytes:
    """Every table with its intervals as a picture; the ending of the file says how."""
    return as_file(forest(document.layouts, document.language), file)


@renders("map", endings=FORMATS)
def map_of_areas(
    document: Document,
    *,
    file: Path,
    geojson: str | Path | Mapping[str, Any],
    by: str | None = None,
    key: str | None = None,
    quantity: str | None = None,
) -> bytes:
    """The first estimates by an area column as a map, for which `geojson` gives the areas."""
    figure = draw_map(
        document.published, read_areas(geojson), by=by, key=key, quantity=quantity, language=document.language
    )
    return as_file(figure, file)
