"""Generalised network scale-up: reports of the frame population over how visible members of the hidden group are to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from numbers import Real
from typing import Annotated, Any, Literal

import numpy as np

from fl_estimate.design.totals import as_frame
from fl_estimate.errors import EstimateFault, missing_columns, not_one_of, require_name, shown
from fl_estimate.estimators.hidden.network.known_groups import KnownGroups, known_groups
from fl_estimate.estimators.hidden.network.network_columns import NetworkReports, count_targets, degree_targets
from fl_estimate.estimators.hidden.network.network_size import reports_of_known
from fl_estimate.estimators.hidden.network.relational_data import (
    UnknownHidden,
    check_options,
    check_reports,
    read_reports,
    require_answered,
)
from fl_estimate.estimators.hidden.network.scale_up import corrected
from fl_estimate.estimators.hidden.network.scale_up_adjustments import correction_of
from fl_estimate.estimators.hidden.network.scale_up_codes import (
    FRAME_POPULATION,
    GENERALISED,
    SAMPLES_INDEPENDENT,
    TOP_CODED,
    VISIBILITY,
    VISIBILITY_STATED,
)
from fl_estimate.estimators.hidden.network.scale_up_rows import ScaledRows, scaled
from fl_estimate.estimators.survey.imputed_call import estimated
from fl_estimate.estimators.survey.weighted_call import Call, DfRule
from fl_estimate.inputs.respondents import resolve
from fl_estimate.inputs.sample_design import Design
from fl_estimate.results.basis import FIGURES, RESPONDENTS, Support
from fl_estimate.results.codes import DEFF_REFERENCE, MEAN, PREVALENCE, TOTAL, Assumption
from fl_estimate.results.estimates import Estimates
from fl_estimate.results.methods import method
from fl_estimate.results.roles import (
    NOT_IN_FILE,
    PEOPLE,
    Earlier,
    FromFile,
    InFile,
    Level,
    MoreThanZero,
    Name,
    Persons,
    Where,
)


@method(kind="generalised_scale_up", basis="respondents", family="hidden")
def generalised_scale_up(
    people: Annotated[Any, PEOPLE],
    hidden: Name,
    *,
    frame_population: Annotated[float, Persons()],
    hidden_people: Annotated[Any, FromFile(keyed=("visibility", "hidden_weights"))] = None,
    visibility: Annotated[Any, InFile(list[str] | str | float)],
    known: Annotated[Any, FromFile(needs=("group", "size"))] = None,
    population: Annotated[float | None, Persons()] = None,
    quantity: Literal["total", "prevalence"] = "total",
    design: Annotated[Design | None, NOT_IN_FILE] = None,
    hidden_design: Annotated[Design | None, NOT_IN_FILE] = None,
    hidden_weights: str | None = None,
    where: Where = None,
    unknown: UnknownHidden | None = None,
    top_code: MoreThanZero | None = None,
    largest: MoreThanZero | None = None,
    precision: Annotated[Any, Earlier(form=MoreThanZero | str, independent=True)] = None,
    variance: Literal["taylor", "replicates"] | None = None,
    interval: Literal["log", "wald"] = "log",
    df: DfRule | MoreThanZero = "domain",
    level: Level = 0.95,
) -> Estimates:
    """Estimate a hidden group from reports about it and from how many people know of its members.

    Use it where members of the hidden group were asked too (by respondent-driven, venue or other sampling) how many people of
    each known group know that they belong to it. Neither do members need as many ties as others, nor must everybody who knows
    them know of it: what the basic estimator assumes of δ and τ is measured.

    Parameters
    ----------
    people : SurveyData, Classification or frame
        The sample of the frame population, one row a respondent.
    hidden : str
        The column of how many members of the hidden group each respondent knows.
    frame_population : float
        N_F, persons whom the sample of `people` represents (adults, say).
    hidden_people : frame, optional
        The sample of the hidden group, one row a member.
    visibility : str, list of str, number or Estimates
        Columns of `hidden_people`: people of each known group who know that the respondent belongs to the hidden group; or one
        column, not in `known`, of all people of the frame population who know. Or, without `hidden_people`, the mean visibility
        itself, a number or Estimates of any method with its error.
    known : mapping of str to number, or frame, optional
        Sizes of the known groups named in `visibility`, of their members in the frame population.
    population : float, optional
        Of whom the hidden group is part, for a prevalence.
    quantity : {"total", "prevalence"}
        Persons, or their share of `population`.
    design : Design, optional
        Of `people`.
    hidden_design : Design, optional
        Of `hidden_people`: respondent-driven samples are weighted by 1/network size (RDS-II), or by successive-sampling weights.
    hidden_weights : str, optional
        The column of the weights of `hidden_people`, short for ``hidden_design=Design(weights=…)``.
    where, unknown, top_code, largest, df, level
        As in `fl.hidden.scale_up`.
    precision : number, mapping, pair or Estimates, optional
        η, the share of reported members who are members.
    variance : {"taylor", "replicates"}, optional
        Each sample by its own design: independent bootstraps of both where both have replicates.
    interval : {"log", "wald"}

    Returns
    -------
    Estimates
        One row. `.diagnostics` has `visibility` with `visibility_se`, and `reports`, the mean number of members that a respondent
        knows.

    Raises
    ------
    EstimateFault
        FL-EST-600: visibility that is missing or cannot be; FL-EST-591 to FL-EST-598, FL-EST-602.

    Notes
    -----
    N_H = η y_F/v, y_F = N_F Σ w y_H/Σ w over the frame sample, v = N_F/Σ N_k × Σ w Σ_k v_k/Σ w over the hidden sample;
    CV² = CV²(y_F) + CV²(v) + CV²(η). Every report from the frame population about a member is a tie that the member can report.

    References
    ----------
    Feehan and Salganik (2016), Sociological Methodology 46(1), 153-186. Salganik, Mello, Abdo, Bertoni, Fazito and Bastos (2011),
    Social Networks 33(1), 70-78 (the game of contacts, in which visibility is asked).

    Examples
    --------
    Eight people make ten reports about three members, who are known to 3, 3 and 4 of them.

    >>> import fl_estimate as fl, pandas as pd
    >>> people = pd.DataFrame({"knows": [2, 1, 1, 2, 0, 2, 1, 1]})
    >>> members = pd.DataFrame({"known_to": [3, 3, 4]})
    >>> all_of_them = fl.Design(unweighted=True)
    >>> fl.hidden.generalised_scale_up(people, "knows", frame_population=8, hidden_people=members, visibility="known_to",
    ...                                design=all_of_them, hidden_design=all_of_them).value
    3.0
    """
    require_name(hidden, "hidden")
    size = _frame_size(frame_population, population, quantity, interval)
    check_options(None, unknown, top_code, largest, treatments=("exclude", "no"))
    asked = _reports_of_frame(people, hidden, size, (design, where, unknown), (top_code, largest))
    call = Call("hidden.generalised_scale_up", people, design, None, where, unknown, variance, interval, df, level)
    call.check(("log", "wald"))
    basic = estimated(call, lambda one: count_targets(one, asked, [hidden]), quantity=MEAN)
    seen = _visibility(hidden_people, visibility, known, size, (hidden_design, hidden_weights), variance, level)
    correction = correction_of(
        [hidden], multiplied={"precision": precision}, divided={"visibility": seen.factor},
        shares=frozenset({"precision"}),
    )  # fmt: skip
    whole = size if quantity == "total" else size / float(population or np.nan)
    rows = ScaledRows(
        size=whole, curve=None, correction=correction, binomial=None, interval=interval, level=level,
    )  # fmt: skip
    said = [FRAME_POPULATION.assume(population=size), *seen.assumptions]
    said += corrected(correction, ["precision"])
    said += [TOP_CODED.assume(most=float(top_code))] if top_code is not None else []
    # What hidden people answered is for the analyst: the record says how the visibility was had, not what it came to.
    noted = {
        name: found for name, found in correction.on_record().items() if name != "visibility" or seen.told == "stated"
    }
    arguments: dict[str, Any] = {
        "frame_population": size, "population": population or "", "quantity": quantity, "known": seen.known,
        "visibility": seen.told, "corrections": noted, "top_code": top_code or "",
    }  # fmt: skip
    made = scaled(
        replace(basic, frame=basic.frame.assign(df=np.fmin(basic.frame["df"], seen.df))), rows,
        quantity=TOTAL if quantity == "total" else PREVALENCE, method=GENERALISED, call="hidden.generalised_scale_up",
        arguments=arguments, assumptions=said, left_out=(DEFF_REFERENCE,),
        diagnostics={"visibility": seen.factor["value"], "visibility_se": seen.factor["se"], "reports": float(basic.frame["value"].iloc[0])},
    )  # fmt: skip
    made = replace(made, support=Support.least_known([basic.support, seen.support], [RESPONDENTS, seen.basis]))
    return correction.supporting(made)


@dataclass(frozen=True, kw_only=True)
class _Visibility:
    """Mean visibility: value and error, degrees of freedom, and what it rests on."""

    factor: dict[str, float]
    df: float
    assumptions: list[Assumption]
    support: Support
    basis: str
    known: dict[str, float]
    told: str


def _frame_size(frame_population: Any, population: Any, quantity: str, interval: str) -> float:
    for what, given, allowed in (
        ("this quantity of scale-up", quantity, ("total", "prevalence")),
        ("this interval", interval, ("log", "wald")),
    ):
        if given not in allowed:
            raise not_one_of("FL-EST-598", what, given, allowed)
    sizes = {"frame_population": frame_population}
    if quantity == "prevalence" or population is not None:
        sizes["population"] = population
    for name, given in sizes.items():
        if isinstance(given, bool) or not isinstance(given, Real) or not 0 < float(given) < np.inf:
            raise EstimateFault(
                "FL-EST-592", f"{name}= is not a number of persons", found=shown(given),
                fix="persons whom the sample represents; a prevalence needs population= as well",
            )  # fmt: skip
    return float(frame_population)


def _reports_of_frame(
    people: Any, hidden: str, size: float, read: tuple[Design | None, str | None, str | None], limits: tuple[Any, Any]
) -> NetworkReports:
    """Check the reports about the hidden group, and say how they are read."""
    (design, where, unknown), (top_code, largest) = read, limits
    nothing = KnownGroups(names=(), sizes=np.zeros(0), population=size)
    _checked_columns(people, design, where, [hidden], nothing, unknown, largest)
    return NetworkReports(known=nothing, sizes=nothing.sizes, unanswered=None, unknown=unknown, top_code=top_code)


def _checked_columns(
    people: Any,
    design: Design | None,
    where: str | None,
    names: Sequence[str],
    groups: KnownGroups,
    unknown: str | None,
    largest: float | None,
) -> None:
    resolved = resolve(people, design)
    values, _, _ = read_reports(as_frame(resolved.frame), resolved.design, names, where)
    check_reports(values, names, groups, largest)
    require_answered(values, names, 0, None, unknown)


def _visibility(
    members: Any,
    visibility: Any,
    known: Any,
    size: float,
    drawn: tuple[Design | None, str | None],
    variance: Any,
    level: float,
) -> _Visibility:
    if members is None:
        return _stated(visibility)
    names = [visibility] if isinstance(visibility, str) else visibility
    if not isinstance(names, Sequence) or not names or not all(isinstance(name, str) for name in names):
        raise _wrong(
            "visibility= names no columns of hidden_people", shown(visibility), "one column, or a list of them"
        )
    design, weights = drawn
    if design is None and weights is not None:
        design = Design(weights=weights)
    _require_names(members, list(names))
    if known is None and len(names) > 1:
        raise _wrong(
            "several columns of visibility, and no sizes of the groups", f"{len(names)} columns", "known={column: size}"
        )
    call = Call("hidden.generalised_scale_up", members, design, None, None, None, variance, "log", "domain", level)
    if known is None:
        nothing = KnownGroups(names=(), sizes=np.zeros(0), population=size)
        _checked_columns(members, design, None, list(names), nothing, None, size)
        reports = NetworkReports(known=nothing, sizes=nothing.sizes, unanswered=None, unknown=None, top_code=None)
        made = estimated(call, lambda one: count_targets(one, reports, list(names)), quantity=MEAN)
        sizes: dict[str, float] = {}
    else:
        every = known_groups(known, size)
        absent = [name for name in names if name not in every.names]
        if absent:
            raise missing_columns("FL-EST-600", absent, every.names, EstimateFault)
        groups = KnownGroups(
            names=tuple(names), sizes=np.array([every.size_of(name) for name in names]), population=size
        )
        reports_of_known(members, groups, design, None, None, None, float(groups.sizes.max()))
        reports = NetworkReports(known=groups, sizes=groups.sizes, unanswered=None, unknown=None, top_code=None)
        made = estimated(reports.on(call), lambda one: degree_targets(one, reports), quantity=MEAN)
        sizes = groups.to_dict()
    return _of_estimates(made, sizes)


def _of_estimates(made: Estimates, sizes: dict[str, float]) -> _Visibility:
    row = made.frame.iloc[0]
    value, se = float(row["value"]), float(row["se"])
    if not value > 0:
        raise _wrong("nobody knows of any member of the hidden group", "a mean visibility of 0",
                     "reports about a group that nobody knows of have no scale")  # fmt: skip
    kept = [a for a in made.assumptions if a.code != DEFF_REFERENCE]
    return _Visibility(
        factor={"value": value, "se": se}, df=float(row["df"]), support=made.support, basis=RESPONDENTS, known=sizes,
        assumptions=[VISIBILITY.assume(groups=len(sizes)), SAMPLES_INDEPENDENT.assume(), *kept], told="hidden_people",
    )  # fmt: skip


def _stated(visibility: Any) -> _Visibility:
    """Mean visibility given as a number, or as Estimates of another method."""
    if isinstance(visibility, Estimates):
        row = visibility.national if (visibility.frame["margin"] == "").any() else visibility
        if len(row) != 1:
            raise _wrong("visibility= has several rows", f"{len(row)} rows", "select one")
        value, se = float(row.frame["value"].iloc[0]), float(row.frame["se"].iloc[0])
        df = float(row.frame["df"].iloc[0])
        basis, support = str(row.frame["basis"].iloc[0]), row.support
        said = [VISIBILITY_STATED.assume(), SAMPLES_INDEPENDENT.assume(), *row.assumptions]
        told = row.provenance.call
    elif isinstance(visibility, Real) and not isinstance(visibility, bool):
        value, se, df, basis, support = float(visibility), 0.0, np.inf, str(FIGURES), Support.unknown(1)
        said, told = [VISIBILITY_STATED.assume()], "stated"
    else:
        raise _wrong("there is no sample of the hidden group, and visibility= is no figure", shown(visibility),
                     "hidden_people=, or the mean visibility as a number or Estimates")  # fmt: skip
    if not (np.isfinite(value) and value > 0 and np.isfinite(se)):
        raise _wrong("the mean visibility is no number above 0 with an error", "none", "a mean number of people")
    return _Visibility(
        factor={"value": value, "se": se}, df=np.inf if np.isnan(df) else df, assumptions=said, support=support, basis=basis,
        known={}, told=told,
    )  # fmt: skip


def _require_names(members: Any, names: list[str]) -> None:
    frame = members.people if hasattr(members, "people") else members
    present = as_frame(frame).collect_schema().names()
    absent = [name for name in names if name not in present]
    if absent:
        raise missing_columns("FL-EST-600", absent, present, EstimateFault)


def _wrong(what: str, found: str, fix: str) -> EstimateFault:
    return EstimateFault("FL-EST-600", what, found=found, fix=fix)
