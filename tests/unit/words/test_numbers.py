"""Proves that numbers are written as CLDR and the rules of the house say in every language, and read back as what they were."""

from __future__ import annotations

import math
from decimal import Decimal

import pytest
from babel import Locale
from babel.numbers import format_decimal
from hypothesis import given
from hypothesis import strategies as st

import fl_estimate as fl
from fl_estimate.words.languages import LANGUAGES, locale_of
from fl_estimate.words.numbers import is_in_threes, level_words, marks_of, number, percent, spread

POINT_IN_SPANISH = ("es-MX", "es-GT", "es-HN", "es-NI", "es-DO", "es-PA", "es-PE", "es-PR")
"""Of the file of corrections; CLDR agrees below."""
COMMA_IN_SPANISH = ("es", "es-ES", "es-AR", "es-BO", "es-CL", "es-CO", "es-CR", "es-EC", "es-PY", "es-UY", "es-VE")
TAGS = (*LANGUAGES, *POINT_IN_SPANISH, *COMMA_IN_SPANISH, "es-419", "fr-CA", "fr-CH", "en-US")
AS_CLDR = tuple(tag for tag in TAGS if not tag.startswith("es"))
real = st.floats(allow_nan=False, allow_infinity=False, min_value=-1e15, max_value=1e15)


def read(text: str, tag: str) -> Decimal:
    """What a reader of the language takes a written number for."""
    marks = marks_of(tag)
    whole, _, decimals = text.removeprefix("−").partition(marks.point)
    parts = whole.split(marks.thousands)
    assert 1 <= len(parts[0]) <= 4
    assert all(len(part) == 3 for part in parts[1:])
    size = Decimal(f"{''.join(parts)}.{decimals or 0}")
    return -size if text.startswith("−") else size


@given(value=real, decimals=st.integers(0, 8), tag=st.sampled_from(TAGS))
def test_a_written_number_reads_back_as_what_it_was(value: float, decimals: int, tag: str) -> None:
    assert read(number(value, decimals, tag), tag) == Decimal(f"{value:.{decimals}f}")


@given(share=st.floats(-20, 20), decimals=st.integers(0, 6), tag=st.sampled_from(TAGS))
def test_a_written_percentage_reads_back_as_what_it_was(share: float, decimals: int, tag: str) -> None:
    text = percent(share, decimals, tag)
    assert text.endswith(f"{marks_of(tag).gap}%")
    assert read(text.removesuffix("%").removesuffix(marks_of(tag).gap), tag) == Decimal(f"{share * 100:.{decimals}f}")


@given(whole=st.integers(-(10**15), 10**15), decimals=st.integers(0, 4), tag=st.sampled_from(AS_CLDR))
def test_where_no_rule_of_ours_departs_babel_writes_the_same(whole: int, decimals: int, tag: str) -> None:
    value = Decimal(whole).scaleb(-decimals)
    pattern = "#,##0" + ("." + "0" * decimals if decimals else "")
    theirs = format_decimal(value, pattern, locale=locale_of(tag)).replace("-", "−")
    if float(value) == value:  # what no double holds is rounded before we see it
        assert number(float(value), decimals, tag) == theirs


@given(low=real, high=real, tag=st.sampled_from(TAGS))
def test_both_ends_of_a_range_read_back(low: float, high: float, tag: str) -> None:
    text = spread(number(low, 1, tag), number(high, 1, tag), tag)
    ends = text.split(" – ") if " – " in text else text.split("–")
    assert [read(end, tag) for end in ends] == [Decimal(f"{low:.1f}"), Decimal(f"{high:.1f}")]
    assert (" – " in text) == ("−" in text)


def test_spanish_marks_thousands_with_a_space_from_five_digits_on() -> None:
    for tag in (*POINT_IN_SPANISH, *COMMA_IN_SPANISH):
        assert [number(value, 0, tag) for value in (999, 1234, 9999, 12345, 1234567, -9999.6)] == [
            "999", "1234", "9999", "12\u202f345", "1\u202f234\u202f567", "−10\u202f000",
        ]  # fmt: skip


def test_the_decimal_of_spanish_is_that_of_the_country() -> None:
    assert {tag: marks_of(tag).point for tag in POINT_IN_SPANISH} == dict.fromkeys(POINT_IN_SPANISH, ".")
    assert {tag: marks_of(tag).point for tag in COMMA_IN_SPANISH} == dict.fromkeys(COMMA_IN_SPANISH, ",")
    assert [number(1234567.891, 1, tag) for tag in ("es", "es-MX")] == [
        "1\u202f234\u202f567,9",
        "1\u202f234\u202f567.9",
    ]


def test_the_gap_before_the_per_cent_sign_is_the_countrys_and_never_narrow_nor_breaking() -> None:
    said = {tag: percent(0.305, 1, tag) for tag in ("en", "fr", "es", "es-MX", "fr-CA")}
    assert said == {
        "en": "30.5%", "fr": "30,5\u00a0%", "es": "30,5\u00a0%", "es-MX": "30.5%", "fr-CA": "30,5\u00a0%",
    }  # fmt: skip
    assert (level_words(0.95), level_words(0.975), level_words(0.9, "fr")) == ("95%", "97.5%", "90\u00a0%")


@pytest.mark.parametrize("tag", TAGS)
def test_what_is_no_number_and_what_rounds_to_zero(tag: str) -> None:
    assert [number(value, 1, tag) for value in (math.inf, -math.inf, math.nan)] == ["∞", "−∞", ""]
    assert not number(-0.04, 1, tag).startswith("−")
    assert number(-0.0, 0, tag) == number(-0.4, 0, tag) == "0"
    assert number(-0.06, 1, tag).startswith("−0")


@pytest.mark.parametrize("tag", TAGS)
def test_every_language_marks_every_third_digit(tag: str) -> None:
    assert is_in_threes(tag)
    assert Locale.parse(locale_of(tag)).number_symbols["latn"]["minusSign"] in "-−"


def test_a_language_that_marks_other_digits_would_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fl_estimate.words.numbers.locale_of", lambda tag: tag)
    assert not is_in_threes("hi")  # 12,34,567


def test_a_language_without_words_is_refused() -> None:
    for write in (lambda: number(1, 0, "de"), lambda: percent(1, 0, "de"), lambda: spread("1", "2", "es-XX")):
        with pytest.raises(fl.FlError, match="FL-PUB-07"):
            write()
