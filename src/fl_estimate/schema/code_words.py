"""Words of labels that say clearly which code of the schema is meant: in English, French, Spanish and Portuguese.

Only what cannot be misread is here: "M" is a man in one language and a woman (mujer) in another, so it says nothing.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence

Code = int | str
_NOT = re.compile(r"\b(?:not|non|no|nao|neither|ni|except|sauf|excepto|sin|sans|without|trans\w*)\b")
_ANYWHERE: dict[str, tuple[tuple[str, tuple[Code, ...]], ...]] = {
    "sex": (
        (r"males?|man|men|boys?|masculine|hommes?|masculins?|garcons?|hombres?|varon|varones|masculinos?|homem|homens", (1,)),
        (r"females?|wom[ae]n|girls?|feminine|femmes?|feminins?|feminines?|filles?|muj(?:er|eres)|femenin[oa]s?|hembras?"
         r"|mulher|mulheres|feminin[oa]s?", (2,)),
    ),
    "urban": (
        (r"urban|urbain(?:e|s|es)?|urban[oa]s?|cit(?:y|ies)|towns?|villes?|ciudad(?:es)?", ("urban",)),
        (r"rural(?:e|es)?|ruraux|villages?|countryside|campagnes?|campo", ("rural",)),
    ),
    "icse18a": (
        (r"employers?|employeurs?|empleador(?:es|as?)?|patron(?:es|os)?", (11, 12)),
        (r"owner operators?|own account|a (?:son|leur) (?:propre )?compte|cuenta propia|por conta propria", (21, 22)),
        (r"contractors?|non salaries dependants|contratistas?", (30,)),
        (r"employees?|salarie(?:e|s|es)?|asalariad[oa]s?", (41, 42, 43, 44)),
        (r"casual|occasionnels?|ocasional(?:es)?", (43,)),
        (r"apprentices?|trainees?|interns?|apprentis?|stagiaires?|aprendi(?:z|ces)|pasantes?", (44,)),
        (r"family workers?|(?:travailleurs?|aides?) familia(?:l|ux)|trabajador(?:es)? familiar(?:es)?", (51,)),
    ),
}  # fmt: skip
"""Patterns of words that may stand anywhere in a label, and the codes that they speak of."""
_YES, _NO = "yes|oui|si|sim", "no|non|nao"
_WHOLE: dict[str, str] = {
    "yes": _YES, "no": _NO,
    "native": "natives?|autochtones?|nativ[oa]s?",
    "internal migrant": "internal migrants?|migrants? internes?|migrantes? intern[oa]s?",
    "international migrant": "international migrants?|migrants? internationaux|migrant international|migrantes? internacional(?:es)?",
    "return migrant": "return(?:ed)? migrants?|returnees?|migrants? de retour|migrantes? retornad[oa]s?|retornad[oa]s?",
    "regular": "regular|regulier|reguliere|documented|legal", "irregular": "irregular|irreguliere?|undocumented|illegal|illegale?",
    "hour": "hours?|hourly|heures?|horas?", "day": "days?|daily|jours?|dias?", "week": "weeks?|weekly|semaines?|semanas?",
    "fortnight": "fortnights?|fortnightly|quinzaines?|quincenas?", "month": "months?|monthly|mois|mes|meses",
    "quarter": "quarters?|quarterly|trimestres?", "year": "years?|yearly|annual|annees?|ans?|anos?",
    "partner": "partner|spouse|husband|wife|conjointe?|epou(?:x|se)|conyuge|espos[oa]|pareja",
    "parent": "parents?|mother|father|mere|pere|madre|padre", "child": "child(?:ren)?|son|daughter|enfants?|fils|fille|hij[oa]s?",
    "sibling": "siblings?|brother|sister|frere|soeur|herman[oa]s?",
    "grandparent": "grandparents?|grand parents?|abuel[oa]s?", "grandchild": "grandchild(?:ren)?|petits? enfants?|niet[oa]s?",
}  # fmt: skip
"""What a whole label must be to speak of a code that is a text, beside the code itself."""


def codes_in_label(variable: str, label: str, codes: Sequence[Code]) -> frozenset[Code]:
    """Give the codes of a variable that a label clearly speaks of; empty where it says nothing that is known, or several things.

    Parameters
    ----------
    variable : str
        Name of a variable of the schema.
    label : str
        What a file calls one of its codes.
    codes : sequence of int or str
        The code list of the variable.

    Examples
    --------
    >>> [sorted(codes_in_label("sex", label, (1, 2, 3))) for label in ("Female", "1. Hombre", "M", "Male or female", "Not male")]
    [[2], [1], [], [], []]
    """
    plain = _plain(label)
    if variable in _ANYWHERE:
        if _NOT.search(plain):
            return frozenset()
        met = [said for words, said in _ANYWHERE[variable] if re.search(rf"\b(?:{words})\b", plain)]
        return _common([frozenset(said) for said in met])
    return _whole_words(plain, codes)


def _whole_words(plain: str, codes: Iterable[Code]) -> frozenset[Code]:
    texts = [code for code in codes if isinstance(code, str)]
    found = [
        frozenset(code for code in texts if re.fullmatch(_WHOLE.get(code, re.escape(_plain(code))), part))
        for part in plain.split(" / ")
    ]
    return _common([each for each in found if each])


def _common(sets: Sequence[frozenset[Code]]) -> frozenset[Code]:
    return frozenset(code for code in sets[0] if all(code in each for each in sets)) if sets else frozenset()


def _plain(label: str) -> str:
    """Small letters without accents, leading numbers and signs; what stands in brackets or behind a stroke is an alternative."""
    text = "".join(c for c in unicodedata.normalize("NFKD", label) if not unicodedata.combining(c)).casefold()
    text = re.sub(r"^\s*\d+\s*[.:=)-]?\s*", "", text)
    text = re.sub(r"\s*[/(\[,;]\s*", " / ", text)
    return " ".join(re.sub(r"[^a-z0-9/ ]+", " ", text).split()).strip(" /")
