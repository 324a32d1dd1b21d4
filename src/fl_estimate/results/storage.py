"""Estimates on disk: one Parquet file with the recipe in its metadata. For the analyst; nothing is suppressed here."""

from __future__ import annotations

import base64
import json
import zlib
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from fl_estimate.errors import FileFault
from fl_estimate.inputs.wording import Wording
from fl_estimate.results.basis import Support
from fl_estimate.results.crossing import Crossing
from fl_estimate.results.estimates import Assumption, Estimates, Reason
from fl_estimate.results.provenance import Provenance

KEY = b"fl_estimate"


def save(estimates: Estimates, path: Path) -> Path:
    """Write to `path` at once or not at all."""
    pa, pq = _arrow()
    table = pa.Table.from_pandas(estimates.frame, preserve_index=False)
    recipe = {
        "by": estimates.by,
        "measure": estimates.measure,
        "population": estimates.population,
        "reference_period": estimates.reference_period,
        "reasons": [asdict(reason) for reason in estimates.reasons],
        "assumptions": [asdict(assumption) for assumption in estimates.assumptions],
        "diagnostics": dict(estimates.diagnostics),
        "provenance": estimates.provenance.to_dict(),
        "wording": estimates.wording.to_dict(),
        "covariance": _packed(estimates.covariance_matrix),
        "support": estimates.support.to_dict(),
        "cells": None if estimates.cells is None else estimates.cells.to_dict(),
    }
    metadata: dict[bytes, bytes] = {**(table.schema.metadata or {}), KEY: json.dumps(recipe, default=_plain).encode()}
    part = path.with_name(f".{path.name}.part")
    try:
        pq.write_table(table.replace_schema_metadata(metadata), part)
        part.replace(path)
    except OSError as error:
        raise FileFault(
            "FL-FILE-08", "the estimates cannot be written", found=f"{path.name}: {error.strerror or error}",
            fix="choose a folder that exists and can be written to",
        ) from error  # fmt: skip
    finally:
        part.unlink(missing_ok=True)
    return path


def read(path: Path) -> Estimates:
    """Read what `save` wrote.

    Raises
    ------
    FileFault
        FL-FILE-01: no such file; FL-FILE-09: not a file that `Estimates.save` wrote.
    """
    _, pq = _arrow()
    if not path.is_file():
        raise FileFault("FL-FILE-01", "there is no such file", found=str(path), fix="check the path")
    try:
        table = pq.read_table(path)
    except (ValueError, OSError) as error:  # pyarrow's ArrowInvalid is a ValueError
        raise _not_ours(path) from error
    metadata: dict[bytes, bytes] = table.schema.metadata or {}
    if KEY not in metadata:
        raise _not_ours(path)
    recipe = json.loads(metadata[KEY])
    if "support" not in recipe:
        # A file of an earlier version does not say on what its rows rest, and nothing may be guessed of it.
        raise _not_ours(path)
    return Estimates(
        frame=table.to_pandas(),
        by=tuple(recipe["by"]),
        measure=recipe["measure"],
        population=recipe["population"],
        reference_period=recipe["reference_period"],
        reasons=tuple(
            Reason(code=r["code"], row=r["row"], parameters=_pairs(r["parameters"])) for r in recipe["reasons"]
        ),
        assumptions=tuple(
            Assumption(code=a["code"], parameters=_pairs(a["parameters"])) for a in recipe["assumptions"]
        ),
        diagnostics=recipe["diagnostics"],
        provenance=Provenance(**recipe["provenance"]),
        wording=Wording.from_dict(recipe.get("wording", {})),
        covariance_matrix=_unpacked(recipe["covariance"]),
        support=Support.from_dict(recipe["support"]),
        cells=None if recipe["cells"] is None else Crossing.from_dict(recipe["cells"]),
    )


def _arrow() -> tuple[Any, Any]:
    """Load pyarrow when it is needed; it has no type stubs, so its modules are Any here."""
    return import_module("pyarrow"), import_module("pyarrow.parquet")


def _not_ours(path: Path) -> FileFault:
    return FileFault(
        "FL-FILE-09", "this is not a file of estimates", found=path.name, fix="give a file that Estimates.save wrote"
    )


def _pairs(values: list[list[Any]]) -> tuple[tuple[str, Any], ...]:
    return tuple((str(name), value) for name, value in values)


def _packed(matrix: Any) -> dict[str, Any] | None:
    if matrix is None:
        return None
    raw = np.ascontiguousarray(matrix, dtype="<f8").tobytes()
    return {"rows": matrix.shape[0], "zlib": base64.b64encode(zlib.compress(raw)).decode()}


def _unpacked(packed: dict[str, Any] | None) -> Any:
    if packed is None:
        return None
    raw = zlib.decompress(base64.b64decode(packed["zlib"]))
    return np.frombuffer(raw, dtype="<f8").reshape(packed["rows"], packed["rows"]).copy()


def _plain(value: Any) -> Any:
    """Numpy scalars and tuples as JSON has them."""
    item: object = getattr(value, "item", None)  # numpy's scalars
    if callable(item):
        return item()
    raise TypeError(f"{type(value).__name__} cannot be written")
