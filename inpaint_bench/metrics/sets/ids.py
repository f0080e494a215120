"""Inception discriminative scores: how well a linear classifier tells composites from their targets.

A linear support vector machine (squared hinge, C = 1, intercept as one more feature) is trained on the features as
they are. With fewer pictures than features it separates what it was trained on, whatever that is: in-sample scores
are 0 there. The cross-validated ones ask about pictures it has not seen; a pair's two pictures are always in one
fold, or it would recognise the target of a composite it knows.

At 12,000 pairs and 2,048 features a training takes about 15 s on one core and 1.8 GB, ten folds ten times as long.
"""

import math
import threading
import warnings
from collections.abc import Callable, Hashable
from typing import TypeAlias

import numpy as np
from jaxtyping import Bool, Float64, Int64

from inpaint_bench import files
from inpaint_bench.metrics.sets.rows import OfRows, Rows, check_pairs

FOLDS = 10
STRETCH = math.sqrt(1 + FOLDS / (FOLDS - 1))
REMEMBERED = 200  # judgements of sets that are kept: 16 bytes a pair each
Score: TypeAlias = Callable[[Rows, Rows], float]
PerPair = Float64[np.ndarray, "pairs"]
Folds = Int64[np.ndarray, "pairs"]
Which = Bool[np.ndarray, "all"]
Judged: TypeAlias = tuple[PerPair, PerPair]  # how real each composite looks, and each target

_memory: dict[Hashable, Judged] = {}
_one_at_a_time = threading.Lock()  # filters of warnings belong to the process


def uids(x: Rows, y: Rows) -> float:
    """U-IDS, cross-validated: share of unseen pictures that a linear classifier takes for the other kind.

    Range 0 to 1; higher is better, 0.5 where composites cannot be told from their targets. Ten folds of pairs, fixed by
    the row number; the classifier of nine judges the tenth; a picture exactly on its plane counts half. Below about
    1,000 pairs it is noisy: at 0.5 its standard deviation is about 0.5 / sqrt(2 n).
    After Zhao et al., "Large Scale Image Completion via Co-Modulated GANs", ICLR 2021, section 4, who decide
    in-sample (`uids_insample`). Raises InputError for fewer than 2 pairs, unlike widths or numbers of rows, and
    values that are not finite.
    """
    return float(_unpaired(*_unseen(x, y)).mean())


def pids(x: Rows, y: Rows) -> float:
    """P-IDS, cross-validated: share of unseen pairs whose composite looks more real than its target.

    Range 0 to 1; higher is better, 0.5 where composites cannot be told from their targets. Folds, ties, source and
    errors as of `uids`: of each unseen pair the two distances from the classifier's plane are compared, equal ones
    count half.
    """
    return float(_paired(*_unseen(x, y)).mean())


def uids_insample(x: Rows, y: Rows) -> float:
    """U-IDS as published: share of pictures that a linear classifier takes for the other kind, trained on them all.

    Range 0 to 1; higher is better. It falls with the number of pictures and is 0 where there are fewer than
    features, whatever they show; compare equal n only. A picture exactly on the plane counts half.
    Zhao et al., "Large Scale Image Completion via Co-Modulated GANs", ICLR 2021, section 4. Raises as `uids`.
    """
    return float(_unpaired(*_seen(x, y)).mean())


def pids_insample(x: Rows, y: Rows) -> float:
    """P-IDS as published: share of pairs whose composite looks more real than its target, to a classifier of them all.

    Range 0 to 1; higher is better. As `uids_insample` it is 0 where there are fewer pictures than features.
    Zhao et al., ICLR 2021, section 4. Raises as `uids`.
    """
    return float(_paired(*_seen(x, y)).mean())


def fold_of(pairs: int) -> Folds:
    """The fold of each row: rows in the order of a hash of their number are dealt out, so that folds are equal."""
    order = sorted(range(pairs), key=lambda row: files.sha256(f"inpaint-bench folds 1:{row}".encode()))
    folds = np.empty(pairs, np.int64)
    folds[order] = np.arange(pairs) % min(FOLDS, pairs)
    return folds


