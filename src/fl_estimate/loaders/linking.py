"""Records of the same person on several lists brought together: keyed hashes of identifiers, and what contradicts itself."""

from __future__ import annotations

import hashlib
import secrets
import unicodedata
from collections.abc import Callable, Sequence
from collections.abc import Mapping as Dictionary
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fl_estimate.loaders.tables import ROW
from fl_estimate.schema.validate import KEPT, Fault

if TYPE_CHECKING:
    import polars as pl

PERSON, LIST = "__person__", "__list__"


@dataclass(frozen=True, kw_only=True, eq=False)
class Linked:
    """One row a person: the hash, a 0/1 column for each list, the covariates; and what was found on the way."""

    people: pl.DataFrame
    faults: tuple[Fault, ...]


def hasher(salt: str | bytes | None) -> Callable[[pl.DataFrame, Sequence[str]], pl.DataFrame]:
    """Give the function that writes the keyed hash of the identifiers beside them; without a salt, one of this call only."""
    secret = secrets.token_bytes(32) if salt is None else salt.encode() if isinstance(salt, str) else salt
    key = hashlib.blake2b(secret).digest()  # 64 bytes, the longest key of BLAKE2b, from a salt of any length

    def digest(parts: Sequence[str]) -> str:
        # the length of each part stands before it: "ab", "c" and "a", "bc" are different persons
        encoded = [part.encode("utf-8", "surrogatepass") for part in parts]  # no error may show a part
        message = b"".join(len(raw).to_bytes(4, "big") + raw for raw in encoded)
        return hashlib.blake2b(message, key=key, digest_size=16).hexdigest()

    def with_hash(frame: pl.DataFrame, keys: Sequence[str]) -> pl.DataFrame:
        import polars as pl

        rows = zip(*(map(plain, frame[name].to_list()) for name in keys), strict=True)
        return frame.with_columns(pl.Series(PERSON, [digest(row) for row in rows], dtype=pl.String))

    return with_hash


def plain(value: Any) -> str:
    """Write one identifier as text: whole numbers without a point, composed letters as one, no blanks around it."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return unicodedata.normalize("NFC", str(value)).strip()


def key_faults(frames: Dictionary[str, pl.DataFrame], keys: Sequence[str]) -> list[Fault]:
    """Warn where a key is numbers on one list and text on another: zeros in front are lost in the one."""
    faults: list[Fault] = []
    for name in keys:
        kinds = {frame[name].dtype.is_numeric() for frame in frames.values() if name in frame.columns}
        if len(kinds) > 1:
            text = "numbers on one list and text on another: 0123 and 123 are not the same"
            faults.append(
                Fault(table="lists", variable=name, rule="key", value_class=text, count=0, severity="warning")
            )
    return faults


def linked(parts: Sequence[pl.DataFrame], names: Sequence[str], covariates: Sequence[str], *, called: str) -> Linked:
    """Bring the records of each person together.

    Parameters
    ----------
    parts : sequence of frame
        Hash, row number and covariates; the list of each record, or a 0/1 column for each list.
    names, covariates : sequence of str
    called : str
        What reports call the key.
    """
    import polars as pl

    records = pl.concat(_alike(parts, covariates), how="diagonal")
    listed = LIST in records.columns
    faults = _duplicates(records, called, listed=listed)
    if listed:
        on = [(pl.col(LIST) == name).any().cast(pl.Int8).alias(name) for name in names]
        position = pl.col(LIST).replace_strict(
            {name: number for number, name in enumerate(names)}, return_dtype=pl.Int32
        )
        faults += _conflicts(records, covariates)
        records = records.sort(position, maintain_order=True)
    else:
        on = [pl.col(name).max().cast(pl.Int8) for name in names]
        faults += _differing(records, [PERSON], covariates, "differs between rows of a person")
    first = [pl.col(name).drop_nulls().first() for name in covariates]
    people = records.group_by(PERSON, maintain_order=True).agg(*on, *first)
    return Linked(people=people, faults=tuple(faults))


def _alike(parts: Sequence[pl.DataFrame], covariates: Sequence[str]) -> list[pl.DataFrame]:
    """Covariates of one kind in every file: text where one of them has text, numbers with a fraction where one has."""
    import polars as pl

    to: dict[str, Any] = {}
    for name in covariates:
        kinds = {part[name].dtype for part in parts if name in part.columns}
        if len(kinds) > 1:
            to[name] = pl.Float64 if all(kind.is_numeric() for kind in kinds) else pl.String
    return [
        part.with_columns(
            pl.Series(name, [None if cell is None else plain(cell) for cell in part[name].to_list()], dtype=pl.String)
            if kind == pl.String
            else part[name].cast(kind)
            for name, kind in to.items()
            if name in part.columns
        )
        for part in parts
    ]


def _duplicates(records: pl.DataFrame, called: str, *, listed: bool) -> list[Fault]:
    """Records beyond the first of a person on the same list."""
    import polars as pl

    by = [PERSON, *([LIST] if listed else [])]
    again = records.filter(~pl.struct(by).is_first_distinct())
    faults: list[Fault] = []
    groups = again.partition_by(LIST, as_dict=True).items() if listed else [(("lists",), again)]
    for (table, *_), rows in groups:
        if len(rows):
            positions: list[int] = sorted(rows[ROW].to_list())[:KEPT]
            faults.append(
                Fault(
                    table=str(table),
                    variable=called,
                    rule="once in a list",
                    value_class="more than once",
                    count=len(rows),
                    rows=tuple(positions),
                    severity="warning",
                )
            )
    return faults


def _conflicts(records: pl.DataFrame, covariates: Sequence[str]) -> list[Fault]:
    """Covariates of a person that differ within a list, and between lists: how many persons, nothing else."""
    import polars as pl

    faults = _differing(records, [PERSON, LIST], covariates, "differs within a list")
    firsts = records.group_by(PERSON, LIST, maintain_order=True).agg(
        pl.col(name).drop_nulls().first() for name in covariates
    )
    return faults + _differing(firsts, [PERSON], covariates, "differs between lists")


def _differing(records: pl.DataFrame, by: Sequence[str], covariates: Sequence[str], text: str) -> list[Fault]:
    import polars as pl

    faults: list[Fault] = []
    for name in covariates:
        several = (
            records.group_by(by).agg(pl.col(name).drop_nulls().n_unique().alias("kinds")).filter(pl.col("kinds") > 1)
        )
        people = several[PERSON].n_unique()
        if people:
            value_class = f"{text} for {people:,} {'person' if people == 1 else 'persons'}"
            faults.append(
                Fault(
                    table="lists", variable=name, rule="one value a person", value_class=value_class, count=0, severity="warning"
                )
            )  # fmt: skip
    return faults
