"""The unknown answers that matter are those that could change the class: against every completion, and in formulas by hand."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pandas as pd

import fl_estimate as fl
from fl_estimate.arrays import Bools
from fl_estimate.indicators.items import known_items
from fl_estimate.indicators.open_answers import AnsweredColumns, Turnable, answers_that_matter

COLUMNS = ("w_low_no_wage", "r_dec_wages", "w_diff_job", "c_docs", "c_locked@work")
TRUE = {"c": "experienced"}


def _matter(table: pd.DataFrame, framework: str) -> Bools:
    chosen = fl.Framework.read(framework).asked_for(None)
    unknown = {name: table[name].isin(["dk", "ref", "missing", "not_asked"]).to_numpy() for name in COLUMNS}
    ages = table["age"].to_numpy(dtype=float)
    texts = {name: table[name].to_numpy(dtype=object) for name in COLUMNS}
    answers = AnsweredColumns(texts=texts, numbers={}, unknown=unknown, ages=(ages, ages))
    return answers_that_matter(answers, [chosen], known_items())


def _every(answers: tuple[str, ...]) -> pd.DataFrame:
    rows = [[TRUE.get(name[0], "yes") if a == "yes" else a for name, a in zip(COLUMNS, row, strict=True)] for row in product(answers, repeat=len(COLUMNS))]  # fmt: skip
    return pd.DataFrame(rows, columns=list(COLUMNS)).assign(age=30)


def test_no_answer_that_matters_is_missed_and_none_that_does_not_is_found() -> None:
    """All 243 rows of yes, no and unknown, against the classes of all their completions."""
    told = _every(("no", "yes"))
    classes = fl.classify(told, short_instrument=True).people["forced_labour"].to_numpy()
    of_row: dict[tuple[int, ...], int] = dict(zip(product((0, 1), repeat=len(COLUMNS)), classes, strict=True))
    table = _every(("no", "yes", "dk"))
    found = _matter(table, "icls2018_adult")
    states = list(product((0, 1, 2), repeat=len(COLUMNS)))
    truly = np.zeros_like(found)
    for position, state in enumerate(states):
        for column in [at for at, value in enumerate(state) if value == 2]:
            options = [(0, 1) if value == 2 and at != column else (value,) for at, value in enumerate(state)]
            for rest in product(*options):
                low, high = (tuple(value if at == column else each for at, each in enumerate(rest)) for value in (0, 1))
                truly[position, column] |= of_row[low] != of_row[high]
    assert truly.any()
    assert not (truly & ~found).any(), "an answer that matters was missed"
    assert (found == truly).all()


def test_a_row_out_of_scope_hangs_on_nothing() -> None:
    table = _every(("dk",)).assign(age=12)
    assert not _matter(table, "icls2018_adult").any()


def _bit(value: bool, *by: int) -> Turnable:
    return Turnable(np.array([value]), np.isin(np.arange(4), by)[None, :])


def _by(bit: Any) -> list[int]:
    return np.flatnonzero(bit.by[0]).tolist()


def test_a_conjunction_hangs_on_its_false_parts_unless_one_of_them_is_certain() -> None:
    assert _by(_bit(False, 0) & _bit(True, 1)) == [0]
    assert _by(_bit(False, 0) & _bit(False, 1)) == [0, 1]
    assert _by(_bit(False, 0) & _bit(False)) == []
    assert _by(_bit(True, 0) & _bit(True, 1)) == [0, 1]


def test_a_disjunction_is_its_mirror_image() -> None:
    assert _by(_bit(True, 0) | _bit(True)) == []
    assert _by(_bit(False, 0) | _bit(False, 1)) == [0, 1]
    assert _by(_bit(True, 0) | _bit(False, 1)) == [0]


def test_a_count_hangs_on_what_could_still_reach_it() -> None:
    bits = [_bit(True), _bit(False, 0), _bit(False, 1), _bit(False)]
    count = bits[0].cast(None)
    for bit in bits[1:]:
        count = count + bit.cast(None)
    assert _by(count >= 2) == [0, 1]
    assert _by(count >= 4) == []  # only three can be true
    assert _by(count >= 1) == []  # one is true for certain
