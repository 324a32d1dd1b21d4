"""The one builder: lays what an estimator found out as Estimates, and refuses what no rule of publication could judge."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

import numpy as np

from fl_estimate.arrays import Floats
from fl_estimate.errors import EstimateFault, listed
from fl_estimate.results.basis import Basis, Support
from fl_estimate.results.codes import Code, IntervalKind, MethodName, Quantity, Reason
from fl_estimate.results.columns import FIXED, check_by_columns, make_frame
from fl_estimate.results.crossing import Crossing
from fl_estimate.results.estimates import Estimates
from fl_estimate.results.inference import Inference
from fl_estimate.results.recipe import Recipe, context_told

C = TypeVar("C", bound=Code)
Each = C | Sequence[C]
"""One code for all rows, or one for each."""


def build(
    columns: Mapping[str, Any],
    by: Mapping[str, Sequence[Any]] | None = None,
    *,
    quantity: Each[Quantity],
    method: Each[MethodName],
    basis: Basis | Sequence[str],
    recipe: Recipe,
    support: Support | None = None,
    reasons: Iterable[Reason] = (),
    diagnostics: Mapping[str, Any] | None = None,
    draws: Any = None,
    inference: Inference | None = None,
    covariance: Floats | None = None,
    cells: Crossing | None = None,
) -> Estimates:
    """Lay rows out with the columns of every result.

    Parameters
    ----------
    columns : mapping of str to values
        Fixed columns by name: a sequence or array with one value a row, or one number or text for all rows. What is left
        out is missing. Kinds of interval must be declared; where a row has no limits its kind is "".
    by : mapping of str to sequence, optional
        The by-columns with their labels, one a row, in the order of the columns.
    quantity, method : Quantity and MethodName, or a sequence of them
        Of all rows, or of each. A name that the user gave goes through `Quantity.of`.
    basis : {"respondents", "lists", "model", "figures"}, or one a row
        On what the rows rest: without it no rule of publication could judge them.
    recipe : Recipe
        Of what and whom the result speaks, what it takes for granted and what made it.
    support : Support, optional
        One entry a row; where there is none nothing is known, and no row that rests on respondents is published.
    reasons : iterable of Reason
    diagnostics : mapping, optional
    draws : array, optional
        The last axis has the rows.
    inference : Inference, optional
        What belongs to the draws.
    covariance : float array, shape (rows, rows), optional
    cells : Crossing, optional

    Returns
    -------
    Estimates

    Raises
    ------
    EstimateFault
        FL-EST-05: a by-column carries a fixed column's name; FL-EST-290, FL-EST-291: the basis, or the support;
        FL-EST-295: columns, draws or reasons of other rows, or a column that there is not; FL-EST-296: a text that no
        module declares.

    Examples
    --------
    >>> from fl_estimate.results.build import build
    >>> from fl_estimate.results.codes import MEAN, TAYLOR
    >>> from fl_estimate.results.recipe import Recipe
    >>> made = build({"value": [1.5, 2.0], "margin": ["", "region"]}, {"region": [None, "North"]},
    ...              quantity=MEAN, method=TAYLOR, basis="figures", recipe=Recipe())
    >>> made.to_frame()[["quantity", "value", "basis"]].values.tolist()
    [['mean', 1.5, 'figures'], ['mean', 2.0, 'figures']]
    """
    given = {**columns, "quantity": quantity, "method": method}
    labels = {name: list(values) for name, values in (by or {}).items()}
    check_by_columns(list(labels))
    rows = _rows({**given, **labels})
    _require_columns(given, labels, rows)
    laid = {name: _spread(values, rows) for name, values in given.items()}
    _require_declared(laid)
    told = tuple(reasons)
    _require_of_these_rows(rows, basis, told, draws, covariance)
    context = context_told(recipe.wording, recipe.provenance, recipe.reference_period)
    return Estimates(
        frame=make_frame(laid, labels, rows, basis=basis, told=context),
        by=tuple(labels),
        measure=recipe.measure,
        population=recipe.population,
        reference_period=recipe.reference_period,
        reasons=told,
        assumptions=recipe.assumptions,
        diagnostics=dict(diagnostics or {}),
        provenance=recipe.provenance,
        draws=draws,
        inference=inference,
        covariance_matrix=covariance,
        support=Support.unknown(rows) if support is None else support,
        cells=cells,
        wording=recipe.wording,
    )


def _single(values: Any) -> bool:
    """Whether this is one value for all rows."""
    return isinstance(values, str) or np.ndim(values) == 0


def _rows(given: Mapping[str, Any]) -> int:
    """As many as the longest column has; one where every column is one value."""
    return max((len(values) for values in given.values() if not _single(values)), default=1)


def _spread(values: Any, rows: int) -> Any:
    return [values] * rows if _single(values) else values


def _require_columns(given: Mapping[str, Any], labels: Mapping[str, Any], rows: int) -> None:
    alien = [name for name in given if name not in FIXED or name == "basis"]
    if alien:
        raise _wrong("there is no such column in a result", listed(alien), f"columns: {', '.join(FIXED)}")
    short = {
        name: len(values) for name, values in {**given, **labels}.items() if not _single(values) and len(values) != rows
    }
    if short:
        result = ", ".join(f"{name} {size}" for name, size in short.items())
        raise _wrong("columns are not of the same rows", f"{rows} rows; {result}", "one value a row, or one for all")


def _require_of_these_rows(
    rows: int, basis: Any, reasons: Sequence[Reason], draws: Any, covariance: Floats | None
) -> None:
    if basis is None or (not isinstance(basis, str) and len(basis) != rows):
        raise EstimateFault(
            "FL-EST-291", "it is not said on what the rows rest",
            found="nothing" if basis is None else f"{len(basis)} entries for {rows} rows",
            fix="one of respondents, lists, model, figures for each row, by which a rule of publication judges it",
        )  # fmt: skip
    wrong = [f"a reason of row {reason.row}" for reason in reasons if not 0 <= reason.row < rows]
    wrong += [f"draws of shape {np.shape(draws)}"] if draws is not None and np.shape(draws)[-1] != rows else []
    wrong += (
        [f"covariance of shape {covariance.shape}"]
        if covariance is not None and covariance.shape != (rows, rows)
        else []
    )
    if wrong:
        raise _wrong("parts of a result are not of its rows", f"{rows} rows; {listed(wrong)}", "one entry a row")


def _require_declared(columns: Mapping[str, Any]) -> None:
    """Refuse texts that no module declares; a code that was made by `of` says itself that it is the caller's own."""
    families: dict[str, type[Code]] = {"quantity": Quantity, "method": MethodName, "interval_kind": IntervalKind}
    for column, family in families.items():
        texts = {value for value in columns.get(column, ()) if not (isinstance(value, family) or value == "")}
        unknown = sorted(str(text) for text in texts if not family.of(str(text)).known)
        if unknown:
            raise EstimateFault(
                "FL-EST-296", f"this {family.family} is declared nowhere", found=listed(unknown),
                fix=f"declare it once as {family.__name__} and import it",
            )  # fmt: skip


def _wrong(what: str, found: str, fix: str) -> EstimateFault:
    return EstimateFault("FL-EST-295", what, found=found, fix=fix)
