"""Draws as ArviZ takes them: an `xarray.DataTree` with dimensions named by areas. Made where it is asked for, kept nowhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from fl_estimate.arrays import Floats
from fl_estimate.results.columns import margin_columns
from fl_estimate.results.inference import Inference, Observed, ObservedCells

NOT_SAID = "(not stated)"
"""The label of a row whose by-column is missing."""
TOLD_APART_BY = ("quantity", "outcome", "term", "method", "bound")
TAKEN = frozenset(
    {"chain", "draw", "row", "value", "national", "y", "x", "n_effective", "variance", "coefficient", "beta", "sigma"}
    | {
        "sigma_time",
        "phi",
        "rho",
        "rho_time",
        "kappa",
        "cell",
        "spread",
        "bias",
        "biased",
        "sensitivity",
        "specificity",
    }
)
"""Names of variables and dimensions: a by-column called so gets a mark."""


def _logit(share: Floats) -> Floats:
    return np.log(share) - np.log1p(-share)


def _angle(share: Floats) -> Floats:
    return np.arcsin(np.sqrt(share))


LINKED: Mapping[str, Any] = {
    "identity": np.asarray,
    "log": np.log,
    "logit": _logit,
    "arcsine": _angle,
}


@dataclass(frozen=True, kw_only=True)
class Axis:
    """Rows of one margin: their places, and the dimensions and labels that they are laid out along."""

    name: str
    positions: npt.NDArray[np.intp]
    dims: tuple[str, ...]
    coords: Mapping[str, Sequence[Any]]

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(len(self.coords[name]) for name in self.dims)


def datatree(frame: pd.DataFrame, by: Sequence[str], draws: Floats, inference: Inference | None) -> Any:
    """The tree of `Estimates.to_datatree`; `draws` has shape (draws, rows)."""
    import xarray as xr

    known = inference or Inference()
    chains = known.chains if len(draws) % known.chains == 0 else 1
    axes = _axes(frame, by)

    def by_chain(values: Floats) -> Floats:
        return values.reshape(chains, -1, *values.shape[1:])

    groups: dict[str, Any] = {}
    variables: dict[str, Any] = {}
    for axis in axes:
        laid = by_chain(draws[:, axis.positions])
        variables[axis.name] = (("chain", "draw", *axis.dims), laid.reshape(*laid.shape[:2], *axis.shape))
    coords: dict[str, Any] = {name: labels for axis in axes for name, labels in axis.coords.items()}
    for name, values in known.parameters.items():
        dim, labels = known.along.get(name, ("coefficient", ()))
        variables[name] = (("chain", "draw", *((dim,) if values.ndim == 2 else ())), by_chain(values))
        coords |= {dim: list(labels)} if labels else {}
    if known.coefficients:
        coords["coefficient"] = list(known.coefficients)
    groups["posterior"] = xr.Dataset(variables, coords=coords, attrs={"method": str(frame["method"].iloc[0])})
    if known.stats:
        groups["sample_stats"] = xr.Dataset({n: (("chain", "draw"), by_chain(v)) for n, v in known.stats.items()})
    if known.observed is not None:
        groups |= _of_data(frame, by, draws, known.observed, known.coefficients, by_chain)
    if known.cells is not None:
        groups |= _of_cells(known.cells, known.parameters["beta"], known.coefficients, by_chain)
    tree: Any = xr.DataTree  # not typed throughout
    return tree.from_dict(groups)


def _of_data(
    frame: pd.DataFrame,
    by: Sequence[str],
    draws: Floats,
    observed: Observed,
    coefficients: tuple[str, ...],
    by_chain: Any,
) -> dict[str, Any]:
    """The groups log_likelihood, observed_data and constant_data, of the rows that have data."""
    import xarray as xr

    positions = np.flatnonzero(np.isfinite(observed.y) & (observed.size > 0))
    if not len(positions):
        return {}
    met = observed.take(positions)
    axis = _row_axis(frame.iloc[positions].reset_index(drop=True), by, "y")
    like = by_chain(met.log_likelihood(draws[:, positions], LINKED[met.link]))
    size = {"binomial": "n_effective", "beta-binomial": "n"}.get(met.family, "variance")
    constant: dict[str, Any] = {size: (axis.dims, met.size.reshape(axis.shape))}
    if met.concentration is not None:
        constant["concentration"] = (axis.dims, met.concentration.reshape(axis.shape))
    if coefficients:
        constant["x"] = ((*axis.dims, "coefficient"), met.x.reshape(*axis.shape, -1))
    named = {"coefficient": list(coefficients)} if coefficients else {}
    told = {"family": met.family, "link": met.link}
    shaped = like.reshape(*like.shape[:2], *axis.shape)
    return {
        "log_likelihood": xr.Dataset({"y": (("chain", "draw", *axis.dims), shaped)}, coords=dict(axis.coords)),
        "observed_data": xr.Dataset(
            {"y": (axis.dims, met.y.reshape(axis.shape))}, coords=dict(axis.coords), attrs=told
        ),
        "constant_data": xr.Dataset(constant, coords={**axis.coords, **named}),
    }


def _of_cells(met: ObservedCells, beta: Floats, coefficients: tuple[str, ...], by_chain: Any) -> dict[str, Any]:
    """The same groups of a model of cells, along one dimension of them."""
    import xarray as xr

    cells = {"cell": list(met.labels)}
    told = {"family": met.family, "link": "log" if met.family == "poisson" else "logit"}
    constant: dict[str, Any] = {"x": (("cell", "coefficient"), met.x)}
    if met.family == "binomial":
        constant["n_effective"] = (("cell",), met.size)
    like = by_chain(met.log_likelihood(beta))
    return {
        "log_likelihood": xr.Dataset({"y": (("chain", "draw", "cell"), like)}, coords=cells),
        "observed_data": xr.Dataset({"y": (("cell",), met.y)}, coords=cells, attrs=told),
        "constant_data": xr.Dataset(constant, coords={**cells, "coefficient": list(coefficients)}),
    }


def _axes(frame: pd.DataFrame, by: Sequence[str]) -> list[Axis]:
    """One variable a margin: `value` of the finest, `national` of the nation, `value_<margin>` of others."""
    margins = [str(margin) for margin in dict.fromkeys(frame["margin"])]
    finest = max(margins, key=lambda margin: len(margin_columns({"margin": margin})))
    made: list[Axis] = []
    for margin in margins:
        positions = np.flatnonzero((frame["margin"] == margin).to_numpy(dtype=bool))
        name = "value" if margin == finest else ("national" if not margin else f"value_{margin.replace(' × ', '_')}")
        rows = frame.iloc[positions].reset_index(drop=True)
        axis = _row_axis(rows, by, name)
        made.append(Axis(name=name, positions=positions, dims=axis.dims, coords=axis.coords))
    return made


def _row_axis(rows: pd.DataFrame, by: Sequence[str], name: str) -> Axis:
    """Along the by-columns where each crossing has one row, in order; else along one dimension of labels."""
    columns = [column for column in by if not (rows["margin"] == "").all() and rows[column].notna().any()]
    labels = {_dimension(column): [_label(value) for value in rows[column]] for column in columns}
    levels = {dim: list(dict.fromkeys(values)) for dim, values in labels.items()}
    positions = np.arange(len(rows))
    if len(rows) == 1 and not columns:
        return Axis(name=name, positions=positions, dims=(), coords={})
    told = list(zip(*labels.values(), strict=True)) if labels else []
    crossed = pd.MultiIndex.from_product(list(levels.values())).to_flat_index().tolist() if labels else []
    if told and told == [item if isinstance(item, tuple) else (item,) for item in crossed]:
        return Axis(name=name, positions=positions, dims=tuple(levels), coords=levels)
    apart = [column for column in TOLD_APART_BY if rows[column].nunique() > 1]
    words = [
        ", ".join(
            str(part)
            for part in (*(told[position] if told else ()), *(rows[column].iloc[position] for column in apart))
        )
        for position in positions
    ]
    dim = "row" if name in ("value", "y") else f"row_{name}"
    unique = words if len(set(words)) == len(words) else [f"{word} [{position}]" for position, word in enumerate(words)]
    return Axis(name=name, positions=positions, dims=(dim,), coords={dim: unique})


def _dimension(column: str) -> str:
    """What a by-column is called as a dimension."""
    return f"{column}_" if column in TAKEN else column


def _label(value: Any) -> Any:
    """A label of an area or a year."""
    if pd.isna(value):
        return NOT_SAID
    text = str(value)
    return int(text) if text.lstrip("-").isdigit() and not isinstance(value, str) else text
