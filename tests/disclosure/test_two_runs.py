"""Attack (viii): two releases of the same people, whose difference is a group of few; and what is known of earlier folders."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import fl_estimate as fl
from fl_estimate.cli import app
from tests.disclosure.tables import DESIGN, survey
from tests.unit.study.made import MAPPING

OLD, YOUNG = "age >= 25", "age >= 18"


def people() -> pd.DataFrame:
    """600 people of three regions; of those of 18 to 24 three are cases, in one region."""
    frame = survey([[9, 14], [11, 8], [12, 10]], [[100] * 2, [100] * 2, [100] * 2], seed=4).people
    rng = np.random.default_rng(2)
    frame["age"] = rng.integers(25, 65, len(frame))
    young = rng.choice(np.flatnonzero(frame["region"].eq("R0") & frame["fl"].eq(1)), 3, replace=False)
    frame.loc[young, "age"] = 21
    frame.loc[rng.choice(np.flatnonzero(frame["fl"].eq(0)), 90, replace=False), "age"] = 20
    return frame


def both(where: str) -> dict[str, fl.Estimates]:
    made = people()
    call: dict[str, Any] = {"design": DESIGN, "by": "region", "where": where}
    return {"prevalence": fl.estimate_prevalence(made, "fl", **call), "total": fl.estimate_total(made, "fl", **call)}


def differences(first: pd.DataFrame, second: pd.DataFrame) -> list[float]:
    """Cases of who is in one only, where both tables print theirs."""
    keys = ["quantity", "margin", "region"]
    joined = first.merge(second, on=keys, suffixes=("", "_"))
    return [float(gap) for gap in (joined["cases"] - joined["cases_"]).abs().dropna()]


def test_without_the_earlier_release_the_difference_is_the_few() -> None:
    """What the attack is: otherwise the next test could not fail."""
    assert 3.0 in differences(fl.publish(both(YOUNG)).to_frame(), fl.publish(both(OLD)).to_frame())


def test_with_the_earlier_release_no_difference_is_a_few() -> None:
    first = fl.publish(both(OLD))
    second = fl.publish(both(YOUNG), previous=[first])
    assert not [gap for gap in differences(second.to_frame(), first.to_frame()) if 0 < gap < 5]
    totals = [each.to_frame().query("quantity == 'total'").set_index("region") for each in (first, second)]
    gap = totals[1]["value"].to_numpy(dtype=float) - totals[0]["value"].to_numpy(dtype=float)
    few = people().query("age < 25 and fl == 1")["w"].sum()
    assert not (np.abs(gap - few) < 0.2 * few).any()


def test_an_earlier_table_binds_whatever_stands_above_its_direct_rows() -> None:
    """A figure of an office stacked above the shares of respondents is no count of them; the shares below it bind none the less."""
    office = fl.synthesis.published(0.04, se=0.01, quantity="prevalence", source="an office")
    made = both(OLD)["prevalence"]
    office = replace(office, assumptions=made.assumptions)  # of the same subpopulation
    above = fl.publish(fl.stack([office, made]))
    now = fl.publish(both(YOUNG)["prevalence"], previous=[above]).to_frame()
    shown = above.to_frame()
    earlier = shown[shown["margin"].eq("region")]
    assert 3.0 in differences(fl.publish(both(YOUNG)["prevalence"]).to_frame(), earlier)
    assert not [gap for gap in differences(now, earlier) if 0 < gap < 5]


def test_two_subpopulations_of_one_call_do_not_differ_by_a_few() -> None:
    frame = fl.publish([*both(YOUNG).values(), *both(OLD).values()]).to_frame()
    young, old = (
        frame[frame["estimate"].isin(["prevalence_1", "total_2"])],
        frame[~frame["estimate"].isin(["prevalence_1", "total_2"])],
    )
    assert not [gap for gap in differences(young, old) if 0 < gap < 5]


def test_a_cell_that_was_withheld_stays_so_though_others_protect_it_now() -> None:
    """The first release hides D1 and, to protect it, another; the second may not print the other while it hides a third."""
    made = survey([[6, 2, 20, 21], [9, 12, 8, 10]], [[120] * 4, [120] * 4], seed=9)
    regions = fl.publish([made.prevalence(), made.total()])
    again = fl.publish([made.prevalence(), made.total()], previous=[regions])
    shown = [
        {str(row["district"]) for row in each.to_frame().to_dict("records") if row["publication"] == "published"}
        for each in (regions, again)
    ]
    hidden = {"D00", "D01", "D02", "D03"} - shown[0] - shown[1]
    assert "D01" in hidden
    assert len(hidden) >= 2


def test_another_period_is_of_other_people() -> None:
    first = fl.publish([replace(each, reference_period="2022") for each in both(OLD).values()])
    now = [replace(each, reference_period="2023") for each in both(YOUNG).values()]
    pd.testing.assert_frame_equal(fl.publish(now, previous=[first]).to_frame(), fl.publish(now).to_frame())


@pytest.mark.parametrize("given", [3, "nowhere"])
def test_what_is_no_release_is_refused(given: Any) -> None:
    with pytest.raises(fl.FlError, match="FL-PUB-40"):
        fl.publish(both(OLD), previous=[given])


def study(folder: Path, name: str, where: str, previous: str = "") -> Path:
    """A study of the people in a file."""
    folder.mkdir(exist_ok=True)
    made = people()
    columns = {
        "ID": range(len(made)), "REG": made["region"], "STR": 1, "EA": made["ea"], "W": made["w"], "SEX": 1, "AGE": made["age"],
        "Q1": np.where(made["fl"].eq(1), 1, 2), "Q2": 2, "Q3": 2,
    }  # fmt: skip
    pd.DataFrame(columns).to_csv(folder / "people.csv", index=False)
    (folder / "people.toml").write_text(MAPPING, encoding="utf-8")
    entries = "".join(
        f'[[estimate]]\nname = "{kind}"\nkind = "{kind}"\noutcome = "case"\nby = "region"\nwhere = "{where}"\n'
        for kind in ("prevalence", "total")
    ).replace("age", "age_interview")
    publish = f'[publish]\nprevious = ["{previous}"]\n' if previous else ""
    text = f'title = "Two runs"\n[source.people]\nfile = "people.csv"\nmapping = "people.toml"\n{entries}{publish}'
    (folder / f"{name}.toml").write_text(text, encoding="utf-8")
    return folder / f"{name}.toml"


def test_folders_of_two_runs(tmp_path: Path) -> None:
    """`audit-release` finds the difference of two runs that do not know of each other, and nothing where the second does."""
    here = tmp_path / "studies"
    fl.run_study(study(here, "old", OLD), out=tmp_path / "old")
    fl.run_study(study(here, "young", YOUNG), out=tmp_path / "young")
    fl.run_study(study(here, "knowing", YOUNG, previous="../old"), out=tmp_path / "knowing")
    call = CliRunner().invoke
    alone = call(app, ["audit-release", str(tmp_path / "young")])
    assert (alone.exit_code, "nothing that is withheld" in alone.output) == (0, True)
    blind = call(app, ["audit-release", str(tmp_path / "old"), str(tmp_path / "young")])
    assert blind.exit_code == 1
    assert "cases between" in blind.output
    knowing = call(app, ["audit-release", str(tmp_path / "old"), str(tmp_path / "knowing")])
    assert knowing.exit_code == 0, knowing.output
    assert call(app, ["audit-release", str(tmp_path / "studies")]).exit_code == 2
    manifest = json.loads((tmp_path / "knowing" / "manifest.json").read_text(encoding="utf-8"))
    assert "../old/estimates.csv" in manifest["inputs"]
