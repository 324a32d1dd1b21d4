"""The number of people for a range of stated rates of missed and of false links: what perfect linkage is worth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated

from fl_estimate.errors import EstimateFault, FlError, listed
from fl_estimate.estimators.capture_recapture.answers import require_interval
from fl_estimate.estimators.capture_recapture.bootstrap import require_replicates
from fl_estimate.estimators.capture_recapture.linkage_errors import linkage_corrected, read_rates, read_several_rates
from fl_estimate.estimators.capture_recapture.linkage_loglinear import linkage_loglinear
from fl_estimate.estimators.capture_recapture.loglinear import require_estimable
from fl_estimate.estimators.capture_recapture.terms import Terms, TermsInFile, read_terms
from fl_estimate.estimators.sampling import known_seed
from fl_estimate.inputs.histories import CaptureHistories
from fl_estimate.results.estimates import Estimates
from fl_estimate.results.methods import method
from fl_estimate.results.roles import LISTS, InFile, Level, SeedOrNone, Some, Within
from fl_estimate.results.stack import stack

MISSED = (0.0, 0.05, 0.1, 0.15, 0.2, 0.3)


@method(kind="capture_recapture", chosen=True, basis="lists", family="capture_recapture")
def linkage_curve(
    histories: Annotated[CaptureHistories, LISTS],
    terms: Annotated[Terms, InFile(TermsInFile)] = "main",
    *,
    missed: Annotated[Sequence[Annotated[float, Within(ge=0, lt=1)]], Some] = MISSED,
    false_links: Annotated[Sequence[Annotated[float, Within(ge=0, lt=1)]], Some] = (0.0,),
    replicates: Annotated[int, Within(ge=1)] = 100,
    level: Level = 0.95,
    seed: SeedOrNone = None,
) -> Estimates:
    """Lay out the number of people for stated rates of missed and of false links.

    Every estimate from lists supposes that persons are recognised on each of them. Show this curve beside one whenever
    lists were linked by names: with a fifth of the links missed the usual figure is a quarter too large.

    Parameters
    ----------
    histories : CaptureHistories
        As they were linked, errors and all.
    terms : "main", "two-way" or sequence of sets of lists
        The log-linear model, as in `loglinear`; of two lists there is one.
    missed : sequence of float, default (0, 0.05, 0.1, 0.15, 0.2, 0.3)
        Rates as in `linkage_corrected`.
    false_links : sequence of float, default (0,)
        Each is shown with each rate of `missed`.
    replicates : int, default 100
        As in `linkage_loglinear`, for three lists and more.
    level : float
    seed : int, optional
        Where it is not given, one is made and noted in the provenance.

    Returns
    -------
    Estimates
        For each pair of rates the rows `population_size` and `dark_figure`; `term` the lists or model, and the rates.
        Those at which the lists cannot have come about have no rows: `diagnostics["without_estimate"]`.
        `diagnostics["rates"]` has the two rates of each two rows. `fl.plot_linkage` draws it.

    Raises
    ------
    EstimateFault
        FL-EST-30 (level), FL-EST-31, FL-EST-32, FL-EST-35 (the model has no estimate), FL-EST-91 (replicates),
        FL-EST-340 (rates), FL-EST-343 (no pair of rates has an estimate).
    ListsFault
        FL-LISTS-01.

    Notes
    -----
    Two lists by `linkage_corrected` (margins-kept), three and more by `linkage_loglinear`.

    References
    ----------
    Ding and Fienberg (1994), Survey Methodology 20, 149-158.

    Examples
    --------
    >>> import fl_estimate as fl, pandas as pd
    >>> from fl_estimate import capture_recapture as cr
    >>> counts = pd.DataFrame({"police": [1, 0, 1], "ngo": [0, 1, 1], "count": [520, 820, 80]})
    >>> histories = fl.CaptureHistories.from_counts(counts, lists=["police", "ngo"])
    >>> curve = cr.linkage_curve(histories, missed=[0, 0.1, 0.2]).to_frame()
    >>> [round(float(value)) for value in curve.loc[curve["quantity"] == "population_size", "value"]]
    [6750, 6075, 5400]
    """
    require_interval("log", ("log",), level)
    require_replicates(replicates)
    missed = read_several_rates(missed, "missed")
    false_links = read_several_rates(false_links, "false_links")
    pairs = [(lost, wrong) for wrong in false_links for lost in missed]
    for lost, wrong in pairs:
        read_rates(lost, wrong)
    require_estimable(histories, read_terms(histories, terms))
    used = known_seed(seed)
    made: dict[tuple[float, float], Estimates] = {}
    for lost, wrong in pairs:
        try:
            made[lost, wrong] = _one(histories, terms, lost, wrong, replicates, level, used)
        except FlError as error:
            if error.code not in ("FL-EST-341", "FL-EST-342"):
                raise
    if not made:
        raise EstimateFault(
            "FL-EST-343", "at none of these rates of linkage is there an estimate",
            found=listed(f"missed {lost:g}, false {wrong:g}" for lost, wrong in pairs) or "no rates",
            fix="give smaller rates; missed=0 and false_links=0 are the lists as they were linked",
        )  # fmt: skip
    laid = stack(list(made.values()))
    arguments = {
        "lists": list(histories.lists), "terms": terms if isinstance(terms, str) else [list(term) for term in terms],
        "missed": [float(rate) for rate in missed], "false_links": [float(rate) for rate in false_links],
        "replicates": replicates, "level": level, "seed": used,
    }  # fmt: skip
    first = next(iter(made.values())).provenance
    return replace(
        laid,
        diagnostics={
            "rates": [list(rates) for rates in made],
            "without_estimate": [list(rates) for rates in pairs if rates not in made],
        },
        provenance=replace(first, call="linkage_curve", arguments=arguments),
    )


def _one(
    histories: CaptureHistories, terms: Terms, lost: float, wrong: float, replicates: int, level: float, seed: int
) -> Estimates:
    if len(histories.lists) == 2:
        return linkage_corrected(histories, *histories.lists, missed=lost, false_links=wrong, level=level)
    return linkage_loglinear(
        histories, terms, missed=lost, false_links=wrong, replicates=replicates, level=level, seed=seed
    )
