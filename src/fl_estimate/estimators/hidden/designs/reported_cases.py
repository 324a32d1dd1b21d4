"""Two teams look for reported cases, each by itself: how many were reported, with how many persons, found or not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated, Any, Literal, get_args

import numpy as np
import pandas as pd
from scipy import special

from fl_estimate.design.domains import By, by_margins
from fl_estimate.errors import EstimateFault, labels_shown, names_given, numbers_given, require_name, shown
from fl_estimate.estimators.hidden.designs.adaptive_networks import Codes, Flags, flags_of, read_units
from fl_estimate.estimators.hidden.designs.limits import require_choices
from fl_estimate.estimators.hidden.designs.reported_strata import ReportedFigures, ReportedStrata, added_up, by_stratum
from fl_estimate.results.basis import Support
from fl_estimate.results.build import build
from fl_estimate.results.codes import (
    INTERVAL_NOT_DEFINED,
    PERSONS_PER_CASE,
    REPORTED_CASES,
    REPORTED_PERSONS,
    Assumption,
    AssumptionCode,
    MethodName,
    Quantity,
    Reason,
    ReasonCode,
)
from fl_estimate.results.columns import check_by_columns
from fl_estimate.results.estimates import Estimates
from fl_estimate.results.methods import method
from fl_estimate.results.provenance import Provenance
from fl_estimate.results.recipe import Period, Recipe
from fl_estimate.results.roles import FromFile, Level

Estimator = Literal["chapman", "lincoln-petersen"]
UnknownSize = Literal["error", "mean"]
QUANTITIES: dict[str, Quantity] = {
    "persons": REPORTED_PERSONS,
    "cases": REPORTED_CASES,
    "persons_per_case": PERSONS_PER_CASE,
}
METHODS: dict[str, MethodName] = {
    name: MethodName(f"reported-cases-{name}", named=True) for name in get_args(Estimator)
}
TEAMS_INDEPENDENT = AssumptionCode("teams_independent")
REPORTS_CLOSED = AssumptionCode("reports_closed")
CASES_MATCHED = AssumptionCode("cases_matched_truly")
SIZES_ALIKE = AssumptionCode("case_sizes_alike")
STRATA_OF_CASES = AssumptionCode("case_strata", "columns", "strata")
SIZES_AS_MEAN = AssumptionCode("case_sizes_as_mean", "cases")
REPORTED_ONLY = AssumptionCode("reported_cases_only")
NO_MATCHES = ReasonCode("no_matched_cases", doubtful="model")
FEW_MATCHES = ReasonCode("few_matches", "strata", "matches")
SIZES_DIFFER = ReasonCode("case_sizes_differ", "ratio", doubtful="model")
SIZE_SPREAD_POOLED = ReasonCode("case_size_spread_pooled", "strata")
ENOUGH_MATCHES = 7
"""Matches from which Chapman's estimate has next to no bias: Robson and Regier (1964), Transactions of the American Fisheries Society 93, 215-226."""
DIFFERENT = 3.0
"""Standard errors at which found-by-both and found-by-one are taken to differ in size: rare by chance, in one of several tables too."""
SIZE_CLASS = "size_class"


