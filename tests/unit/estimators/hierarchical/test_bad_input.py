"""What the area model cannot use is refused with a code, the areas' names and a way out; several faults in one message."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import fl_estimate as fl

from .made import COVARIATES, POPULATION, counts, direct, people, values

area = fl.hierarchical.area
Prior = fl.hierarchical.Prior
DESIGN = fl.Design(weights="w", psu="psu", strata="region")


def refused(code: str, *says: str, table: Any = None, **settings: Any) -> None:
    with pytest.raises(fl.FlError) as caught:
        area(counts() if table is None else table, **settings)
    assert caught.value.code == code
    for part in says:
        assert part in str(caught.value)


def test_not_a_frame() -> None:
    refused("FL-EST-40", "int", table=3)
    refused("FL-EST-40", "covariates", covariates=3)


def test_the_areas_column_is_not_clear() -> None:
    refused("FL-EST-40", "no such column", table=counts().drop(columns="district"))
    refused("FL-EST-40", "region", table=counts(region="North"))
    two = fl.estimate_prevalence(people().assign(sex=1), "fl", design=DESIGN, by=[["region"], ["sex"]])
    refused("FL-EST-40", "region, sex", table=two)


def test_covariates_say_which_column_names_the_areas() -> None:
    assert area(counts(region="North"), covariates=COVARIATES, seed=1).by == ("district",)


def test_several_outcomes() -> None:
    both = fl.estimate_prevalence(people().assign(other=0), ["fl", "other"], design=DESIGN, by="region")
    refused("FL-EST-40", "outcome", "fl, other", table=both)


def test_bounds_are_two_models() -> None:
    answers = people()
    answers["fl"] = answers["fl"].astype(float).where(answers.index % 97 > 0)
    bounds = fl.estimate_prevalence(answers, "fl", design=DESIGN, by="region", unknown="bounds")
    refused("FL-EST-41", 'unknown="no"', table=bounds)


def test_columns_that_are_not_there() -> None:
    refused("FL-EST-42", "'deff'", table=counts().drop(columns="deff"))
    refused("FL-EST-42", "'se'", likelihood="normal")
    refused("FL-EST-42", "'district'", covariates=COVARIATES.rename(columns={"district": "district_name"}))


def test_an_area_twice() -> None:
    refused("FL-EST-43", "A", "direct=", table=pd.concat([counts(), counts().iloc[[0]]]))
    refused("FL-EST-43", "B", "covariates=", covariates=pd.concat([COVARIATES, COVARIATES.iloc[[1]]]))


def test_numbers_that_cannot_be() -> None:
    table = counts()
    table.loc[0, "value"], table.loc[2, "n"], table.loc[3, "deff"] = 1.4, -5, -0.5
    table.loc[4, "value"] = np.nan
    refused(
        "FL-EST-44",
        "not between 0 and 1: A",
        "n is missing or negative: C",
        "deff is below 0: D",
        "missing: E",
        table=table,
    )
    refused("FL-EST-44", "'value'", table=counts(value="many"))


def test_a_normal_likelihood_needs_standard_errors() -> None:
    table = values()
    table.loc[0, "se"], table.loc[1, "se"] = 0.0, np.nan
    refused("FL-EST-44", "se is missing or not above 0: A, B", "binomial", table=table, likelihood="normal")


def test_no_area_has_a_sample() -> None:
    refused("FL-EST-45", "12 areas", table=counts(n=0, value=np.nan))


def test_words_that_are_not_known() -> None:
    refused("FL-EST-46", "'binomial'", likelihood="binomal")
    refused("FL-EST-47", "logit", link="identity")
    refused("FL-EST-47", "identity, log, logit, arcsine", table=values(), likelihood="normal", link="probit")
    refused("FL-EST-48", "grid, nuts", sampler="gibbs")


@pytest.mark.parametrize(
    "given",
    [
        {"sigma": "normal(0, 1)"},
        {"sigma": "half-normal(0)"},
        {"sigma": "half-normal"},
        {"sigma": "half-normal(one)"},
        {"intercept": "half-normal(1)"},
        {"slopes": "normal(0)"},
        {"slopes": "normal(0, -1)"},
        {"sigma": "???"},
        {"sigma": "pc(1, 1)"},
        {"sigma_time": "flat"},
        {"rho_time": "uniform(-2, 1)"},
    ],
)
def test_priors_that_cannot_be_read(given: dict[str, str]) -> None:
    with pytest.raises(fl.FlError, match="FL-EST-49"):
        Prior(**given)


def test_every_bad_prior_is_named_at_once() -> None:
    with pytest.raises(fl.FlError, match="sigma='narrow'; slopes='wide'"):
        Prior(sigma="narrow", slopes="wide")


def test_arguments_out_of_range() -> None:
    refused("FL-EST-50", "level=95", "draws=0", "seed=-1", level=95, draws=0, seed=-1)


def test_covariates_that_do_not_serve_every_area() -> None:
    table = COVARIATES.iloc[1:].assign(name="text")
    table.loc[3, "x2"] = np.nan
    refused("FL-EST-51", "no row for A", "'name' does not hold numbers", "'x2' is missing for D", covariates=table)


def test_covariates_that_say_nothing_of_their_own() -> None:
    table = COVARIATES.assign(one=3.0, sum=COVARIATES["x1"] * 2 - COVARIATES["x2"] + 7)
    refused("FL-EST-52", "one, sum", covariates=table)
    refused("FL-EST-52", "x2", table=counts().iloc[:2], covariates=COVARIATES.iloc[:2])


def test_a_population_that_lacks_areas() -> None:
    refused("FL-EST-53", "L", population=POPULATION.iloc[:-1])
    refused("FL-EST-53", "A", population=POPULATION.assign(population=[0.0, *POPULATION["population"][1:]]))
    refused("FL-EST-53", "persons", population=POPULATION.rename(columns={"population": "persons"}))


def test_the_logit_of_no_case() -> None:
    table = counts(se=np.where(counts()["cases"] > 0, 0.002, 0.0)).assign(se=lambda t: t["se"].where(t["n"] > 0))
    refused("FL-EST-54", "B, I", "binomial", table=table, likelihood="normal", link="logit")


def test_flat_priors_need_enough_areas() -> None:
    flat, variance = Prior(sigma="flat"), Prior(sigma="flat-variance")
    refused("FL-EST-55", "2 areas", table=values().iloc[:2], likelihood="normal", prior=flat)
    refused("FL-EST-55", "at least 4", table=values().iloc[:3], likelihood="normal", prior=variance)
    assert len(area(values().iloc[:3], likelihood="normal", prior=flat, seed=1)) == 3
    # Of counts only areas with cases and others tell how far areas differ.
    refused("FL-EST-55", "2 areas", table=counts().iloc[[0, 1, 2, 8, 11]], prior=flat)


def test_a_flat_intercept_needs_a_case() -> None:
    refused("FL-EST-55", "0 cases", table=counts(value=0.0, cases=0), prior=Prior(intercept="flat"))


def test_faults_of_several_kinds_come_in_one_message() -> None:
    table = counts()
    table.loc[0, "value"] = -0.1
    refused(
        "FL-EST-44", "[FL-EST-44]", "[FL-EST-51]", "[FL-EST-53]", "not between 0 and 1: A", "no row for B", "C",
        table=table, covariates=COVARIATES.drop(index=1), population=POPULATION.drop(index=2),
    )  # fmt: skip


def test_estimates_of_people_are_taken_as_they_come() -> None:
    """No plain frame has to be made of them."""
    assert len(area(direct(), seed=1)) == 4
