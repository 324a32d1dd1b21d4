"""Models and tests of domains do not give away the one that is withheld: the nation's cases less those of all others are its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

import fl_estimate as fl

DESIGN = fl.Design(psu="ea", unweighted=True)


def people() -> pd.DataFrame:
    """Four regions of 400; three people in D are cases."""
    rng = np.random.default_rng(1)
    region = np.repeat(list("ABCD"), 400)
    y = (rng.random(1600) < 0.15).astype(int)
    y[region == "D"] = 0
    y[np.flatnonzero(region == "D")[:3]] = 1
    return pd.DataFrame(
        {"region": region, "ea": np.arange(1600) // 20, "sex": np.where(np.arange(1600) % 2 == 0, "f", "m"), "y": y}
    )


MODELS: dict[str, Callable[[pd.DataFrame], fl.Estimates]] = {
    "regression": lambda p: fl.regress(p, "y ~ sex", design=DESIGN, by="region"),
    "t": lambda p: fl.t_test(p, "y", "sex", design=DESIGN, by="region"),
    "independence": lambda p: fl.independence_test(p, "y", "sex", design=DESIGN, by="region"),
    "two margins": lambda p: fl.regress(p, "y ~ 1", design=DESIGN, by=[["region"], ["sex"]]),
}


@pytest.mark.parametrize("name", MODELS)
def test_where_the_model_of_a_domain_is_withheld_those_of_all_domains_are(name: str) -> None:
    (table,) = fl.publish(MODELS[name](people())).tables
    domain = table.frame["margin"] != ""
    assert domain.any()
    assert set(table.frame.loc[domain, "publication"]) == {"not_published"}
    assert table.frame.loc[domain, ["value", "se", "lower", "upper", "cases"]].isna().all(axis=None)
    assert set(table.frame.loc[~domain, "publication"]) == {"published"}


def test_models_of_domains_that_are_all_large_enough_are_published() -> None:
    made: Any = people()
    made = made[made["region"] != "D"]
    (table,) = fl.publish(fl.regress(made, "y ~ sex", design=DESIGN, by="region")).tables
    assert set(table.frame["publication"]) == {"published"}
