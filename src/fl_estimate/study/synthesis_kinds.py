"""Kinds of ``[[estimate]]`` that calculate with finished figures: published ones, and estimates made before them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fl_estimate.errors import EstimateFault
from fl_estimate.estimators import synthesis
from fl_estimate.results.estimates import Estimates
from fl_estimate.study.beside import NO_TABLES, FigureTables
from fl_estimate.study.entries import Titled
from fl_estimate.study.synthesis_entries import (
    AggregateEntry,
    ChangeEntry,
    CombineEntry,
    ExtensionEntry,
    PublishedEntry,
    StockEntry,
    SumEntry,
    SynthesisEntry,
)

_SAID: tuple[str, ...] = ("measure", "population", "reference_period", "interval", "level")


def synthesise(entry: SynthesisEntry, before: Mapping[str, Estimates], tables: FigureTables = NO_TABLES) -> Estimates:
    """Make one estimate from figures; `before` holds those of the study made already, `tables` the files of this one.

    Raises
    ------
    EstimateFault
        Of the function of `fl.synthesis`; FL-EST-26 where one of the figures could not be made.
    """
    match entry:
        case PublishedEntry():
            given = entry.model_dump(exclude={"kind", "name", "document", *Titled.model_fields})
            return synthesis.published(source=entry.document, **given)
        case StockEntry():
            named = [entry.flow, *([entry.duration_years] if isinstance(entry.duration_years, str) else [])]
            made_before(named, before)
            years = before[entry.duration_years] if isinstance(entry.duration_years, str) else entry.duration_years
            return synthesis.stock_from_flow(
                before[entry.flow], years, kind=entry.duration, window_years=entry.window_years,
                correlation=entry.correlation or 0.0, interval=entry.interval, level=entry.level,
            )  # fmt: skip
        case SumEntry():
            figures = _national(entry.estimates, before)
            return synthesis.add(figures, correlation=_correlation(entry, before), **_said(entry))
        case CombineEntry():
            sources = _national(entry.estimates, before)
            settings = _said(entry) | {"method": entry.method, "scale": entry.scale}
            if entry.method == "bayesian":
                prior = None if entry.prior is None else (entry.prior[0], entry.prior[1])
                seed = 1 if entry.seed is None else entry.seed  # a study gives the same bytes each time
                settings |= {"bias": entry.bias, "prior": prior, "draws": entry.draws, "seed": seed}
            return synthesis.combine(sources, **settings)
        case AggregateEntry():
            return _aggregate(entry, before, tables)
        case ExtensionEntry():
            return _extend(entry, before, tables)
        case ChangeEntry():
            return _change(entry, before)


def _aggregate(entry: AggregateEntry, before: Mapping[str, Estimates], tables: FigureTables) -> Estimates:
    """Countries added up: national figures by country, one estimate by country, or a file of surveys."""
    given: Any = tables.surveys
    if isinstance(entry.estimates, str):
        made_before([entry.estimates], before)
        given = before[entry.estimates]
    elif entry.estimates is not None:
        figures = _national(list(entry.estimates.values()), before)
        given = {country: figures[name] for country, name in entry.estimates.items()}
    return synthesis.aggregate(
        given, tables.population, tables.groups, quantity=entry.quantity, between=entry.between, measure=entry.measure,
        universe=entry.universe, reference_period=entry.reference_period, round_to=entry.round_to, interval=entry.interval,
        level=entry.level,
    )  # fmt: skip


def _extend(entry: ExtensionEntry, before: Mapping[str, Estimates], tables: FigureTables) -> Estimates:
    """Another form by its ratio among cases: for the nation alone where the file has no by-column of the base."""
    made_before([entry.base], before)
    base = before[entry.base]
    if not set(base.by) & set(tables.cases.columns):
        base = _national([entry.base], before)[entry.base]
    return synthesis.extend_by_ratio(
        base, tables.cases, known=entry.known, wanted=entry.wanted, detection_odds=entry.detection_odds, ratios=entry.ratios,
        overdispersion=entry.overdispersion, outcome=entry.outcome, interval=entry.interval, level=entry.level,
    )  # fmt: skip


def _change(entry: ChangeEntry, before: Mapping[str, Estimates]) -> Estimates:
    """From one round to the next."""
    rounds = [entry.before, entry.after]
    if entry.rows == "national":
        figures = _national(rounds, before)
    else:
        made_before(rounds, before)
        figures = {name: before[name] for name in rounds}
    return synthesis.change(
        figures[entry.before], figures[entry.after], scale=entry.scale, correlation=entry.correlation or 0.0,
        differing=entry.differing, interval=entry.interval, level=entry.level,
    )  # fmt: skip


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


def _correlation(entry: SumEntry, before: Mapping[str, Estimates]) -> float:
    """Between the errors of the parts: stated, or what the extension of one from the other noted; else 0.

    Raises
    ------
    EstimateFault
        FL-EST-196.
    """
    if entry.correlation != "extension":
        return entry.correlation or 0.0
    noted = [before[name].diagnostics.get("correlation_with_base") for name in entry.estimates]
    known = [float(each) for each in noted if each is not None]
    if len(known) != 1:
        raise EstimateFault(
            "FL-EST-196", "the correlation of a base and its extension is not known here", found=", ".join(entry.estimates),
            fix='correlation = "extension" is for an estimate and what extend_by_ratio made of it; else give a number',
        )  # fmt: skip
    return known[0]


def _said(entry: Any) -> dict[str, Any]:
    return {name: getattr(entry, name) for name in _SAID}
