"""One design-weighted call: its arguments checked once, and its cells laid out as Estimates with limits and reasons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

import numpy as np

from fl_estimate.design.domains import By, Order, by_margins
from fl_estimate.design.intervals import general, no_case_limits, proportion
from fl_estimate.design.sample import Sample
from fl_estimate.design.totals import Floats, require_columns, totals
from fl_estimate.errors import CONDITION, EstimateFault, not_one_of, require_name, shown
from fl_estimate.estimators.domain_query import Measure, People, declared, read_people
from fl_estimate.estimators.domain_table import Cells, DomainTable, tabulate
from fl_estimate.estimators.targets import Level, Outcome, Target, Targets, as_list, is_text
from fl_estimate.inputs.replicates import Replicates, UnitReplicates
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
    ReasonCode,
)
from fl_estimate.results.columns import check_by_columns
from fl_estimate.results.estimates import Estimates
from fl_estimate.results.provenance import Provenance
from fl_estimate.results.recipe import Period, Recipe

ALL_CASES = ReasonCode("all_cases")
VARIANCE_NEGATIVE = ReasonCode("variance_negative")
INTERVAL_OUTSIDE_RANGE = ReasonCode("interval_outside_range", "kind")
REPLICATES_WITHOUT_VALUE = ReasonCode("replicates_without_value", "replicates", "of")
TAYLOR_LINEARISATION = AssumptionCode("taylor_linearisation")
REPLICATE_VARIANCE = AssumptionCode("replicate_variance", "kind", "replicates", "centre")
SINGLE_PSU_RULE = AssumptionCode("single_psu_rule", "rule", "strata")
SIMPLE_RANDOM_SAMPLE = AssumptionCode("simple_random_sample")
TWO_PHASES = AssumptionCode("two_phases")
TWO_PHASES_APART = AssumptionCode("two_phases_apart")
UNEQUAL_PROBABILITIES = AssumptionCode("unequal_probabilities", "rule")
FINITE_POPULATION_CORRECTION = AssumptionCode("finite_population_correction", "stages")
WITH_REPLACEMENT_FIRST_STAGE = AssumptionCode("with_replacement_first_stage")
LATER_STAGES_IGNORED = AssumptionCode("later_stages_ignored", "stages")
TREATMENTS: dict[str, AssumptionCode] = {
    "no": UNKNOWN_AS_NO,
    "exclude": AssumptionCode("unknown_excluded"),
    "bounds": AssumptionCode("unknown_bounds"),
}
ADJUSTMENTS: dict[str, AssumptionCode] = {
    "calibration": AssumptionCode("weights_calibrated", "method", "margins"),
    "trimming": AssumptionCode("weights_trimmed", "upper", "lower", "rows"),
    "class": AssumptionCode("non_response_by_class", "columns", "response_rate"),
    "propensity": AssumptionCode("non_response_by_propensity", "columns", "response_rate"),
}

DfRule = Literal["domain", "design"]
VarianceRule = Literal["taylor", "replicates"]


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
        df: DfRule | float,
        level: float,
    ) -> None:
        self.name, self.by, self.where, self.unknown = name, by, where, unknown
        self.interval, self.level = interval, level
        self.df: DfRule | float = df
        require_name(where, "where", optional=True, fix=CONDITION)
        margins = by_margins(by)
        self.resolved: Resolved = resolve(people, design)
        replicated = _replicated(variance, self.resolved.design)
        check_by_columns([column for margin in margins for column in margin])
        people = read_people(self.resolved.frame, self.resolved.design, by, replicated=replicated)
        self.people: People = replace(people, categories=self._ordered(people))

    def _ordered(self, people: People) -> dict[str, Sequence[str]]:
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

    def _levels(self, column: str) -> list[Level]:
        """Each value of a column of text; of texts "0" and "1" the 1, under the name of the column itself.

        Categories that a frame declares are classes, also where they are called 1, 2 and 3.
        """
        stated = known = declared(self.resolved.frame, self.people.schema, [column]).get(column)
        if known is None:
            known = totals(self.people.frame, keys=(column,), columns={}, sums={}).keys[column].levels
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
        return _levels_of(column, [str(value) for value in known], stated=stated is not None)

    def tabulate(self, targets: Targets, measures: Sequence[Measure]) -> DomainTable:
        """The table of domains."""
        return tabulate(self.people, targets, measures, ranks=isinstance(self.df, str))

    def check(self, intervals: Sequence[str]) -> None:
        if self.interval not in intervals:
            raise not_one_of("FL-EST-16", f"this interval for {self.name}", self.interval, intervals)
        if not 0 < self.level < 1:
            raise EstimateFault(
                "FL-EST-17", "the level is not between 0 and 1", found=shown(self.level), fix="95 % is level=0.95"
            )
        number = isinstance(self.df, int | float) and not isinstance(self.df, bool)
        if self.df not in ("domain", "design") and not (number and float(self.df) > 0):
            raise EstimateFault(
                "FL-EST-18", "this rule for degrees of freedom is not known", found=shown(self.df),
                fix='df="domain", df="design", or a number above 0',
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
            "design": _told(self.resolved.design, self.people.design.replicates),
        }


def _told(design: Design, replicates: Replicates | UnitReplicates | None) -> dict[str, Any]:
    """What a result notes of the design, and of the replicates where they made its variances."""
    return {
        "weights": design.weights or "",
        "unweighted": design.unweighted,
        "strata": design.strata or "",
        "stages": list(design.stages),
        "fpc": list(design.fpc),
        "single_psu": design.single_psu,
        "single_psu_scope": design.single_psu_scope,
        "pps": design.pps or "",
        "phase2": list(design.phase2_columns),
        "phase2_variance": design.phase2_variance if design.phase2 else "",
        "replicates": replicates.told() if replicates is not None else {},
    }


def _replicated(variance: str | None, design: Design) -> bool:
    """Whether variances come from replicates: as asked for, else where the design has them."""
    if variance not in (None, "taylor", "replicates"):
        raise not_one_of("FL-EST-19", "this way of computing variances", variance, ("taylor", "replicates"))
    if variance == "replicates" and design.replicates is None:
        raise EstimateFault(
            "FL-EST-81",
            "the design has no replicates",
            found='variance="replicates"',
            fix="name the columns, Design(replicates=fl.Replicates(…)), or make them: fl.replicate(people, design, kind=…)",
        )
    return design.replicates is not None and variance != "taylor"


def _levels_of(column: str, values: Sequence[str], *, stated: bool) -> list[Level]:
    """The outcomes that the values of a column of text are; FL-EST-262 where they may be 0 and 1 and are not surely so."""
    if not all(is_number(value) for value in values):
        return [Level(column=column, value=value) for value in values]
    yes = [value for value in values if float(value) == 1]
    zero_one = len(values) <= 2 and len(yes) <= 1 and all(float(value) in (0, 1) for value in values)
    if zero_one:
        return [Level(column=column, value=yes[0] if yes else "1", name=column)]
    if stated:
        return [Level(column=column, value=value) for value in values]
    raise EstimateFault(
        "FL-EST-262", "an outcome is text that looks like numbers, and they are not 0 and 1",
        found=f"{column!r}: {len(values):,} different numbers",
        fix=f"say which is the case: a derived column {column} == '1'; or give its codes words, or declared categories",
    )  # fmt: skip


def is_number(text: str) -> bool:
    """Whether a text looks like a number."""
    try:
        float(text)
    except ValueError:
        return False
    return text.strip().lower().lstrip("+-") not in ("nan", "inf", "infinity")


def bounds_of(target: Target) -> tuple[tuple[str, str], ...]:
    """The row columns of an outcome with the name of its bound: one, or the lower and the upper."""
    if target.upper is None:
        return ((target.value, ""),)
    return ((target.value, "lower"), (target.upper, "upper"))


def only_exclude(unknown: str | None) -> None:
    """FL-EST-13 where unknown= says something that has no meaning for a quantity."""
    if unknown not in (None, "exclude"):
        raise EstimateFault(
            "FL-EST-13", "this treatment of unknown answers has no meaning for a quantity", found=shown(unknown),
            fix='unknown="exclude"',
        )  # fmt: skip


def require_binary_for(table: DomainTable, unknown: str | None) -> None:
    """FL-EST-13 where unknown answers of an outcome that is no 0/1 are to be counted."""
    if unknown in ("no", "bounds") and not all(cells.binary for cells in table.cells):
        only_exclude(unknown)


def lay_out(call: Call, targets: Targets, table: DomainTable, *, quantity: Quantity) -> Estimates:
    """Lay the cells out in the order of design.md: outcome, then nation and margins, then domains, then bounds."""
    columns = {name: list[Any]() for name in ("outcome", "margin", "value", "se", "lower", "upper", "interval_kind")}
    columns |= {name: list[Any]() for name in ("bound", "undetermined", "n", "cases", "df", "deff")}
    by = tuple(dict.fromkeys(column for margin in by_margins(call.by) for column in margin))
    labels = {name: list[Any]() for name in by}
    reasons, places = list[Told](), list[int]()
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
                reasons += [(code, row, told) for code, told in cell_reasons[domain]]
                places.append(int(offsets[place]) + domain)
    outcomes, crossing = [target.outcome for target in targets.targets], table.crossing
    support = support_of(table.cells, call.df, table).take(places)
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
        covariance=None if table.covariance is None else table.covariance[np.ix_(places, places)],
        cells=None if crossing is None else replace(crossing, where=call.where or ""),
    )  # fmt: skip


def lay_out_again(made: Estimates, call: Call, table: DomainTable) -> Estimates:
    """Rows that `lay_out` made of the same table, with the limits, degrees of freedom and reasons of another interval.

    For simulations, which try many intervals on each sample: the assumptions and the provenance stay those of the first.
    """
    offsets = np.cumsum([0, *(len(cells.value) for cells in table.cells)])
    quantity = Quantity.of(str(made.frame["quantity"].iloc[0]))
    finished = [_finish(cells, table, call, quantity) for cells in table.cells]
    places = [
        int(offsets[place]) + domain
        for group in _groups(table.cells)
        for domain in range(len(table.cells[group[0]].margin.labels))
        for place in group
    ]
    changed: dict[str, Any] = {
        name: np.concatenate([values[name] for values, _ in finished])[places] for name in ("lower", "upper", "df")
    }
    kinds = np.concatenate([values["interval_kind"] for values, _ in finished])[places]
    told = [said for _, reasons in finished for said in reasons]
    return replace(
        made,
        frame=made.frame.assign(**changed, interval_kind=kinds.astype(str), level=call.level),
        support=support_of(table.cells, call.df, table).take(places),
        reasons=tuple(code.at(row, **more) for row, place in enumerate(places) for code, more in told[place]),
    )


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


def _groups(cells: Sequence[Cells]) -> list[list[int]]:
    """Cells that stand side by side: the same outcome and margin, one or two bounds."""
    groups: dict[tuple[str, str], list[int]] = {}
    for place, cell in enumerate(cells):
        groups.setdefault((cell.measure.target.value, cell.margin.name), []).append(place)
    return list(groups.values())


Reasons = list[tuple[ReasonCode, dict[str, Any]]]
Told = tuple[ReasonCode, int, dict[str, Any]]


def _finish(cells: Cells, table: DomainTable, call: Call, quantity: Quantity) -> tuple[dict[str, Any], list[Reasons]]:
    """Standard errors, intervals and reasons of one measure in every domain of a margin."""
    df = df_of(cells, table, call.df)
    empty = ~(cells.n > 0)
    share = _share(cells)
    none = cells.binary & ~empty & (share == 0)
    all_cases = cells.binary & ~empty & (share == 1)
    edge = none | all_cases
    is_prevalence = quantity == PREVALENCE
    exact = none | (all_cases & is_prevalence)
    # Where an estimate is exactly 0 or 1, rounding must not leave a standard error of 1e-19.
    variance = np.where(exact, 0.0, np.where(cells.variance < 0, np.nan, cells.variance))
    se = np.sqrt(variance)
    if is_prevalence:
        lower, upper = proportion(call.interval, cells.value, se, cells.n, df, call.level, cells.logit_se)
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


def support_of(every: Sequence[Cells], rule: DfRule | float, table: DomainTable) -> Support:
    """What each domain rests on, cell after cell."""
    parts = [
        Support.of(
            cells.respondents, cells.not_zero, psus_with_cases=cells.psus_with_cases, df=df_of(cells, table, rule)
        )
        for cells in every
    ]
    return Support.joined(parts)


def df_of(cells: Cells, table: DomainTable, rule: DfRule | float) -> Floats:
    """Degrees of freedom of each domain by the rule asked for."""
    if rule == "domain":
        return cells.df
    return np.full(len(cells.df), table.design_df if isinstance(rule, str) else float(rule))


def _edges(
    cells: Cells, call: Call, df: Floats, none: Any, every: Any, limits: tuple[Floats, Floats, Any]
) -> tuple[Floats, Floats, Any]:
    """Zero cases: [0, U]; all cases: [1 − U, 1]; by Korn and Graubard where the interval asked for has no value."""
    lower, upper, kind = limits
    if call.interval in ("wilson", "jeffreys"):
        return limits
    reach = no_case_limits(cells.n, df, call.level)
    size = cells.weight if cells.measure.bottom is None else np.ones(len(df))
    known = ~np.isnan(reach)
    lower = np.where(none, np.where(known, 0.0, np.nan), np.where(every, 1 - reach, lower))
    upper = np.where(none, size * reach, np.where(every, np.where(known, 1.0, np.nan), upper))
    return lower, upper, np.where(none | every, "korn-graubard", kind)


def _reasons(
    cells: Cells, table: DomainTable, call: Call, df: Floats, limits: tuple[Floats, Floats], none: Any, every: Any
) -> list[Reasons]:
    lower, upper = limits
    proportion_like = cells.binary and cells.measure.bottom is not None
    out: list[Reasons] = []
    for place in range(len(df)):
        said: Reasons = []
        if not cells.n[place] > 0:
            out.append([(NO_ROWS, {})])
            continue
        if none[place]:
            said.append((ZERO_CASES, {}))
        if every[place]:
            said.append((ALL_CASES, {}))
        if cells.variance[place] < 0:
            said.append((VARIANCE_NEGATIVE, {}))
        elif not df[place] > 0:
            said.append((DF_NOT_POSITIVE, {"df": float(df[place])}))
        elif np.isnan(lower[place]):
            said.append((INTERVAL_NOT_DEFINED, {"kind": call.interval}))
        if proportion_like and (lower[place] < 0 or upper[place] > 1):
            said.append((INTERVAL_OUTSIDE_RANGE, {"kind": call.interval}))
        if table.sample.census:
            said.append((CENSUS, {}))
        if cells.lost is not None and cells.lost[place]:
            said.append((REPLICATES_WITHOUT_VALUE, {"replicates": int(cells.lost[place]), "of": table.replicates}))
        out.append(said)
    return out


def call_assumptions(call: Call, targets: Targets, table: DomainTable) -> tuple[Assumption, ...]:
    """What the result of a call takes for granted."""
    said = assumptions_of_design(call, table.sample, table.replicates)
    if targets.targets[0].treatment:
        said.append(TREATMENTS[targets.targets[0].treatment].held())
    if call.where is not None:
        said.append(SUBPOPULATION.held(where=call.where))
    if table.weightless:
        said.append(ZERO_WEIGHTS.held(rows=table.weightless))
    said.append(DEFF_REFERENCE.held())
    return (*said, *notes_of(call, [target.outcome for target in targets.targets]))


def notes_of(call: Call, outcomes: Sequence[str]) -> list[Assumption]:
    """What the classification of the people says belongs under every table."""
    return [AssumptionCode.of(code).held(**told) for code, told in call.resolved.notes(outcomes)]


def assumptions_of_design(call: Call, sample: Sample, replicates: int) -> list[Assumption]:
    """What the variance takes for granted of the sample: how it was drawn, single units, degrees of freedom, its weights."""
    design = call.resolved.design
    own = call.people.design.replicates
    said = [UNWEIGHTED.held()] if design.unweighted else []
    if own is not None:
        said.append(REPLICATE_VARIANCE.held(kind=own.kind, replicates=replicates, centre=own.centre))
    else:
        said.append(TAYLOR_LINEARISATION.held())
        said += _sampling(design)
    if sample.single_strata:
        said.append(SINGLE_PSU_RULE.held(rule=design.single_psu, strata=sample.single_strata))
    ranked = isinstance(own, Replicates) and isinstance(call.df, str)
    if isinstance(own, Replicates) and ranked:
        said.append(DF_RULE.held(rule="rank" if own.df is None else own.df))
    else:
        said.append(DF_RULE.held(rule=call.df))
    return said + _adjusted(design)


def _adjusted(design: Design) -> list[Assumption]:
    """What was done to the weights, step by step."""
    return [ADJUSTMENTS[step.kind].held(**dict(step.parameters)) for step in design.adjustments]


def _sampling(design: Design) -> list[Assumption]:
    """What linearisation takes for granted of the way the sample was drawn."""
    said: list[Assumption] = []
    if design.strata is None and not design.stages:
        said.append(SIMPLE_RANDOM_SAMPLE.held())
    if design.phase2 is not None:
        said.append((TWO_PHASES if design.phase2_variance == "full" else TWO_PHASES_APART).held())
    if design.pps is not None:
        said.append(UNEQUAL_PROBABILITIES.held(rule=design.pps))
    elif design.fpc:
        said.append(FINITE_POPULATION_CORRECTION.held(stages=len(design.fpc)))
    else:
        said.append(WITH_REPLACEMENT_FIRST_STAGE.held())
    if len(design.stages) > max(1, len(design.fpc)):
        said.append(LATER_STAGES_IGNORED.held(stages=len(design.stages) - max(1, len(design.fpc))))
    return said
