"""Proves that a file format is one file: put into the folder, all doors know it; and that formats are what they say."""

from __future__ import annotations

import ast
import dataclasses
import runpy
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import pandas as pd
import polars as pl
import pyreadstat
import pytest
from pydantic import Field

from fl_estimate.errors import FileFault, MappingFault
from fl_estimate.loaders import files
from fl_estimate.loaders import formats as folder_of_formats
from fl_estimate.loaders.convert import convert
from fl_estimate.loaders.drafting import draft_mapping
from fl_estimate.loaders.file_format import FileFormat, Option
from fl_estimate.loaders.file_table import TextFormat
from fl_estimate.loaders.files import endings, existing, format_of, formats, options, read_table, registered
from fl_estimate.loaders.lists import load_lists
from fl_estimate.loaders.load import load

INVENTED = '''
"""Fixed columns: the first line has the names, the second the widths."""

import polars as pl

from fl_estimate.loaders.file_format import FileFormat, Option
from fl_estimate.loaders.file_table import FileTable, damaged, source_of
from fl_estimate.loaders.formats.delimited import numbers_where_all_are


def _read(file, written):
    lines = file.read_text(encoding=written.encoding or "utf-8").splitlines()
    padding = written.more.get("padding", " ")
    try:
        names, widths = lines[0].split(), [int(width) for width in lines[1].split()]
    except (IndexError, ValueError):
        raise damaged(file, "it has no line of widths") from None
    ends = [sum(widths[: n + 1]) for n in range(len(widths))]
    cells = {
        name: [line[end - width : end].strip(padding) or None for line in lines[2:]]
        for name, width, end in zip(names, widths, ends, strict=True)
    }
    frame = numbers_where_all_are(pl.DataFrame(cells, schema=dict.fromkeys(names, pl.String)), ".")
    return FileTable(frame=frame, source=source_of(file, "utf-8", frame.height))


FORMAT = FileFormat(
    name="fixed columns",
    endings=(".invented",),
    read=_read,
    heeds=("encoding",),
    options=(Option(name="padding", kind=str, says="the sign that fills cells up"),),
    example=b"a b\\n1 2\\n1 2\\n",
)
'''
FILE = "person_id sex weight\n3 2 3\n01_1_2.5\n02_2_1.5\n"
MAPPING: dict[str, Any] = {
    "id": "x",
    "source": {"padding": "_"},
    "people": {"person_id": "person_id", "sex": "sex", "weight_person": "weight"},
    "design": {"weights": "weight_person"},
}


def _forget() -> None:
    files.formats.cache_clear()
    files._by_ending.cache_clear()  # pyright: ignore[reportPrivateUsage]
    sys.modules.pop(f"{folder_of_formats.__name__}.invented", None)


