"""An order of respondents that comes from the chains themselves: random numbers are dealt out by it, not by rows or ids."""

from __future__ import annotations

import numpy as np

from fl_estimate.arrays import Floats, Positions
from fl_estimate.inputs.recruitment import Recruitment


def canonical_order(recruitment: Recruitment, attributes: Floats) -> Positions:
    """Rows by wave, within it by their recruiter's place, then by what they and all whom they brought in are like.

    Respondents who tie are alike in every attribute, and so are the trees below them: who of them comes first changes no
    distribution. Ids settle ties, so that the order of rows never matters.

    Parameters
    ----------
    recruitment : Recruitment
    attributes : float array, shape (n, attributes)
        What makes respondents unlike: degrees, outcomes. NaN is one value.

    Returns
    -------
    int array, shape (n,)
        Rows in that order.
    """
    own = np.unique(np.nan_to_num(attributes, nan=-np.inf), axis=0, return_inverse=True)[1].ravel()
    ids = np.argsort(np.argsort(np.array(recruitment.persons, dtype=object), kind="stable"), kind="stable")
    rank = _ranks(recruitment, own)
    place = np.zeros(recruitment.n, dtype=np.intp)
    order: list[Positions] = []
    for wave in range(int(recruitment.waves.max()) + 1):
        rows = np.flatnonzero(recruitment.waves == wave)
        above = place[recruitment.recruiters[rows]] if wave else np.zeros(len(rows), dtype=np.intp)
        rows = rows[np.lexsort((ids[rows], rank[rows], above))]
        place[rows] = np.arange(len(rows))
        order.append(rows)
    return np.concatenate(order)


def _ranks(recruitment: Recruitment, own: Positions) -> Positions:
    """Of each wave the rank of what its respondents and the trees below them are like."""
    below: list[list[int]] = [[] for _ in range(recruitment.n)]
    rank = np.zeros(recruitment.n, dtype=np.intp)
    for wave in range(int(recruitment.waves.max()), -1, -1):
        rows = np.flatnonzero(recruitment.waves == wave)
        signs = {int(row): (int(own[row]), tuple(sorted(below[row]))) for row in rows}
        known = {sign: number for number, sign in enumerate(sorted(set(signs.values())))}
        for row, sign in signs.items():
            rank[row] = known[sign]
            if wave:
                below[int(recruitment.recruiters[row])].append(known[sign])
    return rank
