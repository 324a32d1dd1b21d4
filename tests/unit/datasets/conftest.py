"""The synthetic country, made once for all tests of the data sets."""

from __future__ import annotations

import pandas as pd
import pytest

from fl_estimate.datasets.country import Population, Survey, make_population, survey
from fl_estimate.datasets.office_files import household_frame


@pytest.fixture(scope="session")
def country() -> Population:
    """The country of data/sample."""
    return make_population()


@pytest.fixture(scope="session")
def surveyed(country: Population) -> Survey:
    """The survey of data/sample."""
    return survey(country, 1)


@pytest.fixture(scope="session")
def office(surveyed: Survey) -> pd.DataFrame:
    """The survey of data/sample as the office's file."""
    return household_frame(surveyed)