def ids_of_subsets(function: Score) -> Callable[[Rows, Rows], OfRows]:
    """How to compute one of the four scores of a subset of pairs from the decisions of classifiers of all pairs.

    To train again for every subset would take hours. So that a subset's score moves as far as it would then, its
    distance from the score of all pairs is stretched as Nadeau and Bengio have it ("Inference for the Generalization
    Error", Machine Learning 52, 2003): by the root of 1 + folds / (folds - 1). Without that, nine equal methods were
    significantly different by P-IDS in 7 of 200 simulations at level 1%; with it, in none.
    """
    decide, count = _HOW[function]

    def prepare(x: Rows, y: Rows) -> OfRows:
        outcomes = count(*decide(x, y))
        whole = float(outcomes.mean())
        return lambda rows: whole + STRETCH * (float(outcomes[rows].mean()) - whole)

    return prepare


# --- outcomes of pairs ----------------------------------------------------------------------------


def _unpaired(composites: PerPair, targets: PerPair) -> PerPair:
    """The share of each pair's two pictures that is taken for the other kind."""
    shares: PerPair = (_half(composites) + _half(-targets)) / 2
    return shares


def _paired(composites: PerPair, targets: PerPair) -> PerPair:
    """1 where the composite of a pair looks more real than its target, and a half where it looks as real."""
    return _half(composites - targets)


def _half(above: PerPair) -> PerPair:
    """1 where a number is above 0, a half where it is 0, and 0 where it is below."""
    halves: PerPair = np.heaviside(above, 0.5)
    return halves


# --- judgements -----------------------------------------------------------------------------------


def _seen(x: Rows, y: Rows) -> Judged:
    """How real each picture looks to a classifier trained on all of them."""
    check_pairs(x, y)
    everyone = np.ones(len(x), bool)
    return _remembered("seen", x, y, lambda: _judged(x, y, everyone, everyone))


def _unseen(x: Rows, y: Rows) -> Judged:
    """How real each picture looks to a classifier trained on the other folds."""
    check_pairs(x, y)
    return _remembered("unseen", x, y, lambda: _judged_by_folds(x, y))


def _remembered(how: str, x: Rows, y: Rows, decide: Callable[[], Judged]) -> Judged:
    """What was decided of the same values before: two scores and their intervals share one training."""
    key = (how, *(files.sha256(np.ascontiguousarray(rows).tobytes()) for rows in (x, y)), x.shape, x.dtype, y.dtype)
    if key not in _memory:
        if len(_memory) >= REMEMBERED:
            _memory.clear()
        _memory[key] = decide()
    return _memory[key]


def _judged_by_folds(x: Rows, y: Rows) -> Judged:
    folds = fold_of(len(x))
    composites, targets = np.empty(len(x)), np.empty(len(x))
    for fold in range(int(folds.max()) + 1):
        requested = folds == fold
        composites[requested], targets[requested] = _judged(x, y, ~requested, requested)
    return composites, targets


def _judged(x: Rows, y: Rows, known: Which, requested: Which) -> Judged:
    """How far the requested pictures lie on the side of the targets, for a classifier trained on the known ones.

    A composite equal to its target is decided the same, to the bit: a row's judgement is a sum of its own.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.svm import LinearSVC

    rows = np.concatenate([x[known], y[known]]).astype(np.float64)
    real = np.repeat([0, 1], int(known.sum()))
    classifier = LinearSVC(dual=False)  # nothing is drawn; at most 1,000 steps, as published
    with _one_at_a_time, warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        classifier.fit(rows, real)
    weights, offset = classifier.coef_[0], float(classifier.intercept_[0])
    composites, targets = (
        np.einsum("ij,j->i", kind[requested].astype(np.float64), weights) + offset for kind in (x, y)
    )
    return composites, targets


_HOW: dict[Score, tuple[Callable[[Rows, Rows], Judged], Callable[[PerPair, PerPair], PerPair]]] = {
    uids: (_unseen, _unpaired),
    pids: (_unseen, _paired),
    uids_insample: (_seen, _unpaired),
    pids_insample: (_seen, _paired),
}
