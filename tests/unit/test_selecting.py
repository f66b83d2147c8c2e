"""What "auto" chooses: known orders and ranks, nothing for noise, and clear words where it cannot."""

import json
import warnings

import numpy as np
import pytest
import torch
from scipy.signal import lfilter

from lamina import ReSU
from lamina.errors import ArgumentError, DataError, UnpredictableWarning
from lamina.resu.selecting import select
from lamina.simulate import generate_ou_process
from lamina.stats import LagMoments
from lamina.stats.selection import Selection


def noise(samples, seed=0):
    return np.random.default_rng(seed).standard_normal((samples, 1))


def resonance(samples, seed=0):
    return lfilter([1.0], [1.0, -1.2, 0.7], noise(samples + 200, seed), axis=0)[200:]


class Recorded:
    """Trials, and the ways to gather them that `select` asks for; remembers what was asked."""

    def __init__(self, *trials, future_channels=None, center=True):
        self.trials, self.future_channels, self.center = trials, future_channels, center
        self.asked = []

    def gather(self, memory, horizon, gap):
        self.asked.append((memory, horizon, gap))
        moments = self._moments(memory, horizon, gap, self.trials)
        if moments.n_windows < 2:
            raise DataError("X", allowed="longer", got="short", remedy="Longer.")
        if self.future_channels is None:
            return moments.covariances(self.center)
        split = moments.channels - self.future_channels
        return moments.covariances(
            self.center, past_channels=range(split), future_channels=range(split, moments.channels)
        )

    def gather_folds(self, memory, horizon, gap, folds):
        # one trial is cut; several are dealt out whole
        pieces = np.array_split(self.trials[0], folds) if len(self.trials) == 1 else self.trials
        return [self._moments(memory, horizon, gap, pieces[fold::folds]) for fold in range(folds)]

    def select(self, memory=None, horizon=None, rank=None, **more):
        channels = self.trials[0].shape[1] - (self.future_channels or 0)
        samples = sum(len(trial) for trial in self.trials)
        given = {"memory": memory, "horizon": horizon, "rank": rank, "n_samples": samples, **more}
        return select(
            self.gather,
            self.gather_folds,
            channels=channels,
            future_channels=self.future_channels,
            center=self.center,
            **given,
        )

    def _moments(self, memory, horizon, gap, trials):
        moments = LagMoments(memory, horizon, gap, self.trials[0].shape[1])
        for trial in trials:
            moments.update(trial).end_trial()
        return moments


@pytest.mark.parametrize("criterion", ["svc", "bic", "cv"])
def test_a_resonance_has_two_states_and_twice_its_order_of_memory(criterion):
    found = [Recorded(resonance(2000, seed)).select(criterion=criterion) for seed in range(20)]
    assert sum(each.rank == 2 for each in found) >= 16
    for each in found:
        assert each.predictable
        assert each.memory == each.horizon == 2 * each.order
        assert each.order == each.order_scores.argmin()
        assert each.rank == each.rank_scores.argmin()
        assert len(each.canonical_correlations) == each.memory == each.ranks[-1]
        assert each.n_samples == 2000


@pytest.mark.parametrize("criterion", ["svc", "bic", "cv"])
def test_on_noise_one_short_unit_is_kept_with_a_warning(criterion):
    with pytest.warns(UnpredictableWarning, match="stands out from chance .*order 0 among 0 to 30"):
        found = Recorded(noise(1000)).select(criterion=criterion)
    assert (found.memory, found.horizon, found.rank, found.order, found.predictable) == (1, 1, 1, 0, False)
    assert len(found.orders) == len(found.order_scores) == 31
    assert found.rank_scores.argmin() == 0


def test_the_warning_points_at_the_line_that_called_the_fit():
    with pytest.warns(UnpredictableWarning) as caught:
        ReSU().fit(noise(1000))
    assert caught[0].filename == __file__


