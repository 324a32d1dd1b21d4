"""Studies read case lists as `load_lists` does: every fault at once, strata, covariates and codes kept, no identifiers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import fl_estimate as fl
from fl_estimate import capture_recapture as cr
from fl_estimate.study.run import check_study, run_study

LISTS = ["police", "ngo", "clinic"]
ENTRY = '[[estimate]]\nkind = "capture_recapture"\nname = "lists"\n'
NAMED = 'lists = ["police", "ngo", "clinic"]\n'
SALT = "8d1f0b6c3a97e254c01d5be87f63a912"


@pytest.fixture(scope="module")
def persons() -> pd.DataFrame:
    """Those of 1,500 who are on a list; women are less often on any, and both lists of a sex are independent."""
    chance = np.random.default_rng(10)
    sex = chance.integers(1, 3, 1_500)
    on = chance.random((1_500, 3)) < np.where(sex == 1, 0.45, 0.25)[:, None]
    frame = pd.DataFrame(on.astype(int), columns=LISTS)
    frame["sex"], frame["region"] = sex, np.where(chance.random(1_500) < 0.4, "North", "South")
    return frame[on.any(axis=1)].reset_index(drop=True)


def study(folder: Path, frame: pd.DataFrame, keys: str, file: str = "lists.csv") -> Path:
    frame.to_csv(folder / file, index=False)
    path = folder / "lists.toml"
    path.write_text(f'{ENTRY}file = "{file}"\n{keys}', encoding="utf-8")
    return path


def estimated(folder: Path, frame: pd.DataFrame, keys: str) -> fl.Estimates:
    result = run_study(study(folder, frame, keys), out=folder / "out")
    assert result.ok
    return result.estimates["lists"]


def refused(path: Path) -> fl.FlError:
    with pytest.raises(fl.FlError) as caught:
        run_study(path, out=path.parent / "out")
    assert not (path.parent / "out").exists()
    return caught.value


def counted(persons: pd.DataFrame) -> pd.DataFrame:
    return persons.groupby([*LISTS, "sex", "region"]).size().rename("count").reset_index()


# --- covariates, links and one register -------------------------------------------------------------------------


def test_covariates_of_a_formula_and_domains_are_kept_beside_the_lists(persons: pd.DataFrame, tmp_path: Path) -> None:
    keys = (
        NAMED + 'method = "conditional_loglinear"\ncovariates = { police = "C(sex)", ngo = "C(sex)" }\nby = "region"\n'
    )
    made = estimated(tmp_path, persons, keys)
    asked = cr.conditional_loglinear(
        persons, lists=LISTS, covariates={"police": "C(sex)", "ngo": "C(sex)"}, by="region", seed=1
    )
    numbers = ["value", "se", "lower", "upper"]
    np.testing.assert_allclose(made.frame[numbers], asked.frame[numbers], rtol=1e-9)
    assert made.frame["region"].dropna().tolist() == ["North", "North", "South", "South"]
    both = cr.doubly_robust(persons, lists=LISTS[:2], covariates=["sex"], seed=1)
    three = cr.doubly_robust(persons, lists=LISTS, covariates=["sex"], across="pairs", seed=1)
    for one in (asked, both, three):
        assert "everyone_can_be_listed" in {assumption.code for assumption in one.assumptions}


@pytest.mark.parametrize("across", ["pairs", "no-highest-interaction"])
def test_doubly_robust_takes_all_lists_of_the_file(persons: pd.DataFrame, tmp_path: Path, across: Any) -> None:
    keys = NAMED + f'method = "doubly_robust"\ncovariates = ["sex"]\nacross = "{across}"\nfolds = 2\n'
    made = estimated(tmp_path, persons, keys)
    asked = cr.doubly_robust(persons, lists=LISTS, covariates=["sex"], across=across, folds=2, seed=1)
    np.testing.assert_allclose(made.frame[["value", "se"]], asked.frame[["value", "se"]], rtol=1e-9)
    assert set(made.frame["method"]) == {"doubly-robust-lists"}


# --- overlaps of pairs, and several linkages ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("keys", "settings"),
    [
        ("", {}),
        ('terms = [["police", "ngo"]]\npeople = {n}\nlevel = 0.9\n', {"terms": [("police", "ngo")], "level": 0.9}),
    ],
)
def test_overlaps_of_pairs_are_read_from_a_file(
    persons: pd.DataFrame, tmp_path: Path, keys: str, settings: dict[str, Any]
) -> None:
    """As they are in the frame, whatever the order of the rows; with people on any list known, of a model with a pair too."""
    table = fl.CaptureHistories.from_records(persons, lists=LISTS).overlaps()
    written = table.rename_axis("list").reset_index().iloc[::-1]
    made = estimated(tmp_path, written, f'method = "pairwise"\n{keys.format(n=len(persons))}')
    given: dict[str, Any] = settings | {"people": len(persons)} if settings else {}
    asked = cr.pairwise(table, **given)
    numbers = ["value", "se", "lower", "upper"]
    np.testing.assert_allclose(made.frame[numbers].astype(float), asked.frame[numbers].astype(float), rtol=1e-9)
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text(encoding="utf-8"))
    # A table of a handful of counts: who sees its hash could try them.
    assert [(file["name"], file["sha256"]) for file in manifest["lists_and_tables"]] == [("lists.csv", "")]


def test_overlaps_that_nobody_could_have_are_refused_before_anything_is_estimated(
    persons: pd.DataFrame, tmp_path: Path
) -> None:
    table = fl.CaptureHistories.from_records(persons, lists=LISTS).overlaps().rename_axis("list").reset_index()
    with pytest.raises(fl.FlError, match="FL-LISTS-22"):
        check_study(study(tmp_path, table.replace("ngo", "NGO"), 'method = "pairwise"\n'))
    with pytest.raises(fl.FlError, match="FL-STUDY-05"):
        check_study(study(tmp_path, table.rename(columns={"list": "name"}), 'method = "pairwise"\n'))
    torn = pd.DataFrame({"list": list("abc"), "a": [10, 9, 9], "b": [9, 10, 1], "c": [9, 1, 10]})
    with pytest.raises(fl.FlError, match="FL-LISTS-23"):
        check_study(study(tmp_path, torn, 'method = "pairwise"\n'))


@pytest.fixture(scope="module")
def links() -> cr.LinkDraws:
    """300 of the 700 on one list are on the other of 800 too: half of their links are certain, half are even odds."""
    records = pd.DataFrame({"unique_id": range(1_500), "source_dataset": ["police"] * 700 + ["ngo"] * 800})
    pairs = pd.DataFrame({"unique_id_l": range(300), "unique_id_r": range(700, 1_000)})
    return cr.draw_links(
        records, pairs.assign(match_probability=np.repeat([1.0, 0.5], 150)), lists=["police", "ngo"], draws=5, seed=1
    )


POOLED = '[[estimate]]\nkind = "pool_links"\nname = "lists"\nfile = "draws.csv"\n'


def pooling(folder: Path, frame: pd.DataFrame, keys: str) -> Path:
    frame.to_csv(folder / "draws.csv", index=False)
    path = folder / "pooled.toml"
    path.write_text(POOLED + keys, encoding="utf-8")
    return path


@pytest.mark.parametrize(("written", "name"), [("", None), ('estimator = "two_way"\n', "two_way")])
def test_draws_of_links_are_pooled_from_a_file(links: cr.LinkDraws, tmp_path: Path, written: str, name: Any) -> None:
    """`LinkDraws.to_frame` writes them; all pairs of two lists have no estimate, which is said of every draw."""
    path = pooling(tmp_path, links.to_frame(), f'lists = ["police", "ngo"]\ndraw = "draw"\n{written}')
    result = run_study(path, out=tmp_path / "out")
    if name == "two_way":
        assert [error.code for error in result.failed.values()] == ["FL-EST-344"]
        return
    made, asked = result.estimates["lists"], cr.pool_links(links)
    numbers = ["value", "se", "lower", "upper", "df"]
    np.testing.assert_allclose(made.frame[numbers].astype(float), asked.frame[numbers].astype(float), rtol=1e-9)
    assert made.diagnostics["draws"] == 5
    assert 0 < made.diagnostics["share_of_links"] < 1


def test_draws_of_links_are_looked_at_before_they_are_pooled(links: cr.LinkDraws, tmp_path: Path) -> None:
    frame = links.to_frame()
    named = 'lists = ["police", "ngo"]\n'
    assert "estimate[1].draw: the file has several linkages" in str(refused(pooling(tmp_path, frame, named)))
    both = f'{named}draw = "draw"\nstrata = "draw"\n'
    assert "estimate[1].strata: pool_links" in str(refused(pooling(tmp_path, frame, both)))
    gaps = frame.assign(draw=frame["draw"].where(frame.index > 2))
    with pytest.raises(fl.FlError, match="FL-LISTS-09"):
        check_study(pooling(tmp_path, gaps, f'{named}draw = "draw"\n'))
    with pytest.raises(fl.FlError, match="FL-STUDY-05"):
        check_study(pooling(tmp_path, frame, f'{named}draw = "linkage"\n'))
    one = run_study(pooling(tmp_path, frame[frame["draw"] == 1], f'{named}draw = "draw"\n'), out=tmp_path / "out")
    assert [error.code for error in one.failed.values()] == ["FL-EST-431"]


ADDED = 'method = "loglinear"\n\n[[estimate]]\nkind = "add_unlistable"\nname = "with_unlistable"\nestimates = "lists"\nshare = {}\n'


@pytest.mark.parametrize(("written", "share"), [("[0.2, 0.4]", (0.2, 0.4)), ("0.3", 0.3)])
def test_people_whom_no_list_can_meet_are_added_to_an_estimate_before(
    persons: pd.DataFrame, tmp_path: Path, written: str, share: Any
) -> None:
    result = run_study(study(tmp_path, persons, NAMED + ADDED.format(written)), out=tmp_path / "out")
    made = result.estimates["with_unlistable"]
    histories = fl.CaptureHistories.from_records(persons, lists=LISTS)
    asked = cr.add_unlistable(cr.loglinear(histories), share)
    numbers = ["value", "lower", "upper"]
    np.testing.assert_allclose(made.frame[numbers], asked.frame[numbers], rtol=1e-9)


@pytest.mark.parametrize("written", ["[0.4, 0.2]", "1", "[0.1, 0.2, 0.3]", "-0.1", "[]"])
def test_a_share_of_people_whom_no_list_can_meet_is_one_or_two_numbers(
    persons: pd.DataFrame, tmp_path: Path, written: str
) -> None:
    fault = str(refused(study(tmp_path, persons, NAMED + ADDED.format(written))))
    assert "estimate[2].share: a share of all people from 0 to below 1" in fault


def test_a_model_with_covariates_is_chosen_from_a_file(persons: pd.DataFrame, tmp_path: Path) -> None:
    keys = (
        NAMED
        + 'method = "select_conditional"\ncovariates = "C(sex) + region"\nby = "region"\ncriterion = "aic"\ninterval = "log"\n'
    )
    made = estimated(tmp_path, persons, keys)
    asked = cr.select_conditional(
        persons, lists=LISTS, covariates="C(sex) + region", by="region", criterion="aic", interval="log"
    )
    np.testing.assert_allclose(made.frame["value"], asked.frame["value"], rtol=1e-9)
    assert set(made.frame["method"]) == {"conditional-loglinear-aic"}


def test_a_list_that_is_blind_is_a_table(persons: pd.DataFrame, tmp_path: Path) -> None:
    seen = persons[~((persons["clinic"] == 1) & (persons["region"] == "North"))]
    keys = NAMED + 'method = "conditional_loglinear"\nblind = { clinic = { region = ["North"] } }\n'
    made = estimated(tmp_path, seen, keys)
    asked = cr.conditional_loglinear(seen, lists=LISTS, blind={"clinic": {"region": ["North"]}})
    np.testing.assert_allclose(made.frame["value"], asked.frame["value"], rtol=1e-9)


def test_a_formula_that_cannot_be_read_stops_the_study(persons: pd.DataFrame, tmp_path: Path) -> None:
    error = refused(study(tmp_path, persons, NAMED + 'method = "conditional_loglinear"\ncovariates = "sex +"\n'))
    assert "FL-EST-170" in str(error)


def test_one_register_is_a_file_of_counts(tmp_path: Path) -> None:
    stays = pd.DataFrame(
        {"stays": [1, 2, 3, 4, 5] * 2, "people": [430, 160, 80, 18, 5, 300, 90, 30, 6, 2], "sex": ["f"] * 5 + ["m"] * 5}
    )
    keys = 'method = "zero_truncated"\ncount = "stays"\nfrequency = "people"\ncovariates = "sex"\nby = "sex"\n'
    made = estimated(tmp_path, stays, keys)
    asked = cr.zero_truncated(stays, count="stays", frequency="people", covariates="sex", by="sex")
    np.testing.assert_allclose(made.frame["value"], asked.frame["value"], rtol=1e-9)
    (tmp_path / "wrong").mkdir()
    assert "FL-STUDY-05" in str(refused(study(tmp_path / "wrong", stays, keys.replace("stays", "times"))))


def test_rates_of_linkage_stand_in_the_file(persons: pd.DataFrame, tmp_path: Path) -> None:
    made = estimated(tmp_path, persons, NAMED + 'method = "linkage_corrected"\na = "police"\nb = "ngo"\nmissed = 0.1\n')
    histories = fl.CaptureHistories.from_records(persons, lists=LISTS)
    asked = cr.linkage_corrected(histories, "police", "ngo", missed=0.1)
    np.testing.assert_allclose(made.frame["value"], asked.frame["value"], rtol=1e-12)
    assert made.frame["method"].tolist() == ["linkage-corrected"] * 2


def test_a_search_of_models_tells_the_run_how_far_it_is(persons: pd.DataFrame, tmp_path: Path) -> None:
    told: list[str] = []
    path = study(tmp_path, persons, NAMED + 'method = "select_bic"\nreplicates = 20\n')
    assert run_study(path, out=tmp_path / "out", progress=told.append).ok
    assert any("20 resamples" in text for text in told), told


# --- strata and covariates --------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["persons", "counts"])
def test_each_stratum_is_estimated_by_itself(persons: pd.DataFrame, form: str, tmp_path: Path) -> None:
    frame = persons if form == "persons" else counted(persons)
    made = estimated(tmp_path, frame, NAMED + 'strata = "region"\nmethod = "loglinear"\noutcome = "forced_labour"\n')
    rows = made.to_frame()
    assert rows["margin"].tolist() == ["region"] * 4
    assert rows["region"].tolist() == ["North", "North", "South", "South"]
    for region, part in persons.groupby("region"):
        alone = cr.loglinear(fl.CaptureHistories.from_records(part, lists=LISTS)).to_frame()
        here = rows[(rows["region"] == region).to_numpy(dtype=bool)]
        for name in ("value", "lower", "upper"):
            np.testing.assert_allclose(here[name].to_numpy(dtype=float), alone[name].to_numpy(dtype=float), rtol=1e-12)
    table = pd.read_csv(tmp_path / "out" / "estimates.csv")
    assert table["region"].tolist() == ["North", "North", "South", "South"]
    assert "North" in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")


def test_the_method_that_takes_covariates_has_them(persons: pd.DataFrame, tmp_path: Path) -> None:
    keys = NAMED + 'covariates = ["sex"]\nstrata = "region"\nmethod = "doubly_robust"\na = "police"\nb = "ngo"\n'
    made = estimated(tmp_path, persons, keys)
    expected = cr.doubly_robust(persons, lists=("police", "ngo"), covariates=["sex"], by="region", seed=1).to_frame()
    pd.testing.assert_series_equal(made.to_frame()["value"], expected["value"], rtol=1e-12)
    assert made.to_frame()["margin"].tolist() == ["", "", *["region"] * 4]


def test_codes_are_those_of_a_mapping(persons: pd.DataFrame, tmp_path: Path) -> None:
    """Men are 10 and women 20 in the file; by the mapping they are 1 and 2 of the schema."""
    (tmp_path / "codes.toml").write_text(
        'id = "own"\ntitle = "own"\nkind = "admin"\n[people]\nsex = { column = "SEXE", recode = { 10 = "1", 20 = "2" } }\n',
        encoding="utf-8",
    )
    frame = persons.rename(columns={"sex": "SEXE"}).assign(SEXE=persons["sex"] * 10)
    keys = NAMED + 'strata = "sex"\nmapping = "codes.toml"\nmethod = "chao"\n'
    made = estimated(tmp_path, frame, keys)
    assert made.to_frame()["sex"].tolist()[::2] == ["1", "2"]
    alone = cr.chao(fl.CaptureHistories.from_records(persons[persons["sex"] == 1], lists=LISTS)).to_frame()
    assert made.to_frame()["value"].iloc[0] == pytest.approx(alone["value"].iloc[0], rel=1e-12)
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text(encoding="utf-8"))
    # A hash of case lists can be tried out against guesses of their counts: it is in no file of a run.
    assert set(manifest["inputs"]) == {"codes.toml"}
    assert [(file["name"], file["sha256"]) for file in manifest["lists_and_tables"]] == [("lists.csv", "")]


# --- what is refused --------------------------------------------------------------------------------------------


def test_every_fault_of_a_file_is_in_one_report(persons: pd.DataFrame, tmp_path: Path) -> None:
    broken = persons.astype({"police": object, "ngo": object})
    broken.loc[0, "police"], broken.loc[3, "ngo"] = 2, None
    broken.loc[5, LISTS] = 0
    fault = refused(study(tmp_path, broken, NAMED + 'method = "chao"\n'))
    assert fault.code == "FL-LISTS-10"
    for said in ("police, 0 or 1: another value", "ngo, 0 or 1: missing", "0 on every list", "rows 6"):
        assert said in str(fault)


@pytest.mark.parametrize(
    "keys",
    [
        f'key = ["surname"]\nsalt = "{SALT}"\nmethod = "chao"\n',
        'list_column = "source"\nkey = "passport"\nmethod = "chao"\n',
    ],
)
def test_records_with_identifiers_are_refused(persons: pd.DataFrame, keys: str, tmp_path: Path) -> None:
    fault = refused(study(tmp_path, persons, NAMED + keys))
    assert fault.code == "FL-STUDY-02"
    assert "estimate[1]: a study takes no records with identifiers: link them with fl.load_lists" in str(fault)
    assert SALT not in str(fault)


def test_a_file_for_each_list_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "lists.toml"
    path.write_text(f'{ENTRY}file = {{ police = "p.csv", ngo = "n.csv" }}\nmethod = "chao"\n', encoding="utf-8")
    assert "a study takes no records with identifiers" in str(refused(path))


def test_names_are_not_taken_as_lists(persons: pd.DataFrame, tmp_path: Path) -> None:
    told = persons[LISTS].assign(surname="Nobody")
    fault = refused(study(tmp_path, told, 'method = "chao"\n'))
    assert fault.code == "FL-STUDY-10"
    assert "'surname'" in str(fault)
    assert "Nobody" not in str(fault)
    assert "fl.load_lists" in str(fault)


def test_what_linking_wrote_can_be_read(persons: pd.DataFrame, tmp_path: Path) -> None:
    """The way that the refusal shows: link, write the counts, run the study; the same figure, and no identifier."""
    known = persons.assign(passport=[f"P{position:05d}" for position in range(len(persons))])
    for name in LISTS:
        known.loc[known[name] == 1, ["passport"]].to_csv(tmp_path / f"{name}.csv", index=False)
    linked = fl.load_lists({name: tmp_path / f"{name}.csv" for name in LISTS}, key="passport", salt=SALT)
    made = estimated(tmp_path, linked.to_frame(), 'method = "loglinear"\n')
    expected = cr.loglinear(fl.CaptureHistories.from_records(persons, lists=LISTS)).to_frame()["value"].tolist()
    assert made.to_frame()["value"].tolist() == pytest.approx(expected, rel=1e-12)
    assert not [file for file in (tmp_path / "out").iterdir() if b"P00001" in file.read_bytes()]


TWO = 'lists = ["police", "ngo"]\nmethod = "appraise"\n'


def test_two_lists_have_a_figure_by_the_odds_ratios_that_the_study_states(
    persons: pd.DataFrame, tmp_path: Path
) -> None:
    """The same as the function gives; without a range no limit at all, and the page says what is missing."""
    two = persons.loc[persons[["police", "ngo"]].any(axis=1), ["police", "ngo"]]
    made = estimated(tmp_path, two, f"{TWO}odds_ratios = [1, 3]\n").to_frame()
    h = fl.CaptureHistories.from_records(two, lists=["police", "ngo"])
    expected = cr.appraise(h, odds_ratios=(1, 3), seed=1).headline.to_frame()
    assert made[["lower", "upper"]].to_numpy() == pytest.approx(expected[["lower", "upper"]].to_numpy())
    page = (tmp_path / "out" / "appraisal.lists.html").read_text(encoding="utf-8")
    assert "odds ratio is 1 to 3" in page
    open_folder = tmp_path / "open"
    open_folder.mkdir()
    assert estimated(open_folder, two, TWO).to_frame()[["value", "lower", "upper"]].isna().all().all()
    page = (open_folder / "out" / "appraisal.lists.html").read_text(encoding="utf-8")
    assert "no total is given without a stated range" in page


def test_odds_ratios_of_a_study_are_two_numbers_above_0(persons: pd.DataFrame, tmp_path: Path) -> None:
    for given in ("[2]", "[1, 2, 3]", "[0, 2]"):
        assert "odds_ratios" in str(refused(study(tmp_path, persons, f"{TWO}odds_ratios = {given}\n")))


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ('method = "appraise"\nstrata = "region"\n', "estimate[1].strata: appraise"),
        ('method = "chao"\ncovariates = ["sex"]\n', "estimate[1].covariates: chao does not take it"),
        ('method = "chao"\nstrata = "police"\n', "estimate[1]: 'police' is a list or the count"),
        ('method = "doubly_robust"\na = "police"\n', "estimate[1].b: doubly_robust needs two lists"),
        ('method = "doubly_robust"\nb = "police"\n', "estimate[1].a: doubly_robust needs two lists"),
        (
            'method = "chao"\nstrata = "region"\n[[estimate]]\nkind = "sum"\nname = "s"\nestimates = ["lists", "lists"]\n',
            "estimate[2].estimates: 'lists' is by strata",
        ),
    ],
)
def test_keys_that_do_not_go_together(persons: pd.DataFrame, keys: str, said: str, tmp_path: Path) -> None:
    assert said in str(refused(study(tmp_path, persons, NAMED + keys)))


def test_a_mapping_needs_the_lists(persons: pd.DataFrame, tmp_path: Path) -> None:
    fault = refused(study(tmp_path, persons, 'mapping = "htcds"\nmethod = "chao"\n'))
    assert "estimate[1].lists: with a mapping it must be said which columns are lists" in str(fault)


@pytest.mark.parametrize(
    ("keys", "code"),
    [
        ('method = "chao"\nstrata = "district"\n', "FL-STUDY-05"),
        ('method = "chao"\nstrata = "region"\n', "FL-LISTS-09"),
    ],
)
def test_strata_that_are_not_there(persons: pd.DataFrame, keys: str, code: str, tmp_path: Path) -> None:
    gaps = persons.assign(region=persons["region"].where(persons.index > 2))
    assert refused(study(tmp_path, gaps, NAMED + keys)).code == code


# --- derived columns --------------------------------------------------------------------------------------------


def survey(folder: Path, derived: str) -> Path:
    people = pd.DataFrame({"w": [1.0] * 60, "ea": [*range(20)] * 3, "age": [20 + position for position in range(60)]})
    people["wage"] = [None if position % 10 == 0 else float(position) for position in range(60)]
    people.to_csv(folder / "people.csv", index=False)
    (folder / "map.toml").write_text(
        'id = "own"\ntitle = "own"\nkind = "household"\n[people]\nweight_person = "w"\npsu = "ea"\nage_interview = "age"\n'
        '[design]\nweights = "weight_person"\npsu = "psu"\n',
        encoding="utf-8",
    )
    path = folder / "study.toml"
    path.write_text(
        f'[source.one]\nfile = "people.csv"\nmapping = "map.toml"\n[source.one.derived]\n{derived}\n'
        '[[estimate]]\nkind = "prevalence"\noutcome = "well_paid"\nunknown = "exclude"\n',
        encoding="utf-8",
    )
    return path


def test_a_study_derives_columns_and_what_is_unknown_stays_so(tmp_path: Path) -> None:
    """Of 54 wages that are known, 1 to 59 without the tens, 28 are above 29: 31 to 59 less 40 and 50 and 30."""
    path = survey(tmp_path, 'half = "wage / 2"\nwell_paid = "half > 14.5"')
    made: Any = run_study(path, out=tmp_path / "out").estimates["prevalence_1"].to_frame()
    known = [position for position in range(60) if position % 10]
    assert made["value"].iloc[0] == pytest.approx(sum(position > 29 for position in known) / len(known), rel=1e-12)
    assert made["undetermined"].iloc[0] == pytest.approx(0.1, rel=1e-12)


def test_derived_columns_that_cannot_be_made_are_all_named(tmp_path: Path) -> None:
    path = survey(tmp_path, 'age_interview = "wage"\nwell_paid = "wages > 3"\nbroken = "wage >"')
    with pytest.raises(fl.FlError, match="FL-STUDY-09") as caught:
        check_study(path)
    for said in ("derived.age_interview: the data have a column", "derived.well_paid", "wages", "derived.broken"):
        assert said in str(caught.value)
