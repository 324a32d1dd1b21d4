"""The synthetic survey as an office keeps it: variables, labels, user-missing codes, and the frame that goes to file.

Codes are those of `questionnaire.py`; system-missing is null. Writing .sav needs pyreadstat and is left to
`scripts/make_sample.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fl_estimate.datasets.country import Survey
from fl_estimate.datasets.geography import DISTRICTS, PER_REGION, REGIONS, region_of
from fl_estimate.datasets.population import BRANCHES, STATUSES, Population
from fl_estimate.datasets.questionnaire import BLANK, COLUMNS, ITEMS, STATE_FIELDS
from fl_estimate.datasets.work_dates import LAST

Codes = dict[int, str]

UNKNOWN: Codes = {7: "Missing", 8: "Does not know", 9: "Refused"}
YES_NO: Codes = {1: "Yes", 2: "No"}
ANSWERS: Codes = YES_NO | UNKNOWN
COERCION: Codes = {1: "Done to me", 2: "Threatened", 3: "Done to co-workers before me", 4: "No"} | UNKNOWN
GROUNDS: Codes = {
    1: "Military service",
    2: "Civic duty",
    3: "Prison sentence",
    4: "Emergency",
    5: "Village work",
    6: "None",
} | UNKNOWN
PURPOSES: Codes = {
    1: "a Political",
    2: "b Economic development",
    3: "c Labour discipline",
    4: "d Strikes",
    5: "e Discrimination",
    6: "None",
} | UNKNOWN
EDUCATION: Codes = {
    0: "Less than primary",
    1: "Primary",
    2: "Lower secondary",
    3: "Upper secondary",
    4: "Post-secondary non-tertiary",
    5: "Short-cycle tertiary",
    6: "Bachelor's or equivalent",
    7: "Master's or equivalent",
    8: "Doctoral or equivalent",
}
MIGRANT: Codes = {1: "Born here, never moved", 2: "Moved within the country", 3: "Came from abroad", 4: "Returned"}
BRANCH: Codes = dict(
    enumerate(
        (
            "Agriculture, fishing (A)",
            "Mining (B)",
            "Manufacturing (C)",
            "Construction (F)",
            "Trade (G)",
            "Transport (H)",
            "Hotels, restaurants (I)",
            "Education (P)",
            "Domestic work (T)",
        ),
        start=1,
    )
)
STATUS: Codes = dict(
    zip(
        STATUSES,
        (
            "Employer, household enterprise",
            "Own-account, household enterprise",
            "Dependent contractor",
            "Permanent employee",
            "Fixed-term employee",
            "Short-term or casual employee",
            "Contributing family worker",
        ),
        strict=True,
    )
)
_NOT_STATED = 0.012
"""Share of persons whose education was not stated."""


@dataclass(frozen=True, kw_only=True)
class OfficeVariable:
    """One variable of the file: name, label, value labels, and which values are user-missing."""

    name: str
    label: str
    values: Codes = field(default_factory=dict[int, str])
    missing: tuple[int, ...] = ()
    kind: str = "nominal"


def district_code(district: NDArray[np.integer[Any]]) -> NDArray[np.int64]:
    """Give an office's code of a district: region number, then 01 to 04."""
    return 100 * (region_of(district) + 1) + np.asarray(district) % PER_REGION + 1


def _identified() -> tuple[OfficeVariable, ...]:
    """Keys, places and weights."""
    positions = {
        int(code): name for code, name in zip(district_code(np.arange(len(DISTRICTS))), DISTRICTS, strict=True)
    }
    return (
        OfficeVariable(name="HHID", label="Household"),
        OfficeVariable(name="PID", label="Person"),
        OfficeVariable(name="REGION", label="Region", values=dict(enumerate(REGIONS, start=1))),
        OfficeVariable(name="DISTRICT", label="District", values=positions),
        OfficeVariable(name="AREA", label="Urban or rural", values={1: "Urban", 2: "Rural"}),
        OfficeVariable(name="STRATUM", label="Stratum (region x area)"),
        OfficeVariable(name="CLUSTER", label="Enumeration area"),
        OfficeVariable(name="HHNO", label="Household number in the area"),
        OfficeVariable(name="LINE", label="Line number in the household"),
        OfficeVariable(name="HHWGT", label="Weight of the household", kind="scale"),
        OfficeVariable(name="WEIGHT", label="Weight: of the module if completed, else of the household", kind="scale"),
    )


