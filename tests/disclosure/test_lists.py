"""Attack (v): overlaps of case lists that are not printed, from what the page of an appraisal and the files of a run do print."""

from __future__ import annotations

import hashlib
import html
import itertools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import fl_estimate as fl
from fl_estimate import capture_recapture as cr
from fl_estimate.reporting.appraisals import PublishedAppraisal, publish_appraisal
from tests.disclosure.attacker import MIN_CASES, Puzzle
from tests.disclosure.conftest import SAMPLE, Run

LISTS = ["police", "ngo", "clinic"]
COUNTS = {(1, 0, 0): 120, (0, 1, 0): 95, (0, 0, 1): 60, (1, 1, 0): 14, (1, 0, 1): 2, (0, 1, 1): 3, (1, 1, 1): 6}
"""Two overlaps of fewer than five people."""
HIDDEN = [(1, 0, 1), (0, 1, 1)]


def histories(counts: dict[tuple[int, ...], int], lists: list[str] = LISTS) -> fl.CaptureHistories:
    rows = pd.DataFrame([dict(zip(lists, members, strict=True)) | {"count": k} for members, k in counts.items() if k])
    return fl.CaptureHistories.from_counts(rows, lists=lists)


@pytest.fixture(scope="module")
def appraisal() -> Any:
    return cr.appraise(histories(COUNTS), replicates=20, draws=100, seed=1)


@pytest.fixture(scope="module")
def shown(appraisal: Any) -> PublishedAppraisal:
    return publish_appraisal(appraisal)


def solved(shown: PublishedAppraisal, text: str) -> dict[tuple[int, ...], tuple[float, float]]:
    """Every history that is not printed, by sums that are: people in all, on several lists, on each list, without one list."""
    puzzle, lists = Puzzle(), list(shown.lists)
    printed = {tuple(int(row[name]) for name in lists): row["count"] for row in shown.histories.to_dict("records")}
    cells: dict[tuple[int, ...], int] = {}
    for members in itertools.product((0, 1), repeat=len(lists)):
        if any(members):
            count = printed.get(members, np.nan)
            cells[members] = puzzle.unknown(*((0, np.inf) if pd.isna(count) else (count, count)))
    every = set(cells)

    def says(of: set[tuple[int, ...]], total: Any) -> None:
        if total is not None and np.isfinite(float(total)):
            puzzle.says(dict.fromkeys((cells[one] for one in of), 1.0), float(total), float(total))

    says(every, shown.n)
    says({one for one in every if sum(one) > 1}, shown.several)
    for frame in shown.consistency.values():
        for row in frame.to_dict("records"):
            says({one for one in every if one[lists.index(row["list"])]}, row["known"])
    if "n" in shown.leave_one_list:
        for name, row in zip(lists, shown.leave_one_list.to_dict("records"), strict=False):
            at = lists.index(name)
            says({one for one in every if any(one[:at] + one[at + 1 :])}, row["n"])
    for code, parameters in shown.warnings:
        if code == "few_on_two_lists" and isinstance(parameters["people"], float):
            says({one for one in every if sum(one) > 1}, parameters["people"])
    assert text
    hidden = {one: cells[one] for one in every if pd.isna(printed.get(one, np.nan))}
    found = {one: puzzle.range(at) for one, at in hidden.items()}
    return {one: ends for one, ends in found.items() if ends is not None}


def closed(found: dict[tuple[int, ...], tuple[float, float]], true: dict[tuple[int, ...], int]) -> dict[Any, Any]:
    return {
        one: ends
        for one, ends in found.items()
        if true.get(one, 0) < MIN_CASES and (ends[0] > 1 or ends[1] < MIN_CASES - 1)
    }


def test_sums_of_the_page_do_not_give_an_overlap(shown: PublishedAppraisal) -> None:
    assert closed(solved(shown, fl.appraisal_page(shown)), COUNTS) == {}


def test_the_samples_overlaps_stay_hidden() -> None:
    counts = pd.read_csv(SAMPLE / "lists.csv")
    lists = [name for name in counts.columns if name != "count"]
    made = fl.CaptureHistories.from_counts(counts, lists=lists)
    found = cr.appraise(made, replicates=20, draws=100, seed=1)
    true = {tuple(int(row[name]) for name in lists): int(row["count"]) for row in counts.to_dict("records")}
    page = publish_appraisal(found)
    assert closed(solved(page, fl.appraisal_page(page)), true) == {}


