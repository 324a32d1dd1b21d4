"""The case lists hold only people in forced labour, count them right, and depend on each other as they say."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from fl_estimate.datasets.case_lists import DEPENDENT_PAIRS, LISTS, CaseLists, make_case_lists
from fl_estimate.datasets.country import Population


@pytest.fixture(scope="module")
def lists(country: Population) -> CaseLists:
    return make_case_lists(country, 1)


def test_the_hidden_number_is_known(country: Population, lists: CaseLists):
    assert lists.population_size == country.forced_labour.sum()
    assert lists.listed + lists.dark_figure == lists.population_size
    assert lists.listed == lists.counts["count"].sum()


def test_counts_are_the_records_counted(lists: CaseLists):
    assert len(lists.counts) == 2 ** len(LISTS) - 1
    assert not lists.counts.duplicated(list(LISTS)).any()
    for name in LISTS:
        assert (lists.counts[name] * lists.counts["count"]).sum() == lists.records[name].sum()
    assert (lists.records[list(LISTS)].sum(axis=1) >= 1).all()


def test_ids_are_made_up_unique_and_say_nothing(lists: CaseLists):
    ids = lists.records["id"]
    assert ids.is_unique
    assert ids.str.fullmatch("[0-9a-f]{12}").all()
    assert ids.is_monotonic_increasing


def test_the_same_seed_gives_the_same_lists(country: Population, lists: CaseLists):
    pd.testing.assert_frame_equal(make_case_lists(country, 1).records, lists.records)
    assert not make_case_lists(country, 2).counts.equals(lists.counts)


def test_pairs_depend_where_they_say_and_only_there(country: Population):
    """Log odds ratios in the whole population, averaged over 30 seeds: 0 but for the two dependent pairs."""
    found: dict[tuple[str, str], list[float]] = {}
    for seed in range(30):
        made = make_case_lists(country, seed)
        for index, first in enumerate(LISTS):
            for second in LISTS[index + 1 :]:
                a, b = made.records[first] == 1, made.records[second] == 1
                both, only_a, only_b = (a & b).sum(), (a & ~b).sum(), (~a & b).sum()
                neither = made.population_size - both - only_a - only_b
                found.setdefault((first, second), []).append(np.log(both * neither / (only_a * only_b)))
    for pair, values in found.items():
        error = np.std(values) / np.sqrt(len(values))
        if pair in DEPENDENT_PAIRS:
            assert np.mean(values) > 0.5
        elif pair != ("police", "hotline"):
            # a log odds ratio of small counts is biased by about 1 / (2 both): 0.1
            assert abs(np.mean(values)) < 0.1 + 4 * error
