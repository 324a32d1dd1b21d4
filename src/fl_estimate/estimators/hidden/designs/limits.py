"""What the designs for hidden populations share at their doors: choices, levels, degrees of freedom of two samples, and limits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from fl_estimate.arrays import Floats
from fl_estimate.errors import EstimateFault, not_one_of, shown


def require_choices(given: Mapping[str, tuple[object, Sequence[str]]], level: float) -> None:
    """Refuse a choice that there is not, and a level that is no probability.

    Raises
    ------
    EstimateFault
        FL-EST-679.
    """
    for name, (value, allowed) in given.items():
        if value not in allowed:
            raise not_one_of("FL-EST-679", f"this {name}", value, allowed)
    if isinstance(level, bool) or not isinstance(level, int | float) or not 0 < level < 1:
        raise EstimateFault(
            "FL-EST-679", "the level is not between 0 and 1", found=shown(level), fix="95 % is level=0.95"
        )


def satterthwaite(variances: Sequence[Floats], df: Sequence[Floats]) -> Floats:
    """Degrees of freedom of a sum of independent variances: (Σ v)²/Σ(v²/df), by Satterthwaite (1946)."""
    total = np.sum(variances, axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        parts = np.sum([np.where(v > 0, v**2 / d, 0.0) for v, d in zip(variances, df, strict=True)], axis=0)
        return np.where(parts > 0, total**2 / parts, np.min(df, axis=0))
