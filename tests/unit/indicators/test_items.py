"""The items are complete, and an answer means what it says, with its phase and without."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import pytest

from fl_estimate.errors import IndicatorFault
from fl_estimate.indicators.items import UNKNOWN_ANSWERS, Wording, known_items
from fl_estimate.indicators.logic import FALSE, TRUE, UNKNOWN

T, U, F = TRUE, UNKNOWN, FALSE


def test_every_item_and_field_is_there_in_three_languages() -> None:
    known = known_items()
    # counted in the facts of the frameworks: 95 items, 20 fields; the second reading adds the five direct questions, the
    # ten conditions of C29's exceptions and forced marriage; is_domestic is for an attribute of the GEMS forms
    assert (len(known.items), len(known.fields)) == (95 + 5, 20 + 10 + 1 + 1)
    for question in (*known.items.values(), *known.fields.values()):
        assert all(getattr(question.question, language) for language in ("en", "fr", "es")), question.id
    assert known.phases == ("recruitment", "work", "leave")
    assert all(set(item.phases) <= set(known.phases) for item in known.items.values())


@pytest.mark.parametrize(
    ("item", "answers"),
    [
        ("w_low_no_wage", {"yes": T, "no": F}),
        ("c_docs", {"experienced": T, "threatened": T, "witnessed": T, "yes": T, "no": F}),
        ("c_witness", {"witnessed": T, "yes": T, "no": F}),
    ],
)
def test_what_an_answer_means(item: str, answers: dict[str, object]) -> None:
    entry = known_items().items[item]
    meant = answers | dict.fromkeys(UNKNOWN_ANSWERS, U)
    assert set(entry.allowed) == set(meant)
    assert {answer: entry.value(answer) for answer in entry.allowed} == meant


def test_what_a_code_means() -> None:
    field = known_items().fields["state.exception"]
    values = {code: field.value(code, ("E1", "E3")) for code in ("E1", "E2", "none", "no", "dk", "missing")}
    assert values == {"E1": T, "E2": F, "none": F, "no": F, "dk": U, "missing": U}
    assert known_items().fields["state.penalty"].allowed == ("yes", "no", *UNKNOWN_ANSWERS)


def test_a_true_answer_without_phase_is_unknown_in_each_single_phase() -> None:
    docs = known_items().items["c_docs"]
    assert docs.read(None, T, {}) == T
    assert docs.read("leave", T, {}) == U
    assert docs.read("leave", F, {}) == F
    assert docs.read("leave", U, {}) == U


def test_one_phase_is_read_alone_and_all_together_by_any() -> None:
    docs = known_items().items["c_docs"]
    phased = {"recruitment": F, "work": T, "leave": U}
    assert [docs.read(phase, None, phased) for phase in ("recruitment", "work", "leave", None)] == [F, T, U, T]
    assert docs.read("work", T, {"work": F}) == U
    assert docs.read("work", None, {"leave": T}) == F


def test_a_phase_that_an_item_cannot_have_is_false_and_its_only_phase_is_its_own() -> None:
    lie, phone = known_items().items["c_lie"], known_items().items["c_phone"]
    assert lie.phases == ("work",)
    assert lie.read("work", T, {}) == T
    assert phone.read("recruitment", T, {}) == F


def test_wording_falls_back_to_english_and_knows_its_languages() -> None:
    assert Wording("debt", "dette").of("fr") == "dette"
    assert Wording("debt", "dette").of("es") == Wording("debt", "dette").of("pt") == "debt"
    assert Wording("debt", "dette", "deuda").of("es-MX") == "deuda"
    with pytest.raises(IndicatorFault) as caught:
        Wording("debt").of("de")
    assert caught.value.code == "FL-IND-14"


def questions(language: str) -> dict[str, str]:
    known = known_items()
    return {each.id: each.question.of(language) for each in (*known.items.values(), *known.fields.values())}


NEGATIVE = {
    "en": r"n't\b|^(Were|Was|Did|Do|Are|Is|Could) (you|it|they|the \w+) not\b",
    "fr": r"^N(e |’)|-(vous|il|elle|on|ils|elles|ce) (pas|jamais|plus)\b",
    "es": r"¿(No|Nunca|Nadie)\b",
}


@pytest.mark.parametrize("language", NEGATIVE)
def test_no_question_is_negative(language: str) -> None:
    """«Non» and «no» answer "n’étiez-vous pas libre ?" both ways: what is not may stand in a clause, never in the question."""
    assert {name: text for name, text in questions(language).items() if re.search(NEGATIVE[language], text)} == {}
    assert re.search(NEGATIVE["fr"], "N’étiez-vous pas libre de quitter ce travail ?")
    assert re.search(NEGATIVE["es"], "¿No era libre de dejar este trabajo?")


ONE_SEX = {
    # the person as an object, and participles that agree with the person; "lo que" and the two of work and of a cost do not
    "es": r"\b[Ll]o(?! que\b)\b(?!\()|(?<!hab)[aeií]rlo\b(?!\()|\b(asalariado|obligado|forzado|compañeros?)\b(?!\()",
    "fr": r"(Avez-vous été|Étiez-vous|[Vv]ous a-t-on (?=enlev|enferm|forc|tromp|recrut|empêch|transport))\s*\w*(é|u)\b(?!\()",
}


@pytest.mark.parametrize("language", ONE_SEX)
def test_questions_are_put_to_both_sexes(language: str) -> None:
    # "lo" is the work, the cost or the demand
    of_things = {"costs.paid_by_worker", "state.direct_interest", "state.imposed_by_state", "r_forced_for_relative"}
    met = {name: text for name, text in questions(language).items() if re.search(ONE_SEX[language], text)}
    assert set(met) - of_things == set()
    assert re.search(ONE_SEX["es"], "¿Lo retenían?")
    assert re.search(ONE_SEX["fr"], "Avez-vous été enlevé ?")


@pytest.mark.parametrize(
    "path", sorted(Path(str(files("fl_estimate.indicators") / "frameworks")).glob("*.toml")), ids=lambda p: p.stem
)
def test_french_has_one_apostrophe(path: Path) -> None:
    def texts(value: object, key: str = "") -> Iterator[str]:
        if isinstance(value, dict):
            for name, each in value.items():
                yield from texts(each, name)
        elif isinstance(value, list):
            for each in value:
                yield from texts(each, key)
        elif key == "fr":
            yield str(value)

    assert [text for text in texts(tomllib.loads(path.read_text(encoding="utf-8"))) if "'" in text] == []
