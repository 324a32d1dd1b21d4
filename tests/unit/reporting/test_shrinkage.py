"""The shrinkage plot shows every area of the model at its direct estimate, and refuses what cannot be laid side by side."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import fl_estimate as fl

DIRECT = pd.DataFrame(
    {"district": ["A", "B", "C", "D"], "n": [900, 700, 800, 0], "deff": 1.2, "value": [0.01, 0.0, 0.006, None]}
)


def survey() -> fl.Estimates:
    rng = np.random.default_rng(3)
    people = pd.DataFrame({"district": np.repeat(["A", "B", "C"], 300), "fl": (rng.random(900) < 0.03).astype(int)})
    return fl.estimate_prevalence(people, "fl", design=fl.Design(unweighted=True), by="district")


@pytest.mark.parametrize("language", ["en", "fr", "es"])
def test_every_area_is_drawn(language: str) -> None:
    direct = survey()
    model = fl.hierarchical.area(direct, covariates=None, seed=1)
    figure = fl.plot_shrinkage(direct, model, language=language)
    axes = figure.axes[0]
    points = np.asarray(axes.collections[2].get_offsets())
    frame = model.to_frame()
    np.testing.assert_allclose(points[:, 1], frame["value"])
    assert (
        axes.get_xlabel() == {"en": "Direct estimate", "fr": "Estimation directe", "es": "Estimación directa"}[language]
    )


def test_units_that_differ() -> None:
    direct = survey()
    model = fl.hierarchical.area(direct, seed=1)
    with pytest.raises(fl.FlError, match="FL-PUB-05"):
        fl.plot_shrinkage(direct.per_thousand(), model)
    other = fl.hierarchical.area(DIRECT.assign(outcome="fl"), seed=1)
    with pytest.raises(fl.FlError, match="FL-PUB-02"):
        fl.plot_shrinkage(renamed(direct), other)


def renamed(direct: fl.Estimates) -> fl.Estimates:

    frame = direct.frame.assign(district=direct.frame["district"].map(lambda name: f"{name} Town", na_action="ignore"))
    return replace(direct, frame=frame)
