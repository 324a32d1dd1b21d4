"""How the site is built: `make docs`. Pages are Markdown (MyST), notebooks are run, warnings are errors."""

from __future__ import annotations

import inspect
import re
import runpy
import sys
from importlib.metadata import version as installed_version
from pathlib import Path

from sphinx.application import Sphinx

import fl_estimate
from fl_estimate.schema import codebook as fl_codebook

HERE = Path(__file__).parent
ROOT = HERE.parent
sys.path.insert(0, str(HERE / "extensions"))

# Pages that are written from the source each time, and are not in the repository: errors, names, formats of files and of
# output, the codebook of the schema, and every framework from its own file.
pages = {
    "how_to/errors.md": runpy.run_path(str(ROOT / "scripts" / "error_codes.py"))["page"](),
    "reference/names.md": runpy.run_path(str(ROOT / "scripts" / "public_names.py"))["page"](),
    "reference/output_formats.md": runpy.run_path(str(ROOT / "scripts" / "output_formats.py"))["page"](),
    "reference/codebook.md": fl_codebook.markdown(),
    "reference/formats.md": runpy.run_path(str(ROOT / "scripts" / "format_pages.py"))["page"](),
    **runpy.run_path(str(ROOT / "scripts" / "framework_pages.py"))["pages"](),
}
for target, page in pages.items():
    (HERE / target).parent.mkdir(exist_ok=True)
    if not (HERE / target).is_file() or (HERE / target).read_text(encoding="utf-8") != page:
        (HERE / target).write_text(page, encoding="utf-8")

# Packages that are reached as attributes (fl.capture_recapture) are modules of that name for autodoc.
for name in fl_estimate.__all__:
    if inspect.ismodule(getattr(fl_estimate, name)):
        sys.modules[f"fl_estimate.{name}"] = getattr(fl_estimate, name)

project = "fl_estimate"
author = "The fl_estimate developers"
project_copyright = author
version = release = installed_version("fl_estimate")
language = "en"

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.autosummary", "numpydoc", "mathml"]
exclude_patterns = ["_build", "extensions", "examples", "explanation/*_table.md", "notebooks/.ipynb_checkpoints"]
templates_path = ["_templates"]

myst_enable_extensions = ["deflist", "dollarmath", "colon_fence"]
myst_heading_anchors = 3

# Notebooks lie in notebooks/ beside this folder (docs/notebooks is a link to it), stripped of outputs.
nb_execution_mode = "auto"
nb_execution_raise_on_error = True
nb_execution_timeout = 120
nb_ipywidgets_js = {}

default_role = "py:obj"  # `Estimates` in a docstring is a link where there is such a page
autosummary_generate = True
autodoc_typehints = "none"
autodoc_member_order = "bysource"
numpydoc_show_class_members = False
html_math_renderer = "mathml"

html_theme = "pydata_sphinx_theme"
html_title = "fl_estimate"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sourcelink = False
html_theme_options = {
    "navbar_end": ["theme-switcher", "navbar-icon-links"],
    "footer_start": ["copyright"],
    "footer_end": [],
    "secondary_sidebar_items": ["page-toc"],
}


def _absolute_values(_app: object, _what: str, _name: str, _object: object, _options: object, lines: list[str]) -> None:
    """Docstrings write |value| for an absolute value; reStructuredText would look for a substitution of that name."""
    lines[:] = [re.sub(r"(?<![`\\|])\|(?=[^|`\s][^|`]*\|)", r"\\|", line) for line in lines]


def setup(app: Sphinx) -> None:
    """Let Sphinx call what is defined here."""
    app.connect("autodoc-process-docstring", _absolute_values)
