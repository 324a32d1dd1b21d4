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
# # A day's analysis
#
# You have a frame of your own, classified already, and questions: how many, who, and did it change? No mapping is
# needed for that, only the design. This notebook goes through a day: weights, estimates, a regression with odds ratios
# and marginal means, the change between two rounds, and answers imputed several times.
#
# The survey is made up (`docs/examples/day/make.py`): two rounds in the same 48 enumeration areas, other persons in
# each. The page "The same day in R survey and Stata" has the same tasks in R, and the figures are equal.

# %%
# %matplotlib inline
# %config InlineBackend.figure_formats = ["retina"]

import math
from pathlib import Path

import pandas as pd

import fl_estimate as fl

here = Path.cwd()
PLACE = Path("docs", "examples", "day", "day.csv")
FILE = next(
    up / PLACE for up in (here, *here.parents) if (up / PLACE).is_file()
)
day = pd.read_csv(FILE)
day.head()

# %% [markdown]
# One row a person who was drawn. `fl` is 1 for those in forced labour, and missing for those who did not answer.
#
# ## 1. How the sample was drawn
#
# The design is an argument and not a setting: strata, enumeration areas, and a weight that says how many persons stand
# behind each row.

# %%
drawn = fl.Design(weights="weight", strata="stratum", psu="ea", expands=True)
fl.plot_weights(day, design=drawn, responded="answered")

# %% [markdown]
# On the left the weights, on the right who answered, by fifth of the weight. The shares do not fall along the weight;
# did they differ by sector?

# %%
day.groupby("sector")["answered"].mean().round(3)

# %% [markdown]
# Domestic workers answered less. Weighting classes of `round`, `stratum` and `sector` would mend that; here the classes
# are those of the sampling frame, as the page in R has them.
#
# ## 2. Weights, step by step
#
# Those who answered stand for those who did not, class by class; then the weights are brought to known numbers of people
# by round and sex (raking). The design remembers both steps.

# %%
came, design = fl.adjust_nonresponse(
    day, "answered", design=drawn, by=["round", "stratum"]
)
known = {
    (1, "f"): 61_000,
    (1, "m"): 63_000,
    (2, "f"): 62_000,
    (2, "m"): 64_000,
}
came, design = fl.calibrate(came, {("round", "sex"): known}, design=design)
fl.weight_summary(came, design=design)

# %%
fl.plot_weights(came, design=design)

# %% [markdown]
# What unequal weights cost is Kish's 1 + cv²: 1.23 before and 1.25 after. No weight is extreme.
#
# ## 3. How many
#
# In all, by round, and by sector and round. Intervals of prevalences are Korn and Graubard's.

# %%
rounds = fl.estimate_prevalence(came, "fl", design=design, by="round")
rounds

# %%
sectors = fl.estimate_prevalence(
    came, "fl", design=design, by=["round", "sector"]
)
fl.plot(sectors)

# %% [markdown]
# Numbers of persons in the second round. The whole file stays, with `where`: people outside it still tell how the sample
# was drawn.

# %%
fl.estimate_total(came, "fl", design=design, where="round == 2")

# %% [markdown]
# ## 4. Did it change?
#
# Both rounds were asked in the same enumeration areas, so that they are not independent. Estimated in one call they carry
# their covariance, and `contrast` uses it. Looking whether two intervals overlap would not.

# %%
change = fl.contrast(rounds, {"round": (2, 1)})
change

# %% [markdown]
# The prevalence fell by five percentage points, with an interval from nine to one.
#
# ## 5. Who
#
# First whether forced labour is associated with the sector at all (Rao and Scott's test), then a regression: the
# coefficients are those that a census would give, with standard errors of the design.

# %%
fl.independence_test(came, "fl", "sector", design=design)

# %%
model = fl.regress(came, "fl ~ sex + sector + C(round)", design=design)
model.coefficients(exponentiate=True).round(3)

# %% [markdown]
# These are odds ratios: among domestic workers the odds are more than twice those on farms. Odds are not what most
# readers think in. Marginal means say the same as prevalences, everybody put into each sector in turn while sex and
# round stay as they are.

# %%
means = fl.marginal_means(model, "sector")
means

# %%
fl.contrast(means, {"sector": [("homes", "farms"), ("sites", "farms")]})

# %% [markdown]
# ## 6. Answers that are missing
#
# One in eight did not say how many hours they work. They were imputed five times from people of the same round, sector and
# status (hot deck; the imputation is yours, with any tool). Each completed file is estimated by the same call, and `pool`
# joins them by Rubin's rules, so that the standard error knows of the imputation.

# %%
each = [
    fl.estimate_mean(
        came.assign(hours=came[f"hours_{number}"]),
        "hours",
        design=design,
        by="fl",
    )
    for number in range(1, 6)
]
pooled = fl.pool(each)
pooled

# %% [markdown]
# Rubin's degrees of freedom of 1987, as R's mitools has them, are `df=math.inf`; without it those of Barnard and Rubin
# (1999) keep in mind that the sample has 44 of its own.

# %%
fl.pool(each, df=math.inf).to_frame()[["fl", "value", "se", "df"]]

# %% [markdown]
# ## 7. What may be printed
#
# All of this was for the analyst. What leaves the office goes through `publish`, which rounds, and withholds what would
# tell of few people.

# %%
fl.publish({"prevalence": sectors, "change": change})
