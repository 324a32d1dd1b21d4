"""A small household survey of the synthetic country whose generator knows every class: adults, children and relatives.

One, two or three adults a household are drawn for the module, one child, and the adults tell of relatives who live
elsewhere. Four files come of it: households, the roster, one row a work, and one row a relative told of. It is made to
try loaders and frameworks on: forced labour is as frequent here as nowhere.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fl_estimate.arrays import Bools
from fl_estimate.datasets.answers import BY_ITEMS, IMPOSED, NOT_IN_FORCED_LABOUR, classify_items, hear, true_answers
from fl_estimate.datasets.population import FEMALE, MALE, Population, pick
from fl_estimate.datasets.questionnaire import BLANK, COLUMNS, ITEMS, NO, STATE_FIELDS

Ints = NDArray[np.integer[Any]]
Pair = tuple[Bools, Bools]

FAMILIES_SEED = 7
AREAS, HOUSEHOLDS_AN_AREA = 24, 10
FIRST_DAY = dt.date(2024, 3, 1)
"""From this day on areas are visited; the survey asks of the twelve months before each person's own interview."""
RELATIONS: tuple[str, ...] = ("parent", "child", "sibling")
CHILD_FIELDS: dict[str, tuple[str, tuple[str, ...], tuple[float, ...]]] = {
    "child_works_for": ("C1", ("third_party", "parents", "self", "none", "dk"), (0.35, 0.40, 0.05, 0.10, 0.10)),
    "child_coercion_by": ("C2", ("third_party", "parents", "none", "dk"), (0.30, 0.10, 0.50, 0.10)),
    "child_coercion_target": ("C3", ("child", "parents", "none", "dk"), (0.30, 0.20, 0.40, 0.10)),
    "child_wfcl": ("C4", ("none", "slavery", "armed_conflict", "cse", "illicit", "ref"), (0.83, 0.03, 0.02, 0.02, 0.04, 0.06)),
}  # fmt: skip
"""Fields of the child module: the question, its codes in the order of their numbers, and their shares."""
ANSWERED, NOT_ANSWERED = 1, 2


@dataclass(frozen=True, kw_only=True, eq=False)
class Families:
    """The survey as its office keeps it, and what is true of the classes of everybody.

    Attributes
    ----------
    files : dict of str to frame
        `households`, `people`, `jobs`, `relatives`.
    people, relatives : pandas.DataFrame
        By `person_id` and `relative_id`: `forced_labour`, `forced_labour_possible` and `forced_labour_in_scope` under
        icls2018_adult with icls2018_child, as the answers heard give them; of people also their `weight`.
    """

    files: dict[str, pd.DataFrame]
    people: pd.DataFrame
    relatives: pd.DataFrame


def make_families(population: Population, seed: int = FAMILIES_SEED) -> Families:
    """Draw households, hear them, and work out every class in codes.

    Parameters
    ----------
    population : Population
        Its households and their members; works and answers are new.
    seed : int
    """
    rng = np.random.default_rng(seed)
    roster = _roster(population, rng)
    adults, own = _adult_works(roster, rng)
    children, young = _child_works(roster, _adult_classes(roster, own), rng)
    relatives, told, kin = _relatives(roster, rng)
    roster = roster.join(_network(relatives, rng), on="PID")
    roster["HHSEEN"] = _seen_by(roster, rng)
    jobs = pd.concat([adults, children, told], ignore_index=True)
    jobs.insert(0, "JID", np.arange(1, len(jobs) + 1))
    homes = roster.drop_duplicates("HHID")[["HHID", "STRATUM", "CLUSTER", "HHWGT"]]
    people = roster.drop(columns=["STRATUM", "CLUSTER", "HHWGT", "weight", "answered"])
    return Families(
        files={"households": homes.reset_index(drop=True), "people": people, "jobs": jobs, "relatives": relatives},
        people=_classes(roster, "PID", [own, young]).assign(weight=roster["weight"].to_numpy()),
        relatives=_classes_of_relatives(relatives, kin),
    )


