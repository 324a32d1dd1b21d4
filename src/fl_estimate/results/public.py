"""The door from a result to what draws it: public functions by their name, so that results knows no room above it."""

from __future__ import annotations

from importlib import import_module
from typing import Any


def public(name: str) -> Any:
    """The public function of this name. The package's own table of names says where it lives, and loads it when it is used."""
    return getattr(import_module("fl_estimate"), name)
