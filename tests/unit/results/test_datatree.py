"""Draws go to ArviZ as a DataTree with a row for every row of the table; estimates without draws say that they have none."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import fl_estimate as fl

DIRECT = pd.DataFrame({"area": ["A", "B", "C", "D"], "value": [5.0, 9.0, 2.0, 4.0], "se": 1.0})


def test_draws_as_a_datatree() -> None:
    estimates = fl.hierarchical.area(DIRECT, likelihood="normal", draws=200, seed=1)
    posterior = estimates.to_datatree()["posterior"]
    assert dict(posterior.sizes) == {"chain": 1, "draw": 200, "row": 4}
    assert posterior["area"].to_numpy().tolist() == ["A", "B", "C", "D"]
    np.testing.assert_array_equal(posterior["value"].to_numpy()[0], estimates.draws)


def test_no_draws() -> None:
    with pytest.raises(fl.FlError, match="FL-EST-62"):
        fl.hierarchical.eblup(DIRECT).to_datatree()