def _roster(population: Population, rng: np.random.Generator) -> pd.DataFrame:
    """Households by area, everybody in them, and who was drawn; the weight of the drawn is worked out here by hand."""
    homes, people = population.households, population.people
    area = np.sort(rng.permutation(len(population.areas.stratum))[:AREAS])
    first, starts = population.areas.first_household.tolist(), homes.first_person.tolist()
    rows: list[dict[str, Any]] = []
    for position in area.tolist():
        size = first[position + 1] - first[position]
        for household in (first[position] + rng.permutation(size)[:HOUSEHOLDS_AN_AREA]).tolist():
            members = np.arange(starts[household], starts[household + 1])
            weight = round(float(len(population.areas.stratum) / AREAS * size / HOUSEHOLDS_AN_AREA), 4)
            adult = members[people.age[members] >= 18]
            child = members[(people.age[members] >= 5) & (people.age[members] <= 17)]
            wanted = 1 + int(3 * rng.random())
            chosen = rng.permutation(adult)[:wanted], rng.permutation(child)[:1]
            for line, person in enumerate(members, start=1):
                group = next((number for number, drawn in enumerate(chosen) if person in drawn), None)
                times = 1.0 if group is None else len((adult, child)[group]) / len(chosen[group])
                rows.append(
                    {
                        "HHID": int(household),
                        "PID": int(household) * 100 + line,
                        "STRATUM": 1,
                        "CLUSTER": int(position),
                        "HHWGT": weight,
                        "Q101": int(people.sex[person]),
                        "Q102": int(people.age[person]),
                        "MET": (FIRST_DAY + dt.timedelta(days=int(position) % 90)).isoformat(),
                        "DRAWN": 2 if group is None else 1,
                        "MODRES": 0 if group is None else ANSWERED if rng.random() < 0.95 else NOT_ANSWERED,
                        "weight": weight * times,
                    }
                )
    frame = pd.DataFrame(rows)
    frame["answered"] = frame["MODRES"] == ANSWERED
    _name_parents(frame)
    head = frame.groupby("HHID")["PID"].transform("min")
    by_proxy = frame["answered"] & (rng.random(len(frame)) < 0.12) & (head != frame["PID"])
    frame["PROXY"] = np.where(frame["answered"], np.where(by_proxy, head, frame["PID"]), np.nan)
    frame["MODRES"] = frame["MODRES"].where(frame["MODRES"] > 0).astype("Int8")
    frame["PROXY"] = frame["PROXY"].astype("Int64")
    return frame


def _name_parents(frame: pd.DataFrame) -> None:
    """The first two adults of a household are the parents of its children, as far as one is a woman and one a man."""
    line = frame.groupby("HHID").cumcount()
    for name, sex in (("MOTHER", FEMALE), ("FATHER", MALE)):
        heads = frame[(line < 2) & (frame["Q102"] >= 18) & (frame["Q101"] == sex)].drop_duplicates("HHID")
        parent = frame["HHID"].map(heads.set_index("HHID")["PID"])
        frame[name] = parent.where(frame["Q102"] < 18).astype("Int64")


@dataclass(frozen=True, kw_only=True, eq=False)
class _KnownWork:
    """What is known of some works: whose they are, and their class, surely and possibly."""

    whose: Ints
    classes: Pair


def _adult_works(roster: pd.DataFrame, rng: np.random.Generator) -> tuple[pd.DataFrame, _KnownWork]:
    """One or two works of the adults who answered; some have none."""
    grown = roster[roster["answered"] & (roster["Q102"] >= 18)]
    works = pick(rng, (0.15, 0.65, 0.20), len(grown))
    whose = np.repeat(grown.index.to_numpy(), works)
    proxy = (roster["PROXY"] != roster["PID"]).fillna(False).to_numpy(dtype=bool)[whose]
    columns, classes = _hear(proxy, rng)
    pid = roster["PID"].to_numpy()[whose]
    frame = pd.DataFrame({"PID": pd.array(pid, dtype="Int64"), "AGEJOB": roster["Q102"].to_numpy()[whose], **columns})
    return frame, _KnownWork(whose=pid, classes=classes)


