"""Labels and declared missing values in the metadata of a Parquet file, so that a conversion loses none of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from fl_estimate.loaders.file_table import Range
from fl_estimate.neutral import json_text
from fl_estimate.saved import SavedForm

KEY = b"fl_estimate.labels"
FORM = SavedForm(kind="labels", number=1, again="convert the file again")
"""Those before 0.2.0 do not say their form; it is this one."""

Labels = Mapping[float | str, str]


def written_labels(
    variable_labels: Mapping[str, str],
    value_labels: Mapping[str, Labels],
    declared_missing: Mapping[str, tuple[Range, ...]],
) -> dict[bytes, bytes]:
    """Write labels as metadata; codes are pairs, for a key of JSON is always a text."""
    content = {
        "variable_labels": dict(variable_labels),
        "value_labels": {name: list(map(list, labels.items())) for name, labels in value_labels.items()},
        "declared_missing": {name: list(map(list, ranges)) for name, ranges in declared_missing.items()},
    }
    whole = {**FORM.stamp(), **content}
    return {KEY: json_text(whole).encode()} if any(content.values()) else {}


def read_labels(metadata: Mapping[bytes, bytes] | None, file: str = "") -> dict[str, Any]:
    """Read them back, as the fields of a `FileTable`; nothing where a file has none.

    Raises
    ------
    ValueError
        They are not what a conversion writes.
    FileFault
        FL-FILE-25: a newer version wrote them.
    """
    raw = (metadata or {}).get(KEY)
    if raw is None:
        return {}
    try:
        content = json.loads(raw)
        if FORM.number_of(content, file, unnumbered=1) is None:
            raise KeyError("form")
        return _labels(content)
    except (KeyError, TypeError, AttributeError, RecursionError):
        raise ValueError("labels of another form") from None


def _labels(content: dict[str, Any]) -> dict[str, Any]:
    return {
        "variable_labels": {name: str(label) for name, label in content["variable_labels"].items()},
        "value_labels": {name: dict(pairs) for name, pairs in content["value_labels"].items()},
        "declared_missing": {
            name: tuple((low, high) for low, high in ranges) for name, ranges in content["declared_missing"].items()
        },
    }
