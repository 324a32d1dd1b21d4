"""Stack: results of several calls under each other as one, when they speak of the same people and time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from fl_estimate.errors import EstimateFault, listed
from fl_estimate.results.basis import Support
from fl_estimate.results.codes import SUBPOPULATION, Assumption, Reason
from fl_estimate.results.columns import HEAD, TAIL, check_by_columns, completed, context_of
from fl_estimate.results.estimates import Estimates
from fl_estimate.results.methods import method
from fl_estimate.results.recipe import joined
from fl_estimate.results.recipe import shared_text as shared_text


@method(kind=None, basis=None, family="survey")
def stack(
    estimates: Sequence[Estimates] | Mapping[str, Estimates],
    *,
    names: str = "source",
    measure: str | None = None,
    population: str | None = None,
    reference_period: str | None = None,
) -> Estimates:
    """Lay results of several calls under each other, as one result.

    Rows are not changed: each keeps its value, interval and method. Nothing is pooled or averaged.

    Parameters
    ----------
    estimates : sequence of Estimates, or mapping of name to Estimates
        With a mapping the names stand in a by-column of their own, so that two results of the same method can be
        told apart; ``select(source="case lists")`` gives one back.
    names : str, default "source"
        The column of the names.
    measure, population, reference_period : str, optional
        Say once what all of them speak of, where their own descriptions differ in words but not in meaning.

    Returns
    -------
    Estimates
        The rows in the order given; by-columns of any result, missing where a result has none. Reasons follow their
        rows, assumptions are those of all. No covariance between rows: results of different methods carry none, and
        two results of one sample are not independent. No draws.

    Raises
    ------
    EstimateFault
        FL-EST-25: there is nothing to stack, or the results speak of different populations, times, measures or
        subpopulations; FL-EST-05: `names` is a column of the result, or a by-column of one.

    Examples
    --------
    >>> import fl_estimate as fl, pandas as pd
    >>> people = pd.DataFrame({"w": [10.0, 20, 10, 20], "ea": [1, 1, 2, 2], "fl": [0, 1, 0, 0]})
    >>> design = fl.Design(weights="w", psu="ea", expands=True)
    >>> both = fl.stack({"mean": fl.estimate_mean(people, "fl", design=design),
    ...                  "total": fl.estimate_total(people, "fl", design=design)})
    >>> both.to_frame()[["quantity", "source", "value"]].round(3).values.tolist()
    [['mean', 'mean', 0.333], ['total', 'total', 20.0]]
    """
    results = list(estimates.values()) if isinstance(estimates, Mapping) else list(estimates)
    if not results:
        raise EstimateFault("FL-EST-25", "there is nothing to stack", found="no estimates", fix="give one or more")
    recipe = joined(
        [result.recipe for result in results],
        call="stack",
        arguments={key: {"call": r.provenance.call, **r.provenance.arguments} for key, r in _keyed(estimates)},
        measure=measure,
        population=population,
        reference_period=reference_period,
    )
    _require_same_subpopulation(results)
    _require_same_unit(results)
    frames = [result.frame.copy() for result in results]
    by = list(dict.fromkeys(name for result in results for name in result.by))
    if isinstance(estimates, Mapping):
        check_by_columns([names])
        if names in by:
            raise EstimateFault("FL-EST-05", "the column of the names is a by-column already", found=names,
                                fix="choose another with names=")  # fmt: skip
        labels = list(estimates)
        frames = [_named(frame, names, label) for frame, label in zip(frames, labels, strict=True)]
        by = [names, *by]
    starts = [0]
    for frame in frames:
        starts.append(starts[-1] + len(frame))
    return Estimates(
        frame=_under_each_other(frames, by),
        by=tuple(by),
        measure=recipe.measure,
        population=recipe.population,
        reference_period=recipe.reference_period,
        wording=recipe.wording,
        reasons=_reasons(results, starts),
        assumptions=recipe.assumptions,
        diagnostics={key: dict(result.diagnostics) for key, result in _keyed(estimates) if result.diagnostics},
        provenance=recipe.provenance,
        support=Support.joined([result.support for result in results]),
    )


def _require_same_subpopulation(results: Sequence[Estimates]) -> None:
    """A subpopulation is told by no column, so rows of two would look alike."""
    found = {tuple(a.parameters) for result in results for a in _subpopulations(result)}
    if len(found) > 1 or (found and not all(_subpopulations(result) for result in results)):
        raise EstimateFault(
            "FL-EST-25",
            "the results speak of different subpopulations",
            found=listed([", ".join(str(value) for _, value in parameters) for parameters in sorted(found)]),
            fix="use by= in place of where=, or keep the results apart",
        )


def _require_same_unit(results: Sequence[Estimates]) -> None:
    """Households and persons are not counted in one table."""
    found = list(dict.fromkeys(result.wording.unit for result in results))
    if len(found) > 1:
        raise EstimateFault(
            "FL-EST-25", "the results count different units", found=listed(found), fix="keep the results apart"
        )


def _subpopulations(result: Estimates) -> list[Assumption]:
    return [assumption for assumption in result.assumptions if assumption.code == SUBPOPULATION]


def _named(frame: pd.DataFrame, column: str, label: str) -> pd.DataFrame:
    frame[column] = pd.array([str(label)] * len(frame), dtype="string")
    return frame


def _under_each_other(frames: Sequence[pd.DataFrame], by: Sequence[str]) -> pd.DataFrame:
    """One frame with the by-columns of all; one that is of numbers here and of text there is text."""
    for name in by:
        kinds = {str(frame[name].dtype) for frame in frames if name in frame}
        kind: Any = next(frame[name].dtype for frame in frames if name in frame) if len(kinds) == 1 else "string"
        for frame in frames:
            held = frame[name] if name in frame else pd.Series(pd.NA, index=frame.index, dtype="object")
            frame[name] = held.astype(kind)
    return pd.concat(
        [completed(frame, by)[[*context_of(by), *HEAD, *by, *TAIL]] for frame in frames], ignore_index=True
    )


def _reasons(results: Sequence[Estimates], starts: Sequence[int]) -> tuple[Reason, ...]:
    return tuple(
        replace(reason, row=reason.row + start)
        for result, start in zip(results, starts, strict=False)
        for reason in result.reasons
    )


def _keyed(estimates: Sequence[Estimates] | Mapping[str, Estimates]) -> list[tuple[str, Estimates]]:
    if isinstance(estimates, Mapping):
        return list(estimates.items())
    return [(f"{position}", result) for position, result in enumerate(estimates, 1)]
