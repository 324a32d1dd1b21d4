"""Conditional (Huggins–Alho) log-linear models: three and more lists with covariates, and totals by domain from one model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from fl_estimate.design.domains import By, by_margins
from fl_estimate.estimators.capture_recapture import covariate_codes as codes
from fl_estimate.estimators.capture_recapture.answers import require_interval
from fl_estimate.estimators.capture_recapture.conditional_answers import (
    Wanted,
    estimates_of,
    read_people,
    require_draws,
)
from fl_estimate.estimators.capture_recapture.conditional_behaviour import behaviour_estimates, require_occasions
from fl_estimate.estimators.capture_recapture.conditional_em import fit_cells
from fl_estimate.estimators.capture_recapture.conditional_model import Formulas
from fl_estimate.estimators.capture_recapture.covariate_formulas import columns_in
from fl_estimate.estimators.capture_recapture.horvitz_thompson import by_columns
from fl_estimate.estimators.capture_recapture.people_cells import Blind, BlindInFile, blind_columns
from fl_estimate.estimators.capture_recapture.terms import TermsInFile, model_name
from fl_estimate.results.estimates import Estimates
from fl_estimate.results.methods import method
from fl_estimate.results.roles import LISTS, NOT_IN_FILE, InFile, Kept, Level, SeedOrNone, Within

INTERVALS = ("auto", "log", "wald", "percentile")


@method(kind="capture_recapture", chosen=True, basis="lists", family="capture_recapture")
def conditional_loglinear(
    records: Annotated[Any, LISTS],
    *,
    lists: Annotated[Sequence[str] | None, NOT_IN_FILE] = None,
    covariates: Annotated[str | Mapping[str, str], Kept(columns_in)] = "1",
    common: Annotated[str, Kept(columns_in)] = "",
    terms: Annotated[Literal["main", "two-way"] | Sequence[Sequence[str]], InFile(TermsInFile)] = "main",
    dependence: Annotated[str, Kept(columns_in)] = "1",
    behaviour: Annotated[str, NOT_IN_FILE] = "",
    blind: Annotated[Mapping[str, Mapping[str, Sequence[Any]]] | None, InFile(BlindInFile), Kept(blind_columns)] = None,
    by: Annotated[By, Kept(by_columns)] = None,
    interval: Literal["auto", "log", "wald", "percentile"] = "auto",
    replicates: Annotated[int, Within(ge=50)] = 400,
    level: Level = 0.95,
    seed: SeedOrNone = None,
) -> Estimates:
    """Estimate the number of people from lists whose chances hang on covariates: the Huggins–Alho model, log-linear in lists.

    Use it for three lists or more (two, if they are independent given covariates) with a row a person. People alike in
    covariates have the same chances; what makes people harder to see and is not recorded still biases the figure downwards.
    Totals by year, sex or form come from one model and add up, where separate tables would be too thin.

    Parameters
    ----------
    records : frame or CaptureHistories
        A row is a person on at least one list. Of histories that `fl.load_lists` made, the records with their covariates.
    lists : sequence of str, optional
        Columns of 0 and 1; histories know theirs.
    covariates : str or mapping of list to str
        Right-hand side of a formula (``"sex + age + C(year)"``) whose effects differ from list to list; ``"1"`` for none. A
        mapping gives each list a formula of its own (a list left out: ``"1"``).
    common : str
        The same for effects that all lists share.
    terms : {"main", "two-way"} or sequence of sequences of str
        Dependence of lists among people alike in covariates: pairs such as ``[("police", "ngo")]``, or larger sets. A pair
        that nobody is on together has the value −∞, as in `loglinear`.
    dependence : str
        Formula of the covariates on which dependence hangs; ``"1"``: the same for all people.
    behaviour : str
        For occasions in time order (histories made with ``ordered=True``): formula of how the logit moves after a person was caught
        once, at every later occasion; ``"1"``: by the same for all people, and ``""``: not at all. Case lists have no such order.
    blind : mapping of list to mapping of column to values, optional
        People whom a list cannot see: ``{"border": {"year": [2010, 2011]}}``. Histories with that list do not occur
        among them. Several columns: whoever is named by any of them.
    by : str, sequence of str, or sequence of sequences, optional
        Domains, as everywhere: ``"year"``, ``["year", "sex"]`` crossed, ``[["year"], ["sex"]]`` separately.
    interval : {"auto", "log", "wald", "percentile"}
        ``log`` takes the dark figure as log-normal; ``wald`` is N ± z se, not below the people observed; ``percentile`` is
        of the parametric bootstrap. ``auto``: log, and percentile where covariates are missing.
    replicates : int
        Of the bootstrap, at least 50.
    level : float
    seed : int, optional
        Of the bootstrap; where it is not given, one is made and noted in the provenance.

    Returns
    -------
    Estimates
        Rows `population_size` and `dark_figure` of the nation and of each domain, in persons, with their joint covariance
        (not of a bootstrap's limits). `diagnostics` has `coefficients` (value and standard error), `aic`, `bic`, both parts
        of the standard error (`se_sampling_part`, `se_model_part`), `largest_weight`, the most people one person stands
        for, and `fit_p`: below 0.05 the rows have the reason ``poor_fit``, as the model does not describe the lists.

    Raises
    ------
    EstimateFault
        FL-EST-30 (interval, level), FL-EST-31, FL-EST-32 (terms), FL-EST-04, FL-EST-05 (by), FL-EST-170 (formula),
        FL-EST-171 (a covariate that is missing for everybody, or a domain that is a number and missing), FL-EST-172 (coefficients that cannot be told apart),
        FL-EST-85 (behaviour of lists without an order), FL-EST-173 (no finite estimate), FL-EST-174 (blind), FL-EST-354 (what
        `behaviour` does not go with), FL-EST-177 (the bootstrap fails), FL-EST-178 (EM).
    ListsFault
        FL-LISTS-01 to FL-LISTS-06, FL-LISTS-08, FL-LISTS-14.

    Notes
    -----
    A person with covariates x has history ω with chance p_ω(x) ∝ exp Σ_{θ⊆ω} x'β_θ, the empty one with exp 0. The likelihood
    is that of the histories given that they are not empty, p_ω/(1 − p_∅), and N = Σ 1/(1 − p_∅(x_i)) over people observed, with
    Var N = Σ p_∅/(1 − p_∅)² + g'Vg, g = dN/dβ. Without dependence and covariates this is Huggins' model, logit p_j = x'β_j.

    With `behaviour` these are Huggins' models M_b, M_bh, M_tb, M_tbh: logit p_j = x'β_j + z'γ [caught before j], p_∅ = Π (1 − p_j) of the
    unmarked. Their standard errors are of the expected information, and their fit is not tested.

    A covariate that is missing (a list does not record it) is summed over by EM, its shares among people observed learnt
    from those in whom it is known, within strata of the others (known numbers cut into five): it must be missing
    at random given the lists that a person is on and the other covariates. A number can have up to 20 values where it is missing,
    observed ones that stand for equal parts of the people in whom it is known, who keep theirs as it is (EM by the method
    of weights). Of more than one such column the grid is coarser.

    Goodness of fit: Pearson's Σ (O − E)²/E over the histories of all people, and of fifths of them by their chance to be
    observed; `fit_p` is twice the smaller p. Covariates being given and coefficients estimated, it is a weighted sum of χ²
    variables (Andrews); counts of which fewer than five are expected are pooled, or, in small files, the statistic is compared
    with that of files drawn from the model and fitted anew.

    The bootstrap draws the people of the model (each observed person stands for 1/(1 − p_∅)), their lists, and what is missing
    of them, and fits again.

    References
    ----------
    Huggins (1989), Biometrika 76, 133-140. Alho (1990), Biometrics 46, 623-635. Yee, Stoklosa and Huggins (2015), Journal of
    Statistical Software 65(5), 1-33. van der Heijden, Bustami, Cruyff, Engbersen and van Houwelingen (2003), Statistical
    Modelling 3, 305-322 (variance). Andrews (1988), Econometrica 56, 1419-1453 (goodness of fit). Ibrahim (1990), Journal of the
    American Statistical Association 85, 765-769 (EM by weights). van der Heijden, Whittaker, Cruyff, Bakker and van der Vliet
    (2012), Annals of Applied Statistics 6, 831-852 (covariates and lists that do not know each other).

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from fl_estimate import capture_recapture as cr
    >>> chance = np.random.default_rng(1)
    >>> age, sex = chance.normal(size=4000), chance.choice(["f", "m"], size=4000)
    >>> logit = np.array([-1.0, -1.4, -0.8]) + 0.6 * age[:, None] + 0.5 * (sex == "m")[:, None]
    >>> on = chance.random((4000, 3)) < 1 / (1 + np.exp(-logit))
    >>> people = pd.DataFrame(on.astype(int), columns=["police", "ngo", "clinic"]).assign(age=age, sex=sex)
    >>> people = people[on.any(axis=1)]
    >>> lists = ["police", "ngo", "clinic"]
    >>> found = cr.conditional_loglinear(people, lists=lists, covariates="age + sex", by="sex")
    >>> sizes = found.select(quantity="population_size").to_frame()
    >>> bool(sizes["lower"][0] < 4000 < sizes["upper"][0]), sizes["sex"].dropna().tolist()
    (True, ['f', 'm'])
    """
    require_interval(interval, INTERVALS, level)
    require_draws(replicates)
    if behaviour:
        require_occasions(records, terms, blind, dependence, interval)
    formulas = Formulas(by_list=covariates, common=common, dependence=dependence, behaviour=behaviour)
    read = read_people(records, lists, formulas, terms, blind, by)
    arguments = {
        "lists": list(read.records.lists), "covariates": dict(covariates) if isinstance(covariates, Mapping) else covariates,
        "common": common, "terms": model_name(read.histories, read.terms), "dependence": dependence, "behaviour": behaviour,
        "blind": plain_blind(blind), "by": [list(margin) for margin in by_margins(by)],
    }  # fmt: skip
    wanted = Wanted(
        call="conditional_loglinear", method=codes.CONDITIONAL_LOGLINEAR, by=by, interval=interval, level=level,
        replicates=replicates, seed=seed, arguments=arguments,
    )  # fmt: skip
    if behaviour:
        return behaviour_estimates(read, behaviour, wanted)
    return estimates_of(read, fit_cells(read.model.softmax, read.cells, read.strata), wanted)


def plain_blind(blind: Blind | None) -> dict[str, dict[str, list[Any]]]:
    """For the provenance."""
    return {name: {column: list(values) for column, values in where.items()} for name, where in (blind or {}).items()}
