"""Whether a log-linear model has an estimate at all: the extended maximum likelihood of sparse tables.

Fienberg and Rinaldo (2012), Annals of Statistics 40(2), 996-1023; Chan, Silverman and Vincent (2021), Journal of the
American Statistical Association 116(535), 1297-1306.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from operator import or_

import numpy as np
from scipy import linalg
from scipy.optimize import linprog

from fl_estimate.arrays import Floats
from fl_estimate.errors import EstimateFault
from fl_estimate.estimators.capture_recapture.terms import Term, Terms, design_matrix, read_terms, term_name
from fl_estimate.inputs.histories import CaptureHistories, Member, all_histories

ROUNDING = 1e-10
"""Of a movement of length one, what is taken for none."""


@dataclass(frozen=True, kw_only=True)
class Existence:
    """Whether the maximum likelihood estimate of a model exists and is the only one.

    Attributes
    ----------
    exists : bool
        Whether the likelihood has a maximum once terms without people are put at −∞.
    identifiable : bool
        Whether the terms left can be told apart by the histories left.
    minus_infinity : tuple of str
        Terms that nobody meets (their fitted counts are 0).
    status : str
        The same in words.
    """

    exists: bool
    identifiable: bool
    minus_infinity: tuple[str, ...]
    status: str

    @property
    def code(self) -> int:
        """0 both; 1 does not exist; 2 not identifiable; 3 neither (as SparseMSE numbers them)."""
        return (not self.exists) + 2 * (not self.identifiable)


@dataclass(frozen=True, kw_only=True, eq=False)
class Reduced:
    """A model without the terms at −∞, on the histories that can then occur.

    Attributes
    ----------
    terms, absent : tuple of Term
        Terms with a finite parameter, and those at −∞.
    members : int array, shape (histories, lists)
    counts : array, shape (histories,)
        0 for histories that did not occur.
    matrix : array, shape (histories, 1 + terms)
    """

    terms: tuple[Term, ...]
    absent: tuple[Term, ...]
    members: Member
    counts: Floats
    matrix: Floats


def check(histories: CaptureHistories, terms: Terms) -> Existence:
    """Say whether a model can be estimated from these histories, before anything is fitted.

    Parameters
    ----------
    histories : CaptureHistories
    terms : "main", "two-way" or sequence of sets of lists

    Returns
    -------
    Existence

    Raises
    ------
    EstimateFault
        FL-EST-31, FL-EST-32: the terms are not a model.
    ListsFault
        FL-LISTS-01.

    Notes
    -----
    A term θ with no people on all its lists has its parameter at −∞; the histories that contain it are left out. The
    estimate of the rest exists if and only if there is a table with the same margins and no zero, that is, no movement
    d of the parameters with (A d)_ω = 0 for the histories seen and ≤ 0, somewhere < 0, for the others (Farkas). It is
    unique if A has full column rank.

    Examples
    --------
    >>> import fl_estimate as fl, pandas as pd
    >>> from fl_estimate import capture_recapture as cr
    >>> counts = pd.DataFrame({"A": [1, 0, 1], "B": [0, 1, 1], "count": [50, 80, 10]})
    >>> cr.check(fl.CaptureHistories.from_counts(counts, lists=["A", "B"]), "main").status
    'the estimate exists and is the only one'
    """
    model = read_terms(histories, terms)
    reduced = reduce_model(histories, model)
    return existence(histories, reduced)


def reduce_model(histories: CaptureHistories, model: tuple[Term, ...]) -> Reduced:
    """Put terms without people at −∞ and take out the histories that contain them."""
    members = all_histories(len(histories.lists))
    counts = full_counts(histories, members)
    met = {term: float(counts[members[:, list(term)].all(axis=1)].sum()) for term in model}
    absent = tuple(term for term in model if met[term] == 0)
    impossible = reduce(or_, [members[:, list(t)].all(axis=1) for t in absent], np.zeros(len(members), dtype=bool))
    kept = tuple(term for term in model if met[term] > 0)
    left = members[~impossible]
    return Reduced(
        terms=kept, absent=absent, members=left, counts=counts[~impossible], matrix=design_matrix(left, kept)
    )


def full_counts(histories: CaptureHistories, members: Member) -> Floats:
    """Counts of all histories that can occur, in the order of `members`."""
    known = dict(zip(map(tuple, histories.members.tolist()), histories.counts.tolist(), strict=True))
    return np.array([known.get(tuple(history), 0.0) for history in members.tolist()])


def existence(histories: CaptureHistories, reduced: Reduced) -> Existence:
    """Solve the linear programme and look at the rank."""
    identifiable = is_identifiable(reduced.matrix)
    exists = is_inside(reduced.matrix, reduced.counts)
    names = tuple(term_name(histories, term) for term in reduced.absent)
    words = {
        (True, True): "the estimate exists and is the only one",
        (False, True): "no estimate exists: some fitted counts run to zero and parameters to infinity",
        (True, False): "the terms cannot be told apart: many estimates fit equally well",
        (False, False): "no estimate exists, and the terms cannot be told apart",
    }
    return Existence(exists=exists, identifiable=identifiable, minus_infinity=names, status=words[exists, identifiable])


def is_identifiable(matrix: Floats) -> bool:
    """Whether the columns can be told apart."""
    return bool(np.linalg.matrix_rank(matrix) == matrix.shape[1])


def is_inside(matrix: Floats, counts: Floats) -> bool:
    """Whether the margins lie inside their cone, so that the likelihood has a maximum.

    They do not if parameters can move so that no history seen changes, none unseen rises and some unseen fall: then the
    likelihood rises for ever. Only movements that leave the histories seen alone matter, few of many dimensions; a
    linear programme looks for one among them, and finds a fall of 1 or none at all.
    """
    seen = counts > 0
    scaled = matrix / np.abs(matrix).max(axis=0)
    still = linalg.null_space(scaled[seen])
    falls = scaled[~seen] @ still
    falls[np.abs(falls) < ROUNDING] = 0.0
    if not falls.any():
        return True
    solved = linprog(
        falls.sum(axis=0),
        A_ub=np.vstack([falls, -falls]),
        b_ub=np.concatenate([np.zeros(len(falls)), np.ones(len(falls))]),
        bounds=(None, None),
        method="highs",
    )
    if solved.status != 0:
        raise EstimateFault(
            "FL-EST-33", "the check for existence did not come to an end", found=str(solved.message),
            fix="this is a fault of the library: please report it with the table of counts",
        )  # fmt: skip
    return bool(solved.fun > -0.5)
