# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#       format_version: '1.3'
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Regions with a model
#
# A survey that is large enough for the nation is too small for its districts: some have no case at all. This notebook
# estimates every district with a model that lets districts learn from each other, and looks hard at what the model did.
#
# The country is made up, so that the true number of every district is known. All figures are computed in this run.

# %%
# %matplotlib inline
# %config InlineBackend.figure_formats = ["retina"]

import json
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd
from IPython.display import Image

import fl_estimate as fl

here = Path.cwd()
DATA = next(
    folder / "data" / "sample"
    for folder in (here, *here.parents)
    if (folder / "data" / "sample").is_dir()
)

# %% [markdown]
# ## Direct estimates
#
# Each district from its own people. Those without a case have a figure of 0 and an upper limit, which cannot be printed as
# an estimate; the others have limits that are far apart.

# %%
data = fl.load(DATA / "household.parquet", mapping=DATA / "household.toml")
direct = fl.estimate_prevalence(
    fl.classify(data), "forced_labour", by="district"
)
table = direct.to_frame()
table[table["margin"] == "district"][
    ["district", "n", "cases", "value", "lower", "upper"]
].round(4)

# %% [markdown]
# ## The same districts with a model
#
# One covariate is known for every district. The model works on effective counts, so that a district without a case counts
# as what it is: some hundreds of people among whom nobody was met.

# %%
districts = pd.read_csv(DATA / "districts.csv")
covariates = districts[["district", "x1"]]
population = districts[["district", "population"]]
model = fl.hierarchical.area(
    direct, covariates=covariates, population=population, seed=1
)
model.per_thousand().to_frame()[
    ["district", "value", "lower", "upper", "n", "cases"]
].round(2)

# %% [markdown]
# How far was each district moved? On the diagonal both estimates say the same.

# %%
fl.plot_shrinkage(direct, model)

# %% [markdown]
# ## Was it right?
#
# Here, and only here, can be asked which of the two is nearer to the truth, and how often the intervals hold it.

# %%
truth = {
    name: figures["prevalence"]
    for name, figures in json.loads((DATA / "truth.json").read_text())[
        "district"
    ].items()
}


def score(estimates: fl.Estimates) -> dict[str, float]:
    """Error per thousand and share of intervals that hold the truth."""
    frame = estimates.to_frame()
    frame = frame[frame["margin"] == "district"]
    known = frame["district"].map(truth).astype(float)
    held = (frame["lower"] <= known) & (known <= frame["upper"])
    return {
        "error per 1,000": 1_000
        * float(((frame["value"] - known) ** 2).mean() ** 0.5),
        "intervals that hold the truth": float(held.mean()),
        "mean width per 1,000": 1_000
        * float((frame["upper"] - frame["lower"]).mean()),
    }


pd.DataFrame({"direct": score(direct), "model": score(model)}).T.round(2)

# %% [markdown]
# One sample proves little: *docs/explanation/hierarchical_area.md* has the same over two hundred.
#
# ## What the prior did
#
# The model has to be told beforehand how far districts may differ. Half and twice that scale:

# %%
moved = fl.hierarchical.sensitivity(model, direct, covariates=covariates)
moved.groupby("prior").agg(
    sigma=("sigma", "first"),
    largest_shift=("shift", lambda shift: shift.abs().max()),
).round(3)

# %% [markdown]
# `largest_shift` is in half widths of the interval: where it is small, the data speak and not the prior.
#
# ## Does the model fit?
#
# Data replicated from the model, beside those observed. A `p` near 0 or 1 would say that the model misses something.

# %%
fl.hierarchical.predictive_check(model, direct, covariates=covariates).round(
    4
)

# %%
left_out = fl.hierarchical.leave_one_out(model, direct, covariates=covariates)
left_out.nsmallest(3, "elpd").round(2)

# %% [markdown]
# The districts that the others foresee worst. Is the covariate worth having? The greater sum foresees better.

# %%
alone = fl.hierarchical.area(direct, population=population, seed=1)
pd.Series(
    {
        "with x1": left_out["elpd"].sum(),
        "without": fl.hierarchical.leave_one_out(alone, direct)["elpd"].sum(),
    }
).round(1)

# %% [markdown]
# ## Neighbours, and the national figure
#
# Districts may also learn from those beside them. A map says who they are. Benchmarking then moves every draw so that the
# districts together give the national estimate.

# %%
spatial = fl.hierarchical.area(
    direct, covariates=covariates, spatial="bym2", neighbours=DATA / "districts.geojson", population=population,
    benchmark="ratio", seed=1,
)  # fmt: skip
spatial.diagnostics["parameters"]["phi"]

# %%
with TemporaryDirectory() as folder:
    path = fl.publish([spatial]).map(
        DATA / "districts.geojson", Path(folder) / "map.png"
    )
    picture = Image(path.read_bytes(), width=560)
picture

# %% [markdown]
# `phi` is the share of the differences that follows the map. With few districts its interval is wide: the data do not say.
