"""Rows of every kind under every rule are printed as they were when they were looked at.

After a change that is meant: `python -m tests.unit.reporting.rows`, read what changed in the record, and keep it.
"""

from __future__ import annotations

import json

import pytest

import fl_estimate as fl
from fl_estimate.reporting import few_cases, judging, precision, publish, release, suppression
from tests.unit.reporting.rows import RECORD, RULES, TABLES, printed
from tests.unit.reporting.systems import DESIGN
from tests.unit.reporting.test_disclosure_tables import people

KEPT: dict[str, list[str]] = json.loads(RECORD.read_text(encoding="utf-8"))
READ = (few_cases, judging, precision, publish, release, suppression)
"""The modules that this file is about."""


@pytest.mark.parametrize("name", RULES)
def test_rows_are_printed_as_they_were_when_they_were_looked_at(name: str) -> None:
    assert printed(name) == KEPT[name]


def test_every_rule_is_kept_and_says_something_else() -> None:
    assert list(KEPT) == list(RULES)
    assert len({str(lines) for lines in KEPT.values()}) == len(RULES)
    assert len(READ) == 6


def test_the_limit_of_persons_whose_region_is_not_stated_is_of_their_weights() -> None:
    """Three cases among 120 people of no stated region, who weigh 12,000: U of 120 people, times 12,000."""
    frame = people()
    frame["region"] = frame["region"].where(frame["district"] != "A1")
    made = [
        estimate(frame, "fl", design=DESIGN, by="region") for estimate in (fl.estimate_prevalence, fl.estimate_total)
    ]
    share, persons = (table.frame for table in fl.publish(made).tables)
    row = int((share["margin"].eq("region") & share["region"].isna()).to_numpy().argmax())
    assert share["publication"].iloc[row] == persons["publication"].iloc[row] == "at_most"
    weighs = frame.loc[frame["region"].isna(), "w"].sum()
    of = few_cases.upper_share(120, 4, float(persons["deff"].iloc[0]), 0.95)
    assert persons["upper"].iloc[row] == precision.raised(of * weighs, 2)
    assert share["upper"].iloc[row] == precision.raised(
        few_cases.upper_share(120, 4, float(share["deff"].iloc[0]), 0.95), 2
    )


def test_what_was_published_is_judged_again_only_beside_an_earlier_release() -> None:
    once = fl.publish(TABLES["shares"])
    assert fl.publish(once) is once
    assert fl.publish(once, previous=[once]) is not once
    assert fl.publish(once, rule="nchs").rule.name == "nchs"


def test_lists_of_which_no_file_is_known_get_no_name_in_place_of_a_hash() -> None:
    assert fl.publish(TABLES["lists"]).tables[0].provenance.source_sha256 == ""
