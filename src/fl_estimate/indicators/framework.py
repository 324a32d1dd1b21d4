"""Framework: one dated definition as a value, read from TOML and checked."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from fl_estimate.errors import IndicatorFault, is_file, not_toml, toml_of
from fl_estimate.indicators.framework_form import FrameworkForm, broken, bundled_ids, bundled_table
from fl_estimate.indicators.national import extended
from fl_estimate.indicators.references import check

if TYPE_CHECKING:
    import pandas as pd


class Framework(FrameworkForm):
    """One dated framework: the law as data.

    Read it with `Framework.read`; the names of its parts are those of the file.

    Attributes
    ----------
    id, title, date : str, Wording, str
        Its name, its title in three languages, and the day it was adopted (or published).
    status : {"final", "draft"}
        A draft has no rule that can be evaluated; it needs ``allow_unverified=True`` and a rule of the user's own.
    verification : {"primary", "secondary", "recalled"}
        How well the combining rule of the file was read; `verification_note` says which parts differ.
    in_scope : expression
        Whom it speaks of.
    extends : str
        Of a national file: the id of the framework that it adds to.
    dimensions, dimension_rule
        Groups of indicators, and when one of them is positive.
    indicators, optional_indicators : tuple of Indicator
        Optional ones do not count unless a national file switches them on.
    definitions : mapping of str to Definition
    outcomes : tuple of Outcome
        The first is the headline. An optional one is computed only where it is asked for by name.
    unasked : tuple of Outcome
        Of a framework in use: outcomes that were not asked for.
    own_items : tuple of Item
        Questions of the file's own, of a national file.
    code_lists : tuple of CodeList
        Of a file of kind "code_list", which holds codes of case records and no rule.
    sources, population, unit, reference_period, rule_text, notes
        What the documents say, in words.

    Examples
    --------
    >>> import fl_estimate as fl
    >>> framework = fl.Framework.read("icls2018_adult")
    >>> framework.date, len(framework.indicators), framework.outcomes[0].id
    ('2018-10-19', 24, 'forced_labour')
    """

    @classmethod
    def read(cls, source: str | Path) -> Framework:
        """Read a framework by its id, or from a TOML file, and check every reference in it.

        Parameters
        ----------
        source : str or Path
            The id of a framework of this package (see `frameworks`), or the path of a file ending in ``.toml``.

        Raises
        ------
        IndicatorFault
            FL-IND-01 (no such id), FL-IND-02 (the file cannot be read), FL-IND-03 (the file is broken: every fault
            with its key path).
        """
        text = str(source)
        framework = _from_file(Path(source)) if text.endswith(".toml") else Framework.bundled(text)
        check(framework)
        return framework


def frameworks() -> pd.DataFrame:
    """List the frameworks of this package.

    Returns
    -------
    pandas.DataFrame
        One row a framework, in the order of the ids: `id`, `title`, `date`, `status`, `verification` (the weakest of
        primary, secondary, recalled for its rule) and `outcomes` (their ids, separated by commas). Code lists for case
        records have none; a draft has to be completed by a file of the user's own.

    Examples
    --------
    >>> import fl_estimate as fl
    >>> table = fl.frameworks()
    >>> table.loc[table["id"] == "forced_marriage", ["status", "outcomes"]].to_numpy().tolist()
    [['final', 'forced_marriage']]
    """
    import pandas as pd

    rows = [
        {
            "id": framework.id,
            "title": framework.title.en,
            "date": framework.date,
            "status": framework.status,
            "verification": framework.verification,
            "outcomes": ", ".join(outcome.id for outcome in framework.outcomes),
        }
        for framework in map(Framework.bundled, bundled_ids())
    ]
    return pd.DataFrame(rows)


def _from_file(path: Path) -> Framework:
    try:
        if not is_file(path):  # a pipe would be waited for
            raise FileNotFoundError(path.name)
        table = toml_of(path.read_bytes())
    except OSError:
        raise IndicatorFault(
            "FL-IND-02", "the framework file cannot be read", found=path.name, fix="give the path of a file that exists"
        ) from None
    except (ValueError, RecursionError) as error:
        raise IndicatorFault(
            "FL-IND-02",
            f"{path.name} is not a TOML file",
            found=not_toml(error),
            fix="correct it at that place; UTF-8 text",
        ) from None
    if "extends" in table:
        table, faults = extended(table, bundled_table(str(table["extends"])))
        if faults:
            raise broken(path.name, faults)
    return Framework.from_table(table, path.name)
