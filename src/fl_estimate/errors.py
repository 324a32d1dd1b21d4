"""The one tree of errors and warnings, and what a message may show of what it met.

    FlError
    ├── FileFault        FL-FILE-..      a file cannot be read, or is not what it says it is
    ├── MappingFault     FL-MAP-..       a mapping is broken, or does not fit the file
    ├── DataFault        FL-DATA-..      the records break the schema; carries the whole report
    ├── ExpressionFault  FL-EXPR-..      a text expression (where=, derived columns) cannot be used
    ├── IndicatorFault   FL-IND-..       a framework is broken, or cannot classify these answers
    ├── ListsFault       FL-LISTS-..     case lists are not capture histories
    ├── DesignFault      FL-DESIGN-..    the sample design does not fit the people
    ├── EstimateFault    FL-EST-..       an estimate was asked for that cannot be given
    ├── PublishFault     FL-PUB-..       something cannot be published
    └── StudyFault       FL-STUDY-..     a study file is broken, or its folder cannot be used

Every error says what is wrong, what was found and how to put it right, under a stable code. A message never
holds a respondent's answers: it names columns, rows and kinds of value. What a caller passed goes through `shown`, names of
columns through `columns_shown`, classes through `labels_shown`; tests/disclosure plants answers and looks for them.
"""

from __future__ import annotations

import difflib
import numbers
import re
from collections.abc import Callable, Collection, Generator, Iterable, Mapping, Sequence, Set
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

from fl_estimate.neutral import visible


class FlError(Exception):
    """Base of every error raised on purpose by fl_estimate.

    Parameters
    ----------
    code : str
        Stable identifier, such as ``FL-DESIGN-01``; documented in the docs page on errors.
    what : str
        What is wrong, in one sentence.
    found : str, optional
        What was met, without any respondent's answers.
    fix : str, optional
        How to put it right.
    """

    def __init__(self, code: str, what: str, *, found: str = "", fix: str = "") -> None:
        super().__init__(code, what, found, fix)
        self.code = code
        self.what = what
        self.found = found
        self.fix = fix

    def __str__(self) -> str:
        lines = [f"[{self.code}] {self.what}"]
        if self.found:
            lines.append(f"  found: {self.found}")
        if self.fix:
            lines.append(f"  to fix: {self.fix}")
        return visible("\n".join(lines))

    def __reduce__(self) -> tuple[object, ...]:
        rebuilt = (_rebuild, (type(self), self.code, self.what, self.found, self.fix))
        notes = getattr(self, "__notes__", None)
        return (*rebuilt, {"__notes__": notes}) if notes else rebuilt


def _rebuild(kind: type[FlError], code: str, what: str, found: str, fix: str) -> FlError:
    """Make a pickled error again: workers of joblib send errors between processes."""
    return kind(code, what, found=found, fix=fix)


class FileFault(FlError, OSError):
    """A file cannot be read or written."""


class MappingFault(FlError, ValueError):
    """A mapping is broken or does not fit the file."""


class DataFault(FlError, ValueError):
    """The records break the schema; ``report`` lists every fault."""

    report: object = None


class ExpressionFault(FlError, ValueError):
    """An expression text cannot be parsed or used on these columns."""


class IndicatorFault(FlError, ValueError):
    """A framework is broken, or cannot classify these answers."""


class ListsFault(FlError, ValueError):
    """Case lists are not capture histories; ``report`` lists every fault where files were read."""

    report: object = None


class DesignFault(FlError, ValueError):
    """The sample design does not fit the people it was given."""


class EstimateFault(FlError, ValueError):
    """An estimate was asked for that cannot be given."""


class PublishFault(FlError, ValueError):
    """Something cannot be published."""


class StudyFault(FlError, ValueError):
    """A study file is broken or its folder cannot be used."""


class FlWarning(UserWarning):
    """Base of every warning of fl_estimate; each can be avoided by an argument."""

    def __str__(self) -> str:
        return visible(super().__str__())


class FlDeprecationWarning(FlWarning):
    """A name was used that has another; avoided by the other name, which the warning says.

    Python hides its own DeprecationWarning from everybody who does not run tests; who writes a study has to see this one.
    """


class ShortInstrumentWarning(FlWarning):
    """A survey has few of the questions of a framework; avoided by ``short_instrument=True``."""


