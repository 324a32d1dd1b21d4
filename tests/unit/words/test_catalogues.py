"""Each catalogue is whole, agrees with the source, and holds what translators' tools need; one that is begun falls back to English."""

from __future__ import annotations

import gettext
import json
import re
import string
import subprocess
import sys
import tomllib
from importlib.resources import files
from pathlib import Path

import pytest
from babel import Locale
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

import fl_estimate as fl
from fl_estimate.words.catalogue import CatalogueText, catalogue, categories, codes_of, families
from fl_estimate.words.languages import LANGUAGES, check_language, locale_of, words_of
from fl_estimate.words.say import error_words, fallen_back, labels, say, text_of
from fl_estimate.words.spaces import FIXED, NARROW, with_spaces


def read(language: str) -> Catalog:
    with (files("fl_estimate.words") / "catalogues" / f"{language}.po").open("rb") as file:
        return read_po(file, locale=language)


def raw(language: str) -> str:
    return (files("fl_estimate.words") / "catalogues" / f"{language}.po").read_text(encoding="utf-8")


WHOLE = [language for language in LANGUAGES if '"X-State: begun\\n"' not in raw(language)]
"""Languages whose catalogue does not say that it is only begun: what such a one lacks is said in English."""


def parameters(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("language", WHOLE)
def test_a_whole_catalogue_says_everything(language: str) -> None:
    assert sorted(catalogue("en").keys() - catalogue(language).keys()) == []
    assert all(form.strip() for text in catalogue(language).values() for form in text.forms)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_catalogue_translates_the_text_that_is_said_today(language: str) -> None:
    """A text of the source that was changed is translated anew: its old translation says something else."""
    source = {message.context: message.id for message in read("en")}
    theirs = {message.context: message.id for message in read(language) if message.id}
    assert {context for context, text in theirs.items() if source.get(context) != text} == set()


def test_the_source_says_itself() -> None:
    assert [
        m.context for m in read("en") if m.id and (m.string if isinstance(m.id, str) else tuple(m.string or "")) != m.id
    ] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_form_has_the_parameters_of_the_source(language: str) -> None:
    for key, text in catalogue(language).items():
        source = catalogue("en")[key]
        wanted = parameters(source.forms[-1])
        for form in text.forms:
            # One of something need not be said in figures: "1 case", "la strate".
            assert wanted - {source.counted} <= parameters(form) <= wanted, (language, key)
        assert parameters(text.forms[-1]) == wanted, (language, key)


@pytest.mark.parametrize("language", LANGUAGES)
def test_forms_of_plural_are_those_of_cldr(language: str) -> None:
    """The rule in the header, which translators' tools go by, gives the forms that are chosen here, by CLDR's rule."""
    found = re.search(r"plural=(.*?);\\n", raw(language))
    assert found is not None
    names, rule = categories(language), Locale(language).plural_form
    position = gettext.c2py(found[1])  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]
    for n in (0, 1, 2, 5, 11, 100, 1_000_000, 1_000_001, 2_000_000):
        assert names[int(position(n))] == rule(n), n
    assert {len(text.forms) for text in catalogue(language).values()} <= {1, len(names)}


def test_english_french_and_spanish_are_whole() -> None:
    assert {"en", "fr", "es"} <= set(WHOLE)
    assert "pt" not in WHOLE


def test_what_the_source_declares_is_there() -> None:
    for key, text in catalogue("en").items():
        said = parameters(text.forms[-1])
        assert set(text.codes) <= said, key
        assert set(text.codes.values()) <= set(families()), key
        # of the words of a unit the number stands before them, in the sentence
        assert not text.counted or text.counted in said or key[0] == "unit", key
        assert bool(text.counted) == (len(text.forms) > 1), key


@pytest.mark.parametrize("language", LANGUAGES)
def test_spaces_that_do_not_break_are_set_by_the_rule_and_apostrophes_are_one(language: str) -> None:
    text = raw(language)
    assert NARROW not in text
    assert FIXED not in text
    assert re.findall(r"\w'\w", re.sub(r"^#.*$", "", text, flags=re.MULTILINE)) == []


def test_signs_of_two_parts_stand_apart_in_french() -> None:
    for key, text in catalogue("fr").items():
        for form in text.forms:
            assert re.search(rf"[^\s{FIXED}]:(?:\s|$)| :", form) is None, key
            assert re.search(rf"[^\s{NARROW};!?][;!?](?:\s|$)| [;!?]", form) is None, key
            assert re.search(rf"«[^{FIXED}]|[^{FIXED}]»", form) is None, key


