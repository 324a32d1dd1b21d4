"""What is withheld does not depend on the order in which results stand under each other: a model's rows first, or last."""

from __future__ import annotations

import numpy as np
import pandas as pd

import fl_estimate as fl


def test_a_stack_is_withheld_alike_in_any_order() -> None:
    """Four regions of 200 people with 24, 12, 9 and 2 cases: the last is withheld, and so is one more, or it is what is left."""
    at = np.arange(800)
    wanted = np.repeat([24, 12, 9, 2], 200)
    people = pd.DataFrame(
        {
            "w": 50.0,
            "ea": at // 25,
            "region": np.repeat(["North", "South", "East", "West"], 200),
            "fl": ((at % 200) * 7 % 200 < wanted).astype(int),
        }
    )
    design = fl.Design(weights="w", psu="ea", strata="region", expands=True)
    direct = fl.estimate_total(people, "fl", by="region", design=design)
    shares = fl.estimate_prevalence(people, "fl", by="region", design=design)
    persons = people.groupby("region").agg(population=("w", "sum")).reset_index()
    model = fl.hierarchical.area(shares, draws=200, seed=1).persons(persons)
    found: list[dict[tuple[str, str, str], str]] = []
    for order in ([direct, model], [model, direct]):
        frame = fl.publish({"together": fl.stack(order)}).to_frame()
        keys = zip(frame["method"], frame["region"].fillna(""), frame["margin"], strict=True)
        found.append(dict(zip(keys, frame["publication"], strict=True)))
    assert found[0] == found[1]
    regions = {region: status for (method, region, _), status in found[0].items() if method == "taylor" and region}
    assert regions["West"] != "published"
    assert sum(status == "not_published" for status in regions.values()) >= 1
