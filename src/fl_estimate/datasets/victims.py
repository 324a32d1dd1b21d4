"""Made-up victims on five lists by year, sex and form, in the shape of a published estimate, with the truth that no office has."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
import pandas as pd

VICTIM_LISTS: tuple[str, ...] = ("police", "inspectorate", "shelter", "border", "helpline")
BORDER_FROM = 2021
"""The first year in which the border guard has a list."""
REFERRAL = 2.5
"""Odds ratio between police and shelters, which refer people to each other."""
SIZE, SEED = 6_000, 20_261_129
_YEARS = (2019, 2020, 2021, 2022)
_ON = np.array([-1.3, -2.6, -1.9, -2.5, -1.8])
_MALE = np.array([-0.3, 0.7, -0.8, 0.2, -0.2])
_LABOUR = np.array([-0.5, 1.4, -0.3, 0.3, 0.1])
_BY_YEAR = np.array([0.1, 0.0, 0.1, -0.1, 0.05])
"""On the logit of being on each list: for a woman in sexual exploitation in the first year, and what moves it."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Victims:
    """People by year, sex and form, each with the lists that they are on.

    Attributes
    ----------
    every : pandas.DataFrame
        All of them, `form` known.
    """

    every: pd.DataFrame

    @property
    def seen(self) -> pd.DataFrame:
        """Those on a list, `form` known."""
        return self.every[self.every[[*VICTIM_LISTS]].any(axis=1)].reset_index(drop=True)

    @property
    def recorded(self) -> pd.DataFrame:
        """Those on a list, as they are recorded: the helpline does not ask for the form, and who is on it alone lacks it."""
        seen = self.seen
        alone = (seen["helpline"] == 1) & (seen[[*VICTIM_LISTS[:4]]].sum(axis=1) == 0)
        return seen.assign(form=seen["form"].where(~alone, None))

    @property
    def truth(self) -> pd.DataFrame:
        """How many there are: all, by year, and by sex and form; in the order in which estimates have them."""
        rows: list[tuple[str, str, int]] = [("", "", len(self.every))]
        for margin in (["year"], ["sex", "form"]):
            for value, part in self.every.groupby(margin):
                rows.append((" × ".join(margin), ", ".join(map(str, value)), len(part)))
        return pd.DataFrame(rows, columns=["margin", "value", "people"])


def draw_victims(size: int, generator: np.random.Generator) -> Victims:
    """Draw people and the lists that they are on.

    Form and sex make each list likelier or not; police and shelters refer people to each other; the border guard has a list
    from 2021 on.
    """
    year = generator.choice(_YEARS, size=size, p=[0.22, 0.24, 0.26, 0.28])
    sex = generator.choice(["female", "male"], size=size, p=[0.75, 0.25])
    form = np.where(generator.random(size) < np.where(sex == "female", 0.7, 0.2), "sexual", "labour")
    logit = (
        _ON
        + _MALE * (sex == "male")[:, None]
        + _LABOUR * (form == "labour")[:, None]
        + _BY_YEAR * (year - _YEARS[0])[:, None]
    )
    histories = np.array(list(itertools.product((0, 1), repeat=len(VICTIM_LISTS))))
    police, shelter, border = (histories[:, VICTIM_LISTS.index(name)] for name in ("police", "shelter", "border"))
    exponent = logit @ histories.T + np.log(REFERRAL) * police * shelter
    share = np.exp(np.where((year < BORDER_FROM)[:, None] & (border == 1), -np.inf, exponent))
    share /= share.sum(axis=1, keepdims=True)
    drawn = (share.cumsum(axis=1) < generator.random((size, 1))).sum(axis=1)
    frame = pd.DataFrame(histories[drawn], columns=list(VICTIM_LISTS)).assign(year=year, sex=sex, form=form)
    return Victims(every=frame)
