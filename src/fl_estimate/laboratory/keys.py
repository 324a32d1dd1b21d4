"""The key of a run: a hash of everything that its blocks depend on, so that a changed input is another run."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from functools import cache, partial
from pathlib import Path
from types import CodeType
from typing import Any

import numpy as np
import pandas as pd

from fl_estimate.errors import EstimateFault, shown

CODE = (
    *("design", "estimators", "inputs", "results", "reporting/judging.py", "reporting/suppression.py"),
    *(f"laboratory/{name}.py" for name in ("block", "estimating", "sample_design", "truths")),
)
"""Where the code stands that makes the figures of a block."""


def key_of(inputs: Mapping[str, Any]) -> str:
    """The hash of inputs, sixteen characters: of frames their contents, of functions their code and what they hold.

    Raises
    ------
    EstimateFault
        FL-EST-391: something of which nobody can tell whether it changed.
    """
    told = hashlib.sha256(_package().encode())
    for name, value in inputs.items():
        _feed(told, name)
        _feed(told, value)
    return told.hexdigest()[:16]


@cache
def _package() -> str:
    """The code of the library that estimates: figures of another version are those of another run."""
    home, told = Path(__file__).resolve().parents[1], hashlib.sha256()
    for part in CODE:
        position = home / part
        for file in [position] if position.is_file() else sorted(position.rglob("*.py")):
            told.update(str(file.relative_to(home)).encode())
            told.update(file.read_bytes())
    return told.hexdigest()


def _feed(digest: Any, value: Any, depth: int = 0) -> None:
    if depth > 20:
        raise _unhashable(value)
    digest.update(f"|{type(value).__name__}:".encode())
    if value is None or isinstance(value, bool | int | float | str | np.generic | Path):
        digest.update(repr(value).encode())
    elif isinstance(value, bytes):
        digest.update(value)
    elif isinstance(value, pd.DataFrame | pd.Series | pd.Index):
        _feed_frame(digest, value)
    elif isinstance(value, np.ndarray):
        digest.update(f"{value.dtype}{value.shape}".encode())
        digest.update(repr(value.tolist()).encode() if value.dtype == object else np.ascontiguousarray(value).tobytes())
    elif isinstance(value, Mapping):
        for key, each in value.items():
            _feed(digest, key, depth + 1)
            _feed(digest, each, depth + 1)
    elif isinstance(value, list | tuple | set | frozenset):
        for each in sorted(value, key=repr) if isinstance(value, set | frozenset) else value:
            _feed(digest, each, depth + 1)
    elif isinstance(value, partial):
        for each in (value.func, value.args, value.keywords):
            _feed(digest, each, depth + 1)
    elif is_dataclass(value) and not isinstance(value, type):
        for each in fields(value):
            _feed(digest, each.name, depth + 1)
            _feed(digest, getattr(value, each.name), depth + 1)
    elif callable(value):
        _feed_function(digest, value, depth)
    else:
        raise _unhashable(value)


def _feed_frame(digest: Any, value: Any) -> None:
    names = [str(name) for name in value.columns] if isinstance(value, pd.DataFrame) else [str(value.name)]
    digest.update(repr(names).encode())
    digest.update(
        pd.util.hash_pandas_object(value, index=False).to_numpy().tobytes()
        if not isinstance(value, pd.Index)
        else repr(value.tolist()).encode()
    )


def _feed_function(digest: Any, value: Callable[..., Any], depth: int) -> None:
    """A function by its name, its code, its defaults and what it closes over; a bound method also by its object."""
    digest.update(
        f"{getattr(value, '__module__', '')}.{getattr(value, '__qualname__', type(value).__qualname__)}".encode()
    )
    code = getattr(value, "__code__", None)
    if isinstance(code, CodeType):
        _feed_code(digest, code, depth)
        _feed(digest, list(value.__defaults__ or ()), depth + 1)  # pyright: ignore[reportFunctionMemberAccess]
        _feed(digest, dict(value.__kwdefaults__ or {}), depth + 1)  # pyright: ignore[reportFunctionMemberAccess]
        _feed(digest, [cell.cell_contents for cell in value.__closure__ or ()], depth + 1)  # pyright: ignore[reportFunctionMemberAccess]
        known = inspect.getclosurevars(value).globals
        for name in sorted(known):
            # A module, or a thing of a package, is as it was installed; what stands beside the function is an input.
            if (
                not inspect.ismodule(known[name])
                and getattr(known[name], "__module__", value.__module__) == value.__module__
            ):
                _feed(digest, [name, known[name]], depth + 1)
    elif inspect.ismethod(value):
        _feed(digest, value.__self__, depth + 1)
        _feed_function(digest, value.__func__, depth + 1)
    elif not inspect.isbuiltin(value) and not isinstance(value, type):
        raise _unhashable(value)


def _feed_code(digest: Any, code: CodeType, depth: int) -> None:
    digest.update(code.co_code)
    digest.update(repr(code.co_names).encode())
    for each in code.co_consts:
        if isinstance(each, CodeType):
            _feed_code(digest, each, depth + 1)
        else:
            _feed(digest, each, depth + 1)


def _unhashable(value: object) -> EstimateFault:
    return EstimateFault(
        "FL-EST-391", "it cannot be told whether an input has changed since blocks were kept", found=shown(value),
        fix="give frames, numbers, texts, dataclasses of them, and functions; or leave folder= out",
    )  # fmt: skip