def test_what_stands_in_braces_stays_as_it_came() -> None:
    assert say("assumption", "subpopulation", "fr", where="time == '10:30' ; x").count(FIXED) == 1
    assert with_spaces("« {name} » ?", "fr") == f"«{FIXED}{{name}}{FIXED}»{NARROW}?"
    assert with_spaces("10:30 https://x.org", "fr") == "10:30 https://x.org"
    assert [with_spaces("{share} %", language) for language in ("en", "fr", "es")] == [
        "{share}%",
        f"{{share}}{FIXED}%",
        f"{{share}}{FIXED}%",
    ]


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        (
            "en",
            ["0 cases among 2 respondents", "1 case among 1 respondent", "1,000,000 cases among 1,000,001 respondents"],
        ),
        ("fr", ["0 cas parmi 2 répondants", "1 cas parmi 1 répondant", "1 000 000 de cas parmi 1 000 001 répondants"]),
        (
            "es",
            [
                "0 casos entre 2 informantes",
                "1 caso entre 1 informante",
                "1 000 000 de casos entre 1 000 001 informantes",
            ],
        ),
    ],
)
def test_one_case_is_one_case(language: str, expected: list[str]) -> None:
    for (cases, n), words in zip(((0, 2), (1, 1), (1_000_000, 1_000_001)), expected, strict=True):
        sample = say("unit", "persons.sample", language, n=n)
        text = say("sentence", "cases", language, cases=cases, n=n, sample=sample)
        assert words in text.replace(NARROW, " ")


def test_names_that_were_cut_off_are_counted_in_words() -> None:
    """`errors.listed` writes "and 2 more": results, and files of them, hold the text as it is in English."""
    said = {
        (language, more): say("assumption", "recalled_parts", language, framework="x", parts=f"A, B and {more} more")
        for language in ("en", "fr", "es", "pt")
        for more in ("1", "1,200")
    }
    assert said["en", "1"].endswith(": A, B and 1 more.")
    assert said["fr", "1"].endswith(": A, B et 1 autre.")
    assert said["fr", "1,200"].endswith(f": A, B et 1{NARROW}200 autres.")
    assert said["es", "1"].endswith(": A, B y 1 más.")
    assert said["pt", "1"].endswith("A, B e mais 1.")
    assert say("assumption", "subpopulation", "fr", where="more and more").count("more and more") == 1


def test_figures_that_protect_others_are_said_to_be_one_or_several() -> None:
    """In French, "retenu" is what was chosen; of one figure there is no "among them"."""
    assert say("sentence", "protecting", "fr", rows=1).startswith("Dans ce total, 1 chiffre est masqué")
    assert say("sentence", "protecting", "fr", rows=1_000_000).startswith(
        "Parmi eux, 1 000 000 sont masqués".replace(" 0", NARROW + "0")
    )
    assert say("sentence", "protecting", "es", rows=1).startswith("En ese total, 1 cifra se retiene")
    assert " de se " not in say("sentence", "protecting", "es", rows=1_000_000)


def test_rows_of_a_file() -> None:
    assert [say("sentence", "rows", "fr", rows=rows) for rows in (0, 1, 2)] == ["0 ligne", "1 ligne", "2 lignes"]
    assert [say("sentence", "rows", "es", rows=rows) for rows in (0, 1, 2)] == ["0 filas", "1 fila", "2 filas"]
    assert [say("sentence", "rows", rows=rows) for rows in (0, 1, 2)] == ["0 rows", "1 row", "2 rows"]


def test_the_form_of_a_number_that_is_not_known_is_that_of_several() -> None:
    text = CatalogueText(("one", "many", "other"), "n")
    assert [text.form("fr", value) for value in (None, "1", True, 1, 1.5, 2, -1)] == [
        "other",
        "other",
        "other",
        "one",
        "one",
        "other",
        "one",
    ]
    assert [text.form("pt-PT", 0), text.form("pt", 0)] == ["other", "one"]


@pytest.mark.parametrize("language", ["fr", "es"])
def test_no_english_code_stands_within_a_sentence_of_another_language(language: str) -> None:
    """What estimators give as a prior, a link or a rule is a code, and has words."""
    english = set(catalogue("en"))
    for (_, code), text in list(catalogue("en").items()):
        for name, family in text.codes.items():
            for given in codes_of(family):
                if text_of(family, given, language) == text_of(family, given, "en"):
                    continue  # a name: Wilson, logit
                assert english >= {(family, given)}
                said = say(
                    "assumption" if ("assumption", code) in english else "reason", code, language, **{name: given}
                )
                assert say(family, given, language) in said, (code, name, given)


