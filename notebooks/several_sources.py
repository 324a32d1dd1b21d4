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
# # Several sources
#
# A survey, case lists, and the calls to a hotline speak of the same people, and each is off in its own way. This notebook
# makes one figure of them, and asks of each source how much it weighs and whether it agrees with the others.
#
# The country is made up, so that the true number is known. All figures are computed in this run.

# %%
# %matplotlib inline
# %config InlineBackend.figure_formats = ["retina"]

import json
from pathlib import Path

import pandas as pd

import fl_estimate as fl

here = Path.cwd()
DATA = next(
    folder / "data" / "sample"
    for folder in (here, *here.parents)
    if (folder / "data" / "sample").is_dir()
)

# %% [markdown]
# ## The survey
#
# Who did not answer a question that decides counts as no, so that the figure can only be too low on that account.

# %%
data = fl.load(DATA / "household.parquet", mapping=DATA / "household.toml")
people = fl.classify(data)
prevalence = fl.estimate_prevalence(people, "forced_labour").national
districts = pd.read_csv(DATA / "districts.csv")
adults = float(districts["population"].sum())
survey = prevalence.persons(adults)
survey.to_frame()[["quantity", "value", "lower", "upper", "undetermined"]]

# %% [markdown]
# ## What if the questions themselves err?
#
# Suppose that interviews with people whose case is known found 45 of 50, and that three of 1,500 others were taken for
# cases. With a prevalence this small the second figure decides: the false cases alone may be as many as those found.

# %%
checked = fl.hierarchical.misclassification(
    prevalence,
    sensitivity={"positive": 45, "n": 50},
    specificity={"positive": 1_497, "n": 1_500},
    seed=1,
)
checked.per_thousand().to_frame()[
    ["method", "value", "lower", "upper"]
].round(2)

# %% [markdown]
# In this country the questions are right, so that the survey goes on as it is. Where they are not known to be, the row
# above is the honest one.
#
# ## The lists, region by region
#
# Five bodies keep lists. In most regions too few people are on two of them for a model of the region's own; one model for all
# regions lets them share what they have in common. Two pairs of lists depend on each other, as those who keep them say.

# %%
records = pd.read_csv(DATA / "list_records.csv")
names = ["police", "labour_inspectorate", "ngo", "hospital", "hotline"]
strata = {
    region: histories.about(outcome="forced_labour")
    for region, histories in fl.CaptureHistories.strata(
        records, lists=names, by="region"
    ).items()
}
pairs = [("police", "ngo"), ("ngo", "hotline")]
lists = fl.hierarchical.capture_recapture(
    strata, terms=pairs, by="region", seed=1
)
sizes = lists.select(quantity="population_size")
truth = json.loads((DATA / "truth.json").read_text())
table = sizes.to_frame()[["region", "n", "value", "lower", "upper"]]
table["truth"] = [
    truth["national"]["forced_labour"],
    *(truth["region"][name]["forced_labour"] for name in table["region"][1:]),
]
table.round(0)

# %% [markdown]
# ## One figure
#
# Nothing in the data tells how far a source is off: that has to be said, for every source, and there is no default. Here:
#
# - the survey may have missed up to a quarter, and took nobody for a case who is none: `below(0.15)`;
# - lists that depend in ways the model leaves out may be off by a fifth either way: `normal(0, 0.1)`;
# - of a hundred people in forced labour, between one and twenty-six come to the hotline: `reported(2, 18)`, a share ~ beta(2, 18).

# %%
given = {
    "survey": survey,
    "lists": sizes.national,
    "hotline": int(records["hotline"].sum()),
}
stated = {
    "survey": "below(0.15)",
    "lists": "normal(0, 0.1)",
    "hotline": "reported(2, 18)",
}
one = fl.hierarchical.sources(given, bias=stated, seed=1)
one.to_frame()[["term", "value", "lower", "upper"]].round(0)


# %%
def told(result: fl.Estimates) -> pd.DataFrame:
    """Weight, conflict, and bias before and after, of every source."""
    found = result.diagnostics
    return pd.DataFrame(
        {
            name: {
                "weight": found["weight"][name],
                "conflict p": found["conflict"][name],
                "bias stated": found["bias_stated"][name]["median"],
                "bias after": found["bias_after"][name]["median"],
            }
            for name in found["weight"]
        }
    ).T.round(3)


told(one)

# %% [markdown]
# Truly there are this many, and the interval above should hold it:

# %%
truth["national"]["forced_labour"]

# %% [markdown]
# ## A bias that is wrong
#
# Someone takes the calls to the hotline for nearly everybody: half to nine tenths of all people in forced labour, beta(20, 8).
# The three sources then cannot all be right, and the result says so instead of averaging.

# %%
wrong = fl.hierarchical.sources(
    given, bias=stated | {"hotline": "reported(20, 8)"}, seed=1
)
told(wrong)

# %%
fl.publish([wrong]).table()

# %% [markdown]
# Before such a figure is used, somebody has to find out which of the statements is wrong. Taking out the source that
# disagrees because it disagrees is not finding out.
