"""People whom no list could ever meet: an estimate from lists does not hold them, and a stated share of them is added."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any

import numpy as np

from fl_estimate.arrays import Floats
from fl_estimate.errors import EstimateFault, listed, shown
from fl_estimate.estimators.capture_recapture.linkage_codes import EVERYONE_CAN_BE_LISTED, SHARE_UNLISTABLE_STATED
from fl_estimate.results.estimates import Estimates
from fl_estimate.results.methods import method
from fl_estimate.results.roles import Earlier, InFile

ROWS = ("population_size", "dark_figure")


def _no_share(given: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """In a study file: a share, or two in order."""
    if "share" in given and _share(given["share"]) is None:
        yield "share", "a share of all people from 0 to below 1, or the least and the most: share = [0.2, 0.4]"


@method(kind="add_unlistable", basis=None, family="capture_recapture", faults=_no_share)
def add_unlistable(
    estimates: Annotated[Estimates, Earlier()],
    share: Annotated[float | tuple[float, float], InFile(float | list[float])],
) -> Estimates:
    """Add a stated share of people whom no list can meet to an estimate from lists.

    Capture–recapture counts whoever some list could have met. People who are kept where no list looks have no chance of
    being on one; no overlap tells of them. How large a share they are must come from elsewhere: from a survey that asks
    about contact with services, or from interviews with people who came free.

    Parameters
    ----------
    estimates : Estimates
        Rows `population_size` and `dark_figure` of a function of `fl.capture_recapture`, the envelope of an appraisal too.
    share : float, or (least, most)
        Of all people, those who cannot be listed; from 0 to below 1. With a range the lower limit takes the least, the
        upper limit the most, and the value the middle.

    Returns
    -------
    Estimates
        The same rows, larger. `se` is that of a share that is known. The assumption that everyone can be listed gives
        way to the share stated.

    Raises
    ------
    EstimateFault
        FL-EST-346 (not a share or range of shares), FL-EST-347 (other rows than those of lists).

    Notes
    -----
    N = N_listable/(1 − u). The dark figure is N less the people observed.

    Examples
    --------
    >>> import fl_estimate as fl, pandas as pd
    >>> from fl_estimate import capture_recapture as cr
    >>> counts = pd.DataFrame({"police": [1, 0, 1], "ngo": [0, 1, 1], "count": [300, 400, 100]})
    >>> histories = fl.CaptureHistories.from_counts(counts, lists=["police", "ngo"])
    >>> frame = cr.add_unlistable(cr.petersen(histories, "police", "ngo"), (0.1, 0.3)).to_frame()
    >>> [round(float(value)) for value in frame["value"]]
    [2500, 1700]
    """
    result = _share(share)
    if result is None:
        raise EstimateFault(
            "FL-EST-346", "the share of people whom no list can meet is a number from 0 to below 1, or two in order",
            found=shown(share), fix="0.3 says that three people in ten could be on no list; (0.2, 0.4) is a range",
        )  # fmt: skip
    least, most = result
    quantities = estimates.frame["quantity"].astype(str).tolist()
    if quantities != [*ROWS] * (len(quantities) // 2):
        raise EstimateFault(
            "FL-EST-347", "only estimates from lists can be made larger by those whom no list can meet",
            found=listed(dict.fromkeys(quantities)), fix="give what a function of fl.capture_recapture returns",
        )  # fmt: skip
    frame = estimates.frame.copy()
    sizes, seen = _sizes(estimates)
    for name, at in (("value", (least + most) / 2), ("lower", least), ("upper", most)):
        grown = sizes[name] / (1 - at)
        frame[name] = np.column_stack([grown, grown - seen]).ravel()
    frame["se"] = frame["se"].to_numpy(dtype=float) / (1 - (least + most) / 2)
    kept = tuple(one for one in estimates.assumptions if one.code != EVERYONE_CAN_BE_LISTED)
    assumption = SHARE_UNLISTABLE_STATED.assume(least=round(100 * least, 1), most=round(100 * most, 1))
    provenance = replace(
        estimates.provenance, call="add_unlistable",
        arguments={"of": estimates.provenance.to_dict(), "share": [least, most]},
    )  # fmt: skip
    return replace(
        estimates,
        frame=frame,
        assumptions=(*kept, assumption),
        draws=None,
        covariance_matrix=None,
        provenance=provenance,
    )


def _share(share: float | Sequence[float]) -> tuple[float, float] | None:
    """The least and the most; None where it is no share."""
    ends = tuple(share) if isinstance(share, Sequence) else (share, share)
    if len(ends) != 2 or not np.isfinite(ends).all():
        return None
    return (ends[0], ends[1]) if 0 <= ends[0] <= ends[1] < 1 else None


def _sizes(estimates: Estimates) -> tuple[dict[str, Floats], Floats]:
    """Value and limits of the population size, and the people observed: what is not dark."""
    frame = estimates.frame
    first = {name: frame[name].to_numpy(dtype=float)[::2] for name in ("value", "lower", "upper")}
    dark = {name: frame[name].to_numpy(dtype=float)[1::2] for name in first}
    return first, np.fmax(first["value"] - dark["value"], first["upper"] - dark["upper"])
