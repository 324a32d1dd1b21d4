"""Design: how the sample was drawn, said once, as column names. No data and no arithmetic live here."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, get_args

from fl_estimate.errors import DesignFault, listed, not_one_of

SinglePsu = Literal["error", "remove", "certainty", "adjust", "average", "collapse"]
SINGLE_PSU_RULES: tuple[str, ...] = get_args(SinglePsu)


@dataclass(frozen=True, kw_only=True)
class Design:
    """Say how a sample was drawn, by the names of the columns that hold it.

    Parameters
    ----------
    weights : str, optional
        Column of sampling weights (> 0). May be left out where `fpc` gives the sampling fraction of every stage;
        with neither, every weight is 1 and totals are refused.
    strata : str, optional
        Column of the first-stage strata.
    psu : str, optional
        Column of the primary sampling units; short for ``stages=(psu,)``.
    stages : sequence of str, optional
        Columns of the sampling units of each stage, first stage first. Empty: every row is a unit.
    fpc : str or sequence of str, optional
        One column a stage: population sizes (counts of units) or sampling fractions (all at most 1). Stages
        without one are taken as drawn with replacement; stages after the last one with an fpc are not needed
        (their variance is in the stage before).
    nested : bool, default True
        Unit ids repeat in every stratum. ``False`` asserts that ids are unique over strata, and checks it.
    single_psu : {"error", "remove", "certainty", "adjust", "average", "collapse"}
        What to do with a stratum in which one unit was drawn: stop; no contribution (``remove`` and
        ``certainty`` are the same number); distance from the mean over all units; the average contribution of
        the other strata; merge it with the stratum that follows in sorted order (the last with the one before).

    Raises
    ------
    DesignFault
        FL-DESIGN-02 (`psu` and `stages` both given), FL-DESIGN-03 (more fpc columns than stages),
        FL-DESIGN-04 (unknown rule), FL-DESIGN-05 (a column named twice).

    Examples
    --------
    >>> import fl_estimate as fl
    >>> fl.Design(weights="w", strata="stratum", psu="ea").stages
    ('ea',)
    >>> fl.Design(stages=("district", "school"), fpc=("N_districts", "N_schools")).fpc
    ('N_districts', 'N_schools')
    """

    weights: str | None = None
    strata: str | None = None
    psu: str | None = None
    stages: tuple[str, ...] = field(default=())
    fpc: tuple[str, ...] = field(default=())
    nested: bool = True
    single_psu: SinglePsu = "error"

    def __post_init__(self) -> None:
        stages = _names(self.stages)
        if self.psu is not None and stages and stages != (self.psu,):
            raise DesignFault(
                "FL-DESIGN-02",
                "psu= and stages= say the same thing twice",
                found=f"psu={self.psu!r}, stages={stages!r}",
                fix="give psu= for one stage, or stages= for several",
            )
        stages = stages or _names(self.psu)
        fpc = _names(self.fpc)
        if len(fpc) > max(1, len(stages)):
            raise DesignFault(
                "FL-DESIGN-03",
                "there are more fpc columns than stages",
                found=f"{len(fpc)} fpc columns ({listed(fpc)}), {len(stages)} stages ({listed(stages) or 'none'})",
                fix="give one fpc column a stage, first stage first",
            )
        if self.single_psu not in SINGLE_PSU_RULES:
            raise not_one_of("FL-DESIGN-04", "this single_psu rule", str(self.single_psu), SINGLE_PSU_RULES, DesignFault)
        units = [*([self.strata] if self.strata else []), *stages]
        repeated = sorted({name for name in units if units.count(name) > 1})
        if repeated:
            raise DesignFault(
                "FL-DESIGN-05",
                "a column is named twice among strata and stages",
                found=listed(repeated),
                fix="every stage and the strata need a column of their own",
            )
        object.__setattr__(self, "stages", stages)
        object.__setattr__(self, "fpc", fpc)
        object.__setattr__(self, "psu", stages[0] if stages else None)

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column the design needs, each once."""
        named = [self.strata, *self.stages, *self.fpc, self.weights]
        return tuple(dict.fromkeys(name for name in named if name is not None))

    @property
    def weights_known(self) -> bool:
        """Whether the sampling weight of a row is known, from a column or from the fpc of every stage."""
        return self.weights is not None or len(self.fpc) >= max(1, len(self.stages))


def _names(value: str | tuple[str, ...] | list[str] | None) -> tuple[str, ...]:
    if value is None:
        return ()
    return (value,) if isinstance(value, str) else tuple(value)
