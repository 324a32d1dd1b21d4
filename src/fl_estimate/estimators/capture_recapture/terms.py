"""Terms of a log-linear model: sets of lists, closed under taking subsets, and their design matrix."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from typing import Literal

import numpy as np

from fl_estimate.arrays import Floats
from fl_estimate.errors import EstimateFault, listed, shown
from fl_estimate.inputs.histories import CaptureHistories, Member

Term = tuple[int, ...]
Terms = str | Sequence[Sequence[str]]
TermsInFile = Literal["main", "two-way"] | list[list[str]]
"""In a study file, where a list of sets is a list of lists."""


def read_terms(histories: CaptureHistories, terms: Terms) -> tuple[Term, ...]:
    """Read ``"main"``, ``"two-way"`` or a sequence of sets of lists as a hierarchical model.

    Main effects and every subset of a set are always in; the highest interaction, of all lists, cannot be estimated.

    Raises
    ------
    ListsFault
        FL-LISTS-01: a name that is no list.
    EstimateFault
        FL-EST-31: not a set of at least two different lists; FL-EST-32: the interaction of all lists.
    """
    size = len(histories.lists)
    singles: list[Term] = [(position,) for position in range(size)]
    if isinstance(terms, str):
        if terms not in ("main", "two-way"):
            raise EstimateFault(
                "FL-EST-31", "these terms are not known", found=shown(terms),
                fix='terms="main", "two-way", or a list of pairs such as [("police", "ngo")]',
            )  # fmt: skip
        pairs = list(itertools.combinations(range(size), 2)) if terms == "two-way" else []
    else:
        pairs = [_read(histories, term) for term in terms]
    closed = {part for term in pairs for k in range(1, len(term) + 1) for part in itertools.combinations(term, k)}
    model = sorted(closed | set(singles), key=lambda term: (len(term), term))
    if tuple(range(size)) in model:
        raise EstimateFault(
            "FL-EST-32",
            "the interaction of all lists cannot be estimated: only the people on no list would tell of it",
            found=listed(histories.lists),
            fix="leave it out; every estimate supposes that it is zero",
        )
    return tuple(model)


def _read(histories: CaptureHistories, term: Sequence[str]) -> Term:
    names = [term] if isinstance(term, str) else list(term)
    histories.require(names)
    if len(set(names)) < 2 or len(set(names)) != len(names):
        raise EstimateFault(
            "FL-EST-31", "a term needs at least two different lists", found=shown(term),
            fix='give pairs, such as [("police", "ngo")]; main effects are always in',
        )  # fmt: skip
    return tuple(sorted(histories.lists.index(name) for name in names))


def design_matrix(members: Member, terms: Iterable[Term]) -> Floats:
    """Intercept, then one column a term: 1 where a history contains all its lists; (histories, 1 + terms)."""
    columns = [np.ones(len(members))]
    columns += [members[:, list(term)].all(axis=1).astype(float) for term in terms]
    return np.stack(columns, axis=1)


def term_name(histories: CaptureHistories, term: Term) -> str:
    """``police:ngo``, as tables print it."""
    return ":".join(histories.lists[position] for position in term)


def model_name(histories: CaptureHistories, model: Sequence[Term]) -> str:
    """``main``, ``two-way``, or the terms that are in no other: ``police:ngo, ngo:hotline``."""
    size = len(histories.lists)
    above = [term for term in model if len(term) > 1]
    if not above:
        return "main"
    if set(above) == set(itertools.combinations(range(size), 2)):
        return "two-way"
    top = [term for term in above if not any(set(term) < set(other) for other in above)]
    return ", ".join(term_name(histories, term) for term in top)
