"""`fl.draft_mapping`: a first mapping of a file, from the names and labels of its columns in English, French or Spanish.

Every line is a guess with the label of its column beside it, for a person to review. Columns that nothing was found
for are listed below, so that none is overlooked.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fl_estimate.indicators.items import known_items
from fl_estimate.loaders.file_table import FileTable, TextFormat, code_text
from fl_estimate.loaders.files import STATISTICAL, codebook_of, existing, read_table
from fl_estimate.schema.labels import LANGUAGES, labels
from fl_estimate.schema.variables import TABLES, Variable, item_variable

SURE = 90.0
"""Scores from here on are written without a question mark."""
ENOUGH = 74.0
"""Scores below this are no guess."""
ENOUGH_FOR_ITEMS = 66.0
"""Questions on forced labour are asked in each office's own words; only columns with fitting answers are compared."""
MOST_CODES = 12
"""Value labels shown beside a line."""


_KNOWN_BY_CODES = ("sex", "urban")
"""Variables whose codes alone say what a column is: only these fit labels such as man and woman, urban and rural."""


@dataclass(frozen=True, kw_only=True)
class _Column:
    name: str
    label: str
    codes: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class _Guess:
    table: str
    variable: str
    column: _Column
    score: float


def draft_mapping(path: str | Path, *, written: TextFormat | None = None) -> str:
    """Draft the mapping of a file from its own names and labels.

    Parameters
    ----------
    path : str or Path
        Any file that `fl.load` reads.
    written : TextFormat, optional
        Encoding, delimiter and so on, where they are not to be found out.

    Returns
    -------
    str
        A mapping in TOML. It can be read as it is, and is to be reviewed line by line: a guess is marked with
        ``review``, a weak one with ``review?``.

    Raises
    ------
    FileFault
        The file cannot be read.

    Notes
    -----
    A column's name is compared with usual names of each variable, its label with the label of each variable and the
    question of each item in English, French and Spanish: the mean of rapidfuzz's token set ratio (words of one in
    the other) and token sort ratio (the same words), weighted 6 to 4, without accents, capitals and question numbers.
    Every column and every variable is used once, the best pairs first.

    Examples
    --------
    >>> import fl_estimate as fl
    >>> print(fl.draft_mapping("survey.sav"))  # doctest: +SKIP
    """
    file = existing(path)
    columns = _columns(file, written or TextFormat())
    guesses = _best(columns)
    return _text(file, columns, guesses)


def _columns(file: Path, written: TextFormat) -> list[_Column]:
    if file.suffix.lower() in STATISTICAL:
        book = codebook_of(file, written)
        names, texts, codes = book.columns, book.variable_labels, book.value_labels
    else:
        table: FileTable = read_table(file, written=written)
        names, texts, codes = table.columns, table.variable_labels, table.value_labels
    return [
        _Column(
            name=name,
            label=texts.get(name, ""),
            codes={code_text(code): label for code, label in codes.get(name, {}).items()},
        )
        for name in names
    ]


# --- scores -----------------------------------------------------------------------------------------------------


def _plain(text: str) -> str:
    """Write a text without accents, capitals, signs and the number of a question in front."""
    text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().casefold()
    text = re.sub(r"^\s*[a-z]{0,3}\d+[a-z]?([._-]\d+)*\s*[.:)\-]\s*", "", text)
    return re.sub(r"[^a-z0-9]+", " ", text).strip()


def _stem(name: str) -> str:
    """Write the name of a column as names are listed: P03_SEXO is sexo."""
    plain = re.sub(
        r"[^a-z0-9]+", "_", unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().casefold()
    )
    return re.sub(r"^([a-z]{1,2}\d+[a-z]?_)+", "", plain).strip("_")


@dataclass(frozen=True, kw_only=True)
class _Target:
    table: str
    variable: str
    names: tuple[str, ...]
    texts: tuple[str, ...]
    enough: float


def _targets() -> list[_Target]:
    found: list[_Target] = []
    seen: set[str] = set()
    for table in ("people", "jobs"):
        for name in TABLES[table].variables:
            label = labels().get(name)
            if label is None or name in seen or "computed" in label.texts["en"]:
                continue
            seen.add(name)
            texts = tuple(_plain(text) for text in (*label.texts.values(), *(n for n in label.names if len(n) > 5)))
            names = (name, *label.names)
            found.append(_Target(table=table, variable=name, names=names, texts=texts, enough=ENOUGH))
    known = known_items()
    for item in known.items.values():
        for phase in item.phases if item.asks_phase else ("",):
            name = f"{item.id}@{phase}" if phase else item.id
            said = known.phase_labels[phase] if phase else None
            texts = tuple(
                _plain(f"{getattr(item.question, language)} {getattr(said, language) if said else ''}")
                for language in LANGUAGES
            )
            found.append(_Target(table="jobs", variable=name, names=(item.id,), texts=texts, enough=ENOUGH_FOR_ITEMS))
    return found


