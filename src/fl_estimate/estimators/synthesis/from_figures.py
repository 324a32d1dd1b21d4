"""Figures made before, added, aggregated, extended, compared and laid side by side: as a study asks for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from fl_estimate.errors import EstimateFault
from fl_estimate.estimators.synthesis.aggregate import aggregate
from fl_estimate.estimators.synthesis.arithmetic import add
from fl_estimate.estimators.synthesis.change import change
from fl_estimate.estimators.synthesis.extension import extend_by_ratio
from fl_estimate.results.codes import DARK_FIGURE, POPULATION_SIZE, PREVALENCE, Quantity
from fl_estimate.results.estimates import Estimates
from fl_estimate.results.methods import method
from fl_estimate.results.roles import Earlier, FromFile, NamedFigures, OneOf, Persons, Rest, Some, Stated, Within
from fl_estimate.results.stack import stack


def national_figure(estimates: Estimates) -> Estimates:
    """The national figure of a result; of case lists the population size, not the dark figure within it."""
    national = estimates.national
    sizes = bool((national.frame["quantity"] == POPULATION_SIZE).any())
    return national.select(quantity=POPULATION_SIZE) if sizes else national


def _of_two(given: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if given.get("correlation") == "extension" and len(given.get("estimates", ())) != 2:
        yield "correlation", '"extension" is between two, a base and what was extended from it'


@method(kind="sum", basis=None, family="synthesis", faults=_of_two)
def add_figures(
    estimates: Annotated[Mapping[str, Estimates], Earlier(form=NamedFigures, national=True, independent=True)],
    *,
    correlation: Annotated[float | Literal["extension"], Within(ge=-1, le=1), Stated()] = 0.0,
    **settings: Annotated[Any, Rest(add, without=("figures",))],
) -> Estimates:
    """Add national figures of one outcome up.

    Parameters
    ----------
    estimates : mapping of name to Estimates
    correlation : float or "extension"
        Between the errors of any two; "extension" is that of a base and what `fl.synthesis.extend_by_ratio` made of it.
    **settings
        The other arguments of `fl.synthesis.add`.

    Returns
    -------
    Estimates

    Raises
    ------
    EstimateFault
        FL-EST-196: neither of them, or both, were extended from something.

    Examples
    --------
    >>> import fl_estimate as fl
    >>> from fl_estimate.estimators.synthesis.from_figures import add_figures
    >>> parts = {name: fl.synthesis.published(100, se=10, source=name) for name in ("one", "two")}
    >>> add_figures(parts).value
    200.0
    """
    between = _noted(estimates) if correlation == "extension" else float(correlation)
    return add(estimates, correlation=between, **settings)


def _noted(estimates: Mapping[str, Estimates]) -> float:
    noted = [each.diagnostics.get("correlation_with_base") for each in estimates.values()]
    known = [float(each) for each in noted if each is not None]
    if len(known) != 1:
        raise EstimateFault(
            "FL-EST-196", "the correlation of a base and its extension is not known here", found=", ".join(estimates),
            fix='correlation = "extension" is for an estimate and what extend_by_ratio made of it; else give a number',
        )  # fmt: skip
    return known[0]


@method(kind="aggregate", basis=None, family="synthesis")
def aggregate_figures(
    estimates: Annotated[
        Estimates | Mapping[str, Estimates] | None,
        Earlier(form=str | Annotated[dict[str, str], Some], national=True, independent=True),
        OneOf("surveys", "give either estimates made before, or surveys = a file"),
    ] = None,
    *,
    surveys: Annotated[Any, FromFile(keyed=("by",), needs=("value", "se"), filled="value", figures=True)] = None,
    by: str = "country",  # noqa: ARG001 (what files call the country's column; `aggregate` finds it by itself)
    population: Annotated[Any, FromFile(keyed=("by",), column="population", whole=False)],
    groups: Annotated[Any, FromFile(keyed=("by",), column="region", number=False, whole=False)],
    **settings: Annotated[Any, Rest(aggregate)],
) -> Estimates:
    """Add countries up to regions and the world: national figures, one estimate by country, or a table of surveys.

    Parameters
    ----------
    estimates : Estimates or mapping of country to Estimates, optional
        One estimate by country, or the national figure of each.
    surveys : frame, optional
        In their place: the country's column, `value` (a proportion) and `se`. Countries without a value were not surveyed.
    by : str
        The country's column.
    population : frame
        The country's column and `population`, in persons, of every country.
    groups : frame
        The country's column and its region.
    **settings
        The other arguments of `fl.synthesis.aggregate`.

    Returns
    -------
    Estimates

    Examples
    --------
    >>> import fl_estimate as fl, pandas as pd
    >>> from fl_estimate.estimators.synthesis.from_figures import aggregate_figures
    >>> table = pd.DataFrame({"country": ["A", "B"], "population": [1e6, 2e6], "region": "R", "value": 0.002, "se": 0.0002})
    >>> made = aggregate_figures(
    ...     surveys=table[["country", "value", "se"]], population=table[["country", "population"]],
    ...     groups=table[["country", "region"]], between=0.0,
    ... )
    >>> made.national.value
    6000.0
    """
    return aggregate(surveys if estimates is None else estimates, population, groups, **settings)


@method(kind="extend_by_ratio", basis=None, family="synthesis")
def extend_figures(
    base: Annotated[Estimates, Earlier()],
    cases: Annotated[Any, FromFile(counts=("known", "wanted"))],
    **settings: Annotated[Any, Rest(extend_by_ratio)],
) -> Estimates:
    """Estimate a form that surveys do not see by its ratio among cases: for the nation alone where cases have no column of `base`.

    Parameters
    ----------
    base : Estimates
        In persons.
    cases : frame
        The two columns of counts and, unless it is for the nation alone, the by-columns of `base`.
    **settings
        The other arguments of `fl.synthesis.extend_by_ratio`.

    Returns
    -------
    Estimates

    Examples
    --------
    >>> import fl_estimate as fl, pandas as pd
    >>> from fl_estimate.estimators.synthesis.from_figures import extend_figures
    >>> base = fl.synthesis.published(1_000, se=100, source="a survey")
    >>> cases = pd.DataFrame({"labour": [400], "sexual": [100]})
    >>> extend_figures(base, cases, known="labour", wanted="sexual").value
    250.0
    """
    shared = set(base.by) & {str(name) for name in cases.columns}
    return extend_by_ratio(base if shared else national_figure(base), cases, **settings)


@method(kind="change", basis=None, family="synthesis")
def change_of_figures(
    before: Annotated[Estimates, Earlier(independent=True)],
    after: Annotated[Estimates, Earlier(independent=True)],
    *,
    rows: Literal["national", "all"] = "national",
    **settings: Annotated[Any, Rest(change)],
) -> Estimates:
    """Estimate the change from one round to the next.

    Parameters
    ----------
    before, after : Estimates
    rows : {"national", "all"}
        National figures; or all rows, which both have to have.
    **settings
        The other arguments of `fl.synthesis.change`.

    Returns
    -------
    Estimates

    Examples
    --------
    >>> import fl_estimate as fl
    >>> from fl_estimate.estimators.synthesis.from_figures import change_of_figures
    >>> before, after = (fl.synthesis.published(value, se=9, source="a report") for value in (100, 90))
    >>> change_of_figures(before, after).value
    -10.0
    """
    if rows == "national":
        before, after = national_figure(before), national_figure(after)
    return change(before, after, **settings)


@method(kind="stack", basis=None, family="synthesis")
def stack_figures(
    estimates: Annotated[Mapping[str, Estimates], Earlier(form=NamedFigures, national=True)],
    *,
    population: Annotated[float | None, Persons()] = None,
    universe: str | None = None,
    **settings: Annotated[Any, Rest(stack, without=("names",))],
) -> Estimates:
    """Lay national figures of several estimates under each other; nothing is pooled.

    Parameters
    ----------
    estimates : mapping of name to Estimates
    population : number, optional
        Persons: it turns prevalences into persons, and leaves out what cannot be made so.
    universe : str, optional
        The population that all of them speak of, where their own descriptions differ in words but not in meaning.
    **settings
        `measure` and `reference_period`, as in `fl.stack`.

    Returns
    -------
    Estimates

    Raises
    ------
    EstimateFault
        FL-EST-27: estimates in different units.

    Examples
    --------
    >>> import fl_estimate as fl
    >>> from fl_estimate.estimators.synthesis.from_figures import stack_figures
    >>> share = fl.synthesis.published(0.002, se=0.0002, quantity="prevalence", source="one")
    >>> number = fl.synthesis.published(2_100, se=300, source="two")
    >>> stack_figures({"one": share, "two": number}, population=1e6).to_frame()["value"].tolist()
    [2000.0, 2100.0]
    """
    kept: list[Estimates] = []
    for national in estimates.values():
        for quantity in dict.fromkeys(national.frame["quantity"]):
            part = national.select(quantity=quantity)
            if quantity == PREVALENCE and population is not None:
                kept.append(part.persons(population))
            elif Quantity.of(quantity).counts_population or (quantity != DARK_FIGURE and population is None):
                kept.append(part)
    units = dict.fromkeys(Quantity.of(str(quantity)).heading for part in kept for quantity in part.frame["quantity"])
    if len(units) != 1:
        raise EstimateFault(
            "FL-EST-27",
            "estimates in different units cannot stand in one table",
            found=", ".join(units) or "no national figure",
            fix="give population = …, which turns prevalences into persons, or leave out what does not belong",
        )
    return stack(kept, population=universe, **settings)
