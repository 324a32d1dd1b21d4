"""Turn formulas into MathML while the pages are built, so that no page needs a script, from here or from an outside host.

Browsers draw MathML by themselves. A formula that cannot be turned is a warning, and so stops the build.
"""

from __future__ import annotations

import re
from typing import Any

from docutils import nodes
from math_core import LatexError, LatexToMathML
from sphinx.application import Sphinx
from sphinx.util import logging

_LOGGER = logging.getLogger(__name__)
_CONVERTER = LatexToMathML(fancy_error=False)


def _mathml(node: nodes.Element, *, display: bool) -> str:
    latex = re.sub(r"(\\(?:begin|end)){split}", r"\1{aligned}", node.astext())
    try:
        return _CONVERTER.convert_with_local_state(latex, displaystyle=display)
    except LatexError as error:
        _LOGGER.warning("this formula cannot be turned into MathML: %s", error, location=node)
        return ""


def _visit_inline(translator: Any, node: nodes.math) -> None:
    translator.body.append(_mathml(node, display=False))
    raise nodes.SkipNode


def _visit_block(translator: Any, node: nodes.math_block) -> None:
    number = node.get("number")
    translator.body.append(translator.starttag(node, "div", CLASS="math"))
    if number:
        translator.body.append(f'<span class="eqno">({number})</span>')
    translator.body.append(_mathml(node, display=True))
    translator.body.append("</div>\n")
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the renderer under the name that conf.py gives to html_math_renderer."""
    app.add_html_math_renderer("mathml", (_visit_inline, None), (_visit_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
