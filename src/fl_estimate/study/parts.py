"""What the parts of a study file share: the strict form of each, and one name or several."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Names = str | Annotated[list[str], Field(min_length=1)]


class Strict(BaseModel):
    """A part of a study file: no key that it does not know, no value of another type."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