class KeptSumsWarning(FlWarning):
    """Files whose sums were kept are gone or changed; avoided by ``Folder(…, allow_changes=True)``."""


@contextmanager
def decoding() -> Generator[None]:
    """Where rows that are read lazily turn out not to be readable, say so: only then are they looked at.

    Raises
    ------
    FileFault
        In place of the engine's own error, which may be none of `Exception`, and may quote a cell or a path: FL-FILE-05 (a damaged
        Parquet file), FL-FILE-42 (files of one table with different columns or types), FL-FILE-43 (a connection that is closed or
        busy), FL-FILE-44 (a file or table that is gone).
    """
    try:
        yield
    except BaseException as error:
        fault = None if isinstance(error, FlError) else _unreadable(error)
        if fault is None:
            raise
        raise fault from None


_OF_ENGINES = (
    "ComputeError", "PanicException", "ArrowInvalid", "IOException", "InvalidInputException", "ColumnNotFoundError",
)  # fmt: skip
"""How polars, narwhals, pyarrow and DuckDB call what they cannot decode."""
_DIFFERENT = (
    "missing_columns", "data type mismatch for column", "schema mismatch", "conversion error:",
    "binder error: contents of view were altered", "not found in from clause", "selected columns were not found",
    "binder error: cannot mix values",
)  # fmt: skip
_CONNECTION = ("connection error:", "connection has already been closed", "resource in use error:")
_GONE = (
    "no such file",
    "no files found",
    "cannot open file",
    "catalog error: table with name",
    "catalog error: view with name",
)


def _unreadable(error: BaseException) -> FileFault | None:
    """What an engine says of rows that it cannot read, in our words; None where it says something else."""
    kind, text = type(error), str(error).casefold()
    own = kind.__module__.split(".")[0] in ("polars", "_duckdb", "duckdb", "pyarrow") or kind.__name__ in _OF_ENGINES
    if not (own or isinstance(error, OSError)):
        return None
    if any(words in text for words in _DIFFERENT):
        return FileFault(
            "FL-FILE-42",
            "rows that are read as they are needed do not have the columns and types that their table has",
            found=kind.__name__,
            fix="every file of the table needs the same columns of the same types: write again those that differ; classify a table again that was changed",
        )
    if any(words in text for words in _CONNECTION):
        return FileFault(
            "FL-FILE-43",
            "the connection of DuckDB that the rows are read by is closed, or busy: in another thread, or with a result that was not read to its end",
            found=kind.__name__,
            fix="keep it open until the estimates are made; read what execute() found to its end; give each thread a table of its own: connection.cursor()",
        )
    if any(words in text for words in _GONE):
        return FileFault(
            "FL-FILE-44",
            "a file or a table that is read as it is needed is not there any more",
            found=kind.__name__,
            fix="keep it until the estimates are made, and classify again",
        )
    if (kind.__name__ in _OF_ENGINES or isinstance(error, OSError)) and "parquet" in text:
        return FileFault(
            "FL-FILE-05",
            "the file cannot be read: it is damaged, or not what its ending says",
            found="a Parquet file that is read as it is needed: a page of one of its columns cannot be decoded",
            fix="copy or export the file again",
        )
    return None


def listed(names: Iterable[object], *, most: int = 5) -> str:
    """Write names in one line, five at the most and a count of the rest."""
    every = [str(name) for name in names]
    tail = f" and {len(every) - most} more" if len(every) > most else ""
    return ", ".join(every[:most]) + tail


LONGEST_NAME = 64
"""Characters up to which a text can be a name or a setting; longer ones are free text."""
MOST_WORDS = 4
"""Words that a name has at the most; a sentence is what somebody said."""
MOST_NAMES = 10
"""Names that are shown of what a caller passed; a column passed as a list has more."""
_DATA = re.compile(
    r"[+(\-]?\s*\.?\d.*"  # a number, a date, a telephone: no name starts with a digit
    r"|.*@.*"  # an address
    r"|.*\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}.*"  # a date within a text
    r"|.*\d{7,}.*|[^\W\d_]{0,3}[ .-]?\d{6,}[^\W\d_]?"  # a passport or an identity card (VAR00001 is a name)
    r"|(?=.*\d)\+?[\d\s().-]{6,}",
    re.DOTALL,
)


