"""Several sources straight from estimates made before, and counts: as a study asks for it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any

from fl_estimate.estimators.hierarchical.sources import sources
from fl_estimate.results.codes import PREVALENCE
from fl_estimate.results.estimates import Estimates
from fl_estimate.results.methods import method
from fl_estimate.results.roles import Earlier, Persons, Rest


@method(kind="sources", basis=None, family="hierarchical")
def sources_of_figures(
    estimates: Annotated[
        Mapping[str, Estimates], Earlier(form=dict[str, str], national=True, independent=True)
    ] = MappingProxyType({}),
    *,
    counts: Mapping[str, float] = MappingProxyType({}),
    population: Annotated[float | None, Persons()] = None,
    **settings: Annotated[Any, Rest(sources)],
) -> Estimates:
    """Estimate one number of people from national figures and counts, with a stated bias for each.

    Parameters
    ----------
    estimates : mapping of source to Estimates
        National figures; of one that an instrument was corrected for, the corrected one.
    counts : mapping of source to number
        Plain counts of people.
    population : number, optional
        Persons: it turns prevalences into persons.
    **settings
        The other arguments of `fl.hierarchical.sources`.

    Returns
    -------
    Estimates

    Examples
    --------
    >>> import fl_estimate as fl
    >>> from fl_estimate.estimators.hierarchical.from_figures import sources_of_figures
    >>> survey = fl.synthesis.published(0.004, se=0.001, quantity="prevalence", source="a survey")
    >>> bias = {"survey": "below(0.2)", "hotline": "reported(2, 18)"}
    >>> made = sources_of_figures({"survey": survey}, counts={"hotline": 345}, bias=bias, population=900_000, seed=1)
    >>> made.to_frame()["term"].tolist()
    ['', 'survey', 'hotline']
    """  # fmt: skip
    given: dict[str, Any] = {}
    for source, national in estimates.items():
        corrected = (national.frame["method"] == "misclassification").any()
        kept = national.select(method="misclassification") if corrected else national
        shares = bool((kept.frame["quantity"] == PREVALENCE).all())
        given[source] = kept.persons(population) if shares and population is not None else kept
    return sources({**given, **counts}, **settings)
