"""Log-linear models of lists with errors of linkage: the errors expected are undone, or added to and the number traced back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal, get_args

import numpy as np
import pandas as pd

from fl_estimate.arrays import Floats
from fl_estimate.errors import EstimateFault, not_one_of
from fl_estimate.estimators.capture_recapture import linkage_tables as tables_of
from fl_estimate.estimators.capture_recapture.answers import log_limits, population_estimates, require_interval
from fl_estimate.estimators.capture_recapture.batch import Fitter, Flags, Lattice, lattice
from fl_estimate.estimators.capture_recapture.bootstrap import require_replicates
from fl_estimate.estimators.capture_recapture.existence import full_counts
from fl_estimate.estimators.capture_recapture.linkage_codes import (
    LINKAGE_DRAWS_FAILED,
    LINKAGE_LOGLINEAR,
    RECORDS_FAIL_ALONE,
)
from fl_estimate.estimators.capture_recapture.linkage_errors import Rates, linkage_assumption, read_rates
from fl_estimate.estimators.capture_recapture.loglinear import require_estimable
from fl_estimate.estimators.capture_recapture.terms import Term, Terms, TermsInFile, model_name, read_terms, term_name
from fl_estimate.estimators.sampling import known_seed
from fl_estimate.inputs.histories import CaptureHistories
from fl_estimate.results.codes import (
    CLOSED_POPULATION,
    DEPENDENCE_BETWEEN_LISTS,
    INTERVAL_GIVEN_MODEL,
    INTERVAL_NOT_DEFINED,
    LISTS_INDEPENDENT,
    NO_HIGHEST_INTERACTION,
    ReasonCode,
)
from fl_estimate.results.estimates import Estimates
from fl_estimate.results.methods import method
from fl_estimate.results.roles import LISTS, InFile, Level, SeedOrNone, Within

Correction = Literal["undone", "quadratic", "linear"]
STEPS = (0.0, 0.5, 1.0, 1.5, 2.0)
"""Errors added, in units of those that the lists have."""
NONE = -1.0
FAILED = 0.05
"""Share of simulated lists without an estimate above which the interval is marked."""


@dataclass(frozen=True, kw_only=True, eq=False)
class _LinkageModel:
    """One model of lists with errors of linkage, and how the number is traced back."""

    space: Lattice
    fitter: Fitter
    model: Flags
    rates: Rates
    correction: str

    @property
    def error(self) -> float:
        return tables_of.record_error(1 - self.rates.alpha)

    def worse(self, tables: Floats, times: float) -> Floats:
        """The tables with so many times the errors added; below 0, taken away."""
        lists, share = self.space.lists, self.rates.beta
        # Taken away in the reverse of the order in which they came about: links are missed first.
        before = tables_of.mislinked(tables, lists, times * share) if times < 0 and share else tables
        added = before @ tables_of.missing(lists, 1 - (1 - self.error) ** times).T
        return tables_of.mislinked(added, lists, times * share) if times > 0 and share else added

    def sizes(self, tables: Floats) -> Floats:
        """Population size by the model, shape (B,); NaN without an estimate.

        Only the margins of the model matter: a cell may be below 0 where they are those of some table of people.
        """
        models = np.broadcast_to(self.model, (len(tables), len(self.model)))
        start = self.fitter.fit(np.maximum(tables, 0.0), models)
        if (tables >= 0).all():
            return start.dark + tables.sum(axis=1)
        return self.fitter.fit(tables, models, start.parameters).dark + tables.sum(axis=1)

    def curve(self, tables: Floats) -> Floats:
        """Population sizes at each number of errors added, shape (B, steps)."""
        worse = np.concatenate([self.worse(tables, times) for times in STEPS])
        return self.sizes(worse).reshape(len(STEPS), len(tables)).T

    def corrected(self, tables: Floats) -> Floats:
        """Population size without errors, shape (B,); NaN without an estimate."""
        if self.correction == "undone":
            return self.sizes(self.worse(tables, NONE))
        return np.exp(np.log(self.curve(tables)) @ _weights(2 if self.correction == "quadratic" else 1))


@method(kind="capture_recapture", chosen=True, basis="lists", family="capture_recapture")
def linkage_loglinear(
    histories: Annotated[CaptureHistories, LISTS],
    terms: Annotated[Terms, InFile(TermsInFile)] = "main",
    *,
    missed: Annotated[float, Within(ge=0, lt=1)],
    false_links: Annotated[float, Within(ge=0, lt=1)] = 0.0,
    correction: Correction = "undone",
    checked_missed: Annotated[int | None, Within(ge=1)] = None,
    checked_false: Annotated[int | None, Within(ge=1)] = None,
    replicates: Annotated[int, Within(ge=1)] = 200,
    level: Level = 0.95,
    seed: SeedOrNone = None,
) -> Estimates:
    """Estimate the number of people from any number of lists of which some links were missed and some were false.

    What errors at these rates make of a table of histories can be calculated, and taken back before the model is fitted.
    Or more errors are added in known amounts, and how the estimate moves tells where it would be without any
    (simulation-extrapolation). For two lists alone see `linkage_corrected`. Where each pair of records has a probability
    of being one person, `draw_links` needs no rates.

    Parameters
    ----------
    histories : CaptureHistories
        As they were linked, errors and all.
    terms : "main", "two-way" or sequence of sets of lists
        The log-linear model, as in `loglinear`.
    missed : float
        Share of pairs of records of one person, on two lists, that were not linked, 1 − α.
    false_links : float, default 0
        For each pair of lists, share of the people on the first (in the order of the lists) and not on the second who
        were linked with somebody of it all the same, β.
    correction : {"undone", "quadratic", "linear"}
        ``undone`` takes the errors expected back, and was closest to the truth of expected tables (within 1.2 % with a
        fifth of links missed and 3 % false); the others trace the logarithm of the population size back in the amount
        of errors (``quadratic`` within 5.8 %), and need no table put right.
    checked_missed, checked_false : int, optional
        As in `linkage_corrected`.
    replicates : int, default 200
        Populations simulated for the standard error: people on no list, being listed, links and tracing back.
    level : float
    seed : int, optional
        Where it is not given, one is made and noted in the provenance.

    Returns
    -------
    Estimates
        Rows `population_size` and `dark_figure`, in persons; `term` the model and rates; `n` the people observed once
        links are put right, as expected. Diagnostics: `uncorrected`; `curve`, the sizes with 0 to 2 times the errors added.

    Raises
    ------
    EstimateFault
        FL-EST-30 (no such correction or level), FL-EST-31, FL-EST-32, FL-EST-35 (the model has no estimate),
        FL-EST-91 (replicates), FL-EST-340 (rates), FL-EST-342 (lists without the errors, with more, or simulated, have
        no estimate).
    ListsFault
        FL-LISTS-01.

    Notes
    -----
    Links are missed by record: each stands alone with probability e, (1 − e)² = α, so that of three records of a person
    two are still found to be one. For every set θ of two lists or more, (1 − e)^|θ| of the people on all of θ are then
    seen to be, while totals of single lists are right; undone, that is divided out. False links are taken back to first
    order. Traced back, log N(ζ) with ζ times the errors added is fitted at ζ = 0, ½, 1, 1½, 2 and read at ζ = −1. Tables
    with errors added are expected ones: nothing is drawn for the value. For two independent lists without false links
    all three are `linkage_corrected`'s.

    The standard error is the deviation of the same estimate over lists drawn from the model fitted to the table put
    right, N people each, to which the errors were done at random. Limits of the dark figure are log-normal.

    References
    ----------
    Cook and Stefanski (1994), JASA 89, 1314-1328. Küchenhoff, Mwalili and Lesaffre (2006), Biometrics 62, 85-96
    (misclassified counts).

    Examples
    --------
    >>> import fl_estimate as fl
    >>> from fl_estimate import capture_recapture as cr
    >>> kosovo = fl.datasets.load("kosovo")
    >>> traced = cr.linkage_loglinear(kosovo, "two-way", missed=0.1, replicates=50, seed=1)
    >>> round(float(cr.loglinear(kosovo, "two-way")["population_size"].value)), round(traced.diagnostics["uncorrected"])
    (14402, 14402)
    >>> float(traced["population_size"].value) < traced.diagnostics["uncorrected"]
    True
    """
    require_interval("log-normal", ("log-normal",), level)
    if correction not in get_args(Correction):
        raise not_one_of("FL-EST-30", "this correction", str(correction), get_args(Correction))
    require_replicates(replicates)
    rates = read_rates(missed, false_links, checked_missed, checked_false)
    model = read_terms(histories, terms)
    require_estimable(histories, model)
    work = _work(histories, model, rates, correction)
    counts = full_counts(histories, work.space.members)
    curve, size = work.curve(counts[None])[0], float(work.corrected(counts[None])[0])
    if not np.isfinite(size):
        raise _without(f"the lists themselves, correction={correction!r}")
    right = _people(work.worse(counts[None], NONE)[0])
    used = known_seed(seed)
    sizes = _simulated(work, right, size, replicates, used)
    known = sizes[np.isfinite(sizes)]
    if len(known) < max(replicates // 2, 10):
        raise _without(f"{replicates - len(known)} of {replicates} simulated lists have none")
    variance = float(known.var(ddof=1)) + _of_rates(work, counts, size)
    return _answer(
        histories, work, model, size, right, variance, level,
        reasons=(LINKAGE_DRAWS_FAILED,) if replicates - len(known) > FAILED * replicates else (),
        diagnostics={
            "curve": dict(zip(map(str, STEPS), curve.tolist(), strict=True)),
            "uncorrected": float(curve[0]),
            "mean_of_simulated": float(known.mean()),
            "replicates": replicates,
            "replicates_failed": replicates - len(known),
        },
        arguments={"correction": correction, "replicates": replicates, "seed": used},
    )  # fmt: skip


def _work(histories: CaptureHistories, model: Sequence[Term], rates: Rates, correction: str) -> _LinkageModel:
    space = lattice(len(histories.lists), max(len(term) for term in model))
    flags = np.array([term in model for term in space.terms], dtype=bool)
    return _LinkageModel(space=space, fitter=Fitter(lattice=space), model=flags, rates=rates, correction=correction)


def _weights(degree: int) -> Floats:
    """What each step weighs in a least-squares polynomial read at none."""
    design = np.vander(np.array(STEPS), degree + 1)
    return np.vander(np.array([NONE]), degree + 1)[0] @ np.linalg.pinv(design)


def _people(right: Floats) -> Floats:
    """A table put right without the cells below 0, and with as many people in all."""
    kept = np.maximum(right, 0.0)
    return kept * max(float(right.sum()) / float(kept.sum()), 0.0)


def _simulated(work: _LinkageModel, right: Floats, size: float, replicates: int, seed: int) -> Floats:
    """Corrected sizes of populations of `size` people whose lists and links are drawn anew; shape (replicates,)."""
    fit = work.fitter.fit(right[None], work.model[None])
    if not fit.ok[0]:
        return np.full(replicates, np.nan)
    generator = np.random.default_rng(seed)
    cells = np.append(fit.fitted[0], fit.dark[0])
    drawn = generator.multinomial(round(size), cells / cells.sum(), size=replicates)[:, :-1].astype(float)
    linked = tables_of.draw_missing(drawn, work.space.lists, work.error, generator)
    if work.rates.beta:
        linked = tables_of.draw_mislinked(linked, work.space.lists, work.rates.beta, generator)
    with np.errstate(over="ignore", invalid="ignore"):
        return work.corrected(linked)


def _of_rates(work: _LinkageModel, counts: Floats, size: float) -> float:
    """Variance of the size by that of the rates: how the result moves with one standard error of each, squared."""
    total = 0.0
    for name, variance in (("alpha", work.rates.variance_alpha), ("beta", work.rates.variance_beta)):
        if variance:
            # Towards fewer errors, where an estimate is surest.
            step = 0.5 * min(float(np.sqrt(variance)), 1 - work.rates.alpha if name == "alpha" else work.rates.beta)
            rate = work.rates.alpha + step if name == "alpha" else work.rates.beta - step
            moved = replace(work, rates=replace(work.rates, **{name: rate}))
            slope = (float(moved.corrected(counts[None])[0]) - size) / step
            total += slope**2 * variance
    return total


def _answer(
    histories: CaptureHistories,
    work: _LinkageModel,
    model: Sequence[Term],
    size: float,
    right: Floats,
    variance: float,
    level: float,
    *,
    reasons: tuple[ReasonCode, ...],
    diagnostics: dict[str, Any],
    arguments: dict[str, Any],
) -> Estimates:
    frame = pd.DataFrame(work.space.members, columns=list(histories.lists)).assign(_people=right)
    seen = CaptureHistories.from_counts(frame, lists=histories.lists, count="_people").about(
        outcome=histories.outcome, population=histories.population, reference_period=histories.reference_period
    )
    dark, se = size - seen.n, float(np.sqrt(variance))
    pairs = [term_name(histories, term) for term in model if len(term) > 1]
    about = DEPENDENCE_BETWEEN_LISTS.assume(terms=pairs) if pairs else LISTS_INDEPENDENT.assume()
    made = population_estimates(
        seen,
        call="linkage_loglinear",
        method=LINKAGE_LOGLINEAR,
        term=f"{model_name(histories, model)}, {work.rates}",
        dark=dark,
        se_dark=se,
        se_size=se,
        limits=log_limits(dark, variance, level),
        interval_kind="log",
        level=level,
        reasons=(*reasons, *(() if dark > 0 else (INTERVAL_NOT_DEFINED,))),
        assumptions=(
            NO_HIGHEST_INTERACTION.assume(lists=len(histories.lists)),
            about,
            CLOSED_POPULATION.assume(),
            linkage_assumption(work.rates),
            RECORDS_FAIL_ALONE.assume(),
            INTERVAL_GIVEN_MODEL.assume(),
        ),
        diagnostics=diagnostics,
        arguments={"terms": pairs, "missed": 1 - work.rates.alpha, "false_links": work.rates.beta, **arguments},
    )
    return replace(made, provenance=replace(made.provenance, source_sha256=histories.content_hash))


def _without(found: str) -> EstimateFault:
    return EstimateFault(
        "FL-EST-342", "with these errors of linkage taken back, added, or drawn, the model has no estimate",
        found=found, fix="use fewer terms, lists that overlap more, or smaller rates",
    )  # fmt: skip
