"""Appraisal of case lists: every method side by side, what each supposes, and what moves the number. No single figure."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Annotated, Any

import numpy as np
import pandas as pd

from fl_estimate.errors import EstimateFault, FlError
from fl_estimate.estimators.capture_recapture import robustness
from fl_estimate.estimators.capture_recapture.answers import require_interval
from fl_estimate.estimators.capture_recapture.bootstrap import require_replicates
from fl_estimate.estimators.capture_recapture.cautions import Warned, warned
from fl_estimate.estimators.capture_recapture.closed import Model, closed
from fl_estimate.estimators.capture_recapture.consistency import InternalConsistency, internal_consistency
from fl_estimate.estimators.capture_recapture.decomposable import average_decomposable
from fl_estimate.estimators.capture_recapture.latent_class import latent_class
from fl_estimate.estimators.capture_recapture.linkage_curve import linkage_curve
from fl_estimate.estimators.capture_recapture.list_codes import (
    APPRAISAL,
    ENVELOPE_WITHOUT_VALUE,
    LISTS_NESTED,
    ODDS_RATIOS_NOT_STATED,
    POOR_FIT,
    RANGE_OF_ODDS_RATIOS,
    STATED_RANGE,
)
from fl_estimate.estimators.capture_recapture.loglinear import loglinear
from fl_estimate.estimators.capture_recapture.selection import Progress, select_bic, select_stepwise
from fl_estimate.estimators.capture_recapture.sensitivity import read_ratios, sensitivity
from fl_estimate.estimators.capture_recapture.thresholding import threshold
from fl_estimate.estimators.capture_recapture.two_lists import chapman
from fl_estimate.estimators.sampling import RHAT_HOPELESS, known_seed
from fl_estimate.inputs.histories import CaptureHistories
from fl_estimate.pages.frames import html_table, html_text, text_table
from fl_estimate.results.basis import Support
from fl_estimate.results.build import build
from fl_estimate.results.codes import (
    BOOTSTRAP_DRAWS_FAILED,
    DARK_FIGURE,
    ENVELOPE,
    POPULATION_SIZE,
    IntervalKind,
    ReasonCode,
)
from fl_estimate.results.estimates import Estimates
from fl_estimate.results.methods import method
from fl_estimate.results.provenance import Provenance
from fl_estimate.results.recipe import Period, Recipe
from fl_estimate.results.roles import LISTS, PROGRESS, Level, MoreThanZero, SeedOrNone, Within
from fl_estimate.results.stack import stack

WORSE = 6.0
"""In BIC: a simple model that fits so much worse than another is no candidate."""
MOSTLY = 0.5
"""Weight of the saturated graph above which averaging says what its prior says."""
RATIOS = (0.5, 0.6, 0.75, 1.0, 1.25, 1.5, 2.0)
FORMS: dict[str, Model] = {"differ_poisson": "Mth-poisson", "differ_normal": "Mth-darroch", "differ_gamma": "Mth-gamma"}
"""People who differ, in three forms that fit alike and say different things of those unseen."""
METHODS = ("independence", "two_way", "stepwise", "bic", *FORMS, "decomposable", "latent_class", "threshold")
LOGLINEAR = ("independence", "two_way", "stepwise", "bic", *FORMS)
SIMPLE = ("independence", *FORMS)
"""Models that another may leave far behind in BIC; what the data chose or all pairs may not."""
BOUND = "lower_bound"
"""Chao's bound for people who differ and lists that differ; of two lists it is independence itself."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Appraisal:
    """What case lists can say of the people on none, and what they cannot.

    Attributes
    ----------
    histories : CaptureHistories
    estimates : Estimates
        Every method that gave an answer, admissible or not, under each other; by-column `source` names it. The lower
        bound is among them.
    methods : pandas.DataFrame
        A row a method: `method`, `admissible`, `why_not` (a code: of an error, or of what rules it out; else empty),
        and `value`, `lower`, `upper` of the population size.
    headline : Estimates
        The envelope: from the least lower (of Chao's bound, too, where its model fits) to the greatest upper limit over the
        admissible methods, and no value. Of two
        lists: from the lower limit at the least odds ratio stated to the upper one at the greatest; nothing where none is.
    sensitivity : Estimates
        N for stated odds ratios of each pair of lists that the stepwise model leaves out; of all lists where none is.
    linkage : Estimates
        N for stated rates of missed links, by the stepwise model (`linkage_curve`).
    models : pandas.DataFrame
        `terms`, `bic`, `population_size` of the log-linear models within 6 of the least BIC.
    leave_one_list, merge_two_lists, leave_one_person, trajectory : pandas.DataFrame
    consistency : dict of method to InternalConsistency
    warnings : tuple of Warned
        Codes with parameters; `reporting` says them.
    """

    histories: CaptureHistories
    estimates: Estimates
    methods: pd.DataFrame
    headline: Estimates
    sensitivity: Estimates
    linkage: Estimates
    models: pd.DataFrame
    leave_one_list: pd.DataFrame
    merge_two_lists: pd.DataFrame
    leave_one_person: pd.DataFrame
    trajectory: pd.DataFrame
    consistency: Mapping[str, InternalConsistency]
    warnings: tuple[Warned, ...]

    @property
    def admissible(self) -> tuple[str, ...]:
        """Methods that are counted in the envelope."""
        return tuple(self.methods.loc[self.methods["admissible"], "method"])

    def __repr__(self) -> str:
        return f"Appraisal: {self._in_short()}\n{text_table(self.methods, float_format='{:,.0f}'.format)}"

    def _repr_html_(self) -> str:
        table = html_table(self.methods, float_format="{:,.0f}".format)
        return f"<p>{html_text(self._in_short())}</p>{table}"

    def _in_short(self) -> str:
        row = self.headline.frame.iloc[0]
        if np.isnan(row["lower"]):
            why = (
                "two lists give no figure without a range of odds ratios (odds_ratios=)"
                if len(self.histories.lists) == 2
                else "no method gives an admissible estimate"
            )
            return f"{self.histories.n:,.0f} people observed; {why}"
        if row["interval_kind"] == STATED_RANGE:
            low, high = self.headline.diagnostics["odds_ratios"]
            return (
                f"between {row['lower']:,.0f} and {row['upper']:,.0f} people if the lists' odds ratio is {low:g} to {high:g}, "
                f"{self.histories.n:,.0f} of them observed; {len(self.warnings)} warnings"
            )
        return (
            f"between {row['lower']:,.0f} and {row['upper']:,.0f} people over {len(self.admissible)} admissible methods, "
            f"{self.histories.n:,.0f} of them observed; {len(self.warnings)} warnings"
        )