@method(kind="reported_cases", basis="lists", family="hidden")
def reported_cases(
    cases: Annotated[Any, FromFile(keyed=("victims", "first_team", "second_team", "strata"))],
    *,
    victims: str,
    first_team: str,
    second_team: str,
    strata: str | Sequence[str] | None = None,
    size_classes: Sequence[float] | None = None,
    by: By = None,
    quantity: Literal["persons", "cases", "persons_per_case"] = "persons",
    estimator: Estimator = "chapman",
    missing_size: UnknownSize = "error",
    outcome: str = "",
    population_name: str = "",
    reference_period: str = "",
    interval: Literal["log", "wald"] = "log",
    level: Level = 0.95,
) -> Estimates:
    """Estimate how many cases were reported, and persons in them, from what two teams found without knowing of each other.

    The method of the ILO's estimates of 2005 and 2012: media, court files and reports of organisations are searched twice, the cases are matched, and what both teams found
    tells how much either missed. It speaks of what was reported, never of what was not: for that `fl.synthesis.reported_to_total` multiplies by the ratio of surveys to reports, and
    `fl.synthesis.stock_from_flow` turns persons of some years into those at any time.

    Parameters
    ----------
    cases : frame
        One row a distinct case, matched: found by either team or by both.
    victims : str
        Column of the persons in the case, above 0.
    first_team, second_team : str
        0/1 columns: whether the team found the case.
    strata : str or list of str, optional
        Columns within which the teams found cases equally readily: region, form.
    size_classes : sequence of float, optional
        Breaks of the number of persons, upwards: ``[10, 100]`` makes three classes, which are strata too. Use it where large cases are found more readily.
    by : str, list of str, or list of lists, optional
        Columns of `strata` by which figures are given beside the whole: strata are added up.
    quantity : {"persons", "cases", "persons_per_case"}
        Persons in all reported cases, found or not; the cases; or persons a case.
    estimator : {"chapman", "lincoln-petersen"}
        Chapman's is nearly unbiased with few matches; the other has no value without any.
    missing_size : {"error", "mean"}
        What to do with cases whose persons are not known: refuse; or count the case, and take the mean of its stratum.
    outcome, population_name, reference_period : str
        What was reported, of whom and when: for the tables.
    interval : {"log", "wald"}
        ``log`` is about what nobody found, so that the lower limit stays above what was found.
    level : float

    Returns
    -------
    Estimates
        Of the whole, and then by `by`; quantity `reported_persons`, `reported_cases` or `persons_per_case`. `n` counts the distinct cases.

    Raises
    ------
    EstimateFault
        FL-EST-679: a choice that there is not; FL-EST-670: whether a team found a case is not known; FL-EST-686: persons of a case that are not known, or not above 0; FL-EST-687: a case that nobody found, or a stratum
        in which a team found none (or, of Lincoln and Petersen, both none); FL-EST-688: a by-column that is no stratum, or breaks that do not rise.

    Notes
    -----
    N_h by Chapman, (n₁ + 1)(n₂ + 1)/(m + 1) − 1, or n₁n₂/m; T = Σ N_h x̄_h with x̄_h the mean persons of the distinct cases, which with n₁n₂/m is Σ x_i/π_h,
    π_h = 1 − (1 − m/n₁)(1 − m/n₂). V(T) = Σ (x̄_h² V(N_h) + N_h²(1 − r_h/N_h) s_h²/r_h): strata err independently. The log limits of persons are F + U/C and F + U C, F those found, U = T − F
    and C = exp(z √log(1 + V/U²)).

    References
    ----------
    Belser, de Cock and Mehran (2005), ILO Minimum Estimate of Forced Labour in the World. ILO (2012), ILO Global Estimate of Forced Labour: Results and methodology. Chapman (1951),
    University of California Publications in Statistics 1, 131-160. Seber (1982), The Estimation of Animal Abundance, ch. 3.

    Examples
    --------
    >>> import fl_estimate as fl, pandas as pd
    >>> found = [(1, 0)] * 40 + [(0, 1)] * 30 + [(1, 1)] * 20
    >>> cases = pd.DataFrame(found, columns=["one", "two"]).assign(persons=[2, 4] * 45)
    >>> persons = fl.hidden.reported_cases(cases, victims="persons", first_team="one", second_team="two")
    >>> number = fl.hidden.reported_cases(cases, victims="persons", first_team="one", second_team="two", quantity="cases")
    >>> round(persons.value), round(number.value)
    (441, 147)
    """
    require_choices(
        {"estimator": (estimator, get_args(Estimator)), "interval": (interval, ("log", "wald")), "missing_size": (missing_size, get_args(UnknownSize)), "quantity": (quantity, tuple(QUANTITIES))}, level
    )  # fmt: skip
    for name, column in (("victims", victims), ("first_team", first_team), ("second_team", second_team)):
        require_name(column, name)
    named = [] if strata is None else list(names_given(strata, "strata"))
    margins = _margins(by, named)
    frame = read_units(cases, [victims, first_team, second_team, *named])
    first, second = (flags_of(frame, column, "whether a team found a case") for column in (first_team, second_team))
    persons = _persons(frame, victims, missing_size)
    table, code = _strata(frame, named, persons, size_classes)
    found = by_stratum(code, first, second, persons)
    _require_both_teams(found, table, int((~first & ~second).sum()), estimator)
    cells = list(_cells(table, margins))
    figures = [added_up(found, estimator, chosen) for _, _, chosen in cells]
    reasons = [list(_told(found, chosen)) for _, _, chosen in cells]
    reasons[0] += _sizes_differ(first & second, persons)
    arguments = {
        "victims": victims, "first_team": first_team, "second_team": second_team, "strata": named, "size_classes": [] if size_classes is None else np.atleast_1d(size_classes).tolist(),
        "by": [list(margin) for margin in margins], "quantity": quantity, "estimator": estimator, "missing_size": missing_size, "interval": interval, "level": level,
    }  # fmt: skip
    recipe = Recipe(
        population=population_name,
        period=Period(reference_period),
        assumptions=_assumed(found, named, size_classes, int(np.isnan(persons).sum())),
        provenance=Provenance(call="hidden.reported_cases", arguments=arguments),
    )
    return _laid_out(
        _Rows(cells=cells, figures=figures, reasons=reasons),
        recipe,
        METHODS[estimator],
        QUANTITIES[quantity],
        outcome,
        interval,
        level,
        found,
    )


