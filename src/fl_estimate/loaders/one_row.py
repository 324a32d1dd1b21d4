"""Questions on the recruitment beside questions on the work: one row a job, so that "in the same job" holds within it."""

from __future__ import annotations

from dataclasses import replace

from fl_estimate.loaders.fit import not_fitting
from fl_estimate.loaders.tables import Filled
from fl_estimate.schema.variables import item_variable


def on_one_row(tables: dict[str, Filled]) -> dict[str, Filled]:
    """Bring the item columns of episodes onto the jobs that they led to, where both tables carry items.

    A job without an episode has `not_asked` there. A job belongs to one episode at the most.

    Raises
    ------
    MappingFault
        FL-MAP-04: both tables carry items, and episodes do not say which job they led to; or both carry the same item.
    """
    jobs, episodes = tables.get("jobs"), tables.get("episodes")
    if jobs is None or episodes is None:
        return tables
    items = [name for name in episodes.columns if item_variable(name) is not None]
    twice = [name for name in items if name in jobs.columns]
    if not items or not any(item_variable(name) is not None for name in jobs.columns):
        return tables
    if "job_id" not in episodes.columns:
        raise not_fitting(["episodes.job_id: jobs and episodes carry items; say which job each episode led to"])
    if twice:
        raise not_fitting([f"{name}: jobs and episodes both carry it; map it to one of them" for name in twice])
    return {
        **tables,
        "jobs": _joined(jobs, episodes, items),
        "episodes": replace(episodes, columns=tuple(name for name in episodes.columns if name not in items)),
    }


def _joined(jobs: Filled, episodes: Filled, items: list[str]) -> Filled:
    import polars as pl

    # one row a job, so that a job of two episodes (a fault of its own) is not doubled
    once = episodes.frame.filter(pl.col("job_id").is_not_null()).select("job_id", *items).unique("job_id", keep="any")
    frame = jobs.frame.join(once, on="job_id", how="left", maintain_order="left")
    frame = frame.with_columns(pl.col(items).fill_null("not_asked"))
    return replace(jobs, frame=frame, columns=(*jobs.columns, *items))
