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
# # Which definition?
#
# The same people, the same answers, several definitions of forced labour: how far do the figures differ, for whom, and
# why? This notebook classifies one survey under the 20th ICLS definition of 2018, under the ILO guidelines of 2012 (with
# and without their strengths of indicators), and by the forms of the Global Estimates. Then it asks which criteria make the
# difference and what the unanswered questions do. The country is made up; all figures are computed in this run.

# %%
from pathlib import Path

import pandas as pd

import fl_estimate as fl

here = Path.cwd()
DATA = next(
    folder / "data" / "sample"
    for folder in (here, *here.parents)
    if (folder / "data" / "sample" / "household.toml").is_file()
)
survey = fl.load(
    DATA / "household.parquet",
    mapping=DATA / "household.toml",
    engine="polars",
)
survey

# %% [markdown]
# ## What there is
#
# A framework is a dated file. Its mark says how well its rule was read: in the document (primary), in a text that reports
# it (secondary), or recalled.

# %%
fl.frameworks()

# %% [markdown]
# ## The same survey under four rules

# %%
DEFINITIONS = [
    "icls2018_adult",
    "htshtc2012_adult",
    "htshtc2012_adult:forced_labour_without_strength",
    "gems",
]
compared = fl.compare_frameworks(survey, DEFINITIONS)
per_thousand = compared.prevalence.assign(
    **{
        name: (1000 * compared.prevalence[name]).round(2)
        for name in ("value", "lower", "upper", "undetermined")
    }
)
per_thousand[
    [
        "framework",
        "unknown",
        "bound",
        "value",
        "lower",
        "upper",
        "cases",
        "undetermined",
    ]
]

# %% [markdown]
# All figures are per thousand adults. The rows `bounds` count none, then all, of the people whose class the unknown
# answers leave open; `exclude` leaves them out.
#
# ## Where they agree, and where not
#
# Everybody in scope of both is in, undetermined or not in by each.

# %%
compared.agreement.round(4)

# %%
compared.cross_table("icls2018_adult", "htshtc2012_adult").round(0)

# %% [markdown]
# The two groups are not nested: 2018 asks for both conditions in the same job, 2012 in the same phase (at recruitment,
# during the work, on wanting to leave) and with a strong indicator, but its list of circumstances is longer. Which criteria are true of the people whom only one rule counts, and how common are these criteria among
# those whom both count?

# %%
drivers = compared.drivers
only_2018 = drivers[
    (drivers["in_class_by"] == "icls2018_adult")
    & (drivers["not_by"] == "htshtc2012_adult")
]
only_2018.head(8).round(3)

# %%
only_2012 = drivers[
    (drivers["in_class_by"] == "htshtc2012_adult")
    & (drivers["not_by"] == "icls2018_adult")
]
only_2012.head(8).round(3)

# %% [markdown]
# ## One respondent, word for word
#
# Somebody who is in forced labour by the 2018 definition and not by the 2012 guidelines: deceived about the nature of the
# job, and kept from leaving by the passport. Involuntariness and penalty are there, in different phases.

# %%
answers = {
    "r_dec_nature": "yes",
    "w_diff_job": "yes",
    "c_docs": "experienced@leave",
}
for name in ("icls2018_adult", "htshtc2012_adult"):
    told = fl.explain(answers, name, age=26, default="no")
    print(name, "→", told.label, dict(told.dimensions))
    for label, ways in told.changes().items():
        print("   to", label, "e.g.", ways[0], "one of", len(ways))

# %% [markdown]
# ## What non-response does
#
# For each question: how far the upper bound would come down if all its unknown answers were no, and how far the lower bound
# would go up if all were yes, one question after the other.

# %%
widening = compared.non_response
widening[widening["framework"] == "icls2018_adult"].head(8).round(5)

# %% [markdown]
# The first line is a question that was not put to those who answered for somebody else: a rule of the interview, not a
# refusal, is the largest source of doubt. The rest is spread over many questions.
#
# ## A national criterion
#
# The lists of the Guidelines are open. A file that extends a released framework adds a criterion; the sample's file adds
# eviction from housing that goes with the work. This survey did not ask about it, which the coverage says.

# %%
national = fl.classify(survey, DATA / "national_framework.toml")
coverage = national.coverage.to_frame()
coverage[coverage["id"] == "c_eviction"]

# %% [markdown]
# ## What to report
#
# - the definition by its id and date, and the same figure under a second rule where the two differ;
# - the minimum (`no`) with the undetermined share beside it, or the bounds;
# - the questions that the survey did not have, and the parts of a rule that were recalled rather than read: both stand
#   under every table.

# %%
estimate = fl.estimate_prevalence(
    fl.classify(survey, "icls2018_adult"), "forced_labour", by="region"
)
pd.DataFrame(
    [
        {"code": note.code, **dict(note.parameters)}
        for note in estimate.assumptions
    ]
).fillna("")
