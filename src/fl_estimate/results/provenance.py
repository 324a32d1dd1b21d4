"""Provenance: what made a result. No clocks here: a result made twice is the same twice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from fl_estimate.version import package_version as package_version


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """The call that made a result: function, arguments (names of columns and settings), versions, source file."""

    call: str = ""
    arguments: Mapping[str, Any] = field(default_factory=dict[str, Any])
    package_version: str = field(default_factory=package_version)
    source_name: str = ""
    source_sha256: str = ""

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)