def shown(value: object) -> str:
    """Say what a caller passed, and nothing that could be somebody's answer.

    Numbers and short texts that can be names or settings stand as they are, and so do a few names together. Of a column, an array,
    a frame, a list of anything else, the kind and the size are said: what is in it are answers.

    Examples
    --------
    >>> shown("regoin"), shown(95), shown([1, 0, 1])
    ("'regoin'", '95', 'a list of 3')
    >>> shown("AB1234567"), shown("Amina Diallo")
    ('a text of 9 characters', 'a text of 12 characters')
    """
    if value is None or isinstance(value, bool | numbers.Number):
        return str(value) if value.__class__.__module__ == "numpy" else repr(value)
    if isinstance(value, str):
        return repr(str(value)) if _like_a_name(value) and not _like_a_person(value) else _of_length(value)
    if isinstance(value, type):
        return f"the class {value.__name__}"
    return _of_kind(value)


def _of_kind(value: object) -> str:
    """The kind and the size of what is no name and no number; a few names together, or a tuple of settings, as they are."""
    kind = type(value).__name__
    shape = getattr(value, "shape", None)
    if isinstance(shape, tuple):
        sizes = cast("tuple[int, ...]", shape)
        return f"a {kind} of {' × '.join(map(str, sizes)) or 'one value'}"
    if not isinstance(value, list | tuple | Mapping | Set):
        return f"a {kind}"
    several = cast("Collection[object]", value)
    if isinstance(value, list | tuple) and 0 < len(several) <= MOST_NAMES:
        names = all(isinstance(item, str) and _like_a_name(item) and not _like_a_person(item) for item in several)
        settings = isinstance(value, tuple) and len(several) <= 3 and all(isinstance(i, int | float) for i in several)
        if names or settings:
            return repr(several)
    return f"a {kind} of {len(several)}"


def labels_shown(labels: Iterable[object], *, most: int = 5) -> str:
    """Write classes, names or terms in one line: those that may be shown, and a count of those that may be somebody's answers."""
    every = [str(label) for label in labels]
    plain = [text for text in every if _DATA.fullmatch(text.strip()) is None or len(text.strip()) < MOST_WORDS]
    may = [text for text in plain if len(text.split()) <= MOST_WORDS and not _like_a_person(text)]
    told = [listed(may, most=most)] if may else []
    hidden = len(every) - len(may)
    return " and ".join([*told, *([f"{hidden:,} that may be answers"] if hidden else [])])


def numbers_given(value: object, argument: str, code: str, fix: str) -> list[float]:
    """The numbers that a caller gave: one, or several.

    Raises
    ------
    EstimateFault
        With this code, where something is no number: Python would print it.
    """
    plain = [value] if isinstance(value, str) or not isinstance(value, Iterable) else [*cast("Iterable[object]", value)]
    try:
        return [float(cast("float", each)) for each in plain]
    except (TypeError, ValueError):
        raise EstimateFault(code, f"{argument}= are no numbers", found=shown(cast("object", value)), fix=fix) from None


def require_name(value: object, argument: str, *, optional: bool = False, fix: str = "") -> None:
    """Refuse what is no text where the name of a column, or a condition, belongs: a column itself, a list, a number.

    Raises
    ------
    EstimateFault
        FL-EST-11.
    """
    if isinstance(value, str) or (optional and value is None):
        return
    raise EstimateFault(
        "FL-EST-11", f"{argument}= names no column", found=shown(value),
        fix=fix or f'give the name of a column, {argument}="…", and not the column itself',
    )  # fmt: skip


CONDITION = 'give a condition as a text, where="age >= 18", or the name of a 0/1 column, and not the column itself'
"""How a subpopulation is said."""


def names_given(value: object, argument: str) -> tuple[str, ...]:
    """The names that a caller gave: one text, or a list of texts.

    Raises
    ------
    EstimateFault
        FL-EST-11: anything else, a column or a frame among it, whose values are no names.
    """
    if isinstance(value, str):
        return (value,)
    plain = isinstance(value, list | tuple | Set) or type(value).__name__ in ("Index", "dict_keys")
    names = list(cast("Iterable[object]", value)) if plain else []
    if not names or not all(isinstance(name, str) for name in names):
        raise EstimateFault(
            "FL-EST-11", f"{argument}= names no column", found=shown(cast("object", value)),
            fix="give a column name, or a list of them, and not the columns themselves",
        )  # fmt: skip
    return tuple(str(name) for name in names)


