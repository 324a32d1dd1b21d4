"""Recalled parts of a rule are found through every reference, and are noted under every table."""

from __future__ import annotations

import pandas as pd
import pytest

import fl_estimate as fl
from fl_estimate.indicators.marks import recalled_parts

ANSWERS = pd.DataFrame(
    {"age": [30, 30, 40], "w_low_no_wage": ["yes", "no", "yes"], "c_docs": ["no", "dk", "threatened"]}
)


@pytest.mark.parametrize(
    ("framework", "outcome", "parts"),
    [
        # the marks of the facts: the rule for what was known and agreed, and drugs as a penalty, are this project's; the
        # State's part is recalled, with the reading that a purpose of C105 undoes an exception
        (
            "icls2018_adult",
            "forced_labour",
            (
                *("DEBT_NOT_AGREED", "PAY_NOT_AGREED", "LIVING_NOT_AGREED", "CO7"),
                *("BY_STATE", "state_imposed.state_imposed_forced_labour", "state_imposed.C105_PURPOSE"),
            ),
        ),
        ("delphi2009_child_labour", "trafficking_delphi", ()),
        (
            "delphi2009_adult_labour",
            "trafficking_delphi",
            ("trafficking_delphi=exploitation_and_coercion_unnamed", "trafficking_delphi=no_exploitation_other"),
        ),
        ("delphi2009_adult_labour", "delphi2009_palermo_full", ("delphi2009_palermo_full",)),
        # strengths are recalled, the wording is not, but for one: without strengths this one is left to note
        ("htshtc2012_adult", "forced_labour_without_strength", ("WD_I11",)),
    ],
)
def test_recalled_parts(framework: str, outcome: str, parts: tuple[str, ...]) -> None:
    chosen = fl.Framework.read(framework)
    found = chosen.outcome(outcome)
    assert found is not None
    assert recalled_parts(chosen, found) == parts


def test_a_rule_by_strength_notes_every_recalled_strength() -> None:
    chosen = fl.Framework.read("htshtc2012_adult")
    parts = recalled_parts(chosen, chosen.outcomes[0])
    assert parts[:2] == ("forced_labour", "dimension_rule")
    assert len(parts) == 2 + 77


def test_every_table_of_a_classification_carries_the_note() -> None:
    result = fl.estimate_prevalence(fl.classify(ANSWERS), "forced_labour", design=fl.Design(unweighted=True))
    (note,) = [entry for entry in result.assumptions if entry.code == "recalled_parts"]
    assert dict(note.parameters)["framework"] == "icls2018_adult"
    plain = fl.classify(ANSWERS).people
    codes = {
        entry.code
        for entry in fl.estimate_prevalence(plain, "forced_labour", design=fl.Design(unweighted=True)).assumptions
    }
    assert "recalled_parts" not in codes
