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
# # Returned migrants: what recruitment cost, and who was in forced labour
#
# A survey of people who came back from work abroad answers two questions at once: how many months of their earnings did
# recruitment take (SDG indicator 10.7.1), and how many were in forced labour, by country, branch and recruiter?
#
# The survey is made up, so that the truth is known. Countries are codes that no country has; the currency at home is the
# code that stands for tests. All figures are computed in this run.

# %%
# %matplotlib inline
# %config InlineBackend.figure_formats = ["retina"]

import json
import tomllib
from pathlib import Path

import pandas as pd
from IPython.display import Markdown
from matplotlib.figure import Figure

import fl_estimate as fl

DATA = Path("../data/sample")
TRUTH = DATA / "migrants_truth.json"
true = json.loads(TRUTH.read_text(encoding="utf-8"))

# %% [markdown]
# ## 1. Three files, one survey
#
# People, their episodes abroad, and what each episode cost, line by line. Episodes stand in the same Stata file as the work
# they led to, so that file is read twice: once for recruitment, once for the work and the questions about it.

# %%
episodes = DATA / "migrants_episodes.dta"
files = {
    "people": DATA / "migrants.dta",
    "episodes": episodes,
    "jobs": episodes,
    "costs": DATA / "migrants_costs.dta",
}
survey = fl.load(files, mapping=DATA / "migrants.toml")
survey

# %% [markdown]
# The mapping says what each column is. Part of it:

# %%
text = (DATA / "migrants.toml").read_text(encoding="utf-8")
start = text.index("\n[episodes]")
print(text[start : text.index("\n[rates.EUR]")])

# %% [markdown]
# ## 2. Two currencies
#
# Fees are paid at home, wages earned abroad. One cannot be divided by the other as they stand. The mapping gives the
# rates of each year (`[rates]`), and `load` converts every amount at the rate of the day it was paid. Without rates the
# file is refused, with every row that it concerns:

# %%
without = tomllib.loads(text)
del without["rates"]
try:
    fl.load(files, mapping=without)
except fl.FlError as fault:
    print(fault)

# %% [markdown]
# What was told stays beside what was made of it:

# %%
survey.costs[
    ["item", "amount_original", "currency_original", "amount", "currency"]
].head()

# %% [markdown]
# ## 3. What is counted: persons or episodes
#
# Some had been abroad more than once. "Forced labour by country" is a statement on episodes, not on persons; the SDG
# indicator is on the most recent recruitment of each person. `by_episode` takes episodes as rows, each with the weight of
# its person. Persons who were drawn and had no episode stay, out of scope.

# %%
ADULTS = "icls2018_adult"
persons = fl.classify(survey, ADULTS)
every = fl.classify(fl.by_episode(survey), ADULTS)
last = fl.classify(fl.by_episode(survey, "last"), [ADULTS, "sdg_10_7_1"])

counted = {
    "persons, in any episode": persons,
    "episodes, all": every,
    "persons, in the most recent episode": last,
}
pd.DataFrame(
    {
        name: fl.estimate_total(each, "forced_labour")
        .to_frame()[["value", "lower", "upper", "n", "cases"]]
        .squeeze()
        .astype(float)
        .round()
        for name, each in counted.items()
    }
).T.astype(int)

# %% [markdown]
# Three right answers to three questions. The rest of this page is about the most recent episode.
#
# ## 4. What recruitment cost
#
# The cost is what the worker paid, without the interest on loans, in months of the first earnings abroad. Who went without
# an employer to go to is out of scope. Where an amount is not known, the cost is not known either: it is not the sum of
# the others.

# %%
inside = last.people["recruitment_cost_share_in_scope"] == 1
months = last.people.loc[inside, "recruitment_cost_share"].astype(float)
Markdown(
    f"{inside.sum():,} persons in scope; of {months.isna().mean():.1%} the "
    f"cost is not known. Half of the others paid more than "
    f"{months.median():.1f} months, one in twenty more than "
    f"{months.quantile(0.95):.1f} (of those interviewed, unweighted)."
)

# %%
figure = Figure(figsize=(7, 2.8), layout="constrained")
axes = figure.subplots()
axes.hist(months.dropna(), bins=40, color="#31688e")
axes.set_xlabel("Recruitment cost, months of earnings")
axes.set_ylabel("Persons interviewed")
axes.spines[["top", "right"]].set_visible(False)
figure

# %% [markdown]
# The mean of the population, by who recruited, with the truth beside it. The weights and the design do the work; the
# condition keeps the persons out of scope in the design and out of the figure.

# %%
INSIDE = {
    "where": "recruitment_cost_share_in_scope",
    "unknown": "exclude",
}
cost = fl.estimate_mean(
    last,
    "recruitment_cost_share",
    by=[["recruiter"], ["destination"]],
    **INSIDE,
)


