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
# # Weights, clusters and small regions
#
# How sure can one be of a prevalence of a few per thousand, and of the same in a district where nobody was met with it?
#
# A survey is not a random draw of persons. This notebook takes the sample survey apart: what the weights do, what strata
# and clusters do, why the intervals of a textbook for coins are wrong here, and what can be said of a district without a
# case. The country is made up, so that the truth is known. All figures are computed in this run.

# %%
# %matplotlib inline
# %config InlineBackend.figure_formats = ["retina"]

import json
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

import fl_estimate as fl

here = Path.cwd()
DATA = next(
    folder
    for up in (here, *here.parents)
    if (folder := up / "data" / "sample").is_dir()
)
true = json.loads((DATA / "truth.json").read_text(encoding="utf-8"))

survey = fl.load(DATA / "household.parquet", mapping=DATA / "household.toml")
people = fl.classify(survey, framework="icls2018_adult")
rows = people.people
people.design

# %% [markdown]
# The design says how the people came into the file: enumeration areas (`psu`) drawn within strata, and a weight that says
# how many persons of the country stand behind each.
#
# ## 1. What the weights do
#
# Regions were drawn unequally, so that small ones can be spoken of. Counting rows would give the over-drawn ones too much
# say.

# %%
asked = rows[rows["forced_labour_in_scope"] == 1]
regions = (
    fl.estimate_total(people, "forced_labour", by="region")
    .to_frame()
    .query("margin == 'region'")
)
adults = pd.Series(
    {name: count["adults"] for name, count in true["region"].items()}
)
pd.DataFrame(
    {
        "share of the rows": asked["region"].value_counts(normalize=True),
        "share of the weights": asked.groupby("region")["weight_person"].sum()
        / asked["weight_person"].sum(),
        "share of the country": adults / adults.sum(),
    }
).round(3)

# %% [markdown]
# Weights cost precision: the more unequal they are, the less a row is worth. Kish's rule puts a number to it, as if nothing
# else were there.

# %%
weights = asked["weight_person"].to_numpy()
kish = len(weights) * (weights**2).sum() / weights.sum() ** 2
print(f"Unequal weights alone: {len(weights):,} rows are worth")
print(f"{len(weights) / kish:,.0f} drawn with equal chances.")

# %% [markdown]
# ## 2. What strata and clusters do
#
# The same estimate under four stories of how the sample was drawn. The value never changes. The standard error does, and
# only the last story is true.

# %%
stories = {
    "persons, one by one": fl.Design(weights="weight_person", expands=True),
    "persons within strata": fl.Design(
        weights="weight_person", strata="stratum", expands=True
    ),
    "areas": fl.Design(weights="weight_person", psu="psu", expands=True),
    "areas within strata": people.design,
}


def by_story(outcome: str, **arguments: object) -> pd.DataFrame:
    """One outcome, nationally, under each story."""
    found = {
        name: fl.estimate_prevalence(
            people, outcome, design=design, **arguments
        )
        .per_thousand()
        .to_frame()
        .squeeze()
        for name, design in stories.items()
    }
    columns = ["value", "se", "lower", "upper", "df", "deff"]
    return pd.DataFrame(found).T[columns].astype(float).round(2)


by_story("forced_labour")

# %% [markdown]
# `deff`, the design effect, is the variance over that of as many persons drawn one by one. For forced labour clustering
# costs something; for a trait of places it costs nearly everything. Here are people born abroad, who live near each other:

# %%
by_story("migrant", where="forced_labour_in_scope == 1")

# %% [markdown]
# ## 3. Why the usual interval is wrong
#
# Value ± 1.96 standard errors is made for shares in the middle and for samples that tell their own error well. Neither
# holds for a few per thousand in a district of twenty areas.

# %%
KINDS = ["wald", "logit", "wilson", "jeffreys", "korn-graubard"]
districts = {
    kind: fl.estimate_prevalence(
        people, "forced_labour", by="district", interval=kind
    )
    for kind in KINDS
}
limits = pd.DataFrame(
    {
        kind: (frame["lower"] * 1000).round(1).astype(str)
        + " – "
        + (frame["upper"] * 1000).round(1).astype(str)
        for kind, found in districts.items()
        for frame in [found.pivot("district", values=["lower", "upper"])]
    }
)
cases = districts["wald"].pivot("district", values="cases")["cases"]
limits.assign(cases=cases).loc[cases.sort_values().index].head(8)

