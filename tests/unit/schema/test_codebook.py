"""Proves that classifications have their published numbers of codes, rules name variables, and the codebook shows every one."""

from __future__ import annotations

import pytest

from fl_estimate.errors import DataFault
from fl_estimate.schema import classifications
from fl_estimate.schema.codebook import codebook, markdown
from fl_estimate.schema.conditions import CONDITIONS
from fl_estimate.schema.labels import LANGUAGES, label_of, labels
from fl_estimate.schema.variables import TABLES


def _levels(codes: list[str]) -> list[int]:
    return [len({code[:digits] for code in codes}) for digits in (1, 2, 3, 4)]


def test_isco_08_has_the_groups_that_the_ilo_published() -> None:
    """ILO, ISCO-08 vol. I (2012): 10 major, 43 sub-major, 130 minor and 436 unit groups."""
    assert _levels(classifications._every(classifications._ISCO_08_UNITS)) == [10, 43, 130, 436]


def test_isic_4_has_the_classes_that_the_united_nations_published() -> None:
    """UN, ISIC Rev.4 (2008): 21 sections, 88 divisions, 238 groups and 419 classes."""
    classes = [code for text in classifications._ISIC_4_CLASSES.values() for code in classifications._every(text)]
    assert _levels(classes)[1:] == [88, 238, 419]
    assert "".join(classifications._ISIC_4_CLASSES) == "ABCDEFGHIJKLMNOPQRSTU"


def test_iso_3166_has_249_countries() -> None:
    """ISO 3166-1, 249 officially assigned codes; and 26 of the 42 that are left to users."""
    assert len(classifications._COUNTRIES.split()) == 249
    assert len(classifications.COUNTRIES) == 249 + 26


def test_rules_between_variables_name_variables_of_their_table() -> None:
    for condition in CONDITIONS:
        assert condition.names <= set(TABLES[condition.table].variables)
        assert condition.variable in TABLES[condition.table].variables


def test_every_variable_has_a_label_in_every_language_and_no_label_is_left_over() -> None:
    names = {name for table in TABLES.values() for name in table.variables}
    assert [name for name in names for language in LANGUAGES if not label_of(name, language)] == []
    assert set(labels()) <= names


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_codebook_lists_every_variable(language: str) -> None:
    book = codebook(language)
    assert len(book) == sum(len(table.variables) for table in TABLES.values())
    assert (book["label"] != "").all()


def test_the_page_lists_every_variable() -> None:
    page = markdown()
    assert [name for table in TABLES.values() for name in table.variables if f"| `{name}` |" not in page] == []


def test_a_territory_has_the_labels_of_its_language_and_a_language_without_labels_the_english_ones() -> None:
    assert label_of("sex", "es-MX") == label_of("sex", "es") != label_of("sex", "pt") == label_of("sex")
    assert codebook("es-MX").equals(codebook("es"))
    assert label_of("birth_date_precision", "fr-BE") == label_of("birth_date_precision", "fr")


def test_another_language_is_refused() -> None:
    with pytest.raises(DataFault) as caught:
        codebook("de")
    assert caught.value.code == "FL-DATA-04"