def candidates() -> Iterator[tuple[dict[tuple[int, ...], int], fl.CaptureHistories]]:
    """Every table with other numbers in the hidden overlaps, as many people in all."""
    left = sum(COUNTS[one] for one in HIDDEN)
    for first in range(left + 1):
        tried = COUNTS | {HIDDEN[0]: first, HIDDEN[1]: left - first}
        if all(k < MIN_CASES for k in (first, left - first)):
            yield tried, histories(tried)


def fits(printed: pd.DataFrame, found: pd.DataFrame) -> bool:
    """Whether a table that was computed again, written as the printed one is, agrees with it."""
    for name in ("value", "lower", "upper"):
        for a, b in zip(printed[name].tolist(), found[name].tolist(), strict=False):
            if pd.notna(a) and pd.notna(b):
                digits = -np.floor(np.log10(max(abs(a), 1))) + 1
                exact = abs(a - round(a, int(digits))) > 1e-9
                if abs(a - (b if exact else round(b, int(digits)))) > (0.5 if exact else 1e-6):
                    return False
    return True


def test_leaving_a_list_out_does_not_give_an_overlap(shown: PublishedAppraisal) -> None:
    """What is left of three lists is a table of two: Chapman's or the log-linear estimate is a function of one overlap."""
    from fl_estimate.estimators.capture_recapture import robustness

    for name in ("leave_one_list", "merge_two_lists"):
        printed: pd.DataFrame = getattr(shown, name)
        call = getattr(robustness, name)
        fit = [tried[HIDDEN[0]] for tried, made in candidates() if not len(printed) or fits(printed, call(made))]
        assert min(fit) <= 1, name
        assert max(fit) >= MIN_CASES - 1, name


def test_the_odds_ratio_sentence_does_not_give_an_overlap(shown: PublishedAppraisal) -> None:
    """The page's largest move: of which pair, from what to what."""
    if not len(shown.sensitivity):
        return
    fit: list[int] = []
    whole = shown.sensitivity.sort_values(["interaction", "ratio"])
    for tried, made in candidates():
        again = publish_appraisal(cr.appraise(made, replicates=20, draws=100, seed=1)).sensitivity
        again = again.sort_values(["interaction", "ratio"])
        if np.allclose(whole["value"], again["value"], atol=0.5):
            fit.append(tried[HIDDEN[0]])
    assert min(fit) <= 1
    assert max(fit) >= MIN_CASES - 1


def hashes(counts: dict[tuple[int, ...], int], lists: list[str]) -> set[str]:
    """Fingerprints that a reader can compute: of the histories as the library hashes them, and of the file as it is written."""
    rows = [",".join([*lists, "count"]), *(",".join(map(str, (*one, k))) for one, k in counts.items())]
    texts = ["\n".join(rows) + "\n", "\n".join(rows), "\r\n".join(rows) + "\r\n"]
    return {histories(counts, lists).content_hash, *(hashlib.sha256(text.encode()).hexdigest() for text in texts)}


def test_no_hash_of_the_page_confirms_a_guess(shown: PublishedAppraisal) -> None:
    page = fl.appraisal_page(shown)
    written = set(re.findall(r"[0-9a-f]{64}", html.unescape(page) + repr(shown.provenance)))
    assert not written & hashes(COUNTS, LISTS)


def test_no_hash_of_a_run_confirms_the_hidden_overlaps(sample: Run) -> None:
    """All files of the folder; lists.csv is a table of 31 counts, four of them hidden: guesses are cheap."""
    counts = pd.read_csv(SAMPLE / "lists.csv")
    lists = [name for name in counts.columns if name != "count"]
    true = {tuple(int(row[name]) for name in lists): int(row["count"]) for row in counts.to_dict("records")}
    guesses = hashes(true, lists)
    assert hashlib.sha256((SAMPLE / "lists.csv").read_bytes()).hexdigest() in guesses
    for path in sorted(sample.folder.iterdir()):
        written = set(re.findall(rb"[0-9a-f]{64}", path.read_bytes()))
        assert not written & {one.encode() for one in guesses}, path.name


def test_the_fingerprint_of_a_run_confirms_no_guess_either(sample: Run) -> None:
    """It is a hash of hashes, all others of which are printed: with lists.csv guessed, it can be computed."""
    import json

    manifest = json.loads((sample.folder / "manifest.json").read_text(encoding="utf-8"))
    parts = {"files": manifest["inputs"], "packages": manifest["packages"]}
    parts["files"] = {**parts["files"], "lists.csv": hashlib.sha256((SAMPLE / "lists.csv").read_bytes()).hexdigest()}
    whole = json.dumps({**parts, "study": manifest["config"]}, sort_keys=True)
    assert hashlib.sha256(whole.encode()).hexdigest() != manifest["fingerprint"]


