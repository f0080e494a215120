"""How large a user study must be, before it is made."""

from inpaint_bench.study import power as planning

PAIRS = 40  # of a study, where no other number is given


def study_power(
    difference: float = 0.55,
    *,
    pairs: int = PAIRS,
    methods: int = 2,
    power: float = 0.8,
    alpha: float = 0.05,
    design_effect: float = planning.DESIGN_EFFECT,
    votes_per_rater: int | None = None,
) -> planning.Needed:
    """How many votes and raters find one method better than another that gets `difference` of their votes.

    See `needed` for the formula. Raises InputError for a number outside its range.

    >>> import inpaint_bench as ib
    >>> ib.study_power(0.55, pairs=40, methods=2, design_effect=1).votes
    783
    """
    numbers = (float(power), float(alpha), float(design_effect))
    return planning.needed(float(difference), pairs, methods, *numbers, votes_per_rater)
