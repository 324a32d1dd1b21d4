"""Stata files (.dta), through pyreadstat; the tags of missing values (.a to .z) stand in columns of their own."""

from __future__ import annotations

from fl_estimate.loaders.file_format import FileFormat
from fl_estimate.loaders.formats import by_pyreadstat

READERS = by_pyreadstat.Readers(functions={".dta": "read_dta"}, declaring=(".dta",))

FORMAT = FileFormat(
    name="Stata",
    endings=tuple(READERS.functions),
    read=by_pyreadstat.in_stretches(READERS),
    labels="in the file",
    declaring=READERS.declaring,
    heeds=("encoding",),
    magic=(b"<stata_dta>",),
    apart=True,
)
