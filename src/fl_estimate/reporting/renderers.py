"""The register of output formats. A file in `formats/` declares what it writes; nothing else names it, and no renderer is known here.

The folder is walked when a format is first asked for, not before: `import fl_estimate` meets none of it.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

from fl_estimate.errors import PublishFault, listed, not_one_of
from fl_estimate.neutral import OF_ENDINGS, OutputTarget, for_records, visible
from fl_estimate.reporting.writing import write_bytes

ESTIMATES, APPRAISAL = "estimates", "appraisal"
"""What can be rendered: a Document of published estimates, a published appraisal of case lists."""
FOLDER = "fl_estimate.reporting.formats"
Make = Callable[..., Any]


@dataclass(frozen=True, kw_only=True)
class Renderer:
    """A format that what is published can be had in.

    Attributes
    ----------
    name : str
        By which it is asked for: ``published.to(name, path)``, ``published.to_<name>(path)``.
    of : {"estimates", "appraisal"}
        What it renders.
    make : callable
        Is given the Document (or the PublishedAppraisal and `language`) and the caller's options, and returns the content of a file as
        text or bytes; where it has no endings, anything. Where it asks for `file`, it is given the path too.
    endings : tuple of str
        Of its files; none where it is not a file, but shown.
    summary : str
        One line, from the docstring of `make`.
    run : str
        The name of its file in the folder of a run; empty where a run does not write it. ``{name}`` stands for the estimate.
    in_each_language : bool
        Whether a run writes it in each of its languages.
    target : OutputTarget
        Who reads it: what texts it is given, and what it returns, is made harmless for that.
    """

    name: str
    of: str
    make: Make
    endings: tuple[str, ...] = ()
    summary: str = ""
    run: str = ""
    in_each_language: bool = False
    target: OutputTarget = OutputTarget.TERMINAL

    def file(self, language: str, first: str, name: str = "") -> str:
        """The name of the file in a run's folder: that of the first language is plain, others say theirs."""
        stem, _, ending = self.run.format(name=name).rpartition(".")
        return f"{stem}.{ending}" if language == first else f"{stem}.{language}.{ending}"

    def patterns(self) -> Iterator[str]:
        """Of names that its files in a run's folder may have."""
        if not self.run:
            return
        yield self.run.format(name="*")
        if self.in_each_language and "{name}" not in self.run:
            stem, _, ending = self.run.rpartition(".")
            # a language, and a language with a territory
            yield from (f"{stem}.??.{ending}", f"{stem}.??-*.{ending}")


_REGISTERED: dict[tuple[str, str], Renderer] = {}


def renders(
    name: str,
    *,
    of: str = ESTIMATES,
    endings: Iterable[str] = (),
    run: str = "",
    in_each_language: bool = False,
    target: OutputTarget | None = None,
) -> Callable[[Make], Make]:
    """Register the function below as an output format; arguments are those of Renderer.

    Raises
    ------
    ValueError
        The name is taken by another function, or is no name that ``to_<name>`` could have; or the ending of its files does not
        say for whom texts have to be harmless, and no `target` does.

    Examples
    --------
    >>> @renders("first_line", endings=[".txt"])
    ... def first_line(document):
    ...     "The caption of the first table."
    ...     return document.layouts[0].caption
    >>> formats()["first_line"].summary
    'The caption of the first table.'
    >>> unregister("first_line")
    """

    def registered(make: Make) -> Make:
        there = _REGISTERED.get((of, name))
        if there is not None and there.make.__module__ != make.__module__:
            raise ValueError(
                f"the output format {name!r} is declared twice: in {there.make.__module__}, {make.__module__}"
            )
        if not name.isidentifier():
            raise ValueError(f"{name!r} cannot be the name of an output format: letters, digits, _")
        goes_to = target or _target_of(name, tuple(endings))
        summary = (inspect.getdoc(make) or "").partition("\n")[0]
        _REGISTERED[of, name] = Renderer(
            name=name, of=of, make=make, endings=tuple(endings), summary=summary, run=run, in_each_language=in_each_language,
            target=goes_to,
        )  # fmt: skip
        return make

    return registered


def _target_of(name: str, endings: tuple[str, ...]) -> OutputTarget:
    """Who reads a format, by the endings of its files; what is shown and not written is text."""
    found = {OF_ENDINGS.get(ending.lower()) for ending in endings} or {OutputTarget.TERMINAL}
    target = found.pop()
    if found or target is None:
        raise ValueError(
            f"the output format {name!r} has to say for whom its texts are made harmless: target=OutputTarget…"
        )
    return target


def unregister(name: str, of: str = ESTIMATES) -> None:
    """Take a format out again that was registered outside of the library."""
    del _REGISTERED[of, name]


def formats(of: str = ESTIMATES) -> dict[str, Renderer]:
    """Every registered format by name: those of the folder, and those that a user's own code registered."""
    _walk()
    return {name: _REGISTERED[kind, name] for kind, name in sorted(_REGISTERED) if kind == of}


def make(of: str, name: str, subject: Any, **options: Any) -> Any:
    """Render without a file: what the renderer returns.

    Raises
    ------
    PublishFault
        FL-PUB-15: a format that nobody has declared.
    """
    renderer = _named(of, name)
    return _harmless(renderer, renderer.make(_given(renderer, subject), **options))


def write(of: str, name: str, subject: Any, path: Path, **options: Any) -> Path:
    """Render into a file, whole or not at all.

    Raises
    ------
    PublishFault
        FL-PUB-15: a format that nobody has declared; FL-PUB-16: one that is shown, not written.
    FileFault
        FL-FILE-08: the file cannot be written.
    """
    renderer = _named(of, name)
    if not renderer.endings:
        raise PublishFault(
            "FL-PUB-16", "this format is shown, not written to a file", found=name,
            fix=f"formats of files: {listed((each.name for each in formats(of).values() if each.endings), most=20)}",
        )  # fmt: skip
    if "file" in inspect.signature(renderer.make).parameters:
        options["file"] = path
    content: str | bytes = _harmless(renderer, renderer.make(_given(renderer, subject), **options))
    return write_bytes(path, content.encode() if isinstance(content, str) else content)


def _given(renderer: Renderer, subject: Any) -> Any:
    """What a renderer is given: of a document the one whose texts are harmless where the format is read."""
    return subject.read_as(renderer.target) if hasattr(subject, "read_as") else subject


def _harmless(renderer: Renderer, content: Any) -> Any:
    """The last door: whatever a format forgot, no control character and no mark that turns a line round leaves in a text."""
    if not isinstance(content, str):
        return content
    return for_records(content) if renderer.target is OutputTarget.RECORDS else visible(content)


def _named(of: str, name: str) -> Renderer:
    known = formats(of)
    if name not in known:
        raise not_one_of("FL-PUB-15", "this output format", name, list(known), PublishFault)
    return known[name]


@cache
def _walk() -> None:
    """Load every file of the folder, each of which registers what it declares."""
    package = import_module(FOLDER)
    for module in iter_modules(package.__path__):
        import_module(f"{FOLDER}.{module.name}")