def _fits(column: _Column, variable: Variable | None) -> bool:
    """Whether the labels of a column's codes can be answers of a variable."""
    if not column.codes or variable is None:
        return True
    answers = {word for words in _recode_words(column.codes).values() for word in words}
    asks = {"yes", "no", "experienced", "threatened", "witnessed"}
    if variable.codes and "no" in variable.codes:
        return bool(answers & asks & set(map(str, variable.codes)))
    if variable.kind in ("key", "weight", "date"):
        return False
    sexes, areas = {"1", "2"} <= answers, {"urban", "rural"} <= answers
    if (variable.name == "sex") != sexes or (variable.name == "urban") != areas:
        return False
    return not {"yes", "no"} <= answers


def _score(stem: str, label: str, target: _Target) -> float:
    from rapidfuzz import fuzz

    if stem in target.names:
        return 100.0
    by_name = max((fuzz.ratio(stem, name) for name in target.names if len(name) > 3 and len(stem) > 3), default=0.0)
    by_name = by_name if by_name >= 85 else 0.0
    if len(stem) > 4 and any(name.startswith(stem) for name in target.names):
        by_name = SURE - 1
    if not label or by_name:
        return by_name
    if " " not in label:
        # one word is a part of too many texts
        return max(
            SURE if label in target.names else 0.0, *(fuzz.token_sort_ratio(label, text) for text in target.texts)
        )
    by_label = max(
        0.6 * fuzz.token_set_ratio(label, text) + 0.4 * fuzz.token_sort_ratio(label, text) for text in target.texts
    )
    return max(by_name, by_label)


def _best(columns: list[_Column]) -> list[_Guess]:
    """Pair columns and variables, the best score first; each is used once."""
    targets = _targets()
    variables = [TABLES[target.table].variable(target.variable) for target in targets]
    scored: list[tuple[float, int, int]] = []
    for place, column in enumerate(columns):
        stem, label = _stem(column.name), _plain(column.label)
        for at, target in enumerate(targets):
            if not _fits(column, variables[at]):
                continue
            score = _score(stem, label, target)
            if target.variable in _KNOWN_BY_CODES and column.codes:
                score = max(score, ENOUGH)
            if score >= target.enough:
                scored.append((-score, place, at))
    used_columns: set[int] = set()
    used_targets: set[int] = set()
    guesses: list[_Guess] = []
    for minus, place, at in sorted(scored):
        if place in used_columns or at in used_targets:
            continue
        used_columns.add(place)
        used_targets.add(at)
        target = targets[at]
        guesses.append(_Guess(table=target.table, variable=target.variable, column=columns[place], score=-minus))
    order = {(target.table, target.variable): at for at, target in enumerate(targets)}
    return sorted(guesses, key=lambda guess: order[guess.table, guess.variable])


# --- codes ------------------------------------------------------------------------------------------------------

_WORDS: dict[str, tuple[str, ...]] = {
    "1": ("male", "man", "men", "m", "hombre", "varon", "masculino", "homme", "masculin"),
    "2": ("female", "woman", "women", "f", "mujer", "femenino", "femme", "feminin"),
    "urban": ("urban", "urbano", "urbana", "urbain", "urbaine"),
    "rural": ("rural", "rurale", "resto rural"),
    "yes": ("yes", "si", "oui"),
    "no": ("no", "non"),
    "dk": ("don t know", "dont know", "does not know", "do not know", "no sabe", "ne sait pas", "nsp", "ns", "dk"),
    "ref": ("refused", "refuses", "refusal", "refus", "refuse", "rehusa", "rehusa responder", "no desea responder"),
    "missing": ("missing", "no answer", "no response", "no responde", "sin respuesta", "sin dato", "non reponse", "nr", "manquant"),
    "not_asked": ("not asked", "not applicable", "no aplica", "non applicable", "no corresponde", "non concerne", "na"),
    "experienced": ("experienced", "sufrido", "subi", "happened to me", "done to me", "me lo hicieron", "me ocurrio"),
    "threatened": ("threatened", "menace", "amenazado", "me amenazaron"),
    "witnessed": ("witnessed", "presenciado", "temoin", "done to others", "done to co workers before me", "done to co workers"),
}  # fmt: skip


def _recode_words(codes: Mapping[str, str]) -> dict[str, set[str]]:
    """The codes of the schema that each label can stand for."""
    plain = {code: _plain(label) for code, label in codes.items()}
    return {
        code: {word for word, said in _WORDS.items() if label == word.replace("_", " ") or label in said}
        for code, label in plain.items()
    }


def _recode(variable: Variable, codes: Mapping[str, str]) -> dict[str, str]:
    """Guess what each code means, by its label; codes that no word is known for are left out."""
    allowed = [str(code) for code in variable.codes or ()]
    meant = _recode_words(codes)
    return {code: word for code in codes for word in allowed if word in meant[code]}


# --- text -------------------------------------------------------------------------------------------------------


