"""A survey whose file has a row for each relative, job or episode and none for the person: people are told apart by their id."""

from __future__ import annotations

from dataclasses import replace

from fl_estimate.loaders.tables import Filled, faults_where
from fl_estimate.schema.validate import Fault

_PERSON = "person_id"


def one_row_a_person(people: Filled) -> tuple[Filled, tuple[Fault, ...]]:
    """Keep the first row of each person, and find the persons of whom the rows do not say the same.

    Parameters
    ----------
    people : Filled
        The people as each row of the file tells of them.

    Returns
    -------
    people : Filled
        One row a person.
    faults : tuple of Fault
        Errors: a variable with several values for the same person. A row without the person's id stays, for the check of
        keys.
    """
    import polars as pl

    frame, faults = people.frame, list[Fault]()
    for name in people.columns:
        if name != _PERSON:
            differs = pl.col(name).ne_missing(pl.col(name).first().over(_PERSON)) & pl.col(_PERSON).is_not_null()
            faults += faults_where(people, frame, name, "one value a person", "another row says otherwise", differs)
    first = pl.col(_PERSON).is_null() | pl.col(_PERSON).is_first_distinct()
    return replace(people, frame=frame.filter(first), n_rows=None), tuple(faults)
