"""Case lists from counts, 0/1 columns and linked records give the same histories; identifiers come out nowhere; faults come in one report."""

from __future__ import annotations

import base64
import hashlib
import io
import logging
import pickle
import random
import secrets
import traceback
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import fl_estimate as fl
from fl_estimate.datasets.case_lists import LISTS
from fl_estimate.errors import ListsFault
from fl_estimate.loaders.salt import require_salt
from fl_estimate.schema.validate import ValidationReport

SAMPLE = Path(__file__).resolve().parents[3] / "data" / "sample"
SALT = "8d1f0b6c3a97e254c01d5be87f63a912"


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def same(left: fl.CaptureHistories, right: fl.CaptureHistories) -> None:
    assert left.lists == right.lists
    np.testing.assert_array_equal(left.members, right.members)
    np.testing.assert_array_equal(left.counts, right.counts)
    assert left.content_hash == right.content_hash


def refused(*arguments: Any, **settings: Any) -> ListsFault:
    with pytest.raises(ListsFault) as caught:
        fl.load_lists(*arguments, **settings)
    return caught.value


def report_of(fault: ListsFault) -> ValidationReport:
    assert fault.code == "FL-LISTS-10"
    assert isinstance(fault.report, ValidationReport)
    return fault.report


# --- the four forms ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def by_counts() -> fl.CaptureHistories:
    return fl.load_lists(SAMPLE / "lists.csv", lists=LISTS, count="count")


def test_the_histories_are_those_counted_by_hand(by_counts: fl.CaptureHistories) -> None:
    """Counted with a Counter over the lines of the file of persons, without the library."""
    lines = (SAMPLE / "list_records.csv").read_text().splitlines()
    head = lines[0].split(",")
    positions = [head.index(name) for name in LISTS]
    counted = Counter(tuple(int(line.split(",")[position]) for position in positions) for line in lines[1:])
    rows = zip(map(tuple, by_counts.members.tolist()), by_counts.counts.tolist(), strict=True)
    assert dict(rows) == dict(counted)


def test_a_column_called_count_is_never_taken_for_persons(by_counts: fl.CaptureHistories) -> None:
    same(fl.load_lists(SAMPLE / "lists.csv", lists=LISTS), by_counts)


def test_a_row_a_person_gives_the_histories_of_the_counts(by_counts: fl.CaptureHistories) -> None:
    same(fl.load_lists(SAMPLE / "list_records.csv", lists=LISTS), by_counts)
    same(fl.load_lists(SAMPLE / "list_records.csv", lists=LISTS, key="id"), by_counts)


def test_a_file_a_list_and_a_list_column_give_them_too(by_counts: fl.CaptureHistories, tmp_path: Path) -> None:
    people = pd.read_csv(SAMPLE / "list_records.csv", dtype={"id": str})
    files: dict[str, Path] = {}
    parts: list[pd.DataFrame] = []
    for name in LISTS:
        on = people.loc[people[name] == 1, ["id", "sex", "region"]].sample(frac=1, random_state=1)
        files[name] = tmp_path / f"{name}.parquet"
        on.to_parquet(files[name])
        parts.append(on.assign(source=name))
    long = tmp_path / "long.parquet"
    pd.concat(parts).sample(frac=1, random_state=2).to_parquet(long)
    apart = fl.load_lists(files, key="id", covariates=["region"])
    together = fl.load_lists(long, lists=LISTS, list_column="source", key="id", covariates=["region"])
    same(apart, by_counts)
    same(together, by_counts)
    for region, part in together.split("region").items():
        same(part, apart.split("region")[region])
        same(part, fl.CaptureHistories.from_records(people[people["region"] == region], lists=LISTS))


