"""CSV for machines: all tables under each other, codes and no words."""

from __future__ import annotations

from fl_estimate.pages.frames import csv_text
from fl_estimate.reporting.document import Document
from fl_estimate.reporting.renderers import renders


@renders("csv", endings=(".csv",), run="estimates.csv")
def csv(document: Document) -> str:
    """All tables as UTF-8 CSV, for machines: decimal point, empty where a number is missing or withheld.

    A spreadsheet computes none of its texts: an apostrophe stands before what begins like a formula.
    """
    return csv_text(document.frame)