def _hear(proxy: Bools, rng: np.random.Generator) -> tuple[dict[str, Any], Pair]:
    """Works with true answers of which a third are in forced labour, as heard; and their classes."""
    size = len(proxy)
    forced = rng.random(size) < 0.3
    debt, lodging = rng.random(size) < 0.4, rng.random(size) < 0.4
    route = np.where(forced, BY_ITEMS, NOT_IN_FORCED_LABOUR).astype(np.int8)
    answers, _ = true_answers(route, debt, lodging, rng)
    state = np.full((size, len(STATE_FIELDS)), BLANK, dtype=np.int8)
    state[:, IMPOSED] = NO
    heard = hear(answers, state, debt=debt, lodging=lodging, forced=forced, proxy=proxy, rng=rng)
    columns = {"Q205": heard.debt, "Q206": heard.lodging}
    columns |= {column.name: heard.items[:, position] for position, column in enumerate(COLUMNS)}
    return {name: _blanked(values) for name, values in columns.items()}, classify_items(heard.items)


def _blanked(values: NDArray[np.int8]) -> pd.arrays.IntegerArray:
    return pd.arrays.IntegerArray(values.copy(), values == BLANK)


def _adult_classes(roster: pd.DataFrame, own: _KnownWork) -> pd.Series:
    """What is known of the class of every adult, by their id: yes, dk, no, or missing for those who gave no answers."""
    classes = _classes(roster, "PID", [own])
    told = np.select(
        [classes["forced_labour"] == 1, classes["forced_labour_possible"] == 1, roster["answered"].to_numpy()],
        ["yes", "dk", "no"],
        "missing",
    )
    return pd.Series(told, index=roster["PID"])


def _child_works(roster: pd.DataFrame, adults: pd.Series, rng: np.random.Generator) -> tuple[pd.DataFrame, _KnownWork]:
    """The work of the children who were drawn, with the answers of the child module."""
    young = roster[roster["answered"] & (roster["Q102"] < 18)]
    young = young[rng.random(len(young)) < 0.85]
    told = {field: np.array(codes)[pick(rng, shares, len(young))] for field, (_, codes, shares) in CHILD_FIELDS.items()}
    pid = young["PID"].to_numpy()
    columns: dict[str, Any] = {"PID": pd.array(pid, dtype="Int64"), "AGEJOB": young["Q102"].to_numpy()}
    for field, (question, codes, _) in CHILD_FIELDS.items():
        columns[question] = np.searchsorted(np.array(sorted(codes)), told[field])
        order = np.array([codes.index(code) + 1 for code in sorted(codes)])
        columns[question] = order[columns[question]]
    parents = [young[name].map(adults) for name in ("MOTHER", "FATHER")]
    with_yes, unknown = (
        np.any([parent.isin(codes) for parent in parents], axis=0) for codes in (["yes"], ["dk", "missing"])
    )
    told["parents_in_fl"] = np.where(with_yes, "yes", np.where(unknown, "dk", "no"))
    return pd.DataFrame(columns), _KnownWork(whose=pid, classes=_child_classes(told))


def _child_classes(answers: dict[str, NDArray[np.str_]]) -> Pair:
    """The categories a to d of the guidelines on children, in three values: (surely, possibly)."""

    def among(field: str, *codes: str) -> Pair:
        true = np.isin(answers[field], codes)
        return true, true | np.isin(answers[field], ["dk", "ref"])

    def every(*pairs: Pair) -> Pair:
        return np.all([pair[0] for pair in pairs], axis=0), np.all([pair[1] for pair in pairs], axis=0)

    threat = among("child_coercion_by", "third_party")
    categories = (
        every(among("child_works_for", "third_party"), threat, among("child_coercion_target", "child", "parents")),
        every(among("child_works_for", "parents"), threat),
        every(among("child_works_for", "parents"), among("parents_in_fl", "yes")),
        among("child_wfcl", "slavery", "armed_conflict", "cse", "illicit"),
    )
    return np.any([pair[0] for pair in categories], axis=0), np.any([pair[1] for pair in categories], axis=0)