class NotAColumn:
    """What is no column, though its name is that of people: comparing it with a value, or asking whether it is true, says so.

    Two names are equal where they are one object; a survey has no truth of its own.
    """

    __hash__ = object.__hash__

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if other is None or isinstance(other, NotAColumn):
            return False
        raise DataFault(
            "FL-DATA-14", f"a {type(self).__name__} is no column that could be compared", found=f"compared with {shown(other)}",
            fix='say whom an estimate is of in where=, such as where="age >= 18"; the rows themselves are in .people',
        )  # fmt: skip

    def __bool__(self) -> bool:
        raise DataFault(
            "FL-DATA-14", f"a {type(self).__name__} is neither true nor false", found="asked whether it is true",
            fix="ask what you mean: `is None`, `.report.ok`, or how many rows .people has",
        )  # fmt: skip


def _of_length(text: str) -> str:
    return f"a text of {len(text):,} character{'' if len(text) == 1 else 's'}" if text else "an empty text"


def _like_a_name(text: str) -> bool:
    """Whether a text can be the name of a column, or a setting: short, on one line, and no number, date, address or document."""
    short = 0 < len(text) <= LONGEST_NAME and text[0] not in "[{(" and len(text.split()) <= MOST_WORDS
    return short and text.isprintable() and not _DATA.fullmatch(text.strip())


def _like_a_person(text: str) -> bool:
    """Whether a text is several words of letters, each with a capital: what people are called, and few columns are."""
    words = text.split()
    letters = all(part.isalpha() for word in words for part in re.split(r"[-'’.]", word) if part)
    return len(words) > 1 and letters and all(word[0].isupper() for word in words)


def may_be_shown(names: Iterable[object], *, known: Iterable[str] = ()) -> list[str]:
    """The names of columns that a message may show: none where they look like the answers of the first person.

    A file without a header has the first row for one, and so has a frame that was read from it. Where one of the names is among
    those that were expected (`known`), the row is a header; where none is, one cell that looks like an answer (a number, a date, a
    telephone, a passport, what a person is called) says that it is not.
    """
    every = [str(name) for name in names]
    usual = [name for name in every if _like_a_name(name)]
    if {name.casefold() for name in every} & {name.casefold() for name in known}:
        return usual
    answers = any(_DATA.fullmatch(name.strip()) or _like_a_person(name) for name in every)
    return [] if answers else usual


def columns_shown(names: Sequence[object], *, known: Iterable[str] = (), most: int = 20) -> str:
    """Write the names of columns in one line, those that may be shown, and how many others there are.

    Examples
    --------
    >>> columns_shown(["age", "sex"]), columns_shown(["Amina Diallo", "1987-03-02", "f"])
    ('age, sex', '3 columns, whose names may be answers (is there a header?)')
    """
    every = [str(name) for name in names]
    may = may_be_shown(every, known=known)
    if len(may) == len(every):
        return listed(may, most=most)
    told = [listed(may, most=most)] if may else []
    return "; ".join([*told, describe_hidden_columns(len(every) - len(may))])


def describe_hidden_columns(count: int) -> str:
    """Say how many columns have names that no message may show."""
    return f"{count:,} column{'' if count == 1 else 's'}, whose name{'' if count == 1 else 's'} may be answers (is there a header?)"


def nearest(name: str, known: Sequence[str]) -> str:
    """Say which known name comes nearest, or nothing."""
    lowered = {item.lower(): item for item in known}
    close = difflib.get_close_matches(name.lower(), list(lowered), n=1, cutoff=0.6)
    return lowered[close[0]] if close else ""


def not_one_of(
    code: str, what: str, name: object, known: Sequence[str], kind: type[FlError] = EstimateFault
) -> FlError:
    """Build the error for a word that is not among the words allowed."""
    close = nearest(name, known) if isinstance(name, str) else ""
    hint = f"did you mean {close!r}? " if close else ""
    return kind(code, f"{what} is not known", found=shown(name), fix=f"{hint}one of: {', '.join(known)}")