def _asked_of_all() -> tuple[OfficeVariable, ...]:
    """The roster, and what became of the module."""
    return (
        OfficeVariable(name="Q101", label="Sex", values={1: "Male", 2: "Female"}),
        OfficeVariable(name="INTDATE", label="Date of the interview"),
        OfficeVariable(name="Q102", label="Age in completed years", kind="scale"),
        OfficeVariable(
            name="Q103", label="Education (ISCED 2011); blank: not stated", values=EDUCATION, kind="ordinal"
        ),
        OfficeVariable(name="Q104", label="Migration", values=MIGRANT),
        OfficeVariable(name="Q105", label="Worked in the last five years (asked from age 18)", values=YES_NO),
        OfficeVariable(name="MODSEL", label="Selected for the module on work", values=YES_NO),
        OfficeVariable(name="MODRES", label="Result of the module", values={1: "Completed", 2: "Refused", 3: "Absent"}),
        OfficeVariable(name="PROXY", label="Person who answered in place (blank: self)"),
    )


def _module_questions() -> tuple[OfficeVariable, ...]:
    """The module: facts of the work, the block on the State, the items."""
    codes, worded = tuple(UNKNOWN), {"Q213": GROUNDS, "Q215": PURPOSES}
    items = ((column, COERCION if ITEMS[column.item].dimension == "coercion" else ANSWERS) for column in COLUMNS)
    return (
        OfficeVariable(name="Q200", label="Date of birth"),
        OfficeVariable(name="Q201", label="Branch of the work", values=BRANCH),
        OfficeVariable(name="Q202", label="Status in the work (ICSE-18-A)", values=STATUS),
        OfficeVariable(name="Q203", label="Age when this work began", kind="scale"),
        OfficeVariable(name="Q204", label="Usual hours a week", kind="scale"),
        OfficeVariable(name="Q207", label="Is the work still going on?", values=YES_NO | {8: UNKNOWN[8]}, missing=(8,)),
        OfficeVariable(name="Q208", label="When the work began (year and month, or year)"),
        OfficeVariable(name="Q209", label="When the work ended (year and month, or year)"),
        OfficeVariable(name="Q205", label="Debt or advance from employer or recruiter", values=ANSWERS, missing=codes),
        OfficeVariable(name="Q206", label="Lodging given by the employer", values=ANSWERS, missing=codes),
        *(
            OfficeVariable(name=name, label=label, values=worded.get(name, ANSWERS), missing=codes)
            for name, _, label in STATE_FIELDS
        ),
        *(
            OfficeVariable(name=column.name, label=column.label, values=values, missing=codes)
            for column, values in items
        ),
    )


VARIABLES: tuple[OfficeVariable, ...] = (*_identified(), *_asked_of_all(), *_module_questions())


def household_frame(survey: Survey) -> pd.DataFrame:
    """Write a survey down as its office file: one row a member of a responding household.

    Returns
    -------
    pandas.DataFrame
        The columns of `VARIABLES`, in codes; whole numbers are nullable integers.
    """
    population, sample = survey.population, survey.sample
    first = population.households.first_person
    length = first[sample.household + 1] - first[sample.household]
    position = np.repeat(np.arange(len(sample.household)), length)
    line = np.arange(len(position)) - np.repeat(np.cumsum(length) - length, length)
    person = first[sample.household][position] + line
    frame = pd.DataFrame(_roster(population, sample.household[position], person, line))
    frame["HHWGT"] = np.round(sample.household_weight[position], 4)
    row = np.full(len(population.people.age), -1, dtype=np.int64)
    row[person] = np.arange(len(person))
    frame = pd.concat([frame, _module(survey, row, frame)], axis=1)
    return frame[[variable.name for variable in VARIABLES]]


def _roster(
    population: Population,
    household: NDArray[np.integer[Any]],
    person: NDArray[np.integer[Any]],
    line: NDArray[np.integer[Any]],
) -> dict[str, Any]:
    """Columns that every member of a household has."""
    areas, people = population.areas, population.people
    area = population.households.area[household]
    number = household - areas.first_household[area] + 1
    hhid = pd.Series(area + 1).astype(str).str.zfill(4) + "-" + pd.Series(number).astype(str).str.zfill(3)
    rng = np.random.default_rng(np.random.SeedSequence([population.seed, len(person)]))
    stated = rng.random(len(person)) >= _NOT_STATED
    worked = np.where(people.job[person] >= 0, 1, 2)
    return {
        "HHID": hhid,
        "PID": hhid + "-" + pd.Series(line + 1).astype(str).str.zfill(2),
        "REGION": _whole(region_of(areas.district[area]) + 1),
        "DISTRICT": _whole(district_code(areas.district[area])),
        "AREA": _whole(np.where(areas.urban[area], 1, 2)),
        "STRATUM": _whole(areas.stratum[area] + 1),
        "CLUSTER": _whole(area + 1),
        "HHNO": _whole(number),
        "LINE": _whole(line + 1),
        "Q101": _whole(people.sex[person]),
        "INTDATE": pd.Series([LAST.isoformat()] * len(person), dtype="str"),
        "Q102": _whole(people.age[person]),
        "Q103": _whole(np.where(stated, people.education[person], BLANK)),
        "Q104": _whole(people.migrant[person]),
        "Q105": _whole(np.where(people.age[person] >= 18, worked, BLANK)),
    }