def test_a_given_window_needs_no_search_of_orders():
    recorded = Recorded(resonance(2000))
    found = recorded.select(memory=6, horizon=5)
    assert recorded.asked == [(6, 5, 1)]
    assert (found.memory, found.horizon, found.rank) == (6, 5, 2)
    assert found.order is found.orders is found.order_scores is None
    with pytest.warns(UnpredictableWarning, match="svc prefers rank 0 among 0 to 5"):
        found = Recorded(noise(2000)).select(memory=6, horizon=5)
    assert (found.memory, found.horizon, found.rank, found.predictable) == (6, 5, 1, False)


def test_a_given_rank_is_kept_and_has_room():
    recorded = Recorded(resonance(2000))
    found = recorded.select(rank=1)
    assert found.rank == 1
    assert found.ranks is found.rank_scores is found.canonical_correlations is None
    assert recorded.asked == [(33, 1, 1), (found.memory, found.horizon, 1)]
    assert Recorded(resonance(2000)).select(rank=9).memory == 9
    short = Recorded(*(resonance(25, seed) for seed in range(80))).select(rank=10)
    assert (short.memory, short.horizon) == (10, 10)
    with pytest.warns(UnpredictableWarning):
        found = Recorded(noise(1000)).select(rank=3)
    assert (found.memory, found.horizon, found.rank, found.predictable) == (3, 3, 3, False)


def test_what_is_given_stays_beside_what_is_open():
    found = Recorded(resonance(2000)).select(memory=50)
    assert (found.memory, found.horizon) == (50, 2 * found.order)
    found = Recorded(resonance(2000)).select(horizon=1)
    assert (found.memory, found.horizon, found.rank) == (2 * found.order, 1, 1)
    with pytest.warns(UnpredictableWarning):
        found = Recorded(noise(1000)).select(memory=7)
    assert (found.memory, found.horizon, found.rank) == (7, 1, 1)


def test_a_response_is_predicted_from_as_many_lags_of_the_stimulus_as_tell_of_it():
    stimulus = noise(3000)
    kernel = np.array([0.0, 0.0, 1.0, 0.5, -0.7])
    response = lfilter(kernel, [1.0], stimulus, axis=0) + 0.5 * noise(3000, seed=1)
    found = Recorded(np.hstack([stimulus, response]), future_channels=1).select()
    # y_{t+1} = ... - 0.7 x_{t-3}
    assert 4 <= found.order <= 7
    # four lags reach into the future: the response has no other memory
    assert found.rank == 4
    with pytest.warns(UnpredictableWarning):
        found = Recorded(np.hstack([response, stimulus]), future_channels=1).select()
    assert not found.predictable


def test_the_gap_counts_for_the_rank_and_not_for_the_order_of_a_signal():
    recorded = Recorded(resonance(2000))
    recorded.select(gap=3)
    assert recorded.asked[0] == (33, 1, 1)
    assert recorded.asked[-1][-1] == 3
    # nothing is left of a moving average after its length
    echo = noise(3001)[1:] + 0.8 * noise(3001)[:-1]
    assert Recorded(echo).select().predictable
    with pytest.warns(UnpredictableWarning, match="rank 0"):
        found = Recorded(echo).select(gap=9)
    assert (found.memory, found.horizon, found.rank) == (1, 1, 1)
    assert found.order > 0


def test_the_number_of_channels_counts():
    y = np.hstack([resonance(3000, seed) for seed in range(3)])
    found = Recorded(y).select()
    assert found.rank == 6
    with pytest.warns(UnpredictableWarning):
        assert Recorded(np.random.default_rng(0).standard_normal((3000, 5))).select().rank == 1


@pytest.mark.parametrize("criterion", ["svc", "bic", "cv"])
def test_tensors_give_the_same_choice_in_numpy(criterion):
    y = generate_ou_process(3000, seed=1)
    ours = ReSU(criterion=criterion).fit(y).selection_
    theirs = ReSU(criterion=criterion).fit(torch.from_numpy(y)).selection_
    for name in ("order_scores", "rank_scores", "canonical_correlations"):
        assert type(getattr(theirs, name)) is np.ndarray
        np.testing.assert_allclose(getattr(theirs, name), getattr(ours, name), atol=1e-12)


