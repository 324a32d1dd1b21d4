"""What several kinds of entries of a study file are made of: strict tables, numbers, columns of files."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Number = Annotated[float, Field(ge=0)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
Level = Annotated[float, Field(gt=0, lt=1)]


class Strict(BaseModel):
    """A table of a study file: no key that is not known, no value of another type."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Columns(Strict):
    """Some columns of a file that has others too."""

    file: str
    columns: Annotated[list[str], Field(min_length=1)]


class Column(Strict):
    """One column of a file, by name."""

    file: str
    column: str
