"""Kinds of ``[[estimate]]`` that calculate with finished figures: published ones, and estimates made before them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fl_estimate.errors import EstimateFault
from fl_estimate.estimators import synthesis
from fl_estimate.results.estimates import Estimates
from fl_estimate.study.config import CombineEntry, PublishedEntry, StockEntry, SumEntry, SynthesisEntry

_SAID: tuple[str, ...] = ("measure", "population", "reference_period", "interval", "level")


def synthesise(entry: SynthesisEntry, before: Mapping[str, Estimates]) -> Estimates:
    """Make one estimate from figures; `before` holds those of the study made already.

    Raises
    ------
    EstimateFault
        Of the function of `fl.synthesis`; FL-EST-26 where one of the figures could not be made.
    """
    match entry:
        case PublishedEntry():
            given = entry.model_dump(exclude={"kind", "name", "document"})
            return synthesis.published(source=entry.document, **given)
        case StockEntry():
            named = [entry.flow, *([entry.duration_years] if isinstance(entry.duration_years, str) else [])]
            made_before(named, before)
            years = before[entry.duration_years] if isinstance(entry.duration_years, str) else entry.duration_years
            return synthesis.stock_from_flow(
                before[entry.flow], years, kind=entry.duration, window_years=entry.window_years,
                correlation=entry.correlation, interval=entry.interval, level=entry.level,
            )  # fmt: skip
        case SumEntry():
            return synthesis.add(_national(entry.estimates, before), **_said(entry))
        case CombineEntry():
            sources = _national(entry.estimates, before)
            return synthesis.combine(sources, method=entry.method, scale=entry.scale, **_said(entry))


def made_before(names: Sequence[str], before: Mapping[str, Estimates]) -> None:
    """Refuse to go on without an estimate that could not be made.

    Raises
    ------
    EstimateFault
        FL-EST-26.
    """
    absent = [name for name in names if name not in before]
    if absent:
        raise EstimateFault(
            "FL-EST-26",
            "an estimate that is to be laid beside others could not be made",
            found=", ".join(absent),
            fix="see what is said of it; take it out to have the others",
        )


def _national(names: Sequence[str], before: Mapping[str, Estimates]) -> dict[str, Estimates]:
    """National figures by name; of case lists the population size, not the dark figure within it."""
    made_before(names, before)
    found: dict[str, Estimates] = {}
    for name in names:
        national = before[name].national
        sizes = (national.frame["quantity"] == "population_size").any()
        found[name] = national.select(quantity="population_size") if sizes else national
    return found


def _said(entry: Any) -> dict[str, Any]:
    return {name: getattr(entry, name) for name in _SAID}
