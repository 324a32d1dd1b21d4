"""Replicates: how an estimate is repeated to learn its variance; as columns of the file, or as multipliers of units."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from fl_estimate.errors import DesignFault, listed, not_one_of

ReplicateKind = Literal["jk1", "jk2", "jkn", "brr", "fay", "bootstrap", "sdr", "other"]
KINDS: tuple[str, ...] = get_args(ReplicateKind)
Centre = Literal["estimate", "mean"]
CENTRES: tuple[str, ...] = get_args(Centre)
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, init=False)
class Replicates:
    """Say what the replicate weights are that came with a file, by the names of their columns.

    Parameters
    ----------
    columns : sequence of str
        One column a replicate.
    kind : {"jk1", "jk2", "jkn", "brr", "fay", "bootstrap", "sdr", "other"}
        How they were made; it fixes `scale` and `rscales` where they are left out. ``sdr`` is successive differences
        (American Community Survey).
    scale : float, optional
        Factor of the whole sum. By kind: jk1 (R − 1)/R; jk2, jkn 1; brr 1/R; fay 1/(R (1 − fay)²); bootstrap 1/R
        about the estimate and 1/(R − 1) about the mean; sdr 4/R.
    rscales : sequence of float, optional
        Factor of each replicate; 1 each where left out, except with jkn, whose factors (n_h − 1)/n_h nobody can guess.
    fay : float, optional
        Fay's ρ, from 0 up to but not 1; needed with kind fay.
    combined : bool, default True
        The columns are weights. ``False``: they are factors of the sampling weight.
    centre : {"estimate", "mean"}
        Deviations are taken from the estimate (R's ``mse=TRUE``), or from the mean of the replicates.
    df : float, optional
        Degrees of freedom, where the producer of the file states them. Left out: the rank of the replicate weights
        less 1, which never exceeds R − 1.

    Raises
    ------
    DesignFault
        FL-DESIGN-15 (fewer than two columns, or one twice), FL-DESIGN-16 (unknown kind or centre), FL-DESIGN-17 (scale,
        rscales, fay or df missing or not possible).

    Notes
    -----
    V = scale Σ_r rscale_r (θ_r − c)², with θ_r the estimate under replicate weights r. Wolter (2007), Introduction to
    Variance Estimation, ch. 3 to 5; Judkins (1990), Journal of Official Statistics 6(3), 223-239 (Fay); Fay and Train
    (1995) (successive differences).

    Examples
    --------
    >>> import fl_estimate as fl
    >>> fl.Replicates(["rw1", "rw2", "rw3", "rw4"], kind="brr").scale
    0.25
    """

    columns: tuple[str, ...]
    kind: ReplicateKind
    scale: float
    rscales: tuple[float, ...]
    fay: float | None
    combined: bool
    centre: Centre
    df: float | None

    def __init__(
        self,
        columns: Sequence[str],
        *,
        kind: ReplicateKind = "other",
        scale: float | None = None,
        rscales: float | Sequence[float] | None = None,
        fay: float | None = None,
        combined: bool = True,
        centre: Centre = "estimate",
        df: float | None = None,
    ) -> None:
        names = (columns,) if isinstance(columns, str) else tuple(columns)
        if len(names) < 2 or len(set(names)) < len(names):
            raise DesignFault(
                "FL-DESIGN-15",
                "replicates need two different columns at least",
                found=listed(names) or "none",
                fix="name the columns of the replicate weights, each once",
            )
        if kind not in KINDS:
            raise not_one_of("FL-DESIGN-16", "this kind of replicates", kind, KINDS, DesignFault)
        if centre not in CENTRES:
            raise not_one_of("FL-DESIGN-16", "this centre of replicates", centre, CENTRES, DesignFault)
        factors = _rscales(kind, rscales, len(names))
        factor = scale if scale is not None else default_scale(kind, len(names), centre, fay)
        if not (factor > 0 and all(value >= 0 for value in factors) and (df is None or df > 0)):
            raise _factors("scale, rscales or df is not positive", "scale and df above 0, rscales from 0 on")
        for item, value in zip(
            fields(self), (names, kind, float(factor), factors, fay, combined, centre, df), strict=True
        ):
            object.__setattr__(self, item.name, value)

    def told(self) -> dict[str, Any]:
        """What a result notes of them."""
        given = {"kind": self.kind, "replicates": len(self.columns), "centre": self.centre, "scale": self.scale}
        return {**given, "combined": self.combined, "df": self.df}


@dataclass(frozen=True, kw_only=True)
class UnitReplicates:
    """Replicates as multipliers of the weights of whole sampling units; made by `fl.replicate`.

    Attributes
    ----------
    kind : str
    keys : tuple of str
        Columns that tell the units apart: the strata, then the stages down to the units.
    units : tuple of tuple
        The labels of each unit in those columns.
    multipliers : array, shape (units, R)
    scale : float
    rscales : array, shape (R,)
    centre : {"estimate", "mean"}
    df : float
        Degrees of freedom of the whole sample.
    rows_are_units : bool
        The unit is the row, told apart by its place in the frame.
    seed : int or None
        Of replicates drawn at random, also where none was given.
    """

    kind: str
    keys: tuple[str, ...]
    units: tuple[tuple[Any, ...], ...] = field(repr=False)
    multipliers: Floats = field(repr=False, compare=False)
    scale: float
    rscales: Floats = field(repr=False, compare=False)
    centre: Centre
    df: float
    rows_are_units: bool = False
    seed: int | None = None

    def told(self) -> dict[str, Any]:
        """What a result notes of them."""
        made = {"kind": self.kind, "replicates": self.multipliers.shape[1], "centre": self.centre, "scale": self.scale}
        return made if self.seed is None else {**made, "seed": self.seed}


def default_scale(kind: str, replicates: int, centre: str, fay: float | None) -> float:
    """The factor of the sum of squares by kind; methods of Wolter (2007), Fay and Train (1995) for sdr."""
    if kind == "other":
        raise _factors("replicates of kind other have no known scale", "give scale=, and rscales= where they differ")
    if kind == "fay" and not (fay is not None and 0 <= fay < 1):
        raise _factors("Fay's factor is missing or not from 0 up to 1", "fay=0.3, say; 0 is kind brr")
    if kind == "bootstrap":
        return 1 / (replicates if centre == "estimate" else replicates - 1)
    reduced = 1 - (fay or 0.0) if kind == "fay" else 1.0
    scales = {"jk1": (replicates - 1) / replicates, "jk2": 1.0, "jkn": 1.0, "sdr": 4 / replicates}
    return scales.get(kind, 1 / (replicates * reduced**2))


def _rscales(kind: str, given: float | Sequence[float] | None, replicates: int) -> tuple[float, ...]:
    if given is None:
        if kind == "jkn":
            raise _factors(
                "replicates of kind jkn need a factor each", "rscales=(n_h − 1)/n_h of each replicate's stratum"
            )
        return (1.0,) * replicates
    if isinstance(given, int | float):
        return (float(given),) * replicates
    factors = tuple(float(value) for value in given)
    if len(factors) != replicates:
        raise _factors(f"{len(factors)} rscales for {replicates} replicates", "one number for all, or one each")
    return factors


def _factors(what: str, fix: str) -> DesignFault:
    return DesignFault("FL-DESIGN-17", f"the factors of the replicates cannot be used: {what}", fix=fix)
