"""The survey of returned migrants: who is met, what they tell, and the three files that an office keeps of it.

In every drawn enumeration area all households are asked who came back from abroad; four of those found, at random, are
interviewed (all where there are fewer). An area in which nobody came back is in the file too, with a row of its own:
it was drawn, and the variance of a total needs it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fl_estimate.arrays import Floats
from fl_estimate.datasets.answers import IMPOSED, PUBLISHED, Silence, classify_items, hear
from fl_estimate.datasets.geography import REGIONS, region_of
from fl_estimate.datasets.office_files import ANSWERS, COERCION, OfficeVariable
from fl_estimate.datasets.population import Population
from fl_estimate.datasets.questionnaire import BLANK, COLUMNS, ITEMS, NO, STATE_FIELDS
from fl_estimate.datasets.returned_migrants import (
    COSTS,
    CURRENCIES,
    DESTINATIONS,
    RECRUITERS,
    SECTORS,
    Migrants,
)
from fl_estimate.datasets.sampling import draw_areas, lowest, ragged

Ints = NDArray[np.integer[Any]]
Codes = NDArray[np.int8]

INTERVIEWS_AN_AREA = 4
COST_NOT_KNOWN, EARNINGS_NOT_KNOWN = 0.006, 0.01
"""Shares of cost lines and of earnings that nobody remembers, at random."""


@dataclass(frozen=True, kw_only=True, eq=False)
class MigrantSample:
    """One sample of returned migrants and what they told.

    Attributes
    ----------
    chosen, weight : array
        Rows of the migrants interviewed, and their weights.
    area : array
        Their enumeration areas.
    empty, empty_weight : array
        Drawn areas in which nobody had come back, and their weights.
    episode : array
        Rows of all their episodes, those of one person next to each other; `teller` is the place of the person.
    debt, lodging, items : array
        Answers as the office has them, one row an episode.
    cost_known, earnings_known : array of bool
    """

    chosen: Ints
    weight: Floats
    area: Ints
    empty: Ints
    empty_weight: Floats
    episode: Ints
    teller: Ints
    debt: Codes
    lodging: Codes
    items: Codes
    cost_known: NDArray[np.bool_]
    earnings_known: NDArray[np.bool_]


def draw_migrants(population: Population, migrants: Migrants, seed: int, silence: Silence = PUBLISHED) -> MigrantSample:
    """Draw a sample of returned migrants and hear them; `silence` says which answers are not given.

    Notes
    -----
    The weight is the inverse of the chance of the area, times migrants found over interviewed in it.
    """
    drawn, told = (np.random.default_rng(child) for child in np.random.SeedSequence(seed).spawn(2))
    area, area_weight = draw_areas(population, drawn)
    home = population.households.area[population.people.household[migrants.person]]
    start, stop = np.searchsorted(home, area, side="left"), np.searchsorted(home, area, side="right")
    position, found = ragged(start, stop)
    taken = lowest(position, drawn.random(len(position)), INTERVIEWS_AN_AREA)
    position, chosen = position[taken], found[taken]
    share = (stop - start) / np.minimum(np.maximum(stop - start, 1), INTERVIEWS_AN_AREA)
    first = np.searchsorted(migrants.owner, chosen, side="left")
    teller, episode = ragged(first, np.searchsorted(migrants.owner, chosen, side="right"))
    state = np.full((len(episode), len(STATE_FIELDS)), BLANK, dtype=np.int8)
    state[:, IMPOSED] = NO
    heard = hear(
        migrants.answers[episode],
        state,
        debt=migrants.debt[episode],
        lodging=migrants.lodging[episode],
        forced=migrants.forced[episode],
        proxy=np.zeros(len(episode), dtype=np.bool_),
        rng=told,
        silence=silence,
    )
    return MigrantSample(
        chosen=chosen,
        weight=(area_weight * share)[position],
        area=area[position],
        empty=area[start == stop],
        empty_weight=area_weight[start == stop],
        episode=episode,
        teller=teller,
        debt=heard.debt,
        lodging=heard.lodging,
        items=heard.items,
        cost_known=told.random((len(episode), len(COSTS))) >= COST_NOT_KNOWN,
        earnings_known=told.random(len(episode)) >= EARNINGS_NOT_KNOWN,
    )


def draw_columns(population: Population, migrants: Migrants, seed: int) -> pd.DataFrame:
    """Draw a replicated sample as the columns an estimator needs: one row a person, the most recent episode.

    For coverage studies: classes and recruitment costs are those that the files of the same sample give when they are
    loaded, taken by `fl.by_episode` and classified, worked out in codes.

    Returns
    -------
    pandas.DataFrame
        `stratum`, `psu`, `weight`, `destination`, `sector`, `recruiter`, `forced_labour_true`, `forced_labour` and
        `forced_labour_possible`, `share_true` and `share` (months of earnings; missing where not defined), and `forced_labour_in_scope`,
        `share_in_scope`. Areas without a returned migrant are rows out of scope.
    """
    sample = draw_migrants(population, migrants, seed)
    last = migrants.last[sample.episode]
    episode = sample.episode[last]
    surely, possibly = classify_items(sample.items[last])
    known = (sample.cost_known | (migrants.cost[sample.episode] == 0) | ~migrants.by_worker[sample.episode])[last]
    defined = known[:, : len(COSTS) - 1].all(axis=1) & sample.earnings_known[last]
    share = migrants.share[episode]
    frame = pd.DataFrame(
        {
            "area": sample.area,
            "weight": sample.weight,
            "destination": np.array(DESTINATIONS)[migrants.destination[episode]],
            "sector": np.array(SECTORS)[migrants.sector[episode]],
            "recruiter": np.array(RECRUITERS)[migrants.recruiter[episode]],
            "forced_labour_true": migrants.forced[episode].astype(np.int8),
            "forced_labour": surely.astype(np.int8),
            "forced_labour_possible": possibly.astype(np.int8),
            "share_true": share,
            "share": np.where(defined, share, np.nan),
            "share_in_scope": migrants.employee[sample.chosen].astype(np.int8),
            "forced_labour_in_scope": np.int8(1),
        }
    )
    empty = pd.DataFrame({"area": sample.empty, "weight": sample.empty_weight})
    scopes = ["forced_labour_in_scope", "share_in_scope"]
    empty = empty.assign(**dict.fromkeys(scopes, np.int8(0)))
    frame = pd.concat([frame, empty], ignore_index=True) if len(empty) else frame
    classes = ["forced_labour_true", "forced_labour", "forced_labour_possible"]
    frame[classes] = frame[classes].fillna(0).astype(np.int8)
    frame["stratum"] = population.areas.stratum[frame["area"]] + 1
    frame["psu"] = frame.pop("area") + 1
    return frame


# --- files ------------------------------------------------------------------------------------------------------

INTERVIEWED, NOBODY = 1, 2
_YES_NO = {1: "Yes", 2: "No"}
PEOPLE: tuple[OfficeVariable, ...] = (
    OfficeVariable(name="PID", label="Person"),
    OfficeVariable(name="STRATUM", label="Stratum (region x area)"),
    OfficeVariable(name="CLUSTER", label="Enumeration area"),
    OfficeVariable(name="REGION", label="Region", values=dict(enumerate(REGIONS, start=1))),
    OfficeVariable(name="RESULT", label="Result", values={1: "Interviewed", 2: "No returned migrant in the area"}),
    OfficeVariable(name="WEIGHT", label="Weight (of the area where nobody had returned)"),
    OfficeVariable(name="M101", label="Sex", values={1: "Male", 2: "Female"}),
    OfficeVariable(name="M102", label="Age in completed years"),
    OfficeVariable(name="M103", label="Went abroad to work for an employer", values=_YES_NO),
)
_DEBTS = {1: "Self", 2: "Employer", 3: "Recruiter"}
EPISODES: tuple[OfficeVariable, ...] = (
    OfficeVariable(name="EID", label="Episode abroad"),
    OfficeVariable(name="PID", label="Person"),
    OfficeVariable(name="M201", label="Country of destination", values=dict(enumerate(DESTINATIONS, start=1))),
    OfficeVariable(name="M202Y", label="Left: year"),
    OfficeVariable(name="M202M", label="Left: month"),
    OfficeVariable(name="M203Y", label="Came back: year"),
    OfficeVariable(name="M203M", label="Came back: month"),
    OfficeVariable(name="M204", label="Age on leaving"),
    OfficeVariable(name="M205", label="Who recruited", values=dict(enumerate(RECRUITERS, start=1))),
    OfficeVariable(name="M206", label="Branch of the work", values=dict(enumerate(SECTORS, start=1))),
    OfficeVariable(name="M207", label="First month's earnings (-8: does not know)"),
    OfficeVariable(name="M208", label="Currency of the earnings", values=dict(enumerate(CURRENCIES, start=1))),
    OfficeVariable(name="M209", label="Borrowed to leave, in the currency at home"),
    OfficeVariable(name="M210", label="Who kept the passport", values=_DEBTS),
    OfficeVariable(name="Q205", label="Debt or advance from employer or recruiter", values=ANSWERS),
    OfficeVariable(name="Q206", label="Lodging given by the employer", values=ANSWERS),
    *(
        OfficeVariable(
            name=column.name,
            label=column.label,
            values=COERCION if ITEMS[column.item].dimension == "coercion" else ANSWERS,
        )
        for column in COLUMNS
    ),
)
COST_LINES: tuple[OfficeVariable, ...] = (
    OfficeVariable(name="EID", label="Episode abroad"),
    OfficeVariable(name="M301", label="What was paid for", values=dict(enumerate(COSTS, start=1))),
    OfficeVariable(name="M302", label="Amount (-8: does not know)"),
    OfficeVariable(name="M303", label="Currency", values=dict(enumerate(CURRENCIES, start=1))),
    OfficeVariable(name="M304Y", label="Paid: year"),
    OfficeVariable(name="M305", label="Paid by the worker", values=_YES_NO),
)
FILES: dict[str, tuple[OfficeVariable, ...]] = {"people": PEOPLE, "episodes": EPISODES, "costs": COST_LINES}
DONT_KNOW_AMOUNT = -8


def migrant_frames(population: Population, migrants: Migrants, sample: MigrantSample) -> dict[str, pd.DataFrame]:
    """Write a sample down as its office files: people, episodes and cost lines, in codes."""
    number = np.arange(len(sample.chosen)) - np.searchsorted(sample.area, sample.area, side="left") + 1
    pid = (sample.area + 1) * 10 + number
    episode = sample.episode
    order = np.arange(len(episode)) - np.searchsorted(sample.teller, sample.teller, side="left") + 1
    eid = pid[sample.teller] * 10 + order
    frames = {
        "people": _people(population, migrants, sample, pid),
        "episodes": _episodes(migrants, sample, episode, eid, pid[sample.teller]),
        "costs": _costs(migrants, sample, episode, eid),
    }
    return {name: frames[name][[variable.name for variable in variables]] for name, variables in FILES.items()}


def _people(population: Population, migrants: Migrants, sample: MigrantSample, pid: Ints) -> pd.DataFrame:
    person = migrants.person[sample.chosen]
    met = pd.DataFrame(
        {
            "PID": pid,
            "area": sample.area,
            "WEIGHT": sample.weight,
            "RESULT": INTERVIEWED,
            "M101": population.people.sex[person],
            "M102": population.people.age[person],
            "M103": np.where(migrants.employee[sample.chosen], 1, 2),
        }
    )
    nobody = pd.DataFrame(
        {"PID": (sample.empty + 1) * 10, "area": sample.empty, "WEIGHT": sample.empty_weight, "RESULT": NOBODY}
    )
    frame = pd.concat([met, nobody], ignore_index=True).sort_values("PID", ignore_index=True)
    area = frame["area"].to_numpy()
    frame["STRATUM"] = population.areas.stratum[area] + 1
    frame["CLUSTER"] = area + 1
    frame["REGION"] = region_of(population.areas.district[area]) + 1
    frame["WEIGHT"] = frame["WEIGHT"].round(4)
    whole = [name for name in ("M101", "M102", "M103") if name in frame]
    return frame.astype(dict.fromkeys(whole, "Int8"))


def _episodes(migrants: Migrants, sample: MigrantSample, episode: Ints, eid: Ints, pid: Ints) -> pd.DataFrame:
    back = migrants.year[episode] * 12 + migrants.month[episode] - 1 + migrants.months[episode]
    columns: dict[str, Any] = {
        "EID": eid,
        "PID": pid,
        "M201": migrants.destination[episode] + 1,
        "M202Y": migrants.year[episode],
        "M202M": migrants.month[episode],
        "M203Y": back // 12,
        "M203M": back % 12 + 1,
        "M204": migrants.age[episode],
        "M205": migrants.recruiter[episode] + 1,
        "M206": migrants.sector[episode] + 1,
        "M207": np.where(sample.earnings_known, migrants.earnings[episode], DONT_KNOW_AMOUNT).astype(np.int32),
        "M208": migrants.earnings_currency[episode] + 1,
        "M209": np.where(migrants.debt[episode], 10 * migrants.cost[episode, len(COSTS) - 1], 0).astype(np.int32),
        "M210": np.where(_documents_kept(sample.items), 2, 1),
        "Q205": sample.debt,
        "Q206": sample.lodging,
    }
    columns |= {column.name: sample.items[:, position] for position, column in enumerate(COLUMNS)}
    frame = pd.DataFrame(columns)
    wide = ("EID", "PID", "M202Y", "M203Y", "M207", "M209")
    small = frame.astype({name: "Int8" for name in columns if name not in wide})
    return small.mask(small == BLANK)


def _documents_kept(items: Codes) -> NDArray[np.bool_]:
    """Whose documents were kept, by the question that asks for it."""
    position = next(position for position, column in enumerate(COLUMNS) if column.field == "c_docs@work")
    return items[:, position] == 1


def _costs(migrants: Migrants, sample: MigrantSample, episode: Ints, eid: Ints) -> pd.DataFrame:
    cost = migrants.cost[episode]
    row, line = np.nonzero(cost)
    amount = np.where(sample.cost_known[row, line], cost[row, line], DONT_KNOW_AMOUNT)
    frame = pd.DataFrame(
        {
            "EID": eid[row],
            "M301": line + 1,
            "M302": amount.astype(np.int32),
            "M303": migrants.cost_currency[line] + 1,
            "M304Y": migrants.paid_year[episode][row],
            "M305": np.where(migrants.by_worker[episode][row, line], 1, 2),
        }
    )
    return frame.astype({"M301": np.int8, "M303": np.int8, "M305": np.int8, "M304Y": np.int16})
