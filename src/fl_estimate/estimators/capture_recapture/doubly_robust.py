"""Two lists that are independent given covariates: a doubly robust estimate with cross-fitting, summed over strata."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal

import narwhals as nw
import numpy as np
import numpy.typing as npt
import pandas as pd

from fl_estimate.arrays import Floats, Positions
from fl_estimate.errors import EstimateFault, ListsFault, labels_shown, listed, missing_columns, not_one_of, shown
from fl_estimate.estimators.capture_recapture.answers import Limits, log_limits, normal_quantile, require_interval
from fl_estimate.estimators.capture_recapture.domain_answers import About
from fl_estimate.estimators.capture_recapture.doubly_robust_lists import ACROSS, Across, ListRecords, over_lists
from fl_estimate.estimators.capture_recapture.learners import LEARNERS, chances
from fl_estimate.estimators.capture_recapture.linkage_codes import EVERYONE_CAN_BE_LISTED
from fl_estimate.estimators.capture_recapture.list_codes import (
    CHANCES_AT_MARGIN,
    DOUBLY_ROBUST,
    EVERYBODY_OBSERVED,
    LEARNER_NOT_CONVERGED,
    LISTS_INDEPENDENT_GIVEN,
)
from fl_estimate.estimators.sampling import known_seed
from fl_estimate.inputs.histories import CaptureHistories, Member, read_members
from fl_estimate.results.basis import Support
from fl_estimate.results.build import build
from fl_estimate.results.codes import (
    CLOSED_POPULATION,
    DARK_FIGURE,
    LISTS_INDEPENDENT,
    PERFECT_LINKAGE,
    POPULATION_SIZE,
    Assumption,
)
from fl_estimate.results.estimates import Estimates
from fl_estimate.results.methods import method
from fl_estimate.results.provenance import Provenance
from fl_estimate.results.recipe import Recipe
from fl_estimate.results.roles import (
    LISTS,
    InFile,
    Kept,
    Key,
    Level,
    ListName,
    Pair,
    SeedOrNone,
    Strata,
    Within,
)

Learner = Literal["logistic", "boosting", "forest"]
KINDS = ("doubly-robust", "plug-in")
CLIPPED = 0.05
"""Share of people whose chances were moved to the margin above which a reason says so."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Chances:
    """For people who were observed, the chances to be on the first list, the second, and both, given covariates."""

    first: Floats
    second: Floats
    both: Floats


@dataclass(frozen=True, kw_only=True)
class _StratumAnswer:
    """The answer of one stratum, or of all."""

    n: float
    both: int
    size: float
    variance: float

    @property
    def dark(self) -> float:
        """People on no list."""
        return self.size - self.n


@dataclass(frozen=True, kw_only=True, eq=False)
class _Records:
    """What is read off the frame."""

    on: Member
    covariates: pd.DataFrame
    strata: npt.NDArray[Any]
    folds: Positions | None
    hash: str


