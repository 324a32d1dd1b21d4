"""Design: how the sample was drawn, said once, as column names. No data and no arithmetic live here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Literal, get_args

import numpy as np

from fl_estimate.errors import DesignFault, listed, not_one_of
from fl_estimate.inputs.adjustments import Adjustment, Calibration
from fl_estimate.inputs.replicates import Floats, Replicates, UnitReplicates

SinglePsu = Literal["error", "remove", "certainty", "adjust", "average", "collapse"]
SINGLE_PSU_RULES: tuple[str, ...] = get_args(SinglePsu)
SinglePsuScope = Literal["sample", "domain"]
Pps = Literal["brewer", "overton", "hr", "ht", "yg"]
Phase2Variance = Literal["full", "approx"]
PPS_RULES: tuple[str, ...] = get_args(Pps)
LEAST_SHARE, MOST_SHARE = 0.5, 2.0
"""Weights whose sum is within these shares of the known population are taken to expand to it."""
ROW = "__fl_row"
"""The column that numbers the rows where each is a unit that must be told apart."""


@dataclass(frozen=True, kw_only=True, init=False)
class Design:
    """Say how a sample was drawn, by the names of the columns that hold it.

    Parameters
    ----------
    weights : str, optional
        Column of sampling weights (> 0; 0 for who is in the sample's frame and not among the respondents, such as a
        household that was not found: counted in no figure, while its unit stays in the design). May be left out where
        `fpc` gives the sampling fraction of every stage; with neither, estimators refuse unless `unweighted`.
    unweighted : bool, default False
        Every row counts the same, on purpose: figures are of the sample, everything printed says so, and totals are
        refused.
    strata : str, optional
        Column of the first-stage strata.
    psu : str, optional
        Column of the primary sampling units; short for ``stages=(psu,)``.
    stages : sequence of str, optional
        Columns of the sampling units of each stage, first stage first. Empty: every row is a unit.
    fpc : str or sequence of str, optional
        One column a stage: population sizes (counts of units) or sampling fractions (all at most 1). Stages
        without one are taken as drawn with replacement; stages after the last one with an fpc are not needed
        (their variance is in the stage before).
    nested : bool, default True
        Unit ids repeat in every stratum. ``False`` asserts that ids are unique over strata, and checks it.
    single_psu : {"error", "remove", "certainty", "adjust", "average", "collapse"}
        What to do with a stratum in which one unit was drawn: stop; no contribution (``remove`` and
        ``certainty`` are the same number); distance from the mean over all units; the average contribution of
        the other strata; merge it with the stratum that follows in sorted order (the last with the one before).
    single_psu_scope : {"sample", "domain"}
        Where ``adjust`` and ``average`` look for single units: among the units drawn, or also among those of them
        that have a row in the domain (R's ``survey.adjust.domain.lonely``).
    pps : {"brewer", "overton", "hr", "ht", "yg"}, optional
        The first stage was drawn with unequal probabilities without replacement; its fpc column then holds the
        inclusion probability of each unit. Brewer's, Overton's or Hartley and Rao's approximation, or, with `joint`,
        the estimators of Horvitz and Thompson or of Yates and Grundy.
    joint : matrix, optional
        Joint inclusion probabilities of the units drawn, inclusion probabilities on the diagonal; rows and columns in
        the sorted order of (stratum, unit), or of the rows of the frame where rows are the units. For pps ht and yg.
    hr_sum : float, optional
        Σπ²/n over the population, for pps hr; estimated by Σπ/n over the sample where left out.
    phase2 : tuple of (str, Design), optional
        Two phases: the 0/1 column of those drawn again, and how: ``("interviewed", Design(strata="screened"))``. Their
        weights within the second phase follow from the units of each of its strata in both; the frame holds everyone of
        the first phase. Units are persons, or those of `psu` in either phase, the second's within the first's.
    phase2_variance : {"full", "approx"}
        Särndal, Swensson and Wretman's estimator, unbiased in any of these designs; or each phase by itself (R's
        ``method="approx"`` and ``"simple"``), for persons in both phases only: to compare with older figures.
    replicates : Replicates, optional
        Replicate weights that came with the file; `fl.replicate` puts its own here.
    expands : bool, optional
        Whether the weights sum to the population, as totals need. Left out, totals are refused unless the sum of the
        weights was compared with a known population: `population_size`, known totals of `fl.calibrate`, or the
        sampling fractions of `fpc`. ``True`` says that they do expand, ``False`` that they do not.
    population_size : float, optional
        Rows of the population that the sample stands for (persons, or households where a row is one), as known from
        elsewhere. Totals are refused where the weights sum to less than half or more than double of it.
    populations : mapping of str to mapping of str to float, optional
        The same by codes of columns: ``{"region": {"1": 400_000, "2": 250_000}}``. Totals by such a column are refused where
        the weights of a group are as far from its population.
    adjustments : tuple of Adjustment
        What was done to the weights; put here by `fl.calibrate`, `fl.trim_weights` and their like.

    Raises
    ------
    DesignFault
        FL-DESIGN-02 (`psu` and `stages` name different first stages), FL-DESIGN-03 (more fpc columns than stages),
        FL-DESIGN-04 (unknown rule), FL-DESIGN-05 (a column named twice), FL-DESIGN-18 (pps without probabilities, or
        joint probabilities without pps ht or yg), FL-DESIGN-28 (two phases of a form that is not computed), FL-DESIGN-19 (joint is not a symmetric matrix of probabilities),
        FL-DESIGN-71 (unweighted beside weights, or beside what only weights can have), FL-DESIGN-72 (a population that
        is no positive number).

    Examples
    --------
    >>> import fl_estimate as fl
    >>> fl.Design(weights="w", strata="stratum", psu="ea").stages
    ('ea',)
    >>> fl.Design(stages=("district", "school"), fpc=("N_districts", "N_schools")).fpc
    ('N_districts', 'N_schools')
    """

    weights: str | None
    strata: str | None
    psu: str | None
    stages: tuple[str, ...]
    fpc: tuple[str, ...]
    nested: bool
    single_psu: SinglePsu
    single_psu_scope: SinglePsuScope
    pps: Pps | None
    joint: Floats | None = field(repr=False, compare=False)
    hr_sum: float | None
    phase2: tuple[str, Design] | None
    phase2_variance: Phase2Variance
    replicates: Replicates | UnitReplicates | None
    expands: bool | None
    unweighted: bool
    population_size: float | None
    populations: tuple[tuple[str, tuple[tuple[str, float], ...]], ...]
    adjustments: tuple[Adjustment, ...]

    def __init__(
        self,
        *,
        weights: str | None = None,
        strata: str | None = None,
        psu: str | None = None,
        stages: str | Sequence[str] | None = None,
        fpc: str | Sequence[str] | None = None,
        nested: bool = True,
        single_psu: SinglePsu = "error",
        single_psu_scope: SinglePsuScope = "sample",
        pps: Pps | None = None,
        joint: Any = None,
        hr_sum: float | None = None,
        phase2: tuple[str, Design] | None = None,
        phase2_variance: Phase2Variance = "full",
        replicates: Replicates | UnitReplicates | None = None,
        expands: bool | None = None,
        unweighted: bool = False,
        population_size: float | None = None,
        populations: Any = (),
        adjustments: tuple[Adjustment, ...] = (),
    ) -> None:
        units, corrections = _names(stages), _names(fpc)
        # psu beside stages that begin with it is what dataclasses.replace passes.
        if psu is not None and units and units[0] != psu:
            raise DesignFault(
                "FL-DESIGN-02",
                "psu= and stages= name different first stages",
                found=f"psu={psu!r}, stages={units!r}",
                fix="give psu= for one stage, or stages= for several",
            )
        units = units or _names(psu)
        if len(corrections) > max(1, len(units)):
            raise DesignFault(
                "FL-DESIGN-03",
                "there are more fpc columns than stages",
                found=f"fpc: {listed(corrections)}; stages: {listed(units) or 'none'}",
                fix="give one fpc column a stage, first stage first",
            )
        if single_psu not in SINGLE_PSU_RULES:
            raise not_one_of("FL-DESIGN-04", "this single_psu rule", single_psu, SINGLE_PSU_RULES, DesignFault)
        named = [*([strata] if strata else []), *units]
        repeated = sorted({name for name in named if named.count(name) > 1})
        if repeated:
            raise DesignFault(
                "FL-DESIGN-05",
                "a column is named twice among strata and stages",
                found=listed(repeated),
                fix="every stage and the strata need a column of their own",
            )
        if single_psu_scope not in ("sample", "domain"):
            raise not_one_of(
                "FL-DESIGN-04", "this single_psu_scope", single_psu_scope, ("sample", "domain"), DesignFault
            )
        groups = tuple((name, tuple(dict(sizes).items())) for name, sizes in dict(populations).items())
        _check_weighting(weights, units, corrections, unweighted, expands, population_size, groups)
        _check_phases(phase2, phase2_variance, units, corrections, pps, single_psu, replicates)
        pairs = _pps(pps, joint, hr_sum, corrections, single_psu)
        values = (
            weights, strata, units[0] if units else None, units, corrections, nested, single_psu, single_psu_scope,
            pps, pairs, hr_sum, phase2, phase2_variance, replicates, expands, unweighted,
            population_size, groups, tuple(adjustments),
        )  # fmt: skip
        for item, value in zip(fields(self), values, strict=True):
            object.__setattr__(self, item.name, value)

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column the design needs, each once."""
        given = self.replicates.columns if isinstance(self.replicates, Replicates) else ()
        named = [self.strata, *self.stages, *self.fpc, self.weights, *given, *self.phase2_columns]
        return tuple(dict.fromkeys(name for name in named if name is not None))

    @property
    def phase2_columns(self) -> tuple[str, ...]:
        """The columns that the second phase needs."""
        if self.phase2 is None:
            return ()
        column, second = self.phase2
        return (column, *(name for name in (second.strata, *second.stages) if name is not None))

    @property
    def calibrations(self) -> tuple[Calibration, ...]:
        """The adjustments that brought weights to known totals, first one first."""
        return tuple(step for step in self.adjustments if isinstance(step, Calibration))

    @property
    def weights_known(self) -> bool:
        """Whether the sampling weight of a row is known, from a column or from the fpc of every stage."""
        return self.weights is not None or len(self.fpc) >= max(1, len(self.stages))


