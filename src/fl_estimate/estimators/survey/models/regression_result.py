"""Regression: coefficients as Estimates with the model that later tests ask, and how both are laid out. No fit is made here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from fl_estimate.design.intervals import general
from fl_estimate.errors import EstimateFault, FileFault, listed
from fl_estimate.estimators.survey.models.by_domain import DOMAINS_APART, Made, in_every_domain, stack_domains
from fl_estimate.estimators.survey.models.fitted_model import Fitted, outcome_of
from fl_estimate.estimators.survey.models.kept_model import (
    KeptModel,
    Pieces,
    Session,
    family_assumptions,
    model_assumptions,
    model_settings,
    row_reasons,
)
from fl_estimate.estimators.survey.models.model_after import pieces_of
from fl_estimate.estimators.survey.models.model_data import ModelData
from fl_estimate.estimators.survey.weighted_call import Call, recipe_of
from fl_estimate.results import storage
from fl_estimate.results.basis import Support
from fl_estimate.results.build import build
from fl_estimate.results.codes import COEFFICIENT, REPLICATES, SUBPOPULATION, TAYLOR, WALD
from fl_estimate.results.estimates import Estimates
from fl_estimate.results.p_values import p_values, t_values
from fl_estimate.results.records import from_record, to_record

Key = tuple[tuple[str, str], ...]
"""A domain: by-columns with their values as text, in the order of the columns' names."""


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Regression(Estimates):
    """Coefficients of a regression as Estimates (`term` names them), with what later tests need of the model.

    `fl.term_test` and `fl.marginal_means` take it. `diagnostics` holds the deviance (weights scaled to a mean of 1) and
    the dispersion (weighted variance of the Pearson residuals).

    With `by=` it has the rows of every domain, and `of` gives the regression of one.

    It holds no rows of anybody. In the session that fitted it, it asks the people it was given again where a test needs them
    (and says so where they have changed or are gone). Saved, pickled or sent to another process it takes along what sums
    over people suffice for: coefficients and covariance, of each term its likelihood ratio, of each column of classes its
    marginal means.
    """

    model: KeptModel | None = field(default=None, repr=False)
    models: Mapping[Key, KeptModel] = field(default_factory=dict[Key, KeptModel], repr=False)

    def save(self, path: str | Path) -> Path:
        """Write everything to one Parquet file, for the analyst: full values, nothing suppressed, and no row of anybody."""
        models = [[list(map(list, key)), model.to_dict()] for key, model in self.models.items()]
        own = {"model": self.model and self.model.to_dict(), "models": models}
        return storage.save(self.frame, {**to_record(self), **own}, Path(path))

    @staticmethod
    def read(path: str | Path) -> Regression:
        """Read back what `save` wrote.

        Raises
        ------
        FileFault
            FL-FILE-01: no such file; FL-FILE-09: not a file that `Regression.save` wrote; FL-FILE-25: a newer version wrote it;
            FL-FILE-26: 0.1.0 wrote it, with the coefficients alone.

        Examples
        --------
        >>> import fl_estimate as fl, pandas as pd, tempfile
        >>> people = pd.DataFrame({"ea": [1, 1, 2, 2, 3, 3, 4, 4], "y": [0, 1, 0, 0, 1, 1, 0, 1], "sex": list("fmfmfmmf")})
        >>> model = fl.regress(people, "y ~ sex", design=fl.Design(psu="ea", unweighted=True))
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     again = fl.Regression.read(model.save(folder + "/model.parquet"))
        >>> fl.marginal_means(again, "sex").to_frame()["value"].round(2).tolist()
        [0.5, 0.5]
        """
        frame, told = storage.read(Path(path))
        if not {"form", "model"} & set(told) and str(told["provenance"].get("call")) == "regress":
            raise storage.without_model(Path(path), told)
        if not told.get("model") and not told.get("models"):
            raise FileFault(
                "FL-FILE-09", "this is not a file of a regression", found=Path(path).name,
                fix="give a file that Regression.save wrote; fl.Estimates.read reads other results",
            )  # fmt: skip
        with storage.reading(Path(path)):
            made = Estimates(**from_record(frame, told))
            models = {
                tuple((str(name), str(value)) for name, value in key): KeptModel.from_dict(each)
                for key, each in told.get("models", [])
            }
            model = KeptModel.from_dict(told["model"]) if told.get("model") else None
            return Regression(
                **{each.name: getattr(made, each.name) for each in fields(made)}, model=model, models=models
            )

    def of(self, **labels: Any) -> Regression:
        """The regression of one domain of `by=`, as ``where=`` of it gives it; without a label that of the nation.

        Raises
        ------
        EstimateFault
            FL-EST-360: there is no such domain, or it has no estimate.

        Examples
        --------
        >>> import fl_estimate as fl, pandas as pd
        >>> people = pd.DataFrame({"ea": [1, 1, 2, 2, 3, 3, 4, 4] * 2, "h": [40.0, 44, 50, 58, 41, 60, 38, 52] * 2, "x": [1, 2, 2, 3, 1, 4, 1, 2] * 2, "sex": ["f"] * 8 + ["m"] * 8})
        >>> models = fl.regress(people, "h ~ x", by="sex", family="gaussian", design=fl.Design(psu="ea", unweighted=True))
        >>> round(models.of(sex="f")["x"].value, 4)
        7.375
        """
        key = domain_key(labels)
        known: Mapping[Key, KeptModel] = self.models if self.models or self.model is None else {(): self.model}
        if key not in known:
            told = [", ".join(f"{name}={value}" for name, value in each) or "the nation" for each in known]
            raise EstimateFault(
                "FL-EST-360", "there is no regression of this domain", found=f"{len(labels)} labels",
                fix=f"domains with an estimate: {listed(told, most=12) or 'none'}",
            )  # fmt: skip
        rows = [position for position, row in enumerate(self.frame.to_dict("records")) if self._key(row) == key]
        where = " and ".join(f"{name} == {value!r}" for name, value in labels.items())
        assumptions = [each for each in self.assumptions if each.code not in (SUBPOPULATION, DOMAINS_APART)]
        before = [str(value) for each in self.assumptions if each.code == SUBPOPULATION for _, value in each.parameters]
        both = " and ".join([*before, *([where] if where else [])])
        arguments = {name: value for name, value in self.provenance.arguments.items() if name != "by"}
        return replace(
            self,
            frame=self.frame.iloc[rows].drop(columns=list(self.by)).assign(margin=pd.array([""] * len(rows), dtype="string")).reset_index(drop=True),
            by=(),
            assumptions=(*assumptions, *([SUBPOPULATION.assume(where=both)] if both else [])),
            reasons=tuple(replace(r, row=rows.index(r.row)) for r in self.reasons if r.row in rows),
            covariance_matrix=None if self.covariance_matrix is None else self.covariance_matrix[np.ix_(rows, rows)],
            support=self.support.take(rows),
            provenance=replace(self.provenance, arguments=arguments),
            model=known[key],
            models={},
        )  # fmt: skip

    def _key(self, row: Mapping[Any, Any]) -> Key:
        return domain_key({name: row[name] for name in self.by if not pd.isna(row[name])})

    def _title(self) -> str:
        model = self.model or next(iter(self.models.values()), None)
        return f"Regression, {model.family.name}, {model.formula}" if model is not None else "Regression"

    def coefficients(self, *, exponentiate: bool = False) -> pd.DataFrame:
        """The table of coefficients with t and p.

        Parameters
        ----------
        exponentiate : bool
            Ratios: of odds (logit), of rates, risks or means (log): value, lower and upper as exp(·), se by the delta method.

        Examples
        --------
        >>> import fl_estimate as fl, pandas as pd
        >>> people = pd.DataFrame({"ea": [1, 1, 2, 2, 3, 3, 4, 4], "y": [0, 1, 0, 0, 1, 1, 0, 1], "x": [1, 2, 2, 3, 1, 4, 1, 2]})
        >>> model = fl.regress(people, "y ~ x", design=fl.Design(psu="ea", unweighted=True))
        >>> list(model.coefficients(exponentiate=True).columns)
        ['term', 'value', 'se', 't', 'p', 'lower', 'upper']
        """
        frame = self.frame[[*self.by, "term", "value", "se", "lower", "upper"]].copy()
        position = len(self.by) + 3
        frame.insert(position, "t", t_values(self.frame))
        frame.insert(position + 1, "p", p_values(self.frame))
        if exponentiate:
            for name in ("value", "lower", "upper"):
                frame[name] = np.exp(frame[name])
            frame["se"] = frame["se"] * frame["value"]
        return frame


