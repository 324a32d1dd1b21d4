"""Write the template of a mapping for a survey that carries the items: src/fl_estimate/loaders/mappings/survey_items.toml."""

from __future__ import annotations

from pathlib import Path

from fl_estimate.indicators.items import Item, known_items

OUT = Path(__file__).resolve().parents[1] / "src" / "fl_estimate" / "loaders" / "mappings" / "survey_items.toml"
HEAD = """\
# Template for a survey that carries the questions of the library (items): copy it, delete the questions that your
# questionnaire does not have, and write your columns on the right. Written by scripts/make_items_mapping.py.
# Here every column is called as its item, in capitals (an item asked by phase has _1, _2, _3 for recruitment, work
# and leaving), and the answers are coded as in [recodes] below. A blank cell is a question that was not put.

id = "survey_items"
title = "A survey that carries the items"
kind = "household"
population = "adults (18 and over) living in households"

# The last twelve months of each person, who was met on another day. One period for all: start = 2025-01-01 and
# end = 2026-01-01, the first day after it.
[reference_period]
months = 12
before = "interview_date"

[people]
person_id = "PID"
hh_id = "HHID"
stratum = "STRATUM"
psu = "PSU"
weight_person = "WEIGHT"
region = "REGION"
urban = { column = "AREA", recode = { 1 = "urban", 2 = "rural" } }
sex = "SEX"
interview_date = { year = "INT_YEAR", month = "INT_MONTH", day = "INT_DAY" }
birth_date = { year = "BIRTH_YEAR", month = "BIRTH_MONTH", day = "BIRTH_DAY" }
age_interview = "AGE"
worked = { column = "WORKED", recode = "answers", own = true }
selected_for_module = { column = "SELECTED", recode = { 1 = "yes", 2 = "no", null = "no" } }

[jobs]
from = "people"
where = "worked == 'yes' and selected_for_module == 'yes'"
isco08 = "ISCO08"
isic4 = "ISIC4"
icse18a = "ICSE18A"
start = { year = "BEGAN_YEAR", month = "BEGAN_MONTH" }
end = { year = "ENDED_YEAR", month = "ENDED_MONTH" }
ongoing = { column = "ONGOING", recode = "answers_if_asked" }
age_at_start = "AGE_START"
hours_usual = "HOURS"
"""
TAIL = """
[recodes.answers]
1 = "yes"
2 = "no"
8 = "dk"
9 = "ref"
missing = "missing"
null = "not_asked"

[recodes.answers_if_asked]
1 = "yes"
2 = "no"
8 = "dk"
9 = "ref"
missing = "missing"
null = "missing"

[recodes.coercion]
1 = "experienced"
2 = "threatened"
3 = "witnessed"
4 = "no"
8 = "dk"
9 = "ref"
missing = "missing"
null = "not_asked"

[design]
weights = "weight_person"
strata = "stratum"
psu = "psu"
"""


def lines(item: Item) -> list[str]:
    """Give the lines of one item, its question above them."""
    asked = f"# {item.question.en}"
    if not item.asks_phase:
        return [asked, f'{item.id} = {{ column = "{item.id.upper()}", recode = "answers" }}']
    order = list(known_items().phases)
    return [
        asked,
        *(
            f'"{item.id}@{phase}" = {{ column = "{item.id.upper()}_{order.index(phase) + 1}", recode = "coercion" }}'
            for phase in item.phases
        ),
    ]


def text() -> str:
    """Compose the whole file."""
    return HEAD + "\n".join(line for item in known_items().items.values() for line in lines(item)) + "\n" + TAIL


if __name__ == "__main__":
    OUT.write_text(text(), encoding="utf-8")