Cell = tuple[str, dict[str, Any], Flags]
"""A margin, its labels by column, and the strata that it is made of."""


@dataclass(frozen=True, kw_only=True)
class _Rows:
    cells: list[Cell]
    figures: list[ReportedFigures]
    reasons: list[list[tuple[ReasonCode, dict[str, Any]]]]


def _margins(by: By, strata: Sequence[str]) -> list[tuple[str, ...]]:
    margins = [tuple(margin) for margin in by_margins(by)]
    columns = [name for margin in margins for name in margin]
    check_by_columns(columns)
    alien = [name for name in columns if name not in strata]
    if alien:
        raise EstimateFault(
            "FL-EST-688", "figures are given by columns of strata", found=labels_shown(alien),
            fix="name them in strata= too: within a by-value both teams are compared",
        )  # fmt: skip
    return margins


def _persons(frame: pd.DataFrame, victims: str, missing_size: str) -> Any:
    persons = pd.to_numeric(frame[victims], errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    persons = np.where(np.isfinite(persons), persons, np.nan)
    absent, wrong = int(np.isnan(persons).sum()), int((persons <= 0).sum())
    if wrong or (absent and missing_size == "error"):
        raise EstimateFault(
            "FL-EST-686", "how many persons a case holds is not known",
            found=f"column {victims!r}: {absent} cases without a number, {wrong} with none or fewer than none",
            fix='a case has one person or more; missing_size="mean" gives those that are missing the mean of their stratum',
        )  # fmt: skip
    return persons


def _strata(
    frame: pd.DataFrame, named: list[str], persons: Any, size_classes: Sequence[float] | None
) -> tuple[pd.DataFrame, Codes]:
    """The strata, one row each with their labels, and that of each case."""
    keys = frame[named].copy()
    if size_classes is not None:
        breaks = numbers_given(
            size_classes, "size_classes", "FL-EST-688", "breaks upwards, such as size_classes=[10, 100]"
        )
        if not breaks or any(b <= a for a, b in pairwise(breaks)) or np.isnan(persons).any():
            raise EstimateFault(
                "FL-EST-688", "classes of size cannot be made",
                found=f"breaks {shown(breaks)}; {int(np.isnan(persons).sum())} cases of unknown size",
                fix="breaks upwards, such as size_classes=[10, 100], and the persons of every case",
            )  # fmt: skip
        keys[SIZE_CLASS] = np.searchsorted(breaks, persons, side="right")
    if not len(keys.columns):
        return pd.DataFrame(index=[0]), np.zeros(len(frame), dtype=np.int64)
    absent = {name: int(keys[name].isna().sum()) for name in keys if keys[name].isna().any()}
    if absent:
        raise EstimateFault(
            "FL-EST-688", "cases are without a stratum", found=", ".join(f"{name!r}: {count}" for name, count in absent.items()),
            fix="give every case its stratum, or a class of its own for those whose stratum is not known",
        )  # fmt: skip
    grouped = keys.groupby(list(keys.columns), sort=True, observed=True)
    code: Codes = grouped.ngroup().to_numpy().astype(np.int64)
    table = keys.assign(__code=code).drop_duplicates("__code").sort_values("__code").drop(columns="__code")
    return table.reset_index(drop=True), code


def _require_both_teams(found: ReportedStrata, table: pd.DataFrame, unseen: int, estimator: str) -> None:
    one = (found.first == 0) | (found.second == 0)
    none = (found.both == 0) & (estimator == "lincoln-petersen")
    sizeless = found.sized == 0
    faults = {
        f"{unseen} rows that neither team found": bool(unseen),
        f"{int(one.sum())} of {len(one)} strata where a team found nothing": bool(one.any()),
        f"{int((none & ~one).sum())} strata without a case that both found": bool((none & ~one).any()),
        f"{int(sizeless.sum())} strata without a case of known size": bool(sizeless.any()),
        "no case": not len(one),
    }
    said = [name for name, holds in faults.items() if holds]
    if said:
        where = "" if not len(table.columns) else f" (strata of {labels_shown(table.columns)})"
        raise EstimateFault(
            "FL-EST-687", "what both teams found does not tell how much they missed", found="; ".join(said) + where,
            fix="join strata until both teams found cases in each; estimator=\"chapman\" has a value without matches, biased low",
        )  # fmt: skip


def _cells(table: pd.DataFrame, margins: Sequence[tuple[str, ...]]) -> Iterator[Cell]:
    yield "", {}, np.ones(len(table), dtype=bool)
    for margin in margins:
        columns = list(margin)
        for _, rows in table.groupby(columns, sort=True, observed=True):
            chosen = np.zeros(len(table), dtype=bool)
            chosen[rows.index.to_numpy()] = True
            yield " × ".join(columns), {name: rows[name].iloc[0] for name in columns}, chosen


def _told(found: ReportedStrata, chosen: Flags) -> Iterator[tuple[ReasonCode, dict[str, Any]]]:
    matches = found.both[chosen]
    if (matches == 0).all():
        yield NO_MATCHES, {}
    elif (matches < ENOUGH_MATCHES).any():
        yield FEW_MATCHES, {"strata": int((matches < ENOUGH_MATCHES).sum()), "matches": ENOUGH_MATCHES}
    if found.pooled[chosen].any():
        yield SIZE_SPREAD_POOLED, {"strata": int(found.pooled[chosen].sum())}


def _sizes_differ(both: Flags, persons: Any) -> list[tuple[ReasonCode, dict[str, Any]]]:
    """Whether cases that both teams found are of another size than those that one did: readiness then goes with size."""
    parts = [persons[both & ~np.isnan(persons)], persons[~both & ~np.isnan(persons)]]
    if min(len(part) for part in parts) < 2:
        return []
    spread = np.sqrt(sum(part.var(ddof=1) / len(part) for part in parts))
    if not spread > 0 or abs(parts[0].mean() - parts[1].mean()) < DIFFERENT * spread:
        return []
    return [(SIZES_DIFFER, {"ratio": round(float(parts[0].mean() / parts[1].mean()), 2)})]


def _laid_out(
    rows: _Rows, recipe: Recipe, named: MethodName, quantity: Quantity, outcome: str, interval: str, level: float, found: ReportedStrata
) -> Estimates:  # fmt: skip
    z = float(special.ndtri((1 + level) / 2))
    names = list(dict.fromkeys(name for _, labels, _ in rows.cells for name in labels))
    columns: dict[str, list[Any]] = {name: [] for name in ("margin", "value", "se", "lower", "upper", "interval_kind", "n")}  # fmt: skip
    by: dict[str, list[Any]] = {name: [labels.get(name) for _, labels, _ in rows.cells] for name in names}
    reasons = list[Reason]()
    for row, ((margin, _, _), figures, told) in enumerate(zip(rows.cells, rows.figures, rows.reasons, strict=True)):
        value, variance, seen = _of(figures, quantity)
        lower, upper = _limits(value, variance, seen, z, interval)
        said = {"margin": margin, "value": value, "se": np.sqrt(variance), "lower": lower, "upper": upper,
                "interval_kind": interval if np.isfinite(lower) else "", "n": figures.distinct}  # fmt: skip
        for name, entry in said.items():
            columns[name].append(entry)
        reasons += [code.at(row, **parameters) for code, parameters in told]
        reasons += [] if np.isfinite(lower) else [INTERVAL_NOT_DEFINED.at(row, kind=interval)]
    whole = rows.figures[0]
    return build(
        {"outcome": outcome, "level": level, **columns}, by, quantity=quantity, method=named, basis="lists", recipe=recipe,
        reasons=reasons, support=Support.of(columns["n"], columns["n"]),
        diagnostics={
            "reported_cases": whole.cases, "reported_persons": whole.persons, "persons_per_case": whole.mean, "persons_found": whole.seen,
            "first": found.first.tolist(), "second": found.second.tolist(), "both": found.both.tolist(), "mean_persons": found.mean.tolist(),
        },
    )  # fmt: skip


def _of(figures: ReportedFigures, quantity: Quantity) -> tuple[float, float, float]:
    """Value, variance, and what of it was found."""
    if quantity == REPORTED_PERSONS:
        return figures.persons, figures.persons_variance, figures.seen
    if quantity == REPORTED_CASES:
        return figures.cases, figures.cases_variance, figures.distinct
    return figures.mean, figures.mean_variance, 0.0


def _limits(value: float, variance: float, seen: float, z: float, interval: str) -> tuple[float, float]:
    se, unseen = float(np.sqrt(variance)), value - seen
    if interval == "wald":
        return value - z * se, value + z * se
    if not unseen > 0:
        # What both teams found is all that there is: nothing was missed, and nothing is uncertain.
        return (value, value) if se == 0 else (np.nan, np.nan)
    spread = float(np.exp(z * np.sqrt(np.log1p(variance / unseen**2))))
    return seen + unseen / spread, seen + unseen * spread


def _assumed(
    found: ReportedStrata, named: Sequence[str], size_classes: Sequence[float] | None, unknown: int
) -> tuple[Assumption, ...]:
    said = [
        REPORTED_ONLY.assume(),
        TEAMS_INDEPENDENT.assume(),
        REPORTS_CLOSED.assume(),
        CASES_MATCHED.assume(),
        SIZES_ALIKE.assume(),
    ]
    columns = [*named, *([SIZE_CLASS] if size_classes is not None else [])]
    said += [STRATA_OF_CASES.assume(columns=", ".join(columns), strata=len(found.first))] if columns else []
    said += [SIZES_AS_MEAN.assume(cases=unknown)] if unknown else []
    return tuple(said)
