"""Regressions of imputed data put together agree with R's mitools in value and error, and with Barnard and Rubin in df."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import fl_estimate as fl
from tests.reference import models_of_r as r

CALLS: dict[str, tuple[str, dict[str, Any]]] = {
    "mi/synth_c/gamma": ("wage ~ sex + educ", {"family": "gamma"}),
    "mi/synth_c/gaussian": ("np.log(wage) ~ sex + age + forced", {"family": "gaussian"}),
    "mi/synth_c/logit": ("forced ~ np.log(wage) + sex", {}),
}
DESIGN = fl.Design(weights="weight", strata="stratum", psu="psu", expands=True)


def pooled(name: str) -> fl.Estimates:
    formula, more = CALLS[name]
    each = [fl.regress(r.people(f"synth_c_imp{k}"), formula, design=DESIGN, **more) for k in range(1, 6)]
    # R's df.complete = degf(design): 20.
    return fl.pool(each, df=20)


@pytest.mark.parametrize("name", CALLS)
def test_pooled_coefficients(name: str) -> None:
    """Mitools has another df than the paper that it cites (5-7 % more): `check.df_by_hand` is the paper's."""
    found, entry = pooled(name).to_frame(), r.ENTRIES[name]
    np.testing.assert_allclose(found["value"], entry["result"]["estimate"], rtol=1e-7)
    np.testing.assert_allclose(found["se"], entry["result"]["se"], rtol=1e-7)
    np.testing.assert_allclose(found["df"], entry["check"]["df_by_hand"], rtol=1e-6)


def test_a_pooled_regression_is_a_regression() -> None:
    found = pooled("mi/synth_c/logit")
    assert isinstance(found, fl.Regression)
    frame = found.to_frame()
    odds = found.coefficients(exponentiate=True)
    np.testing.assert_allclose(odds["value"], np.exp(frame["value"]))
    test = fl.term_test(found, "sex")
    position = frame["term"].tolist().index("sex[T.M]")
    np.testing.assert_allclose(test.statistic, (frame["value"] / frame["se"]).iloc[position] ** 2, rtol=1e-9)
    assert test.df == (1.0, frame["df"].min())
    with pytest.raises(fl.FlError, match="FL-EST-230"):
        fl.marginal_means(found, "sex")
    with pytest.raises(fl.FlError, match="FL-EST-230"):
        fl.marginal_effects(found)


def test_every_entry_is_run() -> None:
    assert set(CALLS) == set(r.of("MIcombine_df"))
