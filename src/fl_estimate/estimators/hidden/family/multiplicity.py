"""Multiplicity (family network): people told of by relatives, each counted 1/s where s could have told of them (Sirken 1970)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args

import narwhals as nw
import numpy as np

from fl_estimate.design.domains import By, by_margins
from fl_estimate.design.intervals import GENERAL
from fl_estimate.errors import CONDITION, EstimateFault, not_one_of, require_name, shown
from fl_estimate.estimators.hidden.family.multiplicity_assumptions import Taken, assumptions_of
from fl_estimate.estimators.hidden.family.multiplicity_counts import (
    ReportFlags,
    counts_of_rows,
    crossing_by,
    flagged,
    support_by,
)
from fl_estimate.estimators.hidden.family.multiplicity_design import (
    WEIGHT,
    ToldOf,
    reports_design,
    require_usable,
    weights_of_households,
    with_weights,
)
from fl_estimate.estimators.hidden.family.multiplicity_numbers import INVERSE, MISSING, Missing, with_multiplicities
from fl_estimate.estimators.hidden.family.multiplicity_reports import (
    AGE,
    COUNTINGS,
    HOUSEHOLDS,
    OWN,
    RELATION_COLUMN,
    Counting,
    Reports,
    ReportsAsked,
    columns_of,
    read_reports,
)
from fl_estimate.estimators.survey.call_arguments import VarianceRule, design_arguments
from fl_estimate.estimators.survey.design_weighted import GeneralInterval
from fl_estimate.estimators.survey.domain_query import Measure
from fl_estimate.estimators.survey.targets import OutcomeColumns, Targets, as_list, as_number, make_targets, names_in
from fl_estimate.estimators.survey.weighted_call import Call, OwnDfRule, bounds_of, lay_out
from fl_estimate.inputs.respondents import Resolved, resolve
from fl_estimate.inputs.sample_design import Design
from fl_estimate.results.codes import MULTIPLICITY, PREVALENCE, RATIO, TOTAL
from fl_estimate.results.estimates import Estimates
from fl_estimate.results.methods import method
from fl_estimate.results.roles import NOT_IN_FILE, PEOPLE, Level, MoreThanZero, Names, OfRelatives, PeopleCondition
from fl_estimate.schema.expressions import parse

if TYPE_CHECKING:
    import polars as pl

Share = Literal["total", "prevalence"]
Unknown = Literal["no", "exclude", "bounds"]
UNKNOWN: tuple[str, ...] = get_args(Unknown)
NETWORK_SIZES, NOT_COUNTED = "network_sizes", "not counted"
COLLECTED = "n_eligible_reporters"
IN_FIGURE, SPARE = "__in_figure", "__spare"


@method(kind="multiplicity", basis="respondents", family="hidden")
def multiplicity(
    people: Annotated[Any, PEOPLE],
    outcome: Names,
    *,
    counting: Counting,
    quantity: Share = "total",
    relatives: Annotated[Any, NOT_IN_FILE] = None,
    design: Annotated[Design | None, NOT_IN_FILE] = None,
    multiplicity: str = COLLECTED,
    own_multiplicity: str | None = None,
    missing_multiplicity: Missing = "error",
    household_weights: str | None = None,
    eligible: Annotated[str | None, OfRelatives(alone=True)] = None,
    by: Annotated[By, OfRelatives()] = None,
    where: Annotated[str | None, PeopleCondition(), OfRelatives()] = None,
    unknown: Unknown | None = None,
    variance: VarianceRule | None = None,
    interval: GeneralInterval = "log",
    df: OwnDfRule | MoreThanZero = "effective",
    level: Level = 0.95,
) -> Estimates:
    """Estimate how many people have an outcome from what respondents tell of themselves and of their relatives.

    Use it for a survey that asks respondents about their family, as those behind the Global Estimates did. Each person told of
    counts 1/s, s being the number of households (or of persons) of the frame that could have told of them: whoever has many
    relatives is met often, and counts no more for it.

    Parameters
    ----------
    people : Classification, SurveyData or frame
        Respondents, one row each (`person_id`; `hh_id` where households report). A frame needs `relatives` and `design`.
    outcome : str or list of str
        A class of `fl.classify`, or a 0/1 column, of people and of relatives.
    counting : {"households", "persons"}
        Who reports, and so what s counts. No default: weights and s must be of the same unit, and a wrong one multiplies the
        figure by the ratio of adults to households. ``households``: the household reports as one, whoever answers, with the weight
        of the household; s counts households with somebody who could tell of the person, their own among them. ``persons``: the
        respondent reports, with a weight of their own; s counts the adults of the frame who could.
    quantity : {"total", "prevalence"}
        Persons, or their share of the people whom the counting rule covers, estimated in the same way.
    relatives : frame, optional
        People told of: `reported_by` (the `person_id` of who told), the outcome and its multiplicity; `relative_id`, `relation`,
        `sex`, `age`, `in_household`, `duplicates_person` where there are such. Taken from `people` where these have them.
    design : Design, optional
    multiplicity : str
        Column of s among the relatives; or ``"network_sizes"``: worked out from `network_size_…` of who told (see Notes), for
        persons only.
    own_multiplicity : str, optional
        Column of s of the respondents themselves (of all members who were asked, where households report), who count 1 in it; or
        ``"network_sizes"``; or ``"not counted"``: the figure is of relatives alone. Left out, it is the column `multiplicity` of the
        people, or the sizes of networks where `multiplicity` says these; where there is neither it has to be said.
    missing_multiplicity : {"error", "one", "mean"}
        Where s is not known of somebody who counts: refuse; s = 1, the most that they can count for; or the mean of 1/s of those
        of the same relation.
    household_weights : str, optional
        Column of the weights of households, where these report; without it `weight_hh`, or else the weights of the design. Members who
        were drawn within their household count themselves with the weight of the design.
    eligible : str, optional
        Which relatives are counted, such as ``"age >= 18 and alive_in_period == 'yes'"``. Of those relatives of whom nothing was
        asked the class is unknown then; without it they are left out.
    by : str, list of str, or list of lists, optional
        Columns of the people counted (`relation`, which is ``self`` or ``member`` of respondents; `sex`, `age`) or of the respondents who
        told of them (`region`). A column of both tables is that of the person counted.
    where : str, optional
        A condition on the same columns.
    unknown : {"no", "exclude", "bounds"}, optional
        As in `estimate_prevalence`.
    variance, df, level
        As in `estimate_total`; replicates are used where the design has them.
    interval : {"log", "wald"}

    Returns
    -------
    Estimates
        `quantity` total (persons) or prevalence, method "multiplicity". `n` are the respondents (households, or persons) who
        told, `cases` the persons in the outcome of whom they told, each once for every unit that told.

    Raises
    ------
    EstimateFault
        FL-EST-500 to FL-EST-515; FL-EST-10, FL-EST-200, FL-EST-260 to FL-EST-263 (weights that give no total); and as in
        `estimate_prevalence`.

    Notes
    -----
    T = Σ_u w_u λ_u with λ_u = Σ 1/s_i over the persons i of whom unit u tells and who have the outcome; a prevalence is the ratio
    of T to the same sum over everybody told of. The variance is that of any weighted total (or ratio) of λ. It is unbiased
    where every unit that could tell of a person does, and s is right. Who has no relative in the frame (s = 0) is in no
    figure.

    From sizes of networks: of oneself 1 + the number of relatives to whom one is a relative of a kind asked of. Of a sibling the number
    of the respondent's siblings + parents; of a parent 1 + siblings + (parents − 1) as partners; of a child 1 + partners +
    (children − 1) as siblings; of a partner 1 + children; each 1 more where respondents count themselves, and never fewer than told of the
    person in the sample. A kind of relative was asked of if people have its `network_size_…`. All of them are taken as adults of the frame,
    and relatives of the person told of who are none of the respondent (the own partner and children of a sibling) are not known to it.

    References
    ----------
    Sirken (1970), Journal of the American Statistical Association 65(329), 257-266.

    Examples
    --------
    Three households of twelve were asked; each of two victims could be told of by two households, a third by one.

    >>> import fl_estimate as fl, pandas as pd
    >>> homes = pd.DataFrame({"person_id": ["a", "b", "c"], "w": 4.0})
    >>> told = pd.DataFrame({"reported_by": ["a", "b", "b"], "fl": 1, "n_eligible_reporters": [2, 2, 1]})
    >>> estimates = fl.hidden.multiplicity(homes, "fl", counting="households", relatives=told, own_multiplicity="not counted",
    ...                                    design=fl.Design(weights="w", expands=True))
    >>> estimates.value
    8.0
    """
    settings = _Settings(
        counting=counting, quantity=quantity, missing=missing_multiplicity, multiplicity=multiplicity,
        own=own_multiplicity, eligible=eligible, where=where, unknown=unknown, weights=household_weights,
    )  # fmt: skip
    settings.check()
    resolved = resolve(people, design)
    table = _relatives(people, relatives)
    asked = settings.asked(as_list(outcome, "outcome"), by, resolved)
    require_usable(resolved, asked, total=quantity == TOTAL)
    reports = read_reports(resolved.frame, table, resolved.design, asked)
    reports = replace(reports, frame=_with_condition(reports, asked))
    numbered = with_multiplicities(reports, asked, _needed(reports, asked, settings), missing_multiplicity)
    frame = with_weights(numbered.frame, resolved.design, asked)
    weights = WEIGHT if resolved.design.weights is not None else None
    call = Call(
        "hidden.multiplicity", ToldOf.of(resolved, frame), reports_design(resolved.design, weights), by, where, unknown,
        variance, interval, df, level,
    )  # fmt: skip
    call.check(GENERAL, get_args(OwnDfRule))
    counted = _CountedReports.of(call, asked, weights, shares=quantity == PREVALENCE)
    result = lay_out(
        call, counted.targets, call.tabulate(counted.targets, counted.measures),
        quantity=RATIO if quantity == PREVALENCE else TOTAL,
    )  # fmt: skip
    taken = Taken(
        asked=asked, missing=missing_multiplicity, filled=numbered.filled, left_out=reports.left_out,
        of_relatives=reports.of_relatives, shares=quantity == PREVALENCE, design=resolved.design,
    )  # fmt: skip
    return _named(_with_counts(result, frame, counted, by, quantity), settings, call, taken)


@dataclass(frozen=True, kw_only=True)
class _Settings:
    """The words of one call, checked once."""

    counting: str
    quantity: str
    missing: str
    multiplicity: str
    own: str | None
    eligible: str | None
    where: str | None
    unknown: str | None
    weights: str | None

    def check(self) -> None:
        """Refuse words that are not known."""
        if self.counting not in COUNTINGS:
            raise not_one_of("FL-EST-513", "this counting rule", self.counting, COUNTINGS)
        if self.quantity not in (TOTAL, PREVALENCE):
            raise not_one_of("FL-EST-513", "this quantity", self.quantity, (TOTAL, PREVALENCE))
        if self.missing not in MISSING:
            raise not_one_of("FL-EST-513", "this treatment of missing multiplicities", self.missing, MISSING)
        if self.unknown is not None and self.unknown not in UNKNOWN:
            raise not_one_of("FL-EST-12", "this treatment of unknown answers", self.unknown, UNKNOWN)
        require_name(self.multiplicity, "multiplicity")
        for name, text in (("own_multiplicity", self.own), ("household_weights", self.weights)):
            require_name(text, name, optional=True)
        for name, text in (("where", self.where), ("eligible", self.eligible)):
            require_name(text, name, optional=True, fix=CONDITION)

    def asked(self, outcomes: tuple[str, ...], by: By, resolved: Resolved) -> ReportsAsked:
        """What is asked of the tables, once it is known which columns these have."""
        people = columns_of(resolved.frame)
        sizes = self.multiplicity == NETWORK_SIZES
        own, counted = self._own(people, outcomes, sizes=sizes)
        if self.counting == HOUSEHOLDS and (sizes or (counted and not own)):
            raise EstimateFault(
                "FL-EST-514", "sizes of networks count persons, and here households report",
                found=f"{NETWORK_SIZES!r} with counting={HOUSEHOLDS!r}",
                fix='give a column with the number of households that could tell of each person; or counting="persons", with weights of '
                "persons",
            )  # fmt: skip
        groups = tuple(dict.fromkeys(column for margin in by_margins(by) for column in margin))
        return ReportsAsked(
            counting="households" if self.counting == HOUSEHOLDS else "persons", outcomes=outcomes, groups=groups,
            where=self.where, eligible=self.eligible, multiplicity="" if sizes else self.multiplicity, own=own,
            own_counted=counted,
            weights=weights_of_households(resolved, self.weights) if self.counting == HOUSEHOLDS else None,
        )  # fmt: skip

    def _own(self, people: Sequence[str], outcomes: Sequence[str], *, sizes: bool) -> tuple[str, bool]:
        """The column of the respondents' own multiplicity (empty: from sizes of networks), and whether they count."""
        if self.own == NOT_COUNTED:
            return "", False
        if self.own is not None:
            return ("" if self.own == NETWORK_SIZES else self.own), True
        if self.multiplicity in people:
            return self.multiplicity, True
        if sizes:
            return "", True
        if not any(name in people for name in outcomes):
            return "", False
        raise EstimateFault(
            "FL-EST-509", "it is not known by how many the respondents themselves could be told of",
            found=f"no column {shown(self.multiplicity)} among the people, who have the outcome too",
            fix=f'own_multiplicity="…" names their column, {NETWORK_SIZES!r} works it out from network_size_…, and {NOT_COUNTED!r} gives '
            "the figure of relatives alone (their own household or person is then not counted in s)",
        )  # fmt: skip


