"""SAS files, through pyreadstat: .sas7bdat with the labels of its catalogue of formats, and transport files (.xpt)."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from fl_estimate.errors import FileFault, is_file
from fl_estimate.loaders.file_format import FileFormat
from fl_estimate.loaders.file_table import Codebook, TextFormat
from fl_estimate.loaders.formats import by_pyreadstat

DATA, CATALOGUE = ".sas7bdat", ".sas7bcat"
READERS = by_pyreadstat.Readers(
    functions={DATA: "read_sas7bdat", ".xpt": "read_xport", CATALOGUE: "read_sas7bcat"},
    declaring=(DATA,),
    rows_a_byte={DATA: 256},
)


def _codebook(file: Path, written: TextFormat) -> Codebook:
    book = by_pyreadstat.codebook(file, written, READERS)
    if book.value_labels or file.suffix.lower() != DATA:
        return book
    labels = _from_catalogue(file, book, written)
    tagged = {name: by_pyreadstat.with_tags(of, book.kinds.get(name)) for name, of in labels.items()}
    return replace(book, value_labels=tagged)


def _from_catalogue(file: Path, book: Codebook, written: TextFormat) -> dict[str, dict[float | str, str]]:
    """Take the value labels of a SAS file from its catalogue: the one that was named, or the one that lies beside it."""
    if written.catalogue is not None:
        catalogue = file.parent / written.catalogue
        if not is_file(catalogue):
            raise FileFault(
                "FL-FILE-01",
                "there is no such file",
                found=written.catalogue,
                fix="[source] catalogue names a file in the folder of the data",
            )
    else:
        beside = (file.with_suffix(CATALOGUE), file.with_name(f"formats{CATALOGUE}"))
        catalogue = next((each for each in beside if each.is_file()), None)
        if catalogue is None:
            return {}
    _, formats = by_pyreadstat.call(catalogue, written.encoding, READERS, locate=False)
    lists = {name.upper().strip("$."): labels for name, labels in formats.value_labels.items()}
    named = {name: _format_name(written_as) for name, written_as in book.formats.items()}
    return {name: dict(lists[of]) for name, of in named.items() if of in lists}


def _format_name(written: str | None) -> str:
    """Give the name of a format without its width: SEXF for SEXF8."""
    return re.sub(r"\d*\.?\d*$", "", written or "").upper().strip("$.")


FORMAT = FileFormat(
    name="SAS",
    endings=(DATA, ".xpt"),
    read=replace(by_pyreadstat.in_stretches(READERS), codebook=_codebook),
    labels="in a catalogue",
    declaring=READERS.declaring,
    heeds=("encoding", "catalogue"),
    magic=(
        bytes(12) + bytes.fromhex("c2ea8160b31411cfbd92080009c7318c181f1011"),
        b"HEADER RECORD*******LIBRARY HEADER RECORD",
    ),
    companions={
        CATALOGUE: f"read the {DATA} that belongs to it; [source] catalogue in the mapping names this file",
    },
    apart=True,
)