def _relatives(roster: pd.DataFrame, rng: np.random.Generator) -> tuple[pd.DataFrame, pd.DataFrame, _KnownWork]:
    """Relatives told of by adults who answered for themselves; of two adults of one household some tell of the same one."""
    tellers = roster[roster["answered"] & (roster["Q102"] >= 18) & (roster["PROXY"] == roster["PID"])]
    rows: list[dict[str, Any]] = []
    line: dict[int, int] = {}
    for row in tellers.itertuples():
        home = int(str(row.HHID))
        for _ in range(int(4 * rng.random())):
            line[home] = line.get(home, 0) + 1
            age = int(5 + 75 * rng.random())
            rows.append(
                {
                    "RID": f"R{home}-{line[home]}",
                    "PID": row.PID,
                    "R1": 1 + int(len(RELATIONS) * rng.random()),
                    "R2": 1 + int(2 * rng.random()),
                    "R3": age,
                    "R4": 1 if rng.random() < 0.95 else 2,
                    "R5": 2,
                    "R6": 1 + int(5 * rng.random()),
                    "asked": age >= 18 and rng.random() < 0.8,
                }
            )
    frame = pd.DataFrame(rows)
    again = _second_reports(frame, tellers, rng)
    asked = frame[frame["asked"]]
    columns, classes = _hear(np.ones(len(asked), dtype=np.bool_), rng)
    jobs = pd.DataFrame({"RID": asked["RID"].to_numpy(), "AGEJOB": asked["R3"].to_numpy(), **columns})
    known = _KnownWork(whose=asked["RID"].to_numpy(), classes=classes)
    frame = pd.concat([frame, again], ignore_index=True).drop(columns="asked")
    return frame, jobs, known