def _relatives(people: Any, given: Any) -> Any:
    found = given if given is not None else getattr(people, "relatives", None)
    if found is None:
        raise EstimateFault(
            "FL-EST-512", "there are no relatives whom anybody told of", found="neither relatives= nor relatives with the people",
            fix="map the table relatives, and its rows of jobs, and classify; or give relatives= a frame with reported_by, the outcome "
            "and its multiplicity",
        )  # fmt: skip
    return found


def _with_condition(reports: Reports, asked: ReportsAsked) -> pl.DataFrame:
    """Who is in the figure, and rows of respondents that only show that they were asked.

    These stand in the domains of respondents; of relations or ages of who is told of they have none.
    """
    frame = nw.from_native(reports.frame)
    schema = frame.collect_schema()
    inside, names = nw.lit(True), list[str]()
    if asked.where is not None:
        column = asked.where in schema and schema[asked.where].is_numeric()
        inside = parse(f"{asked.where} == 1" if column else asked.where).truth(schema)[0]
        names = names_in(asked.where, list(schema))
    of_person = {*reports.of_relatives, RELATION_COLUMN, AGE}
    shows = not asked.own_counted and not of_person & {*asked.groups, *names}
    counts = ~nw.col(OWN) | nw.lit(asked.own_counted)
    return frame.with_columns(
        (inside & counts).cast(nw.Float64).alias(IN_FIGURE),
        (inside & nw.col(OWN) & nw.lit(shows)).cast(nw.Float64).alias(SPARE),
    ).to_native()


