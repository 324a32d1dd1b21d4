"""Parquet for machines: all tables under each other, with the types and orders of their columns."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from fl_estimate.reporting.document import Document
from fl_estimate.reporting.published_tables import PublishedTable
from fl_estimate.reporting.renderers import renders


@renders("parquet", endings=(".parquet",), run="estimates.parquet")
def parquet(document: Document) -> bytes:
    """All tables as one Parquet file, for machines: columns keep their types, by-columns the order of their codes."""
    frame = document.frame.copy()
    for name, order in _orders(document.published.tables).items():
        met = set(frame[name].dropna())
        if met and met <= set(order):
            frame[name] = pd.Categorical(frame[name], [code for code in order if code in met], ordered=True)
    return frame.to_parquet(index=False)


def _orders(tables: Sequence[PublishedTable]) -> dict[str, tuple[str, ...]]:
    """Of by-columns the order of codes that was meant, where all tables that have the column mean the same."""
    found: dict[str, set[tuple[str, ...]]] = {}
    for table in tables:
        for name in table.by:
            found.setdefault(name, set()).add(table.wording.order(name))
    return {name: order for name, orders in found.items() if len(orders) == 1 for order in orders if order}
