"""A design as JSON has it, whole: replicates and phases too, so that a saved survey gives the same errors again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from fl_estimate.inputs.adjustments import adjustment_from_json, adjustment_to_json
from fl_estimate.inputs.replicates import Replicates, UnitReplicates
from fl_estimate.inputs.sample_design import Design

_PLAIN: tuple[str, ...] = (
    "weights", "strata", "stages", "fpc", "nested", "single_psu", "single_psu_scope", "pps", "hr_sum", "phase2_variance",
    "expands", "unweighted", "population_size", "populations",
)  # fmt: skip
_OF_COLUMNS: tuple[str, ...] = ("columns", "kind", "scale", "rscales", "fay", "combined", "centre", "df")
_OF_UNITS: tuple[str, ...] = ("kind", "keys", "units", "scale", "centre", "df", "rows_are_units", "seed")


def design_to_json(design: Design) -> dict[str, Any]:
    """Everything that a design says, in lists and texts; matrices as lists of their rows."""
    kept: dict[str, Any] = {name: getattr(design, name) for name in _PLAIN}
    kept["joint"] = None if design.joint is None else design.joint.tolist()
    kept["phase2"] = None if design.phase2 is None else [design.phase2[0], design_to_json(design.phase2[1])]
    kept["adjustments"] = [adjustment_to_json(step) for step in design.adjustments]
    own = design.replicates
    if isinstance(own, Replicates):
        kept["replicates"] = {name: getattr(own, name) for name in _OF_COLUMNS}
    elif isinstance(own, UnitReplicates):
        kept["unit_replicates"] = {name: getattr(own, name) for name in _OF_UNITS} | {
            "multipliers": own.multipliers.tolist(),
            "rscales": own.rscales.tolist(),
        }
    return kept


def design_from_json(kept: Mapping[str, Any]) -> Design:
    """Read back what `design_to_json` gave."""
    rest: dict[str, Any] = {name: kept[name] for name in _PLAIN if name in kept}
    phase2 = kept.get("phase2")
    return Design(
        **rest,
        joint=None if kept.get("joint") is None else np.array(kept["joint"], dtype=float),
        phase2=None if phase2 is None else (phase2[0], design_from_json(phase2[1])),
        adjustments=tuple(adjustment_from_json(step) for step in kept.get("adjustments", ())),
        replicates=_replicates(kept),
    )


def _replicates(kept: Mapping[str, Any]) -> Replicates | UnitReplicates | None:
    if "replicates" in kept:
        return Replicates(**kept["replicates"])
    if "unit_replicates" not in kept:
        return None
    own: dict[str, Any] = dict(kept["unit_replicates"])
    own |= {name: np.array(own[name], dtype=float) for name in ("multipliers", "rscales")}
    own |= {"keys": tuple(own["keys"]), "units": tuple(tuple(unit) for unit in own["units"])}
    return UnitReplicates(**own)