def _one_of_two(given: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """In a study file: both lists are named, or none."""
    named = [key for key in ("a", "b") if given.get(key) is not None]
    if len(named) == 1:
        yield (
            "b" if named == ["a"] else "a",
            "doubly_robust needs two lists, a and b, or neither: then it takes all lists of the file",
        )


@method(kind="capture_recapture", chosen=True, basis="lists", family="capture_recapture", faults=_one_of_two)
def doubly_robust(
    records: Annotated[Any, LISTS],
    *,
    lists: Annotated[Sequence[str] | None, InFile(tuple[ListName, ListName]), Pair(("a", "b"))] = None,
    covariates: Annotated[Sequence[str], Kept()] = (),
    by: Annotated[str | None, Strata()] = None,
    across: Across = "no-highest-interaction",
    learner: Annotated[Learner | Any, InFile(Learner)] = "logistic",
    kind: Annotated[Literal["doubly-robust", "plug-in"], Key("estimator")] = "doubly-robust",
    folds: Annotated[int | str, InFile(Annotated[int, Within(ge=2, le=20)])] = 5,
    margin: Annotated[float, Within(gt=0, lt=0.5)] = 0.005,
    interval: Literal["wald", "log"] = "wald",
    level: Level = 0.95,
    seed: SeedOrNone = None,
) -> Estimates:
    """Estimate the number of people from two lists or more, among people alike in covariates, whatever learns their chances.

    Use it where what makes people likely to be on both lists is recorded: region, sex, age, sector. What is not recorded
    still counts as independence. It stays right if either the chances of the lists or those of the overlap are learnt
    well, and takes flexible learners without losing its interval.

    Parameters
    ----------
    records : frame or CaptureHistories
        A row is a person observed, on the two lists or on others. Of histories that `fl.load_lists` made, the records
        with the covariates that it kept; counts are taken as so many persons alike.
    lists : sequence of str, optional
        Columns of 0 and 1: two that are independent given covariates, or more. Of histories, all their lists by default.
    covariates : sequence of str
        Numbers or text, none missing. Without any, the estimate is Petersen's.
    by : str, optional
        A column of strata. Each gets its estimate, and the nation's is their sum; the stratum is a covariate, too.
    across : {"no-highest-interaction", "pairs"}
        How more than two lists tell of who is on none. ``no-highest-interaction``: they may depend on each other in any way
        but all at once; everybody's history must be likely enough, so this is for three lists, rarely four. ``pairs``: all
        pairs are independent given covariates; their estimates are pooled by overlaps, and a test says where they disagree.
    learner : {"logistic", "boosting", "forest"} or scikit-learn classifier
        Of the outcomes: on neither, one, the other, and both lists; of more lists, of their histories.
    kind : {"doubly-robust", "plug-in"}
        ``plug-in`` is for comparison: it is no better than its learner.
    folds : int or str
        Parts of the data, each predicted by a learner that saw the others only (2 to 20); or a column that says the part.
    margin : float
        Chances of the overlap are held at or above it.
    interval : {"wald", "log"}
        ``wald`` is N ± z se, not below the people observed; ``log`` takes the dark figure as log-normal.
    level : float
    seed : int, optional
        Of the parts and learners; where it is not given, one is made and noted in the provenance.

    Returns
    -------
    Estimates
        Rows `population_size` and `dark_figure` of the nation and of each stratum, in persons, with their joint
        covariance. `diagnostics["joint_limits"]` holds limits that hold for all strata at once (two lists);
        `diagnostics["pairs"]` what each pair says, with its standard error, and `pairs_p_value` whether they agree.

    Raises
    ------
    EstimateFault
        FL-EST-30 (interval, level or kind), FL-EST-150 (a covariate or stratum is missing), FL-EST-151 (nobody of a
        stratum is on both lists, or nobody has one of the histories), FL-EST-152 (folds, margin or learner), FL-EST-155 (the learner failed).
    ListsFault
        FL-LISTS-01, FL-LISTS-02, FL-LISTS-03, FL-LISTS-04, FL-LISTS-06, FL-LISTS-14 (fractional counts).

    Notes
    -----
    With q₁, q₂, q₁₂ the chances given x among people observed and γ⁻¹ = q₁ q₂/q₁₂, the inverse share observed is the
    mean of φ = γ⁻¹ (Y₁/q₁ + Y₂/q₂ − Y₁ Y₂/q₁₂) in each part, averaged over parts; N = n ψ⁻¹ and
    Var N = n (Var φ + ψ⁻¹ (ψ⁻¹ − 1)). One learner of all four outcomes keeps q₁₂ ≤ min(q₁, q₂), q₁ + q₂ − q₁₂ ≤ 1.

    Three lists and more, ``no-highest-interaction``: with π_ω(x) the chance of history ω among people on the lists and
    γ = Π_{|ω| odd} π_ω/Π_{|ω| even} π_ω the odds to be on none, N is the sum of φ = 1 + γ (−1)^{|ω|+1}/π_ω over people,
    whose derivative by π is 0 on average; with two lists this is the φ above. ``pairs``: the mean of the pairs' φ, weighted by
    their overlaps, which without covariates is Σ n_a n_b/Σ m_ab.

    References
    ----------
    Das, Kennedy and Jewell (2023), Doubly robust capture-recapture methods for estimating population size, Journal of
    the American Statistical Association 119(546), 1309-1321. Chernozhukov and others (2018), The Econometrics Journal
    21(1), C1-C68 (cross-fitting). Aleshin-Guendel, Sadinle and Wakefield (2024), Biometrics 80, ujad011 (what
    identifies the number). φ of more than two lists is our own derivation, shown by simulation.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from fl_estimate import capture_recapture as cr
    >>> chance = np.random.default_rng(1)
    >>> age = chance.normal(size=4000)
    >>> on = chance.random((4000, 2)) < 1 / (1 + np.exp(-age[:, None]))
    >>> people = pd.DataFrame({"police": on[:, 0], "ngo": on[:, 1], "age": age})[on.any(axis=1)]
    >>> found = cr.doubly_robust(people, lists=("police", "ngo"), covariates=["age"], seed=1)["population_size"]
    >>> found.lower < 4000 < found.upper, len(people) < 3000
    (True, True)
    """
    require_interval(interval, ("wald", "log"), level)
    if kind not in KINDS:
        raise not_one_of("FL-EST-30", "this kind of estimate", kind, KINDS)
    if across not in ACROSS:
        raise not_one_of("FL-EST-30", "this way over more than two lists", across, ACROSS)
    _require_settings(learner, folds, margin)
    told = records if isinstance(records, CaptureHistories) else None
    if lists is None:
        lists = _own_lists(told)
    read = _read(records if told is None else told.people(), lists, list(covariates), by, folds)
    if len(lists) > 2:
        return _over_more(read, told, across, {
            "lists": list(lists), "covariates": list(covariates), "by": by, "across": across, "kind": kind, "folds": folds,
            "margin": margin, "learner": learner, "interval": interval, "seed": known_seed(seed), "level": level,
        })  # fmt: skip
    labels = list(dict.fromkeys(sorted(read.strata.tolist(), key=str))) if by is not None else []
    _require_overlap(read, labels)
    used = known_seed(seed)
    parts, learnt, clipped = _learn(read, learner, folds, margin, used)
    strata = [_part(read, learnt, parts, kind, read.strata == label) for label in labels]
    if not strata:
        everybody = _part(read, learnt, parts, kind, np.ones(len(read.on), dtype=bool))
    else:
        everybody = _StratumAnswer(
            n=sum(p.n for p in strata), both=sum(p.both for p in strata), size=sum(p.size for p in strata),
            variance=sum(p.variance for p in strata),
        )  # fmt: skip
    arguments = {
        "lists": list(lists), "covariates": list(covariates), "by": by, "kind": kind, "folds": folds, "margin": margin,
        "learner": learner if isinstance(learner, str) else type(learner).__name__, "interval": interval, "seed": used,
        "level": level,
    }  # fmt: skip
    result = _to_estimates(read, [everybody, *strata], labels, by, clipped, arguments)
    if told is None:
        return result
    frame = result.frame.assign(outcome=told.outcome)
    named = replace(result, frame=frame, population=told.population)
    return named.about(reference_period=told.reference_period)


def _own_lists(histories: CaptureHistories | None) -> tuple[str, ...]:
    if histories is None:
        raise ListsFault(
            "FL-LISTS-02", "it is not said which columns are lists", found="lists=None",
            fix='lists=["police", "ngo"]; histories of fl.load_lists know their lists',
        )  # fmt: skip
    return histories.lists


def _over_more(
    read: _Records, histories: CaptureHistories | None, across: Across, arguments: dict[str, Any]
) -> Estimates:
    """The answer of more than two lists."""
    # Who is on other lists only says nothing of an interaction of these.
    kept = read.on.any(axis=1) if across == "no-highest-interaction" else np.ones(len(read.on), dtype=bool)
    on, seed, learner = read.on[kept], int(arguments["seed"]), arguments["learner"]
    outcome = on.astype(np.int64) @ (1 << np.arange(on.shape[1]))
    folds = read.folds[kept] if read.folds is not None else _parts(outcome, int(arguments["folds"]), seed)
    about = About(sha256=read.hash) if histories is None else About(
        sha256=read.hash, outcome=histories.outcome, population=histories.population, reference_period=histories.reference_period
    )  # fmt: skip
    records = ListRecords(
        lists=tuple(arguments["lists"]), on=on, covariates=read.covariates[kept].reset_index(drop=True),
        strata=read.strata[kept], parts=folds, sha256=read.hash,
    )  # fmt: skip
    return over_lists(
        records, across, learner=learner, kind=arguments["kind"], margin=arguments["margin"], by=arguments["by"],
        interval=arguments["interval"], level=arguments["level"], seed=seed, about=about,
        arguments=arguments | {"learner": learner if isinstance(learner, str) else type(learner).__name__},
    )  # fmt: skip


def inverse_share(on: npt.NDArray[Any], learnt: Chances, parts: Positions, kind: str) -> tuple[float, float]:
    """ψ⁻¹ and Var φ: the mean over parts of the mean and of the variance in each.

    Parameters
    ----------
    on : array, shape (people, 2)
        1 where a person is on a list.
    learnt : Chances
    parts : int array, shape (people,)
    kind : {"doubly-robust", "plug-in"}
    """
    first, second = on[:, 0].astype(float), on[:, 1].astype(float)
    factor = learnt.first * learnt.second / learnt.both
    robust = factor * (first / learnt.first + second / learnt.second - first * second / learnt.both)
    inside = [parts == part for part in np.unique(parts)]
    values = factor if kind == "plug-in" else robust
    variances = [float(robust[rows].var(ddof=1)) if rows.sum() > 1 else 0.0 for rows in inside]
    return float(np.mean([values[rows].mean() for rows in inside])), float(np.mean(variances))


def _require_overlap(read: _Records, labels: list[Any]) -> None:
    """Refuse strata, or the whole, in which nobody is on both lists."""
    for label in labels or [None]:
        rows = read.strata == label if label is not None else np.ones(len(read.on), dtype=bool)
        if not read.on[rows].all(axis=1).any():
            raise EstimateFault(
                "FL-EST-151",
                "nobody is on both lists, so nothing says how much they miss together",
                found="all people" if label is None else f"stratum {labels_shown([label])}: {rows.sum():,.0f} people",
                fix="join this stratum with another, or take lists that overlap",
            )


def _part(read: _Records, learnt: Chances, parts: Positions, kind: str, rows: npt.NDArray[np.bool_]) -> _StratumAnswer:
    on, n = read.on[rows], float(rows.sum())
    both = int(on.all(axis=1).sum())
    here = Chances(first=learnt.first[rows], second=learnt.second[rows], both=learnt.both[rows])
    inverse, variance = inverse_share(on, here, parts[rows], kind)
    # A share above 1 is none: everybody has then been observed.
    inverse = max(inverse, 1.0)
    return _StratumAnswer(n=n, both=both, size=n * inverse, variance=n * (variance + inverse * (inverse - 1)))


def _learn(
    read: _Records, learner: Any, folds: int | str, margin: float, seed: int
) -> tuple[Positions, Chances, dict[str, Any]]:
    """Parts, chances of everybody from learners that did not see them, and how many were moved to the margin."""
    people = len(read.on)
    outcome = read.on[:, 0] + 2 * read.on[:, 1]
    if not read.covariates.shape[1]:
        # Nothing to learn: the shares themselves, the same for all, in one part.
        parts = np.zeros(people, dtype=np.intp)
        shares, converged = np.tile(np.bincount(outcome, minlength=4) / people, (people, 1)), True
    else:
        parts = read.folds if read.folds is not None else _parts(outcome, int(folds), seed)
        shares, converged = chances(learner, read.covariates, outcome, parts, seed)
    both = np.maximum(shares[:, 3], margin)
    first, second = np.maximum(shares[:, 1] + shares[:, 3], both), np.maximum(shares[:, 2] + shares[:, 3], both)
    told = {
        "share_at_margin": float((shares[:, 3] < margin).mean()),
        "smallest_chance_of_both": float(shares[:, 3].min()),
        "learner_converged": converged,
    }
    return parts, Chances(first=first, second=second, both=both), told


def _parts(outcome: npt.NDArray[Any], folds: int, seed: int) -> Positions:
    """Parts of equal size, each with its share of every outcome."""
    order = np.random.default_rng(seed).permutation(len(outcome))
    order = order[np.argsort(outcome[order], kind="stable")]
    parts = np.empty(len(outcome), dtype=np.intp)
    parts[order] = np.arange(len(outcome)) % folds
    return parts


def _to_estimates(
    read: _Records,
    answers: list[_StratumAnswer],
    labels: list[Any],
    by: str | None,
    clipped: dict[str, Any],
    arguments: dict[str, Any],
) -> Estimates:
    level, interval = float(arguments["level"]), str(arguments["interval"])
    limits = [_limits(part, interval, level) for part in answers]
    rows = 2 * len(answers)
    sizes = [(part.size, part.dark) for part in answers]
    names = [None, *labels]
    columns: dict[str, Any] = {
        "term": ", ".join(arguments["lists"]),
        "margin": [("" if position == 0 else by) for position in range(len(answers)) for _ in (0, 1)],
        "value": [value for both in sizes for value in both],
        "se": [np.sqrt(part.variance) for part in answers for _ in (0, 1)],
        "lower": [v for part, ends in zip(answers, limits, strict=True) for v in (part.n + ends.lower, ends.lower)],
        "upper": [v for part, ends in zip(answers, limits, strict=True) for v in (part.n + ends.upper, ends.upper)],
        "level": level,
        "interval_kind": interval,
        "n": [part.n for part in answers for _ in (0, 1)],
    }
    # The nation is the sum of the strata; the size of a stratum and its dark figure move together.
    variances = np.array([part.variance for part in answers])
    shared = np.diag(variances)
    shared[0, :] = shared[:, 0] = variances
    sidak = level ** (1 / max(len(labels), 1))
    joint = {str(label): _limits(part, interval, sidak) for label, part in zip(labels, answers[1:], strict=True)}
    leaning, unlearnt = clipped["share_at_margin"] > CLIPPED, not clipped["learner_converged"]
    reasons = [CHANCES_AT_MARGIN.at(row) for row in range(rows) if leaning]
    reasons += [LEARNER_NOT_CONVERGED.at(row) for row in range(rows) if unlearnt]
    reasons += [
        EVERYBODY_OBSERVED.at(2 * position + row)
        for position, part in enumerate(answers)
        for row in (0, 1)
        if part.dark <= 0
    ]
    return build(
        columns,
        {} if by is None else {by: [name for name in names for _ in (0, 1)]},
        quantity=[POPULATION_SIZE, DARK_FIGURE] * len(answers),
        method=DOUBLY_ROBUST[arguments["kind"]],
        basis="lists",
        recipe=Recipe(
            assumptions=_assumptions(arguments),
            provenance=Provenance(
                call="doubly_robust", arguments=arguments, source_name="records of people", source_sha256=read.hash
            ),
        ),
        reasons=reasons,
        diagnostics={
            **clipped,
            "on_both": answers[0].both,
            "share_observed": answers[0].n / answers[0].size,
            "joint_limits": {
                k: [v.lower + p.n, v.upper + p.n] for (k, v), p in zip(joint.items(), answers[1:], strict=True)
            },
        },
        covariance=np.repeat(np.repeat(shared, 2, axis=0), 2, axis=1),
        support=Support.of([part.n for part in answers for _ in (0, 1)]),
    )


def _limits(part: _StratumAnswer, interval: str, level: float) -> Limits:
    """Limits of the dark figure."""
    if interval == "log":
        return log_limits(part.dark, part.variance, level)
    reach = normal_quantile(level) * float(np.sqrt(part.variance))
    return Limits(max(part.dark - reach, 0.0), part.dark + reach)


def _assumptions(arguments: dict[str, Any]) -> tuple[Assumption, ...]:
    given = [*arguments["covariates"], *([arguments["by"]] if arguments["by"] else [])]
    head = LISTS_INDEPENDENT_GIVEN.assume(covariates=", ".join(given)) if given else LISTS_INDEPENDENT.assume()
    return (head, CLOSED_POPULATION.assume(), PERFECT_LINKAGE.assume(), EVERYONE_CAN_BE_LISTED.assume())


def _read(records: Any, lists: Sequence[str], covariates: list[str], by: str | None, folds: int | str) -> _Records:
    named = tuple(lists)
    on = read_members(records, named)
    wrapped = nw.from_native(records).lazy()
    schema = wrapped.collect_schema()
    asked: list[str] = [*covariates, *([by] if by else []), *([folds] if isinstance(folds, str) else [])]
    wanted = list(dict.fromkeys(asked))
    absent = [name for name in wanted if name not in schema]
    if absent:
        raise missing_columns("FL-LISTS-01", absent, list(schema), ListsFault)
    table: Any = wrapped.select(*wanted).collect() if wanted else None
    columns = {name: table[name].to_list() for name in wanted}
    missing = {name: sum(v is None or v != v for v in values) for name, values in columns.items()}
    holes = [f"{name}: {count} rows" for name, count in missing.items() if count]
    if holes:
        raise EstimateFault(
            "FL-EST-150",
            "a covariate, stratum or part has no value for some people",
            found=listed(holes),
            fix='give "unknown" as a value of its own, leave the covariate out, or impute it beforehand',
        )
    frame = pd.DataFrame({name: columns[name] for name in wanted if name != folds}, index=pd.RangeIndex(len(on)))
    strata = np.array(columns[by] if by else [None] * len(on), dtype=object)
    parts = np.unique(np.array(columns[folds]), return_inverse=True)[1] if isinstance(folds, str) else None
    digest = hashlib.sha256(repr((named, wanted)).encode())
    digest.update(np.ascontiguousarray(on).tobytes() + repr(list(columns.values())).encode())
    return _Records(on=on, covariates=frame, strata=strata, folds=parts, hash=digest.hexdigest())


def _require_settings(learner: Any, folds: int | str, margin: float) -> None:
    if isinstance(learner, str) and learner not in LEARNERS:
        raise not_one_of("FL-EST-152", "this learner", learner, tuple(LEARNERS))
    count = 2 if isinstance(folds, str) else folds
    if not isinstance(learner, str) and not hasattr(learner, "predict_proba"):
        raise EstimateFault(
            "FL-EST-152", "a learner must give probabilities", found=type(learner).__name__,
            fix="a scikit-learn classifier with predict_proba",
        )  # fmt: skip
    if int(count) != count or not 2 <= count <= 20 or not 0 < margin < 0.5:
        raise EstimateFault(
            "FL-EST-152", "these settings of cross-fitting cannot be", found=f"folds={shown(folds)}, margin={shown(margin)}",
            fix="2 to 20 parts, a margin between 0 and 0.5",
        )  # fmt: skip
