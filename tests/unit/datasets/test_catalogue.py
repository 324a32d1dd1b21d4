"""Data sets come by name, each with its source; a wrong name gets the nearest one."""

from __future__ import annotations

import pandas as pd
import pytest

import fl_estimate as fl
from fl_estimate.errors import FileFault


def test_every_name_has_a_source():
    for name in fl.datasets.names():
        origin = fl.datasets.source(name)
        assert origin.name == name
        assert origin.licence
        if name.startswith("country"):
            assert origin.licence == "BSD-3-Clause"
            assert str(origin).startswith("Synthetic country")


@pytest.mark.parametrize("function", [fl.datasets.load, fl.datasets.source])
def test_an_unknown_name_gets_the_nearest(function: object):
    assert callable(function)
    with pytest.raises(FileFault, match=r"FL-FILE-20.*\n.*country_lits.*\n.*did you mean 'country_lists'"):
        function("country_lits")


def test_truth_is_a_frame_with_the_nation_first():
    frame = fl.datasets.load("country_truth")
    assert list(frame.columns) == ["margin", "value", "adults", "forced_labour", "prevalence"]
    assert frame.groupby("margin")["adults"].sum().nunique() == 1
    assert len(frame) == 1 + 6 + 24 + 2 + 2


def test_case_lists_are_histories_and_districts_a_frame():
    histories, records = fl.datasets.load("country_lists"), fl.datasets.load("country_list_records")
    assert isinstance(histories, fl.CaptureHistories)
    assert isinstance(records, pd.DataFrame)
    assert histories.n == len(records)
    districts = fl.datasets.load("country_districts")
    assert isinstance(districts, pd.DataFrame)
    assert len(districts) == 24


def test_the_survey_comes_through_its_mapping():
    data = fl.datasets.load("country_household")
    assert data.report.ok
    assert data.mapping == "country"
    assert data.design is not None
    assert data.design.psu is not None
    asked = data.people["selected_for_module"] == "yes"
    assert asked.sum() > 22_000
    assert len(data.jobs) == (asked & (data.people["worked"] == "yes")).sum()
    assert str(data.reference_period) == "2023-01-01 to 2023-12-31"
