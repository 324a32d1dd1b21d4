"""One design-weighted call: its arguments checked once, and its cells laid out as Estimates with limits and reasons."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import replace
from numbers import Real
from typing import Any, Literal, get_args

import numpy as np

from fl_estimate.design.domains import By, Order, by_margins
from fl_estimate.design.identified import end_level
from fl_estimate.design.intervals import Level, general, no_case_limits, proportion
from fl_estimate.design.read_once import totals_once
from fl_estimate.design.replicates import AVERAGED
from fl_estimate.design.sample import SampleStages
from fl_estimate.design.small_table import Floats
from fl_estimate.design.totals import as_frame, require_columns
from fl_estimate.errors import CONDITION, EstimateFault, not_one_of, require_name, shown
from fl_estimate.estimators.survey.call_arguments import VarianceRule, design_arguments, levels_of, replicated_by
from fl_estimate.estimators.survey.design_words import of_adjustments, of_sampling
from fl_estimate.estimators.survey.domain_query import Measure, SampledPeople, declared, read_people
from fl_estimate.estimators.survey.domain_table import DomainMeasures, DomainTable, tabulate
from fl_estimate.estimators.survey.imputed import IMPUTE, Imputed, in_place_of, require_draws
from fl_estimate.estimators.survey.targets import Level as Value
from fl_estimate.estimators.survey.targets import Outcome, OutcomeColumns, Targets, as_list, is_text, names_in
from fl_estimate.inputs.replicates import Replicates
from fl_estimate.inputs.respondents import Resolved, resolve
from fl_estimate.inputs.sample_design import Design
from fl_estimate.results.basis import Support
from fl_estimate.results.build import build
from fl_estimate.results.codes import (
    CENSUS,
    DEFF_REFERENCE,
    DF_NOT_POSITIVE,
    DF_RULE,
    INTERVAL_NOT_DEFINED,
    NO_ROWS,
    PREVALENCE,
    REPLICATES,
    SUBPOPULATION,
    TAYLOR,
    UNKNOWN_AS_NO,
    UNWEIGHTED,
    ZERO_CASES,
    ZERO_WEIGHTS,
    Assumption,
    AssumptionCode,
    Quantity,
    Reason,
    ReasonCode,
)
from fl_estimate.results.columns import IDENTIFIED, check_by_columns
from fl_estimate.results.estimates import Estimates
from fl_estimate.results.provenance import Provenance
from fl_estimate.results.recipe import Period, Recipe

ALL_CASES = ReasonCode("all_cases")
VARIANCE_NEGATIVE = ReasonCode("variance_negative")
INTERVAL_OUTSIDE_RANGE = ReasonCode("interval_outside_range", "kind")
CASES_IN_FEW_UNITS = ReasonCode("cases_in_few_units", "units", "df", tells_cases=True, in_full_only=("units", "df"))
REPLICATES_WITHOUT_VALUE = ReasonCode("replicates_without_value", "replicates", "of")
REPLICATES_MADE_UP = ReasonCode("replicates_made_up", "replicates", "of")
TAYLOR_LINEARISATION = AssumptionCode("taylor_linearisation")
REPLICATE_VARIANCE = AssumptionCode("replicate_variance", "kind", "replicates", "centre")
SINGLE_PSU_RULE = AssumptionCode("single_psu_rule", "rule", "strata")
TREATMENTS: dict[str, AssumptionCode] = {
    "no": UNKNOWN_AS_NO,
    "exclude": AssumptionCode("unknown_excluded"),
    "bounds": AssumptionCode("unknown_bounds"),
}

DfRule = Literal["domain", "design"]
OwnDfRule = Literal["domain", "design", "effective"]
"""The same of variances that know their own degrees of freedom."""
FEW_DF, CROWDED = 15.0, 1.3
"""Effective degrees of freedom, and cases a unit with a case, at which limits by units less strata are too low: of
simulated samples of 133 units with 7 to 40 expected cases these mark most that cover 94 % or less, and at most 4 % of those
without clustering (`docs/explanation/design_weighted`)."""


MOST_LEVELS = 200
"""Values of a column of text up to which each is an outcome; a column of names is a mistake."""


class Call:
    """The arguments of one call, checked once."""

    def __init__(
        self,
        name: str,
        people: Any,
        design: Design | None,
        by: By,
        where: str | None,
        unknown: str | None,
        variance: VarianceRule | None,
        interval: str,
        df: OwnDfRule | float,
        level: float,
        *,
        named: Sequence[str] = (),
    ) -> None:
        self.name, self.by, self.where, self.unknown = name, by, where, unknown
        self.interval, self.level = interval, level
        self.df: OwnDfRule | float = df
        require_name(where, "where", optional=True, fix=CONDITION)
        margins = by_margins(by)
        self.resolved: Resolved = resolve(people, design, unread=True)
        self.drawn: tuple[str, ...] = ()
        if unknown == IMPUTE:
            self._drawn_beside(people, named)
        replicated = replicated_by(variance, self.resolved.design)
        check_by_columns([column for margin in margins for column in margin])
        people = read_people(
            self.resolved.frame, self.resolved.design, by, replicated=replicated, unread=self.resolved.unread
        )
        self.people: SampledPeople = replace(people, categories=self._ordered(people))

    def _drawn_beside(self, people: Any, named: Sequence[str]) -> None:
        """Put the draws of the outcomes that the call names beside them."""
        columns = as_frame(self.resolved.frame).collect_schema().names()
        asked = [
            *named,
            *(column for margin in by_margins(self.by) for column in margin),
            *names_in(self.where, columns),
        ]
        self.drawn = require_draws(people, asked, columns)
        self._imputed: Imputed = people
        self.resolved = replace(self.resolved, frame=people.with_draws(self.drawn))

    @property
    def imputed(self) -> Imputed:
        """The people with the draws of their unknown answers, where the call asks for these."""
        return self._imputed

    @property
    def treatment(self) -> Any:
        """What is done with answers that are unknown still: none of those imputed is."""
        return None if self.unknown == IMPUTE else self.unknown

    def of_draw(self, draw: int) -> Call:
        """The same call of the answers as completed by one draw, from 1."""
        made = copy.copy(self)
        frame = self.people.frame.with_columns(*in_place_of(self.drawn, draw))
        made.people = replace(self.people, given=frame, schema=frame.collect_schema())
        return made

    def _ordered(self, people: SampledPeople) -> dict[str, Sequence[str]]:
        """Categories that the frame declares; of other by-columns the order that was meant by labels, where there is one."""
        by = dict.fromkeys(column for margin in by_margins(self.by) for column in margin)
        meant = {name: Order(order) for name in by if (order := self.resolved.wording.order(name))}
        return {**meant, **people.categories}

    def outcomes(self, names: str | Sequence[str], argument: str) -> tuple[Outcome, ...]:
        """The outcomes named; a column of text gives one for each of its values.

        Raises
        ------
        EstimateFault
            FL-EST-11 (no name), FL-EST-02 (not in the data), FL-EST-80 (a column of text without a value),
            FL-EST-82 (of more than 200 values), FL-EST-262 (of texts that are numbers other than 0 and 1).
        """
        found: list[Outcome] = []
        for name in as_list(names, argument):
            require_columns(self.people.schema, [name])
            found += self._levels(name) if is_text(self.people.schema, name) else [name]
        return tuple(found)

    def _levels(self, column: str) -> list[Value]:
        """Each value of a column of text; of texts "0" and "1" the 1, under the name of the column itself.

        Categories that a frame declares are classes, also where they are called 1, 2 and 3.
        """
        stated = known = declared(self.resolved.frame, self.people.schema, [column]).get(column)
        if known is None:
            read = totals_once(self.people.given, self.people.unread, keys=(column,), columns={}, sums={})
            known = read.keys[column].levels
        if not known:
            raise EstimateFault(
                "FL-EST-80", "a column of text holds no value to count", found=shown(column),
                fix="check the mapping: every row of this column is missing",
            )  # fmt: skip
        if len(known) > MOST_LEVELS:
            raise EstimateFault(
                "FL-EST-82", "a column of text has too many values to count each",
                found=f"{column!r}: {len(known):,} values", fix="bring them into classes first, or name a 0/1 column",
            )  # fmt: skip
        return levels_of(column, [str(value) for value in known], stated=stated is not None)

    def tabulate(self, targets: Targets, measures: Sequence[Measure]) -> DomainTable:
        """The table of domains."""
        return tabulate(self.people, targets, measures, ranks=isinstance(self.df, str))

    def check(self, intervals: Sequence[str], rules: Sequence[str] = get_args(DfRule)) -> None:
        if self.interval not in intervals:
            raise not_one_of("FL-EST-16", f"this interval for {self.name}", self.interval, intervals)
        if not isinstance(self.level, Real) or not 0 < self.level < 1:
            raise EstimateFault(
                "FL-EST-17", "the level is not between 0 and 1", found=shown(self.level), fix="95 % is level=0.95"
            )
        number = isinstance(self.df, int | float) and not isinstance(self.df, bool)
        if self.df not in rules and not (number and float(self.df) > 0):
            raise EstimateFault(
                "FL-EST-18", "this rule for degrees of freedom is not known", found=shown(self.df),
                fix=f"{', '.join(f'df={rule!r}' for rule in rules)}, or a number above 0",
            )  # fmt: skip

    def arguments(self, targets: Targets) -> Mapping[str, Any]:
        """The arguments for the record, with what unknown answers of the outcomes came to mean."""
        return {
            "outcome": [target.outcome for target in targets.targets],
            "by": [list(margin) for margin in by_margins(self.by)],
            **self.settings(),
            "unknown": targets.targets[0].treatment,
        }

    def settings(self) -> dict[str, Any]:
        """The arguments that every call has, for the record."""
        return {
            "where": self.where or "",
            "unknown": self.unknown or "",
            "interval": self.interval,
            "df": self.df,
            "level": self.level,
            "design": design_arguments(self.resolved.design, self.people.design.replicates),
            **_framework(self.resolved.noted),
        }


def _framework(classified: Any) -> dict[str, list[str]]:
    """The frameworks by which the people were classified, each with its day: what a later round has to have in common."""
    frameworks = getattr(classified, "frameworks", ())
    told = [f"{one.id} ({one.date})" if one.date else str(one.id) for one in frameworks]
    return {"framework": told} if told else {}


def bounds_of(target: OutcomeColumns) -> tuple[tuple[str, str], ...]:
    """The row columns of an outcome with the name of its bound: one, or the lower and the upper."""
    if target.upper is None:
        return ((target.value, ""),)
    return ((target.value, "lower"), (target.upper, "upper"))


def only_exclude(unknown: str | None, *, imputed: bool = False) -> None:
    """FL-EST-13 where unknown= says something that has no meaning for a quantity; `imputed` is for what takes draws."""
    if unknown not in (None, "exclude", *([IMPUTE] if imputed else [])):
        raise EstimateFault(
            "FL-EST-13", "this treatment of unknown answers has no meaning for a quantity", found=shown(unknown),
            fix='unknown="exclude"' + (', or unknown="impute" of people from fl.impute' if imputed else ""),
        )  # fmt: skip


def require_binary_for(table: DomainTable, unknown: str | None) -> None:
    """FL-EST-13 where unknown answers of an outcome that is no 0/1 are to be counted."""
    if unknown in ("no", "bounds") and not all(cells.binary for cells in table.cells):
        only_exclude(unknown)


def lay_out(call: Call, targets: Targets, table: DomainTable, *, quantity: Quantity) -> Estimates:
    """Lay the cells out in the order of design.md: outcome, then nation and margins, then domains, then bounds."""
    columns = {name: list[Any]() for name in ("outcome", "margin", "value", "se", "lower", "upper", "interval_kind")}
    columns |= {name: list[Any]() for name in ("bound", "undetermined", "n", "cases", "df", "df_effective", "deff")}
    by = tuple(dict.fromkeys(column for margin in by_margins(call.by) for column in margin))
    labels = {name: list[Any]() for name in by}
    reasons, positions = list[Told](), list[int]()
    offsets = np.cumsum([0, *(len(cells.value) for cells in table.cells)])
    for group in _groups(table.cells):
        finished = _side_by_side(group, table, call, quantity)
        for domain, label in enumerate(table.cells[group[0]].margin.labels):
            for position, bound, values, cell_reasons in finished:
                cells, row = table.cells[position], len(positions)
                for name, column in values.items():
                    columns[name].append(column[domain])
                columns["outcome"].append(cells.measure.target.outcome)
                columns["margin"].append(cells.margin.name)
                columns["bound"].append(bound)
                known = dict(zip(cells.margin.columns, label, strict=True))
                for name in by:
                    labels[name].append(known.get(name))
                reasons += [(code, row, told) for code, told in cell_reasons[domain]]
                positions.append(int(offsets[position]) + domain)
    outcomes, crossing = [target.outcome for target in targets.targets], table.crossing
    support = support_of(table.cells, call.df, table).take(positions)
    # Of a mean or total of a quantity "cases" has no meaning, nor has where they were met.
    met = np.where(np.isnan(np.array(columns["cases"], dtype=float)), np.nan, support.psus_with_cases)
    return build(
        {**columns, "psus_with_cases": met, "level": call.level},
        labels,
        quantity=quantity,
        method=REPLICATES if table.replicates else TAYLOR,
        basis="respondents",
        recipe=recipe_of(
            call, [*by, *outcomes], call.arguments(targets), call_assumptions(call, targets, table),
            measure=call.resolved.measure(outcomes),
        ),
        support=support,
        reasons=[code.at(row, **told) for code, row, told in reasons],
        covariance=table.covariance_of(positions, np.array(columns["bound"]) == IDENTIFIED),
        cells=None if crossing is None else replace(crossing, where=call.where or ""),
    )  # fmt: skip


def lay_out_again(made: Estimates, call: Call, table: DomainTable) -> Estimates:
    """Rows that `lay_out` made of the same table, with the limits, degrees of freedom and reasons of another interval.

    For simulations, which try many intervals on each sample: the assumptions and the provenance stay those of the first.
    """
    offsets = np.cumsum([0, *(len(cells.value) for cells in table.cells)])
    quantity = Quantity.of(str(made.frame["quantity"].iloc[0]))
    names = ("lower", "upper", "df", "interval_kind")
    changed = {name: list[Any]() for name in names}
    reasons, positions = list[Reason](), list[int]()
    for group in _groups(table.cells):
        finished = _side_by_side(group, table, call, quantity)
        for domain in range(len(table.cells[group[0]].margin.labels)):
            for position, _, values, told in finished:
                for name in names:
                    changed[name].append(values[name][domain])
                reasons += [code.at(len(positions), **more) for code, more in told[domain]]
                positions.append(int(offsets[position]) + domain)
    return replace(
        made,
        frame=made.frame.assign(
            **{**changed, "interval_kind": [str(kind) for kind in changed["interval_kind"]]}, level=call.level
        ),
        support=support_of(table.cells, call.df, table).take(positions),
        reasons=tuple(reasons),
    )


def _side_by_side(
    group: Sequence[int], table: DomainTable, call: Call, quantity: Quantity
) -> list[tuple[int, str, dict[str, Any], list[Reasons]]]:
    """The rows of each domain of cells that stand side by side: their place, bound, columns and reasons."""
    found = [
        (position, table.cells[position].measure.bound, *_finish(table.cells[position], table, call, quantity))
        for position in group
    ]
    if len(group) == 2:
        ends = [table.cells[position] for position in group]
        found.append((group[0], IDENTIFIED, *_identified(ends, table.gap_se(*group), table, call, quantity)))
    return found


def recipe_of(
    call: Call, names: Sequence[str], arguments: Mapping[str, Any], assumptions: Sequence[Assumption], measure: str = ""
) -> Recipe:
    """The recipe of a call on people: of whom they are, from which file; the words of these columns and outcomes."""
    resolved, source = call.resolved, call.resolved.source
    return Recipe(
        measure=measure,
        population=resolved.population,
        period=Period(str(resolved.reference_period or "")),
        assumptions=tuple(assumptions),
        provenance=Provenance(
            call=call.name,
            arguments=arguments,
            source_name=source.name if source else "",
            source_sha256=source.sha256 if source else "",
        ),
        wording=resolved.wording.only(names),
    )


def _groups(cells: Sequence[DomainMeasures]) -> list[list[int]]:
    """Cells that stand side by side: the same outcome and margin, one or two bounds."""
    groups: dict[tuple[str, str], list[int]] = {}
    for position, cell in enumerate(cells):
        groups.setdefault((cell.measure.target.value, cell.margin.name), []).append(position)
    return list(groups.values())


Reasons = list[tuple[ReasonCode, dict[str, Any]]]
Told = tuple[ReasonCode, int, dict[str, Any]]


def _finish(
    cells: DomainMeasures, table: DomainTable, call: Call, quantity: Quantity
) -> tuple[dict[str, Any], list[Reasons]]:
    """Standard errors, intervals and reasons of one measure in every domain of a margin."""
    df = df_of(cells, table, call.df)
    empty = ~(cells.n > 0)
    share = _share(cells)
    none = cells.binary & ~empty & (share == 0)
    all_cases = cells.binary & ~empty & (share == 1)
    edge = none | all_cases
    exact = none | (all_cases & (quantity == PREVALENCE))
    # Where an estimate is exactly 0 or 1, rounding must not leave a standard error of 1e-19.
    variance = np.where(exact, 0.0, np.where(cells.variance < 0, np.nan, cells.variance))
    se = np.sqrt(variance)
    lower, upper, kind = _limits(cells, table, call, quantity, call.level)
    with np.errstate(divide="ignore", invalid="ignore"):
        deff = np.where(edge | ~(cells.srs_variance > 0), np.nan, variance / cells.srs_variance)
    values = {
        "value": cells.value, "se": se, "lower": lower, "upper": upper, "interval_kind": kind,
        "undetermined": cells.undetermined, "n": cells.n, "df": df, "deff": deff,
        "df_effective": np.where(exact, np.nan, effective_df_of(cells)),
        "cases": cells.cases if cells.binary else np.full(len(se), np.nan),
    }  # fmt: skip
    return values, _reasons(cells, table, call, df, (lower, upper), none, all_cases)


def _error(cells: DomainMeasures, quantity: Quantity) -> Floats:
    """Standard errors, 0 where an estimate is exactly 0 or 1."""
    share = _share(cells)
    exact = cells.binary & (cells.n > 0) & ((share == 0) | ((share == 1) & (quantity == PREVALENCE)))
    # Rounding must not leave a standard error of 1e-19 there.
    return np.sqrt(np.where(exact, 0.0, np.where(cells.variance < 0, np.nan, cells.variance)))


def _limits(
    cells: DomainMeasures, table: DomainTable, call: Call, quantity: Quantity, level: Level
) -> tuple[Floats, Floats, Any]:
    """Limits at a level (of all domains, or of each), and their kind."""
    df, se, share = df_of(cells, table, call.df), _error(cells, quantity), _share(cells)
    met, is_prevalence = cells.n > 0, quantity == PREVALENCE
    if is_prevalence:
        lower, upper = proportion(call.interval, cells.value, se, cells.n, df, level, cells.logit_se)
    else:
        lower, upper = general(call.interval, cells.value, se, df, level)
    none, every = cells.binary & met & (share == 0), cells.binary & met & (share == 1) & is_prevalence
    kind = np.full(len(se), call.interval, dtype=object)
    lower, upper, kind = _edges(cells, call, df, none, every, (lower, upper, kind), level)
    if table.sample.census:
        lower, upper = np.where(df > 0, cells.value, lower), np.where(df > 0, cells.value, upper)
    lower, upper = np.where(met, lower, np.nan), np.where(met, upper, np.nan)
    return lower, upper, np.where(np.isnan(lower), "", kind)


def _identified(
    ends: Sequence[DomainMeasures], gap_se: Floats, table: DomainTable, call: Call, quantity: Quantity
) -> tuple[dict[str, Any], list[Reasons]]:
    """What is known whatever the unknown answers are: no value, and limits that cover each point between the bounds."""
    low, high = ends
    df = np.minimum(df_of(low, table, call.df), df_of(high, table, call.df))
    largest = np.fmax(_error(low, quantity), _error(high, quantity))
    level = end_level(high.value - low.value, gap_se, largest, df, call.level)
    lower, _, kind = _limits(low, table, call, quantity, level)
    _, upper, upper_kind = _limits(high, table, call, quantity, level)
    known = ~(np.isnan(lower) | np.isnan(upper))
    blank = np.full(len(df), np.nan)
    values = {
        "value": blank, "se": blank, "lower": np.where(known, lower, np.nan), "upper": np.where(known, upper, np.nan),
        # Of two kinds the one that was asked for: the other stands for it where there is no case.
        "interval_kind": np.where(known, np.where(kind == call.interval, kind, upper_kind), ""),
        "undetermined": low.undetermined, "n": low.n, "df": df, "deff": blank, "df_effective": blank,
        "cases": low.cases if low.binary else blank,
    }  # fmt: skip
    return values, [[] if met else [(NO_ROWS, {})] for met in low.n > 0]


def _share(cells: DomainMeasures) -> Floats:
    """The measure as a share of the people counted."""
    if cells.measure.bottom is not None:
        return cells.value
    with np.errstate(divide="ignore", invalid="ignore"):
        return cells.value / cells.weight


def support_of(every: Sequence[DomainMeasures], rule: OwnDfRule | float, table: DomainTable) -> Support:
    """What each domain rests on, cell after cell."""
    parts = [
        Support.of(
            cells.respondents,
            cells.not_zero,
            psus_with_cases=cells.psus_with_cases,
            # What a rule of publication asks of units is asked of those that were drawn.
            df=df_of(cells, table, "domain" if rule == "effective" else rule),
            # Where there is no variance, or every row is a unit, nothing but the units can be counted.
            df_effective=df_of(cells, table, "effective"),
            undetermined=cells.n_undetermined,
        )
        for cells in every
    ]
    return Support.joined(parts)


def df_of(cells: DomainMeasures, table: DomainTable, rule: OwnDfRule | float) -> Floats:
    """Degrees of freedom of each domain by the rule asked for."""
    if rule == "domain":
        return cells.df
    if rule == "effective":
        result = effective_df_of(cells)
        return np.where(np.isnan(result), cells.df, result)
    return np.full(len(cells.df), table.design_df if isinstance(rule, str) else float(rule))


def effective_df_of(cells: DomainMeasures) -> Floats:
    """Degrees of freedom of the variance itself, at most units less strata; NaN where there are none of its own."""
    return np.where(np.isnan(cells.df_effective), np.nan, np.minimum(cells.df, cells.df_effective))


def _edges(
    cells: DomainMeasures,
    call: Call,
    df: Floats,
    none: Any,
    every: Any,
    limits: tuple[Floats, Floats, Any],
    level: Level,
) -> tuple[Floats, Floats, Any]:
    """Zero cases: [0, U]; all cases: [1 − U, 1]; by Korn and Graubard where the interval asked for has no value."""
    lower, upper, kind = limits
    if call.interval in ("wilson", "jeffreys"):
        return limits
    reach = no_case_limits(cells.n, df, level)
    size = cells.weight if cells.measure.bottom is None else np.ones(len(df))
    known = ~np.isnan(reach)
    lower = np.where(none, np.where(known, 0.0, np.nan), np.where(every, 1 - reach, lower))
    upper = np.where(none, size * reach, np.where(every, np.where(known, 1.0, np.nan), upper))
    return lower, upper, np.where(none | every, "korn-graubard", kind)


def _reasons(
    cells: DomainMeasures,
    table: DomainTable,
    call: Call,
    df: Floats,
    limits: tuple[Floats, Floats],
    none: Any,
    every: Any,
) -> list[Reasons]:
    lower, upper = limits
    proportion_like = cells.binary and cells.measure.bottom is not None
    effective = effective_df_of(cells)
    crowded = cells.binary & (effective < np.minimum(FEW_DF, df)) & (cells.cases >= CROWDED * cells.psus_with_cases)
    out: list[Reasons] = []
    for position in range(len(df)):
        reasons: Reasons = []
        if not cells.n[position] > 0:
            out.append([(NO_ROWS, {})])
            continue
        if none[position]:
            reasons.append((ZERO_CASES, {}))
        if every[position]:
            reasons.append((ALL_CASES, {}))
        if cells.variance[position] < 0:
            reasons.append((VARIANCE_NEGATIVE, {}))
        elif not df[position] > 0:
            reasons.append((DF_NOT_POSITIVE, {"df": float(df[position])}))
        elif np.isnan(lower[position]):
            reasons.append((INTERVAL_NOT_DEFINED, {"kind": call.interval}))
        if proportion_like and (lower[position] < 0 or upper[position] > 1):
            reasons.append((INTERVAL_OUTSIDE_RANGE, {"kind": call.interval}))
        if table.sample.census:
            reasons.append((CENSUS, {}))
        elif call.df != "effective" and crowded[position] and not (none[position] or every[position]):
            told = {"units": int(cells.psus_with_cases[position]), "df": float(effective[position])}
            reasons.append((CASES_IN_FEW_UNITS, told))
        if cells.lost is not None and cells.lost[position]:
            own: Any = call.people.design.replicates
            code = REPLICATES_MADE_UP if own.kind in AVERAGED else REPLICATES_WITHOUT_VALUE
            reasons.append((code, {"replicates": int(cells.lost[position]), "of": table.replicates}))
        out.append(reasons)
    return out


def call_assumptions(call: Call, targets: Targets, table: DomainTable) -> tuple[Assumption, ...]:
    """What the result of a call takes for granted."""
    said = assumptions_of_design(call, table.sample, table.replicates)
    if call.df == "effective" and all(np.isnan(cells.df_effective).all() for cells in table.cells):
        said = [DF_RULE.assume(rule="domain") if each == DF_RULE.assume(rule="effective") else each for each in said]
    if targets.targets[0].treatment:
        said.append(TREATMENTS[targets.targets[0].treatment].assume())
    if call.where is not None:
        said.append(SUBPOPULATION.assume(where=call.where))
    if table.weightless:
        said.append(ZERO_WEIGHTS.assume(rows=table.weightless))
    said.append(DEFF_REFERENCE.assume())
    return (*said, *notes_of(call, [target.outcome for target in targets.targets]))


def notes_of(call: Call, outcomes: Sequence[str]) -> list[Assumption]:
    """What the classification of the people says belongs under every table."""
    return [AssumptionCode.of(code).assume(**told) for code, told in call.resolved.notes(outcomes)]


def assumptions_of_design(call: Call, sample: SampleStages, replicates: int) -> list[Assumption]:
    """What the variance takes for granted of the sample: how it was drawn, single units, degrees of freedom, its weights."""
    design = call.resolved.design
    own = call.people.design.replicates
    said = [UNWEIGHTED.assume()] if design.unweighted else []
    if own is not None:
        said.append(REPLICATE_VARIANCE.assume(kind=own.kind, replicates=replicates, centre=own.centre))
    else:
        said.append(TAYLOR_LINEARISATION.assume())
        said += of_sampling(design)
    if sample.single_strata:
        said.append(SINGLE_PSU_RULE.assume(rule=design.single_psu, strata=sample.single_strata))
    ranked = isinstance(own, Replicates) and isinstance(call.df, str)
    if isinstance(own, Replicates) and ranked:
        said.append(DF_RULE.assume(rule="rank" if own.df is None else own.df))
    else:
        said.append(DF_RULE.assume(rule=call.df))
    return said + of_adjustments(design)
