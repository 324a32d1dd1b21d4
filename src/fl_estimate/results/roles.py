"""What an argument of a method is to those who know only its signature: roles for `typing.Annotated`, and types that many share.

A role is data. `study/` reads it to make the keys of study files, to check them, and to find what they name; nothing here reads,
checks or estimates.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any


class Role:
    """What an argument is, beyond its type."""


@dataclass(frozen=True, kw_only=True)
class Within(Role):
    """Where a number may lie, or how many items a list may have."""

    gt: float | None = None
    ge: float | None = None
    lt: float | None = None
    le: float | None = None
    items: tuple[int, int | None] | None = None
    finite: bool = False


@dataclass(frozen=True)
class NotInFile(Role):
    """An argument of those who call the function only: a design, a callable, what a sampler shows while it runs."""


@dataclass(frozen=True)
class Progress(NotInFile):
    """A callable that is told in words how far the method is; a run of a study tells its own."""


@dataclass(frozen=True)
class InFile(Role):
    """The type that the key has in a study file, where the function takes more than a file can hold."""

    form: Any


@dataclass(frozen=True)
class Key(Role):
    """What the key is called, where the name of the argument means something else in a study file."""

    name: str


@dataclass(frozen=True)
class Parts(Role):
    """A table of the arguments of the class that the argument is of: without some, and some as texts only."""

    without: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Pair(Role):
    """One argument, a tuple, that stands in a study file as several keys."""

    keys: tuple[str, ...]


@dataclass(frozen=True)
class Seed(Role):
    """A seed: 1 in a study, which gives the same bytes each time."""


@dataclass(frozen=True)
class Stated(Role):
    """An argument whose default is not good enough where figures share an error: it has to be stated then."""


# --- what is estimated from -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class People(Role):
    """The people of a survey: the entry has a key `source`.

    Parameters
    ----------
    imputed : {"", "if drawn", "needed"}
        Whether they are those with draws of their unknown answers: only where ``unknown = "impute"`` asks for it; wherever the study
        has any; always.
    """

    imputed: str = ""


@dataclass(frozen=True)
class ColumnOf(Role):
    """Names of columns of people: `values` are read as numbers, or classes; others only tell groups apart."""

    values: bool = False


@dataclass(frozen=True)
class PeopleCondition(Role):
    """A condition on people, as an expression."""


@dataclass(frozen=True)
class OfRelatives(Role):
    """Names of columns, or a condition on them, of people or of the relatives whom they told of.

    Parameters
    ----------
    alone : bool
        Whether of the relatives alone.
    """

    alone: bool = False


@dataclass(frozen=True)
class OfFormula(Role):
    """A formula, or an expression of one: the columns of people that it names are read as numbers, or classes."""


@dataclass(frozen=True)
class WithReadings(Role):
    """An outcome of ``[classify]``, of which all readings are computed."""


@dataclass(frozen=True)
class Lists(Role):
    """Case lists: the entry has the keys by which a file of them is read."""


@dataclass(frozen=True)
class OfLists(Role):
    """The name of a list."""


def _themselves(value: Any) -> Sequence[str]:
    return value


@dataclass(frozen=True)
class Kept(Role):
    """Columns of the file of lists that are kept beside them: those that the value names, by itself or as `named` reads them off it."""

    named: Callable[[Any], Sequence[str]] = _themselves


@dataclass(frozen=True)
class Strata(Role):
    """The column of strata, which this method sees to itself: of others each stratum is estimated apart."""


@dataclass(frozen=True)
class Apart(Role):
    """A column of case lists each of whose values this method takes by itself: nobody may be without one."""


@dataclass(frozen=True, kw_only=True)
class Earlier(Role):
    """Estimates made before in the study, by name; every text in a value of this form is such a name.

    Parameters
    ----------
    form : type
        Of the key: ``str``, ``list[str]``, ``dict[str, str]``, or a choice of these; a list is handed on as a mapping by name.
    national : bool
        Whether only the national figure is taken; of case lists it is the population size.
    independent : bool
        Whether their errors are taken as independent of each other.
    only : tuple of str
        What the entries that are named may be, by what tells entries apart; any, where none is named.
    rounds : bool
        Whether the name of an estimate that a study makes for every round stands for all of them, in the order of the rounds:
        ``"prevalence"`` is then ``["prevalence@2021", "prevalence@2024"]``. Otherwise the estimate is made in every round, of that round's.
    """

    form: Any = str
    national: bool = False
    independent: bool = False
    only: tuple[str, ...] = ()
    rounds: bool = field(default=False, repr=False)


@dataclass(frozen=True)
class ColumnsOfEarlier(Role):
    """A table whose keys are columns of the estimates that another key names: by-columns of theirs, or columns of every result."""

    key: str


@dataclass(frozen=True, kw_only=True)
class FromFile(Role):
    """A table in a file beside the study.

    Parameters
    ----------
    keyed : tuple of str
        Keys of the entry that name columns which the file must have.
    needs : tuple of str
        Columns that it must have.
    also : tuple of str
        Keys that name columns which are kept where the file has them.
    column : str
        The one column that is wanted; ``{ file = …, column = … }`` names it if the file calls it something else.
    number : bool
        Whether that column holds numbers, and is handed on under the name of `column`.
    choose : bool
        Whether ``{ file = …, columns = […] }`` takes some of its columns.
    whole : bool
        Whether all columns are handed on; else those named.
    counts : tuple of str
        Keys that name columns of counts.
    filled : str
        A column; rows without a value of it are left out.
    figures : bool
        Whether what is estimated rests on the figures of the file, and shares its errors with all that does.
    check : callable, optional
        Is given the table before anything is estimated, and raises what is wrong with it.
    """

    keyed: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    column: str = ""
    number: bool = True
    choose: bool = False
    whole: bool = True
    counts: tuple[str, ...] = ()
    filled: str = ""
    figures: bool = False
    check: Callable[[Any], object] | None = None


@dataclass(frozen=True, kw_only=True)
class Neighbours(Role):
    """A map (GeoJSON), or a table with the column that `keyed` names and `neighbour`, or with two columns that are named."""

    keyed: str


@dataclass(frozen=True)
class Persons(Role):
    """A number of persons, or a file whose column `population` is added up."""


# --- between keys -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Needs(Role):
    """Another key that must be given with this one."""

    key: str


@dataclass(frozen=True)
class OnlyWith(Role):
    """The values of another key with which this one has a meaning; else it is not handed on."""

    key: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class OneOf(Role):
    """Another key: one of the two is given, never both."""

    key: str
    message: str


@dataclass(frozen=True)
class EachOf(Role):
    """A table with a value for each name that other keys have, and for no other."""

    keys: tuple[str, ...]
    message: str


@dataclass(frozen=True)
class Rest(Role):
    """Of ``**settings``: they are the arguments of this function, but for those that are named here or left out."""

    function: Callable[..., Any]
    without: tuple[str, ...] = ()


# --- types that many signatures share ---------------------------------------------------------------------------

PEOPLE = People()
IMPUTED_PEOPLE = People(imputed="needed")
PEOPLE_AS_DRAWN = People(imputed="if drawn")
LISTS = Lists()
VALUES = ColumnOf(values=True)
GROUPS = ColumnOf()
NOT_IN_FILE = NotInFile()
PROGRESS = Progress()
SEED = Seed()

Some = Within(items=(1, None))
Names = Annotated[str | Annotated[Sequence[str], Some], VALUES]
"""Columns of people that are read."""
Name = Annotated[str, VALUES]
Where = Annotated[str | None, PeopleCondition()]
Level = Annotated[float, Within(gt=0, lt=1)]
Draws = Annotated[int, Within(ge=100)]
SeedOrNone = Annotated[int | None, SEED, Within(ge=0)]
Correlation = Annotated[float, Within(ge=-1, le=1), Stated()]
MoreThanZero = Annotated[float, Within(gt=0)]
Finite = Annotated[float, Within(finite=True)]
Positive = Annotated[float, Within(gt=0, finite=True)]
NotNegative = Annotated[float, Within(ge=0)]
ListName = Annotated[str, OfLists()]
FORMULA = OfFormula()
A_REGRESSION = Earlier(only=("regression/regress",))
ANY_REGRESSION = Earlier(only=("regression/regress", "regression/regress_ordinal", "regression/regress_multinomial"))
BIAS_STATED = "how far it may be off has to be stated"
NamedFigures = Annotated[list[str], Within(items=(2, None))]
"""Two or more estimates made before."""
