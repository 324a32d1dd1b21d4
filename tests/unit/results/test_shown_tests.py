"""A test of a survey shows its numbers: which group less which, degrees of freedom, limits, and that a p-value is missing."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pandas as pd

import fl_estimate as fl
from fl_estimate.results.basis import Support
from fl_estimate.results.crossing import Crossing

PEOPLE = pd.DataFrame({"ea": np.repeat(range(8), 3), "sex": [1, 2, 1] * 8, "hours": 30.0 + np.arange(24) * 7 % 11})
DESIGN = fl.Design(psu="ea", unweighted=True)


def lines(test: fl.SurveyTest) -> dict[str, str]:
    return {line.split()[0]: line.split(maxsplit=1)[1] for line in repr(test).splitlines()[1:]}


def test_a_difference_says_which_group_less_which() -> None:
    test = fl.t_test(PEOPLE, "hours", "sex", design=DESIGN)
    shown = lines(test)
    assert repr(test).splitlines()[0] == test.name
    assert shown["of"] == "2 − 1"
    assert float(shown["t"]) == float(f"{test.statistic:.4g}")
    assert shown["df"] == f"{test.df[0]:.4g}"
    assert shown["95"].split(maxsplit=1) == ["%", f"{test.lower:.4g} to {test.upper:.4g}"]
    assert shown["p"] == f"{test.p_value:.4f}"
    assert shown["n"] == "24"
    assert lines(replace(test, n=1234, p_value=1e-5))["n"] == "1,234"
    assert lines(replace(test, p_value=1e-5))["p"] == "< 0.0001"
    assert lines(replace(test, p_value=math.nan))["p"] == "missing: too few degrees of freedom"


def test_what_is_missing_has_no_line() -> None:
    test = fl.t_test(PEOPLE, "hours", "sex", design=DESIGN)
    bare = lines(replace(test, df=(), estimate=math.nan, lower=math.nan, groups=()))
    assert set(bare) == {"t", "p", "n"}
    assert lines(replace(test, estimate=math.nan, groups=("a", "b")))["of"] == "a, b"
    assert lines(replace(test, groups=("a", "b", "c")))["of"] == "a, b, c"
    assert "<th>of</th><td>2 − 1</td>" in test._repr_html_()


def test_whole_numbers_given_are_kept_as_float() -> None:
    """A missing entry is NaN: an array of whole numbers could not hold one."""
    support = Support(respondents=np.array([10]), cases=np.array([3]), psus_with_cases=np.array([2]), df=np.array([7]))
    assert {getattr(support, name).dtype.kind for name in ("respondents", "cases", "psus_with_cases", "df")} == {"f"}
    # What was not known in an earlier version is not known of each row.
    before = {name: values for name, values in support.to_dict().items() if name != "df_effective"}
    assert np.isnan(Support.from_dict(before).df_effective).tolist() == [True]
    arrays = ("n", "cases", "weight", "weighted_cases", "weight_in_scope", "undetermined")
    numbers = {name: [[1, 2]] for name in arrays}
    words = {"by": ["r"], "labels": [["a"], ["b"]], "outcomes": ["fl"], "binary": [True], "where": "", "nested": []}
    crossing = Crossing.from_dict({**words, **numbers})
    assert crossing.n.shape == (1, 2)
    assert crossing.n.dtype.kind == "f"
    assert crossing.to_dict()["labels"] == (("a",), ("b",))