def domain_key(labels: Mapping[str, Any]) -> Key:
    """What a domain is known by."""
    return tuple(sorted((str(name), _written(value)) for name, value in labels.items()))


def _written(value: Any) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def kept_of(fitted: Fitted, columns: Sequence[str], terms: Mapping[str, Sequence[int]]) -> KeptModel:
    """A model without its people."""
    data = fitted.data
    return KeptModel(
        formula=fitted.formula,
        family=fitted.family,
        beside=(None, None) if not hasattr(fitted, "offset") else fitted.offset.columns_given,  # pyright: ignore[reportAttributeAccessIssue]
        columns=tuple(columns),
        terms={name: tuple(positions) for name, positions in terms.items()},
        levels=_levels(fitted),
        beta=fitted.beta,
        covariance=fitted.covariance,
        df=fitted.df,
        design_df=fitted.design_df,
        n=data.rows,
        undetermined=data.undetermined,
        level=data.call.level,
    )


def _levels(fitted: Fitted) -> dict[str, tuple[Any, ...] | None]:
    """Of each variable its classes, or None of a number; of a number in C(…) the classes that the coefficients name anyway."""
    result: dict[str, tuple[Any, ...] | None] = {}
    outcome = outcome_of(fitted.formula)
    for column in fitted.data.patterns:
        name, values = str(column), fitted.data.patterns[column]
        if name == outcome:
            continue
        if isinstance(values.dtype, pd.CategoricalDtype):
            result[name] = tuple(str(value) for value in values.cat.categories)
        elif f"C({name}" in fitted.formula:
            result[name] = tuple(sorted(float(value) for value in values.unique()))
        else:
            result[name] = None
    return result


