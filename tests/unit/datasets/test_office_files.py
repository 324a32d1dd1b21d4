"""The office's file of the synthetic survey is a whole roster in the codes that its labels name."""

from __future__ import annotations

import pandas as pd

from fl_estimate.datasets.country import Population, Survey, truth
from fl_estimate.datasets.geography import DISTRICTS
from fl_estimate.datasets.office_files import VARIABLES, districts_frame


def test_columns_are_the_variables(office: pd.DataFrame):
    assert list(office.columns) == [variable.name for variable in VARIABLES]
    assert all(len(variable.name) <= 8 and len(variable.label) <= 80 for variable in VARIABLES)


def test_every_code_has_its_label(office: pd.DataFrame):
    for variable in VARIABLES:
        if variable.values:
            assert set(office[variable.name].dropna().unique()) <= set(variable.values), variable.name
        assert set(variable.missing) <= set(variable.values)


def test_persons_and_households_have_keys(office: pd.DataFrame, surveyed: Survey):
    assert office["PID"].is_unique
    assert office["HHID"].nunique() == len(surveyed.sample.household)
    assert (office["PID"].str[:8] == office["HHID"]).all()
    assert set(office["PROXY"].dropna()) <= set(office["PID"])


def test_the_roster_holds_children_and_adults_who_were_not_selected(office: pd.DataFrame):
    children = office["Q102"] < 18
    assert children.sum() > 10_000
    assert (office.loc[children, "MODSEL"] == 2).all()
    assert office.loc[children, "Q105"].isna().all()
    assert office.loc[~children, "Q105"].notna().all()
    assert ((office["MODSEL"] == 2) & ~children).sum() > 2_000
    assert (office["MODRES"].notna() == (office["MODSEL"] == 1)).all()


def test_only_respondents_who_worked_have_a_work(office: pd.DataFrame):
    worked = (office["MODRES"] == 1) & (office["Q105"] == 1)
    for name in ("Q201", "Q202", "Q203", "Q204", "Q205", "Q206", "Q211"):
        assert (office[name].notna() == worked.fillna(False)).all(), name


def test_districts_have_their_true_number_of_adults(country: Population):
    frame = districts_frame(country)
    assert frame["district"].tolist() == list(DISTRICTS)
    assert frame["population"].tolist() == [cell["adults"] for cell in truth(country)["district"].values()]
    assert list(frame.columns) == ["district", "region", "x1", "x2", "population"]