def test_scale_and_offset_do_not_change_the_choice():
    y = generate_ou_process(5000, seed=3)[:, None]
    for criterion in ("svc", "bic", "cv"):
        plain = Recorded(y).select(criterion=criterion)
        other = Recorded(1e-8 * y + 1.0).select(criterion=criterion)
        assert (other.memory, other.rank) == (plain.memory, plain.rank)
        np.testing.assert_allclose(other.rank_scores, plain.rank_scores, atol=1e-6)


def test_trials_shorter_than_the_longest_order_are_searched_as_far_as_they_reach():
    trials = [resonance(25, seed) for seed in range(80)]
    recorded = Recorded(*trials)
    found = recorded.select()
    # 10 log10 2000 = 33 lags do not fit into 25 samples; 16 do
    assert recorded.asked[:2] == [(33, 1, 1), (16, 1, 1)]
    assert found.orders[-1] == 16
    assert found.rank == 2
    # windows of 25 samples would leave one of each trial
    window = found.memory + found.horizon
    assert 80 * (26 - window) >= 500
    # as many samples as one recording with that many windows has
    assert found.n_samples == 80 * (26 - window) + window - 1
    long = [lfilter([1.0], [1.0] + [0.0] * 9 + [-0.9], noise(33, seed), axis=0) for seed in range(100)]
    found = Recorded(*long).select(rank=1)
    assert found.order >= 10
    found = Recorded(*long).select()
    assert found.memory + found.horizon <= 33
    assert "allows no more" in str(found)


def test_memory_stays_within_a_tenth_of_a_short_recording():
    for criterion, most in (("svc", 10), ("cv", 5)):
        found = Recorded(lfilter([1.0], [1.0] + [0.0] * 7 + [-0.9], noise(120), axis=0)).select(
            criterion=criterion
        )
        assert found.order >= 8
        assert found.memory == found.horizon == most


@pytest.mark.parametrize("samples", [1, 2, 4, 8])
def test_what_is_too_short_to_choose_is_refused(samples):
    y = np.random.default_rng(0).standard_normal((samples, 3))
    with pytest.raises(DataError, match=r"choose memory and horizon \('auto'\): 8 windows of 2 samples"):
        Recorded(y).select()


def test_a_window_as_long_as_the_recording_has_no_rank_to_choose():
    with pytest.raises(DataError, match=r"choose rank \('auto'\): 42 windows of 40 samples"):
        Recorded(noise(60)).select(memory=20, horizon=20)
    with pytest.raises(DataError, match="for criterion 'cv': two windows of 60 samples"):
        Recorded(noise(200)).select(memory=30, horizon=30, criterion="cv")


def test_a_constant_is_refused():
    with pytest.raises(DataError, match="data that vary"):
        Recorded(np.ones((500, 1))).select()


def test_an_unknown_criterion_is_refused_with_the_nearest_one():
    with pytest.raises(ArgumentError, match="Did you mean 'bic'"):
        Recorded(noise(100)).select(criterion="bicc")


def test_forgetting_leaves_fewer_samples_to_count_on():
    with pytest.warns(UnpredictableWarning):
        assert Recorded(noise(3000)).select(half_life=100.0).n_samples == 289


def test_a_choice_is_readable_and_ready_for_json():
    found = Recorded(resonance(2000)).select()
    said = str(found)
    assert f"memory {found.memory}, horizon {found.horizon}: twice the order {found.order}" in said
    assert "rank 2: the singular value criterion is least there among 0 to" in said
    runner_up = int(np.argsort(found.rank_scores)[1])
    assert f"(next: rank {runner_up}," in said
    again = json.loads(json.dumps(found.to_dict()))
    assert again["rank_scores"] == found.rank_scores.tolist()
    assert set(again) == set(Selection.__dataclass_fields__)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UnpredictableWarning)
        assert "unpredictable" in str(Recorded(noise(1000)).select())
