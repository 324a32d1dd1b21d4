"""`fl.draft_mapping`: a first mapping of a file, from the names and labels of its columns in English, French or Spanish.

Every line is a guess with the label of its column beside it, for a person to review. Columns that nothing was found
for are listed below, so that none is overlooked. What a column is taken for is decided in `draft_rules`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from fl_estimate.errors import describe_hidden_columns, may_be_shown
from fl_estimate.loaders.draft_rules import FileColumn, Guess, Refusal, guesses, plain, recode_of
from fl_estimate.loaders.file_table import FileTable, TextFormat, code_text, damaged
from fl_estimate.loaders.files import codebook_of, existing, in_stretches, read_table, stretches
from fl_estimate.loaders.reading_apart import reading
from fl_estimate.neutral import one_line, toml_text
from fl_estimate.schema.variables import TABLES, item_variable

HEADER = 2
"""Columns whose names are recognised, by which the first line of a file is known to be a header and not the first answers."""
MOST_CODES = 12
"""Value labels shown beside a line."""
EPISODE_MARKS: tuple[str, ...] = (
    *("depart", "return", "destination", "origin", "recruiter", "visa_type", "borrowed_amount", "document_held_by"),
    *("first_month_earnings", "interest_pct_month", "lender", "debt_outstanding", "earnings_currency"),
)
"""Variables of a recruitment or migration; two of them make it a survey of migrants."""
_RELATIVES = (
    r"\b(relatives?|siblings?|brothers?|sisters?|parents?|hermano|hermana|familiar|familiares|frere|soeur|parente?)\b"
)


def draft_mapping(path: str | Path, *, written: TextFormat | None = None, apart: bool = True) -> str:
    """Draft the mapping of a file from its own names and labels.

    Parameters
    ----------
    path : str or Path
        Any file that `fl.load` reads: of persons, or of episodes, costs or relatives.
    written : TextFormat, optional
        Encoding, delimiter and so on, where they are not to be found out.
    apart : bool, default True
        Read files of formats whose parsers broken bytes can bring down (SPSS, Stata, SAS, workbooks) in a process of their own, with limits
        of memory and time. False reads them in this process.

    Returns
    -------
    str
        A mapping in TOML. It can be read as it is, and is to be reviewed line by line: a guess is marked with
        ``review``, a weak one with ``review?``.

    Raises
    ------
    FileFault
        The file cannot be read to its end: a file that was cut off is not drafted (FL-FILE-05).

    Notes
    -----
    A column's name is compared with usual names of each variable; its label, without accents, capitals and question
    numbers, with rules for each variable and item in English, French and Spanish. A rule has words that rule it out, so
    that the weight of water is no sampling weight. Every column and every variable is used once, the best first.

    A question that asks the reverse of an item ("Were you free to leave?") is written with yes and no exchanged where the
    labels of its codes say which is which, and refused where they do not.

    Examples
    --------
    >>> import fl_estimate as fl
    >>> print(fl.draft_mapping("survey.sav"))  # doctest: +SKIP
    """
    with reading(apart=apart):
        return _drafted(path, written or TextFormat())


def _drafted(path: str | Path, written: TextFormat) -> str:
    """The mapping of a file, from its own names and labels."""
    file = existing(path)
    every = _columns(file, written)
    columns = every
    made, refused = guesses(columns)
    if len(made) < HEADER:
        may = set(may_be_shown([column.name for column in every], known=_expected()))
        columns = [column for column in every if column.name in may]
        made, refused = guesses(columns)
    return _text(file, columns, made, refused, hidden=len(every) - len(columns))


def _expected() -> set[str]:
    """Names by which a first line is known to be a header: those of the variables themselves."""
    return {name for table in TABLES.values() for name in table.variables}


def _columns(file: Path, written: TextFormat) -> list[FileColumn]:
    if in_stretches(file):
        book = codebook_of(file, written)
        rows = sum(part.height for part in stretches(file, book))  # to the last row, for a file may have been cut off
        if book.n_rows is not None and rows != book.n_rows:
            raise damaged(file, f"it announces {book.n_rows:,} rows and holds {rows:,}")
        names, texts, codes = book.columns, book.variable_labels, book.value_labels
    else:
        table: FileTable = read_table(file, written=written)
        names, texts, codes = table.columns, table.variable_labels, table.value_labels
    return [
        FileColumn(
            name=name,
            label=texts.get(name, ""),
            codes={code_text(code): label for code, label in codes.get(name, {}).items()},
        )
        for name in names
    ]


# --- tables -----------------------------------------------------------------------------------------------------


def _text(file: Path, columns: list[FileColumn], made: Sequence[Guess], refused: Sequence[Refusal], hidden: int) -> str:
    tables = _by_table(made)
    kind = "returning_migrant" if "episodes" in tables or "costs" in tables else "household"
    chains = any(guess.variable in ("recruiter_id", "coupon_received") for guess in tables.get("people", ()))
    kind = "respondent_driven" if chains else kind
    kind = "family_network" if "relatives" in tables else kind
    lines = [
        f"# A draft for {one_line(file.name)}, made from its names and labels. Nothing in it is certain: review every line.",
        "# Lines with `review?` are weak guesses. Delete the marks when a line is right.",
        "",
        f"id = {_quoted(re.sub(r'[^a-z0-9_]+', '_', file.stem.casefold()).strip('_') or 'survey')}",
        'title = ""  # review: name and year of the survey',
        f'kind = "{kind}"  # review: household, returning_migrant, family_network, respondent_driven, establishment or admin',
        'country = ""  # review: two letters, ISO 3166-1',
        'population = ""  # review: whom the survey speaks of, in words',
        "",
        "# [reference_period]  # review: the time that the questions ask about; end is the first day after it",
        '# kind = "12m"',
        "# start = 2023-01-01",
        "# end = 2024-01-01",
        '# or a period of each person: months = 12 and before = "interview_date"',
    ]
    main = _main_table(tables)
    tables, elsewhere = _of_one_file(tables, main)
    lines += ["", "[people]"]
    if main == "relatives":
        lines.append('from = "relatives"  # review: one person for each person_id')
    elif main != "people":
        lines.append(
            f"# This seems to be a file of {main}: the file of people is another. Draft it too, and put both together."
        )
    lines += _lines(tables.pop("people", ()))
    for name in ("relatives", "jobs", "episodes"):
        if name in tables:
            lines += ["", f"[{name}]", *_origin(name, main), *_lines(tables[name])]
    if elsewhere:
        lines += ["", f"# Of other tables, whose rows are not those of {main}:"]
        lines += [f"#   {line}" for line in _lines(elsewhere)]
    lines += _costs(tables.get("costs", ()), main)
    wide, in_series = _relatives(columns, {name for guess in made for name in guess.columns})
    lines += wide
    lines += _design({guess.variable for guess in made}) if main in ("people", "relatives") else []
    lines += _refused(refused)
    lines += _series(columns)
    used = (
        {name for guess in made for name in (*guess.columns, *guess.join)}
        | in_series
        | {each.column.name for each in refused}
    )
    left = [column for column in columns if column.name not in used]
    if left:
        lines += ["", "# Columns that no variable was found for. They keep their names and can be used as they are."]
        lines += [f"#   {one_line(column.name)}{_column_text(column)}" for column in left]
    if hidden:
        lines += ["", f"# Not written here: {describe_hidden_columns(hidden)}"]
    return "\n".join(lines) + "\n"


def _by_table(made: Sequence[Guess]) -> dict[str, list[Guess]]:
    """The guesses of each table; where one recruitment or migration stands in a row, the questions are about it."""
    tables: dict[str, list[Guess]] = {}
    for guess in made:
        tables.setdefault(guess.table, []).append(guess)
    marks = [guess for guess in tables.get("episodes", ()) if guess.variable in EPISODE_MARKS]
    of_episode = any(guess.variable == "episode_id" for guess in tables.get("episodes", ()))
    if len(marks) < 2 and not of_episode:
        # one such column alone is as likely something else
        tables.pop("episodes", None)
        if not of_episode:
            tables["costs"] = [guess for guess in tables.get("costs", ()) if guess.value]
    elif "jobs" in tables:
        there = [guess for guess in tables["jobs"] if item_variable(guess.variable) or guess.variable == "age_at_start"]
        tables["episodes"] = [*tables["episodes"], *there]
        tables["jobs"] = [guess for guess in tables["jobs"] if guess not in there]
    if not any(guess.variable in ("item", "amount") for guess in tables.get("costs", ())):
        tables.pop("costs", None)
    if not any(guess.variable == "relation" for guess in tables.get("relatives", ())):
        tables.pop("relatives", None)
    return {name: found for name, found in tables.items() if found}


def _main_table(tables: Mapping[str, list[Guess]]) -> str:
    """What a row of the file is: a person, unless the file has the key of something that persons have several of."""
    known = {guess.variable for found in tables.values() for guess in found}
    person = known & {"sex", "age_interview", "weight_person", "weight_hh"}
    if "relation" in known:
        return "relatives"
    if "episode_id" in known and not person:
        return "costs" if {"item", "amount"} & known and not known & set(EPISODE_MARKS) else "episodes"
    return "people"


_KEYS: dict[str, dict[str, str]] = {
    "episodes": {"person_id": "person_id"},
    "costs": {"episode_id": "episode_id", "pay_currency": "currency", "earnings_currency": "currency"},
}
"""Of a file of episodes or costs: variables that other tables have too, and what they are called there."""


def _of_one_file(tables: dict[str, list[Guess]], main: str) -> tuple[dict[str, list[Guess]], list[Guess]]:
    """What a file of episodes or costs gives to its own table, keys included; the rest belongs to other tables."""
    if main == "people":
        return tables, []
    if main == "relatives":
        return _relatives_tables(tables), []
    own, elsewhere = list(tables.get(main, ())), list[Guess]()
    for name, found in tables.items():
        for guess in found if name != main else ():
            called = _KEYS[main].get(guess.variable)
            if called is None or any(guess.variable == called for guess in own):
                elsewhere.append(guess)
            else:
                own.append(replace(guess, table=main, variable=called))
    return {main: own}, elsewhere


def _relatives_tables(tables: dict[str, list[Guess]]) -> dict[str, list[Guess]]:
    """A file with a row for each relative: sex and age are theirs, the rest is of the person who told of them."""
    theirs = {"sex": "sex", "age_interview": "age", "person_id": "reported_by"}
    people = tables.get("people", [])
    moved = [replace(g, table="relatives", variable=theirs[g.variable]) for g in people if g.variable in theirs]
    left = [guess for guess in people if guess.variable not in ("sex", "age_interview")]
    return {**tables, "people": left, "relatives": [*tables.get("relatives", ()), *moved]}


def _origin(name: str, main: str) -> list[str]:
    """Where the rows of a table come from."""
    if name == main:
        return []
    where = ['# where = "…"  # review: who had work, and was asked'] if name == "jobs" else []
    return [f'from = "{main}"', *where]


def _lines(guesses: Iterable[Guess]) -> Iterator[str]:
    for guess in guesses:
        mark = "review" if guess.firm else "review?"
        note = " (asks the reverse: yes is no)" if guess.reversed else ""
        yield f"{_key(guess.variable)} = {_source(guess)}  # {mark}{note}{_column_text(guess.column)}"


def _source(guess: Guess) -> str:
    """The right side of a line: a column, its codes, or the parts of a date."""
    if guess.parts:
        return f"{{ {', '.join(f'{part} = {_quoted(name)}' for part, name in guess.parts)} }}"
    if guess.join:
        return f"{{ join = [{', '.join(map(_quoted, guess.join))}] }}"
    variable = TABLES[guess.table].variable(guess.variable) or item_variable(guess.variable)
    column = _quoted(guess.column.name)
    if variable is not None and variable.kind == "date" and "cmc" in plain(guess.column.label).split():
        return f'{{ column = {column}, format = "cmc" }}'
    recode: dict[str, str] = {}
    if variable is not None and variable.codes:
        recode = recode_of(variable, guess.column.codes, reverse=guess.reversed)
    elif guess.variable in ("region", "district") and guess.column.codes:
        return f'{{ column = {column}, recode = "labels" }}'
    known = all(code == word for code, word in recode.items()) and len(recode) == len(guess.column.codes)
    if not recode or known:
        return column
    numeric = variable is not None and variable.is_numeric
    pairs = ", ".join(f"{_key(code)} = {word if numeric else _quoted(word)}" for code, word in recode.items())
    return f"{{ column = {column}, recode = {{ {pairs} }} }}"


def _costs(guesses: Sequence[Guess], main: str) -> list[str]:
    """The costs of a row: each a rule of its own, which says what was paid for."""
    lines: list[str] = []
    own = [guess for guess in guesses if not guess.value]
    if main == "costs" and own:
        lines += ["", "[costs]", *_lines(own)]
        return lines
    for guess in (each for each in guesses if each.value):
        name = guess.column.name
        test = name if re.fullmatch(r"[A-Za-z_]\w*", name) else f"column({json.dumps(name)})"
        lines += [
            "",
            "[[costs]]",
            f'from = "{main if main == "episodes" else "people"}"',
            f'where = "not missing({test})"' if '"' not in test else f"where = 'not missing({test})'",
            f"item = {{ value = {_quoted(guess.value)} }}  # review",
            f"amount = {_quoted(name)}  # review{_column_text(guess.column)}",
            'currency = { value = "XXX" }  # review: the currency of the amounts, ISO 4217',
        ]
    return lines


def _design(known: set[str]) -> list[str]:
    keys = {"weights": ("weight_person", "weight_hh"), "strata": ("stratum",), "psu": ("psu",)}
    found = {key: next((name for name in names if name in known), None) for key, names in keys.items()}
    lines = ["", "[design]  # review: how the sample was drawn"]
    lines += [f"{key} = {_quoted(name)}" for key, name in found.items() if name]
    if found["strata"]:
        lines.append(
            '# single_psu = "certainty"  # review: what to do where one unit was drawn in a stratum; see fl.Design'
        )
    absent = [key for key, name in found.items() if not name]
    lines += [f"# {key} = …  # review: nothing was found" for key in absent]
    if found["weights"]:
        return [*lines, "# expands = true  # review: whether the weights sum to the population, as totals need"]
    # A design without weights must say that it is meant, which no draft can know.
    return [
        "",
        *(line if line.startswith("#") else f"# {line}" for line in lines[1:]),
        "# unweighted = true  # if it is so",
    ]


def _refused(refused: Sequence[Refusal]) -> list[str]:
    """Questions whose yes is the reverse of an item, and whose codes have no labels: which is which is not guessed."""
    if not refused:
        return []
    lines = [
        "",
        "# These questions ask the reverse of an item, and their codes have no labels. Write the recode by hand:",
    ]
    return [*lines, *(f"#   {each.item} = {one_line(each.column.name)}{_column_text(each.column)}" for each in refused)]


# --- several of a kind in one row ---------------------------------------------------------------------------------


def _runs(columns: Sequence[FileColumn]) -> dict[str, list[FileColumn]]:
    """Columns whose names differ by a number that goes from 1 upwards, by the name with {n} in its place."""
    series: dict[str, dict[int, FileColumn]] = {}
    for column in columns:
        for match in re.finditer(r"\d+", column.name):
            pattern = f"{column.name[: match.start()]}{{n}}{column.name[match.end() :]}"
            series.setdefault(pattern, {})[int(match.group())] = column
    return {
        pattern: [found[n] for n in sorted(found)]
        for pattern, found in series.items()
        if len(found) >= 2 and set(found) == set(range(1, max(found) + 1))
    }


def _relatives(columns: Sequence[FileColumn], used: set[str]) -> tuple[list[str], set[str]]:
    """Relatives in numbered series of one row, where the labels speak of relatives: relation, sex, age."""
    found: dict[int, dict[str, tuple[str, FileColumn]]] = {}
    for pattern, run in _runs(columns).items():
        label = plain(run[0].label)
        if any(column.name in used for column in run) or not re.search(_RELATIVES, label):
            continue
        kinds = {
            "relation": r"\b(relation|relationship|lien|parentesco)\b",
            "sex": r"\b(sex|sexe|sexo)\b",
            "age": r"\b(age|edad)\b",
        }
        kind = next((kind for kind, text in kinds.items() if re.search(text, label)), None)
        if kind is not None:
            found.setdefault(len(run), {}).setdefault(kind, (pattern, run[0]))
    if not found:
        return [], set()
    top = max(found, key=lambda n: len(found[n]))
    lines = ["", "[relatives]", 'from = "people"', f"repeat = {top}  # review"]
    names: set[str] = set()
    for kind, (pattern, first) in found[top].items():
        guess = Guess(
            table="relatives",
            variable=kind,
            column=FileColumn(name=pattern, label=first.label, codes=first.codes),
            score=0,
        )
        lines += list(_lines([guess]))
        names |= {column.name for column in _runs(columns)[pattern]}
    return lines, names


def _series(columns: Sequence[FileColumn]) -> list[str]:
    """Say which columns come in numbered series: one row of the file may hold several jobs or episodes."""
    runs: dict[int, list[str]] = {}
    for pattern, run in _runs(columns).items():
        runs.setdefault(len(run), []).append(pattern)
    lines = [
        f"#   repeat = {top}: {', '.join(map(one_line, sorted(patterns)[:10]))}{' …' if len(patterns) > 10 else ''}"
        for top, patterns in sorted(runs.items())
        if len(patterns) > 1
    ]
    note = "# Columns in numbered series. If they are several jobs of one person: [jobs] with repeat, and {n} in names."
    return ["", note, *lines] if lines else []


# --- words --------------------------------------------------------------------------------------------------------


def _column_text(column: FileColumn) -> str:
    """The label and the first codes of a column, on one line."""
    codes = "; ".join(f"{code} {label}" for code, label in list(column.codes.items())[:MOST_CODES])
    more = " …" if len(column.codes) > MOST_CODES else ""
    parts = [part for part in (column.label, f"[{codes}{more}]" if codes else "") if part]
    return ": " + one_line(" ".join(parts)) if parts else ""


def _key(code: str) -> str:
    return code if re.fullmatch(r"[A-Za-z0-9_-]+", code) else _quoted(code)


def _quoted(text: str) -> str:
    return toml_text(text)
