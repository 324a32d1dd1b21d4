"""What is told of a result beside its table, as JSON has it, and back. For `Estimates`, which knows it; `storage` has the file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from fl_estimate.inputs.wording import SurveyWording
from fl_estimate.results import storage
from fl_estimate.results.basis import Support
from fl_estimate.results.codes import OLDER_FILE, Assumption, AssumptionCode, Reason, ReasonCode
from fl_estimate.results.columns import completed
from fl_estimate.results.crossing import Crossing
from fl_estimate.results.provenance import Provenance


def to_record(estimates: Any) -> dict[str, Any]:
    """Everything but the table, as JSON has it."""
    return {
        "by": estimates.by,
        "measure": estimates.measure,
        "population": estimates.population,
        "reference_period": estimates.reference_period,
        "reasons": [{"code": str(r.code), "row": r.row, "parameters": r.parameters} for r in estimates.reasons],
        "assumptions": [{"code": str(a.code), "parameters": a.parameters} for a in estimates.assumptions],
        "diagnostics": dict(estimates.diagnostics),
        "provenance": estimates.provenance.to_dict(),
        "wording": estimates.wording.to_dict(),
        "covariance": storage.packed(estimates.covariance_matrix),
        "support": estimates.support.to_dict(),
        "cells": None if estimates.cells is None else estimates.cells.to_dict(),
    }


def from_record(frame: pd.DataFrame, record: Mapping[str, Any]) -> dict[str, Any]:
    """What `to_record` gave, with its table, as the fields of `Estimates`."""
    by = tuple(str(name) for name in record["by"])
    support = record["support"]
    older = [OLDER_FILE.assume(version=record["saved_by"])] if support is None else []
    return {
        "frame": completed(frame, by),
        "by": by,
        "measure": record["measure"],
        "population": record["population"],
        "reference_period": record["reference_period"],
        "reasons": tuple(
            Reason(code=ReasonCode.read(r["code"]), row=r["row"], parameters=_pairs(r["parameters"]))
            for r in record["reasons"]
        ),
        "assumptions": tuple(
            Assumption(code=AssumptionCode.read(a["code"]), parameters=_pairs(a["parameters"]))
            for a in record["assumptions"]
        )
        + tuple(older),
        "diagnostics": record["diagnostics"],
        "provenance": Provenance(**record["provenance"]),
        "wording": SurveyWording.from_dict(record.get("wording", {})),
        "covariance_matrix": storage.unpacked(record["covariance"]),
        "support": Support.unknown(len(frame)) if support is None else Support.from_dict(support),
        "cells": None if record["cells"] is None else Crossing.from_dict(record["cells"]),
    }


def _pairs(values: Sequence[Sequence[Any]]) -> tuple[tuple[str, Any], ...]:
    return tuple((str(name), value) for name, value in values)