def _needed(reports: Reports, asked: ReportsAsked, settings: _Settings) -> pl.Expr:
    """Whose multiplicity the figure needs: of a total that of the cases, of a share that of everybody who counts."""
    import polars as pl

    each: list[pl.Expr] = []
    for name in asked.outcomes:
        known = ~pl.col(name).is_null()
        case = pl.col(name) != 0 if reports.frame.schema[name].is_numeric() else pl.lit(True)
        scope: pl.Expr = pl.lit(True)
        if name in reports.classified:
            scope, case = pl.col(f"{name}_in_scope") == 1, pl.col(name) == 1
            known = case | (pl.col(f"{name}_possible") != 1)
        if settings.unknown == "exclude":
            scope = scope & known
        unknown = ~known if settings.unknown == "bounds" else pl.lit(False)
        each.append(scope if settings.quantity == PREVALENCE else scope & (case.fill_null(False) | unknown))
    return (pl.col(IN_FIGURE) == 1) & pl.any_horizontal(each)


@dataclass(frozen=True, kw_only=True)
class _CountedReports:
    """Targets and measures of the reports: outcomes times 1/s; and the 0/1 columns that they were made of."""

    targets: Targets
    measures: list[Measure]
    flags: tuple[ReportFlags, ...]
    weights: str | None

    @staticmethod
    def of(call: Call, asked: ReportsAsked, weights: str | None, *, shares: bool) -> _CountedReports:
        """Each outcome of the call as a sum over reports, or as a share of the people covered."""
        schema = call.people.schema
        plain = make_targets(
            schema, call.outcomes(asked.outcomes, "outcome"), where=IN_FIGURE, unknown=call.treatment, weights=weights
        )
        columns = dict(plain.columns)
        made = [_spread(each, position, columns) for position, each in enumerate(plain.targets)]
        targets = Targets(targets=tuple(each for each, _ in made), columns=columns)
        measures = [
            Measure(target=each, top=top, bottom=f"m{position}" if shares else None, bound=bound)
            for position, each in enumerate(targets.targets)
            for top, bound in bounds_of(each)
        ]
        return _CountedReports(
            targets=targets, measures=measures, flags=tuple(flags for _, flags in made), weights=weights
        )


