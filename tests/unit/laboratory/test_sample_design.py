"""Samples drawn from a frame: weights are the inverses of the chances of selection, at every stage, and what cannot be drawn is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import fl_estimate as fl
from fl_estimate.errors import DesignFault
from fl_estimate.laboratory.sample_design import prepare

RNG = np.random.default_rng(7)
SIZES = RNG.integers(4, 40, 60)
PSU = np.repeat(np.arange(60), SIZES)
FRAME = pd.DataFrame(
    {
        "stratum": np.where(PSU < 20, "north", "south"), "psu": PSU % 20, "home": np.arange(len(PSU)) // 3,
        "person": np.arange(len(PSU)), "census": (SIZES + RNG.integers(1, 9, 60))[PSU],
    }
)  # fmt: skip
FRAME.loc[FRAME["stratum"] == "south", "psu"] = PSU[FRAME["stratum"] == "south"]

DESIGNS: dict[str, dict[str, Any]] = {
    "pps": {"strata": "stratum", "psu": "psu", "psus": 5, "persons": 4},
    "pps by another size": {"strata": "stratum", "psu": "psu", "psus": {"north": 4, "south": 8}, "persons": 4, "size": "census"},
    "some for certain": {"strata": "stratum", "psu": "psu", "psus": 17, "persons": 6},
    "srs": {"strata": "stratum", "psu": "psu", "psus": 5, "persons": 4, "selection": "srs"},
    "households": {"strata": "stratum", "psu": "psu", "psus": 5, "household": "home", "households": 2, "persons": 1},
    "whole households": {"strata": "stratum", "psu": "psu", "psus": 17, "household": "home", "households": 2},
    "all of a PSU": {"strata": "stratum", "psu": "psu", "psus": 3, "selection": "srs", "fpc": True},
    "all households": {"strata": "stratum", "psu": "psu", "psus": 3, "household": "home", "persons": 2},
    "persons": {"persons": 50, "fpc": True},
    "persons by stratum": {"strata": "stratum", "persons": {"north": 10, "south": 30}},
}  # fmt: skip


@pytest.mark.parametrize("name", DESIGNS)
def test_weights_are_the_inverses_of_the_chances(name: str) -> None:
    """Over 3,000 samples the mean of Σw over any group is its size, within five of its own standard errors."""
    drawer = prepare(FRAME, fl.SampleDesign(**DESIGNS[name]))
    groups = np.column_stack(
        [FRAME["stratum"] == "north", FRAME["person"] % 7 == 0, PSU % 5 == 1, np.ones(len(PSU))]
    ).astype(float)
    sums = np.empty((3_000, 4))
    for number in range(len(sums)):
        sample, design = drawer.draw(np.random.default_rng(number))
        sums[number] = sample["weight"].to_numpy() @ groups[sample["person"].to_numpy()]
    assert design.weights == "weight"
    error = sums.std(axis=0, ddof=1) / np.sqrt(len(sums))
    assert (np.abs(sums.mean(axis=0) - groups.sum(axis=0)) < 5 * error + 1e-6).all()


@pytest.mark.parametrize("name", DESIGNS)
def test_as_many_are_drawn_as_asked_for(name: str) -> None:
    how = DESIGNS[name]
    sample, design = prepare(FRAME, fl.SampleDesign(**how)).draw(np.random.default_rng(1))
    assert sample["person"].is_unique
    if "psu" in how and name not in ("some for certain", "whole households"):
        drawn = sample.groupby("stratum")["psu"].nunique()
        wanted = how["psus"] if isinstance(how["psus"], dict) else {"north": how["psus"], "south": how["psus"]}
        assert drawn.to_dict() == wanted
    if name == "households":
        assert sample.groupby(["stratum", "psu"])["home"].nunique().max() == 2
        assert sample["home"].is_unique
    estimates = fl.estimate_total(sample.assign(one=1.0), "one", design=design, interval="wald")
    assert estimates.value == pytest.approx(sample["weight"].sum())


def test_the_frame_is_left_as_it_was() -> None:
    before = FRAME.copy()
    prepare(FRAME, fl.SampleDesign(**DESIGNS["pps"])).draw(np.random.default_rng(1))
    pd.testing.assert_frame_equal(FRAME, before)


@pytest.mark.parametrize(
    ("code", "given"),
    [
        ("FL-DESIGN-80", {"psu": "psu", "psus": 0}),
        ("FL-DESIGN-80", {"psu": "psu"}),
        ("FL-DESIGN-80", {}),
        ("FL-DESIGN-80", {"psu": "psu", "psus": 2, "households": 3}),
        ("FL-DESIGN-80", {"psu": "psu", "psus": {"north": 2}}),
        ("FL-DESIGN-80", {"psu": "psu", "psus": 2, "persons": 2, "selection": "srs", "fpc": True}),
        ("FL-DESIGN-04", {"psu": "psu", "psus": 2, "selection": "ppswr"}),
        ("FL-DESIGN-81", {"psu": "ea", "psus": 2}),
        ("FL-DESIGN-82", {"psu": "gap", "psus": 2}),
        ("FL-DESIGN-83", {"strata": "stratum", "psu": "psu", "psus": 21}),
        ("FL-DESIGN-83", {"persons": 1_000_000}),
        ("FL-DESIGN-84", {"psu": "psu", "psus": 2, "size": "person"}),
        ("FL-DESIGN-85", {"strata": "stratum", "psu": "psu", "psus": {"north": 2, "east": 2}}),
        ("FL-DESIGN-86", {"psu": "psu", "psus": 2, "weights": "person"}),
    ],
)
def test_what_cannot_be_drawn_is_refused(code: str, given: dict[str, Any]) -> None:
    frame = FRAME.assign(gap=FRAME["psu"].where(FRAME["psu"] > 3))
    with pytest.raises(DesignFault, match=code) as caught:
        prepare(frame, fl.SampleDesign(**given))
    assert caught.value.fix
