"""Two phases: a sample of the people already drawn, stratified by what the first phase found out; weights and variance."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from fl_estimate.design.pps import PpsForm
from fl_estimate.design.sample import Sample
from fl_estimate.design.totals import Codes, Floats, Totals, no_missing
from fl_estimate.errors import DesignFault
from fl_estimate.inputs.sample_design import Design

MOST = 5_000
"""Persons of the second phase up to which the matrix between all pairs of them is made (200 MB)."""


@dataclass(frozen=True, kw_only=True)
class _Drawn:
    """Who is in the second phase, of which stratum, and how many of each stratum were there and drawn."""

    inside: Codes
    stratum: Codes
    there: Floats
    drawn: Floats


def second_phase(table: Totals, design: Design, sample: Sample) -> tuple[Totals, Sample]:
    """Keep the second phase only, weight it up to the first, and put both variances into one quadratic form.

    Parameters
    ----------
    table : Totals
        One group a person.
    design : Design
        With `phase2`; persons are the units of both phases.
    sample : Sample
        The first phase.

    Raises
    ------
    DesignFault
        FL-DESIGN-07 missing strata; FL-DESIGN-29: the column is not 0/1, nobody was drawn, a stratum of which one of
        several was drawn, or more than 5,000 persons.

    Notes
    -----
    π_k = π_1k π_2k with π_2k = n_2h/n_1h. V = ΣΣ (Δ_1kl/π_1kl)(π_2kπ_2l/π_2kl) z_k z_l + ΣΣ (1 − π_2kπ_2l/π_2kl) z_k z_l over the second
    phase, z the influence with the weights of both: Särndal, Swensson and Wretman (1992), eq. 9.3.7.
    """
    column, second = design.phase2 or ("", Design())
    who = _drawn(table, column, second)
    weight = np.zeros(len(table.n))
    weight[who.inside] = (who.there / who.drawn)[who.stratum[who.inside]]
    kept = (weight > 0).astype(float)
    sums = {name: values * kept * weight ** name.count("w") for name, values in table.sums.items()}
    first = sample.stages[0]
    # Rows of the table are persons, in the order of the units of the first phase.
    order = np.argsort(first.unit)
    units = np.flatnonzero(kept[order] > 0)
    rows = order[units]
    form = PpsForm(
        kind="two-phase",
        probability=(1 / np.where(weight > 0, weight, 1.0))[order],
        joint=_pairs(who, rows, first.stratum[units], first.size, first.fraction),
        hr_sum=None,
        units=units,
    )
    stage = replace(first, stratum=who.stratum[order], size=who.drawn, fraction=who.drawn / who.there, pps=form)
    df = float(len(rows) - len(who.drawn))
    return Totals(keys=table.keys, sums=sums, n=table.n * kept), replace(sample, stages=(stage,), df=df)


def _drawn(table: Totals, column: str, second: Design) -> _Drawn:
    flag = table.keys[column]
    levels = np.array([float(level == 1) for level in flag.levels] + [0.0])
    binary = all(level in (0, 1) for level in flag.levels)
    inside = levels[flag.codes] == 1
    stratum = np.zeros(len(table.n), dtype=np.int64)
    if second.strata is not None:
        no_missing(table.keys[second.strata], second.strata, "strata of the second phase")
        stratum = np.unique(table.keys[second.strata].codes, return_inverse=True)[1].astype(np.int64)
    there = np.bincount(stratum).astype(float)
    drawn = np.bincount(stratum, weights=inside)
    faults = {
        "the column holds other values than 0, 1 and missing": not binary,
        "a stratum of which nobody was drawn": bool((drawn == 0).any()),
        "a stratum of which one of several was drawn": bool(((drawn == 1) & (there > 1)).any()),
        f"{int(drawn.sum()):,} persons, more than {MOST:,}": drawn.sum() > MOST,
    }
    found = [name for name, holds in faults.items() if holds]
    if found:
        raise DesignFault(
            "FL-DESIGN-29", "this second phase cannot be used", found=f"{column!r}: {found[0]}",
            fix="merge small strata of the second phase; give 1 to those drawn in it and 0 to the others",
        )  # fmt: skip
    return _Drawn(inside=np.flatnonzero(inside), stratum=stratum, there=there, drawn=drawn)


def _pairs(who: _Drawn, rows: Codes, first: Codes, size: Floats, fraction: Floats) -> Floats:
    """The matrix of the quadratic form, persons of the second phase × the same."""
    h = who.stratum[rows]
    share = (who.drawn / who.there)[h]
    with np.errstate(divide="ignore", invalid="ignore"):
        within = who.drawn / who.there * (who.there - 1) / (who.drawn - 1)
        apart = -(1 - fraction) / (size - 1)
    ratio = np.where(h[:, None] == h, within[h][:, None], 1.0)
    np.fill_diagonal(ratio, share)
    earlier = np.where(first[:, None] == first, apart[first][:, None], 0.0)
    np.fill_diagonal(earlier, (1 - fraction)[first])
    return earlier * ratio + 1 - ratio