def test_lists_may_be_codes_that_the_file_labels(tmp_path: Path) -> None:
    frame = pd.DataFrame({"id": ["x", "y", "y"], "source": [1, 1, 2]})
    path = tmp_path / "records.dta"
    frame.to_stata(path, write_index=False, value_labels={"source": {1: "Police", 2: "NGO"}})
    named = fl.load_lists(path, lists=["Police", "NGO"], list_column="source", key="id")
    assert named.totals == {"Police": 2.0, "NGO": 1.0}
    assert fl.load_lists(path, lists=["1", "2"], list_column="source", key="id").totals == {"1": 2.0, "2": 1.0}
    unlabelled = refused(path, lists=["Police", "Hospital"], list_column="source", key="id")
    assert [(f.value_class, f.rows) for f in report_of(unlabelled).errors] == [("not among the lists", (2,))]


def test_strata_and_covariates_are_kept_with_counts(tmp_path: Path) -> None:
    text = "region,a,b,n,note\nN,1,0,5.25,x\nN,1,1,2,x\nS,0,1,7,x\nS,1,1,1.5,x\n"
    histories = fl.load_lists(written(tmp_path, "l.csv", text), lists=["a", "b"], count="n", covariates=["region"])
    assert histories.n == 15.75
    assert histories.to_frame()["count"].tolist() == [5.25, 7.0, 3.5]
    assert histories.records is not None
    assert list(histories.records) == ["a", "b", "region", "count"]
    assert {name: part.n for name, part in histories.split("region").items()} == {"N": 7.25, "S": 8.5}
    with pytest.raises(ListsFault, match="FL-LISTS-01"):
        histories.split("note")
    with pytest.raises(ListsFault, match="FL-LISTS-01"):
        histories.omit().split("region")


def test_split_keeps_what_the_people_are(tmp_path: Path) -> None:
    path = written(tmp_path, "l.csv", "sex,a,b\n1,1,0\n2,1,1\n1,0,1\n")
    histories = fl.load_lists(path, lists=["a", "b"], covariates=["sex"]).about(outcome="forced_labour")
    assert {part.outcome for part in histories.split("sex").values()} == {"forced_labour"}


# --- keys -------------------------------------------------------------------------------------------------------


def test_a_key_of_several_parts_keeps_its_parts_apart(tmp_path: Path) -> None:
    """Ab + c and a + bc are two persons, and letters composed in two ways are one."""
    police = written(tmp_path, "p.csv", "first,last,born\nab,c,1990-01-02\nZoe\u0308,Q,1991-01-02\n")
    ngo = written(tmp_path, "n.csv", "first,last,born\na,bc,1990-01-02\n Zo\u00eb ,Q,1991-01-02\n")
    found = fl.load_lists({"police": police, "ngo": ngo}, key=["first", "last", "born"])
    assert found.to_frame().to_dict("list") == {"police": [1, 0, 1], "ngo": [0, 1, 1], "count": [1.0, 1.0, 1.0]}


def test_numbers_and_texts_of_the_same_key_meet_with_a_warning(tmp_path: Path) -> None:
    files = {
        "a": written(tmp_path, "a.csv", "id\n123\n7\n"),
        "b": written(tmp_path, "b.csv", "id\n123\nx9\n"),
    }
    found = fl.load_lists(files, key="id")
    assert found.frequencies.tolist() == [2.0, 1.0]
    assert [fault.rule for fault in found.report.warnings] == ["key"]
    frame = pd.DataFrame({"id": [123.0, 7.0]})
    frame.to_parquet(tmp_path / "a.parquet")
    assert fl.load_lists({**files, "a": tmp_path / "a.parquet"}, key="id").frequencies.tolist() == [2.0, 1.0]


def test_duplicates_within_a_list_are_counted_once_and_reported(tmp_path: Path) -> None:
    a = written(tmp_path, "a.csv", "id,sex,age\n1,1,20\n1,1,20\n1,2,20\n2,,30\n")
    b = written(tmp_path, "b.csv", "id,sex,age\n1,1,21\n2,2,30\n3,1,40\n")
    found = fl.load_lists({"a": a, "b": b}, key="id", covariates=["sex", "age"])
    assert found.totals == {"a": 2.0, "b": 3.0}
    assert found.records is not None
    assert found.records.to_dict("list") == {"a": [1, 1, 0], "b": [1, 1, 1], "sex": [1, 2, 1], "age": [20, 30, 40]}
    told = {(f.table, f.variable, f.value_class, f.count, f.rows) for f in found.report.warnings}
    assert told == {
        ("a", "id", "more than once", 2, (1, 2)),
        ("lists", "sex", "differs within a list for 1 person", 0, ()),
        ("lists", "age", "differs between lists for 1 person", 0, ()),
    }


