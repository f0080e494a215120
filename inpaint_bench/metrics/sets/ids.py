"""Inception discriminative scores (IDS): how well a linear classifier separates composites from their targets.

A linear support vector machine (squared hinge loss, C = 1, the intercept as one more feature) is trained on the
features without scaling. With fewer images than features it separates any training set, and in-sample scores are 0.
Cross-validated scores are computed on images that it was not trained on. Both images of a pair are always in one fold:
otherwise the classifier would recognise the target of a composite that it was trained on.

With 12,000 pairs and 2,048 features, training takes about 15 s on one core and 1.8 GB; ten folds take ten times as
long.
"""

import math
import threading
import warnings
from collections.abc import Callable, Hashable
from typing import TypeAlias

import numpy as np
from jaxtyping import Bool, Float64, Int64

from inpaint_bench import files
from inpaint_bench.metrics.sets.rows import OfSubset, Rows, SetFunction, check_pairs

FOLDS = 10
STRETCH = math.sqrt(1 + FOLDS / (FOLDS - 1))
REMEMBERED = 200  # sets whose decisions are cached: 16 bytes per pair each
PerPair = Float64[np.ndarray, "pairs"]
Folds = Int64[np.ndarray, "pairs"]
Which = Bool[np.ndarray, "all"]
Decisions: TypeAlias = tuple[PerPair, PerPair]  # signed distances of composites and targets from the plane

_memory: dict[Hashable, Decisions] = {}
_one_at_a_time = threading.Lock()  # warning filters belong to the process


def uids(x: Rows, y: Rows) -> float:
    """U-IDS, cross-validated: the share of held-out images that a linear classifier assigns to the wrong class.

    The classes are composites x and targets y, both (n, width), paired by row. Ten folds of pairs, fixed by the row
    index; a classifier of nine folds decides the tenth. An image exactly on the plane counts half. Below about 1,000
    pairs the score is noisy: where it is 0.5, its standard deviation is about 0.5 / sqrt(2 n).

    Range: 0 to 1; higher is better, 0.5 where composites cannot be distinguished from targets.
    Source: after Zhao et al., "Large Scale Image Completion via Co-Modulated GANs", ICLR 2021, section 4, who decide
    in-sample (`uids_insample`).
    Raises InputError for fewer than 2 pairs, different widths or numbers of rows, and values that are not finite.
    """
    return float(_unpaired(*_unseen(x, y)).mean())


def pids(x: Rows, y: Rows) -> float:
    """P-IDS, cross-validated: the share of held-out pairs whose composite looks more real than its target.

    A composite looks more real where its signed distance from the classifier's plane is the larger one; equal
    distances count half. Folds and classifier are those of `uids`.

    Range: 0 to 1; higher is better, 0.5 where composites cannot be distinguished from targets.
    Source: after Zhao et al., ICLR 2021, section 4, who decide in-sample (`pids_insample`).
    Raises InputError as `uids` does.
    """
    return float(_paired(*_unseen(x, y)).mean())


def uids_insample(x: Rows, y: Rows) -> float:
    """U-IDS as published: the share of images assigned to the wrong class by a linear classifier trained on all.

    It falls with the number of images, and is 0 with fewer images than features, whatever they show: compare equal n
    only. An image exactly on the plane counts half.

    Range: 0 to 1; higher is better.
    Source: Zhao et al., "Large Scale Image Completion via Co-Modulated GANs", ICLR 2021, section 4.
    Raises InputError as `uids` does.
    """
    return float(_unpaired(*_seen(x, y)).mean())


def pids_insample(x: Rows, y: Rows) -> float:
    """P-IDS as published: the share of pairs whose composite looks more real than its target, trained on all pairs.

    As `uids_insample`, it is 0 with fewer images than features.

    Range: 0 to 1; higher is better.
    Source: Zhao et al., ICLR 2021, section 4.
    Raises InputError as `uids` does.
    """
    return float(_paired(*_seen(x, y)).mean())


def fold_of(pairs: int) -> Folds:
    """The fold of each pair, int64 (pairs,): rows in the order of a hash of their index, dealt out to ten folds."""
    order = sorted(range(pairs), key=lambda row: files.sha256(f"inpaint-bench folds 1:{row}".encode()))
    folds = np.empty(pairs, np.int64)
    folds[order] = np.arange(pairs) % min(FOLDS, pairs)
    return folds