def _spread(target: OutcomeColumns, position: int, columns: dict[str, nw.Expr]) -> tuple[OutcomeColumns, ReportFlags]:
    """An outcome of which each person counts 1/s; `columns` are added to.

    Respondents who only show that they were asked are among those in scope and counted, with a value of 0.
    """
    inverse, spare = nw.col(INVERSE), nw.col(SPARE) == 1
    case, counted = columns[target.value], columns[target.counted]
    case = as_number(case) != 0
    columns |= {
        f"a{position}": columns[target.scope] | spare,
        f"k{position}": counted | spare,
        f"i{position}": counted,
        f"v{position}": case,
        f"m{position}": as_number(counted) * inverse,
        f"n{position}": columns[target.not_binary],
        target.not_binary: (case & (inverse != 1.0)) | columns[target.not_binary],
        target.value: as_number(columns[target.value]) * inverse,
    }
    if target.upper is not None:
        columns[target.upper] = as_number(columns[target.upper]) * inverse
    kept = tuple(name for name in target.zero_one if name not in (target.value, target.upper))
    made = replace(
        target, scope=f"a{position}", counted=f"k{position}", nonzero=f"v{position}", zero_one=(*kept, f"v{position}")
    )
    flags = ReportFlags(
        outcome=target.outcome, asked=f"k{position}", counted=f"i{position}", case=f"v{position}", unknown=target.unknown,
        not_binary=f"n{position}",
    )  # fmt: skip
    return made, flags


