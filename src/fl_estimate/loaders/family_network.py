"""Relatives whom respondents report on: told by several members of a household they are kept once; and their checks."""

from __future__ import annotations

from collections.abc import Mapping as Dictionary
from dataclasses import replace

from fl_estimate.loaders.tables import ROW, Filled, faults_where
from fl_estimate.schema.codes import RELATION
from fl_estimate.schema.validate import Fault

_HOUSEHOLD, _OTHER = "__household__", "__other__"
_ALSO, _BETWEEN = "also_reported_by", "\t"


def relatives_once(filled: Dictionary[str, Filled]) -> tuple[dict[str, Filled], tuple[Fault, ...]]:
    """Keep a relative whom several members of one household told once, as the first of them told it.

    Two rows are of the same relative where they have the same `relative_id`; told in two households that is a fault of
    the keys. What is told of the relative in jobs and episodes stays: one row in the class is enough. The ids of the other
    members stand in `also_reported_by`, with tabs between: where persons report, each of them told.

    Returns
    -------
    tables : dict of str to Filled
    faults : tuple of Fault
        A warning with the number of rows left out.
    """
    relatives, people = filled.get("relatives"), filled.get("people")
    if relatives is None or people is None or "hh_id" not in people.columns or not relatives.key_is_mapped:
        return dict(filled), ()
    import polars as pl

    homes = people.frame.unique("person_id", keep="any").select(
        pl.col("person_id").alias("reported_by"), pl.col("hh_id").cast(pl.String).alias(_HOUSEHOLD)
    )
    frame = relatives.frame.join(homes, on="reported_by", how="left", maintain_order="left")
    key = pl.struct("relative_id", _HOUSEHOLD)
    again = ~key.is_first_distinct() & pl.col("relative_id").is_not_null() & pl.col(_HOUSEHOLD).is_not_null()
    faults = faults_where(
        relatives, frame, "relative_id", "a relative once a household", "told again by another member", again, "warning"
    )
    if not faults:
        return dict(filled), ()
    others = frame.filter(again).group_by("relative_id", _HOUSEHOLD).agg(
        pl.col("reported_by").cast(pl.String).unique(maintain_order=True).str.join(_BETWEEN).alias(_ALSO)
    )  # fmt: skip
    kept = frame.filter(~again).join(others, on=["relative_id", _HOUSEHOLD], how="left", maintain_order="left")
    kept = kept.drop(_HOUSEHOLD)
    columns = (*relatives.columns, _ALSO)
    return {**filled, "relatives": replace(relatives, frame=kept, columns=columns, n_rows=None)}, faults


def relative_faults(filled: Dictionary[str, Filled]) -> tuple[Fault, ...]:
    """Check relatives against the people who told of them.

    Returns
    -------
    tuple of Fault
        Errors: a `relative_id` that is also a `person_id`. Warnings: more relatives of a relation told than the
        respondent has (`network_size_…`), a relative said to live in the household without the person it duplicates.
    """
    relatives, people = filled.get("relatives"), filled.get("people")
    if relatives is None or people is None or "person_id" not in people.columns:
        return ()
    import polars as pl

    persons = people.frame.select(pl.col("person_id").alias("relative_id")).unique().with_columns(
        pl.lit(True).alias(_OTHER)
    )  # fmt: skip
    frame = relatives.frame.join(persons, on="relative_id", how="left", maintain_order="left")
    both = pl.col(_OTHER).fill_null(False)
    faults = [*faults_where(relatives, frame, "relative_id", "not a person of the survey", "also a person_id", both)]
    if "in_household" in relatives.columns:
        twin = pl.col("duplicates_person") if "duplicates_person" in relatives.columns else pl.lit(None, pl.String)
        unnamed = (pl.col("in_household") == "yes") & twin.is_null()
        text = "in the household, and the person is not named"
        rule = "whom the relative duplicates"
        faults += faults_where(relatives, relatives.frame, "duplicates_person", rule, text, unnamed, "warning")
    return (*faults, *_network_faults(relatives, people))


def _network_faults(relatives: Filled, people: Filled) -> list[Fault]:
    """More relatives of a relation told than the respondent says there are."""
    import polars as pl

    sizes = {relation: f"network_size_{relation}" for relation in RELATION}
    sizes = {relation: name for relation, name in sizes.items() if name in people.columns}
    if "relation" not in relatives.columns or not sizes:
        return []
    told = relatives.frame.group_by("reported_by").agg(
        (pl.col("relation") == relation).sum().alias(f"{_OTHER}{relation}") for relation in sizes
    )
    names = [name for name in (ROW, people.table.key, *sizes.values()) if name in people.frame.collect_schema()]
    frame = people.frame.select(names).join(
        told, left_on="person_id", right_on="reported_by", how="left", maintain_order="left"
    )
    faults: list[Fault] = []
    for relation, name in sizes.items():
        more = pl.col(f"{_OTHER}{relation}") > pl.col(name)
        text = f"fewer than the {relation} relatives told of"
        faults += faults_where(people, frame, name, "size of the network", text, more, "warning")
    return faults
