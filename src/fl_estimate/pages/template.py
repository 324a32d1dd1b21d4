"""Templates filled in: everything that comes from data is escaped, a name that a template misses is an error.

The base and its parts lie here, the template of each page beside the code that fills it in. What a page says is no business of
this module; nor does it write files.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from fl_estimate.neutral import for_page

if TYPE_CHECKING:
    from jinja2 import Environment

HERE = "fl_estimate.pages"


def page(package: str, template: str, **told: Any) -> str:
    """Fill in a template that lies in a package of ours, as one HTML page that stands alone.

    Parameters
    ----------
    package : str
        Where the template lies: ``fl_estimate.schema``.
    template : str
        Its file name. It extends ``fl_estimate.pages/base.html``, which asks for `language` and `title`.
    **told
        What the template names. Text is escaped, for elements and for attributes in quotes alike, but for what a template marks as ``safe``: our own
        style, and pictures that we drew, whose texts are escaped already. What would not be seen in it is shown (`neutral.for_page`).

    Returns
    -------
    str

    Notes
    -----
    A template asks nothing of any host and has no script, so that text meets two contexts only: elements and quoted attributes.

    Examples
    --------
    >>> "<title>a &lt; b</title>" in page("fl_estimate.pages", "base.html", language="en", title="a < b")
    True
    """
    return _environment().get_template(f"{package}/{template}").render(**told)


@cache
def _environment() -> Environment:
    from jinja2 import Environment, FunctionLoader, StrictUndefined

    made = Environment(
        autoescape=True, undefined=StrictUndefined, loader=FunctionLoader(_source), trim_blocks=True, lstrip_blocks=True,
        keep_trailing_newline=True, finalize=for_page,
    )  # fmt: skip
    made.globals["style"] = _source(f"{HERE}/page.css")  # pyright: ignore[reportUnknownMemberType]
    return made


def _source(name: str) -> str:
    package, _, file = name.partition("/")
    return (files(package) / file).read_text(encoding="utf-8")
