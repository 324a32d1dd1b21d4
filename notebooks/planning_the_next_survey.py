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
# # Planning the next survey
#
# How many people must be asked, where, and what will the answer be worth?
#
# Forced labour is rare and clustered, and that is what makes its surveys dear. This notebook takes what the last survey
# taught (how rare, how clustered, how many answered) and plans the next one: interviews for the nation and for regions,
# the power to see a change, and where to send the interviewers. The country is made up. All figures are computed in
# this run.

# %%
# %matplotlib inline
# %config InlineBackend.figure_formats = ["retina"]

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
survey = fl.load(DATA / "household.parquet", mapping=DATA / "household.toml")
people = fl.classify(survey, framework="icls2018_adult")
rows = people.people
asked = rows[rows["forced_labour_in_scope"] == 1]

# %% [markdown]
# ## 1. What the last survey teaches
#
# Three numbers carry over: the prevalence, the design effect, and how many people of an enumeration area were asked. From
# the last two follows how alike the people of an area are (the intraclass correlation), once the part of the design effect
# that comes from unequal weights is taken off.

# %%
last = fl.estimate_prevalence(people, "forced_labour")
deff = last.to_frame()["deff"].item()
weights = asked["weight_person"].to_numpy()
unequal = len(weights) * (weights**2).sum() / weights.sum() ** 2
cluster = len(asked) / asked["psu"].nunique()
icc = max(0.0, (deff / unequal - 1) / (cluster - 1))
pd.Series(
    {
        "prevalence": last.value,
        "limits": f"{last.lower:.4f} to {last.upper:.4f}",
        "design effect": deff,
        "of it unequal weights": unequal,
        "asked in an area": cluster,
        "intraclass correlation": icc,
    }
)

# %% [markdown]
# ## 2. How many for the nation
#
# The aim is best said as what will be published: limits no further apart than four per thousand, say. The width is the mean over
# all samples that could be drawn, those with few cases among them.

# %%
before = {
    "deff": float(unequal),
    "cluster_size": float(cluster),
    "icc": float(icc),
    "strata": 12,
    "response": 0.85,
}
p = last.value
nation = fl.plan_sample(p, width=0.004, **before)
nation

# %% [markdown]
# More interviews buy less and less. The bar marks what is planned; the bands are for people of an area as alike as last
# time, and for forced labour that is more concentrated than it was then: an intraclass correlation is known badly from so
# few cases, and a plan should survive a larger one.

# %%
fl.plot_plan(
    *[
        fl.plan_sample(p, n=nation.n, **(before | {"icc": value}))
        for value in (icc, 0.02, 0.05)
    ]
)

# %% [markdown]
# With an intraclass correlation of 0.02, how many are asked in an area matters: fewer interviews in all against more areas
# to travel to.

# %%
sizes = [5, 10, 20, 40]
pd.DataFrame(
    [
        {
            "asked in an area": size,
            "interviews": plan.n,
            "areas": plan.clusters,
            "design effect": plan.design_effect,
        }
        for size in sizes
        for plan in [
            fl.plan_sample(
                p,
                width=0.004,
                **(before | {"cluster_size": size, "icc": 0.02}),
            )
        ]
    ]
).round(2)

# %% [markdown]
# ## 3. Six regions instead of one nation
#
# Each region needs a sample of its own. The same relative precision for each multiplies the survey by six; it is wiser to ask
# what a region can be told.

# %%
regions = pd.DataFrame(
    [
        fl.plan_sample(p, n=n, domains=6, **(before | {"strata": 2}))
        .at(n)
        .to_frame()
        .iloc[0]
        for n in (1000, 2000, 4000, 8000)
    ]
)
regions[
    [
        "n",
        "n_total",
        "n_selected",
        "expected_cases",
        "chance_of_none",
        "expected_lower",
        "expected_upper",
        "cv",
    ]
].reset_index(drop=True)

# %% [markdown]
# With a thousand interviews a region, a coefficient of variation far above the 30% at which a figure is flagged. How many for
# five cases at least, with a chance of nine in ten?

# %%
fl.plan_sample(p, cases=(5, 0.9), **(before | {"strata": 2})).n

# %% [markdown]
# ## 4. Will a change be seen?
#
# Suppose the prevalence falls by a third until the next round. Returning to the same areas helps, as far as these keep
# their level.