def beside_the_truth(
    estimates: fl.Estimates, of: tuple[str, ...]
) -> pd.DataFrame:
    """Some columns of a result, with the true value of each row, which stands under `of` in the truth file."""
    rows = []
    for row in estimates.to_frame().to_dict("records"):
        margin = row["margin"]
        cell = true[margin][row[margin]] if margin else true["national"]
        known = cell
        for name in of:
            known = known[name]
        rows.append(
            {
                "": row[margin] if margin else "all",
                **{name: row[name] for name in ("value", "lower", "upper")},
                "truth": known / cell["adults"]
                if of == ("forced_labour",)
                else known,
                "n": row["n"],
            }
        )
    return pd.DataFrame(rows).set_index("").round(3)


beside_the_truth(cost, ("mean", "recruitment_cost_share"))

# %% [markdown]
# A few who paid very much pull the mean up. The median says what the one in the middle paid:

# %%
median = fl.estimate_quantile(
    last, "recruitment_cost_share", 0.5, by="destination", **INSIDE
)
beside_the_truth(median, ("quantile", "recruitment_cost_share", "0.5"))

# %% [markdown]
# And how many paid more than three months of earnings? Of whom the cost is not known, this is not known either, so the new
# column is missing there. Where nobody was met who paid so much, the upper limit is what can be said.

# %%
people = last.people.assign(
    over_three_months=last.people["recruitment_cost_share"]
    .gt(3)
    .astype(float)
)
unknown = people["recruitment_cost_share"].isna()
people.loc[unknown, "over_three_months"] = float("nan")
over = fl.estimate_prevalence(
    people,
    "over_three_months",
    by="destination",
    design=last.design,
    **INSIDE,
)
beside_the_truth(over, ("share", "over_three_months"))

# %%
beside = {
    "means": beside_the_truth(cost, ("mean", "recruitment_cost_share")),
    "medians": beside_the_truth(
        median, ("quantile", "recruitment_cost_share", "0.5")
    ),
    "shares": beside_the_truth(over, ("share", "over_three_months")),
}
counted_in = ", ".join(
    f"{(known['truth'].between(known['lower'], known['upper'])).sum()} of "
    f"{len(known)} {name}"
    for name, known in beside.items()
)
Markdown(
    f"Intervals that hold the truth: {counted_in}. The three speak of the "
    "same people, so where chance put too many dear recruitments into the "
    "sample, all three are high together."
)

# %% [markdown]
# ## 5. Forced labour abroad
#
# By destination, branch of work (ISIC sections) and recruiter of the most recent episode.

# %%
forced = fl.estimate_prevalence(
    last, "forced_labour", by=[["destination"], ["isic4"], ["recruiter"]]
)
table = beside_the_truth(forced, ("forced_labour",))
table

# %%
held = table["truth"].between(table["lower"], table["upper"])
Markdown(
    f"{held.sum()} of {len(held)} intervals hold the truth. The figures "
    "count whoever's class is undetermined as *no*, so they lie a little low "
    "on average: people who were in forced labour leave more questions "
    "unanswered."
)

# %% [markdown]
# What the unanswered questions could hide; the diamond is the truth:

# %%
bounds = fl.estimate_prevalence(
    last, "forced_labour", by="destination", unknown="bounds"
)
fl.compare([bounds], truth=TRUTH)

# %% [markdown]
# ## 6. Do those who paid more end in forced labour more often?
#
# Of persons whose cost is known, by whether they paid more than three months of earnings.

# %%
people["paid"] = people["over_three_months"].map(
    {1.0: "over 3 months", 0.0: "up to 3 months"}
)
people["paid"] = people["paid"].fillna("not known")
fl.estimate_prevalence(
    people,
    "forced_labour",
    by="paid",
    where="recruitment_cost_share_in_scope",
    unknown="no",
    design=last.design,
).pivot("paid", values=["value", "lower", "upper", "n"]).round(3)

# %% [markdown]
# It goes with it; that it comes of it, a survey of those who returned cannot say. Those still abroad, and those who did not
# come back, are in nobody's file.
#
# ## 7. Publish

# %%
published = fl.publish(
    {
        "forced labour": forced,
        "recruitment cost": cost,
        "median cost": median,
        "over three months": over,
    }
)
fl.plot(published.select("forced labour"))

# %%
published.table()

# %% [markdown]
# `fl-estimate run data/sample/migrants_study.toml` does all of it from one file, into one folder.
#
# Next: [your own survey of migrants](../docs/how_to/returning_migrants.md),
# [does it find the truth?](../docs/explanation/recovery.md).
