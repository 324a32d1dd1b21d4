"""Where a module can be changed a little, for `mutants.py`: comparisons, arithmetic, dropped arguments, lost branches …

A place is found again by its number, so that a process of its own can apply one. What cannot be told by any result is
left alone: annotations, docstrings, the wording of errors, `__all__`, type-only code, `__repr__`.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass

COMPARED = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
}  # fmt: skip
CALCULATED = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Div,
    ast.Mod: ast.Mult, ast.Pow: ast.Mult, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd, ast.MatMult: ast.Mult,
}  # fmt: skip
NEVER_RUN: tuple[tuple[type[ast.AST], str], ...] = (
    (ast.AnnAssign, "annotation"), (ast.arg, "annotation"), (ast.FunctionDef, "returns"),
    (ast.FunctionDef, "decorator_list"), (ast.ClassDef, "decorator_list"), (ast.ClassDef, "bases"),
    (ast.FunctionDef, "type_params"), (ast.ClassDef, "type_params"), (ast.TypeAlias, "value"),
)  # fmt: skip
SHOWN_ONLY = {"__repr__", "__str__", "_repr_html_", "_repr_png_", "_repr_mimebundle_"}
WORDING = {
    *("found", "fix", "stacklevel", "strict", "encoding", "description"),
    *("color", "facecolor", "edgecolor", "fontsize", "linewidth", "alpha", "zorder", "frameon", "labelcolor"),
}
"""Arguments that word an error, that hold whatever they are on the machines we test on, or that are the looks of a picture."""
TYPES = {"dict", "list", "set", "frozenset", "tuple", "type"}
"""What stands in their brackets are types: of an alias, or of a call that makes an empty one."""
NOT_CALCULATED = {"cast", "TypeVar", "isinstance", "issubclass", "warn", "Literal"}


@dataclass(frozen=True)
class Site:
    """One place that can be changed: its line, the change in words, the lines that show that it is run, and the change itself."""

    line: int
    what: str
    lines: tuple[int, int] | None
    apply: Callable[[], None]


def sites(tree: ast.Module, *, tables: bool = True) -> list[Site]:
    """Every change of a module, in the order of the text.

    Parameters
    ----------
    tree : ast.Module
        Changed in place by `apply` of a site.
    tables : bool
        Whether entries of tables at module level are dropped; not where a module holds words only.
    """
    finder = _Finder(tables=tables)
    finder.walk(tree, None, inside=False)
    return finder.sites


class _Finder:
    def __init__(self, *, tables: bool) -> None:
        self.sites: list[Site] = []
        self._tables = tables

    def walk(self, node: ast.AST, lines: tuple[int, int] | None, *, inside: bool) -> None:
        """Collect below `node`; `lines` are those of the statement that it belongs to, `inside` a function or not."""
        for name, value in ast.iter_fields(node):
            if any(isinstance(node, kind) and name == field for kind, field in NEVER_RUN) or _is_typing(node, name):
                continue
            children = value if isinstance(value, list) else [value]
            for position, child in enumerate(children):
                if not isinstance(child, ast.AST) or isinstance(child, ast.Load | ast.Store) or _left_alone(child):
                    continue

                def put(new: ast.AST, name: str = name, value: object = value, position: int = position) -> None:
                    if isinstance(value, list):
                        value[position] = new
                    else:
                        setattr(node, name, new)

                run = _lines(child, lines, inside=inside)
                for what, change in self._changes(child, put, inside=inside):
                    self.sites.append(Site(_line(child), what, run, change))
                if not isinstance(child, ast.Raise):
                    self.walk(child, run, inside=inside or isinstance(child, ast.FunctionDef | ast.Lambda))

    def _changes(
        self, node: ast.AST, put: Callable[[ast.AST], None], *, inside: bool
    ) -> Iterator[tuple[str, Callable[[], None]]]:
        def instead(new: ast.AST) -> Callable[[], None]:
            return lambda: put(ast.fix_missing_locations(ast.copy_location(new, node)))

        match node:
            case ast.Compare(ops=ops):
                for position, kind in enumerate(map(type, ops)):
                    new = COMPARED[kind]
                    yield f"{kind.__name__} becomes {new.__name__}", _setting(ops, position, new())
            case ast.BinOp(op=op) if type(op) in CALCULATED and (inside or not isinstance(op, ast.BitOr)):
                yield _becomes(op), lambda: setattr(node, "op", CALCULATED[type(op)]())
            case ast.AugAssign(op=op) if type(op) in CALCULATED:
                yield _becomes(op), lambda: setattr(node, "op", CALCULATED[type(op)]())
            case ast.BoolOp(op=op):
                new = ast.Or() if isinstance(op, ast.And) else ast.And()
                yield f"{type(op).__name__} becomes {type(new).__name__}", lambda: setattr(node, "op", new)
            case ast.UnaryOp(op=ast.Not() | ast.USub(), operand=operand):
                yield f"{type(node.op).__name__} dropped", lambda: put(operand)
            case ast.Constant(value=bool() as value):
                yield f"{value} becomes {not value}", instead(ast.Constant(not value))
            case ast.Constant(value=int() | float() as value):
                yield f"{value} becomes {value + 1}", instead(ast.Constant(value + 1))
                yield f"{value} becomes {value - 1}", instead(ast.Constant(value - 1))
            case ast.Call(keywords=keywords):
                for position, keyword in enumerate(keywords):
                    if keyword.arg is not None and keyword.arg not in WORDING:
                        yield f"argument {keyword.arg} dropped", _dropping(keywords, position)
            case ast.Return(value=value) if value is not None and not _is(value, None):
                yield "None returned", lambda: setattr(node, "value", ast.copy_location(ast.Constant(None), value))
            case ast.If(test=test):
                yield "branch never taken", _taking(node, test, False)
                yield "branch always taken", _taking(node, test, True)
            case ast.IfExp(body=body, orelse=orelse):
                yield "always the first of if … else", lambda: put(body)
                yield "always the second of if … else", lambda: put(orelse)
            case ast.Slice(lower=lower, upper=upper):
                if lower is not None:
                    yield "lower bound of a slice dropped", lambda: setattr(node, "lower", None)
                if upper is not None:
                    yield "upper bound of a slice dropped", lambda: setattr(node, "upper", None)
            case ast.comprehension(ifs=ifs):
                for position in range(len(ifs)):
                    yield "filter of a comprehension dropped", _dropping(ifs, position)
            case ast.Expr(value=ast.Call()) | ast.Raise():
                yield f"{'raise' if isinstance(node, ast.Raise) else 'call'} removed", instead(ast.Pass())
            case ast.Continue():
                yield "Continue becomes Break", instead(ast.Break())
            case ast.Break():
                yield "Break becomes Continue", instead(ast.Continue())
            case ast.arguments(defaults=defaults, kw_defaults=kw_defaults):
                for values in (defaults, kw_defaults):
                    for position, value in enumerate(values):
                        if isinstance(value, ast.Constant) and isinstance(value.value, str):
                            new = ast.copy_location(ast.Constant(value.value + "_"), value)
                            yield f"default {value.value!r} changed", _setting(values, position, new)
            case ast.Set(elts=elts) | ast.Tuple(elts=elts) | ast.List(elts=elts) if self._listed(elts, inside=inside):
                for position in range(len(elts)):
                    yield f"entry {position + 1} of a list dropped", _dropping(elts, position)
            case ast.Dict(keys=keys, values=values) if not inside and self._tables:
                for position in range(len(keys)):
                    yield f"entry {position + 1} of a table dropped", _dropping(keys, position, values)
            case _:
                return

    def _listed(self, elts: list[ast.expr], *, inside: bool) -> bool:
        """Whether these are names that code goes through: tables of a module, and words listed inside a function."""
        words = all(isinstance(each, ast.Constant) and isinstance(each.value, str) for each in elts)
        return len(elts) > 1 and (words if inside else self._tables)


def _left_alone(node: ast.AST) -> bool:
    """What is never run as a calculation, or only words an error."""
    match node:
        case ast.FunctionDef(name=name):
            return name in SHOWN_ONLY
        case ast.If(test=ast.Name(id="TYPE_CHECKING")) | ast.Assert() | ast.TypeAlias():
            return True
        case ast.Assign(targets=[ast.Name(id="__all__" | "__slots__" | "__match_args__")]):
            return True
        case ast.keyword(arg=arg):
            return arg in WORDING
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)):
            return name in NOT_CALCULATED or name.endswith(("Fault", "Warning"))
        case _:
            return False


def _is_typing(node: ast.AST, name: str) -> bool:
    """Whether a part of a node is what types stand in: `dict[str, float]`."""
    return (
        name == "slice"
        and isinstance(node, ast.Subscript)
        and isinstance(node.value, ast.Name)
        and node.value.id in TYPES
    )


def _lines(node: ast.AST, above: tuple[int, int] | None, *, inside: bool) -> tuple[int, int] | None:
    """The lines whose execution shows that `node` was run; None where it runs when the module is imported."""
    match node:
        case ast.FunctionDef(body=body):
            return body[0].lineno, body[-1].end_lineno or body[-1].lineno
        case ast.stmt() if inside:
            body = getattr(node, "body", None) or getattr(node, "cases", None)
            first = body[0] if body else None
            start = getattr(first, "lineno", None) or (first.pattern.lineno if isinstance(first, ast.match_case) else 0)
            return node.lineno, max(node.lineno, start - 1) if body else node.end_lineno or node.lineno
        case _:
            return above


def _line(node: ast.AST) -> int:
    """Its line; of what has none of its own, such as the filters of a comprehension, that of its first part."""
    return min(line for part in ast.walk(node) if (line := getattr(part, "lineno", None)) is not None)


def _is(node: ast.AST, value: object) -> bool:
    return isinstance(node, ast.Constant) and node.value is value


def _becomes(op: ast.operator) -> str:
    return f"{type(op).__name__} becomes {CALCULATED[type(op)].__name__}"


def _setting(values: list, position: int, new: ast.AST) -> Callable[[], None]:
    return lambda: values.__setitem__(position, new)


def _dropping(values: list, position: int, beside: list | None = None) -> Callable[[], None]:
    def drop() -> None:
        del values[position]
        if beside is not None:
            del beside[position]

    return drop


def _taking(node: ast.If, test: ast.expr, taken: bool) -> Callable[[], None]:
    # The test is still run: what it looks up may fail, which is its own mutant.
    kept = ast.Tuple([copy.deepcopy(test)], ast.Load())
    new = (
        ast.BoolOp(ast.Or(), [kept, ast.Constant(True)]) if taken else ast.Compare(kept, [ast.Eq()], [ast.Constant(0)])
    )
    return lambda: setattr(node, "test", ast.fix_missing_locations(ast.copy_location(new, test)))


def modules_without_tables(name: str) -> bool:
    """Whether a module holds words only, so that dropping an entry of its tables changes wording, not glue."""
    return name.startswith(("vocabulary", "sentences"))
