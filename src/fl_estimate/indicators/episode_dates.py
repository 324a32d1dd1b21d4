"""Jobs abroad without dates of their own take those of the episode that led to them: when somebody left, and came back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import narwhals as nw

from fl_estimate.indicators.clock import SPELLS, has_own_age, is_comparable, is_dated
from fl_estimate.indicators.columns import MARK
from fl_estimate.inputs.partitions import narwhal

if TYPE_CHECKING:
    from fl_estimate.inputs.survey_data import SurveyData

JOB = "job_id"


def with_episode_dates(data: SurveyData, jobs: Any, people: list[str]) -> Any:
    """Fill the dates of jobs from those of their episodes, where a job has none.

    Parameters
    ----------
    data : SurveyData
        With `episodes`, whose `job_id` names the job; without it nothing is filled.
    jobs : narwhals frame
    people : list of str
        Columns of people.

    Returns
    -------
    narwhals frame
        Jobs without any column of dates get `start` and `end` where ages can be compared with them (a date of birth, or
        age and date of interview) and the period has days, or is a lifetime. Cells without a date are filled in any case.

    Notes
    -----
    Of a job that several episodes name the earliest departure and the latest return are taken, each no better known than
    the vaguest of them.
    """
    if "episodes" not in data.tables:
        return jobs
    episodes = narwhal(data.episodes)
    held, of_episode = dict(jobs.collect_schema()), dict(episodes.collect_schema())
    if JOB not in held or JOB not in of_episode:
        return jobs
    if not is_dated("jobs", list(held)) and not (
        has_own_age(people) and data.reference_period is not None and is_comparable(data.reference_period, people)
    ):
        return jobs
    pairs = [
        (own, name)
        for own, name in zip(SPELLS["jobs"], SPELLS["episodes"], strict=True)
        if name in of_episode and of_episode[name] != nw.Unknown and held.get(own, of_episode[name]) == of_episode[name]
    ]
    if not pairs:
        return jobs
    jobs = jobs.join(_by_job(episodes, of_episode, pairs), on=JOB, how="left")
    filled = [expression for own, _ in pairs for expression in _filled(own, held)]
    # the precision looks at the cell before it is filled
    names = [*held, *(name for own, _ in pairs for name in (own, f"{own}_precision") if name not in held)]
    return jobs.with_columns(*filled).select(*names)


def _by_job(episodes: Any, schema: dict[str, Any], pairs: list[tuple[str, str]]) -> Any:
    """The first departure and the last return of each job."""
    wanted: list[nw.Expr] = []
    for own, name in pairs:
        text = f"{name}_precision"
        has = text in schema and schema[text] != nw.Unknown
        precision = nw.col(text).cast(nw.String).fill_null("day") if has else nw.lit("day")
        wanted += [nw.col(name).alias(f"{MARK}{own}"), precision.alias(f"{MARK}{own}_precision")]
    chosen = episodes.filter(~nw.col(JOB).is_null()).select(nw.col(JOB), *wanted)
    (begins, _), *_ = pairs
    takes_first = begins == SPELLS["jobs"][0]
    best = [
        nw.col(f"{MARK}{own}").min() if takes_first and own == begins else nw.col(f"{MARK}{own}").max()
        for own, _ in pairs
    ]
    # "day" < "month" < "year", as words too
    return chosen.group_by(JOB).agg(*best, *(nw.col(f"{MARK}{own}_precision").max() for own, _ in pairs))


def _filled(own: str, columns: dict[str, Any]) -> list[nw.Expr]:
    told, precision = nw.col(f"{MARK}{own}"), f"{own}_precision"
    vague = nw.col(f"{MARK}{precision}")
    if own not in columns:
        return [told.alias(own), vague.alias(precision)]
    lacks = nw.col(own).is_null()
    has = precision in columns and columns[precision] != nw.Unknown
    own_precision = nw.col(precision).cast(nw.String) if has else nw.lit("day")
    return [
        nw.when(lacks).then(told).otherwise(nw.col(own)).alias(own),
        nw.when(lacks).then(vague).otherwise(own_precision).alias(precision),
    ]
