"""`fl.by_episode`: a survey of migrants told by episode of work abroad, so that corridor, sector and recruiter go with the class."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal, get_args

from fl_estimate.errors import DataFault, not_one_of
from fl_estimate.inputs.respondents import SHARE_OF_PERSON
from fl_estimate.inputs.sample_design import LEAST_SHARE, MOST_SHARE, Design
from fl_estimate.inputs.survey_data import ReferencePeriod, SurveyData
from fl_estimate.inputs.survey_storage import pandas_of, polars_of
from fl_estimate.schema.variables import item_variable

if TYPE_CHECKING:
    import polars as pl

Which = Literal["all", "last"]
WHICH: tuple[str, ...] = get_args(Which)
PERSON, EPISODE, JOB, RESPONDENT = "person_id", "episode_id", "job_id", "respondent_id"
SELECTED, AGE, AGE_THEN = "selected_for_module", "age_interview", "age_at_start"
INTERVIEW, BIRTH = "interview_date", "birth_date"
_ORDER, _ASKED = "__order__", "__asked__"


def by_episode(data: SurveyData, which: Which = "all") -> SurveyData:
    """Take each episode of work abroad as a unit, in place of the person who told it.

    A person can have been abroad several times, in several countries and sectors. "Forced labour by destination" is
    then a statement on episodes: on all of them, or on the most recent one of everybody, which is one a person.

    Parameters
    ----------
    data : SurveyData
        With `episodes`, whose `person_id` names the respondent.
    which : {"all", "last"}
        All episodes, or of each person the one with the latest `depart` (those without a date last; of several of one
        day the one that stands later). The recruitment cost of SDG 10.7.1 is that of the most recent one.

    Returns
    -------
    SurveyData
        `people` has a row an episode, with the columns of the person, of the episode and of the job that it led to;
        `person_id` is the id of the episode and `respondent_id` that of the person. Ages are those on the days of the
        episode, from `depart` and `return`, where a date of birth, or the age and the date of the interview, tells them.
        Of others `age_interview` is the age at the start of the episode where it is known; the age now is `age_now`. Without a reference
        period of the survey that of the episodes is a lifetime. Weights, strata and
        sampling units are those of the person, so that a total counts episodes ("all") or persons ("last").

        Persons without an episode stay, out of scope (`selected_for_module` is no): the units in which nobody had
        been abroad belong to the design too. Where the questions stand on jobs, an episode that led to none of them is
        out of scope as well: nothing was asked about it, and "not asked" is not "no".

    Raises
    ------
    DataFault
        FL-DATA-05: the survey has no episodes of persons. FL-DATA-06: unknown `which`. FL-DATA-07: the most recent
        episode is asked for and no episode has a `depart`. FL-DATA-08: the questions stand on jobs that no episode names.

    Notes
    -----
    Weights of a border flow count crossings: a person who returned k times in the period could be met k times, and weighs
    1/k of the flow as a person. Let the mapping say it: ``weight_person = "weight_flow / crossings"`` under
    ``[people.derived]``.

    Examples
    --------
    >>> import fl_estimate as fl
    >>> survey = fl.datasets.load("country_migrants")
    >>> episodes = fl.by_episode(survey)
    >>> people = fl.classify(episodes, ["icls2018_adult", "sdg_10_7_1"])
    >>> rows = fl.estimate_prevalence(people, "forced_labour", by="destination").to_frame()
    >>> rows["destination"].dropna().tolist()
    ['XA', 'XB', 'XC', 'XD', 'XE']
    """
    if which not in WHICH:
        raise not_one_of("FL-DATA-06", "this choice of episodes", which, WHICH, DataFault)
    tables = {name: _lazy(table) for name, table in data.tables.items()}
    episodes = _of_respondents(tables.get("episodes"))
    if which == "last":
        episodes = _last(episodes)
    jobs = _jobs_of(tables.get("jobs"), episodes)
    people = _units(tables["people"], episodes, jobs)
    told = episodes.with_columns(_as(EPISODE, PERSON))
    made: dict[str, Any] = {"people": people, "episodes": told, "jobs": jobs, "relatives": None}
    if "costs" in tables:
        made["costs"] = tables["costs"].join(told.select(EPISODE), on=EPISODE, how="semi", maintain_order="left")
    whose = data.population
    if which == "last":
        said = f"{whose or 'persons'}, by their most recent episode of work abroad"
    else:
        said = f"episodes of work abroad of {whose}" if whose else "episodes of work abroad"
    return replace(
        data,
        **{name: None if table is None else _native(table, getattr(data, name)) for name, table in made.items()},
        design=_design(_expanding(data.design, tables["people"]) if which == "all" else data.design),
        # where nobody states a period, an episode is judged by itself, whenever it was
        reference_period=data.reference_period or ReferencePeriod(kind="lifetime"),
        population=said,
        wording=replace(
            data.wording,
            population={},
            unit="episodes" if which == "all" and data.wording.unit == "persons" else data.wording.unit,
        ),
    )


def _as(column: str, name: str) -> pl.Expr:
    """A column under another name as well."""
    import polars as pl

    return pl.col(column).alias(name)


def _lazy(table: Any) -> pl.LazyFrame:
    import polars as pl

    return table.lazy() if isinstance(table, pl.DataFrame | pl.LazyFrame) else polars_of(table).lazy()


def _native(table: pl.LazyFrame, like: Any) -> Any:
    """Give a table of the engine of another."""
    import polars as pl

    if isinstance(like, pl.LazyFrame):
        return table
    return table.collect() if isinstance(like, pl.DataFrame) else pandas_of(table.collect())


def _names(table: pl.LazyFrame) -> list[str]:
    return table.collect_schema().names()


def _of_respondents(episodes: pl.LazyFrame | None) -> pl.LazyFrame:
    """Episodes that respondents had themselves: those of relatives are told by somebody else, and weigh otherwise."""
    import polars as pl

    if episodes is None or PERSON not in _names(episodes):
        raise DataFault(
            "FL-DATA-05",
            "the survey has no episodes of persons",
            found="no table episodes" if episodes is None else f"episodes have no column {PERSON}",
            fix="map [episodes] with person_id; the page on returning migrants shows how",
        )
    return episodes.filter(pl.col(PERSON).is_not_null())


def _last(episodes: pl.LazyFrame) -> pl.LazyFrame:
    import polars as pl

    dated = "depart" in _names(episodes)
    if not dated or episodes.select(pl.col("depart").count()).collect().item() == 0:
        raise DataFault(
            "FL-DATA-07",
            "the most recent episode cannot be told",
            found="no episode has a date in depart",
            fix='map episodes.depart, or take which="all"',
        )
    ordered = episodes.with_row_index(_ORDER).sort("depart", _ORDER, nulls_last=False)
    latest = ordered.group_by(PERSON).agg(pl.col(_ORDER).last())
    return ordered.join(latest, on=[PERSON, _ORDER], how="semi").sort(_ORDER).drop(_ORDER)


def _jobs_of(jobs: pl.LazyFrame | None, episodes: pl.LazyFrame) -> pl.LazyFrame | None:
    """The jobs that the episodes led to, as work of the episode; None where episodes name none."""
    if jobs is None:
        return None
    names = _names(jobs)
    if JOB not in _names(episodes) or JOB not in names:
        if any(item_variable(name) is not None for name in names):
            raise DataFault(
                "FL-DATA-08",
                "the questions stand on jobs, and episodes do not say which job they led to",
                found=f"no column {JOB} in episodes",
                fix="map episodes.job_id, or the questions to [episodes]",
            )
        return None
    led = episodes.select(JOB, _as(EPISODE, PERSON)).drop_nulls(JOB)
    rest = [name for name in names if name not in (PERSON, JOB)]
    return jobs.select(JOB, *rest).join(led, on=JOB, how="inner", maintain_order="left").select(JOB, PERSON, *rest)


def _units(people: pl.LazyFrame, episodes: pl.LazyFrame, jobs: pl.LazyFrame | None) -> pl.LazyFrame:
    """A row an episode: person, episode and job side by side; and the persons without one."""
    import polars as pl

    facts = episodes.select(name for name in _names(episodes) if item_variable(name) is None)
    if jobs is not None:
        here = set(_names(facts))
        new = [name for name in _names(jobs) if name not in here and item_variable(name) is None]
        facts = facts.join(jobs.select(JOB, *new), on=JOB, how="left", maintain_order="left")
    facts = facts.drop("relative_id", strict=False).with_columns(_asked_about(jobs).alias(_ASKED))
    of_person = [name for name in _names(people) if name == PERSON or name not in set(_names(facts))]
    units = people.select(of_person).join(facts, on=PERSON, how="left", maintain_order="left_right")
    abroad, about = pl.col(EPISODE).is_not_null(), pl.col(_ASKED).fill_null(False)
    asked = pl.col(SELECTED) if SELECTED in of_person else pl.lit("yes")
    units = units.with_columns(
        pl.col(PERSON).alias(RESPONDENT),
        pl.when(abroad).then(pl.col(EPISODE)).otherwise(pl.lit("without episode: ") + pl.col(PERSON)).alias(PERSON),
        pl.when(about).then(asked).otherwise(pl.lit("no")).alias(SELECTED),
    ).drop(_ASKED)
    if AGE_THEN in _names(units):
        now = pl.col(AGE) if AGE in of_person else pl.lit(None, dtype=pl.Int64)
        then = pl.when(_has_age_then(_names(units), AGE in of_person)).then(now).otherwise(pl.coalesce(AGE_THEN, now))
        units = units.with_columns(now.alias("age_now"), then.alias(AGE))
    # Who has several episodes is several rows: rules of publication count persons.
    units = units.with_columns((1.0 / pl.len().over(RESPONDENT)).alias(SHARE_OF_PERSON))
    first = [PERSON, RESPONDENT]
    return units.select(*first, *(name for name in _names(units) if name not in first))


def _has_age_then(names: list[str], has_age: bool) -> pl.Expr:
    """Whether the age on the days of the episode follows from its dates: the age at its start need not stand for it."""
    import polars as pl

    result = pl.lit(False)
    if not {"depart", "return"} & set(names):
        return result
    if BIRTH in names:
        result = result | pl.col(BIRTH).is_not_null()
    if INTERVIEW in names and has_age:
        result = result | (pl.col(INTERVIEW).is_not_null() & pl.col(AGE).is_not_null())
    return result


def _asked_about(jobs: pl.LazyFrame | None) -> pl.Expr:
    """Whether the questions were put about an episode: where they stand on jobs, if there is one that it led to."""
    import polars as pl

    if jobs is None or not any(item_variable(name) is not None for name in _names(jobs)):
        return pl.lit(True)
    return pl.col(JOB).is_in(jobs.select(JOB).collect()[JOB].implode()).fill_null(False)


def _expanding(design: Design | None, people: pl.LazyFrame) -> Design | None:
    """The known population is of persons: their weights are compared with it here, for those of episodes sum to more."""
    import polars as pl

    design = None if design is None else replace(design, populations=())
    if design is None or design.weights is None or design.population_size is None:
        return design
    total = people.select(pl.col(design.weights).cast(pl.Float64).sum()).collect().item()
    near = LEAST_SHARE <= total / design.population_size <= MOST_SHARE
    return replace(design, population_size=None, expands=True) if near and design.expands is None else design


def _design(design: Design | None) -> Design | None:
    """Without sampling units of its own, a design takes persons as such: the episodes of one are no separate draws."""
    if design is None or design.stages or design.replicates is not None or design.phase2 is not None:
        return design
    return replace(design, stages=(RESPONDENT,))
