"""Design-weighted estimates: prevalence, total, mean and ratio, with Taylor variance, by domain.

The public functions and the laying out of the result; the sums are made in `domain_table`, the columns in `targets`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np

from fl_estimate.design.domains import By, by_margins
from fl_estimate.design.intervals import GENERAL, PROPORTION, general, no_case_limits, proportion
from fl_estimate.design.totals import Floats
from fl_estimate.errors import EstimateFault, not_one_of
from fl_estimate.estimators.domain_table import Cells, DomainTable, Measure, People, read_people, tabulate
from fl_estimate.estimators.targets import Target, Targets, Unknown, as_list, make_targets
from fl_estimate.inputs.respondents import Resolved, resolve
from fl_estimate.inputs.sample_design import Design
from fl_estimate.results.estimates import Assumption, Estimates, Reason, check_by_columns, make_frame
from fl_estimate.results.provenance import Provenance

ProportionInterval = Literal["korn-graubard", "beta", "logit", "xlogit", "wilson", "wald", "log"]
GeneralInterval = Literal["wald", "log"]
DfRule = Literal["domain", "design"]


def estimate_prevalence(
    people: Any,
    outcome: str | Sequence[str],
    *,
    design: Design | None = None,
    by: By = None,
    where: str | None = None,
    unknown: Unknown | None = None,
    interval: ProportionInterval = "korn-graubard",
    df: DfRule | float = "domain",
    level: float = 0.95,
) -> Estimates:
    """Estimate the share of people with an outcome, nationally and by domain.

    Use it for any 0/1 outcome: a class from `fl.classify`, or a 0/1 column. Do not filter the rows first: say the
    subpopulation in `where`, so that primary sampling units without a member of it still count in the variance.

    Parameters
    ----------
    people : SurveyData, Classification or frame
        One row a person. A frame (pandas, polars, pyarrow, DuckDB, lazy or not) needs `design`.
    outcome : str or list of str
        A 0/1 column. With `<outcome>_possible` and `<outcome>_in_scope` beside it, it is read as classified.
    design : Design, optional
        How the sample was drawn; taken from `people` where that carries one.
    by : str, list of str, or list of lists, optional
        ``"region"``; ``["region", "sex"]`` crossed; ``[["region"], ["sex"]]`` separately. The nation always stands first.
    where : str, optional
        A 0/1 column or a condition such as ``"age >= 18"``; where it is unknown, the row is outside.
    unknown : {"no", "exclude", "bounds"}, optional
        What an unknown outcome means: not a case; out of the denominator too (R's ``na.rm``: with several outcomes,
        whoever lacks one of them is out of all, so that all speak of the same people); or two rows a cell, the unknown counted as no (`bound` lower) and as yes (upper). Default ``"no"`` where classified; otherwise a
        missing outcome is an error until something is chosen.
    interval : {"korn-graubard", "beta", "logit", "xlogit", "wilson", "wald", "log"}
        See `docs/explanation/design_weighted`. Where the kind chosen has no value because there are no cases (or
        only cases) the limits are Korn and Graubard's, and `interval_kind` says so.
    df : {"domain", "design"} or number
        Degrees of freedom: units less strata among those with a row in the domain; of the whole sample; or given.
    level : float
        Confidence level, between 0 and 1.

    Returns
    -------
    Estimates
        `quantity` prevalence, `value` between 0 and 1.

    Raises
    ------
    DesignFault
        FL-DESIGN-06 to FL-DESIGN-14.
    EstimateFault
        FL-EST-01 to FL-EST-17.

    Notes
    -----
    p = Σ w y / Σ w over the rows counted; its influence is w (y − p)/Σ w, and the variance that of its sum over
    primary sampling units within strata, stage by stage where sampling fractions are given. `undetermined` is
    Σ w over rows of unknown outcome / Σ w over rows in scope. `deff` is against simple random sampling with
    replacement of the rows counted.

    References
    ----------
    Särndal, Swensson and Wretman (1992), Model Assisted Survey Sampling, ch. 4, 5. Korn and Graubard (1998), Survey
    Methodology 24(2), 193-201. Parker et al. (2017), Vital and Health Statistics 2(175).

    Examples
    --------
    >>> import fl_estimate as fl, pandas as pd
    >>> people = pd.DataFrame({"w": [10.0, 20, 10, 20, 15, 15], "ea": [1, 1, 2, 2, 3, 3], "fl": [0, 1, 0, 0, 1, 0]})
    >>> estimates = fl.estimate_prevalence(people, "fl", design=fl.Design(weights="w", psu="ea"))
    >>> row = estimates.to_frame().iloc[0]
    >>> [round(float(row[name]), 4) for name in ("value", "se", "lower", "upper")]
    [0.3889, 0.2003, 0.0047, 0.9665]
    """
    call = _Call("estimate_prevalence", people, design, by, where, unknown, interval, df, level)
    call.check(PROPORTION)
    targets = make_targets(call.people.schema, as_list(outcome, "outcome"), where=where, unknown=unknown)
    measures = [
        Measure(target=t, top=top, bottom=t.counted, bound=bound) for t in targets.targets for top, bound in _bounds(t)
    ]
    table = tabulate(call.people, targets, measures)
    not_binary = [cells.measure.target.outcome for cells in table.cells if not cells.binary]
    if not_binary:
        raise EstimateFault(
            "FL-EST-14",
            "a prevalence needs an outcome of 0 and 1",
            found=f"{not_binary[0]!r} holds other numbers",
            fix="use fl.estimate_mean for quantities, or derive a 0/1 column",
        )
    return _estimates(call, targets, table, quantity="prevalence")


def estimate_total(
    people: Any,
    outcome: str | Sequence[str],
    *,
    design: Design | None = None,
    by: By = None,
    where: str | None = None,
    unknown: Unknown | None = None,
    interval: GeneralInterval = "log",
    df: DfRule | float = "domain",
    level: float = 0.95,
) -> Estimates:
    """Estimate how many people have an outcome, or the sum of a quantity over the population.

    Use it with weights that expand to the population; weights that were scaled to the sample give nonsense.

    Parameters
    ----------
    people, outcome, design, by, where, unknown, df, level
        As in `estimate_prevalence`; `outcome` may be any number.
    interval : {"log", "wald"}
        ``log`` keeps the lower limit above 0. A total of zero cases gets [0, N̂·U], with U the upper limit of Korn
        and Graubard for the prevalence and N̂ the people counted.

    Returns
    -------
    Estimates
        `quantity` total, `value` in persons (or the outcome's unit); `cases` only where the outcome is 0/1.

    Raises
    ------
    EstimateFault
        FL-EST-10: neither weights nor sampling fractions, so that there is no population to expand to; and as in
        `estimate_prevalence`.

    Notes
    -----
    Y = Σ w y, influence w y. The log interval is Y exp(± t se/Y); it has no value for Y ≤ 0.

    Examples
    --------
    >>> import fl_estimate as fl, pandas as pd
    >>> people = pd.DataFrame({"w": [10.0, 20, 10, 20, 15, 15], "ea": [1, 1, 2, 2, 3, 3], "fl": [0, 1, 0, 0, 1, 0]})
    >>> estimates = fl.estimate_total(people, "fl", design=fl.Design(weights="w", psu="ea"))
    >>> float(estimates.to_frame()["value"].iloc[0])
    35.0
    """
    call = _Call("estimate_total", people, design, by, where, unknown, interval, df, level)
    call.check(GENERAL)
    if not call.resolved.design.weights_known:
        raise EstimateFault(
            "FL-EST-10",
            "a total needs weights that expand to the population",
            found="neither weights nor sampling fractions in the design",
            fix="give Design(weights=…), or fpc= for every stage",
        )
    targets = make_targets(call.people.schema, as_list(outcome, "outcome"), where=where, unknown=unknown)
    measures = [
        Measure(target=t, top=top, bottom=None, bound=bound) for t in targets.targets for top, bound in _bounds(t)
    ]
    table = tabulate(call.people, targets, measures)
    _require_binary_for(table, unknown)
    return _estimates(call, targets, table, quantity="total")


def estimate_mean(
    people: Any,
    variable: str | Sequence[str],
    *,
    design: Design | None = None,
    by: By = None,
    where: str | None = None,
    unknown: Literal["exclude"] | None = None,
    interval: GeneralInterval = "wald",
    df: DfRule | float = "domain",
    level: float = 0.95,
) -> Estimates:
    """Estimate the mean of a quantity, nationally and by domain.

    Parameters
    ----------
    people, design, by, where, df, level
        As in `estimate_prevalence`.
    variable : str or list of str
        Columns of numbers.
    unknown : {"exclude"}, optional
        Leave rows with a missing value out (of every variable of the call); without it a missing value is an error.
    interval : {"wald", "log"}

    Returns
    -------
    Estimates
        `quantity` mean, `value` in the variable's unit.

    Raises
    ------
    EstimateFault
        FL-EST-13: bounds or "no" asked for, which have no meaning for a quantity; and as in `estimate_prevalence`.

    Notes
    -----
    ȳ = Σ w y / Σ w, influence w (y − ȳ)/Σ w.

    Examples
    --------
    >>> import fl_estimate as fl, pandas as pd
    >>> people = pd.DataFrame({"w": [1.0, 1, 2, 2], "ea": [1, 1, 2, 2], "hours": [40.0, 44, 50, 60]})
    >>> estimates = fl.estimate_mean(people, "hours", design=fl.Design(weights="w", psu="ea"))
    >>> round(float(estimates.to_frame()["value"].iloc[0]), 3)
    50.667
    """
    call = _Call("estimate_mean", people, design, by, where, unknown, interval, df, level)
    call.check(GENERAL)
    _only_exclude(unknown)
    targets = make_targets(call.people.schema, as_list(variable, "variable"), where=where, unknown=unknown)
    measures = [Measure(target=t, top=t.value, bottom=t.counted) for t in targets.targets]
    return _estimates(call, targets, tabulate(call.people, targets, measures), quantity="mean")


def estimate_ratio(
    people: Any,
    numerator: str | Sequence[str],
    denominator: str,
    *,
    design: Design | None = None,
    by: By = None,
    where: str | None = None,
    unknown: Literal["exclude"] | None = None,
    interval: GeneralInterval = "wald",
    df: DfRule | float = "domain",
    level: float = 0.95,
) -> Estimates:
    """Estimate the ratio of two totals, such as an unemployment rate: unemployed over labour force.

    Parameters
    ----------
    people, design, by, where, df, level
        As in `estimate_prevalence`.
    numerator : str or list of str
    denominator : str
        Columns of numbers.
    unknown : {"exclude"}, optional
        Leave out rows where either is missing; without it a missing value is an error.
    interval : {"wald", "log"}

    Returns
    -------
    Estimates
        `quantity` ratio, `outcome` ``numerator/denominator``.

    Raises
    ------
    EstimateFault
        As in `estimate_mean`.

    Notes
    -----
    R = Σ w y / Σ w x, influence w (y − R x)/Σ w x.

    Examples
    --------
    >>> import fl_estimate as fl, pandas as pd
    >>> people = pd.DataFrame({"ea": [1, 1, 2, 2], "out": [1, 0, 0, 1], "active": [1, 1, 0, 1]})
    >>> estimates = fl.estimate_ratio(people, "out", "active", design=fl.Design(psu="ea"))
    >>> round(float(estimates.to_frame()["value"].iloc[0]), 4)
    0.6667
    """
    call = _Call("estimate_ratio", people, design, by, where, unknown, interval, df, level)
    call.check(GENERAL)
    _only_exclude(unknown)
    names = as_list(numerator, "numerator")
    targets = make_targets(call.people.schema, names, denominator=denominator, where=where, unknown=unknown)
    measures = [Measure(target=t, top=t.value, bottom=t.denominator) for t in targets.targets]
    return _estimates(call, targets, tabulate(call.people, targets, measures), quantity="ratio")


class _Call:
    """The arguments of one call, checked once."""

    def __init__(
        self,
        name: str,
        people: Any,
        design: Design | None,
        by: By,
        where: str | None,
        unknown: str | None,
        interval: str,
        df: DfRule | float,
        level: float,
    ) -> None:
        self.name, self.by, self.where, self.unknown = name, by, where, unknown
        self.interval, self.level = interval, level
        self.df: DfRule | float = df
        self.resolved: Resolved = resolve(people, design)
        check_by_columns([column for margin in by_margins(by) for column in margin])
        self.people: People = read_people(self.resolved.frame, self.resolved.design, by)

    def check(self, intervals: Sequence[str]) -> None:
        if self.interval not in intervals:
            raise not_one_of("FL-EST-16", f"this interval for {self.name}", str(self.interval), intervals)
        if not 0 < self.level < 1:
            raise EstimateFault(
                "FL-EST-17", "the level is not between 0 and 1", found=repr(self.level), fix="95 % is level=0.95"
            )
        number = isinstance(self.df, int | float) and not isinstance(self.df, bool)
        if self.df not in ("domain", "design") and not (number and float(self.df) > 0):
            raise EstimateFault(
                "FL-EST-18", "this rule for degrees of freedom is not known", found=repr(self.df),
                fix='df="domain", df="design", or a number above 0',
            )  # fmt: skip

    def arguments(self, targets: Targets) -> Mapping[str, Any]:
        return {
            "outcome": [target.outcome for target in targets.targets],
            "by": [list(margin) for margin in by_margins(self.by)],
            "where": self.where or "",
            "unknown": targets.targets[0].treatment,
            "interval": self.interval,
            "df": self.df,
            "level": self.level,
            "design": {
                "weights": self.resolved.design.weights or "",
                "strata": self.resolved.design.strata or "",
                "stages": list(self.resolved.design.stages),
                "fpc": list(self.resolved.design.fpc),
                "single_psu": self.resolved.design.single_psu,
            },
        }


def _bounds(target: Target) -> tuple[tuple[str, str], ...]:
    if target.upper is None:
        return ((target.value, ""),)
    return ((target.value, "lower"), (target.upper, "upper"))


def _only_exclude(unknown: str | None) -> None:
    if unknown not in (None, "exclude"):
        raise EstimateFault(
            "FL-EST-13", "this treatment of unknown answers has no meaning for a quantity", found=repr(unknown),
            fix='unknown="exclude"',
        )  # fmt: skip


def _require_binary_for(table: DomainTable, unknown: str | None) -> None:
    if unknown in ("no", "bounds") and not all(cells.binary for cells in table.cells):
        _only_exclude(unknown)


def _estimates(call: _Call, targets: Targets, table: DomainTable, *, quantity: str) -> Estimates:
    """Lay the cells out in the order of design.md: outcome, then nation and margins, then domains, then bounds."""
    columns = {name: list[Any]() for name in ("outcome", "margin", "value", "se", "lower", "upper", "interval_kind")}
    columns |= {name: list[Any]() for name in ("bound", "undetermined", "n", "cases", "df", "deff")}
    by = tuple(dict.fromkeys(column for margin in by_margins(call.by) for column in margin))
    labels = {name: list[Any]() for name in by}
    reasons, places = list[Reason](), list[int]()
    offsets = np.cumsum([0, *(len(cells.value) for cells in table.cells)])
    for group in _groups(table.cells):
        finished = [_finish(table.cells[place], table, call, quantity) for place in group]
        for domain, label in enumerate(table.cells[group[0]].margin.labels):
            for place, (values, cell_reasons) in zip(group, finished, strict=True):
                cells, row = table.cells[place], len(places)
                for name, column in values.items():
                    columns[name].append(column[domain])
                columns["outcome"].append(cells.measure.target.outcome)
                columns["margin"].append(cells.margin.name)
                columns["bound"].append(cells.measure.bound)
                known = dict(zip(cells.margin.columns, label, strict=True))
                for name in by:
                    labels[name].append(known.get(name))
                reasons += [Reason(code=code, row=row, parameters=p) for code, p in cell_reasons[domain]]
                places.append(int(offsets[place]) + domain)
    rows = len(places)
    columns |= {"quantity": [quantity] * rows, "level": [call.level] * rows, "method": ["taylor"] * rows}
    source = call.resolved.source
    return Estimates(
        frame=make_frame(columns, labels, rows),
        by=by,
        population=call.resolved.population,
        reference_period=str(call.resolved.reference_period or ""),
        reasons=tuple(reasons),
        assumptions=_assumptions(call, targets, table),
        provenance=Provenance(
            call=call.name,
            arguments=call.arguments(targets),
            source_name=source.name if source else "",
            source_sha256=source.sha256 if source else "",
        ),
        covariance_matrix=None if table.covariance is None else table.covariance[np.ix_(places, places)],
    )


def _groups(cells: Sequence[Cells]) -> list[list[int]]:
    """Cells that stand side by side: the same outcome and margin, one or two bounds."""
    groups: dict[tuple[str, str], list[int]] = {}
    for place, cell in enumerate(cells):
        groups.setdefault((cell.measure.target.value, cell.margin.name), []).append(place)
    return list(groups.values())


Reasons = list[tuple[str, tuple[tuple[str, Any], ...]]]


def _finish(cells: Cells, table: DomainTable, call: _Call, quantity: str) -> tuple[dict[str, Any], list[Reasons]]:
    """Standard errors, intervals and reasons of one measure in every domain of a margin."""
    df = _df(cells, table, call.df)
    empty = ~(cells.n > 0)
    share = _share(cells)
    none = cells.binary & ~empty & (share == 0)
    all_cases = cells.binary & ~empty & (share == 1)
    edge = none | all_cases
    is_prevalence = quantity == "prevalence"
    exact = none | (all_cases & is_prevalence)
    # Where an estimate is exactly 0 or 1, rounding must not leave a standard error of 1e-19.
    variance = np.where(exact, 0.0, np.maximum(cells.variance, 0.0))
    se = np.sqrt(variance)
    if is_prevalence:
        lower, upper = proportion(call.interval, cells.value, se, cells.n, df, call.level)
    else:
        lower, upper = general(call.interval, cells.value, se, df, call.level)
    kind = np.full(len(se), call.interval, dtype=object)
    lower, upper, kind = _edges(cells, call, df, none, all_cases & is_prevalence, (lower, upper, kind))
    if table.sample.census:
        lower, upper = np.where(df > 0, cells.value, lower), np.where(df > 0, cells.value, upper)
    lower, upper = np.where(empty, np.nan, lower), np.where(empty, np.nan, upper)
    kind = np.where(np.isnan(lower), "", kind)
    with np.errstate(divide="ignore", invalid="ignore"):
        deff = np.where(edge | ~(cells.srs_variance > 0), np.nan, variance / cells.srs_variance)
    values = {
        "value": cells.value, "se": se, "lower": lower, "upper": upper, "interval_kind": kind,
        "undetermined": cells.undetermined, "n": cells.n, "df": df, "deff": deff,
        "cases": cells.cases if cells.binary else np.full(len(se), np.nan),
    }  # fmt: skip
    return values, _reasons(cells, table, call, df, (lower, upper), none, all_cases)


def _share(cells: Cells) -> Floats:
    """The measure as a share of the people counted."""
    if cells.measure.bottom is not None:
        return cells.value
    with np.errstate(divide="ignore", invalid="ignore"):
        return cells.value / cells.weight


def _df(cells: Cells, table: DomainTable, rule: DfRule | float) -> Floats:
    if rule == "domain":
        return cells.df
    return np.full(len(cells.df), table.design_df if isinstance(rule, str) else float(rule))


def _edges(
    cells: Cells, call: _Call, df: Floats, none: Any, every: Any, limits: tuple[Floats, Floats, Any]
) -> tuple[Floats, Floats, Any]:
    """Zero cases: [0, U]; all cases: [1 − U, 1]; by Korn and Graubard where the interval asked for has no value."""
    lower, upper, kind = limits
    if call.interval == "wilson":
        return limits
    reach = no_case_limits(cells.n, df, call.level)
    size = cells.weight if cells.measure.bottom is None else np.ones(len(df))
    known = ~np.isnan(reach)
    lower = np.where(none, np.where(known, 0.0, np.nan), np.where(every, 1 - reach, lower))
    upper = np.where(none, size * reach, np.where(every, np.where(known, 1.0, np.nan), upper))
    return lower, upper, np.where(none | every, "korn-graubard", kind)


def _reasons(
    cells: Cells, table: DomainTable, call: _Call, df: Floats, limits: tuple[Floats, Floats], none: Any, every: Any
) -> list[Reasons]:
    lower, upper = limits
    proportion_like = cells.binary and cells.measure.bottom is not None
    out: list[Reasons] = []
    for place in range(len(df)):
        said: Reasons = []
        if not cells.n[place] > 0:
            out.append([("no_rows", ())])
            continue
        if none[place]:
            said.append(("zero_cases", ()))
        if every[place]:
            said.append(("all_cases", ()))
        if not df[place] > 0:
            said.append(("df_not_positive", (("df", float(df[place])),)))
        elif np.isnan(lower[place]):
            said.append(("interval_not_defined", (("kind", call.interval),)))
        if proportion_like and (lower[place] < 0 or upper[place] > 1):
            said.append(("interval_outside_range", (("kind", call.interval),)))
        if table.sample.census:
            said.append(("census", ()))
        out.append(said)
    return out


def _assumptions(call: _Call, targets: Targets, table: DomainTable) -> tuple[Assumption, ...]:
    design, sample = call.resolved.design, table.sample
    said: list[tuple[str, dict[str, Any]]] = [("taylor_linearisation", {})]
    if design.strata is None and not design.stages:
        said.append(("simple_random_sample", {}))
    if design.fpc:
        said.append(("finite_population_correction", {"stages": len(design.fpc)}))
    else:
        said.append(("with_replacement_first_stage", {}))
    if len(design.stages) > max(1, len(design.fpc)):
        said.append(("later_stages_ignored", {"stages": len(design.stages) - max(1, len(design.fpc))}))
    if sample.single_strata:
        said.append(("single_psu_rule", {"rule": design.single_psu, "strata": sample.single_strata}))
    said.append(("df_rule", {"rule": call.df}))
    treatment = {"no": "unknown_as_no", "exclude": "unknown_excluded", "bounds": "unknown_bounds"}
    if targets.targets[0].treatment:
        said.append((treatment[targets.targets[0].treatment], {}))
    if call.where is not None:
        said.append(("subpopulation", {"where": call.where}))
    said.append(("deff_reference", {}))
    said += [(code, dict(parameters)) for code, parameters in call.resolved.notes([t.outcome for t in targets.targets])]
    return tuple(Assumption(code=code, parameters=tuple(parameters.items())) for code, parameters in said)
