"""What was chosen for the user, among what, and with which scores."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np

# what the criteria are called where a person reads them
_NAMES = {
    "svc": "the singular value criterion",
    "bic": "BIC of the nearest forecast",
    "cv": "the cross-validated loss",
}


@dataclass(frozen=True, eq=False)
class Selection:
    """The memory, horizon and rank that were chosen, and every candidate with its score.

    In every list of scores the least wins.

    Parameters
    ----------
    criterion
        "svc", "bic" or "cv": how the rank was chosen.
    memory, horizon
        Samples of past and future that are used, at least 1.
    rank
        Number of units to fit, at least 1.
    predictable
        False where the order or the rank that won is 0: nothing in the past stands out from chance.
    order
        The autoregressive order that AIC prefers; None where memory and horizon were given.
    orders, order_scores
        Orders 0, 1, … that were compared, and their AIC per sample less that of order 0; None as ``order``.
    ranks, rank_scores
        Ranks 0, 1, … that were compared, and their scores; None where the rank was given.
    canonical_correlations
        All σ at the memory and horizon that were searched, descending; None where the rank was given.
    n_samples
        Samples that the scores count on.

    Notes
    -----
    `lamina.stats.score_orders` and its neighbours have the equations.

    Examples
    --------
    >>> chosen = Selection(
    ...     criterion="svc", memory=2, horizon=2, rank=1, predictable=True, order=1, orders=np.arange(3),
    ...     order_scores=np.array([0.0, -0.5, -0.49]), ranks=np.arange(3),
    ...     rank_scores=np.array([0.4, 0.03, 0.05]), canonical_correlations=np.array([0.63, 0.1]),
    ...     n_samples=500,
    ... )
    >>> print(chosen)
    memory 2, horizon 2: twice the order 1, which has the least AIC among 0 to 2 (next: order 2, 0.01 more).
    rank 1: the singular value criterion is least there among 0 to 2 (next: rank 2, 0.02 more).
    """  # fmt: skip

    criterion: str
    memory: int
    horizon: int
    rank: int
    predictable: bool
    order: int | None
    orders: np.ndarray | None
    order_scores: np.ndarray | None
    ranks: np.ndarray | None
    rank_scores: np.ndarray | None
    canonical_correlations: np.ndarray | None
    n_samples: int

    def __str__(self) -> str:
        lines = [self._why_window(), self._why_rank()]
        if not self.predictable:
            lines.append("unpredictable: nothing that the past says about the future stands out from chance.")
        return "\n".join(lines)

    def to_dict(self) -> dict[str, Any]:
        """Return all fields as numbers, text and lists, ready for JSON.

        Returns
        -------
        dict

        Examples
        --------
        >>> given = Selection("svc", 3, 3, 1, True, None, None, None, None, None, None, 100)
        >>> given.to_dict()["memory"], given.to_dict()["orders"]
        (3, None)
        """
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {
            name: value.tolist() if isinstance(value, np.ndarray) else value for name, value in values.items()
        }

    def _why_window(self) -> str:
        said = f"memory {self.memory}, horizon {self.horizon}"
        if self.order is None or self.orders is None or self.order_scores is None:
            return f"{said}: as given."
        twice, among = 2 * self.order, f"the least AIC among 0 to {self.orders[-1]}"
        next_best = _runner_up("order", self.orders, self.order_scores, self.order)
        if not self.predictable:
            return f"{said}: as short as can be; order {self.order} has {among}{next_best}."
        if self.memory != twice == self.horizon:
            said = f"memory {self.memory} as given, horizon {self.horizon}"
        if self.horizon != twice == self.memory:
            said = f"horizon {self.horizon} as given, memory {self.memory}"
        if twice in (self.memory, self.horizon):
            return f"{said}: twice the order {self.order}, which has {among}{next_best}."
        return (
            f"{said}: twice would be {twice}, for the order {self.order}, which has {among}{next_best}, "
            "but the recording, or what was given, allows no more."
        )

    def _why_rank(self) -> str:
        if self.ranks is None or self.rank_scores is None:
            return f"rank {self.rank}: as given."
        name, best = _NAMES[self.criterion], int(self.ranks[np.argmin(self.rank_scores)])
        among = f"{self.ranks[0]} to {self.ranks[-1]}{_runner_up('rank', self.ranks, self.rank_scores, best)}"
        where = "there" if best == self.rank else f"at rank {best}"
        return f"rank {self.rank}: {name} is least {where} among {among}."


def _runner_up(what: str, candidates: np.ndarray, scores: np.ndarray, best: int) -> str:
    others = candidates != best
    if not others.any():
        return ""
    second = int(np.argmin(np.where(others, scores, np.inf)))
    behind = float(scores[second] - scores[candidates == best][0])
    return f" (next: {what} {candidates[second]}, {behind:.2g} more)"
