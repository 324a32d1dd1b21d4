"""Proves that the common schema is whole: keys and links are there, item columns are recognised, limits make sense."""

from __future__ import annotations

import pytest

from fl_estimate.inputs.survey_data import TABLES as NAMES
from fl_estimate.schema import codes
from fl_estimate.schema.variables import TABLES, item_variable


def test_the_tables_are_those_of_survey_data() -> None:
    assert tuple(TABLES) == NAMES


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_keys_owners_and_links_are_variables(table) -> None:
    assert table.variables[table.key].kind == "key"
    for owner in table.owners:
        assert table.variables[owner].kind == "key"
    for link, other in table.links:
        assert table.variables[link].kind == "key"
        assert other in TABLES


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_names_codes_and_limits_are_consistent(table) -> None:
    for name, variable in table.variables.items():
        assert variable.name == name
        if variable.codes is not None:
            assert len({type(code) for code in variable.codes}) == 1
            assert len(set(variable.codes)) == len(variable.codes)
        if variable.limits is not None:
            assert variable.is_numeric
            assert variable.limits[0] < variable.limits[1]


@pytest.mark.parametrize(
    "name", ["r_birth_status", "v_debt", "w_hazard", "l_no_freedom_resign", "act", "state_penalty"]
)
def test_binary_items(name: str) -> None:
    variable = item_variable(name)
    assert variable is not None
    assert variable.codes == codes.BINARY


@pytest.mark.parametrize("name", ["c_docs", "c_docs@recruitment", "c_docs@work", "c_docs@leave"])
def test_coercion_items_with_and_without_phase(name: str) -> None:
    variable = item_variable(name)
    assert variable is not None
    assert variable.codes == codes.COERCION


@pytest.mark.parametrize("name", ["w_hazard@work", "c_docs@night", "c_", "x_hazard", "C_docs", "c_docs@", "region", ""])
def test_other_names_are_no_items(name: str) -> None:
    assert item_variable(name) is None


def test_items_stand_on_jobs_and_episodes_only() -> None:
    carrying = {name for name, table in TABLES.items() if table.variable("w_hazard") is not None}
    assert carrying == {"jobs", "episodes"}


def test_kinds_say_what_a_column_holds() -> None:
    people = TABLES["people"].variables
    assert people["sex"].is_numeric
    assert people["sex"].is_whole
    assert not people["region"].is_numeric
    assert people["region"].is_whole
    assert people["weight_person"].is_numeric
    assert not people["weight_person"].is_whole
