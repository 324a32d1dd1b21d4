"""A model that the data chose, as an answer: its fit, and the interval with the choice made again in every resample."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from fl_estimate.estimators.capture_recapture import bootstrap as resampling
from fl_estimate.estimators.capture_recapture.answers import Limits
from fl_estimate.estimators.capture_recapture.batch import Fitter, Flags, Floats, Lattice
from fl_estimate.estimators.capture_recapture.closed import differing_bic
from fl_estimate.estimators.capture_recapture.list_codes import (
    BIC,
    LOGLINEAR,
    PEOPLE_DIFFER_FITS_BETTER,
    SELECTION_BLOCKED,
    ByLikelihood,
)
from fl_estimate.estimators.capture_recapture.loglinear import loglinear
from fl_estimate.estimators.capture_recapture.rivals import best_of_rivals
from fl_estimate.estimators.capture_recapture.stepwise import blocked_pairs
from fl_estimate.estimators.capture_recapture.terms import term_name
from fl_estimate.inputs.histories import CaptureHistories
from fl_estimate.results.codes import INTERVAL_GIVEN_MODEL, MODEL_CHOSEN_BY_DATA
from fl_estimate.results.estimates import Estimates

Likelihood = Literal["poisson", "multinomial"]
Interval = Literal[
    "percentile-and-model", "percentile", "bca", "profile", "log", "wald", "bca-fixed-n", "percentile-fixed-n"
]  # fmt: skip
BOTH = "percentile-and-model"
"""Percentiles of the resamples, and the limits of the model chosen where they lie farther out."""


def drawn(kind: str) -> bool:
    """Whether an interval asks for resamples."""
    return kind == BOTH or kind in resampling.KINDS


@dataclass(frozen=True, kw_only=True, eq=False)
class Search:
    """One way of choosing a model.

    Attributes
    ----------
    lattice : Lattice
    counts : array, shape (histories,)
    model : bool array, shape (terms,)
        What it chooses of the table itself.
    procedure : callable
        Tables, shape (B, histories), in; the dark figures of the models it chooses of them, shape (B,), out.
    settings : dict
        Its settings, for diagnostics and provenance.
    """

    lattice: Lattice
    counts: Floats
    model: Flags
    procedure: Callable[[Floats], Floats]
    settings: dict[str, Any]


def answer(
    histories: CaptureHistories,
    search: Search,
    call: str,
    methods: ByLikelihood,
    likelihood: Likelihood,
    kind: str,
    level: float,
    replicates: int,
    seed: int | None,
    tell: resampling.Tell | None = None,
) -> Estimates:
    """The model chosen, estimated by `loglinear`; then the interval asked for."""
    chosen = _chosen(histories, search, likelihood, _given_model(kind), level)
    made = _named(chosen, call, methods, search.settings, kind)
    if not drawn(kind):
        return made
    resampling.require_replicates(replicates)
    unseen = _unseen(made, kind)
    draws = resampling.draw(search.counts, search.procedure, replicates=replicates, seed=seed, unseen=unseen, tell=tell)
    return _with_draws(histories, made, draws, kind, level)


def answer_by_top(
    histories: CaptureHistories,
    search: Search,
    fitter: Fitter,
    kept: Flags,
    kind: str,
    level: float,
    replicates: int,
    seed: int | None,
    tell: resampling.Tell | None = None,
) -> Estimates:
    """As `answer`, with limits for each number of models compared: one pass over the resamples gives all."""
    resampling.require_replicates(replicates)
    chosen = _chosen(histories, search, "poisson", _given_model(kind), level)
    made = _named(chosen, "select_bic", BIC, search.settings, kind)
    by_top: list[Floats] = []
    seen: list[Floats] = []

    def procedure(tables: Floats) -> Floats:
        seen.append(tables.sum(axis=1))
        by_top.append(best_of_rivals(fitter, search.counts, tables, kept))
        return by_top[-1][:, -1]

    draws = resampling.draw(
        search.counts, procedure, replicates=replicates, seed=seed, unseen=_unseen(made, kind), tell=tell
    )  # fmt: skip
    size, n = float(made.frame["value"].iloc[0]), histories.n
    dark, people = np.concatenate(by_top), np.concatenate(seen)
    limits: dict[str, list[float]] = {}
    for number in sorted({1, 2, 5, 10, 20, 50, 100, len(kept)} & set(range(1, len(kept) + 1))):
        sizes = dark[:, number - 1] + people
        here = replace(draws, size=sizes[:replicates], less_one=sizes[replicates:])
        result = _limits(made, resampling.bootstrap(here, size, n, kind=_resampled(kind), level=level), kind)
        limits[str(number)] = [result.lower + n, result.upper + n]
    diagnostics = {**made.diagnostics, "top": len(kept), "limits_by_top": limits}
    return _with_draws(histories, replace(made, diagnostics=diagnostics), draws, kind, level)


def _unseen(made: Estimates, kind: str) -> float | None:
    """People on no list, to be drawn with the others; none for the kinds that hold n fixed."""
    return None if kind.endswith(resampling.FIXED) else float(made.frame["value"].iloc[1])


def _given_model(kind: str) -> str | None:
    """The interval of the model chosen that is asked for first: its own default, or the least work where it is not used."""
    return None if kind == BOTH else "wald" if drawn(kind) else kind


def _resampled(kind: str) -> str:
    return "percentile" if kind == BOTH else kind


def _limits(made: Estimates, bootstrapped: resampling.Bootstrapped, kind: str) -> Limits:
    """Limits of the dark figure: the resamples', and with both those of the model chosen where they lie farther out.

    Resamples of lists that hardly overlap take chance for dependence and lie too high; the model chosen knows nothing of
    the choice. Each is right where the other is not.
    """
    if kind != BOTH:
        return bootstrapped.limits
    row = made.frame.iloc[1]
    return Limits(
        float(np.fmin(bootstrapped.limits.lower, row["lower"])), float(np.fmax(bootstrapped.limits.upper, row["upper"]))
    )  # fmt: skip


def _chosen(
    histories: CaptureHistories, search: Search, likelihood: Likelihood, interval: Any, level: float
) -> Estimates:
    terms = [term for term, on in zip(search.lattice.terms, search.model, strict=True) if on and len(term) > 1]
    names = [[histories.lists[position] for position in term] for term in terms]
    made = loglinear(histories, names or "main", likelihood=likelihood, interval=interval, level=level)
    blocked = [
        search.lattice.terms[position] for position in blocked_pairs(search.lattice, search.counts, search.model)
    ]
    pairs = [term_name(histories, pair) for pair in blocked]
    said = tuple(SELECTION_BLOCKED.at(row, pairs=pairs) for row in (0, 1) if pairs)
    told: dict[str, Any] = {"blocked_pairs": pairs} if pairs else {}
    differ = differing_bic(histories)
    if differ < float(made.diagnostics["bic"]):
        # Pairs chosen to stand in for people who differ may fit, and say another number of those on no list.
        said += tuple(PEOPLE_DIFFER_FITS_BETTER.at(row) for row in (0, 1))
    told["bic_people_differ"] = differ
    return replace(made, reasons=(*made.reasons, *said), diagnostics={**made.diagnostics, **told})


def _named(made: Estimates, call: str, methods: ByLikelihood, settings: dict[str, Any], kind: str) -> Estimates:
    frame = made.frame.copy()
    likelihood = next(name for name, of in LOGLINEAR.items() if of == frame["method"].iloc[0])
    frame["method"] = methods[likelihood]
    assumptions = [MODEL_CHOSEN_BY_DATA.assume()]
    provenance = replace(
        made.provenance, call=call, arguments={**made.provenance.arguments, **settings, "interval": kind}
    )
    return replace(
        made,
        frame=frame,
        assumptions=(*made.assumptions, *assumptions),
        diagnostics={**made.diagnostics, **settings},
        provenance=provenance,
    )


def _with_draws(
    histories: CaptureHistories,
    made: Estimates,
    draws: resampling.BootstrapDraws,
    kind: str,
    level: float,
) -> Estimates:
    frame, n = made.frame.copy(), histories.n
    result = resampling.bootstrap(draws, float(frame["value"].iloc[0]), n, kind=_resampled(kind), level=level)
    limits = _limits(made, result, kind)
    frame["lower"] = [n + limits.lower, limits.lower]
    frame["upper"] = [n + limits.upper, limits.upper]
    frame["se"] = [result.se, result.se]
    frame["interval_kind"] = kind
    occurred = [":".join(histories.lists[p] for p in np.flatnonzero(row)) for row in histories.members]
    diagnostics = {**result.diagnostics, "less_one_person": dict(zip(occurred, draws.less_one.tolist(), strict=True))}
    if kind == BOTH:
        row = made.frame.iloc[0]
        diagnostics["model"] = [float(row["lower"]), float(row["upper"])]
    provenance = made.provenance
    arguments = {**provenance.arguments, "replicates": len(draws.size), "seed": draws.seed}
    return replace(
        made,
        frame=frame,
        reasons=(*made.reasons, *(code.at(row) for row in (0, 1) for code in result.reasons)),
        assumptions=tuple(a for a in made.assumptions if a.code != INTERVAL_GIVEN_MODEL),
        diagnostics={**made.diagnostics, **diagnostics},
        provenance=replace(provenance, arguments=arguments),
    )
