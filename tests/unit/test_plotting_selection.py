"""The plot of a choice shows every candidate's score, rings the one taken, and says when that is none."""

from dataclasses import replace

import numpy as np
import pytest
from matplotlib.figure import Figure
from sklearn.exceptions import NotFittedError

from lamina import ReSU
from lamina.errors import ArgumentError, ArgumentTypeError, DataError
from lamina.plotting.selection import plot_selection
from lamina.stats.selection import Selection
from lamina.stats.selection_ranks import score_ranks_svc

SIGMA = np.array([0.8, 0.5, 0.1, 0.05])


def choice(criterion="svc", scores=None, order_scores=(0.0, -0.4, -0.6, -0.59), **more):
    scores = score_ranks_svc(SIGMA, 1000) if scores is None else np.asarray(scores)
    fields = {
        "criterion": criterion,
        "memory": 4,
        "horizon": 4,
        "rank": max(1, int(scores.argmin())),
        "predictable": bool(scores.argmin()),
        "order": int(np.argmin(order_scores)),
        "orders": np.arange(len(order_scores)),
        "order_scores": np.array(order_scores),
        "ranks": np.arange(len(scores)),
        "rank_scores": scores,
        "canonical_correlations": SIGMA,
        "n_samples": 1000,
    }
    return Selection(**(fields | more))


def labels(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def test_the_singular_value_criterion_stands_with_its_two_terms_and_a_ring_around_the_rank():
    ax = plot_selection(choice())
    score, ring, left_out, price = ax.lines
    np.testing.assert_allclose(score.get_ydata(), score_ranks_svc(SIGMA, 1000))
    assert score.get_xdata().tolist() == [0, 1, 2, 3, 4]
    assert (ring.get_xdata().tolist(), ring.get_ydata()[0]) == ([2], score.get_ydata()[2])
    np.testing.assert_allclose(left_out.get_ydata(), SIGMA**2)
    step = 2 * np.log(1000) / 1000
    np.testing.assert_allclose(price.get_ydata(), step * np.arange(1, 5))
    assert price.get_xdata().tolist() == [1, 2, 3, 4]
    assert labels(ax) == ["score", "chosen: rank 2", "strongest σ² left out", "price of the rank"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("Rank", "Singular value criterion")
    low, high = ax.get_ylim()
    assert low < score.get_ydata().min() < score.get_ydata().max() < high


@pytest.mark.parametrize(
    ("criterion", "label"),
    [("bic", "BIC per sample above its least"), ("cv", "Held-out loss above its least (nats)")],
)
def test_other_criteria_are_drawn_above_their_least(criterion, label):
    ax = plot_selection(choice(criterion, [0.0, -0.3, -0.5, -0.45, -0.2]))
    score, ring = ax.lines
    np.testing.assert_allclose(score.get_ydata(), [0.5, 0.2, 0.0, 0.05, 0.3])
    assert ring.get_xdata().tolist() == [2]
    assert ax.get_ylabel() == label
    assert ax.get_yscale() == "symlog"
    assert ax.get_ylim()[1] > 0.5


def test_orders_are_drawn_above_the_least_aic():
    ax = plot_selection(choice(), what="order")
    score, ring = ax.lines
    np.testing.assert_allclose(score.get_ydata(), [0.6, 0.2, 0.0, 0.01])
    assert ring.get_xdata().tolist() == [2]
    assert labels(ax) == ["score", "chosen: order 2"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("Autoregressive order", "AIC per sample above its least")


def test_the_unpredictable_is_said_to_be():
    noise = choice(scores=[0.001, 0.014], order_scores=(0.0, 0.001), canonical_correlations=SIGMA[-1:])
    assert "chosen: rank 0, unpredictable" in labels(plot_selection(noise))
    assert "chosen: order 0, unpredictable" in labels(plot_selection(noise, what="order"))


def test_it_draws_on_the_axes_it_is_given():
    ax = Figure().subplots()
    assert plot_selection(choice(), ax) is ax


def test_what_was_given_was_not_chosen():
    with pytest.raises(DataError, match="whose rank was chosen"):
        plot_selection(choice(ranks=None, rank_scores=None, canonical_correlations=None))
    given = replace(choice(), order=None, orders=None, order_scores=None)
    with pytest.raises(DataError, match="whose memory or horizon was chosen"):
        plot_selection(given, what="order")
    unit = ReSU(memory=2, horizon=2, rank=1)
    with pytest.raises(NotFittedError):
        plot_selection(unit)
    unit.fit(np.random.default_rng(0).standard_normal(100))
    with pytest.raises(DataError, match="a unit that chose something"):
        plot_selection(unit)


def test_a_unit_brings_its_choice():
    unit = ReSU(memory=2, horizon=2, rank=1).fit(np.random.default_rng(0).standard_normal(100))
    unit.selection_ = choice()
    assert plot_selection(unit).lines[1].get_xdata().tolist() == [2]


def test_anything_else_is_refused():
    with pytest.raises(ArgumentTypeError, match="a Selection or a fitted ReSU, got list"):
        plot_selection([1.0, 2.0])
    with pytest.raises(ArgumentError, match="what must be one of 'rank', 'order'"):
        plot_selection(choice(), what="memory")