def ids_of_subsets(function: SetFunction) -> Callable[[Rows, Rows], OfSubset]:
    """Return the function that prepares one of the four scores for subsets of pairs.

    Training again for every subset would take hours, so subsets reuse the decisions of the classifiers of all pairs.
    To give subsets the variance that training again would give them, the distance of a subset's score from the score
    of all pairs is multiplied by the square root of 1 + folds / (folds - 1) (Nadeau and Bengio, "Inference for the
    Generalization Error", Machine Learning 52, 2003). Without that, nine equal methods came out as significantly
    different by P-IDS in 7 of 200 simulations at level 1%; with it, in none.
    """
    decide, count = _HOW[function]

    def prepare(x: Rows, y: Rows) -> OfSubset:
        outcomes = count(*decide(x, y))
        whole = float(outcomes.mean())
        return lambda rows: whole + STRETCH * (float(outcomes[rows].mean()) - whole)

    return prepare


# --- outcomes of pairs ----------------------------------------------------------------------------


def _unpaired(composites: PerPair, targets: PerPair) -> PerPair:
    """For each pair, the share of its two images that is assigned to the wrong class."""
    shares: PerPair = (_half(composites) + _half(-targets)) / 2
    return shares


def _paired(composites: PerPair, targets: PerPair) -> PerPair:
    """For each pair, 1 where the composite looks more real than its target, and 1/2 where it looks equally real."""
    return _half(composites - targets)


def _half(above: PerPair) -> PerPair:
    """1 where a value is positive, 1/2 where it is 0, and 0 where it is negative."""
    halves: PerPair = np.heaviside(above, 0.5)
    return halves


# --- decisions ------------------------------------------------------------------------------------


def _seen(x: Rows, y: Rows) -> Decisions:
    """Decisions of a classifier trained on all pairs."""
    check_pairs(x, y)
    every = np.ones(len(x), bool)
    return _remembered("seen", x, y, lambda: _decided(x, y, every, every))


def _unseen(x: Rows, y: Rows) -> Decisions:
    """Decisions of classifiers trained on the other folds."""
    check_pairs(x, y)
    return _remembered("unseen", x, y, lambda: _decided_by_folds(x, y))


def _remembered(how: str, x: Rows, y: Rows, decide: Callable[[], Decisions]) -> Decisions:
    """Cached decisions of the same features: two scores and their intervals share one training."""
    key = (how, *(files.sha256(np.ascontiguousarray(rows).tobytes()) for rows in (x, y)), x.shape, x.dtype, y.dtype)
    if key not in _memory:
        if len(_memory) >= REMEMBERED:
            _memory.clear()
        _memory[key] = decide()
    return _memory[key]


def _decided_by_folds(x: Rows, y: Rows) -> Decisions:
    folds = fold_of(len(x))
    composites, targets = np.empty(len(x)), np.empty(len(x))
    for fold in range(int(folds.max()) + 1):
        held_out = folds == fold
        composites[held_out], targets[held_out] = _decided(x, y, ~held_out, held_out)
    return composites, targets


def _decided(x: Rows, y: Rows, training: Which, held_out: Which) -> Decisions:
    """Signed distances of held-out images from the plane of a classifier, positive on the side of the targets.

    A composite equal to its target gets the same distance to the bit: each row is summed by itself.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.svm import LinearSVC

    rows = np.concatenate([x[training], y[training]]).astype(np.float64)
    real = np.repeat([0, 1], int(training.sum()))
    classifier = LinearSVC(dual=False)  # deterministic; at most 1,000 steps, as published
    with _one_at_a_time, warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        classifier.fit(rows, real)
    weights, offset = classifier.coef_[0], float(classifier.intercept_[0])
    composites, targets = (np.einsum("ij,j->i", kind[held_out].astype(np.float64), weights) + offset for kind in (x, y))
    return composites, targets


_HOW: dict[SetFunction, tuple[Callable[[Rows, Rows], Decisions], Callable[[PerPair, PerPair], PerPair]]] = {
    uids: (_unseen, _unpaired),
    pids: (_unseen, _paired),
    uids_insample: (_seen, _unpaired),
    pids_insample: (_seen, _paired),
}
