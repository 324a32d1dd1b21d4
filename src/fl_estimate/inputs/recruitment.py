"""Recruitment: who recruited whom in respondent-driven sampling. Refuses at the door what is no forest of chains.

Reading the columns, by ids or by coupon numbers, is in `recruitment_columns`, the checks in `recruitment_checks`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from fl_estimate.arrays import Bools, Floats, Positions
from fl_estimate.errors import EstimateFault
from fl_estimate.inputs.recruitment_checks import chain_faults, waves_of
from fl_estimate.inputs.recruitment_columns import ChainColumns, read_columns
from fl_estimate.inputs.respondents import Respondents
from fl_estimate.schema.validate import ValidationReport

SEED = -1
"""The recruiter of a seed: nobody in the sample."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Recruitment:
    """Who recruited whom, and how many people each knows: chains of respondent-driven sampling, one row a respondent.

    Made by `read`; rows are those of the people it was read from, in their order.

    Attributes
    ----------
    persons : tuple of str
        Ids of the respondents.
    recruiters : int array, shape (n,)
        Row of the recruiter; −1 of a seed.
    degrees : float array, shape (n,)
        Persons of the population whom the respondent knows (personal network size); NaN where it is missing or 0.
    waves : int array, shape (n,)
        0 of a seed, 1 of those whom seeds recruited, and so on.
    seeds : int array, shape (n,)
        Row of the seed at the root of the respondent's tree.
    times : float array, shape (n,)
        Of the interview, in days or in the unit of the column; NaN where there is none.
    coupons_issued : float array, shape (n,)
        Coupons that the respondent was given; NaN where it is not known.
    report : ValidationReport
        Warnings: missing degrees, and degrees below the number of people whom the chain itself shows.

    Examples
    --------
    >>> import fl_estimate as fl, pandas as pd
    >>> people = pd.DataFrame({"person_id": ["a", "b", "c", "d"], "recruiter_id": [None, "a", "a", "c"],
    ...                        "network_size": [5, 3, 4, 2], "sex": [1, 2, 1, 1]})
    >>> chains = fl.hidden.Recruitment.read(people)
    >>> chains, chains.waves.tolist(), chains.transitions([0, 1, 0, 0]).tolist()
    (Recruitment(4 respondents, 1 seed, 2 waves), [0, 1, 1, 2], [[2.0, 1.0], [0.0, 0.0]])
    """

    persons: tuple[str, ...] = field(repr=False)
    recruiters: Positions
    degrees: Floats
    waves: Positions
    seeds: Positions
    times: Floats
    coupons_issued: Floats
    report: ValidationReport = field(default_factory=ValidationReport)

    @classmethod
    def read(
        cls,
        people: Any,
        *,
        person: str = "person_id",
        recruiter: str | None = None,
        coupon: str | None = None,
        coupons_given: Sequence[str] | None = None,
        degree: str = "network_size",
        coupons_issued: str | None = None,
        time: str | None = None,
        seed_marker: str | float | None = None,
    ) -> Recruitment:
        """Read the chains from people: by the recruiter's id, or by the numbers of coupons.

        Parameters
        ----------
        people : SurveyData, Classification or frame
            One row a respondent.
        person : str
            Column of their ids.
        recruiter : str, optional
            Column of the recruiter's id, missing for a seed. Left out: ``recruiter_id`` where people have it.
        coupon : str, optional
            Column of the number of the coupon that the respondent brought, missing for a seed; instead of `recruiter`.
            Left out: ``coupon_received`` where people have no recruiter's id.
        coupons_given : list of str, optional
            Columns of the numbers of the coupons that the respondent was given; needed with `coupon`. Left out:
            ``coupon_given_1`` and so on, as far as people have them.
        degree : str
            Column of the number of people of the population whom the respondent knows.
        coupons_issued : str, optional
            Column of how many coupons the respondent was given; with `coupons_given` they are counted. Left out:
            ``coupons_issued`` where people have it.
        time : str, optional
            Column of the date or time of the interview; nobody may be interviewed before their recruiter.
        seed_marker : str or number, optional
            What stands in `recruiter`, or `coupon`, of a seed where it is not left empty: ``"seed"``, 0, -1.

        Returns
        -------
        Recruitment

        Raises
        ------
        EstimateFault
            FL-EST-520: the columns are no chains, with every fault at once (ids twice or missing, recruiters who are not there,
            circles, more recruits than coupons, degrees that are no numbers from 0 on, interviews before the recruiter's);
            FL-EST-521: columns are missing; FL-EST-522: there are no people.

        Examples
        --------
        >>> import fl_estimate as fl, pandas as pd
        >>> people = pd.DataFrame({"person_id": [1, 2, 3], "coupon_received": [None, 11, 12],
        ...                        "coupon_given_1": [11, 21, None], "coupon_given_2": [12, 22, None], "network_size": [9, 4, 6]})
        >>> fl.hidden.Recruitment.read(people).recruiters.tolist()
        [-1, 0, 0]
        """
        frame = people.people if isinstance(people, Respondents) else people
        columns = read_columns(
            frame, person=person, recruiter=recruiter, coupon=coupon, coupons_given=coupons_given, degree=degree,
            coupons_issued=coupons_issued, time=time, seed_marker=seed_marker,
        )  # fmt: skip
        return cls.of(columns)

    @classmethod
    def of(cls, columns: ChainColumns) -> Recruitment:
        """Chains of columns that are read already.

        Raises
        ------
        EstimateFault
            FL-EST-520, FL-EST-522.
        """
        report = ValidationReport(chain_faults(columns))
        if not report.ok:
            raise EstimateFault(
                "FL-EST-520", "the columns of recruitment are no chains", found=str(report),
                fix="correct ids and coupons in the file; seed_marker= says what stands in the place of a seed's recruiter",
            )  # fmt: skip
        waves, seeds = waves_of(columns.recruiters)
        known = columns.degrees > 0
        return cls(
            persons=columns.persons, recruiters=columns.recruiters, waves=waves, seeds=seeds, times=columns.times,
            degrees=np.where(known, columns.degrees, np.nan), coupons_issued=columns.coupons_issued, report=report,
        )  # fmt: skip

    @property
    def n(self) -> int:
        """Respondents."""
        return len(self.persons)

    @property
    def is_seed(self) -> Bools:
        """Whether each respondent is a seed."""
        return self.recruiters == SEED

    @property
    def n_seeds(self) -> int:
        """How many seeds there are, those without recruits among them."""
        return int(np.sum(self.is_seed))

    @property
    def recruits(self) -> Positions:
        """How many respondents each recruited."""
        return np.bincount(self.recruiters[~self.is_seed], minlength=self.n)

    @property
    def largest_tree(self) -> float:
        """Share of the sample in the largest tree."""
        return float(np.bincount(self.seeds).max() / self.n)

    @property
    def order(self) -> Positions:
        """Rows in the order in which they entered the sample: by time where every row has one, else by wave; then by id."""
        ids = np.argsort(np.argsort(np.array(self.persons, dtype=object), kind="stable"), kind="stable")
        first = self.times if np.isfinite(self.times).all() else self.waves.astype(float)
        return np.lexsort((ids, self.waves, first))

    def transitions(self, groups: Any, *, size: int | None = None, weights: Floats | None = None) -> Floats:
        """Count recruitments from group to group.

        Parameters
        ----------
        groups : int array, shape (n,)
            Group of each respondent from 0 on; −1 where it is not known, whose recruitments either way are not counted.
        size : int, optional
            Number of groups; else one more than the largest.
        weights : float array, shape (n,), optional
            How often each respondent counts as a recruit.

        Returns
        -------
        float array, shape (groups, groups)
            Row: the recruiter's group; column: the recruit's. Seeds are recruits of nobody.
        """
        codes = np.asarray(groups, dtype=np.intp)
        number = int(codes.max(initial=-1)) + 1 if size is None else size
        came = np.flatnonzero(~self.is_seed)
        before, after = codes[self.recruiters[came]], codes[came]
        counted = (before >= 0) & (after >= 0)
        times = None if weights is None else weights[came][counted]
        pairs = before[counted] * number + after[counted]
        return np.bincount(pairs, weights=times, minlength=number**2).reshape(number, number).astype(float)

    def __repr__(self) -> str:
        """Ids stand in `persons`, where they are asked for."""
        numbers = ((self.n, "respondent"), (self.n_seeds, "seed"), (int(self.waves.max(initial=0)), "wave"))
        told = ", ".join(f"{number:,} {noun}{'' if number == 1 else 's'}" for number, noun in numbers)
        return f"Recruitment({told})"