# %% [markdown]
# Wald's interval goes below zero where cases are few, and is a point where there are none. Where an interval has no answer
# without cases, the library gives Korn and Graubard's, and says so:

# %%
frame = districts["wald"].to_frame()
empty = frame[frame["cases"] == 0]
empty[["district", "value", "se", "lower", "upper", "interval_kind", "n"]]

# %% [markdown]
# ## 4. A district without a case is not a district without forced labour
#
# *No case among n* has an upper limit. By the rule of three it is about 3/n for one-sided 95%; with 2.5% on either side it
# is 3.7/n. The clusters make it somewhat more, by way of the degrees of freedom.

# %%
korn = districts["korn-graubard"].to_frame().query("margin == 'district'")
none = korn[korn["cases"] == 0].set_index("district")
pd.DataFrame(
    {
        "respondents": none["n"],
        "3.7 / n, per 1,000": (3700 / none["n"].astype(float)).round(2),
        "upper limit, per 1,000": (1000 * none["upper"]).round(2),
        "true, per 1,000": [
            round(1000 * true["district"][name]["prevalence"], 2)
            for name in none.index
        ],
    }
)

# %% [markdown]
# All districts, with the truth as diamonds. The survey counts those whose answers make the class certain, so it looks for
# somewhat fewer people than there are: see the notebook on the first estimate.

# %%
order = korn.sort_values("value")
positions = np.arange(len(order))
figure, axes = plt.subplots(figsize=(7, 6))
for shift, kind, colour in (
    (-0.18, "wald", "#c66"),
    (0.18, "korn-graubard", "#246"),
):
    found = (
        districts[kind]
        .to_frame()
        .set_index("district")
        .loc[order["district"]]
    )
    axes.hlines(
        positions + shift,
        1000 * found["lower"],
        1000 * found["upper"],
        color=colour,
        linewidth=2,
        label=kind,
    )
    axes.plot(1000 * found["value"], positions + shift, ".", color=colour)
diamonds = [
    1000 * true["district"][name]["prevalence"] for name in order["district"]
]
axes.plot(
    diamonds, positions, "D", color="black", markersize=4, label="truth"
)
axes.axvline(0, color="grey", linewidth=0.8)
axes.set_yticks(positions, order["district"])
axes.set_xlabel("in forced labour, per 1,000 adults")
axes.legend(loc="lower right")
figure.tight_layout()

# %% [markdown]
# ## 5. The same by replicates
#
# Instead of a formula, leave out one area at a time and estimate again. 540 areas make 540 replicates, kept as one
# multiplier an area and replicate, never as columns of weights. Both ways agree, as they should for a share.

# %%
jackknife = fl.replicate(people, kind="jkn")
bootstrap = fl.replicate(people, kind="rao-wu", replicates=500, seed=2018)
ways = {
    "Taylor": people.design,
    "jackknife": jackknife,
    "bootstrap, 500": bootstrap,
}
pd.DataFrame(
    {
        name: 1000
        * fl.estimate_prevalence(
            people, "forced_labour", by="region", design=design
        )
        .to_frame()
        .astype({"region": "string"})
        .assign(region=lambda f: f["region"].fillna("whole country"))
        .set_index("region")["se"]
        for name, design in ways.items()
    }
).round(3)

# %% [markdown]
# ## 6. Which figures to print
#
# Three rules on the same districts. The rule of the US National Center for Health Statistics was made for shares of some
# per cent: any interval narrower than five points passes. `fl-rare` also asks for an interval no wider than 1.6 times the
# value. A dash is a figure withheld.

# %%
shown = {}
for rule in ("nchs", "fl-default", "fl-rare"):
    printed = fl.publish(districts["korn-graubard"], rule=rule).to_frame()
    kept = printed[printed["district"].notna()].set_index("district")
    shown[rule] = [
        f"{1000 * row.value:.1f}"
        if row.publication == "published"
        else (
            f"at most {1000 * row.upper:.1f}"
            if row.publication in ("at_most", "fewer_than")
            else "–"
        )
        for row in kept.itertuples()
    ]
pd.DataFrame(shown, index=kept.index).assign(
    cases=korn.set_index("district")["cases"]
).sort_values("cases")

# %% [markdown]
# What a district cannot say for itself, a model may borrow from others, at the price of believing in it: see the notebook on
# the first estimate, and `fl.hierarchical.area`.
