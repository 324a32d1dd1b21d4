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
# %% [markdown]
# # Reproducing published figures
#
# A figure in a report is worth as much as the path that leads to it. This notebook walks that path again for figures that
# were printed with what they follow from: shares, sums, a stock from a flow, a count of hidden people from case lists. What
# cannot be reproduced is shown too, with the reason.
#
# All figures are computed in this run. What was printed stands in data sets with its source.

# %%
# %matplotlib inline
# %config InlineBackend.figure_formats = ["retina"]

import tempfile
from pathlib import Path

import pandas as pd

import fl_estimate as fl
from fl_estimate import capture_recapture as cr
from fl_estimate.reproduce import reproduce

pd.set_option("display.max_colwidth", 90)

# %% [markdown]
# ## All of them at once
#
# On the command line: `fl-estimate reproduce`. Every printed input is moved by half its last digit; a figure agrees where the
# range that comes of it meets the printed one.

# %%
everything = reproduce()
everything.counts()

# %%
table = everything.to_frame().set_index("id")
numbers = ["tests", "printed", "computed", "lower", "upper", "verdict"]
table[table["agrees"] & (table["tests"] != "estimated from data")][
    numbers
].round(2)

# %% [markdown]
# Before them stand those that are estimated from data, which test most: case lists and a public estimator. What does not come out is
# listed with the reason, and so is what was never published with its inputs:

# %%
table[~table["agrees"] & table["computed"].notna()][["printed", "verdict"]]

# %%
table.loc["ilo2005-world":, ["printed", "verdict"]]

# %% [markdown]
# ## Nepal: from a flow to a stock
#
# The Labour Force Survey of 2017/18 found 61,252 persons who had been in forced labour at any time of the last five years, for
# 2.6 of the five on average. The printed stock is 31,338.

# %%
nepal = fl.datasets.load("nepal2018")
nepal[["category", "printed", "unit", "source", "source_status"]]

# %%
flow = fl.synthesis.published(61_252, source="CBS Nepal 2019", measure="flow")
stocks = {
    f"{years} years": fl.synthesis.stock_from_flow(
        flow, years, kind="in-window", window_years=5
    )
    for years in (2.55, 2.6, 2.65)
}
fl.stack(stocks).to_frame()[["source", "value", "method"]].round(0)

# %% [markdown]
# The printed 31,338 lies between the first and the last: it is within the rounding of "2.6". Had the 2.6 years been what people
# had spent in forced labour *so far*, no formula would fit, and the library says so:

# %%
try:
    fl.synthesis.stock_from_flow(flow, 2.6, kind="elapsed", window_years=5)
except fl.FlError as fault:
    print(fault)

# %% [markdown]
# ## United Kingdom 2013: people on no list
#
# The Home Office printed 10,000 to 13,000. The six lists are in the library; the choice of the model by AIC and p gives:

# %%
lists = fl.datasets.load("uk_2013_6")
printed = fl.synthesis.published(
    lower=10_000,
    upper=13_000,
    interval="log",
    quantity="population_size",
    outcome="",
    source="Home Office (2014)",
)
fl.compare(
    {
        "printed, Home Office": printed,
        "AIC and p < 0.05": cr.select_aic_p(lists),
        "lists independent": cr.loglinear(lists, likelihood="multinomial"),
        "least BIC": cr.select_bic(lists, interval="wald"),
    }
)

# %% [markdown]
# It comes out, for one of several choices that could have been made. That a figure is reproduced says that its path was found,
# not that it is right: the methods do not agree with each other.
#
# ## The parts and the whole
#
# GEMS 2022 printed 17.3, 6.3 and 3.9 million, and 27.6 million in all.

# %%
gems = fl.datasets.load("gems2022").query("unit == 'million'")
forms = gems[gems["breakdown"] == "form"]
whole = fl.synthesis.add((forms["value"] * 1e6).tolist())
whole.value

# %% [markdown]
# 27.5 million: the whole was added up from unrounded parts. A rate of the whole comes from totals, too; the mean of regional
# rates is another number:

# %%
ilo = fl.datasets.load("ilo2012").query("breakdown == 'region'")
counts = ilo[ilo["unit"] == "million"]["value"].to_numpy() * 1e6
rates = ilo[ilo["unit"] == "per 1,000"]["value"].to_numpy() / 1e3
of_totals = fl.synthesis.rate_from_totals(counts, rates=rates)
{
    "from totals, per 1,000": round(1e3 * of_totals.value, 2),
    "mean of rates, per 1,000": round(1e3 * float(rates.mean()), 2),
}

# %% [markdown]
# ## What surveys do not see
#
# Commercial sexual exploitation is reached by the ratio of administrative cases. All hangs on how readily it comes to the notice of
# those who keep the records. The counts here are made up; the curve is not:

# %%
labour = fl.synthesis.published(17.3e6, source="GEMS 2022", measure="stock")
cases = pd.DataFrame({"labour": [1_000], "sexual": [400]})
curve = fl.synthesis.extend_by_ratio(
    labour,
    cases,
    known="labour",
    wanted="sexual",
    detection_odds=[0.5, 1, 2, 4],
)
curve.to_frame()[["term", "value"]].rename(columns={"term": "detection odds"})

# %% [markdown]
# ## A figure of your own
#
# One file a figure: what was printed, from what, and how.

# %%
TARGET = """
id = "women-2012"
document = "ILO 2012 Global Estimate of Forced Labour, executive summary"
source_status = "verified"
formula = "100 * women / world"
unit = "percent"
published = 55
published_halfwidth = 0.5

[[inputs]]
label = "women and girls, million"
symbol = "women"
value = 11.4
rounding_halfwidth = 0.05

[[inputs]]
label = "world, million"
symbol = "world"
value = 20.9
rounding_halfwidth = 0.05
"""
with tempfile.TemporaryDirectory() as folder:
    file = Path(folder) / "women.toml"
    file.write_text(TARGET, encoding="utf-8")
    mine = reproduce([file])
mine.to_frame().T

# %% [markdown]
# The formula is the one that was declared; nothing is read out of words:

# %%
(outcome,) = mine.outcomes
print(outcome.function, "|", outcome.words)
