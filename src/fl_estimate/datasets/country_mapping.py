"""The mapping of the synthetic survey onto the common schema, as a table and as the text of household.toml."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np

from fl_estimate.datasets.geography import DISTRICTS, REGIONS
from fl_estimate.datasets.office_files import district_code, isic_sections
from fl_estimate.datasets.questionnaire import COLUMNS, ITEMS, STATE_FIELDS
from fl_estimate.datasets.toml_text import toml_text

_HEAD = """\
# How household.sav and household.parquet fill the common schema. Made by scripts/make_sample.py.
# A blank (null) is a question that was not put. Questions about a debt or a lodging are blank only where the person
# said there is none: there the blank is a no. The questions are about the last work of some years; work that ended before
# the reference period does not count in it. Years, months and whole dates that nobody remembers are blank.
"""


def household_mapping() -> dict[str, Any]:
    """Give the mapping as a nested table, in the form `fl.load` takes."""
    return {
        "id": "country",
        "title": "Synthetic country: household survey with a module on forced labour",
        "kind": "household",
        "country": "XX",
        "population": "adults (18 and over) living in households",
        "reference_period": {"kind": "12m", "start": dt.date(2023, 1, 1), "end": dt.date(2024, 1, 1)},
        "people": _people(),
        "jobs": _jobs(),
        "recodes": _recodes(),
        "design": {"weights": "weight_person", "strata": "stratum", "psu": "psu", "expands": True},
    }


def _people() -> dict[str, Any]:
    return {
        "person_id": "PID",
        "hh_id": "HHID",
        "proxy_for": "PROXY",
        "stratum": "STRATUM",
        "psu": "CLUSTER",
        "weight_hh": "HHWGT",
        "weight_person": "WEIGHT",
        "region": _coded("REGION", "regions"),
        "district": _coded("DISTRICT", "districts"),
        "urban": _coded("AREA", "areas"),
        "sex": "Q101",
        "interview_date": "INTDATE",
        "age_interview": "Q102",
        "birth_date": "Q200",
        "education": "Q103",
        "migrant_status": _coded("Q104", "migrants"),
        "worked": _coded("Q105", "yes_no"),
        "selected_for_module": _coded("MODRES", "module"),
        "derived": {"migrant": "migrant_status == 'international migrant'"},
    }


def _jobs() -> dict[str, Any]:
    items = {column.field: _coded(column.name, _recode_of(column.item)) for column in COLUMNS}
    words = {"Q213": "grounds", "Q215": "purposes"}
    state = {field: _coded(name, words.get(name, "answers")) for name, field, _ in STATE_FIELDS}
    return {
        "from": "people",
        "where": "worked == 'yes' and selected_for_module == 'yes'",
        "person_id": "PID",
        "isic4": _coded("Q201", "branches"),
        "icse18a": "Q202",
        "age_at_start": "Q203",
        "hours_usual": "Q204",
        "ongoing": _coded("Q207", "ongoing"),
        "start": "Q208",
        "end": "Q209",
        **state,
        **items,
    }


def _recode_of(item: int) -> str:
    kind = "coercion" if ITEMS[item].dimension == "coercion" else "answers"
    return f"{kind}_if_asked" if ITEMS[item].filter else kind


def _coded(column: str, recode: str) -> dict[str, str]:
    return {"column": column, "recode": recode}


def _recodes() -> dict[str, dict[str, str]]:
    unknown = {"7": "missing", "8": "dk", "9": "ref", "missing": "missing"}
    binary = {"1": "yes", "2": "no", **unknown}
    coercion = {"1": "experienced", "2": "threatened", "3": "witnessed", "4": "no", **unknown}
    grounds = {str(number): f"E{number}" for number in range(1, 6)} | {"6": "none"} | unknown
    purposes = {str(number): "abcde"[number - 1] for number in range(1, 6)} | {"6": "none"} | unknown
    return {
        "answers": binary | {"null": "not_asked"},
        "answers_if_asked": binary | {"null": "no"},
        "coercion": coercion | {"null": "not_asked"},
        "coercion_if_asked": coercion | {"null": "no"},
        "grounds": grounds | {"null": "not_asked"},
        "purposes": purposes | {"null": "not_asked"},
        "ongoing": {"1": "yes", "2": "no", "8": "dk", "missing": "dk", "null": "missing"},
        "yes_no": {"1": "yes", "2": "no"},
        "module": {"1": "yes", "2": "no", "3": "no", "null": "no"},
        "regions": {str(number): name for number, name in enumerate(REGIONS, start=1)},
        "districts": {
            str(code): name for code, name in zip(district_code(np.arange(len(DISTRICTS))), DISTRICTS, strict=True)
        },
        "areas": {"1": "urban", "2": "rural"},
        "migrants": {
            "1": "native",
            "2": "internal migrant",
            "3": "international migrant",
            "4": "return migrant",
        },
        "branches": {str(code): section for code, section in isic_sections().items()},
    }


def household_toml() -> str:
    """Write the mapping as the text of household.toml."""
    return _HEAD + "\n" + toml_text(household_mapping())