def _text(file: Path, columns: list[_Column], guesses: list[_Guess]) -> str:
    chosen = {guess.variable: guess for guess in guesses}
    lines = [
        f"# A draft for {file.name}, made from its names and labels. Nothing in it is certain: review every line.",
        "# Lines with `review?` are weak guesses. Delete the marks when a line is right.",
        "",
        f"id = {_quoted(re.sub(r'[^a-z0-9_]+', '_', file.stem.casefold()).strip('_') or 'survey')}",
        'title = ""  # review: name and year of the survey',
        'kind = "household"  # review: household, returning_migrant, family_network, establishment or admin',
        'country = ""  # review: two letters, ISO 3166-1',
        'population = ""  # review: whom the survey speaks of, in words',
        "",
        "# [reference_period]  # review: the time that the questions ask about; end is the first day after it",
        '# kind = "12m"',
        "# start = 2023-01-01",
        "# end = 2024-01-01",
        '# or a period of each person: months = 12 and before = "interview_date"',
        "",
        "[people]",
        *_lines(guess for guess in guesses if guess.table == "people"),
    ]
    jobs = [guess for guess in guesses if guess.table == "jobs"]
    if jobs:
        lines += [
            "",
            "[jobs]",
            'from = "people"',
            '# where = "…"  # review: who had work, and was asked',
            *_lines(jobs),
        ]
    lines += _design(chosen)
    lines += _repeated(columns)
    used = {guess.column.name for guess in guesses}
    left = [column for column in columns if column.name not in used]
    if left:
        lines += ["", "# Columns that no variable was found for. They keep their names and can be used as they are."]
        lines += [f"#   {column.name}{_said(column)}" for column in left]
    return "\n".join(lines) + "\n"


def _lines(guesses: Iterable[_Guess]) -> Iterable[str]:
    for guess in guesses:
        variable = TABLES[guess.table].variable(guess.variable) or item_variable(guess.variable)
        recode = _recode(variable, guess.column.codes) if variable is not None and variable.codes else {}
        mark = "review" if guess.score >= SURE else "review?"
        known = all(code == word for code, word in recode.items()) and len(recode) == len(guess.column.codes)
        if recode and not known:
            numeric = variable is not None and variable.is_numeric
            pairs = ", ".join(f"{_key(code)} = {word if numeric else _quoted(word)}" for code, word in recode.items())
            right = f"{{ column = {_quoted(guess.column.name)}, recode = {{ {pairs} }} }}"
        else:
            right = _quoted(guess.column.name)
        yield f"{_key(guess.variable)} = {right}  # {mark}{_said(guess.column)}"


def _said(column: _Column) -> str:
    """The label and the first codes of a column, on one line."""
    codes = "; ".join(f"{code} {label}" for code, label in list(column.codes.items())[:MOST_CODES])
    more = " …" if len(column.codes) > MOST_CODES else ""
    parts = [part for part in (column.label, f"[{codes}{more}]" if codes else "") if part]
    return ": " + re.sub(r"[\x00-\x1f\x7f]+", " ", " ".join(parts)) if parts else ""


def _design(chosen: Mapping[str, Any]) -> list[str]:
    keys = {"weights": ("weight_person", "weight_hh"), "strata": ("stratum",), "psu": ("psu",)}
    found = {key: next((name for name in names if name in chosen), None) for key, names in keys.items()}
    lines = ["", "[design]  # review: how the sample was drawn"]
    lines += [f"{key} = {_quoted(name)}" for key, name in found.items() if name]
    if found["strata"]:
        lines.append(
            '# single_psu = "certainty"  # review: what to do where one unit was drawn in a stratum; see fl.Design'
        )
    absent = [key for key, name in found.items() if not name]
    return [*lines, *(f"# {key} = …  # review: nothing was found" for key in absent)]


def _repeated(columns: list[_Column]) -> list[str]:
    """Say which columns come in numbered series: one row of the file may hold several jobs or episodes."""
    series: dict[str, set[int]] = {}
    for column in columns:
        for match in re.finditer(r"\d+", column.name):
            pattern = f"{column.name[: match.start()]}{{n}}{column.name[match.end() :]}"
            series.setdefault(pattern, set()).add(int(match.group()))
    runs: dict[int, list[str]] = {}
    for pattern, numbers in series.items():
        top = max(numbers)
        if len(numbers) >= 2 and numbers == set(range(1, top + 1)):
            runs.setdefault(top, []).append(pattern)
    lines = [
        f"#   repeat = {top}: {', '.join(sorted(patterns)[:10])}{' …' if len(patterns) > 10 else ''}"
        for top, patterns in sorted(runs.items())
        if len(patterns) > 1
    ]
    note = "# Columns in numbered series. If they are several jobs of one person: [jobs] with repeat, and {n} in names."
    return ["", note, *lines] if lines else []


def _key(code: str) -> str:
    return code if re.fullmatch(r"[A-Za-z0-9_-]+", code) else _quoted(code)


def _quoted(text: str) -> str:
    """Write a text as TOML has it; JSON's escapes are TOML's too, but for the delete sign."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
