"""A study file asks for link tracing, a multiplier of it and both beside each other, and publishes them in three languages."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
import pytest

import fl_estimate as fl

EXAMPLE = Path(__file__).parents[4] / "docs" / "examples" / "hidden_links.toml"
MAPPING = """
id = "traced"
title = "People traced through links"
kind = "household"
country = "XX"

[reference_period]
kind = "12m"
start = 2023-01-01
end = 2024-01-01

[people]
person_id = "person_id"

[design]
unweighted = true
"""


@pytest.mark.slow
def test_the_example_of_the_docs_runs_and_gives_what_python_gives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, steps in (("BURN_IN", 200), ("FEWEST_STEPS", 300), ("MOST_STEPS", 300)):
        monkeypatch.setattr(f"fl_estimate.estimators.hidden.links.link_posterior.{name}", steps)
    sample = fl.hidden.simulate_link_tracing(
        500, strata={"port": 0.4, "town": 0.6}, links=[[0.01, 0.002], [0.002, 0.008]], initial=80, outcome=0.4, seed=3
    )
    people = sample.people.rename(columns={"fl": "forced_labour"}).assign(
        shelter=lambda f: (f["person_id"] % 3 == 0).astype(int)
    )
    people.to_csv(tmp_path / "people.csv", index=False)
    sample.links.to_csv(tmp_path / "links.csv", index=False)
    (tmp_path / "traced.toml").write_text(MAPPING, encoding="utf-8")
    shutil.copy(EXAMPLE, tmp_path / "study.toml")
    made = fl.run_study(tmp_path / "study.toml", out=tmp_path / "out")
    assert not made.failed
    wanted = fl.hidden.link_tracing(people, sample.links, outcome="forced_labour", strata="stratum", seed=1)
    pd.testing.assert_frame_equal(made.estimates["links"].to_frame(), wanted.to_frame())
    share = fl.estimate_prevalence(people, "shelter", design=fl.Design(unweighted=True))
    assert made.estimates["multiplier"].value == pytest.approx(210 / share.value)
    both = made.estimates["both"].to_frame()
    assert both["term"].tolist() == ["links", "multiplier"]
    assert both["value"].tolist() == [wanted.select(quantity="population_size").national.value, 210 / share.value]
    text = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "stochastic block model" in text
