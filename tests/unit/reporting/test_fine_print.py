"""Fine print: headings told once, assumptions told where they hold, codes with leading zeros, hashes that are gone, and no "None" on a page."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import fl_estimate as fl
from fl_estimate import capture_recapture as cr
from fl_estimate.estimators.synthesis.combine import SOURCES_INDEPENDENT
from fl_estimate.reporting.formats.terminal import SHOWN
from fl_estimate.reporting.headline import headline
from fl_estimate.reporting.layout import layout
from fl_estimate.reporting.releases import CSV, PARQUET, known_tables
from tests.unit.reporting.few import DESIGN, people
from tests.unit.reporting.made import country, estimates

LISTS = ["a", "b", "c"]


def histories(**more: Any) -> fl.CaptureHistories:
    members = [(1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 1, 0), (1, 0, 1), (0, 1, 1), (1, 1, 1)]
    frame = pd.DataFrame(members, columns=LISTS).assign(count=[60, 50, 40, 20, 3, 12, 6])
    return replace(fl.CaptureHistories.from_counts(frame, lists=LISTS), **more)


def test_each_outcome_is_headed_once_however_many_margins_it_has() -> None:
    made = fl.estimate_prevalence(people(), ["fl", "one"], design=DESIGN, by=[["region"], ["sex"]])
    (table,) = fl.publish(made).tables
    heads = [row.label for row in layout(table, "en", None).rows if row.heading]
    assert heads == ["Fl", "Region", "Sex", "One", "Region", "Sex"]


def test_an_outcome_without_words_of_its_own_has_no_population_in_its_bounds() -> None:
    bounds = estimates({"bound": "lower"}, {"bound": "upper", "value": 0.02}, outcome="unemployed")
    told = headline(fl.publish(replace(bounds, population="adults")), "en")
    assert told.sentences[0].startswith("Unemployed")


def test_the_undetermined_of_another_outcome_are_not_told() -> None:
    lead = estimates({})
    other = estimates({"bound": "lower"}, {"bound": "upper", "value": 0.0777, "upper": 0.08}, outcome="unemployed")
    same = estimates({"bound": "lower"}, {"bound": "upper", "value": 0.0777, "upper": 0.08})
    assert "77.7" not in " ".join(headline(fl.publish([lead, other]), "en").sentences)
    assert "77.7" in " ".join(headline(fl.publish([lead, same]), "en").sentences)


def test_an_assumption_of_some_rows_is_told_where_another_table_tells_it(tmp_path: Path) -> None:
    """Of a table of two methods each assumption is that of some rows: table 2 says it outright."""
    said = [SOURCES_INDEPENDENT.assume()]
    several = estimates({}, {"region": "A", "method": "replicates"}, assumptions=said)
    single = estimates({"outcome": "unemployed"}, assumptions=said)
    path = tmp_path / "report.html"
    fl.publish([several, single]).to_html(path)
    text = path.read_text(encoding="utf-8")
    # Told of every table that tells it outright, and so without their numbers.
    assert text.split("The sources are independent of each other.")[1].startswith("</li>")


def test_what_a_terminal_shows_of_a_prevalence() -> None:
    sheet = layout(fl.publish(country()).tables[0], "en", None)
    assert [name for name in sheet.heads if name in SHOWN] == [
        "value", "interval", "cv", "n", "cases", "undetermined"
    ]  # fmt: skip


def test_codes_of_a_folder_keep_their_leading_zeros(tmp_path: Path) -> None:
    frame = people().assign(region=people()["region"].map({"A": "01", "B": "02", "C": "03", "D": "04", "Z": "05"}))
    made = fl.estimate_prevalence(frame, "fl", design=DESIGN, by="region")
    folder = tmp_path / "run"
    folder.mkdir()
    fl.publish(made).to("csv", folder / CSV)
    (folder / "manifest.json").write_text(json.dumps({"rule": {"min_cases": 5, "min_n": 50}}), encoding="utf-8")
    assert not (folder / PARQUET).is_file()
    (table,) = known_tables([folder], [""])
    assert [label for label in table.frame["region"].tolist() if label] == ["01", "02", "03", "04", "05"]


def test_what_made_a_figure_from_lists_is_kept_without_any_hash() -> None:
    given = histories()
    made = cr.loglinear(given, [("a", "b")])
    full = replace(made, provenance=replace(made.provenance, arguments={**made.provenance.arguments, "key": "f" * 64}))
    (table,) = fl.publish(full).tables
    assert table.provenance.arguments["key"] == ""
    kept = {name: value for name, value in table.provenance.arguments.items() if name != "key"}
    assert kept == {name: value for name, value in made.provenance.arguments.items() if name != "key"}
    assert any(kept.values())


def test_flags_of_rows_are_flags() -> None:
    hidden = fl.publish(country()).tables[0].hidden
    assert hidden.dtype == np.bool_
    assert hidden.tolist() == [False, False, False, False, True, False, False]
    assert (~hidden).sum() == 6