# %%
after = p * 2 / 3
design = {
    key: before[key] for key in ("deff", "cluster_size", "icc", "strata")
}
sizes = np.geomspace(5_000, 120_000, 30).astype(int)
figure, axes = plt.subplots(figsize=(7, 3.8))
for overlap, style in ((0.0, "-"), (0.5, "--"), (1.0, ":")):
    power = [
        fl.plan_change(
            p, after, n=int(n), overlap=overlap, correlation=0.4, **design
        ).power
        for n in sizes
    ]
    axes.plot(sizes, power, style, color="#00306f", label=f"{overlap:.0%}")
axes.axhline(0.8, color="#c9ced6", zorder=0)
axes.set(
    xscale="log",
    ylim=(0, 1),
    xlabel="interviews in each round",
    ylabel="chance to see a fall by a third",
)
marks = [5_000, 10_000, 20_000, 40_000, 80_000]
axes.set_xticks(marks, [f"{mark:,}" for mark in marks])
axes.minorticks_off()
axes.legend(title="areas in both rounds", frameon=False)
figure.tight_layout()

# %% [markdown]
# What the size of the last survey can find at all, with a chance of 80%:

# %%
again = fl.plan_change(p, after, n=len(asked), **design)
print(f"A fall from {1000 * p:.1f} per thousand to {1000 * after:.1f}:")
print(f"found with a chance of {again.power:.0%}.")
print(f"The smallest fall found: {1000 * again.smallest:.1f} per thousand.")

# %% [markdown]
# ## 5. Where to ask
#
# Who is at risk tells where a sample should be denser. A regression on the last survey, weighted, with errors that know of
# the areas:

# %%
model = fl.regress(people, "forced_labour ~ C(sex) + C(region) + migrant")
model.coefficients(exponentiate=True).round(3)

# %%
fl.term_test(model, "C(region)")

# %% [markdown]
# Regions differ, and migrants are at far more risk. What each region's prevalence would be if its people were like those of the
# whole country in sex and migration:

# %%
fl.marginal_means(model, "region").per_thousand() if False else (
    fl.marginal_means(model, "region")
    .to_frame()[["region", "value", "se", "lower", "upper"]]
    .assign(
        **{
            name: lambda frame, name=name: (1000 * frame[name]).round(2)
            for name in ("value", "se", "lower", "upper")
        }
    )
)

# %% [markdown]
# The optimum sends more interviewers where prevalence and size are large. Prevalences of strata are uncertain, so they are first drawn
# half-way to the national one: little is lost near the optimum, and no district is thought free of forced labour.

# %%
strata = (
    asked.assign(weighted=asked["forced_labour"] * asked["weight_person"])
    .groupby("district")[["weighted", "weight_person"]]
    .sum()
    .reset_index()
)
strata["population"] = strata["weight_person"].round()
strata["prevalence"] = (strata["weighted"] / strata["weight_person"] + p) / 2
plans = {
    rule: fl.allocate(
        strata,
        n=nation.n,
        stratum="district",
        prevalence="prevalence",
        rule=rule,
        minimum=100,
    )
    for rule in ("proportional", "optimum", "square-root", "equal")
}
pd.DataFrame(
    {
        rule: {
            "se, per 1,000": 1000 * plan.se,
            "effect of weights": plan.weight_effect,
            "gain over proportional": plan.gain,
            "largest cv of a district": plan.to_frame()["cv"].max(),
        }
        for rule, plan in plans.items()
    }
).round(2)

# %%
table = pd.DataFrame(
    {
        rule: plan.to_frame().set_index("district")["n"]
        for rule, plan in plans.items()
    }
)
figure, axes = plt.subplots(figsize=(7, 5.4))
table[["proportional", "optimum"]].plot.barh(
    ax=axes, color=["#c9ced6", "#00306f"], width=0.8
)
axes.set(xlabel="interviews", ylabel="")
axes.legend(frameon=False)
figure.tight_layout()

# %% [markdown]
# Between districts the optimum gains little: a standard deviation goes with the root of a prevalence, and no district is
# free of forced labour. The square root of the population costs the nation little and gives small districts a better figure.
#
# Oversampling pays where risk is known to be concentrated: a register of plantations and workers' camps, say, where one
# person in twelve of a small part of the country lives.

# %%
risk = pd.DataFrame(
    {
        "stratum": ["camps and plantations", "everywhere else"],
        "population": [20_000, 873_000],
        "prevalence": [0.08, 0.0037],
        "cost": [1.5, 1.0],
    }
)
fl.allocate(risk, n=nation.n, prevalence="prevalence", cost="cost")

# %% [markdown]
# `gain over proportional` is how many times as many people a proportional sample would have to ask for the same precision;
# `effect of weights` is what a question that has nothing to do with the strata pays for it.
