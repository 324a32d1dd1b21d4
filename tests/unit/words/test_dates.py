"""Proves that days, months and periods are said in words in every language, in CLDR's names, and that nothing else is taken for them."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from babel import Locale
from hypothesis import given
from hypothesis import strategies as st

import fl_estimate as fl
from fl_estimate.words.dates import day, day_or_text
from fl_estimate.words.languages import LANGUAGES, locale_of
from fl_estimate.words.periods import period
from fl_estimate.words.say import say

TAGS = ("en", "fr", "es", "es-MX", "es-HN", "fr-CA", "en-US")
days = st.dates(dt.date(1, 1, 1), dt.date(9999, 12, 31))


def read(text: str, tag: str) -> dt.date:
    """The day that a written one names: its figures and the month that CLDR calls so."""
    months = {name: number for number, name in Locale.parse(locale_of(tag)).months["format"]["wide"].items()}
    words = re.findall(r"\w+", text.replace("1er ", "1 "))
    (month,) = (months[word] for word in words if word in months)
    number, year = (int(word) for word in words if word.isdecimal())
    return dt.date(year, month, number)


@pytest.mark.parametrize("tag", LANGUAGES)
def test_every_language_has_days(tag: str) -> None:
    assert read(day(dt.date(2023, 8, 21), tag), tag) == dt.date(2023, 8, 21)


@given(date=days, tag=st.sampled_from(TAGS))
def test_a_written_day_reads_back_as_what_it_was(date: dt.date, tag: str) -> None:
    assert read(day(date, tag), tag) == date


@given(first=days, last=days, tag=st.sampled_from(TAGS))
def test_the_last_day_of_a_period_stands_whole_at_its_end(first: dt.date, last: dt.date, tag: str) -> None:
    first, last = sorted((first, last))
    text = period(f"{first.isoformat()} to {last.isoformat()}", tag)
    assert text.endswith(day(last, tag))
    if first.year != last.year:
        assert day(first, tag) in text
    assert not re.search(r"\d-\d|[{}]", text)


# The first three lines are those of the file of corrections; the rest is what CLDR's names and patterns of each part give.
@pytest.mark.parametrize(
    ("text", "english", "french", "spanish"),
    [
        ("2023-01-01 to 2023-12-31", "1 January to 31 December 2023", "du 1er janvier au 31 décembre 2023",
         "del 1 de enero al 31 de diciembre de 2023"),
        ("2023-03-01 to 2023-03-31", "1 to 31 March 2023", "du 1er au 31 mars 2023", "del 1 al 31 de marzo de 2023"),
        ("2023-12-31 to 2024-01-01", "31 December 2023 to 1 January 2024", "du 31 décembre 2023 au 1er janvier 2024",
         "del 31 de diciembre de 2023 al 1 de enero de 2024"),
        ("2023-05-11", "11 May 2023", "11 mai 2023", "11 de mayo de 2023"),
        ("2023-05-11 to 2023-05-11", "11 May 2023", "11 mai 2023", "11 de mayo de 2023"),
        ("2021-03", "March 2021", "mars 2021", "marzo de 2021"),
        ("2021-04 to 2021-08", "April to August 2021", "d’avril à août 2021", "de abril a agosto de 2021"),
        ("2021-12 to 2022-01", "December 2021 to January 2022", "de décembre 2021 à janvier 2022",
         "de diciembre de 2021 a enero de 2022"),
        ("2013", "2013", "2013", "2013"),
        ("2010-2015", "2010 to 2015", "de 2010 à 2015", "de 2010 a 2015"),
        ("2021 → 2022-01-01 to 2022-03-31", "2021 → 1 January to 31 March 2022", "2021 → du 1er janvier au 31 mars 2022", "2021 → del 1 de enero al 31 de marzo de 2022"),
        ("2021 → a lifetime", "", "", ""),
        ("2010–2015", "2010 to 2015", "de 2010 à 2015", "de 2010 a 2015"),
        ("from 2021-03-01", "from 1 March 2021", "à partir du 1er mars 2021", "desde el 1 de marzo de 2021"),
        ("2021-10 onwards", "from October 2021", "à partir d’octobre 2021", "desde octubre de 2021"),
        ("until 2021-10-02", "until 2 October 2021", "jusqu’au 2 octobre 2021", "hasta el 2 de octubre de 2021"),
        ("up to 2021-08", "until August 2021", "jusqu’à août 2021", "hasta agosto de 2021"),
    ],
)  # fmt: skip
def test_periods(text: str, english: str, french: str, spanish: str) -> None:
    assert tuple(period(text, tag) for tag in ("en", "fr", "es")) == (english, french, spanish)
    assert period(f"  {text} ", "es-MX") == spanish


def test_a_territory_has_its_own_order() -> None:
    assert period("2023-01-01 to 2023-12-31", "en-US") == "January 1 to December 31, 2023"
    assert period("2023-03-01 to 2023-03-31", "en-US") == "March 1 to March 31, 2023"


@pytest.mark.parametrize(
    "text",
    ["", "lifetime", "12m", "the 12 months before the interview", "2023-02-31", "2023-02-31 to 2023-03-01", "2023-13", "0000",
     "2023-12-31 to 2023-01-01", "2015-2010", "12345", "2023-1-1", "2023 and 2024", "wave of 2023-01-01"],
)  # fmt: skip
def test_what_is_no_time_stays_as_it_was_written(text: str) -> None:
    assert [period(text, tag) for tag in ("en", "fr", "es")] == ["", "", ""]


def test_a_language_without_words_is_refused() -> None:
    for write in (lambda: day(dt.date(2023, 1, 1), "de"), lambda: period("2023", "de")):
        with pytest.raises(fl.FlError, match="FL-PUB-07"):
            write()


def test_a_day_that_is_a_parameter_of_a_sentence_is_written_in_words() -> None:
    assert [say("assumption", "stock_on_day", tag, day="2023-12-01") for tag in ("en", "fr", "es")] == [
        "Persons in the class on the reference day: 1 December 2023.",
        "Personnes dans la classe au jour de référence\u00a0: 1er décembre 2023.",
        "Personas en la clase en el día de referencia: 1 de diciembre de 2023.",
    ]
    assert say("assumption", "stock_on_day", day="interview_date").endswith(": interview_date.")
    assert [day_or_text(text) for text in ("2023-02-31", "2023-1-001", "0123456789")] == [
        "2023-02-31",
        "2023-1-001",
        "0123456789",
    ]
