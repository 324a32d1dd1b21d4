"""Area models agree with reference posteriors: exact grids to 0.1 %, Markov chains of PyMC, mcmcsae and rstanarm within their error."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

import fl_estimate as fl
from fl_estimate.estimators.hierarchical.engines.gaussian import sample_grid
from fl_estimate.estimators.hierarchical.model.posterior import Model, PosteriorRequest
from fl_estimate.estimators.hierarchical.model.priors import Density, Priors

FOLDER = Path(__file__).parent / "hierarchical"
ENTRIES: dict[str, dict[str, Any]] = {
    entry["id"]: entry for entry in json.loads((FOLDER / "area_bayes.json").read_text(encoding="utf-8"))
}
SIGMA = {
    "halfnormal0.5": "half-normal(0.5)",
    "halfnormal1": "half-normal(1)",
    "halfnormal2": "half-normal(2)",
    "halfnormal10": "half-normal(10)",
    "halfcauchy25": "half-cauchy(25)",
    "flat_sigma": "flat",
    "flat_sigma2": "flat-variance",
}
COUNTS = fl.hierarchical.Prior(sigma="half-normal(1)", intercept="normal(-5, 2)", slopes="normal(0, 1)")
# Quantiles of the entries by name, with the column that holds them here.
QUANTILES = (("q50", "value"), ("q025", "lower"), ("q975", "upper"))
# Standard error of a quantile of n draws, in units of the standard deviation, where the density is near normal:
# sqrt(p(1 − p)/n)/f, which is 1.25/sqrt(n) at the median and 2.67/sqrt(n) at 2.5 %.
AT = {"q50": 1.25, "q025": 2.67, "q975": 2.67}


def data(entry: dict[str, Any]) -> pd.DataFrame:
    return pd.read_csv(FOLDER / "data" / entry["data"])


def values_of(entry: dict[str, Any]) -> tuple[pd.DataFrame, pd.DataFrame | None, Any]:
    """Direct estimates, covariates and link of a Fay–Herriot entry."""
    table = data(entry)
    areas = table["area"].astype(str)
    if entry["data"] == "syn_area.csv":
        direct = pd.DataFrame({"area": areas, "value": table["p"], "se": table["se"], "n": table["n"]})
        return direct, table[["area", "x1", "x2"]], "logit"
    direct = pd.DataFrame({"area": areas, "value": table["y"], "se": np.sqrt(table["vardir"])})
    if entry["data"] == "milk.csv":
        dummies = {f"major{k}": (table["major"] == k).astype(float) for k in (2, 3, 4)}
        return direct, pd.DataFrame({"area": areas, **dummies}), "identity"
    return direct, table[["area", "x"]] if "x" in table else None, "identity"


def fay_herriot(entry: dict[str, Any], sigma: str, **settings: Any) -> fl.Estimates:
    direct, covariates, link = values_of(entry)
    prior = fl.hierarchical.Prior(sigma=sigma, intercept="flat", slopes="flat")
    return fl.hierarchical.area(
        direct, covariates=covariates, likelihood="normal", link=link, prior=prior, seed=1, **settings
    )


def counts(entry: dict[str, Any], **settings: Any) -> fl.Estimates:
    """Fit an entry of counts: effective ones, as n, value and deff, or the raw ones with a design effect of 1."""
    table = data(entry)
    direct = pd.DataFrame({"area": table["area"], "n": table["n"], "value": table["p_w"], "deff": table["deff"]})
    if entry["id"].endswith("raw"):
        direct = direct.assign(value=table["cases"] / table["n"], deff=1.0)
    settings = {"interval": "equal-tailed", **settings}
    return fl.hierarchical.area(direct, covariates=table[["area", "x"]], prior=COUNTS, seed=1, **settings)


def parameters(estimates: fl.Estimates, figure: str) -> npt.NDArray[np.float64]:
    return np.array([figures[figure] for figures in estimates.diagnostics["parameters"].values()])


EXACT = [key for key in ENTRIES if "/fh_bayes/" in key and not key.endswith("ig_0.001")]


@pytest.mark.parametrize("key", EXACT)
def test_fay_herriot_on_a_grid(key: str) -> None:
    entry = ENTRIES[key]
    estimates = fay_herriot(entry, SIGMA[key.rsplit("/", 1)[1]])
    frame, rel = estimates.to_frame(), entry["tolerance"]["rel"]
    result = entry["result"]
    theirs = result.get("p", result["theta"])
    for quantile, column in QUANTILES:
        np.testing.assert_allclose(frame[column], theirs[quantile], rtol=rel)
    # The entry's standard deviations of proportions come from 400,000 draws: four standard errors of an SD are
    # 4 sqrt((kurtosis − 1)/(4 · 400,000)), with a kurtosis of 5 at the most.
    np.testing.assert_allclose(frame["se"], theirs["sd"], rtol=0.0063 if "p" in result else rel)
    sigma = estimates.diagnostics["parameters"]["sigma"]
    for name, figure in (("mean", "mean"), ("sd", "sd"), ("q025", "lower"), ("q50", "median"), ("q975", "upper")):
        assert sigma[figure] == pytest.approx(result["sigma_v"][name], rel=rel)
    np.testing.assert_allclose(parameters(estimates, "mean")[1:], result["beta"]["mean"], rtol=rel)
    np.testing.assert_allclose(parameters(estimates, "sd")[1:], result["beta"]["sd"], rtol=rel)


@dataclass(frozen=True)
class InverseGamma:
    """Of sigma²: a prior that is not offered, since it pulls sigma towards 0; known here to compare with its entries."""

    shape: float
    kind: str = "inverse-gamma"

    def log(self, sigma: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return -(2 * self.shape + 1) * np.log(sigma) - self.shape / sigma**2


@pytest.mark.parametrize("key", [key for key in ENTRIES if key.endswith("ig_0.001")])
def test_the_grid_follows_any_prior(key: str) -> None:
    """Through the kernel, as this prior has no text."""
    entry = ENTRIES[key]
    direct, covariates, link = values_of(entry)
    x = np.ones((len(direct), 1))
    if covariates is not None:
        x = np.column_stack([x, covariates.drop(columns="area").to_numpy()])
    density: Any = InverseGamma(0.001)
    zero, flat = np.zeros(x.shape[1]), Density("flat")
    priors = Priors(sigma=density, intercept=flat, slopes=flat, mean=zero, precision=zero)
    model = Model(
        likelihood="normal", link=link, y=direct["value"].to_numpy(float), size=direct["se"].to_numpy(float) ** 2, x=x,
        names=tuple(f"b{k}" for k in range(x.shape[1])), priors=priors,
    )  # fmt: skip
    posterior = sample_grid(model, PosteriorRequest(level=0.95, draws=10, seed=1, shares=None))
    theirs, rel = entry["result"]["theta"], entry["tolerance"]["rel"]
    for ours, name in (
        (posterior.median, "q50"),
        (posterior.lower, "q025"),
        (posterior.upper, "q975"),
        (posterior.sd, "sd"),
    ):
        np.testing.assert_allclose(ours, theirs[name], rtol=rel)
    assert posterior.parameters["sigma"]["mean"] == pytest.approx(entry["result"]["sigma_v"]["mean"], rel=rel)


@pytest.mark.parametrize("key", [key for key in ENTRIES if "mcmcsae" in key])
def test_gibbs_sampling_by_mcmcsae(key: str) -> None:
    """Its default prior is near half-Cauchy(1) in the data's units: means within five standard errors of both sides."""
    result = ENTRIES[key]["result"]["theta"]
    estimates = fay_herriot(ENTRIES[key], "half-cauchy(1)", draws=40_000)
    ours = estimates.draws.mean(axis=0)
    error = np.sqrt(np.square(result["mcse_mean"]) + estimates.to_frame()["se"].to_numpy() ** 2 / 40_000)
    assert (np.abs(ours - result["mean"]) <= 5 * error).all()


