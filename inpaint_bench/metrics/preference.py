"""Bradley-Terry strengths of methods from votes: which of two composites of a pair people preferred."""

import numpy as np
from jaxtyping import Float64

Wins = Float64[np.ndarray, "tables methods methods"]  # [:, i, j]: how often i was preferred over j; may be weighted
Strengths = Float64[np.ndarray, "tables methods"]  # log odds; those of a table sum to 0
Start = Float64[np.ndarray, "methods"]

STEPS, NEAR = 200, 1e-10


def preference(wins: Wins) -> Strengths:
    """The chance that people prefer a method's composite over that of another one, in (0, 1); higher is better.

    Votes are two-alternative forced choices between the composites of two methods for one pair. With the strengths s of
    Bradley and Terry (Biometrika 39, 1952), method i is preferred over j with the chance 1 / (1 + exp(s_j - s_i)); the
    value of a method is the mean of its chances against each other method of the study. One half is what a method has
    that is as good as the others; the value depends on which these are, and the signature names them.

    The strengths have the largest likelihood with Jeffreys' penalty (Firth, Biometrika 80, 1993), which keeps them
    finite where a method won, or lost, every comparison. `inpaint-bench study` asks people and reads their answers.
    """
    return preferences(strengths(wins))


def preferences(s: Strengths) -> Strengths:
    """For each method the mean of its chances against the others."""
    return np.asarray((chances(s).sum(axis=2) - 0.5) / (s.shape[1] - 1))


def chances(s: Strengths) -> Wins:
    """The chance of each method to be preferred over each other one; one half on the diagonal."""
    return np.asarray(1 / (1 + np.exp(np.clip(s[:, None, :] - s[:, :, None], -500, 500))))


def strengths(wins: Wins, start: Start | None = None, near: float = NEAR) -> Strengths:
    """The strengths for each table of wins, by Fisher scoring until no step is above `near`.

    Comparisons must connect every two methods.
    """
    s = np.zeros(wins.shape[:2]) if start is None else np.tile(start, (len(wins), 1))
    left = np.arange(len(wins))
    for _ in range(STEPS):
        step = _step(wins[left], s[left])
        s[left] += step
        left = left[np.abs(step).max(axis=1) > near]
        if not len(left):
            break
    return s


def _step(wins: Wins, s: Strengths) -> Strengths:
    """How far each strength moves: the score with Jeffreys' penalty, by the inverse of the information."""
    m, n, p = wins.shape[1], wins + wins.transpose(0, 2, 1), chances(s)
    information, diagonal = n * p * (1 - p), np.arange(m)
    laplacian = -information
    laplacian[:, diagonal, diagonal] += information.sum(axis=2)
    scale = laplacian[:, diagonal, diagonal].mean(axis=1)[:, None, None]
    inverse = np.linalg.inv(laplacian + scale / m)  # of vectors that sum to 0 it is the Laplacian's
    own = inverse[:, diagonal, diagonal]
    leverage = information * (own[:, :, None] + own[:, None, :] - 2 * inverse)
    score = (wins + leverage / 2 - (n + leverage) * p).sum(axis=2)
    step = np.clip(np.einsum("bij,bj->bi", inverse, score), -2, 2)
    return np.asarray(step - step.mean(axis=1, keepdims=True))
