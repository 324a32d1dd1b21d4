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
# # A first national estimate
#
# How many adults of a country are in forced labour, nationally, by region and by district?
#
# This notebook goes from a survey file to a table that can be published. It then asks two other families of methods the
# same question: a model for small areas, and case lists. The country is made up, so that the true number is known and
# every answer can be held against it. All figures are computed in this run.

# %%
# %matplotlib inline
# %config InlineBackend.figure_formats = ["retina"]

import json
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd
from IPython.display import Image, Markdown

import fl_estimate as fl
from fl_estimate import capture_recapture as cr

here = Path.cwd()
DATA = next(
    folder
    for up in (here, *here.parents)
    if (folder := up / "data" / "sample").is_dir()
)
TRUTH = DATA / "truth.json"
true = json.loads(TRUTH.read_text(encoding="utf-8"))


def shown(
    estimates: fl.Estimates, *columns: str, decimals: int = 1
) -> pd.DataFrame:
    """Some columns of a result, rounded, with the areas as row names."""
    frame = estimates.to_frame()
    areas = frame[estimates.by[0]].astype("string")
    areas = areas.fillna("whole country").rename("")
    return frame.set_index(areas)[list(columns)].astype(float).round(decimals)


# %% [markdown]
# ## 1. Load
#
# The survey is an SPSS file. A mapping says once what each column is, what its codes mean, and how the sample was drawn.

# %%
survey = fl.load(DATA / "household.sav", mapping=DATA / "household.toml")
survey

# %% [markdown]
# The validation report comes with it. This file is clean. A file with faults stops here with all of them at once: which
# table, row and column, never the answer itself.

# %%
print(survey.report)

# %% [markdown]
# ## 2. Who is who
#
# `classify` applies the definition of the 20th International Conference of Labour Statisticians (2018) to the answers.
# Somebody is in forced labour where the work was not voluntary *and* there was a threat or menace of a penalty.

# %%
people = fl.classify(survey, framework="icls2018_adult")
print(people.coverage)

# %% [markdown]
# Not every questionnaire asks everything. What this one did not ask counts as absent, and the list of it belongs under
# every table. The people fall into four groups:

# %%
rows = people.people
in_scope = rows["forced_labour_in_scope"] == 1
surely = rows["forced_labour"] == 1
possibly = rows["forced_labour_possible"] == 1
groups = {
    "in forced labour": surely,
    "undetermined": possibly & ~surely,
    "not in forced labour": in_scope & ~possibly,
    "out of scope (children; not asked)": ~in_scope,
}
pd.DataFrame(
    {"people": {name: group.sum() for name, group in groups.items()}}
)

# %% [markdown]
# *Undetermined* is not *no*: answers that would settle the class are missing. Here is what one such person's answers
# amount to, in the words that `fl-estimate explain` prints. (The person does not exist. On a real survey this is for
# those who may see the microdata.)

# %%
row = 1 + int(groups["undetermined"].to_numpy().argmax())
(explanation,) = fl.explain_respondent(survey, row, "icls2018_adult")
print(explanation.text().split("\nCriteria that are false")[0])

# %% [markdown]
# ## 3. National and regional prevalence
#
# The estimate is the weighted share, here per 1,000 adults. Its standard error follows from the design: areas within
# strata were drawn, not persons. `df` counts the areas less the strata behind each row.

# %%
regions = fl.estimate_prevalence(people, "forced_labour", by="region")
shown(regions.per_thousand(), "value", "se", "lower", "upper", "cases", "df")

# %% [markdown]
# The same as persons:

# %%
persons = fl.estimate_total(people, "forced_labour", by="region")
shown(persons, "value", "se", "lower", "upper", "n", decimals=0).astype(int)

# %%
national = persons.national
unknown = national.to_frame()["undetermined"].item()
everyone = true["national"]["forced_labour"]
inside = national.lower <= everyone <= national.upper
Markdown(
    f"The survey finds **{national.value:,.0f}** persons "
    f"({national.lower:,.0f} to {national.upper:,.0f}). "
    f"The truth is **{everyone:,}**, and the interval "
    f"{'contains' if inside else 'does not contain'} it. "
    f"For {unknown:.1%} of the adults the class is not "
    "known; the figure counts all of them as *no*."
)

# %% [markdown]
# ## 4. What the unknown answers could hide
#
# `unknown="bounds"` gives two figures a row: none of the undetermined persons counted as a case, and all of them. The diamond is
# the truth.

