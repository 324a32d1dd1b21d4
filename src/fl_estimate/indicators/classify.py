"""Classify: the answers of a whole survey in, three 0/1 columns for each outcome out, on any narwhals engine."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import narwhals as nw

from fl_estimate.errors import IndicatorFault, NotAColumn, decoding, listed
from fl_estimate.indicators.checking import COVERAGE, PEOPLE, ROWS, CheckedLater, PutOff, Unchecked
from fl_estimate.indicators.choice import FrameworkName, chosen_frameworks, requested_outcomes, require_separate_scopes
from fl_estimate.indicators.clock import (
    AGE_AT_INTERVIEW,
    ONGOING,
    Clock,
    clock_of,
    is_dated,
    person_days,
    require_undated_day,
    undated_clock,
    with_age_at_interview,
)
from fl_estimate.indicators.columns import MARK
from fl_estimate.indicators.coverage import QUALIFIER, Coverage, warn_if_short
from fl_estimate.indicators.deciding import Criterion
from fl_estimate.indicators.episode_dates import with_episode_dates
from fl_estimate.indicators.items import AGE, Items
from fl_estimate.indicators.kept_files import keep_sums
from fl_estimate.indicators.marks import NOT_QUALIFIED, Note, notes
from fl_estimate.indicators.parents import asks_of_parents, of_parents, with_parents
from fl_estimate.indicators.person_rows import rows_of_persons
from fl_estimate.indicators.persons import AGE_AT_START, PERSON, added_columns, persons
from fl_estimate.indicators.ratio import with_shares
from fl_estimate.indicators.references import questions
from fl_estimate.indicators.relatives import classified_relatives
from fl_estimate.indicators.rows import (
    IN_MONTHS,
    SIDES,
    STOCK,
    DecidedRows,
    decide,
    known_to,
    overall,
    stems,
)
from fl_estimate.indicators.spells import spell_days
from fl_estimate.inputs import assigning
from fl_estimate.inputs.engines import one_connection
from fl_estimate.inputs.folder import Folder
from fl_estimate.inputs.partitions import narwhal
from fl_estimate.inputs.sample_design import Design
from fl_estimate.inputs.survey_data import ReferencePeriod, Source, SurveyData
from fl_estimate.inputs.wording import SurveyWording
from fl_estimate.inputs.written_rows import WrittenRows
from fl_estimate.neutral import visible
from fl_estimate.schema.validate import ValidationReport

if TYPE_CHECKING:
    import pandas as pd

    from fl_estimate.indicators.framework import Framework

RELATIVES = "relatives"
PROXY, IS_PROXY = "proxy_for", "is_proxy"
_NOTHING: Any = {"framework": "", "frameworks": (), "outcomes": (), "coverage": Coverage(), "rows": None}


@dataclass(frozen=True, kw_only=True, eq=False)
class Classification(CheckedLater, WrittenRows, NotAColumn):
    """People with the class of each of them, made by `classify`.

    Attributes
    ----------
    people : frame
        Of the engine of the data. Every column of the people, and three null-free 0/1 columns for each outcome:
        ``<outcome>`` (surely), ``<outcome>_possible`` (surely or undetermined), ``<outcome>_in_scope`` (in the
        framework's population and selected for the module). Out of scope is 0, 0, 0. A class has three more columns for
        each of its labels (``gems_form=fcse``); a count has its lowest and highest number in the first two columns.
        Where rows have dates or say which jobs are still held (`ongoing`), ``<outcome>`` is the flow (any time in the
        period) and ``<outcome>_stock`` has the same three columns for the reference day; where they have dates or
        `months_in_period`, ``<outcome>_months`` is the time surely in the class within the period, in months, each day of
        several spells once, missing where a duration is. `age_at_start` of the rows is brought to the persons: the lowest among the rows that may be
        in a class, for tables of those who entered as children. A ratio is a number, missing where it is
        undefined, with ``<outcome>_in_scope`` and no column of what is possible: give an estimator
        ``where="<outcome>_in_scope", unknown="exclude"``. `is_proxy` is 1 where somebody else answered (`proxy_for`).
    framework : str
        Ids of the frameworks, joined by " + ".
    frameworks : tuple of Framework
    outcomes : tuple of str
    coverage : Coverage
        Which questions of the frameworks the instrument had, and how often they are unknown.
    design, source, reference_period, population, report, wording
        Handed on from the data.
    reference_day : str
        The day of the stock as ISO text, or "interview_date" where it is that of each person's interview; "" without dates.
    relatives : frame or None
        Relatives that respondents reported on, with the same columns, where the survey has rows about them. In scope are
        those of whom a question of the framework was asked.
    rows : frame
        One row a job (or a person): the key, the outcomes and every criterion, as 0/1 columns; see `reasons`.
    criteria : mapping of str to Criterion
        What the columns of `rows` stand for.

    Notes
    -----
    Of a lazy frame no row is read before somebody looks: at the people, the rows or the coverage, or an estimator at the sums it
    needs. The answers are checked then (FL-IND-06), by an estimator in the same pass. The sums of a design-weighted estimate are kept, so
    that replicates, and estimates of the same domains by them, read no row again; whoever changes the file classifies anew.

    Examples
    --------
    >>> import fl_estimate as fl, pandas as pd
    >>> answers = pd.DataFrame({"age": [30, 30, 12], "w_low_no_wage": ["yes", "yes", "yes"], "c_docs": ["no", "dk", "no"]})
    >>> fl.classify(answers).people.filter(like="forced_labour").values.tolist()
    [[0, 0, 1], [0, 1, 1], [0, 0, 0]]
    """

    people: Any = PEOPLE
    framework: str
    frameworks: tuple[Framework, ...]
    outcomes: tuple[str, ...]
    coverage: Coverage = COVERAGE
    design: Design | None = None
    source: Source | None = None
    reference_period: ReferencePeriod | None = None
    population: str = ""
    report: ValidationReport = field(default_factory=ValidationReport)
    reference_day: str = ""
    wording: SurveyWording = field(default_factory=SurveyWording)
    relatives: Any = None
    rows: Any = ROWS
    criteria: Mapping[str, Criterion] = field(default_factory=dict[str, Criterion])
    unchecked: Unchecked | None = field(default=None, repr=False)

    def assign(
        self,
        columns: Mapping[str, Any] | None = None,
        /,
        *,
        labels: assigning.Labels | None = None,
        titles: assigning.Titles | None = None,
        **more: Any,
    ) -> Classification:
        """Add columns to the people; classes, coverage, design, period, population, report and words are kept.

        ``classification.people.assign(…)`` gives a frame alone, of which no table can say whom and what it speaks of.

        Parameters
        ----------
        columns, labels, titles, more
            As in `SurveyData.assign`.

        Returns
        -------
        Classification
            A lazy frame stays lazy.

        Raises
        ------
        DataFault
            FL-DATA-09 (no column can be made of it), FL-DATA-10 (a column of other rows), FL-DATA-11 (a column of the classes
            or of the design, or a key), FL-DATA-12 (words for a column that is not there).
        ExpressionFault
            FL-EXPR-01 to FL-EXPR-07, of a text.

        Examples
        --------
        >>> import fl_estimate as fl, pandas as pd
        >>> answers = pd.DataFrame({"age": [30, 30, 62], "w_low_no_wage": ["yes", "yes", "no"], "c_docs": ["yes", "dk", "no"]})
        >>> people = fl.classify(answers, short_instrument=True).assign(group=fl.cut("age", [15, 50]))
        >>> design = fl.Design(unweighted=True)
        >>> fl.estimate_prevalence(people, "forced_labour", design=design, by="group")["15–49"].value
        0.5
        """
        given = assigning.columns_given(columns, more)
        own = {f"{name}{side}" for name in self.outcomes for side in ("", "_possible", "_in_scope", IN_MONTHS)}
        people = assigning.assigned(self.people, given, kept=[*own, *assigning.resting_on(self.design)])
        return replace(self, people=people, wording=assigning.worded(self.wording, people, given, labels, titles))

    def __repr__(self) -> str:
        return visible(f"Classification({self.framework}: {listed(self.outcomes)}; {self.coverage!r})")

    def notes(self, outcomes: Sequence[str]) -> tuple[Note, ...]:
        """What tables of these outcomes have to say: parts of a rule that are recalled, questions that would limit a criterion."""
        wanted = {name.removesuffix(STOCK).removesuffix(IN_MONTHS) for name in outcomes}
        used = [
            (framework, outcome)
            for framework in self.frameworks
            for outcome in framework.outcomes
            if wanted & set(outcome.stems)
        ]
        found = [note for framework, outcome in used for note in notes(framework, outcome)]
        for identity in dict.fromkeys(framework.id for framework, _ in used):
            parts = [line.id for line in self.coverage.lines if line.framework == identity and line.kind == QUALIFIER]
            if parts:
                found.append((NOT_QUALIFIED, {"framework": identity, "parts": listed(parts, most=6)}))
        return (*found, *(self._notes_of_time(outcomes) if used else ()))

    def measure(self, outcomes: Sequence[str]) -> str:
        """Say what figures of these outcomes are: "stock" (on the reference day), "flow" (at any time in the period).

        "" where the survey states no period, the outcomes are of both kinds, or one of them is none of the classes.
        """
        if self.reference_period is None:
            return ""
        days = {name for name in self.outcomes if name.endswith(STOCK)}
        own = {*self.outcomes} - days
        own |= {f"{name}{IN_MONTHS}" for name in self.outcomes}
        said = {"stock" if name in days else "flow" if name in own else "" for name in outcomes}
        return said.pop() if len(said) == 1 else ""

    def _notes_of_time(self, outcomes: Sequence[str]) -> Iterator[Note]:
        """How the time and the age of tables of these outcomes were read."""
        of_day = any(name.endswith(STOCK) for name in outcomes)
        for code in self.coverage.time:
            if code in ("time_from_question", "age_in_period", "age_at_interview") or (
                code == "stock_from_question" and of_day
            ):
                yield code, {}
        if of_day and self.reference_day:
            yield "stock_on_day", {"day": self.reference_day}

    def reasons(self, language: str = "en", *, summary: bool = False) -> pd.DataFrame:
        """Say which criteria decided the class of everybody who is in it, or whose class is undetermined.

        Only the rows (jobs) that decide are told: of a person in the class those that are in it themselves.

        Parameters
        ----------
        language : {"en", "fr", "es", "es-MX", …}
            Of the labels.
        summary : bool, default False
            Give the multiple-response table instead: how many of the people surely in the class each criterion is true
            of. Somebody with several means of coercion stands under each of them, so that shares add up to more than 1.

        Returns
        -------
        pandas.DataFrame
            One row for each person, outcome and criterion: `person_id` (or `row`, where people have no id), `outcome`,
            `decided` (positive, undetermined), `framework`, `criterion`, `label`, `kind`, `dimension`, `value`
            (true; for undetermined persons also unknown). As a summary one row for each outcome and criterion: `outcome`,
            `framework`, `kind`, `dimension`, `criterion`, `label`, `n` (persons), `share` (of the people surely in the
            class, by the weights of the design where there are some).
        """
        from fl_estimate.indicators.reasons import Decided, multiple_responses, reasons

        decided = Decided(
            people=self.people,
            rows=self.rows,
            frameworks=self.frameworks,
            criteria=self.criteria,
            design=self.design,
        )
        return multiple_responses(decided, language) if summary else reasons(decided, language)


def classify(
    data: Any,
    framework: FrameworkName | Sequence[FrameworkName] = "icls2018_adult",
    *,
    outcomes: str | Sequence[str] | None = None,
    reference_day: dt.date | None = None,
    allow_unverified: bool = False,
    short_instrument: bool = False,
) -> Classification:
    """Classify everybody in a survey by one framework, or by several that apply to different people.

    Parameters
    ----------
    data : SurveyData, Folder or frame
        A survey whose item columns stand on one of the tables jobs, episodes and people; or any frame that narwhals
        knows (pandas, polars, DuckDB, …) with one row a person, item ids as column names and the age in the reference
        period in a column `age`.
    framework : str, Path, Framework, or a list of such
        Outcomes of the same id are joined: ``["icls2018_adult", "icls2018_child"]`` gives one `forced_labour`.
    outcomes : str or list of str, optional
        Compute these outcomes alone, such as ``["forced_labour", "forced_labour_wide", "forced_labour_narrow"]``. Without
        it all of the frameworks but the optional ones (other readings of the definition) are computed.
    reference_day : date, optional
        The day of the stock, where spells have dates. None is the last day of the period, and the day of the interview
        where each person's period ends with it.
    allow_unverified : bool, default False
        Allow a draft whose rule the caller has completed.
    short_instrument : bool, default False
        Say that the survey has few of the questions on purpose, and give no warning of it.

    Returns
    -------
    Classification

    Raises
    ------
    IndicatorFault
        FL-IND-01 to 04 and 16 (a framework), 05 (no age), 06 (cells that are no answers), 07 (a dimension without any
        question), 08 (frameworks that overlap), 09 (a phase that an item does not have), 10 (the questions stand on
        two tables, or persons have no id), 17 (files with different questions of one id), 21 (outcomes that the frameworks
        do not have), 12 (no frame), 13 (text where a number belongs), 15 (an outcome column, or one of our own, is there already), 23 (dated
        spells and no period), 24 (a reference day outside the period), 25 (dates that are none).

    Warns
    -----
    ShortInstrumentWarning
        FL-IND-22: the instrument has less than a quarter of the questions of a framework, with what it cannot see.

    Notes
    -----
    Kleene's three-valued logic on pairs (surely, possibly): yes is (1, 1), unknown (0, 1), no (0, 0); all_of is the
    minimum and any_of the maximum of each side. Both conditions of a definition must hold in one row (one job); a
    person is positive if one of their rows is. A person without any row in scope is not positive. Unknown is dk, ref,
    missing (a null) and not_asked; a question that the instrument does not have is false, and stands in `coverage`.
    Whether a child's parents are in forced labour follows from their own class, where `people` names them
    (`mother_id`, `father_id`) and no question of the survey said it.

    Time: a spell counts where it overlaps the reference period, by day; of a date known to the month or the year the
    narrowest and the widest reading are taken. Overlap in every reading is yes, in none no, else unknown. A row of a
    table without dates is of the period, as its question was. An age is the age on the days of overlap, from the date of
    birth, or the age and the date of the interview; of work without dates it is the age on the days of the period, for
    the work may have been on any of them. Without one of these, and where the period is a lifetime and work has no dates,
    it is the age at the interview. Whoever turned 18 in the period may be counted among adults and among children in a flow; a joined outcome
    counts the person once, and a stock takes the age on the day.
    """
    chosen = requested_outcomes(chosen_frameworks(framework, allow_unverified=allow_unverified), outcomes)
    require_separate_scopes(chosen)
    ratios = _measuring(chosen)
    classes = tuple(entry for entry in chosen if entry not in ratios)
    with one_connection(), decoding():
        if isinstance(data, SurveyData):
            found = _classify_survey(data, classes, reference_day) if classes else _unclassified(data.people)
            found = _handed_on(found, data)
        else:
            folder, data = data, data.frame if isinstance(data, Folder) else data
            found = _classify_people(_frame(data), classes, age=AGE) if classes else _unclassified(data)
            if isinstance(folder, Folder):
                keep_sums(found, folder, classes, lambda rows: _classify_people(_frame(rows), classes, age=AGE))
    if not short_instrument:
        warn_if_short(found.as_given("coverage"), classes)
    return _measured(found, data, chosen, ratios) if ratios else found


def _unclassified(people: Any) -> Classification:
    """People without a class, for frameworks that only measure."""
    return Classification(people=people, **_NOTHING)


def _classify_people(
    frame: Any, frameworks: tuple[Framework, ...], *, age: str, clock: Clock | None = None
) -> Classification:
    """Classify a frame of people whose own columns hold the items."""
    columns = list(frame.collect_schema().names())
    _require_free(columns, frameworks)
    if clock is not None:
        frame, age = person_days(frame, clock), clock.ages
    decided = decide(frame, frameworks, age=age, clock=clock, later=isinstance(frame, nw.LazyFrame))
    people = decided.frame.with_columns(*decided.outcome_columns(), *_whole_months(decided))
    key = [PERSON] if PERSON in columns else []
    rows = decided.frame.select(
        *(nw.col(name) for name in key), *decided.outcome_columns(), *decided.criterion_columns()
    )
    made = _classification(people, rows, decided, frameworks, columns)
    if not isinstance(frame, nw.LazyFrame):
        return made
    # The rows of a lazy frame are read once: the answers are checked with the first sums that are asked for.
    own = PutOff(check=decided.check, frame=people)
    return made.changed(unchecked=Unchecked(made.as_given("people"), own=own))


def _whole_months(decided: DecidedRows) -> list[nw.Expr]:
    """Months in a class where a row is a person: missing where they are not known."""
    nothing = nw.lit(None, dtype=nw.Float64)
    return [
        nw.when(~unknown).then(months).otherwise(nothing).alias(f"{name}{IN_MONTHS}")
        for name, (months, unknown) in decided.months.items()
    ]


def _classify_survey(
    data: SurveyData, frameworks: tuple[Framework, ...], reference_day: dt.date | None
) -> Classification:
    """Classify a survey: rows of jobs or episodes first, then the persons they belong to."""
    table = answering_table(data, frameworks)
    if asks_of_parents(data, table, frameworks):
        whole = data
        data = with_parents(whole, table, lambda: _classify_survey(whole, of_parents(frameworks), reference_day).people)
    people, rows = _frame(data.people), _frame(getattr(data, table))
    columns = list(people.collect_schema().names())
    if table == "jobs":
        rows = with_episode_dates(data, rows, columns)
    held = columns if table == "people" else list(rows.collect_schema().names())
    clock: Clock | None = None
    if is_dated(table, held):
        clock = clock_of(data, table, frameworks, reference_day, rows=held, people=columns)
    else:
        require_undated_day(reference_day)
        clock = undated_clock(data, frameworks, people=columns)
        people = with_age_at_interview(people) if clock is None else people
    if table == "people":
        result = _classify_people(people, frameworks, age=AGE_AT_INTERVIEW, clock=clock)
    else:
        _require_free(columns, frameworks)
        result = _classify_rows(people, rows, table, frameworks, clock, columns)
    if RELATIVES in data.tables and table != "people":
        # the age of a relative is the same on every day: without dates of work the period changes nothing
        dated = clock if clock is not None and clock.dated else None
        relatives = classified_relatives(_frame(data.relatives), rows, frameworks, people=people, clock=dated)
        result = result.changed(relatives=relatives)
    day = clock.day if clock is not None and clock.dated else ""
    time = replace(result.as_given("coverage"), time=_time_codes(clock, held))
    return result.changed(reference_day=day, coverage=time)


def _classify_rows(
    people: Any, rows: Any, table: str, frameworks: tuple[Framework, ...], clock: Clock | None, columns: list[str]
) -> Classification:
    """Classify rows, and the people they belong to."""
    if clock is not None:
        people = person_days(people, clock)
    rows = rows_of_persons(rows, people, table, known_to(frameworks), clock)
    if clock is not None and clock.dated:
        rows = spell_days(rows, clock)
    lazy = isinstance(rows, nw.LazyFrame)
    decided = decide(rows, frameworks, age=AGE_AT_INTERVIEW if clock is None else clock.ages, clock=clock, later=lazy)
    later = [PutOff(check=decided.check, frame=decided.frame)]
    kept = [name for name in (PERSON, AGE_AT_START) if name in decided.frame.collect_schema().names()]
    timed = decided.frame.select(
        *(nw.col(name) for name in kept),
        *decided.outcome_columns(),
        *decided.time_columns(),
        *decided.criterion_columns(),
    )
    # What is left is not named: Spark takes the dot in the name of a criterion for a field of a structure.
    rows = timed.drop([name for name in timed.collect_schema().names() if name.startswith(MARK)])
    found = persons(people, timed, frameworks, clock=clock, later=later if lazy else None)
    made = _classification(found, rows, decided, frameworks, columns)
    return made.changed(unchecked=Unchecked(made.as_given("people"), apart=later)) if lazy else made


def _time_codes(clock: Clock | None, rows: Sequence[str]) -> tuple[str, ...]:
    """How time and age were read, as codes; see `Coverage`."""
    if clock is None or not clock.dated:
        stock = ("stock_from_question",) if ONGOING in rows else ()
        return ("time_from_question", *stock, "age_at_interview" if clock is None else "age_in_period")
    own = clock.birth or (clock.age and clock.interview)
    return ("time_from_dates", "age_in_overlap" if own else "age_at_interview")


def _handed_on(classified: Classification, data: SurveyData) -> Classification:
    """What the data say of themselves, and who answered for another."""
    names = _frame(classified.as_given("people")).collect_schema().names()
    if PROXY in names and IS_PROXY not in names:
        classified = classified.with_column((~nw.col(PROXY).is_null()).cast(nw.Int64).alias(IS_PROXY))
    return classified.changed(
        design=data.design,
        source=data.source,
        reference_period=data.reference_period,
        population=data.population,
        wording=data.wording,
        report=data.report,
    )


def _measuring(frameworks: Sequence[Framework]) -> tuple[Framework, ...]:
    """The frameworks whose outcomes are ratios."""
    return tuple(one for one in frameworks if all(outcome.type == "ratio" for outcome in one.outcomes))


def _measured(
    classified: Classification, data: Any, frameworks: tuple[Framework, ...], ratios: tuple[Framework, ...]
) -> Classification:
    """Add the ratios to classified people."""
    tables = data.tables if isinstance(data, SurveyData) else {}
    apart = {name: _frame(tables[name]) for name in ("costs", "episodes") if name in tables}
    people, lines = _frame(classified.people), classified.coverage.lines
    wanted = [*people.collect_schema().names()]
    for framework in ratios:
        people, added = with_shares(people, apart, framework)
        lines += added
        wanted += [f"{outcome.id}{side}" for outcome in framework.outcomes for side in ("", SIDES[2])]
    return replace(
        classified,
        people=people.select(*(nw.col(name) for name in wanted)).to_native(),
        framework=" + ".join(framework.id for framework in frameworks),
        frameworks=frameworks,
        outcomes=(*classified.outcomes, *(outcome.id for framework in ratios for outcome in framework.outcomes)),
        coverage=Coverage(lines),
    )


def _classification(
    people: Any,
    rows: Any,
    decided: DecidedRows,
    frameworks: tuple[Framework, ...],
    columns: list[str],
) -> Classification:
    outcomes = (*stems(frameworks), *decided.stocks)
    wanted = [*columns, *(f"{outcome}{side}" for outcome in outcomes for side in SIDES)]
    wanted += added_columns(frameworks, people.collect_schema().names(), columns)
    return Classification(
        people=people.select(*(nw.col(name) for name in wanted)).to_native(),
        framework=" + ".join(framework.id for framework in frameworks),
        frameworks=frameworks,
        outcomes=outcomes,
        coverage=decided.coverage,
        rows=rows.to_native(),
        criteria={name: criterion for name, (criterion, _) in decided.criteria.items()},
    )


def answering_table(data: SurveyData, frameworks: tuple[Framework, ...]) -> str:
    """The one table on which the questions of the frameworks stand."""
    asked, known = {name for framework in frameworks for name in questions(framework)}, known_to(frameworks)
    holding = [
        name
        for name in ("jobs", "episodes", "people")
        if name in data.tables
        and any(_asks(column, asked, known) for column in _frame(data.tables[name]).collect_schema().names())
    ]
    if len(holding) == 1:
        return holding[0]
    if not holding:
        raise IndicatorFault(
            "FL-IND-07",
            f"the survey has no question of {' and '.join(framework.id for framework in frameworks)}",
            found=f"none in its tables {listed(data.tables, most=6)}",
            fix="map the questions to item ids; fl.frameworks() lists the frameworks, items.toml the items",
        )
    raise IndicatorFault(
        "FL-IND-10",
        "the questions stand on more than one table, so that the same job cannot be told",
        found=listed(holding),
        fix="bring them onto the rows of jobs, by job_id, before classifying",
    )


def _asks(column: str, asked: set[str], known: Items) -> bool:
    """Whether a column holds answers of a job to one of the questions; what is asked once a person is no sign of it."""
    if column.partition("@")[0] in asked & set(known.items):
        return True
    return any(
        field.column == column and field.id in asked and field.table != "people" for field in known.fields.values()
    )


def _frame(data: Any) -> Any:
    try:
        frame = narwhal(data)
    except TypeError:
        raise IndicatorFault(
            "FL-IND-12",
            "these are no answers that can be classified",
            found=f"a {type(data).__name__}",
            fix="give a SurveyData, or a frame of pandas, polars, DuckDB or another engine that narwhals knows",
        ) from None
    own = [name for name in frame.collect_schema().names() if str(name).startswith(MARK)]
    if own:
        raise IndicatorFault(
            "FL-IND-15",
            f"there are columns whose names begin with {MARK}, as those do that are made on the way to a class",
            found=listed(own),
            fix="rename them before classifying: they would be written over",
        )
    return frame


def _require_free(columns: Sequence[str], frameworks: tuple[Framework, ...]) -> None:
    names = (*stems(frameworks), *(f"{name}{STOCK}" for name in overall(frameworks)))
    taken = [f"{outcome}{side}" for outcome in names for side in SIDES if f"{outcome}{side}" in columns]
    taken += [each for name in overall(frameworks) if (each := f"{name}{IN_MONTHS}") in columns]
    if taken:
        raise IndicatorFault(
            "FL-IND-15",
            "the people have columns of the outcome already",
            found=listed(taken),
            fix="leave them out, or rename them, before classifying",
        )
