"""The registry of methods: a public estimator is declared once, with `@method`, and everybody else asks here.

Methods are found by walking the modules of `estimators/`, when somebody asks and never before: importing the package stays light.
"""

from __future__ import annotations

import inspect
import pkgutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import import_module
from typing import Annotated, Any, Literal, TypeVar, get_args, get_origin

from fl_estimate.results.basis import Basis
from fl_estimate.results.roles import Key, Lists, NotInFile, Pair, People, Rest, Role, Strata

HOME = "fl_estimate.estimators"
"""The package whose modules declare methods; a name, for nothing here knows an estimator."""
Family = Literal["survey", "hierarchical", "capture_recapture", "hidden", "synthesis"]
Faults = Callable[[Mapping[str, Any]], Iterator[tuple[str, str]]]
"""What is wrong between keys that were given: key and text, in the terms of a study file."""
F = TypeVar("F", bound=Callable[..., Any])
R = TypeVar("R", bound=Role)


@dataclass(frozen=True, kw_only=True)
class Argument:
    """One argument of a method, as its signature has it.

    Attributes
    ----------
    name : str
        In the signature.
    form : type
        Its annotation without roles; parts of it may have roles of their own.
    roles : tuple of Role
    default : object
        ``inspect.Parameter.empty`` where it must be given.
    function : callable
        Whose docstring tells it: of a composition, the function that it hands the argument on to.
    """

    name: str
    form: Any
    roles: tuple[Role, ...]
    default: Any
    function: Callable[..., Any]

    def role(self, kind: type[R]) -> R | None:
        """The role of a kind, where the argument has it."""
        return next((each for each in self.roles if isinstance(each, kind)), None)

    @property
    def keys(self) -> tuple[str, ...]:
        """Its keys in a study file; none where it has no place in one, or one that the entry has in any case."""
        if any(isinstance(each, NotInFile | People | Lists | Strata) for each in self.roles):
            return ()
        pair, named = self.role(Pair), self.role(Key)
        return pair.keys if pair is not None else (named.name if named is not None else self.name,)

    @property
    def required(self) -> bool:
        """Whether it must be given."""
        return self.default is inspect.Parameter.empty


@dataclass(frozen=True, kw_only=True)
class Method:
    """A public estimator and what it is.

    Attributes
    ----------
    function : callable
    kind : str or None
        The ``kind`` of its entry in a study file; None where a study cannot ask for it.
    basis : str or None
        On what its rows rest; None where they rest on whatever it was given.
    family : str
    chosen : bool
        Whether several methods share the kind, and ``method = "…"`` says which.
    tried_by : callable or None
        A cheaper function of the same people, by which a check finds what would stop the run.
    tried_with : tuple of str
        The arguments that it takes beside the people.
    faults : callable or None
        What is wrong between keys, where roles cannot say it.
    """

    function: Callable[..., Any]
    kind: str | None
    basis: Basis | None
    family: Family
    chosen: bool = False
    tried_by: Callable[..., Any] | None = None
    tried_with: tuple[str, ...] = ()
    faults: Faults | None = None

    @property
    def name(self) -> str:
        """The name of the function, and of the method where several share a kind."""
        return self.function.__name__

    @property
    def tag(self) -> str:
        """What tells the entry from all others."""
        return f"{self.kind}/{self.name}" if self.chosen else str(self.kind)

    @cached_property
    def arguments(self) -> tuple[Argument, ...]:
        """What the function takes, in the order of its signature; what it hands on to another stands behind."""
        return tuple(_arguments(self.function))

    def first(self, role: type[Role]) -> Argument | None:
        """The first argument with a role."""
        return next((each for each in self.arguments if each.role(role) is not None), None)

    def having(self, role: type[R]) -> Iterator[tuple[Argument, R]]:
        """Every argument with a role."""
        for each in self.arguments:
            result = each.role(role)
            if result is not None:
                yield each, result

    def described_by(self) -> Callable[..., Any]:
        """The public function: that of a composition is the one to which it hands its settings on."""
        return next((each.function for each in self.arguments if each.function is not self.function), self.function)


