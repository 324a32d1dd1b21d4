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
# # How many people are on no list?
#
# In 2013 six agencies of the United Kingdom knew of 2,744 potential victims of trafficking. The Home Office then published
# an estimate of 10,000 to 13,000 in all. This notebook puts every method on the same six lists, and asks what may be said.

# %%
import numpy as np

import fl_estimate as fl
from fl_estimate import capture_recapture as cr

lists = fl.datasets.load("uk_2013_6").about(
    outcome="trafficking",
    population="United Kingdom",
    reference_period="2013",
)
lists

# %% [markdown]
# The agencies: local authorities (LA), non-governmental organisations (NG), police forces (PF), government organisations
# (GO), the general public (GP), and the National Crime Agency (NCA).
#
# ## What was seen
#
# Each bar is a group of people by the lists that they are on. Nearly everybody is on one list alone. All that follows rests on
# the 252 people to the right, who are on two or more.

# %%
fl.plot_overlaps(lists)

# %%
lists.overlaps().astype(int)

# %% [markdown]
# Two pairs of lists share nobody. Do local authorities and the public avoid each other, or were too few people seen? The lists
# do not say, and a model must answer.
#
# ## The figure that was published
#
# Pairs of lists are let depend on each other as long as AIC falls and the pair added is significant. The interval takes the
# model as known.

# %%
published = cr.select_aic_p(lists)["population_size"]
print(
    f"{published.value:,.0f} ({published.lower:,.0f} to {published.upper:,.0f})"
)
print(published.to_frame()["term"].item())

# %% [markdown]
# 9,982 to 13,182: the published 10,000 to 13,000. Whitehead and others (2021) objected: the model takes all other interactions
# to be exactly zero, and the interval does not know that the data chose it.
#
# ## Every method side by side

# %%
appraisal = cr.appraise(lists, seed=2013)
fl.plot_methods(appraisal)

# %%
appraisal

# %% [markdown]
# The band is the envelope: from the least lower limit to the greatest upper limit over the methods that are counted. It has no
# single value. A hollow mark is not counted, and the table says why: independence does not describe the lists; the
# sampler of the latent classes finds several answers and does not settle between them.

# %%
appraisal.headline

# %% [markdown]
# ## What each method supposes
#
# No data can tell how people on no list relate to the lists. Each method fills the gap with an assumption. Take the
# stepwise model, and let one pair that it leaves out depend in truth, with an odds ratio from 0.5 to 2.

# %%
fl.plot_sensitivity(appraisal)

# %% [markdown]
# If police and government organisations passed twice as many cases to each other as chance would, the number would be near
# 16,000, not 11,400; the fit to what was seen would hardly tell.
#
# ## Small changes of the lists
#
# Leave one list out. Without the police the estimate is 19,800.

# %%
appraisal.leave_one_list.round(0)

# %% [markdown]
# Take away one person of 2,744. The choice of pairs can tip, and the estimate moves by about a thousand.

# %%
appraisal.leave_one_person.head(5).round(0)

# %% [markdown]
# Models that the data hardly tell apart, with BIC within 6 of the best:

# %%
appraisal.models.round(0)

# %% [markdown]
# ## Where the answer is known
#
# The people of one list are a population of known size. Estimate it from the other lists.

# %%
appraisal.consistency["stepwise"].table.round(2)

# %% [markdown]
# The intervals hold the known numbers here, but they are wide, and the estimates miss by a third or more.
#
# ## Classes of people, chain by chain
#
# The latent-class model lets people differ instead of lists. Its chains show what an average hides: they move between
# answers near 12,000 and answers near 22,000 so seldom that four of them do not agree, and R-hat says so.

# %%
latent = cr.latent_class(lists, seed=5, draws=2_000, thin=40)
print(
    [
        round(float(median), -2)
        for median in latent.diagnostics["median_by_chain"]
    ]
)
print(
    "R-hat",
    round(latent.diagnostics["rhat"], 2),
    [reason.code for reason in latent.reasons[:2]],
)

# %% [markdown]
# ## What may be said
#
# Not one of these numbers is *the* number. What the lists support is: 2,744 people were observed; the total is several times
# that, between the ends of the envelope, if nobody entered or left during the year, records of one person were always
# recognised, and one of these methods has the dependence right.

# %%
low, high = appraisal.headline["population_size"].interval
print(
    f"Between {np.floor(low / 1000) * 1000:,.0f} and {np.ceil(high / 1000) * 1000:,.0f} people"
)
for warning in appraisal.warnings:
    print("-", warning.code, dict(warning.parameters))

# %% [markdown]
# The page for readers says the same in sentences, in English, French or Spanish, with small counts withheld:
# `fl.publish_appraisal(appraisal).to_html("appraisal.html")`. In a study file it is `method = "appraise"`.