def test_a_page_that_hides_nothing_keeps_its_tables(tmp_path: Path) -> None:
    """The price is paid where something is hidden only."""
    large = {one: 10 * k for one, k in COUNTS.items()}
    page = publish_appraisal(cr.appraise(histories(large), replicates=20, draws=100, seed=1))
    assert len(page.leave_one_list) == 3
    assert np.isfinite(page.several)
    assert page.to_html(tmp_path / "page.html").stat().st_size > 1000


def test_figures_of_people_who_differ_go_with_hidden_histories(shown: PublishedAppraisal) -> None:
    """Nobody looks whether they would be others if the hidden counts were."""
    rows = shown.methods[shown.methods["method"].str.startswith("differ_")]
    assert shown.hides
    assert len(rows) == 3
    assert rows[["value", "lower", "upper"]].isna().all().all()


def test_lists_that_hold_each_other_are_not_named_where_histories_are_hidden() -> None:
    """That everybody on A is on B says that four histories hold nobody."""
    nested = {(1, 1, 0): 40, (0, 1, 0): 60, (0, 0, 1): 70, (0, 1, 1): 20, (1, 1, 1): 12}
    made = cr.appraise(histories(nested, ["A", "B", "C"]), replicates=20, draws=100, seed=1)
    told = {one.code: dict(one.parameters) for one in made.warnings}
    assert told["lists_nested"]["pairs"] == "A ⊂ B"
    published = publish_appraisal(made)
    assert published.hides
    assert dict(published.warnings)["lists_nested"] == {"pairs": "…"}
    assert "⊂" not in published.methods.to_string()


def test_pairs_that_share_nobody_are_not_named_where_histories_are_hidden() -> None:
    """That nobody is on A and B says that two histories hold nobody."""
    apart = {(1, 0, 0): 40, (0, 1, 0): 60, (0, 0, 1): 70, (1, 0, 1): 20, (0, 1, 1): 12}
    made = cr.appraise(histories(apart, ["A", "B", "C"]), replicates=20, draws=100, seed=1)
    assert dict({one.code: one.parameters for one in made.warnings}["pairs_without_overlap"]) == {
        "pairs": 1,
        "names": "A:B",
    }
    published = publish_appraisal(made)
    assert published.hides
    told = dict(published.warnings)
    assert told["pairs_without_overlap_unnamed"] == {}
    assert "pairs_without_overlap" not in told
    for language in ("en", "fr", "es"):
        assert "A:B" not in fl.appraisal_page(made, language=language)


def test_published_notes_do_not_name_the_lists_that_hold_each_other() -> None:
    """Named, they say that nobody is on the one and not on the other: a history of no people is told."""
    seen = {(1, 1, 0): 40, (1, 1, 1): 20, (0, 1, 0): 100, (0, 0, 1): 80, (0, 1, 1): 30}
    table = pd.DataFrame(
        [(*history, count) for history, count in seen.items()], columns=["police", "ngo", "court", "count"]
    )
    found = cr.loglinear(
        fl.CaptureHistories.from_counts(table, lists=["police", "ngo", "court"], count="count"), "main"
    )
    assert any("ngo" in str(reason.parameters) for reason in found.reasons if reason.code == "lists_nested")
    (published,) = fl.publish(found).tables
    told = [dict(reason.parameters) for reason in published.reasons if reason.code == "lists_nested"]
    assert told == [{"pairs": "…"}] * len(told) != []


def test_published_assumptions_do_not_name_the_pairs_without_overlap() -> None:
    """A term at minus infinity is an overlap of nobody."""
    seen = {(1, 0, 0): 80, (0, 1, 0): 100, (0, 0, 1): 90, (1, 0, 1): 30, (0, 1, 1): 25}
    table = pd.DataFrame(
        [(*history, count) for history, count in seen.items()], columns=["police", "ngo", "court", "count"]
    )
    histories = fl.CaptureHistories.from_counts(table, lists=["police", "ngo", "court"], count="count")
    found = cr.loglinear(histories, [("police", "ngo")])
    full = {str(a.code): dict(a.parameters) for a in found.assumptions}
    assert full["terms_minus_infinity"] == {"terms": ["police:ngo"]}
    (published,) = fl.publish(found).tables
    told = {str(a.code): dict(a.parameters) for a in published.assumptions}
    assert told["terms_minus_infinity"] == {"terms": "…"}