@pytest.mark.parametrize("key", ["counts/logit_normal/raw", "counts/logit_normal/effective"])
def test_counts_against_long_chains(key: str) -> None:
    """Areas without a case and areas without sample are among them. Ours differ by less than 0.5 % of an SD from those with 65,536 points."""
    entry = ENTRIES[key]
    estimates = counts(entry, draws=40_000)
    frame, theirs = estimates.to_frame(), entry["result"]["p"]
    sd = np.array(theirs["sd"])
    for quantile, column in QUANTILES:
        error = np.sqrt(np.square(theirs[f"mcse_{quantile}"]) + (0.005 * sd) ** 2)
        assert (np.abs(frame[column] - theirs[quantile]) <= 4 * error).all()
    error = np.sqrt(np.square(theirs["mcse_mean"]) + sd**2 / 40_000)
    assert (np.abs(estimates.draws.mean(axis=0) - theirs["mean"]) <= 4 * error).all()
    for name, figures in {"sigma": entry["result"]["sigma_v"], "intercept": entry["result"]["beta"]}.items():
        ours = estimates.diagnostics["parameters"][name]
        for figure, quantile in (("mean", "mean"), ("median", "q50"), ("lower", "q025"), ("upper", "q975")):
            wanted, error = np.ravel(figures[quantile])[0], np.ravel(figures[f"mcse_{quantile}"])[0]
            assert abs(ours[figure] - wanted) <= 4 * error
    assert estimates.diagnostics["importance_ess"] > 2_000
    assert estimates.diagnostics["importance_pareto_k"] < 0.5


