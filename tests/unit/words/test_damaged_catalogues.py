"""A catalogue with a fault: no report fails or prints a text that lost its figures; English is said, and the manifest tells."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from importlib.resources import files
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

import fl_estimate as fl
from fl_estimate.words import catalogue as reading
from fl_estimate.words.languages import LANGUAGES, check_language
from fl_estimate.words.say import fallen_back, say

COMMITTED = Path(str(files("fl_estimate.words"))) / "catalogues"
FRENCH = (COMMITTED / "fr.po").read_text(encoding="utf-8")
CASES = FRENCH[(start := FRENCH.index('msgctxt "sentence:cases"')) : FRENCH.index("\n\n", start)]
ENGLISH = "The survey met 3 cases among 5 persons."


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[bytes | str], None]]:
    """Write another French catalogue for as long as a test lasts."""
    (tmp_path / "en.po").write_bytes((COMMITTED / "en.po").read_bytes())
    monkeypatch.setattr(reading, "CATALOGUES", tmp_path)

    def write(content: bytes | str) -> None:
        (tmp_path / "fr.po").write_bytes(content.encode() if isinstance(content, str) else content)
        reading.catalogue.cache_clear()

    yield write
    reading.catalogue.cache_clear()


def cases() -> str:
    return say("sentence", "cases", "fr", cases=3, n=5, sample="persons")


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("{cases}", "{casos}"),
        ("{cases}", "{cases"),
        ("{cases}", "cases}"),
        ("{cases}", "{cases.real}"),
        ("{cases}", "{cases[0]}"),
        ("{cases}", "{cases:d}"),
        ("{cases}", "{cases!r}"),
        ("{cases}", "{}"),
        ("{n}", ""),
        (CASES, f"#, fuzzy\n{CASES}"),
        (CASES, re.sub(r'\nmsgstr\[[12]\] ".*"', "", CASES)),
    ],
)
def test_a_text_that_does_not_fit_its_source_is_said_in_english(
    right: str, wrong: str, written: Callable[[str], None]
) -> None:
    written(FRENCH)
    assert cases() == "L’enquête a recensé 3 cas parmi 5 persons."
    written(FRENCH.replace(CASES, CASES.replace(right, wrong)))
    with fallen_back() as missing:
        assert cases() == ENGLISH
        assert say("measure", "stock", "fr") == "à tout moment"
    assert missing == {("fr", "sentence:cases")}


@pytest.mark.parametrize(
    "content",
    [
        "",
        FRENCH.encode("utf-16"),
        FRENCH.replace("nplurals=3", "nplurals=2"),
        FRENCH.replace(CASES, ""),
        FRENCH.replace("Plural-Forms: nplurals=3; plural=(", "Plural-Forms: plural=os.system("),
        FRENCH.replace("charset=UTF-8", "charset=nothing"),
    ],
    ids=["empty", "utf-16", "two forms", "cut out", "no rule", "no charset"],
)
def test_a_file_that_is_damaged_is_said_in_english(
    content: bytes | str, written: Callable[[bytes | str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    written(content)
    with fallen_back() as missing:
        assert cases() == ENGLISH
    assert missing == {("fr", "sentence:cases")}
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("language", LANGUAGES)
def test_committed_files_are_read_strictly(language: str) -> None:
    """Babel passes over what it cannot read, and keeps the last of two texts of one code."""
    with (COMMITTED / f"{language}.po").open("rb") as file:
        messages = [each for each in read_po(file, locale=language, abort_invalid=True) if each.id]
    raw = (COMMITTED / f"{language}.po").read_text(encoding="utf-8")
    contexts = re.findall(r'^msgctxt "(.*)"$', raw, flags=re.MULTILINE)
    assert {code: count for code, count in Counter(contexts).items() if count > 1} == {}
    assert len(messages) == len(contexts)
    begun = {each.context for each in messages if not each.string or not all(each.string)}
    assert len(reading.catalogue(language)) == len(messages) - len(begun), "a text does not fit its source"


@pytest.mark.parametrize(
    ("tag", "near"),
    [("es_MX", "es-MX"), ("ES-mx", "es-MX"), ("FR", "fr"), ("fr-ZZ", ""), ("", ""), ("xx", "")],
)
def test_a_tag_written_otherwise_is_told_how_it_is_written(tag: str, near: str) -> None:
    with pytest.raises(fl.FlError, match="FL-PUB-07") as raised:
        check_language(tag)
    assert (f"did you mean '{near}'" in str(raised.value)) == bool(near), str(raised.value)
