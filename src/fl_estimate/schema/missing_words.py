"""Whether the label of a code, or a text in a cell, says that there is no answer: in English, French, Spanish and Portuguese."""

from __future__ import annotations

import re
import unicodedata

_ALONE: tuple[str, ...] = (
    # English
    "missing( value| data| information)?", "system missing", "dk", "d/k", "don t know", "dont know", "do not know", "does not know",
    "doesn t know", "didn t know", "not known", "not sure", "unsure", "unknown", "can t say", "cannot say", "no opinion",
    "don t remember", "do not remember", "does not remember", "can t remember", "don t recall", "no response", "non response",
    "nonresponse", "no answer", "not answered", "not stated", "not reported", "not specified", "unspecified", "not ascertained",
    "not recorded", "not available", "no data", "no information", "refused( to (answer|say|respond|reply))?",
    "refuse( to (answer|say|respond|reply))?", "refusal", "refuses( to (answer|say))?", "prefer(s|red)? not to (say|answer)",
    "declined( to (answer|say))?", "inconsistent( answer| response| value)?", "invalid( answer| value)?", "illegible", "nr", "n/r",
    # French
    "manquant(e|s|es)?", "(valeur|donnee|reponse|information) manquante", "non reponse", "sans reponse", "pas de reponse",
    "aucune reponse", "ne sai(t|s) pas", "n en sai(t|s) rien", "nsp", "ne sait pas repondre", "ne se (souvient|rappelle) pas",
    "refus( de repondre| de reponse)?", "refuse de repondre", "a refuse( de repondre)?", "non declaree?", "non precisee?",
    "non renseignee?", "non indiquee?", "non specifiee?", "non determinee?", "indeterminee?", "inconnue?", "incoherente?",
    "(reponse|valeur) incoherente", "non disponible", "sans opinion", "ne veut pas repondre", "ne souhaite pas repondre", "nd", "n d",
    # Spanish
    "perdido", "valor perdido", "dato perdido", "no sabe", "no lo sabe", "no sabria decir", "ns", "nc", "ns nc", "ns nr", "ns/nc", "ns/nr",
    "no responde", "no respondio", "no contesta", "no contesto", "sin respuesta", "no respuesta", "sin contestar", "sin dato(s)?",
    "sin informacion", "no informa", "no declarad[oa]", "no declara", "no especificad[oa]", "no especifica", "no indicad[oa]",
    "no recuerda", "no se acuerda", "no quiere (responder|contestar)", "se (niega|nego)( a responder| a contestar)?",
    "rehus[ao]( responder| contestar)?", "rechaz[ao]", "desconocid[oa]", "ignorad[oa]", "inconsistente", "incongruente",
    "indeterminad[oa]", "no disponible",
    # Portuguese
    "nao sabe", "nao respondeu", "nao responde", "sem resposta", "sem declaracao", "nao declarad[oa]", "sem informacao",
    "nao informad[oa]", "recusa", "recusou( se)?( a responder)?", "em branco", "nao lembra",
)  # fmt: skip
_JOIN = r"\s*(?:/|,|;|\bor\b|\band\b|\bou\b|\bet\b|\bo\b|\by\b|\be\b|-)\s*"
_ONE = "(?:" + "|".join(_ALONE) + ")"
_WHOLE = re.compile(rf"(?:\d+\s*[.:=)-]?\s*)?{_ONE}(?:{_JOIN}{_ONE})*")


def says_missing(label: str) -> bool:
    """Whether a label says nothing but that there is no answer.

    Labels that say more ("employer refused to pay", "father unknown to the police") are answers.

    Examples
    --------
    >>> [says_missing(label) for label in ("Don't know", "Non-réponse", "No sabe / no responde", "Refused to pay", "No")]
    [True, True, True, False, False]
    """
    return _WHOLE.fullmatch(_plain(label)) is not None


def _plain(label: str) -> str:
    """Small letters without accents, apostrophes, brackets and full stops; words that stand in brackets are alternatives."""
    text = "".join(c for c in unicodedata.normalize("NFKD", label) if not unicodedata.combining(c)).casefold()
    text = re.sub(r"[’'`´]", " ", text)
    text = re.sub(r"\s*[(\[]\s*", " / ", text)
    text = re.sub(r"[)\].\"*?!]", "", text)
    text = re.sub(r"(?<=[a-z])-(?=[a-z])", " ", text)
    return " ".join(text.split()).strip(" /")