@pytest.fixture
def survey(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A file of a format that is one more file in the folder of formats."""
    more = tmp_path / "more"
    more.mkdir()
    (more / "invented.py").write_text(INVENTED)
    monkeypatch.setattr(folder_of_formats, "__path__", [*folder_of_formats.__path__, str(more)])
    _forget()
    (tmp_path / "s.invented").write_text(FILE)
    yield tmp_path / "s.invented"
    _forget()


def test_a_new_format_is_read_with_what_it_has_to_be_told(survey: Path) -> None:
    table = read_table(survey, written=TextFormat(more={"padding": "_"}))
    got = table.frame.lazy().collect().to_dict(as_series=False)
    assert got == {"person_id": ["01", "02"], "sex": [1, 2], "weight": [2.5, 1.5]}


def test_a_new_format_is_loaded_by_a_mapping(survey: Path) -> None:
    people = load(survey, mapping=MAPPING, engine="polars").people
    assert people["weight_person"].to_list() == [2.5, 1.5]


def test_a_new_format_is_converted(survey: Path, tmp_path: Path) -> None:
    convert(survey, tmp_path / "s.parquet", written=TextFormat(more={"padding": "_"}))
    assert pl.read_parquet(tmp_path / "s.parquet")["weight"].to_list() == [2.5, 1.5]


def test_a_new_format_is_drafted(survey: Path) -> None:
    assert 'sex = "sex"' in draft_mapping(survey)


@pytest.mark.usefixtures("survey")
def test_a_new_format_holds_lists(tmp_path: Path) -> None:
    (tmp_path / "lists.invented").write_text("a b n\n1 1 3\n11 40\n10 20\n01 30\n")
    assert int(load_lists(tmp_path / "lists.invented", lists=["a", "b"], count="n").counts.sum()) == 90


@pytest.mark.usefixtures("survey")
def test_a_new_format_stands_in_messages(tmp_path: Path) -> None:
    (tmp_path / "s.docx").write_bytes(b"x")
    with pytest.raises(FileFault, match=r"FL-FILE-03(.|\n)*\.invented"):
        existing(tmp_path / "s.docx")


def test_an_option_of_a_format_is_checked(survey: Path) -> None:
    with pytest.raises(MappingFault, match=r"source: .*padding: Input should be a valid string"):
        load(survey, mapping={**MAPPING, "source": {"padding": 3}})
    with pytest.raises(MappingFault, match=r"source\.padding_: no such key; did you mean 'padding'"):
        load(survey, mapping={**MAPPING, "source": {"padding_": "_"}})
    with pytest.raises(MappingFault, match="more: no such key"):
        load(survey, mapping={**MAPPING, "source": {"more": {"padding": "_"}}})


def test_a_name_that_no_frame_can_have_is_refused(survey: Path) -> None:
    """Its own reader lets a null in a name pass, which brings down the writer of Parquet."""
    survey.write_bytes(b"a\0 b\n1 2\n1 2\n")
    with pytest.raises(FileFault, match=r"FL-FILE-05(.|\n)*the name of a column is no text"):
        read_table(survey)


def test_an_option_goes_with_its_format(tmp_path: Path) -> None:
    """Without the format above nobody knows its key."""
    (tmp_path / "s.csv").write_text("person_id,sex,weight\n1,1,2.5\n")
    assert "padding" not in options()
    with pytest.raises(MappingFault, match=r"source\.padding: no such key"):
        load(tmp_path / "s.csv", mapping=MAPPING)


# --- what formats say of themselves -------------------------------------------------------------------------------


def _nothing(_file: Path, _written: TextFormat) -> Any:
    raise NotImplementedError


def test_two_formats_cannot_claim_one_ending_or_option() -> None:
    one = FileFormat(name="one", endings=(".one",), read=_nothing, companions={".beside": "read the other"})
    with pytest.raises(TypeError, match=r"two file formats claim one ending \.beside"):
        registered(iter([one, FileFormat(name="two", endings=(".beside",), read=_nothing)]))
    option = Option(name="w", kind=Annotated[int, Field(ge=1)], says="widths")
    told = [dataclasses.replace(one, name=name, endings=(name,), companions={}, options=(option,)) for name in "ab"]
    with pytest.raises(TypeError, match="two file formats claim one option w"):
        registered(iter(told))


def test_formats_are_those_of_the_folder_and_heed_what_there_is() -> None:
    assert {form.name for form in formats()} >= {"delimited text", "Parquet", "SAS", "SPSS", "Stata", "workbook"}
    known = {field.name for field in dataclasses.fields(TextFormat)} - {"more"}
    for form in formats():
        assert set(form.heeds) <= known
        assert set(form.declaring) <= set(form.endings)
        assert all(ending == ending.lower() and ending.startswith(".") for ending in form.endings)
    assert {name for form in formats() for name in form.heeds} == known


def test_what_a_format_says_of_labels_is_so(tmp_path: Path) -> None:
    """SAS is not written by pyreadstat; its catalogues are tested in test_files.py."""
    frame: Any = pd.DataFrame({"q": [1.0, 8.0]})
    labels: Any = {"variable_value_labels": {"q": {1: "yes"}}}
    pyreadstat.write_sav(frame, tmp_path / "s.sav", missing_ranges={"q": [8]}, **labels)
    pyreadstat.write_dta(frame.astype({"q": int}), tmp_path / "s.dta", **labels)
    frame.to_csv(tmp_path / "s.csv", index=False)
    convert(tmp_path / "s.sav", tmp_path / "s.parquet")
    for path in sorted(tmp_path.iterdir()):
        form, table = format_of(path), read_table(path)
        assert form is not None
        assert bool(table.value_labels) == (form.labels != "none"), path.name
        assert isinstance(table.frame, pl.LazyFrame) == form.lazy, path.name
        if path.suffix in (".sav", ".parquet"):
            assert table.declared_missing == {"q": ((8.0, 8.0),)}
            assert path.suffix in form.declaring


@pytest.mark.parametrize("ending", [".csv", ".dta", ".xlsx", ".parquet"])
def test_a_file_under_another_ending_is_told_by_its_content(tmp_path: Path, ending: str) -> None:
    frame: Any = pd.DataFrame({"q": [1.0, 2.0], "t": ["é", "b"]})
    pyreadstat.write_sav(frame, tmp_path / "s.sav")
    (tmp_path / "s.sav").rename(tmp_path / f"s{ending}")
    with pytest.raises(FileFault) as caught:
        read_table(tmp_path / f"s{ending}")
    assert caught.value.found.count("it starts as a file of SPSS does") == 1
    assert caught.value.fix == "give it the ending of its format: .sav or .zsav or .por"


def test_a_damaged_file_of_its_own_format_is_not_told_to_be_another(tmp_path: Path) -> None:
    (tmp_path / "s.sav").write_bytes(b"$FL2" + bytes(400))
    with pytest.raises(FileFault) as caught:
        read_table(tmp_path / "s.sav")
    assert "starts as" not in caught.value.found


def test_the_page_of_formats_has_every_ending() -> None:
    page = runpy.run_path(str(Path(__file__).parents[3] / "scripts" / "format_pages.py"))["page"]()
    assert [ending for ending in endings() if f"{ending}," not in page and f"{ending} |" not in page] == []
    assert "| SPSS | .sav, .zsav, .por | in the file | .sav, .zsav | in stretches | `encoding` |" in page


def test_no_ending_is_known_by_name_outside_its_format() -> None:
    room = Path(files.__file__).parent
    known = {*endings(), *(ending for form in formats() for ending in form.companions)}
    found = [
        f"{path.name}:{node.lineno}"
        for path in room.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and node.value in known
    ]
    assert found == []