def _with_counts(result: Estimates, frame: pl.DataFrame, counted: _CountedReports, by: By, quantity: str) -> Estimates:
    """The same rows with distinct respondents and victims, and as shares of the people covered where these were asked for."""
    rows = flagged(frame, {name: counted.targets.columns[name] for each in counted.flags for name in each.columns})
    for each in counted.flags:
        if float(rows[each.not_binary].sum()):
            raise EstimateFault(
                "FL-EST-515", "a multiplicity estimate counts persons", found=f"{each.outcome!r} holds other numbers than 0 and 1",
                fix="name a class, or derive a 0/1 column",
            )  # fmt: skip
    counts = counts_of_rows(result.frame, rows, counted.flags, by, counted.weights)
    table = result.frame.copy()
    with np.errstate(divide="ignore", invalid="ignore"):
        table["undetermined"] = np.where(
            counts["told_weight"] > 0, counts["unknown_weight"] / counts["told_weight"], np.nan
        )
        reach = np.where(counts["weight"] > 0, counts["asked_weight"] / counts["weight"], np.nan)
    table["n"] = counts["units"].astype("Int64")
    table["cases"] = counts["reports"].astype("Int64")
    table["psus_with_cases"] = result.support.psus_with_cases
    table["deff"] = np.nan
    table["method"] = str(MULTIPLICITY)
    shares = quantity == PREVALENCE
    if shares:
        table["quantity"] = str(PREVALENCE)
        # Of no case the limit is one for persons told of: each stands for 1/s of a person.
        none = ((counts["reports"] == 0) & (table["interval_kind"] == "korn-graubard")).to_numpy(dtype=bool)
        table["upper"] = np.where(none, np.fmin(table["upper"].to_numpy(dtype=float) * reach, 1.0), table["upper"])
    table = table.astype({name: result.frame[name].dtype for name in result.frame.columns})
    return replace(
        result,
        frame=table,
        support=support_by(counts, result.support),
        cells=None if result.cells is None else crossing_by(result.cells, rows, counted.flags, counted.weights, shares=shares),
    )  # fmt: skip


def _named(result: Estimates, settings: _Settings, call: Call, taken: Taken) -> Estimates:
    """The recipe of the call in the terms that it was made in."""
    arguments = dict(result.provenance.arguments)
    arguments |= {
        "counting": settings.counting, "quantity": settings.quantity, "multiplicity": settings.multiplicity,
        "own_multiplicity": taken.asked.own or (NETWORK_SIZES if taken.asked.own_counted else NOT_COUNTED),
        "missing_multiplicity": settings.missing, "household_weights": taken.asked.weights or "",
        "eligible": settings.eligible or "",
        "design": design_arguments(taken.design, call.people.design.replicates),
    }  # fmt: skip
    return replace(
        result,
        assumptions=assumptions_of(taken, result.assumptions),
        diagnostics={**result.diagnostics, "multiplicities_missing": taken.filled, **taken.left_out},
        provenance=replace(result.provenance, arguments=arguments),
    )