# %%
bounds = fl.estimate_prevalence(
    people, "forced_labour", by="region", unknown="bounds"
)
fl.compare([bounds], truth=TRUTH)

# %% [markdown]
# But for the chance of sampling, the truth lies between the two, and nothing in the file says where. One percent of
# unknown answers opens a wide gap, because the share that is looked for is below one percent itself. No formula closes
# it: better questions do, and fewer people who answer for others.

# %% [markdown]
# ## 5. A part of the population
#
# Migrants from abroad in short-term and casual work. Say it in `where=`, and leave the rows in the file: areas in which
# the sample met nobody of the group belong to the design too.

# %%
right = fl.estimate_prevalence(
    people, "forced_labour", where="migrant and Q202 == 43"
)

casual = rows[(rows["migrant"] == 1) & (rows["Q202"] == 43)]
wrong = fl.estimate_prevalence(casual, "forced_labour", design=survey.design)

pd.concat(
    [each.per_thousand().to_frame() for each in (right, wrong)],
    keys=["where=", "rows filtered first"],
).droplevel(1)[["value", "se", "lower", "upper", "n"]].round(2)

# %% [markdown]
# Same value, another standard error: with the rows went the knowledge that some areas had nobody. In a smaller group whole
# strata shrink to one area, and the library refuses:

# %%
fewer = rows[(rows["migrant"] == 1) & (rows["Q202"] == 42)]
try:
    fl.estimate_prevalence(fewer, "forced_labour", design=survey.design)
except fl.FlError as fault:
    print(fault)

# %% [markdown]
# ## 6. Publish
#
# Until here the figures are the analyst's. `publish` withholds what rests on too few people, once, for everything that
# goes out together. What it withholds is gone from the object, so no table, picture or file can show it.

# %%
districts = fl.estimate_prevalence(people, "forced_labour", by="district")
published = fl.publish(
    {"prevalence": regions, "persons": persons, "districts": districts}
)
published.select("prevalence", "persons").table()

# %%
fl.plot(published.select("prevalence"))

# %% [markdown]
# By district most figures go: the sample was planned for regions.


# %%
def on_a_map(published: fl.PublishedEstimates) -> Image:
    """The districts with their figures."""
    with TemporaryDirectory() as folder:
        picture = Path(folder) / "map.png"
        published.map(DATA / "districts.geojson", picture)
        return Image(picture.read_bytes(), width=640)


on_a_map(published.select("districts"))

# %% [markdown]
# And the truth, as if everybody had been asked and had answered. (Each map has its own scale of colours; the figures are
# written in.)

# %%
positions = pd.read_csv(DATA / "districts.csv")
cells = pd.DataFrame(
    [
        {"district": name, "forced_labour": outcome, "adults": adults}
        for name, count in true["district"].items()
        for outcome, adults in (
            (0, count["adults"] - count["forced_labour"]),
            (1, count["forced_labour"]),
        )
    ]
)
census = cells.loc[cells.index.repeat(cells["adults"])].assign(drawn=1.0)
all_asked = fl.Design(fpc="drawn")
truth = fl.estimate_prevalence(
    census, "forced_labour", by="district", design=all_asked
)
on_a_map(fl.publish(truth))

# %% [markdown]
# ## 7. Districts by a model
#
# An area model lets districts borrow from each other. The cases of a district, out of its effective number of respondents
# (their number over the design effect), are binomial. On the logit scale districts follow a line in a covariate, here
# `x1`, and what is left over is drawn from one normal distribution. That is the price: the line must hold in all districts,
# and no district may be a case of its own.

# %%
model = fl.hierarchical.area(
    districts,
    covariates=positions[["district", "x1"]],
    population=positions[["district", "population"]],
    seed=2018,
)
fl.compare({"direct": districts, "area model": model}, truth=TRUTH)


# %%
def against_truth(estimates: fl.Estimates) -> dict[str, str]:
    """How districts' estimates fare against the truth, per 1,000 adults."""
    both = estimates.to_frame().merge(
        truth.to_frame(), on=["margin", "district"], suffixes=("", "_true")
    )
    both = both[both["margin"] == "district"]
    error = 1_000 * (both["value"] - both["value_true"])
    width = 1_000 * (both["upper"] - both["lower"])
    inside = both["value_true"].between(both["lower"], both["upper"])
    return {
        "root mean squared error": f"{(error**2).mean() ** 0.5:.1f}",
        "mean error": f"{error.mean():.1f}",
        "mean width of the interval": f"{width.mean():.1f}",
        "intervals that hold the truth": f"{inside.sum()} of {len(inside)}",
    }


