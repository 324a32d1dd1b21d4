"""Maps of an analyst's own results, in full: `fl.plot_map`. What may be printed is mapped by PublishedEstimates."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fl_estimate.reporting.areas import read_areas
from fl_estimate.reporting.pictures.figures import in_full
from fl_estimate.reporting.pictures.maps import draw_map
from fl_estimate.reporting.published_tables import PublishedTables
from fl_estimate.results.estimates import Estimates

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def plot_map(
    estimates: Estimates | PublishedTables,
    geojson: str | Path | Mapping[str, Any],
    *,
    by: str | None = None,
    key: str | None = None,
    quantity: str | None = None,
    language: str = "en",
) -> Figure:
    """Draw estimates by an area column as a map, without a file.

    Estimates are drawn in full, for the analyst; PublishedEstimates as they may be printed.

    Parameters
    ----------
    estimates : Estimates or PublishedEstimates
    geojson : path or mapping
        Polygons with a property that holds the codes of the by-column.
    by : str, optional
        The area column; by default the only column that the estimates are divided by alone and the map has as a property.
    key : str, optional
        The property that names the area; by default the one called as the by-column.
    quantity : str, optional
        Which to draw where there are several, as ``dark_figure`` beside ``population_size``; by default the first.
    language : {"en", "fr", "es", "es-MX", …}

    Returns
    -------
    matplotlib.figure.Figure
        Without pyplot state: show it in a notebook as the last line of a cell, or call its ``savefig``.

    Raises
    ------
    PublishFault
        FL-PUB-07 a language without words; FL-PUB-08 not a map of polygons; FL-PUB-09 no estimates by such a column;
        FL-PUB-10 areas of the estimates that are not on the map; FL-PUB-41 no such quantity.

    Examples
    --------
    >>> import fl_estimate as fl, pandas as pd
    >>> people = pd.DataFrame({"ea": [1, 1, 2, 2, 3, 3], "fl": [0, 1, 0, 0, 1, 1], "region": list("NNSSSN")})
    >>> estimates = fl.estimate_prevalence(people, "fl", design=fl.Design(psu="ea", unweighted=True), by="region")
    >>> square = lambda x: [[[x, 0], [x + 1, 0], [x + 1, 1], [x, 1], [x, 0]]]
    >>> geojson = {"type": "FeatureCollection", "features": [
    ...     {"type": "Feature", "properties": {"region": name}, "geometry": {"type": "Polygon", "coordinates": square(x)}}
    ...     for x, name in enumerate("NS")]}
    >>> type(fl.plot_map(estimates, geojson)).__name__
    'Picture'
    """
    tables = estimates if isinstance(estimates, PublishedTables) else PublishedTables(tables=(in_full(estimates),))
    return draw_map(tables, read_areas(geojson), by=by, key=key, quantity=quantity, language=language)