def _names(value: str | Sequence[str] | None) -> tuple[str, ...]:
    if value is None:
        return ()
    return (value,) if isinstance(value, str) else tuple(value)


def _check_weighting(
    weights: str | None,
    units: tuple[str, ...],
    fpc: tuple[str, ...],
    unweighted: bool,
    expands: bool | None,
    population_size: float | None,
    populations: tuple[tuple[str, tuple[tuple[str, float], ...]], ...],
) -> None:
    faults = {
        f"weights={weights!r}": weights is not None,
        "fpc= of every stage, which gives the weights": weights is None and len(fpc) >= max(1, len(units)),
        "expands=True": bool(expands),
        "population_size=": population_size is not None,
        "populations=": bool(populations),
    }
    found = [name for name, holds in faults.items() if unweighted and holds]
    if found:
        raise DesignFault(
            "FL-DESIGN-71",
            "unweighted=True stands beside what only weights can have",
            found=listed(found),
            fix="leave unweighted= out where the weights are known; leave the others out where every row counts the same",
        )
    sizes = {f"populations[{name!r}][{code!r}]={size!r}": size for name, known in populations for code, size in known}
    sizes |= {f"population_size={population_size!r}": population_size} if population_size is not None else {}
    wrong = [said for said, size in sizes.items() if not 0 < size < float("inf")]
    if wrong:
        raise DesignFault(
            "FL-DESIGN-72",
            "the size of the population is no positive number",
            found=listed(wrong),
            fix="give the rows of the population that the sample stands for, such as population_size=13_200_000",
        )