def with_session(kept: KeptModel, people: Callable[[], Fitted]) -> KeptModel:
    """A model that can ask its people again."""

    def pieces() -> Pieces:
        return pieces_of(people(), kept.terms, list(kept.levels))

    return replace(kept, session=Session(people, pieces))


def regression_of(
    kept: KeptModel,
    data: ModelData,
    support: Support,
    *,
    cases: float = float("nan"),
    diagnostics: Mapping[str, float] | None = None,
) -> Regression:
    """The coefficients of a model as rows."""
    call, p, outcome = data.call, len(kept.columns), outcome_of(kept.formula)
    se = np.sqrt(np.maximum(np.diag(kept.covariance.matrix), 0.0))
    df = np.full(p, kept.df)
    lower, upper = general("wald", kept.beta, se, df, call.level)
    columns = {
        "outcome": outcome, "term": list(kept.columns), "value": kept.beta, "se": se, "lower": lower, "upper": upper,
        "level": call.level, "interval_kind": np.where(np.isnan(lower), "", WALD), "undetermined": data.undetermined,
        "n": data.rows, "cases": cases, "df": df,
    }  # fmt: skip
    settings = {**model_settings(kept), **call.settings()}
    said = model_assumptions(data, kept.covariance, [outcome], family_assumptions(kept.family, kept.beside))
    made = build(
        columns,
        quantity=COEFFICIENT,
        method=REPLICATES if kept.covariance.replicates else TAYLOR,
        basis="respondents",
        recipe=recipe_of(call, [outcome, *map(str, data.patterns.columns)], settings, said),
        reasons=row_reasons(kept, p),
        diagnostics=diagnostics,
        covariance=kept.covariance.matrix,
        support=support,
    )
    return as_regression(made, model=kept)


def as_regression(made: Estimates, **own: Any) -> Regression:
    """Rows of coefficients with their models."""
    return Regression(**{each.name: getattr(made, each.name) for each in fields(made)}, **own)


def by_domain(call: Call, make: Callable[[Call], Regression]) -> Regression:
    """The regression of a call; with by= that of every domain, under each other."""
    if not call.by:
        return make(call)
    # A model knows the way back to its people, which no other process does.
    result: list[Made] = in_every_domain(call, make, shared=True)
    models = {
        domain_key(domain.labels): part.model
        for domain, part in result
        if isinstance(part, Regression) and part.model is not None
    }
    return as_regression(stack_domains(call, result), models=models)
