"""Checks of a respondent-driven survey when it is loaded: chains by recruiter or coupon, and the size of networks."""

from __future__ import annotations

from collections.abc import Mapping as Dictionary

import narwhals as nw

from fl_estimate.inputs.recruitment_checks import chain_faults
from fl_estimate.inputs.recruitment_columns import read_columns
from fl_estimate.loaders.tables import Filled
from fl_estimate.schema.validate import Fault

_KEYS = ("key",)
"""Rules that are checked of every table: ids that are missing, or stand twice."""


def recruitment_faults(filled: Dictionary[str, Filled]) -> tuple[Fault, ...]:
    """Check who recruited whom, where people have the columns that say it.

    Returns
    -------
    tuple of Fault
        Errors: a recruiter who is no respondent, circles, coupons that two people brought or were given, or that nobody was given,
        more recruits than coupons. Warnings: a network size that is missing, 0, or below what the chain itself shows. Of the keys of
        people, and of recruiters who are not there by their id, the checks of every survey tell.
    """
    people = filled.get("people")
    if people is None or "person_id" not in people.columns:
        return ()
    columns = set(people.columns)
    by_id = "recruiter_id" in columns
    coupons = [name for name in people.columns if name.startswith("coupon_given_")]
    if not by_id and not ("coupon_received" in columns and coupons):
        return ()
    import polars as pl

    named = ["person_id", "recruiter_id", "coupon_received", *coupons, "coupons_issued", "network_size"]
    frame = people.frame.select([name for name in named if name in columns])
    if "network_size" not in columns:
        frame = frame.with_columns(pl.lit(None, pl.Float64).alias("network_size"))
    if not frame.select(pl.len()).collect().item():
        return ()
    read = read_columns(
        nw.from_native(frame), person="person_id", recruiter="recruiter_id" if by_id else None,
        coupon=None if by_id else "coupon_received", coupons_given=coupons or None, degree="network_size",
        coupons_issued=None, time=None, seed_marker=None,
    )  # fmt: skip
    found = [each for each in chain_faults(read) if each.rule not in _KEYS]
    if by_id:
        found = [each for each in found if each.value_class != "a recruiter who is not among the respondents"]
    return tuple(each for each in found if each.variable in columns)
