"""Rounds of the survey of the synthetic country: the same people, two earlier years, other samples and a known truth in each."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from fl_estimate.datasets.country import Survey, survey, truth
from fl_estimate.datasets.country_mapping import household_mapping
from fl_estimate.datasets.office_files import household_frame
from fl_estimate.datasets.population import PREVALENCE, make_population

if TYPE_CHECKING:
    import pandas as pd

YEAR = 2023
"""The year of the sample itself, the last round."""
ROUNDS: dict[int, float] = {2021: 1.8 * PREVALENCE, 2022: 1.4 * PREVALENCE, YEAR: PREVALENCE}
"""Expected share of adults in forced labour in each round: it falls."""
DATES: tuple[str, ...] = ("INTDATE", "Q200", "Q208", "Q209")
"""Columns of days, months or years."""


def round_survey(year: int, seed: int = 1) -> Survey:
    """The survey of a round: everybody lives where they do in the sample, and is met by a sample of the round's own.

    `seed` is that of the sample. Who is in forced labour in a year of fewer is so in those of more: the same draws are held against other chances.
    """
    return survey(make_population(prevalence=ROUNDS[year]), seed + YEAR - year)


def round_frame(surveyed: Survey, year: int) -> pd.DataFrame:
    """The file of a round as the office has it: that of the sample, its dates as many years earlier."""
    frame = household_frame(surveyed)
    for name in DATES:
        given = frame[name].astype("string")
        years = (given.str[:4].astype("Int64") - (YEAR - year)).astype("string")
        moved = (years + given.str[4:]).str.replace("-02-29", "-02-28")
        frame[name] = moved.astype(object).where(given.notna(), None)
    return frame


def round_mapping(year: int) -> dict[str, Any]:
    """The mapping of a round: that of the sample, with another reference period."""
    period = {"kind": "12m", "start": dt.date(year, 1, 1), "end": dt.date(year + 1, 1, 1)}
    return {**household_mapping(), "reference_period": period}


def round_truth(surveyed: Survey) -> dict[str, Any]:
    """True counts of a round, as `country.truth` gives them."""
    return truth(surveyed.population)


STUDY = """\
# Three rounds of the survey of a synthetic country whose truth is known: one table and one picture over time.

title = "Forced labour among adults in a synthetic country, 2021 to 2023"
country = "XX"

[source.household]

[classify]
framework = "icls2018_adult"

[[estimate]]
name = "prevalence"
kind = "prevalence"
outcome = "forced_labour"
by = [["region"], ["sex"]]

[[estimate]]
name = "total"
kind = "total"
outcome = "forced_labour"
by = "region"

[[estimate]]
name = "change"
kind = "change"
before = "total@2021"
after = "total@2023"
correlation = 0.0

[publish]
languages = ["en", "fr", "es"]
""" + "".join(
    f'\n[[round]]\nname = "{year}"\nfile = "household_{year}.parquet"\nmapping = "household_{year}.toml"\n'
    f'truth = "truth_{year}.json"\n'
    for year in ROUNDS
)
"""The study of the rounds."""