def test_rows_of_the_same_person_are_taken_together(tmp_path: Path) -> None:
    path = written(tmp_path, "m.csv", "id,a,b,sex\n1,1,0,1\n1,0,1,2\n2,0,1,2\n")
    found = fl.load_lists(path, lists=["a", "b"], key="id", covariates=["sex"])
    assert found.totals == {"a": 1.0, "b": 2.0}
    assert [f.value_class for f in found.report.warnings] == [
        "more than once",
        "differs between rows of a person for 1 person",
    ]


def test_a_salt_gives_the_same_person_the_same_hash_and_another_salt_another(tmp_path: Path) -> None:
    files = {"a": written(tmp_path, "a.csv", "id\nA1\nB2\n"), "b": written(tmp_path, "b.csv", "id\nB2\n")}
    first, again, other = (fl.load_lists(files, key="id", salt=salt) for salt in (SALT, SALT.encode(), SALT[::-1]))
    assert first.records is not None
    assert again.records is not None
    assert other.records is not None
    assert first.records["person"].tolist() == again.records["person"].tolist()
    assert not set(first.records["person"]) & set(other.records["person"])
    assert fl.load_lists(files, key="id").records is None


# --- identifiers come out nowhere -------------------------------------------------------------------------------

PLANTED = ("Xanthippe", "QQ-554433", "1987-06-05")


def planted(folder: Path) -> dict[str, Path]:
    name, passport, born = PLANTED
    line = f"{name},{passport},{born}"
    return {
        "police": written(folder, "police.csv", f"name,passport,born,sex\n{line},2\n{line},1\nOther,P1,1990-01-01,1\n"),
        "ngo": written(folder, "ngo.csv", f"name,passport,born,sex\n{line},1\nThird,P2,1991-01-01,1\n"),
    }


