"""Two phases: a sample of those already drawn, stratified by what the first phase found out; weights and variance."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from fl_estimate.design.grouped_form import GroupedForm
from fl_estimate.design.sample import CENSUS, SampleStages, Stage
from fl_estimate.design.small_table import Codes, Floats, Totals, numbered
from fl_estimate.design.totals import no_missing
from fl_estimate.errors import DesignFault, listed
from fl_estimate.inputs.sample_design import Design


@dataclass(frozen=True, kw_only=True)
class _SecondPhase:
    """The units of the second phase.

    `unit`: of each group of the small table; `first`: the unit of the first phase that each is in; `stratum`: of the
    second phase; `there`, `drawn`: units of each stratum in the first phase, and drawn again; `inside`: groups drawn.
    """

    unit: Codes
    first: Codes
    stratum: Codes
    there: Floats
    drawn: Floats
    inside: npt.NDArray[np.bool_]


def second_phase(table: Totals, design: Design, sample: SampleStages) -> tuple[Totals, SampleStages]:
    """Keep the second phase only, weight it up to the first, and put both variances into one quadratic form.

    Parameters
    ----------
    table : Totals
        Grouped by the units of both phases, a person each where persons are.
    design : Design
        With `phase2`.
    sample : Sample
        The first phase.

    Raises
    ------
    DesignFault
        FL-DESIGN-07 missing strata or units; FL-DESIGN-29: the column is not 0/1, nobody was drawn, a stratum of which
        one unit of several was drawn, or a unit that was drawn in part or lies in two strata.

    Notes
    -----
    π_k = π_1k π_2k with π_2k = n_2h/n_1h. V = ΣΣ (Δ_1kl/π_1kl)(π_2kπ_2l/π_2kl) z_k z_l + ΣΣ (1 − π_2kπ_2l/π_2kl) z_k z_l
    over the second phase, z the influence with the weights of both: Särndal, Swensson and Wretman (1992), eq. 9.3.7.
    Both factors are the same for all pairs of one first-phase stratum (or unit) and second-phase stratum (or unit), so
    that V is a sum of squared totals of these groups.
    """
    column, second = design.phase2 or ("", Design())
    first = sample.stages[0]
    who = _drawn(table, column, second, first)
    weight = np.where(who.inside, (who.there / who.drawn)[who.stratum[who.unit]], 0.0)
    kept = who.inside.astype(float)
    sums = {name: values * kept * weight ** name.count("w") for name, values in table.sums.items()}
    parts = _approximate(who, first) if design.phase2_variance == "approx" else _full(who, first)
    stage = replace(
        first,
        unit=who.unit,
        stratum=who.stratum,
        size=who.drawn,
        fraction=who.drawn / who.there,
        form=GroupedForm(parts=parts),
    )
    df = float(who.drawn.sum() - len(who.drawn))
    return Totals(keys=table.keys, sums=sums, n=table.n * kept), replace(sample, stages=(stage,), df=df)


def _drawn(table: Totals, column: str, second: Design, first: Stage) -> _SecondPhase:
    flag = table.keys[column]
    binary = all(level in (0, 1) for level in flag.levels)
    inside = np.array([level == 1 for level in flag.levels] + [False])[flag.codes]
    stratum = np.zeros(len(table.n), dtype=np.int64)
    if second.strata is not None:
        no_missing(table.keys[second.strata], second.strata, "strata of the second phase")
        stratum = np.unique(table.keys[second.strata].codes, return_inverse=True)[1].astype(np.int64)
    key = table.keys[second.stages[0]]
    no_missing(key, second.stages[0], "units of the second phase")
    unit, at = numbered(first.unit * len(key.levels) + key.codes)
    there = np.bincount(stratum[at]).astype(float)
    drawn = np.bincount(stratum[at], weights=inside[at])
    faults = {
        "the column holds other values than 0, 1 and missing": not binary,
        "a unit that was drawn in part": bool((inside[at][unit] != inside).any()),
        "a unit that lies in two strata": bool((stratum[at][unit] != stratum).any()),
        "a stratum of which nobody was drawn": bool((drawn == 0).any()),
        "a stratum of which one of several was drawn": bool(((drawn == 1) & (there > 1)).any()),
    }
    found = [name for name, holds in faults.items() if holds]
    if found:
        raise DesignFault(
            "FL-DESIGN-29", "this second phase cannot be used", found=f"{column!r}: {listed(found)}",
            fix="merge small strata of the second phase; give 1 to those drawn in it and 0 to the others",
        )  # fmt: skip
    return _SecondPhase(unit=unit, first=first.unit[at], stratum=stratum[at], there=there, drawn=drawn, inside=inside)


def _earlier(first: Stage) -> tuple[Floats, Floats]:
    """1 − f of each stratum of the first phase, 0 where it has no variance; and the same over n − 1."""
    rest = np.where((1 - first.fraction < CENSUS) | (first.size < 2), 0.0, 1 - first.fraction)
    return rest, rest / np.maximum(first.size - 1, 1)


def _full(who: _SecondPhase, first: Stage) -> tuple[tuple[Codes, Floats], ...]:
    """The form by groups of equal factors.

    Δ_1kl/π_1kl is 1 − f within a unit of the first phase, −(1 − f)/(n − 1) = −c between units of a stratum, and 0
    between strata; π_2kπ_2l/π_2kl is π_2 within a unit of the second, 1 + b between units of a stratum, and 1 between.
    """
    rest, c = _earlier(first)
    g, h = first.stratum[who.first], who.stratum
    share = who.drawn / who.there
    b = np.where(who.drawn > 1, share * (who.there - 1) / np.maximum(who.drawn - 1, 1), 1.0) - 1
    return (
        (who.first, (rest + c)[first.stratum]),
        (g, -c),
        _crossed(who.first, h, (rest + c)[first.stratum], b),
        _crossed(g, h, -c, b),
        (h, -b),
        (np.arange(len(h)), (share - 1 - b)[h] * (rest[g] - 1)),
    )


def _approximate(who: _SecondPhase, first: Stage) -> tuple[tuple[Codes, Floats], ...]:
    """Both phases by themselves: the first from the second's persons with their weights in it, then the second.

    Σ_g (1 − f) n/(n − 1) (Σ x²/π_2 − (Σ x/π_2)²/n), x the influence with the weights of the first phase, and
    Σ_h (1 − π_2) n_2/(n_2 − 1) Σ (z − z̄)².
    """
    rest, c = _earlier(first)
    g, h = first.stratum[who.first], who.stratum
    share = who.drawn / who.there
    later = (1 - share) / np.maximum(who.drawn - 1, 1)
    return ((np.arange(len(h)), (rest + c)[g] * share[h] + (later * who.drawn)[h]), (g, -c), (h, -later))


def _crossed(one: Codes, other: Codes, first: Floats, second: Floats) -> tuple[Codes, Floats]:
    """Groups by two codes at once, the coefficients multiplied."""
    pairs, codes = np.unique(one * len(second) + other, return_inverse=True)
    return codes, first[pairs // len(second)] * second[pairs % len(second)]
