"""The mapping of the survey of returned migrants onto the common schema, as a table and as the text of migrants.toml."""

from __future__ import annotations

from typing import Any

from fl_estimate.datasets.geography import REGIONS
from fl_estimate.datasets.migrants_survey import DONT_KNOW_AMOUNT
from fl_estimate.datasets.questionnaire import COLUMNS, ITEMS
from fl_estimate.datasets.returned_migrants import (
    COSTS,
    CURRENCIES,
    DESTINATIONS,
    HOME,
    HOME_CURRENCY,
    RATES,
    RECRUITERS,
    SECTORS,
)
from fl_estimate.datasets.toml_text import toml_text

_HEAD = """\
# How migrants.dta, migrants_episodes.dta and migrants_costs.dta fill the common schema. Made by scripts/make_sample.py.
# Episodes and the work they led to stand in one file, which is read twice: recruitment and what was agreed go to
# [episodes], the work and the questions about it to [jobs], joined by the number of the episode.
# Fees were paid at home, wages earned abroad: [rates] brings both into one currency, at the rates of their years.
"""


def migrants_mapping() -> dict[str, Any]:
    """Give the mapping as a nested table, in the form `fl.load` takes."""
    return {
        "id": "country_migrants",
        "title": "Synthetic country: survey of returned migrants",
        "kind": "returning_migrant",
        "country": HOME,
        "population": "adults who came back from work abroad, living in households",
        "reference_period": {"kind": "lifetime"},
        "people": {
            "person_id": "PID",
            "stratum": "STRATUM",
            "psu": "CLUSTER",
            "region": _coded("REGION", "regions"),
            "weight_person": "WEIGHT",
            "sex": "M101",
            "age_interview": "M102",
            "migrant_status": {"value": "return migrant"},
            "migrant_employee_abroad": _coded("M103", "yes_no"),
            "selected_for_module": _coded("RESULT", "result"),
        },
        "jobs": {
            "job_id": "EID",
            "person_id": "PID",
            "isic4": _coded("M206", "branches"),
            "country_work": _coded("M201", "countries"),
            "age_at_start": "M204",
            **{column.field: _item(column.name, column.item) for column in COLUMNS},
        },
        "episodes": {
            "episode_id": "EID",
            "person_id": "PID",
            "job_id": {"column": "EID"},
            "origin": {"value": HOME},
            "destination": _coded("M201", "countries"),
            "depart": {"year": "M202Y", "month": "M202M"},
            "return": {"year": "M203Y", "month": "M203M"},
            "recruiter": _coded("M205", "recruiters"),
            "document_held_by": _coded("M210", "documents"),
            "borrowed_amount": "M209",
            "borrowed_currency": {"value": HOME_CURRENCY},
            "first_month_earnings": {"column": "M207", "missing": [DONT_KNOW_AMOUNT]},
            "earnings_currency": _coded("M208", "currencies"),
        },
        "costs": {
            "episode_id": "EID",
            "item": _coded("M301", "items"),
            "amount": {"column": "M302", "missing": [DONT_KNOW_AMOUNT]},
            "currency": _coded("M303", "currencies"),
            "date": {"year": "M304Y"},
            "paid_by_worker": _coded("M305", "yes_no"),
        },
        "rates": {
            "to": HOME_CURRENCY,
            **{name: {str(y): rate for y, rate in by.items()} for name, by in RATES.items()},
        },
        "recodes": _recodes(),
        "design": {"weights": "weight_person", "strata": "stratum", "psu": "psu", "expands": True},
    }


def _item(column: str, item: int) -> dict[str, str]:
    """A question about a debt or a lodging was not put where there is none: there the answer is no."""
    rule = _coded(column, "coercion" if ITEMS[item].dimension == "coercion" else "answers")
    no_where = {"debt": "Q205 == 2", "lodging": "Q206 == 2"}.get(ITEMS[item].filter)
    return rule if no_where is None else {**rule, "no_where": no_where}


def _coded(column: str, recode: str) -> dict[str, str]:
    return {"column": column, "recode": recode}


def _numbered(codes: tuple[str, ...]) -> dict[str, str]:
    return {str(number): code for number, code in enumerate(codes, start=1)}


def _recodes() -> dict[str, dict[str, str]]:
    unknown = {"7": "missing", "8": "dk", "9": "ref", "null": "not_asked"}
    return {
        "answers": {"1": "yes", "2": "no", **unknown},
        "coercion": {"1": "experienced", "2": "threatened", "3": "witnessed", "4": "no", **unknown},
        "yes_no": {"1": "yes", "2": "no", "null": "not_asked"},
        "result": {"1": "yes", "2": "no"},
        "documents": {"1": "self", "2": "employer", "3": "recruiter"},
        "regions": _numbered(REGIONS),
        "countries": _numbered(DESTINATIONS),
        "recruiters": _numbered(RECRUITERS),
        "branches": _numbered(SECTORS),
        "currencies": _numbered(CURRENCIES),
        "items": _numbered(COSTS),
    }


def migrants_toml() -> str:
    """Write the mapping as the text of migrants.toml."""
    return _HEAD + "\n" + toml_text(migrants_mapping())
