"""Calls of designs for hidden populations that go well: `test_no_answer_leaves` gives their arguments what does not belong there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

HIDDEN: dict[str, tuple[Callable[..., Any], dict[str, Any]]] = {}