def _module(survey: Survey, row: NDArray[np.int64], roster: pd.DataFrame) -> pd.DataFrame:
    """Columns of the module: blank for all who were not asked."""
    sample, jobs, size = survey.sample, survey.population.jobs, len(roster)
    selected, answered = row[sample.selected], row[sample.respondent]
    working = answered[survey.working]
    job = survey.population.people.job[sample.respondent[survey.working]]
    weight = roster["HHWGT"].to_numpy(copy=True)
    weight[answered] = np.round(sample.weight, 4)
    by_proxy = sample.proxy >= 0
    proxy = pd.Series([None] * size, dtype="str")
    proxy.iloc[answered[by_proxy]] = roster["PID"].iloc[row[sample.proxy[by_proxy]]].to_numpy()
    heard = survey.heard
    columns: dict[str, Any] = {
        "WEIGHT": weight,
        "MODSEL": _whole(_placed(size, selected, 1, otherwise=2)),
        "MODRES": _whole(_placed(size, selected, sample.result)),
        "PROXY": proxy,
        "Q201": _whole(_placed(size, working, jobs.branch[job] + 1)),
        "Q202": _whole(_placed(size, working, np.asarray(STATUSES)[jobs.status[job]])),
        "Q203": _whole(_placed(size, working, jobs.started[job])),
        "Q204": _whole(_placed(size, working, jobs.hours[job])),
        "Q205": _whole(_placed(size, working, heard.debt)),
        "Q206": _whole(_placed(size, working, heard.lodging)),
    }
    told = survey.dates
    columns["Q200"] = _dates(size, answered, told.birth)
    columns["Q207"] = _whole(_placed(size, working, told.ongoing))
    columns["Q208"] = _dates(size, working, told.start)
    columns["Q209"] = _dates(size, working, told.end)
    for position, (name, _, _) in enumerate(STATE_FIELDS):
        columns[name] = _whole(_placed(size, working, heard.state[:, position]))
    for position, column in enumerate(COLUMNS):
        columns[column.name] = _whole(_placed(size, working, heard.items[:, position]))
    return pd.DataFrame(columns)


def _placed(
    size: int, rows: NDArray[np.int64], values: NDArray[np.integer[Any]] | int, *, otherwise: int = BLANK
) -> NDArray[np.int64]:
    column = np.full(size, otherwise, dtype=np.int64)
    column[rows] = values
    return column


def _dates(size: int, rows: NDArray[np.int64], parts: Sequence[NDArray[np.integer[Any]]]) -> pd.Series:
    """Write dates as far as they are known: 2021-05-17, 2021-05 or 2021; blank where they are not."""
    written = pd.Series(parts[0]).astype(str)
    for part in parts[1:]:
        padded = ("-" + pd.Series(part).astype(str).str.zfill(2)).where(np.asarray(part) != BLANK, "")
        written = written + padded
    column = pd.Series([None] * size, dtype="str")
    column.iloc[rows] = written.where(np.asarray(parts[0]) != BLANK, None).to_numpy()
    return column


def _whole(values: NDArray[np.integer[Any]]) -> pd.arrays.IntegerArray:
    """Make a nullable whole-number column in which a blank is null."""
    return pd.arrays.IntegerArray(np.asarray(values, dtype=np.int16), np.asarray(values) == BLANK)


def isic_sections() -> dict[int, str]:
    """Give the ISIC section of each code of the branch question."""
    return dict(enumerate(BRANCHES, start=1))


def districts_frame(population: Population) -> pd.DataFrame:
    """Give the districts with their covariates and adults: what an office knows of them from the census."""
    district = population.district[population.adult]
    geography = population.geography
    return pd.DataFrame(
        {
            "district": DISTRICTS,
            "region": np.repeat(REGIONS, PER_REGION),
            "x1": np.round(geography.x1, 4),
            "x2": np.round(geography.x2, 4),
            "population": np.bincount(district, minlength=len(DISTRICTS)),
        }
    )