def _not_by_strata(given: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """An appraisal is a table of its own, and no row of another."""
    if given.get("strata") is not None:
        yield "strata", "appraise lays the methods of one table side by side; give each stratum a file of its own"


@method(kind="capture_recapture", chosen=True, basis="lists", family="capture_recapture", faults=_not_by_strata)
def appraise(
    histories: Annotated[CaptureHistories, LISTS],
    *,
    odds_ratios: Annotated[Sequence[MoreThanZero] | None, Within(items=(2, 2))] = None,
    level: Level = 0.95,
    replicates: Annotated[int, Within(ge=1)] = 500,
    draws: Annotated[int, Within(ge=1)] = 2_000,
    seed: SeedOrNone = None,
    progress: Annotated[Progress | None, PROGRESS] = None,
) -> Appraisal:
    """Put every admissible method side by side, with what each supposes and what moves it.

    Use it before any number from case lists is printed. There is no best method: where they differ, the lists do not
    tell how many people are on none, and the envelope over the methods is what may be said.

    Parameters
    ----------
    histories : CaptureHistories
    odds_ratios : (float, float), optional
        The least and the greatest odds ratio that two lists may have: how many times likelier, in odds, it is to be on one
        for a person who is on the other. With two lists there is no headline without it, for nothing in them tells it, and
        it is the headline. It is the range of the curves of `sensitivity`, too (by default 0.5 to 2).
    level : float
    replicates : int, default 500
        Bootstrap resamples of the models that the data choose.
    draws : int, default 2000
        Of each posterior.
    seed : int, optional
        Where it is not given, one is made and noted in the provenance.
    progress : callable, optional
        Told in words how far it is, as by `fl.run_study`.

    Returns
    -------
    Appraisal
        `headline` has a lower and an upper limit, and no value. `fl.appraisal_page` makes a page of it.

    Raises
    ------
    EstimateFault
        FL-EST-30 (level), FL-EST-90 (odds ratios), FL-EST-91 (resamples), FL-EST-141 (draws), FL-EST-154 (not even independence has an estimate).

    Notes
    -----
    A method is admissible if its estimate exists and is the only one, its interval is finite, and nothing rules it out:
    lists of which one holds another, a model that does not describe the lists (p of its fit below 0.05),
    independence or people who differ where BIC prefers another model by more than 6, chains with R-hat above 1.05, averaging with more than
    half its weight on the graph whose answer is its prior's, a bootstrap with more than 5 % failures. The lower bound
    is shown beside them and is not counted; where its model describes the lists the envelope begins no higher than its
    lower limit: if people differ, nothing in the lists speaks against any number from there on.

    References
    ----------
    Whitehead, Jackson, Balch and Francis (2021), Journal of Human Trafficking 7(1), 1-13. Binette and Steorts (2022),
    Journal of the Royal Statistical Society A 185(2), 640-676. Aleshin-Guendel, Sadinle and Wakefield (2024),
    Biometrics 80, ujad019.

    Examples
    --------
    >>> import fl_estimate as fl
    >>> from fl_estimate import capture_recapture as cr
    >>> found = cr.appraise(fl.datasets.load("new_orleans_5"), replicates=50, draws=400, seed=1)
    >>> found.headline.to_frame()["value"].isna().all()
    np.True_
    """
    require_interval("equal-tailed", ("equal-tailed",), level)
    require_replicates(replicates)
    ratios = _ratios(odds_ratios)
    used = known_seed(seed)
    tell = progress or _silent
    made, refused = _made(histories, level, replicates, draws, used, tell)
    if "independence" not in made:
        # The simplest model of all: without it the others' answers are their priors'.
        raise EstimateFault(
            "FL-EST-154",
            "not even the independence of these lists can be estimated, so there is nothing to appraise",
            found="; ".join(f"{name}: {code}" for name, code in refused.items()),
            fix="lists must overlap: see CaptureHistories.overlaps(), and merge lists or take others",
        )
    methods = judged(made, refused)
    arguments = {"lists": list(histories.lists), "level": level, "replicates": replicates, "draws": draws, "seed": used}
    arguments |= {} if odds_ratios is None else {"odds_ratios": [ratios[0], ratios[-1]]}
    provenance = Provenance(
        call="appraise", arguments=arguments, source_name="capture histories", source_sha256=histories.content_hash
    )
    estimates = replace(stack(made), provenance=provenance)
    tell("appraise: changed lists")
    parts = {
        "models": _models(made),
        "leave_one_list": robustness.leave_one_list(histories),
        "merge_two_lists": robustness.merge_two_lists(histories),
        "leave_one_person": robustness.leave_one_person(histories),
        "trajectory": robustness.trajectory(histories, used),
    }
    tell("appraise: lists whose size is known")
    consistency = _consistency(histories)
    tell("appraise: what is not known of dependence and links")
    curves = _curves(histories, made, ratios, level)
    headline = (
        _stated_range(histories, curves, odds_ratios is not None, level, provenance)
        if len(histories.lists) == 2
        else _envelope(histories, made, methods, level, provenance)
    )
    return Appraisal(
        histories=replace(histories, records=None),  # an appraisal is of counts: it takes nobody's covariates along
        estimates=estimates,
        methods=methods,
        headline=headline,
        sensitivity=curves,
        linkage=_linkage(histories, made, level, used),
        consistency=consistency,
        warnings=warned(histories, methods, {name: e.diagnostics for name, e in made.items()}, consistency, parts),
        **parts,
    )


def _silent(_: str) -> None:
    """Nobody is told."""


def _made(
    histories: CaptureHistories, level: float, replicates: int, draws: int, seed: int, tell: Progress
) -> tuple[dict[str, Estimates], dict[str, str]]:
    """What each method gives, or the code of its refusal."""
    made: dict[str, Estimates] = {}
    refused: dict[str, str] = {}
    for name, call in _calls(histories, level, replicates, draws, seed).items():
        tell(f"appraise: {name}")
        try:
            made[name] = call()
        except FlError as error:
            if error.code in ("FL-EST-141", "FL-EST-91"):
                raise
            refused[name] = error.code
    return made, refused


def _calls(
    histories: CaptureHistories, level: float, replicates: int, draws: int, seed: int
) -> dict[str, Callable[[], Estimates]]:
    if len(histories.lists) == 2:
        a, b = histories.lists
        return {"independence": partial(chapman, histories, a, b, level=level)}
    boot: dict[str, Any] = {"replicates": replicates, "seed": seed, "level": level}
    few: dict[str, Any] = {"draws": draws, "seed": seed, "level": level}
    return {
        "independence": partial(loglinear, histories, level=level),
        "two_way": partial(loglinear, histories, "two-way", level=level),
        "stepwise": partial(select_stepwise, histories, **boot),
        "bic": partial(select_bic, histories, **boot),
        **{name: partial(closed, histories, model, level=level) for name, model in FORMS.items()},
        "decomposable": partial(average_decomposable, histories, **few),
        "latent_class": partial(latent_class, histories, thin=50, **few),
        "threshold": partial(threshold, histories, **few),
        BOUND: partial(closed, histories, "Mth-chao", level=level),
    }


def judged(made: Mapping[str, Estimates], refused: Mapping[str, str]) -> pd.DataFrame:
    """Each method with its answer, and whether it counts."""
    best = min(
        (float(e.diagnostics["bic"]) for n, e in made.items() if n in LOGLINEAR and "bic" in e.diagnostics),
        default=np.nan,
    )
    rows: list[dict[str, Any]] = []
    for name in (*METHODS, BOUND):
        if name in made:
            row = made[name].frame.iloc[0]
            why = _ruled_out(name, made[name], best)
            numbers = {column: float(row[column]) for column in ("value", "lower", "upper")}
            rows.append({"method": name, "admissible": not why, "why_not": why, **numbers})
        elif name in refused:
            empty = dict.fromkeys(("value", "lower", "upper"), np.nan)
            rows.append({"method": name, "admissible": False, "why_not": refused[name], **empty})
    return pd.DataFrame(rows)


def _ruled_out(name: str, estimates: Estimates, best: float) -> str:
    """The code of what rules a method out, or nothing."""
    row, told = estimates.frame.iloc[0], estimates.diagnostics
    codes = {reason.code for reason in estimates.reasons}
    tests = {
        "only_a_bound": name == BOUND,
        "lists_nested": LISTS_NESTED in codes,
        "dependence_unknown": str(row["method"]) == "chapman",
        "limit_missing": not np.isfinite([row["lower"], row["upper"]]).all(),
        "does_not_fit": POOR_FIT in codes,
        "fits_much_worse": name in SIMPLE and float(told.get("bic", -np.inf)) > best + WORSE,
        "chains_disagree": not float(told.get("rhat", 1.0)) <= RHAT_HOPELESS,
        "prior_decides": float(told.get("saturated_weight", 0.0)) > MOSTLY,
        "bootstrap_fails": BOOTSTRAP_DRAWS_FAILED in codes,
    }
    return next((code for code, true in tests.items() if true), "")


def ends(made: Mapping[str, Estimates], methods: pd.DataFrame) -> tuple[float, float, bool]:
    """The envelope's limits, missing without an admissible method, and whether the lower bound is its lower one.

    If people differ the lists tell no more than the bound: of models that fit alike some may all lie above the number. So
    the envelope begins no higher than the bound's lower limit, where its model describes the lists.
    """
    kept = methods[methods["admissible"]]
    if not len(kept):
        return np.nan, np.nan, False
    lower, upper = float(kept["lower"].min()), float(kept["upper"].max())
    if BOUND not in made or {POOR_FIT, LISTS_NESTED} & {reason.code for reason in made[BOUND].reasons}:
        return lower, upper, False
    bound = float(made[BOUND].frame["lower"].iloc[0])
    return (bound, upper, True) if bound < lower else (lower, upper, False)


def _envelope(
    histories: CaptureHistories,
    made: Mapping[str, Estimates],
    methods: pd.DataFrame,
    level: float,
    provenance: Provenance,
) -> Estimates:
    """From the least lower to the greatest upper limit of the admissible methods, as two rows without a value."""
    kept = methods[methods["admissible"]]
    lower, upper, bounded = ends(made, methods)
    told = {
        "lower_limit_of_bound": bounded,
        "methods": kept["method"].tolist(),
        "least_value": float(kept["value"].min()) if len(kept) else np.nan,
        "greatest_value": float(kept["value"].max()) if len(kept) else np.nan,
    }
    return _headline(histories, (lower, upper), ENVELOPE, ENVELOPE_WITHOUT_VALUE, told, level, provenance)


def _stated_range(
    histories: CaptureHistories, curves: Estimates, stated: bool, level: float, provenance: Provenance
) -> Estimates:
    """Of two lists: from the lower limit at the least odds ratio to the upper one at the greatest; else nothing."""
    if not stated:
        return _headline(histories, (np.nan, np.nan), STATED_RANGE, ODDS_RATIOS_NOT_STATED, {}, level, provenance)
    frame = curves.frame[curves.frame["quantity"] == "population_size"]
    told = {
        "odds_ratios": provenance.arguments["odds_ratios"],
        "least_value": float(frame["value"].min()),
        "greatest_value": float(frame["value"].max()),
    }
    ends = (float(frame["lower"].min()), float(frame["upper"].max()))
    return _headline(histories, ends, STATED_RANGE, RANGE_OF_ODDS_RATIOS, told, level, provenance)


def _headline(
    histories: CaptureHistories,
    ends: tuple[float, float],
    kind: IntervalKind,
    reason: ReasonCode,
    diagnostics: dict[str, Any],
    level: float,
    provenance: Provenance,
) -> Estimates:
    """Two rows with limits, and without a value."""
    n, (lower, upper) = histories.n, ends
    columns: dict[str, Any] = {
        "outcome": histories.outcome,
        "lower": [lower, max(lower - n, 0.0)],
        "upper": [upper, upper - n],
        "level": level,
        "interval_kind": kind,
        "n": [n, n],
    }
    return build(
        columns,
        quantity=[POPULATION_SIZE, DARK_FIGURE],
        method=APPRAISAL,
        basis="lists",
        recipe=Recipe(
            population=histories.population, period=Period(histories.reference_period), provenance=provenance
        ),
        reasons=[reason.at(row) for row in (0, 1)],
        diagnostics=diagnostics,
        support=Support.of([n, n]),
    )


def _ratios(stated: Sequence[float] | None) -> tuple[float, ...]:
    """Odds ratios of the curves: the usual ones, or those of them inside the range stated, with its ends."""
    if stated is None:
        return RATIOS
    ends = read_ratios(stated)
    low, high = min(ends), max(ends)
    if len(ends) != 2 or low == high:
        raise EstimateFault(
            "FL-EST-90", "the odds ratios are the two ends of a range", found=f"{len(ends)} numbers" if len(ends) != 2 else "the same number twice",
            fix="give the least and the greatest that can be argued for, such as odds_ratios=(1, 4)",
        )  # fmt: skip
    middle = np.geomspace(low, high, len(RATIOS))[1:-1].tolist()
    return tuple(sorted({low, high, *middle, *([1.0] if low < 1 < high else [])}))


def _curves(
    histories: CaptureHistories, made: Mapping[str, Estimates], ratios: tuple[float, ...], level: float
) -> Estimates:
    """N(ξ) about the stepwise model; about independence where there is none."""
    chosen = made["stepwise"].provenance.arguments["terms"] if "stepwise" in made else []
    # By their names, whatever signs are in those of the lists.
    pairs = [pair for pair in itertools.combinations(histories.lists, 2) if ":".join(pair) in chosen]
    return sensitivity(histories, pairs or "main", odds_ratios=ratios, level=level)


def _linkage(histories: CaptureHistories, made: Mapping[str, Estimates], level: float, seed: int) -> Estimates:
    """N over rates of missed links about the same model; about independence where that has no answer with errors undone."""
    chosen = made["stepwise"].provenance.arguments["terms"] if "stepwise" in made else []
    pairs = [pair for pair in itertools.combinations(histories.lists, 2) if ":".join(pair) in chosen]
    try:
        return linkage_curve(histories, pairs or "main", level=level, seed=seed)
    except FlError as error:
        if error.code != "FL-EST-343" or not pairs:
            raise
        return linkage_curve(histories, level=level, seed=seed)


def _models(made: Mapping[str, Estimates]) -> pd.DataFrame:
    """Models within 6 of the least BIC, where all were fitted."""
    rows = made["bic"].diagnostics.get("runners_up", []) if "bic" in made else []
    return pd.DataFrame(rows, columns=["terms", "bic", "population_size"])


def _consistency(histories: CaptureHistories) -> dict[str, InternalConsistency]:
    if len(histories.lists) < 3:
        return {}
    result = {"independence": internal_consistency(histories, loglinear), "stepwise": internal_consistency(histories)}
    if len(histories.lists) >= 4:
        result["decomposable"] = internal_consistency(histories, partial(average_decomposable, seed=1))
    return result