pd.DataFrame(
    {"direct": against_truth(districts), "area model": against_truth(model)}
)

# %% [markdown]
# The model is closer to the truth, with intervals less than half as wide. But they hold the truth less often than they
# say. Mostly this is not the model's doing: it starts from the same answers, in which the undetermined count as *no*, so
# both columns lie too low on average. Wide intervals hide that; narrow ones do not. A model does not mend what was not
# answered.

# %%
on_a_map(fl.publish(model))

# %% [markdown]
# ## 8. Case lists
#
# Police, labour inspectorate, an NGO, hospitals and a hotline each know some cases. The table counts people by the set of
# lists they are on.

# %%
LISTS = ["police", "labour_inspectorate", "ngo", "hospital", "hotline"]
lists = fl.CaptureHistories.from_counts(
    pd.read_csv(DATA / "lists.csv"), lists=LISTS
).about(
    outcome="forced_labour",
    population=survey.population,
    reference_period=str(survey.reference_period),
)
print(lists)
lists.overlaps().astype(int)

# %% [markdown]
# Each number off the diagonal counts the people on two lists. With two lists that are independent, the overlap tells how
# many people there are. Ten pairs of lists, ten answers (Chapman's):

# %%
two_lists = {
    f"{first}, {second}".replace("_", " "): cr.chapman(
        lists, first, second, interval="log"
    )
    for position, first in enumerate(LISTS)
    for second in LISTS[position + 1 :]
}
fl.compare(two_lists, truth=TRUTH)

# %% [markdown]
# Two of them stand apart. In this country the police pass a part of their cases on to the NGO, and migrants find both the
# NGO and the hotline. Such lists meet the same people more often than by chance: the overlap is too large, and the answer
# too small. Log-linear models of all five lists can allow for it, if one knows which pairs to name:

# %%
independent = cr.loglinear(lists)
dependent = cr.loglinear(lists, [("police", "ngo"), ("ngo", "hotline")])
every = cr.loglinear(lists, "two-way")

sizes = pd.concat(
    [
        each["population_size"].to_frame()
        for each in (independent, dependent, every)
    ],
    keys=["all independent", "two pairs depend", "every pair depends"],
).droplevel(1)
sizes["BIC"] = [
    each.diagnostics["bic"] for each in (independent, dependent, every)
]
sizes[["value", "se", "lower", "upper", "BIC"]].round().astype(int)

# %%
first = independent["population_size"]
Markdown(
    f"The lists taken as independent give {first.value:,.0f} "
    f"({first.lower:,.0f} to {first.upper:,.0f}); the truth, "
    f"{everyone:,}, is {(everyone - first.value) / first.se:.0f} "
    "standard errors away. This is the narrowest interval of the three. "
    "An interval answers for chance within its model, and for nothing else: "
    "**the wrong model is confidently wrong**."
)

# %% [markdown]
# BIC prefers the right model here. It will not always: it sees only people on some list, and the figure is about those on
# none. One argues for each pair from what the agencies do, and shows the other models too.

# %% [markdown]
# ## 9. All of it together
#
# `stack` lays results under each other as they are; nothing is averaged. They do not speak of quite the same thing. The
# survey and the area model count those who are surely in forced labour by their answers; the lists, whoever an agency
# could meet.

# %%
together = fl.stack(
    [
        persons.national,
        model.persons(float(positions["population"].sum())),
        independent.select(quantity="population_size"),
        dependent.select(quantity="population_size"),
    ]
)
fl.compare(together, truth=TRUTH)

# %%
fl.publish(together).table()

# %% [markdown]
# What each takes for granted:
#
# - **Survey**: the weights are right, and unknown answers are *no*. The bounds of section 4 drop the second.
# - **Area model**: the same, and that districts differ as the line and one normal distribution say.
# - **Lists**: nobody enters or leaves, links between lists are right, some list can meet everyone, and only the pairs
#   named depend.
#
# Where they disagree, the difference is information. Publish each with its assumptions; do not average them away.
#
# Next: [your own file](../docs/how_to/mapping.md), [a study in one file](../docs/how_to/study.md),
# [how the variance works](../docs/explanation/design_weighted.md),
# [what can go wrong with lists](../docs/explanation/capture_recapture.md).
