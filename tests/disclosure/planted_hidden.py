"""Calls of designs for hidden populations that go well, design by design."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.disclosure import (
    planted_family_network,
    planted_indirect,
    planted_links,
    planted_places,
    planted_recruitment,
    planted_scale_up,
)

HIDDEN: dict[str, tuple[Callable[..., Any], dict[str, Any]]] = {}
for _part in (
    planted_family_network,
    planted_indirect,
    planted_links,
    planted_places,
    planted_recruitment,
    planted_scale_up,
):
    HIDDEN |= _part.CALLS
