"""What a result says of itself when it is shown: its kind, its size, and the columns that hold something."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from fl_estimate.errors import listed
from fl_estimate.inputs.wording import SurveyWording
from fl_estimate.results.codes import UNWEIGHTED, Assumption
from fl_estimate.results.columns import FIXED, TEXT, context_of
from fl_estimate.results.domains import with_labels

KINDS: dict[str, str] = {
    "contrast_of_estimates": "Contrast of estimates, a table",
    "standardised": "Standardised estimates",
    "pool": "Estimates pooled over imputations, a table",
    "stack": "Stacked estimates",
    "regress": "Regression, a table",
}
"""What is said of results that are made of others, or of a model, by their assumption or call."""


def title(frame: pd.DataFrame, assumptions: Sequence[Assumption], call: str) -> str:
    """What a result is, in words."""
    of = listed(dict.fromkeys(str(each).replace("_", " ") for each in frame["quantity"] if each), most=4)
    told = [*(str(assumption.code) for assumption in assumptions), call]
    kind = next((KINDS[each] for each in told if each in KINDS), "Estimates")
    return f"{kind} of {of}" if of else kind


def size(frame: pd.DataFrame, assumptions: Sequence[Assumption]) -> str:
    """How many rows, and whether every respondent counts the same."""
    alike = ", unweighted" if any(assumption.code == UNWEIGHTED for assumption in assumptions) else ""
    return ("1 row" if len(frame) == 1 else f"{len(frame):,} rows") + alike


def table(frame: pd.DataFrame, by: Sequence[str], wording: SurveyWording) -> pd.DataFrame:
    """The table with labels, without columns that hold nothing here and those that few ask for."""
    read = with_labels(frame, by, wording)
    empty = [
        name
        for name in FIXED
        if name in read and ((read[name] == "").all() if name in TEXT else read[name].isna().all())
    ]
    empty += [name for name in context_of(by, read) if read[name].nunique() == 1]
    few = [name for name in ("method", "basis") if name in read and name not in empty]
    if "df_effective" not in empty and _the_same(read):
        few.append("df_effective")
    return read.drop(columns=[*empty, *few])


def _the_same(frame: pd.DataFrame) -> bool:
    """Whether limits were made with the degrees of freedom of the variance itself wherever there are any."""
    own, used = (frame[name].to_numpy(dtype=float) for name in ("df_effective", "df"))
    return bool(np.all(np.isnan(own) | np.isclose(own, used, rtol=1e-12)))