_DECLARED: dict[tuple[str, str], Method] = {}


def method(
    *,
    kind: str | None,
    basis: Basis | None,
    family: Family,
    chosen: bool = False,
    tried_by: Callable[..., Any] | None = None,
    tried_with: tuple[str, ...] = (),
    faults: Faults | None = None,
) -> Callable[[F], F]:
    """Declare a public estimator; the function itself stays as it is.

    Parameters
    ----------
    kind, basis, family, chosen, tried_by, tried_with, faults
        As in `Method`.

    Raises
    ------
    TypeError
        The kind is another method's.

    Examples
    --------
    >>> from fl_estimate.results.methods import methods
    >>> methods()["prevalence"].function.__name__, methods()["prevalence"].basis
    ('estimate_prevalence', 'respondents')
    """

    def declared(function: F) -> F:
        made = Method(
            function=function, kind=kind, basis=basis, family=family, chosen=chosen, tried_by=tried_by,
            tried_with=tried_with, faults=faults,
        )  # fmt: skip
        for other in _DECLARED.values():
            alike = kind is not None and other.kind == kind and _place(other) != _place(made)
            if alike and not (chosen and other.chosen and other.name != made.name):
                raise TypeError(f"two methods are declared as kind {made.tag!r}: {_place(other)}, {_place(made)}")
        _DECLARED[_place(made)] = made
        return function

    return declared


def every_method() -> tuple[Method, ...]:
    """Every method that is declared, by module and name."""
    _walk()
    return tuple(_DECLARED[position] for position in sorted(_DECLARED))


def method_of(function: Callable[..., Any]) -> Method | None:
    """The declaration of a function that is imported already; None where it is no method. Nothing is walked for it."""
    return _DECLARED.get((function.__module__, function.__qualname__))


def methods() -> dict[str, Method]:
    """The methods that a study file can ask for, by what tells their entries apart: ``"area"``, ``"capture_recapture/chao"``."""
    return {each.tag: each for each in sorted(every_method(), key=lambda one: one.tag) if each.kind is not None}


def kinds() -> dict[str, tuple[str, ...]]:
    """The kinds of estimate, each with the methods of which ``method =`` chooses one; none where there is one only."""
    result: dict[str, tuple[str, ...]] = {}
    for each in methods().values():
        kind = str(each.kind)
        result[kind] = (*result.get(kind, ()), each.name) if each.chosen else ()
    return result


@cache
def _walk() -> None:
    home = import_module(HOME)
    for module in pkgutil.walk_packages(home.__path__, f"{HOME}."):
        import_module(module.name)


def _place(each: Method) -> tuple[str, str]:
    return each.function.__module__, each.function.__qualname__


def _arguments(function: Callable[..., Any]) -> Iterator[Argument]:
    parameters = inspect.signature(function).parameters
    for name, parameter in parameters.items():
        form, roles = split(_resolved(function, name, parameter.annotation))
        rest = next((role for role in roles if isinstance(role, Rest)), None)
        if rest is not None:
            left = {*parameters, *rest.without}
            yield from (each for each in _arguments(rest.function) if each.name not in left)
        elif parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            yield Argument(name=name, form=form, roles=roles, default=parameter.default, function=function)


def _resolved(function: Callable[..., Any], name: str, annotation: Any) -> Any:
    """An annotation as a type: with annotations postponed it is a text."""
    if not isinstance(annotation, str):
        return annotation
    try:
        return eval(annotation, vars(inspect.getmodule(inspect.unwrap(function))))
    except NameError as error:
        raise TypeError(
            f"{function.__name__}({name}): {error}; what a method's signature names is imported outright"
        ) from None


def split(annotation: Any) -> tuple[Any, tuple[Role, ...]]:
    """A type, and the roles that it is annotated with."""
    if get_origin(annotation) is Annotated:
        form, *extra = get_args(annotation)
        inner, roles = split(form)
        return inner, (*roles, *(each for each in extra if isinstance(each, Role)))
    return annotation, ()