def test_priors_are_said_with_the_numbers_of_the_language() -> None:
    said = {
        language: say("assumption", "prior_intercept", language, prior="normal(-5.30035, 1.5)")
        for language in ("en", "fr", "es", "es-MX")
    }
    assert said["en"].endswith(": normal(−5.30035, 1.5).")
    assert said["fr"].endswith(f": normale(−5,30035{NARROW}; 1,5).")
    assert said["es"].endswith(": normal(−5,30035; 1,5).")
    assert said["es-MX"].endswith(": normal(−5.30035, 1.5).")
    assert say("assumption", "prior_sigma", "es", prior="half-normal(1)").endswith(": seminormal(1).")
    assert say("assumption", "prior_number", "es", prior="flat on the log scale").endswith(
        "uniforme en la escala logarítmica."
    )
    assert say(
        "assumption", "misclassification_prior", "fr", name="sensitivity", prior="mean of beta(1, 2.5), beta(3, 4)"
    ).endswith(f"moyenne de bêta(1{NARROW}; 2,5), bêta(3{NARROW}; 4).")
    # a text that is no code stays
    assert say("assumption", "prior_sigma", "fr", prior="mine(2)").endswith("mine(2).")


def test_a_language_that_is_begun_says_the_rest_in_english_and_tells() -> None:
    with fallen_back() as missing:
        assert say("outcome", "forced_labour", "pt") == "trabalho forçado"
        assert missing == set()
        assert say("sentence", "withheld", "pt-BR", hidden=1, rows=3) == "1 of 3 figures is not published."
        assert say("reason", "of_tomorrow", "pt") == "of_tomorrow"
    assert missing == {("pt", "sentence:withheld")}
    with pytest.raises(KeyError):
        say("no such family", "x")


def test_errors_keep_their_english_where_a_catalogue_has_none_of_their_code() -> None:
    english = "[FL-EST-02] columns are not in the data"
    assert error_words(english) == english
    assert error_words(english, "fr") == "[FL-EST-02] des colonnes ne sont pas dans les données"
    assert error_words(english, "pt") == english
    assert error_words("[FL-EST-99] of tomorrow", "fr") == "[FL-EST-99] of tomorrow"
    assert error_words("no code", "fr") == "no code"


def test_languages_are_the_catalogues_that_are_there() -> None:
    names = {each.name for each in (files("fl_estimate.words") / "catalogues").iterdir()}
    assert names == {f"{language}.po" for language in LANGUAGES}
    assert LANGUAGES[0] == "en"
    assert (words_of("es-MX"), locale_of("es-MX"), locale_of("fr"), locale_of("es-419")) == (
        "es",
        "es_MX",
        "fr",
        "es_419",
    )
    for tag in ("de", "es-XX", "es_MX", "es-mx", "", "es-", 3, None):
        with pytest.raises(fl.FlError, match="FL-PUB-07"):
            check_language(tag)  # pyright: ignore[reportArgumentType]


def test_codes_of_a_column_are_said_where_all_are_codes() -> None:
    assert labels("migrant_status", ["native", "return migrant"], "es") == {
        "native": "No migrantes",
        "return migrant": "Migrantes retornados",
    }


def test_nothing_is_read_before_it_is_said() -> None:
    """`import fl_estimate` meets neither Babel nor a catalogue; English is read alone."""
    script = (
        "import sys, json, fl_estimate\n"
        "first = 'babel' in sys.modules\n"
        "from fl_estimate.words import catalogue, say\n"
        "second = 'babel.messages' in sys.modules\n"
        "say.say('measure', 'stock')\n"
        "print(json.dumps([first, second, catalogue.catalogue.cache_info().currsize]))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == [False, False, 1]


def test_the_wheel_holds_the_catalogues() -> None:
    """A wheel carries what stands under src/fl_estimate, whatever its ending: nothing leaves .po files out."""
    root = Path(__file__).parents[3]
    build = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["hatch"]["build"]
    assert build["targets"]["wheel"] == {"packages": ["src/fl_estimate"]}
    assert not set(build) - {"targets", "dev-mode-dirs"}  # the latter is of an editable install alone
    ignored = (root / ".gitignore").read_text(encoding="utf-8").split()
    assert [line for line in ignored if line.endswith((".po", "catalogues", "words"))] == []