def missing_columns(code: str, absent: Sequence[str], present: Sequence[str], kind: type[FlError]) -> FlError:
    """Build the error for columns that the frame does not have, with the nearest names there are."""
    near = [name for name in present if _like_a_name(str(name))]
    hints = [f"{name!r}: nearest is {close!r}" for name in absent[:MOST_NAMES] if (close := nearest(name, near))]
    fix = "; ".join(hints) if hints else f"columns there are: {columns_shown(present)}"
    found = f"{len(absent):,} names" if len(absent) > MOST_NAMES else listed(map(shown, absent), most=MOST_NAMES)
    return kind(code, "columns are not in the data", found=found, fix=fix)


LONGEST_TOML, DEEPEST_TOML, DIGITS_TOML = 4 * 2**20, 50, 40
"""Of a TOML file that somebody wrote: bytes, tables and lists in each other, digits of a whole number (a seed of 128 bits has 39)."""

_TOO_DEEP = f"lists or tables lie more than {DEEPEST_TOML} deep in each other"
_DEEP_KEY = re.compile(
    r"(?:^[ \t]*+\[{0,2}+|[{,])[ \t]*+"
    rf"""(?:(?:[\w-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+\.[ \t]*+){{{DEEPEST_TOML + 1}}}""",
    re.MULTILINE,
)
"""A key of tables in each other, a.b.c: the parser takes time by the square of their number, hours for a file of the size that is read."""


def toml_of(raw: bytes, parse_float: Callable[[str], object] = float) -> dict[str, Any]:
    """Read the bytes of a TOML file that somebody wrote, within limits that no such file comes near.

    Raises
    ------
    ValueError, RecursionError
        It is not UTF-8 or not TOML, or beyond a limit; `not_toml` says which.
    """
    import tomllib

    if len(raw) > LONGEST_TOML:
        raise _BeyondLimit(f"it has {len(raw):,} bytes; at most {LONGEST_TOML:,} are read")
    text = raw.decode("utf-8-sig")
    if _DEEP_KEY.search(text):
        raise _BeyondLimit(_TOO_DEEP)
    content = tomllib.loads(text, parse_float=parse_float)
    level: list[Any] = [content]
    for _ in range(DEEPEST_TOML):
        within: list[Any] = [
            part for each in level for part in cast("Iterable[Any]", each.values() if isinstance(each, dict) else each)
        ]
        if any(type(part) is int and abs(part) >= 10**DIGITS_TOML for part in within):
            raise _BeyondLimit(f"a number has more than {DIGITS_TOML} digits")
        level = [part for part in within if isinstance(part, dict | list)]
        if not level:
            return content
    raise _BeyondLimit(_TOO_DEEP)


class _BeyondLimit(ValueError):
    """What a file is that no person wrote."""


def not_toml(error: Exception) -> str:
    """Say why a text could not be read as TOML, from what `toml_of` raised: `ValueError` or `RecursionError`."""
    import tomllib

    if isinstance(error, UnicodeDecodeError):
        return f"it is not UTF-8 (byte {error.start + 1}): save it as UTF-8, which editors offer as an encoding"
    if isinstance(error, RecursionError):
        return _TOO_DEEP
    if isinstance(error, tomllib.TOMLDecodeError | _BeyondLimit):
        return str(error)
    return f"a number has more than {DIGITS_TOML} digits"


def is_file(path: Path) -> bool:
    """Whether there is a file; no, too, where no file can have that name: too long, or with a character that none may have."""
    return _kind(path, Path.is_file)


def bytes_of(path: Path) -> bytes:
    """What a file that is there holds.

    Raises
    ------
    FileFault
        FL-FILE-56, as `reading`.
    """
    with reading(path):
        return path.read_bytes()


@contextmanager
def reading(path: Path) -> Generator[None]:
    """Within it a file is read that is there.

    Raises
    ------
    FileFault
        FL-FILE-56: the system does not let it be read: no right to, or it went away meanwhile.
    """
    try:
        yield
    except FlError:  # some of which are OSErrors, too
        raise
    except OSError as error:
        raise FileFault(
            "FL-FILE-56",
            "the system does not let the file be read",
            found=f"{path.name}: {error.strerror or type(error).__name__}",
            fix="ask whoever keeps it for the right to read it, or copy it to a folder of your own; close it in other programs",
        ) from None


def is_folder(path: Path) -> bool:
    """Whether there is a folder, as `is_file`."""
    return _kind(path, Path.is_dir)


def _kind(path: Path, question: Callable[[Path], bool]) -> bool:
    try:
        return question(path)
    except (OSError, ValueError):
        return False
