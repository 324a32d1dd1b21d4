# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#       format_version: '1.3'
#       jupytext_version: 1.19.6
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Refused and don't know
#
# Some people refuse a question on coercion, some do not know, some were never asked because of a filter. For each of them
# the class is open: forced labour or not. This notebook tells one headline in three ways: unknown answers counted as no,
# imputed, and as bounds. Then it asks what would have to be true of the people who did not answer (delta-adjusted
# sensitivity analysis), of the people whom somebody else answered for, and of those whom no household survey meets.
# The country is made up, so the true figure is known; all figures are computed in this run.

# %%
import json
from dataclasses import replace
from pathlib import Path

import fl_estimate as fl

here = Path.cwd()
DATA = next(
    folder / "data" / "sample"
    for folder in (here, *here.parents)
    if (folder / "data" / "sample" / "household.toml").is_file()
)
survey = fl.load(DATA / "household.parquet", mapping=DATA / "household.toml")
people = fl.classify(survey, "icls2018_adult")
truth = json.loads((DATA / "truth.json").read_text(encoding="utf-8"))

# %% [markdown]
# ## Three ways to tell one headline
#
# **Unknown as no.** Whoever did not answer is no case. This is what most reports print without saying so, and it can only
# be too low.

# %%
counted_as_no = fl.estimate_prevalence(people, "forced_labour", unknown="no")
counted_as_no.per_thousand()

# %% [markdown]
# **Bounds.** No unknown answer hides a case, or every one does that can. Nothing is assumed, and the truth is between
# the two; the row without a value is an interval for it (Imbens and Manski).

# %%
bounds = fl.estimate_prevalence(people, "forced_labour", unknown="bounds")
bounds.per_thousand()

# %% [markdown]
# **Imputed.** The unknown answers are drawn, several times over, from people who gave theirs and are otherwise alike
# (multiple imputation). This uses what these people did answer, and supposes that those who were silent are like those who
# spoke: answers are missing at random, given what was answered.

# %%
# Debt and lodging are filter answers: who has a debt is asked about threats with it. They say something of the silent as well.
imputed = fl.impute(
    survey, "icls2018_adult", predictors=["Q205", "Q206"], seed=1
)
at_random = fl.estimate_prevalence(imputed, "forced_labour", unknown="impute")
at_random.per_thousand()

# %% [markdown]
# ## Which step did what
#
# The same three ways below each other, after those who answered everything: from design weights to bounds. Where weights
# were adjusted for people who did not answer at all (`fl.adjust_nonresponse`) and calibrated, each of these steps has a row,
# and before it what it changed, with the error of the change.

# %%
steps = fl.adjustment_steps(imputed, "forced_labour")
steps.to_frame()[
    ["term", "bound", "value", "lower", "upper", "undetermined", "n"]
]

# %% [markdown]
# To see steps of weights too, here some of the people who were drawn are lost, more of them in towns, before anything
# is estimated.

# %%
frame = survey.people.copy()
lost = (frame["urban"] == "urban") & (frame.index % 5 < 2)
frame["answered"] = (~lost).astype(int)
thinned = replace(survey, people=frame)
adjusted, _ = fl.adjust_nonresponse(
    thinned, "answered", by=["region", "urban"]
)
sizes = frame.groupby("region")["weight_person"].sum().to_dict()
calibrated, _ = fl.calibrate(adjusted, {"region": sizes})
fl.adjustment_steps(
    fl.classify(calibrated, "icls2018_adult"), "forced_labour"
).to_frame()[["term", "bound", "value", "se", "n"]]

# %% [markdown]
# ## What if they are not like the others?
#
# People who are watched refuse. The curve multiplies the odds that an unknown answer hides a case, from a quarter to
# sixty-four times; ×1 is the imputed figure, and the ends are the bounds.

# %%
odds = [0.25, 0.5, 1, 2, 4, 8, 16, 32, 64]
curve = fl.delta_curve(imputed, "forced_labour", odds=odds)
curve.plot()

# %%
curve.to_frame()[["term", "value", "lower", "upper"]]

# %% [markdown]
# By the reason of silence: those who refused, those who did not know, and questions that a filter left out.

# %%
by_reason = fl.delta_curve(
    imputed, "forced_labour", reasons=["refusal", "dont_know", "not_asked"]
)
by_reason.plot()

# %% [markdown]
# ## What would have to be true for the figure to double?
#
# A tipping point in words that can be argued about: how many of those who did not answer would have to be cases.

# %%
double = fl.tipping_point(curve, times=2)
double.to_frame()[["term", "value"]]

# %%
[reason.code for reason in double.reasons]

# %% [markdown]
# Compare the share of cases that is needed with the share that was imputed. Where no value stands beside `odds_needed`,
# the reason says why: the odds would have to be multiplied by more than the last point of the curve. Of those who refused
# alone:

# %%
refusers = by_reason.select(reason="refusal")
for times in (1.2, 1.5, 2):
    found = fl.tipping_point(refusers, times=times)
    print(f"{times} times the figure")
    print(found.to_frame()[["term", "value"]].round(3).to_string(index=False))
    print(
        sorted(
            {r.code for r in found.reasons if r.code.startswith("tipping")}
        )
    )

# %% [markdown]
# ## Who answered for whom
#
# Some people were answered for by somebody else of the household. Here are their answers beside own answers, at the same
# composition by sex and region, and in the last row the figure had everybody answered for themselves.

# %%
proxies = fl.compare_proxies(
    people, "forced_labour", standardise_by=["sex", "region"]
)
proxies.to_frame()[
    ["term", "is_proxy", "value", "lower", "upper", "undetermined", "n"]
]

# %%
fl.contrast(proxies, {"is_proxy": (1, 0)})

# %% [markdown]
# ## Who is not there at all
#
# Nobody who lives on the employer's premises, in an institution or abroad by now is in the frame. The survey cannot say
# what is true of them. With their number as others give it (here invented), a curve says what the national figure would be
# over their prevalence.

# %%
outside = {
    "employers' premises": 0.02,
    "institutions": 0.005,
    "departed": 0.01,
}
fl.undercoverage_curve(at_random, outside).plot()

# %% [markdown]
# ## What may be printed
#
# Scenarios are published like figures: judged with the cell that they are of, and left out where a withheld cell could
# be worked out with them.

# %%
published = fl.publish({"bounds": bounds, "curve": curve, "steps": steps})
published.table()

# %% [markdown]
# ## The truth
#
# In this made-up country refusals do depend on the class, so that no method that takes answers as missing at random finds
# all of it. Per 1,000 adults:

# %%
round(1000 * truth["national"]["prevalence"], 2)