def test_planted_identifiers_are_in_no_output_error_or_log(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    files, out = planted(tmp_path), io.StringIO()
    keys = ["name", "passport", "born"]
    for salt in (None, SALT):
        found = fl.load_lists(files, key=keys, salt=salt, covariates=["sex"])
        assert found.n == 3
        page = found.report.to_html(tmp_path / "report.html").read_text()
        for shown in (repr(found), str(found.report), page, found.report.to_frame(), found.to_frame(), found.records):
            print(shown, file=out)
        print(found.split("sex"), found.overlaps(), vars(found), file=out)
        out.write(pickle.dumps(found).decode("latin-1"))
        out.write(fl.capture_recapture.chao(found).to_frame().to_string())
    broken = written(tmp_path, "broken.csv", "name,passport,born,sex\n" + ",".join([*PLANTED[:2], "", "1"]) + "\n")
    strange = written(
        tmp_path, "strange.csv", "name,passport,born,from,a,b\n" + ",".join([*PLANTED, PLANTED[0], "2", ""])
    )
    wrong: list[tuple[Any, dict[str, Any]]] = [
        ({**files, "ngo": broken}, {"key": keys}),
        (strange, {"key": keys, "lists": ["a", "b"], "list_column": "from"}),
        (strange, {"key": "name", "lists": ["a", "b"]}),
        (files, {"key": keys, "salt": PLANTED[0]}),
        (files, {"key": keys, "covariates": ["passport"]}),
        (files["police"], {"lists": ["name", "passport"]}),
        (files["police"], {"lists": ["sex", "born"], "count": "name"}),
        (
            files,
            {"key": "person_id", "mapping": {"id": "m", "people": {"person_id": "name", "age_interview": "passport"}}},
        ),
    ]
    for path, settings in wrong:
        with pytest.raises(ListsFault) as caught:
            fl.load_lists(path, **settings)
        out.write(
            "".join(traceback.format_exception(caught.value)) + repr(caught.value.args) + repr(caught.value.report)
        )
        assert caught.value.__context__ is None
    written_out = out.getvalue() + "".join(capfd.readouterr()) + caplog.text
    for identifier in (*PLANTED, SALT):
        assert identifier not in written_out
    # the search itself finds what is there
    assert "more than once" in written_out
    assert PLANTED[0] in files["police"].read_text()


# --- faults -----------------------------------------------------------------------------------------------------


def test_every_fault_of_the_memberships_is_in_one_report(tmp_path: Path) -> None:
    path = written(tmp_path, "m.csv", "a,b,n\n2,0,5\n1,,4\n0,0,3\n1,1,-2\n1,0,\n0,0,0\n")
    report = report_of(refused(path, lists=["a", "b"], count="n"))
    assert {(f.variable, f.value_class, f.rows) for f in report.errors} == {
        ("a", "another value than 0 and 1", (0,)),
        ("b", "missing", (1,)),
        ("a b", "0 on every list", (2,)),
        ("n", "negative", (3,)),
        ("n", "missing", (4,)),
    }
    assert "in 1 row (rows 1)" in str(report)


def test_texts_infinite_counts_and_an_empty_file_are_faults(tmp_path: Path) -> None:
    path = written(tmp_path, "m.csv", "a,b,n\nyes,1,1\n")
    report = report_of(refused(path, lists=["a", "b"], count="n"))
    assert [(f.variable, f.value_class) for f in report.errors] == [("a", "not numbers")]
    endless = tmp_path / "m.parquet"
    pd.DataFrame({"a": [1, 1], "b": [True, False], "n": [np.inf, 1.0]}).to_parquet(endless)
    report = report_of(refused(endless, lists=["a", "b"], count="n"))
    assert [(f.variable, f.value_class) for f in report.errors] == [("n", "infinite")]
    empty = tmp_path / "e.parquet"
    pd.DataFrame({"a": [1], "b": [1]}).head(0).to_parquet(empty)
    assert report_of(refused(empty, lists=["a", "b"])).errors[0].value_class == "the file has no rows"


def test_keys_that_are_missing_and_lists_not_named_are_faults(tmp_path: Path) -> None:
    path = written(tmp_path, "l.csv", "id,source\n1,a\n ,b\n2,c\n3,\n")
    report = report_of(refused(path, lists=["a", "b"], list_column="source", key="id"))
    assert {(f.variable, f.value_class, f.rows) for f in report.errors} == {
        ("id", "missing", (1,)),
        ("source", "not among the lists", (2,)),
        ("source", "missing", (3,)),
    }


@pytest.mark.parametrize(
    ("code", "settings"),
    [
        ("FL-LISTS-02", {"lists": ["a"]}),
        ("FL-LISTS-02", {"lists": ["a", "a"]}),
        ("FL-LISTS-02", {}),
        ("FL-LISTS-01", {"lists": ["a", "c"]}),
        ("FL-LISTS-01", {"lists": ["a", "b"], "covariates": ["sexe"]}),
        ("FL-LISTS-11", {"lists": ["a", "b"], "list_column": "a"}),
        ("FL-LISTS-11", {"lists": ["a", "b"], "count": "n", "key": "id"}),
        ("FL-LISTS-11", {"lists": ["a", "b"], "salt": SALT}),
        ("FL-LISTS-11", {"lists": ["a", "b"], "key": "id", "covariates": ["id"]}),
        ("FL-LISTS-11", {"lists": ["a", "b"], "covariates": ["a"]}),
        ("FL-LISTS-12", {"lists": ["a", "b"], "key": "id", "salt": "short"}),
        ("FL-LISTS-08", {"lists": ["a", "b"], "count": "n"}),
    ],
)
def test_what_does_not_go_together(code: str, settings: dict[str, Any], tmp_path: Path) -> None:
    path = written(tmp_path, "m.csv", "id,a,b,n\n1,1,0,0\n2,1,1,0\n")
    assert refused(path, **settings).code == code


def test_files_and_lists_must_be_the_same(tmp_path: Path) -> None:
    a, b = written(tmp_path, "a.csv", "id\n1\n"), written(tmp_path, "b.csv", "id\n1\n")
    assert refused({"a": a, "b": b}, lists=["a", "c"], key="id").code == "FL-LISTS-11"
    assert refused({"a": a, "b": b}).code == "FL-LISTS-11"
    assert refused({"a": a, "b": b}, key="id", list_column="x").code == "FL-LISTS-11"
    assert refused({"a": a, "b": b}, key="id", covariates=["sex"]).code == "FL-LISTS-01"
    assert fl.load_lists({"a": a, "b": b}, lists=["b", "a"], key="id").lists == ("b", "a")


def test_a_covariate_that_one_file_lacks_comes_from_the_other(tmp_path: Path) -> None:
    a = written(tmp_path, "a.csv", "id,sex\n1,2\n2,1\n")
    b = written(tmp_path, "b.csv", "id,place\n1,North\n3,South\n")
    found = fl.load_lists({"a": a, "b": b}, key="id", covariates=["sex", "place"])
    assert found.records is not None
    assert found.records["place"].isna().tolist() == [False, True, False]
    with pytest.raises(ListsFault, match="FL-LISTS-09"):
        found.split("sex")
    mixed = written(tmp_path, "c.csv", "id,sex\n1,female\n")
    told = fl.load_lists({"a": a, "c": mixed}, key="id", covariates=["sex"])
    assert told.records is not None
    assert told.records["sex"].tolist() == ["2", "1"]


# --- case standards ---------------------------------------------------------------------------------------------


def test_cases_in_the_htcds_form_are_coded(tmp_path: Path) -> None:
    head = "CaseNo,prs_Gender,prs_Birthdate,prs_Citizenship,vic_TypeOfExploitation,vic_ForcedLabourIndustry,vic_Methods_of_Control\n"
    a = written(
        tmp_path, "a.csv", head + "K1,Feminine,1990-01-01,XA,ForcedLabour,F_Construction,DebtBondage TakesEarnings\n"
    )
    b = written(tmp_path, "b.csv", head + "K1,Feminine,1990-01-01,XA,ForcedLabour,F_Construction,WithholdsDocuments\n"
                "K2,Masculine,1980-01-01,XB,ForcedLabour,C_Manufacturing,Threats\n")  # fmt: skip
    found = fl.load_lists(
        {"a": a, "b": b}, key="CaseNo", covariates=["sex", "isic4", "c_debt", "c_docs"], mapping="htcds"
    )
    assert found.records is not None
    assert found.records.to_dict("list") == {
        "a": [1, 0], "b": [1, 1], "sex": [2, 1], "isic4": ["F", "C"],
        "c_debt": ["experienced", "missing"], "c_docs": ["missing", "missing"],
    }  # fmt: skip
    assert {f.variable for f in found.report.warnings} == {"c_debt", "c_docs"}


def test_cases_with_ctdc_variables_are_coded_and_blank_is_never_no(tmp_path: Path) -> None:
    means = [
        "DebtBondage", "TakesEarnings", "RestrictsFinancialAccess", "Threats", "PhysicalAbuse", "SexualAbuse",
        "PsychoactiveSubstances", "RestrictsMovement", "ExcessiveWorkingHours", "UsesChildren",
        "ThreatOfLawEnforcement", "WithholdsNecessities", "WithholdsDocuments",
    ]  # fmt: skip
    columns = ["ref", "yearOfRegistration", "gender", "ageBroad", "citizenship", "isSexualExploit"]
    columns += [f"meansOfControl{name}" for name in means]
    rows = [
        ["1", "2016", "Female", "18--20", "XA", "0", "1", *["0"] * 12],
        ["2", "2016", "Male", "-99", "", "", "-99", *[""] * 12],
    ]
    text = "\n".join(",".join(row) for row in [columns, *rows])
    a, b = written(tmp_path, "a.csv", text + "\n"), written(tmp_path, "b.csv", text.rsplit("\n", 1)[0] + "\n")
    found = fl.load_lists(
        {"a": a, "b": b}, key="ref", mapping="ctdc", covariates=["sex", "c_debt", "c_docs", "c_threat_violence"]
    )
    assert found.records is not None
    assert found.records.to_dict("list") == {
        "a": [1, 1], "b": [1, 0], "sex": [2, 1], "c_debt": ["experienced", "missing"],
        "c_docs": ["no", "missing"], "c_threat_violence": ["missing", "missing"],
    }  # fmt: skip


def test_records_that_the_mapping_cannot_read_are_refused_by_row(tmp_path: Path) -> None:
    path = written(tmp_path, "a.csv", "id,s\nX1,1\nX2,5\n")
    fault = refused(
        {"a": path, "b": path}, key="person_id", mapping={"id": "m", "people": {"person_id": "id", "sex": "s"}}
    )
    assert fault.code == "FL-LISTS-13"
    assert "rows 2" in str(fault)
    assert "X2" not in str(fault)


GUESSED = [
    "short",
    "a" * 16,
    "a" * 5_000,
    "ab" * 40,
    "0123456789abcdef",
    "secret12" * 8,
    bytes(range(64)),
    b"\0" * 64,
    "1" * 15 + "2",
    "passwordpassword",
    "the ministry of labour",
    "correct horse battery",
    "MinisterioDeTrabajo2024",
    "ministere-du-travail-2023",
    "qwertyuiopasdfghjklzxcvbnm",
    "azertyuiop1234567890azertyuiop",
    "abcdefghijklmnopqrstuvwxyz0123456789",
    "forced labour forced labour forced labour survey",
    "20230101-20231231",
    b"sel de la liste de la police",
    "Trabajo Forzoso Trabajo Forzoso 2022 2023",
]


@pytest.mark.parametrize("salt", GUESSED)
def test_a_salt_that_could_be_guessed_is_refused_however_long_it_is(salt: str | bytes, tmp_path: Path) -> None:
    path = written(tmp_path, "m.csv", "id,a,b\n1,1,0\n2,1,1\n")
    fault = refused(path, lists=["a", "b"], key="id", salt=salt)
    assert fault.code == "FL-LISTS-12"
    assert str(salt) not in str(fault)


def test_random_salts_pass() -> None:
    """Two thousand of the shortest and as many as advised: none shows too few bits."""
    chance = random.Random(1)
    for _ in range(2_000):
        require_salt(chance.randbytes(16))
        require_salt(chance.randbytes(32).hex())
        require_salt(chance.randbytes(16).hex())
        require_salt(base64.urlsafe_b64encode(chance.randbytes(32)).decode())
        require_salt("".join(chance.choices("abcdefghijklmnopqrstuvwxyz", k=40)))
    require_salt(secrets.token_hex(16))
    require_salt(secrets.token_hex(32).encode())
    require_salt(secrets.token_urlsafe(32))
    require_salt(secrets.token_bytes(32))


def test_hashes_are_keyed(tmp_path: Path) -> None:
    """No table of hashes made beforehand finds a person: not of the identifier as it stands, nor as it is read."""
    found = fl.load_lists(written(tmp_path, "m.csv", "id,a,b\n1,1,0\n2,1,1\n"), lists=["a", "b"], key="id", salt=SALT)
    assert found.records is not None
    persons = set(found.records["person"])
    length = len(next(iter(persons)))
    plain = [b"1", b"\0\0\0\x011", b"1\n", SALT.encode() + b"1", b"1" + SALT.encode()]
    known = {
        hashlib.new(name, text).hexdigest()[:length] for name in ("md5", "sha1", "sha256", "blake2b") for text in plain
    }
    known |= {hashlib.blake2b(text, digest_size=length // 2).hexdigest() for text in plain}
    assert persons.isdisjoint(known)