def test_counts_of_herds_against_rstanarm() -> None:
    """Its own effective sample size is 9,087: five standard errors of the median and of the limits."""
    entry = ENTRIES["syn_herds/rstanarm"]
    herds = data(entry).groupby("herd")[["incidence", "size"]].sum()
    direct = pd.DataFrame(
        {"herd": herds.index, "n": herds["size"], "value": herds["incidence"] / herds["size"], "deff": 1.0}
    )
    prior = fl.hierarchical.Prior(sigma="exponential(1)", intercept="normal(-2, 1.5)")
    estimates = fl.hierarchical.area(direct, prior=prior, interval="equal-tailed", seed=1)
    frame, theirs = estimates.to_frame(), entry["result"]["p"]
    assert [str(herd) for herd in frame["herd"]] == entry["result"]["group"]
    unit = 5 * np.array(theirs["sd"]) / np.sqrt(entry["diagnostics"]["n_eff_min"])
    for quantile, column in QUANTILES:
        assert (np.abs(frame[column] - theirs[quantile]) <= AT[quantile] * unit).all()
    sigma = entry["result"]["sigma_v"]
    error = 5 * sigma["sd"] / np.sqrt(entry["diagnostics"]["n_eff_min"])
    assert abs(estimates.diagnostics["parameters"]["sigma"]["mean"] - sigma["mean"]) <= error


def check_chains(estimates: fl.Estimates, theirs: dict[str, Any]) -> None:
    """Every median and limit within four standard errors of our chains and of the entry's."""
    frame, found = estimates.to_frame(), estimates.diagnostics
    assert found["sampler"] == "nuts"
    assert found["rhat_max"] < 1.01
    ess = min(found["ess_bulk_min"], found["ess_tail_min"])
    for quantile, column in QUANTILES:
        ours = AT[quantile] * np.array(theirs["sd"]) / np.sqrt(ess)
        error = np.sqrt(np.square(theirs.get(f"mcse_{quantile}", 0.0)) + ours**2)
        assert (np.abs(frame[column] - theirs[quantile]) <= 4 * error).all()


def test_nuts_samples_counts() -> None:
    entry = ENTRIES["counts/logit_normal/effective"]
    check_chains(counts(entry, sampler="nuts"), entry["result"]["p"])


@pytest.mark.slow
@pytest.mark.parametrize("key", [*EXACT, "counts/logit_normal/raw"])
def test_nuts_samples_every_entry(key: str) -> None:
    """Flat priors included; where few areas leave divergences behind they are flagged, and the figures still agree."""
    entry = ENTRIES[key]
    if key.startswith("counts"):
        check_chains(counts(entry, sampler="nuts"), entry["result"]["p"])
        return
    result = entry["result"]
    estimates = fay_herriot(entry, SIGMA[key.rsplit("/", 1)[1]], sampler="nuts", draws=20_000)
    check_chains(estimates, result.get("p", result["theta"]))