def _second_reports(relatives: pd.DataFrame, tellers: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """The rows in which another member of the household tells of a relative too."""
    home = tellers.set_index("PID")["HHID"]
    members = tellers.groupby("HHID")["PID"].agg(list)
    rows: list[dict[str, Any]] = []
    for row in relatives.to_dict("records"):
        others = [pid for pid in members[home[row["PID"]]] if pid > row["PID"]]
        if others and rng.random() < 0.4:
            rows.append({**{str(key): value for key, value in row.items()}, "PID": others[0]})
    return pd.DataFrame(rows)


def _network(relatives: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """How many relatives of each relation a respondent has: those told of, and some more."""
    told = pd.crosstab(relatives["PID"], relatives["R1"]).reindex(columns=range(1, len(RELATIONS) + 1), fill_value=0)
    told = told + np.floor(3 * rng.random(told.shape)).astype(np.int64)
    return told.rename(columns={number: f"N{number}" for number in told.columns}).astype("Int16")


def _seen_by(roster: pd.DataFrame, rng: np.random.Generator) -> pd.Series:
    """How many households could tell of a member, their own among them: of their parents, children and siblings live in some."""
    more = roster[[f"N{number}" for number in range(1, len(RELATIONS) + 1)]].sum(axis=1).fillna(2).to_numpy(dtype=int)
    return pd.Series(1 + rng.binomial(more, 0.6), index=roster.index, dtype="Int16")


def _classes(roster: pd.DataFrame, key: str, known: list[_KnownWork]) -> pd.DataFrame:
    """One work in the class is enough; who was drawn and answered is in scope, whether or not there was a work."""
    frame = pd.DataFrame({"person_id": roster[key].astype(str)})
    for position, name in enumerate(("forced_labour", "forced_labour_possible")):
        true = {str(whose) for one in known for whose, bit in zip(one.whose, one.classes[position], strict=True) if bit}
        frame[name] = frame["person_id"].isin(true).astype(np.int64)
    frame["forced_labour_in_scope"] = roster["answered"].astype(np.int64).to_numpy()
    return frame


def _classes_of_relatives(relatives: pd.DataFrame, known: _KnownWork) -> pd.DataFrame:
    """Relatives of whom the module was asked are in scope, the others are not."""
    frame = pd.DataFrame({"relative_id": relatives["RID"].drop_duplicates()}).reset_index(drop=True)
    for position, name in enumerate(("forced_labour", "forced_labour_possible")):
        frame[name] = frame["relative_id"].isin(known.whose[known.classes[position]]).astype(np.int64)
    frame["forced_labour_in_scope"] = frame["relative_id"].isin(known.whose).astype(np.int64)
    return frame


def families_mapping() -> dict[str, Any]:
    """Give the mapping of the four files onto the common schema, in the form `fl.load` takes."""
    unknown = {"7": "missing", "8": "dk", "9": "ref", "null": "not_asked"}
    return {
        "id": "country_families",
        "title": "Synthetic country: households with several respondents, children and relatives",
        "kind": "family_network",
        "country": "XX",
        "population": "persons aged 5 and over living in households",
        "reference_period": {"months": 12, "before": "interview_date"},
        "households": {"hh_id": "HHID", "stratum": "STRATUM", "psu": "CLUSTER", "weight_hh": "HHWGT"},
        "people": {
            "person_id": "PID",
            "hh_id": "HHID",
            "proxy_for": "PROXY",
            "mother_id": "MOTHER",
            "father_id": "FATHER",
            "sex": "Q101",
            "interview_date": "MET",
            "age_interview": "Q102",
            "drawn": _coded("DRAWN", "yes_no"),
            "selected_for_module": {"column": "MODRES", "recode": {"1": "yes", "2": "no", "null": "no"}},
            "n_eligible_reporters": "HHSEEN",
            **{f"network_size_{relation}": f"N{number}" for number, relation in enumerate(RELATIONS, start=1)},
        },
        "selection": [
            {"eligible": "age_interview >= 18", "drawn": "drawn == 'yes'"},
            {"eligible": "age_interview >= 5 and age_interview <= 17", "drawn": "drawn == 'yes'"},
        ],
        "jobs": {
            "job_id": "JID",
            "person_id": "PID",
            "relative_id": "RID",
            "age_at_start": "AGEJOB",
            **{column.field: _item(column.name, column.item) for column in COLUMNS},
            **{
                field: {
                    "column": question,
                    "recode": {str(n): code for n, code in enumerate(codes, start=1)} | {"null": "not_asked"},
                }
                for field, (question, codes, _) in CHILD_FIELDS.items()
            },
        },
        "relatives": {
            "relative_id": "RID",
            "reported_by": "PID",
            "relation": {"column": "R1", "recode": {str(n): name for n, name in enumerate(RELATIONS, start=1)}},
            "sex": "R2",
            "age": "R3",
            "alive_in_period": _coded("R4", "yes_no"),
            "in_household": _coded("R5", "yes_no"),
            "n_eligible_reporters": "R6",
        },
        "recodes": {
            "answers": {"1": "yes", "2": "no", **unknown},
            "coercion": {"1": "experienced", "2": "threatened", "3": "witnessed", "4": "no", **unknown},
            "yes_no": {"1": "yes", "2": "no"},
        },
        "design": {"weights": "weight_person", "strata": "stratum", "psu": "psu"},
    }


def _coded(column: str, recode: str) -> dict[str, str]:
    return {"column": column, "recode": recode}


def _item(column: str, item: int) -> dict[str, str]:
    rule = _coded(column, "coercion" if ITEMS[item].dimension == "coercion" else "answers")
    no_where = {"debt": "Q205 == 2", "lodging": "Q206 == 2"}.get(ITEMS[item].filter)
    return rule if no_where is None else {**rule, "no_where": no_where}