def _pps(pps: str | None, joint: Any, hr_sum: float | None, fpc: tuple[str, ...], single_psu: str) -> Floats | None:
    if pps is not None and pps not in PPS_RULES:
        raise not_one_of("FL-DESIGN-04", "this pps variance", pps, PPS_RULES, DesignFault)
    exact = pps in ("ht", "yg")
    faults = {
        "no fpc column with the inclusion probabilities": pps is not None and not fpc,
        "joint= is missing": exact and joint is None,
        f"joint= with pps={pps!r}": not exact and joint is not None,
        f"hr_sum= with pps={pps!r}": pps != "hr" and hr_sum is not None,
        f"single_psu={single_psu!r}": pps is not None and single_psu in ("adjust", "average", "collapse"),
    }
    found = [name for name, holds in faults.items() if holds]
    if found:
        raise DesignFault(
            "FL-DESIGN-18",
            "this design with unequal probabilities cannot be used",
            found=listed(found),
            fix='pps="brewer", "overton" or "hr" with fpc="the column of probabilities"; "ht" and "yg" with joint= too',
        )
    if joint is None:
        return None
    pairs = np.array(joint, dtype=float)
    square = pairs.ndim == 2 and pairs.shape[0] == pairs.shape[1]
    if not square or not np.allclose(pairs, pairs.T, rtol=1e-9) or not ((pairs > 0) & (pairs <= 1)).all():
        raise DesignFault(
            "FL-DESIGN-19",
            "joint= is not a symmetric matrix of probabilities above 0",
            found=f"an array of shape {pairs.shape}",
            fix="one row and one column for each unit drawn; the diagonal holds the inclusion probabilities",
        )
    pairs.setflags(write=False)
    return pairs


def _check_phases(
    phase2: tuple[str, Design] | None,
    variance: str,
    units: tuple[str, ...],
    fpc: tuple[str, ...],
    pps: str | None,
    single_psu: str,
    replicates: Any,
) -> None:
    if variance not in get_args(Phase2Variance):
        raise not_one_of("FL-DESIGN-04", "this phase2_variance", variance, get_args(Phase2Variance), DesignFault)
    if phase2 is None:
        return
    second = phase2[1]
    clusters = {*units, *second.stages} - {ROW}
    faults = {
        "several stages in a phase": len(units) > 1 or len(fpc) > 1 or len(second.stages) > 1,
        "pps=": pps is not None or second.pps is not None,
        "replicates=": replicates is not None or second.replicates is not None,
        f"single_psu={single_psu!r}": single_psu in ("adjust", "average", "collapse"),
        "weights= or fpc= within phase2 (both follow from who was drawn)": second.weights is not None
        or second.fpc != (),
        "phase2= within phase2": second.phase2 is not None,
        'phase2_variance="approx" with psu=': variance == "approx" and bool(clusters),
    }
    found = [name for name, holds in faults.items() if holds]
    if found:
        raise DesignFault(
            "FL-DESIGN-28",
            "two phases of this form are not computed",
            found=listed(found),
            fix='one stage in each: Design(strata=…, psu=…, fpc=…, phase2=("column", Design(strata=…, psu=…))); '
            "for other designs name the weights and replicate weights of the file",
        )
